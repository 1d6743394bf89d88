"""A share within a limit where records have limits of their own, extensions or pauses: what counts is the due day.

Source of the rule: who stopped by the first date is met; who stopped by the second is met, by extension. Both numbers
are given, and the figure without any extension. Gross (as if nothing had been paused) and net are both given.
"""

from fractions import Fraction

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.clocks.due_days import BY_EXTENSION, SPARED, conditions_of, fields_of_due_days, judged_by_due_days
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figures, Said
from ombudsman_kpi.measures.base.lasting import clock_lasts, fields_last
from ombudsman_kpi.measures.base.on_clock import Extendable
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.reopened import ReopenableRule
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.rounding import percent


class DueDayRule(ReopenableRule):
    """Each record's clock, judged by the day on which it is due."""

    target: Extendable

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that the clock, its limits and its extension read."""
        return fields_of_due_days(self.target, table)

    def of_clocks(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of the clocks of a batch."""
        pauses = self.related.stood_still(self.target, known)
        clock, result, due, allowed, gross = judged_by_due_days(self.target, known, pauses)
        limit = self.target.limit
        return Assessed(
            result.code, result.categories, lambda: clock.start_day, lambda: clock.end_day, limit.shown(result.elapsed),
            limit.elapsed_unit, lambda: (*clock.points(), clock.shown(due.known)), limit.parts, clock.in_days,
            result.provisional, allowed=allowed, if_resumed=due.due if clock.in_days else None,
            gross=None if gross is None else limit.shown(gross),
        )  # fmt: skip

    def lasting(self, known: AsKnownBatch) -> Truths:
        """Return which clocks have ended, unless their due day may still move."""
        found = judged_by_due_days(self.target, known, self.related.stood_still(self.target, known))
        return due_days_last(self.target, known) & np.equal(found.judged.provisional, 0)


def due_days_last(target: Extendable, known: AsKnownBatch) -> Truths:
    """Return which clocks have ended for good, and have the limit and the extension that they will have later."""
    return clock_lasts(target, known) & fields_last(target.id, known, conditions_of(target))


def with_extensions(figures: Figures, places: Places) -> Figures:
    """Return the shares with how many were met by extension, and what they would be without any."""
    extended, met, counted = _otherwise(places, BY_EXTENSION)

    def say(row: int) -> Said:
        if not counted[row]:
            return Said()
        own, of, by = int(met[row]), int(counted[row]), int(extended[row])
        words = f"{by:,} met by extension; without extensions {percent(own, of)} ({own:,} of {of:,})"
        return Said({"by_extension": by, "without_extensions": Fraction(own, of)}, (words,))

    return figures.adding(say)


def with_gross(figures: Figures, places: Places) -> Figures:
    """Return the shares by the time that clocks ran, and beside each what it would be had they never stood still."""
    _, met, counted = _otherwise(places, SPARED)

    def say(row: int) -> Said:
        if not counted[row]:
            return Said()
        own, of = int(met[row]), int(counted[row])
        return Said({"gross": Fraction(own, of)}, (f"without pauses {percent(own, of)} ({own:,} of {of:,})",))

    return figures.adding(say)


def _otherwise(places: Places, mark: str) -> tuple[Integers, Integers, Integers]:
    """Return how many were met with a mark; and how many would be met, and counted, if those with it were missed."""
    marks = [marks for marks in dict.fromkeys(item.mark for item in places.cells.outcomes) if mark in marks.split(", ")]
    none = np.zeros(len(places), np.int64)
    marked, extra = (sum((places.number(status, one) for one in marks), none) for status in (None, "met"))
    met = places.met - extra
    return extra, met, met + places.missed + marked
