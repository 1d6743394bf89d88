"""The change of a figure from the period before, and how much of it is within chance."""

from fractions import Fraction
from typing import Any

from ombudsman_kpi.calendars.periods import preceding
from ombudsman_kpi.measures import average, score
from ombudsman_kpi.measures.figures import Counts, Figure, Place, judged
from ombudsman_kpi.measures.share_of_kinds import rate
from ombudsman_kpi.measures.targets import Average, Count, Score, Trend
from ombudsman_kpi.rounding import half_up
from ombudsman_kpi.statistics.intervals import Interval, Moments, change_of_counts, change_of_means, change_of_shares


def figure(target: Trend, place: Place) -> Figure:
    """Compare a period with the one before it: the value is the change, in the unit of the figure."""
    if place.period is None:
        alone = place.everywhere.first is None
        words = "a change needs periods: measure with every=, such as every='financial-year'"
        return Figure("no data", remarks=(words,) if alone else ())
    earlier = preceding(place.period).label
    now = _value(target, place.here)
    before = None if place.before is None else _value(target, place.before)
    if now is None or before is None or place.before is None:
        missing = earlier if before is None else "this period"
        return Figure("no data", remarks=(f"nothing to compare: there is no figure for {missing}",))
    change = now - before
    growing = isinstance(target.figure, Count) and not place.complete  # a number of part of a period is no change yet
    interval = None if growing else _chance(target, place.before, place.here)
    details: dict[str, Any] = {"now": now, "before": before, "interval": interval}
    words = f"{_shown(target, now)}{' so far' if growing else ''}, after {_shown(target, before)} in {earlier}"
    if interval is not None:
        low, high = (_shown(target, Fraction(bound)) for bound in interval)
        within = "within" if interval.contains(0.0) else "beyond"
        words += f"; 95% interval of the change {low} to {high}: {within} chance"
    settled = place.complete and not place.here.pending and not place.before.pending
    return Figure(judged(target.standard, change, settled=settled), change, details=details, remarks=(words,))


def _value(target: Trend, counts: Counts) -> Fraction | None:
    """Give the figure of one period."""
    if isinstance(target.figure, Average):
        return average.mean_of(target.figure, counts)
    if isinstance(target.figure, Score):
        return score.value_of(target.figure, counts)
    return Fraction(counts.met) if isinstance(target.figure, Count) else rate(counts.met, counts.missed)


def _chance(target: Trend, before: Counts, now: Counts) -> Interval | None:
    """Give the interval of the change that chance alone leaves open."""
    if isinstance(target.figure, Average):
        return _chance_of_means(target.figure, before, now)
    if isinstance(target.figure, Score) and target.figure.combines_by_mean:
        return None
    if isinstance(target.figure, Count):
        return change_of_counts(before.met, now.met)
    return change_of_shares(before.met, before.met + before.missed, now.met, now.met + now.missed)


def _chance_of_means(target: Average, before: Counts, now: Counts) -> Interval | None:
    """Give the interval of a change of means: its spread is that of whole units, its middle the exact change."""
    interval = change_of_means(
        Moments(before.met, before.units, before.squares), Moments(now.met, now.units, now.squares)
    )
    if interval is None:
        return None
    short = [(counts.units - average.total_of(target, counts)) / counts.met for counts in (before, now)]
    return Interval(*(bound + float(short[0] - short[1]) for bound in interval))


def _shown(target: Trend, value: Fraction) -> str:
    """Return a value of the figure in its unit."""
    if target.unit == "share":
        text = f"{half_up(value * 100)}%"
    elif target.unit == "number":
        text = half_up(value, 0 if value.denominator == 1 else 1)
    else:
        text = f"{half_up(value)} {target.unit}"
    return text.replace("-", "−")
