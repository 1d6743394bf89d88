"""When the clock of each case stood still, read from the events.

Source of the rule: a day is paused when the clock stands still at its close; overlapping pauses are merged.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.arrays.types import DayNumbers, Integers, RowNumbers
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.contacts import RowsOf
from ombudsman_kpi.events.log import Codes, Misfit, MisfitKind, known_events, misfits_of, scan
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.records.tables import Table

OPEN = row_days.LAST_DAY  # later than any date: the clock still stands
_ROOM = 1 << 62  # numbers below fit into 64 bits with whatever is added to them


class Pauses(NamedTuple):
    """Pauses that don't overlap: of which row of cases, the first paused day, and the first that isn't any more."""

    row: RowNumbers
    first: DayNumbers
    end: DayNumbers
    misfits: Mapping[Misfit, int] = MappingProxyType({})  # what wasn't understood of the events
    understood: Understood = Understood()

    def within(self, first_row: int, end_row: int) -> "Pauses":
        """Return the pauses of some rows of cases, counted from the first of them."""
        low, high = np.searchsorted(self.row, [first_row, end_row])
        return Pauses(self.row[low:high] - first_row, self.first[low:high], self.end[low:high])


def pauses_of(events: Table, rows_of: RowsOf, as_of: AsOf, setting: Setting) -> Pauses:
    """Return the pauses of cases: each ends with the next resumption of its reason, or of none.

    A pause without a reason is ended by any. Of a pause and a resumption at one time the pause comes first.
    """
    reasons, misfits, understood = Codes(), Counter[Misfit](), Understood()
    parts: dict[str, list[Any]] = {"paused": [], "resumed": []}
    extra = ["reason"] if events.has("reason") else []
    for known in scan(events, extra, as_of, setting):
        there, rows = known_events(known), rows_of(known)
        misfits += misfits_of(known, there)
        there = there & known.batch.is_filled("case_id")
        understood += Understood.among(known.batch, rows >= 0)
        times = known.batch.times("at")
        moment = times.walls(setting.zone) if times.kind != "dates" else times.values * DAY
        reason = reasons.of(known.words("reason")) if extra else np.full(len(moment), -1)
        for word, events_of in parts.items():
            mine = np.flatnonzero(there & known.batch.words("event").are({word}))
            row = rows[mine]
            misfits[Misfit(MisfitKind.STRAY)] += int((row < 0).sum())
            mine, row = mine[row >= 0], row[row >= 0]
            events_of.append(np.stack([row, reason[mine], moment[mine]]))
    paused, resumed = (np.concatenate([np.empty((3, 0), np.int64), *part], axis=1) for part in parts.values())
    first = np.maximum(paused[2] // DAY, row_days.FIRST_DAY)  # before that no calendar has a day
    merged = _merged(paused[0], first, _ends(paused, resumed, len(reasons.words)))
    return merged._replace(misfits=+misfits, understood=understood)


def _ends(paused: Integers, resumed: Integers, reasons: int) -> DayNumbers:
    """Return the first day after each pause; both kinds of event are rows of cases, reasons (-1: none) and times."""
    moments = np.unique(np.concatenate([paused[2], resumed[2]]))
    (row, reason, at), (ended_row, ended_reason, ended_at) = (
        (part[0], part[1], np.searchsorted(moments, part[2])) for part in (paused, resumed)
    )
    lanes, plain = reasons + 1, ended_reason == -1
    span = len(moments) + 1
    # Row and reason make a lane, 0 for no reason: of two reasons, row 5 with reason 1 -> 5 * 3 + 1 + 1 = 17. Rows and
    # reasons are fewer than events, so that lanes fit into 64 bits whatever there is.
    own = _following(row * lanes + reason + 1, at, ended_row * lanes + ended_reason + 1, ended_at, span)
    none = _following(row, at, ended_row[plain], ended_at[plain], span)
    first = np.where(reason == -1, _following(row, at, ended_row, ended_at, span), np.minimum(own, none))
    days = np.maximum(moments // DAY, row_days.FIRST_DAY)
    return np.append(days, [OPEN, OPEN]).take(first)


def _following(lane: Integers, at: Integers, ended_lane: Integers, ended_at: Integers, span: int) -> Integers:
    """Return, for each place in a lane, the first one there that is no earlier; ``span`` where there is none.

    Lane and place make one number: of 100 places, lane 17, place 42 -> 17 * 100 + 42 = 1,742; back: 1,742 // 100 = 17,
    1,742 % 100 = 42. Where lanes are too large for that, as with millions of cases that each have a reason of their
    own, they are first numbered without gaps. Raises ``RecordsError`` where even these are too large.
    """
    if not len(lane) or not len(ended_lane):
        return np.full(len(lane), span)
    if (max(int(lane.max()), int(ended_lane.max())) + 1) * span > _ROOM:
        used, numbers = np.unique(np.concatenate([lane, ended_lane]), return_inverse=True)
        lane, ended_lane = numbers[: len(lane)], numbers[len(lane) :]
        if len(used) * span > _ROOM:
            raise RecordsError(
                "There are too many pauses to be paired at a time. Split the records, and add up tallies."
            )
    ends = np.sort(ended_lane * span + ended_at)
    following = np.append(ends, np.iinfo(np.int64).max).take(np.searchsorted(ends, lane * span + at))
    return np.where(following // span == lane, following % span, span)


def _merged(row: RowNumbers, first: DayNumbers, end: DayNumbers) -> Pauses:
    """Return pauses, merged where they overlap or touch; one that ends on its first day has no paused day.

    Row 3, days 10 to 20 and 15 to 25: packed with the row (``row_days``) ends reach 20, then 25 of row 3; day 15 of
    row 3 isn't beyond 20 of row 3, so that one pause goes from 10 to 25. A further row lies beyond all days of row 3.
    """
    mask = end > first
    row, first, end = row[mask], first[mask], end[mask]
    if not len(row):
        return Pauses(row, first, end)
    order = np.lexsort((first, row))
    row, first, end = row[order], first[order], end[order]
    reach = np.maximum.accumulate(row_days.pack(row, end))  # the furthest end so far
    begins = np.flatnonzero(row_days.pack(row, first) > np.concatenate([[-1], reach[:-1]]))
    last = np.append(begins[1:], len(row)) - 1
    return Pauses(row[begins], first[begins], row_days.days(reach[last]))
