"""Sums of times, and of their squares, are exact however long the times and however many the records."""

import math
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from ombudsman_kpi import Tally, load_scheme, tally

BILLION = 1_000_000_000
SECONDS: dict[str, Any] = {"start": "offered_at", "stop": "answered_at", "counted_in": "seconds"}
TREND = load_scheme("lgsco").with_target(
    "waits", measure="trend", says="It falls", of="calls", cohort="received", standard="decreases",
    change_in={"measure": "average", **SECONDS},
)  # fmt: skip
MEAN = TREND.with_target(
    "waits", measure="average", says="Mean", of="calls", cohort="received", standard=None, **SECONDS
)
waits = st.tuples(st.sampled_from([1, 2]), st.integers(0, 30 * 365 * 86_400), st.integers(1, BILLION))


def counted_calls(target: str, rows: list[tuple[int, int, int]]) -> Tally:
    """Tally calls of January and February 1991, by the seconds they waited and how many waited so long."""
    offered = {month: datetime.fromisoformat(f"1991-{month:02}-01T09:00:00+00:00") for month in (1, 2)}
    calls = [
        {"offered_at": offered[month], "answered_at": offered[month] + timedelta(seconds=wait), "count": number}
        for month, wait, number in rows
    ]
    return tally(TREND if target == "trend" else MEAN, calls=calls, targets="waits", as_of="2024-12-31", every="month")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(waits, min_size=2, max_size=8))
def test_a_change_of_the_mean_of_long_waits_is_that_of_fractions(rows: list[tuple[int, int, int]]) -> None:
    rows = [(1, 5, 1), *rows, (2, 5, 1)]
    row = counted_calls("trend", rows).results().rows[1]
    parts = [[(wait, number) for month, wait, number in rows if month == which] for which in (1, 2)]
    before, after = (Fraction(sum(wait * number for wait, number in part), sum(n for _, n in part)) for part in parts)
    assert row.exact == after - before
    interval = row.details["interval"]
    if interval is not None:
        stats = [DescrStatsW([wait for wait, _ in part], [number for _, number in part]) for part in parts]
        expected = CompareMeans(stats[1], stats[0]).tconfint_diff(usevar="unequal")
        assert [*interval] == pytest.approx([*expected], rel=1e-6)


def test_a_sum_beyond_64_bits_is_shown_in_every_form() -> None:
    results = counted_calls("average", [(1, 10 * 365 * 86_400, 9 * 10**14)]).results()
    (row,) = results.rows
    assert row.numerator == 10 * 365 * 86_400 * 9 * 10**14 > 1 << 63
    assert results.to_pandas()["numerator"].tolist() == [float(row.numerator)]
    assert row.value == 10 * 365 * 86_400
    assert results.to_dict()["rows"][0]["numerator"] == row.numerator
    assert type(results).from_json(results.to_json()).rows == results.rows
    assert math.isfinite(row.value)
