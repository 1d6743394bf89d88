"""Results: everything with a decimal point lives here: values, bounds, headroom, status."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.results.from_counts import rows_of
from ombudsman_kpi.results.json import plain_results, results_from_json, results_json_schema, results_to_json
from ombudsman_kpi.results.row import COUNTS, Row, column_names
from ombudsman_kpi.results.text_table import as_html, as_text, table_of
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts

if TYPE_CHECKING:
    import pandas as pd

_LARGEST = (1 << 63) - 1  # whole number that a column of pandas holds


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """A table of figures, with all that is needed to say where they come from.

    It shows itself as a table in a notebook and a terminal. ``results[target]`` narrows it to one target;
    ``to_pandas()`` gives the whole of it.
    """

    rows: tuple[Row, ...]
    basis: Basis

    @classmethod
    def of(cls, counts: Counts) -> "Results":
        """Return the results of counts. Raises ``SchemeError`` where nothing was counted."""
        if counts.basis is None:
            raise SchemeError("A tally of nothing has no scheme, and so no results. Add a tally of records to it.")
        return cls(tuple(rows_of(counts, counts.basis)), counts.basis)

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
        rows = tuple(row for row in self.rows if row.target == target)
        if not rows:
            names = dict.fromkeys(row.target for row in self.rows)
            raise SchemeError(f"These results have no target {target!r}. {one_of(target, names)}")
        return Results(rows, self.basis)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each target, cohort, period and group.

        Its columns: ``target, measure, unit, cohort, every, period, period_start, period_end, complete``, those
        grouped by, ``records, met, missed, overdue, pending, excluded, invalid, numerator, denominator, value, low,
        high, operator, standard, status, headroom, provisional, note``. Counts are whole numbers, missing where
        nothing was measured.
        """
        import pandas as pd

        by = self.basis.by
        columns = list(column_names(by))
        frame = pd.DataFrame([row.as_dict(by) for row in self.rows], columns=columns)
        types: dict[str, Any] = dict.fromkeys(COUNTS, "Int64")
        if any(isinstance(row.numerator, float) or abs(row.numerator or 0) > _LARGEST for row in self.rows):
            types["numerator"] = "Float64"
        types |= dict.fromkeys(("value", "low", "high", "standard"), "float64")
        types |= dict.fromkeys(("period_start", "period_end"), "datetime64[s]")
        return frame.astype(types)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON: scheme, digest, calendar, as_of, options, rows."""
        return plain_results(self.rows, self.basis)

    def to_json(self) -> str:
        """Return all of it as JSON: what ``to_dict`` gives, and what is needed to read it back without loss."""
        return results_to_json(self.rows, self.basis)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Results":
        """Return the results in what ``to_json`` gave.

        Raises ``KpiError`` for any other text, or where days off have changed since.
        """
        return cls(*results_from_json(text))

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON Schema of what ``to_json`` gives."""
        return results_json_schema()

    def __repr__(self) -> str:
        return as_text(table_of(self.rows, self.basis))

    def _repr_html_(self) -> str:
        return as_html(table_of(self.rows, self.basis))
