"""The mean time that a clock took: of those that stopped, from exact sums."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, Scheme, assess, load_scheme, measure
from ombudsman_kpi.figures.row import Row

CALLS = "mean-answer-time"
CASES = "mean-handling-time"
NINE = datetime.fromisoformat("2024-04-02T09:00:00")


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    both = load_scheme("lgsco").with_target(
        CALLS, measure="average", says="Average answer time of 20 seconds or less", of="calls", start="offered_at",
        stop="answered_at", counted_in="seconds", standard="at most 20 seconds", cohort="received",
    )  # fmt: skip
    return both.with_target(
        CASES, measure="average", says="Cases take 30 days or less on average", of="cases", start="received_at",
        stop="decided_at", counted_in="calendar days", standard="at most 30 days", cohort="closed",
    )  # fmt: skip


Answered = Callable[..., Row]


@pytest.fixture(scope="module")
def answered(scheme: Scheme) -> Answered:
    """Measure calls, each given by the microseconds that its answer took."""

    def run(*micros: int, others: Sequence[dict[str, Any]] = (), as_of: object = "2024-04-30") -> Row:
        calls = [{"offered_at": NINE, "answered_at": NINE + timedelta(microseconds=wait)} for wait in micros]
        rows = measure(scheme, calls=[*calls, *others], targets=CALLS, as_of=as_of).rows
        assert len(rows) == 1
        return rows[0]

    return run


def cases(scheme: Scheme, *rows: dict[str, Any], as_of: object = "2024-12-31", **options: Any) -> Results:
    named = [{"case_id": f"C{place}", **row} for place, row in enumerate(rows)]
    return measure(scheme, cases=named, targets=CASES, as_of=as_of, **options)


@pytest.mark.parametrize(
    ("micros", "status"),
    [
        pytest.param([20_000_000], "met", id="exactly-20"),
        pytest.param([20_000_001], "missed", id="a-microsecond-more"),
        pytest.param([19_999_999, 20_000_001], "met", id="parts-that-make-exactly-20"),
        pytest.param([20_000_000, 20_000_000, 20_000_001], "missed", id="a-third-of-a-microsecond-more"),
        pytest.param([20_000_000, 20_000_000, 19_999_999], "met", id="a-third-of-a-microsecond-less"),
        pytest.param([0, 40_000_000], "met", id="at-once-and-40"),
        pytest.param([20_400_000], "missed", id="no-rounding-to-whole-seconds"),
        pytest.param([19_600_000, 20_300_000], "met", id="no-rounding-of-each"),
    ],
)
def test_a_mean_is_compared_as_exactly_as_the_standard_is_written(
    answered: Answered, micros: list[int], status: str
) -> None:
    row = answered(*micros)
    assert row.exact == Fraction(sum(micros), len(micros) * 1_000_000)
    assert row.status == status


def test_the_mean_is_the_sum_of_times_over_the_number_answered(answered: Answered) -> None:
    row = answered(10_500_000, 20_000_000, 24_000_000)
    assert (row.numerator, row.denominator, row.value, row.unit) == (54.5, 3, 54.5 / 3, "seconds")
    assert (row.low, row.high) == (row.value, row.value)
    assert (row.operator, row.standard, row.headroom) == ("at most", 20.0, None)
    assert answered(10_500_000, 19_500_000).numerator == 30


def test_the_wait_of_an_abandoned_call_is_no_time_to_answer(answered: Answered) -> None:
    gone = {"offered_at": NINE, "abandoned_at": NINE + timedelta(minutes=9)}
    row = answered(10_000_000, 30_000_000, others=[gone, gone])
    assert (row.value, row.denominator, row.status) == (20.0, 2, "met")
    assert (row.met, row.missed, row.pending, row.excluded, row.records) == (2, 0, 0, 2, 4)
    assert row.reasons == {("excluded", "abandoned"): 2}
    assert "2 abandoned" in row.note


def test_nothing_is_late_without_a_limit(answered: Answered) -> None:
    row = answered(10_000_000_000, 1_000_000)
    assert (row.met, row.missed, row.overdue) == (2, 0, 0)


def test_while_a_call_waits_the_mean_can_still_become_anything(answered: Answered) -> None:
    waiting = {"offered_at": NINE}
    row = answered(1_000_000, others=[waiting])
    assert (row.value, row.low, row.high, row.status) == (1.0, 1.0, None, "undetermined")
    assert (row.met, row.pending, row.denominator) == (1, 1, 1)
    assert row.words == ("1 still open",)


def test_a_mean_that_waiting_calls_can_only_make_longer_is_lost(answered: Answered) -> None:
    waiting = {"offered_at": NINE}
    row = answered(50_000_000, others=[waiting])  # the call that waits has waited for longer than that
    assert (row.value, row.low, row.high, row.status) == (50.0, 50.0, None, "missed")
    for second, low, status in (("00:51", 50.0, "missed"), ("00:50", None, "undetermined")):
        row = answered(50_000_000, others=[waiting | {"offered_at": NINE}], as_of=f"2024-04-02T09:{second}+01:00")
        assert (row.low, row.status) == (low, status)


def test_an_answer_that_came_after_as_of_is_not_known(answered: Answered) -> None:
    row = answered(10_000_000, 60_000_000, as_of="2024-04-02T09:00:59+01:00")
    assert (row.met, row.pending, row.value) == (1, 1, 10.0)
    row = answered(10_000_000, 60_000_000, as_of="2024-04-02T09:01:00+01:00")
    assert (row.met, row.pending, row.value) == (2, 0, 35.0)


def test_without_an_answer_there_is_no_mean(answered: Answered) -> None:
    row = answered(others=[{"offered_at": NINE, "abandoned_at": NINE}, {"offered_at": NINE}])
    assert (row.value, row.low, row.high, row.denominator, row.status) == (None, None, None, 0, "no data")


def test_an_answer_before_the_call_counts_for_nothing(answered: Answered) -> None:
    row = answered(5_000_000, -1)
    assert (row.value, row.denominator, row.invalid) == (5.0, 1, 1)


def test_an_answer_over_the_hour_that_occurs_twice_took_the_time_it_took(scheme: Scheme) -> None:
    call = {"offered_at": "2024-10-27T01:59:50", "answered_at": "2024-10-27T01:00:08"}  # the clocks went back
    row = measure(scheme, calls=[call], targets=CALLS, as_of="2024-10-31").rows[0]
    assert (row.value, row.status) == (18.0, "met")


def test_days_are_counted_to_the_decision_in_the_period_of_the_decision(scheme: Scheme) -> None:
    results = cases(
        scheme,
        {"received_at": "2024-03-28", "decided_at": "2024-04-27"},  # 30 days
        {"received_at": "2024-04-01", "decided_at": "2024-04-02"},  # 1
        {"received_at": "2024-04-01", "decided_at": "2024-05-31"},  # 60
        {"received_at": "2024-04-01", "decided_at": "2024-05-02T23:59:59"},  # 31
        {"received_at": "2024-04-01", "withdrawn_at": "2024-04-30"},
        {"received_at": "2024-04-01"},
        every="month",
    )
    found = {row.period: row for row in results}
    assert {name: row.exact for name, row in found.items()} == {
        "Apr 2024": Fraction(31, 2), "May 2024": Fraction(91, 2), "(no period)": None,
    }  # fmt: skip
    assert [row.status for row in results] == ["met", "missed", "no data"]
    assert found["Apr 2024"].reasons == {("excluded", "withdrawn"): 1}
    assert found["(no period)"].reasons == {("excluded", "still open"): 1}
    assert found["May 2024"].unit == "days"


def test_working_days_are_those_of_the_calendar(scheme: Scheme) -> None:
    changed = scheme.with_target(CASES, counted_in="working days", standard="at most 20 working days")
    days = [("2024-03-28", "2024-04-29"), ("2024-03-28", "2024-04-02"), ("2024-03-30", "2024-03-30")]  # 20, 1, 0
    row = cases(changed, *({"received_at": start, "decided_at": stop} for start, stop in days)).rows[0]
    assert (row.exact, row.numerator, row.unit) == (Fraction(7), 21, "working days")


def test_hours_are_a_unit_of_their_own(scheme: Scheme) -> None:
    changed = scheme.with_target(CALLS, counted_in="hours", standard="at most 1 hours")
    waits = [timedelta(minutes=90), timedelta(minutes=15)]
    calls = [{"offered_at": NINE, "answered_at": NINE + wait} for wait in waits]
    row = measure(changed, calls=calls, targets=CALLS, as_of="2024-04-30").rows[0]
    assert (row.exact, row.status, row.unit) == (Fraction(105, 120), "met", "hours")


def test_groups_and_years_add_up_by_sums_and_never_by_means(scheme: Scheme) -> None:
    waits = {"2024-04-02": [10, 10, 10], "2024-05-02": [50]}
    calls = [
        {"offered_at": f"{day}T09:00:00", "answered_at": f"{day}T09:00:{wait}", "line": day}
        for day, some in waits.items()
        for wait in some
    ]
    year, april, may = measure(
        scheme, calls=calls, targets=CALLS, as_of="2024-12-31", every=["financial-year", "month"]
    )
    assert (april.value, may.value, year.value) == (10.0, 50.0, 20.0)
    by = measure(scheme, calls=calls, targets=CALLS, as_of="2024-12-31", by="line")
    assert {row.group: row.value for row in by} == {("2024-04-02",): 10.0, ("2024-05-02",): 50.0}


def test_a_standard_that_is_expected_only_is_neither_kept_nor_broken(scheme: Scheme) -> None:
    call = {"offered_at": NINE, "answered_at": NINE + timedelta(seconds=30)}
    for standard in ("about 20 seconds", None):
        changed = scheme.with_target(CALLS, standard=standard)
        assert measure(changed, calls=[call], targets=CALLS, as_of="2024-04-30").rows[0].status == "no target"


def test_each_record_shows_its_own_time(scheme: Scheme) -> None:
    calls = [
        {"offered_at": NINE, "answered_at": NINE + timedelta(seconds=7, microseconds=1)},
        {"offered_at": NINE, "abandoned_at": NINE + timedelta(seconds=70)},
        {"offered_at": NINE},
    ]
    rows = assess(scheme, calls=calls, targets=CALLS, as_of="2024-04-30")
    assert rows["status"].tolist() == ["met", "excluded", "pending"]
    assert rows["reason"].tolist() == ["", "abandoned", ""]
    assert rows["elapsed"].iloc[0] == 7.000001
    assert rows["elapsed"].iloc[1] == 70  # of an abandoned one the time until then, of an open one until as_of
    assert rows["elapsed"].notna().all()
    assert rows["due"].isna().all()


def test_a_frame_and_a_table_give_the_mean_in_its_unit(scheme: Scheme) -> None:
    results = measure(
        scheme,
        calls=[{"offered_at": NINE, "answered_at": NINE + timedelta(seconds=9)}],
        targets=CALLS,
        as_of="2024-04-30",
    )
    frame = results.to_pandas()
    columns = ["measure", "unit", "numerator", "denominator", "value", "low", "high", "operator", "standard", "status"]
    assert frame[columns].to_numpy().tolist() == [
        ["average", "seconds", 9, 1, 9.0, 9.0, 9.0, "at most", 20.0, "met"],
    ]  # fmt: skip
    assert frame["headroom"].isna().all()
    line = next(line for line in repr(results).splitlines() if "✓ met" in line)
    assert "  9.0 seconds  at most 20 seconds  " in line
    assert CALLS in repr(results)


@settings(max_examples=settings().max_examples * 3 // 5)
@given(st.lists(st.integers(0, 3_000_000_000) | st.none(), min_size=1, max_size=30), st.integers(1, 4))
def test_the_mean_is_that_of_exact_fractions(waits: list[int | None], parts: int) -> None:
    scheme = load_scheme("lgsco").with_target(
        CALLS, measure="average", says="On average", of="calls", start="offered_at", stop="answered_at",
        counted_in="seconds", cohort="received",
    )  # fmt: skip
    calls = [
        {
            "offered_at": NINE,
            "answered_at": None if wait is None else NINE + timedelta(microseconds=wait),
            "abandoned_at": NINE if wait is None else None,
            "line": str(place % parts),
        }
        for place, wait in enumerate(waits)
    ]
    expected: dict[str, list[Fraction]] = {}
    for place, wait in enumerate(waits):
        expected.setdefault(str(place % parts), []).extend([] if wait is None else [Fraction(wait, 1_000_000)])
    rows = measure(scheme, calls=calls, targets=CALLS, as_of="2024-04-30", by="line")
    assert {row.group[0]: row.exact for row in rows} == {
        name: sum(some, Fraction()) / len(some) if some else None for name, some in expected.items()
    }


@settings(max_examples=settings().max_examples * 2 // 5)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 90)), min_size=1, max_size=20))
def test_the_mean_of_days_is_that_of_a_plain_loop(spans: list[tuple[int, int]]) -> None:
    scheme = load_scheme("lgsco").with_target(
        CASES, measure="average", says="On average", of="cases", start="received_at", stop="decided_at",
        counted_in="calendar days", cohort="closed",
    )  # fmt: skip
    first = date(2024, 1, 1)
    rows, expected = [], dict[str, list[int]]()
    for start, length in spans:
        received, decided = first + timedelta(days=start), first + timedelta(days=start + length)
        rows.append({"received_at": received, "decided_at": decided})
        expected.setdefault(f"{decided:%Y-%m}", []).append(length)
    found = cases(scheme, *rows, as_of="2025-12-31", every="month")
    assert {f"{row.period_start:%Y-%m}": row.exact for row in found if row.met} == {
        month: Fraction(sum(lengths), len(lengths)) for month, lengths in expected.items()
    }
