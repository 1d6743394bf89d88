"""The course of a figure: its value in each period, what may still change, and what a control chart says of it.

Drawings as SVG and by matplotlib draw the same course. What is withheld isn't in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from ombudsman_kpi.calendars.dates import MONTHS
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import cell_of, figure_of, kind_of, value_words
from ombudsman_kpi.publish.published import Shorthand
from ombudsman_kpi.statistics.chart import ControlChart
from ombudsman_kpi.statistics.chart_words import FEW
from ombudsman_kpi.statistics.control_charts import p_chart, xmr
from ombudsman_kpi.statistics.series import TOO_LARGE

SHAPES = {"common_cause": "point", "improvement": "better", "concern": "worse", "neutral": "unusual"}
UNFIRM = {"open", "gap"}  # shapes of points that may still change, or have no value


class Point(NamedTuple):
    """A figure in one period. A value that is withheld or isn't there is None."""

    row: Row
    named: str  # the period, in words
    value: Fraction | None
    said: str  # the value as it is shown, or the shorthand in its place
    low: Fraction | None = None  # what it may still become, where it may
    high: Fraction | None = None
    shape: str = "point"  # "open", where it may still change; "better", "worse" or "unusual", of a special cause
    usual: tuple[Fraction, Fraction] | None = None  # the limits of the control chart


@dataclass(frozen=True)
class Course:
    """A figure over time."""

    target: Target
    points: tuple[Point, ...]
    chart: ControlChart | None  # of the periods that are final
    why_no_chart: str = ""

    @property
    def share(self) -> bool:
        """Whether its numbers are shown in per cent."""
        return kind_of(self.target) == "share"

    @property
    def standard(self) -> Fraction | None:
        """The published figure, in the unit of the values."""
        return None if self.target.standard is None else self.target.standard.value

    @property
    def latest(self) -> int | None:
        """The place of the latest point with a value."""
        return max((place for place, point in enumerate(self.points) if point.value is not None), default=None)

    @property
    def firm(self) -> int | None:
        """The place of the latest point with a value that nothing can change any more."""
        return max((at for at, point in enumerate(self.points) if point.shape not in UNFIRM), default=None)

    def span(self) -> tuple[Fraction, Fraction] | None:
        """Return the least and the greatest of all values, with room around one alone; None where there are none."""
        values = [
            number for point in self.points for number in (point.value, point.low, point.high) if number is not None
        ]
        if not values:
            return None
        values += [] if self.standard is None else [self.standard]
        low, high = min(values), max(values)
        if low < high:
            return low, high
        room = Fraction(1, 10) if self.share else abs(high) / 2 or Fraction(1)
        floor = Fraction(0) if low >= 0 else low - room
        ceiling = Fraction(1) if self.share and high <= 1 else high + room
        return max(low - room, floor), min(high + room, ceiling)


def course_of(rows: Iterable[Row], target: Target) -> Course:
    """Return the course of a figure, from the rows of one target, cohort, kind of period and group.

    Rows without a period are left out. Shares of records have a p′ chart, and all else an XmR chart, of the periods
    that nothing can change any more.
    """
    dated = sorted((row for row in rows if row.period_start is not None), key=_start)
    points = [_point(row, target) for row in dated]
    chart, why = _chart([point for point in points if _is_final(point)], target)
    return Course(target, tuple(_charted(points, chart)), chart, why)


def _start(row: Row) -> date:
    return row.period_start or date.min


def named(row: Row) -> str:
    """Return a period in words: "March 2024"."""
    day = row.period_start
    return f"{MONTHS[day.month - 1]} {day.year}" if row.every == "month" and day is not None else row.period


def _point(row: Row, target: Target) -> Point:
    value = cell_of(row, "value", target)
    if isinstance(value, Shorthand) or value is None:
        absent = value == Shorthand("x") and "value" not in row.withheld
        return Point(row, named(row), None, "no data" if absent else str(value), shape="gap")
    low, high = ((None if column in row.withheld else figure_of(row, target, column)) for column in ("low", "high"))
    moves = low is not None and high is not None and row.low != row.high
    return Point(
        row, named(row), row.exact, value_words(row, target),
        low.exact if low and moves else None, high.exact if high and moves else None,
        "point" if row.complete and not moves else "open",
    )  # fmt: skip


def _is_final(point: Point) -> bool:
    return point.shape == "point"


def _chart(points: Sequence[Point], target: Target) -> tuple[ControlChart | None, str]:
    """Return the control chart of some points; or why there is none, in words."""
    way = target.improves
    if way is None or not points:
        return None, ""
    if len(points) < FEW:
        noun = period_noun(points[0].row.every, 2)
        return None, f"Too few {noun} for a control chart: {len(points)} can't change any more; it takes {FEW}."
    rows, dates = [point.row for point in points], [point.row.period_start for point in points]
    values = [point.value or Fraction(0) for point in points]
    standard = None if target.standard is None else float(target.standard.value)
    counts = [[cell_of(row, column, target) for column in ("met", "missed")] for row in rows]
    pairs = [(met, met + missed) for met, missed in counts if isinstance(met, int) and isinstance(missed, int)]
    if target.is_share and len(pairs) == len(values):  # else a count is withheld, which limits would tell
        met, of = zip(*pairs, strict=True)
        if all(n and Fraction(m, n) == value for m, n, value in zip(met, of, values, strict=True)):
            return p_chart(met, of, dates, prime=True, improvement=way, target=standard), ""
    if any(abs(value) >= TOO_LARGE for value in values):
        return None, ""
    return xmr([float(value) for value in values], dates, improvement=way, target=standard), ""


def _charted(points: Sequence[Point], chart: ControlChart | None) -> Iterable[Point]:
    """Yield points with what the chart says of them."""
    found = iter(chart.to_dict()["points"] if chart is not None else ())
    for point in points:
        if chart is None or not _is_final(point):
            yield point
            continue
        of_chart = next(found)
        limits = of_chart["lower"], of_chart["upper"]
        usual = None if None in limits else (Fraction(limits[0]), Fraction(limits[1]))
        yield point._replace(shape=SHAPES[of_chart["point_type"]], usual=usual)


_NOUNS = {"two-month": "two-month period", "half-year": "half-year", "financial-year": "financial year"}


def period_noun(every: str, number: int) -> str:
    """Return what periods of a kind are called.

    >>> period_noun("month", 12), period_noun("financial-year", 1)
    ('months', 'financial year')
    """
    return _NOUNS.get(every, every) + ("" if number == 1 else "s")
