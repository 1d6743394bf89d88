"""Where records come from: frames of any library, files, streams, rows. The only module that knows frames.

It takes pandas and Polars frames, PyArrow tables and whatever else hands over Arrow data (DuckDB relations
among them), paths of CSV and Parquet files, and rows: mappings, or the models of ``records``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records import source
from ombudsman_kpi.records.field_types import EMPTY
from ombudsman_kpi.records.files import open_path
from ombudsman_kpi.records.source import Dates, Source, concatenated
from ombudsman_kpi.records.streams import is_instance_of, materialise_once, open_stream, spooled
from ombudsman_kpi.records.vocabulary import RECORDS, Record, cell_of, fields_of, validated


def open_source(name: str, given: Any, columns: Mapping[str, str], dates: Dates) -> Source:
    """See records in any form as a ``Source``. Raises ``RecordsError`` for what can't be read."""
    rows = [given] if isinstance(given, Record) else given
    if isinstance(rows, (list, tuple)) and (not rows or isinstance(rows[0], Record)):  # first: a single case feels it
        return _open_rows(name, rows, columns, dates)
    while hasattr(given, "to_native"):  # a frame of narwhals
        given = given.to_native()
    if isinstance(given, (str, Path)):
        return open_path(name, Path(given))
    found = _open_table(name, given)
    if found is not None:
        return found
    if isinstance(given, Mapping) and given and all(isinstance(value, (list, tuple)) for value in given.values()):
        raise RecordsError(f"{name} row 0: lists stand where cells should. Make a table of them: pandas.DataFrame(…).")
    if isinstance(given, Mapping):
        return _open_rows(name, [given], columns, dates)
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        return _open_list(name, given, columns, dates)
    if isinstance(given, Iterator) and (found := _open_iterator(name, given, columns, dates)) is not None:
        return found
    raise RecordsError(
        f"{name} are given as {type(given).__name__}, which can't be read. Give a pandas, Polars or PyArrow table, "
        "a DuckDB relation, the path of a .csv or .parquet file, a list of rows, or such tables one after the other."
    )


def _open_table(name: str, given: Any) -> Source | None:
    """See a frame, a relation or a reader as a source; None for what is neither."""
    if is_instance_of(given, "pandas", "DataFrame"):
        return _open_pandas(given)
    if (stream := open_stream(name, given)) is not None:
        return stream
    return _open_arrow(given) if _is_table(given) else None


def _open_list(name: str, given: Sequence[Any], columns: Mapping[str, str], dates: Dates) -> Source:
    """See a list of rows, or of tables, as a source."""
    if isinstance(given[0], Mapping) or not _is_table(given[0]):
        return _open_rows(name, given, columns, dates)
    parts = [materialise_once(name, open_source(name, item, columns, dates)) for item in given]
    return concatenated(
        [part._replace(place=f"{name} batch {place}") for place, part in enumerate(parts)], f"the {name}"
    )._replace(place="")


def _open_iterator(name: str, given: Iterator[Any], columns: Mapping[str, str], dates: Dates) -> Source | None:
    """See rows, or tables, that come one after the other and only once, as a source; None where they are neither."""
    first = list(islice(given, 1))
    if not first:
        raise RecordsError(
            f"{name} are given as {type(given).__name__}, which gives nothing: perhaps it has been read before. Give "
            "an empty list where there are none."
        )
    if isinstance(first[0], (Record, Mapping)):
        return _open_rows(name, [*first, *given], columns, dates)
    if not _is_table(first[0]):
        return None
    tables = chain(first, given)
    opened = (open_source(name, table, columns, dates) for table in tables)
    return spooled(name, (table._replace(schema=None) for table in opened))


def _is_table(item: Any) -> bool:
    """Tell whether something is a batch of records, and not one of them."""
    marks = ("to_native", "__arrow_c_stream__", "__arrow_c_array__", "collect_schema")  # the last of lazy frames
    return isinstance(item, Path) or any(hasattr(item, mark) for mark in marks)


def _open_pandas(frame: Any) -> Source:
    import pyarrow as pa
    from pandas.api.types import infer_dtype

    names = tuple(str(column) for column in frame.columns)

    def convert(column: Any) -> Any:
        if column.dtype == object and infer_dtype(column, skipna=True) not in {"string", "empty"}:
            return column.tolist()  # Arrow would make one kind of several
        try:
            array = pa.Array.from_pandas(column)
            return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):  # objects of several kinds
            return column.tolist()

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        positions = {column: names.index(column) for column in wanted}
        for first in range(0, max(len(frame), 1), source.BATCH):
            rows = slice(first, first + source.BATCH)
            yield {column: convert(frame.iloc[rows, position]) for column, position in positions.items()}

    return Source(names, read, is_pandas=True, rows=len(frame))


def _open_arrow(given: Any) -> Source | None:
    """See whatever hands over Arrow data as a source; None where it hands over no table."""
    import pyarrow as pa

    try:
        table = given if isinstance(given, pa.Table) else pa.table(given)
    except (pa.ArrowInvalid, TypeError, AttributeError):
        return None

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        part = table.select(wanted)
        batches = part.to_batches(max_chunksize=source.BATCH) or [pa.RecordBatch.from_pylist([], schema=part.schema)]
        for batch in batches:
            yield dict(zip(wanted, batch.columns, strict=True))

    return Source(tuple(table.column_names), read, rows=table.num_rows)


def _open_rows(name: str, rows: Sequence[Any], columns: Mapping[str, str], dates: Dates) -> Source:
    """Validate rows one by one, by the model of their kind. Mappings may have the caller's own names and formats."""
    model, own = RECORDS[name], {column: field_ for field_, column in columns.items()}
    if rows and all(
        isinstance(row, Mapping) and {"count", "period"} <= {own.get(key, key) for key in row} for row in rows
    ):
        return _open_published(name, rows)
    records: list[Record] = []
    for position, row in enumerate(rows):
        try:
            plain = row if isinstance(row, model) else _renamed(row, own, name, position, dates)
            records.append(validated(plain) if isinstance(plain, model) else model.model_validate(plain))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RecordsError(
                f"{name} row {position}: {where}: {first['msg'].removeprefix('Value error, ')}."
            ) from None
    given = frozenset[str]().union(*(record.model_fields_set for record in records))
    extra = dict.fromkeys(key for record in records for key in record.model_extra or {})
    names = [*_declared_fields(name, given), *extra]

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        yield {column: [cell_of(record, own.get(column, column)) for record in records] for column in wanted}

    own_id = getattr(records[0], model.id_field or "", None) if len(records) == 1 else None
    doubtful = _nobody_else if own_id and not own_id.isspace() else None
    return Source(tuple(columns.get(item, item) for item in names), read, rows=len(records), doubtful=doubtful)


def _nobody_else() -> None:
    """Say that no id is shared."""


@lru_cache(maxsize=256)
def _declared_fields(name: str, given: frozenset[str]) -> list[str]:
    """Name the fields of rows. An unset one is an empty cell; only where no row sets it can another stand in for it."""
    return [item.name for item in fields_of(name).values() if item.falls_back_to is None or item.name in given]


def _open_published(name: str, rows: Sequence[Mapping[str, Any]]) -> Source:
    """See the rows of a published table as a source; they have no ids and times that a model could ask for."""
    import pyarrow as pa

    columns = dict.fromkeys(str(key) for row in rows for key in row)
    try:
        text = {key: [None if is_missing(row.get(key)) else str(row[key]) for row in rows] for key in columns}
        source = _open_arrow(pa.table(text))
    except (pa.ArrowInvalid, TypeError):
        source = None
    if source is None:
        raise RecordsError(f"{name} are rows of a published table that can't be read. Make a table of them first.")
    return source


def _renamed(row: Any, own: Mapping[str, str], name: str, position: int, dates: Dates) -> Any:
    """Give a row under the names of the vocabulary, its dates read by the caller's format."""
    if not isinstance(row, Mapping):
        return row
    fields = fields_of(name)
    out: dict[str, Any] = {}
    for key, value in row.items():
        if not isinstance(key, str):
            raise RecordsError(f"{name} row {position}: a column is named by a {type(key).__name__}, not by text.")
        field_ = own.get(key, key)
        form = dates if isinstance(dates, str) or dates is None else dates.get(field_)
        is_time = fields[field_].kind == "time" if field_ in fields else field_.endswith("_at")
        if isinstance(value, str) and is_time and form is not None and value.strip().lower() not in EMPTY:
            try:
                value = datetime.strptime(value.strip(), form)  # noqa: DTZ007, PLW2901
            except ValueError:
                raise RecordsError(
                    f"{name}: {key} has text that doesn't fit the format {form!r} that dates= names."
                ) from None
            value = value if re.search("%[HIMSfp]", form) else value.date()  # noqa: PLW2901
        out[field_] = None if is_missing(value) else value
    return out
