"""Series of figures by date, many at once: read from any container, put in order, and looked through for gaps."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, RowNumbers, Truths
from ombudsman_kpi.errors import OptionError, RecordsError, kind_of

Numbers: TypeAlias = NDArray[np.float64]

TOO_LARGE = 1e300  # sums of such numbers could exceed what a float holds
_ISO = re.compile(r"\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?)?", re.ASCII)
_FARTHEST = 1 << 59  # number of a period
_ZONED = "Which day a time is depends on the place: take the local times without their zone."
_ENDLESS = 1 << 60  # more periods than lie between any two dates


def numbers_of(values: Any, what: str = "value") -> Numbers:
    """Return numbers of any container as floats, NaN where one is missing.

    >>> numbers_of([1, None, 2.5]).tolist()
    [1.0, nan, 2.5]

    Raises ``RecordsError`` for text, and for what is infinite or 1e300 or more; ``OptionError`` for what isn't a row.
    """
    found = _array(values, na_value=np.nan)
    if found.dtype == object:
        found = np.array([np.nan if is_missing(item) else item for item in found], object)
    if found.dtype.kind in "USMm" or (found.dtype == object and any(isinstance(item, str) for item in found)):
        raise RecordsError(f"Each {what} must be a number; these hold text or times. Convert them first.")
    try:
        numbers = found.astype(np.float64, casting="unsafe" if found.dtype == object else "same_kind")
    except (TypeError, ValueError, OverflowError):  # complex numbers, too
        raise RecordsError(f"Each {what} must be a number, or missing: None or NaN.") from None
    wrong = np.flatnonzero(np.abs(numbers) >= TOO_LARGE)
    if len(wrong):
        raise RecordsError(
            f"Position {wrong[0]}: a {what} must be a finite number below 1e300. Leave it out, or mend it."
        )
    return numbers


def check_counts(met: Numbers, n: Numbers) -> Truths:
    """Return whether something was counted. Raises ``RecordsError`` for counts that can't be."""
    there: Truths = ~(np.isnan(met) | np.isnan(n)) & (n != 0)
    wrong = np.flatnonzero((met != np.floor(met)) & ~np.isnan(met) | (n != np.floor(n)) & ~np.isnan(n))
    if len(wrong):
        raise RecordsError(
            f"Position {wrong[0]}: counts must be whole numbers. Give how many were met, and of how many."
        )
    wrong = np.flatnonzero((met < 0) | (n < 0) | (met > n))
    if len(wrong):
        raise RecordsError(
            f"Position {wrong[0]}: {met[wrong[0]]:g} met of {n[wrong[0]]:g} isn't a rate. Neither can be negative, nor "
            "met above n."
        )
    return there


def dates_of(dates: Any) -> tuple[Integers, bool]:
    """Return dates as days since 1970, and True; or numbers of periods as they are, and False.

    >>> dates_of(["1970-01-02", "1970-02"]), dates_of([7, 8])
    ((array([ 1, 31]), True), (array([7, 8]), False))

    Dates are ``date``, ``datetime``, numpy's or pandas', or text in ISO 8601, in which a month alone is its first
    day, as pandas' ``Period`` is. A time of day is dropped. Raises ``RecordsError`` for anything else, and for a
    missing date.
    """
    if _has_zone(getattr(dates, "dtype", getattr(dates, "type", None))):
        raise RecordsError(f"The dates have a time zone. {_ZONED}")
    found = _array(dates)
    if found.dtype == object and len(found) and all(type(item) is int for item in found):
        found = np.array(found.tolist())
    if found.dtype.kind in "iu" and (not len(found) or (found.min() >= -_FARTHEST and found.max() <= _FARTHEST)):
        return found.astype(np.int64), False
    if found.dtype.kind == "f":  # as whole numbers of which one is missing are
        _refuse_missing(np.isnan(found))
    if found.dtype.kind != "M":
        found = _as_days(found.astype(object))
    _refuse_missing(np.isnat(found))
    return found.astype("M8[D]").astype(np.int64), True


def _refuse_missing(missing: Truths) -> None:
    if missing.any():
        raise RecordsError(f"Position {missing.argmax()} has no date. Each value needs one; leave out what has none.")


def is_missing(item: object) -> bool:
    """Return whether an item is None, or NaN, NaT or NA, which don't equal themselves."""
    try:
        return item is None or bool(item != item)
    except TypeError:  # pandas' NA is neither
        return True
    except ArithmeticError:  # a decimal that signals
        return True


def _has_zone(kind: object) -> bool:
    """Return whether a type of pandas, Polars or Arrow is of times with a zone: their arrays would be of UTC."""
    kind = getattr(kind, "pyarrow_dtype", kind)
    return any(getattr(kind, name, None) is not None for name in ("tz", "time_zone"))


def _array(values: Any, **options: Any) -> NDArray[Any]:
    """Return the items of a container as an array of one dimension."""
    pandas = hasattr(values, "to_numpy") and hasattr(values, "array")
    try:
        if pandas and options and values.dtype.kind in "biuf":
            found: NDArray[Any] = values.to_numpy(np.float64, **options)
        else:
            found = np.asarray(values.to_numpy(zero_copy_only=False) if hasattr(values, "combine_chunks") else values)
    except ValueError:
        raise OptionError("Give the items of one series as a row; some of these are rows themselves.") from None
    if found.ndim == 0:
        raise OptionError(f"Give the items of one series as a row, such as a list; {kind_of(values)} is none.")
    if found.ndim != 1:
        raise OptionError(f"Give the items of one series as a row; this has {found.ndim} dimensions.")
    return found


def _as_days(items: NDArray[Any]) -> NDArray[np.datetime64]:
    days = [_day(item, place) for place, item in enumerate(items)]
    try:
        return np.array(days, "M8[us]")
    except ValueError:
        place = next(place for place, day in enumerate(days) if isinstance(day, str) and not _is_day(day))
        raise RecordsError(f"Position {place}: the text has the form of a date, but there is no such day.") from None


def _day(item: Any, place: int) -> Any:
    """Return what numpy reads as a day: an item, or the first day of a period of pandas; None where it is missing."""
    if is_missing(item):
        return None
    item = getattr(item, "start_time", item)
    if isinstance(item, str):
        if not _ISO.fullmatch(item):
            raise RecordsError(f"Position {place}: the text isn't a date in ISO 8601, such as 2024-03-28.")
    elif isinstance(item, datetime) and item.tzinfo is not None:
        raise RecordsError(f"Position {place} is a time with a zone. {_ZONED}")
    elif not isinstance(item, date | np.datetime64):
        raise RecordsError(
            f"Position {place}: {kind_of(item)} isn't a date. Give dates, text such as 2024-03-28, or whole numbers of "
            "periods."
        )
    return item


def _is_day(text: str) -> bool:
    with suppress(ValueError):
        np.datetime64(text)
        return True
    return False


@dataclass(frozen=True, slots=True)
class Series:
    """The points of several series that have a value: one series after the other, each in the order of its dates."""

    number: int  # of series
    owner: Integers  # of each point its series
    when: Integers  # its day since 1970, or its period
    rows: RowNumbers  # where it was given
    dated: bool  # whether ``when`` are days
    bounds: Integers  # of each series its first point, and the end of the last
    empty: tuple[Integers, Integers]  # what has no value: series and date
    unordered: Truths  # of each series, whether its dates weren't given in order
    missing: Integers  # of each series, how many periods between its dates have no date
    uneven: Truths  # of each series, whether its dates lie apart unevenly, so that nothing can be said to be missing

    def on(self, when: int) -> str:
        """Return a date as text."""
        return str(np.datetime64(int(when), "D")) if self.dated else f"period {when}"

    def dates(self, points: slice | RowNumbers) -> NDArray[Any]:
        """Return the dates of some points, or the numbers of their periods."""
        return self.when[points].view("M8[D]") if self.dated else self.when[points]


def in_order(
    owner: Integers, number: int, dates: tuple[Integers, bool], there: Truths, say: Callable[[int], str]
) -> Series:
    """Return series in order, from what belongs to which, the dates, and whether there is a value.

    Raises ``RecordsError`` if a date is given twice in a series, which ``say`` names.
    """
    when, dated = dates
    later = owner[1:] > owner[:-1]
    sorted_already = bool(np.all(later | ((owner[1:] == owner[:-1]) & (when[1:] > when[:-1]))))
    rows = np.arange(len(owner)) if sorted_already else np.lexsort((when, owner))
    owner, when = owner[rows], when[rows]
    same = owner[1:] == owner[:-1]
    unordered = np.zeros(number, np.bool_)
    unordered[owner[1:][same & (rows[1:] < rows[:-1])]] = True
    twice = np.flatnonzero(same & (when[1:] == when[:-1]))
    if len(twice):
        place = twice[0]
        on = np.datetime64(int(when[place]), "D") if dated else f"period {when[place]}"
        raise RecordsError(
            f"{say(int(owner[place]))}{on} is given more than once ({len(twice)} such). A chart has one value for "
            "each date: add up the counts of what belongs together."
        )
    missing, uneven = _gaps(owner, number, when, dated=dated)
    kept = there[rows]
    bounds = np.searchsorted(owner[kept], np.arange(number + 1))
    empty = owner[~kept], when[~kept]
    return Series(
        number, owner[kept], when[kept], rows[kept], dated, bounds, empty, unordered, missing, uneven
    )  # fmt: skip


def _gaps(owner: Integers, number: int, when: Integers, *, dated: bool) -> tuple[Integers, Truths]:
    """Return of each series how many periods are missing between its dates, and whether the dates are uneven.

    A period is the shortest time between two dates of the series. It is counted in months if all dates are the same
    day of a month, or the last; else in days from Monday to Friday if no date is at a weekend; else in days.
    """
    if not len(owner):
        return np.zeros(number, np.int64), np.zeros(number, np.bool_)
    first = np.concatenate([[True], owner[1:] != owner[:-1]])
    starts = np.flatnonzero(first)
    steps = np.diff(_counted(owner, starts, when) if dated else when, prepend=0)
    steps[first] = _ENDLESS
    usual = np.repeat(np.minimum.reduceat(steps, starts), np.diff(starts, append=len(owner)))
    steps[first] = usual[first]
    uneven = np.zeros(number, np.bool_)
    uneven[owner[steps % usual != 0]] = True
    missing = np.zeros(number, np.int64)
    missing[owner[starts]] = np.add.reduceat(steps // usual - 1, starts)
    missing[uneven] = 0
    return missing, uneven


def _counted(owner: Integers, starts: Integers, when: Integers) -> Integers:
    """Return dates as numbers of months, or of working days, or of days, whichever a series is made of."""
    days = when.view("M8[D]")
    months = days.astype("M8[M]")
    of_month = (days - months.astype("M8[D]")).astype(np.int64)
    last = (days + 1).astype("M8[M]") > months
    sizes = np.diff(starts, append=len(owner))
    alike = np.minimum.reduceat(of_month, starts) == np.maximum.reduceat(of_month, starts)
    monthly = np.repeat(alike | np.logical_and.reduceat(last, starts), sizes)
    weekday = (when + 3) % 7  # 1 January 1970 was a Thursday
    working = np.repeat(np.maximum.reduceat(weekday, starts) < 5, sizes)
    return np.where(monthly, months.astype(np.int64), np.where(working, (when + 3) // 7 * 5 + weekday, when))
