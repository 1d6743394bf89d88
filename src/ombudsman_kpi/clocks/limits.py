"""Limits: how long something may take. Each unit is a type of its own, and none turns into another.

Source of the rules: within includes the due day, "less than" doesn't; weeks are calendar weeks; 13 weeks
are 91 days and 24 hours are elapsed time.
"""

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import ClassVar

from ombudsman_kpi.errors import SchemeError


@total_ordering
@dataclass(frozen=True, slots=True)
class Limit:
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

    unit: ClassVar[str] = ""
    size: ClassVar[int] = 1  # of one unit, in what elapsed time is counted in: days, or microseconds
    longest: ClassVar[int] = 36_525  # a century, likewise
    elapsed_unit: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int):
            raise SchemeError(f"A limit is a whole number of {self.unit}, such as 20.")
        if self.amount < 0:
            raise SchemeError(f"A limit can't be negative: {self.amount} {self.unit}.")
        if self.amount * self.size > self.longest:
            raise SchemeError(f"A limit of {self.amount} {self.unit} is longer than a century.")
        if self.amount == 0 and self.less_than:
            raise SchemeError(f"Nothing takes less than 0 {self.unit}.")

    @property
    def allowed(self) -> int:
        """The longest elapsed time that is still in time, in days or microseconds.

        >>> Weeks(13).allowed, Weeks(13, less_than=True).allowed
        (91, 90)
        """
        return self.amount * self.size - self.less_than

    def __lt__(self, other: "Limit") -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return (self.allowed, self.less_than) < (other.allowed, other.less_than)

    def __str__(self) -> str:
        unit = self.unit[:-1] if self.amount == 1 else self.unit
        return f"{'< ' if self.less_than else ''}{self.amount} {unit}"


class WorkingDays(Limit):
    """Working days of the scheme's calendar."""

    unit = "working days"
    elapsed_unit = "working days"


class CalendarDays(Limit):
    """Days, weekends and holidays among them."""

    unit = "calendar days"
    elapsed_unit = "days"


class Weeks(Limit):
    """Calendar weeks of seven days."""

    unit = "weeks"
    size = 7
    elapsed_unit = "days"


class Hours(Limit):
    """Elapsed hours, whatever the clock on the wall did."""

    unit = "hours"
    size = 3_600_000_000
    longest = 36_525 * 86_400_000_000
    elapsed_unit = "hours"


class Seconds(Limit):
    """Elapsed seconds."""

    unit = "seconds"
    size = 1_000_000
    longest = 36_525 * 86_400_000_000
    elapsed_unit = "seconds"


@dataclass(frozen=True, slots=True)
class DueField:
    """A limit that each record brings along: the field that holds its own due date or time.

    A date is compared as a day, a timestamp as an instant.
    """

    field: str

    elapsed_unit: ClassVar[str] = "days"

    def __str__(self) -> str:
        return f"its own {self.field}"


UNITS: dict[str, type[Limit]] = {
    "working day": WorkingDays,
    "calendar day": CalendarDays,
    "day": CalendarDays,
    "week": Weeks,
    "hour": Hours,
    "second": Seconds,
}

_TEXT = re.compile(
    r"(?P<less><|less than |under |within )? ?(?P<amount>[-+]?\d{1,18}(?:\.\d{1,18})?) (?P<unit>[a-z]+(?: [a-z]+)?)",
    re.IGNORECASE | re.ASCII,
)


_LONGEST = 100  # letters; no limit takes so many to write down


def parse_limit(text: str) -> Limit:
    """Read a limit from text.

    >>> parse_limit("20 working days")
    WorkingDays(amount=20, less_than=False)
    >>> parse_limit("< 13 weeks")
    Weeks(amount=13, less_than=True)

    Raises ``SchemeError``, which says how a limit is written.
    """
    found = _TEXT.fullmatch(" ".join(text[:_LONGEST].split())) if len(text) <= _LONGEST else None
    unit = UNITS.get(found["unit"].lower().removesuffix("s")) if found else None
    if found is None or unit is None or "." in found["amount"]:
        raise SchemeError(
            f"{text[:_LONGEST]!r} isn't a limit. Write a whole number and a unit, such as '20 working days', "
            "'< 13 weeks', '10 calendar days', '24 hours' or '60 seconds'."
        )
    less = (found["less"] or "within").strip().lower()
    return unit(int(found["amount"]), less_than=less != "within")
