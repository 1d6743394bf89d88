"""A table of figures, by column; its rows are made for whoever looks at them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, Self, overload

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.arrays.sums import add_up
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.clocks.outcomes import STATUSES, Cohort, OutcomeStatus
from ombudsman_kpi.figures.row import COUNTS, EVERYTHING, INSIDE, NO_DATE, Row
from ombudsman_kpi.measures.base.figures import TARGET_STATUSES, Figures
from ombudsman_kpi.measures.base.places import PlaceCells, Places
from ombudsman_kpi.measures.base.target import Target

_TOGETHER = 1024  # rows that are made at a time while a table is gone through

Reasons = dict[tuple[str, str], int]


class Column(NamedTuple):
    """The cells of some rows; those that aren't there have any value."""

    cells: NDArray[Any]
    there: Truths | None = None  # None: all of them

    def tolist(self) -> list[Any]:
        """Return the cells one by one; None for those that aren't there."""
        cells: list[Any] = self.cells.tolist()
        if self.there is None:
            return cells
        return [cell if there else None for cell, there in zip(cells, self.there.tolist(), strict=True)]


class Reasoned(NamedTuple):
    """Why records weren't plainly met or missed: row by row, each reason with how many records it is of."""

    kinds: tuple[tuple[str, str], ...]  # the status, and the reason
    first: Integers  # of each row the place of its first reason; the last is where all end
    numbers: NDArray[np.int64]  # the place of the reason among the kinds, and beside it how many records

    @classmethod
    def of(cls, cells: PlaceCells, size: int, target: Target) -> "Reasoned":
        """Return the reasons of the statuses that the target shows."""
        shown = [item for item in cells.outcomes if item.reason and item.status in target.reasons_shown]
        kinds: list[tuple[str, str]] = list(dict.fromkeys((item.status, item.reason) for item in shown))
        places = {kind: place for place, kind in enumerate(kinds)}
        of_outcomes = [places.get((item.status, item.reason), -1) for item in cells.outcomes]
        kind = np.array([*of_outcomes, -1], np.int64).take(cells.outcome)
        invalid = np.array([*(item.status == "invalid" for item in cells.outcomes), False]).take(cells.outcome)
        own = (kind >= 0) & ((cells.records != 0) | invalid)
        ones = np.ones(np.count_nonzero(own), np.int64)  # so that none vanishes
        (row, kind), (records, _) = add_up((cells.row[own], kind[own]), (cells.records[own], ones))
        return cls(tuple(kinds), row.searchsorted(np.arange(size + 1)), np.stack([kind, records], axis=1))

    def at(self, row: int) -> Reasons:
        """Return the reasons of one row."""
        own = self.numbers[self.first[row] : self.first[row + 1]].tolist()
        return {self.kinds[kind]: number for kind, number in own}


@dataclass(frozen=True, eq=False)
class Part:
    """The figures of one target, by one cohort and in periods of one kind, with what stands beside them."""

    target: Target
    cohort: Cohort
    every: Every | None
    places: Places
    figures: Figures
    remarks: Sequence[tuple[str, ...]]  # of each period
    counts: Mapping[str, Integers]
    provisional: Truths
    reasons: Reasoned

    @classmethod
    def of(
        cls, target: Target, cohort: Cohort, every: Every | None, places: Places, figures: Figures,
        remarks: Sequence[tuple[str, ...]], numbers: Mapping[OutcomeStatus, Integers],
    ) -> "Part":  # fmt: skip
        """Return figures with how many records they are of; ``numbers`` are those that its cells don't say."""
        counts: dict[str, Integers] = {
            status: numbers[status] if status in numbers else places.number(status) for status in STATUSES
        }
        counts["records"] = sum(counts.values(), np.zeros(len(places), np.int64))
        counts["missed"] = counts["late"] + counts["overdue"]
        moving = np.zeros(len(places), np.int64)
        np.add.at(moving, places.cells.row, places.cells.provisional)
        reasons = Reasoned.of(places.cells, len(places), target)
        return cls(target, cohort, every, places, figures, remarks, counts, moving != 0, reasons)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def targets(self) -> tuple[str, ...]:
        """The name of its target."""
        return (self.target.id,)

    def of_target(self, name: str) -> Self | None:
        """Return the figures of a target; None where it has none."""
        return self if name == self.target.id else None

    def rows(self, first: int, end: int) -> list[Row]:
        """Return some rows."""
        said = [self.figures.said(row) for row in range(first, end)]
        columns = [self.column(name, slice(first, end)).tolist() for name in _PLAIN]
        periods = [row // len(self.places.groups) for row in range(first, end)]
        beside = (
            self._notes(first, [item.words for item in said]),
            [self.reasons.at(row) for row in range(first, end)],
            [self.remarks[period] for period in periods],
            [item.words for item in said],
            [item.details for item in said],
            [None] * len(said) if self.figures.value is None else self.figures.value[first:end].tolist(),
        )
        return [Row(*cells) for cells in zip(*columns, *beside, strict=True)]

    def column(self, name: str, rows: slice = slice(None)) -> Column:
        """Return one of the columns that are no part of the note; or the note, of all rows."""
        size, figures = len(range(len(self))[rows]), self.figures
        if name in self._constants:
            value = self._constants[name]
            return Column(np.full(size, value, object), None if value is not None else np.zeros(size, np.bool_))
        if name in self.counts:
            return Column(self.counts[name][rows])
        if name in {"period", "period_start", "period_end"}:
            return Column(self._of_periods[name].take(np.arange(len(self))[rows] // len(self.places.groups)))
        match name:
            case "group":
                return Column(_objects(self.places.groups).take(np.arange(len(self))[rows] % len(self.places.groups)))
            case "complete":
                return Column(self.places.complete[rows] | (self.every is None))
            case "provisional":
                return Column(self.provisional[rows])
            case "status":
                return Column(_objects(TARGET_STATUSES).take(figures.status[rows]))
            case "value" | "low" | "high" | "numerator":
                return _numbers(getattr(figures, name), rows, size, counted=name == "numerator")
            case "denominator" | "headroom":
                wholes: Integers | None = getattr(figures, name)
                wholes = np.full(size, MISSING) if wholes is None else wholes[rows]
                return Column(wholes, wholes != MISSING)
        words = None if figures.say is None else [figures.said(row).words for row in range(len(self))]
        return Column(np.array(self._notes(0, words), object))

    @cached_property
    def _constants(self) -> dict[str, Any]:
        target, standard = self.target, self.target.standard
        return {
            "target": target.id, "measure": target.measure, "unit": target.unit, "cohort": self.cohort,
            "every": self.every or EVERYTHING, "operator": standard.operator if standard else "",
            "standard": float(standard.value) if standard else None,
        }  # fmt: skip

    @cached_property
    def _of_periods(self) -> dict[str, NDArray[Any]]:
        periods, none = self.places.periods, EVERYTHING if self.every is None else NO_DATE
        return {
            "period": _objects([period.label if period else none for period in periods]),
            "period_start": np.array([period and period.start for period in periods], "M8[D]"),
            "period_end": np.array([period and period.end for period in periods], "M8[D]"),
        }

    def _notes(self, first: int, words: Sequence[tuple[str, ...]] | None) -> list[str]:
        """Return the notes of the rows from the first on: many are alike, and each of those is written once."""
        made: dict[tuple[Any, ...], str] = {}
        notes, groups, size = [], len(self.places.groups), len(self) if words is None else len(words)
        bounds, numbers = self.reasons.first[first : first + size + 1].tolist(), self.reasons.numbers.tobytes()
        for place, (begin, end) in enumerate(pairwise(bounds)):
            own, remarks = () if words is None else words[place], self.remarks[(first + place) // groups]
            key = numbers[16 * begin : 16 * end], own, remarks  # each reason is two numbers of 8 bytes
            note = made.get(key)
            if note is None:
                note = made[key] = note_of(own, self.reasons.at(first + place), remarks)
            notes.append(note)
        return notes


def note_of(words: tuple[str, ...], reasons: Reasons, remarks: tuple[str, ...]) -> str:
    """Return what belongs to the value, why records were left out, and what else to know."""
    texts = []
    for status in STATUSES if reasons else ():
        by_group = sorted((-number, reason) for (of, reason), number in reasons.items() if of == status)
        if by_group:
            texts.append(f"{status}: " + ", ".join(f"{-number:,} {reason}" for number, reason in by_group))
    return "; ".join([*words, *texts, *remarks])


def _objects(items: Sequence[Any]) -> NDArray[Any]:
    """Return an array of objects, be they tuples."""
    column = np.empty(len(items), object)
    for place, item in enumerate(items):
        column[place] = item
    return column


def _numbers(numbers: Fractions | None, rows: slice, size: int, *, counted: bool) -> Column:
    """Return exact numbers as floats; those that are counted whole where they are."""
    if numbers is None:
        return Column(np.zeros(size, np.int64 if counted else np.float64), np.zeros(size, np.bool_))
    own = numbers[rows]
    if not counted:
        return Column(own.floats(), own.there)
    below = np.where(own.there, own.below, 1)
    if not (own.above % below).any():
        return Column(own.above // below, own.there)
    return Column(_objects([None if value is None else _plain(value) for value in own.tolist()]), own.there)


def _plain(value: Fraction) -> int | float:
    """Return an exact number as it is counted: whole where it is whole."""
    return int(value) if value.denominator == 1 else float(value)


@dataclass(frozen=True, eq=False)
class Made:
    """Rows that were there before: read from a file, or of what isn't measured."""

    made: tuple[Row, ...]

    def __len__(self) -> int:
        return len(self.made)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of their targets."""
        return tuple(dict.fromkeys(row.target for row in self.made))

    def of_target(self, name: str) -> "Made | None":
        """Return the rows of a target; None where it has none."""
        own = tuple(row for row in self.made if row.target == name)
        return Made(own) if own else None

    def rows(self, first: int, end: int) -> Sequence[Row]:
        """Return some rows."""
        return self.made[first:end]

    def column(self, name: str) -> Column:
        """Return one of the columns."""
        cells = [getattr(row, name) for row in self.made]
        there = np.array([cell is not None for cell in cells], np.bool_)
        if name in {"period_start", "period_end"}:
            return Column(np.array(cells, "M8[D]"), there)
        if name in {"complete", "provisional"}:
            return Column(np.array(cells, np.bool_))
        return Column(_objects([0 if cell is None and name in COUNTS else cell for cell in cells]), there)


@dataclass(frozen=True, eq=False)
class RowsByColumn(Sequence[Row]):
    """The rows of results: a sequence that makes each of them when someone looks at it."""

    parts: tuple[Part | Made, ...]

    @cached_property
    def _ends(self) -> list[int]:
        return [*accumulate(map(len, self.parts))]

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets, in order."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.targets))

    def of_target(self, name: str) -> "RowsByColumn":
        """Return the rows of one target; none of them is made for it."""
        return RowsByColumn(tuple(own for part in self.parts if (own := part.of_target(name)) is not None))

    def column(self, name: str) -> Column:
        """Return one of the columns of the contract."""
        columns = [part.column(name) for part in self.parts]
        there = [np.ones(len(cells), np.bool_) if there is None else there for cells, there in columns]
        return Column(np.concatenate([cells for cells, _ in columns]), np.concatenate(there))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Row]:
        return self._between(0, len(self))

    def __reversed__(self) -> Iterator[Row]:
        for end in range(len(self), 0, -_TOGETHER):
            yield from reversed([*self._between(max(end - _TOGETHER, 0), end)])

    def _between(self, first: int, end: int) -> Iterator[Row]:
        """Yield some rows, one after the other: many together are made in a fiftieth of the time of each alone."""
        begin = 0
        for part in self.parts:
            for place in range(max(first - begin, 0), min(end - begin, len(part)), _TOGETHER):
                yield from part.rows(place, min(place + _TOGETHER, len(part), end - begin))
            begin += len(part)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, place: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(place, slice):
            wanted = range(len(self))[place]
            if abs(wanted.step) >= _TOGETHER:
                return tuple(self[one] for one in wanted)
            low, high = (min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1])) if wanted else (0, -1)
            return tuple(self._between(low, high + 1))[:: wanted.step]
        row = range(len(self))[place]  # which raises for one that isn't there, and counts from the end
        which = bisect_right(self._ends, row)
        row -= self._ends[which - 1] if which else 0
        return self.parts[which].rows(row, row + 1)[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (RowsByColumn, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Iterable[Row]) -> tuple[Row, ...]:
        return (*self, *other)

    def __radd__(self, other: Iterable[Row]) -> tuple[Row, ...]:
        return (*other, *self)

    def __reduce__(self) -> tuple[type["RowsByColumn"], tuple[tuple[Made]]]:
        return RowsByColumn, ((Made(tuple(self)),),)

    def __repr__(self) -> str:
        return repr(tuple(self))


_PLAIN = tuple(name for name in Row._fields if name not in {"note", *INSIDE})
