"""Several limits of one target: the first whose conditions hold for a record, and the sooner of two.

Source of the rule: the first whose conditions hold (a field's value, or the day on which the clock started) is the
limit of a record; one for which none holds has none. The sooner of two is the one that is due first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.dates import day_in_short
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.axes import Axis
from ombudsman_kpi.clocks.limits import Amount, CalendarDays, Limit, read_limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.errors import KpiError, SchemeError, one_of
from ombudsman_kpi.records.conditions import Condition, parse_condition, write_condition

NO_LIMIT = "no limit for it"
_OF_THE_UNIT = (
    "elapsed_unit", "parts", "in_days", "needs_times", "counts_working_days", "counts_working_hours",
)  # fmt: skip
_KEYS = ("where", "from", "until", "limit")
_HOW = "write { where = { field = 'value' }, limit = '20 working days' }, with from and until as days, or a limit alone"


@dataclass(frozen=True, slots=True)
class Entry:
    """One of several limits: its amounts, of which the one that is due first holds; and for which records it is."""

    amounts: tuple[Limit, ...]
    where: tuple[tuple[str, Condition], ...] = ()
    first: date | None = None  # of the days on which the clock may start
    last: date | None = None

    def __str__(self) -> str:
        tests = [f"{name} is {_words(condition)}" for name, condition in self.where]
        days = [f"{word} {day_in_short(day)}" for word, day in (("from", self.first), ("until", self.last)) if day]
        tests += [f"started {' '.join(days)}"] if days else []
        amounts = " or ".join(map(str, self.amounts))
        amount = f"the sooner of {amounts}" if len(self.amounts) > 1 else amounts
        return f"{amount} where {' and '.join(tests)}" if tests else amount

    @property
    def written(self) -> Any:
        """The entry as a scheme file has it."""
        texts = [amount.written for amount in self.amounts]
        limit = {"earlier": texts} if len(texts) > 1 else texts[0]
        where = {"where": {name: write_condition(condition) for name, condition in self.where}} if self.where else {}
        days = {"from": self.first, "until": self.last}
        tests = {**where, **{name: day.isoformat() for name, day in days.items() if day is not None}}
        return {**tests, "limit": limit} if tests else limit


def _words(condition: Condition) -> str:
    if condition.present is not None:
        return "there" if condition.present else "not there"
    return f"{'not ' if condition.negated else ''}{' or '.join(condition.values)}"


@dataclass(frozen=True)
class SeveralLimits(Limit):
    """Several limits: each record has the first whose conditions hold for it.

    Elapsed time is counted in their unit; where they have several, in calendar days. Whether a record is in time
    follows from its due day, not from its elapsed time.
    """

    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        basis = self.basis
        for name in _OF_THE_UNIT:
            object.__setattr__(self, name, getattr(basis, name))

    @property
    def amounts(self) -> tuple[Limit, ...]:
        """All limits that a record can have."""
        return tuple(amount for entry in self.entries for amount in entry.amounts)

    @property
    def basis(self) -> Limit:
        """A limit of the unit in which elapsed time is counted."""
        first, *others = self.amounts
        return first if all(other.kind == first.kind for other in others) else CalendarDays(0)

    @property
    def kind(self) -> Any:
        """What its clock depends on: the unit of elapsed time."""
        return self.basis.kind

    @property
    def options(self) -> frozenset[str]:  # type: ignore[override]
        """The options of a clock that mean something for one of them."""
        return frozenset[str]().union(*(amount.options for amount in self.amounts))

    @property
    def written(self) -> Any:
        """The limits as a scheme file has them."""
        texts = [entry.written for entry in self.entries]
        if len(texts) == 1 and "limit" not in texts[0]:
            return texts[0]
        return [text if isinstance(text, str) or "limit" in text else {"limit": text} for text in texts]

    @property
    def left_unit(self) -> str:
        """The unit in which what is left is shown."""
        return self.basis.left_unit

    def shown(self, elapsed: Integers) -> Integers:
        """Return elapsed times as they are shown in their unit."""
        return self.basis.shown(elapsed)

    def axis(self, calendar: WorkingCalendar, clock: Clock) -> Axis:
        """Return what elapsed time is counted on."""
        return self.basis.axis(calendar, clock)

    def depends_on_holidays(self, clock: Clock) -> bool:
        """Return whether a holiday can move a due day by one of them."""
        return any(amount.depends_on_holidays(clock) for amount in self.amounts)

    def __str__(self) -> str:
        return "; ".join(map(str, self.entries))


def entries_of(limit: Limit) -> tuple[Entry, ...]:
    """Return several limits one by one; a limit by itself is the only one.

    >>> [str(entry) for entry in entries_of(read_limit("20 working days"))]
    ['20 working days']
    """
    return limit.entries if isinstance(limit, SeveralLimits) else (Entry((limit,)),)


def read_limits(value: Any) -> Limit | None:
    """Return the limit, or several, that a value is written as; None for a value of another kind.

    >>> limit = read_limits([{"until": "2020-04-06", "limit": "20 working days"}, "40 working days"])
    >>> print(limit)
    20 working days where started until 6 Apr 2020; 40 working days
    >>> print(read_limits({"earlier": ["20 working days", "60 calendar days"]}))
    the sooner of 20 working days or 60 calendar days

    Raises ``SchemeError`` for what is no limit, names the place in the list, and says what to write.
    """
    if isinstance(value, Mapping) and "earlier" in value:
        return _checked((_entry({"limit": value}, ""),))
    if not isinstance(value, list):
        return read_limit(value)
    if not value:
        raise SchemeError(f"a list of limits has at least one: {_HOW}")
    return _checked(tuple(_entry(item, f"number {place}: ") for place, item in enumerate(value, 1)))


def _checked(entries: tuple[Entry, ...]) -> Limit:
    """Return several limits that can be told apart and compared; a limit by itself as that.

    Raises ``SchemeError`` for any others.
    """
    if entries == (Entry(entries[0].amounts[:1]),):
        return entries[0].amounts[0]
    for place, entry in enumerate(entries[:-1], 1):
        if not entry.where and entry.first is None and entry.last is None:
            raise SchemeError(f"number {place} holds for every record, so that those after it never do; put it last")
    found = SeveralLimits(entries)
    if len({amount.in_days for amount in found.amounts}) > 1:
        raise SchemeError(
            "limits in days and limits in hours can't be mixed; make them two targets, told apart by where"
        )
    if not found.basis.in_days == found.amounts[0].in_days:
        raise SchemeError("limits in hours, working hours and seconds can't be mixed; write all in one of them")
    return found


def _entry(value: Any, place: str) -> Entry:
    """Return one of several limits. Raises ``SchemeError`` for what is none."""
    if isinstance(value, str) or (isinstance(value, Mapping) and set(value) == {"earlier"}):
        value = {"limit": value}
    if not isinstance(value, Mapping):
        raise SchemeError(f"{place}{_HOW}")
    for key in value:
        if key not in _KEYS:
            raise SchemeError(f"{place}{key!r} is no key here. {one_of(key, _KEYS)}")
    if "limit" not in value:
        raise SchemeError(f"{place}'limit' is missing; {_HOW}")
    where = value.get("where", {})
    if not isinstance(where, Mapping):
        raise SchemeError(f"{place}where: conditions are a table, such as {{ field = 'value' }}")
    first, last = (_day(value.get(key), f"{place}{key}") for key in ("from", "until"))
    if first is not None and last is not None and last < first:
        raise SchemeError(f"{place}from is after until, so that it never holds; write the earlier day first")
    try:
        conditions = tuple((str(name), parse_condition(item)) for name, item in where.items())
        amounts = tuple(_amounts(value["limit"]))
    except (KpiError, ValueError) as error:
        raise SchemeError(f"{place}{error}") from None
    return Entry(amounts, conditions, first, last)


def _amounts(value: Any) -> Iterator[Limit]:
    """Yield one limit, or those of which the sooner holds."""
    sooner = [value]
    if isinstance(value, Mapping) and "earlier" in value:
        sooner = value["earlier"]
        if len(value) > 1 or not isinstance(sooner, list) or len(sooner) < 2:
            raise SchemeError("earlier: it takes a list of two limits or more, such as ['20 working days', '8 weeks']")
    for item in sooner:
        limit = read_limit(item)
        if not isinstance(limit, Amount):
            raise SchemeError(
                "one of several limits is text such as '20 working days'; a day that was agreed is an extension: "
                "extension = { to = 'agreed_at' }"
            )
        yield limit


def _day(value: Any, place: str) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise SchemeError(f"{place}: a date is wanted, such as 2020-04-07") from None
