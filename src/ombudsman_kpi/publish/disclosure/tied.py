"""Whole numbers that are tied to one another by sums, some of them shown and some withheld."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, Truths

Reals = NDArray[np.float64]


class Tie(NamedTuple):
    """A sum that anybody knows of: ``least <= the sum of factor * number <= most``."""

    parts: tuple[tuple[int, float], ...]  # the place of a number, and its factor
    least: float = 0.0
    most: float = 0.0

    @property
    def of_signs(self) -> bool:
        """Whether it has no number in it but those that it ties."""
        return self.least == 0 and {abs(factor) for _, factor in self.parts} == {1}


@dataclass(frozen=True, eq=False)
class Tied:
    """Numbers and the ties between them. No number is below 0."""

    ties: Sequence[Tie]
    shown: Truths  # numbers that stand somewhere, or a sign in their place; others are there by subtraction alone

    @cached_property
    def sums(self) -> Any:
        """The ties as a sparse matrix: a row for each, a column for each number."""
        from scipy.sparse import csr_array

        parts = [part for tie in self.ties for part in tie.parts]
        ends = np.cumsum([0, *(len(tie.parts) for tie in self.ties)])
        places, factors = ([part[side] for part in parts] for side in (0, 1))
        return csr_array((np.array(factors, float), places, ends), shape=(len(self.ties), len(self.shown)))

    def by_signs(self) -> "Tied":
        """Return what is tied by sums of numbers that nobody knows: what is known of 0 and of signs alone."""
        return Tied([tie for tie in self.ties if tie.of_signs], self.shown)

    @cached_property
    def least(self) -> Reals:
        """The least that each tie comes to."""
        return np.array([tie.least for tie in self.ties], float)

    @cached_property
    def most(self) -> Reals:
        """The most that each tie comes to."""
        return np.array([tie.most for tie in self.ties], float)

    @property
    def lowest(self) -> Reals:
        """The lowest that each number can be while it is withheld: a sign stands for no 0, since a 0 is shown."""
        return np.where(self.shown, 1.0, 0.0)


def sum_of(whole: int | None, parts: Iterable[int | None]) -> Tie | None:
    """Return the tie of a whole and its parts, by their places; None stands for a 0. Of one number there is no tie."""
    return difference_of((whole,), parts)


def difference_of(
    ones: Iterable[int | None], others: Iterable[int | None], least: float = 0, most: float = 0
) -> Tie | None:
    """Return the tie of two sums whose difference is known, or bounded."""
    factors: dict[int, float] = {}
    for sign, places in ((1.0, ones), (-1.0, others)):
        for place in places:
            if place is not None:
                factors[place] = factors.get(place, 0.0) + sign
    parts = tuple(sorted((place, factor) for place, factor in factors.items() if factor))
    return Tie(parts, least, most) if len(parts) > 1 else None


def distinct(ties: Iterable[Tie | None]) -> Iterator[Tie]:
    """Yield each tie once."""
    yield from dict.fromkeys(tie for tie in ties if tie is not None)


def blocks_of(sums: Any) -> tuple[Integers, Integers]:
    """Return the block of each tie and of each number: numbers of two blocks have nothing to do with one another."""
    from scipy.sparse import block_array
    from scipy.sparse.csgraph import connected_components

    _, block = connected_components(block_array([[None, sums], [sums.T, None]]), directed=False)
    return block[: sums.shape[0]], block[sums.shape[0] :]
