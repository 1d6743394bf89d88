"""Opening hours: when an office is open, by the clock on its wall, and how much of that time passes.

An office opens and closes by its own clock, and what passes in between is real time: on the Sunday in March on which
the clocks go forward, an office that is open from midnight to 6:00 is open for five hours. Points are instants.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import time
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, DayNumber, DayNumbers, Instants, Integers, Truths
from ombudsman_kpi.calendars.dates import WEEKDAYS
from ombudsman_kpi.calendars.time_zones import DAY, SECOND, TimeZone
from ombudsman_kpi.errors import SchemeError, one_of

_WEEK = tuple(name.lower() for name in WEEKDAYS)
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_FAR_OFF = 1 << 62

Stretch = tuple[int, int]  # from and to, in microseconds since midnight


class OpeningHours(NamedTuple):
    """From when to when an office is open on each weekday, Monday first; in one stretch, in several, or in none."""

    week: tuple[tuple[Stretch, ...], ...]

    @property
    def written(self) -> dict[str, Any]:
        """The hours as a scheme file has them."""
        stretches = {name: [[*map(_written, part)] for part in day] for name, day in zip(_WEEK, self.week, strict=True)}
        return {name: parts[0] if len(parts) == 1 else parts for name, parts in stretches.items() if parts}

    @property
    def weekdays(self) -> frozenset[int]:
        """The weekdays on which it is open at all; Monday is 0."""
        return frozenset(number for number, stretches in enumerate(self.week) if stretches)


def read_opening(value: Any) -> OpeningHours:
    """Return the opening hours that a value is, or is written as.

    >>> read_opening({"monday": ["08:30", "17:00"]}).written
    {'monday': ['08:30', '17:00']}

    Raises ``SchemeError``, which names the weekday and the remedy.
    """
    if isinstance(value, OpeningHours):
        return value
    if not isinstance(value, Mapping) or not value:
        raise SchemeError("opening hours are a table such as { monday = ['09:00', '17:00'], … }")
    for name in value:
        if name not in _WEEK:
            raise SchemeError(f"{str(name)[:40]!r} is no weekday. {one_of(str(name), _WEEK)}")
    hours = OpeningHours(tuple(tuple(_stretches(name, value.get(name, ()))) for name in _WEEK))
    if not hours.weekdays:
        raise SchemeError("there is no weekday with opening hours; write one such as monday = ['09:00', '17:00']")
    return hours


def _stretches(weekday: str, value: Any) -> list[Stretch]:
    """Return the stretches of a weekday, in order. Raises ``SchemeError`` where they aren't apart."""
    several = isinstance(value, list | tuple) and all(isinstance(part, list | tuple) for part in value)
    found = sorted(_stretch(weekday, part) for part in (value if several else [value]))
    for before, after in pairwise(found):
        if after[0] < before[1]:
            raise SchemeError(
                f"{weekday}: {_span(after)} overlaps {_span(before)}; write hours that are apart, such as "
                f"{weekday} = [['09:00', '12:30'], ['13:30', '17:00']]"
            )
    return found


def _stretch(weekday: str, value: Any) -> Stretch:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise SchemeError(f"{weekday}: write from when to when, such as {weekday} = ['09:00', '17:00']")
    begin, end = (_time(weekday, part) for part in value)
    if end <= begin:
        how = "before it begins" if end < begin else "when it begins"
        raise SchemeError(f"{weekday}: {_span((begin, end))} ends {how}; write {weekday} = ['09:00', '17:00'], say")
    return begin, end


def _time(weekday: str, value: Any) -> int:
    text = value.isoformat() if isinstance(value, time) else str(value)
    match = _TIME.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (99, 0, 0)
    found = (hours * 3600 + minutes * 60 + seconds) * SECOND
    if found > DAY:
        raise SchemeError(
            f"{weekday}: {text[:40]!r} isn't a time of day; write it like '08:30', and the end of the day '24:00'"
        )
    return found


def _span(stretch: Stretch) -> str:
    return " to ".join(map(_written, stretch))


def _written(at: int) -> str:
    minutes, seconds = divmod(at // SECOND, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


class OpenTime:
    """The time for which an office is open: how much of it has passed at a point, and when so much has passed."""

    def __init__(self, hours: OpeningHours, zone: TimeZone, first: DayNumber, off: Truths) -> None:
        """Make tables for the days from ``first`` on; ``off`` says which of them are holidays or closures."""
        days = first + np.arange(len(off))
        begin, end = self._stretches(hours, zone, np.where(off, -1, (days + 3) % 7), days)
        self._ends, self._passed = end, np.cumsum(end - begin)
        self._days = np.unique(zone.days(begin))
        # For each day of UTC the stretches that it may touch, and what has passed before the first of them. In London
        # that is one stretch each day; with a lunch break two; in Sydney one that began on the day of UTC before.
        self._origin = first - 2
        starts = (self._origin + np.arange(len(off) + 4)) * DAY
        place = np.searchsorted(end, starts, side="right")
        self._before: Integers = np.concatenate([[0], self._passed]).take(place)
        most = int((np.searchsorted(begin, starts + DAY) - place).max())
        begin, length = np.append(begin, [_FAR_OFF] * most), np.append(end - begin, [0] * most)
        self._slots = [(begin.take(place + slot), length.take(place + slot)) for slot in range(most)]

    @staticmethod
    def _stretches(
        hours: OpeningHours, zone: TimeZone, weekday: Integers, days: DayNumbers
    ) -> tuple[Instants, Instants]:
        """Return when each stretch begins and ends, in order; without those that a clock change left nothing of."""
        walls = [
            np.stack([days[weekday == number] * DAY + at for at in stretch])
            for number, stretches in enumerate(hours.week)
            for stretch in stretches
        ]
        begin, end = np.sort(np.concatenate(walls, axis=1), axis=1)
        begin, end = zone.reached(begin), zone.reached(end)
        return begin[begin < end], end[begin < end]

    @property
    def is_never(self) -> bool:
        """Whether the office isn't open on any day."""
        return not len(self._ends)

    def before(self, points: Instants) -> Integers:
        """Return how much open time has passed before each point, from any fixed point on."""
        day = points // DAY - self._origin
        passed = self._before.take(day, mode="clip")
        for begin, length in self._slots:
            into = points - begin.take(day, mode="clip")
            passed += np.minimum(np.maximum(into, 0, out=into), length.take(day, mode="clip"), out=into)
        return passed

    def rests(self, starts: Instants, points: Instants) -> Truths:
        """Return which points after a start the office was closed just before: at closing time it still was open."""
        day = points // DAY - self._origin
        rests: Truths = points > starts
        for begin, length in self._slots:
            into = points - begin.take(day, mode="clip")
            rests &= (into <= 0) | (into > length.take(day, mode="clip"))
        return rests

    def reached(self, passed: Integers) -> Instants:
        """Return the first instant before which so much open time has passed; ``MISSING`` after the last day."""
        place = np.searchsorted(self._passed, passed)
        inside = np.minimum(place, len(self._passed) - 1)
        found = self._ends.take(inside) - (self._passed.take(inside) - passed)
        return np.where(place < len(self._passed), found, MISSING)

    def opens(self, points: Instants) -> Instants:
        """Return each point itself while the office is open, else when it opens next; ``MISSING`` if it doesn't."""
        reached = self.reached(self.before(points) + 1)
        return np.where(reached == MISSING, MISSING, reached - 1)

    def closed_days(self, first: DayNumber, last: DayNumber) -> Iterator[DayNumber]:
        """Yield the days without opening hours from one day to another."""
        for day in range(first, last + 1):
            place = int(np.searchsorted(self._days, day))
            if place == len(self._days) or self._days[place] != day:
                yield day
