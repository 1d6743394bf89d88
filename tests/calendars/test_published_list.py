"""A bank-holidays.json of GOV.UK in place of the rules, and what differs between the two."""

import json
import re
import sys
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from ombudsman_kpi import OptionError, WorkingCalendar
from ombudsman_kpi.calendars.published import differences, read_published
from ombudsman_kpi.cli import run

NATIONS = ("england-and-wales", "scotland", "northern-ireland")
PACKAGE = str(files("govuk_bank_holidays") / "bank-holidays.json")  # GOV.UK's own file of 2012 to 2028
WORLD_CUP = date(2026, 6, 15)  # proclaimed after that file was taken

Write = Callable[[Any], Path]


def event(day: str, title: str = "Holiday") -> dict[str, Any]:
    return {"title": title, "date": day, "notes": "", "bunting": True}


def of_years(*years: int, more: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return [event(f"{year}-12-25", "Christmas Day") for year in years] + [event(day) for day in more]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: Any) -> Path:
        path = tmp_path / "bank-holidays.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return written


@pytest.mark.parametrize("nation", NATIONS)
def test_the_file_of_gov_uk_gives_the_days_that_it_lists(nation: str) -> None:
    listed = {date.fromisoformat(item["date"]) for item in json.loads(Path(PACKAGE).read_bytes())[nation]["events"]}
    calendar = WorkingCalendar.uk(nation, bank_holidays=PACKAGE)
    assert {day for day in calendar.days_off if 2012 <= day.year <= 2028} == {d for d in listed if d.weekday() < 5}
    assert calendar.announced_until == date(2028, 12, 31)
    rules = WorkingCalendar.uk(nation)
    assert [day for day in calendar.days_off if not 2012 <= day.year <= 2028] == [
        day for day in rules.days_off if not 2012 <= day.year <= 2028
    ]
    assert calendar.is_working_day(WORLD_CUP)
    assert (calendar == rules) == (nation != "scotland")


def test_a_division_of_several_nations_takes_the_days_of_all(write: Write) -> None:
    path = write(
        {
            "england-and-wales": {"events": of_years(2024, 2025)},
            "scotland": {"events": of_years(2024, 2025, more=("2024-01-02",))},
            "northern-ireland": {"events": of_years(2024, more=("2024-07-12",))},
        }
    )
    calendar = WorkingCalendar.uk("any-uk-nation", bank_holidays=path)
    off = [str(day) for day in calendar.days_off if day.year == 2024]
    assert off == ["2024-01-02", "2024-07-12", "2024-12-25"]
    assert calendar.announced_until == date(2024, 12, 31)  # no further than in Northern Ireland
    assert calendar.name_of("2024-12-25") == "Christmas Day"


def test_a_nation_that_is_not_in_the_file_is_an_error_that_names_those_that_are(write: Write) -> None:
    path = write({"scotland": {"events": of_years(2024)}})
    with pytest.raises(OptionError, match=r"has none of england-and-wales\. It has: scotland"):
        WorkingCalendar.uk("england-and-wales", bank_holidays=path)


def test_two_answers_to_one_question_are_refused() -> None:
    with pytest.raises(OptionError, match="known_at and bank_holidays are two answers"):
        WorkingCalendar.uk("scotland", bank_holidays=PACKAGE, known_at="2022-09-01")


def test_the_calendar_says_where_its_days_come_from(write: Write) -> None:
    calendar = WorkingCalendar.uk("scotland", bank_holidays=write({"scotland": {"events": of_years(2024)}}))
    assert calendar.note == "by a published list up to 2024"
    assert "scotland (by a published list up to 2024)" in repr(calendar)


BAD = {
    "not JSON": ("{", "it isn't JSON"),
    "bytes of another encoding": ("\udc80", None),
    "a list": ([], "it has no divisions"),
    "nothing": ({}, "it has no divisions"),
    "an unknown division": ({"scotlnd": {"events": of_years(2024)}}, "'scotlnd'. Did you mean 'scotland'?"),
    "no events": ({"scotland": {"events": []}}, "there are no events of scotland"),
    "events missing": ({"scotland": {}}, "there are no events of scotland"),
    "no division": ({"scotland": 3}, "there are no events of scotland"),
    "no date": ({"scotland": {"events": [*of_years(2024), {"title": "X"}]}}, "event 2 of scotland has no title, or"),
    "no title": ({"scotland": {"events": [{"date": "2024-12-25"}]}}, "event 1 of scotland has no title, or"),
    "no such day": ({"scotland": {"events": [event("2024-02-30")]}}, "event 1 of scotland has no title, or no date"),
    "another order": ({"scotland": {"events": [event("25/12/2024")]}}, "event 1 of scotland has no title, or no date"),
    "an event that is none": ({"scotland": {"events": ["2024-12-25"]}}, "event 1 of scotland"),
    "a year left out": ({"scotland": {"events": of_years(2022, 2024)}}, "scotland has no bank holiday in 2023"),
}


@pytest.mark.parametrize("name", [name for name in BAD if BAD[name][1] is not None])
def test_a_file_of_another_kind_is_one_error_that_says_where_and_what_to_do(name: str, write: Write) -> None:
    content, says = BAD[name]
    path = write(content)
    with pytest.raises(OptionError, match=re.escape(str(says))) as caught:
        read_published(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith("Take the file from https://www.gov.uk/bank-holidays.json.")


def test_bytes_that_are_no_text_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="it isn't JSON"):
        read_published(tmp_path / "a.json")
    with pytest.raises(OptionError, match="can't be read"):
        read_published(tmp_path / "b.json")


# What differs ------------------------------------------------------------------------------------------------


def test_what_differs_is_told_by_weekday_and_by_side(write: Write) -> None:
    rules = [event(str(day)) for day in WorkingCalendar.uk("scotland").days_off if day.year == 2024]
    missing = [item for item in rules if item["date"] != "2024-12-02"]
    path = write({"scotland": {"events": [*missing, event("2024-07-08", "Visit"), event("2024-07-06", "Fair")]}})
    assert [str(difference) for difference in differences(read_published(path))] == [
        "2024-07-08 Scotland: Visit, in the file, not by the rules",
        "2024-12-02 Scotland: St Andrew’s Day (substitute day), by the rules, not in the file",
    ]


def check(argument: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[Any, str, str]:
    monkeypatch.setattr(sys, "argv", ["ombudsman-kpi", "calendar", "check", argument])
    with pytest.raises(SystemExit) as ended:
        run()
    return ended.value.code, *capsys.readouterr()


def test_the_command_exits_with_0_where_nothing_differs_1_where_a_day_does_and_2_for_wrong_use(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(Path(PACKAGE).read_bytes())
    code, out, _ = check(PACKAGE, monkeypatch, capsys)
    first, last = out.splitlines()
    assert (code, first.split(":")[0]) == (1, "2026-06-15 Scotland")
    assert last.startswith("1 weekday differs between the file (england-and-wales 2012 to 2028, scotland 2012 to 2028,")
    content["scotland"]["events"].append(event(str(WORLD_CUP)))
    code, out, _ = check(str(write(content)), monkeypatch, capsys)
    assert (code, len(out.splitlines())) == (0, 1)
    assert out.startswith("no weekday differs between the file")
    code, out, error = check(str(write("[]")), monkeypatch, capsys)
    assert (code, out, len(error.splitlines())) == (2, "", 1)
    assert "it has no divisions" in error


def test_what_a_program_has_read_is_taken_like_the_file() -> None:
    content = json.loads(Path(PACKAGE).read_bytes())
    by_day = {nation: {item["date"]: item["title"] for item in part["events"]} for nation, part in content.items()}
    for given in (content, by_day):
        calendar = WorkingCalendar.uk("northern-ireland", bank_holidays=given)
        assert calendar == WorkingCalendar.uk("northern-ireland", bank_holidays=PACKAGE)
        assert calendar.name_of("2024-07-12") == "Battle of the Boyne (Orangemen’s Day)"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "it has no divisions"),
        ({"scotland": {}}, "there are no events of scotland"),
        ({"scotland": {"events": []}}, "there are no events of scotland"),
        ({"scotland": {"yesterday": "x"}}, "event 1 of scotland has no title, or no date"),
        ({"wales": {"2024-12-25": "x"}}, "it has a division 'wales'"),
        ({"scotland": {"2024-12-25": "x", "2026-12-25": "x"}}, "scotland has no bank holiday in 2025"),
        (5, "the path of a file is wanted, as text"),
        (b"list.json", "the path of a file is wanted, as text"),
        ([], "the path of a file is wanted, as text"),
    ],
)
def test_what_is_no_list_is_one_error(given: Any, why: str) -> None:
    with pytest.raises(OptionError, match=f"^bank_holidays: .*{re.escape(why)}"):
        WorkingCalendar.uk("scotland", bank_holidays=given)


def test_a_file_of_a_hundred_thousand_brackets_is_no_list(write: Write) -> None:
    with pytest.raises(OptionError, match="it isn't JSON"):
        read_published(write("[" * 100_000))
