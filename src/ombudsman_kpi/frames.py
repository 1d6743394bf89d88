"""Records in any form, read as columns of the vocabulary: the only module that knows dataframe libraries.

It takes pandas and Polars frames, PyArrow tables and whatever else hands over Arrow data (DuckDB relations
among them), paths of CSV and Parquet files, and rows: mappings, or the models of ``records``.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ombudsman_kpi.days import is_missing
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.records import EMPTY, RECORDS, Field, Record, fields_of
from ombudsman_kpi.times import Times, decoded, read_times

BATCH = 1 << 16  # rows at a time: few enough for the cache, enough for the overhead not to matter

Dates = str | Mapping[str, str] | None  # one format for all, or one for each field


@dataclass(frozen=True, slots=True)
class Source:
    """Where records come from: the columns it has, and how to read some of them in batches of rows."""

    names: tuple[str, ...]
    read: Callable[[list[str]], Iterator[Mapping[str, Any]]]
    is_pandas: bool = False
    place: str = ""
    only_midnights: Callable[[str], bool] = lambda _: False  # whether every time of a column is how pandas writes dates


@dataclass(frozen=True)
class Batch:
    """Some rows of one kind of record, by field name; read once, whoever asks."""

    table: "Table"
    offset: int
    columns: Mapping[str, Any]
    _times: dict[str, Times] = field(default_factory=dict, repr=False)
    _text: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return next((len(column) for column in self.columns.values()), 0)

    def times(self, name: str) -> Times:
        """Give a column of dates or timestamps."""
        if name not in self._times:
            self._times[name] = self._read_times(name)
        return self._times[name]

    def text(self, name: str) -> Any:
        """Give a column as Arrow text; numbers and truth values are written out."""
        if name not in self._text:
            self._text[name] = self._read_text(name)
        return self._text[name]

    def _read_times(self, name: str) -> Times:
        def complain(position: int | None, what: str) -> RecordsError:
            row = "" if position is None else f" row {self.offset + position}{self._id_at(position)}:"
            return RecordsError(f"{self.table.label}{row} {self.table.column_of(name)} {what}.")

        form = self.table.form_of(name)
        times = read_times(self.columns[name], form, complain, pandas=self.table.source.is_pandas)
        zoned = times.kind == "instants"
        if times.kind != "dates" and zoned != self.table.zoned.setdefault(name, zoned):  # as another batch was
            raise complain(None, "holds times with a zone and times without one. Bring them to one form")
        return times

    def _id_at(self, position: int) -> str:
        name = self.table.id_field
        if name is None or name not in self.columns:
            return ""
        return f" ({name} {_plain(self.columns[name], position)})"

    def _read_text(self, name: str) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.columns[name]
        if isinstance(column, list):
            column = pa.array([None if is_missing(value) else _spelt(value) for value in column], pa.string())
        if pa.types.is_dictionary(column.type):
            column = decoded(column)
        if pa.types.is_floating(column.type):  # whole numbers that met a missing one in pandas
            whole = pc.all(pc.equal(pc.floor(column), column)).as_py()
            column = column.cast(pa.int64(), safe=False) if whole else column
        try:
            text = column.cast(pa.string())
        except pa.ArrowNotImplementedError:
            raise RecordsError(
                f"{self.table.label}: {self.table.column_of(name)} holds {column.type}, not text. Make it text first."
            ) from None
        if not _is_clean(text):
            text = pc.utf8_trim_whitespace(text)
            text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        declared = self.table.fields.get(name)
        return _as_truth(text) if declared is not None and declared.kind == "truth" else text


def _as_truth(text: Any) -> Any:
    """Write true and false in one way, however the program that exported them does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = pc.utf8_lower(text)
    for words, word in ((("t", "yes", "y", "1"), "true"), (("f", "no", "n", "0"), "false")):
        lower = pc.if_else(pc.is_in(lower, pa.array(words)), word, lower)
    return lower


def _is_clean(text: Any) -> bool:
    """Tell whether no cell is empty and none can have space around it: a look at the bytes saves two copies."""
    offsets = np.frombuffer(text.buffers()[1] or b"\0" * 8, np.int32)[text.offset : text.offset + len(text) + 1]
    content = np.frombuffer(text.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    plain = not len(content) or bool(content.min() > 32 and content.max() < 128)
    return plain and text.null_count == 0 and bool((offsets[1:] > offsets[:-1]).all())


def _spelt(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(column: Any, position: int) -> Any:
    item = column[position]
    return item.as_py() if hasattr(item, "as_py") else item


@dataclass(frozen=True)
class Table:
    """One kind of record as it was given: the source, and what the caller said of its columns and dates."""

    name: str
    source: Source
    columns: Mapping[str, str]
    dates: Dates
    zoned: dict[str, bool] = field(default_factory=dict, repr=False)  # which fields have zones, as far as was read

    @property
    def label(self) -> str:
        """How errors name it."""
        return f"{self.name} ({self.source.place})" if self.source.place else self.name

    @property
    def fields(self) -> dict[str, Field]:
        """The vocabulary of this kind of record."""
        return fields_of(self.name)

    @property
    def id_field(self) -> str | None:
        """The field that no two records share."""
        return RECORDS[self.name].id_field

    def has(self, name: str) -> bool:
        """Tell whether a field's column, under its own or the caller's name, is there."""
        return self.column_of(name) in self.source.names

    def is_time(self, name: str) -> bool:
        """Tell whether a field holds times: those of the vocabulary, and any other that ends in ``_at``."""
        return self.fields[name].kind == "time" if name in self.fields else name.endswith("_at")

    def known_from(self, name: str) -> str | None:
        """Give the field from whose day another is known: a decision's kind from ``decided_at``."""
        source = self.fields[name].known_from if name in self.fields else None
        return source if source is not None and self.has(source) else None

    def column_of(self, name: str) -> str:
        """Give the caller's name of a field."""
        return self.columns.get(name, name)

    def form_of(self, name: str) -> str | None:
        """Give the caller's format for dates in text."""
        return self.dates if isinstance(self.dates, str) or self.dates is None else self.dates.get(name)

    def resolve(self, name: str, needed_by: str) -> str:
        """Give the field that stands for one: itself, or what it falls back to where the column is absent.

        Raises ``RecordsError`` with the columns that are there.
        """
        if self.has(name):
            return name
        declared = self.fields.get(name)
        if declared is not None and declared.falls_back_to is not None:
            return self.resolve(declared.falls_back_to, needed_by)
        wanted = self.column_of(name)
        raise RecordsError(
            f"{self.label} has no column {wanted!r}, which {needed_by} needs. {one_of(wanted, self.source.names)} "
            f"If it has another name there, say so: columns={{{self.name!r}: {{{name!r}: '…'}}}}, "
            "or in the file of --columns."
        )

    def batches(self, names: Iterable[str]) -> Iterator[Batch]:
        """Read some fields, a batch of rows at a time."""
        wanted = {name: self.column_of(name) for name in names}
        offset = 0
        for columns in self.source.read(list(dict.fromkeys(wanted.values()))):
            batch = Batch(self, offset, {name: columns[column] for name, column in wanted.items()})
            yield batch
            offset += len(batch)

    @cached_property
    def doubtful_ids(self) -> Any:
        """The ids, as Arrow text, that more than one record has; a missing one among them where a record has none.

        None where every record has an id of its own, or none is looked for: then nobody need read ids again.
        """
        import pyarrow as pa

        from ombudsman_kpi.identity import repeated

        if self.id_field is None or not self.has(self.id_field):
            return None
        ids = [batch.text(self.id_field) for batch in self.batches([self.id_field])]
        found = repeated(ids)
        if self.fields[self.id_field].required and any(chunk.null_count for chunk in ids):
            found = pa.concat_arrays([found, pa.nulls(1, pa.string())])
        return found if len(found) else None


def open_table(name: str, given: Any, columns: Mapping[str, str] | None, dates: Dates) -> Table:
    """See records in any form as a ``Table``.

    Raises ``RecordsError`` for what can't be read and for a renamed column that isn't there, ``OptionError``
    for a kind of records that there isn't.
    """
    if name not in RECORDS:
        raise OptionError(f"There are no records called {name!r}. {one_of(name, RECORDS)}")
    table = Table(name, _open(name, given, dict(columns or {}), dates), dict(columns or {}), dates)
    twice = [column for column in table.source.names if table.source.names.count(column) > 1]
    if twice:
        raise RecordsError(f"{table.label} has two columns called {twice[0]!r}. Rename one of them.")
    for own, column in table.columns.items():
        if column not in table.source.names:
            raise RecordsError(
                f"{table.label} has no column {column!r}, which columns= names for {own!r}. "
                f"{one_of(column, table.source.names)}"
            )
    for own in () if dates is None or isinstance(dates, str) else dates:
        if not table.is_time(own):
            times = [item.name for item in table.fields.values() if item.kind == "time"]
            raise OptionError(f"dates= names a format for {own!r} of {name}, which isn't a time. {one_of(own, times)}")
    return table


def _open(name: str, given: Any, columns: Mapping[str, str], dates: Dates) -> Source:
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
        return _open_arrow(given)
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

    names = tuple(str(column) for column in frame.columns)

    def convert(column: Any) -> Any:
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

    @cache
    def only_midnights(column: str) -> bool:
        times = frame.iloc[:, names.index(column)].dropna()
        return len(times) > 1 and bool((times == times.dt.normalize()).all())

    return Source(names, read, is_pandas=True, only_midnights=only_midnights)


def _open_arrow(given: Any) -> Source:
    import pyarrow as pa

    table = given if isinstance(given, pa.Table) else pa.table(given)

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        part = table.select(wanted)
        batches = part.to_batches(max_chunksize=BATCH) or [pa.RecordBatch.from_pylist([], schema=part.schema)]
        for batch in batches:
            yield dict(zip(wanted, batch.columns, strict=True))

    return Source(tuple(table.column_names), read)


def _open_path(name: str, path: Path) -> Source:
    import pyarrow as pa

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
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    row = reason.find(": Expected ")  # what follows is the row itself
    if row >= 0:
        reason = (
            reason[: reason.find(", got ", row) + len(", got ")].rstrip(" ,got")
            + " columns, but a row has another number"
        )
    hint = " Save it as UTF-8." if "UTF8" in reason or "utf-8" in reason else ""
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

    with pv.open_csv(path) as reader:
        names = tuple(reader.schema.names)

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        # Text, whatever it looks like: 00123 is an id, and only we say what a date is.
        convert = pv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted, strings_can_be_null=False
        )
        empty = True
        try:
            with pv.open_csv(path, pv.ReadOptions(block_size=1 << 24), convert_options=convert) as reader:
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
    records: list[Record] = []
    for position, row in enumerate(rows):
        try:
            plain = row if isinstance(row, model) else _renamed(row, own, name, dates)
            records.append(plain if isinstance(plain, model) else model.model_validate(plain))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RecordsError(
                f"{name} row {position}: {where}: {first['msg'].removeprefix('Value error, ')}."
            ) from None
    # An unset field is an empty cell; only where no row sets it can another field stand in for it.
    given = {field_ for record in records for field_ in record.model_fields_set}
    fields = fields_of(name).values()
    names = [item.name for item in fields if item.falls_back_to is None or item.name in given]
    names += list(dict.fromkeys(key for record in records for key in record.model_extra or {}))

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        yield {column: [getattr(record, own.get(column, column), None) for record in records] for column in wanted}

    return Source(tuple(columns.get(field_, field_) for field_ in names), read)


def _renamed(row: Any, own: Mapping[str, str], name: str, dates: Dates) -> Any:
    """Give a row under the names of the vocabulary, its dates read by the caller's format."""
    if not isinstance(row, Mapping):
        return row
    fields = fields_of(name)
    out: dict[str, Any] = {}
    for key, value in row.items():
        field_ = own.get(key, key)
        form = dates if isinstance(dates, str) or dates is None else dates.get(field_)
        is_time = fields[field_].kind == "time" if field_ in fields else str(field_).endswith("_at")
        if isinstance(value, str) and is_time and form is not None and value.strip().lower() not in EMPTY:
            try:
                value = datetime.strptime(value.strip(), form)  # noqa: DTZ007, PLW2901
            except ValueError:
                raise RecordsError(
                    f"{name}: {key} has text that doesn't fit the format {form!r} that dates= names."
                ) from None
            value = value if re.search("%[HIMSfp]", form) else value.date()  # noqa: PLW2901
        out[str(field_)] = None if is_missing(value) else value
    return out
