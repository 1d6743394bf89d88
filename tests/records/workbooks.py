"""Workbooks for tests: .xlsx as openpyxl writes it, .xls as xlwt does, and .ods written by hand."""

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

Rows = Sequence[Sequence[Any]]

_NAMESPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in (("office", "office"), ("table", "table"), ("text", "text"))
)
_MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" '
    'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def write_xlsx(path: Path, sheets: Mapping[str, Rows], *, hidden: Sequence[str] = (), from_1904: bool = False) -> Path:
    """Write rows of Python's values; ``=1/0`` and the like are formulas, ``#N/A`` is an error."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904 if from_1904 else CALENDAR_WINDOWS_1900
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def write_xlsx_in_xml(path: Path, cells: str, *, sheet: str = "xl/worksheets/sheet1.xml") -> Path:
    """Write the least of a workbook with one sheet, S, whose rows and cells are given in XML."""
    formats = "http://schemas.openxmlformats.org"
    main, office = f"{formats}/spreadsheetml/2006/main", f"{formats}/officeDocument/2006/relationships"

    def link(kind: str, name: str, target: str) -> str:
        of = f'Type="{office}/{kind}" Id="{name}" Target="{target}"'
        return f'<Relationships xmlns="{formats}/package/2006/relationships"><Relationship {of}/></Relationships>'

    parts = {
        "[Content_Types].xml": f'<Types xmlns="{formats}/package/2006/content-types"/>',
        "_rels/.rels": link("officeDocument", "r1", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": link("worksheet", "r2", sheet.replace("\\", "/").removeprefix("xl/").lower()),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r2"/></sheets></workbook>',
        sheet: f'<worksheet xmlns="{main}" xmlns:x="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def write_xls(path: Path, sheets: Mapping[str, Rows]) -> Path:
    """Write rows of Python's values as Excel 97 has them."""
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                form = "DD/MM/YYYY HH:MM" if isinstance(cell, datetime) else "DD/MM/YYYY"
                style = xlwt.easyxf(num_format_str=form) if isinstance(cell, date) else xlwt.Style.default_style
                if cell is not None:
                    sheet.write(place, column, cell, style)
    book.save(str(path))
    return path


def write_ods(path: Path, sheets: Mapping[str, Rows]) -> Path:
    """Write rows of text, numbers, truth values and dates in the least that an OpenDocument spreadsheet has."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>"
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMESPACES} office:version="1.2">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", content)
    return path


def _ods_cell(value: Any) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, bool):
        kind = f'"boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, (int, float)):
        kind = f'"float" office:value="{value}"'
    elif isinstance(value, (date, datetime)):
        kind = f'"date" office:date-value="{value.isoformat()}"'
    else:
        kind = '"string"'
    shown = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(value).split("\n"))
    return f"<table:table-cell office:value-type={kind}>{shown}</table:table-cell>"
