"""One record as a table of one row, so that the rules for many records read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ombudsman_kpi.records.batch import COUNT, PERIOD
from ombudsman_kpi.records.tables import Table, open_table
from ombudsman_kpi.records.vocabulary import Record


@dataclass(frozen=True)
class RecordTable(Table):
    """The table of one record: a field of one's own that the record doesn't have is an empty cell of it."""

    @classmethod
    def of(cls, record: Record, kind: str) -> "RecordTable":
        """Return the table of one record."""
        table = open_table(kind, record, None, None)
        return cls(table.name, table.source, table.columns, table.dates, table.zoned)

    def has(self, name: str) -> bool:
        """Tell whether there is a field: all are that the vocabulary doesn't name, empty or not."""
        return super().has(name) or (name not in self.fields and name not in {COUNT, PERIOD})


class Cells(dict[str, list[Any]]):
    """The columns of one record, each of one cell; what it doesn't have is an empty cell."""

    @classmethod
    def of(cls, record: Record, names: Iterable[str]) -> "Cells":
        """Return the columns of one record by name."""
        held, own = record.__dict__, record.model_extra or {}
        return cls({name: [held[name] if name in held else own.get(name)] for name in names})

    def __missing__(self, name: str) -> list[Any]:
        return [None]
