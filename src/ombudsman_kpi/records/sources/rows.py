"""Records as rows, mappings or the models of the vocabulary: their cells become columns, read like any other column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from threading import Lock
from typing import Any

from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.vocabulary import COUNT, OF, PERIOD, RECORDS, fields_of, values_of

AHEAD = 1 << 12  # rows that are taken when they are opened, to learn the names of their cells


def open_rows(name: str, rows: Iterable[Any], columns: Mapping[str, str]) -> Source:
    """Return rows as a source. Mappings may have the caller's own names.

    A field that no row has is an empty column, but for a required one, for one that another can stand in for, and for
    an id that says what a row belongs to. A published table, whose rows have a count and the label of a period, or a
    number met and a total, has the columns of its rows alone; and rows with a count have no ids but those that they
    say.

    Rows that come one after the other are taken as far as somebody reads, so that what is wrong in an early row is
    told before a late one is taken. Raises ``RecordsError`` for what is no row.
    """
    taken = _Taken(name, rows)
    there = taken.names
    counted, dated = (columns.get(own, own) in there for own in (COUNT, PERIOD))
    implied = () if OF in columns or (counted and dated) else _implied(name, any_row=bool(taken.rows))
    absent = [columns.get(own, own) for own in implied if not counted or own != RECORDS[name].id_field]
    taken.names = dict.fromkeys([*there, *absent])
    return Source(tuple(taken.names), taken.read, rows=len(taken.rows) if taken.is_all else None)


class _Taken:
    """The rows that were taken so far, as the cells of each by name, and those that are still to come."""

    def __init__(self, name: str, rows: Iterable[Any]) -> None:
        self._name, self._coming, self._turn = name, iter(rows), Lock()
        self.rows: list[Mapping[str, Any]] = []
        self.is_all = False
        self.names: dict[str, None] = {}
        self._take(len(rows) + 1 if isinstance(rows, Sequence) else AHEAD)
        self.names = dict.fromkeys(chain.from_iterable(self.rows))

    def _take(self, most: int) -> None:
        """Take further rows. Raises ``RecordsError`` where one has a cell that none of the first had."""
        begin = len(self.rows)
        for row in islice(self._coming, most):
            cells = _cells_of(self._name, row, len(self.rows))
            if self.names and not cells.keys() <= self.names.keys():
                late = next(iter(cells.keys() - self.names.keys()))
                raise RecordsError(
                    f"{self._name} row {len(self.rows)} is the first that has {late!r}. Rows that come one after the "
                    f"other are read before the last is known: give a list of them, or {late!r} in the first row too."
                )
            self.rows.append(cells)
        self.is_all = len(self.rows) - begin < most

    def read(self, wanted: list[str]) -> Iterator[dict[str, list[Any]]]:
        """Read some columns from the beginning, and take further rows where nobody has yet."""
        place = 0
        while True:
            with self._turn:
                if place >= len(self.rows) and not self.is_all:
                    self._take(source.BATCH)
                part = self.rows[place : place + source.BATCH]
            if place and not part:
                return
            yield {column: [row.get(column) for row in part] for column in wanted}
            place += max(len(part), 1)


def _cells_of(name: str, row: Any, place: int) -> Mapping[str, Any]:
    """Return the cells of a row by name; of a model those fields that somebody set."""
    if isinstance(row, RECORDS[name]):
        return values_of(row)
    if not isinstance(row, Mapping):
        raise RecordsError(
            f"{name} row {place}: a value of the kind {type(row).__name__} stands where a mapping should, or a "
            f"{RECORDS[name].__name__}."
        )
    for key in row:
        if not isinstance(key, str):
            raise RecordsError(f"{name} row {place}: a column is named by a {type(key).__name__}, not by text.")
    return row


@lru_cache(maxsize=256)
def _implied(name: str, *, any_row: bool) -> list[str]:
    """Return the fields that are there although no row has them; those that one must have where there is no row."""
    said = [item.name for item in fields_of(name).values() if item.required] + [*RECORDS[name].belongs_by]
    others = [item.name for item in fields_of(name).values() if item.falls_back_to is None]
    return [own for own in others if not (any_row and own in said)]
