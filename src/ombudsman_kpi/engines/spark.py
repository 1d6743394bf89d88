"""Spark DataFrames: records are tallied on the cluster, and only the sum is sent to the driver.

Each executor tallies the rows of a partition like any other table, and Spark adds up the cells. Records that have to be
read together (a case and its events) are first brought into one partition by their id. The library and its
dependencies have to be installed on every executor.
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
from ombudsman_kpi.engines.spark_frames import schema_of, shared_ids, side_by_side, with_marks
from ombudsman_kpi.engines.together import Feed, feeds_of, measured, tables_of_shares, without_row
from ombudsman_kpi.errors import KpiError, MissingLibraryError, OptionError, RecordsError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.log import History, Misfit, times_of_cases
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies import storage
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import Options, dry_run
from ombudsman_kpi.tallies.plan import PlanStep, Progress, check_scheme, make_plan, open_records

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def is_spark(frame: object) -> bool:
    """Return whether an object is a Spark DataFrame, without importing Spark.

    >>> is_spark([{"case_id": "A1"}])
    False
    """
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.startswith("pyspark.sql.") for kind in type(frame).__mro__
    )


def tally_on_spark(
    scheme: Scheme, records: Mapping[str, Any], options: Options, progress: Progress | None = None
) -> Counts:
    """Return the counts of ``tally_records`` for records in Spark DataFrames.

    ``progress`` is called once for each kind, at the end. Raises the errors of ``tally_records``; if several records
    can't be read, the error names any of them.
    """
    frames = _frames_of(records)
    check_scheme(scheme)
    options = options.read_once()
    schemas = {kind: schema_of(frame) for kind, frame in frames.items()}
    sources = {kind: Source(tuple(schema.names), lambda _: iter(())) for kind, schema in schemas.items()}
    tables = open_records(sources, options.readings)
    readings = {kind: table.reading for kind, table in tables.items()}  # cases that are built have plain names
    options = options._replace(as_of=str(parse_as_of(options.as_of, scheme)), readings=readings)
    job = _with_built_cases(_Job(scheme, options, frames, tables, schemas))
    counted, needed = dry_run(scheme, job.schemas, options)
    job = job._replace(
        needed={kind: list(dict.fromkeys([*names, *job.needed.get(kind, ())])) for kind, names in needed.items()}
    )
    job = job.marked()
    result = _Result.of(_collected(job, job.feeds(counted), spark_work.tally_partition))
    result.understood.refuse_none(tables)
    if progress is not None:
        for kind, rows in result.rows.items():
            progress(kind, rows)
    return result.tally(counted)


def _frames_of(records: Mapping[str, Any]) -> dict[str, "DataFrame"]:
    """Return the frames that were provided. Raises ``OptionError`` if some are Spark DataFrames and others aren't."""
    frames = {kind: frame for kind, frame in records.items() if frame is not None}
    others = [kind for kind, frame in frames.items() if not is_spark(frame)]
    if others:
        raise OptionError(
            f"{' and '.join(others)} aren't Spark DataFrames, but other records are; they can't be tallied together. "
            "Convert them with spark.createDataFrame(…), or convert the others with .toArrow()."
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


def _with_built_cases(job: "_Job") -> "_Job":
    """Return a job with the columns of cases that are built from the events, if there are events and no cases.

    A column that no event of the whole log sets is absent, and another column may be used instead. A single partition
    can't know that, so this is a separate Spark job, which reads the events once more.
    """
    wanted = any("cases" in step.target.needs for step in job.plan())
    if not wanted or "cases" in job.frames or "events" not in job.frames:
        return job

    import pyarrow as pa

    log = {"events": job.schemas["events"]}
    options = job.options._replace(by=())
    _, needed = dry_run(job.scheme, log, options)
    looking = job._replace(options=options, schemas=log, needed=needed)
    log_feed = Feed({"events": None}, set(), set())
    case_columns = _Result.of(_collected(looking, [log_feed], spark_work.case_columns)).case_columns
    if not case_columns & {*times_of_cases().values()}:
        return job
    made = History(pa.table({name: pa.nulls(0, pa.string()) for name in sorted(case_columns)}), {}).table.source.names
    schemas = {**job.schemas, "cases": pa.schema([(name, pa.string()) for name in made])}
    return job._replace(schemas=schemas, needed=needed, case_columns=tuple(sorted(case_columns)))


class _Job(NamedTuple):
    """A tally on a cluster: the frames, and everything that the executors need to know."""

    scheme: Scheme
    options: Options
    frames: Mapping[str, "DataFrame"]
    tables: Mapping[str, Table]
    schemas: dict[str, Any]
    needed: Mapping[str, list[str]] = MappingProxyType({})
    case_columns: tuple[str, ...] | None = None  # columns of the cases built from events
    unnamed: Mapping[str, bool] = MappingProxyType({})  # by kind, whether some row lacks its id

    def feeds(self, counted: Counts) -> list[Feed]:
        """Return the kinds that are read together, for the targets that can be measured."""
        targets = measured(self.plan(), self.scheme, counted.unmeasured, self.schemas)
        made = {} if self.case_columns is None else {"cases": "events"}
        return feeds_of(targets, self.options.by, made, tables_of_shares(self.tables))

    def plan(self) -> list[PlanStep]:
        """Return the plan: which targets are measured."""
        options = self.options
        return make_plan(self.scheme, options.targets, options.cohort, options.every, options.report)

    def marked(self) -> "_Job":
        """Return the job with what rows of one id share, of each kind whose ids are needed."""
        kinds = [
            kind for kind, table in self.tables.items()
            if table.finds_repeats and table.column_of(str(table.id_field)) in self.needed[kind]
        ]  # fmt: skip
        shared = shared_ids(self.frames, self.tables, kinds)
        frames = {
            kind: with_marks(self.frames[kind], self.tables[kind], ids.drop_null(), _marking(self.tables[kind]))
            for kind, ids in shared.items()
        }
        unnamed = {kind: bool(ids.null_count) for kind, ids in shared.items()}
        return self._replace(frames={**self.frames, **frames}, unnamed=unnamed)

    def work(self, feed: Feed, layout: spark_work.Layout) -> bytes:
        """Return the message to the executors."""
        built = [] if self.case_columns is None else [step.target for step in self.plan()]
        logged = {target.id for target in built if "cases" in target.needs and not target.follows_events}
        work = spark_work.Work(
            self.scheme.model_dump_json(exclude_unset=True), self.scheme.digest, self.scheme.calendar.edition,
            self.options, self.schemas, feed, layout, dict(self.unnamed),
            {kind: self._texts(kind) for kind in feed.keys}, self.case_columns, frozenset(logged),
        )  # fmt: skip
        return pickle.dumps(work)

    def _texts(self, kind: str) -> list[str]:
        """Return the columns that hold times as ISO text, where some may have a zone and others none."""
        import pyarrow as pa

        table = self.tables[kind]
        fields = {column: name for name, column in table.columns.items()}
        own = {column: fields.get(column, column) for column in self.needed[kind]}
        return [
            column for column, name in own.items()
            if pa.types.is_string(self.schemas[kind].field(column).type)
            and table.is_time(name) and table.form_of(name) is None and name not in self.options.by
        ]  # fmt: skip


def _collected(job: _Job, feeds: list[Feed], how: Callable[[bytes, Iterable[Any]], Iterator[Any]]) -> Any:
    """Return the rows of the result of running feeds on the cluster, added up there."""
    from pyspark.sql import functions as f

    groups = len(job.options.by)
    if not feeds:
        import pyarrow as pa

        return pa.Table.from_batches([spark_work.rows_of(groups, spark_work.READ, target=[])])
    kinds = spark_work.kinds_of_columns(groups)
    schema = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    parts = []
    for feed in feeds:
        frame, layout = side_by_side(feed, job.frames, job.tables, job.needed)
        run = _executor_function(how.__name__, job.work(feed, layout), kinds)
        parts.append(frame.mapInArrow(run, schema))
    together = reduce(lambda one, other: one.unionAll(other), parts)
    keys = [name for name in kinds if name not in spark_work.SUMS]
    return together.groupBy(*keys).agg(*(f.sum(name).alias(name) for name in spark_work.SUMS)).toArrow()


def _marking(table: Table) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Return the function by which executors say what rows of a table share."""
    content = pickle.dumps((table.name, table.source.names, table.reading))

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        try:
            from ombudsman_kpi.engines import spark_work
        except ImportError:  # which the tally reports
            import pyarrow as pa

            yield from (batch.append_column("shared", pa.nulls(batch.num_rows, pa.string())) for batch in batches)
            return
        yield from spark_work.mark(content, batches)

    return run


def _executor_function(how: str, content: bytes, kinds: dict[str, str]) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Return the function that executors run. It imports the library inside, so it can report a missing library."""

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        try:
            from ombudsman_kpi.engines import spark_work
        except ImportError:
            import pyarrow as pa

            row = {name: "" if kind == "string" else 0 for name, kind in kinds.items()}
            text = "The executors have no ombudsman-kpi. Install it on every machine of the cluster, as on the driver."
            row |= {"what": "error", "status": "MissingLibraryError", "reason": text}
            types = {name: pa.string() if kind == "string" else pa.int64() for name, kind in kinds.items()}
            yield pa.RecordBatch.from_pylist([row], schema=pa.schema(list(types.items())))
            for _ in batches:
                pass
            return
        yield from getattr(spark_work, how)(content, batches)

    return run


class _Result(NamedTuple):
    """The result of a cluster's work."""

    cells: Any
    misfits: Mapping[str, Mapping[Misfit, int]]
    understood: Understood
    rows: Mapping[str, int]
    case_columns: frozenset[str]

    @classmethod
    def of(cls, table: Any) -> "_Result":
        """Return the rows of a result by their type. Raises the error that an executor raised."""
        import pyarrow.compute as pc

        parts = {
            what: table.filter(pc.equal(table["what"], what))
            .select(["target", "status", "reason", "records"])
            .to_pylist()
            for what in (
                spark_work.MISFIT, spark_work.UNDERSTOOD, spark_work.READ, spark_work.ZONE, spark_work.CASE_COLUMN,
                spark_work.ERROR,
            )
        }  # fmt: skip
        for error in sorted(parts[spark_work.ERROR], key=lambda row: str(row["reason"])):
            kind = getattr(errors, error["status"], KpiError)
            raise kind(without_row(error["reason"]))
        zones = defaultdict(set)
        for row in parts[spark_work.ZONE]:
            zones[row["target"], row["reason"]].add(row["status"])
        for kind, column in sorted(pair for pair, forms in zones.items() if len(forms) > 1):
            raise RecordsError(
                f"{kind}: {column} holds times with a zone and times without one. Convert all of them to one form."
            )
        misfits: dict[str, dict[Misfit, int]] = defaultdict(dict)
        for row in parts[spark_work.MISFIT]:
            misfits[row["target"]][Misfit.read(row["reason"])] = row["records"]
        rows = {row["target"]: row["records"] for row in parts[spark_work.READ]}
        understood = Understood(**{row["target"]: row["records"] for row in parts[spark_work.UNDERSTOOD]})
        cells = table.filter(pc.equal(table["what"], spark_work.CELL)).drop_columns(["what"])
        return cls(cells, misfits, understood, rows, frozenset(row["target"] for row in parts[spark_work.CASE_COLUMN]))

    def tally(self, counted: Counts) -> Counts:
        """Return an empty tally with the counts of this result."""
        by = counted.basis.by if counted.basis is not None else ()
        names = {f"group{place}": f"by {name}" for place, name in enumerate(by)}
        cells = self.cells.rename_columns([names.get(name, name) for name in self.cells.column_names])
        about = storage.to_arrow(counted).schema.metadata
        blocks = storage.from_arrow(cells.replace_schema_metadata(about)).blocks
        return replace(counted, blocks=blocks, misfits=dict(self.misfits))
