"""What is listed by exception: latest periods made on paper, one that calls for a question and others that don't."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import OptionError, Results, Scheme, exceptions, measure
from ombudsman_kpi.statistics import difference, p_chart, xmr

SHARE = {
    "id": "in-time", "says": "In time", "of": "cases", "measure": "share within", "start": "received_at",
    "stop": "decided_at", "limit": "20 calendar days", "standard": "at least 50%", "cohort": "received",
}  # fmt: skip
DAYS = {
    "id": "days", "says": "Days taken", "of": "cases", "measure": "average", "start": "received_at",
    "stop": "decided_at", "counted_in": "calendar days", "cohort": "received",
}  # fmt: skip
RATE = {
    "id": "upheld", "says": "Upheld", "of": "cases", "measure": "share of kinds", "dated": "decided_at",
    "numerator": {"decision": "upheld"}, "cohort": "dated",
}  # fmt: skip
SCORE = {"id": "quality", "says": "Quality", "of": "reviews", "measure": "score", "cohort": "dated"}
MONTHS = [date(2023 + month // 12, month % 12 + 1, 1) for month in range(14)]
USUAL = [32, 30, 33, 31, 32, 30, 31, 33, 32, 31, 30, 32, 33]


def scheme(*targets: dict[str, Any]) -> Scheme:
    declared = {"id": "own", "title": "Own", "source": "Made up", "division": "england-and-wales"}
    return Scheme.model_validate({**declared, "targets": list(targets)})


def cases(met: list[int], team: str = "A", of: int = 40) -> list[dict[str, Any]]:
    """Make so many cases of each month: those met take 10 days, the others 30."""
    return [
        {"case_id": f"{team}{month}-{number}", "received_at": month, "team": team,
         "decided_at": month + timedelta(10 if number < good else 30)}
        for month, good in zip(MONTHS, met, strict=False) for number in range(of)
    ]  # fmt: skip


def measured(*targets: dict[str, Any], as_of: str = "2024-02-29", **options: Any) -> Results:
    return measure(scheme(*targets), as_of=as_of, **{"every": "month", **options})


def test_a_usual_month_is_no_exception() -> None:
    found = exceptions(measured(SHARE, cases=cases([*USUAL, 31])))
    assert found.empty
    assert found.columns.tolist() == ["target", "cohort", "period", "exception", "value", "reason"]
    assert found.attrs["says"] == (
        "0 special causes of concern and 0 significant drops in quality in the latest period (rules nhs-mdc 1; "
        "intervals at 95%)."
    )


def test_a_share_with_a_special_cause_of_concern_is_listed_with_the_reason() -> None:
    found = exceptions(measured(SHARE, cases=cases([*USUAL, 12])))
    chart = p_chart([*USUAL, 12], [40] * 14, MONTHS, prime=True, improvement="increase")
    assert chart.variation == "concern"
    assert found.drop(columns="reason").to_dict("records") == [
        {"target": "in-time", "cohort": "received", "period": "Feb 2024", "exception": "special cause", "value": 0.3}
    ]
    lower = 100 * chart.points["lower"].iloc[-1]
    assert found["reason"][0] == (
        f"In Feb 2024 the value is 30.0%, below the lower limit of {lower:.1f}%: a special cause of concern (p′ chart)."
    )
    assert found.attrs["says"].startswith("1 special cause of concern and 0 significant drops")


def test_records_that_are_pending_are_told_of() -> None:
    waiting = [{**row, "decided_at": None} for row in cases([*USUAL, 31])[-3:]]
    records = [*cases([*USUAL, 31])[:-3], *({**row, "received_at": date(2024, 2, 25)} for row in waiting)]
    low = [{**row, "case_id": f"x{at}", "received_at": date(2024, 2, 2), "decided_at": date(2024, 2, 28)}
           for at, row in enumerate(records[-40:])]  # fmt: skip
    found = exceptions(measured(SHARE, cases=[*records, *low]))
    assert found["reason"].str.endswith("3 records of Feb 2024 are pending.").tolist() == [True]


def test_an_improvement_is_no_exception_and_the_standard_says_what_is_one() -> None:
    fewer = cases([*USUAL, 12])
    assert exceptions(measured({**SHARE, "standard": "at most 50%"}, cases=fewer)).empty
    assert len(exceptions(measured({**SHARE, "standard": None}, cases=fewer))) == 1  # by its measure
    assert exceptions(measured(SHARE, cases=cases([*USUAL, 40]))).empty


def test_what_is_no_share_has_an_xmr_chart() -> None:
    met = [*USUAL, 12]
    found = exceptions(measured(DAYS, cases=cases(met), as_of="2024-03-10"))
    means = [(10 * good + 30 * (40 - good)) / 40 for good in met]
    chart = xmr(means, MONTHS, improvement="decrease")
    assert chart.variation == "concern"
    assert found["value"].tolist() == [24.0]
    assert found["reason"].tolist() == [f"{chart.latest('In Feb 2024')} (XmR chart)."]


def test_each_group_has_its_own_chart_and_one_that_ended_earlier_is_left_out() -> None:
    records = [*cases([*USUAL, 12], "A"), *cases([*USUAL, 31], "B"), *cases([*USUAL[:12], 12], "C")]
    found = exceptions(measured(SHARE, cases=records, by="team"))
    assert found[["team", "period"]].to_numpy().tolist() == [["A", "Feb 2024"]]
    earlier = exceptions(measured(SHARE, cases=cases([*USUAL[:12], 12], "C"), by="team", as_of="2024-01-31"))
    assert earlier[["team", "period"]].to_numpy().tolist() == [["C", "Jan 2024"]]


def test_a_month_that_is_not_complete_is_not_judged() -> None:
    records = cases([*USUAL, 12])
    assert exceptions(measured(SHARE, cases=records, as_of="2024-02-28")).empty
    with pytest.raises(OptionError, match="no complete period"):
        exceptions(measured(SHARE, cases=records, every=None))


def test_a_target_of_which_neither_direction_is_better_is_named() -> None:
    decided = [{**row, "decision": "upheld" if at % 3 else "not-upheld"} for at, row in enumerate(cases(USUAL))]
    found = exceptions(measured(RATE, SHARE, cases=decided))
    assert found.attrs["notes"] == ["Left out, since neither direction is better: upheld."]


def reviews(*scores: tuple[int, int]) -> list[dict[str, Any]]:
    return [
        {"review_id": f"{month}-{number}", "standard": "1", "answer": "met" if number < met else "not-met",
         "reviewed_at": month}
        for month, (met, n) in zip(MONTHS, scores, strict=False) for number in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "listed"),
    [((90, 100), (79, 100), True), ((90, 100), (81, 100), False), ((79, 100), (90, 100), False)],
)  # fmt: skip
def test_a_drop_in_quality_is_listed_where_it_is_more_than_chance(
    before: tuple[int, int], now: tuple[int, int], listed: bool
) -> None:
    low, high = difference(*before, *now)
    assert (high < 0) == listed
    found = exceptions(measured(SCORE, reviews=reviews((85, 100), before, now), as_of="2023-03-31"))
    assert found["exception"].tolist() == ["drop"] * listed
    if listed:
        assert found["reason"].tolist() == [
            "In Mar 2023 the score is 79.0% (79 of 100), after 90.0% (90 of 100) in Feb 2023: between "
            f"{-100 * high:.1f} and {-100 * low:.1f} points lower (95% interval), which is more than chance."
        ]


def test_a_drop_of_an_earlier_month_is_not_listed() -> None:
    fell = [{**row, "team": "A"} for row in reviews((90, 100), (79, 100))]
    later = [
        {**row, "review_id": f"B{row['review_id']}", "team": "B"} for row in reviews((90, 100), (90, 100), (79, 100))
    ]
    found = exceptions(measured(SCORE, reviews=[*fell, *later], by="team", as_of="2023-03-31"))
    assert found[["team", "period", "exception"]].to_numpy().tolist() == [["B", "Mar 2023", "drop"]]


def test_a_mean_of_scores_and_a_first_month_have_no_drop() -> None:
    combined = {**SCORE, "parts": "standard", "combined": "mean-of-scores"}
    records = reviews((85, 100), (90, 100), (79, 100))
    assert exceptions(measured(combined, reviews=records, as_of="2023-03-31")).empty
    assert exceptions(measured(SCORE, reviews=reviews((10, 100)), as_of="2023-01-31")).empty


def test_rules_are_named_or_ones_own() -> None:
    results = measured(SHARE, cases=cases([*USUAL, 12]))
    with pytest.raises(OptionError, match="There are no rules 'other'"):
        exceptions(results, rules="other")
    assert isinstance(exceptions(results), pd.DataFrame)


@pytest.mark.parametrize("given", [None, 5, pd.DataFrame({"value": [1.0]})])
def test_what_are_no_results_is_one_error(given: Any) -> None:
    with pytest.raises(OptionError, match="Results are wanted"):
        exceptions(given)
