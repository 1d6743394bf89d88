"""A share within a limit where records have limits of their own, extensions or pauses: what counts is the due day.

Source of the rule: who stopped by the first date is met; who stopped by the second is met, by extension. Both numbers
are given, and the figure without any extension. Gross (as if nothing had been paused) and net are both given.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.clocks.due_days import BY_EXTENSION, SPARED, conditions_of, fields_of_due_days, judged_by_due_days
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figure, PlaceCounts
from ombudsman_kpi.measures.base.lasting import clock_lasts, fields_last
from ombudsman_kpi.measures.base.on_clock import Extendable
from ombudsman_kpi.measures.base.reopened import ReopenableRule
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.rounding import percent


@dataclass(frozen=True)
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


def with_extensions(figure: Figure, here: PlaceCounts) -> Figure:
    """Return the share with how many were met by extension, and what it would be without any."""
    extended, met, counted = _otherwise(here, BY_EXTENSION)
    if not counted:
        return figure
    words = f"{extended:,} met by extension; without extensions {percent(met, counted)} ({met:,} of {counted:,})"
    details = {"by_extension": extended, "without_extensions": Fraction(met, counted)}
    return figure._replace(details={**figure.details, **details}, remarks=(*figure.remarks, words))


def with_gross(figure: Figure, here: PlaceCounts) -> Figure:
    """Return the share by the time that clocks ran, and beside it what it would be if they had never stood still."""
    _, met, counted = _otherwise(here, SPARED)
    if not counted:
        return figure
    words = f"without pauses {percent(met, counted)} ({met:,} of {counted:,})"
    details = {**figure.details, "gross": Fraction(met, counted)}
    return figure._replace(details=details, remarks=(*figure.remarks, words))


def _otherwise(here: PlaceCounts, mark: str) -> tuple[int, int, int]:
    """Return how many were met with a mark; and how many would be met, and counted, if those with it were missed."""
    numbers = Counter[str]()
    for (status, marks), number in here.marks.items():
        numbers[status] += number if mark in marks.split(", ") else 0
    met = here.met - numbers["met"]
    return numbers["met"], met, met + here.missed + numbers.total()
