"""The share of records whose clock stopped within the limit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.clocks.judging import Judged, follows_from_elapsed, judged, outcomes, provisional
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.starts import recorded
from ombudsman_kpi.clocks.states import NONE, State
from ombudsman_kpi.clocks.timeline import SharedClock, Timeline, endings_of, timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.events.reopenings import since_reopened
from ombudsman_kpi.measures.base.changing import ChangingShare
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.on_clock import Extendable
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.published import PublishedShareRule
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.measures.share_within_due_days import DueDayRule, with_extensions
from ombudsman_kpi.measures.share_within_paused import PausedRule, spared, with_gross
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, RECORDS


@dataclass(frozen=True)
class ShareWithinRule(ClockRule):
    """Each record's clock, judged by the limit."""

    target: "ShareWithin"
    related: Related

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of the clocks of a batch."""
        known = self.target.seen(known, self.related)
        clock, result = clock_judged(self.target, known)
        return Assessed(
            result.code,
            result.categories,
            lambda: clock.start_day,
            lambda: clock.end_day,
            self.target.limit.shown(result.elapsed),
            self.target.limit.elapsed_unit,
            lambda: (*clock.points(), clock.due(self.target.limit)),
            self.target.limit.parts,
            clock.in_days,
            result.provisional,
        )

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which clocks have ended, unless their due day may still move."""
        known = self.target.seen(known, self.related)
        clock = timeline(self.target, known)
        moves = provisional(self.target, clock, known.setting.calendar)
        ended = super().stays(known)
        return ended if moves is None else ended & (~moves | (clock.elapsed == NONE))

    def shared_clock(self, known: AsKnownBatch) -> SharedClock | None:
        """Return the clocks of a batch where state and elapsed time say all."""
        known = self.target.seen(known, self.related)
        clock = timeline(self.target, known)
        shared = follows_from_elapsed(self.target, clock, known.setting.calendar)
        return SharedClock(self.target.clock_key, clock, self.target.limit) if shared else None

    def judge_shared(
        self, states: tuple[State, ...], state: NDArray[np.integer], elapsed: Integers
    ) -> tuple[NDArray[np.intp], tuple[Outcome, ...], Integers]:
        """Return the outcome of each of some clocks that were shared, by the limit."""
        limit = self.target.limit
        return *outcomes(self.target, states, state, limit.within(elapsed)), limit.shown(elapsed)


def clock_judged(target: "ShareWithin", known: AsKnownBatch) -> tuple[Timeline, Judged]:
    """Return the clocks of a batch, and their outcomes: worked out once for all targets that need them."""
    clock = timeline(target, known)
    name = ("judged", target.clock_key, target.limit)
    return clock, known.once(name, lambda: judged(target, clock, known.setting.calendar))


class ShareWithin(Extendable, ChangingShare):
    """The share of records whose clock stopped within the limit."""

    measure: Literal["share within"] = Field("share within", description="What is measured")

    example: ClassVar[str] = """
    of = "cases"
    start = "received_at"
    stop = ["decided_at", "allocated_at"]
    limit = "20 working days"
    standard = "at least 40%"
    cohort = "received"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (ShareWithinRule, PausedRule, DueDayRule)
    in_time = obliges = True

    @property
    def pauses(self) -> bool:
        """Whether its clock may stand still."""
        return self.clock.pauses == "allowed"

    @property
    def reopens(self) -> bool:
        """Whether a case that was reopened has stopped no more."""
        return self.clock.reopening == "last stop"

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Its records; and where its clock may stand still, beside each the events that say when."""
        own = IDS_OF_EVENTS[self.of] if self.pauses or self.reopens else None
        return {self.of: own, "events": own} if own else {self.of: None}

    @property
    def share_rule(self) -> Rule | None:
        """By the times that its cohort goes by; none where its clock may stand still, and two shares are given."""
        if self.pauses:
            return None
        times = {"closed": self.stop, "received": recorded(self.starts)}.get(self.cohort)
        return PublishedShareRule(self, times or (self.limit.own_field or "due_at",))

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for clocks that run on, for those that stand still, or for those judged by due days."""
        if self.reopens:
            _ = related.last_stops()  # found before several threads ask for them
        if self.judged_by_due_days:
            yield self.of, DueDayRule(self, related)
            return
        if not self.pauses:
            yield self.of, ShareWithinRule(self, related)
            return
        _ = related.pauses(self.of, in_days=self.in_days)  # found before several threads ask for them
        yield self.of, PausedRule(self, related)

    def figures(self, places: Places) -> Figures:
        """Return the share in time; and beside it what it would be without any pause, or without any extension."""
        figures = share_figures(self.standard, places)
        if self.extension is not None:
            return with_extensions(figures, places)
        return with_gross(figures, places) if self.pauses else figures

    def from_layout_1(self, outcome: Outcome) -> Outcome:
        """Return an outcome with its mark, of a clock that may stand still."""
        ends = [Outcome("excluded", name.removesuffix("_at")) for name in RECORDS[self.of].withdrawn_by]
        marked = [spared(item) for item in (Outcome("met"), Outcome("pending"), *ends) if self.pauses]
        return next((item for item in marked if item[:2] == outcome[:2]), outcome)

    def misfits(self, related: Related) -> Mapping[Misfit, int]:
        """Return what wasn't understood of pauses, or of the log that cases were made of."""
        if self.pauses:
            return related.pauses(self.of, in_days=self.in_days).misfits
        return related.last_stops().misfits if self.reopens else super().misfits(related)

    def seen(self, known: AsKnownBatch, related: Related) -> AsKnownBatch:
        """Return a batch in which cases that were reopened have their last stops, by that option."""
        if not self.reopens:
            return known
        timeline(self, known)  # which refuses times that don't fit together
        names = dict.fromkeys(known.batch.table.resolve(name, "") for name in self.stop)
        names |= dict.fromkeys(name for name in endings_of(self) if name in known.batch.columns)
        return known.once(("since reopened", *names), lambda: since_reopened(known, related.last_stops(), names))

    @property
    def meaningful_options(self) -> frozenset[str]:
        """The options of a clock that mean something for it, those about pauses and calls among them."""
        options = super().meaningful_options
        if set(RECORDS[self.of].answered_by) & set(self.stop):
            options |= {"unanswered"}
        if self.of in IDS_OF_EVENTS:
            options |= {"pauses"} & self.limit.options
        if self.of == "cases":
            options |= {"reopening"} & self.limit.options
        return options

    @property
    def called(self) -> str:
        """What an error calls a target with such a clock."""
        return f"a limit of {self.limit}"
