"""The elapsed times in a tally: how many clocks stopped, were withdrawn, or are still open after how long."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.calendars.dates import to_day
from ombudsman_kpi.calendars.periods import Grain, Period, grain_of, grain_start, parse_period
from ombudsman_kpi.clocks.has_clock import TimedClock
from ombudsman_kpi.clocks.judging import ended_without
from ombudsman_kpi.clocks.limits import Amount, Limit
from ombudsman_kpi.clocks.outcomes import OPEN, Cohort, Outcome, OutcomeStatus
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.errors import KpiError, OptionError, SchemeError, one_of
from ombudsman_kpi.events.as_of import AsOf, parse_as_of
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.statistics.survival_curves import ElapsedCounts
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.block import NO_PERIOD, Block, Key
from ombudsman_kpi.tallies.counter import STILL_OPEN
from ombudsman_kpi.tallies.counts import Counts

STOPPED, WITHDRAWN, IS_OPEN, LEFT_OUT = range(4)

NO_TIMES = (
    "these figures hold no elapsed times. Count the records with tally(…), which keeps them: measure(…) keeps those in "
    "days alone, without by= and every=, and neither results that were read from JSON nor a published table have any."
)


@dataclass(frozen=True, eq=False)
class TimedCells:
    """The cells of one target and cohort: how each clock ended, and after how long, in whole units.

    What is open has been seen for so many whole units: one that is 2.5 hours old hasn't been seen for the third hour.
    """

    clock: TimedClock
    block: Block
    way: Integers  # how each ended: STOPPED, WITHDRAWN, IS_OPEN or LEFT_OUT
    elapsed: Integers
    extended: bool = False  # some due days are later than elapsed time says
    why: str = ""  # there is nothing

    def counts(self, own: Truths | None = None) -> ElapsedCounts:
        """Return the elapsed times of some cells, or of all."""
        own = np.ones(len(self.way), np.bool_) if own is None else own
        ran = own & (self.way != LEFT_OUT)
        times, place = np.unique(self.elapsed[ran], return_inverse=True)
        numbers = np.zeros((3, len(times)), np.int64)
        np.add.at(numbers, (self.way[ran], place), self.block.records[ran])
        stopped, withdrawn, is_open = numbers
        left_out = int(self.block.records[own & ~ran].sum())
        return ElapsedCounts(
            times, stopped, withdrawn, is_open, self.clock.runs_in.elapsed_unit, self.limit, left_out, self.why
        )

    @property
    def limit(self) -> int | None:
        """The longest elapsed time in time; None where there is no limit, or not one for all records.

        Of "less than 4 hours" it is 4: what took 3.5 is counted as 4.
        """
        limit = self.clock.time_allowed
        if not isinstance(limit, Amount) or self.extended:
            return None
        return -(-int(limit.shown(np.array([limit.allowed]))[0]) // limit.parts)

    @property
    def judged(self) -> "TimedCells":
        """The cells with times that fit how each was judged, so that all within the limit were met and no others.

        What took exactly 4 hours isn't in less than 4, but is counted as 4 as 3.5 is; what was due on a day off may be
        met on the next working day.
        """
        if self.limit is None:
            return self
        limit, met, missed = self.limit, self.of_status("met"), self.of_status("late", "overdue")
        fit = np.where(
            met, np.minimum(self.elapsed, limit), np.where(missed, np.maximum(self.elapsed, limit + 1), limit - 1)
        )
        waits = self.of_status("pending") & (self.elapsed > limit)
        return replace(self, elapsed=np.where(met | missed | waits, fit, self.elapsed))

    def number(self, own: Truths, *statuses: OutcomeStatus) -> int:
        """Return how many records of some cells have one of some statuses."""
        return int(self.block.records[own & self.of_status(*statuses)].sum())

    def of_status(self, *statuses: OutcomeStatus) -> Truths:
        """Return which cells are of records that have one of some statuses."""
        fits = np.array([*(outcome.status in statuses for outcome in self.block.outcomes), False])
        own: Truths = fits.take(self.block.outcome)
        return own

    def started_in(self, period: Period, grain: Grain) -> Truths:
        """Return which cells are of a period: a month or more, or a week, as they were counted."""
        numbers, place = np.unique(self.block.period, return_inverse=True)
        inside = [
            number != NO_PERIOD and period.start <= grain_start(int(number), grain) <= period.end for number in numbers
        ]
        return np.array([*inside, False]).take(place)


def elapsed_counts(
    counts: Counts, target: str, *, period: str | None = None, group: Mapping[str, str] | None = None
) -> ElapsedCounts:
    """Return the elapsed times of the records of a target, of those received in a period, or of a group.

    Raises ``SchemeError`` for a target that wasn't counted, ``OptionError`` where it has no elapsed times, and for a
    period or group that can't be told apart.
    """
    if period is None:
        cells, _ = timed_cells(counts, target)
        own = _of_group(cells.block, _basis(counts), group)
    else:
        wanted = parse_period(period)
        cells, grain = timed_cells(counts, target, "received", grain_of(wanted.every))  # type: ignore[arg-type]
        own = cells.started_in(wanted, grain) & _of_group(cells.block, _basis(counts), group)
    found = cells.counts(own)
    return found if own.any() or not len(own) else found._replace(why="there are no records of that period and group")


def timed_cells(
    counts: Counts, target: str, cohort: Cohort | None = None, grain: Grain | None = None
) -> tuple[TimedCells, Grain]:
    """Return the cells of a target by a cohort, or by any: each record is in all of them, and in each once."""
    basis = _basis(counts)
    check_target(basis, target)
    clock = basis.scheme[target].timed_clock
    if clock is None:
        fit = [name for name in basis.every if basis.scheme[name].timed_clock is not None]
        raise OptionError(
            f"{target}: by the measure {basis.scheme[target].measure!r} a record has no time that it takes until it is "
            f"finished. {one_of(target, fit)}"
        )
    if target in counts.unmeasured:
        none = np.empty(0, np.int64)
        return TimedCells(clock, Block.nothing(), none, none, why=counts.unmeasured[target]), "all"
    key = _key(counts, target, cohort, grain)
    block = counts.blocks[key]
    if (block.records < 0).any():
        raise KpiError(f"The tally of {target} has counts below zero: more was subtracted than was in it.")
    way = np.array([*(_way(item, clock) for item in block.outcomes), LEFT_OUT]).take(block.outcome)
    timeless = (block.elapsed == NONE) & (way != LEFT_OUT)
    if block.records[timeless & (way != WITHDRAWN)].any():
        raise OptionError(f"{target}: {NO_TIMES}")
    way = np.where(timeless, LEFT_OUT, way)
    elapsed = -(-block.elapsed // clock.runs_in.parts) if clock.counts_parts else block.elapsed
    open_for = np.maximum(elapsed - _not_whole(clock.runs_in, parse_as_of(basis.as_of, basis.scheme), basis.scheme), 0)
    by_due_days = basis.scheme[target].judged_by_due_days
    extended = by_due_days is not None and by_due_days.extension is not None
    return TimedCells(clock, block, way, np.where(way == IS_OPEN, open_for, elapsed), extended), key.grain


def check_target(basis: Basis, target: str) -> None:
    """Raise ``SchemeError`` where a target wasn't counted."""
    if not isinstance(target, str) or target not in basis.every:
        raise SchemeError(f"This tally has no target {target!r}. {one_of(target, basis.every)}")


def _key(counts: Counts, target: str, cohort: Cohort | None, grain: Grain | None) -> Key:
    """Return what the wanted cells of a target were counted as."""
    keys = [key for key in counts.blocks if key.target == target]
    fit = [key for key in keys if cohort in {None, key.cohort} and grain in {None, key.grain}]
    if fit:
        return min(fit, key=lambda key: key.cohort != "received")
    asked = (
        f"every={grain!r}, or a longer period" if any(key.cohort == cohort for key in keys) else f"cohort={cohort!r}"
    )
    raise OptionError(
        f"{target}: this needs the records by the time they were {cohort}, in periods, and the tally hasn't counted "
        f"them so. Count them with {asked} (or cohort='all')."
    )


def _way(outcome: Outcome, clock: TimedClock) -> int:
    """Return how a clock ended that has an outcome; withdrawn is all that ended without what was promised."""
    if outcome.status in OPEN or outcome.reason in STILL_OPEN.values():
        return IS_OPEN
    if outcome.status in {"met", "late"}:
        return WITHDRAWN if ended_without(outcome, RECORDS[clock.of].withdrawn_by) else STOPPED
    return WITHDRAWN if outcome.status == "excluded" else LEFT_OUT


def _not_whole(limit: Limit, as_of: AsOf, scheme: Scheme) -> bool:
    """Return whether what is open at a time hasn't been seen for the last unit of its elapsed time, but for a part.

    On a Sunday what was due on Friday, the 20th working day, has taken 21, and may still be finished on the 21st.
    """
    if limit.parts > 1 or limit.shown(np.array([1])) == limit.shown(np.array([2])) or not as_of.whole_day:
        return True
    return limit.counts_working_days and not scheme.calendar.is_working_day(to_day(as_of.day))


def _of_group(block: Block, basis: Basis, group: Mapping[str, str] | None) -> Truths:
    """Return which cells are of a group: of each column that it names, the label."""
    if not isinstance(group, Mapping | None):
        raise OptionError("group: a label for each column that the tally is grouped by, such as {'team': 'North'}.")
    wanted = dict(group or {})
    for name in wanted:
        if name not in basis.by:
            raise OptionError(f"group: the tally isn't grouped by {name!r}. {one_of(name, basis.by)}")
    places = [(basis.by.index(name), str(label)) for name, label in wanted.items()]
    inside = [all(labels[place] == label for place, label in places) for labels in block.groups]
    return np.array([*inside, False]).take(block.group)


def _basis(counts: Counts) -> Basis:
    if counts.basis is None:
        raise SchemeError("A tally of nothing has no scheme, and so no elapsed times. Add a tally of records to it.")
    return counts.basis
