"""Tallies: whole numbers that add up, and nothing else.

A tally of a year is the sum of the tallies of its parts, whichever way the records were split, as long as a
case's rows stayed together.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi.assess.outcomes import Outcome
from ombudsman_kpi.cells import add_up
from ombudsman_kpi.days import Integers
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.periods import Every, Grain
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.targets import Cohort

if TYPE_CHECKING:
    from ombudsman_kpi.results import Results

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
        """Say in what two bases differ; None where they don't."""
        mine, theirs = (
            {
                "scheme": f"{basis.scheme.id} {basis.scheme.digest}", "calendar": basis.scheme.calendar.edition,
                "as_of": basis.as_of, "by": list(basis.by), "every": dict(basis.every), "cohort": dict(basis.cohorts),
            }
            for basis in (self, other)
        )  # fmt: skip
        return next(
            (f"{name} is {mine[name]} here and {theirs[name]} there" for name in mine if mine[name] != theirs[name]),
            None,
        )


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of outcomes. ``a + b``, ``a - b``, ``a == b``; ``Tally.zero()`` changes nothing; ``.results()``.

    ``unmeasured`` says of each target that was asked for and has no records, why; ``notes`` what else to know;
    ``misfits`` how many events weren't understood.
    """

    basis: Basis | None = None
    blocks: Mapping[Key, Block] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    misfits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def zero(cls) -> "Tally":
        """Give the tally of nothing: adding it changes nothing.

        >>> Tally.zero() + Tally.zero() == Tally.zero()
        True
        """
        return cls()

    def __add__(self, other: "Tally") -> "Tally":
        return self._plus(other, 1)

    def __sub__(self, other: "Tally") -> "Tally":
        return self._plus(other, -1)

    def _plus(self, other: "Tally", sign: int) -> "Tally":
        if not isinstance(other, Tally):
            return NotImplemented
        difference = self.basis and other.basis and self.basis.difference(other.basis)
        if difference:
            raise OptionError(f"These tallies can't be added: {difference}. Tally both by the same scheme and options.")
        blocks = dict(self.blocks)
        for key, block in other.blocks.items():
            mine = blocks.get(key) or Block.of((), (), *_nothing())
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
        )

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
        from ombudsman_kpi.results import Results

        for key, block in self.blocks.items():
            if (block.records < 0).any():
                raise KpiError(f"The tally of {key.target} has counts below zero: more was subtracted than was in it.")
        return Results.of(self)

    def __repr__(self) -> str:
        if self.basis is None:
            return "<Tally of nothing>"
        cells = sum(len(block.records) for block in self.blocks.values())
        targets = len({key.target for key in self.blocks})
        return f"<Tally of {self.basis.scheme.id}, {targets} targets in {cells} cells, as at {self.basis.as_of}>"

    def to_arrow(self) -> Any:
        """Give the counts as an Arrow table, one row a cell, with the basis in its metadata."""
        import pyarrow as pa

        by = self.basis.by if self.basis else ()
        rows: dict[str, list[Any]] = {name: [] for name in (*_CELL[:4], *(f"by {name}" for name in by), *_CELL[4:])}
        for key, block in self.blocks.items():
            size = len(block.records)
            rows["target"] += [key.target] * size
            rows["cohort"] += [key.cohort] * size
            rows["grain"] += [key.grain] * size
            rows["period"] += block.period.tolist()
            for place, name in enumerate(by):
                rows[f"by {name}"] += [block.groups[code][place] for code in block.group]
            rows["status"] += [block.outcomes[code].status for code in block.outcome]
            rows["reason"] += [block.outcomes[code].reason for code in block.outcome]
            for name in ("elapsed", "records", "below", "provisional"):
                rows[name] += getattr(block, name).tolist()
        whole = {"period", "elapsed", "records", "below", "provisional"}
        schema = pa.schema([(name, pa.int64() if name in whole else pa.string()) for name in rows])
        table = pa.table(rows, schema=schema)
        return table.replace_schema_metadata({"ombudsman_kpi": json.dumps(self._about())})

    @classmethod
    def from_arrow(cls, table: Any) -> "Tally":
        """Read what ``to_arrow`` gave. Raises ``KpiError`` for any other table."""
        about = (table.schema.metadata or {}).get(b"ombudsman_kpi")
        if about is None:
            raise KpiError("This Arrow table is no tally: it lacks the metadata that Tally.to_arrow writes.")
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
        return _rebuilt(json.loads(about), columns)

    def to_json(self) -> str:
        """Give the counts and their basis as JSON."""
        return json.dumps({**self._about(), "cells": self.to_arrow().to_pydict()})

    @classmethod
    def from_json(cls, text: str) -> "Tally":
        """Read what ``to_json`` gave. Raises ``KpiError`` for any other text."""
        try:
            content = json.loads(text)
            return _rebuilt(content, content["cells"])
        except KpiError:
            raise
        except (ValueError, KeyError, TypeError):
            raise KpiError("This text is no tally: it isn't what Tally.to_json writes.") from None

    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = {
            "unmeasured": dict(self.unmeasured),
            "notes": {k: sorted(v) for k, v in self.notes.items()},
            "misfits": {name: dict(counts) for name, counts in self.misfits.items()},
        }
        about["measured"] = [[key.target, key.cohort, key.grain] for key in self.blocks]
        if self.basis is not None:
            basis = self.basis
            about |= {
                "scheme": basis.scheme.model_dump(mode="json", exclude_unset=True), "digest": basis.scheme.digest,
                "calendar": basis.scheme.calendar.edition, "as_of": basis.as_of, "by": basis.by,
                "every": dict(basis.every), "cohorts": dict(basis.cohorts),
            }  # fmt: skip
        return about


_CELL = ("target", "cohort", "grain", "period", "status", "reason", "elapsed", "records", "below", "provisional")


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


def _nothing() -> tuple[tuple[Integers, ...], tuple[Integers, ...]]:
    none = np.empty(0, np.int64)
    return (none,) * 4, (none,) * 3


def _rebuilt(about: Mapping[str, Any], cells: Mapping[str, list[Any]]) -> Tally:
    """Make a tally again from its parts."""
    basis = None
    by: tuple[str, ...] = ()
    if "scheme" in about:
        scheme = Scheme.model_validate(about["scheme"])
        if scheme.calendar.edition != about["calendar"]:
            raise KpiError(
                f"This tally was counted with calendar edition {about['calendar']}; the scheme's calendar is now "
                f"{scheme.calendar.edition}. Days off have changed: count again."
            )
        by = tuple(about["by"])
        every = {target: tuple(names) for target, names in about["every"].items()}
        cohorts = {target: tuple(names) for target, names in about["cohorts"].items()}
        basis = Basis(scheme, about["as_of"], by, every, cohorts)
    blocks = {}
    keys = np.array(
        [f"{t}\n{c}\n{g}" for t, c, g in zip(cells["target"], cells["cohort"], cells["grain"], strict=True)]
    )
    groups: list[Group] = list(zip(*(cells[f"by {name}"] for name in by), strict=True)) if by else [()] * len(keys)
    found = [Outcome(*pair) for pair in zip(cells["status"], cells["reason"], strict=True)]
    for target, cohort, grain in about["measured"]:
        rows = np.flatnonzero(keys == f"{target}\n{cohort}\n{grain}")
        columns = {name: np.array([cells[name][row] for row in rows], np.int64) for name in _CELL[3:4] + _CELL[6:]}
        here = np.arange(len(rows))
        blocks[Key(target, cohort, grain)] = Block.of(
            tuple(groups[row] for row in rows), tuple(found[row] for row in rows),
            (here, columns["period"], here, columns["elapsed"]),
            (columns["records"], columns["below"], columns["provisional"]),
        )  # fmt: skip
    notes = {name: frozenset(texts) for name, texts in about["notes"].items()}
    return Tally(basis, blocks, dict(about["unmeasured"]), notes, about.get("misfits", {}))
