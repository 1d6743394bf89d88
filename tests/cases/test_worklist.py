"""The worklist: what is due or overdue, in order, and what missing it would really do to the target."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import holidays
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources import source

DATA = Path(__file__).parents[2] / "examples" / "data"
LGSCO = kpi.load_scheme("lgsco")
DECIDED, WRITTEN, ORDERS = "decided-or-allocated-20wd", "written-contacts-3wd", "orders-complied"
INVESTIGATED, COMPLAINTS, REVIEWS = "investigation-13w", "service-complaints-20wd", "post-decision-reviews-20wd"
INTERVALS, WHOLE, DELAYS = "keep-in-touch-intervals-20wd", "keep-in-touch-20wd", "delays-explained"
COLUMNS = [
    "target", "record", "id", "row", "party", "start", "due", "left", "left_unit", "unit", "status", "elapsed",
    "reason", "period", "headroom", "headroom_if_missed", "effect",
]  # fmt: skip
LOST, BEHIND, COUNTED, CERTAIN, LOSES, ROOM, FIRST_END, NO_STANDARD = (
    "lost already", "behind so far", "counted as missed", "late when it ends", "loses the target", "leaves room",
    "nothing ended yet", "no standard",
)  # fmt: skip
ENDS = "2024-03-31"  # the day on which the example data were taken: Easter Sunday
ONE_DAY = timedelta(days=1)
Row = dict[str, Any]

CONTACT: Row = {
    "case_id": "A", "event": "contact", "at": "2024-01-02", "party": "complainant", "direction": "out", "reason": None,
}  # fmt: skip
NOTHING: list[Row] = []  # a log in which nothing happened


def case(name: str = "A", received: Any = "2024-03-28", **more: Any) -> Row:
    """Make a case; received on the Thursday before Easter it is due by Monday 29 April."""
    return {"case_id": name, "received_at": received, "allocated_at": None, "decided_at": None, **more}


def decided(number: int, *, in_time: bool, received: str = "2024-03-28") -> list[Row]:
    """Make cases that were decided in time, or (received a month earlier) weren't."""
    if in_time:
        return [case(f"met{place}", received, decided_at=received) for place in range(number)]
    return [case(f"late{place}", "2024-02-28", decided_at="2024-04-12") for place in range(number)]


def listed(cases: Any, as_of: Any = "2024-04-26", scheme: kpi.Scheme = LGSCO, **options: Any) -> pd.DataFrame:
    return kpi.worklist(scheme, cases=cases, as_of=as_of, **options)


WEIGHED = {"cases": {"count": "count"}}  # beside ids, the column weighs only where it is named


def one(frame: pd.DataFrame) -> Row:
    (row,) = frame.to_dict("records")
    return {str(name): value for name, value in row.items()}


def no_figure(row: Row) -> bool:
    return all(row[name] is None or row[name] is pd.NA for name in ("headroom", "headroom_if_missed"))


# Every open obligation, once, as each record alone has it


def read(name: str) -> list[dict[str, str | None]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return [{field: text or None for field, text in row.items()} for row in csv.DictReader(lines)]


def files() -> dict[str, Any]:
    return {name: DATA / f"{name}.csv" for name in ("cases", "events", "requests", "written_contacts")}


@pytest.fixture(scope="module")
def everything() -> pd.DataFrame:
    return kpi.worklist(LGSCO, **files(), as_of=ENDS, within=None)


def facts(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Give what a row of the worklist, or a deadline, says of one obligation."""
    return (
        row["target"], row["record"], row["id"], None if pd.isna(row["party"]) else row["party"], row["status"],
        row["reason"], pd.Timestamp(row["due"]), row["left"], row["unit"], row["elapsed"],
    )  # fmt: skip


def alone(record: Any, events: Sequence[Row] = ()) -> Iterator[tuple[Any, ...]]:
    """Give what one record owes, asked about by itself."""
    for item in kpi.deadlines(LGSCO, record, events=events, as_of=ENDS):
        if item.status in {"pending", "overdue"} and item.target != WHOLE:
            yield facts(item.model_dump())


def test_each_open_case_owes_what_it_owes_alone(everything: pd.DataFrame) -> None:
    still_open = [row for row in read("cases") if not (row["decided_at"] or row["closed_at"] or row["withdrawn_at"])]
    sample = still_open[::6] + [row for row in still_open if row["allocated_at"]][::5]
    log: dict[str | None, list[Row]] = {row["case_id"]: [] for row in sample}
    for event in read("events"):
        if event["case_id"] in log:
            log[event["case_id"]].append(event)
    expected = {item for row in sample for item in alone(kpi.Case.model_validate(row), log[row["case_id"]])}
    weeks = {f"investigation-{number}w" for number in (13, 26, 52)}
    assert {item[0] for item in expected} == {DECIDED, *weeks, INTERVALS}
    assert {item[4] for item in expected} == {"pending", "overdue"}
    found = everything[everything["id"].isin(list(log))]
    assert len(found) == len(expected) > 150
    assert {facts(row) for row in found.to_dict("records")} == expected


def test_each_open_request_and_written_contact_owes_what_it_owes_alone(everything: pd.DataFrame) -> None:
    records = [
        *(kpi.Request.model_validate(row) for row in read("requests") if not row["answered_at"]),
        *(kpi.WrittenContact.model_validate(row) for row in read("written_contacts") if not row["handled_at"]),
    ]
    expected = [item for record in records for item in alone(record)]
    found = everything[everything["record"] != "cases"]
    assert {item[1] for item in expected} == {"requests", "written_contacts"}
    assert sorted(map(facts, found.to_dict("records")), key=str) == sorted(expected, key=str)


def test_the_list_is_what_assess_calls_open(everything: pd.DataFrame) -> None:
    shared = ["target", "record", "id", "row", "party", "start", "due", "elapsed", "unit", "status", "reason"]
    assessed = kpi.assess(LGSCO, **files(), as_of=ENDS)
    assessed = assessed[assessed["status"].isin(["pending", "overdue"]) & (assessed["target"] != WHOLE)]
    mine, theirs = (
        frame[shared]
        .astype(object)
        .where(frame[shared].notna(), "")
        .sort_values(["target", "row", "party"], ignore_index=True)
        for frame in (everything, assessed)
    )
    assert len(mine) > 800
    assert_frame_equal(mine, theirs, check_dtype=False)


def test_what_is_left_is_what_numpy_counts(everything: pd.DataFrame) -> None:
    off = np.array(
        sorted(holidays.country_holidays("GB", subdiv="ENG", years=range(2022, 2026))), dtype="datetime64[D]"
    )
    as_of = np.datetime64(ENDS, "D")
    for unit, rows in everything.groupby("unit"):
        due = rows["due"].to_numpy().astype("datetime64[D]")
        ahead, behind = (due - as_of).astype(int), (as_of - due).astype(int)
        if unit == "working days":
            ahead = np.busday_count(as_of + 1, due + 1, holidays=off)
            behind = np.busday_count(due + 1, as_of + 1, holidays=off) + 1  # a Sunday counts as the working day after
        assert rows["left"].tolist() == np.where(due >= as_of, ahead, -behind).tolist()
        assert {-1, 1} <= {*np.sign(rows["left"].to_numpy(float)).tolist()}


def test_row_and_id_say_which_line_of_which_file(everything: pd.DataFrame) -> None:
    ids = {"cases": "case_id", "requests": "request_id", "written_contacts": "contact_id"}
    for kind, rows in everything.groupby("record"):
        names = [row[ids[str(kind)]] for row in read(str(kind))]
        assert [names[row] for row in rows["row"]] == rows["id"].tolist()


def test_what_contradicts_itself_has_ended_or_comes_later_owes_nothing() -> None:
    cases = [
        case("withdrawn", withdrawn_at="2024-04-02"), case("twin"), case("twin", team="North"), case("fine"),
        case("later", "2024-04-29"), case("backwards", decided_at="2024-03-01"), case("done", decided_at="2024-04-02"),
    ]  # fmt: skip
    found = listed(cases, within=None)
    assert (found["id"].tolist(), found["row"].tolist()) == (["fine"], [3])


def test_a_case_as_a_whole_is_listed_where_its_intervals_are_not_asked_for() -> None:
    cases = [case(received="2024-03-01", allocated_at="2024-03-28")]
    told = [{**CONTACT, "at": "2024-04-05", "party": "organisation"}]
    both = listed(cases, events=told, targets=[WHOLE, INTERVALS], within=None)
    assert [*zip(both["target"], both["party"], both["due"].astype(str), strict=True)] == [
        (INTERVALS, "complainant", "2024-04-29"), (INTERVALS, "organisation", "2024-05-03"),
    ]  # fmt: skip
    whole = one(listed(cases, events=told, targets=WHOLE, within=None))
    assert (whole["target"], str(whole["due"].date()), whole["left"]) == (WHOLE, "2024-04-29", 1)


def test_contact_is_listed_only_where_events_say_when_there_was_some() -> None:
    cases = [case(received="2024-03-01", allocated_at="2024-03-28")]
    assert INTERVALS in set(listed(cases, events=NOTHING)["target"])
    assert set(listed(cases, within=None)["target"]) == {INVESTIGATED, "investigation-26w", "investigation-52w"}


def test_cases_are_made_of_the_events_where_only_these_are_there() -> None:
    log = [{"case_id": "A", "event": "received", "at": "2024-03-28"}]
    found = kpi.worklist(LGSCO, events=log, as_of="2024-04-26", targets=DECIDED)
    assert (one(found)["id"], str(one(found)["due"].date()), one(found)["left"]) == ("A", "2024-04-29", 1)


# The window


def due_on(*days: Any) -> dict[str, Any]:
    return {"orders": [{"case_id": f"O{place}", "due_at": day, "complied_at": None} for place, day in enumerate(days)]}


@pytest.fixture(scope="module")
def own_day() -> kpi.Scheme:
    """Give a scheme by which an order is due on its own day."""
    return LGSCO.with_target(
        ORDERS, says="orders are complied with by their day", of="orders", stop="complied_at",
        limit={"field": "due_at"}, cohort="due",
    )  # fmt: skip


WINDOWS: list[tuple[str, Any, str]] = [
    # From Saturday 30 March 2024: 1 April is Easter Monday, so day 1 is Tuesday 2 April and day 10 Monday 15 April.
    ("2024-03-30", "10 working days", "2024-04-15"),
    ("2024-03-28", "10 working days", "2024-04-15"),  # the Thursday before Easter
    ("2024-03-27", "10 working days", "2024-04-12"),
    ("2024-03-30", "1 working day", "2024-04-02"),
    ("2024-03-28", "within 1 working day", "2024-04-02"),
    ("2024-03-28", "< 10 working days", "2024-04-12"),
    ("2024-03-28", "0 working days", "2024-03-28"),
    ("2024-03-30", "2 weeks", "2024-04-13"),  # weeks may end on any day
    ("2024-03-30", "10 days", "2024-04-09"),
    ("2024-03-28", "48 hours", "2024-03-30"),
    ("2024-03-28", "172800 seconds", "2024-03-30"),
    ("2024-03-28T12:00:00", "48 hours", "2024-03-30"),
    ("2024-03-28T12:00:00", "10 working days", "2024-04-15"),
    ("2024-03-30", kpi.WorkingDays(10), "2024-04-15"),
    ("2024-03-30", kpi.Weeks(2), "2024-04-13"),
    ("2024-03-28", kpi.Hours(48), "2024-03-30"),
    ("2024-03-28", kpi.CalendarDays(2, less_than=True), "2024-03-29"),
]


@pytest.mark.parametrize(("as_of", "within", "last"), WINDOWS, ids=str)
def test_what_is_due_on_the_last_day_is_in_and_on_the_next_day_out(
    own_day: kpi.Scheme, as_of: str, within: Any, last: str
) -> None:
    days = [date.fromisoformat(last) + timedelta(shift) for shift in (1, 0, -1)]
    found = kpi.worklist(own_day, **due_on(*days, date(2024, 2, 1)), as_of=as_of, within=within)
    assert found["row"].tolist() == [3, 2, 1]
    assert found["due"].max() == pd.Timestamp(last)


def test_ten_working_days_are_meant_where_nothing_is_said(own_day: kpi.Scheme) -> None:
    found = kpi.worklist(own_day, **due_on("2024-04-15", "2024-04-16"), as_of="2024-03-30")
    assert found["row"].tolist() == [0]


@pytest.mark.parametrize(("received", "left"), [("2024-03-14", [10]), ("2024-03-15", [])])
def test_a_case_due_on_the_last_day_of_a_window_over_easter(received: str, left: list[int]) -> None:
    # 20 working days from 14 March are 15 April, from 15 March the 16th: Good Friday and Easter Monday lie between.
    assert listed([case(received=received)], "2024-03-30", targets=DECIDED)["left"].tolist() == left


@settings(max_examples=settings().max_examples * 2 // 5)
@given(st.integers(0, 300), st.integers(0, 15))
def test_a_window_in_working_days_ends_where_one_gets_to_day_by_day(
    own_day: kpi.Scheme, shift: int, number: int
) -> None:
    off = {date.fromisoformat(f"2024-{day}") for day in ("03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26")}
    as_of = last = date(2024, 2, 1) + timedelta(shift)
    count = 0
    while count < number:
        last += ONE_DAY
        count += last.weekday() < 5 and last not in off
    days = [as_of + timedelta(later) for later in range(40)]
    found = kpi.worklist(own_day, **due_on(*days), as_of=as_of, within=f"{number} working days")
    assert found["due"].dt.date.tolist() == [day for day in days if day <= last]


@pytest.mark.parametrize(("due", "inside"), [("2024-03-30T12:00:00", True), ("2024-03-30T12:00:00.000001", False)])
def test_hours_end_at_an_instant(own_day: kpi.Scheme, due: str, inside: bool) -> None:
    found = kpi.worklist(own_day, **due_on(due), as_of="2024-03-28T12:00:00", within="48 hours")
    assert len(found) == inside


def contact(received: str, name: str = "W") -> Row:
    return {"contact_id": name, "received_at": received, "handled_at": None}


@pytest.mark.parametrize(("received", "inside"), [("2024-03-30T11:00:00", True), ("2024-03-30T11:00:01", False)])
def test_hours_take_no_notice_of_a_clock_that_goes_forward(received: str, inside: bool) -> None:
    # 23 hours from noon on Saturday are noon on Sunday, and so are 24 hours from 11 o'clock.
    day_long = LGSCO.with_target(WRITTEN, limit="24 hours")
    found = kpi.worklist(day_long, written_contacts=[contact(received)], as_of="2024-03-30T12:00:00", within="23 hours")
    assert len(found) == inside
    if inside:
        assert (one(found)["due"], one(found)["left"]) == (pd.Timestamp("2024-03-31T12:00:00"), 23)


@pytest.mark.parametrize(
    ("received", "as_of", "inside"),
    [
        pytest.param("2024-10-26T01:30:00Z", "2024-10-26T23:45:00Z", False, id="due 45 minutes after the window"),
        pytest.param("2024-10-26T00:45:00Z", "2024-10-27T00:15:00Z", True, id="due half an hour before its end"),
    ],
)
def test_hours_take_no_notice_of_a_clock_that_goes_back(received: str, as_of: str, inside: bool) -> None:
    day_long = LGSCO.with_target(WRITTEN, limit="24 hours")
    found = kpi.worklist(day_long, written_contacts=[contact(received)], as_of=as_of, within="1 hour")
    assert len(found) == inside


STILL = LGSCO.with_target(DECIDED, clock={"pauses": "allowed"})
PAUSED = [
    {"case_id": "still", "event": "paused", "at": "2024-04-10"},
    {"case_id": "went on", "event": "paused", "at": "2024-04-10"},
    {"case_id": "went on", "event": "resumed", "at": "2024-04-15"},
]


def test_without_a_window_all_is_listed_and_at_its_end_what_has_no_due_day() -> None:
    # Paused from Wednesday to Monday, three working days: due on 2 May in place of 29 April.
    cases = [case("still"), case("went on"), case("far", "2024-04-26")]
    found = listed(cases, scheme=STILL, events=PAUSED, within=None, targets=DECIDED)
    assert found["id"].tolist() == ["went on", "far", "still"]
    assert found["due"].tolist() == [pd.Timestamp("2024-05-02"), pd.Timestamp("2024-05-28"), pd.NaT]
    assert found["left"].tolist() == [4, 20, 14]  # 2 to 5, 8 and 9 April had gone when it came to stand on the 10th
    assert found["status"].tolist() == ["pending"] * 3
    assert listed(cases, scheme=STILL, events=PAUSED, targets=DECIDED)["id"].tolist() == ["went on"]


def test_an_explanation_is_due_by_the_day_until_which_it_may_be_given() -> None:
    # Missed on Monday 29 April; three working days later is Thursday 2 May.
    scheme = LGSCO.with_target(DELAYS, up_to="3 working days", standard="at least 50%")
    found = [
        listed([case()], "2024-04-30", scheme, events=NOTHING, targets=DELAYS, within=within, every="month")
        for within in ("1 working day", "2 working days")
    ]
    assert [len(rows) for rows in found] == [0, 1]
    row = one(found[1])
    assert (row["due"], row["left"], row["unit"]) == (pd.Timestamp("2024-05-02"), 2, "working days")
    assert (row["status"], row["reason"], row["period"]) == ("pending", DECIDED, "Apr 2024")


# The order


def test_what_is_due_first_comes_first_and_of_one_day_what_loses_the_target() -> None:
    scheme = LGSCO.with_target(REVIEWS, standard="at least 90%")
    requests = [
        {"request_id": name, "kind": kind, "received_at": day, "answered_at": None}
        for name, kind, day in (
            ("R1", "service-complaint", "2024-03-28"), ("R2", "post-decision-review", "2024-03-28"),
            ("R3", "service-complaint", "2024-03-27"), ("R4", "post-decision-review", "2024-04-02"),
        )
    ]  # fmt: skip
    cases = [case("B"), case("A"), *decided(3, in_time=True)]
    contacts = [contact("2024-04-24T10:00:00")]  # due on Monday 29 April as well: after the 25th and 26th
    found = listed(cases, requests=requests, written_contacts=contacts, scheme=scheme)
    assert [*zip(found["due"].dt.strftime("%d %b"), found["id"], found["effect"], strict=True)] == [
        ("26 Apr", "R3", NO_STANDARD),
        ("29 Apr", "W", LOSES),
        ("29 Apr", "R2", LOSES),  # before A and B, whose target stands before in the scheme
        ("29 Apr", "A", ROOM),
        ("29 Apr", "B", ROOM),
        ("29 Apr", "R1", NO_STANDARD),
        ("30 Apr", "R4", LOSES),
    ]


def test_the_order_that_records_are_given_in_makes_none() -> None:
    names = ["C", "A", "D", "B"]
    assert listed([case(name) for name in names])["id"].tolist() == ["A", "B", "C", "D"]


def test_of_one_day_what_loses_the_target_comes_first_also_where_it_is_due_at_a_time() -> None:
    scheme = LGSCO.with_target(WRITTEN, limit="24 hours")
    cases = [case("A"), *decided(3, in_time=True)]
    found = listed(cases, written_contacts=[contact("2024-04-28T09:00:00")], scheme=scheme, as_of="2024-04-28T10:00:00")
    assert found["effect"].tolist() == [LOSES, ROOM]


def test_of_what_is_due_at_times_of_one_day_the_earlier_comes_first() -> None:
    scheme = LGSCO.with_target(WRITTEN, limit="24 hours", standard=None)
    contacts = [contact("2024-04-28T11:00:00", "A"), contact("2024-04-28T09:00:00", "B")]
    found = kpi.worklist(scheme, written_contacts=contacts, as_of="2024-04-28T12:00:00")
    assert [*zip(found["id"], found["left"], strict=True)] == [("B", 21), ("A", 23)]


# What missing it would do, by hand: at least 90%, of ten cases or eleven, of which one is open


@pytest.mark.parametrize(
    ("met", "late", "headroom", "effect"),
    [
        pytest.param(9, 0, 1, ROOM, id="9 of 10"),
        pytest.param(8, 0, 0, LOSES, id="8 of 9"),
        pytest.param(8, 1, 0, LOSES, id="8 of 10"),
        pytest.param(17, 1, 0, LOSES, id="17 of 19 would be 89.5%"),
        pytest.param(18, 1, 1, ROOM, id="18 of 20"),
        pytest.param(7, 1, -1, LOST, id="8 of 9 at best"),
        pytest.param(0, 0, 0, LOSES, id="the only one"),
    ],
)
def test_how_many_may_still_miss(met: int, late: int, headroom: int, effect: str) -> None:
    scheme = LGSCO.with_target(DECIDED, standard="at least 90%")
    row = one(listed([case(), *decided(met, in_time=True), *decided(late, in_time=False)], scheme=scheme))
    assert (row["headroom"], row["headroom_if_missed"], row["effect"]) == (headroom, headroom - 1, effect)


@pytest.mark.parametrize(("met", "headroom", "effect"), [(9, 0, COUNTED), (18, 0, COUNTED), (8, -1, LOST)])
def test_what_is_overdue_was_counted_when_it_became_so(met: int, headroom: int, effect: str) -> None:
    scheme = LGSCO.with_target(DECIDED, standard="at least 90%")
    overdue = [case(), case("B")][: 1 + (met == 18)]
    rows = listed([*overdue, *decided(met, in_time=True)], "2024-04-30", scheme)
    assert set(zip(rows["status"], rows["headroom"], rows["headroom_if_missed"], rows["effect"], strict=True)) == {
        ("overdue", headroom, headroom, effect)
    }


@pytest.mark.parametrize(
    ("met", "late", "expected"),
    [
        pytest.param(3, 0, (0, 0, ROOM), id="3 of 3, then 3 of 4 which is 75%"),
        pytest.param(2, 0, (0, -1, LOSES), id="2 of 2, then 2 of 3"),
        pytest.param(3, 1, (0, -1, LOSES), id="3 of 4, then 3 of 5"),
        pytest.param(2, 1, (-1, -1, BEHIND), id="2 of 3"),
        pytest.param(7, 1, (1, 0, ROOM), id="7 of 8, then 7 of 9 which is 78%"),
    ],
)
@pytest.mark.parametrize("as_of", ["2024-06-24", "2024-07-01"], ids=["pending", "overdue"])
def test_what_counts_when_it_ends_is_set_beside_what_has_ended(
    met: int, late: int, expected: tuple[int, int, str], as_of: str
) -> None:
    received = "2024-03-28"  # 13 weeks are over on Thursday 27 June
    cases = [case(allocated_at=received), case("B", allocated_at=received)]
    cases += [case(f"met{n}", received, allocated_at=received, decided_at="2024-06-03") for n in range(met)]
    cases += [case(f"late{n}", "2024-02-01", allocated_at=received, decided_at="2024-06-03") for n in range(late)]
    rows = listed(cases, as_of, targets=INVESTIGATED)
    assert rows["id"].tolist() == ["A", "B"]
    found = set(zip(rows["headroom"], rows["headroom_if_missed"], rows["effect"], strict=True))
    now, then, effect = expected
    assert found == {(now, then, CERTAIN if as_of == "2024-07-01" else effect)}


@pytest.mark.parametrize("as_of", ["2024-06-24", "2024-07-01"], ids=["pending", "overdue"])
def test_where_nothing_has_ended_there_is_no_figure_yet_to_lose(as_of: str) -> None:
    row = one(listed([case(allocated_at="2024-03-28"), case("B")], as_of, targets=INVESTIGATED))
    assert (no_figure(row), row["effect"]) == (True, CERTAIN if as_of == "2024-07-01" else FIRST_END)


@pytest.mark.parametrize("standard", [None, "about 90%"])
def test_without_a_standard_there_is_nothing_to_lose(standard: str | None) -> None:
    row = one(listed([case()], scheme=LGSCO.with_target(DECIDED, standard=standard)))
    assert (no_figure(row), row["effect"]) == (True, NO_STANDARD)


def test_a_row_that_stands_for_several_misses_them_all() -> None:
    scheme = LGSCO.with_target(DECIDED, standard="at least 90%")
    cases = [case(count=5), case("B", decided_at="2024-04-02", count=36)]
    row = one(listed(cases, scheme=scheme, columns=WEIGHED))
    assert (row["headroom"], row["headroom_if_missed"], row["effect"]) == (4, -1, LOSES)  # 36 of 41 are 88%


def test_where_no_more_than_a_share_may_be_met_a_miss_loses_nothing() -> None:
    scheme = LGSCO.with_target(DECIDED, standard="at most 40%")
    cases = [case(), *decided(2, in_time=True), *decided(2, in_time=False)]
    assert one(listed(cases, scheme=scheme))["effect"] == ROOM  # 2 of 5 are 40%


# What missing it would do, by really missing it

FIRST = date(2024, 3, 14)
LATER = FIRST + timedelta(200)
KEEPS: dict[str | None, Callable[[Fraction], bool] | None] = {
    None: None,
    "about 60%": None,
    "at least 0%": lambda share: share >= 0,
    "at least 50%": lambda share: share >= Fraction(1, 2),
    "at least 66.7%": lambda share: share >= Fraction(667, 1000),
    "more than 50%": lambda share: share > Fraction(1, 2),
    "100%": lambda share: share >= 1,
}
ONE_PARTY = {"limit": "5 working days", "parties": ["complainant"]}
CHANGES: dict[str, dict[str, Any]] = {
    DECIDED: {},
    INTERVALS: ONE_PARTY,
    WHOLE: ONE_PARTY,
    DELAYS: {"late_on": [DECIDED], "up_to": "3 working days"},
}
WAYS = [
    *((DECIDED, cohort) for cohort in ("received", "due", "closed")),
    *((INTERVALS, cohort) for cohort in ("received", "due", "closed")),
    *((WHOLE, cohort) for cohort in ("received", "closed")),
    (DELAYS, "due"),
]


@dataclass
class Office:
    """Some cases and their events, as they were known on a day; and how an obligation of theirs is met, or missed."""

    target: str
    cohort: str
    scheme: kpi.Scheme
    as_of: date
    cases: list[Row]
    events: list[Row]
    kept: dict[int, Row] = field(default_factory=dict)  # by row: what was known, with what happens next

    def __post_init__(self) -> None:
        for place, row in enumerate(self.cases):
            if row["received_at"] <= self.as_of:
                known = {name: None if isinstance(it, date) and it > self.as_of else it for name, it in row.items()}
                self.kept[place] = known
        self.told = [event for event in self.events if event["at"] <= self.as_of]

    def rows(self, target: str, status: str) -> list[tuple[int, date]]:
        """Give the rows of cases that stand so for a target, with the day on which each is due."""
        found = kpi.assess(
            self.scheme, cases=self.cases, events=self.events, as_of=self.as_of, targets=target, columns=WEIGHED
        )
        found = found[found["status"] == status]
        return [*zip(found["row"], found["due"].dt.date, strict=True)]

    def meet(self, row: int, due: date) -> None:
        if self.target == DELAYS:
            told = {"case_id": self.kept[row]["case_id"], "event": "delay_explained", "at": self.as_of, "reason": "ill"}
            self.told += [{**told, "party": party, "direction": "out"} for party in ("complainant", "organisation")]
        else:
            self.kept[row]["decided_at"] = due

    def miss(self, row: int, due: date) -> None:
        if self.target != DELAYS:  # not to explain is to do nothing
            self.kept[row]["decided_at"] = due + ONE_DAY

    def after(self, missed: Row | None) -> tuple[list[Row], list[Row]]:
        """Give the records of the same office later on, when one obligation was missed, and all others were met.

        What is counted when it ends stands beside what has ended: then the others go on.
        """
        again = Office(self.target, self.cohort, self.scheme, self.as_of, self.cases, self.events)
        which = None if missed is None else (missed["row"], missed["due"].date())
        if self.cohort == "closed":
            if which is not None:
                again.miss(which[0], max(which[1], self.as_of))
            return [*again.kept.values()], again.told
        for row, due in self.rows(self.target, "pending"):
            (again.miss if (row, due) == which else again.meet)(row, due)
        if self.target == DELAYS:  # what isn't late now doesn't become so
            for row, due in self.rows(DECIDED, "pending"):
                again.kept[row]["decided_at"] = due
        return [*again.kept.values()], again.told

    def figures(self, missed: Sequence[Row | None], every: Any) -> dict[tuple[int, str], Any]:
        """Measure what each of some futures leads to, by its number and period."""
        cases: list[Row] = []
        events: list[Row] = []
        for world, item in enumerate(missed):
            rows, told = self.after(item)
            cases += [{**row, "case_id": f"{world}:{row['case_id']}", "world": str(world)} for row in rows]
            events += [{**event, "case_id": f"{world}:{event['case_id']}"} for event in told]
        results = kpi.measure(
            self.scheme, cases=cases, events=events, as_of=LATER, targets=self.target, by="world", every=every,
            columns=WEIGHED,
        )  # fmt: skip
        return {(int(row.group[0]), row.period): row for row in results}


def label(day: date, every: str | None) -> str:
    if every == "week":
        monday = day - timedelta(day.weekday())
        return f"w/c {monday.day} {monday:%b %Y}"
    return f"{day:%b %Y}" if every == "month" else "all"


def spare(keeps: Callable[[Fraction], bool], met: int, counted: int) -> int:
    """Give how many of those met could be missed, below 0: how many more would have to be met."""
    return max(number for number in range(met - counted, met + 1) if keeps(Fraction(met - number, counted)))


def effect_of(row: Row, cohort: str, now: Any, then: Any) -> str:
    """Say in a word what changing the data has shown."""
    if cohort == "closed" and row["status"] == "overdue":
        return CERTAIN
    if cohort == "closed" and now.status == "missed":
        return BEHIND
    if now.status == "missed":
        return LOST
    if cohort != "closed" and row["status"] == "overdue":
        return COUNTED
    return LOSES if then.status == "missed" else ROOM


def check_obligation(row: Row, cohort: str, keeps: Callable[[Fraction], bool] | None, now: Any, then: Any) -> None:
    """Compare what the list says of one obligation with what changing the data has shown."""
    if keeps is None:
        assert (no_figure(row), row["effect"]) == (True, NO_STANDARD)
        return
    if cohort == "closed" and (now is None or not now.denominator):
        assert (no_figure(row), row["effect"]) == (True, CERTAIN if row["status"] == "overdue" else FIRST_END)
        return
    assert then.pending == 0
    assert row["headroom"] == spare(keeps, now.met, now.denominator)
    assert row["headroom_if_missed"] == spare(keeps, then.met, then.denominator)
    assert row["effect"] == effect_of(row, cohort, now, then)


SHIFTS = st.integers(0, 20)
RUNS = st.fixed_dictionaries(
    {
        "received": st.integers(0, 10),
        "allocated": st.one_of(st.none(), st.integers(0, 14)),
        "decided": st.one_of(st.none(), st.none(), st.integers(0, 20)),
        "withdrawn": st.one_of(*[st.none()] * 4, SHIFTS),
        "told": st.lists(SHIFTS, max_size=3),
        "count": st.sampled_from([1, 1, 2, 5]),  # how many records the row stands for
    }
)


@pytest.mark.parametrize(("target", "cohort"), WAYS, ids=lambda text: text)
@settings(max_examples=settings().max_examples * 3 // 20, phases=[Phase.generate, Phase.shrink])
@given(
    st.lists(RUNS, min_size=1, max_size=7), st.integers(4, 18), st.sampled_from([*KEEPS]),
    st.sampled_from([None, "week", "month"]),
)  # fmt: skip
def test_each_effect_is_what_really_missing_it_leads_to(
    target: str, cohort: str, runs: list[Row], as_of_shift: int, standard: str | None, every: Any
) -> None:
    scheme = LGSCO.with_target(DECIDED, limit="5 working days")
    scheme = scheme.with_target(target, cohort=cohort, standard=standard, **CHANGES[target])
    investigated = target in {INTERVALS, WHOLE}
    cases: list[Row] = []
    events: list[Row] = []
    for place, run in enumerate(runs):
        received = FIRST + timedelta(run["received"] if place else 0)  # one at least is there on the day
        times = {
            f"{name}_at": None if run[name] is None else received + timedelta(run[name])
            for name in ("allocated", "decided", "withdrawn")
        }
        if investigated:
            times["allocated_at"] = received
        cases.append(case(f"C{place}", received, **times, count=run["count"]))
        events += [{**CONTACT, "case_id": f"C{place}", "at": received + timedelta(shift)} for shift in run["told"]]
    office = Office(target, cohort, scheme, FIRST + timedelta(as_of_shift), cases, events)
    found = listed(
        cases, office.as_of, scheme, events=events, within=None, targets=target, every=every, columns=WEIGHED
    )
    rows: list[Row] = found.to_dict("records")  # type: ignore[assignment]
    number = len(office.rows(target, "pending")) + len(office.rows(target, "overdue"))
    assert len(rows) == number
    if not rows:
        return
    figures = office.figures([None, *rows], every)
    missed_on = dict(office.rows(DECIDED, "overdue") + office.rows(DECIDED, "late"))
    for place, row in enumerate(rows, 1):
        due = row["due"].date()
        # What counts when it ends can't be late before the day after; an explanation counts on the day that was missed.
        day = {"received": row["start"].date(), "due": due, "closed": max(due, office.as_of) + ONE_DAY}[cohort]
        if target == DELAYS:
            day = missed_on[row["row"]]
        assert row["period"] == label(day, every)
        check_obligation(row, cohort, KEEPS[standard], figures.get((0, row["period"])), figures[place, row["period"]])
    order = [(row["due"], row["effect"] != LOSES) for row in rows]
    assert all(before <= after for before, after in pairwise(order))


# The period that it counts in


PERIODS = {
    # received on 28 March; due on 29 April; overdue on 10 May
    "week": ("w/c 25 Mar 2024", "w/c 29 Apr 2024", "w/c 6 May 2024"),
    "month": ("Mar 2024", "Apr 2024", "May 2024"),
    "two-month": ("Feb-Mar 2024", "Apr-May 2024", "Apr-May 2024"),
    "quarter": ("2023/24 Q4", "2024/25 Q1", "2024/25 Q1"),
    "half-year": ("2023/24 H2", "2024/25 H1", "2024/25 H1"),
    "financial-year": ("2023/24", "2024/25", "2024/25"),
    "year": ("2024", "2024", "2024"),
    None: ("all", "all", "all"),
}


@pytest.mark.parametrize("every", [*PERIODS, ["month"], [None]], ids=str)
def test_each_counts_in_the_period_of_its_cohort(every: Any) -> None:
    received, due, overdue = PERIODS[every[0] if isinstance(every, list) else every]
    for cohort, as_of, period in (
        ("received", "2024-04-10", received), ("received", "2024-05-10", received), ("due", "2024-04-10", due),
        ("due", "2024-05-10", due), ("closed", "2024-04-10", due), ("closed", "2024-05-10", overdue),
    ):  # fmt: skip
        scheme = LGSCO.with_target(DECIDED, cohort=cohort)
        found = listed([case()], as_of, scheme, every=every, within=None)
        assert found["period"].tolist() == [period], (cohort, as_of)


def test_the_figure_is_that_of_its_own_period() -> None:
    scheme = LGSCO.with_target(DECIDED, standard="at least 50%")
    cases = [case("A"), case("B", "2024-04-02"), *decided(3, in_time=True)]  # the three are received in March as well
    found = listed(cases, scheme=scheme, every="month")
    assert [*zip(found["id"], found["period"], found["headroom"], found["effect"], strict=True)] == [
        ("A", "Mar 2024", 2, ROOM), ("B", "Apr 2024", 0, LOSES),
    ]  # fmt: skip


def test_what_stands_still_counts_in_no_period_yet_and_loses_nothing_there() -> None:
    # At least 40%: of three that stand still one may miss, as the figure of those without a period says.
    scheme = STILL.with_target(DECIDED, cohort="due")
    cases, log = [case(name) for name in ("still", "B", "C")], [{**PAUSED[0], "case_id": name} for name in "BC"]
    options: dict[str, Any] = {"cases": cases, "events": [PAUSED[0], *log], "as_of": "2024-04-26", "every": "quarter"}
    (figure,) = kpi.measure(scheme, **options, targets=DECIDED).rows
    assert (figure.period, figure.pending, figure.headroom) == ("(no period)", 3, 1)
    found = kpi.worklist(scheme, **options, targets=DECIDED, within=None)
    assert set(zip(found["period"], found["headroom"], found["effect"], strict=True)) == {("(no period)", 1, ROOM)}


@pytest.mark.parametrize(
    ("received", "as_of", "late_on", "period"),
    [
        ("2024-04-01", "2024-06-28", "2024-07-01", "2024/25 Q2"),  # due on Sunday 30 June, the last day of a quarter
        ("2024-03-31", "2024-06-28", "2024-06-30", "2024/25 Q1"),
        ("2024-03-01", "2024-06-30", "2024-07-01", "2024/25 Q2"),  # overdue at the close of the quarter
        ("2024-03-01", "2024-06-29", "2024-06-30", "2024/25 Q1"),
        ("2024-03-01", "2024-06-30T12:00:00", "2024-06-30", "2024/25 Q1"),  # at noon the day isn't over
    ],
)
def test_what_counts_when_it_ends_counts_where_it_can_first_be_late(
    received: str, as_of: str, late_on: str, period: str
) -> None:
    scheme = LGSCO.with_target(INVESTIGATED, limit="90 days")
    cases = [case(received=received, allocated_at=received)]
    row = one(listed(cases, as_of, scheme, targets=INVESTIGATED, every="quarter"))
    ended = [{**cases[0], "decided_at": late_on}]
    (late,) = kpi.measure(scheme, cases=ended, as_of="2024-07-31", targets=INVESTIGATED, every="quarter").rows
    assert (late.missed, late.period) == (1, period)
    assert row["period"] == period


# Nothing to list


FILLED: dict[str, dict[str, Any]] = {
    "everything": {"cases": [case(allocated_at="2024-03-28", valid_at="2024-03-28"), case("B")], "events": NOTHING},
    "cases": {"cases": [case()]},
    "contact": {"cases": [case(allocated_at="2024-03-28")], "events": NOTHING, "targets": INTERVALS},
}
EMPTY: dict[str, dict[str, Any]] = {
    "nothing due": {"cases": [case()], "within": "1 working day", "as_of": "2024-04-10"},
    "all decided": {"cases": [case(decided_at="2024-04-02")]},
    "no rows": {"cases": pd.DataFrame(columns=["case_id", "received_at", "allocated_at", "decided_at"])},
    "no rows in a period": {"cases": [case(decided_at="2024-04-02")], "every": "quarter"},
    "a target by which nothing is due": {"cases": [case()], "targets": "quality-measures"},
    "a target whose records aren't given": {"cases": [case()], "targets": COMPLAINTS},
}


def list_of(options: dict[str, Any]) -> pd.DataFrame:
    return kpi.worklist(LGSCO, **{"as_of": "2024-04-26", **options})


@pytest.mark.parametrize("name", list(EMPTY))
def test_an_empty_list_has_the_columns_of_a_full_one(name: str) -> None:
    found = list_of(EMPTY[name])
    assert len(found) == 0
    assert list(found.columns) == COLUMNS
    assert list(list_of(FILLED["everything"]).columns) == COLUMNS


def types_of(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


@pytest.mark.parametrize("name", list(EMPTY))
def test_an_empty_list_has_the_types_of_a_full_one(name: str) -> None:
    assert types_of(list_of(EMPTY[name])) == types_of(list_of(FILLED["contact"]))


def test_full_lists_have_the_same_types_whatever_is_in_them() -> None:
    types = [types_of(list_of(options)) for options in FILLED.values()]
    assert types[0] == types[1] == types[2]


def test_numbers_are_numbers_and_days_are_days() -> None:
    types = types_of(list_of(FILLED["everything"]))
    assert {types[name] for name in ("start", "due")} == {"datetime64[us]"}
    assert {types[name] for name in ("left", "elapsed")} == {"Float64"}
    assert {types[name] for name in ("headroom", "headroom_if_missed")} == {"Int64"}
    assert types["row"] == "int64"


# What can't be listed


REFUSED: dict[str, tuple[dict[str, Any], type[kpi.KpiError], str]] = {
    "nothing given": ({"cases": None}, kpi.OptionError, "nothing to list: give cases="),
    "a window that is no limit": ({"within": "soon"}, kpi.SchemeError, "'soon' isn't a limit.*'20 working days'"),
    "a window in parts": ({"within": "1.5 weeks"}, kpi.SchemeError, "isn't a limit"),
    "a window backwards": ({"within": "-2 days"}, kpi.SchemeError, "can't be negative"),
    "a window that is a number": ({"within": 10}, kpi.OptionError, "within= takes a limit.*not int"),
    "a window that is a truth": ({"within": True}, kpi.OptionError, "within= takes a limit.*not bool"),
    "a window of its own day": ({"within": kpi.DueField("due_at")}, kpi.OptionError, "within= takes a limit"),
    "two periods": ({"every": ["month", "quarter"]}, kpi.OptionError, "every= takes one period here"),
    "no such period": ({"every": "fortnight"}, kpi.OptionError, "no period 'fortnight'.*quarter"),
    "no such target": ({"targets": "decided-20wd"}, kpi.SchemeError, f"Did you mean '{DECIDED}'"),
    "no target": ({"targets": []}, kpi.OptionError, "target"),
    "no scheme": ({"scheme": "lgsco"}, kpi.OptionError, "scheme is wanted.*load_scheme"),
    "no date": ({"as_of": None}, kpi.OptionError, "as_of is missing"),
    "a date beyond the calendar": ({"as_of": "2051-01-01"}, kpi.CoverageError, "outside.*2050-12-31"),
    "a window beyond the calendar": ({"as_of": "2050-12-20"}, kpi.CoverageError, "beyond the calendar.*2050-12-31"),
    "weeks beyond the calendar": ({"within": "2000 weeks"}, kpi.CoverageError, "2000 weeks from as_of.*2050-12-31"),
    "a missing column": ({"cases": pd.DataFrame({"case_id": ["A"]})}, kpi.RecordsError, "no column 'received_at'"),
    "a missing field": ({"cases": [{"case_id": "A"}]}, kpi.RecordsError, "no column 'received_at'"),
    "records in a form that can't be read": ({"cases": 5}, kpi.RecordsError, "cases"),
    "an unknown kind of columns": ({"columns": {"case": {}}}, kpi.OptionError, "Did you mean 'cases'"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_can_not_be_listed_is_said_with_the_remedy(name: str) -> None:
    changes, kind, words = REFUSED[name]
    options = {"scheme": LGSCO, "cases": [case()], "as_of": "2024-04-26", **changes}
    with pytest.raises(kpi.KpiError, match=words) as refused:
        kpi.worklist(**options)
    assert type(refused.value) is kind


def test_a_date_before_all_records_is_surely_a_mistake() -> None:
    with pytest.raises(kpi.OptionError, match="before every record"):
        listed([case()], "2020-01-01")


# In whatever form records are given


CASES = [
    case("A", team="North"), case("B", "2024-04-10", team="South"), case("C", "2024-02-01", team="North"),
    case("D", "2024-03-01", allocated_at="2024-03-28", valid_at="2024-03-04", team=None),
    case("E", decided_at="2024-04-02", team="South"),
]  # fmt: skip
EVENTS = [{**CONTACT, "case_id": "D", "at": "2024-04-05"}]
TIMES = ("received_at", "valid_at", "allocated_at", "decided_at", "at")
Form = Callable[[pd.DataFrame, Path], Any]


def written(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / f"{'events' if 'event' in frame else 'cases'}.csv"
    frame.to_csv(path, index=False)
    return path


def parquet(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / f"{'events' if 'event' in frame else 'cases'}.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return path


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in TIMES if name in frame})


def relation(frame: pd.DataFrame, _: Path) -> Any:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return duckdb.from_arrow(table)


def models(frame: pd.DataFrame, _: Path) -> list[Any]:
    model = kpi.CaseEvent if "event" in frame else kpi.Case
    return [model.model_validate(row) for row in frame.astype(object).where(frame.notna(), None).to_dict("records")]


FORMS: dict[str, Form] = {
    "pandas": lambda frame, _: frame,
    "pandas with datetimes": lambda frame, _: dated(frame),
    "Polars": lambda frame, _: pl.from_pandas(frame),
    "Polars with dates": lambda frame, _: pl.from_pandas(dated(frame)),
    "PyArrow": lambda frame, _: pa.Table.from_pandas(frame, preserve_index=False),
    "DuckDB": relation,
    "a CSV file": written,
    "the path of one as text": lambda frame, folder: str(written(frame, folder)),
    "a Parquet file": parquet,
    "rows": lambda frame, _: frame.astype(object).where(frame.notna(), None).to_dict("records"),
    "models": models,
}


@pytest.mark.parametrize("name", list(FORMS))
def test_records_in_any_form_give_the_same_list(name: str, tmp_path: Path) -> None:
    expected = listed(CASES, events=EVENTS, within=None, every="quarter")
    assert len(expected) == 8
    forms = {kind: FORMS[name](pd.DataFrame(rows), tmp_path) for kind, rows in (("cases", CASES), ("events", EVENTS))}
    found = kpi.worklist(LGSCO, **forms, as_of="2024-04-26", within=None, every="quarter")
    assert_frame_equal(found, expected)


def test_the_callers_own_columns_and_dates_are_understood() -> None:
    expected = listed([case("A"), case("B", "2024-04-02")], targets=DECIDED)
    theirs = pd.DataFrame(
        {"Ref": ["A", "B"], "Date in": ["28/03/2024", "02/04/2024"], "allocated_at": None, "decided_at": None}
    )
    columns = {"cases": {"case_id": "Ref", "received_at": "Date in"}}
    found = listed(theirs, targets=DECIDED, columns=columns, dates={"cases": "%d/%m/%Y"})
    assert_frame_equal(found, expected)
    assert found["due"].dt.strftime("%d %b").tolist() == ["29 Apr", "30 Apr"]


def test_progress_counts_the_rows_of_each_kind_once() -> None:
    seen: list[tuple[str, int]] = []
    listed(CASES, written_contacts=[contact("2024-04-24")], progress=lambda kind, rows: seen.append((kind, rows)))
    assert sorted(seen) == [("cases", 5), ("written_contacts", 1)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_batches_make_no_difference(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = listed(pd.DataFrame(CASES), events=pd.DataFrame(EVENTS), within=None, every="month")
    monkeypatch.setattr(source, "BATCH", size)
    assert_frame_equal(listed(pd.DataFrame(CASES), events=pd.DataFrame(EVENTS), within=None, every="month"), expected)


def test_rows_are_numbered_through_all_batches() -> None:
    number, still_open = 140_000, [0, 65_535, 65_536, 131_072, 139_999]
    decided_at = np.full(number, "2024-03-28", object)
    decided_at[still_open] = None
    cases = pd.DataFrame(
        {
            "case_id": np.arange(number).astype(str), "received_at": "2024-03-28", "allocated_at": None,
            "decided_at": decided_at,
        }
    )  # fmt: skip
    found = listed(cases, targets=DECIDED)
    assert sorted(found["row"]) == still_open
    assert found["id"].tolist() == [str(row) for row in found["row"]]
    assert set(found["headroom"]) == {140_000 - 56_000}


# What isn't listed, and what isn't a case


def test_what_is_not_listed_is_said_with_the_reason() -> None:
    notes = listed([case("A"), case("A", team="North"), case("B")]).attrs["notes"]
    assert f"{DECIDED}: 2 not listed, case_id is not unique" in notes
    assert f"{WRITTEN}: not listed, no written contacts were given" in notes


def test_an_order_is_named_by_its_case_and_a_call_by_its_id() -> None:
    housing = kpi.load_scheme("housing-ombudsman-2019")
    calls = [{"call_id": "C7", "offered_at": "2024-04-25T09:00", "abandoned_at": "2024-04-25T09:01"}]
    calls[0]["returned_at"] = calls[0]["answered_at"] = None  # type: ignore[assignment]
    found = kpi.worklist(housing, orders=[{"case_id": "7", "due_at": "2024-05-01"}], calls=calls, as_of="2024-04-25")
    assert set(zip(found["record"], found["id"], strict=True)) == {("orders", "7"), ("calls", "C7")}
