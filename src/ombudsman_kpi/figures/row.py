"""One row of results: the columns that people's code leans on."""

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.measures.base.figures import TargetStatus
from ombudsman_kpi.measures.base.places import Group

EVERYTHING = "all"
NO_DATE = "(no period)"


class Row(NamedTuple):
    """One figure: a target, a cohort, a period and a group. None stands for what there isn't.

    ``records`` = met + missed + pending + excluded + invalid; ``missed`` is late and overdue together. ``value`` is
    met / (met + missed); ``low`` and ``high`` what it would be if every pending record missed, or met. ``standard``
    is in the unit of the value. ``headroom`` is how many more could miss before the standard is lost. Of a measure
    without a limit, ``met`` are those counted.
    """

    target: str
    measure: str
    unit: str
    cohort: str
    every: str
    period: str
    period_start: date | None
    period_end: date | None
    complete: bool
    group: Group
    records: int | None
    met: int | None
    missed: int | None
    overdue: int | None
    pending: int | None
    excluded: int | None
    invalid: int | None
    numerator: int | float | None
    denominator: int | None
    value: float | None
    low: float | None
    high: float | None
    operator: str
    standard: float | None
    status: TargetStatus
    headroom: int | None
    provisional: bool
    note: str
    reasons: Mapping[tuple[str, str], int] = MappingProxyType({})  # the note in numbers, by status
    remarks: tuple[str, ...] = ()  # the note's other half
    words: tuple[str, ...] = ()  # what the measure itself says beside its value
    details: Mapping[str, Any] = MappingProxyType({})  # the same as values: a rank, an interval, the highest day
    exact: Fraction | None = None  # the value before it was made a float
    withheld: Mapping[str, str] = MappingProxyType({})  # columns that aren't published: the shorthand in their place

    def __reduce__(self) -> tuple[type["Row"], tuple[Any, ...]]:
        return Row, tuple(dict(cell) if isinstance(cell, MappingProxyType) else cell for cell in self)

    def as_dict(self, by: tuple[str, ...]) -> dict[str, Any]:
        """Return the columns of the contract by name, the groups where they stand in it."""
        out: dict[str, Any] = {}
        for name, value in zip(self._fields, self, strict=True):
            if name == "group":
                out |= dict(zip(by, self.group, strict=True))
            elif name not in INSIDE:
                out[name] = value
        return out


INSIDE = {"reasons", "remarks", "words", "details", "exact", "withheld"}  # what stands in no column of its own
COUNTS = (  # columns of whole numbers
    "records", "met", "missed", "overdue", "pending", "excluded", "invalid", "numerator", "denominator", "headroom",
)  # fmt: skip
OWN_COLUMNS = frozenset(Row._fields) - {"group", *INSIDE}  # the columns that results always have


def column_names(by: tuple[str, ...]) -> Iterator[str]:
    """Yield the columns of the contract in their order, those grouped by where they stand in it."""
    for name in Row._fields:
        if name not in INSIDE:
            yield from by if name == "group" else (name,)


def check_groups(by: tuple[str, ...]) -> None:
    """Refuse to group by a name that the results have for a column of their own.

    Raises ``OptionError`` with a way to give the column another name.
    """
    for name in by:
        if name in {*OWN_COLUMNS, *INSIDE}:
            raise OptionError(
                f"by= names {name!r}, and the results have a column of this name. Give it another: "
                f"columns={{'cases': {{'own_{name}': {name!r}}}}}, by='own_{name}'."
            )
