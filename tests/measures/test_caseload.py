"""The caseload: brought forward + received - closed = carried forward, and how old what is carried forward is."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import KpiError, Results, Scheme, SchemeError, Tally, WorkingCalendar, load_scheme, measure, tally
from ombudsman_kpi.calendars.periods import period_of

LOAD: dict[str, Any] = {
    "measure": "caseload", "says": "Our caseload", "of": "cases", "start": "received_at", "stop": "decided_at",
    "ages": ["20 working days", "8 weeks"], "cohort": "dated",
}  # fmt: skip
CALENDAR = WorkingCalendar.uk("england-and-wales")


def declared(**changes: Any) -> Scheme:
    return load_scheme("lgsco").with_target("load", **{**LOAD, **changes})


def measured(cases: list[dict[str, Any]], scheme: Scheme | None = None, **options: Any) -> Results:
    named = [{"case_id": f"C{place}", **case} for place, case in enumerate(cases)]
    return measure(scheme or declared(), cases=named, **{"as_of": "2024-06-30", "targets": "load", **options})


def parts(results: Results) -> dict[str, tuple[int, ...]]:
    names = ("brought_forward", "received", "closed", "carried_forward")
    return {row.period: (*(row.details[name] for name in names), *row.details["ages"].values()) for row in results}


def case(received: str, decided: str | None = None, **others: str) -> dict[str, Any]:
    return {"received_at": received, "decided_at": decided, **others}


# On paper. 20 working days from Thu 28 March 2024 end on Mon 29 April, 8 weeks on Thu 23 May.
ON_PAPER = [
    case("2024-03-28"),  # open to the end: 3 days old at the end of March, past 20 working days at the end of April
    case("2024-03-28", "2024-04-30"),
    case("2024-04-02", "2024-04-02"),  # received and closed on one day
    case("2024-04-30", withdrawn_at="2024-05-01"),  # in whatever way it ended
    case("2024-05-31", "2024-06-01"),
    case("2024-07-01"),  # later than as_of
]


def test_a_caseload_worked_out_on_paper() -> None:
    results = measured(ON_PAPER, every="month")
    assert parts(results) == {
        "Mar 2024": (0, 2, 0, 2, 2, 0, 0),
        "Apr 2024": (2, 2, 2, 2, 1, 1, 0),
        "May 2024": (2, 1, 1, 2, 1, 0, 1),
        "Jun 2024": (2, 0, 1, 1, 0, 0, 1),
    }
    april = results.rows[1]
    assert (april.value, april.pending, april.met, april.unit) == (2.0, 2, 2, "number")
    assert april.words == (
        "brought forward 2, received 2, closed 2, carried forward 2: 1 within 20 working days, 1 within 8 weeks, "
        "0 beyond 8 weeks",
    )
    (whole,) = measured(ON_PAPER)
    assert (whole.details["received"], whole.details["closed"], whole.value) == (5, 4, 1.0)
    assert whole.reasons == {("excluded", "not yet received"): 1}
    assert whole.records == 6


@pytest.mark.parametrize(
    ("day", "ages"),
    [("2024-04-29", (1, 0, 0)), ("2024-04-30", (0, 1, 0)), ("2024-05-23", (0, 1, 0)), ("2024-05-24", (0, 0, 1))],
)
def test_what_is_due_on_the_last_day_is_within_its_age(day: str, ages: tuple[int, ...]) -> None:
    (row,) = measured(ON_PAPER[:1], as_of=day)
    assert tuple(row.details["ages"].values()) == ages


def test_a_case_is_carried_from_when_it_became_one_of_those_concerned() -> None:
    scheme = declared(where={"allocated_at": {"present": True}})
    rows = [case("2024-03-28", allocated_at="2024-05-02"), case("2024-03-28")]
    assert {name: found[:4] for name, found in parts(measured(rows, scheme, every="month")).items()} == {
        "May 2024": (0, 1, 0, 1), "Jun 2024": (1, 0, 0, 1),
    }  # fmt: skip


def test_a_standard_is_for_the_end_of_the_period() -> None:
    scheme = declared(standard="no more than 1")
    found = {row.period: row.status for row in measured(ON_PAPER, scheme, every="month", as_of="2024-06-15")}
    assert found == {"Mar 2024": "missed", "Apr 2024": "missed", "May 2024": "missed", "Jun 2024": "undetermined"}


def test_without_ages_there_are_none() -> None:
    (row,) = measured(ON_PAPER, declared(ages=[]))
    assert row.words == ("brought forward 0, received 5, closed 4, carried forward 1",)


def test_what_does_not_add_up_is_an_error() -> None:
    options: dict[str, Any] = {"as_of": "2024-06-30", "targets": "load"}
    open_one = tally(declared(), cases=[{"case_id": "A", **ON_PAPER[0]}], **options)
    content = open_one.to_json()
    left = Tally.from_json(content.replace('"pending"', '"met"').replace('"joined"', '"left"'))
    with pytest.raises(
        KpiError, match=r"load.*doesn't add up: brought forward 0, received 0, closed 1, carried forward -1"
    ):
        left.results()
    assert [row.value for row in open_one.results()] == [1.0]


SPANS = st.lists(
    st.tuples(st.integers(0, 200), st.none() | st.integers(0, 120), st.sampled_from(["decided_at", "withdrawn_at"])),
    min_size=1, max_size=15,
)  # fmt: skip
FIRST, LAST = date(2024, 1, 5), date(2024, 8, 20)


def plain(spans: list[tuple[int, int | None, str]], first: date, last: date) -> tuple[int, ...]:
    """Count a period case by case: brought forward, received, closed, carried forward, and the three ages."""
    brought = received = closed = 0
    ages = [0, 0, 0]
    for start, length, _ in spans:
        came = FIRST + timedelta(start)
        left = None if length is None or came + timedelta(length) > LAST else came + timedelta(length)
        if came > last or (left is not None and left < first):
            continue
        brought += came < first
        received += came >= first
        closed += left is not None and left <= last
        if left is None or left > last:
            days = [came + timedelta(n) for n in range(1, (last - came).days + 1)]
            working = sum(CALENDAR.is_working_day(day) for day in days)
            off = bool(days) and not CALENDAR.is_working_day(last)  # older from the day after it was due on
            ages[0 if working + off <= 20 else 1 if len(days) <= 56 else 2] += 1
    return brought, received, closed, brought + received - closed, *ages


SCHEME = declared()


@settings(max_examples=40, deadline=None)
@given(SPANS)
def test_every_month_is_that_of_a_plain_loop_and_they_follow_on(spans: list[tuple[int, int | None, str]]) -> None:
    spans = [span for span in spans if FIRST + timedelta(span[0]) <= LAST] or [(0, None, "decided_at")]
    rows = [
        {"received_at": FIRST + timedelta(start), ended: None if length is None else FIRST + timedelta(start + length)}
        for start, length, ended in spans
    ]
    results = measured(rows, SCHEME, every="month", as_of=LAST)
    found = parts(results)
    months = [period_of(row.period_start, "month") for row in results if row.period_start]
    assert found == {month.label: plain(spans, month.start, min(month.end, LAST)) for month in months}
    carried = [row.details["carried_forward"] for row in results]
    assert [row.details["brought_forward"] for row in results] == [0, *carried[:-1]]
    assert all(sum(row.details["ages"].values()) == row.value for row in results)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ages": ["8 weeks", "20 working days"]}, "ages: nothing can be within 20 working days that isn't within one"),
        ({"ages": ["8 weeks", "8 weeks"]}, "ages: nothing can be within 8 weeks"),
        ({"ages": ["48 hours"]}, "ages: a caseload is counted at the close of days; write its ages in days or weeks"),
        ({"ages": ["soon"]}, "'soon' isn't a limit"),
        ({"cohort": "received"}, "no 'received' cohort"),
        ({"standard": "at most 20 working days"}, "standard: its unit is number"),
        ({"ages": [], "clock": {"day_of_receipt": "day 1"}}, "day_of_receipt means nothing"),
    ],
)
def test_what_is_no_caseload_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemeError, match=words):
        declared(**changes)
