"""Closed, received and due, always together, beside what is open and how old it is.

Each alone can be gamed: whoever closes young cases first has a good figure of those closed, and an ageing caseload that
it leaves out. The three and the open stock are shown side by side, and where they disagree it is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.analysis.counted import CohortCells, as_of_day, counts_of, periods_wanted
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Every, Period, period_of
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.figures.summed import spanned
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.results.tally import Tally
from ombudsman_kpi.rounding import half_up, many, percent
from ombudsman_kpi.statistics.intervals import difference, wilson
from ombudsman_kpi.tallies.elapsed import IS_OPEN, LEFT_OUT

if TYPE_CHECKING:
    import pandas as pd

VIEWS: tuple[Cohort, ...] = ("closed", "received", "due")
HALF, WITHIN, OVER, TWICE = "up to half the limit", "up to the limit", "over the limit", "over twice the limit"


@dataclass(frozen=True, eq=False)
class ThreeViews:
    """One target by its three cohorts, and what is open.

    ``periods`` has a row for each period: of each view ``met``, ``counted``, ``share``, ``low`` and ``high`` (as
    ``closed_met`` and so on), ``received_pending`` and ``due_pending``, how many are ``open`` at its end, and how many
    of them ``over_limit``: those that were due by then. ``stock`` has the ages of what is open at ``as_of``: ``age,
    records``. Tallies know ages at ``as_of`` alone. ``warnings`` say where the views disagree.
    """

    target: str
    as_of: str
    periods: "pd.DataFrame"
    stock: "pd.DataFrame"
    warnings: tuple[str, ...]
    why: str = ""  # there is nothing

    @property
    def says(self) -> str:
        """What it shows, in one sentence, and where the latest period's views disagree, another."""
        if not len(self.periods):
            return f"No data: {self.why or 'nothing has started'}."
        last = self.periods.iloc[-1]
        shares, lacking = [], []
        for view in VIEWS:
            pending = int(last.get(f"{view}_pending", 0))
            waiting = f" ({pending:,} not yet due)" if pending else ""
            met, counted = int(last[f"{view}_met"]), int(last[f"{view}_counted"])
            if counted:
                shares.append(f"{percent(met, counted)} of those {view}{waiting}")
            else:
                lacking.append(f"{view}{waiting}")
        ages = dict(zip(self.stock["age"], self.stock["records"], strict=True))
        over = int(ages.get(OVER, 0) + ages.get(TWICE, 0))
        found = [f"{', '.join(shares)} were in time"] if shares else []
        found += [f"no data of those {' or '.join(lacking)}"] if lacking else []
        text = f"In {last['period']} {', '.join(found)}; at {self.as_of} {many(int(last['open']), 'record')} open, "
        latest = [warning for warning in self.warnings if warning.startswith(f"{last['period']}: ")]
        return " ".join([f"{text}{over:,} of them over the limit.", *latest])


def three_views(source: Tally | Results, target: str, *, every: Every | None = None, level: float = 0.95) -> ThreeViews:
    """Return a target by those closed, received and due in each period, beside the open stock.

    >>> import ombudsman_kpi as kpi
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-02-01", "decided_at": "2024-02-20"},
    ...     {"case_id": "A2", "received_at": "2024-02-01"},
    ... ]
    >>> options = {"as_of": "2024-03-31", "every": "month", "cohort": "all"}
    >>> tally = kpi.tally(kpi.load_scheme("lgsco"), cases=cases, **options)
    >>> views = kpi.three_views(tally, "decided-or-allocated-20wd")
    >>> views.periods[["period", "closed_share", "received_share", "open", "over_limit"]].values.tolist()
    [['Feb 2024', 1.0, 0.5, 1, 1], ['Mar 2024', nan, nan, 1, 1]]

    The tally must have all cohorts: count it with ``cohort="all"`` and ``every``. A warning says where the share of
    those closed rises by more than chance (the interval of the difference of two periods is above 0) while more are
    open over the limit than at the end of the period before; or while the share of those due falls by more than chance.

    Raises ``OptionError`` for a tally that lacks a cohort or periods, for figures without elapsed times, and for a
    target without a limit; ``SchemeError`` for one that wasn't counted.
    """
    import pandas as pd

    counts, basis = counts_of(source, target)
    if basis.scheme[target].time_allowed is None:
        raise OptionError(f"{target}: it has no limit, so that nothing is in time or over it.")
    every = periods_wanted(basis, target, every)
    views = {cohort: CohortCells.of(counts, target, cohort, every) for cohort in VIEWS}
    last = as_of_day(basis)
    filled = {one for view in views.values() for one in view.periods if one.start <= last}
    periods = spanned(filled | {period_of(last, every)} if filled else filled)
    ends = [one.end for one in periods]
    columns: dict[str, Any] = {
        "period": [one.label for one in periods], "period_start": np.array([one.start for one in periods], "M8[s]"),
        "period_end": np.array(ends, "M8[s]"), "complete": [*map(basis.was_over, ends)],
    }  # fmt: skip
    numbers = {cohort: _numbers(view, periods) for cohort, view in views.items()}
    for cohort, (met, counted, pending) in numbers.items():
        columns |= {f"{cohort}_met": met, f"{cohort}_counted": counted}
        columns |= _shares(cohort, met, counted, level)
        columns |= {} if cohort == "closed" else {f"{cohort}_pending": pending}
    columns["open"], columns["over_limit"] = _stock(views, periods)
    columns["note"] = [
        ", ".join(f"{cohort}: no data" for cohort in VIEWS if not numbers[cohort][1][place])
        for place in range(len(periods))
    ]
    found = tuple(_warnings(periods, numbers, columns["over_limit"], level))
    stock = pd.DataFrame(_ages(views["received"]), columns=["age", "records"])
    return ThreeViews(target, basis.as_of, pd.DataFrame(columns), stock, found, views["received"].cells.why)


def _numbers(view: CohortCells, periods: Sequence[Period]) -> tuple[Integers, Integers, Integers]:
    """Return how many were met, counted and are pending in each period."""
    met, missed, pending = (
        view.numbers(view.cells.of_status(*statuses), periods)
        for statuses in (("met",), ("late", "overdue"), ("pending",))
    )
    return met, met + missed, pending


def _shares(cohort: str, met: Integers, counted: Integers, level: float) -> dict[str, Any]:
    """Return shares with their intervals; missing where nothing was counted."""
    pairs = list(zip(met.tolist(), counted.tolist(), strict=True))
    limits = [wilson(*pair, level=level) if pair[1] else (np.nan, np.nan) for pair in pairs]
    return {
        f"{cohort}_share": [own / of if of else np.nan for own, of in pairs],
        f"{cohort}_low": [low for low, _ in limits],
        f"{cohort}_high": [high for _, high in limits],
    }


def _stock(views: dict[Cohort, CohortCells], periods: Sequence[Period]) -> tuple[Integers, Integers]:
    """Return how many are open at the end of each period, and how many of them were due by then.

    Open is what had started less what had ended; over the limit is what had been missed by its due day, less what of
    that had ended, which is what was late when it was closed.
    """
    closed, received, due = (views[cohort] for cohort in VIEWS)
    started = received.numbers(received.cells.way != LEFT_OUT, periods)
    ended = closed.numbers((closed.cells.way != LEFT_OUT) & (closed.cells.way != IS_OPEN), periods)
    missed = due.numbers(due.cells.of_status("late", "overdue"), periods)
    late = closed.numbers(closed.cells.of_status("late"), periods)
    return np.cumsum(started - ended), np.cumsum(missed - late)


def _ages(received: CohortCells) -> list[tuple[str, int]]:
    """Return how many are open of each age; by the limit alone where records have limits of their own."""
    cells = received.cells
    over, within = cells.of_status("overdue"), cells.of_status("pending")
    if cells.limit is None:
        return [(WITHIN, cells.number(within, "pending")), (OVER, cells.number(over, "overdue"))]
    half, twice = cells.block.elapsed * 2 <= cells.limit, cells.block.elapsed > 2 * cells.limit
    return [
        (HALF, cells.number(within & half, "pending")), (WITHIN, cells.number(within & ~half, "pending")),
        (OVER, cells.number(over & ~twice, "overdue")), (TWICE, cells.number(over & twice, "overdue")),
    ]  # fmt: skip


def _warnings(
    periods: Sequence[Period], numbers: dict[Cohort, tuple[Integers, Integers, Integers]], over: Integers, level: float
) -> Iterator[str]:
    """Yield where the share of those closed rises, and another view says that things get worse."""

    def change(cohort: Cohort, place: int) -> tuple[float, float]:
        met, counted, _ = numbers[cohort]
        pairs = [(int(met[at]), int(counted[at])) for at in (place - 1, place)]
        return difference(*pairs[0], *pairs[1], level=level) if all(of for _, of in pairs) else (0.0, 0.0)

    def shares(cohort: Cohort, place: int) -> str:
        met, counted, _ = numbers[cohort]
        was, now = (f"{half_up(Fraction(100 * int(met[at]), int(counted[at])))}%" for at in (place - 1, place))
        return f"from {was} to {now}"

    for place in range(1, len(periods)):
        if change("closed", place)[0] <= 0:
            continue
        rises = f"{periods[place].label}: the share in time of those closed rises {shares('closed', place)}"
        if over[place] > over[place - 1]:
            grows = f"{many(int(over[place]), 'record')} are open over the limit, after {int(over[place - 1]):,}"
            yield f"{rises}, but {grows}, which it leaves out."
        if change("due", place)[1] < 0:
            yield f"{rises}, but that of those due falls {shares('due', place)}."
