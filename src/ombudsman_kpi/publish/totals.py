"""The figures of all groups together, beside those of each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.figures.from_counts import table_of_counts
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.figures.table import Made, RowsByColumn
from ombudsman_kpi.measures.base.figures import TARGET_STATUSES, headroom_of, status_of
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.measures.count import Numbers
from ombudsman_kpi.measures.count import status_of as status_of_numbers
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.block import Block
from ombudsman_kpi.tallies.counts import Counts

TOTAL = "\ufdd0total"  # the group of a total: it begins with a noncharacter, which stands in no text
_ADDED = ("records", "met", "missed", "overdue", "pending", "excluded", "invalid", "numerator", "denominator")


def is_total(row: Row) -> bool:
    """Return whether a row is of all groups together."""
    return TOTAL in row.group


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
    withheld: dict[str, Any] = {"withheld": lacking} if "withheld" in Row._fields else {}
    return row._replace(**nothing, **withheld)


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
    if isinstance(target, Numbers) and all(row.exact is not None for row in rows):
        return total._replace(**_number(total, target))
    if target.is_share and target.met_when is target.complete is None:
        own = [_share(row, target) for row in rows]
        if all(
            getattr(row, name) == value for row, share in zip(rows, own, strict=True) for name, value in share.items()
        ):
            return total._replace(**_share(total, target))
    return _without(total, "z")


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Return a sum of those that are there; None where none is."""
    there = [number for number in numbers if number is not None]
    return sum(there) if there else None


def _share(row: Row, target: Target) -> dict[str, Any]:
    """Return what the share within a limit of so many records is."""
    met, missed, pending = (np.array([getattr(row, name) or 0]) for name in ("met", "missed", "pending"))
    counted, whole, standard = met + missed, met + missed + pending, target.standard
    room = None
    if standard is not None and standard.operator != "about" and whole[0]:
        room = headroom_of(standard, met, pending, whole)
    value, low, high = (
        Fraction(int(above[0]), int(below[0])) if below[0] else None
        for above, below in ((met, counted), (met, whole), (met + pending, whole))
    )
    return {
        "numerator": int(met[0]), "denominator": int(counted[0]), "exact": value,
        **{name: None if one is None else float(one) for name, one in (("value", value), ("low", low), ("high", high))},
        "headroom": None if room is None else int(room[0]),
        "status": TARGET_STATUSES[status_of(room, counted, pending)[0]],
    }  # fmt: skip


def _number(row: Row, target: Numbers) -> dict[str, Any]:
    """Return what a number of records is."""
    value, per = Fractions.whole(np.array([row.met or 0])), target.per
    standard = target.standard if per in {None, row.every} else None
    code = status_of_numbers(standard, value, np.array([row.complete]))[0]
    number = row.met or 0
    return {
        **dict.fromkeys(("value", "low", "high"), float(number)), "exact": Fraction(number),
        "status": TARGET_STATUSES[code],
    }  # fmt: skip
