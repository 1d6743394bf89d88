"""Frames and tables that are in memory: pandas, Arrow, and whatever else hands over Arrow data."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.sources.single_use import exhausted, note_opened, was_opened
from ombudsman_kpi.records.sources.source import Source


def is_table(value: Any) -> bool:
    """Return whether something is a batch of records, and not one of them."""
    marks = ("to_native", "__arrow_c_stream__", "__arrow_c_array__", "collect_schema")  # the last of lazy frames
    return isinstance(value, Path) or any(hasattr(value, mark) for mark in marks)


def open_pandas(name: str, frame: Any) -> Source:
    """Return a frame of pandas as a source."""
    import pyarrow as pa
    from pandas.api.types import infer_dtype

    names = tuple(str(column) for column in frame.columns)

    def convert(column: Any) -> Any:
        if column.dtype == object and infer_dtype(column, skipna=True) not in {"string", "empty"}:
            return column.tolist()  # Arrow would make one kind of several
        try:
            array = pa.Array.from_pandas(column)
            for chunk in array.chunks if isinstance(array, pa.ChunkedArray) else [array]:
                source.intact(name, {str(column.name): chunk})
            return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        except (
            pa.ArrowInvalid,
            pa.ArrowTypeError,
            pa.ArrowNotImplementedError,
            UnicodeEncodeError,
        ):  # of several kinds
            return column.tolist()

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        positions = {column: names.index(column) for column in wanted}
        for first in range(0, max(len(frame), 1), source.BATCH):
            rows = slice(first, first + source.BATCH)
            yield {column: convert(frame.iloc[rows, position]) for column, position in positions.items()}

    return Source(names, read, is_pandas=True, rows=len(frame))


def open_arrow(name: str, records: Any) -> Source | None:
    """Return whatever hands over Arrow data as a source; None where it hands over no table.

    Raises ``RecordsError`` for what gave rows before and gives none now: it can be read only once.
    """
    import pyarrow as pa

    if isinstance(records, pa.Table):
        return open_arrow_table(name, records)
    try:
        table = pa.table(records)
    except (pa.ArrowInvalid, TypeError, AttributeError):
        return None
    if table.num_rows:
        note_opened(records)
    elif was_opened(records):
        raise exhausted(name, records, "Give a table that is made of it once.")
    return open_arrow_table(name, table)


def open_arrow_table(name: str, table: Any) -> Source:
    """Return an Arrow table as a source."""
    import pyarrow as pa

    def read(wanted: list[str]) -> Iterator[Mapping[str, Any]]:
        part = table.select(wanted)
        batches = part.to_batches(max_chunksize=source.BATCH) or [pa.RecordBatch.from_pylist([], schema=part.schema)]
        for batch in batches:
            yield source.intact(name, dict(zip(wanted, batch.columns, strict=True)))

    return Source(tuple(table.column_names), read, is_pandas=is_of_pandas(table.schema), rows=table.num_rows)


def is_of_pandas(schema: Any) -> bool:
    """Return whether pandas made the columns of an Arrow schema: a midnight is how it has a date."""
    return b"pandas" in (schema.metadata or {})
