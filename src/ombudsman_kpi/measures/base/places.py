"""The places of figures: periods and groups of one target, with what was counted in each, by column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.exact import Wholes
from ombudsman_kpi.arrays.sums import CellSums, add_up
from ombudsman_kpi.arrays.types import Codes, Integers, Truths
from ombudsman_kpi.calendars.periods import Period
from ombudsman_kpi.clocks.outcomes import Outcome, OutcomeStatus

Group = tuple[str, ...]

LONGEST = 1 << 62  # longer than anything takes: none is open


class PlaceCells(NamedTuple):
    """What was counted, cell by cell: in which row, with which outcome and time, and how many records.

    ``elapsed``, ``records`` and ``below`` are those of ``tallies.block.Block``.
    """

    outcomes: tuple[Outcome, ...]
    row: Integers
    outcome: Codes
    elapsed: Integers
    records: Integers
    below: Integers
    provisional: Integers

    @classmethod
    def nothing(cls) -> "PlaceCells":
        """Return no cell."""
        return cls((), *[np.empty(0, np.int64)] * 6)

    def of_any_time(self) -> "PlaceCells":
        """Return the cells, those of all times together, in the order of rows and outcomes."""
        sums = CellSums(keys=2, sums=4)
        # What is 0 keeps its cell: a row of a published table may be of no record.
        sums.add((self.row, self.outcome), (self.records, self.below, self.provisional, 1))
        (row, outcome), (records, below, provisional, _) = sums.result()
        return PlaceCells(self.outcomes, row, outcome, np.full(len(row), -1), records, below, provisional)

    @property
    def pending(self) -> Truths:
        """Which cells are of what is still open and not yet due."""
        return np.array([*(outcome.status == "pending" for outcome in self.outcomes), False]).take(self.outcome)


class Moments(NamedTuple):
    """Of the outcomes met in one place their number, and exact sums of their times; and how many missed."""

    met: int
    missed: int
    units: int = 0
    below: int = 0
    squares: int = 0


class RowTimes(NamedTuple):
    """Different times in each row, in order, how many records have taken up to so long, and where each row begins."""

    elapsed: Integers
    up_to: Integers  # of all rows together
    first: Integers  # of each row the place of its first time; the last is where all end

    @property
    def before(self) -> Integers:
        """How many records there are in all rows before each one, and at the end in all."""
        return np.concatenate([[0], self.up_to]).take(self.first)

    def shortest_of(self, wanted: Integers) -> Integers:
        """Return the time that so many of each row don't exceed; any time where a row hasn't so many.

        Of 3, 3 and 40 in the second row, after 10 records in the first, the second is where 12 have taken up to so
        long: 3.
        """
        place = self.up_to.searchsorted(self.before[:-1] + wanted)
        return np.append(self.elapsed, 0).take(np.minimum(place, len(self.elapsed)))


class Levels(NamedTuple):
    """The stock in each row: its highest day, the first day that it was so high, and the last day."""

    highest: Integers
    on: Integers
    end: Integers
    joined: Integers  # those in it at any time: carried over, or joined in the period
    brought: Integers  # of them, those carried over
    older: Mapping[str, Integers] = {}


@dataclass(eq=False)
class Places:
    """The periods and groups of one target: a row for each group of the first period, then of the second, and so on.

    With 3 groups the second period has rows 3 to 5: the row 3 places earlier is the same group one period before.
    """

    periods: Sequence[Period | None]  # one after the other; None is all together, or none
    groups: Sequence[Group]
    complete: Truths  # of each row, whether its period is over
    population: Integers  # the size of what a sample was drawn from; ``MISSING`` where it isn't known
    cells: PlaceCells  # those of all times together
    timed: PlaceCells | None = None  # those of each time, for a measure that reads times
    first: int = 0  # the first period in which anything was counted
    anything: bool = True  # whether anything at all was counted
    levels: Levels | None = None  # of what is counted daily

    def __len__(self) -> int:
        return len(self.periods) * len(self.groups)

    @cached_property
    def there(self) -> Truths:
        """Rows in which anything was counted, be it that there is nothing."""
        there = np.zeros(len(self), np.bool_)
        there[self.cells.row] = True
        return there

    def number(self, status: OutcomeStatus | None = None, mark: str | None = None) -> Integers:
        """Return how many records of each row have an outcome of a status, and of a mark."""
        cells, numbers = self.cells, np.zeros(len(self), np.int64)
        fits = [status in {None, item.status} and mark in {None, item.mark} for item in cells.outcomes]
        own = np.array([*fits, False]).take(cells.outcome)
        np.add.at(numbers, cells.row[own], cells.records[own])
        return numbers

    @cached_property
    def met(self) -> Integers:
        """Those met, or for a measure without a limit, those counted."""
        return self.number("met")

    @cached_property
    def missed(self) -> Integers:
        """Those late and overdue."""
        return self.number("late") + self.number("overdue")

    @cached_property
    def pending(self) -> Integers:
        """Those still open and not yet due."""
        return self.number("pending")

    def before(self, column: Integers) -> Integers:
        """Return a column moved on by a period: each row has what is in the period before; 0 where that isn't known."""
        size = len(self.groups)
        return np.concatenate([np.zeros(size, column.dtype), column])[: len(column)]

    @cached_property
    def has_before(self) -> Truths:
        """Rows whose period before is known: it, or one before that, has something counted."""
        follows: Truths = np.arange(len(self)) >= (self.first + 1) * len(self.groups)
        return follows

    def period(self, row: int) -> Period | None:
        """Return the period of a row."""
        return self.periods[row // len(self.groups)]

    def marks(self, row: int) -> dict[tuple[OutcomeStatus, str], int]:
        """Return how many records of a row have which status and mark."""
        cells, marks = self.cells, dict[tuple[OutcomeStatus, str], int]()
        first, last = np.searchsorted(cells.row, (row, row + 1))
        for code, number in zip(cells.outcome[first:last].tolist(), cells.records[first:last].tolist(), strict=True):
            status, _, mark = cells.outcomes[code]
            if mark:
                marks[status, mark] = marks.get((status, mark), 0) + number
        return marks

    # Times. They are there for the measures that say so.

    @cached_property
    def _ran(self) -> PlaceCells:
        assert self.timed is not None, "a measure that reads times must say so: reads_times"  # noqa: S101
        return self.timed

    @cached_property
    def _met(self) -> Truths:
        """Which cells have times of what was met."""
        met = np.array([*(outcome.status == "met" for outcome in self._ran.outcomes), False])
        own: Truths = met.take(self._ran.outcome) & (self._ran.elapsed >= 0)
        return own

    @cached_property
    def sums_of_times(self) -> tuple[Wholes, Wholes, Wholes]:
        """Exact sums of the times of what was met: whole units, what they fall short of them, and squared units.

        A mean in seconds may have units of 3 * 10^9 (a century), whose squares don't fit into 64 bits: where sums could
        grow so large, they are added as Python's whole numbers.
        """
        units, records, below, row = (
            getattr(self._ran, name)[self._met] for name in ("elapsed", "records", "below", "row")
        )
        longest = int(units.max(initial=0))
        most = max(longest * longest * int(np.abs(records).sum()), int(below.max(initial=0)) * len(below))
        kind: type[Any] = np.int64 if most < 1 << 62 else object
        units, records, below = (column.astype(kind, copy=False) for column in (units, records, below))
        sums = []
        for part in (units * records, below, units * units * records):
            total = np.zeros(len(self), kind)
            np.add.at(total, row, part)
            sums.append(total)
        return sums[0], sums[1], sums[2]

    def moments(self, row: int) -> Moments:
        """Return the numbers of one row, and where times are read, their sums."""
        sums = () if self.timed is None else (int(column[row]) for column in self.sums_of_times)
        return Moments(int(self.met[row]), int(self.missed[row]), *sums)

    @cached_property
    def least_pending(self) -> Integers:
        """The shortest time that one still open has taken in each row."""
        waits = self._ran.pending & (self._ran.records > 0)
        least = np.full(len(self), LONGEST)
        np.minimum.at(least, self._ran.row[waits], self._ran.elapsed[waits])
        return least

    def times(self, *, pending: bool = False) -> RowTimes:
        """Return the times of what was met, and those that what is pending has taken so far too."""
        own = self._met | (self._ran.pending & (self._ran.elapsed >= 0)) if pending else self._met
        keys, (records,) = add_up((self._ran.row[own], self._ran.elapsed[own]), (self._ran.records[own],))
        return RowTimes(keys[1], np.cumsum(records), np.searchsorted(keys[0], np.arange(len(self) + 1)))
