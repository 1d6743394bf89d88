"""Where records come from: named columns, read in batches of rows, as often as is wanted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ombudsman_kpi.arrays.arrow_memory import refuse_broken
from ombudsman_kpi.arrays.threads import Parts
from ombudsman_kpi.errors import RecordsError

BATCH = 1 << 17  # rows at a time: few enough for the cache, enough for what a batch costs in Python not to matter

Dates = str | Mapping[str, str] | None  # one format for all, or one for each field


Locate = Callable[[int, str | None], str]  # (which row, from 0, the name of a column if there is one) -> "row 12"


class Rows(dict[str, Any]):
    """Rows by column, of one file or table of several: its name, how many rows came before it, whether it's pandas'.

    ``times`` are those that were read of it, by field, where the same rows are handed over again and again.
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        place: str,
        before: int,
        *,
        is_pandas: bool,
        locate: Locate | None = None,
        times: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(columns)
        self.place, self.before, self.is_pandas, self.locate = place, before, is_pandas, locate
        self.times = {} if times is None else times

    def of(self, columns: Mapping[str, Any]) -> "Rows":
        """Return other columns of the same rows."""
        return Rows(
            columns, self.place, self.before, is_pandas=self.is_pandas, locate=self.locate, times=self.times
        )  # fmt: skip


class Source(NamedTuple):
    """Where records come from: the columns it has, and how to read some of them in batches of rows."""

    names: tuple[str, ...]
    read: Callable[[list[str]], Iterator[Mapping[str, Any]]]  # gives `Parts` where there are several to be read at once
    is_pandas: bool = False
    place: str = ""
    rows: int | None = None  # how many, where that is known
    schema: Any = None  # of what is worked out anew for each reading, its Arrow schema; rows may change places then
    zoned: dict[str, bool] | None = None  # which times have zones, as far as was read, of what it is a part of
    shared: Callable[[], Any] | None = None  # gives the ids that rows share, where others have looked for them
    differing: Callable[[], Any] | None = None  # gives those of them whose rows differ, where others have looked
    again: Callable[[], Any] | None = None  # gives the rows that say another again, where others have seen all cells
    only_dates: Callable[[str], bool] | None = None  # tells of a field what ``Table`` can't, which sees a part alone
    is_part: bool = False  # others hold the rest of the records
    is_alone: bool = False  # there is only one record, which has an id
    notes: Sequence[str] = ()  # what was left out, since it is no record
    locate: Locate | None = None  # how errors name a row, where that isn't its place among the records
    types: Mapping[str, Any] = {}
    total: Mapping[str, Any] | None = None  # what a total row below the records says, which was left out


def concatenated(parts: Sequence[Source], place: str) -> Source:
    """Return several sources, one after the other, as one; a column that one of them lacks is an error, not empty."""
    names = tuple(dict.fromkeys(name for part in parts for name in part.names))

    def refuse(part: Source, lacking: str) -> Iterator[Any]:
        raise RecordsError(
            f"{part.place} has no column {lacking!r}, which others of {place} have. Add it there, empty where "
            "nothing is known, or give what has the same columns."
        )

    def read(wanted: list[str]) -> Iterator[Rows]:
        reads: list[Iterator[Mapping[str, Any]]] = []
        for part in parts:
            lacking = next((name for name in wanted if name not in part.names), None)
            if lacking is None:
                reads.append(part.read(wanted))
            else:
                reads.append(Parts([partial(refuse, part, lacking)], [part.rows or 0]))
        return _side_by_side(parts, reads) if all(isinstance(one, Parts) for one in reads) else _in_turn(parts, reads)

    rows = [part.rows for part in parts]
    whole = None if None in rows else sum(number or 0 for number in rows)
    notes = tuple(note for part in parts for note in part.notes)
    types = {name: kind for name, kind in parts[0].types.items() if all(part.types.get(name) == kind for part in parts)}
    is_pandas = any(part.is_pandas for part in parts)
    return Source(names, read, is_pandas=is_pandas, place=place, rows=whole, notes=notes, types=types)


def _in_turn(sources: Sequence[Source], reads: Iterable[Iterator[Mapping[str, Any]]]) -> Iterator[Rows]:
    before = 0
    for source, read in zip(sources, reads, strict=True):
        size = 0
        for rows in _named(source, before, read):
            yield rows
            size += len(next(iter(rows.values()), ()))
        before += size


def _side_by_side(sources: Sequence[Source], reads: Sequence[Any]) -> Parts[Rows]:
    """Return the parts of several sources, each of which knows how many rows it has, as those of one."""
    named, before = [], 0
    for source, read in zip(sources, reads, strict=True):
        named += [lambda source=source, before=before, part=part: _named(source, before, part()) for part in read.parts]
        before += sum(read.rows)
    return Parts(named, [rows for read in reads for rows in read.rows])


def _named(source: Source, before: int, read: Iterable[Mapping[str, Any]]) -> Iterator[Rows]:
    for columns in read:
        yield Rows(columns, source.place, before, is_pandas=source.is_pandas, locate=source.locate)


def intact(label: str, columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return Arrow columns that somebody handed over; ``RecordsError`` where one isn't laid out as Arrow says."""
    for name, column in columns.items():
        try:
            refuse_broken(column)
        except ValueError as error:
            raise RecordsError(
                f"{label}: {name} isn't laid out in memory as Arrow has it: {error}. The program that handed it over "
                "is at fault; let it write a file, and give the path of that."
            ) from None
    return columns
