"""Dates in any container (text, dates, arrays, Series, indexes), converted to day numbers and back.

A day number is the count of days since 1 January 1970, as in numpy's ``datetime64[D]``. ``MISSING`` is
numpy's not-a-time. This module doesn't deal with working days.
"""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import MISSING, DayNumber, DayNumbers, Integers, RowNumbers, Truths
from ombudsman_kpi.errors import OptionError, RecordsError

Kind = Literal["scalar", "list", "numpy", "pandas", "pandas-index", "polars", "arrow"]

# Names in English, since those of strftime follow the locale of the program that uses the library.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

TOO_MANY = 1 << 40  # more days than any calendar has, and small enough for arithmetic in 64 bits

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()
_UNITS_PER_DAY = {"D": 1, "h": 24, "m": 1440, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000,
                  "ns": 86_400_000_000_000}  # fmt: skip


def is_missing(value: object) -> bool:
    """Return whether a value is missing: None, NaN and NaT (which don't equal themselves), or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
    except ValueError:  # an array, which is many values
        return False


def to_date(value: object) -> date:
    """Return one date from a ``date``, ``datetime``, ``numpy.datetime64``, or text in ISO 8601.

    A time of day is dropped. Text in any other format is an error, since 03/04/2024 could be two days.

    >>> to_date("2024-03-28")
    datetime.date(2024, 3, 28)

    Raises ``RecordsError`` for anything else, and for times with a zone, which have no date of their own.
    """
    if isinstance(value, np.datetime64) and not np.isnat(value):
        value = value.astype("M8[D]").item()
    if isinstance(value, str) and _ISO_DAY.fullmatch(value.strip()):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise RecordsError("The text has the format of a date, but there is no such day or time.") from None
    if isinstance(value, datetime) and value == value:
        if value.tzinfo is not None:
            raise RecordsError(_ZONED)
        return value.date()
    if isinstance(value, date) and value == value:
        return value
    if isinstance(value, str):
        raise RecordsError(
            "The text isn't a date in ISO 8601, such as 2024-03-28. Other formats aren't accepted, "
            "since 03/04/2024 could be two days."
        )
    raise RecordsError(
        f"A value of type {type(value).__name__} isn't a date. Dates can be datetime.date, datetime.datetime, "
        "numpy.datetime64, or text in ISO 8601 such as '2024-03-28'."
    )


_ZONED = (
    "The date of a time with a zone depends on the place. Convert it to local time first, for example with "
    "series.dt.tz_convert('Europe/London').dt.tz_localize(None)."
)


def day_in_words(day: date) -> str:
    """Return a day as text, in English whatever the locale is.

    >>> day_in_words(date(2024, 3, 31))
    '31 March 2024'
    """
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def day_in_short(day: date) -> str:
    """Return a day as text with a short month, in English whatever the locale is.

    >>> day_in_short(date(2024, 3, 31))
    '31 Mar 2024'
    """
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def ordinal(number: int) -> str:
    """Return an ordinal number as text.

    >>> ordinal(1), ordinal(12), ordinal(22)
    ('1st', '12th', '22nd')
    """
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def day_number(day: date) -> DayNumber:
    """Return the number of days from 1 January 1970 to a date."""
    return day.toordinal() - _EPOCH


def to_day(number: DayNumber) -> date:
    """Return the date of a day number."""
    return date.fromordinal(number + _EPOCH)


@dataclass(frozen=True, slots=True)
class Days:
    """The dates of one container, in its own memory: ``raw`` are integers, with ``units_per_day`` of them to a day.

    They are converted to day numbers one chunk at a time, so ten million timestamps need no second copy.
    """

    raw: Integers | NDArray[np.int32]
    units_per_day: int
    missing: Truths | None
    kind: Kind
    source: Any

    def __len__(self) -> int:
        return len(self.raw)

    def numbers(self, chunk: slice | RowNumbers, origin: DayNumber) -> DayNumbers:
        """Return the day numbers at some positions, counted from ``origin``; a missing date is ``MISSING``.

        A single date answers for all positions, as an array of length 1.
        """
        part = self.raw if self.kind == "scalar" else self.raw[chunk]
        absent = None if self.missing is None else self.missing[chunk]
        if self.units_per_day > 1:
            absent = part == MISSING if absent is None else absent
            part = part // self.units_per_day
        if origin or absent is not None:
            absent = part == MISSING if absent is None else absent
            part = np.where(absent, MISSING, part.astype(np.int64) - origin)
        return part.astype(np.int64, copy=False)


def read_days(values: Any) -> Days:
    """Return the dates of any container as ``Days``; a single date becomes a container of one.

    Raises ``RecordsError`` if the values aren't dates, ``OptionError`` if an array has more than one dimension.
    """
    if isinstance(values, np.ndarray):
        return _from_numpy(values, "numpy", values)
    kind = _kind_of(values)
    if kind in {"pandas", "pandas-index"}:
        if getattr(values.dtype, "tz", None) is not None:
            raise RecordsError(_ZONED)
        if values.dtype.kind == "M" and not isinstance(values.dtype, np.dtype):  # Arrow dates
            return _from_arrow(values.array.__arrow_array__(), kind, values)
        return _from_numpy(values.to_numpy(), kind, values)
    if kind == "polars":
        return _from_arrow(values.to_arrow(), kind, values)
    if kind == "arrow":
        return _from_arrow(values, kind, values)
    if isinstance(values, Sequence) and not isinstance(values, str):
        return _from_objects(values, "list", values)
    return Days(np.array([day_number(to_date(values))]), 1, None, "scalar", values)


_CONTAINERS: tuple[tuple[str, str, Kind], ...] = (
    ("pandas", "Series", "pandas"),
    ("pandas", "Index", "pandas-index"),
    ("polars", "Series", "polars"),
    ("pyarrow", "Array", "arrow"),
    ("pyarrow", "ChunkedArray", "arrow"),
)


def _kind_of(values: object) -> Kind | None:
    """Return the kind of a container of an optional library; None for anything else.

    No library is imported. While another thread imports one, the module is there but its classes may not be yet; then
    no values can be of them.
    """
    for library, name, kind in _CONTAINERS:
        container = getattr(sys.modules.get(library), name, None)
        if container is not None and isinstance(values, container):
            return kind
    return None


def _from_numpy(values: NDArray[Any], kind: Kind, source: object) -> Days:
    if values.ndim != 1:
        raise OptionError(f"Arrays of dates must have one dimension; this one has {values.ndim}.")
    if values.dtype.kind == "M":
        if isinstance(values, np.ma.MaskedArray):
            values = values.filled(np.datetime64("NaT"))
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        unit, step = np.datetime_data(values.dtype)
        if unit not in _UNITS_PER_DAY or step != 1:
            values, unit = values.astype("M8[D]"), "D"
        return Days(values.view(np.int64), _UNITS_PER_DAY[unit], None, kind, source)
    if values.dtype.kind in "OUT":
        return _from_objects(values, kind, source)
    raise RecordsError(
        f"The array holds {values.dtype}, not dates. Convert it first, for example with pandas.to_datetime."
    )


def _from_objects(values: Sequence[Any] | NDArray[Any], kind: Kind, source: object) -> Days:
    raw = np.empty(len(values), np.int64)
    for position, value in enumerate(values):
        if is_missing(value):
            raw[position] = MISSING
            continue
        try:
            raw[position] = day_number(to_date(value))
        except RecordsError as error:
            raise RecordsError(f"Position {position}: {error}") from None
    return Days(raw, 1, None, kind, source)


def _from_arrow(values: Any, kind: Kind, source: object) -> Days:
    import pyarrow as pa

    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        raise RecordsError(_ZONED)
    if pa.types.is_date32(array.type):
        raw, units = array.view(pa.int32()), 1
    elif pa.types.is_timestamp(array.type):
        raw, units = array.view(pa.int64()), _UNITS_PER_DAY[array.type.unit]
    elif pa.types.is_date64(array.type):
        raw, units = array.view(pa.int64()), _UNITS_PER_DAY["ms"]
    else:
        return _from_objects(array.to_pylist(), kind, source)
    missing = np.asarray(array.is_null()) if array.null_count else None
    return Days(raw.fill_null(0).to_numpy(), units, missing, kind, source)


def in_container_of(days: Days, values: NDArray[Any], missing: Truths | None = None) -> Any:
    """Return results in the kind of container that the dates came in.

    ``values`` are dates (``datetime64[D]``), integers or booleans. Missing values are written as the container
    does: NaT or NaN in numpy, NA in pandas, null in Polars and Arrow, None in a list.
    """
    if days.kind in {"pandas", "pandas-index"}:
        return _in_pandas(days, values, missing)
    if days.kind in {"polars", "arrow"}:
        import pyarrow as pa

        array = pa.array(values, mask=missing)  # noqa: TID251 (of dates or truth values, some missing)
        if days.kind == "arrow":
            return pa.chunked_array([array]) if isinstance(days.source, pa.ChunkedArray) else array
        import polars

        return polars.Series(days.source.name, array)
    if days.kind in {"scalar", "list"}:
        plain = [None if missing is not None and missing[i] else item for i, item in enumerate(values.tolist())]
        return plain[0] if days.kind == "scalar" else plain
    if missing is not None and values.dtype.kind != "M":
        values = values.astype(np.float64)
        values[missing] = np.nan
    return values


def _in_pandas(days: Days, values: NDArray[Any], missing: Truths | None) -> Any:
    import pandas as pd

    source = days.source
    if values.dtype.kind == "M":
        of_numpy = isinstance(source.dtype, np.dtype) and source.dtype.kind == "M"
        unit = np.datetime_data(source.dtype)[0] if of_numpy else "s"
        content: Any = values.astype(f"M8[{unit}]")
    else:
        absent = np.zeros(len(values), np.bool_) if missing is None else missing
        array = pd.arrays.BooleanArray if values.dtype.kind == "b" else pd.arrays.IntegerArray
        content = array(values, absent)
    if days.kind == "pandas-index":
        return pd.Index(content, name=source.name)
    return pd.Series(content, index=source.index, name=source.name, copy=False)


_CHUNK = 16384  # dates in a chunk: small enough for tables, indexes and results to stay in the fastest cache


def over_chunks(size: int, work: Callable[[slice], bool]) -> bool:
    """Do some work on every chunk of ``size`` positions until it returns False. Return whether it never did."""
    return all(work(slice(begin, min(begin + _CHUNK, size))) for begin in range(0, size, _CHUNK))


def whole_numbers(n: Any, days: Days) -> Integers:
    """Return n as integers, one or one for each date. Raises ``OptionError`` for anything else."""
    if days.kind == "pandas" and hasattr(n, "index") and hasattr(n, "dtype") and not days.source.index.equals(n.index):
        raise OptionError(_TWO_INDEXES)
    try:
        numbers = np.asarray(n, object if isinstance(n, (list, tuple)) else None)
    except ValueError:
        numbers = np.empty(0, object)
    if numbers.dtype == object and all(type(item) is int or isinstance(item, np.integer) for item in numbers.flat):
        numbers = numbers.clip(-TOO_MANY, TOO_MANY).astype(np.int64)
    if (numbers.dtype.kind not in "iu" and numbers.size) or numbers.shape not in {(), (len(days),)}:
        raise OptionError(f"n must be a whole number, or {len(days)} whole numbers, one for each date.")
    if numbers.dtype == np.uint64:
        numbers = np.minimum(numbers, np.uint64(TOO_MANY))
    return numbers.astype(np.int64).clip(-TOO_MANY, TOO_MANY)


_TWO_INDEXES = (
    "The two Series have different indexes, so it isn't clear which rows belong together. "
    "Take them from one frame, or use arrays: series.to_numpy()."
)


def check_alignment(starts: Days, stops: Days) -> None:
    """Raise ``OptionError`` if starts and stops can't be paired."""
    if "scalar" in {starts.kind, stops.kind}:
        return
    if len(starts) != len(stops):
        raise OptionError(f"There are {len(starts)} starts and {len(stops)} stops; each start needs its stop.")
    if starts.kind == stops.kind == "pandas" and not starts.source.index.equals(stops.source.index):
        raise OptionError(_TWO_INDEXES)
