"""From counts to the rows of results: values, bounds, headroom, status, notes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from ombudsman_kpi.calendars.dates import day_number, to_day
from ombudsman_kpi.calendars.periods import Every, Grain, Period, grain_of, period_of
from ombudsman_kpi.clocks.outcomes import STATUSES, Cohort
from ombudsman_kpi.events.log import notes_of
from ombudsman_kpi.measures.base.figures import (
    NOTHING,
    Everywhere,
    Figure,
    Group,
    Level,
    Month,
    Place,
    PlaceCounts,
    share_figure,
)
from ombudsman_kpi.measures.base.in_force import InForce
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.measures.stock import levels
from ombudsman_kpi.results.row import COUNTS, EVERYTHING, NO_DATE, Row
from ombudsman_kpi.results.summed import daily_changes, gathered, spanned
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.block import Block, Key
from ombudsman_kpi.tallies.counts import PUBLISHED, Counts


def rows_of(counted: Counts, basis: Basis) -> Iterator[Row]:
    """Yield the rows of all targets: every period from the first to the last, for every group."""
    for name, everys in basis.every.items():
        target = basis.scheme[name]
        notes = (*sorted(counted.notes.get(name, ())), *notes_of(counted.misfits.get(name, {})))
        if name in counted.unmeasured:
            yield _unmeasured(target, basis, counted.unmeasured[name])
            continue
        for cohort in basis.cohorts[name]:
            for every in everys[:1] if target.decided_on is not None else everys:
                if target.counted_daily:
                    yield from _daily(target, every, counted.blocks[Key(name, cohort, "day")], basis, notes)
                    continue
                block = counted.blocks.get(Key(name, cohort, target.grain_for(every)))
                if block is not None:
                    yield from _figures(target, cohort, every, block, counted, notes)


def _figures(
    target: Target, cohort: Cohort, every: Every | None, block: Block, counted: Counts, notes: tuple[str, ...]
) -> Iterator[Row]:
    """Yield the rows of one target and cohort: every period from the first to the last, for every group."""
    assert counted.basis is not None  # noqa: S101
    if target.decided_on is not None:  # once, whatever the periods are
        every = None
    months: dict[tuple[Period | None, Group], list[Month]] = defaultdict(list)
    if target.met_when is not None and every not in {"week", "month"}:
        for place in _places(target, "month", "month", block, counted, notes):
            if place.period is not None:
                longer = None if every is None else period_of(place.period.start, every)
                months[longer, place.group].append(Month(place.period, target.figure(place), place.here.pending))
    for place in _places(target, every, target.grain_for(every), block, counted, notes):
        if every is not None and place.period is None:
            figure = share_figure(target.standard, place)
        else:
            figure = target.figure_in(place, cohort, months[place.period, place.group])
        yield _row(target, cohort, every, place, figure, place.here, counted.basis, notes)


def _places(
    target: Target, every: Every | None, grain: Grain, block: Block, counted: Counts, notes: tuple[str, ...]
) -> Iterator[Place]:
    """Yield the periods and groups of one target and cohort that have a figure."""
    assert counted.basis is not None  # noqa: S101
    by, as_of = counted.basis.by, counted.basis.as_of
    counts = gathered(block, every, grain)
    everywhere = Everywhere(counts)
    sampled = _sampled_from(target, every, counted)
    groups = {group for _, group in counts}
    if sampled and target.zero_when_empty:  # a group without a record is there, too, if records have what groups it
        lacking = {_columns_lacking(group) for group in groups}
        groups |= {group for _, group in sampled if _columns_lacking(group) in lacking}
    filled = {period for period, _ in counts}
    if every is not None and target.zero_when_empty and filled - {None} and PUBLISHED not in notes:
        filled.add(period_of(date.fromisoformat(as_of[:10]), every))  # none is a number too
    for period in spanned(filled, every):
        complete = every is None or (period is not None and _closed(period.end, as_of))
        if target.decided_on is not None:
            complete = _closed(target.decided_on, as_of)
        for group in sorted(groups) or [("",) * len(by)]:
            if (period, group) in counts or period is not None or every is None or not counts:
                drawn_from = sampled.get((period, group)) if sampled is not None else None
                population = drawn_from and target.population_of(drawn_from, period)
                yield Place(everywhere, period, group, complete, population)


def _columns_lacking(group: Group) -> tuple[bool, ...]:
    """Return of which columns a group says nothing, since they aren't there."""
    return tuple(label == "" for label in group)


def _sampled_from(
    target: Target, every: Every | None, counted: Counts
) -> dict[tuple[Period | None, Group], PlaceCounts] | None:
    """Return the numbers of what a sample was drawn from, or of a population, where they were counted."""
    name = target.drawn_from
    if counted.basis is None or (name is None and not target.counts_besides):
        return None
    key = (
        Key(target.id, target.counts_besides[0], target.grain_for(every))
        if name is None
        else Key(name, counted.basis.scheme[name].cohort, grain_of(every))
    )
    return gathered(counted.blocks[key], every, key.grain) if key in counted.blocks else None


def _daily(target: Target, every: Every | None, block: Block, basis: Basis, notes: tuple[str, ...]) -> Iterator[Row]:
    """Return the rows of what is counted daily: for every period from the first change to ``as_of``."""
    changes, outside = daily_changes(block, target.daily)
    groups = sorted({*changes, *(group for _, group in outside)}) or [("",) * len(basis.by)]
    last = date.fromisoformat(basis.as_of[:10])
    first = min((to_day(days[0][0]) for parts in changes.values() for days in parts.values()), default=last)
    periods = spanned({period_of(day, every) for day in (first, last)}, every) if every else [None]
    spans = [(first, last) if period is None else (period.start, min(period.end, last)) for period in periods]
    numbers = [(day_number(start), day_number(end)) for start, end in spans]
    by_group = {group: _levels_of(changes.get(group, {}), numbers) for group in groups}
    open_, over = target.daily
    for number, period in enumerate(periods):
        for group in groups:
            level = by_group[group][number]
            others = outside.get((None, group), NOTHING) if period is None else NOTHING
            statuses = {**others.statuses, open_: level.end, over: level.joined - level.end}
            counts = PlaceCounts(statuses, others.reasons, provisional=False)
            complete = period is None or _closed(period.end, basis.as_of)
            place = Place(Everywhere({}), period, group, complete, level=level)
            yield _row(target, target.cohort, every, place, target.figure(place), counts, basis, notes)


def _levels_of(parts: Mapping[str, list[tuple[int, int, int]]], spans: list[tuple[int, int]]) -> list[Level]:
    """Return the stock of a group in some spans of days, with how many are of each part of it at the end."""
    marks = {mark: levels(changes, spans) for mark, changes in parts.items() if mark}
    return [
        level._replace(older={mark: part[number].end for mark, part in marks.items()})
        for number, level in enumerate(levels(parts.get("", ()), spans))
    ]


def _row(
    target: Target,
    cohort: Cohort,
    every: Every | None,
    place: Place,
    figure: Figure,
    counts: PlaceCounts,
    basis: Basis,
    notes: tuple[str, ...],
) -> Row:
    met, late, overdue, pending, excluded, invalid = (counts.statuses.get(status, 0) for status in STATUSES)
    standard, period = target.standard, place.period
    remarks = (*_out_of_force(target.in_force or basis.scheme.in_force, period), *notes)
    reasons = {pair: number for pair, number in counts.reasons.items() if pair[0] in target.reasons_shown}
    return Row(
        target=target.id,
        measure=target.measure,
        unit=target.unit,
        cohort=cohort,
        every=every or EVERYTHING,
        period=period.label if period else EVERYTHING if every is None else NO_DATE,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
        complete=every is None or (period is not None and place.complete),
        group=place.group,
        records=met + late + overdue + pending + excluded + invalid,
        met=met,
        missed=late + overdue,
        overdue=overdue,
        pending=pending,
        excluded=excluded,
        invalid=invalid,
        numerator=_plain(figure.numerator),
        denominator=figure.denominator,
        value=_float(figure.value),
        low=_float(figure.low),
        high=_float(figure.high),
        operator=standard.operator if standard else "",
        standard=float(standard.value) if standard else None,
        status=figure.status,
        headroom=figure.headroom,
        provisional=counts.provisional,
        note=_note(figure.remarks, reasons, remarks),
        reasons=reasons,
        remarks=remarks,
        words=figure.remarks,
        details=figure.details,
        exact=figure.value,
    )


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _plain(value: Fraction | None) -> int | float | None:
    """Return an exact number as it is counted: whole where it is whole."""
    return None if value is None else int(value) if value.denominator == 1 else float(value)


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


def _closed(last: date, as_of: str) -> bool:
    """Return whether a day was over: a date means its close, an instant is before it."""
    day = date.fromisoformat(as_of[:10])
    return last <= day if len(as_of) == len("2024-03-31") else last < day


def _note(words: tuple[str, ...], reasons: Mapping[tuple[str, str], int], remarks: tuple[str, ...]) -> str:
    """Return what belongs to the value, why records were left out, and what else to know."""
    texts = []
    for status in STATUSES if reasons else ():
        by_group = sorted((-number, reason) for (of, reason), number in reasons.items() if of == status)
        if by_group:
            texts.append(f"{status}: " + ", ".join(f"{-number:,} {reason}" for number, reason in by_group))
    return "; ".join([*words, *texts, *remarks])


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
