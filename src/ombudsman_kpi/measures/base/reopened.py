"""Clocks of records that may have been reopened: assessed with the last stop, or each clock for itself."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.clocks.starts import recorded
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline, endings_of, fields_needed, timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.reopenings import Again, Reopenings
from ombudsman_kpi.measures.base.on_clock import Limited
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule


@dataclass(frozen=True)
class ReopenableRule(ClockRule):
    """A rule for clocks of records that may have been reopened."""

    target: Limited
    related: Related

    @abstractmethod
    def of_clocks(self, known: AsKnownBatch) -> Assessed:
        """Return the outcome of each clock of a batch."""

    @abstractmethod
    def lasting(self, known: AsKnownBatch) -> Truths:
        """Return which clocks of a batch have the same outcome at any later day."""

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of the clocks of a batch, with those of records that were reopened."""
        again, first = self.target.again(known, self.related), self.of_clocks(known)
        if again is None:
            return first
        return first.with_more(self.of_clocks(again), again.record, instead=again.instead)

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return the records of which all clocks have ended, and no due day may still move."""
        return of_all(self.lasting, known, self.target.again(known, self.related))


def of_all(lasting: Callable[[AsKnownBatch], Truths], known: AsKnownBatch, again: Again | None) -> Truths:
    """Return of which records of a batch all clocks last, those after they were reopened among them."""
    lasts = lasting(known)
    if again is None:
        return lasts
    records = np.arange(len(lasts))
    first = ~np.isin(records, again.record) if again.instead else lasts | True
    also = np.bincount(again.record, ~lasting(again), len(lasts)) == 0
    every: Truths = (lasts | ~first) & also
    return every


def again(target: Limited, known: AsKnownBatch, related: Related) -> tuple[Again | None, int]:
    """Return the clocks of reopened records by the option of a target, and how many reopenings found one running."""
    return known.once(("again", target.clock_key), lambda: _again(target, known, related))


def _again(target: Limited, known: AsKnownBatch, related: Related) -> tuple[Again | None, int]:
    clock, table = timeline(target, known), known.batch.table  # which refuses times that don't fit together
    starts = [table.resolve(name, "") for name in recorded(target.starts)]
    stops = dict.fromkeys(table.resolve(name, "") for name in target.stop)
    stops |= dict.fromkeys(name for name in endings_of(target) if name in known.batch.columns)
    found = Reopenings.within(known, related.reopened(in_days=clock.in_days), starts, stops, in_days=clock.in_days)
    if target.clock.reopening == "last stop":
        return found.last_stops(), 0
    return found.new_clocks(_stopped(clock, known), clock.elapsed != NONE)


def _stopped(clock: Timeline, known: AsKnownBatch) -> Integers:
    """Return when each clock stopped: on the wall where it runs in days, else as an instant."""
    if not clock.in_days:
        return clock.end
    stopped = np.full(len(clock.end), MISSING)
    for place, name in enumerate(clock.endings):
        mine = np.flatnonzero(clock.ended_by == place)
        if len(mine):
            stopped[mine] = known.batch.times(name).take(mine).walls(clock.zone)
    return stopped


def unstopped(target: Limited, related: Related) -> int:
    """Return how many reopenings found a clock of a target running: they are no new clocks."""
    table = related.tables[target.of]
    if not len(related.reopened(in_days=target.in_days).row):
        return 0
    batches = table.batches(fields_needed(target, table))
    return sum(again(target, AsKnownBatch(batch, related.as_of, related.scheme), related)[1] for batch in batches)
