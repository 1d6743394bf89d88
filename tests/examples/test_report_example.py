"""The example writes the Executive Team's page, workbooks and a chart, and the Commission's pack."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_example_makes_what_people_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = runpy.run_path(str(ROOT / "examples" / "report.py"))["made_in"](tmp_path)
    assert [file.name for file in files] == [
        "commission.html", "commission.ods", "executive-team.html", "executive-team.ods", "executive-team.xlsx",
        "investigation-13w.svg", "investigation-13w.txt",
    ]  # fmt: skip
    printed = capsys.readouterr().out
    assert printed.startswith("Monthly report to the Executive Team\nLGSCO Quality and Service Standards: March 2024")
    monthly, quarterly = ((tmp_path / f"{name}.html").read_text("utf-8") for name in ("executive-team", "commission"))
    assert "<h1>Quarterly report to the Commission</h1>" in quarterly
    for id_of_one in ("22-01750", "23-01132"):  # the longest waits are the Executive Team's alone
        assert id_of_one in monthly
        assert id_of_one not in quarterly
    for page in (monthly, quarterly):
        assert "http://" not in page.replace("http://www.w3.org/", "")
        assert len(page) < 3_000_000


def test_the_picture_of_the_readme_is_small() -> None:
    picture = ROOT / "docs" / "images" / "report.png"
    assert picture.stat().st_size < 200_000
    assert picture.name in (ROOT / "README.md").read_text("utf-8")
