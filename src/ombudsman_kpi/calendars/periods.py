"""Reporting periods: the period that a day falls in, and its label (2023/24 Q1), written and read."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from ombudsman_kpi.arrays.types import DayNumber, DayNumbers, Integers
from ombudsman_kpi.calendars.dates import MONTHS, day_number, to_day
from ombudsman_kpi.errors import OptionError, one_of, shape_of

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

    def overlaps(self, other: "Period") -> bool:
        """Return whether two periods share a day, as those of which one contains the other do.

        >>> parse_period("2018/19").overlaps(parse_period("2018/19 Q4"))
        True
        """
        return self.start <= other.end and other.start <= self.end


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


@lru_cache(maxsize=4096)
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


Quarters = Literal["calendar", "financial"]
_Said = Mapping[str, str]  # what each named piece of a label says
_Reader = Callable[[_Said, Every], Period | str]  # gives a period, or why the label is none

_STRANGE = (
    "isn't a period. Write it like '2018/19', '2018/19 Q1', '2018/19 H1', 'Apr 2018', 'Apr-May 2018', "
    "'w/c 2 Apr 2018', '2018'."
)
_NO_WEEK = (
    "isn't a week: weeks run from Monday to Sunday. If this one does, write its Monday after w/c, or its Sunday "
    "after w/e."
)
_MONTH_OR_YEAR = (
    "may be a month or a financial year. Write a month like 'Dec 2011', and a financial year like '2011/12'."
)
_WHOSE_QUARTER = (
    "may be a quarter of the calendar year, or of the financial year that begins in it. Say which with "
    "quarters='calendar' or quarters='financial' (in the file of --columns, below [periods]), or write it like "
    "'2018/19 Q4', which is January to March 2019."
)


def parse_period(label: str, quarters: Quarters | None = None) -> Period:
    """Return the period with a label, as ``Period.label`` writes it, or in other forms of published tables.

    >>> parse_period("Quarter 4 2018-19").label, parse_period("w/e 22/02/2015").label
    ('2018/19 Q4', 'w/c 16 Feb 2015')

    ``quarters`` says whose quarter Q1 2020 is: the calendar year's, or that of the financial year that begins in it.

    Raises ``OptionError`` for any other label and for one that may be two periods, without showing its content.
    """
    if quarters is not None and quarters not in get_args(Quarters):
        raise OptionError(f"There are no quarters {quarters!r}. {one_of(quarters, get_args(Quarters))}")
    if not isinstance(label, str):
        raise OptionError(f"A period is text such as 'Apr 2018', not of the kind {type(label).__name__}.")
    text = _SPACED.sub(r"\1", " ".join(label.translate(_DASHES).casefold().split()))
    period: Period | str = _STRANGE
    for form, read, every in _forms():
        if match := form.fullmatch(text):
            period = read({**match.groupdict(""), "quarters": quarters or ""}, every)
            break
    if isinstance(period, str):
        raise OptionError(f"A label of the form {shape_of(label)!r} {period}")
    return period


def _year(said: _Said) -> int:
    """Return the year that a label names: 07 is 2007, 68 is 2068 and 69 is 1969, as POSIX has it."""
    year = int(said["year"])
    return year if year > 99 else year + (2000 if year < 69 else 1900)


def _month(text: str) -> int:
    """Return the number of a month by its number, name or abbreviation; 0 where there is no such month."""
    if text.isdigit():
        return int(text) if int(text) <= 12 else 0
    return next((number for number, name in enumerate(MONTHS, 1) if name.lower().startswith(text)), 0)


def _calendar(said: _Said, every: Every) -> Period | str:
    """Return a month, or the year that begins with January."""
    month = _month(said.get("month", "january"))
    return period_of(date(_year(said), month, 1), every) if month else _STRANGE


def _financial(said: _Said, every: Every) -> Period | str:
    """Return a financial year or a part of one; its second year, as 2015 or 15, must follow its first."""
    second = f"{_year(said) + 1}"
    return _part(said, every, _APRIL) if said["next"] in {second, second[2:]} else _STRANGE


def _quarter(said: _Said, every: Every) -> Period | str:
    """Return a quarter of a plain year, if the caller says of which kind of year it is."""
    shift = {"calendar": 0, "financial": _APRIL}.get(said["quarters"])
    return _WHOSE_QUARTER if shift is None else _part(said, every, shift)


def _part(said: _Said, every: Every, shift: int) -> Period:
    """Return a part of the year that begins so many months after January."""
    months = shift + (int(said.get("part", "1")) - 1) * _MONTHS[every]
    return period_of(date(_year(said) + months // 12, months % 12 + 1, 1), every)


def _month_or_year(said: _Said, every: Every) -> Period | str:
    """Return the month 2014-02 or the financial year 2014-15; 2011-12 may be either."""
    month, year = _calendar(said, every), _financial({**said, "next": said["month"]}, "financial-year")
    if isinstance(year, str):
        return month
    return year if isinstance(month, str) else _MONTH_OR_YEAR


def _two_months(said: _Said, every: Every) -> Period | str:
    """Return the two months with these names; the first has a year of its own where that is another."""
    period = _calendar(said, every)
    named = int(said["first_year"] or said["year"]), _month(said["first"]), _month(said["month"])
    found = None if isinstance(period, str) else (period.start.year, period.start.month, period.end.month)
    return period if named == found else _STRANGE


def _week(said: _Said, every: Every) -> Period | str:
    """Return the week that begins or ends on a day."""
    try:
        day = date(_year(said), _month(said["month"]), int(said["day"]))
    except ValueError:
        return _STRANGE
    week = period_of(day, every)
    return week if day == (week.end if "end" in said else week.start) else _NO_WEEK


_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
_SPACED = re.compile(" ?([/-]) ?")
_NUMBER = r"(?!999)[1-9]\d{3}"  # of a year, not one of the last that a date can have
_PIECES = {
    "year": rf"(?P<year>{_NUMBER})",
    "short": r"(?P<year>\d\d)",
    "financial": rf"(?:(?:fy|financial year) ?)?(?P<year>{_NUMBER})[/-](?P<next>\d{{4}}|\d\d)",
    "quarter": "(?:q|qtr|quarter) ?(?P<part>[1-4])",
    "half": "(?:h|half|half-year) ?(?P<part>[12])",
    "gap": "[ ,-]*",
    "name": r"(?P<month>[a-z]{3,9})\.?",
    "number": r"(?P<month>\d\d?)",
    "mm": r"(?P<month>\d\d)",
    "first": r"(?P<first>[a-z]{3,9})\.?(?: (?P<first_year>\d{4}))?",
    "begins": "(?P<start>w/?[cb]|week (?:commencing|beginning)) ?",
    "ends": "(?P<end>w/?e|week (?:ending|ended)) ?",
    "day": rf"(?P<day>\d\d?)(?:st|nd|rd|th)?[ ./-](?P<month>\d\d?|[a-z]{{3,9}})\.?[ ./-](?P<year>{_NUMBER}|\d\d)",
    "iso": rf"(?P<year>{_NUMBER})-(?P<month>\d\d)-(?P<day>\d\d)",
}
_TABLE: tuple[tuple[_Reader, Every, tuple[str, ...]], ...] = (
    (_calendar, "year", ("{year}",)),
    (_month_or_year, "month", ("{year}-{mm}",)),  # before financial years, which may look like it
    (_calendar, "month", ("{name}[ /-]?{year}", "{name}-{short}", "{year}[ -]?{name}")),
    (_calendar, "month", ("{number}[/-]{year}", "{year}{mm}")),
    (_two_months, "two-month", ("{first}-{name} {year}",)),
    (_financial, "financial-year", ("{financial}",)),
    (_financial, "half-year", ("{financial}{gap}{half}", "{half}{gap}{financial}")),
    (_financial, "quarter", ("{financial}{gap}{quarter}", "{quarter}{gap}{financial}")),
    (_quarter, "quarter", ("{year}{gap}{quarter}", "{quarter}{gap}{year}")),
    (_week, "week", ("{begins}{day}", "{begins}{iso}", "{ends}{day}", "{ends}{iso}")),
)


@cache
def _forms() -> list[tuple[re.Pattern[str], _Reader, Every]]:
    """Return how labels are written, compiled when the first one is read."""
    return [
        (re.compile(form.format_map(_PIECES), re.ASCII), read, every) for read, every, forms in _TABLE for form in forms
    ]


def nests_in(period: Period, every: Every | None) -> bool:
    """Return whether a period lies entirely within one reporting period.

    >>> nests_in(parse_period("2018/19 Q1"), "half-year"), nests_in(parse_period("2018/19"), "year")
    (True, False)
    """
    return every is None or period_of(period.start, every).end >= period.end


def following(period: Period) -> Period:
    """Return the next period."""
    return period_of(date.fromordinal(period.end.toordinal() + 1), period.every)


@lru_cache(maxsize=4096)
def preceding(period: Period) -> Period:
    """Return the previous period. It is worked out once for all the groups of a table."""
    return period_of(date.fromordinal(period.start.toordinal() - 1), period.every)


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
