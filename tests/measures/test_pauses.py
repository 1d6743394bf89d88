"""Clocks that stand still while a case is paused, worked by hand over Easter 2024."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd
import pytest

from ombudsman_kpi import RecordsError, Scheme, SchemeError, assess, load_scheme, measure
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
        ([*pause("2024-04-10", None, "x"), event("resumed", "2024-04-12", "y")], "2024-05-01"),  # none has y: all end
        ([*pause("2024-04-10"), *pause("2024-04-11", "2024-04-12", "x")], None),  # x ends, the other stays open
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
        ("0 working days", {}, "2024-03-28"),  # the day itself, on which nothing is counted
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
        {"limit": {"field": "agreed_at"}},
        {"of": "calls", "start": "offered_at", "stop": "answered_at", "limit": "60 seconds"},
        {"of": "orders", "start": "due_at", "stop": "complied_at", "limit": "4 weeks"},
    ],
    ids=["own", "calls", "orders"],
)
def test_what_cant_stand_still_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SchemeError, match="pauses means nothing"):
        load_scheme("lgsco").with_target(TARGET, **{"clock": {"pauses": "allowed"}, **changes})


@pytest.mark.parametrize("size", [1, 2, 5])
def test_small_batches_change_nothing(scheme: Scheme, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure(scheme, cases=CASES, events=EVENTS, as_of="2024-05-31", targets=TARGET)
    monkeypatch.setattr(source, "BATCH", size)
    assert measure(scheme, cases=CASES, events=EVENTS, as_of="2024-05-31", targets=TARGET).rows == whole.rows


# Received on Thursday 28 March 2024; Good Friday is the 29th, Easter Monday 1 April. Worked on paper.
# 10 calendar days end on Sunday 7 April, and roll on to Monday the 8th.
@pytest.mark.parametrize(
    ("events", "due"),
    [
        (pause("2024-04-30", "2024-05-02"), "2024-04-08"),
        (pause("2024-04-02", "2024-04-03"), "2024-04-08"),  # Tuesday stood still: Monday the 8th, a working day
        (pause("2024-04-02", "2024-04-07"), "2024-04-12"),  # five days, Tuesday to Saturday: Friday the 12th
        (pause("2024-04-02", "2024-04-08"), "2024-04-15"),  # six: Saturday the 13th, and so Monday the 15th
        (pause("2024-04-08", "2024-04-10"), "2024-04-10"),  # the ten days ended on Sunday; it rolls on past the pause
        (pause("2024-04-08", "2024-04-13"), "2024-04-15"),  # which ended on a Saturday
        (
            pause("2024-04-05", "2024-04-06", "y") + pause("2024-04-05", "2024-04-07", "x"),
            "2024-04-09",
        ),  # merged: two days
        (pause("2024-04-08"), None),
        (pause("2024-04-09"), "2024-04-08"),  # too late
    ],
)
def test_a_due_day_moves_by_the_days_paused_and_then_rolls(events: list[Row], due: str | None) -> None:
    scheme = declared("10 calendar days", non_working_due="next working day")
    assert found(scheme, events, "2024-05-31").due == due


def other(kind: str, limit: str) -> Scheme:
    """Return a scheme in which a request, or a written contact, may stand still."""
    target = {"requests": "service-complaints-20wd", "written_contacts": "written-contacts-3wd"}[kind]
    return load_scheme("lgsco").with_target(target, limit=limit, clock={"pauses": "allowed"})


REQUEST: Row = {"request_id": "R1", "kind": "service-complaint", "received_at": "2024-03-28", "answered_at": None}
LETTER: Row = {"contact_id": "W1", "received_at": "2024-03-28", "handled_at": None}


def paused_record(**ids: str) -> list[Row]:
    """Return a pause of three working days, Wednesday 10 to Friday 12 April, under some ids."""
    return [{"event": word, "at": day, **ids} for word, day in (("paused", "2024-04-10"), ("resumed", "2024-04-15"))]


@pytest.mark.parametrize(
    ("ids", "due"),
    [
        ({"request_id": "R1"}, "2024-05-02"),
        ({"request_id": "R1", "case_id": "A"}, "2024-05-02"),  # of the request alone, whatever case it is of
        ({"case_id": "R1"}, "2024-04-29"),
        ({"contact_id": "R1"}, "2024-04-29"),
    ],
)
def test_a_request_stands_still_by_its_own_id(ids: dict[str, str], due: str) -> None:
    events = [*paused_record(**ids), {"event": "contact", "at": "2024-04-02", "request_id": "R1"}]
    (row,) = assess(
        other("requests", "20 working days"), requests=[REQUEST], events=events, as_of="2024-04-20",
        targets="service-complaints-20wd",
    ).to_dict("records")  # fmt: skip
    assert str(row["due"])[:10] == due


def test_a_pause_of_a_request_isnt_one_of_its_case(scheme: Scheme) -> None:
    """Keep in touch and the case's own clock go by the case; a contact that names a letter too is still the case's."""
    assert found(scheme, [row | {"request_id": "R1"} for row in pause("2024-04-10", "2024-04-15")]).due == "2024-04-29"
    assert found(scheme, [row | {"request_id": None} for row in pause("2024-04-10", "2024-04-15")]).due == "2024-05-02"


def test_a_letter_stands_still_and_gross_and_net_are_both_given() -> None:
    letters = [LETTER | {"handled_at": "2024-04-17"}, LETTER | {"contact_id": "W2", "handled_at": "2024-04-17"}]
    (row,) = measure(
        other("written_contacts", "10 working days"), written_contacts=letters, events=paused_record(contact_id="W1"),
        as_of="2024-04-30", targets="written-contacts-3wd",
    )  # fmt: skip
    assert (row.met, row.missed, row.details["gross"]) == (1, 1, Fraction(0))


@pytest.mark.parametrize(
    ("events", "note"),
    [
        ([*paused_record(request_id="R1"), *paused_record(request_id="R1")], ""),
        ([*paused_record(request_id="R1"), {"event": "resumed", "at": "2024-04-16", "request_id": "R1"}],
         "1 event that resumed what wasn't paused"),
        (paused_record(request_id="R1")[1:], "1 event that resumed what wasn't paused"),
        ([*paused_record(request_id="R9"), *paused_record(request_id="R1")],
         "2 events of a request or written contact that wasn't given"),
        ([{"event": "contact", "at": "2024-04-16", "request_id": "R1"}], "1 event without a case, a kind or a time"),
        ([*paused_record(request_id="R1"), {"event": "pausd", "at": "2024-04-16", "request_id": "R1"}],
         "1 event of an unknown kind: pausd (1)"),
    ],
)  # fmt: skip
def test_what_isnt_understood_of_pauses_stands_in_the_note(events: list[Row], note: str) -> None:
    records = [REQUEST | {"answered_at": "2024-04-10"}]
    (row,) = measure(
        other("requests", "20 working days"), requests=records, events=events, as_of="2024-04-30",
        targets="service-complaints-20wd",
    )  # fmt: skip
    assert row.note.removeprefix("without pauses 100.0% (1 of 1)").removeprefix("; ") == note


def hours(events: list[Row], stop: str | None, as_of: Any) -> tuple[str, float, Any]:
    """Return status, elapsed hours and due time of a request received on Saturday 30 March 2024 at 22:00, in 4 hours.

    At 01:00 on Sunday the clocks go forward: 4 hours end at 03:00.
    """
    record = REQUEST | {"received_at": "2024-03-30T22:00", "answered_at": stop}
    (row,) = assess(
        other("requests", "4 hours"), requests=[record], events=[{"request_id": "R1", **item} for item in events],
        as_of=as_of, targets="service-complaints-20wd",
    ).to_dict("records")  # fmt: skip
    return row["status"], row["elapsed"], None if pd.isna(row["due"]) else row["due"].strftime("%H:%M")


@pytest.mark.parametrize(
    ("first", "end", "stop", "expected"),
    [
        ("2024-03-30T23:00", "2024-03-30T23:30", "2024-03-31T03:30", ("met", 4, "03:30")),
        ("2024-03-31T00:30", "2024-03-31T02:30", "2024-03-31T05:00", ("late", 5, "04:00")),  # an hour, by the instant
        ("2024-03-31T03:00", "2024-03-31T04:00", "2024-03-31T04:00", ("met", 4, "04:00")),  # at the last moment
        ("2024-03-31T03:00:01", "2024-03-31T04:00", "2024-03-31T04:00", ("late", 4 + 1 / 3600, "03:00")),
        ("2024-03-30T21:00", "2024-03-30T23:00", "2024-03-31T03:00", ("met", 3, "04:00")),  # cut to the clock
    ],
)
def test_hours_stand_still_by_the_instant_by_hand(first: str, end: str, stop: str, expected: Any) -> None:
    events = [{"event": "paused", "at": first}, {"event": "resumed", "at": end}]
    status, elapsed, due = hours(events, stop, "2024-04-30")
    assert (status, due) == (expected[0], expected[2])
    assert elapsed == pytest.approx(expected[1])


def test_hours_need_the_time_of_day_of_pauses() -> None:
    with pytest.raises(RecordsError, match=r"events: at has only dates, but a clock that doesn't run in days needs"):
        hours([{"event": "paused", "at": "2024-03-30"}], None, "2024-04-30")


@pytest.mark.parametrize("memory", [None, "512MB"])
def test_a_log_of_requests_alone_tells_of_no_cases_and_leaves_the_figures_of_requests(memory: str | None) -> None:
    log = pd.DataFrame(paused_record(request_id="R1"))
    records: dict[str, Any] = {"requests": pd.DataFrame([REQUEST | {"answered_at": "2024-04-10"}]), "events": log}
    scheme = other("requests", "20 working days")
    alone = measure(scheme, **records, as_of="2024-04-30", targets="service-complaints-20wd", memory=memory)
    found = measure(scheme, **records, as_of="2024-04-30", memory=memory)
    assert found["service-complaints-20wd"].rows == alone.rows
    assert {row.note for row in found if row.measure == "keep in touch"} == {"no cases were given"}
    cases = pd.DataFrame([{"case_id": "A", "received_at": "2024-04-02", "allocated_at": "2024-04-03",
                           "valid_at": "2024-04-02", "decided_at": None}])  # fmt: skip
    found = measure(scheme, **records, cases=cases, as_of="2024-04-30", memory=memory)
    assert {row.note for row in found if row.measure == "keep in touch"} == {
        "the events are of no cases: they have no case_id"
    }
    assert found["service-complaints-20wd"].rows == alone.rows
    assert found["decided-or-allocated-20wd"].rows[0].met == 1


# As above 20 working days end on 2 May with 10-14 April paused, five days later 13 weeks do on 2 July, and the last of
# less than 100 days is 10 July.
BANDS = [
    {"id": "in-20wd", "limit": "20 working days"},
    {"id": "in-13w", "limit": "13 weeks"},
    {"id": "in-100d", "limit": "< 100 calendar days"},
    {"id": "longer"},
]
TIMES: Row = {
    "says": "How long decisions take", "of": "cases", "start": "received_at", "stop": "decided_at", "cohort": "closed",
    "clock": {"pauses": "allowed"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("decided", "band"),
    [
        ("2024-05-02", "in-20wd"), ("2024-05-03", "in-13w"), ("2024-07-02", "in-13w"), ("2024-07-03", "in-100d"),
        ("2024-07-10", "in-100d"), ("2024-07-11", "longer"),
    ],
)  # fmt: skip
def test_a_band_leaves_out_the_time_that_a_clock_stood_still(decided: str, band: str) -> None:
    scheme = load_scheme("lgsco").with_target("bands", measure="distribution", bands=BANDS, **TIMES)
    given: Row = {"cases": [case(decided_at=decided)], "events": pause("2024-04-10", "2024-04-15")}
    rows = assess(scheme, **given, as_of="2024-12-31", targets=[item["id"] for item in BANDS])
    assert rows["target"][rows["status"] == "met"].tolist() == [band]
    assert (rows["elapsed_gross"] > rows["elapsed"]).all()
    results = measure(scheme, **given, as_of="2024-12-31", targets=band, every=None)
    assert [row.met for row in results] == [1]


@pytest.mark.parametrize(
    # B took 9 working days. A stands still before 29 April, when 20 are used, or from the day after on
    ("first", "high"), [("2024-04-26", 1.0), ("2024-04-29", 1.0), ("2024-04-30", 0.5)]
)  # fmt: skip
def test_what_stands_still_may_still_be_in_a_band(first: str, high: float) -> None:
    scheme = load_scheme("lgsco").with_target("bands", measure="distribution", bands=BANDS, **TIMES)
    given: Row = {"cases": [case(), case("B", decided_at="2024-04-12")], "events": pause(first)}
    (row,) = measure(scheme, **given, as_of="2024-12-31", targets="in-20wd", cohort="received", every=None).rows
    assert (row.met, row.pending, row.low, row.high) == (1, 1, 0.5, high)


@pytest.mark.parametrize(
    # in working days: B 9, A 23 and C 24, of which A stood still for three
    ("declared_as", "value"),
    [
        ({"measure": "median"}, 20),
        ({"measure": "centile", "centile": 90}, 24),
        ({"measure": "average"}, Fraction(53, 3)),
    ],
)
def test_times_are_those_that_clocks_ran(declared_as: Row, value: Fraction | int) -> None:
    scheme = load_scheme("lgsco").with_target("times", counted_in="working days", **declared_as, **TIMES)
    days = (("A", "2024-05-02"), ("B", "2024-04-12"), ("C", "2024-05-03"))
    given: Row = {"cases": [case(name, decided_at=day) for name, day in days]}
    given["events"] = pause("2024-04-10", "2024-04-15")
    (row,) = measure(scheme, **given, as_of="2024-12-31", targets="times", every=None).rows
    assert row.exact == value
    (first, *_) = assess(scheme, **given, as_of="2024-12-31", targets="times").to_dict("records")
    assert (first["elapsed"], first["elapsed_gross"]) == (20, 23)
