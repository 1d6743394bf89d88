"""What is still open, and how the targets that it counts in stand: from one assessment of the records."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import to_day
from ombudsman_kpi.calendars.periods import Every, parse_every, period_of
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.clocks.limits import Limit, read_limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import OPEN, Assessed, of_status
from ombudsman_kpi.clocks.remaining import remaining
from ombudsman_kpi.errors import CoverageError, OptionError, SchemeError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf, parse_as_of
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.target import Rule, Target
from ombudsman_kpi.records.tables import left_out_of
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.in_memory import Options, refuse_too_early, tally_records
from ombudsman_kpi.tallies.outcome_rows import amounts, no_rows, outcome_rows
from ombudsman_kpi.tallies.plan import Progress, check_scheme, make_plan, open_records

if TYPE_CHECKING:
    import pandas as pd


class OpenRows(NamedTuple):
    """The open obligations of some records, with ``_day`` (that they count by) and ``_weight``; and all figures."""

    rows: "pd.DataFrame"
    counts: Counts
    results: Results
    notes: tuple[str, ...]  # on rows of files that are no records

    def figures(self) -> dict[tuple[str, str], dict[str, Row]]:
        """Return the rows of each target's headline cohort, by its periods."""
        found: dict[tuple[str, str], dict[str, Row]] = {}
        for row in self.results.rows:
            if row.cohort == self.results.scheme[row.target].cohort:
                found.setdefault((row.target, row.every), {})[row.period] = row
        return found

    def not_listed(self, every: Every | None) -> tuple[str, ...]:
        """Return what isn't among the rows, and why."""
        rows = self.results.rows
        absent = dict.fromkeys(f"{row.target}: not listed, {row.note}" for row in rows if row.status == "not measured")
        invalid: Counter[tuple[str, str]] = Counter()
        for (target, of), periods in self.figures().items():
            for row in periods.values() if of == (every or EVERYTHING) else ():
                for (status, reason), number in row.reasons.items():
                    if status == "invalid":
                        invalid[target, reason] += number
        listed = (f"{target}: {number:,} not listed, {reason}" for (target, reason), number in invalid.items())
        return (*self.notes, *absent, *listed)


def open_rows(
    scheme: Scheme,
    records: Mapping[str, Any],
    options: Options,
    *,
    within: str | Limit | None = None,
    progress: Progress | None = None,
) -> OpenRows | None:
    """Return what is overdue, or due within a time from ``as_of``; None where no target obliges to anything.

    Each record is assessed once: what is open is listed while it is counted. Targets of ``each_month`` are counted by
    month, too.
    """
    check_scheme(scheme)
    at = parse_as_of(options.as_of, scheme)
    if not records:
        raise OptionError("There is nothing to list: give cases=, or other records that something is due on.")
    chosen = [step for step in make_plan(scheme, options.targets, None, None, None) if step.target.obliges]
    targets = [one.target for one in chosen if not any(one.target.repeats(other.target) for other in chosen)]
    window = _Window.of(within, at, scheme)
    tables = open_records(records, options.readings)
    if not targets:
        return None
    if any(each_month(target, every) for target in targets for every in options.every):
        options = options._replace(every=[*options.every, "month"])
    places = {(kind, target.id): place for place, (kind, target) in enumerate((k, t) for k in RECORDS for t in targets)}
    found: list[tuple[int, int, pd.DataFrame]] = []

    def see(rule: Rule, known: AsKnownBatch, assessed: Assessed) -> None:
        place = places.get((known.batch.table.name, rule.target.id))
        if place is not None:
            found.append((place, known.batch.offset, _rows(rule, known, assessed, window)))

    sources = {kind: table.source for kind, table in tables.items()}
    counts = tally_records(scheme, sources, options._replace(targets=[own.id for own in targets]), progress, see)
    results = Results.of(counts)
    refuse_too_early(counts, scheme, options.as_of)
    parts = [part for _, _, part in sorted(found, key=lambda one: one[:2]) if len(part)]
    return OpenRows(together(parts), counts, results, left_out_of(tables.values()))


def one_period(every: Any) -> Every | None:
    """Return the period that open records count in, or None; raises ``OptionError`` for several."""
    wanted = parse_every(every)
    if len(wanted) > 1:
        raise OptionError("every= takes one period here: each obligation counts in one. Leave out all but one.")
    return wanted[0]


def each_month(target: Target, every: Every | None) -> bool:
    """Return whether a standard is for every month, and the periods are others."""
    return target.met_when is not None and every != "month"


def label_of(day: int, every: Every | None) -> str:
    """Return the label of the period that a day is in."""
    return EVERYTHING if every is None else NO_DATE if day == MISSING else period_of(to_day(day), every).label


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


def _rows(rule: Rule, known: AsKnownBatch, assessed: Assessed, window: _Window | None) -> "pd.DataFrame":
    """Return one target's open obligations of a batch, with what is left of the limit and the day they count by."""
    target = rule.target
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


COLUMNS = [
    "target", "record", "id", "row", "party", "start", "due", "left", "left_unit", "unit", "status", "elapsed",
    "reason", "period", "headroom", "headroom_if_missed", "effect",
]  # fmt: skip


def together(parts: list["pd.DataFrame"]) -> "pd.DataFrame":
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
    return empty[COLUMNS]
