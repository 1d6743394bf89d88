"""Control charts: whether a change of a figure is more than it always varies, and whether a target will be met.

One series or ten thousand go the same way: all their points stand in one row, and each step is done for all.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.errors import OptionError, RecordsError, kind_of
from ombudsman_kpi.statistics.chart import SHOWN, ControlChart, ControlCharts, check_any
from ombudsman_kpi.statistics.charted import Charted, ChartOptions, Improvement
from ombudsman_kpi.statistics.control_limits import Stretches, p_half, xmr_half
from ombudsman_kpi.statistics.series import Numbers, Series, check_counts, dates_of, in_order, numbers_of
from ombudsman_kpi.statistics.special_causes import ChartRules, rules_of

if TYPE_CHECKING:
    import pandas as pd


def xmr(
    values: Any, dates: Any, *, improvement: Improvement | None = None, target: float | None = None,
    rules: str | ChartRules = "nhs-mdc", screen: bool = True, fix_after: int | None = None, rebase: Any = (),
) -> ControlChart:  # fmt: skip
    """Return the XmR chart of a series: one value for each date.

    >>> chart = xmr([5, 6] * 5 + [5, 12], range(1, 13), improvement="decrease", target=8)
    >>> chart.variation, chart.assurance
    ('concern', 'inconsistent')
    >>> chart.points["upper"].tolist()[-1], chart.points["special_cause"].tolist()[-1]
    (8.66, 'above_limit')
    >>> print(chart.says)
    In period 12 the value is 12.00, above the upper limit of 8.66: a special cause of concern; the target of 8.00 is
    within the limits (3.34 and 8.66), so chance decides whether it is met (XmR chart, rules nhs-mdc 1).

    The limits are the mean ± 2.66 mean moving ranges, the differences between neighbours. ``screen`` leaves out, in one
    pass, moving ranges of 3.267 times their mean or more. ``fix_after`` lets the limits rest on the first so many
    points, ``rebase`` are dates from which mean and limits are worked out anew. ``improvement`` is the better
    direction, "increase" or "decrease"; with None a special cause is neutral, and there is no assurance.

    Dates are dates, text in ISO 8601, or whole numbers of periods. A date without a value is left out, and a note says
    so. docs/statistics.md has all the rules and what is noted.

    Raises ``RecordsError`` for values that aren't finite numbers, for none at all, and for dates that are missing or
    repeated; ``OptionError`` for an unknown rule set, a rebase date that isn't there, and other wrong options.
    """
    numbers, when = numbers_of(values), dates_of(dates)
    _check_same(len(numbers), len(when[0]), "values", "dates")
    asked = _asked("XmR", rules, improvement, target, fix_after, rebase, screen)
    charted = _xmr_charts(asked, numbers, when, np.zeros(len(numbers), np.int64), [""])
    return _one(charted)


def xmr_of_groups(
    frame: Any, *, value: str, date: str, by: str | Sequence[str], improvement: Improvement | None = None,
    target: float | None = None, rules: str | ChartRules = "nhs-mdc", screen: bool = True, fix_after: int | None = None,
    rebase: Any = (),
) -> ControlCharts:  # fmt: skip
    """Return the XmR charts of all groups of a frame, of which ``value``, ``date`` and ``by`` name columns.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"team": ["A", "A", "B", "B"], "month": ["2024-01", "2024-02"] * 2, "open": [5, 6, 7, 7]})
    >>> charts = xmr_of_groups(frame, value="open", date="month", by="team")
    >>> charts["B"].points["upper"].tolist()
    [7.0, 7.0]
    >>> charts.summary[["team", "points", "variation"]].to_dict("records")[0]
    {'team': 'A', 'points': 2, 'variation': 'common_cause'}

    Each chart is the one that ``xmr`` gives with the same options. A frame is pandas', Polars' or Arrow's. A group with
    no value is "no data" in the summary. Raises what ``xmr`` raises, and names the group.
    """
    table, owner, groups, names = _grouped(frame, by, [value, date])
    asked = _asked("XmR", rules, improvement, target, fix_after, rebase, screen)
    return ControlCharts(_xmr_charts(asked, numbers_of(table[value]), dates_of(table[date]), owner, names), groups)


def p_chart(
    met: Any, n: Any, dates: Any = None, *, prime: bool = False, improvement: Improvement | None = None,
    target: float | None = None, rules: str | ChartRules = "nhs-mdc", fix_after: int | None = None, rebase: Any = (),
) -> ControlChart:  # fmt: skip
    """Return the p chart of rates: ``met`` of ``n`` in each period; with ``prime`` Laney's p′ chart.

    >>> chart = p_chart([18, 22, 35], [100, 100, 100], improvement="increase")
    >>> chart.points[["mean", "lower", "upper"]].round(3).iloc[-1].to_dict()
    {'mean': 0.25, 'lower': 0.12, 'upper': 0.38}

    The mean is the pooled rate. The limits of each period are three standard deviations of a rate of its n away, but
    within 0 and 1. Large numbers make them so narrow that nearly all points lie outside, since real rates vary by more
    than chance: p′ widens them by the mean moving range of the standardised rates over 1.128 (Laney 2002).

    Without ``dates`` the periods are numbered from 1. A period of which nothing was counted is left out, and a note
    says so. The other options, and what is raised, are as for ``xmr``; a target is a rate, too. Raises
    ``RecordsError`` where a count isn't a whole number, or more were met than counted.
    """
    counts, of = numbers_of(met, "count"), numbers_of(n, "count")
    _check_same(len(counts), len(of), "counts met", "counts n")
    when = (np.arange(1, len(counts) + 1), False) if dates is None else dates_of(dates)
    _check_same(len(counts), len(when[0]), "counts", "dates")
    asked = _asked(_p_kind(prime), rules, improvement, target, fix_after, rebase, None)
    return _one(_p_charts(asked, (counts, of), when, np.zeros(len(counts), np.int64), [""]))


def p_chart_of_groups(
    frame: Any, *, met: str, n: str, date: str, by: str | Sequence[str], prime: bool = False,
    improvement: Improvement | None = None, target: float | None = None, rules: str | ChartRules = "nhs-mdc",
    fix_after: int | None = None, rebase: Any = (),
) -> ControlCharts:  # fmt: skip
    """Return the p or p′ charts of all groups of a frame, of which ``met``, ``n``, ``date`` and ``by`` name columns.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"team": ["A", "A", "B", "B"], "month": [1, 2] * 2, "met": [9, 7, 3, 4], "of": [10] * 4})
    >>> p_chart_of_groups(frame, met="met", n="of", date="month", by="team")["A"].points["mean"].tolist()
    [0.8, 0.8]

    Each chart is the one that ``p_chart`` gives with the same options; else it is as ``xmr_of_groups``.
    """
    table, owner, groups, names = _grouped(frame, by, [met, n, date])
    asked = _asked(_p_kind(prime), rules, improvement, target, fix_after, rebase, None)
    counts = numbers_of(table[met], "count"), numbers_of(table[n], "count")
    return ControlCharts(_p_charts(asked, counts, dates_of(table[date]), owner, names), groups)


def _grouped(
    frame: Any, by: str | Sequence[str], columns: list[str]
) -> tuple["pd.DataFrame", Integers, "pd.DataFrame", list[str]]:
    """Return a frame, of each row its group, a frame of the groups, and what an error calls each of them."""
    import pandas as pd

    frame = frame.collect() if hasattr(frame, "collect") else frame  # Polars' lazy frames
    if not isinstance(frame, pd.DataFrame) and not hasattr(frame, "to_pandas"):
        raise OptionError(f"Give a frame of pandas, Polars or Arrow; this is {kind_of(frame)}.")
    table: pd.DataFrame = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
    names = [by] if isinstance(by, str) else list(by)
    lacking = [name for name in (*columns, *names) if name not in table.columns]
    if lacking:
        raise RecordsError(f"There is no column {lacking}. There are: {', '.join(map(str, table.columns))}.")
    taken = [name for name in names if name in SHOWN]
    if taken or not names:
        raise OptionError(
            f"by: {taken[0]!r} is a column of charts. Rename that of the groups."
            if taken
            else "by: name the column of the groups, or several."
        )
    owner = table.groupby(names, sort=True, observed=True, dropna=False).ngroup().to_numpy().astype(np.int64)
    groups = table[names].drop_duplicates().iloc[np.argsort(pd.unique(owner))].reset_index(drop=True)
    return table, owner, groups, [f"{', '.join(map(str, row))}: " for row in groups.itertuples(index=False, name=None)]


def _p_kind(prime: Any) -> str:
    """Return how the chart of rates is called. Raises ``OptionError`` for what is neither true nor false."""
    if not isinstance(prime, bool | np.bool_):
        raise OptionError("prime must be True or False.")
    return "p′" if prime else "p"


def _asked(
    kind: Any, rules: Any, improvement: Any, target: Any, fix_after: Any, rebase: Any, screen: Any
) -> ChartOptions:
    single = isinstance(rebase, str | int) or not isinstance(rebase, Iterable)
    try:
        dates = dates_of([rebase] if single else list(rebase))
    except RecordsError as error:
        raise OptionError(f"rebase: {error}") from None
    return ChartOptions(kind, rules_of(rules), improvement, target, fix_after, dates, screen)


def _xmr_charts(
    asked: ChartOptions, values: Any, when: tuple[Integers, bool], owner: Integers, names: list[str]
) -> Charted:
    series = in_order(owner, len(names), when, ~np.isnan(values), names.__getitem__)
    values = values[series.rows]
    stretches = Stretches.of(_first_of_stretches(asked, series, names), asked.fix_after)
    half = xmr_half(values, stretches, asked.rules, screen=bool(asked.screen))
    return Charted.of(asked, series, stretches, (values, stretches.mean(values), half))


def _p_charts(
    asked: ChartOptions, given: tuple[Numbers, Numbers], when: tuple[Integers, bool], owner: Integers, names: list[str]
) -> Charted:
    series = in_order(owner, len(names), when, check_counts(*given), names.__getitem__)
    met, n = (counts[series.rows] for counts in given)
    stretches = Stretches.of(_first_of_stretches(asked, series, names), asked.fix_after)
    total = [stretches.total(np.where(stretches.base, counts, 0)) for counts in (met, n)]
    pooled = (total[0] / total[1])[stretches.number]
    half = p_half(pooled, met / n, n, stretches, prime=asked.kind == "p′")
    return Charted.of(asked, series, stretches, (met / n, pooled, half))


def _first_of_stretches(asked: ChartOptions, series: Series, names: list[str]) -> Truths:
    """Return of each point whether it is the first of its stretch: of its series, or at a date of rebasing."""
    first = np.ones(len(series.owner), np.bool_)
    first[1:] = series.owner[1:] != series.owner[:-1]
    days, dated = asked.rebase
    for day in days.tolist():
        on = series.when == day
        if dated != series.dated and len(on):
            raise OptionError("rebase must be dates where the series has dates, and periods where it has periods.")
        without = np.bincount(series.owner[on], minlength=series.number) < (np.diff(series.bounds) > 0)
        if without.any():
            place = int(np.flatnonzero(without)[0])
            begin, end = series.bounds[place], series.bounds[place + 1] - 1
            raise OptionError(
                f"{names[place]}{series.on(day)} is no date of this series that has a value, so nothing can be rebased "
                f"at it. It runs from {series.on(series.when[begin])} to {series.on(series.when[end])}. "
                "Give the date of the first point of the new stretch."
            )
        first |= on
    return first


def _check_same(size: int, other: int, what: str, beside: str) -> None:
    if size != other:
        raise OptionError(f"There are {size} {what} and {other} {beside}. Give one for each.")


def _one(charted: Charted) -> ControlChart:
    check_any(charted.series, 0)
    return ControlChart(charted, 0)
