"""Room for arrays that come and go with each batch: kept for the next one, not handed back to the system."""

from functools import cache

import numpy as np

_LARGEST = (1 << 25) - (1 << 13)  # bytes: of larger blocks, 32 MB with what is kept beside them, glibc never learns


@cache
def keep_room() -> None:
    """Have the C library keep what arrays leave, up to 64 MB, for those of the next batch.

    glibc asks the system for each block beyond a size, and hands it back when it is freed; then every page of the
    next one is made anew, which takes as long as filling it. The size is that of the largest such block freed before,
    so one is freed here; it is never written to, and takes no memory. Other C libraries have ways of their own.
    """
    np.empty(_LARGEST, np.uint8)
