"""What the fields of a record take: times, ids, choices; and how one cell of each is read."""

import re
from collections.abc import Hashable, Iterable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from math import floor
from numbers import Real
from typing import TYPE_CHECKING, Annotated, Any, Generic, NamedTuple, TypeVar

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from ombudsman_kpi.calendars.dates import is_missing

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)

EMPTY = ("", "na", "n/a", "nan", "nat", "none", "null")  # how exports write an empty cell


def empty_cell(value: object) -> object:
    """Read text without a letter as an empty cell, as in a file.

    >>> empty_cell(" ") is None
    True
    """
    return None if is_missing(value) or (isinstance(value, str) and not value.strip()) else value


class KnownFrom(NamedTuple):
    """The field is known from the day in another: a decision's kind from the day of the decision."""

    field: str


class FallsBackTo(NamedTuple):
    """Where the whole column is absent, another stands in for it."""

    field: str


def parse_time(value: object) -> object:
    """Read a date or a timestamp: Python's own kinds, or text in ISO 8601, nothing else.

    >>> parse_time("2024-03-28")
    datetime.date(2024, 3, 28)
    >>> parse_time("2024-03-28T09:30:00+01:00").isoformat()
    '2024-03-28T09:30:00+01:00'
    """
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in EMPTY:
            return None
        if not _ISO.fullmatch(text):
            raise ValueError("dates in text are ISO 8601, such as 2024-03-28 or 2024-03-28T09:30:00")
        try:
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("there is no such day or time") from None
    if is_missing(value):
        return None
    if isinstance(value, date):
        return value
    if isinstance(value, np.datetime64):
        whole_day = np.datetime_data(value.dtype)[0] in {"D", "W", "M", "Y"}
        return value.astype("M8[D]" if whole_day else "M8[us]").item()
    raise ValueError("a time is a date, a datetime, or text in ISO 8601 such as 2024-03-28")


def id_text(value: object) -> str:
    """Return an id as text: text, a whole number, a UUID, or whatever else is hashable and can be printed.

    >>> id_text(24017), id_text(24017.0)
    ('24017', '24017')
    >>> from uuid import UUID
    >>> id_text(UUID(int=7))
    '00000000-0000-0000-0000-000000000007'

    A number is written without a decimal point, so that 7, 7.0 and Decimal("7.00") are one id, as they are in a column
    of a table. An item of an enumeration is its value. Raises ``ValueError`` for what can't name a record: nothing,
    a number that isn't whole, a truth value, bytes, lists and other collections, an object without a text of its own.
    """
    if isinstance(value, Enum):
        return id_text(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, np.bool_, bytes, complex, Iterable)) or is_missing(value):
        raise ValueError(_NO_ID)
    if isinstance(value, (Real, Decimal)):
        with suppress(OverflowError):  # infinite
            if (whole := floor(value)) == value:
                return str(whole)
        raise ValueError(_NO_ID)
    kind = type(value)
    if not isinstance(value, Hashable) or (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__):
        raise ValueError(_NO_ID)
    return str(value)


_NO_ID = "an id is text, a whole number, a UUID or another value that prints as text"


def _optional_id_text(value: object) -> str | None:
    """Return an id as text; None where there is none."""
    return None if is_missing(value) else id_text(value)


_TIME_SCHEMA = {
    "type": "string",
    "pattern": f"^{_ISO.pattern}$",
    "description": "A date, or a time of one; without a zone it is what the clock in the scheme's place showed",
    "examples": ["2024-03-28", "2024-03-28T09:30:00", "2024-03-28T09:30:00+00:00"],
}
OPTIONAL_TIME_SCHEMA = {"anyOf": [_TIME_SCHEMA, {"type": "null"}]}

NOTHING: Any = None  # the default of a field that needn't be given

if TYPE_CHECKING:
    Accepted = TypeVar("Accepted")
    Held = TypeVar("Held")

    class _Field(Generic[Accepted, Held]):
        """A field that accepts more than it holds: text becomes a date, a UUID becomes text.

        Type checkers take the parameter of ``__set__`` for what a record can be made of, and the result of ``__get__``
        for what it then holds.
        """

        def __get__(self, record: object, owner: type) -> Held: ...
        def __set__(self, record: object, value: Accepted) -> None: ...

    Time = _Field[date | np.datetime64 | str, datetime | date]
    OptionalTime = _Field[date | np.datetime64 | str | None, datetime | date | None]
    Id = _Field[Hashable, str]
    OptionalId = _Field[Hashable | None, str | None]
else:
    Time = Annotated[datetime | date, BeforeValidator(parse_time), WithJsonSchema(_TIME_SCHEMA)]
    OptionalTime = Annotated[datetime | date | None, BeforeValidator(parse_time), WithJsonSchema(OPTIONAL_TIME_SCHEMA)]
    Id = Annotated[str, BeforeValidator(id_text)]
    OptionalId = Annotated[str | None, BeforeValidator(_optional_id_text)]
