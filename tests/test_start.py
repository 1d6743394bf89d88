"""What is loaded when: a process imports what it uses. No test here takes the time; imports are counted."""

import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "examples" / "data"
KINDS = ("calls", "written_contacts", "cases", "events", "requests")
FILES = [word for kind in KINDS for word in (f"--{kind.replace('_', '-')}", str(DATA / f"{kind}.csv"))]
HEAVY = {"pandas", "polars", "duckdb", "pyspark", "pyarrow.parquet", "pyarrow.dataset"}

MESSY = """case_id,received_at,decided_at,allocated_at,team,joint_working
7.0,2024-01-02,2024-01-10,N/A,North,yes
 7 ,2024-01-02T09:00:00,2024-01-10,,North,no
B1,31/12/2023,2024-02-30,-,,
B2,2024-01-03T10:00:00Z,tbc,2024-01-20,Süd,no
B3,2024-01-05 10:00:00.1234567,,,South,maybe
,2024-01-05,,,South,
"""


def loaded(program: str, *arguments: str) -> set[str]:
    """Return the names of the modules that a process has loaded when its program ends."""
    program = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def loaded_by_command(*words: str) -> set[str]:
    """Return the names of the modules that the command line has loaded when it ends."""
    return loaded("from ombudsman_kpi.__main__ import main; main()", *words)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--every", "month", "--by", "team", "--json"),
        ("--cohort", "all", "--every", "week", "--csv"),
        ("--report", "commission"),
    ],
    ids=" ".join,
)
def test_measuring_csv_files_loads_no_other_library_of_tables(options: tuple[str, ...]) -> None:
    assert not loaded_by_command("measure", "lgsco", *FILES, "--as-of", "2024-03-31", *options) & HEAVY


def test_cells_of_all_kinds_load_none_either(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(MESSY, "utf-8")
    (tmp_path / "own.toml").write_text('[dates.cases]\nreceived_at = "%Y-%m-%d"\n', "utf-8")
    words = ("measure", "lgsco", "--cases", str(tmp_path / "cases.csv"), "--as-of", "2024-03-31", "--by", "team")
    assert not loaded_by_command(*words, "--unreadable", "invalid") & HEAVY
    assert not loaded_by_command(*words, "--unreadable", "invalid", "--columns", str(tmp_path / "own.toml")) & HEAVY


def test_cases_made_of_an_event_log_load_none_either() -> None:
    words = ("measure", "lgsco", "--events", str(DATA / "events.csv"), "--as-of", "2024-03-31")
    assert not loaded_by_command(*words, "--every", "quarter") & HEAVY
