"""Where in a file or a sheet the table stands: the rows above it, the row that names its columns, totals below it."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.text import MISSING_WORDS

_TOTAL = re.compile(r"(?:grand |overall )?totals?\s*:?(?:\s*[\d,]+)?", re.IGNORECASE)
_NUMBER = re.compile(r"[\s\d.,:/%£€$()+-]*")  # of any kind, or a date in numbers


class FileOptions(NamedTuple):
    """What the caller says of a file beside its path; None is what is found out."""

    skip_rows: int | None = None  # how many lines or rows stand above the names of the columns
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | int | None = None  # of a workbook, by its name or its number from 1


FOUND_OUT = FileOptions()


def header_of(rows: Sequence[Sequence[Any]]) -> int | None:
    """Return which row names the columns, counted from 0; None where that isn't certain.

    >>> header_of([["Complaints"], ["Printed", "today"], ["Ref", "Received", "Team"], ["A1", "1/4/24", "North"]])
    2
    >>> header_of([["Printed", "today", ""], ["Ref", "Received", "Team"], ["A1", "1/4/24", "North"]])

    The table is as wide as most rows with at least two filled cells. The first of these that is as wide names the
    columns; where there is none, as in a table of one column, the first row with anything in it. It is certain where

    - it names every column in which other rows as wide have a cell; but the first, the index of a frame, needs no name;
    - where other rows stand above it: none of them is wider, there are rows below it, it names the first column too,
      and every name is text, no number or date.
    """
    filled = [[place for place, cell in enumerate(row) if not is_empty(cell)] for row in rows]
    first = next((place for place, cells in enumerate(filled) if cells), 0)
    widths = Counter(len(row) for row, cells in zip(rows, filled, strict=True) if len(cells) > 1)
    if not widths:
        return first
    width = max(widths, key=lambda width: widths[width])
    header, *below = (place for place, cells in enumerate(filled) if len(cells) > 1 and len(rows[place]) == width)
    unnamed = {column for place in below for column in filled[place]} - set(filled[header])
    if first == header:
        return None if unnamed - {0} else header
    names = [rows[header][place] for place in filled[header]]
    is_text = all(isinstance(name, str) and not is_number(name) for name in names)
    narrow = all(len(cells) < 2 or len(row) < width for row, cells in zip(rows[:header], filled, strict=False))
    return header if below and is_text and narrow and not unnamed else None


def is_total(row: Sequence[Any]) -> bool:
    """Return whether a last row is certainly a total, and no record.

    >>> is_total(["Grand total", "", "1,204", "-"]), is_total(["Total", "all teams", "1,204"])
    (True, False)

    Its first cell that isn't empty is Total, Totals or Grand total, perhaps with a number, and all others are numbers.
    """
    filled = [cell for cell in row if not is_empty(cell)]
    if not filled or not isinstance(filled[0], str) or not _TOTAL.fullmatch(filled[0].strip()):
        return False
    return all(is_number(cell) or str(cell).strip().lower() in MISSING_WORDS for cell in filled[1:])


def total_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """Return what the one total row says, by the names of columns; None where there is none, or several.

    >>> total_of(["period", "count"], [["Total", "1,204"]])
    {'period': 'Total', 'count': '1,204'}
    """
    return dict(zip(names, rows[0], strict=False)) if len(rows) == 1 and len(rows[0]) == len(names) else None


def is_empty(cell: Any) -> bool:
    """Return whether a cell holds nothing, or only space."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_number(cell: Any) -> bool:
    """Return whether a cell is a number, or looks like one."""
    return bool(_NUMBER.fullmatch(cell)) if isinstance(cell, str) else isinstance(cell, (int, float))


def uncertain_header(kind: str, file: str) -> RecordsError:
    """Return the error of a file in which several rows may name the columns."""
    return RecordsError(
        f"{kind} ({file}): it isn't certain which row names the columns. Say how many rows stand above it, such as "
        f"{remedy(kind, 'skip_rows', '3')}; 0 where it is the first."
    )


def remedy(kind: str, option: str, value: str) -> str:
    """Return how an option of a file is written: in a mapping file, and on the command line."""
    said = value if value.isdecimal() else f'"{value}"'
    return (
        f"{option} = {said} below [files.{kind}] in the file that columns= names, or "
        f"--{option.replace('_', '-')} {said} on the command line"
    )


def left_out(file: str, titles: int, totals: int) -> tuple[str, ...]:
    """Return the note on rows that are no records.

    >>> left_out("cases.csv", 3, 1)
    ('cases.csv: 3 title rows and 1 total row left out',)
    """
    parts = [
        f"{number:,} {word} row{'' if number == 1 else 's'}"
        for number, word in ((titles, "title"), (totals, "total"))
        if number
    ]
    return (f"{file}: {' and '.join(parts)} left out",) if parts else ()
