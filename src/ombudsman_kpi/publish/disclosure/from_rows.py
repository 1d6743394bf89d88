"""The numbers of records in rows of figures, and what ties them to one another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, log2
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.figures.row import EVERYTHING, Row
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import group_words
from ombudsman_kpi.publish.disclosure.flows import flows
from ombudsman_kpi.publish.disclosure.program import solver
from ombudsman_kpi.publish.disclosure.tied import Reals, Tie, Tied, difference_of, distinct, sum_of
from ombudsman_kpi.publish.totals import TOTAL
from ombudsman_kpi.schemes.scheme import Scheme

UNKNOWN = -1  # a number that is withheld
LATE = "late"  # no column, but anybody can take the overdue from the missed

# How much a reader loses with a number of each column.
_WORTH = {
    "records": 2.0, "met": 1.0, "missed": 1.0, "overdue": 0.7, "pending": 0.8, "excluded": 0.8, "invalid": 0.8,
    "numerator": 0.1, "denominator": 1.5, "value": 2.0, "low": 0.1, "high": 0.1, LATE: 0.1,
}  # fmt: skip
# What is a sum of others in the rows of most measures: where it is in all rows of one, anybody may take it for that.
_SUMS = (
    ("records", ("met", "missed", "pending", "excluded", "invalid")),
    ("missed", (LATE, "overdue")),
    ("denominator", ("met", "missed")),
    ("numerator", ("met",)),
    ("value", ("met",)),
    ("low", ("value",)),
    ("high", ("value",)),
)
_ALIKE = ({"met", "numerator", "value", "low", "high"}, {"records", "denominator"}, {"missed", LATE})


class NumberKey(NamedTuple):
    """Where a row stands."""

    every: str
    period: str
    group: Group


class Line(NamedTuple):
    """A column of numbers: of one target and cohort."""

    target: str
    cohort: str
    column: str


Numbers = dict[NumberKey, int]  # those that aren't 0


@dataclass(frozen=True, eq=False)
class CountedRows:
    """All numbers of records in some rows: each once, wherever it stands."""

    numbers: dict[Line, Numbers]  # lines that say the same are one: the first of them
    same: dict[Line, Line]
    tied: Tied
    value: Integers
    cost: Reals
    place: dict[Line, dict[NumberKey, int]]

    def names(self) -> dict[int, tuple[str, str]]:
        """Return what each number is: its row in words, and its column."""
        names = {}
        for line, places in self.place.items():
            for key, place in places.items():
                parts = [line.target, line.cohort, key.period, *map(group_words, key.group)]
                names[place] = ", ".join(part for part in parts if part != EVERYTHING), line.column
        return names

    def place_of(self, line: Line, key: NumberKey) -> int | None:
        """Return the place of a number; None where it is 0, or there is none."""
        first = self.same.get(line)
        return None if first is None else self.place[first].get(key)


def key_of(row: Row) -> NumberKey:
    """Return where a row stands."""
    return NumberKey(row.every, row.period, row.group)


def numbers_in(row: Row, target: Target) -> Iterator[tuple[str, int]]:
    """Yield a row's numbers of records by their columns, those that are withheld as -1; not those that are 0.

    A mean's sum of times is no number of records; the value of a measure that counts is one.
    """
    unseen = row.withheld
    names = ["records", "met", "missed", "overdue", "pending", "excluded", "invalid", "denominator"]
    names += [] if target.reads_times else ["numerator"]
    names += ["value", "low", "high"] if target.unit == "number" and not target.is_change else []
    for name in names:
        number = getattr(row, name)
        if unseen.get(name) == "c":
            yield name, UNKNOWN
        elif number and number == int(number):
            yield name, int(number)
    if "c" in {unseen.get("missed"), unseen.get("overdue")}:
        yield LATE, UNKNOWN
    elif row.missed and row.missed != (row.overdue or 0):
        yield LATE, row.missed - (row.overdue or 0)


def counted_in(rows: Iterable[Row], scheme: Scheme) -> CountedRows:
    """Return the numbers in some rows, and all that ties them. Raises ``MissingLibraryError`` without scipy."""
    solver()  # before any of it is used
    lines: dict[Line, Numbers] = {}
    keys: dict[NumberKey, Row] = {}
    for row in rows:
        if row.status == "not measured":
            continue
        key = key_of(row)
        keys.setdefault(key, row)
        for column, number in numbers_in(row, scheme[row.target]):
            lines.setdefault(Line(row.target, row.cohort, column), {})[key] = number
    return _Collected(lines, keys, scheme).counted()


@dataclass(eq=False)
class _Collected:
    lines: dict[Line, Numbers]
    keys: dict[NumberKey, Row]
    scheme: Scheme
    same: dict[Line, Line] = field(default_factory=dict)

    def counted(self) -> CountedRows:
        """Return the numbers, each once, with their ties."""
        self._find_same()
        first = {line: self.lines[line] for line in dict.fromkeys(self.same.values())}
        place: dict[Line, dict[NumberKey, int]] = {}
        size = 0
        for line, numbers in first.items():
            place[line] = {key: size + number for number, key in enumerate(numbers)}
            size += len(numbers)
        columns: dict[Line, list[str]] = {}
        for line, one in self.same.items():
            columns.setdefault(one, []).append(line.column)
        value = np.array([number for numbers in first.values() for number in numbers.values()], np.int64)
        cost = np.array([
            self._worth(key) * sum(_WORTH[column] for column in columns[line]) * (1 + log2(max(number, 1)))
            for line, numbers in first.items() for key, number in numbers.items()
        ])  # fmt: skip
        shown = np.repeat(
            [set(columns[line]) != {LATE} for line in first], [len(numbers) for numbers in first.values()]
        ).astype(np.bool_)
        tied = Tied([*distinct(_Ties(self, first, place))], shown)
        return CountedRows(first, self.same, tied, value, cost, place)

    def _worth(self, key: NumberKey) -> float:
        """Return how much a reader loses with a row: more with that of many."""
        row = self.keys[key]
        days = 366 if row.period_start is None or row.period_end is None else (row.period_end - row.period_start).days
        return (4.0 if TOTAL in key.group else 1.0) * (1 + days / 92)

    def _find_same(self) -> None:
        """Find the lines that say the same everywhere: what is shown in one is known of the other."""
        alike: dict[tuple[str, frozenset[NumberKey]], list[Line]] = {}
        for line, numbers in self.lines.items():
            firsts = alike.setdefault((self.scheme[line.target].of, frozenset(numbers)), [])
            one = next((first for first in firsts if self._are_same(line, first)), None)
            if one is None:
                firsts.append(line)
            self.same[line] = one or line

    def _are_same(self, line: Line, other: Line) -> bool:
        """Return whether two lines are one: of one column, or of columns of one target that are alike by nature."""
        if self.lines[line] != self.lines[other] or UNKNOWN in self.lines[line].values():
            return False
        alike = any({line.column, other.column} <= columns for columns in _ALIKE)
        return line.column == other.column or (line[:2] == other[:2] and alike)


class _Relation(NamedTuple):
    """A row that is the sum of some, or of no fewer than some and no more than others."""

    whole: NumberKey
    inside: tuple[NumberKey, ...]
    touching: tuple[NumberKey, ...]


class _Ties(Iterable[Tie | None]):
    """The ties of the numbers in some lines. One that doesn't hold everywhere in a line holds nowhere in it."""

    def __init__(self, rows: _Collected, numbers: dict[Line, Numbers], place: dict[Line, dict[NumberKey, int]]) -> None:
        self.rows, self.numbers, self.place = rows, numbers, place

    def __iter__(self) -> Iterator[Tie | None]:
        yield from self._in_rows()
        kinds = [*self._groups(), *self._periods()]
        for line in self.numbers:
            for relations in kinds:
                yield from self._related(line, relations)
        yield from self._bands()
        yield from self._nested()
        yield from flows([*self.rows.same], self.rows.keys, self.rows.scheme, self._of)

    def _of(self, line: Line) -> tuple[Numbers, dict[NumberKey, int]]:
        first = self.rows.same.get(line)
        return ({}, {}) if first is None else (self.numbers[first], self.place[first])

    def _in_rows(self) -> Iterator[Tie | None]:
        """Yield the sums within each row."""
        for target, cohort in dict.fromkeys((line.target, line.cohort) for line in self.rows.same):
            for name, names in _SUMS:
                whole, whole_place = self._of(Line(target, cohort, name))
                parts = [self._of(Line(target, cohort, part)) for part in names]
                rows = [(number, [own.get(key, 0) for own, _ in parts]) for key, number in whole.items()]
                sure = name in {"records", "missed"} or self.rows.scheme[target].is_share
                seen = sure or any(UNKNOWN not in {number, *numbers} for number, numbers in rows)
                if seen and all(_adds_up(number, numbers) for number, numbers in rows):
                    for key in whole:
                        yield sum_of(whole_place[key], [place.get(key) for _, place in parts])

    def _related(self, line: Line, relations: Sequence[_Relation]) -> list[Tie | None]:
        numbers, place = self.numbers[line], self.place[line]
        ties: list[Tie | None] = []
        for whole, inside, touching in relations:
            number, within = numbers.get(whole, 0), [numbers[key] for key in inside if key in numbers]
            around = [numbers[key] for key in touching if key in numbers]
            if not number:  # there is none, or it is of nothing
                continue
            places, outer = (
                [place[key] for key in inside if key in place],
                [place[key] for key in touching if key in place],
            )
            if places == outer:
                if not _adds_up(number, within):
                    return []
                ties.append(sum_of(place.get(whole), places))
            else:
                if not (_at_most(within, [number]) and _at_most([number], around)):
                    return []
                ties.append(difference_of((place.get(whole),), places, 0, inf))
                ties.append(difference_of(outer, (place.get(whole),), 0, inf))
        return ties

    def _groups(self) -> Iterator[list[_Relation]]:
        """Yield the totals of groups: for each column grouped by, those over its labels."""
        by_place: dict[tuple[str, str], list[NumberKey]] = {}
        for key in self.rows.keys:
            by_place.setdefault(key[:2], []).append(key)
        size = max((len(key.group) for key in self.rows.keys), default=0)
        for column in range(size):
            relations = []
            for keys in by_place.values():
                parts: dict[Group, list[NumberKey]] = {}
                for key in keys:
                    if key.group[column] != TOTAL:
                        parts.setdefault(_total(key.group, column), []).append(key)
                wholes = [key for key in keys if key.group[column] == TOTAL and key.group in parts]
                relations += [_Relation(key, *[tuple(parts[key.group])] * 2) for key in wholes]
            yield relations
        if size > 1:  # all labels of all columns, where there are no totals between
            yield [
                _Relation(whole, *[tuple(key for key in keys if TOTAL not in key.group)] * 2)
                for keys in by_place.values() for whole in keys if set(whole.group) == {TOTAL}
            ]  # fmt: skip

    def _periods(self) -> Iterator[list[_Relation]]:
        """Yield the periods that hold others, or touch them."""
        spans: dict[str, dict[str, Row]] = {}
        for key, row in self.rows.keys.items():
            spans.setdefault(key.every, {}).setdefault(key.period, row)
        groups: dict[tuple[str, str], list[Group]] = {}
        for key in self.rows.keys:
            groups.setdefault(key[:2], []).append(key.group)
        for every, wholes in spans.items():
            for other, parts in spans.items():
                if every == other:
                    continue
                relations = []
                for period, row in wholes.items():
                    inside, touching = _within(row, parts)
                    if inside:
                        relations += [
                            _Relation(
                                NumberKey(every, period, group),
                                tuple(NumberKey(other, part, group) for part in inside),
                                tuple(NumberKey(other, part, group) for part in touching),
                            )
                            for group in groups[every, period]
                        ]
                yield relations

    def _bands(self) -> Iterator[Tie | None]:
        """Yield that the bands of a distribution are all that stopped, and kinds all that there is, where they are."""
        bands: dict[tuple[type, str, Line], list[Line]] = {}
        for line in self.rows.same:
            target = self.rows.scheme[line.target]
            if line.column == "met" and target.part_of is not None:
                whole = self.rows.same.get(line._replace(column=target.part_of))
                if whole is not None:
                    bands.setdefault((type(target), line.cohort, whole), []).append(line)
        for (_, _, whole), lines in bands.items():
            numbers, place = self.numbers[whole], self.place[whole]
            parts = [self._of(line) for line in lines]
            if all(_adds_up(number, [own.get(key, 0) for own, _ in parts]) for key, number in numbers.items()):
                for key in numbers:
                    yield sum_of(place[key], [own.get(key) for _, own in parts])

    def _nested(self) -> Iterator[Tie | None]:
        """Yield that what is in time by a shorter limit is so by a longer one, of the same records."""
        same: dict[tuple[str, Line], list[Line]] = {}
        for line in self.rows.same:
            if line.column == "met" and self.rows.scheme[line.target].in_time:
                records = self.rows.same.get(line._replace(column="records"))
                if records is not None:
                    same.setdefault((line.cohort, records), []).append(line)
        for lines in same.values():
            lines.sort(key=lambda line: sum(self._of(line)[0].values()))
            for line, longer in pairwise(lines):
                (fewer, place), (more, further) = self._of(line), self._of(longer)
                if all(_at_most([number], [more.get(key, 0)]) for key, number in fewer.items()):
                    for key in fewer:
                        yield difference_of((further.get(key),), (place[key],), 0, inf)


def _total(group: Group, column: int) -> Group:
    """Return a group with all labels of one column together."""
    return (*group[:column], TOTAL, *group[column + 1 :])


def _within(row: Row, parts: Mapping[str, Row]) -> tuple[list[str], list[str]]:
    """Return the periods that are inside of that of a row, and those that touch it."""
    if row.every == EVERYTHING:
        return [*parts], [*parts]
    inside, touching = [], []
    for period, part in parts.items():
        if None in {row.period_start, row.period_end, part.period_start, part.period_end}:
            continue
        assert row.period_start is not None and row.period_end is not None  # noqa: S101, PT018
        assert part.period_start is not None and part.period_end is not None  # noqa: S101, PT018
        if part.period_start <= row.period_end and row.period_start <= part.period_end:
            touching.append(period)
            if row.period_start <= part.period_start and part.period_end <= row.period_end:
                inside.append(period)
    return inside, touching


def _adds_up(whole: int, parts: Sequence[int]) -> bool:
    """Return whether parts come to their whole, as far as both are known."""
    return whole == UNKNOWN or UNKNOWN in parts or whole == sum(parts)


def _at_most(parts: Sequence[int], wholes: Sequence[int]) -> bool:
    """Return whether some come to no more than others, as far as both are known."""
    return UNKNOWN in parts or UNKNOWN in wholes or sum(parts) <= sum(wholes)
