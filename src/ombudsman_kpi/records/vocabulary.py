"""The vocabulary of casework: the kinds of record, a class each, and the only field names that the library knows.

One row is validated by these pydantic models; a whole frame is read by the same declarations, column by column.
Times end in ``_at`` and are dates or timestamps. Any other column is kept and can be used to group.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic import (
    Field as Declared,
)
from pydantic_core import CoreSchema

from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.records.cells.field_types import (
    NOTHING,
    FallsBackTo,
    Id,
    KnownFrom,
    OptionalId,
    OptionalTime,
    Time,
    parse_time,
)
from ombudsman_kpi.records.cells.text import text_of
from ombudsman_kpi.records.models import Model

COUNT, PERIOD = "count", "period"  # the columns of a published table: how many records a row stands for, and when
MET, OF = "met", "of"  # or by the caller's names: how many of a row's records met the target, and how many there are

Party = Literal["complainant", "organisation"]  # with whom a contact was
PARTIES: tuple[Party, ...] = get_args(Party)


def summarised(schema: dict[str, Any], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """Describe a model in a JSON Schema by the first sentence of what its docstring says, without examples."""
    described = handler.resolve_ref_schema(schema)
    described["description"] = described.get("description", "").split("\n\n")[0].replace("\n", " ")
    return schema


class Record(Model):
    """What all kinds of record share."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        hide_input_in_errors=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _read_cell(cls, value: Any, info: ValidationInfo) -> Any:
        """Read text, choices and truth values as a column of them is read; ids and times have readers of their own."""
        name = str(info.field_name)
        if name not in _read_as_text(cls.plural):
            return value
        text = text_of(value)
        return "" if text is None and isinstance(value, str) and cls.model_fields[name].is_required() else text

    @model_serializer(mode="wrap")
    def _only_set_fields(self, handler: SerializerFunctionWrapHandler) -> Any:
        """Leave out the fields that nobody gave: an absent ``valid_at`` falls back, and an empty one doesn't."""
        provided, fields = self.model_fields_set, type(self).model_fields
        return {name: value for name, value in handler(self).items() if name in provided or name not in fields}

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

    plural: ClassVar[str]  # the keyword that they are given by, and what messages call them: written_contacts
    singular: ClassVar[str]  # what one is called: written contact; its JSON Schema is written-contact
    id_field: ClassVar[str | None] = None  # no two records have the same
    in_worklists: ClassVar[bool] = False  # whether something is due on them, or they tell of what is
    ended_by: ClassVar[tuple[str, ...]] = ()  # end a record for good: times that haven't come then never will, but for
    after_the_end: ClassVar[tuple[str, ...]] = ()  # these
    withdrawn_by: ClassVar[tuple[str, ...]] = ()  # end a clock without what was promised, at the caller's wish
    abandoned_by: ClassVar[tuple[str, ...]] = ()  # end the wait for an answer
    answered_by: ClassVar[tuple[str, ...]] = ()  # what that wait is for
    belongs_by: ClassVar[tuple[str, ...]] = ()  # the ids of which one says what it belongs to
    in_letters: ClassVar[str] = "your case"  # what a letter to who brought it calls one
    acted_on_by: ClassVar[str] = "we"  # who does what is due on it


class Call(Record):
    """A telephone call offered to the lines, answered or abandoned.

    >>> Call(offered_at="2024-03-28T09:00:00", answered_at="2024-03-28T09:00:41").abandoned_at is None
    True
    """

    plural: ClassVar[str] = "calls"
    singular: ClassVar[str] = "call"
    id_field: ClassVar[str | None] = "call_id"
    in_worklists: ClassVar[bool] = True
    in_letters: ClassVar[str] = "your call"
    ended_by: ClassVar[tuple[str, ...]] = ("answered_at", "abandoned_at")
    after_the_end: ClassVar[tuple[str, ...]] = ("returned_at",)
    abandoned_by: ClassVar[tuple[str, ...]] = ("abandoned_at",)
    answered_by: ClassVar[tuple[str, ...]] = ("answered_at",)

    offered_at: Time
    answered_at: OptionalTime = NOTHING
    abandoned_at: OptionalTime = NOTHING
    returned_at: OptionalTime = NOTHING
    call_id: OptionalId = NOTHING


class WrittenContact(Record):
    """A letter, email or online form."""

    plural: ClassVar[str] = "written_contacts"
    singular: ClassVar[str] = "written contact"
    id_field: ClassVar[str | None] = "contact_id"
    in_worklists: ClassVar[bool] = True
    in_letters: ClassVar[str] = "your letter or message"
    ended_by: ClassVar[tuple[str, ...]] = ("handled_at",)

    contact_id: Id
    received_at: Time
    acknowledged_at: OptionalTime = NOTHING
    handled_at: OptionalTime = NOTHING
    channel: str | None = None
    stage: str | None = None


class Case(Record):
    """A complaint, from receipt to closing.

    >>> Case(case_id="A1", received_at="2024-03-28").received_at
    datetime.date(2024, 3, 28)
    """

    plural: ClassVar[str] = "cases"
    singular: ClassVar[str] = "case"
    id_field: ClassVar[str | None] = "case_id"
    in_worklists: ClassVar[bool] = True
    in_letters: ClassVar[str] = "your complaint"
    ended_by: ClassVar[tuple[str, ...]] = ("decided_at", "withdrawn_at", "closed_at")
    after_the_end: ClassVar[tuple[str, ...]] = ("closed_at",)
    withdrawn_by: ClassVar[tuple[str, ...]] = ("withdrawn_at", "closed_at")

    case_id: Id = Declared(description="No two cases have the same")
    received_at: Time = Declared(description="When the complaint was received")
    valid_at: Annotated[OptionalTime, FallsBackTo("received_at")] = Declared(
        default=NOTHING, description="When it was valid; where it is left out, received_at; empty: it isn't valid yet"
    )
    allocated_at: OptionalTime = Declared(default=NOTHING, description="When it was allocated to an investigator")
    investigation_started_at: Annotated[OptionalTime, FallsBackTo("allocated_at")] = Declared(
        default=NOTHING, description="Where it is left out, allocated_at"
    )
    early_resolution_started_at: OptionalTime = NOTHING
    early_resolution_ended_at: OptionalTime = NOTHING
    decided_at: OptionalTime = Declared(
        default=NOTHING, description="When it was decided; the first time, if it was reopened"
    )
    decided_in: Annotated[Literal["assessment", "investigation"] | None, KnownFrom("decided_at")] = None
    decision: Annotated[str | None, KnownFrom("decided_at")] = Declared(
        default=None, description="upheld, not-upheld, …"
    )
    closed_at: OptionalTime = Declared(
        default=NOTHING, description="Without a decision it ends the case as a withdrawal does"
    )
    withdrawn_at: OptionalTime = NOTHING
    joint_working: bool | None = Declared(default=None, description="Whether it is worked on with another ombudsman")
    authority: str | None = Declared(default=None, description="The organisation complained about")
    category: str | None = None
    team: str | None = None


class CaseEvent(Record):
    """Something that happened on a case: a step, a contact with a party, a pause; or a pause of another record."""

    plural: ClassVar[str] = "events"
    singular: ClassVar[str] = "event"
    in_worklists: ClassVar[bool] = True
    belongs_by: ClassVar[tuple[str, ...]] = ("case_id", "request_id", "contact_id")

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [name]} for name in belongs_by]})

    case_id: OptionalId = Declared(default=NOTHING, description="Of the case that it is of")
    request_id: OptionalId = Declared(default=NOTHING, description="Of the request that was paused or resumed")
    contact_id: OptionalId = Declared(default=NOTHING, description="Of the written contact that was paused or resumed")
    event: str = Declared(
        description="contact, delay_explained, paused, resumed, reopened; or a time of the case: received, decided, …"
    )
    at: Time
    party: Party | None = Declared(default=None, description="With whom, of a contact")
    direction: Literal["out", "in"] | None = Declared(default=None, description="A contact counts where it went out")
    reason: str | None = Declared(default=None, description="Of a delay explained or a pause")
    recorded_at: OptionalTime = Declared(default=NOTHING, description="From when it is known; else from at")

    @model_validator(mode="before")
    @classmethod
    def _of_something(cls, given: Any) -> Any:
        """Refuse an event that doesn't say what it is of."""
        if isinstance(given, Mapping) and not given.keys() & set(cls.belongs_by):
            others = " or ".join(cls.belongs_by[1:])
            raise ValueError(f"{cls.belongs_by[0]} is missing, or for a pause of another record {others}")
        return given


class Request(Record):
    """A request of a kind (a service complaint, a review) that is to be answered."""

    plural: ClassVar[str] = "requests"
    singular: ClassVar[str] = "request"
    id_field: ClassVar[str | None] = "request_id"
    in_worklists: ClassVar[bool] = True
    in_letters: ClassVar[str] = "your request"
    ended_by: ClassVar[tuple[str, ...]] = ("answered_at",)

    request_id: Id
    kind: str
    received_at: Time
    answered_at: OptionalTime = NOTHING
    case_id: OptionalId = NOTHING


class Order(Record):
    """Something that an organisation was told to do by a day of its own."""

    plural: ClassVar[str] = "orders"
    singular: ClassVar[str] = "order"
    in_worklists: ClassVar[bool] = True
    in_letters: ClassVar[str] = "our order"
    acted_on_by: ClassVar[str] = "the organisation"
    ended_by: ClassVar[tuple[str, ...]] = ("complied_at",)

    case_id: Id
    due_at: Time
    complied_at: OptionalTime = NOTHING


class Review(Record):
    """One answer of a quality review: of one standard, on one piece of work."""

    plural: ClassVar[str] = "reviews"
    singular: ClassVar[str] = "review"

    review_id: Id
    standard: str
    answer: Literal["met", "partly", "not-met", "not-applicable"]
    reviewed_at: Time
    source: Literal["CPA", "CF", "QA"] | None = None
    case_id: OptionalId = NOTHING


class Activity(Record):
    """Something done that is only counted: an article, a course, a report."""

    plural: ClassVar[str] = "activities"
    singular: ClassVar[str] = "activity"

    kind: str
    at: Time
    tone: str | None = None


class Population(Record):
    """How many homes, people or households there were in a period: what a rate is per."""

    plural: ClassVar[str] = "populations"
    singular: ClassVar[str] = "population"

    period: str = Declared(description="Such as 2023/24, 2023/24 Q1 or Apr 2023")
    number: int = Declared(ge=0, description="How many there were")


Kind = Literal["time", "text", "choice", "truth"]

RECORDS: dict[str, type[Record]] = {model.plural: model for model in Record.__subclasses__()}  # in the order above

# The kinds of record that events can be of, each with the id by which they are: cases by case_id.
IDS_OF_EVENTS = {kind: name for kind, model in RECORDS.items() if (name := model.id_field) in CaseEvent.belongs_by}


def check_kind(name: str) -> str:
    """Return the name of a kind of records. Raises ``OptionError`` for any other."""
    if name not in RECORDS:
        raise OptionError(f"There are no records called {name!r}. {one_of(name, RECORDS)}")
    return name


class _KindSchema:
    """Describes the name of a kind of records in a JSON Schema by all the names that there are."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "enum": list(RECORDS)}


RecordKind = Annotated[str, AfterValidator(check_kind), _KindSchema]  # such as written_contacts


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
    """Return the fields of a kind of record by name.

    >>> fields_of("cases")["decision"].known_from
    'decided_at'
    """
    fields = {}
    for name, info in RECORDS[check_kind(records)].model_fields.items():
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


@cache
def _read_as_text(records: str) -> frozenset[str]:
    """Return the names of the fields of a kind of record whose cells are text."""
    return frozenset(
        name for name, item in fields_of(records).items() if item.kind != "time" and not name.endswith("_id")
    )


def _flatten(annotation: Any) -> list[Any]:
    """Return the plain types and literal values inside an annotation."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType, Annotated}:
        return [item for part in get_args(annotation) for item in _flatten(part)]
    if origin is Literal:
        return list(get_args(annotation))
    return [annotation]


def values_of(record: Record) -> dict[str, Any]:
    """Return the fields that were given to a record, by name, those of one's own among them."""
    held = {name: value for name, value in record.__dict__.items() if name in record.model_fields_set}
    return held | (record.model_extra or {})


def cell_of(record: Record, name: str) -> Any:
    """Return what a record holds in a field of the vocabulary or of one's own; None where it has no such field."""
    return record.__dict__[name] if name in record.__dict__ else (record.model_extra or {}).get(name)
