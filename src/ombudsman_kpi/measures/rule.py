"""The rule of a measure: how the records of one kind are assessed for a target."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import State
from ombudsman_kpi.clocks.timeline import Timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.records.tables import Table

if TYPE_CHECKING:
    from ombudsman_kpi.measures.target import Target


class SharedClock(NamedTuple):
    """The clocks of a batch that several targets share: those of one key differ in their limits alone."""

    key: Hashable
    timeline: Timeline


@dataclass(frozen=True)
class Rule(ABC):
    """How the records of one kind are assessed for one target."""

    target: "Target"

    @abstractmethod
    def fields(self, table: Table) -> list[str]:
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
    ) -> tuple[NDArray[np.intp], tuple[Outcome, ...]]:
        """Return the outcome of each of some clocks that were shared, as a position in a list of outcomes."""
        raise TypeError(f"{type(self).__name__} shares no clock.")
