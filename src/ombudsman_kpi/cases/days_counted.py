"""What the deadlines of one case rest on: the calendar, the days that a clock counts, and those that it skips."""

from bisect import bisect_right
from datetime import date
from functools import lru_cache

import numpy as np

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_number, to_day
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.cases.facts import DayOff, DeadlineBasis, Pause
from ombudsman_kpi.clocks.axes import Axis
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.schemes.scheme import Scheme


def days_off(calendar: WorkingCalendar, first: date, last: date) -> tuple[DayOff, ...]:
    """Return the bank holidays and closures after one day, up to and including another."""
    low, high = bisect_right(calendar.days_off, first), bisect_right(calendar.days_off, last)
    return tuple(day_off(calendar, day) for day in calendar.days_off[low:high])


@lru_cache(maxsize=4096)
def day_off(calendar: WorkingCalendar, day: date) -> DayOff:
    """Return a day with the name of what makes it one off."""
    return DayOff(day=day, name=calendar.name_of(day))


@lru_cache(maxsize=4096)
def day_1(axis: Axis, start: date, pauses: tuple[Pause, ...]) -> date | None:
    """Return the first day that counts; None if the clock is paused before it, or it is outside the calendar."""
    day = date.min
    for number in range(1, 366):
        due = int(axis.due(np.array([day_number(start)]), number)[0])
        if due == MISSING:
            return None
        day = to_day(due)
        if not any(pause.first <= day and (pause.last is None or day <= pause.last) for pause in pauses):
            return day
        if any(pause.first <= day and pause.last is None for pause in pauses):
            return None
    return None


def basis_of(scheme: Scheme, as_of: AsOf) -> DeadlineBasis:
    """Return what deadlines are worked out by: the scheme, its calendar and ``as_of``."""
    calendar = scheme.calendar
    return _same_basis(
        scheme=scheme.id, title=scheme.title, digest=scheme.digest, division=calendar.division, calendar=calendar.note,
        usual_weekends=calendar.usual_weekends, edition=calendar.edition, announced_until=calendar.announced_until,
        time_zone=scheme.time_zone, as_of=str(as_of),
    )  # fmt: skip


_same_basis = lru_cache(maxsize=256)(DeadlineBasis)  # it is the same for one case after the other
