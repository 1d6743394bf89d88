"""How many open records were older than the limit at one time: the highest day of each period."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.dates import to_day
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import NONE, StateBuilder
from ombudsman_kpi.clocks.timeline import Timeline, fields_needed, timeline
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.figures import Figure, Status, judged
from ombudsman_kpi.measures.targets import Stock
from ombudsman_kpi.records.tables import Table

JOINED, LEFT = Outcome("overdue", "older than the limit"), Outcome("late", "ended")


@dataclass(frozen=True)
class StockRule:
    """Each record that grew older than the limit: the day it joined the stock, and the day it left.

    A record joins on the day after it was due, or when it became one of those concerned (was allocated), if that
    was later; it leaves on the day it ended, at whose close it isn't open. Others are counted without a day.
    """

    target: Stock

    def fields(self, table: Table) -> list[str]:
        """Name what the clock reads."""
        return fields_needed(self.target, table)

    def assess(self, known: Known) -> Assessed:
        """Give the changes of the stock that a batch makes."""
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
        book = (*states, JOINED, LEFT)
        code = np.concatenate(
            [clock.state[never], np.full(len(joins), len(book) - 2), np.full(len(leaves), len(book) - 1)]
        ).astype(np.intp)
        day = np.concatenate([np.full(len(never), MISSING), joined[joins], left[leaves]])
        none = np.full(len(day), MISSING)
        return Assessed(code, book, day, day, np.full(len(day), NONE), "", lambda: (day, none, none), record=record)

    def _changes(self, clock: Timeline, known: Known) -> tuple[Integers, Integers]:
        """Give the day each record joined the stock, and the day it left; ``MISSING`` where it did not."""
        limit = self.target.limit
        ran = clock.elapsed != NONE
        anchor = np.where(ran, clock.start, known.as_of.day)
        due = clock.axis.due(anchor, limit.allowed)
        joined = np.where(ran & (due != MISSING), due + 1, MISSING)
        table = known.batch.table
        draft = StateBuilder(known, self.target.id)
        for name, condition in self.target.where.items():
            if condition.present and table.is_time(name):
                joined = np.where(joined == MISSING, MISSING, np.maximum(joined, known.moments(draft.name(name)).days))
        open_until = np.where(clock.end_day == MISSING, known.as_of.day + 1, clock.end_day)
        in_stock = (joined != MISSING) & (joined <= known.as_of.day) & (joined < open_until)
        return np.where(in_stock, joined, MISSING), np.where(in_stock, clock.end_day, MISSING)


class Level(NamedTuple):
    """The stock of one period and group: its highest day, the first day that it was so high, and the last day."""

    highest: int
    on: int
    end: int
    joined: int  # those in it at any time: carried over, or joined in the period


def levels(changes: Sequence[tuple[int, int, int]], spans: Iterable[tuple[int, int]]) -> list[Level]:
    """Read the stock of some spans of days off its changes, in one pass.

    ``changes`` has for each day, in order, how many joined and how many left; ``spans`` the first and last days, in
    order and apart.

    >>> levels([(10, 2, 0), (12, 1, 0), (13, 0, 2)], [(11, 20)])
    [Level(highest=3, on=12, end=1, joined=3)]
    """
    result = []
    now = place = 0
    for first, last in spans:
        while place < len(changes) and changes[place][0] < first:
            now += changes[place][1] - changes[place][2]
            place += 1
        been = now
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
        result.append(Level(highest, on, now, been))
    return result


def figure(target: Stock, found: Level, *, complete: bool) -> Figure:
    """Give the highest day; its date, and the figure at the end, beside it."""
    value = Fraction(found.highest)
    status: Status = judged(target.standard, value)
    if not complete and status == "met":
        status = "undetermined"
    day = to_day(found.on)
    return Figure(
        status, value, value, value if complete else None,
        details={"on": day, "end": found.end},
        remarks=(f"highest on {day.day} {day:%b %Y}; {found.end:,} at the end",),
    )  # fmt: skip
