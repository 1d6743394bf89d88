"""The work of a Spark executor: tally the records of one partition. This module doesn't import Spark."""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import lru_cache, wraps
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_truths, emptied, truths
from ombudsman_kpi.clocks.outcomes import Outcome
from ombudsman_kpi.engines.together import Feed
from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.case_rows import case_rows
from ombudsman_kpi.events.log import REOPENINGS, History
from ombudsman_kpi.measures.base.target import CASE
from ombudsman_kpi.records.reading import PLAIN
from ombudsman_kpi.records.sources.source import BATCH, Source
from ombudsman_kpi.records.tables import open_table
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.block import Block, Key
from ombudsman_kpi.tallies.in_memory import Options, tally_records
from ombudsman_kpi.tallies.plan import open_records

SHARE = 4 * BATCH  # rows that are tallied at a time if any split will do; a limit on memory

# The columns of a partition's result, apart from the groups: the type of the row, what is counted, and the sums.
KEYS = {
    "what": "string", "target": "string", "cohort": "string", "grain": "string", "period": "bigint",
    "status": "string", "reason": "string", "mark": "string", "elapsed": "bigint",
}  # fmt: skip
SUMS = ("records", "below", "provisional")
ORDER, SHARED = "\0order", "\0shared"  # the number of a row, what it shares; names that no column of the caller has
CELL, MISFIT, UNDERSTOOD, READ, ZONE = "cell", "misfit", "understood", "read", "zone"
CASE_COLUMN, ERROR = "case column", "error"


class Layout(NamedTuple):
    """The positions of the columns of each kind of record, in a frame that several kinds share."""

    places: dict[str, dict[str, int]]
    order: frozenset[str]  # kinds whose order of rows matters; their rows are numbered
    marked: bool  # whether the first column holds the number of the row's kind


class Work(NamedTuple):
    """The driver's message to the executors: everything that a tally needs except the records."""

    scheme: str
    digest: str
    calendar: str
    options: Options
    schemas: dict[str, Any]  # of all kinds of records
    feed: Feed
    layout: Layout
    unnamed: Mapping[str, bool]  # whether some row lacks its id, by kind, if the driver has looked at the ids
    texts: dict[str, list[str]]  # columns of times that are text, by kind
    case_columns: tuple[str, ...] | None  # columns of the cases built from events; None if none are built
    logged: frozenset[str]  # targets whose notes count the events that weren't understood


@lru_cache(maxsize=8)
def opened(content: bytes) -> tuple[Work, Scheme]:
    """Return the driver's message and the scheme in it."""
    work: Work = pickle.loads(content)  # noqa: S301  (written by our own driver)
    return work, Scheme.model_validate_json(work.scheme)


def _guarded(
    work_out: Callable[[Work, Scheme, Iterator[Any]], Iterator[Any]],
) -> Callable[[bytes, Iterable[Any]], Iterator[Any]]:
    """Return work on the rows of a partition that takes the driver's message; an error becomes one row."""

    @wraps(work_out)
    def guarded(content: bytes, batches: Iterable[Any]) -> Iterator[Any]:
        batches = iter(batches)
        work, scheme = opened(content)
        try:
            _check_same(work, scheme)
            yield from work_out(work, scheme, batches)
        except KpiError as error:
            yield _rows(work, ERROR, status=[type(error).__name__], reason=[str(error)])
            for _ in batches:  # Spark waits until all batches have been read
                pass

    return guarded


def _check_same(work: Work, scheme: Scheme) -> None:
    """Raise ``KpiError`` if the executor's rules or calendar differ from the driver's."""
    if (scheme.digest, scheme.calendar.edition) != (work.digest, work.calendar):
        raise KpiError(
            "The executors read the scheme differently from the driver. Install the same versions of ombudsman-kpi and "
            "holidays on every machine of the cluster."
        )


def mark(content: bytes, batches: Iterable[Any]) -> Iterator[Any]:
    """Yield the rows of a partition that share their ids, in their order, with a column more: what they share.

    It is empty where a row says again what another said before, all cells alike; the id where rows of it differ; and
    null for the one row of those alike that counts. The last column that is given numbers the rows of the whole frame.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, names, reading = pickle.loads(content)  # noqa: S301  (written by our own driver)
    chunks = [*batches]
    if not chunks:
        return
    rows = pa.Table.from_batches(chunks)
    rows = rows.sort_by(rows.column_names[-1])
    table = open_table(kind, rows.select(range(len(names))).rename_columns(names), reading)
    marks = []
    for batch in table.batches([str(table.id_field)]):
        none = np.zeros(len(batch), np.bool_)
        differ, again = (none if where is None else where for where in (batch.shares_id, batch.repeats))
        ids = emptied(batch.text(str(table.id_field)), arrow_truths(~differ))
        marks.append(pc.if_else(arrow_truths(again), "", ids))
    yield from rows.append_column(SHARED, pa.chunked_array(marks, pa.string())).to_batches()


@_guarded
def case_columns(work: Work, scheme: Scheme, batches: Iterator[Any]) -> Iterator[Any]:
    """Yield the columns of the cases that are built from the events of a partition."""
    names: dict[str, None] = {}
    for chunks in _shares(work, batches):
        for chunk in chunks["events"]:
            names |= dict.fromkeys(_built_cases(work, scheme, [chunk]).rows.column_names)
    yield _rows(work, CASE_COLUMN, target=[*names])


@_guarded
def tally_partition(work: Work, scheme: Scheme, batches: Iterator[Any]) -> Iterator[Any]:
    """Yield the result of tallying a partition: rows of cells, or one row with an error."""
    zones: dict[tuple[str, str, str], None] = {}
    for chunks in _shares(work, batches):
        for kind, chunk in ((kind, chunk) for kind, part in chunks.items() for chunk in part):
            for name in work.texts.get(kind, ()):
                zones |= {(kind, name, form): None for form in _forms_of_zones(chunk.column(name))}
        yield from _tally_rows(work, scheme, chunks)
    kinds, names, forms = ([key[place] for key in zones] for place in range(3))
    yield _rows(work, ZONE, target=kinds, reason=names, status=forms)


def _tally_rows(work: Work, scheme: Scheme, chunks: dict[str, list[Any]]) -> Iterator[Any]:
    """Yield the result of tallying some records. Kinds that aren't among them are empty."""
    records = {kind: _source(work, kind, chunks.get(kind, [])) for kind in work.schemas}
    built = None
    if work.case_columns is not None and work.feed.keys.get("events") == CASE:
        built = _built_cases(work, scheme, chunks["events"])
        records["cases"] = built.table.source
    counted = tally_records(scheme, records, work.options)
    misfits = {target: events for target, events in counted.misfits.items() if target in work.feed.targets}
    if built is not None:
        misfits |= dict.fromkeys(work.logged & work.feed.targets, built.misfits)
    for key, block in counted.blocks.items():
        if key.target in work.feed.targets and len(block.records):
            yield _cells(work, key, block)
    for target, events in misfits.items():
        yield _rows(work, MISFIT, target=[target] * len(events), reason=[*map(str, events)], records=[*events.values()])
    if counted.understood.events:
        steps = asdict(counted.understood)
        yield _rows(work, UNDERSTOOD, target=[*steps], records=[*steps.values()])
    sizes = {kind: sum(chunk.num_rows for chunk in part) for kind, part in chunks.items()}
    yield _rows(work, READ, target=[*sizes], records=[*sizes.values()])


def _shares(work: Work, batches: Iterator[Any]) -> Iterator[dict[str, list[Any]]]:
    """Yield the rows of a partition by kind: in shares of ``SHARE`` rows if any split will do, else all at once."""
    chunks: dict[str, _Chunks] = {kind: _Chunks() for kind in work.feed.keys}
    rows = 0
    for batch in batches:
        for kind, part in chunks.items():
            part.add(_of_kind(work, kind, batch))
        rows += batch.num_rows
        if rows >= SHARE and not work.feed.whole:
            yield {kind: part.all() for kind, part in chunks.items()}
            rows, chunks = 0, {kind: _Chunks() for kind in chunks}
    if rows:
        ordered = work.layout.order
        yield {kind: part.all(in_order=kind in ordered) for kind, part in chunks.items()}


class _Chunks:
    """Rows that arrive in small batches and are joined to larger ones."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.waiting: list[Any] = []
        self.rows = 0  # rows in ``waiting``

    def add(self, batch: Any) -> None:
        """Add a batch."""
        self.waiting += [batch] if batch.num_rows else []
        self.rows += batch.num_rows
        if self.rows >= BATCH:
            self._join()

    def all(self, *, in_order: bool = False) -> list[Any]:
        """Return all rows; ``in_order`` restores the order before the shuffle."""
        import pyarrow as pa

        if self.waiting:
            self._join()
        if not in_order or not self.done:
            return self.done
        return pa.Table.from_batches(self.done).sort_by(ORDER).to_batches(max_chunksize=BATCH)  # type: ignore[no-any-return]

    def _join(self) -> None:
        import pyarrow as pa

        self.done += pa.Table.from_batches(self.waiting).combine_chunks().to_batches()
        self.waiting, self.rows = [], 0


def _of_kind(work: Work, kind: str, batch: Any) -> Any:
    """Return the rows of one kind in a batch, with the caller's column names."""
    import pyarrow as pa
    import pyarrow.compute as pc

    layout = work.layout
    places = layout.places[kind]
    part = pa.RecordBatch.from_arrays([batch.column(place) for place in places.values()], names=[*places])
    return part.filter(pc.equal(batch.column(0), [*layout.places].index(kind))) if layout.marked else part


def _source(work: Work, kind: str, chunks: list[Any]) -> Source:
    """Return chunks of rows as a source, with what they share if the driver has looked at the ids."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = work.schemas[kind]
    marked = [chunk.column(SHARED) for chunk in chunks if SHARED in chunk.schema.names]
    said = pa.chunked_array(marked, pa.string()).combine_chunks()

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        for chunk in chunks:
            yield {name: chunk.column(name) for name in wanted}
        if not chunks:
            yield {name: pa.nulls(0, schema.field(name).type) for name in wanted}

    def shared() -> Any:
        ids = said.filter(pc.not_equal(said, "")).unique()
        return pa.concat_arrays([ids, pa.nulls(work.unnamed[kind], pa.string())])

    def again() -> Any:
        return np.flatnonzero(truths(pc.equal(said, "").fill_null(False)))  # noqa: FBT003

    def only_dates(name: str) -> bool:  # of text nobody knows what it is in other partitions
        column = work.options.readings.get(kind, PLAIN).columns.get(name, name)
        return bool(pa.types.is_date(schema.field(column).type))

    looked_for = shared if kind in work.unnamed else None
    names = tuple(schema.names)
    return Source(names, read, shared=looked_for, again=again, only_dates=only_dates, is_part=True)


def _built_cases(work: Work, scheme: Scheme, chunks: list[Any]) -> History:
    """Return cases built from events. Columns that only events of other partitions set are empty."""
    import pyarrow as pa

    options, records = work.options, {"events": _source(work, "events", chunks)}
    table = open_records(records, options.readings)["events"]
    built = case_rows(table, parse_as_of(options.as_of, scheme), scheme)
    rows = built.rows
    for name in work.case_columns or ():
        if name not in rows.column_names:
            none = pa.nulls(len(rows), pa.string()) if name != REOPENINGS else pa.repeat(pa.scalar(0), len(rows))
            rows = rows.append_column(name, none)
    return replace(built, rows=rows)


def _forms_of_zones(column: Any) -> Iterator[str]:
    """Yield "zoned" if any time in a text column has a zone, and "naive" if any has none. Dates are neither."""
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(column)
    timed = pc.match_substring(texts, ":")
    zoned = pc.match_substring_regex(texts, r":.*(Z|[+-]\d{2}:?\d{2})$")
    if pc.any(zoned).as_py():
        yield "zoned"
    if pc.any(pc.and_not(timed, zoned)).as_py():
        yield "naive"


def _cells(work: Work, key: Key, block: Block) -> Any:
    """Return the cells of a block as rows."""
    import pyarrow as pa

    size = len(block.records)
    names = [[group[place] for group in block.groups] for place in range(len(work.options.by))]
    groups = {f"group{place}": pa.array(texts, pa.string()).take(block.group) for place, texts in enumerate(names)}
    texts_of = {
        part: pa.array([getattr(item, part) for item in block.outcomes], pa.string()) for part in Outcome._fields
    }
    return _rows(
        work, CELL, **groups, **{part: texts.take(block.outcome) for part, texts in texts_of.items()},
        **{part: [getattr(key, part)] * size for part in ("target", "cohort", "grain")},
        **{part: getattr(block, part) for part in ("period", "elapsed", *SUMS)},
    )  # fmt: skip


def _rows(work: Work, what: str, **columns: Any) -> Any:
    """Return rows of a partition's result as an Arrow batch. Columns that aren't named are empty, or 0."""
    return rows_of(len(work.options.by), what, **columns)


def rows_of(groups: int, what: str, **columns: Any) -> Any:
    """Return rows of a partition's result, for some number of columns to group by."""
    import pyarrow as pa

    size, kinds = len(next(iter(columns.values()))), kinds_of_columns(groups)
    columns["what"] = [what] * size
    arrays = []
    for name, kind in kinds.items():
        type_, nothing = (pa.int64(), 0) if kind == "bigint" else (pa.string(), "")
        values = columns.get(name, [nothing] * size)
        arrays.append(values if isinstance(values, pa.Array) else pa.array(values, type_))
    return pa.RecordBatch.from_arrays(arrays, names=[*kinds])


def kinds_of_columns(groups: int) -> dict[str, str]:
    """Return the columns of a partition's result, and their types."""
    return {**KEYS, **{f"group{place}": "string" for place in range(groups)}, **dict.fromkeys(SUMS, "bigint")}
