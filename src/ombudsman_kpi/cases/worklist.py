"""The worklist: what is due or overdue, most urgent first, and whether missing it loses the target."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import day_number, is_missing
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.cases.explanation import day_text, moment_text
from ombudsman_kpi.cases.facts import amount_of
from ombudsman_kpi.cases.open_rows import COLUMNS, OpenRows, each_month, label_of, one_period, open_rows, together
from ombudsman_kpi.clocks.limits import Limit, units_of_time
from ombudsman_kpi.figures.row import EVERYTHING, Row
from ombudsman_kpi.measures.base.figures import headroom_of
from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.text_table import TextTable
from ombudsman_kpi.records.reading import Readings
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options
from ombudsman_kpi.tallies.plan import Progress

if TYPE_CHECKING:
    import pandas as pd

LOST, BEHIND, COUNTED, CERTAIN, LOSES, ROOM, FIRST, NO_STANDARD = (
    "lost already", "behind so far", "counted as missed", "late when it ends", "loses the target", "leaves room",
    "nothing ended yet", "no standard",
)  # fmt: skip


def obligations(
    scheme: Scheme,
    records: Mapping[str, Any],
    *,
    as_of: Any,
    within: str | Limit | None,
    every: Every | None,
    targets: str | Sequence[str] | None,
    readings: Readings,
    progress: Progress | None,
) -> "pd.DataFrame":
    """Return every open obligation that is overdue, or due within a time from ``as_of``, most urgent first."""
    period = one_period(every)
    options = Options(as_of, [period], targets=targets, readings=readings)
    found = open_rows(scheme, records, options, within=within, progress=progress)
    if found is None:
        return together([])
    frame = found.rows
    if len(frame):
        frame = _in_order(_with_effects(frame, found, period), scheme)
    frame.attrs["notes"] = found.not_listed(period)
    return frame


def _with_effects(frame: "pd.DataFrame", found: OpenRows, every: Every | None) -> "pd.DataFrame":
    """Return obligations with the period in which each will count, and what missing it does to the figure there."""
    import pandas as pd

    figures: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict, found.figures())

    @cache
    def effect(name: str, day: int, status: str, weight: int) -> tuple[int | None, int | None, str]:
        target = found.results.scheme[name]
        if not each_month(target, every):
            return _effect(target, figures[name, every or EVERYTHING].get(labels[day]), status, weight)
        if every == "week":
            return None, None, NO_STANDARD
        inside = [row for row in figures[name, "month"].values() if label_of(_first_day(row), every) == labels[day]]
        return _effect_in_months(target, inside, label_of(day, "month"), status, weight)

    days = frame["_day"].tolist()
    labels = {day: label_of(day, every) for day in dict.fromkeys(days)}
    effects = [*map(effect, frame["target"], days, frame["status"], frame["_weight"].tolist())]
    frame["period"] = pd.Series([labels[day] for day in days], dtype="str")
    frame["headroom"] = pd.Series([now for now, _, _ in effects], dtype="Int64")
    frame["headroom_if_missed"] = pd.Series([then for _, then, _ in effects], dtype="Int64")
    frame["effect"] = pd.Series([words for _, _, words in effects], dtype="str")
    return frame


def _first_day(row: Row) -> int:
    return MISSING if row.period_start is None else day_number(row.period_start)


def _effect_in_months(
    target: Target, months: Sequence[Row], month: str, status: str, weight: int
) -> tuple[int | None, int | None, str]:
    """Return the same where the standard is for each of some months: it is lost with the first that is.

    The headroom is that of the month that has least. Of those closed, a month isn't lost before it is over.
    """
    mine = next((row for row in months if row.period == month), None)
    now, then, words = _effect(target, mine, status, weight)
    counted = (row for row in months if row is not mine and (row.met or row.missed or row.pending))
    others = [(_effect(target, row, "pending", 0)[0], row.complete) for row in counted]
    rooms = [room for room, _ in others if room is not None]
    if any(room is not None and room < 0 and (complete or target.cohort != "closed") for room, complete in others):
        words = words if words == CERTAIN else LOST
    elif words == ROOM and min(rooms, default=0) < 0:
        words = BEHIND
    least = min(rooms, default=now)
    now, then = (None if room is None or least is None else min(room, least) for room in (now, then))
    return now, then, words


def _effect(target: Target, row: Row | None, status: str, weight: int) -> tuple[int | None, int | None, str]:
    """Return the headroom of a figure now, and when so many more miss; and what that means."""
    standard = target.standard
    if standard is None or standard.operator == "about":
        return None, None, NO_STANDARD
    met, missed, pending = (0, 0, 0) if row is None else (row.met or 0, row.missed or 0, row.pending or 0)
    counted = met + missed
    closed = target.cohort == "closed"  # it isn't counted there until it ends
    if closed and not counted:
        return None, None, CERTAIN if status == "overdue" else FIRST
    now = headroom(standard, met, 0 if closed else pending, counted if closed else counted + pending)
    if standard.operator in {"at most", "less than"}:  # no more than a share may be met: a miss does no harm
        return now, now, LOST if now < 0 else ROOM
    if status == "overdue" and not closed:
        return now, now, LOST if now < 0 else COUNTED
    then = headroom(standard, met, 0, counted + weight) if closed else now - weight
    if closed and status == "overdue":
        return now, then, CERTAIN
    lost = BEHIND if closed else LOST  # what still ends in time can make good what has ended late
    return now, then, lost if now < 0 else LOSES if then < 0 else ROOM


def headroom(standard: Standard, met: int, pending: int, whole: int) -> int:
    """Return how many may still miss before the standard is lost, of one figure; below 0 it is lost already."""
    return int(headroom_of(standard, *(np.array([number]) for number in (met, pending, whole)))[0])


def _in_order(frame: "pd.DataFrame", scheme: Scheme) -> "pd.DataFrame":
    """Return what is due first first; of what is due on one day, what loses a target, then in the scheme's order."""
    places = {target.id: place for place, target in enumerate(scheme.targets)}
    frame["_due"] = frame["due"].dt.normalize()
    frame["_loses"] = frame["effect"] != LOSES
    frame["_place"] = frame["target"].map(places)
    frame = frame.sort_values(["_due", "_loses", "due", "_place", "id"], kind="stable", ignore_index=True)
    return frame[COLUMNS]


def worklist_table(rows: "pd.DataFrame", scheme: Scheme, as_of: str, most: int | None = None) -> TextTable:
    """Return a worklist laid out for a reader: what is due when, whose, and what missing it does."""
    overdue = int((rows["status"] == "overdue").sum())
    losing = int((rows["effect"] == LOSES).sum())
    summary = [f"{overdue:,} overdue", f"{len(rows) - overdue:,} due", f"{losing:,} would lose a target if missed"]
    shown = rows if most is None else rows.head(most)
    records: list[dict[str, Any]] = shown.to_dict("records")  # type: ignore[assignment]
    cells = tuple(tuple(_cells(row)) for row in records)
    more = len(rows) - len(shown)
    return TextTable(
        f"Worklist: {scheme.title}",
        f"as at {as_of} · {' · '.join(summary)}",
        ("Due", "Left", "Target", "Record", "Party", "Period", "If missed"),
        (False, True, False, False, False, False, False),
        cells,
        (*((f"… and {more:,} more rows",) if more else ()), *rows.attrs.get("notes", ())),
    )


def _cells(row: dict[str, Any]) -> Iterator[str]:
    """Yield the cells of one row of a worklist."""
    due = row["due"]
    timed = row["unit"] in units_of_time()
    yield "none while it stands still" if is_missing(due) else moment_text(due) if timed else day_text(due.date())
    yield amount_of(None if is_missing(row["left"]) else row["left"], row["left_unit"])
    yield row["target"]
    for name in ("id", "party", "period", "effect"):
        yield "" if is_missing(row[name]) else str(row[name])
