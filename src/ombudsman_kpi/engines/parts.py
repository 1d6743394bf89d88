"""Records that are larger than memory: they are divided into parts on disk, and each part is tallied.

Rows that belong together (a case and its events) go to the same part, so the tallies of the parts add up to the
tally of the whole. DuckDB writes the parts within its own memory limit.
"""

import math
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.fingerprints import two_prints
from ombudsman_kpi.engines.together import Feed, feeds_of, measured, tables_of_shares, without_row
from ombudsman_kpi.errors import MissingLibraryError, OptionError, RecordsError, no_room
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.cells.times import decoded
from ombudsman_kpi.records.sources.source import BATCH, Source
from ombudsman_kpi.records.sources.spool import to_arrow_array
from ombudsman_kpi.records.tables import Table, worked_out_once
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import Options, dry_run, tally_records
from ombudsman_kpi.tallies.plan import Progress, make_plan, makes_cases, names_of, opened_unread

# Bytes that one row takes at most while a part is tallied, and bytes that are needed whatever the size.
_A_CASE, _AN_EVENT, _ALWAYS = 160, 40, 400 << 20
_UNITS = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
_PART, _ROW = "ombudsman_kpi_part", "ombudsman_kpi_row"  # names that no column of the caller has


def parse_memory(value: Any) -> int:
    """Return an amount of memory in bytes.

    >>> parse_memory("2 GB"), parse_memory("512MB")
    (2147483648, 536870912)

    Raises ``OptionError`` if it isn't a size, or is less than 512 MB.
    """
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt]?b?)\s*", str(value).lower().replace("ib", "b"))
    unit = None if match is None else match[2] if match[2] in _UNITS else f"{match[2]}b"
    if match is None or unit not in _UNITS or isinstance(value, bool):
        raise OptionError("memory= is a size: a number of bytes, or text such as '2 GB'.")
    size = int(float(match[1]) * _UNITS[unit])
    if size < 512 << 20:
        raise OptionError("memory= is too small. Allow at least '512 MB'; the libraries themselves need most of it.")
    return size


def tally_in_parts(
    scheme: Scheme, records: Mapping[str, Any], options: Options, memory: Any, progress: Progress | None = None
) -> Counts:
    """Return the counts of ``tally_records``, using no more than some memory."""
    room = parse_memory(memory) - _ALWAYS
    tables = opened_unread(records, options.readings)
    options = options._replace(by=names_of("by", options.by))
    nothing, needed = dry_run(scheme, {kind: table.source for kind, table in tables.items()}, options)
    for kind, table in tables.items():
        tables[kind], needed[kind] = worked_out_once(table, needed[kind])
    total, read = nothing, _RowsRead(progress)
    for feed in _feeds(scheme, options, nothing, tables):
        for of_part in _parts_of(feed, tables, needed, room, progress):
            try:
                part = tally_records(scheme, of_part, options, read.of_part)
            except RecordsError as error:
                raise error if not feed.whole else RecordsError(without_row(str(error))) from None
            total += replace(
                part,
                blocks={key: block for key, block in part.blocks.items() if key.target in feed.targets},
                misfits={target: events for target, events in part.misfits.items() if target in feed.targets},
            )
            read.part_is_done()
    total.understood.refuse_none(tables)
    return total


class _RowsRead:
    """The number of rows of each kind that have been read, over all parts."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.before: Counter[str] = Counter()
        self.here: dict[str, int] = {}

    def of_part(self, kind: str, rows: int) -> None:
        """Report the number of rows of a part that have been read."""
        self.here[kind] = rows
        if self.progress is not None:
            self.progress(kind, self.before[kind] + rows)

    def part_is_done(self) -> None:
        """Start the next part."""
        self.before.update(self.here)
        self.here = {}


def _feeds(scheme: Scheme, options: Options, nothing: Counts, tables: Mapping[str, Table]) -> list[Feed]:
    """Return the kinds that are read together, for the targets that can be measured."""
    plan = make_plan(scheme, options.targets, options.cohort, options.every, options.report)
    if makes_cases(plan, tables):
        raise OptionError(
            "With memory=, cases can't be built from events. Build them with history(…), and use cases= and events=."
        )
    return feeds_of(measured(plan, scheme, nothing.unmeasured, tables), options.by, {}, tables_of_shares(tables))


def _parts_of(
    feed: Feed, tables: Mapping[str, Table], needed: Mapping[str, list[str]], room: int, progress: Progress | None
) -> Iterator[dict[str, Source]]:
    """Yield the records of each part: those of the kinds of a feed; the other kinds are empty."""
    sources = {kind: _with_repeated_ids(tables[kind], feed.keys[kind]) for kind in feed.keys}
    empty = {kind: _without_rows(table.source) for kind, table in tables.items()}
    zoned: dict[str, dict[str, bool]] = {kind: {} for kind in feed.keys}  # shared by all parts
    number = _number_of_parts(feed, tables, room) if feed.whole else 1
    if number == 1:
        yield {**empty, **sources}
        return
    with tempfile.TemporaryDirectory(prefix="ombudsman-kpi-", ignore_cleanup_errors=True) as folder:
        missing = {
            kind: _write_parts(_numbered(tables[kind], needed[kind], key, number, progress), Path(folder) / kind, room)
            for kind, key in feed.keys.items()
        }
        for part in range(number):
            records, files = {}, []
            for kind in feed.keys:
                paths = sorted((Path(folder) / kind / f"{_PART}={part}").glob("*.parquet"))
                whole, source = sources[kind], empty[kind]
                if paths:
                    source = _part_source(whole, needed[kind], paths, ordered=kind in feed.ordered)
                records[kind] = source._replace(
                    shared=whole.shared,
                    differing=whole.differing,
                    zoned=zoned[kind],
                    only_dates=tables[kind].only_dates,
                )
                missing[kind] -= source.rows or 0
                files += paths
            yield {**empty, **records}
            for path in files:
                path.unlink()
    if any(missing.values()):
        raise RecordsError("Some records are missing from the temporary files that they were written to. Run it again.")


def _with_repeated_ids(table: Table, key: str | None) -> Source:
    """Return a table's source. If equal ids may be in different parts, it knows the repeated ids of all records."""
    own = table.id_field
    if key is None or own is None or key == own or not table.has(own):
        return table.source
    shared, differing = table.shared_ids, table.doubtful_ids
    return table.source._replace(shared=lambda: shared, differing=lambda: differing)


def _without_rows(whole: Source) -> Source:
    """Return a source with the same columns and no rows. It reads the types of the columns only once."""
    seen: dict[str, Any] = {}

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        if not seen.keys() >= set(wanted):
            seen.update((name, column[:0]) for name, column in next(iter(whole.read(wanted))).items())
        yield {name: seen[name] for name in wanted}

    return whole._replace(read=read, rows=0, shared=None, differing=None)


def _number_of_parts(feed: Feed, tables: Mapping[str, Table], room: int) -> int:
    """Return the number of parts, so that each fits into ``room`` bytes. Raises ``OptionError`` for too many."""
    size = 0
    for kind in feed.keys:
        source = tables[kind].source
        rows = source.rows
        if rows is None:  # it doesn't know: one column is read
            rows = sum(len(next(iter(columns.values()))) for columns in source.read([source.names[0]]))
        size += rows * (_AN_EVENT if kind == "events" else _A_CASE)
    number = max(1, math.ceil(size / room))
    if number > _MOST:
        raise OptionError(f"memory= is too small for these records. Allow at least {size // _MOST >> 20} MB more.")
    return number


_MOST = 512  # parts; DuckDB can't write more files at once


def _write_parts(numbered: Iterator[Any], folder: Path, room: int) -> int:
    """Write records into a folder of files for each part. Return the number of rows."""
    try:
        import duckdb
    except ImportError:
        raise MissingLibraryError(
            "memory= needs DuckDB to divide the records into parts: pip install 'ombudsman-kpi[files]'."
        ) from None
    import pyarrow as pa

    batches = _Runs(numbered)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{max(room * 6 // 10 >> 20, 128)}MB", "temp_directory": str(folder.parent / "spilled"),
        "preserve_insertion_order": False, "partitioned_write_max_open_files": _MOST,
        "partitioned_write_flush_threshold": 1 << 15,
    }  # fmt: skip
    with duckdb.connect(config=settings) as connection:
        try:
            for number_of_run, (schema, run) in enumerate(batches):  # a file has one type for each column
                connection.register("records", pa.RecordBatchReader.from_batches(schema, run))
                place, names = str(folder).replace("'", "''"), f"run{number_of_run}_{{i}}"
                connection.execute(
                    f"COPY records TO '{place}' (FORMAT parquet, COMPRESSION lz4, PARTITION_BY {_PART}, "
                    f"OVERWRITE_OR_IGNORE, FILENAME_PATTERN '{names}')"
                )
        except duckdb.Error as error:
            if batches.error is not None:  # raised while DuckDB read, which wraps it in its own error
                raise batches.error from None
            if isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException)):
                raise no_room(OSError(str(error).splitlines()[0].split(": ", 1)[-1].split("/")[0])) from None
            raise RecordsError(
                f"{folder.name}: DuckDB stopped with {type(error).__name__} while it divided the records into parts."
            ) from None
    return batches.rows


class _Runs:
    """Batches, grouped into runs with the same column types. It counts rows and keeps an error raised while reading."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self.batches = batches
        self.waiting = next(batches, None)
        self.error: BaseException | None = None
        self.rows = 0

    def __iter__(self) -> Iterator[tuple[Any, Iterator[Any]]]:
        while self.waiting is not None:
            schema = self.waiting.schema
            yield schema, self._run(schema)

    def _run(self, schema: Any) -> Iterator[Any]:
        try:
            while self.waiting is not None and self.waiting.schema.equals(schema):
                yield self.waiting
                self.rows += len(self.waiting)
                self.waiting = next(self.batches, None)
        except BaseException as error:  # including an interruption
            self.error = error
            raise


def _numbered(
    table: Table, columns: list[str], key: str | None, number: int, progress: Progress | None
) -> Iterator[Any]:
    """Yield Arrow batches with two more columns: the number of each row's part, and its own number.

    Without a key, rows go to parts in runs of 65,536: of 3 parts, row 70,000 goes to 70,000 // 65,536 % 3 = 1. With a
    key, a hash of its text chooses the part.
    """
    import pyarrow as pa

    offset = 0
    for batch in table.source.read(columns):
        arrays = [_plain(table, name, batch[name]) for name in columns]
        size = len(arrays[0])
        row = np.arange(offset, offset + size)
        part = row // (1 << 16) % number
        if key is not None:
            column = table.column_of(table.resolve(key, "rows that belong together"))
            text = Batch(table, offset, {key: batch[column]}).text(key)
            prints = two_prints(text.fill_null(""))[0] >> np.uint64(7)  # the lowest bit is always set
            of_key = (prints % np.uint64(number)).astype(np.int64)
            part = np.where(present(text), of_key, row % number)  # a row without a key can go anywhere
        numbers = [pa.array(part.astype(np.int32)), pa.array(row)]
        yield pa.record_batch([*arrays, *numbers], names=[*_names(columns), _PART, _ROW])
        offset += size
        if progress is not None:
            progress(table.name, offset)


def _names(columns: list[str]) -> list[str]:
    """Return names for the columns in the files, since to DuckDB team and Team are the same."""
    return [f"column{place}" for place in range(len(columns))]


def _plain(table: Table, name: str, column: Any) -> Any:
    import pyarrow as pa

    array = to_arrow_array(table.label, name, column)
    return decoded(array) if pa.types.is_dictionary(array.type) else array


def _part_source(whole: Source, columns: list[str], files: list[Path], *, ordered: bool) -> Source:
    """Return the files of one part as a source; ``ordered`` restores the original order of the rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    own = dict(zip(columns, _names(columns), strict=True))

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        chosen = [own[name] for name in wanted]
        for path in [] if ordered else files:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH, columns=chosen):
                    yield {name: batch.column(own[name]) for name in wanted}
        if ordered:
            rows = pa.concat_tables([pq.read_table(path, partitioning=None) for path in files]).sort_by(_ROW)
            for batch in rows.select(chosen).to_batches():
                yield {name: batch.column(own[name]) for name in wanted}

    rows = sum(pq.read_metadata(path).num_rows for path in files)
    return whole._replace(read=read, place="", rows=rows, is_part=True)
