"""Improvement targets: the change of a figure from the period before, and how much of it is within chance."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from ombudsman_kpi import Results, Scheme, SchemeError, load_scheme, measure
from ombudsman_kpi.figures.row import Row

TREND = "improvement"
COUNT = {"measure": "count", "dated": "received_at"}
DAYS = {"measure": "average", "start": "received_at", "stop": "decided_at", "counted_in": "calendar days"}


def declared(change_in: dict[str, Any], standard: str | None = "increases", **keys: Any) -> Scheme:
    return load_scheme("lgsco").with_target(
        TREND, measure="trend", says="It improves", standard=standard,
        **{"of": "cases", "cohort": "received", "change_in": change_in, **keys},
    )  # fmt: skip


def received(*numbers: int, **fields: Any) -> list[dict[str, Any]]:
    """Give so many cases, received in each month from April 2024."""
    return [
        {"case_id": f"{month}-{place}", "received_at": date(2024, month, 1), **fields}
        for month, number in enumerate(numbers, 4)
        for place in range(number)
    ]


def changes(scheme: Scheme, cases: list[dict[str, Any]], as_of: object = "2024-12-31", **options: Any) -> Results:
    chosen = {"every": "month", "targets": TREND, **options}
    return measure(scheme, cases=pd.DataFrame(cases), as_of=as_of, **chosen)


def last(results: Results) -> Row:
    return [row for row in results if row.period_start][-1]


def test_a_change_is_this_period_less_the_one_before() -> None:
    rows = changes(declared(COUNT), received(3, 5, 5, 1), as_of="2024-07-31").rows
    assert [row.exact for row in rows] == [None, 2, 0, -4]
    assert [row.status for row in rows] == ["no data", "met", "missed", "missed"]
    assert rows[0].words == ("nothing to compare: there is no figure for Mar 2024",)
    assert [(row.details["before"], row.details["now"]) for row in rows[1:]] == [(3, 5), (5, 5), (5, 1)]
    assert rows[1].words[0].startswith("5, after 3 in Apr 2024; 95% interval of the change ")


@pytest.mark.parametrize(
    ("standard", "up", "equal", "down"),
    [
        ("increases", "met", "missed", "missed"),
        ("does not decrease", "met", "met", "missed"),
        ("decreases", "missed", "missed", "met"),
        ("does not increase", "missed", "met", "met"),
        (None, "no target", "no target", "no target"),
    ],
)
def test_equal_is_no_increase_and_no_decrease(standard: str | None, up: str, equal: str, down: str) -> None:
    rows = changes(declared(COUNT, standard), received(3, 4, 4, 3), as_of="2024-07-31").rows
    assert [row.status for row in rows] == ["no data", up, equal, down]


def test_a_share_that_stays_the_same_has_not_changed_by_a_rounding_error() -> None:
    share = {"measure": "share of kinds", "numerator": {"team": "A"}, "dated": "received_at"}
    april, may = [{"team": "A"}] + [{}] * 2, [{"team": "A"}] * 3 + [{}] * 6
    rows = [
        {"case_id": f"{month}-{place}", "received_at": date(2024, month, 1), "team": "B", **fields}
        for month, some in ((4, april), (5, may))
        for place, fields in enumerate(some)
    ]
    row = last(changes(declared(share, "does not decrease"), rows))
    assert row.exact == 0
    assert row.status == "met"


def test_a_period_with_nothing_in_it_is_one_with_a_number_of_nought() -> None:
    rows = changes(declared(COUNT), received(2, 0, 3)).rows
    assert [row.exact for row in rows] == [None, -2, 3, -3, 0, 0, 0, 0, 0]
    assert (rows[0].period, rows[-1].period) == ("Apr 2024", "Dec 2024")


def test_a_period_without_a_mean_has_nothing_to_compare() -> None:
    cases = [
        {"case_id": f"C{month}", "received_at": date(2024, month, 1), "decided_at": decided}
        for month, decided in ((4, date(2024, 4, 5)), (5, None), (6, date(2024, 6, 8)))
    ]
    rows = changes(declared(DAYS, "decreases"), cases).rows
    assert [row.status for row in rows] == ["no data"] * 3
    assert [row.words for row in rows[1:]] == [
        ("nothing to compare: there is no figure for this period",),
        ("nothing to compare: there is no figure for May 2024",),
    ]


@pytest.mark.parametrize(("as_of", "status"), [("2024-05-30", "undetermined"), ("2024-05-31", "met")])
def test_while_its_period_lasts_a_change_is_open(as_of: str, status: str) -> None:
    row = last(changes(declared(COUNT), received(1, 9), as_of=as_of))
    assert (row.status, row.value) == (status, 8)


def test_while_clocks_are_open_in_either_period_a_change_is_open() -> None:
    def case(month: int, day: int | None) -> dict[str, Any]:
        decided = None if day is None else date(2024, month, day)
        return {"case_id": f"{month}-{day}", "received_at": date(2024, month, 1), "decided_at": decided}

    both = [case(4, 21), case(5, 11)]
    assert last(changes(declared(DAYS, "decreases"), both)).status == "met"
    for waiting in (case(4, None), case(5, None)):
        row = last(changes(declared(DAYS, "decreases"), [*both, waiting]))
        assert (row.status, row.value) == ("undetermined", -10)


def test_a_change_needs_periods() -> None:
    (row,) = changes(declared(COUNT), received(2, 3), every=None)
    assert (row.status, row.value) == ("no data", None)
    assert row.words == ("a change needs periods: measure with every=, such as every='financial-year'",)


def test_groups_are_compared_with_themselves() -> None:
    cases = [*received(1, 3, team="A")] + [{**row, "case_id": f"B{row['case_id']}"} for row in received(4, 2, team="B")]
    rows = changes(declared(COUNT), cases, by="team")
    assert {row.group: row.exact for row in rows if row.period == "May 2024"} == {("A",): 2, ("B",): -2}


def test_a_group_that_is_new_is_compared_with_nought() -> None:
    rows = changes(declared(COUNT), [*received(2, 1, team="A"), *received(0, 0, 5, team="B")], by="team")
    assert {row.group: row.exact for row in rows if row.period == "Jun 2024"} == {("A",): -1, ("B",): 5}


@pytest.mark.parametrize(("numbers", "words"), [((100, 104), "within chance"), ((100, 200), "beyond chance")])
def test_a_small_change_of_a_number_is_within_chance(numbers: tuple[int, int], words: str) -> None:
    row = last(changes(declared(COUNT), received(*numbers), as_of="2024-05-31"))
    assert row.value == numbers[1] - numbers[0]
    low, high = row.details["interval"]
    assert (low < 0 < high) == (words == "within chance")
    assert row.words[0].endswith(words)
    assert low < numbers[1] - numbers[0] < high


def test_a_change_of_a_share_has_newcombes_interval() -> None:
    within = {"start": "received_at", "stop": "decided_at", "limit": "20 calendar days"}
    parts = {4: (48, 80), 5: (56, 70)}
    cases = [
        {
            "case_id": f"{month}-{place}",
            "received_at": date(2024, month, 1),
            "decided_at": date(2024, month, 21 if place < met else 22),
        }
        for month, (met, counted) in parts.items()
        for place in range(counted)
    ]
    row = last(changes(declared(within), cases))
    assert row.exact == Fraction(56, 70) - Fraction(48, 80) == Fraction(1, 5)
    assert (row.unit, row.status) == ("share", "met")
    expected = confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff")
    assert tuple(row.details["interval"]) == pytest.approx(expected)
    assert row.words == ("80.0%, after 60.0% in Apr 2024; 95% interval of the change 5.2% to 33.4%: beyond chance",)


def welch(before: list[float], after: list[float]) -> tuple[float, float]:
    low, high = CompareMeans(DescrStatsW(after), DescrStatsW(before)).tconfint_diff(usevar="unequal")
    return float(low), float(high)


def test_a_change_of_a_mean_of_days_has_welchs_interval() -> None:
    before, after = [12.0, 20.0, 9.0, 16.0, 25.0], [10.0, 11.0, 7.0, 18.0]
    cases = [
        {
            "case_id": f"{month}-{place}",
            "received_at": date(2024, month, 1),
            "decided_at": date(2024, month, 1) + timedelta(days=length),
        }
        for month, some in ((4, before), (5, after))
        for place, length in enumerate(some)
    ]
    row = last(changes(declared(DAYS, "decreases"), cases))
    assert row.exact == Fraction(46, 4) - Fraction(82, 5)
    assert (row.unit, row.status) == ("days", "met")
    assert tuple(row.details["interval"]) == pytest.approx(welch(before, after))
    assert row.words[0].startswith("11.5 days, after 16.4 days in Apr 2024; 95% interval of the change −")


def test_parts_of_a_second_do_not_widen_the_interval() -> None:
    """All times end on half a second, so that they spread as whole seconds would."""
    before, after = [200.5, 203.5, 198.5, 201.5, 199.5], [196.5, 199.5, 197.5, 195.5]
    nine = datetime.fromisoformat("2024-04-02T09:00:00")
    calls = [
        {"offered_at": at, "answered_at": at + timedelta(seconds=wait)}
        for at, some in ((nine, before), (nine + timedelta(days=30), after))
        for wait in some
    ]
    seconds = {"measure": "average", "start": "offered_at", "stop": "answered_at", "counted_in": "seconds"}
    scheme = declared(seconds, "decreases", of="calls")
    row = last(measure(scheme, calls=calls, as_of="2024-12-31", every="month", targets=TREND))
    assert row.exact == Fraction("197.25") - Fraction("200.7")
    assert tuple(row.details["interval"]) == pytest.approx(welch(before, after), rel=0.02)


def test_a_score_can_change_too() -> None:
    rows = [
        {"review_id": f"{month}{place}", "standard": "1", "reviewed_at": date(2024, month, 9), "answer": answer}
        for month, some in ((4, ["met", "not-met"]), (5, ["met", "met", "partly", "not-applicable"]))
        for place, answer in enumerate(some)
    ]
    for partly, expected in (("not met", Fraction(1, 6)), ("left out", Fraction(1, 2))):
        scheme = declared({"measure": "score", "partly": partly}, of="reviews", cohort="dated")
        assert last(measure(scheme, reviews=rows, as_of="2024-12-31", every="month", targets=TREND)).exact == expected


def test_the_mean_of_scores_changes_by_the_means_of_the_scores() -> None:
    """April: 1 of 1 and 0 of 3, on average 50%; May: 1 of 1 and 1 of 4, on average 62.5%."""
    some = {4: [("A", "met")] + [("B", "not-met")] * 3, 5: [("A", "met"), ("B", "met")] + [("B", "not-met")] * 3}
    rows = [
        {"review_id": "R", "standard": standard, "reviewed_at": date(2024, month, 9), "answer": answer}
        for month, answers in some.items()
        for standard, answer in answers
    ]
    figure = {"measure": "score", "parts": "standard", "combined": "mean-of-scores"}
    scheme = declared(figure, of="reviews", cohort="dated")
    assert last(measure(scheme, reviews=rows, as_of="2024-12-31", every="month", targets=TREND)).exact == Fraction(1, 8)


@pytest.mark.parametrize(
    ("change_in", "standard", "words"),
    [
        ({"measure": "stock", "limit": "52 weeks"}, "increases", "a trend can be in one of"),
        (COUNT, "at least 5", "compared with 0"),
        ({**COUNT, "dates": "received_at"}, "increases", "'dates' is no key here"),
    ],
    ids=["of-a-stock", "of-a-size", "misspelt"],
)
def test_what_is_no_trend_is_refused(change_in: dict[str, Any], standard: str, words: str) -> None:
    with pytest.raises(SchemeError, match=words):
        declared(change_in, standard)


def test_the_columns_of_a_change() -> None:
    results = changes(declared(COUNT), received(3, 5, 4), as_of="2024-06-30")
    frame = results.to_pandas()
    columns = ["measure", "unit", "cohort", "period", "met", "operator", "standard", "status"]
    assert frame[columns].to_numpy().tolist() == [
        ["trend", "number", "received", "Apr 2024", 3, "more than", 0.0, "no data"],
        ["trend", "number", "received", "May 2024", 5, "more than", 0.0, "met"],
        ["trend", "number", "received", "Jun 2024", 4, "more than", 0.0, "missed"],
    ]
    assert frame["value"].isna().tolist() == [True, False, False]
    assert frame["value"].tolist()[1:] == [2.0, -1.0]
    assert frame[["low", "high", "numerator", "denominator", "headroom"]].isna().all(axis=None)
    lines = [line for line in repr(results).splitlines() if line.startswith(("Apr 2024", "May 2024", "Jun 2024"))]
    assert [word for line in lines for word in ("+2", "−1") if word in line.split()] == ["+2", "−1"]
    assert all("increases" in line.split() for line in lines)
    assert TREND in repr(results)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 6), max_size=7))
def test_every_change_is_that_of_neighbours(numbers: list[int]) -> None:
    """From April to December; the months after the last record have the number 0."""
    numbers = [1, *numbers, 1]
    rows = changes(declared(COUNT, None), received(*numbers)).rows
    numbers += [0] * (9 - len(numbers))
    assert [row.exact for row in rows] == [None, *(after - before for before, after in pairwise(numbers))]
