"""Months: the corresponding date against python-dateutil, and what is measured, explained and listed in months."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi import (
    Deadlines,
    Months,
    Scheme,
    WorkingCalendar,
    assess,
    deadlines,
    load_scheme,
    measure,
    tally,
    worklist,
)
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.months import months_of
from ombudsman_kpi.clocks.due_date import due_date

TARGET = "decided-or-allocated-20wd"
FIRST, LAST = date(1999, 11, 20), date(2033, 2, 14)
ONE_DAY = timedelta(days=1)
ROLLED = {"non_working_due": "next working day"}

DAYS = st.dates(FIRST, LAST)
STEPS = st.integers(0, 400)


def end_of(start: date, steps: int) -> date:
    """Give the corresponding date of a month, or the day before it, as dateutil has it."""
    return start + relativedelta(months=(steps + 1) // 2) - (steps % 2) * ONE_DAY


def changed(**changes: Any) -> Scheme:
    return load_scheme("lgsco").with_target(TARGET, **changes)


def numbers(*days: date) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([day_number(day) for day in days], np.int64)


@given(starts=st.lists(DAYS, min_size=1), steps=STEPS)
def test_half_steps_end_on_the_dates_of_dateutil(starts: list[date], steps: int) -> None:
    days = numbers(*starts)
    ends = days + months_of(day_number(FIRST), day_number(LAST)).days_to(days, steps)
    for start, end in zip(starts, ends.tolist(), strict=True):
        expected = end_of(start, steps)
        assert end == day_number(expected) if expected <= LAST else end > day_number(LAST)


@given(start=DAYS, days=st.integers(0, 1500))
def test_the_steps_in_some_days_are_the_fewest_that_end_no_earlier(start: date, days: int) -> None:
    days = min(days, (LAST - start).days)
    found = int(months_of(day_number(FIRST), day_number(LAST)).steps_in(numbers(start), np.array([days]))[0])
    expected = next(steps for steps in range(10_000) if end_of(start, steps) >= start + timedelta(days))
    assert found == expected


@given(start=DAYS, steps=STEPS)
def test_a_start_that_is_missing_or_outside_is_never_due_inside(start: date, steps: int) -> None:
    outside = np.array([np.iinfo(np.int64).min, day_number(FIRST) - 1, day_number(LAST) + 2, 1 << 40])
    ends = outside + months_of(day_number(FIRST), day_number(LAST)).days_to(outside, steps)
    assert not ((ends >= day_number(FIRST)) & (ends <= day_number(LAST))).any()


@pytest.mark.parametrize("first", [date(1880, 5, 17), date(1970, 1, 1), date(2024, 2, 29)])
def test_a_calendar_can_begin_on_any_day(first: date) -> None:
    calendar = WorkingCalendar([], first=first, last=first + timedelta(days=800))
    for shift in (0, 1, 15, 30, 60):
        start = first + timedelta(days=shift)
        assert due_date(start, Months(13), calendar) == start + relativedelta(months=13)
        assert due_date(start, Months(2, less_than=True), calendar) == start + relativedelta(months=2) - ONE_DAY


def test_a_due_day_after_the_calendar_is_a_contradiction_and_the_last_one_in_it_is_not() -> None:
    rows = [{"case_id": "A", "received_at": "2050-11-30"}, {"case_id": "B", "received_at": "2050-12-01"}]
    found = assess(changed(limit="1 month"), cases=rows, as_of="2050-12-20", targets=TARGET)
    assert found["status"].tolist() == ["pending", "invalid"]
    assert found["reason"].tolist() == ["", "due day is after the calendar's last day"]


def test_a_due_day_is_provisional_only_where_it_may_roll() -> None:
    case = {"case_id": "A", "received_at": "2028-12-08"}
    found = [
        deadlines(changed(limit="1 month", clock=clock), case, as_of="2028-12-20", targets=TARGET)[0]
        for clock in ({}, ROLLED)
    ]
    assert [(str(item.due), item.provisional) for item in found] == [("2029-01-08", False), ("2029-01-08", True)]


@pytest.mark.parametrize(
    ("received", "first", "end", "clock", "due"),
    [
        ("2024-01-31", "2024-02-05", "2024-02-08", {}, "2024-03-03"),  # 29 February, and 3 days
        ("2024-01-31", "2024-02-05", "2024-02-08", ROLLED, "2024-03-04"),  # rolled after it moved
        ("2024-03-28", "2024-04-28", "2024-04-30", {}, "2024-04-30"),  # on the last day: it is met, and moves
        ("2024-03-28", "2024-04-29", "2024-05-30", {}, "2024-04-28"),  # after the due day: no breach is cured
        ("2024-03-28", "2024-04-10", None, {}, None),  # nor is there one while it stands; 28 April and 54 days
    ],
)
def test_months_move_by_the_days_paused(
    received: str, first: str, end: str | None, clock: Mapping[str, str], due: str | None
) -> None:
    scheme = changed(limit="1 month", clock={**clock, "pauses": "allowed"})
    times = {"paused": first, "resumed": end}
    events = [{"case_id": "A", "event": event, "at": at} for event, at in times.items() if at]
    for last in (None, "2024-06-03"):
        case = {"case_id": "A", "received_at": received, "decided_at": last}
        (found,) = deadlines(scheme, case, events=events, as_of="2024-06-03", targets=TARGET)
        stands = last is None and due is None
        assert (None if stands else str(found.due)) == (due if end else None if stands else "2024-06-21")
        assert found.due is None or not stands
        assert found.status == ("pending" if stands else "met" if due is None else "late" if last else "overdue")


def explained(limit: str, received: str, as_of: str, clock: Mapping[str, str] = ROLLED) -> list[str]:
    scheme = changed(limit=limit, clock=clock)
    (found,) = deadlines(scheme, {"case_id": "A", "received_at": received}, as_of=as_of, targets=TARGET)
    assert list(Deadlines.from_json(Deadlines([found]).to_json())) == [found]
    return found.explain().splitlines()[1:3]


@pytest.mark.parametrize(
    ("limit", "received", "as_of", "clock", "said"),
    [
        pytest.param(
            "1 month", "2024-01-31", "2024-02-20", {},
            ["1 month from then (February has no 31st) ends Thu 29 Feb 2024: the last day in time.",
             "Not yet decided or allocated by Tue 20 Feb 2024: 9 days left."],
            id="a-month-without-the-day",
        ),
        pytest.param(
            "1 month", "2024-02-29", "2024-04-05", ROLLED,
            ["1 month from then, or the next working day (weekend, Good Friday and Easter Monday skipped), ended "
             "Tue 2 Apr 2024: the last day in time.",
             "Not yet decided or allocated by Fri 5 Apr 2024: 3 days overdue."],
            id="rolled",
        ),
        pytest.param(
            "< 6 months", "2024-03-01", "2024-03-01", ROLLED,
            ["Less than 6 months from then, or the next working day (weekend skipped),: the last day in time is "
             "Mon 2 Sep 2024.",
             "Not yet decided or allocated by Fri 1 Mar 2024: 185 days left."],
            id="less-than",
        ),
        pytest.param(
            "3 months", "2024-03-01", "2024-03-04", {"day_of_receipt": "day 1"},
            ["3 months from then (the day of receipt is day 1) end Fri 31 May 2024: the last day in time.",
             "Not yet decided or allocated by Mon 4 Mar 2024: 88 days left."],
            id="from-the-first-day",
        ),
    ],
)  # fmt: skip
def test_deadlines_in_months_are_explained_and_what_is_left_is_in_days(
    limit: str, received: str, as_of: str, clock: Mapping[str, str], said: list[str]
) -> None:
    assert explained(limit, received, as_of, clock) == said


def test_elapsed_time_is_in_months_and_what_is_left_in_days() -> None:
    case = {"case_id": "A", "received_at": "2024-01-31", "decided_at": "2024-03-04"}
    (found,) = deadlines(changed(limit="1 month"), case, as_of="2024-05-01", targets=TARGET)
    assert (found.status, found.elapsed, found.unit, found.left, found.left_unit) == ("late", 2, "months", -4, "days")
    assert "4 days over" in repr(found)


def test_a_worklist_lists_what_is_due_within_a_month() -> None:
    rows = [{"case_id": name, "received_at": day} for name, day in (("A", "2024-01-31"), ("B", "2024-02-01"))]
    for within, names in (("1 month", ["A", "B"]), ("< 1 month", ["A"]), ("< 30 days", []), (None, ["A", "B"])):
        found = worklist(changed(limit="2 months"), cases=rows, as_of="2024-03-01", within=within, targets=TARGET)
        assert found["id"].tolist() == names
    found = worklist(changed(limit="1 month"), cases=rows, as_of="2024-02-28", targets=TARGET)
    assert found[["left", "left_unit", "elapsed", "unit"]].to_numpy().tolist() == [
        [1, "days", 1, "months"], [2, "days", 1, "months"],
    ]  # fmt: skip


IN_MONTHS = """
id = "own"
title = "Own"
source = "A notice"
division = "england-and-wales"
[[target]]
id = "old"
says = "None older than two months"
measure = "stock"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "2 months"
cohort = "dated"
[[target]]
id = "in-touch"
says = "Contact every month"
measure = "keep in touch"
counted = "intervals"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "1 month"
cohort = "due"
"""


def test_ages_of_open_cases_and_intervals_between_contacts_can_be_in_months(tmp_path: Any) -> None:
    path = tmp_path / "own.toml"
    path.write_text(IN_MONTHS, "utf-8")
    scheme = load_scheme(path)
    cases = [
        {"case_id": "A", "received_at": "2023-12-31", "decided_at": "2024-03-02"},  # older from 1 March, for one day
        {"case_id": "B", "received_at": "2024-01-01", "decided_at": "2024-03-02"},  # due on 1 March: it never is
        {"case_id": "C", "received_at": "2023-12-30", "decided_at": None},  # older from 1 March, too
    ]
    found = [measure(scheme, cases=cases, as_of=day, targets="old").rows[0] for day in ("2024-02-29", "2024-03-01")]
    assert [row.value for row in found] == [0, 2]
    (row,) = measure(scheme, cases=cases, as_of="2024-03-02", targets="old")
    assert (row.value, row.details["end"]) == (2, 1)
    told = {"event": "contact", "at": "2024-01-31", "direction": "out"}
    events = [{"case_id": "C", "party": party, **told} for party in ("complainant", "organisation")]
    rows = assess(scheme, cases=cases[2:], events=events, as_of="2024-03-01", targets="in-touch")
    # From 30 December one month ends on 30 January, the day before the contact; from 31 January, on 29 February.
    assert [str(day.date()) for day in rows["due"]] == ["2024-01-30", "2024-02-29"] * 2
    assert rows["status"].tolist() == ["late", "overdue"] * 2
    assert rows["elapsed"].tolist() == [2, 2] * 2
    assert set(rows["unit"]) == {"months"}


@given(starts=st.lists(st.dates(date(2023, 1, 1), date(2024, 6, 1)), min_size=1, max_size=20), ran=st.integers(0, 120))
def test_counted_together_or_one_by_one_the_cells_are_the_same(starts: list[date], ran: int) -> None:
    scheme = changed(limit="2 months").with_target("other", **{**KEYS, "limit": "< 3 months"})
    rows = [
        {"case_id": f"C{place}", "received_at": day, "decided_at": day + timedelta(days=ran + place)}
        for place, day in enumerate(starts)
    ]
    frame = assess(scheme, cases=rows, as_of="2024-12-31", targets=[TARGET, "other"])
    cells = tally(scheme, cases=rows, as_of="2024-12-31", targets=[TARGET, "other"]).to_arrow().to_pandas()
    for target in (TARGET, "other"):
        mine = cells[cells["target"] == target]
        counted = frame[frame["target"] == target].groupby(["status", "elapsed"], observed=True).size().to_dict()
        assert {(row.status, row.elapsed): row.records for row in mine.itertuples()} == counted


KEYS = {"says": "Decided", "of": "cases", "start": "received_at", "stop": "decided_at", "cohort": "received"}
