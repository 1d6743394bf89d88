"""Records as columns of the vocabulary: the caller's source, columns and formats of dates, read in batches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ombudsman_kpi.calendars.periods import Period, parse_period
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.records.batch import COUNT, PERIOD, Batch
from ombudsman_kpi.records.opening import open_source
from ombudsman_kpi.records.source import Dates, Rows, Source
from ombudsman_kpi.records.vocabulary import RECORDS, Field, fields_of

if TYPE_CHECKING:
    from ombudsman_kpi.arrays.ids import Index


@dataclass(frozen=True)
class Table:
    """One kind of record: where it comes from, and what the caller said of its columns and dates."""

    name: str
    source: Source
    columns: Mapping[str, str]
    dates: Dates
    zoned: dict[str, bool] = field(default_factory=dict, repr=False)  # which fields have zones, as far as was read

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
    def is_published(self) -> bool:
        """Return whether it is a published table: rows with a count and the label of a period, without ids."""
        return self.has(COUNT) and self.has(PERIOD)

    def dated_by_period(self, name: str) -> bool:
        """Return whether the label of a period stands for a time, as it does in a published table."""
        return not self.has(name) and self.is_published and self.is_time(name)

    def period_of(self, label: str) -> Period:
        """Read the label of a period. Raises ``RecordsError`` for any other text."""
        try:
            return parse_period(label)
        except OptionError as error:
            raise RecordsError(
                f"{self.label}: {self.column_of(PERIOD)} has a label that can't be read: {error}"
            ) from None

    @cached_property
    def periods(self) -> frozenset[Period]:
        """The periods that the rows of a published table are labelled with."""
        import pyarrow.compute as pc

        labels = {label for batch in self.batches([PERIOD]) for label in pc.unique(batch.text(PERIOD)).to_pylist()}
        return frozenset(self.period_of(label) for label in labels if label is not None)

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
        return self.dates if isinstance(self.dates, str) or self.dates is None else self.dates.get(name)

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
        return RecordsError(
            f"{self.label} has no column {wanted!r}, which {needed_by} needs. "
            f"{one_of(wanted, self.source.names, but=self.fields)} If it has another name there, say so: "
            f"columns={{{self.name!r}: {{{name!r}: '…'}}}}, or in the file of --columns; or leave the target out with "
            "targets=."
        )

    def batches(self, names: Iterable[str]) -> Iterator[Batch]:
        """Read some fields, a batch of rows at a time."""
        names = [PERIOD if self.dated_by_period(name) else name for name in names]
        for name in names:
            if not self.has(name):
                raise self.lacks(name, "this measure")
        wanted = {name: self.column_of(name) for name in names}
        offset = 0
        for columns in self.source.read(list(dict.fromkeys(wanted.values()))):
            rows = columns if isinstance(columns, Rows) else Rows(columns, "", 0, is_pandas=self.source.is_pandas)
            fields = {name: rows[column] for name, column in wanted.items()}
            batch = Batch(self, offset, fields, rows.place, rows.before, rows.is_pandas)
            yield batch
            offset += len(batch)

    def only_dates(self, name: str) -> bool:
        """Return whether a whole column, in every batch, holds dates without a time of day."""
        rows = 0
        for batch in self.batches([name]):
            times = batch.times(name)
            rows += int(times.present.sum()) if times.midnight_is_date else 2
            if not (times.dates_alone() | ~times.present).all():
                return False
        return rows > 1  # the one call of a table may well have come at midnight

    @cached_property
    def index(self) -> "Index":
        """In which row each id stands."""
        from ombudsman_kpi.arrays.ids import Index

        name = str(self.id_field)
        return Index.of(batch.text(name) for batch in self.batches([name]))

    @cached_property
    def doubtful_ids(self) -> Any:
        """The ids, as Arrow text, that more than one record has; a missing one among them where a record has none.

        None where every record has an id of its own, or none is looked for: then nobody need read ids again.
        """
        if self.id_field is None or not self.has(self.id_field):
            return None
        if self.source.doubtful is not None:
            return self.source.doubtful()

        import pyarrow as pa

        from ombudsman_kpi.arrays.ids import repeated, shared

        name = self.id_field

        def read() -> Iterator[Any]:
            return (batch.text(name) for batch in self.batches([name]))

        looked_up = self.__dict__.get("index")  # then all of them have been looked at
        ids, missing = repeated(read) if looked_up is None else (shared(read, looked_up.again), looked_up.missing)
        if self.fields[name].required and missing:
            ids = pa.concat_arrays([ids, pa.nulls(1, pa.string())])
        return ids if len(ids) else None


def open_table(name: str, records: Any, columns: Mapping[str, str] | None, dates: Dates) -> Table:
    """Return records in any form as a ``Table``.

    Raises ``RecordsError`` for what can't be read and for a renamed column that isn't there, ``OptionError``
    for a kind of records that there isn't.
    """
    if name not in RECORDS:
        raise OptionError(f"There are no records called {name!r}. {one_of(name, RECORDS)}")
    source = records if isinstance(records, Source) else open_source(name, records, dict(columns or {}), dates)
    table = Table(name, source, dict(columns or {}), dates, {} if source.zoned is None else source.zoned)
    names = table.source.names
    twice = [] if len(set(names)) == len(names) else [column for column in names if names.count(column) > 1]
    if twice:
        raise RecordsError(f"{table.label} has two columns called {twice[0]!r}. Rename one of them.")
    for own, column in table.columns.items():
        if column not in table.source.names:
            raise RecordsError(
                f"{table.label} has no column {column!r}, which columns= names for {own!r}. "
                f"{one_of(column, table.source.names)}"
            )
    for own in () if dates is None or isinstance(dates, str) else dates:
        if not table.is_time(own) or (own not in table.fields and not table.has(own)):
            times = [item.name for item in table.fields.values() if item.kind == "time"]
            raise OptionError(f"dates= names a format for {own!r} of {name}, which isn't a time. {one_of(own, times)}")
    return table
