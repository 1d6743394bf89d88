"""A table that somebody suppressed by hand: whether what is printed gives away what isn't."""

import re
from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

import numpy as np

from ombudsman_kpi.checks.printed_cells import Printed, PrintedColumn, PrintedNumber, open_printed
from ombudsman_kpi.checks.printed_columns import Share, shares_of
from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.publish.disclosure.audit import Audit, Leak, leaks_of
from ombudsman_kpi.publish.disclosure.from_rows import UNKNOWN
from ombudsman_kpi.publish.disclosure.program import solver
from ombudsman_kpi.publish.disclosure.tied import Tie, Tied, distinct, sum_of
from ombudsman_kpi.publish.published import plain
from ombudsman_kpi.records.sources.layout import FileOptions
from ombudsman_kpi.schemes.disclosure import LEAST

_WITHHELD = re.compile(r"\[c\]|c|\*+|#+|~|[<≤]\s?\d+", re.IGNORECASE)
_TOTAL = re.compile(r"(grand )?totals?|all( .*)?|overall|total .*|.* total", re.IGNORECASE)
_NEAR = 1e-9  # so that no percentage is taken for more exact than it is printed


def audit(
    table: Any,
    *,
    threshold: int,
    total_row: str | None = None,
    total_column: str | None = None,
    parts: Sequence[str] = (),
    percent: str | None = None,
    numerator: str | Sequence[str] = (),
    denominator: str | Sequence[str] = (),
    skip_rows: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | int | None = None,
) -> Audit:
    """Return whether a table gives away what somebody withheld of it: a file, a frame, or rows.

    >>> from ombudsman_kpi import audit
    >>> rows = [("North", 20, "[c]", 23), ("South", 31, "[c]", 39), ("Total", 51, 11, 62)]
    >>> print(audit([dict(zip(("area", "met", "missed", "total"), row)) for row in rows], threshold=10))
    2 numbers are withheld. Of 2 too much can be worked out from what is shown:
    - North: missed is 3
    - South: missed is 8

    Cells such as [c], *, # and <10 are withheld, and stand for no 0. Numbers from 1 to ``threshold`` - 1 that are shown
    are leaks, too. The row and the column called Total or All are the sums of the others, unless ``total_row`` (what
    the row is called), ``total_column`` and its ``parts`` say which are; a sum that doesn't hold where all of it is
    shown isn't one. A percentage lies between bounds by its printed places, and is of the counts that its names and
    rows say, or of ``numerator`` and ``denominator``.

    Raises ``OptionError`` for a column or row that isn't there, ``KpiError`` where no numbers fit what is shown,
    ``RecordsError`` for what can't be read, and ``MissingLibraryError`` without scipy.
    """
    if isinstance(threshold, bool) or not isinstance(threshold, int) or threshold < LEAST:
        raise OptionError(f"threshold is the least number that may be shown, at least {LEAST}, not {threshold!r}.")
    solver()
    printed = open_printed(table, FileOptions(skip_rows, None, encoding, delimiter, sheet))
    several = [(names,) if isinstance(names, str) else tuple(names) for names in (numerator, denominator)]
    shares, _ = shares_of(printed, percent, *several)
    cells = _Cells(printed)
    ties = [*cells.of_rows(total_row), *cells.of_columns(total_column, parts)]
    ties += [tie for share in shares for tie in cells.of_share(share)]
    value = np.array(cells.value, np.int64)
    hidden = value == UNKNOWN
    tied = Tied([*distinct(ties)], np.ones(len(value), np.bool_))
    leaks = leaks_of(tied, value, hidden, threshold) if hidden.any() else []
    leaks += [(place, number, number) for place, number in enumerate(cells.value) if 0 < number < threshold]
    names = cells.names
    return Audit(threshold, int(hidden.sum()), tuple(Leak(*names[place], least, most) for place, least, most in leaks))


class _Cells:
    """The cells of a printed table that are numbers of records, shown or withheld."""

    def __init__(self, printed: Printed) -> None:
        self.printed = printed
        self.columns = [column for column in printed.columns if column.is_count or _is_withheld(column)]
        self.value: list[int] = []
        self.names: list[tuple[str, str]] = []
        self.place: dict[tuple[str, int], int] = {}
        for column in self.columns:
            for position, cell in enumerate(column.cells):
                number = _number(cell)
                if number is not None:
                    self.place[column.name, position] = len(self.value)
                    self.value.append(number)
                    row = plain(printed.labels[position]) or printed.row(position)
                    self.names.append((row, plain(column.name)))

    def of_rows(self, name: str | None) -> Iterator[Tie | None]:
        """Yield that the rows add up to the total row."""
        labels = [label.strip() for label in self.printed.labels]
        known = _TOTAL.fullmatch if name is None else name.__eq__
        named = [place for place, label in enumerate(labels) if known(label)]
        if name is not None and len(named) != 1:
            raise OptionError(f"The table has no single row that is called {name!r}. {one_of(name, labels)}")
        if len(named) == 1:
            others = [place for place in range(len(labels)) if place != named[0]]
            for column in self.columns:
                yield self._sum((column.name, named[0]), [(column.name, place) for place in others])

    def of_columns(self, name: str | None, parts: Sequence[str]) -> Iterator[Tie | None]:
        """Yield that columns add up to a total column, if they do so wherever all are shown."""
        if name is None:
            wholes = [column for column in self.columns if _TOTAL.fullmatch(column.words)]
        else:
            wholes = [self.printed[name]]
        if len(wholes) != 1:
            return
        own = [self.printed[part] for part in parts] or [column for column in self.columns if column is not wholes[0]]
        rows = range(len(self.printed.labels))
        if all(self._holds((wholes[0].name, row), [(part.name, row) for part in own]) for row in rows):
            for row in rows:
                yield self._sum((wholes[0].name, row), [(part.name, row) for part in own])

    def of_share(self, share: Share) -> Iterator[Tie | None]:
        """Yield between what a numerator lies by its printed percentage."""
        for row, cell in enumerate(share.percent.cells):
            above = [(column.name, row) for column in (share.numerator.columns if share.numerator else ())]
            below = [(column.name, row) for column in share.denominator.columns]
            if not isinstance(cell, PrintedNumber) or not above or not {*above, *below} <= self.place.keys():
                continue
            places = share.percent.places_of(cell)
            half = 0.5 * 10.0 ** -(8 if places is None else places)
            for sign in (1, -1):  # sign * (numerator - bound * denominator) <= 0
                bound = (float(cell.value) + sign * half) / share.percent.scale + sign * _NEAR
                factors: dict[int, float] = {}
                for cells, factor in ((above, 1.0), (below, -bound)):
                    for one in cells:
                        factors[self.place[one]] = factors.get(self.place[one], 0.0) + sign * factor
                yield Tie(tuple(sorted(factors.items())), -inf, 0.0)

    def _holds(self, whole: tuple[str, int], parts: Sequence[tuple[str, int]]) -> bool:
        """Return whether a sum is right, as far as it is shown."""
        if not {whole, *parts} <= self.place.keys():
            return True
        number, *numbers = (self.value[self.place[cell]] for cell in (whole, *parts))
        return UNKNOWN in {number, *numbers} or number == sum(numbers)

    def _sum(self, whole: tuple[str, int], parts: Sequence[tuple[str, int]]) -> Tie | None:
        """Return a sum; None where one of its cells isn't there, or it isn't right."""
        if not {whole, *parts} <= self.place.keys() or not self._holds(whole, parts):
            return None
        return sum_of(self.place[whole], [self.place[part] for part in parts])


def _number(cell: Any) -> int | None:
    """Return a number of records, -1 for one that is withheld; None for what is neither."""
    if isinstance(cell, PrintedNumber):
        return int(cell.value)
    return UNKNOWN if isinstance(cell, str) and _WITHHELD.fullmatch(cell) else None


def _is_withheld(column: PrintedColumn) -> bool:
    """Return whether all that stands in a column is withheld."""
    cells = [cell for cell in column.cells if cell is not None]
    return bool(cells) and not column.is_percent and all(_number(cell) == UNKNOWN for cell in cells)
