"""Whether both parties were told, with a reason, of each target that a case missed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.arrays.types import MISSING, Integers, RowNumbers, Truths
from ombudsman_kpi.clocks.due_days import fields_of_due_days, judged_by_due_days
from ombudsman_kpi.clocks.judging import provisional_days
from ombudsman_kpi.clocks.limit_fields import LimitField
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import MISSED, Assessed, Outcome, of_status
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.contacts import EXPLANATION
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.lasting import records_of
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.reopened import of_all
from ombudsman_kpi.measures.base.selected import check_named
from ombudsman_kpi.measures.base.target import CASE, DueChain, Records, Rule, Target
from ombudsman_kpi.measures.base.wording import Wording
from ombudsman_kpi.measures.share_within import ShareWithin, clock_judged
from ombudsman_kpi.measures.share_within_due_days import due_days_last
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.vocabulary import PARTIES, Party

_PLAIN = Clock()


@dataclass(frozen=True)
class DelaysRule(Rule):
    """Each miss of a case: met where every party was told between the start and the due day, else late."""

    target: "DelaysExplained"
    missed: tuple[ShareWithin, ...]
    related: Related

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that the clocks of the targets read."""
        _ = self.related.told(EXPLANATION)  # found before several threads ask for them
        return list(dict.fromkeys(name for target in self.missed for name in fields_of_due_days(target, table)))

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return for each miss of a batch whether it was explained."""
        parts = [part for target in self.missed for part in self._of_target(target, known)]
        parts = parts or [(np.empty(0, np.int64),) * 6]
        record, start, due, last, moves, code = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        categories = tuple(
            Outcome(status, target.id) for target in self.missed for status in ("met", "late", "pending")
        )
        none = np.full(len(record), MISSING)
        elapsed = np.full(len(record), NONE)
        points = start, none, last
        unit = self.target.up_to.elapsed_unit if self.target.up_to is not None else ""
        return Assessed(
            code.astype(np.intp), categories, start, none, elapsed, unit, lambda: points, record=record, due_day=due,
            provisional=moves
        )  # fmt: skip

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which cases have ended by all targets, and wait for no explanation that could still come in time."""
        assessed = self.assess(known)
        waiting = of_status(assessed.categories, frozenset({"pending"})).take(assessed.code)
        ended = ~records_of(assessed, waiting | np.not_equal(assessed.provisional, 0), known)
        for target in self.missed:
            ended &= of_all(partial(due_days_last, target), known, target.again(known, self.related))
        return ended

    def _of_target(self, target: ShareWithin, known: AsKnownBatch) -> Iterator[tuple[Integers, ...]]:
        """Yield the misses of one target; those of cases that were reopened stand with the first ones."""
        records, again = np.arange(len(known.batch)), target.again(known, self.related)
        first = self._of_clocks(target, known, records, known)
        if again is None:
            yield from () if first is None else (first,)
            return
        if first is not None and again.instead:
            mine = ~np.isin(first[0], again.record)
            first = tuple(part[mine] for part in first)
        parts = [part for part in (first, self._of_clocks(target, again, again.record, known)) if part is not None]
        if parts:
            joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
            order = np.argsort(joined[0], kind="stable")
            yield tuple(part[order] for part in joined)

    def _of_clocks(
        self, target: ShareWithin, known: AsKnownBatch, records: RowNumbers, whole: AsKnownBatch
    ) -> tuple[Integers, ...] | None:
        """Return the cases that missed one target: when it began, was due, is to be explained; and whether it was.

        None where there are none. ``records`` says which record of the whole batch each clock is of.
        """
        clock = timeline(target, known)
        if clock.own is None and not np.count_nonzero(clock.elapsed != NONE):
            return None  # none of them ran
        if target.judged_by_due_days:
            found = judged_by_due_days(target, known, self.related.stood_still(target, known))
            judged, due_day = found.judged, clock.days(found.due.due)
        else:
            _, judged = clock_judged(target, known)
            due_day = clock.due_day(target.limit)
        missed = of_status(judged.categories, MISSED).take(judged.code)
        rows = np.flatnonzero(missed)
        if not len(rows):
            return None
        start, due = clock.start_day[rows], due_day[rows]
        last, last_moves = self._last_days(due, known)
        told = np.ones(len(rows), np.bool_)
        for name in self.target.parties:
            told &= self._told(whole, records[rows], PARTIES.index(name), start, last)
        waiting = (last >= known.as_of.day) & (self.target.up_to is not None)
        # Three categories for each target: met, late, pending. Late on the second target is 3 * 1 + 1 = 4.
        code = 3 * self.missed.index(target) + np.where(told, 0, np.where(waiting, 2, 1))
        moves = np.broadcast_to(judged.provisional, len(clock.start))[rows]
        return records[rows], start, due, last, np.maximum(moves, last_moves), code

    def _last_days(self, due: Integers, known: AsKnownBatch) -> tuple[Integers, Integers | int]:
        """Return the last day on which an explanation is in time; and 1 where it may still move, as a due day may."""
        limit, calendar = self.target.up_to, known.setting.calendar
        if limit is None:
            return due, 0
        last = limit.axis(calendar, _PLAIN).due(due, limit.allowed)
        last = np.where(last == MISSING, due, last)
        return last, provisional_days(limit, _PLAIN, due, last, calendar)

    def _told(self, known: AsKnownBatch, rows: Integers, party: int, start: Integers, last: Integers) -> Truths:
        """Return which cases have an explanation to a party between two days."""
        offset = known.batch.offset
        explanations = self.related.told(EXPLANATION).days[EXPLANATION]
        explained = known.once(("explained",), lambda: explanations.within(offset, offset + len(known.batch)))
        if not len(explained):
            return np.zeros(len(rows), np.bool_)
        lane = rows * 2 + party  # case 3, second party: lane 7
        place = explained.searchsorted(row_days.pack(lane, start))
        following = explained.take(place, mode="clip")
        told: Truths = (following <= row_days.pack(lane, last)) & (place < len(explained))
        return told


class DelaysExplained(Target):
    """Whether both parties were told, with a reason, when a case missed one of some targets."""

    measure: Literal["delays explained"]
    late_on: tuple[str, ...] = Field(description="The targets of cases whose misses are to be explained", min_length=1)
    parties: tuple[Party, ...] = Field(PARTIES, description="Who is told", min_length=1)
    up_to: LimitField | None = Field(None, description="How long after the due day an explanation is still in time")

    example: ClassVar[str] = """
    of = "cases"
    late_on = ["share-within"]
    up_to = "5 working days"
    cohort = "due"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (DelaysRule,)
    better = "increase"
    words: ClassVar[Wording] = Wording("explained", "Target {reason} was missed; its clock started {start}.")
    obliges = True

    @property
    def met_words(self) -> str:
        """What is said of those that are counted."""
        return "explained"

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Cases, and beside each the events that say what was explained."""
        return {self.of: CASE, "events": CASE}

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for cases."""
        missed = tuple(item for name in self.late_on if isinstance(item := related.scheme[name], ShareWithin))
        yield self.of, DelaysRule(self, missed, related)

    def misfits(self, related: Related) -> Mapping[Misfit, int]:
        """Return what wasn't understood of explanations."""
        return related.told(EXPLANATION).misfits(EXPLANATION)

    def figures(self, places: Places) -> Figures:
        """Return the share of misses that were explained."""
        return share_figures(self.standard, places)

    def check_references(self, targets: Mapping[str, Target]) -> None:
        """Raise ``ValueError`` where what is missed is no share within a limit."""
        fitting = [name for name, item in targets.items() if isinstance(item, ShareWithin) and item.of == "cases"]
        check_named(self, "late_on", self.late_on, fitting, "a share within a limit")

    @property
    def options(self) -> dict[str, str]:
        """How long after the due day is in time."""
        return {"up_to": str(self.up_to)} if self.up_to is not None else {}

    @property
    def limits(self) -> tuple[DueChain, ...]:
        """How long after a due day an explanation is in time; a case that is explained was due by ``as_of``."""
        return () if self.up_to is None else (((self.up_to, _PLAIN),),)

    @property
    def time_allowed(self) -> Limit | None:
        """How long after the due day is in time."""
        return self.up_to

    @property
    def waits_for(self) -> tuple[str, ...]:
        """An explanation."""
        return (EXPLANATION,)

    @model_validator(mode="after")
    def _of_cases(self) -> Self:
        if self.of != "cases" or self.cohort != "due":
            raise ValueError("of: delays are explained on cases, in the cohort of those due")
        if self.up_to is not None and (self.up_to.size > 1 or not self.up_to.in_days):
            raise ValueError("up_to: write it in working days or calendar days")
        return self
