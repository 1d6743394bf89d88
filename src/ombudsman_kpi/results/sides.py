"""Results to be compared with others: as they are, or as JSON has them, in full or for reading only."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.figures.row import OWN_COLUMNS, Row
from ombudsman_kpi.results.json import row_of_json
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.schemes.scheme import Scheme


class Side(NamedTuple):
    """One of two results: its figures, and by what they were measured, as far as that is known."""

    rows: Sequence[Row]
    by: tuple[str, ...]
    scheme_id: str
    digest: str
    edition: str
    as_of: str
    options: Mapping[str, Any]
    scheme: Scheme | None = None  # what was declared, where the JSON has it
    same_calendar: bool = False  # whether the scheme's calendar is still the one that was measured by


def side_of(results: Any, which: str) -> Side:
    """Return results, or the JSON that ``to_json`` or ``measure --json`` wrote, as one side of a comparison.

    The calendar of what is read needn't be the one of today: figures are compared, and not measured again. Raises
    ``KpiError`` for anything else; ``which`` says of which side, as in "old".
    """
    if isinstance(results, Results):
        basis = results.basis
        edition = basis.scheme.calendar.edition
        return Side(
            tuple(results.rows), basis.by, basis.scheme.id, basis.scheme.digest, edition, basis.as_of, basis.options,
            basis.scheme, True,  # noqa: FBT003
        )  # fmt: skip
    try:
        content = json.loads(results) if isinstance(results, (str, bytes)) else results
        return _read(content)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError):  # errors of pydantic's are ValueErrors
        raise KpiError(
            f"The {which} results can't be read: they aren't what Results.to_json, Results.to_dict or "
            "'ombudsman-kpi measure --json' writes. Measure again, and keep what one of these gives."
        ) from None


def _read(content: Mapping[str, Any]) -> Side:
    said = {name: str(content[name]) for name in ("scheme", "digest", "calendar", "as_of")}
    options = dict(content["options"])
    by, scheme = tuple(map(str, options["by"])), None
    if "basis" in content:
        scheme = Scheme.model_validate(content["basis"]["scheme"])
        rows = [row_of_json(row, list(by)) for row in content["rows"]]
    else:
        rows = [_plain_row(row, by) for row in content["rows"]]
    return Side(
        rows, by, said["scheme"], said["digest"], said["calendar"], said["as_of"], options, scheme,
        scheme is not None and scheme.calendar.edition == said["calendar"],
    )  # fmt: skip


def _plain_row(row: Mapping[str, Any], by: tuple[str, ...]) -> Row:
    """Return a row of what ``to_dict`` gives, with its exact value where its counts say it."""
    columns = {name: row[name] for name in OWN_COLUMNS}
    for name in ("period_start", "period_end"):
        columns[name] = None if columns[name] is None else date.fromisoformat(columns[name])
    above, below, exact = columns["numerator"], columns["denominator"], None
    if isinstance(above, int) and below:
        exact = Fraction(above, below)
        exact = exact if float(exact) == columns["value"] else None
    return Row(**columns, group=tuple(str(row[name]) for name in by), exact=exact, withheld=row.get("withheld", {}))
