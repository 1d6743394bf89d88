"""What a cell says as text: one rule for a value of Python and for a column of Arrow.

Space around it doesn't count, and words such as N/A say that there is nothing. A whole number has no decimal point:
101.0 is what 101 becomes in a column that has an empty cell, and -0.0 is 0. Dates are in ISO 8601.
"""

import re
from collections.abc import Collection, Hashable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, time
from decimal import Decimal
from enum import Enum
from math import floor
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.arrow_memory import (
    arrow_numbers,
    arrow_text,
    arrow_truths,
    emptied,
    present,
    text_in,
    truths,
)
from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.calendars.dates import is_missing

# How exports write an empty cell, in columns of all kinds; capitals don't matter.
MISSING_WORDS = frozenset({"", "-", "--", "–", "—", "na", "n/a", "#n/a", "<na>", "nan", "nat", "nil", "none", "null"})

WHOLE = r"^(?:-?(0)|(-?[1-9]\d*))\.0+$"  # one of its groups is the number without its point; zero has no sign
_SURROGATE = re.compile("[\ud800-\udfff]")  # of UTF-16, which can be written in no file
_WHOLE_NUMBER = re.compile(WHOLE, re.ASCII)
_DIGITS = 76  # of the longest decimal number that a column holds


def text_of(value: object, missing: Collection[str] = MISSING_WORDS) -> str | None:
    """Return what a cell says as text; None where it says nothing.

    >>> [text_of(cell) for cell in (" upheld ", 101.0, "101.0", True, datetime(2024, 3, 28), "N/A")]
    ['upheld', '101', '101', 'true', '2024-03-28', None]

    ``missing`` are the words, in small letters, that say nothing. Raises ``ValueError`` for bytes, lists and other
    collections, for an object without a text of its own, and for half a character.
    """
    text = (value if type(value) is str else _written(value)).strip()
    if text.lower() in missing:
        return None
    if not text.isascii() and _SURROGATE.search(text):
        raise ValueError("holds half a character, not text")
    whole = _WHOLE_NUMBER.match(text) if text[-1] == "0" else None
    return whole.expand(r"\1\2") if whole else text


def _written(value: object) -> str:
    """Return a value of any kind as it would be written in a file; an empty text for a missing one."""
    if isinstance(value, Enum):
        return _written(value.value)
    if isinstance(value, str):
        return str(value)
    if is_missing(value):
        return ""
    if isinstance(value, np.datetime64):
        value = value.astype("M8[us]").item()
    if isinstance(value, datetime):
        return _written_moment(value)
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    if isinstance(value, np.generic):
        return _written(value.item())
    if isinstance(value, (float, Decimal)):
        return _written_number(value)
    kind = type(value)
    if (
        isinstance(value, (bytes, Iterable))
        or not isinstance(value, Hashable)
        or (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__)
    ):
        raise ValueError(f"holds {kind.__name__}, not text")
    return str(value)


def _written_number(number: float | Decimal) -> str:
    """Return a number as a column of numbers has it: 0 for -0, and 100 for a decimal number held as 1E+2."""
    if number == 0:
        return "0"
    return f"{number:f}" if isinstance(number, Decimal) and number.adjusted() < _DIGITS else str(number)


def _written_moment(moment: datetime) -> str:
    """Return a time in ISO 8601: of UTC where it has a zone; a midnight without one as the date that it stands for."""
    if moment.tzinfo is None:
        return moment.isoformat() if moment.time() != time.min else moment.date().isoformat()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_date_of_pandas(value: object) -> bool:
    """Return whether a time is how pandas has a date: a Timestamp at midnight, without a zone."""
    return hasattr(value, "nanosecond") and value.tzinfo is None and value == value.normalize()  # type: ignore[attr-defined]


def id_text(value: object) -> str:
    """Return an id as text: text, a whole number, a UUID, or whatever else is hashable and can be printed.

    >>> id_text(24017), id_text(24017.0)
    ('24017', '24017')
    >>> from uuid import UUID
    >>> id_text(UUID(int=7))
    '00000000-0000-0000-0000-000000000007'

    An item of an enumeration is its value, and text that says nothing is empty. Raises ``ValueError`` for what can't
    name a record: nothing, a number that isn't whole, a truth value, and what is no text in any column.
    """
    while isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return text_of(value) or ""
    text = None
    if not isinstance(value, (bool, np.bool_, complex)):
        with suppress(ValueError, OverflowError):  # no text, or infinite
            text = text_of(_whole(value) if isinstance(value, (Real, Decimal)) else value)
    if text is None:
        raise ValueError("an id is text, a whole number, a UUID or another value that prints as text")
    return text


def _whole(number: Any) -> int | None:
    """Return a number without its decimal point; None where it isn't whole."""
    return None if is_missing(number) or (whole := floor(number)) != number else whole


TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), "true"),
    **dict.fromkeys(("false", "f", "no", "n", "0"), "false"),
}


def truth_of(text: str) -> str:
    """Return true and false written in one way, however the program that exported them does; other text as it is."""
    return TRUTHS.get(text.lower(), text.lower())


def is_text(kind: Any) -> bool:
    """Return whether an Arrow type is one of those that text has: its own, pandas' large one, Polars' views."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def text_column(column: Any, missing: Collection[str] = MISSING_WORDS) -> Any:
    """Return what the cells of an Arrow array of any type say as text, each as ``text_of`` has it.

    Raises ``ValueError`` for lists, records and bytes, which aren't text even where they look like it.
    """
    import pyarrow as pa

    types, kind = pa.types, column.type
    if types.is_dictionary(kind):
        return text_column(column.dictionary, missing).take(column.indices)
    if is_text(kind):
        return tidied(column.cast(pa.string()), missing)
    if getattr(kind, "extension_name", None) == "arrow.uuid":
        return _uuid_text(column)
    if types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind):
        return column.cast(pa.string())
    if types.is_floating(kind) and _are_whole(column):
        return column.cast(pa.int64()).cast(pa.string())
    if types.is_nested(kind) or "binary" in str(kind):
        raise ValueError(f"holds {kind}, not text")
    encoded = (column.cast(pa.timestamp("us", kind.tz)) if types.is_timestamp(kind) else column).dictionary_encode()
    return arrow_text([text_of(value, missing) for value in encoded.dictionary.to_pylist()]).take(encoded.indices)


def _are_whole(column: Any) -> bool:
    """Return whether all numbers that aren't missing are whole, and small enough to be exact."""
    import pyarrow.compute as pc

    exact = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), arrow_numbers(np.array([2.0**53]))[0]))
    return bool((truths(exact) | ~present(exact)).all())


def tidied(text: Any, missing: Collection[str]) -> Any:
    """Return Arrow text without the space around it, null where a word says nothing, whole numbers without a point.

    Text is mostly so already: a look at its bytes, and at its shortest cell, saves every copy.
    """
    import pyarrow.compute as pc

    offsets, content = bytes_of(text)
    if len(content) and (content.min() <= ord(" ") or content.max() > 127):
        text = pc.utf8_trim_whitespace(text)
        offsets, content = bytes_of(text)
    lengths, longest = np.diff(offsets), max(len(word.encode()) for word in missing)
    if lengths.min(initial=longest + 1) <= longest:
        short = present(text) & (lengths <= longest)
        places = np.flatnonzero(short)
        short[places] = truths(pc.is_in(pc.utf8_lower(text.take(arrow_numbers(places))), arrow_text([*missing])))
        text = emptied(text, arrow_truths(short)) if short.any() else text
    if b"." in (held := content.tobytes()) and b".0" in held:  # one byte alone is found, or not, at once
        text = pc.replace_substring_regex(text, WHOLE, r"\1\2")
    return text


def lengths_of(text: Any) -> NDArray[np.int32]:
    """Return how many bytes each cell of Arrow text has."""
    return np.diff(bytes_of(text)[0])


def bytes_of(text: Any) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return where in its bytes each cell of Arrow text begins, with the end of the last, and the bytes of all."""
    # The column "AB", "C" is the bytes ABC and the offsets 0, 2, 3; a slice of its second cell has the offsets 2, 3,
    # of which its own bytes are C, and its offsets in them 0, 1.
    offsets, content = text_in(text)
    return offsets - offsets[0], content[offsets[0] : offsets[-1]]


_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_HEX_PLACES = np.array([place for place in range(36) if place not in {8, 13, 18, 23}])


def _uuid_text(column: Any) -> Any:
    """Return an Arrow array of UUIDs as text, as Python writes them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # A UUID is 16 bytes, of which each gives two of 32 hexadecimal digits: 0xA7 is 167 = 10 * 16 + 7, "a7". The text
    # has 36 places: the digits stand in 0 to 7, 9 to 12, 14 to 17, 19 to 22 and 24 to 35, and dashes between them.
    stored, size = column.storage, len(column)
    content = np.frombuffer(stored.buffers()[1] or b"", np.uint8)[16 * stored.offset : 16 * (stored.offset + size)]
    digits = np.stack([content >> 4, content & 15], axis=1).reshape(size, 32)
    text = np.full((size, 36), ord("-"), np.uint8)
    text[:, _HEX_PLACES] = _HEX.take(digits)
    ends = np.arange(0, 36 * size + 1, 36, dtype=np.int32)
    written = pa.StringArray.from_buffers(size, pa.py_buffer(ends), pa.py_buffer(text))
    return written if not column.null_count else emptied(written, pc.is_null(column))


def matches(text: Any, pattern: str) -> Truths:
    """Return which cells of Arrow text fit a pattern."""
    import pyarrow.compute as pc

    fits = pc.match_substring_regex(text, pattern)
    return truths(fits) & present(fits)
