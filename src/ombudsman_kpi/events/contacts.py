"""When the parties of each case were contacted, read from the events."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.arrays.mechanics import sort
from ombudsman_kpi.arrays.row_days import DAY_BITS
from ombudsman_kpi.arrays.threads import in_threads
from ombudsman_kpi.arrays.types import Integers, RowNumbers, Truths
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.log import Misfit, MisfitKind, known_events, misfits_of, scan
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, PARTIES


class Contacts(NamedTuple):
    """When the parties of each case were contacted, and told of a delay."""

    contacted: "PartyDays"
    explained: "PartyDays"
    misfits: Mapping[Misfit, int]
    understood: Understood


_CELL = 16  # the bits of the rows of cases in one cell of the grid by which sorted runs are cut


class PartyDays:
    """Days on which the parties of cases were reached, each as a number: of the case's row, the party, and the day.

    Row and party make a lane, lane and day a number (``row_days``): case row 3, complainant (party 0), day 19,810 ->
    lane 3 * 2 + 0 = 6 -> 6 << 23 | 19,810 + 4,194,304 = 54,545,762. An index has at most 2**28 rows, so that a number
    has at most 28 + 1 + 23 = 52 bits.

    They are kept in sorted runs, a batch of events each, and those of some cases are brought together when they are
    asked for: sorting so many as are in a log at once would take their room once more, and one thread.
    """

    def __init__(self, parts: Iterable[Integers] = ()) -> None:
        """Take sorted numbers in parts; small ones are joined."""
        self._runs: list[Integers] = []
        small, size = [], 0
        for part in parts:
            small.append(part)
            size += len(part)
            if size > source.BATCH // 2:
                self._runs.append(_sorted(small))
                small, size = [], 0
        if size:
            self._runs.append(_sorted(small))

    @cached_property
    def _edges(self) -> Integers:
        """Where in each run each cell of a grid over the rows of cases begins; and where the last one ends.

        Of shape (runs, cells + 1).
        """
        last = max(int(run[-1]) for run in self._runs)
        # The first lane of a cell is its first row, party 0: cell 2 begins at row 2 << 16 = 131,072, lane 262,144.
        of_cell = DAY_BITS + 1 + _CELL  # bits
        grid = np.arange((last >> of_cell) + 2) << of_cell
        return np.array([run.searchsorted(grid) for run in self._runs])

    def within(self, first_row: int, end_row: int) -> Integers:
        """Return the numbers of some rows, counted from the first of them; sorted, each as often as it occurs."""
        parts = self._runs
        if len(parts) > 1:
            cells = self._edges.shape[1] - 1
            low, high = min(first_row >> _CELL, cells), min((end_row >> _CELL) + 1, cells)
            edges = zip(parts, self._edges[:, low].tolist(), self._edges[:, high].tolist(), strict=True)
            parts = [run[begin:end] for run, begin, end in edges if begin < end]
        numbers = _sorted(parts)
        begin, end = numbers.searchsorted([first_row << DAY_BITS + 1, end_row << DAY_BITS + 1])
        return numbers[begin:end] - (first_row << DAY_BITS + 1)


def _sorted(parts: list[Integers]) -> Integers:
    """Return numbers joined, and sorted where several parts are joined."""
    if len(parts) == 1:
        return parts[0]
    numbers = np.concatenate(parts) if parts else np.empty(0, np.int64)
    sort(numbers)
    return numbers


RowsOf = Callable[[AsKnownBatch], RowNumbers]  # events -> the rows of their cases; -1 where there is no such case


def contacts_of(events: Table, rows_of: RowsOf, as_of: AsOf, setting: Setting) -> Contacts:
    """Return the outgoing contacts, and the delays explained with a reason, of the cases.

    A contact counts where it is outgoing; an explanation where it isn't incoming and has a reason. Raises
    ``RecordsError`` where the log doesn't say with whom.
    """
    columns = [events.resolve(name, "contact with the parties") for name in ("party", "direction")]
    columns += ["reason"] if events.has("reason") else []
    parts = list(in_threads(lambda known: _contacts_in(known, rows_of), scan(events, columns, as_of, setting)))
    misfits = sum((part[2] for part in parts), Counter[Misfit]())
    understood = sum((part[3] for part in parts), Understood())
    return Contacts(PartyDays(part[0] for part in parts), PartyDays(part[1] for part in parts), +misfits, understood)


def _contacts_in(known: AsKnownBatch, rows_of: RowsOf) -> tuple[Integers, Integers, "Counter[Misfit]", Understood]:
    """Return the numbers of contacts and of explanations in one batch, sorted; what isn't understood, and what is."""
    there = known_events(known)
    misfits = misfits_of(known, there)
    there = there & known.batch.is_filled("case_id")
    numbers = {}
    for word, counts in (("contact", _is_contact), ("delay_explained", _is_explanation)):
        numbers[word] = np.empty(0, np.int64)
        meant = there & known.batch.words("event").are({word})
        if not np.count_nonzero(meant):
            continue
        sent, doubtful, why = counts(known)
        misfits[Misfit(why)] += int(np.count_nonzero(meant & doubtful))
        meant &= sent
        rows, party = rows_of(known), _party(known)
        of_case = meant & (rows >= 0) & (party >= 0)
        misfits[Misfit(MisfitKind.STRAY)] += int(np.count_nonzero(meant)) - int(np.count_nonzero(of_case))
        lane = rows << 1
        lane += party
        at = known.moments("at")
        if not at.complete:  # what lies outside the calendar is in no run of a case
            of_case &= at.usable
        every = row_days.pack(lane, at.days)
        numbers[word] = every if np.count_nonzero(of_case) == len(every) else every[of_case]
        sort(numbers[word])
    understood = Understood.among(known.batch, "cases", rows_of(known) >= 0)
    return numbers["contact"], numbers["delay_explained"], misfits, understood


def rows_of_records(records: Table) -> RowsOf:
    """Return what finds the row of each event's case, or other record that has events.

    Of records with one id it is the first: all of them are invalid.
    """
    name = records.resolve(IDS_OF_EVENTS[records.name], "what events belong to")
    index = records.index

    def rows_of(known: AsKnownBatch) -> RowNumbers:
        return known.once(("rows of", records.name), lambda: index.find(known.batch.text(name)))

    return rows_of


def _is_contact(known: AsKnownBatch) -> tuple[Truths, Truths, MisfitKind]:
    """Return which contacts were outgoing, and which of them don't say."""
    sent = known.fulfils("direction", Condition(("out",)))
    return sent, ~sent & ~known.fulfils("direction", Condition(("in",))), MisfitKind.UNDIRECTED


def _is_explanation(known: AsKnownBatch) -> tuple[Truths, Truths, MisfitKind]:
    """Return which explanations were sent with a reason, and which were sent without one."""
    sent = known.fulfils("direction", Condition(("in",), negated=True))
    reason = known.fulfils("reason", Condition(present=True)) if known.batch.table.has("reason") else sent & False
    return sent & reason, sent & ~reason, MisfitKind.UNEXPLAINED


def _party(known: AsKnownBatch) -> NDArray[np.int8]:
    """Return the place of each event's party among ``PARTIES``; -1 for any other."""
    words = known.words("party")
    places = [PARTIES.index(word) if word in PARTIES else -1 for word in words.words]
    return np.array([*places, -1], np.int8).take(words.codes)
