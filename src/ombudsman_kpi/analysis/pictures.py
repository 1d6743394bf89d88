"""Pictures by matplotlib of what ``plot_data`` has the data of. Results have theirs by ``Results.plot``."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ombudsman_kpi.analysis.plots import plot_data
from ombudsman_kpi.analysis.views import ThreeViews
from ombudsman_kpi.calendars.dates import day_in_short
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.publish.drawings.labels import End
from ombudsman_kpi.publish.drawings.plotted import MOST, check_library
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.rounding import percent
from ombudsman_kpi.statistics.chart_words import as_texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ombudsman_kpi.publish.drawings.described_figure import DescribedFigure

_SHAPES = {"common_cause": "point", "improvement": "better", "concern": "worse", "neutral": "unusual"}
_NAMED = 8  # of the rates outside a funnel


def plot(of: Any, **options: Any) -> "DescribedFigure":
    """Return a figure of matplotlib of anything that ``plot_data`` takes, or of results: ``savefig`` writes it.

    Its ``alt_text`` says what it shows. Of results, ``options`` are those of ``Results.plot``; else there are none.

    >>> from ombudsman_kpi.statistics import funnel
    >>> plot(funnel([50, 30, 12], [100, 60, 40], ["A", "B", "C"])).alt_text.split(" lie")[0]
    'Funnel plot. Of 3 rates, 0'

    Raises ``OptionError`` for anything else, and for more than 12 charts; ``MissingLibraryError`` without the extra
    ``publish``.
    """
    if isinstance(of, Results):
        return of.plot(**options)
    if options:
        raise OptionError(f"{', '.join(options)}: only plots of results have options.")
    check_library()
    frame = plot_data(of)
    kind = frame.attrs["plot"]
    from ombudsman_kpi.publish.drawings.described_figure import styled
    from ombudsman_kpi.publish.drawings.panels import panels, say

    parts = _PARTS[kind](frame)
    for part in parts.values():
        part.attrs = frame.attrs
    if len(parts) > MOST:
        raise OptionError(f"That would be {len(parts)} charts, and {MOST} can be read together. Plot some of them.")
    with styled():
        figure, axes = panels(max(len(parts), 1))
        for panel, (title, part) in zip(axes, parts.items(), strict=False):
            _DRAWN[kind](panel, f"{of.target}: those {title}" if isinstance(of, ThreeViews) else title, part)
        if not parts:
            say(axes[0], frame.attrs["says"])
    figure.heading = kind.capitalize()
    figure.alt_text = f"{_CALLED.get(kind, kind.capitalize())}. {frame.attrs['says']}"
    return figure


_CALLED = {"funnel": "Funnel plot", "curve": "Curve of times", "three views": "Three views of one target"}


def _whole(frame: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    return {"": frame} if len(frame) else {}


def _by(*columns: str) -> "Callable[[pd.DataFrame], dict[str, pd.DataFrame]]":
    """Return what cuts a frame into parts by some columns, each with its title."""

    def parts(frame: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
        own = [name for name in columns if name in frame]
        cut = frame.groupby(own, sort=False, dropna=False)
        return {", ".join(map(str, key)): part for key, part in cut}

    return parts


def _charts(frame: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    groups = list(frame.columns[: list(frame.columns).index("date")])
    return _by(*groups)(frame) if groups else _whole(frame)


def _values(part: "pd.DataFrame", *names: str) -> list[float]:
    return [float(number) for name in names if name in part for number in part[name] if number == number]


def _span(numbers: Sequence[float], *, share: bool) -> tuple[Fraction, Fraction]:
    """Return the least and the greatest of some numbers, with room around one alone."""
    low, high = Fraction(min(numbers, default=0.0)), Fraction(max(numbers, default=1.0))
    room = 0 if low < high else Fraction(1, 10) if share else abs(high) / 2 or Fraction(1)
    return (max(low - room, Fraction(0)), min(high + room, Fraction(1))) if share else (low - room, high + room)


def _control_chart(axes: "Axes", title: str, part: "pd.DataFrame") -> None:
    """Draw the points of a chart with its limits and its target."""
    from ombudsman_kpi.publish.drawings import panels

    share = part.attrs.get("units", {}).get("value", "").startswith("share")
    panels.entitle(axes, title or "Control chart")
    panels.number_axis(axes, _span(_values(part, "value", "lower", "upper", "target"), share=share), share=share)
    panels.period_axis(axes, [_dated(day) for day in part["date"]])
    places = range(len(part))
    axes.fill_between(places, part["lower"], part["upper"], color=panels.BAND, linewidth=0, zorder=0.5)
    axes.plot(places, part["mean"], "-", color="0.45", linewidth=1, zorder=1)
    axes.plot(places, part["value"], "-", color=panels.LINE, zorder=2)
    shapes = [_SHAPES[kind] for kind in part["point_type"]]
    for place, value, shape in zip(places, part["value"], shapes, strict=True):
        axes.plot([place], [value], zorder=3, clip_on=False, **panels.marker(shape))
    last = part.iloc[-1]
    numbers = [last["value"], last["mean"], *([last["target"]] if "target" in part else [])]
    texts = as_texts([float(number) for number in numbers], rates=share)
    ends = [
        End(Fraction(float(last["value"])), (texts[0],), bold=True),
        End(Fraction(float(last["mean"])), ("mean", texts[1])),
    ]
    if "target" in part:
        axes.axhline(float(last["target"]), color=panels.TEXT, linestyle="--", linewidth=1.2)
        ends.append(End(Fraction(float(last["target"])), ("target", texts[2])))
    panels.end_labels(axes, ends)
    words = {"worse": "worse than usual", "better": "better than usual", "unusual": "unlike before"}
    panels.below(
        axes, [*((shape, said) for shape, said in words.items() if shape in shapes), ("band", "usual range")], ()
    )


def _dated(day: Any) -> str:
    return day_in_short(day.date()) if hasattr(day, "date") else str(day)


def _funnel(axes: "Axes", title: str, part: "pd.DataFrame") -> None:
    """Draw rates by their n between the limits, and name those outside."""
    from ombudsman_kpi.publish.drawings import panels

    own = part[part["n"] > 0]
    panels.entitle(axes, title or "Rates by how many they are of")
    limits = [str(name) for name in own if str(name).startswith(("low_", "high_"))]
    panels.number_axis(axes, _span(_values(own, "rate", "pooled", *limits), share=True), share=True)
    panels.number_axis(axes, (Fraction(0), Fraction(int(own["n"].max()) if len(own) else 1)), share=False, along="x")
    axes.set_xlabel("records", labelpad=2)
    for place, name in enumerate(limits):
        axes.plot(own["n"], own[name], "--" if place // 2 else ":", color="0.35", linewidth=1.2)
    pooled = float(part["pooled"].iloc[0])
    axes.axhline(pooled, color=panels.LINE, linewidth=1)
    outside = {"high": "better", "low": "worse", "within": "point"}
    for n, rate, where in zip(own["n"], own["rate"], own["outside"], strict=True):
        look = panels.marker("unusual" if outside[where] != "point" else "point")
        axes.plot([n], [rate], zorder=3, clip_on=False, **look)
    named = own[own["outside"] != "within"].head(_NAMED)
    ends = (
        [End(Fraction(pooled), ("all together", percent(int(own["met"].sum()), int(own["n"].sum()))))]
        if len(own)
        else []
    )
    ends += [
        End(Fraction(float(rate)), (panels.cut_to(axes, str(name), 100),), bold=True)
        for name, rate in zip(named["name"], named["rate"], strict=True)
    ]
    panels.end_labels(axes, ends)
    keys = [("unusual", "outside the widest limits")] if len(named) else []
    panels.below(axes, keys, ("Lines: the limits that chance keeps to",))


def _curve(axes: "Axes", title: str, part: "pd.DataFrame") -> None:
    """Draw the share that is finished by each time, with its interval."""
    from ombudsman_kpi.publish.drawings import panels

    unit = part.attrs["units"]["elapsed"]
    panels.entitle(axes, title or "Share finished by each time")
    panels.number_axis(axes, (Fraction(0), Fraction(1)), share=True)
    panels.number_axis(axes, (Fraction(0), Fraction(float(part["elapsed"].max()) or 1)), share=False, along="x")
    axes.set_xlabel(unit, labelpad=2)
    axes.fill_between(part["elapsed"], part["low"], part["high"], step="post", color=panels.BAND, linewidth=0)
    axes.step(part["elapsed"], part["share"], where="post", color=panels.LINE)
    last = part.iloc[-1]
    text = as_texts([float(last["share"])], rates=True)[0]
    panels.end_labels(axes, [End(Fraction(float(last["share"])), (text,), bold=True)])
    panels.below(axes, [("band", "95% interval" if "level" not in part.attrs else "interval")], ())


def _three_views(axes: "Axes", title: str, part: "pd.DataFrame") -> None:
    """Draw one view: its share in each period with its interval."""
    from ombudsman_kpi.publish.drawings import panels

    panels.entitle(axes, title)
    panels.number_axis(axes, _span([*_values(part, "share", "low", "high"), 1.0], share=True), share=True)
    panels.period_axis(axes, [str(period) for period in part["period"]])
    there = [(place, row) for place, row in enumerate(part.to_dict("records")) if row["counted"]]
    for place, row in there:
        axes.vlines(place, row["low"], row["high"], color=panels.LINE, linewidth=1.2)
        shape = "open" if row["pending"] or not row["complete"] else "point"
        axes.plot([place], [row["share"]], zorder=3, clip_on=False, **panels.marker(shape))
    for (place, one), (after, other) in pairwise(there):
        if after == place + 1:
            axes.plot([place, after], [one["share"], other["share"]], color=panels.LINE, zorder=2)
    for place, counted in enumerate(part["counted"]):
        if not counted:
            panels.gap(axes, place, "no data")
    if there:
        row = there[-1][1]
        lines = (percent(int(row["met"]), int(row["counted"])), *(("so far",) if row["pending"] else ()))
        panels.end_labels(axes, [End(Fraction(row["met"], row["counted"]), lines, bold=True)])
    waiting = any(row["pending"] or not row["complete"] for _, row in there)
    panels.below(axes, [("open", "may still change")] if waiting else [], ("Lines: 95% intervals",) if there else ())


def _backlog(axes: "Axes", title: str, part: "pd.DataFrame") -> None:
    """Draw how many are open at the end of each week."""
    from ombudsman_kpi.publish.drawings import panels

    panels.entitle(axes, f"Open at the end of each week: {title}")
    most = max(_values(part, "open"), default=1.0)
    panels.number_axis(axes, (Fraction(0), Fraction(most or 1)), share=False)
    panels.period_axis(axes, [f"w/c {_dated(day)}" for day in part["week_start"]])
    axes.plot(range(len(part)), part["open"], "-", color=panels.LINE)
    axes.plot([len(part) - 1], [part["open"].iloc[-1]], clip_on=False, **panels.marker("point"))
    last = int(part["open"].iloc[-1])
    panels.end_labels(axes, [End(Fraction(last), (f"{last:,} open",), bold=True)])


_PARTS: "Mapping[str, Callable[[pd.DataFrame], dict[str, pd.DataFrame]]]" = {
    "control chart": _charts, "funnel": _whole, "curve": _whole, "three views": _by("view"), "backlog": _by("target"),
}  # fmt: skip
_DRAWN: "Mapping[str, Callable[[Axes, str, pd.DataFrame], None]]" = {
    "control chart": _control_chart, "funnel": _funnel, "curve": _curve, "three views": _three_views,
    "backlog": _backlog,
}  # fmt: skip
