"""When the parties of each case were contacted, found in the events."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.days import Integers, Truths
from ombudsman_kpi.frames import Batch, Table
from ombudsman_kpi.history import STRAY, UNDIRECTED, UNEXPLAINED, known_events, misfits_of, scan
from ombudsman_kpi.identity import Prints, RowNumbers, two_prints
from ombudsman_kpi.known import AsOf, Known
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.standards import Condition
from ombudsman_kpi.threads import in_threads


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


# (events, some of their places; None: all of them) -> the rows of their cases; -1 where such a case wasn't given
RowsOf = Callable[[Known, Integers | None], Integers]


def contacts_of(events: Table, rows_of: RowsOf, as_of: AsOf, scheme: Scheme) -> Contacts:
    """Find the outgoing contacts, and the delays explained with a reason, of the cases that were given.

    A contact counts where it is outgoing; an explanation where it isn't incoming and has a reason. Raises
    ``RecordsError`` where the log doesn't say with whom.
    """
    columns = [events.resolve(name, "contact with the parties") for name in ("party", "direction")]
    columns += ["reason"] if events.has("reason") else []
    parts = list(in_threads(lambda known: _found_in(known, rows_of), scan(events, columns, as_of, scheme)))
    misfits = sum((Counter(part.misfits) for part in parts), Counter[str]())
    contacted, explained = [part.contacted for part in parts], [part.explained for part in parts]
    parts.clear()  # each number is there twice while it is sorted, not three times
    return Contacts(_each_once(contacted), _each_once(explained), +misfits)


def _found_in(known: Known, rows_of: RowsOf) -> Contacts:
    """Find what one batch of events tells of: the numbers of contacts and of explanations, in any order."""
    there = known_events(known)
    misfits = misfits_of(known, there)
    there = there & known.batch.is_filled("case_id")
    found = {}
    for word, counts in (("contact", _is_contact), ("delay_explained", _is_explanation)):
        found[word] = np.empty(0, np.int64)
        meant = there & known.batch.words("event").are({word})
        if not np.count_nonzero(meant):
            continue
        sent, doubtful, why = counts(known)
        misfits[why] += int(np.count_nonzero(meant & doubtful))
        meant &= sent
        rows, party = rows_of(known, None), _party(known)
        of_case = meant & (rows >= 0) & (party >= 0)
        misfits[STRAY] += int(np.count_nonzero(meant)) - int(np.count_nonzero(of_case))
        mine = np.flatnonzero(of_case)
        numbers = Contacts.number((rows << 1) + party, known.moments("at").days)
        found[word] = numbers if len(mine) == len(numbers) else numbers.take(mine)
    return Contacts(found["contact"], found["delay_explained"], misfits)


def _each_once(parts: list[Integers]) -> Integers:
    """Sort numbers, each once: numpy's ``unique`` hashes them, and takes minutes where sorting takes seconds."""
    numbers = np.concatenate(parts) if parts else np.empty(0, np.int64)
    parts.clear()
    if not len(numbers):
        return numbers
    numbers.sort()
    again = numbers[1:] == numbers[:-1]
    return numbers[np.concatenate([[True], ~again])] if np.count_nonzero(again) else numbers


def rows_of_cases(cases: Table) -> RowsOf:
    """Tell of events in which row their case stands; of cases with one id the first: all of them are invalid."""
    cases.resolve("case_id", "what events belong to")
    numbers, rows = RowNumbers(cases.source.rows or 0, keep_texts=False), []

    def read(batch: Batch) -> tuple[int, Any, tuple[Prints, Prints]]:
        texts = batch.text("case_id").fill_null("")
        return batch.offset, texts, two_prints(texts)

    for offset, texts, prints in in_threads(read, cases.batches(["case_id"])):
        before = numbers.size
        number = numbers.of(texts, prints) - before
        new = np.flatnonzero(number >= 0)
        if len(new) > numbers.size - before:  # the same id twice among the new ones
            _, places = np.unique(number[new], return_index=True)
            new = new[places]
        rows.append(offset + new[np.argsort(number[new])])  # ids whose fingerprints meet get theirs after the others
    first = np.concatenate([*rows, [-1]])
    plain = bool((first[:-1] == np.arange(numbers.size)).all())  # each case has an id of its own

    def rows_of(known: Known, mine: Integers | None) -> Integers:
        if mine is not None:
            return first.take(numbers.find(known.batch.text("case_id").take(mine)))

        def find() -> Integers:
            number = numbers.find(known.batch.text("case_id"))
            return number if plain else first.take(number)

        return known.once(("rows of cases",), find)

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


def _party(known: Known) -> NDArray[np.int8]:
    """Give the place of each event's party among ``PARTIES``; -1 for any other."""
    words = known.words("party")
    places = [PARTIES.index(word) if word in PARTIES else -1 for word in words.words]
    return np.array([*places, -1], np.int8).take(words.codes)
