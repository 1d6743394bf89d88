"""When the parties of each case were contacted, or told of a delay, read from the events."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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

TOLD = (CONTACT, EXPLANATION) = ("contact", "delay_explained")


class Told(NamedTuple):
    """What the parties of each case were told and when, by the kind of event: only those kinds that are asked for."""

    days: Mapping[str, "PartyDays"]
    doubtful: Mapping[str, Counter[Misfit]]  # of each kind, what of it doesn't count
    others: Counter[Misfit]  # events of kinds that mean nothing here, or that lack something
    understood: Understood

    def misfits(self, *kinds: str) -> Mapping[Misfit, int]:
        """Return what wasn't understood of some kinds of event, and of events of no known kind."""
        return +sum((self.doubtful[kind] for kind in kinds), self.others)


_CELL = 14  # the bits of the rows of cases in one cell of the grid by which sorted runs are cut


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
        # The first lane of a cell is its first row, party 0: cell 2 begins at row 2 << 14 = 32,768, lane 65,536.
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


def told_in(events: Table, rows_of: RowsOf, as_of: AsOf, setting: Setting, kinds: Sequence[str] = TOLD) -> Told:
    """Return the outgoing contacts, and the delays explained with a reason, of the cases; or one of the two.

    A contact counts where it is outgoing; an explanation where it isn't incoming and has a reason. Raises
    ``RecordsError`` where the log doesn't say with whom.
    """
    columns = [events.resolve(name, "contact with the parties") for name in ("party", "direction")]
    columns += ["reason"] if EXPLANATION in kinds and events.has("reason") else []
    parts = list(in_threads(lambda known: _told_in(known, rows_of, kinds), scan(events, columns, as_of, setting)))
    return Told(
        {kind: PartyDays(part.days[kind] for part in parts) for kind in kinds},
        {kind: sum((part.doubtful[kind] for part in parts), Counter()) for kind in kinds},
        sum((part.others for part in parts), Counter()),
        sum((part.understood for part in parts), Understood()),
    )


class _Part(NamedTuple):
    """What the parties were told in one batch of events, as ``Told``; the numbers of days are sorted."""

    days: Mapping[str, Integers]
    doubtful: Mapping[str, Counter[Misfit]]
    others: Counter[Misfit]
    understood: Understood


def _told_in(known: AsKnownBatch, rows_of: RowsOf, kinds: Sequence[str]) -> _Part:
    """Return what the parties were told in one batch. Where it is of few events, only these are looked at closely."""
    batch, meant = known.batch, known.batch.words("event").are(kinds)
    places, looked = np.flatnonzero(meant), known
    if len(places) * 4 < len(batch):
        looked = AsKnownBatch(batch.take(places), known.as_of, known.setting)
    days, doubtful = {}, {}
    for kind in kinds:
        days[kind], doubtful[kind] = _of_kind(looked, rows_of, kind)
    given = rows_of(looked) >= 0
    if looked is not known:
        found, given = given, np.zeros(len(batch), np.bool_)
        given[places] = found
        if not np.count_nonzero(found):  # whether any event is of a case that was given is seen on them all
            given = rows_of(known) >= 0
    understood = Understood.among(batch, "cases", given, with_whom=CONTACT in kinds)
    return _Part(days, doubtful, misfits_of(known), understood)


def _of_kind(known: AsKnownBatch, rows_of: RowsOf, kind: str) -> tuple[Integers, Counter[Misfit]]:
    """Return the numbers of one kind of event in a batch, sorted; and what of it doesn't count."""
    misfits = Counter[Misfit]()
    meant = known_events(known) & known.batch.is_filled("case_id") & known.batch.words("event").are({kind})
    if not np.count_nonzero(meant):
        return np.empty(0, np.int64), misfits
    sent, doubtful, why = _COUNTS[kind](known)
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
    numbers = row_days.pack(lane, at.days)
    numbers = numbers if np.count_nonzero(of_case) == len(numbers) else numbers[of_case]
    sort(numbers)
    return numbers, misfits


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


_COUNTS = {CONTACT: _is_contact, EXPLANATION: _is_explanation}


def _party(known: AsKnownBatch) -> NDArray[np.int8]:
    """Return the place of each event's party among ``PARTIES``; -1 for any other."""
    words = known.words("party")
    places = [PARTIES.index(word) if word in PARTIES else -1 for word in words.words]
    return np.array([*places, -1], np.int8).take(words.codes)
