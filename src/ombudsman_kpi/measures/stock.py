"""How many open records were older than the limit at one time: the highest day of each period."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.arrays.sums import add_up
from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.dates import day_in_short, to_day
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.outcomes import STATUSES, Assessed, Cohort, Outcome, OutcomeStatus
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline, timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import MET, UNDETERMINED, Figures, Said, judged
from ombudsman_kpi.measures.base.on_clock import Limited
from ombudsman_kpi.measures.base.places import Levels, Places
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


def levels(changes: tuple[Integers, ...], spans: tuple[Integers, Integers], lanes: int) -> Levels:
    """Return the stock of some spans of days, read off its changes: for each span a row for each lane.

    A lane is what has a stock of its own. ``changes`` are the lane and day of each, how many joined and how many left;
    ``spans`` the first and last days, in order and apart.

    >>> changes = tuple(np.array(column) for column in ([0, 0, 0], [10, 12, 13], [2, 1, 0], [0, 0, 2]))
    >>> level = levels(changes, (np.array([11]), np.array([20])), 1)
    >>> [column.tolist() for column in level[:5]]
    [[3], [12], [1], [3], [2]]
    """
    first, last = spans
    rows = lanes * len(first)
    # A change of 0 is added on the first day of each span, so every row has one to start from.
    begun = np.repeat(np.arange(lanes), len(first)), np.tile(first, lanes), *[np.zeros(rows, np.int64)] * 2
    lane, day, joined, left = (np.concatenate(pair) for pair in zip(changes, begun, strict=True))
    begins = np.repeat([0, 1], [len(changes[0]), rows])
    (lane, day), (joined, left, begins) = add_up((lane, day), (joined, left, begins))
    begin = np.flatnonzero(begins)
    row = begin.searchsorted(np.arange(len(day)), "right") - 1
    inside = (row >= 0) & (lane == lane[begin[row]]) & (day <= np.tile(last, lanes)[row])
    gain = joined - left
    now = np.cumsum(gain)
    now -= (now - gain)[np.searchsorted(lane, lane)]  # each lane begins at 0
    brought = (now - gain)[begin]
    end, come = (brought + np.add.reduceat(np.where(inside, part, 0), begin) for part in (gain, joined))
    highest = np.maximum.reduceat(np.where(inside, now, MISSING), begin)
    reached = np.flatnonzero(inside & (now == highest[row]))
    on = day[reached[np.searchsorted(row[reached], np.arange(rows))]]
    # Rows have the spans of a lane one after the other; as places have it, the lanes of a span follow one another.
    highest, on, end, come, brought = (part.reshape(lanes, -1).T.ravel() for part in (highest, on, end, come, brought))
    return Levels(highest, on, end, come, brought)


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
    better = "decrease"
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

    def figures(self, places: Places) -> Figures:
        """Return the highest days; the date of each, and the figure at the end, beside it."""
        level, complete = places.levels, places.complete
        assert level is not None  # noqa: S101
        value = Fractions.whole(level.highest)
        status = judged(self.standard, value)
        status = np.where(~complete & (status == MET), UNDETERMINED, status)

        def say(row: int) -> Said:
            day, end = to_day(int(level.on[row])), int(level.end[row])
            return Said({"on": day, "end": end}, (f"highest on {day_in_short(day)}; {end:,} at the end",))

        return Figures(status, value, value, value.where(complete), say=say)

    @model_validator(mode="after")
    def _in_days(self) -> Self:
        if not self.limit.in_days:
            raise ValueError("limit: a stock is counted at the close of days; write it in days or weeks")
        return self
