"""Targets about other figures: the change of one, and whether misses were explained."""

from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.measures.standard import LimitField
from ombudsman_kpi.measures.targets.clocked import Average, ShareWithin
from ombudsman_kpi.measures.targets.dated import Count, Score, ShareOfKinds
from ombudsman_kpi.measures.targets.declared import Party, Records, Target


class DelaysExplained(Target):
    """Whether both parties were told, with a reason, when a case missed one of some targets."""

    measure: Literal["delays explained"]
    late_on: tuple[str, ...] = Field(description="The targets of cases whose misses are to be explained", min_length=1)
    parties: tuple[Party, ...] = Field(("complainant", "organisation"), description="Who is told", min_length=1)
    up_to: LimitField | None = Field(None, description="How long after the due day an explanation is still in time")

    @property
    def needs(self) -> tuple[Records, ...]:
        """Cases, and the events that say what was explained."""
        return (self.of, "events")

    @property
    def options(self) -> dict[str, str]:
        """How long after the due day is in time."""
        return {"up_to": str(self.up_to)} if self.up_to is not None else {}

    @model_validator(mode="after")
    def _of_cases(self) -> Self:
        if self.of != "cases" or self.cohort != "due":
            raise ValueError("of: delays are explained on cases, in the cohort of those due")
        if self.up_to is not None and (self.up_to.size > 1 or not self.up_to.in_days):
            raise ValueError("up_to: write it in working days or calendar days")
        return self


class Trend(Target):
    """The change of a figure from the period before, with how much of it is within chance."""

    measure: Literal["trend"]
    change_in: dict[str, Any] = Field(description="The figure, declared as a target of its own would be")

    @cached_property
    def figure(self) -> "ShareWithin | ShareOfKinds | Average | Count | Score":
        """The target whose figure changes: under the same id, of the same records."""
        kind = _CHANGING.get(str(self.change_in.get("measure", "share within")))
        if kind is None:
            raise SchemeError(f"change_in: a trend can be in one of: {', '.join(_CHANGING)}")
        again = sorted({"id", "says", "of", "cohort", "standard"} & set(self.change_in))
        if again:
            raise SchemeError(f"change_in: {again[0]!r} belongs to the target itself; leave it out here")
        shared = {"id": self.id, "says": self.says, "of": self.of, "cohort": self.cohort}
        try:
            return kind.model_validate({**shared, **self.change_in})
        except ValidationError as error:
            found = min(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
            where = ".".join(str(part) for part in found["loc"])
            if found["type"] == "extra_forbidden":
                raise SchemeError(f"change_in: {where!r} is no key here. {one_of(where, kind.model_fields)}") from None
            if found["type"] == "missing":
                raise SchemeError(f"change_in: {where!r} is missing") from None
            said = found["msg"].removeprefix("Value error, ").replace("Input should be", "it can be")
            raise SchemeError(f"change_in: {where}{': ' if where else ''}{said}") from None

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Those of its figure."""
        return self.figure.cohorts

    @property
    def unit(self) -> str:
        """The unit of its figure: a change of a share is a share, one of days is days."""
        return self.figure.unit

    @property
    def standard_unit(self) -> str:
        """A change is compared with 0."""
        return ""

    @property
    def standard_wanted(self) -> str:
        """How a change is promised."""
        return "a change is compared with 0; write increases, decreases, does not decrease or does not increase"

    @property
    def from_periods(self) -> bool:
        """As for its figure."""
        return self.figure.from_periods

    @property
    def needs(self) -> tuple[Records, ...]:
        """What its figure needs."""
        return self.figure.needs

    @property
    def options(self) -> dict[str, str]:
        """Those of its figure."""
        return self.figure.options

    @model_validator(mode="after")
    def _has_a_figure(self) -> Self:
        if isinstance(self.figure, Count) and self.figure.distinct is not None and self.figure.per is None:
            raise ValueError("change_in: distinct needs per: the period in which something counts once")
        if self.standard is not None and self.standard.value != 0:
            raise ValueError(f"standard: {self.standard_wanted}")
        return self


_CHANGING: dict[str, type[ShareWithin | ShareOfKinds | Average | Count | Score]] = {
    "share within": ShareWithin, "share of kinds": ShareOfKinds, "average": Average, "count": Count, "score": Score,
}  # fmt: skip
