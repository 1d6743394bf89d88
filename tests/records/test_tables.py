"""The same records in any form give equal results."""

import csv
import gzip
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import narwhals
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ombudsman_kpi import Call, Case, Scheme, assess, load_scheme, measure
from ombudsman_kpi.errors import OptionError, RecordsError
from ombudsman_kpi.records.sources import source

LGSCO = load_scheme("lgsco")
AS_OF = "2024-06-30"
TWENTY_DAYS = "decided-or-allocated-20wd"

Row = dict[str, str | None]
Form = Callable[[pd.DataFrame, Path], Any]

# What each says of the target of 20 working days, worked out by hand, at the close of 30 June 2024.
CASES: list[Row] = [
    # the 20th working day after 28 March is 29 April: Good Friday and Easter Monday don't count
    {"case_id": "0007", "received_at": "2024-03-28", "decided_at": "2024-04-29", "team": "North"},  # met
    {"case_id": "7", "received_at": "2024-03-28", "decided_at": "2024-04-30", "team": "North"},  # late
    {"case_id": "A3", "received_at": "2024-03-30", "team": "South"},  # overdue
    {"case_id": "A4", "received_at": "2024-06-20", "team": "South"},  # pending
    {"case_id": "A5", "received_at": "2024-05-01", "withdrawn_at": "2024-05-02", "team": "South"},  # excluded
    {"case_id": "A6", "received_at": "2024-05-02", "decided_at": "2024-05-01", "team": None},  # invalid
    {
        "case_id": "A7",
        "received_at": "2023-11-01",
        "valid_at": "2023-11-02",
        "allocated_at": "2023-11-10",
        "decided_at": "2024-02-01",
        "team": "Team A",
    },  # met; and in 13 weeks from being valid
]
CASE_COLUMNS = ("case_id", "received_at", "valid_at", "allocated_at", "decided_at", "withdrawn_at", "team")
CASE_TIMES = tuple(name for name in CASE_COLUMNS if name.endswith("_at"))
TWENTY_DAYS_COUNTS = {"records": 7, "met": 2, "missed": 2, "overdue": 1, "pending": 1, "excluded": 1, "invalid": 1}

# In July the clock in London shows an hour more than UTC, so half past midnight is another day and month.
CONTACTS: list[Row] = [
    {"contact_id": "01", "received_at": "2024-07-01T00:30:00", "handled_at": "2024-07-04T23:59:59"},  # met on day 3
    {"contact_id": "1", "received_at": "2024-06-30T23:30:00", "handled_at": "2024-07-04T00:00:01"},  # late on day 4
    {"contact_id": "B", "received_at": "2024-07-01T00:30:00", "handled_at": "2024-07-05T00:30:00"},  # late on day 4
    {"contact_id": "C", "received_at": "2024-07-10T09:00:00", "handled_at": None},  # overdue
]
CONTACT_TIMES = ("received_at", "handled_at")
THREE_DAYS = "written-contacts-3wd"
CONTACTS_IN_JULY = {"records": 3, "met": 1, "missed": 2, "overdue": 1}


def frame_of(rows: list[Row], columns: tuple[str, ...]) -> pd.DataFrame:
    """Lay rows out as a frame of text, None where there is nothing."""
    return pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], dtype=object)


CASE_FRAME = frame_of(CASES, CASE_COLUMNS)
CONTACT_FRAME = frame_of(CONTACTS, ("contact_id", *CONTACT_TIMES))


def as_str(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of the type str, in which pandas 2 would write None as a word."""
    return frame.astype("str").where(frame.notna())


def converted(frame: pd.DataFrame, change: Callable[[str], Any], dtype: Any = object) -> pd.DataFrame:
    """Change each time of a frame of text."""
    times = [name for name in frame.columns if name.endswith("_at")]
    changed = {
        name: pd.Series([None if text is None else change(text) for text in frame[name]], dtype=object).astype(dtype)
        for name in times
    }
    return frame.assign(**changed)


def as_dtype(dtype: Any) -> Form:
    """Give the form of pandas columns of timestamps of some dtype."""
    return lambda frame, _: converted(frame, pd.Timestamp, "datetime64[us]").astype(
        {name: dtype for name in frame.columns if name.endswith("_at")}
    )


def arrow_of(frame: pd.DataFrame, kind: Any, change: Callable[[str], Any] = str) -> Any:
    """Lay a frame of text out as an Arrow table whose times are of some type."""
    return pa.table(
        {
            name: pa.array(
                [None if text is None else change(text) if name.endswith("_at") else text for text in frame[name]],
                kind if name.endswith("_at") else pa.string(),
            )
            for name in frame.columns
        }
    )


def excel(text: str) -> date | datetime:
    """Give a date in one of the two kinds that a worksheet mixes."""
    day = date.fromisoformat(text)
    return day if day.day % 2 else datetime.fromisoformat(text)


def excel_with_text(text: str) -> object:
    """Give a date as a date, or as text that was typed."""
    return text if text.endswith("8") else date.fromisoformat(text)


def written(frame: pd.DataFrame, folder: Path, name: str = "records.csv", **options: Any) -> Path:
    path = folder / name
    frame.to_csv(path, index=False, **options)
    return path


def parquet(table: Any, folder: Path, **options: Any) -> Path:
    path = folder / "records.parquet"
    pq.write_table(table, path, **options)
    return path


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def narwhals_of(frame: Any) -> Any:
    return narwhals.from_native(frame)


def dictionary(table: Any) -> Any:
    return pa.table({name: table.column(name).combine_chunks().dictionary_encode() for name in table.column_names})


DATE_FORMS: dict[str, Form] = {
    "pandas text": lambda frame, _: frame,
    "pandas str": lambda frame, _: as_str(frame),
    "pandas string": lambda frame, _: frame.astype("string"),
    "pandas text of Arrow": lambda frame, _: frame.astype("string[pyarrow]"),
    "pandas dates": lambda frame, _: converted(frame, date.fromisoformat),
    "pandas datetimes": lambda frame, _: converted(frame, datetime.fromisoformat),
    "pandas Timestamps": lambda frame, _: converted(frame, pd.Timestamp),
    "pandas datetime64[s]": as_dtype("datetime64[s]"),
    "pandas datetime64[ms]": as_dtype("datetime64[ms]"),
    "pandas datetime64[us]": as_dtype("datetime64[us]"),
    "pandas datetime64[ns]": as_dtype("datetime64[ns]"),
    "pandas date32": lambda frame, _: converted(frame, date.fromisoformat, pd.ArrowDtype(pa.date32())),
    "pandas timestamps of Arrow": lambda frame, _: converted(frame, pd.Timestamp, pd.ArrowDtype(pa.timestamp("us"))),
    "pandas category of text": lambda frame, _: frame.astype("category"),
    "pandas category of dates": lambda frame, _: converted(frame, date.fromisoformat).astype("category"),
    "pandas category of Timestamps": lambda frame, _: converted(frame, pd.Timestamp, "datetime64[ns]").astype(
        "category"
    ),
    "pandas dates beside datetimes": lambda frame, _: converted(frame, excel),
    "pandas dates beside text": lambda frame, _: converted(frame, excel_with_text),
    "pandas NA among text and dates": lambda frame, _: converted(frame, excel_with_text).fillna(pd.NA),
    "pandas with an odd index": lambda frame, _: frame.set_axis([5] * len(frame)),
    "Polars text": lambda frame, _: pl.DataFrame(frame.to_dict("list")),
    "Polars dates": lambda frame, _: pl.DataFrame(arrow_of(frame, pa.date32(), date.fromisoformat)),
    "Polars categorical": lambda frame, _: pl.DataFrame(frame.to_dict("list")).with_columns(
        pl.col(pl.String).cast(pl.Categorical)
    ),
    "Polars enum": lambda frame, _: pl.DataFrame(frame.to_dict("list")).with_columns(
        pl.col("team").cast(pl.Enum(["North", "South", "Team A"]))
    ),
    "Polars LazyFrame": lambda frame, _: pl.DataFrame(frame.to_dict("list")).lazy(),
    "Arrow text": lambda frame, _: arrow_of(frame, pa.string()),
    "Arrow large text": lambda frame, _: arrow_of(frame, pa.large_string()),
    "Arrow text views": lambda frame, _: arrow_of(frame, pa.string_view()),
    "Arrow date32": lambda frame, _: arrow_of(frame, pa.date32(), date.fromisoformat),
    "Arrow date64": lambda frame, _: arrow_of(frame, pa.date64(), date.fromisoformat),
    "Arrow dictionaries": lambda frame, _: dictionary(arrow_of(frame, pa.date32(), date.fromisoformat)),
    "Arrow RecordBatch": lambda frame, _: arrow_of(frame, pa.date32(), date.fromisoformat).to_batches()[0],
    "Arrow reader": lambda frame, _: arrow_of(frame, pa.date32(), date.fromisoformat).to_reader(2),
    "Arrow table in pieces": lambda frame, _: pa.concat_tables(
        [
            arrow_of(frame.iloc[:3], pa.string()),
            arrow_of(frame.iloc[3:3], pa.string()),
            arrow_of(frame.iloc[3:], pa.string()),
        ]
    ),
    "Arrow table sliced": lambda frame, _: (
        pa.concat_tables([arrow_of(frame.iloc[[0, 0]], pa.string()), arrow_of(frame, pa.string())])
        .combine_chunks()
        .slice(2)
    ),
    "DuckDB dates": lambda frame, _: duckdb.from_arrow(arrow_of(frame, pa.date32(), date.fromisoformat)),
    "DuckDB text": lambda frame, _: duckdb.from_arrow(arrow_of(frame, pa.string())),
    "DuckDB enum": lambda frame, _: duckdb.from_arrow(arrow_of(frame, pa.string())).project(
        "* replace (team::enum('North', 'South', 'Team A') as team)"
    ),
    "CSV": lambda frame, folder: str(written(frame, folder)),
    "CSV path": written,
    "CSV quoted": lambda frame, folder: written(frame, folder, quoting=csv.QUOTE_ALL),
    "CSV from Windows": lambda frame, folder: written(frame, folder, encoding="utf-8-sig", lineterminator="\r\n"),
    "CSV with an upper-case ending": lambda frame, folder: written(frame, folder, "RECORDS.CSV"),
    "CSV with dots in its name": lambda frame, folder: written(frame, folder, "records.2024.csv"),
    "CSV.gz": lambda frame, folder: written(frame, folder, "records.csv.gz"),
    "CSV with NA": lambda frame, folder: written(frame.assign(team=frame["team"].fillna("")), folder, na_rep="NA"),
    "Parquet text": lambda frame, folder: parquet(arrow_of(frame, pa.string()), folder),
    "Parquet dates": lambda frame, folder: parquet(arrow_of(frame, pa.date32(), date.fromisoformat), folder),
    "Parquet dictionaries": lambda frame, folder: parquet(
        dictionary(arrow_of(frame, pa.date32(), date.fromisoformat)), folder
    ),
    "Parquet in several row groups": lambda frame, folder: parquet(
        arrow_of(frame, pa.date32(), date.fromisoformat), folder, row_group_size=3
    ),
    "mappings": lambda frame, _: rows_of(frame),
    "mappings with dates": lambda frame, _: rows_of(converted(frame, date.fromisoformat)),
    "mappings from a pandas frame": lambda frame, _: rows_of(as_str(frame)),
    "mappings with NaT": lambda frame, _: rows_of(converted(frame, pd.Timestamp, "datetime64[us]")),
    "mappings with NA": lambda frame, _: rows_of(frame.astype("string")),
    "narwhals over pandas": lambda frame, _: narwhals_of(frame),
    "narwhals over Polars": lambda frame, _: narwhals_of(pl.DataFrame(frame.to_dict("list"))),
    "narwhals lazy": lambda frame, _: narwhals_of(pl.DataFrame(frame.to_dict("list")).lazy()),
}


def table_of(cases: Any, **options: Any) -> dict[str, Any]:
    results = measure(LGSCO, cases=cases, as_of=AS_OF, every="month", by="team", cohort="all", **options)
    return results.to_dict()


def outcomes_of(cases: Any, **options: Any) -> list[dict[Any, Any]]:
    frame = assess(LGSCO, cases=cases, as_of=AS_OF, **options).astype(object)
    return list(frame.where(frame.notna(), None).to_dict("records"))


def counts_of(results: Any, target: str) -> dict[str, int | None]:
    (row,) = results[target].rows
    return {name: getattr(row, name) for name in TWENTY_DAYS_COUNTS}


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """The results of models, one by one validated."""
    return table_of([Case.model_validate(row) for row in rows_of(CASE_FRAME)])


@pytest.fixture(scope="module")
def reference_outcomes() -> list[dict[Any, Any]]:
    return outcomes_of([Case.model_validate(row) for row in rows_of(CASE_FRAME)])


def test_models_are_counted_as_worked_out_by_hand() -> None:
    results = measure(LGSCO, cases=[Case.model_validate(row) for row in rows_of(CASE_FRAME)], as_of=AS_OF)
    assert counts_of(results, TWENTY_DAYS) == TWENTY_DAYS_COUNTS
    (weeks,) = results["investigation-13w"].rows
    assert (weeks.met, weeks.missed, weeks.excluded) == (1, 0, 6)


@pytest.mark.parametrize("form", list(DATE_FORMS))
def test_the_same_cases_in_any_form_give_equal_results(form: str, tmp_path: Path, reference: dict[str, Any]) -> None:
    assert table_of(DATE_FORMS[form](CASE_FRAME, tmp_path)) == reference


@pytest.mark.parametrize("form", list(DATE_FORMS))
def test_the_same_cases_in_any_form_give_equal_outcomes(
    form: str, tmp_path: Path, reference_outcomes: list[dict[Any, Any]]
) -> None:
    assert outcomes_of(DATE_FORMS[form](CASE_FRAME, tmp_path)) == reference_outcomes


def london(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).tz_localize("Europe/London")


def utc_text(text: str) -> str:
    return str(london(text).tz_convert("UTC").isoformat()).replace("+00:00", "Z")


def offset_text(text: str) -> str:
    """Write each time with another offset from UTC."""
    hours = sum(map(int, filter(str.isdigit, text))) % 7 - 3
    return str(london(text).astimezone(timezone(timedelta(hours=hours, minutes=30))).isoformat())


TIME_FORMS: dict[str, Form] = {
    **{f"pandas datetime64[{unit}]": as_dtype(f"datetime64[{unit}]") for unit in ("s", "ms", "us", "ns")},
    **{
        f"pandas in {zone}": lambda frame, _, zone=zone: converted(
            frame, lambda text: london(text).tz_convert(zone), f"datetime64[us, {zone}]"
        )  # type: ignore[misc]
        for zone in ("Europe/London", "UTC", "Asia/Tokyo")
    },
    "pandas datetimes": lambda frame, _: converted(frame, datetime.fromisoformat),
    "pandas datetimes in UTC": lambda frame, _: converted(frame, lambda text: london(text).astimezone(UTC)),
    "pandas datetimes of changing offsets": lambda frame, _: converted(
        frame, lambda text: datetime.fromisoformat(offset_text(text))
    ),
    "pandas text": lambda frame, _: frame,
    "pandas text with a space": lambda frame, _: converted(frame, lambda text: text.replace("T", " ")),
    "pandas text to the nanosecond": lambda frame, _: converted(frame, lambda text: f"{text}.000000000"),
    "pandas text in UTC": lambda frame, _: converted(frame, utc_text),
    "pandas text of changing offsets": lambda frame, _: converted(frame, offset_text),
    "pandas text of offsets without a colon": lambda frame, _: converted(
        frame, lambda text: offset_text(text)[:-3] + offset_text(text)[-2:]
    ),
    **{
        f"Polars Datetime {unit}": lambda frame, _, unit=unit: pl.DataFrame(
            arrow_of(frame, pa.timestamp(unit), datetime.fromisoformat)
        )  # type: ignore[misc]
        for unit in ("ms", "us", "ns")
    },
    "Polars in UTC": lambda frame, _: pl.DataFrame(arrow_of(frame, pa.timestamp("us", "UTC"), london)),
    "Arrow in seconds": lambda frame, _: arrow_of(frame, pa.timestamp("s"), datetime.fromisoformat),
    "Arrow in Tokyo": lambda frame, _: arrow_of(frame, pa.timestamp("ns", "Asia/Tokyo"), london),
    "DuckDB": lambda frame, _: duckdb.from_arrow(arrow_of(frame, pa.timestamp("us"), datetime.fromisoformat)),
    "DuckDB in UTC": lambda frame, _: duckdb.from_arrow(arrow_of(frame, pa.timestamp("us", "UTC"), london)),
    "CSV": written,
    "CSV of changing offsets": lambda frame, folder: written(converted(frame, offset_text), folder),
    "Parquet": lambda frame, folder: parquet(arrow_of(frame, pa.timestamp("ms"), datetime.fromisoformat), folder),
    "Parquet in UTC, in several row groups": lambda frame, folder: parquet(
        arrow_of(frame, pa.timestamp("us", "UTC"), london), folder, row_group_size=1
    ),
    "mappings": lambda frame, _: rows_of(frame),
    "mappings with datetimes": lambda frame, _: rows_of(converted(frame, datetime.fromisoformat)),
    "mappings with datetime64": lambda frame, _: rows_of(
        converted(frame, lambda text: pd.Timestamp(text).to_datetime64())
    ),
    "mappings of changing offsets": lambda frame, _: rows_of(converted(frame, offset_text)),
}


@pytest.mark.parametrize("form", list(TIME_FORMS))
def test_the_same_timestamps_in_any_form_give_equal_results(form: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"as_of": "2024-07-31", "targets": THREE_DAYS, "every": "month"}
    given = TIME_FORMS[form](CONTACT_FRAME, tmp_path)
    results = measure(LGSCO, written_contacts=given, **options)
    june, july = results.rows
    assert (june.period, june.records, june.met, june.missed) == ("Jun 2024", 1, 0, 1)
    assert {name: getattr(july, name) for name in CONTACTS_IN_JULY} == CONTACTS_IN_JULY


CALLS = [
    Call.model_validate({"call_id": "1", "offered_at": "2024-07-01T09:00:00", "answered_at": "2024-07-01T09:01:00"}),
    Call.model_validate(
        {"call_id": "2", "offered_at": "2024-07-01T09:00:00", "answered_at": "2024-07-01T09:01:00.001"}
    ),
    Call.model_validate({"call_id": "3", "offered_at": "2024-07-01T09:00:00", "abandoned_at": "2024-07-01T09:00:10"}),
    Call.model_validate({"call_id": "4", "offered_at": "2024-07-01T23:59:30", "answered_at": "2024-07-02T00:00:00"}),
    Call.model_validate({"call_id": "5", "offered_at": "2024-07-02T09:00:00"}),
]


def calls_frame() -> pd.DataFrame:
    frame = pd.DataFrame([call.model_dump() for call in CALLS])
    times = [name for name in frame.columns if name.endswith("_at")]
    return frame.assign(
        **{name: pd.to_datetime(frame[name], format="ISO8601").astype("datetime64[us]") for name in times}
    )


CALL_FORMS: dict[str, Form] = {
    "models": lambda _, __: CALLS,
    "pandas": lambda frame, _: frame,
    "Polars": lambda frame, _: pl.from_pandas(frame),
    "Arrow": lambda frame, _: pa.Table.from_pandas(frame),
    "DuckDB": lambda frame, _: duckdb.from_df(frame),
    "CSV": lambda frame, folder: written(frame, folder, date_format="%Y-%m-%dT%H:%M:%S.%f"),
    "Parquet": lambda frame, folder: parquet(pa.Table.from_pandas(frame), folder),
}


@pytest.mark.parametrize("form", list(CALL_FORMS))
def test_the_same_calls_in_any_form_give_equal_results(form: str, tmp_path: Path) -> None:
    given = CALL_FORMS[form](calls_frame(), tmp_path)
    (row,) = measure(LGSCO, calls=given, as_of="2024-07-31", targets="intake-calls-60s").rows
    assert (row.records, row.met, row.missed, row.overdue) == (5, 2, 3, 1)


@pytest.mark.parametrize("library", ["pandas", "Polars"])
def test_dates_beside_times_with_a_zone_are_dates_in_every_library(library: str) -> None:
    """pandas has no dates of its own: there they are midnights without a zone."""
    frame = CASE_FRAME.iloc[:2].assign(
        received_at=pd.to_datetime(pd.Series(["2024-03-28"] * 2)),
        decided_at=pd.to_datetime(pd.Series(["2024-04-29T22:30:00Z", "2024-04-29T23:30:00Z"])),  # in London a day later
    )
    dates = pl.DataFrame(frame.drop(columns="received_at").to_dict("list")).with_columns(received_at=date(2024, 3, 28))
    outcomes = assess(LGSCO, cases=frame if library == "pandas" else dates, as_of=AS_OF, targets=TWENTY_DAYS)
    assert outcomes["status"].tolist() == ["met", "late"]


def test_calls_of_a_small_frame_may_all_be_answered_at_midnight_to_the_second() -> None:
    """pandas has no dates, so a midnight may be one; here the other times show that it isn't."""
    frame = calls_frame().iloc[[3, 4]]
    (row,) = measure(LGSCO, calls=frame, as_of="2024-07-31", targets="intake-calls-60s").rows
    assert (row.met, row.overdue) == (1, 1)


@pytest.mark.parametrize("truths", [("True", "False"), ("TRUE", "FALSE"), ("true", "false"), (True, False)], ids=str)
def test_truth_values_are_understood_as_each_program_writes_them(truths: tuple[Any, Any]) -> None:
    scheme = LGSCO.with_target(TWENTY_DAYS, where={"joint_working": True})
    frame = CASE_FRAME.iloc[:2].assign(joint_working=pd.Series(list(truths), dtype=object))
    (row,) = measure(scheme, cases=frame, as_of=AS_OF, targets=TWENTY_DAYS).rows
    assert (row.met, row.excluded) == (1, 1)


# Batches


@pytest.fixture(params=[1, 2, 3])
def batch_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(source, "BATCH", request.param)
    return request.param  # type: ignore[no-any-return]


BATCHED = [
    "pandas text",
    "pandas dates",
    "pandas category of text",
    "Arrow date32",
    "Arrow table in pieces",
    "Polars text",
    "DuckDB dates",
    "CSV",
    "Parquet dates",
    "Parquet in several row groups",
]


@pytest.mark.parametrize("form", BATCHED)
@pytest.mark.usefixtures("batch_size")
def test_the_size_of_batches_changes_nothing(
    form: str, tmp_path: Path, reference: dict[str, Any], reference_outcomes: list[dict[Any, Any]]
) -> None:
    assert table_of(DATE_FORMS[form](CASE_FRAME, tmp_path)) == reference
    assert outcomes_of(DATE_FORMS[form](CASE_FRAME, tmp_path)) == reference_outcomes


@pytest.mark.parametrize("form", [form for form in BATCHED if form != "CSV"])  # which is cut into blocks of bytes
def test_batches_are_as_small_as_they_are_asked_to_be(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", 3)
    seen: list[int] = []
    given = DATE_FORMS[form](CASE_FRAME, tmp_path)
    measure(LGSCO, cases=given, as_of=AS_OF, progress=lambda _, rows: seen.append(rows))
    assert len(seen) >= 3
    assert seen[-1] == len(CASES)
    assert max(after - before for before, after in zip([0, *seen], seen, strict=False)) <= 3


MANY_ROWS_OF_CSV = 9_000


@pytest.fixture(scope="module")
def long_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of more than one block: the first and the last case share their id."""
    path = tmp_path_factory.mktemp("long") / "cases.csv"
    lines = [f"C{number:05},2024-03-28,2024-04-29,,{'words ' * 350}\n" for number in range(MANY_ROWS_OF_CSV)]
    lines.append(lines[0].replace("words", "other", 1))
    path.write_text("case_id,received_at,decided_at,allocated_at,remarks\n" + "".join(lines), "utf-8")
    return path


def test_a_csv_file_of_several_blocks_is_read_to_its_end(long_csv: Path) -> None:
    seen: list[int] = []
    results = measure(
        LGSCO, cases=long_csv, as_of=AS_OF, targets=TWENTY_DAYS, progress=lambda _, rows: seen.append(rows)
    )
    assert len(seen) > 1
    assert seen[-1] == MANY_ROWS_OF_CSV + 1
    (row,) = results.rows
    assert (row.records, row.met, row.invalid) == (MANY_ROWS_OF_CSV + 1, MANY_ROWS_OF_CSV - 1, 2)


@pytest.mark.parametrize("form", BATCHED)
@pytest.mark.usefixtures("batch_size")
def test_ids_that_meet_across_batches_are_both_invalid(form: str, tmp_path: Path) -> None:
    frame = pd.concat([CASE_FRAME.iloc[[0, 1, 3, 4]], CASE_FRAME.iloc[[0]].assign(team="South")], ignore_index=True)
    outcomes = assess(LGSCO, cases=DATE_FORMS[form](frame, tmp_path), as_of=AS_OF, targets=TWENTY_DAYS)
    assert outcomes["reason"].tolist()[::4] == ["case_id is not unique"] * 2
    assert outcomes["status"].tolist() == ["invalid", "late", "pending", "excluded", "invalid"]


@pytest.mark.usefixtures("batch_size")
def test_a_date_that_is_none_stays_invalid_when_it_is_alone_in_its_batch(tmp_path: Path) -> None:
    days = ["01/02/2024", "02/02/2024", "30/02/2024", "05/02/2024"]
    table = pa.table({"case_id": list("abcd"), "received_at": days, "decided_at": days, "allocated_at": [""] * 4})
    results = measure(
        LGSCO, cases=parquet(table, tmp_path), as_of=AS_OF, targets=TWENTY_DAYS, dates={"cases": "%d/%m/%Y"}
    )
    assert (results.rows[0].met, results.rows[0].invalid) == (3, 1)


@pytest.mark.usefixtures("batch_size")
def test_a_column_with_and_without_zones_is_refused_whatever_the_batches() -> None:
    times = ["2024-02-01T10:00Z", "2024-02-01T10:00Z", "2024-02-01T10:00", "2024-02-01T10:00"]
    frame = pd.DataFrame({"case_id": list("abcd"), "received_at": times, "decided_at": None, "allocated_at": None})
    with pytest.raises(RecordsError, match=r"received_at.* zone"):
        measure(LGSCO, cases=frame, as_of=AS_OF, targets=TWENTY_DAYS)


def test_dates_among_timestamps_are_judged_alike_whatever_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = ["2024-02-01T10:00:00", "2024-02-01T10:00:00", "2024-02-01", "2024-02-01"]
    frame = pd.DataFrame({"offered_at": offered, "answered_at": ["2024-02-01T10:00:10"] * 4})

    def judged(size: int) -> object:
        monkeypatch.setattr(source, "BATCH", size)
        try:
            return measure(LGSCO, calls=frame, as_of=AS_OF, targets="intake-calls-60s").to_dict()
        except RecordsError as error:
            return str(error)

    assert judged(2) == judged(3) == judged(1000)


# Order, ids, empty cells, whitespace


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(seed: int, reference: dict[str, Any]) -> None:
    rows = rows_of(CASE_FRAME)
    random.Random(seed).shuffle(rows)  # noqa: S311
    assert table_of(pd.DataFrame(rows)) == reference


def test_the_order_of_columns_and_columns_of_no_interest_do_not_matter(reference: dict[str, Any]) -> None:
    frame = CASE_FRAME[list(reversed(CASE_COLUMNS))].assign(remarks="x", score=1.5)
    assert table_of(frame) == reference


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_leading_zeros_of_ids_are_kept(ending: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"case_id": ["0007", "007", "7"], "received_at": "2024-03-28"})
    frame = frame.assign(decided_at=None, allocated_at=None)
    path = written(frame, tmp_path, f"cases{ending}")
    outcomes = assess(LGSCO, cases=path, as_of=AS_OF, targets=TWENTY_DAYS)
    assert outcomes["id"].tolist() == ["0007", "007", "7"]
    assert outcomes["status"].tolist() == ["overdue"] * 3


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param([1, 2, 3], id="whole numbers"),
        pytest.param([1.0, 2.0, 3.0], id="whole numbers that met a missing one"),
        pytest.param(pd.array([1, 2, 3], dtype="Int64"), id="Int64"),
        pytest.param(["1", "2", "3"], id="text"),
        pytest.param(pd.Series([1, "2", 3], dtype=object), id="a mixture"),
        pytest.param(pd.Categorical([1, 2, 3]), id="category"),
    ],
)
def test_ids_that_are_numbers_are_written_out(ids: Any) -> None:
    frame = pd.DataFrame({"case_id": ids, "received_at": "2024-03-28", "decided_at": None, "allocated_at": None})
    outcomes = assess(LGSCO, cases=frame, as_of=AS_OF, targets=TWENTY_DAYS)
    assert outcomes["id"].tolist() == ["1", "2", "3"]


def test_mappings_may_have_numbers_as_ids() -> None:
    outcomes = assess(LGSCO, cases=[{"case_id": 17, "received_at": "2024-03-28"}], as_of=AS_OF, targets=TWENTY_DAYS)
    assert outcomes["id"].tolist() == ["17"]


EMPTY = ["", " ", "NA", "N/A", "NULL", "null", "nan", "NaN", "NaT", "None", " NA "]


@pytest.mark.parametrize("cell", EMPTY)
def test_an_empty_cell_of_a_csv_file_is_empty_however_it_is_written(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(f"case_id,received_at,decided_at,allocated_at\nA,2024-03-28,{cell},{cell}\n", "utf-8")
    assert assess(LGSCO, cases=path, as_of=AS_OF, targets=TWENTY_DAYS)["status"].tolist() == ["overdue"]


@pytest.mark.parametrize("cell", EMPTY)
def test_an_empty_cell_of_a_frame_is_empty_however_it_is_written(cell: str) -> None:
    frame = pd.DataFrame({"case_id": "A", "received_at": ["2024-03-28"], "decided_at": cell, "allocated_at": cell})
    assert assess(LGSCO, cases=frame, as_of=AS_OF, targets=TWENTY_DAYS)["status"].tolist() == ["overdue"]


@pytest.mark.parametrize("cell", EMPTY)
def test_an_empty_cell_of_a_mapping_is_empty_however_it_is_written(cell: str) -> None:
    row = {"case_id": "A", "received_at": "2024-03-28", "decided_at": cell}
    assert assess(LGSCO, cases=[row], as_of=AS_OF, targets=TWENTY_DAYS)["status"].tolist() == ["overdue"]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT], ids=str)
def test_what_stands_for_nothing_in_a_mapping_is_nothing(missing: Any) -> None:
    row = {"case_id": "A", "received_at": "2024-03-28", "decided_at": missing, "team": missing, "office": missing}
    results = measure(LGSCO, cases=[row], as_of=AS_OF, targets=TWENTY_DAYS, by=["team", "office"])
    assert [(row.group, row.overdue) for row in results] == [(("(not recorded)", "(not recorded)"), 1)]


@pytest.mark.parametrize("ending", [".csv", "frame", "rows"])
def test_space_around_cells_means_nothing(ending: str, tmp_path: Path) -> None:
    rows = [
        {
            "case_id": " A ",
            "received_at": " 2024-03-28",
            "decided_at": "2024-04-29\t",
            "allocated_at": "  ",
            "team": " N ",
        },
        {"case_id": "B", "received_at": "2024-03-28", "decided_at": " ", "allocated_at": "", "team": "N"},
    ]
    frame = pd.DataFrame(rows)
    given: Any = rows if ending == "rows" else frame if ending == "frame" else written(frame, tmp_path)
    results = measure(LGSCO, cases=given, as_of=AS_OF, targets=TWENTY_DAYS, by="team")
    assert [(row.group, row.met, row.overdue) for row in results] == [(("N",), 1, 1)]


def test_ids_that_differ_in_space_alone_are_the_same() -> None:
    frame = pd.DataFrame(
        {
            "case_id": ["A", " A "],
            "received_at": "2024-03-28",
            "decided_at": None,
            "allocated_at": None,
            "team": [*"NS"],
        }
    )
    outcomes = assess(LGSCO, cases=frame, as_of=AS_OF, targets=TWENTY_DAYS)
    assert outcomes["reason"].tolist() == ["case_id is not unique"] * 2


def test_a_line_break_inside_a_quoted_cell_ends_no_row(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    rows = "".join(f'"line one\nline two, {i}",C{i},2024-03-28,2024-04-29,\n' for i in range(30_000))
    path.write_text("remarks,case_id,received_at,decided_at,allocated_at\n" + rows, "utf-8")
    (row,) = measure(LGSCO, cases=path, as_of=AS_OF, targets=TWENTY_DAYS).rows
    assert (row.records, row.met) == (30_000, 30_000)


# Names of columns and forms of dates


def british(frame: pd.DataFrame) -> pd.DataFrame:
    """Write a frame as an export would: other headings, dates in three forms."""
    out = frame.copy()
    for name in CASE_TIMES:
        form = {"decided_at": "%d %b %Y", "withdrawn_at": "%Y-%m-%d"}.get(name, "%d/%m/%Y")
        texts = [None if text is None else date.fromisoformat(text).strftime(form) for text in frame[name]]
        out[name] = pd.Series(texts, dtype=object)
    return out.rename(columns=HEADINGS)


HEADINGS = {"case_id": "Reference", "received_at": "Date received", "decided_at": "case:enddate", "team": "Team.name"}
FORMATS = {"received_at": "%d/%m/%Y", "valid_at": "%d/%m/%Y", "allocated_at": "%d/%m/%Y", "decided_at": "%d %b %Y"}
MAP = """
[columns.cases]
case_id = "Reference"
received_at = "Date received"
decided_at = "case:enddate"
team = "Team.name"

[dates.cases]
received_at = "%d/%m/%Y"
valid_at = "%d/%m/%Y"
allocated_at = "%d/%m/%Y"
decided_at = "%d %b %Y"
"""

RENAMED_FORMS: dict[str, Form] = {
    "pandas": lambda frame, _: frame,
    "Polars": lambda frame, _: pl.DataFrame(frame.to_dict("list")),
    "Arrow": lambda frame, _: pa.Table.from_pandas(frame),
    "DuckDB": lambda frame, _: duckdb.from_arrow(pa.Table.from_pandas(frame)),
    "CSV": written,
    "Parquet": lambda frame, folder: parquet(pa.Table.from_pandas(frame), folder),
    "mappings": lambda frame, _: rows_of(frame),
}


@pytest.mark.parametrize("said", ["as mappings", "in a file"])
@pytest.mark.parametrize("form", list(RENAMED_FORMS))
def test_other_headings_and_forms_of_dates_are_read_as_the_caller_says(
    form: str, said: str, tmp_path: Path, reference: dict[str, Any]
) -> None:
    (tmp_path / "map.toml").write_text(MAP, "utf-8")
    options: dict[str, Any] = (
        {"columns": tmp_path / "map.toml"}
        if said == "in a file"
        else {"columns": {"cases": HEADINGS}, "dates": {"cases": FORMATS}}
    )
    assert table_of(RENAMED_FORMS[form](british(CASE_FRAME), tmp_path), **options) == reference


@pytest.mark.parametrize("said", ["as a mapping", "in a file"])
def test_one_form_of_dates_for_a_whole_table_is_enough(said: str, tmp_path: Path, reference: dict[str, Any]) -> None:
    frame = converted(CASE_FRAME, lambda text: date.fromisoformat(text).strftime("%d.%m.%Y"))
    path = tmp_path / "map.toml"
    path.write_text('[dates]\ncases = "%d.%m.%Y"\n', "utf-8")
    options: dict[str, Any] = {"columns": str(path)} if said == "in a file" else {"dates": {"cases": "%d.%m.%Y"}}
    assert table_of(frame, **options) == reference


def test_the_callers_dates_count_before_those_of_the_file(tmp_path: Path, reference: dict[str, Any]) -> None:
    frame = converted(CASE_FRAME, lambda text: date.fromisoformat(text).strftime("%d.%m.%Y"))
    path = tmp_path / "map.toml"
    path.write_text('[dates]\ncases = "%Y"\n', "utf-8")
    assert table_of(frame, columns=path, dates={"cases": "%d.%m.%Y"}) == reference


def test_each_table_has_its_own_form_of_dates() -> None:
    cases = pd.DataFrame(
        {"case_id": ["A"], "received_at": ["03/04/2024"], "decided_at": [None], "allocated_at": [None]}
    )
    requests = pd.DataFrame(
        {"request_id": ["R"], "kind": "service-complaint", "received_at": ["04/03/2024"], "answered_at": [None]}
    )
    options: dict[str, Any] = {"as_of": AS_OF, "targets": [TWENTY_DAYS, "service-complaints-20wd"]}
    outcomes = assess(
        LGSCO, cases=cases, requests=requests, dates={"cases": "%d/%m/%Y", "requests": "%m/%d/%Y"}, **options
    )
    assert [str(moment)[:10] for moment in outcomes["start"]] == ["2024-04-03"] * 2


def test_a_form_with_a_time_and_an_offset_is_read_as_instants() -> None:
    stamps = ["30/06/2024 23:30 +0000", "01/07/2024 08:30 +0900"]  # both half past midnight in London
    frame = pd.DataFrame({"contact_id": ["a", "b"], "received_at": stamps, "handled_at": None})
    outcomes = assess(
        LGSCO,
        written_contacts=frame,
        as_of="2024-07-31",
        targets=THREE_DAYS,
        dates={"written_contacts": {"received_at": "%d/%m/%Y %H:%M %z"}},
    )
    assert [str(moment)[:10] for moment in outcomes["start"]] == ["2024-07-01"] * 2


def test_a_form_for_text_leaves_real_dates_of_the_same_column_alone() -> None:
    """A worksheet keeps some dates as dates, and those that it didn't understand as text."""
    mixed = pd.Series([date(2024, 3, 28), "28/03/2024", datetime.fromisoformat("2024-03-28")], dtype=object)
    frame = pd.DataFrame({"case_id": list("abc"), "received_at": mixed, "decided_at": None, "allocated_at": None})
    outcomes = assess(LGSCO, cases=frame, as_of=AS_OF, targets=TWENTY_DAYS, dates={"cases": "%d/%m/%Y"})
    assert [str(moment)[:10] for moment in outcomes["start"]] == ["2024-03-28"] * 3


def test_a_form_can_be_named_for_a_time_of_the_users_own(tmp_path: Path) -> None:
    scheme = own_deadlines(tmp_path)
    frame = CASE_FRAME.iloc[:2].assign(due_at=["29/04/2024", "29/04/2024"])
    results = measure(scheme, cases=frame, as_of=AS_OF, dates={"cases": {"due_at": "%d/%m/%Y"}})
    assert (results.rows[0].met, results.rows[0].missed) == (1, 1)


def own_deadlines(folder: Path) -> Scheme:
    path = folder / "own.toml"
    path.write_text(
        """
        id = "own"
        title = "Own deadlines"
        source = "Each case"
        division = "england-and-wales"
        [[target]]
        id = "in-time"
        says = "By its own deadline"
        of = "cases"
        start = "received_at"
        stop = "decided_at"
        limit = { field = "due_at" }
        cohort = "due"
        """,
        "utf-8",
    )
    return load_scheme(path)


@pytest.mark.parametrize("every", [None, "month", "year"])
def test_a_deadline_that_stands_for_never_is_one_invalid_record(every: Any, tmp_path: Path) -> None:
    frame = CASE_FRAME.iloc[:2].assign(due_at=["2024-04-29", "9999-12-31"])
    results = measure(own_deadlines(tmp_path), cases=frame, as_of=AS_OF, every=every)
    assert (sum(row.met or 0 for row in results), sum(row.invalid or 0 for row in results)) == (1, 1)
    assert len(results) <= 2


def test_a_column_can_stand_for_two_fields() -> None:
    columns = {"cases": {"valid_at": "received_at"}}
    frame = CASE_FRAME.drop(columns="valid_at")
    results = measure(LGSCO, cases=frame, as_of=AS_OF, columns=columns)
    assert results["investigation-13w"].rows[0].met == 0  # from 1 November 2023 to 1 February 2024 are 92 days
    assert results["investigation-13w"].rows[0].missed == 1


def test_where_the_whole_column_is_absent_another_stands_in_for_it() -> None:
    results = measure(LGSCO, cases=CASE_FRAME.drop(columns="valid_at"), as_of=AS_OF, targets="investigation-13w")
    assert (results.rows[0].met, results.rows[0].missed) == (0, 1)
    emptied = measure(LGSCO, cases=CASE_FRAME.assign(valid_at=None), as_of=AS_OF, targets="investigation-13w")
    assert (emptied.rows[0].met, emptied.rows[0].missed, emptied.rows[0].invalid) == (0, 0, 1)
    assert "valid_at is missing, and decided_at is there" in emptied.rows[0].note


def test_a_format_for_what_is_no_time_is_an_error() -> None:
    with pytest.raises(OptionError, match=r"'team'.*isn't a time.*received_at"):
        measure(LGSCO, cases=CASE_FRAME, as_of=AS_OF, dates={"cases": {"team": "%d/%m/%Y"}})


def test_a_gzip_file_written_by_hand_is_read(tmp_path: Path, reference: dict[str, Any]) -> None:
    path = tmp_path / "cases.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CASE_COLUMNS)
        writer.writeheader()
        writer.writerows({name: row.get(name) or "" for name in CASE_COLUMNS} for row in CASES)
    assert table_of(path) == reference


def test_one_record_alone_can_be_given_without_a_list() -> None:
    for record in (CASES[0], Case.model_validate(CASES[0])):
        assert assess(LGSCO, cases=record, as_of=AS_OF, targets=TWENTY_DAYS)["status"].tolist() == ["met"]


def test_measuring_twice_from_one_source_gives_the_same(tmp_path: Path) -> None:
    for form in ("pandas text", "Polars LazyFrame", "Arrow RecordBatch", "DuckDB dates", "CSV.gz", "Parquet dates"):
        given = DATE_FORMS[form](CASE_FRAME, tmp_path)
        assert table_of(given) == table_of(given)


def test_the_callers_frame_is_left_as_it_was() -> None:
    frame = CASE_FRAME.copy(deep=True)
    table_of(frame)
    pd.testing.assert_frame_equal(frame, CASE_FRAME)


@pytest.mark.parametrize("form", ["mappings", "pandas text", "CSV", "Polars text"])
def test_columns_the_wrong_way_round_are_refused_with_the_right_form(form: str, tmp_path: Path) -> None:
    names = {"received_at": "Date received", "decided_at": "Date out"}
    frame = CASE_FRAME.rename(columns=names)
    given = DATE_FORMS[form](frame, tmp_path)
    columns = {"cases": {column: own for own, column in names.items()}}
    with pytest.raises(OptionError, match="wrong way round") as refused:
        outcomes_of(given, columns=columns)
    assert f"columns={ {'cases': names} }" in str(refused.value)
    assert outcomes_of(given, columns={"cases": names}) == outcomes_of(DATE_FORMS[form](CASE_FRAME, tmp_path))
