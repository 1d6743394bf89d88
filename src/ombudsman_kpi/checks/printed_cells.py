"""Cells of a table as somebody printed it: numbers with their decimal places, shorthand, and what is neither."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from numbers import Real
from typing import Any, NamedTuple

from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.records.cells.text import MISSING_WORDS, text_of
from ombudsman_kpi.records.sources.layout import FOUND_OUT, FileOptions, is_total
from ombudsman_kpi.records.sources.opening import open_source

_SHORTHAND = re.compile(
    r"\[[a-z]{1,4}\]|\.{1,3}|…|[*:~#]+|[cxz]|(?:[<≤]=?|fewer than|less than) ?\d+ ?%?", re.IGNORECASE
)
_NUMBER = re.compile(
    r"([+-]?)£?\s*(\d{1,3}(?:[, ]\d{3})+|\d+)?(\.\d+)?\s*(%|per ?cent|)(?:\s*(?:\[[a-z]{1,4}\]|[pr*]))?",
    re.IGNORECASE,
)
_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))  # that don't break, or are thin
_CODE = re.compile(r"0\d")  # 07 is what something is called
_NO_COUNT = re.compile(r"\b(year|period|quarter|month|week|date|code|id|rank|ref|reference|postcode)\b")
_PERCENT = re.compile(r"%|\bper ?cent|percentage|\brate\b|\bshare\b|proportion|\bpct\b")
_NO_PERCENT = re.compile(r"\bper [\d,]+|\bchange|points|difference")
_MANY_PLACES = 8  # more than these are what a spreadsheet worked out, not what somebody rounded


class PrintedNumber(NamedTuple):
    """A number as it is printed."""

    value: Fraction
    places: int
    percent: bool = False  # with its sign
    typed: bool = False  # it was a number, not text: zeros at its end are lost


class Unreadable(NamedTuple):
    """What is neither a number nor shorthand for the lack of one."""


def read_cell(cell: Any) -> PrintedNumber | Unreadable | str | None:
    """Return what a cell holds: a number, shorthand as text, nothing, or what can't be read.

    >>> read_cell("1,204"), read_cell("35.0%").places, read_cell("[c]"), read_cell("1O2")
    (PrintedNumber(value=Fraction(1204, 1), places=0, percent=False, typed=False), 1, '[c]', Unreadable())
    """
    if cell is None or isinstance(cell, bool):
        return None if cell is None else Unreadable()
    typed = isinstance(cell, Real | Decimal)
    try:
        text = cell if isinstance(cell, str) else text_of(cell, {""}) or ""
    except ValueError:
        return Unreadable()
    text = text.replace("\u2212", "-").translate(_BLANKS).strip()
    if typed and "e" in text.lower():
        text = f"{Decimal(text):f}"
    if not text or (typed and text.lower() == "nan"):
        return None
    found = _NUMBER.fullmatch(text)
    if found is not None and (found[2] or found[3]) and not _CODE.match(text):
        sign, whole, rest, percent = found.groups()
        digits = f"{sign}{(whole or '0').replace(',', '').replace(' ', '')}{rest or ''}"
        return PrintedNumber(Fraction(digits), len(rest or ".") - 1, bool(percent), typed)
    if text.lower() in MISSING_WORDS or _SHORTHAND.fullmatch(text):
        return text
    return Unreadable()


@dataclass(frozen=True, eq=False)
class PrintedColumn:
    """A column of a printed table: what its cells hold, those of a total row last."""

    name: str
    cells: Sequence[PrintedNumber | Unreadable | str | None]

    @cached_property
    def numbers(self) -> list[PrintedNumber]:
        """The cells that are numbers."""
        return [cell for cell in self.cells if isinstance(cell, PrintedNumber)]

    @cached_property
    def words(self) -> str:
        """Its name in plain words."""
        return " ".join(self.name.replace("_", " ").replace("-", " ").lower().split())

    @cached_property
    def is_numeric(self) -> bool:
        """Whether it has numbers of something, and hardly anything that can't be read."""
        unread = sum(isinstance(cell, Unreadable) for cell in self.cells)
        return len(self.numbers) > 0 and len(self.numbers) >= 4 * unread and not _NO_COUNT.search(self.words)

    @cached_property
    def is_percent(self) -> bool:
        """Whether it has percentages, by its name or by their signs."""
        named = bool(_PERCENT.search(self.words)) and not _NO_PERCENT.search(self.words)
        return self.is_numeric and (named or all(number.percent for number in self.numbers))

    @cached_property
    def is_count(self) -> bool:
        """Whether it has whole numbers of something."""
        whole = all(number.value.denominator == 1 and number.value >= 0 for number in self.numbers)
        return self.is_numeric and not self.is_percent and whole and not _NO_PERCENT.search(self.words)

    @cached_property
    def scale(self) -> int:
        """What a percentage is multiplied by: 1 where all are parts of 1, as spreadsheets hold them, else 100."""
        signs = any(number.percent for number in self.numbers)
        return 1 if not signs and any(0 < number.value < 1 for number in self.numbers) and self._small else 100

    @property
    def _small(self) -> bool:
        return all(0 <= number.value <= 1 for number in self.numbers)

    def places_of(self, number: PrintedNumber) -> int | None:
        """Return to how many places a number is rounded; None where it is as exact as a spreadsheet works."""
        most = max((item.places for item in self.numbers), default=0) if number.typed else number.places
        return most if most <= _MANY_PLACES else None


@dataclass(frozen=True, eq=False)
class Printed:
    """A table as it was printed."""

    place: str
    columns: Sequence[PrintedColumn]
    labels: Sequence[str]  # what each row is called
    has_total: bool  # whether the last row is a total of the others
    notes: Sequence[str]
    locate: Any = None
    left_out: Counter[str] = field(default_factory=Counter)

    def __getitem__(self, name: str) -> PrintedColumn:
        for column in self.columns:
            if column.name == name:
                return column
        raise OptionError(f"The table has no column {name!r}. {one_of(name, [item.name for item in self.columns])}")

    def row(self, position: int) -> str:
        """Return how a row is named: as the file has it, or counted from 0."""
        if self.has_total and position == len(self.labels) - 1:
            return "the total row"
        return f"row {position}" if self.locate is None else str(self.locate(position, None))


def open_printed(table: Any, options: FileOptions = FOUND_OUT) -> Printed:
    """Return a table: the path of a file, a frame or rows. Raises ``RecordsError`` for what can't be read."""
    source = open_source("table", _as_frame(table), {}, options)
    cells: dict[str, list[Any]] = {name: [] for name in source.names}
    for rows in source.read([*source.names]):
        for name in source.names:
            own = rows[name]
            cells[name] += own.to_pylist() if hasattr(own, "to_pylist") else list(own)
    size = len(next(iter(cells.values()), []))
    total = source.total
    if total is not None:
        for name, column in cells.items():
            column.append(total.get(name))
    elif size > 1 and is_total([column[-1] for column in cells.values()]):
        total, size = {}, size - 1
    columns = [PrintedColumn(name, [*map(read_cell, column)]) for name, column in cells.items()]
    named = next(
        (column for column in columns if not column.is_numeric and any(cell is not None for cell in column.cells)), None
    )
    labels = [_label(cell) for cell in cells[named.name]] if named else [""] * (size + (total is not None))
    left = Counter(cell for column in columns if column.is_numeric for cell in column.cells if isinstance(cell, str))
    return Printed(source.place, columns, labels, total is not None, source.notes, source.locate, left)


def _as_frame(table: Any) -> Any:
    """Return rows, or columns, of Python's own as a frame; anything else as it is."""
    is_rows = isinstance(table, list | tuple) and all(isinstance(row, Mapping) for row in table)
    if not (is_rows or isinstance(table, Mapping)):
        return table
    import pandas as pd

    try:
        return pd.DataFrame(table, dtype=object)
    except ValueError as error:
        raise RecordsError(f"table: the rows or columns make no table: {error}.") from None


def _label(cell: Any) -> str:
    try:
        return text_of(cell) or ""
    except ValueError:
        return ""
