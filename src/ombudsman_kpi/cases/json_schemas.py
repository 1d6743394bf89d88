"""The JSON Schemas of the library's inputs and outputs, by name."""

from pkgutil import resolve_name
from typing import Any

from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.records.vocabulary import RECORDS

_RECORDS = {model.singular.replace(" ", "-"): model for model in RECORDS.values()}
_OTHERS = {  # loaded where one of them is asked for: the command line has all names
    "deadline": "ombudsman_kpi.cases.deadline:Deadline", "deadlines": "ombudsman_kpi.cases.deadline:DeadlinesJson",
    "finding": "ombudsman_kpi.cases.deadline:Finding", "results": "ombudsman_kpi.results.json:ResultsJson",
}  # fmt: skip
DESCRIBED = (*_RECORDS, *_OTHERS, "scheme")  # what there is a JSON Schema of


def json_schema_of(what: str) -> dict[str, Any]:
    """Return the JSON Schema of a record, a deadline, a finding, results, or a scheme file.

    Raises ``OptionError`` for anything else.
    """
    if what not in DESCRIBED:
        raise OptionError(f"There is no JSON Schema of {what!r}. {one_of(what, DESCRIBED)}")
    from ombudsman_kpi.schemes.json_schema import JSON_SCHEMA, scheme_json_schema

    if what == "scheme":
        return scheme_json_schema()
    model: Any = _RECORDS[what] if what in _RECORDS else resolve_name(_OTHERS[what])
    return {"$schema": JSON_SCHEMA, **model.model_json_schema()}
