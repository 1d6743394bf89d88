"""A column of dates or times in text: ISO 8601, or the caller's format, read to microseconds without pandas.

Arrow's cast reads what is ordinary, at some 20 ns a cell. What it can't read (days that there aren't, fractions below
a microsecond, several forms in one column) goes another way, cell by cell: no cell changes how another is read.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, arrow_truths, arrow_word, present, text_in, truths
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.records.cells.date_formats import microseconds_of, parse_format
from ombudsman_kpi.records.cells.text import MISSING_WORDS, lengths_of, matches, tidied

_YEAR_1 = -719_162 * DAY  # 0001-01-01: Arrow knows a year 0, Python and the calendar don't

_ZONE = r"(?: ?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))"
ISO_8601 = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    rf"(?:[T ](?P<H>\d{{2}}):(?P<M>\d{{2}})(?::(?P<S>\d{{2}})(?:\.(?P<f>\d+))?)?(?P<z>{_ZONE})?)?$"
)
# Any month has 28 days, all but February 30, seven of them 31: only 29 February needs a look at its year.
_REAL_DAY = r"[1-9]\d{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_REAL_CLOCK = r"[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"
_REAL_ZONE = r"(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
_ORDINARY = ((rf"^{_REAL_DAY}(?:{_REAL_CLOCK})?$", False), (rf"^{_REAL_DAY}{_REAL_CLOCK}{_REAL_ZONE}$", True))


class TextTimes(NamedTuple):
    """What the cells of a column of text say, one by one.

    ``values`` are microseconds since 1970: of UTC where the cell ``is_zoned``, else of the clock on the wall, with the
    midnight of a cell that ``is_date``. They are ``MISSING`` in empty cells, in unreal ones such as 2024-02-30, and
    in those that have ``unknown_form``.
    """

    text: Any  # without space around it, and None for what stands for nothing
    values: Integers
    is_date: Truths
    is_zoned: Truths
    unknown_form: Truths

    @property
    def there(self) -> Truths:
        """Where a cell isn't empty."""
        return present(self.text)


def read_iso(column: Any, missing: Collection[str] = MISSING_WORDS) -> TextTimes:
    """Return what the cells of an Arrow array of text say in ISO 8601."""
    import pyarrow as pa

    text = column.cast(pa.string())
    if not any(word[:1].isdigit() for word in missing):  # else a word for nothing may look like a time
        ordinary = _cast_at_once(_without_blanks(text))
        if ordinary is not None:
            return ordinary
    text = tidied(text, missing)
    ordinary = _cast_at_once(text)
    if ordinary is None and (lengths_of(text) > 26).any():  # SQL Server's datetime2 has seven digits
        text_ = _cut_to_microseconds(text)
        ordinary = _cast_at_once(text_)
        ordinary = _cell_by_cell(text_) if ordinary is None else ordinary
    return (_cell_by_cell(text) if ordinary is None else ordinary)._replace(text=text)


def read_formatted(column: Any, form: str, missing: Collection[str] = MISSING_WORDS) -> TextTimes:
    """Return what the cells of an Arrow array of text say in a strptime format.

    Raises ``ValueError`` for what is no format.
    """
    import pyarrow as pa

    parsed = parse_format(form)
    text = tidied(column.cast(pa.string()), missing)
    values, has_form = parsed.read(text)
    return TextTimes(text, values, has_form & parsed.is_date, has_form & parsed.is_zoned, present(text) & ~has_form)


def _without_blanks(text: Any) -> Any:
    """Return Arrow text with null for cells of no length, of the same bytes."""
    import pyarrow as pa

    offsets, _ = text_in(text)
    there = present(text) & (np.diff(offsets) > 0)
    if there.all():
        return text
    buffers = [arrow_truths(there).buffers()[1], pa.py_buffer(offsets), text.buffers()[2]]
    return pa.Array.from_buffers(pa.string(), len(text), buffers)


def _cast_at_once(text: Any) -> TextTimes | None:
    """Return a column that Arrow's cast reads whole: all cells with a zone, or none; None for any other column."""
    offsets, content = text_in(text)
    lengths, there = np.diff(offsets), present(text)
    long = there & (lengths > 10)
    if not (lengths[long] >= 16).all() or not _have_minutes(content, offsets[:-1][long]):
        return None
    zoned = bool(long.any()) and matches(text.slice(int(np.argmax(long)), 1), f"{_ZONE}$").all()
    if zoned and not (long | ~there).all():
        return None
    values = _cast(text, zoned=bool(zoned))
    if values is None or ((values < _YEAR_1) & there).any():
        return None
    nowhere = np.zeros(len(text), np.bool_)
    return TextTimes(text, values, there & ~long, long if zoned else nowhere, nowhere)


def _have_minutes(content: NDArray[np.uint8], begins: NDArray[np.int32]) -> bool:
    """Return whether what is longer than a date goes on with hours and minutes: Arrow would read 2024-03-28T09 too."""
    # The cells lie end to end in the bytes of the column, each beginning at its offset. In 2024-03-28T09:30 the
    # byte 13 places after the beginning is the colon; 2024-03-28T09 and 2024-03-28T09+01 have none there.
    return bool((content[begins + 13] == ord(":")).all())


def _cell_by_cell(text: Any) -> TextTimes:
    """Return a column of any cells: Arrow's cast for those that it surely reads, a regex for the others."""
    values = np.full(len(text), MISSING)
    unread = present(text)
    is_zoned, is_date = np.zeros(len(text), np.bool_), unread & (lengths_of(text) == 10)
    for pattern, zoned in _ORDINARY:
        ordinary = matches(text, pattern)
        cast = _cast(text.take(arrow_numbers(np.flatnonzero(ordinary))), zoned=zoned)
        if cast is not None:
            values[ordinary] = cast
            unread &= ~ordinary
            is_zoned |= ordinary & zoned
    unknown = np.zeros(len(text), np.bool_)
    if unread.any():
        places = np.flatnonzero(unread)
        values[places], is_zoned[places], has_form = _in_parts(text.take(arrow_numbers(places)))
        unknown[places] = ~has_form
    return TextTimes(text, values, is_date & ~unknown, is_zoned, unknown)


def _in_parts(text: Any) -> tuple[Integers, Truths, Truths]:
    """Return what cells in ISO 8601 stand for, which have a zone, and which are in ISO 8601 at all."""
    import pyarrow.compute as pc

    parts = pc.extract_regex(text, ISO_8601)
    has_form = present(parts)
    matched = parts.drop_null()
    values, is_zoned = np.full(len(text), MISSING), np.zeros(len(text), np.bool_)
    values[has_form] = microseconds_of({name: matched.field(name) for name in "YmdHMSfz"}, len(matched))
    is_zoned[has_form] = truths(pc.not_equal(matched.field("z"), arrow_word("")))
    return values, is_zoned, has_form


def _cast(text: Any, *, zoned: bool) -> Integers | None:
    """Return microseconds as Arrow's cast reads them; None where it can't read one of the cells."""
    import pyarrow as pa

    try:
        cast = text.cast(pa.timestamp("us", "UTC" if zoned else None))
    except pa.ArrowInvalid:
        return None
    stored = np.frombuffer(cast.buffers()[1] or b"", np.int64)[cast.offset : cast.offset + len(cast)]
    return np.where(present(cast), stored, MISSING) if cast.null_count else stored


def _cut_to_microseconds(text: Any) -> Any:
    import pyarrow.compute as pc

    return pc.replace_substring_regex(text, r"(:\d{2}\.\d{6})\d+", r"\1")
