"""What the fields of a record take: times, ids, choices; and how one cell of each is read."""

import re
from collections.abc import Collection, Hashable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, Generic, NamedTuple, TypeVar

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.records.cells.text import MISSING_WORDS, id_text, is_date_of_pandas
from ombudsman_kpi.records.cells.text_times import ISO_8601

_ISO = re.sub(r"\?P<\w>", "?:", ISO_8601)
_ISO_TIME = re.compile(_ISO, re.ASCII)


class KnownFrom(NamedTuple):
    """The field is known from the day in another: a decision's kind from the day of the decision."""

    field: str


class FallsBackTo(NamedTuple):
    """Where the whole column is absent, another stands in for it."""

    field: str


def parse_time(value: object, missing: Collection[str] = MISSING_WORDS) -> date | datetime | None:
    """Return a date or a timestamp: Python's own kinds, or text in ISO 8601; None for a missing one.

    >>> parse_time("2024-03-28")
    datetime.date(2024, 3, 28)
    >>> parse_time("2024-03-28 09:30:00+01").isoformat()
    '2024-03-28T09:30:00+01:00'

    A midnight of pandas is a date, since pandas has no other. Raises ``ValueError`` for anything else.
    """
    if isinstance(value, str):
        return _parse_text(value.strip(), missing)
    if is_missing(value):
        return None
    if isinstance(value, np.datetime64):
        value = value.astype("M8[us]").item()
        if isinstance(value, datetime) and value.time() == time.min:
            return value.date()
    if is_date_of_pandas(value):
        return value.date()  # type: ignore[attr-defined, no-any-return]
    if isinstance(value, date):
        return value
    raise ValueError("a time is a date, a datetime, or text in ISO 8601 such as 2024-03-28")


def _parse_text(text: str, missing: Collection[str]) -> date | datetime | None:
    """Return what a cell of text says: to the microsecond, as in a column."""
    if text.lower() in missing:
        return None
    if not _ISO_TIME.fullmatch(text):
        raise ValueError("dates in text are ISO 8601, such as 2024-03-28 or 2024-03-28T09:30:00")
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        return datetime.fromisoformat(text[:16] + text[16:].replace(" ", "").replace("UTC", "Z"))
    except ValueError:
        raise ValueError("there is no such day or time") from None


def _optional_id_text(value: object) -> str | None:
    """Return an id as text; None where there is none."""
    return None if is_missing(value) else id_text(value) or None


_TIME_SCHEMA = {
    "type": "string",
    "pattern": _ISO,
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
