"""The change of a figure from the period before, and how much of it is within chance."""

from collections.abc import Container, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.calendars.periods import preceding
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.outcomes import Cohort, Outcome, OutcomeStatus
from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.measures.base.changing import Changing
from ombudsman_kpi.measures.base.figures import NO_DATA, Figures, Said, judged
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import MEASURES, DueChain, Records, Rule, Target
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.rounding import half_up


class Trend(Target):
    """The change of a figure from the period before, with how much of it is within chance."""

    measure: Literal["trend"]
    change_in: dict[str, Any] = Field(description="The figure, declared as a target of its own would be")

    example: ClassVar[str] = """
    of = "cases"
    change_in = { measure = "average", start = "received_at", stop = "decided_at", counted_in = "calendar days" }
    standard = "decreases"
    cohort = "closed"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = ()  # those of its figure
    shows_met = is_change = True

    @cached_property
    def base(self) -> Target:
        """The target whose figure changes: under the same id, of the same records."""
        return _declared({"id": self.id, "says": self.says, "of": self.of, "cohort": self.cohort}, self.change_in)

    @property
    def changing(self) -> Changing:
        """The same, as what can change."""
        assert isinstance(self.base, Changing)  # noqa: S101
        return self.base

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rules of its figure."""
        return self.base.own_rules(related)

    @property
    def reads_times(self) -> bool:
        """As for its figure."""
        return self.base.reads_times

    def figures(self, places: Places) -> Figures:
        """Return the change of each period from the one before it, in the unit of the figure."""
        if places.periods[0] is None:
            words = "a change needs periods: measure with every=, such as every='financial-year'"
            return Figures(np.full(len(places), NO_DATA), say=lambda row: Said(words=(words,)))
        now = self.changing.values_of(places)
        before = Fractions(places.before(now.above), places.before(now.below)).where(places.has_before)
        change = now.less(before)
        open_ = places.pending + places.before(places.pending)
        status = judged(self.standard, change, places.complete & (open_ == 0))
        return Figures(status, change, say=lambda row: self._said(places, now.at(row), before.at(row), row))

    def _said(self, places: Places, now: Fraction | None, before: Fraction | None, row: int) -> Said:
        """Return the two figures of a change, and how much of it is within chance."""
        period = places.period(row)
        assert period is not None  # noqa: S101
        earlier = preceding(period).label
        if now is None or before is None:
            missing = earlier if before is None else "this period"
            return Said(words=(f"nothing to compare: there is no figure for {missing}",))
        growing = self.changing.grows and not places.complete[row]  # a number of part of a period is no change yet
        then = places.moments(row - len(places.groups))
        interval = None if growing else self.changing.chance(then, places.moments(row))
        details: dict[str, Any] = {"now": now, "before": before, "interval": interval}
        words = f"{self._shown(now)}{' so far' if growing else ''}, after {self._shown(before)} in {earlier}"
        if interval is not None:
            low, high = (self._shown(Fraction(bound)) for bound in interval)
            within = "within" if interval.contains(0.0) else "beyond"
            words += f"; 95% interval of the change {low} to {high}: {within} chance"
        return Said(details, (words,))

    def _shown(self, value: Fraction) -> str:
        """Return a value of the figure in its unit."""
        if self.unit == "share":
            text = f"{half_up(value * 100)}%"
        elif self.unit == "number":
            text = half_up(value, 0 if value.denominator == 1 else 1)
        else:
            text = f"{half_up(value)} {self.unit}"
        return text.replace("-", "−")

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """What its figure reads."""
        return self.base.reads

    @property
    def in_order(self) -> bool:
        """As for its figure."""
        return self.base.in_order

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Those of its figure."""
        return self.base.cohorts

    @property
    def from_periods(self) -> bool:
        """As for its figure."""
        return self.base.from_periods

    @property
    def share_rule(self) -> Rule | None:
        """As for its figure."""
        return self.base.share_rule

    @property
    def selects(self) -> Mapping[str, Condition]:
        """As for its figure."""
        return self.base.selects

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those of its figure."""
        return self.base.conditions

    @property
    def words_of_conditions(self) -> frozenset[str]:
        """Those of its figure."""
        return self.base.words_of_conditions

    def misfits(self, related: Related) -> Mapping[Misfit, int]:
        """Return what wasn't understood for its figure."""
        return self.base.misfits(related)

    @property
    def limits(self) -> tuple[DueChain, ...]:
        """Those of its figure."""
        return self.base.limits

    def check_references(self, targets: Mapping[str, Target]) -> None:
        """Raise ``ValueError`` where its figure names a target that doesn't fit."""
        self.base.check_references(targets)

    def check_by_calendar(self, calendar: WorkingCalendar) -> None:
        """Raise ``ValueError`` where the limits of its figure don't fit a calendar."""
        self.base.check_by_calendar(calendar)

    def from_layout_1(self, outcome: Outcome) -> Outcome:
        """Return an outcome as its figure reads it."""
        return self.base.from_layout_1(outcome)

    @property
    def unit(self) -> str:
        """The unit of its figure: a change of a share is a share, one of days is days."""
        return self.base.unit

    @property
    def standard_unit(self) -> str:
        """A change is compared with 0."""
        return ""

    @property
    def standard_wanted(self) -> str:
        """How a change is promised."""
        return "a change is compared with 0; write increases, decreases, does not decrease or does not increase"

    @property
    def zero_when_empty(self) -> bool:
        """As for its figure."""
        return self.base.zero_when_empty

    @property
    def options(self) -> dict[str, str]:
        """Those of its figure."""
        return self.base.options

    @property
    def reasons_shown(self) -> Container[OutcomeStatus]:
        """Those of its figure."""
        return self.base.reasons_shown

    @model_validator(mode="after")
    def _has_a_figure(self) -> Self:
        if self.changing.lacks_for_trend is not None:
            raise ValueError(f"change_in: {self.changing.lacks_for_trend}")
        if self.standard is not None and self.standard.value != 0:
            raise ValueError(f"standard: {self.standard_wanted}")
        return self


def _declared(shared: dict[str, Any], change_in: dict[str, Any]) -> Target:
    """Return the declaration of a figure. Raises ``SchemeError`` for one that can't be."""
    kinds = {name: kind for name, kind in MEASURES.items() if issubclass(kind, Changing)}
    kind = kinds.get(str(change_in.get("measure", "share within")))
    if kind is None:
        raise SchemeError(f"change_in: a trend can be in one of: {', '.join(kinds)}")
    again = sorted({*shared, "standard", "met_when", "complete"} & set(change_in))
    if again:
        raise SchemeError(f"change_in: {again[0]!r} belongs to the target itself; leave it out here")
    try:
        return kind.model_validate({**shared, **change_in})
    except ValidationError as error:
        problem = min(error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            raise SchemeError(f"change_in: {where!r} is no key here. {one_of(where, kind.model_fields)}") from None
        if problem["type"] == "missing":
            raise SchemeError(f"change_in: {where!r} is missing") from None
        said = problem["msg"].removeprefix("Value error, ").replace("Input should be", "it can be")
        raise SchemeError(f"change_in: {where}{': ' if where else ''}{said}") from None
