"""Rows of one kind of record, by field: cells as times, text or words, each column read once."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import emptied, integers, present, truths
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number, is_missing
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.field_types import id_text
from ombudsman_kpi.records.cells.times import Times, decoded, read_times
from ombudsman_kpi.records.cells.words import TRUTHS, Words, as_truth, is_clean, is_uuid, uuid_text
from ombudsman_kpi.records.columns import COUNT, PERIOD, Columns


@dataclass(eq=False)
class Batch:
    """Rows of one kind of record, by field name; each column is read once, however often it is wanted."""

    table: Columns
    offset: int
    columns: Mapping[str, Any]
    place: str = ""  # of several files or batches, which one
    before: int = 0  # how many rows came before it
    is_pandas: bool = False  # then a midnight without a zone is how a date looks
    _times: dict[str, Times] = field(default_factory=dict, repr=False)
    _text: dict[str, Any] = field(default_factory=dict, repr=False)
    _words: dict[str, Words] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return next((len(column) for column in self.columns.values()), 0)

    def times(self, name: str) -> Times:
        """Return a column of dates or timestamps."""
        times = self._times.get(name)
        if times is None:
            times = self._times[name] = self._read_times(name)
        return times

    def text(self, name: str) -> Any:
        """Return a column as Arrow text; numbers and truth values are written out."""
        if name not in self._text:
            self._text[name] = self._read_text(name)
        return self._text[name]

    def words(self, name: str) -> Words:
        """Return a column of text by the different words in it; a list of cells needs no Arrow for that."""
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
        """Return where a column of text isn't empty."""
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
        categories = Words.of_cells(self._cells(name, column.dictionary.to_pylist()))
        codes = integers(column.indices, -1)
        if len(categories.words) == len(categories.codes):  # no word is another with space around it, none is empty
            return Words(codes, categories.words)
        return Words(np.append(categories.codes, -1).take(codes), categories.words)

    def _read_times(self, name: str) -> Times:
        if self.table.dated_by_period(name):
            return self._read_periods()

        def complain(position: int | None, what: str) -> RecordsError:
            what = what.replace("'cases'", repr(self.table.name))  # the example is of these records
            row = "" if position is None else f" {self._row(position)}{self._id_at(position)}:"
            return RecordsError(f"{self.label}{row} {self.table.column_of(name)} {what}.")

        form = self.table.form_of(name)
        times = read_times(self.columns[name], form, complain, pandas=self.is_pandas)
        zoned = times.kind == "instants"
        if times.kind != "dates" and zoned != self.table.zoned.setdefault(name, zoned):  # as another batch was
            raise complain(None, "holds times with a zone and times without one. Bring them to one form")
        return times

    def _read_periods(self) -> Times:
        """Return the first day of the period that each row of a published table is labelled with."""
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
        """Return cells as text, without the space around it; None where a cell is empty."""
        cells = [(value if type(value) is str else self._spelt(name, value)).strip() or None for value in values]
        if not self._is_truth(name):
            return cells
        return [cell and TRUTHS.get(cell.lower(), cell.lower()) for cell in cells]

    def _spelt(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        if is_missing(value):
            return ""
        if name.endswith("_id"):  # one reader of ids: those of rows are read by their model in the same way
            with suppress(ValueError):
                return id_text(value)
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
        if is_uuid(column.type):
            return uuid_text(column)
        if pa.types.is_floating(column.type):  # whole numbers that met a missing one in pandas
            whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))
            column = pc.if_else(whole, column.cast(pa.int64(), safe=False).cast(pa.string()), column.cast(pa.string()))
        try:
            text = None if _holds_bytes(column.type) else column.cast(pa.string())
        except pa.ArrowException:  # lists, and whatever else can't be written out
            text = None
        if text is None:
            raise self._no_text(name, str(column.type))
        if not is_clean(text):
            text = pc.utf8_trim_whitespace(text)
            text = emptied(text, pc.equal(text, ""))
        return as_truth(text) if self._is_truth(name) else text


def _holds_bytes(kind: Any) -> bool:
    """Return whether an Arrow type holds lists, records or bytes, which aren't text even where they look like it."""
    import pyarrow as pa

    types = pa.types
    looks = (types.is_nested, types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    return any(look(kind) for look in looks)


def _plain(column: Any, position: int) -> Any:
    item = column[position]
    return item.as_py() if hasattr(item, "as_py") else item
