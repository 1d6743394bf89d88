"""Cohorts that aren't finished: what a period in progress will come to, and what share will be within each limit."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.analysis.counted import CohortCells, as_of_day, counts_of, periods_wanted
from ombudsman_kpi.calendars.periods import Every, parse_period, period_of
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.results.tally import Tally
from ombudsman_kpi.rounding import many
from ombudsman_kpi.statistics.forecasting import Forecast, forecast_share
from ombudsman_kpi.statistics.intervals import whole_number
from ombudsman_kpi.statistics.survival_curves import Curve
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts

if TYPE_CHECKING:
    import pandas as pd

_NO_LIMIT = "{}: it has no limit that is the same for all records, by which one could say what becomes of them."


def forecast(
    source: Tally | Results,
    target: str,
    *,
    period: str | None = None,
    every: Every | None = None,
    cohort: Cohort | None = None,
    arrivals: int = 0,
    level: float = 0.95,
) -> Forecast:
    r"""Return what the share of a period will come to: at worst, at best, and as expected, with an interval.

    >>> import ombudsman_kpi as kpi
    >>> cases = [
    ...     {"case_id": f"{month}-{day}", "received_at": f"{month}-04", "decided_at": f"{month}-{day:02}"}
    ...     for month in ("2024-01", "2024-02", "2024-03") for day in range(6, 26)
    ... ]
    >>> options = {"cases": cases, "as_of": "2024-03-15", "every": "month", "targets": "decided-or-allocated-20wd"}
    >>> found = kpi.forecast(kpi.tally(kpi.load_scheme("lgsco"), **options), "decided-or-allocated-20wd")
    >>> print(found.says.replace("; ", "\n"))
    Mar 2024: the share is expected to come to 100.0% (95% interval 89.0% to 100.0%)
    with 10 records open, at worst 50.0% and at best 100.0%.

    ``period`` is the one in progress at ``as_of``, or another by its label. ``cohort`` is received, or else due: what
    was closed in a period is finished. The chances of what is open are those of the records of all earlier periods.
    ``arrivals`` are still to be received; without it the forecast is of those that are there at ``as_of``.
    Raises ``OptionError`` for a target without one limit for all records, a tally that isn't in periods or has neither
    cohort, and figures without elapsed times; ``SchemeError`` for a target that wasn't counted.
    """
    counts, basis = counts_of(source, target)
    wanted = parse_period(period) if period is not None else None
    every = periods_wanted(basis, target, every if wanted is None else wanted.every)  # type: ignore[arg-type]
    wanted = wanted or period_of(as_of_day(basis), every)
    if cohort not in {None, "received", "due"}:
        why = "what was closed in a period is finished" if cohort == "closed" else f"there is none {cohort!r} here"
        raise OptionError(f"cohort: {why}. It can be: received, due.")
    if cohort is None:
        cohort = "due" if "received" not in basis.cohorts[target] and "due" in basis.cohorts[target] else "received"
    counted = CohortCells.of(counts, target, cohort, every)
    cells = counted.cells.judged
    if cells.limit is None:
        raise OptionError(_NO_LIMIT.format(target))
    own = counted.of_period(wanted)
    waiting = cells.counts(own & cells.of_status("pending"))
    open_ages = dict(zip(waiting.elapsed.tolist(), waiting.open.tolist(), strict=True))
    found = forecast_share(
        cells.number(own, "met"), cells.number(own, "late", "overdue"), open_ages,
        cells.counts(counted.before(wanted)), cells.limit, arrivals=arrivals, level=level,
    )  # fmt: skip
    return replace(found, of=wanted.label, note=cells.why or found.note)


def within_limits(
    source: Tally | Results,
    target: str,
    *,
    limits: Sequence[int] | None = None,
    every: Every | None = None,
    level: float = 0.95,
) -> "pd.DataFrame":
    """Return the share within each limit of those received in each period, as far as it is known, and estimated.

    A row for each period and limit: ``period, limit, records, within, share, estimate, low, high, open, note``.
    ``share`` is of what is decided and open so far; ``estimate`` is that of the curve of those received in the period,
    in which what is open or was withdrawn counts for as long as it was seen. It is missing, and ``note`` says why,
    where none of them has been seen for so long. The limits are those of all targets with the same clock that were
    counted by when they were received, or ``limits``, in whole units of elapsed time.

    Raises what ``forecast`` raises.
    """
    import pandas as pd

    counts, basis = counts_of(source, target)
    every = periods_wanted(basis, target, every)
    counted = CohortCells.of(counts, target, "received", every)
    named = _limits(counts, basis, target, every) if limits is None else _given(limits, counted)
    if not named:
        raise OptionError(f"{_NO_LIMIT.format(target)} Give some with limits=.")
    rows, still_open = [], 0
    for period in sorted(counted.periods):
        still_open += int(counted.cells.counts(counted.of_period(period)).open.sum())
        for name, (limit, judged) in named.items():
            times = judged.cells.counts(judged.of_period(period))
            curve, is_open = Curve.of(times, level), int(times.open.sum())
            inside = times.elapsed <= limit
            within = int(times.stopped[inside].sum())
            records = int((times.stopped + times.open).sum() + times.withdrawn[~inside].sum())
            found = curve.within(limit)
            share = within / records if records else None
            note = found.note or ("" if records else "no data: all were withdrawn")
            rows.append((period.label, name, records, within, share, *found[:3], is_open, note))
    columns = ["period", "limit", "records", "within", "share", "estimate", "low", "high", "open", "note"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype(dict.fromkeys(["share", "estimate", "low", "high"], np.float64))
    unknown = int(frame["estimate"].isna().sum())
    of = f"{many(still_open, 'record')} open, of {many(len(counted.periods), 'period')}"
    says = f"At {basis.as_of} {of}; {unknown:,} of {many(len(frame), 'share')} can't be estimated yet."
    frame.attrs["says"] = says if rows else f"No data: {counted.cells.why or 'nothing was received'}."
    return frame


def _limits(counts: Counts, basis: Basis, target: str, every: Every) -> dict[str, tuple[int, CohortCells]]:
    """Return the limits of all targets of a tally with the same clock, by what they are called, and their cells."""
    found: dict[str, tuple[int, CohortCells]] = {}
    own = basis.scheme[target].timed_clock
    for name in basis.every:
        clock = basis.scheme[name].timed_clock
        if clock is None or own is None or clock.clock_key != own.clock_key or "received" not in basis.cohorts[name]:
            continue
        counted = CohortCells.of(counts, name, "received", every)
        if counted.cells.limit is not None:
            found[str(clock.time_allowed)] = counted.cells.limit, replace(counted, cells=counted.cells.judged)
    return dict(sorted(found.items(), key=lambda item: item[1][0]))


def _given(limits: Any, counted: CohortCells) -> dict[str, tuple[int, CohortCells]]:
    """Return limits that were asked for, by what they are called, and the cells that say who kept them."""
    if isinstance(limits, str) or not isinstance(limits, Iterable):
        raise OptionError("limits: a list of whole numbers, such as [20, 40].")
    numbers = [whole_number(limit, "limits") for limit in limits]
    return {f"{number:,} {counted.cells.clock.runs_in.elapsed_unit}": (number, counted) for number in numbers}
