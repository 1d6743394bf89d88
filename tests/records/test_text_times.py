"""Dates and times in text: the same cell is the same time wherever it stands, and Python's datetime says which."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.text import MISSING_WORDS
from ombudsman_kpi.records.cells.text_times import TextTimes, read_formatted, read_iso
from ombudsman_kpi.records.cells.times import Times, read_times

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def complain(position: int | None, what: str) -> RecordsError:
    return RecordsError(f"row {position}: {what}")


def read(cells: list[Any], form: str | None = None) -> Times:
    return read_times(pa.array(cells, pa.string()), form, complain)


def in_microseconds(times: Times) -> list[int]:
    unit = 86_400_000_000 if times.kind == "dates" else 1
    return [value if value == MISSING else value * unit for value in times.values.tolist()]


def microseconds(moment: datetime) -> int:
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH) // MICROSECOND


MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip

# Far days

FAR = ["9999-12-31", "0001-01-01", "1066-10-14", "1582-10-05", "1677-09-20", "1677-09-22", "2262-04-11", "2262-04-12"]
AHEAD = {"": 0, "Z": 0, "+00:00": 0, "+01:00": 60, "-0930": -570, "+05": 300}


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("clock", ["T00:00", " 23:59:59", "T23:59:59.999999"])
@pytest.mark.parametrize("zone", AHEAD)
def test_a_far_time_is_read_to_the_microsecond(day: str, clock: str, zone: str) -> None:
    expected = microseconds(datetime.fromisoformat(day + clock)) - AHEAD[zone] * 60_000_000
    for cells in ([day + clock + zone], [f"  {day}{clock}{zone} ", None, ""], ["2024-02-30", day + clock + zone]):
        times = read(cells)
        assert times.kind == ("instants" if zone else "walls")
        assert [value for value in times.values.tolist() if value != MISSING] == [expected]


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("form", [None, "%d/%m/%Y", "%d %B %Y", "%Y%m%d"])
def test_a_far_date_is_its_day(day: str, form: str | None) -> None:
    real = date.fromisoformat(day)
    text = day if form is None else f"{real:%d/%m/}{real.year:04}" if form == "%d/%m/%Y" else ""
    if form == "%Y%m%d":
        text = day.replace("-", "")
    if form == "%d %B %Y":
        text = f"{real.day} {MONTHS[real.month - 1]} {real.year:04}"
    times = read([text, None], form)
    assert times.kind == "dates"
    assert times.values.tolist() == [(real - EPOCH.date()).days, MISSING]


@pytest.mark.parametrize("text", ["0000-00-00", "0000-01-01", "0000-12-31T12:00", "0000-01-01T00:00Z"])
def test_there_is_no_year_0(text: str) -> None:
    times = read([text, "2024-03-28" if len(text) == 10 else text.replace("0000", "2024")])
    assert times.unreal is not None
    assert times.unreal.tolist() == [True, False]


@pytest.mark.parametrize("digits", range(1, 13))
@pytest.mark.parametrize("zone", ["", "Z", "+01:00"])
def test_a_longer_fraction_is_cut_to_microseconds(digits: int, zone: str) -> None:
    fraction = "999999999999"[:digits]
    expected = microseconds(datetime.fromisoformat(f"9999-12-31T23:59:59.{fraction[:6]:0<6}"))
    times = read([f"9999-12-31T23:59:59.{fraction}{zone}", f"2024-03-28T09:30:00{zone}"])
    assert times.unreal is None
    assert times.values.tolist()[0] == expected - (3_600_000_000 if zone == "+01:00" else 0)


# Blank cells, and words that stand for nothing

ORDINARY = ["2024-03-28T09:30:00.000000", "2024-03-28 09:30:00", "2024-03-28T09:30Z"]


@pytest.mark.parametrize("cell", ORDINARY)
@pytest.mark.parametrize("gap", ["", None, "  ", "\u00a0", "N/A"])
def test_a_gap_among_times_is_nothing(cell: str, gap: str | None) -> None:
    cells = pa.array(["unlike", cell, gap, f" {cell} " if gap == "  " else cell, gap]).slice(1)
    times = read_iso(cells)
    expected = microseconds(datetime.fromisoformat(cell))
    assert times.values.tolist() == [expected, MISSING, expected, MISSING]
    assert times.there.tolist() == [True, False, True, False]
    assert times.text.to_pylist() == [cell, None, cell, None]
    assert times.is_zoned.tolist() == [cell.endswith("Z"), False] * 2


def test_a_date_may_be_a_word_for_nothing() -> None:
    missing = {*MISSING_WORDS, "1900-01-01"}
    cells = ["2024-03-28", "1900-01-01", ""]
    assert read_iso(pa.array(cells), missing).there.tolist() == [True, False, False]
    assert read_iso(pa.array(cells)).there.tolist() == [True, True, False]


# No cell changes how another is read

DAYS = st.dates()
CLOCKS = st.sampled_from(
    ["", "T09:30", " 09:30", "T00:00:00", "T23:59:59.9", " 23:59:59.123456", "T08:05:06.1234567", "T12:00:00.123456789"]
)
UNREAL = st.sampled_from(
    ["2024-02-30", "2023-02-29", "1900-02-29", "2024-00-10", "2024-13-01", "0000-01-01", "2024-04-31", "2024-01-00",
     "2024-03-28T24:00", "2024-03-28T09:60", "2024-03-28T09:30:60", "2024-03-28T25:00:00.5"]
)  # fmt: skip
ZONES = st.sampled_from(["Z", "+00:00", "+01:00", "-0330", "+14:00", "+25:00", "+01:75"])
LEAP = st.sampled_from(["2024-02-29", "2000-02-29", "2023-12-31", "2024-12-31", "1600-02-29"])
CELLS = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "NA", "n/a", "NULL"]),
    st.builds(lambda day, clock: f"{day}{clock}", st.one_of(DAYS, LEAP), CLOCKS),
    UNREAL,
)


def by_python(cell: str | None) -> int:
    """Give what a cell without a zone stands for by Python's own reading of it."""
    try:
        return microseconds(datetime.fromisoformat(cell or "").replace(tzinfo=UTC)) if cell else MISSING
    except ValueError:
        return MISSING


def parts_of(cells: list[Any], cuts: list[int]) -> list[list[Any]]:
    edges = [0, *sorted(cut % (len(cells) + 1) for cut in cuts), len(cells)]
    return [cells[first:last] for first, last in pairwise(edges)]


def said(times: list[TextTimes]) -> list[tuple[int, bool, bool, bool]]:
    """Give what is said of each cell that isn't empty, of parts one after the other."""
    return [
        (int(value), bool(is_date), bool(is_zoned), bool(unknown)) if there else (MISSING, False, False, False)
        for part in times
        for value, is_date, is_zoned, unknown, there in zip(
            part.values, part.is_date, part.is_zoned, part.unknown_form, part.there, strict=True
        )
    ]


@given(st.lists(CELLS, min_size=1, max_size=12))
def test_each_cell_is_what_python_reads(cells: list[str | None]) -> None:
    assert read_iso(pa.array(cells, pa.string())).values.tolist() == [by_python(cell) for cell in cells]


@given(
    st.lists(
        st.one_of(
            CELLS,
            st.builds(lambda day, zone: f"{day}T09:30:15{zone}", DAYS, ZONES),
            st.sampled_from(["03/04/2024", "x", "2024-03-28T09", "2024-03-28T09+01", "2024-03-28T09:30+1", "2024-W13"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.integers(0, 12), max_size=4),
)
def test_a_column_is_the_sum_of_its_parts(cells: list[str | None], cuts: list[int]) -> None:
    whole = said([read_iso(pa.array(cells, pa.string()))])
    assert whole == said([read_iso(pa.array([cell], pa.string())) for cell in cells])
    assert whole == said([read_iso(pa.array(part, pa.string())) for part in parts_of(cells, cuts)])
    sliced = pa.array(["2024-03-28", *cells, "1999-01-01T00:00Z"], pa.string()).slice(1, len(cells))
    assert whole == said([read_iso(sliced)])


@pytest.mark.parametrize(
    "text", ["2024-03-28T09", "2024-03-28 09", "2024-03-28T09Z", "2024-03-28T09+01", "2024-03-28T9:30"]
)
def test_an_hour_without_minutes_is_refused_wherever_it_stands(text: str) -> None:
    for cells in ([text], ["2024-03-28T09:30", text], [text, "2024-03-28"], ["2024-02-30", text]):
        with pytest.raises(RecordsError, match=rf"row {cells.index(text)}.*ISO 8601"):
            read(cells)


def test_an_offset_that_no_clock_has_is_unreal() -> None:
    times = read(["2024-03-28T09:30+25:00", "2024-03-28T09:30+01:75", "2024-03-28T09:30+01:00"])
    assert times.kind == "instants"
    assert times.unreal is not None
    assert times.unreal.tolist() == [True, True, False]


# Formats of the caller's own

FORMS = [
    "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y", "%d %B %Y", "%A %d %B %Y", "%a, %d %b %Y %H:%M:%S", "%Y-%j",
    "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M:%S.%f", "%m/%d/%Y %I:%M %p", "%I.%M%p on %d/%m/%Y", "%Y%m%d%H%M%S",
    "%d/%m/%Y %H:%M:%S %z", "100%% %d/%m/%Y",
]  # fmt: skip


@given(
    st.sampled_from(FORMS),
    st.lists(st.datetimes(datetime(1000, 1, 1), timezones=st.sampled_from([UTC])), min_size=1, max_size=8),  # noqa: DTZ001
)
def test_a_format_is_read_as_strptime_reads_it(form: str, moments: list[datetime]) -> None:
    cells = [moment.strftime(form) for moment in moments]
    expected = [microseconds(datetime.strptime(cell, form)) for cell in cells]  # noqa: DTZ007
    times = read_formatted(pa.array(cells, pa.string()), form)
    assert times.values.tolist() == expected
    assert not times.unknown_form.any()


@given(st.sampled_from([form for form in FORMS if re.search(r"%[^a-zA-Z]|%\w\W", form)]), st.data())
def test_a_slip_in_a_digit_is_a_time_only_where_strptime_knows_it(form: str, data: st.DataObject) -> None:
    assume(re.search(r"%\w%", form) is None)  # without separators a digit too few can be read in several ways
    text = datetime(2024, 3, 28, 9, 30, 15, tzinfo=UTC).strftime(form)
    place = data.draw(st.sampled_from([place for place, mark in enumerate(text) if mark.isdigit()]))
    changed = text[:place] + data.draw(st.sampled_from("0123456789")) + text[place + 1 :]
    times = read_formatted(pa.array([changed, text], pa.string()), form)
    try:
        expected = microseconds(datetime.strptime(changed, form))  # noqa: DTZ007
    except ValueError:
        expected = MISSING
    assert times.values.tolist() == [expected, microseconds(datetime.strptime(text, form))]  # noqa: DTZ007


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Sep", 9),
        ("Sept", 9),
        ("Sept.", 9),
        ("September", 9),
        ("SEP", 9),
        ("sept", 9),
        ("Mar.", 3),
        ("June", 6),
        ("Jun", 6),
    ],
)
@pytest.mark.parametrize("directive", ["%b", "%B"])
def test_a_month_is_read_by_any_english_abbreviation(text: str, month: int, directive: str) -> None:
    times = read([f"3 {text} 2024"], f"%d {directive} %Y")
    assert times.values.tolist() == [(date(2024, month, 3) - EPOCH.date()).days]


@pytest.mark.parametrize("text", ["3 März 2024", "3 Ju 2024", "3 Marchs 2024", "31 April 2024", "29 February 2023"])
def test_a_month_or_day_that_there_is_not_is_unreal(text: str) -> None:
    times = read([text, "3 March 2024"], "%d %B %Y")
    assert times.unreal is not None
    assert times.unreal.tolist() == [True, False]


def test_years_of_two_digits_are_those_of_posix() -> None:
    years = {"68": 2068, "69": 1969, "00": 2000, "99": 1999}
    times = read([f"03/04/{year}" for year in years], "%d/%m/%y")
    assert times.values.tolist() == [(date(year, 4, 3) - EPOCH.date()).days for year in years.values()]


@pytest.mark.parametrize("form", ["%d/%m", "%H:%M"])
def test_a_format_without_a_year_means_1900_as_in_strptime(form: str) -> None:
    text = datetime(2024, 3, 2, 9, 30, tzinfo=UTC).strftime(form)
    assert in_microseconds(read([text], form)) == [microseconds(datetime.strptime(text, form))]  # noqa: DTZ007


@pytest.mark.parametrize("form", ["%Q", "%d/%", "%d/%d/%Y", "%-d/%m/%Y", "", "dd/mm/yyyy"])
def test_a_form_that_is_none_is_refused_with_its_text(form: str) -> None:
    with pytest.raises(RecordsError) as refused:
        read(["03/04/2024"], form)
    assert repr(form) in str(refused.value)


# Real dates beside text


def test_real_datetimes_beside_text_stay_as_they_are() -> None:
    moment = datetime.fromisoformat("2024-04-03T09:30:15.5")
    times = read_times(["03/04/2024", moment, date(2024, 4, 3), None], "%d/%m/%Y", complain)
    assert times.kind == "walls"
    midnight = microseconds(datetime.fromisoformat("2024-04-03"))
    assert times.values.tolist() == [midnight, microseconds(moment), midnight, MISSING]
    assert times.dates_alone().tolist()[:3] == [True, False, True]


def test_a_midnight_beside_dates_of_a_named_format_is_a_date() -> None:
    times = read_times(["03/04/2024", datetime.fromisoformat("2024-04-04")], "%d/%m/%Y", complain)
    assert times.kind == "dates"
    assert times.values.tolist() == [(date(2024, 4, day) - EPOCH.date()).days for day in (3, 4)]


def test_an_instant_beside_dates_in_text_keeps_its_zone() -> None:
    late = datetime(2024, 6, 30, 23, 30, tzinfo=UTC)
    times = read_times(["30/06/2024", late], "%d/%m/%Y", complain)
    assert times.kind == "instants"
    assert times.values.tolist()[1] == microseconds(late)
