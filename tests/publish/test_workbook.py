"""Workbooks, .xlsx and .ods: read back by other programs, they hold what was published."""

import gc
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given
from openpyxl.utils import range_boundaries
from python_calamine import CalamineWorkbook

from ombudsman_kpi.errors import MissingLibraryError, OptionError
from ombudsman_kpi.publish import files, sheets
from ombudsman_kpi.publish.published import Cell, Figure, Publication, PublishedTable, TableColumn
from ombudsman_kpi.publish.workbook import write_workbook

sys.path.append(str(Path(__file__).parent))
from any_publications import EXAMPLE, HOSTILE, clean, kept, publication, publications

KINDS = pytest.mark.parametrize("kind", ["xlsx", "ods"])
SPACES = {
    name: f"urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"
    for name, urn in {
        "table": "table", "text": "text", "office": "office", "manifest": "manifest", "fo": "xsl-fo-compatible",
        "style": "style", "config": "config",
    }.items()
}  # fmt: skip
SPACES["dc"] = "http://purl.org/dc/elements/1.1/"
Rows = list[list[Any]]


def read(path: Path) -> dict[str, Rows]:
    """Return the cells of every sheet, as python-calamine reads them."""
    with CalamineWorkbook.from_path(path) as book:
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def places(path: Path) -> dict[str, tuple[int, int, int, int]]:
    """Return where the table on each sheet is marked: its first and last column and row, from 1."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        found = {}
        for sheet in book:
            for table in sheet.tables.values():
                left, top, right, bottom = range_boundaries(table.ref)
                assert table.headerRowCount == 1
                assert not table.autoFilter
                found[sheet.title] = (left, top, right, bottom)
        return found
    found = {}
    for mark in part(path, "content.xml").iterfind(".//table:database-range", SPACES):
        assert attribute(mark, "table", "contains-header") == "true"
        assert attribute(mark, "table", "display-filter-buttons") == "false"
        match = re.fullmatch(
            r"'(.*)'\.([A-Z]+\d+):'(.*)'\.([A-Z]+\d+)", attribute(mark, "table", "target-range-address")
        )
        assert match
        assert match[1] == match[3]
        left, top, right, bottom = range_boundaries(f"{match[2]}:{match[4]}")
        found[match[1].replace("''", "'")] = (left, top, right, bottom)
    return found


def part(path: Path, name: str) -> ElementTree.Element:
    with zipfile.ZipFile(path) as archive:
        return ElementTree.fromstring(archive.read(name))  # noqa: S314


def attribute(element: ElementTree.Element, space: str, name: str) -> str:
    return element.attrib[f"{{{SPACES[space]}}}{name}"]


def tables_in(path: Path) -> dict[str, tuple[list[str], Rows, list[str]]]:
    """Return of each sheet the headings of its table, its cells, and the lines of text above it."""
    marked, found = places(path), {}
    for name, rows in read(path).items():
        if name == "Cover":
            assert name not in marked
            continue
        left, top, right, bottom = marked[name]
        assert left == 1, "a table begins in column A"
        padded = [[*row, *[""] * right][:right] for row in [*rows, *[[]] * bottom][:bottom]]
        assert len(rows) <= bottom, "nothing stands below the table"
        assert all(not any(row[1:]) for row in rows[: top - 1]), "text above the table stands in column A"
        above = [row[0] for row in padded[: top - 1]]
        assert all(above), "no row above the table is blank"
        found[name] = (padded[top - 1], padded[top:], above)
    return found


@given(published=publications())
@KINDS
def test_every_cell_is_what_was_published(kind: str, published: Publication) -> None:
    holds(kind, published)


@KINDS
def test_hostile_text_everywhere_and_days_that_excel_cannot_count(kind: str) -> None:
    columns = (*(TableColumn(text, "text", text) for text in HOSTILE), TableColumn("Day", "date"))
    rows: list[tuple[Cell, ...]] = [(*HOSTILE, day) for day in (date(1900, 2, 28), date(1900, 3, 1))]
    small = [PublishedTable(text, text, text, columns[:1], (("x",),), (text,)) for text in HOSTILE]
    holds(kind, publication(PublishedTable("wide", "<&>", "]]>", columns, tuple(rows)), *small, title="<&>"))


def holds(kind: str, published: Publication) -> None:
    """A workbook read back has the cells, headings and names that it must have."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"book.{kind}")
        write_workbook(published, path)
        found = tables_in(path)
    names = [name for name in found if name not in {"Contents", "Notes"}]
    assert len(names) == len(published.tables)
    assert [row[0] for row in found["Contents"][1]] == [name for name in found if name != "Contents"]
    for name, table in zip(names, published.tables, strict=True):
        headings, cells, _ = found[name]
        wanted = [
            [kept(cell, column, excel=kind == "xlsx") for cell, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ]
        assert cells == (wanted or [["No data", *[""] * (len(table.columns) - 1)]])
        assert len({heading.casefold() for heading in headings}) == len(headings)
        for place, (heading, column) in enumerate(zip(headings, table.columns, strict=True), 1):
            named = clean(column.heading) or f"Column {place}"
            assert heading.replace("$ $", "$$").startswith(named[:100])
        assert valid_name(name)


def valid_name(name: str) -> bool:
    units = len(name.encode("utf-16-le")) // 2
    return 0 < units <= 31 and not set("[]:*?/\\") & set(name) and name == name.strip("' ")


@KINDS
def test_the_cover_and_the_sheets(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"book.{kind}"
    write_workbook(EXAMPLE, path)
    assert [row[0] for row in read(path)["Cover"]] == [
        "Service standards", "Introductory information", "As at 31 March 2024", "One of two commitments is kept.",
        "About these data", "Scheme: lgsco", "Calendar: England and Wales",
    ]  # fmt: skip
    assert [*read(path)] == ["Cover", "Contents", "Notes", "summary", "by-team"]
    found = tables_in(path)
    assert found["Contents"][:2] == (
        ["Sheet", "What it shows"],
        [["Notes", "Notes on the tables"], ["summary", "Commitments, March 2024"], ["by-team", "By team"]],
    )
    assert found["Notes"][1] == [
        ["note 1", "Counted by receipt."], ["note 2", "The period isn't over."], ["note 3", "Of no column."],
    ]  # fmt: skip
    headings, cells, above = found["summary"]
    assert headings == [
        "Commitment",
        "Counted",
        "In time\n[note 1]",
        "Mean time\n(working days)",
        "Last day",
        "Remark\n[note 2]",
    ]
    assert cells == [
        ["Answer calls", 1234, 0.8995, -3.5, date(2024, 3, 31), "now"],
        ["=1+1", -5, "[c]", "[z]", "", "-"],
    ]
    assert above == [
        "Commitments, March 2024 [note 3]", "One of two was kept.", "This worksheet contains one table.",
        "Notes are explained on the sheet Notes.",
        "[c] confidential: the number is small, or would give a small one away",
        "[z] not applicable", "Where a cell is empty, there is nothing to say.",
    ]  # fmt: skip
    assert found["by-team"][2][0] == "By team [note 2]", "a note has one number in the whole workbook"


def test_numbers_are_shown_with_the_decimals_of_each_figure(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_workbook(EXAMPLE, path)
    sheet = openpyxl.load_workbook(path)["summary"]
    shown = {cell.coordinate: cell.number_format for row in sheet["B9:E9"] for cell in row}
    assert shown == {"B9": "#,##0", "C9": "0.00%", "D9": "#,##0.0", "E9": "d mmm yyyy"}
    assert sheet["C9"].alignment.horizontal == sheet["C10"].alignment.horizontal == "right"
    assert sheet["A9"].alignment.horizontal == "left"
    write_workbook(EXAMPLE, path.with_suffix(".ods"))
    content = part(path.with_suffix(".ods"), "content.xml")
    cells = content.findall(".//table:table[@table:name='summary']//table:table-cell", SPACES)
    texts = ["".join(cell.itertext()) for cell in cells]
    kinds = [cell.attrib.get(f"{{{SPACES['office']}}}value-type") for cell in cells]
    first = texts.index("Answer calls")
    assert texts[first : first + 6] == ["Answer calls", "1,234", "89.95%", "−3.5", "31 Mar 2024", "now"]
    assert kinds[first : first + 6] == ["string", "float", "percentage", "float", "date", "string"]


@pytest.mark.parametrize(
    ("first", "shown", "formats"),
    [
        ("Team", ["90.0% ✓", "33.3% ✗", "50%"], ['0.0%" ✓"', '0.0%" ✗"', "0%"]),
        ("Status", ["90.0%", "33.3%", "50%"], ["0.0%", "0.0%", "0%"]),
    ],
)
def test_a_mark_stands_beside_a_number_that_stays_one(
    tmp_path: Path, first: str, shown: list[str], formats: list[str]
) -> None:
    """Where a column says the status in words, there is none."""
    judged = [
        Figure(Fraction(9, 10), 1, "met"),
        Figure(Fraction(1, 3), 1, "missed"),
        Figure(Fraction(1, 2), 0, "no target"),
    ]
    columns = (TableColumn(first), *(TableColumn(month, "share") for month in ("January", "February", "March")))
    row: tuple[Cell, ...] = ("North", *judged)
    path = tmp_path / "book.xlsx"
    for name in (path, path.with_suffix(".ods")):
        write_workbook(publication(PublishedTable("grid", "Grid", "", columns, (row,))), name)
        _, cells, above = tables_in(name)["grid"]
        assert cells == [["North", 0.9, 0.333, 0.5]]
        assert ("✓ beside a figure: its standard is met. ✗: it is missed." in above) == (first == "Team")
    *_, last = openpyxl.load_workbook(path)["grid"].rows
    assert [cell.number_format for cell in last][1:] == formats
    *_, last_row = part(path.with_suffix(".ods"), "content.xml").iterfind(".//table:table-row", SPACES)
    assert ["".join(cell.itertext()) for cell in last_row][1:] == shown


@given(published=publications())
def test_text_never_becomes_a_formula_or_a_link(published: Publication) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.xlsx")
        write_workbook(published, path)
        book = openpyxl.load_workbook(path)
        write_workbook(published, path.with_suffix(".ods"))
        content = part(path.with_suffix(".ods"), "content.xml")
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.data_type == ("s" if isinstance(cell.value, str) else cell.data_type)
                assert cell.hyperlink is None or sheet.title == "Contents"
        assert not sheet.merged_cells.ranges
        assert sheet.freeze_panes is None
    assert not any(f"{{{SPACES['table']}}}formula" in cell.attrib for cell in content.iter())
    links = content.findall(".//text:a", SPACES)
    assert len(links) == len(book.sheetnames) - 2
    assert [book["Contents"].cell(row, 1).hyperlink.location for row in range(4, 4 + len(links))] == [
        "'" + name.replace("'", "''") + "'!A1" for name in book.sheetnames[2:]
    ]


def test_the_parts_of_an_ods_file(tmp_path: Path) -> None:
    path = tmp_path / "book.ods"
    write_workbook(EXAMPLE, path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        first = archive.infolist()[0]
        assert archive.read("mimetype") == b"application/vnd.oasis.opendocument.spreadsheet"
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    listed = [
        attribute(entry, "manifest", "full-path")
        for entry in part(path, "META-INF/manifest.xml").iterfind("manifest:file-entry", SPACES)
    ]
    assert {*listed} == {"/", *names} - {"mimetype", "META-INF/manifest.xml"}
    meta = part(path, "meta.xml")
    assert meta.findtext(".//dc:language", namespaces=SPACES) == "en-GB"
    assert meta.findtext(".//dc:title", namespaces=SPACES) == "Service standards"
    style = part(path, "styles.xml").find(".//style:default-style/style:text-properties", SPACES)
    assert style is not None
    assert (attribute(style, "fo", "language"), attribute(style, "fo", "country")) == ("en", "GB")
    content = part(path, "content.xml")
    for table in content.iterfind(".//table:table", SPACES):
        title = table.find("table:table-row/table:table-cell", SPACES)
        assert title is not None
        assert attribute(title, "table", "style-name") == "Heading_20_1"
        heads = table.findall("table:table-header-rows/table:table-row", SPACES)
        assert len(heads) == (attribute(table, "table", "name") != "Cover")
    used = {value for element in content.iter() for key, value in element.attrib.items() if "number-" not in key}
    assert not any("merged" in value for value in used)
    positions = part(path, "settings.xml").findall(".//config:config-item-map-named/*", SPACES)
    assert [attribute(entry, "config", "name") for entry in positions] == [*read(path)]


SCRIPT = """
import sys, datetime
sys.path.insert(0, sys.argv[1])
from any_publications import EXAMPLE
from ombudsman_kpi.publish.workbook import write_workbook
write_workbook(EXAMPLE, sys.argv[2], created=datetime.date(2024, 3, 31))
"""


@KINDS
def test_the_same_bytes_from_another_process_zone_and_hash_seed(tmp_path: Path, kind: str) -> None:
    written = []
    for zone, seed in (("Pacific/Kiritimati", "1"), ("America/New_York", "2")):
        path = tmp_path / f"{seed}.{kind}"
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(path)],
            check=True, env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert b"2024-03-31" in b"".join(archive_parts(tmp_path / f"1.{kind}"))


def archive_parts(path: Path) -> list[bytes]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


@KINDS
def test_long_and_like_names(tmp_path: Path, kind: str) -> None:
    columns = (TableColumn("Team"), TableColumn("team"), TableColumn("T" * 400), TableColumn("T" * 400, "whole"))
    names = ["Contents", "History", "it's", "x" * 40, "X" * 40, "👩" * 40, "'quoted'", "a/b", "a:b", ""]
    table = PublishedTable("", "Title", "", columns, (("v" * 40_000, "b", "c", 10**17),))
    path = tmp_path / f"book.{kind}"
    write_workbook(publication(*(replace(table, name=name) for name in names)), path)
    found = tables_in(path)
    assert [*found][1:] == [
        "Contents 2", "History 2", "it's", "x" * 31, "X" * 29 + " 2", "👩" * 15, "quoted", "a-b", "a-b 2", "Table",
    ]  # fmt: skip
    if kind == "xlsx":
        links = [row[0].hyperlink for row in openpyxl.load_workbook(path)["Contents"].iter_rows(min_row=4)]
        assert [link.location for link in links][:3] == ["'Contents 2'!A1", "'History 2'!A1", "'it''s'!A1"]
    headings, cells, _ = found["quoted"]
    assert headings[:2] == ["Team", "team 2"]
    assert [len(heading) for heading in headings[2:]] == [255, 255]
    assert len(cells[0][0]) == 32_767
    assert cells[0][0].endswith("v … (cut: a cell can't hold more)")
    assert cells[0][3] == "100,000,000,000,000,000", "more digits than a spreadsheet keeps"


@KINDS
def test_nothing_to_publish(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"book.{kind}"
    write_workbook(
        publication(PublishedTable("s", "", "", (TableColumn(""), TableColumn("", "whole")), ()), title=""), path
    )
    assert read(path)["Cover"][0] == ["Cover"]
    assert tables_in(path)["s"][:2] == (["Column 1", "Column 2"], [["No data", ""]])
    assert "Notes" not in read(path)


def test_wrong_endings_and_paths(tmp_path: Path) -> None:
    for name in ("book.xls", "book", "book.csv", ".xlsx"):
        with pytest.raises(OptionError, match=r"a workbook ends in \.xlsx \(Excel\) or \.ods \(OpenDocument\)"):
            write_workbook(EXAMPLE, tmp_path / name)
    with pytest.raises(OptionError, match="no folder"):
        write_workbook(EXAMPLE, tmp_path / "none" / "book.ods")
    write_workbook(EXAMPLE, str(tmp_path / "BOOK.XLSX"))
    assert [path.name for path in tmp_path.iterdir()] == ["BOOK.XLSX"]


@KINDS
def test_a_full_disk_is_one_error_and_no_traceback_besides(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, besides = tmp_path / f"book.{kind}", list[Any]()
    path.write_bytes(b"earlier")
    monkeypatch.setattr(sys, "unraisablehook", besides.append)

    class Full(io.FileIO):
        def write(self, _: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "open", lambda number, _: Full(number, "wb"), raising=False)
    with pytest.raises(OptionError, match="No space left on device"):
        write_workbook(EXAMPLE, path)
    gc.collect()
    assert not besides
    assert path.read_bytes() == b"earlier"


def test_a_table_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 105)
    row = ("x", Figure(Fraction(1, 3)))
    table = PublishedTable("long", "Long", "", (TableColumn("a"), TableColumn("b", "share")), (row,) * 6)
    with pytest.raises(OptionError, match=r"The table long has 6 rows and 2 columns\. A sheet holds 5 rows"):
        write_workbook(publication(table), tmp_path / "book.ods")
    assert not [*tmp_path.iterdir()]


def test_the_extra_is_named_where_gptables_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gptables", None)
    with pytest.raises(MissingLibraryError, match=r"pip install 'ombudsman-kpi\[publish\]'"):
        write_workbook(EXAMPLE, tmp_path / "book.xlsx")
    write_workbook(EXAMPLE, tmp_path / "book.ods")
    assert [path.name for path in tmp_path.iterdir()] == ["book.ods"]


def test_loading_the_writer_loads_no_library_for_it() -> None:
    names = "import sys, ombudsman_kpi.publish.workbook; print({'gptables', 'xlsxwriter', 'pandas'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", names], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice isn't installed")
def test_libreoffice_reads_the_same(tmp_path: Path) -> None:
    """LibreOffice turns each kind into the other, and keeps text, numbers, days, the cells' places and tables."""
    for kind, other in (("xlsx", "ods"), ("ods", "xlsx")):
        path, out = tmp_path / f"book.{kind}", tmp_path / "out"
        write_workbook(EXAMPLE, path)
        command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", other]
        subprocess.run([*command, "--outdir", str(out), str(path)], check=True, capture_output=True)
        assert read(out / f"book.{other}") == read(path)
    assert places(tmp_path / "book.xlsx") == places(tmp_path / "book.ods")
