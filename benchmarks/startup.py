"""How long a process takes to start: to import the library, load a scheme, and measure a year of casework."""

import os
import statistics
from pathlib import Path

from timing import process

DATA = Path(__file__).parents[1] / "examples" / "data"
KINDS = ("calls", "written_contacts", "cases", "events", "requests")
FILES = {kind: str(DATA / f"{kind}.csv") for kind in KINDS}
AS_OF = "2024-03-31"

STEPS = f"""
import time
times = [time.perf_counter()]
def step(): times.append(time.perf_counter())
import numpy; step()
import ombudsman_kpi as kpi; step()
kpi.measure, kpi.load_scheme; step()
scheme = kpi.load_scheme("lgsco"); step()
kpi.load_scheme("lgsco"); step()
for _ in range(2): kpi.measure(scheme, **{FILES!r}, as_of={AS_OF!r}); step()
print(*(after - before for before, after in zip(times, times[1:])))
"""
NAMES = {  # of each step its name, and the goal in ms
    "`import numpy`": "",
    "`import ombudsman_kpi` after that": "100",
    "`ombudsman_kpi.measure` and `load_scheme`, used first": "",
    '`load_scheme("lgsco")`': "20",
    "the same again": "",
    "measure the example year, first call": "",
    "measure the example year, warm": "",
}
MEASURE = ["measure", "lgsco", "--as-of", AS_OF]
MEASURE += [word for kind, path in FILES.items() for word in (f"--{kind.replace('_', '-')}", path)]
COMMANDS = {
    "measure": ("`ombudsman-kpi measure` of the example year, the whole process", "550", MEASURE),
    "due": ("`ombudsman-kpi due`, the whole process", "550", ["due", "2024-03-28", "20", "--division", "scotland"]),
}


def _runs(cores: int, runs: int) -> list[tuple[str, str, float]]:
    """Return name, goal and median seconds of each step and command, interleaved, on some cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(_CORES)[:cores])  # processes that are started here have it too
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(runs + 1):
        steps = process(["-c", STEPS])[2].split()
        times = dict(zip(NAMES.items(), map(float, steps), strict=True))
        for name, goal, words in COMMANDS.values():
            times[name, goal] = process(["-m", "ombudsman_kpi", *words])[0]
        for key, seconds in times.items() if number else ():  # the first run may have to compile
            found.setdefault(key, []).append(seconds)
    return [(name, goal, statistics.median(seconds)) for (name, goal), seconds in found.items()]


_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {*range(os.cpu_count() or 1)}


def main(runs: int = 9) -> list[str]:
    one = _runs(1, runs)
    two = _runs(2, runs) if len(_CORES) > 1 else [(name, goal, float("nan")) for name, goal, _ in one]
    rows = [
        f"| {name} | {goal} | {alone * 1000:.1f} | {together * 1000:.1f} |"
        for (name, goal, alone), (_, _, together) in zip(one, two, strict=True)
    ]
    return [
        "## Starting", "",
        "Each step in a process of its own that did those above it; nothing in it was loaded before.", "",
        "| what | goal, ms at most | 1 core, ms | 2 cores, ms |", "|---|---:|---:|---:|", *rows,
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main()))
