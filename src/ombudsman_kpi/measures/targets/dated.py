"""Targets without a clock: numbers, rates of kinds and scores of what is dated in a period."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.measures.targets.declared import Records, Some, check_conditions, check_time
from ombudsman_kpi.records.conditions import ConditionField
from ombudsman_kpi.records.vocabulary import fields_of


class Dated(Some):
    """A target of records without a clock: each belongs to the period of one of its days."""

    dated: str = Field(description="The field whose day puts a record into a period")

    @property
    def from_periods(self) -> bool:
        """Periods will do in place of days."""
        return True

    @model_validator(mode="after")
    def _has_a_day(self) -> Self:
        check_time(self.dated, self.of)
        if self.cohort == "due":
            raise ValueError(f"cohort: nothing is due here. {one_of(self.cohort, ['received', 'closed', 'dated'])}")
        return self


class ShareOfKinds(Dated):
    """The share of some kinds among all records of a larger set."""

    measure: Literal["share of kinds"]
    numerator: dict[str, ConditionField] = Field(default_factory=dict, description="Which of them are counted")
    followed_by: dict[str, ConditionField] = Field(
        default_factory=dict, description="Or: those whose case later has another record, such as { kind = 'stage-2' }"
    )
    among: dict[Records, str] = Field(
        default_factory=dict, description="Other records that belong to the larger set, and the field that dates them"
    )

    @property
    def from_periods(self) -> bool:
        """Periods will do, unless cases have to be followed."""
        return not self.followed_by

    @property
    def needs(self) -> tuple[Records, ...]:
        """Its own records, and the others of the larger set."""
        return (self.of, *self.among)

    @model_validator(mode="after")
    def _has_kinds(self) -> Self:
        if bool(self.numerator) == bool(self.followed_by):
            raise ValueError("numerator: say which kinds are counted, by numerator or by followed_by")
        check_conditions("numerator", self.numerator, self.of)
        check_conditions("followed_by", self.followed_by, self.of)
        if self.followed_by and "case_id" not in fields_of(self.of):
            raise ValueError(f"followed_by: {self.of} have no case_id by which one could follow another")
        for records, name in self.among.items():
            if records == self.of:
                raise ValueError(f"among: {records} are counted already")
            check_time(name, records)
        return self


class Rank(ShareOfKinds):
    """A share of kinds for each group, beside a comparator, and its rank among the groups."""

    measure: Literal["rank"]  # type: ignore[assignment]
    comparator: Literal["pooled", "mean of rates"] = Field(
        "pooled", description="What each group is set beside: the rate of all together, or the mean of their rates"
    )

    @property
    def options(self) -> dict[str, str]:
        """Which comparator it is."""
        return {"comparator": self.comparator}


class Count(Dated):
    """How many records there were."""

    measure: Literal["count"]
    per: Every | None = Field(None, description="The period that the standard is a number for")
    distinct: str | None = Field(None, description="Count what shares this field once in each period of per")

    @property
    def from_periods(self) -> bool:
        """Periods will do, unless ids tell what is counted once."""
        return self.distinct is None

    @property
    def unit(self) -> str:
        """A number of records."""
        return "number"


class Volume(Count):
    """How many records there were, with the change from the period before."""

    measure: Literal["volume"]  # type: ignore[assignment]


class DoneBy(Dated):
    """Something that is to be done by a date: 1 when a record of it is there in time."""

    measure: Literal["done by"]
    by_date: date = Field(description="The last day that is in time")

    @property
    def from_periods(self) -> bool:
        """A date is wanted."""
        return False

    @model_validator(mode="after")
    def _its_date_is_its_standard(self) -> Self:
        if self.standard is not None:
            raise ValueError("standard: the date is the standard; leave it out")
        return self

    @property
    def unit(self) -> str:
        """1 when it is done, 0 when it isn't."""
        return "number"


class Score(Dated):
    """Quality as met / (met + not met), of one standard; or of several, combined."""

    measure: Literal["score"]
    dated: str = "reviewed_at"
    partly: Literal["met", "not met", "left out"] = Field("not met", description="How the answer partly counts")
    parts: str | None = Field(None, description="The field that tells the parts which are combined: standard, source")
    combined: Literal["pooled", "mean-of-scores"] = Field("pooled", description="How the parts are combined")
    sampled_from: str | None = Field(None, description="The target whose number says what the sample was drawn from")

    @property
    def from_periods(self) -> bool:
        """Reviews are wanted, one by one."""
        return False

    @property
    def combines_by_mean(self) -> bool:
        """Tell whether its value is the mean of its parts' scores."""
        return self.parts is not None and self.combined == "mean-of-scores"

    @property
    def options(self) -> dict[str, str]:
        """How partly counts, and parts are combined."""
        return {"partly": self.partly} | ({"combined": self.combined} if self.parts else {})

    @model_validator(mode="after")
    def _of_reviews(self) -> Self:
        if self.of != "reviews":
            raise ValueError(f"of: a score is of reviews, not of {self.of}")
        if self.parts is None and "combined" in self.model_fields_set:
            raise ValueError("combined: say what is combined: parts = 'standard'")
        if self.parts is not None and self.parts not in fields_of("reviews"):
            raise ValueError(f"parts: reviews have no {self.parts!r}. {one_of(self.parts, fields_of('reviews'))}")
        return self
