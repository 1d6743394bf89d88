"""Records in Spark DataFrames are tallied on the cluster; only the sum reaches the driver.

Executors tally the rows of a partition as the library tallies any table, and Spark adds up the cells. Records that a
target can't take apart (a case and its events) are first brought together by their id. The library, and what it
needs, has to be installed on every executor.
"""

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi import errors
from ombudsman_kpi.engines import spark_work
from ombudsman_kpi.engines.spark_frames import schema_of, shared_ids, side_by_side
from ombudsman_kpi.engines.spark_work import CELL, ERROR, MISFIT, READ, SUMS, TOLD, ZONE, Layout, Work, kinds_of_columns
from ombudsman_kpi.engines.together import Feed, feeds_of, measured, without_row
from ombudsman_kpi.errors import KpiError, MissingLibraryError, OptionError, RecordsError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.log import History, times_of_cases
from ombudsman_kpi.records.source import Source
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies import storage
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import Options, dry_run
from ombudsman_kpi.tallies.plan import Progress, Step, check_scheme, make_plan, open_records

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def is_spark(frame: object) -> bool:
    """Tell whether something is a Spark DataFrame, without importing Spark.

    >>> is_spark([{"case_id": "A1"}])
    False
    """
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.startswith("pyspark.sql.") for kind in type(frame).__mro__
    )


def tally_on_spark(
    scheme: Scheme, records: Mapping[str, Any], options: Options, progress: Progress | None = None
) -> Counts:
    """Count the outcomes of records in Spark DataFrames, given by their kind: what ``tally_records`` would count.

    ``progress`` is called once for each kind, when all is counted. Raises what ``tally_records`` would; of several
    records that can't be read it names any.
    """
    frames = _frames_of(records)
    check_scheme(scheme)
    options = options.read_once()
    schemas = {kind: schema_of(frame) for kind, frame in frames.items()}
    tables = open_records(
        {kind: Source(tuple(schema.names), _no_rows) for kind, schema in schemas.items()},
        options.columns,
        options.dates,
    )
    options = options._replace(  # the executors have no files that say how columns are called
        as_of=str(parse_as_of(options.as_of, scheme)),
        columns={kind: dict(table.columns) for kind, table in tables.items()},
        dates={kind: table.dates for kind, table in tables.items() if table.dates is not None},
    )
    job = _with_made_cases(_Job(scheme, options, frames, tables, schemas))
    counted, needed = dry_run(scheme, job.schemas, options)
    job = job._replace(
        needed={kind: list(dict.fromkeys([*names, *job.needed.get(kind, ())])) for kind, names in needed.items()}
    )
    found = _Found.of(_collected(job, job.feeds(counted), spark_work.tallied))
    if progress is not None:
        for kind, rows in found.rows.items():
            progress(kind, rows)
    return found.tally(counted)


def _frames_of(records: Mapping[str, Any]) -> dict[str, "DataFrame"]:
    """Give the frames that there are. Raises ``OptionError`` where not all of them are Spark's."""
    frames = {kind: frame for kind, frame in records.items() if frame is not None}
    others = [kind for kind, frame in frames.items() if not is_spark(frame)]
    if others:
        raise OptionError(
            f"{' and '.join(others)} are no Spark DataFrames, and other records are; they can't be tallied together. "
            "Make them ones with spark.createDataFrame(…), or bring the others here with .toArrow()."
        )
    try:
        from pyspark.sql import DataFrame

        new_enough = hasattr(DataFrame, "toArrow")
    except ImportError:
        new_enough = False
    if not new_enough:
        raise MissingLibraryError(
            "Spark DataFrames need pyspark 4 or later with pyarrow: pip install 'ombudsman-kpi[spark]'."
        )
    return frames


def _with_made_cases(job: "_Job") -> "_Job":
    """Make cases of the events, where only these are there: say which columns they have.

    What no event of the whole log tells of isn't there at all, and something else may stand in for it: no partition
    can know that for itself. So this takes a job of its own, which reads the events once more.
    """
    wanted = any("cases" in step.target.needs for step in job.plan())
    if not wanted or "cases" in job.frames or "events" not in job.frames:
        return job

    import pyarrow as pa

    log = {"events": job.schemas["events"]}
    options = job.options._replace(by=())
    _, needed = dry_run(job.scheme, log, options)
    looking = job._replace(options=options, schemas=log, needed=needed)
    told = _Found.of(_collected(looking, [Feed({"events": None}, set(), set())], spark_work.told)).told
    if not told & {*times_of_cases().values()}:
        return job
    made = History(pa.table({name: pa.nulls(0, pa.string()) for name in sorted(told)}), {}).table.source.names
    schemas = {**job.schemas, "cases": pa.schema([(name, pa.string()) for name in made])}
    return job._replace(schemas=schemas, needed=needed, told=tuple(sorted(told)))


class _Job(NamedTuple):
    """What is to be done: all that executors are told, and the frames that they read."""

    scheme: Scheme
    options: Options
    frames: Mapping[str, "DataFrame"]
    tables: Mapping[str, Table]
    schemas: dict[str, Any]
    needed: Mapping[str, list[str]] = MappingProxyType({})
    told: tuple[str, ...] | None = None  # the columns of cases that are made of events

    def feeds(self, counted: Counts) -> list[Feed]:
        """Say what is read together for the targets that can be measured."""
        targets = measured(self.plan(), self.scheme, counted.unmeasured, self.schemas)
        return feeds_of(targets, self.options.by, {} if self.told is None else {"cases": "events"})

    def plan(self) -> list[Step]:
        """Say which targets are measured."""
        options = self.options
        return make_plan(self.scheme, options.targets, options.cohort, options.every, options.report)

    def doubtful(self, feeds: list[Feed]) -> dict[str, Any]:
        """Give the ids that records share, of kinds whose rows aren't brought together by them."""
        kinds = []
        for kind, key in {kind: key for feed in reversed(feeds) for kind, key in feed.keys.items()}.items():
            table = self.tables[kind]
            own = table.id_field
            if own is not None and own != key and table.has(own) and table.column_of(own) in self.needed[kind]:
                kinds.append(kind)
        return shared_ids(self.frames, self.tables, kinds)

    def work(self, feed: Feed, layout: Layout, doubtful: dict[str, Any]) -> bytes:
        """Write down what executors are told."""
        logged = {step.target.id for step in self.plan() if not step.target.follows_cases and self._of_made(step)}
        work = Work(
            self.scheme.model_dump_json(exclude_unset=True), self.scheme.digest, self.scheme.calendar.edition,
            self.options, self.schemas, feed, layout, doubtful,
            {kind: self._texts(kind) for kind in feed.keys}, self.told, frozenset(logged),
        )  # fmt: skip
        return pickle.dumps(work)

    def _of_made(self, step: Step) -> bool:
        return self.told is not None and "cases" in step.target.needs

    def _texts(self, kind: str) -> list[str]:
        """Name the columns that hold times as ISO text, in which some may have a zone and others none."""
        import pyarrow as pa

        table = self.tables[kind]
        fields = {column: name for name, column in table.columns.items()}
        own = {column: fields.get(column, column) for column in self.needed[kind]}
        return [
            column for column, name in own.items()
            if pa.types.is_string(self.schemas[kind].field(column).type)
            and table.is_time(name) and table.form_of(name) is None and name not in self.options.by
        ]  # fmt: skip


def _no_rows(_: list[str]) -> Iterator[dict[str, Any]]:
    return iter(())


def _collected(job: _Job, feeds: list[Feed], how: Callable[[bytes, Iterable[Any]], Iterator[Any]]) -> Any:
    """Run feeds through the cluster; give the rows that came out, added up there."""
    from pyspark.sql import functions as f

    groups = len(job.options.by)
    if not feeds:
        import pyarrow as pa

        return pa.Table.from_batches([spark_work.rows_of(groups, READ, target=[])])
    doubtful = job.doubtful(feeds) if how is spark_work.tallied else {}
    kinds = kinds_of_columns(groups)
    schema = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    parts = []
    for feed in feeds:
        frame, layout = side_by_side(feed, job.frames, job.tables, job.needed)
        given = {kind: doubtful[kind] for kind in feed.keys if kind in doubtful}
        parts.append(frame.mapInArrow(_sent(how.__name__, job.work(feed, layout, given), kinds), schema))
    together = reduce(lambda one, other: one.unionAll(other), parts)
    keys = [name for name in kinds if name not in SUMS]
    return together.groupBy(*keys).agg(*(f.sum(name).alias(name) for name in SUMS)).toArrow()


def _sent(how: str, content: bytes, kinds: dict[str, str]) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Give the function that executors run. It is sent whole, so that one can say where the library isn't."""

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        try:
            from ombudsman_kpi.engines import spark_work
        except ImportError:
            import pyarrow as pa

            row = {name: "" if kind == "string" else 0 for name, kind in kinds.items()}
            said = "The executors have no ombudsman-kpi. Install it on every machine of the cluster, as on the driver."
            row |= {"what": "error", "status": "MissingLibraryError", "reason": said}
            types = {name: pa.string() if kind == "string" else pa.int64() for name, kind in kinds.items()}
            yield pa.RecordBatch.from_pylist([row], schema=pa.schema(list(types.items())))
            for _ in batches:
                pass
            return
        yield from getattr(spark_work, how)(content, batches)

    return run


class _Found(NamedTuple):
    """What came out of the cluster."""

    cells: Any
    misfits: Mapping[str, Mapping[str, int]]
    rows: Mapping[str, int]
    told: frozenset[str]

    @classmethod
    def of(cls, table: Any) -> "_Found":
        """Sort the rows that came out. Raises the error that an executor met."""
        import pyarrow.compute as pc

        parts = {
            what: table.filter(pc.equal(table["what"], what))
            .select(["target", "status", "reason", "records"])
            .to_pylist()
            for what in (MISFIT, READ, ZONE, TOLD, ERROR)
        }
        for error in sorted(parts[ERROR], key=lambda row: str(row["reason"])):
            kind = getattr(errors, error["status"], KpiError)
            raise kind(without_row(error["reason"]))
        zones = defaultdict(set)
        for row in parts[ZONE]:
            zones[row["target"], row["reason"]].add(row["status"])
        for kind, column in sorted(pair for pair, forms in zones.items() if len(forms) > 1):
            raise RecordsError(
                f"{kind}: {column} holds times with a zone and times without one. Bring them to one form."
            )
        misfits: dict[str, dict[str, int]] = defaultdict(dict)
        for row in parts[MISFIT]:
            misfits[row["target"]][row["reason"]] = row["records"]
        rows = {row["target"]: row["records"] for row in parts[READ]}
        cells = table.filter(pc.equal(table["what"], CELL)).drop_columns(["what"])
        return cls(cells, misfits, rows, frozenset(row["target"] for row in parts[TOLD]))

    def tally(self, counted: Counts) -> Counts:
        """Put what was counted in the place of the nothing that a tally has."""
        by = counted.basis.by if counted.basis is not None else ()
        names = {f"group{place}": f"by {name}" for place, name in enumerate(by)}
        cells = self.cells.rename_columns([names.get(name, name) for name in self.cells.column_names])
        about = storage.to_arrow(counted).schema.metadata
        blocks = storage.from_arrow(cells.replace_schema_metadata(about)).blocks
        return replace(counted, blocks=blocks, misfits={target: dict(found) for target, found in self.misfits.items()})
