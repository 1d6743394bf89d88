"""Records that are worked out or handed over while they are read, so that they need never be in memory together."""

import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.errors import RecordsError, no_room
from ombudsman_kpi.records import source
from ombudsman_kpi.records.source import Source, concatenated


def open_stream(name: str, given: Any) -> Source | None:
    """See a DuckDB relation, a lazy frame of Polars or an Arrow reader as a source; None for anything else."""
    if is_instance_of(given, "duckdb", "DuckDBPyRelation"):
        return _open_relation(name, given)
    if is_instance_of(given, "polars", "LazyFrame"):
        return _open_lazy_frame(name, given)
    if is_instance_of(given, "pyarrow", "RecordBatchReader"):
        names = tuple(given.schema.names)
        batches = (Source(names, _slices_of(batch)) for batch in _batches_of_reader(name, given))
        return spooled(name, batches, empty=given.schema)
    return None


def is_instance_of(given: Any, library: str, kind: str) -> bool:
    """Tell whether something is of a library's kind; without importing it, or while another thread imports it."""
    found = getattr(sys.modules.get(library), kind, None)
    return found is not None and isinstance(given, found)


def _open_relation(name: str, relation: Any) -> Source:
    """See a relation as a source: DuckDB works it out again each time, and only the columns that are wanted."""
    import duckdb
    import pyarrow as pa

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        quoted = ", ".join('"' + column.replace('"', '""') + '"' for column in wanted)
        try:
            reader = relation.project(quoted).to_arrow_reader(source.BATCH)
            yield from _of_batches(reader, wanted, reader.schema)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise _unread(name, "DuckDB", error) from None

    try:
        schema = relation.limit(0).to_arrow_table().schema
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise _unread(name, "DuckDB", error) from None
    return Source(tuple(relation.columns), read, schema=schema)


def _open_lazy_frame(name: str, frame: Any) -> Source:
    """See a lazy frame as a source: Polars works it out again each time, for the columns that are wanted."""
    import polars as pl
    import pyarrow as pa

    try:
        schema = pa.table(pl.DataFrame(schema=frame.collect_schema())).schema
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unread(name, "Polars", error) from None

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        try:
            frames = frame.select(wanted).collect_batches(chunk_size=source.BATCH)
            batches = (batch for part in frames for batch in pa.table(part).to_batches(max_chunksize=source.BATCH))
            yield from _of_batches(batches, wanted, schema)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unread(name, "Polars", error) from None

    return Source(tuple(schema.names), read, schema=schema)


def _of_batches(batches: Iterable[Any], wanted: list[str], schema: Any) -> Iterator[dict[str, Any]]:
    """Give Arrow batches by column; where there is none, one without rows."""
    import pyarrow as pa

    empty = True
    for batch in batches:
        yield {column: batch.column(column) for column in wanted}
        empty = False
    if empty:
        yield {column: pa.nulls(0, schema.field(column).type) for column in wanted}


def _unread(name: str, library: str, error: Exception) -> RecordsError:
    kind = type(error).__name__  # the message may hold what a cell holds
    return RecordsError(f"{name} can't be read: {library} stopped with {kind}. Run it by itself to see why.")


def _batches_of_reader(name: str, reader: Any) -> Iterator[Any]:
    """Read batch after batch; what goes wrong on the way is said once."""
    import pyarrow as pa

    try:
        yield from reader
    except (pa.ArrowException, OSError) as error:
        raise _unread(name, "Arrow", error) from None


def _slices_of(batch: Any) -> Any:
    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        for first in range(0, max(len(batch), 1), source.BATCH):
            part = batch.slice(first, source.BATCH)
            yield {column: part.column(column) for column in wanted}

    return read


def materialise_once(name: str, given: Source, needed: Sequence[str] | None = None) -> Source:
    """Work out once what would be worked out for each reading: rows could change places in between.

    Of its columns only those are kept on the disk that are needed, where somebody knows them.
    """
    if given.schema is None:
        return given
    chosen = given.names if needed is None else tuple(needed) or given.names[:1]
    batches = (Source(chosen, _always(columns)) for columns in given.read(list(chosen)))
    found = spooled(name, batches, empty=given.schema)
    return found._replace(names=given.names, place=given.place)


def _always(columns: Mapping[str, Any]) -> Any:
    return lambda wanted: iter([{column: columns[column] for column in wanted}])


def spooled(name: str, tables: Iterable[Source], empty: Any = None) -> Source:
    """Keep tables that come only once on the disk, so that they can be read again; memory holds one at a time.

    ``empty`` is their Arrow schema, where that is known before any of them.
    """
    file = _TemporaryFile()
    parts: list[Source] = []
    first: tuple[str, ...] | None = None
    for place, table in enumerate(tables):
        label = f"{name} batch {place}"
        first = table.names if first is None else first
        if len(set(first)) < len(first):  # two columns of one name, which nobody will read
            return table
        if set(table.names) != set(first):
            other = next(column for column in (*first, *table.names) if (column in first) != (column in table.names))
            here = "lacks" if other in first else "has"
            raise RecordsError(
                f"{label} {here} the column {other!r}, unlike those before it. Give all batches the same columns."
            )
        rows = 0
        runs = []
        for columns in table.read(list(first)):
            runs.append(file.put_by(label, columns))
            rows += len(next(iter(columns.values()), ()))
        parts.append(Source(first, _reader(file, runs), is_pandas=table.is_pandas, place=label, rows=rows))
    if not parts and empty is not None:
        return Source(tuple(empty.names), lambda wanted: _of_batches([], wanted, empty), rows=0)
    if not parts:
        raise RecordsError(f"{name} are given as batches, but there is none.")
    return concatenated(parts, f"the {name}")._replace(place="")


def to_arrow_array(label: str, name: str, column: Any) -> Any:
    """Give a column as Arrow has it; a list of things of several kinds, of which Arrow would make one, is refused."""
    if not isinstance(column, list):
        return column
    import pyarrow as pa

    cells = [None if is_missing(cell) else cell for cell in column]
    kinds = {(type(cell), getattr(cell, "tzinfo", None) is None) for cell in cells if cell is not None}
    try:
        if len(kinds) < 2:
            return pa.array(cells)
    except (pa.ArrowException, TypeError, OverflowError):
        pass
    raise RecordsError(
        f"{label}: {name} mixes things of several kinds, or holds what no column of a table can. Make it one kind."
    )


def _reader(file: "_TemporaryFile", runs: list[tuple[int, int]]) -> Any:
    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        for begin, size in runs:
            yield file.read(begin, size, wanted)

    return read


class _TemporaryFile:
    """Batches on the disk, each with a schema of its own; the file has no name, and goes with whoever reads it."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="ombudsman-kpi-")  # noqa: SIM115 (the finalizer closes it)
        except OSError as error:
            raise no_room(error) from None
        self._end = weakref.finalize(self, self._file.close)
        self._turn = Lock()

    def put_by(self, label: str, columns: Any) -> tuple[int, int]:
        """Write a batch; give its place in the file."""
        import pyarrow as pa

        batch = pa.record_batch(
            [to_arrow_array(label, name, column) for name, column in columns.items()], names=[*columns]
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        content = sink.getvalue()
        try:
            with self._turn:
                begin = self._file.seek(0, 2)
                self._file.write(content)
                self._file.flush()
        except OSError as error:
            raise no_room(error) from None
        return begin, len(content)

    def read(self, begin: int, size: int, wanted: list[str]) -> dict[str, Any]:
        """Read some columns of a batch."""
        import pyarrow as pa

        with self._turn:
            self._file.seek(begin)
            content = self._file.read(size)
        names = pa.ipc.open_stream(content).schema.names
        options = pa.ipc.IpcReadOptions(included_fields=sorted(names.index(column) for column in wanted))
        batch = pa.ipc.open_stream(content, options=options).read_next_batch()
        return {column: batch.column(column) for column in wanted}
