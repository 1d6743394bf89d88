"""A share within a limit where records have limits of their own, or extensions: what counts is the due day.

Source of the rule: who stopped by the first date is met; who stopped by the second is met, by extension. Both numbers
are given, and the figure without any extension.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.clocks.due_days import BY_EXTENSION, conditions_of, fields_of_due_days, judged_by_due_days
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figures, Said
from ombudsman_kpi.measures.base.lasting import clock_lasts, fields_last
from ombudsman_kpi.measures.base.on_clock import Extendable
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.rounding import percent


@dataclass(frozen=True)
class DueDayRule(ClockRule):
    """Each record's clock, judged by the day on which it is due."""

    target: Extendable
    related: Related

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that the clock, its limits and its extension read."""
        return fields_of_due_days(self.target, table)

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of the clocks of a batch."""
        known = self.target.seen(known, self.related)
        clock, result, due = judged_by_due_days(self.target, known)
        limit, there = self.target.limit, due.due != MISSING
        used = clock.axis.elapsed(np.where(there, clock.start, 0), np.where(there, due.due, 0))
        return Assessed(
            result.code, result.categories, lambda: clock.start_day, lambda: clock.end_day, limit.shown(result.elapsed),
            limit.elapsed_unit, lambda: (*clock.points(), clock.shown(due.due)), limit.parts, clock.in_days,
            result.provisional, allowed=used,
        )  # fmt: skip

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which clocks have ended, unless their due day may still move."""
        known = self.target.seen(known, self.related)
        _, result, _ = judged_by_due_days(self.target, known)
        return due_days_last(self.target, known) & np.equal(result.provisional, 0)


def due_days_last(target: Extendable, known: AsKnownBatch) -> Truths:
    """Return which clocks have ended for good, and have the limit and the extension that they will have later."""
    return clock_lasts(target, known) & fields_last(target.id, known, conditions_of(target))


def with_extensions(figures: Figures, places: Places) -> Figures:
    """Return the shares with how many were met by extension, and what they would be without any."""
    extended, marked = places.number("met", BY_EXTENSION), places.number(mark=BY_EXTENSION)
    met = places.met - extended
    counted = met + places.missed + marked

    def say(row: int) -> Said:
        if not counted[row]:
            return Said()
        own, of, by = int(met[row]), int(counted[row]), int(extended[row])
        words = f"{by:,} met by extension; without extensions {percent(own, of)} ({own:,} of {of:,})"
        return Said({"by_extension": by, "without_extensions": Fraction(own, of)}, (words,))

    return figures.adding(say)
