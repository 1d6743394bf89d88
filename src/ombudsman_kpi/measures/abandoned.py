"""The share of calls that were abandoned by the caller after more than some time, of all calls offered."""

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.clocks.limit_fields import LimitField
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.outcomes import IN, NOT_IN, Assessed, Cohort, Outcome
from ombudsman_kpi.clocks.states import State
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.changing import ChangingShare
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.on_clock import OnClock
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.vocabulary import RECORDS


class AbandonedRule(ClockRule):
    """Each call: met where it was abandoned after more than the time, late where it was answered or given up sooner."""

    target: "Abandoned"

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that it reads.

        Raises ``RecordsError`` where a table doesn't say which calls were abandoned: it isn't that none was.
        """
        given_up = [table.resolve(name, f"target {self.target.id!r}") for name in RECORDS[self.target.of].abandoned_by]
        return list(dict.fromkeys([*super().fields(table), *given_up]))

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return which calls of a batch were abandoned after the time."""
        clock, after = timeline(self.target, known), self.target.after
        # Each state twice, after the time and within it: of 3 states, the second within it is 1 + 3 = 4.
        categories = tuple(_outcome_of(state, late=late) for late in (True, False) for state in clock.states)

        return Assessed(
            clock.state.astype(np.intp) + clock.in_time(after) * len(clock.states), categories, clock.start_day,
            clock.end_day, clock.elapsed, after.elapsed_unit, clock.points_without_due, after.parts, clock.in_days,
        )  # fmt: skip


def _outcome_of(state: State, *, late: bool) -> Outcome:
    """Return what a clock's state says of it: abandoned, after the time or within it, answered, or still waiting."""
    if state.ending in {"stopped", "abandoned"}:
        return IN if late and state.ending == "abandoned" else NOT_IN
    if state.ending == "open":
        return Outcome("pending")
    return Outcome("invalid" if state.ending == "invalid" else "excluded", state.reason)


class Abandoned(OnClock, ChangingShare):
    """The share of calls that were abandoned by the caller after more than some time, of all calls offered."""

    measure: Literal["abandoned"]
    after: LimitField = Field(description="The time within which giving up doesn't count, such as 30 seconds")

    example: ClassVar[str] = """
    of = "calls"
    start = "offered_at"
    stop = "answered_at"
    after = "30 seconds"
    standard = "at most 5%"
    cohort = "received"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (AbandonedRule,)
    better = "decrease"

    @property
    def runs_in(self) -> Limit:
        """The time within which giving up doesn't count."""
        return self.after

    @property
    def met_words(self) -> str:
        """What is said of those that are counted."""
        return "abandoned"

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Those received and those closed; nothing is due."""
        return ("received", "closed")

    @property
    def described(self) -> str:
        """After what time."""
        return f"abandoned after {self.after}"

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for its records."""
        yield self.of, AbandonedRule(self)

    def figures(self, places: Places) -> Figures:
        """Return the share."""
        return share_figures(self.standard, places)

    @model_validator(mode="after")
    def _can_be_abandoned(self) -> Self:
        kind = RECORDS[self.of]
        if not (kind.abandoned_by and set(kind.answered_by) & set(self.stop)):
            raise ValueError(
                "stop: only a call can be abandoned, until it is answered: of = 'calls', stop = 'answered_at'"
            )
        if self.after.own_field or not self.after.needs_times:
            raise ValueError("after: write it in seconds, such as '30 seconds'")
        return self
