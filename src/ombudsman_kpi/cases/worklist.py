"""The worklist: what is due or overdue, most urgent first, and whether missing it loses the target."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number, is_missing, to_day
from ombudsman_kpi.calendars.periods import Every, parse_every, period_of
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.cases.explanation import day_text, moment_text
from ombudsman_kpi.cases.facts import amount_of
from ombudsman_kpi.clocks.limits import Limit, read_limit, units_of_time
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import OPEN, Assessed, of_status
from ombudsman_kpi.clocks.remaining import remaining
from ombudsman_kpi.errors import CoverageError, OptionError, SchemeError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf, parse_as_of
from ombudsman_kpi.measures.base.figures import headroom_of
from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.measures.base.target import Records, Rule, Target
from ombudsman_kpi.records.reading import Readings
from ombudsman_kpi.records.tables import left_out_of
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.results.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.results.text_table import TextTable
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options, read_first_times, refuse_too_early, tally_records
from ombudsman_kpi.tallies.outcome_rows import amounts, no_rows, outcome_rows
from ombudsman_kpi.tallies.plan import (
    Progress,
    batches_of,
    check_scheme,
    make_plan,
    open_records,
    related_of,
    why_not,
)

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
    check_scheme(scheme)
    at = parse_as_of(as_of, scheme)
    wanted = parse_every(every)
    if len(wanted) > 1:
        raise OptionError("every= takes one period here: each obligation counts in one. Leave out all but one.")
    if not records:
        raise OptionError("There is nothing to list: give cases=, or other records that something is due on.")
    chosen = [step for step in make_plan(scheme, targets, None, None, None) if step.target.obliges]
    plan = [step for step in chosen if not any(step.target.repeats(other.target) for other in chosen)]
    tables = open_records(records, readings)
    names = [step.target.id for step in plan]
    monthly = any(_each_month(step.target, wanted[0]) for step in plan)
    options = Options(as_of, [wanted[0], "month"] if monthly else every, targets=names, readings=readings)
    window = _Window.of(within, at, scheme)
    if not plan:
        return _together([])
    read_first_times(tables, scheme, options)
    related = related_of(tables, plan, at, scheme)
    rules: dict[Records, list[Rule]] = defaultdict(list)
    for step in plan:
        if why_not(step, related.tables) is None:
            for kind, rule in step.target.rules(related):
                rules[kind].append(rule)
    parts = []
    for kind, mine in rules.items():
        table = related.tables[kind]
        ids = [table.named_by] if table.named_by is not None else []
        for batch in batches_of(table, mine, ids, progress):
            known = AsKnownBatch(batch, at, scheme)
            parts += [_rows(rule, known, window) for rule in mine]
    counts = tally_records(scheme, {kind: related.tables[kind].looked_over for kind in tables}, options)
    results = Results.of(counts)
    refuse_too_early(counts, scheme, as_of)
    frame = _together([part for part in parts if len(part)])
    if len(frame):
        frame = _in_order(_with_effects(frame, results, wanted[0]), scheme)
    frame.attrs["notes"] = (*left_out_of(tables.values()), *_not_listed(results, wanted[0]))
    return frame


def _not_listed(results: Results, every: Every | None) -> tuple[str, ...]:
    """Return what isn't in a worklist, and why."""
    absent = dict.fromkeys(f"{row.target}: not listed, {row.note}" for row in results if row.status == "not measured")
    invalid: Counter[tuple[str, str]] = Counter()
    for row in (row for row in results if row.every == (every or EVERYTHING)):
        for (status, reason), number in row.reasons.items():
            if status == "invalid":
                invalid[row.target, reason] += number
    return (*absent, *(f"{target}: {number:,} not listed, {reason}" for (target, reason), number in invalid.items()))


class _Window(NamedTuple):
    """How far ahead is looked: a time, or days up to the close of one."""

    limit: Limit
    last: int  # on the wall

    @classmethod
    def of(cls, within: Any, at: AsOf, scheme: Scheme) -> "_Window | None":
        """Return how far ahead is looked; None for as far as there is anything."""
        if within is None:
            return None
        try:
            limit = read_limit(within)
        except SchemeError as error:
            raise SchemeError(f"within=: {error}") from None
        if limit is None or limit.own_field:
            raise OptionError(f"within= takes a limit such as '10 working days', not {type(within).__name__}.")
        axis = limit.axis(scheme.calendar, Clock())
        last = axis.due(np.array([at.day if limit.in_days else at.instant]), limit.allowed)
        if last[0] == MISSING:
            raise CoverageError(f"{limit} from as_of are beyond the calendar, which ends on {scheme.calendar.last}.")
        return cls(limit, int((last[0] + 1) * DAY - 1 if limit.in_days else scheme.zone.wall(last)[0]))

    def holds(self, assessed: Assessed, own: Limit | None, left: Integers | None) -> Truths:
        """Return what is due in it. Two instants are compared as such, not by the clock on the wall."""
        if own is not None and left is not None and self._counts_like(own):
            soon: Truths = left <= self.limit.allowed
            return soon
        in_time: Truths = assessed.walls()[2] <= self.last
        return in_time & np.not_equal(assessed.points[2], MISSING)

    def _counts_like(self, own: Limit) -> bool:
        """Return whether it counts the time that is left of a limit: working hours are no hours, and no days either."""
        both = own.needs_times and self.limit.needs_times
        return both and own.counts_working_hours == self.limit.counts_working_hours


def _rows(rule: Rule, known: AsKnownBatch, window: _Window | None) -> "pd.DataFrame":
    """Return one target's open obligations of a batch, with what is left of the limit and the day they count by."""
    assessed, target = rule.assess(known), rule.target
    limit = target.time_allowed
    left = None if limit is None else remaining(limit, assessed, known)
    mask = of_status(assessed.categories, OPEN).take(assessed.code)
    chosen = np.flatnonzero(mask if window is None else mask & window.holds(assessed, limit, left))
    frame = outcome_rows(rule, known, assessed, chosen).drop(columns=["stop"])
    mine = np.full(len(chosen), MISSING) if left is None else left[chosen]
    frame["left"] = amounts(mine, assessed.size, mine != MISSING)
    frame["left_unit"] = assessed.unit if limit is None else limit.left_unit
    day = assessed.days("due" if target.cohort == "closed" else target.cohort)[chosen]
    if target.cohort == "closed":  # missed, it ends on the day after it was due at the earliest, and not before now
        day = np.maximum(day + 1, known.as_of.day + known.as_of.whole_day)
    weights = known.batch.weights
    frame["_day"], frame["_weight"] = day, 1 if isinstance(weights, int) else weights[frame["row"] - known.batch.offset]
    return frame


_COLUMNS = [
    "target", "record", "id", "row", "party", "start", "due", "left", "left_unit", "unit", "status", "elapsed",
    "reason", "period", "headroom", "headroom_if_missed", "effect",
]  # fmt: skip


def _together(parts: list["pd.DataFrame"]) -> "pd.DataFrame":
    """Return the rows of all targets below each other; without any, the columns alone."""
    import pandas as pd

    if parts:
        frame = pd.concat(parts, ignore_index=True)
        for name in {"id", "party"} & set(frame):
            frame[name] = frame[name].astype("str").where(frame[name].notna())  # pandas 2 writes out None as text
        return frame
    empty = no_rows()
    empty["left"] = amounts(np.empty(0, np.int64), 1, np.empty(0, np.bool_))
    for name in ("left_unit", "period", "effect"):
        empty[name] = pd.Series(dtype="str")
    for name in ("headroom", "headroom_if_missed"):
        empty[name] = pd.Series(dtype="Int64")
    return empty[_COLUMNS]


def _with_effects(frame: "pd.DataFrame", results: Results, every: Every | None) -> "pd.DataFrame":
    """Return obligations with the period in which each will count, and what missing it does to the figure there."""
    import pandas as pd

    figures: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for row in results.rows:
        figures[row.target, row.every][row.period] = row

    @cache
    def effect(name: str, day: int, status: str, weight: int) -> tuple[int | None, int | None, str]:
        target = results.scheme[name]
        if not _each_month(target, every):
            return _effect(target, figures[name, every or EVERYTHING].get(labels[day]), status, weight)
        if every == "week":
            return None, None, NO_STANDARD
        inside = [row for row in figures[name, "month"].values() if _label_of(_first_day(row), every) == labels[day]]
        return _effect_in_months(target, inside, _label_of(day, "month"), status, weight)

    days = frame["_day"].tolist()
    labels = {day: _label_of(day, every) for day in dict.fromkeys(days)}
    effects = [*map(effect, frame["target"], days, frame["status"], frame["_weight"].tolist())]
    frame["period"] = pd.Series([labels[day] for day in days], dtype="str")
    frame["headroom"] = pd.Series([now for now, _, _ in effects], dtype="Int64")
    frame["headroom_if_missed"] = pd.Series([then for _, then, _ in effects], dtype="Int64")
    frame["effect"] = pd.Series([words for _, _, words in effects], dtype="str")
    return frame


def _first_day(row: Row) -> int:
    return MISSING if row.period_start is None else day_number(row.period_start)


def _label_of(day: int, every: Every | None) -> str:
    """Return the label of the period that a day is in."""
    return EVERYTHING if every is None else NO_DATE if day == MISSING else period_of(to_day(day), every).label


def _each_month(target: Target, every: Every | None) -> bool:
    """Return whether a standard is for every month, and the periods are others."""
    return target.met_when is not None and every != "month"


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
    now = _headroom(standard, met, 0 if closed else pending, counted if closed else counted + pending)
    if standard.operator in {"at most", "less than"}:  # no more than a share may be met: a miss does no harm
        return now, now, LOST if now < 0 else ROOM
    if status == "overdue" and not closed:
        return now, now, LOST if now < 0 else COUNTED
    then = _headroom(standard, met, 0, counted + weight) if closed else now - weight
    if closed and status == "overdue":
        return now, then, CERTAIN
    lost = BEHIND if closed else LOST  # what still ends in time can make good what has ended late
    return now, then, lost if now < 0 else LOSES if then < 0 else ROOM


def _headroom(standard: Standard, met: int, pending: int, whole: int) -> int:
    """Return the headroom of one figure."""
    return int(headroom_of(standard, *(np.array([number]) for number in (met, pending, whole)))[0])


def _in_order(frame: "pd.DataFrame", scheme: Scheme) -> "pd.DataFrame":
    """Return what is due first first; of what is due on one day, what loses a target, then in the scheme's order."""
    places = {target.id: place for place, target in enumerate(scheme.targets)}
    frame["_due"] = frame["due"].dt.normalize()
    frame["_loses"] = frame["effect"] != LOSES
    frame["_place"] = frame["target"].map(places)
    frame = frame.sort_values(["_due", "_loses", "due", "_place", "id"], kind="stable", ignore_index=True)
    return frame[_COLUMNS]


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
