"""Event logs in every form, and measured as if their cases had been given."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ombudsman_kpi import RecordsError, Scheme, assess, history, load_scheme, measure

pytestmark = pytest.mark.usefixtures("each_way")

AS_OF = "2024-05-31"
ON_CLOCKS = ["decided-or-allocated-20wd", "investigation-13w", "investigation-26w", "investigation-52w"]

Event = dict[str, Any]


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


def log_of(moment: Callable[[str], Any]) -> list[Event]:
    """Make a log whose times are dates, or timestamps of some kind."""
    said = [
        ("A1", "decided", "2024-04-30T11:00", "upheld"),
        ("A1", "received", "2024-03-28T09:30", None),
        ("B2", "received", "2024-03-28T09:30", None),
        ("B2", "filed", "2024-03-28T10:00", None),
        ("A1", "allocated", "2024-04-29T16:00", None),
        ("B2", "decided", "2024-04-29T23:30", "not-upheld"),
        ("C3", "received", "2024-04-02T08:00", None),
        ("A1", "decided", "2024-05-02T11:00", "not-upheld"),
        ("A1", "reopened", "2024-05-01T11:00", None),
    ]
    return [
        {"case_id": case, "event": event, "at": moment(at), "decision": decision} for case, event, at, decision in said
    ]


MOMENTS: dict[str, Callable[[str], Any]] = {
    "dates": lambda text: date.fromisoformat(text[:10]),
    "times without a zone": datetime.fromisoformat,
    "times with a zone": lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
    "dates as text": lambda text: text[:10],
    "times as text": lambda text: text,
    "times as text with a zone": lambda text: f"{text}:00+00:00",
}


def csv_of(log: list[Event], folder: Path) -> Path:
    path = folder / "log.csv"
    pd.DataFrame(log).to_csv(path, index=False)
    return path


def parquet_of(log: list[Event], folder: Path) -> str:
    path = folder / "log.parquet"
    pq.write_table(pa.Table.from_pylist(log), path)
    return str(path)


FORMS: dict[str, Callable[[list[Event], Path], Any]] = {
    "pandas": lambda log, _: pd.DataFrame(log),
    "categories of pandas": lambda log, _: pd.DataFrame(log).astype({"case_id": "category", "event": "category"}),
    "Polars": lambda log, _: pl.DataFrame(log),
    "Polars, lazy": lambda log, _: pl.LazyFrame(log),
    "Arrow": lambda log, _: pa.Table.from_pylist(log),
    "CSV": csv_of,
    "Parquet": parquet_of,
}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("kind", list(MOMENTS))
def test_the_cases_are_the_same_in_every_form(lgsco: Scheme, tmp_path: Path, kind: str, form: str) -> None:
    log = log_of(MOMENTS[kind])
    plain = history(lgsco, events=log, as_of=AS_OF)
    found = history(lgsco, events=FORMS[form](log, tmp_path), as_of=AS_OF)
    assert plain.rows.column("case_id").to_pylist() == ["A1", "B2", "C3"]
    assert plain.rows.column("reopenings").to_pylist() == [1, 0, 0]
    assert plain.rows.column("decision").to_pylist() == ["upheld", "not-upheld", None]
    assert found.rows.to_pylist() == plain.rows.to_pylist()
    assert (found.unknown, found.nameless) == (plain.unknown, plain.nameless) == ({"filed": 1}, 0)


def test_midnights_of_pandas_are_its_dates(lgsco: Scheme) -> None:
    frame = pd.DataFrame(log_of(MOMENTS["dates"]))
    frame["at"] = pd.to_datetime(frame["at"])
    by_dates = measure(lgsco, events=log_of(MOMENTS["dates"]), as_of=AS_OF, targets=ON_CLOCKS)
    assert measure(lgsco, events=frame, as_of=AS_OF, targets=ON_CLOCKS).rows == by_dates.rows


CASES = [
    {
        "case_id": "A1",
        "received_at": "2024-03-28T09:30",
        "allocated_at": "2024-04-29T16:00",
        "decided_at": "2024-04-30T11:00",
        "decision": "upheld",
    },
    {
        "case_id": "B2",
        "received_at": "2024-03-28T09:30",
        "allocated_at": None,
        "decided_at": "2024-04-29T23:30",
        "decision": "not-upheld",
    },
    {"case_id": "C3", "received_at": "2024-04-02T08:00", "allocated_at": None, "decided_at": None, "decision": None},
]


@pytest.mark.parametrize("as_of", ["2024-04-29", "2024-04-30", AS_OF, "2024-04-30T10:59:59"])
def test_a_log_is_measured_as_the_cases_it_tells_of(lgsco: Scheme, as_of: str) -> None:
    log = [event for event in log_of(MOMENTS["times as text"]) if event["event"] != "filed"]
    from_log = measure(lgsco, events=log, as_of=as_of, by="decision", every="month", cohort="all", targets=ON_CLOCKS)
    from_cases = measure(lgsco, cases=CASES, as_of=as_of, by="decision", every="month", cohort="all", targets=ON_CLOCKS)
    assert from_log.rows == from_cases.rows
    assert len(from_log.rows) > len(ON_CLOCKS)


def test_each_case_of_a_log_has_the_outcome_that_was_worked_out_by_hand(lgsco: Scheme) -> None:
    rows = assess(lgsco, events=log_of(MOMENTS["times as text"]), as_of="2024-04-30", targets=ON_CLOCKS[0])
    assert rows["id"].tolist() == ["A1", "B2", "C3"]
    assert rows["status"].tolist() == ["met", "met", "pending"]  # it is day 20 of each
    assert rows["elapsed"].tolist() == [20, 20, 20]


def test_the_unknown_kinds_of_the_log_are_noted_with_the_results(lgsco: Scheme) -> None:
    results = measure(lgsco, events=log_of(MOMENTS["dates"]), as_of=AS_OF, targets=ON_CLOCKS[0])
    assert "kind: filed (1)" in results[ON_CLOCKS[0]].rows[0].note


def test_given_cases_are_measured_and_not_those_of_the_log(lgsco: Scheme) -> None:
    both = measure(lgsco, cases=CASES[:1], events=log_of(MOMENTS["dates"]), as_of=AS_OF, targets=ON_CLOCKS[0])
    assert both[ON_CLOCKS[0]].rows[0].records == 1


def test_a_log_in_which_nothing_was_allocated_yet_is_measured(lgsco: Scheme) -> None:
    log = [
        {"case_id": "A1", "event": "received", "at": "2024-03-28"},
        {"case_id": "A1", "event": "decided", "at": "2024-04-29"},
    ]
    row = measure(lgsco, events=log, as_of=AS_OF)[ON_CLOCKS[0]].rows[0]
    assert (row.records, row.met, row.missed) == (1, 1, 0)


def test_contact_cannot_be_measured_by_a_log_that_does_not_say_with_whom(lgsco: Scheme) -> None:
    with pytest.raises(RecordsError, match=r"no column 'party', which contact with the parties needs"):
        measure(
            lgsco, cases=CASES, events=pd.DataFrame(log_of(MOMENTS["dates"])), as_of=AS_OF, targets="keep-in-touch-20wd"
        )


def test_dates_among_times_with_a_zone_count_on_their_own_day(lgsco: Scheme) -> None:
    log = pa.table(
        {
            "case_id": ["A1", "A1", "B2", "B2"],
            "event": ["received"] * 4,
            "at": ["2024-07-02", "2024-07-02T23:30:00Z", "2024-07-03", "2024-07-01T23:30:00Z"],
        }
    )
    rows = assess(lgsco.with_target(ON_CLOCKS[0], stop="decided_at"), events=pa.concat_tables([log, pa.table(
        {"case_id": ["A1", "B2"], "event": ["decided"] * 2, "at": ["2024-07-04", "2024-07-04"]}
    )]), as_of=AS_OF.replace("05", "07"), targets=ON_CLOCKS[0])  # fmt: skip
    # 23:30 UTC is half past midnight in London, the day after
    assert rows.set_index("id")["start"].to_dict() == {
        "A1": pd.Timestamp("2024-07-02"),
        "B2": pd.Timestamp("2024-07-02"),
    }
    assert rows.set_index("id")["elapsed"].to_dict() == {"A1": 2, "B2": 2}
