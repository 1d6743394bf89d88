"""One target several times, one below the other on the same scale: by its cohorts, or by group. Never tangled lines."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import cell_of, group_words, kind_of, standard_words, title_of
from ombudsman_kpi.publish.drawings.axes import cut
from ombudsman_kpi.publish.drawings.course import UNFIRM, Course, course_of
from ombudsman_kpi.publish.drawings.course_words import SHAPE_WORDS
from ombudsman_kpi.publish.drawings.labels import End, end_of, firm_end, gap_marks
from ombudsman_kpi.publish.drawings.over_time import without_values
from ombudsman_kpi.publish.drawings.plot import BELOW, TALL, TOP, Plot, explained
from ombudsman_kpi.publish.drawings.svg import EM, LINE, WIDTH, framed, tag, words
from ombudsman_kpi.publish.published import Cell, Drawing, PublishedTable, Shorthand, TableColumn

MOST = 12  # panels that can be read together
_PANEL, _BETWEEN = 44.0, 32.0  # how tall a panel is, and the room above it, in which its name stands


def three_cohorts(rows: Iterable[Row], target: Target, *, name: str, title: str = "") -> Drawing:
    """Return the drawing of a target by each of its cohorts, from its rows of one kind of period and one group.

    Each cohort alone can be gamed: closing only young cases flatters those closed. ``name`` is no other drawing's.
    """
    panels: dict[str, list[Row]] = {}
    for row in rows:
        panels.setdefault(f"Those {row.cohort}", []).append(row)
    return _multiples(panels, target, name, title or title_of(target))


def by_group(rows: Iterable[Row], target: Target, *, name: str, title: str = "") -> Drawing:
    """Return the drawing of a target over its periods in each group, from its rows of one cohort and kind of period.

    ``name`` is no other drawing's. Raises ``OptionError`` for more than 12 groups: bars have room for them.
    """
    panels: dict[str, list[Row]] = {}
    for row in rows:
        panels.setdefault(", ".join(map(group_words, row.group)), []).append(row)
    if len(panels) > MOST:
        raise OptionError(f"{target.id}: {len(panels)} groups; {MOST} can be read together. Draw them as bars.")
    return _multiples(panels, target, name, title or title_of(target))


def _multiples(panels: Mapping[str, Iterable[Row]], target: Target, name: str, title: str) -> Drawing:
    courses = {of: course_of(own, target) for of, own in panels.items()}
    periods = {_start(point.row): point.row.period for course in courses.values() for point in course.points}
    starts = {start: place for place, start in enumerate(sorted(periods))}
    says = " ".join(_sentences(courses))
    data = _data(courses, target, (name, title, says))
    spans = [span for course in courses.values() if (span := course.span()) is not None]
    if not spans:
        return Drawing(name, title, says, without_values(name, title, says), data)
    span = min(low for low, _ in spans), max(high for _, high in spans)
    ends = {of: [*_end(course)] for of, course in courses.items()}
    plot = Plot.of(
        span, len(starts), [end for own in ends.values() for end in own], share=kind_of(target) == "share", most=2
    )
    drawn: list[str] = []
    for at, (of, course) in enumerate(courses.items()):
        top = TOP + _BETWEEN - 8 + at * (_PANEL + _BETWEEN)
        drawn += _panel(of, course, plot._replace(ends=ends[of], top=top, tall=_PANEL), starts)
    bottom = TOP - 8 + len(courses) * (_PANEL + _BETWEEN)
    labels = plot._replace(top=bottom - TALL, tall=TALL).periods([periods[start] for start in starts])
    marks = explained(_marks(courses, target), bottom + BELOW - TOP - TALL + 2 * LINE + 4)
    height = bottom + BELOW - TOP - TALL + 2 * LINE + 6 + LINE * len(marks)
    return Drawing(name, title, says, framed(name, title, says, height, *drawn, labels, *marks), data)


def _start(row: Row) -> date:
    return row.period_start or date.min


def _panel(of: str, course: Course, plot: Plot, starts: Mapping[date, int]) -> Iterator[str]:
    points = [(starts[_start(point.row)], point) for point in course.points]
    yield tag("text", words(cut(of, WIDTH / EM)), x=0, y=plot.top - 9, class_="b", font_weight="700")
    if course.latest is None:
        said = ", ".join(dict.fromkeys(point.said for point in course.points)) or "no data"
        yield tag("text", words(said), x=plot.left, y=plot.top + LINE)
        return
    yield plot.grid()
    yield plot.standard(course.target.standard)
    yield plot.line(points)
    kept = [item for at, item in enumerate(points) if item[1].shape in UNFIRM or at == course.firm]
    yield from plot.points(
        [(at, point if point.shape in UNFIRM else point._replace(shape="point")) for at, point in kept]
    )
    yield from plot.labels()


def _end(course: Course) -> Iterator[End]:
    """Yield the label of a panel's line: its latest value that is final, or else the latest."""
    if course.firm is None and course.latest is not None:
        yield from end_of(course.points[course.latest], "so far")
    yield from firm_end(course)


def _marks(courses: Mapping[str, Course], target: Target) -> list[tuple[str, str]]:
    points = [point for course in courses.values() if course.latest is not None for point in course.points]
    items = [] if target.standard is None else [("standard", f"standard: {standard_words(target)}")]
    items += [("open", SHAPE_WORDS["open"])] if any(point.shape == "open" for point in points) else []
    return items + gap_marks(points)


def _sentences(courses: Mapping[str, Course]) -> Iterator[str]:
    if all(course.latest is None for course in courses.values()):
        yield "There is no figure to show."
        return
    for of, course in courses.items():
        own = [course.points[at] for at in dict.fromkeys((course.firm, course.latest)) if at is not None]
        said = [f"{point.said} in {point.named}{', so far' if point.shape == 'open' else ''}" for point in own]
        yield f"{cut(of, 30)}: {'; '.join(said) or 'no figure'}."


def _data(courses: Mapping[str, Course], target: Target, named: tuple[str, str, str]) -> PublishedTable:
    unit = "" if target.unit in {"share", "number"} else target.unit
    columns = [TableColumn("Period"), *(TableColumn(of, kind_of(target), unit) for of in courses)]
    names: dict[date, str] = {}
    cells: dict[tuple[date, str], Cell] = {}
    for of, course in courses.items():
        for point in course.points:
            start = _start(point.row)
            names[start] = point.named + ("" if point.row.complete else " (not over)")
            cells[start, of] = cell_of(point.row, "value", target)
    rows = [(names[start], *(cells.get((start, of), Shorthand("x")) for of in courses)) for start in sorted(names)]
    return PublishedTable(*named, tuple(columns), tuple(rows))
