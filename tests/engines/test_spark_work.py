"""What an executor does, and what the driver refuses: without a cluster, and without Spark itself."""

import pickle
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import ombudsman_kpi.engines
from ombudsman_kpi import MissingLibraryError, OptionError, Scheme, load_scheme
from ombudsman_kpi.engines import spark, spark_work
from ombudsman_kpi.engines.spark_work import Layout, Work, kinds_of_columns
from ombudsman_kpi.engines.together import Feed, feeds_of
from ombudsman_kpi.records.reading import parse_readings
from ombudsman_kpi.tallies.in_memory import Options

LGSCO = load_scheme("lgsco")
CALLS = pa.RecordBatch.from_pydict({"offered_at": ["2024-01-02T09:00:00Z"] * 3, "answered_at": ["", None, "?"]})


def work_of(scheme: Scheme, **changes: Any) -> bytes:
    names = CALLS.schema.names
    work = Work(
        scheme.model_dump_json(exclude_unset=True), scheme.digest, scheme.calendar.edition,
        Options("2024-01-31", targets=["intake-calls-60s"]), {"calls": CALLS.schema},
        Feed({"calls": None}, {"intake-calls-60s"}, set()),
        Layout({"calls": {name: place for place, name in enumerate(names)}}, frozenset(), marked=False),
        {"calls": False}, {"calls": ["offered_at"]}, None, frozenset(),
    )  # fmt: skip
    return pickle.dumps(work._replace(**changes))


def rows_of(batches: Iterator[Any]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]


def test_a_partition_gives_cells_and_how_many_rows_it_had() -> None:
    rows = rows_of(spark_work.tally_partition(work_of(LGSCO), [CALLS.slice(0, 1), CALLS.slice(1, 1)]))
    assert [(row["what"], row["target"], row["status"], row["records"]) for row in rows] == [
        ("cell", "intake-calls-60s", "overdue", 2),
        ("read", "calls", "", 2),
        ("zone", "calls", "zoned", 0),
    ]


def test_any_split_of_what_needs_not_stay_together_is_tallied_in_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_work, "SHARE", 2)
    rows = rows_of(spark_work.tally_partition(work_of(LGSCO), [CALLS.slice(0, 1)] * 5))
    assert [row["records"] for row in rows if row["what"] == "cell"] == [2, 2, 1]


def test_where_a_partition_has_dates_alone_others_may_have_times() -> None:
    one_day = CALLS.set_column(0, "offered_at", pa.array(["2024-01-02"] * 3)).slice(0, 2)
    rows = rows_of(spark_work.tally_partition(work_of(LGSCO), [one_day]))
    assert [(row["status"], row["reason"]) for row in rows if row["what"] == "cell"] == [
        ("invalid", "offered_at has no time of day")
    ]
    days = one_day.set_column(0, "offered_at", pa.array([19_724] * 2, pa.int32()).cast(pa.date32()))
    rows = rows_of(spark_work.tally_partition(work_of(LGSCO, schemas={"calls": days.schema}, texts={}), [days]))
    assert [(row["what"], row["reason"][:31]) for row in rows] == [("error", "calls: offered_at has only date")]


def test_rows_of_one_id_are_marked_by_all_of_their_cells() -> None:
    ids = ["A", "A ", "B", "B", "7", "C", "7.0", "C", "7"]
    papers = [" x", "x", "y", "z", "N/A", "v", None, "v", "w"]
    table = pa.table({"c0": papers, "c1": ids, "order": [*range(9)]})
    batches = table.take([8, 3, 1, 0, 2, 4, 7, 6, 5]).to_batches(max_chunksize=2)
    content = pickle.dumps(("cases", ("papers", "Ref"), parse_readings({"cases": {"case_id": "Ref"}})["cases"]))
    marked = pa.Table.from_batches(spark_work.mark(content, batches))
    assert marked.select([0, 1, 2]) == table
    assert marked.column(3).to_pylist() == [None, "", "B", "B", "7", None, "", "", "7"]
    assert not list(spark_work.mark(content, []))


def test_an_error_is_a_row_and_the_rest_is_taken_all_the_same() -> None:
    left = iter([CALLS, CALLS, CALLS])
    (row,) = rows_of(spark_work.tally_partition(work_of(LGSCO, feed=Feed({"calls": "x"}, set(), set())), left))
    assert (row["what"], row["status"]) == ("error", "RecordsError")
    assert "calls row 2: answered_at has the form ?" in row["reason"]
    assert not list(left)


@pytest.mark.parametrize("name", ["digest", "calendar"])
def test_executors_refuse_to_measure_by_other_rules(name: str) -> None:
    (row,) = rows_of(spark_work.tally_partition(work_of(LGSCO, **{name: "another"}), [CALLS]))
    assert row["status"] == "KpiError"
    assert "Install the same versions of ombudsman-kpi and holidays on every machine" in row["reason"]


def test_executors_without_the_library_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    run = spark._executor_function("tally_partition", b"", kinds_of_columns(1))
    monkeypatch.delattr(ombudsman_kpi.engines, "spark_work")
    monkeypatch.setitem(sys.modules, "ombudsman_kpi.engines.spark_work", None)
    left = iter([CALLS])
    (row,) = rows_of(run(left))
    assert (row["what"], row["status"], row["group0"], row["records"]) == ("error", "MissingLibraryError", "", 0)
    assert "Install it on every machine" in row["reason"]
    assert not list(left)


def test_without_spark_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setattr(spark, "is_spark", lambda _: True)
    with pytest.raises(MissingLibraryError, match=r"pip install 'ombudsman-kpi\[spark\]'"):
        spark.tally_on_spark(LGSCO, {"calls": object()}, Options("2024-01-31"))


def test_what_is_tied_together_is_read_together_and_the_rest_goes_along() -> None:
    feeds = feeds_of(LGSCO.targets, (), {})
    keys = [feed.keys for feed in feeds if "cases" in feed.keys or "events" in feed.keys]
    assert keys == [{"cases": "case_id", "events": "case_id"}]
    assert "decided-or-allocated-20wd" in feeds[0].targets
    counted = [target for feed in feeds for target in feed.targets]
    assert len(counted) == len(set(counted))


def test_what_counts_once_among_cases_made_of_events_is_refused() -> None:
    scheme = LGSCO.with_target(
        "authorities", measure="count", of="cases", dated="received_at", distinct="authority", cohort="dated", says="?"
    )
    assert feeds_of([scheme["authorities"]], ("team",), {})[0] == Feed(
        {"cases": "authority"}, {"authorities"}, {"cases"}
    )
    with pytest.raises(OptionError, match="Add cases=, or leave out"):
        feeds_of([scheme["authorities"]], (), {"cases": "events"})
