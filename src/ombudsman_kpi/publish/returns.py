"""Statutory returns, filled in: for each period and group the lines of a form, and whether they satisfy its checks."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.publish.files import AnyPath, written_whole
from ombudsman_kpi.publish.published import (
    Cell,
    Figure,
    Publication,
    PublishedTable,
    Section,
    TableColumn,
    no_formula,
    plain,
)
from ombudsman_kpi.publish.return_lines import (
    MARKS,
    Form,
    LinesChecked,
    checked,
    exact_of,
    filled,
    notes_of,
    own_rows,
)
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text, screen_width
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.schemes.returns import VALUE, Return, ReturnLine
from ombudsman_kpi.tallies.basis import Basis

if TYPE_CHECKING:
    import pandas as pd

_FORMS, _CHECKS = 6, 12  # that are shown at most; a file has all
_WHOLE, _NUMBER, _SHARE = TableColumn("Number", "whole"), TableColumn("Number", "number"), TableColumn("Share", "share")


@dataclass(frozen=True, repr=False)
class StatutoryReturn:
    """A statutory return, filled in: ``forms``, one for each period and group, and ``checks`` of their lines.

    It shows itself in a notebook and a terminal. ``to_csv`` and ``to_workbook`` write a file. A check that
    fails is in ``failing``; nothing is left out of a file because of it.
    """

    declared: Return
    basis: Basis
    forms: tuple[Form, ...]
    checks: tuple[LinesChecked, ...]
    notes: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[LinesChecked, ...]:
        """The checks that fail."""
        return tuple(item for item in self.checks if item.holds is False)

    @property
    def title(self) -> str:
        """What the form is called."""
        return self.declared.title

    @property
    def says(self) -> str:
        """One sentence on how the checks turned out."""
        if not self.checks:
            return "The form has no checks."
        unknown = sum(item.holds is None for item in self.checks)
        failing = len(self.failing)
        says = f"{failing:,} of {many(len(self.checks), 'check')} of the lines {'fails' if failing == 1 else 'fail'}"
        return f"{says}; {unknown:,} can't be checked." if unknown else f"{says}."

    def table(self) -> PublishedTable:
        """Return the lines of all forms as a table to publish: numbers in one column, shares in another."""
        named = any(line.label for line in self.declared.lines)
        shares = [_is_share(line, self.basis) for line in self.declared.lines]
        fractions = any(
            isinstance(cell, Figure)
            for form in self.forms for cell, share in zip(form.cells, shares, strict=True) if not share
        )  # fmt: skip
        columns = [*map(TableColumn, self.basis.by), *self._period, TableColumn("Line")]
        columns += [TableColumn("Label")] if named else []
        columns += [_NUMBER if fractions else _WHOLE, *([_SHARE] if any(shares) else [])]
        rows = []
        for form in self.forms:
            for line, cell, share in zip(self.declared.lines, form.cells, shares, strict=True):
                words = [*form.group, *([form.period] if self._period else []), line.line, *([line.label] * named)]
                values = ([None, cell] if share else [cell, None]) if any(shares) else [cell]
                rows.append((*words, *values))
        notes = tuple(filter(None, (*self.notes, self.declared.reading)))
        return PublishedTable(self.declared.id, self.title, self.says, tuple(columns), tuple(rows), notes)

    def checks_table(self) -> PublishedTable:
        """Return the checks of all forms as a table to publish."""
        columns = (*map(TableColumn, self.basis.by), *self._period, *map(TableColumn, ("Check", "Result", "Numbers")))
        rows = tuple(
            (*item.group, *([item.period] if self._period else []), item.check, MARKS[item.holds], item.says)
            for item in self.checks
        )
        return PublishedTable(f"{self.declared.id}-checks", f"{self.title}: checks", self.says, columns, rows)

    @property
    def _period(self) -> list[TableColumn]:
        return [TableColumn("Period")] if self.declared.every else []

    def _cells(self) -> Iterator[tuple[Form, ReturnLine, Cell, str, str]]:
        """Yield each line of each form: its cell, as the form prints it, and its unit."""
        for form in self.forms:
            for line, cell in zip(self.declared.lines, form.cells, strict=True):
                share = _is_share(line, self.basis)
                yield form, line, cell, _printed(cell, share=share), "per cent" if share else "number"

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each line of each form.

        Its columns: those grouped by, ``period, complete, line, label, value`` (a share as a part of 1, as in results;
        missing where there is none), ``printed`` (as the form prints it, or the shorthand in its place), ``unit``.
        """
        import pandas as pd

        rows = [
            (*form.group, form.period, form.complete, line.line, line.label, _float(cell), printed, unit)
            for form, line, cell, printed, unit in self._cells()
        ]
        names = [*self.basis.by, "period", "complete", "line", "label", "value", "printed", "unit"]
        return pd.DataFrame(rows, columns=names).astype({"value": "float64"})

    def to_csv(self, path: AnyPath | None = None) -> str:
        """Return the lines as CSV, numbers as the form prints them, and write them to a file where one is named.

        Raises ``OptionError`` for a path that can't be written; an earlier file is then left as it was.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*map(no_formula, self.basis.by), "period", "line", "label", "value", "unit"])
        for form, line, _, printed, unit in self._cells():
            words = [*form.group, form.period, line.line, line.label]
            writer.writerow([*(no_formula(plain(word)) for word in words), printed, unit])
        content = text.getvalue()
        if path is not None:
            written_whole(path, lambda file: file.write(content.encode()))
        return content

    def publication(self) -> Publication:
        """Return the lines and their checks as they are published together."""
        scheme = self.basis.scheme
        checks = (Section("checks", "Checks of the lines", self.says, (self.checks_table(),)),) if self.checks else ()
        how = (
            ("Form", self.declared.source or scheme.source), ("Scheme", f"{scheme.title} ({scheme.id})"),
            ("Digest", scheme.digest), ("As at", self.basis.as_of),
        )  # fmt: skip
        return Publication(self.title, f"As at {self.basis.as_of}", self.says, (), self.table(), checks, how)

    def to_workbook(self, path: AnyPath) -> None:
        """Write the lines and their checks as a workbook: .xlsx or .ods, by the name of the file.

        Raises ``OptionError`` for a path that can't be written; an earlier file is then left as it was.
        """
        from ombudsman_kpi.publish.workbook import write_workbook

        write_workbook(self.publication(), path)

    def _shown(self) -> TextTable:
        """Return the first forms, one below the other, and the checks that don't hold."""
        named = any(line.label for line in self.declared.lines)
        heads = len(self.forms) > 1 or bool(self.declared.every)
        rows: list[tuple[str, ...]] = []
        for form in self.forms[:_FORMS]:
            rows += [(f"{form.place}{'' if form.complete else ' (not over yet)'}",)] if heads and form.place else []
            for line, cell in zip(self.declared.lines, form.cells, strict=True):
                share = "%" if _is_share(line, self.basis) and isinstance(cell, Figure) else ""
                value = f"{cell:,}" if isinstance(cell, int) else f"{_printed(cell, share=bool(share))}{share}"
                rows.append((line.line, *([line.label] if named else []), value))
        unkept = [str(item) for item in self.checks if not item.holds]
        more, others = len(self.forms) - _FORMS, len(unkept) - _CHECKS
        return TextTable(
            self.title, f"as at {self.basis.as_of} · scheme {self.basis.scheme.id}, digest {self.basis.scheme.digest}",
            ("Line", *(["Label"] if named else []), "Value"), (False, *([False] if named else []), True), tuple(rows),
            (*([f"{many(more, 'more form')}: a file has all"] if more > 0 else []), self.says, *unkept[:_CHECKS],
             *([f"and {others:,} more"] if others > 0 else []), *self.notes,
             *(filter(None, (self.declared.reading,)))), keys=1 + named,
        )  # fmt: skip

    def __repr__(self) -> str:
        return as_text(self._shown(), screen_width())

    def _repr_html_(self) -> str:
        return as_html(self._shown())


def statutory_return(
    rows: Sequence[Row],
    basis: Basis,
    id: str,  # noqa: A002
    *,
    period: str | None = None,
    strict: bool = False,
) -> StatutoryReturn:
    """Return a return of the scheme, filled in from the figures of its targets.

    Raises ``SchemeError`` for a return that the scheme hasn't, ``OptionError`` where the results aren't of its targets
    or periods, and if it is to be strict ``RecordsError`` where a check fails.
    """
    declared = basis.scheme.statutory_return(id)
    own = own_rows(rows, basis, declared)
    places = {
        (row.period, row.group): row for part in own.values() for row in part.values() if row.status != "not measured"
    }
    periods = dict.fromkeys(row.period for row in sorted(places.values(), key=lambda row: str(row.period_start)))
    if period is not None and period not in periods:
        raise OptionError(f"The results have no period {period!r}. {one_of(period, periods)}")
    wanted = [item for item in periods if period in {None, item}]
    groups = sorted({group for _, group in places})
    forms = [
        Form(name, group, places[name, group].complete, filled(declared, basis, own, name, group))
        for name in wanted for group in groups if (name, group) in places
    ]  # fmt: skip
    checks = [item for form in forms for item in checked(declared, form)]
    found = StatutoryReturn(declared, basis, tuple(forms), tuple(checks), tuple(notes_of(own, basis, forms)))
    if strict and found.failing:
        first = found.failing[0]
        raise RecordsError(f"{declared.title}: {found.says} The first: {first}.")
    return found


def _float(cell: Cell) -> float | None:
    return float(exact_of(cell)) if isinstance(cell, int | Figure) else None


def _is_share(line: ReturnLine, basis: Basis) -> bool:
    return line.percent_of is not None or (line.figure == VALUE and basis.scheme[str(line.target)].unit == "share")


def _printed(cell: Cell, *, share: bool) -> str:
    """Return a number as a form has it: rounded half up, without commas and signs, a share in per cent."""
    if isinstance(cell, Figure):
        return half_up(cell.exact * (100 if share else 1), cell.places).replace(",", "")
    return str(cell)
