"""Types of whole columns, and the number that stands for a missing value."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Truths: TypeAlias = NDArray[np.bool_]

MISSING = int(np.iinfo(np.int64).min)  # numpy's not-a-time, so that datetime64 and whole numbers can share memory
