"""Records in spreadsheets: one sheet of an Excel or OpenDocument workbook, its cells as Python has them."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi.errors import MissingLibraryError, RecordsError, one_of
from ombudsman_kpi.records.cells.text import text_of
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.sources.far_cells import BROKEN, Reach, far_table_of, opened_archive, reach_of
from ombudsman_kpi.records.sources.layout import (
    FileOptions,
    below_of,
    header_of,
    is_empty,
    left_out,
    total_of,
    uncertain_header,
)
from ombudsman_kpi.records.sources.source import Source

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods")
_OLD = b"\xd0\xcf\x11\xe0"  # how a file of Excel 97 begins


class _Table(NamedTuple):
    """The table on a sheet: the names and places of its columns, the places of its rows, and all cells of the sheet."""

    names: tuple[str, ...]
    columns: tuple[int, ...]
    rows: Sequence[int]
    cells: Sequence[Sequence[Any]]
    notes: tuple[str, ...]
    total: dict[str, Any] | None


def open_spreadsheet(kind: str, path: Path, options: FileOptions) -> Source:
    """Return a sheet of a workbook as a source.

    It is the one that the caller names, or else the only one, the one with the name of the kind of records, or the
    only one with anything on it. Dates and midnights are dates; empty cells and errors such as #N/A are missing.
    Raises ``RecordsError`` for a broken file, and where it can't be told which sheet is meant, or which row names the
    columns; ``MissingLibraryError`` where python-calamine isn't installed.
    """
    place, cells = _sheet_of(kind, path, options.sheet)
    table = _table_of(kind, place, cells, options)
    places = dict(zip(table.names, table.columns, strict=True))

    def read(wanted: list[str]) -> Iterator[dict[str, list[Any]]]:
        for first in range(0, max(len(table.rows), 1), source.BATCH):
            part = [cells[row] for row in table.rows[first : first + source.BATCH]]
            yield {name: [None if (cell := row[places[name]]) == "" else cell for row in part] for name in wanted}

    def locate(position: int, name: str | None) -> str:
        column = f", column {_letters(places[name])}" if name in places else ""
        return f"row {table.rows[position] + 1}{column}"

    return Source(
        table.names, read, is_pandas=True, place=place, rows=len(table.rows), notes=table.notes, locate=locate,
        total=table.total,
    )  # fmt: skip


def _table_of(kind: str, place: str, cells: Sequence[Sequence[Any]], options: FileOptions) -> _Table:
    """Return the table on a sheet, without the rows in which nothing stands and those below the last record."""
    header = header_of(cells) if options.skip_rows is None else options.skip_rows
    if header is None:
        raise uncertain_header(kind, place)
    if header >= len(cells) or all(map(is_empty, cells[header])):
        raise RecordsError(
            f"{kind} ({place}): there are no names of columns in row {header + 1}, nor a table below it."
        )
    named = {column: _name_of(cell) for column, cell in enumerate(cells[header]) if not is_empty(cell)}
    below = below_of(kind, place, cells[header + 1 :], len(named), options, min(named))
    end = len(cells) if below.first is None else header + 1 + below.first
    rows = [row for row in range(header + 1, end) if not all(map(is_empty, cells[row]))]
    titles = sum(not all(map(is_empty, row)) for row in cells[:header])
    totals = [cells[header + 1 + place] for place in below.totals]
    total = total_of([*named.values()], [[row[column] for column in named] for row in totals])
    return _Table(tuple(named.values()), tuple(named), rows, cells, left_out(place, titles, below), total)


def _name_of(cell: Any) -> str:
    """Return what a cell says as the name of a column: a line break in it is a space."""
    return " ".join((text_of(cell) or str(cell)).split())


def _letters(column: int) -> str:
    """Return how a spreadsheet names a column.

    >>> _letters(0), _letters(25), _letters(26), _letters(701), _letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return letters


def _sheet_of(kind: str, path: Path, wanted: str | int | None) -> tuple[str, list[list[Any]]]:
    """Return how errors name a sheet, and its cells, from its first row and column."""
    try:
        from python_calamine import CalamineError, load_workbook
    except ImportError:
        raise MissingLibraryError(
            f"{kind}: {path.name} is a spreadsheet, which python-calamine reads: pip install 'ombudsman-kpi[excel]'."
        ) from None
    try:
        content = path.read_bytes()
        if content.startswith(_OLD):
            _try_elsewhere(path)
        archive = None if content.startswith(_OLD) else opened_archive(content)
        try:
            book = _Book(kind, path, load_workbook(io.BytesIO(content)), archive)
        except CalamineError:
            if archive is not None and (far := far_table_of(archive)) is not None:
                raise _far(kind, path, *far) from None
            raise
        name = _chosen(book, wanted)
        cells = book.sheet(name).to_python(skip_empty_area=False)
    except RecordsError:
        raise
    except (CalamineError, OSError, *BROKEN) as error:
        raise _unread(path, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # with which the library stops at some broken files
            raise
        raise _unread(path, error) from None
    place = path.name if len(book.names) == 1 else f"{path.name}, sheet {name!r}"
    return place, cells


class _Book(NamedTuple):
    """A workbook, with the archive that it is; an old one is none."""

    kind: str
    path: Path
    content: "CalamineWorkbook"
    archive: zipfile.ZipFile | None

    @property
    def names(self) -> list[str]:
        """The names of its sheets."""
        return self.content.sheet_names

    def reach(self, name: str) -> Reach:
        """Return how far the cells of a sheet reach, where that is seen before it is read."""
        if self.archive is None:
            return Reach(0, 0, self.path.stat().st_size)
        return reach_of(self.archive, self.names.index(name))

    def is_filled(self, name: str) -> bool:
        """Return whether there is anything on a sheet."""
        return self.reach(name).is_far or self.content.get_sheet_by_name(name).height > 0

    def sheet(self, name: str) -> "CalamineSheet":
        """Return a sheet. Raises ``RecordsError`` where a cell far from the others makes it too large."""
        reach = self.reach(name)
        if not reach.is_far:
            sheet = self.content.get_sheet_by_name(name)
            row, column = sheet.end or (-1, -1)
            reach = Reach(row + 1, column + 1, reach.size)
            if not reach.is_far:
                return sheet
        raise _far(self.kind, self.path, name, reach)


def _far(kind: str, path: Path, name: str, reach: Reach) -> RecordsError:
    """Return the error of a sheet on which something stands far from the table."""
    return RecordsError(
        f"{kind} ({path.name}, sheet {name!r}): something stands so far from the table that nearly all cells up to the "
        f"last, {_letters(reach.columns - 1)}{reach.rows}, are empty. Delete all rows below the table and all columns "
        "to its right, and save it again; or save the sheet as CSV."
    )


def _try_elsewhere(path: Path) -> None:
    """Raise ``RecordsError`` for an old workbook that would end the process that reads it.

    Such files have no checksums: where a broken one has a cell in a row that no sheet has, the library asks for more
    memory than there is, which nobody can catch. Another process tries it first.
    """
    code = (
        "import io, sys; sys.path[:] = sys.argv[2:]; from python_calamine import load_workbook\n"
        "load_workbook(io.BytesIO(open(sys.argv[1], 'rb').read()))"
    )
    command = [sys.executable, "-c", code, str(path), *sys.path]
    tried = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  (it is our own code)
    if tried.returncode not in {0, 1}:  # 1 is an exception, which is told when we meet it ourselves
        raise _unread(path, MemoryError())


def _unread(path: Path, error: BaseException) -> RecordsError:
    """Return the error of a file that is no workbook, or a broken one, without what is in it."""
    if type(error).__name__ == "PasswordError":
        return RecordsError(f"{path} can't be read: it is protected by a password. Save it without one.")
    return RecordsError(
        f"{path} can't be read: it is no workbook, or a broken one. Open it in the program that it comes from, and "
        "save it as .xlsx or .csv."
    )


def _chosen(book: _Book, wanted: str | int | None) -> str:
    """Return the name of the sheet that the records are on. Raises ``RecordsError`` where it can't be told."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    kind, path, names = book.kind, book.path, book.names
    if isinstance(wanted, int) and 0 < wanted <= len(names):
        return names[wanted - 1]
    if wanted in names:
        return str(wanted)
    if wanted is not None:
        raise RecordsError(
            f"{kind} ({path.name}): there is no sheet {wanted!r}, which [sheets] names. {one_of(wanted, names)} A "
            "number counts them from 1."
        )
    seen = [
        sheet.name for sheet in book.content.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]  # fmt: skip
    own = [name for name in seen if name.strip().lower().replace("_", " ") == kind.replace("_", " ")]
    filled = seen if len(seen) < 2 or own else [name for name in seen if book.is_filled(name)]
    found = own or filled
    if len(found) != 1:
        raise RecordsError(
            f"{kind} ({path.name}): it isn't certain which sheet they are on: {', '.join(map(repr, names))}. Say which "
            f"in the file that columns= or --columns names: [sheets], and below it {kind} = {names[0]!r}."
        )
    return found[0]
