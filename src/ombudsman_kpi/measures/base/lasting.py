"""What lasts: of which records a field, a day or a clock says now what it will say at any later day."""

from collections.abc import Iterable, Mapping

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.clocks.has_clock import HasClock
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.clocks.starts import recorded
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.vocabulary import PERIOD, RECORDS


def have_come(known: AsKnownBatch, names: Iterable[str]) -> Truths:
    """Return which records have no later time; rows of a published table, which have a period that is over."""
    table, lasting = known.batch.table, np.ones(len(known.batch), np.bool_)
    for name in names:
        if table.dated_by_period(name):
            labels = known.batch.words(PERIOD)
            over = [day_number(table.period_of(label).end) <= known.as_of.day for label in labels.words]
            lasting &= np.array([*over, False]).take(labels.codes)
        elif table.is_time(name):
            moments = known.moments(name)
            lasting &= moments.happened | ~moments.times.present
    return lasting


def field_lasts(known: AsKnownBatch, name: str) -> Truths:
    """Return which records have in a field what they will have later: its time has come, or never will."""
    table = known.batch.table
    source = name if table.is_time(name) else table.known_from(name)
    if source is None:
        return np.ones(len(known.batch), np.bool_)
    has_come = known.happened(source)
    may_follow = source not in table.fields or source in RECORDS[table.name].after_the_end
    return has_come if may_follow else has_come | _is_over(known)


def day_lasts(target: str, known: AsKnownBatch, dated: str, *conditions: Mapping[str, Condition]) -> Truths:
    """Return which records without a clock have their day, or will never have one; and all that conditions look at."""
    return fields_last(target, known, [dated, *(name for part in conditions for name in part)])


def clock_lasts(target: HasClock, known: AsKnownBatch) -> Truths:
    """Return which clocks have ended for good; or will never run, since their record is over and was left out."""
    clock, table = timeline(target, known), known.batch.table
    left_out = np.zeros(len(known.batch), np.bool_)
    for name, condition in target.where.items():
        left_out |= ~known.fulfils(table.resolve(name, f"target {target.id!r}"), condition)
    deemed_later = left_out & False
    starts = [table.resolve(name, f"target {target.id!r}") for name in recorded(target.starts)]
    if starts and len(starts) == len(target.starts):  # a due day always comes
        never = [~known.happened(start) & field_lasts(known, start) for start in starts]
        left_out |= np.logical_and.reduce(never)
        begun = np.logical_or.reduce([known.moments(start).usable for start in starts])
        deemed_later = begun & (clock.start == MISSING)  # after hours on the last day
    ended: Truths = (clock.ended_by >= 0) | (left_out & _is_over(known))
    return ended & ~deemed_later & fields_last(target.id, known, target.where)


def records_of(assessed: Assessed, which: Truths, known: AsKnownBatch) -> Truths:
    """Return which records of a batch have some of several outcomes."""
    some = np.zeros(len(known.batch), np.bool_)
    places = np.flatnonzero(np.broadcast_to(which, assessed.code.shape))
    some[places if assessed.record is None else assessed.record[places]] = True
    return some


def _is_over(known: AsKnownBatch) -> Truths:
    """Return which records have ended for good."""
    over = np.zeros(len(known.batch), np.bool_)
    for name in RECORDS[known.batch.table.name].ended_by:
        if name in known.batch.columns:
            over |= known.happened(name)
    return over


def fields_last(target: str, known: AsKnownBatch, names: Iterable[str]) -> Truths:
    """Return which records have in all of some fields what they will have later."""
    lasting = np.ones(len(known.batch), np.bool_)
    for name in names:
        lasting &= field_lasts(known, known.batch.table.resolve(name, f"target {target!r}"))
    return lasting
