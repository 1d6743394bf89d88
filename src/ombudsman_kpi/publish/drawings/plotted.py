"""Results as a figure of matplotlib: a panel for each target and group, of the same courses as the page's drawings."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from ombudsman_kpi.errors import MissingLibraryError, OptionError, SchemeError, one_of
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import cell_of, group_words, kind_of, title_of
from ombudsman_kpi.publish.drawings.bars import Bar, bars_of, described_bars
from ombudsman_kpi.publish.drawings.course import Course, course_of
from ombudsman_kpi.publish.drawings.course_words import described
from ombudsman_kpi.publish.drawings.labels import ends_of, icons_of, marks_of
from ombudsman_kpi.publish.published import PublishedTable, TableColumn
from ombudsman_kpi.publish.totals import is_total
from ombudsman_kpi.tallies.basis import Basis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ombudsman_kpi.publish.drawings.described_figure import DescribedFigure

MOST = 12  # panels that can be read together


class Shown(NamedTuple):
    """What a panel shows: the rows of a target, over its periods in one group, or in all groups at once."""

    target: Target
    title: str
    rows: tuple[Row, ...]
    over_time: bool
    uncounted: tuple[str, ...] = ()  # the other groups, of which nothing was counted


def check_library() -> None:
    """Raise ``MissingLibraryError`` where what draws figures isn't installed."""
    if find_spec("matplotlib") is None or find_spec("afcharts") is None:
        raise MissingLibraryError(
            "matplotlib and afcharts draw figures: pip install 'ombudsman-kpi[publish]'. plot_data gives data alone."
        )


def plotted(
    rows: Sequence[Row], basis: Basis, targets: str | Sequence[str] | None = None, cohort: str | None = None,
    every: str | None = None, group: Mapping[str, str] | None = None,
) -> "DescribedFigure":  # fmt: skip
    """Return a figure of results: a panel for each target and group over its periods, or where there are none, bars.

    A group of which nothing was counted has no panel; the alternative text names it.

    Raises ``SchemeError`` for a target that isn't there; ``OptionError`` for other options that fit nothing, for more
    than 12 panels, and where nothing was measured; ``MissingLibraryError`` without matplotlib and afcharts.
    """
    check_library()
    shown = _chosen(rows, basis, targets, cohort, every, group)
    from ombudsman_kpi.publish.drawings.described_figure import styled
    from ombudsman_kpi.publish.drawings.panels import panels

    with styled():
        bars = [_bars(item) for item in shown]
        figure, axes = panels(len(shown), max(map(len, bars)))
        said = [
            _draw(panel, item, own) + "".join(f" Nothing was counted of {name}." for name in item.uncounted)
            for panel, item, own in zip(axes, shown, bars, strict=True)
        ]
    figure.heading = shown[0].title if len(shown) == 1 else basis.scheme.title
    figure.alt_text = " ".join(said) if len(said) == 1 else f"{len(said)} charts. {' '.join(said)}"
    return figure


def _chosen(
    rows: Sequence[Row], basis: Basis, targets: str | Sequence[str] | None, cohort: str | None, every: str | None,
    group: Mapping[str, str] | None,
) -> list[Shown]:  # fmt: skip
    """Return what each panel shows."""
    rows = [row for row in rows if not is_total(row)]
    there = list(dict.fromkeys(row.target for row in rows))
    wanted = there if targets is None else [targets] if isinstance(targets, str) else list(targets)
    for target in wanted:
        if target not in there:
            raise SchemeError(f"These results have no target {target!r}. {one_of(target, there)}")
    of = _group_wanted(basis, group)
    shown: list[Shown] = []
    for target in wanted:
        own = [row for row in rows if row.target == target and row.status != "not measured"]
        own = [row for row in own if all(row.group[place] == value for place, value in of.items())]
        shown += _of_target(basis.scheme[target], own, cohort, every)
    if not shown:
        why = dict.fromkeys(row.note for row in rows if row.status == "not measured" and row.target in wanted)
        raise OptionError(f"There is nothing to plot: {'; '.join(filter(None, why)) or 'no row is of these options'}.")
    if len(shown) > MOST:
        raise OptionError(
            f"That would be {len(shown)} charts, and {MOST} can be read together. Choose: plot(target=…), "
            "plot(group={…}), or measure without by=."
        )
    return shown


def _group_wanted(basis: Basis, group: Mapping[str, str] | None) -> dict[int, str]:
    found = {}
    for name, value in (group or {}).items():
        if name not in basis.by:
            raise OptionError(f"group: these results aren't by {name!r}. {one_of(name, basis.by)}")
        found[basis.by.index(name)] = value
    return found


def _of_target(target: Target, rows: Sequence[Row], cohort: str | None, every: str | None) -> Iterator[Shown]:
    """Yield the panels of a target: of the cohort and the kind of period that were asked for, or else the first."""
    cohorts = list(dict.fromkeys(row.cohort for row in rows))
    chosen = cohort or next(iter(cohorts), None)
    if rows and chosen not in cohorts:
        raise OptionError(f"cohort: {target.id} wasn't measured by {chosen!r}. {one_of(chosen, cohorts)}")
    kinds = list(dict.fromkeys(row.every for row in rows))
    dated = [row.every for row in rows if row.period_start is not None]
    kind = every or next(iter([*dated, *kinds]), None)
    if rows and kind not in kinds:
        raise OptionError(f"every: {target.id} wasn't measured every {kind!r}. {one_of(kind, kinds)}")
    own = [row for row in rows if row.cohort == chosen and row.every == kind]
    if kind not in dated:
        if own:
            yield Shown(target, title_of(target), tuple(own), over_time=False)
        return
    by_group: dict[tuple[str, ...], list[Row]] = {}
    for row in own:
        by_group.setdefault(row.group, []).append(row)
    counted = [group for group, of in by_group.items() if any(row.exact is not None or row.withheld for row in of)]
    uncounted = tuple(_group_words(group) for group in by_group if group not in counted) if counted else ()
    for group in counted or by_group:
        title = ": ".join([title_of(target), *([_group_words(group)] if group else [])])
        yield Shown(target, title, tuple(by_group[group]), over_time=True, uncounted=uncounted)
        uncounted = ()


def _group_words(group: tuple[str, ...]) -> str:
    return ", ".join(map(group_words, group))


def _bars(shown: Shown) -> list[Bar]:
    """Return the bars of a panel without periods: one for each group, or one for all together."""
    if shown.over_time:
        return []
    target = shown.target
    unit = "" if target.unit in {"share", "number"} else target.unit
    columns = TableColumn("Group"), TableColumn("Value", kind_of(target), unit)
    cells = tuple((_group_words(row.group) or "All", cell_of(row, "value", target)) for row in shown.rows)
    return bars_of(PublishedTable("", "", "", columns, cells), 0, 1, target.standard, ordered=True)


def _draw(axes: "Axes", shown: Shown, bars: Sequence[Bar]) -> str:
    """Draw a panel, and return what it shows in words."""
    from ombudsman_kpi.publish.drawings.panels import draw_bars, entitle

    entitle(axes, shown.title)
    if not shown.over_time:
        draw_bars(axes, bars, shown.target.standard, share=kind_of(shown.target) == "share")
        column = TableColumn("Value", kind_of(shown.target))
        return f"Bar chart: {shown.title}. {described_bars(bars, column, shown.target.standard)}"
    course = course_of(shown.rows, shown.target)
    draw_course(axes, course)
    return f"Line chart: {shown.title}. {described(course)}"


def draw_course(axes: "Axes", course: Course) -> None:
    """Draw the course of a figure: the same as the page's drawing of it."""
    from ombudsman_kpi.publish.drawings import panels

    span, points = course.span(), course.points
    if span is None:
        panels.say(axes, described(course))
        return
    panels.number_axis(axes, span, share=course.share)
    panels.period_axis(axes, [point.row.period for point in points])
    for there, run in groupby(enumerate(points), key=lambda item: item[1].usual is not None):
        if there:
            limits = [(place, *map(float, point.usual or ())) for place, point in run]
            places, lower, upper = (list(column) for column in zip(*limits, strict=True))
            axes.fill_between(places, lower, upper, color=panels.BAND, linewidth=0, zorder=0.5)
    if course.standard is not None:
        axes.axhline(float(course.standard), color=panels.TEXT, linestyle="--", linewidth=1.2, zorder=1.5)
    for (place, one), (_, other) in pairwise(enumerate(points)):
        if one.value is not None and other.value is not None:
            style = ":" if "open" in {one.shape, other.shape} else "-"
            axes.plot([place, place + 1], [float(one.value), float(other.value)], style, color=panels.LINE, zorder=2)
    for place, point in enumerate(points):
        if point.low is not None and point.high is not None:
            axes.vlines(place, float(point.low), float(point.high), color=panels.LINE, linewidth=1.2, zorder=2)
        if point.value is not None:
            axes.plot([place], [float(point.value)], zorder=3, clip_on=False, **panels.marker(point.shape))
        else:
            panels.gap(axes, place, point.said)
    panels.end_labels(axes, list(ends_of(course)))
    panels.below(axes, marks_of(course), [said for _, said in icons_of(course)])
