"""Results as JSON and back, without loss, for systems in any language."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from pydantic import ConfigDict, Field, ValidationError, create_model

from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.figures.row import INSIDE, Row
from ombudsman_kpi.records.models import Model
from ombudsman_kpi.schemes.json_schema import JSON_SCHEMA
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.basis import Basis, check_days_off

_WRITTEN = {name: kind for name, kind in Row.__annotations__.items() if name not in {*INSIDE, "group"}}


class _Part(Model):
    model_config = ConfigDict(extra="forbid")


class Reason(_Part):
    """Why some records aren't plainly met or missed."""

    status: str
    reason: str
    records: int


class RowJson(create_model("Columns", __base__=_Part, **{name: (kind, ...) for name, kind in _WRITTEN.items()})):  # type: ignore[misc]
    """One figure: the columns of a result by name, those grouped by among them."""

    model_config = ConfigDict(extra="allow", title="Row")

    exact: str | None = Field(description="The value before it was made a decimal, such as 957/1000")
    reasons: list[Reason] = Field(description="The note in numbers")
    remarks: list[str] = Field(description="The note's other half")
    words: list[str] = Field(description="What the measure itself says beside its value")
    details: dict[str, Any] = Field(
        description='The same as values; exact numbers as {"fraction": "3/4"}, days as {"date": "2024-03-31"}'
    )
    withheld: dict[str, str] = Field({}, description="Columns that aren't published, with the shorthand in their place")


class BasisJson(_Part):
    """What was measured by: with it the results can be made again."""

    model_config = ConfigDict(title="Basis")

    scheme: dict[str, Any] = Field(description="All that the scheme declares")
    by: list[str]
    every: dict[str, list[str | None]] = Field(description="The periods of each target")
    cohorts: dict[str, list[str]] = Field(description="The cohorts of each target")
    report: str | None = Field(None, description="To whom it is reported")
    days_off: str | None = Field(
        None, description="The edition of the calendar until the last day that can have made a difference"
    )


class ResultsJson(_Part):
    """Results of a measurement, with all that is needed to say where they come from."""

    model_config = ConfigDict(title="Results")

    scheme: str = Field(description="The scheme's id")
    digest: str = Field(description="Of everything the scheme declares")
    calendar: str = Field(description="The edition of its calendar")
    as_of: str = Field(description="The date at whose close, or the instant at which, was measured")
    options: dict[str, Any] = Field(description="Every option in force")
    rows: list[RowJson]
    basis: BasisJson


def results_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of what ``results_to_json`` writes."""
    return {"$schema": JSON_SCHEMA, **ResultsJson.model_json_schema()}


def plain_results(rows: Sequence[Row], basis: Basis) -> dict[str, Any]:
    """Return results as plain values, ready for JSON: scheme, digest, calendar, as_of, options, rows."""
    cells = ((row.as_dict(basis.by) | _withheld(row)).items() for row in rows)
    return {
        "scheme": basis.scheme.id,
        "digest": basis.scheme.digest,
        "calendar": basis.scheme.calendar.edition,
        "as_of": basis.as_of,
        "options": basis.options,
        "rows": [{name: cell.isoformat() if isinstance(cell, date) else cell for name, cell in row} for row in cells],
    }


def _withheld(row: Row) -> dict[str, Any]:
    return {"withheld": dict(row.withheld)} if row.withheld else {}


def results_to_json(rows: Sequence[Row], basis: Basis) -> str:
    """Return results as JSON."""
    rows = tuple(rows)
    content = plain_results(rows, basis)
    for row, written in zip(rows, content["rows"], strict=True):
        written |= {
            "exact": None if row.exact is None else str(row.exact),
            "reasons": [{"status": of, "reason": why, "records": number} for (of, why), number in row.reasons.items()],
            "remarks": list(row.remarks), "words": list(row.words), "details": _plain(row.details),
        }  # fmt: skip
    content["basis"] = {
        "scheme": basis.scheme.model_dump(mode="json", exclude_unset=True), "by": list(basis.by),
        "every": {name: list(periods) for name, periods in basis.every.items()},
        "cohorts": {name: list(cohorts) for name, cohorts in basis.cohorts.items()}, "days_off": basis.days_off,
        "report": basis.report,
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False)


def results_from_json(text: str | bytes) -> tuple[tuple[Row, ...], Basis]:
    """Return the rows and the basis that ``results_to_json`` wrote.

    Raises ``KpiError`` for any other text, and where a day off has changed that can have made a difference.
    """
    try:
        content = ResultsJson.model_validate_json(text)
        scheme = Scheme.model_validate(content.basis.scheme)
        rows = tuple(_row(item, content.basis.by) for item in content.rows)
    except (ValidationError, ValueError, KeyError, ArithmeticError) as error:
        said = error.errors(include_url=False, include_input=False)[0] if isinstance(error, ValidationError) else None
        where = ".".join(str(part) for part in said["loc"]) if said else ""
        raise KpiError(
            f"This text is no results: it isn't what Results.to_json writes{where and f' ({where})'}."
        ) from None
    if scheme.digest != content.digest:
        raise KpiError(f"These results say the digest {content.digest}, but their scheme has {scheme.digest}.")
    every: dict[str, Any] = {name: tuple(periods) for name, periods in content.basis.every.items()}
    cohorts: dict[str, Any] = {name: tuple(names) for name, names in content.basis.cohorts.items()}
    basis = Basis(scheme, content.as_of, tuple(content.basis.by), every, cohorts, content.basis.report)
    check_days_off(basis, content.calendar, content.basis.days_off, "These results were measured", "measure again")
    return rows, basis


def row_of_json(row: Mapping[str, Any], by: list[str]) -> Row:
    """Return a row that ``results_to_json`` wrote. Raises ``ValueError`` or ``KeyError`` for anything else."""
    return _row(RowJson.model_validate(row), by)


def _row(item: RowJson, by: list[str]) -> Row:
    columns = {name: getattr(item, name) for name in _WRITTEN}
    return Row(
        **columns,
        group=tuple(_text((item.model_extra or {})[name]) for name in by),
        reasons={(entry.status, entry.reason): entry.records for entry in item.reasons},
        remarks=tuple(item.remarks),
        words=tuple(item.words),
        details=_rich(item.details),
        exact=None if item.exact is None else Fraction(item.exact),
        withheld=item.withheld,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a group is named by text")  # noqa: TRY004  (one kind of error for all that can be wrong)
    return value


def _plain(value: Any) -> Any:
    """Return a detail as JSON has it."""
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _rich(value: Any) -> Any:
    """Return a detail as it was."""
    match value:
        case {"fraction": str(text), **rest} if not rest:
            return Fraction(text)
        case {"date": str(text), **rest} if not rest:
            return date.fromisoformat(text)
        case dict():
            return {name: _rich(item) for name, item in value.items()}
        case list():
            return tuple(_rich(item) for item in value)
    return value
