"""The time to measure at: the close of a day, or an instant; what happened later isn't known."""

from datetime import UTC, date, datetime, time, timezone
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import DayNumber, Instant
from ombudsman_kpi.calendars.dates import day_number, to_date, to_day
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.calendars.time_zones import DAY, EPOCH, MICROSECOND, time_zone
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.errors import CoverageError, KpiError, OptionError
from ombudsman_kpi.records.cells.field_types import parse_time


class AsOf(NamedTuple):
    """The time to measure at: the close of a day, or an instant of it."""

    day: DayNumber
    instant: Instant  # the last microsecond that is known
    whole_day: bool
    text: str  # the date, or the time with its offset, as the scheme's zone has them

    def __str__(self) -> str:
        return self.text


def parse_as_of(value: Any, setting: Setting) -> AsOf:
    """Return the time to measure at: a date means the close of that day, a timestamp that instant.

    Raises ``OptionError`` for anything else, ``CoverageError`` for a day outside the scheme's calendar.
    """
    if type(value) is str:  # the same for one case after the other
        return _read_text(value, setting.calendar, setting.time_zone)
    return _read(value, setting.calendar, setting.time_zone)


def _read(value: Any, calendar: WorkingCalendar, place: str) -> AsOf:
    """Return what a value stands for, by a calendar and the clock of a place."""
    if isinstance(value, np.datetime64) and value == value.astype("M8[D]"):
        value = value.astype("M8[D]")  # as pandas has it
    try:
        moment = parse_time(value)
    except (KpiError, ValueError) as error:
        raise OptionError(f"as_of isn't a date: {error}.") from None
    if not isinstance(moment, date):
        raise OptionError("as_of is missing: say the date to measure at, such as as_of='2024-03-31'.")
    if isinstance(moment, datetime) and not _is_date_of_pandas(moment):
        zone = time_zone(place)
        if moment.tzinfo is None:
            wall = (moment.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
            instant = int(zone.instants(np.array([wall]))[0][0])
        else:
            instant = (moment - EPOCH) // MICROSECOND
        wall = int(zone.wall(np.array([instant]))[0])
        _check_covered(wall // DAY, moment, calendar)
        here = timezone((wall - instant) * MICROSECOND)
        text = (EPOCH + instant * MICROSECOND).astimezone(here).isoformat()
        return AsOf(wall // DAY, instant, whole_day=False, text=text)
    day = day_number(to_date(moment))
    _check_covered(day, moment, calendar)
    return AsOf(day, close_of(day, place), whole_day=True, text=to_day(day).isoformat())


_read_text = lru_cache(maxsize=256)(_read)


def _check_covered(day: DayNumber, moment: date, calendar: WorkingCalendar) -> None:
    """Raise ``CoverageError`` for a day that the scheme's calendar doesn't know."""
    if not day_number(calendar.first) <= day <= day_number(calendar.last):
        raise CoverageError(
            f"as_of {moment.isoformat()[:10]} is outside the scheme's calendar, {calendar.first} to {calendar.last}."
        )


@lru_cache(maxsize=1024)
def close_of(day: DayNumber, zone: str) -> Instant:
    """Return the last microsecond of a day in a place."""
    return int(time_zone(zone).instants(np.array([(day + 1) * DAY]))[0][0]) - 1


def _is_date_of_pandas(moment: datetime) -> bool:
    """Return whether a timestamp is how pandas, which has no dates, writes one: a midnight without a zone."""
    return hasattr(moment, "asm8") and moment.tzinfo is None and moment == datetime.combine(moment, time())
