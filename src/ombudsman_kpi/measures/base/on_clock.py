"""What the measures with a clock share: where it starts and stops, its options, and its limit."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.clocks.due_days import HasDueDays, due_days, fields_of_due_days
from ombudsman_kpi.clocks.extensions import Extension, further_clock
from ombudsman_kpi.clocks.judging import LimitedClock
from ombudsman_kpi.clocks.limit_fields import LimitField, SeveralField
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.clocks.several import SeveralLimits, entries_of
from ombudsman_kpi.clocks.starts import Start, StartsField, only_field, others
from ombudsman_kpi.clocks.timeline import times_named
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.selected import Selected, check_conditions, check_time
from ombudsman_kpi.measures.base.target import DueChain, Records, Target
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import is_none
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS


class OnClock(Selected):
    """A target with a clock: it starts at one field, and stops at another or at the earliest of several."""

    start: StartsField | None = Field(
        None, description="The field that starts the clock, or several, or { due_of = 'target' }: the earliest counts"
    )
    stop: tuple[str, ...] = Field(description="The field that stops it, or several: the earliest counts")
    clock: Clock = Field(default_factory=Clock, description="Options of the clock")
    may_pause: ClassVar[bool] = False  # whether it can count what ran of a clock that stood still
    counts_parts: ClassVar[bool] = False  # whether each different time is counted, not whole units and exact sums
    _others: dict[str, HasDueDays] = PrivateAttr(default_factory=dict)  # the targets on whose due days it starts

    @property
    def starts(self) -> tuple[Start, ...]:
        """What starts the clock, one by one."""
        return () if self.start is None else (self.start,) if isinstance(self.start, str) else self.start

    @property
    @abstractmethod
    def runs_in(self) -> Limit:
        """What its clock counts in: its limit, or where it has none, none of its unit."""

    @cached_property
    def clock_key(self) -> tuple[Any, ...]:
        """All that its clock depends on: targets of one key differ in their limits alone."""
        return self.of, self.start, self.stop, repr(self.where), repr(self.clock), self.runs_in.kind

    def fields_due_of(self, table: Columns) -> list[str]:
        """Return the names of the fields that the due days read on which it may start."""
        return [name for other in self._others.values() for name in fields_of_due_days(other, table)]

    def due_of(self, target: str, known: AsKnownBatch) -> tuple[Integers, Integers]:
        """Return when the records are due by another target, and 1 where that may still move."""
        found = due_days(self._others[target], known)
        return found.due, found.moves

    def check_references(self, targets: Mapping[str, Target]) -> None:
        """Raise ``ValueError`` where it starts on the due day of a target that doesn't fit, or in a circle."""
        having = {name: found for name, it in targets.items() if (found := it.has_due_days) is not None}
        fitting = [name for name, it in having.items() if it.of == self.of and it.in_days == self.in_days]
        for name in others(self.starts):
            if name not in fitting:
                what = f"{name!r} isn't a share within a limit of {self.of}, of the same unit and without pauses"
                if name not in targets:
                    what = f"there is no target {name!r} here; pick it too, where this one is from another scheme"
                fit = [other for other in fitting if other != self.id]
                hint = f". {one_of(name, fit)}" if fit else ""
                raise ValueError(f"target {self.id}: start: due_of: {what}{hint}")
            check_circle(having, (self.id, name))
            self._others[name] = having[name]

    @cached_property
    def in_days(self) -> bool:
        """Whether its clock runs in days, or on the line of instants."""
        return self.runs_in.in_days

    @property
    def limits(self) -> tuple[DueChain, ...]:
        """What its clock counts in, with its options."""
        return (((self.runs_in, self.clock),),)

    @property
    def pauses(self) -> bool:
        """Whether its clock may stand still."""
        return self.clock.pauses == "allowed"

    @property
    def by_events(self) -> bool:
        """Whether events have a say in its clock."""
        return self.pauses

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Its own records, split in any way; and where events have a say in its clock, these beside each."""
        own = IDS_OF_EVENTS[self.of] if self.by_events else None
        return {self.of: own, "events": own} if own else {self.of: None}

    def misfits(self, related: Related) -> Mapping[Misfit, int]:
        """Return what wasn't understood of pauses, or of the log that cases were made of."""
        return related.each_pause(self.of, in_days=self.in_days).misfits if self.pauses else super().misfits(related)

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
        return self.meaningful([self.runs_in.options])

    def meaningful(self, options: Iterable[frozenset[str]]) -> frozenset[str]:
        """Return which options of limits mean something for its measure, too, by its records and starts."""
        several = set() if only_field(self.starts) or not self.starts else {"cut_off", "non_working_receipt"}
        pauses = set() if self.may_pause and self.of in IDS_OF_EVENTS else {"pauses"}
        return frozenset[str]().union(*options) - {"reopening", "unanswered"} - several - pauses

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
        if self.clock.reopening == "new clock" and others(self.starts):
            raise ValueError(
                "clock: reopening = 'new clock' needs starts that are fields: a reopening doesn't move the due day of "
                "another target"
            )
        if self.clock.short_wait is not None and not self.runs_in.needs_times:
            raise ValueError(f"clock: unanswered = {self.clock.unanswered!r} needs a limit in seconds or hours")
        return self


def check_circle(targets: Mapping[str, HasDueDays], path: tuple[str, ...]) -> None:
    """Raise ``ValueError`` where targets start on the due days of one another."""
    if path[-1] in path[:-1]:
        raise ValueError(
            f"target {path[0]}: start: due_of: the targets start one another in a circle: {' > '.join(path)}. Give one "
            "of them a field that starts it"
        )
    for name in others(targets[path[-1]].starts) if path[-1] in targets else ():
        check_circle(targets, (*path, name))


class Limited(OnClock):
    """A target whose clock has a limit."""

    limit: LimitField

    @property
    def runs_in(self) -> Limit:
        """Its limit."""
        return self.limit

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


class Extendable(Limited):
    """A target whose clock has a limit, or several for different records, and whose due days may be extended."""

    limit: SeveralField
    extension: Extension | None = Field(None, exclude_if=is_none, description="How a due day can be moved, and how far")

    @property
    def has_due_days(self) -> Self | None:
        """The target itself, unless its clock may stand still, or records bring their due dates along."""
        return None if self.pauses or self.limit.own_field else self

    @property
    def judged_by_due_days(self) -> Self | None:
        """The target itself, where it has several limits, an extension, or a clock that may stand still."""
        by_elapsed = self.extension is None and not isinstance(self.limit, SeveralLimits) and not self.pauses
        return None if by_elapsed else self

    @property
    def limits(self) -> tuple[DueChain, ...]:
        """Each of its limits; with how far an extension can move the due day."""
        extension = self.extension
        further = () if extension is None or extension.further is None else (extension.further,)
        on = tuple((limit, further_clock(self.clock)) for limit in further)
        amounts = (amount for entry in entries_of(self.limit) for amount in entry.amounts)
        return tuple(((amount, self.clock), *on) for amount in amounts)

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        for entry in entries_of(self.limit):
            check_conditions("limit: where", dict(entry.where), self.of)
        if self.extension is None:
            return self
        if self.clock.reopening == "new clock":
            raise ValueError(
                "clock: reopening = 'new clock' doesn't go with an extension, which a record has once and not for each "
                "clock; leave one of them out"
            )
        check_conditions("extension: where", self.extension.where, self.of)
        for name in self.extension.times:
            check_time(name, self.of)
        if self.limit.own_field:
            raise ValueError("extension: a due date of the record's own is extended by changing it; leave this out")
        further = self.extension.further
        if further is not None and further.in_days != self.in_days:
            raise ValueError("extension: its limit is in days, or in hours, as the limit is; write both in one of them")
        return self
