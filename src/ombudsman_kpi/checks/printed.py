"""A printed table checked against itself: counts beside percentages, parts beside totals, rows beside a total row."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from ombudsman_kpi.checks.printed_cells import Printed, PrintedColumn, PrintedNumber, Unreadable, open_printed
from ombudsman_kpi.checks.printed_columns import Share, Sum, shares_of, sums_of
from ombudsman_kpi.publish.published import plain
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text, screen_width
from ombudsman_kpi.records.sources.layout import FileOptions
from ombudsman_kpi.rounding import half_up, many

if TYPE_CHECKING:
    import pandas as pd


_SUBTOTAL = re.compile(r"\b(?:sub)?-?totals?\b", re.IGNORECASE)


class TableFinding(NamedTuple):
    """A cell of a printed table that can't be right, or a row in which one of several can't be."""

    rule: str
    row: str  # as the file names it, or counted from 0
    label: str  # what the row is called
    column: str
    says: str

    def __str__(self) -> str:
        named = f" ({plain(self.label)})" if self.label else ""
        return f"{self.row}{named}, {plain(self.column)}: {self.says}"


@dataclass(frozen=True, repr=False)
class TableFindings(Sequence[TableFinding]):
    """What is wrong with a printed table. It is true where anything is.

    ``compared`` says which columns were compared with which; ``left_out`` how many cells are shorthand, such as [c].
    """

    found: tuple[TableFinding, ...]
    table: str
    rows: int
    compared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)

    @overload
    def __getitem__(self, place: int) -> TableFinding: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[TableFinding, ...]: ...
    def __getitem__(self, place: int | slice) -> TableFinding | tuple[TableFinding, ...]:
        return self.found[place]

    def __len__(self) -> int:
        return len(self.found)

    @property
    def exit_code(self) -> int:
        """1 where anything is wrong, else 0."""
        return int(bool(self.found))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each finding: ``rule, row, label, column, says``."""
        import pandas as pd

        return pd.DataFrame(self.found, columns=[*TableFinding._fields])

    def _shown(self) -> TextTable:
        marks = ", ".join(f"{plain(mark)} {number:,}" for mark, number in self.left_out.most_common())
        left = [f"left out: {many(self.left_out.total(), 'cell')} of shorthand ({marks})"] if marks else []
        named = f"{self.table}: " if self.table else ""
        return TextTable(
            f"{named}{many(len(self.found), 'finding')} in {many(self.rows, 'row')}", "",
            ("Row", "Name", "Column", "What can't be right"), (False, False, False, False),
            tuple((item.row, *map(plain, (item.label, item.column, item.says))) for item in self.found),
            (*(plain(f"compared: {words}") for words in self.compared), *left, *map(plain, self.notes)),
        )  # fmt: skip

    def __repr__(self) -> str:
        table = self._shown()
        return as_text(table, screen_width()) if self.found else "\n".join([table.title, *table.footnotes])

    def _repr_html_(self) -> str:
        return as_html(self._shown())

    def __iter__(self) -> Iterator[TableFinding]:
        return iter(self.found)


def check_table(
    table: Any,
    *,
    percent: str | None = None,
    numerator: str | Sequence[str] = (),
    denominator: str | Sequence[str] = (),
    total: str | None = None,
    parts: str | Sequence[str] = (),
    skip_rows: int | None = None,
    skip_last: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | int | None = None,
) -> TableFindings:
    """Return which rows of a printed table can't be right: a file of CSV, Excel or OpenDocument, a frame, or rows.

    >>> from ombudsman_kpi import check_table
    >>> rows = [("Camden", 42, 100, 42.0), ("Barnet", 35, 80, 44.5), ("Enfield", 20, 50, 40.0)]
    >>> names = ("borough", "upheld", "decided", "upheld_percent")
    >>> print(check_table([dict(zip(names, row)) for row in rows])[0])
    row 1 (Barnet), upheld_percent: 35 of 80 is 43.8%, not 44.5%

    A percentage is compared with its counts, rounded half up to the places that are printed; parts with their total;
    the rows with a total row below them. Which columns these are is found out by what they are called, and by what
    adds up in most rows; or it is said: ``percent`` with its ``numerator`` and ``denominator`` (each a column, or
    several that are added up), ``total`` with its ``parts``. With a denominator alone a percentage is compared with
    those that so many records can have. Shorthand such as [c], [x], - and .. is left out and counted. ``skip_rows``,
    ``skip_last``, ``encoding``, ``delimiter`` and ``sheet`` say of a file what a mapping file says of records.

    Raises ``OptionError`` for a column that isn't there, and ``RecordsError`` for what can't be read.
    """
    printed = open_printed(table, FileOptions(skip_rows, skip_last, encoding, delimiter, sheet))
    shares, unknown = shares_of(printed, percent, _several(numerator), _several(denominator))
    sums = sums_of(printed, total, _several(parts))
    found = [
        *_unread(printed),
        *(item for share in shares for item in _of_share(printed, share)),
        *(item for one in sums for item in _of_sum(printed, one)),
        *_of_total_row(printed),
    ]
    outside = [item for column in printed.columns if column.is_percent for item in _outside(printed, column)]
    order = {printed.row(position): position for position in range(len(printed.labels))}
    return TableFindings(
        tuple(sorted([*found, *outside], key=lambda item: order[item.row])), printed.place,
        len(printed.labels) - printed.has_total, tuple(map(str, [*shares, *sums])), (*printed.notes, *unknown),
        printed.left_out,
    )  # fmt: skip


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _finding(printed: Printed, rule: str, position: int, column: PrintedColumn, says: str) -> TableFinding:
    return TableFinding(rule, printed.row(position), printed.labels[position], column.name, says)


def _unread(printed: Printed) -> Iterator[TableFinding]:
    for column in printed.columns:
        for position, cell in enumerate(column.cells if column.is_numeric else ()):
            if isinstance(cell, Unreadable):
                yield _finding(printed, "unreadable-number", position, column, "it is no number, nor known shorthand")


def _outside(printed: Printed, column: PrintedColumn) -> Iterator[TableFinding]:
    whole = 100 if column.scale == 100 else 1
    for position, cell in enumerate(column.cells):
        if isinstance(cell, PrintedNumber) and not 0 <= cell.value <= whole:
            yield _finding(printed, "no-percentage", position, column, f"{_text(cell)} isn't between 0 and {whole}")


def _of_share(printed: Printed, share: Share) -> Iterator[TableFinding]:
    """Yield the rows in which a percentage isn't that of its counts."""
    for position, cell in enumerate(share.percent.cells):
        of, part = share.denominator.at(position), share.numerator.at(position) if share.numerator else None
        if of is None or (share.numerator is not None and part is None):
            continue
        if part is not None and part > of:
            says = f"{_plain(part)} is more than {_plain(of)}"
            yield _finding(printed, "part-exceeds-total", position, share.percent, says)
        elif isinstance(cell, PrintedNumber) and not of:
            says = f"there is no percentage of nothing, and it says {_text(cell)}"
            yield _finding(printed, "percentage-of-nothing", position, share.percent, says)
        elif isinstance(cell, PrintedNumber) and (says := _wrong(share.percent, cell, part, of)):
            yield _finding(printed, "percentage-not-of-counts", position, share.percent, says)


def _wrong(column: PrintedColumn, cell: PrintedNumber, part: Fraction | None, of: Fraction) -> str:
    """Return what is wrong with a percentage of some records; nothing where it is right."""
    if part is None:  # any number of so many records
        near = Fraction(max(round(cell.value * of / column.scale), 0))
        if _is_right(column, cell, near / of):
            return ""
        return f"no number of {_plain(of)} is {_text(cell)}{_sign(column)}"
    if _is_right(column, cell, part / of):
        return ""
    exact, places = column.scale * part / of, column.places_of(cell)
    printed = half_up(cell.value, cell.places if places is None else places)
    shown = half_up(exact, min(places if places is not None else 4, 12))
    hint = _explained(cell, exact, places)
    return f"{_plain(part)} of {_plain(of)} is {shown}{_sign(column)}, not {printed}{_sign(column)}{hint}"


def _is_right(column: PrintedColumn, cell: PrintedNumber, share: Fraction) -> bool:
    exact, places = column.scale * share, column.places_of(cell)
    if places is None:  # as exact as a spreadsheet works
        return abs(exact - cell.value) < Fraction(column.scale, 10**9)
    return Fraction(half_up(exact, places).replace(",", "")) == cell.value


def _explained(cell: PrintedNumber, exact: Fraction, places: int | None) -> str:
    """Return which other way to round gives what is printed."""
    if places is None:
        return ""
    unit = Fraction(1, 10**places)
    if exact // unit * unit == cell.value:
        halves = (exact / unit) % 1 == Fraction(1, 2)
        return ": halves were rounded to even, or digits cut off" if halves else ": digits were cut off"
    return ""


def _of_sum(printed: Printed, one: Sum) -> Iterator[TableFinding]:
    """Yield the rows in which parts don't add up to their total."""
    for position, cell in enumerate(one.total.cells):
        parts = one.parts.at(position)
        if isinstance(cell, PrintedNumber) and parts is not None and parts != cell.value:
            says = f"its parts add up to {_plain(parts)}, not {_text(cell)}"
            yield _finding(printed, "parts-not-total", position, one.total, says)


def _of_total_row(printed: Printed) -> Iterator[TableFinding]:
    """Yield the columns of counts whose rows don't add up to the total row.

    Of a table with totals among its rows, too, it may be the total of those below them, or of all but them.
    """
    last = len(printed.labels) - 1
    totals = [position for position in range(last) if _SUBTOTAL.search(printed.labels[position])]
    below = range(totals[-1] + 1 if totals else 0, last)
    others = [position for position in range(last) if position not in totals]
    for column in printed.columns if printed.has_total else ():
        total = column.cells[last]
        if not column.is_count or not isinstance(total, PrintedNumber):
            continue
        sums = [_sum(column, positions) for positions in (others, below, range(last))]
        if None not in sums and total.value not in sums:
            says = f"the rows add up to {_plain(sums[0] or Fraction(0))}, not {_text(total)}"
            yield _finding(printed, "rows-not-total", last, column, says)


def _sum(column: PrintedColumn, positions: Sequence[int]) -> Fraction | None:
    """Return the sum of some rows; None where one of them has no number."""
    cells = [column.cells[position] for position in positions]
    numbers = [cell.value for cell in cells if isinstance(cell, PrintedNumber)]
    return sum(numbers, Fraction(0)) if len(numbers) == len(cells) else None


def _text(number: PrintedNumber) -> str:
    return half_up(number.value, number.places)


def _plain(number: Fraction) -> str:
    return half_up(number, 0 if number.denominator == 1 else 1)


def _sign(column: PrintedColumn) -> str:
    return "%" if column.scale == 100 else ""
