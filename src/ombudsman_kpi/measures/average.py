"""The mean time that a clock took, of those that stopped, from exact sums."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import NONE, State
from ombudsman_kpi.clocks.timeline import fields_needed, timeline
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.figures import Counts, Figure, Place, judged
from ombudsman_kpi.measures.targets import Average
from ombudsman_kpi.records.tables import Table


@dataclass(frozen=True)
class AverageRule:
    """Each record's clock: met where it stopped, and its time counts; without a limit nothing is late."""

    target: Average

    def fields(self, table: Table) -> list[str]:
        """Name what the clock reads."""
        return fields_needed(self.target, table)

    def assess(self, known: Known) -> Assessed:
        """Run the clocks of a batch."""
        clock = timeline(self.target, known)
        book = tuple(outcome_of(state) for state in clock.states)
        ran = np.array([outcome.status in {"met", "pending"} for outcome in book]).take(clock.state)

        def points() -> tuple[Integers, Integers, Integers]:
            start, end = clock.points()
            return start, end, np.full(len(start), MISSING)

        return Assessed(
            clock.state.astype(np.intp),
            book,
            clock.start_day,
            clock.end_day,
            np.where(ran, clock.elapsed, NONE),
            self.target.unit,
            points,
            self.target.runs_in.parts,
            clock.in_days,
        )


def outcome_of(state: State) -> Outcome:
    """Give what a clock's state says of an average: it is in it, not yet, or left out.

    >>> outcome_of(State("abandoned"))
    Outcome(status='excluded', reason='abandoned')
    """
    if state.ending == "stopped":
        return Outcome("met")
    if state.ending == "open":
        return Outcome("pending")
    return Outcome("invalid" if state.ending == "invalid" else "excluded", state.reason or state.ending)


def mean_of(target: Average, counts: Counts) -> Fraction | None:
    """Give the mean in the target's unit; None where nothing has stopped."""
    return total_of(target, counts) / counts.met if counts.met else None


def total_of(target: Average, counts: Counts) -> Fraction:
    """Give the exact sum of times, in the target's unit."""
    return counts.units - Fraction(counts.below, target.runs_in.parts)


def figure(target: Average, place: Place) -> Figure:
    """Work out the mean. Open clocks can still make anything of it, unless all have run for longer than the mean."""
    here, value = place.here, mean_of(target, place.here)
    rises = value is not None and here.least_pending - 1 >= value  # they only can make it greater
    kept = target.standard is None or value is None or target.standard.kept_by(value)
    lost = {"at most", "less than"} if not kept else {"at least", "more than"}
    settled = not here.pending or (rises and target.standard is not None and target.standard.operator in lost)
    return Figure(
        judged(target.standard, value, settled=settled),
        value,
        value if rises or not here.pending else None,
        None if here.pending else value,
        total_of(target, here),
        here.met,
        remarks=(f"{here.pending:,} still open",) if here.pending else (),
    )
