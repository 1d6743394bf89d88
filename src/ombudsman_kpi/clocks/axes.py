"""Axes: how a clock counts from its start to the point when it is due, and what elapsed is.

All of it on whole numbers: day numbers for limits in days, microseconds for seconds and hours. Elapsed, in
days, is the smallest n whose due day is not before the stop, so that status follows from elapsed and limit alone.
"""

from typing import NamedTuple, Protocol, Self

import numpy as np

from ombudsman_kpi.arrays.choosing import kept
from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.months import MonthTables, months_of
from ombudsman_kpi.calendars.opening import OpenTime
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar


class Axis(Protocol):
    """What a clock runs on; its starts and stops are covered by the calendar."""

    def __hash__(self) -> int:
        """Return a hash: what is worked out for an axis is remembered."""

    @property
    def start_is_day_1(self) -> bool:
        """Whether the day of the start is day 1."""

    def counted_before(self, days: Integers) -> Integers:
        """Return the number of days before each day that the clock counts, from any fixed day on."""

    @property
    def rolls_by(self) -> WorkingCalendar | None:
        """The calendar on whose working days due days roll on; None where they stay."""

    @property
    def unrolled(self) -> "Axis":
        """The same without rolling."""

    def due(self, starts: Integers, allowed: Integers | int, stood: Integers | int = 0) -> Integers:
        """Return the last point that is in time; ``MISSING`` where that is beyond the calendar.

        ``stood`` is what the clock would have counted up to it, and didn't since it stood still.
        """

    def elapsed(self, starts: Integers, stops: Integers, stood: Integers | int = 0) -> Integers:
        """Return how much of the limit was used when the clock stopped; ``stood`` is what it didn't count of that."""


class WorkingDayAxis(NamedTuple):
    """Working days: day 1 is the next working day after the start, unless the option says the start itself."""

    calendar: WorkingCalendar
    start_is_day_1: bool
    rolls_by: None = None

    @property
    def unrolled(self) -> Self:
        """Itself: due days are working days."""
        return self

    def counted_before(self, days: Integers) -> Integers:
        """Return the number of days before each day that the clock counts, from any fixed day on."""
        return self.calendar.running_before(days)

    def due(self, starts: Integers, allowed: Integers | int, stood: Integers | int = 0) -> Integers:
        """Return the n-th working day after the start on which the clock runs."""
        return self.calendar.nth_after(self._base(starts), allowed + stood)

    def elapsed(self, starts: Integers, stops: Integers, stood: Integers | int = 0) -> Integers:
        """Return the working days to the stop; a stop on a day off counts as the working day after it."""
        base = self._base(starts)
        counted = self.calendar.running_before(stops) + (1 - stood) - self.calendar.running_before(base + 1)
        return counted * (stops > base)

    def _base(self, starts: Integers) -> Integers:
        """Return the day 0 of each start."""
        return starts - 1 if self.start_is_day_1 else starts


class CalendarDayAxis(NamedTuple):
    """Calendar days and weeks, weekends among them; by option the due day rolls on to a working day."""

    calendar: WorkingCalendar
    start_is_day_1: bool
    rolls: bool

    @property
    def rolls_by(self) -> WorkingCalendar | None:
        """The calendar, where due days roll."""
        return self.calendar if self.rolls else None

    @property
    def unrolled(self) -> Self:
        """The same days, where due days stay."""
        return self._replace(rolls=False)

    def counted_before(self, days: Integers) -> Integers:
        """Return the days themselves: all of them count, from any fixed day on."""
        return days

    def due(self, starts: Integers, allowed: Integers | int, stood: Integers | int = 0) -> Integers:
        """Return the day so many days after the start, and those on which the clock stood still."""
        due = starts + (allowed + stood - self.start_is_day_1)
        covered = self.calendar.covers(due)
        if self.rolls:
            due = self.calendar.rolled(np.where(covered, due, day_number(self.calendar.first)), "forward")
        return kept(due, covered, MISSING)

    def elapsed(self, starts: Integers, stops: Integers, stood: Integers | int = 0) -> Integers:
        """Return the days to the stop; where due days roll, those off just before the stop don't count.

        A clock that stood still is asked for by its ``unrolled`` axis.
        """
        if not self.rolls:
            used: Integers = stops - starts
            used += self.start_is_day_1 - stood
            return used.clip(0, out=used)
        base, stops = starts - self.start_is_day_1, stops - stood
        before = self.calendar.rolled(np.maximum(stops - 1, day_number(self.calendar.first)), "backward")
        return np.maximum(np.where(before == MISSING, base, before) + 1 - base, 0) * (stops > base)


class MonthAxis(NamedTuple):
    """Calendar months, in half steps: they end on calendar days, which roll and have a day 1 as others do."""

    days: CalendarDayAxis

    @property
    def start_is_day_1(self) -> bool:
        """Whether the day of the start is day 1."""
        return self.days.start_is_day_1

    def counted_before(self, days: Integers) -> Integers:
        """Return the days themselves: all of them count, from any fixed day on."""
        return self.days.counted_before(days)

    @property
    def rolls_by(self) -> WorkingCalendar | None:
        """The calendar, where due days roll."""
        return self.days.rolls_by

    @property
    def unrolled(self) -> Self:
        """The same months, where due days stay."""
        return self._replace(days=self.days.unrolled)

    def due(self, starts: Integers, allowed: Integers | int, stood: Integers | int = 0) -> Integers:
        """Return the day on which so many half steps end, and so many days on which the clock stood still."""
        return self.days.due(starts, self._months.days_to(starts, allowed), stood)

    def elapsed(self, starts: Integers, stops: Integers, stood: Integers | int = 0) -> Integers:
        """Return the half steps to the stop, of the days on which the clock ran."""
        return self._months.steps_in(starts, self.days.elapsed(starts, stops, stood))

    @property
    def _months(self) -> MonthTables:
        """The months of the calendar's days."""
        return months_of(day_number(self.days.calendar.first), day_number(self.days.calendar.last))


class WorkingHourAxis(NamedTuple):
    """Working hours, in microseconds of open time: between instants, as far as the office was open."""

    calendar: WorkingCalendar
    open_time: OpenTime
    rolls_by: None = None

    @property
    def unrolled(self) -> Self:
        """Itself: instants don't roll."""
        return self

    @property
    def start_is_day_1(self) -> bool:
        """There are no days."""
        return False

    def counted_before(self, days: Integers) -> Integers:
        """Return the open time before each point."""
        return self.open_time.before(days)

    def due(self, starts: Integers, allowed: Integers | int, stood: Integers | int = 0) -> Integers:
        """Return the first instant at which so much open time is used up or stood still; of none, the start itself."""
        due = self.open_time.reached(self.open_time.before(starts) + allowed + stood)
        return np.where(np.equal(allowed + stood, 0), starts, due)

    def elapsed(self, starts: Integers, stops: Integers, stood: Integers | int = 0) -> Integers:
        """Return the open time between in which the clock ran."""
        return self.open_time.before(stops) - self.open_time.before(starts) - stood


class InstantAxis(NamedTuple):
    """Seconds and hours, in microseconds on the UTC line."""

    start_is_day_1: bool = False
    rolls_by: None = None

    @property
    def unrolled(self) -> Self:
        """Itself: instants don't roll."""
        return self

    def counted_before(self, days: Integers) -> Integers:
        """Return the points themselves: all time counts."""
        return days

    def due(self, starts: Integers, allowed: Integers | int, stood: Integers | int = 0) -> Integers:
        """Return the instant so many microseconds after the start, and those in which the clock stood still."""
        return starts + allowed + stood

    def elapsed(self, starts: Integers, stops: Integers, stood: Integers | int = 0) -> Integers:
        """Return the time between in which the clock ran."""
        return stops - starts - stood
