"""Whether both parties were told, with a reason, of each target that a case missed."""

from dataclasses import dataclass

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.judging import provisional_days
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import MISSED, Assessed, Outcome, of_status
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import fields_needed, timeline
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.events.contacts import PARTIES, Touches
from ombudsman_kpi.measures.paused import ran_net
from ombudsman_kpi.measures.related import Files
from ombudsman_kpi.measures.share_within import clock_judged
from ombudsman_kpi.measures.targets import DelaysExplained, ShareWithin
from ombudsman_kpi.records.tables import Table


@dataclass(frozen=True)
class DelaysRule:
    """Each miss of a case: met where every party was told between the start and the due day, else late."""

    target: DelaysExplained
    missed: tuple[ShareWithin, ...]
    files: Files

    def fields(self, table: Table) -> list[str]:
        """Name what the clocks of the targets read that were missed."""
        _ = self.files.contacts  # found before several threads ask for them
        return list(dict.fromkeys(name for target in self.missed for name in fields_needed(target, table)))

    def assess(self, known: Known) -> Assessed:
        """Look for an explanation of each miss of a batch."""
        parts = [part for target in self.missed if (part := self._of_target(target, known)) is not None]
        parts = parts or [(np.empty(0, np.int64),) * 6]
        record, start, due, last, moves, code = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        book = tuple(Outcome(status, target.id) for target in self.missed for status in ("met", "late", "pending"))
        none = np.full(len(record), MISSING)

        elapsed = np.full(len(record), NONE)
        points = start, none, last
        unit = self.target.up_to.elapsed_unit if self.target.up_to is not None else ""
        return Assessed(
            code.astype(np.intp), book, start, none, elapsed, unit, lambda: points, record=record, due_day=due,
            provisional=moves
        )  # fmt: skip

    def _of_target(self, target: ShareWithin, known: Known) -> tuple[Integers, ...] | None:
        """Give the cases that missed one target: when it began, was due, is to be explained; and whether it was.

        None where there are none.
        """
        paused = None
        if target.pauses:
            clock, found, paused = ran_net(target, self.files.pauses, known)
        else:
            clock = timeline(target, known)
            if clock.own is None and not np.count_nonzero(clock.elapsed != NONE):
                return None  # none of them ran
            clock, found = clock_judged(target, known)
        missed = of_status(found.book, MISSED).take(found.code)
        rows = np.flatnonzero(missed)
        if not len(rows):
            return None
        due_day = clock.due_day(target.limit) if paused is None else paused
        start, due = clock.start_day[rows], due_day[rows]
        last = self._extended(due, known)
        told = np.ones(len(rows), np.bool_)
        for name in self.target.parties:
            told &= self._told(known, rows, PARTIES.index(name), start, last)
        waiting = (last >= known.as_of.day) & (self.target.up_to is not None)
        code = 3 * self.missed.index(target) + np.where(told, 0, np.where(waiting, 2, 1))
        moves = np.broadcast_to(found.provisional, len(clock.start))[rows]
        return rows, start, due, last, np.maximum(moves, self._extension_moves(due, last, known)), code

    def _extended(self, due: Integers, known: Known) -> Integers:
        """Give the last day on which an explanation is in time."""
        limit = self.target.up_to
        if limit is None:
            return due
        last = limit.axis(known.setting.calendar, Clock()).due(due, limit.allowed)
        return np.where(last == MISSING, due, last)

    def _extension_moves(self, due: Integers, last: Integers, known: Known) -> Integers | int:
        """Return 1 where the last day for an explanation may still move, as a due day may."""
        limit = self.target.up_to
        return 0 if limit is None else provisional_days(limit, Clock(), due, last, known.setting.calendar)

    def _told(self, known: Known, rows: Integers, party: int, start: Integers, last: Integers) -> Truths:
        """Tell which cases have an explanation to a party between two days."""
        offset = known.batch.offset
        found = self.files.contacts.explained
        explained = known.once(("explained",), lambda: found.within(offset, offset + len(known.batch)))
        if not len(explained):
            return np.zeros(len(rows), np.bool_)
        lane = rows * 2 + party
        place = explained.searchsorted(Touches.number(lane, start))
        following = explained.take(place, mode="clip")
        told: Truths = (following <= Touches.number(lane, last)) & (place < len(explained))
        return told
