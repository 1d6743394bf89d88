"""Limits as fields of a declaration: read from what a scheme file has, written back, and told to editors."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, GetJsonSchemaHandler, InstanceOf, PlainSerializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ombudsman_kpi.clocks.limits import Limit, read_limit, units
from ombudsman_kpi.clocks.several import read_limits
from ombudsman_kpi.records.conditions import CONDITION_SCHEMA


def _reader(read: Callable[[Any], Limit | None], others: str) -> BeforeValidator:
    def parse(value: Any) -> Any:
        limit = read(value)
        if limit is not None:
            return limit
        raise ValueError(f"a limit is text such as '20 working days', {others}")

    return BeforeValidator(parse)


def _written() -> JsonSchemaValue:
    return {
        "type": "string",
        "pattern": r"^\s*(<|less than |under |within )?\s*\d+ "
        rf"({'|'.join(f'{unit}s?' for unit in units())})\s*$",
        "examples": ["20 working days", "< 13 weeks", "3 months", "4 working hours", "60 seconds"],
    }


def _table(required: str, **properties: JsonSchemaValue) -> JsonSchemaValue:
    return {"type": "object", "properties": properties, "required": [required], "additionalProperties": False}


class _LimitSchema:
    """What a JSON Schema says of limits, with the units that there are when it is made."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        description = "How long it may take, or the field with each record's own due date"
        return {"anyOf": [_written(), _table("field", field={"type": "string"})], "description": description}


class _SeveralSchema(_LimitSchema):
    """What a JSON Schema says of one limit or several."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        one = super().__get_pydantic_json_schema__(schema, handler)
        sooner = _table("earlier", earlier={"type": "array", "items": _written(), "minItems": 2})
        conditions = {"type": "object", "additionalProperties": CONDITION_SCHEMA}
        day = {"type": "string", "format": "date"}
        amount = {"anyOf": [_written(), sooner]}
        entry = {"anyOf": [amount, _table("limit", where=conditions, limit=amount, until=day, **{"from": day})]}
        several = {"type": "array", "items": entry, "minItems": 1}
        return {
            "anyOf": [*one["anyOf"], sooner, several],
            "description": f"{one['description']}; the sooner of several; or several limits, of which the first holds "
            "whose conditions do",
        }


_WRITER = PlainSerializer(lambda limit: limit.written)

LimitField = Annotated[
    InstanceOf[Limit], _reader(read_limit, "or { field = 'due_at' } for a record's own"), _WRITER, _LimitSchema()
]
SeveralField = Annotated[
    InstanceOf[Limit],
    _reader(read_limits, "a list of limits with conditions, or { field = 'due_at' } for a record's own"),
    _WRITER,
    _SeveralSchema(),
]
