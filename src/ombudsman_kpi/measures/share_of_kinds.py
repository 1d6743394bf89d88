"""Rates of kinds: the records of some kinds among those of a larger set, and for each group, its rank."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.arrow_memory import integers, present
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.outcomes import IN, NOT_IN, Assessed, of_days
from ombudsman_kpi.clocks.states import StateBuilder, dated
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.changing import ChangingShare
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.lasting import day_lasts
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.published import PublishedShareRule
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import DatedRule
from ombudsman_kpi.measures.base.selected import Dated, check_conditions, check_time
from ombudsman_kpi.measures.base.target import CASE, Records, Rule
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition, ConditionField
from ombudsman_kpi.records.vocabulary import fields_of


class KindsRule(DatedRule):
    """Each dated record of the larger set: met where it is of the kinds, late where it isn't."""

    target: "SharesOfKinds"

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """Those of the larger set, and of the kinds."""
        return {**self.target.where, **self.target.numerator}

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return which records of a batch are of the kinds."""
        builder, day = self.states_and_days(known)
        of_kinds = np.ones(builder.size, np.bool_)
        for name, condition in self.target.numerator.items():
            own = builder.name(name)
            builder.mark(known.unknown_choices(own), "invalid", f"{own} has an unknown value")
            of_kinds &= known.fulfils(own, condition)
        return of_days(builder, day, (NOT_IN, IN), of_kinds)


@dataclass(frozen=True)
class OthersRule(DatedRule):
    """Each dated record of another kind that belongs to the larger set: it isn't of the kinds."""

    target: "SharesOfKinds"
    dated: str

    @property
    def day_field(self) -> str:
        """The field that dates these records."""
        return self.dated

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """None: all of them belong to the larger set."""
        return {}

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return for each record of a batch its day."""
        builder = StateBuilder(known, self.target.id)
        day = dated(builder, self.dated, {})
        return of_days(builder, day, (NOT_IN, IN), np.zeros(builder.size, np.bool_))


@dataclass(frozen=True)
class FollowedRule(DatedRule):
    """Each dated record: met where a record of some kind of the same case came on its day or later."""

    target: "SharesOfKinds"
    cases: Any  # those that have a following record, as Arrow text
    last: Integers  # the day when the last one was received

    def fields(self, table: Columns) -> list[str]:
        """Return the names of its day, its case, and what tells records apart."""
        return [*super().fields(table), table.resolve(CASE, f"target {self.target.id!r}")]

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return which records of a batch were followed."""
        builder, day = self.states_and_days(known)
        builder.mark(~present(known.batch.text(CASE)), "invalid", f"{CASE} is missing")
        return of_days(builder, day, (NOT_IN, IN), self._followed(known, day))

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which records have their day, and were followed: any other may still be."""
        assessed, target = self.assess(known), self.target
        waits = np.array([outcome == NOT_IN for outcome in assessed.categories], np.bool_).take(assessed.code)
        return day_lasts(target.id, known, target.dated, target.where, target.followed_by) & ~waits

    def _followed(self, known: AsKnownBatch, day: np.ndarray) -> Truths:
        import pyarrow as pa
        import pyarrow.compute as pc

        place = pc.index_in(known.batch.text(CASE), self.cases).cast(pa.int64())
        latest = np.append(self.last, MISSING).take(integers(place, len(self.last)))
        followed: Truths = (latest != MISSING) & (day != MISSING) & (latest >= day)
        return followed


class SharesOfKinds(Dated):
    """The shares of some kinds among all records of a larger set."""

    numerator: dict[str, ConditionField] = Field(default_factory=dict, description="Which of them are counted")
    followed_by: dict[str, ConditionField] = Field(
        default_factory=dict, description="Or: those whose case later has another record, such as { kind = 'stage-2' }"
    )
    among: dict[Records, str] = Field(
        default_factory=dict, description="Other records that belong to the larger set, and the field that dates them"
    )

    rule_types: ClassVar[tuple[type[Rule], ...]] = (KindsRule, OthersRule, FollowedRule)

    @property
    def met_words(self) -> str:
        """The kinds that are counted, where it is one field that says so: upheld."""
        if len(self.numerator) != 1:
            return ""
        ((name, condition),) = self.numerator.items()
        words = name.removesuffix("_at").replace("_", " ") if condition.of_truths or condition.present else ""
        if condition.of_truths or condition.present is not None:
            return words if condition.present or condition.values == ("true",) else ""
        return f"{'not ' * condition.negated}{' or '.join(condition.values).replace('-', ' ')}"

    @property
    def from_periods(self) -> bool:
        """Periods will do, unless cases have to be followed."""
        return not self.followed_by

    @property
    def share_rule(self) -> Rule | None:
        """By its day; none where other records belong to the larger set, which no row counts."""
        return None if self.among else PublishedShareRule(self, (self.dated,))

    @property
    def conditions(self) -> tuple[str, ...]:
        """The fields of its conditions, those of the kinds among them."""
        return (*self.where, *self.numerator)

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Its own records, those of a case together where cases are followed; and the others of the larger set."""
        own: Mapping[Records, str | None] = {self.of: CASE if self.followed_by else None}
        return {**own, **dict.fromkeys(self.among)}

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for its own records, and those for the others of the larger set."""
        if self.followed_by:
            yield self.of, FollowedRule(self, *related.last_days(self.of, self.followed_by))
            return
        yield self.of, KindsRule(self)
        for records, day in self.among.items():
            yield records, OthersRule(self, day)

    def figures(self, places: Places) -> Figures:
        """Return the share."""
        return share_figures(self.standard, places)

    @model_validator(mode="after")
    def _has_kinds(self) -> Self:
        if bool(self.numerator) == bool(self.followed_by):
            raise ValueError("numerator: say which kinds are counted, by numerator or by followed_by")
        check_conditions("numerator", self.numerator, self.of)
        check_conditions("followed_by", self.followed_by, self.of)
        if self.followed_by and CASE not in fields_of(self.of):
            raise ValueError(f"followed_by: {self.of} have no {CASE} by which one could follow another")
        for records, name in self.among.items():
            if records == self.of:
                raise ValueError(f"among: {records} are counted already")
            check_time(name, records)
        return self


class ShareOfKinds(SharesOfKinds, ChangingShare):
    """The share of some kinds among all records of a larger set."""

    measure: Literal["share of kinds"]

    part_of: ClassVar[str | None] = "denominator"
    example: ClassVar[str] = """
    of = "cases"
    dated = "decided_at"
    where = { decided_in = "investigation" }
    numerator = { decision = "upheld" }
    standard = "at most 50%"
    cohort = "dated"
    """
