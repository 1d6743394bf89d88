"""One record as a table with one row, for the rules that read tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ombudsman_kpi.records.tables import Table, open_table
from ombudsman_kpi.records.vocabulary import COUNT, PERIOD, Record


@dataclass(frozen=True)
class RecordTable(Table):
    """The table of one record. A user's own field that the record lacks is an empty cell."""

    @classmethod
    def of(cls, record: Record, kind: str) -> "RecordTable":
        """Return the table of one record."""
        table = open_table(kind, record)
        return cls(table.name, table.source, table.reading, table.zoned)

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
