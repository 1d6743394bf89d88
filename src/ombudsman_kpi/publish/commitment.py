"""The section on one commitment: its figure over periods, by groups and by cohorts, in tables and drawings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import (
    ALL,
    cell_of,
    change_words,
    group_words,
    headroom_words,
    kind_of,
    promised_words,
    status_words,
    title_of,
)  # fmt: skip
from ombudsman_kpi.publish.drawings.bars import bars
from ombudsman_kpi.publish.drawings.course import period_noun
from ombudsman_kpi.publish.drawings.multiples import three_cohorts
from ombudsman_kpi.publish.drawings.over_time import over_time
from ombudsman_kpi.publish.grid import grid_table
from ombudsman_kpi.publish.heading import heading_of, listed, period_words, shown_cohort
from ombudsman_kpi.publish.published import Cell, Drawing, PublishedTable, Section, Shorthand, TableColumn, plain
from ombudsman_kpi.publish.revised import Place, place_of
from ombudsman_kpi.publish.summary import latest
from ombudsman_kpi.publish.totals import is_total
from ombudsman_kpi.tallies.basis import Basis

Marks = Mapping[Place, str]  # of figures that may still change, or were revised, the shorthand that says so

_Column = tuple[TableColumn, Callable[[Row, Row | None], Cell]]


@dataclass(frozen=True)
class Commitment:
    """A target with its rows, by all of its cohorts, and with totals where there are groups."""

    target: Target
    rows: Sequence[Row]
    basis: Basis
    marks: Marks

    def section(self, status: str) -> Section:
        """Return all that is published of it."""
        tables = {table.name: table for table in self._tables()}
        drawings = tuple(self._drawings(tables))
        return Section(self.target.id, self.title, self._promised, tuple(tables.values()), drawings, status)

    @property
    def title(self) -> str:
        """What it is called."""
        return title_of(self.target)

    @property
    def _promised(self) -> str:
        """What was promised: in the words that are published, where the title isn't these."""
        said = plain(self.target.says)
        return self._standard if said == self.title else f"“{said.rstrip('.')}.” {self._standard}"

    @property
    def _standard(self) -> str:
        target = self.target
        return promised_words(target)

    @cached_property
    def _shown(self) -> Cohort:
        return shown_cohort(self.target, self.basis)

    @cached_property
    def _everys(self) -> list[str]:
        """The kinds of period that it has rows of, in the order in which they were asked for."""
        there = {row.every for row in self.rows}
        return [every or EVERYTHING for every in self.basis.every[self.target.id] if (every or EVERYTHING) in there]

    def _own(self, every: str, *, cohort: str | None = None) -> list[Row]:
        """Return the rows of a kind of period, by the headline cohort or by all of them."""
        cohort = cohort or self._shown
        return [row for row in self.rows if row.every == every and cohort in {row.cohort, "all"}]

    def _whole(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of all groups together."""
        return [row for row in rows if not self.basis.by or is_total(row)]

    def _name(self, every: str) -> str:
        """Return the name of its first table of a kind of period: the first kind needs none."""
        return self.target.id if every == self._everys[0] else f"{self.target.id}-{every}"

    def _over_time(self, every: str) -> str:
        """Return what rows of a kind of period are, such as "over time"."""
        return "all records" if every == EVERYTHING else f"over time{self._each(every)}"

    def _each(self, every: str) -> str:
        """Return which kind of period it is, where there are several: ", by quarter"."""
        return f", by {period_noun(every, 1)}" if len({*self._everys} - {EVERYTHING}) > 1 else ""

    # Tables.

    def _tables(self) -> Iterator[PublishedTable]:
        """Yield its tables: over its periods, by groups in the latest one, by groups over periods, and by cohorts."""
        by = listed(map(plain, self.basis.by))
        for every in self._everys:
            own, name = self._own(every), self._name(every)
            own = [row for row in own if row.period != NO_DATE] or own
            if whole := self._whole(own):
                yield self._table(
                    name, f"{self.title}: {self._over_time(every)}", whole, by=False, timed=every != EVERYTHING
                )
            own, notes = _with_figures(own)
            if not _has_groups(own):
                continue
            now = self._latest(own)
            when = f", {period_words(now[0])}" if now[0].period_start else ""
            yield self._table(f"{name}-by", f"{self.title}: by {by}{when}", now, by=True, timed=False, notes=notes)
            if len({row.period for row in own}) > 1:
                yield replace(
                    self._grid(own),
                    name=f"{name}-grid",
                    title=f"{self.title}: by {by} {self._over_time(every)}",
                    notes=notes,
                )
        if len(self._cohort_names) > 1:
            yield self._cohorts()

    def _table(
        self, name: str, title: str, rows: Sequence[Row], *, by: bool, timed: bool, notes: tuple[str, ...] = ()
    ) -> PublishedTable:
        """Return a row for each of some rows: what was counted, what was reached, whether that was promised."""
        before = _rows_before(rows) if timed else {}
        columns = [*self._columns(rows, by=by, timed=timed)]
        lines = tuple(tuple(make(row, before.get(place)) for _, make in columns) for place, row in enumerate(rows))
        return PublishedTable(name, title, self._standard, tuple(column for column, _ in columns), lines, notes)

    def _columns(self, rows: Sequence[Row], *, by: bool, timed: bool) -> Iterator[_Column]:
        target = self.target
        if timed:
            yield TableColumn("Period"), lambda row, before: self._period(row)
        for place, name in enumerate(self.basis.by if by else ()):
            yield TableColumn(heading_of(name)), _group(place)
        yield TableColumn("Counted", "whole"), self._cell("denominator" if target.is_share else self._number)
        if target.is_share:
            yield TableColumn(target.met_words.capitalize() or "Met", "whole"), self._cell("met")
        yield self._value_column, self._cell("value")
        if any(row.pending or "pending" in row.withheld for row in rows):
            yield TableColumn("Pending", "whole"), self._cell("pending")
        yield TableColumn("Status"), lambda row, before: status_words(row.status)
        if target.standard and any(row.headroom is not None or "headroom" in row.withheld for row in rows):
            yield TableColumn("Headroom"), lambda row, before: headroom_words(row, target)
        if timed and len(rows) > 1:
            yield TableColumn("Change"), lambda row, before: change_words(row, before, target) or "–"

    @property
    def _number(self) -> str:
        """The column that says how many were counted, where the value is no share."""
        return "met" if self.target.shows_met else "denominator"

    @property
    def _value_column(self) -> TableColumn:
        kind, unit = kind_of(self.target), self.target.unit
        heading = "Share" if kind == "share" else "Value"
        return TableColumn(heading, kind, "" if unit in {"share", "number"} else unit)

    def _cell(self, column: str) -> Callable[[Row, Row | None], Cell]:
        return lambda row, before: cell_of(row, column, self.target)

    def _period(self, row: Row) -> str:
        """Return a period as a row's heading, with what is to be known of its figure."""
        return f"{row.period}{'' if row.complete else ', so far'}{self._mark([row])}"

    def _mark(self, rows: Sequence[Row]) -> str:
        """Return the shorthand of what may still change, or was revised, of some figures together."""
        found = {self.marks.get(place_of(row), "") for row in rows}
        return "".join(f" [{mark}]" for mark in ("p", "r") if mark in found)

    def _grid(self, rows: Sequence[Row]) -> PublishedTable:
        """Return the figures with periods across and groups down."""
        table, size = grid_table(rows, self.basis, self.target.id), len(self.basis.by)
        names = (TableColumn(heading_of(name)) for name in self.basis.by)
        starts = {row.period: row.period_start or date.min for row in rows}
        periods = sorted(starts, key=starts.__getitem__)
        marks = [self._mark([row for row in rows if row.period == period]) for period in periods]
        marked = (
            column._replace(heading=f"{column.heading}{mark}")
            for column, mark in zip(table.columns[size:], marks, strict=True)
        )
        lines = tuple(tuple(Shorthand("x") if cell is None else cell for cell in line) for line in table.rows)
        return replace(table, columns=(*names, *marked), rows=lines)

    @cached_property
    def _cohort_names(self) -> list[str]:
        return list(dict.fromkeys(row.cohort for row in self.rows))

    def _cohorts(self) -> PublishedTable:
        """Return the figure of each cohort side by side, in each period, of all groups together."""
        every = self._whole(self._own(self._everys[0], cohort="all"))
        whole = [row for row in every if row.period != NO_DATE and self._begun(row)]
        places = {(row.period, row.cohort): row for row in whole}
        starts = {row.period: (row.period_start is not None, row.period_start) for row in whole}
        value, columns = self._value_column, [TableColumn("Period")]
        for cohort in self._cohort_names:
            columns += [TableColumn(f"{cohort.capitalize()}: counted", "whole")]
            columns += [value._replace(heading=f"{cohort.capitalize()}: {value.heading.lower()}")]
        lines: list[tuple[Cell, ...]] = []
        for period in sorted(starts, key=starts.__getitem__):
            found = [places.get((period, cohort)) for cohort in self._cohort_names]
            own = [row for row in found if row is not None]
            line: list[Cell] = [f"{period}{'' if own[0].complete else ', so far'}{self._mark(own)}"]
            for row in found:
                cells = ("denominator" if self.target.is_share else self._number, "value")
                line += [Shorthand("x") if row is None else cell_of(row, name, self.target) for name in cells]
            lines.append(tuple(line))
        return PublishedTable(
            f"{self.target.id}-cohorts", f"{self.title}: {listed(self._cohort_names)}",
            f"Each alone can mislead: see them together. The headline figure is of those {self._shown}.",
            tuple(columns), tuple(lines),
        )  # fmt: skip

    def _latest(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of all groups in the latest period, the total last."""
        ((found, _), *_) = latest(rows, self.basis)
        last = found.period
        return sorted((row for row in rows if row.period == last), key=lambda row: (is_total(row), row.group))

    # Drawings.

    def _drawings(self, tables: Mapping[str, PublishedTable]) -> Iterator[Drawing]:
        """Yield its drawings: over its periods, by its cohorts, and by groups in the latest period.

        The data of a drawing are one of the tables, where one has them.
        """
        for every in self._everys:
            name, whole = f"{self.target.id}-{every}", self._whole(self._own(every))
            if len({row.period for row in whole if row.period_start}) > 1:
                yield over_time(
                    whole, self.target, name=f"{name}-over-time", title=f"{self.title}: {self._over_time(every)}"
                )
                begun = [row for row in self._whole(self._own(every, cohort="all")) if self._begun(row)]
                if len({row.cohort for row in begun}) > 1:
                    drawn = three_cohorts(
                        begun, self.target, name=f"{name}-cohorts", title=f"{self.title}: by cohort{self._each(every)}"
                    )
                    first = every == self._everys[0]
                    yield drawn._replace(data=tables[f"{self.target.id}-cohorts"]) if first else drawn
            if (table := tables.get(f"{self._name(every)}-by")) is not None:
                yield self._bars(table, f"{name}-groups")

    def _begun(self, row: Row) -> bool:
        """Return whether a period has begun: what is due in a later one says nothing yet."""
        return row.period_start is None or row.period_start.isoformat() <= self.basis.as_of[:10]

    def _bars(self, table: PublishedTable, name: str) -> Drawing:
        """Return the figure of each group as bars, from the table of the latest period; the total isn't among them."""
        value = next(place for place, column in enumerate(table.columns) if column.heading in {"Share", "Value"})
        size = len(self.basis.by)
        cells = tuple((", ".join(map(str, row[:size])), row[value]) for row in table.rows if row[0] != ALL)
        shown = replace(table, columns=(TableColumn("Group"), table.columns[value]), rows=cells, notes=())
        return bars(shown, name=name, standard=self.target.standard)._replace(data=table)


def _group(place: int) -> Callable[[Row, Row | None], Cell]:
    return lambda row, before: group_words(row.group[place])


def _rows_before(rows: Sequence[Row]) -> dict[int, Row]:
    """Return for the places of rows, which are in order, the row of the period before each."""
    return dict(enumerate(rows[:-1], 1))


def _has_groups(rows: Sequence[Row]) -> bool:
    """Return whether the records have what rows are grouped by: some have no such column."""
    return any(any(row.group) and not is_total(row) for row in rows)


def _with_figures(rows: Sequence[Row]) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows of those groups that have a figure in any period, and which have none."""
    there = {row.group for row in rows if row.exact is not None or row.withheld or is_total(row)}
    lacking = sorted({row.group for row in rows} - there)
    names = listed(", ".join(map(group_words, group)) for group in lacking)
    note = f"{names} {'has' if len(lacking) == 1 else 'have'} no figure in any period, and aren't listed."
    return [row for row in rows if row.group in there], (note,) if lacking else ()
