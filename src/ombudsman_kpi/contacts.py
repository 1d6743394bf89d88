"""When the parties of each case were contacted, found in the events."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.days import Integers, Truths
from ombudsman_kpi.frames import Table
from ombudsman_kpi.history import STRAY, UNDIRECTED, UNEXPLAINED, Codes, known_events, misfits_of, scan
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
        return (lane << _DAYS) + (day + _MIDDLE)

    @staticmethod
    def parted(numbers: Integers) -> tuple[Integers, Integers]:
        """Give the lanes and the days of some numbers."""
        return numbers >> _DAYS, (numbers & (1 << _DAYS) - 1) - _MIDDLE

    @staticmethod
    def within(numbers: Integers, first_row: int, end_row: int) -> Integers:
        """Give those of some rows of cases."""
        low, high = np.searchsorted(numbers, [first_row << _DAYS + 1, end_row << _DAYS + 1])
        return numbers[low:high]


_DAYS = 20  # the bits of a day: more than any calendar has
_MIDDLE = 1 << _DAYS - 1
PARTIES = ("complainant", "organisation")


RowsOf = Callable[[Known, Integers], Integers]  # (events, some of their places) -> the rows of their cases, or -1


def contacts_of(events: Table, rows_of: RowsOf, as_of: AsOf, scheme: Scheme) -> Contacts:
    """Find the outgoing contacts, and the delays explained with a reason, of the cases that were given.

    A contact counts where it is outgoing; an explanation where it isn't incoming and has a reason. Raises
    ``RecordsError`` where the log doesn't say with whom.
    """
    words, misfits = Codes(), Counter[str]()
    found: dict[str, list[Integers]] = {"contact": [], "delay_explained": []}
    columns = [events.resolve(name, "contact with the parties") for name in ("party", "direction")]
    columns += ["reason"] if events.has("reason") else []
    for known in scan(events, columns, as_of, scheme):
        there, code = known_events(known), words.of(known.batch.words("event"))
        named, days = known.batch.is_filled("case_id"), known.moments("at").days
        misfits += misfits_of(known, there, words, code)
        for word, parts in found.items():
            if word not in words.words:
                continue
            meant = there & named & (code == words.words[word])
            if not np.count_nonzero(meant):
                continue
            sent, doubtful, why = _is_contact(known) if word == "contact" else _is_explanation(known)
            misfits[why] += int(np.count_nonzero(meant & doubtful))
            mine = np.flatnonzero(meant & sent)
            row, party = rows_of(known, mine), _party(known).take(mine)
            of_case = (row >= 0) & (party >= 0)
            misfits[STRAY] += len(mine) - int(np.count_nonzero(of_case))
            lane = row[of_case] * 2 + party[of_case]
            parts.append(Contacts.number(lane, days[mine][of_case]))
    nothing = np.empty(0, np.int64)
    contacted, explained = (np.unique(np.concatenate(parts)) if parts else nothing for parts in found.values())
    return Contacts(contacted, explained, +misfits)


def rows_of_cases(cases: Table) -> RowsOf:
    """Tell of events in which row their case stands; of cases with one id the first: all of them are invalid."""
    cases.resolve("case_id", "what events belong to")
    numbers, first = RowNumbers(), np.empty(0, np.int64)
    for batch in cases.batches(["case_id"]):
        number = numbers.of(batch.text("case_id").fill_null(""))
        first = np.concatenate([first, np.full(numbers.size - len(first), NEVER)])
        np.minimum.at(first, number, batch.offset + np.arange(len(batch)))

    def rows_of(known: Known, mine: Integers) -> Integers:
        number = numbers.find(known.batch.text("case_id").take(mine))
        return np.append(first, -1).take(number)

    return rows_of


def _is_contact(known: Known) -> tuple[Truths, Truths, str]:
    """Tell which contacts were outgoing, and which of them don't say."""
    sent = known.fulfils("direction", Condition(("out",)))
    return sent, ~sent & ~known.fulfils("direction", Condition(("in",))), UNDIRECTED


def _is_explanation(known: Known) -> tuple[Truths, Truths, str]:
    """Tell which explanations were sent with a reason, and which were sent without one."""
    sent = known.fulfils("direction", Condition(("in",), negated=True))
    reason = known.fulfils("reason", Condition(present=True)) if known.batch.table.has("reason") else sent & False
    return sent & reason, sent & ~reason, UNEXPLAINED


def _party(known: Known) -> Integers:
    """Give the place of each event's party among ``PARTIES``; -1 for any other."""
    words = known.words("party")
    places = [PARTIES.index(word) if word in PARTIES else -1 for word in words.words]
    return np.array([*places, -1], np.int64).take(words.codes)
