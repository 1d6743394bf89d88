"""Tables as they are published: what the page, the workbook, a file of CSV and a return have alike."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from ombudsman_kpi.calendars.dates import day_in_short
from ombudsman_kpi.rounding import half_up

Kind = Literal["text", "whole", "share", "number", "date"]

SHORTHAND: Mapping[str, str] = {  # as the Government Analysis Function has it
    "c": "confidential: the number is small, or would give a small one away",
    "low": "rounds to zero, and isn't zero",
    "p": "provisional: it may still change",
    "r": "revised since it was last published",
    "x": "not available",
    "z": "not applicable",
}


_BEHIND = re.compile(r"(?<= \[)[pr](?=\])")  # what stands behind the label of a period


class Shorthand(NamedTuple):
    """What stands in a cell in place of a value.

    >>> str(Shorthand("c"))
    '[c]'
    """

    symbol: str  # one of SHORTHAND

    def __str__(self) -> str:
        return f"[{self.symbol}]"


class Figure(NamedTuple):
    """An exact value with as many decimal places as it is shown with, in per cent where it is a share.

    The places are those of the figure, not of its column: 89.95% against 90% needs two (counting.md 26).
    """

    exact: Fraction
    places: int = 1
    status: str = ""  # of TARGET_STATUSES, where it is judged by a standard: it gets a mark beside it


Cell = str | int | Figure | date | Shorthand | None


class TableColumn(NamedTuple):
    """A column of a published table."""

    heading: str
    kind: Kind = "text"
    unit: str = ""  # of a number, such as "working days"; what a heading says isn't repeated in the cells
    notes: tuple[int, ...] = ()  # which of the table's notes are about it, from 1


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table to publish. Cells are values, not text: each place writes them in its own way, to one appearance.

    >>> table = PublishedTable(
    ...     "calls", "Calls answered within 60 seconds", "9 of 10 calls were answered in time.",
    ...     (TableColumn("Month"), TableColumn("Calls", "whole"), TableColumn("In time", "share")),
    ...     (("March 2024", 10, Figure(Fraction(9, 10))), ("April 2024", Shorthand("c"), Shorthand("c"))),
    ... )
    >>> [[shown(cell, column) for cell, column in zip(row, table.columns)] for row in table.rows]
    [['March 2024', '10', '90.0%'], ['April 2024', '[c]', '[c]']]
    """

    name: str  # short, and no other table's: of its sheet, its anchor and its file
    title: str
    says: str  # one sentence on what it shows
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def marks(self) -> list[str]:
        """Return the shorthand that its cells and headings use, in alphabetical order."""
        found = {cell.symbol for row in self.rows for cell in row if isinstance(cell, Shorthand)}
        texts = (*(column.heading for column in self.columns), *(row[0] for row in self.rows if row))
        behind = (_BEHIND.findall(text) for text in texts if isinstance(text, str))
        return sorted(found.union(*behind))


def shown(cell: Cell, column: TableColumn) -> str:
    """Return a cell as text, rounded half up from its exact value. A cell that isn't there is empty.

    >>> shown(Figure(Fraction(1, 3)), TableColumn("In time", "share")), shown(1234567, TableColumn("Calls", "whole"))
    ('33.3%', '1,234,567')
    """
    match cell:
        case None:
            return ""
        case Figure(exact, places, _):
            text = half_up(exact * 100, places) + "%" if column.kind == "share" else half_up(exact, places)
            return text.replace("-", "−")
        case Shorthand():
            return str(cell)
        case int():
            return f"{cell:,}".replace("-", "−")
        case date():
            return day_in_short(cell)
    return cell


def plain_number(cell: int | Figure, column: TableColumn) -> int | Decimal:
    """Return a number as files have it: rounded as it is shown, a share as a part of 1.

    >>> plain_number(Figure(Fraction(8995, 10000), 2), TableColumn("In time", "share"))
    Decimal('0.8995')
    """
    if isinstance(cell, int):
        return cell
    percent = Decimal(half_up(cell.exact * (100 if column.kind == "share" else 1), cell.places).replace(",", ""))
    return percent.scaleb(-2) if column.kind == "share" else percent


def legend(tables: Iterable[PublishedTable]) -> list[tuple[str, str]]:
    """Return the shorthand that some tables use, each with what it means."""
    return [
        (f"[{symbol}]", SHORTHAND[symbol]) for symbol in sorted({mark for table in tables for mark in table.marks()})
    ]


_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def plain(text: str) -> str:
    r"""Return text in one line, without what steers a terminal, turns the direction of writing or can't be written.

    >>> plain("Team\x1b[31m A\n")
    'Team�[31m A'
    """
    return " ".join(harmless(text).split())


def harmless(text: str) -> str:
    r"""Return text, in as many lines as it has, without characters that steer a terminal.

    >>> harmless("Team\x1b[31m A\nTeam B")
    'Team�[31m A\nTeam B'
    """
    return _CONTROLS.sub("�", text)


_ENDS = {"\t", "\r", "\n"}
_NO_WIDTH = "\u00ad\u034f\u061c\u180e\u2060\ufe0e\ufe0f\ufeff"  # a soft hyphen, marks of direction, joiners
_UNSEEN = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace() or sign < " " or "\x7f" <= sign < "\xa0")
_UNSEEN += _NO_WIDTH + "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2061, 0x2070))))
_FORMULAS = frozenset("=+-@＝＋－＠")  # the full-width ones, too, which some spreadsheets take for the others


def no_formula(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: with an apostrophe before what could begin one.

    So does text that begins with a tab or with the end of a line: these are OWASP's for CSV, and spaces before them.
    Only text is to be given to it: a negative number is a number.

    >>> no_formula("=1+1"), no_formula(" @SUM(A1)"), no_formula("Team A")
    ("'=1+1", "' @SUM(A1)", 'Team A')
    """
    return f"'{text}" if text[:1] in _ENDS or text.lstrip(_UNSEEN)[:1] in _FORMULAS else text


def with_formula(text: str) -> str:
    """Return text as it was before ``no_formula``.

    >>> with_formula("'=1+1"), with_formula("'quoted'")
    ('=1+1', "'quoted'")
    """
    return text[1:] if text[:1] == "'" and no_formula(text[1:]) != text[1:] else text


class Drawing(NamedTuple):
    """A chart as it stands in a page: without it, its title, its description and its data say the same."""

    name: str  # no other drawing's
    title: str
    describes: str  # what it shows, in a sentence or two
    svg: str
    data: PublishedTable


class Headline(NamedTuple):
    """One commitment at a glance, in words and numbers as they are shown."""

    target: str  # its id, by which the section about it is called
    title: str  # the commitment, shortened
    value: str  # "91.2%"
    standard: str  # "at least 90%", or ""
    status: str  # of TARGET_STATUSES
    says: str  # "3 more could miss"
    changed: str = ""  # "up 0.4 points since Feb 2024"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what is published: a commitment, or something that stands beside all of them."""

    name: str
    title: str
    says: str
    tables: tuple[PublishedTable, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """All that is published together: the page and the workbook show the same."""

    title: str
    subtitle: str  # to whom, which period, as at which day
    says: str  # the headline, in a sentence: "9 of 11 commitments are kept"
    headlines: tuple[Headline, ...]
    summary: PublishedTable
    sections: tuple[Section, ...]
    how: tuple[tuple[str, str], ...]  # how everything was counted: a name, and what is said of it
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[PublishedTable, ...]:
        """All tables in order, the summary first; those of drawings stand with them alone."""
        return (self.summary, *(table for section in self.sections for table in section.tables))
