"""Scores of several samples: one sample is Wilson's, alike ones are statsmodels', and how often they hold the truth."""

import math
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics import weighted_score, wilson

samples = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(0, 500).map(lambda unseen: n + unseen))
)


@given(samples, st.floats(0.5, 0.99))
def test_of_one_sample_it_is_wilsons(sample: tuple[int, int, int], level: float) -> None:
    met, n, size = sample
    in_population = wilson(met, n, population=size, level=level)
    assert weighted_score([met], [n], sizes=[size], level=level) == pytest.approx((met / n, *in_population), abs=1e-12)
    alone = wilson(met, n, level=level)
    assert weighted_score([met], [n], weights=[0.3], level=level) == pytest.approx((met / n, *alone), abs=1e-12)


@pytest.mark.parametrize("weights", [[1, 1, 1], [5, 2, 1], [0.01, 7, 0.3]])
def test_samples_that_score_alike_are_as_sure_as_kishs_effective_number(weights: list[float]) -> None:
    n = [20, 10, 70]
    effective = sum(weights) ** 2 / sum(weight**2 / number for weight, number in zip(weights, n, strict=True))
    found = weighted_score([18, 9, 63], n, weights=weights)
    theirs = proportion_confint(0.9 * effective, effective, method="wilson")
    assert found == pytest.approx((0.9, *theirs), abs=1e-9)
    certain = proportion_confint(effective, effective, method="wilson")
    assert weighted_score(n, n, weights=weights) == pytest.approx((1, *certain), abs=1e-9)


def test_large_samples_have_cochrans_variance() -> None:
    """His formula 5.52, for a stratified sample: with populations, W² (1 - f) p (1 - p) / (n - 1)."""
    met, n, sizes = np.array([9_000, 2_000, 300]), np.array([10_000, 4_000, 1_000]), np.array([50_000, 90_000, 3_000])
    part, weight = met / n, sizes / sizes.sum()
    error = math.sqrt((weight**2 * (1 - n / sizes) * part * (1 - part) / (n - 1)).sum())
    half = NormalDist().inv_cdf(0.975) * error
    score, low, high = weighted_score(met.tolist(), n.tolist(), sizes=sizes.tolist())
    assert score == pytest.approx((weight * part).sum(), abs=1e-12)
    assert (high - low) / 2 == pytest.approx(half, rel=0.001)


def chances(good: int, size: int, drawn: int) -> list[float]:
    ways = math.comb(size, drawn)
    return [math.comb(good, met) * math.comb(size - good, drawn - met) / ways for met in range(drawn + 1)]


@pytest.mark.parametrize(
    ("good", "n", "sizes"),
    [
        ([180, 50], [20, 10], [200, 100]),
        ([380, 360], [20, 20], [400, 400]),
        ([882, 30], [40, 10], [900, 100]),
        ([54, 36, 45], [6, 6, 6], [60, 40, 50]),
        ([58, 39, 49], [6, 6, 6], [60, 40, 50]),
    ],
    ids=str,
)
def test_a_stratified_score_is_covered_as_often_as_is_said(good: list[int], n: list[int], sizes: list[int]) -> None:
    """Over all samples that can be drawn: exactly. The last has three scores of 97%, where hardly a sample misses."""
    truth = sum(good) / sum(sizes)
    each = [chances(*of) for of in zip(good, sizes, n, strict=True)]
    covered = 0.0
    for met in product(*(range(drawn + 1) for drawn in n)):
        chance = math.prod(ways[one] for ways, one in zip(each, met, strict=True))
        _, low, high = weighted_score(met, n, sizes=sizes)
        covered += chance * (low - 1e-12 <= truth <= high + 1e-12)
    assert 0.93 < covered < 0.99


@given(st.lists(samples, min_size=1, max_size=6), st.randoms())
def test_a_score_lies_in_its_interval_whatever_the_order(strata: list[tuple[int, int, int]], random: Any) -> None:
    found = weighted_score(*zip(*((met, n) for met, n, _ in strata), strict=True), sizes=[size for *_, size in strata])
    assert 0 <= found.low <= found.score + 1e-12
    assert found.score - 1e-12 <= found.high <= 1
    random.shuffle(strata)
    met, n, sizes = zip(*strata, strict=True)
    assert weighted_score(met, n, sizes=sizes) == pytest.approx(found, abs=1e-12)
    turned = weighted_score([b - a for a, b in zip(met, n, strict=True)], n, sizes=sizes)
    assert turned == pytest.approx((1 - found.score, 1 - found.high, 1 - found.low), abs=1e-9)


def test_where_all_were_read_nothing_is_left_to_chance() -> None:
    assert weighted_score([9, 1], [10, 5], sizes=[10, 5]) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_a_small_sample_without_a_fault_isnt_certain() -> None:
    """Three of three in a team of 300: by its own variance it would add nothing to the doubt of all."""
    low = weighted_score([95, 3], [100, 3], sizes=[300, 300]).low
    assert low < weighted_score([95, 100], [100, 100], sizes=[300, 300]).low - 0.05


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (([1], [2]), {}, "one of both"),
        (([1], [2]), {"sizes": [3], "weights": [1]}, "one of both"),
        (([], []), {"weights": []}, "0 values of met, 0 of n and 0"),
        (([1, 2], [2]), {"weights": [1]}, "2 values of met, 1 of n and 1"),
        (([1, 0], [2, 0]), {"weights": [1, 1]}, "sample 1: No data"),
        (([1, 3], [2, 2]), {"weights": [1, 1]}, "sample 1: 3 met of 2 is no share"),
        (([1, 0.5], [2, 2]), {"weights": [1, 1]}, "sample 1: met: a whole number"),
        (([1, 1], [2, 2]), {"sizes": [9, 1]}, "sample 1: A sample of 2 can't come from a population of 1"),
        (([1, 1], [2, 2]), {"sizes": [9, 2.5]}, "sample 1: population: a whole number"),
        (([1], [2]), {"weights": [0]}, "sample 0: A weight"),
        (([1], [2]), {"weights": [-1]}, "sample 0: A weight"),
        (([1], [2]), {"weights": [math.nan]}, "sample 0: A weight"),
        (([1], [2]), {"weights": [math.inf]}, "sample 0: A weight"),
        (([1], [2]), {"weights": ["1"]}, "sample 0: A weight"),
        (([1], [2]), {"weights": [True]}, "sample 0: A weight"),
        (([1], [2]), {"weights": [1], "level": 95}, "level"),
    ],
)
def test_what_makes_no_score_is_refused(arguments: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        weighted_score(*arguments, **options)


def test_weights_are_numbers_of_any_kind() -> None:
    numbers: Any = np.array([1, 2])
    assert weighted_score([1, 2], [2, 3], weights=numbers) == weighted_score([1, 2], [2, 3], weights=[1, 2])
    with pytest.raises(OptionError, match="sample 1: A weight must be a number above 0"):
        weighted_score([1, 2], [2, 3], weights=[1, 10**400])
