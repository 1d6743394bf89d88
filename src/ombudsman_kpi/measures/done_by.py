"""Something that is to be done by a date."""

from dataclasses import dataclass
from fractions import Fraction

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome, of_days
from ombudsman_kpi.clocks.states import StateBuilder, dated
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.figures import Figure, Place
from ombudsman_kpi.measures.share_of_kinds import fields_of_kinds
from ombudsman_kpi.measures.targets import DoneBy
from ombudsman_kpi.records.tables import Table

IN_TIME, TOO_LATE = Outcome("met"), Outcome("late", "after the date")


@dataclass(frozen=True)
class DoneByRule:
    """Each record of what was to be done: met on the date or before, late after it."""

    target: DoneBy

    def fields(self, table: Table) -> list[str]:
        """Name its day and its kinds."""
        return fields_of_kinds(self.target.id, self.target.dated, self.target.where, table)

    def assess(self, known: Known) -> Assessed:
        """Compare the day of each record of a batch with the date."""
        draft = StateBuilder(known, self.target.id)
        day = dated(draft, self.target.dated, [self.target.where])
        in_time = (day != MISSING) & (day <= day_number(self.target.by_date))
        return of_days(draft, day, (TOO_LATE, IN_TIME), in_time)


def figure(target: DoneBy, place: Place) -> Figure:
    """Give 1 when it was done in time, 0 when it wasn't; until the date has passed, it may still be."""
    by_date, done = target.by_date, place.here.met > 0
    value, possible = Fraction(done), Fraction(done or not place.complete)
    return Figure(
        "met" if done else "missed" if place.complete else "undetermined",
        value, value, possible,
        details={"by_date": by_date}, remarks=(f"by {by_date.day} {by_date:%B %Y}",),
    )  # fmt: skip
