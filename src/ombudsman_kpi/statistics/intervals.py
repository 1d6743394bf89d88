"""Confidence intervals of published figures: a share, and the change of a count, a share or a mean.

An interval shows how far chance alone may have moved a figure. Other faults aren't included (missing records, samples
that weren't drawn at random, cases that arrive in batches); they make the true uncertainty larger.

Every function raises ``OptionError`` for a level that isn't above 0 and at most 0.9999.
"""

import math
from contextlib import suppress
from fractions import Fraction
from numbers import Integral
from operator import index
from typing import NamedTuple, SupportsIndex

import numpy as np

from ombudsman_kpi.errors import OptionError, kind_of, naming
from ombudsman_kpi.statistics.quantiles import check_level, normal_quantile, t_quantile


class Interval(NamedTuple):
    """Two limits, both included, in the unit of their figure.

    >>> Interval(-2.3, 62.6).contains(0)
    True
    """

    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Return whether a value lies inside."""
        return self.low <= value <= self.high


class MeanMoments(NamedTuple):
    """The number of some values, their sum, and the sum of their squares, which give the mean and the variance.

    Integers and fractions stay exact. With floats, the variance of values far from zero is lost.
    """

    number: int
    total: int | Fraction | float
    squares: int | Fraction | float

    @property
    def spread(self) -> Fraction:
        """Return ``number * squares - total**2``, exactly: 0 where all values are equal, but for rounding of floats.

        Raises ``OptionError`` for sums that no values can have.
        """
        number, total, squares = int(self.number), _exact(self.total), _exact(self.squares)
        spread = number * squares - total**2  # never negative, by the Cauchy-Schwarz inequality
        floats = isinstance(self.total, float) or isinstance(self.squares, float)
        rounding = number * squares / 10**9 if floats else 0
        if number < 0 or spread < -rounding:
            raise OptionError(
                f"No {number} values have this sum and sum of squares. Both must come from the same values."
            )
        return spread if spread > rounding else Fraction()


def wilson(met: int, n: int, *, population: int | None = None, level: float = 0.95) -> Interval:
    """Return the interval of a share, from 0 to 1: ``met`` of ``n``.

    >>> low, high = wilson(45, 50)
    >>> f"{low:.3f} to {high:.3f}"
    '0.786 to 0.957'
    >>> low, high = wilson(45, 50, population=200)
    >>> f"{low:.3f} to {high:.3f}"
    '0.805 to 0.952'
    >>> wilson(45, 50, population=50)
    Interval(low=0.9, high=0.9)

    Without a population, the interval is for the service, of which these records are a chance result. With one, it is
    for that many records, of which the n are a random sample.

    Raises ``OptionError`` if n is 0 ("no data"), a number isn't whole or is negative, more were met than n, or the
    population is less than n.

    This is the score interval of Wilson (1927). For a sample of n from N, n is replaced by n(N-1)/(N-n), since sampling
    without replacement reduces the variance (Cochran 1977, chapter 3). It covers the true share 95% of the time on
    average over shares, but only 79% of the time for some shares near 0 or 1.
    """
    z = normal_quantile(level)
    met, n = share_counts(met, n)
    population = None if population is None else drawn_from(n, population)
    share, rest = met / n, (n - met) / n
    if population == n:
        return Interval(share, share)
    unseen = 1.0 if population is None else (population - n) / (population - 1)
    return score_interval(share, rest, z * z * unseen / n)


def difference(met_1: int, n_1: int, met_2: int, n_2: int, *, level: float = 0.95) -> Interval:
    """Return the interval of the second share minus the first, from -1 to 1: of a change, the earlier comes first.

    >>> low, high = difference(48, 80, 56, 70)  # from 60% to 80%
    >>> f"{low:.4f} to {high:.4f}"
    '0.0524 to 0.3339'

    Raises ``OptionError`` as ``wilson`` does, also if only one of the two has no data.

    This is the hybrid score interval of Newcombe (1998), method 10: Wilson's limits of both shares, combined by square
    and add. It covers the true change 95% of the time on average, but as little as 86% if one share is near 0 and
    the other near 1.
    """
    level = check_level(level)
    with naming("the first share"):
        met_1, n_1 = share_counts(met_1, n_1)
    with naming("the second share"):
        met_2, n_2 = share_counts(met_2, n_2)
    first, second = (wilson(met, n, level=level) for met, n in ((met_1, n_1), (met_2, n_2)))
    return square_and_add(met_1 / n_1, first, met_2 / n_2, second)


def difference_of_counts(count_1: int, count_2: int, *, level: float = 0.95) -> Interval:
    """Return the interval of the second count minus the first: of independent events, over equal times.

    >>> low, high = difference_of_counts(120, 150)
    >>> f"{low:.1f} to {high:.1f}"
    '-2.3 to 62.6'

    Raises ``OptionError`` if a count is negative or not whole.

    The score limits of each Poisson count (Barker 2002) are combined by square and add (Zou and Donner 2008; Li, Tang,
    Poon and Tang 2011). The usual difference ± z√(sum) has no width at 0 and 0, and covers the true change 77% of the
    time for means of 0.5 and 1. This covers it at least 94.8% of the time, for means up to 100.
    """
    z = normal_quantile(level)
    first, second = whole_number(count_1, "count_1"), whole_number(count_2, "count_2")
    return square_and_add(first, _count_interval(first, z), second, _count_interval(second, z))


def difference_of_means(first: MeanMoments, second: MeanMoments, *, level: float = 0.95) -> Interval:
    """Return the interval of the second mean minus the first, in the unit of the values.

    >>> low, high = difference_of_means(MeanMoments(20, 200, 2380), MeanMoments(25, 200, 2200))
    >>> f"{low:.2f} to {high:.2f}"
    '-4.85 to 0.85'

    Raises ``OptionError`` for sums that no values can have, and ("no data") if either has fewer than two values, or
    all values of both are equal to their mean.

    This is Welch's interval (1947), Student's t with the degrees of freedom of Satterthwaite (1946). For skewed values,
    such as waiting times, it covers the true change less often: 93% of the time for 30 lognormal values (sigma 1) on
    each side, with one mean twice the other.
    """
    level = check_level(level)
    both, spreads = (first, second), (first.spread, second.spread)
    numbers = [int(moments.number) for moments in both]
    if min(numbers) < 2:
        raise OptionError(f"No data: a mean has an interval from 2 values on; these are {numbers[0]} and {numbers[1]}.")
    if not any(spreads):
        raise OptionError("No data: values that are all equal say nothing of how far chance may move their mean.")
    errors = [spread / (n * n * (n - 1)) for spread, n in zip(spreads, numbers, strict=True)]
    error = sum(errors)
    freedom = error**2 / sum(one**2 / (n - 1) for one, n in zip(errors, numbers, strict=True))
    before, after = (_exact(moments.total) / n for moments, n in zip(both, numbers, strict=True))
    change, half = float(after - before), t_quantile(float(freedom), level) * math.sqrt(error)
    return Interval(change - half, change + half)


def score_interval(share: float, rest: float, k: float) -> Interval:
    """Return Wilson's interval of a share, its rest to 1, and k: z² over the number that it is of.

    The formula is arranged without subtraction, so rounding can't move a limit past the share, or past 0 or 1.
    """
    root = math.sqrt(k * (k + 4 * share * rest))
    return Interval(share * (2 * share / (2 * share + k + root)), 1 - rest * (2 * rest / (2 * rest + k + root)))


def share_counts(met: int, n: int) -> tuple[int, int]:
    """Return the counts of a share, or raise ``OptionError`` where they make none."""
    met, n = whole_number(met, "met"), whole_number(n, "n")
    if met > n:
        raise OptionError(f"{met:,} met of {n:,} is no share: met can't be more than n.")
    if n == 0:
        raise OptionError("No data: nothing was counted (n is 0), so there is no share.")
    return met, n


def drawn_from(n: int, population: object) -> int:
    """Return the size of a population, or raise ``OptionError`` where a sample of n can't come from it."""
    population = whole_number(population, "population")
    if population < n:
        raise OptionError(f"A sample of {n:,} can't come from a population of {population:,}: it includes them.")
    return population


def whole_number(value: object, name: str) -> int:
    """Return a count as an integer; numpy's are taken. Raises ``OptionError`` for any other value, and below 0.

    >>> whole_number(3.0, "n")
    Traceback (most recent call last):
    ombudsman_kpi.errors.OptionError: n: a whole number of 0 or more, such as 45; not 3.0.
    """
    if isinstance(value, SupportsIndex) and not isinstance(value, bool | np.bool_):  # old numpy takes truths for 0 or 1
        with suppress(TypeError):  # of an array
            if (number := index(value)) >= 0:
                return number
    shown = value if isinstance(value, int | float | Integral) else kind_of(value)
    raise OptionError(f"{name}: a whole number of 0 or more, such as 45; not {shown}.")


def _count_interval(count: int, z: float) -> Interval:
    """Return the score interval of the mean of a Poisson count."""
    high = count + z * z / 2 + z * math.sqrt(count + z * z / 4)
    return Interval(count * (count / high), high)


def square_and_add(before: float, around_before: Interval, after: float, around_after: Interval) -> Interval:
    """Return the interval of a difference: the distances from the figures to their limits are added in quadrature."""
    change = after - before
    down = math.hypot(after - around_after.low, around_before.high - before)
    up = math.hypot(around_after.high - after, before - around_before.low)
    return Interval(change - down, change + up)


def _exact(value: int | Fraction | float) -> Fraction:
    if not math.isfinite(value):
        raise OptionError(f"A sum must be a finite number, not {value}.")
    return Fraction(value if isinstance(value, Fraction | float) else int(value))  # numpy's integers would overflow
