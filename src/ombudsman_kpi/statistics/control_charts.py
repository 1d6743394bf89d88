"""Control charts: whether a change of a figure is more than it always varies, and whether a target will be met.

One series or ten thousand go the same way: all their points stand in one row, and each step is done for all.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.types import Integers, RowNumbers, Truths
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.rounding import many
from ombudsman_kpi.statistics.chart_words import latest_in_words, plain, target_in_words
from ombudsman_kpi.statistics.charted import VARIATIONS, Assurance, Charted, ChartOptions, Improvement, Variation
from ombudsman_kpi.statistics.control_limits import Stretches, p_half, xmr_half
from ombudsman_kpi.statistics.series import Series, check_counts, dates_of, in_order, numbers_of
from ombudsman_kpi.statistics.special_causes import CAUSES, ChartRules, rules_of

if TYPE_CHECKING:
    import pandas as pd


_NAMED: dict[str, tuple[str, ...]] = {"special_cause": CAUSES, "point_type": VARIATIONS}
_FIRST_CONCERN: tuple[Variation, ...] = ("concern", "improvement", "neutral")


def _frame_of(charted: Charted, points: slice | RowNumbers) -> "pd.DataFrame":
    """Return some points as a frame. Names are taken as a whole, since a text for each point would be slow."""
    import pandas as pd

    columns = charted.columns(points)
    named = {name: pd.Series(names).take(columns[name]).array for name, names in _NAMED.items()}
    return pd.DataFrame(columns | named)


class ControlChart:
    """A series by date with its mean, its limits, and what is a special cause, from ``xmr`` or ``p_chart``.

    ``points`` is a frame with the columns ``date, value, mean, lower, upper, special_cause, point_type``.
    ``variation`` is of the latest point: "common_cause", "improvement", "concern", or "neutral", a special cause where
    neither direction is better. ``assurance`` compares the target with the latest limits: "consistent_pass",
    "consistent_fail", "inconsistent", or "none". ``says`` is one sentence about both, ``notes`` are on gaps and limits,
    ``rules`` is the set that was applied.
    """

    def __init__(self, charted: Charted, place: int) -> None:
        self._charted, self._place = charted, place
        self._points = slice(*charted.series.bounds[place : place + 2].tolist())
        self._last = self._points.stop - 1
        self.kind, self.rules = charted.asked.kind, charted.asked.rules
        self.improvement, self.target = charted.asked.improvement, charted.asked.target
        self.variation: Variation = VARIATIONS[charted.point_types[self._last]]
        self.assurance: Assurance = charted.assurances(np.array([self._last]))[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known about gaps in the series, and about what the limits rest on."""
        return self._charted.notes[self._place]

    @property
    def says(self) -> str:
        """One sentence on the latest point and the target, with the name of the rules."""
        charted, last = self._charted, self._last
        when = charted.series.on(int(charted.series.when[last]))
        on = f"On {when}" if charted.series.dated else f"In {when}"
        numbers = tuple(float(of[last]) for of in (charted.values, charted.mean, charted.lower, charted.upper))
        latest = latest_in_words(on, CAUSES[charted.causes[last]], self.variation, numbers, self.rules)  # type: ignore[arg-type]
        target = "" if self.target is None else target_in_words(self.assurance, self.target, *numbers[2:])
        return f"{latest}{target} ({self.kind} chart, rules {self.rules})."

    @property
    def points(self) -> "pd.DataFrame":
        """A frame with a row for each point; its ``attrs`` have ``says``, ``rules`` and ``notes``."""
        frame = _frame_of(self._charted, self._points)
        frame.attrs = {"says": self.says, "rules": str(self.rules), "notes": list(self.notes)}
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain lists, texts and numbers. What has no number is None, and ``notes`` say why."""
        charted, asked = self._charted, self._charted.asked
        columns = {name: column.tolist() for name, column in charted.columns(self._points).items()}
        columns["date"] = [str(day) if charted.series.dated else day for day in columns["date"]]
        columns |= {name: [names[place] for place in columns[name]] for name, names in _NAMED.items()}
        days, dated = asked.rebase
        return {
            "chart": self.kind,
            "rules": asdict(self.rules),
            "improvement": self.improvement,
            "target": self.target,
            "screen": asked.screen,
            "fix_after": asked.fix_after,
            "rebase": [str(day) for day in days.view("M8[D]")] if dated else days.tolist(),
            "variation": self.variation,
            "assurance": self.assurance,
            "says": self.says,
            "notes": list(self.notes),
            "points": [
                dict(zip(columns, map(plain, row), strict=True)) for row in zip(*columns.values(), strict=True)
            ],
        }  # fmt: skip

    def to_json(self) -> str:
        """Return all of it as JSON: what ``to_dict`` gives."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)

    def __len__(self) -> int:
        return int(self._points.stop - self._points.start)

    def __repr__(self) -> str:
        series, last = self._charted.series, self._last
        first, end = (series.on(int(series.when[at])) for at in (self._points.start, last))
        head = f"{self.kind} chart by the rules {self.rules}: {many(len(self), 'point')}, {first} to {end}"
        return "\n".join([head, f"variation {self.variation}, assurance {self.assurance}", self.says, *self.notes])


class ControlCharts:
    """The charts of several groups, from ``xmr_of_groups``: ``charts["Investigations"]`` is one of them.

    ``points`` has a row for each point, with the columns of the groups before those of a chart. ``summary`` has a row
    for each group: its latest point, variation, assurance, and a note.
    """

    def __init__(self, charted: Charted, groups: "pd.DataFrame") -> None:
        self._charted, self._groups = charted, groups
        rows = groups.itertuples(index=False, name=None)
        self._places = {row if len(row) > 1 else row[0]: place for place, row in enumerate(rows)}

    @property
    def rules(self) -> ChartRules:
        """The rules that were applied."""
        return self._charted.asked.rules

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._places)

    def __getitem__(self, group: Any) -> ControlChart:
        if group not in self._places:
            raise OptionError(f"There is no group {group!r}. {one_of(group, map(str, self._places))}")
        _check_any(self._charted.series, self._places[group])
        return ControlChart(self._charted, self._places[group])

    @property
    def points(self) -> "pd.DataFrame":
        """A frame with a row for each point of each group."""
        import pandas as pd

        groups = self._groups.take(self._charted.series.owner).reset_index(drop=True)
        frame = pd.concat([groups, _frame_of(self._charted, slice(None))], axis=1)
        frame.attrs = {"says": self.says, "rules": str(self.rules)}
        return frame

    @property
    def summary(self) -> "pd.DataFrame":
        """A frame with a row for each group; where it has no value, variation is "no data", and the note says so."""
        import pandas as pd

        charted, bounds = self._charted, self._charted.series.bounds
        there = np.flatnonzero(np.diff(bounds))
        last = bounds[there + 1] - 1
        found = _frame_of(charted, last).rename(columns={"point_type": "variation"}).set_index(there)
        found.insert(0, "points", np.diff(bounds)[there])
        found["assurance"] = pd.Series(charted.assurances(last), found.index, found["variation"].dtype)
        frame = pd.concat([self._groups, found.reindex(range(len(self)))], axis=1)
        absent = {"points": 0, "special_cause": "none", "variation": "no data", "assurance": "none"}
        frame = frame.fillna(absent).astype({"points": np.int64})
        frame["rules"] = str(self.rules)
        frame["note"] = [" ".join(notes) for notes in charted.notes]
        frame.attrs = {"says": self.says, "rules": str(self.rules)}
        return frame

    @property
    def says(self) -> str:
        """One sentence: how many groups have a special cause in their latest point."""
        bounds = self._charted.series.bounds
        latest = self._charted.point_types[bounds[1:][np.diff(bounds) > 0] - 1]
        counts = {name: int((latest == VARIATIONS.index(name)).sum()) for name in _FIRST_CONCERN}
        shown = ", ".join(f"{number} of {name}" for name, number in counts.items() if number) or "none"
        return (
            f"Of {many(len(self), 'group')}, those whose latest point has a special cause: {shown} "
            f"({self._charted.asked.kind} chart, rules {self.rules})."
        )

    def __repr__(self) -> str:
        return f"{self.says}\n{self.summary}"


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
    _check_same(len(numbers), len(when[0]), "values")
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
    import pandas as pd

    found: pd.DataFrame = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
    names = [by] if isinstance(by, str) else list(by)
    lacking = [name for name in (value, date, *names) if name not in found.columns]
    if lacking or not names:
        raise RecordsError(f"There is no column {lacking or by!r}. There are: {', '.join(map(str, found.columns))}.")
    numbers, when = numbers_of(found[value]), dates_of(found[date])
    owner = found.groupby(names, sort=True, observed=True, dropna=False).ngroup().to_numpy().astype(np.int64)
    groups = found[names].drop_duplicates().iloc[np.argsort(pd.unique(owner))].reset_index(drop=True)
    asked = _asked("XmR", rules, improvement, target, fix_after, rebase, screen)
    called = [f"{', '.join(map(str, row))}: " for row in groups.itertuples(index=False, name=None)]
    return ControlCharts(_xmr_charts(asked, numbers, when, owner, called), groups)


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
    _check_same(len(counts), len(of), "counts met")
    when = (np.arange(1, len(counts) + 1), False) if dates is None else dates_of(dates)
    _check_same(len(counts), len(when[0]), "counts")
    there = check_counts(counts, of)
    asked = _asked("p′" if prime else "p", rules, improvement, target, fix_after, rebase, None)
    series = in_order(np.zeros(len(counts), np.int64), 1, when, there, [""].__getitem__)
    counts, of = counts[series.rows], of[series.rows]
    _check_any(series, 0)
    stretches = Stretches.of(_first_of_stretches(asked, series, [""]), fix_after)
    rates = counts / of
    pooled = (stretches.total(np.where(stretches.base, counts, 0)) / stretches.total(np.where(stretches.base, of, 0)))[
        stretches.number
    ]
    half = p_half(pooled, rates, of, stretches, prime=prime)
    return _one(Charted.of(asked, series, stretches, (rates, pooled, half)))


def _asked(
    kind: Any, rules: Any, improvement: Any, target: Any, fix_after: Any, rebase: Any, screen: Any
) -> ChartOptions:
    single = isinstance(rebase, str | int) or not isinstance(rebase, Iterable)
    dates = dates_of([rebase] if single else list(rebase))
    return ChartOptions(kind, rules_of(rules), improvement, target, fix_after, dates, screen)


def _xmr_charts(
    asked: ChartOptions, values: Any, when: tuple[Integers, bool], owner: Integers, names: list[str]
) -> Charted:
    series = in_order(owner, len(names), when, ~np.isnan(values), names.__getitem__)
    values = values[series.rows]
    stretches = Stretches.of(_first_of_stretches(asked, series, names), asked.fix_after)
    half = xmr_half(values, stretches, asked.rules, screen=bool(asked.screen))
    return Charted.of(asked, series, stretches, (values, stretches.mean(values), half))


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


def _check_same(size: int, other: int, what: str) -> None:
    if size != other:
        raise OptionError(f"There are {size} {what} and {other} others. Each value needs its date, each met its n.")


def _check_any(series: Series, place: int) -> None:
    if series.bounds[place] == series.bounds[place + 1]:
        raise RecordsError("No data: there is no value in this series, so there is no chart of it.")


def _one(charted: Charted) -> ControlChart:
    _check_any(charted.series, 0)
    return ControlChart(charted, 0)
