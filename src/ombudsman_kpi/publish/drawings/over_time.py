"""A figure over its periods as a drawing: its line, its standard, what may still change, and what chance explains."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.drawings.axes import wrapped
from ombudsman_kpi.publish.drawings.course import Course, course_of
from ombudsman_kpi.publish.drawings.course_words import data_of, described
from ombudsman_kpi.publish.drawings.icons import icon_of
from ombudsman_kpi.publish.drawings.labels import ends_of, icons_of, marks_of
from ombudsman_kpi.publish.drawings.plot import BELOW, Plot, explained
from ombudsman_kpi.publish.drawings.svg import EM, LINE, WIDTH, framed, path, tag, words
from ombudsman_kpi.publish.published import Drawing


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
    plot = Plot.of(span, len(course.points), ends_of(course), share=course.share)
    points = tuple(enumerate(course.points))
    periods = plot.periods([point.row.period for point in course.points])
    top = BELOW + 2 * LINE + 4
    below = explained(marks_of(course), top)
    below += _icons(course, top + LINE * len(below))
    svg = framed(
        name, title, says, top + LINE * len(below) + 2, plot.grid(), *_band(course, plot),
        plot.standard(target.standard), plot.line(points), *plot.points(points), *plot.labels(), periods, *below,
    )  # fmt: skip
    return Drawing(name, title, says, svg, data)


def without_values(name: str, title: str, says: str) -> str:
    """Return a drawing in which there is nothing to draw: it says why."""
    texts = wrapped(says, WIDTH / EM, 5)
    lines = [tag("text", words(line), x=0, y=LINE * place + 14) for place, line in enumerate(texts)]
    return framed(name, title, says, LINE * len(lines) + 6, *lines)


def _band(course: Course, plot: Plot) -> Iterator[str]:
    """Yield the limits of the control chart as a band: within it, chance explains what is seen."""
    for there, run in groupby(enumerate(course.points), key=lambda item: item[1].usual is not None):
        if there:
            limits = [(plot.x(place), [plot.y_within(one) for one in point.usual or ()]) for place, point in run]
            round_ = [(x, ys[1]) for x, ys in limits] + [(x, ys[0]) for x, ys in reversed(limits)]
            yield tag("path", class_="u", d=path(round_) + "z", fill_opacity=".12")


def _icons(course: Course, top: float) -> list[str]:
    """Return, line by line, the icons of the control chart beside their words; or why there is none."""
    lines = [
        (icon, line)
        for icon, said in icons_of(course)
        for line in ([said] if icon else wrapped(said, WIDTH / EM))
    ]  # fmt: skip
    return [
        tag("g", icon_of(icon)(7.0, y - 4) if icon else "", tag("text", words(said), x=18 if icon else 0, y=y))
        for (icon, said), y in ((line, top + LINE * at + 10) for at, line in enumerate(lines))
    ]
