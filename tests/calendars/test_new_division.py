"""A division is one entry: calendars, schemes, their JSON Schema and explanations take it from there."""

from datetime import date
from pathlib import Path

import pytest

from ombudsman_kpi import Case, OptionError, SchemeError, WorkingCalendar, deadlines, load_scheme
from ombudsman_kpi.calendars.bank_holidays import DIVISIONS, Division
from ombudsman_kpi.schemes.json_schema import scheme_json_schema

SCHEME = """
id = "toy"
title = "Toy"
source = "A notice on the wall"
division = "scotland-or-northern-ireland"

[[target]]
id = "decided-5wd"
says = "Decided within 5 working days"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "5 working days"
cohort = "received"
"""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    name = "scotland-or-northern-ireland"
    monkeypatch.setitem(DIVISIONS, name, Division("Scotland and Northern Ireland", ("SCT", "NIR")))
    return name


def test_a_calendar_of_the_new_division_has_the_bank_holidays_of_its_subdivisions(toy: str) -> None:
    calendar = WorkingCalendar.uk(toy)
    # GOV.UK, 2024: St Patrick's Day (substitute day) is of Northern Ireland alone, 2 January and St Andrew's Day
    # (substitute day) are of Scotland alone.
    assert [calendar.is_working_day(day) for day in ("2024-03-18", "2024-01-02", "2024-12-02")] == [False] * 3
    assert calendar.division == toy
    assert WorkingCalendar.uk("scotland").is_working_day("2024-03-18")


def test_a_scheme_of_the_new_division_is_read_and_measures_by_its_calendar(toy: str, tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(SCHEME, "utf-8")
    scheme = load_scheme(path)
    # Day 0 is Thursday 14 March 2024; day 1 is Friday 15; Monday 18 is St Patrick's Day (substitute day).
    (deadline,) = deadlines(scheme, Case(case_id="1", received_at=date(2024, 3, 14)), as_of="2024-03-15")
    assert deadline.due == date(2024, 3, 22)
    assert "Calendar of Scotland and Northern Ireland, edition" in str(deadline.explain())


def test_the_json_schema_of_a_scheme_lists_the_new_division(toy: str) -> None:
    assert scheme_json_schema()["properties"]["division"]["enum"] == [*DIVISIONS]
    assert toy in DIVISIONS


def test_without_the_entry_each_of_them_refuses_the_name(tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(SCHEME, "utf-8")
    with pytest.raises(OptionError, match="There is no division 'scotland-or-northern-ireland'"):
        WorkingCalendar.uk("scotland-or-northern-ireland")
    with pytest.raises(SchemeError, match=r"toy\.toml: division: There is no division 'scotland-or-northern-ireland'"):
        load_scheme(path)
