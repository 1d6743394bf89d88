"""The caseload of a period: brought forward + received - closed = carried forward, and how old the last are."""

from collections.abc import Container, Iterator
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.judging import reaches
from ombudsman_kpi.clocks.limit_fields import LimitField
from ombudsman_kpi.clocks.limits import CalendarDays, Limit
from ombudsman_kpi.clocks.outcomes import Assessed, Cohort, Outcome, OutcomeStatus
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figures, Said, judged
from ombudsman_kpi.measures.base.on_clock import OnClock
from ombudsman_kpi.measures.base.places import Levels, Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import DueChain, Records, Rule


class CaseloadRule(ClockRule):
    """Each record: the day on which it joined the caseload, those on which it grew older, and the day it left.

    It joins on the day it was received, or when it became one of those concerned (was allocated), if that was later.
    It grows older than a limit on the day after that has passed, if it is still open at the close of that day. It
    leaves on the day it ended, in whatever way. Records left out are counted without a day.
    """

    target: "Caseload"

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the changes of the caseload, and of its older parts, that a batch makes."""
        clock = timeline(self.target, known)
        ran, ended = clock.elapsed != NONE, clock.end_day
        joined = self.target.since_concerned(known, np.where(ran, clock.start_day, MISSING))
        joined = np.where(ended == MISSING, joined, np.minimum(joined, ended))  # no day later than its last
        open_until = np.where(ended == MISSING, known.as_of.day + 1, ended)
        changes, last = [(joined, Outcome("pending", "joined"), Outcome("met", "left"))], joined
        for limit in self.target.ages:
            axis = limit.axis(known.setting.calendar, self.target.clock)
            due = axis.due(np.where(ran, clock.start_day, known.as_of.day), limit.allowed)
            older = np.where(due == MISSING, MISSING, np.maximum(due + 1, last))  # than the ages before it, too
            last = np.where((due != MISSING) & (last != MISSING) & (older < open_until), older, MISSING)
            mark, words = str(limit), f"older than {limit}"
            changes.append((last, Outcome("pending", words, mark), Outcome("met", f"left, {words}", mark)))
        categories = [Outcome(state.ending, state.reason) for state in clock.states]  # type: ignore[arg-type]
        parts = [(np.flatnonzero(~ran), clock.state[~ran], np.full(np.count_nonzero(~ran), MISSING))]
        for day, came, went in changes:
            for outcome, on in ((came, day), (went, np.where(day == MISSING, MISSING, ended))):
                rows = np.flatnonzero(on != MISSING)
                parts.append((rows, np.full(len(rows), len(categories)), on[rows]))
                categories.append(outcome)
        record, code, days = (np.concatenate([part[place] for part in parts]) for place in range(3))
        none, elapsed = np.full(len(days), MISSING), np.full(len(days), NONE)
        return Assessed(
            code.astype(np.intp), tuple(categories), days, days, elapsed, "", lambda: (days, none, none), record=record
        )


class Caseload(OnClock):
    """The caseload of a period: brought forward + received - closed = carried forward, with the age of the last."""

    measure: Literal["caseload"]
    ages: tuple[LimitField, ...] = Field((), description="The bands of age: limits such as 8 weeks, the shortest first")

    example: ClassVar[str] = """
    of = "cases"
    start = "received_at"
    stop = "decided_at"
    ages = ["8 weeks", "13 weeks"]
    standard = "no more than 60"
    cohort = "dated"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (CaseloadRule,)
    carries_over: ClassVar[bool] = True
    counted_daily = True
    daily = ("pending", "met")
    tells = ("brought forward", "received", "closed", "carried forward")

    @property
    def runs_in(self) -> Limit:
        """Days: nobody asks how long anything took, only when it came and went."""
        return CalendarDays(0)

    @property
    def meaningful_options(self) -> frozenset[str]:
        """The options of a clock that mean something for its days, or for one of its ages."""
        every = self.meaningful(limit.options for limit in (self.runs_in, *self.ages))
        return every if self.ages else every - {"day_of_receipt", "non_working_due"}

    @property
    def limits(self) -> tuple[DueChain, ...]:
        """The limits of its ages, with the options of its clock."""
        return tuple(((limit, self.clock),) for limit in self.ages)

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """One: each day counts what was open at its close."""
        return ("dated",)

    @property
    def unit(self) -> str:
        """A number of records."""
        return "number"

    @property
    def reasons_shown(self) -> Container[OutcomeStatus]:
        """Those of records left out: pending and met stand for what is carried forward, and what was closed."""
        return {"excluded", "invalid"}

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for its records."""
        yield self.of, CaseloadRule(self)

    def figures(self, places: Places) -> Figures:
        """Return the numbers carried forward, and beside each what it is the sum of.

        Raises ``KpiError`` where they are no sum.
        """
        level = places.levels
        assert level is not None  # noqa: S101
        numbers = (level.brought, level.joined - level.brought, level.joined - level.end, level.end)
        columns = {name.replace(" ", "_"): column for name, column in zip(self.tells, numbers, strict=True)}
        ages = self._ages(level)
        below = np.logical_or.reduce([column < 0 for column in (*columns.values(), *ages.values())])

        def say(row: int) -> Said:
            parts, by_band = ({name: int(part[row]) for name, part in some.items()} for some in (columns, ages))
            words = ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in parts.items())
            by_age = ", ".join(f"{number:,} {band}" for band, number in by_band.items())
            return Said({**parts, "ages": by_band}, (f"{words}: {by_age}" if by_age else words,))

        if below.any():
            parts = ", ".join(say(int(below.argmax())).words).partition(":")[0]
            raise KpiError(
                f"The caseload of target {self.id!r} doesn't add up: {parts}. More left it than came into it. Was "
                "something taken away from a tally that wasn't in it? Count again."
            )
        value = Fractions.whole(level.end)
        status = judged(self.standard, value, places.complete)
        return Figures(status, value, value, value.where(places.complete), say=say)

    def _ages(self, level: Levels) -> dict[str, Integers]:
        """Return how many of those at the end are in each band of age."""
        bounds, none = [str(limit) for limit in self.ages], np.zeros(len(level.end), np.int64)
        over = [level.end, *(level.older.get(bound, none) for bound in bounds), none]
        names = [*(f"within {bound}" for bound in bounds), *(f"beyond {bound}" for bound in bounds[-1:])]
        return {name: over[n] - over[n + 1] for n, name in enumerate(names)}

    def check_by_calendar(self, calendar: WorkingCalendar) -> None:
        """Raise ``ValueError`` where ages are out of order."""
        super().check_by_calendar(calendar)
        for place, limit in enumerate(self.ages):
            if any(reaches(earlier, limit, self.clock, calendar) for earlier in self.ages[:place]):
                raise ValueError(
                    f"target {self.id}: ages: nothing can be within {limit} that isn't within one before it. Write the "
                    "shortest first"
                )

    @model_validator(mode="after")
    def _in_days(self) -> Self:
        if not all(limit.in_days for limit in self.ages):
            raise ValueError("ages: a caseload is counted at the close of days; write its ages in days or weeks")
        return self
