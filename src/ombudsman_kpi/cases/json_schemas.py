"""The JSON Schemas of the library's inputs and outputs, by name."""

from typing import Any

from pydantic import BaseModel

from ombudsman_kpi.cases.deadline import Deadline, DeadlinesJson, Finding
from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.results.json import ResultsJson
from ombudsman_kpi.schemes.json_schema import JSON_SCHEMA, scheme_json_schema

_MODELS: dict[str, type[BaseModel]] = {
    **{model.singular.replace(" ", "-"): model for model in RECORDS.values()},
    "deadline": Deadline, "deadlines": DeadlinesJson, "finding": Finding, "results": ResultsJson,
}  # fmt: skip
DESCRIBED = (*_MODELS, "scheme")  # what there is a JSON Schema of


def json_schema_of(what: str) -> dict[str, Any]:
    """Return the JSON Schema of a record, a deadline, a finding, results, or a scheme file.

    Raises ``OptionError`` for anything else.
    """
    if what not in DESCRIBED:
        raise OptionError(f"There is no JSON Schema of {what!r}. {one_of(what, DESCRIBED)}")
    model = _MODELS.get(what)
    return scheme_json_schema() if model is None else {"$schema": JSON_SCHEMA, **model.model_json_schema()}
