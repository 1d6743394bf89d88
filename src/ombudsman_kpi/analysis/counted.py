"""What a tally has counted of one target by one cohort, period by period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.calendars.periods import Every, Period, grain_of, parse_every
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.errors import OptionError, SchemeError
from ombudsman_kpi.figures.summed import InPeriods, placed
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.results.tally import Tally
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.elapsed import NO_TIMES, TimedCells, check_target, timed_cells


def counts_of(source: Tally | Results, target: str) -> tuple[Counts, Basis]:
    """Return the counts of a tally, or those that results were worked out from, and their basis.

    Raises ``OptionError`` where there are none, ``SchemeError`` for a target that wasn't counted.
    """
    if not isinstance(source, Tally | Results):
        raise OptionError("A tally is wanted, which tally(…) gives, or its results.")
    counts = source.counts if isinstance(source, Results) else source
    if counts is None:
        raise OptionError(f"{target}: {NO_TIMES}")
    if counts.basis is None:
        raise SchemeError("A tally of nothing has no scheme, and so no figures. Add a tally of records to it.")
    check_target(counts.basis, target)
    return counts, counts.basis


def periods_wanted(basis: Basis, target: str, every: Every | None) -> Every:
    """Return the periods that are asked for, or else the first that a target was counted in."""
    (asked,) = parse_every([every])
    wanted = asked or next((own for own in basis.every[target] if own is not None), None)
    if wanted is None:
        raise OptionError(f"{target}: this needs periods. Count the records with every='month', for example.")
    return wanted


def as_of_day(basis: Basis) -> date:
    """Return the day at which was counted."""
    return date.fromisoformat(basis.as_of[:10])


@dataclass(frozen=True, eq=False)
class CohortCells:
    """The cells of one target by one cohort, with the period of each."""

    cells: TimedCells
    periods: Sequence[Period]
    period: Integers  # of each cell the place of its period among them; -1 where it is in none

    @classmethod
    def of(cls, counts: Counts, target: str, cohort: Cohort, every: Every) -> Self:
        """Return what was counted; raises what ``timed_cells`` raises."""
        cells, grain = timed_cells(counts, target, cohort, grain_of(every))
        within = InPeriods.of(cells.block, every, grain)
        period = np.full(len(cells.way), -1)
        period[within.own] = within.period
        return cls(cells, [one for one in within.periods if one is not None], period)

    def numbers(self, own: Truths, periods: Sequence[Period]) -> Integers:
        """Return how many records some cells are of in each of some periods."""
        place = placed(self.periods, periods).take(self.period)
        there, total = own & (place >= 0), np.zeros(len(periods), np.int64)
        np.add.at(total, place[there], self.cells.block.records[there])
        return total

    def of_period(self, period: Period) -> Truths:
        """Return which cells are of a period."""
        return np.array([*(one == period for one in self.periods), False]).take(self.period)

    def before(self, period: Period) -> Truths:
        """Return which cells are of an earlier period."""
        return np.array([*(one.start < period.start for one in self.periods), False]).take(self.period)
