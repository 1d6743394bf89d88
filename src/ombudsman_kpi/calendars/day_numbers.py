"""The working days of a calendar as day numbers, whole columns at a time: clocks are built on them."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number

OUTSIDE = 1 << 29  # more working days than any calendar has: marks a day that isn't covered


class DayNumbers:
    """Which days of a span are working days, and the answers that follow. The days that it is asked for are covered."""

    def __init__(self, first: date, last: date, days_off: Sequence[date], week: int) -> None:
        """Lay out the tables: the first ``week`` days of each week work, less those that are off."""
        self._first, self._last = day_number(first), day_number(last)
        self._numbers: Integers = np.arange(self._first, self._last + 1)
        off = np.array(days_off, "M8[D]")
        self._working: Truths = np.is_busday(self._numbers.astype("M8[D]"), [day < week for day in range(7)], off)
        self._running: Integers = np.cumsum(self._working)
        self._nth: Integers = np.append(self._numbers[self._working], MISSING)  # no day is after the last
        # Tables begin one day before the calendar, or in 1970 if that is earlier; then a day number is its own index.
        # The first and the last entry stand for all days that aren't covered.
        self._origin = min(0, self._first - 1)
        before = np.zeros(self._first - self._origin, np.int64)
        self._before: Integers = np.concatenate([before, [0], self._running])
        # Counting needs two tables. If either day isn't covered, the difference is more than half of OUTSIDE,
        # which no calendar reaches: with 8,700 working days, 300 - (-536,870,912) = 536,871,212.
        self._after, self._until = (self._table(self._running, side * OUTSIDE, np.int32) for side in (-1, 1))

    def covers(self, days: Integers) -> Truths:
        """Return which day numbers the calendar covers."""
        return np.logical_and(days >= self._first, days <= self._last)

    def _is_working(self, days: Integers) -> Truths:
        return self._working.take(days - self._first)

    def running_before(self, days: Integers) -> Integers:
        """Return the number of the calendar's working days before each day (or before the day after its last)."""
        return self._before.take(self._index(days), mode="clip")

    def nth_after(self, days: Integers, n: Integers | int) -> Integers:
        """Return the n-th working day after each day, for n of at least 0; ``MISSING`` if either is outside."""
        if isinstance(n, int) and n > 0:
            return self._nth.take(self._until.take(self._index(days), mode="clip") + (n - 1), mode="clip")
        covered = self.covers(days)
        return np.where(covered, self.move(np.where(covered, days, self._first), n), MISSING)

    def _index(self, days: Integers) -> Integers:
        """Return the positions of days in the tables, which begin at the origin."""
        return days - self._origin if self._origin else days

    def move(self, days: Integers, n: Integers | int) -> Integers:
        """Return each day moved by n working days, as in ``add``; ``MISSING`` if that is outside the calendar."""
        place = self._running.take(days - self._first) - 1 + n  # position of the answer among all working days
        if isinstance(n, int) and n > 0:
            return self._nth.take(place, mode="clip")
        backward = np.less(n, 0)
        place += backward & ~self._is_working(days)
        moved = self._nth.take(np.where(place < 0, len(self._nth), place), mode="clip")
        return np.where(np.equal(n, 0), days, moved)

    def rolled(self, days: Integers, direction: Literal["forward", "backward"]) -> Integers:
        """Return each day rolled to a working day; ``MISSING`` if that is outside the calendar."""
        moved = self.move(days, 1 if direction == "forward" else -1)
        return np.where(self._working.take(days - self._first), days, moved)

    def _table(self, values: NDArray[Any], outside: int, dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
        """Return a table with one value for each day of the calendar, and ``outside`` at both ends."""
        before = self._first - self._origin
        table = np.full(before + len(values) + 1, outside, dtype)
        table[before:-1] = values
        return table
