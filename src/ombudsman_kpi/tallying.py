"""From records, whatever they are kept in, to a tally: in memory, a batch at a time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi.assess.measures import rules_of
from ombudsman_kpi.count import count_batches
from ombudsman_kpi.known import parse_as_of
from ombudsman_kpi.plan import (
    Columns,
    Formats,
    Progress,
    batches_of,
    check_scheme,
    files_of,
    make_plan,
    missing_groups,
    names_of,
    on_published,
    open_records,
    why_not,
    with_populations,
)
from ombudsman_kpi.records import RECORDS
from ombudsman_kpi.results import PUBLISHED
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.sources import Source
from ombudsman_kpi.tally import Basis, Block, Key, Tally

if TYPE_CHECKING:
    from ombudsman_kpi.assess.outcomes import Rule


class Options(NamedTuple):
    """What is asked of records: the options of ``measure``, as they were given."""

    as_of: Any
    every: Any = None
    by: Any = ()
    cohort: Any = None
    targets: Any = None
    report: Any = None
    columns: Columns = None
    dates: Formats = None


def tally_records(
    scheme: Scheme, records: Mapping[str, Any], options: Options, progress: Progress | None = None
) -> Tally:
    """Count the outcomes of records, given by their kind."""
    check_scheme(scheme)
    at = parse_as_of(options.as_of, scheme)
    plan = make_plan(scheme, options.targets, options.cohort, options.every, options.report)
    by = names_of("by", options.by)
    files = files_of(open_records(records, options.columns, options.dates), plan, at, scheme)
    notes = missing_groups(by, plan, files.tables)
    unmeasured: dict[str, str] = {}
    wanted: dict[str, list[tuple[Rule, Key]]] = defaultdict(list)
    for step in with_populations(plan, scheme):
        reason = why_not(step, files.tables)
        if reason is not None:
            if step in plan:
                unmeasured[step.target.id] = reason
            continue
        for records_, rule in rules_of(step.target, files):
            wanted[records_] += [(rule, key) for key in step.keys]
    blocks: dict[Key, Block] = {}
    for kind, rules in sorted(wanted.items(), key=lambda item: [*RECORDS].index(item[0])):
        batches = batches_of(files.tables[kind], [rule for rule, _ in rules], by, progress)
        for key, block in count_batches(batches, rules, by, at, scheme).items():
            blocks[key] = block.plus(blocks[key]) if key in blocks else block
    every = {step.target.id: step.every for step in plan}
    cohorts = {step.target.id: step.cohorts for step in plan}
    misfits = {}
    for target in (step.target for step in plan if step.target.id not in unmeasured):
        if on_published(target, files.tables):
            notes[target.id] = notes.get(target.id, frozenset()) | {PUBLISHED}
        if found := files.misfits(target):
            misfits[target.id] = found
    return Tally(Basis(scheme, str(at), by, every, cohorts), blocks, unmeasured, notes, misfits)


def dry_run(scheme: Scheme, schemas: Mapping[str, Any], options: Options) -> tuple[Tally, dict[str, list[str]]]:
    """Count no records at all, of columns as some Arrow schemas have them.

    Give the empty tally, with its basis, notes and what can't be measured; and the columns of each kind of records
    that were read for it. Raises whatever counting would raise for the lack of a column, or an option that doesn't
    fit.
    """
    read: dict[str, dict[str, None]] = {kind: {} for kind in schemas}
    sources = {kind: _empty(schema, read[kind]) for kind, schema in schemas.items()}
    counted = tally_records(scheme, sources, options)
    return counted, {kind: list(names) for kind, names in read.items()}


def _empty(schema: Any, names: dict[str, None]) -> Source:
    """Give a source without rows that notes which of its columns are read."""
    import pyarrow as pa

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        names.update(dict.fromkeys(wanted))
        yield {column: pa.array([], schema.field(column).type) for column in wanted}

    return Source(tuple(schema.names), read)
