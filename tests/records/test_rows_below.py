"""Rows below the last record: totals and notes are left out and said where that is certain; no record goes unseen.

What each row is was decided by reading it, and doesn't come from the code.
"""

import csv
import gzip
import io
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from command_line import Typed
from ombudsman_kpi.records.reading import PLAIN, parse_readings, with_file
from ombudsman_kpi.records.sources import csv_files
from ombudsman_kpi.records.tables import Table, open_table

sys.path.append(str(Path(__file__).parent))
from workbooks import write_ods, write_xls, write_xlsx

NAMES = ["case_id", "received_at", "decided_at", "team"]
RECORDS = [["A1", "2024-03-28", "2024-04-02", "North"], ["A2", "2024-03-28", "", "South East: 2"]]
Rows = Sequence[Sequence[str]]


def in_csv(path: Path, rows: Rows, *, is_padded: bool) -> Path:
    held = io.StringIO()
    width = max(map(len, rows))
    padding = [*[""] * width] if is_padded else []
    csv.writer(held).writerows([*row, *padding[len(row) :]] for row in rows)
    data = held.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


FORMS: dict[str, Callable[[Path, Rows], Path]] = {
    "CSV": lambda folder, rows: in_csv(folder / "cases.csv", rows, is_padded=True),
    "CSV of short rows": lambda folder, rows: in_csv(folder / "cases.csv.gz", rows, is_padded=False),
    "xlsx": lambda folder, rows: write_xlsx(folder / "cases.xlsx", {"S": rows}),
    "xls": lambda folder, rows: write_xls(folder / "cases.xls", {"S": rows}),
    "ods": lambda folder, rows: write_ods(folder / "cases.ods", {"S": rows}),
}
every_form = pytest.mark.parametrize("form", list(FORMS))


def opened(path: Path, **said: Any) -> Table:
    return open_table("cases", path, with_file(PLAIN, said))


def ids(table: Table) -> list[str | None]:
    return [name for batch in table.batches(["case_id"]) for name in batch.text("case_id").to_pylist()]


def left_out(table: Table) -> str:
    """Give what is said of the rows left out, behind the name of the file."""
    return "; ".join(note.split(": ")[1].removesuffix(" left out") for note in table.source.notes)


SOURCE, END, COPYRIGHT = ["Source: Casework system, run 3 April 2024"], ["End of report"], ["© The Council, 2024"]
TOTAL = ["Total", "", "", "2"]
NOTES = [["Notes:"], ["1. Figures are\nprovisional"], ["2. Excludes “enquiries”"]]
CERTAIN: list[tuple[Rows, str]] = [
    ([[], SOURCE], "1 note row"),
    ([END], "1 note row"),
    ([[], END, [], ["Acme"], COPYRIGHT, ["***"], ["3 April 2024"]], "5 note rows"),
    (NOTES, "3 note rows"),
    ([TOTAL, [], SOURCE], "1 total row and 1 note row"),
    ([SOURCE, TOTAL, ["Grand total: 2"]], "2 total rows and 1 note row"),
    ([["Total complaints 204"]], "1 note row"),
    ([[], []], ""),
]


@every_form
@pytest.mark.parametrize(("below", "said"), CERTAIN)
def test_what_is_certainly_no_record_is_left_out_and_said(form: str, below: Rows, said: str, tmp_path: Path) -> None:
    table = opened(FORMS[form](tmp_path, [NAMES, *RECORDS, *below]))
    assert ids(table) == ["A1", "A2"]
    assert left_out(table) == said


@every_form
def test_it_is_said_with_the_title_rows(form: str, tmp_path: Path) -> None:
    table = opened(FORMS[form](tmp_path, [["Complaints"], ["April"], NAMES, *RECORDS, TOTAL, SOURCE]))
    assert left_out(table) == "2 title rows, 1 total row and 1 note row"


@pytest.mark.parametrize("form", [form for form in FORMS if form != "CSV of short rows"])  # which Arrow doesn't read
@pytest.mark.parametrize("cell", ["A3", "B17", "a 3", "N/A"])
def test_a_row_that_may_be_a_record_is_none_of_the_notes(form: str, cell: str, tmp_path: Path) -> None:
    records = [*RECORDS, ["C 1", *RECORDS[0][1:]]] if " " in cell else [*RECORDS, ["N/a", *RECORDS[0][1:]]]
    table = opened(FORMS[form](tmp_path, [NAMES, *records, [], [cell]]))
    assert ids(table)[-1] == (None if cell == "N/A" else cell)
    assert len(ids(table)) == 4
    assert table.source.notes == ()


UNCERTAIN: list[tuple[Rows, int]] = [
    ([["END"]], 1),
    ([["03/04/2024"]], 1),
    ([END, ["A3"]], 2),
    ([TOTAL, ["A3"]], 2),
    ([["A3"], ["END"], SOURCE], 2),
    ([[], ["Run date:", "2024-04-03"]], 1),
    ([[], SOURCE, ["Run date:", "2024-04-03"], TOTAL], 3),
]


@every_form
@pytest.mark.parametrize(("below", "number"), UNCERTAIN)
def test_what_is_not_certain_is_an_error_that_names_the_option(
    form: str, below: Rows, number: int, tmp_path: Path
) -> None:
    if form == "CSV of short rows":  # Arrow reads no record that is short
        below = [[*row, *[""] * (4 - len(row))] if row[:1] in (["Run date:"], ["A3"]) else row for row in below]
    which = "row is a record, or a note" if number == 1 else f"{number} rows are records, or notes"
    path = FORMS[form](tmp_path, [NAMES, *RECORDS, *below])
    with pytest.raises(kpi.RecordsError) as raised:
        opened(path)
    assert f"({path.name}" in str(raised.value)
    assert f"isn't certain whether its last {which} below the others" in str(raised.value)
    assert f"skip_last = {number} below [files.cases]" in str(raised.value)
    assert not any(cell in str(raised.value) for row in below for cell in row if len(cell) > 3)
    table = opened(path, skip_last=number)
    assert len(ids(table)) == 2 + sum(any(map(str.strip, row)) for row in below) - number


def test_names_of_several_words_are_no_notes(tmp_path: Path) -> None:
    """A table of authorities: a row of one that has nothing is a record; a note is told from it by nobody."""
    names = ["Barking and Dagenham", "City of London", "Greater London Authority"]
    rows = [[name, "2024-03-28", "", "x"] for name in names]
    assert ids(opened(FORMS["CSV"](tmp_path, [NAMES, *rows, [], ["Hammersmith and Fulham"]])))[3:] == [
        "Hammersmith and Fulham"
    ]
    assert len(ids(opened(FORMS["CSV"](tmp_path, [NAMES, *rows, [], ["St. Albans (all)", "2024-03-28"]])))) == 4
    with pytest.raises(kpi.RecordsError, match="skip_last = 1"):
        opened(FORMS["CSV"](tmp_path, [NAMES, *rows, [], SOURCE]))


@pytest.mark.parametrize("form", ["CSV", "xlsx"])
@pytest.mark.parametrize("zone", ["", "Z", " Z"])
@pytest.mark.parametrize("answered", ["", "2024-03-28T10:00:20"])
def test_calls_of_which_only_the_time_is_known_are_records(form: str, zone: str, answered: str, tmp_path: Path) -> None:
    times = [f"2024-03-28T{hour}:00:00{zone}" for hour in (10, 11, 12)]
    rows = [["offered_at", "answered_at"], [times[0], answered], [times[1], ""], [times[2], ""]]
    table = open_table("calls", FORMS[form](tmp_path, rows))
    assert [cell for batch in table.batches(["offered_at"]) for cell in batch.text("offered_at").to_pylist()] == times
    if answered:
        assert left_out(open_table("calls", FORMS[form](tmp_path, [*rows, END]))) == "1 note row"


def test_without_a_record_nothing_is_certain(tmp_path: Path) -> None:
    assert ids(opened(FORMS["CSV"](tmp_path, [NAMES, ["A1"], ["A2"]]))) == ["A1", "A2"]
    path = FORMS["CSV"](tmp_path, [NAMES, ["No data found"]])
    with pytest.raises(kpi.RecordsError, match="its last row is a record, or a note"):
        opened(path)
    assert ids(opened(path, skip_last=1)) == []


@pytest.mark.parametrize("form", ["CSV", "CSV of short rows"])
@pytest.mark.parametrize("block", [200, 1 << 24])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
def test_notes_are_found_at_the_end_of_a_large_file(
    form: str, block: int, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", block)
    records = [[f"A{number}", *RECORDS[0][1:3], 'North\n"and" South'] for number in range(4_000 if block > 200 else 40)]
    path = FORMS[form](tmp_path, [NAMES, *records, [], *NOTES, TOTAL, END])
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    plain = tmp_path / "plain.csv"
    plain.write_bytes(data.decode().encode(encoding))
    table = opened(plain)
    assert ids(table) == [row[0] for row in records]
    assert left_out(table) == "1 total row and 4 note rows"


def test_a_note_with_a_comma_need_not_be_quoted(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    lines = [
        *map(",".join, [NAMES, *RECORDS]),
        "",
        "Source: Casework system, run 3 April 2024",
        "Made for the board, by A",
    ]
    path.write_text("\n".join(lines), "utf-8")
    table = opened(path)
    assert ids(table) == ["A1", "A2"]
    assert left_out(table) == "2 note rows"


def test_a_row_of_space_below_a_total_is_left_out_and_no_record_is(tmp_path: Path) -> None:
    for last in (" , , , ", '"",,,', " ,,,"):
        path = tmp_path / "cases.csv"
        path.write_text("\n".join(",".join(row) for row in [NAMES, *RECORDS, TOTAL]) + f"\n{last}\n", "utf-8")
        table = opened(path)
        assert ids(table) == ["A1", "A2"]
        assert left_out(table) == "1 total row"


def test_marks_in_the_middle_of_a_cell_hide_no_row(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    lines = [",".join(NAMES), 'A1,2024-03-28,,5" pipe', 'Note: sizes in inches",,,', 'A2,2024-03-28,,6" pipe']
    for end in range(2, 5):
        path.write_text("\n".join(lines[:end]) + "\n", "utf-8")
        try:
            table = opened(path)
            assert len(ids(table)) + sum(map(int, re.findall(r"\d+", left_out(table)))) == end - 1
        except kpi.RecordsError:
            pass


# The option


@every_form
@pytest.mark.parametrize(("number", "kept", "said"), [
    (0, ["A1", "A2", "Total", "END"], ""), (1, ["A1", "A2", "Total"], "1 note row"),
    (2, ["A1", "A2"], "1 total row and 1 note row"), (3, ["A1"], "1 total row and 2 note rows"),
    (1000, [], "1 total row and 3 note rows"),
])  # fmt: skip
def test_the_option_says_how_many_rows_are_no_records(
    form: str, number: int, kept: list[str], said: str, tmp_path: Path
) -> None:
    rows = [NAMES, *RECORDS, [], TOTAL, ["END", *[""] * 3]]
    table = opened(FORMS[form](tmp_path, rows), skip_last=number)
    assert ids(table) == kept
    assert left_out(table) == said


def test_the_option_is_read_from_a_mapping_file_and_on_the_command_line(typed: Typed, tmp_path: Path) -> None:
    records = [["A1", "2024-03-28", "", "2024-04-02"], ["A2", "2024-03-28", "", ""]]
    path = FORMS["CSV"](tmp_path, [["case_id", "received_at", "allocated_at", "decided_at"], *records, ["END"]])
    (tmp_path / "map.toml").write_text("[files.cases]\nskip_last = 1\n", "utf-8")
    assert parse_readings(tmp_path / "map.toml")["cases"].file.skip_last == 1
    words = ("measure", "lgsco", "--cases", str(path), "--as-of", "2024-06-30", "--target", "decided-or-allocated-20wd")
    assert "--skip-last 1 on the command line" in typed(*words).err
    for more in (("--skip-last", "1"), ("--columns", str(tmp_path / "map.toml"))):
        assert "cases.csv: 1 note row left out" in " ".join(typed(*words, *more).out.split())


@pytest.mark.parametrize("value", [-1, "2", True, 1.0, None])
def test_an_option_that_is_no_number_of_rows_is_refused(value: Any) -> None:
    with pytest.raises(kpi.OptionError, match="skip_last is a whole number: how many rows stand below the last record"):
        with_file(PLAIN, {"skip_last": value})


# No record goes unseen

CELLS = st.sampled_from(
    ["", "", "A3", "A44", "B 2", "END", "End of report", "Notes:", "Total", "12", "-", "2024-04-03", "3/4/24 at 10:15"]
)


def found(form: str, folder: Path, rows: Rows) -> tuple[list[str | None], str] | None:
    """Give the ids of the records, and what was left out; None where neither is certain."""
    try:
        table = opened(FORMS[form](folder, rows))
    except kpi.RecordsError as error:
        if "skip_last = " in str(error):
            return None
        raise
    return ids(table), left_out(table)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6), st.booleans())
def test_every_row_is_a_record_or_said_in_a_file_and_on_a_sheet(
    tmp_path_factory: pytest.TempPathFactory, below: list[list[str]], has_words: bool
) -> None:
    folder = tmp_path_factory.mktemp("below")
    rows = [NAMES, *([f"Case {name}" if has_words else name, *row] for name, *row in RECORDS), *below]
    result = found("CSV", folder, rows)
    assert found("xlsx", folder, rows) == result
    if result is None:
        return
    kept, said = result
    filled = [row for row in below if any(row)]
    assert len(kept) + sum(map(int, re.findall(r"\d+", said))) == len(RECORDS) + len(filled)
    assert kept[2:] == [row[0] if row[0] not in {"", "-"} else None for row in filled[: len(kept) - 2]]
    for row in filled[len(kept) - 2 :]:  # what was left out isn't written like a record
        assert row[0] not in {"A3", "A44"} or has_words
