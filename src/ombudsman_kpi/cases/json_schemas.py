"""The JSON Schemas of what goes into and out of the library, by name."""

from typing import TYPE_CHECKING, Any

from ombudsman_kpi.cases.deadline import Deadline, DeadlinesJson, Finding
from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.records.vocabulary import Call, Case, CaseEvent, Order, Request, WrittenContact
from ombudsman_kpi.results.json import ResultsJson
from ombudsman_kpi.schemes.json_schema import JSON_SCHEMA, scheme_json_schema

if TYPE_CHECKING:
    from pydantic import BaseModel


def json_schema_of(what: str) -> dict[str, Any]:
    """Give the JSON Schema of a record, a deadline, a finding, results, or a scheme file.

    Raises ``OptionError`` for anything else.
    """
    models: dict[str, type[BaseModel]] = {
        "case": Case, "event": CaseEvent, "request": Request, "written-contact": WrittenContact, "order": Order,
        "call": Call, "deadline": Deadline, "deadlines": DeadlinesJson, "finding": Finding, "results": ResultsJson,
    }  # fmt: skip
    if what == "scheme":
        return scheme_json_schema()
    if what not in models:
        raise OptionError(f"There is no JSON Schema of {what!r}. {one_of(what, [*models, 'scheme'])}")
    return {"$schema": JSON_SCHEMA, **models[what].model_json_schema()}
