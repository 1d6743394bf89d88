"""Limits: how they are written, what they allow, and that no unit turns into another."""

import operator
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ombudsman_kpi import (
    CalendarDays,
    DueField,
    Hours,
    Months,
    SchemeError,
    Seconds,
    Weeks,
    WorkingDays,
    WorkingHours,
    load_scheme,
    worklist,
)
from ombudsman_kpi.clocks.limits import Amount, parse_limit, units

TYPES: list[type[Amount]] = [WorkingDays, CalendarDays, Weeks, Months, WorkingHours, Hours, Seconds]

every_unit = pytest.mark.parametrize("unit", TYPES, ids=lambda unit: unit.__name__)


def small_limits(unit: type[Amount]) -> list[Any]:
    """Give every limit of a unit up to some amount, within and less than."""
    return [unit(amount) for amount in range(15)] + [unit(amount, less_than=True) for amount in range(1, 15)]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20 working days", WorkingDays(20)),
        ("1 working day", WorkingDays(1)),
        ("0 working days", WorkingDays(0)),
        ("within 3 working days", WorkingDays(3)),
        ("10 calendar days", CalendarDays(10)),
        ("10 days", CalendarDays(10)),
        ("13 weeks", Weeks(13)),
        ("1 week", Weeks(1)),
        ("< 13 weeks", Weeks(13, less_than=True)),
        ("<13 weeks", Weeks(13, less_than=True)),
        ("less than 13 weeks", Weeks(13, less_than=True)),
        ("under 26 weeks", Weeks(26, less_than=True)),
        ("1 month", Months(1)),
        ("3 months", Months(3)),
        ("< 6 months", Months(6, less_than=True)),
        ("4 working hours", WorkingHours(4)),
        ("< 1 working hour", WorkingHours(1, less_than=True)),
        ("24 hours", Hours(24)),
        ("60 seconds", Seconds(60)),
        ("  20   Working   DAYS ", WorkingDays(20)),
        ("Less Than 1 hour", Hours(1, less_than=True)),
    ],
)
def test_limits_are_read_as_people_write_them(text: str, limit: Amount) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20",
        "days",
        "twenty days",
        "20 workdays",
        "20 business days",
        "20working days",
        "20 working",
        "3 working months",
        "1 year",
        "90 minutes",
        "1.5 hours",
        "1,000 seconds",
        "20 working days or so",
        "at least 20 days",
        "> 20 days",
        "<= 20 days",
        "20 - 30 days",
        "20 days 3 hours",
        "20 dayss",
    ],
)
def test_anything_else_is_refused_with_how_a_limit_is_written(text: str) -> None:
    with pytest.raises(
        SchemeError, match=r"isn't a limit\. Write a whole number and a unit, such as '20 working days'"
    ):
        parse_limit(text)


@pytest.mark.parametrize("text", ["-1 working days", "within -20 days", "< -3 weeks"])
def test_a_negative_limit_is_refused(text: str) -> None:
    with pytest.raises(SchemeError, match="can't be negative"):
        parse_limit(text)


@pytest.mark.parametrize(("name", "unit"), units().items())
def test_nothing_takes_less_than_nothing(name: str, unit: type[Amount]) -> None:
    with pytest.raises(SchemeError, match="Nothing takes less than 0"):
        parse_limit(f"< 0 {name}s")
    assert unit(0).allowed == 0


@every_unit
@pytest.mark.parametrize("amount", [True, 1.0, "20", None, np.float64(3)], ids=lambda amount: type(amount).__name__)
def test_an_amount_that_is_not_a_whole_number_is_refused(unit: type[Amount], amount: Any) -> None:
    with pytest.raises(SchemeError, match=f"A limit is a whole number of {unit.unit}, such as 20"):
        unit(amount)


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [
        (WorkingDays(20), 20),
        (WorkingDays(20, less_than=True), 19),
        (CalendarDays(10), 10),
        (Weeks(13), 91),
        (Weeks(26), 182),
        (Weeks(52), 364),
        (Weeks(13, less_than=True), 90),
        (Months(3), 6),
        (Months(3, less_than=True), 5),
        (WorkingHours(4, less_than=True), 14_399_999_999),
        (Hours(24), 86_400_000_000),
        (Seconds(60), 60_000_000),
        (Seconds(60, less_than=True), 59_999_999),
        (Seconds(0), 0),
    ],
    ids=str,
)
def test_what_is_allowed_is_the_longest_time_still_in_time_in_days_or_microseconds(limit: Amount, allowed: int) -> None:
    assert limit.allowed == allowed


@pytest.mark.parametrize(("less_than", "last_day"), [(False, date(2024, 5, 31)), (True, date(2024, 5, 30))])
def test_thirteen_weeks_from_the_first_of_march_end_on_the_last_of_may(less_than: bool, last_day: date) -> None:
    assert date(2024, 3, 1) + timedelta(days=Weeks(13, less_than=less_than).allowed) == last_day


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (WorkingDays(20), "20 working days"),
        (WorkingDays(1), "1 working day"),
        (CalendarDays(0), "0 calendar days"),
        (Weeks(13, less_than=True), "< 13 weeks"),
        (Weeks(1, less_than=True), "< 1 week"),
        (Months(1), "1 month"),
        (Months(6, less_than=True), "< 6 months"),
        (Hours(24), "24 hours"),
        (Seconds(60), "60 seconds"),
        (DueField("due_at"), "its own due_at"),
    ],
    ids=str,
)
def test_a_limit_prints_as_it_is_written(limit: object, text: str) -> None:
    assert str(limit) == text


@every_unit
def test_every_limit_is_read_back_from_what_it_prints(unit: type[Amount]) -> None:
    assert [parse_limit(str(limit)) for limit in small_limits(unit)] == small_limits(unit)


@every_unit
def test_of_two_limits_of_a_unit_exactly_one_is_less_or_they_are_equal(unit: type[Amount]) -> None:
    for one, other in product(small_limits(unit), repeat=2):
        assert [one < other, one == other, one > other].count(True) == 1
        assert (one < other) is (other > one)
        assert (one <= other) is (one < other or one == other)
        assert (one >= other) is (one > other or one == other)


@every_unit
def test_a_limit_that_allows_more_is_greater(unit: type[Amount]) -> None:
    for one, other in product(small_limits(unit), repeat=2):
        assert one.allowed <= other.allowed or one > other


def test_limits_sort_by_what_they_allow() -> None:
    limits = [Weeks(52), Weeks(13), Weeks(1), Weeks(52, less_than=True), Weeks(26), Weeks(13, less_than=True)]
    assert [str(limit) for limit in sorted(limits)] == [
        "1 week",
        "< 13 weeks",
        "13 weeks",
        "26 weeks",
        "< 52 weeks",
        "52 weeks",
    ]


ORDERINGS = [operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("compare", ORDERINGS, ids=lambda compare: compare.__name__)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WorkingDays(10), CalendarDays(10)),
        (Weeks(1), CalendarDays(7)),
        (Hours(1), Seconds(3600)),
        (CalendarDays(1), Hours(24)),
        (Months(1), CalendarDays(30)),
        (WorkingHours(4), Hours(4)),
        (WorkingDays(20), 20),
        (CalendarDays(7), timedelta(days=7)),
        (WorkingDays(20), DueField("due_at")),
    ],
    ids=str,
)
def test_limits_of_two_units_are_never_compared(one: Any, other: Any, compare: Callable[[Any, Any], bool]) -> None:
    with pytest.raises(TypeError):
        compare(one, other)
    with pytest.raises(TypeError):
        compare(other, one)


@pytest.mark.parametrize("one", TYPES, ids=lambda unit: unit.__name__)
@pytest.mark.parametrize("other", TYPES, ids=lambda unit: unit.__name__)
def test_limits_are_equal_only_within_a_unit(one: type[Amount], other: type[Amount]) -> None:
    assert (one(10) == other(10)) is (one is other)
    assert len({one(10), other(10)}) == (1 if one is other else 2)
    assert one(10) != one(10, less_than=True)


@every_unit
def test_a_limit_never_changes(unit: type[Amount]) -> None:
    limit = unit(20)
    with pytest.raises(FrozenInstanceError):
        limit.amount = 30  # type: ignore[misc]


@pytest.mark.parametrize(
    ("unit", "elapsed_unit"),
    [
        (WorkingDays, "working days"),
        (CalendarDays, "days"),
        (Weeks, "days"),
        (Months, "months"),
        (WorkingHours, "working hours"),
        (Hours, "hours"),
        (Seconds, "seconds"),
        (DueField, "days"),
    ],
    ids=["WorkingDays", "CalendarDays", "Weeks", "Months", "WorkingHours", "Hours", "Seconds", "DueField"],
)
def test_elapsed_time_is_given_in_the_unit_of_the_limit_and_weeks_in_days(
    unit: type[Amount] | type[DueField], elapsed_unit: str
) -> None:
    assert unit.elapsed_unit == elapsed_unit


@pytest.mark.parametrize("text", ["1" + " " * 100_000 + "!", "9" * 100_000 + " days", "1 " + "a" * 100_000])
def test_text_of_any_length_is_refused_at_once_and_not_repeated(text: str) -> None:
    with pytest.raises(SchemeError) as error:
        parse_limit(text)
    assert len(str(error.value)) < 300


NO_NUMBERS = ["²", "2²", "٣", "Ⅻ", "½", "1e3", "1_000", "+-1", "0x10"]  # of other writing, or of programs


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_only_plain_digits_are_a_number(number: str) -> None:
    for text in (number, f"{number} working days", f"< {number} weeks"):
        with pytest.raises(SchemeError, match="isn't a limit"):
            parse_limit(text)


@every_unit
@pytest.mark.parametrize("digits", [10, 18, 19, 20, 60, 5000])
def test_a_number_of_any_length_is_refused_in_one_short_sentence(
    unit: type[Amount], digits: int, tmp_path: Path
) -> None:
    number = 10**digits - 1
    for amount in (number, -number):
        with pytest.raises(SchemeError, match="longer than a century") as said:
            unit(amount)
        assert len(str(said.value)) < 100
    path = tmp_path / "own.toml"
    for text in (f"{'9' * digits} {unit.unit}", f"within {'9' * digits} {unit.unit}"):
        with pytest.raises(SchemeError) as read:
            parse_limit(text)
        with pytest.raises(SchemeError, match="within=: ") as window:
            worklist(load_scheme("lgsco"), cases=CASE, as_of="2024-03-31", within=text)
        path.write_text(f"{SCHEME}limit = '{text}'\n", "utf-8")
        with pytest.raises(SchemeError, match="limit: ") as file:
            load_scheme(path)
        assert str(window.value) == f"within=: {read.value}"
        assert str(read.value) in str(file.value)
        assert len(str(read.value)) < 300
        assert ("longer than a century" in str(read.value)) is (digits < 80)


CASE = [{"case_id": "A", "received_at": "2024-03-28"}]
SCHEME = """
id = "own"
title = "Own"
source = "A notice"
division = "scotland"
[[target]]
id = "own"
says = "As we say"
of = "cases"
start = "received_at"
stop = "decided_at"
cohort = "received"
"""


@pytest.mark.parametrize(
    "value", ["20", "-1", "1.5", "true", "[20]", "{ field = 'due_at', of = 'orders' }", "9" * 5000]
)
def test_a_scheme_file_with_a_limit_of_another_kind_is_refused(value: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"{SCHEME}limit = {value}\n", "utf-8")
    with pytest.raises(SchemeError) as said:
        load_scheme(path)
    assert len(str(said.value)) < 400
