"""Clocks that stand still while a case is paused, worked by hand over Easter 2024."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd
import pytest

from ombudsman_kpi import Scheme, SchemeError, assess, load_scheme, measure
from ombudsman_kpi.records.sources import source

TARGET = "decided-or-allocated-20wd"
NOTHING = [{"case_id": "someone else", "event": name, "at": "2024-01-02"} for name in ("paused", "resumed")]
Row = dict[str, Any]


def declared(limit: str = "20 working days", **clock: str) -> Scheme:
    return load_scheme("lgsco").with_target(TARGET, limit=limit, clock={"pauses": "allowed", **clock})


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    return declared()


def event(word: str, at: Any, reason: str | None = None, name: str = "A", **others: Any) -> Row:
    return {"case_id": name, "event": word, "at": at, "reason": reason, **others}


def pause(first: Any, end: Any = None, reason: str | None = None) -> list[Row]:
    """Pause case A on one day, and resume it on another."""
    return [event("paused", first, reason), *([event("resumed", end, reason)] if end else [])]


def case(name: str = "A", received: Any = "2024-03-28", **times: Any) -> Row:
    """Make a case received on the Thursday before Easter, unless another day is given."""
    return {"case_id": name, "received_at": received, "decided_at": None, "withdrawn_at": None, **times}


class Found(NamedTuple):
    status: str
    elapsed: int
    gross: int
    due: str | None
    reason: str


def found(scheme: Scheme, events: Sequence[Row], as_of: Any = "2024-12-31", **times: Any) -> Found:
    rows = assess(scheme, cases=[case(**times)], events=[*NOTHING, *events], as_of=as_of, targets=TARGET)
    (row,) = rows.to_dict("records")
    due = None if pd.isna(row["due"]) else str(row["due"].date())
    return Found(row["status"], int(row["elapsed"]), int(row["elapsed_gross"]), due, row["reason"])


# Received on Thursday 28 March 2024: working days 1 to 20 are 2-5, 8-12, 15-19, 22-26 and 29 April; then 30 April,
# 1-3 May (21 to 24), 7 May (25), for the 6th is a holiday.
@pytest.mark.parametrize(
    ("first", "end", "decided", "expected"),
    [
        ("2024-04-10", "2024-04-15", "2024-05-02", Found("met", 20, 23, "2024-05-02", "late without pauses")),
        ("2024-04-10", "2024-04-15", "2024-05-03", Found("late", 21, 24, "2024-05-02", "")),
        ("2024-04-10", "2024-04-15", "2024-04-29", Found("met", 17, 20, "2024-05-02", "")),
        ("2024-04-13", "2024-04-15", "2024-04-30", Found("late", 21, 21, "2024-04-29", "")),  # a weekend
        ("2024-03-29", "2024-04-02", "2024-04-30", Found("late", 21, 21, "2024-04-29", "")),  # Easter
        ("2024-04-12", "2024-04-13", "2024-04-30", Found("met", 20, 21, "2024-04-30", "late without pauses")),
        ("2024-04-10", "2024-04-10", "2024-04-30", Found("late", 21, 21, "2024-04-29", "")),  # not at a close
        ("2024-03-20", "2024-03-28", "2024-04-30", Found("late", 21, 21, "2024-04-29", "")),  # before the start
        ("2024-03-20", "2024-04-04", "2024-05-01", Found("met", 20, 22, "2024-05-01", "late without pauses")),
        ("2024-03-28", "2024-04-02", "2024-04-30", Found("late", 21, 21, "2024-04-29", "")),  # day 0 never counted
        ("2024-04-29", "2024-05-01", "2024-05-01", Found("met", 20, 22, "2024-05-01", "late without pauses")),
        ("2024-04-30", "2024-05-01", "2024-05-02", Found("late", 22, 23, "2024-04-29", "")),  # too late to cure
    ],
)
def test_a_pause_over_easter_by_hand(scheme: Scheme, first: str, end: str, decided: str, expected: Found) -> None:
    assert found(scheme, pause(first, end), decided_at=decided) == expected


@pytest.mark.parametrize(
    "events",
    [
        pause("2024-04-15", "2024-04-22"),
        pause("2024-04-08", "2024-04-10"),
        pause("2024-04-08"),
        pause("2024-04-09"),
    ],
    ids=["later", "on-the-day", "on-the-day-and-open", "next-day-and-open"],
)
def test_what_happens_after_the_stop_changes_nothing(scheme: Scheme, events: list[Row]) -> None:
    assert found(scheme, events, decided_at="2024-04-08") == Found("met", 5, 5, "2024-04-29", "")


@pytest.mark.parametrize("end", ["2024-04-08", "2024-04-17", None])
def test_a_pause_is_cut_at_the_stop(scheme: Scheme, end: str | None) -> None:
    # of the days up to Monday 8 April, only Friday the 5th stood still
    expected = Found("met", 4, 5, "2024-04-30", "")
    assert found(scheme, pause("2024-04-05", end), decided_at="2024-04-08") == expected


@pytest.mark.parametrize(
    ("first", "as_of", "expected"),
    [
        ("2024-04-10", "2024-04-30", Found("pending", 7, 21, None, "overdue without pauses")),
        ("2024-04-10", "2025-01-31", Found("pending", 7, 213, None, "overdue without pauses")),
        ("2024-04-29", "2024-05-31", Found("pending", 20, 42, None, "overdue without pauses")),
        ("2024-04-10", "2024-04-29", Found("pending", 7, 20, None, "")),
        ("2024-04-10", "2024-04-10", Found("pending", 7, 7, None, "")),
        ("2024-04-10", "2024-04-09", Found("pending", 6, 6, "2024-04-29", "")),  # it isn't known yet
        ("2024-04-30", "2024-04-30", Found("overdue", 21, 21, "2024-04-29", "")),
        ("2024-05-01", "2025-01-31", Found("overdue", 22, 213, "2024-04-29", "")),
    ],
)
def test_while_a_pause_is_open_there_is_no_due_day_unless_it_had_passed(
    scheme: Scheme, first: str, as_of: str, expected: Found
) -> None:
    assert found(scheme, pause(first), as_of) == expected


def test_what_is_recorded_later_isnt_known_before(scheme: Scheme) -> None:
    days = pause("2024-04-10", "2024-04-15")
    assert found(scheme, days, "2024-04-14") == Found("pending", 7, 10, None, "")
    assert found(scheme, days, "2024-04-15") == Found("pending", 7, 10, "2024-05-02", "")
    late = [event("paused", "2024-04-10"), event("resumed", "2024-04-15", recorded_at="2024-04-20")]
    assert found(scheme, late, "2024-04-19").due is None
    assert found(scheme, late, "2024-04-20").due == "2024-05-02"
    unheard = [event("paused", "2024-04-10", recorded_at="2024-05-03"), event("resumed", "2024-04-15")]
    assert found(scheme, unheard, "2024-05-02") == Found("overdue", 23, 23, "2024-04-29", "")
    assert found(scheme, unheard, "2024-05-03") == Found("overdue", 21, 24, "2024-05-02", "")


def test_an_instant_in_the_middle_of_a_day_knows_the_pauses_before_it(scheme: Scheme) -> None:
    events = [event("paused", "2024-04-10T12:00"), event("resumed", "2024-04-15T12:00")]
    assert found(scheme, events, datetime(2024, 4, 10, 11, 59)).due == "2024-04-29"  # noqa: DTZ001
    assert found(scheme, events, datetime(2024, 4, 10, 12, 0)).due is None  # noqa: DTZ001
    assert found(scheme, events, datetime(2024, 4, 15, 12, 0)).due == "2024-05-02"  # noqa: DTZ001


# 10 to 12 April are the Wednesday to the Friday, 15 to 17 April the next Monday to Wednesday.
@pytest.mark.parametrize(
    ("events", "due"),
    [
        (pause("2024-04-10", "2024-04-12") + pause("2024-04-11", "2024-04-16"), "2024-05-01"),  # the first end is all's
        (pause("2024-04-10", "2024-04-12", "x") + pause("2024-04-11", "2024-04-16", "y"), "2024-05-03"),
        (pause("2024-04-10", "2024-04-18", "x") + pause("2024-04-11", "2024-04-16", "y"), "2024-05-08"),
        (pause("2024-04-10", "2024-04-12", "x") + pause("2024-04-12", "2024-04-16", "y"), "2024-05-03"),
        (pause("2024-04-10", None, "x") + pause("2024-04-11", "2024-04-12", "y"), None),
        ([*pause("2024-04-10", None, "x"), *pause("2024-04-11", None, "y"), event("resumed", "2024-04-12")],
         "2024-05-01"),
        ([*pause("2024-04-10"), event("resumed", "2024-04-12", "x")], "2024-05-01"),
        ([*pause("2024-04-10", None, "x"), event("resumed", "2024-04-12", "y")], None),
        ([*pause("2024-04-10"), *pause("2024-04-11"), event("resumed", "2024-04-12")], "2024-05-01"),
        ([event("resumed", "2024-04-09"), *pause("2024-04-10", "2024-04-11")], "2024-04-30"),
        ([event("resumed", "2024-04-11T09:00"), event("paused", "2024-04-11T10:00"),
          event("resumed", "2024-04-12T09:00"), event("paused", "2024-04-12T09:00")], "2024-04-30"),
        ([event("paused", "2024-04-10T23:59:59"), event("resumed", "2024-04-11T00:00")], "2024-04-30"),
        ([event("paused", "2024-04-10T00:00"), event("resumed", "2024-04-10T23:59:59")], "2024-04-29"),
        ([*pause("2024-04-10"), event("resumed", "2024-04-12", name="B")], None),
        ([event("paused", "2024-04-10", name="nobody"), event("contact", "2024-04-10")], "2024-04-29"),
        ([event("paused", "2024-04-10", name="a"), event("Paused", "2024-04-10")], "2024-04-29"),
    ],
)  # fmt: skip
def test_which_resumption_ends_which_pause(scheme: Scheme, events: list[Row], due: str | None) -> None:
    assert found(scheme, events, "2024-04-23").due == due
    assert found(scheme, events[::-1], "2024-04-23").due == due


def test_without_any_pause_the_clock_runs_as_if_none_were_allowed(scheme: Scheme) -> None:
    rows = assess(scheme, cases=[case()], events=[event("contact", "2024-04-10")], as_of="2024-04-30", targets=TARGET)
    assert (list(rows["status"]), list(rows["elapsed"])) == (["overdue"], [21])


@pytest.mark.parametrize(
    ("limit", "clock", "due"),
    [
        ("10 calendar days", {}, "2024-04-10"),
        ("2 weeks", {}, "2024-04-14"),
        ("< 2 weeks", {}, "2024-04-13"),
        ("4 working days", {}, "2024-04-08"),
        ("10 calendar days", {"day_of_receipt": "day 1"}, "2024-04-10"),  # the day of receipt stood still
        ("4 working days", {"day_of_receipt": "day 1"}, "2024-04-08"),
        ("4 working days", {"non_working_receipt": "next working day"}, "2024-04-08"),
    ],
)
def test_other_limits_stand_still_as_well(limit: str, clock: dict[str, str], due: str) -> None:
    # paused on Thursday 28 March, Friday, Saturday, until Sunday the 31st; and on Wednesday 3 April
    events = pause("2024-03-28", "2024-03-31") + pause("2024-04-03", "2024-04-04")
    assert found(declared(limit, **clock), events, "2024-04-04").due == due


def test_by_default_no_clock_stands_still() -> None:
    lgsco = load_scheme("lgsco")
    events = [*NOTHING, *pause("2024-04-10", "2024-04-15")]
    with_them = assess(lgsco, cases=[case()], events=events, as_of="2024-04-30", targets=TARGET)
    without = assess(lgsco, cases=[case()], as_of="2024-04-30", targets=TARGET)
    pd.testing.assert_frame_equal(with_them, without)
    assert list(with_them["status"]) == ["overdue"]
    assert "elapsed_gross" not in with_them


CASES = [
    case("A", decided_at="2024-05-02"),  # paused for three days: met, late without them
    case("B", decided_at="2024-05-02"),
    case("C", decided_at="2024-04-29"),
    case("D"),  # paused still: pending, overdue without it
    case("E", received="2024-05-20"),  # pending
]
EVENTS = [*NOTHING, *pause("2024-04-10", "2024-04-15"), event("paused", "2024-04-10", name="D")]


def test_gross_and_net_are_both_given(scheme: Scheme) -> None:
    (row,) = measure(scheme, cases=CASES, events=EVENTS, as_of="2024-05-31", targets=TARGET)
    assert (row.met, row.missed, row.pending, row.exact) == (2, 1, 2, Fraction(2, 3))
    assert row.details["gross"] == Fraction(1, 4)
    assert row.words == ("without pauses 25.0% (1 of 4)",)
    assert row.note.startswith("without pauses 25.0% (1 of 4); met: 1 late without pauses; pending: 1 overdue without")
    plain = load_scheme("lgsco")
    (alone,) = measure(plain, cases=CASES, events=EVENTS, as_of="2024-05-31", targets=TARGET)
    assert alone.exact == row.details["gross"]


@pytest.mark.parametrize("cohort", ["received", "closed"])
def test_gross_is_what_the_scheme_without_pauses_gives(scheme: Scheme, cohort: str) -> None:
    times: dict[str, Any] = {"as_of": "2024-05-31", "targets": TARGET, "cohort": cohort}
    cases = [*CASES, case("F", withdrawn_at="2024-05-02"), case("G", withdrawn_at="2024-04-02")]
    events = [*EVENTS, *(row | {"case_id": "F"} for row in pause("2024-04-10", "2024-04-15"))]
    (row,) = measure(scheme, cases=cases, events=events, **times)
    (alone,) = measure(load_scheme("lgsco"), cases=cases, events=events, **times)
    assert row.details["gross"] == alone.exact


def test_without_events_it_isnt_measured(scheme: Scheme) -> None:
    (row,) = measure(scheme, cases=CASES, as_of="2024-05-31", targets=TARGET)
    assert (row.status, row.note) == ("not measured", "no events were given")


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": "60 seconds"},
        {"limit": "24 hours"},
        {"limit": {"field": "agreed_at"}},
        {"of": "written_contacts", "start": "received_at", "stop": "handled_at"},
        {"limit": "4 weeks", "clock": {"pauses": "allowed", "non_working_due": "next working day"}},
    ],
    ids=["seconds", "hours", "own", "other-records", "rolled"],
)
def test_what_cant_stand_still_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SchemeError, match="pauses means nothing"):
        load_scheme("lgsco").with_target(TARGET, **{"clock": {"pauses": "allowed"}, **changes})


@pytest.mark.parametrize("size", [1, 2, 5])
def test_small_batches_change_nothing(scheme: Scheme, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure(scheme, cases=CASES, events=EVENTS, as_of="2024-05-31", targets=TARGET)
    monkeypatch.setattr(source, "BATCH", size)
    assert measure(scheme, cases=CASES, events=EVENTS, as_of="2024-05-31", targets=TARGET).rows == whole.rows
