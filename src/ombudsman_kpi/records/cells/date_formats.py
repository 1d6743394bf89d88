"""Dates in text of a named format: strptime's directives, read without pandas and without the host's locale.

The names of months and weekdays are English on every machine. Nothing ends in 2262, as pandas 2 does.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_word, integers, present, truths
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import MONTHS, WEEKDAYS
from ombudsman_kpi.calendars.time_zones import DAY

_DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}",
    "S": r"\d{1,2}", "f": r"\d+", "p": r"[AaPp][Mm]", "b": r"\pL+\.?", "B": r"\pL+\.?", "a": r"\pL+\.?",
    "A": r"\pL+\.?", "j": r"\d{1,3}", "z": r"Z|[+-]\d{2}(?::?\d{2})?",
}  # fmt: skip
_OF_THE_CLOCK = frozenset("HIMSfp")
_MONTHS, _WEEKDAYS = (tuple(name.lower() for name in names) for names in (MONTHS, WEEKDAYS))
_NONE = -1  # in a whole number that is read from text: there is no such month, weekday or offset


class DateFormat(NamedTuple):
    """A format that dates in text are written in: the directives in it, and its pattern as Arrow's regex reads it."""

    directives: tuple[str, ...]
    pattern: str

    @property
    def is_zoned(self) -> bool:
        """Whether each text says how far its clock is from UTC."""
        return "z" in self.directives

    @property
    def is_date(self) -> bool:
        """Whether it has no time of day."""
        return _OF_THE_CLOCK.isdisjoint(self.directives)

    def read(self, text: Any) -> tuple[Integers, Truths]:
        """Return the microseconds since 1970 that texts stand for, and which texts have the format.

        The microseconds are of UTC where the format has an offset, else of the clock on the wall; ``MISSING`` where a
        text hasn't the format, or has it and names no real time, as 31/04/2024 does.
        """
        import pyarrow.compute as pc

        if self.is_date:  # few days come again and again
            encoded = text.dictionary_encode()
            codes = integers(encoded.indices, len(encoded.dictionary))
            values, has_form = self._read_each(encoded.dictionary)
            return np.append(values, MISSING).take(codes), np.append(has_form, False).take(codes)
        return self._read_each(text) if len(text) else (np.empty(0, np.int64), truths(pc.is_valid(text)))

    def _read_each(self, text: Any) -> tuple[Integers, Truths]:
        import pyarrow.compute as pc

        parts = pc.extract_regex(text, self.pattern)
        has_form = present(parts)
        matched = parts.drop_null()
        values = np.full(len(text), MISSING)
        values[has_form] = microseconds_of({name: matched.field(name) for name in self.directives}, len(matched))
        return values, has_form


@lru_cache(maxsize=256)
def parse_format(form: str) -> DateFormat:
    """Return a strptime format, read. Raises ``ValueError`` for a directive that can't be read, or comes twice."""
    literal, *parts = form.replace("%%", "\0").split("%")
    pattern, directives = _escaped(literal), list[str]()
    for part in parts:
        directive, literal = part[:1], part[1:]
        if directive not in _DIRECTIVES:
            raise ValueError(f"%{directive} is no part of a date that can be read so")
        if directive in directives:
            raise ValueError(f"%{directive} comes twice in it")
        directives.append(directive)
        pattern += f"(?P<{directive}>{_DIRECTIVES[directive]})" + _escaped(literal)
    if not directives:
        raise ValueError("it has no directive, such as %d, in it")
    return DateFormat(tuple(directives), f"^(?:{pattern})$")


def _escaped(literal: str) -> str:
    """Return what stands between directives as a pattern, in which any run of space fits any other."""
    return re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(literal.replace("\0", "%")))


def microseconds_of(parts: Mapping[str, Any], size: int) -> Integers:
    """Return the microseconds since 1970 of times in parts, by directive, as Arrow text; ``MISSING`` for no real time.

    A part that is empty counts as 0, as the seconds of 09:30 do.
    """
    # 28/03/2024 17:05:09.5 +01:00, for example. Months since 1970: (2024 - 1970) * 12 + 3 - 1 = 650, whose first day
    # is day 19,783 and the next month's 19,814: it has 31 days, so a 28th is real, and is day 19,783 + 27 = 19,810.
    # Seconds of the day: (17 * 60 + 5) * 60 + 9 = 61,509. Together (19,810 * 86,400 + 61,509) * 1,000,000 + 500,000
    # microseconds on the wall, less 60 minutes of 60,000,000 microseconds each for UTC.
    days, real = _days_of(parts, size)
    hour = _number(parts, "H", size)
    if "I" in parts:
        half = _number(parts, "I", size)
        real &= (half >= 1) & (half <= 12)
        hour = half % 12 + 12 * (_of_words(parts["p"], _afternoon) if "p" in parts else 0)
    minute, second = _number(parts, "M", size), _number(parts, "S", size)
    real &= (hour <= 23) & (minute <= 59) & (second <= 59)
    values = days * DAY + ((hour * 60 + minute) * 60 + second) * 1_000_000 + _fraction(parts, size)
    if "z" in parts:
        offset = _of_words(parts["z"], _offset)
        real &= offset != _NONE
        values -= (offset - _FURTHEST) * 60_000_000
    return np.where(real, values, MISSING)


def _days_of(parts: Mapping[str, Any], size: int) -> tuple[Integers, Truths]:
    """Return day numbers, and which of them are real days; without a year it is 1900, as strptime has it."""
    year = _number(parts, "Y", size, 1900)
    if "y" in parts:
        year = _number(parts, "y", size)
        year = year + np.where(year < 69, 2000, 1900)  # as POSIX has it: 68 is 2068, 69 is 1969
    by_name = next((parts[name] for name in ("b", "B") if name in parts), None)
    month = _number(parts, "m", size, 1) if by_name is None else _of_words(by_name, _place_in(_MONTHS)) + 1
    day = _number(parts, "d", size, 1)
    real = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    for name in ("a", "A"):
        if name in parts:
            real &= _of_words(parts[name], _place_in(_WEEKDAYS)) != _NONE
    if "j" in parts and by_name is None and "m" not in parts:  # the day of the year
        day = _number(parts, "j", size)
        first, after = ((months * 12).astype("M8[M]") for months in (year - 1970, year - 1969))
        real &= day >= 1
    else:
        months = (year - 1970) * 12 + np.where(real, month, 1) - 1
        first, after = months.astype("M8[M]"), (months + 1).astype("M8[M]")
    first_day, after_last = (edge.astype("M8[D]").astype(np.int64) for edge in (first, after))
    days: Integers = first_day + day - 1
    return days, real & (days < after_last)


def _number(parts: Mapping[str, Any], name: str, size: int, default: int = 0) -> Integers:
    """Return a part as whole numbers; the default where the format hasn't it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in parts:
        return np.full(size, default, np.int64)
    text = parts[name]
    return integers(pc.if_else(pc.equal(text, arrow_word("")), arrow_word("0"), text).cast(pa.int64()), 0)


def _fraction(parts: Mapping[str, Any], size: int) -> Integers:
    """Return the part after the second's point in microseconds: .5 is 500,000, and .1234567 is cut to 123,456."""
    import pyarrow.compute as pc

    if "f" not in parts:
        return np.zeros(size, np.int64)
    cut = pc.utf8_slice_codeunits(parts["f"], 0, 6)
    return _number({"f": pc.utf8_rpad(cut, 6, "0")}, "f", size)


def _of_words(text: Any, meaning: Callable[[str], int]) -> Integers:
    """Return what words mean, each looked at once."""
    encoded = text.dictionary_encode()
    meanings = np.array([meaning(word.lower()) for word in encoded.dictionary.to_pylist()], np.int64)
    return meanings.take(integers(encoded.indices, 0))


def _place_in(names: tuple[str, ...]) -> Callable[[str], int]:
    """Return what gives the place of the name that a word is, or is short for: at least three letters of it."""

    def place(word: str) -> int:
        word = word.rstrip(".")
        matches = [place for place, name in enumerate(names) if len(word) >= 3 and name.startswith(word)]
        return matches[0] if matches else _NONE

    return place


def _afternoon(word: str) -> int:
    return int(word == "pm")


_FURTHEST = 24 * 60  # minutes: added to every offset, so that none is below 0 and _NONE can't be one


def _offset(word: str) -> int:
    """Return how many minutes a clock is ahead of UTC, plus ``_FURTHEST``; Z, UTC and nothing are 0 minutes."""
    word = word.lstrip()
    if word in {"", "z", "utc"}:
        return _FURTHEST
    hours, minutes = int(word[1:3]), int(word[-2:]) if len(word) > 3 else 0
    if hours > 23 or minutes > 59:
        return _NONE
    return _FURTHEST + (-1 if word[0] == "-" else 1) * (hours * 60 + minutes)
