"""Which records make the difference between two figures: by what ``assess`` said of them then, and says now."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.calendars.periods import Every, period_of
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.publish.revised import Place

if TYPE_CHECKING:
    import pandas as pd

Change = Literal["added", "removed", "another status", "another period or group"]
COUNTED = ("met", "late", "overdue", "pending")
_NEEDED = ("target", "record", "id", "row", "party", "start", "stop", "due", "status")


class RecordChange(NamedTuple):
    """One record (or for contact, one interval) that counts otherwise in a figure than it did."""

    target: str
    record: str
    id: str | None
    row: int
    party: str | None
    change: Change
    old_status: str | None  # in this figure; None where it wasn't in it
    new_status: str | None


class _Told(NamedTuple):
    """What a frame of ``assess`` says of one record."""

    record: str
    id: str | None
    row: int
    party: str | None
    status: str
    days: Mapping[str, Any]  # by cohort
    group: Group


Key = tuple[Any, ...]


def told_by(frame: "pd.DataFrame", by: tuple[str, ...], which: str) -> dict[str, dict[Key, _Told]]:
    """Return what a frame of ``assess`` says, by target and record.

    Raises ``OptionError`` for a frame that lacks a column of ``assess``, or one that is grouped by.
    """
    there = getattr(frame, "columns", ())
    if lacking := [name for name in (*_NEEDED, *by) if name not in there]:
        keep = f", keep={list(by)!r}" if set(lacking) & set(by) else ""
        raise OptionError(
            f"rows=: the {which} one lacks {', '.join(lacking)}. Give what assess(…{keep}) returned of these records."
        )
    found: dict[str, dict[Key, _Told]] = defaultdict(dict)
    times: dict[Key, int] = defaultdict(int)
    for cells in frame[[*_NEEDED, *by]].itertuples(index=False):
        target, record, name, row, party, *days, status = cells[: len(_NEEDED)]
        name, party = (None if is_missing(cell) else str(cell) for cell in (name, party))
        identity = (record, name if name is not None else row, party)
        nth = times[target, identity] = times[target, identity] + 1  # of several intervals with one party
        start, stop, due = (None if is_missing(day) else day.date() for day in days)
        group = tuple("" if is_missing(cell) else str(cell) for cell in cells[len(_NEEDED) :])
        by_cohort = {"received": start, "closed": stop, "due": due, "dated": stop}
        found[target][*identity, nth] = _Told(record, name, int(row), party, status, by_cohort, group)
    return found


def _place(told: _Told | None, target: str, cohort: str, every: str) -> Place | None:
    """Return the figure that a record counts in; None where it counts in none."""
    if told is None or told.status not in COUNTED:
        return None
    day = told.days[cohort]
    label = EVERYTHING if every == EVERYTHING else NO_DATE
    if day is not None and every != EVERYTHING:
        kind: Every = every  # type: ignore[assignment]
        label = period_of(day, kind).label
    return Place(target, cohort, every, label, told.group)


def changes_in(
    places: Iterable[Place], old: Mapping[str, Mapping[Key, _Told]], new: Mapping[str, Mapping[Key, _Told]]
) -> dict[Place, tuple[RecordChange, ...]]:
    """Return for each of some figures the records that count otherwise in it than they did."""
    wanted = set(places)
    found: dict[Place, list[RecordChange]] = defaultdict(list)
    for target, cohort, every in dict.fromkeys(place[:3] for place in wanted):
        before, now = old.get(target, {}), new.get(target, {})
        for key in dict.fromkeys([*before, *now]):
            pair = before.get(key), now.get(key)
            sides = _place(pair[0], target, cohort, every), _place(pair[1], target, cohort, every)
            for place, change in _moves(*sides, *pair):
                if place in wanted:
                    told = pair[1] or pair[0]
                    assert told is not None  # noqa: S101
                    statuses = (
                        item.status if item is not None and side == place else None
                        for item, side in zip(pair, sides, strict=True)
                    )
                    named = (target, told.record, told.id, told.row, told.party, change)
                    found[place].append(RecordChange(*named, *statuses))
    return {place: tuple(changes) for place, changes in found.items()}


def _moves(
    was_in: Place | None, is_in: Place | None, old: _Told | None, new: _Told | None
) -> Iterator[tuple[Place, Change]]:
    """Yield each figure in which a record counts otherwise, and in what way."""
    if was_in == is_in:
        if was_in is not None and old is not None and new is not None and old.status != new.status:
            yield was_in, "another status"
        return
    both = was_in is not None and is_in is not None
    if was_in is not None:
        gone: Change = "removed" if new is None else "another status"
        yield was_in, "another period or group" if both else gone
    if is_in is not None:
        come: Change = "added" if old is None else "another status"
        yield is_in, "another period or group" if both else come


def explains(changes: Iterable[RecordChange]) -> dict[str, int]:
    """Return by how much some changes of records change the numbers of a figure."""
    sums = dict.fromkeys(("met", "missed", "pending"), 0)
    for change in changes:
        for status, step in ((change.old_status, -1), (change.new_status, 1)):
            if status in COUNTED:
                sums["missed" if status in {"late", "overdue"} else str(status)] += step
    return sums
