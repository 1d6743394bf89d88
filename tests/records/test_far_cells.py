"""A cell far from the table: one error that names it, at once; the library that reads sheets would end the process."""

import sys
import zipfile
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from python_calamine import load_workbook

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources import far_cells
from ombudsman_kpi.records.sources.far_cells import Reach, reach_of

sys.path.append(str(Path(__file__).parent))
from workbooks import write_ods, write_xlsx, write_xlsx_in_xml

LGSCO = kpi.load_scheme("lgsco")
OPTIONS: dict[str, Any] = {"as_of": "2024-06-30", "targets": "decided-or-allocated-20wd"}
TABLE: list[list[Any]] = [
    ["case_id", "received_at", "allocated_at", "decided_at"], ["A", date(2024, 3, 28), None, date(2024, 4, 29)]
]  # fmt: skip
LAST = "XFD1048576"  # the last cell of a sheet of Excel


def met(path: Path, **options: Any) -> int | None:
    return kpi.measure(LGSCO, cases=path, **OPTIONS, **options).rows[0].met


def far(last: str, file: str = "cases.xlsx", sheet: str = "Cases") -> str:
    return rf"^cases \({file}, sheet '{sheet}'\): .* up to the last, {last}, are empty. Delete all rows below the table"


def with_cells(folder: Path, cells: dict[str, Any], **others: Any) -> Path:
    """Write the table, some cells that are coloured as well, and other sheets."""
    path = write_xlsx(folder / "cases.xlsx", {"Cases": TABLE, **others})
    book = openpyxl.load_workbook(path)
    for cell, value in cells.items():
        book["Cases"][cell] = value
        book["Cases"][cell].fill = PatternFill("solid", fgColor="FFFF00")
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("cells", "last"),
    [
        ({LAST: "x"}, LAST), ({"ZZ500000": 0}, "ZZ500000"), ({"A1048576": False, "E2": 0}, "E1048576"),
        ({"XFD1": "x", "B90000": "x"}, "XFD90000"), ({LAST: None, "XFD300": "x"}, "XFD300"),
    ],
)  # fmt: skip
def test_the_last_row_and_column_with_anything_in_them_are_named(
    cells: dict[str, Any], last: str, tmp_path: Path
) -> None:
    with pytest.raises(kpi.RecordsError, match=far(last)):
        met(with_cells(tmp_path, cells))


@pytest.mark.parametrize("cell", [LAST, "ZZ500000", "XFD1"])
def test_cells_that_are_only_coloured_are_none(cell: str, tmp_path: Path) -> None:
    assert met(with_cells(tmp_path, {cell: None, "F9": None})) == 1


def test_a_wide_table_of_which_one_cell_in_thirty_is_filled_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far_cells, "ROOM", 1 << 10)
    names = [*TABLE[0], *(f"question_{number}" for number in range(146))]
    rows = [[f"A{number}", *TABLE[1][1:], *[None] * (number % 146), 1] for number in range(300)]
    assert met(write_xlsx(tmp_path / "cases.xlsx", {"Cases": [names, *rows]})) == 300


def test_another_sheet_does_not_matter_where_the_sheet_is_known(tmp_path: Path) -> None:
    path = with_cells(tmp_path, {LAST: "x"}, Other=TABLE)
    mapping = tmp_path / "map.toml"
    mapping.write_text("[sheets]\ncases = 'Other'\n", "utf-8")
    assert met(path, columns=mapping) == 1
    with pytest.raises(kpi.RecordsError, match=far(LAST)):  # the one called like the records
        met(path)
    book = openpyxl.load_workbook(path)
    book["Cases"].title = "April"
    book.save(path)
    with pytest.raises(kpi.RecordsError, match="it isn't certain which sheet they are on: 'April', 'Other'"):
        met(path)


ROW = '<row r="1"><c r="A1"><v>1</v></c></row>'
WRITTEN = {
    "plain": '<row r="1048576"><c r="XFD1048576" s="1"><v>1</v></c></row>',
    "with a prefix": '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>',
    "text": '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t></t></is></c></row>',
    "another order": '<row r="1048576"><c s="1" r="XFD1048576"><v>1</v></c></row>',
    "single quotation marks": "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
    "space": '<row r="1048576"\n><c r = "XFD1048576" ><v>1</v></c></row>',
    "small letters": '<row r="1048576"><c r="xfd1048576"><v>1</v></c></row>',
    "a row of another number": '<row r="2"><c r="XFD1048576"><v>1</v></c></row>',
    "no row": '<c r="XFD1048576"><v>1</v></c>',
    "cells without a place": f'<row r="2">{"<c/>" * 16383}<c><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>',
    "cells behind one with a place": '<row r="1048576"><c r="XFC1048576"><v>1</v></c><c t="b"><v>1</v></c></row>',
}


@pytest.mark.parametrize("form", list(WRITTEN))
def test_a_cell_is_far_however_it_is_written(form: str, tmp_path: Path) -> None:
    with pytest.raises(kpi.RecordsError, match=far(LAST, sheet="S")):
        met(write_xlsx_in_xml(tmp_path / "cases.xlsx", ROW + WRITTEN[form]))


@pytest.mark.parametrize("cell", ["A99999999999", "A4294967295", "ZZZZZZZ5", "ZZZZ999999"])
def test_cells_that_no_sheet_has_are_refused(cell: str, tmp_path: Path) -> None:
    with pytest.raises(kpi.RecordsError, match="nearly all cells up to the last"):
        met(write_xlsx_in_xml(tmp_path / "cases.xlsx", f'{ROW}<row r="2"><c r="{cell}"><v>1</v></c></row>'))


@pytest.mark.parametrize("sheet", ["xl/worksheets/SHEET1.xml", "xl/worksheets/more/sheet1.xml"])
def test_a_sheet_is_found_wherever_it_is_in_the_file(sheet: str, tmp_path: Path) -> None:
    with pytest.raises(kpi.RecordsError, match=far(LAST, sheet="S")):
        met(write_xlsx_in_xml(tmp_path / "cases.xlsx", ROW + WRITTEN["plain"], sheet=sheet))


def test_a_sheet_that_is_not_found_may_be_any_part_of_the_file(tmp_path: Path) -> None:
    path = write_xlsx_in_xml(tmp_path / "cases.xlsx", ROW + WRITTEN["plain"])
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(tmp_path / "x.xlsx", "w") as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name).replace(b'"r2"', b'"r3"' if "rels" in name else b'"r2"'))
        assert reach_of(archive, 0) == reach_of(other, 0) == reach_of(other, 7)


# The same as the library

CONTENTS = ["<v>1</v></c>", "<f>A1</f><v>2</v></c>", "</c>"]  # the last has no value, and has the tag <c …/> as well


def in_xml(cells: dict[tuple[int, int], str | None], mark: str) -> str:
    """Write cells of a sheet, with quotation marks of one kind."""
    rows: dict[int, str] = defaultdict(str)
    for (row, column), content in sorted(cells.items()):
        cell = f"<c r={mark}{get_column_letter(column)}{row}{mark} s={mark}0{mark}"
        rows[row] += f"{cell}/>" if content is None else f"{cell}>{content}"
    return "".join(f"<row r={mark}{row}{mark}>{text}</row>" for row, text in rows.items())


@given(
    st.dictionaries(
        st.tuples(st.integers(1, 40), st.integers(1, 800)), st.sampled_from([*CONTENTS, None]), max_size=12
    ),
    st.sampled_from("\"'"),
)
def test_a_sheet_reaches_as_far_as_the_library_finds_a_value(
    tmp_path_factory: pytest.TempPathFactory, cells: dict[tuple[int, int], str | None], mark: str
) -> None:
    path = write_xlsx_in_xml(tmp_path_factory.mktemp("cells") / "cases.xlsx", in_xml(cells, mark))
    with zipfile.ZipFile(path) as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reach, "is_far", True)  # so that no cell without a value is counted
        rows, columns, _ = reach_of(archive, 0)
    row, column = load_workbook(str(path)).get_sheet_by_index(0).end or (-1, -1)
    assert (rows, columns) == (row + 1, column + 1)


@pytest.mark.parametrize("size", [40, 64, 100, 1 << 17])
def test_the_size_of_the_pieces_makes_no_difference(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_cells, "_PIECE", size)
    path = with_cells(tmp_path, {"AB1201": "x", "C1300": "y", "ZZ5": None})
    with zipfile.ZipFile(path) as archive:
        assert reach_of(archive, 0)[:2] == (1300, 702)
        monkeypatch.setattr(Reach, "is_far", True)
        assert reach_of(archive, 0)[:2] == (1300, 28)


# OpenDocument

VALUE = '<table:table-cell office:value-type="float" office:value="1"/>'


def ods(folder: Path, rows: int, columns: int, end: str = VALUE) -> Path:
    """Write the table, and another cell behind so many rows and columns, which are said to be repeated."""
    path = write_ods(folder / "cases.ods", {"Cases": TABLE})
    gap = f'<table:table-row table:number-rows-repeated="{rows}"><table:table-cell/></table:table-row>'
    last = f'<table:table-cell table:number-columns-repeated="{columns}"/>{end}'
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            table = "</table:table>"
            archive.writestr(name, text.replace(table, f"{gap}<table:table-row>{last}</table:table-row>{table}"))
    return path


def test_a_far_cell_of_an_ods_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(kpi.RecordsError, match=far("WQJ1048003", "cases.ods")):
        met(ods(tmp_path, 1_048_000, 15_999))
    monkeypatch.setattr(far_cells, "ROOM", 1 << 16)
    with pytest.raises(kpi.RecordsError, match=far("EV1003", "cases.ods")):
        met(ods(tmp_path, 1_000, 151))


def test_repeated_cells_of_an_ods_file_without_a_value_are_none(tmp_path: Path) -> None:
    assert met(ods(tmp_path, 1_048_000, 16_000, end="<table:table-cell/>")) == 1


# Files that are no workbooks


def test_a_small_file_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_cells, "_LARGE", 1 << 20)
    path = write_xlsx_in_xml(tmp_path / "cases.xlsx", f"{ROW}<!--{' ' * (1 << 22)}-->")
    with pytest.raises(kpi.RecordsError, match="no workbook, or a broken one"):
        met(path)


def test_a_row_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_cells, "_LONGEST", 1 << 16)
    path = write_xlsx_in_xml(tmp_path / "cases.xlsx", f'{ROW}<row r="2">{"<c/>" * (1 << 17)}</row>')
    with pytest.raises(kpi.RecordsError, match="no workbook, or a broken one"):
        met(path)


def test_a_workbook_whose_cells_are_not_written_in_xml_is_refused(tmp_path: Path) -> None:
    path = write_xlsx_in_xml(tmp_path / "cases.xlsx", ROW)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/workbook.bin", b"\x83\x01\x00")
    with pytest.raises(kpi.RecordsError, match="no workbook, or a broken one"):
        met(path)
