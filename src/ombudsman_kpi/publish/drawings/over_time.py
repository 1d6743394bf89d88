"""A figure over its periods as a drawing: its line, its standard, what may still change, and what chance explains."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.drawings.axes import apart, every_nth, period_lines, tick_texts, ticks, width_of, wrapped
from ombudsman_kpi.publish.drawings.course import Course, Point, course_of
from ombudsman_kpi.publish.drawings.course_words import (
    ASSURANCE_WORDS,
    SHAPE_WORDS,
    VARIATION_WORDS,
    data_of,
    described,
)
from ombudsman_kpi.publish.drawings.icons import Icon, icon_of
from ombudsman_kpi.publish.drawings.svg import EM, LINE, WIDTH, framed, mark, path, rows_of_items, short, tag, words
from ombudsman_kpi.publish.published import SHORTHAND, Drawing

TALL, TOP = 130.0, 10.0  # of the part with the line, and the room above it
_SMALL = 8.0 / EM  # how much narrower text is where the drawing is wide


class Plot(NamedTuple):
    """Where things stand: the part with the line, and the round numbers beside it."""

    left: float
    right: float
    ticks: Sequence[Fraction]
    number: int

    def x(self, place: int) -> float:
        """Return where a period stands."""
        inside = self.right - self.left - 12
        return self.left + 6 + (inside * place / (self.number - 1) if self.number > 1 else inside / 2)

    def y(self, value: Fraction) -> float:
        """Return where a value stands: the greatest round number above all."""
        low, high = self.ticks[0], self.ticks[-1]
        return TOP + TALL * float((high - value) / (high - low))


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
        said = tag("text", words("No data" if all(p.said == "no data" for p in course.points) else "No figure is published"), x=0, y=24)
        return Drawing(name, title, says, framed(name, title, says, 40, said), data)
    numbers = ticks(*span)
    texts = tick_texts(numbers, share=course.share)
    left = max(map(width_of, texts)) * EM + 6
    ends = [*end_labels(course)]
    room = max(width_of(line) for _, lines, _ in ends for line in lines) * EM + 6
    plot = Plot(left, WIDTH - room, numbers, len(course.points))
    parts = [*_grid(plot, texts), *_band(course, plot), *_standard(course, plot), *_line(course, plot),
             *_points(course, plot), *_ends(ends, plot)]  # fmt: skip
    bottom = TOP + TALL + 6
    parts += _periods(course, plot, bottom)
    bottom += 2 * LINE + 4
    below = [*_explained(course, bottom)]
    return Drawing(name, title, says, framed(name, title, says, bottom + LINE * len(below) + 2, *parts, *below), data)


def end_labels(course: Course) -> Iterator[tuple[Fraction, list[str], str]]:
    """Yield the labels at the end of the lines: where each stands, its lines, and whether it is bold."""
    latest, standard = course.latest, course.target.standard
    if latest is not None:
        point = course.points[latest]
        value = point.value or Fraction(0)
        yield value, [point.said if width_of(point.said) < 5 else point.said.split(" ")[0]], "b"
    if standard is not None:
        figure = str(standard).removeprefix(standard.operator).split()[0]
        yield standard.value, [standard.operator, figure], ""


def _grid(plot: Plot, texts: Sequence[str]) -> Iterator[str]:
    lines = "".join(f"M{short(plot.left)} {short(plot.y(at))}H{short(plot.right)}" for at in plot.ticks)
    yield tag("path", d=lines, stroke="currentColor", stroke_opacity=".2")
    labels = [tag("text", words(text), x=plot.left - 4, y=plot.y(at) + 4) for at, text in zip(plot.ticks, texts, strict=True)]
    yield tag("g", *labels, text_anchor="end")


def _band(course: Course, plot: Plot) -> Iterator[str]:
    """Yield the limits of the control chart as a band: within it, chance explains what is seen."""
    for there, run in groupby(enumerate(course.points), key=lambda item: item[1].usual is not None):
        if there:
            limits = [(plot.x(place), *(plot.y(one) for one in point.usual or ())) for place, point in run]
            above, below = [(x, high) for x, _, high in limits], [(x, low) for x, low, _ in limits]
            yield tag("path", class_="u", d=path([*above, *below[::-1]]) + "z", fill_opacity=".12")


def _standard(course: Course, plot: Plot) -> Iterator[str]:
    if course.standard is not None:
        line = f"M{short(plot.left)} {short(plot.y(course.standard))}H{short(plot.right)}"
        yield tag("path", class_="s", d=line, stroke="currentColor", stroke_width=1.2, stroke_dasharray="5 3")


def _line(course: Course, plot: Plot) -> Iterator[str]:
    """Yield the line, broken where there is no value; to what may still change it is dotted."""
    firm, loose = [], []
    for place, (one, other) in enumerate(pairwise(course.points)):
        if one.value is None or other.value is None:
            continue
        part = (plot.x(place), plot.y(one.value)), (plot.x(place + 1), plot.y(other.value))
        chosen = loose if "open" in {one.shape, other.shape} else firm
        if chosen and chosen[-1][-1] == part[0]:
            chosen[-1].append(part[1])
        else:
            chosen.append([*part])
    shared = {"class_": "v", "fill": "none", "stroke": "currentColor", "stroke_width": 2.0, "stroke_linejoin": "round"}
    for parts, dashes in ((firm, None), (loose, "2 3")):
        if parts:
            yield tag("path", d="".join(map(path, parts)), stroke_dasharray=dashes, **shared)


def _points(course: Course, plot: Plot) -> Iterator[str]:
    size = 3.2 if plot.number <= 40 else 1.8
    for place, point in enumerate(course.points):
        x = plot.x(place)
        tip = tag("title", words(f"{point.named}: {point.said}"))
        if point.value is None:
            sign = [mark("gap", x, TOP + TALL - 6, 2.5)] if point.said == "no data" else [
                tag("text", words(point.said), x=x, y=TOP + TALL - 4, text_anchor="middle", font_size=short(EM * 0.75))
            ]  # fmt: skip
            yield tag("g", tip, *sign)
            continue
        whisker = []
        if point.low is not None and point.high is not None:
            line = f"M{short(x)} {short(plot.y(point.low))}V{short(plot.y(point.high))}"
            whisker = [tag("path", class_="v w", d=line, stroke="currentColor", stroke_width=1.2)]
        yield tag("g", tip, *whisker, mark(point.shape, x, plot.y(point.value), size))


def _ends(ends: Sequence[tuple[Fraction, list[str], str]], plot: Plot) -> Iterator[str]:
    places = apart([plot.y(at) for at, _, _ in ends], [LINE * len(lines) for _, lines, _ in ends], 2, TOP + TALL + 8)
    for middle, (_, lines, bold) in zip(places, ends, strict=True):
        for place, line in enumerate(lines):
            y = middle + LINE * (place - (len(lines) - 1) / 2) + 4
            yield tag("text", words(line), x=plot.right + 4, y=y, class_=bold or None, font_weight="700" if bold else None)


def _periods(course: Course, plot: Plot, top: float) -> list[str]:
    """Return the names of the periods: as many as have room, and more where the drawing is wide."""
    lines = [period_lines(point.row.period) for point in course.points]
    places = [plot.x(place) for place in range(plot.number)]
    widths = [max(width_of(first), width_of(year)) * EM for first, year in lines]
    narrow = every_nth(places, widths, 5)
    wide = every_nth(places, [width * _SMALL for width in widths], 5, within=narrow)
    found, year_shown = [], ""
    last = plot.number - 1
    for place, (first, year) in enumerate(lines):
        if (last - place) % wide:
            continue
        hidden = (last - place) % narrow != 0
        own = [tag("tspan", words(first), x=places[place])]
        if not hidden and year != year_shown:
            own.append(tag("tspan", words(year), x=places[place], dy=LINE - 2))
            year_shown = year
        found.append(tag("text", *own, y=top + 10, class_="x" if hidden else None, visibility="hidden" if hidden else None))
    return [tag("g", *found, text_anchor="middle")]


def _explained(course: Course, top: float) -> Iterator[str]:
    """Yield, line by line, what the marks mean, and the icons of the control chart with their words."""
    shapes = {point.shape for point in course.points}
    items = [(shape, SHAPE_WORDS[shape]) for shape in ("worse", "better", "unusual", "open") if shape in shapes]
    items += [("band", "as chance explains")] if any(point.usual for point in course.points) else []
    gaps = dict.fromkeys(point.said for point in course.points if point.value is None)
    items += [("gap", "no data") if said == "no data" else (said, _withheld(said)) for said in gaps]
    place = 0
    for row in rows_of_items(items, WIDTH):
        y = top + LINE * place + 10
        yield tag("g", *(_item(shape, said, x, y) for shape, said, x in row))
        place += 1
    for icon, said in _icons(course):
        y = top + LINE * place + 10
        yield tag("g", icon(7.0, y - 4) if icon else "", tag("text", words(said), x=18 if icon else 0, y=y))
        place += 1


def _withheld(said: str) -> str:
    return SHORTHAND.get(said.strip("[]"), "").split(":")[0]


def _item(shape: str, said: str, x: float, y: float) -> str:
    if shape == "band":
        sign = tag("rect", class_="u", x=x, y=y - 9, width=12, height=10, fill_opacity=".12")
    elif shape.startswith("["):
        sign = tag("text", words(shape), x=x - 2, y=y)
    else:
        sign = mark(shape, x + 6, y - 4)
    return sign + tag("text", words(said), x=x + 16, y=y)


def _icons(course: Course) -> Iterator[tuple[Icon | None, str]]:
    chart = course.chart
    if chart is None:
        yield from ((None, line) for line in wrapped(course.why_no_chart, WIDTH / EM) if line)
        return
    last = next(point for point in reversed(course.points) if _is_charted(point))
    yield icon_of(chart.variation), f"{last.row.period}: {VARIATION_WORDS[chart.variation]}"
    if chart.assurance != "none":
        yield icon_of(chart.assurance), f"Standard: {ASSURANCE_WORDS[chart.assurance]}"


def _is_charted(point: Point) -> bool:
    return point.shape not in {"open", "gap"}
