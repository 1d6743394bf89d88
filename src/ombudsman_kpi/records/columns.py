"""The columns of one kind of record: the fields that they stand for, and the caller's names and formats of dates."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.calendars.periods import Period, parse_period
from ombudsman_kpi.errors import Lack, OptionError, RecordsError, one_of
from ombudsman_kpi.records.cells.forms import formats_of
from ombudsman_kpi.records.reading import PLAIN, Reading
from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.vocabulary import COUNT, MET, OF, PERIOD, RECORDS, Field, fields_of


@dataclass(frozen=True)
class Columns(ABC):
    """The columns of one kind of record: what the vocabulary and the caller say of them.

    What rows have to be read for is declared here, and left to ``Table``, which reads them in batches.
    """

    name: str
    source: Source
    reading: Reading = PLAIN
    zoned: dict[str, bool] = field(default_factory=dict, repr=False)  # which fields have zones, as far as was read

    @property
    def columns(self) -> Mapping[str, str]:
        """The caller's names of fields."""
        return self.reading.columns

    @property
    def label(self) -> str:
        """How errors name it."""
        return f"{self.name} ({self.source.place})" if self.source.place else self.name

    @property
    def fields(self) -> dict[str, Field]:
        """The vocabulary of this kind of record."""
        return fields_of(self.name)

    @property
    def id_field(self) -> str | None:
        """The field that no two records share."""
        return RECORDS[self.name].id_field

    @property
    def named_by(self) -> str | None:
        """The field that names a record for its reader: its id, or else its case's; None where there is none."""
        names = (self.id_field, "case_id")
        return next((name for name in names if name is not None and self.has(name)), None)

    def has(self, name: str) -> bool:
        """Return whether a field's column, under its own or the caller's name, is there."""
        return self.columns.get(name, name) in self._there

    @cached_property
    def _there(self) -> frozenset[str]:
        return frozenset(self.source.names)

    @property
    def has_shares(self) -> bool:
        """Return whether each row says how many records it stands for, and how many of them met the target."""
        return MET in self.columns

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of numbers of records, of which the last says how many each row stands for; none: each is one.

        A column ``count`` says so where rows have no ids, or by name.
        """
        if self.has_shares:
            return MET, OF
        return (COUNT,) if self.has(COUNT) and (COUNT in self.columns or self.named_by is None) else ()

    @property
    def is_weighted(self) -> bool:
        """Return whether a column says how many records each row stands for."""
        return bool(self.numbers)

    @property
    def is_published(self) -> bool:
        """Return whether it is a published table: rows with a number of records and the label of a period."""
        return self.is_weighted and self.has(PERIOD)

    def dated_by_period(self, name: str) -> bool:
        """Return whether the label of a period stands for a time, as it does in a published table."""
        return not self.has(name) and self.is_published and self.is_time(name)

    def period_of(self, label: str) -> Period:
        """Read the label of a period. Raises ``RecordsError`` for any other text."""
        try:
            return parse_period(label, self.reading.quarters)
        except OptionError as error:
            raise RecordsError(
                f"{self.label}: {self.column_of(PERIOD)} has a label that can't be read: {error}"
            ) from None

    def is_time(self, name: str) -> bool:
        """Return whether a field holds times: those of the vocabulary, and any other that ends in ``_at``."""
        return self.fields[name].kind == "time" if name in self.fields else name.endswith("_at")

    def known_from(self, name: str) -> str | None:
        """Return the field from whose day another is known: a decision's kind from ``decided_at``."""
        source = self.fields[name].known_from if name in self.fields else None
        return source if source is not None and self.has(source) else None

    def column_of(self, name: str) -> str:
        """Return the caller's name of a field."""
        return self.columns.get(name, name)

    def form_of(self, name: str) -> str | None:
        """Return the caller's format for dates in text."""
        dates = self.reading.dates
        return dates if isinstance(dates, str) or dates is None else dates.get(name)

    def resolve(self, name: str, needed_by: str) -> str:
        """Return the field that stands for one: itself, or what it falls back to where the column is absent.

        Raises ``RecordsError`` with the columns that are there.
        """
        if self.has(name) or self.dated_by_period(name):
            return name
        declared = self.fields.get(name)
        if declared is not None and declared.falls_back_to is not None:
            return self.resolve(declared.falls_back_to, needed_by)
        raise self.lacks(name, needed_by)

    def lacks(self, name: str, needed_by: str) -> RecordsError:
        """Return the error of a field that isn't there."""
        wanted = self.column_of(name)
        error = RecordsError(
            f"{self.label} has no column {wanted!r}, which {needed_by} needs. "
            f"{one_of(wanted, self.source.names, but=self.fields)} If it has another name there, say so: "
            f"columns={{{self.name!r}: {{{name!r}: '…'}}}}, or in the file of --columns; or leave the target out with "
            "targets=."
        )
        error.lacking = [Lack(self.name, name, needed_by)]
        return error

    def lacks_several(self, needs: Mapping[str, str]) -> RecordsError:
        """Return the error of fields that aren't there, one or several, each with what needs it."""
        if len(needs) == 1:
            return self.lacks(*next(iter(needs.items())))
        lines = [f"- no column {self.column_of(name)!r}, which {needed_by} needs" for name, needed_by in needs.items()]
        names = ", ".join(f"{name!r}: '…'" for name in needs)
        remedy = (
            f"It has: {', '.join(self.source.names)}. Say which they are: columns={{{self.name!r}: {{{names}}}}}, or "
            "in the file of --columns; or leave targets out with targets=."
        )
        return RecordsError("\n".join([f"{self.label}: several columns aren't there:", *lines, remedy, *self._forms()]))

    def _forms(self) -> Iterator[str]:
        """Yield what the formats of dates are in columns of text, as far as the first rows tell."""
        by_format: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for column, cells in next(iter(self.source.read(list(self.source.names))), {}).items():
            by_format[tuple(formats_of(cells))].append(column)
        for formats, columns in by_format.items():
            if formats:
                said = " or ".join(f"dates={{{self.name!r}: {form!r}}}" for form in formats[:2])
                yield f"Dates in {', '.join(columns)} aren't in ISO 8601. Say how they are written: {said}."

    @property
    @abstractmethod
    def shared_ids(self) -> Any:
        """The ids, as Arrow text, that more than one row has, whatever else is in them; a missing one is null."""

    @property
    @abstractmethod
    def doubtful_ids(self) -> Any:
        """The ids that records share which differ; None where every record has one of its own."""

    @abstractmethod
    def repeats_in(self, offset: int, size: int) -> Truths | None:
        """Return which rows of a batch say again what another said before; None where none does."""

    @abstractmethod
    def only_dates(self, name: str) -> bool:
        """Return whether a whole column, in every batch, holds dates without a time of day."""
