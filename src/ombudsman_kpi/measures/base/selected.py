"""Targets of records that are chosen by what their fields hold, and those that are dated in a period."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.target import Records, Target
from ombudsman_kpi.records.conditions import Condition, ConditionField
from ombudsman_kpi.records.vocabulary import fields_of


class Selected(Target):
    """A target of the records whose fields hold what it says."""

    where: dict[str, ConditionField] = Field(default_factory=dict, description="Which records it applies to")

    @property
    def selects(self) -> Mapping[str, Condition]:
        """The conditions on the records that it applies to."""
        return self.where

    @property
    def words_of_conditions(self) -> frozenset[str]:
        """What is said of the records that its conditions leave out."""
        return frozenset(condition.describe(name) for name, condition in self.where.items())

    def since_concerned(self, known: AsKnownBatch, joined: Integers) -> Integers:
        """Return the day on which each record joins: not before it became one of those concerned (was allocated)."""
        table = known.batch.table
        for name, condition in self.where.items():
            if condition.present and table.is_time(name):
                days = known.moments(table.resolve(name, f"target {self.id!r}")).days
                joined = np.where(joined == MISSING, MISSING, np.maximum(joined, days))
        return joined

    @model_validator(mode="after")
    def _known_words(self) -> Self:
        check_conditions("where", self.where, self.of)
        return self


class Dated(Selected):
    """A target of records without a clock: each belongs to the period of one of its days."""

    dated: str = Field(description="The field whose day puts a record into a period")

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Its own records, split in any way."""
        return {self.of: None}

    @property
    def from_periods(self) -> bool:
        """Periods will do in place of days."""
        return True

    @property
    def conditions(self) -> tuple[str, ...]:
        """The fields of its conditions."""
        return tuple(self.where)

    @model_validator(mode="after")
    def _has_a_day(self) -> Self:
        check_time(self.dated, self.of)
        if self.cohort == "due":
            raise ValueError(f"cohort: nothing is due here. {one_of(self.cohort, ['received', 'closed', 'dated'])}")
        return self


def check_time(name: str, of: str) -> None:
    """Raise ``ValueError`` for a field that is no time of some records."""
    fields = fields_of(of)
    if name.endswith("_at") and name not in fields:
        return  # a column of the user's own
    if name not in fields or fields[name].kind != "time":
        times = [item.name for item in fields.values() if item.kind == "time"]
        raise ValueError(f"{name!r} isn't a time of {of}; times end in _at. {one_of(name, times)}")


def check_conditions(key: str, conditions: Mapping[str, Condition], of: str) -> None:
    """Raise ``ValueError`` for a word that a field never holds."""
    for name, condition in conditions.items():
        choices = fields_of(of)[name].choices if name in fields_of(of) else ()
        for value in condition.values:
            if choices and value not in choices:
                raise ValueError(f"{key}: {name} is never {value!r}. {one_of(value, choices)}")


def check_named(target: Target, key: str, names: Sequence[str], fitting: Sequence[str], what: str) -> None:
    """Raise ``ValueError`` where a target names another one that doesn't fit."""
    for name in names:
        if name not in fitting:
            raise ValueError(f"target {target.id}: {key}: {name!r} isn't {what} of cases. {one_of(name, fitting)}")
