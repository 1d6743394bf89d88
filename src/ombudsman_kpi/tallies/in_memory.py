"""From records, whatever they are kept in, to a tally: in memory, a batch at a time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from typing import Any, NamedTuple

from ombudsman_kpi.arrays.arrow_memory import arrow_truths
from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.calendars.periods import parse_every
from ombudsman_kpi.clocks.states import not_yet
from ombudsman_kpi.errors import KpiError, Lack, OptionError, RecordsError, together
from ombudsman_kpi.events.as_of import AsOf, parse_as_of
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.reading import Readings
from ombudsman_kpi.records.sources import source as reading
from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.tables import Table, left_out_of
from ombudsman_kpi.records.vocabulary import RECORDS, fields_of
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.block import Block, Key
from ombudsman_kpi.tallies.counter import Seen, count_batches
from ombudsman_kpi.tallies.counts import PUBLISHED, Counts
from ombudsman_kpi.tallies.plan import (
    PlanStep,
    Progress,
    batches_of,
    check_scheme,
    conditions_on,
    has_periods,
    make_plan,
    missing_groups,
    names_of,
    on_published,
    open_records,
    opened_unread,
    related_of,
    why_not,
    with_populations,
)


class Options(NamedTuple):
    """What is asked of records: the options of ``measure``, as they were given."""

    as_of: Any
    every: Any = None
    by: Any = ()
    cohort: Any = None
    targets: Any = None
    report: Any = None
    readings: Readings = {}  # noqa: RUF012  (nobody changes it, and it can be sent to executors)
    times: bool = True  # whether elapsed times are kept of what has no figure of times

    def read_once(self) -> "Options":
        """Return the options with what could be an iterator read, since they are looked at again and again."""
        return self._replace(
            every=None if self.every is None else parse_every(self.every),
            by=names_of("by", self.by),
            targets=None if self.targets is None else names_of("targets", self.targets),
        )


@dataclass(frozen=True)
class Measurement:
    """What is to be counted: the records that were given, and the rules that each kind of them is assessed by."""

    scheme: Scheme
    at: AsOf
    plan: list[PlanStep]
    by: tuple[str, ...]
    tables: dict[str, Table]
    related: Related
    wanted: Mapping[str, list[tuple[Rule, Key]]]
    unmeasured: dict[str, str]
    notes: dict[str, frozenset[str]]
    times: bool = True
    report: str | None = None

    @classmethod
    def of(
        cls, scheme: Scheme, records: Mapping[str, Any], options: Options, progress: Progress | None = None
    ) -> "Measurement":
        """Return the records that were given, opened, with the rules for them."""
        check_scheme(scheme)
        at = parse_as_of(options.as_of, scheme)
        plan = make_plan(scheme, options.targets, options.cohort, options.every, options.report)
        by = names_of("by", options.by)
        report = None if options.report is None else scheme.report(options.report)[0].audience
        tables = open_records(records, options.readings)
        if progress is not None and "events" in tables:  # which are read before what they belong to
            tables["events"] = replace(tables["events"], heard=partial(progress, "events"))
        related = related_of(tables, plan, at, scheme)
        notes = missing_groups(by, plan, related.tables)
        for table in related.tables.values():
            if has_periods(table):
                table.refuse_overlaps([*by, *(name for step in plan for name in conditions_on(step.target, table))])
        unmeasured: dict[str, str] = {}
        wanted: dict[str, list[tuple[Rule, Key]]] = defaultdict(list)
        lacking: list[Lack] = []
        for step in with_populations(plan, scheme):
            reason = why_not(step, related.tables)
            if reason is not None:
                if step in plan:
                    unmeasured[step.target.id] = reason
                continue
            for records_, rule in _rules_of(step, related, lacking):
                wanted[records_] += [(rule, key) for key in step.keys_of(rule)]
        if lacking:
            raise _lacks(lacking, related.tables)
        in_order = sorted(wanted.items(), key=lambda item: [*RECORDS].index(item[0]))
        return cls(scheme, at, plan, by, tables, related, dict(in_order), unmeasured, notes, options.times, report)


def _rules_of(step: PlanStep, related: Related, lacking: list[Lack]) -> list[tuple[str, Rule]]:
    """Return the rules of a target; note each column that they lack, and go on as if it were there."""
    while True:
        try:
            rules = list(step.target.rules(related))
            for kind, rule in rules:
                rule.fields(related.tables[kind])
        except RecordsError as error:
            if not error.lacking:
                raise
            ((kind, name, _),) = error.lacking
            table = related.tables[kind]
            if table.has(name):
                raise
            lacking += error.lacking
            without_rows = Source(
                (*table.source.names, table.column_of(name)), lambda wanted: iter([{column: [] for column in wanted}])
            )
            related = replace(related, tables={**related.tables, kind: replace(table, source=without_rows)})
        else:
            return rules


def _lacks(lacking: Sequence[Lack], tables: Mapping[str, Table]) -> RecordsError:
    """Return one error for all columns that targets lack."""
    needs: dict[str, dict[str, str]] = defaultdict(dict)
    for lack in lacking:
        needs[lack.records].setdefault(lack.field, lack.needed_by)
    error = together([tables[kind].lacks_several(of_kind) for kind, of_kind in needs.items()])
    error.lacking = lacking
    return error


def tally_records(
    scheme: Scheme,
    records: Mapping[str, Any],
    options: Options,
    progress: Progress | None = None,
    seen: Seen | None = None,
) -> Counts:
    """Return the counts of the outcomes of records, given by their kind; ``seen`` is shown the outcomes themselves.

    Where a time can't be read, the error names those of the other columns too that can't be.
    """
    sources, options = _prepared(scheme, records, options)
    try:
        return counted(Measurement.of(scheme, sources, options, progress), progress=progress, seen=seen)
    except RecordsError as error:
        if error.lacking:
            raise
        raise _with_others(error, sources, scheme, options) from None


def _prepared(scheme: Scheme, records: Mapping[str, Any], options: Options) -> tuple[dict[str, Source], Options]:
    """Return the records, opened so that they can be read again and again, and the options, looked at."""
    check_scheme(scheme)
    options = options.read_once()
    make_plan(scheme, options.targets, options.cohort, options.every, options.report)  # before a reader is used up
    parse_as_of(options.as_of, scheme)
    sources = opened_once(records, [(scheme, options)])
    tables, lacking = opened_unread(sources, options.readings), None
    try:
        read_first_times(tables, scheme, options)
    except RecordsError as error:
        if not error.lacking:
            raise
        lacking = error.lacking
    if lacking:
        raise _lacks(lacking, tables)  # the same error, with the forms of dates in the first rows
    return sources, options


def _with_others(error: RecordsError, sources: Mapping[str, Source], scheme: Scheme, options: Options) -> RecordsError:
    """Return an error of a table of one batch together with others that have to be settled as well."""
    small = {
        kind: source for kind, source in sources.items() if source.rows is not None and source.rows <= reading.BATCH
    }
    if not small:
        return error
    try:
        tables = opened_unread(small, options.readings)
        found = _unread_times(tables, dry_run(scheme, sources, options)[1])
    except KpiError:
        return error
    return together(found) if len(found) > 1 and str(error) in map(str, found) else error


def opened_once(records: Mapping[str, Any], measured: Sequence[tuple[Scheme, Options]]) -> dict[str, Source]:
    """Return records, by their kind, as sources that can be read for each of some schemes and options in turn.

    What comes only once, or is worked out anew for each reading, is written to a temporary file: of a query only the
    columns that any of the schemes reads. ``measured`` must read them alike.
    """
    readings = measured[0][1].readings
    sources = {kind: table.source for kind, table in opened_unread(records, readings).items()}
    needed = None
    anew = any(source.schema is not None for source in sources.values())
    if anew and ("cases" in sources or "events" not in sources):
        read = [dry_run(scheme, sources, options)[1] for scheme, options in measured]
        needed = {kind: list(dict.fromkeys(name for part in read for name in part[kind])) for kind in sources}
    tables = open_records(sources, readings, needed)
    several = len(measured) > 1 and "events" not in tables  # else rows are looked up by id, and all ids are seen then
    return {kind: table.looked_over if several else table.source for kind, table in tables.items()}


def read_first_times(tables: Mapping[str, Table], scheme: Scheme, options: Options) -> None:
    """Read the times of the first batch of each table, before all ids and events are read.

    Raises ``RecordsError`` for a time that can't be read: else one in row 5 of the cases is told after every event.
    Tables of one batch are left out, where no time is lost; so are those that are worked out anew for each reading.
    """
    several = {
        kind: table for kind, table in tables.items()
        if table.source.schema is None and (table.source.rows is None or table.source.rows > reading.BATCH)
    }  # fmt: skip
    if not several or ("cases" not in tables and "events" in tables):  # then what is read follows from the events
        return
    looked_at = {kind: table.first_rows for kind, table in tables.items()}
    _, columns = dry_run(scheme, looked_at, options)
    if errors := _unread_times({kind: replace(several[kind], source=looked_at[kind]) for kind in several}, columns):
        raise together(errors)


def _unread_times(tables: Mapping[str, Table], columns: Mapping[str, Sequence[str]]) -> list[RecordsError]:
    """Return what is wrong with the times of the first batch of each table, of the columns that are read of it."""
    errors = []
    for kind, table in tables.items():
        times = [
            name for name, item in table.fields.items()
            if item.kind == "time" and table.has(name) and table.column_of(name) in columns[kind]
        ]  # fmt: skip
        for batch in islice(table.batches(times), 1) if times else ():
            for name in times:
                try:
                    batch.times(name)
                except RecordsError as error:
                    errors.append(error)
    return errors


def counted(
    measurement: Measurement,
    masks: Mapping[str, Truths] | None = None,
    progress: Progress | None = None,
    seen: Seen | None = None,
) -> Counts:
    """Return the counts of what is asked for; with masks, of those records alone, looked up among all the others."""
    blocks: dict[Key, Block] = {}
    for kind, rules in measurement.wanted.items():
        table = measurement.related.tables[kind]
        names = [*measurement.by, *([table.named_by] if seen is not None and table.named_by is not None else ())]
        batches = batches_of(table, [rule for rule, _ in rules], names, progress)
        own = None if masks is None else masks[kind]
        by, at, scheme = measurement.by, measurement.at, measurement.scheme
        of_kind = count_batches(batches, rules, by, at, scheme, own, times=measurement.times, seen=seen)
        for key, block in of_kind.items():
            blocks[key] = block.plus(blocks[key]) if key in blocks else block
    measured = [step.target for step in measurement.plan if step.target.id not in measurement.unmeasured]
    notes, misfits = dict(measurement.notes), {}
    read = measurement.related if masks is None else _with_settled_events(measurement, masks)
    for target in measured:
        if on_published(target, measurement.related.tables):
            notes[target.id] = notes.get(target.id, frozenset()) | {PUBLISHED}
        if left_out := [note for kind in target.needs for note in _left_out(measurement.tables, kind)]:
            notes[target.id] = notes.get(target.id, frozenset()) | frozenset(left_out)
        if unmatched := target.misfits(read):
            misfits[target.id] = unmatched
    every = {step.target.id: step.every for step in measurement.plan}
    cohorts = {step.target.id: step.cohorts for step in measurement.plan}
    basis = Basis(measurement.scheme, str(measurement.at), measurement.by, every, cohorts, measurement.report)
    understood = measurement.related.understood
    return Counts(basis, blocks, measurement.unmeasured, notes, misfits, masks is not None, understood)


def _left_out(tables: Mapping[str, Table], kind: str) -> Sequence[str]:
    """Return the notes on what was left out of the records of a kind; of events, where cases are made of them."""
    table = tables.get(kind, tables.get("events") if kind == "cases" else None)
    return () if table is None else left_out_of([table])


def _with_settled_events(measurement: Measurement, masks: Mapping[str, Truths]) -> Related:
    """Return the records with the events alone that are kept, so that no others are counted as not understood."""
    if "events" not in masks:
        return measurement.related
    events = measurement.tables["events"]

    def read(names: list[str]) -> Iterator[dict[str, Any]]:
        first = 0
        for columns in events.source.read(names):
            size = len(next(iter(columns.values())))
            own = masks["events"][first : first + size]
            yield {name: _filtered(column, own) for name, column in columns.items()}
            first += size

    some = replace(
        events, source=events.source._replace(read=read, rows=None, shared=None, differing=None, is_part=True)
    )
    related = related_of({**measurement.tables, "events": some}, measurement.plan, measurement.at, measurement.scheme)
    if "cases" in measurement.related.tables and "cases" not in related.tables:  # no kept event is a time of a case
        return replace(related, tables={**related.tables, "cases": measurement.related.tables["cases"]})
    return related


def _filtered(column: Any, mask: Truths) -> Any:
    """Return the cells of a column, a list or Arrow's, that are kept."""
    if isinstance(column, list):
        return [cell for cell, keep in zip(column, mask, strict=True) if keep]
    import pyarrow as pa

    if pa.types.is_string_view(column.type):  # as Polars writes text; Arrow can't filter it
        column = column.cast(pa.string())
    return column.filter(arrow_truths(mask))


def dry_run(scheme: Scheme, schemas: Mapping[str, Any], options: Options) -> tuple[Counts, dict[str, list[str]]]:
    """Return the counts of no records at all, of columns as some Arrow schemas, or sources, have them.

    They have a basis, notes and what can't be measured. Beside them are the columns of each kind of records that were
    read for it. Raises whatever counting would raise for the lack of a column, or an option that doesn't
    fit.
    """
    read: dict[str, dict[str, None]] = {kind: {} for kind in schemas}
    sources = {kind: _empty(schema, read[kind]) for kind, schema in schemas.items()}
    opened, options = _prepared(scheme, sources, options)
    nothing = counted(Measurement.of(scheme, opened, options))
    return nothing, {kind: list(names) for kind, names in read.items()}


def _empty(schema: Any, names: dict[str, None]) -> Source:
    """Return a source without rows that notes which of its columns are read."""
    import pyarrow as pa

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        names.update(dict.fromkeys(wanted))
        if isinstance(schema, Source):
            yield {name: column[:0] for name, column in next(iter(schema.read(wanted))).items()}
        else:
            yield {column: pa.nulls(0, schema.field(column).type) for column in wanted}

    if isinstance(schema, Source) and schema.schema is not None:
        schema = schema.schema
    if isinstance(schema, Source):
        return schema._replace(read=read, rows=0, shared=None, differing=None)
    return Source(tuple(schema.names), read)


def refuse_too_early(counted: Counts, scheme: Scheme, as_of: Any) -> None:
    """Raise where no record at all had been received yet: the date is surely a mistake."""
    early: dict[str, bool] = {}
    for key, block in counted.blocks.items():
        reasons, target = {outcome.reason for outcome in block.outcomes}, scheme[key.target]
        later = bool(reasons) and reasons <= _not_begun() - target.words_of_conditions
        early[target.of] = early.get(target.of, False) or later
    if early and all(early.values()):
        raise OptionError(
            f"as_of {as_of} is before every record that was given, so that nothing would be known. "
            "Give the date on which the data were taken."
        )


@cache
def _not_begun() -> frozenset[str]:
    """Return the reasons for which a record of any kind hasn't begun: the time that it must have hasn't come."""
    times = (item for kind in RECORDS for item in fields_of(kind).values())
    return frozenset(not_yet(item.name) for item in times if item.required and item.kind == "time")
