"""Control charts: as the NHS-R community's package has them, as Montgomery prints them, by plain loops; bad input."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi.errors import KpiError, OptionError, RecordsError
from ombudsman_kpi.statistics import ChartRules, ControlChart, p_chart, p_chart_of_groups, xmr, xmr_of_groups

SPC = Path(__file__).parents[3] / "shared" / "data" / "spc"
beside = pytest.mark.skipif(
    not SPC.is_dir(), reason="the control charts of other software aren't beside the repository"
)

CALM = [1.0, -1.0] * 6
MONTHS = [date(2023 + month // 12, month % 12 + 1, 1) for month in range(24)]
COLUMNS = ["date", "value", "mean", "lower", "upper", "special_cause", "point_type"]

NAMES = {
    "Common Cause": "none", "Below LCL": "below_limit", "Above UCL": "above_limit", "7 Points Below CL": "shift_below",
    "7 Points Above CL": "shift_above", "2 in 3 Below CL": "two_of_three_below",
    "2 in 3 Above CL": "two_of_three_above", "7 Point Trend (Increasing)": "trend_up",
    "7 Point Trend (Decreasing)": "trend_down",
}  # fmt: skip
MODES: dict[str, dict[str, Any]] = {
    "all": {}, "noscreen": {"screen": False}, "fix12": {"fix_after": 12}, "rebase": {"rebase": ["2017-10-01"]}
}  # fmt: skip


@beside
@pytest.mark.parametrize("mode", MODES)
def test_70_organisations_have_the_charts_of_other_software(mode: str) -> None:
    given_ = pd.read_csv(SPC / "xmr_golden.csv.gz")
    given_ = given_[given_["mode"] == mode]
    reached = given_.groupby("org")["x"].transform(lambda dates: (dates == "2017-10-01").any())
    assert given_.loc[~reached, "org"].nunique() == 2  # these end earlier, and the other software ignores the date
    compared = 0
    for part, options in ((given_[reached], MODES[mode]), (given_[~reached], {**MODES[mode], "rebase": ()})):
        charts = xmr_of_groups(part, value="y", date="x", by="org", improvement="increase", target=0.95, **options)
        theirs = part.sort_values(["org", "x"]).reset_index(drop=True)
        ours = charts.points
        assert ours.columns.tolist() == ["org", *COLUMNS]
        assert ours["special_cause"].tolist() == theirs["special_cause_type"].map(NAMES).tolist()
        assert ours["point_type"].tolist() == theirs["point_type"].str.removeprefix("special_cause_").tolist()
        for column, other in (("mean", "mean_col"), ("lower", "lpl"), ("upper", "upl"), ("value", "y")):
            assert np.abs(ours[column] - theirs[other]).max() < 1e-9
        latest = theirs.groupby("org").last()
        assert charts.summary["assurance"].tolist() == latest["assurance"].tolist()
        assert charts.summary["variation"].tolist() == latest["point_type"].str.removeprefix("special_cause_").tolist()
        compared += len(ours)
    assert compared == 2438


@beside
def test_a_group_has_the_chart_that_it_has_alone() -> None:
    frame = pd.read_csv(SPC / "more_series.csv.gz").sample(frac=1, random_state=3)
    charts = xmr_of_groups(frame, value="y", date="x", by="org", improvement="increase", target=0.9)
    assert len(charts) == 69
    for name in charts:
        part = frame[frame["org"] == name]
        alone = xmr(part["y"], part["x"], improvement="increase", target=0.9)
        pd.testing.assert_frame_equal(charts[name].points, alone.points, check_exact=True)
        assert charts[name].to_dict() == alone.to_dict()
        assert charts[name].notes[0].startswith("The dates weren't in order")
    summary = charts.summary.set_index("org")
    assert [summary.loc[name, "variation"] for name in charts] == [charts[name].variation for name in charts]
    assert summary["date"].tolist() == [charts[name].points["date"].iloc[-1] for name in charts]


def test_the_chart_of_viscosity_is_as_montgomery_prints_it() -> None:
    """Introduction to Statistical Quality Control, Example 6.5: mean 33.52, limits 34.80 and 32.24, all within."""
    values = [33.75, 33.05, 34.00, 33.81, 33.46, 34.02, 33.68, 33.27, 33.49, 33.20, 33.62, 33.00, 33.54, 33.12, 33.84]
    points = xmr(values, range(1, 16), screen=False).points
    assert points[["mean", "lower", "upper"]].iloc[0].round(2).tolist() == [33.52, 32.24, 34.80]
    assert set(points["special_cause"]) == {"none"}


def test_the_p_chart_of_cans_is_as_montgomery_prints_it() -> None:
    """Example 7.1: 347 of 1,500 cans don't conform, limits 0.0524 and 0.4102, samples 15 and 23 outside."""
    cans = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
    points = p_chart(cans, [50] * 30).points
    assert points[["mean", "lower", "upper"]].iloc[0].round(4).tolist() == [0.2313, 0.0524, 0.4102]
    assert points.loc[points["special_cause"] == "above_limit", "date"].tolist() == [15, 23]


def test_the_limits_of_each_purchase_order_are_as_montgomery_prints_them() -> None:
    """Example 7.3: 234 of 2,450, sample 11 outside, limits by the size of each sample."""
    n = [100, 80, 80, 100, 110, 110, 100, 100, 90, 90, 110, 120, 120, 120, 110, 80, 80, 80, 90, 100, 100, 100, 100, 90,
         90]  # fmt: skip
    faulty = [12, 8, 6, 9, 10, 12, 11, 16, 10, 6, 20, 15, 9, 8, 6, 8, 10, 7, 5, 8, 5, 8, 10, 6, 9]
    points = p_chart(faulty, n).points
    assert points["upper"].round(3).tolist()[:5] == [0.184, 0.194, 0.194, 0.184, 0.180]
    assert points.loc[points["special_cause"] == "above_limit", "date"].tolist() == [11]
    assert points["lower"].between(0, 0.02).all()


def limits_by_a_loop(counts: list[tuple[int, int]], *, prime: bool) -> list[tuple[float, float]]:
    pooled = sum(met for met, _ in counts) / sum(n for _, n in counts)
    deviations = [(pooled * (1 - pooled) / n) ** 0.5 for _, n in counts]
    factor = 1.0
    if prime:
        z = [(met / n - pooled) / deviation if deviation else 0 for (met, n), deviation in
             zip(counts, deviations, strict=True)]  # fmt: skip
        factor = sum(abs(z[place] - z[place - 1]) for place in range(1, len(z))) / (len(z) - 1) / 1.128
    return [(max(0, pooled - 3 * factor * d), min(1, pooled + 3 * factor * d)) for d in deviations]


counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(counts, min_size=2, max_size=15), st.booleans())
def test_limits_of_rates_are_those_of_a_plain_loop(counts: list[tuple[int, int]], prime: bool) -> None:
    met, n = zip(*counts, strict=True)
    points = p_chart(met, n, prime=prime).points
    assert points["mean"].tolist() == pytest.approx([sum(met) / sum(n)] * len(n), abs=1e-12)
    expected = limits_by_a_loop(counts, prime=prime)
    assert points["lower"].tolist() == pytest.approx([low for low, _ in expected], abs=1e-9)
    assert points["upper"].tolist() == pytest.approx([high for _, high in expected], abs=1e-9)
    assert points["value"].tolist() == [a / b for a, b in counts]


def test_large_numbers_lie_outside_the_limits_of_p_and_within_those_of_p_prime() -> None:
    chance = np.random.default_rng(5)
    n = chance.integers(900_000, 1_100_000, 30)
    met = chance.binomial(n, chance.normal(0.3, 0.01, 30))
    plain, prime = p_chart(met, n), p_chart(met, n, prime=True)
    assert (plain.points["special_cause"].isin(["above_limit", "below_limit"])).sum() > 20
    assert set(prime.points["special_cause"]) == {"none"}
    assert (plain.kind, prime.kind) == ("p", "p′")


def test_a_p_chart_is_fixed_rebased_and_judged_as_an_xmr_chart_is() -> None:
    met, n = [50, 52, 48, 51, 49, 50, 90, 91, 89], [100] * 9
    fixed = p_chart(met, n, fix_after=6, improvement="increase", target=0.9)
    assert fixed.points["mean"].tolist() == [0.5] * 9
    assert (fixed.variation, fixed.assurance) == ("improvement", "consistent_fail")
    rebased = p_chart(met, n, MONTHS[:9], rebase=MONTHS[6], improvement="increase", target=0.5)
    assert rebased.points["mean"].tolist() == [0.5] * 6 + [0.9] * 3
    assert (rebased.variation, rebased.assurance) == ("common_cause", "consistent_pass")


@given(st.lists(st.lists(counts, min_size=1, max_size=9), min_size=1, max_size=4), st.booleans())
def test_a_group_of_rates_has_the_p_chart_that_it_has_alone(groups: list[list[tuple[int, int]]], prime: bool) -> None:
    rows = [(at, when, *pair) for at, pairs in enumerate(groups) for when, pair in enumerate(pairs)]
    frame = pd.DataFrame(rows, columns=["g", "when", "met", "n"]).sample(frac=1, random_state=1)
    charts = p_chart_of_groups(frame, met="met", n="n", date="when", by="g", prime=prime, improvement="increase")
    for at, pairs in enumerate(groups):
        met, n = zip(*pairs, strict=True)
        alone = p_chart(met, n, range(len(pairs)), prime=prime, improvement="increase")
        pd.testing.assert_frame_equal(charts[at].points, alone.points)
        assert charts[at].says == alone.says


def test_a_p_chart_speaks_in_per_cent() -> None:
    chart = p_chart([50] * 12 + [80], [100] * 13, fix_after=12, improvement="increase", target=0.7)
    assert chart.says == (
        "In period 13 the value is 80.0%, above the upper limit of 65.0%: a special cause of improvement; the target "
        "of 70.0% is above both limits (35.0% and 65.0%), so it will be missed unless things change (p chart, rules "
        "nhs-mdc 1)."
    )


# Variation and assurance


@pytest.mark.parametrize(
    ("improvement", "high", "low"),
    [("increase", "improvement", "concern"), ("decrease", "concern", "improvement"), (None, "neutral", "neutral")],
)
def test_variation_is_that_of_the_latest_point(improvement: Any, high: str, low: str) -> None:
    for last, expected in ((9.0, high), (-9.0, low), (0.0, "common_cause")):
        chart = xmr([*CALM, last], range(13), fix_after=12, improvement=improvement)
        assert chart.variation == chart.points["point_type"].iloc[-1] == expected
        assert chart.points["point_type"].tolist()[:12] == ["common_cause"] * 12


@pytest.mark.parametrize(
    ("target", "rising"),
    [
        (5.33, "consistent_fail"),
        (5.32, "inconsistent"),  # on the limit: the comparison is strict
        (0, "inconsistent"),
        (-5.32, "inconsistent"),
        (-5.33, "consistent_pass"),
    ],
)
def test_assurance_compares_the_target_with_the_latest_limits(target: float, rising: str) -> None:
    other = {"consistent_fail": "consistent_pass", "consistent_pass": "consistent_fail", "inconsistent": "inconsistent"}
    assert xmr(CALM, MONTHS[:12], improvement="increase", target=target).assurance == rising
    assert xmr(CALM, MONTHS[:12], improvement="decrease", target=target).assurance == other[rising]
    moved = [*CALM, *(value + 100 for value in CALM)]
    latest = xmr(moved, MONTHS, improvement="increase", target=target + 100, rebase=[MONTHS[12]])
    assert latest.assurance == rising


def test_without_a_target_or_a_direction_there_is_no_assurance() -> None:
    assert xmr(CALM, MONTHS[:12], improvement="increase").assurance == "none"
    chart = xmr(CALM, MONTHS[:12], target=50)
    assert chart.assurance == "none"
    assert chart.notes == (
        "No assurance: whether a target is met depends on the direction of improvement, which is None.",
    )


# What is noted


def test_a_chart_without_any_fault_has_no_notes() -> None:
    assert xmr(CALM, MONTHS[:12]).notes == ()


def test_few_points_give_provisional_limits() -> None:
    assert xmr(CALM[:11], MONTHS[:11]).notes == (
        "The limits rest on 11 points. With fewer than 12 they are provisional.",
    )
    assert xmr([*CALM, *CALM], MONTHS, fix_after=11).notes == (
        "The limits rest on 11 points. With fewer than 12 they are provisional.",
    )
    chart = xmr([*CALM, *CALM], MONTHS, rebase=["2024-06-01"])
    assert chart.notes == ("The limits from 2024-06-01 rest on 7 points. With fewer than 12 they are provisional.",)


def test_a_fix_that_is_not_reached_is_noted_and_all_points_are_used() -> None:
    chart = xmr([*CALM, *CALM], MONTHS, fix_after=36)
    assert chart.notes == ("The limits are to be fixed after 36 points, and there are 24.",)
    assert chart.points[["mean", "upper"]].equals(xmr([*CALM, *CALM], MONTHS).points[["mean", "upper"]])
    assert xmr([*CALM, *CALM], MONTHS, fix_after=24).notes == ()


@pytest.mark.parametrize("screen", [True, False])
@pytest.mark.parametrize("value", [0.1, 0.7, 3.0, 0.0, -1e9 / 3])
def test_a_constant_series_has_its_limits_at_the_mean(value: float, screen: bool) -> None:
    chart = xmr([value] * 14, MONTHS[:14], screen=screen, improvement="increase", target=value)
    points = chart.points
    assert points["mean"].tolist() == points["lower"].tolist() == points["upper"].tolist() == [value] * 14
    assert set(points["special_cause"]) == {"none"}
    assert chart.assurance == "inconsistent"
    assert chart.notes == (
        "The limits equal the mean, since no moving range that they rest on leaves room for chance.",
    )
    assert xmr([value] * 14, MONTHS[:14], improvement="increase", target=value + 1).assurance == "consistent_fail"


def test_a_series_that_is_constant_but_for_its_latest_point_shows_that_one() -> None:
    chart = xmr([0.1] * 13 + [0.2], MONTHS[:14], fix_after=12)
    assert chart.points["special_cause"].tolist() == ["none"] * 13 + ["above_limit"]


def test_one_value_has_no_limits_and_the_note_says_why() -> None:
    chart = xmr([5], ["2024-01-01"], improvement="increase", target=4)
    assert chart.points["mean"].tolist() == [5]
    assert chart.points[["lower", "upper"]].isna().all(axis=None)
    assert (chart.variation, chart.assurance) == ("common_cause", "none")
    assert chart.notes == ("No limits yet: a moving range needs two points, and there is one.",)
    assert chart.says == "On 2024-01-01 the value is 5.00; there are no limits yet (XmR chart, rules nhs-mdc 1)."
    assert json.loads(chart.to_json())["points"][0]["lower"] is None
    latest = xmr(CALM, MONTHS[:12], rebase=MONTHS[11])
    assert "No limits from 2023-12-01 yet" in latest.notes[-1]
    assert p_chart([5], [10]).points["upper"].tolist() == pytest.approx([0.5 + 3 * (0.25 / 10) ** 0.5])
    assert p_chart([5], [10], prime=True).points["upper"].isna().all()


def test_a_date_without_a_value_is_left_out_and_named() -> None:
    values: list[float | None] = [*CALM, *CALM]
    values[3] = values[7] = None
    chart = xmr(values, MONTHS)
    without = [value for value in values if value is not None]
    dates = [month for month, value in zip(MONTHS, values, strict=True) if value is not None]
    alone = xmr(without, dates)
    pd.testing.assert_frame_equal(chart.points, alone.points)
    assert chart.notes == (
        "2 dates with no value (missing), left out: 2023-04-01, 2023-08-01.",
        "Points on either side of a gap count as neighbours.",
    )
    assert alone.notes == (
        "2 periods missing between the dates.",
        "Points on either side of a gap count as neighbours.",
    )


def test_a_period_of_which_nothing_was_counted_is_left_out_and_named() -> None:
    chart = p_chart([5, 0, 6, None, 4], [10, 0, 10, 10, 10])
    assert chart.points["date"].tolist() == [1, 3, 5]
    assert (
        "2 dates with no value (nothing counted, or a count is missing), left out: period 2, period 4." in chart.notes
    )


def days(*texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


@pytest.mark.parametrize(
    ("dates", "missing"),
    [
        (days("2024-01-01", "2024-02-01", "2024-03-01", "2024-06-01"), "2 periods missing"),
        (days("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"), None),
        (days("2023-03-31", "2023-06-30", "2023-09-30", "2024-03-31"), "1 period missing"),
        (days("2024-01-01", "2024-01-08", "2024-01-15", "2024-01-29"), "1 period missing"),
        (days("2024-03-28", "2024-03-29", "2024-04-01", "2024-04-02"), None),  # over a weekend
        (days("2024-03-28", "2024-03-29", "2024-03-30", "2024-04-02"), "2 periods missing"),
        (days("2024-01-01", "2024-01-02", "2024-01-09", "2024-01-10"), "4 periods missing"),
        (days("2022-01-05", "2023-01-05", "2024-01-05", "2025-01-05"), None),
        (days("2024-01-01", "2024-01-07", "2024-01-16", "2024-01-20"), "unevenly"),
        ([1, 2, 3, 5], "1 period missing"),
    ],
)
def test_missing_periods_are_seen_by_the_shortest_step(dates: list[Any], missing: str | None) -> None:
    notes = " ".join(xmr([1, 2, 1, 2], dates).notes)
    if missing is None:
        assert "missing" not in notes
        assert "unevenly" not in notes
    else:
        assert missing in notes
        assert "count as neighbours" in notes
        assert ("missing between" in notes) == (missing != "unevenly")


def test_dates_in_any_order_give_the_same_chart_and_a_note() -> None:
    values = list(range(12))
    turned = xmr(values[::-1], MONTHS[:12][::-1])
    pd.testing.assert_frame_equal(turned.points, xmr(values, MONTHS[:12]).points)
    assert turned.notes == ("The dates weren't in order. They are now.",)


# What comes out


def test_points_are_a_frame_with_the_columns_of_a_chart() -> None:
    points = xmr(CALM, MONTHS[:12]).points
    assert points.columns.tolist() == COLUMNS
    assert points["date"].dt.date.tolist() == MONTHS[:12]
    assert points.attrs["rules"] == "nhs-mdc 1"
    assert points.attrs["says"].endswith("(XmR chart, rules nhs-mdc 1).")


def test_json_has_all_of_a_chart() -> None:
    chart = xmr([*CALM, 9], MONTHS[:13], improvement="increase", target=7, fix_after=12)
    found = json.loads(chart.to_json())
    assert found == chart.to_dict()
    points = found.pop("points")
    assert points[-1] == {
        "date": "2024-01-01", "value": 9.0, "mean": 0.0, "lower": -5.32, "upper": 5.32, "special_cause": "above_limit",
        "point_type": "improvement",
    }  # fmt: skip
    assert found == {
        "chart": "XmR",
        "rules": {"name": "nhs-mdc", "version": "1", "width": 2.66, "screened": 3.267, "shift": 7, "trend": 7,
                  "near": 2 / 3},
        "improvement": "increase", "target": 7, "screen": True, "fix_after": 12, "rebase": [],
        "variation": "improvement", "assurance": "consistent_fail", "says": chart.says, "notes": [],
    }  # fmt: skip
    assert json.loads(xmr(CALM, MONTHS[:12], rebase="2023-07-01").to_json())["rebase"] == ["2023-07-01"]
    assert json.loads(xmr(CALM, range(12), rebase=6).to_json())["rebase"] == [6]


def test_repr_has_the_rules_and_what_is_noted() -> None:
    assert repr(xmr(CALM[:4], range(1, 5))) == (
        "XmR chart by the rules nhs-mdc 1: 4 points, period 1 to period 4\n"
        "variation common_cause, assurance none\n"
        "In period 4 the value is −1.0, within the limits of −5.3 and 5.3: no special cause "
        "(XmR chart, rules nhs-mdc 1).\n"
        "The limits rest on 4 points. With fewer than 12 they are provisional."
    )


@pytest.mark.parametrize(
    ("later", "improvement", "says"),
    [
        ([-6], "increase", "the value is −6.0, below the lower limit of −5.3: a special cause of concern"),
        ([6], None, "On 2024-01-01 the value is 6.0, above the upper limit of 5.3: a special cause"),
        ([1] * 7, "increase", "one of 7 or more in a row above the mean of 0.0: a special cause of improvement"),
        ([-1, -2] * 4, "decrease", "one of 7 or more in a row below the mean of 0.0: a special cause of improvement"),
        ([4, 1, 4], "decrease", "one of two in three that are near the upper limit of 5.3: a special cause of concern"),
        ([-4, -1, -4], None, "one of two in three that are near the lower limit of −5.3: a special cause"),
        ([-3, -2, -1, 0, 1, 2, 3], "increase", "one of 7 or more in a row that rise: a special cause of improvement"),
        ([3, 2, 1, 0, -1, -2, -3], "increase", "one of 7 or more in a row that fall: a special cause of concern"),
        ([5.321], "increase", "On 2024-01-01 the value is 5.321, above the upper limit of 5.320: a special cause"),
    ],
)  # fmt: skip
def test_says_is_one_sentence_on_the_latest_point(later: list[float], improvement: Any, says: str) -> None:
    chart = xmr([*CALM, *later], MONTHS[: 12 + len(later)], fix_after=12, improvement=improvement)
    assert says in chart.says
    assert chart.says.endswith(" (XmR chart, rules nhs-mdc 1).")
    assert chart.says.count(". ") == 0


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (6, "the target of 6.0 is above both limits (−5.3 and 5.3), so it will be missed unless things change"),
        (0, "the target of 0.0 is within the limits (−5.3 and 5.3), so chance decides whether it is met"),
        (-6, "the target of −6.0 is below both limits (−5.3 and 5.3), so it will be met unless things change"),
    ],
)
def test_says_whether_the_target_will_be_met(target: float, says: str) -> None:
    assert says in xmr(CALM, MONTHS[:12], improvement="increase", target=target).says


def test_groups_may_have_several_columns_and_no_value() -> None:
    frame = pd.DataFrame(
        {
            "team": ["B", "B", "A", "A", "A"],
            "stage": [1, 1, 2, 2, 2],
            "month": pd.to_datetime(["2024-02-01", "2024-01-01", *["2024-01-01", "2024-02-01", "2024-03-01"]]),
            "share": [2.0, 1.0, None, None, None],
        }
    )
    charts = xmr_of_groups(frame, value="share", date="month", by=["team", "stage"])
    assert list(charts) == [("A", 2), ("B", 1)]
    summary = charts.summary
    assert summary["variation"].tolist() == ["no data", "common_cause"]
    assert summary["points"].tolist() == [0, 2]
    assert summary["note"][0].startswith("No data: there is no value. 3 dates with no value (missing)")
    assert summary["rules"].tolist() == ["nhs-mdc 1"] * 2
    assert charts.points["value"].tolist() == [1, 2]
    assert charts["B", 1].points["value"].tolist() == [1, 2]
    with pytest.raises(RecordsError, match="No data"):
        charts["A", 2]
    with pytest.raises(OptionError, match="There is no group"):
        charts["A"]
    empty = xmr_of_groups(frame[frame["team"] == "A"], value="share", date="month", by="team")
    assert empty.summary["variation"].tolist() == ["no data"]
    assert empty.points.empty


@pytest.mark.parametrize("to", [pl.from_pandas, pa.Table.from_pandas, lambda frame: frame])
def test_frames_of_other_libraries_give_the_same(to: Callable[[pd.DataFrame], Any]) -> None:
    frame = pd.DataFrame({"g": ["a"] * 12 + ["b"] * 12, "d": pd.to_datetime(MONTHS[:12] * 2), "v": [*CALM, *CALM]})
    charts = xmr_of_groups(to(frame), value="v", date="d", by="g", improvement="increase")
    assert charts.says == (
        "Of 2 groups, those whose latest point has a special cause: none (XmR chart, rules nhs-mdc 1)."
    )
    assert "nhs-mdc 1" in repr(charts)
    assert charts.rules.name == "nhs-mdc"
    assert charts["b"].points["upper"].tolist() == pytest.approx([5.32] * 12)


TEXTS = [day.isoformat() for day in MONTHS[:12]]


@pytest.mark.parametrize(
    "dates",
    [
        TEXTS,
        [text[:7] for text in TEXTS],
        [datetime.fromisoformat(f"{text} 13:45") for text in TEXTS],
        np.array(TEXTS, "M8[D]"),
        list(np.array(TEXTS, "M8[s]")),
        pd.Series(TEXTS),
        pd.to_datetime(TEXTS),
        pl.Series(MONTHS[:12]),
        pa.array(MONTHS[:12]),
        pa.chunked_array([pa.array(TEXTS)]),
        pd.PeriodIndex(TEXTS, freq="M"),
        list(pd.PeriodIndex(TEXTS, freq="M")),
    ],
    ids=lambda dates: type(dates).__module__.partition(".")[0],
)
def test_dates_come_in_any_container(dates: Any) -> None:
    pd.testing.assert_frame_equal(xmr(CALM, dates).points, xmr(CALM, MONTHS[:12]).points)


@pytest.mark.parametrize(
    "values",
    [
        [1, None, -1],
        [1, float("nan"), -1],
        [1, pd.NA, -1],
        [Fraction(1), None, Fraction(-1)],
        np.array([1, np.nan, -1]),
        pd.Series([1, None, -1], dtype="Int64"),
        pd.Series([1, None, -1]),
        pl.Series([1, None, -1]),
        pa.array([1, None, -1]),
        pa.chunked_array([pa.array([1, None]), pa.array([-1])]),
    ],
    ids=lambda values: type(values).__module__.partition(".")[0],
)
def test_values_come_in_any_container(values: Any) -> None:
    chart = xmr(values, [1, 2, 3])
    assert chart.points["value"].tolist() == [1, -1]
    assert p_chart([1, 2, 0], [3, 3, 3]).points["value"].tolist() == pytest.approx([1 / 3, 2 / 3, 0])


LATE = [datetime.fromisoformat(f"2024-0{month}-01 00:30") for month in (6, 7, 8)]  # in London the day before, by UTC


@pytest.mark.parametrize(
    "dates",
    [
        pl.Series(LATE).dt.replace_time_zone("Europe/London"),
        pa.array(LATE, pa.timestamp("us", "Europe/London")),
        pa.chunked_array([pa.array(LATE, pa.timestamp("us", "Europe/London"))]),
        pd.Series(LATE).dt.tz_localize("Europe/London"),
        pd.Series(LATE, dtype=pd.ArrowDtype(pa.timestamp("us", "Europe/London"))),
        list(pd.DatetimeIndex(LATE).tz_localize("Europe/London")),
    ],
    ids=lambda dates: type(dates).__module__.partition(".")[0],
)
def test_times_with_a_zone_are_refused_since_their_days_would_be_those_of_utc(dates: Any) -> None:
    with pytest.raises(RecordsError, match="take the local times without their zone"):
        xmr([1, 2, 3], dates)


def test_periods_may_be_numbers_among_objects() -> None:
    assert xmr([1, 2], np.array([7, 8], object)).points["date"].tolist() == [7, 8]


def chart_of(**options: Any) -> ControlChart:
    return xmr(CALM, MONTHS[:12], **options)


@pytest.mark.parametrize(
    ("wrong", "kind", "says"),
    [
        (lambda: xmr([], []), RecordsError, "No data"),
        (lambda: xmr([None, None], [1, 2]), RecordsError, "No data"),
        (lambda: p_chart([0, 0], [0, 0]), RecordsError, "No data"),
        (lambda: xmr([1, 2], [1]), OptionError, "2 values and 1"),
        (lambda: xmr([1, float("inf")], [1, 2]), RecordsError, "Position 1: a value must be a finite number"),
        (lambda: xmr([1e301, 1], [1, 2]), RecordsError, "Position 0: a value must be a finite number"),
        (lambda: xmr(["1", "2"], [1, 2]), RecordsError, "hold text or times"),
        (lambda: xmr([1, "2"], [1, 2]), RecordsError, "hold text or times"),
        (lambda: xmr([1, object()], [1, 2]), RecordsError, "must be a number"),
        (lambda: xmr([[1, 2]], [1]), OptionError, "2 dimensions"),
        (lambda: xmr([1, 2], ["2024-01-01", "2024-01-01"]), RecordsError, "2024-01-01 is given more than once"),
        (lambda: xmr([1, 2], [7, 7]), RecordsError, "period 7 is given more than once"),
        (lambda: xmr([1, 2], ["2024-01-01", None]), RecordsError, "Position 1 has no date"),
        (lambda: xmr([1, 2], [pd.NaT, "2024-01-01"]), RecordsError, "Position 0 has no date"),
        (lambda: xmr([1, 2], ["2024-01-01", "03/04/2024"]), RecordsError, "Position 1: the text isn't a date"),
        (lambda: xmr([1, 2], ["today", "now"]), RecordsError, "Position 0: the text isn't a date"),
        (lambda: xmr([1, 2], ["2024-01-01", "2024-02-30"]), RecordsError, "Position 1: the text has the form"),
        (lambda: xmr([1, 2], [1.5, 2.5]), RecordsError, "Position 0: a value of the kind float isn't a date"),
        (lambda: xmr([1, 2], pd.to_datetime(["2024-01-01", "2024-02-01"], utc=True)), RecordsError, "time zone"),
        (lambda: xmr([1, 2], pd.Series([None, 8], dtype="Int64")), RecordsError, "Position 0 has no date"),
        (lambda: xmr([1, 2], [-(2**63), 2**63 - 1]), RecordsError, "Position 0: a value of the kind int isn't a date"),
        (lambda: xmr([1, [2]], [1, 2]), OptionError, "some of these are rows themselves"),
        (lambda: xmr({1, 2}, [1, 2]), OptionError, "such as a list; a value of the kind set is none"),
        (lambda: xmr([1j, 2], [1, 2]), RecordsError, "must be a number"),
        (lambda: xmr([Decimal("sNaN")], [1]), RecordsError, "No data"),
        (lambda: chart_of(rebase=["2023-06-02"]), OptionError, "2023-06-02 is no date of this series"),
        (lambda: chart_of(rebase=["2023-06-01", "2025-01-01"]), OptionError, "2025-01-01 is no date of this series"),
        (lambda: chart_of(rebase=6), OptionError, "rebase must be dates where"),
        (lambda: chart_of(rebase=["June"]), OptionError, "rebase: Position 0: the text isn't a date"),
        (lambda: chart_of(rebase=None), OptionError, "rebase: Position 0 has no date"),
        (lambda: chart_of(rules=[]), OptionError, "There are no rules []"),
        (lambda: chart_of(improvement=["increase"]), OptionError, "improvement can't be"),
        (lambda: chart_of(screen="no"), OptionError, "screen must be True or False"),
        (lambda: chart_of(target=True), OptionError, "The target must be a finite number"),
        (lambda: chart_of(target=10**400), OptionError, "The target must be a finite number"),
        (lambda: ChartRules("ours", "1", shift=7.5), OptionError, "whole numbers of 2 or more"),  # type: ignore[arg-type]
        (lambda: ChartRules("ours", "1", width=float("inf")), OptionError, "can't be applied"),
        (lambda: xmr_of_groups({}, value="v", date="d", by="g"), OptionError, "Give a frame of pandas, Polars or"),
        (lambda: xmr([1, None, 2], MONTHS[:3], rebase=MONTHS[1]), OptionError, "2023-02-01 is no date of this series"),
        (lambda: chart_of(fix_after=1), OptionError, "fix_after must be a whole number of points, 2 or more"),
        (lambda: chart_of(fix_after=12.0), OptionError, "fix_after"),
        (lambda: chart_of(fix_after=True), OptionError, "fix_after"),
        (lambda: chart_of(rules="nelson"), OptionError, "There are no rules 'nelson' for control charts"),
        (lambda: chart_of(improvement="up"), OptionError, "improvement can't be 'up'"),
        (lambda: chart_of(target=float("nan")), OptionError, "The target must be a finite number"),
        (lambda: chart_of(target="95%"), OptionError, "The target must be a finite number"),
        (lambda: p_chart([1, 2], [3, 3], target=95), OptionError, "between 0 and 1"),
        (lambda: p_chart([1, 4], [3, 3]), RecordsError, "Position 1: 4 met of 3 isn't a rate"),
        (lambda: p_chart([-1, 2], [3, 3]), RecordsError, "Position 0: -1 met of 3 isn't a rate"),
        (lambda: p_chart([1, 2], [3, -3]), RecordsError, "Position 1"),
        (lambda: p_chart([1.5, 2], [3, 3]), RecordsError, "Position 0: counts must be whole numbers"),
        (lambda: p_chart([1, 2], [3]), OptionError, "2 counts"),
        (lambda: p_chart([1, 2], [3, 3], [1]), OptionError, "1"),
    ],
)
def test_what_cannot_be_charted_is_one_clear_error(wrong: Callable[[], Any], kind: type[KpiError], says: str) -> None:
    with pytest.raises(kind) as raised:
        wrong()
    assert says in str(raised.value)


def test_an_error_of_groups_names_the_group() -> None:
    frame = pd.DataFrame(
        {"g": ["a", "a", "b", "b"], "d": ["2024-01", "2024-02", "2024-01", "2024-01"], "v": [1, 2, 3, 4]}
    )
    with pytest.raises(RecordsError, match="b: 2024-01-01 is given more than once"):
        xmr_of_groups(frame, value="v", date="d", by="g")
    with pytest.raises(OptionError, match="b: 2024-02-01 is no date"):
        xmr_of_groups(frame.iloc[:3], value="v", date="d", by="g", rebase=["2024-02-01"])
    with pytest.raises(RecordsError, match="There is no column"):
        xmr_of_groups(frame, value="w", date="d", by="g")
    with pytest.raises(OptionError, match="by: name the column of the groups"):
        xmr_of_groups(frame, value="v", date="d", by=[])
    with pytest.raises(OptionError, match="by: 'points' is a column of charts"):
        xmr_of_groups(frame.rename(columns={"g": "points"}), value="v", date="d", by="points")
    unnamed = xmr_of_groups(
        frame.assign(g=pd.Series([None, None, "b", None], dtype=object)).iloc[:3], value="v", date="d", by="g"
    )
    assert unnamed[None].points["value"].tolist() == [1, 2]
    with pytest.raises(OptionError, match="There is no group"):
        unnamed[["b"]]


def test_prime_is_true_or_false() -> None:
    odd: Any = "no"
    with pytest.raises(OptionError, match="prime must be True or False"):
        p_chart([1, 2], [3, 4], prime=odd)
