"""Records that come as many files, as batches, or are worked out while they are read; and what can go wrong then."""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from ombudsman_kpi import OptionError, RecordsError, Tally, load_scheme, tally
from ombudsman_kpi.arrays import fingerprints, threads
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.sources.opening import open_source
from ombudsman_kpi.records.sources.source import Source

DATA = Path(__file__).parents[2] / "examples" / "data"
AS_OF = "2024-03-31"
LGSCO = load_scheme("lgsco")
TIMES = ["received_at", "valid_at", "allocated_at", "decided_at", "withdrawn_at"]


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    frame = pd.read_csv(DATA / "cases.csv", dtype="str")[["case_id", *TIMES, "team"]].sample(frac=1, random_state=7)
    return frame.assign(**{name: pd.to_datetime(frame[name], format="ISO8601") for name in TIMES})


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    frame = pd.read_csv(DATA / "events.csv", dtype="str")
    return frame.assign(at=pd.to_datetime(frame["at"], format="ISO8601"))


@pytest.fixture(scope="module")
def whole(cases: pd.DataFrame, events: pd.DataFrame) -> Tally:
    return counted(cases, pa.Table.from_pandas(events))


def with_a_shared_id(cases: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([cases, cases.iloc[[0]].assign(authority="Elsewhere")])


@pytest.fixture(scope="module")
def whole_with_a_shared_id(cases: pd.DataFrame) -> Tally:
    return counted(with_a_shared_id(cases))


def counted(cases: Any, events: Any = None, **options: Any) -> Tally:
    return tally(LGSCO, cases=cases, events=events, as_of=AS_OF, every="quarter", by="team", **options)


def table_of(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def pieces(frame: pd.DataFrame, size: int = 700) -> list[pd.DataFrame]:
    return [frame.iloc[first : first + size] for first in range(0, len(frame), size)]


def as_files(frame: pd.DataFrame, folder: Path) -> str:
    for place, piece in enumerate(pieces(frame)):
        pq.write_table(table_of(piece), folder / f"part-{place:02}.parquet", row_group_size=300)
    return str(folder / "part-*.parquet")


def as_csv_files(frame: pd.DataFrame, folder: Path) -> Path:
    for place, piece in enumerate(pieces(frame)):
        piece.to_csv(folder / f"{place}.csv", index=False)
    return folder / "*.csv"


FORMS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "a pattern of Parquet files": as_files,
    "a pattern of CSV files": as_csv_files,
    "a list of frames": lambda frame, _: pieces(frame),
    "a generator of frames": lambda frame, _: (piece for piece in pieces(frame)),
    "a generator of Arrow tables": lambda frame, _: map(table_of, pieces(frame)),
    "a generator of Polars frames": lambda frame, _: map(pl.from_pandas, pieces(frame)),
    "a generator of rows": lambda frame, _: iter(frame.to_dict("records")),
    "an Arrow reader": lambda frame, _: table_of(frame).to_reader(max_chunksize=500),
    "a DuckDB relation": lambda frame, _: duckdb.connect().from_arrow(table_of(frame)),
    "a lazy frame": lambda frame, _: pl.from_pandas(frame).lazy(),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_gives_the_tally_of_the_whole(
    form: str, cases: pd.DataFrame, events: pd.DataFrame, whole: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", 1000)
    for name in ("cases", "events"):
        (tmp_path / name).mkdir()
    found = counted(FORMS[form](cases, tmp_path / "cases"), FORMS[form](events, tmp_path / "events"))
    assert found == whole
    assert found.misfits == whole.misfits


@pytest.mark.parametrize("form", list(FORMS))
def test_a_shared_id_is_seen_across_batches(
    form: str, cases: pd.DataFrame, whole_with_a_shared_id: Tally, tmp_path: Path
) -> None:
    twice = with_a_shared_id(cases)
    found = counted(FORMS[form](twice, tmp_path))
    assert sum(row.invalid or 0 for row in found.results()["decided-or-allocated-20wd"].rows) == 2
    assert found == whole_with_a_shared_id


def test_what_comes_only_once_leaves_nothing_on_the_disk(
    cases: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def broken() -> Iterator[pd.DataFrame]:
        yield from pieces(cases)[:3]
        raise KeyboardInterrupt

    counted(iter(pieces(cases)))
    with pytest.raises(KeyboardInterrupt):
        counted(broken())
    assert list(tmp_path.iterdir()) == []


def test_only_the_columns_that_are_needed_are_read() -> None:
    asked: list[pl.Series] = []
    connection = duckdb.connect()
    wide = connection.sql(
        "select 'C' || range as case_id, date '2024-01-02' as received_at, null::date as decided_at, "
        "null::date as allocated_at, error('read') as notes from range(10)"
    )
    assert tally(LGSCO, cases=wide, as_of=AS_OF, targets="decided-or-allocated-20wd").results().rows[0].records == 10
    lazy = pl.DataFrame({"case_id": ["A"], "received_at": ["2024-01-02"], "decided_at": [None], "allocated_at": [None]})

    def note(cells: pl.Series) -> pl.Series:
        asked.append(cells)
        return cells

    noted = pl.lit(1).map_batches(note, return_dtype=pl.Int64)
    spied = lazy.lazy().with_columns(noted.alias("notes"))
    tally(LGSCO, cases=spied, as_of=AS_OF, targets="decided-or-allocated-20wd")
    assert asked == []


def test_a_reader_without_rows_is_no_records() -> None:
    schema = pa.schema([("case_id", pa.string()), *((name, pa.date32()) for name in TIMES), ("team", pa.string())])
    assert counted(schema.empty_table()) == Tally.zero()
    nothing = pa.RecordBatch.from_pylist([], schema)
    assert counted(pa.RecordBatchReader.from_batches(schema, [nothing])) == Tally.zero()


def test_an_arrow_reader_without_any_batch_was_read_before() -> None:
    read = pa.table({"case_id": ["A1"], "received_at": ["2024-03-28"], "decided_at": ["2024-04-05"]}).to_reader()
    read.read_all()
    with pytest.raises(RecordsError, match=r"RecordBatchReader.*read before.*empty_table\(\)"):
        counted(read)
    with pytest.raises(RecordsError, match=r"cases are given as tuple_iterator, which gives nothing: .* read before"):
        counted(iter(()))


# What is wrong with one of many


def test_a_column_that_one_file_lacks_is_an_error_that_names_the_file(cases: pd.DataFrame, tmp_path: Path) -> None:
    pattern = as_files(cases, tmp_path)
    pq.write_table(table_of(pieces(cases)[1].drop(columns="decided_at")), tmp_path / "part-01.parquet")
    with pytest.raises(RecordsError, match=r"^part-01.parquet has no column 'decided_at', which others of part-\*"):
        counted(pattern)


@pytest.mark.parametrize("with_more", [True, False])
def test_batches_with_other_columns_are_refused(cases: pd.DataFrame, *, with_more: bool) -> None:
    first, second, third = pieces(cases)[:3]
    other = third.assign(extra=1) if with_more else third.drop(columns="valid_at")
    with pytest.raises(RecordsError, match=r"^cases batch 2 (has|lacks) the column '(extra|valid_at)', unlike those"):
        counted(iter([first, second, other]))
    if not with_more:
        with pytest.raises(RecordsError, match="cases batch 2 has no column 'valid_at', which others"):
            counted([first, second, other])


def test_a_corrupt_file_is_named_with_its_row_group(cases: pd.DataFrame, tmp_path: Path) -> None:
    pattern = as_files(cases, tmp_path)
    path = tmp_path / "part-02.parquet"
    group = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    begin = group.dictionary_page_offset or group.data_page_offset
    content[begin : begin + group.total_compressed_size] = b"\xff" * group.total_compressed_size
    path.write_bytes(bytes(content))
    with pytest.raises(RecordsError, match=r"part-02.parquet can't be read in row group 1: "):
        counted(pattern)


def test_a_short_row_is_named_with_its_file_and_line(cases: pd.DataFrame, tmp_path: Path) -> None:
    pattern = as_csv_files(cases, tmp_path)
    lines = (tmp_path / "3.csv").read_text().splitlines()
    lines[5] = lines[5].rsplit(",", 2)[0]
    (tmp_path / "3.csv").write_text("\n".join(lines))
    with pytest.raises(RecordsError, match=r"3.csv can't be read: Expected 7 columns, but a row has 5 \(Row #6\)"):
        counted(pattern)


def test_a_bad_cell_is_named_with_its_file_and_its_row_there(cases: pd.DataFrame, tmp_path: Path) -> None:
    pattern = as_csv_files(cases, tmp_path)
    frame = pd.read_csv(tmp_path / "2.csv", dtype="str")
    frame.loc[4, "received_at"] = "last Friday"
    frame.to_csv(tmp_path / "2.csv", index=False)
    with pytest.raises(RecordsError, match=r"^cases \(2.csv\) row 4: received_at has the form aaaa"):
        counted(pattern)


def test_patterns_and_folders_that_name_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"cases: there is no file .*\*.parquet"):
        counted(tmp_path / "*.parquet")
    with pytest.raises(RecordsError, match=r"is a folder. Name its files by a pattern: .*\*.parquet"):
        counted(tmp_path)


def test_a_library_that_stops_is_one_clear_error_without_contents(cases: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.sql("create table wide as select null::date as decided_at, null::date as allocated_at, 'x' as team")
    wrong = connection.sql("select 'secret' as case_id, 'secret'::date as received_at, * from wide")
    with pytest.raises(RecordsError, match=r"cases can't be read: DuckDB stopped with ConversionException") as caught:
        counted(wrong, targets="decided-or-allocated-20wd")
    assert "secret" not in str(caught.value)
    lazy = pl.from_pandas(cases).lazy().with_columns(pl.col("team").cast(pl.Int64).alias("case_id"))
    with pytest.raises(RecordsError, match=r"cases can't be read: Polars stopped with InvalidOperationError"):
        counted(lazy)


def test_a_full_disk_is_one_clear_error(cases: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(RecordsError, match=r"There is no room for temporary files in .*: No space left on device"):
        counted(iter(pieces(cases)))


def test_two_relations_of_one_connection_are_read_side_by_side(
    cases: pd.DataFrame, events: pd.DataFrame, whole: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", 500)
    connection = duckdb.connect()
    assert counted(connection.from_arrow(table_of(cases)), connection.from_arrow(table_of(events))) == whole


def test_rows_that_change_places_from_one_reading_to_the_next_are_read_once(
    cases: pd.DataFrame, events: pd.DataFrame, whole: Tally
) -> None:
    connection = duckdb.connect()
    connection.register("c", table_of(cases))
    relation = connection.sql("select * from c order by random()")
    assert counted(relation, events) == whole
    lazy = pl.from_pandas(cases).lazy().map_batches(lambda frame: frame.sample(fraction=1, shuffle=True))
    assert counted(lazy, events) == whole
    assert counted(relation, events, memory="1 GB") == whole


def test_columns_of_text_read_as_codes_are_read_as_the_same_text(tmp_path: Path) -> None:
    kinds = ["upheld", " upheld ", "", None, "not-upheld", "UPHELD"] * 300
    table = pa.table(
        {
            "case_id": [f"C{place:05}" for place in range(len(kinds))], "received_at": ["2024-01-02"] * len(kinds),
            "decided_at": ["2024-01-09"] * len(kinds), "decision": kinds, "team": [" North", "North", None] * 600,
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "cases.parquet")
    pv.write_csv(table, tmp_path / "cases.csv")
    scheme = load_scheme("tower-hamlets")
    options: dict[str, Any] = {"as_of": AS_OF, "by": ["team", "decision"]}
    first, second = (tally(scheme, cases=tmp_path / f"cases.{kind}", **options) for kind in ("parquet", "csv"))
    assert first == second == tally(scheme, cases=table, **options)
    assert len({group for block in first.blocks.values() for group in block.groups}) > 4


# Within some memory


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave so little room that a few thousand rows are dealt out to several parts."""
    monkeypatch.setattr("ombudsman_kpi.engines.parts._ALWAYS", (512 << 20) - (200 << 10))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("form", ["a pattern of CSV files", "a generator of Arrow tables", "a DuckDB relation"])
def test_parts_on_the_disk_give_the_tally_of_the_whole(
    form: str, cases: pd.DataFrame, events: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stray = events.iloc[[0, 1]].assign(case_id=["nobody", ""])
    cases, events = pd.concat([cases, cases.iloc[[0]]]), pd.concat([events, stray])
    for name in ("cases", "events"):
        (tmp_path / name).mkdir()
    given = [FORMS[form](frame, tmp_path / name) for name, frame in (("cases", cases), ("events", events))]
    steps: list[tuple[str, int]] = []
    found = counted(*given, memory="512 MB", progress=lambda kind, rows: steps.append((kind, rows)))
    expected = counted(table_of(cases), table_of(events))
    assert (found, found.misfits) == (expected, expected.misfits)
    for kind, frame in (("cases", cases), ("events", events)):
        assert max(rows for name, rows in steps if name == kind) == len(frame)
        assert steps.count((kind, len(frame))) >= 2  # while they are dealt out, and while they are counted
    assert not [path for path in tmp_path.iterdir() if path.name not in {"cases", "events"}]


def test_a_part_that_has_dates_alone_is_judged_by_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ombudsman_kpi.engines.parts._ALWAYS", (512 << 20) - 400)
    hours: dict[str, Any] = {"of": "cases", "start": "received_at", "stop": "decided_at", "limit": "48 hours"}
    scheme = load_scheme("lgsco").with_target("hours", **hours, says="In two days", cohort="received")
    plain = {"allocated_at": "2024-03-28", "decided_at": "2024-03-29T09:00"}
    rows = pd.DataFrame([{"case_id": f"C{place}", "received_at": "2024-03-28", **plain} for place in range(12)])
    told = pd.DataFrame([{"case_id": "C1", "event": "contact", "at": "2024-04-02", "party": "complainant",
                          "direction": "out"}])  # fmt: skip
    options: dict[str, Any] = {"as_of": "2024-05-31", "targets": ["hours", "keep-in-touch-20wd"], "events": told}
    with pytest.raises(RecordsError, match="received_at has only dates"):
        tally(scheme, cases=rows, **options, memory="512 MB")
    rows.loc[3, "received_at"] = "2024-03-28T09:00"
    found = tally(scheme, cases=rows, **options, memory="512 MB")
    assert found == tally(scheme, cases=rows, **options)
    (row,) = found.results()["hours"].rows
    assert (row.met, row.invalid) == (1, 11)


@pytest.mark.usefixtures("small_parts")
def test_records_that_are_not_found_again_in_their_parts_are_an_error(
    cases: pd.DataFrame, events: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    with pytest.raises(RecordsError, match="Some records are missing from the temporary files"):
        counted(cases, events, memory="512 MB")


@pytest.mark.usefixtures("small_parts")
def test_what_is_wrong_in_a_part_is_said_without_its_row(cases: pd.DataFrame, events: pd.DataFrame) -> None:
    wrong = table_of(events).set_column(
        events.columns.get_loc("at"), "at", pa.array(["2024-01-02"] * (len(events) - 1) + ["last Friday"])
    )
    with pytest.raises(RecordsError, match=r"^events( \(.*\))?: at has the form aaaa aaaaaa"):
        counted(cases, wrong, memory="512 MB")


def few(names: list[Any], day: str = "2024-03-01", **more: Any) -> pa.Table:
    """Make a few cases, decided in time."""
    size = len(names)
    return pa.table({"case_id": names, "received_at": [day] * size, "decided_at": [day] * size, **more})


TINY: dict[str, Any] = {"as_of": AS_OF, "targets": "keep-in-touch-20wd"}


@pytest.fixture
def tiny_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave so little room that two rows are dealt out to different parts."""
    monkeypatch.setattr("ombudsman_kpi.engines.parts._ALWAYS", (512 << 20) - (20 << 10))


def touched(cases: list[pa.Table], **options: Any) -> list[Tally]:
    """Tally cases with an event each, all at once and in parts."""
    ids = [str(name) for table in cases for name in table["case_id"].to_pylist()]
    events = pa.table(
        {"case_id": ids, "event": ["contact"] * len(ids), "at": ["2024-03-01"] * len(ids),
         "party": ["complainant"] * len(ids), "direction": ["out"] * len(ids)}
    )  # fmt: skip
    plain = [table.append_column("allocated_at", table["received_at"]) for table in cases]
    targets = ["keep-in-touch-20wd", "decided-or-allocated-20wd"]
    return [
        tally(LGSCO, cases=plain, events=events, as_of=AS_OF, targets=targets, memory=memory, **options)
        for memory in (None, "512 MB")
    ]


@pytest.mark.usefixtures("tiny_parts")
def test_batches_of_several_types_mean_the_same_in_parts() -> None:
    numbers = pa.array(range(1000, 1300), pa.int64())
    texts = pa.array([f"0{number}" for number in range(300)])
    nothing = few([f"N{number}" for number in range(300)]).set_column(2, "decided_at", pa.nulls(300))
    whole, parts = touched([nothing, few(numbers), few(texts)])
    assert whole == parts
    assert sum(row.records or 0 for row in whole.results().rows) == 1800


@pytest.mark.usefixtures("tiny_parts")
def test_times_with_and_without_a_zone_are_refused_in_whichever_parts_they_are() -> None:
    zoned = few([f"A{number}" for number in range(300)], "2024-03-01T10:00:00Z")
    naive = few([f"B{number}" for number in range(300)], "2024-03-01T10:00:00")
    given = [item.append_column("allocated_at", item["received_at"]) for item in (zoned, naive)]
    events = pa.table({name: pa.array([], pa.string()) for name in EVENT})
    for memory in (None, "512 MB"):
        with pytest.raises(RecordsError, match=r"with a zone and times without one|has no zone, but others"):
            tally(LGSCO, cases=given, events=events, as_of=AS_OF, targets="delays-explained", memory=memory)


EVENT = ("case_id", "event", "at", "party", "direction", "reason")


@pytest.mark.usefixtures("tiny_parts")
def test_names_that_differ_in_their_case_and_names_that_nobody_asks_for() -> None:
    table = few([f"A{number}" for number in range(600)], team=["North"] * 600, Team=["South"] * 600)
    whole, parts = touched([table], by=["team", "Team"], columns={"cases": {"authority": "Team"}})
    assert whole == parts
    assert {group for block in parts.blocks.values() for group in block.groups} == {("North", "South")}


@pytest.mark.usefixtures("tiny_parts")
def test_an_interruption_while_records_are_dealt_out_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from ombudsman_kpi.engines import parts

    def interrupted(*_: object) -> Iterator[Any]:
        numbers = pa.array([0], pa.int32())
        yield pa.record_batch([numbers, numbers], names=["column0", "ombudsman_kpi_part"])
        raise KeyboardInterrupt

    monkeypatch.setattr(parts, "_numbered", interrupted)
    with pytest.raises(KeyboardInterrupt):
        touched([few([f"A{number}" for number in range(600)])])


def test_options_that_can_be_read_only_once(cases: pd.DataFrame) -> None:
    lazy = pl.from_pandas(cases).lazy()
    once: dict[str, Any] = {"targets": iter(["investigation-13w"]), "every": iter(["month", "year"])}
    found = tally(LGSCO, cases=lazy, as_of=AS_OF, **once)
    assert found == tally(LGSCO, cases=cases, as_of=AS_OF, targets="investigation-13w", every=["month", "year"])


MIXED: dict[str, list[Any]] = {
    "a date and a time": [date(2024, 3, 1), datetime(2024, 3, 1, 17, 30)],  # noqa: DTZ001
    "times with and without a zone": [datetime(2024, 3, 1), datetime(2024, 3, 1, tzinfo=UTC)],  # noqa: DTZ001
    "whole numbers and others": [1, 1.0],
    "a number beyond all": [1, 2**70],
}


@pytest.mark.parametrize("cells", MIXED.values(), ids=list(MIXED))
def test_a_column_of_several_kinds_in_a_batch_that_comes_once_is_read_as_the_frame_itself(cells: list[Any]) -> None:
    frame = pd.DataFrame({"case_id": ["A", "B"], "received_at": ["2024-03-01"] * 2, "decided_at": None})
    frame["received_at" if isinstance(cells[0], date) else "case_id"] = pd.Series(cells, dtype=object)
    frame["allocated_at"] = None
    options: dict[str, Any] = {"targets": "decided-or-allocated-20wd", "as_of": AS_OF}
    try:
        whole = tally(LGSCO, cases=frame, **options)
    except RecordsError as error:
        with pytest.raises(RecordsError, match=re.escape(str(error).split(": ", 1)[1])):
            tally(LGSCO, cases=iter([frame]), **options)
    else:
        assert tally(LGSCO, cases=iter([frame]), **options) == whole


@pytest.mark.parametrize("row", [0, 49, 99])
def test_a_quotation_mark_that_is_never_closed_swallows_no_rows(tmp_path: Path, row: int) -> None:
    head = "case_id,received_at,decided_at,allocated_at,notes"
    lines = [f"A{place},2024-03-01,,,note {place}" for place in range(100)]
    lines[row] = f'A{row},2024-03-01,,,"note'
    path = tmp_path / "cases.csv"
    path.write_text("\n".join([head, *lines]))
    with pytest.raises(RecordsError, match=rf"quotation mark in the row that begins in line {row + 2} is never closed"):
        tally(LGSCO, cases=path, as_of=AS_OF)
    lines[row] = f'A{row},2024-03-01,,,a pipe of 5" and "quotes"'
    path.write_text("\n".join([head, *lines]))
    found = tally(LGSCO, cases=path, as_of=AS_OF, targets="decided-or-allocated-20wd").results().rows
    assert [item.records for item in found] == [100]


def test_cases_whose_fingerprints_meet_keep_their_own_contacts(monkeypatch: pytest.MonkeyPatch) -> None:
    strong = fingerprints.fingerprints

    def weak(texts: Any, mixes: Any = (0,)) -> list[Any]:
        found = strong(texts, (fingerprints.MIX, fingerprints._OTHER_MIX))
        return [found[0] * 0 + (5 << 40), found[1]][: len(mixes)]

    cases = pa.table(
        {"case_id": ["A", "B", "C"], **{name: ["2024-01-02"] * 3 for name in ("received_at", "allocated_at")},
         "decided_at": ["2024-02-20"] * 3}
    )  # fmt: skip
    days = ["2024-01-20", "2024-02-10"]
    events = pa.table(
        {"case_id": ["C"] * 4, "event": ["contact"] * 4, "at": days * 2, "direction": ["out"] * 4,
         "party": ["complainant"] * 2 + ["organisation"] * 2}
    )  # fmt: skip
    expected = tally(LGSCO, cases=cases, events=events, by="case_id", **TINY)
    monkeypatch.setattr(fingerprints, "fingerprints", weak)
    assert tally(LGSCO, cases=cases, events=events, by="case_id", **TINY) == expected
    assert {row.group: row.met for row in expected.results().rows}[("C",)] == 1


def test_cases_are_of_one_id_only_where_their_whole_ids_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "fingerprints", lambda texts, mixes: [np.full(len(texts), 5, np.uint64)] * 2)
    days = dict.fromkeys(("received_at", "allocated_at", "decided_at"), ["2024-01-02"] * 5)
    cases = pa.table({"case_id": ["A", "B", "C", "B", None], "team": [*"NNNSN"], **days})
    events = pa.table({name: pa.array([], pa.string()) for name in EVENT})
    for given in (cases, [cases.slice(0, 2), cases.slice(2)]):
        found = tally(LGSCO, cases=given, events=events, as_of=AS_OF, targets="keep-in-touch-20wd").results().rows
        assert [(row.records, row.invalid) for row in found] == [(5, 3)]


@pytest.mark.parametrize("size", ["2 GB", "2gb", "2GiB", 2 << 30, "2048MB"])
def test_sizes_are_read(size: Any) -> None:
    from ombudsman_kpi.engines.parts import parse_memory

    assert parse_memory(size) == 2 << 30


@pytest.mark.parametrize("size", ["much", "", -1, "1 XB", True, "100 MB", 1, "9" * 400 + " GB", 10**400])
def test_sizes_that_are_none_or_too_small(cases: pd.DataFrame, size: Any) -> None:
    with pytest.raises(OptionError, match=r"^memory= is"):
        counted(cases, memory=size)


def test_cases_made_of_events_have_to_be_made_first(events: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="With memory=, cases can't be built from events"):
        counted(None, events, memory="1 GB")


@pytest.mark.usefixtures("small_parts")
def test_a_disk_that_fills_up_while_records_are_dealt_out(
    cases: pd.DataFrame, events: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = duckdb.connect

    class Full:
        """A connection whose disk is full."""

        def __init__(self, **settings: Any) -> None:
            self.real = connect(**settings)

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self.real.close()

        def register(self, *_: object) -> None:
            pass

        def execute(self, _: str) -> None:
            raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    monkeypatch.setattr(duckdb, "connect", Full)
    with pytest.raises(RecordsError, match=r"There is no room for temporary files .*No space left on device.*TMPDIR"):
        counted(cases, table_of(events), memory="512 MB")


def test_times_and_ids_in_parquet_are_read_without_loading_pandas(cases: pd.DataFrame, tmp_path: Path) -> None:
    """It takes longer to load than a million records to count."""
    pq.write_table(pa.Table.from_pandas(cases, preserve_index=False), tmp_path / "cases.parquet")
    program = (
        "import sys, ombudsman_kpi as kpi\n"
        "found = kpi.tally(kpi.load_scheme('lgsco'), cases='cases.parquet', targets='decided-or-allocated-20wd',\n"
        f"                  as_of={AS_OF!r})\n"
        "print(sum(row.records or 0 for row in found.results().rows), 'pandas' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(cases)), "False"]


ROWS = 4000


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("batch", [0, 3, 20])
@pytest.mark.parametrize("kind", ["cases", "events"])
def test_a_bad_row_is_told_before_the_rest_is_read(
    kind: str, batch: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in the first batch before anything else is read; a later one when its batch is reached."""
    monkeypatch.setattr(source, "BATCH", 100)
    monkeypatch.setattr(threads, "WORKERS", workers)
    times = [f"2024-01-{1 + row % 28:02}" for row in range(ROWS)]
    bad = list(times)
    bad[100 * batch + 5] = "04/05/2024"
    ids = [f"C{row * 7919 % ROWS}" for row in range(ROWS)]  # in no order, so that all are looked at
    records = {
        "cases": {"case_id": ids, "received_at": times, "valid_at": times, "allocated_at": times, "decided_at": times},
        "events": {"case_id": ids, "event": ["contact"] * ROWS, "at": times, "party": ["complainant"] * ROWS,
                   "direction": ["out"] * ROWS},
    }  # fmt: skip
    records[kind]["received_at" if kind == "cases" else "at"] = bad
    read: Counter[tuple[str, str]] = Counter()  # batches, by kind of records and column

    def counting(name: str) -> Source:
        opened = open_source(name, pa.table(records[name]), {})

        def batches(wanted: list[str]) -> Iterator[Any]:
            for columns in opened.read(wanted):
                read.update((name, column) for column in wanted)
                yield columns

        return opened._replace(read=batches)

    with pytest.raises(RecordsError, match=f"{kind} row {100 * batch + 5}:"):
        tally(LGSCO, cases=counting("cases"), events=counting("events"), as_of=AS_OF)
    if batch == 0:  # the columns are looked at first, in a table without rows
        assert max(read.values()) == 1, read
    assert read[kind, "received_at" if kind == "cases" else "at"] <= batch + 2 + workers + 2, read
