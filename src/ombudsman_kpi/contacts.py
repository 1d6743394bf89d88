"""When the parties of each case were contacted, found in the events."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.days import MISSING, Integers, Truths
from ombudsman_kpi.frames import Table
from ombudsman_kpi.history import MEANINGS, NAMELESS, STRAY, UNKNOWN, Codes, known_events, scan, times_of_cases
from ombudsman_kpi.identity import RowNumbers
from ombudsman_kpi.known import NEVER, AsOf, Known
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.standards import Condition


class Contacts(NamedTuple):
    """When the parties of each case were contacted, and told of a delay.

    Each is one sorted number: of the case's row, the party, and the day, so that those of some rows lie together.
    """

    contacted: Integers
    explained: Integers
    misfits: Mapping[str, int]

    @staticmethod
    def number(lane: Any, day: Any) -> Any:
        """Make the number of a day in a lane; a lane is a case's row and a party: ``row * 2 + party``."""
        return lane * _SPAN + day + _SPAN // 2

    @staticmethod
    def parted(numbers: Integers) -> tuple[Integers, Integers]:
        """Give the lanes and the days of some numbers."""
        return numbers // _SPAN, numbers % _SPAN - _SPAN // 2

    @staticmethod
    def within(numbers: Integers, first_row: int, end_row: int) -> Integers:
        """Give those of some rows of cases."""
        low, high = np.searchsorted(numbers, [first_row * 2 * _SPAN, end_row * 2 * _SPAN])
        return numbers[low:high]


_SPAN = 1 << 20  # days; more than any calendar has
PARTIES = ("complainant", "organisation")


def contacts_of(events: Table, cases: Table, as_of: AsOf, scheme: Scheme) -> Contacts:
    """Find the outgoing contacts, and the delays explained with a reason, of the cases that were given.

    A contact counts where it is outgoing; an explanation where it isn't incoming and has a reason. Raises
    ``RecordsError`` where the log doesn't say with whom.
    """
    rows, first = rows_of(cases)
    words, misfits = Codes(), Counter[str]()
    meanings = {*times_of_cases(), *MEANINGS}
    found: dict[str, list[Integers]] = {"contact": [], "delay_explained": []}
    columns = [events.resolve(name, "contact with the parties") for name in ("party", "direction")]
    columns += ["reason"] if events.has("reason") else []
    for known in scan(events, columns, as_of, scheme):
        there, code = known_events(known), words.of(known.batch.text("event"))
        ids = known.batch.text("case_id")
        moments = known.moments("at")
        named = np.asarray(ids.is_valid()) & (code >= 0)
        misfits[NAMELESS] += int((~named | (moments.days == MISSING) | (moments.happened & ~moments.usable)).sum())
        for word, number in zip(words.words, np.bincount(code[there & named]).tolist(), strict=False):
            misfits[UNKNOWN + word] += number if word not in meanings else 0
        for word, wanted in (("contact", _is_contact), ("delay_explained", _is_explanation)):
            if word not in words.words:
                continue
            mine = np.flatnonzero(there & named & (code == words.words[word]) & wanted(known))
            row = rows.find(ids.take(mine))
            party = _party(known).take(mine)
            of_case = (row >= 0) & (party >= 0)
            misfits[STRAY] += int((~of_case).sum())
            lane = first.take(row[of_case]) * 2 + party[of_case]
            found[word].append(Contacts.number(lane, moments.days[mine][of_case]))
    contacted, explained = (np.unique(np.concatenate([np.empty(0, np.int64), *part])) for part in found.values())
    return Contacts(contacted, explained, +misfits)


def rows_of(cases: Table) -> tuple[RowNumbers, Integers]:
    """Give a number to each case, and the row in which it stands; of those with one id the first: all are invalid."""
    numbers, first = RowNumbers(), np.empty(0, np.int64)
    for batch in cases.batches(["case_id"]):
        number = numbers.of(batch.text("case_id").fill_null(""))
        first = np.concatenate([first, np.full(numbers.size - len(first), NEVER)])
        np.minimum.at(first, number, batch.offset + np.arange(len(batch)))
    return numbers, first


def _is_contact(known: Known) -> Truths:
    return known.fulfils("direction", Condition(("out",)))


def _is_explanation(known: Known) -> Truths:
    """Tell which explanations were sent, with a reason."""
    if not known.batch.table.has("reason"):
        return np.zeros(len(known.batch), np.bool_)
    return known.fulfils("direction", Condition(("in",), negated=True)) & known.fulfils(
        "reason", Condition(present=True)
    )


def _party(known: Known) -> Integers:
    """Give the place of each event's party among ``PARTIES``; -1 for any other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(known.text("party"), pa.array(PARTIES)).cast(pa.int64())
    places: Integers = found.fill_null(-1).to_numpy()
    return places
