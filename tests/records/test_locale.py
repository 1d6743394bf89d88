"""Names of months are English on every machine: the host's locale changes nothing, in rows, lists, frames and files."""

import calendar
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ombudsman_kpi as kpi

LGSCO = kpi.load_scheme("lgsco")
MONATE = ["", "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
          "Dezember"]  # fmt: skip
TAGE = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
ROWS = [
    {"case_id": "A", "received_at": "Friday 1 March 2024", "decided_at": "Thursday 28 March 2024"},
    {"case_id": "B", "received_at": "Thu 2 May 2024", "decided_at": "Tues 31 December 2024"},
]


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Python the names that it has on a German host, whether or not its locale is installed here."""
    monkeypatch.setattr(calendar, "month_name", MONATE)
    monkeypatch.setattr(calendar, "month_abbr", [name[:3] for name in MONATE])
    monkeypatch.setattr(calendar, "day_name", TAGE)
    monkeypatch.setattr(calendar, "day_abbr", [name[:2] for name in TAGE])
    parser = import_module("_strptime")  # what datetime.strptime reads by, made anew for the names
    monkeypatch.setattr(parser, "_TimeRE_cache", parser.TimeRE())
    monkeypatch.setattr(parser, "_regex_cache", {})
    assert datetime.strptime("Freitag 1 März 2024", "%A %d %B %Y") == datetime(2024, 3, 1)  # noqa: DTZ001, DTZ007
    with pytest.raises(ValueError, match="does not match"):
        datetime.strptime("Friday 1 March 2024", "%A %d %B %Y")  # noqa: DTZ007


def written(rows: list[dict[str, str]], folder: Path) -> Path:
    pd.DataFrame(rows).to_csv(folder / "cases.csv", index=False)
    return folder / "cases.csv"


FORMS: dict[str, Any] = {
    "rows": lambda rows, _: rows,
    "a generator of rows": lambda rows, _: (row for row in rows),
    "pandas": lambda rows, _: pd.DataFrame(rows),
    "pandas objects": lambda rows, _: pd.DataFrame(rows, dtype=object),
    "pandas text beside a date": lambda rows, _: pd.DataFrame(
        [{**rows[0], "received_at": datetime(2024, 3, 1).date()}, rows[1]]  # noqa: DTZ001
    ),
    "Polars": lambda rows, _: pl.DataFrame(rows),
    "Arrow": lambda rows, _: pa.Table.from_pylist(rows),
    "CSV": written,
}


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("form", list(FORMS))
def test_english_months_are_read_on_a_german_host(form: str, tmp_path: Path) -> None:
    outcomes = kpi.assess(
        LGSCO,
        cases=FORMS[form]([{**row, "allocated_at": ""} for row in ROWS], tmp_path),
        dates={"cases": "%A %d %B %Y"},
        targets="decided-or-allocated-20wd",
        as_of="2025-03-31",
    )
    assert outcomes["status"].tolist() == ["met", "late"]
    assert outcomes["start"].astype(str).str[:10].tolist() == ["2024-03-01", "2024-05-02"]
    assert outcomes["stop"].astype(str).str[:10].tolist() == ["2024-03-28", "2024-12-31"]


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("form", ["rows", "Arrow"])
def test_german_months_are_not_read_on_a_german_host_either(form: str, tmp_path: Path) -> None:
    """Else a file would give other figures on another host."""
    cases = [{**ROWS[0], "allocated_at": "", "received_at": "Freitag 1 März 2024"}]
    options: dict[str, Any] = {
        "dates": {"cases": "%A %d %B %Y"}, "targets": "decided-or-allocated-20wd", "as_of": "2025-03-31"
    }  # fmt: skip
    assert kpi.assess(LGSCO, cases=FORMS[form](cases, tmp_path), **options)["status"].tolist() == ["invalid"]
