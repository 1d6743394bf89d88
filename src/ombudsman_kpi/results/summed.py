"""The cells of a tally added up to reporting periods and groups."""

from collections import Counter, defaultdict
from collections.abc import Set
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.sums import add_up
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Every, Grain, Period, following, grain_start, period_of
from ombudsman_kpi.measures.base.figures import LONGEST, PlaceCounts
from ombudsman_kpi.tallies.block import NO_PERIOD, Block, Group

Places = dict[tuple[Period | None, Group], PlaceCounts]


def spanned(filled: Set[Period | None], every: Every | None) -> list[Period | None]:
    """Return every period from the first to the last, so that one without a record shows; then None, for no period."""
    periods = sorted({period for period in filled if period is not None})
    spanned: list[Period | None] = []
    if periods:
        step = periods[0]
        while step <= periods[-1]:
            spanned.append(step)
            step = following(step)
    return [*spanned, None] if every is None or None in filled or not spanned else spanned


def gathered(block: Block, every: Every | Literal["day"] | None, grain: Grain) -> Places:
    """Return cells added up to periods and groups; what has no day in the cohort is gathered under None."""
    indexes, place = _distinct(block.period)
    periods: list[Period | None] = [
        None if every is None or index == NO_PERIOD else period_of(grain_start(int(index), grain), every)
        for index in indexes
    ]
    categories = list(dict.fromkeys(periods))
    places = {item: at for at, item in enumerate(categories)}
    period = np.array([places[item] for item in periods], np.int64).take(place)
    shape = len(categories), max(len(block.groups), 1), max(len(block.outcomes), 1)
    records = np.zeros(shape, np.int64)
    np.add.at(records, (period, block.group, block.outcome), block.records)
    moving = np.zeros(shape[:2], np.int64)
    np.add.at(moving, (period, block.group), block.provisional)
    units, below, squares = _sums_of_times(block, period, shape)
    pending = np.array([outcome.status == "pending" for outcome in block.outcomes] or [False]).take(block.outcome)
    waits = pending & (block.records > 0)
    waiting = np.full(shape[:2], LONGEST)
    np.minimum.at(waiting, (period[waits], block.group[waits]), block.elapsed[waits])
    statuses: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    reasons: dict[tuple[int, int], Counter[tuple[str, str]]] = defaultdict(Counter)
    marks: dict[tuple[int, int], Counter[tuple[str, str]]] = defaultdict(Counter)
    there = np.zeros(shape, np.bool_)
    there[period, block.group, block.outcome] = True  # rows that are of no record keep their place
    filled = np.nonzero(there)
    for *where, code, number in zip(*(axis.tolist() for axis in filled), records[filled].tolist(), strict=True):
        outcome, at = block.outcomes[code], (where[0], where[1])
        statuses[at][outcome.status] += number
        if outcome.reason and (number or outcome.status == "invalid"):
            reasons[at][outcome.status, outcome.reason] += number
        if outcome.mark:
            marks[at][outcome.status, outcome.mark] += number
    return {
        (categories[at[0]], block.groups[at[1]]): PlaceCounts(
            own,
            reasons.get(at, {}),
            bool(moving[at]),
            units=int(units[at]),
            below=int(below[at]),
            squares=int(squares[at]),
            least_pending=int(waiting[at]),
            marks=marks.get(at, {}),
        )
        for at, own in statuses.items()
    }


def daily_changes(block: Block) -> tuple[dict[Group, list[tuple[int, int, int]]], Places]:
    """Return the daily changes of a stock by group, and what has no day.

    For each group its days in order, each with how many joined (overdue) and how many left (late).
    """
    dated = block.period != NO_PERIOD
    statuses = np.array([outcome.status for outcome in block.outcomes], str).take(block.outcome[dated])
    (group, day), changes = add_up(
        (block.group[dated], block.period[dated]),
        tuple(block.records[dated] * (statuses == status) for status in ("overdue", "late")),
    )
    by_group: dict[Group, list[tuple[int, int, int]]] = {}
    for number, *change in zip(*(column.tolist() for column in (group, day, *changes)), strict=True):
        by_group.setdefault(block.groups[number], []).append((change[0], change[1], change[2]))
    outside = Block(block.groups, block.outcomes, *(column[~dated] for column in (*block.keys, *block.sums)))
    return by_group, gathered(outside, None, "all")


def _sums_of_times(block: Block, period: Integers, shape: tuple[int, ...]) -> tuple[NDArray[Any], ...]:
    """Return exact sums of the times of what was met: whole units, what they fall short of them, and squared units.

    A mean in seconds may have units of 3 * 10^9 (a century), whose squares don't fit into 64 bits: where sums could
    grow so large, they are added as Python's whole numbers.
    """
    met = np.array([outcome.status == "met" for outcome in block.outcomes] or [False]).take(block.outcome)
    ran = met & (block.elapsed >= 0)
    place = period[ran], block.group[ran]
    units, records, below = block.elapsed[ran], block.records[ran], block.below[ran]
    longest = int(units.max(initial=0))
    largest = max(longest * longest * int(np.abs(records).sum()), int(below.max(initial=0)) * len(below))
    kind: type[Any] = np.int64 if largest < 1 << 62 else object
    units, records, below = (column.astype(kind, copy=False) for column in (units, records, below))
    sums = []
    for part in (units * records, below, units * units * records):
        total = np.zeros(shape[:2], kind)
        np.add.at(total, place, part)
        sums.append(total)
    return tuple(sums)


def _distinct(values: Integers) -> tuple[Integers, Integers]:
    """Return the different values, and the place of each among them, without sorting."""
    low = int(values.min(initial=0))
    seen = np.bincount(values - low)
    distinct = np.flatnonzero(seen)
    return distinct + low, (np.cumsum(seen > 0) - 1).take(values - low)
