"""Blocks of cells: what one target's records came to, as whole numbers that add up."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.sums import add_up
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Grain
from ombudsman_kpi.clocks.outcomes import CountedBy, Outcome
from ombudsman_kpi.measures.base.places import Group

# The record has no day in the cohort: it is still open, or its day isn't known. Periods are numbered from 1970.
NO_PERIOD = -1


class Key(NamedTuple):
    """What a block of cells counts: one target, by one cohort (or its population), in months, weeks or all together."""

    target: str
    cohort: CountedBy
    grain: Grain


@dataclass(frozen=True, eq=False)
class Block:
    """Counted cells of one key: for each group, period, outcome and elapsed time, how many records.

    ``elapsed`` is in whole units of the target's clock, rounded up (-1: none); ``below`` the exact sum, in
    microseconds, by which elapsed times fall short of that, or where there is none, how many rows of a published table
    say that they are of no record: they keep their place; ``provisional`` how many due days may still move.
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
        """Return cells in their normal form: every list of categories sorted, nothing unused, each cell once."""
        group, period, outcome, elapsed = keys
        new_groups, group = _sorted_categories(groups, group)
        new_outcomes, outcome = _sorted_categories(outcomes, outcome)
        keys, sums = add_up((group, period, outcome, elapsed), sums)
        if len(keys[0]) < len(group):  # something vanished: a group or an outcome may have gone with it
            return cls.of(new_groups, new_outcomes, keys, sums)
        return cls(new_groups, new_outcomes, *keys, *sums)

    @classmethod
    def nothing(cls) -> "Block":
        """Return a block without cells."""
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
        """Return the cells with another block's added, or taken away."""
        groups, outcomes = self.groups + other.groups, self.outcomes + other.outcomes
        shift = len(self.groups), 0, len(self.outcomes), 0
        moved = zip(self.keys, other.keys, shift, strict=True)
        keys = tuple(np.concatenate([mine, theirs + by]) for mine, theirs, by in moved)
        sums = tuple(np.concatenate([mine, sign * theirs]) for mine, theirs in zip(self.sums, other.sums, strict=True))
        return Block.of(groups, outcomes, keys, sums)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Block)
            and (self.groups, self.outcomes) == (other.groups, other.outcomes)
            and all(np.array_equal(a, b) for a, b in zip(self.keys + self.sums, other.keys + other.sums, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]


def _sorted_categories(categories: tuple[Any, ...], codes: Integers) -> tuple[tuple[Any, ...], Integers]:
    """Return the categories that are used, each once and sorted, and the codes by their new places."""
    used = sorted({categories[code] for code in np.flatnonzero(np.bincount(codes, minlength=len(categories)))})
    places = {entry: place for place, entry in enumerate(used)}
    table = np.array([places.get(entry, 0) for entry in categories] or [0], np.int64)
    return tuple(used), table.take(codes)
