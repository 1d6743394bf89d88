"""Records that can be read only once: taken as far as they are read, and never silently empty at a second reading."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources import csv_files, rows, source

LGSCO = kpi.load_scheme("lgsco")
OPTIONS: dict[str, Any] = {"as_of": "2024-12-31", "targets": "decided-or-allocated-20wd"}
BATCH = 100
BATCHES = 50


def row(place: int, **changes: Any) -> dict[str, Any]:
    return {
        "case_id": f"C{place}", "received_at": "2024-03-28", "decided_at": "2024-04-29", "allocated_at": None, **changes
    }  # fmt: skip


def table(number: int, **changes: Any) -> pa.Table:
    """Give a table of some cases; ``changes`` are of row 5."""
    cases = [row(place) for place in range(number)]
    cases[5] |= changes
    schema = pa.schema([(name, pa.string()) for name in cases[0]])
    return pa.Table.from_pylist(cases, schema)


MEASURES: list[Callable[..., Any]] = [
    kpi.measure,
    kpi.tally,
    kpi.assess,
    kpi.worklist,
]
NAMES = ["measure", "tally", "assess", "worklist"]


# What is wrong in an early row is told before late ones are taken


class Taken:
    """Counts how many batches are taken."""

    def __init__(self) -> None:
        self.batches, self.rows = 0, 0

    def counted(self, batches: Any) -> Iterator[Any]:
        for batch in batches:
            self.batches += 1
            yield batch


def batches_of(cases: pa.Table) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = cases.to_batches(max_chunksize=BATCH)
    assert len(batches) == BATCHES
    return batches


def as_rows(cases: pa.Table, taken: Taken, _: Path, __: pytest.MonkeyPatch) -> Any:
    class Row(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            taken.rows += name == "received_at"
            return super().get(name, default)

    return [Row(item) for item in cases.to_pylist()]


def as_generator_of_rows(cases: pa.Table, taken: Taken, _: Path, __: pytest.MonkeyPatch) -> Any:
    return (item for batch in taken.counted(batches_of(cases)) for item in batch.to_pylist())


def as_generator_of(make: Callable[[pa.Table], Any]) -> Callable[..., Any]:
    def form(cases: pa.Table, taken: Taken, _: Path, __: pytest.MonkeyPatch) -> Any:
        return (make(pa.Table.from_batches([batch])) for batch in taken.counted(batches_of(cases)))

    return form


def as_reader(cases: pa.Table, taken: Taken, _: Path, __: pytest.MonkeyPatch) -> Any:
    return pa.RecordBatchReader.from_batches(cases.schema, taken.counted(batches_of(cases)))


def as_parquet(cases: pa.Table, taken: Taken, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    pq.write_table(cases, folder / "cases.parquet", row_group_size=BATCH)
    read = pq.ParquetFile.iter_batches
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *args, **more: taken.counted(read(*args, **more)))
    return folder / "cases.parquet"


def as_csv(cases: pa.Table, taken: Taken, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    pv.write_csv(cases, folder / "cases.csv")
    monkeypatch.setattr(csv_files, "BLOCK", (folder / "cases.csv").stat().st_size // BATCHES)
    opened = pv.open_csv

    class Reader:
        def __init__(self, *args: Any) -> None:
            self.reader = opened(*args)
            self.schema = self.reader.schema

        def __enter__(self) -> "Reader":
            return self

        def __exit__(self, *_: object) -> None:
            self.reader.close()

        def __iter__(self) -> Iterator[Any]:
            return taken.counted(self.reader)

    monkeypatch.setattr(pv, "open_csv", Reader)
    return folder / "cases.csv"


FORMS: dict[str, Callable[..., Any]] = {
    "rows": as_rows,
    "a generator of rows": as_generator_of_rows,
    "a generator of Arrow tables": as_generator_of(lambda cases: cases),
    "a generator of pandas frames": as_generator_of(pa.Table.to_pandas),
    "a generator of Polars frames": as_generator_of(pl.from_arrow),
    "an Arrow reader": as_reader,
    "Parquet": as_parquet,
    "CSV": as_csv,
}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("measured", MEASURES, ids=NAMES)
@pytest.mark.parametrize("field", ["received_at", "decided_at"])
def test_a_bad_row_5_is_told_after_a_few_batches(
    form: str, measured: Callable[..., Any], field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", BATCH)
    monkeypatch.setattr(rows, "AHEAD", BATCH)
    taken = Taken()
    cases = FORMS[form](table(BATCH * BATCHES, **{field: "28 March 2024"}), taken, tmp_path, monkeypatch)
    with pytest.raises(kpi.RecordsError, match=rf"row 5.*{field}"):
        measured(LGSCO, cases=cases, **OPTIONS)
    assert taken.batches + taken.rows / BATCH <= 6


@pytest.mark.parametrize("form", list(FORMS))
def test_what_is_right_is_taken_to_its_end(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BATCH", BATCH)
    cases = table(BATCH * BATCHES)
    whole = kpi.tally(LGSCO, cases=cases, **OPTIONS)
    assert whole.results()["decided-or-allocated-20wd"].rows[0].records == BATCH * BATCHES
    taken = Taken()
    assert kpi.tally(LGSCO, cases=FORMS[form](cases, taken, tmp_path, monkeypatch), **OPTIONS) == whole
    assert taken.batches + taken.rows / BATCH >= BATCHES - 1


# A second reading


def batch_of(rows: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([row(place) for place in range(rows)], table(9).schema)


ONCE: dict[str, Callable[[], Any]] = {
    "an Arrow reader": lambda: table(500).to_reader(max_chunksize=100),
    "an empty Arrow reader": lambda: pa.RecordBatchReader.from_batches(table(9).schema, [batch_of(0)]),
    "a generator of tables": lambda: (part for part in [table(300), table(300)]),
    "a generator of rows": lambda: (row(place) for place in range(9)),
    "an iterator of tables": lambda: iter([table(300)]),
    "an iterator of rows": lambda: map(row, range(9)),
}


@pytest.mark.parametrize("form", list(ONCE))
@pytest.mark.parametrize("first", MEASURES, ids=NAMES)
@pytest.mark.parametrize("second", MEASURES, ids=NAMES)
def test_what_was_read_before_is_refused_with_the_remedy(
    form: str, first: Callable[..., Any], second: Callable[..., Any]
) -> None:
    cases = ONCE[form]()
    first(LGSCO, cases=cases, **OPTIONS)
    with pytest.raises(kpi.RecordsError, match=r"^cases are given as \w+, which .* read before.* Give a"):
        second(LGSCO, cases=cases, **OPTIONS)


@pytest.mark.parametrize("form", [form for form in ONCE if "empty" not in form])
def test_what_was_read_in_part_is_refused_too(form: str) -> None:
    """A first call that failed on row 5 has taken rows that a second call would miss."""
    records = ONCE[form]()
    with pytest.raises(kpi.KpiError):
        kpi.tally(LGSCO, cases=records, as_of="2024-12-31", by="no such column")
    with pytest.raises(kpi.RecordsError, match="read before"):
        kpi.tally(LGSCO, cases=records, **OPTIONS)


def test_a_generator_that_stops_with_an_error_is_not_whole_the_second_time() -> None:
    def broken() -> Iterator[pa.Table]:
        yield table(300)
        raise OSError

    cases = broken()
    with pytest.raises(OSError, match=r"^$"):
        kpi.tally(LGSCO, cases=cases, **OPTIONS)
    with pytest.raises(kpi.RecordsError, match="read before"):
        kpi.tally(LGSCO, cases=cases, **OPTIONS)


class HandsOverOnce:
    """An object of another library that hands over its rows once, and none after that."""

    def __init__(self, records: pa.Table) -> None:
        self.records = records

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        records, self.records = self.records, self.records.slice(0, 0)
        return records.__arrow_c_stream__(requested_schema)


def test_an_object_that_hands_over_its_rows_once_is_refused_the_second_time() -> None:
    cases = HandsOverOnce(table(300))
    assert kpi.tally(LGSCO, cases=cases, **OPTIONS) == kpi.tally(LGSCO, cases=table(300), **OPTIONS)
    with pytest.raises(kpi.RecordsError, match=r"HandsOverOnce, which has been read before"):
        kpi.tally(LGSCO, cases=cases, **OPTIONS)
    assert kpi.tally(LGSCO, cases=HandsOverOnce(table(300).slice(0, 0)), **OPTIONS) == kpi.Tally.zero()


@pytest.mark.parametrize(
    "make", [lambda: table(300), lambda: table(300).to_pandas(), lambda: pl.from_arrow(table(300))]
)
def test_tables_are_read_as_often_as_is_wanted(make: Callable[[], Any]) -> None:
    cases = make()
    assert kpi.tally(LGSCO, cases=cases, **OPTIONS) == kpi.tally(LGSCO, cases=cases, **OPTIONS)


def test_readers_that_are_gone_are_forgotten() -> None:
    """Another one may stand in the same place of the memory."""
    expected = kpi.tally(LGSCO, cases=table(50), **OPTIONS)
    for _ in range(100):
        assert kpi.tally(LGSCO, cases=table(50).to_reader(), **OPTIONS) == expected
        assert kpi.tally(LGSCO, cases=(part for part in [table(50)]), **OPTIONS) == expected
