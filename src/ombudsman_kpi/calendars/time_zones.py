"""Time zones: wall-clock times converted to instants and back, for whole columns.

An instant is the number of microseconds since 1970 in UTC. A wall-clock time is that number as a local clock shows
it: in London on 1 July, 12:00 UTC is shown as 13:00. ``MISSING`` stays missing.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from ombudsman_kpi.arrays.choosing import kept
from ombudsman_kpi.arrays.types import MISSING, DayNumbers, Instants, Integers, Truths, WallClocks
from ombudsman_kpi.errors import OptionError

MICROSECOND = timedelta(microseconds=1)
SECOND, HOUR, DAY = (timedelta(**{unit: 1}) // MICROSECOND for unit in ("seconds", "hours", "days"))

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = 1970, 2060  # clock changes are known between these years; outside them the nearest offset applies


class TimeZone:
    """The clock changes of one place, for columns of times. ``time_zone(name)`` returns one."""

    def __init__(self, name: str) -> None:
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise OptionError(f"There is no time zone {name!r}. An example is 'Europe/London'.") from None
        self.name = name
        self._changes, self._offsets = _clock_changes(zone)
        forward = self._changes[np.diff(self._offsets) > 0]
        skipping = (forward + self._offsets[:-1][np.diff(self._offsets) > 0]) // DAY
        self._skipping_days = np.array(sorted({*skipping.tolist()}), np.int64)

    def wall(self, instants: Instants) -> WallClocks:
        """Return the wall-clock time of each instant, in microseconds."""
        missing = instants == MISSING
        some = bool(np.count_nonzero(missing))
        last = int(instants.max(initial=MISSING))
        first = int(np.where(missing, last, instants).min(initial=last)) if some else int(instants.min(initial=last))
        place, until = np.searchsorted(self._changes, [first, last], side="right").tolist()
        if place == until:  # the clocks don't change between them
            walls = instants + self._offsets[place]
        else:
            between = self._changes[place:until]  # few, so that they are found sooner
            walls = instants + self._offsets[place:].take(np.searchsorted(between, instants, side="right"))
        return kept(walls, ~missing, MISSING) if some else walls

    def days(self, instants: Instants) -> DayNumbers:
        """Return the local day of each instant; a missing instant stays ``MISSING``."""
        return days_of(self.wall(instants))

    def instants(self, walls: WallClocks) -> tuple[Instants, Instants, Truths]:
        """Return the first and the second instant of each wall-clock time, and whether it never occurred.

        First and second differ only in the hour that occurs twice. For a time that was skipped, ignore both.
        """
        first = self._offsets.take(np.searchsorted(self._changes + self._offsets[:-1], walls, side="right"))
        second = self._offsets.take(np.searchsorted(self._changes + self._offsets[1:], walls, side="right"))
        there = walls != MISSING
        early = kept(walls - first, there, MISSING)
        late = kept(walls - second, there, MISSING)
        never = first != second
        if never.any():
            unsure = np.flatnonzero(never)
            never[unsure] = self.wall(early[unsure]) != walls[unsure]
        return early, late, never

    def reached(self, walls: WallClocks) -> Instants:
        """Return the first instant at which the clock shows each time, or a later one where that time was skipped."""
        first, _, never = self.instants(walls)
        if not never.any():
            return first
        change = self._changes.take(np.searchsorted(self._changes, first, side="right"), mode="clip")
        return np.where(never, change, first)

    def skips_an_hour(self, days: DayNumbers) -> Truths:
        """Return whether the clocks went forward on each day."""
        if not len(self._skipping_days):
            return np.zeros(len(days), np.bool_)
        # From the first such day to the last, with a free place at both ends, which clipping gives to all other days.
        table = np.zeros(self._skipping_days[-1] - self._skipping_days[0] + 3, np.bool_)
        table[self._skipping_days - self._skipping_days[0] + 1] = True
        on: Truths = table.take(days - self._skipping_days[0] + 1, mode="clip")
        return on


def days_of(walls: WallClocks) -> DayNumbers:
    """Return the days of wall-clock times; a missing time stays ``MISSING``."""
    days, there = walls // DAY, walls != MISSING
    return days if np.count_nonzero(there) == there.size else kept(days, there, MISSING)


@lru_cache(maxsize=32)
def time_zone(name: str) -> TimeZone:
    """Return the time zone with a name of the IANA database, such as ``Europe/London``. Raises ``OptionError``."""
    return TimeZone(name)


def _clock_changes(zone: ZoneInfo) -> tuple[Instants, Integers]:
    """Return each instant at which the offset from UTC changes, and the offsets before, between and after them."""
    second, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in _YEARS)
    offset = _offset(zone, second)
    changes, offsets = [], [offset]
    while second < end:
        following = second + _STEP
        if _offset(zone, following) != offset:
            low, high = second, following  # the change is after low, not after high
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
            offset = _offset(zone, high)
            changes.append(high * SECOND)
            offsets.append(offset)
        second = following
    return np.array(changes, np.int64), np.array([each // MICROSECOND for each in offsets], np.int64)


# Seconds: no two changes have been closer to each other than a week less an hour (Recife, 2000).
_STEP = 6 * DAY // SECOND


def _offset(zone: ZoneInfo, second: int) -> timedelta:
    return datetime.fromtimestamp(second, zone).utcoffset() or timedelta()
