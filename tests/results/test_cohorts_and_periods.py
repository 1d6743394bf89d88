"""Which records count in a period, and the figures that come of them; every number was worked by hand."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from ombudsman_kpi import Results, Scheme, load_scheme, measure
from ombudsman_kpi.calendars.periods import EVERY
from ombudsman_kpi.clocks.outcomes import COHORTS
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.share_within import ShareWithin

TARGET = "decided-or-allocated-20wd"
CLOSE = "2024-04-30"

Case = dict[str, Any]

CASES: list[Case] = [  # due on
    {"case_id": "in time", "received_at": "2024-01-04", "decided_at": "2024-01-10"},  # 1 February
    {"case_id": "late", "received_at": "2024-01-04", "decided_at": "2024-04-10"},  # 1 February
    {"case_id": "on the due day", "received_at": "2024-02-05", "allocated_at": "2024-03-04"},  # 4 March
    {"case_id": "withdrawn", "received_at": "2024-02-05", "withdrawn_at": "2024-02-06"},  # 4 March
    {"case_id": "overdue", "received_at": "2024-03-28"},  # 29 April
    {"case_id": "pending", "received_at": "2024-04-15"},  # 14 May
    {"case_id": "later", "received_at": "2024-05-10"},
]

MET: Case = {"received_at": "2024-04-15", "decided_at": "2024-04-16"}
MISSED: Case = {"received_at": "2024-01-04", "decided_at": "2024-04-10"}
PENDING: Case = {"received_at": "2024-04-15"}


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def by_month(lgsco: Scheme) -> Callable[..., list[Row]]:
    """Measure cases by month."""

    def run(cases: Sequence[Case], cohort: str, as_of: str = CLOSE, **changes: object) -> list[Row]:
        scheme = lgsco.with_target(TARGET, **changes) if changes else lgsco
        named = [{"case_id": f"C{place}", **case} for place, case in enumerate(cases)]
        return list(measure(scheme, cases=named, as_of=as_of, every="month", cohort=cohort, targets=TARGET))

    return run


def counts(rows: Iterable[Row]) -> list[tuple[object, ...]]:
    return [(row.period, row.records, row.met, row.missed, row.overdue, row.pending, row.excluded) for row in rows]


# period, records, met, missed, of which overdue, pending, excluded
RECEIVED = [
    ("Jan 2024", 2, 1, 1, 0, 0, 0),
    ("Feb 2024", 2, 1, 0, 0, 0, 1),
    ("Mar 2024", 1, 0, 1, 1, 0, 0),
    ("Apr 2024", 1, 0, 0, 0, 1, 0),
    ("(no period)", 1, 0, 0, 0, 0, 1),
]
CLOSED = [
    ("Jan 2024", 1, 1, 0, 0, 0, 0),
    ("Feb 2024", 1, 0, 0, 0, 0, 1),
    ("Mar 2024", 1, 1, 0, 0, 0, 0),
    ("Apr 2024", 1, 0, 1, 0, 0, 0),
    ("(no period)", 3, 0, 0, 0, 0, 3),
]
DUE = [
    ("Feb 2024", 2, 1, 1, 0, 0, 0),
    ("Mar 2024", 2, 1, 0, 0, 0, 1),
    ("Apr 2024", 1, 0, 1, 1, 0, 0),
    ("May 2024", 1, 0, 0, 0, 1, 0),
    ("(no period)", 1, 0, 0, 0, 0, 1),
]


@pytest.mark.parametrize(
    ("cohort", "expected"),
    [("received", RECEIVED), ("closed", CLOSED), ("due", DUE)],
    ids=["received", "closed", "due"],
)
def test_each_cohort_counts_a_record_in_the_month_of_its_own_day(
    by_month: Callable[..., list[Row]], cohort: str, expected: list[tuple[object, ...]]
) -> None:
    assert counts(by_month(CASES, cohort)) == expected


def test_the_reasons_for_what_is_left_out_stand_in_the_note(by_month: Callable[..., list[Row]]) -> None:
    notes = [row.note for row in by_month(CASES, "closed")]
    assert notes[:-1] == ["", "excluded: 1 withdrawn", "", ""]
    assert notes[-1].startswith("excluded: 1 not yet received, 1 still open, 1 still open")
    assert "overdue" in notes[-1]


def test_without_periods_a_cohort_is_everything(lgsco: Scheme) -> None:
    rows = measure(lgsco, cases=CASES, as_of=CLOSE, cohort="all", targets=TARGET)
    assert [(row.cohort, *counts([row])[0]) for row in rows] == [
        ("received", "all", 7, 2, 2, 1, 1, 2),
        ("closed", "all", 7, 2, 1, 0, 0, 4),
        ("due", "all", 7, 2, 2, 1, 1, 2),
    ]


@pytest.mark.parametrize(
    ("received", "clock", "month"),
    [
        pytest.param("2024-03-30", {}, "Mar 2024", id="a-saturday"),
        pytest.param("2024-03-30", {"non_working_receipt": "next working day"}, "Apr 2024", id="deemed-in-april"),
        pytest.param("2024-01-31T17:30:00", {}, "Jan 2024", id="an-evening"),
        pytest.param("2024-01-31T17:30:00", {"cut_off": "17:00"}, "Feb 2024", id="after-the-cut-off"),
        pytest.param("2024-06-30T23:30:00Z", {}, "Jul 2024", id="past-midnight-in-london"),
    ],
)
def test_a_record_is_received_in_the_month_in_which_its_clock_starts(
    by_month: Callable[..., list[Row]], received: str, clock: dict[str, str], month: str
) -> None:
    rows = by_month([{"received_at": received}], "received", "2024-12-31", clock=clock)
    assert [row.period for row in rows] == [month]


@pytest.mark.parametrize(
    ("ended", "month"),
    [
        pytest.param({"withdrawn_at": "2024-05-07"}, "May 2024", id="withdrawn-too-late"),
        pytest.param({"closed_at": "2024-05-07"}, "May 2024", id="closed-too-late"),
        pytest.param({"decided_at": "2024-06-30T23:30:00Z"}, "Jul 2024", id="decided-past-midnight-in-london"),
    ],
)
def test_what_ended_without_being_met_counts_as_stopped_on_that_day(
    by_month: Callable[..., list[Row]], ended: dict[str, str], month: str
) -> None:
    (row,) = by_month([{"received_at": "2024-01-04", **ended}], "closed", "2024-12-31")
    assert (row.period, row.missed) == (month, 1)


def test_an_abandoned_call_is_closed_when_it_was_abandoned(lgsco: Scheme) -> None:
    call = {"offered_at": "2024-03-31T23:59:30", "answered_at": None, "abandoned_at": "2024-04-01T00:00:10"}
    rows = measure(lgsco, calls=[call], as_of=CLOSE, every="month", cohort="all", targets="intake-calls-60s")
    assert [(row.cohort, row.period, row.missed) for row in rows] == [
        ("received", "Mar 2024", 1),
        ("closed", "Apr 2024", 1),
        ("due", "Apr 2024", 1),
    ]


def test_a_month_without_a_record_is_shown_without_a_value(by_month: Callable[..., list[Row]]) -> None:
    rows = by_month([CASES[0], {"received_at": "2024-04-02", "decided_at": "2024-04-03"}], "received")
    assert [(row.period, row.records, row.value, row.low, row.high, row.status) for row in rows] == [
        ("Jan 2024", 1, 1.0, 1.0, 1.0, "met"),
        ("Feb 2024", 0, None, None, None, "no data"),
        ("Mar 2024", 0, None, None, None, "no data"),
        ("Apr 2024", 1, 1.0, 1.0, 1.0, "met"),
    ]


def test_every_group_has_every_month(lgsco: Scheme) -> None:
    cases = [
        {"case_id": "A", "received_at": "2024-01-04", "team": "North"},
        {"case_id": "B", "received_at": "2024-03-05", "team": "South"},
        {"case_id": "C", "received_at": "2024-03-05", "team": None},
    ]
    rows = measure(lgsco, cases=cases, as_of=CLOSE, every="month", by="team", targets=TARGET)
    assert [(row.period, *row.group, row.records) for row in rows] == [
        ("Jan 2024", "(not recorded)", 0),
        ("Jan 2024", "North", 1),
        ("Jan 2024", "South", 0),
        ("Feb 2024", "(not recorded)", 0),
        ("Feb 2024", "North", 0),
        ("Feb 2024", "South", 0),
        ("Mar 2024", "(not recorded)", 1),
        ("Mar 2024", "North", 0),
        ("Mar 2024", "South", 1),
    ]


@pytest.mark.parametrize(
    ("as_of", "complete"),
    [
        pytest.param("2024-06-29", False, id="a-day-too-early"),
        pytest.param("2024-06-30", True, id="the-close-of-the-last-day"),
        pytest.param("2024-06-30T23:59:59", False, id="a-second-before-its-end"),
        pytest.param("2024-07-01T00:00:00", True, id="the-midnight-of-its-end"),
        pytest.param("2024-07-01T00:30:00", True, id="half-an-hour-after-its-end"),
        pytest.param("2024-06-30T23:30:00Z", True, id="that-half-hour-in-another-zone"),
        pytest.param("2024-07-02", True, id="later"),
    ],
)
def test_a_period_that_as_of_cuts_is_not_complete(
    by_month: Callable[..., list[Row]], as_of: str, complete: bool
) -> None:
    (row,) = by_month([{"received_at": "2024-06-03", "decided_at": "2024-06-04"}], "received", as_of)
    assert row.complete is complete


def test_a_period_still_to_come_is_not_complete(by_month: Callable[..., list[Row]]) -> None:
    assert [(row.period, row.complete) for row in by_month([PENDING], "due")] == [("May 2024", False)]


def test_nothing_is_ever_complete_without_a_date(by_month: Callable[..., list[Row]]) -> None:
    assert [row.complete for row in by_month(CASES, "received")] == [True, True, True, True, False]


FIGURES = [  # met, missed, pending, standard: value, low, high, headroom, status
    pytest.param(2, 1, 2, "40%", 2 / 3, 0.4, 0.8, 2, "met", id="met-even-if-all-pending-miss"),
    pytest.param(1, 2, 2, "40%", 1 / 3, 0.2, 0.6, 1, "undetermined", id="one-of-two-pending-may-miss"),
    pytest.param(2, 3, 1, "40%", 0.4, 1 / 3, 0.5, 0, "undetermined", id="the-pending-one-decides"),
    pytest.param(0, 4, 1, "40%", 0.0, 0.0, 0.2, -1, "missed", id="missed-even-if-all-pending-are-met"),
    pytest.param(0, 0, 3, "40%", None, 0.0, 1.0, 1, "no data", id="all-are-pending"),
    pytest.param(2, 3, 0, "40%", 0.4, 0.4, 0.4, 0, "met", id="exactly-the-standard"),
    pytest.param(7, 93, 0, "7%", 0.07, 0.07, 0.07, 0, "met", id="exactly-seven-in-a-hundred"),
    pytest.param(14, 86, 0, "14%", 0.14, 0.14, 0.14, 0, "met", id="exactly-fourteen-in-a-hundred"),
    pytest.param(57, 43, 0, "57%", 0.57, 0.57, 0.57, 0, "met", id="exactly-fifty-seven-in-a-hundred"),
    pytest.param(48, 1, 0, "98%", 48 / 49, 48 / 49, 48 / 49, -1, "missed", id="rounded-it-would-be-98"),
    pytest.param(49, 1, 0, "98%", 0.98, 0.98, 0.98, 0, "met", id="one-more-is-98"),
    pytest.param(97, 1, 2, "98%", 97 / 98, 0.97, 0.99, 1, "undetermined", id="pending-at-98"),
    pytest.param(1, 7, 0, "12.5%", 0.125, 0.125, 0.125, 0, "met", id="a-standard-with-a-decimal"),
    pytest.param(1, 7, 0, "12.51%", 0.125, 0.125, 0.125, -1, "missed", id="just-below-one"),
    pytest.param(3, 0, 0, "100%", 1.0, 1.0, 1.0, 0, "met", id="all-of-them"),
    pytest.param(3, 0, 1, "100%", 1.0, 0.75, 1.0, 0, "undetermined", id="all-so-far"),
    pytest.param(0, 3, 0, "0%", 0.0, 0.0, 0.0, 0, "met", id="a-standard-of-nothing"),
]


@pytest.mark.parametrize(
    ("met", "missed", "pending", "standard", "value", "low", "high", "headroom", "status"), FIGURES
)
def test_bounds_headroom_and_status_are_those_worked_by_hand(
    by_month: Callable[..., list[Row]],
    lgsco: Scheme,
    met: int,
    missed: int,
    pending: int,
    standard: str,
    value: float | None,
    low: float,
    high: float,
    headroom: int,
    status: str,
) -> None:
    cases = [
        {"case_id": f"C{place}", **case}
        for place, case in enumerate([MET] * met + [MISSED] * missed + [PENDING] * pending)
    ]
    scheme = lgsco.with_target(TARGET, standard=f"at least {standard}")
    (row,) = measure(scheme, cases=cases, as_of=CLOSE, targets=TARGET)
    assert (row.met, row.missed, row.pending) == (met, missed, pending)
    assert (row.numerator, row.denominator) == (met, met + missed)
    assert (row.value, row.low, row.high) == (value, low, high)
    assert (row.headroom, row.status) == (headroom, status)


@pytest.mark.parametrize(
    ("met", "missed", "pending", "status"),
    [
        pytest.param(1, 9, 0, "met", id="exactly"),
        pytest.param(2, 8, 0, "missed", id="one-too-many"),
        pytest.param(1, 18, 1, "met", id="met-even-if-the-pending-one-is"),
        pytest.param(1, 8, 1, "undetermined", id="the-pending-one-decides"),
    ],
)
def test_a_share_of_at_most_is_compared_the_other_way_round(
    lgsco: Scheme, met: int, missed: int, pending: int, status: str
) -> None:
    cases = [
        {"case_id": f"C{place}", **case}
        for place, case in enumerate([MET] * met + [MISSED] * missed + [PENDING] * pending)
    ]
    scheme = lgsco.with_target(TARGET, standard="at most 10%")
    (row,) = measure(scheme, cases=cases, as_of=CLOSE, targets=TARGET)
    assert (row.operator, row.standard, row.status) == ("at most", 0.1, status)


def test_without_a_standard_there_is_a_value_and_nothing_to_compare_it_with(lgsco: Scheme) -> None:
    requests = [
        {"request_id": "A", "kind": "service-complaint", "received_at": "2024-04-02", "answered_at": "2024-04-03"},
        {"request_id": "B", "kind": "post-decision-review", "received_at": "2024-04-02"},
    ]
    (row,) = measure(lgsco, requests=requests, as_of=CLOSE, targets="service-complaints-20wd")
    assert (row.value, row.standard, row.headroom, row.status) == (1.0, None, None, "no target")
    assert (row.met, row.excluded, row.note) == (1, 1, "excluded: 1 kind is not service-complaint")


def test_what_is_not_measured_says_why(lgsco: Scheme) -> None:
    read = {
        "measure": "not measured",
        "says": "Cases are read",
        "of": "cases",
        "cohort": "closed",
        "reason": "it's read",
    }
    rows = {row.target: row for row in measure(lgsco.with_target("read", **read), cases=CASES, as_of=CLOSE)}
    assert rows["intake-calls-60s"].status == "not measured"
    assert rows["intake-calls-60s"].note == "no calls were given"
    assert rows["intake-calls-60s"].records is None
    assert rows["read"].note == "it's read"


@pytest.mark.parametrize(
    ("received", "changes", "provisional"),
    [
        pytest.param("2028-11-29", {}, False, id="due-on-29-december-2028"),
        pytest.param("2028-11-30", {}, True, id="due-on-2-january-2029"),
        pytest.param("2028-11-30", {"limit": "13 weeks"}, False, id="weeks-need-no-bank-holidays"),
        pytest.param(
            "2028-11-30",
            {"limit": "13 weeks", "clock": {"non_working_due": "next working day"}},
            True,
            id="weeks-that-roll-do",
        ),
    ],
)
def test_a_due_day_after_the_last_announced_year_is_provisional(
    by_month: Callable[..., list[Row]], received: str, changes: dict[str, Any], provisional: bool
) -> None:
    (row,) = by_month([{"received_at": received}], "due", "2028-12-01", **changes)
    assert row.provisional is provisional


def test_only_the_months_with_such_a_due_day_are_provisional(by_month: Callable[..., list[Row]]) -> None:
    rows = by_month([{"received_at": "2028-11-29"}, {"received_at": "2028-11-30"}], "due", "2028-12-01")
    assert [(row.period, row.provisional) for row in rows] == [("Dec 2028", False), ("Jan 2029", True)]


@pytest.fixture(scope="module")
def everything(lgsco: Scheme) -> Results:
    """Measure records of every kind, good and bad, by every cohort and every period."""
    scheme = lgsco.with_target(
        "orders-complied",
        says="orders are complied with by their day",
        of="orders",
        stop="complied_at",
        limit={"field": "due_at"},
        cohort="due",
    )
    return measure(scheme, **records(), as_of="2024-03-15", every=[None, *EVERY], cohort="all", by="team")


NUMBER = 150


def records() -> dict[str, Any]:
    """Make as many records of every kind, over three years: open, ended, contradictory, out of range."""
    chance = Random(11)  # noqa: S311
    noon = datetime.fromisoformat("2021-10-01T12:00:00")

    def moment(earliest: timedelta, latest: timedelta, often: float = 1) -> datetime | None:
        if chance.random() > often:
            return None
        span = latest - earliest
        return noon + shift + earliest + timedelta(seconds=round(chance.random() * span.total_seconds()))

    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("calls", "written_contacts", "cases")}
    found |= {name: [] for name in ("requests", "orders")}
    day, minute = timedelta(days=1), timedelta(minutes=1)
    for place in range(NUMBER):
        shift = timedelta(days=chance.randrange(1000)) if place % 25 else timedelta(days=365 * -40)
        own = {"team": chance.choice(["North", "South", "East", None])}
        called, received = noon + shift, noon + shift
        found["calls"].append(
            own
            | {"offered_at": called, "answered_at": moment(-minute / 10, 2 * minute, 0.7)}
            | {"abandoned_at": moment(timedelta(), 2 * minute, 0.3)}
        )
        found["written_contacts"].append(
            own | {"contact_id": f"W{place}", "received_at": received, "handled_at": moment(-day, 8 * day, 0.8)}
        )
        found["cases"].append(
            own
            | {
                "case_id": f"C{place - place % 40 // 39}",
                "received_at": received,
                "valid_at": moment(day, 3 * day, 0.9),
            }
            | {"allocated_at": moment(day, 50 * day, 0.6), "decided_at": moment(day, 400 * day, 0.7)}
            | {"withdrawn_at": moment(day, 60 * day, 0.1), "closed_at": moment(9 * day, 500 * day, 0.5)}
        )
        kind = chance.choice(["service-complaint", "post-decision-review", "stage-1"])
        found["requests"].append(
            own
            | {"request_id": f"R{place}", "kind": kind, "received_at": received}
            | {"answered_at": moment(timedelta(), 40 * day, 0.8)}
        )
        found["orders"].append(
            own | {"case_id": "C", "due_at": moment(day, 90 * day), "complied_at": moment(day, 120 * day, 0.7)}
        )
    return found


def test_no_record_is_lost_by_any_target_cohort_or_period(lgsco: Scheme, everything: Results) -> None:
    totals: Counter[tuple[str, str, str]] = Counter()
    for row in everything:
        if row.records is not None:
            assert None not in {row.met, row.missed, row.pending, row.excluded, row.invalid}
            parts = ((row.met or 0), (row.missed or 0), (row.pending or 0), (row.excluded or 0), (row.invalid or 0))
            assert row.records == sum(parts)
            totals[row.target, row.cohort, row.every] += sum(parts)
    measured = [target for target in everything.scheme.targets if isinstance(target, ShareWithin)]
    expected = {
        (target.id, cohort, every): NUMBER
        for target in measured
        for cohort in target.cohorts
        for every in ("all", *EVERY)
    }
    assert totals == expected
    assert {target.id for target in measured} > {target.id for target in lgsco.targets if target.of == "calls"}


def test_the_made_up_records_have_outcomes_of_every_kind(everything: Results) -> None:
    rows = [row for row in everything if row.target == TARGET and row.every == "all" and row.cohort == "received"]
    for name in ("met", "missed", "overdue", "pending", "excluded", "invalid"):
        assert sum(getattr(row, name) for row in rows) > 0, name


def test_every_row_holds_together(everything: Results) -> None:
    for row in everything:
        if row.records is None:
            continue
        assert row.met is not None
        assert row.missed is not None
        assert row.pending is not None
        denominator, whole = row.met + row.missed, row.met + row.missed + row.pending
        assert (row.numerator, row.denominator) == (row.met, denominator)
        assert row.value == (row.met / denominator if denominator else None)
        assert row.low == (row.met / whole if whole else None)
        assert row.high == ((row.met + row.pending) / whole if whole else None)
        assert (row.status == "no data") is (denominator == 0)


def test_the_closed_cohort_has_nothing_open_and_no_doubt(everything: Results) -> None:
    rows = [row for row in everything if row.cohort == "closed" and row.records is not None]
    assert len(rows) > 100
    assert all((row.pending, row.overdue) == (0, 0) for row in rows)
    assert all(row.low == row.value == row.high for row in rows)


FIGURES_THAT_ADD_UP = ("records", "met", "missed", "overdue", "pending", "excluded", "invalid")


@pytest.mark.parametrize("cohort", COHORTS[:3])
@pytest.mark.parametrize("every", ["two-month", "quarter", "half-year", "financial-year", "year"])
def test_months_add_up_to_longer_periods(everything: Results, every: str, cohort: str) -> None:
    def start(day: date) -> date:
        """Give the first day of the period that a month belongs to; the financial year begins on 1 April."""
        months = {"two-month": 2, "quarter": 3, "half-year": 6, "financial-year": 12, "year": 12}[every]
        first = 1 if every == "year" else 4
        back = (day.month - first) % 12 % months
        year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
        return date(year, month + 1, 1)

    def add_up(every: str, begin: Callable[[date], date]) -> Counter[tuple[object, ...]]:
        sums: Counter[tuple[object, ...]] = Counter()
        for row in everything:
            if row.every == every and row.cohort == cohort and row.records is not None:
                period = None if row.period_start is None else begin(row.period_start)
                for name in FIGURES_THAT_ADD_UP:
                    sums[row.target, row.group, period, name] += getattr(row, name)
        return +sums

    longer = add_up(every, lambda day: day)
    assert longer == add_up("month", start)
    assert len({period for _, _, period, _ in longer}) > 2


@pytest.mark.parametrize("every", EVERY)
def test_periods_follow_one_another_without_a_gap(everything: Results, every: str) -> None:
    for target in (TARGET, "orders-complied"):
        rows = [row for row in everything if (row.target, row.every, row.cohort) == (target, every, "due")]
        spans = sorted({(row.period_start, row.period_end) for row in rows if row.period_start and row.period_end})
        assert all(start == end + timedelta(days=1) for (_, end), (start, _) in pairwise(spans))
        assert len(spans) > 1
