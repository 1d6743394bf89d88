"""How much of an event log is understood: a log of which nothing is isn't what it is taken for."""

from dataclasses import dataclass, fields

import numpy as np

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.log import is_meant
from ombudsman_kpi.records.tables import Table

PARTIES = ("complainant", "organisation")
MANY = 10  # events of which none finds its case: fewer may all be of cases that weren't given


@dataclass(frozen=True)
class Understood:
    """How many events there are, and how many are understood, step by step."""

    events: int = 0
    of_known_kinds: int = 0
    of_cases: int = 0  # that were given
    contacts: int = 0
    with_direction: int = 0
    sent: int = 0
    with_party: int = 0

    @classmethod
    def among(cls, known: AsKnownBatch, there: Truths, of_case: Truths) -> "Understood":
        """Return the numbers of a batch; masks tell which events were known, and whose case was given."""
        events, direction = known.batch.words("event"), known.batch.words("direction")
        contacts = there & events.are({"contact"})
        sent = contacts & direction.are({"out"})
        steps = (
            there,
            there & events.are([word for word in events.words if is_meant(word)]),
            there & of_case,
            contacts,
            contacts & direction.are({"out", "in"}),
            sent,
            sent & known.batch.words("party").are(PARTIES),
        )
        return cls(*(int(np.count_nonzero(step)) for step in steps))

    def __add__(self, other: "Understood") -> "Understood":
        return Understood(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    def refuse_none(self, events: Table, cases: Table) -> None:
        """Raise ``RecordsError`` where no event is of a known kind or case, or no contact says with whom it was.

        A few events of cases that weren't given are nothing unusual, unless their ids are nearly those of cases.
        """
        label, remedy = events.label, "The file of --columns says what other words stand for"
        if self.events and not self.of_known_kinds:
            raise RecordsError(
                f"{label}: none of {self.events:,} events is of a known kind, such as contact or decided "
                f"(in small letters). {remedy}: under [events], Contact = 'contact'."
            )
        if self.events and not self.of_cases and _are_written_otherwise(events, cases, self.events):
            raise RecordsError(
                f"{label}: none of {self.events:,} events has the case_id of a case that was given. Ids are "
                "compared letter by letter: look for lost zeros, capitals and prefixes, and write them alike in both."
            )
        if self.contacts and not self.with_direction:
            raise RecordsError(
                f"{label}: none of {self.contacts:,} contacts has a known direction, out or in (in small "
                f"letters). {remedy}: under [values.events], direction = {{ Outgoing = 'out' }}."
            )
        if self.sent and not self.with_party:
            raise RecordsError(
                f"{label}: none of {self.sent:,} sent contacts is with a known party, complainant "
                f"or organisation (in small letters). {remedy}: under [values.events], party = {{ X = 'complainant' }}."
            )


def _are_written_otherwise(events: Table, cases: Table, number: int) -> bool:
    """Return whether a log writes the ids of cases otherwise: many of them, and none is one; or some nearly are."""
    ids, others = (
        {text for batch in table.batches(["case_id"]) for text in batch.text("case_id").to_pylist() if text}
        for table in (events, cases)
    )
    bare, bare_others = ({text.lower().lstrip("0") for text in texts} for texts in (ids, others))
    return not ids & others and (number >= MANY or bool(bare & bare_others))
