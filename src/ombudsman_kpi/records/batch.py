"""Rows of one kind of record, by field: cells as times, text or words, each column read once."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import (
    arrow_numbers,
    arrow_text,
    arrow_truths,
    emptied,
    integers,
    present,
    truths,
)
from ombudsman_kpi.arrays.types import MISSING, Integers, RowNumbers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.text import matches, text_column, text_of, truth_of
from ombudsman_kpi.records.cells.times import Times, read_times
from ombudsman_kpi.records.cells.words import Words
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.sources.source import Locate
from ombudsman_kpi.records.vocabulary import MET, PERIOD


@dataclass(eq=False)
class Batch:
    """Rows of one kind of record, by field name; each column is read once, however often it is wanted."""

    table: Columns
    offset: int
    columns: Mapping[str, Any]
    place: str = ""  # of several files or batches, which one
    before: int = 0  # how many rows came before it
    is_pandas: bool = False  # then a midnight without a zone is how a date looks
    locate: Locate | None = None  # how errors name a row, where that isn't its place among the records
    _times: dict[str, Times] = field(default_factory=dict, repr=False)
    _text: dict[str, Any] = field(default_factory=dict, repr=False)
    _words: dict[str, Words] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return next((len(column) for column in self.columns.values()), 0)

    def take(self, rows: RowNumbers, times: Mapping[str, Times] = MappingProxyType({})) -> "Batch":
        """Return some rows, in any order and number, with other times in some fields."""
        return _Taken(
            self.table, self.offset, self.columns, self.place, self.before, self.is_pandas, self.locate, {**times},
            whole=self, rows=rows
        )  # fmt: skip

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
        return None if doubtful is None else self.are_among(doubtful)

    def are_among(self, ids: Any) -> Truths:
        """Return which records have one of some ids, given as Arrow text."""
        import pyarrow.compute as pc

        return truths(pc.is_in(self.text(str(self.table.id_field)), ids.drop_null()))

    @cached_property
    def repeats(self) -> Truths | None:
        """Which rows say again what another said before, all cells alike; None where none does."""
        return self.table.repeats_in(self.offset, len(self))

    def is_filled(self, name: str) -> Truths:
        """Return where a column of text isn't empty."""
        if isinstance(self.columns[name], list):
            return np.array([cell is not None for cell in self._cells(name, self.columns[name])], np.bool_)
        return present(self.text(name))

    @cached_property
    def weights(self) -> Integers | int:
        """How many records each row stands for: 1, or what a column says.

        Raises ``RecordsError`` where that, or how many of them met the target, isn't a whole number.
        """
        weights: Integers | int = 1
        for name in self.table.numbers:
            says = "of a row's records met the target" if name == MET else "records a row stands for"
            weights = self.numbers(name, f"It says how many {says}; write 0 for none, or leave the row out")
        return weights

    def numbers(self, name: str, meaning: str, rows: Integers | slice = slice(None)) -> Integers:
        """Return the whole numbers of 0 or more in a column, of all rows or of some.

        Raises ``RecordsError`` where one isn't, with what they mean.
        """
        numbers: Integers = self.whole_numbers(name)[rows]
        if (numbers < 0).any():
            row = int(np.arange(len(self))[rows][np.argmax(numbers < 0)])
            raise self._wrong(name, row, f"isn't a whole number. {meaning}")
        return numbers

    def whole_numbers(self, name: str) -> Integers:
        """Return a column of numbers of 0 or more; -1 where a cell is none, or isn't whole."""
        import pyarrow as pa

        text = self.text(name)
        wrong = arrow_truths(~matches(text, r"^\d{1,15}$"))
        return integers(emptied(text, wrong).cast(pa.int64()), -1)

    def _read_words(self, name: str) -> Words:
        return self._words_of(name, self.columns[name])

    def _words_of(self, name: str, column: Any) -> Words:
        """Return a column, or some rows of it, by the different words in it."""
        if isinstance(column, list):
            return Words.of_cells(self._cells(name, column))

        import pyarrow as pa

        if not pa.types.is_dictionary(column.type):
            column = (column if pa.types.is_string(column.type) else self.text(name)).dictionary_encode()
        return Words.of_codes(integers(column.indices, -1), self._text_of(name, column.dictionary).to_pylist())

    def _read_times(self, name: str) -> Times:
        if self.table.dated_by_period(name):
            return self._read_periods()

        def complain(position: int | None, what: str) -> RecordsError:
            return self._wrong(name, position, what.replace("'cases'", repr(self.table.name)))  # in its examples

        form = self.table.form_of(name)
        times = read_times(
            self.columns[name], form, complain, missing=self.table.reading.missing, pandas=self.is_pandas,
            lenient=self.table.reading.unreadable == "invalid",
        )  # fmt: skip
        zoned = times.kind == "instants"
        if times.kind != "dates" and zoned != self.table.zoned.setdefault(name, zoned):  # as another batch was
            if self.table.reading.unreadable == "invalid":
                return times.dates_only()
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

    def row_name(self, position: int, name: str | None = None) -> str:
        """Return how errors name a row, or of a spreadsheet the cell of a field in it."""
        place = self.offset - self.before + position
        return f"row {place}" if self.locate is None else self.locate(place, name and self.table.column_of(name))

    def _wrong(self, name: str, position: int | None, what: object) -> RecordsError:
        """Return the error of a column, or of one cell of it: the row, its id, and what is wrong."""
        own, row = str(self.table.id_field), "" if position is None else f" {self.row_name(position, name)}"
        if position is not None and own in self.columns and own != name:
            item = self.columns[own][position]
            with suppress(ValueError):
                row += f" ({own} {text_of(item.as_py() if hasattr(item, 'as_py') else item)})"
        return RecordsError(f"{self.label}{row}: {self.table.column_of(name)} {what}.")

    def _cells(self, name: str, values: Sequence[Any]) -> list[str | None]:
        """Return cells as text; None where a cell is empty."""
        cells: list[str | None] = []
        try:
            cells.extend(text_of(value, self.table.reading.missing) for value in values)
        except ValueError as error:
            raise self._wrong(name, len(cells), f"{error}. Make it text first") from None
        return [self._meant(name, cell) for cell in cells] if self._has_meanings(name) else cells

    def _has_meanings(self, name: str) -> bool:
        """Return whether words of a field stand for others, as the spellings of a truth value do."""
        return name in self.table.reading.values or self._is_truth(name)

    def _meant(self, name: str, text: str | None) -> str | None:
        """Return what a cell of a field stands for."""
        if text is None:
            return None
        text = self.table.reading.values.get(name, {}).get(text, text)
        return truth_of(text) if self._is_truth(name) else text

    def _is_truth(self, name: str) -> bool:
        declared = self.table.fields.get(name)
        return declared is not None and declared.kind == "truth"

    def _read_text(self, name: str) -> Any:
        column = self.columns[name]
        if not isinstance(column, list):
            return self._text_of(name, column)
        return arrow_text(self._cells(name, column))

    def _text_of(self, name: str, column: Any) -> Any:
        """Return an Arrow array as text."""
        try:
            text = text_column(column, self.table.reading.missing)
        except ValueError as error:
            raise self._wrong(name, None, f"{error}. Make it text first") from None
        if not self._has_meanings(name):
            return text
        encoded = text.dictionary_encode()
        words = [self._meant(name, word) for word in encoded.dictionary.to_pylist()]
        return arrow_text(words).take(encoded.indices)


@dataclass(eq=False)
class _Taken(Batch):
    """Some rows of a batch: what is read of it is read there, but for words that weren't: of these rows alone."""

    whole: Batch = field(kw_only=True)
    rows: RowNumbers = field(kw_only=True)

    def __len__(self) -> int:
        return len(self.rows)

    def is_filled(self, name: str) -> Truths:
        """Return where a column of text isn't empty."""
        return self.whole.is_filled(name)[self.rows]

    @cached_property
    def repeats(self) -> Truths | None:
        """Which rows say again what another said before."""
        repeats = self.whole.repeats
        return None if repeats is None else repeats[self.rows]

    def row_name(self, position: int, name: str | None = None) -> str:
        """Return how errors name a row."""
        return self.whole.row_name(int(self.rows[position]), name)

    def _read_times(self, name: str) -> Times:
        return self.whole.times(name).take(self.rows)

    def _read_text(self, name: str) -> Any:
        return self.whole.text(name).take(self.rows)

    def _read_words(self, name: str) -> Words:
        column = self.whole.columns[name]
        if name not in self.whole._words and not isinstance(column, list):  # of others errors name the first wrong cell
            return self._words_of(name, column.take(arrow_numbers(self.rows)))
        words = self.whole.words(name)
        return words._replace(codes=words.codes[self.rows])
