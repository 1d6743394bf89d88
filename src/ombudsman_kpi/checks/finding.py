"""What a check finds: a rule, where it was broken, how often, and what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from ombudsman_kpi.arrays.types import Integers, Truths

Severity = Literal["error", "warning", "note"]
SHOWN = 5  # rows, ids and values of a finding

Seen = TypeVar("Seen")
Found = TypeVar("Found")


@dataclass(frozen=True)
class CheckFinding:
    """One rule that some records break in one way: how many, the first of them, and what to do.

    ``rows`` are counted as in errors: from 0, in their own file. ``ids`` stand beside them. ``values`` are what the
    cells hold, and empty unless that was asked for.
    """

    severity: Severity
    rule: str
    says: str
    remedy: str
    records: str | None = None
    field: str | None = None
    file: str | None = None
    count: int = 1
    rows: tuple[int, ...] = ()
    ids: tuple[str | None, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def row(self) -> int | None:
        """The first row; None for what is in no single row."""
        return self.rows[0] if self.rows else None

    @property
    def id(self) -> str | None:
        """The id of the first row."""
        return self.ids[0] if self.ids else None

    @property
    def place(self) -> str:
        """Where it is, in words: the records, the file, the first rows and their ids."""
        words = [self.records.replace("_", " ") if self.records else "", f"({self.file})" if self.file else ""]
        if self.rows:
            named = [
                f"{row}" if name is None else f"{row} ({name})"
                for row, name in zip(self.rows, self.ids or (None,) * len(self.rows), strict=True)
            ]
            more = ", …" if self.count > len(self.rows) else ""
            words.append(f"row{'' if self.count == 1 else 's'} {', '.join(named)}{more}")
        elif self.ids:  # of cases that were made of events
            words.append(", ".join(str(name) for name in self.ids) + (", …" if self.count > len(self.ids) else ""))
        return " ".join(word for word in words if word)

    def __str__(self) -> str:
        times = f" ({self.count:,} times)" if self.count > 1 else ""
        values = f" [{', '.join(self.values)}]" if self.values else ""
        place = f"{self.place}: " if self.place else ""
        return f"{place}{self.says}{times}.{values} {self.remedy}"


class Mark(NamedTuple):
    """Rows of a batch that break a rule in one way."""

    says: str
    where: Truths
    field: str | None = None


class Spot(NamedTuple):
    """What breaks a rule in records as a whole: rows, numbered through all files, or none in particular."""

    says: str
    records: str | None = None
    field: str | None = None
    rows: Integers | None = None
    times: int | None = None  # where that isn't the number of rows
    remedy: str | None = None  # where the rule's own is too general


@dataclass(frozen=True)
class CheckRule(Generic[Seen, Found]):
    """A rule that records are checked by: a short stable id, what it means, and what to do."""

    id: str
    severity: Severity
    sentence: str
    remedy: str
    find: Callable[[Seen], Iterator[Found]]


AnyRule = CheckRule[Any, Any]
