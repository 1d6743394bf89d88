"""Records in files: Parquet and CSV, one or many."""

import csv
import io
import re
from collections.abc import Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.sources.frames import is_of_pandas
from ombudsman_kpi.records.sources.source import Source, concatenated

BLOCK = 1 << 24  # bytes of a CSV file at a time


def open_path(name: str, path: Path) -> Source:
    """Return a file, or all files that a pattern such as ``cases/*.parquet`` names, as a source."""
    if "\n" in str(path) or len(str(path)) > 1000:
        raise RecordsError(f"{name} are given as text that is no path. Give the path of a file, or a table.")
    if path.is_file():
        return _open_file(name, path)
    if path.is_dir():
        raise RecordsError(f"{name}: the file {path} is a folder. Name its files by a pattern: {path / '*.parquet'}.")
    if not has_magic(str(path)):
        raise RecordsError(f"{name}: the file {path} isn't there.")
    names = glob(str(path), recursive=True)  # noqa: PTH207  (Path.glob takes no pattern that begins at the root)
    sources = [_open_file(name, Path(item)) for item in sorted(names) if Path(item).is_file()]
    if not sources:
        raise RecordsError(f"{name}: there is no file {path}.")
    return sources[0] if len(sources) == 1 else concatenated(sources, path.name)


def _open_file(name: str, path: Path) -> Source:
    import pyarrow as pa

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


def _broken(path: Path, error: Exception, part: str = "") -> RecordsError:
    lengths = re.search(r"(Row #\d+: )?Expected (\d+) columns, got (\d+)", str(error))
    if lengths is not None:
        reason = f"Expected {lengths[2]} columns, but a row has {lengths[3]}" + (
            f" ({lengths[1][:-2]})" if lengths[1] else ""
        )
    else:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    hint = " Save it as UTF-8." if "UTF" in reason or "utf" in reason else ""
    return RecordsError(f"{path} can't be read{part}: {reason}.{hint}")


def _open_parquet(path: Path) -> Source:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema, rows, coded = file.schema_arrow, file.metadata.num_rows, _coded(file)
        of_spark = {item.name for item in file.schema if item.physical_type == "INT96"}

    def in_utc(name: str, column: Any) -> Any:
        """Return a column; timestamps of 96 bits, as Spark writes them, are instants, though they have no zone."""
        return column.cast(pa.timestamp("us", "UTC")) if name in of_spark else column

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        empty, group = True, 0
        try:
            codes = [name for name in wanted if name in coded]
            with pq.ParquetFile(path, read_dictionary=codes, coerce_int96_timestamp_unit="us") as file:
                for group in range(file.metadata.num_row_groups):
                    for batch in file.iter_batches(source.BATCH, row_groups=[group], columns=wanted):
                        yield {column: in_utc(column, batch.column(column)) for column in wanted}
                        empty = False
                if empty:
                    yield {column: in_utc(column, pa.nulls(0, schema.field(column).type)) for column in wanted}
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, error, f" in row group {group}") from None

    return Source(tuple(schema.names), read, is_pandas=is_of_pandas(schema), place=path.name, rows=rows)


def _coded(file: Any) -> set[str]:
    """Return the columns of text with few different words: they are read as codes, and each word once."""
    import pyarrow as pa

    text = {field.name for field in file.schema_arrow if pa.types.is_string(field.type)}
    coded = set()
    for place in range(file.metadata.num_columns if file.metadata.num_row_groups else 0):
        column = file.metadata.row_group(0).column(place)
        if column.path_in_schema in text and column.total_uncompressed_size < 2 * column.num_values:  # bytes a cell
            coded.add(column.path_in_schema)
    return coded


def _open_csv(path: Path) -> Source:
    import pyarrow as pa
    import pyarrow.csv as pv

    with path.open("rb") as file:
        if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
            raise pa.ArrowInvalid("it is written in UTF-16")
    lines = pv.ParseOptions(newlines_in_values=True)  # notes may run over several
    with pv.open_csv(path, pv.ReadOptions(use_threads=False), lines) as reader:  # one thread counts the rows
        names = tuple(reader.schema.names)
    _refuse_open_quote(path)
    separator = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if separator is not None:
        raise pa.ArrowInvalid(f"its columns are separated by {separator!r}; save it with commas")

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        # Text, whatever it looks like: 00123 is an id, and only we say what a date is.
        convert = pv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted, strings_can_be_null=False
        )

        def batches(*, use_threads: bool = True) -> Iterator[Any]:
            options = pv.ReadOptions(block_size=BLOCK, use_threads=use_threads)
            with pv.open_csv(path, options, lines, convert) as reader:
                yield from reader

        empty = True
        try:
            for batch in batches():
                yield dict(zip(wanted, batch.columns, strict=True))
                empty = False
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, _first_error(batches(use_threads=False)) or error) from None
        if empty:
            yield {column: pa.nulls(0, pa.string()) for column in wanted}

    return Source(names, read, place=path.name)


def _refuse_open_quote(path: Path) -> None:
    """Refuse a file whose last quotation mark isn't closed: all rows after it would be the content of one cell."""
    import pyarrow as pa

    marks = 0
    with pa.input_stream(str(path)) as file:
        while content := file.read(1 << 20):
            marks += content.count(b'"')
    if marks % 2 == 0:
        return
    with pa.input_stream(str(path)) as file, io.TextIOWrapper(file, "utf-8", errors="replace", newline="") as text:
        rows, begin = csv.reader(text, strict=True), 0
        try:
            for _ in rows:
                begin = rows.line_num
        except csv.Error:
            raise pa.ArrowInvalid(
                f"a quotation mark in the row that begins in line {begin + 1} is never closed"
            ) from None


def _first_error(batches: Iterator[Any]) -> Exception | None:
    """Return the error that is met when all is read again in one thread, which counts the rows."""
    import pyarrow as pa

    try:
        for _ in batches:
            pass
    except (pa.ArrowException, OSError) as error:
        return error
    return None
