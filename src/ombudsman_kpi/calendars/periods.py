"""Reporting periods: the period that a day falls in, and its label (2023/24 Q1)."""

import re
from collections.abc import Iterator, Sequence, Set
from datetime import date
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from ombudsman_kpi.arrays.types import DayNumber, DayNumbers, Integers
from ombudsman_kpi.calendars.dates import MONTHS, day_number, to_day
from ombudsman_kpi.errors import OptionError, one_of

Every = Literal["week", "month", "two-month", "quarter", "half-year", "financial-year", "year"]
Grain = Literal["all", "week", "month", "day"]

EVERY: tuple[Every, ...] = get_args(Every)

_MONTHS: dict[str, int] = {"month": 1, "two-month": 2, "quarter": 3, "half-year": 6, "financial-year": 12, "year": 12}
_NAMES = tuple(name[:3] for name in MONTHS)
_APRIL = 3  # months after January: the financial year and its parts begin on 1 April


class Period(NamedTuple):
    """One reporting period: from its first to its last day."""

    every: str
    start: date
    end: date

    @property
    def label(self) -> str:
        """The name of the period in reports.

        >>> period_of(date(2023, 4, 1), "quarter").label
        '2023/24 Q1'
        """
        return _label(self.every, self.start, self.end)


@lru_cache(maxsize=4096)
def _label(every: str, start: date, end: date) -> str:
    """Return what a period is called: worked out once for all the groups of a table."""
    year = f"{start.year if start.month > _APRIL else start.year - 1}"
    financial = f"{year}/{(int(year) + 1) % 100:02}"
    number = (start.month - 1 - _APRIL) % 12 // _MONTHS.get(every, 12) + 1
    first, last = _NAMES[start.month - 1], _NAMES[end.month - 1]
    names = {
        "week": f"w/c {start.day} {first} {start.year}",
        "month": f"{first} {start.year}",
        "two-month": f"{first}{'' if start.year == end.year else f' {start.year}'}-{last} {end.year}",
        "quarter": f"{financial} Q{number}",
        "half-year": f"{financial} H{number}",
        "financial-year": financial,
        "year": f"{start.year}",
    }
    return names[every]


def grain_of(every: Every | None) -> Grain:
    """Return the period to count in: months, which add up to all longer periods, or weeks, or all together."""
    if every is None:
        return "all"
    return "week" if every == "week" else "month"


class Numbering(NamedTuple):
    """The months or weeks of a calendar, numbered from 1; a day that is missing or outside the calendar has number 0.

    A number plus ``before`` is the same in every calendar: months since January 1970, or weeks since the week of
    1 January 1970. In a calendar from 1 March 2024 that month has number 1 and ``before`` is 649, since March 2024
    is month 650 after January 1970.

    From 30 January 2024, day 19,752, to 2 February the table of months is 0, 1, 1, 2, 2, 0. Day 19,754 is at place
    19,754 - 19,751 = 3: month 2. Any day outside, and a missing one, is clipped to the 0 at either end.
    """

    table: Integers  # of each day its period, with a 0 before the first day and after the last
    first_day: DayNumber
    before: int

    @classmethod
    def of_days(cls, first: date, last: date, grain: Grain) -> "Numbering":
        """Return the numbering of the periods between two days."""
        days = np.arange(day_number(first), day_number(last) + 1)
        if grain == "month":
            index = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
        elif grain == "week":  # 1 January 1970 was a Thursday
            index = (days + 3) // 7
        elif grain == "day":
            index = days
        else:
            index = np.zeros(len(days), np.int64)
        before = int(index[0]) - 1
        return cls(np.concatenate([[0], index - before, [0]]), int(days[0]), before)

    def of(self, days: DayNumbers) -> Integers:
        """Return the number of each day's period."""
        return self.table.take(days - (self.first_day - 1), mode="clip")


def grain_start(index: int, grain: Grain) -> date:
    """Return the first day of a month or week, or a day itself, by its number since 1970."""
    if grain in {"week", "day"}:
        return to_day(7 * index - 3 if grain == "week" else index)
    return date(1970 + index // 12, index % 12 + 1, 1)


def period_of(day: date, every: Every | Literal["day"]) -> Period:
    """Return the period that a day falls in.

    >>> period_of(date(2024, 3, 31), "financial-year").label
    '2023/24'
    """
    if every == "day":  # stocks are counted by day; no report is daily
        return Period(every, day, day)
    if every == "week":
        start = day.toordinal() - day.weekday()
        return Period(every, date.fromordinal(start), date.fromordinal(start + 6))
    months = _MONTHS[every]
    shift = 0 if every in {"year", "month"} else _APRIL
    first = (day.year * 12 + day.month - 1 - shift) // months * months + shift
    following = first + months
    end = date(following // 12, following % 12 + 1, 1).toordinal() - 1
    return Period(every, date(first // 12, first % 12 + 1, 1), date.fromordinal(end))


_SHOWN = ("2018/19", "2018/19 Q1", "2018/19 H1", "Apr 2018", "Apr-May 2018", "w/c 2 Apr 2018", "2018")
_YEAR = re.compile(r"\d{4}")
_FINANCIAL = re.compile(r"(\d{4})[/-](?:\d{2})?(\d{2})\b")


def parse_period(label: str) -> Period:
    """Return the period with a label, as ``Period.label`` writes it; financial years also as 2018-19 or 2018/2019.

    >>> parse_period("2018/19").start, parse_period("2018/19 Q4").start
    (datetime.date(2018, 4, 1), datetime.date(2019, 1, 1))

    Raises ``OptionError``, which shows examples of labels.
    """
    text = _FINANCIAL.sub(r"\1/\2", " ".join(label.split()))
    year = _YEAR.search(text)
    period = _labels(int(year[0])).get(text) if year and date.min.year < int(year[0]) < date.max.year - 1 else None
    if period is None:
        raise OptionError(f"{text[:30]!r} isn't a period. Write it like {', '.join(map(repr, _SHOWN))}.")
    return period


@cache
def _labels(year: int) -> dict[str, Period]:
    """Return the periods of a financial year, and of the calendar year in which it begins, by their labels."""
    labels = {}
    for every in EVERY:
        period = period_of(date(year, 1, 1), every)
        while period.start.year <= year + 1:
            labels[period.label] = period
            period = following(period)
    return labels


def nests_in(period: Period, every: Every | None) -> bool:
    """Return whether a period lies entirely within one reporting period.

    >>> nests_in(parse_period("2018/19 Q1"), "half-year"), nests_in(parse_period("2018/19"), "year")
    (True, False)
    """
    return every is None or period_of(period.start, every).end >= period.end


def following(period: Period) -> Period:
    """Return the next period."""
    return period_of(date.fromordinal(period.end.toordinal() + 1), period.every)  # type: ignore[arg-type]


@lru_cache(maxsize=4096)
def preceding(period: Period) -> Period:
    """Return the previous period. It is worked out once for all the groups of a table."""
    return period_of(date.fromordinal(period.start.toordinal() - 1), period.every)  # type: ignore[arg-type]


def parse_every(every: Any) -> tuple[Every | None, ...]:
    """Return the periods of the argument ``every``, which is None, one name, or a list of names.

    Raises ``OptionError``, which lists the names.
    """
    names = listed(every)
    for name in names:
        if name is not None and not (isinstance(name, str) and name in EVERY):
            value = repr(name) if isinstance(name, (str, int, list)) else f"of the kind {type(name).__name__}"
            raise OptionError(f"There is no period {value}. {one_of(value, EVERY)}")
    return tuple(dict.fromkeys(names)) or (None,)


def listed(value: Any) -> list[Any]:
    """Return an argument that takes one value or several as a list. Columns and tables count as one value."""
    several = isinstance(value, (Sequence, Set, Iterator)) and not isinstance(value, (str, bytes))
    return list(value) if several else [value]
