"""Rules: how the records of a target are assessed; and what those with a clock share, or with one day."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.clocks.outcomes import Assessed, CountedBy, Outcome
from ombudsman_kpi.clocks.states import State, StateBuilder, dated, fields_of_conditions, fields_of_identity
from ombudsman_kpi.clocks.timeline import Timeline, fields_needed
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.lasting import clock_lasts, day_lasts
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition

if TYPE_CHECKING:
    from ombudsman_kpi.measures.base.on_clock import OnClock
    from ombudsman_kpi.measures.base.selected import Dated
    from ombudsman_kpi.measures.base.target import Target


class SharedClock(NamedTuple):
    """The clocks of a batch that several targets share: those of one key differ in their limits alone."""

    key: Hashable
    timeline: Timeline


@dataclass(frozen=True)
class Rule(ABC):
    """How the records of one kind are assessed for one target."""

    target: "Target"

    counted_as: ClassVar[CountedBy | None] = None  # what isn't judged, but counted beside the records: populations

    @abstractmethod
    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that it reads. Raises ``RecordsError`` where one isn't there."""

    @abstractmethod
    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of a batch."""

    @abstractmethod
    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which records of a batch have the same outcome at any later day, whatever may still come."""

    def shared_clock(self, known: AsKnownBatch) -> SharedClock | None:
        """Return the clocks of a batch where state and elapsed time say all; None where they don't.

        What differs in nothing but the limit is then counted once, and judged by each limit at the end.
        """
        return None

    def judge_shared(
        self, states: tuple[State, ...], state: NDArray[np.integer], elapsed: Integers
    ) -> tuple[NDArray[np.intp], tuple[Outcome, ...], Integers]:
        """Return the outcome of each of some clocks that were shared, as a position in a list of outcomes.

        And the elapsed times as they are shown.
        """
        raise TypeError(f"{type(self).__name__} shares no clock.")


@dataclass(frozen=True)
class ClockRule(Rule):
    """A rule for records with a clock."""

    target: "OnClock"

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that the clock reads."""
        return fields_needed(self.target, table)

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which clocks have ended."""
        return clock_lasts(self.target, known)


@dataclass(frozen=True)
class DatedRule(Rule):
    """A rule for records without a clock, each of which has one day."""

    target: "Dated"

    @property
    def day_field(self) -> str:
        """The field that holds the day."""
        return self.target.dated

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """All conditions that it looks at."""
        return self.target.where

    def fields(self, table: Columns) -> list[str]:
        """Return the names of its day, of what its conditions look at, and of what tells records apart."""
        day = table.resolve(self.day_field, f"target {self.target.id!r}")
        conditions = fields_of_conditions(self.conditions, table, self.target.id)
        return list(dict.fromkeys([day, *conditions, *fields_of_identity(table)]))

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which records have their day, and all that conditions look at."""
        return day_lasts(self.target.id, known, self.day_field, self.conditions)

    def states_and_days(self, known: AsKnownBatch) -> tuple[StateBuilder, Integers]:
        """Return the states of the records that the target applies to, and their days."""
        builder = StateBuilder(known, self.target.id)
        return builder, dated(builder, self.target.dated, self.target.where)
