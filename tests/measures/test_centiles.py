"""Medians and centiles: the smallest time that enough clocks don't exceed, exact and never between two times."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, SchemeError, Tally, assess, load_scheme, measure, tally
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.places import RowTimes

NINE = datetime.fromisoformat("2024-04-02T09:00:00")
CALLS: dict[str, Any] = {
    "says": "Most calls are answered soon", "of": "calls", "start": "offered_at", "stop": "answered_at",
    "counted_in": "seconds", "cohort": "received",
}  # fmt: skip


def declared(**changes: Any) -> Scheme:
    return load_scheme("lgsco").with_target("times", **{"measure": "centile", "centile": 95, **CALLS, **changes})


MEDIAN = load_scheme("lgsco").with_target("times", **{"measure": "median", **CALLS})


def calls(micros: Sequence[int], waiting: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Give answered calls by the microseconds that they waited, and others that wait since before half past nine."""
    answered = [{"offered_at": NINE, "answered_at": NINE + timedelta(microseconds=wait)} for wait in micros]
    half_past = NINE + timedelta(minutes=30)
    return [*answered, *({"offered_at": half_past - timedelta(microseconds=wait)} for wait in waiting)]


def row_of(
    scheme: Scheme, micros: Sequence[int], waiting: Sequence[int] = (), as_of: str = "2024-04-02T09:30:00+01:00"
) -> Row:
    (row,) = measure(scheme, calls=calls(micros, waiting), targets="times", as_of=as_of)
    return row


SECOND = 1_000_000


def seconds(*values: float) -> list[int]:
    return [round(value * SECOND) for value in values]


@pytest.mark.parametrize(
    ("centile", "times", "expected"),
    [
        (50, (10, 20), 10),  # half of them don't exceed 10; never 15
        (50, (10, 20, 30), 20),
        (95, range(1, 21), 19),  # 19 of 20 are 95%
        (95, range(1, 22), 20),  # 19 of 21 are less, 20 are more
        (95, range(1, 101), 95),
        (99.5, range(1, 201), 199),
        (99.5, range(1, 202), 200),
        (100, (3, 9, 4), 9),
        (1, (3, 9, 4), 3),
        (95, (7,), 7),
    ],
)
def test_centiles_worked_out_by_hand(centile: float, times: Sequence[int], expected: int) -> None:
    row = row_of(declared(centile=centile), seconds(*times))
    assert (row.value, row.denominator, row.numerator, row.unit) == (expected, len(times), None, "seconds")


def test_times_are_exact_and_never_rounded_to_whole_units() -> None:
    row = row_of(MEDIAN, [19_999_999, 20_000_001, 90_000_000])
    assert row.exact == Fraction(20_000_001, SECOND)
    hours = load_scheme("lgsco").with_target("times", **{"measure": "median", **CALLS, "counted_in": "hours"})
    assert row_of(hours, seconds(90 * 60), as_of="2024-04-30").exact == Fraction(3, 2)


@pytest.mark.parametrize(
    ("standard", "micros", "status"),
    [
        ("at most 120 seconds", 120_000_000, "met"),
        ("at most 120 seconds", 120_000_001, "missed"),
        ("less than 120 seconds", 120_000_000, "missed"),
        ("about 120 seconds", 300_000_000, "no target"),
    ],
)
def test_a_centile_is_compared_as_exactly_as_the_standard_is_written(standard: str, micros: int, status: str) -> None:
    assert row_of(declared(standard=standard), [micros] * 19 + seconds(900)).status == status


def test_abandoned_calls_are_left_out_and_without_an_answer_there_is_none() -> None:
    gone = {"offered_at": NINE, "abandoned_at": NINE + timedelta(minutes=9)}
    (row,) = measure(declared(), calls=[*calls(seconds(5)), gone], targets="times", as_of="2024-04-30")
    assert (row.value, row.denominator, dict(row.reasons)) == (5, 1, {("excluded", "abandoned"): 1})
    (row,) = measure(declared(), calls=[gone], targets="times", as_of="2024-04-30")
    assert (row.value, row.low, row.high, row.status) == (None, None, None, "no data")


def test_what_still_waits_leaves_bounds() -> None:
    row = row_of(MEDIAN, seconds(10, 20, 30), waiting=seconds(5))  # at once: 5 10 20 30; never: 10 20 30 and no end
    assert (row.value, row.low, row.high, row.pending) == (20, 10.0, 20.0, 1)
    row = row_of(MEDIAN, seconds(10), waiting=seconds(5, 90))  # at once: 5 10 90; never: the second of three has no end
    assert (row.value, row.low, row.high) == (10, 10.0, None)
    assert row.words == ("2 still open",)


@pytest.mark.parametrize(
    ("standard", "status"),
    [("at most 20 seconds", "met"), ("at most 15 seconds", "undetermined"), ("at most 9 seconds", "missed"),
     ("at least 10 seconds", "met"), ("at least 15 seconds", "undetermined"), ("at least 21 seconds", "missed")],
)  # fmt: skip
def test_a_standard_is_judged_once_nothing_open_can_change_it(standard: str, status: str) -> None:
    scheme = MEDIAN.with_target("times", standard=standard)
    assert row_of(scheme, seconds(10, 20, 30), waiting=seconds(5)).status == status


def test_periods_and_groups_are_of_their_own_records_and_years_of_all() -> None:
    rows = [
        {"offered_at": f"2024-0{month}-02T09:00:00", "answered_at": f"2024-0{month}-02T09:00:{wait:02}", "line": line}
        for month, line, waits in ((4, "a", (10, 20, 30)), (4, "b", (50,)), (5, "a", (40, 41)))
        for wait in waits
    ]
    results = measure(MEDIAN, calls=rows, targets="times", as_of="2024-12-31", every=["month", "year"], by="line")
    found = {(row.period, row.group[0]): row.exact for row in results}
    assert found == {
        ("Apr 2024", "a"): 20, ("Apr 2024", "b"): 50, ("May 2024", "a"): 40, ("May 2024", "b"): None,
        ("2024", "a"): 30, ("2024", "b"): 50,
    }  # fmt: skip


def test_each_record_shows_its_own_time_in_the_unit() -> None:
    rows = assess(MEDIAN, calls=calls([7_000_001]), targets="times", as_of="2024-04-30")
    assert rows["elapsed"].tolist() == [7.000001]


def test_a_table_says_which_centile_it_is() -> None:
    results = measure(
        declared(standard="at most 2 seconds"), calls=calls(seconds(1.5)), targets="times", as_of="2024-04-30"
    )
    first, second = repr(results).splitlines()[5:7]
    assert "  1.5 seconds  at most 2 seconds  ✓ met" in first
    assert second == "  times, centile 95"


@pytest.mark.parametrize("centile", [0, -5, 100.1, 200, float("nan"), True, "95", "most", None, [95]])
def test_a_centile_is_between_0_and_100(centile: Any) -> None:
    with pytest.raises(SchemeError, match="target times: centile: a number above 0 and up to 100 is wanted"):
        declared(centile=centile)


def test_a_month_that_is_taken_away_is_taken_out_of_the_year() -> None:
    options: dict[str, Any] = {"targets": "times", "as_of": "2024-04-30"}
    some, others = calls(seconds(3, 5, 9, 1)), calls(seconds(2, 2, 8))
    whole = tally(MEDIAN, calls=[*some, *others], **options)
    (row,) = (whole - tally(MEDIAN, calls=others, **options)).results()
    assert row.exact == 3
    assert Tally.from_json(whole.to_json()).results().rows == whole.results().rows


def plain(times: Sequence[int], percent: float) -> int | None:
    """Give the first of the sorted times that enough of them don't exceed."""
    enough = ceil(Fraction(str(percent)) * len(times) / 100)
    return next((time for time in sorted(times) if sum(other <= time for other in times) >= enough), None)


WAITS = st.integers(0, 40) | st.integers(0, 3_000_000_000)


@settings(max_examples=80, deadline=None)
@given(st.lists(WAITS, max_size=30), st.lists(WAITS.filter(lambda wait: wait < 1_800_000_000), max_size=4),
       st.sampled_from([1, 25, 50, 75, 90, 95, 99.9, 100]))  # fmt: skip
def test_centiles_and_bounds_are_those_of_a_plain_loop(waits: list[int], waiting: list[int], percent: float) -> None:
    row = row_of(declared(centile=percent), waits, waiting, as_of="2024-04-02T09:30:00+01:00")
    answered = [wait for wait in waits if wait <= 1_800_000_000]  # as known at half past nine
    open_ones = [*waiting, *[1_800_000_000] * (len(waits) - len(answered))]
    value = plain(answered, percent)
    assert row.exact == (None if value is None else Fraction(value, SECOND))
    never = 10**12
    if answered:
        low, high = plain([*answered, *open_ones], percent), plain([*answered, *[never] * len(open_ones)], percent)
        assert row.low == (None if low is None else low / SECOND)
        assert row.high == (None if high in {None, never} else (high or 0) / SECOND)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 90)), min_size=1, max_size=20), st.integers(1, 100))
def test_centiles_of_days_are_those_of_a_plain_loop(spans: list[tuple[int, int]], percent: int) -> None:
    scheme = load_scheme("lgsco").with_target(
        "times", measure="centile", centile=percent, says="Soon", of="cases", start="received_at", stop="decided_at",
        counted_in="calendar days", cohort="closed",
    )  # fmt: skip
    first, rows, expected = date(2024, 1, 1), [], dict[str, list[int]]()
    for place, (start, length) in enumerate(spans):
        decided = first + timedelta(start + length)
        rows.append({"case_id": str(place), "received_at": first + timedelta(start), "decided_at": decided})
        expected.setdefault(f"{decided:%Y-%m}", []).append(length)
    found = measure(scheme, cases=rows, targets="times", as_of="2025-12-31", every="month")
    assert {f"{row.period_start:%Y-%m}": row.exact for row in found if row.met} == {
        month: plain(lengths, percent) for month, lengths in expected.items()
    }


COUNTED = st.dictionaries(st.integers(0, 50), st.integers(1, 9), max_size=8)


@given(st.lists(COUNTED, min_size=1, max_size=6), st.integers(1, 16))
def test_of_many_groups_each_has_the_time_that_numpy_finds_among_all_of_its_own(
    rows: list[dict[int, int]], n: int
) -> None:
    """Sixteenths are exact as floats, so that numpy's method of the same definition finds the same one."""
    cells = [(elapsed, number) for row in rows for elapsed, number in sorted(row.items())]
    elapsed, numbers = (np.array([cell[place] for cell in cells], np.int64) for place in (0, 1))
    times = RowTimes(elapsed, np.cumsum(numbers), np.cumsum([0, *map(len, rows)]))
    totals = [sum(row.values()) for row in rows]
    found = times.shortest_of(np.array([ceil(Fraction(n, 16) * total) for total in totals])).tolist()
    assert np.diff(times.before).tolist() == totals
    for one, row in zip(found, rows, strict=True):
        if row:
            all_of_them = np.repeat([*row], [*row.values()])
            assert one == np.quantile(all_of_them, n / 16, method="inverted_cdf")
