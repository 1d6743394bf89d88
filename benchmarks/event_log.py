"""A log of five million events with text ids becomes case rows: a row for each case, its first times in columns.

Beside the same with a pandas pivot and a Polars ``group_by``; each in a process of its own, on the log in memory in
the form that it likes best. The three must agree in every time.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from timing import process

EVENTS = 5_000_000
STEPS = ["received", "valid", "allocated", "decided", "closed"]
AS_OF = "2025-12-31"


def write_log(path: Path, size: int = EVENTS) -> None:
    """Write an invented log in the order of time: of each case some steps, and contacts between them."""
    import pyarrow as pa
    from pyarrow import feather

    random = np.random.default_rng(2025)
    cases = size // 8
    case = random.permutation(np.arange(size) % cases)
    begin = random.integers(0, 1_500 * 86_400_000_000, cases)
    place = np.empty(size, np.int64)  # of each event in its case
    order = np.argsort(case, kind="stable")
    place[order] = np.arange(size) - np.searchsorted(case[order], case[order])
    kind = np.where(place < len(STEPS), place, len(STEPS))
    at = begin[case] + np.minimum(place, 5) * 20 * 86_400_000_000 + random.integers(0, 10 * 86_400_000_000, size)
    in_time = np.argsort(at, kind="stable")
    case, kind, at = case[in_time], kind[in_time], at[in_time]
    ids = pa.array([f"C-{number:07}" for number in range(cases)]).take(pa.array(case))
    words = pa.array([*STEPS, "contact"]).take(pa.array(kind))
    times = pa.array((at + np.datetime64("2021-01-01", "us").astype(np.int64)).view("M8[us]"))
    log = pa.table({"case_id": ids, "event": words, "at": times})
    feather.write_feather(log, str(path), "uncompressed")
    feather.write_feather(log.slice(0, 10_000), f"{path}.small", "uncompressed")


def megabytes_in_use() -> float:
    """Give the most memory that the process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_library(log: Any) -> Any:
    import ombudsman_kpi as kpi

    return kpi.history(kpi.load_scheme("lgsco"), events=log, as_of=AS_OF).rows


def by_pandas(log: Any) -> Any:
    steps = log[log["event"].isin(STEPS)]
    return steps.pivot_table(index="case_id", columns="event", values="at", aggfunc="min").reset_index()


def by_polars(log: Any) -> Any:
    import polars as pl

    first = [pl.col("at").filter(pl.col("event") == step).min().alias(step) for step in STEPS]
    return log.group_by("case_id").agg(first)


def child(name: str, path: str) -> None:
    """Make case rows of the log five times; print the median, the growth of memory in the first, and what was found."""
    import pandas as pd
    import polars as pl
    from pyarrow import feather

    import ombudsman_kpi.api  # noqa: F401  (so that every process has imported the same)

    form: dict[str, Any] = {
        "library": lambda table: table,
        "pandas": lambda table: table.to_pandas(),
        "polars": pl.from_arrow,
    }
    work = {"library": by_library, "pandas": by_pandas, "polars": by_polars}[name]
    work(form[name](feather.read_table(f"{path}.small", memory_map=False)))  # so that all is loaded
    before = megabytes_in_use()
    table = feather.read_table(path, memory_map=False)
    size = table.nbytes / 2**20
    log = form[name](table)
    del table
    rows, seconds = _timed(work, log)
    grown = megabytes_in_use() - before
    times = [seconds, *(_timed(work, log)[1] for _ in range(4))]
    frame = rows if isinstance(rows, pd.DataFrame) else rows.to_pandas()
    sums = {step: int(_column(frame, step).sum()) for step in STEPS}
    print(json.dumps({"seconds": sorted(times)[2], "grown": grown, "size": size, "cases": len(frame), "sums": sums}))


def _timed(work: Callable[[Any], Any], log: Any) -> tuple[Any, float]:
    began = time.perf_counter()
    rows = work(log)
    return rows, time.perf_counter() - began


def _column(frame: Any, step: str) -> Any:
    """Give the seconds of a step since 2021, of the cases that have it."""
    times = frame[step if step in frame else f"{step}_at"].dropna()
    return (times.to_numpy().astype("M8[us]") - np.datetime64("2021-01-01", "us")).astype(np.int64) // 1_000_000


def main(size: int = EVENTS) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.arrow"
        write_log(path, size)
        names = ("library", "pandas", "polars")
        found = {name: json.loads(process([__file__, name, str(path)])[2]) for name in names}
    ours, pandas, polars = (found[name] for name in names)
    agree = all((item["cases"], item["sums"]) == (ours["cases"], ours["sums"]) for item in found.values())
    return [
        f"## From an event log to case rows: {size:,} events with text ids, {ours['cases']:,} cases", "",
        f"The log is in memory, {ours['size']:.0f} MB of columns: in Arrow for the library, "
        "in its own format for each other one.",
        "Seconds are medians of five runs; memory is the growth of a process that reads the log and converts it once.",
        "",
        "| what | seconds | MB, including the log |", "|---|---:|---:|",
        f"| `history(…)` | {ours['seconds']:.2f} | {ours['grown']:.0f} |",
        f"| pandas pivot_table | {pandas['seconds']:.2f} | {pandas['grown']:.0f} |",
        f"| Polars group_by | {polars['seconds']:.2f} | {polars['grown']:.0f} |", "",
        "| ratio | measured | goal |", "|---|---:|---:|",
        f"| times faster than pandas | {pandas['seconds'] / ours['seconds']:.1f} | at least 3 |",
        f"| times faster than Polars | {polars['seconds'] / ours['seconds']:.2f} | at least 1 |",
        f"| memory, of the size of the log's columns | {ours['grown'] / ours['size']:.2f} | below 2 |", "",
        f"Every time agrees: {'yes' if agree else 'NO'}.",
    ]  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], sys.argv[2])
    else:
        print("\n".join(main(*map(int, sys.argv[1:]))))
