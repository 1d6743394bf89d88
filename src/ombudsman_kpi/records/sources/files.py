"""Records in files: Parquet, CSV and spreadsheets, one or many."""

import re
from collections.abc import Iterator
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from ombudsman_kpi.arrays.threads import Parts
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.sources.csv_files import open_csv
from ombudsman_kpi.records.sources.csv_scan import broken
from ombudsman_kpi.records.sources.frames import is_of_pandas
from ombudsman_kpi.records.sources.layout import FileOptions
from ombudsman_kpi.records.sources.source import Source, concatenated
from ombudsman_kpi.records.sources.spreadsheets import ENDINGS, open_spreadsheet


def open_path(name: str, path: Path, options: FileOptions) -> Source:
    """Return a file, or all files that a pattern such as ``cases/*.parquet`` names, as a source."""
    if _is_content(path):
        raise RecordsError(
            f"{name} are given as text that is no path. Give the path of a file, or a table: pandas.read_csv and "
            "pandas.read_json make one of text in io.StringIO(…), json.loads makes rows."
        )
    if path.is_file():
        return _open_file(name, path, options, keep=True)
    if path.is_dir():
        raise RecordsError(f"{name}: the file {path} is a folder. Name its files by a pattern: {path / '*.parquet'}.")
    if not has_magic(str(path)):
        raise RecordsError(f"{name}: the file {path} isn't there.")
    names = glob(str(path), recursive=True)  # noqa: PTH207  (Path.glob takes no pattern that begins at the root)
    sources = [_open_file(name, Path(item), options) for item in sorted(names) if Path(item).is_file()]
    if not sources:
        raise RecordsError(f"{name}: there is no file {path}.")
    return sources[0] if len(sources) == 1 else concatenated(sources, path.name)


def _is_content(path: Path) -> bool:
    """Return whether text in place of a path is what a file may hold, and no file is called so; nobody shows it then.

    It is longer than any path, has several lines, begins like JSON or XML, or has what separates cells and no ending.
    """
    text = str(path).strip()
    if len(text) > 1000 or any(sign in text for sign in "\n\r\0"):
        return True
    try:
        if path.exists():
            return False
    except OSError:  # a part of it is too long for a name
        return True
    if re.match(r"[{<]|\[\s*[\[{\"\]]", text):
        return True
    return not _ENDING.search(text) and any(sign in text for sign in ',;\t|"')


_ENDING = re.compile(r"\.\w{1,8}$")


def _open_file(name: str, path: Path, options: FileOptions, *, keep: bool = False) -> Source:
    import pyarrow as pa

    kind = ("".join(path.suffixes[-2:]) if path.suffix.lower() == ".gz" else path.suffix).lower()
    try:
        if kind == ".parquet":
            return _open_parquet(path)
        if kind in {".csv", ".csv.gz"}:
            return open_csv(name, path, options, keep=keep)
        if kind in ENDINGS:
            return open_spreadsheet(name, path, options)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise broken(path, error) from None
    raise RecordsError(
        f"{name}: {path.name} is none of .csv, .csv.gz, .parquet, .xlsx, .xls and .ods. Read it yourself, for example "
        "with pandas.read_json, and give the frame."
    )


def _open_parquet(path: Path) -> Source:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema, metadata, coded = file.schema_arrow, file.metadata, _coded(file)
        of_spark = {item.name for item in file.schema if item.physical_type == "INT96"}
    parts = _runs_of_groups(metadata)

    def in_utc(name: str, column: Any) -> Any:
        """Return a column; timestamps of 96 bits, as Spark writes them, are instants, though they have no zone."""
        return column.cast(pa.timestamp("us", "UTC")) if name in of_spark else column

    def part_of(wanted: list[str], groups: list[int]) -> Iterator[dict[str, Any]]:
        group, codes = 0, [name for name in wanted if name in coded]
        try:
            with pq.ParquetFile(
                path, metadata=metadata, read_dictionary=codes, coerce_int96_timestamp_unit="us"
            ) as file:
                for group in groups:
                    for batch in file.iter_batches(
                        source.BATCH, row_groups=[group], columns=wanted, use_threads=len(parts) == 1
                    ):
                        yield {column: in_utc(column, batch.column(column)) for column in wanted}
        except (pa.ArrowException, OSError) as error:
            raise broken(path, error, f" in row group {group}") from None

    def without_rows(wanted: list[str]) -> Iterator[dict[str, Any]]:
        yield {column: in_utc(column, pa.nulls(0, schema.field(column).type)) for column in wanted}

    def read(wanted: list[str]) -> Parts[dict[str, Any]]:
        if not parts:
            return Parts([partial(without_rows, wanted)], [0])
        return Parts([partial(part_of, wanted, groups) for groups in parts], [*map(rows_in, parts)])

    def rows_in(groups: list[int]) -> int:
        return sum(metadata.row_group(group).num_rows for group in groups)

    types = dict(zip(schema.names, schema.types, strict=True)) | dict.fromkeys(of_spark, pa.timestamp("us", "UTC"))
    return Source(
        tuple(schema.names), read, is_pandas=is_of_pandas(schema), place=path.name, rows=metadata.num_rows, types=types
    )


def _runs_of_groups(metadata: Any) -> list[list[int]]:
    """Return the row groups with rows, in runs that can be read side by side: small ones follow one another in one."""
    runs: list[list[int]] = []
    size = source.BATCH
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        if rows and size >= source.BATCH:
            runs.append([])
            size = 0
        if rows:
            runs[-1].append(group)
            size += rows
    return runs


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
