"""What a control chart says in words: its latest point, its target, and what its limits rest on."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.statistics.special_causes import ChartRules, SpecialCause

FEW = 12  # points: limits that rest on fewer are provisional
_NAMED = 3  # dates that a note names


def as_texts(numbers: Sequence[float], *, rates: bool = False) -> list[str]:
    """Return numbers as text, with as many decimals as show where one differs from the first; rates in per cent.

    >>> as_texts([0.7112, 0.688, 0.8719]), as_texts([70, 69.999, 75.5])
    (['0.711', '0.688', '0.872'], ['70.000', '69.999', '75.500'])
    >>> as_texts([0.7112, 0.688], rates=True)
    ['71.12%', '68.80%']
    """
    exact = [Fraction(number) * (100 if rates else 1) for number in numbers]
    width = float(max(exact) - min(exact)) or abs(float(exact[0]))
    places = min(max(2 - math.floor(math.log10(width)), 0), 12) if width else 0
    while places < 12 and any(
        half_up(number, places) == half_up(exact[0], places) for number in exact[1:] if number != exact[0]
    ):
        places += 1
    return [half_up(number, places).replace("-", "−") + ("%" if rates else "") for number in exact]


def latest_in_words(
    on: str,
    cause: SpecialCause,
    variation: str,
    numbers: tuple[float, float, float, float],
    rules: ChartRules,
    *,
    rates: bool,
) -> str:
    """Return what the latest point shows. The numbers are the value, the mean, the lower and the upper limit."""
    known = [number for number in numbers if number == number] + [numbers[0]] * 2  # without limits, the value again
    value, mean, lower, upper = as_texts(known, rates=rates)[:4]
    if numbers[2] != numbers[2]:
        return f"{on} the value is {value}; there are no limits yet"
    places = {
        "none": f"within the limits of {lower} and {upper}",
        "below_limit": f"below the lower limit of {lower}",
        "above_limit": f"above the upper limit of {upper}",
        "shift_below": f"one of {rules.shift} or more in a row below the mean of {mean}",
        "shift_above": f"one of {rules.shift} or more in a row above the mean of {mean}",
        "two_of_three_below": f"one of two in three that are near the lower limit of {lower}",
        "two_of_three_above": f"one of two in three that are near the upper limit of {upper}",
        "trend_up": f"one of {rules.trend} or more in a row that rise",
        "trend_down": f"one of {rules.trend} or more in a row that fall",
    }
    means = {
        "common_cause": "no special cause",
        "improvement": "a special cause of improvement",
        "concern": "a special cause of concern",
        "neutral": "a special cause",
    }
    return f"{on} the value is {value}, {places[cause]}: {means[variation]}"


def target_in_words(assurance: str, target: float, lower: float, upper: float, *, rates: bool) -> str:
    """Return what the limits say of the target; nothing where they say nothing."""
    if assurance == "none":
        return ""
    shown, low, high = as_texts([target, lower, upper], rates=rates)
    if assurance == "inconsistent":
        return f"; the target of {shown} is within the limits ({low} and {high}), so chance decides whether it is met"
    where = "above" if target > upper else "below"
    met = "met" if assurance == "consistent_pass" else "missed"
    return (
        f"; the target of {shown} is {where} both limits ({low} and {high}), so it will be {met} unless things change"
    )


def named(dates: Sequence[str]) -> str:
    """Return some dates as text, the first few by name.

    >>> named(["2024-01-01", "2024-02-01"])
    '2024-01-01, 2024-02-01'
    """
    rest = f" and {len(dates) - _NAMED} more" if len(dates) > _NAMED else ""
    return ", ".join(dates[:_NAMED]) + rest


def notes_on_dates(*, unordered: bool, empty: Sequence[str], missing: int, uneven: bool, lacks: str) -> Iterator[str]:
    """Return what is to be said about the dates of a series."""
    if unordered:
        yield "The dates weren't in order. They are now."
    if empty:
        yield f"{many(len(empty), 'date')} with no value ({lacks}), left out: {named(empty)}."
    if missing:
        yield f"{many(missing, 'period')} missing between the dates."
    if uneven:
        yield "The dates lie apart unevenly, so missing periods can't be told."
    if empty or missing or uneven:
        yield "Points on either side of a gap count as neighbours."


def notes_on_limits(
    stretches: Sequence[tuple[str, int, int, float, float]], fix_after: int | None, *, ranges: bool
) -> Iterator[str]:
    """Return what is to be said about the limits, from what each stretch is.

    That is the date of its first point, the number of its points, of those that its limits rest on, the distance of a
    limit from the mean at its first point, and what counts as none. ``ranges`` says whether limits rest on ranges.
    """
    for begin, points, based, half, rounding in stretches:
        since = f"from {begin} " if len(stretches) > 1 else ""
        if np.isnan(half):
            yield f"No limits {since}yet: a moving range needs two points, and there is one."
            continue
        if half <= rounding:
            alike = "moving range" if ranges else "rate"
            yield f"The limits {since}equal the mean, since no {alike} that they rest on leaves room for chance."
        if fix_after is not None and points < fix_after:
            yield f"The limits {since}are to be fixed after {fix_after} points, and there are {points}."
        if based < FEW:
            yield f"The limits {since}rest on {many(based, 'point')}. With fewer than {FEW} they are provisional."


def plain(number: Any) -> Any:
    """Return a number for JSON: None for NaN."""
    return None if number != number else number
