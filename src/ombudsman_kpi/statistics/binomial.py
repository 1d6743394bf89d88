"""Exact limits of a binomial count: how many of n are met where the chance of each is known."""

from collections.abc import Sequence

import numpy as np

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.statistics.series import Numbers


def binomial_rates(n: Integers, chance: float, probabilities: Sequence[float]) -> Numbers:
    """Return for each n the rates below which the rate of n lies with some probabilities: a row for each n.

    >>> binomial_rates(np.array([20]), 0.5, [0.025, 0.975]).round(4).tolist()
    [[0.2558, 0.6942]]

    A rate of n has n + 1 values, so no rate has just these probabilities. With r the smallest count that has the
    probability p or more, the limit is (r - a) / n with a = (P(R ≤ r) - p) / P(R = r): Spiegelhalter (2005),
    appendix A.1.1. It is 0 at the lowest.
    """
    different, places = np.unique(n, return_inverse=True)
    rows = [_rates(int(size), chance, np.asarray(probabilities)) for size in different]
    return np.array(rows).reshape(len(different), len(probabilities))[places]


def _rates(n: int, chance: float, probabilities: Numbers) -> Numbers:
    if chance in {0.0, 1.0}:
        return np.full(len(probabilities), chance)
    # Chances relative to one another, by the ratios of neighbours, of all counts that are at all likely: beyond ten
    # standard deviations (and 40, where those are small) less than 1e-20 is left.
    mean, reach = n * chance, 10 * (n * chance * (1 - chance)) ** 0.5 + 40
    counts = np.arange(max(int(mean - reach), 0), min(int(mean + reach), n) + 1, dtype=np.float64)
    ratios = (n - counts[:-1]) / counts[1:] * (chance / (1 - chance))
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    up_to = np.cumsum(chances)
    at = np.minimum(np.searchsorted(up_to, probabilities), len(counts) - 1)
    rates: Numbers = np.maximum((counts[at] - (up_to[at] - probabilities) / chances[at]) / n, 0)
    return rates
