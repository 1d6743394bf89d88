"""How many open records must be decided by when, so that the targets of a period are still met."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi.calendars.periods import Every, parse_period, period_of
from ombudsman_kpi.cases.open_rows import OpenRows, each_month, label_of
from ombudsman_kpi.figures.row import EVERYTHING, Row
from ombudsman_kpi.measures.base.figures import headroom_of
from ombudsman_kpi.measures.base.target import Target

if TYPE_CHECKING:
    import pandas as pd

SAFE, IN_REACH, EARLY, OUT = "met whatever happens", "in reach", "in reach with early ones", "out of reach"
NEEDED, MAY_WAIT, NO_USE = "needed", "may wait", "no target in reach"


class Standing(NamedTuple):
    """One target in one period: what is counted, what is open, and how many of those may still miss.

    ``late`` are overdue and counted when they end, of a closed cohort. ``pending`` are open and in time; ``rows`` are
    the places of those among the open rows, and ``weights`` how many records each stands for. ``early`` of the
    ``later`` ones, which are due after the period, must be decided in it too; None where even all won't do.
    """

    target: str
    period: str
    ends: Any  # its last day; None for all records
    standard: str
    met: int
    missed: int
    late: int
    pending: int
    later: int
    may_miss: int
    early: int | None
    rows: Sequence[int]
    weights: Sequence[int]

    @property
    def reach(self) -> str:
        """How the target stands."""
        if self.may_miss < 0:
            return OUT if self.early is None else EARLY
        return SAFE if self.may_miss >= self.pending else IN_REACH

    @property
    def must(self) -> int | None:
        """How many must be decided in time in all; None where even all won't do."""
        if self.early is None:
            return None
        return max(self.pending - max(self.may_miss, 0), 0) + self.early


def standings(found: OpenRows, every: Every | None) -> tuple[list[Standing], list[str]]:
    """Return how each target stands in each period in which something is open, and of which targets that isn't said."""
    rows, figures, scheme = found.rows, found.figures(), found.results.scheme
    stand: list[Standing] = []
    notes: list[str] = []
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(rows["target"].tolist()):
        places[name].append(place)
    for name in found.results.basis.every:
        target = scheme[name]
        if name in found.counts.unmeasured:
            continue
        if target.standard is None or target.standard.better != "increase":
            notes.append(f"{name}: no standard that deciding could keep")
            continue
        own: Every | None = "month" if each_month(target, every) else every
        if own != every:
            notes.append(f"{name}: its standard is for each month")
        if not places[name]:
            continue
        stand += _of_target(
            target, rows.iloc[places[name]], places[name], own, figures.get((name, own or EVERYTHING), {})
        )
    return stand, notes


def _of_target(
    target: Target, rows: "pd.DataFrame", places: Sequence[int], every: Every | None, figures: dict[str, Row]
) -> Iterator[Standing]:
    """Yield how one target stands in each period, in their order."""
    columns = (rows[name].tolist() for name in ("_day", "_weight", "status"))
    of_period: dict[str, list[tuple[int, int]]] = defaultdict(list)
    late: dict[str, int] = defaultdict(int)
    first: dict[str, int] = {}
    closed, undated = target.cohort == "closed", 0
    no_day = rows["due"].isna().tolist()
    for place, day, weight, status, none in zip(places, *columns, no_day, strict=True):
        if status == "pending" and closed and none:  # while its clock stands still, nothing makes it end in a period
            undated += weight
            continue
        label = label_of(day, every)
        first[label] = min(first.get(label, day), day)
        if status == "pending":
            of_period[label].append((place, weight))
        elif closed:
            late[label] += weight
    left = undated + sum(weight for own in of_period.values() for _, weight in own)
    for label in sorted(first, key=lambda one: first[one]):
        own = of_period.get(label, [])
        dated = sum(weight for _, weight in own)
        left -= dated
        row = figures.get(label)
        met, missed, pending = (0, 0, 0) if row is None else (row.met or 0, row.missed or 0, row.pending or 0)
        pending = dated if closed else max(pending, dated)
        if pending:
            yield _standing(target, (label, every), (met, missed, late[label], pending), left if closed else 0, own)


def _standing(
    target: Target,
    period: tuple[str, Every | None],
    numbers: tuple[int, int, int, int],
    later: int,
    own: Sequence[tuple[int, int]],
) -> Standing:
    met, missed, late, pending = numbers
    assert target.standard is not None  # else it has no standing  # noqa: S101
    more = np.arange(later + 1)
    room = headroom_of(target.standard, met + 0 * more, pending + more, met + missed + late + pending + more)
    enough = np.flatnonzero(room >= 0)
    early = int(enough[0]) if len(enough) else None
    ends = None if period[1] is None or period[0] == "no date" else parse_period(period[0]).end
    places, weights = zip(*own, strict=True) if own else ((), ())
    return Standing(
        target.id, period[0], ends, str(target.standard), met, missed, late, pending, later, int(room[0]), early,
        places, weights,
    )  # fmt: skip


TARGETS = ["target", "period", "standard", "met", "missed", "late_when_ended", "open", "may_miss", "must", "reach"]
SCHEDULE = ["target", "period", "standard", "due_by", "open", "at_least", "reach", "note"]
ORDER = ["record", "id", "row", "decide_by", "decide", "needed_by", "targets"]


def targets_frame(stand: Sequence[Standing]) -> "pd.DataFrame":
    """Return a row for each target and period."""
    import pandas as pd

    rows = [
        (one.target, one.period, one.standard, one.met, one.missed, one.late, one.pending, one.may_miss, one.must,
         one.reach) for one in stand
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=TARGETS).astype({"must": "Int64"})


def schedule_frame(stand: Sequence[Standing], rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return of each target and period, by each week in which something is due, how many must be decided by then."""
    import pandas as pd

    weeks = [None if pd.isna(due) else period_of(due.date(), "week").end for due in rows["due"]]
    found = [
        (one.target, one.period, one.standard, by, number, least, one.reach, note)
        for one in stand
        for by, number, least, note in _weeks_of(one, [weeks[place] for place in one.rows])
    ]
    frame = pd.DataFrame(found, columns=SCHEDULE).astype({"at_least": "Int64"})
    frame["due_by"] = pd.to_datetime(frame["due_by"])
    return frame


def _weeks_of(one: Standing, weeks: Sequence[Any]) -> Iterator[tuple[Any, int, int | None, str]]:
    """Yield the weeks of one standing: the Sunday, how many are due by it, and how many must be decided by then."""
    due: dict[Any, int] = defaultdict(int)
    for week, weight in zip(weeks, one.weights, strict=True):
        due[week] += weight
    due[None] += one.pending - sum(one.weights)
    room, number = max(one.may_miss, 0), 0

    def least() -> int | None:
        return None if one.early is None else max(number - room, 0)

    for week in sorted(week for week in due if week is not None):
        number += due[week]
        yield week, number, least(), ""
    if due[None]:
        number += due[None]
        yield None, number, least(), f"{due[None]:,} of them have no due day: their clock stands still"
    if one.early:
        note = f"{one.early:,} of those due later must be decided in the period, too"
        yield one.ends, number + one.later, number + one.early, note


@dataclass
class _OpenRecord:
    """A record that is open and in time: when it is due first, and in which standings it counts as how many."""

    name: Any
    due: "pd.Timestamp | None" = None
    counts_in: dict[int, int] = field(default_factory=dict)

    def when(self) -> int:
        """Return what to sort by: what has no due day comes last."""
        return np.iinfo(np.int64).max if self.due is None else self.due.value


def _open_records(stand: Sequence[Standing], rows: "pd.DataFrame") -> dict[tuple[str, int], _OpenRecord]:
    """Return what is open and in time, once each, by its kind and row."""
    import pandas as pd

    keys = list(zip(rows["record"].tolist(), rows["row"].tolist(), strict=True))
    found: dict[tuple[str, int], _OpenRecord] = {}
    for key, name, due, status in zip(keys, rows["id"].tolist(), rows["due"].tolist(), rows["status"], strict=True):
        if status == "pending":
            own = found.setdefault(key, _OpenRecord(name))
            if not pd.isna(due) and (own.due is None or due < own.due):
                own.due = due
    for place, one in enumerate(stand):
        for at, weight in zip(one.rows, one.weights, strict=True) if one.early is not None else ():
            counts_in = found[keys[at]].counts_in
            counts_in[place] = counts_in.get(place, 0) + weight
    return found


def order_frame(stand: Sequence[Standing], rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return what is open and in time in the order to decide it in: what is due first first.

    Of what is due at once, what several targets need comes first. So many as may miss "may wait": those that the
    fewest targets count, of these the ones due last, as long as each of their targets has room.
    """
    import pandas as pd

    records, room = _open_records(stand, rows), [max(one.may_miss, 0) for one in stand]
    decide = dict.fromkeys(records, NO_USE)
    counted = [key for key, own in records.items() if own.counts_in]
    for key in sorted(counted, key=lambda one: (len(records[one].counts_in), -records[one].when(), one)):
        own = records[key].counts_in
        waits = all(room[place] >= weight for place, weight in own.items())
        decide[key] = MAY_WAIT if waits else NEEDED
        for place, weight in own.items() if waits else ():
            room[place] -= weight
    found = []
    for key, one in records.items():
        targets = dict.fromkeys(stand[place].target for place in one.counts_in)
        short = (stand[place].target for place, weight in one.counts_in.items() if room[place] < weight)
        needed = dict.fromkeys(short if decide[key] == NEEDED else ())
        order = (one.when(), -len(needed), key)
        found.append((order, (key[0], one.name, key[1], one.due, decide[key], ", ".join(needed), ", ".join(targets))))
    frame = pd.DataFrame([cells for _, cells in sorted(found, key=lambda one: one[0])], columns=ORDER)
    frame["decide_by"] = pd.to_datetime(frame["decide_by"])
    return frame
