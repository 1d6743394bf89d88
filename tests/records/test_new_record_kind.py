"""A new kind of record is one class in ``records/vocabulary.py`` and one line in ``records/keywords.py``.

The test adds one to a copy of the library, and uses it in every way that records are used.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ombudsman_kpi

CLASS = '''
class Survey(Record):
    """A questionnaire sent to a complainant.

    It is only here to be tested.
    """

    plural: ClassVar[str] = "satisfaction_surveys"
    singular: ClassVar[str] = "satisfaction survey"
    id_field: ClassVar[str | None] = "survey_id"
    in_worklists: ClassVar[bool] = True
    ended_by: ClassVar[tuple[str, ...]] = ("returned_at",)

    survey_id: Id
    sent_at: Time
    returned_at: OptionalTime = NOTHING
    score: str | None = None

'''
LINE = "    satisfaction_surveys: Any\n"

SCHEME = """
id = "surveys"
title = "Surveys"
source = "Nowhere"
division = "england-and-wales"

[[target]]
id = "returned-10d"
says = "Half of the surveys are returned within 10 days"
of = "satisfaction_surveys"
start = "sent_at"
stop = "returned_at"
limit = "10 days"
standard = "at least 50%"
cohort = "received"

[[target]]
id = "sent"
says = "Number of surveys sent"
measure = "count"
of = "satisfaction_surveys"
dated = "sent_at"
cohort = "dated"
"""

USE = """
import inspect
import sys

import pandas as pd

import ombudsman_kpi as kpi
from ombudsman_kpi.records.vocabulary import Survey

scheme = kpi.load_scheme("surveys.toml")
rows = [  # returned on the tenth day, and on the eleventh; not yet, with ten days to go
    {"survey_id": 1, "sent_at": "2024-03-01", "returned_at": "2024-03-11"},
    {"survey_id": 2, "sent_at": "2024-03-01", "returned_at": "2024-03-12"},
    {"survey_id": 3, "sent_at": "2024-03-12", "returned_at": None},
]
models = [Survey(**row) for row in rows]
for given in (rows, models, pd.DataFrame(rows), "surveys.csv"):
    results = kpi.measure(scheme, satisfaction_surveys=given, as_of="2024-03-12")
    row = results["returned-10d"].rows[0]
    assert (row.met, row.missed, row.pending, row.value) == (1, 1, 1, 0.5), row
    assert results["sent"].rows[0].value == 3
    outcomes = kpi.assess(scheme, satisfaction_surveys=given, as_of="2024-03-12", targets="returned-10d")
    assert outcomes["status"].tolist() == ["met", "late", "pending"]
    assert outcomes["id"].tolist() == ["1", "2", "3"]
    work = kpi.worklist(scheme, satisfaction_surveys=given, as_of="2024-03-12")
    assert work["id"].tolist() == ["3"]
    assert kpi.settled(scheme, satisfaction_surveys=given, as_of="2024-03-12").open == {"satisfaction_surveys": ("3",)}
(due,) = kpi.deadlines(scheme, models[2], as_of="2024-03-12")
assert (due.id, due.record, str(due.due), due.left) == ("3", "satisfaction_surveys", "2024-03-22", 10)
for function in (kpi.measure, kpi.tally, kpi.assess, kpi.settled, kpi.compare_schemes, kpi.worklist):
    assert inspect.signature(function).parameters["satisfaction_surveys"].default is None
try:
    kpi.measure(scheme, satisfaction_survey=rows, as_of="2024-03-12")
except kpi.OptionError as error:
    assert "Did you mean 'satisfaction_surveys'?" in str(error)

from ombudsman_kpi.cli import run

for command in (
    ["measure", "surveys.toml", "--satisfaction-surveys", "surveys.csv", "--as-of", "2024-03-12"],
    ["json-schema", "satisfaction-survey"],
):
    sys.argv = ["ombudsman-kpi", *command]
    try:
        run()
    except SystemExit as end:
        assert not end.code, command
"""

CSV = "survey_id,sent_at,returned_at\n1,2024-03-01,2024-03-11\n2,2024-03-01,2024-03-12\n3,2024-03-12,\n"


def library_with(folder: Path, line: str) -> None:
    """Copy the library, with the class and a line of keywords."""
    package = folder / "ombudsman_kpi"
    shutil.copytree(Path(ombudsman_kpi.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    vocabulary, keywords = package / "records" / "vocabulary.py", package / "records" / "keywords.py"
    before, kinds, after = vocabulary.read_text("utf-8").partition("\nclass Activity(Record):")
    vocabulary.write_text(before + CLASS + kinds + after, "utf-8")
    text = keywords.read_text("utf-8")
    assert text.count("    orders: Any\n") == 1
    keywords.write_text(text.replace("    orders: Any\n", f"    orders: Any\n{line}"), "utf-8")


def run_in(folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_one_class_and_one_line_make_a_kind_of_record(tmp_path: Path) -> None:
    library_with(tmp_path, LINE)
    (tmp_path / "surveys.toml").write_text(SCHEME, "utf-8")
    (tmp_path / "surveys.csv").write_text(CSV, "utf-8")
    done = run_in(tmp_path, USE)
    assert done.stderr == ""
    assert "returned-10d" in done.stdout
    assert '"title": "Survey"' in done.stdout


@pytest.mark.parametrize(
    ("line", "differing"), [("", "satisfaction_surveys"), (LINE + "    polls: Any\n", "polls")], ids=["none", "another"]
)
def test_a_class_and_a_line_that_differ_are_an_error_at_import(tmp_path: Path, line: str, differing: str) -> None:
    library_with(tmp_path, line)
    done = run_in(tmp_path, "from ombudsman_kpi import measure")
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("TypeError: ")
    assert last.endswith(f"differ: {differing}. Write every kind in both.")
