"""Columns of exact numbers: whole numbers that may be too large for 64 bits, and fractions of them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, Truths

Wholes = NDArray[Any]  # whole numbers: of 64 bits, or Python's own where those don't hold them

_ROOM = 1 << 63  # what 64 bits with a sign hold
_AS_FLOATS = 1 << 53  # up to here every whole number is a float, and their quotient is rounded once


def largest(*columns: Wholes | int) -> int:
    """Return the largest size of some whole numbers."""
    return max(
        abs(part) if isinstance(part, int) else max(int(part.max(initial=0)), -int(part.min(initial=0)))
        for part in columns
    )


def times(one: Wholes, other: Wholes | int) -> Wholes:
    """Return one number times another for each row, exactly.

    >>> times(np.array([1 << 40]), 1 << 40).tolist() == [1 << 80]
    True
    """
    if max(largest(one), 1) * max(largest(other), 1) < _ROOM:  # numpy refuses a factor beyond 64 bits even for 0
        return one * other
    product: Wholes = one.astype(object) * other
    return product


def less(one: Wholes, other: Wholes) -> Wholes:
    """Return one number less another for each row, exactly."""
    if largest(one) + largest(other) < _ROOM:
        return one - other
    difference: Wholes = one.astype(object) - other
    return difference


def plus(one: Wholes, other: Wholes) -> Wholes:
    """Return one number and another for each row, exactly."""
    if largest(one) + largest(other) < _ROOM:
        return one + other
    total: Wholes = one.astype(object) + other
    return total


def share_of(share: Fraction, numbers: Wholes, *, up: bool) -> Wholes:
    """Return a share of whole numbers, exactly, and then rounded up or down to a whole one.

    >>> share_of(Fraction(49, 50), np.array([100, 101]), up=True).tolist()
    [98, 99]
    """
    above = times(numbers, share.numerator)
    if share.denominator >= _ROOM:
        above = above.astype(object)
    return -(-above // share.denominator) if up else above // share.denominator


@dataclass(frozen=True, eq=False, slots=True)
class Fractions:
    """One exact number for each row: ``above`` over ``below``, which is 0 where there is none."""

    above: Wholes
    below: Wholes

    @classmethod
    def whole(cls, numbers: Wholes) -> Self:
        """Return whole numbers."""
        return cls(numbers, np.ones(len(numbers), np.int64))

    @property
    def there(self) -> Truths:
        """Of which rows there is a number."""
        there: Truths = np.not_equal(self.below, 0).astype(np.bool_)
        return there

    def where(self, mask: Truths) -> "Fractions":
        """Return the numbers of some rows, and none of the others."""
        return Fractions(self.above, np.where(mask, self.below, 0))

    def or_else(self, other: "Fractions", mask: Truths) -> "Fractions":
        """Return the numbers of some rows, and of the others those of another column."""
        return Fractions(np.where(mask, self.above, other.above), np.where(mask, self.below, other.below))

    def less(self, other: "Fractions") -> "Fractions":
        """Return the differences; none where either number isn't there."""
        above = less(times(self.above, other.below), times(other.above, self.below))
        return Fractions(above, times(self.below, other.below))

    def plus(self, other: "Fractions") -> "Fractions":
        """Return the sums; none where either number isn't there."""
        above = plus(times(self.above, other.below), times(other.above, self.below))
        return Fractions(above, times(self.below, other.below))

    def signs(self, other: "Fractions | Fraction") -> Integers:
        """Return 1 where a number is above another one, -1 where it is below it, and 0 where they are equal."""
        if isinstance(other, Fraction):
            gap = less(times(self.above, other.denominator), times(self.below, other.numerator))
        else:
            gap = self.less(other).above
        signs: Integers = np.sign(gap).astype(np.int64)
        return signs

    def floats(self) -> NDArray[np.float64]:
        """Return the nearest floats; not-a-number where there is none.

        >>> Fractions(np.array([1, 5]), np.array([3, 0])).floats().tolist()
        [0.3333333333333333, nan]
        """
        if largest(self.above, self.below) < _AS_FLOATS:
            found = np.full(len(self.above), np.nan)
            np.divide(self.above, self.below, out=found, where=self.there)
            return found
        pairs = zip(self.above.tolist(), self.below.tolist(), strict=True)
        return np.array([above / below if below else np.nan for above, below in pairs])

    def tolist(self) -> list[Fraction | None]:
        """Return them one by one; None where there is none."""
        pairs = zip(self.above.tolist(), self.below.tolist(), strict=True)
        return [Fraction(above, below) if below else None for above, below in pairs]

    def __getitem__(self, rows: Any) -> "Fractions":
        return Fractions(self.above[rows], self.below[rows])

    def __len__(self) -> int:
        return len(self.above)

    def at(self, row: int) -> Fraction | None:
        """Return the number of one row."""
        return self[row : row + 1].tolist()[0]
