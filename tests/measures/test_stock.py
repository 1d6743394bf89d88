"""The highest number of open cases older than the limit at the close of a day."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, Scheme, SchemeError, assess, load_scheme, measure, tally
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.stock import levels

STOCK = "over-52w"
RECEIVED = date(2023, 1, 2)
OVER = RECEIVED + timedelta(days=365)  # 2 January 2024, the first day on which it is older than 364 days


def declared(**changes: Any) -> Scheme:
    keys: dict[str, Any] = {
        "measure": "stock", "says": "No more than 60 over 52 weeks at one time", "of": "cases",
        "where": {"allocated_at": {"present": True}}, "start": "received_at", "stop": "decided_at",
        "limit": "52 weeks", "standard": "no more than 60", "cohort": "dated",
    }  # fmt: skip
    return load_scheme("lgsco").with_target(STOCK, **{**keys, **changes})


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    return declared()


Measured = Callable[..., Results]


@pytest.fixture(scope="module")
def stock(scheme: Scheme) -> Measured:
    """Measure cases, each given by its times alone; allocated on the day after receipt if nothing else is said."""

    def run(*times: dict[str, Any], as_of: object = "2024-12-31", **options: Any) -> Results:
        chosen = options.pop("scheme", scheme)
        blank = {"decided_at": None, "withdrawn_at": None, "closed_at": None}
        rows = [
            {**blank, "case_id": f"C{place}", "received_at": RECEIVED, "allocated_at": RECEIVED, **row}
            for place, row in enumerate(times)
        ]
        return measure(chosen, cases=pd.DataFrame(rows), as_of=as_of, targets=STOCK, **options)

    return run


def only(results: Results) -> Row:
    assert len(results) == 1
    return results.rows[0]


@pytest.mark.parametrize(("day", "number"), [(363, 0), (364, 0), (365, 1), (366, 1)])
def test_a_case_is_older_than_52_weeks_from_day_365(stock: Measured, day: int, number: int) -> None:
    row = only(stock({}, as_of=RECEIVED + timedelta(days=day)))
    assert (row.value, row.details["end"]) == (number, number)
    assert row.overdue == number


def test_less_than_52_weeks_ends_a_day_earlier(stock: Measured) -> None:
    less = declared(limit="< 52 weeks")
    found = [only(stock({}, scheme=less, as_of=RECEIVED + timedelta(days=day))).value for day in (363, 364)]
    assert found == [0, 1]


def test_a_case_joins_the_working_day_after_it_was_due(stock: Measured) -> None:
    twenty = declared(limit="20 working days")
    times = {"received_at": "2024-03-28", "allocated_at": "2024-03-28"}  # due on Monday 29 April
    found = [only(stock(times, scheme=twenty, as_of=day)).value for day in ("2024-04-29", "2024-04-30")]
    assert found == [0, 1]


@pytest.mark.parametrize("ending", ["decided_at", "withdrawn_at", "closed_at"])
@pytest.mark.parametrize(
    ("day", "highest"),
    [pytest.param(364, 0, id="before"), pytest.param(365, 0, id="on-the-day"), pytest.param(366, 1, id="a-day-later")],
)
def test_what_ends_on_a_day_is_not_open_at_its_close(stock: Measured, ending: str, day: int, highest: int) -> None:
    row = only(stock({ending: RECEIVED + timedelta(days=day)}))
    assert (row.value, row.details["end"]) == (highest, 0)
    assert (row.missed, row.overdue) == (highest, 0)


def test_one_in_and_one_out_on_a_day_leave_the_level_where_it_was(stock: Measured) -> None:
    row = only(stock({"decided_at": OVER + timedelta(days=10)}, {"received_at": RECEIVED + timedelta(days=10)}))
    assert (row.value, row.details["on"], row.details["end"]) == (1, OVER, 1)


def test_the_highest_day_is_the_first_of_those_that_are_equal(stock: Measured) -> None:
    rows = [
        {"decided_at": OVER + timedelta(days=5)},
        {"received_at": RECEIVED + timedelta(days=2), "decided_at": OVER + timedelta(days=5)},
        {"received_at": RECEIVED + timedelta(days=20)},
        {"received_at": RECEIVED + timedelta(days=30)},
    ]
    row = only(stock(*rows))
    assert row.value == 2
    assert row.details == {"on": OVER + timedelta(days=2), "end": 2}
    assert row.words == ("highest on 4 Jan 2024; 2 at the end",)


def test_what_is_carried_over_is_there_on_the_first_day_of_a_period(stock: Measured) -> None:
    q4, q1, q2 = stock({}, {"decided_at": "2024-05-15"}, every="quarter", as_of="2024-09-30")
    assert [row.period for row in (q4, q1, q2)] == ["2023/24 Q4", "2024/25 Q1", "2024/25 Q2"]
    assert [(row.value, row.details["on"], row.details["end"]) for row in (q4, q1, q2)] == [
        (2, OVER, 2),
        (2, date(2024, 4, 1), 1),
        (1, date(2024, 7, 1), 1),
    ]


def test_what_is_decided_on_the_first_day_of_a_period_is_not_in_it(stock: Measured) -> None:
    q4, q1 = stock({"decided_at": "2024-04-01"}, every="quarter", as_of="2024-06-30")
    assert (q4.value, q4.details["end"]) == (1, 1)
    assert (q1.value, q1.details["on"], q1.details["end"]) == (0, date(2024, 4, 1), 0)


def test_what_joins_on_the_last_day_of_a_period_is_in_it(stock: Measured) -> None:
    joining = date(2024, 3, 31) - timedelta(days=365)
    q4, q1 = stock({}, {"received_at": joining}, every="quarter", as_of="2024-04-01")
    assert (q4.value, q4.details["on"]) == (2, date(2024, 3, 31))
    assert (q1.value, q1.details["on"]) == (2, date(2024, 4, 1))


def test_a_case_allocated_when_it_was_over_already_joins_on_that_day(stock: Measured) -> None:
    later = OVER + timedelta(days=40)
    row = only(stock({"allocated_at": later}))
    assert (row.value, row.details["on"]) == (1, later)
    assert only(stock({"allocated_at": later}, as_of=later - timedelta(days=1))).value == 0
    assert only(stock({"allocated_at": later, "decided_at": later})).value == 0


def test_a_case_that_was_never_allocated_is_not_held(stock: Measured) -> None:
    row = only(stock({"allocated_at": None}, {"allocated_at": "2025-01-01"}, {}))
    assert (row.value, row.excluded) == (1, 2)
    assert row.reasons == {("excluded", "not allocated"): 2}


def test_what_contradicts_itself_is_counted_apart(stock: Measured) -> None:
    row = only(stock({"decided_at": "2022-12-31"}, {}, {"received_at": None}))
    assert (row.value, row.invalid, row.records) == (1, 2, 3)


def test_every_case_is_counted_once(stock: Measured) -> None:
    open_young = {"received_at": "2024-06-03"}
    row = only(
        stock({}, {"decided_at": "2024-02-01"}, {"decided_at": "2023-02-01"}, open_young, {"allocated_at": None})
    )
    assert (row.records, row.met, row.pending, row.overdue, row.missed, row.excluded) == (5, 1, 1, 1, 2, 1)


@pytest.mark.parametrize(("number", "status"), [(59, "met"), (60, "met"), (61, "missed")])
def test_the_standard_holds_for_the_highest_day(stock: Measured, number: int, status: str) -> None:
    row = only(stock(*({"decided_at": OVER + timedelta(days=1)} for _ in range(number))))
    assert (row.value, row.status, row.details["end"]) == (number, status, 0)


@pytest.mark.parametrize(
    ("standard", "as_of", "status"),
    [
        pytest.param("no more than 1", "2024-03-31", "met", id="over-and-kept"),
        pytest.param("no more than 1", "2024-03-30", "undetermined", id="it-can-still-rise"),
        pytest.param("none", "2024-03-30", "missed", id="it-cannot-be-mended"),
        pytest.param("none", "2024-03-31", "missed", id="over-and-broken"),
    ],
)
def test_while_a_period_lasts_its_highest_day_may_be_still_to_come(
    stock: Measured, standard: str, as_of: str, status: str
) -> None:
    row = only(stock({}, scheme=declared(standard=standard), as_of=as_of, every="quarter"))
    assert (row.value, row.low, row.status) == (1, 1, status)
    assert row.high == (1 if as_of == "2024-03-31" else None)
    assert row.complete == (as_of == "2024-03-31")


def test_groups_have_highest_days_of_their_own(stock: Measured) -> None:
    rows = [
        {"team": "A", "decided_at": OVER + timedelta(days=10)},
        {"team": "A", "decided_at": OVER + timedelta(days=10)},
        {"team": "B", "received_at": RECEIVED + timedelta(days=20)},
        {"team": "C", "decided_at": RECEIVED},
    ]
    found = {row.group: (row.value, row.details["end"]) for row in stock(*rows, by="team")}
    assert found == {("A",): (2, 0), ("B",): (1, 1), ("C",): (0, 0)}
    assert only(stock(*rows)).value == 2  # and not 3, what the highest days of the groups add up to


def test_a_sum_of_tallies_has_the_highest_day_of_all(scheme: Scheme) -> None:
    frames = [
        [{"case_id": "A", "received_at": RECEIVED, "allocated_at": RECEIVED, "decided_at": "2024-02-01"}],
        [{"case_id": "B", "received_at": RECEIVED, "allocated_at": RECEIVED, "decided_at": "2024-03-01"}],
        [{"case_id": "C", "received_at": "2023-02-10", "allocated_at": RECEIVED, "decided_at": None}],
    ]
    first, second, third = (tally(scheme, cases=rows, as_of="2024-12-31", targets=STOCK) for rows in frames)
    assert [part.results().rows[0].value for part in (first, second, third)] == [1, 1, 1]
    assert (first + second + third).results().rows[0].value == 2


def test_no_case_at_all_is_a_stock_of_nought(stock: Measured) -> None:
    row = only(stock({"decided_at": RECEIVED}))
    assert (row.value, row.status) == (0, "met")


def test_records_show_when_they_joined_and_left(scheme: Scheme) -> None:
    rows = [
        {"case_id": "A", "received_at": RECEIVED, "allocated_at": RECEIVED, "decided_at": OVER + timedelta(days=3)},
        {"case_id": "B", "received_at": RECEIVED, "allocated_at": RECEIVED, "decided_at": OVER},
    ]
    found = assess(scheme, cases=rows, as_of="2024-12-31", targets=STOCK)
    shown = [(row.id, str(row.status), f"{row.start:%Y-%m-%d}") for row in found.dropna(subset="start").itertuples()]
    assert shown == [("A", "overdue", "2024-01-02"), ("A", "late", "2024-01-05")]


def test_the_columns_of_a_stock(stock: Measured) -> None:
    results = stock({}, {}, {"decided_at": "2024-02-01"}, every="quarter", as_of="2024-05-15")
    frame = results.to_pandas()
    columns = ["measure", "unit", "cohort", "period", "complete", "value", "low", "operator", "standard", "status"]
    assert frame[columns].to_numpy().tolist() == [
        ["stock", "number", "dated", "2023/24 Q4", True, 3.0, 3.0, "at most", 60.0, "met"],
        ["stock", "number", "dated", "2024/25 Q1", False, 2.0, 2.0, "at most", 60.0, "undetermined"],
    ]
    assert frame["high"].isna().tolist() == [False, True]
    assert frame[["numerator", "denominator", "headroom"]].isna().all(axis=None)
    assert frame["note"].tolist() == ["highest on 2 Jan 2024; 2 at the end", "highest on 1 Apr 2024; 2 at the end"]
    lines = repr(results).splitlines()
    assert [line.split() for line in lines if line.startswith(("2023/24", "2024/25"))] == [
        ["2023/24", "Q4", "3", "at", "most", "60", "✓", "met", "1"],
        ["2024/25", "Q1", "2", "at", "most", "60", "–", "undetermined", "down", "1", "since", "2023/24", "Q4,", "so",
         "far", "2"],
    ]  # fmt: skip
    assert "1  Highest on 2 Jan 2024; 2 at the end." in lines
    assert STOCK in lines[1]


@pytest.mark.parametrize("limit", ["60 seconds", "24 hours", {"field": "due_at"}], ids=str)
def test_a_stock_of_seconds_is_refused(limit: object) -> None:
    with pytest.raises(SchemeError, match="counted at the close of days"):
        declared(limit=limit)


def test_the_level_of_a_period_starts_with_what_was_there_before() -> None:
    """Each has its highest day and what was there on it, what was there at the end, ever, and before."""
    changes = [(3, 4, 0), (5, 0, 1), (8, 2, 2), (9, 1, 0), (12, 0, 4), (20, 9, 0)]
    spans = [(0, 2), (5, 8), (9, 9), (21, 30)]
    expected = [(0, 0, 0, 0, 0), (3, 5, 3, 6, 4), (4, 9, 4, 4, 3), (9, 21, 9, 9, 9)]
    assert levels_of([changes], [(4, 19)]) == [[(4, 4, 0, 7, 4)]]
    assert levels_of([changes], spans) == [expected]
    assert levels_of([[]], [(0, 2), (5, 8)]) == [[(0, 0, 0, 0, 0), (0, 5, 0, 0, 0)]]
    later = [(1, 5, 0), *changes]
    moved = [(5, 1, 5, 5, 0), (8, 5, 8, 11, 9), (9, 9, 9, 9, 8), (14, 21, 14, 14, 14)]
    assert levels_of([changes, [], later], spans) == [expected, [(0, first, 0, 0, 0) for first, _ in spans], moved]


def levels_of(lanes: list[list[tuple[int, int, int]]], spans: list[tuple[int, int]]) -> list[list[tuple[int, ...]]]:
    """Give the levels of each lane, span by span; its changes are days with how many joined and left."""
    rows = [(lane, *change) for lane, changes in enumerate(lanes) for change in changes]
    columns = tuple(np.array([row[place] for row in rows], np.int64) for place in range(4))
    first, last = (np.array(column) for column in zip(*spans, strict=True))
    found = zip(*(column.tolist() for column in levels(columns, (first, last), len(lanes))[:5]), strict=True)
    by_span = list(found)
    return [by_span[lane :: len(lanes)] for lane in range(len(lanes))]


days = st.integers(0, 120)


@settings(max_examples=60)
@given(st.lists(st.tuples(days, days, st.none() | days), max_size=12), st.integers(60, 150))
def test_the_highest_day_is_that_of_a_loop_over_every_day(cases: list[tuple[int, int, int | None]], as_of: int) -> None:
    base = date(2024, 1, 1)
    rows = [
        {
            "case_id": f"C{place}",
            "received_at": base + timedelta(days=received),
            "allocated_at": base + timedelta(days=received + waited),
            "decided_at": None if took is None else base + timedelta(days=received + waited + took),
        }
        for place, (received, waited, took) in enumerate([(0, 0, None), *cases])
    ]
    scheme = declared(limit="20 calendar days", standard="no more than 3")
    last = base + timedelta(days=as_of)
    found = {row.period: row for row in measure(scheme, cases=rows, as_of=last, targets=STOCK, every="month")}
    highest, on, end = dict[str, int](), dict[str, date](), dict[str, int]()
    for day in (base + timedelta(days=shift) for shift in range(as_of + 1)):
        held = 0
        for row in rows:
            decided, allocated, received = row["decided_at"], row["allocated_at"], row["received_at"]
            assert isinstance(received, date)
            assert isinstance(allocated, date)
            is_open = decided is None or (isinstance(decided, date) and decided > day)
            held += is_open and allocated <= day and (day - received).days > 20
        month = f"{day:%b %Y}"
        end[month] = held
        if held > highest.get(month, -1):
            highest[month], on[month] = held, day
    assert {month: (row.value, row.details["on"], row.details["end"]) for month, row in found.items()} == {
        month: (highest[month], on[month], end[month]) for month in highest
    }
