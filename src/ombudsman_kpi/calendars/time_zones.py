"""Clock changes: wall-clock times to instants and back, for whole columns.

An instant is a whole number of microseconds since 1970 on the UTC line; a wall-clock time is the same
number read off a clock on the wall. ``MISSING`` stays missing.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.errors import OptionError

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1) // MICROSECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = 1970, 2060  # clock changes are looked up between these; before and after, the nearest offset holds


class TimeZone:
    """The clock changes of one place, ready for columns of times. Use ``time_zone(name)`` to get one."""

    def __init__(self, name: str) -> None:
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise OptionError(f"There is no time zone {name!r}; a usual one is 'Europe/London'.") from None
        self.name = name
        self._changes, self._offsets = _clock_changes(zone)
        forward = self._changes[np.diff(self._offsets) > 0]
        self._skipping_days = np.unique((forward + self._offsets[:-1][np.diff(self._offsets) > 0]) // DAY)

    def wall(self, instants: Integers) -> Integers:
        """Give what the clock on the wall shows at each instant."""
        missing = instants == MISSING
        some = bool(np.count_nonzero(missing))
        last = int(instants.max(initial=MISSING))
        first = int(np.where(missing, last, instants).min(initial=last)) if some else int(instants.min(initial=last))
        place, until = np.searchsorted(self._changes, [first, last], side="right").tolist()
        if place == until:  # no change of the clocks lies between them
            walls = instants + self._offsets[place]
        else:
            walls = instants + self._offsets.take(np.searchsorted(self._changes, instants, side="right"))
        return np.where(missing, MISSING, walls) if some else walls

    def days(self, instants: Integers) -> Integers:
        """Give the day on which each instant falls; ``MISSING`` where there is none."""
        return days_of(self.wall(instants))

    def instants(self, walls: Integers) -> tuple[Integers, Integers, Truths]:
        """Give the first and the second instant at which the clock showed each time, and where it never did.

        First and second differ only in the hour that occurs twice; for a time that never occurred neither
        means anything.
        """
        first = self._offsets.take(np.searchsorted(self._changes + self._offsets[:-1], walls, side="right"))
        second = self._offsets.take(np.searchsorted(self._changes + self._offsets[1:], walls, side="right"))
        missing = walls == MISSING
        early = np.where(missing, MISSING, walls - first)
        late = np.where(missing, MISSING, walls - second)
        never = first != second
        if never.any():
            unsure = np.flatnonzero(never)
            never[unsure] = self.wall(early[unsure]) != walls[unsure]
        return early, late, never

    def skips_an_hour(self, days: Integers) -> Truths:
        """Tell on which days the clocks went forward."""
        if not len(self._skipping_days):
            return np.zeros(len(days), np.bool_)
        table = np.zeros(self._skipping_days[-1] - self._skipping_days[0] + 3, np.bool_)
        table[self._skipping_days - self._skipping_days[0] + 1] = True
        on: Truths = np.take(table, days - self._skipping_days[0] + 1, mode="clip")
        return on


def days_of(walls: Integers) -> Integers:
    """Give the days of wall-clock times; ``MISSING`` where there is none."""
    days, missing = walls // DAY, walls == MISSING
    return np.where(missing, MISSING, days) if np.count_nonzero(missing) else days


@lru_cache(maxsize=32)
def time_zone(name: str) -> TimeZone:
    """Give the clock changes of a place named as in the IANA database, such as ``Europe/London``."""
    return TimeZone(name)


def _clock_changes(zone: ZoneInfo) -> tuple[Integers, Integers]:
    """Find each instant at which the offset from UTC changes, and the offsets before, between and after."""
    instant, end = (datetime(year, 1, 1, tzinfo=UTC) for year in _YEARS)
    changes: list[int] = []
    offsets = [_offset(zone, instant)]
    while instant < end:
        following = instant + timedelta(
            days=3
        )  # the shortest time between two changes, in Recife in 2000, was a week less an hour
        if _offset(zone, following) != offsets[-1]:
            low, high = instant, following  # the change is after low, not after high
            while high - low > MICROSECOND:
                middle = low + (high - low) // 2
                low, high = (middle, high) if _offset(zone, middle) == offsets[-1] else (low, middle)
            changes.append((high - EPOCH) // MICROSECOND)
            offsets.append(_offset(zone, high))
        instant = following
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def _offset(zone: ZoneInfo, instant: datetime) -> int:
    offset = zone.utcoffset(instant.astimezone(zone))
    return (offset or timedelta()) // MICROSECOND
