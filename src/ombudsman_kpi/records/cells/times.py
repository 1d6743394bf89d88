"""A column of dates or timestamps, whatever library or text it came from, as whole numbers."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Literal

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_text, present
from ombudsman_kpi.arrays.choosing import kept
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number, is_missing
from ombudsman_kpi.calendars.time_zones import DAY, MICROSECOND, TimeZone, days_of
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.field_types import parse_time
from ombudsman_kpi.records.cells.forms import swapped, unknown_form
from ombudsman_kpi.records.cells.text import MISSING_WORDS, is_date_of_pandas, is_text
from ombudsman_kpi.records.cells.text_times import TextTimes, read_formatted, read_iso

_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(frozen=True, slots=True)
class Times:
    """Dates (as day numbers), wall-clock times, or instants (both in microseconds); ``MISSING`` where none.

    ``only_dates`` marks what is a date among timestamps, stored as its midnight. ``unreal`` marks text that
    has the form of a date but names no real one, ``unread`` what is in a form that isn't known.
    ``midnight_is_date`` is for pandas, which has no dates of its own: there a midnight without a zone is how a date
    looks.
    """

    values: Integers
    kind: Literal["dates", "walls", "instants"]
    only_dates: Truths | None = None
    unreal: Truths | None = None
    midnight_is_date: bool = False
    empty: bool = False  # there is no value at all
    unread: Truths | None = None

    @classmethod
    def nothing(cls, size: int) -> "Times":
        """Return a column without any value."""
        return cls(np.full(size, MISSING), "dates", empty=True)

    @property
    def present(self) -> Truths:
        """Where there is a value."""
        return np.not_equal(self.values, MISSING)

    def dates_only(self) -> "Times":
        """Return the same dates, with all times of day as what can't be read."""
        stamps = self.present & ~self.dates_alone()
        unread = stamps if self.unread is None else stamps | self.unread
        return Times(_whole_days(np.where(stamps, MISSING, self.values)), "dates", unreal=self.unreal, unread=unread)

    def take(self, rows: Integers) -> "Times":
        """Return the times of some rows."""
        marks = (None if mark is None else mark[rows] for mark in (self.only_dates, self.unreal, self.unread))
        only_dates, unreal, unread = marks
        return replace(self, values=self.values[rows], only_dates=only_dates, unreal=unreal, unread=unread)

    def walls(self, zone: TimeZone) -> Integers:
        """Return wall-clock times in a place, in microseconds."""
        if self.kind == "dates":
            return kept(self.values * DAY, self.present, MISSING)
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


def read_times(
    column: Any,
    form: str | None,
    complain: Complain,
    *,
    missing: Collection[str] = MISSING_WORDS,
    pandas: bool = False,
    lenient: bool = False,
) -> Times:
    """Return the times of a column: an Arrow array, or a list of Python's dates, datetimes and text.

    ``form`` is the caller's strptime format for text, ``missing`` the words for an empty cell. Raises what ``complain``
    makes of whole numbers, text in an unknown form, and times with and without a zone in one column; where it is
    ``lenient``, single cells of that kind are ``unread`` instead.
    """
    if isinstance(column, list):
        return _from_list(column, form, complain, missing, pandas=pandas, lenient=lenient)

    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return read_times(decoded(column), form, complain, missing=missing, pandas=pandas, lenient=lenient)
    if column.null_count == len(column):
        return Times.nothing(len(column))
    if pa.types.is_date(kind):
        return Times(_whole_numbers(column.cast(pa.date32(), safe=False), np.int32), "dates")
    if pa.types.is_timestamp(kind):
        values = _microseconds(_whole_numbers(column, np.int64), kind.unit)
        return Times(values, "instants" if kind.tz else "walls", midnight_is_date=pandas and not kind.tz)
    if is_text(kind):
        return _from_text(column, form, complain, missing, lenient=lenient)
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
    return kept(numbers, present(array), MISSING) if array.null_count else numbers


def _microseconds(values: Integers, unit: str) -> Integers:
    if unit == "us":
        return values
    if unit == "ns":
        return kept(values // 1000, values != MISSING, MISSING)
    furthest = np.iinfo(np.int64).max // _MICROSECONDS[unit] - 1  # beyond any calendar anyway
    return kept(values.clip(-furthest, furthest) * _MICROSECONDS[unit], values != MISSING, MISSING)


def _from_text(column: Any, form: str | None, complain: Complain, missing: Collection[str], *, lenient: bool) -> Times:
    try:
        cells = read_iso(column, missing) if form is None else read_formatted(column, form, missing)
    except ValueError as error:
        raise complain(None, f"is to be read by {form!r}, but {error}") from None
    cells, unread = _readable(cells, form, complain, lenient=lenient)
    stamps = cells.there & ~cells.is_date & ~cells.unknown_form
    zoned = bool(cells.is_zoned.any())
    unreal = cells.there & (cells.values == MISSING) & ~cells.unknown_form
    if form is not None and (fitting := swapped(cells, form, unreal)) is not None:
        raise complain(
            None,
            f"is to be read by {form!r}, by which {np.count_nonzero(unreal):,} of {np.count_nonzero(cells.there):,} "
            f"cells are no real dates. By {fitting!r} all of them are: name that format",
        )
    marks = unreal if unreal.any() else None
    if not stamps.any():
        return Times(_whole_days(cells.values), "dates", unreal=marks, unread=unread)
    mixed = cells.is_date if cells.is_date.any() else None
    return Times(cells.values, "instants" if zoned else "walls", only_dates=mixed, unreal=marks, unread=unread)


def _readable(
    cells: TextTimes, form: str | None, complain: Complain, *, lenient: bool
) -> tuple[TextTimes, Truths | None]:
    """Return cells of one kind, and which can't be read: those in an unknown form, and the fewer of two kinds of zone.

    Raises what ``complain`` makes of the first, unless it is lenient.
    """
    stamps = cells.there & ~cells.is_date & ~cells.unknown_form
    naive = stamps & ~cells.is_zoned
    mixed = bool(cells.is_zoned.any() and naive.any())
    if not lenient and mixed:
        raise complain(int(np.argmax(naive)), _MIXED)
    if not lenient and cells.unknown_form.any():
        raise complain(int(np.argmax(cells.unknown_form)), unknown_form(cells, form))
    if not mixed:
        return cells, cells.unknown_form if cells.unknown_form.any() else None
    fewer = naive if 2 * np.count_nonzero(naive) <= np.count_nonzero(stamps) else stamps & ~naive
    unread = cells.unknown_form | fewer
    values = np.where(fewer, MISSING, cells.values)
    return cells._replace(values=values, unknown_form=unread, is_zoned=cells.is_zoned & ~fewer), unread


def _whole_days(values: Integers) -> Integers:
    return kept(values // DAY, values != MISSING, MISSING)


_MIXED = (
    "has no zone, but others of the column have one. Bring them to one form, for example with "
    "pandas.to_datetime(…, utc=True)"
)


_BOTH = "holds times with a zone and times without one. " + _MIXED.split(". ", 1)[1]


def _from_list(
    column: list[Any], form: str | None, complain: Complain, missing: Collection[str], *, pandas: bool, lenient: bool
) -> Times:
    """Return the times of a list of cells: text as in a column of text, real dates and datetimes as they are."""
    kinds = {type(value) for value in column}
    if kinds <= {type(None)}:
        return Times.nothing(len(column))
    if kinds <= {date, type(None)}:
        return Times(np.array([MISSING if value is None else day_number(value) for value in column]), "dates")
    if not any(issubclass(kind, str) for kind in kinds):
        return _from_objects(column, complain, pandas=pandas, lenient=lenient)

    is_text = [isinstance(value, str) for value in column]
    cells = [str(value) if text else None for value, text in zip(column, is_text, strict=True)]
    try:
        texts = arrow_text(cells)
    except UnicodeEncodeError as error:
        raise complain(cells.index(error.object), "holds half a character, not a date") from None
    others = [None if text else value for value, text in zip(column, is_text, strict=True)]
    read = _from_text(texts, form, complain, missing, lenient=lenient)
    if all(is_missing(value) for value in others):
        return read
    objects = _from_objects(others, complain, pandas=pandas, lenient=lenient)
    if lenient and {read.kind, objects.kind} == {"walls", "instants"}:
        objects = objects.dates_only()
    return _together(read, objects, named=form is not None, complain=complain)


def _from_objects(column: list[Any], complain: Complain, *, pandas: bool, lenient: bool) -> Times:
    """Return the times of a list of real dates and datetimes; in pandas, which has no dates, a midnight is one."""
    values = np.full(len(column), MISSING)
    only_dates = np.zeros(len(column), np.bool_)
    unread = np.zeros(len(column), np.bool_)
    zones: set[bool] = set()
    for position, item in enumerate(column):
        try:
            value = parse_time(item)
        except ValueError as error:
            unread[position] = True
            if lenient:
                continue
            raise complain(
                position,
                f"holds {type(item).__name__}, not dates: {error}; pandas.to_datetime makes dates of most things",
            ) from None
        if isinstance(value, datetime) and not (pandas and value.tzinfo is None and value.time() == time.min):
            if lenient and zones - {value.tzinfo is not None}:
                unread[position] = True
                continue
            zones.add(value.tzinfo is not None)
            values[position] = (value - datetime(1970, 1, 1, tzinfo=UTC if value.tzinfo else None)) // MICROSECOND
        elif value is not None:
            values[position] = day_number(value) * DAY
            only_dates[position] = True
    if len(zones) > 1:
        raise complain(None, _BOTH)
    midnights = pandas or any(is_date_of_pandas(item) for item in column if not is_missing(item))
    marks = unread if unread.any() else None
    if not zones:
        empty = marks is None and not only_dates.any()
        return Times(_whole_days(values), "dates", midnight_is_date=midnights, empty=empty, unread=marks)
    mixed = only_dates if only_dates.any() else None
    kind: Literal["walls", "instants"] = "instants" if True in zones else "walls"
    return Times(values, kind, only_dates=mixed, midnight_is_date=midnights, unread=marks)


def _together(text: Times, objects: Times, *, named: bool, complain: Complain) -> Times:
    """Return the times of a list, of which some cells are text and the others real dates and datetimes.

    Where the text has a named format of dates alone, a midnight is a date too: a spreadsheet has no other way.
    """
    kinds = {times.kind for times in (text, objects) if times.kind != "dates"}
    if len(kinds) > 1:
        raise complain(None, _BOTH)
    midnight_is_date = named and text.kind == "dates" and objects.kind == "walls" and objects.only_dates is None
    values = np.full(len(text.values), MISSING)
    only_dates = np.zeros(len(values), np.bool_)
    for times in (text, replace(objects, midnight_is_date=midnight_is_date)):
        there = times.present
        values[there] = times.values[there] * (DAY if times.kind == "dates" else 1)
        only_dates |= there & times.dates_alone()
    marks = [times.unread for times in (text, objects) if times.unread is not None]
    unread = np.logical_or.reduce(marks) if marks else None
    if (only_dates | (values == MISSING)).all():
        return Times(_whole_days(values), "dates", unreal=text.unreal, unread=unread)
    mixed = only_dates if only_dates.any() else None
    kind: Literal["walls", "instants"] = "instants" if "instants" in kinds else "walls"
    return Times(values, kind, only_dates=mixed, unreal=text.unreal, unread=unread)
