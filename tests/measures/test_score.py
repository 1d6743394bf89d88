"""Scores of reviews: of one standard or several, of all work or of a sample."""

from fractions import Fraction
from math import sqrt
from typing import Any

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from ombudsman_kpi import Results, Scheme, assess, load_scheme, measure
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.statistics import weighted_score

SCORE = "quality"
DECIDED = "decisions"
DAY = "2024-05-01"


def declared(**changes: Any) -> Scheme:
    keys: dict[str, Any] = {
        "measure": "score", "says": "90% of reviews meet the standards", "of": "reviews", "cohort": "dated",
        "standard": "at least 90%",
    }  # fmt: skip
    return load_scheme("lgsco").with_target(SCORE, **{**keys, **changes})


def reviews(*answers: tuple[str | None, int], **fields: Any) -> list[dict[str, Any]]:
    """Give so many reviews with each answer."""
    row = {"review_id": "R", "standard": "1", "reviewed_at": DAY, **fields}
    return [{**row, "answer": answer} for answer, number in answers for _ in range(number)]


def scored(rows: list[dict[str, Any]], scheme: Scheme | None = None, **options: Any) -> Results:
    chosen = {"as_of": "2024-12-31", "targets": SCORE, **options}
    return measure(scheme or declared(), reviews=pd.DataFrame(rows), **chosen)


def only(results: Results) -> Row:
    assert len(results) == 1
    return results.rows[0]


ANSWERS = [("met", 90), ("partly", 6), ("not-met", 4), ("not-applicable", 20)]


@pytest.mark.parametrize(
    ("partly", "met", "missed", "excluded", "status"),
    [
        pytest.param("met", 96, 4, 20, "met", id="as-met"),
        pytest.param("not met", 90, 10, 20, "met", id="as-not-met"),
        pytest.param("left out", 90, 4, 26, "met", id="left-out"),
    ],
)
def test_partly_counts_as_the_scheme_says(partly: str, met: int, missed: int, excluded: int, status: str) -> None:
    row = only(scored(reviews(*ANSWERS), declared(partly=partly)))
    assert (row.met, row.missed, row.excluded, row.records) == (met, missed, excluded, 120)
    assert (row.numerator, row.denominator, row.exact) == (met, met + missed, Fraction(met, met + missed))
    assert row.status == status


@pytest.mark.parametrize(
    ("met", "status", "headroom"), [(89, "missed", -1), (90, "met", 0), (91, "met", 1)]
)  # fmt: skip
def test_a_score_is_compared_by_its_counts(met: int, status: str, headroom: int) -> None:
    row = only(scored(reviews(("met", met), ("not-met", 100 - met))))
    assert (row.status, row.headroom) == (status, headroom)


def test_partly_is_not_met_where_the_scheme_says_nothing() -> None:
    assert only(scored(reviews(("met", 1), ("partly", 1)))).value == 0.5


def test_left_out_answers_say_why() -> None:
    row = only(scored(reviews(*ANSWERS), declared(partly="left out")))
    assert row.reasons == {("excluded", "not applicable"): 20, ("excluded", "partly met"): 6}


def test_an_unknown_answer_and_none_at_all_are_invalid() -> None:
    rows = [*reviews(("met", 3), ("yes", 2), (None, 1)), *reviews(("met", 1), reviewed_at=None)]
    row = only(scored(rows))
    assert (row.value, row.denominator, row.invalid) == (1, 3, 4)
    assert row.reasons == {
        ("invalid", "answer has an unknown value"): 2,
        ("invalid", "answer is missing"): 1,
        ("invalid", "reviewed_at is missing"): 1,
    }


def test_without_an_applicable_answer_there_is_no_score() -> None:
    row = only(scored(reviews(("not-applicable", 5))))
    assert (row.value, row.low, row.high, row.denominator, row.status) == (None, None, None, 0, "no data")
    assert "interval" not in row.details


def test_reviews_count_on_the_day_of_the_review_and_not_before() -> None:
    rows = [
        *reviews(("met", 1), reviewed_at="2024-04-30"),
        *reviews(("not-met", 1), reviewed_at=DAY),
        *reviews(("met", 9), reviewed_at="2024-06-01"),
    ]
    found = {row.period: (row.value, row.denominator) for row in scored(rows, every="month", as_of="2024-05-31")}
    assert {name: pair for name, pair in found.items() if pair[1]} == {"Apr 2024": (1, 1), "May 2024": (0, 1)}


UNEQUAL = [
    *reviews(("met", 9), ("not-met", 1), ("not-applicable", 7), standard="5"),
    *reviews(("met", 20), ("not-met", 20), standard="11"),
    *reviews(("not-applicable", 3), standard="8"),
]


def test_parts_are_pooled_by_their_counts() -> None:
    row = only(scored(UNEQUAL, declared(parts="standard")))
    assert (row.exact, row.numerator, row.denominator) == (Fraction(29, 50), 29, 50)
    assert row.details["parts"] == {"5": (9, 10), "11": (20, 40)}
    assert row.words[0] == "pooled: 5 at 90.0% (9 of 10), 11 at 50.0% (20 of 40)"
    assert list(row.details["parts"]) == ["5", "11"]
    assert row.headroom == 29 - 45


def test_or_their_scores_are_averaged_whatever_their_sizes() -> None:
    row = only(scored(UNEQUAL, declared(parts="standard", combined="mean-of-scores", standard="at least 70%")))
    assert row.exact == (Fraction(9, 10) + Fraction(20, 40)) / 2 == Fraction(7, 10)
    assert (row.status, row.low, row.high) == ("met", row.value, row.value)
    assert (row.numerator, row.denominator, row.headroom) == (None, None, None)
    assert row.words == ("mean of scores: 5 at 90.0% (9 of 10), 11 at 50.0% (20 of 40)", "95% interval 55.2% to 81.6%")
    _, low, high = weighted_score([9, 20], [10, 40], weights=[1, 1])
    assert row.details["interval"] == (low, high)
    assert (row.met, row.missed) == (29, 21)
    assert row.details["sample"] == 50


def test_a_year_of_scores_is_worked_out_of_counts_and_not_of_months() -> None:
    rows = [
        *reviews(("met", 1), standard="5", reviewed_at="2024-04-10"),
        *reviews(("met", 1), ("not-met", 2), standard="5", reviewed_at="2024-05-10"),
        *reviews(("not-met", 1), standard="8", reviewed_at="2024-05-10"),
    ]
    scheme = declared(parts="standard", combined="mean-of-scores")
    found = {row.period: row.exact for row in scored(rows, scheme, every=["month", "financial-year"])}
    assert found == {"Apr 2024": Fraction(1), "May 2024": Fraction(1, 6), "2024/25": Fraction(1, 4)}


def test_parts_may_be_sources_and_one_without_is_invalid() -> None:
    rows = [
        *reviews(("met", 2), source="QA"),
        *reviews(("not-met", 1), source="CPA"),
        *reviews(("met", 1), source=None),
    ]
    row = only(scored(rows, declared(parts="source")))
    assert row.details["parts"] == {"QA": (2, 2), "CPA": (0, 1)}
    assert row.reasons == {("invalid", "source is missing"): 1}
    assert (row.value, row.records) == (2 / 3, 4)


def test_a_part_that_there_is_not_is_invalid() -> None:
    row = only(
        scored([*reviews(("met", 2), source="QA"), *reviews(("not-met", 1), source="QB")], declared(parts="source"))
    )
    assert (row.value, row.denominator, row.invalid) == (1, 2, 1)


def wilson(met: int, counted: int, population: int) -> tuple[float, float]:
    """Wilson's interval as it stands in textbooks, of the size that a finite population makes a sample worth."""
    n, z, p = counted * (population - 1) / (population - counted), 1.959963984540054, met / counted
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def test_a_score_has_an_interval() -> None:
    row = only(scored(reviews(("met", 45), ("not-met", 5))))
    assert tuple(row.details["interval"]) == pytest.approx(proportion_confint(45, 50, method="wilson"))
    assert row.details["population"] is None
    assert row.words == ("sample of 50; 95% interval 78.6% to 95.7%",)


def sampled(number: int, decisions: int) -> Row:
    counted = load_scheme("lgsco").with_target(
        DECIDED, measure="count", says="Decisions", of="cases", dated="decided_at", cohort="dated"
    )
    scheme = counted.with_target(
        SCORE, measure="score", says="Of a sample", of="reviews", cohort="dated", sampled_from=DECIDED
    )
    cases = [{"case_id": f"C{place}", "received_at": "2024-04-02", "decided_at": DAY} for place in range(decisions)]
    rows = pd.DataFrame(reviews(("met", number), ("not-met", 5)))
    results = measure(scheme, reviews=rows, cases=cases, as_of="2024-12-31", targets=[SCORE, DECIDED], every="month")
    return only(results[SCORE])


def test_what_a_sample_was_drawn_from_narrows_the_interval() -> None:
    whole = only(scored(reviews(("met", 45), ("not-met", 5))))
    row = sampled(45, 200)
    low, high = row.details["interval"]
    assert (low, high) == pytest.approx(wilson(45, 50, 200))
    assert high - low < whole.details["interval"].high - whole.details["interval"].low
    assert (row.details["sample"], row.details["population"]) == (50, 200)
    assert row.words == ("sample of 50 from 200; 95% interval 80.5% to 95.2%",)


def test_where_all_were_looked_at_nothing_is_left_to_chance() -> None:
    assert tuple(sampled(45, 50).details["interval"]) == (0.9, 0.9)


def test_a_sample_larger_than_what_it_came_from_has_the_interval_of_any_sample() -> None:
    row = sampled(45, 49)
    assert tuple(row.details["interval"]) == pytest.approx(proportion_confint(45, 50, method="wilson"))


def test_each_answer_says_how_it_counts() -> None:
    rows = pd.DataFrame(reviews(("met", 1), ("partly", 1), ("not-met", 1), ("not-applicable", 1), ("maybe", 1)))
    found = assess(declared(), reviews=rows, as_of="2024-12-31", targets=SCORE)
    assert found["status"].tolist() == ["met", "late", "late", "excluded", "invalid"]


def test_the_columns_of_a_score() -> None:
    results = scored(UNEQUAL, declared(parts="standard"))
    columns = [
        "measure",
        "unit",
        "numerator",
        "denominator",
        "value",
        "low",
        "high",
        "operator",
        "standard",
        "headroom",
    ]
    assert results.to_pandas()[columns].to_numpy().tolist() == [
        ["score", "share", 29, 50, 0.58, 0.58, 0.58, "at least", 0.9, -16],
    ]  # fmt: skip
    text = repr(results)
    line = next(line for line in text.splitlines() if "29 of 50" in line)
    assert "  58.0%  at least 90%  ✗ missed  16 too many missed  1" in line
    (note,) = (line for line in text.splitlines() if line.startswith("1  "))
    assert note.startswith("1  Pooled: 5 at 90.0% (9 of 10), 11 at 50.0% (20 of 40)")
    assert f"Measured with partly: not met, combined: pooled: {SCORE}." in text
    mean = scored(UNEQUAL, declared(parts="standard", combined="mean-of-scores")).to_pandas()
    assert mean["value"].tolist() == [0.7]
    assert mean[["numerator", "denominator", "headroom"]].isna().all(axis=None)
