"""Records as columns of the vocabulary: the table that was given, in the caller's names, a batch of rows at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import integers, present, truths
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number, is_missing
from ombudsman_kpi.calendars.periods import Period, parse_period
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.records.opening import open_source
from ombudsman_kpi.records.source import Dates, Rows, Source
from ombudsman_kpi.records.times import Times, decoded, read_times
from ombudsman_kpi.records.vocabulary import RECORDS, Field, fields_of
from ombudsman_kpi.records.words import TRUTHS, Words, as_truth, is_clean

if TYPE_CHECKING:
    from ombudsman_kpi.arrays.ids import Index

COUNT, PERIOD = "count", "period"  # the columns of a published table: how many records a row stands for, and when


@dataclass(eq=False)
class Batch:
    """Some rows of one kind of record, by field name; read once, whoever asks."""

    table: "Table"
    offset: int
    columns: Mapping[str, Any]
    place: str = ""  # of several files or batches, which one
    before: int = 0  # how many rows came before it
    _times: dict[str, Times] = field(default_factory=dict, repr=False)
    _text: dict[str, Any] = field(default_factory=dict, repr=False)
    _words: dict[str, Words] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return next((len(column) for column in self.columns.values()), 0)

    def times(self, name: str) -> Times:
        """Give a column of dates or timestamps."""
        found = self._times.get(name)
        if found is None:
            found = self._times[name] = self._read_times(name)
        return found

    def text(self, name: str) -> Any:
        """Give a column as Arrow text; numbers and truth values are written out."""
        if name not in self._text:
            self._text[name] = self._read_text(name)
        return self._text[name]

    def words(self, name: str) -> Words:
        """Give a column of text by the different words in it; a list of cells needs no Arrow for that."""
        if name not in self._words:
            self._words[name] = self._read_words(name)
        return self._words[name]

    @cached_property
    def shares_id(self) -> Truths | None:
        """Which records have the id of another one; None where none has."""
        doubtful = self.table.doubtful_ids
        if doubtful is None:
            return None

        import pyarrow.compute as pc

        return truths(pc.is_in(self.text(str(self.table.id_field)), doubtful.drop_null()))

    def is_filled(self, name: str) -> Truths:
        """Tell where a column of text isn't empty."""
        if isinstance(self.columns[name], list):
            return np.array([cell is not None for cell in self._cells(name, self.columns[name])], np.bool_)
        return present(self.text(name))

    @cached_property
    def weights(self) -> Integers | int:
        """How many records each row stands for: 1, or what the column ``count`` says.

        Raises ``RecordsError`` where that isn't a whole number.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.table.has(COUNT):
            return 1
        text = pc.replace_substring_regex(self.text(COUNT), r"\.0+$", "")
        bad = truths(pc.invert(pc.fill_null(pc.match_substring_regex(text, r"^\d{1,15}$"), False)))  # noqa: FBT003
        if bad.any():
            raise RecordsError(
                f"{self.label} {self._row(int(np.argmax(bad)))}: {self.table.column_of(COUNT)} isn't a whole number. "
                "It says how many records a row stands for; write 0 for none, or leave the row out."
            )
        weights: Integers = integers(text.cast(pa.int64()), 0)
        return weights

    def _read_words(self, name: str) -> Words:
        column = self.columns[name]
        if isinstance(column, list):
            return Words.of_cells(self._cells(name, column))

        import pyarrow as pa

        if not pa.types.is_dictionary(column.type) or not pa.types.is_string(column.type.value_type):
            return Words.of_arrow(self.text(name))
        book = Words.of_cells(self._cells(name, column.dictionary.to_pylist()))
        codes = integers(column.indices, -1)
        if len(book.words) == len(book.codes):  # no word is another one with space around it, none is empty
            return Words(codes, book.words)
        return Words(np.append(book.codes, -1).take(codes), book.words)

    def _read_times(self, name: str) -> Times:
        if self.table.dated_by_period(name):
            return self._read_periods()

        def complain(position: int | None, what: str) -> RecordsError:
            what = what.replace("'cases'", repr(self.table.name))  # the example is of these records
            row = "" if position is None else f" {self._row(position)}{self._id_at(position)}:"
            return RecordsError(f"{self.label}{row} {self.table.column_of(name)} {what}.")

        form = self.table.form_of(name)
        times = read_times(self.columns[name], form, complain, pandas=self.table.source.is_pandas)
        zoned = times.kind == "instants"
        if times.kind != "dates" and zoned != self.table.zoned.setdefault(name, zoned):  # as another batch was
            raise complain(None, "holds times with a zone and times without one. Bring them to one form")
        return times

    def _read_periods(self) -> Times:
        """Give the first day of the period that each row of a published table is labelled with."""
        encoded = self.text(PERIOD).dictionary_encode()
        first = [day_number(self.table.period_of(label).start) for label in encoded.dictionary.to_pylist()]
        positions = integers(encoded.indices, len(first))
        return Times(np.array([*first, MISSING], np.int64).take(positions), "dates")

    @property
    def label(self) -> str:
        """How errors name it: the records, and of several files the one that this is from."""
        return f"{self.table.name} ({self.place})" if self.place else self.table.label

    def _row(self, position: int) -> str:
        return f"row {self.offset - self.before + position}"

    def _id_at(self, position: int) -> str:
        name = self.table.id_field
        if name is None or name not in self.columns:
            return ""
        return f" ({name} {_plain(self.columns[name], position)})"

    def _cells(self, name: str, values: Sequence[Any]) -> list[str | None]:
        """Give cells as text, without the space around it; None where a cell is empty."""
        cells = [(value if type(value) is str else self._spelt(name, value)).strip() or None for value in values]
        if not self._is_truth(name):
            return cells
        return [cell and TRUTHS.get(cell.lower(), cell.lower()) for cell in cells]

    def _spelt(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        if is_missing(value):
            return ""
        if isinstance(value, (bytes, Mapping, Iterable)):
            raise self._no_text(name, type(value).__name__)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _is_truth(self, name: str) -> bool:
        declared = self.table.fields.get(name)
        return declared is not None and declared.kind == "truth"

    def _no_text(self, name: str, kind: str) -> RecordsError:
        return RecordsError(
            f"{self.table.label}: {self.table.column_of(name)} holds {kind}, not text. Make it text first."
        )

    def _read_text(self, name: str) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.columns[name]
        if isinstance(column, list):
            return pa.array(self._cells(name, column), pa.string())
        if pa.types.is_dictionary(column.type):
            column = decoded(column)
        if pa.types.is_floating(column.type):  # whole numbers that met a missing one in pandas
            whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))
            column = pc.if_else(whole, column.cast(pa.int64(), safe=False).cast(pa.string()), column.cast(pa.string()))
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            raise self._no_text(name, str(column.type))
        text = column.cast(pa.string())
        if not is_clean(text):
            text = pc.utf8_trim_whitespace(text)
            text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        return as_truth(text) if self._is_truth(name) else text


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

    @property
    def named_by(self) -> str | None:
        """The field that names a record for its reader: its id, or else its case's; None where there is none."""
        names = (self.id_field, "case_id")
        return next((name for name in names if name is not None and self.has(name)), None)

    def has(self, name: str) -> bool:
        """Tell whether a field's column, under its own or the caller's name, is there."""
        return self.columns.get(name, name) in self._there

    @cached_property
    def _there(self) -> frozenset[str]:
        return frozenset(self.source.names)

    @property
    def is_published(self) -> bool:
        """Tell whether it is a published table: rows with a count and the label of a period, without ids."""
        return self.has(COUNT) and self.has(PERIOD)

    def dated_by_period(self, name: str) -> bool:
        """Tell whether the label of a period stands for a time, as it does in a published table."""
        return not self.has(name) and self.is_published and self.is_time(name)

    def period_of(self, label: str) -> Period:
        """Read the label of a period. Raises ``RecordsError`` for any other text."""
        try:
            return parse_period(label)
        except OptionError as error:
            raise RecordsError(
                f"{self.label}: {self.column_of(PERIOD)} has a label that can't be read: {error}"
            ) from None

    @cached_property
    def periods(self) -> frozenset[Period]:
        """The periods that the rows of a published table are labelled with."""
        import pyarrow.compute as pc

        labels = {label for batch in self.batches([PERIOD]) for label in pc.unique(batch.text(PERIOD)).to_pylist()}
        return frozenset(self.period_of(label) for label in labels if label is not None)

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
        if self.has(name) or self.dated_by_period(name):
            return name
        declared = self.fields.get(name)
        if declared is not None and declared.falls_back_to is not None:
            return self.resolve(declared.falls_back_to, needed_by)
        raise self.lacks(name, needed_by)

    def lacks(self, name: str, needed_by: str) -> RecordsError:
        """Give the error of a field that isn't there."""
        wanted = self.column_of(name)
        return RecordsError(
            f"{self.label} has no column {wanted!r}, which {needed_by} needs. "
            f"{one_of(wanted, self.source.names, but=self.fields)} If it has another name there, say so: "
            f"columns={{{self.name!r}: {{{name!r}: '…'}}}}, or in the file of --columns; or leave the target out with "
            "targets=."
        )

    def batches(self, names: Iterable[str]) -> Iterator[Batch]:
        """Read some fields, a batch of rows at a time."""
        names = [PERIOD if self.dated_by_period(name) else name for name in names]
        for name in names:
            if not self.has(name):
                raise self.lacks(name, "this measure")
        wanted = {name: self.column_of(name) for name in names}
        offset = 0
        for columns in self.source.read(list(dict.fromkeys(wanted.values()))):
            place, before = (columns.place, columns.before) if isinstance(columns, Rows) else ("", 0)
            batch = Batch(self, offset, {name: columns[column] for name, column in wanted.items()}, place, before)
            yield batch
            offset += len(batch)

    def only_dates(self, name: str) -> bool:
        """Tell whether a whole column, in every batch, holds dates without a time of day."""
        rows = 0
        for batch in self.batches([name]):
            times = batch.times(name)
            rows += int(times.present.sum()) if times.midnight_is_date else 2
            if not (times.dates_alone() | ~times.present).all():
                return False
        return rows > 1  # the one call of a table may well have come at midnight

    @cached_property
    def index(self) -> "Index":
        """In which row each id stands."""
        from ombudsman_kpi.arrays.ids import Index

        name = str(self.id_field)
        return Index.of(batch.text(name) for batch in self.batches([name]))

    @cached_property
    def doubtful_ids(self) -> Any:
        """The ids, as Arrow text, that more than one record has; a missing one among them where a record has none.

        None where every record has an id of its own, or none is looked for: then nobody need read ids again.
        """
        if self.id_field is None or not self.has(self.id_field):
            return None
        if self.source.doubtful is not None:
            return self.source.doubtful()

        import pyarrow as pa

        from ombudsman_kpi.arrays.ids import repeated, shared

        name = self.id_field

        def read() -> Iterator[Any]:
            return (batch.text(name) for batch in self.batches([name]))

        looked_up = self.__dict__.get("index")  # then all of them have been looked at
        found, missing = repeated(read) if looked_up is None else (shared(read, looked_up.again), looked_up.missing)
        if self.fields[name].required and missing:
            found = pa.concat_arrays([found, pa.nulls(1, pa.string())])
        return found if len(found) else None


def open_table(name: str, given: Any, columns: Mapping[str, str] | None, dates: Dates) -> Table:
    """See records in any form as a ``Table``.

    Raises ``RecordsError`` for what can't be read and for a renamed column that isn't there, ``OptionError``
    for a kind of records that there isn't.
    """
    if name not in RECORDS:
        raise OptionError(f"There are no records called {name!r}. {one_of(name, RECORDS)}")
    source = given if isinstance(given, Source) else open_source(name, given, dict(columns or {}), dates)
    table = Table(name, source, dict(columns or {}), dates, {} if source.zoned is None else source.zoned)
    names = table.source.names
    twice = [] if len(set(names)) == len(names) else [column for column in names if names.count(column) > 1]
    if twice:
        raise RecordsError(f"{table.label} has two columns called {twice[0]!r}. Rename one of them.")
    for own, column in table.columns.items():
        if column not in table.source.names:
            raise RecordsError(
                f"{table.label} has no column {column!r}, which columns= names for {own!r}. "
                f"{one_of(column, table.source.names)}"
            )
    for own in () if dates is None or isinstance(dates, str) else dates:
        if not table.is_time(own) or (own not in table.fields and not table.has(own)):
            times = [item.name for item in table.fields.values() if item.kind == "time"]
            raise OptionError(f"dates= names a format for {own!r} of {name}, which isn't a time. {one_of(own, times)}")
    return table
