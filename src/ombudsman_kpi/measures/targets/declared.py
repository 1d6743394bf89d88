"""What every target has: its words, its records, its headline cohort, its standard."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.measures.standard import StandardField
from ombudsman_kpi.records.conditions import Condition, ConditionField, Declaration
from ombudsman_kpi.records.vocabulary import RecordKind, fields_of

Records = RecordKind
Party = Literal["complainant", "organisation"]


class InForce(Declaration):
    """The days on which a commitment held, as far as its document says."""

    first: date | None = Field(None, description="The first day")
    last: date | None = Field(None, description="The last day")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError("the last day is before the first")
        return self

    def __str__(self) -> str:
        words = [f"{word} {day.day} {day:%B %Y}" for word, day in (("from", self.first), ("to", self.last)) if day]
        return " ".join(words)


class Target(Declaration):
    """What every target has: its words, its records, its headline cohort and its standard."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="A short name, such as written-contacts-3wd")
    says: str = Field(min_length=1, description="The words of the commitment, as published")
    source: str | None = Field(None, description="Where it is published, if not in the scheme's own source")
    reading: str | None = Field(None, description="What the scheme chose where the words leave it open")
    in_force: InForce | None = Field(None, description="The days on which it held, if not those of the scheme")
    of: Records = Field(description="The records that it is measured on")
    cohort: Cohort = Field(description="The headline cohort: which records belong to a period")
    standard: StandardField | None = Field(None, description="The published figure; none where it is unstated")

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """The cohorts that the target can be measured by."""
        return (self.cohort,)

    @property
    def unit(self) -> str:
        """The unit of its value: share, number, or a unit of time."""
        return "share"

    @property
    def standard_unit(self) -> str:
        """The unit that its standard is written in."""
        return {"share": "%", "number": ""}.get(self.unit, self.unit)

    @property
    def standard_wanted(self) -> str:
        """How its standard is written."""
        if self.unit == "share":
            return "a share is published in per cent, such as 'at least 98%'"
        example = "at least 4" if self.unit == "number" else f"at most 20 {self.unit}"
        return f"its unit is {self.unit}; write it like {example!r}"

    @property
    def needs(self) -> tuple[Records, ...]:
        """The kinds of record without which it can't be measured."""
        return (self.of,)

    @property
    def from_periods(self) -> bool:
        """Tell whether rows of a published table, with a count and the label of a period, will do."""
        return False

    @property
    def options(self) -> dict[str, str]:
        """The options in force, to be printed with every result."""
        return {}

    @model_validator(mode="after")
    def _standard_in_its_unit(self) -> Self:
        if self.standard is not None and self.standard.unit != self.standard_unit:
            raise ValueError(f"standard: {self.standard_wanted}")
        return self


class NotMeasured(Target):
    """A published commitment that isn't measured, and why: it is shown in every result, never left out."""

    measure: Literal["not measured"]
    reason: str = Field(min_length=1, description="Why it isn't measured")


class Some(Target):
    """A target of some records, chosen by what their fields hold."""

    where: dict[str, ConditionField] = Field(default_factory=dict, description="Which records it applies to")

    @model_validator(mode="after")
    def _known_words(self) -> Self:
        check_conditions("where", self.where, self.of)
        return self


def check_time(name: str, of: str) -> None:
    """Refuse a field that is no time of some records."""
    fields = fields_of(of)
    if name.endswith("_at") and name not in fields:
        return  # a column of the user's own
    if name not in fields or fields[name].kind != "time":
        times = [item.name for item in fields.values() if item.kind == "time"]
        raise ValueError(f"{name!r} isn't a time of {of}; times end in _at. {one_of(name, times)}")


def check_conditions(key: str, conditions: Mapping[str, Condition], of: str) -> None:
    """Refuse a word that a field never holds."""
    for name, condition in conditions.items():
        choices = fields_of(of)[name].choices if name in fields_of(of) else ()
        for value in condition.values:
            if choices and value not in choices:
                raise ValueError(f"{key}: {name} is never {value!r}. {one_of(value, choices)}")
