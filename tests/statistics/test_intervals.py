"""Intervals: as statsmodels has them, as they were published, how often they hold the truth, and their laws."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from statistics import NormalDist, fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.rates import confint_poisson_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics import (
    Interval,
    MeanMoments,
    difference,
    difference_of_counts,
    difference_of_means,
    wilson,
)

laws = settings(max_examples=settings().max_examples * 2)

Share = tuple[int, int]

levels = st.floats(0.01, 0.999)
counts = st.integers(0, 10**6)
shares = st.integers(1, 10**6).flatmap(lambda counted: st.tuples(st.integers(0, counted), st.just(counted)))
samples = st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=40)

every_level = pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])


def moments(values: list[int]) -> MeanMoments:
    return MeanMoments(len(values), sum(values), sum(value**2 for value in values))


def near(low: float, high: float) -> object:
    return pytest.approx((low, high), rel=1e-9, abs=1e-12)


def holds(interval: Interval, value: float) -> bool:
    """Tell whether a value lies inside, or at a limit but for rounding."""
    return interval.low - 1e-12 <= value <= interval.high + 1e-12


def turned(interval: Interval) -> object:
    return near(-interval.high, -interval.low)


def test_both_limits_are_inside() -> None:
    assert [Interval(1, 2).contains(value) for value in (0.9, 1, 1.5, 2, 2.1)] == [False, True, True, True, False]


# A share


@every_level
@pytest.mark.parametrize(("met", "counted"), [(0, 1), (1, 1), (0, 50), (45, 50), (50, 50), (1, 10**6), (7_003, 9_999)])
def test_a_share_has_the_interval_of_wilson(met: int, counted: int, level: float) -> None:
    theirs = proportion_confint(met, counted, alpha=1 - level, method="wilson")
    assert wilson(met, counted, level=level) == near(*theirs)


@given(shares, st.integers(1, 10**6), levels)
@laws
def test_limits_in_a_population_are_where_the_score_is_z(share: Share, unseen: int, level: float) -> None:
    met, counted = share
    population = counted + unseen
    z = NormalDist().inv_cdf((1 + level) / 2)
    effective = Fraction(counted * (population - 1), unseen)
    for limit in wilson(met, counted, population=population, level=level):
        assert effective * (met / counted - limit) ** 2 == pytest.approx(z**2 * limit * (1 - limit), rel=1e-6, abs=1e-9)


def coverage_of_draws(population: int, good: int, drawn: int, interval: Callable[[int], Interval]) -> float:
    """Say how often an interval holds the share of a population, over all draws of so many: exactly."""
    ways = sum(
        math.comb(good, met) * math.comb(population - good, drawn - met)
        for met in range(drawn + 1)
        if holds(interval(met), good / population)
    )
    return ways / math.comb(population, drawn)


def test_drawing_from_few_is_known_better_than_drawing_from_endlessly_many() -> None:
    among_200 = coverage_of_draws(200, 180, 50, lambda met: wilson(met, 50, population=200))
    endless = coverage_of_draws(200, 180, 50, lambda met: wilson(met, 50))
    assert (round(among_200, 3), round(endless, 3)) == (0.948, 0.988)


@pytest.mark.parametrize(("population", "drawn"), [(40, 8), (92, 19), (200, 50), (200, 150)])
def test_a_share_is_covered_as_often_as_is_said(population: int, drawn: int) -> None:
    intervals = [wilson(met, drawn, population=population) for met in range(drawn + 1)]
    covered = [coverage_of_draws(population, good, drawn, intervals.__getitem__) for good in range(population + 1)]
    assert 0.945 < fmean(covered) < 0.965
    assert min(covered) > 0.79


@given(shares, st.none() | st.integers(1, 10**6), levels)
@laws
def test_a_share_lies_in_its_interval(share: Share, unseen: int | None, level: float) -> None:
    met, counted = share
    population = None if unseen is None else counted + unseen
    interval = wilson(met, counted, population=population, level=level)
    assert 0 <= interval.low <= met / counted <= interval.high <= 1
    assert interval.low < interval.high
    assert (interval.low == 0, interval.high == 1) == (met == 0, met == counted)
    mirrored = wilson(counted - met, counted, population=population, level=level)
    assert mirrored == near(1 - interval.high, 1 - interval.low)


@given(shares, st.integers(0, 10**6), st.integers(1, 10**6))
@laws
def test_the_less_is_unseen_the_more_is_known(share: Share, fewer: int, more: int) -> None:
    met, counted = share
    assume(counted > 1)
    steps = [counted, counted + fewer + 1, counted + fewer + 1 + more, None]
    widths = [high - low for low, high in (wilson(met, counted, population=step) for step in steps)]
    assert widths == sorted(widths)
    assert widths[0] == 0 < widths[1] <= widths[-1]


def test_where_all_were_counted_the_interval_is_the_share() -> None:
    for met, counted in [(0, 1), (1, 1), (1, 3), (49, 50), (50, 50)]:
        assert wilson(met, counted, population=counted) == (met / counted, met / counted)


def test_more_confidence_takes_a_wider_interval() -> None:
    narrow, wide = wilson(45, 50, level=0.9), wilson(45, 50, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_nothing_counted_has_no_share() -> None:
    for population in (None, 0, 9):
        with pytest.raises(OptionError, match="No data: nothing was counted"):
            wilson(0, 0, population=population)


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((-1, 5), "met: a whole number of 0 or more, such as 45; not -1"),
        ((6, 5), "6 met of 5 is no share"),
        ((0, -1), "n: a whole number .* not -1"),
        ((4, 5, 4), "5 can't come from a population of 4"),
        ((0, 5, -1), "population: a whole number .* not -1"),
        ((0.9, 5), "met: .* not 0.9"),
        ((3, 5.0), "n: .* not 5.0"),
        ((math.nan, 5), "met: .* not nan"),
        ((3, math.inf), "n: .* not inf"),
        ((True, 5), "met: .* not True"),
        ((np.True_, 5), "met: .* the kind bool"),
        (("3", 5), "met: .* the kind str"),
        ((None, 5), "met: .* the kind NoneType"),
        ((3, 5, 9.5), "population: .* not 9.5"),
    ],
)
def test_numbers_that_make_no_share_are_refused(numbers: tuple[Any, ...], says: str) -> None:
    met, n, *population = numbers
    with pytest.raises(OptionError, match=says):
        wilson(met, n, population=population[0] if population else None)
    if not population:
        with pytest.raises(OptionError, match=f"the second share: {says}"):
            difference(1, 2, met, n)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.uint64])
def test_numpys_integers_are_taken(kind: Any) -> None:
    assert wilson(kind(45), kind(50), population=kind(100)) == wilson(45, 50, population=100)
    assert difference(kind(3), kind(100), kind(99), kind(100)) == difference(3, 100, 99, 100)
    assert difference_of_counts(kind(120), kind(100)) == difference_of_counts(120, 100)


# A change of counts


@every_level
@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 1), (3, 0), (5, 5), (120, 150), (10**6, 3)])
def test_counts_change_by_the_score_limits_of_both(before: int, after: int, level: float) -> None:
    theirs = confint_poisson_2indep(
        after, 1, before, 1, method="mover", method_mover="score", compare="diff", alpha=1 - level
    )
    assert difference_of_counts(before, after, level=level) == near(*theirs)


def chances(mean: float, most: int) -> list[float]:
    return [math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) for count in range(most)]


def coverage_of_counts(before: float, after: float, interval: Callable[[int, int], Interval]) -> float:
    pairs = product(enumerate(chances(before, 130)), enumerate(chances(after, 130)))
    return math.fsum(
        first * second for (old, first), (new, second) in pairs if holds(interval(old, new), after - before)
    )


def usual(before: int, after: int) -> Interval:
    half = 1.959964 * math.sqrt(before + after)
    return Interval(after - before - half, after - before + half)


def test_a_difference_of_counts_is_covered_as_often_as_is_said() -> None:
    intervals = {pair: difference_of_counts(*pair) for pair in product(range(130), repeat=2)}
    covered = [
        coverage_of_counts(before, after, lambda *pair: intervals[pair])
        for before, after in product([0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 80], repeat=2)
        if before <= after
    ]
    assert min(covered) > 0.948
    assert min(covered[-10:]) < 0.96, "wider than it says"
    assert coverage_of_counts(0.5, 1, usual) == pytest.approx(0.77, abs=0.005)


@given(counts, counts, levels)
@laws
def test_a_difference_of_counts_lies_in_its_interval(before: int, after: int, level: float) -> None:
    interval = difference_of_counts(before, after, level=level)
    assert interval.low < after - before < interval.high
    assert -before - interval.high < 0 < after - interval.low
    assert difference_of_counts(after, before, level=level) == turned(interval)
    assert difference_of_counts(after, after, level=level).contains(0)


def test_large_counts_have_the_usual_interval() -> None:
    assert difference_of_counts(40_000, 41_000) == pytest.approx(usual(40_000, 41_000), rel=1e-3)


@pytest.mark.parametrize(("before", "after"), [(-1, 5), (5, -1)])
def test_counts_below_nought_are_refused(before: int, after: int) -> None:
    with pytest.raises(OptionError, match="0 or more"):
        difference_of_counts(before, after)


# A change of shares


@pytest.mark.parametrize(
    ("before", "after", "published"),
    [
        ((48, 80), (56, 70), (0.0524, 0.3339)),
        ((3, 10), (9, 10), (0.1705, 0.8090)),
        ((0, 29), (5, 56), (-0.0381, 0.1926)),
        ((0, 20), (10, 10), (0.6791, 1.0)),
    ],
)
def test_shares_change_as_newcombe_published(before: Share, after: Share, published: tuple[float, float]) -> None:
    assert difference(*before, *after) == pytest.approx(published, abs=5e-5)


@given(shares, shares, levels)
@laws
def test_shares_change_as_in_statsmodels(before: Share, after: Share, level: float) -> None:
    theirs = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff", alpha=1 - level)
    assert difference(*before, *after, level=level) == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def test_a_difference_is_covered_as_often_as_is_said() -> None:
    def chances(share: float, counted: int) -> list[float]:
        return [math.comb(counted, met) * share**met * (1 - share) ** (counted - met) for met in range(counted + 1)]

    def coverage(before: float, after: float) -> float:
        first, second = chances(before, 20), chances(after, 30)
        return math.fsum(first[a] * second[b] for a, b in intervals if holds(intervals[a, b], after - before))

    intervals = {(a, b): difference(a, 20, b, 30) for a, b in product(range(21), range(31))}
    covered = [coverage(before, after) for before, after in product([n / 20 + 0.0137 for n in range(20)], repeat=2)]
    assert 0.945 < fmean(covered) < 0.96
    assert min(covered) > 0.86


@given(shares, shares, levels)
@laws
def test_a_difference_lies_in_its_interval(before: Share, after: Share, level: float) -> None:
    interval = difference(*before, *after, level=level)
    change = after[0] / after[1] - before[0] / before[1]
    assert -1 <= interval.low <= change <= interval.high <= 1
    assert difference(*after, *before, level=level) == turned(interval)
    assert difference(*after, *after, level=level).contains(0)


def test_a_share_of_nothing_has_not_changed() -> None:
    for numbers, which in [((0, 0, 5, 9), "first"), ((5, 9, 0, 0), "second")]:
        with pytest.raises(OptionError, match=f"the {which} share: No data: nothing was counted"):
            difference(*numbers)


# A change of means


@given(samples, samples, levels)
@laws
def test_means_change_as_in_statsmodels(before: list[int], after: list[int], level: float) -> None:
    assume(len(set(before)) > 1 or len(set(after)) > 1)
    compared = CompareMeans(DescrStatsW(np.array(after, float)), DescrStatsW(np.array(before, float)))
    theirs = compared.tconfint_diff(alpha=1 - level, usevar="unequal")
    width = theirs[1] - theirs[0]
    assert difference_of_means(moments(before), moments(after), level=level) == pytest.approx(theirs, abs=1e-6 * width)


@given(samples, samples, st.integers(-(10**15), 10**15))
@laws
def test_a_difference_of_means_lies_in_its_interval(before: list[int], after: list[int], shift: int) -> None:
    assume(len(set(before)) > 1 or len(set(after)) > 1)
    interval = difference_of_means(moments(before), moments(after))
    change = Fraction(sum(after), len(after)) - Fraction(sum(before), len(before))
    assert interval.low < change < interval.high
    assert difference_of_means(moments(after), moments(before)) == turned(interval)
    old, new = (moments([value + shift for value in values]) for values in (before, after))
    assert difference_of_means(old, new) == interval, "exact, however far from zero"
    if len(set(after)) > 1:
        assert difference_of_means(moments(after), moments(after)).contains(0)


@pytest.mark.parametrize("read", [Fraction, float, np.int64])
def test_fractions_floats_and_numpys_integers_are_read_alike(read: Callable[[int], Any]) -> None:
    before, after = MeanMoments(3, 12, 62), MeanMoments(3 * 10**6, 4 * 10**9, 9 * 10**18)  # whose products pass 64 bits
    old = MeanMoments(before.number, read(12), read(62))
    new = MeanMoments(after.number, read(4 * 10**9), read(9 * 10**18))
    assert difference_of_means(old, new) == difference_of_means(before, after)


def test_numbers_of_values_may_be_numpys() -> None:
    number: Any = np.int64(3 * 10**6)
    many = MeanMoments(3 * 10**6, 4 * 10**9, 9 * 10**18)
    assert difference_of_means(many._replace(number=number), many) == difference_of_means(many, many)


def test_rounding_is_no_spread() -> None:
    tenths = MeanMoments(3, 0.1 + 0.1 + 0.1, 0.1**2 + 0.1**2 + 0.1**2)
    for pair in [(tenths, tenths), (MeanMoments(3, 3, 3.0000000001), MeanMoments(3, 3.0000000001, 3))]:
        assert [moments.spread for moments in pair] == [0, 0]
        with pytest.raises(OptionError, match="No data: values that are all equal"):
            difference_of_means(*pair)
    assert difference_of_means(tenths, MeanMoments(3, 0.7, 0.21)).contains(0)


@pytest.mark.parametrize("few", [MeanMoments(0, 0, 0), MeanMoments(1, 5, 25)])
def test_what_has_no_spread_says_nothing_of_chance(few: MeanMoments) -> None:
    enough = MeanMoments(3, 12, 62)
    for pair in [(few, enough), (enough, few)]:
        with pytest.raises(OptionError, match="No data: a mean has an interval from 2 values on"):
            difference_of_means(*pair)
    with pytest.raises(OptionError, match="No data: values that are all equal"):
        difference_of_means(MeanMoments(2, 6, 18), MeanMoments(3, 3, 3))
    assert difference_of_means(MeanMoments(2, 6, 18), enough).contains(1)


@pytest.mark.parametrize(
    ("sums", "says"),
    [
        (MeanMoments(3, 12, 47), "No 3 values"),
        (MeanMoments(1, 5, 24), "No 1 values"),
        (MeanMoments(0, 5, 25), "No 0 values"),
        (MeanMoments(-1, 0, 0), "No -1 values"),
        (MeanMoments(3, math.nan, 62), "not nan"),
        (MeanMoments(3, 12, math.inf), "not inf"),
    ],
)
def test_sums_that_no_values_have_are_refused(sums: MeanMoments, says: str) -> None:
    for pair in [(sums, MeanMoments(3, 12, 62)), (MeanMoments(3, 12, 62), sums), (MeanMoments(0, 0, 0), sums)]:
        with pytest.raises(OptionError, match=says):
            difference_of_means(*pair)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan, "95%", None])
def test_every_interval_refuses_what_is_no_level_of_confidence(level: Any) -> None:
    none = MeanMoments(0, 0, 0)
    asked: list[Callable[[], object]] = [
        lambda: wilson(0, 0, level=level),
        lambda: difference_of_counts(1, 2, level=level),
        lambda: difference(0, 0, 0, 0, level=level),
        lambda: difference_of_means(none, none, level=level),
    ]
    for ask in asked:
        with pytest.raises(OptionError, match=r"level: above 0 and at most 0\.9999"):
            ask()
