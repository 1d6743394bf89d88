"""The mean and the limits of control charts, for many series at once.

A stretch is a series, or the part of one from a date at which it was rebased. Each has a mean and limits of its own.
"""

from dataclasses import dataclass

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.statistics.series import Numbers
from ombudsman_kpi.statistics.special_causes import ChartRules

TWO_NEIGHBOURS = 1.128  # the mean moving range of a normal process, in standard deviations
_ROUNDING = 1e-12  # of the largest figure of a stretch: smaller differences come from rounding


@dataclass(frozen=True, slots=True)
class Stretches:
    """Which stretch each point belongs to, and which points the limits rest on."""

    number: Integers  # of each point its stretch, from 0
    starts: Integers  # of each stretch its first point
    base: Truths  # of each point, whether the limits rest on it
    ranges: Truths  # of each point, whether the limits rest on the moving range from the point before it

    @classmethod
    def of(cls, first: Truths, fix_after: int | None) -> "Stretches":
        """Return stretches, from whether each point is the first of one, and how many the limits rest on."""
        starts = np.flatnonzero(first)
        number = np.cumsum(first) - 1
        place = np.arange(len(first)) - starts[number]
        base = np.ones(len(first), np.bool_) if fix_after is None else place < fix_after
        return cls(number, starts, base, base & (place > 0))

    def total(self, of_points: Numbers | Integers | Truths) -> Numbers:
        """Return the sum of each stretch."""
        return np.add.reduceat(of_points.astype(np.float64), self.starts)

    def mean(self, values: Numbers) -> Numbers:
        """Return of each point the mean of its stretch. The second step takes away the rounding of the first."""
        number = self.total(self.base)
        first = (self.total(np.where(self.base, values, 0)) / number)[self.number]
        return first + (self.total(np.where(self.base, values - first, 0)) / number)[self.number]

    def rounding(self, values: Numbers) -> Numbers:
        """Return of each point the largest difference that rounding can explain."""
        return (_ROUNDING * np.maximum.reduceat(np.abs(values), self.starts))[self.number]

    def mean_moving_range(self, values: Numbers, screened: float = np.inf) -> Numbers:
        """Return of each point the mean moving range of its stretch; NaN if its limits rest on fewer than two points.

        In one pass, moving ranges of ``screened`` times the mean or more are left out. If all are 0, so is the mean.
        """
        moved = np.abs(np.diff(values, prepend=values[:1]))
        moved[~self.ranges | (moved <= self.rounding(values))] = 0
        mean = self._mean_of(moved, self.ranges)
        return (
            mean
            if np.isinf(screened)
            else self._mean_of(moved, self.ranges & ((moved < screened * mean) | (mean == 0)))
        )

    def _mean_of(self, values: Numbers, of: Truths) -> Numbers:
        with np.errstate(invalid="ignore"):  # 0 of 0 is NaN
            return (self.total(np.where(of, values, 0)) / self.total(of))[self.number]


def xmr_half(values: Numbers, stretches: Stretches, rules: ChartRules, *, screen: bool) -> Numbers:
    """Return how far the limits of an XmR chart are from the mean."""
    return rules.width * stretches.mean_moving_range(values, rules.screened if screen else np.inf)


def p_half(mean: Numbers, rates: Numbers, n: Numbers, stretches: Stretches, *, prime: bool) -> Numbers:
    """Return how far the limits of a p chart are from the pooled rate: three standard deviations of each period.

    By Laney (2002), those of a p′ chart are wider or narrower by what the rates vary from period to period beside
    what chance alone gives: the mean moving range of z, over 1.128.
    """
    deviation = np.sqrt(mean * (1 - mean) / n)
    if not prime:
        return 3 * deviation
    z = np.divide(rates - mean, deviation, out=np.zeros_like(rates), where=deviation > 0)
    return 3 * deviation * stretches.mean_moving_range(z) / TWO_NEIGHBOURS
