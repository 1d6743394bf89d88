"""Text in CSV is no formula in a spreadsheet, and numbers stay numbers."""

import csv
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import Typed
from ombudsman_kpi.publish.published import no_formula, with_formula

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\ttext", " =1", "\u00a0=1", "\u3000=1", "\ufeff=1",
    "\u200b=1", "\u00ad=1", "\u200d@A", "\u061c=1", "\u202e+1", "\u2061-1", "\x01=1", "\x9b=1",
    "＝1", "＋1", "－1", "＠A", "=HYPERLINK(\"http://x.example\")", "-", "=",
]  # fmt: skip
HARMLESS = ["", "Team A", "1-1", "a=b", "'", "'quoted'", "−3", "24-001", "a@b.example", "(1)", "…=", "–"]


def test_what_begins_like_a_formula_and_what_does_not() -> None:
    assert [no_formula(text) for text in FORMULAS] == ["'" + text for text in FORMULAS]
    assert [no_formula(text) for text in HARMLESS] == HARMLESS


@given(text=st.sampled_from(FORMULAS + HARMLESS) | st.text(max_size=20))
def test_it_can_be_undone_and_done_twice(text: str) -> None:
    safe = no_formula(text)
    assert no_formula(safe) == safe
    if not text.startswith("'"):
        assert with_formula(safe) == text


TEAM = '=HYPERLINK("http://x.example","x")'
QUOTED = '"' + TEAM.replace('"', '""') + '"'
FILE = f"""case_id,received_at,decided_at,allocated_at,+team
=A1,2024-01-02,,2024-03-01,{QUOTED}
-7,2024-01-03,,,South
"""
CASES = ("--cases", "cases.csv", "--as-of", "2024-03-31")
COMMANDS = [
    ("measure", "lgsco", *CASES, "--by", "+team", "--csv"),
    ("compare", "lgsco", "lgo-2017-18", *CASES, "--by", "+team", "--target", "decided-or-allocated-20wd", "--csv"),
    ("worklist", "lgsco", *CASES, "--csv"),
    ("assess", "lgsco", *CASES, "--keep", "+team", "--csv"),
    ("sample", "cases.csv", "--id", "case_id", "--n", "2", "--seed", "s"),
    ("sample", "cases.csv", "--id", "case_id", "--n", "2", "--seed", "s", "--out", "drawn.csv"),
]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command[0]}{'-out' * ('--out' in command)}")
def test_no_command_prints_a_formula(
    command: tuple[str, ...], typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text(FILE, "utf-8")
    code, out, err = typed(*command)
    assert code == 0, err
    out = Path("drawn.csv").read_text("utf-8") if "--out" in command else out
    heading, *rows = csv.reader(io.StringIO(out))
    texts = {cell for row in (heading, *rows) for cell in row}
    assert not [text for text in texts if text[:1] in {*"=+-@"} and not (is_number(text) and text != "-7")]
    assert texts & {"'=A1", "'-7", f"'{TEAM}"}, "what would be a formula is there, and is text"
    assert "\r" not in out


def test_negative_numbers_stay_numbers(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text(FILE, "utf-8")
    _, out, _ = typed("measure", "lgsco", *CASES, "--csv")
    assert [row["headroom"] for row in csv.DictReader(io.StringIO(out)) if row["headroom"].startswith("-")]
    _, out, _ = typed("worklist", "lgsco", *CASES, "--csv")
    assert any(is_number(row["left"]) and float(row["left"]) < 0 for row in csv.DictReader(io.StringIO(out)))


def test_an_earlier_draw_in_csv_is_known_again(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text(FILE, "utf-8")
    draw = ("sample", "cases.csv", "--id", "case_id", "--n", "1")
    typed(*draw, "--seed", "s", "--out", "first.csv")
    _, second, _ = typed(*draw, "--seed", "s", "--exclude", "first.csv")
    first = Path("first.csv").read_text("utf-8")
    ids = {row["case_id"] for text in (first, second) for row in csv.DictReader(io.StringIO(text))}
    assert ids == {"'=A1", "'-7"}


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_csv_on_a_terminal_does_not_steer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from ombudsman_kpi.cli.output import write_csv

    rows: list[dict[str, Any]] = [{"team": "a\x1b[31mb\x9b", "missed": -1}]
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    write_csv(rows)
    assert screen.getvalue() == "team,missed\na�[31mb�,-1\n"


def test_csv_is_utf_8_with_one_sign_at_the_end_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from ombudsman_kpi.cli.output import write_csv

    written = io.BytesIO()
    out = io.TextIOWrapper(written, encoding="ascii", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", out)
    write_csv([{"team": "Zoë", "missed": 1}])
    out.flush()
    assert written.getvalue() == "team,missed\nZoë,1\n".encode()
