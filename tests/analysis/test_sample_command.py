"""The command ``sample``: what it writes is what the library draws, and its record verifies it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from command_line import Typed
from ombudsman_kpi.statistics import draw_sample, sample_record

ROWS = pd.DataFrame({"case_id": [f"A{place:03d}" for place in range(60)], "team": ["North"] * 45 + ["South"] * 15})
WORDS = ("--id", "case_id", "--seed", "QA 2024 Q1")


@pytest.fixture
def file(tmp_path: Path) -> str:
    ROWS.to_csv(tmp_path / "cases.csv", index=False)
    return str(tmp_path / "cases.csv")


def test_the_rows_that_the_library_draws_are_printed_with_a_sentence(typed: Typed, file: str) -> None:
    answer = typed("sample", file, *WORDS, "--n", "8", "--strata", "team")
    drawn = draw_sample(ROWS, 8, id="case_id", seed="QA 2024 Q1", strata="team")
    assert answer.code == 0
    assert pd.read_csv(io.StringIO(answer.out)).equals(drawn.reset_index(drop=True))
    assert answer.err == f"{drawn.attrs['says']}\n"


def test_rows_and_record_go_to_files_and_the_record_verifies_the_draw(typed: Typed, file: str, tmp_path: Path) -> None:
    out, record = tmp_path / "sample.csv", tmp_path / "sample.json"
    assert typed("sample", file, *WORDS, "--margin", "0.2", "--out", str(out), "--record", str(record))[:2] == (0, "")
    drawn = draw_sample(ROWS, margin=0.2, id="case_id", seed="QA 2024 Q1")
    assert pd.read_csv(out).equals(drawn.reset_index(drop=True))
    assert json.loads(record.read_text("utf-8")) == sample_record(drawn)
    assert typed("sample", file, "--verify", str(record))[:2] == (0, "The same sample is drawn now.\n")
    ROWS[1:].to_csv(file, index=False)
    code, told, _ = typed("sample", file, "--verify", str(record))
    assert (code, told.splitlines()[0]) == (1, "There were 60 records to draw from, now there are 59.")


def test_earlier_draws_are_left_out(typed: Typed, file: str, tmp_path: Path) -> None:
    first, record = tmp_path / "first.csv", tmp_path / "second.json"
    typed("sample", file, *WORDS, "--n", "20", "--out", str(first))
    typed("sample", file, *WORDS, "--n", "20", "--exclude", str(first), "--record", str(record))
    rest = typed("sample", file, *WORDS, "--n", "20", "--exclude", str(first), "--exclude", str(record)).out
    seen = [*pd.read_csv(first)["case_id"], *json.loads(record.read_text())["ids"]]
    assert sorted([*seen, *pd.read_csv(io.StringIO(rest))["case_id"]]) == ROWS["case_id"].tolist()


def test_so_many_of_each_stratum(typed: Typed, file: str) -> None:
    drawn = pd.read_csv(
        io.StringIO(typed("sample", file, *WORDS, "--n", "North=2", "--n", "South=3", "--strata", "team").out)
    )
    assert drawn["team"].value_counts().to_dict() == {"North": 2, "South": 3}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--n", "5"), "Say by which column records are known, --id, and by which --seed they are drawn."),
        ((*WORDS,), "one of both"),
        ((*WORDS, "--n", "5", "--margin", "0.1"), "one of both"),
        ((*WORDS, "--n", "five"), "--n: a whole number, such as 50"),
        ((*WORDS, "--n", "5", "--n", "6"), "--n: a whole number, such as 50"),
        ((*WORDS, "--n", "North=x"), "--n: a whole number, such as 50"),
        ((*WORDS, "--n", "61"), "There are 60 records to draw from, fewer than 61."),
        ((*WORDS, "--n", "5", "--strata", "taem"), "records have no column 'taem'. Did you mean 'team'?"),
        ((*WORDS, "--n", "5", "--exclude", "none.json"), "none.json can't be read as the record of a sample"),
        ((*WORDS, "--n", "5", "--exclude", "none.csv"), "none.csv"),
        ((*WORDS, "--n", "5", "--out", "no/folder/x.csv"), "no/folder/x.csv can't be written: there is no folder"),
        (("--verify", "none.json"), "none.json can't be read as the record of a sample"),
    ],
    ids=str,
)
def test_a_mistake_ends_in_one_sentence(typed: Typed, file: str, words: tuple[str, ...], says: str) -> None:
    code, out, err = typed("sample", file, *words)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert says in err


COMPLETED = """
import os, sys
from ombudsman_kpi.cli import run
line = sys.argv.pop()
os.environ |= {"_OMBUDSMAN_KPI_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
sys.argv[:] = ["ombudsman-kpi"]
run()
"""


def test_columns_of_the_file_are_completed(file: str) -> None:
    for words, columns in [
        (f"{file} --id c", ["case_id"]),
        (f"{file} --id case_id --strata te", ["team"]),
        ("none.csv --id c", []),
        ("--id c", []),
    ]:
        done = subprocess.run(
            [sys.executable, "-c", COMPLETED, f"ombudsman-kpi sample {words}"],
            capture_output=True, text=True, check=True, encoding="utf-8",
        )  # fmt: skip
        assert done.stdout.split() == columns


def test_no_file_is_written_over(typed: Typed, file: str, tmp_path: Path) -> None:
    whole, same = Path(file).read_bytes(), str(tmp_path / "same")
    for words in (("--out", file), ("--record", file), ("--out", same, "--record", same)):
        code, _, err = typed("sample", file, *WORDS, "--n", "2", *words)
        assert code == 2
        assert "different files" in err
    assert Path(file).read_bytes() == whole


def test_a_stratum_has_one_number(typed: Typed, file: str) -> None:
    code, _, err = typed("sample", file, *WORDS, "--n", "North=2", "--n", "North=3", "--strata", "team")
    assert code == 2
    assert "or one for each stratum, once" in err
