"""Pauses paired with what ends them, and merged, against plain loops; at any size and in any year."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import RecordsError, WorkingCalendar
from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.arrays.row_days import DAY_BITS
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.time_zones import DAY, time_zone
from ombudsman_kpi.events import pauses
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.contacts import contacts_of, rows_of_cases
from ombudsman_kpi.events.pauses import OPEN, _ends, _merged, pauses_of
from ombudsman_kpi.records.tables import open_table

Event = tuple[int, int, int]  # row of its case, reason (-1: none), microseconds
laws = settings(max_examples=settings().max_examples * 3 // 2, deadline=None, derandomize=True)

ROWS = st.one_of(st.integers(0, 2), st.integers(0, (1 << 28) - 1))
EVENTS = st.lists(st.tuples(ROWS, st.integers(-1, 3), st.integers(-3, 9).map(lambda day: day * DAY // 2)), max_size=12)


def ends_by_loop(paused: Sequence[Event], resumed: Sequence[Event]) -> list[int]:
    """Find, for each pause, the first resumption in its case that is no earlier, of its reason or of none."""
    found = []
    for row, reason, at in paused:
        ends = [
            ended for ended_row, ended_reason, ended in resumed
            if ended_row == row and ended >= at and (reason == -1 or ended_reason in {-1, reason})
        ]  # fmt: skip
        found.append(min(ends) // DAY if ends else OPEN)
    return found


def stacked(events: Sequence[Event]) -> Any:
    return np.array(events, np.int64).reshape(-1, 3).T


@pytest.mark.parametrize("room", [1 << 62, 200, 0])
@laws
@given(paused=EVENTS, resumed=EVENTS)
def test_each_pause_ends_where_a_loop_says_or_there_is_an_error(
    room: int, paused: list[Event], resumed: list[Event]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pauses, "_ROOM", room)
        try:
            found = _ends(stacked(paused), stacked(resumed), 4).tolist()
        except RecordsError as error:
            found = str(error)
    refused = "There are too many pauses to be paired at a time. Split the records, and add up tallies."
    assert found == ends_by_loop(paused, resumed) or (room < 1 << 62 and found == refused)


def test_cases_that_each_have_a_reason_of_their_own_keep_their_ends() -> None:
    """Row, reason and time together would have 70 bits."""
    size, rows = 100_000, 1 << 28
    draw = np.random.default_rng(5)
    row, reason = draw.choice(rows, size, replace=False), draw.choice(rows, size, replace=False)
    at = draw.integers(0, 1 << 50, size)
    paused, resumed = np.stack([row, reason, at]), np.stack([row, reason, at + 3 * DAY])
    shuffled = draw.permutation(size)
    assert (_ends(paused, resumed[:, shuffled], rows) == (at + 3 * DAY) // DAY).all()


FAR = st.sampled_from([day_number(date.min), -600_000, -524_289, -524_288, -25_000, -1, 0, 1, 19_000, 600_000,
                       day_number(date.max), OPEN])  # fmt: skip


@laws
@given(st.lists(st.tuples(st.integers(0, 2), FAR, FAR), max_size=8))
def test_pauses_in_any_year_are_merged_as_by_a_loop(runs: list[tuple[int, int, int]]) -> None:
    expected: list[list[int]] = []
    for row, first, end in sorted(run for run in runs if run[2] > run[1]):
        if expected and expected[-1][0] == row and first <= expected[-1][2]:
            expected[-1][2] = max(expected[-1][2], end)
        else:
            expected.append([row, first, end])
    row, first, end = stacked(runs)
    found = _merged(row, first, end)
    assert [*zip(found.row.tolist(), found.first.tolist(), found.end.tolist(), strict=True)] == [*map(tuple, expected)]


class Place:
    """A calendar of one year, and the clocks of UTC."""

    time_zone = "UTC"

    def __init__(self, year: int) -> None:
        self.calendar = WorkingCalendar([], first=date(year, 1, 1), last=date(year, 12, 31))
        self.zone = time_zone(self.time_zone)


@pytest.mark.parametrize("year", [1, 534, 1899, 1969, 1970])
def test_a_pause_of_a_wrong_year_stands_in_its_own_case_alone(year: int) -> None:
    """Of three cases the middle one was paused in another age: neither it nor its neighbours take from another."""
    early, setting = date(year, 1, 2), Place(2024)
    log = [
        {"case_id": "A", "event": "paused", "at": date(2024, 1, 5)},
        {"case_id": "B", "event": "paused", "at": early},
        {"case_id": "B", "event": "resumed", "at": early + timedelta(days=9)},
        {"case_id": "C", "event": "paused", "at": date(2024, 1, 8)},
        {"case_id": "C", "event": "resumed", "at": date(2024, 1, 9)},
    ]
    for order in (["A", "B", "C"], ["B", "A", "C"]):
        cases = open_table("cases", [{"case_id": name, "received_at": date(2024, 1, 1)} for name in order])
        events = open_table("events", log)
        found = pauses_of(events, rows_of_cases(cases), parse_as_of("2024-03-31", setting), setting)
        runs = {
            "A": (day_number(date(2024, 1, 5)), OPEN),
            "B": (day_number(early), day_number(early) + 9),
            "C": (day_number(date(2024, 1, 8)), day_number(date(2024, 1, 9))),
        }
        assert found.row.tolist() == [0, 1, 2]
        assert [*zip(found.first.tolist(), found.end.tolist(), strict=True)] == [runs[name] for name in order]


@pytest.mark.parametrize("year", [3404, 3405, 3406, 9000])
def test_far_years_have_pauses_and_contacts_of_their_own_cases(year: int) -> None:
    setting, names = Place(year), ["A", "B"]
    cases = open_table("cases", [{"case_id": name, "received_at": date(year, 1, 1)} for name in names])
    log = [
        {"case_id": name, "event": event, "at": date(year, 6, day), "party": "complainant", "direction": "out"}
        for name in names
        for event, day in (("contact", 2), ("paused", 5), ("resumed", 9), ("paused", 20))
    ]
    events, as_of = open_table("events", log), parse_as_of(f"{year}-12-30", setting)
    rows_of, june = rows_of_cases(cases), day_number(date(year, 6, 1)) - 1
    found = pauses_of(events, rows_of, as_of, setting)
    assert found.row.tolist() == [0, 0, 1, 1]
    assert (found.first - june).tolist() == [5, 20] * 2
    assert found.end.tolist() == [june + 9, OPEN] * 2
    contacted = contacts_of(events, rows_of, as_of, setting).contacted.within(0, 2)
    assert [*zip((contacted >> DAY_BITS).tolist(), row_days.days(contacted).tolist(), strict=True)] == [
        (0, june + 2), (2, june + 2)
    ]  # fmt: skip
