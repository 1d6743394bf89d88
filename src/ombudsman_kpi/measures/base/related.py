"""What a target must know beside the batch at hand: other records of the same case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_truths, integers, present
from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.clocks.has_clock import HasClock
from ombudsman_kpi.clocks.states import fields_of_conditions
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.contacts import TOLD, RowsOf, Told, rows_of_records, told_in
from ombudsman_kpi.events.log import Misfit, only_dates
from ombudsman_kpi.events.pauses import NO_PAUSES, Pauses, pauses_of
from ombudsman_kpi.events.reopenings import Again, Reopened, reopened_of
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.tables import Table

T = TypeVar("T")
F = TypeVar("F", bound="_Found")


class _Found(Protocol):
    """What was found in the events."""

    @property
    def understood(self) -> Understood:
        """How much was understood of them."""


class Targets(Setting, Protocol):
    """The targets of a scheme by their ids, with the calendar and the zone that they are counted by."""

    def __getitem__(self, target: str) -> object:
        """Return the declaration of a target by its id."""


@dataclass(frozen=True)
class Related:
    """All records that were provided, by kind; what is looked up in them is looked up once."""

    tables: Mapping[str, Table]
    as_of: AsOf
    scheme: Targets
    log: Mapping[Misfit, int] = field(default_factory=dict)  # what wasn't understood of the log that cases were made of
    whose: RowsOf | None = None  # in which row the case of each event stands, where somebody knows without looking
    kinds_told: Sequence[str] = TOLD  # the kinds of event that are read at once where one of them is asked for
    _found: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, what: tuple[Any, ...], find: Callable[[], T]) -> T:
        """Return something looked up in the records: the first time it is looked up, then remembered."""
        if what not in self._found:
            self._found[what] = find()
        found: T = self._found[what]
        return found

    def rows_of(self, kind: str = "cases") -> RowsOf:
        """Return what finds of events in which row their record of a kind stands."""
        return self.whose or self.once(("rows", kind), lambda: rows_of_records(self.tables[kind]))

    def told(self, kind: str) -> Told:
        """Return the contacts or explanations of each case, found in the events with all others that are needed."""
        events, rows_of = self.tables["events"], self.rows_of()
        kinds = self.kinds_told if kind in self.kinds_told else (kind,)
        return self.once(
            ("told", *kinds),
            lambda: self._understood("cases", told_in(events, rows_of, self.as_of, self.scheme, kinds)),
        )

    def pauses(self, kind: str, *, in_days: bool = True) -> Pauses:
        """Return when the clock of each record of a kind stood still, in days or in instants."""
        return self.once(
            ("pauses", kind, in_days), lambda: self.each_pause(kind, in_days=in_days).merged(in_days=in_days)
        )

    def each_pause(self, kind: str, *, in_days: bool) -> Pauses:
        """Return each pause of the records of a kind as it was found."""
        events, rows_of = self.tables["events"], self.rows_of(kind)
        return self.once(
            ("each pause", kind, in_days),
            lambda: self._understood(kind, pauses_of(events, kind, rows_of, self.as_of, self.scheme, in_days=in_days)),
        )

    def stood_still(self, target: HasClock, known: AsKnownBatch) -> Pauses:
        """Return when the clocks of a batch stood still: a pause is of the clock that runs when it begins.

        There are none where a target doesn't allow it.
        """
        if target.clock.pauses == "none":
            return NO_PAUSES
        kind, in_days, offset = target.of, target.in_days, known.batch.offset
        if not isinstance(known, Again):
            return self.pauses(kind, in_days=in_days).within(offset, offset + len(known.batch))
        pauses = self.each_pause(kind, in_days=in_days).within(offset, offset + int(known.record[-1]) + 1)
        return pauses.of_clocks(known.record, known.since).merged(in_days=in_days)

    def reopened(self, *, in_days: bool) -> Reopened:
        """Return what happened to the cases that were reopened. Raises ``RecordsError`` where it lacks times of day."""
        events, rows_of = self.tables["events"], self.rows_of()
        found = self.once(
            ("reopened",),
            lambda: self._understood("cases", reopened_of(events, rows_of, self.as_of, self.scheme)),
        )
        if not in_days and len(found.row) and not found.timed:
            raise only_dates(events, "reopenings")
        return found

    @property
    def understood(self) -> Understood:
        """How much was understood of the events that were looked up, of whatever records."""
        return sum((found for (what, *_), found in self._found.items() if what == "understood"), Understood())

    def _understood(self, kind: str, found: F) -> F:
        """Return what was found in the events for a kind of records. Raises ``RecordsError`` where none is understood.

        Nothing is said of a part of a log, nor of one in which a single record is looked up.
        """
        understood = found.understood
        if self.tables[kind].source.is_alone:
            return found
        if understood.events:
            understood = replace(understood, records=self.tables[kind].index.named)
        of_kind = "understood", kind  # where contacts were read, too, their numbers say more
        self._found[of_kind] = max(self._found.get(of_kind, understood), understood, key=lambda item: item.contacts)
        if not self.tables["events"].source.is_part:
            understood.refuse_none(self.tables)
        return found

    def last_days(self, records: str, conditions: Mapping[str, Condition]) -> tuple[Any, Integers]:
        """Return the cases (as Arrow text) that have a record of some kind, and the day when the last was received."""
        return self.once(
            ("last", records, repr(dict(conditions))), lambda: self._find_last(self.tables[records], conditions)
        )

    def _find_last(self, table: Table, conditions: Mapping[str, Condition]) -> tuple[Any, Integers]:
        import pyarrow as pa

        case, received_at = (table.resolve(name, "followed_by") for name in ("case_id", "received_at"))
        needed = [case, received_at, *fields_of_conditions(conditions, table, "followed_by")]
        ids, days = [], []
        for batch in table.batches(dict.fromkeys(needed)):
            known = AsKnownBatch(batch, self.as_of, self.scheme)
            received = known.moments("received_at")
            mask = received.usable & present(known.text("case_id"))
            for name, condition in conditions.items():
                mask &= known.fulfils(name, condition)
            ids.append(known.text("case_id").filter(arrow_truths(mask)))
            days.append(received.days[mask])
        encoded = pa.chunked_array(ids, pa.string()).combine_chunks().dictionary_encode()
        last = np.full(len(encoded.dictionary), MISSING)
        np.maximum.at(last, integers(encoded.indices, 0), np.concatenate(days) if days else np.empty(0, np.int64))
        return encoded.dictionary, last
