"""What programs really write: timestamps of Spark, midnights of pandas, dates of spreadsheets, codes of one's own.

Each value is worked out on paper: 20 working days after 28 March 2024 is 29 April: 29 March and 1 April are holidays.
"""

import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ombudsman_kpi as kpi

sys.path.append(str(Path(__file__).parent))
from containers import FORMS, Cells

LGSCO, HOUSING = kpi.load_scheme("lgsco"), kpi.load_scheme("housing-ombudsman-2019")
DECIDED, ORDERS = "decided-or-allocated-20wd", "orders-complied"
OPTIONS: dict[str, Any] = {"as_of": "2024-12-31", "targets": DECIDED}
every_form = pytest.mark.parametrize("form", list(FORMS))


def cases(*decided: Any, **more: Any) -> Cells:
    """Make cases received on the Thursday before Easter, and decided when it is said."""
    plain = {"received_at": "2024-03-28", "allocated_at": None, **more}
    return [{"case_id": f"A{place}", **plain, "decided_at": cell} for place, cell in enumerate(decided)]


def statuses(given: Any, **options: Any) -> list[str]:
    found = kpi.assess(LGSCO, cases=given, **{**OPTIONS, **options})
    return [f"{status} {reason}".strip() for status, reason in zip(found["status"], found["reason"], strict=True)]


# Timestamps of Spark


@pytest.mark.parametrize("wrap", [lambda path, _: path, lambda _, table: table], ids=["INT96", "timestamps"])
def test_timestamps_of_96_bits_are_instants_and_the_summer_has_its_hour(
    wrap: Callable[[Path, pa.Table], Any], tmp_path: Path
) -> None:
    """Half past eleven in the evening of 29 April in UTC is half past midnight of the 30th in London."""
    clock = ["2024-04-29T22:30", "2024-04-29T23:30", "2024-04-29T22:59:59.999999", "2024-03-28T23:30"]
    stamps = pa.array([datetime.fromisoformat(text) for text in clock], pa.timestamp("us"))
    table = pa.table({
        "case_id": [f"A{place}" for place in range(4)], "received_at": pa.array([date(2024, 3, 28)] * 4),
        "allocated_at": pa.nulls(4, pa.string()), "decided_at": stamps,
    })  # fmt: skip
    path = tmp_path / "cases.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    instants = table.set_column(3, "decided_at", stamps.cast(pa.timestamp("us", "UTC")))
    assert statuses(wrap(path, instants)) == ["met", "late", "met", "met"]
    assert statuses(table) == ["met"] * 4  # on the wall all of them are in time


# Midnights of pandas


def orders(due: Any, complied: Any) -> Cells:
    return [{"case_id": "A", "due_at": due, "complied_at": complied}]


def of_orders(given: Any) -> list[str]:
    found = kpi.assess(HOUSING, orders=given, as_of="2024-12-31", targets=ORDERS)
    return found["status"].astype(str).tolist()


def pandas_parquet(rows: Cells, folder: Path) -> Path:
    pd.DataFrame(rows).to_parquet(folder / "orders.parquet")
    return folder / "orders.parquet"


MIDNIGHTS: dict[str, Callable[[Cells, Path], Any]] = {
    "rows": lambda rows, _: rows,
    "a generator of rows": lambda rows, _: iter(rows),
    "pandas": lambda rows, _: pd.DataFrame(rows),
    "pandas objects": lambda rows, _: pd.DataFrame(rows, dtype=object),
    "a generator of frames": lambda rows, _: (pd.DataFrame([row]) for row in rows),
    "Arrow from pandas": lambda rows, _: pa.Table.from_pandas(pd.DataFrame(rows)),
    "Parquet from pandas": pandas_parquet,
}


@pytest.mark.parametrize("form", list(MIDNIGHTS))
@pytest.mark.parametrize(
    ("complied", "status"),
    [("2024-04-29T16:00", "met"), ("2024-04-29T23:59:59", "met"), ("2024-04-30T00:00:01", "late")],
)
def test_an_order_that_is_complied_with_on_its_day_is_met_where_pandas_wrote_the_day(
    form: str, complied: str, status: str, tmp_path: Path
) -> None:
    rows = orders(pd.Timestamp("2024-04-29"), pd.Timestamp(complied))
    assert of_orders(MIDNIGHTS[form](rows, tmp_path)) == [status]
    (alone,) = kpi.deadlines(HOUSING, kpi.Order(**rows[0]), as_of="2024-12-31", targets=ORDERS)
    (mapped,) = kpi.deadlines(HOUSING, kpi.Order.model_validate(rows[0]), as_of="2024-12-31", targets=ORDERS)
    assert alone.status == mapped.status == status


@pytest.mark.parametrize("made", [pl.DataFrame, pa.Table.from_pylist, list])
@pytest.mark.parametrize(
    ("due", "status"), [(date(2024, 4, 29), "met"), (datetime.fromisoformat("2024-04-29T00:00"), "late")]
)
def test_elsewhere_a_day_is_a_date_and_a_midnight_is_a_time(made: Callable[..., Any], due: Any, status: str) -> None:
    """Only pandas has no dates: a midnight in another container is the moment that it says."""
    assert of_orders(made(orders(due, datetime.fromisoformat("2024-04-29T16:00")))) == [status]


# Names of columns


@every_form
@pytest.mark.parametrize("first", ["decided_at", "Closed"])
def test_a_field_is_read_from_the_column_that_is_named_also_where_there_is_one_of_its_own_name(
    form: str, first: str, tmp_path: Path
) -> None:
    rows = cases("2024-05-31", None, Closed="2024-04-02")
    names = [first, *(name for name in rows[0] if name != first)]
    rows = [{name: row[name] for name in names} for row in rows]
    assert statuses(FORMS[form](rows, tmp_path)) == ["late", "overdue"]
    named = {"cases": {"decided_at": "Closed"}}
    assert statuses(FORMS[form](rows, tmp_path), columns=named) == ["met", "met"]


@every_form
def test_two_fields_may_be_read_from_one_column(form: str, tmp_path: Path) -> None:
    rows = [{"case_id": "A", "Come": "2024-03-28", "Done": "2024-04-02", "allocated_at": None}]
    both = {
        "received_at": "Come",
        "valid_at": "Come",
        "decided_at": "Done",
        "closed_at": "Done",
        "allocated_at": "Done",
    }
    found = kpi.assess(
        LGSCO, cases=FORMS[form](rows, tmp_path), columns={"cases": both}, as_of="2024-12-31",
        targets=[DECIDED, "investigation-13w"],
    )  # fmt: skip
    assert found["status"].tolist() == ["met", "met"]
    assert set(found["start"].astype(str)) == {"2024-03-28"}


# Formats of dates


FORMATS = [
    ("%d %b %Y", ["29 Apr 2024", "30 April 2024", " 3 Sept 2024", "3 September 2024", "1 apr. 2024", "31 Apr 2024"]),
    ("%d/%m/%y", ["29/04/24", "30/4/24", "3/9/24", "03/09/24", "1/4/24", "31/04/24"]),
    ("%m/%d/%Y", ["4/29/2024", "4/30/2024", "9/3/2024", "09/03/2024", "04/1/2024", "4/31/2024"]),
    ("%Y%m%d", ["20240429", "20240430", "20240903", "20240903.0", "20240401", "20240431"]),
]


@every_form
@pytest.mark.parametrize(("written", "cells"), FORMATS, ids=[written for written, _ in FORMATS])
def test_dates_are_read_as_they_are_written(form: str, written: str, cells: list[str], tmp_path: Path) -> None:
    given = FORMS[form](cases(*cells, None), tmp_path)
    found = kpi.assess(LGSCO, cases=given, **OPTIONS, dates={"cases": {"decided_at": written}})
    assert found["stop"].astype(str).tolist()[:5] == [
        "2024-04-29", "2024-04-30", "2024-09-03", "2024-09-03", "2024-04-01"
    ]  # fmt: skip
    assert found["status"].tolist() == ["met", "late", "late", "late", "met", "invalid", "overdue"]
    assert found["reason"].tolist()[5] == "decided_at is not a real date or time"


WHOLE = [form for form in FORMS if "single rows" not in form]
AMERICAN = ["7/29/2024", "4/2/2024", "4/30/2024", "12/15/2024", "4/3/2024"]


@pytest.mark.parametrize("form", WHOLE)
def test_the_format_that_fits_all_cells_is_proposed(form: str, tmp_path: Path) -> None:
    with pytest.raises(kpi.RecordsError) as raised:
        statuses(FORMS[form](cases(*AMERICAN), tmp_path))
    assert ": decided_at has the form 9/99/9999, which isn't a date in ISO 8601" in str(raised.value)
    assert "'%m/%d/%Y'" in str(raised.value)
    assert "'%d/%m/%Y'" not in str(raised.value)
    found = statuses(FORMS[form](cases(*AMERICAN), tmp_path), dates={"cases": {"decided_at": "%m/%d/%Y"}})
    assert found == ["late", "met", "late", "late", "met"]


@pytest.mark.parametrize("form", WHOLE)
def test_a_format_by_which_most_days_are_none_is_an_error_that_names_the_other(form: str, tmp_path: Path) -> None:
    with pytest.raises(
        kpi.RecordsError, match=r"decided_at is to be read by '%d/%m/%Y', by which [23] of [25] cells"
    ) as told:
        statuses(FORMS[form](cases(*AMERICAN), tmp_path), dates={"cases": {"decided_at": "%d/%m/%Y"}})
    assert "By '%m/%d/%Y' all of them are: name that format" in str(told.value)


@every_form
def test_one_slip_of_the_pen_is_no_reason_to_doubt_a_format(form: str, tmp_path: Path) -> None:
    days = [f"{day}/4/2024" for day in range(2, 9)]
    found = statuses(FORMS[form](cases(*days, "4/29/2024"), tmp_path), dates={"cases": {"decided_at": "%d/%m/%Y"}})
    assert found == ["met"] * 7 + ["invalid decided_at is not a real date or time"]


EXCEL: dict[str, Callable[[Cells], Any]] = {
    "rows": lambda rows: rows,
    "pandas objects": lambda rows: pd.DataFrame(rows, dtype=object),
    "Timestamps": lambda rows: [
        {name: pd.Timestamp(cell) if isinstance(cell, datetime) else cell for name, cell in row.items()} for row in rows
    ],
}


@pytest.mark.parametrize("form", list(EXCEL))
def test_of_a_column_half_text_and_half_times_the_times_keep_their_seconds(form: str) -> None:
    offered = [datetime.fromisoformat("2024-03-28T09:00:10"), "28/03/2024 09:00:10"] * 2
    answered = [*[datetime.fromisoformat("2024-03-28T09:01:10")] * 2, "28/03/2024 09:01:11", "28/03/2024 09:01:11"]
    rows = [
        {"call_id": place, "offered_at": start, "answered_at": end}
        for place, (start, end) in enumerate(zip(offered, answered, strict=True))
    ]
    found = kpi.assess(
        LGSCO, calls=EXCEL[form](rows), as_of="2024-03-31", targets="intake-calls-60s",
        dates={"calls": "%d/%m/%Y %H:%M:%S"},
    )  # fmt: skip
    assert found["elapsed"].tolist() == [60, 60, 61, 61]
    assert found["status"].tolist() == ["met", "met", "late", "late"]


# Cells that are no text, and groups of days


@pytest.mark.parametrize("name", ["case_id", "team", "decided_at", "decision"])
@pytest.mark.parametrize(
    "made", [list, iter, lambda rows: pd.DataFrame(rows, dtype=object)], ids=["rows", "iter", "pandas"]
)
def test_half_a_character_is_one_error(name: str, made: Callable[[Cells], Any]) -> None:
    rows = [{**row, "team": "North", "decision": "upheld"} for row in cases("2024-04-02", "2024-04-02")]
    rows[1][name] = "\ud83d"
    scheme = LGSCO.with_target(DECIDED, where={"decision": "upheld"})
    with pytest.raises(kpi.RecordsError, match=rf"^cases.*: {name} holds half a character") as raised:
        kpi.tally(scheme, cases=made(rows), **OPTIONS, by="team")
    assert "\ud83d" not in str(raised.value)


DAYS = [date(2024, 3, 28), date(2024, 4, 2), None]
OF_DAYS: dict[str, Callable[[Cells, Path], Any]] = {
    **FORMS,
    "dates in rows": lambda rows, _: rows,
    "dates in pandas": lambda rows, _: pd.DataFrame(rows),
    "times in pandas": lambda rows, _: pd.DataFrame(rows).astype({"asked": "datetime64[ns]"}),
    "dates in Polars": lambda rows, _: pl.DataFrame(rows),
    "dates in Arrow": lambda rows, _: pa.Table.from_pylist(rows),
    "dates of 64 bits in Arrow": lambda rows, _: pa.Table.from_pylist(rows).set_column(
        4, "asked", pa.array([row["asked"] for row in rows], pa.date64())
    ),
    "days written by pandas": pandas_parquet,
}  # fmt: skip


@pytest.mark.parametrize("form", list(OF_DAYS))
def test_groups_of_days_are_called_by_their_dates(form: str, tmp_path: Path) -> None:
    rows = [{**row, "asked": day} for row, day in zip(cases(*["2024-04-02"] * 3), DAYS, strict=True)]
    if form in FORMS:
        rows = [{**row, "asked": day and day.isoformat()} for row, day in zip(rows, DAYS, strict=True)]
    found = kpi.measure(LGSCO, cases=OF_DAYS[form](rows, tmp_path), **OPTIONS, by="asked")
    assert [row.group for row in found.rows] == [("(not recorded)",), ("2024-03-28",), ("2024-04-02",)]


# Codes of one's own


MAP = """
[columns.requests]
request_id = "Ref"

[values.requests]
kind = { "Stage 1" = "service-complaint", "Stage 2" = "post-decision-review" }

[events]
Resolved = "decided"
Logged = "received"

[missing]
requests = ["TBC"]
cases = ["not yet"]

[periods]
quarters = "financial"
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAP, "utf-8")
    return tmp_path / "map.toml"


@every_form
def test_words_of_ones_own_stand_for_those_that_are_known(form: str, mapping: Path, tmp_path: Path) -> None:
    rows: Cells = [
        {"Ref": "1", "kind": "Stage 1", "received_at": "2024-03-28", "answered_at": "2024-04-29"},
        {"Ref": "2", "kind": " Stage 2 ", "received_at": "2024-03-28", "answered_at": "tbc"},
        {"Ref": "3", "kind": "service-complaint", "received_at": "2024-03-28", "answered_at": "2024-04-30"},
        {"Ref": "4", "kind": "TBC", "received_at": "2024-03-28", "answered_at": None},
    ]
    targets = ["service-complaints-20wd", "post-decision-reviews-20wd"]
    found = kpi.assess(
        LGSCO, requests=FORMS[form](rows, tmp_path), columns=mapping, as_of="2024-06-30", targets=targets
    )
    assert found["status"].tolist() == [
        "met",
        "excluded",
        "late",
        "invalid",
        "excluded",
        "overdue",
        "excluded",
        "invalid",
    ]


@every_form
def test_events_of_ones_own_stand_for_those_that_are_known(form: str, mapping: Path, tmp_path: Path) -> None:
    told = [
        ("A", "Resolved", "2024-04-29"), ("A", "Logged", "2024-03-28"), ("B", "received", "2024-03-28"),
        ("B", " Resolved", "2024-04-30"), ("B", "resolved", "2024-04-02"),
    ]  # fmt: skip
    log = [dict(zip(("case_id", "event", "at"), event, strict=True)) for event in told]
    found = kpi.history(LGSCO, events=FORMS[form](log, tmp_path), columns=mapping, as_of="2024-06-30")
    frame = found.cases.sort_values("case_id").astype(str)
    assert frame[["case_id", "received_at", "decided_at"]].to_numpy().tolist() == [
        ["A", "2024-03-28", "2024-04-29"], ["B", "2024-03-28", "2024-04-30"],
    ]  # fmt: skip
    assert dict(found.unknown) == {"resolved": 1}


@every_form
def test_words_for_nothing_and_quarters_are_those_of_the_file(form: str, mapping: Path, tmp_path: Path) -> None:
    assert statuses(FORMS[form](cases("Not yet", "2024-04-02"), tmp_path), columns=mapping) == ["overdue", "met"]
    target: dict[str, Any] = {"of": "cases", "measure": "volume", "dated": "received_at", "cohort": "received"}
    scheme = LGSCO.with_target("received", says="Cases received", **target)
    rows: Cells = [{"period": "Q1 2020", "count": "5"}, {"period": "Q4 2020", "count": "7.0"}]
    options: dict[str, Any] = {"as_of": "2021-12-31", "every": "quarter", "targets": "received"}
    results = kpi.measure(scheme, cases=FORMS[form](rows, tmp_path), columns=mapping, **options)
    figures = [(row.period, row.records) for row in results.rows if row.records]
    assert figures == [("2020/21 Q1", 5), ("2020/21 Q4", 7)]
    with pytest.raises(kpi.RecordsError, match="may be a quarter of the calendar year, or of the financial year"):
        kpi.measure(scheme, cases=FORMS[form](rows, tmp_path), **options)
