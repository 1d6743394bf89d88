"""One record, or the events of one case, as tables, for the rules that read tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import COUNT, PERIOD, RECORDS, Record, cell_of, fields_of


@dataclass(frozen=True)
class RecordTable(Table):
    """The table of one record. A user's own field that the record lacks is an empty cell."""

    @classmethod
    def of(cls, record: Record, kind: str) -> "RecordTable":
        """Return the table of one record, which has been validated."""
        own_id = getattr(record, RECORDS[kind].id_field or "", None)
        source = source_of([record], kind)
        if own_id and not own_id.isspace():  # it shares it with nobody
            source = source._replace(is_alone=True)
        return cls(kind, source)

    def has(self, name: str) -> bool:
        """Return whether the table has a field. It has every field that the vocabulary doesn't name."""
        return name in self._there or (name not in self.fields and name not in {COUNT, PERIOD})


class Cells(dict[str, list[Any]]):
    """The columns of one record, each with one cell; an absent field is an empty cell."""

    @classmethod
    def of(cls, record: Record, names: Iterable[str]) -> "Cells":
        """Return the columns of one record by name."""
        held, own = record.__dict__, record.model_extra or {}
        return cls({name: [held[name] if name in held else own.get(name)] for name in names})

    def __missing__(self, name: str) -> list[Any]:
        return [None]


def source_of(records: Sequence[Record], kind: str) -> Source:
    """Return records of one kind, which have been validated, as a source."""
    given = frozenset[str]().union(*(record.model_fields_set for record in records))
    extra = dict.fromkeys(name for record in records for name in record.model_extra or ())
    names = (*_declared(kind, given), *extra)

    def read(wanted: list[str]) -> Iterator[dict[str, list[Any]]]:
        yield {name: [cell_of(record, name) for record in records] for name in wanted}

    return Source(names, read, rows=len(records))


@lru_cache(maxsize=256)
def _declared(kind: str, given: frozenset[str]) -> tuple[str, ...]:
    """Return the fields of records. Another field can stand in for one only where that isn't given."""
    return tuple(item.name for item in fields_of(kind).values() if item.falls_back_to is None or item.name in given)


def time_of(record: Record, name: str) -> date | None:
    """Return a time as a record has it; None where it has none there, or text that is no real date or time."""
    cell = cell_of(record, name)
    return cell if isinstance(cell, date) else None
