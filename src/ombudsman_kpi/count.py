"""From batches of records to the cells of a tally."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ombudsman_kpi.assess.known import Known
from ombudsman_kpi.assess.outcomes import BEYOND, Outcome, beyond_calendar, due_days, outcomes, provisional
from ombudsman_kpi.assess.timeline import NONE, Timeline, timeline, timeline_key
from ombudsman_kpi.cells import Cells
from ombudsman_kpi.days import MISSING, Integers, Truths
from ombudsman_kpi.limits import Hours, Seconds
from ombudsman_kpi.periods import grain_index
from ombudsman_kpi.tally import NO_PERIOD, Block, Group, Key
from ombudsman_kpi.targets import ShareWithin

NOT_RECORDED = "(not recorded)"


@dataclass
class Counter:
    """Counts the records of one kind, batch after batch, for some targets."""

    wanted: Sequence[tuple[ShareWithin, Key]]
    by: tuple[str, ...]
    _cells: dict[Key, Cells] = field(default_factory=lambda: defaultdict(lambda: Cells(4, 3)))
    _groups: dict[Group, int] = field(default_factory=dict)
    _outcomes: dict[Key, dict[Outcome, int]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, known: Known) -> None:
        """Count one batch."""
        group = self._group_codes(known)
        clocks: dict[object, Timeline] = {}
        for target, key in self.wanted:
            name = timeline_key(target)
            if name not in clocks:
                clocks[name] = timeline(target, known)
            self._add(target, key, clocks[name], group, known)

    def blocks(self) -> dict[Key, Block]:
        """Give what was counted; a target without any record has an empty block."""
        groups = tuple(self._groups)
        return {key: Block.of(groups, tuple(self._outcomes[key]), *self._cells[key].result()) for _, key in self.wanted}

    def _add(self, target: ShareWithin, key: Key, clocks: Timeline, group: Integers, known: Known) -> None:
        code, judged, beyond = judged_clocks(target, clocks, known)
        judged = tuple(_in_cohort(outcome, key) for outcome in judged)
        codes = self._outcomes[key]
        book = np.array([codes.setdefault(outcome, len(codes)) for outcome in judged])
        days = _cohort_days(target, key, clocks, known)
        period = grain_index(days, key.grain)
        period = np.where(period == MISSING, NO_PERIOD, period)
        elapsed = clocks.elapsed if beyond is None else np.where(beyond, NONE, clocks.elapsed)
        below: Integers | int = 0
        if isinstance(target.limit, (Seconds, Hours)):
            ran = elapsed != NONE
            units = -(-elapsed // target.limit.size)
            below = np.where(ran, units * target.limit.size - elapsed, 0)
            elapsed = np.where(ran, units, NONE)
        moves = provisional(target, clocks, known.scheme.calendar)
        self._cells[key].add(
            (group, period, book.take(code), elapsed), (1, below, 0 if moves is None else moves.astype(np.int64))
        )

    def _group_codes(self, known: Known) -> Integers:
        """Give the number of each record's group; the same group has the same number in every batch."""
        code = np.zeros(len(known.batch), np.int64)
        labels: list[Group] = [()]
        for name in self.by:
            values, column = _labelled(known, name)
            code = code * len(values) + column
            labels = [(*label, value) for label in labels for value in values]
            if len(labels) > len(code):  # most combinations don't occur
                used, code = np.unique(code, return_inverse=True)
                labels = [labels[place] for place in used]
        used = np.flatnonzero(np.bincount(code, minlength=len(labels)))
        book = np.zeros(len(labels), np.int64)
        book[used] = [self._groups.setdefault(labels[place], len(self._groups)) for place in used]
        return book.take(code)


def judged_clocks(
    target: ShareWithin, clocks: Timeline, known: Known
) -> tuple[np.typing.NDArray[np.intp], tuple[Outcome, ...], Truths | None]:
    """Give each record's outcome, as a position in a list; and which clocks are due beyond the calendar."""
    state, states = clocks.state, clocks.states
    beyond = beyond_calendar(target, clocks, known.scheme.calendar)
    if beyond is not None:
        running = clocks.elapsed != NONE
        state, states = np.where(beyond & running, len(states), state), (*states, BEYOND)
    return (*outcomes(target, states, state, clocks.elapsed, clocks.in_time), beyond)


def _in_cohort(outcome: Outcome, key: Key) -> Outcome:
    """Leave open clocks out of the closed cohort, and say so: they are in no period of it."""
    if key.cohort == "closed" and outcome.status in {"pending", "overdue"}:
        return Outcome("excluded", "still open" if outcome.status == "pending" else "still open, overdue")
    return outcome


def _cohort_days(target: ShareWithin, key: Key, clocks: Timeline, known: Known) -> Integers:
    """Give the day that decides on the period of each record; ``MISSING`` where it has none."""
    if key.grain == "all":
        return np.zeros(len(clocks.state), np.int64)
    if key.cohort == "received":
        return clocks.start_day
    if key.cohort == "closed":
        return clocks.end_day
    return due_days(target, clocks, known.scheme.zone)


def _labelled(known: Known, name: str) -> tuple[list[str], Integers]:
    """Give a column's different values, as text, and the place of each record's among them."""
    import pyarrow.compute as pc

    if not known.batch.table.has(name):
        return [""], np.zeros(len(known.batch), np.int64)
    encoded = pc.fill_null(known.text(name), NOT_RECORDED).dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices).astype(np.int64)
