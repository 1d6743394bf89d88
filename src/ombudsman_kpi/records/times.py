"""A column of dates or timestamps, whatever library or text it came from, as whole numbers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import present, truths
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number, is_missing
from ombudsman_kpi.calendars.time_zones import DAY, MICROSECOND, TimeZone, days_of
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.field_types import EMPTY, parse_time

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
_STAMP = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$"
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
        """Give a column without any value."""
        return cls(np.full(size, MISSING), "dates", empty=True)

    @property
    def present(self) -> Truths:
        """Where there is a value."""
        return np.not_equal(self.values, MISSING)

    def walls(self, zone: TimeZone) -> Integers:
        """Give wall-clock times in a place, in microseconds."""
        if self.kind == "dates":
            return np.where(self.present, self.values * DAY, MISSING)
        if self.kind == "walls":
            return self.values
        walls = zone.wall(self.values)
        return walls if self.only_dates is None else np.where(self.only_dates, self.values, walls)

    def days(self, zone: TimeZone) -> Integers:
        """Give the calendar dates in a place, as day numbers."""
        if self.kind == "dates":
            return self.values
        return days_of(self.walls(zone))

    def dates_alone(self) -> Truths:
        """Tell which values are dates without a time of day."""
        if self.kind == "dates":
            return np.ones(len(self.values), np.bool_)
        if self.only_dates is not None:
            return self.only_dates
        if self.midnight_is_date:
            return np.equal(self.values % DAY, 0)
        return np.zeros(len(self.values), np.bool_)

    def instants(self, zone: TimeZone) -> tuple[Integers, Integers]:
        """Give the first and the second instant that each value can mean (see ``TimeZone.instants``)."""
        if self.kind != "instants":
            return zone.instants(self.walls(zone))[:2]
        if self.only_dates is None:
            return self.values, self.values
        early, late, _ = zone.instants(self.walls(zone))
        return np.where(self.only_dates, early, self.values), np.where(self.only_dates, late, self.values)

    def never_occurred(self, days: Integers, zone: TimeZone) -> Truths | None:
        """Tell which times, on these days, were skipped by the clocks in spring; None where none can be."""
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
    """Give the values that a dictionary-encoded Arrow array stands for."""
    import pyarrow as pa

    values = column.dictionary
    return (values.cast(pa.string()) if pa.types.is_string_view(values.type) else values).take(column.indices)


def _whole_numbers(array: Any, dtype: type[np.signedinteger[Any]]) -> Integers:
    """See an Arrow array of whole numbers as numpy's, missing ones as ``MISSING``."""
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
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    empty = pc.is_in(pc.utf8_lower(text), pa.array(EMPTY, pa.string()))
    text = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    there = present(text)
    if form is not None:
        zoned, dates = "%z" in form, not re.search(r"%[HIMSfp]", form)
        only_dates = np.full(len(text), dates)
        unknown = there & ~_matches(text, _pattern(form, complain))
    else:
        only_dates = _matches(text, _DATE)
        unknown = there & ~only_dates & ~_matches(text, _STAMP)
        stamps = there & ~only_dates
        zones = stamps & _matches(text, _ZONE)
        zoned, dates = bool(zones.any()), not stamps.any()
        if zoned and (stamps & ~zones & ~unknown).any():
            raise complain(int(np.argmax(stamps & ~zones & ~unknown)), _MIXED)
    if unknown.any():
        position = int(np.argmax(unknown))
        raise complain(position, _unknown_form(text[position].as_py(), form))
    moments = pd.to_datetime(
        pd.Series(text.to_numpy(zero_copy_only=False), dtype="str"),
        format=form or "ISO8601", errors="coerce", utc=zoned,
    )  # fmt: skip
    read = moments.dt.tz_localize(None) if zoned else moments
    values = read.to_numpy().astype("M8[us]").view(np.int64)
    unreal = there & (values == MISSING)
    marks = unreal if unreal.any() else None
    if dates:
        return Times(np.where(values == MISSING, MISSING, values // DAY), "dates", unreal=marks)
    mixed = only_dates if only_dates.any() else None
    return Times(values, "instants" if zoned else "walls", only_dates=mixed, unreal=marks)


def _matches(text: Any, pattern: str) -> Truths:
    import pyarrow.compute as pc

    return truths(pc.fill_null(pc.match_substring_regex(text, pattern), False))  # noqa: FBT003


_MIXED = (
    "has no zone, but others of the column have one. Bring them to one form, for example with "
    "pandas.to_datetime(…, utc=True)"
)


_DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}",
    "S": r"\d{1,2}", "f": r"\d{1,6}", "p": r"[AaPp][Mm]", "b": r"\pL+\.?", "B": r"\pL+", "a": r"\pL+\.?", "A": r"\pL+",
    "j": r"\d{1,3}", "z": r"(Z|[+-]\d{2}:?\d{2})",
}  # fmt: skip


def _pattern(form: str, complain: Complain) -> str:
    """Give the pattern of a strptime format: what has it and is no date after all is a slip, not another format."""
    literal, *parts = form.replace("%%", "\0").split("%")
    pattern = re.escape(literal)
    for part in parts:
        directive, literal = part[:1], part[1:]
        if directive not in _DIRECTIVES:
            raise complain(
                None, f"is to be read by {form!r}, but %{directive} is no part of a date that can be read so"
            )
        pattern += _DIRECTIVES[directive] + re.escape(literal)
    return f"^{pattern}$".replace("\0", "%")


def _unknown_form(text: str, form: str | None) -> str:
    """Say what a cell looks like, without its content: 03/04/2024 is 99/99/9999."""
    shape = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))
    shape = shape if len(shape) <= 30 else f"{shape[:30]}…"
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


def _as_text(value: Any, form: str | None, complain: Complain) -> Any:
    """Write a real date that stands among text the way the text is written."""
    if not isinstance(value, date) or is_missing(value):
        return value
    if isinstance(value, datetime) and value.tzinfo is not None and form is not None and "%z" not in form:
        raise complain(None, "holds times with a zone among text without one. " + _MIXED.split(". ", 1)[1])
    return value.isoformat() if form is None else value.strftime(form)


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
        raise complain(None, "holds times with a zone and times without one. " + _MIXED.split(". ", 1)[1])
    if not zones:
        return Times(np.where(values == MISSING, MISSING, values // DAY), "dates")
    return Times(values, "instants" if True in zones else "walls", only_dates=only_dates if only_dates.any() else None)


def _from_text_and_objects(column: list[Any], form: str | None, complain: Complain) -> Times:
    """Read a list in which there is text, and perhaps real dates beside it."""
    import pyarrow as pa

    if not all(isinstance(value, str) or is_missing(value) for value in column):
        column = [_as_text(value, form, complain) for value in column]
    column = [None if is_missing(value) else value for value in column]
    try:
        return _from_text(pa.array(column, pa.string()), form, complain)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise complain(None, "holds a mixture of text and other things. Make it one kind") from None
