"""Judging clocks: which outcome follows from how a clock stands, the limit, and what the calendar knows."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.axes import Axis
from ombudsman_kpi.clocks.has_clock import HasClock
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import Outcome
from ombudsman_kpi.clocks.states import NONE, State
from ombudsman_kpi.clocks.timeline import Timeline
from ombudsman_kpi.events.as_known import NEVER

_TOO_LATE, _ABANDONED = " after it was due", "abandoned"

BEYOND = State("invalid", "due day is after the calendar's last day")


class HasLimit(Protocol):
    """What judging needs of a target: its limit, and the options of its clock."""

    @property
    def limit(self) -> Limit:
        """How long it may take."""

    @property
    def clock(self) -> Clock:
        """The options."""


class LimitedClock(HasClock, HasLimit, Protocol):
    """What a target with a clock and a limit has."""


def judge(state: State, in_time: bool, unanswered: str = "late") -> Outcome:  # noqa: FBT001
    """Return the outcome of a clock's state. A breach is never erased: what ended after it was due is late.

    >>> judge(State("withdrawn", "withdrawn"), False)
    Outcome(status='late', reason='withdrawn after it was due', mark='')
    """
    if state.ending == "excluded" or state.ending == "invalid":  # noqa: PLR1714  (so that types are narrowed)
        return Outcome(state.ending, state.reason)
    if state.ending == "stopped":
        return Outcome("met") if in_time else Outcome("late")
    if state.ending == "withdrawn":
        return Outcome("excluded", state.reason) if in_time else Outcome("late", state.reason + _TOO_LATE)
    if unanswered == "left out":
        return Outcome("excluded", "not answered" if state.ending == "open" else "abandoned")
    if state.ending == "abandoned":
        left_out = in_time and unanswered == "left out if abandoned within the limit"
        return Outcome("excluded", "abandoned within the limit") if left_out else Outcome("late", _ABANDONED)
    return Outcome("pending") if in_time else Outcome("overdue")


def ended_without(outcome: Outcome, withdrawn_by: Iterable[str]) -> bool:
    """Return whether what is late ended without what was promised, by its reason: withdrawn, closed or abandoned.

    >>> ended_without(judge(State("withdrawn", "withdrawn"), False), ["withdrawn_at"])
    True
    """
    words = outcome.reason.split(", ")[0]  # an extension may add its own
    return words in {_ABANDONED, *(name.removesuffix("_at") + _TOO_LATE for name in withdrawn_by)}


def outcomes(
    target: HasLimit, states: tuple[State, ...], state: NDArray[np.integer], in_time: Truths
) -> tuple[NDArray[np.intp], tuple[Outcome, ...]]:
    """Return the outcome of each clock, as a position in a list of them.

    It needs no more than the state and whether it was in time, so a count of clocks that are alike will do as well.
    """
    # A state and whether it was in time in one number: state 3 late is 6, state 3 in time 7. `_outcomes_of` lists
    # them in this order, so that the number is a place in its table.
    places, distinct = _outcomes_of(states, target.clock.unanswered)
    return places.take(state.astype(np.intp) * 2 + in_time), distinct


@lru_cache(maxsize=1024)
def _outcomes_of(states: tuple[State, ...], unanswered: str) -> tuple[NDArray[np.intp], tuple[Outcome, ...]]:
    """Return the outcome of each state, late and in time, as a position in a list of them."""
    judged = [judge(item, bool(side), unanswered) for item in states for side in (0, 1)]
    distinct = tuple(sorted(set(judged)))
    return np.array([distinct.index(outcome) for outcome in judged], np.intp), distinct


class Judged(NamedTuple):
    """The outcome of each record of a batch: a code and its categories; elapsed time; 1 where a due day may move."""

    code: NDArray[np.intp]
    categories: tuple[Outcome, ...]
    elapsed: Integers
    provisional: Integers | int


def judged(target: HasLimit, timeline: Timeline, calendar: WorkingCalendar) -> Judged:
    """Return each record of a batch judged by the limit, and by what the calendar knows of its due day."""
    state, states, elapsed = timeline.state, timeline.states, timeline.elapsed
    in_time = timeline.in_time(target.limit)
    beyond = beyond_calendar(target, timeline, calendar)
    if beyond is not None:
        beyond &= elapsed != NONE
        state, states = np.where(beyond, len(states), state).astype(np.uint8), (*states, BEYOND)
        elapsed = np.where(beyond, NONE, elapsed)
    code, categories = outcomes(target, states, state, in_time)
    moves = provisional(target, timeline, calendar)
    return Judged(code, categories, elapsed, 0 if moves is None else (moves & (elapsed != NONE)).astype(np.int64))


def follows_from_elapsed(target: HasLimit, timeline: Timeline, calendar: WorkingCalendar) -> bool:
    """Return whether the state and the elapsed time decide everything.

    They don't where records have due dates of their own, or due days that are provisional or beyond the calendar.
    """
    unsure = beyond_calendar(target, timeline, calendar), provisional(target, timeline, calendar)
    return timeline.in_days and all(part is None for part in unsure)


def beyond_calendar(target: HasLimit, timeline: Timeline, calendar: WorkingCalendar) -> Truths | None:
    """Return which clocks are due after the calendar's last day; None where none is."""
    if not timeline.in_days:
        return _due_after(target, timeline, day_number(calendar.last))
    latest = last_start(timeline.axis, target.limit.allowed, day_number(calendar.last), calendar)
    return None if timeline.last_started <= latest else timeline.start_day > latest


def _due_after(target: HasLimit, timeline: Timeline, last: int) -> Truths | None:
    """Return which clocks in working hours are due after a day; None where none is, since the last to start isn't."""
    if not target.limit.depends_on_holidays(target.clock) or timeline.last_started == MISSING:
        return None
    latest = timeline.axis.due(timeline.start.max(keepdims=True), target.limit.allowed)
    if MISSING < timeline.zone.days(latest)[0] <= last:
        return None
    due = timeline.due_day(target.limit)
    after: Truths = (due > last) | ((due == MISSING) & (timeline.start != MISSING))
    return after


# The rule for what is provisional. A due day is, where a bank holiday that is still to be announced can move it:
# - it is itself after the last announced day, and the limit counts working days, or rolls its due days on to one;
# - or its clock starts after the last announced day, on a day that had to be a working day.
# Holidays are announced up to 31 December 2027, say. 20 working days end on 4 January 2028: provisional. 4 weeks end
# on Sunday 2 January 2028: certain where due days stay, provisional where they roll on to 4 January. And 4 weeks from
# Sunday 2 January 2028 are provisional where that counts as received on the next working day, which may move.


def provisional(target: HasLimit, timeline: Timeline, calendar: WorkingCalendar) -> Truths | None:
    """Return which due days of clocks are provisional, those beyond the calendar among them; None where none is.

    It looks at the starts alone: due days needn't be worked out.
    """
    started = None if timeline.started is None else timeline.started.moves
    if not timeline.in_days:
        after = _due_after(target, timeline, day_number(calendar.announced_until))
        return after if started is None else (started > 0) if after is None else after | (started > 0)
    latest = last_certain_start(target, timeline.axis, calendar)
    if latest is None or timeline.last_started <= latest:
        return None if started is None else started > 0
    late: Truths = timeline.start_day > latest
    return late if started is None else late | (started > 0)


def provisional_days(
    limit: Limit, clock: Clock, starts: Integers, due: Integers, calendar: WorkingCalendar
) -> Integers | int:
    """Return 1 for each due day (of a clock with such a start) that is provisional, else 0: the same rule.

    ``MISSING`` for a due day that isn't known: it isn't provisional either. 0 alone stands for all of them.
    """
    announced, moves = day_number(calendar.announced_until), limit.depends_on_holidays(clock)
    if not moves and not clock.starts_on_working_days:
        return 0
    can_move = (due > announced) & moves
    if clock.starts_on_working_days:
        can_move |= (starts > announced) & (due != MISSING)
    return can_move.astype(np.int64)


def last_certain_start(target: HasLimit, axis: Axis, calendar: WorkingCalendar) -> int | None:
    """Return the last day on which a clock in days can start and its due day not be provisional; None: on any."""
    announced = day_number(calendar.announced_until)
    if target.limit.depends_on_holidays(target.clock):
        return min(announced, last_start(axis, target.limit.allowed, announced, calendar))
    return announced if target.clock.starts_on_working_days else None


@lru_cache(maxsize=1024)
def last_start(axis: Axis, allowed: int, last_due: int, calendar: WorkingCalendar) -> int:
    """Return the last day on which a clock can start and be due by ``last_due``.

    The day before the calendar's first where there is none in it.
    """
    first, due = last_days_in_time(axis, allowed, calendar)
    inside = np.flatnonzero(due <= last_due)
    return first + int(inside[-1]) if len(inside) else first - 1


@lru_cache(maxsize=128)
def last_days_in_time(axis: Axis, allowed: int, calendar: WorkingCalendar) -> tuple[int, Integers]:
    """Return the first day of a calendar, and for each day from it on, the due day of what starts then.

    ``NEVER`` where that is beyond the calendar.
    """
    days = np.arange(day_number(calendar.first), day_number(calendar.last) + 1)
    due = axis.due(days, allowed)
    return int(days[0]), np.where(due == MISSING, NEVER, due)


def reaches(earlier: Limit, later: Limit, clock: Clock, calendar: WorkingCalendar) -> bool:
    """Return whether all that keeps a later limit keeps an earlier one too, whenever it starts."""
    if earlier.in_days != later.in_days:
        return False  # the order as it is written
    days = np.arange(day_number(calendar.first), day_number(calendar.last) + 1)
    starts = days if earlier.in_days else np.zeros(1, np.int64)
    first, second = (limit.axis(calendar, clock).due(starts, limit.allowed) for limit in (earlier, later))
    known = (first != MISSING) & (second != MISSING)
    return bool(known.any() and (second[known] <= first[known]).all())
