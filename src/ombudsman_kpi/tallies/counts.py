"""Tallies: whole numbers that add up, and nothing else.

A tally of a year is the sum of the tallies of its parts, whichever way the records were split, as long as a
case's rows stayed together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.sums import add_up
from ombudsman_kpi.calendars.dates import Integers
from ombudsman_kpi.calendars.periods import Every, Grain
from ombudsman_kpi.clocks.outcomes import Outcome
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.events.as_known import parse_as_of
from ombudsman_kpi.measures.targets import Cohort
from ombudsman_kpi.schemes.scheme import Scheme

if TYPE_CHECKING:
    from ombudsman_kpi.results.results import Results

# The record has no day in the cohort: it is still open, or its day isn't known. Periods are numbered from 1970.
NO_PERIOD = -1

Group = tuple[str, ...]


class Key(NamedTuple):
    """What a block of cells counts: one target, by one cohort, in months, weeks or all together."""

    target: str
    cohort: Cohort
    grain: Grain


@dataclass(frozen=True, eq=False)
class Block:
    """Counted cells of one key: for each group, period, outcome and elapsed time, how many records.

    ``elapsed`` is in whole units of the target's clock, rounded up (-1: none); ``below`` the exact sum, in
    microseconds, by which elapsed times fall short of that; ``provisional`` how many due days may still move.
    """

    groups: tuple[Group, ...]
    outcomes: tuple[Outcome, ...]
    group: Integers
    period: Integers
    outcome: Integers
    elapsed: Integers
    records: Integers
    below: Integers
    provisional: Integers

    @classmethod
    def of(
        cls,
        groups: tuple[Group, ...],
        outcomes: tuple[Outcome, ...],
        keys: tuple[Integers, ...],
        sums: tuple[Integers, ...],
    ) -> "Block":
        """Bring cells to their normal form: every code book sorted, nothing unused, each cell once."""
        group, period, outcome, elapsed = keys
        new_groups, group = _sorted_book(groups, group)
        new_outcomes, outcome = _sorted_book(outcomes, outcome)
        keys, sums = add_up((group, period, outcome, elapsed), sums)
        if len(keys[0]) < len(group):  # something vanished: a group or an outcome may have gone with it
            return cls.of(new_groups, new_outcomes, keys, sums)
        return cls(new_groups, new_outcomes, *keys, *sums)

    @classmethod
    def nothing(cls) -> "Block":
        """Count nothing."""
        return cls((), (), *[np.empty(0, np.int64)] * 7)

    @property
    def keys(self) -> tuple[Integers, ...]:
        """The columns that say what is counted."""
        return self.group, self.period, self.outcome, self.elapsed

    @property
    def sums(self) -> tuple[Integers, ...]:
        """The columns that add up."""
        return self.records, self.below, self.provisional

    def plus(self, other: "Block", sign: int = 1) -> "Block":
        """Add another block's cells, or take them away."""
        groups, outcomes = self.groups + other.groups, self.outcomes + other.outcomes
        shift = len(self.groups), 0, len(self.outcomes), 0
        keys = tuple(
            np.concatenate([mine, theirs + by]) for mine, theirs, by in zip(self.keys, other.keys, shift, strict=True)
        )
        sums = tuple(np.concatenate([mine, sign * theirs]) for mine, theirs in zip(self.sums, other.sums, strict=True))
        return Block.of(groups, outcomes, keys, sums)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Block)
            and (self.groups, self.outcomes) == (other.groups, other.outcomes)
            and all(np.array_equal(a, b) for a, b in zip(self.keys + self.sums, other.keys + other.sums, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]


def _sorted_book(book: tuple[Any, ...], codes: Integers) -> tuple[tuple[Any, ...], Integers]:
    """Sort a code book, join what is the same in it, leave out what isn't used; give the codes anew."""
    kept = sorted({book[code] for code in np.flatnonzero(np.bincount(codes, minlength=len(book)))})
    places = {entry: place for place, entry in enumerate(kept)}
    table = np.array([places.get(entry, 0) for entry in book] or [0], np.int64)
    return tuple(kept), table.take(codes)


@dataclass(frozen=True)
class Basis:
    """What a tally was counted by. Tallies of two bases can't be added."""

    scheme: Scheme
    as_of: str
    by: tuple[str, ...]
    every: Mapping[str, tuple[Every | None, ...]]  # for each target that was asked for, in order
    cohorts: Mapping[str, tuple[Cohort, ...]]

    def difference(self, other: "Basis") -> str | None:
        """Say in what two bases differ, all of it; None where they don't."""
        return "; ".join(self._differences(other)) or None

    def _differences(self, other: "Basis") -> Iterator[str]:
        mine, theirs = self.scheme, other.scheme
        if mine.id != theirs.id:
            yield f"the scheme is {mine.id} here and {theirs.id} there"
        elif mine.digest != theirs.digest:
            yield f"the digest of the scheme {mine.id} is {mine.digest} here and {theirs.digest} there"
        if mine.calendar.edition != theirs.calendar.edition:
            yield f"the calendar edition is {mine.calendar.edition} here and {theirs.calendar.edition} there"
        if self.as_of != other.as_of:
            yield f"as_of is {self.as_of} here and {other.as_of} there"
        if self.by != other.by:
            yield f"by is {_listed(self.by)} here and {_listed(other.by)} there"
        for only, these, those in (("here", self.every, other.every), ("there", other.every, self.every)):
            if lacking := [name for name in these if name not in those]:
                yield f"{'a target is' if len(lacking) == 1 else 'targets are'} only {only}: {_few(lacking)}"
        yield from _unlike("every", self.every, other.every)
        yield from _unlike("cohort", self.cohorts, other.cohorts)

    def remedy(self, other: "Basis") -> str:
        """Say how to count what differs so that it adds up."""
        again = "Tally both by the same scheme and options."
        if self.as_of == other.as_of:
            return again
        days = (
            "What is counted at one day isn't what it was at another: take the settled tally of the earlier day, move "
            "it by .at(…), and add the tally of what was open then or is new (see settled)."
        )
        return days if replace(self, as_of=other.as_of).difference(other) is None else f"{again} {days}"


def _listed(names: tuple[str | None, ...]) -> str:
    """Write what an option was given."""
    return ", ".join("all together" if name is None else name for name in names) or "nothing"


def _few(targets: list[str]) -> str:
    """Name some targets, and say how many more there are."""
    return ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")


def _unlike(
    option: str, mine: Mapping[str, tuple[str | None, ...]], theirs: Mapping[str, tuple[str | None, ...]]
) -> Iterator[str]:
    """Say in what an option differs that each target has for itself: once for all that differ in the same."""
    found: dict[tuple[str, str], list[str]] = {}
    for target in mine:
        if target in theirs and mine[target] != theirs[target]:
            found.setdefault((_listed(mine[target]), _listed(theirs[target])), []).append(target)
    for (here, there), targets in found.items():
        yield f"{option} is {here} here and {there} there (of {_few(targets)})"


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of outcomes. ``a + b``, ``a - b``, ``a == b``; ``Tally.zero()`` changes nothing; ``.results()``.

    ``unmeasured`` says of each target that was asked for and has no records, why; ``notes`` what else to know;
    ``misfits`` how many events weren't understood. ``settled`` tells whether all that was counted holds at any later
    day, so that ``at`` may move it there; two equal tallies may differ in it.
    """

    basis: Basis | None = None
    blocks: Mapping[Key, Block] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    misfits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    settled: bool = False

    @classmethod
    def zero(cls) -> "Tally":
        """Give the tally of nothing: adding it changes nothing.

        >>> Tally.zero() + Tally.zero() == Tally.zero()
        True
        """
        return cls(settled=True)

    def __add__(self, other: "Tally") -> "Tally":
        return self._plus(other, 1)

    def __sub__(self, other: "Tally") -> "Tally":
        return self._plus(other, -1)

    def _plus(self, other: "Tally", sign: int) -> "Tally":
        if not isinstance(other, Tally):
            return NotImplemented
        if self.basis is not None and other.basis is not None:
            difference = self.basis.difference(other.basis)
            if difference is not None:
                remedy = self.basis.remedy(other.basis)
                raise OptionError(f"These tallies can't be added: {difference}. {remedy}")
        blocks = dict(self.blocks)
        for key, block in other.blocks.items():
            mine = blocks.get(key) or Block.nothing()
            blocks[key] = mine.plus(block, sign)
        measured = {key.target for key in blocks}
        basis = self.basis or other.basis
        reasons = {
            target: _furthest(
                basis, target, {part.unmeasured[target] for part in (self, other) if target in part.unmeasured}
            )
            for target in {**self.unmeasured, **other.unmeasured}
        }
        return Tally(
            basis,
            blocks,
            {target: reason for target, reason in reasons.items() if target not in measured},
            {
                name: self.notes.get(name, frozenset()) | other.notes.get(name, frozenset())
                for name in {**self.notes, **other.notes}
            },
            {
                name: _added(self.misfits.get(name, {}), other.misfits.get(name, {}), sign)
                for name in {**self.misfits, **other.misfits}
            },
            all(part.settled for part in (self, other) if part.basis is not None),
        )

    def at(self, as_of: Any) -> "Tally":
        """Give the same counts as at a later day: of settled records nothing is counted otherwise then.

        >>> from ombudsman_kpi import load_scheme, settled
        >>> cases = [{"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-05"}]
        >>> settled(load_scheme("lgsco"), cases=cases, as_of="2024-04-30").tally.at("2024-05-31")
        <Tally of lgsco, 4 targets in 4 cells, settled as at 2024-05-31>

        Raises ``OptionError`` where the tally isn't settled, or the day is before its own; ``CoverageError`` for a
        day outside the scheme's calendar.
        """
        if self.basis is None:
            return self
        before, later = (parse_as_of(day, self.basis.scheme) for day in (self.basis.as_of, as_of))
        if not self.settled:
            raise OptionError(
                f"This tally holds at {before} only: what was open then is counted in it too. Only the tally that "
                "settled(…) gives can be moved; for this one, count again."
            )
        if later.instant < before.instant:
            raise OptionError(
                f"as_of {later} is before {before}, when this tally was settled: it holds from then on. Give a later "
                "day, or count again as at the earlier one."
            )
        return replace(self, basis=replace(self.basis, as_of=str(later)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tally):
            return NotImplemented
        if self.basis is None or other.basis is None:  # nothing equals whatever has counted nothing
            return not self._cells and not other._cells
        if self.basis.difference(other.basis) is not None:
            return False
        return self._cells == other._cells and dict(self.unmeasured) == dict(other.unmeasured)

    @property
    def _cells(self) -> dict[Key, Block]:
        return {key: block for key, block in self.blocks.items() if len(block.records)}

    __hash__ = None  # type: ignore[assignment]

    def results(self) -> "Results":
        """Work out the results: values, bounds, headroom, status.

        Raises ``KpiError`` where a count is below zero: more was taken away than had been counted.
        """
        from ombudsman_kpi.results.results import Results

        for key, block in self.blocks.items():
            if (block.records < 0).any():
                raise KpiError(f"The tally of {key.target} has counts below zero: more was subtracted than was in it.")
        return Results.of(self)

    def __repr__(self) -> str:
        if self.basis is None:
            return "<Tally of nothing>"
        cells = sum(len(block.records) for block in self.blocks.values())
        targets = len({key.target for key in self.blocks})
        what = f"{targets:,} target{'' if targets == 1 else 's'} in {cells:,} cell{'' if cells == 1 else 's'}"
        return f"<Tally of {self.basis.scheme.id}, {what}, {'settled ' * self.settled}as at {self.basis.as_of}>"

    def to_arrow(self) -> Any:
        """Give the counts as an Arrow table, one row a cell, with the basis in its metadata."""
        from ombudsman_kpi.tallies import storage

        return storage.to_arrow(self)

    @classmethod
    def from_arrow(cls, table: Any) -> "Tally":
        """Read what ``to_arrow`` gave. Raises ``KpiError`` for any other table, or where days off have changed."""
        from ombudsman_kpi.tallies import storage

        return storage.from_arrow(table)

    def to_json(self) -> str:
        """Give the counts and their basis as JSON."""
        from ombudsman_kpi.tallies import storage

        return storage.to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Tally":
        """Read what ``to_json`` gave. Raises ``KpiError`` for any other text, or where days off have changed."""
        from ombudsman_kpi.tallies import storage

        return storage.from_json(text)

    def to_parquet(self, path: str | Path) -> None:
        """Write the counts and their basis into a Parquet file: whole, or where that can't be done, not at all.

        What stood there before stays until all of the new file is on the disk. Raises ``KpiError`` where it can't be
        written.
        """
        from ombudsman_kpi.tallies import storage

        storage.to_parquet(self, path)

    @classmethod
    def from_parquet(cls, path: str | Path) -> "Tally":
        """Read what ``to_parquet`` wrote.

        Raises ``KpiError`` for any other file, one that can't be read, or where days off have changed since.
        """
        from ombudsman_kpi.tallies import storage

        return storage.from_parquet(path)


def not_given(kind: str) -> str:
    """Say that a target lacks a kind of records."""
    return f"no {kind.replace('_', ' ')} were given"


def _furthest(basis: Basis | None, target: str, reasons: set[str]) -> str:
    """Give the reason why a sum has no figure for a target: of the kinds of records it needs, the last one missed."""
    needs = basis.scheme[target].needs if basis is not None else ()
    order = {not_given(kind): place for place, kind in enumerate(needs)}
    return max(reasons, key=lambda reason: (order.get(reason, len(order)), reason))


def _added(mine: Mapping[str, int], theirs: Mapping[str, int], sign: int) -> dict[str, int]:
    """Add what wasn't understood, or take it away."""
    total = {name: mine.get(name, 0) + sign * theirs.get(name, 0) for name in {**mine, **theirs}}
    return {name: count for name, count in total.items() if count}
