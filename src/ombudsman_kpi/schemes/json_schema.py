"""The JSON Schema of a scheme file, for editors."""

from typing import Any

from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.schemes.scheme import WRITTEN_AS, Scheme

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def scheme_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scheme file, which lets an editor complete and check one.

    No key of a target is required, since a target that changes another gives only the keys that differ.
    """
    whole = Scheme.model_json_schema()
    kinds = [kind.model_json_schema() for kind in MEASURES.values()]
    for kind in kinds:
        whole["$defs"] |= kind.pop("$defs", {})
    keys = {name: value for kind in reversed(kinds) for name, value in kind["properties"].items()}
    keys["measure"] = {"enum": list(MEASURES), "default": "share within", "description": "What is measured"}
    keys["per"] = {**keys["per"], "anyOf": [kind["properties"]["per"] for kind in kinds if "per" in kind["properties"]]}
    keys["stop"] = {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        "description": keys["stop"]["description"],
    }
    keys["bands"] = {
        "type": "array",
        "items": {"$ref": "#/$defs/Target", "required": ["id"]},
        "description": "Targets that share all other keys: each band becomes a target",
    }
    keys["from"] = {
        "type": "string",
        "pattern": "^.+/[^/]+$",
        "description": "The target of another scheme that this one is, but for its other keys: lgsco/investigation-13w",
    }
    extended = "The scheme that this one changes: its name, or a path relative to this file"
    top = {name: value for name, value in whole["properties"].items() if name not in WRITTEN_AS}
    return {
        "$schema": JSON_SCHEMA,
        "title": "A scheme of service-level targets",
        "type": "object",
        "properties": {
            **top,
            "extends": {
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
                "description": f"{extended}; or a list of several",
            },
            "target": {"type": "array", "items": {"$ref": "#/$defs/Target"}},
            "report": {"type": "array", "items": {"$ref": "#/$defs/Report"}},
            "return": {"type": "array", "items": {"$ref": "#/$defs/Return"}},
        },
        "required": ["id"],
        "anyOf": [
            {"required": ["extends"]},
            *({"required": ["title", "source", calendar, "target"]} for calendar in ("division", "calendar")),
        ],
        "additionalProperties": False,
        "$defs": {**whole["$defs"], "Target": {"type": "object", "properties": keys, "additionalProperties": False}},
    }
