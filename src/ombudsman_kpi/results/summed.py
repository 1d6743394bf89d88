"""The cells of a tally added up to reporting periods and groups."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache, partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.sums import add_up
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Every, Grain, Period, following, grain_start, period_of
from ombudsman_kpi.clocks.outcomes import OutcomeStatus
from ombudsman_kpi.measures.base.figures import LONGEST, Group, PlaceCounts, Times
from ombudsman_kpi.tallies.block import NO_PERIOD, Block

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
    times = cache(lambda: _sorted_times(block, period))  # most measures don't ask for them
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
            times=partial(_times_at, times, at),
        )
        for at, own in statuses.items()
    }


class _SortedTimes(NamedTuple):
    """The times of all cells in the order of periods, groups, outcomes and times, and where each run of them begins."""

    runs: Mapping[tuple[int, int], Sequence[tuple[str, int, int]]]  # of a period and group: status, first, last
    elapsed: Integers
    records: Integers


def _sorted_times(block: Block, period: Integers) -> _SortedTimes:
    ran = np.flatnonzero(block.elapsed >= 0)
    kinds = list(dict.fromkeys(outcome.status for outcome in block.outcomes))
    status = np.array([kinds.index(outcome.status) for outcome in block.outcomes] or [0]).take(block.outcome)
    keys, (records,) = add_up(
        tuple(key[ran] for key in (period, block.group, status, block.elapsed)), (block.records[ran],)
    )
    changes = np.logical_or.reduce([key[1:] != key[:-1] for key in keys[:3]]) if len(keys[0]) else np.empty(0, bool)
    firsts = np.flatnonzero(np.concatenate([np.ones(min(len(keys[0]), 1), bool), changes]))
    runs: dict[tuple[int, int], list[tuple[str, int, int]]] = defaultdict(list)
    lasts = [*firsts[1:].tolist(), len(records)]
    for first, last, *at, kind in zip(
        firsts.tolist(), lasts, *(key[firsts].tolist() for key in keys[:3]), strict=False
    ):
        runs[at[0], at[1]].append((kinds[kind], first, last))
    return _SortedTimes(runs, keys[3], records)


def _times_at(times: Callable[[], _SortedTimes], at: tuple[int, int], status: str) -> Times:
    """Return the times of one period, group and status."""
    found = times()
    first, last = next(((first, last) for own, first, last in found.runs.get(at, ()) if own == status), (0, 0))
    return found.elapsed[first:last], found.records[first:last]


def daily_changes(
    block: Block, daily: tuple[OutcomeStatus, OutcomeStatus]
) -> tuple[dict[Group, dict[str, list[tuple[int, int, int]]]], Places]:
    """Return the daily changes of a stock by group, and by the mark of a part of it; and what has no day.

    Each has its days in order, each with how many joined and how many left; ``daily`` are their statuses.
    """
    dated = block.period != NO_PERIOD
    marks = sorted({outcome.mark for outcome in block.outcomes})
    mark = np.array([marks.index(outcome.mark) for outcome in block.outcomes], np.int64).take(block.outcome[dated])
    statuses = np.array([outcome.status for outcome in block.outcomes], str).take(block.outcome[dated])
    (group, mark, day), changes = add_up(
        (block.group[dated], mark, block.period[dated]),
        tuple(block.records[dated] * (statuses == status) for status in daily),
    )
    by_group: dict[Group, dict[str, list[tuple[int, int, int]]]] = {}
    for *at, on, joined, left in zip(*(column.tolist() for column in (group, mark, day, *changes)), strict=True):
        by_group.setdefault(block.groups[at[0]], {}).setdefault(marks[at[1]], []).append((on, joined, left))
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
