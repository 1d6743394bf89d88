"""What all benchmarks share: medians of several runs, peak memory, and the words for the machine."""

import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any


def median_seconds(work: Callable[[], Any], runs: int = 5) -> float:
    """Give the median of several runs, after one that isn't counted."""
    work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def extra_bytes(work: Callable[[], Any]) -> int:
    """Give the most memory that was in use at once, beyond what the answer itself takes."""
    tracemalloc.start()
    answer = work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = answer.memory_usage(index=False) if hasattr(answer, "memory_usage") else answer.nbytes
    return int(peak - size)


def process(arguments: list[str], cores: int | None = None) -> tuple[float, float, str]:
    """Run Python in a process of its own, on some cores or all.

    Give its seconds, its peak memory in MB, and what it printed. What it imports is compiled once, as where a library
    is installed, also where PYTHONDONTWRITEBYTECODE says otherwise: to compile it takes longer than to measure.
    """
    some = f"os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{cores}]);" if cores else ""
    wrapper = (
        f"import os, resource, subprocess, sys, time; {some} began = time.perf_counter();"
        "done = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True);"
        "print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024);"
        "print(done.stdout)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", wrapper, sys.executable, *arguments]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    first, _, rest = done.stdout.partition("\n")
    seconds, megabytes = map(float, first.split())
    return seconds, megabytes, rest.strip()


def machine() -> str:
    """Say in a few words what was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
