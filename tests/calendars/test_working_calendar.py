"""The working calendar: the table of worked examples, every container, and what it refuses."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle, islice
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from dateutil.rrule import DAILY, MO, YEARLY, rrule, rruleset

from ombudsman_kpi import CoverageError, KpiError, OptionError, RecordsError, WorkingCalendar
from ombudsman_kpi.calendars.bank_holidays import DIVISIONS

CALENDAR = WorkingCalendar.uk("england-and-wales")

Maker = Callable[[list[Any]], Any]
Day = Callable[[str], Any]


# The worked examples -----------------------------------------------------------------------------------

TWENTY_WORKING_DAYS = [
    pytest.param("2024-03-28", "2024-04-29", id="good friday and easter monday"),
    pytest.param("2024-03-30", "2024-04-29", id="received on a saturday"),
    pytest.param("2022-09-01", "2022-09-30", id="the state funeral"),
    pytest.param("2023-04-06", "2023-05-10", id="easter and early may and the coronation"),
    pytest.param("2020-04-09", "2020-05-12", id="early may moved to a friday"),
]


@pytest.mark.parametrize(("start", "due"), TWENTY_WORKING_DAYS)
def test_twenty_working_days_end_on_the_published_day(start: str, due: str) -> None:
    assert CALENDAR.add(start, 20) == date.fromisoformat(due)
    assert CALENDAR.count(start, due) == 20
    assert CALENDAR.count(due, start) == -20


def test_a_receipt_deemed_to_be_on_the_next_working_day_is_due_a_day_later() -> None:
    assert CALENDAR.add(CALENDAR.roll("2024-03-30", "forward"), 20) == date(2024, 4, 30)


def test_where_the_day_of_receipt_is_day_one_nineteen_more_are_left() -> None:
    assert CALENDAR.add("2024-03-28", 19) == date(2024, 4, 26)


@pytest.mark.parametrize(
    ("start", "n", "answer"),
    [
        pytest.param("2024-03-28", 0, "2024-03-28", id="none from a working day"),
        pytest.param("2024-03-30", 0, "2024-03-30", id="none from a saturday"),
        pytest.param("2024-03-27", 1, "2024-03-28", id="one from a wednesday"),
        pytest.param("2024-03-28", 1, "2024-04-02", id="one over easter"),
        pytest.param("2024-03-29", 1, "2024-04-02", id="one from a bank holiday"),
        pytest.param("2024-03-31", 1, "2024-04-02", id="one from a sunday"),
        pytest.param("2024-04-02", -1, "2024-03-28", id="one back over easter"),
        pytest.param("2024-04-01", -1, "2024-03-28", id="one back from a bank holiday"),
        pytest.param("2024-03-30", -1, "2024-03-28", id="one back from a saturday"),
        pytest.param("2024-03-30", -2, "2024-03-27", id="two back from a saturday"),
        pytest.param("2024-04-29", -20, "2024-03-28", id="twenty back"),
    ],
)
def test_adding_working_days_goes_forward_and_back(start: str, n: int, answer: str) -> None:
    assert CALENDAR.add(start, n) == date.fromisoformat(answer)


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        pytest.param("2024-03-28", "2024-03-28", 0, id="a day and itself"),
        pytest.param("2024-03-28", "2024-04-01", 0, id="nothing but days off"),
        pytest.param("2024-03-28", "2024-04-02", 1, id="the stop is counted"),
        pytest.param("2024-03-29", "2024-04-02", 1, id="from a bank holiday"),
        pytest.param("2024-03-27", "2024-04-02", 2, id="the start is not counted"),
        pytest.param("2024-04-26", "2024-04-27", 0, id="to a saturday"),
        pytest.param("2024-04-02", "2024-03-28", -1, id="back over easter"),
        pytest.param("2024-04-01", "2024-03-28", 0, id="back over nothing but days off"),
        pytest.param("2023-01-01", "2024-01-01", 251, id="the 52 weeks of 2023 less nine bank holidays"),
    ],
)
def test_counting_leaves_out_the_start_and_takes_in_the_stop(start: str, stop: str, expected: int) -> None:
    assert CALENDAR.count(start, stop) == expected


@pytest.mark.parametrize(
    ("day", "forward", "backward"),
    [
        pytest.param("2024-03-28", "2024-03-28", "2024-03-28", id="a working day stays"),
        pytest.param("2024-03-30", "2024-04-02", "2024-03-28", id="a saturday at easter"),
        pytest.param("2024-12-25", "2024-12-27", "2024-12-24", id="christmas"),
        pytest.param("2024-06-01", "2024-06-03", "2024-05-31", id="a plain weekend"),
    ],
)
def test_rolling_gives_the_nearest_working_day_in_one_direction(day: str, forward: str, backward: str) -> None:
    assert CALENDAR.roll(day, "forward") == date.fromisoformat(forward)
    assert CALENDAR.roll(day, "backward") == date.fromisoformat(backward)


# One date ----------------------------------------------------------------------------------------------

SCALARS = [
    pytest.param(date.fromisoformat, id="date"),
    pytest.param(lambda text: datetime.fromisoformat(f"{text}T17:30"), id="datetime"),
    pytest.param(str, id="text"),
    pytest.param(lambda text: f"{text} 17:30:00", id="text with a time"),
    pytest.param(np.datetime64, id="datetime64[D]"),
    pytest.param(lambda text: np.datetime64(f"{text}T17:30", "ns"), id="datetime64[ns]"),
    pytest.param(lambda text: pd.Timestamp(f"{text} 17:30"), id="Timestamp"),
]


@pytest.mark.parametrize("day", SCALARS)
def test_one_date_of_any_type_gives_plain_python_answers(day: Day) -> None:
    due, counted = CALENDAR.add(day("2024-03-28"), 20), CALENDAR.count(day("2024-03-28"), day("2024-04-29"))
    working, rolled = CALENDAR.is_working_day(day("2024-03-29")), CALENDAR.roll(day("2024-03-29"), "forward")
    assert [due, counted, working, rolled] == [date(2024, 4, 29), 20, False, date(2024, 4, 2)]
    assert [type(answer) for answer in (due, counted, working, rolled)] == [date, int, bool, date]


@pytest.mark.parametrize("n", [20, np.int64(20), np.uint8(20), np.array(20)], ids=lambda n: type(n).__name__)
def test_any_whole_number_can_be_added(n: Any) -> None:
    assert CALENDAR.add("2024-03-28", n) == date(2024, 4, 29)


# Containers --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holder:
    """One kind of container: how it is made of dates, and how what it gives back is read again."""

    make: Maker
    read: Callable[[Any], list[Any]]

    def answers(self, given: Any) -> list[Any]:
        return [_plain(item) for item in self.read(given)]


def _plain(item: Any) -> Any:
    """Make one answer comparable: a date, a number, a truth, or None where it is missing."""
    if item is None or item is pd.NA or item is pd.NaT or item != item:
        return None
    return item.date() if isinstance(item, datetime) else item


def _noon(days: list[date | None]) -> list[datetime | None]:
    return [None if day is None else datetime.fromisoformat(f"{day}T12:00") for day in days]


def _in_two_chunks(days: list[date | None]) -> pa.ChunkedArray:
    return pa.chunked_array([days[:2], days[2:]], pa.date32())


def _numpy_of(unit: str) -> Holder:
    def items(given: Any) -> list[Any]:
        # As numbers of nanoseconds they would come back otherwise.
        return list((given.astype("M8[D]") if given.dtype.kind == "M" else given).tolist())

    return Holder(lambda days: np.array(days, "M8[D]").astype(f"M8[{unit}]"), items)


def _series_of(unit: str) -> Holder:
    return Holder(lambda days: pd.Series(_noon(days), dtype=f"M8[{unit}]"), lambda given: given.tolist())


HOLDERS = {
    "list": Holder(list, list),
    **{f"numpy {unit}": _numpy_of(unit) for unit in ("D", "h", "m", "s", "ms", "us", "ns")},
    "numpy objects": Holder(lambda days: np.array(days, object), lambda given: given.tolist()),
    **{f"Series {unit}": _series_of(unit) for unit in ("s", "us", "ns")},
    "Series objects": Holder(lambda days: pd.Series(days, dtype=object), lambda given: given.tolist()),
    "Series Arrow": Holder(lambda days: pd.Series(days, dtype="date32[pyarrow]"), lambda given: given.tolist()),
    "Index": Holder(pd.DatetimeIndex, lambda given: given.tolist()),
    "Index objects": Holder(lambda days: pd.Index(days, dtype=object), lambda given: given.tolist()),
    "Polars": Holder(lambda days: pl.Series(days, dtype=pl.Date), lambda given: given.to_list()),
    "Polars times": Holder(lambda days: pl.Series(_noon(days), dtype=pl.Datetime("us")), lambda given: given.to_list()),
    "Arrow": Holder(lambda days: pa.array(days, pa.date32()), lambda given: given.to_pylist()),
    "Arrow times": Holder(lambda days: pa.array(_noon(days), pa.timestamp("us")), lambda given: given.to_pylist()),
    "chunked": Holder(_in_two_chunks, lambda given: given.to_pylist()),
}
every_container = pytest.mark.parametrize("holder", [pytest.param(holder, id=id_) for id_, holder in HOLDERS.items()])

RECEIVED = [date(2024, 3, 28), None, date(2024, 3, 30), date(2022, 9, 1)]
DECIDED = [date(2024, 4, 29), date(2024, 4, 2), None, date(2022, 8, 25)]


def kind_of(container: Any) -> type:
    """Give what counts as the same kind: a DatetimeIndex and an Index of numbers are both an Index."""
    if isinstance(container, pd.Index):
        return pd.Index
    return pa.Array if isinstance(container, pa.Array) else type(container)


# How much is multiplied. Each method meets each container once, with dates, a missing date and a day off: how dates are
# read depends on the container, how answers are written on the container and on whether they are dates, numbers or
# truths. Empty containers and those of nothing but missing dates are tested with all methods in one test for each
# container. The container of the numbers that are added is read apart from that of the dates, so five kinds of numbers
# meet a list and a Series (whose indexes have to agree), and every container meets a list of numbers. What is refused
# is refused while dates are read, before a method is chosen: every fault meets one method, and every method meets a
# fault in a single date and a fault in a container.


@every_container
def test_adding_one_number_keeps_the_container_and_what_is_missing(holder: Holder) -> None:
    given = holder.make(RECEIVED)
    due = CALENDAR.add(given, 20)
    assert holder.answers(due) == [date(2024, 4, 29), None, date(2024, 4, 29), date(2022, 9, 30)]
    assert kind_of(due) is kind_of(given)
    assert holder.answers(given) == RECEIVED


EACH_ITS_NUMBER = [date(2024, 4, 29), None, date(2024, 3, 28), date(2022, 9, 1)]


@every_container
def test_adding_a_number_to_each_date_keeps_the_container(holder: Holder) -> None:
    given = holder.make(RECEIVED)
    due = CALENDAR.add(given, [20, 5, -1, 0])
    assert holder.answers(due) == EACH_ITS_NUMBER
    assert kind_of(due) is kind_of(given)


@pytest.mark.parametrize("name", ["list", "Series us"])
@pytest.mark.parametrize(
    "make_numbers", [list, np.array, pd.Series, pl.Series, pa.array], ids=["list", "numpy", "Series", "Polars", "Arrow"]
)
def test_numbers_of_any_container_can_be_added(name: str, make_numbers: Maker) -> None:
    due = CALENDAR.add(HOLDERS[name].make(RECEIVED), make_numbers([20, 5, -1, 0]))
    assert HOLDERS[name].answers(due) == EACH_ITS_NUMBER


@every_container
def test_counting_keeps_the_container_and_what_is_missing_on_either_side(holder: Holder) -> None:
    starts, stops = holder.make(RECEIVED), holder.make(DECIDED)
    counted = CALENDAR.count(starts, stops)
    assert holder.answers(counted) == [20, None, None, -4]
    assert kind_of(counted) is kind_of(starts)
    assert (holder.answers(starts), holder.answers(stops)) == (RECEIVED, DECIDED)


@every_container
def test_counting_from_or_to_one_date_gives_a_number_for_each(holder: Holder) -> None:
    given = holder.make(RECEIVED)
    since, until = CALENDAR.count("2024-03-27", given), CALENDAR.count(given, date(2024, 4, 2))
    assert holder.answers(since) == [1, None, 1, -396]
    assert holder.answers(until) == [1, None, 1, 398]
    assert kind_of(since) is kind_of(until) is kind_of(given)
    assert holder.answers(given) == RECEIVED


@every_container
def test_counts_without_missing_dates_are_whole_numbers(holder: Holder) -> None:
    whole = [day for day in RECEIVED if day is not None]
    counted = CALENDAR.count(holder.make(whole), "2024-04-02")
    assert holder.answers(counted) == [1, 1, 398]
    assert all(isinstance(number, int) for number in holder.read(counted))


@every_container
def test_adding_back_what_was_counted_gives_the_stop_again(holder: Holder) -> None:
    starts = [date(2024, 3, 28), date(2024, 3, 30), date(2022, 9, 1)]
    stops = [date(2024, 4, 29), date(2024, 4, 30), date(2022, 8, 25)]
    again = CALENDAR.add(holder.make(starts), CALENDAR.count(holder.make(starts), holder.make(stops)))
    assert holder.answers(again) == stops


@every_container
def test_telling_working_days_keeps_the_container_and_what_is_missing(holder: Holder) -> None:
    given = holder.make(RECEIVED)
    working = CALENDAR.is_working_day(given)
    assert holder.answers(working) == [True, None, False, True]
    assert kind_of(working) is kind_of(given)
    assert holder.answers(given) == RECEIVED


@every_container
def test_rolling_keeps_the_container_and_what_is_missing(holder: Holder) -> None:
    given = holder.make(RECEIVED)
    forward, backward = CALENDAR.roll(given, "forward"), CALENDAR.roll(given, "backward")
    assert holder.answers(forward) == [date(2024, 3, 28), None, date(2024, 4, 2), date(2022, 9, 1)]
    assert holder.answers(backward) == [date(2024, 3, 28), None, date(2024, 3, 28), date(2022, 9, 1)]
    assert kind_of(forward) is kind_of(backward) is kind_of(given)
    assert holder.answers(given) == RECEIVED


Method = Callable[[WorkingCalendar, Any], Any]
METHODS: dict[str, Method] = {
    "add": lambda calendar, given: calendar.add(given, 20),
    "count": lambda calendar, given: calendar.count(given, given),
    "count to a date": lambda calendar, given: calendar.count(given, "2024-04-02"),
    "count from a date": lambda calendar, given: calendar.count("2024-04-02", given),
    "is_working_day": lambda calendar, given: calendar.is_working_day(given),
    "roll": lambda calendar, given: calendar.roll(given, "forward"),
}
every_method = pytest.mark.parametrize("method", [pytest.param(method, id=id_) for id_, method in METHODS.items()])


@every_container
def test_an_empty_container_gives_an_empty_one(holder: Holder) -> None:
    given = holder.make([])
    for name, method in METHODS.items():
        answer = method(CALENDAR, given)
        assert holder.answers(answer) == [], name
        assert kind_of(answer) is kind_of(given), name


def test_adding_no_numbers_to_no_dates_gives_none() -> None:
    assert CALENDAR.add([], []) == []


@every_container
def test_a_container_of_nothing_but_missing_dates_stays_missing(holder: Holder) -> None:
    given = holder.make([None, None, None])
    for name, method in METHODS.items():
        answer = method(CALENDAR, given)
        assert holder.answers(answer) == [None, None, None], name
        assert kind_of(answer) is kind_of(given), name


@every_method
def test_a_series_keeps_its_index_and_its_name(method: Method) -> None:
    given = pd.Series(pd.DatetimeIndex(RECEIVED), index=[7, 3, 3, 9], name="received_at")
    answer = method(CALENDAR, given)
    pd.testing.assert_index_equal(answer.index, given.index)
    assert answer.name == "received_at"


@every_method
@pytest.mark.parametrize(
    "given",
    [pd.DatetimeIndex(RECEIVED, name="received_at"), pl.Series("received_at", RECEIVED)],
    ids=lambda given: type(given).__name__,
)
def test_an_index_and_a_polars_series_keep_their_names(given: Any, method: Method) -> None:
    assert method(CALENDAR, given).name == "received_at"


@pytest.mark.parametrize(
    ("given", "dates", "counts", "truths"),
    [
        pytest.param(np.array(RECEIVED, "M8[ns]"), "datetime64[D]", "float64", "float64", id="numpy"),
        pytest.param(pd.Series(RECEIVED, dtype="M8[ns]"), "datetime64[ns]", "Int64", "boolean", id="Series in ns"),
        pytest.param(pd.Series(RECEIVED, dtype="M8[us]"), "datetime64[us]", "Int64", "boolean", id="Series in us"),
        pytest.param(pd.Series(RECEIVED, dtype=object), "datetime64[s]", "Int64", "boolean", id="Series of objects"),
        pytest.param(pd.DatetimeIndex(RECEIVED).as_unit("ns"), "datetime64[ns]", "Int64", "boolean", id="Index"),
        pytest.param(pl.Series(RECEIVED), "Date", "Int64", "Boolean", id="Polars"),
    ],
)
def test_answers_have_the_types_that_their_library_uses_for_what_can_be_missing(
    given: Any, dates: str, counts: str, truths: str
) -> None:
    assert str(CALENDAR.add(given, 20).dtype) == dates
    assert str(CALENDAR.roll(given, "forward").dtype) == dates
    assert str(CALENDAR.count(given, "2024-04-02").dtype) == counts
    assert str(CALENDAR.is_working_day(given).dtype) == truths


def test_arrow_answers_are_dates_and_whole_numbers_and_truths() -> None:
    given = pa.array(RECEIVED)
    assert CALENDAR.add(given, 20).type == pa.date32()
    assert CALENDAR.count(given, "2024-04-02").type == pa.int64()
    assert CALENDAR.is_working_day(given).type == pa.bool_()


def test_numpy_answers_without_missing_dates_are_whole_numbers_and_truths() -> None:
    given = np.array(["2024-03-28", "2024-03-30"], "M8[us]")
    assert CALENDAR.count(given, "2024-04-02").dtype == np.int64
    assert CALENDAR.is_working_day(given).dtype == np.bool_


def test_a_container_of_one_kind_beside_another_gives_the_kind_of_the_starts() -> None:
    starts = pd.Series(RECEIVED, index=[4, 5, 6, 7], name="received_at", dtype="M8[us]")
    for stops in (np.array(DECIDED, "M8[D]"), DECIDED, pl.Series(DECIDED), pa.array(DECIDED)):
        expected = pd.Series([20, None, None, -4], index=[4, 5, 6, 7], name="received_at", dtype="Int64")
        pd.testing.assert_series_equal(CALENDAR.count(starts, stops), expected)


# Many dates go another way: each day of the calendar is worked out once ----------------------------------

YEAR_2024 = WorkingCalendar.uk("england-and-wales", first="2024-01-01", last="2024-12-31")
ON_EITHER_SIDE_OF_A_CHUNK = [365, 366, 367, 16_383, 16_384, 16_385, 32_769]


@pytest.mark.parametrize("size", ON_EITHER_SIDE_OF_A_CHUNK)
@pytest.mark.parametrize("make", [np.array, pa.array], ids=["numpy", "Arrow"])
@pytest.mark.parametrize("unit", ["D", "us"])
def test_many_dates_give_what_few_do_and_missing_ones_stay_where_they_are(size: int, make: Any, unit: str) -> None:
    days = np.array([day for day in RECEIVED if day is None or day.year == 2024] + [date(2024, 8, 24)], "M8[D]")
    given = make(np.resize(days, size).astype(f"M8[{unit}]"))
    expected: list[tuple[Any, list[Any]]] = [
        (YEAR_2024.add(given, 20), [date(2024, 4, 29), None, date(2024, 4, 29), date(2024, 9, 23)]),
        (YEAR_2024.roll(given, "backward"), [date(2024, 3, 28), None, date(2024, 3, 28), date(2024, 8, 23)]),
        (YEAR_2024.is_working_day(given), [True, None, False, False]),
        (YEAR_2024.count(given, "2024-04-03"), [2, None, 2, -100]),
    ]
    for answer, pattern in expected:
        assert [_plain(item) for item in answer.tolist()] == list(islice(cycle(pattern), size))


@pytest.mark.parametrize("size", ON_EITHER_SIDE_OF_A_CHUNK)
def test_many_numbers_beside_many_dates_are_added_one_by_one(size: int) -> None:
    given = np.resize(np.array(["2024-03-28", "NaT", "2024-03-30"], "M8[D]"), size)
    due = YEAR_2024.add(given, np.resize(np.array([20, 1, -1, 0, 5, 1], np.int16), size))
    expected = [date(2024, 4, 29), None, date(2024, 3, 28), date(2024, 3, 28), None, date(2024, 4, 2)]
    assert due.tolist() == list(islice(cycle(expected), size))


@pytest.mark.parametrize("position", [0, 16_383, 16_384, 16_385, 32_768])
def test_one_date_that_is_not_covered_is_found_among_many(position: int) -> None:
    assert_refused_by(METHODS["add"], position)


@every_method
def test_one_date_that_is_not_covered_is_found_by_every_method(method: Method) -> None:
    assert_refused_by(method, 16_384)


def test_one_date_that_is_not_covered_is_found_where_each_has_its_number() -> None:
    assert_refused_by(lambda calendar, given: calendar.add(given, np.zeros(len(given), int)), 16_384)


def assert_refused_by(method: Method, position: int) -> None:
    given = np.full(32_769, np.datetime64("2024-03-28"))
    given[position] = np.datetime64("2025-01-01")
    with pytest.raises(CoverageError, match=f"^Position {position}: 2025-01-01 is after .* last day, 2024-12-31"):
        method(YEAR_2024, given)


# What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param("1989-12-31", "^1989-12-31 is before this calendar's first day, 1990-01-01", id="before"),
        pytest.param("2051-01-01", "^2051-01-01 is after this calendar's last day, 2050-12-31", id="after"),
        pytest.param(
            ["2024-03-28", None, "2051-01-01"], "^Position 2: 2051-01-01 is after .* 2050-12-31", id="in a list"
        ),
        pytest.param(
            pd.Series(["2024-03-28", "1889-04-14"], index=[8, 9]), "^Position 1: 1889-04-14 is before", id="in a Series"
        ),
        pytest.param(np.array(["NaT", "9999-12-31"], "M8[us]"), "^Position 1: 9999-12-31 is after", id="far after"),
        pytest.param(np.array(["0001-01-01"], "M8[s]"), "^Position 0: 0001-01-01 is before", id="far before"),
    ],
)
def test_a_date_outside_the_calendar_is_refused_with_both_dates_and_the_way_out(given: Any, message: str) -> None:
    with pytest.raises(CoverageError, match=message) as refusal:
        CALENDAR.add(given, 20)
    assert "first= or last=" in str(refusal.value)


@every_method
@pytest.mark.parametrize("given", ["2051-01-01", ["2024-03-28", "2051-01-01"]], ids=["one date", "list"])
def test_a_date_outside_the_calendar_is_refused_by_every_method(given: Any, method: Method) -> None:
    with pytest.raises(CoverageError, match=r"2051-01-01 is after this calendar's last day.* first= or last="):
        method(CALENDAR, given)


@pytest.mark.parametrize(
    "day", ["1989-12-31", date(2051, 1, 1), pd.Timestamp("2051-01-01 09:00"), "0001-01-01", "9999-12-31"]
)
def test_a_day_outside_the_calendar_has_no_name(day: Any) -> None:
    for calendar in (CALENDAR, WorkingCalendar(CALENDAR.days_off)):
        with pytest.raises(CoverageError, match=f"^{str(day)[:10]} is (before|after) .* first= or last="):
            calendar.name_of(day)
        assert [calendar.name_of(covered) for covered in ("1990-01-02", "2050-12-31")] == ["Tuesday", "Saturday"]


@pytest.mark.parametrize(
    ("start", "n"),
    [
        pytest.param("2050-12-30", 1, id="after the last"),
        pytest.param("1990-01-02", -1, id="before the first"),
        pytest.param("2024-03-28", 100_000, id="far after"),
        pytest.param("2024-03-28", 2**63 - 1, id="the largest number of 64 bits"),
        pytest.param("2024-03-28", -(2**63), id="the smallest number of 64 bits"),
        pytest.param("2024-03-28", 10**20, id="more than 64 bits hold"),
    ],
)
def test_an_answer_outside_the_calendar_is_refused(start: str, n: int) -> None:
    with pytest.raises(CoverageError, match=f"working days from {start} is outside .* 1990-01-01 to 2050-12-31"):
        CALENDAR.add(start, n)


@pytest.mark.parametrize("far", [10_000, -10_000, 2**40, -(2**63), 2**64 - 1, 10**20])
def test_an_answer_outside_the_calendar_is_named_by_its_position(far: int) -> None:
    with pytest.raises(CoverageError, match=r"^Position 2: that many working days from 2024-03-28 is outside"):
        CALENDAR.add(["2024-03-28", None, "2024-03-28"], [1, 1, far])


@pytest.mark.parametrize(("day", "direction"), [("2050-12-31", "forward"), ("1990-01-01", "backward")])
def test_rolling_out_of_the_calendar_is_refused(day: str, direction: Literal["forward", "backward"]) -> None:
    with pytest.raises(CoverageError, match=f"working day {direction} from {day} is outside this calendar"):
        CALENDAR.roll(day, direction)


@pytest.mark.parametrize(
    "n",
    [
        pytest.param(20.0, id="float"),
        pytest.param(True, id="bool"),
        pytest.param("20", id="text"),
        pytest.param(None, id="None"),
        pytest.param(timedelta(20), id="timedelta"),
        pytest.param([20.0, 1.0], id="floats"),
        pytest.param(np.array([True, False]), id="bools"),
        pytest.param(np.array([True, False], object), id="bools as objects"),
        pytest.param(pd.Series([20, None], dtype="Int64"), id="a Series with one missing"),
        pytest.param([20, None], id="one missing"),
        pytest.param([20], id="too few"),
        pytest.param([20, 1, 1], id="too many"),
        pytest.param([[20, 1]], id="a table"),
    ],
)
def test_what_is_not_a_whole_number_for_each_date_is_refused(n: Any) -> None:
    with pytest.raises(OptionError, match="n must be a whole number, or 2 whole numbers, one for each date"):
        CALENDAR.add(["2024-03-28", "2024-03-30"], n)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int64", "uint64"])
def test_whole_numbers_of_any_width_can_be_added(dtype: str) -> None:
    due = CALENDAR.add(["2024-03-28", "2024-03-30"], np.array([20, 0], dtype))
    assert due == [date(2024, 4, 29), date(2024, 3, 30)]


@pytest.mark.parametrize(
    ("starts", "stops"),
    [
        pytest.param(["2024-03-28"], ["2024-03-28"] * 2, id="lists"),
        pytest.param(pd.Series(["2024-03-28"] * 3), np.array(["2024-03-28"] * 2, "M8[D]"), id="Series and numpy"),
        pytest.param(pl.Series([date(2024, 3, 28)]), pa.array([], pa.date32()), id="Polars and Arrow"),
    ],
)
def test_containers_of_different_lengths_are_refused(starts: Any, stops: Any) -> None:
    with pytest.raises(OptionError, match=f"{len(starts)} starts and {len(stops)} stops"):
        CALENDAR.count(starts, stops)


SHUFFLED = [
    pytest.param([1, 0], id="in another order"),
    pytest.param([7, 8], id="of other rows"),
    pytest.param(["0", "1"], id="of another type"),
]


@pytest.mark.parametrize("other", SHUFFLED)
def test_counting_between_series_of_different_indexes_is_refused(other: list[Any]) -> None:
    starts = pd.Series(["2024-03-28", "2024-03-30"])
    with pytest.raises(OptionError, match="different indexes"):
        CALENDAR.count(starts, pd.Series(["2024-04-02", "2024-04-03"], index=other))


@pytest.mark.parametrize("other", SHUFFLED)
def test_adding_a_series_of_numbers_with_a_different_index_is_refused(other: list[Any]) -> None:
    with pytest.raises(OptionError, match="different indexes"):
        CALENDAR.add(pd.Series(["2024-03-28", "2024-03-30"]), pd.Series([20, 1], index=other))


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(pd.Timestamp("2024-03-28", tz="Europe/London"), id="Timestamp"),
        pytest.param(pd.Series([pd.Timestamp("2024-03-28", tz="Europe/London")]), id="Series"),
        pytest.param(pl.Series([datetime.fromisoformat("2024-03-28T10:00+00:00")]), id="Polars"),
        pytest.param("2024-03-28T10:00Z", id="text"),
        pytest.param("28/03/2024", id="text in another form"),
        pytest.param(["28 March 2024"], id="a list of text in another form"),
        pytest.param(None, id="None"),
        pytest.param(pd.NaT, id="NaT"),
        pytest.param(20240328, id="a number"),
    ],
)
def test_zoned_times_and_what_is_no_date_are_refused(given: Any) -> None:
    with pytest.raises(RecordsError):
        CALENDAR.add(given, 20)


@every_method
@pytest.mark.parametrize("given", ["28/03/2024", ["28 March 2024"]], ids=["one date", "list"])
def test_what_is_no_date_is_refused_by_every_method(given: Any, method: Method) -> None:
    with pytest.raises(RecordsError):
        method(CALENDAR, given)


@pytest.mark.parametrize("direction", ["up", "Forward", "", None])
def test_an_unknown_direction_is_refused(direction: Any) -> None:
    with pytest.raises(OptionError, match="rolls forward or backward"):
        CALENDAR.roll("2024-03-30", direction)


@pytest.mark.parametrize(
    ("division", "hint"),
    [
        ("Scotland", "Did you mean 'scotland'"),
        ("england", "Did you mean 'england-and-wales'"),
        ("northern ireland", "Did you mean 'northern-ireland'"),
        ("GB", "It can be: england-and-wales, scotland, northern-ireland, any-uk-nation"),
        (None, "It can be: england-and-wales"),
    ],
)
def test_an_unknown_division_is_refused_with_those_there_are(division: Any, hint: str) -> None:
    with pytest.raises(OptionError, match=hint):
        WorkingCalendar.uk(division)


def test_the_division_is_never_guessed() -> None:
    with pytest.raises(TypeError, match="division"):
        WorkingCalendar.uk()  # type: ignore[call-arg]


def test_a_calendar_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(OptionError, match="would end on 2024-01-01, before it begins on 2025-01-01"):
        WorkingCalendar.uk("scotland", first="2025-01-01", last="2024-01-01")


# Closures and coverage ---------------------------------------------------------------------------------

MIDNIGHT = datetime.fromisoformat("2000-01-01")
CHRISTMAS_EVE = rrule(YEARLY, bymonth=12, bymonthday=24, dtstart=MIDNIGHT)


@pytest.mark.parametrize(
    "closures",
    [
        pytest.param([date(2024, 12, 24)], id="date"),
        pytest.param(["2024-12-24"], id="text"),
        pytest.param([datetime.fromisoformat("2024-12-24T13:00")], id="datetime"),
        pytest.param(pd.to_datetime(["2024-12-24"]), id="Index"),
        pytest.param((date(2024, 12, day) for day in (24, 24)), id="generator with a date twice"),
        pytest.param(CHRISTMAS_EVE, id="rule"),
        pytest.param(rrule(YEARLY, bymonth=12, bymonthday=24, byhour=13, dtstart=MIDNIGHT), id="rule with an hour"),
    ],
)
def test_closures_are_dates_or_text_or_a_rule(closures: Any) -> None:
    calendar = WorkingCalendar.uk("england-and-wales", closures=closures)
    assert not calendar.is_working_day("2024-12-24")
    assert calendar.add("2024-12-23", 1) == date(2024, 12, 27)
    assert calendar.count("2024-12-23", "2024-12-27") == 1


def test_a_rule_of_closures_can_have_exceptions() -> None:
    rules = rruleset()
    rules.rrule(CHRISTMAS_EVE)
    rules.exdate(datetime.fromisoformat("2025-12-24"))
    calendar = WorkingCalendar.uk("scotland", closures=rules)
    assert [calendar.is_working_day(f"{year}-12-24") for year in (2024, 2025, 2026)] == [False, True, False]


@pytest.mark.parametrize("hour", [0, 13, 23])
def test_a_rule_of_closures_holds_on_the_first_and_the_last_day_too(hour: int) -> None:
    mondays = rrule(DAILY, byweekday=MO, byhour=hour, dtstart=MIDNIGHT)
    calendar = WorkingCalendar.uk("england-and-wales", closures=mondays, first="2024-06-03", last="2024-06-10")
    assert calendar.days_off == (date(2024, 6, 3), date(2024, 6, 10))


def test_closures_outside_the_calendar_or_on_a_day_off_change_nothing() -> None:
    plain = WorkingCalendar.uk("england-and-wales", first="2024-01-01", last="2024-12-31")
    closures = ["2023-12-29", "2025-01-02", "2024-12-25", "2024-12-28"]
    same = WorkingCalendar.uk("england-and-wales", first="2024-01-01", last="2024-12-31", closures=closures)
    assert same == plain


@pytest.mark.parametrize("closures", ["2024-12-24", date(2024, 12, 24)], ids=["text", "date"])
def test_a_single_closure_that_is_not_in_a_list_is_refused_with_the_way_to_write_it(closures: Any) -> None:
    with pytest.raises(OptionError, match=r"closures=\['2024-12-24'\]"):
        WorkingCalendar.uk("england-and-wales", closures=closures)


def test_a_closure_in_no_known_form_is_refused() -> None:
    with pytest.raises(RecordsError, match="ISO 8601"):
        WorkingCalendar.uk("england-and-wales", closures=["24/12/2024"])


def test_a_calendar_covers_its_first_and_its_last_day_and_no_other() -> None:
    calendar = WorkingCalendar.uk("england-and-wales", first="2024-03-28", last="2024-04-02")
    assert (calendar.first, calendar.last) == (date(2024, 3, 28), date(2024, 4, 2))
    assert calendar.days_off == (date(2024, 3, 29), date(2024, 4, 1))
    assert calendar.count("2024-03-28", "2024-04-02") == 1
    assert calendar.add("2024-03-28", 1) == date(2024, 4, 2)
    for outside in ("2024-03-27", "2024-04-03"):
        with pytest.raises(CoverageError, match=outside):
            calendar.is_working_day(outside)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param("1969-12-29", "1970-01-04", id="around 1970"),
        pytest.param("1970-01-01", "1970-01-07", id="from the first day of 1970"),
        pytest.param("1970-01-02", "1970-01-08", id="from the second day of 1970"),
        pytest.param("1965-03-01", "1965-03-07", id="before 1970"),
    ],
)
@pytest.mark.parametrize("size", [3, 400], ids=["few dates", "many dates"])
def test_calendars_before_and_around_1970_count_as_any_other(first: str, last: str, size: int) -> None:
    calendar = WorkingCalendar([], first=date.fromisoformat(first), last=date.fromisoformat(last))
    week = np.arange(first, np.datetime64(last) + 1, dtype="M8[D]")
    working = [day.weekday() < 5 for day in week.tolist()]
    given = np.resize(np.append(week, np.datetime64("NaT")), max(size, 8)).astype("M8[us]") + np.timedelta64(23, "h")
    answers = calendar.is_working_day(given)[:8].tolist()
    assert answers[:7] == working
    assert np.isnan(answers[7])
    assert calendar.count(first, last) == sum(working[1:])
    assert calendar.count(given, last)[:7].tolist() == [sum(working[day + 1 :]) for day in range(7)]
    for step in (-1, 7):
        with pytest.raises(CoverageError):
            calendar.count(given[:1] + np.timedelta64(step, "D"), last)


def test_a_calendar_of_one_day_off_answers_for_it() -> None:
    saturday = date(2024, 1, 6)
    calendar = WorkingCalendar([], first=saturday, last=saturday)
    assert calendar.is_working_day(saturday) is False
    assert calendar.count(saturday, saturday) == 0
    assert calendar.add(saturday, 0) == saturday
    with pytest.raises(CoverageError):
        calendar.add(saturday, 1)


def test_a_calendar_of_days_off_of_ones_own_knows_only_those_and_weekends() -> None:
    calendar = WorkingCalendar([date(2024, 3, 28), date(2024, 3, 30)], first=date(2024, 1, 1), last=date(2024, 12, 31))
    assert calendar.days_off == (date(2024, 3, 28),)
    assert calendar.is_working_day(["2024-03-28", "2024-03-29", "2024-03-30"]) == [False, True, False]
    assert calendar.announced_until == date(2024, 12, 31)


@pytest.mark.parametrize(
    ("last", "expected"),
    [(None, date(2028, 12, 31)), ("2026-06-30", date(2026, 6, 30)), ("2028-12-31", date(2028, 12, 31))],
)
def test_a_calendar_is_announced_no_further_than_the_government_or_its_own_end(
    last: str | None, expected: date
) -> None:
    assert WorkingCalendar.uk("scotland", last=last).announced_until == expected


# Editions ----------------------------------------------------------------------------------------------


def small(days_off: Iterable[date] = (), first: date = date(2024, 1, 1), last: date = date(2024, 12, 31)) -> str:
    return WorkingCalendar(days_off, first=first, last=last).edition


def test_an_edition_is_the_same_whatever_the_order_of_the_days_off() -> None:
    days = [date(2024, 3, 29), date(2024, 4, 1), date(2024, 12, 25)]
    assert small(days) == small(days[::-1]) == small([*days, *days, date(2024, 3, 30)])


def test_an_edition_is_the_same_whenever_it_is_asked_for() -> None:
    # Editions are printed beside published figures, so one release has to give the same as the last.
    # printf '2024-01-01 2024-12-31 2024-03-29 2024-04-01' | b2sum --length 48
    assert small([date(2024, 3, 29), date(2024, 4, 1)]) == "b132ff503051"


def test_editions_differ_by_day_off_and_coverage() -> None:
    editions = [
        small(),
        small([date(2024, 3, 29)]),
        small([date(2024, 4, 1)]),
        small([date(2024, 3, 29), date(2024, 4, 1)]),
        small(first=date(2024, 1, 2)),
        small(last=date(2024, 12, 30)),
        *(WorkingCalendar.uk(division).edition for division in DIVISIONS),
        WorkingCalendar.uk("scotland", closures=["2024-12-24"]).edition,
    ]
    assert len(set(editions)) == len(editions)


def test_calendars_of_one_edition_are_equal_and_hash_alike() -> None:
    one, same = WorkingCalendar.uk("scotland"), WorkingCalendar.uk("scotland")
    other = WorkingCalendar.uk("scotland", closures=["2024-12-24"])
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert {one, same, other} == {one, other}
    assert one != "scotland"


def test_a_calendar_says_what_it_is() -> None:
    calendar = WorkingCalendar.uk("scotland", last="2040-06-30")
    assert repr(calendar) == (
        f"<WorkingCalendar scotland, 1990-01-01 to 2040-06-30, announced until 2028-12-31, edition {calendar.edition}>"
    )


@pytest.mark.parametrize("error", [CoverageError, OptionError, RecordsError])
def test_every_refusal_can_be_caught_as_the_error_of_the_library_and_as_a_value_error(error: type[Exception]) -> None:
    assert issubclass(error, KpiError)
    assert issubclass(error, ValueError)
