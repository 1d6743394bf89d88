"""Which published figures were revised since they were last published, and which are provisional."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.places import Group


class Place(NamedTuple):
    """Where a figure stands in results: no two figures have the same."""

    target: str
    cohort: str
    every: str
    period: str
    group: Group


PUBLISHED = ("met", "missed", "pending", "numerator", "denominator", "low", "high", "operator", "standard", "status")


def place_of(row: Row) -> Place:
    """Return where a figure stands."""
    return Place(row.target, row.cohort, row.every, row.period, row.group)


def exact_of(row: Row) -> Any:
    """Return the value of a figure before it was made a decimal, where that is known."""
    return row.value if row.exact is None else row.exact


def differs(old: Row, new: Row) -> bool:
    """Return whether anything published of a figure has changed: its value, its counts, its standard, its status.

    What either of the two withholds isn't compared.
    """
    hidden = {*old.withheld, *new.withheld}
    same_value = old.value == new.value if None in {old.exact, new.exact} else old.exact == new.exact
    if not same_value and "value" not in hidden:
        return True
    return any(getattr(old, name) != getattr(new, name) for name in PUBLISHED if name not in hidden)


def is_provisional(row: Row) -> bool:
    """Return whether a figure may still change: its period isn't over, records are pending, or due days may move."""
    return row.status != "not measured" and (not row.complete or row.provisional or bool(row.pending))


def marks_of(new_rows: Iterable[Row], old_rows: Iterable[Row]) -> Mapping[Place, Literal["r", "p"]]:
    """Return the marks of figures to publish: p for one that may still change, r for one that was revised.

    One that is provisional isn't marked as revised: it was said that it would change. What wasn't published before
    isn't revised, nor is what hasn't changed.
    """
    before, marks = {place_of(row): row for row in old_rows}, dict[Place, Literal["r", "p"]]()
    for row in new_rows:
        place = place_of(row)
        if is_provisional(row):
            marks[place] = "p"
        elif place in before and differs(before[place], row):
            marks[place] = "r"
    return marks
