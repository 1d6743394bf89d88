"""A rate of each group beside a comparator, and its rank among the groups."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.measures.base.figures import Figures, Said, share_figures
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.share_of_kinds import SharesOfKinds
from ombudsman_kpi.rounding import half_up, percent


@dataclass(frozen=True)
class Comparator:
    """What the groups of a period are set beside, and their rates in order."""

    groups: int
    rates: Sequence[tuple[float, Fraction]]  # the float, which is never the other way round, is quicker to compare
    met: int
    counted: int

    @classmethod
    def of(cls, met: Integers, counted: Integers) -> "Comparator":
        """Return the comparator of a period's groups; those without a rate are left out."""
        rates = [_sortable(value) for value in Fractions(met, counted).tolist() if value is not None]
        return cls(len(met), sorted(rates), int(met.sum()), int(counted.sum()))

    @cached_property
    def mean(self) -> Fraction:
        """The mean of the rates: each group has the same weight."""
        return sum((exact for _, exact in self.rates), Fraction(0)) / len(self.rates)


def _sortable(value: Fraction) -> tuple[float, Fraction]:
    return float(value), value


class Rank(SharesOfKinds):
    """A share of kinds for each group, beside a comparator, and its rank among the groups."""

    measure: Literal["rank"]
    comparator: Literal["pooled", "mean of rates"] = Field(
        "pooled", description="What each group is set beside: the rate of all together, or the mean of their rates"
    )

    example: ClassVar[str] = """
    of = "cases"
    dated = "decided_at"
    numerator = { decision = "upheld" }
    cohort = "dated"
    """

    @property
    def options(self) -> dict[str, str]:
        """Which comparator it is."""
        return {"comparator": self.comparator}

    def figures(self, places: Places) -> Figures:
        """Return the rates, the comparator, and the rank: 1 is the highest rate, equal rates have an equal rank.

        Pooled is the rate of all groups' records together; the mean of rates gives each group the same weight, and
        leaves out those without a rate.
        """
        met, counted, there, groups = places.met, places.met + places.missed, places.there, len(places.groups)

        @cache
        def comparator(period: int) -> Comparator:
            rows = slice(period * groups, (period + 1) * groups)
            return Comparator.of(met[rows][there[rows]], counted[rows][there[rows]])

        def say(row: int) -> Said:
            own = Fraction(int(met[row]), int(counted[row])) if counted[row] else None
            return self._said(comparator(row // groups), own)

        return share_figures(self.standard, places).adding(say)

    def _said(self, comparator: Comparator, own: Fraction | None) -> Said:
        """Return the rank of one rate and what it is set beside."""
        if comparator.groups < 2 or not comparator.rates:
            return Said()  # nothing to set it beside
        ranked = len(comparator.rates)
        if self.comparator == "pooled":
            met, counted = comparator.met, comparator.counted
            beside = Fraction(met, counted)
            words = f"comparator {percent(met, counted)} (pooled, {met:,} of {counted:,})"
        else:
            beside = comparator.mean
            words = f"comparator {half_up(100 * beside)}% (mean of {ranked} rates)"
        details: dict[str, Any] = {"comparator": beside, "ranked": ranked}
        if own is not None:
            details["rank"] = 1 + ranked - bisect_right(comparator.rates, _sortable(own))
            words = f"rank {details['rank']} of {ranked}; {words}"
        return Said(details, (words,))
