"""Judging clocks: which outcome follows from how a clock stands, the limit, and what the calendar knows."""

from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.axes import Axis
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import Outcome
from ombudsman_kpi.clocks.states import NONE, State
from ombudsman_kpi.clocks.timeline import Timeline

BEYOND = State("invalid", "due day is after the calendar's last day")


class Limited(Protocol):
    """What judging needs of a target: its limit, and the options of its clock."""

    @property
    def limit(self) -> Limit:
        """How long it may take."""

    @property
    def clock(self) -> Clock:
        """The options."""


def judge(state: State, in_time: bool, unanswered: str = "late") -> Outcome:  # noqa: FBT001
    """Give the outcome of a clock's state. A breach is never erased: what ended after it was due is late.

    >>> judge(State("withdrawn", "withdrawn"), False)
    Outcome(status='late', reason='withdrawn after it was due')
    """
    if state.ending == "excluded" or state.ending == "invalid":  # noqa: PLR1714  (so that types are narrowed)
        return Outcome(state.ending, state.reason)
    if state.ending == "stopped":
        return Outcome("met") if in_time else Outcome("late")
    if state.ending == "withdrawn":
        return Outcome("excluded", state.reason) if in_time else Outcome("late", f"{state.reason} after it was due")
    if unanswered == "left out":
        return Outcome("excluded", "not answered" if state.ending == "open" else "abandoned")
    if state.ending == "abandoned":
        left_out = in_time and unanswered == "left out if abandoned within the limit"
        return Outcome("excluded", "abandoned within the limit") if left_out else Outcome("late", "abandoned")
    return Outcome("pending") if in_time else Outcome("overdue")


def outcomes(
    target: Limited,
    states: tuple[State, ...],
    state: NDArray[np.integer],
    in_time: Truths,
) -> tuple[NDArray[np.intp], tuple[Outcome, ...]]:
    """Give the outcome of each clock, as a position in a list of them.

    It needs no more than the state and whether it was in time, so a count of clocks that are alike will do as well.
    """
    table, known = _outcomes_of(states, target.clock.unanswered)
    return table.take(state.astype(np.intp) * 2 + in_time), known


@lru_cache(maxsize=1024)
def _outcomes_of(states: tuple[State, ...], unanswered: str) -> tuple[NDArray[np.intp], tuple[Outcome, ...]]:
    """Give the outcome of each state, late and in time, as a position in a list of them."""
    judged = [judge(item, bool(side), unanswered) for item in states for side in (0, 1)]
    known = tuple(sorted(set(judged)))
    return np.array([known.index(outcome) for outcome in judged], np.intp), known


class Judged(NamedTuple):
    """The outcome of each record of a batch: a code and its book; elapsed time; 1 where the due day may still move."""

    code: NDArray[np.intp]
    book: tuple[Outcome, ...]
    elapsed: Integers
    provisional: Integers | int


def judged(target: Limited, timeline: Timeline, calendar: WorkingCalendar) -> Judged:
    """Judge each record of a batch by the limit, and by what the calendar knows of its due day."""
    state, states, elapsed = timeline.state, timeline.states, timeline.elapsed
    in_time = timeline.in_time(target.limit)
    beyond = beyond_calendar(target, timeline, calendar)
    if beyond is not None:
        beyond &= elapsed != NONE
        state, states = np.where(beyond, len(states), state).astype(np.uint8), (*states, BEYOND)
        elapsed = np.where(beyond, NONE, elapsed)
    code, book = outcomes(target, states, state, in_time)
    moves = provisional(target, timeline, calendar)
    return Judged(code, book, elapsed, 0 if moves is None else (moves & (elapsed != NONE)).astype(np.int64))


def follows_from_elapsed(target: Limited, timeline: Timeline, calendar: WorkingCalendar) -> bool:
    """Tell whether state and elapsed time say all: no record has a due date of its own, nor one hard to know."""
    unsure = beyond_calendar(target, timeline, calendar), provisional(target, timeline, calendar)
    return timeline.in_days and all(part is None for part in unsure)


def beyond_calendar(target: Limited, timeline: Timeline, calendar: WorkingCalendar) -> Truths | None:
    """Tell which clocks are due after the calendar's last day; None where none is."""
    return _due_after(target.limit, timeline, day_number(calendar.last))


def provisional(target: Limited, timeline: Timeline, calendar: WorkingCalendar) -> Truths | None:
    """Tell which due days follow from the rules alone, after the last year that was announced; None where none does."""
    if not target.limit.depends_on_holidays(target.clock):
        return None
    return _due_after(target.limit, timeline, day_number(calendar.announced_until))


def is_provisional(target: Limited, due: Integers, calendar: WorkingCalendar) -> Integers | int:
    """Return 1 for each due day that follows from the rules alone, else 0: the same rule, for days that are known."""
    if not target.limit.depends_on_holidays(target.clock):
        return 0
    return (due > day_number(calendar.announced_until)).astype(np.int64)


def _due_after(limit: Limit, timeline: Timeline, day: int) -> Truths | None:
    """Tell which clocks in days are due after a day; None where none is."""
    if not timeline.in_days:
        return None
    latest = last_start(timeline.axis, limit.allowed, day)
    if timeline.last_started <= latest:
        return None
    return timeline.start_day > latest


@lru_cache(maxsize=1024)
def last_start(axis: Axis, allowed: int, last_due: int) -> int:
    """Return the last day on which a clock can start and be due on or before a day."""
    days = np.arange(last_due - allowed * 3 - 60, last_due + 1)
    due = axis.due(days, allowed)
    inside = np.flatnonzero((due != MISSING) & (due <= last_due))
    return int(days[inside[-1]]) if len(inside) else int(days[0])
