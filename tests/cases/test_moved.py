"""Open deadlines that an announcement moved: facts worked by hand, and a plain loop over the days."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pandas as pd
import polars as pl
import pytest

from ombudsman_kpi import OptionError, RecordsError, Scheme, load_scheme, moved

LGSCO = load_scheme("lgsco")
TARGET = "decided-or-allocated-20wd"
FUNERAL, CORONATION = date(2022, 9, 19), date(2023, 5, 8)
ANNOUNCED = {FUNERAL: date(2022, 9, 9), CORONATION: date(2022, 11, 10)}


def case(name: str, received: str, **more: Any) -> dict[str, Any]:
    return {"case_id": name, "received_at": received, "allocated_at": None, "decided_at": None, **more}


CASES = [
    case("A1", "2022-09-01"),
    case("A2", "2022-09-01", decided_at="2022-09-08"),  # decided before
    case("A3", "2022-08-15"),  # due on 13 September, before the holiday
    case("A4", "2022-09-08"),  # the day before the announcement
    case("A5", "2022-09-09"),  # the day of it: set when it was known
    case("A6", "2022-09-20"),
    case("A7", "2022-08-19", withdrawn_at="2022-09-10"),
    case("A8", "2022-08-18"),  # due on Friday 16 September
    case("A9", "2022-08-22"),  # due on Tuesday 20 September
    case("A10", "2022-09-01", decided_at="2022-09-30"),  # decided later than known_to
]


def names(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    before, after = (rows[name].dt.strftime("%Y-%m-%d") for name in ("due_before", "due_after"))
    return list(zip(rows["id"], before, after, strict=True))


def test_open_deadlines_over_the_state_funeral() -> None:
    rows = moved(LGSCO, cases=CASES, known_from="2022-09-01", known_to="2022-09-12", targets=TARGET)
    # From Monday 22 August, over the bank holiday of the 29th, day 19 is Monday 19 September.
    assert names(rows) == [
        ("A9", "2022-09-20", "2022-09-21"),
        ("A1", "2022-09-29", "2022-09-30"),
        ("A10", "2022-09-29", "2022-09-30"),
        ("A4", "2022-10-06", "2022-10-07"),
    ]
    assert list(rows.columns) == [
        "target", "record", "id", "row", "party", "start", "due_before", "due_after", "status",
    ]  # fmt: skip
    assert rows["row"].tolist() == [8, 0, 9, 3]
    assert set(rows["status"]) == {"pending"}
    assert set(rows["target"]) == {TARGET}


def test_only_an_announcement_between_the_two_days_counts() -> None:
    for known_from, known_to in (("2022-09-09", "2022-09-30"), ("2022-09-01", "2022-09-08"), ("2022-09-10",) * 2):
        rows = moved(LGSCO, cases=CASES, known_from=known_from, known_to=known_to)
        assert len(rows) == 0
        assert "due_before" in rows


def test_a_holiday_that_moved_brings_a_deadline_forward() -> None:
    # 48 weeks from Monday 3 June 2019 end on Monday 4 May 2020, and roll on to the 5th if that is a bank holiday.
    # It was one until 10 June 2019, in Scotland's list until 2 July.
    scheme = LGSCO.with_target(TARGET, limit="48 weeks", clock={"non_working_due": "next working day"})
    received = [case("B1", "2019-06-03")]
    for division, before, on in (
        ("england-and-wales", "2019-06-09", "2019-06-10"),
        ("scotland", "2019-07-01", "2019-07-02"),
    ):
        mine = scheme.with_calendar(division=division)
        assert names(moved(mine, cases=received, known_from="2019-06-03", known_to=before, targets=TARGET)) == []
        rows = moved(mine, cases=received, known_from="2019-06-03", known_to=on, targets=TARGET)
        assert names(rows) == [("B1", "2020-05-05", "2020-05-04")]


def test_parties_of_a_case_and_the_intervals_between_contacts() -> None:
    events = [
        {"case_id": "C1", "event": "contact", "at": day, "party": party, "direction": "out"}
        for party, day in (("complainant", "2022-07-20"), ("complainant", "2022-09-01"), ("organisation", "2022-08-10"))
    ]
    rows = moved(
        LGSCO, cases=[case("C1", "2022-06-01", allocated_at="2022-07-01")], events=events, known_from="2022-09-01",
        known_to="2022-09-12", targets="keep-in-touch-intervals-20wd",
    )  # fmt: skip
    # 20 working days after 10 August end on 8 September, before the holiday; those after 1 September move.
    assert [(party, *pair[1:]) for party, pair in zip(rows["party"], names(rows), strict=True)] == [
        ("complainant", "2022-09-29", "2022-09-30")
    ]


# A plain loop --------------------------------------------------------------------------------------------------

PUBLISHED = {
    date.fromisoformat(item["date"])
    for item in json.loads((files("govuk_bank_holidays") / "bank-holidays.json").read_bytes())["england-and-wales"][
        "events"
    ]
}


def nth_working_day(start: date, n: int, known_at: date) -> date:
    off = {day for day in PUBLISHED if ANNOUNCED.get(day, date.min) <= known_at}
    day = start
    while n:
        day += timedelta(1)
        n -= day.weekday() < 5 and day not in off
    return day


def expected(received: list[date], n: int, known_from: date, known_to: date) -> Iterator[tuple[str, str, str]]:
    for start in received:
        before = nth_working_day(start, n, max(known_from, start))
        after = nth_working_day(start, n, known_to)
        if start <= known_to and before != after:
            yield str(start), str(before), str(after)


@pytest.mark.parametrize("n", [20, 60, 130])
@pytest.mark.parametrize(
    ("known_from", "known_to"),
    [
        (date(2022, 9, 1), date(2022, 9, 30)),
        (date(2022, 9, 1), date(2022, 12, 1)),
        (date(2022, 10, 1), date(2022, 12, 1)),
        (date(2022, 9, 9), date(2022, 11, 9)),
    ],
)
def test_two_announcements_move_what_was_set_before_each(n: int, known_from: date, known_to: date) -> None:
    received = [date(2022, 8, 1) + timedelta(day) for day in range(150)]
    scheme = LGSCO.with_target(TARGET, limit=f"{n} working days")
    cases = [case(str(day), str(day)) for day in received]
    rows = moved(scheme, cases=cases, known_from=known_from, known_to=known_to, targets=TARGET)
    assert sorted(names(rows)) == sorted(expected(received, n, known_from, known_to))
    assert rows["due_after"].is_monotonic_increasing


# What it takes, and what it refuses ----------------------------------------------------------------------------


def test_any_container_and_what_comes_only_once() -> None:
    days: dict[str, Any] = {"known_from": "2022-09-01", "known_to": "2022-09-12", "targets": TARGET}
    whole = moved(LGSCO, cases=CASES, **days)
    frame = pl.DataFrame(CASES, infer_schema_length=None)
    for cases in (frame, frame.to_arrow(), frame.to_arrow().to_reader(), iter(CASES), frame.to_pandas()):
        pd.testing.assert_frame_equal(moved(LGSCO, cases=cases, **days), whole)


def test_names_of_columns_and_formats_of_dates() -> None:
    rows = moved(
        LGSCO, cases=[{"case_id": "A1", "Date in": "01/09/2022"}], columns={"cases": {"received_at": "Date in"}},
        dates={"cases": "%d/%m/%Y"}, known_from="2022-09-01", known_to="2022-09-12", targets=[TARGET],
    )  # fmt: skip
    assert names(rows) == [("A1", "2022-09-29", "2022-09-30")]


def test_a_scheme_that_knows_a_day_already_is_asked_anew() -> None:
    scheme = LGSCO.with_calendar(known_at="2020-01-01", closures=["2022-09-12"])
    rows = moved(scheme, cases=CASES[:1], known_from="2022-09-01", known_to="2022-09-12", targets=TARGET)
    assert names(rows) == [("A1", "2022-09-30", "2022-10-03")]


IRELAND = LGSCO.with_calendar(calendar={"country": "IE"})


@pytest.mark.parametrize(
    ("scheme", "known_from", "known_to", "error", "says"),
    [
        (LGSCO, "2022-09-12", "2022-09-01", OptionError, "known_from is 2022-09-12, after known_to, 2022-09-01"),
        (LGSCO, "2011-09-12", "2022-09-01", OptionError, "is known from 2012-01-13 on"),
        (LGSCO, "1 September", "2022-09-01", RecordsError, "ISO 8601"),
        (IRELAND, "2022-09-01", "2022-09-12", OptionError, "of the United Kingdom only; .* 'lgsco' is that of IE"),
        ("lgsco", "2022-09-01", "2022-09-12", OptionError, "A scheme is wanted"),
    ],
)
def test_what_cannot_be_known_is_one_error(
    scheme: Scheme, known_from: str, known_to: str, error: Any, says: str
) -> None:
    with pytest.raises(error, match=says):
        moved(scheme, cases=CASES, known_from=known_from, known_to=known_to)


def test_without_records_there_is_nothing_to_list() -> None:
    with pytest.raises(OptionError, match="There is nothing to list"):
        moved(LGSCO, known_from="2022-09-01", known_to="2022-09-12")
    with pytest.raises(OptionError, match=r"moved\(\) takes no reviews"):
        moved(LGSCO, reviews=[], known_from="2022-09-01", known_to="2022-09-12")  # type: ignore[call-arg]
