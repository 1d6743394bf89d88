"""A share that a published table prints: rows that say how many records met the target, and how many there were.

Source of the rule: published tables with numerator and total in columns are read as they are.
"""

from dataclasses import dataclass

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import NONE, StateBuilder, dated, fields_of_conditions, fields_of_identity
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.lasting import day_lasts
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.vocabulary import MET

EXCEEDS = "the part exceeds its total"  # why a row is invalid


@dataclass(frozen=True)
class PublishedShareRule(Rule):
    """Each row as its records: so many met the target, and the others didn't. No clock and no numerator is looked at.

    Of 112 in 140, 112 records are met and 28 late; of 0 in 5 there are 5 late, and 0 in 0 is left out as nothing.
    """

    dated_by: tuple[str, ...]  # the times that may date the rows: the first that is there

    def day_field(self, table: Columns) -> str:
        """Return the time that dates the rows."""
        return next((name for name in self.dated_by if table.has(name)), self.dated_by[0])

    def fields(self, table: Columns) -> list[str]:
        """Return the names of its day and its numbers, of what its conditions look at, and of what tells rows apart."""
        day = table.resolve(self.day_field(table), f"target {self.target.id!r}")
        conditions = fields_of_conditions(self.target.selects, table, self.target.id)
        return list(dict.fromkeys([day, *table.numbers, *conditions, *fields_of_identity(table)]))

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which rows have their day, and all that conditions look at."""
        return day_lasts(self.target.id, known, self.day_field(known.batch.table), self.target.selects)

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of a batch: of each row one or two, with how many records each is of.

        Raises ``RecordsError`` where a number isn't whole.
        """
        batch, builder = known.batch, StateBuilder(known, self.target.id)
        day = dated(builder, self.day_field(batch.table), self.target.selects)
        whole, met = np.asarray(batch.weights), batch.whole_numbers(MET)
        builder.mark(met > whole, "invalid", EXCEEDS)
        builder.mark(whole == 0, "excluded", "nothing to count")
        counted = builder.state == 0
        met = np.where(counted, met, 0)
        # Row 0 of 112 in 140 and row 1 of 5 in 5 -> records 0, 0, 1 with the weights 112, 28, 5: a 0 is no outcome, but
        # for a row that has no other.
        pairs = np.stack([met > 0, ~counted | (whole > met)], axis=1)
        record, late = np.nonzero(pairs)
        states = (Outcome(state.ending, state.reason) for state in builder.states[1:])  # type: ignore[arg-type]
        code = np.where(late, builder.state.astype(np.intp).take(record) + 1, 0)  # met, late, and the other states
        day, none = day.take(record), np.full(len(record), MISSING)
        return Assessed(
            code, (Outcome("met"), Outcome("late"), *states), day, day, np.full(len(record), NONE), "",
            lambda: (none, day, none), record=record, due_day=day,
            weights=np.stack([met, whole - met], axis=1)[pairs],
        )  # fmt: skip
