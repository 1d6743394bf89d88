"""How long a clock took, in bands: each record whose clock stopped is in exactly one of them.

Each band is a target: the share, of all that stopped, which is in it. A band knows the limits of those before it, so
that a record is in the first band whose limit it keeps, whatever units the limits have.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.due_days import due_days
from ombudsman_kpi.clocks.judging import reaches
from ombudsman_kpi.clocks.limit_fields import LimitField
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.outcomes import NOT_IN, Assessed, Cohort, Outcome, outcome_of
from ombudsman_kpi.clocks.pausing import PausedClock
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.changing import ChangingShare
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.on_clock import OnClock
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import DueChain, Records, Rule, Target
from ombudsman_kpi.measures.share_within import ShareWithin

PAST = Outcome("pending", "", "past")  # open for longer than the band: it can only be in another
_OPEN, _RAN = frozenset({"pending"}), frozenset({"met", "pending"})


@dataclass(frozen=True)
class BandRule(ClockRule):
    """Each record whose clock stopped: met where it is in the band, late where it is in another."""

    target: "Distribution"
    related: Related

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return which records of a batch are in the band."""
        clock, runs_in = timeline(self.target, known), self.target.runs_in
        pauses = self.related.stood_still(self.target, known)
        kept = [_kept(step, known, self.related) for step in self.target.steps]
        before, past = kept[: len(self.target.beyond)], [~own for own in kept[len(self.target.beyond) :]]
        # Each state twice: of 3 states, the second of one that isn't in the band is 1 + 3 = 4.
        states = [outcome_of(state) for state in clock.states]
        others = {"met": NOT_IN, "pending": PAST}
        categories = (*states, *(others.get(state.status, state) for state in states))
        is_open, ran = (np.array([item.status in some for item in states]).take(clock.state) for some in (_OPEN, _RAN))
        outside = np.logical_or.reduce([*past, *(~is_open & own for own in before)])

        return Assessed(
            clock.state.astype(np.intp) + outside * len(states), categories, clock.start_day, clock.end_day,
            np.where(ran, PausedClock.of(clock, pauses, known.as_of).net(), NONE), runs_in.elapsed_unit,
            clock.points_without_due, runs_in.parts, clock.in_days,
            gross=np.where(ran, clock.elapsed, NONE) if self.target.pauses else None,
        )  # fmt: skip


def _kept(step: ShareWithin, known: AsKnownBatch, related: Related) -> Truths:
    """Return which clocks of a batch have used no more than a limit so far, less the time that they stood still."""
    clock = timeline(step, known)
    if not step.pauses:
        return clock.in_time(step.limit)
    due = due_days(step, known, related.stood_still(step, known)).due
    kept: Truths = (clock.last(known.as_of) <= due) | (due == MISSING)  # beyond the calendar
    return kept


class Distribution(OnClock, ChangingShare):
    """The share of the clocks that stopped which took neither less nor more time than one of several bands."""

    measure: Literal["distribution"]
    limit: LimitField | None = Field(None, description="How long what is in the band may take; the last has no limit")
    beyond: tuple[LimitField, ...] = Field((), description="The limits of the bands before; bands fill it in")

    example: ClassVar[str] = """
    of = "cases"
    start = "received_at"
    stop = "decided_at"
    cohort = "closed"
    bands = [{ id = "in-20wd", limit = "20 working days" }, { id = "in-13w", limit = "13 weeks" }, { id = "in-longer" }]
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (BandRule,)
    part_of: ClassVar[str | None] = "denominator"
    may_pause = True

    @staticmethod
    def in_bands(bands: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the keys of each band, the limits of those before it among them.

        Raises ``ValueError`` where another than the last has none.
        """
        if endless := next((band for band in bands[:-1] if "limit" not in band), None):
            name = endless.get("id", "without an id")
            raise ValueError(f"target {name}: bands: only the last has no limit. Give it one, or write it last")
        limits = [[other["limit"] for other in bands[:place] if "limit" in other] for place in range(len(bands))]
        return [{"beyond": earlier, **band} for earlier, band in zip(limits, bands, strict=True)]

    @property
    def all_limits(self) -> tuple[Limit, ...]:
        """The limits that decide whether a record is in the band: those before, and its own, if it has one."""
        return self.beyond if self.limit is None else (*self.beyond, self.limit)

    @cached_property
    def steps(self) -> tuple[ShareWithin, ...]:
        """For each of its limits a target of the same clock, which says who kept it."""
        same = {name: getattr(self, name) for name in ("id", "says", "of", "where", "start", "stop", "clock", "cohort")}
        return tuple(ShareWithin.model_construct(**same, limit=limit) for limit in self.all_limits)

    @property
    def runs_in(self) -> Limit:
        """The first of its limits; of limits in days and others, one of those that need the time of day."""
        return min(self.all_limits, key=lambda limit: limit.in_days)

    @property
    def meaningful_options(self) -> frozenset[str]:
        """The options of a clock that mean something for one of its limits."""
        return self.meaningful(limit.options for limit in self.all_limits)

    @property
    def limits(self) -> tuple[DueChain, ...]:
        """Its limits, with the options of its clock."""
        return tuple(((limit, self.clock),) for limit in self.all_limits)

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Those received and those closed; with several limits nothing is due."""
        return ("received", "closed")

    @property
    def described(self) -> str:
        """The band."""
        return f"beyond {self.beyond[-1]}" if self.limit is None else str(self.limit)

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for its records."""
        for in_days in {limit.in_days for limit in self.all_limits} if self.pauses else ():
            _ = related.pauses(self.of, in_days=in_days)  # found before several threads ask for them
        yield self.of, BandRule(self, related)

    def figures(self, places: Places) -> Figures:
        """Return the share of those in the band, of all that stopped."""
        return share_figures(self.standard, places, places.number("pending", PAST.mark))

    def check_references(self, targets: Mapping[str, Target]) -> None:
        """Raise ``ValueError`` where the bands before or after it are missing."""
        super().check_references(targets)
        others = [item for item in targets.values() if isinstance(item, Distribution) and item._clock == self._clock]
        again = f"target {self.id}: bands: {{}}. Write all bands again, with measure = 'distribution'"
        before = [item for item in others if item.limit is not None and item.all_limits == self.beyond]
        after = [item for item in others if self.limit is not None and item.beyond == self.all_limits]
        if self.beyond and len(before) != 1:
            raise ValueError(again.format(f"no band, or more than one, ends at {self.beyond[-1]}, where it begins"))
        if self.limit is not None and len(after) != 1:
            what = "the last band has no limit, so that every record is in one" if not after else "two bands follow it"
            raise ValueError(again.format(what))

    def check_by_calendar(self, calendar: WorkingCalendar) -> None:
        """Raise ``ValueError`` where nothing can be in the band."""
        super().check_by_calendar(calendar)
        if self.limit is not None and any(reaches(limit, self.limit, self.clock, calendar) for limit in self.beyond):
            raise ValueError(
                f"target {self.id}: bands: nothing can be within {self.limit} that isn't in a band before it. Write "
                "the shortest band first"
            )

    @property
    def _clock(self) -> tuple[Any, ...]:
        """What bands that belong together share."""
        return self.of, self.start, self.stop, repr(self.where), repr(self.clock), self.cohort

    @model_validator(mode="before")
    @classmethod
    def _has_a_limit(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("limit") and not values.get("beyond"):
            raise ValueError("bands: write them as a list, [{ id = '…', limit = '20 working days' }, …, { id = '…' }]")
        return values

    @model_validator(mode="after")
    def _are_lengths(self) -> Self:
        if any(limit.own_field for limit in self.all_limits):
            raise ValueError("limit: a band is a length of time, such as 20 working days")
        return self
