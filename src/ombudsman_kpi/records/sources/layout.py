"""Where in a file or a sheet the table stands: the rows above it, the row that names its columns, the rows below it."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.text import MISSING_WORDS
from ombudsman_kpi.rounding import many

_TOTAL = re.compile(r"(?:grand |overall )?totals?\s*:?(?:\s*[\d,]+)?", re.IGNORECASE)
_WORDS = re.compile(r"(?=.*\b[^\W\d_]{2}).*[\s:]", re.DOTALL)  # several, or one before a colon; a time is none
_RUN = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[\s\d.,:/%£€$()+-]*")  # of any kind, or a date in numbers


class FileOptions(NamedTuple):
    """What the caller says of a file beside its path; None is what is found out."""

    skip_rows: int | None = None  # how many lines or rows stand above the names of the columns
    skip_last: int | None = None  # how many rows with anything in them stand below the last record
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | int | None = None  # of a workbook, by its name or its number from 1


FOUND_OUT = FileOptions()


class Below(NamedTuple):
    """The rows below the last record, by their places: totals, and notes."""

    totals: Sequence[int] = ()
    notes: Sequence[int] = ()

    @property
    def first(self) -> int | None:
        """The first of them; no record stands behind it."""
        return min((*self.totals, *self.notes), default=None)


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
    several = [has_several(row) for row in rows]
    first = next((place for place, row in enumerate(rows) if not all(map(is_empty, row))), 0)
    widths = Counter(len(row) for row, many in zip(rows, several, strict=True) if many)
    if not widths:
        return first
    width = max(widths, key=lambda width: widths[width])
    header, *below = (place for place, row in enumerate(rows) if several[place] and len(row) == width)
    names = [cell for cell in rows[header] if not is_empty(cell)]
    unnamed = [
        column for column, cell in enumerate(rows[header])
        if is_empty(cell) and not all(is_empty(rows[place][column]) for place in below)
    ]  # fmt: skip
    if first == header:
        return None if any(unnamed) else header
    is_text = all(isinstance(name, str) and not is_number(name) for name in names)
    narrow = not any(several[place] and len(rows[place]) >= width for place in range(header))
    return header if below and is_text and narrow and not unnamed else None


def below_of(
    kind: str, file: str, rows: Sequence[Sequence[Any]], width: int, options: FileOptions, first: int = 0
) -> Below:
    """Return which rows stand below the last record of a table, whose first column has the place ``first``.

    >>> records = [["A1", "1/4/24", "North"], ["A2", "2/4/24", "South"]]
    >>> below_of("cases", "c.csv", [*records, ["Total", "", "2"], [], ["Source: casework", "", ""]], 3, FOUND_OUT)
    Below(totals=[2], notes=[4])
    >>> below_of("cases", "c.csv", [*records, ["A3", "", ""]], 3, FOUND_OUT)
    Below(totals=[], notes=[])

    Below the last row of several cells, totals aside, a row is certainly a note where

    - it has only its first cell, or isn't as wide as the table and has no number or date behind it;
    - that cell is text of several words, or with a colon, and no record has such text in its first column; or another
      note stands above it;
    - it isn't written like the first cell of a record, as A3 is written like A1: then it is a record.

    Raises ``RecordsError``, which names ``skip_last``, where that isn't certain: for END below A2; for A3 below a note;
    and for several cells below an empty row or a note, if the first has several words and that of no record has. What
    is short and no note is left to the reader of the file, which refuses it.
    """
    last = len(rows) if options.skip_last is None else 0
    while width > 1 and last and _may_be_below(rows, last - 1, width, first):
        last -= 1
    below = [place for place in range(last, len(rows)) if not all(map(is_empty, rows[place]))]
    if options.skip_last is not None:
        below = below[max(len(below) - options.skip_last, 0) :]
    totals = [place for place in below if is_total(rows[place])]
    others = [place for place in below if place not in totals]
    if options.skip_last is not None or not others:
        return Below(totals, others)
    names = [str(row[first]).strip() for row in rows[:last] if len(row) > first and not is_empty(row[first])]
    shapes, have_words = set(map(_shape_of, names)), any(map(_is_words, names))
    notes: list[int] = []
    for place in others:
        cells = [cell for cell in rows[place] if not is_empty(cell)]
        is_like, has_words = _shape_of(str(cells[0]).strip()) in shapes, _is_words(cells[0])
        is_short, is_alone = len(rows[place]) < width, len(cells) == 1
        may_be_note = is_alone or (is_short and not any(map(is_number, cells[1:])))
        is_record = is_like or (not is_alone and (have_words or is_short)) or not (names or has_words)
        if may_be_note and not is_like and (notes or (names and has_words and not have_words)):
            notes.append(place)
        elif (begin := min([place, *totals, *notes])) < place or not is_record:
            raise _uncertain_end(kind, file, len(below) - below.index(begin))
    return Below(totals, notes)


def _may_be_below(rows: Sequence[Sequence[Any]], place: int, width: int, first: int) -> bool:
    """Return whether a row isn't certainly a record, as one of several cells is in most places."""
    row = rows[place]
    if _is_alone(row, first) or is_total(row) or len(row) < width:
        return True
    return place > 0 and _is_alone(rows[place - 1], first) and any(map(_is_words, row[: first + 1]))


def _is_alone(row: Sequence[Any], first: int) -> bool:
    """Return whether a row is empty, or has only its first cell."""
    filled = [place for place, cell in enumerate(row) if not is_empty(cell)]
    return not filled or (len(filled) == 1 and filled[0] <= first)


def _is_words(cell: Any) -> bool:
    """Return whether a cell is text of several words, or with a colon."""
    return isinstance(cell, str) and bool(_WORDS.match(cell.strip()))


def _shape_of(text: str) -> str:
    """Return how text is written: which of its parts are letters, digits or both.

    >>> _shape_of("A1"), _shape_of("24-00017"), _shape_of("End of report")
    ('x', '9-9', 'a a a')
    """
    return _RUN.sub(lambda run: "9" if run[0].isdigit() else "a" if run[0].isalpha() else "x", text)


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


def has_several(row: Sequence[Any]) -> bool:
    """Return whether at least two cells of a row hold something; it looks at no more than it has to."""
    filled = (True for cell in row if not is_empty(cell))
    return next(filled, False) and next(filled, False)


def is_number(cell: Any) -> bool:
    """Return whether a cell is a number, or looks like one."""
    return bool(_NUMBER.fullmatch(cell)) if isinstance(cell, str) else isinstance(cell, (int, float))


def uncertain_header(kind: str, file: str) -> RecordsError:
    """Return the error of a file in which several rows may name the columns."""
    return RecordsError(
        f"{kind} ({file}): it isn't certain which row names the columns. Say how many rows stand above it, such as "
        f"{remedy(kind, 'skip_rows', '3')}; 0 where it is the first."
    )


def _uncertain_end(kind: str, file: str, number: int) -> RecordsError:
    """Return the error of a file in which one of the last rows may be a record, or stand below the last one."""
    which = "row is a record, or a note" if number == 1 else f"{number} rows are records, or notes"
    return RecordsError(
        f"{kind} ({file}): it isn't certain whether its last {which} below the others. Say how many rows stand below "
        f"the last record, such as {remedy(kind, 'skip_last', str(number))}; 0 where the last row is a record."
    )


def remedy(kind: str, option: str, value: str) -> str:
    """Return how an option of a file is written: in a mapping file, and on the command line."""
    said = value if value.isdecimal() else f'"{value}"'
    return (
        f"{option} = {said} below [files.{kind}] in the file that columns= names, or "
        f"--{option.replace('_', '-')} {said} on the command line"
    )


def left_out(file: str, titles: int, below: Below) -> tuple[str, ...]:
    """Return the note on rows that are no records.

    >>> left_out("cases.csv", 3, Below(totals=[7], notes=[9, 10]))
    ('cases.csv: 3 title rows, 1 total row and 2 note rows left out',)
    """
    *parts, last = [
        many(number, f"{word} row")
        for number, word in ((titles, "title"), (len(below.totals), "total"), (len(below.notes), "note"))
        if number
    ] or [""]
    return (f"{file}: {' and '.join([', '.join(parts), last] if parts else [last])} left out",) if last else ()
