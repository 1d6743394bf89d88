"""Funnels: their limits as scipy has the binomial, the adjustment by a plain loop, ranks by pairs, and the boroughs."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ombudsman_kpi.errors import KpiError, OptionError, RecordsError
from ombudsman_kpi.statistics import difference, funnel
from ombudsman_kpi.statistics.binomial import binomial_rates

BOROUGHS = Path(__file__).parents[2] / "examples" / "data" / "published" / "boroughs.csv"


def rate_by_scipy(n: int, chance: float, probability: float) -> float:
    """Interpolate as in the appendix of Spiegelhalter (2005), from scipy's distribution."""
    count = int(binom.ppf(probability, n, chance))
    while binom.cdf(count, n, chance) < probability:
        count += 1
    while count > 0 and binom.cdf(count - 1, n, chance) >= probability:
        count -= 1
    below = binom.cdf(count - 1, n, chance) if count else 0.0
    up_to = binom.cdf(count, n, chance)
    return float(max((count - (up_to - probability) / (up_to - below)) / n, 0))


@pytest.mark.parametrize(
    ("n", "chance"), list(product([1, 2, 7, 42, 1000, 123_456, 10**7], [1e-6, 0.01, 0.3, 0.5, 0.633, 0.999]))
)
def test_limits_are_those_of_the_binomial_distribution(n: int, chance: float) -> None:
    tails = [0.001, 0.025, 0.975, 0.999]
    found = binomial_rates(np.array([n]), chance, tails)[0]
    assert found.tolist() == pytest.approx([rate_by_scipy(n, chance, tail) for tail in tails], abs=1e-9)


def test_where_all_or_none_are_met_the_limits_are_there() -> None:
    assert binomial_rates(np.array([5, 9]), 1.0, [0.025, 0.975]).tolist() == [[1, 1], [1, 1]]
    found = funnel([0, 0], [5, 9])
    assert found.points["high_95"].tolist() == [0, 0]
    assert found.points["outside"].tolist() == ["within", "within"]
    assert (found.dispersion, found.adjusted) == (0, False)


def test_a_limit_lies_between_the_counts_around_it() -> None:
    # 20 tosses: P(R ≤ 5) = 0.0207, P(R ≤ 6) = 0.0577, so 0.025 lies 0.0043/0.0370 of the way from 5 to 6.
    expected = 5 + (0.025 - 0.020695) / 0.036964
    assert binomial_rates(np.array([20]), 0.5, [0.025])[0, 0] * 20 == pytest.approx(expected, abs=1e-4)


def limits_of_boroughs() -> pd.DataFrame:
    counts = pd.read_csv(BOROUGHS).pivot(index="authority", columns="decision", values="count").reset_index()
    return funnel(counts["upheld"], counts["upheld"] + counts["not-upheld"], counts["authority"]).points


def test_of_the_boroughs_one_differs_by_more_than_chance() -> None:
    points = limits_of_boroughs()
    assert len(points) == 33
    assert points.loc[points["outside"] == "no data", ["name", "note"]].to_numpy().tolist() == [
        ["01 City of London", "no data: nothing was counted"]
    ]
    assert points.loc[points["outside"] == "low", ["name", "met", "n"]].to_numpy().tolist() == [["14", 10, 37]]
    assert (points["outside"] == "within").sum() == 31
    assert (points["note"] == "outside the 95% limits alone, as some are by chance").sum() == 4
    there = points[points["n"] > 0]
    for column, tail in (("low_95", 0.025), ("high_95", 0.975), ("low_99_8", 0.001), ("high_99_8", 0.999)):
        expected = [rate_by_scipy(n, 606 / 957, tail) for n in there["n"]]
        assert there[column].tolist() == pytest.approx(expected, abs=1e-9)
    assert points.attrs["says"] == (
        "Of 32 rates, 0 lie above and 1 below the 99.8% limits around the pooled rate of 63.3% (606 of 957), where "
        "chance alone would put 0.06 outside."
    )


def dispersion_by_a_loop(met: list[int], n: list[int]) -> float:
    pooled = sum(met) / sum(n)
    z: list[float] = sorted((a / b - pooled) / (pooled * (1 - pooled) / b) ** 0.5 for a, b in zip(met, n, strict=True))
    pulled = len(z) // 10
    z[:pulled] = [z[pulled]] * pulled
    if pulled:
        z[-pulled:] = [z[-pulled - 1]] * pulled
    return sum(value**2 for value in z) / len(z)


def varying(number: int, spread: float) -> tuple[list[int], list[int]]:
    chance = np.random.default_rng(7)
    n = chance.integers(200, 900, number)
    return chance.binomial(n, np.clip(chance.normal(0.5, spread, number), 0, 1)).tolist(), n.tolist()


@pytest.mark.parametrize(("number", "spread"), [(9, 0.1), (10, 0.1), (32, 0.1), (40, 0.0), (55, 0.05)])
def test_limits_are_widened_by_the_root_of_the_dispersion(number: int, spread: float) -> None:
    met, n = varying(number, spread)
    dispersion = dispersion_by_a_loop(met, n)
    plain, always, seen = (funnel(met, n, over_dispersion=how) for how in (False, True, None))
    assert plain.dispersion == always.dispersion == seen.dispersion == pytest.approx(dispersion, rel=1e-9)
    assert not plain.adjusted
    assert always.adjusted == (dispersion > 1) == (spread > 0)
    assert seen.adjusted == (dispersion > 1 + 2 * (2 / number) ** 0.5) == (spread > 0)
    pooled = sum(met) / sum(n)
    for column in ("low_95", "high_95", "low_99_8", "high_99_8"):
        exact = plain.points[column] - pooled
        expected = (pooled + max(dispersion, 1) ** 0.5 * exact).clip(0, 1)
        assert always.points[column].tolist() == pytest.approx(expected.tolist(), abs=1e-9)
    if spread:
        assert (plain.points["outside"] != "within").sum() > (always.points["outside"] != "within").sum()
        assert f", widened {dispersion**0.5:.2f} times since rates vary by more than chance." in always.says


def test_a_little_more_than_chance_widens_only_when_told_to() -> None:
    met, n = varying(32, 0.02)
    assert 1 < dispersion_by_a_loop(met, n) < 1.5
    assert [funnel(met, n, over_dispersion=how).adjusted for how in (None, True, False)] == [False, True, False]


def test_levels_name_their_columns_and_the_widest_decides() -> None:
    found = funnel([10, 50, 90], [100, 100, 100], "ABC", level=0.9, over_dispersion=False).points
    assert found.columns.tolist() == ["name", "met", "n", "rate", "low_90", "high_90", "outside", "note"]
    assert found["outside"].tolist() == ["low", "within", "high"]
    two = funnel([40, 50, 62], [100, 100, 100], level=[0.999, 0.9], over_dispersion=False).points
    assert two.columns.tolist()[4:8] == ["low_90", "high_90", "low_99_9", "high_99_9"]
    assert two["outside"].tolist() == ["within"] * 3
    assert two["note"].tolist() == ["outside the 90% limits alone, as some are by chance", "",
                                    "outside the 90% limits alone, as some are by chance"]  # fmt: skip
    assert two["name"].tolist() == [1, 2, 3]


# Ranks


rates = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(rates, min_size=2, max_size=9))
def test_ranks_are_between_those_that_differ_by_more_than_chance(rates: list[tuple[int, int]]) -> None:
    met, n = zip(*rates, strict=True)
    found = funnel(met, n).ranks.set_index("name")
    level = 1 - 0.05 / (len(rates) - 1)
    for place, (mine, of) in enumerate(rates):
        others = [difference(mine, of, *other, level=level) for at, other in enumerate(rates) if at != place]
        row = found.loc[place + 1]
        assert row["low"] == 1 + sum(low > 1e-12 for low, _ in others)
        assert row["high"] == len(rates) - sum(high < -1e-12 for _, high in others)
        assert row["rank"] == 1 + sum(a / b > mine / of for a, b in rates)
        assert row["low"] <= row["rank"] <= row["high"]


def test_two_rates_are_compared_at_the_level_itself() -> None:
    assert difference(50, 100, 64, 100, level=0.95).low > 0
    assert difference(50, 100, 64, 100, level=0.975).low < 0
    assert funnel([50, 64], [100, 100]).ranks[["low", "high"]].to_numpy().tolist() == [[1, 1], [2, 2]]


def test_ranks_say_how_little_they_say() -> None:
    ranks = funnel([30, 31, 32, 0], [50, 50, 50, 0], ["A", "B", "C", "D"]).ranks
    assert ranks[["name", "rank", "low", "high"]].to_numpy().tolist() == [
        ["C", 1, 1, 3], ["B", 2, 1, 3], ["A", 3, 1, 3]
    ]  # fmt: skip
    assert ranks.attrs["says"] == (
        "A rank is as uncertain as the rates behind it: C is number 1 of 3, and may be anything from 1 to 3."
    )


@pytest.mark.parametrize(("spread", "n"), [(0.02, 30), (0.1, 100), (0.15, 1000)])
def test_true_ranks_lie_between_theirs_as_often_as_is_said(spread: float, n: int) -> None:
    chance = np.random.default_rng(11)
    held = []
    for _ in range(40):
        true = np.clip(chance.normal(0.6, spread, 12), 0.01, 0.99)
        ranks = funnel(chance.binomial(n, true), [n] * 12).ranks.sort_values("name")
        place = 1 + (true[None, :] > true[:, None]).sum(axis=1)
        held += ((ranks["low"] <= place) & (place <= ranks["high"])).tolist()
    assert np.mean(held) >= 0.95


# Bad input


@pytest.mark.parametrize(
    ("wrong", "kind", "says"),
    [
        (lambda: funnel([], []), RecordsError, "No data"),
        (lambda: funnel([1], [2]), RecordsError, "compares two rates or more, and there are 1"),
        (lambda: funnel([1, 0, None], [2, 0, 5]), RecordsError, "there are 1"),
        (lambda: funnel([1, 3], [2, 2]), RecordsError, "Position 1: 3 met of 2 isn't a rate"),
        (lambda: funnel([1, -1], [2, 2]), RecordsError, "Position 1"),
        (lambda: funnel([0.5, 1], [2, 2]), RecordsError, "Position 0: counts must be whole numbers"),
        (lambda: funnel(["1", 1], [2, 2]), RecordsError, "text"),
        (lambda: funnel([1, 1], [2, float("inf")]), RecordsError, "finite"),
        (lambda: funnel([1, 1, 1], [2, 2]), OptionError, "3 counts met and 2 counts n"),
        (lambda: funnel([1, 1], [2, 2], ["A"]), OptionError, "as many names"),
        (lambda: funnel([1, 1], [2, 2], ["A", "A"]), OptionError, "as many names, each once"),
        (lambda: funnel([1, 1], [2, 2], level=1.2), OptionError, "level"),
        (lambda: funnel([1, 1], [2, 2], level=()), OptionError, "level"),
    ],
)
def test_what_has_no_funnel_is_one_clear_error(wrong: Callable[[], Any], kind: type[KpiError], says: str) -> None:
    with pytest.raises(kind) as raised:
        wrong()
    assert says in str(raised.value)


def test_a_count_that_is_missing_is_no_data() -> None:
    points = funnel([1, 2, None], [4, 4, 4], over_dispersion=False).points
    assert points["outside"].tolist() == ["within", "within", "no data"]
    assert points["note"].tolist()[2].startswith("no data")
    assert "Of 2 rates" in repr(funnel([1, 2], [4, 4]))


@pytest.mark.parametrize("level", [None, "0.95", ["x"]])
def test_a_level_that_is_no_number_is_one_clear_error(level: Any) -> None:
    with pytest.raises(OptionError, match="level: above 0"):
        funnel([1, 2], [4, 4], level=level)


def test_options_that_cant_be_are_refused() -> None:
    options: Any
    for options, says in (({"over_dispersion": "no"}, "True, False, or None"), ({"names": 5}, "Give as many names")):
        with pytest.raises(OptionError, match=says):
            funnel([1, 2], [3, 4], **options)
