"""Whole numbers that add up, and nothing else.

The counts of a year are the sum of the counts of its parts, whichever way the records were split, as long as a
case's rows stayed together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.block import Block, Key

PUBLISHED = "measured on a published table"


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts of outcomes that add up: all of a tally but how it shows its results.

    ``unmeasured`` says of each target that was asked for and has no records, why; ``notes`` what else to know;
    ``misfits`` how many events weren't understood. ``settled`` tells whether all that was counted holds at any later
    day, so that ``at`` may move it there; two equal tallies may differ in it. ``understood`` says how much
    was understood of the events; it isn't kept in files.
    """

    basis: Basis | None = None
    blocks: Mapping[Key, Block] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    misfits: Mapping[str, Mapping[Misfit, int]] = field(default_factory=dict)
    settled: bool = False
    understood: Understood = field(default_factory=Understood)

    @classmethod
    def zero(cls) -> Self:
        """Return the counts of nothing: adding them changes nothing."""
        return cls(settled=True)

    def __add__(self, other: Self) -> Self:
        return self._plus(other, 1)

    def __sub__(self, other: Self) -> Self:
        return self._plus(other, -1)

    def _plus(self, other: Self, sign: int) -> Self:
        if not isinstance(other, Counts):
            return NotImplemented
        if self.basis is not None and other.basis is not None:
            difference = self.basis.difference(other.basis)
            if difference is not None:
                remedy = self.basis.remedy(other.basis)
                raise OptionError(f"These tallies can't be added: {difference}. {remedy}")
        blocks = dict(self.blocks)
        for key, block in other.blocks.items():
            blocks[key] = blocks.get(key, Block.nothing()).plus(block, sign)
        measured = {key.target for key in blocks}
        basis = self.basis.joined(other.basis) if self.basis and other.basis else self.basis or other.basis
        reasons = self.unmeasured, other.unmeasured
        return type(self)(
            basis,
            blocks,
            {
                target: _furthest(basis, target, {part[target] for part in reasons if target in part})
                for target in {**self.unmeasured, **other.unmeasured}
                if target not in measured
            },
            {
                name: self.notes.get(name, frozenset()) | other.notes.get(name, frozenset())
                for name in {**self.notes, **other.notes}
            },
            {
                name: _added(self.misfits.get(name, {}), other.misfits.get(name, {}), sign)
                for name in {**self.misfits, **other.misfits}
            },
            all(part.settled for part in (self, other) if part.basis is not None),
            self.understood + other.understood,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Counts):
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


def lacking_records(kind: str) -> str:
    """Return words that say that a target lacks a kind of records."""
    return f"no {kind.replace('_', ' ')} were given"


def _furthest(basis: Basis | None, target: str, reasons: set[str]) -> str:
    """Return the reason why a sum has no figure for a target: of the kinds of records it needs, the last one missed."""
    needs = basis.scheme[target].needs if basis is not None else ()
    order = {lacking_records(kind): place for place, kind in enumerate(needs)}
    return max(reasons, key=lambda reason: (order.get(reason, len(order)), reason))


def _added(mine: Mapping[Misfit, int], theirs: Mapping[Misfit, int], sign: int) -> dict[Misfit, int]:
    """Return what wasn't understood, added up or taken away."""
    total = {name: mine.get(name, 0) + sign * theirs.get(name, 0) for name in {**mine, **theirs}}
    return {name: count for name, count in total.items() if count}
