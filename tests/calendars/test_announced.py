"""What GOV.UK's list had on a day: facts worked by hand, and the list's own history."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from ombudsman_kpi import CoverageError, OptionError, RecordsError, WorkingCalendar
from ombudsman_kpi.calendars.announced import announced_until, changed_between

ENGLAND, SCOTLAND, NORTHERN_IRELAND, ANY = "england-and-wales", "scotland", "northern-ireland", "any-uk-nation"
NATIONS = (ENGLAND, SCOTLAND, NORTHERN_IRELAND)
PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "bank_holidays" / "uk_bank_holidays_asof.csv"
needs_history = pytest.mark.skipif(
    not PUBLISHED.exists(), reason="the history of the published list isn't beside the repository"
)


def due(division: str, known_at: str, start: str, n: int) -> str:
    return str(WorkingCalendar.uk(division, known_at=known_at).add(start, n))


@pytest.mark.parametrize(
    ("division", "known_at", "start", "n", "expected"),
    [
        # The bank holiday of Monday 19 September 2022, in the list since 9 September.
        (ENGLAND, "2022-09-01", "2022-09-01", 20, "2022-09-29"),
        (ENGLAND, "2022-09-08", "2022-09-01", 20, "2022-09-29"),
        (ENGLAND, "2022-09-09", "2022-09-01", 20, "2022-09-30"),
        (ANY, "2022-09-08", "2022-09-01", 20, "2022-09-29"),
        # The coronation, Monday 8 May 2023, since 10 November 2022. Day 15 is Tuesday 2 May, day 18 Friday 5 May.
        (ENGLAND, "2022-11-09", "2023-04-06", 20, "2023-05-09"),
        (ENGLAND, "2022-11-10", "2023-04-06", 20, "2023-05-10"),
        # Early May 2020 moved from Monday 4 to Friday 8 on 10 June 2019, in Scotland's list on 2 July 2019.
        (ENGLAND, "2019-06-09", "2020-05-01", 1, "2020-05-05"),
        (ENGLAND, "2019-06-10", "2020-05-01", 1, "2020-05-04"),
        (ENGLAND, "2019-06-09", "2020-05-07", 1, "2020-05-08"),
        (ENGLAND, "2019-06-10", "2020-05-07", 1, "2020-05-11"),
        (SCOTLAND, "2019-07-01", "2020-05-01", 1, "2020-05-05"),
        (SCOTLAND, "2019-07-02", "2020-05-01", 1, "2020-05-04"),
        (ANY, "2019-06-10", "2020-05-01", 1, "2020-05-05"),  # in Scotland it was still off
        (ANY, "2019-06-10", "2020-05-07", 1, "2020-05-11"),
        # Spring 2022 moved from Monday 30 May to Thursday 2 June, and the Jubilee came on Friday 3, on the day on
        # which the list of 2022 came out. Before that, the rules for all years hold.
        (ENGLAND, "2020-11-11", "2022-05-27", 1, "2022-05-31"),
        (ENGLAND, "2020-11-11", "2022-06-01", 1, "2022-06-02"),
        (ENGLAND, "2020-11-12", "2022-05-27", 1, "2022-05-30"),
        (ENGLAND, "2020-11-12", "2022-06-01", 1, "2022-06-06"),
        # 2020 wasn't in the list yet: the rules foresee 4 May, and not 8 May.
        (NORTHERN_IRELAND, "2018-01-01", "2020-05-01", 1, "2020-05-05"),
        (NORTHERN_IRELAND, "2018-01-01", "2020-05-07", 1, "2020-05-08"),
        # From November 2024 to January 2025 Scotland's list had the summer bank holiday of the others.
        (SCOTLAND, "2024-11-26", "2027-07-30", 1, "2027-08-03"),
        (SCOTLAND, "2024-11-27", "2027-07-30", 1, "2027-08-02"),
        (SCOTLAND, "2024-11-27", "2027-08-27", 1, "2027-08-31"),
        (SCOTLAND, "2025-01-09", "2027-07-30", 1, "2027-08-03"),
        (SCOTLAND, "2025-01-09", "2027-08-27", 1, "2027-08-30"),
        # Years before the list began are those of the rules: the royal wedding of 29 April 2011.
        (ENGLAND, "2012-01-13", "2011-04-28", 1, "2011-05-03"),
    ],
)
def test_a_day_off_counts_from_the_day_on_which_the_list_had_it(
    division: str, known_at: str, start: str, n: int, expected: str
) -> None:
    assert due(division, known_at, start, n) == expected


@pytest.mark.parametrize(
    ("known_at", "until"),
    [
        ("2012-01-13", 2012),
        ("2012-01-24", 2013),
        ("2018-12-05", 2019),
        ("2018-12-06", 2020),
        ("2022-09-01", 2023),
        ("2025-11-24", 2028),
        ("2099-01-01", 2028),
    ],
)
def test_holidays_are_announced_until_the_end_of_the_last_year_that_the_list_had(known_at: str, until: int) -> None:
    for division in (*NATIONS, ANY):
        assert WorkingCalendar.uk(division, known_at=known_at).announced_until == date(until, 12, 31)
    assert announced_until(ENGLAND, date.fromisoformat(known_at)) == date(until, 12, 31)


@pytest.mark.parametrize("division", [*NATIONS, ANY])
def test_what_is_known_now_is_what_the_list_had_last(division: str) -> None:
    now, last = WorkingCalendar.uk(division), WorkingCalendar.uk(division, known_at="2026-03-01")
    assert (last.edition, last.announced_until) == (now.edition, now.announced_until)
    assert last == now
    assert (now.note, last.note) == ("", "as announced by 1 March 2026")


def test_two_days_between_which_a_holiday_was_announced_have_two_editions() -> None:
    before, after = (WorkingCalendar.uk(ENGLAND, known_at=day) for day in ("2022-09-08", "2022-09-09"))
    assert before != after
    assert {*after.days_off} - {*before.days_off} == {date(2022, 9, 19)}
    assert before.edition_until(date(2022, 9, 18)) == after.edition_until(date(2022, 9, 18))


def test_names_are_those_of_today_and_a_day_withdrawn_since_is_a_bank_holiday() -> None:
    calendar = WorkingCalendar.uk(ENGLAND, known_at="2019-06-09")
    assert [calendar.name_of(day) for day in ("2020-04-10", "2020-05-04")] == ["Good Friday", "bank holiday"]


def test_closures_are_added_to_what_was_known() -> None:
    calendar = WorkingCalendar.uk(ENGLAND, known_at="2022-09-01", closures=["2022-09-19"])
    assert str(calendar.add("2022-09-01", 20)) == "2022-09-30"


@pytest.mark.parametrize("known_at", ["2012-01-12", date(1999, 1, 1)])
def test_before_the_list_began_is_one_error_with_the_first_day(known_at: str | date) -> None:
    with pytest.raises(OptionError, match=rf"known from 2012-01-13 on, when GOV\.UK's list began; not at {known_at}"):
        WorkingCalendar.uk(ENGLAND, known_at=known_at)


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(RecordsError, match="ISO 8601"):
        WorkingCalendar.uk(ENGLAND, known_at="1/9/2022")


def test_the_calendar_still_has_an_end() -> None:
    with pytest.raises(CoverageError):
        WorkingCalendar.uk(ENGLAND, known_at="2022-09-01").add("2050-12-30", 3)


def test_on_which_days_the_list_changed() -> None:
    assert changed_between(ENGLAND, date(2019, 1, 1), date(2019, 12, 31)) == [date(2019, 6, 10), date(2019, 12, 9)]
    assert changed_between(SCOTLAND, date(2019, 1, 1), date(2019, 12, 31)) == [date(2019, 7, 2), date(2019, 12, 9)]
    days = changed_between(ANY, date(2019, 1, 1), date(2019, 12, 31))
    assert days == [date(2019, 6, 10), date(2019, 7, 2), date(2019, 12, 9)]
    assert changed_between(ENGLAND, date(2022, 9, 9), date(2022, 11, 9)) == []


# Against the history of the list: a plain loop over its rows ---------------------------------------------------


def history() -> Iterator[tuple[str, date, date, date]]:
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            withdrawn = row["withdrawn_committed_utc"]
            yield (
                row["division"], date.fromisoformat(row["date"]), date.fromisoformat(row["first_committed_utc"][:10]),
                date.fromisoformat(withdrawn[:10]) if withdrawn else date.max,
            )  # fmt: skip


@needs_history
@pytest.mark.parametrize("division", NATIONS)
def test_every_weekday_of_a_listed_year_is_as_the_list_had_it_on_each_day_that_it_changed(division: str) -> None:
    rows = [row[1:] for row in history() if row[0] == division]
    changes = {day for _, announced, withdrawn in rows for day in (announced, withdrawn)} - {date.max}
    moments = sorted(moment for day in changes for moment in (day, day - timedelta(1)) if moment >= date(2012, 1, 13))
    for known_at in moments:
        last = max(day.year for day, announced, _ in rows if announced <= known_at)
        listed = {day for day, announced, withdrawn in rows if announced <= known_at < withdrawn}
        calendar = WorkingCalendar.uk(division, known_at=known_at)
        off = {day for day in calendar.days_off if 2012 <= day.year <= last}
        assert off == {day for day in listed if day.weekday() < 5}, known_at
        assert calendar.announced_until == date(last, 12, 31)


CODES = {ENGLAND: "ENG", SCOTLAND: "SCT", NORTHERN_IRELAND: "NIR"}
PROCLAIMED = {date(2020, 5, 8), date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8)}
MOVED = {date(2020, 5, 4), date(2022, 5, 30)}


@pytest.mark.parametrize("division", NATIONS)
def test_years_that_the_list_had_not_yet_have_no_day_that_only_a_proclamation_could_make(division: str) -> None:
    package = holidays.country_holidays("GB", subdiv=CODES[division], years=range(2014, 2029))
    today = {day for day in package if day.weekday() < 5}
    off = {day for day in WorkingCalendar.uk(division, known_at="2012-01-24").days_off if 2014 <= day.year <= 2028}
    assert off - today == MOVED
    assert today - off == PROCLAIMED | ({date(2026, 6, 15)} if division == SCOTLAND else set())
