"""Figures of closed periods that changed since an earlier tally, and why: the data, the scheme, the calendar, as_of."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ombudsman_kpi.checks.finding import CheckRule, Spot
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.errors import KpiError, OptionError, RecordsError, kind_of
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.publish.cells import value_words
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.rounding import many
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import tally_records
from ombudsman_kpi.tallies.storage import from_json

_ABOUT = b"ombudsman_kpi"  # where a Parquet file of a tally has what the cells are of
Where = tuple[str, str, str, str, tuple[str, ...]]  # target, cohort, every, period, group


class Earlier(NamedTuple):
    """An earlier tally, and whether days off have changed since."""

    counts: Counts
    calendar_changed: bool


def read_earlier(against: Any) -> Earlier:
    """Return an earlier tally: one at hand, or that of a file of JSON or Parquet.

    Raises ``OptionError`` where there is none, or it has no periods; ``KpiError`` where a file is no tally.
    """
    if isinstance(against, (str, Path)):
        earlier = _read_file(Path(against))
    elif isinstance(against, Counts):
        earlier = Earlier(against, calendar_changed=False)
    else:
        raise OptionError(f"against= takes a tally, or the path of one; not {kind_of(against)}.")
    basis = earlier.counts.basis
    if basis is None or all(every is None for periods in basis.every.values() for every in periods):
        raise OptionError("against= takes a tally of periods: make it with every=, such as every='month'.")
    return earlier


def _read_file(path: Path) -> Earlier:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix.lower() == ".parquet":
            table = pq.read_table(path)
            content = {**json.loads(table.schema.metadata[_ABOUT]), "cells": table.to_pydict()}
        else:
            content = json.loads(path.read_bytes())
        text = json.dumps(content)
    except OSError:
        raise OptionError(f"against= names the file {path}, which can't be read.") from None
    except (ValueError, KeyError, TypeError, pa.ArrowException):
        raise KpiError(f"The file {path} is no tally: it isn't what Tally.to_json or to_parquet gives.") from None
    try:
        return Earlier(from_json(text), calendar_changed=False)
    except KpiError:
        return Earlier(from_json(_with_todays_calendar(content, text)), calendar_changed=True)


def _with_todays_calendar(content: Any, text: str) -> str:
    """Return the text of a tally as if it had been counted with today's days off, so that it can be read."""
    try:
        edition = Scheme.model_validate(content["scheme"]).calendar.edition
        return json.dumps({**content, "calendar": edition})
    except (KpiError, ValueError, KeyError, TypeError):
        return text  # it is no tally for another reason, which reading it again tells


def _changed(survey: Survey) -> Iterator[Spot]:
    if survey.asked.against is None:
        return
    earlier: Earlier = survey.asked.against
    basis = earlier.counts.basis
    assert basis is not None  # noqa: S101
    closed = _closed(Results.of(earlier.counts), {step.target.id for step in survey.plan} - {*survey.unmeasured})
    now = _figures(survey, earlier.counts, survey.scheme)
    changed = {where: row for where, row in closed.items() if _figure(now.get(where)) != _figure(row)}
    if not changed:
        return
    other_scheme = basis.scheme.digest != survey.scheme.digest
    as_before = _figures(survey, earlier.counts, basis.scheme) if other_scheme else now
    periods: dict[tuple[str, ...], list[Where]] = defaultdict(list)
    for where in changed:
        periods[where[:4]].append(where)
    for (target, cohort, _, period), places in periods.items():
        causes = dict.fromkeys(_cause(survey, earlier, closed[where], as_before.get(where)) for where in places)
        number = "" if not basis.by else f" in {many(len(places), 'group')}"
        values = (
            ""
            if basis.by
            else f": it was {_says(survey, closed[places[0]])}, and is {_says(survey, now.get(places[0]))}"
        )
        yield Spot(
            f"{target} in {period} ({cohort}) changed{number}, by {' and '.join(causes)}{values}", times=len(places)
        )


def _closed(results: Results, targets: set[str]) -> dict[Where, Row]:
    """Return the figures of periods that had ended, with nothing pending: they shouldn't change any more."""
    return {
        _where(row): row
        for row in results
        if row.complete and row.period != NO_DATE and row.every != EVERYTHING and not row.pending
        and row.target in targets and row.status not in {"not measured", "no data"}
    }  # fmt: skip


def _figures(survey: Survey, earlier: Counts, scheme: Scheme) -> Mapping[Where, Row]:
    """Return today's figures by a scheme, with the periods, cohorts and groups of an earlier tally."""
    basis = earlier.basis
    assert basis is not None  # noqa: S101
    planned = {step.target.id for step in survey.plan} - {*survey.unmeasured}
    alike: dict[Any, list[str]] = defaultdict(list)
    for target, every in basis.every.items():
        if target in planned and target in {item.id for item in scheme.targets}:
            alike[every, basis.cohorts[target]].append(target)
    sources = {kind: seen.table.source for kind, seen in survey.kinds.items()}
    rows: dict[Where, Row] = {}
    for (every, cohorts), targets in alike.items():
        cohort = cohorts[0] if len(cohorts) == 1 else "all"
        options = survey.asked.options._replace(every=every, by=basis.by, cohort=cohort, targets=targets)
        try:
            rows |= {_where(row): row for row in Results.of(tally_records(scheme, sources, options))}
        except RecordsError as error:
            survey.unmeasured |= dict.fromkeys(targets, str(error))
    return rows


def _where(row: Row) -> Where:
    return row.target, row.cohort, row.every, row.period, row.group


def _figure(row: Row | None) -> tuple[Any, ...] | None:
    """Return what is published of a figure."""
    return None if row is None else (row.met, row.missed, row.numerator, row.denominator, row.exact)


def _cause(survey: Survey, earlier: Earlier, before: Row, by_the_scheme_of_then: Row | None) -> str:
    """Return why a figure changed: what alone explains it."""
    basis = earlier.counts.basis
    assert basis is not None  # noqa: S101
    if survey.at.instant < parse_as_of(basis.as_of, survey.scheme).instant:
        return f"the option as_of, which was {basis.as_of}"
    if basis.scheme.digest != survey.scheme.digest and _figure(by_the_scheme_of_then) == _figure(before):
        return f"the scheme, whose digest was {basis.scheme.digest} and is {survey.scheme.digest}"
    return "the calendar's edition, or the data" if earlier.calendar_changed else "the data"


def _says(survey: Survey, row: Row | None) -> str:
    if row is None or row.exact is None:
        return "nothing"
    return f"{value_words(row, survey.scheme[row.target])} ({row.numerator:,} of {row.denominator:,})"


FIGURE_CHANGED = CheckRule(
    "figure-changed", "error", "The figure of a closed period isn't what it was in the tally of against=.",
    "If that is right, publish the revised figure, and store a new tally.", _changed,
)  # fmt: skip
