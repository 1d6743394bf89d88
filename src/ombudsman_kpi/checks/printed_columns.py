"""Which columns of a printed table belong together: a percentage with its counts, a total with its parts.

They are those that are named, or else those that agree in most rows; where several do as well, the names decide.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.checks.printed_cells import Printed, PrintedColumn, PrintedNumber
from ombudsman_kpi.errors import OptionError

_MOST = 0.6  # of the rows have to agree
_ROWS = 500  # that are looked at to find columns
_TOTAL = re.compile(r"\b(totals?|all|overall|sum)\b")
_OF = re.compile(r"\b(totals?|all|overall|of|received|closed|decided|counted|denominator|number|n)\b")
_PART = re.compile(r"\b(met|numerator|part)\b|\bin time\b|\bwithin\b")

Floats = NDArray[np.float64]


class Added(NamedTuple):
    """Columns that are added up."""

    columns: tuple[PrintedColumn, ...]

    def at(self, position: int) -> Fraction | None:
        """Return their sum in a row; None where one of them has no number."""
        cells = [column.cells[position] for column in self.columns]
        numbers = [cell.value for cell in cells if isinstance(cell, PrintedNumber)]
        return sum(numbers, Fraction(0)) if len(numbers) == len(cells) else None

    def __str__(self) -> str:
        return " + ".join(column.name for column in self.columns)


class Share(NamedTuple):
    """A percentage, and what it is of; without a numerator it is of any number of the denominator."""

    percent: PrintedColumn
    numerator: Added | None
    denominator: Added

    def __str__(self) -> str:
        of = f"({self.denominator})" if len(self.denominator.columns) > 1 else str(self.denominator)
        part = f"({self.numerator})" if self.numerator and len(self.numerator.columns) > 1 else str(self.numerator)
        return f"{self.percent.name} with {part if self.numerator else 'any number'} / {of}"


class Sum(NamedTuple):
    """A total, and its parts."""

    total: PrintedColumn
    parts: Added

    def __str__(self) -> str:
        return f"{self.total.name} with {self.parts}"


def shares_of(
    printed: Printed, percent: str | None, numerator: Sequence[str], denominator: Sequence[str]
) -> tuple[list[Share], list[str]]:
    """Return the percentages of a table with their counts, and what is to be said of those without any.

    Raises ``OptionError`` for a column that isn't there, or is named without those that belong to it.
    """
    columns = [column for column in printed.columns if column.is_percent]
    if percent is not None:
        columns = [printed[percent]]
    if numerator or denominator:
        if not denominator or len(columns) != 1:
            raise OptionError(
                "numerator and denominator belong to one percentage: name all three, percent='upheld_rate', "
                "numerator='upheld', denominator='decided'."
            )
        parts, whole = (tuple(printed[name] for name in names) for names in (numerator, denominator))
        return [Share(columns[0], Added(parts) if parts else None, Added(whole))], []
    found = [(column, _share_of(printed, column)) for column in columns]
    unknown = [
        f"not compared: {column.name}, for which no counts were found. Name them as numerator and denominator"
        for column, share in found if share is None
    ]  # fmt: skip
    return [share for _, share in found if share is not None], unknown


def sums_of(printed: Printed, total: str | None, parts: Sequence[str]) -> list[Sum]:
    """Return the totals of a table with their parts. Raises ``OptionError`` for a column that isn't there."""
    if parts and total is None:
        raise OptionError("parts belong to a total: name it, too: total='decided', parts=['upheld', 'not upheld'].")
    counts = [column for column in printed.columns if column.is_count]
    if total is not None and parts:
        return [Sum(printed[total], Added(tuple(printed[name] for name in parts)))]
    columns = [printed[total]] if total is not None else [item for item in counts if _TOTAL.search(item.words)]
    found = [(column, _parts_of(column, counts)) for column in columns]
    if total is not None and found[0][1] is None:
        raise OptionError(f"No columns add up to {total!r} in most rows. Name them as parts.")
    return [Sum(column, added) for column, added in found if added is not None]


def _floats(column: PrintedColumn) -> Floats:
    cells = column.cells[:_ROWS]
    return np.array([float(cell.value) if isinstance(cell, PrintedNumber) else np.nan for cell in cells], np.float64)


def _share_of(printed: Printed, percent: PrintedColumn) -> Share | None:
    """Return the counts that a percentage is of in most rows; the names decide between those that do as well."""
    counts = [column for column in printed.columns if column.is_count and column is not percent]
    if not counts:
        return None
    wanted, half = _floats(percent), _half_units(percent)
    values = {id(column): _floats(column) for column in counts}
    wholes = [*_single(counts), *_with_another(counts)]
    of = np.stack([sum(values[id(column)] for column in item.columns) for item in wholes])
    best: tuple[float, int, int, Share] | None = None
    for part in [*_single(counts), *(Added(pair) for pair in pairwise(counts))]:
        above = sum(values[id(column)] for column in part.columns)
        with np.errstate(divide="ignore", invalid="ignore"):
            agrees = np.abs(percent.scale * above / of - wanted) <= half
            telling = np.isfinite(wanted) & np.isfinite(above) & np.isfinite(of) & (of > 0)
        number, rows = (agrees & telling).sum(axis=1), telling.sum(axis=1)
        for place in np.flatnonzero((number > 0) & (number >= _MOST * rows)).tolist():
            whole = wholes[place]
            if _may_be(part, whole):
                names = _fit(percent, part, whole)
                key = (float(number[place]), names, -len(part.columns) - len(whole.columns))
                if best is None or key > best[:3]:
                    best = (*key, Share(percent, part, whole))
    return best[3] if best is not None else _by_name(percent, counts)


def _half_units(percent: PrintedColumn) -> Floats:
    """Return how far each percentage may be from its exact value."""
    places = [percent.places_of(cell) if isinstance(cell, PrintedNumber) else 0 for cell in percent.cells[:_ROWS]]
    return np.array([0.5 * 10.0 ** -(8 if item is None else item) + 1e-9 for item in places])


def _single(counts: Sequence[PrintedColumn]) -> Iterator[Added]:
    return (Added((column,)) for column in counts)


def _with_another(counts: Sequence[PrintedColumn]) -> Iterator[Added]:
    """Yield the pairs of columns that may make up a whole: all of a narrow table, neighbours of a wide one."""
    if len(counts) > 24:
        return (Added(pair) for pair in pairwise(counts))
    return (Added((one, other)) for place, one in enumerate(counts) for other in counts[place + 1 :])


def _may_be(part: Added, whole: Added) -> bool:
    """Return whether some columns can be a part of others: they aren't the same, and all or none are among them."""
    among = [column in whole.columns for column in part.columns]
    return part.columns != whole.columns and (not any(among) or (all(among) and len(whole.columns) > len(among)))


def _fit(percent: PrintedColumn, part: Added, whole: Added) -> int:
    """Return how well the names of columns go together: words that begin alike, and words for a whole."""
    stems = {word[:4] for word in re.findall(r"[a-z]{4,}", percent.words)}
    alike = sum(bool(stems & {word[:4] for word in re.findall(r"[a-z]{4,}", item.words)}) for item in part.columns)
    contained = all(column in whole.columns for column in part.columns)
    return 2 * (alike == len(part.columns)) + bool(_OF.search(whole.columns[0].words)) + contained


def _by_name(percent: PrintedColumn, counts: Sequence[PrintedColumn]) -> Share | None:
    """Return the counts whose names leave no doubt, where the rows don't agree."""
    parts, wholes = ([item for item in counts if known.search(item.words)] for known in (_PART, _OF))
    parts = [item for item in parts if item not in wholes]
    if len(parts) == 1 and len(wholes) == 1:
        return Share(percent, Added((parts[0],)), Added((wholes[0],)))
    return None


def _parts_of(total: PrintedColumn, counts: Sequence[PrintedColumn]) -> Added | None:
    """Return the neighbouring columns that add up to a total in most rows; the fewest where several do."""
    wanted, best = _floats(total), (0, 0)
    found: Added | None = None
    others = [column for column in counts if column is not total]
    values = [_floats(column) for column in others]
    for first in range(len(others)):
        added = values[first].copy()
        for last in range(first + 1, len(others)):
            added += values[last]
            rows = np.isfinite(added) & np.isfinite(wanted)
            number = int((rows & (added == wanted)).sum())
            if number >= max(2, _MOST * rows.sum()) and (number, first - last) > best:
                best, found = (number, first - last), Added(tuple(others[first : last + 1]))
    return found
