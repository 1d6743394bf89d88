"""What rules share: those for records with a clock, and those for records that have one day."""

from collections.abc import Mapping

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.clocks.states import StateBuilder, dated, fields_of_conditions, fields_of_identity
from ombudsman_kpi.clocks.timeline import fields_needed
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.lasting import clock_lasts, day_lasts
from ombudsman_kpi.measures.base.on_clock import OnClock
from ombudsman_kpi.measures.base.selected import Dated
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition


class ClockRule(Rule):
    """A rule for records with a clock."""

    target: OnClock

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that the clock reads."""
        return fields_needed(self.target, table)

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which clocks have ended."""
        return clock_lasts(self.target, known)


class DatedRule(Rule):
    """A rule for records without a clock, each of which has one day."""

    target: Dated

    @property
    def day_field(self) -> str:
        """The field that holds the day."""
        return self.target.dated

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """All conditions that it looks at."""
        return self.target.where

    def fields(self, table: Columns) -> list[str]:
        """Return the names of its day, of what its conditions look at, and of what tells records apart."""
        day = table.resolve(self.day_field, f"target {self.target.id!r}")
        conditions = fields_of_conditions(self.conditions, table, self.target.id)
        return list(dict.fromkeys([day, *conditions, *fields_of_identity(table)]))

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which records have their day, and all that conditions look at."""
        return day_lasts(self.target.id, known, self.day_field, self.conditions)

    def states_and_days(self, known: AsKnownBatch) -> tuple[StateBuilder, Integers]:
        """Return the states of the records that the target applies to, and their days."""
        builder = StateBuilder(known, self.target.id)
        return builder, dated(builder, self.target.dated, self.target.where)
