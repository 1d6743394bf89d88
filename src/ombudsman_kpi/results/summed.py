"""The cells of a tally added up to reporting periods and groups."""

from collections import Counter
from collections.abc import Set
from typing import Literal

import numpy as np

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Every, Grain, Period, following, grain_start, period_of
from ombudsman_kpi.measures.figures import LONGEST, Counts
from ombudsman_kpi.tallies.block import NO_PERIOD, Block, Group


def spanned(found: Set[Period | None], every: Every | None) -> list[Period | None]:
    """Give every period from the first to the last, so that one without a record shows; then None, for no period."""
    periods = sorted({period for period in found if period is not None})
    spanned: list[Period | None] = []
    if periods:
        step = periods[0]
        while step <= periods[-1]:
            spanned.append(step)
            step = following(step)
    return [*spanned, None] if every is None or None in found or not spanned else spanned


def gathered(
    block: Block, every: Every | Literal["day"] | None, grain: Grain
) -> dict[tuple[Period | None, Group], Counts]:
    """Add cells up to periods and groups; what has no day in the cohort is gathered under None."""
    indexes, place = _distinct(block.period)
    periods: list[Period | None] = [
        None if every is None or index == NO_PERIOD else period_of(grain_start(int(index), grain), every)
        for index in indexes
    ]
    book = list(dict.fromkeys(periods))
    places = {item: at for at, item in enumerate(book)}
    period = np.array([places[item] for item in periods], np.int64).take(place)
    shape = len(book), max(len(block.groups), 1), max(len(block.outcomes), 1)
    records = np.zeros(shape, np.int64)
    np.add.at(records, (period, block.group, block.outcome), block.records)
    moving = np.zeros(shape[:2], np.int64)
    np.add.at(moving, (period, block.group), block.provisional)
    sums = _sums_of_times(block, period, shape)
    pending = np.array([outcome.status == "pending" for outcome in block.outcomes] or [False]).take(block.outcome)
    there = pending & (block.records > 0)
    waiting = np.full(shape[:2], LONGEST)
    np.minimum.at(waiting, (period[there], block.group[there]), block.elapsed[there])
    gathered = {}
    for i, j in zip(*np.nonzero(records.sum(axis=2)), strict=True):
        statuses: Counter[str] = Counter()
        reasons: Counter[tuple[str, str]] = Counter()
        for outcome, number in zip(block.outcomes, records[i, j].tolist(), strict=True):
            statuses[outcome.status] += number
            if outcome.reason and number:
                reasons[outcome.status, outcome.reason] += number
        gathered[book[i], block.groups[j]] = Counts(
            statuses, reasons, bool(moving[i, j]), *(int(part[i, j]) for part in (*sums, waiting))
        )
    return gathered


def _sums_of_times(block: Block, period: Integers, shape: tuple[int, ...]) -> tuple[Integers, ...]:
    """Add up the times of what was met: whole units, what they fall short of them, and squared units."""
    met = np.array([outcome.status == "met" for outcome in block.outcomes] or [False]).take(block.outcome)
    ran = met & (block.elapsed >= 0)
    place = period[ran], block.group[ran]
    units, records = block.elapsed[ran], block.records[ran]
    sums = []
    for part in (units * records, block.below[ran], units * units * records):
        total = np.zeros(shape[:2], np.int64)
        np.add.at(total, place, part)
        sums.append(total)
    return tuple(sums)


def _distinct(values: Integers) -> tuple[Integers, Integers]:
    """Give the different values, and the place of each among them, without sorting."""
    low = int(values.min(initial=0))
    seen = np.bincount(values - low)
    found = np.flatnonzero(seen)
    return found + low, (np.cumsum(seen > 0) - 1).take(values - low)
