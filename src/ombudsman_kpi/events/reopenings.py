"""When cases that were reopened were last decided, or otherwise ended, since then; read from the events.

Source of the rule: the first stop wins; by option the last one, after the last reopening, or the case is open again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, RowNumbers
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.contacts import RowsOf
from ombudsman_kpi.events.log import REOPENED, Misfit, known_events, misfits_of, scan, times_of_cases, walls_of
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.cells.times import Times
from ombudsman_kpi.records.tables import Table


class LastStops(NamedTuple):
    """The cases that were reopened: their rows, when that was last, and the last day of each time since then.

    ``at`` is in microseconds on the wall; a day is ``MISSING`` where nothing of the kind happened since.
    """

    row: RowNumbers  # in order
    at: Integers
    days: Mapping[str, Integers]
    misfits: Mapping[Misfit, int]
    understood: Understood


def last_stops_of(events: Table, rows_of: RowsOf, as_of: AsOf, setting: Setting) -> LastStops:
    """Return the last reopening of each case, and what happened after it. At one moment the reopening comes last."""
    names, misfits, understood = times_of_cases(), Counter[Misfit](), Understood()
    kinds = {word: place for place, word in enumerate((REOPENED, *names))}
    parts = [np.empty((3, 0), np.int64)]
    for known in scan(events, [], as_of, setting):
        there, (codes, words), rows = known_events(known), known.batch.words("event"), rows_of(known)
        misfits += misfits_of(known, there)
        understood += Understood.among(known.batch, "cases", rows >= 0)
        kind = np.array([*(kinds.get(word, -1) for word in words), -1]).take(codes)
        mine = np.flatnonzero(there & (kind >= 0) & known.batch.is_filled("case_id"))
        row = rows[mine]
        parts.append(np.stack([row, kind[mine], walls_of(known)[mine]])[:, row >= 0])
    row, kind, at = np.concatenate(parts, axis=1)
    again = kind == kinds[REOPENED]
    rows, place = np.unique(row[again], return_inverse=True)
    last = np.full(len(rows), MISSING)
    np.maximum.at(last, place, at[again])
    place = np.searchsorted(rows, row).clip(max=max(len(rows) - 1, 0))
    since = np.flatnonzero(~again & np.isin(row, rows))
    since = since[at[since] > last[place[since]]]
    days = {name: np.full(len(rows), MISSING) for name in names.values()}
    for word, name in names.items():
        of_kind = since[kind[since] == kinds[word]]
        np.maximum.at(days[name], place[of_kind], at[of_kind] // DAY)
    return LastStops(rows, last, days, +misfits, understood)


def since_reopened(known: AsKnownBatch, stops: LastStops, names: Iterable[str]) -> AsKnownBatch:
    """Return a batch in which some times of the cases that were reopened are the last ones since, or empty."""
    batch, as_of, zone = known.batch, known.as_of, known.setting.zone
    low, high = np.searchsorted(stops.row, [batch.offset, batch.offset + len(batch)])
    if low == high:
        return known
    rows, at, times = stops.row[low:high] - batch.offset, stops.at[low:high], {}
    for name in names:
        own, happened = batch.times(name), known.happened(name)
        days = own.days(zone).copy()
        later = own.present & ~happened
        days[later] = np.maximum(days[later], as_of.day + 1)  # on as_of itself, but after that time of day
        kept = np.where(happened[rows] & (own.walls(zone)[rows] > at), days[rows], MISSING)
        days[rows] = np.maximum(kept, stops.days[name][low:high] if name in stops.days else MISSING)
        times[name] = Times(days, "dates", unreal=own.unreal, unread=own.unread)
    return AsKnownBatch(replace(batch, _times={**batch._times, **times}), as_of, known.setting)
