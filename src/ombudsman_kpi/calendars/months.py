"""Months: the corresponding date some months after a day, and how many months lie between two days.

The corresponding date of a month is the same day of it; where it has no such day, its last. Months are counted in half
steps: step 2n is the corresponding date of the n-th month, step 2n - 1 the day before it. So "less than 1 month" from
31 January 2024 is step 1, 28 February, and "within 1 month" is step 2, 29 February, which is the last of that month.
"""

from functools import lru_cache

import numpy as np

from ombudsman_kpi.arrays.types import DayNumber, DayNumbers, Integers


class MonthTables:
    """The months of some days, as tables: a look-up of a day costs a tenth of numpy's own conversion."""

    def __init__(self, first: DayNumber, last: DayNumber) -> None:
        """Make the tables for days from ``first`` to ``last``, and the day after it."""
        days = np.arange(first - 1, last + 3).astype("M8[D]")
        months = days.astype("M8[M]")
        since = (months - months[0]).astype(np.int64)
        self._origin = first - 1
        # When each month begins, as far as the second after the last one: what is due there is after the last day.
        self._begins: Integers = (months[0] + np.arange(since[-1] + 3)).astype("M8[D]").astype(np.int64)
        self._day = (days - months.astype("M8[D]")).astype(np.int32)  # of the month, from 0
        self._is_last = np.append(since[1:] > since[:-1], [False])
        self._month = since.astype(np.int32)
        self._month[[0, -1]] = len(self._begins)  # stand for all other days: nothing is due within the tables from them

    def days_to(self, starts: DayNumbers, steps: Integers | int) -> Integers:
        """Return how many days after each start so many half steps end.

        Where that is after the tables, or the start is outside them, it is some number that leads out of them, too.

        >>> day = np.array([np.datetime64("2024-01-31").astype(int)])
        >>> [int(MonthTables(day[0], day[0] + 400).days_to(day, steps)[0]) for steps in (0, 1, 2, 4)]
        [0, 28, 29, 60]
        """
        place = starts - self._origin
        month = self._month.take(place, mode="clip") + (steps + 1) // 2
        begin, end = self._begins.take(month, mode="clip"), self._begins.take(month + 1, mode="clip")
        day = np.minimum(begin + self._day.take(place, mode="clip"), np.maximum(end - 1, begin))
        due: Integers = day - steps % 2 - starts
        return due

    def steps_in(self, starts: DayNumbers, days: Integers) -> Integers:
        """Return the fewest half steps that end so many days after each start, or later.

        >>> day = np.array([np.datetime64("2024-01-31").astype(int)])
        >>> [int(MonthTables(day[0], day[0] + 400).steps_in(day, np.array([days]))[0]) for days in (0, 28, 29, 30, 60)]
        [0, 1, 2, 3, 4]
        """
        start, end = starts - self._origin, starts + days - self._origin
        months = self._month.take(end, mode="clip") - self._month.take(start, mode="clip")
        # On the corresponding date itself it is 2 for each month, before it one less, after it one more; and the last
        # of a month is the corresponding date of every day that it doesn't have.
        side = np.sign(self._day.take(end, mode="clip") - self._day.take(start, mode="clip"))
        side = np.maximum(side, self._is_last.take(end, mode="clip").astype(np.int32) - 1)
        steps: Integers = (2 * months + side).astype(np.int64)
        return steps


@lru_cache(maxsize=16)
def months_of(first: DayNumber, last: DayNumber) -> MonthTables:
    """Return the months of some days; made once."""
    return MonthTables(first, last)
