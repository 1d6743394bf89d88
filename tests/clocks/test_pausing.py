"""Clocks that stand still, on any days of the years 1600 to 5100 and in any rows, against a loop over the pauses."""

from datetime import date
from typing import NamedTuple

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import WorkingCalendar
from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.time_zones import time_zone
from ombudsman_kpi.clocks.axes import CalendarDayAxis
from ombudsman_kpi.clocks.pausing import PausedClock
from ombudsman_kpi.clocks.states import State
from ombudsman_kpi.clocks.timeline import Timeline
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.pauses import Pauses

FIRST, LAST = date(1600, 1, 1), date(5100, 1, 1)
AXIS = CalendarDayAxis(WorkingCalendar([], first=FIRST, last=LAST), start_is_day_1=False, rolls=False)
LOW, HIGH = day_number(FIRST), day_number(LAST) - 10_000


class Case(NamedTuple):
    """When a clock ran, and the days on which pauses began and ended, in order."""

    start: int
    length: int
    pauses: list[tuple[int, int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    start, length = draw(st.integers(LOW, HIGH)), draw(st.integers(0, 2000))
    edges = sorted(draw(st.sets(st.integers(start - 500, start + length + 500), max_size=6)))
    return Case(start, length, [(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=False)])


def paused(rows: list[Case]) -> PausedClock:
    start = np.array([case.start for case in rows])
    end = start + [case.length for case in rows]
    state, none = np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.int8)
    states = (State("stopped"),)
    clock = Timeline(AXIS, True, start, end, end - start, state, states, ("decided_at",), none, time_zone("UTC"))
    parts = [(row, *pause) for row, case in enumerate(rows) for pause in case.pauses]
    row, first, last = np.array(parts, np.int64).reshape(-1, 3).T
    return PausedClock.of(clock, Pauses(row, first, last), AsOf(day_number(LAST), 0, True, ""))


def days_stood(case: Case, until: int) -> int:
    """The days after the start and up to one on which the clock stood still at their close."""
    stop = min(until, case.start + case.length - 1)
    return sum(max(0, min(end - 1, stop) - max(begin, case.start + 1) + 1) for begin, end in case.pauses)


@settings(max_examples=settings().max_examples * 2, deadline=None, derandomize=True)
@given(st.lists(cases(), min_size=1, max_size=12), st.integers(0, 400))
@example([Case(900_000, 20, [(900_005, 900_010)]), Case(-130_000, 20, [(-129_995, -129_990)])], 10)
def test_a_loop_over_pauses_gives_the_same_elapsed_times_and_due_days(rows: list[Case], allowed: int) -> None:
    clock = paused(rows)
    points, stands = clock.due(allowed)
    assert not stands.any()
    for row, (case, net, due) in enumerate(zip(rows, clock.net().tolist(), points.tolist(), strict=True)):
        assert net == case.length - days_stood(case, case.start + case.length), row
        assert due != MISSING
        assert due - case.start - days_stood(case, due) == allowed, row
        assert not any(begin <= due < min(end, case.start + case.length) for begin, end in case.pauses if allowed), row


def test_many_rows_far_apart_in_time_stand_still_each_by_themselves() -> None:
    rows = [Case(start, 30, [(start + 3, start + 10)]) for start in [HIGH, LOW] * 25_000]
    assert set(paused(rows).net().tolist()) == {23}
