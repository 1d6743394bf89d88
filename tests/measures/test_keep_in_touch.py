"""Contact at least every 20 working days: the intervals of both parties, and cases with all of theirs."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import RecordsError, Scheme, assess, load_scheme, measure

CASES, INTERVALS = "keep-in-touch-20wd", "keep-in-touch-intervals-20wd"
C, O = "complainant", "organisation"  # noqa: E741
NOTHING = [{"case_id": "none", "event": "contact", "at": "2024-01-02", "party": C, "direction": "out"}]

Row = dict[str, Any]


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


def case(name: str = "A", started: str | None = "2024-03-28", **others: Any) -> Row:
    """Make an investigation that began on the day before Easter, unless another day is given."""
    return {"case_id": name, "received_at": "2024-01-03", "allocated_at": started, **others}


def contact(day: Any, party: str | None = C, name: str | None = "A", **others: Any) -> Row:
    return {"case_id": name, "event": "contact", "at": day, "party": party, "direction": "out", **others}


def both(*days: str, name: str = "A") -> list[Row]:
    return [contact(day, party, name) for day in days for party in (C, O)]


def of_intervals(scheme: Scheme, cases: Sequence[Row], events: Sequence[Row], as_of: Any) -> list[tuple[Any, ...]]:
    """Give each interval: whose, from when to when, and how it stands; in the order of party and time."""
    rows = assess(scheme, cases=list(cases), events=[*NOTHING, *events], as_of=as_of, targets=INTERVALS)
    rows = rows.sort_values(["row", "party", "start"])
    columns = [rows[name].tolist() for name in ("id", "party", "start", "stop", "due", "elapsed", "status")]
    return [
        (name, None if pd.isna(party) else party, *map(_day, days), elapsed, status)
        for name, party, *days, elapsed, status in zip(*columns, strict=True)
    ]


def _day(moment: pd.Timestamp) -> str | None:
    return None if pd.isna(moment) else str(moment.date())


def of_cases(scheme: Scheme, cases: Sequence[Row], events: Sequence[Row], as_of: Any) -> list[tuple[str, str]]:
    rows = assess(scheme, cases=list(cases), events=[*NOTHING, *events], as_of=as_of, targets=CASES)
    return list(zip(rows["status"], rows["reason"], strict=True))


def of_case(scheme: Scheme, events: Sequence[Row], as_of: str = "2024-12-31", **times: Any) -> tuple[str, str]:
    ((status, reason),) = of_cases(scheme, [case(**times)], events, as_of)
    return status, reason


# 28 March 2024 is the Thursday before Easter: its 20th working day is 29 April; that of 29 April is 29 May, for 6 and
# 27 May are bank holidays.
def test_the_intervals_of_both_parties_by_hand(lgsco: Scheme) -> None:
    events = [contact("2024-04-29"), contact("2024-05-29"), contact("2024-04-30", O), contact("2024-05-01", O)]
    assert of_intervals(lgsco, [case(decided_at="2024-06-03")], events, "2024-12-31") == [
        ("A", C, "2024-03-28", "2024-04-29", "2024-04-29", 20, "met"),
        ("A", C, "2024-04-29", "2024-05-29", "2024-05-29", 20, "met"),
        ("A", C, "2024-05-29", "2024-06-03", "2024-06-26", 3, "met"),
        ("A", O, "2024-03-28", "2024-04-30", "2024-04-29", 21, "late"),
        ("A", O, "2024-04-30", "2024-05-01", "2024-05-30", 1, "met"),
        ("A", O, "2024-05-01", "2024-06-03", "2024-05-31", 21, "late"),
    ]


@pytest.mark.parametrize(("day", "status"), [("2024-04-26", "met"), ("2024-04-29", "met"), ("2024-04-30", "late")])
def test_the_20th_working_day_over_easter_is_the_last_in_time(lgsco: Scheme, day: str, status: str) -> None:
    found = of_intervals(lgsco, [case(decided_at="2024-05-01")], both(day), "2024-12-31")
    assert [row[-1] for row in found] == [status, "met"] * 2


@pytest.mark.parametrize(
    ("as_of", "status"), [("2024-04-28", "pending"), ("2024-04-29", "pending"), ("2024-04-30", "overdue")]
)
def test_the_last_interval_of_an_open_case_is_pending_or_overdue_never_met(
    lgsco: Scheme, as_of: str, status: str
) -> None:
    assert {row[-1] for row in of_intervals(lgsco, [case()], [], as_of)} == {status}
    assert of_case(lgsco, [], as_of) == (status, "")
    contacted = of_intervals(lgsco, [case()], both("2024-03-29", "2024-04-02"), as_of)
    assert [row[-1] for row in contacted] == ["met", "met", "pending"] * 2


def test_ten_contacts_on_a_day_count_as_one(lgsco: Scheme) -> None:
    ten = [contact(f"2024-04-10T{hour:02}:15") for hour in range(8, 18)]
    found = of_intervals(lgsco, [case(decided_at="2024-04-30")], ten, "2024-12-31")
    assert [row[2:4] for row in found if row[1] == C] == [("2024-03-28", "2024-04-10"), ("2024-04-10", "2024-04-30")]


@pytest.mark.parametrize(
    "day",
    ["2024-03-27", "2024-03-28", "2024-04-30", "2024-05-01"],
    ids=["before", "at-the-start", "at-the-end", "after"],
)
def test_only_contacts_between_the_start_and_the_end_part_an_interval(lgsco: Scheme, day: str) -> None:
    found = of_intervals(lgsco, [case(decided_at="2024-04-30")], both(day), "2024-12-31")
    assert [row[2:] for row in found] == [("2024-03-28", "2024-04-30", "2024-04-29", 21, "late")] * 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"direction": "in"}, id="incoming"),
        pytest.param({"direction": None}, id="of-no-direction"),
        pytest.param({"event": "phoned"}, id="of-another-kind"),
        pytest.param({"event": "delay_explained"}, id="an-explanation"),
        pytest.param({"case_id": "B"}, id="of-another-case"),
        pytest.param({"recorded_at": "2025-01-02"}, id="recorded-later"),
        pytest.param({"at": "2025-01-02"}, id="later"),
    ],
)
def test_what_is_no_outgoing_contact_of_the_case_does_not_count(lgsco: Scheme, other: Row) -> None:
    events = [*both("2024-04-10"), *({**event, **other} for event in both("2024-04-29"))]
    found = of_intervals(lgsco, [case()], events, "2024-12-31")
    assert [row[2:4] for row in found if row[1] == C] == [("2024-03-28", "2024-04-10"), ("2024-04-10", None)]


def test_a_case_that_ends_on_the_day_it_starts_has_no_interval_and_is_met(lgsco: Scheme) -> None:
    assert of_intervals(lgsco, [case(decided_at="2024-03-28")], both("2024-03-28"), "2024-12-31") == []
    assert of_case(lgsco, both("2024-03-28"), decided_at="2024-03-28") == ("met", "")


TOO_LONG = "too long without contact with the "
IN_TIME = both("2024-04-29", "2024-05-29")
STANDINGS = [
    pytest.param(IN_TIME, {"decided_at": "2024-06-26"}, "2024-12-31", ("met", ""), id="ended-in-time"),
    pytest.param(IN_TIME, {"decided_at": "2024-06-27"}, "2024-12-31", ("late", f"{TOO_LONG}{C} and the {O}"), id="no"),
    pytest.param(IN_TIME[:3], {"decided_at": "2024-06-03"}, "2024-12-31", ("late", TOO_LONG + O), id="one-party"),
    pytest.param(IN_TIME[1:], {"decided_at": "2024-06-03"}, "2024-12-31", ("late", TOO_LONG + C), id="the-other"),
    pytest.param(IN_TIME, {}, "2024-06-26", ("pending", ""), id="open-in-time"),
    pytest.param(IN_TIME, {}, "2024-06-27", ("overdue", ""), id="open-and-overdue"),
    pytest.param(IN_TIME[:3], {}, "2024-05-29", ("pending", ""), id="open-with-one-party-on-its-due-day"),
    pytest.param(IN_TIME[:3], {}, "2024-05-30", ("overdue", ""), id="open-and-overdue-with-one-party"),
    pytest.param(IN_TIME[1:], {}, "2024-06-03", ("late", f"{TOO_LONG}{C}, still open"), id="open-with-a-late-interval"),
    pytest.param(IN_TIME[1:], {}, "2024-12-03", ("late", f"{TOO_LONG}{C}, still open"), id="late-before-overdue"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "times", "as_of", "expected"), STANDINGS)
def test_a_case_stands_as_the_worst_of_its_intervals(
    lgsco: Scheme, events: list[Row], times: Row, as_of: str, expected: tuple[str, str]
) -> None:
    assert of_case(lgsco, events, as_of, **times) == expected


@pytest.mark.parametrize(
    ("times", "end"),
    [
        pytest.param({"decided_at": "2024-04-20", "closed_at": "2024-04-25"}, "2024-04-20", id="decided"),
        pytest.param(
            {"decided_at": "2024-04-20", "withdrawn_at": "2024-04-18"}, "2024-04-20", id="decided-all-the-same"
        ),
        pytest.param({"closed_at": "2024-04-25"}, "2024-04-25", id="closed"),
        pytest.param({"withdrawn_at": "2024-04-18"}, "2024-04-18", id="withdrawn"),
        pytest.param(
            {"withdrawn_at": "2024-04-18", "closed_at": "2024-04-25"}, "2024-04-18", id="withdrawn-then-closed"
        ),
    ],
)
def test_a_run_ends_with_the_decision_or_else_with_closing_or_withdrawal(lgsco: Scheme, times: Row, end: str) -> None:
    found = of_intervals(lgsco, [case(**times)], [], "2024-12-31")
    assert [row[2:4] for row in found] == [("2024-03-28", end)] * 2
    assert of_case(lgsco, [], **times) == ("met", "")


def test_a_decision_that_comes_later_is_not_known_and_the_withdrawal_ends_the_run(lgsco: Scheme) -> None:
    times = {"decided_at": "2024-04-20", "withdrawn_at": "2024-04-18"}
    found = of_intervals(lgsco, [case(**times)], [], "2024-04-19")
    assert [row[2:4] for row in found] == [("2024-03-28", "2024-04-18")] * 2


def test_the_investigation_starts_when_it_was_allocated_where_no_start_is_recorded_at_all(lgsco: Scheme) -> None:
    own = [case("A", investigation_started_at="2024-04-02"), case("B", investigation_started_at=None)]
    assert {row[:3] for row in of_intervals(lgsco, own, [], "2024-04-03")} == {
        ("A", C, "2024-04-02"),
        ("A", O, "2024-04-02"),
    }
    assert of_cases(lgsco, own, [], "2024-04-03") == [("pending", ""), ("excluded", "investigation not yet started")]
    assert {row[2] for row in of_intervals(lgsco, [case()], [], "2024-04-03")} == {"2024-03-28"}


def test_what_is_no_investigation_is_left_out(lgsco: Scheme) -> None:
    cases = [case("A", None), case("B", "2024-06-03"), case("C")]
    assert of_cases(lgsco, cases, [], "2024-04-03") == [
        ("excluded", "not allocated"),
        ("excluded", "not yet allocated"),
        ("pending", ""),
    ]
    assert {row[0] for row in of_intervals(lgsco, cases, [], "2024-04-03")} == {"C"}


def test_cases_of_one_id_are_invalid_and_have_no_intervals(lgsco: Scheme) -> None:
    cases = [case("A"), case("B"), case("A", team="North")]
    statuses = of_cases(lgsco, cases, both("2024-04-02"), "2024-04-03")
    assert [status for status, _ in statuses] == ["invalid", "pending", "invalid"]
    found = of_intervals(lgsco, cases, both("2024-04-02"), "2024-04-03")
    assert [(row[0], row[1], row[2], row[-1]) for row in found if row[0] == "A"] == [("A", None, None, "invalid")] * 2


def test_what_ended_before_it_started_is_invalid(lgsco: Scheme) -> None:
    times = {"decided_at": "2024-03-27"}
    assert of_case(lgsco, [], **times)[0] == "invalid"
    assert [row[-1] for row in of_intervals(lgsco, [case(**times)], [], "2024-12-31")] == ["invalid"]


def test_contacts_of_no_known_case_or_party_are_counted(lgsco: Scheme) -> None:
    strays = [contact("2024-04-02", None), contact("2024-04-02", name="Z"), contact("2024-04-02", "the press", "Z")]
    events = pd.DataFrame(
        [*both("2024-04-02"), *strays, contact("2024-04-02", "the press"), contact("2024-04-02", name=None)]
    )
    results = measure(lgsco, cases=[case()], events=events, as_of="2024-04-03", targets=[CASES, INTERVALS])
    for row in results.rows:
        assert "4 events of a case that wasn't given, or of contact with no known party" in row.note
        assert "1 event without a case, a kind or a time" in row.note


def test_a_log_without_directions_is_an_error(lgsco: Scheme) -> None:
    events = pd.DataFrame(both("2024-04-02")).drop(columns="direction")
    with pytest.raises(RecordsError, match=r"^events has no column 'direction'"):
        measure(lgsco, cases=[case()], events=events, as_of="2024-04-03", targets=CASES)


@pytest.mark.parametrize(
    ("cohort", "counts"),
    [
        # by the month in which an interval began, ended, or was due: met, missed, overdue among them
        ("received", {"Mar 2024": (1, 1, 0), "Apr 2024": (0, 2, 1)}),
        ("closed", {"Apr 2024": (1, 1, 0), "May 2024": (0, 1, 0)}),
        ("due", {"Apr 2024": (1, 1, 0), "May 2024": (0, 2, 1)}),
    ],
)
def test_intervals_belong_to_the_period_of_their_start_end_or_due_day(
    lgsco: Scheme, cohort: str, counts: dict[str, tuple[int, int, int]]
) -> None:
    # The complainant: 28 March to 12 April (due 29 April), to 14 May (due 13 May), and on: pending (due 12 June).
    # The organisation: 28 March to 30 April (due 29 April), and on: overdue (due 30 May).
    events = [contact("2024-04-12"), contact("2024-05-14"), contact("2024-04-30", O)]
    rows = measure(
        lgsco, cases=[case()], events=events, as_of="2024-05-31", targets=INTERVALS, cohort=cohort, every="month"
    )[INTERVALS].rows
    found = {row.period: (row.met, row.missed, row.overdue) for row in rows if row.met or row.missed}
    assert found == counts


def test_cases_belong_to_the_period_in_which_they_ended(lgsco: Scheme) -> None:
    cases = [
        case("A", decided_at="2024-04-12"),
        case("B", decided_at="2024-05-31"),
        case("D", withdrawn_at="2024-04-10"),
    ]
    rows = measure(lgsco, cases=[*cases, case("E")], events=NOTHING, as_of="2024-05-31", targets=CASES, every="month")[
        CASES
    ].rows
    assert {row.period: (row.met, row.missed) for row in rows if row.met or row.missed} == {
        "Apr 2024": (2, 0),
        "May 2024": (0, 1),
    }


def test_other_parties_and_units_can_be_asked_for(lgsco: Scheme) -> None:
    scheme = lgsco.with_target(INTERVALS, parties=[O], limit="2 weeks")
    found = of_intervals(
        scheme, [case(decided_at="2024-04-26")], [contact("2024-04-11", O), contact("2024-04-02")], "2024-12-31"
    )
    assert [(row[1], row[3], row[4], row[5], row[6]) for row in found] == [
        (O, "2024-04-11", "2024-04-11", 14, "met"),
        (O, "2024-04-26", "2024-04-25", 15, "late"),
    ]


def test_a_contact_before_there_were_calendars_counts_for_nobody(lgsco: Scheme) -> None:
    """The first day of the year 1 is what some systems write for none."""
    first = date(1, 1, 1)
    cases = [case("A", "2024-01-02"), case("B", "2024-01-02")]
    events = [contact(date(2024, 3, 20), O, "A"), contact(first, C, "B"), contact(first, O, "B")]
    assert of_intervals(lgsco, cases, events, "2024-03-31") == of_intervals(lgsco, cases, events[:1], "2024-03-31")


@pytest.mark.parametrize("days", [(), ("2024-03-29",), ("2024-03-29", "2024-03-30", "2024-03-31")])
def test_what_ended_before_it_counts_as_received_has_no_interval(lgsco: Scheme, days: tuple[str, ...]) -> None:
    scheme = lgsco.with_target(INTERVALS, start="received_at", clock={"non_working_receipt": "next working day"})
    cases = [case("A", "2024-03-30", decided_at="2024-03-31") | {"received_at": "2024-03-30"}]
    assert of_intervals(scheme, cases, both(*days), "2024-12-31") == []


@pytest.mark.parametrize("limit", ["1 working day", "20 working days", "28 days", "4 weeks"])
@pytest.mark.parametrize("receipt", ["day 0", "day 1"])
def test_an_interval_is_too_long_where_its_elapsed_time_is_more_than_the_limit(
    lgsco: Scheme, limit: str, receipt: str
) -> None:
    scheme = lgsco.with_target(INTERVALS, limit=limit, clock={"day_of_receipt": receipt})
    allowed = {"1 working day": 1, "20 working days": 20}.get(limit, 28)
    days = [(date(2024, 3, 20) + timedelta(days=day)).isoformat() for day in range(60)]
    cases = [case(f"{begin} {end}", begin, decided_at=end) for begin in days[:14] for end in days if begin < end]
    for *_, elapsed, status in of_intervals(scheme, cases, [], "2024-12-31"):
        assert (status == "late") == (elapsed > allowed)
