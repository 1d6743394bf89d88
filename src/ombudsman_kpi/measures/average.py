"""The mean time that a clock took, of those that stopped, from exact sums; and what other figures of times share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from ombudsman_kpi.arrays.exact import Fractions, less, times
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.clocks.limits import Limit, units
from ombudsman_kpi.clocks.outcomes import Assessed, Cohort, outcome_of
from ombudsman_kpi.clocks.pausing import PausedClock
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.changing import Changing
from ombudsman_kpi.measures.base.figures import Figures, Said, judged
from ombudsman_kpi.measures.base.on_clock import OnClock
from ombudsman_kpi.measures.base.places import Moments, Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.statistics.intervals import Interval, MeanMoments, difference_of_means

TimeUnit = Literal["seconds", "hours", "working hours", "working days", "calendar days"]


@dataclass(frozen=True)
class TimeTakenRule(ClockRule):
    """Each record's clock: met where it stopped, and its time counts; without a limit nothing is late."""

    target: "TimeTaken"
    related: Related

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of the clocks of a batch."""
        clock = timeline(self.target, known)
        elapsed = PausedClock.of(clock, self.related.stood_still(self.target, known), known.as_of).net()
        categories = tuple(outcome_of(state) for state in clock.states)
        return Assessed(
            clock.state.astype(np.intp),
            categories,
            clock.start_day,
            clock.end_day,
            elapsed,
            self.target.unit,
            clock.points_without_due,
            self.target.runs_in.parts,
            clock.in_days,
            in_parts=self.target.counts_parts,
            gross=clock.elapsed if self.target.pauses else None,
        )


class TimeTaken(OnClock):
    """A figure of the times that clocks took, of those that stopped."""

    counted_in: TimeUnit = Field(description="The unit of the figure")

    rule_types: ClassVar[tuple[type[Rule], ...]] = (TimeTakenRule,)
    better = "decrease"
    may_pause = True

    @property
    def runs_in(self) -> Limit:
        """None of its unit, which says how the clock counts."""
        return units()[self.counted_in.removesuffix("s")](0)

    @property
    def timed_clock(self) -> Self:
        """The target itself."""
        return self

    @property
    def reads_times(self) -> bool:
        """It does."""
        return True

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Those received and those closed; without a limit nothing is due."""
        return ("received", "closed")

    @property
    def unit(self) -> str:
        """The unit of the figure."""
        return "days" if self.counted_in == "calendar days" else self.counted_in

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for its records."""
        if self.pauses:
            _ = related.pauses(self.of, in_days=self.in_days)  # found before several threads ask for them
        yield self.of, TimeTakenRule(self, related)


class Average(TimeTaken, Changing):
    """The mean time that a clock took, of those that stopped, from exact sums."""

    measure: Literal["average"]

    example: ClassVar[str] = """
    of = "calls"
    start = "offered_at"
    stop = "answered_at"
    counted_in = "seconds"
    standard = "at most 20 seconds"
    cohort = "received"
    """

    def totals_of(self, places: Places) -> Fractions:
        """Return the exact sums of times, in its unit."""
        units, below, _ = places.sums_of_times
        parts = self.runs_in.parts
        return Fractions(less(times(units, parts), below), np.full(len(places), parts))

    def values_of(self, places: Places) -> Fractions:
        """Return the means in its unit; none where nothing has stopped."""
        totals = self.totals_of(places)
        return Fractions(totals.above, times(totals.below, places.met))

    def chance(self, before: Moments, now: Moments) -> Interval | None:
        """Return the interval of a change of means: its spread is that of whole units, its middle the exact change."""
        first, second = (MeanMoments(moments.met, moments.units, moments.squares) for moments in (before, now))
        if min(first.number, second.number) < 2 or not (first.spread or second.spread):
            return None
        interval = difference_of_means(first, second)
        short = [Fraction(moments.below, self.runs_in.parts) / moments.met for moments in (before, now)]
        return Interval(*(bound + float(short[0] - short[1]) for bound in interval))

    def figures(self, places: Places) -> Figures:
        """Return the means. Open clocks can make anything of one, unless all have run for longer than the mean."""
        value, is_open = self.values_of(places), places.pending != 0
        # Where all that is open has run for longer than the mean, it can only make that greater.
        shortest = Fractions.whole(np.where(is_open, places.least_pending - 1, -1))
        rises = (shortest.less(value).above >= 0) & value.there
        settled = ~is_open
        if self.standard is not None:
            kept = self.standard.is_kept_by(value.signs(self.standard.value)) | ~value.there
            operator = self.standard.operator
            settled |= rises & np.where(
                kept, operator in {"at least", "more than"}, operator in {"at most", "less than"}
            )
        return Figures(
            judged(self.standard, value, settled),
            value,
            value.where(rises | ~is_open),
            value.where(~is_open),
            self.totals_of(places),
            places.met,
            say=still_open(places.pending),
        )


def still_open(pending: Integers) -> Callable[[int], Said]:
    """Return how to say how many clocks of a row haven't stopped."""
    return lambda row: Said(words=(f"{pending[row]:,} still open",) if pending[row] else ())
