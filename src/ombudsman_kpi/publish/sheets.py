"""What a workbook holds, whichever kind of file it becomes: a cover, contents, notes, and one table a sheet.

As the Government Analysis Function asks of statistics in spreadsheets, and GOV.UK of any spreadsheet: titles in A1, no
merged cells, no blank rows, no frozen panes, shorthand explained above the table, notes on a sheet of their own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.publish.cells import MARKS
from ombudsman_kpi.publish.published import (
    Cell,
    Figure,
    Publication,
    PublishedTable,
    TableColumn,
    legend,
    plain,
    plain_number,
    shown,
)

MOST_ROWS, MOST_COLUMNS, LONGEST_TEXT, LONGEST_HEADING, LONGEST_NAME = 1_048_576, 16_384, 32_767, 255, 31
_CUT = " … (cut: a cell can't hold more)"
_EXACT_DIGITS = 15  # of a number in a spreadsheet
_FIRST_DAY = date(1900, 3, 1)  # Excel counts a 29 February 1900, and no day before 1900
_WIDEST, _NARROWEST = 48, 14  # characters of a column, of which short headings need no second line
COVER_WIDTH = 85
COVER, CONTENTS, NOTES = "Cover", "Contents", "Notes"


class Link(NamedTuple):
    """The name of another sheet, as a link to it."""

    sheet: str


class Number(NamedTuple):
    """A number as it is kept in a file, with how it is shown."""

    value: int | Decimal
    places: int
    is_share: bool
    mark: str  # beside it: of MARKS, or ""
    shown: str  # with the mark


Content = str | Number | date | Link | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its title in A1, lines of text below it, then one table."""

    name: str
    shows: str  # the title without references to notes
    title: str
    lines: tuple[str, ...]
    table: str  # what the table is called: letters, digits and underscores
    headings: tuple[str, ...]  # no two alike, also where capitals don't count
    to_the_right: tuple[bool, ...]  # of each column: whether it is of numbers
    rows: tuple[tuple[Content, ...], ...]

    @property
    def widths(self) -> list[int]:
        """How wide each column is, in characters: as its longest cell, or so that a line of its heading takes two."""
        widths = []
        for place, heading in enumerate(self.headings):
            cells = max(len(text_of(row[place])) for row in self.rows)
            words, lines = (max(map(len, parts)) for parts in (heading.split(), heading.split("\n")))
            widths.append(min(max(cells, words + 1, min(lines, _NARROWEST), lines // 2 + 3), _WIDEST))
        return widths


@dataclass(frozen=True, slots=True)
class Book:
    """A whole workbook: its title, which stands on the cover above lines of text in two parts, and its other sheets."""

    title: str
    subject: str
    intro: tuple[str, ...]
    about: tuple[str, ...]
    sheets: tuple[Sheet, ...]

    @property
    def cover(self) -> list[tuple[str, int]]:
        """All lines of the cover, each with its level: 1 of the title, 2 of gptables' headings, 0 of text."""
        parts = (("Introductory information", self.intro), ("About these data", self.about))
        below = [[(heading, 2), *((line, 0) for line in lines)] for heading, lines in parts if lines]
        return [(self.title, 1), *(line for part in below for line in part)]


def book_of(publication: Publication) -> Book:
    """Return what a workbook of a publication holds.

    Raises ``OptionError`` for a table with more rows or columns than a spreadsheet can have.
    """
    tables = publication.tables
    for table in tables:
        _check_size(table)
    names = sheet_names(table.name for table in tables)
    numbers = _note_numbers(tables)
    ranges = _range_names(names)
    sheets = [
        _sheet(table, name, range_name, numbers) for table, name, range_name in zip(tables, names, ranges, strict=True)
    ]
    notes = [_notes_sheet(numbers)] if numbers else []
    about = (*(f"{name}: {says}" for name, says in publication.how), *publication.notes)
    return Book(
        _words(publication.title) or COVER,
        _words(publication.subtitle),
        tuple(filter(None, map(_words, (publication.subtitle, publication.says)))),
        tuple(filter(None, map(_words, about))),
        (_contents_sheet([*notes, *sheets]), *notes, *sheets),
    )


def _sheet(table: PublishedTable, name: str, range_name: str, numbers: Mapping[str, int]) -> Sheet:
    own = [numbers[_words(note)] for note in table.notes]  # the number in the workbook of each of its notes
    cited = {number for column in table.columns for number in column.notes}
    about_all = [note for number, note in enumerate(own, 1) if number not in cited]
    rows = tuple(_contents_of(row, table) for row in table.rows)
    rows = rows or (("No data", *[None] * (len(table.columns) - 1)),)
    lines = [_words(table.says), "This worksheet contains one table."]
    if own:
        lines.append(f"Notes are explained on the sheet {NOTES}.")
    lines += [f"{symbol} {meaning}" for symbol, meaning in legend([table])]
    if any(isinstance(cell, Number) and cell.mark for row in rows for cell in row):
        lines.append(f"{MARKS['met']} beside a figure: its standard is met. {MARKS['missed']}: it is missed.")
    if any(cell is None for row in rows for cell in row):
        lines.append("Where a cell is empty, there is nothing to say.")
    title = _words(table.title) or name
    return Sheet(
        name,
        title,
        title + _references(about_all),
        tuple(filter(None, lines)),
        range_name,
        tuple(_headings(table.columns, own)),
        tuple(column.kind not in {"text", "date"} for column in table.columns),
        rows,
    )


def _check_size(table: PublishedTable) -> None:
    """Raise ``OptionError`` for a table that doesn't fit on a sheet, below ten lines of text or so."""
    if len(table.rows) > MOST_ROWS - 100 or len(table.columns) > MOST_COLUMNS:
        raise OptionError(
            f"The table {plain(table.name)} has {len(table.rows):,} rows and {len(table.columns):,} columns. A sheet "
            f"holds {MOST_ROWS - 100:,} rows and {MOST_COLUMNS:,} columns at most. Take fewer groups or longer periods."
        )


def _words(text: str) -> str:
    """Return text that a cell can hold: in one line, without control characters, and cut where it is too long."""
    text = plain(text)
    return text if _length(text) <= LONGEST_TEXT else _first(text, LONGEST_TEXT - len(_CUT)) + _CUT


def _length(text: str) -> int:
    """Return the length of text as spreadsheets count it: a character beyond the first 65,536 is two."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def _first(text: str, most: int) -> str:
    """Return the beginning of a text, no longer than that."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def text_of(content: Content) -> str:
    """Return what a cell shows."""
    match content:
        case None:
            return ""
        case Number():
            return content.shown
        case Link():
            return content.sheet
        case date():
            return shown(content, TableColumn("", "date"))
    return content


def lines_of(text: str, width: int) -> int:
    """Return how many lines a text takes at most in a column that is so many characters wide.

    >>> lines_of("Decided or allocated within", 12)
    3
    """
    if "\n" in text:
        return sum(lines_of(line, width) for line in text.split("\n"))
    lines, room = 1, width
    for word in text.split():
        if len(word) > room and room < width:
            lines, room = lines + 1, width
        lines += max(len(word) - 1, 0) // width
        room -= len(word) % width + 1
    return lines


def _content(cell: Cell, column: TableColumn, *, marked: bool = False) -> Content:
    """Return a cell as files keep it: what no spreadsheet could keep exactly stands there as text."""
    match cell:
        case None:
            return None
        case str():
            return _words(cell) or None
        case Figure() | int():
            text, share, places, mark = shown(cell, column), False, 0, ""
            if isinstance(cell, Figure):
                share, places, mark = column.kind == "share", cell.places, MARKS.get(cell.status, "") if marked else ""
            text = f"{text} {mark}".rstrip()
            too_long = len(text) > _EXACT_DIGITS and sum(map(str.isdecimal, text)) > _EXACT_DIGITS
            return text if too_long else Number(plain_number(cell, column), places, share, mark, text)
        case date():
            return date(cell.year, cell.month, cell.day) if cell >= _FIRST_DAY else shown(cell, column)
    return str(cell)


def _contents_of(row: Sequence[Cell], table: PublishedTable) -> tuple[Content, ...]:
    marked = not any(column.heading == "Status" for column in table.columns)  # which says it in words
    return tuple(_content(cell, column, marked=marked) for cell, column in zip(row, table.columns, strict=True))


def _note_numbers(tables: Iterable[PublishedTable]) -> dict[str, int]:
    """Return all notes with their number in the workbook: in the order of the tables, each text once."""
    texts = dict.fromkeys(_words(note) for table in tables for note in table.notes)
    return {text: number for number, text in enumerate(texts, 1)}


def _references(numbers: Iterable[int]) -> str:
    return "".join(f" [note {number}]" for number in numbers)


def _headings(columns: Sequence[TableColumn], own: Sequence[int]) -> Iterator[str]:
    """Yield headings: with the unit and references to notes on lines of their own, none empty, no two alike."""
    taken: set[str] = set()
    for place, column in enumerate(columns, 1):
        heading = _words(column.heading) or f"Column {place}"
        unit = _words(column.unit)
        more = f"\n({unit})" if unit and unit.casefold() not in heading.casefold() else ""
        references = _references(own[number - 1] for number in column.notes if number <= len(own))
        more += references.replace(" ", "\n", 1)
        yield _unique(heading, taken, LONGEST_HEADING, more)


def _unique(text: str, taken: set[str], most: int, more: str = "") -> str:
    """Return a text with something after it, short enough, and numbered where there is the same already."""
    for count in range(1, len(taken) + 2):
        after = (f" {count}" if count > 1 else "") + more
        found = _first(text, most - _length(after)).rstrip(" '") + after
        if found.casefold() not in taken:
            break
    taken.add(found.casefold())
    return found


def sheet_names(names: Iterable[str]) -> list[str]:
    """Return names that sheets can have: at most 31 characters, no two alike, none that Excel keeps for itself.

    >>> sheet_names(["Calls/60s", "calls:60S", "History", "Notes"])
    ['Calls-60s', 'calls-60S 2', 'History 2', 'Notes 2']
    """
    taken = {name.casefold() for name in (COVER, CONTENTS, NOTES, "History")}
    return [_unique(re.sub(r"[\[\]:*?/\\]", "-", plain(name)).strip(" '") or "Table", taken, LONGEST_NAME)
            for name in names]  # fmt: skip


def _range_names(names: Iterable[str]) -> list[str]:
    """Return what the tables of sheets are called: letters, digits and underscores.

    >>> _range_names(["calls-60s", "calls 60s"])
    ['table_calls_60s', 'table_calls_60s_2']
    """
    taken: set[str] = set()
    slugs = (re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_") or "x" for name in names)
    return [_unique(f"table_{slug}", taken, 200).replace(" ", "_") for slug in slugs]


def _contents_sheet(sheets: Sequence[Sheet]) -> Sheet:
    rows = tuple((Link(sheet.name), sheet.shows) for sheet in sheets)
    lines = ("This worksheet contains one table.",)
    return Sheet(CONTENTS, CONTENTS, CONTENTS, lines, "contents", ("Sheet", "What it shows"), (False, False), rows)


def _notes_sheet(numbers: Mapping[str, int]) -> Sheet:
    rows = tuple((f"note {number}", text) for text, number in numbers.items())
    lines = ("This worksheet contains one table.",)
    return Sheet(NOTES, "Notes on the tables", NOTES, lines, "notes", ("Note", "What it says"), (False, False), rows)
