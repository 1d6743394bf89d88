"""Spreadsheets: the same figures as from rows, whatever program wrote them; or one error that names what is to do."""

import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from ombudsman_kpi.records.reading import PLAIN, parse_readings, with_file
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.tables import Table, open_table

sys.path.append(str(Path(__file__).parent))
from workbooks import write_ods, write_xls, write_xlsx

LGSCO = kpi.load_scheme("lgsco")
TARGET = "decided-or-allocated-20wd"
OPTIONS: dict[str, Any] = {"as_of": "2024-06-30", "targets": TARGET}

WRITERS: dict[str, Callable[..., Path]] = {
    "xlsx": write_xlsx, "xlsm": write_xlsx, "xls": write_xls, "ods": write_ods,
    "xlsx from 1904": lambda path, sheets: write_xlsx(path, sheets, from_1904=True),
}  # fmt: skip

NAMES = ["case_id", "received_at", "allocated_at", "decided_at", "team"]
ROWS: list[list[Any]] = [
    [7, date(2024, 3, 28), None, datetime.fromisoformat("2024-04-29T00:00"), "North"],  # met: on the 20th working day
    ["0007", "2024-03-28", None, date(2024, 4, 30), "South"],  # late by a day
    [
        "A3",
        datetime.fromisoformat("2024-03-28T09:30"),
        None,
        datetime.fromisoformat("2024-04-29T23:59"),
        5.0,
    ],  # met: times of day don't matter
    ["A4", date(2024, 6, 20), "N/A", None, True],  # pending
]
READ = [["7", "North"], ["0007", "South"], ["A3", "5"], ["A4", "true"]]
MET, MISSED, PENDING = 2, 1, 1


def book(folder: Path, form: str, sheets: dict[str, Any]) -> Path:
    return WRITERS[form](folder / f"cases.{form.split(maxsplit=1)[0]}", sheets)


def opened(path: Path, **said: Any) -> Table:
    reading = with_file(PLAIN, {key: value for key, value in said.items() if key != "sheet"})
    if "sheet" in said:
        reading = parse_readings({"cases": reading})["cases"]
        reading = type(reading)(file=reading.file._replace(sheet=said["sheet"]))
    return open_table("cases", path, reading)


def cells(table: Table, *names: str) -> list[list[str | None]]:
    columns = [[cell for batch in table.batches(names) for cell in batch.text(name).to_pylist()] for name in names]
    return [list(row) for row in zip(*columns, strict=True)]


def counts_of(path: Any, **options: Any) -> tuple[int | None, int | None, int | None, str]:
    (row,) = kpi.measure(LGSCO, cases=path, **{**OPTIONS, **options}).rows
    return row.met, row.missed, row.pending, row.note


@pytest.mark.parametrize("form", list(WRITERS))
@pytest.mark.parametrize("batch", [1, 2, 1 << 16])
def test_dates_numbers_and_empty_cells_are_read_from_any_program(
    form: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    path = book(tmp_path, form, {"Sheet1": [NAMES, *ROWS]})
    assert cells(opened(path), "case_id", "team") == READ
    assert counts_of(path) == (MET, MISSED, PENDING, "")
    assert counts_of(str(path), memory="1 GB") == (MET, MISSED, PENDING, "")
    statuses = kpi.assess(LGSCO, cases=path, **OPTIONS).set_index("id")["status"].to_dict()
    assert statuses == {"7": "met", "0007": "late", "A3": "met", "A4": "pending"}


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_titles_totals_and_empty_rows_are_left_out_and_said(form: str, tmp_path: Path) -> None:
    above: list[list[Any]] = [["Complaints 2023/24"], [None], ["Printed on 01/05/2024"]]
    below: list[list[Any]] = [[None], ["Total", None, None, 4, 12.5], [None]]
    path = book(tmp_path, form, {"Sheet1": [*above, NAMES, *ROWS[:2], [" "], *ROWS[2:], *below]})
    note = f"cases.{form}: 2 title rows and 1 total row left out"
    assert counts_of(path) == (MET, MISSED, PENDING, note)
    assert cells(opened(path), "case_id", "team") == READ


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_an_error_names_the_row_and_column_as_the_program_shows_them(form: str, tmp_path: Path) -> None:
    path = book(tmp_path, form, {"Sheet1": [["Title"], ["", *NAMES], ["", *ROWS[0]], [""], ["", "B", "28/03/2024"]]})
    with pytest.raises(kpi.RecordsError, match=rf"^cases \(cases.{form}\) row 5, column C: received_at has"):
        counts_of(path)
    path = book(tmp_path, form, {"S": [["Ref", "Date in", "decided_at", "allocated_at"], ["A", 45_379.5, None, None]]})
    columns = {"cases": {"case_id": "Ref", "received_at": "Date in"}}
    with pytest.raises(kpi.RecordsError, match=rf"^cases \(cases.{form}\) row 2, column B .*: Date in holds float"):
        kpi.assess(LGSCO, cases=path, **OPTIONS, columns=columns)


def test_errors_and_formulas_without_a_value_are_missing(tmp_path: Path) -> None:
    rows = [NAMES, ["A1", date(2024, 3, 28), "#N/A", "=1/0", "#REF!"]]
    assert cells(opened(book(tmp_path, "xlsx", {"S": rows})), "allocated_at", "team") == [[None, None]]


@pytest.mark.parametrize("cell", [time(9, 30), timedelta(hours=30)], ids=["time of day", "duration"])
def test_what_is_no_date_is_refused_with_its_place(cell: Any, tmp_path: Path) -> None:
    path = book(tmp_path, "xlsx", {"S": [NAMES, ["A1", cell]]})
    with pytest.raises(kpi.RecordsError, match=rf"row 2, column B: received_at holds {type(cell).__name__}"):
        counts_of(path)


# Sheets

TABLE: list[list[Any]] = [NAMES, *ROWS]
OTHER: list[list[Any]] = [["Notes"], ["Nothing here"]]


@pytest.mark.parametrize(
    ("sheets", "place"),
    [
        pytest.param({"Anything": TABLE}, "cases.xlsx", id="the only one"),
        pytest.param({"Notes": OTHER, " CASES": TABLE}, "cases.xlsx, sheet ' CASES'", id="by the name of the kind"),
        pytest.param({"Data": TABLE, "Sheet2": [], "Sheet3": []}, "cases.xlsx, sheet 'Data'", id="others are empty"),
        pytest.param({"Hidden": OTHER, "Data": TABLE}, "cases.xlsx, sheet 'Data'", id="others are hidden"),
    ],
)
def test_a_sheet_is_found_where_there_is_no_doubt(sheets: dict[str, Any], place: str, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "cases.xlsx", sheets, hidden=[name for name in sheets if name == "Hidden"])
    assert opened(path).label == f"cases ({place})"
    assert counts_of(path) == (MET, MISSED, PENDING, "")


def test_written_contacts_are_found_by_their_name(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["contact_id", "received_at", "handled_at"], ["C1", date(2024, 3, 28), None]]
    path = write_xlsx(tmp_path / "all.xlsx", {"Cases": TABLE, "Written contacts": rows, "Old": OTHER})
    assert len(opened(path).source.names) == 5
    assert open_table("written_contacts", path).source.names == ("contact_id", "received_at", "handled_at")


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_a_sheet_is_chosen_by_name_or_number(form: str, tmp_path: Path) -> None:
    path = book(tmp_path, form, {"Notes": OTHER, "Cases 2024": TABLE})
    for said in ('"Cases 2024"', "2"):
        (tmp_path / "map.toml").write_text(f"[sheets]\ncases = {said}\n", "utf-8")
        assert counts_of(path, columns=tmp_path / "map.toml") == (MET, MISSED, PENDING, "")
    with pytest.raises(
        kpi.RecordsError, match=r"isn't certain which sheet .*'Notes', 'Cases 2024'.*\[sheets\].*cases ="
    ):
        counts_of(path)
    for wrong in ("Cases 2023", 0, 3, -1):
        with pytest.raises(kpi.RecordsError, match=rf"no sheet {wrong!r}.*Cases 2024"):
            opened(path, sheet=wrong)


@pytest.mark.parametrize("text", ["cases = 1.5", "cases = true", "case = 1", "cases = [1]"])
def test_a_sheet_that_is_no_name_or_number_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(f"[sheets]\n{text}\n", "utf-8")
    with pytest.raises(kpi.OptionError, match="sheets"):
        parse_readings(tmp_path / "map.toml")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([["Printed", date(2024, 5, 1)], *TABLE], id="a title of two cells"),
        pytest.param([["Title"], *ROWS], id="no names"),
        pytest.param([["Title"], ["", "Start", "", "End", ""], *TABLE], id="two rows of names"),
    ],
)
def test_which_row_names_the_columns_is_asked_where_it_is_not_certain(rows: Any, tmp_path: Path) -> None:
    path = book(tmp_path, "xlsx", {"S": rows})
    with pytest.raises(
        kpi.RecordsError, match=r"cases \(cases.xlsx\): it isn't certain .*skip_rows = 3 below \[files.cases"
    ):
        opened(path)
    if TABLE[0] in rows:
        skip = rows.index(NAMES)
        assert cells(opened(path, skip_rows=skip), "case_id", "team") == READ


def test_nothing_on_a_sheet_is_said(tmp_path: Path) -> None:
    empty: list[list[list[Any]]] = [[], [[]], [[" "]]]
    for rows in empty:
        with pytest.raises(kpi.RecordsError, match="no names of columns"):
            opened(book(tmp_path, "xlsx", {"S": rows}))
    with pytest.raises(kpi.RecordsError, match="no names of columns in row 10"):
        opened(book(tmp_path, "xlsx", {"S": TABLE}), skip_rows=9)
    assert counts_of(book(tmp_path, "xlsx", {"S": [NAMES]}))[:3] == (0, 0, 0)


def test_names_of_columns_are_read_as_they_look(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[" Ref", "Date\nreceived ", 2024, None, "Ref"], ["A", date(2024, 3, 28), 1, None, 2]]
    with pytest.raises(kpi.RecordsError, match="two columns called 'Ref'"):
        opened(book(tmp_path, "xlsx", {"S": rows}))
    rows[0][4] = "Other"
    assert opened(book(tmp_path, "xlsx", {"S": rows})).source.names == ("Ref", "Date received", "2024", "Other")


def test_the_extra_is_named_where_the_library_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path, "xlsx", {"S": TABLE})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(kpi.MissingLibraryError, match=r"pip install 'ombudsman-kpi\[excel\]'"):
        counts_of(path)


# The same cells in every form

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9),
    st.floats(-1e6, 1e6).map(lambda number: round(number, 3) + 0.0),
    st.text(st.sampled_from("aé€’ \n<&\"'-=0/;"), max_size=5).filter(lambda text: not text.startswith("=")),
    st.dates(date(1905, 1, 1), date(2100, 1, 1)),
    st.datetimes(*map(datetime.fromisoformat, ("1905-01-01", "2100-01-01"))).map(lambda at: at.replace(microsecond=0)),
)  # fmt: skip
DAYS = st.dates(date(2024, 1, 1), date(2024, 7, 31))
TIMES = st.one_of(st.none(), DAYS, DAYS.map(date.isoformat), DAYS.map(lambda day: datetime.combine(day, time(9, 30))))


@settings(max_examples=60)
@given(st.sampled_from(list(WRITERS)), st.lists(st.tuples(DAYS, TIMES, CELLS), min_size=1, max_size=6))
def test_the_same_cells_give_the_same_tally_as_rows(
    tmp_path_factory: pytest.TempPathFactory, form: str, drawn: list[tuple[Any, Any, Any]]
) -> None:
    rows = [[place, begin, None, end, team] for place, (begin, end, team) in enumerate(drawn)]
    path = book(tmp_path_factory.mktemp("book"), form, {"S": [NAMES, *rows]})
    options: dict[str, Any] = {**OPTIONS, "by": "team"}
    expected = kpi.tally(LGSCO, cases=[dict(zip(NAMES, row, strict=True)) for row in rows], **options)
    assert kpi.tally(LGSCO, cases=path, **options) == expected


# Broken files


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"%PDF-1.7\n",
        b"\0" * 5_000,
        b"case_id,received_at\n",
        b"<html><table>",
        b"\xd0\xcf\x11\xe0" * 200,
    ],
)
def test_what_is_no_workbook_is_refused(content: bytes, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"cases.{ending}"
    path.write_bytes(content)
    with pytest.raises(kpi.RecordsError, match=rf"cases.{ending} can't be read: it is no workbook.*save it as .xlsx"):
        counts_of(path)


def test_a_broken_workbook_that_would_end_the_process_is_refused(tmp_path: Path) -> None:
    """The record of a number has its row and column in four bytes, which nothing guards."""
    content = write_xls(tmp_path / "cases.xls", {"S": [NAMES, [1.5, 12345.678]]}).read_bytes()
    number = struct.pack("<d", 12345.678)
    place = content.index(number) - 6  # before it the row, the column and the number of the format
    assert struct.unpack("<HH", content[place : place + 4]) == (1, 1)
    (tmp_path / "cases.xls").write_bytes(content[:place] + b"\xff\xff\xff\xff" + content[place + 4 :])
    with pytest.raises(kpi.RecordsError, match="can't be read: it is no workbook, or a broken one"):
        counts_of(tmp_path / "cases.xls")


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=9),
    st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_nothing_but_an_error_of_ours_comes_out_of_a_broken_workbook(
    form: str, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]], length: float
) -> None:
    path = book(tmp_path_factory.mktemp("broken"), form, {"S": TABLE})
    content = bytearray(path.read_bytes())
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path.write_bytes(content[: int(length * len(content))])
    with suppress(kpi.KpiError):
        kpi.measure(LGSCO, cases=path, **OPTIONS)


def test_a_file_of_another_program_under_this_name_is_read_by_what_is_in_it(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "cases.xlsx", {"S": TABLE}).rename(tmp_path / "cases.xls")
    assert counts_of(path) == (MET, MISSED, PENDING, "")
