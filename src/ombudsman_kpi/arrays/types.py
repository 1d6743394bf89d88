"""Types of whole columns, named by what their whole numbers mean, and the number that stands for a missing value.

They are all the same to numpy and to mypy; their names tell the reader which number is meant.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Truths: TypeAlias = NDArray[np.bool_]

DayNumber: TypeAlias = int  # days since 1 January 1970, as in datetime64[D]: 19,810 is 28 March 2024
Instant: TypeAlias = int  # microseconds since 1970 on the UTC line
DayNumbers: TypeAlias = Integers  # of each cell its day; MISSING where there is none
Instants: TypeAlias = Integers
WallClocks: TypeAlias = Integers  # microseconds since 1970 as a clock on the wall showed them, in some place
RowNumbers: TypeAlias = Integers  # places in a table, from 0; -1 where there is no such row
Codes: TypeAlias = Integers  # places in a list of what the codes stand for; -1 where a cell is missing

MISSING = int(np.iinfo(np.int64).min)  # numpy's not-a-time, so that datetime64 and whole numbers can share memory
