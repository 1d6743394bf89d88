"""Limits: how long something may take. Each unit is a type of its own, and none turns into another.

A limit owns its axis: it says what its clock runs on, in what elapsed time is counted, which options of a clock mean
something for it, and whether a due day depends on holidays that may still be announced. A new unit is one class here.

Source of the rules: within includes the due day, "less than" doesn't; weeks are calendar weeks; 13 weeks
are 91 days and 24 hours are elapsed time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering
from typing import Any, ClassVar

import numpy as np
from dateutil.relativedelta import relativedelta

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.calendars.dates import MONTHS, ordinal
from ombudsman_kpi.calendars.time_zones import DAY, HOUR, SECOND
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.axes import Axis, CalendarDayAxis, InstantAxis, MonthAxis, WorkingDayAxis, WorkingHourAxis
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.errors import SchemeError

_EVERY_AXIS = frozenset({"naive_times", "unanswered"})  # options that mean something on any axis
_IN_DAYS = _EVERY_AXIS | {"day_of_receipt", "non_working_receipt", "non_working_due", "cut_off", "pauses", "reopening"}


class Limit:
    """How long something may take."""

    __slots__ = ()

    elapsed_unit: ClassVar[str] = "days"  # in which elapsed time is shown
    parts: ClassVar[int] = 1  # of that unit, in which elapsed time is counted
    size: ClassVar[int] = 1  # of one unit of the limit, in those parts
    in_days: ClassVar[bool] = True  # whether its clock runs in days, or on the line of instants
    needs_times: ClassVar[bool] = False  # whether a date without a time of day is too little
    counts_working_days: ClassVar[bool] = False
    counts_working_hours: ClassVar[bool] = False
    longer_by: ClassVar[int] = 0  # how many days longer it can be from one start than from another
    options: ClassVar[frozenset[str]] = _IN_DAYS  # the options of a clock that mean something for it
    allowed: int  # the longest elapsed time that is still in time, in parts

    @property
    def own_field(self) -> str | None:
        """The field that holds a record's own due date, where that is the limit."""
        return None

    @property
    def left_unit(self) -> str:
        """The unit in which what is left of it is shown."""
        return self.elapsed_unit

    @property
    def kind(self) -> Any:
        """What its clock depends on: limits of one kind share the running of a clock."""
        return self.elapsed_unit, self.in_days

    @property
    def written(self) -> Any:
        """The limit as a scheme file has it."""
        return str(self)

    def axis(self, calendar: WorkingCalendar, clock: Clock) -> Axis:
        """Return what its clock runs on, by the options of the clock."""
        return CalendarDayAxis(calendar, clock.day_of_receipt == "day 1", clock.non_working_due == "next working day")

    def depends_on_holidays(self, clock: Clock) -> bool:
        """Return whether a holiday on or before a due day can move it."""
        return self.in_days and clock.non_working_due != "stays"

    def shown(self, elapsed: Integers) -> Integers:
        """Return elapsed times as they are shown: in parts of the unit of elapsed time."""
        return elapsed

    def within(self, elapsed: Integers) -> Truths:
        """Return which elapsed times, in parts, are in time."""
        return np.less_equal(elapsed, self.allowed)


@total_ordering
@dataclass(frozen=True, slots=True)
class Amount(Limit):
    """A whole number of a unit, within which something is to be done, or in less than which.

    Limits of one unit can be compared; those of two units never can.

    >>> WorkingDays(3) < WorkingDays(20)
    True
    >>> Weeks(13, less_than=True) < Weeks(13)
    True
    >>> WorkingDays(10) == CalendarDays(10)
    False

    Raises ``SchemeError`` for a negative amount, or for less than nothing.
    """

    amount: int
    less_than: bool = False

    unit: ClassVar[str] = ""  # as it is written in a limit, in the plural
    other_names: ClassVar[tuple[str, ...]] = ()  # by which it can be written, too, in the singular
    longest: ClassVar[int] = 36_525  # a century, in parts

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int):
            raise SchemeError(f"A limit is a whole number of {self.unit}, such as 20.")
        if abs(self.amount) * self.size > self.longest:
            raise SchemeError(f"A limit can't be longer than a century; this one has too many {self.unit}.")
        if self.amount < 0:
            raise SchemeError(f"A limit can't be negative: {self.amount} {self.unit}.")
        if self.amount == 0 and self.less_than:
            raise SchemeError(f"Nothing takes less than 0 {self.unit}.")

    @property
    def allowed(self) -> int:  # type: ignore[override]
        """The longest elapsed time that is still in time, in parts: days, half steps of months, or microseconds.

        >>> Weeks(13).allowed, Weeks(13, less_than=True).allowed
        (91, 90)
        """
        return self.amount * self.size - self.less_than

    def end_of(self, start: date, clock_options: Mapping[str, str]) -> date:
        """Return the day on which so many days end, before it is rolled on to a working day.

        ``clock_options`` are those in force: where the day of receipt is day 1, it is a day earlier.
        """
        return start + timedelta(self.allowed - ("day_of_receipt" in clock_options))

    def note_on_end(self, start: date) -> str:
        """Return what is to be said of the day on which it ends, where that isn't plain."""
        return ""

    def __lt__(self, other: "Amount") -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return (self.allowed, self.less_than) < (other.allowed, other.less_than)

    def __str__(self) -> str:
        unit = self.unit[:-1] if self.amount == 1 else self.unit
        return f"{'< ' if self.less_than else ''}{self.amount} {unit}"


class WorkingDays(Amount):
    """Working days of the scheme's calendar."""

    unit = elapsed_unit = "working days"
    counts_working_days = True
    options = _IN_DAYS - {"non_working_due"}

    def axis(self, calendar: WorkingCalendar, clock: Clock) -> Axis:
        """Return the working days of a calendar."""
        return WorkingDayAxis(calendar, clock.day_of_receipt == "day 1")

    def depends_on_holidays(self, clock: Clock) -> bool:
        """Return True, unless the due day is the day of the start itself, which no holiday moves."""
        return self.allowed > 0


class CalendarDays(Amount):
    """Days, weekends and holidays among them."""

    unit = "calendar days"
    other_names = ("day",)


class Weeks(Amount):
    """Calendar weeks of seven days."""

    unit = "weeks"
    size = 7


class Months(Amount):
    """Calendar months: due on the corresponding date, which is the last of a month that has no such day.

    They are counted in half steps: of 3 months step 6 is the corresponding date, step 5 the day before it. So the
    status follows from elapsed time and the limit alone, as it does in days.
    """

    unit = elapsed_unit = "months"
    size = 2
    longest = 2 * 1200
    longer_by = 5  # January has 31 days, February 28; of some years, one or two may have a leap day

    @property
    def left_unit(self) -> str:
        """Days: they say how long it still is to a corresponding date."""
        return "days"

    def axis(self, calendar: WorkingCalendar, clock: Clock) -> Axis:
        """Return the months of a calendar, which end on its days."""
        days = clock.day_of_receipt == "day 1", clock.non_working_due == "next working day"
        return MonthAxis(CalendarDayAxis(calendar, *days))

    def shown(self, elapsed: Integers) -> Integers:
        """Return half steps as whole months: the fewest whose due day isn't before the stop."""
        return (elapsed + (elapsed >= 0)) >> 1  # none, -1, stays -1

    def end_of(self, start: date, clock_options: Mapping[str, str]) -> date:
        """Return the day on which so many months end, before it is rolled on to a working day."""
        early = self.less_than + ("day_of_receipt" in clock_options)
        return start + relativedelta(months=self.amount) - timedelta(early)

    def note_on_end(self, start: date) -> str:
        """Return that the last month has no such day, where that is so.

        >>> Months(1).note_on_end(date(2024, 1, 31))
        ' (February has no 31st)'
        """
        end = start + relativedelta(months=self.amount)
        return "" if end.day == start.day else f" ({MONTHS[end.month - 1]} has no {ordinal(start.day)})"


class ElapsedTime(Amount):
    """Time on the line of instants, in microseconds, whatever the clock on the wall did."""

    longest = 36_525 * DAY
    in_days = False
    needs_times = True
    options = _EVERY_AXIS | {"pauses", "reopening"}

    def axis(self, calendar: WorkingCalendar, clock: Clock) -> Axis:
        """Return the line of instants."""
        return InstantAxis()


class WorkingHours(ElapsedTime):
    """Hours for which the office is open, by the opening hours of the scheme."""

    unit = elapsed_unit = "working hours"
    size = parts = HOUR
    counts_working_hours = True

    def axis(self, calendar: WorkingCalendar, clock: Clock) -> Axis:
        """Return the open time of a calendar. Raises ``SchemeError`` where it isn't known, or there is none."""
        if calendar.open_time is None:
            raise SchemeError("Working hours need opening hours: opening = { monday = ['09:00', '17:00'], … }.")
        if calendar.open_time.is_never:
            raise SchemeError("The office is never open: on each weekday that opening names, closures have it closed.")
        return WorkingHourAxis(calendar, calendar.open_time)

    def depends_on_holidays(self, clock: Clock) -> bool:
        """Return True, unless the due time is the start itself, which no holiday moves."""
        return self.allowed > 0


class Hours(ElapsedTime):
    """Elapsed hours."""

    unit = elapsed_unit = "hours"
    size = parts = HOUR


class Seconds(ElapsedTime):
    """Elapsed seconds."""

    unit = elapsed_unit = "seconds"
    size = parts = SECOND


@dataclass(frozen=True, slots=True)
class DueField(Limit):
    """A limit that each record brings along: the field that holds its own due date or time.

    A date is compared as a day, a timestamp as an instant.
    """

    field: str

    in_days: ClassVar[bool] = False
    options: ClassVar[frozenset[str]] = _EVERY_AXIS | {"own_due"}

    @property
    def own_field(self) -> str:
        """The field."""
        return self.field

    @property
    def kind(self) -> Any:
        """The limit itself: another field is another clock."""
        return self

    @property
    def written(self) -> Any:
        """The limit as a scheme file has it."""
        return {"field": self.field}

    def __str__(self) -> str:
        return f"its own {self.field}"


AMOUNTS: tuple[type[Amount], ...] = (WorkingDays, CalendarDays, Weeks, Months, WorkingHours, Hours, Seconds)


def units() -> dict[str, type[Amount]]:
    """Return the units that a limit can be written in, in the singular.

    >>> list(units())
    ['working day', 'calendar day', 'day', 'week', 'month', 'working hour', 'hour', 'second']
    """
    return {name: kind for kind in AMOUNTS for name in (kind.unit.removesuffix("s"), *kind.other_names)}


def units_of_time() -> set[str]:
    """Return the units of elapsed time that ends at an instant, not on a day.

    >>> sorted(units_of_time())
    ['hours', 'seconds', 'working hours']
    """
    return {kind.elapsed_unit for kind in AMOUNTS if kind.needs_times}


_TEXT = re.compile(
    r"(?P<less><|less than |under |within )? ?(?P<amount>[-+]?\d+(?:\.\d+)?) (?P<unit>[a-z]+(?: [a-z]+)?)",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 100  # letters; no limit takes so many to write down


def parse_limit(text: str) -> Amount:
    """Return the limit that text says.

    >>> parse_limit("20 working days")
    WorkingDays(amount=20, less_than=False)
    >>> parse_limit("< 13 weeks")
    Weeks(amount=13, less_than=True)

    Raises ``SchemeError``, which says how a limit is written.
    """
    match = _TEXT.fullmatch(" ".join(text[:_LONGEST].split())) if len(text) <= _LONGEST else None
    unit = units().get(match["unit"].lower().removesuffix("s")) if match else None
    if match is None or unit is None or "." in match["amount"]:
        raise SchemeError(
            f"{shortened(text)} isn't a limit. Write a whole number and a unit, such as '20 working days', "
            "'< 13 weeks', '3 months', '10 calendar days', '4 working hours' or '60 seconds'."
        )
    less = (match["less"] or "within").strip().lower()
    return unit(int(match["amount"]), less_than=less != "within")


def read_amount(text: str) -> Amount | None:
    """Return the limit that ``str`` wrote; None for one that each record brings along."""
    return None if text.startswith(str(DueField(""))) else parse_limit(text)


def shortened(text: str) -> str:
    """Return text as a message shows it: nobody needs 5,000 digits to see which one is meant.

    >>> shortened("20 wrking days"), shortened("1" * 5000)
    ("'20 wrking days'", "'11111111111111111111…'")
    """
    return repr(text if len(text) <= 40 else f"{text[:20]}…")


def read_limit(value: Any) -> Limit | None:
    """Return the limit that a value is, or is written as; None for a value of another kind.

    >>> read_limit("13 weeks"), read_limit({"field": "due_at"}), read_limit(13)
    (Weeks(amount=13, less_than=False), DueField(field='due_at'), None)

    Raises ``SchemeError`` for text that isn't a limit.
    """
    if isinstance(value, str):
        return parse_limit(value)
    if isinstance(value, Mapping) and set(value) == {"field"}:
        return DueField(str(value["field"]))
    return value if isinstance(value, Limit) else None
