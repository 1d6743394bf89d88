"""The outcome: what a record says of a target, exactly one of met, late, overdue, pending, excluded, invalid."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.choosing import kept
from ombudsman_kpi.arrays.types import MISSING, Integers, RowNumbers
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.clocks.states import NONE, State, StateBuilder

Cohort = Literal["received", "closed", "due", "dated"]
COHORTS: tuple[Cohort, ...] = get_args(Cohort)
CountedBy = Cohort | Literal["population"]  # a cohort, or what is counted beside the records
OutcomeStatus = Literal["met", "late", "overdue", "pending", "excluded", "invalid"]
STATUSES: tuple[OutcomeStatus, ...] = get_args(OutcomeStatus)
MISSED: frozenset[OutcomeStatus] = frozenset({"late", "overdue"})
OPEN: frozenset[OutcomeStatus] = frozenset({"pending", "overdue"})

NOT_ENDED = "not ended"  # the mark of a late outcome of a record that hasn't ended: it is in no period of those closed


class Outcome(NamedTuple):
    """What one record says of one target, and for what isn't plain, why.

    ``reason`` is for readers. ``mark`` is for figures: by it a measure knows its outcomes again, whatever words of a
    scheme or a record stand in the reason.
    """

    status: OutcomeStatus
    reason: str = ""
    mark: str = ""


@lru_cache(maxsize=1024)
def of_status(outcomes: tuple[Outcome, ...], statuses: frozenset[OutcomeStatus]) -> NDArray[np.bool_]:
    """Return a mask of a list of outcomes, True where the status is one of ``statuses``.

    Cached: it is asked for the same list again and again.

    >>> of_status((Outcome("met"), Outcome("late", "abandoned")), MISSED).tolist()
    [False, True]
    """
    return np.array([outcome.status in statuses for outcome in outcomes], np.bool_)


IN, NOT_IN = Outcome("met"), Outcome("late")  # of a share: whether a record is one of those that it is the share of


def outcome_of(state: State) -> Outcome:
    """Return what a clock's state says where no limit judges it: it has stopped, or not yet, or is left out.

    >>> outcome_of(State("abandoned"))
    Outcome(status='excluded', reason='abandoned', mark='')
    """
    if state.ending == "stopped":
        return Outcome("met")
    if state.ending == "open":
        return Outcome("pending")
    return Outcome("invalid" if state.ending == "invalid" else "excluded", state.reason or state.ending)


Points = tuple[Integers, Integers, Integers]
_COLUMNS = ("elapsed", "party", "weights", "due_day", "gross", "allowed", "if_resumed")  # of an `Assessed`, if any


@dataclass(eq=False)  # not frozen, which takes four times as long to make: a single case feels it
class Assessed:
    """The outcomes of a batch for one target: one of each record; or none, or several, as ``record`` says.

    ``start_day`` and ``end_day`` put an outcome into the period of those received, and of those closed or dated.
    ``elapsed`` is in parts of ``unit``, so many as ``size`` to the unit; ``NONE`` where there is none. ``points``
    are when each clock started, ended and is due: days, or where it doesn't run ``in_days``, microseconds on the
    wall.
    """

    code: NDArray[np.intp]
    categories: tuple[Outcome, ...]
    start_day: Integers | Callable[[], Integers]
    end_day: Integers | Callable[[], Integers]
    elapsed: Integers
    unit: str
    find_points: Callable[[], Points]
    size: int = 1
    in_days: bool = True
    provisional: Integers | int = 0
    record: Integers | None = None
    party: NDArray[Any] | None = None
    weights: Integers | None = None  # how many records each stands for, where that isn't what its row does
    due_day: Integers | None = None  # that puts it into the period of those due, where the due point doesn't
    in_parts: bool = False  # whether each different elapsed time is counted, not whole units
    gross: Integers | None = None  # elapsed as if the clock had never stood still
    allowed: Integers | None = None  # the longest elapsed time in time of each, where they don't share one limit
    if_resumed: Integers | None = None  # when each is due, or would be if a clock that stands still ran again at once

    @cached_property
    def points(self) -> Points:
        """When each clock started, ended and is due; worked out when first asked for."""
        return self.find_points()

    def days(self, cohort: CountedBy) -> Integers:
        """Return the day that puts each outcome into a period; ``MISSING`` where it has none."""
        if cohort == "due" and self.due_day is not None:
            return self.due_day
        if cohort == "due":
            due = self.points[2]
            return due if self.in_days else np.where(due == MISSING, MISSING, due // DAY)
        day = self.start_day if cohort == "received" else self.end_day
        return day() if callable(day) else day

    def with_more(self, more: "Assessed", record: RowNumbers, *, instead: bool) -> "Assessed":
        """Return the outcomes of all records, one each, with more of some of them, or others ``instead``.

        Those of one record stand together.
        """
        own = np.arange(len(self.code))
        if instead:
            own = np.delete(own, record)
        records, places = np.concatenate([own, record]), np.concatenate([own, np.arange(len(record)) + len(self.code)])
        order = np.argsort(records, kind="stable")
        places = places[order]

        def both(first: Any, second: Any) -> Any:
            return None if first is None else np.concatenate([first, second]).take(places)

        moves = (np.broadcast_to(part.provisional, len(part.code)) for part in (self, more))
        return replace(
            self,
            code=both(self.code, more.code + len(self.categories)),
            categories=(*self.categories, *more.categories),
            start_day=lambda: both(self.days("received"), more.days("received")),
            end_day=lambda: both(self.days("closed"), more.days("closed")),
            find_points=lambda: tuple(both(*pair) for pair in zip(self.points, more.points, strict=True)),
            provisional=both(*moves),
            record=records[order],
            **{name: both(getattr(self, name), getattr(more, name)) for name in _COLUMNS},
        )

    def walls(self) -> Points:
        """Return when each clock started, ended and is due in microseconds; for days, the midnight that begins them."""
        if not self.in_days:
            return self.points
        return tuple(kept(days * DAY, days != MISSING, MISSING) for days in self.points)  # type: ignore[return-value]

    def units(self) -> tuple[Integers, Integers | int]:
        """Return elapsed times in whole units, rounded up, and by how much they fall short of that; or in parts."""
        if self.size == 1 or self.in_parts:
            return self.elapsed, 0
        ran = self.elapsed != NONE
        units = (self.elapsed + (self.size - 1)) // self.size
        return kept(units, ran, NONE), (units * self.size - self.elapsed) * ran


def of_days(builder: StateBuilder, day: Integers, pair: tuple[Outcome, Outcome], side: NDArray[np.bool_]) -> Assessed:
    """Return the outcomes of records without a clock: by their state, or where that is open, one of a pair.

    ``side`` is False for the first of the pair, True for the second.
    """
    categories = (*pair, *(Outcome(state.ending, state.reason) for state in builder.states[1:]))  # type: ignore[arg-type]
    # Codes 0 and 1 are the pair; those of the other states follow, each moved on by one: state 1 is code 2.
    code = np.where(builder.state == 0, side.astype(np.intp), builder.state.astype(np.intp) + 1)
    none = np.full(len(day), MISSING)
    return Assessed(code, categories, day, day, np.full(len(day), NONE), "", lambda: (none, day, none))
