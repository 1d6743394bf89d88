"""Days picked on purpose, worked out by hand from the statutes, proclamations and GOV.UK's published list."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pytest

from ombudsman_kpi import CoverageError, WorkingCalendar

ENGLAND, SCOTLAND, NORTHERN_IRELAND, ANY = (
    "england-and-wales",
    "scotland",
    "northern-ireland",
    "any-uk-nation",
)
CALENDARS = {division: WorkingCalendar.uk(division) for division in (ENGLAND, SCOTLAND, NORTHERN_IRELAND, ANY)}
NATIONS = (ENGLAND, SCOTLAND, NORTHERN_IRELAND)


def weekdays(first: str, last: str) -> Iterator[date]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)


def off(division: str, days: Iterable[date]) -> list[str]:
    """Give those of some weekdays that aren't working days, as text."""
    return [str(day) for day in days if not CALENDARS[division].is_working_day(day)]


# Easter ----------------------------------------------------------------------------------------------------

# Easter Sundays from the tables of the Book of Common Prayer: the earliest and latest of our time, those around
# the end of March, and leap years.
EASTER_SUNDAYS = [
    "1991-03-31",
    "2000-04-23",
    "2008-03-23",
    "2011-04-24",
    "2016-03-27",
    "2018-04-01",
    "2019-04-21",
    "2024-03-31",
    "2025-04-20",
    "2027-03-28",
    "2035-03-25",
    "2038-04-25",
    "2049-04-18",
]


@pytest.mark.parametrize("sunday", EASTER_SUNDAYS)
def test_good_friday_is_off_everywhere_and_easter_monday_everywhere_but_in_scotland(sunday: str) -> None:
    easter = date.fromisoformat(sunday)
    friday, monday = str(easter - timedelta(days=2)), str(easter + timedelta(days=1))
    around = list(weekdays(str(easter - timedelta(days=6)), str(easter + timedelta(days=4))))
    not_st_patrick = [day for day in around if (day.month, day.day) not in {(3, 17), (3, 18), (3, 19)}]
    assert off(ENGLAND, around) == off(NORTHERN_IRELAND, not_st_patrick) == [friday, monday]
    assert off(SCOTLAND, around) == [friday]


@pytest.mark.parametrize(
    ("division", "start", "n", "answer"),
    [
        pytest.param(ENGLAND, "2024-03-28", 1, "2024-04-02", id="over easter in england"),
        pytest.param(SCOTLAND, "2024-03-28", 1, "2024-04-01", id="over easter in scotland"),
        pytest.param(NORTHERN_IRELAND, "2024-03-28", 1, "2024-04-02", id="over easter in northern ireland"),
        pytest.param(ANY, "2024-03-28", 1, "2024-04-02", id="over easter anywhere"),
        pytest.param(ENGLAND, "2024-12-24", 3, "2024-12-31", id="over christmas in england"),
        pytest.param(ENGLAND, "2024-12-31", 1, "2025-01-02", id="over new year in england"),
        pytest.param(SCOTLAND, "2024-12-31", 1, "2025-01-03", id="over new year in scotland"),
        pytest.param(NORTHERN_IRELAND, "2024-07-11", 1, "2024-07-15", id="over the twelfth"),
        pytest.param(ENGLAND, "2024-07-11", 1, "2024-07-12", id="the twelfth in england"),
        pytest.param(ANY, "2024-08-02", 1, "2024-08-06", id="the first monday of august anywhere"),
    ],
)
def test_a_working_day_added_over_a_holiday_lands_behind_it(division: str, start: str, n: int, answer: str) -> None:
    assert CALENDARS[division].add(start, n) == date.fromisoformat(answer)
    assert CALENDARS[division].add(answer, -n) == date.fromisoformat(start)
    assert CALENDARS[division].count(start, answer) == n


# Christmas and New Year ------------------------------------------------------------------------------------

CHRISTMAS = [
    pytest.param(
        2010,
        ["2010-12-27", "2010-12-28", "2011-01-03"],
        ["2011-01-04"],
        id="2010: saturday, and 1 January a saturday",
    ),
    pytest.param(
        2011,
        ["2011-12-26", "2011-12-27", "2012-01-02"],
        ["2012-01-03"],
        id="2011: sunday, and 1 January a sunday",
    ),
    pytest.param(
        2012,
        ["2012-12-25", "2012-12-26", "2013-01-01"],
        ["2013-01-02"],
        id="2012: tuesday",
    ),
    pytest.param(
        2016,
        ["2016-12-26", "2016-12-27", "2017-01-02"],
        ["2017-01-03"],
        id="2016: sunday, and 1 January a sunday",
    ),
    pytest.param(
        2020,
        ["2020-12-25", "2020-12-28", "2021-01-01"],
        ["2021-01-04"],
        id="2020: friday, and 2 January a saturday",
    ),
    pytest.param(
        2021,
        ["2021-12-27", "2021-12-28", "2022-01-03"],
        ["2022-01-04"],
        id="2021: saturday, and 1 January a saturday",
    ),
    pytest.param(
        2022,
        ["2022-12-26", "2022-12-27", "2023-01-02"],
        ["2023-01-03"],
        id="2022: sunday, and 1 January a sunday",
    ),
    pytest.param(
        2024,
        ["2024-12-25", "2024-12-26", "2025-01-01"],
        ["2025-01-02"],
        id="2024: wednesday",
    ),
]


@pytest.mark.parametrize(("year", "everywhere", "in_scotland_too"), CHRISTMAS)
def test_christmas_and_new_year_are_taken_on_weekdays_where_they_fall_on_a_weekend(
    year: int, everywhere: list[str], in_scotland_too: list[str]
) -> None:
    season = list(weekdays(f"{year}-12-20", f"{year + 1}-01-10"))
    assert off(ENGLAND, season) == off(NORTHERN_IRELAND, season) == everywhere
    assert off(SCOTLAND, season) == off(ANY, season) == everywhere + in_scotland_too


def test_the_last_day_of_the_millennium_was_a_holiday_and_so_was_the_third_of_january() -> None:
    assert off(ENGLAND, weekdays("1999-12-20", "2000-01-07")) == [
        "1999-12-27",  # for Christmas Day, a Saturday
        "1999-12-28",  # for Boxing Day
        "1999-12-31",
        "2000-01-03",  # for 1 January, a Saturday
    ]


# One-off and moved holidays --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "holidays"),
    [
        pytest.param("1995-05-01", "1995-05-12", ["1995-05-08"], id="1995: early may moved to VE day"),
        pytest.param("2002-05-27", "2002-06-07", ["2002-06-03", "2002-06-04"], id="2002: golden jubilee"),
        pytest.param("2011-04-26", "2011-05-06", ["2011-04-29", "2011-05-02"], id="2011: royal wedding"),
        pytest.param("2012-05-28", "2012-06-08", ["2012-06-04", "2012-06-05"], id="2012: diamond jubilee"),
        pytest.param("2020-05-01", "2020-05-15", ["2020-05-08"], id="2020: early may moved to VE day"),
        pytest.param("2022-05-27", "2022-06-10", ["2022-06-02", "2022-06-03"], id="2022: platinum jubilee"),
        pytest.param("2022-09-08", "2022-09-30", ["2022-09-19"], id="2022: state funeral"),
        pytest.param("2023-04-24", "2023-05-12", ["2023-05-01", "2023-05-08"], id="2023: coronation"),
    ],
)
def test_holidays_that_were_moved_or_held_once_are_off_in_every_nation(
    first: str, last: str, holidays: list[str]
) -> None:
    period = list(weekdays(first, last))
    assert {division: off(division, period) for division in CALENDARS} == dict.fromkeys(CALENDARS, holidays)


@pytest.mark.parametrize("monday", ["2012-05-28", "2020-05-04", "2022-05-30"])
def test_the_mondays_that_holidays_were_moved_from_are_working_days(monday: str) -> None:
    assert [CALENDARS[division].is_working_day(monday) for division in CALENDARS] == [True] * 4


def test_scotland_alone_has_the_monday_after_its_first_match_of_the_2026_world_cup() -> None:
    june = list(weekdays("2026-06-01", "2026-06-30"))
    assert {division: off(division, june) for division in NATIONS} == {
        ENGLAND: [],
        SCOTLAND: ["2026-06-15"],
        NORTHERN_IRELAND: [],
    }


# Holidays of one nation ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "holiday"),
    [
        pytest.param(2005, None, id="2005: before the act"),
        pytest.param(2006, None, id="2006: the act was not yet law"),
        pytest.param(2007, "2007-11-30", id="2007: the first, a friday"),
        pytest.param(2008, "2008-12-01", id="2008: a sunday"),
        pytest.param(2012, "2012-11-30", id="2012: a friday"),
        pytest.param(2013, "2013-12-02", id="2013: a saturday"),
        pytest.param(2023, "2023-11-30", id="2023: a thursday"),
        pytest.param(2024, "2024-12-02", id="2024: a saturday"),
        pytest.param(2025, "2025-12-01", id="2025: a sunday"),
    ],
)
def test_st_andrews_day_is_off_in_scotland_since_2007(year: int, holiday: str | None) -> None:
    days = list(weekdays(f"{year}-11-24", f"{year}-12-06"))
    expected = [] if holiday is None else [holiday]
    assert off(SCOTLAND, days) == off(ANY, days) == expected
    assert off(ENGLAND, days) == off(NORTHERN_IRELAND, days) == []


@pytest.mark.parametrize(
    ("month_and_day", "year", "holiday"),
    [
        pytest.param("03-17", 2018, "2018-03-19", id="st patrick's day 2018: a saturday"),
        pytest.param("03-17", 2019, "2019-03-18", id="st patrick's day 2019: a sunday"),
        pytest.param("03-17", 2022, "2022-03-17", id="st patrick's day 2022: a thursday"),
        pytest.param("03-17", 2024, "2024-03-18", id="st patrick's day 2024: a sunday"),
        pytest.param("07-12", 2014, "2014-07-14", id="the twelfth 2014: a saturday"),
        pytest.param("07-12", 2020, "2020-07-13", id="the twelfth 2020: a sunday"),
        pytest.param("07-12", 2023, "2023-07-12", id="the twelfth 2023: a wednesday"),
        pytest.param("07-12", 2025, "2025-07-14", id="the twelfth 2025: a saturday"),
    ],
)
def test_st_patricks_day_and_the_twelfth_are_off_in_northern_ireland_alone(
    month_and_day: str, year: int, holiday: str
) -> None:
    feast = date.fromisoformat(f"{year}-{month_and_day}")
    days = list(weekdays(str(feast - timedelta(days=4)), str(feast + timedelta(days=4))))
    assert off(NORTHERN_IRELAND, days) == off(ANY, days) == [holiday]
    assert off(ENGLAND, days) == off(SCOTLAND, days) == []


def test_the_summer_bank_holiday_is_at_the_end_of_august_but_in_scotland_at_its_beginning() -> None:
    august = list(weekdays("2024-08-01", "2024-08-31"))
    assert {division: off(division, august) for division in CALENDARS} == {
        ENGLAND: ["2024-08-26"],
        SCOTLAND: ["2024-08-05"],
        NORTHERN_IRELAND: ["2024-08-26"],
        ANY: ["2024-08-05", "2024-08-26"],
    }


@pytest.mark.parametrize(
    ("division", "holidays"),
    [
        pytest.param(
            ENGLAND,
            "2024-01-01 2024-03-29 2024-04-01 2024-05-06 2024-05-27 2024-08-26 2024-12-25 2024-12-26",
            id="england and wales",
        ),
        pytest.param(
            SCOTLAND,
            "2024-01-01 2024-01-02 2024-03-29 2024-05-06 2024-05-27 2024-08-05 2024-12-02 2024-12-25 2024-12-26",
            id="scotland",
        ),
        pytest.param(
            NORTHERN_IRELAND,
            "2024-01-01 2024-03-18 2024-03-29 2024-04-01 2024-05-06 2024-05-27 2024-07-12 2024-08-26 "
            "2024-12-25 2024-12-26",
            id="northern ireland",
        ),
    ],
)
def test_a_whole_year_has_the_holidays_published_for_it(division: str, holidays: str) -> None:
    assert off(division, weekdays("2024-01-01", "2024-12-31")) == holidays.split()


# Leap days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "n", "answer"),
    [
        pytest.param("2024-02-28", 1, "2024-02-29", id="to a leap day on a thursday"),
        pytest.param("2024-02-29", 1, "2024-03-01", id="from it"),
        pytest.param("2023-02-28", 1, "2023-03-01", id="none in 2023"),
        pytest.param("2000-02-28", 1, "2000-02-29", id="in the year 2000"),
        pytest.param("2020-02-28", 1, "2020-03-02", id="a leap day on a saturday"),
        pytest.param("2020-02-29", 0, "2020-02-29", id="none from a leap day"),
        pytest.param("2020-02-29", -1, "2020-02-28", id="back from a leap day on a saturday"),
    ],
)
def test_leap_days_count_as_any_other_day(start: str, n: int, answer: str) -> None:
    assert CALENDARS[ENGLAND].add(start, n) == date.fromisoformat(answer)


@pytest.mark.parametrize(
    ("year", "working_days"),
    [
        pytest.param(2023, 260 - 9, id="2023: 260 weekdays, a holiday more than usual"),
        pytest.param(2024, 262 - 8, id="2024: a leap year of 262 weekdays"),
        pytest.param(2022, 260 - 10, id="2022: 260 weekdays, the jubilee and the state funeral"),
    ],
)
def test_a_year_has_its_weekdays_less_its_holidays(year: int, working_days: int) -> None:
    assert CALENDARS[ENGLAND].count(f"{year - 1}-12-31", f"{year}-12-31") == working_days


# The ends of the calendar ----------------------------------------------------------------------------------


def test_the_first_day_is_new_year_1990_and_the_last_is_a_saturday_in_2050() -> None:
    calendar = CALENDARS[ENGLAND]
    assert (calendar.first, calendar.last) == (date(1990, 1, 1), date(2050, 12, 31))
    assert calendar.is_working_day(["1990-01-01", "1990-01-02", "2050-12-30", "2050-12-31"]) == [
        False,
        True,
        True,
        False,
    ]
    assert calendar.add("1990-01-01", 1) == calendar.roll("1990-01-01", "forward") == date(1990, 1, 2)
    assert calendar.add("2050-12-31", -1) == calendar.roll("2050-12-31", "backward") == date(2050, 12, 30)
    assert calendar.add("2050-12-31", 0) == date(2050, 12, 31)


def test_the_whole_calendar_can_be_counted_and_walked_from_end_to_end() -> None:
    calendar = CALENDARS[ENGLAND]
    all_of_it = calendar.count("1990-01-01", "2050-12-31")
    assert calendar.add("1990-01-01", all_of_it) == date(2050, 12, 30)
    assert calendar.add("2050-12-31", -all_of_it) == date(1990, 1, 2)


@pytest.mark.parametrize(
    ("start", "n"),
    [
        pytest.param("1990-01-02", -1, id="before the first working day"),
        pytest.param("1990-01-01", -1, id="before the first day"),
        pytest.param("2050-12-30", 1, id="after the last working day"),
        pytest.param("2050-12-31", 1, id="after the last day"),
    ],
)
def test_a_step_beyond_the_ends_is_refused_with_the_dates_of_the_ends(start: str, n: int) -> None:
    with pytest.raises(CoverageError, match=rf"{start} is outside this calendar, 1990-01-01 to 2050-12-31\."):
        CALENDARS[ENGLAND].add(start, n)


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("1989-12-31", "1989-12-31 is before this calendar's first day, 1990-01-01"),
        ("2051-01-01", "2051-01-01 is after this calendar's last day, 2050-12-31"),
    ],
)
def test_the_days_beside_the_ends_are_not_covered(day: str, message: str) -> None:
    for start, stop in ((day, "2024-01-02"), ("2024-01-02", day), (day, day)):
        with pytest.raises(CoverageError, match=message):
            CALENDARS[ENGLAND].count(start, stop)
