"""A million cases of nine columns are checked, beside the same masks written by hand in pandas.

Both find the same: times that can't be read or aren't real, words that there aren't, ids that are shared, times in an
impossible order, records from after as_of, mistyped years. Run it alone: it prints seconds of work on all cores.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

ROWS = 1_000_000
AS_OF = "2024-03-31"
TIMES = ["received_at", "valid_at", "allocated_at", "investigation_started_at", "decided_at", "closed_at"]
WORDS = {"assessment", "investigation"}


def cases(size: int = ROWS) -> pd.DataFrame:
    """Return invented cases with text in all columns, as a CSV file has them, and a few of each fault."""
    random = np.random.default_rng(2024)
    start = np.datetime64("2021-04-01") + random.integers(0, 1_000, size)
    steps = np.cumsum(random.integers(0, 60, (size, len(TIMES) - 1)), axis=1)
    frame = pd.DataFrame({"case_id": pd.Series(range(size)).astype(str).str.zfill(8), TIMES[0]: start.astype(str)})
    for place, name in enumerate(TIMES[1:]):
        days = (start + steps[:, place]).astype(str).astype(object)
        days[random.random(size) < 0.1] = None
        frame[name] = days
    frame["decided_in"] = random.choice(sorted(WORDS), size)
    frame["team"] = random.choice(["North", "South", "East", "West"], size)
    frame.loc[[10, 20], "received_at"] = ["28/03/2024", "2023-02-30"]
    frame.loc[[30, 40], ["decided_in", "decided_at"]] = [["nowhere", "2020-01-01"], ["assessment", "2204-01-05"]]
    frame.loc[[50], "case_id"] = f"{49:08}"
    return frame


def by_library(frame: pd.DataFrame) -> dict[str, int]:
    """Return how many records each rule finds."""
    import ombudsman_kpi as kpi

    targets = ["decided-or-allocated-20wd", "investigation-13w", "investigation-26w", "investigation-52w"]
    found: dict[str, int] = {}
    for item in kpi.check(kpi.load_scheme("lgsco"), cases=frame, as_of=AS_OF, targets=targets):
        found[item.rule] = found.get(item.rule, 0) + item.count
    return found


def by_pandas(frame: pd.DataFrame) -> dict[str, int]:
    """Return the same by masks written by hand."""
    end = pd.Timestamp(AS_OF)
    times = {name: pd.to_datetime(frame[name], format="%Y-%m-%d", errors="coerce") for name in TIMES}
    form = {name: frame[name].str.fullmatch(r"\d{4}-\d\d-\d\d").eq(other=True) for name in TIMES}
    there = {name: frame[name].notna() for name in TIMES}
    years = {name: times[name].dt.year for name in TIMES}
    known = {name: times[name].where(times[name] <= end) for name in TIMES}
    before = [known[name] < known["received_at"] for name in TIMES[1:]]
    late = [known["closed_at"] < known[name] for name in ("decided_at", "allocated_at")]
    odd = [(years[name] - years[name].median()).abs() > 10 for name in TIMES]
    return {
        "unreadable-time": sum(int((there[name] & ~form[name]).sum()) for name in TIMES),
        "unreal-date": sum(int((form[name] & times[name].isna()).sum()) for name in TIMES),
        "unknown-word": int((frame["decided_in"].notna() & ~frame["decided_in"].isin(WORDS)).sum()),
        "id-shared": int(frame["case_id"].duplicated(keep=False).sum()),
        "out-of-order": sum(int(mask.sum()) for mask in [*before, *late]),
        "future-date": int((times["received_at"] > end).sum()),
        "mistyped-year": sum(int(mask.sum()) for mask in odd),
    }


def seconds(work: Callable[[], Any], runs: int = 5) -> tuple[float, float]:
    """Return the median seconds of several runs: by the clock, and of all cores together."""
    work()
    times = []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - began, time.process_time() - used))
    clock, cores = zip(*times, strict=True)
    return sorted(clock)[runs // 2], sorted(cores)[runs // 2]


def main(size: int = ROWS) -> list[str]:
    """Return the section on checks."""
    frame = cases(size)
    library, hand = by_library(frame), by_pandas(frame)
    (clock, cores), (by_hand, cores_by_hand) = seconds(lambda: by_library(frame)), seconds(lambda: by_pandas(frame))
    agree = all(library.get(rule, 0) == number for rule, number in hand.items())
    return [
        f"## Checking {size:,} cases with {frame.shape[1]} columns", "",
        "Beside the same masks written by hand: " + ", ".join(f"`{rule}`" for rule in hand) + ".", "",
        "| what | seconds | of all cores |", "|---|---:|---:|",
        f"| `check` | {clock:.2f} | {cores:.2f} |", f"| pandas, by hand | {by_hand:.2f} | {cores_by_hand:.2f} |", "",
        "| ratio | measured | goal |", "|---|---:|---:|",
        f"| time, relative to pandas | {clock / by_hand:.2f} | at most 2 |", "",
        f"Both find the same: {'yes' if agree else 'NO'}.",
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main(*map(int, sys.argv[1:]))))
