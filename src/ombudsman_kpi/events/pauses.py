"""When the clock of each record stood still, read from the events.

Source of the rule: a day is paused when the clock stands still at its close; a resumption ends the open pause that has
its reason, and where none has it, all that are open; overlapping pauses are merged.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import Integers, RowNumbers, Truths
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.contacts import RowsOf
from ombudsman_kpi.events.log import (
    PAUSING,
    RESUMED,
    Codes,
    Misfit,
    MisfitKind,
    known_events,
    misfits_of,
    of_kind,
    only_dates,
    scan,
    walls_of,
)
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.tables import Table

OPEN = 1 << 62  # later than any day, and any instant: the clock still stands
_NONE = np.empty(0, np.int64)


class Pauses(NamedTuple):
    """Pauses: of which row of records, from when, and from when no more; by row and beginning.

    As they were found they may overlap, and are in microseconds: on the wall where clocks run in days, else instants.
    Merged they don't; in days they then are the first paused day, and the first that isn't any more.
    """

    row: RowNumbers
    first: Integers
    end: Integers
    misfits: Mapping[Misfit, int] = MappingProxyType({})  # what wasn't understood of the events
    understood: Understood = Understood()
    unpaused: RowNumbers = _NONE  # in which rows of the log a resumption has nothing to end

    def within(self, first_row: int, end_row: int) -> "Pauses":
        """Return the pauses of some rows of records, counted from the first of them."""
        low, high = np.searchsorted(self.row, [first_row, end_row])
        return Pauses(self.row[low:high] - first_row, self.first[low:high], self.end[low:high])

    def of_clocks(self, row: RowNumbers, since: Integers) -> "Pauses":
        """Return those of some clocks, each of a row and counting since a moment: a pause is of the last begun by then.

        Clocks come by row and moment, and several may be of one row; their numbers take the place of rows.
        """
        number = np.unique(np.concatenate([since, self.first]), return_inverse=True)[1]
        # Of 9 different moments: row 3 at the fifth of them, 3 * 9 + 4 = 31.
        size = len(number)
        clocks, pauses = row * size + number[: len(row)], self.row * size + number[len(row) :]
        clock = np.searchsorted(clocks, pauses, "right") - 1
        mine = (clock >= 0) & (row.take(clock, mode="clip") == self.row)
        return Pauses(clock[mine], self.first[mine], self.end[mine])

    def merged(self, *, in_days: bool) -> "Pauses":
        """Return the pauses brought together where they overlap, or follow each other."""
        row, first, end = self[:3]
        if in_days:  # the days at whose close a clock stood still
            first, end = first // DAY, np.where(end == OPEN, OPEN, end // DAY)
            order = np.flatnonzero(end > first)
            row, first, end = row[order], first[order], end[order]
        if not len(row):
            return self._replace(row=row, first=first, end=end)
        ends, number = np.unique(end, return_inverse=True)
        # The latest end so far of each row: of 4 different ends, row 3 with the second of them is 3 * 4 + 1 = 13.
        latest = ends[np.maximum.accumulate(row * len(ends) + number) % len(ends)]
        begins = np.flatnonzero(np.concatenate([[True], (row[1:] != row[:-1]) | (first[1:] > latest[:-1])]))
        return self._replace(row=row[begins], first=first[begins], end=latest[np.append(begins[1:], len(row)) - 1])


NO_PAUSES = Pauses(_NONE, _NONE, _NONE)


class _Events(NamedTuple):
    """Pauses and resumptions: the row of each one's record, its time, whether it resumes, its reason, its own row."""

    row: RowNumbers
    at: Integers
    resumes: Integers
    reason: Integers
    place: RowNumbers

    def some(self, which: Truths | Integers) -> "_Events":
        """Return some of them."""
        return _Events(*(part[which] for part in self))


def pauses_of(
    events: Table, kind: str, rows_of: RowsOf, as_of: AsOf, setting: Setting, *, in_days: bool = True
) -> Pauses:
    """Return the pauses of records of a kind as they were found; ``in_days`` says what for.

    Of a pause and a resumption at one time the pause comes first; one that is repeated counts once. Raises
    ``RecordsError`` for pauses in instants where the log has only dates.
    """
    reasons, misfits, understood, parts, timed = Codes(), Counter[Misfit](), Understood(), [], False
    extra = ["reason"] if events.has("reason") else []
    for known in scan(events, extra, as_of, setting, kind):
        there, events_of, rows = known_events(known), known.batch.words("event"), rows_of(known)
        misfits += misfits_of(known)
        understood += Understood.among(known.batch, kind, rows >= 0)
        mine = np.flatnonzero(there & of_kind(known, kind) & events_of.are(PAUSING))
        row = rows[mine]
        stray = MisfitKind.STRAY if kind == "cases" else MisfitKind.UNGIVEN
        misfits[Misfit(stray)] += int((row < 0).sum())
        mine, row = mine[row >= 0], row[row >= 0]
        timed |= not known.batch.times("at").dates_alone()[mine].all()
        reason = reasons.of(known.words("reason"))[mine] if extra else np.full(len(mine), -1)
        resumes = events_of.are({RESUMED})[mine]
        parts.append((row, _moments(known, in_days=in_days)[mine], resumes, reason, known.batch.offset + mine))
    found = _Events(*(np.concatenate([_NONE, *part]) for part in zip(*parts, strict=True))) if parts else _nothing()
    if not in_days and len(found.row) and not timed:
        raise only_dates(events, "pauses")
    found = _in_order(found, [*reasons.words])
    pauses, unpaused = _paired(found)
    misfits[Misfit(MisfitKind.UNPAUSED)] += int(unpaused.sum())
    return pauses._replace(misfits=+misfits, understood=understood, unpaused=found.place[unpaused])


def _nothing() -> _Events:
    return _Events(*[_NONE] * 5)


def _moments(known: AsKnownBatch, *, in_days: bool) -> Integers:
    """Return when events happened, in microseconds: on the wall, of which days are made, or on the line of instants."""
    return walls_of(known) if in_days else known.batch.times("at").instants(known.setting.zone)[0]


def _in_order(events: _Events, words: list[str]) -> _Events:
    """Return events in the order in which they count, each once, with dense numbers of their reasons.

    That doesn't depend on the order in which they, or their reasons, were read: by record, time, pauses first, and
    reason; those without a reason come last.
    """
    rank = np.empty(len(words) + 1, np.int64)
    rank[np.argsort(np.array(words, object))], rank[-1] = np.arange(len(words)), len(words)
    events = events._replace(reason=rank[events.reason])
    events = events.some(np.lexsort((events.place, events.reason, events.resumes, events.at, events.row)))
    again = np.ones(len(events.row), np.bool_)
    for part in events[:4]:
        again[1:] &= part[1:] == part[:-1]
    again[:1] = False
    return events.some(~again)._replace(reason=np.where(events.reason == len(words), -1, events.reason)[~again])


def _paired(events: _Events) -> tuple[Pauses, Truths]:
    """Return the pauses, each with its end, ``OPEN`` where it hasn't any; and which resumptions end nothing.

    Whether a resumption ends a pause of its own reason or all follows from the events before it. So all records are
    walked through at once, an event of each at a time: of records with 3, 1 and 2 events, the first event of all
    three, then the second of two, then the third of one.

    A record and a reason make a lane. A lane is open where it was opened at a later step than the one at which the
    record's pauses were last all ended.
    """
    size = len(events.row)
    by_reason, of_all, unpaused = (np.zeros(size, np.bool_) for _ in range(3))
    if not size:
        return Pauses(_NONE, _NONE, _NONE), unpaused
    begins = np.flatnonzero(np.concatenate([[True], events.row[1:] != events.row[:-1]]))
    record = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, size)))
    # Of 3 reasons: record 5 with reason 1, 5 * 4 + 1 + 1 = 22; without one, 5 * 4 + 0 = 20.
    lanes = record * (int(events.reason.max()) + 2) + events.reason + 1
    lane = np.unique(lanes, return_inverse=True)[1]
    step = np.arange(size) - begins[record]
    in_steps, edges = np.argsort(step, kind="stable"), np.cumsum(np.bincount(step))
    opened, ended, open_lanes = np.full(int(lane.max()) + 1, -1), np.full(len(begins), -1), np.zeros(len(begins), int)
    resumes, named = events.resumes.astype(np.bool_), events.reason >= 0
    for number, now in enumerate(np.split(in_steps, edges[:-1])):
        mine, own = record[now], lane[now]
        is_open, resumed = opened[own] > ended[mine], resumes[now]
        begun, of_reason = ~resumed & ~is_open, resumed & is_open & named[now]
        all_of_them = resumed & ~of_reason & (open_lanes[mine] > 0)
        by_reason[now], of_all[now], unpaused[now] = of_reason, all_of_them, resumed & ~of_reason & ~all_of_them
        opened[own[begun]], opened[own[of_reason]], ended[mine[all_of_them]] = number, -1, number
        open_lanes[mine] = np.where(all_of_them, 0, open_lanes[mine] + begun - of_reason)
    following = np.minimum(_next_of(by_reason, lane), _next_of(of_all, record))
    end = np.where(following == size, OPEN, events.at.take(following, mode="clip"))
    return Pauses(events.row[~resumes], events.at[~resumes], end[~resumes]), unpaused


def _next_of(marked: Truths, group: Integers) -> Integers:
    """Return for each event the place of the next marked one of its group; the number of events where there is none.

    Groups are any numbers from 0 on. Of 6 events, the third, of group 2, is 2 * 6 + 2 = 14; the fifth of it is 16.
    """
    size = len(group)
    keys = group * size + np.arange(size)
    there = np.append(np.sort(keys[marked]), -1)  # the last is no key of any group
    found = there[np.searchsorted(there[:-1], keys)]
    return np.where(found // size == group, found % size, size)
