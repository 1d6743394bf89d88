"""Confidence intervals of published figures: a share, and the change of a count, a share or a mean.

An interval shows how far chance alone may have moved a figure. Other faults aren't included (missing records, samples
that weren't drawn at random, cases that arrive in batches); they make the true uncertainty larger.

Every function raises ``OptionError`` for a confidence that isn't above 0 and at most 0.9999.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics.quantiles import check_confidence, normal_quantile, t_quantile


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


def share_interval(met: int, counted: int, population: int | None = None, confidence: float = 0.95) -> Interval | None:
    """Return the interval of a share, from 0 to 1; None if nothing was counted.

    >>> low, high = share_interval(45, 50)
    >>> f"{low:.3f} to {high:.3f}"
    '0.786 to 0.957'
    >>> low, high = share_interval(45, 50, population=200)
    >>> f"{low:.3f} to {high:.3f}"
    '0.805 to 0.952'
    >>> share_interval(45, 50, population=50)
    Interval(low=0.9, high=0.9)

    Without a population, the interval is for the service, of which these records are a chance result. With one, it is
    for that many records, of which the records counted are a random sample.

    Raises ``OptionError`` if a number is negative, more were met than counted, or more counted than the population.

    This is the score interval of Wilson (1927). For a sample of n from N, n is replaced by n(N-1)/(N-n), since sampling
    without replacement reduces the variance (Cochran 1977, chapter 3). It covers the true share 95% of the time on
    average over shares, but only 79% of the time for some shares near 0 or 1.
    """
    z = normal_quantile(confidence)
    if not 0 <= met <= counted:
        raise OptionError(
            f"{met} met of {counted} counted isn't a share. Neither can be negative, nor met above counted."
        )
    if population is not None and population < counted:
        raise OptionError(f"A sample of {counted} can't come from {population}. The population includes it.")
    if counted == 0:
        return None
    share, rest = met / counted, (counted - met) / counted
    if population == counted:
        return Interval(share, share)
    unseen = 1.0 if population is None else (population - counted) / (population - 1)
    # Wilson's formula rearranged without subtraction, so rounding can't move a limit past the share, or past 0 or 1.
    k = z * z * unseen / counted
    root = math.sqrt(k * (k + 4 * share * rest))
    return Interval(share * (2 * share / (2 * share + k + root)), 1 - rest * (2 * rest / (2 * rest + k + root)))


def change_of_counts(before: int, after: int, confidence: float = 0.95) -> Interval:
    """Return the interval of ``after - before``: counts over equal times of independent events.

    >>> low, high = change_of_counts(before=120, after=150)
    >>> f"{low:.1f} to {high:.1f}"
    '-2.3 to 62.6'

    Raises ``OptionError`` if a count is negative.

    The score limits of each Poisson count (Barker 2002) are combined by square and add (Zou and Donner 2008; Li, Tang,
    Poon and Tang 2011). The usual (after - before) ± z√(after + before) has no width at 0 and 0, and covers the true
    change 77% of the time for means of 0.5 and 1. This covers it at least 94.8% of the time, for means up to 100.
    """
    z = normal_quantile(confidence)
    if not (before >= 0 and after >= 0):
        raise OptionError(f"A count must be 0 or more. These are {before} before and {after} after.")
    return _square_and_add(before, _count_interval(before, z), after, _count_interval(after, z))


def change_of_shares(
    met_before: int, counted_before: int, met_after: int, counted_after: int, confidence: float = 0.95
) -> Interval | None:
    """Return the interval of the share after minus the share before, from -1 to 1; None if nothing was counted.

    >>> low, high = change_of_shares(met_before=48, counted_before=80, met_after=56, counted_after=70)
    >>> f"{low:.4f} to {high:.4f}"
    '0.0524 to 0.3339'

    Raises ``OptionError`` if a number is negative, or more were met than counted.

    This is the hybrid score interval of Newcombe (1998), method 10: Wilson's limits of both shares, combined by square
    and add. It covers the true change 95% of the time on average, but as little as 86% if one share is near 0 and
    the other near 1.
    """
    before = share_interval(met_before, counted_before, confidence=confidence)
    after = share_interval(met_after, counted_after, confidence=confidence)
    if before is None or after is None:
        return None
    return _square_and_add(met_before / counted_before, before, met_after / counted_after, after)


def change_of_means(before: MeanMoments, after: MeanMoments, confidence: float = 0.95) -> Interval | None:
    """Return the interval of the mean after minus the mean before, in the unit of the values.

    >>> low, high = change_of_means(MeanMoments(20, 200, 2380), MeanMoments(25, 200, 2200))
    >>> f"{low:.2f} to {high:.2f}"
    '-4.85 to 0.85'

    The result is None if either has fewer than two values, or neither has any variance. Raises ``OptionError`` for
    sums that no values can have.

    This is Welch's interval (1947), Student's t with the degrees of freedom of Satterthwaite (1946). For skewed values,
    such as waiting times, it covers the true change less often: 93% of the time for 30 lognormal values (sigma 1) on
    each side, with one mean twice the other.
    """
    check_confidence(confidence)
    first, second = _mean_of(before), _mean_of(after)
    if first is None or second is None:
        return None
    error = first.squared_error + second.squared_error
    if error == 0:
        return None
    freedom = error**2 / (first.squared_error**2 / first.freedom + second.squared_error**2 / second.freedom)
    change, half = float(second.mean - first.mean), t_quantile(float(freedom), confidence) * math.sqrt(error)
    return Interval(change - half, change + half)


def _count_interval(count: int, z: float) -> Interval:
    """Return the score interval of the mean of a Poisson count."""
    high = count + z * z / 2 + z * math.sqrt(count + z * z / 4)
    return Interval(count * (count / high), high)


def _square_and_add(before: float, around_before: Interval, after: float, around_after: Interval) -> Interval:
    """Return the interval of a difference: the distances from the figures to their limits are added in quadrature."""
    change = after - before
    down = math.hypot(after - around_after.low, around_before.high - before)
    up = math.hypot(around_after.high - after, before - around_before.low)
    return Interval(change - down, change + up)


class _Mean(NamedTuple):
    mean: Fraction
    squared_error: Fraction
    freedom: int


def _mean_of(moments: MeanMoments) -> _Mean | None:
    """Return a mean and its squared error, exactly, since the differences between values may be small beside them."""
    number, total, squares = int(moments.number), _exact(moments.total), _exact(moments.squares)
    spread = number * squares - total**2  # never negative, by the Cauchy-Schwarz inequality
    floats = isinstance(moments.total, float) or isinstance(moments.squares, float)
    rounding = number * squares / 10**9 if floats else 0
    if number < 0 or spread < -rounding:
        raise OptionError(f"No {number} values have this sum and sum of squares. Both must come from the same values.")
    if number < 2:
        return None
    freedom = number - 1
    return _Mean(total / number, (spread if spread > rounding else Fraction()) / (number**2 * freedom), freedom)


def _exact(value: int | Fraction | float) -> Fraction:
    if not math.isfinite(value):
        raise OptionError(f"A sum must be a finite number, not {value}.")
    return Fraction(value if isinstance(value, Fraction | float) else int(value))  # numpy's integers would overflow
