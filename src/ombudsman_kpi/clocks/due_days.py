"""Clocks judged by their due days: of several limits, with extensions, or where they may stand still.

A plain limit needs no due day: whether a record is in time follows from its elapsed time. Here it doesn't, since
limits of several units, the sooner of two and an agreed date have no elapsed time in common.

Source of the rule: while a clock stands still it has no due day; a pause never cures a breach that had happened.
Reading: by each limit, and by the further one of an extension, a due day moves by what the clock stood still; an agreed
date stays, and so does what ``at_most`` allows after the first due day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.clocks.extensions import LONGER, TOO_LATE, Extension, further_clock, moved
from ombudsman_kpi.clocks.has_clock import HasClock
from ombudsman_kpi.clocks.judging import BEYOND, HasLimit, Judged, judge, provisional_days
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import MISSED, Outcome, of_status
from ombudsman_kpi.clocks.pausing import PausedClock
from ombudsman_kpi.clocks.several import NO_LIMIT, Entry, entries_of
from ombudsman_kpi.clocks.states import NONE, State, fields_of_conditions, refuse_walls
from ombudsman_kpi.clocks.timeline import Timeline, fields_needed, timeline
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch
from ombudsman_kpi.events.pauses import NO_PAUSES, Pauses
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition

BY_EXTENSION = "by extension"  # the mark of what would have been missed without its extension
SPARED = "spared"  # the mark of what would have been missed without pauses


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
    is due first among its amounts. Of clocks that stand still, due points are those that they would have if they ran
    again at once.
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
    first_stands: Truths  # which have no due point before an extension, since they stand still
    stands: Truths  # which have none

    @property
    def known(self) -> Integers:
        """When clocks are due; ``MISSING`` while they stand still."""
        return np.where(self.stands, MISSING, self.due)


def due_days(target: HasDueDays, known: AsKnownBatch, pauses: Pauses = NO_PAUSES) -> DueDays:
    """Return when the clocks of a batch are due by the limits of a target; worked out once for all that ask.

    ``pauses`` are those of the batch, where its clocks may stand still.
    """
    name = _key("due days", target, pauses)
    return known.once(name, lambda: _Finder(target, known, timeline(target, known), pauses).found())


def _key(what: str, target: HasDueDays, pauses: Pauses) -> tuple[Any, ...]:
    return what, target.clock_key, target.limit, repr(target.extension), len(pauses.row) > 0


@dataclass(frozen=True)
class _Finder:
    """Works out due days for one target and batch."""

    target: HasDueDays
    known: AsKnownBatch
    clock: Timeline
    pauses: Pauses

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
        first, moves, amount, stands = (np.full(len(which), fill) for fill in (MISSING, 0, 0, 0))
        started = self.clock.started
        for place, entry in enumerate(entries):
            rows = np.flatnonzero(which == place)
            first[rows], moves[rows], amount[rows], stands[rows] = self._sooner(entry, rows)
        if started is not None and started.moves is not None:
            moves = np.maximum(moves, started.moves)
        first_stands = stands = stands > 0
        due, longer, too_late, at_end = first, ran & False, ran & False, ran & False
        extension, calendar = self.target.extension, self.known.setting.calendar
        if extension is not None:
            end, still = self._furthest(extension, first)
            in_days = self.clock.in_days
            due, longer, too_late, at_end = moved(extension, self.known, self.names, first, end, in_days=in_days)
            longer, stands = longer & ~first_stands, stands | (at_end & still)
            if extension.further is not None and in_days:
                on = further_clock(self.target.clock)
                moves = np.maximum(moves, at_end * provisional_days(extension.further, on, first, due, calendar))
        faults = tuple((ran & mask, reason) for mask, reason in self._faults())
        for mask, _ in faults:
            due = np.where(mask, MISSING, due)
        moves = np.where(stands, 0 if started is None or started.moves is None else started.moves, moves)
        return DueDays(
            which, amount, first, due, moves, longer, too_late, at_end, faults, (which >= 0) & (due == MISSING),
            first_stands, stands,
        )  # fmt: skip

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

    def _sooner(self, entry: Entry, rows: Integers) -> tuple[Integers, Integers, Integers, Truths]:
        """Return when some clocks are due by the first of some amounts.

        And whether that may move, which of them it is, and whether it isn't known since the clock stands still.
        """
        starts, calendar = self.clock.start[rows], self.known.setting.calendar
        best, moves, amount = np.full(len(rows), NEVER), np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        stands = np.zeros(len(rows), np.bool_)
        for place, limit in enumerate(entry.amounts):
            due, still = (part[rows] for part in self._due(limit, self.target.clock, self.clock))
            due = np.where(due == MISSING, NEVER, due)
            own = np.zeros(len(rows), np.int64)
            if self.clock.in_days:
                days = np.where(due == NEVER, MISSING, due)
                own = own | provisional_days(limit, self.target.clock, starts, days, calendar)
            # It stays where one of those that are due first stays: a holiday can move the others only further off.
            moves = np.where(due < best, own, np.where(due == best, moves & own, moves))
            amount = np.where(due < best, place, amount)
            stands = np.where(due < best, still, stands)
            best = np.minimum(best, due)
        return np.where(best == NEVER, MISSING, best), moves, amount, stands

    def _due(self, limit: Limit, options: Clock, clock: Timeline) -> tuple[Integers, Truths]:
        """Return when clocks are due by a limit, and which stand still, and so aren't yet; all those that ran."""
        clock = replace(clock, axis=limit.axis(self.known.setting.calendar, options))
        return PausedClock.of(clock, self.pauses, self.known.as_of).due(limit.allowed)

    def _furthest(self, extension: Extension, first: Integers) -> tuple[Integers, Truths]:
        """Return how far due points can be moved, ``NEVER`` without an end; and where clocks stand still until then.

        A further limit counts on from the first due point, and its clock may stand still, too. How far an agreed date
        can be counts whatever it does, as the date stays.
        """
        further, there = extension.further, first != MISSING
        if further is None:
            return np.full(len(first), NEVER), ~there & there
        clock = replace(self.clock, start=first, elapsed=np.where(there, self.clock.elapsed, NONE))
        finder = self if extension.to is None else replace(self, pauses=NO_PAUSES)
        end, still = finder._due(further, further_clock(self.target.clock), clock)
        return np.where(end == MISSING, NEVER, end), still

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


class ByDueDays(NamedTuple):
    """The clocks of a batch, judged by their due days."""

    clock: Timeline
    judged: Judged
    due: DueDays
    allowed: Integers  # the longest elapsed time in time of each
    gross: Integers | None  # elapsed times as if no clock had stood still, where one may


def judged_by_due_days(target: HasDueDays, known: AsKnownBatch, pauses: Pauses) -> ByDueDays:
    """Return the clocks of a batch, judged by their due days; worked out once for all that ask."""
    name = _key("judged by due days", target, pauses)
    return known.once(name, lambda: _of_batch(target, known, pauses))


def _of_batch(target: HasDueDays, known: AsKnownBatch, pauses: Pauses) -> ByDueDays:
    clock, due = timeline(target, known), due_days(target, known, pauses)
    paused = PausedClock.of(clock, pauses, known.as_of)
    net = _judged(target, replace(clock, elapsed=paused.net()), due, known)
    allowed = paused.used_at(due.due)
    if target.clock.pauses == "none":
        return ByDueDays(clock, net, due, allowed, None)
    as_if = _judged(target, clock, due_days(target, known), known)
    uncured = of_status(net.categories, MISSED | {"invalid"}).take(net.code)
    cured = of_status(as_if.categories, MISSED).take(as_if.code) & ~uncured
    # Each category twice, as it is and as spared by a pause: of 4, the second one spared is 1 + 4 = 5.
    categories = (*net.categories, *map(spared, net.categories))
    code = net.code + cured * len(net.categories)
    return ByDueDays(clock, net._replace(code=code, categories=categories), due, allowed, as_if.elapsed)


def spared(outcome: Outcome) -> Outcome:
    """Return an outcome that a pause has spared: a case that is in time, not yet due, or was withdrawn in time.

    >>> spared(Outcome("excluded", "withdrawn"))
    Outcome(status='excluded', reason='withdrawn, late without pauses', mark='spared')
    """
    words = f"{'overdue' if outcome.status == 'pending' else 'late'} without pauses"
    reason, mark = (", ".join(filter(None, pair)) for pair in ((outcome.reason, words), (outcome.mark, SPARED)))
    return Outcome(outcome.status, reason, mark)


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
    last = clock.last(known.as_of)
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
