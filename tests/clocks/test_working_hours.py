"""Working hours: due and elapsed worked out on paper, then against a loop over five minutes at a time."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import (
    CoverageError,
    Deadlines,
    Scheme,
    SchemeError,
    WrittenContact,
    assess,
    deadlines,
    load_scheme,
    measure,
    tally,
    worklist,
)
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar

LONDON = ZoneInfo("Europe/London")
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NINE_TO_FIVE: dict[str, Any] = {day: ["09:00", "17:00"] for day in WEEK[:5]}
LUNCH: dict[str, Any] = {day: [["09:00", "12:30"], ["13:30", "17:00"]] for day in WEEK[:5]}
SATURDAYS: dict[str, Any] = {**NINE_TO_FIVE, "saturday": ["09:00", "13:00"]}
NIGHTS: dict[str, Any] = {"sunday": ["00:00", "06:00"]}
HALF_PAST_ONE: dict[str, Any] = {"sunday": ["01:30", "06:00"]}
ALWAYS: dict[str, Any] = {day: ["00:00", "24:00"] for day in WEEK}
MONDAYS: dict[str, Any] = {"monday": ["09:00", "17:00"]}


def scheme_of(limit: str, opening: Mapping[str, Any] = NINE_TO_FIVE, **keys: Any) -> Scheme:
    target = {
        "id": "answered", "says": "Answered soon", "of": "written_contacts", "start": "received_at",
        "stop": "handled_at", "limit": limit, "cohort": "received",
    }  # fmt: skip
    declared = {"id": "own", "title": "Own", "source": "A notice", "division": "england-and-wales"}
    return Scheme.model_validate({**declared, "opening": opening, "targets": [target], **keys})


def letter(received: object, handled: object = None, name: str = "W") -> dict[str, Any]:
    return {"contact_id": name, "received_at": received, "handled_at": handled}


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


ON_PAPER = [
    pytest.param(NINE_TO_FIVE, "2024-03-01T16:00", 4, "2024-03-04T12:00", id="friday-afternoon"),
    pytest.param(NINE_TO_FIVE, "2024-03-01T09:00", 8, "2024-03-01T17:00", id="a-whole-day"),
    pytest.param(NINE_TO_FIVE, "2024-03-04T07:30", 1, "2024-03-04T10:00", id="before-opening"),
    pytest.param(NINE_TO_FIVE, "2024-03-04T17:00", 1, "2024-03-05T10:00", id="at-closing-time"),
    pytest.param(NINE_TO_FIVE, "2024-03-02T12:00", 2, "2024-03-04T11:00", id="on-a-saturday"),
    pytest.param(NINE_TO_FIVE, "2024-03-04T09:00", 20, "2024-03-06T13:00", id="two-days-and-a-half"),
    pytest.param(NINE_TO_FIVE, "2024-03-28T16:00", 4, "2024-04-02T12:00", id="over-easter-and-the-clocks-forward"),
    pytest.param(NINE_TO_FIVE, "2023-03-24T16:00", 4, "2023-03-27T12:00", id="the-clocks-go-forward"),
    pytest.param(NINE_TO_FIVE, "2024-10-25T16:00", 4, "2024-10-28T12:00", id="the-clocks-go-back"),
    pytest.param(NINE_TO_FIVE, "2024-12-24T15:00", 4, "2024-12-27T11:00", id="over-christmas"),
    pytest.param(LUNCH, "2024-03-04T11:30", 2, "2024-03-04T14:30", id="over-lunch"),
    pytest.param(LUNCH, "2024-03-04T12:45", 1, "2024-03-04T14:30", id="during-lunch"),
    pytest.param(LUNCH, "2024-03-04T09:00", 7, "2024-03-04T17:00", id="a-whole-day-with-lunch"),
    pytest.param(SATURDAYS, "2024-03-01T16:00", 2, "2024-03-02T10:00", id="open-on-saturdays"),
    pytest.param(SATURDAYS, "2026-12-24T16:00", 2, "2026-12-29T10:00", id="boxing-day-is-that-saturday"),
    pytest.param(MONDAYS, "2024-03-04T16:00", 4, "2024-03-11T12:00", id="open-on-mondays"),
    pytest.param(MONDAYS, "2024-03-25T16:00", 4, "2024-04-08T12:00", id="but-not-on-easter-monday"),
    pytest.param(NIGHTS, "2024-03-31T00:30", 4, "2024-03-31T05:30", id="an-hour-is-skipped-while-it-is-open"),
    pytest.param(NIGHTS, "2024-10-27T00:30", 4, "2024-10-27T03:30", id="an-hour-occurs-twice-while-it-is-open"),
    pytest.param(HALF_PAST_ONE, "2024-03-30T12:00", 1, "2024-03-31T03:00", id="the-opening-time-is-skipped"),
    pytest.param(HALF_PAST_ONE, "2024-10-26T12:00", 1, "2024-10-27T01:30+00:00", id="the-opening-time-occurs-twice"),
    pytest.param(ALWAYS, "2024-02-28T22:00", 4, "2024-02-29T02:00", id="open-round-the-clock"),
]  # fmt: skip


@pytest.mark.parametrize(("opening", "received", "hours", "due"), ON_PAPER)
def test_time_is_used_up_at_the_time_worked_out_on_paper(
    opening: dict[str, Any], received: str, hours: int, due: str
) -> None:
    end = datetime.fromisoformat(due) if "+" in due else london(due)
    end = end.astimezone(UTC)
    stops = [end, end + timedelta(microseconds=1)]
    rows = [letter(london(received), stop, f"W{place}") for place, stop in enumerate(stops)]
    found = assess(scheme_of(f"{hours} working hours", opening), written_contacts=rows, as_of="2027-06-30")
    assert found["status"].tolist() == ["met", "late"]
    assert [str(moment) for moment in found["due"]] == [str(end.astimezone(LONDON).replace(tzinfo=None))] * 2
    assert found["elapsed"].tolist()[0] == hours
    less = assess(scheme_of(f"< {hours} working hours", opening), written_contacts=rows, as_of="2027-06-30")
    assert less["status"].tolist() == ["late", "late"]
    (told,) = deadlines(scheme_of(f"{hours} working hours", opening), WrittenContact(**letter(london(received))),
                        as_of=london(received))  # fmt: skip
    assert told.due == end
    assert (told.left, told.unit, told.status) == (hours, "working hours", "pending")


USED = [
    pytest.param("2024-03-01T16:00", "2024-03-01T16:00", 0, "met", id="at-once"),
    pytest.param("2024-03-01T16:00", "2024-03-01T16:15", 0.25, "met", id="a-quarter-of-an-hour"),
    pytest.param("2024-03-01T16:00", "2024-03-01T17:00", 1, "met", id="at-closing-time"),
    pytest.param("2024-03-01T16:00", "2024-03-01T17:01", 1, "late", id="a-minute-after-closing-time"),
    pytest.param("2024-03-01T16:00", "2024-03-03T12:00", 1, "late", id="on-sunday"),
    pytest.param("2024-03-01T16:00", "2024-03-04T09:00", 1, "late", id="when-the-office-opens-again"),
    pytest.param("2024-03-01T16:00:01", "2024-03-04T09:00", 3599 / 3600, "met", id="a-second-was-left"),
    pytest.param("2024-03-02T10:00", "2024-03-02T12:00", 0, "met", id="all-on-saturday"),
    pytest.param("2024-03-02T10:00", "2024-03-04T09:30", 0.5, "met", id="from-saturday-to-monday"),
    pytest.param("2024-03-28T16:30", "2024-04-02T09:30", 1, "met", id="over-easter"),
]


@pytest.mark.parametrize(("received", "handled", "elapsed", "status"), USED)
def test_elapsed_time_is_exact_and_what_is_due_at_closing_time_is_late_from_then_on(
    received: str, handled: str, elapsed: float, status: str
) -> None:
    rows = [letter(received, handled)]
    (row,) = assess(scheme_of("1 working hour"), written_contacts=rows, as_of="2024-06-30").to_dict("records")
    assert (row["elapsed"], row["status"], row["unit"]) == (elapsed, status, "working hours")


def test_while_the_office_is_closed_an_open_clock_stands_and_is_overdue_once_its_time_is_used_up() -> None:
    rows = [letter("2024-03-01T16:00", name="due"), letter("2024-03-01T16:00:01", name="not-yet")]
    for as_of, statuses in (
        ("2024-03-01T17:00", ["pending", "pending"]),
        ("2024-03-01", ["overdue", "pending"]),
        ("2024-03-03", ["overdue", "pending"]),
        ("2024-03-04T09:00:01", ["overdue", "pending"]),
        ("2024-03-04T09:00:02", ["overdue", "overdue"]),
    ):
        found = assess(scheme_of("1 working hour"), written_contacts=rows, as_of=as_of)
        assert found["status"].tolist() == statuses, as_of


# The same once more, five minutes at a time. Opening hours don't begin or end within the hour that occurs twice.
STEP = timedelta(minutes=5)
HOLIDAYS = {date(2024, 3, 29), date(2024, 4, 1), date(2024, 12, 25), date(2024, 12, 26)}
SPANS = [datetime(*day, tzinfo=UTC) for day in ((2024, 3, 27), (2024, 10, 24), (2024, 12, 23))]
ENDS = st.integers(0, 288).filter(lambda five: not 12 < five < 24)


def written(fives: int) -> str:
    return f"{fives // 12:02}:{fives % 12 * 5:02}"


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, Any]:
    """Draw opening hours of some weekdays: one stretch, two or three."""
    week = {}
    for name in draw(st.lists(st.sampled_from(WEEK), min_size=3, unique=True)):
        ends = sorted(draw(st.sets(ENDS, min_size=2, max_size=6)))
        week[name] = [[written(a), written(b)] for a, b in zip(ends[::2], ends[1::2], strict=False)]
    return week


def is_open(moment: datetime, opening: Mapping[str, Any]) -> bool:
    """Tell whether the office is open in the five minutes from a moment on."""
    wall = moment.astimezone(LONDON)
    if wall.date() in HOLIDAYS:
        return False
    return any(begin <= f"{wall:%H:%M}" < end for begin, end in opening.get(WEEK[wall.weekday()], ()))


def steps(start: datetime, opening: Mapping[str, Any]) -> Iterator[tuple[datetime, int]]:
    """Give one moment after the other, and how many open steps have passed until then."""
    passed = 0
    while True:
        yield start, passed
        passed += is_open(start, opening)
        start += STEP


def in_loop(start: datetime, stop: datetime, allowed: int, opening: Mapping[str, Any]) -> tuple[str, datetime, int]:
    """Give the status, when the time is used up, and how many steps passed until the stop."""
    due = elapsed = None
    for moment, passed in steps(start, opening):
        due = moment if due is None and passed == allowed else due
        elapsed = passed if moment == stop else elapsed
        if due is not None and elapsed is not None:
            return ("met" if stop <= due else "late"), due, elapsed
    raise AssertionError


@settings(max_examples=settings().max_examples // 4, deadline=None)
@given(
    opening=weeks(),
    hours=st.integers(0, 6),
    pairs=st.lists(
        st.tuples(st.sampled_from(SPANS), st.integers(0, 4 * 288), st.integers(0, 3 * 288)), min_size=1, max_size=6
    ),
)
def test_any_opening_hours_give_what_a_loop_over_five_minutes_gives(
    opening: dict[str, Any], hours: int, pairs: list[tuple[datetime, int, int]]
) -> None:
    moments = [(span + begin * STEP, span + (begin + length) * STEP) for span, begin, length in pairs]
    rows = [letter(start, stop, f"W{place}") for place, (start, stop) in enumerate(moments)]
    found = assess(scheme_of(f"{hours} working hours", opening), written_contacts=rows, as_of="2025-06-30")
    for row, (start, stop) in zip(found.to_dict("records"), moments, strict=True):
        status, due, elapsed = in_loop(start, stop, hours * 12, opening)
        assert (row["status"], round(row["elapsed"] * 12, 6)) == (status, elapsed)
        assert row["due"] == due.astimezone(LONDON).replace(tzinfo=None)


@settings(max_examples=settings().max_examples // 2, deadline=None)
@given(opening=weeks(), minutes=st.lists(st.integers(0, 20 * 1440), min_size=2, max_size=30).map(sorted))
def test_open_time_only_grows_and_what_it_has_reached_is_found_again(
    opening: dict[str, Any], minutes: list[int]
) -> None:
    open_time = scheme_of("1 working hour", opening).calendar.open_time
    assert open_time is not None
    base = int(SPANS[0].timestamp()) * 1_000_000
    points = base + np.array(minutes) * 60_000_000
    passed = open_time.before(points)
    assert all(before <= after for before, after in pairwise(passed.tolist()))
    reached = open_time.reached(passed)
    assert (open_time.before(reached) == passed).all()
    assert (reached <= points).all()
    assert (open_time.rests(points - 1, points) == (reached < points)).all()
    opens = open_time.opens(points)
    assert (open_time.before(opens) == passed).all()
    assert (open_time.before(opens + 1) == passed + 1).all()


@pytest.mark.parametrize("place", ["Australia/Sydney", "America/New_York", "Asia/Kolkata", "UTC"])
def test_the_day_of_another_place_may_lie_on_two_days_of_utc(place: str) -> None:
    scheme = scheme_of("4 working hours", time_zone=place)
    start = datetime(2024, 2, 2, 16, tzinfo=ZoneInfo(place))  # a Friday
    (found,) = deadlines(scheme, WrittenContact(**letter(start)), as_of=start)
    assert found.due == datetime(2024, 2, 5, 12, tzinfo=ZoneInfo(place))


BAD = [
    pytest.param({"monday": ["17:00", "08:30"]}, "monday: 17:00 to 08:30 ends before it begins; write", id="backwards"),
    pytest.param({"monday": ["09:00", "09:00"]}, "monday: 09:00 to 09:00 ends when it begins; write", id="nothing"),
    pytest.param({"monday": [["12:00", "17:00"], ["09:00", "12:30"]]},
                 "monday: 12:00 to 17:00 overlaps 09:00 to 12:30; write hours that are apart", id="overlap"),
    pytest.param({"mondy": ["09:00", "17:00"]}, "'mondy' is no weekday. Did you mean 'monday'", id="no-weekday"),
    pytest.param({"monday": ["9am", "17:00"]}, "monday: '9am' isn't a time of day; write it like", id="no-time"),
    pytest.param({"monday": ["09:00", "24:01"]}, "monday: '24:01' isn't a time of day", id="after-midnight"),
    pytest.param({"monday": ["09:00"]}, "monday: write from when to when, such as monday = ", id="no-closing-time"),
    pytest.param({"monday": "09:00-17:00"}, "monday: write from when to when, such as monday = ", id="text"),
    pytest.param({"monday": []}, "there is no weekday with opening hours; write one", id="never-open"),
    pytest.param({}, "opening hours are a table such as", id="empty"),
    pytest.param(["09:00", "17:00"], "opening hours are a table such as", id="no-table"),
]  # fmt: skip


def toml(value: Any) -> str:
    """Write tables, lists and texts as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + " }"
    return repr(value)


SCHEME = """
id = "own"
title = "Own"
source = "A notice"
division = "england-and-wales"
{opening}
[[target]]
id = "answered"
says = "Answered soon"
of = "written_contacts"
start = "received_at"
stop = "handled_at"
limit = "4 working hours"
cohort = "received"
"""


@pytest.mark.parametrize(("opening", "said"), BAD)
def test_bad_opening_hours_are_one_error_that_names_file_key_and_remedy(
    opening: Any, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SCHEME.format(opening=f"opening = {toml(opening)}"), "utf-8")
    with pytest.raises(SchemeError) as error:
        load_scheme(path)
    assert f"own.toml: opening: {said}" in str(error.value)


@pytest.mark.parametrize("opening", [NINE_TO_FIVE, LUNCH, SATURDAYS, ALWAYS], ids=["plain", "lunch", "saturday", "all"])
def test_a_scheme_file_with_opening_hours_is_written_back(opening: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SCHEME.format(opening=f"opening = {toml(opening)}"), "utf-8")
    scheme = load_scheme(path)
    assert scheme.model_dump(mode="json")["opening"] == opening
    again = Scheme.model_validate_json(scheme.model_dump_json(exclude_unset=True))
    assert (again, again.digest) == (scheme, scheme.digest)
    assert again.calendar == scheme.calendar
    assert scheme_of("1 working hour", MONDAYS).calendar != scheme_of("1 working hour").calendar
    path.write_text(SCHEME.format(opening="opening.monday = [09:00:00, 17:00:00]"), "utf-8")  # times of TOML
    assert load_scheme(path).model_dump(mode="json")["opening"] == MONDAYS


def test_working_hours_without_opening_hours_are_one_error(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SCHEME.format(opening=""), "utf-8")
    with pytest.raises(SchemeError, match=r"own\.toml: target answered: Working hours need opening hours: opening = "):
        load_scheme(path)
    average = {"measure": "average", "counted_in": "working hours", "limit": None}
    target = {"id": "a", "says": "a", "of": "calls", "start": "offered_at", "stop": "answered_at", "cohort": "closed"}
    with pytest.raises(SchemeError, match="target a: Working hours need opening hours"):
        load_scheme("lgsco").with_target(**target, **{name: part for name, part in average.items() if part})
    with pytest.raises(SchemeError, match="Working hours need opening hours"):
        worklist(load_scheme("lgsco"), cases=[{"case_id": "A", "received_at": "2024-03-28"}], as_of="2024-04-02",
                 within="4 working hours")  # fmt: skip


def test_opening_hours_on_days_that_are_all_closed_are_one_error(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    saturdays = "opening = { saturday = ['09:00', '13:00'] }\nclosures = ['RRULE:FREQ=WEEKLY;BYDAY=SA']"
    path.write_text(SCHEME.format(opening=saturdays), "utf-8")
    with pytest.raises(SchemeError, match=r"own\.toml: target answered: The office is never open: on each"):
        load_scheme(path)
    scheme = scheme_of("4 working hours", {"saturday": ["09:00", "13:00"]})
    with pytest.raises(SchemeError, match="target answered: The office is never open"):
        scheme.with_calendar(closures=["RRULE:FREQ=WEEKLY;BYDAY=SA"])


@pytest.mark.parametrize("part", ["09:00:00.5", "09:00:00.000001"])
def test_parts_of_seconds_in_opening_hours_are_not_dropped(part: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SCHEME.format(opening=f"opening = {{ monday = [{part}, 17:00:00] }}"), "utf-8")
    with pytest.raises(SchemeError, match=r"own\.toml: opening: monday: '09:00:00\.[0-9]+' isn't a time of day"):
        load_scheme(path)


def test_what_is_late_by_a_microsecond_is_not_late_by_nothing() -> None:
    """Received on Friday at 16:00, 4 working hours end on Monday at 12:00."""
    row = letter("2024-03-01T16:00", "2024-03-04T12:00:00.000001")
    (found,) = deadlines(scheme_of("4 working hours"), WrittenContact(**row), as_of="2024-03-05")
    assert "Handled Mon 4 Mar 2024 12:00:00.000001: 0.000001 working seconds late." in found.explain().splitlines()
    assert "-0.000001 working seconds" in repr(deadlines(scheme_of("4 working hours"), WrittenContact(**row),
                                                         as_of="2024-03-05"))  # fmt: skip


def test_a_scheme_without_opening_hours_keeps_its_digest_and_a_calendar_with_them_its_edition() -> None:
    assert "opening" not in load_scheme("lgsco").model_dump(mode="json")
    plain = WorkingCalendar.uk("england-and-wales")
    assert scheme_of("1 working hour").calendar.edition == plain.edition
    assert scheme_of("1 working hour", SATURDAYS).calendar.edition != plain.edition  # a Saturday may be a holiday
    days = np.arange("2024-01-01", "2027-01-01", dtype="M8[D]")
    opened = scheme_of("1 working hour", SATURDAYS).calendar
    assert (opened.is_working_day(days) == plain.is_working_day(days)).all()


def test_dates_without_a_time_of_day_are_too_little() -> None:
    with pytest.raises(ValueError, match="has only dates, but target 'answered'"):
        assess(scheme_of("4 working hours"), written_contacts=[letter("2024-03-01", "2024-03-04")], as_of="2024-06-30")


def test_due_times_are_provisional_after_the_last_announced_day_and_invalid_after_the_calendar() -> None:
    rows = [
        letter("2028-12-29T16:00", name="certain"), letter("2028-12-29T16:00:01", name="next-year"),
    ]  # fmt: skip  # a Friday; the next working day is Tuesday 2 January 2029
    counted = tally(scheme_of("1 working hour"), written_contacts=rows, as_of="2028-12-30").to_arrow()
    assert sum(counted["provisional"].to_pylist()) == 1
    one = [
        deadlines(scheme_of("1 working hour"), WrittenContact(**row), as_of="2028-12-30")[0].provisional for row in rows
    ]
    assert one == [False, True]
    rows = [letter("2050-12-30T16:00", name="in"), letter("2050-12-30T16:00:01", name="beyond")]  # the last Friday
    found = assess(scheme_of("1 working hour"), written_contacts=rows, as_of="2050-12-30T16:30")
    assert found["status"].tolist() == ["pending", "invalid"]
    assert found["reason"].tolist() == ["", "due day is after the calendar's last day"]
    with pytest.raises(CoverageError, match="beyond the calendar"):
        worklist(scheme_of("1 working hour"), written_contacts=rows, as_of="2050-12-30T16:30", within="1 working hour")


def test_a_closure_matters_to_a_tally_as_far_as_a_time_that_starts_at_as_of_is_due() -> None:
    rows = [letter("2024-03-01T10:00", "2024-03-01T11:00")]
    tallies = [
        tally(scheme_of("10 working hours", closures=[day]), written_contacts=rows, as_of="2024-03-28T16:00")
        for day in ("2024-04-03", "2024-04-04", "2024-04-05")
    ]
    # From Thursday 28 March 16:00, 10 hours are 1 on that day, 8 on Tuesday 2 April and 1 on Wednesday 3 April.
    assert [item.basis.last_day.isoformat() for item in tallies if item.basis is not None] == [
        "2024-04-04",
        "2024-04-03",
        "2024-04-03",
    ]


EXPLAINED = [
    pytest.param(
        letter("2024-03-30T10:00"), "2024-04-02T10:00",
        ["Received Sat 30 Mar 2024 10:00.",
         "The office was closed, and opened next on Tue 2 Apr 2024 09:00 (weekend and Easter Monday skipped).",
         "4 working hours from then end Tue 2 Apr 2024 13:00: the last moment in time.",
         "Not yet handled by Tue 2 Apr 2024 10:00: 3 working hours left."],
        id="outside-opening-hours",
    ),
    pytest.param(
        letter("2024-03-28T16:00", "2024-04-02T12:45"), "2024-04-30",
        ["Received Thu 28 Mar 2024 16:00.",
         "4 working hours from then (weekend, Good Friday and Easter Monday skipped) ended Tue 2 Apr 2024 12:00: the "
         "last moment in time.",
         "Handled Tue 2 Apr 2024 12:45: 45 working minutes late."],
        id="over-easter",
    ),
    pytest.param(
        letter("2024-03-01T13:00", "2024-03-01T18:00"), "2024-04-30",
        ["Received Fri 1 Mar 2024 13:00.",
         "4 working hours from then ended Fri 1 Mar 2024 17:00: the last moment in time.",
         "Handled Fri 1 Mar 2024 18:00: late."],
        id="after-closing-time",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "as_of", "said"), EXPLAINED)
def test_due_times_are_explained(row: dict[str, Any], as_of: str, said: list[str]) -> None:
    found = deadlines(scheme_of("4 working hours"), WrittenContact(**row), as_of=as_of)
    assert found[0].explain().splitlines()[: len(said)] == said
    assert list(Deadlines.from_json(found.to_json())) == list(found)


def test_a_closed_weekday_is_skipped_by_its_name() -> None:
    (found,) = deadlines(scheme_of("4 working hours", MONDAYS), WrittenContact(**letter("2024-03-04T16:00")),
                         as_of="2024-03-04T16:00")  # fmt: skip
    assert "(weekend, Tuesday, Wednesday, Thursday and Friday skipped) end Mon 11 Mar 2024 12:00" in found.explain()


@pytest.mark.parametrize(
    ("first", "end", "handled", "status", "due"),
    [  # received Friday 16:00; 4 hours end on Monday 12:00, open 9 to 17
        ("2024-03-01T16:30", "2024-03-04T10:00", "2024-03-04T13:30", "met", "2024-03-04T13:30"),  # half an hour and one
        ("2024-03-01T16:30", "2024-03-04T10:00", "2024-03-04T13:31", "late", "2024-03-04T13:30"),
        ("2024-03-02T10:00", "2024-03-03T18:00", "2024-03-04T12:01", "late", "2024-03-04T12:00"),  # while it was closed
        ("2024-03-04T12:30", "2024-03-04T15:00", "2024-03-04T14:00", "late", "2024-03-04T12:00"),  # nothing is cured
        ("2024-03-04T11:00", "2024-03-04T16:00", "2024-03-04T17:30", "late", "2024-03-04T17:00"),  # at closing time
    ],
)
def test_open_time_stands_still_by_the_instant(first: str, end: str, handled: str, status: str, due: str) -> None:
    scheme = scheme_of("4 working hours")
    scheme = scheme.with_target(scheme.targets[0].id, clock={"pauses": "allowed"})
    row = letter("2024-03-01T16:00", name="A") | {"handled_at": handled}
    events = [{"contact_id": "A", "event": event, "at": at} for event, at in (("paused", first), ("resumed", end))]
    (found,) = deadlines(scheme, WrittenContact(**row), events=events, as_of="2024-03-05")
    assert (found.status, str(found.due)[:16].replace(" ", "T")) == (status, due)


def test_worklists_take_working_hours_and_are_in_them() -> None:
    rows = [letter("2024-03-01T16:00", name="A"), letter("2024-03-01T16:30", name="B")]
    scheme = scheme_of("4 working hours")
    for within, names in (("3 working hours", ["A"]), ("4 working hours", ["A", "B"]), ("2 hours", [])):
        found = worklist(scheme, written_contacts=rows, as_of="2024-03-01T17:00", within=within)
        assert found["id"].tolist() == names, within
    assert worklist(scheme, written_contacts=rows, as_of="2024-03-01T17:00")["left"].tolist() == [3, 3.5]


@pytest.mark.parametrize(
    ("limit", "received", "as_of", "within", "listed"),
    [
        # Friday 13:30 and 4 working hours are Monday 9:30: at 16:30 on Friday one is left, and it is 65 hours away.
        ("4 working hours", "2024-03-01T13:30", "2024-03-01T16:30", "1 working hour", True),
        ("4 working hours", "2024-03-01T13:30", "2024-03-01T16:30", "2 hours", False),
        ("4 working hours", "2024-03-01T13:30", "2024-03-01T16:30", "65 hours", True),
        # Friday 10:00 and 24 hours are Saturday 10:00: at 16:00 on Friday 4 working hours end on Monday 12:00.
        ("24 hours", "2024-03-01T10:00", "2024-03-01T16:00", "4 working hours", True),
        ("24 hours", "2024-03-01T10:00", "2024-03-01T16:00", "1 working hour", False),
        ("24 hours", "2024-03-01T10:00", "2024-03-01T16:00", "17 hours", False),
        ("24 hours", "2024-03-01T10:00", "2024-03-01T16:00", "18 hours", True),
    ],
)
def test_what_is_due_soon_in_another_unit_goes_by_the_time_it_is_due(
    limit: str, received: str, as_of: str, within: str, listed: bool
) -> None:
    found = worklist(scheme_of(limit), written_contacts=[letter(received)], as_of=as_of, within=within)
    assert len(found) == listed


def test_an_average_in_working_hours_is_exact() -> None:
    average = {"id": "mean", "says": "On average", "measure": "average", "of": "written_contacts", "cohort": "closed",
               "start": "received_at", "stop": "handled_at", "counted_in": "working hours",
               "standard": "at most 4 working hours"}  # fmt: skip
    scheme = scheme_of("1 working hour", targets=[average])
    rows = [letter("2024-03-01T16:00", "2024-03-04T11:00", "A"), letter("2024-03-02T16:00", "2024-03-04T14:00:01", "B")]
    (row,) = measure(scheme, written_contacts=rows, as_of="2024-06-30")
    assert (row.exact, row.unit) == (Fraction(3 * 3600 + 5 * 3600 + 1, 2 * 3600), "working hours")
    assert row.status == "missed"
