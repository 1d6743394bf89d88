"""How old what is open is: for each clock how many records of each age, under and over its limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.clocks.limits import Amount, Limit
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import ALL, group_words, title_of
from ombudsman_kpi.publish.heading import heading_of, listed
from ombudsman_kpi.publish.published import Cell, Figure, PublishedTable, TableColumn
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.elapsed import TimedCells, timed_cells


@dataclass(frozen=True, eq=False)
class AgeBand:
    """Open records of some ages: how many of each group."""

    name: str
    numbers: Integers
    over: bool = False  # whether that is over the last of the limits


@dataclass(frozen=True, eq=False)
class OpenByAge:
    """What is open by one clock, by age: each record is in one band."""

    targets: tuple[Target, ...]  # those that share the clock, by their limits
    groups: tuple[Group, ...]
    bands: tuple[AgeBand, ...]

    @property
    def open(self) -> int:
        """How many are open in all."""
        return int(sum(band.numbers.sum() for band in self.bands))

    @property
    def over(self) -> int:
        """How many of them are over the last limit."""
        return int(sum(band.numbers.sum() for band in self.bands if band.over))


def sharing_clocks(basis: Basis) -> Iterator[tuple[Target, ...]]:
    """Yield the targets with a clock, those together that differ in nothing but the limit, the shortest first."""
    together: dict[object, list[tuple[int, Target]]] = {}
    for name in basis.every:
        target, allowed = basis.scheme[name], _allowed(basis.scheme[name])
        if target.timed_clock is not None:
            key = (target.timed_clock.clock_key, name if allowed is None else "")
            together.setdefault(key, []).append((allowed or 0, target))
    for targets in together.values():
        yield tuple(target for _, target in sorted(targets, key=lambda pair: pair[0]))


def _allowed(target: Target) -> int | None:
    """Return the limit by which a target's records can be told apart from those of others; None where it has none."""
    limit, by_due_days = target.time_allowed, target.judged_by_due_days
    extended = by_due_days is not None and by_due_days.extension is not None
    return limit.allowed if isinstance(limit, Amount) and not extended else None


def stocks_of(counts: Counts, basis: Basis) -> Iterator[OpenByAge]:
    """Yield what is open by each clock at ``as_of``, where the counts hold elapsed times."""
    for targets in sharing_clocks(basis):
        try:
            cells = [timed_cells(counts, target.id)[0] for target in targets if target.id not in counts.unmeasured]
        except OptionError:  # these counts hold no times
            continue
        if cells:
            groups = tuple(sorted({group for own in cells for group in own.block.groups})) or (("",) * len(basis.by),)
            yield OpenByAge(targets, groups, tuple(_bands(cells, groups)))


def _bands(cells: Sequence[TimedCells], groups: Sequence[Group]) -> Iterator[AgeBand]:
    """Yield the bands between the limits; of one limit, its half and its double divide them, too."""
    first, last, limit = cells[0], cells[-1], cells[-1].clock.time_allowed
    pending, overdue = first.of_status("pending") | _waits(first), last.of_status("overdue") | _overdue(last)
    if limit is None:
        yield AgeBand("Still open", _numbers(first, groups, pending | overdue))
        return
    if len(cells) > 1:
        names = [limit_words(own.clock.time_allowed) for own in cells]
        over = [_numbers(own, groups, own.of_status("overdue") | _overdue(own)) for own in cells]
        yield AgeBand(f"Within {names[0]}", _numbers(first, groups, pending))
        for place in range(1, len(cells)):
            name = f"Over {names[place - 1]}, within {names[place]}"
            yield AgeBand(name, over[place - 1] - over[place])
        yield AgeBand(f"Over {names[-1]}", over[-1], over=True)
    elif first.limit is None:  # records have limits of their own
        yield AgeBand("Within the limit", _numbers(first, groups, pending))
        yield AgeBand("Over the limit", _numbers(first, groups, overdue), over=True)
    else:
        half, twice = first.block.elapsed * 2 <= first.limit, first.block.elapsed > 2 * first.limit
        unit = first.clock.runs_in.elapsed_unit
        yield AgeBand(
            f"Up to {half_up(Fraction(first.limit, 2), first.limit % 2)} {unit}",
            _numbers(first, groups, pending & half),
        )  # fmt: skip
        yield AgeBand(f"Over half, within {limit_words(limit)}", _numbers(first, groups, pending & ~half))
        yield AgeBand(f"Over {limit_words(limit)}", _numbers(first, groups, overdue & ~twice), over=True)
        yield AgeBand(
            f"Over twice that: {2 * first.limit:,} {unit}", _numbers(first, groups, overdue & twice), over=True
        )


def _reasoned(cells: TimedCells, reason: str) -> Truths:
    """Return which cells of a closed cohort, which leaves out what is open, are of a reason."""
    fits = np.array([*(outcome.reason == reason for outcome in cells.block.outcomes), False])
    own: Truths = fits.take(cells.block.outcome)
    return own


def _waits(cells: TimedCells) -> Truths:
    return _reasoned(cells, "still open")


def _overdue(cells: TimedCells) -> Truths:
    return _reasoned(cells, "still open and overdue")


def _numbers(cells: TimedCells, groups: Sequence[Group], own: Truths) -> Integers:
    """Return how many records of each group some cells are of."""
    place = {group: number for number, group in enumerate(groups)}
    code = np.array([*(place[group] for group in cells.block.groups), 0], np.int64)
    numbers = np.zeros(len(groups), np.int64)
    np.add.at(numbers, code.take(cells.block.group[own]), cells.block.records[own])
    return numbers


def limit_words(limit: Limit | None) -> str:
    """Return a limit as it stands in a sentence; where records have limits of their own, that it is one."""
    return str(limit).replace("< ", "less than ") if isinstance(limit, Amount) else "the limit"


def limits_words(targets: Sequence[Target]) -> str:
    """Return the limits of targets that share a clock: "13 weeks, 26 weeks and 52 weeks"."""
    return listed(limit_words(target.time_allowed) for target in targets)


def table_of_stock(stock: OpenByAge, by: Sequence[str]) -> PublishedTable:
    """Return how old what is open is as a table: a row for each age, or for each group."""
    first, *others = stock.targets
    kind = RECORDS[first.of]
    says = f"{many(stock.open, kind.singular)} open"
    if stock.bands[-1].over:
        says += f", {stock.over:,} of them over {limit_words(stock.targets[-1].time_allowed)}"
    names = tuple(band.name for band in stock.bands)
    if others:
        says += f". The same {first.of.replace('_', ' ')} count for: {'; '.join(map(title_of, stock.targets))}"
    title = f"Open {kind.plural.replace('_', ' ')} by age: {title_of(first)}" if not others else (
        f"Open {kind.plural.replace('_', ' ')} by age, against {limits_words(stock.targets)}"
    )  # fmt: skip
    rows: list[tuple[Cell, ...]]
    if any(any(group) for group in stock.groups):  # some records have no such column
        columns = (
            *(TableColumn(heading_of(name)) for name in by),
            *(TableColumn(name, "whole") for name in (*names, "All")),
        )
        numbers = np.stack([band.numbers for band in stock.bands])
        rows = [
            (*map(group_words, group), *map(int, own), int(own.sum()))
            for group, own in zip(stock.groups, numbers.T, strict=True) if own.any()
        ]  # fmt: skip
        rows.append((*(ALL,) * len(by), *map(int, numbers.sum(axis=1)), stock.open))
    else:
        columns = (TableColumn("Age"), TableColumn("Open", "whole"), TableColumn("Share of all open", "share"))
        numbers_of = [(band.name, int(band.numbers.sum())) for band in stock.bands]
        rows = [(name, number, _share(number, stock.open)) for name, number in (*numbers_of, (ALL, stock.open))]
    return PublishedTable(f"open-{first.id}", title, f"{says}.", columns, tuple(rows))


def _share(number: int, of: int) -> Cell:
    return Figure(Fraction(number, of)) if of else None
