"""From batches of records to the cells of a tally."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from threading import Lock
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import integers
from ombudsman_kpi.arrays.sums import CellSums, product
from ombudsman_kpi.arrays.threads import in_threads
from ombudsman_kpi.arrays.types import MISSING, Codes, Integers, Truths
from ombudsman_kpi.calendars.periods import Grain, Numbering
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.outcomes import NOT_ENDED, Assessed, CountedBy, Outcome, OutcomeStatus
from ombudsman_kpi.clocks.states import NONE, State
from ombudsman_kpi.clocks.timeline import Timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.block import NO_PERIOD, Block, Key

NOT_RECORDED = "(not recorded)"
STILL_OPEN: dict[OutcomeStatus, str] = {"pending": "still open", "overdue": "still open and overdue"}

Wanted = Sequence[tuple[Rule, Key]]
Seen = Callable[[Rule, AsKnownBatch, Assessed], None]  # is shown what is counted, in the threads that count it
ClockName = Hashable  # `SharedClock.key`: targets of one name share their clocks


def count_batches(
    batches: Iterable[Batch],
    wanted: Wanted,
    by: tuple[str, ...],
    as_of: AsOf,
    scheme: Scheme,
    mask: Truths | None = None,
    *,
    times: bool = True,
    seen: Seen | None = None,
) -> dict[Key, Block]:
    """Return the block of each key: all batches counted, where there are several in several threads.

    They work out outcomes side by side, and add them to one set of cells: with many groups and periods each batch has
    some of nearly all cells. ``mask`` says of the records of all batches which ones are counted; None is all of them.
    Without ``times``, elapsed times are kept where the figures are of times, and where they make few cells: in days,
    without groups and periods. ``seen`` is shown what each target makes of each batch. Raises the first error in the
    order of the batches, and reads none after it but the few that were on their way.
    """
    counter = Counter(wanted, by, scheme, times, seen)

    def count(batch: Batch) -> None:
        own = None if mask is None else mask[batch.offset : batch.offset + len(batch)]
        counter.add(AsKnownBatch(batch, as_of, scheme), own)

    for _ in in_threads(count, batches):
        pass
    return counter.blocks()


@dataclass
class Counted:
    """Cells keyed by group, period, a code, and elapsed time; and the categories that the codes stand for."""

    cells: CellSums = field(default_factory=lambda: CellSums(keys=4, sums=3))
    categories: dict[Any, int] = field(default_factory=dict)
    alike: Integers | None = None  # in place of times: of clocks that keep so many of some limits, the time of one

    def codes(self, categories: Sequence[Any]) -> Codes:
        """Return the codes of some categories; new ones get the next."""
        return np.array([self.categories.setdefault(entry, len(self.categories)) for entry in categories], np.int64)


@dataclass
class Counter:
    """Counts the records of one kind, batch after batch, for some targets. Several threads can add to it.

    What differs in nothing but the limit is counted once: the status follows from how the clock stands and the
    elapsed time alone, so that a count of clocks that are alike can be judged by each limit at the end.
    """

    wanted: Wanted
    by: tuple[str, ...]
    scheme: Scheme
    times: bool = True
    seen: Seen | None = None  # where there is one, each target judges each record, so that it can be shown
    _adding: Lock = field(default_factory=Lock)
    _alike: dict[tuple[ClockName, tuple[Key, ...]], Counted] = field(default_factory=lambda: defaultdict(Counted))
    _single: dict[Key, Counted] = field(default_factory=lambda: defaultdict(Counted))
    _groups: dict[Group, int] = field(default_factory=dict)
    _numbering: dict[Grain, Numbering] = field(default_factory=dict)

    def add(self, known: AsKnownBatch, mask: Truths | None = None) -> None:
        """Count one batch, or of its records some: the others weigh nothing, and leave no trace."""
        group, weights = self._group_codes(known), known.batch.weights
        kept: Integers | int = 1
        if mask is not None:
            kept = mask.astype(np.int64)
            weights = weights * kept
        assessed: dict[int, Assessed] = {}
        alike: dict[tuple[ClockName, CountedBy, Grain], list[tuple[Key, Limit]]] = defaultdict(list)
        clocks: dict[ClockName, Timeline] = {}
        for rule, key in self.wanted:
            shared = None if key.cohort == "due" or self.seen is not None else rule.shared_clock(known)
            if shared is not None:
                clocks[shared.key] = shared.timeline
                alike[shared.key, key.cohort, key.grain].append((key, shared.limit))
                continue
            if id(rule) not in assessed:
                assessed[id(rule)] = rule.assess(known)
                if self.seen is not None:
                    self.seen(rule, known, assessed[id(rule)])
            self._add(key, assessed[id(rule)], group, weights, kept)
        for (name, cohort, grain), of_clock in alike.items():
            clock = clocks[name]
            keys, limits = zip(*of_clock, strict=True)
            period = self._periods(grain).of(clock.start_day if cohort == "received" else clock.end_day)
            elapsed, keep = clock.elapsed, self._keeps_times(keys[0])
            if not keep:  # then how many of the limits it keeps says all, since the longer ones are among them
                elapsed = np.add.reduce([limit.within(elapsed) for limit in limits], dtype=np.int64)
            with self._adding:
                counted = self._alike[name, keys]
                if not keep:
                    counted.alike = np.zeros(len(limits) + 1, np.int64) if counted.alike is None else counted.alike
                    counted.alike[elapsed] = clock.elapsed
                code = counted.codes(clock.states).take(clock.state)
                counted.cells.add((group, period, code, elapsed), (weights, 0, 0))

    def blocks(self) -> dict[Key, Block]:
        """Return what was counted, and let go of it; a target without any record has an empty block."""
        return {key: self._block(rule, key) for rule, key in self.wanted}

    def _block(self, rule: Rule, key: Key) -> Block:
        blocks = []
        for (name, keys), counted in [*self._alike.items()]:
            if key in keys:
                if key == keys[-1]:
                    del self._alike[name, keys]  # there may be millions of cells
                (group, period, state, elapsed), sums = counted.cells.result()
                states: tuple[State, ...] = tuple(counted.categories)
                elapsed = elapsed if counted.alike is None else counted.alike.take(elapsed)
                code, outcomes, elapsed = rule.judge_shared(states, state, elapsed)
                elapsed = elapsed if self._keeps_times(key) else np.full(len(code), NONE)
                blocks.append(self._laid_out(key, ((group, period, code, elapsed), sums), outcomes))
        if key in self._single or not blocks:
            single = self._single[key]
            blocks.append(self._laid_out(key, single.cells.result(), tuple(single.categories)))
        return reduce(Block.plus, blocks)

    def _laid_out(
        self, key: Key, cells: tuple[tuple[Integers, ...], tuple[Integers, ...]], outcomes: tuple[Outcome, ...]
    ) -> Block:
        (group, period, code, elapsed), sums = cells
        period = np.where(period == 0, NO_PERIOD, period + self._periods(key.grain).before)
        outcomes = tuple(_in_cohort(outcome, key) for outcome in outcomes)
        return Block.of(tuple(self._groups), outcomes, (group, period, code, elapsed), sums)

    def _periods(self, grain: Grain) -> Numbering:
        if grain not in self._numbering:
            calendar = self.scheme.calendar
            self._numbering[grain] = Numbering.of_days(calendar.first, calendar.last, grain)
        return self._numbering[grain]

    def _add(
        self, key: Key, assessed: Assessed, group: Integers, weights: Integers | int, kept: Integers | int
    ) -> None:
        """Count the outcomes of one target, one by one; ``kept`` is 0 for records that are left out."""
        days, place = assessed.days(key.cohort), 0
        if assessed.record is not None:
            group = group.take(assessed.record)
            weights, kept = (part if isinstance(part, int) else part.take(assessed.record) for part in (weights, kept))
        if assessed.weights is not None:
            weights, place = assessed.weights * kept, ((assessed.weights == 0) & (days != MISSING)) * kept
        elapsed, below = assessed.units() if self._keeps_times(key) else (np.full(len(days), NONE), 0)
        period, sums = (
            self._periods(key.grain).of(days),
            (product(below, weights) + place, assessed.provisional * weights),
        )
        with self._adding:
            counted = self._single[key]
            code = counted.codes(assessed.categories).take(assessed.code)
            counted.cells.add((group, period, code, elapsed), (weights, *sums))

    def _keeps_times(self, key: Key) -> bool:
        target = self.scheme[key.target]
        if self.times or target.reads_times:
            return True
        clock = target.timed_clock
        return not self.by and key.grain == "all" and clock is not None and clock.runs_in.parts == 1

    def _group_codes(self, known: AsKnownBatch) -> Codes:
        """Return the number of each record's group; the same group has the same number in every batch."""
        code = np.zeros(len(known.batch), np.int64)
        if not self.by:
            self._groups[()] = 0
            return code
        labels: list[Group] = [()]
        for name in self.by:
            values, column = _labelled(known, name)
            # Of 3 values, label 2 with value 1 -> 2 * 3 + 1 = 7; back: 7 // 3 = 2, 7 % 3 = 1. There are no more labels
            # and no more values than rows of the batch, so that their product fits.
            code = code * len(values) + column
            used: Sequence[int] = range(len(labels) * len(values))
            if len(used) > len(code):  # most combinations don't occur, and aren't made
                occurring, code = np.unique(code, return_inverse=True)
                used = occurring.tolist()
            labels = [(*labels[number // len(values)], values[number % len(values)]) for number in used]
        occurs = np.flatnonzero(np.bincount(code, minlength=len(labels)))
        numbers = np.zeros(len(labels), np.int64)
        with self._adding:
            numbers[occurs] = [self._groups.setdefault(labels[place], len(self._groups)) for place in occurs]
        return numbers.take(code)


def _in_cohort(outcome: Outcome, key: Key) -> Outcome:
    """Return an outcome as its cohort has it: open clocks are in no period of the closed one, and left out."""
    if key.cohort != "closed":
        return outcome
    if outcome.mark == NOT_ENDED:
        return Outcome("excluded", "still open and late")
    if outcome.status in STILL_OPEN:
        return Outcome("excluded", STILL_OPEN[outcome.status])
    return outcome


def _labelled(known: AsKnownBatch, name: str) -> tuple[list[str], Integers]:
    """Return a column's different values, as text, and the place of each record's among them."""
    if not known.batch.table.has(name):
        return [""], np.zeros(len(known.batch), np.int64)
    encoded = known.text(name).dictionary_encode()
    values = encoded.dictionary.to_pylist()
    return [*values, NOT_RECORDED], integers(encoded.indices, len(values)).astype(np.int64)
