"""From counts to figures by column: values, bounds, headroom, status."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.periods import Every, Grain, Period, grain_of, period_of
from ombudsman_kpi.clocks.outcomes import Cohort, OutcomeStatus
from ombudsman_kpi.events.log import notes_of
from ombudsman_kpi.figures.row import COUNTS, EVERYTHING, Row
from ombudsman_kpi.figures.summed import InPeriods, counted, daily_levels, placed, spanned
from ombudsman_kpi.figures.table import Made, Part, RowsByColumn
from ombudsman_kpi.measures.base.figures import Figures, MonthlyFigures, share_figures
from ombudsman_kpi.measures.base.in_force import InForce
from ombudsman_kpi.measures.base.places import Group, PlaceCells, Places
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.block import NO_PERIOD, Block, Key
from ombudsman_kpi.tallies.counts import PUBLISHED, Counts


def table_of_counts(counts: Counts, basis: Basis) -> RowsByColumn:
    """Return the figures of all targets: every period from the first to the last, for every group."""
    parts: list[Part | Made] = []
    for name, everys in basis.every.items():
        target = basis.scheme[name]
        if name in counts.unmeasured:
            parts.append(Made((_unmeasured(target, basis, counts.unmeasured[name]),)))
            continue
        notes = (*sorted(counts.notes.get(name, ())), *notes_of(counts.misfits.get(name, {})))
        once = target.decided_on is not None  # whatever the periods are
        for cohort in basis.cohorts[name]:
            for every in everys[:1] if once else everys:
                block = counts.blocks.get(Key(name, cohort, target.grain_for(every)))
                if block is not None:
                    parts += _Asked(target, cohort, None if once else every, counts, basis, notes).parts(block)
    return RowsByColumn(tuple(parts))


@dataclass(frozen=True)
class _Asked:
    """One target that was asked for, by one cohort and in periods of one kind."""

    target: Target
    cohort: Cohort
    every: Every | None
    counts: Counts
    basis: Basis
    notes: tuple[str, ...]

    def parts(self, block: Block) -> Iterator[Part]:
        """Yield its figures: those of every period and group, and those of what is in no period."""
        target, every = self.target, self.every
        if target.counted_daily:
            yield self._daily(block)
            return
        places = self._places(block, every, target.grain_for(every))
        if places.periods:
            yield self._part(places, target.figures_in(places, self.cohort, self._months(block, places)))
        outside = block.period == NO_PERIOD
        if every is not None and (outside.any() or not places.anything):
            there = {block.groups[code] for code in {*block.group[outside].tolist()}}
            groups = sorted(there) or list(places.groups)
            cells = counted(block, outside, np.zeros(np.count_nonzero(outside), np.int64), groups).of_any_time()
            unknown = np.full(len(groups), MISSING)
            others = Places([None], groups, np.zeros(len(groups), np.bool_), unknown, cells)
            yield self._part(others, share_figures(target.standard, others))

    def _places(self, block: Block, every: Every | None, grain: Grain) -> Places:
        """Return the periods and groups of a block that have figures."""
        target, as_of, found = self.target, self.basis.as_of, InPeriods.of(block, every, grain)
        sampled, grain_of_sampled = self._sampled_from(every)
        named = set(block.groups)
        if target.zero_when_empty:  # a group without a record is there, too, if records have what groups it
            lacking = {_columns_lacking(group) for group in named}
            named |= {group for group in sampled.groups if _columns_lacking(group) in lacking}
        groups = sorted(named) or [("",) * len(self.basis.by)]
        filled = {period for period in found.periods if period is not None}
        earliest = min(filled, default=None)
        periods: Sequence[Period | None] = [None]
        if every is not None:
            if target.zero_when_empty and filled and PUBLISHED not in self.notes:
                filled.add(period_of(date.fromisoformat(as_of[:10]), every))  # none is a number too
            periods = spanned(filled)
        first = 0 if earliest is None else periods.index(earliest)
        ends = [target.decided_on or (period and period.end) for period in periods]
        complete = np.repeat([end is None or self.basis.was_over(end) for end in ends], len(groups)).astype(np.bool_)
        unknown = np.full(len(complete), MISSING)

        def cells_of(some: Block, within: InPeriods) -> PlaceCells:
            return counted(some, within.own, placed(within.periods, periods).take(within.period), groups)

        cells = cells_of(block, found)
        drawn = cells_of(sampled, InPeriods.of(sampled, every, grain_of_sampled)).of_any_time()
        drawn_from = Places(periods, groups, complete, unknown, drawn)
        return Places(
            periods, groups, complete,
            np.where(drawn_from.there, target.population_of(drawn_from), MISSING) if len(drawn.row) else unknown,
            cells.of_any_time(), cells if target.reads_times else None, first, len(block.records) > 0,
        )  # fmt: skip

    def _sampled_from(self, every: Every | None) -> tuple[Block, Grain]:
        """Return the numbers of what a sample was drawn from, or of a population, where they were counted."""
        name, besides = self.target.drawn_from, self.target.counts_besides
        keys = [Key(self.target.id, cohort, self.target.grain_for(every)) for cohort in besides]
        if name is not None:
            keys = [Key(name, self.basis.scheme[name].cohort, grain_of(every))]
        return next(((self.counts.blocks[key], key.grain) for key in keys if key in self.counts.blocks), _NO_SAMPLE)

    def _months(self, block: Block, places: Places) -> MonthlyFigures | None:
        """Return the months of longer periods, where the standard is for each of them."""
        if self.target.met_when is None or self.every in {"week", "month"}:
            return None
        months = self._places(block, "month", "month")
        if not months.periods:
            return None
        starts = [period.start for period in months.periods if period is not None]
        longer = [None if self.every is None else period_of(start, self.every) for start in starts]
        period, group = placed(longer, places.periods)[:-1], placed(months.groups, places.groups)[:-1]
        into = np.repeat(period, len(group)) * len(places.groups) + np.tile(group, len(period))
        return MonthlyFigures(self.target.figures(months), months, into)

    def _daily(self, block: Block) -> Part:
        """Return the figures of what is counted daily: for every period from the first change to ``as_of``."""
        as_of, groups = self.basis.as_of, list(block.groups) or [("",) * len(self.basis.by)]
        last = date.fromisoformat(as_of[:10])
        periods, level = daily_levels(block, self.target, groups, self.every, last)
        outside = (block.period == NO_PERIOD) & (self.every is None)  # what is in no period is shown for all together
        cells = counted(block, outside, np.zeros(np.count_nonzero(outside), np.int64), groups).of_any_time()
        closed = [period is None or self.basis.was_over(period.end) for period in periods]
        complete = np.repeat(closed, len(groups))
        places = Places(periods, groups, complete, np.full(len(complete), MISSING), cells, levels=level)
        numbers = dict(zip(self.target.daily, (level.end, level.joined - level.end), strict=True))
        return self._part(places, self.target.figures(places), numbers)

    def _part(self, places: Places, figures: Figures, numbers: Mapping[OutcomeStatus, Integers] | None = None) -> Part:
        """Return figures with all that stands beside them."""
        in_force = self.target.in_force or self.basis.scheme.in_force
        remarks = [(*_out_of_force(in_force, period), *self.notes) for period in places.periods]
        return Part.of(self.target, self.cohort, self.every, places, figures, remarks, numbers or {})


_NO_SAMPLE: tuple[Block, Grain] = (Block.nothing(), "all")


def _columns_lacking(group: Group) -> tuple[bool, ...]:
    """Return of which columns a group says nothing, since they aren't there."""
    return tuple(label == "" for label in group)


def _out_of_force(in_force: InForce | None, period: Period | None) -> tuple[str, ...]:
    """Return where a commitment didn't hold for all of a period, or where nobody asked for periods."""
    if in_force is None:
        return ()
    whole = (
        period is not None
        and (in_force.first is None or in_force.first <= period.start)
        and (in_force.last is None or period.end <= in_force.last)
    )
    return () if whole else (f"the commitment was in force {in_force}",)


def _unmeasured(target: Target, basis: Basis, reason: str) -> Row:
    standard = target.standard
    values: dict[str, Any] = dict.fromkeys((*COUNTS, "value", "low", "high", "period_start", "period_end"))
    values |= {
        "target": target.id, "measure": target.measure, "unit": target.unit, "cohort": target.cohort,
        "every": EVERYTHING, "period": EVERYTHING, "complete": True, "group": ("",) * len(basis.by),
        "operator": standard.operator if standard else "", "standard": float(standard.value) if standard else None,
        "status": "not measured", "provisional": False, "note": reason,
    }  # fmt: skip
    return Row(**values)
