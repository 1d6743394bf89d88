"""The commands ``check`` and ``assess``: what they print, and with what they exit."""

import csv
import io
import json
from pathlib import Path

import pytest

from command_line import Typed

DATA = Path(__file__).parents[2] / "examples" / "data"
CASES = ("lgsco", "--cases", str(DATA / "cases.csv"), "--as-of", "2024-03-31")
WRONG = "case_id,received_at,allocated_at,decided_at\nA1,2024-03-28,,2024-03-01\nA2,2024-03-28,,2024-04-02\n"


@pytest.fixture
def wrong(tmp_path: Path) -> tuple[str, ...]:
    """One of two cases contradicts itself."""
    (tmp_path / "wrong.csv").write_text(WRONG, "utf-8")
    target = ("--target", "decided-or-allocated-20wd")
    return "lgsco", "--cases", str(tmp_path / "wrong.csv"), "--as-of", "2024-05-31", *target


def test_clean_records_exit_with_0(typed: Typed) -> None:
    code, out, err = typed("check", *CASES)
    assert (code, err) == (0, "")
    assert out == "Check of 4,800 cases by lgsco, as at 2024-03-31: 0 errors, 0 warnings, 0 notes\n"


def test_an_error_exits_with_1_unless_only_other_gates_are_asked_for(typed: Typed, wrong: tuple[str, ...]) -> None:
    assert typed("check", *wrong).code == 1
    assert typed("check", *wrong, "--fail-on", "missed").code == 0


def test_a_lost_target_exits_with_1_where_it_is_asked_for(typed: Typed) -> None:
    quarters = ("check", *CASES, "--every", "quarter")
    assert typed(*quarters).code == 0
    assert typed(*quarters, "--fail-on", "missed").code == 1
    assert typed(*quarters, "--require-met", "all").code == 1
    assert typed(*quarters, "--require-met", "investigation-13w").code == 1
    assert typed(*quarters, "--require-met", "decided-or-allocated-20wd").code == 0


def test_tolerances_come_from_the_mapping_file(typed: Typed, wrong: tuple[str, ...], tmp_path: Path) -> None:
    gate = ("check", *wrong, "--fail-on", "invalid")
    assert typed(*gate).code == 1
    (tmp_path / "map.toml").write_text("[tolerances]\ndecided-or-allocated-20wd = { invalid = 1 }\n", "utf-8")
    assert typed(*gate, "--columns", str(tmp_path / "map.toml")).code == 0
    (tmp_path / "map.toml").write_text("[tolerances]\ndecided-or-allocated = { invalid = 1 }\n", "utf-8")
    code, _, err = typed(*gate, "--columns", str(tmp_path / "map.toml"))
    assert code == 2
    assert "decided-or-allocated-20wd" in err
    (tmp_path / "map.toml").write_text("[tolerances]\ndecided-or-allocated-20wd = 3\n", "utf-8")
    assert typed(*gate, "--columns", str(tmp_path / "map.toml")).code == 2


def test_too_few_records_exit_with_1(typed: Typed) -> None:
    assert typed("check", *CASES, "--min-records", "4800").code == 0
    assert typed("check", *CASES, "--min-records", "4801").code == 1


@pytest.mark.parametrize(
    "words",
    [("--cases", "nowhere.csv"), (), ("--cases", "x.csv", "--fail-on", "all"), ("--cases", "x.csv", "--format", "pdf")],
)
def test_wrong_use_exits_with_2(
    typed: Typed, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text(WRONG, "utf-8")
    code, out, err = typed("check", "lgsco", *words, "--as-of", "2024-05-31")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_each_format_is_printed_whole(typed: Typed, wrong: tuple[str, ...]) -> None:
    assert json.loads(typed("check", *wrong, "--format", "json").out)["exit_code"] == 1
    assert json.loads(typed("check", *wrong, "--format", "sarif").out)["version"] == "2.1.0"
    assert typed("check", *wrong, "--format", "junit").out.startswith("<?xml")
    assert typed("check", *wrong, "--format", "github").out.startswith("::error file=")
    assert typed("check", *CASES, "--format", "github").out == ""


def test_cells_are_shown_only_where_that_is_asked_for(typed: Typed, wrong: tuple[str, ...]) -> None:
    assert "2024-03-01" not in typed("check", *wrong).out
    assert "2024-03-01" in typed("check", *wrong, "--show-values").out


def test_which_cases_missed_is_one_command(typed: Typed) -> None:
    missed = ("assess", *CASES, "--status", "missed", "--target", "investigation-13w", "--keep", "team")
    code, out, _ = typed(*missed, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, len(rows), rows[0]["team"]) == (0, 291, "Team C")
    assert {row["status"] for row in rows} == {"late", "overdue"}
    shown = typed(*missed, "--rows", "4").out
    assert "291 outcomes" in shown
    assert "287 more are not shown" in shown
    assert typed("assess", *CASES, "--status", "invalid").code == 0


def test_times_that_cannot_be_read_are_counted_where_that_is_asked_for(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WRONG.replace("A2,2024-03-28", "A2,soon"), "utf-8")
    words = (
        "lgsco",
        "--cases",
        str(tmp_path / "a.csv"),
        "--as-of",
        "2024-05-31",
        "--target",
        "decided-or-allocated-20wd",
    )
    assert typed("measure", *words).code == 2
    counted = typed("measure", *words, "--unreadable", "invalid", "--json")
    assert (counted.code, json.loads(counted.out)["rows"][0]["invalid"]) == (0, 2)
    assert "can't be read" in typed("assess", *words, "--unreadable", "invalid").out


def test_a_column_to_keep_that_is_not_there_names_the_nearest(typed: Typed) -> None:
    code, _, err = typed("assess", *CASES, "--keep", "teem")
    assert code == 2
    assert "Did you mean 'team'?" in err
