"""Clocks of cases that were reopened, read from the events: their last stop, or a new clock after each reopening.

Source of the rule: the first stop wins; by option the last one, after the last reopening, or the case is open again; or
a new clock. Reading: only what has stopped can be reopened, so a case has one clock at a time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Instants, Integers, RowNumbers, Truths, WallClocks
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.calendars.time_zones import DAY, TimeZone
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.contacts import RowsOf
from ombudsman_kpi.events.log import REOPENED, Misfit, known_events, misfits_of, scan, times_of_cases
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.cells.times import Times
from ombudsman_kpi.records.tables import Table

_AGAIN = -1  # the kind of a reopening; those of other events are places among the times of cases
_TIMES = {word: place for place, word in enumerate(times_of_cases())}


class Happened(NamedTuple):
    """What happened to some cases: in which row, what kind of event it was, and when; and whether that is a date."""

    row: RowNumbers
    kind: Integers
    wall: WallClocks
    instant: Instants
    is_date: Truths

    @classmethod
    def of(cls, row: RowNumbers, kind: Integers, times: Times, zone: TimeZone) -> "Happened":
        """Return what happened at some times."""
        return cls(row, kind, times.walls(zone), times.instants(zone)[0], times.dates_alone())

    def some(self, which: Truths | Integers | slice) -> "Happened":
        """Return some of it."""
        row, kind, wall, instant, is_date = self
        return Happened(row[which], kind[which], wall[which], instant[which], is_date[which])

    def times(self, which: Integers, *, zoned: bool) -> Times:
        """Return the times of some of it, given by their places; none where that is -1."""
        there = which >= 0
        if not there.any():
            return Times(np.full(len(which), MISSING), "dates")
        dates = self.is_date.take(which, mode="clip") & there
        values = np.where(self.is_date, self.wall, self.instant) if zoned else self.wall
        values = np.where(there, values.take(which, mode="clip"), MISSING)
        if (dates | ~there).all():
            return Times(np.where(there, values // DAY, MISSING), "dates")
        return Times(values, "instants" if zoned else "walls", only_dates=dates if dates.any() else None)


class Reopened(NamedTuple):
    """The events of cases that were reopened, by row: reopenings, and those that are a time of the case."""

    happened: Happened
    timed: bool  # whether some reopening has a time of day
    misfits: Mapping[Misfit, int]
    understood: Understood

    @property
    def row(self) -> RowNumbers:
        """The rows of the cases."""
        return self.happened.row


def reopened_of(events: Table, rows_of: RowsOf, as_of: AsOf, setting: Setting) -> Reopened:
    """Return what is known to have happened to the cases that were reopened."""
    misfits, understood, zoned, timed = Counter[Misfit](), Understood(), False, False
    parts = [np.empty((4, 0), np.int64)]
    for known in scan(events, [], as_of, setting):
        there, (codes, words), rows = known_events(known), known.batch.words("event"), rows_of(known)
        misfits += misfits_of(known)
        understood += Understood.among(known.batch, "cases", rows >= 0)
        places = [_AGAIN if word == REOPENED else _TIMES.get(word, -2) for word in words]
        kind, times = np.array([*places, -2], np.int64).take(codes), known.batch.times("at")
        mine = np.flatnonzero(there & (kind > -2) & known.batch.is_filled("case_id") & (rows >= 0))
        is_date = times.dates_alone()[mine]
        values = times.values[mine] * (DAY if times.kind == "dates" else 1)
        zoned |= times.kind == "instants"
        timed |= bool((~is_date & (kind[mine] == _AGAIN)).any())
        parts.append(np.stack([rows[mine], kind[mine], values, is_date]))
    row, kind, values, is_date = np.concatenate(parts, axis=1)
    mine = np.flatnonzero(np.isin(row, row[kind == _AGAIN]))
    mine = mine[np.argsort(row[mine], kind="stable")]
    times = Times(values[mine], "instants" if zoned else "walls", only_dates=is_date[mine].astype(np.bool_))
    return Reopened(Happened.of(row[mine], kind[mine], times, setting.zone), timed, +misfits, understood)


@dataclass(eq=False)
class Again(AsKnownBatch):
    """Clocks of cases that were reopened, beside those of a batch, or ``instead`` of theirs.

    ``record`` is the row of the batch that each belongs to, in order. ``since`` is when its pauses begin to count.
    """

    record: RowNumbers = field(kw_only=True)
    since: Integers = field(kw_only=True)
    instead: bool = field(kw_only=True)

    def last(self) -> "Again":
        """Return the last clock of them alone."""
        last = np.array([len(self.record) - 1])
        return Again(
            self.batch.take(last), self.as_of, self.setting,
            record=self.record[last], since=self.since[last], instead=self.instead,
        )  # fmt: skip


@dataclass(frozen=True)
class Reopenings:
    """What happened to the reopened cases of a batch by what can stop a clock, in order.

    That is the order of time, in days on the wall; of a reopening and another event at one moment the reopening comes
    last.
    """

    known: AsKnownBatch
    starts: tuple[str, ...]  # the fields that start it
    stops: Mapping[str, int]  # those that can stop it, and their kind of event
    happened: Happened
    at: Integers  # when: on the wall where clocks run in days, else as instants
    zoned: bool

    @classmethod
    def within(
        cls, known: AsKnownBatch, reopened: Reopened, starts: Sequence[str], stops: Iterable[str], *, in_days: bool
    ) -> "Reopenings":
        """Return what happened by the log, and by the times of the cases themselves."""
        batch, zone, stops = known.batch, known.setting.zone, _kinds_of(stops)
        low, high = np.searchsorted(reopened.row, [batch.offset, batch.offset + len(batch)])
        logged = reopened.happened.some(slice(low, high))
        logged = logged._replace(row=logged.row - batch.offset)
        if not in_days:  # then a date is its midnight
            logged = logged._replace(is_date=logged.is_date & False)
        rows, parts = np.unique(logged.row), [logged.some(np.isin(logged.kind, [_AGAIN, *stops.values()]))]
        for name, kind in stops.items() if len(rows) else ():
            mine = rows[known.happened(name)[rows]]
            times = batch.times(name)
            own = Happened.of(mine, np.full(len(mine), kind), times.take(mine), zone)
            parts.append(own._replace(is_date=own.is_date & (in_days or not times.midnight_is_date)))
        happened = Happened(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        at = happened.wall if in_days else happened.instant
        order = np.lexsort((happened.kind == _AGAIN, at, happened.row))
        # As the case's own starts are: a clock refuses times with a zone beside some without.
        zoned = "walls" not in {batch.times(name).kind for name in starts}
        return cls(known, tuple(starts), stops, happened.some(order), at[order], zoned)

    def last_stops(self) -> Again | None:
        """Return the clocks of the cases with the last of each time since they were last reopened, or none of it."""
        rows, place = np.unique(self.happened.row, return_inverse=True)
        if not len(rows):
            return None
        again = self.happened.kind == _AGAIN
        last = np.full(len(rows), MISSING)
        np.maximum.at(last, place[again], self.at[again])
        since = np.flatnonzero(~again & (self.at > last[place]))
        return self._clocks(rows, np.full(len(rows), MISSING), since, place[since], {})

    def new_clocks(self, stopped: Integers, ran: Truths) -> tuple[Again | None, int]:
        """Return the clocks that began when the cases were reopened, and how many reopenings found one running.

        ``stopped`` is when the first clock of each case of the batch stopped, ``MISSING`` while it runs; ``ran`` says
        where there was one.
        """
        row, again = self.happened.row, self.happened.kind == _AGAIN
        twice = np.zeros(len(row), np.bool_)  # the same event again
        twice[1:] = again[1:] & again[:-1] & (row[1:] == row[:-1]) & (self.at[1:] == self.at[:-1])
        over = ran[row] & (stopped[row] != MISSING)
        after = np.flatnonzero(over & (self.at >= stopped[row]))
        runs = np.zeros(len(after), np.bool_)  # whether a clock runs already, when something happens
        runs[1:] = again[after[:-1]] & (row[after[1:]] == row[after[:-1]])
        begins = again[after] & ~runs
        clock = np.cumsum(begins) - 1
        started = after[begins]
        number = int(np.count_nonzero(again & ~twice & ran[row])) - len(started)
        if not len(started):
            return None, number
        stops = np.flatnonzero(~again[after] & (clock >= 0))
        stops = stops[row[started[clock[stops]]] == row[after[stops]]][::-1]  # of several the first is put down last
        begun = dict.fromkeys(self.starts, self.happened.times(started, zoned=self.zoned))
        return self._clocks(row[started], self.at[started], after[stops], clock[stops], begun), number

    def _clocks(
        self, record: RowNumbers, since: Integers, stops: Integers, clock: Integers, begun: Mapping[str, Times]
    ) -> Again:
        """Return clocks with the times at which they stop, each given by its place and clock: the last one counts.

        ``begun`` has the times at which they start, where those aren't the record's own.
        """
        batch, times = self.known.batch, {**begun}
        for name, kind in self.stops.items():
            which, of_kind = np.full(len(record), -1), self.happened.kind[stops] == kind
            which[clock[of_kind]] = stops[of_kind]
            own = batch.times(name).take(record)
            found = self.happened.times(which, zoned=self.zoned)
            times[name] = replace(found, unreal=own.unreal, unread=own.unread)
        return Again(
            batch.take(record, times), self.known.as_of, self.known.setting,
            record=record, since=since, instead=not begun,
        )  # fmt: skip


def _kinds_of(names: Iterable[str]) -> dict[str, int]:
    """Return the kind of event that becomes each of some fields; for those of the caller's own a kind that none has."""
    known = [*times_of_cases().values()]
    return {name: known.index(name) if name in known else len(known) + place for place, name in enumerate(names)}
