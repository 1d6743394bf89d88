"""Every weekday against the government's own lists of bank holidays, and what those lists are silent about."""

import csv
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest
from govuk_bank_holidays.bank_holidays import BankHolidays

from ombudsman_kpi import WorkingCalendar
from ombudsman_kpi.calendars.announced import announced_until

DIVISIONS = ["england-and-wales", "scotland", "northern-ireland"]
PACKAGE = BankHolidays(use_cached_holidays=True)
PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "bank_holidays" / "uk_bank_holidays_asof.csv"

# Days that were announced, and that the list in the package doesn't have.
LEFT_OUT_OF_THE_PACKAGE = {
    "england-and-wales": set[date](),
    "scotland": {date(2026, 6, 15)},  # proclaimed after the package's list was taken
    "northern-ireland": set[date](),
}

every_division = pytest.mark.parametrize("division", DIVISIONS)
needs_published_list = pytest.mark.skipif(
    not PUBLISHED.exists(), reason="the history of the published list isn't beside the repository"
)


def weekdays(first_year: int, last_year: int) -> list[date]:
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def in_package(division: str) -> set[date]:
    return {event["date"] for event in PACKAGE.get_holidays(division=division)}


def in_published_list(division: str) -> set[date]:
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        return {
            date.fromisoformat(row["date"])
            for row in csv.DictReader(file)
            if row["division"] == division and not row["withdrawn_committed_utc"]
        }


def days_off(division: str, first_year: int, last_year: int) -> set[date]:
    """Ask the calendar about every weekday of some years; give those that aren't working days."""
    days = weekdays(first_year, last_year)
    working = WorkingCalendar.uk(division).is_working_day(days)
    return {day for day, is_working in zip(days, working, strict=True) if not is_working}


def assert_agree(division: str, listed: set[date]) -> None:
    first_year, last_year = min(listed).year, max(listed).year
    off = days_off(division, first_year, last_year)
    assert off - listed == set(), "off in the calendar, and not in the list"
    assert {day for day in listed if day.weekday() < 5} - off == set(), "in the list, and working days in the calendar"


@every_division
def test_every_weekday_agrees_with_the_list_that_the_package_ships(division: str) -> None:
    listed = in_package(division) | LEFT_OUT_OF_THE_PACKAGE[division]
    assert {day.year for day in listed} >= set(range(2012, 2027))
    assert_agree(division, listed)


@needs_published_list
@every_division
def test_every_weekday_agrees_with_the_published_list(division: str) -> None:
    listed = in_published_list(division)
    assert {day.year for day in listed} == set(range(2012, 2029))
    assert_agree(division, listed)


def test_holidays_are_announced_until_the_end_of_the_last_year_of_the_list() -> None:
    last = {max(in_package(division)).year for division in DIVISIONS}
    assert {date(year, 12, 31) for year in last} == {announced_until(division) for division in DIVISIONS}


@needs_published_list
def test_holidays_are_announced_until_the_end_of_the_last_year_of_the_published_list() -> None:
    last = {max(in_published_list(division)).year for division in DIVISIONS}
    assert {date(year, 12, 31) for year in last} == {announced_until(division) for division in DIVISIONS}


def test_the_calendar_of_any_nation_has_the_holidays_of_all_and_no_other() -> None:
    in_any = set[date]().union(*(in_package(division) | LEFT_OUT_OF_THE_PACKAGE[division] for division in DIVISIONS))
    assert_agree("any-uk-nation", in_any)


def test_england_and_wales_has_more_than_the_holidays_common_to_the_whole_kingdom() -> None:
    common = {event["date"] for event in PACKAGE.get_holidays()}  # what the package gives without a division
    off = days_off("england-and-wales", 2024, 2024)
    assert off - common == {date(2024, 4, 1), date(2024, 8, 26)}  # Easter Monday and the summer bank holiday
    assert {day for day in common if day.year == 2024} < off


@pytest.mark.parametrize("division", [*DIVISIONS, "any-uk-nation"])
def test_st_andrews_day_2006_is_a_working_day_though_the_holidays_package_has_it_off(division: str) -> None:
    # The St Andrew's Day Bank Holiday (Scotland) Act 2007 received Royal Assent in January 2007.
    st_andrews_day = date(2006, 11, 30)
    assert st_andrews_day in holidays.country_holidays("GB", subdiv="SCT", years=2006)
    assert WorkingCalendar.uk(division).is_working_day(st_andrews_day)


@every_division
def test_every_bank_holiday_has_the_name_that_is_published(division: str) -> None:
    calendar = WorkingCalendar.uk(division)
    listed = PACKAGE.get_holidays(division=division)
    assert {item["date"].year for item in listed} == set(range(2012, 2029))
    for item in listed:
        is_substitute = item["notes"] == "Substitute day" and item["title"] != "Spring bank holiday"  # moved, in 2012
        published = item["title"].replace("\u200b", "") + " (substitute day)" * is_substitute
        assert calendar.name_of(item["date"]) == published, item["date"]


@every_division
def test_no_name_of_a_bank_holiday_is_a_package_s_or_odd(division: str) -> None:
    calendar = WorkingCalendar.uk(division)
    listed = {item["title"].replace("\u200b", "") for item in PACKAGE.get_holidays(division=division)}
    before_the_list = {"Millennium Celebrations", "Golden Jubilee of Elizabeth II", "Wedding of William and Catherine"}
    for day in weekdays(1990, 2035):
        if not calendar.is_working_day(day):
            name = calendar.name_of(day).removesuffix(" (substitute day)")
            assert name in listed | before_the_list | {"bank holiday"}, day
    if division == "scotland":
        assert calendar.name_of(date(2026, 6, 15)) == "bank holiday"
