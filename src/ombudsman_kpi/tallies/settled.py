"""Which records are settled: nothing that they say of any target changes by the passing of time alone.

Their tally can be kept, and moved to a later day; only the others, and what is new, need be assessed again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.row_numbers import RowNumbers
from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.log import ids_in, of_kind
from ombudsman_kpi.measures.base.lasting import field_lasts, have_come
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, RECORDS
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import Measurement, Options, counted
from ombudsman_kpi.tallies.plan import Progress, batches_of


def settle_records(
    scheme: Scheme, records: Mapping[str, Any], options: Options, progress: Progress | None = None
) -> tuple[Counts, dict[str, tuple[Any, ...]]]:
    """Return the counts of the settled records, and by kind the ids or rows of the others."""
    measurement = Measurement.of(scheme, records, options)
    if not measurement.at.whole_day:
        raise OptionError(
            f"as_of {measurement.at} is a time of day; what is settled is settled at the close of a day. Give a date, "
            f"such as as_of='{str(measurement.at)[:10]}'."
        )
    masks = {kind: _settled_of(measurement, kind) for kind in measurement.wanted}
    for kind, wanted in measurement.wanted.items():
        for rule, _ in wanted:
            key, table = rule.target.key_of(kind), measurement.related.tables[kind]
            if key is not None and not (rule.target.follows_events or table.has_shares):
                masks[kind] = _together(table, key, masks[kind])
    # What events say of its record may decide an outcome; and they may be all that says anything of cases.
    made = {"cases"} if _are_made(measurement) else set()
    following = [
        kind for kind in IDS_OF_EVENTS
        if any(kind in made or rule.target.follows_events for rule, _ in measurement.wanted.get(kind, ()))
    ]  # fmt: skip
    if following:
        _with_events(measurement, following, masks)
    for kind, mask in masks.items():
        if (repeats := measurement.related.tables[kind].repeats) is not None:  # of what is read twice, both or none
            mask[repeats.rows] = mask[repeats.first]
    return counted(measurement, masks, progress), {kind: _open(measurement, kind, masks) for kind in masks}


def stays(known: AsKnownBatch, rules: Sequence[Rule], by: Iterable[str] = ()) -> Truths:
    """Return which records of a batch are settled, as far as they tell it themselves: the one rule for it.

    Every time in them has come; none shares its id; they stay in their group; and each rule says that its outcome
    stays.
    """
    table = known.batch.table
    matches = have_come(known, dict.fromkeys(name for rule in rules for name in rule.fields(table)))
    if known.batch.shares_id is not None:
        matches &= ~known.batch.shares_id
    for name in by:
        if table.has(name):
            matches &= field_lasts(known, name)
    for rule in rules:
        matches &= rule.stays(known)
    return matches


def _settled_of(measurement: Measurement, kind: str) -> Truths:
    """Return which records of a kind are settled, as far as they tell it themselves."""
    table = measurement.related.tables[kind]
    rules = list({id(rule): rule for rule, _ in measurement.wanted[kind]}.values())
    others = [*([table.id_field] if table.id_field is not None else []), *RECORDS[kind].ended_by, *measurement.by]
    batches = batches_of(table, rules, others, None)
    parts = [stays(AsKnownBatch(batch, measurement.at, measurement.scheme), rules, measurement.by) for batch in batches]
    return np.concatenate([np.empty(0, np.bool_), *parts])


def _together(table: Table, key: str, masks: Truths) -> Truths:
    """Return the mask with the records of one case, or of another key, together: where one isn't settled, none is."""
    numbers, cases = RowNumbers(), []
    own = table.resolve(key, "what belongs together")
    for batch in table.batches([own]):
        texts = batch.text(own)
        number = np.full(len(batch), -1)
        number[present(texts)] = numbers.of(texts.drop_null())
        cases.append(number)
    case = np.concatenate([np.empty(0, np.int64), *cases])
    waits = np.zeros(numbers.size + 1, np.bool_)  # the last is for those without a case, which wait for nobody
    waits[case[~masks]] = True
    waits[-1] = False
    return masks & ~waits.take(case, mode="wrap")


def _are_made(measurement: Measurement) -> bool:
    """Return whether cases are made of events."""
    return "cases" not in measurement.tables


def _with_events(measurement: Measurement, kinds: Sequence[str], masks: dict[str, Truths]) -> None:
    """Keep records and their events together: a record waits for what is recorded later, its events for the record."""
    events = measurement.related.tables["events"]
    times = [name for name in ("at", "recorded_at") if events.has(name)]
    come, rows = [np.empty(0, np.bool_)], {kind: [np.empty(0, np.int64)] for kind in kinds}
    for batch in events.batches([*ids_in(events), "event", *times]):
        known = AsKnownBatch(batch, measurement.at, measurement.scheme)
        come.append(have_come(known, times))
        for kind in kinds:  # -2: of a record of another kind; -1: of one that wasn't given
            row = measurement.related.rows_of(kind)(known)
            rows[kind].append(np.where(of_kind(known, kind), row, -2))
    own = np.concatenate(come) & masks.get("events", True)
    row_of = {kind: np.concatenate(rows[kind]) for kind in kinds}
    own &= np.logical_or.reduce([row != -2 for row in row_of.values()])
    waiting = -1
    while waiting != (waiting := int(np.count_nonzero(~own))):  # an event of two records keeps them together
        for kind, row in row_of.items():
            masks[kind][row[~own & (row >= 0)]] = False
            own &= np.append(masks[kind], False).take(row, mode="wrap") | (row == -2)
    masks["events"] = own


def _open(measurement: Measurement, kind: str, masks: Mapping[str, Truths]) -> tuple[Any, ...]:
    """Return the records of a kind that aren't settled: each by its id, or where it has none by its row."""
    made = kind == "cases" and _are_made(measurement)
    source = "events" if made else kind
    table, mask = measurement.related.tables[source], masks[source]
    name = "case_id" if made else table.id_field
    if name is None or not table.has(name):
        return tuple(np.flatnonzero(~mask).tolist())
    named: dict[str | int | None, None] = {}
    for batch in table.batches([name]):
        rows = np.flatnonzero(~mask[batch.offset : batch.offset + len(batch)])
        for row, own in zip(rows.tolist(), batch.text(name).take(rows).to_pylist(), strict=True):
            named[own if own is not None or made else batch.offset + row] = None
    return tuple(item for item in named if item is not None)  # an event without a case is among the events
