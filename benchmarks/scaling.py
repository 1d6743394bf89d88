"""Millions of cases, contacts and calls from Parquet files, against the same figures written by hand.

``python benchmarks/scaling.py MILLIONS`` prints the comparison for one size. The page has those of one, four and ten
million cases, and how time and memory grow: half an hour, 5 GB of disk and 12 GB of memory (for pandas).
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import large
from timing import process

HERE = Path(__file__).parent
TARGETS = {
    "decided": ["decided-or-allocated-20wd"],
    "weeks": ["investigation-13w", "investigation-26w", "investigation-52w"],
    "touch": ["keep-in-touch-20wd"],
    "delays": ["delays-explained"],
    "calls": ["intake-calls-60s"],
}
KINDS = {"decided": "cases", "weeks": "cases", "touch": "cases events", "delays": "cases events", "calls": "calls"}
PEERS = ("duckdb", "polars", "pandas")
EVERYTHING = ",".join(TARGETS)
SINGLE = {"decided": 2, "weeks": 2, "delays": 2, "calls": 1.5}  # how often the best peer's time each may take
SHUFFLED = "shuffled"  # contact at least every 20 working days, from a log in no order


class Run(NamedTuple):
    """What one process counted, in how many seconds from the files to the figures, and its peak memory in MB."""

    seconds: float
    rows: list[Any]
    megabytes: float = 0

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.megabytes:,.0f}"


def by_library(
    figures: str, folder: str, events: str = "events", memory: str = "", ids: Any = "find", ending: str = "parquet"
) -> dict[str, Any]:
    """Count some figures in one call; time it from the files to the rows. ``ids``: who looks for repeated ones."""
    import pyarrow.parquet  # noqa: F401  (loaded before, as the peers are)

    import ombudsman_kpi as kpi

    names = figures.split(",")
    kinds = {kind for name in names for kind in KINDS[name].split()}
    given: dict[str, Any] = {kind: Path(folder) / f"{events if kind == 'events' else kind}.{ending}" for kind in kinds}
    scheme = kpi.load_scheme("lgsco")
    _ = scheme.calendar, scheme.zone, kpi.tally  # there before, as they are for the peers
    began = time.perf_counter()
    found = kpi.tally(
        scheme, **given, targets=[target for name in names for target in TARGETS[name]], every="month",
        as_of=large.AS_OF, memory=memory or None, repeated_ids=ids,
    ).results()  # fmt: skip
    seconds = time.perf_counter() - began
    rows = [
        [row.target, row.period_start.isoformat(), row.met, row.missed, row.overdue, row.pending]
        for row in found.rows
        if row.period_start is not None and (row.met or row.missed or row.pending)
    ]
    return {"seconds": seconds, "rows": sorted(rows)}


def measured(tool: str, figures: str, folder: Path, *more: str, cores: int | None = None) -> Run:
    """Count in a process of its own, on some cores or all."""
    program = [__file__, "library"] if tool == "library" else [str(HERE / "peers.py"), tool]
    shuffled = figures == SHUFFLED
    more = (SHUFFLED if shuffled else "events", *more)
    if tool != "library":
        more = (f"{more[0]}.parquet",)
    _, megabytes, printed = process([*program, "touch" if shuffled else figures, str(folder), *more], cores)
    return Run(**json.loads(printed), megabytes=megabytes)


def medians(runs: int, folder: Path, *asked: tuple[Any, ...]) -> list[Run]:
    """Return of each thing asked for the run with the median time, and the most memory; all in turn, run by run."""
    found = [[measured(tool, figures, folder, *more) for tool, figures, *more in asked] for _ in range(runs)]
    each = [sorted(of_one) for of_one in zip(*found, strict=True)]
    return [of_one[runs // 2]._replace(megabytes=max(run.megabytes for run in of_one)) for of_one in each]


def make(folder: Path, cases: int, contacts: int, calls: int) -> None:
    """Make the data, unless they are there."""
    if not (folder / "calls.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        process([str(HERE / "large.py"), str(folder), str(cases), str(contacts), str(calls)])


def main(sizes: tuple[int, ...] = (1, 4, 10), runs: int = 3) -> list[str]:
    """Return the sections on large data: each size in millions of cases, and how time and memory grow."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for millions in sizes:
            place, size = Path(folder) / f"{millions}-million", millions * 1_000_000
            make(place, size, 5 * size, size)
            lines += against_peers(place, millions, runs)
        lines += growth(Path(folder), sizes) if len(sizes) > 1 else []
    return lines


def against_peers(folder: Path, millions: int, runs: int) -> list[str]:
    """Measure every figure with every tool; pandas once, at ten million."""
    tools = ("library", *PEERS[:2])
    names = [*TARGETS, SHUFFLED]
    asked = [(tool, name) for name in names for tool in tools]
    found = dict(zip(asked, medians(runs, folder, *asked), strict=True))
    if millions >= 10:
        found |= {("pandas", name): measured("pandas", name, folder) for name in TARGETS}
    one_call, within = medians(runs, folder, ("library", EVERYTHING), ("library", EVERYTHING, "1 GB"))
    unlooked = dict(
        zip(SINGLE, medians(runs, folder, *(("library", name, "", "check") for name in SINGLE)), strict=True)
    )
    one_core = min(measured("library", EVERYTHING, folder, cores=1) for _ in range(runs))
    ours = {name: found["library", name] for name in names}
    agree = all(run.rows == ours[name].rows for (_, name), run in found.items())
    agree &= one_call.rows == within.rows == sorted(row for name in TARGETS for row in ours[name].rows)
    agree &= ours[SHUFFLED].rows == ours["touch"].rows
    agree &= all(run.rows == ours[name].rows for name, run in unlooked.items())
    shown = [tool for tool in PEERS if (tool, "calls") in found]
    sums = {tool: sum(found[tool, name].seconds for name in TARGETS) for tool in ("library", *shown)}
    best = min(shown, key=lambda tool: sums[tool])
    theirs = {name: " | ".join(str(found.get((tool, name), "")) for tool in PEERS) for name in names}
    sum_of = " | ".join(f"{sums[tool]:.1f} s" if tool in sums else "" for tool in PEERS)
    limit = 0.6 if millions >= 10 else 0.7

    def beside(name: str, runs: dict[str, Run]) -> float:
        return runs[name].seconds / min(found[tool, name].seconds for tool in PEERS[:2])

    def faster(name: str) -> float:
        return found["duckdb", name].seconds / ours[name].seconds

    peak = max(found["duckdb", name].megabytes for name in TARGETS)
    return [
        f"## {millions:,} million cases, {5 * millions:,} million contacts, {millions:,} million calls, by month", "",
        "From Parquet files; case ids are text, and times have seconds. Each cell shows the seconds from files to "
        f"figures, without imports, and the peak memory of the process in MB. Medians of {runs} runs in turn; pandas "
        "ran once. The library also checks for repeated ids, and reports what it didn't understand.", "",
        "| figure | library | DuckDB | Polars | pandas |", "|---|---:|---:|---:|---:|",
        *(f"| {name} | {ours[name]} | {theirs[name]} |" for name in names),
        f"| all five, one after the other | {sums['library']:.1f} s | {sum_of} |",
        f"| all in one call | {one_call} | | | |", f"| all in one call, on one core | {one_core} | | | |",
        f"| all in one call, with `memory=\"1 GB\"` | {within} | | | |", "",
        "`touch` is contact at least every 20 working days, on a log in order of time; `shuffled` is the same in no "
        "order.",
        "", "| ratio | measured | goal |", "|---|---:|---:|",
        f"| time of all in one call, relative to the fastest library's ({best}) queries one after the other | "
        f"{one_call.seconds / sums[best]:.2f} | at most {limit} |",
        f"| peak memory, relative to DuckDB's | {one_call.megabytes / peak:.2f} | at most 1 |",
        f"| contact: times faster than DuckDB | {faster('touch'):.2f} | at least 1.7 |",
        f"| contact, shuffled: times faster than DuckDB | {faster(SHUFFLED):.2f} | at least 1.7 |",
        *(f"| {name}: time, relative to the faster of DuckDB and Polars | {beside(name, ours):.2f} | at most {most} |"
          for name, most in SINGLE.items()),
        *(f"| {name} with `repeated_ids=\"check\"`: the same | {beside(name, unlooked):.2f} | at most {most} |"
          for name, most in SINGLE.items()),
        f"| second core: times faster than one | {one_core.seconds / one_call.seconds:.2f} | at least 1.5 |",
        f"| peak with `memory=\"1 GB\"`, relative to 1 GB | {within.megabytes / 1024:.2f} | at most 1 |", "",
        f"All agree in every count: {'yes' if agree else 'NO'}.", "",
    ]  # fmt: skip


def growth(folder: Path, sizes: tuple[int, ...]) -> list[str]:
    """Measure how time and memory grow: of calls and cases alone, and of all figures."""
    rows, peaks, alone, every = [], [], [], []
    for size in sizes:
        single, whole = medians(3, folder / f"{size}-million", ("library", "decided,calls"), ("library", EVERYTHING))
        peaks.append(single.megabytes)
        alone.append(single.seconds / size)
        every.append(whole.seconds / size)
        rows.append(f"| {size} | {single} | {alone[-1]:.2f} | {whole} | {every[-1]:.2f} |")
    return [
        "## How time and memory grow", "",
        "Seconds and peak MB, and seconds for each million, by millions of cases and of calls, with five contacts for "
        "each case.", "",
        "| million | decided or allocated, and calls | each million | all figures | each million |",
        "|---:|---:|---:|---:|---:|", *rows, "",
        "| ratio | measured | goal |", "|---|---:|---:|",
        f"| highest to lowest memory, figures that need one record at a time | {max(peaks) / min(peaks):.2f} "
        "| at most 1.2 |",
        f"| highest to lowest time for each million, without contacts | {max(alone) / min(alone):.2f} | about 1 |",
        f"| highest to lowest time for each million, all figures | {max(every) / min(every):.2f} | about 1 |", "",
    ]  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["library"]:
        print(json.dumps(by_library(*sys.argv[2:])))
    else:
        print("\n".join(main(tuple(map(int, sys.argv[1:])) or (1, 4, 10))))
