"""The figures of all groups together, beside those of each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.periods import period_of
from ombudsman_kpi.clocks.outcomes import Outcome
from ombudsman_kpi.figures.from_counts import table_of_counts
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.figures.table import Made, RowsByColumn
from ombudsman_kpi.measures.base.figures import TARGET_STATUSES
from ombudsman_kpi.measures.base.places import Group, PlaceCells, Places
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.block import Block
from ombudsman_kpi.tallies.counts import Counts


class _Total(str):
    """The name of all groups together, which is like no other: whatever stands in records, it isn't this."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


TOTAL = _Total("\ufdd0total")  # the group of a total
_UNSUMMED = "the figure of all groups together can't be worked out from theirs: measure again without groups"
_ADDED = ("records", "met", "missed", "overdue", "pending", "excluded", "invalid", "numerator", "denominator")


def is_total(row: Row) -> bool:
    """Return whether a row is of all groups together."""
    return TOTAL in row.group


def is_unsummed(row: Row) -> bool:
    """Return whether a row is a total whose figure can't be worked out from those of its groups."""
    return is_total(row) and row.withheld.get("value") == "z"


def with_totals(rows: RowsByColumn, basis: Basis, counts: Counts | None = None) -> RowsByColumn:
    """Return rows with a total for each target, cohort and period, of all groups together; the totals come last.

    With the counts that they were worked out from, a total is what would have been measured without groups, medians
    and stocks among them. Without, only numbers are added up; a figure that isn't made of such numbers has no total.
    """
    if not basis.by or any(is_total(row) for row in rows[-1:]):
        return rows
    names = [name for name in rows.targets if name in basis.every]
    if counts is None and any("c" in row.withheld.values() for row in rows):
        return rows  # of numbers that are withheld there is no sum
    if counts is None:
        return RowsByColumn((*rows.parts, Made(tuple(_added_up(rows, basis)))))
    group = (TOTAL,) * len(basis.by)
    blocks = {key: _together(block, group) for key, block in counts.blocks.items()}
    measured = {name: basis.every[name] for name in names if name not in counts.unmeasured}
    totals = table_of_counts(replace(counts, blocks=blocks), replace(basis, every=measured))
    lacking = _lacking_population(rows, basis)
    if lacking:
        made = (_without(row, "x") if (row.target, row.every, row.period) in lacking else row for row in totals)
        totals = RowsByColumn((Made(tuple(made)),))
    return RowsByColumn((*rows.parts, *totals.parts))


def _together(block: Block, group: Group) -> Block:
    """Return a block with all that it counts in one group."""
    keys = (np.zeros(len(block.group), np.int64), *block.keys[1:])
    return Block.of((group,), block.outcomes, keys, block.sums)


def _lacking_population(rows: RowsByColumn, basis: Basis) -> set[tuple[str, str, str]]:
    """Return where a group has a number, but no population: a rate of all would be of too small a one."""
    besides = [name for name in rows.targets if basis.scheme[name].counts_besides]
    return {
        (row.target, row.every, row.period)
        for name in besides
        for row in rows.of_target(name)
        if row.numerator and row.exact is None
    }


def _without(row: Row, symbol: str) -> Row:
    """Return a row without its figure, and with what stands in its place."""
    lacking = dict.fromkeys(("value", "low", "high", "numerator", "denominator", "headroom"), symbol)
    nothing: dict[str, Any] = {**dict.fromkeys(lacking), "exact": None, "status": "no data"}
    return row._replace(**nothing, withheld=lacking)


def _added_up(rows: Sequence[Row], basis: Basis) -> Iterator[Row]:
    """Yield the totals of rows by themselves."""
    together: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        if row.status != "not measured":
            together.setdefault((row.target, row.cohort, row.every, row.period), []).append(row)
    for (name, *_), own in together.items():
        yield _total(own, basis.scheme[name], (TOTAL,) * len(basis.by))


def _total(rows: Sequence[Row], target: Target, group: Group) -> Row:
    """Return the total of the rows of one period."""
    numbers = {name: _sum(getattr(row, name) for row in rows) for name in _ADDED}
    reasons: Counter[tuple[str, str]] = Counter()
    for row in rows:
        reasons.update(row.reasons)
    moves = any(row.provisional for row in rows)
    kept: dict[str, Any] = {"group": group, **numbers, "provisional": moves, "reasons": dict(reasons)}
    total = rows[0]._replace(**kept, words=(), details={}, note="")
    if all(_is_of_numbers(row, target) for row in rows):
        return total._replace(**_figures(total, target))
    return _without(total, "z")._replace(words=(_UNSUMMED,))


def _is_of_numbers(row: Row, target: Target) -> bool:
    """Return whether the figure of a row is made of its numbers alone, and not of times, days or parts."""
    if target.reads_times or target.counted_daily or target.met_when is not None or target.complete is not None:
        return False
    return all(getattr(row, name) == value for name, value in _figures(row, target).items())


def _figures(row: Row, target: Target) -> dict[str, Any]:
    """Return what the measure makes of the numbers of a row."""
    outcomes = tuple(Outcome(status) for status in ("met", "late", "pending"))
    each, nothing = np.arange(len(outcomes)), np.zeros(len(outcomes), np.int64)
    records = np.array([row.met or 0, row.missed or 0, row.pending or 0])
    cells = PlaceCells(outcomes, nothing, each, nothing - 1, records, nothing, nothing)
    every: Any = row.every
    period = None if row.period_start is None else period_of(row.period_start, every)
    figures = target.figures(Places([period], [row.group], np.array([row.complete]), np.array([MISSING]), cells))
    exact, low, high, above = (
        None if column is None else column.tolist()[0]
        for column in (figures.value, figures.low, figures.high, figures.numerator)
    )
    floats = {"value": exact, "low": low, "high": high}
    wholes = {"denominator": figures.denominator, "headroom": figures.headroom}
    return {
        "exact": exact,
        **{name: None if value is None else float(value) for name, value in floats.items()},
        "numerator": None if above is None else int(above),
        **{name: None if own is None or own[0] == MISSING else int(own[0]) for name, own in wholes.items()},
        "status": TARGET_STATUSES[figures.status[0]],
    }


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Return a sum of those that are there; None where none is."""
    there = [number for number in numbers if number is not None]
    return sum(there) if there else None
