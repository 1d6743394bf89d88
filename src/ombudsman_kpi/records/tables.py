"""Records as columns of the vocabulary: the caller's source, columns and formats of dates, read in batches."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.room import keep_room
from ombudsman_kpi.arrays.threads import Parts
from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.calendars.periods import Period
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.reading import PLAIN, Reading
from ombudsman_kpi.records.repeats import NO_ROWS, Repeats, repeats_among
from ombudsman_kpi.records.sources.opening import open_source
from ombudsman_kpi.records.sources.source import Rows, Source
from ombudsman_kpi.records.sources.streams import materialise_once
from ombudsman_kpi.records.vocabulary import MET, OF, PERIOD, RECORDS

if TYPE_CHECKING:
    from ombudsman_kpi.arrays.ids import Index


NOT_LOOKED_FOR = "repeated ids weren't looked for"


@dataclass(frozen=True)
class Table(Columns):
    """One kind of record: its columns, and its rows, read in batches."""

    heard: Callable[[int], object] | None = None  # is told how many rows were read
    is_indexed: bool = False  # rows are looked up by their ids: then all ids are looked at, and not once more

    def batches(self, names: Iterable[str]) -> Parts[Batch]:
        """Read some fields, a batch of rows at a time; in several parts, where the source has them."""
        names = [PERIOD if self.dated_by_period(name) else name for name in names]
        for name in names:
            if not self.has(name):
                raise self.lacks(name, "this measure")
        wanted = {name: self.column_of(name) for name in names}
        keep_room()
        whole = Parts.of(self.source.read(list(dict.fromkeys(wanted.values()))))
        if len(whole.parts) > 1 and not all(map(self._is_zoned_alike, names)):
            whole = Parts([partial(iter, whole)])  # whatever comes first says which zone is right
        before = accumulate(whole.rows[:-1], initial=0)  # nothing is before a single part
        parts = [
            partial(self._batches_of, wanted, part, first) for part, first in zip(whole.parts, before, strict=True)
        ]
        return Parts(parts, whole.rows, heard=self.heard)

    def _batches_of(
        self, wanted: Mapping[str, str], read: Callable[[], Iterator[Mapping[str, Any]]], offset: int
    ) -> Iterator[Batch]:
        for columns in read():
            rows = (
                columns
                if isinstance(columns, Rows)
                else Rows(columns, "", 0, is_pandas=self.source.is_pandas, locate=self.source.locate)
            )
            fields = {name: rows[column] for name, column in wanted.items()}
            batch = Batch(self, offset, fields, rows.place, rows.before, rows.is_pandas, rows.locate, rows.times)
            yield batch
            offset += len(batch)

    def _is_zoned_alike(self, name: str) -> bool:
        """Return whether the type of a column says of all its cells whether they have a zone; or none is a time."""
        import pyarrow as pa

        kind = self.source.types.get(self.column_of(name))
        return not self.is_time(name) or (kind is not None and pa.types.is_temporal(kind))

    def only_dates(self, name: str) -> bool:
        """Return whether a whole column, in every batch, holds dates without a time of day."""
        if self.source.only_dates is not None:
            return self.source.only_dates(name)
        rows = 0
        for batch in self.batches([name]):
            times = batch.times(name)
            rows += int(times.present.sum()) if times.midnight_is_date else 2
            if not (times.dates_alone() | ~times.present).all():
                return False
        return rows > 1  # the one call of a table may well have come at midnight

    @cached_property
    def periods(self) -> frozenset[Period]:
        """The periods that the rows of a published table are labelled with."""
        import pyarrow.compute as pc

        labels = {label for batch in self.batches([PERIOD]) for label in pc.unique(batch.text(PERIOD)).to_pylist()}
        return frozenset(self.period_of(label) for label in labels if label is not None)

    def refuse_overlaps(self, others: Iterable[str]) -> None:
        """Raise ``RecordsError`` where periods of a published table contain one another, for one group and kind.

        Rows are told apart by the fields of the vocabulary and some others, as far as they are there: what a year says
        of upheld cases and what its quarters say of them would be counted twice.
        """
        names = dict.fromkeys(name for name in (*self.fields, *others) if self.has(name))
        periods: dict[tuple[str | None, ...], dict[Period, None]] = defaultdict(dict)
        for batch in self.batches([PERIOD, *names]):
            rows = zip(*(batch.text(name).to_pylist() for name in (PERIOD, *names)), strict=True)
            for label, *group in dict.fromkeys(row for row in rows if row[0] is not None):
                periods[tuple(group)][self.period_of(label)] = None
        for group_periods in periods.values():
            ordered = sorted(group_periods, key=lambda period: (period.start, -period.end.toordinal()))
            for one, next_one in pairwise(ordered):
                if one.overlaps(next_one):
                    raise RecordsError(
                        f"{self.label}: {one.label} and {next_one.label} overlap, for one group and kind, so that "
                        "records would be counted twice. Keep the one or the other."
                    )

    @cached_property
    def index(self) -> "Index":
        """In which row each id stands."""
        from ombudsman_kpi.arrays.ids import Index

        name = str(self.id_field)
        return Index.of(self.batches([name]).each(lambda batch: batch.text(name)))

    @property
    def looked_over(self) -> Source:
        """The source with what is found of repeated ids, for others that read the same records."""
        return self.source._replace(
            shared=lambda: self.shared_ids,
            differing=lambda: self.doubtful_ids,
            again=lambda: NO_ROWS if self.repeats is None else self.repeats.rows,
        )

    @property
    def first_rows(self) -> Source:
        """The first batch of the source, of which each column is read once, however often it is wanted."""
        rows: Mapping[str, Any] = {}
        seen: dict[str, Any] = {}

        def read(wanted: list[str]) -> Iterator[Mapping[str, Any]]:
            nonlocal rows
            if lacking := [name for name in wanted if name not in seen]:
                rows = next(iter(self.source.read(lacking)))
                seen.update(rows)
            columns = {name: seen[name] for name in wanted}
            if isinstance(rows, Rows):
                columns = rows.of(columns)
            yield columns

        return self.source._replace(read=read)

    @property
    def finds_repeats(self) -> bool:
        """Whether ids are looked over for those that rows share."""
        return self._has_ids and not self.source.is_alone and self.reading.repeated_ids == "find"

    @property
    def leaves_repeats(self) -> bool:
        """Whether the caller leaves looking for repeated ids to a check."""
        return self._has_ids and self.reading.repeated_ids == "check"

    @property
    def _has_ids(self) -> bool:
        return self.id_field is not None and self.has(self.id_field)

    @cached_property
    def shared_ids(self) -> Any:
        """The ids, as Arrow text, that more than one row has, whatever else is in them; a missing one is null."""
        import pyarrow as pa

        from ombudsman_kpi.arrays.ids import repeated, shared

        if self.id_field is None or not self.finds_repeats:
            return pa.nulls(0, pa.string())
        if self.source.shared is not None:
            return self.source.shared()
        name = self.id_field

        def read() -> Parts[Any]:
            return self.batches([name]).each(lambda batch: batch.text(name))

        looked_up = self.index if self.is_indexed else self.__dict__.get("index")
        ids, missing = repeated(read) if looked_up is None else (shared(read, looked_up.again), looked_up.missing)
        return pa.concat_arrays([ids, pa.nulls(1, pa.string())]) if missing and self.fields[name].required else ids

    @cached_property
    def repeats(self) -> Repeats | None:
        """The rows that say again what another said before, all cells alike; None where no two share an id."""
        shared = self.shared_ids.drop_null()
        if self.source.again is not None:
            return Repeats(self.source.again(), NO_ROWS, shared)
        if not len(shared):
            return None
        fields = {column: name for name, column in self.columns.items()}
        # A column called case_id that nobody reads, since case_id is read from another one, says something, too.
        hidden = {
            column: f"{column} itself" for column in self.columns if column not in fields and column in self._there
        }
        names = {**self.columns, **{name: column for column, name in hidden.items()}}
        every = [fields.get(column, hidden.get(column, column)) for column in self.source.names]
        table = replace(self, reading=replace(self.reading, columns=names))
        return repeats_among(table.batches(every), str(self.id_field), shared)

    def repeats_in(self, offset: int, size: int) -> Truths | None:
        """Return which rows of a batch say again what another said before; None where none does."""
        if not self.finds_repeats or self.repeats is None:
            return None
        again = np.zeros(size, np.bool_)
        rows = self.repeats.rows - offset
        again[rows[(rows >= 0) & (rows < size)]] = True
        return again

    @cached_property
    def doubtful_ids(self) -> Any:
        """The ids, as Arrow text, that records share which differ; a missing one among them where a record has none.

        None where every record has an id of its own, or none is looked for: then nobody need read ids again.
        """
        if not self.finds_repeats:
            return None
        ids = self._differing_ids
        return ids if ids is not None and len(ids) else None

    @property
    def _differing_ids(self) -> Any:
        import pyarrow as pa

        if self.source.differing is not None:
            return self.source.differing()
        if self.repeats is None:
            return self.shared_ids
        missing = self.shared_ids.null_count  # 1 where a record has no id
        return pa.concat_arrays([self.repeats.differing, pa.nulls(missing, pa.string())])


def left_out_of(tables: Iterable[Table]) -> tuple[str, ...]:
    """Return the notes on what was left out of some tables: rows that are no records, and looking for repeated ids.

    They have to be read: rows that are handed over one after the other are seen only then.
    """
    notes = (note for table in tables for note in (*table.source.notes, *[NOT_LOOKED_FOR] * table.leaves_repeats))
    return tuple(dict.fromkeys(notes))


def worked_out_once(table: Table, needed: Sequence[str]) -> tuple[Table, list[str]]:
    """Return a table that can be read again, and knows which ids its rows share; and the columns of it that are kept.

    These are the ones needed; or all, where rows share an id: whether they are alike is seen on all of their cells.
    What is worked out anew for each reading is read once, but where rows share an id.
    """
    once = replace(table, source=materialise_once(table.name, table.source, needed))
    if set(needed) >= set(table.source.names):
        return once, list(needed)
    shared = once.shared_ids
    some_share = len(shared) > shared.null_count
    if some_share and table.source.schema is not None:
        once = _in_full(table, rows=once.source.rows)
    else:
        once = replace(once, source=once.source._replace(shared=lambda: shared))
    return once, list(table.source.names if some_share else needed)


def _in_full(table: Table, *, rows: int | None) -> Table:
    """Return a table of all columns, worked out again. Raises ``RecordsError`` where that can't be done."""
    try:
        source = materialise_once(table.name, table.source)
    except RecordsError:
        source = None
    if source is None or source.rows != rows:
        raise RecordsError(
            f"{table.label}: rows share an id, and whether they are one record that was read twice is seen on all "
            "columns. They can't be read again, since what they are worked out from has been read. Give a table of "
            "them, such as relation.to_arrow_table()."
        )
    return replace(table, source=source)


def open_table(name: str, records: Any, reading: Reading = PLAIN) -> Table:
    """Return records in any form as a ``Table``.

    Raises ``RecordsError`` for what can't be read and for a renamed column that isn't there, ``OptionError``
    for a kind of records that there isn't.
    """
    if name not in RECORDS:
        raise OptionError(f"There are no records called {name!r}. {one_of(name, RECORDS)}")
    source = records if isinstance(records, Source) else open_source(name, records, reading.columns, reading.file)
    table = Table(name, source, reading, {} if source.zoned is None else source.zoned)
    names = table.source.names
    twice = [] if len(set(names)) == len(names) else [column for column in names if names.count(column) > 1]
    if twice:
        raise RecordsError(f"{table.label} has two columns called {twice[0]!r}. Rename one of them.")
    _refuse_swapped(table)
    for own, column in table.columns.items():
        if column not in table.source.names:
            raise RecordsError(
                f"{table.label} has no column {column!r}, which columns= names for {own!r}. "
                f"{one_of(column, table.source.names)}"
                + (" If other records have it, name them: [values.requests]." if own in {MET, OF} else "")
            )
    for own in reading.dates if isinstance(reading.dates, Mapping) else ():
        if not table.is_time(own) or (own not in table.fields and not table.has(own)):
            times = [item.name for item in table.fields.values() if item.kind == "time"]
            raise OptionError(f"dates= names a format for {own!r} of {name}, which isn't a time. {one_of(own, times)}")
    return table


def _refuse_swapped(table: Table) -> None:
    """Raise ``OptionError`` where names of columns stand before those of fields, as pandas' rename has them."""
    names, fields = table.source.names, table.fields
    swapped = {
        column: own for own, column in table.columns.items()
        if own in names and own not in fields and column in fields and column not in table.columns
    }  # fmt: skip
    if swapped:
        raise OptionError(
            f"columns= names the columns of {table.name} the wrong way round: the field stands first, and then what "
            f"its column is called. Write it as columns={ {table.name: swapped} }, or so in the file of --columns."
        )
