"""Clock changes, checked against Python's own zoneinfo."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import OptionError
from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.time_zones import DAY, MICROSECOND, TimeZone, time_zone

LAW = settings(max_examples=settings().max_examples * 3 // 5)
PLACES = ["Europe/London", "Europe/Amsterdam", "Pacific/Auckland", "UTC"]
EPOCH = datetime.fromisoformat("1970-01-01")

every_place = pytest.mark.parametrize("place", PLACES)


def number(naive: datetime) -> int:
    """Count the microseconds from 1970 to a time, whatever line it is on."""
    return (naive - EPOCH) // MICROSECOND


def wall_by_zoneinfo(instant: datetime, place: str) -> datetime:
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(place)).replace(tzinfo=None)


def instant_by_zoneinfo(wall: datetime, place: str, fold: int) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(place), fold=fold).astimezone(UTC).replace(tzinfo=None)


def instants(place: str, *walls: datetime) -> list[tuple[int, int, bool]]:
    first, second, never = time_zone(place).instants(np.array([number(wall) for wall in walls]))
    return list(zip(first.tolist(), second.tolist(), never.tolist(), strict=True))


def near_a_clock_change() -> st.SearchStrategy[datetime]:
    """Draw times within hours of when clocks change: a weekend in March, April, September or October."""
    sundays = st.builds(
        lambda year, month, week: _sunday(year, month) + timedelta(weeks=week),
        st.integers(1972, 2058),
        st.sampled_from([3, 4, 9, 10]),
        st.integers(0, 4),
    )
    minutes = st.integers(-13 * 60, 15 * 60).map(lambda count: timedelta(minutes=count))
    return st.builds(lambda day, offset, edge: day + offset + edge * MICROSECOND, sundays, minutes, st.integers(-1, 1))


def _sunday(year: int, month: int) -> datetime:
    first = datetime.fromisoformat(f"{year}-{month:02}-01")
    return first + timedelta(days=6 - first.weekday())


MOMENTS = st.lists(
    st.one_of(
        st.datetimes(datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2059-12-30")), near_a_clock_change()
    ),
    min_size=1,
    max_size=40,
)
CHANGES = [datetime.fromisoformat(f"2024-{day}:00:00") for day in ("03-31T01", "10-27T01", "09-28T14", "04-06T14")]


@every_place
@LAW
@given(moments=MOMENTS)
@example(moments=[change + step * MICROSECOND for change in CHANGES for step in (-1, 0, 1)])
def test_the_clock_on_the_wall_shows_what_zoneinfo_says(place: str, moments: list[datetime]) -> None:
    shown = time_zone(place).wall(np.array([number(moment) for moment in moments]))
    assert shown.tolist() == [number(wall_by_zoneinfo(moment, place)) for moment in moments]


@every_place
@LAW
@given(walls=MOMENTS)
def test_first_and_second_instants_are_those_of_zoneinfo_and_skipped_times_never_were(
    place: str, walls: list[datetime]
) -> None:
    for wall, (first, second, never) in zip(walls, instants(place, *walls), strict=True):
        early, late = (instant_by_zoneinfo(wall, place, fold) for fold in (0, 1))
        occurred = wall_by_zoneinfo(early, place) == wall
        assert never is not occurred
        if occurred:
            assert (first, second) == (number(early), number(late))


@every_place
@LAW
@given(moments=MOMENTS)
def test_every_instant_is_the_first_or_the_second_of_what_the_clock_showed(place: str, moments: list[datetime]) -> None:
    zone = time_zone(place)
    at = np.array([number(moment) for moment in moments])
    first, second, never = zone.instants(zone.wall(at))
    assert not never.any()
    assert ((first == at) | (second == at)).all()
    assert (first <= second).all()


@pytest.mark.parametrize(
    ("place", "years"),
    [
        pytest.param("Europe/London", [1972, 2007, 2024, 2037, 2038, 2059], id="London"),
        pytest.param("Europe/Amsterdam", [1977, 2007, 2024, 2037, 2038, 2059], id="Amsterdam, since 1977"),
        pytest.param("Pacific/Auckland", [1975, 2007, 2024, 2037, 2038, 2059], id="Auckland, since 1974"),
        pytest.param("America/Recife", [2000], id="Recife, twice in seven days of 2000"),
    ],
)
def test_clocks_change_in_every_year_that_is_covered(place: str, years: list[int]) -> None:
    for year in years:
        hours = [datetime.fromisoformat(f"{year}-01-01") + timedelta(hours=hour) for hour in range(0, 365 * 24, 2)]
        found = time_zone(place).wall(np.array([number(hour) for hour in hours]))
        assert found.tolist() == [number(wall_by_zoneinfo(hour, place)) for hour in hours]
        assert len(np.unique(found - [number(hour) for hour in hours])) == 2


@pytest.mark.parametrize(
    ("place", "wall", "first", "second"),
    [
        pytest.param("Europe/London", "2024-10-27T00:59:59", "2024-10-26T23:59:59", None, id="the second before"),
        pytest.param("Europe/London", "2024-10-27T01:00:00", "2024-10-27T00:00:00", "2024-10-27T01:00:00", id="begin"),
        pytest.param("Europe/London", "2024-10-27T01:30:00", "2024-10-27T00:30:00", "2024-10-27T01:30:00", id="London"),
        pytest.param("Europe/London", "2024-10-27T01:59:59", "2024-10-27T00:59:59", "2024-10-27T01:59:59", id="end"),
        pytest.param("Europe/London", "2024-10-27T02:00:00", "2024-10-27T02:00:00", None, id="the second after"),
        pytest.param("Europe/London", "2024-07-01T12:00:00", "2024-07-01T11:00:00", None, id="summer"),
        pytest.param("Europe/London", "1970-01-01T12:00:00", "1970-01-01T11:00:00", None, id="british standard time"),
        pytest.param(
            "Europe/Amsterdam", "2024-10-27T02:30:00", "2024-10-27T00:30:00", "2024-10-27T01:30:00", id="Amsterdam"
        ),
        pytest.param(
            "Pacific/Auckland", "2024-04-07T02:30:00", "2024-04-06T13:30:00", "2024-04-06T14:30:00", id="Auckland"
        ),
        pytest.param("UTC", "2024-10-27T01:30:00", "2024-10-27T01:30:00", None, id="UTC"),
    ],
)
def test_an_hour_that_occurs_twice_has_two_instants_and_any_other_has_one(
    place: str, wall: str, first: str, second: str | None
) -> None:
    expected = [number(datetime.fromisoformat(moment)) for moment in (first, second or first)]
    assert instants(place, datetime.fromisoformat(wall)) == [(*expected, False)]


@pytest.mark.parametrize(
    ("place", "wall", "never"),
    [
        pytest.param("Europe/London", "2024-03-31T00:59:59.999999", False, id="the moment before"),
        pytest.param("Europe/London", "2024-03-31T01:00:00", True, id="the first moment skipped"),
        pytest.param("Europe/London", "2024-03-31T01:59:59.999999", True, id="the last moment skipped"),
        pytest.param("Europe/London", "2024-03-31T02:00:00", False, id="the moment after"),
        pytest.param("Europe/Amsterdam", "2024-03-31T01:30:00", False, id="an hour earlier in Amsterdam"),
        pytest.param("Europe/Amsterdam", "2024-03-31T02:30:00", True, id="Amsterdam"),
        pytest.param("Pacific/Auckland", "2024-09-29T02:30:00", True, id="Auckland"),
        pytest.param("Pacific/Apia", "2011-12-30T12:00:00", True, id="a whole day in Samoa"),
        pytest.param("UTC", "2024-03-31T01:30:00", False, id="UTC"),
    ],
)
def test_times_that_clocks_skipped_never_occurred(place: str, wall: str, never: bool) -> None:
    assert [found for _, _, found in instants(place, datetime.fromisoformat(wall))] == [never]


@every_place
def test_missing_times_stay_missing_among_others(place: str) -> None:
    zone = time_zone(place)
    noon = number(datetime.fromisoformat("2024-01-01T12:00"))
    times = np.array([MISSING, noon, MISSING])
    assert (zone.wall(times) == MISSING).tolist() == [True, False, True]
    first, second, never = zone.instants(times)
    assert (first == MISSING).tolist() == (second == MISSING).tolist() == [True, False, True]
    assert not never.any()


@every_place
def test_no_times_give_no_times(place: str) -> None:
    zone = time_zone(place)
    nothing = np.array([], np.int64)
    answers = [zone.wall(nothing), *zone.instants(nothing), zone.skips_an_hour(nothing)]
    assert [answer.tolist() for answer in answers] == [[]] * 5


@pytest.mark.parametrize(
    ("place", "skipping"),
    [
        ("Europe/London", {date(2023, 3, 26), date(2024, 3, 31), date(2025, 3, 30)}),
        ("Europe/Amsterdam", {date(2023, 3, 26), date(2024, 3, 31), date(2025, 3, 30)}),
        ("Pacific/Auckland", {date(2023, 9, 24), date(2024, 9, 29), date(2025, 9, 28)}),
        ("UTC", set()),
    ],
)
def test_the_days_on_which_clocks_go_forward_are_known(place: str, skipping: set[date]) -> None:
    days = np.arange("2023-01-01", "2026-01-01", dtype="M8[D]")
    found = time_zone(place).skips_an_hour(days.astype(np.int64))
    assert set(days[found].tolist()) == skipping


@every_place
def test_days_missing_or_far_away_skip_no_hour(place: str) -> None:
    far = np.array([MISSING, -10_000_000, 10_000_000])
    assert time_zone(place).skips_an_hour(far).tolist() == [False, False, False]


def test_before_and_after_the_years_covered_the_nearest_offset_holds() -> None:
    london = time_zone("Europe/London")
    moments = [datetime.fromisoformat(text) for text in ("1900-07-01T12:00", "2100-07-01T12:00")]
    offsets = london.wall(np.array([number(moment) for moment in moments])) - [number(moment) for moment in moments]
    assert offsets.tolist() == [DAY // 24, 0]


def test_a_place_is_looked_up_once() -> None:
    assert time_zone("Europe/London") is time_zone("Europe/London")
    assert time_zone("Europe/London").name == "Europe/London"


@pytest.mark.parametrize("name", ["Europe/Lundon", "", "Europe", "/etc/localtime", "../UTC", "GMT+25", "Europe/\0"])
def test_an_unknown_place_is_refused_with_a_usual_one(name: Any) -> None:
    with pytest.raises(OptionError, match=r"There is no time zone .*'Europe/London'"):
        TimeZone(name)
