"""When what is received on one day is due by a limit, with no options of a clock."""

from datetime import date

import numpy as np

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_number, to_day
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.errors import CoverageError, OptionError


def is_provisional(due: date, limit: Limit, calendar: WorkingCalendar) -> bool:
    """Return whether a due day can still be moved by a bank holiday, with no options of a clock.

    >>> from ombudsman_kpi import Weeks, WorkingCalendar, WorkingDays
    >>> calendar, day = WorkingCalendar.uk("scotland"), date(2049, 3, 1)
    >>> is_provisional(day, WorkingDays(20), calendar), is_provisional(day, Weeks(13), calendar)
    (True, False)
    """
    return due > calendar.announced_until and limit.depends_on_holidays(Clock())


def due_date(start: date, limit: Limit, calendar: WorkingCalendar) -> date:
    """Return the last day that is in time for something received on one day, with no options of a clock.

    >>> from ombudsman_kpi import Weeks, WorkingCalendar
    >>> due_date(date(2024, 3, 1), Weeks(13), WorkingCalendar.uk("england-and-wales"))
    datetime.date(2024, 5, 31)

    Raises ``OptionError`` for hours and seconds, which end at an instant; ``CoverageError`` beyond the calendar.
    """
    if limit.needs_times:
        raise OptionError(f"A limit of {limit} ends at an instant, not on a day. Give days, weeks or months.")
    day = np.array([day_number(start)])
    covered = calendar.covers(day).all()
    due = limit.axis(calendar, Clock()).due(day, limit.allowed) if covered else np.array([MISSING])
    if due[0] == MISSING:
        raise CoverageError(f"{limit} from {start} are outside the calendar, {calendar.first} to {calendar.last}.")
    return to_day(int(due[0]))
