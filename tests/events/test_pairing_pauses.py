"""Pauses paired with what ends them, and merged, against plain loops; at any size and in any year."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import WorkingCalendar
from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.arrays.row_days import DAY_BITS
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.time_zones import DAY, time_zone
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.contacts import CONTACT, rows_of_records, told_in
from ombudsman_kpi.events.pauses import OPEN, _Events, _in_order, _paired, pauses_of
from ombudsman_kpi.records.tables import open_table

Event = tuple[int, int, bool, str | None]  # row of its case, half days, whether it resumes, reason
HALF = DAY // 2
laws = settings(max_examples=settings().max_examples * 3, deadline=None, derandomize=True)

ROWS = st.one_of(st.integers(0, 2), st.integers(0, (1 << 28) - 1))
EVENTS = st.lists(
    st.tuples(ROWS, st.integers(-3, 9), st.booleans(), st.sampled_from([None, None, "x", "y", "a"])), max_size=14
)


def walked_by_loop(events: Sequence[Event]) -> tuple[dict[int, list[list[int]]], int]:
    """Find when each case's clock stood still, in half days, one event after the other; and what resumes nothing."""
    spans: dict[int, list[list[int]]] = {}
    open_: dict[int, list[str | None]] = {}
    unpaused = 0
    for row, at, resumes, reason in sorted({*events}, key=lambda event: (*event[:3], event[3] or "~")):
        mine, found = open_.setdefault(row, []), spans.setdefault(row, [])
        stood = bool(mine)
        if not resumes:
            mine.append(reason)
        elif reason is not None and reason in mine:
            open_[row] = [other for other in mine if other != reason]
        elif mine:
            open_[row] = []
        else:
            unpaused += 1
        if open_[row] and not stood:
            found.append([at, OPEN])
        elif stood and not open_[row]:
            found[-1][1] = at
    return spans, unpaused


def with_length(spans: dict[int, list[list[int]]]) -> dict[int, list[list[int]]]:
    """Leave out what ended when it began."""
    return {row: kept for row, own in spans.items() if (kept := [span for span in own if span[0] < span[1]])}


def in_days_by_loop(spans: list[list[int]]) -> list[list[int]]:
    """Find the days at whose close a clock stood still, first and end, by asking each one."""
    last = 20
    stood = [day for day in range(-5, last) if any(first < 2 * day + 2 <= end for first, end in spans)]
    found: list[list[int]] = []
    for day in stood:
        if found and found[-1][1] == day:
            found[-1][1] = day + 1
        else:
            found.append([day, day + 1])
    return [[first, OPEN if end == last else end] for first, end in found]


def walked(events: Sequence[Event], *, in_days: bool) -> tuple[dict[int, list[list[int]]], int]:
    words = ["x", "y", "a", "z"]  # as they were met, not in the order of the alphabet
    columns = [*zip(*events, strict=True)] or [()] * 4
    given_ = _Events(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64) * HALF,
        np.array(columns[2], np.int64),
        np.array([-1 if reason is None else words.index(reason) for reason in columns[3]], np.int64),
        np.arange(len(events)),
    )
    pauses, unpaused = _paired(_in_order(given_, words))
    row, first, end = pauses.merged(in_days=in_days)[:3]
    if not in_days:
        first, end = first // HALF, np.where(end == OPEN, OPEN, end // HALF)
    spans: dict[int, list[list[int]]] = {}
    for own, *span in zip(row.tolist(), first.tolist(), end.tolist(), strict=True):
        spans.setdefault(own, []).append(span)
    return spans, int(unpaused.sum())


@laws
@given(EVENTS, st.randoms(use_true_random=False))
def test_clocks_stand_still_as_in_a_loop_whatever_order_the_events_are_in(events: list[Event], draw: Random) -> None:
    expected, unpaused = walked_by_loop(events)
    shuffled = [*events, *events[:2]]
    draw.shuffle(shuffled)
    in_time, number = walked(shuffled, in_days=False)
    assert with_length(in_time) == with_length(expected)
    assert number == unpaused
    days = {row: found for row, own in expected.items() if (found := in_days_by_loop(own))}
    assert walked(shuffled, in_days=True) == (days, unpaused)


# 1: Monday. Reason x from Monday to Wednesday, y from Tuesday to Thursday; what nobody paused for ends all of them.
@pytest.mark.parametrize(
    ("events", "spans", "unpaused"),
    [
        ("Px1 Py2 Rx3 Ry4", [[1, 4]], 0),
        ("Px1 Py2 Ry3", [[1, OPEN]], 0),
        ("Px1 Py2 Rz3", [[1, 3]], 0),
        ("Px1 Py2 R3", [[1, 3]], 0),
        ("P1 Px2 Rx3", [[1, OPEN]], 0),
        ("P1 Px2 Ry3", [[1, 3]], 0),
        ("Px1 Rx2 Rx3", [[1, 2]], 1),
        ("Px1 Rx2 Rx2", [[1, 2]], 0),
        ("R1 P2 R3 Px4 Px5 Rx6", [[2, 3], [4, 6]], 1),
        ("Px1 Py1 Rz1 Py3 Ry5 Rx5", [[3, 5]], 1),
        ("Py1 Px2 Rz3 Rx4 Py4 Rx5", [[1, 3]], 1),  # Rx4 finds Py4, of the same day, and ends it; Rx5 finds nothing
    ],
)
def test_pairs_by_hand(events: str, spans: list[list[int]], unpaused: int) -> None:
    read = [(0, 2 * int(text[-1]), text[0] == "R", text[1:-1] or None) for text in events.split()]
    found, number = walked(read, in_days=True)
    assert (found.get(0, []), number) == (spans, unpaused)


def test_cases_that_each_have_reasons_of_their_own_keep_their_ends() -> None:
    size = 50_000
    draw = np.random.default_rng(5)
    row = draw.choice(1 << 28, size, replace=False)
    at, reason = draw.integers(0, 1 << 50, size), np.arange(size)
    zero, one = np.zeros(size, np.int64), np.ones(size, np.int64)
    parts = [(row, at, zero, reason), (row, at + 3 * DAY, one, reason)]
    shuffled = draw.permutation(2 * size)
    row_, at_, resumes, reason_ = (np.concatenate(part)[shuffled] for part in zip(*parts, strict=True))
    events = _Events(row_, at_, resumes, reason_, np.arange(2 * size))
    spans, unpaused = _paired(_in_order(events, [f"{number:06}" for number in range(size)]))
    order = np.argsort(row)
    assert not unpaused.any()
    for part, expected in zip(spans[:3], (row, at, at + 3 * DAY), strict=True):
        assert (part == expected[order]).all()


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
        found = pauses_of(events, "cases", rows_of_records(cases), parse_as_of("2024-03-31", setting), setting)
        found = found.merged(in_days=True)
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
    rows_of, june = rows_of_records(cases), day_number(date(year, 6, 1)) - 1
    found = pauses_of(events, "cases", rows_of, as_of, setting).merged(in_days=True)
    assert found.row.tolist() == [0, 0, 1, 1]
    assert (found.first - june).tolist() == [5, 20] * 2
    assert found.end.tolist() == [june + 9, OPEN] * 2
    contacted = told_in(events, rows_of, as_of, setting).days[CONTACT].within(0, 2)
    assert [*zip((contacted >> DAY_BITS).tolist(), row_days.days(contacted).tolist(), strict=True)] == [
        (0, june + 2), (2, june + 2)
    ]  # fmt: skip
