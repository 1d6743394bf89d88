"""An office's own days off: dates, and rules for days that come back each year, as scheme files write them."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rrulebase, rrulestr

from ombudsman_kpi.calendars.dates import to_date
from ombudsman_kpi.errors import OptionError

Closures = Iterable[date | str | rrulebase] | rrulebase

_LONG = timedelta(days=10_000)  # 27 years: a rule that falls on no day of them, such as a 13th month, has none at all
_BOUNDED = re.compile("DTSTART|UNTIL", re.IGNORECASE)  # it may have come to its end before
_ZONE = re.compile(";TZID=[^:;]*", re.IGNORECASE)
_NO_DAYS = re.compile("FREQ=(SECOND|MINUTE|HOUR)LY|INTERVAL=0", re.IGNORECASE)


def closed_days(closures: Closures, first: date, last: date) -> set[date]:
    """Return the closures between two days: dates, recurrence rules of iCalendar as text, or rules of dateutil.

    >>> sorted(closed_days(["2024-12-27", "RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"], date(2023, 1, 1),
    ...                    date(2024, 12, 31)))
    [datetime.date(2023, 12, 24), datetime.date(2024, 12, 24), datetime.date(2024, 12, 27)]

    A rule that doesn't say when it begins does so on the first day. Raises ``OptionError`` for a rule that can't be
    read or falls on no day, ``RecordsError`` for a date that can't.
    """
    if isinstance(closures, rrulebase):
        closures = [closures]
    return {day for closure in listed_days(closures, "closures") for day in _days_of(closure, first, last)}


def listed_days(days: Any, argument: str) -> Iterable[Any]:
    """Return a list of days as it was given. Raises ``OptionError`` for what is no list."""
    if isinstance(days, (str, bytes)) or not isinstance(days, Iterable):
        raise OptionError(f"a list is wanted; for one day write {argument}=['2024-12-24']")
    return days


def _days_of(closure: date | str | rrulebase, first: date, last: date) -> Iterator[date]:
    """Yield the days of one closure; of a rule those between two days."""
    if isinstance(closure, str) and "RRULE" in closure:
        yield from _days_of_text(closure, first, last)
    elif isinstance(closure, rrulebase):
        yield from (moment.date() for moment in closure.between(*_moments(first, last), inc=True))
    else:
        yield to_date(closure)


def _days_of_text(rule: str, first: date, last: date) -> list[date]:
    """Return the days of a rule in text. A time zone in it is ignored, since a closure is a whole day."""
    no_rule = OptionError(
        f"{rule!r} isn't a recurrence rule of days, such as RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"
    )
    if _NO_DAYS.search(rule):
        raise no_rule
    begin, end = _moments(first, last)
    try:
        read = rrulestr(_ZONE.sub("", rule), dtstart=begin, ignoretz=True)
        moments = read.between(begin, end, inc=True)
        never = not (moments or _BOUNDED.search(rule) or read.between(begin, begin + _LONG, inc=True))
    except Exception:  # dateutil raises many kinds of error for a malformed rule
        raise no_rule from None
    if never:
        raise OptionError(f"{rule!r} falls on no day, such as 30 February. Mend it, or leave it out")
    return [moment.date() for moment in moments]


def _moments(first: date, last: date) -> tuple[datetime, datetime]:
    return datetime.combine(first, time.min), datetime.combine(last, time.max)
