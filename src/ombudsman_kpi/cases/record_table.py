"""One record as a table with one row, for the rules that read tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ombudsman_kpi.records.columns import COUNT, PERIOD
from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import RECORDS, Record, fields_of


@dataclass(frozen=True)
class RecordTable(Table):
    """The table of one record. A user's own field that the record lacks is an empty cell."""

    @classmethod
    def of(cls, record: Record, kind: str) -> "RecordTable":
        """Return the table of one record, which has been validated."""
        names = _declared(kind, frozenset(record.model_fields_set))
        own_id = getattr(record, RECORDS[kind].id_field or "", None)
        source = Source(
            (*names, *(record.model_extra or ())),
            lambda wanted: iter([Cells.of(record, wanted)]),
            rows=1,
            doubtful=(lambda: None) if own_id and not own_id.isspace() else None,  # one id is shared with nobody
        )
        return cls(kind, source, {}, None)

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


@lru_cache(maxsize=256)
def _declared(kind: str, given: frozenset[str]) -> tuple[str, ...]:
    """Return the fields of a record. Another field can stand in for one only where that isn't given."""
    return tuple(item.name for item in fields_of(kind).values() if item.falls_back_to is None or item.name in given)
