"""The clock of each record: when it started, how it ended, and how much time it took, whatever the limit."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.choosing import kept
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.time_zones import DAY, TimeZone
from ombudsman_kpi.clocks.axes import Axis
from ombudsman_kpi.clocks.has_clock import HasClock
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.starts import (
    Started,
    deemed_received,
    earliest,
    mark_unstarted,
    only_field,
    recorded,
)
from ombudsman_kpi.clocks.states import (
    NONE,
    Ending,
    State,
    StateBuilder,
    fields_of_conditions,
    fields_of_identity,
)
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch, KnownTimes
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.vocabulary import RECORDS


@dataclass(eq=False)  # not frozen, which takes four times as long to make: a single case feels it
class Timeline:
    """The clocks of a batch, one for each record.

    ``start`` and ``end`` are day numbers or instants, as ``in_days`` says; ``start_day`` and ``end_day`` are always
    day numbers; ``MISSING`` where there is none. ``elapsed`` runs to the end, or to ``as_of`` while the clock is
    open. Targets that differ in their limits alone share a timeline, and ask it when each clock is due by their limit,
    and which were in time. Where a record's own due date decides, ``own`` has both: that date (or time) in microseconds
    on the wall, and the answer.
    """

    axis: Axis
    in_days: bool
    start: Integers
    end: Integers
    elapsed: Integers
    state: NDArray[np.uint8]
    states: tuple[State, ...]
    endings: tuple[str, ...]  # the fields that can end it
    ended_by: NDArray[np.int8]  # which of them did; -1 while it is open
    zone: TimeZone
    own: tuple[Integers, Truths] | None = None
    rested: Truths | None = None  # of working hours: which ended, or stand at as_of, while the office was closed
    started: Started | None = None  # by which of several starts, where there are several

    @cached_property
    def start_day(self) -> Integers:
        """The day on which each started; ``MISSING`` where it didn't."""
        return self.days(self.start)

    @cached_property
    def end_day(self) -> Integers:
        """The day on which each ended; ``MISSING`` where it is open."""
        return self.days(self.end)

    def days(self, points: Integers) -> Integers:
        """Return the days of points of its line."""
        return points if self.in_days else self.zone.days(points)

    def due(self, limit: Limit) -> Integers:
        """Return when each is due: its day, or for other clocks the time on the wall, in microseconds.

        ``MISSING`` where it never ran, or where the calendar ends before.
        """
        if self.own is not None:
            return self.own[0]
        due = self.axis.due(self.start, limit.allowed)
        return due if self.in_days else np.where(self.start == MISSING, MISSING, self.zone.wall(due))

    def due_day(self, limit: Limit) -> Integers:
        """Return the day on which each is due; ``MISSING`` as in ``due``."""
        return self.days_of(self.due(limit))

    def days_of(self, due: Integers) -> Integers:
        """Return the days of due points as ``due`` has them."""
        return due if self.in_days else np.where(due == MISSING, MISSING, due // DAY)

    def in_time(self, limit: Limit) -> Truths:
        """Return which have used no more than the limit so far."""
        if self.own is not None:
            return self.own[1]
        in_time = limit.within(self.elapsed)
        # What is used up at closing time is due then, though it isn't more by the next opening.
        return in_time if self.rested is None else in_time & ~(self.rested & (self.elapsed == limit.allowed))

    def last(self, as_of: AsOf) -> Integers:
        """Return the point up to which each is known: its end, or ``as_of`` while it is open."""
        return kept(self.end, self.end != MISSING, as_of.day if self.in_days else as_of.instant)

    def shown(self, points: Integers) -> Integers:
        """Return points as readers see them: days, or for other clocks times on the wall, in microseconds."""
        return points if self.in_days else self.zone.wall(points)

    def points(self) -> tuple[Integers, Integers]:
        """Return when each started and ended, as readers see it."""
        return self.shown(self.start), self.shown(self.end)

    def points_without_due(self) -> tuple[Integers, Integers, Integers]:
        """Return when each started and ended, as readers see it; none of them is due."""
        return *self.points(), np.full(len(self.start), MISSING)

    @cached_property
    def last_started(self) -> int:
        """The latest day on which one of them started."""
        return int(self.start_day.max(initial=MISSING))


class SharedClock(NamedTuple):
    """The clocks of a batch that several targets share: those of one key differ in their limits alone."""

    key: Hashable
    timeline: Timeline
    limit: Limit


def fields_needed(target: HasClock, table: Columns) -> list[str]:
    """Return the names of the fields that a target's clock reads.

    Raises ``RecordsError`` where one that the target names isn't there.
    """
    fields = [table.resolve(name, f"target {target.id!r}") for name in times_named(target)]
    fields += [name for name in _enders(target) if table.has(name)]
    fields += [*fields_of_conditions(target.where, table, target.id), *fields_of_identity(table)]
    return list(dict.fromkeys([*fields, *target.fields_due_of(table)]))


def times_named(target: HasClock) -> list[str]:
    """Return the times that a target names: of its start, its stops, and the due date of its own."""
    return [name for name in (*recorded(target.starts), *target.stop, target.runs_in.own_field) if name is not None]


def endings_of(target: HasClock) -> tuple[str, ...]:
    """Return the fields that end a target's clock, in one way or another."""
    return (*target.stop, *_enders(target))


def _enders(target: HasClock) -> tuple[str, ...]:
    """Return the names of the fields that end a clock without what was promised; abandoning a call ends the wait."""
    return tuple(name for name, _ in _ends(target.of, target.stop))


@cache
def _ends(records: str, stop: tuple[str, ...]) -> tuple[tuple[str, Ending], ...]:
    kind = RECORDS[records]
    waits = set(kind.answered_by) & set(stop)
    ends: list[tuple[str, Ending]] = [(name, "withdrawn") for name in kind.withdrawn_by]
    ends += [(name, "abandoned") for name in kind.abandoned_by if waits]
    return tuple((name, ending) for name, ending in ends if name not in stop)


@dataclass
class ClockBuilder(StateBuilder):
    """Builds the states of a batch for a target with a clock."""

    on: HasClock = field(kw_only=True)

    @cached_property
    def endings(self) -> list[tuple[str, Ending]]:
        """The fields that can end the clock, and how; of those on the same day the first named counts."""
        table = self.known.batch.table
        named: list[tuple[str, Ending]] = [(self.name(name), "stopped") for name in self.on.stop]
        return named + [(name, ending) for name, ending in _ends(self.on.of, self.on.stop) if table.has(name)]

    @cached_property
    def ended(self) -> list[tuple[int, str, Ending, KnownTimes]]:
        """Of the endings, those that some record has: their place, field, how they end the clock, and when."""
        all_of_them = ((place, name, ending, self.moments(name)) for place, (name, ending) in enumerate(self.endings))
        return [item for item in all_of_them if not item[3].nothing]

    def mark_ended(self, which: NDArray[np.int8], start: Integers, end: Integers) -> None:
        """Set the state of those that have none yet by what ended them; -1: nothing did."""
        short = self.on.clock.short_wait
        codes = np.zeros(len(self.endings) + 1, np.uint8)
        for position, name, ending, _ in self.ended:
            codes[position] = self.code_of(State(ending, name.removesuffix("_at") if ending == "withdrawn" else ""))
            if ending == "abandoned" and short is not None:
                early = (which == position) & (start != MISSING) & (end - start <= short)
                self.mark(early, "excluded", self.on.clock.unanswered.removeprefix("left out if "))
        ended = codes.take(which)  # -1 takes the last one, 0: what is still open
        self.state = self.state + ended * (self.state == 0) if np.count_nonzero(self.state) else ended

    def days(self, points: Integers) -> Integers:
        """Return the days of points of this clock."""
        return points if self.in_days else self.zone.days(points)

    def mark_time(self, name: str) -> None:
        """Mark what can't be a time of this record, or lacks a zone where the target wants one."""
        self.mark_unusable(name, refuse_naive=self.on.clock.naive_times == "refuse")


def timeline(target: HasClock, known: AsKnownBatch) -> Timeline:
    """Return a target's clock of every record of a batch; targets that differ in their limits alone share it."""
    return known.once(("timeline", target.clock_key), lambda: _run(target, known))


def _run(target: HasClock, known: AsKnownBatch) -> Timeline:
    """Return a target's clock of every record of a batch, as far as it was known.

    Each record gets the first state that fits: starting later; left out by the target's conditions; without an id
    of its own; not startable; contradicting itself; ended by its earliest ending; open.
    """
    builder = ClockBuilder(known, target.id, target.in_days, on=target)
    _refuse_mixed_zones(builder)
    if (only := only_field(target.starts)) is not None:
        builder.mark_later(builder.name(only))
    builder.mark_not_concerned(target.where)
    builder.mark_identity()
    start, started = _start(builder)
    end, which = _end(builder, start)
    own = _own_due(builder, end, target.runs_in.own_field) if target.runs_in.own_field else None
    builder.mark_ended(which, start, end)
    ran = np.array([state.ending not in {"excluded", "invalid"} for state in builder.states])
    counts = ran.take(builder.state)
    axis = target.runs_in.axis(builder.calendar, target.clock)
    stops = kept(end, which >= 0, known.as_of.day if builder.in_days else known.as_of.instant)
    elapsed = _elapsed(builder, axis, counts, start, stops) if target.starts else np.full(builder.size, NONE)
    open_time = builder.calendar.open_time if target.runs_in.counts_working_hours else None
    return Timeline(
        axis, builder.in_days, start, end, elapsed, builder.state, tuple(builder.states),
        tuple(name for name, _ in builder.endings), which, builder.zone, own,
        None if open_time is None else open_time.rests(start, stops), started,
    )  # fmt: skip


def _refuse_mixed_zones(builder: ClockBuilder) -> None:
    """Refuse a clock that would start by one system's clock and stop by another's: one of them is a mistake."""
    target, batch = builder.on, builder.known.batch
    named = [builder.name(name) for name in times_named(target)]
    named += [name for name in _enders(target) if name in batch.columns]
    if not {batch.times(name).kind for name in named} >= {"walls", "instants"}:
        return
    columns = {"walls": "", "instants": ""}
    for name in named:
        times = batch.times(name)
        # Dates, midnights of pandas among them, fit both.
        if times.kind in columns and not (times.dates_alone() | ~times.present).all():
            columns[times.kind] = batch.table.column_of(name)
    if columns["walls"] and columns["instants"]:
        raise RecordsError(
            f"{batch.table.label}: {columns['walls']} has times without a zone, {columns['instants']} with one. Bring "
            f"them to one form: pandas' .dt.tz_localize({builder.zone.name!r}) says whose clock the first ones show."
        )


def _start(builder: ClockBuilder) -> tuple[Integers, Started | None]:
    """Return when each clock started, by the options of the clock; and where there are several starts, by which."""
    starts = builder.on.starts
    if not starts:
        return np.full(builder.size, MISSING), None
    for start in recorded(starts):
        builder.mark_time(builder.name(start))
        _refuse_dates(builder, builder.name(start))
    if (only := only_field(starts)) is not None:
        name = builder.name(only)
        moments = builder.moments(name)
        builder.mark_missing(name)
        mark_unstarted(builder, builder.ended, ~moments.times.present, name)
        builder.mark_not_begun(name)
        points = moments.days if builder.in_days else moments.first
        begun = points if moments.complete else kept(points, moments.usable, MISSING)
        return (deemed_received(builder, builder.on.clock, name, begun) if builder.in_days else begun), None
    started = earliest(builder, builder.on, builder.ended)
    return started.start, started


def _refuse_dates(builder: ClockBuilder, name: str) -> None:
    """Refuse a column of dates where seconds and hours count; one date among times contradicts its record."""
    if not builder.on.runs_in.needs_times:
        return
    table, times = builder.known.batch.table, builder.known.batch.times(name)
    alone = times.dates_alone() & times.present
    if not alone.any() or (times.midnight_is_date and name not in map(builder.name, recorded(builder.on.starts))):
        return
    if (alone | ~times.present).all() and table.only_dates(name):
        raise RecordsError(
            f"{table.label}: {table.column_of(name)} has only dates, but target {builder.target_id!r} "
            f"({builder.on.runs_in}) needs the time of day too. Export timestamps, or leave the target out with "
            "targets=."
        )
    if not times.midnight_is_date:
        builder.mark(alone, "invalid", f"{name} has no time of day")


def _end(builder: ClockBuilder, start: Integers) -> tuple[Integers, NDArray[np.int8]]:
    """Return when each clock ended, and by which of the endings; -1 where it is open."""
    end = which = None
    for position, name, _, moments in builder.ended:
        builder.mark_time(name)
        _refuse_dates(builder, name)
        points = moments.ending if builder.in_days else _instants(builder, moments, start)
        # 0 while none has happened. A stop on day 5 at place 0 gives 1. An earlier withdrawal, on day 3 at place 1,
        # gives 2, which is greater; a later one gives 0, and the 1 stays.
        place = (points < (NEVER if end is None else end)).view(np.int8) * np.int8(position + 1)
        which = place if which is None else np.maximum(which, place)
        end = points if end is None else np.minimum(end, points)
    if end is None or which is None:
        return np.full(builder.size, MISSING), np.full(builder.size, -1, np.int8)
    end, which = kept(end, which != 0, MISSING), which - np.int8(1)
    if builder.on.starts:
        _mark_contradictions(builder, start, end, which)
    return end, which


def _instants(builder: ClockBuilder, moments: KnownTimes, start: Integers) -> Integers:
    """Return when something happened; in the hour that occurs twice the second time, where the first is too early."""
    if moments.second is moments.first:
        return kept(moments.first, moments.happened, NEVER)
    points = np.where((moments.first < start) & (start != MISSING), moments.second, moments.first)
    return kept(points, moments.happened & (points <= builder.known.as_of.instant), NEVER)


def _mark_contradictions(builder: ClockBuilder, start: Integers, end: Integers, which: NDArray[np.int8]) -> None:
    """Mark what ended before it started: before the day of receipt itself, not the day it counts as received."""
    only = only_field(builder.on.starts)
    name = "its start" if only is None else builder.name(only)
    first, last = start, end
    if not builder.on.runs_in.needs_times:
        first, last = builder.days(start) if only is None else builder.moments(name).days, builder.days(end)
    before = (which >= 0) & (first != MISSING) & (last < first)
    if np.count_nonzero(before):
        for position, ending, *_ in builder.ended:
            builder.mark(before & (which == position), "invalid", f"{ending} is before {name}")


def _elapsed(builder: ClockBuilder, axis: Axis, counts: Truths, start: Integers, stops: Integers) -> Integers:
    if builder.on.runs_in.own_field:  # in days, for the record: its own date decides
        safe = np.where(counts, start, 0)
        first, last = (builder.zone.wall(points) // DAY for points in (safe, np.where(counts, stops, 0)))
        return np.where(counts, last - first, NONE)
    return kept(axis.elapsed(start, stops), counts, NONE)  # what isn't counted may be far out of range, and overflow


def _own_due(builder: ClockBuilder, end: Integers, field_name: str) -> tuple[Integers, Truths]:
    """Return each record's own due date, and whether it was kept: by the day where either is a date, else exactly."""
    name = builder.name(field_name)
    builder.mark_time(name)
    moments = builder.moments(name)
    times, due_day, end_day = moments.times, moments.days, builder.days(end)
    declared = builder.known.batch.table.fields.get(name)
    if declared is not None and declared.required:
        builder.mark(~times.present, "invalid", f"{name} is missing")
    else:
        builder.mark(~times.present, "excluded", f"no {name}")
    outside = times.present & ~builder.calendar.covers(due_day)
    builder.mark(outside, "invalid", f"{name} is outside the calendar")
    as_of = builder.known.as_of
    by_day = times.dates_alone() | (builder.on.clock.own_due == "by the day")
    for _, _, _, ending in builder.ended:
        by_day |= ending.happened & ending.times.dates_alone() & (ending.days == end_day)
    open_ = end == MISSING
    last, last_day = np.where(open_, as_of.instant, end), np.where(open_, as_of.day, end_day)
    walls = np.where(by_day, due_day * DAY, builder.zone.wall(moments.first))
    return np.where(times.present, walls, MISSING), np.where(by_day, last_day <= due_day, last <= moments.first)
