"""Which points of a control chart have a special cause: named and versioned sets of rules, for many series at once.

All points of all series stand in one row, in the order of their dates. ``stretch`` numbers the stretches that they
belong to, from 0: a series is one stretch, and each date at which it is rebased begins another. No rule looks beyond
its stretch.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.statistics.quantiles import finite

SpecialCause = Literal[
    "none", "below_limit", "above_limit", "shift_below", "shift_above", "two_of_three_below", "two_of_three_above",
    "trend_up", "trend_down",
]  # fmt: skip
CAUSES: tuple[SpecialCause, ...] = get_args(SpecialCause)
UPWARDS = np.array([0, -1, 1, -1, 1, -1, 1, 1, -1], np.int8)  # of each of them, which way it points

Numbers: TypeAlias = NDArray[np.float64]
Sides: TypeAlias = NDArray[np.int8]  # of each point: 1 above, -1 below, 0 neither


@dataclass(frozen=True)
class ChartRules:
    """A set of rules for control charts, with its name and version: both are printed with all that it decided.

    >>> print(NHS_MDC)
    nhs-mdc 1
    >>> print(ChartRules("ours", "2026", shift=8))
    ours 2026

    A chart takes one of these wherever it takes the name of a set. Raises ``OptionError`` for rules that can't be
    applied.
    """

    name: str
    version: str
    width: float = 2.66  # of an XmR chart, from the mean to a limit, in mean moving ranges
    screened: float = 3.267  # moving ranges of so many times their mean, or more, are left out of it
    shift: int = 7  # points on one side of the mean
    trend: int = 7  # points, each above (or below) the one before
    near: float = 2 / 3  # of the way from the mean to a limit: beyond it, a point is near the limit

    def __post_init__(self) -> None:
        numbers = [finite(number) or 0 for number in (self.width, self.screened, self.near)]
        runs = [isinstance(run, int) and run >= 2 for run in (self.shift, self.trend)]
        if not (numbers[0] > 0 and numbers[1] > 1 and 0 < numbers[2] < 1 and all(runs)):
            raise OptionError(
                f"The rules {self.name!r} can't be applied: width must be above 0, screened above 1, near between 0 "
                "and 1, shift and trend whole numbers of 2 or more."
            )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


NHS_MDC = ChartRules("nhs-mdc", "1")
RULES = {rules.name: rules for rules in (NHS_MDC,)}


def rules_of(rules: str | ChartRules) -> ChartRules:
    """Return a set of rules by its name. Raises ``OptionError`` if there is none."""
    if isinstance(rules, ChartRules):
        return rules
    if not isinstance(rules, str) or rules not in RULES:
        raise OptionError(f"There are no rules {rules!r} for control charts. {one_of(rules, RULES)}")
    return RULES[rules]


def side_of(difference: Numbers, rounding: Numbers) -> Sides:
    """Return the sign of differences; those that rounding can explain, and NaN, have none.

    >>> side_of(np.array([0.1 + 0.2 - 0.3, 0.5, -0.5, np.nan]), np.array([1e-12])).tolist()
    [0, 1, -1, 0]
    """
    return (difference > rounding).astype(np.int8) - (difference < -rounding).astype(np.int8)


def special_causes(
    values: Numbers, mean: Numbers, half: Numbers, stretch: Integers, rounding: Numbers, rules: ChartRules
) -> NDArray[np.int8]:
    """Return of each point its special cause, as its place in ``CAUSES``.

    ``half`` is how far the limits are from the mean, NaN where there are none. ``rounding`` is the largest difference
    that counts as none.

    Where several rules find a point, the first of these is given: outside a limit, trend, two of three, shift. All
    comparisons are strict: a point on a limit isn't outside, and one on the mean, or equal to the one before, ends a
    shift or a trend.
    """
    side = side_of(values - mean, rounding)
    far = np.abs(values - mean)
    outside = side * (side_of(far - half, rounding) > 0)
    near = side * (side_of(far - rules.near * half, rounding) > 0) * (outside == 0)
    found = np.zeros(len(values), np.int8)
    for below, above, where in (  # each overrules those before it
        ("shift_below", "shift_above", _shift(side, stretch, rules.shift)),
        ("two_of_three_below", "two_of_three_above", _two_of_three(side, near, stretch)),
        ("trend_down", "trend_up", _trend(values, stretch, rounding, rules.trend)),
        ("below_limit", "above_limit", outside),
    ):
        found[where < 0] = CAUSES.index(below)
        found[where > 0] = CAUSES.index(above)
    return found


def _run_lengths(sides: Sides, stretch: Integers) -> Integers:
    """Return of each point how many next to each other, itself included, have its side in its stretch."""
    if not len(sides):
        return np.zeros(0, np.int64)
    ends = (sides[1:] != sides[:-1]) | (stretch[1:] != stretch[:-1])
    run = np.concatenate([[0], np.cumsum(ends)])
    lengths: Integers = np.bincount(run)[run]
    return lengths


def _shift(side: Sides, stretch: Integers, points: int) -> Sides:
    """Return the side of each point that is one of so many in a row on that side of the mean."""
    return side * (_run_lengths(side, stretch) >= points)


def _trend(values: Numbers, stretch: Integers, rounding: Numbers, points: int) -> Sides:
    """Return the direction of each point that is one of so many in a row, each above (or below) the one before.

    Seven points are six steps. A point that ends one trend and begins another has the direction of the second.
    """
    steps = side_of(np.diff(values), rounding[1:]) * (stretch[1:] == stretch[:-1])
    within = steps * (_run_lengths(steps, stretch[1:]) >= points - 1)
    found = np.zeros(len(values), np.int8)
    found[1:] = within
    found[:-1][within != 0] = within[within != 0]
    return found


def _two_of_three(side: Sides, near: Sides, stretch: Integers) -> Sides:
    """Return the side of each point near a limit that is one of two or three such among three in a row.

    All three must be on that side of the mean. A point outside isn't near.
    """
    found: Truths = np.zeros(len(side), np.bool_)
    together = (side[:-2] == side[1:-1]) & (side[1:-1] == side[2:]) & (stretch[:-2] == stretch[2:])
    enough = together & (np.abs(near[:-2]) + np.abs(near[1:-1]) + np.abs(near[2:]) >= 2)
    for first in range(3):
        found[first : len(side) - 2 + first] |= enough
    return near * found
