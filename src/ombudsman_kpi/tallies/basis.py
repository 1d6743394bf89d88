"""The basis of a tally: by what it was counted. Tallies of two bases can't be added."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_number, to_day
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.schemes.scheme import Scheme


@dataclass(frozen=True)
class Basis:
    """What a tally was counted by."""

    scheme: Scheme
    as_of: str
    by: tuple[str, ...]
    every: Mapping[str, tuple[Every | None, ...]]  # for each target that was asked for, in order
    cohorts: Mapping[str, tuple[Cohort, ...]]
    report: str | None = None  # to whom it is reported, as the scheme names them; nothing is counted otherwise by it

    @property
    def options(self) -> dict[str, Any]:
        """Every option in force: how periods and groups were made, and each clock's own."""
        clocks = {
            target.id: target.options for target in self.scheme.targets if target.options and target.id in self.every
        }
        calendar = self.scheme.calendar
        return {
            "by": list(self.by),
            **({} if self.report is None else {"report": self.report}),
            "division": calendar.division,
            **({"calendar": calendar.note} if calendar.note else {}),
            "time_zone": self.scheme.time_zone,
            **({} if self.scheme.opening is None else {"opening": self.scheme.opening.written}),
            "clocks": clocks,
        }

    def was_over(self, day: date) -> bool:
        """Return whether a day was over as counted: a date means its close, an instant is before that of its day."""
        last = date.fromisoformat(self.as_of[:10])
        return day <= last if len(self.as_of) == len("2024-03-31") else day < last

    @cached_property
    def last_day(self) -> date:
        """The last day that could have made a difference by being off: one after it moves nothing that was counted.

        Clocks start by ``as_of``, so none is due later than one that starts on it: 20 working days from Thursday 28
        March 2024 end on 29 April. Only a clock in months that stood still can: those that it runs for may be longer.
        """
        as_of = parse_as_of(self.as_of, self.scheme)
        calendar, last = self.scheme.calendar, as_of.day
        for chain in (chain for target in self.scheme.targets for chain in target.limits):
            if not any(limit.depends_on_holidays(clock) for limit, clock in chain):
                continue
            in_days = chain[0][0].in_days
            due = np.array([as_of.day if in_days else as_of.instant])
            for limit, clock in chain:
                if due[0] != MISSING:
                    due = due + (limit.longer_by if clock.pauses == "allowed" else 0)
                    due = limit.axis(calendar, clock).due(due, limit.allowed)
            day = int((due if in_days else self.scheme.zone.days(due))[0])
            last = max(last, day_number(calendar.last) if day == MISSING else day)
        return to_day(last)

    @property
    def days_off(self) -> str:
        """A digest of all days off that can have made a difference: the calendar's edition until ``last_day``."""
        return self.scheme.calendar.edition_until(self.last_day)

    def difference(self, other: "Basis") -> str | None:
        """Return in what two bases differ, all of it; None where they don't."""
        return "; ".join(self._differences(other)) or None

    def joined(self, other: "Basis") -> "Basis":
        """Return the basis of the sum of two tallies that can be added: of one report, where both are."""
        return self if self.report == other.report else replace(self, report=None)

    def _differences(self, other: "Basis") -> Iterator[str]:
        mine, theirs = self.scheme, other.scheme
        if mine.id != theirs.id:
            yield f"the scheme is {mine.id} here and {theirs.id} there"
        elif mine.digest != theirs.digest:
            yield f"the digest of the scheme {mine.id} is {mine.digest} here and {theirs.digest} there"
        if mine.calendar.edition != theirs.calendar.edition and self._days_off_differ(other):
            yield f"the calendar edition is {mine.calendar.edition} here and {theirs.calendar.edition} there"
        if self.as_of != other.as_of:
            yield f"as_of is {self.as_of} here and {other.as_of} there"
        if self.by != other.by:
            yield f"by is {_listed(self.by)} here and {_listed(other.by)} there"
        for only, these, those in (("here", self.every, other.every), ("there", other.every, self.every)):
            if lacking := [name for name in these if name not in those]:
                yield f"{'a target is' if len(lacking) == 1 else 'targets are'} only {only}: {_few(lacking)}"
        yield from _unlike("every", self.every, other.every)
        yield from _unlike("cohort", self.cohorts, other.cohorts)

    def _days_off_differ(self, other: "Basis") -> bool:
        """Return whether a day is off in one calendar only that can have made a difference in either."""
        last = max(self.last_day, other.last_day)
        return self.scheme.calendar.edition_until(last) != other.scheme.calendar.edition_until(last)

    def remedy(self, other: "Basis") -> str:
        """Return how to count what differs so that it adds up."""
        again = "Tally both by the same scheme and options."
        if self.as_of == other.as_of:
            return again
        days = (
            "What is counted at one day isn't what it was at another: take the settled tally of the earlier day, move "
            "it by .at(…), and add the tally of what was open then or is new (see settled)."
        )
        return days if replace(self, as_of=other.as_of).difference(other) is None else f"{again} {days}"


def check_days_off(basis: Basis, calendar: str, days_off: str | None, what: str, again: str) -> None:
    """Raise ``KpiError`` where a day is off now that wasn't when something was counted, or was and isn't.

    ``calendar`` and ``days_off`` are the editions that were written down then: of the whole calendar, and of the days
    that can have made a difference. What was written by an earlier release has the first one only.
    """
    now = basis.scheme.calendar.edition
    if now == calendar or (days_off is not None and basis.days_off == days_off):
        return
    raise KpiError(
        f"{what} with calendar edition {calendar}; the scheme's calendar is now {now}. Days off have changed: {again}."
    )


def _listed(names: tuple[str | None, ...]) -> str:
    """Return in words what an option was given."""
    return ", ".join("all together" if name is None else name for name in names) or "nothing"


def _few(targets: list[str]) -> str:
    """Return some targets, and say how many more there are."""
    return ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")


def _unlike(
    option: str, mine: Mapping[str, tuple[str | None, ...]], theirs: Mapping[str, tuple[str | None, ...]]
) -> Iterator[str]:
    """Yield in what an option differs that each target has for itself: once for all that differ in the same."""
    targets_by_difference: dict[tuple[str, str], list[str]] = {}
    for target in mine:
        if target in theirs and mine[target] != theirs[target]:
            targets_by_difference.setdefault((_listed(mine[target]), _listed(theirs[target])), []).append(target)
    for (here, there), targets in targets_by_difference.items():
        yield f"{option} is {here} here and {there} there (of {_few(targets)})"
