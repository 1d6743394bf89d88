"""Permit applications with deadlines of their own: the figures that are known of a public event log."""

import csv
import gzip
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ombudsman_kpi import Scheme, assess, load_scheme, measure

ROOT = Path(__file__).parents[2]
LOG = ROOT.parent / "shared" / "data" / "receipt" / "receipt.csv.gz"
COLUMNS = {
    "cases": {
        "case_id": "case:concept:name",
        "received_at": "case:startdate",
        "decided_at": "case:enddate",
        "due_at": "case:deadline",
    }
}
AS_OF = "2012-12-31"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TO_THE_INSTANT, BY_THE_DAY = "by-its-deadline", "by-the-day-of-its-deadline"

CASES, CLOSED, IN_TIME_TO_THE_INSTANT, IN_TIME_BY_THE_DAY = 1434, 1329, 952, 1020

pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="the event log isn't beside the repository")


@dataclass(frozen=True)
class Permit:
    """One application, as the log has it."""

    start: datetime
    end: datetime | None
    deadline: datetime


def read_permits() -> dict[str, Permit]:
    """Read the log in plain Python: one application for each case id."""
    permits: dict[str, Permit] = {}
    with gzip.open(LOG, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start, end, deadline = (row[f"case:{name}"] for name in ("startdate", "enddate", "deadline"))
            permit = Permit(
                datetime.fromisoformat(start),
                datetime.fromisoformat(end) if end else None,
                datetime.fromisoformat(deadline),
            )
            assert permits.setdefault(row["case:concept:name"], permit) == permit
    return permits


@pytest.fixture(scope="module")
def permits() -> dict[str, Permit]:
    return read_permits()


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    return load_scheme(ROOT / "examples" / "schemes" / "permits.toml")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """One row for each case id; the times are text with changing offsets."""
    return pd.read_csv(LOG, dtype="str").drop_duplicates("case:concept:name")


def in_time(permit: Permit, *, by_the_day: bool) -> bool:
    assert permit.end is not None
    if by_the_day:
        return permit.end.astimezone(AMSTERDAM).date() <= permit.deadline.astimezone(AMSTERDAM).date()
    return permit.end <= permit.deadline


def test_plain_python_gives_the_known_figures(permits: dict[str, Permit]) -> None:
    closed = [permit for permit in permits.values() if permit.end is not None]
    assert len(permits) == CASES
    assert len(closed) == CLOSED
    assert sum(in_time(permit, by_the_day=False) for permit in closed) == IN_TIME_TO_THE_INSTANT
    assert sum(in_time(permit, by_the_day=True) for permit in closed) == IN_TIME_BY_THE_DAY


def test_the_offsets_of_the_log_change(table: pd.DataFrame) -> None:
    assert set(table["case:startdate"].str[-6:]) == {"+01:00", "+02:00"}


@pytest.mark.parametrize(
    ("target", "met"), [(TO_THE_INSTANT, IN_TIME_TO_THE_INSTANT), (BY_THE_DAY, IN_TIME_BY_THE_DAY)]
)
def test_the_library_gives_the_known_figures(target: str, met: int, scheme: Scheme, table: pd.DataFrame) -> None:
    (row,) = measure(scheme, cases=table, columns=COLUMNS, as_of=AS_OF)[target].rows
    assert (row.records, row.met, row.missed) == (CASES, met, CLOSED - met)
    assert (row.numerator, row.denominator, row.value) == (met, CLOSED, met / CLOSED)
    assert (row.pending, row.invalid, row.excluded) == (0, 0, CASES - CLOSED)
    assert row.status == "no target"


@pytest.mark.parametrize("by_the_day", [False, True], ids=["to the instant", "by the day"])
def test_every_case_has_the_outcome_of_plain_python(
    by_the_day: bool, scheme: Scheme, table: pd.DataFrame, permits: dict[str, Permit]
) -> None:
    target = BY_THE_DAY if by_the_day else TO_THE_INSTANT
    rows = assess(scheme, cases=table, columns=COLUMNS, as_of=AS_OF, targets=target)
    found = dict(zip(rows["id"], rows["status"], strict=True))
    assert set(found) == set(permits)
    for name, permit in permits.items():
        if permit.end is not None:
            assert found[name] == ("met" if in_time(permit, by_the_day=by_the_day) else "late"), name
        else:
            assert found[name] in {"overdue", "pending"}


@pytest.mark.parametrize("every", ["month", "quarter", "year"])
def test_periods_are_those_of_the_clock_in_amsterdam(
    every: Any, scheme: Scheme, table: pd.DataFrame, permits: dict[str, Permit]
) -> None:
    rows = measure(scheme, cases=table, columns=COLUMNS, as_of=AS_OF, every=every)[TO_THE_INSTANT].rows
    ends = [permit.end.astimezone(AMSTERDAM).date() for permit in permits.values() if permit.end is not None]
    for row in rows:
        if row.period_start is not None and row.period_end is not None:
            assert row.denominator == sum(row.period_start <= end <= row.period_end for end in ends), row.period
    assert sum(row.denominator or 0 for row in rows) == CLOSED


def test_the_whole_log_has_most_cases_many_times(scheme: Scheme) -> None:
    """Given as events, a row for each, the ids aren't unique, and nothing is counted twice without a word."""
    row = measure(scheme, cases=LOG, columns=COLUMNS, as_of=AS_OF)[TO_THE_INSTANT].rows[0]
    once = pd.read_csv(LOG, dtype="str")["case:concept:name"].value_counts().eq(1).sum()
    assert row.records == 8577
    assert row.invalid == 8577 - once
    assert "case_id is not unique" in row.note
