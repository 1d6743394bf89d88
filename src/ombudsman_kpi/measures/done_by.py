"""Something that is to be done by a date."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_in_words, day_number
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome, of_days
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import MET, MISSED, UNDETERMINED, Figures, Said
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import DatedRule
from ombudsman_kpi.measures.base.selected import Dated
from ombudsman_kpi.measures.base.target import Records, Rule

IN_TIME, TOO_LATE = Outcome("met"), Outcome("late", "after the date")


@dataclass(frozen=True)
class DoneByRule(DatedRule):
    """Each record of what was to be done: met on the date or before, late after it."""

    target: "DoneBy"

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return which records of a batch were done by the date."""
        builder, day = self.states_and_days(known)
        in_time = (day != MISSING) & (day <= day_number(self.target.by_date))
        return of_days(builder, day, (TOO_LATE, IN_TIME), in_time)


class DoneBy(Dated):
    """Something that is to be done by a date: 1 when a record of it is there in time."""

    measure: Literal["done by"]
    by_date: date = Field(description="The last day that is in time")

    example: ClassVar[str] = """
    of = "activities"
    dated = "at"
    where = { kind = "report" }
    by_date = 2024-01-31
    cohort = "dated"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (DoneByRule,)
    better = "increase"

    @property
    def from_periods(self) -> bool:
        """A date is wanted."""
        return False

    @property
    def decided_on(self) -> date | None:
        """The last day that is in time."""
        return self.by_date

    @property
    def unit(self) -> str:
        """1 when it is done, 0 when it isn't."""
        return "number"

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for its records."""
        yield self.of, DoneByRule(self)

    def figures(self, places: Places) -> Figures:
        """Return 1 where it was done in time, 0 where it wasn't; until the date has passed, it may still be."""
        done, said = places.met > 0, Said({"by_date": self.by_date}, (f"by {day_in_words(self.by_date)}",))
        value, possible = (Fractions.whole(part.astype(np.int64)) for part in (done, done | ~places.complete))
        status = np.select([done, places.complete], [MET, MISSED], UNDETERMINED)
        return Figures(status, value, value, possible, say=lambda row: said)

    @model_validator(mode="after")
    def _its_date_is_its_standard(self) -> Self:
        if self.standard is not None:
            raise ValueError("standard: the date is the standard; leave it out")
        return self
