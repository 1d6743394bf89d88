"""Reporting periods: what they are called, and that they cover each day once."""

from datetime import date, timedelta
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import OptionError
from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.periods import (
    EVERY,
    Every,
    Grain,
    Numbering,
    Period,
    following,
    grain_of,
    grain_start,
    parse_every,
    parse_period,
    period_of,
)

LAW = settings(max_examples=100)
MONTHLY: list[Every] = [every for every in EVERY if every != "week"]
FIRST, LAST = date(1990, 1, 1), date(2050, 12, 31)

every_kind = pytest.mark.parametrize("every", EVERY)


@pytest.mark.parametrize(
    ("every", "day", "label", "start", "end"),
    [
        ("week", "2024-03-31", "w/c 25 Mar 2024", "2024-03-25", "2024-03-31"),
        ("week", "2024-04-01", "w/c 1 Apr 2024", "2024-04-01", "2024-04-07"),
        ("week", "2025-01-01", "w/c 30 Dec 2024", "2024-12-30", "2025-01-05"),
        ("month", "2024-02-29", "Feb 2024", "2024-02-01", "2024-02-29"),
        ("month", "2023-02-28", "Feb 2023", "2023-02-01", "2023-02-28"),
        ("month", "2024-12-31", "Dec 2024", "2024-12-01", "2024-12-31"),
        ("two-month", "2024-04-01", "Apr-May 2024", "2024-04-01", "2024-05-31"),
        ("two-month", "2024-03-31", "Feb-Mar 2024", "2024-02-01", "2024-03-31"),
        ("two-month", "2023-12-31", "Dec 2023-Jan 2024", "2023-12-01", "2024-01-31"),
        ("two-month", "2024-01-01", "Dec 2023-Jan 2024", "2023-12-01", "2024-01-31"),
        ("quarter", "2023-04-01", "2023/24 Q1", "2023-04-01", "2023-06-30"),
        ("quarter", "2023-09-30", "2023/24 Q2", "2023-07-01", "2023-09-30"),
        ("quarter", "2023-10-01", "2023/24 Q3", "2023-10-01", "2023-12-31"),
        ("quarter", "2024-03-31", "2023/24 Q4", "2024-01-01", "2024-03-31"),
        ("quarter", "2000-01-01", "1999/00 Q4", "2000-01-01", "2000-03-31"),
        ("half-year", "2023-09-30", "2023/24 H1", "2023-04-01", "2023-09-30"),
        ("half-year", "2024-01-01", "2023/24 H2", "2023-10-01", "2024-03-31"),
        ("financial-year", "2024-03-31", "2023/24", "2023-04-01", "2024-03-31"),
        ("financial-year", "2024-04-01", "2024/25", "2024-04-01", "2025-03-31"),
        ("financial-year", "1999-12-31", "1999/00", "1999-04-01", "2000-03-31"),
        ("year", "2024-01-01", "2024", "2024-01-01", "2024-12-31"),
        ("year", "2024-12-31", "2024", "2024-01-01", "2024-12-31"),
    ],
)
def test_a_day_falls_in_the_period_of_that_name(every: Every, day: str, label: str, start: str, end: str) -> None:
    period = period_of(date.fromisoformat(day), every)
    assert period == Period(every, date.fromisoformat(start), date.fromisoformat(end))
    assert period.label == label


@every_kind
def test_periods_of_a_kind_cover_each_day_of_sixty_years_exactly_once(every: Every) -> None:
    covered: list[date] = []
    period = period_of(FIRST, every)
    labels: list[str] = []
    while period.start <= LAST:
        days = [period.start + timedelta(days=day) for day in range((period.end - period.start).days + 1)]
        assert {period_of(day, every) for day in days} == {period}
        covered += days
        labels.append(period.label)
        period = following(period)
    assert covered[0] <= FIRST
    assert covered[-1] >= LAST
    assert all(next_day - day == timedelta(days=1) for day, next_day in pairwise(covered))
    assert len(set(labels)) == len(labels)


@every_kind
def test_the_following_period_is_of_the_same_kind_and_comes_later(every: Every) -> None:
    period = period_of(date(2023, 12, 31), every)
    after = following(period)
    assert after.every == every
    assert after.start == period.end + timedelta(days=1)
    assert after > period


@pytest.mark.parametrize(
    ("every", "shortest", "longest"),
    [
        ("week", 7, 7),
        ("month", 28, 31),
        ("two-month", 59, 62),
        ("quarter", 90, 92),
        ("half-year", 182, 183),
        ("financial-year", 365, 366),
        ("year", 365, 366),
    ],
)
def test_periods_have_as_many_days_as_their_months_leap_years_included(
    every: Every, shortest: int, longest: int
) -> None:
    lengths = {
        (period.end - period.start).days + 1
        for period in (period_of(date(year, month, 1), every) for year in range(1996, 2029) for month in range(1, 13))
    }
    assert (min(lengths), max(lengths)) == (shortest, longest)


@pytest.mark.parametrize("every", MONTHLY)
def test_every_month_lies_whole_in_one_longer_period(every: Every) -> None:
    for year, number in product(range(1990, 2051), range(1, 13)):
        month = period_of(date(year, number, 1), "month")
        assert period_of(month.start, every) == period_of(month.end, every)


def test_an_unknown_period_has_no_days() -> None:
    with pytest.raises(KeyError, match="fortnight"):
        period_of(FIRST, "fortnight")


# Periods that share days ------------------------------------------------------------------------------


@LAW
@given(
    day=st.dates(FIRST, LAST),
    later=st.integers(-500, 500),
    kinds=st.tuples(st.sampled_from(EVERY), st.sampled_from(EVERY)),
)
def test_periods_overlap_where_they_share_a_day(day: date, later: int, kinds: tuple[Every, Every]) -> None:
    first, second = period_of(day, kinds[0]), period_of(day + timedelta(days=later), kinds[1])
    days = [set(range(period.start.toordinal(), period.end.toordinal() + 1)) for period in (first, second)]
    assert first.overlaps(second) == second.overlaps(first) == bool(days[0] & days[1])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("2014/15", "2014/15", True),
        ("2014/15", "Q4 2014/15", True),
        ("2014/15", "Q1 2015/16", False),
        ("2014/15", "2015/16", False),
        ("2014/15", "2015", True),  # January to March 2015
        ("2014/15", "w/c 30 Mar 2015", True),  # 30 and 31 March
        ("Apr 2015", "w/c 30 Mar 2015", True),
        ("Apr 2015", "w/c 23 Mar 2015", False),
    ],
)
def test_a_year_overlaps_its_own_quarters(first: str, second: str, expected: bool) -> None:
    assert parse_period(first).overlaps(parse_period(second)) is expected
    assert parse_period(second).overlaps(parse_period(first)) is expected


# Months and weeks by number ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "grain"), [(None, "all"), ("week", "week"), *((every, "month") for every in MONTHLY)]
)
def test_months_add_up_to_all_periods_but_weeks(every: Every | None, grain: Grain) -> None:
    assert grain_of(every) == grain


@pytest.mark.parametrize(
    ("grain", "day", "index"),
    [
        ("month", "1970-01-31", 0),
        ("month", "1970-02-01", 1),
        ("month", "1969-12-31", -1),
        ("month", "2024-02-29", 54 * 12 + 1),
        ("week", "1970-01-04", 0),
        ("week", "1970-01-05", 1),
        ("week", "1969-12-28", -1),
        ("all", "2024-02-29", 0),
    ],
)
def test_months_and_weeks_are_numbered_from_january_1970(grain: Grain, day: str, index: int) -> None:
    numbering = Numbering.of_days(date(1950, 1, 1), LAST, grain)
    number = numbering.of(np.array([day_number(date.fromisoformat(day))]))
    assert (number + numbering.before).tolist() == [index]


@pytest.mark.parametrize(("grain", "every"), [("month", "month"), ("week", "week")])
@LAW
@given(days=st.lists(st.one_of(st.none(), st.dates(date(1980, 1, 1), date(2060, 12, 31))), max_size=30))
def test_the_number_of_a_month_or_week_leads_back_to_its_first_day(
    grain: Grain, every: Every, days: list[date | None]
) -> None:
    numbering = Numbering.of_days(FIRST, LAST, grain)
    numbers = np.array([MISSING if day is None else day_number(day) for day in days], np.int64)
    begins = [None if at == 0 else grain_start(at + numbering.before, grain) for at in numbering.of(numbers).tolist()]
    inside = [day if day is not None and FIRST <= day <= LAST else None for day in days]
    assert begins == [None if day is None else period_of(day, every).start for day in inside]


# The argument every --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "read"),
    [
        pytest.param(None, (None,), id="None is one period"),
        pytest.param("month", ("month",), id="a name"),
        pytest.param(["month", "quarter"], ("month", "quarter"), id="a list"),
        pytest.param(("quarter", "month", "quarter"), ("quarter", "month"), id="a name twice"),
        pytest.param([], (None,), id="an empty list"),
        pytest.param([None, "year"], (None, "year"), id="everything and years"),
        pytest.param(iter(EVERY), EVERY, id="an iterator of all"),
    ],
)
def test_every_is_none_or_a_name_or_names_in_their_order(given_: Any, read: tuple[Every | None, ...]) -> None:
    assert parse_every(given_) == read


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ("quarters", "There is no period 'quarters'. Did you mean 'quarter'"),
        ("Month", "There is no period 'Month'. Did you mean 'month'"),
        ("financial year", "Did you mean 'financial-year'"),
        (["month", "fortnight"], "There is no period 'fortnight'.*It can be: week, month, two-month, quarter"),
        ("", "There is no period ''"),
        (3, "There is no period 3"),
        ([["month"]], r"There is no period \['month'\]"),
    ],
)
def test_an_unknown_period_is_refused_with_those_there_are(given_: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_every(given_)
