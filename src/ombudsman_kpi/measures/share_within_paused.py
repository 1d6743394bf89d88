"""A share within a limit where the clock may stand still: what counts is the time that it ran.

Source of the rule: pauses are cut to the clock; while one is open there is no due day; a pause never cures a breach
that had happened. Gross (as if nothing had been paused) and net are both given.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.judging import Judged, judged, provisional_days
from ombudsman_kpi.clocks.outcomes import MISSED, Assessed, Outcome, of_status
from ombudsman_kpi.clocks.pausing import PausedClock
from ombudsman_kpi.clocks.timeline import Timeline, timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figures, Said
from ombudsman_kpi.measures.base.lasting import records_of
from ombudsman_kpi.measures.base.on_clock import Limited
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import LimitedClock
from ombudsman_kpi.rounding import percent

SPARED = "spared"  # the mark of what would have been missed without pauses


@dataclass(frozen=True)
class PausedRule(ClockRule):
    """Each record's clock, less the days on which it stood still, judged by the limit."""

    target: Limited
    related: Related

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of the clocks of a batch by the time that they ran."""
        known = self.target.seen(known, self.related)
        gross, net, due = ran_net(self.target, self.related, known)
        as_if = judged(self.target, gross, known.setting.calendar)
        cured = of_status(as_if.categories, MISSED).take(as_if.code) & ~of_status(net.categories, MISSED).take(net.code)
        # Each category twice, as it is and as spared by a pause: of 4, the second one spared is 1 + 4 = 5.
        categories = (*net.categories, *map(spared, net.categories))
        return Assessed(
            (net.code + cured * len(net.categories)).astype(np.intp), categories, gross.start_day, gross.end_day,
            self.target.limit.shown(net.elapsed), self.target.limit.elapsed_unit, lambda: (*gross.points(), due),
            self.target.limit.parts, gross.in_days, net.provisional,
            gross=self.target.limit.shown(as_if.elapsed),
        )  # fmt: skip

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which clocks have ended, unless their due day may still move."""
        assessed, known = self.assess(known), self.target.seen(known, self.related)
        return super().stays(known) & ~records_of(assessed, np.not_equal(assessed.provisional, 0), known)


def paused_clock(target: LimitedClock, related: Related, known: AsKnownBatch) -> PausedClock:
    """Return the clocks of a batch with their pauses."""
    clock, offset = timeline(target, known), known.batch.offset
    pauses = related.pauses(target.of, in_days=clock.in_days).within(offset, offset + len(known.batch))
    return PausedClock.of(clock, pauses, known.as_of.day if clock.in_days else known.as_of.instant)


def ran_net(target: Limited, related: Related, known: AsKnownBatch) -> tuple[Timeline, Judged, Integers]:
    """Return the gross clocks of a batch, and the outcomes and due points by the time that they ran.

    Due points are days, or for other clocks times on the wall, as of a ``Timeline``.
    """
    paused = paused_clock(target, related, known)
    gross, calendar, due = paused.clock, known.setting.calendar, paused.due(target.limit.allowed)
    over = (due != MISSING) & (np.where(gross.end == MISSING, paused.as_of, gross.end) > due)
    rested = None if gross.rested is None else over  # it rests while the office is closed, and while it stands still
    net = judged(target, replace(gross, elapsed=paused.net(), rested=rested), calendar)
    if not gross.in_days:
        due = np.where(due == MISSING, MISSING, gross.zone.wall(due))
    moves = provisional_days(target.limit, target.clock, gross.start_day, gross.days_of(due), calendar)
    if gross.started is not None and gross.started.moves is not None:
        moves = np.maximum(moves, gross.started.moves)
    return gross, net._replace(provisional=moves), due


def spared(outcome: Outcome) -> Outcome:
    """Return an outcome that a pause has spared: a case that is in time, not yet due, or was withdrawn in time.

    >>> spared(Outcome("excluded", "withdrawn"))
    Outcome(status='excluded', reason='withdrawn, late without pauses', mark='spared')
    """
    words = f"{'overdue' if outcome.status == 'pending' else 'late'} without pauses"
    return Outcome(outcome.status, f"{outcome.reason}, {words}" if outcome.reason else words, SPARED)


def with_gross(figures: Figures, places: Places) -> Figures:
    """Return the shares by the time that clocks ran, and beside each what it would be had they never stood still."""
    met = places.met - places.number("met", SPARED)
    counted = met + places.missed + places.number(mark=SPARED)

    def say(row: int) -> Said:
        if not counted[row]:
            return Said()
        own, of = int(met[row]), int(counted[row])
        return Said({"gross": Fraction(own, of)}, (f"without pauses {percent(own, of)} ({own:,} of {of:,})",))

    return figures.adding(say)
