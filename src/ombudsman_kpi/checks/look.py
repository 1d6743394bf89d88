"""One batch of records as a check looks at it, and what a whole pass over them leaves behind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import Field


@dataclass(eq=False)
class Look:
    """A batch, the fields of it that can be read, and the rules of the scheme for its kind of records."""

    known: AsKnownBatch
    rules: Sequence[Rule]
    related: Related
    fields: Mapping[str, Field]
    kinds: frozenset[str] | None  # that some target uses; None where each kind is used
    worked_out: dict[str, Any]  # of all batches, what several rules need
    refused: dict[str, str]  # targets that can't be measured, and why; what is found out here is added

    @property
    def batch(self) -> Batch:
        """The batch as it was read."""
        return self.known.batch

    @property
    def table(self) -> Table:
        """The records that it is of."""
        return self.related.tables[self.batch.table.name]

    def of_kind(self, *kinds: str) -> Iterator[str]:
        """Yield the fields of some kinds that are there: time, choice, truth or text."""
        return (name for name, item in self.fields.items() if item.kind in kinds)


@dataclass(eq=False)
class BatchSeen:
    """What is kept of a batch: where it stands, its ids, the days of its times, what shares an id, what was found."""

    offset: int
    before: int
    place: str
    size: int
    ids: Any
    days: Mapping[str, Integers]
    sharing: Integers  # places of the records that share an id, or lack one
    prints: Any  # of whole rows, where they have no id
    found: Sequence[tuple[str, str, str | None, int, Integers]]  # rule, says, field, how many, the first places


@dataclass(eq=False)
class KindSeen:
    """What is kept of one kind of records."""

    table: Table
    parts: list[BatchSeen] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)  # of a field, why its column can't be read

    @cached_property
    def size(self) -> int:
        """How many rows there are."""
        return sum(part.size for part in self.parts)

    def days(self, name: str) -> Integers:
        """Return the days of a time, in the scheme's zone; ``MISSING`` where there is none."""
        parts = [part.days.get(name, np.full(part.size, MISSING)) for part in self.parts]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def has_days(self, name: str) -> bool:
        """Return whether a time was read."""
        return any(name in part.days for part in self.parts)

    @property
    def started(self) -> str | None:
        """The time at which every record begins; None where it wasn't read."""
        times = (item.name for item in self.table.fields.values() if item.kind == "time" and item.required)
        return next((name for name in times if self.has_days(name)), None)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The files that rows stand in, where there are several."""
        return tuple(dict.fromkeys(part.place for part in self.parts if part.place))

    def part_of(self, row: int) -> BatchSeen:
        """Return the batch that a row stands in, numbered through all files."""
        offsets = [part.offset for part in self.parts]
        return self.parts[int(np.searchsorted(offsets, row, "right")) - 1]

    def id_of(self, row: int) -> str | None:
        """Return the id of a row."""
        part = self.part_of(row)
        text: str | None = None if part.ids is None else part.ids[row - part.offset].as_py()
        return text
