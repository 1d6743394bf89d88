"""Bad input: one clear error, or an outcome with its reason; never a lost record, never a cell in a message."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ombudsman_kpi import (
    KpiError,
    OptionError,
    RecordsError,
    Request,
    Scheme,
    SchemeError,
    assess,
    load_scheme,
    measure,
)
from ombudsman_kpi.records.sources.source import BATCH

LGSCO = load_scheme("lgsco")
AS_OF = "2024-06-30"
TWENTY_DAYS = "decided-or-allocated-20wd"
CASE_TARGETS = [TWENTY_DAYS, "investigation-13w", "investigation-26w", "investigation-52w"]

# What a message must never hold: cells are about people.
MARKER = "Ms-Jane-Doe-AB123456C"

GOOD: dict[str, Any] = {
    "case_id": ["C1", "C2"],
    "received_at": ["2024-03-28", "2024-03-28"],
    "valid_at": ["2024-03-28", "2024-03-28"],
    "allocated_at": [None, "2024-04-05"],
    "decided_at": ["2024-04-29", None],
    "withdrawn_at": [None, None],
    "team": [MARKER, MARKER],
    "remarks": [MARKER, MARKER],
}


def cases(**changes: Any) -> pd.DataFrame:
    """Give two cases, with some columns changed; ``...`` takes one away."""
    kept = {name: values for name, values in {**GOOD, **changes}.items() if values is not ...}
    return pd.DataFrame({name: pd.Series(values) for name, values in kept.items()})


def measured(given: Any, **options: Any) -> Any:
    return measure(LGSCO, **{"cases": given, "as_of": AS_OF, **options})


@pytest.fixture
def refused() -> Callable[..., str]:
    """Give a function that measures, expects an error of one kind, and gives its message, which shows no cell."""

    def expect(kind: type[KpiError], given: Any, **options: Any) -> str:
        message = ""
        for entry in (measure, assess):
            call = {"cases": given, "as_of": AS_OF, **options}
            if entry is assess and {"by", "every", "cohort", "report"} & set(options):
                continue
            with pytest.raises(Exception) as caught:  # noqa: PT011  (its kind is looked at below)
                entry(LGSCO, **call)
            message = str(caught.value)
            assert type(caught.value) is kind, f"{type(caught.value).__name__}: {message}"
            assert MARKER not in message
            assert MARKER not in str(caught.value.__cause__)
            assert caught.value.__suppress_context__ or caught.value.__context__ is None
            assert "\n" not in message or "\n- " in message  # of several things each has its line
            assert len(message) < 1000
        return message

    return expect


def statuses(given: Any, target: str = TWENTY_DAYS, **options: Any) -> list[tuple[str, str]]:
    rows = assess(LGSCO, cases=given, as_of=AS_OF, targets=target, **options)
    assert MARKER not in " ".join(rows["reason"].astype(str))
    return list(zip(rows["status"], rows["reason"], strict=True))


def check_all_counted(given: Any, number: int, scheme: Scheme = LGSCO, **options: Any) -> None:
    """Every record has one outcome for every target, whatever the cohort, period and group."""
    for every in (None, "month"):
        for cohort in ("received", "closed", "due"):
            results = measure(scheme, cases=given, as_of=AS_OF, every=every, cohort=cohort, **options)
            for target in CASE_TARGETS:
                rows = results[target].rows
                assert sum(row.records or 0 for row in rows) == number
                for row in rows:
                    parts = (row.met, row.missed, row.pending, row.excluded, row.invalid)
                    assert row.records == sum(part or 0 for part in parts)
                    assert MARKER not in row.note
    outcomes = assess(scheme, cases=given, as_of=AS_OF, **options)
    assert outcomes["target"].value_counts()[CASE_TARGETS].tolist() == [number] * len(CASE_TARGETS)


# Columns


@pytest.mark.parametrize("name", ["received_at", "decided_at", "allocated_at"])
def test_a_missing_column_is_said_with_those_that_are_there(name: str, refused: Callable[..., str]) -> None:
    message = refused(RecordsError, cases(**{name: ...}))
    assert f"no column '{name}', which target '{TWENTY_DAYS}' needs" in message
    for present in ("case_id", "team", "remarks"):
        assert present in message
    assert "columns={'cases': {'" + name in message


def test_a_missing_column_is_said_with_the_nearest_name(refused: Callable[..., str]) -> None:
    frame = cases().rename(columns={"received_at": "recieved_at"})
    assert "Did you mean 'recieved_at'?" in refused(RecordsError, frame)


@pytest.mark.parametrize(
    "make", [pl.DataFrame, pa.table, lambda columns: pl.DataFrame(columns).lazy()], ids=["Polars", "Arrow", "lazy"]
)
def test_a_missing_column_is_said_whatever_the_library(make: Any, refused: Callable[..., str]) -> None:
    columns = {name: values for name, values in GOOD.items() if name != "received_at"}
    assert "no column 'received_at'" in refused(RecordsError, make(columns))


def test_a_missing_column_of_a_file_is_said_with_the_files_name(tmp_path: Path, refused: Callable[..., str]) -> None:
    path = tmp_path / "extract.csv"
    cases(received_at=...).to_csv(path, index=False)
    assert "cases (extract.csv) has no column 'received_at'" in refused(RecordsError, path)


def test_notes_over_several_lines_are_read_however_long_the_file(tmp_path: Path) -> None:
    frame = pd.concat([cases()] * 3000, ignore_index=True)
    frame = frame.assign(case_id=[f"C{row}" for row in frame.index], note="one line\nanother, " + "x" * 4000)
    path = tmp_path / "extract.csv"
    frame.to_csv(path, index=False)
    assert path.stat().st_size > 1 << 24
    results = measure(load_scheme("lgsco"), cases=path, as_of="2024-06-30", targets="decided-or-allocated-20wd")
    assert results.rows[0].records == len(frame)


def test_a_word_that_a_field_never_holds_is_refused_in_a_scheme() -> None:
    with pytest.raises(SchemeError, match="Did you mean 'assessment'"):
        load_scheme("lgsco").with_target("decided-or-allocated-20wd", where={"decided_in": "asessment"})


def test_a_required_kind_that_is_missing_is_invalid() -> None:
    table = pa.table(
        {"request_id": ["R1", "R2"], "kind": ["service-complaint", None], "received_at": ["2024-03-28"] * 2}
    )
    frame = table.append_column("answered_at", pa.array([None, None], pa.string()))
    results = measure(load_scheme("lgsco"), requests=frame, as_of="2024-06-30", targets="service-complaints-20wd")
    assert (results.rows[0].missed, results.rows[0].invalid) == (1, 1)
    assert results.rows[0].note == "invalid: 1 kind is missing"


def test_cases_without_ids_are_refused() -> None:
    with pytest.raises(RecordsError, match="no column 'case_id'"):
        measure(load_scheme("lgsco"), cases=cases().drop(columns="case_id"), as_of="2024-06-30")


def test_two_columns_of_one_name_are_refused(tmp_path: Path, refused: Callable[..., str]) -> None:
    frame = pd.concat([cases(), cases()[["received_at"]]], axis=1)
    table = pa.Table.from_arrays([pa.array(["C1"])] * 3, ["case_id", "received_at", "received_at"])
    path = tmp_path / "extract.csv"
    frame.to_csv(path, index=False)
    pq.write_table(table, tmp_path / "extract.parquet")
    for given in (frame, table, path, tmp_path / "extract.parquet"):
        assert "two columns called 'received_at'. Rename one" in refused(RecordsError, given)


# What a column holds


@pytest.mark.parametrize("library", ["pandas", "Polars", "Arrow"])
@pytest.mark.parametrize(
    "values",
    [
        pytest.param([45_379, 45_380], id="whole numbers"),
        pytest.param([45_379.5, 45_380.5], id="decimal numbers"),
        pytest.param([True, False], id="truth values"),
        pytest.param([timedelta(1), timedelta(2)], id="durations"),
        pytest.param([time(9), time(10)], id="times of day"),
        pytest.param([b"2024-03-28", b"2024-03-28"], id="bytes"),
        pytest.param([["2024-03-28"], ["2024-03-28"]], id="lists"),
        pytest.param([{"day": 1}, {"day": 2}], id="structures"),
    ],
)
def test_a_column_of_times_that_holds_something_else_is_refused_with_its_type(
    library: str, values: list[Any], refused: Callable[..., str]
) -> None:
    columns = {**GOOD, "received_at": values}
    make = {"pandas": pd.DataFrame, "Polars": pl.DataFrame, "Arrow": pa.table}[library]
    message = refused(RecordsError, make(columns))
    assert "received_at holds" in message
    assert "not dates" in message
    assert "pandas.to_datetime" in message


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([MARKER, 5], id="text beside a number"),
        pytest.param([date(2024, 3, 28), 5], id="a date beside a number"),
        pytest.param([date(2024, 3, 28), MARKER], id="a date beside text"),
        pytest.param([object(), object()], id="objects"),
        pytest.param(pd.period_range("2024-03", periods=2, freq="M"), id="months of pandas"),
        pytest.param([1j, 2j], id="complex numbers"),
    ],
)
def test_a_column_of_times_of_pandas_that_holds_anything_else_is_refused(
    values: Any, refused: Callable[..., str]
) -> None:
    assert "received_at" in refused(RecordsError, cases(received_at=values))


@pytest.mark.parametrize(
    "values", [[["a"], ["b"]], [{"a": 1}, {"a": 2}], [b"\xff", b"\xfe"]], ids=["lists", "structures", "bytes"]
)
@pytest.mark.parametrize("name", ["case_id", "team"])
def test_a_column_of_text_that_holds_no_text_is_refused(
    name: str, values: list[Any], refused: Callable[..., str]
) -> None:
    options = {} if name == "case_id" else {"by": "team"}
    assert f"{name} holds" in refused(RecordsError, cases(**{name: values}), **options)


# Dates in text


@pytest.mark.parametrize("text", ["03/04/2024", "3.4.24", "03-04-2024 09:30"])
@pytest.mark.parametrize("form", ["frame", "file"])
def test_a_day_and_month_that_cannot_be_told_apart_are_refused(
    text: str, form: str, tmp_path: Path, refused: Callable[..., str]
) -> None:
    frame = cases(received_at=["2024-03-28", text])
    path = tmp_path / "extract.csv"
    frame.to_csv(path, index=False)
    message = refused(RecordsError, path if form == "file" else frame)
    assert "row 1" in message
    assert "received_at" in message
    assert "the day and the month can't be told apart" in message
    assert "dates={'cases': '%d/%m/%Y'}" in message
    assert text not in message


@pytest.mark.parametrize("text", [MARKER, f"2024-03-28 {MARKER}", "28 March 2024", "2024-3-28", MARKER * 500])
def test_text_that_is_no_date_is_refused_with_its_row_and_field(text: str, refused: Callable[..., str]) -> None:
    message = refused(RecordsError, cases(decided_at=["2024-04-29", text]))
    assert "row 1" in message
    assert "decided_at" in message
    assert "ISO 8601" in message
    assert "dates=" in message
    assert text not in message


def test_text_that_is_no_date_is_refused_in_rows_too(refused: Callable[..., str]) -> None:
    for text in ("03/04/2024", MARKER):
        message = refused(RecordsError, [{"case_id": "C1", "received_at": "2024-03-28", "decided_at": text}])
        assert "cases row 0 (case_id C1): decided_at" in message
        assert "ISO 8601" in message


def test_text_in_another_form_than_the_named_one_is_refused(refused: Callable[..., str]) -> None:
    frame = cases(received_at=[MARKER, MARKER])
    message = refused(RecordsError, frame, dates={"cases": {"received_at": "%d/%m/%Y"}})
    assert "received_at" in message
    assert "not the one that dates= names, '%d/%m/%Y'" in message


@pytest.mark.parametrize("form", ["%Q", "%d/%"])
def test_a_form_of_dates_that_is_none_is_refused(form: str, refused: Callable[..., str]) -> None:
    frame = cases(received_at=["28/03/2024", MARKER])
    with pytest.raises(KpiError) as caught:
        measured(frame, dates={"cases": {"received_at": form}})
    assert form in str(caught.value)
    assert MARKER not in str(caught.value)


@pytest.mark.parametrize("text", ["2024-02-30", "2023-02-29", "2024-13-01", "2024-03-28T25:00:00"])
def test_a_day_that_there_is_not_is_invalid(text: str) -> None:
    frame = cases(received_at=["2024-03-28", text])
    assert statuses(frame) == [("met", ""), ("invalid", "received_at is not a real date or time")]
    check_all_counted(frame, 2)


def test_a_day_that_there_is_not_in_rows_is_invalid_as_in_a_frame() -> None:
    rows = [{"case_id": "C1", "received_at": "2024-03-28"}, {"case_id": "C2", "received_at": "2024-02-30"}]
    assert statuses(rows)[1] == ("invalid", "received_at is not a real date or time")


# Zones


NAIVE, AWARE = datetime.fromisoformat("2024-03-28T09:00:00"), datetime(2024, 3, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["2024-03-28T09:00:00", "2024-03-28T09:00:00Z"], id="text"),
        pytest.param(pd.Series([NAIVE, AWARE], dtype=object), id="datetimes"),
        pytest.param(pd.Series([AWARE, NAIVE], dtype=object), id="datetimes the other way round"),
        pytest.param(pd.Series([pd.Timestamp(NAIVE), pd.Timestamp(AWARE)], dtype=object), id="Timestamps"),
        pytest.param(pd.Series(["2024-03-28T09:00:00", AWARE], dtype=object), id="text beside a datetime"),
    ],
)
def test_times_with_and_without_a_zone_in_one_column_are_refused(values: Any, refused: Callable[..., str]) -> None:
    message = refused(RecordsError, cases(received_at=values))
    assert "received_at" in message
    assert "zone" in message
    assert "utc=True" in message


def test_rows_with_and_without_a_zone_are_refused(refused: Callable[..., str]) -> None:
    rows = [{"case_id": "C1", "received_at": NAIVE}, {"case_id": "C2", "received_at": AWARE}]
    assert "zone" in refused(RecordsError, rows)


def test_a_column_with_zones_beside_one_without_is_refused(refused: Callable[..., str]) -> None:
    """Nobody can say whose clock the times without a zone show, when others of the same record have one."""
    frame = cases(received_at=["2024-03-28T09:00:00"] * 2, decided_at=["2024-04-29T22:30:00Z", None])
    message = refused(RecordsError, frame)
    assert "received_at" in message
    assert "decided_at" in message
    assert "tz_localize('Europe/London')" in message


def test_dates_stand_beside_times_with_a_zone() -> None:
    frame = cases(
        received_at=["2024-03-28", "2024-03-28"],
        decided_at=["2024-04-29T22:30:00Z", "2024-04-29T23:30:00Z"],  # 23:30 on the 29th, 00:30 on the 30th
        allocated_at=[None, None],
    )
    assert [status for status, _ in statuses(frame)] == ["met", "late"]


def test_times_without_a_zone_can_be_refused(refused: Callable[..., str]) -> None:
    scheme = LGSCO.with_target(TWENTY_DAYS, clock={"naive_times": "refuse"})
    frame = cases(received_at=["2024-03-28T09:00:00", "2024-03-28T09:00:00"])
    with pytest.raises(RecordsError, match=r"received_at has timestamps without a zone.*tz_localize"):
        measure(scheme, cases=frame, as_of=AS_OF)


# Ids


@pytest.mark.parametrize("ids", [["C1", "C1"], [7, 7], ["C1", " C1"]], ids=str)
def test_an_id_that_two_cases_share_makes_both_invalid(ids: list[Any]) -> None:
    frame = cases(case_id=ids)
    assert statuses(frame) == [("invalid", "case_id is not unique")] * 2
    check_all_counted(frame, 2)


def test_an_id_that_comes_again_in_another_batch_makes_both_invalid() -> None:
    number = BATCH + 10
    frame = pd.DataFrame(
        {
            "case_id": np.arange(number),
            "received_at": np.datetime64("2024-03-28"),
            "decided_at": np.datetime64("2024-04-29"),
        }
    ).assign(allocated_at=None)
    frame.loc[number - 1, "case_id"] = 5
    frame.loc[number - 1, "decided_at"] = np.datetime64("2024-04-26")
    (row,) = measured(frame, targets=TWENTY_DAYS).rows
    assert (row.records, row.met, row.invalid) == (number, number - 2, 2)
    assert row.note == "invalid: 2 case_id is not unique"


@pytest.mark.parametrize("missing", [None, "", "  ", np.nan, pd.NA], ids=repr)
def test_a_case_without_an_id_is_invalid(missing: Any) -> None:
    frame = cases(case_id=pd.Series(["C1", missing], dtype=object))
    assert statuses(frame) == [("met", ""), ("invalid", "case_id is missing")]
    check_all_counted(frame, 2)


def test_two_cases_without_an_id_do_not_share_it() -> None:
    assert statuses(cases(case_id=[None, None])) == [("invalid", "case_id is missing")] * 2


def test_a_row_without_an_id_is_refused(refused: Callable[..., str]) -> None:
    assert "cases has no column 'case_id'" in refused(RecordsError, [{"received_at": "2024-03-28", "remarks": MARKER}])


# Times that contradict one another, or the calendar


@pytest.mark.parametrize("name", ["decided_at", "allocated_at", "withdrawn_at"])
def test_an_end_before_the_start_is_invalid_and_named(name: str) -> None:
    nothing = {other: [None, None] for other in ("decided_at", "allocated_at", "withdrawn_at")}
    frame = cases(**{**nothing, name: ["2024-03-27", "2024-03-28"]})
    first, second = statuses(frame)
    assert first == ("invalid", f"{name} is before received_at")
    assert second[0] in {"met", "excluded"}
    check_all_counted(frame, 2)


@pytest.mark.parametrize("day", ["1989-12-31", "1900-01-01", "0001-01-01", "1066-10-14"])
def test_a_start_before_the_calendar_is_invalid(day: str) -> None:
    frame = cases(received_at=["2024-03-28", day])
    assert statuses(frame)[1] == ("invalid", "received_at is outside the calendar")
    check_all_counted(frame, 2)


@pytest.mark.parametrize("day", ["2024-07-01", "2051-01-01", "9999-12-31"])
def test_a_start_after_as_of_is_excluded(day: str) -> None:
    frame = cases(received_at=["2024-03-28", day])
    assert statuses(frame)[1] == ("excluded", "not yet received")
    check_all_counted(frame, 2)


@pytest.mark.parametrize("day", ["2024-07-01", "2051-01-01", "9999-12-31"])
def test_an_end_after_as_of_is_not_known_yet(day: str) -> None:
    frame = cases(decided_at=[day, None], allocated_at=[None, None])
    assert statuses(frame) == [("overdue", ""), ("overdue", "")]
    check_all_counted(frame, 2)


def test_an_end_before_the_calendar_is_invalid() -> None:
    frame = cases(decided_at=["1066-10-14", None])
    assert statuses(frame)[0][0] == "invalid"
    check_all_counted(frame, 2)


def test_a_case_due_after_the_calendars_end_is_invalid() -> None:
    frame = cases(
        received_at=["2050-12-20", "2050-11-01"], valid_at=[None] * 2, allocated_at=[None] * 2, decided_at=[None] * 2
    )
    rows = assess(LGSCO, cases=frame, as_of="2050-12-31", targets=TWENTY_DAYS)
    assert rows["status"].tolist() == ["invalid", "overdue"]
    assert rows["reason"].tolist()[0] == "due day is after the calendar's last day"


def test_an_absurd_timestamp_is_counted_once_and_not_guessed() -> None:
    columns = {**GOOD, "received_at": pa.array([2**61, -(2**61)], pa.timestamp("s")), "allocated_at": [None] * 2}
    table = pa.table({**columns, "decided_at": [None] * 2})
    assert statuses(table) == [("excluded", "not yet received"), ("invalid", "received_at is outside the calendar")]
    check_all_counted(table, 2)


@pytest.mark.parametrize("name", ["received_at", "valid_at", "allocated_at", "decided_at", "withdrawn_at"])
@pytest.mark.parametrize("empty", [None, np.nan, pd.NaT, "", "NA"], ids=repr)
def test_a_column_of_nothing_loses_no_record(name: str, empty: Any) -> None:
    frame = cases(**{name: [empty, empty]})
    check_all_counted(frame, 2)
    if name == "received_at":
        assert statuses(frame) == [("invalid", "received_at is missing")] * 2


@pytest.mark.parametrize("library", ["pandas", "Polars", "Arrow"])
def test_a_start_that_is_missing_is_invalid(library: str) -> None:
    columns = {**GOOD, "received_at": ["2024-03-28", None]}
    make = {"pandas": pd.DataFrame, "Polars": pl.DataFrame, "Arrow": pa.table}[library]
    assert statuses(make(columns))[1] == ("invalid", "received_at is missing")


def test_a_case_not_yet_valid_is_excluded() -> None:
    frame = cases(valid_at=[None, None], allocated_at=["2024-04-01"] * 2, decided_at=[None, "2024-04-02"])
    stopped = ("invalid", "valid_at is missing, and decided_at is there")
    assert statuses(frame, "investigation-13w") == [("excluded", "not yet valid"), stopped]


def test_everything_wrong_at_once_loses_no_record() -> None:
    days = [None, "2024-02-30", "1066-10-14", "9999-12-31", "2024-03-28", "2024-06-29", "2023-01-03"]
    grid = [(a, b, c) for a in days for b in days for c in days]
    frame = pd.DataFrame(grid, columns=["received_at", "decided_at", "withdrawn_at"], dtype=object)
    ids = [None if number % 11 == 0 else f"C{number % 300}" for number in range(len(frame))]
    frame = frame.assign(
        case_id=pd.Series(ids, dtype=object),
        valid_at=frame["received_at"],
        allocated_at=frame["decided_at"].shift(3),
        team=MARKER,
    )
    check_all_counted(frame, len(frame))
    check_all_counted(pl.DataFrame(frame.astype("str").to_dict("list"), strict=False), len(frame))
    check_all_counted(frame.sample(frac=1, random_state=1), len(frame))


# Nothing given, and calls


def test_a_frame_without_columns_is_refused(refused: Callable[..., str]) -> None:
    for given in (pd.DataFrame(), pl.DataFrame(), pa.table({})):
        assert "no column 'received_at'" in refused(RecordsError, given)


@pytest.mark.parametrize(
    "make",
    [
        lambda frame, _: frame,
        lambda frame, _: pl.DataFrame(frame.to_dict("list")),
        lambda frame, _: pa.table({name: pa.array([], pa.string()) for name in frame.columns}),
        lambda _, __: [],
        lambda frame, folder: frame.to_csv(folder / "none.csv", index=False) or folder / "none.csv",
        lambda frame, folder: frame.to_parquet(folder / "none.parquet") or folder / "none.parquet",
    ],
    ids=["pandas", "Polars", "Arrow", "rows", "CSV", "Parquet"],
)
def test_records_without_a_row_have_no_data_and_no_error(make: Any, tmp_path: Path) -> None:
    given = make(cases().iloc[:0], tmp_path)
    for every in (None, "month"):
        results = measured(given, every=every)
        assert [(row.records, row.value, row.status) for row in results[TWENTY_DAYS]] == [(0, None, "no data")]
    assert len(assess(LGSCO, cases=given, as_of=AS_OF)) == 0


CALLS = {"offered_at": ["2024-03-28T09:00:00", "2024-03-28T09:05:00"], "answered_at": ["2024-03-28T09:00:30", None]}


@pytest.mark.parametrize(
    "offered",
    [
        pytest.param(["2024-03-28", "2024-03-28"], id="text"),
        pytest.param([date(2024, 3, 28), date(2024, 3, 28)], id="dates"),
        pytest.param(pd.to_datetime(["2024-03-28", "2024-03-29"]), id="timestamps at midnight"),
    ],
)
def test_dates_alone_are_not_enough_for_seconds(offered: Any) -> None:
    with pytest.raises(RecordsError, match=r"calls.*offered_at has only dates.*60 seconds.*targets="):
        measure(LGSCO, calls=pd.DataFrame({**CALLS, "offered_at": offered}), as_of=AS_OF)


def test_a_date_among_timestamps_is_invalid_for_seconds() -> None:
    frame = pd.DataFrame({**CALLS, "offered_at": ["2024-03-28T09:00:00", "2024-03-28"]})
    (row,) = measure(LGSCO, calls=frame, as_of=AS_OF, targets="intake-calls-60s").rows
    assert (row.records, row.met, row.invalid) == (2, 1, 1)
    assert "1 offered_at has no time of day" in row.note


def test_a_call_answered_before_it_was_offered_is_invalid() -> None:
    frame = pd.DataFrame({**CALLS, "answered_at": ["2024-03-28T08:59:59.999", None]})
    (row,) = measure(LGSCO, calls=frame, as_of=AS_OF, targets="intake-calls-60s").rows
    assert (row.met, row.missed, row.invalid) == (0, 1, 1)


# What can't be read at all


UNKNOWN: dict[str, Any] = {
    "a number": 5,
    "a set": {MARKER},
    "bytes": MARKER.encode(),
    "an array": np.array([MARKER]),
    "a Series": pd.Series([MARKER]),
    "a Series of Polars": pl.Series([MARKER]),
    "an Arrow array": pa.array([MARKER]),
    "an Arrow chunked array": pa.chunked_array([[MARKER]]),
    "an object": object(),
    "a class": pd.DataFrame,
}


@pytest.mark.parametrize("name", list(UNKNOWN))
def test_an_object_of_an_unknown_kind_is_refused_with_those_that_can_be_read(
    name: str, refused: Callable[..., str]
) -> None:
    message = refused(RecordsError, UNKNOWN[name])
    assert message.startswith("cases are given as")
    for kind in ("pandas", "Polars", "PyArrow", "DuckDB", ".csv", ".parquet", "list of rows"):
        assert kind in message


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([MARKER], id="text"),
        pytest.param([(MARKER, "2024-03-28")], id="tuples"),
        pytest.param([None], id="None"),
        pytest.param(
            [Request(request_id=MARKER, kind="x", received_at=date(2024, 3, 28))], id="another kind of record"
        ),
        pytest.param([{"case_id": [MARKER], "received_at": "2024-03-28"}], id="a list in a cell"),
        pytest.param({"case_id": [MARKER], "received_at": ["2024-03-28"]}, id="columns in place of rows"),
        pytest.param([{5: MARKER, "case_id": MARKER, "received_at": "2024-03-28"}], id="a key that is no text"),
        pytest.param([{"case_id": [MARKER], "received_at": np.array([1, 2])}], id="an array in a cell"),
    ],
)
def test_rows_that_are_none_are_refused_with_their_number(rows: Any, refused: Callable[..., str]) -> None:
    assert "cases row 0:" in refused(RecordsError, rows)


# Files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_a_file_that_is_not_there_is_said_so(folder: Path, refused: Callable[..., str]) -> None:
    for name in ("none.csv", "none.parquet", "none"):
        assert "isn't there" in refused(RecordsError, folder / name)


def test_a_folder_is_said_to_be_one(folder: Path, refused: Callable[..., str]) -> None:
    (folder / "extract.parquet").mkdir()
    for path in (folder, folder / "extract.parquet"):
        assert "is a folder" in refused(RecordsError, path)


@pytest.mark.parametrize(
    "name", ["extract.xlsb", "extract.doc", "extract.json", "extract.txt", "extract", "extract.gz"]
)
def test_a_file_of_another_kind_is_refused_with_a_way_out(name: str, folder: Path, refused: Callable[..., str]) -> None:
    (folder / name).write_bytes(MARKER.encode())
    message = refused(RecordsError, folder / name)
    assert name in message
    assert "pandas.read_json" in message


@pytest.mark.parametrize("length", [1, 500], ids=["short", "long"])
def test_the_text_of_a_file_in_place_of_its_path_is_refused_and_not_shown(
    length: int, refused: Callable[..., str]
) -> None:
    text = "case_id,received_at\n" + f"{MARKER},2024-03-28\n" * length
    assert "path" in refused(RecordsError, text)


@pytest.mark.parametrize(
    "text",
    [
        f'[{{"case_id": "{MARKER}", "received_at": "2024-03-28"}}]',
        f'{{"case_id": "{MARKER}"}}',
        f'  [ {{"case_id": "{MARKER}"}} ]',
        f"<cases><case>{MARKER}</case></cases>",
        f"case_id,received_at,{MARKER}",
        f"case_id;{MARKER}",
        f"case_id\t{MARKER}",
        f"case_id\r{MARKER}",
        f"{MARKER}\0",
        MARKER * 40,
        f'"{MARKER}"',
    ],
)
def test_text_of_any_kind_in_place_of_a_path_is_not_shown(text: str, refused: Callable[..., str]) -> None:
    assert "cases are given as text that is no path" in refused(RecordsError, text)


def test_a_path_of_odd_signs_is_a_path(folder: Path, refused: Callable[..., str]) -> None:
    for name in ("a, b; c.csv", "[{x}].csv", "{x}", "a,b"):
        cases().to_csv(folder / name, index=False)
        if name.endswith(".csv"):
            assert len(assess(LGSCO, cases=folder / name, as_of=AS_OF, targets=TWENTY_DAYS)) == 2
        else:
            assert f"{name} is none of .csv" in refused(RecordsError, folder / name)
    for name in ("not, there.csv", "[yz]*.csv", "not there"):
        assert name in refused(RecordsError, folder / name)


HEAD = "case_id,received_at,decided_at,allocated_at\n"
LINES = "C1,2024-03-28,2024-04-29,\n"


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(f"{MARKER},2024-03-28\n", id="short"),
        pytest.param(f"{MARKER},2024-03-28,,,,{MARKER}\n", id="long"),
        pytest.param(f'"{MARKER}: Expected 3, got {MARKER}",2024-03-28\n', id="that looks like the reader's own words"),
        pytest.param(f'"{MARKER}\n{MARKER}",2024-03-28\n', id="with a line break"),
    ],
)
@pytest.mark.parametrize("before", [1, 60_000], ids=["early", "late"])
def test_a_row_of_another_length_is_refused(row: str, before: int, folder: Path, refused: Callable[..., str]) -> None:
    path = folder / "extract.csv"
    path.write_text(HEAD + LINES * before + row, "utf-8")
    message = refused(RecordsError, path)
    assert "extract.csv can't be read" in message
    assert "Expected 4 columns" in message
    assert "columns columns" not in message


@pytest.mark.parametrize("before", [1, 60_000], ids=["early", "late"])
@pytest.mark.parametrize("letters", [b"\xe9\x81", "\u00e9 ".encode() + b"\xe9"], ids=["no letter", "two encodings"])
def test_a_file_that_is_in_no_one_encoding_is_refused_with_the_remedy(
    letters: bytes, before: int, folder: Path, refused: Callable[..., str]
) -> None:
    path = folder / "extract.csv"
    path.write_bytes((HEAD + LINES * before + MARKER).encode() + letters + b",2024-03-28,,\n")
    message = refused(RecordsError, path)
    assert "extract.csv can't be read" in message
    assert "Save it as UTF-8" in message
    assert 'encoding = "windows-1252" below [files.cases]' in message


def test_a_csv_file_without_a_header_is_refused(folder: Path, refused: Callable[..., str]) -> None:
    (folder / "extract.csv").write_bytes(b"")
    assert "extract.csv can't be read" in refused(RecordsError, folder / "extract.csv")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(MARKER.encode(), id="none"),
        pytest.param(gzip.compress((HEAD + LINES * 50_000).encode())[:-2_000], id="cut"),
        pytest.param(gzip.compress((HEAD + LINES).encode())[:-10], id="cut short"),
    ],
)
def test_a_gzip_file_that_is_broken_is_refused(content: bytes, folder: Path, refused: Callable[..., str]) -> None:
    (folder / "extract.csv.gz").write_bytes(content)
    assert "extract.csv.gz can't be read" in refused(RecordsError, folder / "extract.csv.gz")


def test_a_parquet_file_that_is_broken_is_refused(folder: Path, refused: Callable[..., str]) -> None:
    path = folder / "extract.parquet"
    pq.write_table(pa.table({name: values * 3_000 for name, values in GOOD.items()}), path, compression="snappy")
    whole = path.read_bytes()
    noise = bytes(np.random.default_rng(1).integers(0, 256, len(whole) // 2, np.uint8))
    for content in (
        b"",
        MARKER.encode(),
        whole[:-50],
        whole[: len(whole) // 2],
        whole[:20] + noise + whole[20 + len(noise) :],
    ):
        path.write_bytes(content)
        assert "extract.parquet can't be read" in refused(RecordsError, path)


@pytest.mark.parametrize("name", ["extract.csv", "extract.parquet"])
def test_a_bad_cell_of_a_file_is_said_with_the_files_name_and_its_row(
    name: str, folder: Path, refused: Callable[..., str]
) -> None:
    frame = cases(received_at=["2024-03-28", MARKER])
    path = folder / name
    if name.endswith("csv"):
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    message = refused(RecordsError, path)
    assert message.startswith(f"cases ({name}) row 1")


# Messages


def in_form(form: str, columns: dict[str, Any], folder: Path) -> Any:
    frame = pd.DataFrame(columns)
    if form == "CSV":
        frame.to_csv(folder / "extract.csv", index=False)
        return folder / "extract.csv"
    if form == "rows":
        return frame.astype(object).where(frame.notna(), None).to_dict("records")
    return pl.DataFrame(columns) if form == "Polars" else frame


@pytest.mark.parametrize("form", ["pandas", "Polars", "rows", "CSV"])
@pytest.mark.parametrize("column", ["received_at", "decided_at"])
@pytest.mark.parametrize("cell", [MARKER, "03/04/2024"])
def test_no_message_shows_what_a_cell_holds(
    form: str, column: str, cell: str, folder: Path, refused: Callable[..., str]
) -> None:
    message = refused(RecordsError, in_form(form, {**GOOD, column: ["2024-03-28", cell]}, folder))
    assert "row 1" in message
    assert column in message
    assert cell not in message


def test_an_option_that_does_not_fit_is_an_error_of_the_options() -> None:
    with pytest.raises(OptionError):
        measured(cases(), every="monthly")
