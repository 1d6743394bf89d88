"""The grid of one commitment: periods across, groups down, the total last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import (
    cell_of,
    change_words,
    counted_words,
    group_words,
    headroom_words,
    kind_of,
    promised_words,
    standard_words,
    status_words,
    title_of,
)
from ombudsman_kpi.publish.published import Cell, Figure, Kind, PublishedTable, Shorthand, TableColumn
from ombudsman_kpi.publish.text_table import as_html, as_text, screen_width, text_of
from ombudsman_kpi.publish.totals import is_total
from ombudsman_kpi.tallies.basis import Basis

if TYPE_CHECKING:
    import pandas as pd

_VALUES = {"value", "low", "high"}
SHOWN = ("value", "low", "high", "records", "met", "missed", "pending", "denominator", "headroom", "status")


@dataclass(frozen=True, repr=False)
class Grid:
    """A published table that shows itself, in a notebook and a terminal. ``table`` has its cells as values."""

    table: PublishedTable
    keys: int = 1  # columns that say what a row is about

    @property
    def says(self) -> str:
        """What it shows, in a sentence."""
        return self.table.says

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with its columns: shares are parts of 1, and what has no value is missing."""
        import pandas as pd

        columns = zip(*self.table.rows, strict=True) if self.table.rows else [()] * len(self.table.columns)
        return pd.DataFrame(
            {column.heading: [*map(_plain, cells)] for column, cells in zip(self.table.columns, columns, strict=True)}
        )

    def __repr__(self) -> str:
        width = screen_width()
        return as_text(text_of(self.table, self.keys), width)

    def _repr_html_(self) -> str:
        return as_html(text_of(self.table, self.keys))


def _plain(cell: Cell) -> object:
    """Return a cell as frames have it."""
    if isinstance(cell, Figure):
        return float(cell.exact)
    return None if isinstance(cell, Shorthand) else cell


def grid_table(
    rows: Sequence[Row], basis: Basis, target: str, *, show: str = "value", every: str | None = None,
    cohort: str | None = None,
) -> PublishedTable:  # fmt: skip
    """Return one commitment with its periods across and its groups down; without either, a row for each of the other.

    ``show`` is the number in the grid. Of several kinds of period, or several cohorts, the first that was asked for is
    shown, unless ``every`` or ``cohort`` names another. Give it rows with totals, so that the last row is of all.
    Raises ``OptionError`` for what isn't there.
    """
    if show not in SHOWN:
        raise OptionError(f"show= names {show!r}, which no grid shows. {one_of(show, SHOWN)}")
    declared = basis.scheme[target]
    own = [row for row in rows if row.target == target and row.status != "not measured"]
    for name, wanted in (("every", every), ("cohort", cohort)):
        there = list(dict.fromkeys(getattr(row, name) for row in own))
        if there and wanted is not None and wanted not in there:
            raise OptionError(f"{name}= names {wanted!r}, which these results don't have. {one_of(wanted, there)}")
        chosen = wanted or next(iter([declared.cohort] if declared.cohort in there else there), "")
        own = [row for row in own if getattr(row, name) == chosen]
    dated = [row for row in own if row.period != NO_DATE] or own
    periods = _periods(dated)
    groups = sorted({row.group for row in dated}, key=lambda group: (group in _totals(dated), group))
    if len(periods) > 1 and basis.by:
        return _across(dated, basis, declared, show, periods, groups)
    return _down(dated, basis, declared, periods, groups)


def _totals(rows: Sequence[Row]) -> set[tuple[str, ...]]:
    return {row.group for row in rows if is_total(row)}


def _periods(rows: Sequence[Row]) -> list[str]:
    """Return the periods of some rows, in order."""
    starts = {row.period: row.period_start or date.min for row in rows}
    return sorted(starts, key=lambda period: starts[period])


def _kind_and_unit(target: Target) -> tuple[Kind, str]:
    """Return of which kind the values are, and what stands behind them: a share changes by points."""
    if target.is_change and target.unit == "share":
        return "number", "points"
    kind = kind_of(target)
    return kind, target.unit if kind == "number" and target.unit != "number" else ""


def _cell(row: Row, column: str, target: Target) -> Cell:
    cell = cell_of(row, column, target)
    if isinstance(cell, Figure) and target.is_change and target.unit == "share":
        return cell._replace(exact=cell.exact * 100)
    return cell


def _across(
    rows: Sequence[Row], basis: Basis, target: Target, show: str, periods: list[str], groups: list[tuple[str, ...]]
) -> PublishedTable:
    by_place = {(row.group, row.period): row for row in rows}
    kind: Kind = "text" if show == "status" else "whole"
    unit = ""
    if show in _VALUES:
        kind, unit = _kind_and_unit(target)
    incomplete = {row.period for row in rows if not row.complete}
    headings = [period + (", so far" if period in incomplete else "") for period in periods]
    columns = (*map(TableColumn, basis.by), *(TableColumn(heading, kind, unit) for heading in headings))
    lines = []
    for group in groups:
        cells = [by_place.get((group, period)) for period in periods]
        lines.append((*map(group_words, group), *(None if row is None else _cell(row, show, target) for row in cells)))
    standard = f", against the standard of {standard_words(target)}" if target.standard else ""
    says = f"Each {' and '.join(basis.by)} in each period{standard}."
    if target.is_change:
        says = f"The change of each {' and '.join(basis.by)} since the period before. {promised_words(target)}"
    return PublishedTable(target.id, title_of(target), says, columns, tuple(lines))


def _down(
    rows: Sequence[Row], basis: Basis, target: Target, periods: list[str], groups: list[tuple[str, ...]]
) -> PublishedTable:
    by_place = {(row.group, row.period): row for row in rows}
    kind, unit = _kind_and_unit(target)
    timed = periods != [EVERYTHING]
    columns = [
        *([TableColumn("Period")] if timed else []), *map(TableColumn, basis.by),
        *([] if timed or basis.by else [TableColumn("Commitment")]), TableColumn("Counted"),
        TableColumn("Share" if kind == "share" else "Value", kind, unit), TableColumn("Status"),
        TableColumn("Headroom"), *([TableColumn("Change")] if len(periods) > 1 else []),
    ]  # fmt: skip
    lines: list[tuple[Cell, ...]] = []
    for place, period in enumerate(periods):
        for group in groups:
            row = by_place.get((group, period))
            if row is None:
                continue
            line: list[Cell] = [period + ("" if row.complete else ", so far")] if timed else []
            line += [*map(group_words, group), *([] if timed or basis.by else [title_of(target)])]
            line += [counted_words(row, target), _cell(row, "value", target)]
            line += [status_words(row.status), headroom_words(row, target)]
            if len(periods) > 1:
                line.append(change_words(row, by_place.get((group, periods[place - 1])) if place else None, target))
            lines.append(tuple(line))
    return PublishedTable(target.id, title_of(target), promised_words(target), tuple(columns), tuple(lines))
