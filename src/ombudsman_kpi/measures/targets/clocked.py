"""Targets with a clock: a share within a limit, an average, a stock, contact at least so often."""

from abc import abstractmethod
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ombudsman_kpi.clocks.limits import Limit, units
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.measures.standard import LimitField
from ombudsman_kpi.measures.targets.declared import Party, Records, Some, check_time
from ombudsman_kpi.records.vocabulary import RECORDS


class OnClock(Some):
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
        """Name all that its clock depends on: targets of one key differ in their limits alone."""
        return self.of, self.start, self.stop, repr(self.where), repr(self.clock), self.runs_in.kind

    @cached_property
    def in_days(self) -> bool:
        """Tell whether its clock runs in days, or on the line of instants."""
        return self.runs_in.in_days

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Every cohort that has a day: without a start, there is none of those received."""
        return ("closed", "due") if self.start is None else ("received", "closed", "due")

    @property
    def options(self) -> dict[str, str]:
        """The clock's options in force."""
        return self.clock.in_force

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
        own = [self.runs_in.own_field] if self.runs_in.own_field else []
        for name in [*([self.start] if self.start else []), *self.stop, *own]:
            check_time(name, self.of)
        self._check_options()
        return self

    @property
    def meaningful_options(self) -> frozenset[str]:
        """Name the options of a clock that mean something for it: those of its limit, of its records and measure."""
        return self.runs_in.options - {"pauses", "unanswered"}

    def _check_options(self) -> None:
        """Refuse an option that the limit would ignore."""
        what = getattr(self, "measure", "")
        what = f"a limit of {self.runs_in}" if what == "share within" else f"the measure {what!r}"
        for name in self.clock.in_force:
            if name not in self.meaningful_options:
                raise ValueError(f"clock: {name} means nothing for {what} on {self.of}; leave it out")


class Limited(OnClock):
    """A target whose clock has a limit."""

    limit: LimitField

    @property
    def runs_in(self) -> Limit:
        """Its limit."""
        return self.limit


class ShareWithin(Limited):
    """The share of records whose clock stopped within the limit."""

    measure: Literal["share within"] = Field("share within", description="What is measured")

    @property
    def meaningful_options(self) -> frozenset[str]:
        """Name the options of a clock that mean something for it, those about pauses and calls among them."""
        options = super().meaningful_options
        if set(RECORDS[self.of].answered_by) & set(self.stop):
            options |= {"unanswered"}
        if self.of == "cases" and self.clock.non_working_due == "stays":
            options |= {"pauses"} & self.limit.options
        return options

    @property
    def pauses(self) -> bool:
        """Tell whether its clock may stand still."""
        return self.clock.pauses == "allowed"

    @property
    def needs(self) -> tuple[Records, ...]:
        """Its records; and where its clock may stand still, the events that say when."""
        return (self.of, "events") if self.pauses else (self.of,)


TimeUnit = Literal["seconds", "hours", "working days", "calendar days"]


class Average(OnClock):
    """The mean time that a clock took, of those that stopped, from exact sums."""

    measure: Literal["average"]
    counted_in: TimeUnit = Field(description="The unit of the mean")

    @property
    def runs_in(self) -> Limit:
        """None of its unit, which says how the clock counts."""
        return units()[self.counted_in.removesuffix("s")](0)

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Those received and those closed; without a limit nothing is due."""
        return ("received", "closed")

    @property
    def unit(self) -> str:
        """The unit of the mean."""
        return "days" if self.counted_in == "calendar days" else self.counted_in


class Stock(Limited):
    """How many open records were older than the limit at one time: the highest day of the period."""

    measure: Literal["stock"]

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """One: each day counts what was open at its close."""
        return ("dated",)

    @property
    def unit(self) -> str:
        """A number of records."""
        return "number"

    @model_validator(mode="after")
    def _in_days(self) -> Self:
        if not self.limit.in_days:
            raise ValueError("limit: a stock is counted at the close of days; write it in days or weeks")
        return self


class KeepInTouch(Limited):
    """Contact with each party of a case at least so often: each interval, or each case with all of its intervals."""

    measure: Literal["keep in touch"]
    counted: Literal["cases", "intervals"] = Field("cases", description="What is counted: cases, or intervals")
    parties: tuple[Party, ...] = Field(("complainant", "organisation"), description="With whom", min_length=1)

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """An interval has a due day, a case as a whole has none."""
        return ("received", "closed", "due") if self.counted == "intervals" else ("received", "closed")

    @property
    def needs(self) -> tuple[Records, ...]:
        """Cases, and the events that say when there was contact."""
        return (self.of, "events")

    @model_validator(mode="after")
    def _of_cases(self) -> Self:
        if self.of != "cases":
            raise ValueError(f"of: contact is kept on cases, not on {self.of}")
        if not self.limit.in_days:
            raise ValueError("limit: intervals run between days; write it in days or weeks")
        return self
