"""Contact with each party of a case at least so often: each interval, and each case with all of its intervals.

Source of the rule: the intervals from the start of the investigation to the first outgoing contact, between contacts,
and from the last to the end. They run between distinct days, so that ten contacts on a day count as one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.assess.draft import NONE
from ombudsman_kpi.assess.outcomes import STILL_OPEN, Assessed, Outcome
from ombudsman_kpi.assess.related import Files
from ombudsman_kpi.assess.share_within import last_start
from ombudsman_kpi.assess.timeline import Timeline, fields_needed, timeline
from ombudsman_kpi.contacts import PARTIES, Contacts
from ombudsman_kpi.days import MISSING, Integers, Truths, day_number
from ombudsman_kpi.frames import Table
from ombudsman_kpi.known import NEVER, Known
from ombudsman_kpi.limits import Limit, WorkingDays
from ombudsman_kpi.targets import KeepInTouch

MET, LATE, OVERDUE, PENDING = (Outcome(status) for status in ("met", "late", "overdue", "pending"))
_NAMES = np.array([*PARTIES, None], object)
_CODES = {outcome: code for code, outcome in enumerate((MET, LATE, OVERDUE, PENDING))}


class Intervals(NamedTuple):
    """The intervals of a batch's cases: whose they are, when they began and ended; ``MISSING`` while one is open."""

    case: Integers  # its position in the batch
    party: Integers
    begin: Integers
    end: Integers


@dataclass(frozen=True)
class Run:
    """The investigations of a batch: their clocks, when they ended, and their intervals, judged."""

    clock: Timeline
    end: Integers
    found: Intervals
    elapsed: Integers  # of each interval
    allowed: int

    @property
    def over(self) -> Truths:
        """Which intervals were too long."""
        return np.greater(self.elapsed, self.allowed)

    @cached_property
    def due(self) -> Integers:
        """When each interval is due to end; not everybody asks."""
        return self.clock.counting.due(self.found.begin, self.allowed)


@dataclass(frozen=True)
class KeepInTouchRule:
    """The intervals between contacts, judged by the limit; each for itself, or all of a case together."""

    target: KeepInTouch
    files: Files

    def fields(self, table: Table) -> list[str]:
        """Name what the clock of the investigation reads."""
        _ = self.files.contacts  # found before several threads ask for them
        return fields_needed(self.target, table)

    def assess(self, known: Known) -> Assessed:
        """Judge the intervals of a batch's cases."""
        target = self.target
        run = run_of(target, known, self.files)
        return self._each(known, run) if target.counted == "intervals" else self._whole_cases(known, run)

    def _each(self, known: Known, run: Run) -> Assessed:
        """Give each interval its outcome; and of the cases that contradict themselves, that."""
        clock, (case, party, begin, end), elapsed, due = run.clock, run.found, run.elapsed, run.due
        code = np.where(end == MISSING, 3 - run.over, run.over).astype(np.intp)  # places in the book
        book = (MET, LATE, OVERDUE, PENDING, *_reasons(clock))
        invalid = np.flatnonzero(np.array([state.ending == "invalid" for state in clock.states]).take(clock.state))
        if len(invalid):
            none = np.full(len(invalid), MISSING)
            begin, end, due = (np.concatenate([days, none]) for days in (begin, end, due))
            code = np.concatenate([code, clock.state[invalid].astype(np.intp) + len(_CODES)])
            elapsed = np.concatenate([elapsed, np.full(len(invalid), NONE)])
            case, party = np.concatenate([case, invalid]), np.concatenate([party, np.full(len(invalid), len(PARTIES))])
        moves = isinstance(self.target.limit, WorkingDays)

        return Assessed(
            code, book, begin, end, elapsed, self.target.limit.elapsed_unit, lambda: (begin, end, due),
            provisional=(due > day_number(known.scheme.calendar.announced_until)).astype(np.int64) if moves else 0,
            record=case, party=_NAMES.take(party),
        )  # fmt: skip

    def _whole_cases(self, known: Known, run: Run) -> Assessed:
        """Give each case its outcome: late when any interval was, overdue when only a last one is."""
        clock, end, found, over = run.clock, run.end, run.found, run.over
        parties, overdue = np.zeros(len(end), np.int64), np.zeros(len(end), np.bool_)
        ended = over & (found.end != MISSING)
        for place in range(len(PARTIES)):
            of_party = found.case[ended & (found.party == place)]
            parties |= (np.bincount(of_party, minlength=len(end)) > 0).astype(np.int64) << place
        overdue[found.case[over ^ ended]] = True
        open_ = end == MISSING
        code = np.where(open_, 2 - overdue, 0)  # places in the book
        code = np.where(parties > 0, parties + 2 + open_ * len(_LATE), code)
        code = np.where(clock.elapsed == NONE, clock.state.astype(np.int64) + len(_WHOLE), code).astype(np.intp)
        announced, moves = day_number(known.scheme.calendar.announced_until), False
        if isinstance(self.target.limit, WorkingDays):
            last = last_start(self.target, clock, announced)
            moves = last is not None and found.begin.max(initial=MISSING) > last
        return Assessed(
            code, (*_WHOLE, *_reasons(clock)), clock.start_day, end, np.full(len(end), NONE),
            self.target.limit.elapsed_unit, lambda: (clock.start, end, _next_due(run)),
            provisional=(_next_due(run) > announced).astype(np.int64) if moves else 0,
        )  # fmt: skip


def _next_due(run: Run) -> Integers:
    """Give the day by which each open case must have the next contact; with whichever party it is due first."""
    first = np.full(len(run.end), NEVER)
    open_ = (run.found.end == MISSING) & (run.due != MISSING)
    np.minimum.at(first, run.found.case[open_], run.due[open_])
    return np.where(first == NEVER, MISSING, first)


def _too_long(code: int) -> str:
    """Say with whom contact was too rare; the parties are the bits of a number."""
    names = [name for place, name in enumerate(PARTIES) if code >> place & 1]
    return "too long without contact with the " + " and the ".join(names)


_LATE = tuple(Outcome("late", _too_long(code)) for code in range(1, 1 << len(PARTIES)))
_WHOLE = (MET, OVERDUE, PENDING, *_LATE, *(Outcome("late", f"{reason}, {STILL_OPEN}") for _, reason in _LATE))


def _reasons(clock: Timeline) -> tuple[Outcome, ...]:
    """Give the outcome of each state by which a case is left out."""
    return tuple(
        Outcome(state.ending, state.reason) if state.ending in {"excluded", "invalid"} else MET
        for state in clock.states
    )


def run_of(target: KeepInTouch, known: Known, files: Files) -> Run:
    """Run the investigations of a batch, and judge their intervals by the limit: once, for all who ask."""
    name = ("contact", target.clock_key, target.parties, target.limit)
    return known.once(name, lambda: _run(target, known, files))


def _clock_of(target: KeepInTouch, known: Known) -> tuple[Timeline, Integers]:
    """Run the clock of the investigation; it ends with the decision, else with closing or withdrawal."""
    clock = timeline(target, known)
    end = clock.end_day
    for name in reversed(target.stop):
        stop = known.moments(known.batch.table.resolve(name, f"target {target.id!r}"))
        end = np.where(stop.usable & (end != MISSING), stop.days, end)
    return clock, np.where(clock.elapsed == NONE, MISSING, end)


def _run(target: KeepInTouch, known: Known, files: Files) -> Run:
    limit = target.limit
    assert isinstance(limit, Limit)  # noqa: S101
    clock, end = _clock_of(target, known)
    found = intervals(target, known, files, np.where(clock.elapsed == NONE, MISSING, clock.start), end)
    elapsed = clock.counting.elapsed(found.begin, np.where(found.end == MISSING, known.as_of.day, found.end))
    return Run(clock, end, found, elapsed, limit.allowed)


def intervals(target: KeepInTouch, known: Known, files: Files, start: Integers, end: Integers) -> Intervals:
    """Cut the run of each case into intervals by the days on which each party was contacted."""
    running = np.flatnonzero(start != MISSING)
    if not len(running):
        return Intervals(running, running, running, running)
    offset, size = known.batch.offset, len(known.batch)
    contacted = Contacts.within(files.contacts.contacted, offset, offset + size)
    lane, day = Contacts.parted(contacted)
    case = (lane >> 1) - offset
    first, last = start.take(case), np.where(end == MISSING, known.as_of.day + 1, end).take(case)
    kept = (first != MISSING) & (day > first) & (day < last)
    parties = [place for place, name in enumerate(PARTIES) if name in target.parties]
    if len(parties) < len(PARTIES):
        kept &= lane & 1 == parties[0]
    # The points that intervals run between: the start for each party, and each contact, in the order of time.
    begun = start.take(running)
    starts = [Contacts.number((running + offset) * 2 + place, begun) for place in parties]
    points = np.concatenate([contacted.take(np.flatnonzero(kept)), *starts])
    points.sort()
    lane, begin = Contacts.parted(points)
    case = (lane >> 1) - offset
    ends = end.take(case)
    np.copyto(ends[:-1], begin[1:], where=lane[1:] == lane[:-1])
    some = np.flatnonzero(ends != begin)  # a case that ends on the day of its last contact has no interval after it
    return Intervals(case.take(some), lane.take(some) & 1, begin.take(some), ends.take(some))
