"""Where records come from: frames of any library, files, streams, rows.

It takes pandas and Polars frames, PyArrow tables and whatever else hands over Arrow data (DuckDB relations
among them), paths of CSV and Parquet files, and rows: mappings, or the models of the vocabulary.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources.files import open_path
from ombudsman_kpi.records.sources.frames import is_table, open_arrow, open_pandas
from ombudsman_kpi.records.sources.layout import FOUND_OUT, FileOptions
from ombudsman_kpi.records.sources.rows import open_rows
from ombudsman_kpi.records.sources.single_use import first_of, open_once
from ombudsman_kpi.records.sources.source import Source, concatenated
from ombudsman_kpi.records.sources.spool import spooled, spooled_at_once
from ombudsman_kpi.records.sources.streams import is_instance_of, materialise_once, open_stream
from ombudsman_kpi.records.vocabulary import Record


def open_source(name: str, records: Any, columns: Mapping[str, str], options: FileOptions = FOUND_OUT) -> Source:
    """Return records in any form as a ``Source``. Raises ``RecordsError`` for what can't be read."""
    rows = [records] if isinstance(records, Record) else records
    if isinstance(rows, (list, tuple)) and (not rows or isinstance(rows[0], Record)):  # first: a single case feels it
        return open_rows(name, rows, columns)
    while hasattr(records, "to_native"):  # a frame of narwhals
        records = records.to_native()
    if isinstance(records, (str, Path)):
        return open_path(name, Path(records), options)
    source = _open_table(name, records)
    if source is not None:
        return source
    if isinstance(records, Mapping):
        if records and all(isinstance(value, (list, tuple)) for value in records.values()):
            raise RecordsError(
                f"{name} row 0: lists stand where cells should. Make a table of them: pandas.DataFrame(…)."
            )
        return open_rows(name, [records], columns)
    if isinstance(records, Sequence) and not isinstance(records, (str, bytes)):
        return _open_list(name, records, columns, options)
    if isinstance(records, Iterator) and (source := _open_iterator(name, records, columns, options)) is not None:
        return source
    raise RecordsError(
        f"{name} are given as {type(records).__name__}, which can't be read. Give a pandas, Polars or PyArrow table, "
        "a DuckDB relation, the path of a .csv or .parquet file, a list of rows, or such tables one after the other."
    )


def _open_table(name: str, records: Any) -> Source | None:
    """Return a frame, a relation or a reader as a source; None for what is neither."""
    if is_instance_of(records, "pandas", "DataFrame"):
        return open_pandas(name, records)
    if (stream := open_stream(name, records)) is not None:
        return stream
    return open_arrow(name, records) if is_table(records) else None


def _open_list(name: str, records: Sequence[Any], columns: Mapping[str, str], options: FileOptions) -> Source:
    """Return a list of rows, or of tables, as a source."""
    if isinstance(records[0], Mapping) or not is_table(records[0]):
        return open_rows(name, records, columns)
    parts = [materialise_once(name, open_source(name, item, columns, options)) for item in records]
    return concatenated(
        [part._replace(place=f"{name} batch {place}") for place, part in enumerate(parts)], f"the {name}"
    )._replace(place="")


def _open_iterator(
    name: str, records: Iterator[Any], columns: Mapping[str, str], options: FileOptions
) -> Source | None:
    """Return rows, or tables, that come one after the other as a source; None where they are neither.

    They are taken bit by bit where a second opening can be refused, which would miss what was taken; else at once.
    """
    is_noted = open_once(name, records, "Give a new one, or a list of what it gives.")
    first = first_of(name, records)
    if isinstance(first, (Record, Mapping)):
        return open_rows(name, chain([first], records) if is_noted else [first, *records], columns)
    if not is_table(first):
        return None
    tables = (open_source(name, table, columns, options)._replace(schema=None) for table in chain([first], records))
    return (spooled if is_noted else spooled_at_once)(name, tables, next(tables))
