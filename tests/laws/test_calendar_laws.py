"""Laws that hold for every calendar, date and number, and a plain walk from day to day to compare with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import CoverageError, WorkingCalendar
from ombudsman_kpi.calendars.bank_holidays import DIVISIONS

LAW = settings(max_examples=settings().max_examples * 3 // 5)
ONE_DAY = timedelta(days=1)

Direction = Literal["forward", "backward"]


@dataclass(frozen=True)
class Walker:
    """Counts on its fingers: it knows the days off, and walks from one day to the next. None is off the map."""

    days_off: frozenset[date]
    first: date
    last: date

    def works(self, day: date) -> bool:
        return day.weekday() not in {5, 6} and day not in self.days_off

    def count(self, start: date, stop: date) -> int:
        if stop < start:
            return -self.count(stop, start)
        counted = 0
        while start < stop:
            start += ONE_DAY
            counted += self.works(start)
        return counted

    def add(self, start: date, n: int) -> date | None:
        left, step = abs(n), ONE_DAY if n > 0 else -ONE_DAY
        while left:
            start += step
            if not self.first <= start <= self.last:
                return None
            left -= self.works(start)
        return start

    def roll(self, day: date, direction: Direction) -> date | None:
        while not self.works(day):
            day += ONE_DAY if direction == "forward" else -ONE_DAY
            if not self.first <= day <= self.last:
                return None
        return day


FIRST, LAST = date(2023, 11, 1), date(2024, 10, 31)
DAYS = st.dates(FIRST, LAST)
STEPS = st.integers(-260, 260)
CLOSURES = st.sets(DAYS, max_size=40)
DIVISION = st.sampled_from(sorted(DIVISIONS))

# GOV.UK's list for those months, by hand.
COMMON = {date(2023, 12, 25), date(2023, 12, 26), date(2024, 1, 1), date(2024, 3, 29), date(2024, 5, 6)}
COMMON |= {date(2024, 5, 27)}
HOLIDAYS = {
    "england-and-wales": COMMON | {date(2024, 4, 1), date(2024, 8, 26)},
    "scotland": COMMON | {date(2023, 11, 30), date(2024, 1, 2), date(2024, 8, 5)},
    "northern-ireland": COMMON | {date(2024, 3, 18), date(2024, 4, 1), date(2024, 7, 12), date(2024, 8, 26)},
}
HOLIDAYS["any-uk-nation"] = set[date]().union(*HOLIDAYS.values())


def made(division: str, closures: set[date]) -> tuple[WorkingCalendar, Walker]:
    calendar = WorkingCalendar.uk(division, closures=closures, first=FIRST, last=LAST)
    return calendar, Walker(frozenset(HOLIDAYS[division] | closures), FIRST, LAST)


def attempt(ask: Callable[[], Any]) -> Any:
    """Give an answer, or None where it is outside the calendar."""
    try:
        return ask()
    except CoverageError:
        return None


@pytest.mark.parametrize("division", sorted(DIVISIONS))
def test_every_day_of_a_year_is_as_it_is_for_the_walker(division: str) -> None:
    calendar, walker = made(division, set())
    days = [FIRST + timedelta(days=day) for day in range((LAST - FIRST).days + 1)]
    assert calendar.is_working_day(days) == [walker.works(day) for day in days]
    for n in (-21, -1, 0, 1, 21):
        inside = [day for day in days if walker.add(day, n) is not None]
        assert calendar.add(inside, n) == [walker.add(day, n) for day in inside]


@LAW
@given(division=DIVISION, closures=CLOSURES, start=DAYS, stop=DAYS)
def test_counting_is_walking(division: str, closures: set[date], start: date, stop: date) -> None:
    calendar, walker = made(division, closures)
    assert calendar.count(start, stop) == walker.count(start, stop)


@LAW
@given(division=DIVISION, closures=CLOSURES, start=DAYS, n=STEPS)
def test_adding_is_walking_and_off_the_map_is_refused(division: str, closures: set[date], start: date, n: int) -> None:
    calendar, walker = made(division, closures)
    assert attempt(lambda: calendar.add(start, n)) == walker.add(start, n)


@LAW
@given(division=DIVISION, closures=CLOSURES, day=DAYS, direction=st.sampled_from(["forward", "backward"]))
def test_rolling_is_walking(division: str, closures: set[date], day: date, direction: Direction) -> None:
    calendar, walker = made(division, closures)
    assert calendar.is_working_day(day) is walker.works(day)
    assert attempt(lambda: calendar.roll(day, direction)) == walker.roll(day, direction)


@LAW
@given(division=DIVISION, closures=CLOSURES, start=DAYS)
def test_adding_none_gives_the_day_itself(division: str, closures: set[date], start: date) -> None:
    calendar, _ = made(division, closures)
    assert calendar.add(start, 0) == start


@LAW
@given(division=DIVISION, closures=CLOSURES, start=DAYS, n=STEPS)
def test_what_was_added_can_be_counted(division: str, closures: set[date], start: date, n: int) -> None:
    calendar, walker = made(division, closures)
    due = attempt(lambda: calendar.add(start, n))
    assume(due is not None)
    # Steps back from a day off reach a working day that is itself not counted from there.
    assert calendar.count(start, due) == (n if n >= 0 or walker.works(start) else n + 1)
    assert n == 0 or calendar.is_working_day(due)


@LAW
@given(division=DIVISION, closures=CLOSURES, start=DAYS, n=STEPS, further=st.integers(1, 30))
def test_a_larger_number_is_never_earlier_and_leads_to_a_later_working_day(
    division: str, closures: set[date], start: date, n: int, further: int
) -> None:
    calendar, _ = made(division, closures)
    near, far = attempt(lambda: calendar.add(start, n)), attempt(lambda: calendar.add(start, n + further))
    assume(near is not None and far is not None)
    assert near < far


@LAW
@given(division=DIVISION, closures=CLOSURES, days=st.lists(DAYS, min_size=2, max_size=2).map(sorted), n=STEPS)
def test_who_starts_earlier_is_never_due_later(division: str, closures: set[date], days: list[date], n: int) -> None:
    calendar, _ = made(division, closures)
    early, late = (attempt(partial(calendar.add, day, n)) for day in days)
    assume(n != 0 and early is not None and late is not None)
    assert early <= late


@LAW
@given(division=DIVISION, closures=CLOSURES, a=DAYS, b=DAYS, c=DAYS)
def test_counts_add_up_along_the_way_and_turn_round(
    division: str, closures: set[date], a: date, b: date, c: date
) -> None:
    calendar, _ = made(division, closures)
    assert calendar.count(a, b) + calendar.count(b, c) == calendar.count(a, c)
    assert calendar.count(a, b) == -calendar.count(b, a)
    assert calendar.count(a, a) == 0


@LAW
@given(division=DIVISION, closures=CLOSURES, closure=DAYS, start=DAYS, stop=DAYS, n=st.integers(0, 100))
def test_one_more_closure_takes_at_most_a_day_and_never_brings_a_due_day_forward(
    division: str, closures: set[date], closure: date, start: date, stop: date, n: int
) -> None:
    calendar, _ = made(division, closures)
    shorter, _ = made(division, closures | {closure})
    assert abs(calendar.count(start, stop)) - abs(shorter.count(start, stop)) in {0, 1}
    due = attempt(lambda: shorter.add(start, n))
    assume(due is not None)
    assert calendar.add(start, n) <= due


# Many dates at once ----------------------------------------------------------------------------------------


def random_days(calendar: WorkingCalendar, size: int, seed: int) -> Any:
    """Draw dates that a step of ten working days keeps in the calendar; every fifth or so is missing."""
    rng = np.random.default_rng(seed)
    margin = np.timedelta64(30, "D")
    days = np.arange(np.datetime64(calendar.first) + margin, np.datetime64(calendar.last) - margin)
    drawn = rng.choice(days, size)
    drawn[rng.random(size) < 0.2] = np.datetime64("NaT")
    return drawn


def same(one: Any, other: Any) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)


@LAW
@given(
    division=DIVISION,
    closures=CLOSURES,
    size=st.sampled_from([367, 1_000, 16_383, 16_384, 16_385, 32_768, 40_001]),
    seed=st.integers(0, 2**32),
    unit=st.sampled_from(["D", "s", "us", "ns"]),
    n=st.integers(-10, 10),
)
def test_many_dates_give_what_few_of_them_do(
    division: str, closures: set[date], size: int, seed: int, unit: str, n: int
) -> None:
    calendar, _ = made(division, closures)
    starts, stops = (random_days(calendar, size, seed + step).astype(f"M8[{unit}]") for step in (0, 1))
    each = np.random.default_rng(seed).integers(-10, 11, size)

    def in_parts(ask: Callable[[slice], Any]) -> Any:
        # Small enough for every part to go the way of few dates.
        parts = [ask(slice(begin, begin + 300)) for begin in range(0, size, 300)]
        return np.concatenate(parts)

    assert same(calendar.add(starts, n), in_parts(lambda part: calendar.add(starts[part], n)))
    assert same(calendar.add(starts, each), in_parts(lambda part: calendar.add(starts[part], each[part])))
    assert same(calendar.roll(starts, "forward"), in_parts(lambda part: calendar.roll(starts[part], "forward")))
    assert same(calendar.is_working_day(starts), in_parts(lambda part: calendar.is_working_day(starts[part])))
    assert same(calendar.count(starts, stops), in_parts(lambda part: calendar.count(starts[part], stops[part])))


@pytest.mark.parametrize("division", sorted(DIVISIONS))
def test_a_sample_of_many_dates_is_walked_again_one_by_one(division: str) -> None:
    calendar, walker = made(division, set())
    starts, stops = (random_days(calendar, 20_000, seed) for seed in (1, 2))
    due, counted = calendar.add(starts, 7), calendar.count(starts, stops)
    working, rolled = calendar.is_working_day(starts), calendar.roll(starts, "backward")
    for place in [0, 1, 2, 16_382, 16_383, 16_384, 16_385, *range(5, 20_000, 97)]:
        start, stop = starts[place].item(), stops[place].item()
        if start is None:
            assert np.isnat(due[place])
            assert np.isnat(rolled[place])
            assert np.isnan(working[place])
        else:
            assert due[place].item() == walker.add(start, 7)
            assert rolled[place].item() == walker.roll(start, "backward")
            assert bool(working[place]) is walker.works(start)
        if start is None or stop is None:
            assert np.isnan(counted[place])
        else:
            assert counted[place] == walker.count(start, stop)
