"""The share of records whose clock stopped within the limit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.clocks.due_days import spared
from ombudsman_kpi.clocks.judging import Judged, follows_from_elapsed, judged, outcomes, provisional
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.starts import recorded
from ombudsman_kpi.clocks.states import NONE, State
from ombudsman_kpi.clocks.timeline import SharedClock, Timeline, timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.log import UNSTOPPED, Misfit
from ombudsman_kpi.events.reopenings import Again
from ombudsman_kpi.measures.base.changing import ChangingShare
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.lasting import clock_lasts
from ombudsman_kpi.measures.base.on_clock import Extendable
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.published import PublishedShareRule
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.reopened import ReopenableRule, again, unstopped
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.measures.share_within_due_days import DueDayRule, with_extensions, with_gross
from ombudsman_kpi.records.vocabulary import RECORDS


@dataclass(frozen=True)
class ShareWithinRule(ReopenableRule):
    """Each record's clock, judged by the limit."""

    target: "ShareWithin"

    def of_clocks(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of the clocks of a batch."""
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

    def lasting(self, known: AsKnownBatch) -> Truths:
        """Return which clocks have ended, unless their due day may still move."""
        clock = timeline(self.target, known)
        moves = provisional(self.target, clock, known.setting.calendar)
        ended = clock_lasts(self.target, known)
        return ended if moves is None else ended & (~moves | (clock.elapsed == NONE))

    def shared_clock(self, known: AsKnownBatch) -> SharedClock | None:
        """Return the clocks of a batch where state and elapsed time say all."""
        if self.target.again(known, self.related) is not None:
            return None
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
    rule_types: ClassVar[tuple[type[Rule], ...]] = (ShareWithinRule, DueDayRule)
    better = "increase"
    in_time = obliges = may_pause = True

    @property
    def reopens(self) -> bool:
        """Whether a case that was reopened has its last stop, or clocks of its own since then."""
        return self.clock.reopening != "first stop"

    @property
    def timed_clock(self) -> Self:
        """The target itself."""
        return self

    @property
    def by_events(self) -> bool:
        """Whether events say when its clock stood still, or that it hasn't stopped."""
        return self.pauses or self.reopens

    @property
    def share_rule(self) -> Rule | None:
        """By the times that its cohort goes by; none where its clock may stand still, and two shares are given."""
        if self.pauses:
            return None
        times = {"closed": self.stop, "received": recorded(self.starts)}.get(self.cohort)
        return PublishedShareRule(self, times or (self.limit.own_field or "due_at",))

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for clocks judged by elapsed time, or for those judged by due days."""
        if self.reopens:
            _ = related.reopened(in_days=self.in_days)  # found before several threads ask for it
        if self.pauses:
            _ = related.pauses(self.of, in_days=self.in_days)  # as well
        yield self.of, DueDayRule(self, related) if self.judged_by_due_days else ShareWithinRule(self, related)

    def figures(self, places: Places) -> Figures:
        """Return the share in time; and beside it what it would be without any pause, or without any extension."""
        figures = share_figures(self.standard, places)
        if self.extension is not None:
            figures = with_extensions(figures, places)
        return with_gross(figures, places) if self.pauses else figures

    def from_layout_1(self, outcome: Outcome) -> Outcome:
        """Return an outcome with its mark, of a clock that may stand still."""
        ends = [Outcome("excluded", name.removesuffix("_at")) for name in RECORDS[self.of].withdrawn_by]
        marked = [spared(item) for item in (Outcome("met"), Outcome("pending"), *ends) if self.pauses]
        return next((item for item in marked if item[:2] == outcome[:2]), outcome)

    def misfits(self, related: Related) -> Mapping[Misfit, int]:
        """Return what wasn't understood of pauses and reopenings, or of the log that cases were made of."""
        misfits = super().misfits(related)
        if self.reopens and not self.pauses:
            misfits = related.reopened(in_days=self.in_days).misfits
        if self.clock.reopening != "new clock":
            return misfits
        return +Counter({**misfits, UNSTOPPED: unstopped(self, related)})

    def again(self, known: AsKnownBatch, related: Related) -> Again | None:
        """Return the clocks of cases that were reopened, by that option."""
        return again(self, known, related)[0] if self.reopens else None

    def telling(self, assessed: Assessed) -> Sequence[int]:
        """Return the place of the clock that runs now: the last of one record."""
        return range(len(assessed.code))[-1:]

    @property
    def meaningful_options(self) -> frozenset[str]:
        """The options of a clock that mean something for it, those about reopenings and calls among them."""
        options = super().meaningful_options
        if set(RECORDS[self.of].answered_by) & set(self.stop):
            options |= {"unanswered"}
        if self.of == "cases":
            options |= {"reopening"} & self.limit.options
        return options

    @property
    def called(self) -> str:
        """What an error calls a target with such a clock."""
        return f"a limit of {self.limit}"
