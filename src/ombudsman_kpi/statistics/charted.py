"""The charts of several series, worked out together."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, RowNumbers
from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.statistics.chart_words import notes_on_dates, notes_on_limits
from ombudsman_kpi.statistics.control_limits import Stretches
from ombudsman_kpi.statistics.quantiles import finite
from ombudsman_kpi.statistics.series import Numbers, Series
from ombudsman_kpi.statistics.special_causes import UPWARDS, ChartRules, side_of, special_causes

Improvement = Literal["increase", "decrease"]
Variation = Literal["common_cause", "improvement", "concern", "neutral"]
Assurance = Literal["consistent_pass", "consistent_fail", "inconsistent", "none"]
_BETTER = {"increase": 1, "decrease": -1, None: 0}
VARIATIONS: tuple[Variation, ...] = get_args(Variation)
_ASSURANCES = np.array(["inconsistent", "consistent_pass", "consistent_fail"], object)  # by 0, 1 and -1
_UNASSURED = ("No assurance: whether a target is met depends on the direction of improvement, which is None.",)


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """What charts were asked for, checked. Raises ``OptionError`` for what can't be."""

    kind: Literal["XmR", "p", "p′"]
    rules: ChartRules
    improvement: Improvement | None
    target: float | None
    fix_after: int | None
    rebase: tuple[Integers, bool]
    screen: bool | None

    def __post_init__(self) -> None:
        if not any(self.improvement is way or self.improvement == way for way in _BETTER):
            hint = one_of(self.improvement, get_args(Improvement))
            raise OptionError(f"improvement can't be {self.improvement!r}. {hint} Or None, where neither is better.")
        if self.target is not None and finite(self.target) is None:
            raise OptionError("The target must be a finite number, in the unit of the values; or None.")
        if self.target is not None and self.kind != "XmR" and not 0 <= self.target <= 1:
            raise OptionError(f"The target of a rate must lie between 0 and 1, such as 0.95; not {self.target}.")
        if not (self.screen is None or isinstance(self.screen, bool | np.bool_)):
            raise OptionError("screen must be True or False.")
        whole = isinstance(self.fix_after, int | np.integer) and not isinstance(self.fix_after, bool)
        if self.fix_after is not None and not (whole and self.fix_after >= 2):
            raise OptionError("fix_after must be a whole number of points, 2 or more; or None, to use them all.")


@dataclass(frozen=True)
class Charted:
    """The charts of several series, worked out together: arrays over all their points."""

    asked: ChartOptions
    series: Series
    stretches: Stretches
    values: Numbers
    mean: Numbers
    half: Numbers
    lower: Numbers
    upper: Numbers
    causes: NDArray[np.int8]

    @classmethod
    def of(
        cls, asked: ChartOptions, series: Series, stretches: Stretches, found: tuple[Numbers, Numbers, Numbers]
    ) -> "Charted":
        """Return charts from the values, the mean and the distance of the limits from it, at each point."""
        values, mean, half = found
        lower, upper = mean - half, mean + half
        if asked.kind != "XmR":  # no rate lies outside 0 to 1
            lower, upper = np.maximum(lower, 0), np.minimum(upper, 1)
        rounding = stretches.rounding(values)
        causes = special_causes(values, mean, half, stretches.number, rounding, asked.rules)
        return cls(asked, series, stretches, values, mean, half, lower, upper, causes)

    @cached_property
    def rounding(self) -> Numbers:
        """Of each point, the largest difference that counts as none."""
        return self.stretches.rounding(self.values)

    @cached_property
    def point_types(self) -> NDArray[np.int8]:
        """Of each point its type, as its place in ``VARIATIONS``."""
        better = UPWARDS[self.causes] * np.int8(_BETTER[self.asked.improvement])
        return np.where(self.causes == 0, 0, np.array([3, 1, 2], np.int8)[better])

    def assurances(self, points: RowNumbers) -> list[Assurance]:
        """Return what the limits of some points say of the target."""
        if self.asked.target is None or self.asked.improvement is None:
            return ["none"] * len(points)
        rounding = self.rounding[points]
        over = side_of(self.asked.target - self.upper[points], rounding) > 0
        under = side_of(self.asked.target - self.lower[points], rounding) < 0
        passes = (under.astype(np.int8) - over) * _BETTER[self.asked.improvement]
        found: list[Assurance] = np.where(np.isnan(self.half[points]), "none", _ASSURANCES[passes]).tolist()
        return found

    @cached_property
    def notes(self) -> list[tuple[str, ...]]:
        """Of each series, what is to be said about its dates and its limits."""
        series, stretches = self.series, self.stretches
        begins = [series.on(when) for when in series.when[stretches.starts].tolist()]
        sizes = np.diff(stretches.starts, append=len(self.values)).tolist()
        of_stretch = zip(begins, sizes, stretches.total(stretches.base).astype(np.int64).tolist(),
                         self.half[stretches.starts].tolist(), self.rounding[stretches.starts].tolist(),
                         strict=True)  # fmt: skip
        of_series: list[list[Any]] = [[] for _ in range(series.number)]
        for owner, stretch in zip(series.owner[stretches.starts].tolist(), of_stretch, strict=True):
            of_series[owner].append(stretch)
        empty: list[list[str]] = [[] for _ in range(series.number)]
        for owner, when in zip(*(part.tolist() for part in series.empty), strict=True):
            empty[owner].append(series.on(when))
        ranges = self.asked.kind != "p"
        lacks = "missing" if self.asked.kind == "XmR" else "nothing counted, or a count is missing"
        return [
            (
                *([] if of_series[i] else ["No data: there is no value."]),
                *notes_on_dates(unordered=unordered, empty=empty[i], missing=missing, uneven=uneven, lacks=lacks),
                *notes_on_limits(of_series[i], self.asked.fix_after, ranges=ranges),
                *(_UNASSURED if self.asked.target is not None and self.asked.improvement is None else ()),
            )
            for i, (unordered, missing, uneven) in enumerate(
                zip(series.unordered.tolist(), series.missing.tolist(), series.uneven.tolist(), strict=True)
            )
        ]

    def columns(self, points: slice | RowNumbers) -> dict[str, Any]:
        """Return the columns of some points. ``special_cause`` and ``point_type`` are places among their names."""
        return {
            "date": self.series.dates(points),
            "value": self.values[points],
            "mean": self.mean[points],
            "lower": self.lower[points],
            "upper": self.upper[points],
            "special_cause": self.causes[points],
            "point_type": self.point_types[points],
        }
