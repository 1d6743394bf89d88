"""Casework of twenty years on a Spark cluster: contact with the parties, decisions and calls, by month.

A master and workers run as processes of their own on this machine. Beside the library's one call stands the same by
hand: numpy in ``mapInArrow``, over as many partitions. Both must agree in every count.

``python benchmarks/spark.py [CASES CONTACTS CALLS]`` prints the comparison, in some five minutes.
"""

import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import large
from timing import process

sys.path.append(str(Path(__file__).parents[1] / "tests" / "engines"))
from spark_cluster import running_cluster, session_on

SIZES = {"cases": 500_000, "contacts": 2_500_000, "calls": 2_500_000}
KINDS = ("cases", "events", "calls")
PARTITIONS, RUNS = 16, 3
KEPT, DECIDED, ANSWERED = TARGETS = ["keep-in-touch-20wd", "decided-or-allocated-20wd", "intake-calls-60s"]
NEVER = 1 << 30

Counts = dict[tuple[str, str], list[int]]  # of each target and month: met and missed


def settings(folder: Path) -> dict[str, str]:
    return {
        "spark.eventLog.enabled": "true", "spark.eventLog.dir": folder.as_uri(), "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false", "spark.executor.memory": "2g",
        "spark.eventLog.logStageExecutorMetrics": "true",
        "spark.executor.processTreeMetrics.enabled": "true", "spark.executor.metrics.pollingInterval": "200",
        "spark.sql.shuffle.partitions": str(PARTITIONS), "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.sql.files.maxPartitionBytes": str(32 << 20), "spark.ui.showConsoleProgress": "false",
    }  # fmt: skip


def by_library(frames: dict[str, Any]) -> Counts:
    import ombudsman_kpi as kpi

    return counts_of(kpi.tally(kpi.load_scheme("lgsco"), **frames, as_of=large.AS_OF, every="month", targets=TARGETS))


def calls_by_library(frames: dict[str, Any]) -> Counts:
    import ombudsman_kpi as kpi

    counted = kpi.tally(
        kpi.load_scheme("lgsco"), calls=frames["calls"], as_of=large.AS_OF, every="month", targets=ANSWERED
    )
    return counts_of(counted)


def counts_of(tally: Any) -> Counts:
    rows = tally.results().to_pandas()
    rows = rows[rows["met"] + rows["missed"] > 0]
    columns = (rows["target"], rows["period_start"], rows["met"], rows["missed"])
    return {(target, str(day)[:7]): [int(met), int(missed)] for target, day, met, missed in zip(*columns, strict=True)}


def by_hand(frames: dict[str, Any]) -> Counts:
    """Do the same as somebody would who knows numpy, Spark, and these three targets by heart."""
    from pyspark.sql import functions as f

    import ombudsman_kpi as kpi

    calendar = kpi.load_scheme("lgsco").calendar
    days = np.arange(np.datetime64(calendar.first), np.datetime64(calendar.last))
    working = np.array([calendar.is_working_day(day) for day in days.tolist()])
    first, before = days[0].astype(np.int64), np.concatenate([[0], np.cumsum(working)])
    as_of = int(np.datetime64(large.AS_OF, "D").astype(np.int64))
    schema = "target string, month bigint, met bigint, missed bigint"
    cases = frames["cases"].select("case_id", "received_at", "allocated_at", "decided_at", "withdrawn_at")
    events = frames["events"].select("case_id", "event", "at", "party", "direction")
    both = cases.unionByName(events, allowMissingColumns=True).repartition(PARTITIONS, "case_id")
    casework = both.mapInArrow(lambda batches: _casework(batches, int(first), before, as_of), schema)
    calls = frames["calls"].select("offered_at", "answered_at").mapInArrow(_calls, schema)
    summed = casework.unionAll(calls).groupBy("target", "month").agg(f.sum("met"), f.sum("missed")).toArrow()
    return {
        (target, str(np.datetime64(month, "M"))): [met, missed]
        for target, month, met, missed in zip(*(column.to_pylist() for column in summed.columns), strict=True)
    }


def _casework(batches: Iterator[Any], first: int, before: np.ndarray, as_of: int) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.Table.from_batches(list(batches))
    is_case = pc.is_valid(table["received_at"])
    cases, events = table.filter(is_case), table.filter(pc.invert(is_case))
    received, allocated, decided, withdrawn = (
        cases[name].cast(pa.date32()).cast(pa.int32()).fill_null(NEVER).to_numpy().astype(np.int64)
        for name in ("received_at", "allocated_at", "decided_at", "withdrawn_at")
    )

    def elapsed(start: Any, stop: Any) -> Any:
        return before[stop - first] - before[start + 1 - first] + (stop > start)

    stop = np.minimum(decided, allocated)
    end = np.minimum(stop, withdrawn)
    over = elapsed(received, np.minimum(end, as_of)) > 20
    yield _counted(DECIDED, received, (stop <= withdrawn) & (stop < NEVER) & ~over, over)

    mine = pc.and_(pc.equal(events["event"], "contact"), pc.equal(events["direction"], "out"))
    contacts = events.filter(mine)
    row = pc.index_in(contacts["case_id"], cases["case_id"].combine_chunks()).fill_null(-1).to_numpy().astype(np.int64)
    party = pc.equal(contacts["party"], "organisation").to_numpy().astype(np.int64)
    day = contacts["at"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    end = np.where(decided < NEVER, decided, withdrawn)
    ran = (allocated < NEVER) & (np.minimum(decided, withdrawn) >= allocated) & (end < NEVER)
    kept = (row >= 0) & ran[row] & (day > allocated[row]) & (day < end[row])
    rows = np.flatnonzero(ran)
    lane = np.concatenate([row[kept] * 2 + party[kept], rows * 2, rows * 2 + 1])
    day = np.concatenate([day[kept], allocated[rows], allocated[rows]])
    points = np.unique(lane << 20 | day)
    lane, day = points >> 20, points & (1 << 20) - 1
    following = np.where(np.append(lane[1:] == lane[:-1], False), np.append(day[1:], 0), end[lane >> 1])
    late = np.zeros(len(end), np.bool_)
    late[(lane >> 1)[elapsed(day, following) > 20]] = True
    yield _counted(KEPT, end[rows], ~late[rows], late[rows])


def _calls(batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as pa

    for batch in batches:
        offered, answered = (batch.column(place).cast(pa.int64()).fill_null(-1).to_numpy() for place in range(2))
        met = (answered >= 0) & (answered - offered <= 60_000_000)
        yield _counted(ANSWERED, offered // large.DAY, met, ~met)


def _counted(target: str, day: Any, met: Any, missed: Any) -> Any:
    import pyarrow as pa

    month = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    sums = [np.bincount(month, weights=part).astype(np.int64) for part in (met, missed)]
    found = np.flatnonzero(sums[0] + sums[1])
    names = ["target", "month", "met", "missed"]
    columns = [pa.array([target] * len(found)), pa.array(found), *(pa.array(part[found]) for part in sums)]
    return pa.RecordBatch.from_arrays(columns, names)


def on_cluster(data: Path, workers: int, ways: dict[str, Callable[[dict[str, Any]], Counts]]) -> dict[str, Any]:
    """Time some ways in turn on a cluster; give their medians, what they counted, and what the event log says."""
    with tempfile.TemporaryDirectory() as folder, running_cluster(workers, 1, "4g") as cluster:
        with session_on(cluster, **settings(Path(folder))) as spark:
            frames = {kind: spark.read.parquet(str(data / f"{kind}.parquet")) for kind in KINDS}
            for work in ways.values():  # so that all is loaded
                work({kind: frame.limit(1000) for kind, frame in frames.items()})
            seconds: dict[str, list[float]] = {name: [] for name in ways}
            counts = {}
            for run in range(RUNS):
                for name, work in ways.items():
                    spark.sparkContext.setJobGroup(name if not run else "again", name)
                    began = time.perf_counter()
                    counts[name] = work(frames)
                    seconds[name].append(time.perf_counter() - began)
        (log,) = [path for path in Path(folder).iterdir() if path.is_file() and not path.name.startswith(".")]
        bytes_, memory = _read_log(log)
    return {"seconds": {name: statistics.median(found) for name, found in seconds.items()}, "counts": counts,
            "bytes": bytes_, "memory": memory}  # fmt: skip


def _read_log(log: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Read off the event log how much each job group shuffled, and the most memory that Python held meanwhile."""
    groups: dict[int, str] = {}
    bytes_, memory = Counter[str](), Counter[str]()
    for line in log.read_text("utf-8").strip("\n").split("\n"):  # plans have other ends of lines in them
        event = json.loads(line)
        match event["Event"]:
            case "SparkListenerStageSubmitted":
                group = (event.get("Properties") or {}).get("spark.jobGroup.id", "")
                groups[event["Stage Info"]["Stage ID"]] = group
            case "SparkListenerTaskEnd":
                metrics = event.get("Task Metrics", {}).get("Shuffle Write Metrics", {})
                bytes_[groups.get(event["Stage ID"], "")] += metrics.get("Shuffle Bytes Written", 0)
            case "SparkListenerStageExecutorMetrics":
                group, used = groups.get(event["Stage ID"], ""), event["Executor Metrics"]
                memory[group] = max(memory[group], used.get("ProcessTreePythonRSSMemory", 0))
    return dict(bytes_), dict(memory)


def child(data: str) -> None:
    """Tally the files in this process; print the seconds, and what was counted."""
    import ombudsman_kpi as kpi

    scheme = kpi.load_scheme("lgsco")
    began = time.perf_counter()
    given: Any = {kind: f"{data}/{kind}.parquet" for kind in KINDS}
    tally = kpi.tally(scheme, **given, as_of=large.AS_OF, every="month", targets=TARGETS)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "counts": [[*key, *found] for key, found in counts_of(tally).items()]}))


def main(cases: int = SIZES["cases"], contacts: int = SIZES["contacts"], calls: int = SIZES["calls"]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        large.write(data, cases, contacts, calls)
        alone = [json.loads(process([__file__, "alone", folder])[2]) for _ in range(RUNS)]
        ways: dict[str, Callable[[dict[str, Any]], Counts]] = {
            "library": by_library,
            "by hand": by_hand,
            "calls": calls_by_library,
        }
        two, one = (on_cluster(data, workers, ways) for workers in (2, 1))
    here = {(target, month): [met, missed] for target, month, met, missed in alone[0]["counts"]}
    agree = all(run["counts"][name] == here for run in (one, two) for name in ("library", "by hand"))
    in_process = statistics.median(item["seconds"] for item in alone)
    ours, hand = (two["seconds"][name] for name in ("library", "by hand"))
    sizes = {name: two["bytes"].get(name, 0) / 1e6 for name in ("library", "by hand")}
    used = {name: two["memory"].get(name, 0) / 1e6 for name in ("library", "by hand")}
    return [
        f"## On Spark: {cases:,} cases with {contacts:,} events, {calls:,} calls", "",
        f"A standalone cluster of pyspark {version('pyspark')}; each worker has one core and one executor, and there "
        f"are {PARTITIONS} partitions. Contact with the parties, decisions and calls, by month, from Parquet files.",
        f"Medians of {RUNS} runs, after a first run on a few rows. By hand means numpy in `mapInArrow`.", "",
        "| what | seconds, two workers | one worker | MB shuffled | MB of an executor's Python |",
        "|---|---:|---:|---:|---:|",
        *(f"| {name} | {two['seconds'][name]:.1f} | {one['seconds'][name]:.1f} | {sizes[name]:.0f} | {used[name]:.0f} |"
          for name in ("library", "by hand")),
        f"| library, in one process without Spark | {in_process:.1f} | | | |",
        f"| library, calls alone | {two['seconds']['calls']:.1f} | {one['seconds']['calls']:.1f} | "
        f"{two['bytes'].get('calls', 0) / 1e6:.1f} | {two['memory'].get('calls', 0) / 1e6:.0f} |", "",
        "| ratio | measured | goal |", "|---|---:|---:|",
        f"| time of the library, relative to the job by hand | {ours / hand:.2f} | below 2 |",
        f"| time of the library, relative to one process | {ours / in_process:.1f} | reported |",
        f"| time of one worker, relative to two (all of it shares the machine's two cores) | "
        f"{one['seconds']['library'] / ours:.2f} | reported |", "",
        f"Every count agrees: {'yes' if agree else 'NO'}.", "",
    ]  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "alone":
        child(sys.argv[2])
    else:
        print("\n".join(main(*map(int, sys.argv[1:]))))
