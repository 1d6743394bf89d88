"""What was known at the time that is measured at: nothing that happened later."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timezone
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ombudsman_kpi.calendars.dates import MISSING, Integers, Truths, day_number, to_date, to_day
from ombudsman_kpi.calendars.time_zones import DAY, EPOCH, MICROSECOND, time_zone
from ombudsman_kpi.errors import CoverageError, KpiError, OptionError
from ombudsman_kpi.measures.standard import Condition
from ombudsman_kpi.records.tables import Batch
from ombudsman_kpi.records.times import Times
from ombudsman_kpi.records.vocabulary import parse_time
from ombudsman_kpi.records.words import Words
from ombudsman_kpi.schemes.scheme import Scheme

_NONE = np.empty(0, np.int64)
T = TypeVar("T")

NEVER = int(np.iinfo(np.int64).max)  # later than everything


class AsOf(NamedTuple):
    """The time to measure at: the close of a day, or an instant of it."""

    day: int
    instant: int  # the last microsecond that is known
    whole_day: bool
    text: str  # the date, or the time with its offset, as the scheme's zone has them

    def __str__(self) -> str:
        return self.text


def parse_as_of(value: Any, scheme: Scheme) -> AsOf:
    """Read ``as_of``: a date means the close of that day, a timestamp that instant.

    Raises ``OptionError`` for anything else, ``CoverageError`` for a day outside the scheme's calendar.
    """
    if isinstance(value, np.datetime64) and value == value.astype("M8[D]"):
        value = value.astype("M8[D]")  # as pandas has it
    try:
        moment = parse_time(value)
    except (KpiError, ValueError) as error:
        raise OptionError(f"as_of isn't a date: {error}.") from None
    if not isinstance(moment, date):
        raise OptionError("as_of is missing: say the date to measure at, such as as_of='2024-03-31'.")
    if isinstance(moment, datetime) and not _is_date_of_pandas(moment):
        if moment.tzinfo is None:
            wall = (moment.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
            instant = int(scheme.zone.instants(np.array([wall]))[0][0])
        else:
            instant = (moment - EPOCH) // MICROSECOND
        wall = int(scheme.zone.wall(np.array([instant]))[0])
        _check_covered(wall // DAY, moment, scheme)
        here = timezone((wall - instant) * MICROSECOND)
        text = (EPOCH + instant * MICROSECOND).astimezone(here).isoformat()
        return AsOf(wall // DAY, instant, whole_day=False, text=text)
    day = day_number(to_date(moment))
    _check_covered(day, moment, scheme)
    return AsOf(day, _close_of(day, scheme.time_zone), whole_day=True, text=to_day(day).isoformat())


def _check_covered(day: int, moment: date, scheme: Scheme) -> None:
    """Raise for a day that the scheme's calendar doesn't know."""
    calendar = scheme.calendar
    if not day_number(calendar.first) <= day <= day_number(calendar.last):
        raise CoverageError(
            f"as_of {moment.isoformat()[:10]} is outside the scheme's calendar, {calendar.first} to {calendar.last}."
        )


@lru_cache(maxsize=1024)
def _close_of(day: int, zone: str) -> int:
    """Give the last microsecond of a day in a place."""
    return int(time_zone(zone).instants(np.array([(day + 1) * DAY]))[0][0]) - 1


def _is_date_of_pandas(moment: datetime) -> bool:
    """Tell whether a timestamp is how pandas, which has no dates, writes one: a midnight without a zone."""
    return hasattr(moment, "asm8") and moment.tzinfo is None and moment == datetime.combine(moment, time())


@dataclass(eq=False)
class Moments:
    """A field's times in a batch: on which day, whether by ``as_of``, and which of them can't be true, and why."""

    times: Times
    find_days: Callable[[], Integers]
    happened: Truths  # there, and not later than as_of
    usable: Truths  # happened, on a day that the calendar covers
    faults: tuple[tuple[Truths, str], ...]
    first: Integers  # the instant that each means, and where a time occurred twice the second one
    second: Integers
    nothing: bool = False  # there is no time at all
    complete: bool = False  # there is a usable one everywhere

    @cached_property
    def days(self) -> Integers:
        """The days in the scheme's zone, of later ones too; not every clock needs them."""
        return self.find_days()

    @cached_property
    def ending(self) -> Integers:
        """The day where it happened, else ``NEVER``."""
        return self.days if self.complete else np.where(self.happened, self.days, NEVER)


def _no_moments(times: Times) -> Moments:
    """See a column that has no time."""
    never = np.zeros(len(times.values), np.bool_)
    return Moments(times, lambda: times.values, never, never, (), times.values, times.values, nothing=True)


@dataclass(eq=False)
class Known:
    """A batch of records as they were known at ``as_of``; each field is looked at once."""

    batch: Batch
    as_of: AsOf
    scheme: Scheme
    _moments: dict[tuple[str, bool], Moments] = field(default_factory=dict, repr=False)
    _worked_out: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False)

    def once(self, what: tuple[Any, ...], work_out: Callable[[], T]) -> T:
        """Work something out of this batch the first time that it is asked for, and remember it."""
        found: T | None = self._worked_out.get(what)
        if found is None:
            found = self._worked_out[what] = work_out()
        return found

    def moments(self, name: str, *, instants: bool = False) -> Moments:
        """Give a field's times; their instants too where they are asked for."""
        key = name, instants
        found = self._moments.get(key)
        if found is None:
            found = self._moments[key] = self._look(name, instants=instants)
        return found

    def _look(self, name: str, *, instants: bool) -> Moments:
        times = self.batch.times(name)
        if times.empty:
            return self.once(("nothing",), lambda: _no_moments(times))
        if times.kind == "instants" and times.only_dates is None:
            return self._look_at_instants(name, times)
        zone, calendar = self.scheme.zone, self.scheme.calendar
        days = times.days(zone)
        present = days != MISSING
        happened: Truths = (days <= self.as_of.day) & present
        precise = not self.as_of.whole_day and times.kind != "dates"
        first, second = times.instants(zone) if instants or precise else (_NONE, _NONE)
        if precise:
            by_instant: Truths = (first <= self.as_of.instant) & present
            happened = np.where(times.dates_alone(), happened, by_instant)
        usable: Truths = happened & calendar.covers(days)
        skipped = times.never_occurred(days, zone)
        if skipped is None and times.unreal is None and np.count_nonzero(usable) == len(days):
            return Moments(times, lambda: days, happened, usable, (), first, second, complete=True)
        faults = (
            (times.unreal, "is not a real date or time"),
            (
                None if skipped is None else skipped & (days <= self.as_of.day),
                "never occurred: the clocks went forward",
            ),
            (happened & ~usable, "is outside the calendar"),
        )
        real = tuple((mask, f"{name} {text}") for mask, text in faults if mask is not None and mask.any())
        return Moments(times, lambda: days, happened, usable, real, first, second)

    def _look_at_instants(self, name: str, times: Times) -> Moments:
        """See a column of instants: what happened by the close of a day did so by its last microsecond."""
        values, zone = times.values, self.scheme.zone
        begin = _close_of(day_number(self.scheme.calendar.first) - 1, self.scheme.time_zone) + 1
        complete = bool(len(values)) and values.min() >= begin and values.max() <= self.as_of.instant
        if complete:  # nothing is missing either: that would be less than anything
            every = np.ones(len(values), np.bool_)
            return Moments(times, lambda: times.days(zone), every, every, (), values, values, complete=True)
        happened: Truths = (values <= self.as_of.instant) & times.present
        usable: Truths = happened & (values >= begin)  # as_of is covered, and so is what came before it
        early, unreal = happened & ~usable, times.unreal
        faults = ((unreal, "is not a real date or time"), (early, "is outside the calendar"))
        real = tuple((mask, f"{name} {text}") for mask, text in faults if mask is not None and mask.any())
        return Moments(times, lambda: times.days(zone), happened, usable, real, values, values)

    def happened(self, name: str) -> Truths:
        """Tell which times are there and not later than ``as_of``."""
        return self.moments(name).happened

    def text(self, name: str) -> Any:
        """Give a column as Arrow text, without what was decided later."""
        import pyarrow as pa
        import pyarrow.compute as pc

        text = self.batch.text(name)
        source = self.batch.table.known_from(name)
        if source is None:
            return text
        return pc.if_else(pa.array(self.happened(source)), text, pa.scalar(None, pa.string()))

    def words(self, name: str) -> Words:
        """Give a column of text by the different words in it, without what was decided later."""
        found, source = self.batch.words(name), self.batch.table.known_from(name)
        return found if source is None else found._replace(codes=np.where(self.happened(source), found.codes, -1))

    def fulfils(self, name: str, condition: Condition) -> Truths:
        """Tell which records hold what a condition asks for; an empty cell holds none of any values."""
        if condition.present is not None and self.batch.table.is_time(name):
            happened = self.happened(name)
            return happened if condition.present else np.logical_not(happened)
        words = self.words(name)
        if condition.present is not None:
            return words.present if condition.present else np.logical_not(words.present)
        found = words.are(condition.values)
        return np.logical_not(found) if condition.negated else found

    def unknown_choices(self, name: str) -> Truths | None:
        """Tell which cells hold a word that their field doesn't have; None where it can hold any."""
        declared = self.batch.table.fields.get(name)
        if declared is None or not declared.choices:
            return None
        words = self.words(name)
        return words.present & ~words.are(declared.choices)
