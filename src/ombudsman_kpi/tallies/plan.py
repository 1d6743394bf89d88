"""What is to be measured: which targets, by which cohorts, in which periods, on which records."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from ombudsman_kpi.arrays.threads import Parts
from ombudsman_kpi.calendars.periods import Every, listed, nests_in, parse_every
from ombudsman_kpi.clocks.outcomes import COHORTS, Cohort
from ombudsman_kpi.errors import OptionError, RecordsError, kind_of, one_of
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.case_rows import case_rows
from ombudsman_kpi.events.contacts import TOLD
from ombudsman_kpi.events.log import Misfit, ids_in, times_of_cases
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import Records, Rule, Target
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.conditions import exclude_each_other
from ombudsman_kpi.records.reading import PLAIN, Readings
from ombudsman_kpi.records.tables import Table, open_table, worked_out_once
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, MET
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.block import Key
from ombudsman_kpi.tallies.counts import lacking_records

Progress = Callable[[str, int], None]  # (kind of records, rows read so far)


class PlanStep(NamedTuple):
    """One target of a plan: by which cohorts and in which periods it is measured."""

    target: Target
    cohorts: tuple[Cohort, ...]
    every: tuple[Every | None, ...]

    @property
    def keys(self) -> list[Key]:
        """What has to be counted for it."""
        grains = dict.fromkeys(self.target.grain_for(every) for every in self.every)
        return [Key(self.target.id, cohort, grain) for cohort in self.cohorts for grain in grains]

    def keys_of(self, rule: Rule) -> list[Key]:
        """Return what is counted by one of its rules."""
        besides = rule.counted_as
        return self.keys if besides is None else list(dict.fromkeys(key._replace(cohort=besides) for key in self.keys))


def check_scheme(scheme: Any) -> None:
    """Refuse the name of a scheme, where the scheme itself is wanted."""
    if not isinstance(scheme, Scheme):
        raise OptionError(
            f"A scheme is wanted, not {kind_of(scheme)}. Load it first: load_scheme('lgsco'), or the path of your file."
        )


def make_plan(scheme: Scheme, targets: Any, cohort: Any, every: Any, report: Any) -> list[PlanStep]:
    """Return what is measured: which targets, by which cohorts, in which periods.

    Raises ``SchemeError`` for a target or an audience that the scheme doesn't have, ``OptionError`` for any other
    option that doesn't fit, or where nothing is left to measure.
    """
    _check_name("cohort", cohort, "received")
    if cohort is not None and cohort not in {*COHORTS, "all"}:
        raise OptionError(f"There is no cohort {cohort!r}. {one_of(cohort, [*COHORTS, 'all'])}")
    periods = parse_every(every)
    cycles = _cycles(scheme, report)
    chosen = _chosen(scheme, targets, cycles, report)
    steps = [
        PlanStep(target, cohorts, periods if report is None or every is not None else cycles[target.id])
        for target in chosen
        if (cohorts := _cohorts(target, cohort))
    ]
    if not steps:
        others = dict.fromkeys(name for target in chosen for name in target.cohorts)
        raise OptionError(
            f"None of these targets can be measured by the {cohort!r} cohort. "
            f"Leave cohort= out, or give one of: {', '.join(others)}, all."
        )
    return steps


def _cycles(scheme: Scheme, report: Any) -> dict[str, tuple[Every | None, ...]]:
    """Return the targets that a report has, and the cycles that they are on in it; without a report, all targets."""
    _check_name("report", report, "commission")
    if report is None:
        return {target.id: (None,) for target in scheme.targets}
    cycles: dict[str, tuple[Every | None, ...]] = {}
    for part in scheme.report(report):
        for name in part.targets:
            cycles[name] = tuple(dict.fromkeys((*cycles.get(name, ()), part.every)))
    return cycles


def _chosen(scheme: Scheme, targets: Any, there: Iterable[str], report: str | None) -> list[Target]:
    """Return the targets that are asked for, of those that are there."""
    there = list(there)
    requested = there if targets is None else [scheme[name].id for name in names_of("targets", targets)]
    chosen = [scheme[name] for name in requested if name in there]
    if not chosen:
        whole = f"the scheme {scheme.id!r}" if report is None else f"the report to {report!r}"
        raise OptionError(f"Nothing is left to measure: no target of {whole} is asked for. {one_of(requested, there)}")
    return chosen


def _cohorts(target: Target, cohort: str | None) -> tuple[Cohort, ...]:
    """Return the cohorts of a target that are asked for: its headline, one by name, or all."""
    return (target.cohort,) if cohort is None else tuple(name for name in target.cohorts if cohort in {"all", name})


def names_of(option: str, value: Any) -> tuple[str, ...]:
    """Return the names of an option that takes one or several; a name given twice counts once.

    >>> names_of("by", ["team", "office", "team"])
    ('team', 'office')

    Raises ``OptionError`` for what is no name.
    """
    names = [] if value is None else listed(value)
    if not all(isinstance(name, str) for name in names):
        raise OptionError(f"{option}= takes a name, or a list of names, as text; not {kind_of(value)}.")
    return tuple(dict.fromkeys(map(str, names)))


def _check_name(option: str, value: Any, example: str) -> None:
    if value is not None and not isinstance(value, str):
        raise OptionError(f"{option}= takes one name, such as {example!r}; not {kind_of(value)}.")


def open_records(
    records: Mapping[str, Any], readings: Readings, needed: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Table]:
    """Return the tables that were given, read as the caller says.

    What is worked out while it is read is worked out once: all of its columns, or those that are needed.
    """
    tables = opened_unread(records, readings)
    for kind, table in tables.items():
        if table.source.schema is not None:
            tables[kind] = worked_out_once(table, table.source.names if needed is None else needed[kind])[0]
    return tables


def opened_unread(records: Mapping[str, Any], readings: Readings) -> dict[str, Table]:
    """Return the tables that were given, without reading any of them."""
    return {
        kind: open_table(kind, value, readings.get(kind, PLAIN)) for kind, value in records.items() if value is not None
    }


def why_not(step: PlanStep, tables: Mapping[str, Table]) -> str | None:
    """Return why a target can't be measured on what was given; None where it can.

    Raises ``OptionError`` where a published table's periods can't be told apart as finely as is asked.
    """
    target = step.target
    if target.why_unmeasured is not None:
        return target.why_unmeasured
    for kind in target.needs:
        if (reason := _not_given(kind, target, tables)) is not None:
            return reason
        table = tables[kind]
        if table.has_shares:
            fits = target.share_rule is not None or (target.unit == "number" and target.from_periods)
            has = "shares in place of records"
        elif has_periods(table):
            fits, has = target.from_periods, "periods in place of dates"
        else:
            continue
        lacking = [name for name in conditions_on(target, table) if not table.has(name)]
        if lacking:
            return f"the published table has no column {table.column_of(lacking[0])!r}"
        if not fits:
            return f"{kind.replace('_', ' ')} are a published table, which has {has}"
        for every, period in product(step.every, sorted(table.periods) if has_periods(table) else ()):
            if not nests_in(period, every):
                raise OptionError(
                    f"{table.label}: the period {period.label!r} is no part of a {every}, so that target {target.id!r} "
                    f"can't be measured every {every!r}. Measure with every={period.every!r}."
                )
    return None


def _not_given(kind: Records, target: Target, tables: Mapping[str, Table]) -> str | None:
    """Return why a target has no records of a kind that it needs; None where it has."""
    if kind not in tables:
        return lacking_records(kind)
    if kind == "events" and "cases" in target.needs and not _tells_of_cases(tables[kind]):
        return f"the events are of no cases: they have no {IDS_OF_EVENTS['cases']}"
    return None


def _tells_of_cases(events: Table) -> bool:
    """Return whether a log can tell of cases; one with ids of requests or written contacts alone doesn't."""
    ids = ids_in(events)
    return not ids or IDS_OF_EVENTS["cases"] in ids


def conditions_on(target: Target, table: Table) -> Sequence[str]:
    """Return the fields by which a target chooses rows of a published table; one of shares says itself what met it."""
    return [*target.selects] if table.has_shares else target.conditions


def has_periods(table: Table) -> bool:
    """Return whether the label of a period stands for the time that every record of a kind has."""
    times = (item.name for item in table.fields.values() if item.kind == "time" and item.required)
    first = next(times, None)
    return first is not None and table.dated_by_period(first)


def on_published(target: Target, tables: Mapping[str, Table]) -> bool:
    """Return whether a target is measured on a published table."""
    own = [tables[kind] for kind in target.needs if kind in tables]
    return any(has_periods(table) or table.has_shares for table in own)


def _refuse_shared_numbers(plan: Sequence[PlanStep], tables: Mapping[str, Table]) -> None:
    """Raise ``OptionError`` where what a row says met the target could belong to several of them."""
    for kind, table in tables.items():
        takers = [
            step.target for step in plan
            if table.has_shares and step.target.of == kind and step.target.share_rule and why_not(step, tables) is None
        ]  # fmt: skip
        for target in takers:
            names = [other.id for other in takers if not exclude_each_other(target.selects, other.selects)]
            if len(names) > 1:
                raise OptionError(
                    f"{table.label}: {table.column_of(MET)!r} can be the number that met {' or '.join(names)}. Say "
                    f"which target it is of, such as targets={names[0]!r}."
                )


def with_populations(plan: list[PlanStep], scheme: Scheme) -> list[PlanStep]:
    """Return a plan with the numbers that samples were drawn from: counted, and not shown unless they are asked for."""
    requested = {step.target.id for step in plan}
    more = {}
    for step in plan:
        name = step.target.drawn_from
        if name is not None and name not in requested:
            target = scheme[name]
            more[name] = PlanStep(target, (target.cohort,), step.every)
    return [*plan, *more.values()]


def missing_groups(by: tuple[str, ...], plan: list[PlanStep], tables: Mapping[str, Table]) -> dict[str, frozenset[str]]:
    """Return notes on the targets whose records lack a column to group by.

    Raises ``RecordsError`` where all of them do.
    """
    measured = [step.target for step in plan if step.target.why_unmeasured is None and step.target.of in tables]
    notes: dict[str, frozenset[str]] = {}
    for name in by:
        lacking = [target for target in measured if not tables[target.of].has(name)]
        if measured and len(lacking) == len(measured):
            kinds = dict.fromkeys(target.of for target in measured)
            there = dict.fromkeys(column for kind in kinds for column in tables[kind].source.names)
            raise RecordsError(f"None of the records have a column {name!r} to group by. {one_of(name, there)}")
        for target in lacking:
            text = f"{target.of.replace('_', ' ')} have no column {name!r} to group by"
            notes[target.id] = notes.get(target.id, frozenset()) | {text}
    return notes


def makes_cases(plan: Sequence[PlanStep], tables: Mapping[str, Table]) -> bool:
    """Return whether cases are made of the events that were given in their place."""
    wants_cases = any("cases" in step.target.needs for step in plan)
    return wants_cases and "cases" not in tables and "events" in tables and _tells_of_cases(tables["events"])


def related_of(tables: dict[str, Table], plan: Sequence[PlanStep], at: AsOf, scheme: Scheme) -> Related:
    """Return all that was given; cases are made of the events where only these are there, and say when.

    Raises ``OptionError`` where a published share could be that of several targets.
    """
    _refuse_shared_numbers(plan, tables)
    log: Mapping[Misfit, int] = {}
    if makes_cases(plan, tables):
        made = case_rows(tables["events"], at, scheme)
        if set(made.rows.column_names) & set(times_of_cases().values()):
            tables, log = {**tables, "cases": made.table}, made.misfits
    indexed = {kind: replace(table, is_indexed=_is_indexed(kind, plan, tables)) for kind, table in tables.items()}
    return Related(indexed, at, scheme, log, kinds_told=_kinds_told(plan))


def _kinds_told(plan: Sequence[PlanStep]) -> list[str]:
    """Return what the targets of a plan wait for that the parties are told."""
    return [kind for kind in TOLD if any(kind in step.target.waits_for for step in plan)]


def _is_indexed(kind: str, plan: Sequence[PlanStep], tables: Mapping[str, Table]) -> bool:
    """Return whether the records of events are looked up among those of a kind, by a target that can be measured."""
    targets = [step.target for step in plan if step.target.of == kind != "events"]
    return any("events" in target.needs and tables.keys() >= {*target.needs} for target in targets)


def batches_of(table: Table, rules: Iterable[Rule], others: Sequence[str], progress: Progress | None) -> Parts[Batch]:
    """Return batches of the columns that some rules need, and of others that are there (to group by, to name rows)."""
    names = dict.fromkeys(name for rule in rules for name in rule.fields(table))
    for name in (*others, *table.numbers):
        if table.has(name):
            names |= dict.fromkeys([name, *([source] if (source := table.known_from(name)) else [])])
    return table.batches(names).telling(None if progress is None else partial(progress, table.name))
