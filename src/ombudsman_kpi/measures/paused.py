"""A share within a limit where the clock may stand still: what counts is the time that it ran.

Source of the rule: pauses are cut to the clock; while one is open there is no due day; a pause never cures a breach
that had happened. Gross (as if nothing had been paused) and net are both given.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.clocks.limits import Limit, WorkingDays
from ombudsman_kpi.clocks.outcomes import MISSED, Assessed, Outcome, of_status
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline, timeline
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.events.pauses import OPEN, Pauses
from ombudsman_kpi.measures.figures import Figure, Place, share_figure
from ombudsman_kpi.measures.share_within import Judged, ShareWithinRule, judged
from ombudsman_kpi.measures.targets import ShareWithin
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.rounding import percent

WITHOUT = "without pauses"


@dataclass(frozen=True)
class PausedRule:
    """Each record's clock, less the days on which it stood still, judged by the limit."""

    target: ShareWithin
    pauses: Pauses

    def fields(self, table: Table) -> list[str]:
        """Name what the clock reads."""
        return ShareWithinRule(self.target).fields(table)

    def assess(self, known: Known) -> Assessed:
        """Run the clocks of a batch, and judge them by the time that they ran."""
        gross, found, due = ran_net(self.target, self.pauses, known)
        calendar = known.setting.calendar
        as_if = judged(self.target, gross, calendar)
        cured = of_status(as_if.book, MISSED).take(as_if.code) & ~of_status(found.book, MISSED).take(found.code)
        book = (*found.book, *(Outcome(item.status, _as_if(item)) for item in found.book))
        limit = self.target.limit
        moves = isinstance(limit, WorkingDays)

        return Assessed(
            (found.code + cured * len(found.book)).astype(np.intp), book, gross.start_day, gross.end_day,
            found.elapsed, limit.elapsed_unit, lambda: (gross.start, gross.end, due),
            provisional=(due > day_number(calendar.announced_until)).astype(np.int64) if moves else 0,
            gross=as_if.elapsed,
        )  # fmt: skip


def ran_net(target: ShareWithin, pauses: Pauses, known: Known) -> tuple[Timeline, Judged, Integers]:
    """Run the clocks of a batch; give their outcomes and due days by the time that they ran, and the gross clocks."""
    assert isinstance(target.limit, Limit)  # noqa: S101
    gross, offset = timeline(target, known), known.batch.offset
    stood = Stood.of(gross, pauses.within(offset, offset + len(known.batch)), known.as_of.day)
    found = judged(target, replace(gross, elapsed=stood.net()), known.setting.calendar)
    return gross, found, stood.due(target.limit.allowed)


def _as_if(outcome: Outcome) -> str:
    """Say what a pause has spared: a case that is in time, not yet due, or was withdrawn in time."""
    spared = f"{'overdue' if outcome.status == 'pending' else 'late'} {WITHOUT}"
    return f"{outcome.reason}, {spared}" if outcome.reason else spared


def figure(target: ShareWithin, place: Place) -> Figure:
    """Work out the share by the time that clocks ran, and beside it what it would be if they had never stood still."""
    here, found = place.here, share_figure(target.standard, place)
    spared = {pair: number for pair, number in here.reasons.items() if pair[1].endswith(WITHOUT)}
    met = here.met - sum(number for (status, _), number in spared.items() if status == "met")
    counted = here.met + here.missed + sum(number for (status, _), number in spared.items() if status != "met")
    if not counted:
        return found
    words = f"{WITHOUT} {percent(met, counted)} ({met:,} of {counted:,})"
    return found._replace(details={"gross": Fraction(met, counted)}, remarks=(words,))


@dataclass(frozen=True)
class Stood:
    """The pauses of a batch up to ``as_of``, with the days in them that its clocks would have counted."""

    clock: Timeline
    pauses: Pauses
    as_of: int
    still: Truths  # which pauses haven't ended
    counted: Integers  # the days counted in all pauses before each one, of whatever record

    @classmethod
    def of(cls, clock: Timeline, pauses: Pauses, as_of: int) -> "Stood":
        """Cut pauses to the clocks, and to what is known; count their days."""
        stop = clock.end[pauses.row]
        end = np.minimum(pauses.end, np.where(stop == MISSING, as_of + 1, stop))
        kept = pauses.first < end
        row, first, end = pauses.row[kept], pauses.first[kept], end[kept]
        days = clock.counting.counted_before(end) - clock.counting.counted_before(first)
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
            found = clock.counting.due(clock.start[rows], allowed + stood)
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
        return self.clock.start + 1 - self.clock.counting.start_is_day_1

    def _before(self, rows: Integers, days: Integers) -> Integers:
        """Count the paused days of each record before a day; of all records before it too, so only differences tell."""
        if not len(self.pauses.row):
            return np.zeros(len(rows), np.int64)
        place = np.searchsorted(self.pauses.row * _SPAN + self.pauses.first, rows * _SPAN + days)
        last = np.maximum(place - 1, 0)
        over = (place > 0) & (self.pauses.row[last] == rows) & (self.pauses.end[last] > days)
        counted = self.clock.counting.counted_before
        return self.counted.take(place) - np.where(over, counted(self.pauses.end[last]) - counted(days), 0)


_SPAN = 1 << 20
