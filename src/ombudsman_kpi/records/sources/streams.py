"""Records that are worked out or handed over while they are read, so that they need never be in memory together."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.sources.frames import is_of_pandas
from ombudsman_kpi.records.sources.single_use import first_of, open_once
from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.sources.spool import spooled, spooled_at_once


def open_stream(name: str, records: Any) -> Source | None:
    """Return a DuckDB relation, a lazy frame of Polars or an Arrow reader as a source; None for anything else."""
    if is_instance_of(records, "duckdb", "DuckDBPyRelation"):
        return _open_relation(name, records)
    if is_instance_of(records, "polars", "LazyFrame"):
        return _open_lazy_frame(name, records)
    if is_instance_of(records, "pyarrow", "RecordBatchReader"):
        return _open_reader(name, records)
    return None


def _open_reader(name: str, reader: Any) -> Source:
    """Return an Arrow reader, which can be read only once, as a source.

    Raises ``RecordsError`` where it was read before: by this library, or so that no batch is left in it.
    """
    open_once(name, reader, "Give a new reader, or the table that reader.read_all() makes.")
    names = tuple(reader.schema.names)
    of_pandas = is_of_pandas(reader.schema)
    batches = (Source(names, _slices_of(batch), is_pandas=of_pandas) for batch in _batches_of_reader(name, reader))
    first = first_of(name, batches, "reader.schema.empty_table()", type(reader).__name__)
    return spooled(name, batches, first)


def is_instance_of(value: Any, library: str, kind: str) -> bool:
    """Return whether a value is of a library's class; the library isn't imported for that."""
    cls = getattr(sys.modules.get(library), kind, None)  # None too while another thread imports it
    return cls is not None and isinstance(value, cls)


def _open_relation(name: str, relation: Any) -> Source:
    """Return a relation as a source: DuckDB works it out again each time, and only the columns that are wanted."""
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
    """Return a lazy frame as a source: Polars works it out again each time, for the columns that are wanted."""
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
    """Yield Arrow batches by column; where there is none, one without rows."""
    import pyarrow as pa

    empty = True
    for batch in batches:
        yield {column: batch.column(column) for column in wanted}
        empty = False
    if empty:
        yield {column: pa.nulls(0, schema.field(column).type) for column in wanted}


def _unread(name: str, library: str, error: Exception) -> RecordsError:
    kind = type(error).__name__  # the message may hold what a cell holds
    if kind == "ResourceInUseException":
        return RecordsError(
            f"{name} can't be read: their connection of DuckDB is in use by a reader. Give relations alone, or read "
            "the reader to its end first: reader.read_all()."
        )
    return RecordsError(f"{name} can't be read: {library} stopped with {kind}. Run it by itself to see why.")


def _batches_of_reader(name: str, reader: Any) -> Iterator[Any]:
    """Yield batch after batch. Raises ``RecordsError`` for whatever goes wrong on the way."""
    import pyarrow as pa

    try:
        for batch in reader:
            source.intact(name, dict(zip(batch.schema.names, batch.columns, strict=True)))
            yield batch
    except (pa.ArrowException, OSError) as error:
        raise _unread(name, "Arrow", error) from None


def _slices_of(batch: Any) -> Any:
    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        for first in range(0, max(len(batch), 1), source.BATCH):
            part = batch.slice(first, source.BATCH)
            yield {column: part.column(column) for column in wanted}

    return read


def materialise_once(name: str, records: Source, needed: Sequence[str] | None = None) -> Source:
    """Return a source that is worked out once, where it would be for each reading: rows could change places in between.

    Only the columns that are needed are written to the disk, where the caller names them.
    """
    if records.schema is None:
        return records
    chosen = records.names if needed is None else tuple(needed) or records.names[:1]
    batches = (Source(chosen, _always(columns)) for columns in records.read(list(chosen)))
    result = spooled_at_once(name, batches, next(batches))
    return result._replace(names=records.names, place=records.place)


def _always(columns: Mapping[str, Any]) -> Any:
    return lambda wanted: iter([{column: columns[column] for column in wanted}])
