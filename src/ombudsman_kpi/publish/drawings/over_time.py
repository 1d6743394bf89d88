"""A figure over its periods as a drawing: its line, its standard, what may still change, and what chance explains."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.drawings.axes import period_lines, wrapped
from ombudsman_kpi.publish.drawings.course import UNFIRM, Course, Point, course_of
from ombudsman_kpi.publish.drawings.course_words import (
    ASSURANCE_WORDS,
    SHAPE_WORDS,
    VARIATION_WORDS,
    data_of,
    described,
    short_said,
)
from ombudsman_kpi.publish.drawings.icons import icon_of
from ombudsman_kpi.publish.drawings.plot import BELOW, End, Plot, explained, standard_end
from ombudsman_kpi.publish.drawings.svg import EM, LINE, WIDTH, framed, path, tag, words
from ombudsman_kpi.publish.published import SHORTHAND, Drawing


def over_time(rows: Iterable[Row], target: Target, *, name: str, title: str = "") -> Drawing:
    """Return the drawing of a figure over its periods, from the rows of one target, cohort, kind of period and group.

    ``name`` is no other drawing's. Points that may still change are hollow, and stand on a line from the least to the
    greatest that they may become; special causes have shapes of their own. What is withheld is a gap.
    """
    course = course_of(rows, target)
    title, says = title or title_of(target), described(course)
    data = data_of(course, name, title)
    span = course.span()
    if span is None:
        return Drawing(name, title, says, without_values(name, title, says), data)
    plot = Plot.of(span, len(course.points), _ends(course), share=course.share)
    points = tuple(enumerate(course.points))
    periods = plot.periods([point.row.period for point in course.points])
    below, top = explained(_marks(course), BELOW + 2 * LINE + 4), BELOW + 2 * LINE + 4
    below += _icons(course, top + LINE * len(below))
    svg = framed(
        name, title, says, top + LINE * len(below) + 2, plot.grid(), *_band(course, plot),
        plot.standard(target.standard), plot.line(points), *plot.points(points), *plot.labels(), periods, *below,
    )  # fmt: skip
    return Drawing(name, title, says, svg, data)


def without_values(name: str, title: str, says: str) -> str:
    """Return a drawing in which there is nothing to draw: it says why."""
    lines = [
        tag("text", words(line), x=0, y=LINE * place + 14) for place, line in enumerate(wrapped(says, WIDTH / EM, 5))
    ]
    return framed(name, title, says, LINE * len(lines) + 6, *lines)


def _ends(course: Course) -> Iterator[End]:
    """Yield the labels at the ends of the lines: the latest value, and the standard."""
    if course.latest is not None and course.latest != course.firm:
        yield from end_of(course.points[course.latest], "so far")
    if course.firm is not None:
        point = course.points[course.firm]
        yield from end_of(
            point, *(() if course.firm == course.latest else (f"in {period_lines(point.row.period)[0]}",))
        )
    yield from standard_end(course.target.standard)


def end_of(point: Point, *beside: str) -> Iterator[End]:
    """Yield the label of a point: its value, bold where nothing can change it any more."""
    if point.value is not None:
        yield End(point.value, (short_said(point), *beside), bold=point.shape not in UNFIRM)


def _band(course: Course, plot: Plot) -> Iterator[str]:
    """Yield the limits of the control chart as a band: within it, chance explains what is seen."""
    for there, run in groupby(enumerate(course.points), key=lambda item: item[1].usual is not None):
        if there:
            limits = [(plot.x(place), [plot.y_within(one) for one in point.usual or ()]) for place, point in run]
            round_ = [(x, ys[1]) for x, ys in limits] + [(x, ys[0]) for x, ys in reversed(limits)]
            yield tag("path", class_="u", d=path(round_) + "z", fill_opacity=".12")


def _marks(course: Course) -> list[tuple[str, str]]:
    """Return the marks that are in the drawing, each with what it means."""
    shapes = {point.shape for point in course.points}
    items: list[tuple[str, str]] = [
        (shape, SHAPE_WORDS[shape]) for shape in ("worse", "better", "unusual", "open") if shape in shapes
    ]
    items += [("band", "usual range")] if any(point.usual for point in course.points) else []
    return items + gap_marks(course.points)


def gap_marks(points: Sequence[Point]) -> list[tuple[str, str]]:
    """Return the marks that stand where there is no value, each with what it means."""
    gaps = dict.fromkeys(point.said for point in points if point.value is None)
    return [("gap", said) if said == "no data" else (said, withheld_words(said)) for said in gaps]


def withheld_words(said: str) -> str:
    """Return what shorthand means, in a word.

    >>> withheld_words("[c]")
    'confidential'
    """
    return SHORTHAND.get(said.strip("[]"), "").split(":")[0]


def _icons(course: Course, top: float) -> list[str]:
    """Return, line by line, the icons of the control chart beside their words; or why there is none."""
    chart = course.chart
    if chart is None:
        lines = wrapped(course.why_no_chart, WIDTH / EM)
        return [tag("text", words(line), x=0, y=top + LINE * at + 10) for at, line in enumerate(lines) if line]
    last = course.points[course.firm or 0]
    found: list[tuple[str, str]] = [(chart.variation, f"{last.row.period}: {VARIATION_WORDS[chart.variation]}")]
    if chart.assurance != "none":
        found.append((chart.assurance, f"Standard: {ASSURANCE_WORDS[chart.assurance]}"))
    return [
        tag("g", icon_of(icon)(7.0, top + LINE * at + 6), tag("text", words(said), x=18, y=top + LINE * at + 10))
        for at, (icon, said) in enumerate(found)
    ]
