"""What an executor does: it tallies the records of a partition. Nothing here needs Spark itself."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from ombudsman_kpi.clocks.outcomes import Outcome
from ombudsman_kpi.engines.together import Feed
from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.case_rows import case_rows
from ombudsman_kpi.events.log import REOPENINGS, History
from ombudsman_kpi.measures.target import CASE
from ombudsman_kpi.records.source import BATCH, Source
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.block import Block, Key
from ombudsman_kpi.tallies.in_memory import Options, tally_records
from ombudsman_kpi.tallies.plan import open_records

SHARE = 8 * BATCH  # rows that are tallied at a time where any split will do: few enough for the memory

# The columns of what a partition gives, beside the groups: what each row is, what is counted, and what adds up.
KEYS = {
    "what": "string", "target": "string", "cohort": "string", "grain": "string", "period": "bigint",
    "status": "string", "reason": "string", "mark": "string", "elapsed": "bigint",
}  # fmt: skip
SUMS = ("records", "below", "provisional")
ORDER = "\0order"  # the number of a row; no column of the caller's is called so
CELL, MISFIT, READ, ZONE, TOLD, ERROR = "cell", "misfit", "read", "zone", "told", "error"


class Layout(NamedTuple):
    """Where the columns of each kind of record stand in a frame that several kinds share."""

    places: dict[str, dict[str, int]]
    order: frozenset[str]  # kinds of which it matters what stands first: their rows are numbered
    marked: bool  # whether the first column says of which kind a row is


class Work(NamedTuple):
    """What executors are told: all that a tally needs beside the records."""

    scheme: str
    digest: str
    calendar: str
    options: Options
    schemas: dict[str, Any]  # of all kinds of records that were given or made
    feed: Feed
    layout: Layout
    doubtful: dict[str, Any]  # of each kind whose ids others have looked at, those that records share
    texts: dict[str, list[str]]  # of each kind, the columns of times that are text
    told: tuple[str, ...] | None  # the columns of the cases that are made of events; None where none are
    logged: frozenset[str]  # the targets whose notes say what in the log of made cases wasn't understood


@lru_cache(maxsize=8)
def opened(content: bytes) -> tuple[Work, Scheme]:
    """Read what the driver has sent."""
    work: Work = pickle.loads(content)  # noqa: S301  (what our own driver has written)
    return work, Scheme.model_validate_json(work.scheme)


def tallied(content: bytes, batches: Iterable[Any]) -> Iterator[Any]:
    """Tally the batches of a partition; give rows of cells, or of what is wrong with the records."""
    return _guarded(content, batches, _tallied)


def told(content: bytes, batches: Iterable[Any]) -> Iterator[Any]:
    """Give the columns that cases get which are made of the events of a partition."""
    return _guarded(content, batches, _told)


def _guarded(
    content: bytes, batches: Iterable[Any], work_out: Callable[[Work, Scheme, Iterator[Any]], Iterator[Any]]
) -> Iterator[Any]:
    batches = iter(batches)
    work, scheme = opened(content)
    try:
        _check_same(work, scheme)
        yield from work_out(work, scheme, batches)
    except KpiError as error:
        yield _rows(work, ERROR, status=[type(error).__name__], reason=[str(error)])
        for _ in batches:  # the sender waits until all is taken
            pass


def _check_same(work: Work, scheme: Scheme) -> None:
    """Refuse to measure by other rules, or another calendar, than the driver would."""
    if (scheme.digest, scheme.calendar.edition) != (work.digest, work.calendar):
        raise KpiError(
            "The executors read the scheme otherwise than the driver. Install the same versions of ombudsman-kpi and "
            "holidays on every machine of the cluster."
        )


def _told(work: Work, scheme: Scheme, batches: Iterator[Any]) -> Iterator[Any]:
    found: dict[str, None] = {}
    for chunks in _shares(work, batches):
        for chunk in chunks["events"]:
            found |= dict.fromkeys(_made(work, scheme, [chunk]).rows.column_names)
    yield _rows(work, TOLD, target=[*found])


def _tallied(work: Work, scheme: Scheme, batches: Iterator[Any]) -> Iterator[Any]:
    zones: dict[tuple[str, str, str], None] = {}
    for chunks in _shares(work, batches):
        for kind, chunk in ((kind, chunk) for kind, part in chunks.items() for chunk in part):
            for name in work.texts.get(kind, ()):
                zones |= {(kind, name, form): None for form in _forms_of_zones(chunk.column(name))}
        yield from _tally_rows(work, scheme, chunks)
    kinds, names, forms = ([key[place] for key in zones] for place in range(3))
    yield _rows(work, ZONE, target=kinds, reason=names, status=forms)


def _tally_rows(work: Work, scheme: Scheme, chunks: dict[str, list[Any]]) -> Iterator[Any]:
    """Tally some records; of the kinds that aren't among them there are none."""
    records = {kind: _source(work, kind, chunks.get(kind, [])) for kind in work.schemas}
    made = None
    if work.told is not None and work.feed.keys.get("events") == CASE:
        made = _made(work, scheme, chunks["events"])
        records["cases"] = made.table.source
    counted = tally_records(scheme, records, work.options)
    misfits = {target: found for target, found in counted.misfits.items() if target in work.feed.targets}
    if made is not None:
        misfits |= dict.fromkeys(work.logged & work.feed.targets, made.misfits)
    for key, block in counted.blocks.items():
        if key.target in work.feed.targets and len(block.records):
            yield _cells(work, key, block)
    for target, found in misfits.items():
        yield _rows(work, MISFIT, target=[target] * len(found), reason=[*found], records=[*found.values()])
    sizes = {kind: sum(chunk.num_rows for chunk in part) for kind, part in chunks.items()}
    yield _rows(work, READ, target=[*sizes], records=[*sizes.values()])


def _shares(work: Work, batches: Iterator[Any]) -> Iterator[dict[str, list[Any]]]:
    """Give the rows of a partition by kind, in chunks of many: all together, unless any split will do."""
    chunks: dict[str, _Chunks] = {kind: _Chunks() for kind in work.feed.keys}
    rows = 0
    for batch in batches:
        for kind, found in chunks.items():
            found.add(_of_kind(work, kind, batch))
        rows += batch.num_rows
        if rows >= SHARE and not work.feed.whole:
            yield {kind: found.all() for kind, found in chunks.items()}
            rows, chunks = 0, {kind: _Chunks() for kind in chunks}
    if rows:
        ordered = work.layout.order
        yield {kind: found.all(in_order=kind in ordered) for kind, found in chunks.items()}


class _Chunks:
    """Rows that come in small batches, joined to larger ones."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.waiting: list[Any] = []
        self.rows = 0  # that wait

    def add(self, batch: Any) -> None:
        """Take in a batch."""
        self.waiting += [batch] if batch.num_rows else []
        self.rows += batch.num_rows
        if self.rows >= BATCH:
            self._join()

    def all(self, *, in_order: bool = False) -> list[Any]:
        """Give all rows; in the order in which they stood before they were shuffled, where that matters."""
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
    """Give the rows of one kind in a batch, under the caller's names."""
    import pyarrow as pa
    import pyarrow.compute as pc

    layout = work.layout
    places = layout.places[kind]
    part = pa.RecordBatch.from_arrays([batch.column(place) for place in places.values()], names=[*places])
    return part.filter(pc.equal(batch.column(0), [*layout.places].index(kind))) if layout.marked else part


def _source(work: Work, kind: str, chunks: list[Any]) -> Source:
    """See chunks of rows as a source; where others have looked for the ids that records share, it says which."""
    import pyarrow as pa

    schema = work.schemas[kind]

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        for chunk in chunks:
            yield {name: chunk.column(name) for name in wanted}
        if not chunks:
            yield {name: pa.nulls(0, schema.field(name).type) for name in wanted}

    looked_for = kind in work.doubtful
    return Source(tuple(schema.names), read, doubtful=(lambda: work.doubtful[kind]) if looked_for else None)


def _made(work: Work, scheme: Scheme, chunks: list[Any]) -> History:
    """Make cases of events; what events of other partitions tell of, no event told of these."""
    import pyarrow as pa

    options, given = work.options, {"events": _source(work, "events", chunks)}
    table = open_records(given, options.columns, options.dates)["events"]
    made = case_rows(table, parse_as_of(options.as_of, scheme), scheme)
    rows = made.rows
    for name in work.told or ():
        if name not in rows.column_names:
            none = pa.nulls(len(rows), pa.string()) if name != REOPENINGS else pa.repeat(pa.scalar(0), len(rows))
            rows = rows.append_column(name, none)
    return replace(made, rows=rows)


def _forms_of_zones(column: Any) -> Iterator[str]:
    """Tell whether times in text have a zone, or have none; dates are neither."""
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(column)
    timed = pc.match_substring(texts, ":")
    zoned = pc.match_substring_regex(texts, r":.*(Z|[+-]\d{2}:?\d{2})$")
    if pc.any(zoned).as_py():
        yield "zoned"
    if pc.any(pc.and_not(timed, zoned)).as_py():
        yield "naive"


def _cells(work: Work, key: Key, block: Block) -> Any:
    """Give the cells of a block as rows."""
    import pyarrow as pa

    size = len(block.records)
    names = [[group[place] for group in block.groups] for place in range(len(work.options.by))]
    groups = {f"group{place}": pa.array(texts, pa.string()).take(block.group) for place, texts in enumerate(names)}
    said = {part: pa.array([getattr(item, part) for item in block.outcomes], pa.string()) for part in Outcome._fields}
    return _rows(
        work, CELL, **groups, **{part: texts.take(block.outcome) for part, texts in said.items()},
        **{part: [getattr(key, part)] * size for part in ("target", "cohort", "grain")},
        **{part: getattr(block, part) for part in ("period", "elapsed", *SUMS)},
    )  # fmt: skip


def _rows(work: Work, what: str, **columns: Any) -> Any:
    """Give rows of what a partition gives, as Arrow; what isn't said is empty, or 0."""
    return rows_of(len(work.options.by), what, **columns)


def rows_of(groups: int, what: str, **columns: Any) -> Any:
    """Give rows of what a partition gives, with a number of groups."""
    import pyarrow as pa

    size = len(next(iter(columns.values())))
    kinds = kinds_of_columns(groups)
    arrays = []
    for name, kind in kinds.items():
        whole = kind == "bigint"
        given = [what] * size if name == "what" else columns.get(name, [0 if whole else ""] * size)
        arrays.append(given if isinstance(given, pa.Array) else pa.array(given, pa.int64() if whole else pa.string()))
    return pa.RecordBatch.from_arrays(arrays, names=[*kinds])


def kinds_of_columns(groups: int) -> dict[str, str]:
    """Name the columns of what a partition gives, and their types."""
    return {**KEYS, **{f"group{place}": "string" for place in range(groups)}, **dict.fromkeys(SUMS, "bigint")}
