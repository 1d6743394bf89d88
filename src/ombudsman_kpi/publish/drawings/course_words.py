"""What the course of a figure says in words, and as a table: for whoever doesn't see the drawing."""

from collections import Counter
from collections.abc import Iterator

from ombudsman_kpi.publish.cells import cell_of, counted_words, kind_of, standard_words, value_words
from ombudsman_kpi.publish.drawings.axes import width_of
from ombudsman_kpi.publish.drawings.course import Course, Point, period_noun
from ombudsman_kpi.publish.published import SHORTHAND, Cell, PublishedTable, TableColumn
from ombudsman_kpi.rounding import many

VARIATION_WORDS = {
    "common_cause": "only the usual ups and downs",
    "improvement": "better than usual, by more than chance",
    "concern": "worse than usual, by more than chance",
    "neutral": "unlike before, by more than chance",
}
ASSURANCE_WORDS = {
    "consistent_pass": "will be met unless something changes",
    "consistent_fail": "will be missed unless something changes",
    "inconsistent": "may be met or missed by chance",
}
SHAPE_WORDS = {
    "worse": "worse than usual", "better": "better than usual",
    "unusual": "unlike before", "open": "may still change",
}  # fmt: skip


def short_said(point: Point) -> str:
    """Return a value as it has room beside a line: without its unit where that is long."""
    return point.said if width_of(point.said) < 5 else point.said.split(" ")[0]


def described(course: Course) -> str:
    """Return what a course shows, in a few sentences."""
    return " ".join(_sentences(course))


def _sentences(course: Course) -> Iterator[str]:
    target, points = course.target, course.points
    there = [point for point in points if point.value is not None]
    if not there:
        yield "There is no figure to show."
    every = points[0].row.every if points else "period"
    judged = Counter(point.row.status for point in there)
    decided = judged["met"] + judged["missed"]
    if course.standard is not None and decided:
        standard = f"({standard_words(target)})" if target.is_change else f"of {standard_words(target)}"
        text = f"The standard {standard} was met in {judged['met']} of {decided} "
        open_ = judged["undetermined"]
        still = f"; {many(open_, period_noun(every, 1))} can still go either way" if open_ else ""
        yield f"{text}{period_noun(every, decided)}{still}."
    if there:
        yield _latest(there[-1], course)
    firm = [point for point in there if point.shape != "open"]
    if len(firm) > 2:
        ordered = sorted(firm, key=lambda point: point.value or 0)
        low, high = ordered[0], ordered[-1]
        if low.value != high.value:
            yield f"The lowest is {low.said} in {low.named}, the highest {high.said} in {high.named}."
    yield from _gaps(points, every)
    yield from _of_chart(course)


def _latest(point: Point, course: Course) -> str:
    row, target = point.row, course.target
    counted = counted_words(row, target) if target.is_share else "–"
    counts = f" ({counted})" if counted != "–" else ""
    text = f"The latest, {point.named}, is {point.said}{counts}"
    if point.low is not None and point.high is not None:
        low, high = (value_words(row, target, column) for column in ("low", "high"))
        return f"{text} so far, and may still become anything from {low} to {high}."
    return f"{text}{'' if row.complete else ' so far'}."


def _gaps(points: tuple[Point, ...], every: str) -> Iterator[str]:
    for said, number in Counter(point.said for point in points if point.value is None).items():
        why = SHORTHAND.get(said.strip("[]"), "")
        which = f"Of {many(number, period_noun(every, 1))} "
        gap = "withheld" if said == "[c]" else "missing"
        yield f"{which}there is no data." if not why else f"{which}the figure is {gap}, {said}: {why}."


def _of_chart(course: Course) -> Iterator[str]:
    chart = course.chart
    if chart is None:
        if course.why_no_chart:
            yield course.why_no_chart
        return
    last = course.points[course.firm or 0]
    shows = "shows" if chart.variation == "common_cause" else "is"
    text = f"By the control chart {last.named} {shows} {VARIATION_WORDS[chart.variation]}"
    yield f"{text}; the standard {ASSURANCE_WORDS[chart.assurance]}." if chart.assurance != "none" else f"{text}."


def data_of(course: Course, name: str, title: str) -> PublishedTable:
    """Return the data of a course as a table: the same that is drawn."""
    target, kind = course.target, kind_of(course.target)
    unit = "" if target.unit in {"share", "number"} else target.unit
    moves = any(point.low is not None for point in course.points)
    columns = [
        TableColumn("Period"),
        *([TableColumn("Of", "whole")] if target.is_share else []),
        TableColumn("Value", kind, unit),
    ]
    columns += [TableColumn(heading, kind, unit) for heading in ("At worst", "At best") if moves]
    columns += [TableColumn("Standard"), TableColumn("Compared with chance")] if course.standard is not None else []
    rows = []
    for point in course.points:
        cells: list[Cell] = [point.named + ("" if point.row.complete else " (not over)")]
        cells += [cell_of(point.row, "denominator", target)] if target.is_share else []
        cells.append(cell_of(point.row, "value", target))
        cells += [cell_of(point.row, column, target) for column in ("low", "high")] if moves else []
        if course.standard is not None:
            cells += [standard_words(target), SHAPE_WORDS.get(point.shape, "")]
        rows.append(tuple(cells))
    return PublishedTable(name, title, described(course), tuple(columns), tuple(rows))
