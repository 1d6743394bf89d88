"""Clocks judged by their due days: where records have limits of their own among several, or extensions.

A plain limit needs no due day: whether a record is in time follows from its elapsed time. Here it doesn't, since
limits of several units, the sooner of two and an agreed date have no elapsed time in common.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.clocks.extensions import LONGER, TOO_LATE, Extension, further_clock, moved
from ombudsman_kpi.clocks.has_clock import HasClock
from ombudsman_kpi.clocks.judging import BEYOND, HasLimit, Judged, judge, provisional_days
from ombudsman_kpi.clocks.outcomes import MISSED, Outcome
from ombudsman_kpi.clocks.several import NO_LIMIT, Entry, entries_of
from ombudsman_kpi.clocks.states import NONE, State, fields_of_conditions, refuse_walls
from ombudsman_kpi.clocks.timeline import Timeline, fields_needed, timeline
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition

BY_EXTENSION = "by extension"  # the mark of what would have been missed without its extension


class HasDueDays(HasClock, HasLimit, Protocol):
    """What a target says that is judged by due days."""

    @property
    def extension(self) -> Extension | None:
        """How a due day can be moved."""


def conditions_of(target: HasDueDays) -> Iterator[str]:
    """Yield the names that the conditions of limits and of an extension look at."""
    for entry in entries_of(target.limit):
        yield from (name for name, _ in entry.where)
    if target.extension is not None:
        yield from target.extension.where


def fields_of_due_days(target: HasDueDays, table: Columns) -> list[str]:
    """Return the names of the fields that a clock, its limits and its extension read.

    Raises ``RecordsError`` where one isn't there.
    """
    conditions = dict.fromkeys(conditions_of(target), Condition())
    fields = [*fields_needed(target, table), *fields_of_conditions(conditions, table, target.id)]
    times = () if target.extension is None else target.extension.times
    return list(dict.fromkeys([*fields, *(table.resolve(name, f"target {target.id!r}") for name in times)]))


class DueDays(NamedTuple):
    """When the clocks of a batch are due, in days or as instants; ``MISSING`` where they aren't.

    ``which`` is the place of the limit that holds among several; -1 for none. ``amount`` is the place of the one that
    is due first among its amounts.
    """

    which: Integers
    amount: Integers
    first: Integers  # without its extension
    due: Integers
    moves: Integers  # 1 where a holiday that is still to be announced can move it
    longer: Truths
    too_late: Truths
    at_end: Truths  # extended as far as can be
    faults: tuple[tuple[Truths, str], ...]  # what can't be true of the fields that they follow from
    beyond: Truths  # due after the calendar's last day


def due_days(target: HasDueDays, known: AsKnownBatch) -> DueDays:
    """Return when the clocks of a batch are due by the limits of a target; worked out once for all that ask."""
    name = ("due days", target.clock_key, target.limit, repr(target.extension))
    return known.once(name, lambda: _Finder(target, known, timeline(target, known)).found())


@dataclass(frozen=True)
class _Finder:
    """Works out due days for one target and batch."""

    target: HasDueDays
    known: AsKnownBatch
    clock: Timeline

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name that each field has here."""
        times = () if self.target.extension is None else self.target.extension.times
        resolve, needed_by = self.known.batch.table.resolve, f"target {self.target.id!r}"
        return {name: resolve(name, needed_by) for name in (*conditions_of(self.target), *times)}

    def found(self) -> DueDays:
        """Return the due days of all clocks that ran."""
        ran = self.clock.elapsed != NONE
        entries = entries_of(self.target.limit)
        which = self._which(entries, ran)
        first, moves, amount = (np.full(len(which), fill) for fill in (MISSING, 0, 0))
        started = self.clock.started
        for place, entry in enumerate(entries):
            rows = np.flatnonzero(which == place)
            first[rows], moves[rows], amount[rows] = self._sooner(entry, rows)
        if started is not None and started.moves is not None:
            moves = np.maximum(moves, started.moves)
        due, longer, too_late, at_end = first, ran & False, ran & False, ran & False
        extension, calendar = self.target.extension, self.known.setting.calendar
        if extension is not None:
            clock = self.target.clock
            due, longer, too_late, at_end = moved(
                extension, clock, self.known, first, self.names, in_days=self.clock.in_days
            )
            if extension.further is not None and self.clock.in_days:
                ends = provisional_days(extension.further, further_clock(clock), first, due, calendar)
                moves = np.maximum(moves, at_end * ends)
        faults = tuple((ran & mask, reason) for mask, reason in self._faults())
        for mask, _ in faults:
            due = np.where(mask, MISSING, due)
        return DueDays(
            which, amount, first, due, moves, longer, too_late, at_end, faults, (which >= 0) & (due == MISSING)
        )

    def _which(self, entries: tuple[Entry, ...], ran: Truths) -> Integers:
        """Return the place of the first limit whose conditions hold for each record; -1 for none."""
        which = np.full(len(ran), -1)
        for place, entry in enumerate(entries):
            holds = ran & (which < 0)
            for name, condition in entry.where:
                holds &= self.known.fulfils(self.names[name], condition)
            if entry.first is not None:
                holds &= self.clock.start_day >= day_number(entry.first)
            if entry.last is not None:
                holds &= self.clock.start_day <= day_number(entry.last)
            which[holds] = place
        return which

    def _sooner(self, entry: Entry, rows: Integers) -> tuple[Integers, Integers, Integers]:
        """Return when some clocks are due by the first of some amounts, whether that may move, and which it is."""
        starts, calendar = self.clock.start[rows], self.known.setting.calendar
        best, moves, amount = np.full(len(rows), NEVER), np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        for place, limit in enumerate(entry.amounts):
            due = limit.axis(calendar, self.target.clock).due(starts, limit.allowed)
            due = np.where(due == MISSING, NEVER, due)
            own = np.zeros(len(rows), np.int64)
            if self.clock.in_days:
                days = np.where(due == NEVER, MISSING, due)
                own = own | provisional_days(limit, self.target.clock, starts, days, calendar)
            # It stays where one of those that are due first stays: a holiday can move the others only further off.
            moves = np.where(due < best, own, np.where(due == best, moves & own, moves))
            amount = np.where(due < best, place, amount)
            best = np.minimum(best, due)
        return np.where(best == NEVER, MISSING, best), moves, amount

    def _faults(self) -> Iterator[tuple[Truths, str]]:
        """Yield what can't be true of the fields of conditions and extensions."""
        known, extension = self.known, self.target.extension
        times = () if extension is None else extension.times
        for name in (name for name in self.names if name not in times):
            unknown = known.unknown_choices(self.names[name])
            if unknown is not None:
                yield unknown, f"{self.names[name]} has an unknown value"
        for name in times:
            moments = known.moments(self.names[name], instants=not self.clock.in_days)
            if self.target.clock.naive_times == "refuse":
                refuse_walls(moments, known, self.names[name], self.target.id)
            yield from moments.faults
            if extension is not None and name == extension.to:
                outside = moments.times.present & ~known.setting.calendar.covers(moments.days)
                yield outside, f"{self.names[name]} is outside the calendar"


def judged_by_due_days(target: HasDueDays, known: AsKnownBatch) -> tuple[Timeline, Judged, DueDays]:
    """Return the clocks of a batch, judged by their due days, and these."""
    clock = timeline(target, known)
    name = ("judged by due days", target.clock_key, target.limit, repr(target.extension))
    judgement = known.once(name, lambda: _judged(target, clock, due_days(target, known), known))
    return clock, judgement, due_days(target, known)


def _judged(target: HasDueDays, clock: Timeline, due: DueDays, known: AsKnownBatch) -> Judged:
    ran = clock.elapsed != NONE
    states, state = list(clock.states), clock.state.astype(np.intp)
    none = (due.which < 0, State("excluded", NO_LIMIT))
    faults = [(mask, State("invalid", reason)) for mask, reason in due.faults]
    for mask, found in (*faults, none, (due.beyond, BEYOND)):
        where = ran & mask
        if np.count_nonzero(where):
            states.append(found)
            state = np.where(where, len(states) - 1, state)
            ran = ran & ~where
    as_of = known.as_of
    last = np.where(clock.end == MISSING, as_of.day if clock.in_days else as_of.instant, clock.end)
    sides = [(last <= point).astype(np.intp) for point in (due.first, due.due)]
    note = np.where(due.longer, 1, np.where(due.too_late, 2, 0)) * ran
    # A state, whether it was in time with and without its extension, and a note, in one number: state 3, in time by
    # its extension alone (0 and 1), noted as longer (1) is ((3 * 2 + 0) * 2 + 1) * 3 + 1 = 40.
    code = ((state * 2 + sides[0]) * 2 + sides[1]) * 3 + note
    categories = tuple(
        _outcome(item, before, after, words, target.clock.unanswered)
        for item in states
        for before in (False, True)
        for after in (False, True)
        for words in ("", LONGER, TOO_LATE)
    )
    return Judged(code, categories, np.where(ran, clock.elapsed, NONE), due.moves * ran)


def _outcome(state: State, before: bool, after: bool, note: str, unanswered: str) -> Outcome:  # noqa: FBT001
    """Return the outcome of a clock that was in time or not, without its extension and with it.

    >>> _outcome(State("stopped"), False, True, LONGER, "late")
    Outcome(status='met', reason='by extension, agreed for longer than allowed', mark='by extension')
    """
    found, without = judge(state, after, unanswered), judge(state, before, unanswered)
    words, mark = [found.reason], ""
    if without.status in MISSED and found.status not in MISSED:
        late = f"{without.status} without its extension"
        words.append(BY_EXTENSION if found.status == "met" else late)
        mark = BY_EXTENSION
    if note == LONGER or (note == TOO_LATE and found.status in MISSED):
        words.append(note)
    return Outcome(found.status, ", ".join(filter(None, words)), mark)
