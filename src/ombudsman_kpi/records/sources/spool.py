"""Tables that come only once, written to the disk so that they can be read again; memory holds one at a time."""

import pickle
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.errors import RecordsError, no_room
from ombudsman_kpi.records.sources.source import Locate, Rows, Source


def spooled(name: str, tables: Iterator[Source], first: Source) -> Source:
    """Return tables that come one after the other as one source, which can be read as often as is wanted.

    They are taken as far as somebody reads, so that what is wrong in an early row is told before a late one is taken.
    """
    if len(set(first.names)) < len(first.names):  # two columns of one name, which is an error as soon as it is opened
        return first
    spool = _Spool(name, tables, first)
    return Source(first.names, spool.read, is_pandas=first.is_pandas, notes=spool.notes)


def spooled_at_once(name: str, tables: Iterator[Source], first: Source) -> Source:
    """Return tables as ``spooled`` does, all of them taken: nobody else can take some of them later."""
    source = spooled(name, tables, first)
    if source is first:
        return source
    rows = sum(len(next(iter(columns.values()), ())) for columns in source.read(list(first.names[:1])))
    return source._replace(rows=rows)


class _Run(NamedTuple):
    """A batch of rows in the file: where its bytes are, and of which table it is."""

    begin: int
    size: int
    place: str
    before: int  # how many rows the tables before have
    is_pandas: bool
    locate: Locate | None


class _Spool:
    """What was taken of some tables so far, and the tables that are still to be taken."""

    def __init__(self, name: str, tables: Iterator[Source], first: Source) -> None:
        self._name, self._first, self._tables = name, first, tables
        self._waiting: Source | None = first
        self._runs: list[_Run] = []
        self._taken, self._rows = 0, 0
        self.notes: list[str] = []  # of the tables that were taken
        self._failed: RecordsError | None = None
        self._file = _TemporaryFile()
        self._turn = Lock()

    def read(self, wanted: list[str]) -> Iterator[Mapping[str, Any]]:
        """Read some columns from the beginning, and take further tables where nobody has yet."""
        place = 0
        while True:
            with self._turn:
                while place == len(self._runs):
                    if not self._take():
                        return
                run = self._runs[place]
            columns = self._file.read(run.begin, run.size, wanted)
            yield Rows(columns, run.place, run.before, is_pandas=run.is_pandas, locate=run.locate)
            place += 1

    def _take(self) -> bool:
        """Take the next table; return whether there was one. What went wrong once is wrong at every reading."""
        if self._failed is not None:
            raise self._failed
        try:
            table, self._waiting = self._waiting or next(self._tables, None), None
            if table is not None:
                self._runs += self._runs_of(table, f"{self._name} batch {self._taken}")
                self._taken += 1
                self.notes += table.notes
        except BaseException as error:
            stopped = RecordsError(f"{self._name} could be read only in part, and only once. Give them anew.")
            self._failed = error if isinstance(error, RecordsError) else stopped
            raise
        return table is not None

    def _runs_of(self, table: Source, label: str) -> Iterator[_Run]:
        columns = self._first.names
        if set(table.names) != set(columns):
            other = next(name for name in (*columns, *table.names) if (name in columns) != (name in table.names))
            here = "lacks" if other in columns else "has"
            raise RecordsError(
                f"{label} {here} the column {other!r}, unlike those before it. Give all batches the same columns."
            )
        before = self._rows
        for rows in table.read(list(columns)):
            begin, size = self._file.write(label, rows)
            self._rows += len(next(iter(rows.values()), ()))
            yield _Run(begin, size, label, before, table.is_pandas, table.locate)


def to_arrow_array(label: str, name: str, column: Any) -> Any:
    """Return a column as Arrow has it. Raises ``RecordsError`` for a list of things of several kinds."""
    if not isinstance(column, list):
        return column
    import pyarrow as pa

    cells = [None if is_missing(cell) else cell for cell in column]
    kinds = {(type(cell), getattr(cell, "tzinfo", None) is None) for cell in cells if cell is not None}
    if kinds == {(UUID, True)}:  # which older releases of Arrow don't know
        cells = [cell and str(cell) for cell in cells]
    try:
        if len(kinds) < 2:
            return pa.array(cells)  # noqa: TID251 (of whatever the cells are)
    except (pa.ArrowException, TypeError, OverflowError):
        pass
    raise RecordsError(
        f"{label}: {name} mixes things of several kinds, or holds what no column of a table can. Make it one kind."
    )


class _TemporaryFile:
    """Batches on the disk, each with a schema of its own; the file has no name, and goes with whoever reads it."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="ombudsman-kpi-")  # noqa: SIM115 (the finalizer closes it)
        except OSError as error:
            raise no_room(error) from None
        self._end = weakref.finalize(self, self._file.close)
        self._turn = Lock()

    def write(self, label: str, columns: Mapping[str, Any]) -> tuple[int, int]:
        """Write a batch; return where in the file it begins, and how many bytes it has."""
        import pyarrow as pa

        cells = {
            name: _pickled(label, name, item) if isinstance(item, list) else item for name, item in columns.items()
        }
        fields = [
            pa.field(name, item.type, metadata=_OBJECTS if isinstance(columns[name], list) else None)
            for name, item in cells.items()
        ]
        batch = pa.record_batch([*cells.values()], schema=pa.schema(fields))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        content = sink.getvalue()
        try:
            with self._turn:
                begin = self._file.seek(0, 2)
                self._file.write(content)
                self._file.flush()
        except OSError as error:
            raise no_room(error) from None
        return begin, len(content)

    def read(self, begin: int, size: int, wanted: list[str]) -> dict[str, Any]:
        """Read some columns of a batch."""
        import pyarrow as pa

        with self._turn:
            self._file.seek(begin)
            content = self._file.read(size)
        names = pa.ipc.open_stream(content).schema.names
        options = pa.ipc.IpcReadOptions(included_fields=sorted(names.index(column) for column in wanted))
        batch = pa.ipc.open_stream(content, options=options).read_next_batch()
        return {column: _as_written(batch.column(column), batch.schema.field(column)) for column in wanted}


_OBJECTS = {"cells": "pickled"}  # marks a column of Python's objects


def _pickled(label: str, name: str, cells: list[Any]) -> Any:
    """Return a list of anything as an Arrow array, from which each cell comes back as it was."""
    import pyarrow as pa

    try:
        return pa.array([pickle.dumps(cell) for cell in cells], pa.binary())  # noqa: TID251
    except (pickle.PicklingError, TypeError, AttributeError):
        raise RecordsError(f"{label}: {name} holds things that can't be written down. Make them text first.") from None


def _as_written(column: Any, field: Any) -> Any:
    """Return a column as it was written."""
    if field.metadata is None or b"cells" not in field.metadata:
        return column
    return [pickle.loads(cell) for cell in column.to_pylist()]  # noqa: S301  (written by ourselves, to a file of our own)
