"""How many open records were older than the limit at one time: the highest day of each period."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.dates import day_in_short, to_day
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.outcomes import STATUSES, Assessed, Cohort, Outcome, OutcomeStatus
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline, timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figure, Level, Place, TargetStatus, judged
from ombudsman_kpi.measures.base.on_clock import Limited
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import Records, Rule

JOINED, LEFT = Outcome("overdue", "older than the limit"), Outcome("late", "ended")


@dataclass(frozen=True)
class StockRule(ClockRule):
    """Each record that grew older than the limit: the day it joined the stock, and the day it left.

    A record joins on the day after it was due, or when it became one of those concerned (was allocated), if that
    was later; it leaves on the day it ended, at whose close it isn't open. Others are counted without a day.
    """

    target: "Stock"

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the changes of the stock that a batch makes."""
        clock = timeline(self.target, known)
        joined, left = self._changes(clock, known)
        never = np.flatnonzero(joined == MISSING)
        joins, leaves = np.flatnonzero(joined != MISSING), np.flatnonzero((joined != MISSING) & (left != MISSING))
        record = np.concatenate([never, joins, leaves])
        states = tuple(
            Outcome(state.ending, state.reason)
            if state.ending in {"excluded", "invalid"}
            else Outcome("pending" if state.ending == "open" else "met")
            for state in clock.states
        )
        categories = (*states, JOINED, LEFT)
        code = np.concatenate(
            [clock.state[never], np.full(len(joins), len(categories) - 2), np.full(len(leaves), len(categories) - 1)]
        ).astype(np.intp)
        day = np.concatenate([np.full(len(never), MISSING), joined[joins], left[leaves]])
        none, elapsed = np.full(len(day), MISSING), np.full(len(day), NONE)
        return Assessed(code, categories, day, day, elapsed, "", lambda: (day, none, none), record=record)

    def _changes(self, clock: Timeline, known: AsKnownBatch) -> tuple[Integers, Integers]:
        """Return the day each record joined the stock, and the day it left; ``MISSING`` where it did not."""
        limit = self.target.limit
        ran = clock.elapsed != NONE
        anchor = np.where(ran, clock.start, known.as_of.day)
        due = clock.axis.due(anchor, limit.allowed)
        joined = self.target.since_concerned(known, np.where(ran & (due != MISSING), due + 1, MISSING))
        open_until = np.where(clock.end_day == MISSING, known.as_of.day + 1, clock.end_day)
        in_stock = (joined != MISSING) & (joined <= known.as_of.day) & (joined < open_until)
        return np.where(in_stock, joined, MISSING), np.where(in_stock, clock.end_day, MISSING)


def levels(changes: Sequence[tuple[int, int, int]], spans: Iterable[tuple[int, int]]) -> list[Level]:
    """Return the stock of some spans of days, read off its changes in one pass.

    ``changes`` has for each day, in order, how many joined and how many left; ``spans`` the first and last days, in
    order and apart.

    >>> [level] = levels([(10, 2, 0), (12, 1, 0), (13, 0, 2)], [(11, 20)])
    >>> level.highest, level.on, level.end, level.joined, level.brought
    (3, 12, 1, 3, 2)
    """
    result = []
    now = place = 0
    for first, last in spans:
        while place < len(changes) and changes[place][0] < first:
            now += changes[place][1] - changes[place][2]
            place += 1
        been = brought = now
        if place < len(changes) and changes[place][0] == first:
            now, been = now + changes[place][1] - changes[place][2], been + changes[place][1]
            place += 1
        highest, on = now, first
        while place < len(changes) and changes[place][0] <= last:
            day, joined, left = changes[place]
            now, been = now + joined - left, been + joined
            if now > highest:
                highest, on = now, day
            place += 1
        result.append(Level(highest, on, now, been, brought))
    return result


class Stock(Limited):
    """How many open records were older than the limit at one time: the highest day of the period."""

    measure: Literal["stock"]

    example: ClassVar[str] = """
    of = "cases"
    start = "received_at"
    stop = "decided_at"
    limit = "8 weeks"
    standard = "no more than 6"
    cohort = "dated"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (StockRule,)
    counted_daily = True

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """One: each day counts what was open at its close."""
        return ("dated",)

    @property
    def unit(self) -> str:
        """A number of records."""
        return "number"

    @property
    def standard_limit(self) -> Limit | None:
        """No limit: its standard is a number of records."""
        return None

    @property
    def reasons_shown(self) -> Container[OutcomeStatus]:
        """Those of records left out: late and overdue stand for what left the stock, and joined it."""
        return STATUSES[3:]

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for its records."""
        yield self.of, StockRule(self)

    def figure(self, place: Place) -> Figure:
        """Return the highest day; its date, and the figure at the end, beside it."""
        level = place.level
        if level is None:
            return Figure("no data")
        value = Fraction(level.highest)
        status: TargetStatus = judged(self.standard, value)
        if not place.complete and status == "met":
            status = "undetermined"
        day = to_day(level.on)
        return Figure(
            status, value, value, value if place.complete else None,
            details={"on": day, "end": level.end},
            remarks=(f"highest on {day_in_short(day)}; {level.end:,} at the end",),
        )  # fmt: skip

    @model_validator(mode="after")
    def _in_days(self) -> Self:
        if not self.limit.in_days:
            raise ValueError("limit: a stock is counted at the close of days; write it in days or weeks")
        return self
