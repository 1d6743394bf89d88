"""The vocabulary of casework: eight kinds of record, the only field names that the library knows.

One row is validated by these pydantic models; a whole frame is read by the same declarations, column by column.
Times end in ``_at`` and are dates or timestamps. Any other column is kept and can be used to group.
"""

import re
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, Union, get_args, get_origin

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic import (
    Field as Declared,
)
from pydantic_core import CoreSchema

from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.errors import OptionError, one_of

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


_TIME_SCHEMA = {
    "type": "string",
    "pattern": f"^{_ISO.pattern}$",
    "description": "A date, or a time of one; without a zone it is what the clock in the scheme's place showed",
    "examples": ["2024-03-28", "2024-03-28T09:30:00", "2024-03-28T09:30:00+00:00"],
}

Time = Annotated[datetime | date, BeforeValidator(parse_time), WithJsonSchema(_TIME_SCHEMA)]
OPTIONAL_TIME_SCHEMA = {"anyOf": [_TIME_SCHEMA, {"type": "null"}]}
OptionalTime = Annotated[datetime | date | None, BeforeValidator(parse_time), WithJsonSchema(OPTIONAL_TIME_SCHEMA)]


def summarised(schema: dict[str, Any], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """Describe a model in a JSON Schema by the first sentence of what its docstring says, without examples."""
    described = handler.resolve_ref_schema(schema)
    described["description"] = described.get("description", "").split("\n\n")[0].replace("\n", " ")
    return schema


class Record(BaseModel):
    """What all kinds of record share."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        defer_build=True,
        coerce_numbers_to_str=True,
    )

    @model_serializer(mode="wrap")
    def _without_what_was_not_given(self, handler: SerializerFunctionWrapHandler) -> Any:
        """Leave out the fields that nobody gave: an absent ``valid_at`` falls back, and an empty one doesn't."""
        given, fields = self.model_fields_set, type(self).model_fields
        return {name: value for name, value in handler(self).items() if name in given or name not in fields}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe what is written as what is read: the same fields."""
        inner = {key: value for key, value in schema.items() if key != "serialization"}
        if "schema" in inner:
            inner["schema"] = {key: value for key, value in inner["schema"].items() if key != "serialization"}
        return summarised(handler(inner), handler)

    @model_validator(mode="after")
    def _times_of_ones_own(self) -> Self:
        """Read the other fields that are called like a time, where their text is one."""
        for name, value in (self.model_extra or {}).items():
            if name.endswith("_at") and isinstance(value, str):
                with suppress(ValueError):
                    (self.model_extra or {})[name] = parse_time(value)
        return self

    id_field: ClassVar[str | None] = None  # no two records have the same
    withdrawn_by: ClassVar[tuple[str, ...]] = ()  # end a clock without what was promised, at the caller's wish
    abandoned_by: ClassVar[tuple[str, ...]] = ()  # end the wait for an answer
    answered_by: ClassVar[tuple[str, ...]] = ()  # what that wait is for


class Call(Record):
    """A telephone call offered to the lines, answered or abandoned.

    >>> Call(offered_at="2024-03-28T09:00:00", answered_at="2024-03-28T09:00:41").abandoned_at is None
    True
    """

    id_field: ClassVar[str | None] = "call_id"
    abandoned_by: ClassVar[tuple[str, ...]] = ("abandoned_at",)
    answered_by: ClassVar[tuple[str, ...]] = ("answered_at",)

    offered_at: Time
    answered_at: OptionalTime = None
    abandoned_at: OptionalTime = None
    returned_at: OptionalTime = None
    call_id: str | None = None


class WrittenContact(Record):
    """A letter, email or online form."""

    id_field: ClassVar[str | None] = "contact_id"

    contact_id: str
    received_at: Time
    acknowledged_at: OptionalTime = None
    handled_at: OptionalTime = None
    channel: str | None = None
    stage: str | None = None


class Case(Record):
    """A complaint, from receipt to closing.

    >>> Case(case_id="A1", received_at="2024-03-28").received_at
    datetime.date(2024, 3, 28)
    """

    id_field: ClassVar[str | None] = "case_id"
    withdrawn_by: ClassVar[tuple[str, ...]] = ("withdrawn_at", "closed_at")

    case_id: str = Declared(description="No two cases have the same")
    received_at: Time = Declared(description="When the complaint was received")
    valid_at: Annotated[OptionalTime, FallsBackTo("received_at")] = Declared(
        None, description="When it was valid; where it is left out, received_at; empty: it isn't valid yet"
    )
    allocated_at: OptionalTime = Declared(None, description="When it was allocated to an investigator")
    investigation_started_at: Annotated[OptionalTime, FallsBackTo("allocated_at")] = Declared(
        None, description="Where it is left out, allocated_at"
    )
    early_resolution_started_at: OptionalTime = None
    early_resolution_ended_at: OptionalTime = None
    decided_at: OptionalTime = Declared(None, description="When it was decided; the first time, if it was reopened")
    decided_in: Annotated[
        Literal["assessment", "investigation"] | None, BeforeValidator(empty_cell), KnownFrom("decided_at")
    ] = None
    decision: Annotated[str | None, KnownFrom("decided_at")] = Declared(None, description="upheld, not-upheld, …")
    closed_at: OptionalTime = Declared(None, description="Without a decision it ends the case as a withdrawal does")
    withdrawn_at: OptionalTime = None
    joint_working: Annotated[bool | None, BeforeValidator(empty_cell)] = Declared(
        None, description="Whether it is worked on with another ombudsman"
    )
    authority: str | None = Declared(None, description="The organisation complained about")
    category: str | None = None
    team: str | None = None


class CaseEvent(Record):
    """Something that happened on a case: a step, a contact with a party, a pause."""

    case_id: str
    event: str = Declared(
        description="contact, delay_explained, paused, resumed, reopened; or a time of the case: received, decided, …"
    )
    at: Time
    party: Annotated[Literal["complainant", "organisation"] | None, BeforeValidator(empty_cell)] = Declared(
        None, description="With whom, of a contact"
    )
    direction: Annotated[Literal["out", "in"] | None, BeforeValidator(empty_cell)] = Declared(
        None, description="A contact counts where it went out"
    )
    reason: str | None = Declared(None, description="Of a delay explained or a pause")
    recorded_at: OptionalTime = Declared(None, description="From when it is known; else from at")


class Request(Record):
    """A request of a kind (a service complaint, a review) that is to be answered."""

    id_field: ClassVar[str | None] = "request_id"

    request_id: str
    kind: str
    received_at: Time
    answered_at: OptionalTime = None
    case_id: str | None = None


class Order(Record):
    """Something that an organisation was told to do by a day of its own."""

    case_id: str
    due_at: Time
    complied_at: OptionalTime = None


class Review(Record):
    """One answer of a quality review: of one standard, on one piece of work."""

    review_id: str
    standard: str
    answer: Literal["met", "partly", "not-met", "not-applicable"]
    reviewed_at: Time
    source: Annotated[Literal["CPA", "CF", "QA"] | None, BeforeValidator(empty_cell)] = None
    case_id: str | None = None


class Activity(Record):
    """Something done that is only counted: an article, a course, a report."""

    kind: str
    at: Time
    tone: str | None = None


Kind = Literal["time", "text", "choice", "truth"]

RECORDS: dict[str, type[Record]] = {
    "calls": Call,
    "written_contacts": WrittenContact,
    "cases": Case,
    "events": CaseEvent,
    "requests": Request,
    "orders": Order,
    "reviews": Review,
    "activities": Activity,
}


class Field(NamedTuple):
    """What the declarations say of one field, in the form that a column is read by."""

    name: str
    kind: Kind
    required: bool
    choices: tuple[str, ...] = ()
    known_from: str | None = None
    falls_back_to: str | None = None


@cache
def fields_of(records: str) -> dict[str, Field]:
    """Give the fields of a kind of record by name.

    >>> fields_of("cases")["decision"].known_from
    'decided_at'
    """
    if records not in RECORDS:
        raise OptionError(f"There are no records called {records!r}. {one_of(records, RECORDS)}")
    fields = {}
    for name, info in RECORDS[records].model_fields.items():
        types = set(_flatten(info.annotation))
        choices = tuple(str(item) for item in types if isinstance(item, str))
        kind: Kind = "time" if date in types else "truth" if bool in types else "choice" if choices else "text"
        choices = ("true", "false") if kind == "truth" else choices
        marks = info.metadata
        fields[name] = Field(
            name,
            kind,
            info.is_required(),
            tuple(sorted(choices)),
            next((mark.field for mark in marks if isinstance(mark, KnownFrom)), None),
            next((mark.field for mark in marks if isinstance(mark, FallsBackTo)), None),
        )
    return fields


def _flatten(annotation: Any) -> list[Any]:
    """Give the plain types and literal values inside an annotation."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType, Annotated}:
        return [item for part in get_args(annotation) for item in _flatten(part)]
    if origin is Literal:
        return list(get_args(annotation))
    return [annotation]
