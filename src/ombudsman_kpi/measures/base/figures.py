"""From counted outcomes to figures, by column: the shape that every measure fills."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from ombudsman_kpi.arrays.exact import Fractions, share_of
from ombudsman_kpi.arrays.types import MISSING, Codes, Integers, Truths
from ombudsman_kpi.measures.base.places import Moments, Places
from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.rounding import many
from ombudsman_kpi.statistics.intervals import Interval, difference

TargetStatus = Literal["met", "missed", "undetermined", "no data", "no target", "not measured", "withheld"]

TARGET_STATUSES: tuple[TargetStatus, ...] = get_args(TargetStatus)
MET, MISSED, UNDETERMINED, NO_DATA, NO_TARGET = range(5)  # places in it: a column of statuses has these


class Said(NamedTuple):
    """What a measure says beside one value. ``details`` holds what its ``words`` say: a rank, the highest day."""

    details: Mapping[str, Any] = MappingProxyType({})
    words: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Figures:
    """Figures by column: one for each row of some places; None is a column without any.

    ``say`` gives what stands beside the value of a row. It is asked of the rows that someone looks at.
    """

    status: Codes  # places in ``TARGET_STATUSES``
    value: Fractions | None = None
    low: Fractions | None = None
    high: Fractions | None = None
    numerator: Fractions | None = None
    denominator: Integers | None = None  # ``MISSING`` where there is none
    headroom: Integers | None = None
    say: Callable[[int], Said] | None = None

    def said(self, row: int) -> Said:
        """Return what the measure says beside the value of a row."""
        return Said() if self.say is None else self.say(row)

    def adding(self, more: Callable[[int], Said]) -> "Figures":
        """Return the figures with more said beside each."""

        def say(row: int) -> Said:
            first, then = self.said(row), more(row)
            return Said({**first.details, **then.details}, first.words + then.words)

        return replace(self, say=say)


class MonthlyFigures(NamedTuple):
    """The months of longer periods: their figures, their places, and the row of the longer period of each."""

    figures: Figures
    places: Places
    into: Integers


def in_every_month(figures: Figures, months: MonthlyFigures, complete: Truths) -> Figures:
    """Return figures whose standard is for every month of their period: lost with the first month that is.

    A month in which nothing was counted can't lose it. The headroom is that of the month that has least.
    """
    size, status = len(figures.status), months.figures.status
    waits = (status == NO_DATA) & (months.places.pending != 0)  # for the first of its records to end
    status = np.where(waits, UNDETERMINED, status)
    met, lost, open_ = (np.bincount(months.into[status == one], minlength=size) for one in (MET, MISSED, UNDETERMINED))
    judged_ = met + lost + open_ > 0
    whole = np.select([lost > 0, (open_ > 0) | ~complete], [MISSED, UNDETERMINED], MET)
    least = np.full(size, np.iinfo(np.int64).max)
    if months.figures.headroom is not None:
        room = months.figures.headroom
        np.minimum.at(least, months.into[room != MISSING], room[room != MISSING])
    least[least == np.iinfo(np.int64).max] = MISSING
    own = np.full(size, MISSING) if figures.headroom is None else figures.headroom
    order = np.argsort(months.into, kind="stable")
    first = np.searchsorted(months.into[order], np.arange(size + 1))

    def say(row: int) -> Said:
        if not judged_[row]:
            return Said()
        own = order[first[row] : first[row + 1]].tolist()
        periods = [period for one in own if status[one] == MISSED and (period := months.places.period(one)) is not None]
        words = f"met in {met[row]} of {many(met[row] + lost[row] + open_[row], 'month')}"
        if periods:
            words += f", missed in {', '.join(period.label for period in periods)}"
        months_missed = tuple(period.start for period in periods)
        return Said({"months_met": int(met[row]), "months_missed": months_missed}, (words,))

    return replace(
        figures,
        status=np.where(judged_, whole, figures.status),
        headroom=np.where(judged_, least, own),
    ).adding(say)


def once_matured(figures: Figures, places: Places) -> Figures:
    """Return the figures of those received in a period, or none before all of them could have met or missed."""
    pending, complete = places.pending, places.complete
    shown = complete & (pending == 0)

    def say(row: int) -> Said:
        if shown[row]:
            return figures.said(row)
        why = (
            f"{pending[row]:,} of them {'is' if pending[row] == 1 else 'are'} still pending"
            if pending[row]
            else "the period isn't over"
        )
        return Said(words=(f"not shown yet: {why}",))

    numbers = {
        name: None if column is None else column.where(shown)
        for name, column in {name: getattr(figures, name) for name in ("value", "low", "high", "numerator")}.items()
    }
    room = None if figures.headroom is None else np.where(shown, figures.headroom, MISSING)
    return replace(figures, **numbers, status=np.where(shown, figures.status, UNDETERMINED), headroom=room, say=say)


def chance_of_shares(before: Moments, now: Moments) -> Interval | None:
    """Return the interval of the change between two shares that chance alone leaves open; None without data."""
    counted, counted_now = before.met + before.missed, now.met + now.missed
    return difference(before.met, counted, now.met, counted_now) if counted and counted_now else None


def share_figures(standard: Standard | None, places: Places, past: Integers | int = 0) -> Figures:
    """Return met / (met + missed), its bounds while records are pending, the headroom and the status.

    Of those pending, so many as ``past`` can no longer be met.
    """
    met, pending, counted = places.met, places.pending - past, places.met + places.missed
    whole = counted + places.pending
    headroom = None
    if standard is not None and standard.operator != "about":
        headroom = np.where(whole == 0, MISSING, headroom_of(standard, met, pending, whole))
    return Figures(
        status_of(headroom, counted, pending),
        Fractions(met, counted),
        Fractions(met, whole),
        Fractions(met + pending, whole),
        Fractions.whole(met),
        counted,
        headroom,
    )


def headroom_of(standard: Standard, met: Integers, pending: Integers, whole: Integers) -> Integers:
    """Return how many could still miss before the standard is lost; below 0 it is lost already.

    >>> from ombudsman_kpi.measures.base.standard import parse_standard
    >>> headroom_of(parse_standard("98%"), np.array([98]), np.array([1]), np.array([100])).tolist()
    [1]
    """
    at_least, at_most = (share_of(standard.value, whole, up=up) for up in (True, False))
    match standard.operator:  # at most: no more than so large a share may be met
        case "at most":
            room = at_most - met
        case "less than":
            room = at_least - 1 - met
        case "more than":
            room = met + pending - (at_most + 1)
        case _:
            room = met + pending - at_least
    return room.astype(np.int64)


def status_of(headroom: Integers | None, denominator: Integers, pending: Integers) -> Codes:
    """Return the statuses by a standard, from exact counts; without headroom there is none that could be lost.

    >>> TARGET_STATUSES[status_of(None, np.array([0]), np.array([0]))[0]]
    'no data'
    """
    if headroom is None:
        return np.where(denominator == 0, NO_DATA, NO_TARGET)
    found = [denominator == 0, headroom < 0, headroom >= pending]
    return np.select(found, [NO_DATA, MISSED, MET], UNDETERMINED)


def judged(standard: Standard | None, value: Fractions, settled: Truths | bool = True) -> Codes:  # noqa: FBT001, FBT002
    """Return the statuses of values by the standard; while one isn't settled, nothing is kept or broken.

    >>> TARGET_STATUSES[judged(None, Fractions.whole(np.array([3])))[0]]
    'no target'
    """
    status: Codes = np.full(len(value), NO_TARGET)
    if standard is not None and standard.operator != "about":
        kept = standard.is_kept_by(value.signs(standard.value))
        status = np.where(settled, np.where(kept, MET, MISSED), UNDETERMINED)
    return np.where(value.there, status, NO_DATA)
