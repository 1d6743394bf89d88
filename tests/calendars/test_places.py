"""Calendars of other countries: days known by heart, a plain loop over the holidays package, and wrong places."""

import re
from datetime import date, timedelta
from typing import Any

import holidays
import numpy as np
import pytest

from ombudsman_kpi import CoverageError, OptionError, RecordsError, WorkingCalendar
from ombudsman_kpi.calendars.working_calendar import FIRST, LAST

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


def test_ireland_over_easter_where_good_friday_is_no_public_holiday() -> None:
    calendar = WorkingCalendar.of("IE")
    # 2024: Good Friday 29 March is a working day, Easter Monday 1 April isn't, nor is the first Monday of May.
    assert str(calendar.add("2024-03-28", 1)) == "2024-03-29"
    assert str(calendar.add("2024-03-28", 2)) == "2024-04-02"
    assert str(calendar.add("2024-03-28", 25)) == "2024-05-03"
    assert str(calendar.add("2024-03-28", 26)) == "2024-05-07"
    assert calendar.name_of("2024-04-01") == "Easter Monday"


def test_massachusetts_has_a_day_that_the_united_states_have_not() -> None:
    here, there = WorkingCalendar.of("US", "MA"), WorkingCalendar.of("US")
    # Patriots' Day is the third Monday of April; Juneteenth and Independence Day are of the whole country.
    assert [here.is_working_day(day) for day in ("2024-04-15", "2024-06-19", "2024-07-04")] == [False] * 3
    assert [there.is_working_day(day) for day in ("2024-04-15", "2024-06-19", "2024-07-04")] == [True, False, False]
    assert (here.division, there.division) == ("US-MA", "US")
    assert here.edition != there.edition


def test_days_that_are_open_and_closed_here() -> None:
    christmas_eve = "RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"
    calendar = WorkingCalendar.of("US", "MA", open=["2024-04-15"], closures=[christmas_eve, "2024-07-05"])
    days = ["2024-04-15", "2025-04-21", "2024-12-24", "2026-12-24", "2024-07-05", "2024-07-08"]
    assert calendar.is_working_day(days) == [True, False, False, False, False, True]
    assert calendar.name_of("2024-12-24") == "closure"
    assert calendar.edition != WorkingCalendar.of("US", "MA").edition


def test_a_week_from_sunday_to_thursday() -> None:
    calendar = WorkingCalendar.of("IL")
    # In June and July 2024, between Shavuot (12 June) and Rosh Hashanah, no weekday is off.
    week = [date(2024, 7, 7) + timedelta(day) for day in range(7)]
    assert calendar.is_working_day(week) == [True] * 5 + [False, False]
    assert str(calendar.add("2024-07-04", 1)) == "2024-07-07"  # from Thursday to Sunday
    assert str(calendar.roll("2024-07-05", "forward")) == "2024-07-07"
    assert calendar.count("2024-07-04", "2024-07-11") == 5
    assert [calendar.name_of(day) for day in ("2024-07-05", "2024-07-06", "2024-07-07")] == [
        "Friday", "Saturday", "Sunday",
    ]  # fmt: skip


def test_a_sunday_that_is_worked_for_another_day() -> None:
    # China's State Council, notice of 25 October 2023: Sunday 4 February 2024 is a working day.
    calendar = WorkingCalendar.of("CN")
    assert calendar.is_working_day(["2024-02-03", "2024-02-04", "2024-02-11"]) == [False, True, False]


def test_a_weekend_that_changed() -> None:
    # The Emirates moved their weekend from Friday and Saturday to Saturday and Sunday on 1 January 2022.
    calendar = WorkingCalendar.of("AE")
    assert calendar.is_working_day(["2021-06-04", "2021-06-06", "2022-06-03", "2022-06-05"]) == [
        False, True, True, False,
    ]  # fmt: skip


PLACES = [
    ("IE", None), ("US", None), ("US", "MA"), ("DE", "BY"), ("FR", None), ("CA", "QC"), ("AU", "NSW"), ("NZ", None),
    ("IN", None), ("JP", None), ("IL", None), ("AE", None), ("CN", None), ("HK", None), ("IR", None), ("NP", None),
]  # fmt: skip


@pytest.mark.parametrize(("country", "subdivision"), PLACES)
def test_every_day_is_off_where_the_package_says_so(country: str, subdivision: str | None) -> None:
    """The oracle is a plain loop over the package's own list and weekend, one day after the other."""
    calendar = WorkingCalendar.of(country, subdivision)
    place = holidays.country_holidays(country, subdiv=subdivision)  # it is asked about covered days alone
    day, working = calendar.first, []
    while day <= calendar.last:
        worked = day in place.weekend_workdays if place.is_weekend(day) else day not in place
        working += [day] if worked else []
        day += timedelta(1)
    days = np.arange(np.datetime64(calendar.first), np.datetime64(calendar.last) + 1)
    assert days[calendar.is_working_day(days)].tolist() == working
    starts = working[:: max(1, len(working) // 50)]
    after = [working[place + 10] for place in map(working.index, starts) if place + 10 < len(working)]
    assert [calendar.add(start, 10) for start in starts[: len(after)]] == after
    assert calendar.note == "by the holidays package, not checked against an official list"
    assert calendar.announced_until == calendar.last


def test_a_calendar_covers_what_the_package_knows_and_no_more() -> None:
    assert (WorkingCalendar.of("IE").first, WorkingCalendar.of("IE").last) == (FIRST, LAST)
    calendar = WorkingCalendar.of("NP")
    assert calendar.first.year == holidays.country_holidays("NP").start_year > FIRST.year
    with pytest.raises(CoverageError, match="before this calendar's first day"):
        calendar.is_working_day("2000-01-03")
    india = WorkingCalendar.of("IN")  # the package warns that it knows only some holidays of other years
    assert (str(india.first), str(india.last)) == ("2001-01-01", "2035-12-31")
    short = WorkingCalendar.of("IE", first="2024-01-01", last="2024-12-31")
    assert (str(short.first), str(short.last)) == ("2024-01-01", "2024-12-31")
    with pytest.raises(OptionError, match="doesn't know the holidays of NP from 1990-01-01 to 1999-12-31"):
        WorkingCalendar.of("NP", last="1999-12-31")
    for last in ("2023-12-31", "2020-12-31"):
        with pytest.raises(OptionError, match=r"of IE from 2024-01-01 to 202[03]-12-31\.|would end on 2023-12-31"):
            WorkingCalendar.of("IE", first="2024-01-01", last=last)


def test_names_are_in_english_where_the_package_has_them() -> None:
    assert WorkingCalendar.of("DE").name_of("2024-10-03") == "German Unity Day"


# Editions ------------------------------------------------------------------------------------------------------


def test_calendars_of_other_places_have_other_editions() -> None:
    calendars = [WorkingCalendar.of(*place) for place in PLACES]
    assert len({calendar.edition for calendar in calendars}) == len(calendars)


def test_a_calendar_that_has_all_days_off_is_not_one_that_has_weekends_beside_them() -> None:
    first, last = date(2024, 1, 1), date(2024, 1, 31)
    usual = WorkingCalendar([], first=first, last=last)
    other = WorkingCalendar([], first=first, last=last, usual_weekends=False)
    assert (usual.is_working_day("2024-01-06"), other.is_working_day("2024-01-06")) == (False, True)
    assert usual.edition != other.edition
    assert usual != other


# Wrong places --------------------------------------------------------------------------------------------------

WRONG = {
    "a country by its name": (("Ireland",), "no calendar of the country 'Ireland'. Did you mean 'IE' (Ireland)"),
    "a misspelt name": (("Irland",), "Did you mean 'IE' (Ireland)"),
    "small letters": (("ie",), "Did you mean 'IE'"),
    "nothing like it": (("XQ7",), "no calendar of the country 'XQ7'. It is a code of ISO 3166, such as 'IE'."),
    "a number": ((353,), "no calendar of the country 353."),
    "nothing": ((None,), "no calendar of the country None."),
    "a state by its name": (("US", "Massachusetts"), "US has no subdivision 'Massachusetts'. Did you mean 'MA'"),
    "a misspelt state": (("US", "Massachusets"), "Did you mean 'MA' (Massachusetts)"),
    "a state of another country": (("US", "BY"), "US has no subdivision 'BY'."),
    "a part of a country without parts": (("IE", "D"), "IE has no subdivision 'D': it has one calendar."),
    "the United Kingdom": (("GB",), "those of its parts. Name one of them: division = 'scotland'"),
    "the United Kingdom by its other name": (("UK",), "those of its parts."),
    "a part of the United Kingdom": (("GB", "SCT"), "those of its parts."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_place_is_one_error_with_the_nearest_names(name: str) -> None:
    place, says = WRONG[name]
    arguments: Any = place
    with pytest.raises(OptionError, match=re.escape(says)) as caught:
        WorkingCalendar.of(*arguments)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("day", ["2024-04-16", "2024-04-20", "2025-04-15"])
def test_a_day_that_is_no_holiday_cannot_be_open(day: str) -> None:
    with pytest.raises(OptionError, match=f"open: {day} is no holiday of US-MA. Name only holidays"):
        WorkingCalendar.of("US", "MA", open=[day])


def test_an_open_day_beyond_the_calendar_does_nothing() -> None:
    open_late = WorkingCalendar.of("IE", last="2024-12-31", open=["2030-12-25"])
    assert open_late == WorkingCalendar.of("IE", last="2024-12-31")


def test_an_open_day_that_is_no_date() -> None:
    with pytest.raises(RecordsError, match="ISO 8601"):
        WorkingCalendar.of("IE", open=["Patriots' Day"])


# Closures, as scheme files write them --------------------------------------------------------------------------


def test_closures_are_dates_rules_in_text_and_rules_of_dateutil_together() -> None:
    from dateutil.rrule import YEARLY, rrule

    new_years_eve = rrule(YEARLY, bymonth=12, bymonthday=31, dtstart=date(1990, 1, 1))
    closures = ("RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", date(2024, 7, 5), "2024-07-08", new_years_eve)
    calendar = WorkingCalendar.uk("scotland", closures=closures)
    plain = {d for year in range(1990, 2051) for d in (date(year, 12, 24), date(year, 12, 31))}
    plain |= {date(2024, 7, 5), date(2024, 7, 8)}
    expected = {*WorkingCalendar.uk("scotland").days_off} | {day for day in plain if day.weekday() < 5}
    assert {*calendar.days_off} == expected


def test_a_rule_with_a_beginning_and_a_zone() -> None:
    rule = "DTSTART;TZID=Europe/London:20240105T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3"
    calendar = WorkingCalendar.uk("scotland", closures=[rule])
    off = {*calendar.days_off} - {*WorkingCalendar.uk("scotland").days_off}
    assert sorted(map(str, off)) == ["2024-01-05", "2024-01-19", "2024-02-02"]


@pytest.mark.parametrize("rule", ["RRULE:FREQ=HOURLY", "RRULE:FREQ=DAILY;INTERVAL=0", "RRULE:", "RRULE:FREQ=NEVER"])
def test_a_rule_that_cannot_be_read_is_one_error(rule: str) -> None:
    for make, place in ((WorkingCalendar.uk, "scotland"), (WorkingCalendar.of, "IE")):
        with pytest.raises(OptionError, match="isn't a recurrence rule of days, such as RRULE:FREQ=YEARLY"):
            make(place, closures=[rule])


@pytest.mark.parametrize("rule", ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "RRULE:FREQ=DAILY;BYMONTH=13"])
def test_a_rule_that_falls_on_no_day_closes_nothing_unseen(rule: str) -> None:
    for make, place in ((WorkingCalendar.uk, "scotland"), (WorkingCalendar.of, "IE")):
        with pytest.raises(OptionError, match=r"^closures: .* falls on no day"):
            make(place, closures=[rule])


def test_a_rule_that_falls_on_no_day_of_a_short_calendar_is_a_rule_all_the_same() -> None:
    spring: Any = {"first": "2024-03-01", "last": "2024-05-31"}
    plain = WorkingCalendar.uk("scotland", **spring)
    for rule in ("RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "RRULE:FREQ=DAILY;UNTIL=20231231"):
        assert WorkingCalendar.uk("scotland", closures=[rule], **spring) == plain


@pytest.mark.parametrize("days", ["2024-03-18", 5, None, b"2024-03-18"])
def test_days_are_given_as_a_list(days: Any) -> None:
    for argument in ("closures", "open"):
        with pytest.raises(OptionError, match=f"^{argument}: a list is wanted; for one day write {argument}="):
            WorkingCalendar.of("IE", **{argument: days})


@pytest.mark.parametrize("argument", ["known_at", "first", "last", "closures", "open"])
def test_a_date_that_cannot_be_read_names_its_argument(argument: str) -> None:
    make: Any = WorkingCalendar.of if argument == "open" else WorkingCalendar.uk
    place = "IE" if argument == "open" else "scotland"
    value = "01/09/2022" if argument in {"known_at", "first", "last"} else ["01/09/2022"]
    with pytest.raises(RecordsError, match=f"^{argument}: The text isn't a date"):
        make(place, **{argument: value})


@pytest.mark.parametrize("closures", ["2024-12-24", "RRULE:FREQ=YEARLY", date(2024, 12, 24)])
def test_one_closure_alone_is_no_list(closures: Any) -> None:
    with pytest.raises(OptionError, match="closures: a list is wanted"):
        WorkingCalendar.uk("scotland", closures=closures)
