"""Columns of exact numbers hold to Python's own whole numbers and fractions, however large."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from ombudsman_kpi.arrays.exact import Fractions, Wholes, less, plus, share_of, times

NUMBERS = st.integers(-(1 << 62), 1 << 62) | st.integers(-(1 << 90), 1 << 90) | st.integers(-9, 9)
PARTS = st.tuples(NUMBERS, st.integers(0, 5) | st.integers(1 << 52, 1 << 64))


def column(numbers: list[int]) -> Wholes:
    """Give a column of 64 bits where they hold the numbers."""
    small = all(-(1 << 63) <= number < 1 << 63 for number in numbers)
    return np.array(numbers, np.int64 if small else object)


def fractions(pairs: list[tuple[int, int]]) -> tuple[Fractions, list[Fraction | None]]:
    """Give a column of fractions, and the same one by one."""
    above, below = ([pair[place] for pair in pairs] for place in (0, 1))
    return Fractions(column(above), column(below)), [Fraction(*pair) if pair[1] else None for pair in pairs]


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5), NUMBERS)
@example([(0, 0)], 1 << 63)
def test_whole_numbers_never_wrap(pairs: list[tuple[int, int]], factor: int) -> None:
    one, other = (column([pair[place] for pair in pairs]) for place in (0, 1))
    assert times(one, other).tolist() == [a * b for a, b in pairs]
    assert times(one, factor).tolist() == [a * factor for a, _ in pairs]
    assert plus(one, other).tolist() == [a + b for a, b in pairs]
    assert less(one, other).tolist() == [a - b for a, b in pairs]


@given(st.lists(NUMBERS, max_size=5), st.fractions(0, 5))
@example([], Fraction(1, 1 << 63))
@example([0], Fraction(1 << 63, (1 << 63) - 1))
def test_a_share_of_a_whole_number_is_rounded_up_or_down(numbers: list[int], share: Fraction) -> None:
    assert share_of(share, column(numbers), up=True).tolist() == [math.ceil(share * number) for number in numbers]
    assert share_of(share, column(numbers), up=False).tolist() == [math.floor(share * number) for number in numbers]


@given(st.lists(PARTS, max_size=5))
@example([(3706778661852469502, 239877)])  # as floats, both would be rounded before they are divided
def test_floats_are_those_of_fractions(pairs: list[tuple[int, int]]) -> None:
    found, expected = fractions(pairs)
    assert found.tolist() == expected
    floats = [None if math.isnan(value) else value for value in found.floats().tolist()]
    assert floats == [None if value is None else float(value) for value in expected]


@given(st.lists(st.tuples(PARTS, PARTS), max_size=5), st.fractions(-5, 5))
def test_fractions_are_added_and_compared_exactly(rows: list[tuple[Any, Any]], bound: Fraction) -> None:
    (one, mine), (other, theirs) = (fractions([row[place] for row in rows]) for place in (0, 1))
    pairs = list(zip(mine, theirs, strict=True))
    assert one.less(other).tolist() == [None if a is None or b is None else a - b for a, b in pairs]
    assert one.plus(other).tolist() == [None if a is None or b is None else a + b for a, b in pairs]
    signs = [(a > bound) - (a < bound) for a in mine if a is not None]
    assert one.signs(bound)[one.there].tolist() == signs
