"""A row and a day in one number, so that sorting one array puts rows in order, and the days of each row.

Row 3, day 19,810 (28 March 2024) -> 3 << 23 | 19,810 + 4,194,304 = 25,165,824 + 4,214,114 = 29,379,938;
back: 29,379,938 >> 23 = 3, and (29,379,938 & 8,388,607) - 4,194,304 = 19,810.

The day has 23 bits: every date of Python's from year 1 (day -719,162) to year 9999 (day 2,932,896) lies within. The
row has the other 40 bits and the sign: no memory holds 2**40 rows.
"""

from typing import Any

import numpy as np

from ombudsman_kpi.arrays.mechanics import compiled
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


def intervals(points: Integers, begun: Integers, ended: Integers) -> tuple[RowNumbers, DayNumbers, DayNumbers]:
    """Return the interval before each of some sorted points: its row, and the days on which it began and ended.

    ``begun`` and ``ended`` are where each row begins and ends, packed as the points are. A point outside is moved
    to the nearer end of its row. Then ``begun`` says where the last interval of each row begins.

    >>> begun, ended = pack(np.arange(2), np.array([10, 0])), pack(np.arange(2), np.array([30, 0]))
    >>> [part.tolist() for part in intervals(pack(np.array([0, 0]), np.array([12, 40])), begun, ended)]
    [[0, 0], [10, 12], [12, 30]]
    """
    mechanics = compiled()
    if mechanics is not None:
        return mechanics.intervals(points, begun, ended, DAY_BITS, FIRST_DAY)
    # Numbers are in the order of rows and of days at once: so the point before one, or the start of its own row,
    # whichever is greater, is where its interval began.
    row = rows(points)
    before = begun.take(row)
    points = np.maximum(points, before)
    np.minimum(points, ended.take(row), out=points)
    np.maximum(before[1:], points[:-1], out=before[1:])
    begun[row] = points  # of several, the last one stays
    return row, days(before), days(points)
