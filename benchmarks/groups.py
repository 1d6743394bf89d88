"""Four million cases of 333 authorities over 240 months: what groups cost, against shares by hand in Polars.

Each run is a process of its own, from the file to the frame; all ways take turns.
"""

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import large
from peers import AS_OF, WEEKS, days_of_cases, given
from timing import process

CASES, AUTHORITIES, RUNS = 4_000_000, 333, 5
TARGETS = ["decided-or-allocated-20wd", *(f"investigation-{weeks}w" for weeks in WEEKS)]


def by_library(path: str, *, grouped: bool, times: bool) -> tuple[dict[str, float], Any]:
    """Measure four targets by month; by a tally that keeps all times, or without one."""
    import pandas as pd  # noqa: F401  (loaded before, as the peer is)
    import pyarrow.parquet  # noqa: F401

    import ombudsman_kpi as kpi

    scheme = kpi.load_scheme("lgsco")
    _ = scheme.calendar, scheme.zone
    options: dict[str, Any] = {"as_of": large.AS_OF, "every": "month", "targets": TARGETS}
    options |= {"by": "authority"} if grouped else {}
    began = _now()
    found = kpi.tally(scheme, cases=path, **options).results() if times else kpi.measure(scheme, cases=path, **options)
    counted = _now()
    frame = found.to_pandas()
    spent = {**_since(began), "frame": _since(counted)["cpu"]}
    return spent, frame


def by_polars(path: str) -> tuple[dict[str, float], Any]:
    """Count who met and who missed each of the targets, for each authority and month."""
    import polars as pl

    files = given(Path(path).parent, "events.parquet")
    received, valid, allocated, decided, withdrawn = days_of_cases()
    began = _now()
    calendar = pl.LazyFrame({"received": files.day, "due": files.due})
    stop, left, due = pl.col("stop"), pl.col("withdrawn"), pl.col("due")
    gone = (left < stop) | (stop.is_null() & left.is_not_null())
    shares = (
        pl.scan_parquet(path)
        .select("authority", received, withdrawn, stop=pl.min_horizontal(decided, allocated))
        .join(calendar, on="received")
        .with_columns(gone=gone.fill_null(value=False))
        .group_by("authority", month=pl.col("received").dt.month_start())
        .agg(
            met=(~pl.col("gone") & (stop <= due)).sum(),
            missed=pl.when("gone").then(left > due).otherwise(pl.coalesce(stop, AS_OF) > due).sum(),
        )
        .with_columns(target=pl.lit(TARGETS[0]))
    )
    took = (pl.col("stop") - pl.col("valid")).dt.total_days()
    weeks = (
        pl.scan_parquet(path)
        .filter(pl.col("allocated_at").is_not_null())
        .select(
            "authority",
            valid,
            stop=pl.min_horizontal(decided, withdrawn),
            withdrawn=(withdrawn < decided).fill_null(decided.is_null()),
        )
        .filter(pl.col("stop") >= pl.col("valid"))
        .group_by("authority", month=pl.col("stop").dt.month_start())
        .agg(
            *(((took <= 7 * limit) & ~pl.col("withdrawn")).sum().alias(f"met {limit}") for limit in WEEKS),
            *((took > 7 * limit).sum().alias(f"missed {limit}") for limit in WEEKS),
        )
    )
    first, others = pl.collect_all([shares, weeks], engine="streaming")
    parts = [
        others.select("authority", "month", met=f"met {limit}", missed=f"missed {limit}", target=pl.lit(name))
        for limit, name in zip(WEEKS, TARGETS[1:], strict=True)
    ]
    found = pl.concat([first, *parts], how="diagonal")
    found = found.with_columns(value=pl.col("met") / (pl.col("met") + pl.col("missed")))
    return _since(began), found


def _now() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.perf_counter()


def _since(began: tuple[float, float]) -> dict[str, float]:
    cpu, seconds = (now - then for now, then in zip(_now(), began, strict=True))
    return {"cpu": cpu, "seconds": seconds}


def one_run(tool: str, cores: str, path: str) -> dict[str, Any]:
    """Run one of the tools on so many cores; give its times, and a sum that says whether all agree."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    if tool == "polars":
        spent, frame = by_polars(path)
        frame = frame.to_pandas()
    else:
        spent, frame = by_library(path, grouped=tool != "together", times=tool == "tally")
    decided = frame[frame["met"] + frame["missed"] > 0]
    return {**spent, "met": int(decided["met"].sum()), "missed": int(decided["missed"].sum()), "rows": len(frame)}


def main() -> list[str]:
    """Return the section on groups."""
    with tempfile.TemporaryDirectory() as folder:
        large.write(Path(folder), CASES, 0, 0, AUTHORITIES)
        return compared(Path(folder, "cases.parquet"))


def compared(path: Path) -> list[str]:
    """Measure each way in turn, several times; give the lines of the page."""
    ways = [
        ("together", 1),
        ("grouped", 1),
        ("tally", 1),
        ("polars", 1),
        ("together", 2),
        ("grouped", 2),
        ("polars", 2),
    ]
    runs: dict[tuple[str, int], list[dict[str, Any]]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for tool, cores in ways:
            _, megabytes, printed = process([__file__, "run", tool, str(cores), str(path)])
            runs[tool, cores].append({**json.loads(printed), "megabytes": megabytes})

    def median(way: tuple[str, int], name: str) -> float:
        return float(statistics.median(run[name] for run in runs[way]))

    def ratio(way: tuple[str, int], other: tuple[str, int], name: str) -> float:
        pairs = zip(runs[way], runs[other], strict=True)
        return float(statistics.median(mine[name] / theirs[name] for mine, theirs in pairs))

    counted = [(run["met"], run["missed"]) for way in ways if way[0] != "together" for run in runs[way]]
    grouped = "grouped", 1
    peak = max(run["megabytes"] for cores in (1, 2) for run in runs["grouped", cores])
    goals = [
        ("CPU seconds, in groups to without them", ratio(grouped, ("together", 1), "cpu"), 3),
        (f"CPU seconds from figures to a frame of {runs[grouped][0]['rows']:,} rows", median(grouped, "frame"), 1),
        ("peak memory in groups, GB", peak / 1024, 1.2),
        ("seconds on two cores to those on one, in groups", ratio(("grouped", 2), grouped, "seconds"), 1),
        ("CPU seconds, a tally with all times to no groups", ratio(("tally", 1), ("together", 1), "cpu"), None),
        ("CPU seconds, in groups to shares by hand in Polars", ratio(grouped, ("polars", 1), "cpu"), None),
        ("peak memory, in groups to Polars", peak / max(run["megabytes"] for run in runs["polars", 1]), None),
    ]  # fmt: skip
    return [
        f"## {AUTHORITIES} groups x 240 months, {CASES:,} cases, four targets", "",
        "| way | CPU seconds, one core | seconds, two cores | peak MB |", "|---|---:|---:|---:|",
        *(
            f"| {tool} | {median((tool, 1), 'cpu'):.2f} | "
            + (f"{median((tool, 2), 'seconds'):.2f}" if (tool, 2) in runs else "")
            + f" | {median((tool, 1), 'megabytes'):,.0f} |"
            for tool in ("together", "grouped", "tally", "polars")
        ),
        "", "| ratio | measured | goal, at most |", "|---|---:|---:|",
        *(f"| {name} | {found:.2f} | {'' if most is None else most} |" for name, found, most in goals), "",
        f"Everybody counts the same: {'yes' if len(set(counted)) == 1 else 'NO'}.", "",
    ]  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        print(json.dumps(one_run(*sys.argv[2:])))
    else:
        print("\n".join(main()))
