"""The check itself: every finding of records by the rules, and by the gates that were asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, get_args

import numpy as np

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.checks.against import Earlier, read_earlier
from ombudsman_kpi.checks.contradictions import CONTRADICTION, OUT_OF_ORDER
from ombudsman_kpi.checks.finding import SHOWN, AnyRule, CheckFinding, Spot
from ombudsman_kpi.checks.findings import FailOn, Findings
from ombudsman_kpi.checks.look import KindSeen
from ombudsman_kpi.checks.rules import OF_ALL, OF_BATCHES, RULES
from ombudsman_kpi.checks.survey import Asked, Survey
from ombudsman_kpi.checks.surveying import survey_of
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.records.keywords import Records, provided, takes_records
from ombudsman_kpi.records.reading import Columns, Formats, Missing, Readings, parse_readings
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options
from ombudsman_kpi.tallies.plan import PlanStep, Progress, check_scheme, make_plan, names_of, open_records

_SEVERITIES = ("error", "warning", "note")
_ALL = "all"
_OF_MADE = {CONTRADICTION.id, OUT_OF_ORDER.id}  # rules that cases made of events are told by


@takes_records
def check(
    scheme: Scheme,
    *,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    cohort: str | None = None,
    targets: str | Sequence[str] | None = None,
    met: str | Sequence[str] = (),
    fail_on: FailOn | Sequence[FailOn] = ("findings",),
    against: Any = None,
    min_records: int = 0,
    show_values: bool = False,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    progress: Progress | None = None,
    **records: Unpack[Records],
) -> Findings:
    """Return every finding of records: what can't be read, contradicts itself or looks wrong; and broken gates.

    >>> from ombudsman_kpi import check, load_scheme
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-03-05", "allocated_at": None},
    ...     {"case_id": "A2", "received_at": "28/03/2024", "decided_at": None, "allocated_at": None},
    ... ]
    >>> found = check(load_scheme("lgsco"), cases=cases, as_of="2024-05-31", targets="decided-or-allocated-20wd")
    >>> [(item.rule, item.field, item.row) for item in found.errors], found.exit_code
    ([('unreadable-time', 'received_at', 1), ('contradiction', 'decided_at', 0)], 1)

    The records and options are those of ``measure``. Beside them:

    - ``met``: targets that mustn't be missed in a whole period, or "all".
    - ``fail_on``: what makes ``exit_code`` 1: "findings" (errors), "missed" (any target), "invalid" (more invalid
      records of a target than the file of ``columns`` lets pass under ``[tolerances]``), or several of them.
    - ``against``: an earlier tally, or the path of one; each closed period whose figures changed is a finding.
    - ``min_records``: how many records of each kind there must be at least.
    - ``show_values``: whether findings hold what cells hold. Without it they never do; ids are shown.

    Raises ``OptionError``, ``SchemeError`` or ``CoverageError`` for wrong options, and ``RecordsError`` for a file that
    isn't there; all else is a finding. The rules are in docs/checks.md.
    """
    check_scheme(scheme)
    readings = parse_readings(columns, dates, missing, "invalid")
    options = Options(as_of, every, (), cohort, targets, None, readings).read_once()
    gates = _fail_on(fail_on)
    asked = Asked(options, names_of("met", met), _tolerances(scheme, readings, gates), min_records, _earlier(against))
    return _checked(scheme, provided(records), asked, gates, progress, show_values=show_values)


def _checked(
    scheme: Scheme,
    given: Mapping[str, Any],
    asked: Asked,
    gates: tuple[FailOn, ...],
    progress: Progress | None,
    *,
    show_values: bool,
) -> Findings:
    """Return the findings of records, given by their kind."""
    options = asked.options
    at = parse_as_of(options.as_of, scheme)
    plan = make_plan(scheme, options.targets, options.cohort, options.every, None)
    if not given:
        raise OptionError("There is nothing to check. Give records by their kind, such as cases=.")
    asked = replace(asked, met=_met(scheme, plan, asked.met, gates))
    tables, unopened = _opened(given, options.readings)
    survey = survey_of(scheme, at, plan, tables, asked, progress)
    survey.unopened = unopened
    found = tuple(_sorted(_findings(survey, given, show_values=show_values)))
    looked = {kind: seen.size for kind, seen in survey.kinds.items()}
    return Findings(found, scheme.id, str(at), looked, gates, _standing(survey))


def _earlier(against: Any) -> Earlier | None:
    return None if against is None else read_earlier(against)


def _opened(given: Mapping[str, Any], readings: Readings) -> tuple[dict[str, Table], dict[str, str]]:
    """Return the tables that can be opened, and why others can't. Raises ``RecordsError`` where it is no file."""
    tables: dict[str, Table] = {}
    unopened: dict[str, str] = {}
    for kind, value in given.items():
        try:
            tables |= open_records({kind: value}, readings)
        except RecordsError as error:
            if not isinstance(value, (str, Path)) or not Path(value).is_file():
                raise
            unopened[kind] = str(error)
    return tables, unopened


def _fail_on(value: Any) -> tuple[FailOn, ...]:
    names = names_of("fail_on", value)
    for name in names:
        if name not in get_args(FailOn):
            raise OptionError(f"fail_on= names {name!r}. {one_of(name, get_args(FailOn))}")
    return names  # type: ignore[return-value]


def _met(
    scheme: Scheme, plan: Sequence[PlanStep], names: tuple[str, ...], gates: tuple[FailOn, ...]
) -> tuple[str, ...]:
    """Return the targets that mustn't be lost."""
    planned = [step.target.id for step in plan if step.target.why_unmeasured is None]
    promised = [name for name in planned if scheme[name].standard is not None]
    if _ALL in names or "missed" in gates:
        return tuple(promised)
    for name in names:
        if scheme[name].id not in planned:
            raise OptionError(f"met= names {name!r}, which isn't measured. {one_of(name, planned)}")
    return names


def _tolerances(scheme: Scheme, readings: Mapping[str, Any], gates: tuple[FailOn, ...]) -> dict[str, int] | None:
    """Return how many invalid records of each target are let pass; None where nobody asks."""
    said = next(iter(readings.values())).tolerances
    allowed = {scheme[name].id: each["invalid"] for name, each in said.items()}
    return allowed if "invalid" in gates else None


def _standing(survey: Survey) -> dict[str, str]:
    """Return how the targets stand whose gate was asked for: the status of their whole periods, missed before all."""
    standing: dict[str, str] = {}
    for row in survey.results or () if survey.asked.met else ():
        if row.target in survey.asked.met:
            known = row.status if row.complete else "pending"
            if standing.get(row.target) != "missed" and (known in {"met", "missed"} or row.target not in standing):
                standing[row.target] = known
    return standing


def _findings(survey: Survey, given: Mapping[str, Any], *, show_values: bool) -> Iterator[CheckFinding]:
    """Yield the findings of all rules."""
    for rule in OF_BATCHES:
        made = survey.made if rule.id in _OF_MADE else {}
        for kind, seen in {**survey.kinds, **made}.items():
            grouped: dict[tuple[str, str | None, str], list[tuple[int, Integers]]] = {}
            for part in seen.parts:
                for name, says, field, count, places in part.found:
                    if name == rule.id:
                        grouped.setdefault((says, field, part.place), []).append((count, places + part.offset))
            for (says, field, _), marks in grouped.items():
                rows = np.concatenate([places for _, places in marks])[:SHOWN]
                spot = Spot(says, kind, field, rows, sum(count for count, _ in marks))
                yield _finding(survey, rule, spot, given, show_values=show_values)
    for whole in OF_ALL:
        for spot in whole.find(survey):
            if spot.rows is None or len(spot.rows):
                yield from (
                    _finding(survey, whole, part, given, show_values=show_values) for part in _by_file(survey, spot)
                )


def _by_file(survey: Survey, spot: Spot) -> Iterator[Spot]:
    """Yield a spot for each file that it has rows in."""
    if spot.rows is None or spot.records is None or spot.records not in survey.kinds:
        yield spot
        return
    seen = survey.kinds[spot.records]
    places = [seen.places.index(part.place) if part.place else 0 for part in seen.parts]
    which = np.searchsorted([part.offset for part in seen.parts], spot.rows, "right") - 1
    files = np.array(places)[which]
    for file in np.unique(files):
        yield spot._replace(rows=spot.rows[files == file])


def _finding(survey: Survey, rule: AnyRule, spot: Spot, given: Mapping[str, Any], *, show_values: bool) -> CheckFinding:
    """Return what is told of a spot: with the first rows, each counted in its own file, and their ids."""
    name = spot.records or ""
    seen = survey.kinds.get(name) or survey.made.get(name)
    rows = [] if spot.rows is None or seen is None else spot.rows[:SHOWN].tolist()
    parts = [] if seen is None else [seen.part_of(row) for row in rows]
    values: tuple[str, ...] = ()
    if show_values and seen is not None and spot.field is not None and rows:
        values = tuple(_values(seen, spot.field, rows))
    count = spot.times if spot.times is not None else 1 if spot.rows is None else len(spot.rows)
    return CheckFinding(
        severity=rule.severity,
        rule=rule.id,
        says=spot.says,
        remedy=spot.remedy or rule.remedy,
        records=spot.records,
        field=spot.field,
        file=_file(given.get(name), parts[0].place if parts else "", alone=seen is None or len(seen.places) < 2),
        count=count,
        rows=tuple(row - part.before for row, part in zip(rows, parts, strict=True)) if name in survey.kinds else (),
        ids=tuple(seen.id_of(row) for row in rows) if seen is not None and seen.table.named_by else (),
        values=values,
    )


def _file(given: Any, place: str, *, alone: bool) -> str | None:
    """Return the path of a file, as it was given; of a pattern that of one of its files, of several tables a name."""
    if not isinstance(given, (str, Path)):
        return None if alone else place
    if not place or Path(given).is_file():
        return str(given)
    beside = Path(given).parent / place
    return str(beside) if beside.is_file() else place


def _values(seen: KindSeen, field: str, rows: Sequence[int]) -> Iterator[str]:
    """Yield what a field holds in some rows."""
    if not seen.table.has(field):
        return
    for batch in seen.table.batches([field]):
        for row in rows:
            if 0 <= row - batch.offset < len(batch):
                cell = batch.columns[field][row - batch.offset]
                yield str(cell.as_py() if hasattr(cell, "as_py") else cell)


def _sorted(found: Iterator[CheckFinding]) -> list[CheckFinding]:
    """Return findings by their severity, then by their rule, in the order of the rules."""
    order = {rule: place for place, rule in enumerate(RULES)}
    return sorted(found, key=lambda item: (_SEVERITIES.index(item.severity), order[item.rule]))
