"""Targets as data: of which records, which clock, which limit, which standard."""

import re
from dataclasses import dataclass
from datetime import time
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.limits import DueField, Hours, Limit, Seconds, WorkingDays, parse_limit
from ombudsman_kpi.records import RECORDS, fields_of

Cohort = Literal["received", "closed", "due", "dated"]
COHORTS: tuple[Cohort, ...] = get_args(Cohort)
Records = Literal["calls", "written_contacts", "cases", "events", "requests", "orders", "reviews", "activities"]


@dataclass(frozen=True, slots=True)
class Standard:
    """A published figure, exactly as written: ``at least 98%``, ``at most 20 seconds``."""

    operator: Literal["at least", "at most"]
    value: Fraction  # in the unit of the measure: 98% is 49/50
    unit: str

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __str__(self) -> str:
        figure = self.value * 100 if self.unit == "%" else self.value
        text = f"{float(figure):f}".rstrip("0").rstrip(".")
        return f"{self.operator} {text}{'' if self.unit in {'%', ''} else ' '}{self.unit}"


_STANDARD = re.compile(
    r"(?P<operator>at least|at most|no more than|no fewer than)?\s*(?P<figure>\d+(?:\.\d+)?)\s*(?P<unit>%|[a-z ]*)",
    re.IGNORECASE,
)


def parse_standard(text: str) -> Standard:
    """Read a standard from text; without a word before it, a figure is ``at least``.

    >>> parse_standard("at least 98%").value
    Fraction(49, 50)
    >>> str(parse_standard("no more than 60"))
    'at most 60'

    Raises ``SchemeError`` for what isn't a figure, and for a share above 100%.
    """
    found = _STANDARD.fullmatch(text.strip())
    if found is None:
        raise SchemeError(
            f"{text!r} isn't a standard. Write it like 'at least 98%', 'at most 20 seconds' or 'no more than 60'."
        )
    operator: Literal["at least", "at most"] = (
        "at most" if (found["operator"] or "").lower() in {"at most", "no more than"} else "at least"
    )
    value, unit = Fraction(found["figure"]), found["unit"].strip()
    if unit == "%":
        if value > 100:
            raise SchemeError(f"{text!r} is an impossible share: a share is between 0% and 100%.")
        value /= 100
    return Standard(operator, value, unit)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a field has to hold: one of some values, none of them, or anything (or nothing) at all."""

    values: tuple[str, ...] = ()
    negated: bool = False
    present: bool | None = None

    def describe(self, name: str) -> str:
        """Say why a record isn't counted.

        >>> Condition(("upheld", "not-upheld")).describe("decision")
        'decision is not upheld or not-upheld'
        """
        if self.present is not None:
            words = name.removesuffix("_at").replace("_", " ")
            if name.endswith("_at"):
                return f"not {words}" if self.present else words
            return f"no {words}" if self.present else f"has {words}"
        return f"{name} is {'' if self.negated else 'not '}{' or '.join(self.values)}"


def _parse_condition(value: Any) -> Condition:
    if isinstance(value, Condition):
        return value
    if isinstance(value, dict) and set(value) == {"present"} and isinstance(value["present"], bool):
        return Condition(present=value["present"])
    if isinstance(value, dict) and set(value) == {"not"}:
        inner = _parse_condition(value["not"])
        if inner.present is None and not inner.negated:
            return Condition(inner.values, negated=True)
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, (str, int, float)) for item in items):
        return Condition(tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items))
    raise ValueError("a condition is a value, a list of values, { not = … } or { present = true }")


def _write_condition(condition: Condition) -> Any:
    if condition.present is not None:
        return {"present": condition.present}
    plain: Any = condition.values[0] if len(condition.values) == 1 else list(condition.values)
    return {"not": plain} if condition.negated else plain


def _parse_limit(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"field"}:
        return DueField(str(value["field"]))
    if isinstance(value, (Limit, DueField)):
        return value
    if isinstance(value, str):
        return parse_limit(value)
    raise ValueError("a limit is text such as '20 working days', or { field = 'due_at' } for a record's own")


def _write_limit(limit: Limit | DueField) -> Any:
    return {"field": limit.field} if isinstance(limit, DueField) else str(limit)


_VALUE = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_VALUES = {"anyOf": [*_VALUE["anyOf"], {"type": "array", "items": _VALUE}]}
_CONDITION_SCHEMA = {
    "anyOf": [
        *_VALUES["anyOf"],
        {"type": "object", "properties": {"not": _VALUES}, "required": ["not"], "additionalProperties": False},
        {
            "type": "object",
            "properties": {"present": {"type": "boolean"}},
            "required": ["present"],
            "additionalProperties": False,
        },
    ],
    "description": "A value, a list of values, { not = … } or { present = true }",
}
_LIMIT_SCHEMA = {
    "anyOf": [
        {
            "type": "string",
            "pattern": r"^\s*(<|less than |under |within )?\s*\d+ "
            r"(working days?|calendar days?|days?|weeks?|hours?|seconds?)\s*$",
            "examples": ["20 working days", "< 13 weeks", "60 seconds", "24 hours"],
        },
        {
            "type": "object",
            "properties": {"field": {"type": "string"}},
            "required": ["field"],
            "additionalProperties": False,
        },
    ],
    "description": "How long it may take, or the field with each record's own due date",
}
_STANDARD_SCHEMA = {
    "type": "string",
    "pattern": r"^\s*(at least |at most |no more than |no fewer than )?\d+(\.\d+)?\s*(%|[a-z ]*)\s*$",
    "examples": ["at least 98%", "at most 20 seconds", "no more than 60"],
    "description": "The published figure, as written",
}


def _read_standard(value: Any) -> Any:
    if isinstance(value, Standard):
        return value
    if isinstance(value, str):
        return parse_standard(value)
    raise ValueError("a standard is text such as 'at least 98%'")


def _read_time(value: Any) -> Any:
    if isinstance(value, time) and value.tzinfo is not None:
        raise ValueError("a cut-off is a time on the scheme's own clock, such as 17:00, without a zone")
    return value


def _write_time(value: time) -> str:
    return value.isoformat("minutes") if value == value.replace(second=0, microsecond=0) else value.isoformat()


ConditionField = Annotated[
    Condition, BeforeValidator(_parse_condition), PlainSerializer(_write_condition), WithJsonSchema(_CONDITION_SCHEMA)
]
LimitField = Annotated[
    Limit | DueField, BeforeValidator(_parse_limit), PlainSerializer(_write_limit), WithJsonSchema(_LIMIT_SCHEMA)
]
StandardField = Annotated[
    Standard,
    BeforeValidator(_read_standard),
    PlainSerializer(str),
    WithJsonSchema(_STANDARD_SCHEMA),
]
CutOff = Annotated[time, AfterValidator(_read_time), PlainSerializer(_write_time)]


class Declaration(BaseModel):
    """What all parts of a scheme share: they never change, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Clock(Declaration):
    """The options of a clock, where a body's own rules differ from the default."""

    day_of_receipt: Literal["day 0", "day 1"] = Field(
        "day 0", description="Day 1 is the next working day, or the day of receipt itself"
    )
    non_working_receipt: Literal["as received", "next working day"] = Field(
        "as received", description="On a day off: nothing special, or deemed received on the next working day"
    )
    cut_off: CutOff | None = Field(None, description="After this time of day a record is received the next day")
    non_working_due: Literal["stays", "next working day"] = Field(
        "stays", description="Where calendar days or weeks end on a day off: due that day, or on the next working day"
    )
    own_due: Literal["as given", "by the day"] = Field(
        "as given", description="A record's own due timestamp: compared as an instant, or by its day"
    )
    unanswered: Literal["late", "left out if abandoned within the limit", "left out"] = Field(
        "late", description="Calls abandoned by the caller: late, or left out; or only answered calls counted"
    )
    naive_times: Literal["wall clock", "refuse"] = Field(
        "wall clock", description="Timestamps without a zone: read as the scheme's wall clock, or refused"
    )

    @property
    def in_force(self) -> dict[str, str]:
        """The options that differ from the default, to be printed with every result."""
        return {name: str(value) for name, value in self.model_dump(mode="json", exclude_defaults=True).items()}


class Target(Declaration):
    """What every target has: its words, its records, its headline cohort and its standard."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="A short name, such as written-contacts-3wd")
    says: str = Field(min_length=1, description="The words of the commitment, as published")
    source: str | None = Field(None, description="Where it is published, if not in the scheme's own source")
    reading: str | None = Field(None, description="What the scheme chose where the words leave it open")
    of: Records = Field(description="The records that it is measured on")
    cohort: Cohort = Field(description="The headline cohort: which records belong to a period")
    standard: StandardField | None = Field(None, description="The published figure; none where it is unstated")

    unit: ClassVar[str] = "share"

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """The cohorts that the target can be measured by."""
        return (self.cohort,)


class ShareWithin(Target):
    """The share of records whose clock stopped within the limit."""

    measure: Literal["share within"] = Field("share within", description="What is measured")
    start: str | None = Field(None, description="The field that starts the clock")
    stop: tuple[str, ...] = Field(description="The field that stops it, or several: the earliest counts")
    limit: LimitField
    where: dict[str, ConditionField] = Field(default_factory=dict, description="Which records it applies to")
    clock: Clock = Field(default_factory=Clock, description="Options of the clock")

    @field_validator("stop", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Every cohort that has a day: without a start, there is none of those received."""
        return ("closed", "due") if self.start is None else ("received", "closed", "due")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.start is None and not isinstance(self.limit, DueField):
            raise ValueError("start: a clock with a limit needs the field that starts it")
        if not self.stop:
            raise ValueError("stop: a clock needs a field that stops it")
        if self.cohort not in self.cohorts:
            raise ValueError(
                f"cohort: a clock like this one has no {self.cohort!r} cohort. {one_of(self.cohort, self.cohorts)}"
            )
        if self.standard is not None and self.standard.unit != "%":
            raise ValueError("standard: a share is published in per cent, such as 'at least 98%'")
        own = [self.limit.field] if isinstance(self.limit, DueField) else []
        for name in [*([self.start] if self.start else []), *self.stop, *own]:
            _check_time(name, self.of)
        for name, condition in self.where.items():
            choices = fields_of(self.of)[name].choices if name in fields_of(self.of) else ()
            for value in condition.values:
                if choices and value not in choices:
                    raise ValueError(f"where: {name} is never {value!r}. {one_of(value, choices)}")
        self._check_options()
        return self

    def _check_options(self) -> None:
        """Refuse an option that the limit would ignore."""
        own, elapsed = isinstance(self.limit, DueField), isinstance(self.limit, (Seconds, Hours))
        useless = {
            "own_due": not own,
            "day_of_receipt": own or elapsed,
            "non_working_receipt": own or elapsed,
            "cut_off": own or elapsed,
            "non_working_due": own or elapsed or isinstance(self.limit, WorkingDays),
            "unanswered": not RECORDS[self.of].abandoned_by,
        }
        for name in self.clock.in_force:
            if useless.get(name):
                raise ValueError(f"clock: {name} means nothing for a limit of {self.limit} on {self.of}; leave it out")


def _check_time(name: str, of: str) -> None:
    fields = fields_of(of)
    if name.endswith("_at") and name not in fields:
        return  # a column of the user's own
    if name not in fields or fields[name].kind != "time":
        times = [item.name for item in fields.values() if item.kind == "time"]
        raise ValueError(f"{name!r} isn't a time of {of}; times end in _at. {one_of(name, times)}")


class NotMeasured(Target):
    """A published commitment that isn't measured, and why: it is shown in every result, never left out."""

    measure: Literal["not measured"]
    reason: str = Field(min_length=1, description="Why it isn't measured")


AnyTarget = ShareWithin | NotMeasured

MEASURES: dict[str, type[ShareWithin] | type[NotMeasured]] = {
    "share within": ShareWithin,
    "not measured": NotMeasured,
}
