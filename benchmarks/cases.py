"""Decided or allocated, and the three week bands, by month, over ten million cases in a Parquet file.

Beside the same by hand in pandas with ``numpy.busday_count``; each in a process of its own, with its peak memory.
The two must agree in every count.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from timing import process

CASES = 10_000_000
AS_OF = "2024-03-31"
TARGETS = ["decided-or-allocated-20wd", "investigation-13w", "investigation-26w", "investigation-52w"]


def write_cases(path: Path, size: int = CASES) -> None:
    """Write invented cases of 2005 to 2024, with ids as text and times as timestamps, 250,000 at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    random = np.random.default_rng(2024)
    first, last = (np.datetime64(day).astype(np.int64) for day in ("2005-01-03", AS_OF))
    writer = None
    for begin in range(0, size, 250_000):
        rows = min(250_000, size - begin)
        received = np.sort(random.integers(first, last + 1, rows))
        allocated = received + random.gamma(3, 12, rows).astype(np.int64)
        decided = allocated + random.gamma(2, 40, rows).astype(np.int64)
        assessed = random.random(rows) < 0.6
        withdrawn = received + random.integers(1, 60, rows)
        columns = {
            "received_at": received,
            "valid_at": received + random.integers(0, 10, rows),
            "allocated_at": np.where(assessed, last + 1, allocated),
            "decided_at": np.where(assessed, received + random.gamma(2, 12, rows).astype(np.int64), decided),
            "withdrawn_at": np.where(random.random(rows) < 0.03, withdrawn, last + 1),
        }
        ids = pc.utf8_lpad(pc.cast(pa.array(random.permutation(rows) + begin), pa.string()), 8, "0")
        arrays = {"case_id": pc.binary_join_element_wise("C-", ids, "")}
        for name, days in columns.items():
            arrays[name] = pa.array(days.astype("M8[D]").astype("M8[us]"), mask=days > last)
        table = pa.table(arrays)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def by_library(path: str) -> Any:
    """Count with the library, in its one call."""
    import ombudsman_kpi as kpi

    counted = kpi.tally(kpi.load_scheme("lgsco"), cases=path, targets=TARGETS, every="month", as_of=AS_OF)
    rows = counted.results().rows
    return sorted(
        [row.target, row.period_start.isoformat(), row.met, row.missed, row.overdue, row.pending]
        for row in rows
        if row.period_start is not None
    )


def by_pandas(path: str) -> Any:
    """Count by hand, as an analyst would who knows numpy well."""
    import pandas as pd

    from ombudsman_kpi import WorkingCalendar

    holidays = np.array(WorkingCalendar.uk("england-and-wales").days_off, "M8[D]")
    cases = pd.read_parquet(path, columns=["received_at", "valid_at", "allocated_at", "decided_at", "withdrawn_at"])
    received, valid, allocated, decided, withdrawn = (cases[name].to_numpy().astype("M8[D]") for name in cases)
    as_of = np.datetime64(AS_OF)
    rows = []

    def add(target: str, days: Any, status: Any) -> None:
        month = pd.Series(days.astype("M8[M]").astype(np.int64))
        counts = pd.crosstab(month, pd.Series(status))
        for index, row in counts.iterrows():
            day = str(np.datetime64(int(str(index)), "M")) + "-01"
            late, overdue = int(row.get("late", 0)), int(row.get("overdue", 0))
            rows.append([target, day, int(row.get("met", 0)), late + overdue, overdue, int(row.get("pending", 0))])

    stop = np.fmin(decided, allocated)
    left = withdrawn < np.where(np.isnat(stop), np.datetime64("2100-01-01"), stop)
    end = np.where(left, withdrawn, stop)
    open_ = np.isnat(end)
    used = np.busday_count(received + 1, np.where(open_, as_of, end), holidays=holidays) + 1
    in_time = (used <= 20) | (np.where(open_, as_of, end) <= received)
    status = np.select(
        [open_ & in_time, open_, left & in_time, in_time], ["pending", "overdue", "excluded", "met"], "late"
    )
    add(TARGETS[0], received, status)

    investigated = ~np.isnat(allocated)
    left = withdrawn < np.where(np.isnat(decided), np.datetime64("2100-01-01"), decided)
    end = np.where(left, withdrawn, decided)
    closed = investigated & ~np.isnat(end) & (end >= valid)
    days, left, end = (end - valid).astype(np.int64)[closed], left[closed], end[closed]
    for target, weeks in zip(TARGETS[1:], (13, 26, 52), strict=True):
        in_time = days <= 7 * weeks
        add(target, end, np.select([left & in_time, in_time], ["excluded", "met"], "late"))
    return sorted(rows)


def main(size: int = CASES, runs: int = 3) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.parquet"
        write_cases(path, size)
        measured: dict[str, list[tuple[float, float]]] = {"library": [], "pandas": []}
        answers: dict[str, str] = {}
        for _ in range(runs):
            for name, runs_so_far in measured.items():
                seconds, megabytes, printed = process([__file__, name, str(path)])
                runs_so_far.append((seconds, megabytes))
                answers[name] = printed
        seconds, megabytes, _ = process(["-c", "import pandas, pyarrow.parquet, ombudsman_kpi.api"])
    agree = answers["library"] == answers["pandas"]
    medians = {name: sorted(values)[len(values) // 2] for name, values in measured.items()}
    (ours, our_memory), (theirs, their_memory) = medians["library"], medians["pandas"]
    return [
        f"## Decided or allocated, and three week bands, by month: {size:,} cases from Parquet", "",
        "Whole processes, including imports and reading. The library also reads the case ids and checks them for",
        "repeats.", "",
        "| what | seconds | peak MB |", "|---|---:|---:|",
        f"| `tally(…).results()` | {ours:.2f} | {our_memory:.0f} |",
        f"| pandas with numpy.busday_count, by hand | {theirs:.2f} | {their_memory:.0f} |",
        f"| imports alone | {seconds:.2f} | {megabytes:.0f} |", "",
        "| ratio | measured | goal |", "|---|---:|---:|",
        f"| times faster than pandas | {theirs / ours:.1f} | at least 2 |",
        f"| peak memory, of that of pandas | {our_memory / their_memory:.2f} | at most 1 |", "",
        f"Every count agrees: {'yes' if agree else 'NO'}.",
    ]  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 3:
        answer = by_library(sys.argv[2]) if sys.argv[1] == "library" else by_pandas(sys.argv[2])
        print(json.dumps(answer))
    else:
        print("\n".join(main(*map(int, sys.argv[1:]))))
