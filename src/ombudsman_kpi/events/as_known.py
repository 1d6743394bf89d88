"""What was known at the time that is measured at: nothing that happened later."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_truths, emptied
from ombudsman_kpi.arrays.choosing import kept
from ombudsman_kpi.arrays.types import MISSING, DayNumbers, Instants, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.events.as_of import AsOf, close_of
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.cells.text import truth_of
from ombudsman_kpi.records.cells.times import Times
from ombudsman_kpi.records.cells.words import Words
from ombudsman_kpi.records.conditions import Condition

_NONE = np.empty(0, np.int64)
T = TypeVar("T")

UNREAD = "can't be read"
NEVER = int(np.iinfo(np.int64).max)  # later than everything


@dataclass(eq=False)
class KnownTimes:
    """A field's times in a batch: on which day, whether by ``as_of``, and which of them can't be true, and why."""

    times: Times
    find_days: Callable[[], DayNumbers]
    happened: Truths  # there, and not later than as_of
    usable: Truths  # happened, on a day that the calendar covers
    faults: tuple[tuple[Truths, str], ...]
    first: Instants  # the instant that each means, and where a time occurred twice the second one
    second: Instants
    nothing: bool = False  # there is no time at all
    complete: bool = False  # there is a usable one everywhere

    @cached_property
    def days(self) -> DayNumbers:
        """The days in the scheme's zone, of later ones too; not every clock needs them."""
        return self.find_days()

    @cached_property
    def ending(self) -> DayNumbers:
        """The day where it happened, else ``NEVER``."""
        return self.days if self.complete else kept(self.days, self.happened, NEVER)


def _no_moments(times: Times) -> KnownTimes:
    """Return the moments of a column that has no time."""
    never = np.zeros(len(times.values), np.bool_)
    return KnownTimes(times, lambda: times.values, never, never, (), times.values, times.values, nothing=True)


@dataclass(eq=False)
class AsKnownBatch:
    """A batch of records as they were known at ``as_of``; each field is read once."""

    batch: Batch
    as_of: AsOf
    setting: Setting
    _worked_out: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False)

    def once(self, what: tuple[Any, ...], work_out: Callable[[], T]) -> T:
        """Return something worked out of this batch: the first time it is worked out, then remembered."""
        result: T | None = self._worked_out.get(what)
        if result is None:
            result = self._worked_out[what] = work_out()
        return result

    def moments(self, name: str, *, instants: bool = False) -> KnownTimes:
        """Return a field's times; with ``instants`` their instants too."""
        return self.once(("moments", name, instants), lambda: self._look(name, instants=instants))

    def _look(self, name: str, *, instants: bool) -> KnownTimes:
        """Return a field's times as they were known."""
        times = self.batch.times(name)
        if times.empty:
            return self.once(("nothing",), lambda: _no_moments(times))
        if times.kind == "instants" and times.only_dates is None:
            return self._look_at_instants(name, times)
        zone, calendar = self.setting.zone, self.setting.calendar
        days = times.days(zone)
        present = days != MISSING
        happened: Truths = (days <= self.as_of.day) & present
        precise = not self.as_of.whole_day and times.kind != "dates"
        first, second = times.instants(zone) if instants or precise else (_NONE, _NONE)
        if precise:
            by_instant: Truths = (first <= self.as_of.instant) & present
            happened = np.where(times.dates_alone(), happened, by_instant)
        usable: Truths = happened & (days >= day_number(calendar.first))  # as_of is covered
        skipped = times.never_occurred(days, zone) if instants else None  # else the date that is written counts
        if skipped is None and times.unreal is None and np.count_nonzero(usable) == len(days):
            return KnownTimes(times, lambda: days, happened, usable, (), first, second, complete=True)
        never = None if skipped is None else skipped & (days <= self.as_of.day)
        faults = (
            (times.unread, UNREAD),
            (times.unreal, "is not a real date or time"),
            (
                never,
                f"never occurred in {self.setting.time_zone}, where the clocks went forward; give it with its zone",
            ),
            (happened & ~usable, "is outside the calendar"),
        )
        real = tuple((mask, f"{name} {text}") for mask, text in faults if mask is not None and mask.any())
        return KnownTimes(times, lambda: days, happened, usable, real, first, second)

    def _look_at_instants(self, name: str, times: Times) -> KnownTimes:
        """Return a column of instants as known: what happened by the close of a day did so by its last microsecond."""
        values, zone = times.values, self.setting.zone
        begin = close_of(day_number(self.setting.calendar.first) - 1, self.setting.time_zone) + 1
        complete = bool(len(values)) and values.min() >= begin and values.max() <= self.as_of.instant
        if complete:  # nothing is missing either: that would be less than anything
            every = np.ones(len(values), np.bool_)
            return KnownTimes(times, lambda: times.days(zone), every, every, (), values, values, complete=True)
        happened: Truths = (values <= self.as_of.instant) & times.present
        usable: Truths = happened & (values >= begin)  # as_of is covered, and so is what came before it
        early, unreal = happened & ~usable, times.unreal
        faults = ((times.unread, UNREAD), (unreal, "is not a real date or time"), (early, "is outside the calendar"))
        real = tuple((mask, f"{name} {text}") for mask, text in faults if mask is not None and mask.any())
        return KnownTimes(times, lambda: times.days(zone), happened, usable, real, values, values)

    def happened(self, name: str) -> Truths:
        """Return which times are there and not later than ``as_of``."""
        return self.moments(name).happened

    def text(self, name: str) -> Any:
        """Return a column as Arrow text, without what was decided later."""
        text = self.batch.text(name)
        source = self.batch.table.known_from(name)
        if source is None:
            return text
        return emptied(text, arrow_truths(~self.happened(source)))

    def words(self, name: str) -> Words:
        """Return a column of text by the different words in it, without what was decided later."""
        words, source = self.batch.words(name), self.batch.table.known_from(name)
        return words if source is None else words._replace(codes=np.where(self.happened(source), words.codes, -1))

    def fulfils(self, name: str, condition: Condition) -> Truths:
        """Return which records hold what a condition asks for; an empty cell holds none of any values."""
        if condition.present is not None and self.batch.table.is_time(name):
            happened = self.happened(name)
            return happened if condition.present else np.logical_not(happened)
        words = self.words(name)
        if condition.present is not None:
            return words.present if condition.present else np.logical_not(words.present)
        if condition.of_truths:  # in any of their spellings, whether the vocabulary has the field or not
            words = words._replace(words=[truth_of(word) for word in words.words])
        matches = words.are(condition.values)
        return np.logical_not(matches) if condition.negated else matches

    def unknown_choices(self, name: str) -> Truths | None:
        """Return which cells hold a word that their field doesn't have; None where it can hold any."""
        declared = self.batch.table.fields.get(name)
        if declared is None or not declared.choices:
            return None
        words = self.words(name)
        return words.present & ~words.are(declared.choices)
