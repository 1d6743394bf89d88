"""A rate of each group beside a comparator, and its rank among the groups."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from ombudsman_kpi.measures.figures import Counts, Figure, Place, share_figure
from ombudsman_kpi.measures.share_of_kinds import rate
from ombudsman_kpi.measures.targets import Rank
from ombudsman_kpi.rounding import half_up, percent


class Comparator(NamedTuple):
    """What the groups of a period are set beside, and their rates in order."""

    groups: int
    rates: Sequence[Fraction]
    met: int
    counted: int

    @classmethod
    def of(cls, groups: Sequence[Counts]) -> "Comparator":
        """Return the comparator of a period's groups; those without a rate are left out."""
        rates = [value for counts in groups if (value := rate(counts.met, counts.missed)) is not None]
        met, missed = (sum(getattr(counts, part) for counts in groups) for part in ("met", "missed"))
        return cls(len(groups), sorted(rates), met, met + missed)

    @property
    def mean(self) -> Fraction:
        """The mean of the rates: each group has the same weight."""
        return sum(self.rates, Fraction(0)) / len(self.rates)


def figure(target: Rank, place: Place) -> Figure:
    """Return the rate, the comparator, and the rank: 1 is the highest rate, equal rates have an equal rank.

    Pooled is the rate of all groups' records together; the mean of rates gives each group the same weight, and
    leaves out those without a rate.
    """
    result = share_figure(target.standard, place)
    everywhere, period = place.everywhere, place.period
    found = everywhere.once(("comparator", period), lambda: Comparator.of(everywhere.by_period.get(period, ())))
    if found.groups < 2 or not found.rates:
        return result  # nothing to set it beside
    ranked = len(found.rates)
    if target.comparator == "pooled":
        beside = Fraction(found.met, found.counted)
        words = f"comparator {percent(found.met, found.counted)} (pooled, {found.met:,} of {found.counted:,})"
    else:
        beside = everywhere.once(("mean of rates", period), lambda: found.mean)
        words = f"comparator {half_up(100 * beside)}% (mean of {ranked} rates)"
    details: dict[str, Any] = {"comparator": beside, "ranked": ranked}
    if result.value is not None:
        details["rank"] = 1 + ranked - bisect_right(found.rates, result.value)
        words = f"rank {details['rank']} of {ranked}; {words}"
    return result._replace(details=details, remarks=(words,))
