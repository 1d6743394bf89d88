"""Tallies of Spark DataFrames, on a real cluster of a master and two workers, beside those of the same rows in memory.

The session shows times in one zone, the executors' clocks in another, and the scheme's is a third.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import KpiError, OptionError, RecordsError, Results, Scheme, load_scheme
from ombudsman_kpi.engines import spark_frames
from ombudsman_kpi.engines.spark import is_spark, tally_on_spark
from ombudsman_kpi.records.reading import parse_readings
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import Options, dry_run, tally_records

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "laws"))
sys.path.append(str(Path(__file__).parents[1] / "records"))
from spark_cluster import REQUIRED, Cluster, do_without, lacking, running_cluster, session_on, wait_until
from test_dirty_cells import COLUMNS as DIRTY
from test_dirty_cells import SCHEME as DIRTY_SCHEME
from test_dirty_cells import TARGETS as DIRTY_TARGETS
from test_merge_all_measures import OPTIONS, SCHEME, Maker, assert_same, tables

if (missing := lacking()) is not None:
    do_without(missing)
if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = [
    pytest.mark.xdist_group("spark"),  # one cluster, in one process
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas >= 3:FutureWarning"),
]

Frames = dict[str, Any]
LGSCO = load_scheme("lgsco")
AS_OF = Options(as_of="2024-04-30")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster(workers=2, cores=1, memory="1g", TZ="America/St_Johns") as running:
        yield running


@pytest.fixture(scope="module")
def spark(cluster: Cluster) -> "Iterator[SparkSession]":
    settings = {"spark.sql.session.timeZone": "Pacific/Auckland", "spark.sql.adaptive.enabled": "false"}
    with session_on(cluster, **settings) as session:
        yield session


@pytest.fixture(scope="module")
def all_measures(tmp_path_factory: pytest.TempPathFactory) -> Scheme:
    path = tmp_path_factory.mktemp("schemes") / "all-measures.toml"
    path.write_text(SCHEME.replace("{ id", '{ says = "Made up", id'), "utf-8")
    return load_scheme(path)


def assert_as_in_memory(scheme: Scheme, frames: Frames, options: Options) -> Counts:
    """Compare with what the library counts of the same rows, fetched from the cluster first."""
    expected = tally_records(scheme, {kind: frame.toArrow() for kind, frame in frames.items()}, options)
    found = tally_on_spark(scheme, frames, options)
    assert_same(found, expected)
    assert found.notes == expected.notes
    assert {target: dict(counts) for target, counts in found.misfits.items()} == {
        target: dict(counts) for target, counts in expected.misfits.items()
    }
    return found


def frame_of(spark: "SparkSession", table: pa.Table, partitions: int = 3) -> "DataFrame":
    """Deal rows out to partitions in turn, so that neighbours are parted."""
    size = len(table)
    order = [row for part in range(partitions) for row in range(part, size, partitions)]
    return spark.createDataFrame(table.take(order)).repartition(partitions)


# The same figures, whatever is measured.


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_measure_is_counted_as_in_memory(
    spark: "SparkSession", all_measures: Scheme, options: dict[str, Any]
) -> None:
    given = tables(Maker(4).casework())
    walls = "by" in options  # a clock on the wall, or instants that Auckland's clock shows
    spark.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ" if walls else "TIMESTAMP_LTZ")
    frames = {kind: spark.createDataFrame(table) for kind, table in given.items()}
    assert (frames["calls"].toArrow().schema.field("offered_at").type.tz is None) == walls
    found = assert_as_in_memory(all_measures, frames, Options(**options))
    assert any(found.misfits.values())
    if walls:
        assert found == tally_records(all_measures, given, Options(**options))


def test_every_target_of_lgsco_is_counted_as_in_memory(spark: "SparkSession") -> None:
    given = tables(Maker(5).casework())
    days = [value.as_py() and value.as_py().date() for value in given["requests"]["received_at"]]
    place = given["requests"].schema.get_field_index("received_at")
    given["requests"] = given["requests"].set_column(place, "received_at", pa.array(days, pa.date32()))
    texts = [f" {value.as_py():%Y-%m-%dT%H:%M:%SZ} " for value in given["calls"]["offered_at"]]
    place = given["calls"].schema.get_field_index("offered_at")
    given["calls"] = given["calls"].set_column(place, "offered_at", pa.array(texts))
    spark.conf.set("spark.sql.timestampType", "TIMESTAMP_LTZ")
    frames = {kind: frame_of(spark, table) for kind, table in given.items()}
    options = Options("2024-02-14", every=["month", None], by="team", cohort="all")
    found = assert_as_in_memory(LGSCO, frames, options)
    assert not found.unmeasured


def test_one_report_is_counted_as_in_memory(spark: "SparkSession") -> None:
    given = tables(Maker(6).casework())
    frames = {kind: spark.createDataFrame(given[kind]) for kind in ("cases", "events")}
    found = assert_as_in_memory(LGSCO, frames, Options("2024-03-31", report="commission"))
    assert "no calls were given" in found.unmeasured.values()


# Cells as exports have them, and records that are in them twice.


def dirty_cells(kind: str, style: tuple[str, str], number: int) -> pa.Table:
    """Make rows of untidy text, always the same ones, with times of one style; the first few are there twice."""
    rows: list[dict[str, Any]] = []
    row = {name: cells(style) if callable(cells) else cells for name, cells in DIRTY[kind].items()}

    @settings(max_examples=number, derandomize=True, database=None, phases=[Phase.generate])
    @given(st.fixed_dictionaries(row))
    def draw(row: dict[str, Any]) -> None:
        rows.append(row)

    draw()
    rows += rows[:9]
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in row})


@pytest.mark.parametrize("style", [("dates", ""), ("T", ""), (" ", "+01:00")], ids=["dates", "walls", "instants"])
def test_untidy_text_says_on_spark_what_it_says_in_memory(spark: "SparkSession", style: tuple[str, str]) -> None:
    kinds = [kind for kind in DIRTY if kind != "calls" or style[0] != "dates"]  # whose clock runs in seconds
    given_ = {kind: dirty_cells(kind, style, 80) for kind in kinds}
    options = Options("2024-11-30", targets=[name for kind in kinds for name in DIRTY_TARGETS.get(kind, ())], by="team")
    found = tally_on_spark(DIRTY_SCHEME, {kind: frame_of(spark, table) for kind, table in given_.items()}, options)
    expected = tally_records(DIRTY_SCHEME, {kind: table.to_pandas() for kind, table in given_.items()}, options)
    assert_same(found, expected)
    assert (found.notes, found.misfits) == (expected.notes, expected.misfits)
    reasons = {outcome.reason for block in found.blocks.values() for outcome in block.outcomes}
    assert {"the same record again", "case_id is not unique", "case_id is missing"} <= reasons


def test_a_record_that_was_read_twice_counts_once_wherever_its_rows_are(spark: "SparkSession") -> None:
    day = date(2024, 1, 2)
    case = {"received_at": day, "allocated_at": day, "decided_at": None, "investigation_started_at": day}
    cases = [{"case_id": name, **case, "papers": papers, "sent": [1]} for name, papers in [
        ("A", "x"), ("B", "x"), ("A", "x"), ("A ", "x"), ("B", "y"), ("C", "z"), ("B", "x"), (None, "x"), (None, "x"),
    ]]  # fmt: skip
    told = {"event": "contact", "at": day, "party": "complainant", "direction": "out"}
    letter = {"received_at": day, "handled_at": None, "channel": "post"}
    request = {"kind": "service-complaint", "case_id": "A", "received_at": day, "answered_at": None}
    given_ = {
        "cases": cases, "events": [{"case_id": "A", **told}],
        "written_contacts": [{"contact_id": number % 4, **letter} for number in range(10)],
        "requests": [{"request_id": "1", **request}, {"request_id": "1.0", **request}, {"request_id": "2", **request}],
    }  # fmt: skip
    frames = {kind: frame_of(spark, pa.Table.from_pylist(rows)) for kind, rows in given_.items()}
    found = assert_as_in_memory(LGSCO, frames, AS_OF)
    counted = {
        target: {
            outcome.reason: int(block.records[block.outcome == place].sum())
            for place, outcome in enumerate(block.outcomes) if outcome.status in {"excluded", "invalid"}
        }
        for (target, *_), block in found.blocks.items()
    }  # fmt: skip
    assert counted["decided-or-allocated-20wd"] == {
        "the same record again": 3, "case_id is not unique": 2, "case_id is missing": 2,
    }  # fmt: skip
    assert counted["written-contacts-3wd"]["the same record again"] == 6
    assert counted["service-complaints-20wd"]["the same record again"] == 1


def test_a_log_of_strangers_is_refused_on_spark_too(spark: "SparkSession") -> None:
    cases = pa.Table.from_pylist([{"case_id": f"{place:03}", "received_at": date(2024, 1, 2), "decided_at": None,
                                   "allocated_at": date(2024, 1, 2)} for place in range(9)])  # fmt: skip
    told = {"event": "contact", "at": date(2024, 1, 9), "party": "complainant", "direction": "out"}
    events = [{"case_id": f"{place}", **told} for place in range(9)]
    options = AS_OF._replace(targets="keep-in-touch-20wd")
    frames = {"cases": frame_of(spark, cases), "events": frame_of(spark, pa.Table.from_pylist(events))}
    with pytest.raises(RecordsError, match=r"^events: none of 9 events has the case_id of a case that was given"):
        tally_on_spark(LGSCO, frames, options)
    events += [{"case_id": "001", **told}]
    frames["events"] = frame_of(spark, pa.Table.from_pylist(events))
    found = assert_as_in_memory(LGSCO, frames, options)
    assert {str(misfit): count for misfit, count in found.misfits["keep-in-touch-20wd"].items()} == {
        "of a case that wasn't given, or of contact with no known party": 9
    }


# Ids.


def cases_of(ids: list[Any], start: datetime) -> pa.Table:
    """Make cases that are under investigation since they were received, each with a place of its own."""
    return pa.table(
        {"case_id": ids, "place": [*range(len(ids))], "received_at": [start] * len(ids),
         "allocated_at": [start] * len(ids),
         "decided_at": pa.nulls(len(ids), pa.timestamp("us"))}
    )  # fmt: skip


def test_ids_that_are_shared_missing_or_spelt_otherwise_are_found_wherever_they_are(spark: "SparkSession") -> None:
    start = datetime(2024, 1, 2, 9)  # noqa: DTZ001  (a wall clock)
    ids = ["A1", " A2", "A2 ", "A3", None, "", "\u00a0A3", "B1", "B2", None]
    cases = cases_of(ids, start)
    told = ["A1", "A1 ", "\tB1", None, "  ", "", "Z9", "A2", "B2", "B2"]
    events = {
        "case_id": told,
        "event": [
            "contact",
            "contact",
            "phoned",
            "contact",
            "contact",
            "paused",
            "contact",
            "contact",
            None,
            "delayed",
        ],
        "at": [start + timedelta(days=day) for day in range(len(told))],
        "party": ["complainant", "organisation"] * 5,
        "direction": ["out"] * 8 + ["in", None],
    }
    times = {"received_at": [start] * 5, "handled_at": [start] * 5}
    letters = pa.table({"contact_id": ["1", " 1", None, "2", "3"], "place": [*range(5)], **times})
    times = {"offered_at": [start] * 5, "answered_at": [start] * 5}
    calls = pa.table({"call_id": [7, 7, None, None, 8], "place": [*range(5)], **times})
    given = {"cases": cases, "events": pa.table(events), "written_contacts": letters, "calls": calls}
    frames = {kind: frame_of(spark, table, 4) for kind, table in given.items()}
    found = assert_as_in_memory(LGSCO, frames, AS_OF)
    assert {str(misfit): count for misfit, count in found.misfits["keep-in-touch-20wd"].items()} == {
        "without a case, a kind or a time": 4,
        "of the kind phoned": 1,
        "of the kind delayed": 1,
        "of a case that wasn't given, or of contact with no known party": 1,
    }
    reasons = {outcome.reason for block in found.blocks.values() for outcome in block.outcomes}
    assert {"case_id is not unique", "case_id is missing", "contact_id is missing", "call_id is not unique"} <= reasons


@pytest.mark.parametrize("kind", ["bigint", "double", "decimal(12,0)"])
def test_numbers_are_ids_too(spark: "SparkSession", kind: str) -> None:
    start = datetime(2024, 1, 2, 9)  # noqa: DTZ001  (a wall clock)
    cases = cases_of([1, 2, 3, 3, None], start)
    events = pa.table(
        {"case_id": ["1", " 2 ", "3", "4"], "event": ["contact"] * 4, "at": [start + timedelta(days=9)] * 4,
         "party": ["complainant"] * 4, "direction": ["out"] * 4}
    )  # fmt: skip
    numbered = frame_of(spark, cases)
    numbered = numbered.withColumn("case_id", numbered["case_id"].cast(kind))
    options = AS_OF._replace(targets=["keep-in-touch-20wd", "keep-in-touch-intervals-20wd"], by="case_id")
    found = assert_as_in_memory(LGSCO, {"cases": numbered, "events": frame_of(spark, events)}, options)
    assert sum(found.misfits["keep-in-touch-20wd"].values()) == 1


def test_too_many_shared_ids_are_an_error(spark: "SparkSession", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_frames, "TOO_MANY", 2)
    day = date(2024, 1, 2)
    rows = [
        {"request_id": str(number % 3), "kind": "review", "received_at": day, "answered_at": day} for number in range(6)
    ]
    with pytest.raises(RecordsError, match="More than 2 ids of requests occur in several records"):
        tally_on_spark(LGSCO, {"requests": spark.createDataFrame(pa.Table.from_pylist(rows))}, AS_OF)


def test_of_records_that_count_once_the_first_of_a_frame_counts(spark: "SparkSession", all_measures: Scheme) -> None:
    day = date(2024, 1, 2)
    teams = ["West", "North", "South", "East"]
    rows = [
        {"review_id": str(place), "standard": "1", "answer": "met", "reviewed_at": day, "case_id": f"C{place % 3}",
         "team": teams[place % 4]}
        for place in range(40)
    ]  # fmt: skip
    frames = {"reviews": spark.createDataFrame(pa.Table.from_pylist(rows))}
    found = assert_as_in_memory(all_measures, frames, AS_OF._replace(targets="distinct", by="team"))
    assert sum(row.met or 0 for row in Results.of(found)) == 3


def test_what_is_there_again_keeps_its_first_place(spark: "SparkSession") -> None:
    scheme = LGSCO.with_target(
        "authorities", measure="count", of="cases", dated="received_at", distinct="authority", cohort="dated", says="?"
    )
    teams = ["West", "North", "South", "East"]
    day = date(2024, 1, 2)
    rows = [
        {"case_id": f"C{place}", "received_at": day, "authority": f"A{place % 3}", "team": teams[place % 4]}
        for place in range(40)
    ]
    rows += rows[:2]  # which are the first of two authorities
    frames = {"cases": spark.createDataFrame(pa.Table.from_pylist(rows))}
    found = assert_as_in_memory(scheme, frames, AS_OF._replace(targets="authorities", by="team"))
    assert {row.group[0]: row.met for row in Results.of(found) if row.met} == {"West": 1, "North": 1, "South": 1}


# Cases that are made of events.


def log_of(maker: Maker) -> pa.Table:
    """Make a log that tells of cases' times too; only a few cases were ever valid, or allocated."""
    rows: list[dict[str, Any]] = []
    for bundle in maker.casework():
        for case in bundle.get("cases", ()):
            words = {"received": True, "decided": True, "withdrawn": True}
            words |= dict.fromkeys(("valid", "investigation_started"), case["case_id"] in {"C3", "C20"})
            rows += [
                {"case_id": case["case_id"], "event": word, "at": case[f"{word}_at"], "team": case["team"]}
                for word, tells in words.items()
                if tells and case[f"{word}_at"] is not None
            ]
            rows += [event | {"team": None} for event in bundle["events"]]
            rows += [{"case_id": case["case_id"], "event": "phoned", "at": case["received_at"]}] * (len(rows) % 3)
            rows += [{"case_id": case["case_id"], "event": "reopened", "at": case["received_at"]}] * (len(rows) % 2)
    names = ["case_id", "event", "at", "party", "direction", "reason", "team"]
    schema = pa.schema([(name, pa.timestamp("us") if name == "at" else pa.string()) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def test_cases_are_made_of_events_as_in_memory(spark: "SparkSession", all_measures: Scheme) -> None:
    log = log_of(Maker(7))
    frames = {"events": frame_of(spark, log, 5)}
    # A log has no field of its own by which limits and extensions are told apart; all delays, those too, are explained.
    own = ("extended", "complexity", "extension", "delays explained", "due_of")
    named = [it.id for it in all_measures.targets if not any(name in it.model_dump_json() for name in own)]
    options = Options("2024-04-30", targets=named, by="team", every="month")
    found = assert_as_in_memory(all_measures, frames, options)
    assert found.misfits["share-within"] == found.misfits["volume"]
    columns = {"events": {"case_id": "Fall", "event": "Was", "at": "Wann"}, "cases": {"case_id": "no such column"}}
    renamed = log.rename_columns(["Fall", "Was", "Wann", "party", "direction", "reason", "team"])
    again = tally_on_spark(
        all_measures, {"events": frame_of(spark, renamed)},
        options._replace(readings=parse_readings(columns)),
    )  # fmt: skip
    assert_same(again, found)


def test_without_a_time_of_any_case_none_are_made(spark: "SparkSession") -> None:
    log = pa.table({"case_id": ["A1", "A2"], "event": ["contact", "phoned"], "at": [date(2024, 1, 2)] * 2})
    found = assert_as_in_memory(LGSCO, {"events": frame_of(spark, log)}, AS_OF)
    assert not found.blocks


# Columns.


def test_only_the_columns_that_are_needed_are_read(
    spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tables(Maker(8).casework())
    for kind in ("cases", "events", "calls"):
        folder = str(tmp_path / kind)
        wide = spark.createDataFrame(given[kind].append_column("notes", pa.array(["private"] * len(given[kind]))))
        wide.write.parquet(folder)
    frames = {kind: spark.read.parquet(str(tmp_path / kind)) for kind in ("cases", "events", "calls")}
    plans: list[str] = []
    kind_of_frame: Any = type(frames["cases"])
    to_arrow = kind_of_frame.toArrow

    def watched(frame: Any) -> Any:
        plans.append(frame._jdf.queryExecution().toString())
        return to_arrow(frame)

    monkeypatch.setattr(kind_of_frame, "toArrow", watched)
    spark.conf.set("spark.sql.maxMetadataStringLength", "10000")
    targets = ["keep-in-touch-20wd", "intake-calls-60s"]
    options = AS_OF._replace(targets=targets)
    tally_on_spark(LGSCO, frames, options)
    _, needed = dry_run(LGSCO, {kind: table.schema for kind, table in given.items() if kind in frames}, options)
    read = {part for plan in plans for part in re.findall(r"ReadSchema: struct<([^>]*)>", plan)}
    columns = {frozenset(item.split(":")[0] for item in part.split(",")) for part in read}
    assert columns == {frozenset({"call_id"}), frozenset({"case_id"}), *map(frozenset, needed.values())}
    assert not frozenset({"notes", "team", "decision"}) & frozenset[str]().union(*columns)


def test_names_of_columns_are_taken_as_they_are(spark: "SparkSession", tmp_path: Path) -> None:
    cases = pa.table(
        {"Date.received": ["02/01/2024", "03/01/2024"], "case id": ["A1", "A2"], "Team": ["N", "S"], "team": ["n", "s"],
         "`odd`": ["02/02/2024", None], "decided_at": ["05/01/2024", ""], "void": [None, None]}
    )  # fmt: skip
    mapping = tmp_path / "columns.toml"
    mapping.write_text(
        '[columns.cases]\nreceived_at = "Date.received"\ncase_id = "case id"\nallocated_at = "`odd`"\n'
        '[dates]\ncases = "%d/%m/%Y"\n'
    )
    spark.conf.set("spark.sql.caseSensitive", "true")
    frames = {"cases": spark.createDataFrame(cases)}
    spark.conf.unset("spark.sql.caseSensitive")
    options = AS_OF._replace(
        readings=parse_readings(str(mapping)), by=["Team", "team"], targets="decided-or-allocated-20wd"
    )
    seen: list[tuple[str, int]] = []
    found = tally_on_spark(LGSCO, frames, options, lambda kind, rows: seen.append((kind, rows)))
    assert_same(found, tally_records(LGSCO, {"cases": cases}, options))
    assert seen == [("cases", 2)]


# What goes wrong.


def test_a_bad_cell_is_named_as_in_memory_but_for_its_row(spark: "SparkSession", all_measures: Scheme) -> None:
    cases = pa.table({"case_id": ["A1", "A2"], "received_at": ["2024-01-02", "Smith's 3rd"], "decided_at": ["", ""]})
    options = AS_OF._replace(targets="volume")
    with pytest.raises(RecordsError) as expected:
        tally_records(all_measures, {"cases": cases}, options)
    with pytest.raises(RecordsError) as found:
        tally_on_spark(all_measures, {"cases": frame_of(spark, cases)}, options)
    assert str(found.value) == str(expected.value).replace(" row 1", "")
    assert "Smith" not in str(found.value)
    assert "java" not in str(found.value)
    assert found.value.__cause__ is None


def test_zones_that_differ_between_partitions_are_an_error(spark: "SparkSession", all_measures: Scheme) -> None:
    times = ["2024-01-02T09:00:00Z", "2024-01-02", None, "2024-01-03T09:00:00"]
    cases = pa.table({"case_id": ["A1", "A2", "A3", "A4"], "received_at": times})
    one, *others = (spark.createDataFrame(cases.slice(row, 1)) for row in range(4))
    frame = one
    for other in others:
        frame = frame.unionAll(other)
    with pytest.raises(RecordsError, match="cases: received_at holds times with a zone and times without one"):
        tally_on_spark(all_measures, {"cases": frame}, AS_OF._replace(targets="volume"))


def test_what_can_be_known_beforehand_is_said_before_anything_runs(spark: "SparkSession") -> None:
    spark.sparkContext.setJobGroup("refused", "nothing runs")
    day = [date(2024, 1, 2)]
    calls = spark.createDataFrame(pa.table({"call_id": ["1"], "answered_at": day}))
    cases = pa.table({"case_id": ["A1"], "received_at": day, "decided_at": day, "allocated_at": day})
    with pytest.raises(RecordsError, match="calls has no column 'offered_at'"):
        tally_on_spark(LGSCO, {"calls": calls}, AS_OF)
    with pytest.raises(OptionError, match="There is no period 'fortnight'"):
        tally_on_spark(LGSCO, {"calls": calls}, AS_OF._replace(every="fortnight"))
    with pytest.raises(RecordsError, match="None of the records have a column 'office'"):
        tally_on_spark(LGSCO, {"cases": spark.createDataFrame(cases)}, AS_OF._replace(by="office"))
    with pytest.raises(OptionError, match="cases aren't Spark DataFrames, but other records are"):
        tally_on_spark(LGSCO, {"calls": calls, "cases": cases, "events": None}, AS_OF)
    assert not spark.sparkContext.statusTracker().getJobIdsForGroup("refused")
    spark.sparkContext.setJobGroup("others", "of other tests")
    assert is_spark(calls)
    assert not is_spark(cases)
    assert issubclass(RecordsError, KpiError)


# Much of one case, and a cluster that loses a part.


def test_a_case_with_a_million_events_is_counted_as_in_memory(spark: "SparkSession", cluster: Cluster) -> None:
    from pyspark.sql import functions as f

    number = f.col("id")
    day = f.date_add(f.lit(date(2023, 1, 2)), (number % 400).cast("int"))
    events = spark.range(1_000_000, numPartitions=4).select(
        f.when(number % 100 == 0, f.concat(f.lit("C"), number % 7)).otherwise("C1").alias("case_id"),
        f.lit("contact").alias("event"), day.cast("timestamp").alias("at"), f.lit("out").alias("direction"),
        f.when(number % 2 == 0, "complainant").otherwise("organisation").alias("party"),
        f.repeat(f.lit("a long note "), 20).alias("notes"),
    )  # fmt: skip
    cases = cases_of([f"C{place}" for place in range(9)], datetime(2023, 1, 1, 9))  # noqa: DTZ001  (a wall clock)
    frames = {"cases": spark.createDataFrame(cases), "events": events}
    targets = ["keep-in-touch-20wd", "keep-in-touch-intervals-20wd", "delays-explained"]
    assert_as_in_memory(LGSCO, frames, AS_OF._replace(targets=targets))


def test_a_worker_that_is_killed_changes_nothing(spark: "SparkSession", cluster: Cluster, tmp_path: Path) -> None:
    given = tables(Maker(9).casework())
    kinds = ("cases", "events")
    expected = tally_records(LGSCO, {kind: spark.createDataFrame(given[kind]).toArrow() for kind in kinds}, AS_OF)
    folder = str(tmp_path)

    def waiting(batches: Iterator[Any]) -> Iterator[Any]:
        """Say that a partition has begun, and go on when the test says so."""
        marker = Path(folder) / f"begun-{os.getpid()}"
        marker.touch()
        while not (Path(folder) / "go").exists():
            time.sleep(0.05)
        yield from batches

    frames = {kind: spark.createDataFrame(given[kind]).repartition(4) for kind in kinds}
    frames["events"] = frames["events"].mapInArrow(waiting, frames["events"].schema)
    found: list[Counts] = []
    job = threading.Thread(target=lambda: found.append(tally_on_spark(LGSCO, frames, AS_OF)))
    job.start()
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) >= 2, "The job")
    cluster.kill_worker(0)
    (tmp_path / "go").touch()
    job.join(120)
    assert_same(found[0], expected)
    assert found[0].misfits == expected.misfits
    assert any(found[0].misfits.values())
    cluster.add_worker(1, "1g")


def test_the_tests_are_skipped_without_a_cluster_but_where_there_has_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^There is none\.$"):
        do_without("There is none")
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match=f"^There is none, and {REQUIRED} is set"):
        do_without("There is none")
