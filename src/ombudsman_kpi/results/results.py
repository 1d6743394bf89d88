"""Results: everything with a decimal point lives here: values, bounds, headroom, status."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.errors import OptionError, SchemeError, one_of
from ombudsman_kpi.figures.from_counts import table_of_counts
from ombudsman_kpi.figures.row import COUNTS, OWN_COLUMNS, Row, column_names
from ombudsman_kpi.figures.table import Column, Made, RowsByColumn
from ombudsman_kpi.publish.grid import Grid, grid_table
from ombudsman_kpi.publish.results_table import table_of
from ombudsman_kpi.publish.returns import StatutoryReturn, statutory_return
from ombudsman_kpi.publish.summary import summary_table
from ombudsman_kpi.publish.text_table import as_html, as_text, screen_width
from ombudsman_kpi.publish.totals import with_totals
from ombudsman_kpi.results.json import plain_results, results_from_json, results_json_schema, results_to_json
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.statistics.survival_curves import ElapsedCounts
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.elapsed import NO_TIMES, elapsed_counts

if TYPE_CHECKING:
    import pandas as pd

    from ombudsman_kpi.publish.disclosure.audit import Audit
    from ombudsman_kpi.publish.drawings.described_figure import DescribedFigure
    from ombudsman_kpi.publish.files import AnyPath
    from ombudsman_kpi.publish.published import Publication, Section

_LARGEST = (1 << 63) - 1  # whole number that a column of pandas holds


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """A table of figures, with all that is needed to say where they come from.

    It shows itself as a table in a notebook and a terminal. ``results[target]`` narrows it to one target;
    ``to_pandas()`` gives the whole of it.
    """

    rows: RowsByColumn
    basis: Basis
    counts: Counts | None = field(default=None, compare=False)  # what they were worked out from, where that is at hand
    _left: dict[str, RowsByColumn] = field(default_factory=dict, init=False, compare=False)  # the rows that may leave

    @classmethod
    def of(cls, counts: Counts) -> "Results":
        """Return the results of counts. Raises ``SchemeError`` where nothing was counted."""
        if counts.basis is None:
            raise SchemeError("A tally of nothing has no scheme, and so no results. Add a tally of records to it.")
        return cls(table_of_counts(counts, counts.basis), counts.basis, counts)

    @property
    def scheme(self) -> Scheme:
        """The scheme that was measured by."""
        return self.basis.scheme

    @property
    def as_of(self) -> str:
        """The date at whose close, or the instant at which, was measured."""
        return self.basis.as_of

    @property
    def options(self) -> dict[str, Any]:
        """Every option in force: how periods and groups were made, and each clock's own."""
        return self.basis.options

    def __getitem__(self, target: str) -> "Results":
        rows = self.rows.of_target(target)
        if not rows:
            raise SchemeError(f"These results have no target {target!r}. {one_of(target, self.rows.targets)}")
        narrowed = Results(rows, self.basis, self.counts)
        if self.counts is not None:  # what may leave depends on all targets that were counted
            object.__setattr__(narrowed, "_left", self._left)
        return narrowed

    def elapsed_counts(
        self, target: str, *, period: str | None = None, group: Mapping[str, str] | None = None
    ) -> ElapsedCounts:
        """Return how many records of a target took how long, or have so far, as ``Tally.elapsed_counts`` does.

        Raises ``OptionError`` for results without counts of elapsed times, too: those of ``measure`` in groups or
        periods, and those that were read from JSON.
        """
        if self.counts is None:
            raise OptionError(f"{target}: {NO_TIMES}")
        return elapsed_counts(self.counts, target, period=period, group=group)

    def statutory_return(self, id: str, *, period: str | None = None, strict: bool = False) -> StatutoryReturn:  # noqa: A002
        """Return a statutory return of the scheme, filled in: the lines of the form for each period and group.

        >>> from ombudsman_kpi import load_scheme, measure
        >>> disp = load_scheme("disp")
        >>> form = disp.statutory_return("complaints-return")
        >>> complaint = {"request_id": "1", "kind": "complaint", "received_at": "2024-01-04", "outcome": "upheld"}
        >>> results = measure(
        ...     disp, requests=[{**complaint, "answered_at": "2024-01-08"}], as_of="2024-03-31", every=form.every,
        ...     targets=form.targets,
        ... )
        >>> results.statutory_return("complaints-return").to_pandas()["printed"].tolist()
        ['0', '1', '1', '0', '0', '1', '1', '100.0', '0']

        ``period`` is the label of one period, such as "2023/24 Q4"; by default there is a form for each. With
        ``strict`` a check of the lines that fails is an error.

        Raises ``SchemeError`` for a return that the scheme hasn't, ``OptionError`` where these results lack one of its
        targets or periods, and ``RecordsError`` as said.
        """
        return statutory_return(self.rows, self.basis, id, period=period, strict=strict)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def grid(self, target: str, *, show: str = "value", every: str | None = None, cohort: str | None = None) -> Grid:
        """Return one commitment with its periods across, its groups down and the total of all groups last.

        ``show`` names the number in it: ``value``, ``low``, ``high``, ``denominator``, ``met``, ``missed``,
        ``pending``, ``headroom`` or ``status``. Of several kinds of periods, or cohorts, ``every`` and ``cohort``
        choose. Without periods, or without groups, each has a line with all of these. Raises ``SchemeError`` for a
        target that isn't there, ``OptionError`` for what else isn't.
        """
        rows = with_totals(self[target].rows, self.basis, self.counts)
        table = grid_table(rows, self.basis, target, show=show, every=every, cohort=cohort)
        return Grid(table, max(len(self.basis.by), 1))

    def summary(self) -> Grid:
        """Return a line for each commitment in its latest period, of all groups together; ``says`` sums them up."""
        return Grid(summary_table(with_totals(self.rows, self.basis, self.counts), self.basis))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each target, cohort, period and group.

        Its columns: ``target, measure, unit, cohort, every, period, period_start, period_end, complete``, those
        grouped by, ``records, met, missed, overdue, pending, excluded, invalid, numerator, denominator, value, low,
        high, operator, standard, status, headroom, provisional, note``. Counts are whole numbers, missing where
        nothing was measured.
        """
        import pandas as pd

        columns = {name: _series(name, self.rows.column(name)) for name in OWN_COLUMNS}
        groups = self.rows.column("group").cells
        for place, name in enumerate(self.basis.by):
            columns[name] = np.frompyfunc(itemgetter(place), 1, 1)(groups)
        return pd.DataFrame({name: columns[name] for name in column_names(self.basis.by)})

    def to_dict(self, *, internal: bool = False) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON: scheme, digest, calendar, as_of, options, rows.

        Small numbers are withheld by the scheme's rule, if it has one: such a cell is None, and ``withheld`` of its row
        says why; and each target leaves by one cohort. With ``internal`` all numbers, and all cohorts, are there.
        """
        return plain_results(self.rows if internal else self._leaving(), self.basis)

    def plot(
        self, target: str | Sequence[str] | None = None, *, cohort: str | None = None, every: str | None = None,
        group: Mapping[str, str] | None = None,
    ) -> "DescribedFigure":  # fmt: skip
        """Return a figure of matplotlib, in the style of the Government Analysis Function: ``savefig`` writes it.

        It has a chart for each target and group over the periods, with the standard, what open records may still
        change, and the control chart; without periods, bars by group. Of several cohorts or kinds of period the first
        is drawn, unless ``cohort`` or ``every`` names another; ``group`` are values of columns grouped by. Its
        ``alt_text`` says what it shows, names the groups of which nothing was counted, and stands in the files'
        metadata. Small numbers are withheld by the scheme's rule.

        Raises ``SchemeError`` for a target that isn't there; ``OptionError`` for options that fit nothing, for more
        than 12 charts and where nothing was measured; ``MissingLibraryError`` without the extra ``publish``.
        """
        from ombudsman_kpi.publish.drawings.plotted import plotted

        return plotted(self._leaving_with_totals(), self.basis, target, cohort, every, group)

    def to_json(self, *, internal: bool = False) -> str:
        """Return all of it as JSON: what ``to_dict`` gives, and what is needed to read it back without loss."""
        return results_to_json(self.rows if internal else self._leaving(), self.basis)

    def audit(self) -> "Audit":
        """Return whether what is published of these results gives away a small number that is withheld.

        Raises ``OptionError`` for a scheme without a rule on small numbers, ``MissingLibraryError`` without scipy.
        """
        from ombudsman_kpi.publish.disclosure.audit import audited

        return audited(self._with_totals(), self.basis)

    def _whole(self) -> RowsByColumn:
        """Return the rows of all targets that were measured: what is withheld of one depends on the others."""
        return self.rows if self.counts is None else table_of_counts(self.counts, self.basis)

    def _with_totals(self) -> RowsByColumn:
        """Return what leaves together, small numbers and all, those of all groups together at its end."""
        from ombudsman_kpi.publish.disclosure.disclosed import of_published_cohorts

        if self.scheme.disclosure is None:
            return with_totals(self.rows, self.basis, self.counts)
        return with_totals(of_published_cohorts(self._whole(), self.basis), self.basis, self.counts)

    def _leaving_with_totals(self) -> RowsByColumn:
        """Return the rows as they may leave, those of all groups together at their end."""
        from ombudsman_kpi.publish.disclosure.disclosed import disclosed

        left = self._left.get("rows")
        if left is None:
            left = self._left["rows"] = disclosed(self._with_totals(), self.basis)
        if left.targets == self.rows.targets:
            return left
        return RowsByColumn(tuple(part for name in self.rows.targets for part in left.of_target(name).parts))

    def _leaving(self) -> Sequence[Row]:
        """Return the rows as they may leave."""
        if self.scheme.disclosure is None:
            return self.rows
        left = self._leaving_with_totals()
        by_place = {(row.target, row.cohort, row.every, row.period, row.group): row for row in left}
        places = ((row.target, row.cohort, row.every, row.period, row.group) for row in self.rows)
        return [by_place[place] for place in places if place in by_place]

    @classmethod
    def from_json(cls, text: str | bytes) -> "Results":
        """Return the results in what ``to_json`` gave.

        Raises ``KpiError`` for any other text, or where days off have changed since.
        """
        rows, basis = results_from_json(text)
        return cls(RowsByColumn((Made(rows),)), basis)

    def to_html(self, path: "AnyPath", *, since: "Results | None" = None) -> None:
        """Write what is published of them as a page: one file of HTML that asks nothing of any network.

        It has the headlines, a chart and tables for each commitment, and how everything was counted. ``since`` are the
        results that were published last: what differs from them is marked as revised. What figures alone don't say,
        such as the longest waits, is in the page of ``report(…)``.

        Raises ``OptionError`` for a path that can't be written, whose earlier file stays as it was, and
        ``MissingLibraryError`` without the libraries of ombudsman-kpi[publish].
        """
        from ombudsman_kpi.publish.page import write_page

        write_page(self.published(since=since), path)

    def to_workbook(self, path: "AnyPath", *, since: "Results | None" = None) -> None:
        """Write what is published of them as a workbook, by the end of its name .xlsx or .ods: the same as the page.

        Raises what ``to_html`` raises.
        """
        from ombudsman_kpi.publish.workbook import write_workbook

        write_workbook(self.published(since=since), path)

    def published(self, *, since: "Results | None" = None, beside: "Sequence[Section] | None" = None) -> "Publication":
        """Return what the page and the workbook show; ``beside`` are sections on what figures don't say."""
        from ombudsman_kpi.publish.publication import publication_of

        earlier = None if since is None else (since.rows, since.basis)
        rows = self.rows if self.scheme.disclosure is None else self._leaving_with_totals()
        return publication_of(rows, self.basis, self.counts, beside=beside, since=earlier)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON Schema of what ``to_json`` gives."""
        return results_json_schema()

    def __repr__(self) -> str:
        width = screen_width()
        return as_text(table_of(self.rows, self.basis, self.counts, width), width)

    def _repr_html_(self) -> str:
        return as_html(table_of(self.rows, self.basis, self.counts))


def _series(name: str, column: Column) -> Any:
    """Return a column as pandas has it: counts are whole numbers, missing where nothing was measured."""
    import pandas as pd

    cells = column.cells
    absent = np.zeros(len(cells), np.bool_) if column.there is None else ~column.there
    if name in COUNTS:
        cells = np.where(absent, 0, cells)
        whole = cells.dtype == np.int64 or not any(isinstance(cell, float) or abs(cell) > _LARGEST for cell in cells)
        kind, array = (np.int64, pd.arrays.IntegerArray) if whole else (np.float64, pd.arrays.FloatingArray)
        return array(cells.astype(kind), absent)
    if name in {"value", "low", "high", "standard"}:
        return np.where(absent, np.nan, cells).astype(np.float64)
    return cells.astype("M8[s]") if name in {"period_start", "period_end"} else cells
