"""Columns of dates and timestamps, as whole numbers."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.time_zones import time_zone
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.times import Times, read_times

LONDON = time_zone("Europe/London")
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00")
DAY = 86_400_000_000


def complain(position: int | None, what: str) -> RecordsError:
    return RecordsError(f"row {position}: {what}")


def read(values: Any, kind: Any = None, form: str | None = None, *, pandas: bool = False) -> Times:
    column = values if kind is None else pa.array(values, kind)
    return read_times(column, form, complain, pandas=pandas)


def days_of(*texts: str | None) -> list[int]:
    return [MISSING if text is None else (date.fromisoformat(text) - EPOCH.date()).days for text in texts]


def micros(*texts: str | None) -> list[int]:
    return [
        MISSING if text is None else (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)
        for text in texts
    ]


DATES = ["2024-03-28", None, "1969-12-31", "1900-02-28", "2050-12-31"]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array([None if d is None else date.fromisoformat(d) for d in DATES], pa.date32()), id="date32"),
        pytest.param(pa.array([None if d is None else date.fromisoformat(d) for d in DATES], pa.date64()), id="date64"),
        pytest.param(pa.array(DATES, pa.string()), id="text"),
        pytest.param(pa.array(DATES, pa.large_string()), id="large text"),
        pytest.param(pa.array(DATES, pa.string_view()), id="text views"),
        pytest.param(pa.array(DATES, pa.string()).dictionary_encode(), id="dictionary of text"),
        pytest.param(
            pa.DictionaryArray.from_arrays(
                pa.array([0, None, 1, 2, 3], pa.uint32()), pa.array([d for d in DATES if d], pa.string_view())
            ),
            id="dictionary of text views",
        ),
        pytest.param(
            pa.array([None if d is None else date.fromisoformat(d) for d in DATES], pa.date32()).dictionary_encode(),
            id="dictionary of dates",
        ),
        pytest.param(list(DATES), id="list of text"),
        pytest.param([None if d is None else date.fromisoformat(d) for d in DATES], id="list of dates"),
        pytest.param([float("nan") if d is None else date.fromisoformat(d) for d in DATES], id="list of dates and NaN"),
        pytest.param([pd.NaT if d is None else date.fromisoformat(d) for d in DATES], id="list of dates and NaT"),
        pytest.param([pd.NA if d is None else date.fromisoformat(d) for d in DATES], id="list of dates and NA"),
        pytest.param([pd.NA if d is None else d for d in DATES], id="list of text and NA"),
        pytest.param(["" if d is None else f" {d} " for d in DATES], id="list of text with space"),
        pytest.param(pa.array(["x", *DATES, "x"], pa.string()).slice(1, 5), id="a slice of text"),
        pytest.param(
            pa.array(
                [date(2000, 1, 1), *[None if d is None else date.fromisoformat(d) for d in DATES]], pa.date32()
            ).slice(1),
            id="a slice of date32",
        ),
    ],
)
def test_dates_are_day_numbers_whatever_holds_them(column: Any) -> None:
    times = read(column)
    assert times.kind == "dates"
    assert times.values.dtype == np.int64
    assert times.values.tolist() == days_of(*DATES)
    assert times.days(LONDON).tolist() == days_of(*DATES)
    assert times.present.tolist() == [True, False, True, True, True]
    assert times.dates_alone().all()
    assert times.unreal is None


STAMPS = ["2024-03-28T09:30:00", None, "1969-12-31T23:59:59", "2024-07-01T00:00:00"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("offset", [0, 1], ids=["whole", "slice"])
def test_timestamps_of_any_unit_are_microseconds_on_the_wall(unit: str, offset: int) -> None:
    stamps = [None if text is None else datetime.fromisoformat(text) for text in STAMPS]
    column = pa.array([stamps[0]] * offset + stamps, pa.timestamp(unit)).slice(offset)
    times = read(column)
    assert times.kind == "walls"
    assert times.values.tolist() == micros(*STAMPS)
    assert times.days(LONDON).tolist() == days_of("2024-03-28", None, "1969-12-31", "2024-07-01")
    assert not times.dates_alone().any()


def test_parts_of_a_microsecond_before_1970_round_down() -> None:
    column = pa.array([-1, -999, -1000, -1001, 1, 999, None], pa.timestamp("ns"))
    assert read(column).values.tolist() == [-1, -1, -1, -2, 0, 0, MISSING]


@pytest.mark.parametrize(("unit", "huge"), [("s", 2**62), ("s", -(2**62)), ("ms", 2**61), ("ms", -(2**61))])
def test_absurd_timestamps_stay_absurd_and_never_wrap_around(unit: str, huge: int) -> None:
    days = read(pa.array([huge, 0], pa.timestamp(unit))).days(LONDON).tolist()
    assert abs(days[0]) > 10**8
    assert (days[0] > 0) == (huge > 0)
    assert days[1] == 0


def test_a_midnight_of_pandas_may_be_a_date() -> None:
    column = pa.array([datetime.fromisoformat("2024-03-28"), datetime.fromisoformat("2024-03-28T00:00:01")])
    assert read(column, pandas=True).dates_alone().tolist() == [True, False]
    assert read(column).dates_alone().tolist() == [False, False]


def test_a_zoned_midnight_of_pandas_is_no_date() -> None:
    column = pa.array([datetime(2024, 3, 28, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    assert not read(column, pandas=True).dates_alone().any()


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-01T00:30:00+01:00",
        "2024-06-30T23:30:00Z",
        "2024-06-30 23:30:00Z",
        "2024-06-30T23:30Z",
        "2024-06-30T23:30:00.000Z",
        "2024-06-30T23:30:00.000000000+00:00",
        "2024-07-01T08:30:00+0900",
        "2024-06-30T13:30:00-10:00",
    ],
)
def test_one_instant_is_the_same_however_it_is_written(text: str) -> None:
    other = "2024-01-01T00:00:00Z"
    times = read([text, other, None], pa.string())
    assert times.kind == "instants"
    assert times.values.tolist() == micros("2024-06-30T23:30:00", "2024-01-01T00:00:00", None)
    assert times.days(LONDON).tolist() == days_of("2024-07-01", "2024-01-01", None)
    assert times.walls(LONDON).tolist() == micros("2024-07-01T00:30:00", "2024-01-01T00:00:00", None)


def test_instants_of_any_zone_have_the_day_of_the_schemes_place() -> None:
    moment = datetime(2024, 6, 30, 23, 30, tzinfo=UTC)
    for zone in ("UTC", "Asia/Tokyo", "America/New_York", "+05:30"):
        times = read(pa.array([moment, None], pa.timestamp("us", zone)))
        assert times.kind == "instants"
        assert times.days(LONDON).tolist() == days_of("2024-07-01", None)


def test_instants_agree_with_zoneinfo_on_random_walls() -> None:
    draw = random.Random(5)  # noqa: S311
    zone = ZoneInfo("Europe/London")
    stamps = [EPOCH.replace(year=2024) + timedelta(seconds=draw.randrange(366 * 86_400)) for _ in range(2_000)]
    first, second = read(pa.array(stamps, pa.timestamp("us"))).instants(LONDON)
    for stamp, early, late in zip(stamps, first.tolist(), second.tolist(), strict=True):
        expected = [
            (stamp.replace(tzinfo=zone, fold=fold) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            for fold in (0, 1)
        ]
        if expected[0] <= expected[1]:  # not in the hour that the clocks skipped
            assert [early, late] == expected


def test_a_date_among_timestamps_is_marked_and_is_its_midnight() -> None:
    times = read(["2024-03-28", "2024-03-28T09:30", None], pa.string())
    assert times.kind == "walls"
    assert times.only_dates is not None
    assert times.only_dates.tolist() == [True, False, False]
    assert times.values.tolist() == micros("2024-03-28T00:00", "2024-03-28T09:30", None)


def test_a_date_among_instants_is_that_day_whatever_the_zone() -> None:
    times = read(["2024-07-01", "2024-07-01T00:30:00+01:00"], pa.string())
    assert times.kind == "instants"
    assert times.days(LONDON).tolist() == days_of("2024-07-01", "2024-07-01")
    assert times.instants(LONDON)[0].tolist() == micros("2024-06-30T23:00", "2024-06-30T23:30")


def test_dates_beside_datetimes_in_a_list_are_marked() -> None:
    times = read([date(2024, 3, 28), datetime.fromisoformat("2024-03-28T09:30"), None, pd.Timestamp("2024-03-28")])
    assert times.only_dates is not None
    assert times.only_dates.tolist() == [True, False, False, True]  # pandas has no other way to write a date
    assert times.days(LONDON).tolist() == days_of("2024-03-28", "2024-03-28", None, "2024-03-28")


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "2024-03-28T24:30:00", "2024-03-28T09:60:00"]
)
def test_what_has_the_form_of_a_date_but_names_none_is_unreal(text: str) -> None:
    times = read(["2024-03-28", text], pa.string())
    assert times.unreal is not None
    assert times.unreal.tolist() == [False, True]
    assert times.values.tolist()[1] == MISSING


def test_a_leap_day_is_real() -> None:
    assert read(["2024-02-29"], pa.string()).unreal is None


@pytest.mark.parametrize("cell", ["", "  ", "NA", "n/a", "NaN", "nan", "NaT", "None", "NULL", "null", "\t"])
def test_exports_write_nothing_in_many_ways(cell: str) -> None:
    assert read([cell, "2024-03-28"], pa.string()).values.tolist() == days_of(None, "2024-03-28")


def test_a_column_of_nothing_has_no_values_and_no_error() -> None:
    for column in (
        pa.nulls(3),
        pa.array([None] * 3, pa.int64()),
        pa.array(["", "NA", None]),
        [None] * 3,
        [float("nan")] * 3,
    ):
        times = read(column)
        assert times.values.tolist() == [MISSING] * 3
        assert times.unreal is None


def test_an_empty_column_is_fine() -> None:
    columns: list[Any] = [pa.array([], kind) for kind in (pa.string(), pa.date32(), pa.int64())]
    for column in [*columns, list[Any]()]:
        assert read(column).values.tolist() == []


@pytest.mark.parametrize(
    ("texts", "position"),
    [
        pytest.param(["2024-03-28", "03/04/2024"], 1, id="slashes"),
        pytest.param(["3.4.2024"], 0, id="dots"),
        pytest.param(["2024-03-28", None, "03-04-24"], 2, id="two digits of a year"),
    ],
)
def test_a_day_and_a_month_that_cannot_be_told_apart_are_refused(texts: list[str | None], position: int) -> None:
    with pytest.raises(RecordsError, match=rf"row {position}.*day and the month can't be told apart.*%d.%m.%[Yy]"):
        read(texts, pa.string())


@pytest.mark.parametrize(
    "text", ["28 March 2024", "20240328", "2024-3-28", "2024-088", "March", "12:30", "2024-03-28T9:30", "45379"]
)
def test_other_text_is_refused_and_only_its_shape_is_shown(text: str) -> None:
    with pytest.raises(RecordsError, match=r"row 1.*ISO 8601") as refused:
        read(["2024-03-28", text], pa.string())
    assert text not in str(refused.value)


def test_a_long_text_is_not_shown_at_length() -> None:
    with pytest.raises(RecordsError) as refused:
        read(["secret words " * 1000], pa.string())
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array([45_379]), id="whole numbers"),
        pytest.param(pa.array([45_379.5]), id="decimal numbers"),
        pytest.param(pa.array([True]), id="truth values"),
        pytest.param(pa.array([timedelta(1)]), id="durations"),
        pytest.param(pa.array([EPOCH.time()]), id="times of day"),
        pytest.param(pa.array([b"2024-03-28"]), id="bytes"),
        pytest.param(pa.array([["2024-03-28"]]), id="lists"),
        pytest.param(pa.array([1]).dictionary_encode(), id="dictionary of numbers"),
    ],
)
def test_what_is_no_date_is_refused_with_its_type(column: Any) -> None:
    with pytest.raises(RecordsError, match=r"row None: holds .*, not dates.*pandas.to_datetime"):
        read(column)


@pytest.mark.parametrize(
    "values",
    [[45_379], [True], [1.5], [object()], [date(2024, 3, 28), 5]],
    ids=lambda values: " and ".join(type(value).__name__ for value in values),
)
def test_what_is_no_date_in_a_list_is_refused(values: list[Any]) -> None:
    with pytest.raises(RecordsError, match="not dates"):
        read(values)


def test_text_beside_numbers_is_refused() -> None:
    with pytest.raises(RecordsError, match="row 1: holds int, not dates"):
        read(["2024-03-28", 5])


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(["2024-03-28T09:30Z", "2024-03-28T09:30"], id="text"),
        pytest.param(["2024-03-28T09:30", "2024-03-28T09:30+01:00"], id="text the other way round"),
        pytest.param([EPOCH, datetime(2024, 3, 28, tzinfo=UTC)], id="datetimes"),
        pytest.param([datetime(2024, 3, 28, tzinfo=UTC), None, pd.Timestamp("2024-03-28T09:30")], id="Timestamps"),
        pytest.param(["2024-03-28T09:30", datetime(2024, 3, 28, tzinfo=UTC)], id="text and a datetime"),
    ],
)
def test_times_with_and_without_a_zone_in_one_column_are_refused(column: Any) -> None:
    with pytest.raises(RecordsError, match=r"zone.*one form"):
        read(column)


# A form of the caller's own


@pytest.mark.parametrize(
    ("form", "texts", "expected"),
    [
        pytest.param("%d/%m/%Y", ["03/04/2024", "3/4/2024", ""], ["2024-04-03", "2024-04-03", None], id="day first"),
        pytest.param("%m/%d/%Y", ["03/04/2024", None], ["2024-03-04", None], id="month first"),
        pytest.param("%d %B %Y", ["3 April 2024", "NA"], ["2024-04-03", None], id="month in words"),
        pytest.param("%Y%m%d", ["20240403"], ["2024-04-03"], id="without separators"),
        pytest.param("%d-%b-%y", ["03-Apr-24"], ["2024-04-03"], id="year of two digits"),
    ],
)
def test_dates_of_a_named_form_are_dates(form: str, texts: list[str | None], expected: list[str | None]) -> None:
    times = read(texts, pa.string(), form)
    assert times.kind == "dates"
    assert times.values.tolist() == days_of(*expected)


def test_times_of_a_named_form_are_walls_and_with_an_offset_instants() -> None:
    assert read(["03/04/2024 09:30"], pa.string(), "%d/%m/%Y %H:%M").kind == "walls"
    zoned = read(["03/04/2024 09:30 +0100"], pa.string(), "%d/%m/%Y %H:%M %z")
    assert zoned.kind == "instants"
    assert zoned.values.tolist() == micros("2024-04-03T08:30")


def test_a_slip_in_a_named_form_is_unreal() -> None:
    times = read(["31/04/2024", "03/04/2024", "99/04/2024", None], pa.string(), "%d/%m/%Y")
    assert times.unreal is not None
    assert times.unreal.tolist() == [True, False, True, False]


def test_text_in_another_form_than_the_named_one_is_refused() -> None:
    with pytest.raises(RecordsError, match=r"row 1: .*not the one that dates= names, '%d/%m/%Y'"):
        read(["03/04/2024", "2024-04-04"], pa.string(), "%d/%m/%Y")


@pytest.mark.parametrize("form", ["%Q", "%d/%", "%d/%m/%Y %", "%-d/%m/%Y"])
def test_a_form_that_is_none_is_refused(form: str) -> None:
    with pytest.raises((RecordsError, ValueError)) as refused:
        read(["03/04/2024"], pa.string(), form)
    assert isinstance(refused.value, RecordsError)
    assert repr(form) in str(refused.value)


def test_real_dates_among_text_of_a_named_form_are_read_too() -> None:
    mixed = ["03/04/2024", date(2024, 4, 3), datetime.fromisoformat("2024-04-03"), pd.Timestamp("2024-04-03"), None]
    times = read(mixed, None, "%d/%m/%Y")
    assert times.days(LONDON).tolist() == days_of(*["2024-04-03"] * 4, None)


def test_a_time_with_a_zone_among_dates_in_text_is_not_cut_to_the_day_of_another_place() -> None:
    late = datetime(2024, 6, 30, 23, 30, tzinfo=UTC)  # 1 July in London
    try:
        times = read(["30/06/2024", late], None, "%d/%m/%Y")
    except RecordsError as refused:
        assert "zone" in str(refused)  # noqa: PT017
    else:
        assert times.days(LONDON).tolist() == days_of("2024-06-30", "2024-07-01")


# Clock changes


@pytest.mark.parametrize("limit", ["2 working days", "48 hours"])
def test_a_time_that_never_occurred_counts_on_its_date_and_is_told_where_an_instant_is_needed(limit: str) -> None:
    from ombudsman_kpi import assess, load_scheme

    stamps = ["2024-03-31T00:59:59", "2024-03-31T01:00:00", "2024-03-31T01:59:59", "2024-03-31T02:00:00"]
    frame = pd.DataFrame({"contact_id": list("abcd"), "received_at": stamps, "handled_at": "2024-04-02T00:00:00"})
    lgsco = load_scheme("lgsco").with_target("written-contacts-3wd", limit=limit)
    outcomes = assess(lgsco, written_contacts=frame, as_of="2024-04-30", targets="written-contacts-3wd")
    if limit == "2 working days":
        assert outcomes["status"].tolist() == ["met"] * 4
    else:
        assert outcomes["status"].tolist() == ["met", "invalid", "invalid", "met"]
        told = "received_at never occurred in Europe/London, where the clocks went forward; give it with its zone"
        assert outcomes["reason"].tolist()[1:3] == [told] * 2


def test_the_hour_that_occurs_twice_has_two_instants() -> None:
    first, second = read(["2024-10-27T01:30:00"], pa.string()).instants(LONDON)
    assert first.tolist() == micros("2024-10-27T00:30:00")
    assert second.tolist() == micros("2024-10-27T01:30:00")
