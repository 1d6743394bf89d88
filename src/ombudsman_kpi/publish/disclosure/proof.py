"""The proof that what is withheld of small numbers could be any of them: by linear programming."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.publish.disclosure.program import Program, programs
from ombudsman_kpi.publish.disclosure.tied import Tied

_EACH = 600  # a program without numbers takes as long as so many numbers take longer


class TooNarrow(NamedTuple):
    """A withheld number of which too much can be worked out, and the ties by which it can."""

    place: int
    ties: Integers


@dataclass(eq=False)
class Proof:
    """Which withheld numbers are free; it remembers what it has seen.

    A number is free if it could be as little as ``fewest`` and as much as ``enough``: each is shown by whole numbers
    that fit all that is published. To withhold more takes no freedom away, so what is free stays so.
    """

    tied: Tied
    enough: int
    low: Integers  # the lowest that each number was seen to be able to be, and the highest
    high: Integers
    fewest: Integers
    work: float = inf  # that it may still do; numbers that it doesn't come to aren't proved to be free

    @classmethod
    def of(cls, tied: Tied, value: Integers, enough: int) -> "Proof":
        """Return a proof that has seen the numbers themselves; those that nobody knows are -1.

        ``fewest`` is 1; of a total of several numbers that aren't 0 it is as many as there are of them, for that is
        seen from the signs alone.
        """
        known, there, fewest = value >= 0, value != 0, np.ones(len(value), np.int64)
        for program in programs(tied.by_signs(), value, there, there):
            ones = np.ones(len(program.place))
            fewest[program.place] = np.maximum(program.fitting(ones, 0 * ones, enough).numbers, 1)
        return cls(tied, enough, np.where(known, value, np.iinfo(np.int64).max), np.where(known, value, -1), fewest)

    def leaks(self, value: Integers, hidden: Truths, careful: Truths) -> Iterator[TooNarrow]:
        """Yield the numbers that have to be free and aren't, with the ties that tell, as far as it comes with them."""
        for whole in programs(self.tied, value, hidden, self.unproved(hidden, careful)):
            program = whole
            goals = self._open[:, program.place] & careful[program.place]
            while goals.any() and self.work > 0:
                own = np.isin(program.block, program.block[goals.any(axis=0)])
                program, goals = program.only(own), goals[:, own]
                one = _one_of_each(program.block, goals)
                telling = self._see(program, goals, one)
                open_ = self._open[:, program.place]
                for lost in np.flatnonzero((one & open_).any(axis=0)):
                    ties = telling[np.isin(telling, program.tie[program.tie_block == program.block[lost]])]
                    yield TooNarrow(int(program.place[lost]), ties)
                goals = goals & open_ & ~one

    def bound(self, value: Integers, hidden: Truths, place: int, largest: int) -> tuple[int, int | None]:
        """Return the least and the most that a withheld number can be; None where that is more than ``largest``."""
        wanted = np.arange(len(hidden)) == place
        (program,) = programs(self.tied, value, hidden, wanted)
        own = wanted[program.place].astype(float)
        low = program.fitting(own, 0 * own, largest + 1).numbers
        high = program.fitting(0 * own, own, largest + 1).numbers
        least, most = (int(numbers[own > 0][0]) for numbers in (low, high))
        return least, most if most <= largest else None

    def unproved(self, hidden: Truths, careful: Truths) -> Truths:
        """Return which withheld numbers have to be free, and weren't seen to be."""
        unproved: Truths = hidden & careful & self._open.any(axis=0)
        return unproved

    @property
    def _open(self) -> Truths:
        """Which numbers aren't yet seen to be able to be low enough, and which to be high enough."""
        return np.stack([self.low > self.fewest, self.high < self.enough])

    def _see(self, program: Program, goals: Truths, one: Truths) -> Integers:
        """Look for numbers that fit and reach one goal of each block, and others as far as that lets them.

        Return the ties that keep them from more.
        """
        weight = 1 / (self.enough * (2 + goals.sum()) ** 2)
        low, high = np.where(one, 1.0, np.where(goals, weight, 0.0))
        found, ties = program.fitting(low, high, self.enough)
        self.work -= _EACH + len(program.place)
        self.low[program.place] = np.minimum(self.low[program.place], found)
        self.high[program.place] = np.maximum(self.high[program.place], found)
        return ties


def _one_of_each(block: Integers, goals: Truths) -> Truths:
    """Return one goal of each block: the first."""
    side, own = np.nonzero(goals)
    _, first = np.unique(block[own], return_index=True)
    one = np.zeros_like(goals)
    one[side[first], own[first]] = True
    return one
