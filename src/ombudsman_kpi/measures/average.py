"""The mean time that a clock took, of those that stopped, from exact sums; and what other figures of times share."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ombudsman_kpi.clocks.limits import Limit, units
from ombudsman_kpi.clocks.outcomes import Assessed, Cohort, outcome_of
from ombudsman_kpi.clocks.pausing import PausedClock
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.changing import Changing
from ombudsman_kpi.measures.base.figures import Figure, Place, PlaceCounts, judged
from ombudsman_kpi.measures.base.on_clock import OnClock
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.statistics.intervals import Interval, MeanMoments, change_of_means

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
        ran = np.array([outcome.status in {"met", "pending"} for outcome in categories]).take(clock.state)

        return Assessed(
            clock.state.astype(np.intp),
            categories,
            clock.start_day,
            clock.end_day,
            np.where(ran, elapsed, NONE),
            self.target.unit,
            clock.points_without_due,
            self.target.runs_in.parts,
            clock.in_days,
            in_parts=self.target.counts_parts,
            gross=np.where(ran, clock.elapsed, NONE) if self.target.pauses else None,
        )


class TimeTaken(OnClock):
    """A figure of the times that clocks took, of those that stopped."""

    counted_in: TimeUnit = Field(description="The unit of the figure")

    rule_types: ClassVar[tuple[type[Rule], ...]] = (TimeTakenRule,)
    may_pause = True
    counts_parts: ClassVar[bool] = False  # whether each different time is counted, not whole units and exact sums

    @property
    def runs_in(self) -> Limit:
        """None of its unit, which says how the clock counts."""
        return units()[self.counted_in.removesuffix("s")](0)

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

    def total_of(self, counts: PlaceCounts) -> Fraction:
        """Return the exact sum of times, in its unit."""
        return counts.units - Fraction(counts.below, self.runs_in.parts)

    def value_of(self, counts: PlaceCounts) -> Fraction | None:
        """Return the mean in its unit; None where nothing has stopped."""
        return self.total_of(counts) / counts.met if counts.met else None

    def chance(self, before: PlaceCounts, now: PlaceCounts) -> Interval | None:
        """Return the interval of a change of means: its spread is that of whole units, its middle the exact change."""
        interval = change_of_means(
            MeanMoments(before.met, before.units, before.squares), MeanMoments(now.met, now.units, now.squares)
        )
        if interval is None:
            return None
        short = [(counts.units - self.total_of(counts)) / counts.met for counts in (before, now)]
        return Interval(*(bound + float(short[0] - short[1]) for bound in interval))

    def figure(self, place: Place) -> Figure:
        """Return the mean. Open clocks can make anything of it, unless all have run for longer than the mean."""
        here, value = place.here, self.value_of(place.here)
        rises = value is not None and here.least_pending - 1 >= value  # they only can make it greater
        is_met = self.standard is None or value is None or self.standard.is_met_by(value)
        lost = {"at most", "less than"} if not is_met else {"at least", "more than"}
        settled = not here.pending or (rises and self.standard is not None and self.standard.operator in lost)
        return Figure(
            judged(self.standard, value, settled=settled),
            value,
            value if rises or not here.pending else None,
            None if here.pending else value,
            self.total_of(here),
            here.met,
            remarks=(f"{here.pending:,} still open",) if here.pending else (),
        )
