"""Conditions on what a field holds, and the base of all that a scheme file declares."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from ombudsman_kpi.records.models import Model, ReadBy


class Declaration(Model):
    """What all parts of a scheme share: they never change, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_name(text: str) -> str:
    if not (text.strip() and text.isprintable() and len(text) <= _LONGEST_NAME):
        raise ValueError(
            f"in a letter it is called by at most {_LONGEST_NAME} letters in one line: a thing, such as 'your "
            "complaint', or what was done, such as 'sent you our final response'"
        )
    return " ".join(text.split())


_LONGEST_NAME = 200
LetterNames = Annotated[
    dict[str, Annotated[str, AfterValidator(_check_name)]],
    Field(
        default_factory=dict,
        exclude_if=operator.not_,
        description="What letters call kinds of record and fields: a thing (your complaint), or what was done with it",
    ),
]


def is_none(value: object) -> bool:
    """Return whether a key isn't there: it is then no part of a declaration, or of its digest."""
    return value is None


@dataclass(frozen=True, slots=True)
class Condition:
    """What a field has to hold: one of some values, none of them, or anything (or nothing) at all."""

    values: tuple[str, ...] = ()
    negated: bool = False
    present: bool | None = None

    @property
    def of_truths(self) -> bool:
        """Whether it asks for truth values, which exports spell in many ways: TRUE, Yes, 1.

        >>> Condition(("true",)).of_truths, Condition(("true", "unclear")).of_truths, Condition(present=True).of_truths
        (True, False, False)
        """
        return bool(self.values) and {*self.values} <= {"true", "false"}

    def describe(self, name: str) -> str:
        """Return why a record isn't counted.

        >>> Condition(("upheld", "not-upheld")).describe("decision")
        'decision is not upheld or not-upheld'
        """
        if self.present is not None:
            words = name.removesuffix("_at").replace("_", " ")
            if name.endswith("_at"):
                return f"not {words}" if self.present else words
            return f"no {words}" if self.present else f"has {words}"
        return f"{name} is {'' if self.negated else 'not '}{' or '.join(self.values)}"

    def excludes(self, other: "Condition") -> bool:
        """Return whether no field can hold what both ask for.

        >>> Condition(("stage-1",)).excludes(Condition(("stage-2",)))
        True
        """
        if self.present is not None or other.present is not None or (self.negated and other.negated):
            return False
        own, others = {*self.values}, {*other.values}
        return others <= own if self.negated else own <= others if other.negated else not own & others


def exclude_each_other(one: Mapping[str, Condition], other: Mapping[str, Condition]) -> bool:
    """Return whether no record can be among those that one asks for and among those of another."""
    return any(one[name].excludes(other[name]) for name in one.keys() & other.keys())


def parse_condition(value: Any) -> Condition:
    """Return the condition that a value is written as. Raises ``ValueError`` for any other value."""
    if isinstance(value, Condition):
        return value
    if isinstance(value, dict) and set(value) == {"present"} and isinstance(value["present"], bool):
        return Condition(present=value["present"])
    if isinstance(value, dict) and set(value) == {"not"}:
        inner = parse_condition(value["not"])
        if inner.present is None and not inner.negated:
            return Condition(inner.values, negated=True)
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, (str, int, float)) for item in items):
        return Condition(tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items))
    raise ValueError("a condition is a value, a list of values, { not = … } or { present = true }")


def write_condition(condition: Condition) -> Any:
    """Return a condition as a scheme file has it."""
    if condition.present is not None:
        return {"present": condition.present}
    plain: Any = condition.values[0] if len(condition.values) == 1 else list(condition.values)
    return {"not": plain} if condition.negated else plain


_VALUE = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_VALUES = {"anyOf": [*_VALUE["anyOf"], {"type": "array", "items": _VALUE}]}
CONDITION_SCHEMA = {
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

ConditionField = Annotated[Condition, ReadBy(parse_condition, write_condition), WithJsonSchema(CONDITION_SCHEMA)]
