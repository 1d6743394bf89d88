"""What stands beside and below a course: labels at the ends of its lines, what its marks mean, its control chart."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import standard_words
from ombudsman_kpi.publish.drawings.axes import period_lines
from ombudsman_kpi.publish.drawings.course import UNFIRM, Course, Point
from ombudsman_kpi.publish.drawings.course_words import ASSURANCE_WORDS, SHAPE_WORDS, VARIATION_WORDS, short_said
from ombudsman_kpi.publish.published import SHORTHAND


class End(NamedTuple):
    """A label at the end of a line: the value beside which it stands, and its lines of text."""

    value: Fraction
    lines: tuple[str, ...]
    bold: bool = False


def ends_of(course: Course) -> Iterator[End]:
    """Yield the labels at the ends of the lines: the latest value, the latest that is final, and the standard."""
    if course.latest is not None and course.latest != course.firm:
        yield from end_of(course.points[course.latest], "so far")
    yield from firm_end(course)
    yield from standard_end(course.target)


def firm_end(course: Course) -> Iterator[End]:
    """Yield the label of the latest value that nothing can change any more."""
    if course.firm is not None:
        point = course.points[course.firm]
        when = f"in {period_lines(point.row.period)[0]}"
        yield from end_of(point, *(() if course.firm == course.latest else (when,)))


def end_of(point: Point, *beside: str) -> Iterator[End]:
    """Yield the label of a point: its value, bold where nothing can change it any more."""
    if point.value is not None:
        yield End(point.value, (short_said(point), *beside), bold=point.shape not in UNFIRM)


def standard_end(target: Target) -> Iterator[End]:
    """Yield the label of a target's standard: "at least", and below it "90%"; of a change, which way it is to go."""
    standard = target.standard
    if standard is not None:
        figure = str(standard).removeprefix(standard.operator).split()[0]
        yield End(standard.value, (standard_words(target),) if target.is_change else (standard.operator, figure))


def marks_of(course: Course) -> list[tuple[str, str]]:
    """Return the marks of a course, each with what it means."""
    shapes = {point.shape for point in course.points}
    order = [shape for shape in ("worse", "better", "unusual", "open") if shape in shapes]
    items: list[tuple[str, str]] = [(shape, SHAPE_WORDS[shape]) for shape in order]
    items += [("band", "usual range")] if any(point.usual for point in course.points) else []
    return items + gap_marks(course.points)


def gap_marks(points: Iterable[Point]) -> list[tuple[str, str]]:
    """Return the marks that stand where there is no value, each with what it means."""
    gaps = dict.fromkeys(point.said for point in points if point.value is None)
    return [("gap", said) if said == "no data" else (said, withheld_words(said)) for said in gaps]


def withheld_words(said: str) -> str:
    """Return what shorthand means, in a word.

    >>> withheld_words("[c]")
    'confidential'
    """
    return SHORTHAND.get(said.strip("[]"), "").split(":")[0]


def icons_of(course: Course) -> list[tuple[str, str]]:
    """Return the icons of the control chart, each with its words; without a chart one that is empty, and why."""
    chart = course.chart
    if chart is None:
        return [("", course.why_no_chart)] if course.why_no_chart else []
    last = course.points[course.firm or 0]
    found: list[tuple[str, str]] = [(chart.variation, f"{last.row.period}: {VARIATION_WORDS[chart.variation]}")]
    if chart.assurance != "none":
        found.append((chart.assurance, f"Standard: {ASSURANCE_WORDS[chart.assurance]}"))
    return found
