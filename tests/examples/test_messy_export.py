"""The messy export is refused once, with all that has to be settled, and then measured, as CSV and as a workbook."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "messy_export.py"


def test_both_forms_of_the_export_give_the_figure_worked_out_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = runpy.run_path(str(EXAMPLE))["measure_both"](tmp_path)
    for name in ("export.csv", "export.xlsx"):
        (row,) = results[name].rows
        assert (row.records, row.met, row.missed, row.pending) == (5, 3, 2, 0)
        assert f"{name}: 2 title rows and 1 total row left out" in row.note
    printed = capsys.readouterr().out
    for column in ("received_at", "decided_at", "allocated_at", "case_id"):
        assert printed.count(f"- no column '{column}'") == 2
    assert "cases (export.csv, Windows-1252, separated by semicolons): several columns aren't there" in printed
    assert "cases (export.xlsx): several columns aren't there" in printed
