"""Workbooks as OpenDocument (.ods, ODF 1.3), as GOV.UK asks for them: the language said, tables marked, nothing hidden.

Only what the sheets of a publication need is written. Tables are named database ranges with a row of headings, which is
how OpenDocument marks them; that row is repeated where a table is printed on several pages.
"""

import zipfile
from collections.abc import Iterable, Iterator
from datetime import date
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from ombudsman_kpi.publish.cells import MARKS
from ombudsman_kpi.publish.sheets import COVER, COVER_WIDTH, Book, Content, Link, Number, Sheet, text_of

_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
    for name, urn in {
        "office": "office", "style": "style", "text": "text", "table": "table", "number": "datastyle", "meta": "meta",
        "config": "config", "fo": "xsl-fo-compatible", "svg": "svg-compatible",
    }.items()
)  # fmt: skip
_SPACES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
_MARKED = {"": "", **{mark: f"-{status}" for status, mark in MARKS.items()}}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def write_ods(book: Book, file: BinaryIO, created: date) -> None:
    """Write a workbook into an open file. The same workbook gives the same bytes."""
    parts = {
        "content.xml": _content(book),
        "styles.xml": _STYLES,
        "meta.xml": _meta(book, created),
        "settings.xml": _settings(book),
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            _entry("mimetype", zipfile.ZIP_STORED), _TYPE
        )  # first and not packed, so that it is recognised
        for name, text in {**parts, "META-INF/manifest.xml": _manifest(parts)}.items():
            archive.writestr(_entry(name, zipfile.ZIP_DEFLATED), text.encode())


def _entry(name: str, packed: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = packed
    entry.create_system = 3  # the same on every system
    entry.external_attr = 0o644 << 16
    return entry


def _content(book: Book) -> str:
    numbers = (cell for sheet in book.sheets for row in sheet.rows for cell in row if isinstance(cell, Number))
    used = sorted({cell[1:4] for cell in numbers})
    widths = sorted({COVER_WIDTH, *(width for sheet in book.sheets for width in sheet.widths)})
    styles = "".join([
        *(_number_style(*shown) for shown in used),
        *(_column_style(width) for width in widths),
    ])  # fmt: skip
    sheets = "".join([_cover(book), *map(_sheet, book.sheets)])
    ranges = "".join(map(_range, book.sheets))
    return (
        f'{_HEAD}<office:document-content {_SPACES} office:version="1.3">'
        f"<office:automatic-styles>{styles}{_CONTENT_STYLES}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{sheets}<table:database-ranges>{ranges}</table:database-ranges>"
        "</office:spreadsheet></office:body></office:document-content>"
    )


def _number_style(places: int, is_share: bool, mark: str) -> str:  # noqa: FBT001
    """Return how numbers with so many decimal places are shown, and the style of cells with them."""
    name, kind = _style_of(places, is_share, mark), "percentage" if is_share else "number"
    after = ("%" if is_share else "") + (f" {mark}" if mark else "")
    return (
        f'<number:{kind}-style style:name="{name}-shown"><number:number number:decimal-places="{places}" '
        f'number:min-decimal-places="{places}" number:min-integer-digits="1" '
        f'number:grouping="{"false" if is_share else "true"}"/>'
        f"{f'<number:text>{after}</number:text>' if after else ''}</number:{kind}-style>"
        f'<style:style style:name="{name}" style:family="table-cell" style:parent-style-name="Number" '
        f'style:data-style-name="{name}-shown"/>'
    )


def _style_of(places: int, is_share: bool, mark: str) -> str:  # noqa: FBT001
    return f"{'share' if is_share else 'number'}-{places}{_MARKED[mark]}"


def _column_style(width: int) -> str:
    return (
        f'<style:style style:name="wide-{width}" style:family="table-column"><style:table-column-properties '
        f'style:column-width="{0.7 + 0.24 * width:.2f}cm"/></style:style>'
    )


def _cover(book: Book) -> str:
    styles = {1: "Heading_20_1", 2: "Heading_20_2", 0: "Text"}
    rows = "".join(_row([_cell(line, styles[level])]) for line, level in book.cover)
    return _table(COVER, book.title, [COVER_WIDTH], rows)


def _sheet(sheet: Sheet) -> str:
    above = [_row([_cell(sheet.title, "Heading_20_1")]), *(_row([_cell(line, "Line")]) for line in sheet.lines)]
    headings = zip(sheet.headings, sheet.to_the_right, strict=True)
    head = _row(_cell(heading, "Column_20_number" if right else "Column") for heading, right in headings)
    body = (
        _row(_cell(cell, "Number" if right else "Text") for cell, right in zip(row, sheet.to_the_right, strict=True))
        for row in sheet.rows
    )
    rows = f"{''.join(above)}<table:table-header-rows>{head}</table:table-header-rows>{''.join(body)}"
    return _table(sheet.name, sheet.title, sheet.widths, rows)


def _table(name: str, title: str, widths: Iterable[int], rows: str) -> str:
    columns = "".join(f'<table:table-column table:style-name="wide-{width}"/>' for width in widths)
    return (
        f'<table:table table:name={quoteattr(name)} table:style-name="sheet">'
        f"<table:title>{escape(title)}</table:title>{columns}{rows}</table:table>"
    )


def _row(cells: Iterable[str]) -> str:
    return f'<table:table-row table:style-name="row">{"".join(cells)}</table:table-row>'


def _cell(content: Content, style: str) -> str:
    """Return a cell; ``style`` is that of text, since numbers and dates have styles of their own."""
    text = escape(text_of(content)).replace("\n", "</text:p><text:p>")
    match content:
        case None:
            return "<table:table-cell/>"
        case Number(value, places, is_share, mark):
            style, kind = _style_of(places, is_share, mark), "percentage" if is_share else "float"
            given = f'office:value-type="{kind}" office:value="{value:f}"'
        case date():
            style, given = "day", f'office:value-type="date" office:date-value="{content.isoformat()}"'
        case Link(sheet):
            style, given = "Link", 'office:value-type="string"'
            place = quoteattr(f"#{_quoted(sheet)}.A1")
            text = f'<text:a xlink:type="simple" xlink:href={place}>{text}</text:a>'
        case _:
            given = 'office:value-type="string"'
    return f'<table:table-cell table:style-name="{style}" {given}><text:p>{text}</text:p></table:table-cell>'


def _range(sheet: Sheet) -> str:
    """Return the mark that a table is one: its name, its place, and that its first row has the headings."""
    first = 2 + len(sheet.lines)
    name, last = _quoted(sheet.name), f"{_letters(len(sheet.headings))}{first + len(sheet.rows)}"
    return (
        f'<table:database-range table:name="{sheet.table}" table:target-range-address='
        f'{quoteattr(f"{name}.A{first}:{name}.{last}")} table:contains-header="true" '
        'table:display-filter-buttons="false"/>'
    )


def _quoted(sheet: str) -> str:
    return "'" + sheet.replace("'", "''") + "'"


def _letters(column: int) -> str:
    """Return the letters of a column, counted from 1.

    >>> _letters(1), _letters(27), _letters(16_384)
    ('A', 'AA', 'XFD')
    """
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _meta(book: Book, created: date) -> str:
    return (
        f'{_HEAD}<office:document-meta {_SPACES} office:version="1.3"><office:meta>'
        f"<meta:generator>ombudsman-kpi</meta:generator><dc:title>{escape(book.title)}</dc:title>"
        f"<dc:subject>{escape(book.subject)}</dc:subject>"
        f"<meta:creation-date>{created.isoformat()}T00:00:00</meta:creation-date>"
        f"<dc:date>{created.isoformat()}T00:00:00</dc:date><dc:language>en-GB</dc:language>"
        "</office:meta></office:document-meta>"
    )


def _settings(book: Book) -> str:
    """Return what is seen first: the cover, and on each sheet the cell A1."""

    def item(name: str, kind: str, value: object) -> str:
        return f'<config:config-item config:name="{name}" config:type="{kind}">{value}</config:config-item>'

    at_first = item("CursorPositionX", "int", 0) + item("CursorPositionY", "int", 0)
    sheets = "".join(
        f"<config:config-item-map-entry config:name={quoteattr(name)}>{at_first}</config:config-item-map-entry>"
        for name in (COVER, *(sheet.name for sheet in book.sheets))
    )
    return (
        f'{_HEAD}<office:document-settings {_SPACES} office:version="1.3"><office:settings>'
        '<config:config-item-set config:name="ooo:view-settings"><config:config-item-map-indexed config:name="Views">'
        f"<config:config-item-map-entry>{item('ViewId', 'string', 'view1')}"
        f'<config:config-item-map-named config:name="Tables">{sheets}</config:config-item-map-named>'
        f"{item('ActiveTable', 'string', COVER)}{item('ShowGrid', 'boolean', 'false')}"
        "</config:config-item-map-entry></config:config-item-map-indexed></config:config-item-set>"
        "</office:settings></office:document-settings>"
    )


def _manifest(parts: Iterable[str]) -> str:
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>' for name in parts
    )
    return (
        f'{_HEAD}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
        f'manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:version="1.3" '
        f'manifest:media-type="{_TYPE}"/>{entries}</manifest:manifest>'
    )


def _text_style(name: str, parent: str, cell: str = "", text: str = "", paragraph: str = "") -> str:
    shown = name.replace("_20_", " ")
    cell = f"<style:table-cell-properties {cell}/>" if cell else ""
    paragraph = f"<style:paragraph-properties {paragraph}/>" if paragraph else ""
    text = f"<style:text-properties {text}/>" if text else ""
    return (
        f'<style:style style:name="{name}" style:display-name="{shown}" style:family="table-cell" '
        f'style:parent-style-name="{parent}">{cell}{paragraph}{text}</style:style>'
    )


def _styles() -> Iterator[str]:
    """Yield the part with named styles: Arial 12 in black, as the Analysis Function has it, and A4 across."""
    yield f'{_HEAD}<office:document-styles {_SPACES} office:version="1.3"><office:font-face-decls>'
    yield '<style:font-face style:name="Arial" svg:font-family="Arial" style:font-family-generic="swiss"/>'
    yield '</office:font-face-decls><office:styles><style:default-style style:family="table-cell">'
    yield '<style:paragraph-properties style:writing-mode="page"/><style:text-properties style:font-name="Arial" '
    yield 'fo:font-size="12pt" fo:language="en" fo:country="GB"/></style:default-style>'
    yield '<style:style style:name="Default" style:family="table-cell"/>'
    yield _text_style("Heading_20_1", "Default", text='fo:font-size="16pt" fo:font-weight="bold"')
    yield _text_style("Heading_20_2", "Default", text='fo:font-size="14pt" fo:font-weight="bold"')
    yield _text_style("Line", "Default")
    left, right = (f'fo:text-align="{side}"' for side in ("start", "end"))
    wrapped = 'style:text-align-source="fix" fo:wrap-option="wrap" style:vertical-align="top"'
    yield _text_style("Text", "Default", wrapped, paragraph=left)
    underline = 'style:text-underline-style="solid" style:text-underline-width="auto"'
    yield _text_style("Link", "Text", text=f'fo:color="#0000ff" {underline} style:text-underline-color="font-color"')
    yield _text_style("Number", "Default", f'{wrapped} fo:padding-right="0.25cm"', paragraph=right)
    line, bold = 'fo:border-bottom="0.5pt solid #000000"', 'fo:font-weight="bold"'
    yield _text_style("Column", "Text", line, bold)
    yield _text_style("Column_20_number", "Number", line, bold)
    yield '</office:styles><office:automatic-styles><style:page-layout style:name="across">'
    yield '<style:page-layout-properties fo:page-width="29.7cm" fo:page-height="21cm" style:scale-to-X="1" '
    yield 'style:scale-to-Y="0" style:print-orientation="landscape" fo:margin="1.5cm"/></style:page-layout>'
    yield '</office:automatic-styles><office:master-styles><style:master-page style:name="Default" '
    yield 'style:page-layout-name="across"/></office:master-styles></office:document-styles>'


_STYLES = "".join(_styles())
_CONTENT_STYLES = (
    '<style:style style:name="sheet" style:family="table" style:master-page-name="Default">'
    '<style:table-properties table:display="true" style:writing-mode="lr-tb"/></style:style>'
    '<style:style style:name="row" style:family="table-row">'
    '<style:table-row-properties style:use-optimal-row-height="true"/></style:style>'
    '<number:date-style style:name="day-shown" number:language="en" number:country="GB"><number:day/>'
    '<number:text> </number:text><number:month number:textual="true"/><number:text> </number:text>'
    '<number:year number:style="long"/></number:date-style>'
    '<style:style style:name="day" style:family="table-cell" style:parent-style-name="Text" '
    'style:data-style-name="day-shown"/>'
)
