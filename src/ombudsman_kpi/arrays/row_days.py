"""A row and a day in one number, so that sorting one array puts rows in order, and the days of each row.

Row 3, day 19,810 (28 March 2024) -> 3 << 23 | 19,810 + 4,194,304 = 25,165,824 + 4,214,114 = 29,379,938;
back: 29,379,938 >> 23 = 3, and (29,379,938 & 8,388,607) - 4,194,304 = 19,810.

The day has 23 bits: every date of Python's from year 1 (day -719,162) to year 9999 (day 2,932,896) lies within. The
row has the other 40 bits and the sign: no memory holds 2**40 rows.
"""

from typing import Any

from ombudsman_kpi.arrays.types import DayNumbers, Integers, RowNumbers

DAY_BITS = 23
FIRST_DAY, LAST_DAY = -(1 << DAY_BITS - 1), (1 << DAY_BITS - 1) - 1  # before and after every date


def pack(row: Any, day: Any) -> Any:
    """Return one number for each row and day; whole numbers or arrays, the days from FIRST_DAY to LAST_DAY.

    >>> pack(3, 19_810), pack(3, -1) < pack(3, 0) < pack(4, FIRST_DAY)
    (29379938, True)
    """
    packed = row << DAY_BITS
    packed += day - FIRST_DAY
    return packed


def rows(packed: Integers) -> RowNumbers:
    """Return the rows of packed numbers."""
    return packed >> DAY_BITS


def days(packed: Integers) -> DayNumbers:
    """Return the days of packed numbers."""
    return (packed & (1 << DAY_BITS) - 1) + FIRST_DAY
