"""Which records are settled: nothing that they say of any target changes by the passing of time alone.

Their tally can be kept, and moved to a later day; only the others, and what is new, need be assessed again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.row_numbers import RowNumbers
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.clocks.judging import provisional
from ombudsman_kpi.clocks.outcomes import Assessed, of_status
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import timeline
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.average import AverageRule
from ombudsman_kpi.measures.count import CountRule, DistinctRule
from ombudsman_kpi.measures.delays_explained import DelaysRule
from ombudsman_kpi.measures.done_by import DoneByRule
from ombudsman_kpi.measures.keep_in_touch import KeepInTouchRule
from ombudsman_kpi.measures.paused import PausedRule
from ombudsman_kpi.measures.rules import Rule
from ombudsman_kpi.measures.score import ScoreRule
from ombudsman_kpi.measures.share_of_kinds import NOT_IN, FollowedRule, KindsRule, OthersRule
from ombudsman_kpi.measures.share_within import ShareWithinRule
from ombudsman_kpi.measures.stock import StockRule
from ombudsman_kpi.measures.targets import OnClock
from ombudsman_kpi.records.batch import PERIOD
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import Asked, Options, counted
from ombudsman_kpi.tallies.plan import Progress, batches_of


def settle_records(
    scheme: Scheme, records: Mapping[str, Any], options: Options, progress: Progress | None = None
) -> tuple[Counts, dict[str, tuple[Any, ...]]]:
    """Return the counts of the settled records, and by kind the ids or rows of the others."""
    asked = Asked.of(scheme, records, options)
    if not asked.at.whole_day:
        raise OptionError(
            f"as_of {asked.at} is a time of day; what is settled is settled at the close of a day. Give a date, "
            f"such as as_of='{str(asked.at)[:10]}'."
        )
    kept = {kind: _settled_of(asked, kind) for kind in asked.wanted}
    for kind, wanted in asked.wanted.items():
        if any(isinstance(rule, FollowedRule) for rule, _ in wanted):
            kept[kind] = _together(asked.files.tables[kind], kept[kind])
    if _needs_events(asked):
        _with_events(asked, kept)
    return counted(asked, kept, progress), {kind: _open(asked, kind, kept) for kind in kept}


def stays(known: Known, rules: Sequence[Rule], by: Iterable[str] = ()) -> Truths:
    """Tell which records of a batch are settled, as far as they tell it themselves: the one rule for it.

    Every time in them has come; none shares its id; they stay in their group; and each rule says that its outcome
    stays.
    """
    table = known.batch.table
    found = _has_come(known, dict.fromkeys(name for rule in rules for name in rule.fields(table)))
    found &= _has_own_id(known)
    for name in by:
        if table.has(name):
            found &= _is_said(known, name)
    for rule in rules:
        found &= _outcome_stays(rule, known)
    return found


def _has_come(known: Known, names: Iterable[str]) -> Truths:
    """Tell of which records no time is later, and for rows of a published table that their period is over."""
    table, found = known.batch.table, np.ones(len(known.batch), np.bool_)
    for name in names:
        if table.dated_by_period(name):
            labels = known.batch.words(PERIOD)
            over = [day_number(table.period_of(label).end) <= known.as_of.day for label in labels.words]
            found &= np.array([*over, False]).take(labels.codes)
        elif table.is_time(name):
            moments = known.moments(name)
            found &= moments.happened | ~moments.times.present
    return found


def _has_own_id(known: Known) -> Truths:
    """Tell which records share their id with no other."""
    shares = known.batch.shares_id
    return np.ones(len(known.batch), np.bool_) if shares is None else ~shares


def _is_over(known: Known) -> Truths:
    """Tell which records have ended for good."""
    found = np.zeros(len(known.batch), np.bool_)
    for name in RECORDS[known.batch.table.name].ended_by:
        if name in known.batch.columns:
            found |= known.happened(name)
    return found


def _is_said(known: Known, name: str) -> Truths:
    """Tell of which records a field says now what it will say later: its time has come, or never will."""
    table = known.batch.table
    source = name if table.is_time(name) else table.known_from(name)
    if source is None:
        return np.ones(len(known.batch), np.bool_)
    has_come = known.happened(source)
    may_follow = source not in table.fields or source in RECORDS[table.name].after_the_end
    return has_come if may_follow else has_come | _is_over(known)


def _all_said(known: Known, rule: Rule, *conditions: Mapping[str, Condition]) -> Truths:
    found = np.ones(len(known.batch), np.bool_)
    for name in (name for part in conditions for name in part):
        found &= _is_said(known, known.batch.table.resolve(name, f"target {rule.target.id!r}"))
    return found


def _outcome_stays(rule: Rule, known: Known) -> Truths:  # noqa: C901  (a line or two each)
    """Tell of which records a rule gives the same outcome at any later day, whatever may still come.

    What shares an id is counted once among all there ever are, so that it is never settled; nor is what another record
    may still follow.
    """
    match rule:
        case DistinctRule():
            return np.zeros(len(known.batch), np.bool_)
        case FollowedRule(target=target):
            found, following = rule.assess(known), getattr(target, "followed_by", {})
            waits = np.array([outcome == NOT_IN for outcome in found.book], np.bool_).take(found.code)
            return _is_dated(rule, known, rule.dated, rule.where, following) & ~waits
        case KindsRule():
            return _is_dated(rule, known, rule.dated, rule.where, rule.numerator)
        case CountRule():
            return _is_dated(rule, known, rule.dated, rule.where)
        case OthersRule():
            return _is_dated(rule, known, rule.dated)
        case ScoreRule(target=of) | DoneByRule(target=of):
            return _is_dated(rule, known, of.dated, of.where)
        case AverageRule(target=clocked) | StockRule(target=clocked):
            return _has_ended(rule, clocked, known)
        case ShareWithinRule():
            return _has_ended(rule, rule.target, known) & _is_announced(rule, known)
        case PausedRule(target=clocked) | KeepInTouchRule(target=clocked):
            found = rule.assess(known)
            return _has_ended(rule, clocked, known) & ~_of_records(found, np.not_equal(found.provisional, 0), known)
        case DelaysRule():
            found = rule.assess(known)
            waits = of_status(found.book, frozenset({"pending"})).take(found.code) | np.not_equal(found.provisional, 0)
            ended = ~_of_records(found, waits, known)
            for missed in rule.missed:
                ended &= _has_ended(rule, missed, known)
            return ended
    return np.zeros(len(known.batch), np.bool_)  # of a rule that nobody has thought through, nothing is settled


def _is_dated(rule: Rule, known: Known, dated: str, *conditions: Mapping[str, Condition]) -> Truths:
    """Tell which records without a clock have their day, or will never have one, and all that is asked of them."""
    return _all_said(known, rule, {dated: Condition(present=True)}, *conditions)


def _has_ended(rule: Rule, target: OnClock, known: Known) -> Truths:
    """Tell which clocks have ended for good; or will never run, since their record is over and was left out."""
    clock, table = timeline(target, known), known.batch.table
    left_out = np.zeros(len(known.batch), np.bool_)
    for name, condition in target.where.items():
        left_out |= ~known.fulfils(table.resolve(name, f"target {target.id!r}"), condition)
    deemed_later = left_out & False
    if target.start is not None:
        start = table.resolve(target.start, f"target {target.id!r}")
        begun = known.moments(start)
        left_out |= ~begun.happened & _is_said(known, start)
        deemed_later = begun.usable & (clock.start == MISSING)  # after hours on the last day
    ended: Truths = (clock.ended_by >= 0) | (left_out & _is_over(known))
    return ended & ~deemed_later & _all_said(known, rule, target.where)


def _is_announced(rule: ShareWithinRule, known: Known) -> Truths:
    """Tell which due days don't follow from rules alone, in a year that may still be announced otherwise."""
    clock = timeline(rule.target, known)
    moves = provisional(rule.target, clock, known.setting.calendar)
    return np.ones(len(known.batch), np.bool_) if moves is None else ~moves | (clock.elapsed == NONE)


def _of_records(found: Assessed, which: Truths, known: Known) -> Truths:
    """Tell which records have some of several outcomes."""
    some = np.zeros(len(known.batch), np.bool_)
    places = np.flatnonzero(np.broadcast_to(which, found.code.shape))
    some[places if found.record is None else found.record[places]] = True
    return some


def _settled_of(asked: Asked, kind: str) -> Truths:
    """Tell which records of a kind are settled, as far as they tell it themselves."""
    table, rules = asked.files.tables[kind], list({id(rule): rule for rule, _ in asked.wanted[kind]}.values())
    others = [*([table.id_field] if table.id_field is not None else []), *RECORDS[kind].ended_by, *asked.by]
    batches = batches_of(table, rules, others, None)
    parts = [stays(Known(batch, asked.at, asked.scheme), rules, asked.by) for batch in batches]
    return np.concatenate([np.empty(0, np.bool_), *parts])


def _together(table: Table, kept: Truths) -> Truths:
    """Keep the records of a case together: where one of them is not settled, none is."""
    numbers, cases = RowNumbers(), []
    for batch in table.batches(["case_id"]):
        texts = batch.text("case_id")
        number = np.full(len(batch), -1)
        there = present(texts)
        number[there] = numbers.of(texts.drop_null())
        cases.append(number)
    case = np.concatenate([np.empty(0, np.int64), *cases])
    waits = np.zeros(numbers.size + 1, np.bool_)  # the last is for those without a case, which wait for nobody
    waits[case[~kept]] = True
    waits[-1] = False
    return kept & ~waits.take(case, mode="wrap")


def _needs_events(asked: Asked) -> bool:
    """Tell whether what events say of its case decides an outcome; they may be all that says anything of cases."""
    if "cases" not in asked.wanted:
        return False
    looking = (KeepInTouchRule, DelaysRule, PausedRule)
    return _are_made(asked) or any(isinstance(rule, looking) for rule, _ in asked.wanted["cases"])


def _are_made(asked: Asked) -> bool:
    """Tell whether cases are made of events."""
    return "cases" not in asked.tables


def _with_events(asked: Asked, kept: dict[str, Truths]) -> None:
    """Keep cases and their events together: a case waits for what is recorded later, its events for the case."""
    events, rows_of = asked.files.tables["events"], asked.files.rows_of
    times = [name for name in ("at", "recorded_at") if events.has(name)]
    parts: list[tuple[Integers, Truths]] = []
    for batch in events.batches(["case_id", *times]):
        known = Known(batch, asked.at, asked.scheme)
        parts.append((rows_of(known, None), _has_come(known, times)))
    row = np.concatenate([np.empty(0, np.int64), *(row for row, _ in parts)])
    own = np.concatenate([np.empty(0, np.bool_), *(own for _, own in parts)])
    own &= kept.get("events", True)
    cases = np.append(kept["cases"], False)  # the last is for events of a case that wasn't given
    cases[row[~own]] = False
    kept["cases"], kept["events"] = cases[:-1], own & cases.take(row, mode="wrap")


def _open(asked: Asked, kind: str, kept: Mapping[str, Truths]) -> tuple[Any, ...]:
    """Name the records of a kind that aren't settled: by their ids, or else by their rows."""
    made = kind == "cases" and _are_made(asked)
    table, mask = (asked.files.tables["events"], kept["events"]) if made else (asked.files.tables[kind], kept[kind])
    name = "case_id" if made else table.id_field
    if name is None or not table.has(name):
        return tuple(np.flatnonzero(~mask).tolist())
    found: dict[str | None, None] = {}
    for batch in table.batches([name]):
        rows = np.flatnonzero(~mask[batch.offset : batch.offset + len(batch)])
        found |= dict.fromkeys(batch.text(name).take(rows).to_pylist())
    if None in found and not table.fields[name].required:
        return tuple(np.flatnonzero(~mask).tolist())
    return tuple(found)
