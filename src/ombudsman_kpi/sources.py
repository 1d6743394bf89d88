"""Where records come from: frames of any library, files, rows. The only module that knows dataframe libraries.

It takes pandas and Polars frames, PyArrow tables and whatever else hands over Arrow data (DuckDB relations
among them), paths of CSV and Parquet files, and rows: mappings, or the models of ``records``.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ombudsman_kpi.days import is_missing
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records import EMPTY, RECORDS, Record, fields_of

BATCH = 1 << 16  # rows at a time: few enough for the cache, enough for the overhead not to matter

Dates = str | Mapping[str, str] | None  # one format for all, or one for each field


class Source(NamedTuple):
    """Where records come from: the columns it has, and how to read some of them in batches of rows."""

    names: tuple[str, ...]
    read: Callable[[list[str]], Iterator[Mapping[str, Any]]]
    is_pandas: bool = False
    place: str = ""
    doubtful: Callable[[], Any] | None = None  # gives the ids that records share, where others have looked for them


def open_source(name: str, given: Any, columns: Mapping[str, str], dates: Dates) -> Source:
    """See records in any form as a ``Source``. Raises ``RecordsError`` for what can't be read."""
    while hasattr(given, "to_native"):  # a frame of narwhals
        given = given.to_native()
    if isinstance(given, (str, Path)):
        return _open_path(name, Path(given))
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(given, pandas.DataFrame):
        return _open_pandas(given)
    if polars is not None and isinstance(given, polars.LazyFrame):
        given = given.collect()
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        source = _open_arrow(given)
        if source is not None:
            return source
    if isinstance(given, Mapping) and given and all(isinstance(value, (list, tuple)) for value in given.values()):
        raise RecordsError(f"{name} row 0: lists stand where cells should. Make a table of them: pandas.DataFrame(…).")
    if isinstance(given, (Record, Mapping)):
        return _open_rows(name, [given], columns, dates)
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        return _open_rows(name, given, columns, dates)
    raise RecordsError(
        f"{name} are given as {type(given).__name__}, which can't be read. Give a pandas, Polars or PyArrow table, "
        "a DuckDB relation, the path of a .csv or .parquet file, or a list of rows."
    )


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
        for first in range(0, max(len(frame), 1), BATCH):
            rows = slice(first, first + BATCH)
            yield {column: convert(frame.iloc[rows, position]) for column, position in positions.items()}

    return Source(names, read, is_pandas=True)


def _open_arrow(given: Any) -> Source | None:
    """See whatever hands over Arrow data as a source; None where it hands over no table."""
    import pyarrow as pa

    try:
        table = given if isinstance(given, pa.Table) else pa.table(given)
    except (pa.ArrowInvalid, TypeError, AttributeError):
        return None

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        part = table.select(wanted)
        batches = part.to_batches(max_chunksize=BATCH) or [pa.RecordBatch.from_pylist([], schema=part.schema)]
        for batch in batches:
            yield dict(zip(wanted, batch.columns, strict=True))

    return Source(tuple(table.column_names), read)


def _open_path(name: str, path: Path) -> Source:
    import pyarrow as pa

    if "\n" in str(path) or len(str(path)) > 1000:
        raise RecordsError(f"{name} are given as text that is no path. Give the path of a file, or a table.")
    if not path.is_file():
        there = "is a folder" if path.is_dir() else "isn't there"
        raise RecordsError(f"{name}: the file {path} {there}.")
    kind = ("".join(path.suffixes[-2:]) if path.suffix.lower() == ".gz" else path.suffix).lower()
    try:
        if kind == ".parquet":
            return _open_parquet(path)
        if kind in {".csv", ".csv.gz"}:
            return _open_csv(path)
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise _broken(path, error) from None
    raise RecordsError(
        f"{name}: {path.name} is neither .csv, .csv.gz nor .parquet. Read it yourself, for example with "
        "pandas.read_excel, and give the frame."
    )


def _broken(path: Path, error: Exception) -> RecordsError:
    lengths = re.search(r"(Row #\d+: )?Expected (\d+) columns, got (\d+)", str(error))
    if lengths is not None:
        reason = f"Expected {lengths[2]} columns, but a row has {lengths[3]}" + (
            f" ({lengths[1][:-2]})" if lengths[1] else ""
        )
    else:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    hint = " Save it as UTF-8." if "UTF" in reason or "utf" in reason else ""
    return RecordsError(f"{path} can't be read: {reason}.{hint}")


def _open_parquet(path: Path) -> Source:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = tuple(pq.read_schema(path).names)

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        empty = True
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH, columns=wanted):
                    yield {column: batch.column(column) for column in wanted}
                    empty = False
                if empty:
                    yield {column: pa.array([], file.schema_arrow.field(column).type) for column in wanted}
        except (pa.ArrowInvalid, OSError) as error:
            raise _broken(path, error) from None

    return Source(names, read, place=path.name)


def _open_csv(path: Path) -> Source:
    import pyarrow as pa
    import pyarrow.csv as pv

    with path.open("rb") as file:
        if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
            raise pa.ArrowInvalid("it is written in UTF-16")
    lines = pv.ParseOptions(newlines_in_values=True)  # notes may run over several
    with pv.open_csv(path, parse_options=lines) as reader:
        names = tuple(reader.schema.names)
    separator = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if separator is not None:
        raise pa.ArrowInvalid(f"its columns are separated by {separator!r}; save it with commas")

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        # Text, whatever it looks like: 00123 is an id, and only we say what a date is.
        convert = pv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted, strings_can_be_null=False
        )
        empty = True
        try:
            with pv.open_csv(path, pv.ReadOptions(block_size=1 << 24), lines, convert) as reader:
                for batch in reader:
                    yield dict(zip(wanted, batch.columns, strict=True))
                    empty = False
        except (pa.ArrowInvalid, OSError) as error:
            raise _broken(path, error) from None
        if empty:
            yield {column: pa.array([], pa.string()) for column in wanted}

    return Source(names, read, place=path.name)


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
            records.append(plain if isinstance(plain, model) else model.model_validate(plain))
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
        yield {column: [getattr(record, own.get(column, column), None) for record in records] for column in wanted}

    return Source(tuple(columns.get(field_, field_) for field_ in names), read)


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
