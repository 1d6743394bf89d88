"""Intervals for what is published: a share, and how much a count, a share or a mean has changed.

An interval says how far chance alone may have moved a figure. It knows nothing of other faults (records that are
missing, samples that weren't drawn at random, cases that come in batches), which all make the true doubt larger.

Every function raises ``OptionError`` for a confidence that isn't above 0 and at most 0.9999.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics.quantiles import check_confidence, normal_quantile, t_quantile


class Interval(NamedTuple):
    """Two limits, themselves inside, in the unit of the figure that they belong to.

    >>> Interval(-2.3, 62.6).contains(0)
    True
    """

    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Tell whether a value lies inside."""
        return self.low <= value <= self.high


class Moments(NamedTuple):
    """What a mean and its spread are made of: how many values, their sum, and the sum of their squares.

    Whole numbers and fractions stay exact. Floats lose the spread of values that are far from zero.
    """

    number: int
    total: int | Fraction | float
    squares: int | Fraction | float


def share_interval(met: int, counted: int, population: int | None = None, confidence: float = 0.95) -> Interval | None:
    """Give the interval of a share, from 0 to 1; None where nothing was counted.

    >>> low, high = share_interval(45, 50)
    >>> f"{low:.3f} to {high:.3f}"
    '0.786 to 0.957'
    >>> low, high = share_interval(45, 50, population=200)
    >>> f"{low:.3f} to {high:.3f}"
    '0.805 to 0.952'
    >>> share_interval(45, 50, population=50)
    Interval(low=0.9, high=0.9)

    Without a population, it is about how the service works, of which these records are what happened to come up.
    With one, it is about that many records, from which those counted were drawn at random.

    Raises ``OptionError`` where a number is negative, more were met than counted, or more counted than there were.

    The score interval of Wilson (1927); for n drawn from N, with n(N-1)/(N-n) in place of n, which is what drawing
    without putting back does to the variance (Cochran 1977, chapter 3). It covers the truth 95% of the time on
    average over shares; for some shares near 0 or 1 less, down to 79%.
    """
    z = normal_quantile(confidence)
    if not 0 <= met <= counted:
        raise OptionError(f"{met} met of {counted} counted is no share. Give 0 or more, no more met than counted.")
    if population is not None and population < counted:
        raise OptionError(f"{counted} can't be drawn from {population}. The population includes what was counted.")
    if counted == 0:
        return None
    share, rest = met / counted, (counted - met) / counted
    if population == counted:
        return Interval(share, share)
    unseen = 1.0 if population is None else (population - counted) / (population - 1)
    # Wilson's formula without its differences: rounding can't move a limit past the share, or past 0 or 1.
    k = z * z * unseen / counted
    root = math.sqrt(k * (k + 4 * share * rest))
    return Interval(share * (2 * share / (2 * share + k + root)), 1 - rest * (2 * rest / (2 * rest + k + root)))


def change_of_counts(before: int, after: int, confidence: float = 0.95) -> Interval:
    """Give the interval of ``after - before``: counts, over equal times, of what comes in one by one.

    >>> low, high = change_of_counts(before=120, after=150)
    >>> f"{low:.1f} to {high:.1f}"
    '-2.3 to 62.6'

    Raises ``OptionError`` where a count is negative.

    Score limits of each Poisson count (Barker 2002), put together by square and add (Zou and Donner 2008; Li, Tang,
    Poon and Tang 2011). The usual (after - before) ± z√(after + before) has no width at 0 and 0, and covers the truth
    77% of the time where 0.5 and 1 are expected. This covers it 94.8% or more of the time, for means up to 100.
    """
    z = normal_quantile(confidence)
    if not (before >= 0 and after >= 0):
        raise OptionError(f"A count is 0 or more. They are {before} before and {after} after.")
    return _square_and_add(before, _count_interval(before, z), after, _count_interval(after, z))


def change_of_shares(
    met_before: int, counted_before: int, met_after: int, counted_after: int, confidence: float = 0.95
) -> Interval | None:
    """Give the interval of the share after less the share before, from -1 to 1; None where nothing was counted.

    >>> low, high = change_of_shares(met_before=48, counted_before=80, met_after=56, counted_after=70)
    >>> f"{low:.4f} to {high:.4f}"
    '0.0524 to 0.3339'

    Raises ``OptionError`` where a number is negative, or more were met than counted.

    The hybrid score interval of Newcombe (1998), his method 10: Wilson's limits of both shares, by square and add.
    It covers the truth 95% of the time on average; where one share is near 0 and one near 1, down to 86%.
    """
    before = share_interval(met_before, counted_before, confidence=confidence)
    after = share_interval(met_after, counted_after, confidence=confidence)
    if before is None or after is None:
        return None
    return _square_and_add(met_before / counted_before, before, met_after / counted_after, after)


def change_of_means(before: Moments, after: Moments, confidence: float = 0.95) -> Interval | None:
    """Give the interval of the mean after less the mean before, in the unit of the values.

    >>> low, high = change_of_means(Moments(20, 200, 2380), Moments(25, 200, 2200))
    >>> f"{low:.2f} to {high:.2f}"
    '-4.85 to 0.85'

    None where either has fewer than two values, or neither has any spread: by how much they vary isn't known.
    Raises ``OptionError`` for sums that no values have.

    Welch's interval (1947): Student's t with the degrees of freedom of Satterthwaite (1946). Where values are skewed,
    as waiting times are, it covers the truth less often: 93% of the time for 30 lognormal values (sigma 1) on each
    side, one mean twice the other.
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
    """Give the score interval of the mean behind a Poisson count."""
    high = count + z * z / 2 + z * math.sqrt(count + z * z / 4)
    return Interval(count * (count / high), high)


def _square_and_add(before: float, around_before: Interval, after: float, around_after: Interval) -> Interval:
    """Give the interval of a difference: the distances from the figures to their limits add like errors."""
    change = after - before
    down = math.hypot(after - around_after.low, around_before.high - before)
    up = math.hypot(around_after.high - after, before - around_before.low)
    return Interval(change - down, change + up)


class _Mean(NamedTuple):
    mean: Fraction
    squared_error: Fraction
    freedom: int


def _mean_of(moments: Moments) -> _Mean | None:
    """Give a mean and its error, exactly, since what tells values apart is often small beside them."""
    number, total, squares = int(moments.number), _exact(moments.total), _exact(moments.squares)
    spread = number * squares - total**2  # never negative, as Cauchy and Schwarz knew
    floats = isinstance(moments.total, float) or isinstance(moments.squares, float)
    rounding = number * squares / 10**9 if floats else 0
    if number < 0 or spread < -rounding:
        raise OptionError(f"No {number} values have this sum and sum of squares. Give both of the same values.")
    if number < 2:
        return None
    freedom = number - 1
    return _Mean(total / number, (spread if spread > rounding else Fraction()) / (number**2 * freedom), freedom)


def _exact(value: int | Fraction | float) -> Fraction:
    if not math.isfinite(value):
        raise OptionError(f"A sum is a number, not {value}.")
    return Fraction(value if isinstance(value, Fraction | float) else int(value))  # numpy's integers would overflow
