"""Clocks that stand still: the time that they ran, and when they are due, less the pauses.

Source of the rule: pauses are cut to the clock; while one is open there is no due day; the due day moves by the days
paused, then rolls where rolling is asked. Reading: it rolls to a working day on which the clock runs.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, RowNumbers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline
from ombudsman_kpi.events.as_known import NEVER
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.pauses import OPEN, Pauses


@dataclass(frozen=True)
class PausedClock:
    """The pauses of a batch up to ``as_of``, with what its clocks would have counted in them: days, or microseconds."""

    clock: Timeline
    pauses: Pauses
    as_of: AsOf
    still: Truths  # which pauses haven't ended
    counted: Integers  # what is counted in all pauses before each one, of whatever record

    @classmethod
    def of(cls, clock: Timeline, pauses: Pauses, as_of: AsOf) -> "PausedClock":
        """Return the pauses cut to the clocks, and to what is known."""
        stop = clock.end[pauses.row]
        end = np.minimum(pauses.end, (clock.last(as_of) + (clock.end == MISSING))[pauses.row])
        mask = pauses.first < end
        row, first, end = pauses.row[mask], pauses.first[mask], end[mask]
        counted = clock.axis.counted_before(end) - clock.axis.counted_before(first)
        still = (pauses.end == OPEN) & (stop == MISSING)
        return cls(clock, Pauses(row, first, end), as_of, still[mask], np.concatenate([[0], np.cumsum(counted)]))

    def net(self) -> Integers:
        """Return elapsed times without those in which the clocks stood still."""
        return self._without(self.clock.elapsed, self.clock.last(self.as_of))

    def used_at(self, points: Integers) -> Integers:
        """Return what each would have used if it had stopped at a point, without the time that it stood still."""
        there = (self.clock.elapsed != NONE) & (points != MISSING)
        used = self.clock.axis.elapsed(np.where(there, self.clock.start, 0), np.where(there, points, 0))
        return self._without(np.where(there, used, NONE), points)

    def _without(self, gross: Integers, stops: Integers) -> Integers:
        """Return what was used up to some stops without the time that the clocks stood still."""
        axis, net = self.clock.axis, gross.copy()
        rows = self._rows[gross[self._rows] > 0]
        stop = stops[rows]
        if axis.rolls_by is not None:  # what is due on a day without work or clock is due on the next with both
            stop = self._rolled(rows, stop - 1, "backward", axis.rolls_by) + 1
        stood = self._before(rows, stop) - self._before(rows, self._first_counted()[rows])
        net[rows] = axis.unrolled.elapsed(self.clock.start[rows], stop, np.maximum(stood, 0))
        return net

    def due(self, allowed: int) -> tuple[Integers, Truths]:
        """Return when each is due, so much running time after the start; and which still stand, and so aren't due yet.

        Of these, when they would be due if they ran again at once. ``MISSING`` where that is beyond the calendar.
        """
        clock, axis, rows = self.clock, self.clock.axis, self._rows
        ran = clock.elapsed != NONE
        due, stands = np.full(len(ran), MISSING), ran & False
        due[ran] = axis.due(clock.start[ran], allowed)
        begin = self._first_counted()[rows]
        first = self._before(rows, begin)
        stood = np.zeros(len(rows), np.int64)
        while True:  # each round moves due points past the pauses that they met; there are no more rounds than pauses
            reached = axis.unrolled.due(clock.start[rows], allowed, stood)
            met = self.counted.take(self._begun(rows, reached)) - first
            more = np.where((reached != MISSING) & (reached >= begin), met, 0)
            if (more <= stood).all():
                break
            stood = np.maximum(stood, more)
        rolled = reached
        if axis.rolls_by is not None:
            rolled = self._rolled(rows, reached, "forward", axis.rolls_by)
        began = np.full(len(due), NEVER)
        began[self.pauses.row[self.still]] = self.pauses.first[self.still]
        stands[rows] = began[rows] <= rolled
        due[rows] = np.where(stands[rows], np.maximum(reached, clock.last(self.as_of)[rows] + 1), rolled)
        return due, stands

    @cached_property
    def _rows(self) -> RowNumbers:
        """The rows of those that ran, and have pauses: all others run on."""
        paused = np.zeros(len(self.clock.elapsed), np.bool_)
        paused[self.pauses.row] = True
        return np.flatnonzero(paused & (self.clock.elapsed != NONE))

    def _rolled(
        self, rows: Integers, days: Integers, direction: Literal["forward", "backward"], calendar: WorkingCalendar
    ) -> Integers:
        """Return days rolled to a working day on which the clock runs; ``MISSING`` where that is beyond the calendar.

        Backward it is the day before the calendar's first.
        """
        beyond = MISSING if direction == "forward" else day_number(calendar.first) - 1
        days = days.copy()
        moving = np.arange(len(rows))
        while len(moving):  # each round moves days past the pause that they met
            inside = calendar.covers(days[moving])
            safe = np.where(inside, days[moving], day_number(calendar.first))
            rolled = calendar.rolled(safe, direction)
            days[moving] = np.where(inside & (rolled != MISSING), rolled, beyond)
            moving = moving[days[moving] != beyond]
            place = self._begun(rows[moving], days[moving]) - 1
            last = np.maximum(place, 0)
            paused = (
                (place >= 0) & self._covers(last, rows[moving], days[moving]) if len(self.pauses.row) else place > 0
            )
            moving, last = moving[paused], last[paused]
            days[moving] = self.pauses.end[last] if direction == "forward" else self.pauses.first[last] - 1
        return days

    def _covers(self, pause: Integers, rows: Integers, points: Integers) -> Truths:
        """Return which pauses, that began no later, still stand at points of some records."""
        truths: Truths = (self.pauses.row[pause] == rows) & (self.pauses.end[pause] > points)
        return truths

    def _first_counted(self) -> Integers:
        """Return the first point that each clock can count."""
        clock = self.clock
        return clock.start + (1 - clock.axis.start_is_day_1) if clock.in_days else clock.start

    @cached_property
    def _firsts(self) -> Integers:
        """The different points at which pauses begin, in order."""
        return np.unique(self.pauses.first)

    @cached_property
    def _begin(self) -> Integers:
        """The row and the first point of each pause in one number, in ascending order.

        Pauses that begin on days 5, 9 and 12 give each row 4 places. Row 3, day 9 is 3 * 4 + 1 = 13; row 3 before any
        day later than 12 is 3 * 4 + 3 = 15, and row 4 begins at 16, so that no row reaches into the next.
        """
        return self.pauses.row * (len(self._firsts) + 1) + np.searchsorted(self._firsts, self.pauses.first)

    def _begun(self, rows: Integers, points: Integers) -> Integers:
        """Return how many pauses began up to a point of each record, those of all records before it among them."""
        places = np.searchsorted(self._firsts, points, "right")
        return np.searchsorted(self._begin, rows * (len(self._firsts) + 1) + places)

    def _before(self, rows: Integers, points: Integers) -> Integers:
        """Return what was paused of each record before a point, and of all records before: only differences tell."""
        if not len(self.pauses.row):
            return np.zeros(len(rows), np.int64)
        place = self._begun(rows, points - 1)
        last = np.maximum(place - 1, 0)
        over = (place > 0) & self._covers(last, rows, points)
        counted = self.clock.axis.counted_before
        return self.counted.take(place) - np.where(over, counted(self.pauses.end[last]) - counted(points), 0)
