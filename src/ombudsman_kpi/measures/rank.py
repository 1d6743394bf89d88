"""A rate of each group beside a comparator, and its rank among the groups."""

from fractions import Fraction
from typing import Any

from ombudsman_kpi.measures.figures import Figure, Place, share_figure
from ombudsman_kpi.measures.share_of_kinds import rate
from ombudsman_kpi.measures.targets import Rank
from ombudsman_kpi.rounding import half_up, percent


def figure(target: Rank, place: Place) -> Figure:
    """Give the rate, the comparator, and the rank: 1 is the highest rate, equal rates have an equal rank.

    Pooled is the rate of all groups' records together; the mean of rates gives each group the same weight, and
    leaves out those without a rate.
    """
    found = share_figure(target.standard, place)
    groups = {group: counts for (period, group), counts in place.counts.items() if period == place.period}
    rates = [value for counts in groups.values() if (value := rate(counts.met, counts.missed)) is not None]
    if len(groups) < 2 or not rates:
        return found  # nothing to set it beside
    met, counted = (sum(part) for part in zip(*((c.met, c.met + c.missed) for c in groups.values()), strict=True))
    mean = sum(rates, Fraction(0)) / len(rates)
    pooled = target.comparator == "pooled"
    details: dict[str, Any] = {
        "comparator": Fraction(met, counted) if pooled else mean, "ranked": len(rates),
    }  # fmt: skip
    words = f"comparator {percent(met, counted)} (pooled, {met:,} of {counted:,})"
    if not pooled:
        words = f"comparator {half_up(100 * mean)}% (mean of {len(rates)} rates)"
    if found.value is not None:
        details["rank"] = 1 + sum(value > found.value for value in rates)
        words = f"rank {details['rank']} of {len(rates)}; {words}"
    return found._replace(details=details, remarks=(words,))
