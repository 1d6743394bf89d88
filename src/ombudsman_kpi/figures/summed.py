"""The cells of a tally added up to reporting periods and groups."""

from collections.abc import Hashable, Sequence, Set
from datetime import date
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import Codes, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number, to_day
from ombudsman_kpi.calendars.periods import Every, Grain, Period, following, grain_start, period_of
from ombudsman_kpi.measures.base.places import Group, Levels, PlaceCells
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.measures.stock import levels
from ombudsman_kpi.tallies.block import NO_PERIOD, Block


def spanned(filled: Set[Period]) -> list[Period]:
    """Return every period from the first to the last, those without a record among them."""
    if not filled:
        return []
    step, last = min(filled), max(filled)
    spanned = [step]
    while step < last:
        step = following(step)
        spanned.append(step)
    return spanned


class InPeriods(NamedTuple):
    """The cells of a block that are in periods: which ones, their periods, and the place of each one's among those."""

    own: Truths
    periods: Sequence[Period | None]
    period: Codes

    @classmethod
    def of(cls, block: Block, every: Every | None, grain: Grain) -> "InPeriods":
        """Return the cells in periods; all of them where no periods are asked for."""
        if every is None:
            return cls(np.ones(len(block.period), np.bool_), [None], np.zeros(len(block.period), np.int64))
        own = block.period != NO_PERIOD
        starts, place = _distinct(block.period[own])
        found = [period_of(grain_start(int(start), grain), every) for start in starts]
        periods = list(dict.fromkeys(found))
        return cls(own, periods, placed(found, periods).take(place))


def counted(block: Block, own: Truths, period: Codes, groups: Sequence[Group]) -> PlaceCells:
    """Return some cells of a block by the rows that they are in: so many groups for each period.

    PlaceCells in no period, of the number -1, and in no such group, are left out.
    """
    group = placed(block.groups, groups).take(block.group[own])
    row, there = period * len(groups) + group, (period >= 0) & (group >= 0)
    columns = (block.outcome, block.elapsed, block.records, block.below, block.provisional)
    return PlaceCells(block.outcomes, row[there], *(column[own][there] for column in columns))


def daily_levels(
    block: Block, target: Target, groups: Sequence[Group], every: Every | None, last: date
) -> tuple[list[Period | None], Levels]:
    """Return the periods of what is counted daily, from the first change to ``last``, and its stock in each."""
    own = block.period != NO_PERIOD
    day, records = block.period[own], block.records[own]
    first = min(to_day(int(day.min())), last) if len(day) else last
    periods: list[Period | None] = [None]
    if every is not None:
        periods = [*spanned({period_of(one, every) for one in (first, last)})]
    spans = [(first, last) if period is None else (period.start, min(period.end, last)) for period in periods]
    firsts, lasts = (np.array([*map(day_number, ends)]) for ends in zip(*spans, strict=True))
    marks = list(dict.fromkeys(["", *(outcome.mark for outcome in block.outcomes)]))
    outcome = block.outcome[own]
    mark = np.array([*(marks.index(item.mark) for item in block.outcomes), 0], np.int64).take(outcome)
    joins, leaves = (
        np.array([*(item.status == status for item in block.outcomes), False]).take(outcome) for status in target.daily
    )
    # Of 3 groups, those of the whole stock are the lanes 0 to 2, those of its first older part the lanes 3 to 5.
    lane = mark * len(groups) + placed(block.groups, groups).take(block.group[own])
    found = levels((lane, day, records * joins, records * leaves), (firsts, lasts), len(marks) * len(groups))

    def of_mark(column: Integers, place: int) -> Integers:
        return column.reshape(len(periods), len(marks), len(groups))[:, place].ravel()

    highest, on, end, joined, brought = (of_mark(column, 0) for column in found[:5])
    older = {name: of_mark(found.end, place) for place, name in enumerate(marks) if name}
    return periods, Levels(highest, on, end, joined, brought, older)


def placed(items: Sequence[Hashable], among: Sequence[Hashable]) -> Codes:
    """Return the place of each item among some; -1 where it isn't there, as after the last."""
    places = {item: place for place, item in enumerate(among)}
    return np.array([*(places.get(item, -1) for item in items), -1], np.int64)


def _distinct(values: Integers) -> tuple[Integers, Integers]:
    """Return the different values, and the place of each among them, without sorting."""
    low = int(values.min(initial=0))
    seen = np.bincount(values - low)
    distinct = np.flatnonzero(seen)
    return distinct + low, (np.cumsum(seen > 0) - 1).take(values - low)
