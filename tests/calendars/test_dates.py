"""Reading dates out of whatever holds them, as day numbers, and putting answers back."""

import ast
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import (
    Days,
    day_in_short,
    day_in_words,
    day_number,
    in_container_of,
    over_chunks,
    read_days,
    to_date,
    to_day,
)
from ombudsman_kpi.calendars.periods import period_of
from ombudsman_kpi.cases.explanation import day_text
from ombudsman_kpi.errors import OptionError, RecordsError
from ombudsman_kpi.measures.base.in_force import InForce

MAUNDY_THURSDAY = date(2024, 3, 28)
TEN_O_CLOCK = datetime.fromisoformat("2024-03-28T10:00")
LAST_MOMENT_BEFORE_1970 = datetime.fromisoformat("1969-12-31T23:59:59")

# Worked out by hand: 54 years of 365 days, 13 leap days between 1970 and 2023, and the days of 2024.
MAUNDY_THURSDAY_NUMBER = 54 * 365 + 13 + 31 + 29 + 27


def numbers_of(days: Days) -> list[int | None]:
    numbers = days.numbers(slice(None), 0)
    assert type(numbers) is np.ndarray
    assert numbers.dtype == np.int64
    return [None if number == MISSING else number for number in numbers.tolist()]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(MAUNDY_THURSDAY, id="date"),
        pytest.param(TEN_O_CLOCK, id="datetime"),
        pytest.param(pd.Timestamp("2024-03-28 23:59:59.999999999"), id="Timestamp"),
        pytest.param(np.datetime64("2024-03-28"), id="datetime64[D]"),
        pytest.param(np.datetime64("2024-03-28T23:59:59.999999999"), id="datetime64[ns]"),
        pytest.param(np.str_("2024-03-28"), id="numpy text"),
        pytest.param("2024-03-28", id="text"),
        pytest.param(" 2024-03-28\n", id="text with space around it"),
        pytest.param("2024-03-28T10:00", id="text with T and a time"),
        pytest.param("2024-03-28 10:00:00.123456", id="text with a time to the microsecond"),
    ],
)
def test_one_date_is_read_and_its_time_of_day_is_left_out(value: object) -> None:
    read = to_date(value)
    assert read == MAUNDY_THURSDAY
    assert type(read) is date


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("28/03/2024", id="day first"),
        pytest.param("03-04-2024", id="two days at once"),
        pytest.param("20240328", id="without hyphens"),
        pytest.param("2024-3-28", id="month of one digit"),
        pytest.param("2024-W13-4", id="week date"),
        pytest.param("2024-088", id="day of the year"),
        pytest.param("2031-07", id="month"),
        pytest.param("2024-03-28T", id="T without a time"),
        pytest.param("2024-03-28 or later", id="words behind the date"),
        pytest.param("٢٠٢٤-03-28", id="digits of another script"),
        pytest.param("28 March 2024", id="words"),
        pytest.param("", id="empty"),
    ],
)
def test_text_in_any_form_but_iso_8601_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(RecordsError, match="ISO 8601") as refusal:
        to_date(text)
    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize("text", ["2023-02-29", "2024-02-30", "2024-13-01", "2024-00-10", "2024-03-28 25:00"])
def test_text_for_a_day_or_time_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(RecordsError, match="there is no such day or time"):
        to_date(text)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(TEN_O_CLOCK.replace(tzinfo=UTC), id="datetime"),
        pytest.param(pd.Timestamp("2024-03-28 10:00", tz="Europe/London"), id="Timestamp"),
        pytest.param("2024-03-28T10:00Z", id="text with Z"),
        pytest.param("2024-03-28 10:00+01:00", id="text with an offset"),
        pytest.param(pd.Series([pd.Timestamp("2024-03-28", tz="Europe/London")]), id="Series"),
        pytest.param(pd.DatetimeIndex(["2024-03-28"], tz="UTC"), id="Index"),
        pytest.param(pd.Series([TEN_O_CLOCK], dtype=pd.ArrowDtype(pa.timestamp("us", "UTC"))), id="Series of Arrow"),
        pytest.param(pd.Series([TEN_O_CLOCK.replace(tzinfo=UTC)], dtype=object), id="Series of objects"),
        pytest.param(pl.Series([TEN_O_CLOCK]).dt.replace_time_zone("Europe/London"), id="Polars"),
        pytest.param(pa.array([TEN_O_CLOCK], pa.timestamp("ms", "UTC")), id="Arrow"),
        pytest.param(pa.chunked_array([pa.array([TEN_O_CLOCK], pa.timestamp("s", "UTC"))]), id="chunked"),
        pytest.param([TEN_O_CLOCK.replace(tzinfo=UTC)], id="list"),
    ],
)
def test_a_time_with_a_zone_is_refused_and_the_way_out_is_said(value: object) -> None:
    with pytest.raises(RecordsError, match=r"date of a time with a zone depends on the place.*tz_convert"):
        read_days(value)


@pytest.mark.parametrize(
    "value",
    [None, pd.NaT, np.datetime64("NaT"), float("nan"), 20240328, 1.5, True, TEN_O_CLOCK.time(), {}, {MAUNDY_THURSDAY}],
    ids=lambda value: f"{type(value).__name__} {value}",
)
def test_what_is_no_date_is_refused_with_its_type_and_what_would_do(value: object) -> None:
    with pytest.raises(RecordsError, match=rf"A value of type {type(value).__name__} isn't a date.*datetime\.date"):
        read_days(value)


@pytest.mark.parametrize(
    ("day", "number"),
    [
        pytest.param(date(1970, 1, 1), 0, id="the first day of 1970"),
        pytest.param(date(1969, 12, 31), -1, id="the day before"),
        pytest.param(date(2000, 3, 1), 30 * 365 + 7 + 31 + 29, id="the day after the leap day of 2000"),
        pytest.param(MAUNDY_THURSDAY, MAUNDY_THURSDAY_NUMBER, id="a day in 2024"),
    ],
)
def test_day_numbers_count_from_1970_and_turn_back_into_dates(day: date, number: int) -> None:
    assert day_number(day) == number
    assert to_day(number) == day


def test_day_numbers_are_those_of_numpy_for_every_day_from_1890_to_2110() -> None:
    every_day = np.arange("1890-01-01", "2110-01-01", dtype="M8[D]")
    assert [day_number(day) for day in every_day.tolist()] == every_day.astype(np.int64).tolist()


@pytest.mark.parametrize("unit", ["D", "h", "m", "s", "ms", "us", "ns"])
def test_numpy_arrays_of_every_unit_are_read_before_and_after_1970(unit: str) -> None:
    moments = ["2024-03-28T23:59:59.999999999", "NaT", "1970-01-01", "1969-12-31T23:59:59", "1969-12-31"]
    values = np.array(moments, "M8[ns]").astype(f"M8[{unit}]")
    assert numbers_of(read_days(values)) == [MAUNDY_THURSDAY_NUMBER, None, 0, -1, -1]


def arrow_moments(unit: str) -> pa.Array:
    nanoseconds = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    second = MAUNDY_THURSDAY_NUMBER * 86_400 + 86_399
    return pa.array([second * nanoseconds, None, 0, -1], pa.timestamp(unit))


MOMENTS = [datetime.fromisoformat("2024-03-28T23:59:59"), None, datetime.fromisoformat("1970-01-01")]
MOMENTS += [LAST_MOMENT_BEFORE_1970]
DATES = [MAUNDY_THURSDAY, None, date(1970, 1, 1), date(1969, 12, 31)]
ISO = ["2024-03-28", None, "1970-01-01", "1969-12-31"]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(DATES, id="list of dates"),
        pytest.param(tuple(ISO), id="tuple of text"),
        pytest.param([MOMENTS[0], pd.NaT, np.datetime64("1970-01-01"), "1969-12-31"], id="list of a mixture"),
        pytest.param([MAUNDY_THURSDAY, float("nan"), *DATES[2:]], id="list with a NaN"),
        pytest.param([MAUNDY_THURSDAY, pd.NA, *DATES[2:]], id="list with pandas.NA"),
        pytest.param(np.array(DATES, object), id="numpy objects"),
        pytest.param(np.array(DATES, "M8[D]").astype(">M8[D]"), id="numpy in the other byte order"),
        pytest.param(np.array(DATES, "M8[D]").repeat(2)[::2], id="numpy with gaps between the dates"),
        pytest.param(
            np.ma.array(np.array([DATES[0], *DATES[2:3], *DATES[2:]], "M8[D]"), mask=[False, True, False, False]),
            id="numpy with a mask",
        ),
        *(
            pytest.param(pd.Series(MOMENTS, dtype=f"M8[{unit}]"), id=f"Series in {unit}")
            for unit in ("s", "ms", "us", "ns")
        ),
        pytest.param(pd.Series(DATES, dtype=object), id="Series of objects"),
        pytest.param(pd.Series([DATES[0], pd.NA, *DATES[2:]], dtype=object), id="Series of objects with NA"),
        pytest.param(pd.Series(ISO, dtype="str"), id="Series of text"),
        pytest.param(pd.Series(ISO, dtype="string"), id="Series of nullable text"),
        pytest.param(pd.Series(ISO, dtype="category"), id="Series of categories"),
        pytest.param(pd.Series(DATES, dtype="date32[pyarrow]"), id="Series of Arrow dates"),
        pytest.param(pd.Series(MOMENTS, dtype="timestamp[us][pyarrow]"), id="Series of Arrow timestamps"),
        pytest.param(pd.DatetimeIndex(MOMENTS), id="DatetimeIndex"),
        pytest.param(pd.Index(DATES, dtype=object), id="Index of objects"),
        pytest.param(pl.Series(DATES), id="Polars dates"),
        *(
            pytest.param(pl.Series(MOMENTS, dtype=pl.Datetime(unit)), id=f"Polars in {unit}")
            for unit in ("ms", "us", "ns")
        ),
        pytest.param(pl.Series(ISO), id="Polars text"),
        pytest.param(pa.array(DATES), id="Arrow date32"),
        pytest.param(pa.array(DATES, pa.date64()), id="Arrow date64"),
        *(pytest.param(arrow_moments(unit), id=f"Arrow in {unit}") for unit in ("s", "ms", "us", "ns")),
        pytest.param(pa.array(ISO), id="Arrow text"),
        pytest.param(pa.array(DATES).dictionary_encode(), id="Arrow dictionary"),
        pytest.param(pa.array([None, MAUNDY_THURSDAY, *DATES])[2:], id="slice of an Arrow array"),
        pytest.param(pa.chunked_array([DATES[:1], DATES[1:3], [], DATES[3:]], pa.date32()), id="chunked"),
    ],
)
def test_every_container_gives_the_same_day_numbers_and_keeps_what_is_missing(values: object) -> None:
    assert numbers_of(read_days(values)) == [MAUNDY_THURSDAY_NUMBER, None, 0, -1]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.array(ISO[:1] + ISO[2:], "M8[s]"), id="nothing missing"),
        pytest.param(np.array(["2024-03-28", "NaT", "1969-12-31"], "M8[s]"), id="with a time missing"),
        pytest.param(np.array(["2024-03-28", "NaT", "1969-12-31"], "M8[D]"), id="with a day missing"),
        pytest.param(pa.array([MAUNDY_THURSDAY, None, date(1969, 12, 31)]), id="with a null"),
    ],
)
@pytest.mark.parametrize("origin", [0, -20_000])
def test_a_chunk_is_counted_from_any_origin_and_its_missing_days_stay_missing(values: object, origin: int) -> None:
    days = read_days(values)
    whole = numbers_of(days)
    for chunk in (slice(0, 1), slice(1, 3), slice(3, 9)):
        expected = [MISSING if number is None else number - origin for number in whole[chunk]]
        assert days.numbers(chunk, origin).tolist() == expected


def test_a_single_date_is_given_for_any_positions() -> None:
    days = read_days("1970-01-11")
    assert (len(days), days.kind) == (1, "scalar")
    assert days.numbers(slice(16_384, 32_768), 4).tolist() == [6]


def test_a_position_that_holds_no_date_is_named_but_not_what_it_holds() -> None:
    with pytest.raises(RecordsError, match="Position 2: ") as refusal:
        read_days(["2024-03-28", None, "Ms A. Complainant"])
    assert "Complainant" not in str(refusal.value)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.array([1.5, 2.5]), id="numpy floats"),
        pytest.param(np.array([20240328]), id="numpy whole numbers"),
        pytest.param(np.array([True]), id="numpy truths"),
        pytest.param(np.array([1], "m8[D]"), id="numpy spans of time"),
        pytest.param(pd.Series([20240328]), id="Series of whole numbers"),
        pytest.param(pd.Series([1.5]), id="Series of floats"),
        pytest.param(pd.period_range("2024-03", periods=2, freq="M"), id="Index of periods"),
        pytest.param(pl.Series([20240328]), id="Polars whole numbers"),
        pytest.param(pa.array([1.5]), id="Arrow floats"),
        pytest.param(pa.array([TEN_O_CLOCK.time()]), id="Arrow times of day"),
        pytest.param(pd.DataFrame({"received_at": DATES}), id="DataFrame"),
        pytest.param(b"2024-03-28", id="bytes"),
    ],
)
def test_containers_that_hold_no_dates_are_refused(values: object) -> None:
    with pytest.raises(RecordsError, match="date"):
        read_days(values)


@pytest.mark.parametrize("dimensions", [0, 2, 3])
def test_arrays_must_have_one_dimension(dimensions: int) -> None:
    values = np.array("2024-03-28", "M8[D]").reshape((1,) * dimensions)
    with pytest.raises(OptionError, match=f"one dimension; this one has {dimensions}"):
        read_days(values)


MAKERS: list[Any] = [
    pytest.param(list, id="list"),
    pytest.param(lambda days: np.array(days, "M8[D]"), id="numpy"),
    pytest.param(lambda days: pd.Series(days, dtype="M8[s]"), id="pandas"),
    pytest.param(lambda days: pl.Series(days, dtype=pl.Date), id="Polars"),
    pytest.param(lambda days: pa.array(days, pa.date32()), id="Arrow"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_an_empty_container_has_no_days(make: Callable[[list[Any]], object]) -> None:
    days = read_days(make([]))
    assert len(days) == 0
    assert days.numbers(slice(None), 0).tolist() == []


@pytest.mark.parametrize("make", MAKERS)
def test_dates_go_back_into_a_container_that_reads_the_same(make: Callable[[list[Any]], object]) -> None:
    days = read_days(make([MAUNDY_THURSDAY, None]))
    back = in_container_of(days, days.numbers(slice(None), 0).view("M8[D]"))
    assert type(back) is type(days.source)
    assert numbers_of(read_days(back)) == [MAUNDY_THURSDAY_NUMBER, None]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [(0, 1)]),
        (16_384, [(0, 16_384)]),
        (16_385, [(0, 16_384), (16_384, 16_385)]),
        (40_000, [(0, 16_384), (16_384, 32_768), (32_768, 40_000)]),
    ],
)
def test_chunks_cover_every_position_once(size: int, expected: list[tuple[int, int]]) -> None:
    seen: list[tuple[int, int]] = []

    def note(chunk: slice) -> bool:
        seen.append((chunk.start, chunk.stop))
        return True

    assert over_chunks(size, note)
    assert seen == expected


def test_work_over_chunks_stops_at_the_first_that_says_no() -> None:
    seen: list[int] = []

    def refuse_the_second(chunk: slice) -> bool:
        seen.append(chunk.start)
        return len(seen) < 2

    assert not over_chunks(60_000, refuse_the_second)
    assert seen == [0, 16_384]


class DateOfAnotherLocale(date):
    """A date as a program has it that has set another locale: its names of months and weekdays are German."""

    def strftime(self, form: str, /) -> str:
        return super().strftime(form.replace("%B", "März").replace("%b", "Mär").replace("%A", "Sonntag"))

    __format__ = strftime


def test_days_are_written_in_english_in_any_locale() -> None:
    day = DateOfAnotherLocale(2024, 3, 31)
    assert f"{day:%A %B}" == "Sonntag März"
    assert (day_in_words(day), day_in_short(day)) == ("31 March 2024", "31 Mar 2024")
    assert period_of(day, "month").label == "Mar 2024"
    assert str(InForce(first=day, last=None)) == "from 31 March 2024"
    assert day_text(day) == "Sun 31 Mar 2024"


def test_no_module_formats_names_of_months_or_weekdays_by_the_locale() -> None:
    named = []
    for path in (Path(__file__).parents[2] / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            spec = ast.unparse(node.format_spec) if isinstance(node, ast.FormattedValue) and node.format_spec else ""
            if re.search("%[AaBbcxp]", spec) or (isinstance(node, ast.Attribute) and node.attr == "strftime"):
                named.append(f"{path.name}: {ast.unparse(node)}")
    assert named == []


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize(
    "values",
    ["2024-03-28", date(2024, 3, 28), [date(2024, 3, 28)], np.array(["2024-03-28"], "M8[D]")],
    ids=lambda values: type(values).__name__,
)
def test_dates_are_read_while_another_thread_imports_a_library(
    library: str, values: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is being imported is there, without the classes that it will have."""
    monkeypatch.setitem(sys.modules, library, ModuleType(library))
    assert read_days(values).numbers(slice(None), 0).tolist() == [day_number(date(2024, 3, 28))]
