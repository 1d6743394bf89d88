"""From counted outcomes to figures: the shape that every measure fills."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Period, preceding
from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.rounding import many
from ombudsman_kpi.statistics.intervals import Interval, change_of_shares

TargetStatus = Literal["met", "missed", "undetermined", "no data", "no target", "not measured"]
Group = tuple[str, ...]
T = TypeVar("T")

LONGEST = 1 << 62  # longer than anything takes: none is open


Times = tuple[Integers, Integers]  # different times in order, and how many records each has


def _no_times(status: str) -> Times:
    return np.empty(0, np.int64), np.empty(0, np.int64)


class PlaceCounts(NamedTuple):
    """The outcomes of one period and group: how many by status, by reason and by mark; and exact sums of their times.

    ``units`` and ``below`` are of the outcomes met: whole units, and the microseconds by which times fall short of
    them; ``squares`` the sum of squared units. ``least_pending`` is the shortest time that one still open has taken.
    ``times`` gives the times of the outcomes of a status.
    """

    statuses: Mapping[str, int]
    reasons: Mapping[tuple[str, str], int]
    provisional: bool
    units: int = 0
    below: int = 0
    squares: int = 0
    least_pending: int = LONGEST
    marks: Mapping[tuple[str, str], int] = MappingProxyType({})
    times: Callable[[str], Times] = _no_times

    @property
    def met(self) -> int:
        """Those met, or for a measure without a limit, those counted."""
        return self.statuses.get("met", 0)

    @property
    def missed(self) -> int:
        """Those late and overdue."""
        return self.statuses.get("late", 0) + self.statuses.get("overdue", 0)

    @property
    def pending(self) -> int:
        """Those still open and not yet due."""
        return self.statuses.get("pending", 0)


NOTHING = PlaceCounts({}, {}, provisional=False)


@dataclass(eq=False)
class Everywhere:
    """All that was counted of a target, by period and group; what follows from the whole is worked out once."""

    counts: Mapping[tuple[Period | None, Group], PlaceCounts]
    _worked_out: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def first(self) -> Period | None:
        """The first period of all; None where there are no periods."""
        return min((period for period, _ in self.counts if period is not None), default=None)

    @cached_property
    def by_period(self) -> Mapping[Period | None, Sequence[PlaceCounts]]:
        """The counts of all groups, by period."""
        by_period: dict[Period | None, list[PlaceCounts]] = {}
        for (period, _), counts in self.counts.items():
            by_period.setdefault(period, []).append(counts)
        return by_period

    def once(self, name: Any, work_out: Callable[[], T]) -> T:
        """Return what was worked out under a name, the first time by doing so: groups share what a period has."""
        if name not in self._worked_out:
            self._worked_out[name] = work_out()
        worked_out: T = self._worked_out[name]
        return worked_out


class Level(NamedTuple):
    """The stock of one period and group: its highest day, the first day that it was so high, and the last day."""

    highest: int
    on: int
    end: int
    joined: int  # those in it at any time: carried over, or joined in the period
    brought: int = 0  # of them, those carried over
    older: Mapping[str, int] = MappingProxyType({})  # of those at the end, by the ages that are counted


class Place(NamedTuple):
    """Where a figure stands: a period and a group, among all that was counted of its target."""

    everywhere: Everywhere
    period: Period | None
    group: Group
    complete: bool
    population: int | None = None  # the size of what a sample was drawn from
    level: Level | None = None  # of what is counted daily

    @property
    def here(self) -> PlaceCounts:
        """What was counted in this period and group."""
        return self.everywhere.counts.get((self.period, self.group), NOTHING)

    @property
    def before(self) -> PlaceCounts | None:
        """What was counted in the period before; None where nothing at all is known of it or any before it."""
        first = self.everywhere.first
        if self.period is None or first is None:
            return None
        earlier = preceding(self.period)
        return None if earlier < first else self.everywhere.counts.get((earlier, self.group), NOTHING)


class Figure(NamedTuple):
    """One figure. ``details`` holds what its ``remarks`` say in words: a rank, an interval, the highest day."""

    status: TargetStatus
    value: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    numerator: Fraction | None = None
    denominator: int | None = None
    headroom: int | None = None
    details: Mapping[str, Any] = MappingProxyType({})
    remarks: tuple[str, ...] = ()


class Month(NamedTuple):
    """A month of a longer period: its figure, and how many of its records are pending."""

    period: Period
    figure: Figure
    pending: int


def in_every_month(figure: Figure, months: Sequence[Month], *, complete: bool) -> Figure:
    """Return a figure whose standard is for every month of its period: lost with the first month that is.

    A month in which nothing was counted can't lose it. The headroom is that of the month that has least.
    """
    by_status: dict[TargetStatus, list[Period]] = {}
    for month in months:
        waits = month.figure.status == "no data" and month.pending  # for the first of its records to end
        by_status.setdefault("undetermined" if waits else month.figure.status, []).append(month.period)
    met, lost, open_ = (by_status.get(name, []) for name in _JUDGED)
    if not (met or lost or open_):
        return figure
    words = f"met in {len(met)} of {many(len(met) + len(lost) + len(open_), 'month')}"
    if lost:
        words += f", missed in {', '.join(period.label for period in lost)}"
    return figure._replace(
        status="missed" if lost else "undetermined" if open_ or not complete else "met",
        headroom=min((month.figure.headroom for month in months if month.figure.headroom is not None), default=None),
        details={**figure.details, "months_met": len(met), "months_missed": tuple(period.start for period in lost)},
        remarks=(*figure.remarks, words),
    )


_JUDGED: tuple[TargetStatus, ...] = ("met", "missed", "undetermined")


def once_matured(figure: Figure, place: Place) -> Figure:
    """Return the figure of those received in a period, or none before all of them could have met or missed."""
    pending = place.here.pending
    if place.complete and not pending:
        return figure
    why = f"{pending:,} of them are still pending" if pending else "the period isn't over"
    return Figure("undetermined", denominator=figure.denominator, remarks=(f"not shown yet: {why}",))


def rate(met: int, missed: int) -> Fraction | None:
    """Return a rate; None where there is nothing that it is a rate of."""
    return Fraction(met, met + missed) if met + missed else None


def chance_of_shares(before: PlaceCounts, now: PlaceCounts) -> Interval | None:
    """Return the interval of the change between two shares that chance alone leaves open."""
    return change_of_shares(before.met, before.met + before.missed, now.met, now.met + now.missed)


def share_figure(standard: Standard | None, place: Place, past: int = 0) -> Figure:
    """Return met / (met + missed), its bounds while records are pending, the headroom and the status.

    Of those pending, so many as ``past`` can no longer be met.
    """
    here = place.here
    met, pending, counted = here.met, here.pending - past, here.met + here.missed
    whole = counted + here.pending
    judged_by = None if standard is None or standard.operator == "about" else standard
    headroom = headroom_of(judged_by, met, pending, whole) if judged_by and whole else None
    return Figure(
        status_of(standard, headroom, counted, pending),
        Fraction(met, counted) if counted else None,
        Fraction(met, whole) if whole else None,
        Fraction(met + pending, whole) if whole else None,
        Fraction(met),
        counted,
        headroom,
    )


def headroom_of(standard: Standard, met: int, pending: int, whole: int) -> int:
    """Return how many could still miss before the standard is lost; below 0 it is lost already.

    >>> from ombudsman_kpi.measures.base.standard import parse_standard
    >>> headroom_of(parse_standard("98%"), met=98, pending=1, whole=100)
    1
    """
    bound = standard.value * whole
    if standard.operator in {"at most", "less than"}:  # no more than so large a share may be met
        return (ceil(bound) - 1 if standard.operator == "less than" else bound.__floor__()) - met
    return met + pending - (bound.__floor__() + 1 if standard.operator == "more than" else ceil(bound))


def status_of(standard: Standard | None, headroom: int | None, denominator: int, pending: int) -> TargetStatus:
    """Return the status by the standard, from exact counts.

    >>> status_of(None, None, 0, 0)
    'no data'
    """
    if not denominator:
        return "no data"
    if standard is None or headroom is None:
        return "no target"
    if headroom < 0:
        return "missed"
    return "met" if headroom >= pending else "undetermined"


def judged(standard: Standard | None, value: Fraction | None, *, settled: bool = True) -> TargetStatus:
    """Return the status of one value by the standard; while it isn't settled, nothing is kept or broken.

    >>> judged(None, Fraction(3))
    'no target'
    """
    if value is None:
        return "no data"
    if standard is None or standard.operator == "about":
        return "no target"
    if not settled:
        return "undetermined"
    return "met" if standard.is_met_by(value) else "missed"
