"""The share of records whose clock stopped within the limit."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.time_zones import DAY, TimeZone
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.axes import Counting
from ombudsman_kpi.clocks.limits import DueField, Hours, Limit, Seconds, WorkingDays
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import NONE, State
from ombudsman_kpi.clocks.timeline import Timeline, fields_needed, timeline
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.targets import Limited, ShareWithin
from ombudsman_kpi.records.tables import Table

BEYOND = State("invalid", "due day is after the calendar's last day")


@dataclass(frozen=True)
class ShareWithinRule:
    """Each record's clock, judged by the limit."""

    target: ShareWithin

    def fields(self, table: Table) -> list[str]:
        """Name what the clock reads."""
        return fields_needed(self.target, table)

    def assess(self, known: Known) -> Assessed:
        """Run the clocks of a batch and judge them."""
        clock, found = clock_judged(self.target, known)
        return Assessed(
            found.code,
            found.book,
            lambda: clock.start_day,
            lambda: clock.end_day,
            found.elapsed,
            self.target.limit.elapsed_unit,
            lambda: (*points_of(clock, known.setting.zone), due_points(self.target, clock, known.setting.zone)),
            size_of(self.target.limit),
            clock.in_days,
            found.provisional,
        )


def clock_judged(target: ShareWithin, known: Known) -> tuple[Timeline, "Judged"]:
    """Run the clocks of a batch, and judge them: once, for all who ask."""
    clock = timeline(target, known)
    name = ("judged", target.clock_key, target.limit)
    return clock, known.once(name, lambda: judged(target, clock, known.setting.calendar))


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
    elapsed: Integers,
    in_time: Truths | None = None,
) -> tuple[NDArray[np.intp], tuple[Outcome, ...]]:
    """Give the outcome of each clock, as a position in a list of them.

    It needs no more than the state and the elapsed time, so a count of clocks that are alike will do as well.
    """
    table, known = _outcomes_of(states, target.clock.unanswered)
    if in_time is None:
        assert isinstance(target.limit, Limit)  # noqa: S101
        in_time = elapsed <= target.limit.allowed
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
    beyond = beyond_calendar(target, timeline, calendar)
    if beyond is not None:
        beyond &= elapsed != NONE
        state, states = np.where(beyond, len(states), state).astype(np.uint8), (*states, BEYOND)
        elapsed = np.where(beyond, NONE, elapsed)
    code, book = outcomes(target, states, state, elapsed, timeline.in_time)
    moves = provisional(target, timeline, calendar)
    return Judged(code, book, elapsed, 0 if moves is None else (moves & (elapsed != NONE)).astype(np.int64))


def follows_from_elapsed(target: Limited, timeline: Timeline, calendar: WorkingCalendar) -> bool:
    """Tell whether state and elapsed time say all: no record has a due date of its own, nor one hard to know."""
    unsure = beyond_calendar(target, timeline, calendar), provisional(target, timeline, calendar)
    return timeline.in_days and all(part is None for part in unsure)


def last_start(target: Limited, timeline: Timeline, last_due: int) -> int | None:
    """Give the last day on which a clock can start and be due on or before a day; None where any can.

    Only working days and rolled due days depend on what a calendar knows; and no clock in days may be due
    beyond the calendar.
    """
    if not timeline.in_days or isinstance(target.limit, DueField):
        return None
    return _last_start(timeline.counting, target.limit.allowed, last_due)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def _last_start(counting: Counting, allowed: int, last_due: int) -> int:
    days = np.arange(last_due - allowed * 3 - 60, last_due + 1)
    due = counting.due(days, allowed)
    inside = np.flatnonzero((due != MISSING) & (due <= last_due))
    return int(days[inside[-1]]) if len(inside) else int(days[0])


def beyond_calendar(target: Limited, timeline: Timeline, calendar: WorkingCalendar) -> Truths | None:
    """Tell which clocks are due after the calendar's last day; None where none is."""
    latest = last_start(target, timeline, day_number(calendar.last))
    if latest is None or timeline.last_started <= latest:
        return None
    return timeline.start_day > latest


def provisional(target: Limited, timeline: Timeline, calendar: WorkingCalendar) -> Truths | None:
    """Tell which due days follow from the rules alone, after the last year that was announced."""
    if not isinstance(target.limit, WorkingDays) and target.clock.non_working_due == "stays":
        return None
    latest = last_start(target, timeline, day_number(calendar.announced_until))
    if latest is None or timeline.last_started <= latest:
        return None
    return timeline.start_day > latest


def due_days(target: Limited, timeline: Timeline, zone: TimeZone) -> Integers:
    """Give the day on which each clock is due; ``MISSING`` where it never ran, or that isn't known."""
    points = due_points(target, timeline, zone)
    return points if timeline.in_days else np.where(points == MISSING, MISSING, points // DAY)


def due_points(target: Limited, timeline: Timeline, zone: TimeZone) -> Integers:
    """Give when each clock is due: the day, or for other clocks the time on the wall, in microseconds."""
    if isinstance(target.limit, DueField):
        assert timeline.own_due is not None  # noqa: S101
        return timeline.own_due
    due = timeline.counting.due(timeline.start, target.limit.allowed)
    return due if timeline.in_days else np.where(timeline.start == MISSING, MISSING, zone.wall(due))


def size_of(limit: Limit | DueField) -> int:
    """Give how many parts of its unit elapsed time is counted in: microseconds, or whole days."""
    return limit.size if isinstance(limit, (Seconds, Hours)) else 1


def points_of(timeline: Timeline, zone: TimeZone) -> tuple[Integers, Integers]:
    """Give when each clock started and ended: days, or for other clocks times on the wall, in microseconds."""
    if timeline.in_days:
        return timeline.start, timeline.end
    return zone.wall(timeline.start), zone.wall(timeline.end)
