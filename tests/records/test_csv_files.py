"""CSV files as people have them: how a file is written is found out and said, or one error names what settles it."""

import csv
import gzip
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pv
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from command_line import Typed
from ombudsman_kpi.records.reading import PLAIN, parse_readings, with_file
from ombudsman_kpi.records.sources import csv_files, csv_scan
from ombudsman_kpi.records.sources.files import open_path
from ombudsman_kpi.records.sources.layout import FileOptions
from ombudsman_kpi.records.tables import Table, open_table

LGSCO = kpi.load_scheme("lgsco")
TARGET = "decided-or-allocated-20wd"
OPTIONS: dict[str, Any] = {"as_of": "2024-06-30", "targets": TARGET}

NAMES = ["case_id", "received_at", "allocated_at", "decided_at", "team"]
ROWS = [
    ["0007", "2024-03-28", "", "2024-04-29", "Café, “North”; 2|3"],  # met: on the 20th working day
    ["7", "2024-03-28", "", "2024-04-30", "South\nWest"],  # late by a day
    ["A3", "2024-06-20", "", "", "N/A"],  # pending
]
MET, MISSED, PENDING = 1, 1, 1


def text_of(rows: Sequence[Sequence[str]], delimiter: str = ",", **options: Any) -> str:
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter, lineterminator="\n", **options).writerows(rows)
    return held.getvalue()


def written(folder: Path, content: str | bytes, name: str = "cases.csv") -> Path:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def opened(path: Path, **said: Any) -> Table:
    return open_table("cases", path, with_file(PLAIN, said))


def cells(table: Table, names: Sequence[str] = NAMES) -> list[list[str | None]]:
    columns = [[cell for batch in table.batches(names) for cell in batch.text(name).to_pylist()] for name in names]
    return [list(row) for row in zip(*columns, strict=True)]


def counts_of(path: Any, **options: Any) -> tuple[int | None, int | None, int | None, str]:
    (row,) = kpi.measure(LGSCO, cases=path, **{**OPTIONS, **options}).rows
    return row.met, row.missed, row.pending, row.note


READ = [[None if cell in {"", "N/A"} else cell for cell in row] for row in ROWS]

ENCODINGS = {"utf-8": "", "utf-8-sig": "", "utf-16": ", UTF-16", "windows-1252": ", Windows-1252"}
DELIMITERS = {
    ",": "",
    ";": ", separated by semicolons",
    "\t": ", separated by tabs",
    "|": ", separated by vertical bars",
}


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("encoding", list(ENCODINGS))
@pytest.mark.parametrize("delimiter", list(DELIMITERS))
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ids=["quoted where needed", "all quoted"])
@pytest.mark.parametrize("line", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_how_a_file_is_written_is_found_out_and_said(
    ending: str, encoding: str, delimiter: str, quoting: Any, line: str, tmp_path: Path
) -> None:
    text = text_of([NAMES, *ROWS], delimiter, quoting=quoting).replace("\n", line)
    table = opened(written(tmp_path, text.encode(encoding), f"cases.{ending}"))
    expected = [[cell and cell.replace("\n", line) for cell in row] for row in READ]
    assert cells(table) == expected
    assert table.label == f"cases (cases.{ending}{ENCODINGS[encoding]}{DELIMITERS[delimiter]})"
    assert counts_of(tmp_path / f"cases.{ending}") == (MET, MISSED, PENDING, "")


TITLES = ["Complaints; received, 2023/24\n", '"Team: ""all""\nof them"\n', "\n", "Printed 01/05/2024,,,,\n", ",,,,\n"]
TOTALS = ["Total,,,3,\n", "Grand total,3\n", 'Totals,-,N/A,"1,204",£3\n']


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("before", range(len(TITLES) + 1))
@pytest.mark.parametrize("after", range(len(TOTALS) + 1))
@pytest.mark.parametrize("block", [200, 1 << 24])
def test_titles_totals_and_empty_rows_are_left_out_and_said(
    ending: str, before: int, after: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", block)
    body = text_of([NAMES, *ROWS[:2]]) + ",,,,\n\n" + text_of(ROWS[2:]) + '"",,,,""\n'
    path = written(tmp_path, "".join(TITLES[:before]) + body + "".join(TOTALS[:after]) + ",,,,\n\n", f"cases.{ending}")
    titles = [0, 1, 2, 2, 3, 3][before]
    parts = [f"{titles} title row{'s' * (titles > 1)}"] * bool(titles) + [
        f"{after} total row{'s' * (after > 1)}"
    ] * bool(after)
    note = f"cases.{ending}: {' and '.join(parts)} left out" if parts else ""
    table = opened(path)
    assert cells(table) == READ
    assert list(table.source.notes) == [note] * bool(note)
    assert counts_of(path) == (MET, MISSED, PENDING, note)


@pytest.mark.parametrize("place", [0, 1, 40, 79], ids=["first", "second", "in the middle", "last"])
def test_a_row_longer_than_a_block_is_read_like_any_other(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[f"A{number}", *ROWS[0][1:4], "North"] for number in range(80)]
    rows[place][4] = "a note\n" * 1_500 + "of many lines"
    monkeypatch.setattr(csv_files, "BLOCK", 1_000)
    path = written(tmp_path, text_of([NAMES, *rows]))
    assert cells(opened(path)) == [[cell or None for cell in row] for row in rows]
    assert counts_of(path) == (80, 0, 0, "")


@pytest.mark.parametrize("empty", [",,,,", '"","","","",""'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("chunk", [1 << 20, 1 << 12, 7])
def test_a_row_of_empty_cells_is_no_record_wherever_it_stands(
    empty: str, end: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = text_of([NAMES, *([f"A{number}", *ROWS[0][1:4], "North"] for number in range(4_000))]).splitlines()
    monkeypatch.setattr(csv_scan, "_CHUNK", chunk)
    path = written(tmp_path, end.join([*lines[:100], empty, *lines[100:], ""]))
    assert path.stat().st_size > 2 * csv_scan.HEAD  # so that the row isn't among the last ones
    assert [id_ for (id_,) in cells(opened(path), ["case_id"])] == [f"A{number}" for number in range(4_000)]


def test_a_first_line_names_the_separator(tmp_path: Path) -> None:
    path = written(tmp_path, "sep=;\n" + text_of([NAMES, *ROWS], ";"))
    table = opened(path)
    assert cells(table) == READ
    assert table.label == "cases (cases.csv, separated by semicolons)"
    assert list(table.source.notes) == []


@pytest.mark.parametrize("late", [1, 5_000], ids=["in the head", "late"])
def test_windows_1252_is_found_wherever_its_first_letter_stands(late: int, tmp_path: Path) -> None:
    rows = [["A" + str(place), *ROWS[0][1:4], "North"] for place in range(late)]
    path = written(tmp_path, text_of([NAMES, *rows, [*ROWS[1][:4], "Café"]]).encode("cp1252"))
    table = opened(path)
    assert cells(table)[-1] == [*READ[1][:4], "Café"]
    assert "Windows-1252" in table.label


def test_single_quotation_marks_are_recognised(tmp_path: Path) -> None:
    text = "'case_id','received_at','team'\n'A1','2024-03-28','O''Brien, ''N'''\n"
    table = opened(written(tmp_path, text))
    assert cells(table, ["case_id", "team"]) == [["A1", "O'Brien, 'N'"]]
    assert table.label == "cases (cases.csv, quoted by ')"


def test_an_error_names_the_line_where_rows_were_skipped(tmp_path: Path) -> None:
    text = 'Title\n"and\nmore"\n' + text_of([NAMES, ROWS[1], ["", "", "", "", ""], ["B", "28/03/2024", "", "", ""]])
    with pytest.raises(kpi.RecordsError, match=r"^cases \(cases.csv\) line 8: received_at has the form"):
        counts_of(written(tmp_path, text))
    with pytest.raises(kpi.RecordsError, match=r"^cases \(cases.csv\) row 1: received_at has the form"):
        counts_of(written(tmp_path, text_of([NAMES, ROWS[1], ["B", "28/03/2024", "", "", ""]])))


def test_files_of_a_pattern_are_each_read_as_they_are_written(tmp_path: Path) -> None:
    written(tmp_path, "Title\n" + text_of([NAMES, *ROWS[:2]], ";"), "1.csv")
    written(tmp_path, text_of([NAMES, *ROWS[2:]]) + "Total,1,,,\n", "2.csv")
    note = "1.csv: 1 title row left out; 2.csv: 1 total row left out"
    assert counts_of(str(tmp_path / "*.csv")) == (MET, MISSED, PENDING, note)
    assert counts_of([tmp_path / "1.csv", tmp_path / "2.csv"]) == (MET, MISSED, PENDING, note)
    assert counts_of(tmp_path / name for name in ("1.csv", "2.csv")) == (MET, MISSED, PENDING, note)
    written(tmp_path, "Title\n" + text_of([NAMES, [*ROWS[2][:3], "x/y", ""]], ";"), "2.csv")
    with pytest.raises(kpi.RecordsError, match=r"^cases \(2.csv, separated by semicolons\) line 3"):
        counts_of(str(tmp_path / "*.csv"))
    with pytest.raises(kpi.RecordsError, match=r"^cases \(cases batch 1\) line 3"):
        counts_of(tmp_path / name for name in ("1.csv", "2.csv"))


NOTE = "cases.csv: 1 title row left out"


@pytest.mark.parametrize("memory", [None, "1 GB"])
def test_the_note_is_there_however_it_is_counted(memory: str | None, tmp_path: Path) -> None:
    path = written(tmp_path, "Title\n" + text_of([NAMES, *ROWS]))
    assert counts_of(path, memory=memory)[3] == NOTE


@pytest.mark.parametrize("given", [lambda path: path, lambda path: iter([path])], ids=["a file", "files in turn"])
@pytest.mark.parametrize("function", [kpi.assess, kpi.worklist])
def test_the_note_is_beside_the_rows_of_a_frame(function: Any, given: Any, tmp_path: Path) -> None:
    path = written(tmp_path, "Title\n" + text_of([NAMES, *ROWS]))
    assert function(LGSCO, cases=given(path), **OPTIONS).attrs["notes"] == (NOTE,)
    assert function(LGSCO, cases=[dict(zip(NAMES, row, strict=True)) for row in ROWS], **OPTIONS).attrs["notes"] == ()


def test_the_note_is_among_those_of_a_history(tmp_path: Path) -> None:
    events = [["A", "received", "2024-03-28"], ["A", "filed", "2024-03-29"]]
    path = written(tmp_path, "Title\n" + text_of([["case_id", "event", "at"], *events]), "log.csv")
    told = kpi.history(LGSCO, events=path, as_of="2024-06-30")
    assert told.notes == ("log.csv: 1 title row left out", "1 event of an unknown kind: filed (1)")
    assert "; log.csv: 1 title row left out; 1 event" in repr(told)
    assert kpi.history(LGSCO, events=pd.read_csv(path, skiprows=1), as_of="2024-06-30").notes == told.notes[1:]


@pytest.mark.parametrize("command", ["assess", "worklist"])
def test_the_note_is_printed_below_a_table_and_beside_other_output(command: str, typed: Typed, tmp_path: Path) -> None:
    path = written(tmp_path, "Title\n" + text_of([NAMES, *ROWS]))
    words = (command, "lgsco", "--cases", str(path), "--as-of", "2024-06-30", "--target", TARGET)
    plain = typed(*words)
    assert plain.out.splitlines()[-1] == NOTE
    assert plain.err == ""
    csv_ = typed(*words, "--csv")
    assert NOTE not in csv_.out
    assert csv_.err == f"{NOTE}\n"


def test_names_of_columns_are_read_as_they_look(tmp_path: Path) -> None:
    table = opened(written(tmp_path, 'case_id," Date\nreceived ",\nA,2024-03-28,\n'))
    assert table.source.names == ("case_id", "Date received", "")


# What isn't certain

TWO_TITLES = "Printed,01/05/2024\nby,Jane\n"


@pytest.mark.parametrize(
    ("text", "option", "value"),
    [
        pytest.param("A title,of,six,cells,and,more\n" + text_of([NAMES, *ROWS]), "skip_rows", 1, id="a wider title"),
        pytest.param("Printed,01/05/2024,,,\n" + text_of([NAMES, *ROWS]), "skip_rows", 1, id="titles as wide"),
        pytest.param("Title\n" + text_of(ROWS) * 3, "skip_rows", 1, id="no names below a title"),
        pytest.param("Title\nStage 1,,Stage 2,,\n" + text_of([NAMES, *ROWS]), "skip_rows", 2, id="two rows of names"),
        pytest.param("a;b,c\n1;2,3\n", "delimiter", ";", id="two delimiters"),
    ],
)
def test_what_is_not_certain_is_one_error_that_names_the_option(
    text: str, option: str, value: Any, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(
        kpi.RecordsError, match=rf"isn't certain .*{option} = .* below \[files.cases\].* or --"
    ) as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    names = opened(path, **{option: value}).source.names
    assert names == (("a", "b,c") if option == "delimiter" else tuple(ROWS[0]) if "no names" in text else names)


def test_options_settle_what_is_not_certain(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        '[files.cases]\nskip_rows = 2\nencoding = "cp850"\ndelimiter = ";"\n[columns.cases]\nteam = "Té"\n', "utf-8"
    )
    text = TWO_TITLES.replace(",", ";") + text_of([[*NAMES[:4], "Té"], *[[*row[:4], "Ré"] for row in ROWS]], ";")
    path = written(tmp_path, text.encode("cp850"))
    options = {"columns": str(tmp_path / "map.toml")}
    assert counts_of(path, **options) == (MET, MISSED, PENDING, "cases.csv: 2 title rows left out")
    table = open_table("cases", path, parse_readings(tmp_path / "map.toml")["cases"])
    assert table.label == "cases (cases.csv, CP850, separated by semicolons)"
    assert {row[0] for row in cells(table, ["team"])} == {"Ré"}


@pytest.mark.parametrize(
    "said",
    [
        {"skip_rows": -1}, {"skip_rows": "3"}, {"skip_rows": True}, {"encoding": "latin-99"}, {"encoding": 5},
        {"encoding": "rot13"}, {"encoding": "base64"}, {"delimiter": ""}, {"delimiter": ";;"}, {"delimiter": "\n"},
        {"delimiter": "£"}, {"delimiter": 5},
    ],
    ids=str,
)  # fmt: skip
def test_an_option_that_no_file_has_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(kpi.OptionError, match=next(iter(said))):
        with_file(PLAIN, said)


def test_wrong_keys_of_files_are_refused(tmp_path: Path) -> None:
    for text in ("[files]\ncases = 3\n", "[files.cases]\nskip = 3\n", "[files.case]\nskip_rows = 3\n", "files = 5\n"):
        (tmp_path / "map.toml").write_text(text, "utf-8")
        with pytest.raises(kpi.OptionError, match="files"):
            parse_readings(tmp_path / "map.toml")


def test_a_total_that_may_be_a_record_is_kept(tmp_path: Path) -> None:
    text = text_of([NAMES, *ROWS, ["Total", "", "", "", "all teams"]])
    assert len(cells(opened(written(tmp_path, text)))) == 4
    text = text_of([NAMES, ["Total", "", "", "", ""], *ROWS])
    assert len(cells(opened(written(tmp_path, text)))) == 4


def test_a_total_in_the_middle_of_a_longer_cell_is_no_total(tmp_path: Path) -> None:
    path = written(tmp_path, text_of([NAMES, *ROWS[:1], [*ROWS[1][:4], "of all\nTotal"]]))
    assert cells(opened(path))[-1][4] == "of all\nTotal"


def test_columns_without_names_can_stand_at_the_end(tmp_path: Path) -> None:
    path = written(tmp_path, text_of([[*NAMES, "", ""], *[[*row, "", ""] for row in ROWS]]))
    assert cells(opened(path)) == READ


@pytest.mark.parametrize("text", ["case_id\nA1\nA2\n", "\ncase_id\nA1\n\nA2\n"])
def test_a_table_of_one_column_has_no_titles(text: str, tmp_path: Path) -> None:
    assert cells(opened(written(tmp_path, text)), ["case_id"]) == [["A1"], ["A2"]]


# The same cells in every form

CELLS = st.text(st.sampled_from("aé€’ \n,;\t|\"'-=0/"), max_size=5)
TABLES = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5)


@given(TABLES, st.sampled_from(list(DELIMITERS)), st.sampled_from(list(ENCODINGS)), st.booleans(), st.booleans())
def test_the_same_cells_give_the_same_tally_however_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, str]], delimiter: str, encoding: str,
    all_quoted: bool, packed: bool,
) -> None:  # fmt: skip
    rows = [
        {
            "case_id": f"N{place}", "received_at": f"2024-03-0{place + 1}", "allocated_at": "",
            "decided_at": "2024-04-02", "team": team, "office": office,
        }
        for place, (team, office) in enumerate(drawn)
    ]  # fmt: skip
    text = text_of(
        [list(rows[0]), *[list(row.values()) for row in rows]],
        delimiter, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL,
    )  # fmt: skip
    path = written(tmp_path_factory.mktemp("cells"), text.encode(encoding), "c.csv.gz" if packed else "c.csv")
    options: dict[str, Any] = {**OPTIONS, "by": ["team", "office"]}
    assert kpi.tally(LGSCO, cases=path, **options) == kpi.tally(LGSCO, cases=rows, **options)


# Broken files

JUNK = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from([b"\0", b"\xff", b"\xfe", b'"', b",", b"\n", b"\r", b"a", b"Total", b"sep=", b";", b"'"]))
    .map(b"".join),
)  # fmt: skip


@given(JUNK, st.sampled_from(["c.csv", "c.csv.gz", "junk.csv.gz"]), st.booleans())
def test_nothing_but_an_error_of_ours_comes_out_of_junk(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, name: str, below_names: bool
) -> None:
    path = tmp_path_factory.mktemp("junk") / name
    content = text_of([NAMES, *ROWS]).encode() * below_names + junk
    path.write_bytes(gzip.compress(content) if name == "c.csv.gz" else content)
    with suppress(kpi.KpiError):
        kpi.measure(LGSCO, cases=path, **OPTIONS)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 100_000, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", b"\n\n\n", b'"', b"\xff\xfe\x00", b"\xff\xfea"],
)
def test_files_that_are_no_csv_are_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(kpi.RecordsError):
        counts_of(written(tmp_path, content))


def test_what_arrow_reads_of_a_plain_file_is_what_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, text_of([NAMES, *ROWS]))
    strings = pv.ConvertOptions(column_types=dict.fromkeys(NAMES, pa.string()), strings_can_be_null=False)
    table = pv.read_csv(path, pv.ReadOptions(), pv.ParseOptions(newlines_in_values=True), strings)
    (read,) = opened(path).source.read(NAMES)
    assert {name: column.to_pylist() for name, column in read.items()} == table.to_pydict()


def test_a_name_that_only_arrow_reads_is_the_name(tmp_path: Path) -> None:
    """Two lines above the names are in the middle of a cell, so that Python's reader finds no names below them."""
    path = tmp_path / "cases.csv"
    path.write_text('"Title"\n"printed\ntoday"\n', "utf-8")
    assert open_path("cases", path, FileOptions(skip_rows=2)).names == ('today"',)
