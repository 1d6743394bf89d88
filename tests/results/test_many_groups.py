"""Many groups and periods: the work to make results grows with them, and no faster."""

from collections.abc import Callable
from cProfile import Profile
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, Tally, load_scheme, tally
from ombudsman_kpi.clocks.outcomes import Outcome
from ombudsman_kpi.figures.summed import InPeriods
from ombudsman_kpi.figures.summed import counted as cells_of
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.tallies.block import Block

CASES: dict[str, Any] = {"of": "cases", "says": "Made up"}
TARGETS: dict[str, dict[str, Any]] = {
    "share within": {"start": "received_at", "stop": "decided_at", "limit": "8 weeks", "cohort": "received"},
    "share of kinds": {"dated": "decided_at", "numerator": {"decision": "upheld"}, "cohort": "dated"},
    "rank": {"dated": "decided_at", "numerator": {"decision": "upheld"}, "cohort": "dated"},
    "average": {"start": "received_at", "stop": "decided_at", "counted_in": "calendar days", "cohort": "closed"},
    "median": {"start": "received_at", "stop": "decided_at", "counted_in": "calendar days", "cohort": "closed"},
    "centile": {
        "start": "received_at",
        "stop": "decided_at",
        "counted_in": "working days",
        "centile": 90,
        "cohort": "received",
    },
    "distribution": {
        "start": "received_at",
        "stop": "decided_at",
        "cohort": "closed",
        "bands": [{"id": "many", "limit": "8 weeks"}, {"id": "more"}],
    },
    "abandoned": {
        "of": "calls",
        "start": "offered_at",
        "stop": "answered_at",
        "after": "30 seconds",
        "cohort": "received",
    },
    "stock": {"start": "received_at", "stop": "decided_at", "limit": "8 weeks", "cohort": "dated"},
    "caseload": {
        "start": "received_at",
        "stop": "decided_at",
        "ages": ["20 working days", "8 weeks"],
        "cohort": "dated",
    },
    "rate": {"dated": "decided_at", "per": 1000, "cohort": "dated"},
    "count": {"dated": "decided_at", "cohort": "dated"},
    "volume": {"dated": "decided_at", "cohort": "dated"},
    "trend": {"cohort": "dated", "change_in": {"measure": "count", "dated": "decided_at"}},
    "score": {"of": "reviews", "parts": "standard", "cohort": "dated"},
}
SCHEME = load_scheme("lgsco")


def scheme_of(measure: str) -> Scheme:
    declared = {**CASES, **TARGETS[measure]}
    return SCHEME.with_target("many", **({} if measure == "share within" else {"measure": measure}), **declared)


def records(groups: int, months: int) -> dict[str, Any]:
    """Make a case and a review for each group and month; each case is open for three months."""
    size = groups * months
    months_in = np.repeat(np.arange(months), groups).astype("m8[M]")
    received = (np.datetime64("2012-01", "M") + months_in).astype("M8[D]") + np.arange(size) % 28
    shared = {"case_id": np.arange(size).astype(str), "authority": np.tile(np.arange(groups), months).astype(str)}
    decided = received + np.timedelta64(92, "D")
    cases = {
        **shared,
        "received_at": received,
        "decided_at": decided,
        "decision": np.where(np.arange(size) % 3, "upheld", "not-upheld"),
    }
    reviews = {**shared, "review_id": shared["case_id"], "standard": "1", "answer": "met", "reviewed_at": received}
    calls = {"offered_at": received + np.timedelta64(9, "h"), "authority": cases["authority"]}
    calls["abandoned_at"] = calls["offered_at"] + np.timedelta64(40, "s")
    calls["answered_at"] = np.full(size, np.datetime64("NaT", "s"))
    labels = pd.Series(received).dt.strftime("%b %Y")
    populations = {"period": labels, "authority": cases["authority"], "number": np.arange(size) + 1}
    tables: dict[str, dict[str, Any]] = {"cases": cases, "reviews": reviews, "calls": calls, "populations": populations}
    return {kind: pd.DataFrame(columns) for kind, columns in tables.items()}


def counted(scheme: Scheme, **given: Any) -> Tally:
    return tally(scheme, **given, as_of="2024-12-31", every="month", by="authority", targets="many")


def tallied(measure: str, groups: int, months: int) -> Tally:
    return tally(
        scheme_of(measure), **records(groups, months), as_of="2024-12-31", every="month", by="authority", targets="many"
    )


def calls(work: Callable[[], object]) -> int:
    """Count the Python functions, generators among them, that are called or resumed."""
    counting = Profile(builtins=False)
    counting.runcall(work)
    return sum(entry.callcount for entry in counting.getstats())


@pytest.mark.parametrize("measure", TARGETS)
def test_twice_the_groups_or_periods_are_twice_the_work(measure: str) -> None:
    few, groups, months = (tallied(measure, *size) for size in ((24, 12), (48, 12), (24, 24)))
    work = calls(lambda: few.results().to_pandas())
    assert calls(lambda: groups.results().to_pandas()) < 2.3 * work
    assert calls(lambda: months.results().to_pandas()) < 2.3 * work
    rows = calls(lambda: [*few.results()])
    assert calls(lambda: [*groups.results()]) < 2.3 * rows
    assert calls(lambda: [*months.results()]) < 2.3 * rows


def test_every_measure_that_can_be_of_groups_is_tried() -> None:
    of_their_own = {"done by", "keep in touch", "delays explained", "not measured"}  # judged once, or by each case
    assert {*TARGETS, *of_their_own} == set(MEASURES)


ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_ranks_are_those_of_a_plain_loop(rows: list[tuple[int, int, bool]]) -> None:
    first = date(2023, 1, 15)
    days = [first + timedelta(31 * month) for month in range(6)]
    cases = [
        {"case_id": str(place), "authority": f"A{group}", "received_at": first, "decided_at": days[month],
         "decision": "upheld" if upheld else "no"}
        for place, (group, month, upheld) in enumerate(rows)
    ]  # fmt: skip
    found = tally(
        scheme_of("rank"), cases=cases, as_of="2024-12-31", every="month", by="authority", targets="many"
    ).results()
    for row in found:
        here = [
            (group, upheld)
            for group, month, upheld in rows
            if (first + timedelta(31 * month)).replace(day=1) == row.period_start
        ]
        rates = {
            f"A{group}": Fraction(sum(up for own, up in here if own == group), sum(own == group for own, _ in here))
            for group in {group for group, _ in here}
        }
        own = rates.get(row.group[0])
        if own is None or len(rates) < 2:
            assert "rank" not in row.details
            continue
        assert row.details["rank"] == 1 + sum(rate > own for rate in rates.values())
        assert row.details["comparator"] == Fraction(sum(up for _, up in here), len(here))


CENTURY = 36_525 * 86_400


@given(
    st.lists(
        st.tuples(st.integers(0, CENTURY), st.integers(1, 10**9)),
        min_size=1,
        max_size=6,
        unique_by=lambda cell: cell[0],
    )
)
def test_sums_of_times_are_exact_however_large(cells: list[tuple[int, int]]) -> None:
    size = len(cells)
    zeros = np.zeros(size, np.int64)
    elapsed, number = (np.array(column, np.int64) for column in zip(*cells, strict=True))
    block = Block.of(((),), (Outcome("met"),), (zeros, zeros, zeros, elapsed), (number, zeros, zeros))
    within = InPeriods.of(block, None, "all")
    timed, row = cells_of(block, within.own, within.period, [()]), np.zeros(1, np.int64)
    moments = Places([None], [()], row == 0, row, timed.of_any_time(), timed).moments(0)
    assert moments.units == sum(seconds * records for seconds, records in cells)
    assert moments.squares == sum(seconds * seconds * records for seconds, records in cells)


def test_the_trend_of_a_mean_in_seconds_has_its_interval_when_calls_took_years() -> None:
    scheme = SCHEME.with_target(
        "slow", measure="trend", of="calls", says="Made up", cohort="closed",
        change_in={"measure": "average", "start": "offered_at", "stop": "answered_at", "counted_in": "seconds"},
    )  # fmt: skip
    calls_ = [
        {"call_id": str(place), "offered_at": f"1996-01-01T00:00:{place:02}", "answered_at": f"{year}-06-01T12:00:00"}
        for place, year in enumerate([2021] * 4 + [2022] * 5)
    ]
    results = tally(scheme, calls=calls_, as_of="2022-12-31", every="year", targets="slow").results()
    (row,) = (row for row in results if row.period == "2022")
    assert row.value == pytest.approx(365 * 86_400, abs=60)
    assert row.details["interval"] is not None
