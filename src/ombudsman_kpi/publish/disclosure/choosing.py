"""Which numbers are withheld: the small ones, and as few others as keep those from being worked out."""

from collections.abc import Iterable

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.publish.disclosure.proof import Proof, TooNarrow
from ombudsman_kpi.publish.disclosure.tied import Reals, Tied, blocks_of

_WORK = 500_000  # numbers that programs may have, all together; it takes seconds


def withheld(tied: Tied, value: Integers, cost: Reals, threshold: int) -> Truths:
    """Return which numbers are withheld, so that every small one is proved to be free.

    ``cost`` says how much a reader loses with each. First go the small numbers; then, where a single sum would tell
    one, the cheapest of its other numbers that aren't 0; then, one by one, what the proof still asks for. What that
    doesn't come to an end with, in so much work as takes seconds, is withheld with all that it is tied to.
    """
    small = (value > 0) & (value < threshold)
    hidden = small | ~tied.shown
    proof = Proof.of(tied, value, threshold - 1)
    proof.work = _WORK + 10 * len(value)
    choice = _Choice(tied, value, cost, hidden)
    while proof.work > 0:
        choice.close(small, threshold - 1)
        leaks = [*proof.leaks(value, hidden, small)]
        if not leaks and proof.work > 0:
            return hidden
        choice.cover(leaks)
    choice.give_up(proof.unproved(hidden, small))
    return hidden


class _Choice:
    """What is withheld so far, and what can be beside it."""

    def __init__(self, tied: Tied, value: Integers, cost: Reals, hidden: Truths) -> None:
        self.tied, self.value, self.cost, self.hidden = tied, value, cost, hidden
        exact = tied.sums[np.flatnonzero(tied.least == tied.most)]
        self.exact, self.parts = exact, abs(exact)
        self.before = (exact + self.parts) / 2  # the numbers on one side of each sum

    def close(self, small: Truths, enough: int) -> None:
        """Withhold more, until no single sum by itself tells a small number, or how much it can be at most."""
        while len(telling := self._telling(small, enough)):
            numbers = [_row(self.exact, tie) for tie in telling]
            often = np.bincount(np.concatenate(numbers), minlength=len(self.hidden))
            seen = self.hidden.copy()
            for own in numbers:
                if not (self.hidden[own] & ~seen[own]).any():
                    self._withhold(own, self.cost / np.maximum(often, 1))

    def _telling(self, small: Truths, enough: int) -> Integers:
        """Return the sums that tell: all that is withheld of them is on one side, and is one number or too little."""
        hidden, shown = self.hidden, self.tied.shown

        def of(numbers: Truths) -> Reals:
            found: Reals = self.parts @ numbers.astype(float)
            return found

        number, one_side, seen = of(hidden), self.before @ hidden.astype(float), of(hidden & shown)
        room = np.abs(self.exact @ np.where(hidden, 0, self.value)) - seen  # beside the 1 that each is at least
        most = np.where(of(small & shown) > 0, room + 1, np.where(of(small & ~shown) > 0, room, np.inf))
        telling = ((one_side == 0) | (one_side == number)) & (most < enough) | (number == 1) & (seen == 1)
        return np.flatnonzero(telling & (of(self._possible) > 0))

    @property
    def _possible(self) -> Truths:
        """What can be withheld beside what is: any number that stands somewhere and isn't 0."""
        return (self.value > 0) & ~self.hidden

    def _withhold(self, among: Integers, cost: Reals) -> bool:
        """Withhold the cheapest of some numbers; return whether there was one."""
        among = among[self._possible[among]]
        if len(among):
            self.hidden[among[np.argmin(cost[among])]] = True
        return len(among) > 0

    def cover(self, leaks: Iterable[TooNarrow]) -> None:
        """Withhold for each leak the cheapest number in the sums that tell it, if none of them was just withheld."""
        seen = self.hidden.copy()
        for leak in leaks:
            among = np.unique(self.tied.sums[leak.ties].indices)
            if not (self.hidden & ~seen)[among].any() and not self._withhold(among, self.cost):
                raise AssertionError(leak)  # when every number is withheld, there is none

    def give_up(self, unproved: Truths) -> None:
        """Withhold all that some numbers are tied to, but the 0s: then nothing tells of them.

        What fits still fits when all of these numbers are doubled, for they are tied to one another alone; so each can
        be as large as any. And the fewest that each is said to be able to be are so in numbers that fit.
        """
        _, block = blocks_of(self.tied.sums)
        self.hidden |= np.isin(block, block[unproved]) & (self.value > 0)


def _row(sums: object, tie: int) -> Integers:
    """Return the numbers of a sum."""
    numbers: Integers = sums.indices[sums.indptr[tie] : sums.indptr[tie + 1]]  # type: ignore[attr-defined]
    return numbers
