"""Rates of kinds: the records of some kinds among those of a larger set, and for each group, its rank."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import integers, present
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome, of_days
from ombudsman_kpi.clocks.states import StateBuilder, dated, fields_of_conditions, fields_of_identity
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.targets import Some
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.tables import Table

IN, NOT_IN = Outcome("met"), Outcome("late")


@dataclass(frozen=True)
class KindsRule:
    """Each dated record of the larger set: met where it is of the kinds, late where it isn't."""

    target: Some
    dated: str
    where: Mapping[str, Condition]
    numerator: Mapping[str, Condition]

    def fields(self, table: Table) -> list[str]:
        """Name its day, its kinds, and what tells records apart."""
        return fields_of_kinds(self.target.id, self.dated, {**self.where, **self.numerator}, table)

    def assess(self, known: Known) -> Assessed:
        """Tell which records of a batch are of the kinds."""
        draft = StateBuilder(known, self.target.id)
        day = dated(draft, self.dated, [self.where])
        found = np.ones(draft.size, np.bool_)
        for name, condition in self.numerator.items():
            own = draft.name(name)
            draft.mark(known.unknown_choices(own), "invalid", f"{own} has an unknown value")
            found &= known.fulfils(own, condition)
        return of_days(draft, day, (NOT_IN, IN), found)


@dataclass(frozen=True)
class OthersRule:
    """Each dated record of another kind that belongs to the larger set: it isn't of the kinds."""

    target: Some
    dated: str

    def fields(self, table: Table) -> list[str]:
        """Name its day, and what tells records apart."""
        return fields_of_kinds(self.target.id, self.dated, {}, table)

    def assess(self, known: Known) -> Assessed:
        """Give each record of a batch its day."""
        draft = StateBuilder(known, self.target.id)
        day = dated(draft, self.dated, [])
        return of_days(draft, day, (NOT_IN, IN), np.zeros(draft.size, np.bool_))


@dataclass(frozen=True)
class FollowedRule:
    """Each dated record: met where a record of some kind of the same case came on its day or later."""

    target: Some
    dated: str
    where: Mapping[str, Condition]
    cases: Any  # those that have a following record, as Arrow text
    last: Integers  # the day when the last one was received

    def fields(self, table: Table) -> list[str]:
        """Name its day, its case, and what tells records apart."""
        case = table.resolve("case_id", f"target {self.target.id!r}")
        return [*fields_of_kinds(self.target.id, self.dated, self.where, table), case]

    def assess(self, known: Known) -> Assessed:
        """Tell which records of a batch were followed."""
        draft = StateBuilder(known, self.target.id)
        day = dated(draft, self.dated, [self.where])
        draft.mark(~present(known.batch.text("case_id")), "invalid", "case_id is missing")
        return of_days(draft, day, (NOT_IN, IN), self._followed(known, day))

    def _followed(self, known: Known, day: np.ndarray) -> Truths:
        import pyarrow as pa
        import pyarrow.compute as pc

        place = pc.index_in(known.batch.text("case_id"), self.cases).cast(pa.int64())
        latest = np.append(self.last, MISSING).take(integers(place, len(self.last)))
        followed: Truths = (latest != MISSING) & (day != MISSING) & (latest >= day)
        return followed


def fields_of_kinds(target: str, dated: str, conditions: Mapping[str, Condition], table: Table) -> list[str]:
    """Name the fields of a target without a clock."""
    day = table.resolve(dated, f"target {target!r}")
    named = [day, *fields_of_conditions(conditions, table, target), *fields_of_identity(table)]
    return list(dict.fromkeys(named))


def rate(met: int, missed: int) -> Fraction | None:
    """Give a rate; None where there is nothing that it is a rate of."""
    return Fraction(met, met + missed) if met + missed else None
