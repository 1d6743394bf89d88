"""Counting and adding, against numpy and Polars, which were written by others and count by other conventions.

Both count from the start up to, but not including, the stop; with each date a day later that becomes ours.
Both step from a working day: with a day off first rolled back (or forward, for steps back), their n-th working
day is ours. Which days are off is another test's business: here all are given the same ones.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ombudsman_kpi import WorkingCalendar
from ombudsman_kpi.calendars.bank_holidays import DIVISIONS

LAW = settings(max_examples=settings().max_examples * 3 // 5)
ONE_DAY = np.timedelta64(1, "D")

Dates = NDArray[Any]  # datetime64[D]
Numbers = NDArray[np.int64]
Count = Callable[[Dates, Dates, Dates], Numbers]
Step = Callable[[Dates, int, Dates], list[date]]


def numpy_count(early: Dates, late: Dates, days_off: Dates) -> Numbers:
    return np.asarray(np.busday_count(early, late, holidays=days_off))


def polars_count(early: Dates, late: Dates, days_off: Dates) -> Numbers:
    frame = pl.DataFrame({"early": early, "late": late})
    return frame.select(pl.business_day_count("early", "late", holidays=days_off.tolist())).to_series().to_numpy()


def count_by(other: Count, starts: Dates, stops: Dates, days_off: Dates) -> list[int]:
    """Count by our convention: after the start, up to and including the stop, negative where it is before."""
    forward = starts <= stops
    early, late = np.where(forward, starts, stops) + ONE_DAY, np.where(forward, stops, starts) + ONE_DAY
    return list((other(early, late, days_off) * np.where(forward, 1, -1)).tolist())


def numpy_step(starts: Dates, n: int, days_off: Dates) -> list[date]:
    return list(np.busday_offset(starts, n, "backward" if n > 0 else "forward", holidays=days_off).tolist())


def polars_step(starts: Dates, n: int, days_off: Dates) -> list[date]:
    stepped = pl.Series(starts).dt.add_business_days(
        n, holidays=days_off.tolist(), roll="backward" if n > 0 else "forward"
    )
    return stepped.to_list()


other_counts = pytest.mark.parametrize("other", [numpy_count, polars_count], ids=["numpy", "Polars"])
other_steps = pytest.mark.parametrize("other", [numpy_step, polars_step], ids=["numpy", "Polars"])
every_division = pytest.mark.parametrize("division", DIVISIONS)


def every_day(first: str, last: str) -> Dates:
    return np.arange(first, last, dtype="M8[D]")


def days_off(calendar: WorkingCalendar) -> Dates:
    return np.array(calendar.days_off, "M8[D]")


@every_division
@other_counts
def test_counts_from_every_day_of_sixty_years_are_theirs(division: str, other: Count) -> None:
    calendar = WorkingCalendar.uk(division)
    days = every_day("1990-01-01", "2051-01-01")
    stops = np.random.default_rng(4).permutation(days)
    assert calendar.count(days, stops).tolist() == count_by(other, days, stops, days_off(calendar))


@every_division
@other_counts
@pytest.mark.parametrize("reach", [1, 7, 91, 364])
def test_counts_over_short_spans_are_theirs_both_ways(division: str, other: Count, reach: int) -> None:
    calendar = WorkingCalendar.uk(division)
    starts = every_day("1990-01-01", "2050-01-01")
    stops = starts + np.timedelta64(reach, "D")
    off = days_off(calendar)
    assert calendar.count(starts, stops).tolist() == count_by(other, starts, stops, off)
    assert calendar.count(stops, starts).tolist() == count_by(other, stops, starts, off)


@every_division
@other_steps
@pytest.mark.parametrize("n", [1, 3, 20, 260, -1, -20])
def test_the_nth_working_day_from_every_day_is_theirs(division: str, other: Step, n: int) -> None:
    calendar = WorkingCalendar.uk(division)
    starts = every_day("1992-01-01", "2049-01-01")
    assert calendar.add(starts, n).tolist() == other(starts, n, days_off(calendar))


@every_division
def test_working_days_and_rolled_days_are_those_of_numpy(division: str) -> None:
    calendar = WorkingCalendar.uk(division)
    days = every_day("1990-01-08", "2050-12-24")
    off = days_off(calendar)
    assert calendar.is_working_day(days).tolist() == np.is_busday(days, holidays=off).tolist()
    assert calendar.roll(days, "forward").tolist() == np.busday_offset(days, 0, "forward", holidays=off).tolist()
    assert calendar.roll(days, "backward").tolist() == np.busday_offset(days, 0, "backward", holidays=off).tolist()


WINDOW = st.dates(date(2023, 6, 1), date(2024, 6, 30))


@other_counts
@LAW
@given(pairs=st.lists(st.tuples(WINDOW, WINDOW), min_size=1, max_size=30), closed=st.sets(WINDOW, max_size=60))
def test_counts_are_theirs_whatever_days_are_off(
    other: Count, pairs: list[tuple[date, date]], closed: set[date]
) -> None:
    calendar = WorkingCalendar(closed, first=date(2023, 1, 1), last=date(2024, 12, 31))
    starts, stops = np.array(pairs, "M8[D]").T
    off = np.array(sorted(closed), "M8[D]")
    assert calendar.count(starts, stops).tolist() == count_by(other, starts, stops, off)


@other_steps
@LAW
@given(
    days=st.lists(WINDOW, min_size=1, max_size=30),
    n=st.integers(-40, 40).filter(bool),
    closed=st.sets(WINDOW, max_size=60),
)
def test_steps_are_theirs_whatever_days_are_off(other: Step, days: list[date], n: int, closed: set[date]) -> None:
    calendar = WorkingCalendar(closed, first=date(2023, 1, 1), last=date(2024, 12, 31))
    starts, off = np.array(days, "M8[D]"), np.array(sorted(closed), "M8[D]")
    assert calendar.add(starts, n).tolist() == other(starts, n, off)
