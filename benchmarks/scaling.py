"""Ten million cases, fifty million contacts and ten million calls, against the same figures written by hand.

``python benchmarks/scaling.py [FOLDER]`` writes docs/benchmarks-large.md. The data are made in FOLDER, or a temporary
one, unless they are there; it takes about a quarter of an hour, 5 GB of disk and 12 GB of memory (for pandas).
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import large
from timing import machine, process

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


def by_library(figures: str, folder: str, events: str = "events.parquet", memory: str = "") -> dict[str, Any]:
    """Count some figures in one call; time it from the files to the rows."""
    import pyarrow.parquet  # noqa: F401  (loaded before, as the peers are)

    import ombudsman_kpi as kpi
    import ombudsman_kpi.engines.parts

    names = figures.split(",")
    kinds = {kind for name in names for kind in KINDS[name].split()}
    given: dict[str, Any] = {kind: Path(folder) / (events if kind == "events" else f"{kind}.parquet") for kind in kinds}
    scheme = kpi.load_scheme("lgsco")
    _ = scheme.calendar, scheme.zone  # there before, as they are for the peers
    began = time.perf_counter()
    found = kpi.tally(
        scheme, **given, targets=[target for name in names for target in TARGETS[name]], every="month",
        as_of=large.AS_OF, memory=memory or None,
    ).results()  # fmt: skip
    seconds = time.perf_counter() - began
    rows = [
        [row.target, row.period_start.isoformat(), row.met, row.missed, row.overdue, row.pending]
        for row in found.rows
        if row.period_start is not None and (row.met or row.missed or row.pending)
    ]
    return {"seconds": seconds, "rows": sorted(rows)}


def measured(tool: str, figures: str, folder: Path, events: str = "events.parquet", *more: str) -> dict[str, Any]:
    """Count in a process of its own; give seconds, the peak of memory in MB, and the rows."""
    program = [__file__, "library"] if tool == "library" else [str(HERE / "peers.py"), tool]
    _, megabytes, printed = process([*program, figures, str(folder), events, *more])
    return {**json.loads(printed), "megabytes": megabytes}


def median_of(runs: int, *arguments: Any) -> dict[str, Any]:
    """Give the run with the median time; memory is the most that any took."""
    found = sorted((measured(*arguments) for _ in range(runs)), key=lambda item: item["seconds"])
    return {**found[len(found) // 2], "megabytes": max(item["megabytes"] for item in found)}


def main(folder: Path, millions: int = 10) -> list[str]:
    size = millions * 1_000_000
    whole = folder / f"{millions}-million"
    make(whole, size, 5 * size, size)
    lines = against_peers(whole, size)
    lines += growth(folder, millions)
    return lines


def make(folder: Path, cases: int, contacts: int, calls: int) -> None:
    """Make the data, unless they are there."""
    if not (folder / "calls.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        process([str(HERE / "large.py"), str(folder), str(cases), str(contacts), str(calls)])


def against_peers(folder: Path, size: int) -> list[str]:
    """Measure every figure with every tool."""
    ours = {name: median_of(3, "library", name, folder) for name in TARGETS}
    theirs = {
        tool: {name: median_of(1 if tool == "pandas" else 3, tool, name, folder) for name in TARGETS} for tool in PEERS
    }
    one_call = median_of(3, "library", EVERYTHING, folder)
    ours["shuffled"] = median_of(3, "library", "touch", folder, "shuffled.parquet")
    for tool in PEERS[:2]:
        theirs[tool]["shuffled"] = median_of(1, tool, "touch", folder, "shuffled.parquet")
    within = measured("library", EVERYTHING, folder, "events.parquet", "1 GB")
    agree = all(found[name]["rows"] == ours[name]["rows"] for found in theirs.values() for name in found)
    agree &= one_call["rows"] == within["rows"] == sorted(row for name in TARGETS for row in ours[name]["rows"])
    agree &= ours["shuffled"]["rows"] == ours["touch"]["rows"]
    sums = {tool: sum(found[name]["seconds"] for name in TARGETS) for tool, found in theirs.items()}
    best = min(sums, key=lambda tool: sums[tool])
    peak = max(theirs["duckdb"][name]["megabytes"] for name in TARGETS)
    calls = min(theirs[tool]["calls"]["seconds"] for tool in ("duckdb", "polars"))
    rows = [
        f"| {name} | {_cell(ours[name])} | " + " | ".join(_cell(theirs[tool].get(name)) for tool in PEERS) + " |"
        for name in [*TARGETS, "shuffled"]
    ]
    return [
        f"## {size:,} cases, {5 * size:,} contacts, {size:,} calls, by month, from Parquet", "",
        "Case ids are text, and times have seconds. Each cell shows the seconds from files to figures, without "
        "imports, and the peak memory of the process in MB. Medians of three runs; pandas, and the other libraries' "
        "shuffled logs, ran once. The library also checks for repeated ids, and reports what it didn't understand.", "",
        "| figure | library | DuckDB | Polars | pandas |", "|---|---:|---:|---:|---:|", *rows,
        f"| all five, one after the other | {sum(ours[name]['seconds'] for name in TARGETS):.1f} s | "
        + " | ".join(f"{sums[tool]:.1f} s" for tool in PEERS) + " |",
        f"| all in one call | {_cell(one_call)} | | | |",
        f"| all in one call, with `memory=\"1 GB\"` | {_cell(within)} | | | |", "",
        "`touch` is contact at least every 20 working days, on a log in order of time; `shuffled` is the same in no "
        "order.",
        "", "| ratio | measured | aim |", "|---|---:|---:|",
        f"| time of all in one call, relative to the fastest library's ({best}) queries one after the other | "
        f"{one_call['seconds'] / sums[best]:.2f} | at most 0.7 |",
        f"| peak memory, relative to DuckDB's | {one_call['megabytes'] / peak:.2f} | at most 1 |",
        f"| contact: times faster than DuckDB | {_faster(theirs['duckdb'], ours, 'touch'):.2f} | at least 1.5 |",
        f"| contact, shuffled: times faster than DuckDB | {_faster(theirs['duckdb'], ours, 'shuffled'):.2f} "
        "| at least 1 |",
        f"| calls: time, relative to the faster of DuckDB and Polars | {ours['calls']['seconds'] / calls:.2f} "
        "| at most 1.5 |",
        f"| peak with `memory=\"1 GB\"`, relative to 1 GB | {within['megabytes'] / 1024:.2f} | at most 1 |", "",
        f"All four agree in every count: {'yes' if agree else 'NO'}.", "",
    ]  # fmt: skip


def _faster(theirs: dict[str, Any], ours: dict[str, Any], name: str) -> float:
    return float(theirs[name]["seconds"] / ours[name]["seconds"])


def _cell(found: dict[str, Any] | None) -> str:
    return "" if found is None else f"{found['seconds']:.2f} s, {found['megabytes']:,.0f}"


def growth(folder: Path, millions: int) -> list[str]:
    """Measure how time and memory grow: of calls and cases alone, and of all figures."""
    rows, peaks, alone, every = [], [], [], []
    for size in (millions // 10 or 1, millions // 2 or 2, millions, 2 * millions):
        place = folder / f"{size}-million"
        contacts = 5 * size if size <= millions else 0
        make(place, size * 1_000_000, contacts * 1_000_000, size * 1_000_000)
        single = median_of(3, "library", "decided,calls", place)
        peaks.append(single["megabytes"])
        alone.append(single["seconds"] / size)
        cells = "| |"
        if contacts:
            whole = median_of(3, "library", EVERYTHING, place)
            every.append(whole["seconds"] / size)
            cells = f"{_cell(whole)} | {every[-1]:.2f} |"
        rows.append(f"| {size} | {_cell(single)} | {alone[-1]:.2f} | {cells}")
    return [
        "## How time and memory grow", "",
        "Seconds and peak MB, and seconds for each million, by millions of cases and of calls, with five contacts for "
        "each case.", "",
        "| million | decided or allocated, and calls | each million | all figures | each million |",
        "|---:|---:|---:|---:|---:|", *rows, "",
        "| ratio | measured | aim |", "|---|---:|---:|",
        f"| highest to lowest memory, figures that need one record at a time | {max(peaks) / min(peaks):.2f} "
        "| at most 1.2 |",
        f"| highest to lowest time for each million, without contacts | {max(alone) / min(alone):.2f} | about 1 |",
        f"| highest to lowest time for each million, all figures | {max(every) / min(every):.2f} | about 1 |", "",
    ]  # fmt: skip


@contextmanager
def _folder(given: list[str]) -> Iterator[Path]:
    if given:
        yield Path(given[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["library"]:
        print(json.dumps(by_library(*sys.argv[2:])))
        raise SystemExit
    with _folder(sys.argv[1:2]) as place_:
        libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "polars", "pyarrow", "duckdb"))
        page = [
            "# Benchmarks on large data", "",
            f"Measured on {datetime.now(UTC):%d %B %Y} on {machine()}; {libraries}.",
            "To repeat: `python benchmarks/scaling.py`.", "",
            *main(place_, *map(int, sys.argv[2:3])),
        ]  # fmt: skip
    HERE.parent.joinpath("docs", "benchmarks-large.md").write_text("\n".join(page), "utf-8")
    print("\n".join(page))
