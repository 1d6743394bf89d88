"""A web service that says what a case owes, and when: ombudsman_kpi behind FastAPI.

    pip install ombudsman-kpi fastapi uvicorn
    python examples/service.py --port 8000

Open http://127.0.0.1:8000/docs for a page that describes every field and tries the service out, or ask it:

    curl "http://127.0.0.1:8000/due?received=2024-03-28&limit=20%20working%20days&division=england-and-wales"

Complaints are about people. A refusal names the field that is wrong and never repeats what it held; as bodies aren't
logged either, nothing of a case stays here. Nobody is asked who they are: that belongs in front of it.
"""

import argparse
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from ombudsman_kpi import (
    Case,
    CaseEvent,
    CoverageError,
    Deadline,
    Finding,
    KpiError,
    WorkingCalendar,
    deadlines,
    list_schemes,
    load_scheme,
)
from ombudsman_kpi.calendars.bank_holidays import DIVISIONS, check_division
from ombudsman_kpi.calendars.dates import to_date
from ombudsman_kpi.cases.explanation import Step
from ombudsman_kpi.clocks.due_date import due_date
from ombudsman_kpi.clocks.limits import parse_limit
from ombudsman_kpi.records.cells.field_types import Time

# Made once. Neither schemes nor calendars ever change, so that all threads can share them.
SCHEMES = {name: load_scheme(name) for name in list_schemes()}
CALENDARS = {name: WorkingCalendar.uk(name) for name in DIVISIONS}


def known_scheme(name: str) -> str:
    """Refuse a scheme that isn't loaded. No name from outside goes to ``load_scheme``, which opens any file."""
    if name not in SCHEMES:
        raise ValueError(f"There is no such scheme. It can be: {', '.join(SCHEMES)}.")
    return name


def read_event(given: Any) -> CaseEvent | Mapping[str, Any]:
    """Read an event; one of an unknown party or direction goes on as it is, and comes back as a finding."""
    try:
        return CaseEvent.model_validate(given)
    except ValidationError as error:
        if all(problem["loc"][:1] in {("party",), ("direction",)} for problem in error.errors()):
            return dict(given)
        raise


class Question(BaseModel):
    """A case, what happened on it, and the time to look at it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    scheme: Annotated[str, AfterValidator(known_scheme)] = Field(
        description="The published standard", json_schema_extra={"enum": list(SCHEMES)}
    )
    as_of: Time = Field(description="A date, which means its close, or an instant: nothing later is known")
    case: Case = Field(description="Times in ISO 8601. `null` says that it hasn't happened; other fields are allowed")
    events: list[Annotated[Any, PlainValidator(read_event, json_schema_input_type=CaseEvent)]] | None = Field(
        [],
        max_length=10_000,
        description="What happened on the case. Empty, or left out, says that nothing has; `null` that it isn't known, "
        "and targets that depend on events are left out",
    )


class Why(BaseModel):
    """Why a deadline is when it is, in plain English."""

    text: str = Field(description="One sentence a line")
    steps: list[Step] = Field(description="The same as data")
    markdown: str = Field(description="The same as a list in Markdown")


class Answer(BaseModel):
    """What the case owes, and what is wrong with its records."""

    deadlines: list[Deadline] = Field(description="One for each target (and party) that applies")
    findings: list[Finding] = Field(description="Where records contradict themselves, or aren't understood")
    explanations: list[Why] = Field(description="One for each deadline, in their order; empty unless asked for")


class Due(BaseModel):
    """The last day in time."""

    due: date
    provisional: bool = Field(description="Whether bank holidays up to that day haven't all been announced")
    announced_until: date = Field(description="The last day up to which they have")
    edition: str = Field(description="Of the calendar: another one means that some day may count otherwise")


class Problem(BaseModel):
    """What is wrong, and where; never what was found there."""

    loc: list[str | int] = Field(description="The way to the field", examples=[["body", "case", "received_at"]])
    msg: str = Field(description="A sentence")
    type: str


class Refusal(BaseModel):
    """Why a question can't be answered."""

    detail: list[Problem]


app = FastAPI(
    title="Deadlines of complaints",
    version="1",
    description="When things are due, and why, by the published standards of ombudsmen. A case that contradicts itself "
    "is no error: the answer says so in `findings`, beside all that can be known of it.",
    responses={422: {"model": Refusal, "description": "A field that can't be read, or a day that no calendar knows"}},
)


@app.exception_handler(RequestValidationError)
def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
    """Say what is wrong and where: FastAPI's own answer would repeat the input."""
    problems = [
        {"loc": item["loc"], "msg": item["msg"].removeprefix("Value error, "), "type": item["type"]}
        for item in error.errors()
    ]
    return JSONResponse({"detail": problems}, 422)


def refusal(place: str, field: str, error: KpiError) -> RequestValidationError:
    """Make an error of the library, which is one clear sentence, an error of a field."""
    return RequestValidationError([{"loc": (place, field), "msg": str(error), "type": type(error).__name__}])


QUESTION = {
    "scheme": "lgsco",
    "as_of": "2024-05-10",
    "case": {"case_id": "24-00017", "received_at": "2024-03-28", "allocated_at": "2024-04-12"},
    "events": [
        {"case_id": "24-00017", "event": "contact", "at": "2024-05-01", "party": "complainant", "direction": "out"}
    ],
}


@app.post("/deadlines", summary="What a case owes")
def what_is_owed(
    question: Annotated[Question, Body(openapi_examples={"open": {"summary": "An open case", "value": QUESTION}})],
    *,
    explain: Annotated[bool, Query(description="Say why, for each deadline")] = False,
) -> Answer:
    """Say what a case owes to each target of a scheme: when it is due, how it stands, what is left."""
    try:
        found = deadlines(SCHEMES[question.scheme], question.case, events=question.events, as_of=question.as_of)
    except KpiError as error:
        raise refusal("body", "as_of" if isinstance(error, CoverageError) else "case", error) from None
    reasons = [item.explain() for item in found] if explain else []
    return Answer(
        deadlines=found,
        findings=list(found.findings),
        explanations=[Why(text=why, steps=list(why.steps), markdown=why.to_markdown()) for why in reasons],
    )


@app.get("/due", summary="The last day in time")
def when_due(
    received: Annotated[date, BeforeValidator(to_date), Query(description="The day", examples=["2024-03-28"])],
    limit: Annotated[
        str,
        Query(max_length=60, description="Working days, calendar days or weeks", examples=["20 working days"]),
    ],
    division: Annotated[
        str,
        AfterValidator(check_division),
        Query(description="Whose bank holidays count", json_schema_extra={"enum": [*DIVISIONS]}),
    ],
) -> Due:
    """Say by when something received on a day is to be done, within a limit."""
    calendar = CALENDARS[division]
    try:
        due = due_date(received, parse_limit(limit), calendar)
    except KpiError as error:
        raise refusal("query", "received" if isinstance(error, CoverageError) else "limit", error) from None
    known = calendar.announced_until
    return Due(due=due, provisional=due > known, announced_until=known, edition=calendar.edition)


def main() -> None:
    """Start the service."""
    options = argparse.ArgumentParser(description="Say when things are due, over HTTP.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8000)
    given = options.parse_args()
    uvicorn.run(app, host=given.host, port=given.port)


if __name__ == "__main__":
    main()
