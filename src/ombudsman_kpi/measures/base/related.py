"""What a target must know beside the batch at hand: other records of the same case."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import integers, present
from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.clocks.states import fields_of_conditions
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.contacts import Contacts, RowsOf, contacts_of, rows_of_cases
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.events.pauses import Pauses, pauses_of
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.tables import Table


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
    _last: dict[str, tuple[Any, Integers]] = field(default_factory=dict, repr=False)

    @cached_property
    def rows_of(self) -> RowsOf:
        """Return of events in which row their case stands."""
        return self.whose or rows_of_cases(self.tables["cases"])

    @cached_property
    def contacts(self) -> Contacts:
        """The contacts and explanations of each case, found in the events."""
        contacts = contacts_of(self.tables["events"], self.rows_of, self.as_of, self.scheme)
        self._refuse_none(contacts.understood)
        return contacts

    @cached_property
    def pauses(self) -> Pauses:
        """When the clock of each case stood still."""
        pauses = pauses_of(self.tables["events"], self.rows_of, self.as_of, self.scheme)
        self._refuse_none(pauses.understood)
        return pauses

    @property
    def understood(self) -> Understood:
        """How much was understood of the events, if any were looked up."""
        read = (self.__dict__[name].understood for name in ("contacts", "pauses") if name in self.__dict__)
        return self._among_cases(next(read, Understood()))

    def _among_cases(self, understood: Understood) -> Understood:
        return replace(understood, cases=self.tables["cases"].index.named) if understood.events else understood

    def _refuse_none(self, understood: Understood) -> None:
        """Refuse a log of which nothing is understood, but no part of one, nor one that has a single case looked up."""
        if not (self.tables["events"].source.is_part or self.tables["cases"].source.is_alone):
            self._among_cases(understood).refuse_none(self.tables)

    def last_days(self, records: str, conditions: Mapping[str, Condition]) -> tuple[Any, Integers]:
        """Return the cases (as Arrow text) that have a record of some kind, and the day when the last was received."""
        name = f"{records} {dict(conditions)!r}"
        if name not in self._last:
            self._last[name] = self._find_last(self.tables[records], conditions)
        return self._last[name]

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
            ids.append(known.text("case_id").filter(pa.array(mask)))
            days.append(received.days[mask])
        encoded = pa.chunked_array(ids, pa.string()).combine_chunks().dictionary_encode()
        last = np.full(len(encoded.dictionary), MISSING)
        np.maximum.at(last, integers(encoded.indices, 0), np.concatenate(days) if days else np.empty(0, np.int64))
        return encoded.dictionary, last
