"""Clocks that stand still: the time that they ran, and when they are due, less the pauses.

Source of the rule: pauses are cut to the clock; while one is open there is no due day.
"""

from dataclasses import dataclass

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline
from ombudsman_kpi.events.pauses import OPEN, Pauses

_SPAN = 1 << 20  # more than twice the days that any date is away from 1970


@dataclass(frozen=True)
class PausedClock:
    """The pauses of a batch up to ``as_of``, with the days in them that its clocks would have counted."""

    clock: Timeline
    pauses: Pauses
    as_of: int
    still: Truths  # which pauses haven't ended
    counted: Integers  # the days counted in all pauses before each one, of whatever record

    @classmethod
    def of(cls, clock: Timeline, pauses: Pauses, as_of: int) -> "PausedClock":
        """Cut pauses to the clocks, and to what is known; count their days."""
        stop = clock.end[pauses.row]
        end = np.minimum(pauses.end, np.where(stop == MISSING, as_of + 1, stop))
        kept = pauses.first < end
        row, first, end = pauses.row[kept], pauses.first[kept], end[kept]
        days = clock.axis.counted_before(end) - clock.axis.counted_before(first)
        still = (pauses.end == OPEN) & (stop == MISSING)
        return cls(clock, Pauses(row, first, end), as_of, still[kept], np.concatenate([[0], np.cumsum(days)]))

    def net(self) -> Integers:
        """Give elapsed times without the days on which the clocks stood still."""
        clock = self.clock
        rows = np.flatnonzero(clock.elapsed > 0)
        stop = np.where(clock.end == MISSING, self.as_of, clock.end)[rows]
        stood = self._before(rows, stop) - self._before(rows, self._first_counted()[rows])
        net = clock.elapsed.copy()
        net[rows] -= stood
        return net

    def due(self, allowed: int) -> Integers:
        """Give the day on which each is due, so many running days after the start; ``MISSING`` while it stands."""
        clock = self.clock
        due = np.full(len(clock.start), MISSING)
        rows = np.flatnonzero(clock.elapsed != NONE)
        first = self._before(rows, self._first_counted()[rows])
        stood = np.zeros(len(rows), np.int64)
        while True:  # each round moves due days past the pauses that they met; there are no more rounds than pauses
            found = clock.axis.due(clock.start[rows], allowed + stood)
            more = self._before(rows, np.where(found == MISSING, clock.start[rows], found) + 1) - first
            if (more <= stood).all():
                break
            stood = np.maximum(stood, more)
        began = np.full(len(due), MISSING)
        began[self.pauses.row[self.still]] = self.pauses.first[self.still]
        due[rows] = np.where((began[rows] != MISSING) & (began[rows] <= found), MISSING, found)
        return due

    def _first_counted(self) -> Integers:
        """Give the first day that each clock can count."""
        return self.clock.start + 1 - self.clock.axis.start_is_day_1

    def _before(self, rows: Integers, days: Integers) -> Integers:
        """Count the paused days of each record before a day; of all records before it too, so only differences tell."""
        if not len(self.pauses.row):
            return np.zeros(len(rows), np.int64)
        # Row and day in one number: row 3, day 19,810 is 3 * 1,048,576 + 19,810 = 3,165,538. Days of all calendars
        # lie within 750,000 of 1970, so that no row reaches into the next one.
        place = np.searchsorted(self.pauses.row * _SPAN + self.pauses.first, rows * _SPAN + days)
        last = np.maximum(place - 1, 0)
        over = (place > 0) & (self.pauses.row[last] == rows) & (self.pauses.end[last] > days)
        counted = self.clock.axis.counted_before
        return self.counted.take(place) - np.where(over, counted(self.pauses.end[last]) - counted(days), 0)
