"""Workbooks: .xlsx by gptables, the library of the Government Analysis Function, or .ods by a writer of our own."""

import warnings
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import date, datetime
from io import BytesIO
from typing import Any, BinaryIO

from ombudsman_kpi.errors import MissingLibraryError, OptionError
from ombudsman_kpi.publish.files import AnyPath, path_of, written_whole
from ombudsman_kpi.publish.ods import write_ods
from ombudsman_kpi.publish.published import Publication
from ombudsman_kpi.publish.sheets import (
    COVER,
    COVER_WIDTH,
    Book,
    Content,
    Link,
    Number,
    Sheet,
    book_of,
    lines_of,
    text_of,
)

_LINE = 16  # points that a line is high
_RIGHT = {"align": "right", "indent": 1}
_CREATED = date(1980, 1, 1)  # as the parts of the file have it, where nothing else is known


def write_workbook(publication: Publication, path: AnyPath, *, created: date = _CREATED) -> None:
    """Write what is published as a workbook, .xlsx or .ods by the name of the file.

    The same publication gives the same bytes: ``created`` is the day that the file's properties name.

    Raises ``OptionError`` for a name with another ending, a table that is too large for a sheet, and a file that can't
    be written; ``MissingLibraryError`` where .xlsx is wanted and gptables isn't installed.
    """
    write = writer_of(path)
    book = book_of(publication)
    written_whole(path, lambda file: write(book, file, created))


def writer_of(path: AnyPath) -> Callable[[Book, BinaryIO, date], None]:
    """Return what writes a workbook, by the end of its name. Raises ``OptionError`` for a name with another ending."""
    write = _WRITERS.get(path_of(path).suffix.lower())
    if write is None:
        raise OptionError(f"{path}: a workbook ends in .xlsx (Excel) or .ods (OpenDocument). Name the file so.")
    return write


def _write_xlsx(book: Book, file: BinaryIO, created: date) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gptables leaves a file open, and uses what pandas will drop
        whole = BytesIO()  # a zip file that can't be written out complains once more when it is thrown away
        _written_by_gptables(book, whole, created)
    file.write(whole.getbuffer())


def _written_by_gptables(book: Book, file: BinaryIO, created: date) -> None:
    try:
        import gptables as gpt
    except ImportError:
        raise MissingLibraryError(
            "Workbooks of Excel need another library: pip install 'ombudsman-kpi[publish]'. "
            "Name the file .ods, and it needs none."
        ) from None
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    workbook = gpt.GPWorkbook(file, options)
    workbook.set_theme(_theme(gpt))
    day = datetime(created.year, created.month, created.day)  # noqa: DTZ001
    workbook.set_properties({"title": book.title, "subject": book.subject, "created": day})
    cells = _Cells(workbook, [heading for sheet in book.sheets for heading in sheet.headings])
    intro, about = ([cells.kept(line) for line in lines] or None for lines in (book.intro, book.about))
    worksheet = cells.sheet(COVER)
    worksheet.write_cover(gpt.Cover(cells.kept(book.title), intro, about, cover_label=COVER, width=COVER_WIDTH))
    for row, (line, _) in enumerate(book.cover):
        _high(worksheet, row, [lines_of(line, COVER_WIDTH)])
    for sheet in book.sheets:
        worksheet = cells.sheet(sheet.name)
        worksheet.write_gptable(_gptable(sheet, cells.kept), auto_width=False)
        _fitted(worksheet, sheet)
    workbook.close()


def _theme(gpt: Any) -> Any:
    """Return gptables' theme, but that what stands beside several lines of text stands at their top."""
    theme = deepcopy(gpt.gptheme)
    for update in (theme.update_data_format, theme.update_index_2_format, theme.update_cover_text_format):
        update({"valign": "top"})
    return theme


def _fitted(worksheet: Any, sheet: Sheet) -> None:
    """Set how wide columns are and, since not every program finds out, how high rows with several lines."""
    widths, first = sheet.widths, 1 + len(sheet.lines)
    for place, width in enumerate(widths):
        worksheet.set_column_pixels(place, place, 24 + 8 * width)
    for row, cells in enumerate((sheet.headings, *sheet.rows), first):
        texts = zip(map(text_of, cells), widths, strict=True)  # most letters are narrower than a digit
        _high(
            worksheet,
            row,
            [lines_of(text, width + width // 10 + 1) for text, width in texts if len(text) > width or "\n" in text],
        )
    worksheet.repeat_rows(first)


def _high(worksheet: Any, row: int, lines: Iterable[int]) -> None:
    """Set how high a row is whose cells have several lines."""
    most = max(lines, default=1)
    if most > 1:
        worksheet.set_row(row, _LINE * most)


def _gptable(sheet: Sheet, keep: Callable[[Content], str]) -> Any:
    """Return a sheet's table for gptables, which is given a name in place of each text and number."""
    import gptables as gpt
    import pandas as pd

    headings = [heading.replace("$$", "$ $") for heading in sheet.headings]  # two dollars are gptables' mark for notes
    right = [place for place, numbers in enumerate(sheet.to_the_right) if numbers]
    says, *lines = sheet.lines if len(sheet.lines) > 1 else (None, *sheet.lines)
    return gpt.GPTable(
        pd.DataFrame([[keep(cell) for cell in row] for row in sheet.rows], columns=headings, dtype=object),
        sheet.table,
        keep(sheet.title),
        subtitles=[keep(says)] if says else [],
        instructions=keep(lines[0]),
        legend=[keep(line) for line in lines[1:]],
        index_columns={2: 0},
        additional_formatting=[
            {"column": {"columns": right, "format": _RIGHT, "include_names": True}}
        ] if right else [],
    )  # fmt: skip


class _Cells:
    """What cells hold, each known to gptables by a name alone.

    gptables reads text: "[x](y)" becomes a link, "$$" a note, and text without a Latin letter is refused. So it is
    given names, and lays out the sheet; what they stand for is written with the type and the format that it has.
    """

    def __init__(self, workbook: Any, headings: Iterable[str]) -> None:
        self._workbook = workbook
        self._contents: list[Content] = []
        self._formats: dict[str, Any] = {}
        self._name = "cell"  # with a number; no heading begins so, since gptables needs headings as they are
        while any(heading.startswith(self._name) for heading in headings):
            self._name += "l"

    def kept(self, content: Content) -> str:
        """Keep what a cell holds, and return its name."""
        self._contents.append(content)
        return f"{self._name}{len(self._contents) - 1}"

    def sheet(self, name: str) -> Any:
        """Return a new sheet that writes what is kept where gptables writes its name; and that prints well."""
        worksheet = self._workbook.add_worksheet(name)
        worksheet.add_write_handler(str, self._write)
        worksheet.set_landscape()
        worksheet.set_paper(9)  # A4
        worksheet.fit_to_pages(1, 0)
        worksheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        return worksheet

    def _write(self, worksheet: Any, row: int, column: int, name: str, style: Any) -> Any:
        if not name.startswith(self._name):
            return worksheet.write_string(row, column, name, style)
        match self._contents[int(name.removeprefix(self._name))]:
            case None:
                return worksheet.write_blank(row, column, None, style)
            case Number(value, places, is_share, mark):
                decimals = "." + "0" * places if places else ""
                beside = f'" {mark}"' if mark else ""
                shown = f"0{decimals}%{beside}" if is_share else f"#,##0{decimals}{beside}"
                numbers = self._format(shown, text_wrap=False, **_RIGHT)
                return worksheet.write_number(row, column, value, numbers)
            case date() as day:
                return worksheet.write_datetime(row, column, day, self._format("d mmm yyyy", align="left"))
            case Link(sheet):
                quoted = sheet.replace("'", "''")
                link = self._format("@", underline=True, font_color="blue")
                return worksheet.write_url(row, column, f"internal:'{quoted}'!A1", link, sheet)
            case text:
                return worksheet.write_string(row, column, text, style)

    def _format(self, number_format: str, **more: Any) -> Any:
        """Return the format of a cell: the theme's, with how a number is shown."""
        if number_format not in self._formats:
            theme = {**self._workbook.theme.data_format, "num_format": number_format, **more}
            self._formats[number_format] = self._workbook.add_format(theme)
        return self._formats[number_format]


_WRITERS: dict[str, Callable[[Book, BinaryIO, date], None]] = {".xlsx": _write_xlsx, ".ods": write_ods}
