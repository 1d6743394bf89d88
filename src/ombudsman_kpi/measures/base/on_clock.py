"""What the measures with a clock share: where it starts and stops, its options, and its limit."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.clocks.timeline import times_named
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.measures.base.selected import Selected, check_time
from ombudsman_kpi.measures.base.standard import LimitField
from ombudsman_kpi.measures.base.target import LimitedClock, Records


class OnClock(Selected):
    """A target with a clock: it starts at one field, and stops at another or at the earliest of several."""

    start: str | None = Field(None, description="The field that starts the clock")
    stop: tuple[str, ...] = Field(description="The field that stops it, or several: the earliest counts")
    clock: Clock = Field(default_factory=Clock, description="Options of the clock")

    @property
    @abstractmethod
    def runs_in(self) -> Limit:
        """What its clock counts in: its limit, or where it has none, none of its unit."""

    @cached_property
    def clock_key(self) -> tuple[Any, ...]:
        """All that its clock depends on: targets of one key differ in their limits alone."""
        return self.of, self.start, self.stop, repr(self.where), repr(self.clock), self.runs_in.kind

    @cached_property
    def in_days(self) -> bool:
        """Whether its clock runs in days, or on the line of instants."""
        return self.runs_in.in_days

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Its own records, split in any way."""
        return {self.of: None}

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Every cohort that has a day: without a start, there is none of those received."""
        return ("closed", "due") if self.start is None else ("received", "closed", "due")

    @property
    def options(self) -> dict[str, str]:
        """The clock's options in force."""
        return self.clock.in_force

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The fields that stop the clock."""
        return self.stop

    @property
    def meaningful_options(self) -> frozenset[str]:
        """The options of a clock that mean something for it: those of its limit, of its records and measure."""
        return self.runs_in.options - {"pauses", "reopening", "unanswered"}

    @property
    def called(self) -> str:
        """What an error calls a target with such a clock."""
        return f"the measure {self.measure!r}"

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.start is None and not self.runs_in.own_field:
            raise ValueError("start: a clock with a limit needs the field that starts it")
        if not self.stop:
            raise ValueError("stop: a clock needs a field that stops it")
        if self.cohort not in self.cohorts:
            raise ValueError(
                f"cohort: a clock like this one has no {self.cohort!r} cohort. {one_of(self.cohort, self.cohorts)}"
            )
        for name in times_named(self):
            check_time(name, self.of)
        for name in self.clock.in_force:
            if name not in self.meaningful_options:
                raise ValueError(f"clock: {name} means nothing for {self.called} on {self.of}; leave it out")
        return self


class Limited(OnClock):
    """A target whose clock has a limit."""

    limit: LimitField

    @property
    def runs_in(self) -> Limit:
        """Its limit."""
        return self.limit

    @property
    def limits(self) -> tuple[tuple[Limit, Clock], ...]:
        """Its limit, with the options of its clock."""
        return ((self.limit, self.clock),)

    @property
    def limited_clock(self) -> LimitedClock:
        """The target itself."""
        return self

    @property
    def described(self) -> str:
        """Its limit."""
        return str(self.limit)

    @property
    def standard_limit(self) -> Limit | None:
        """Its limit."""
        return self.limit

    @property
    def time_allowed(self) -> Limit | None:
        """Its limit."""
        return self.limit
