"""A column of dates or timestamps, whatever library or text it came from, as whole numbers."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number, is_missing
from ombudsman_kpi.calendars.time_zones import DAY, MICROSECOND, TimeZone, days_of
from ombudsman_kpi.errors import RecordsError, shape_of
from ombudsman_kpi.records.cells.field_types import parse_time
from ombudsman_kpi.records.cells.text_times import read_formatted, read_iso

_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(frozen=True, slots=True)
class Times:
    """Dates (as day numbers), wall-clock times, or instants (both in microseconds); ``MISSING`` where none.

    ``only_dates`` marks what is a date among timestamps, stored as its midnight. ``unreal`` marks text that
    has the form of a date but names no real one. ``midnight_is_date`` is for pandas, which has no dates of its
    own: there a midnight without a zone is how a date looks.
    """

    values: Integers
    kind: Literal["dates", "walls", "instants"]
    only_dates: Truths | None = None
    unreal: Truths | None = None
    midnight_is_date: bool = False
    empty: bool = False  # there is no value at all

    @classmethod
    def nothing(cls, size: int) -> "Times":
        """Return a column without any value."""
        return cls(np.full(size, MISSING), "dates", empty=True)

    @property
    def present(self) -> Truths:
        """Where there is a value."""
        return np.not_equal(self.values, MISSING)

    def walls(self, zone: TimeZone) -> Integers:
        """Return wall-clock times in a place, in microseconds."""
        if self.kind == "dates":
            return np.where(self.present, self.values * DAY, MISSING)
        if self.kind == "walls":
            return self.values
        walls = zone.wall(self.values)
        return walls if self.only_dates is None else np.where(self.only_dates, self.values, walls)

    def days(self, zone: TimeZone) -> Integers:
        """Return the calendar dates in a place, as day numbers."""
        if self.kind == "dates":
            return self.values
        return days_of(self.walls(zone))

    def dates_alone(self) -> Truths:
        """Return which values are dates without a time of day."""
        if self.kind == "dates":
            return np.ones(len(self.values), np.bool_)
        if self.only_dates is not None:
            return self.only_dates
        if self.midnight_is_date:
            return np.equal(self.values % DAY, 0)
        return np.zeros(len(self.values), np.bool_)

    def instants(self, zone: TimeZone) -> tuple[Integers, Integers]:
        """Return the first and the second instant that each value can mean (see ``TimeZone.instants``)."""
        if self.kind != "instants":
            return zone.instants(self.walls(zone))[:2]
        if self.only_dates is None:
            return self.values, self.values
        early, late, _ = zone.instants(self.walls(zone))
        return np.where(self.only_dates, early, self.values), np.where(self.only_dates, late, self.values)

    def never_occurred(self, days: Integers, zone: TimeZone) -> Truths | None:
        """Return which times, on these days, were skipped by the clocks in spring; None where none can be."""
        if self.kind != "walls":
            return None
        suspect = zone.skips_an_hour(days)
        if not suspect.any():
            return None
        skipped = np.zeros(len(self.values), np.bool_)
        skipped[suspect] = zone.instants(self.values[suspect])[2]
        return skipped


Complain = Callable[[int | None, str], RecordsError]  # (position or None, what is wrong) -> the error to raise


def read_times(column: Any, form: str | None, complain: Complain, *, pandas: bool = False) -> Times:
    """Read a column: an Arrow array, or a list of Python's dates, datetimes and text.

    ``form`` is the caller's strptime format for text. Raises what ``complain`` makes of whole numbers, text
    in an unknown form, and times with and without a zone in one column.
    """
    if isinstance(column, list):
        return _from_objects(column, form, complain)

    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return read_times(decoded(column), form, complain, pandas=pandas)
    if column.null_count == len(column):
        return Times.nothing(len(column))
    if pa.types.is_date(kind):
        return Times(_whole_numbers(column.cast(pa.date32(), safe=False), np.int32), "dates")
    if pa.types.is_timestamp(kind):
        values = _microseconds(_whole_numbers(column, np.int64), kind.unit)
        return Times(values, "instants" if kind.tz else "walls", midnight_is_date=pandas and not kind.tz)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _from_text(column, form, complain)
    raise complain(
        None,
        f"holds {kind}, not dates. Convert it first, for example with pandas.to_datetime(…, unit=…); numbers of "
        "Excel with unit='D' and origin='1899-12-30'",
    )


def decoded(column: Any) -> Any:
    """Return the values that a dictionary-encoded Arrow array stands for."""
    import pyarrow as pa

    values = column.dictionary
    return (values.cast(pa.string()) if pa.types.is_string_view(values.type) else values).take(column.indices)


def _whole_numbers(array: Any, dtype: type[np.signedinteger[Any]]) -> Integers:
    """Return an Arrow array of whole numbers as numpy's, missing ones as ``MISSING``."""
    stored = np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]
    numbers: Integers = stored.astype(np.int64, copy=False)
    return np.where(present(array), numbers, MISSING) if array.null_count else numbers


def _microseconds(values: Integers, unit: str) -> Integers:
    if unit == "us":
        return values
    if unit == "ns":
        return np.where(values == MISSING, MISSING, values // 1000)
    furthest = np.iinfo(np.int64).max // _MICROSECONDS[unit] - 1  # beyond any calendar anyway
    return np.where(values == MISSING, MISSING, values.clip(-furthest, furthest) * _MICROSECONDS[unit])


def _from_text(column: Any, form: str | None, complain: Complain) -> Times:
    try:
        cells = read_iso(column) if form is None else read_formatted(column, form)
    except ValueError as error:
        raise complain(None, bad_format(form, error)) from None
    stamps = cells.there & ~cells.is_date & ~cells.unknown_form
    zoned = bool(cells.is_zoned.any())
    if zoned and (stamps & ~cells.is_zoned).any():
        raise complain(int(np.argmax(stamps & ~cells.is_zoned)), _MIXED)
    if cells.unknown_form.any():
        position = int(np.argmax(cells.unknown_form))
        raise complain(position, unknown_form(cells.text[position].as_py(), form))
    unreal = cells.there & (cells.values == MISSING)
    marks = unreal if unreal.any() else None
    if not stamps.any():
        return Times(_whole_days(cells.values), "dates", unreal=marks)
    mixed = cells.is_date if cells.is_date.any() else None
    return Times(cells.values, "instants" if zoned else "walls", only_dates=mixed, unreal=marks)


def _whole_days(values: Integers) -> Integers:
    return np.where(values == MISSING, MISSING, values // DAY)


_MIXED = (
    "has no zone, but others of the column have one. Bring them to one form, for example with "
    "pandas.to_datetime(…, utc=True)"
)


_BOTH = "holds times with a zone and times without one. " + _MIXED.split(". ", 1)[1]


def bad_format(form: str | None, error: ValueError) -> str:
    """Return what is wrong with a caller's format."""
    return f"is to be read by {form!r}, but {error}"


def unknown_form(text: str, form: str | None) -> str:
    """Return what is wrong with a cell in another form, without showing its content."""
    shape = shape_of(text)
    if form is not None:
        return f"has the form {shape}, not the one that dates= names, {form!r}. Mend it, or name another format"
    if re.match(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}", text):
        return (
            f"has the form {shape}, in which the day and the month can't be told apart. Dates in text are ISO 8601 "
            "(2024-04-03) unless you name the format, such as dates={'cases': '%d/%m/%Y'}"
        )
    return (
        f"has the form {shape}, which isn't a date in ISO 8601 (2024-04-03 or 2024-04-03T09:30:00). Mend it, or name "
        "the format, such as dates={'cases': '%d %B %Y'}"
    )


_DATES = {date, type(None)}


def _from_objects(column: list[Any], form: str | None, complain: Complain) -> Times:
    if all(value is None for value in column):
        return Times.nothing(len(column))
    kinds = {type(value) for value in column}
    if kinds <= _DATES:
        return Times(np.array([MISSING if value is None else day_number(value) for value in column]), "dates")
    if any(issubclass(kind, str) for kind in kinds):
        return _from_text_and_objects(column, form, complain)
    values = np.full(len(column), MISSING)
    only_dates = np.zeros(len(column), np.bool_)
    zones: set[bool] = set()
    for position, item in enumerate(column):
        try:
            value = parse_time(item)
        except ValueError as error:
            raise complain(
                position,
                f"holds {type(item).__name__}, not dates: {error}; pandas.to_datetime makes dates of most things",
            ) from None
        if isinstance(value, datetime):
            zones.add(value.tzinfo is not None)
            values[position] = (value - datetime(1970, 1, 1, tzinfo=UTC if value.tzinfo else None)) // MICROSECOND
        elif isinstance(value, date):
            values[position] = day_number(value) * DAY
            only_dates[position] = True
    if len(zones) > 1:
        raise complain(None, _BOTH)
    if not zones:
        return Times(_whole_days(values), "dates")
    return Times(values, "instants" if True in zones else "walls", only_dates=only_dates if only_dates.any() else None)


def _from_text_and_objects(column: list[Any], form: str | None, complain: Complain) -> Times:
    """Read a list in which there is text, and perhaps real dates beside it, each in its own way."""
    import pyarrow as pa

    is_text = np.array([isinstance(value, str) for value in column])
    others = [None if text or is_missing(value) else value for value, text in zip(column, is_text, strict=True)]
    if not all(value is None or isinstance(value, (date, np.datetime64)) for value in others):
        raise complain(None, "holds a mixture of text and other things. Make it one kind")
    texts = [str(value) if text else None for value, text in zip(column, is_text, strict=True)]
    read = _from_text(pa.array(texts, pa.string()), form, complain)
    if all(value is None for value in others):
        return read
    return _together(read, _from_objects(others, None, complain), named=form is not None, complain=complain)


def _together(text: Times, objects: Times, *, named: bool, complain: Complain) -> Times:
    """Return the times of a list, of which some cells are text and the others real dates and datetimes.

    Where the text has a named format of dates alone, a midnight is a date too: a spreadsheet has no other way.
    """
    kinds = {times.kind for times in (text, objects) if times.kind != "dates"}
    if len(kinds) > 1:
        raise complain(None, _BOTH)
    midnight_is_date = named and text.kind == "dates" and objects.kind == "walls"
    values = np.full(len(text.values), MISSING)
    only_dates = np.zeros(len(values), np.bool_)
    for times in (text, replace(objects, midnight_is_date=midnight_is_date)):
        there = times.present
        values[there] = times.values[there] * (DAY if times.kind == "dates" else 1)
        only_dates |= there & times.dates_alone()
    if (only_dates | (values == MISSING)).all():
        return Times(_whole_days(values), "dates", unreal=text.unreal)
    mixed = only_dates if only_dates.any() else None
    return Times(values, "instants" if "instants" in kinds else "walls", only_dates=mixed, unreal=text.unreal)
