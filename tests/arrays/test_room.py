"""What arrays leave is kept for the next ones: pages of memory aren't made anew for each batch."""

import platform
import subprocess
import sys

import pytest

# Twenty times eight arrays of 1 MB each; there and then gone. Prints how many pages of 4 KB the system made.
BATCHES = """
import resource
import numpy as np
from ombudsman_kpi.arrays.room import keep_room
{first}
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    [np.ones(1 << 17) for _ in range(8)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have ways of their own")
@pytest.mark.parametrize(("first", "all_new"), [("keep_room()", False), ("", True)])
def test_pages_are_made_once_and_not_for_each_batch(first: str, *, all_new: bool) -> None:
    program = [sys.executable, "-c", BATCHES.format(first=first)]
    made = int(subprocess.run(program, check=True, capture_output=True, text=True).stdout)
    assert (made > 10 * 8 * 256) == all_new  # 8 MB are 8 * 256 pages
