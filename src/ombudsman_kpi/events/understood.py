"""How much of an event log is understood: a log of which nothing is isn't what it is taken for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.log import is_meant
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, PARTIES, RECORDS


@dataclass(frozen=True)
class Understood:
    """How many events there are, and how many are understood, step by step; and the records that they may be of.

    The numbers of parts of a log add up, and those of events of cases and of other records; it is the whole log that is
    refused where nothing of it is understood.
    """

    records: int = 0  # that were given, with an id
    events: int = 0
    of_known_kinds: int = 0
    of_records: int = 0  # whose record was given
    contacts: int = 0
    with_direction: int = 0
    sent: int = 0
    with_party: int = 0

    @classmethod
    def among(cls, batch: Batch, kind: str, given: Truths, *, with_whom: bool = False) -> "Understood":
        """Return the numbers of a batch for a kind of records; a mask tells of which events the record was given.

        Events of no record of the kind are left out, and contacts where it isn't asked with whom they were.
        """
        named, events = batch.is_filled(IDS_OF_EVENTS[kind]), batch.words("event")
        steps = {
            "events": named,
            "of_known_kinds": named & events.are([word for word in events.words if is_meant(word)]),
            "of_records": named & given,
        }
        if with_whom:
            direction = batch.words("direction")
            steps["contacts"] = named & events.are({"contact"})
            steps["with_direction"] = steps["contacts"] & direction.are({"out", "in"})
            steps["sent"] = steps["contacts"] & direction.are({"out"})
            steps["with_party"] = steps["sent"] & batch.words("party").are(PARTIES)
        return cls(**{name: int(np.count_nonzero(step)) for name, step in steps.items()})

    def __add__(self, other: "Understood") -> "Understood":
        return Understood(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    def refuse_none(self, tables: Mapping[str, Table]) -> None:
        """Raise ``RecordsError`` where no event is of a known kind or record, or no contact says with whom it was.

        ``tables`` are the whole records that were given. Where none with an id is among them, nothing is refused.
        """
        if not (self.events and self.records):
            return
        events, remedy = tables["events"], "The file of --columns says what other words stand for"
        if not self.of_known_kinds:
            raise RecordsError(
                f"{events.label}: none of {self.events:,} events is of a known kind, such as contact or decided "
                f"(in small letters). {remedy}: under [events], Contact = 'contact'."
            )
        having = {kind: name for kind, name in IDS_OF_EVENTS.items() if kind in tables and events.has(name)}
        if not self.of_records and not any(_find(events, tables[kind], name) for kind, name in having.items()):
            ids = [f"{events.column_of(name)} of a {RECORDS[kind].singular}" for kind, name in having.items()]
            what = ", or the ".join(ids) + "," * (len(ids) > 1)
            nearest = next(filter(None, (_nearest(events, tables[kind], name) for kind, name in having.items())), "")
            given = "cases" if [*having] == ["cases"] else "records"
            raise RecordsError(
                f"{events.label}: none of {self.events:,} events has the {what} that was given. {nearest}Ids are "
                "compared letter by letter: look for lost zeros, capitals and prefixes, and write them alike in both; "
                f"or leave events out whose {given} aren't given."
            )
        if self.contacts and not self.with_direction:
            raise RecordsError(
                f"{events.label}: none of {self.contacts:,} contacts has a known direction, out or in (in small "
                f"letters). {remedy}: under [values.events], direction = {{ Outgoing = 'out' }}."
            )
        if self.sent and not self.with_party:
            raise RecordsError(
                f"{events.label}: none of {self.sent:,} sent contacts is with a known party, complainant "
                f"or organisation (in small letters). {remedy}: under [values.events], party = {{ X = 'complainant' }}."
            )


def _find(events: Table, records: Table, name: str) -> bool:
    """Return whether any event has the id of one of some records."""
    return any((records.index.find(batch.text(name)) >= 0).any() for batch in events.batches([name]))


def _nearest(events: Table, records: Table, name: str) -> str:
    """Return in which rows one id is written in two ways; nothing where none of the first events' ids is."""
    import pyarrow.compute as pc

    for log in islice(events.batches([name]), 1):
        ids = plain_ids(log.text(name))
        for batch in records.batches([name]):
            found = pc.index_in(plain_ids(batch.text(name)), ids, skip_nulls=True)
            if (places := np.flatnonzero(present(found))).size:
                place = int(places[0])
                event = log.row_name(found[place].as_py(), name)
                return (
                    f"That of {log.label} {event} and that of {batch.label} {batch.row_name(place, name)} differ "
                    "only in capitals, or in zeros in front. "
                )
    return ""


def plain_ids(ids: Any) -> Any:
    """Return ids, as Arrow text, in small letters, and numbers in them without zeros in front.

    >>> import pyarrow as pa
    >>> plain_ids(pa.array(["C-0017", "00-1", "10"])).to_pylist()
    ['c-17', '0-1', '10']
    """
    import pyarrow.compute as pc

    return pc.replace_substring_regex(pc.utf8_lower(ids), r"(^|[^0-9])0+([0-9])", r"\1\2")
