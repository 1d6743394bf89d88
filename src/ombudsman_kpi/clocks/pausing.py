"""Clocks that stand still: the time that they ran, and when they are due, less the pauses.

Source of the rule: pauses are cut to the clock; while one is open there is no due day.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline
from ombudsman_kpi.events.pauses import OPEN, Pauses


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
        """Return the pauses cut to the clocks, and to what is known, with their days counted."""
        stop = clock.end[pauses.row]
        end = np.minimum(pauses.end, np.where(stop == MISSING, as_of + 1, stop))
        mask = pauses.first < end
        row, first, end = pauses.row[mask], pauses.first[mask], end[mask]
        days = clock.axis.counted_before(end) - clock.axis.counted_before(first)
        still = (pauses.end == OPEN) & (stop == MISSING)
        return cls(clock, Pauses(row, first, end), as_of, still[mask], np.concatenate([[0], np.cumsum(days)]))

    def net(self) -> Integers:
        """Return elapsed times without the days on which the clocks stood still."""
        clock = self.clock
        rows = np.flatnonzero(clock.elapsed > 0)
        stop = np.where(clock.end == MISSING, self.as_of, clock.end)[rows]
        stood = self._before(rows, stop) - self._before(rows, self._first_counted()[rows])
        net = clock.elapsed.copy()
        net[rows] -= stood
        return net

    def due(self, allowed: int) -> Integers:
        """Return the day on which each is due, so many running days after the start; ``MISSING`` while it stands."""
        clock = self.clock
        due = np.full(len(clock.start), MISSING)
        rows = np.flatnonzero(clock.elapsed != NONE)
        first = self._before(rows, self._first_counted()[rows])
        stood = np.zeros(len(rows), np.int64)
        while True:  # each round moves due days past the pauses that they met; there are no more rounds than pauses
            reached = clock.axis.due(clock.start[rows], allowed + stood)
            more = self._before(rows, np.where(reached == MISSING, clock.start[rows], reached) + 1) - first
            if (more <= stood).all():
                break
            stood = np.maximum(stood, more)
        began = np.full(len(due), MISSING)
        began[self.pauses.row[self.still]] = self.pauses.first[self.still]
        due[rows] = np.where((began[rows] != MISSING) & (began[rows] <= reached), MISSING, reached)
        return due

    def _first_counted(self) -> Integers:
        """Return the first day that each clock can count."""
        return self.clock.start + 1 - self.clock.axis.start_is_day_1

    @cached_property
    def _begin(self) -> Integers:
        """The row and the first day of each pause in one number, in ascending order."""
        return self._packed(self.pauses.row, self.pauses.first)

    def _packed(self, rows: Integers, days: Integers) -> Integers:
        """Return each row and day as one number, which compares with the beginnings of pauses as row and day would.

        Pauses that begin on days 19,800 to 19,809 give each row 11 places: place 0 is every day up to 19,800, place 9
        is day 19,809, place 10 every day after it. Row 3, day 19,805 is 3 * 11 + 5 = 38; row 3, any day in 2030, is
        43, and row 4 begins at 44, so that no row reaches into the next. The days of years 1 to 9999 are fewer than
        2**22: up to 2**41 rows fit into 64 bits.
        """
        low, high = int(self.pauses.first.min()), int(self.pauses.first.max())
        places = high - low + 2
        return rows * places + np.clip(days - low, 0, places - 1)

    def _before(self, rows: Integers, days: Integers) -> Integers:
        """Return the paused days of each record before a day, and of all records before it: only differences tell."""
        if not len(self.pauses.row):
            return np.zeros(len(rows), np.int64)
        place = np.searchsorted(self._begin, self._packed(rows, days))
        last = np.maximum(place - 1, 0)
        over = (place > 0) & (self.pauses.row[last] == rows) & (self.pauses.end[last] > days)
        counted = self.clock.axis.counted_before
        return self.counted.take(place) - np.where(over, counted(self.pauses.end[last]) - counted(days), 0)
