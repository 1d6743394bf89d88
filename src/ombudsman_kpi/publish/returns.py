"""Statutory returns, filled in: for each period and group the lines of a form, and whether they satisfy its checks."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.files import AnyPath, written_whole
from ombudsman_kpi.publish.published import (
    Cell,
    Figure,
    PublishedTable,
    Shorthand,
    TableColumn,
    no_formula,
    plain,
    shown,
)
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.schemes.returns import VALUE, LineCheck, Return, ReturnLine
from ombudsman_kpi.tallies.basis import Basis

if TYPE_CHECKING:
    import pandas as pd

_FORMS = 6  # that are shown at most; a file has all
_MARKS = {True: "holds", False: "fails", None: "can't be checked"}
_WHOLE, _NUMBER, _SHARE = TableColumn("Number", "whole"), TableColumn("Number", "number"), TableColumn("Share", "share")


class Form(NamedTuple):
    """One form: of a period and a group, with a cell for each line."""

    period: str
    group: Group
    complete: bool
    cells: tuple[Cell, ...]


class LinesChecked(NamedTuple):
    """A check of the lines of one form; ``holds`` is None where a line of it has no number."""

    period: str
    group: Group
    check: str  # in words: "2 + 3 = 1"
    holds: bool | None
    says: str  # with the numbers: "190 + 7 is 197, not 218"

    @property
    def place(self) -> str:
        """Of which form it is."""
        return ", ".join(part for part in (*map(plain, self.group), self.period) if part)


@dataclass(frozen=True, repr=False)
class StatutoryReturn:
    """A statutory return, filled in: ``forms``, one for each period and group, and ``checks`` of their lines.

    It shows itself in a notebook and a terminal. ``to_csv``, ``to_xlsx`` and ``to_ods`` write a file. A check that
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
        says = f"{len(self.failing):,} of {many(len(self.checks), 'check')} of the lines {'fails' if len(self.failing) == 1 else 'fail'}"
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
        notes = tuple(filter(None, (self.declared.reading, *self.notes)))
        return PublishedTable(self.declared.id, self.title, self.says, tuple(columns), tuple(rows), notes)

    def checks_table(self) -> PublishedTable:
        """Return the checks of all forms as a table to publish."""
        columns = (*map(TableColumn, self.basis.by), *self._period, *map(TableColumn, ("Check", "Result", "Numbers")))
        rows = tuple(
            (*item.group, *([item.period] if self._period else []), item.check, _MARKS[item.holds], item.says)
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

    def _shown(self) -> TextTable:
        table = self.table() if len(self.forms) <= _FORMS else self._of(self.forms[:_FORMS]).table()
        texts = [[plain(shown(cell, column)) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
        more = len(self.forms) - _FORMS
        checks = [item for item in self.checks if not item.holds]
        footnotes = [f"{item.place + ': ' if item.place else ''}{item.check} {_MARKS[item.holds]}: {item.says}" for item in checks]
        return TextTable(
            self.title, f"as at {self.basis.as_of} · scheme {self.basis.scheme.id}, digest {self.basis.scheme.digest}",
            tuple(column.heading for column in table.columns),
            tuple(column.kind != "text" for column in table.columns),
            tuple(map(tuple, texts)),
            (*([f"{many(more, 'more form')}: a file has all"] if more > 0 else []), self.says, *footnotes, *table.notes),
        )  # fmt: skip

    def _of(self, forms: tuple[Form, ...]) -> "StatutoryReturn":
        return StatutoryReturn(self.declared, self.basis, forms, self.checks, self.notes)

    def __repr__(self) -> str:
        return as_text(self._shown())

    def _repr_html_(self) -> str:
        return as_html(self._shown())


def statutory_return(
    rows: Sequence[Row], basis: Basis, id: str, *, period: str | None = None, strict: bool = False  # noqa: A002
) -> StatutoryReturn:
    """Return a return of the scheme, filled in from the figures of its targets.

    Raises ``SchemeError`` for a return that the scheme hasn't, ``OptionError`` where the results aren't of its targets
    or periods, and if it is to be strict ``RecordsError`` where a check fails.
    """
    declared = basis.scheme.statutory_return(id)
    own = _own_rows(rows, basis, declared)
    places = {(row.period, row.group): row for part in own.values() for row in part.values() if row.status != "not measured"}
    periods = dict.fromkeys(row.period for row in sorted(places.values(), key=lambda row: str(row.period_start)))
    if period is not None and period not in periods:
        raise OptionError(f"The results have no period {period!r}. {one_of(period, periods)}")
    wanted = [item for item in periods if period in {None, item}]
    groups = sorted({group for _, group in places})
    forms = [
        Form(name, group, places[name, group].complete, _filled(declared, basis, own, name, group))
        for name in wanted for group in groups if (name, group) in places
    ]  # fmt: skip
    checks = [item for form in forms for item in _checked(declared, form)]
    found = StatutoryReturn(declared, basis, tuple(forms), tuple(checks), tuple(_notes(own, basis, forms)))
    if strict and found.failing:
        first = found.failing[0]
        place = f"{first.place}: " if first.place else ""
        raise RecordsError(f"{declared.title}: {found.says} The first: {place}{first.check}: {first.says}.")
    return found


Rows = Mapping[str, Mapping[tuple[str, Group], Row]]  # of each target, by period and group


def _own_rows(rows: Sequence[Row], basis: Basis, declared: Return) -> Rows:
    """Return the rows of a return's targets, each by its headline cohort and the return's period."""
    every = declared.every or EVERYTHING
    own: dict[str, dict[tuple[str, Group], Row]] = {name: {} for name in declared.targets}
    for row in rows:
        if row.target in own and row.cohort == basis.scheme[row.target].cohort:
            if row.status == "not measured" or (row.every == every and row.period != NO_DATE):
                own[row.target][row.period, row.group] = row
    lacking = [name for name, part in own.items() if not part]
    if lacking:
        periods = f", every={declared.every!r}" if declared.every else ""
        raise OptionError(
            f"The return {declared.id} needs the targets {', '.join(lacking)}, each by its own cohort, and these results "
            f"haven't all of them: measure(…, targets=scheme.statutory_return({declared.id!r}).targets{periods})."
        )
    return own


def _filled(declared: Return, basis: Basis, own: Rows, period: str, group: Group) -> tuple[Cell, ...]:
    """Return the cells of one form, in the order of its lines."""
    cells: dict[str, Cell] = {}
    for line in declared.lines:
        if line.target is None:
            cells[line.line] = _made_of(line, cells)
            continue
        part = own[line.target]
        row = part.get((period, group)) or next((row for row in part.values() if row.status == "not measured"), None)
        cells[line.line] = _cell(line, row, basis.scheme[line.target])
    return tuple(cells.values())


def _cell(line: ReturnLine, row: Row | None, target: Target) -> Cell:
    """Return the figure of a target that a line has. Where it has no record at all, a number of records is 0."""
    figure = line.figure
    if row is None:
        return Shorthand("x") if figure == VALUE or figure in target.tells else 0
    if row.status == "not measured":
        return Shorthand("x")
    if figure in row.withheld:
        return Shorthand(row.withheld[str(figure)])
    if figure == VALUE:
        return Shorthand("z") if row.exact is None else _number(row.exact, line)
    if row.withheld and (figure is None or figure in target.tells):
        return Shorthand(next(iter(row.withheld.values())))
    if figure is None:
        return sum(number for (_, words), number in row.reasons.items() if {*words.split(", ")} & {*line.reason})
    if figure in target.tells:
        return int(row.details[figure.replace(" ", "_")])
    number = getattr(row, figure)
    return Shorthand("z") if number is None else _number(Fraction(number), line)


def _number(exact: Fraction, line: ReturnLine) -> int | Figure:
    """Return a number as it stands in a line: a whole one as it is, unless the line says how many places it has."""
    if exact.denominator == 1 and line.places is None and not line.figure == VALUE:
        return int(exact)
    return Figure(exact, 1 if line.places is None else line.places)


def _made_of(line: ReturnLine, cells: Mapping[str, Cell]) -> Cell:
    """Return a line that is made of others: their sum, or their sum as a share of one."""
    parts = [cells[name] for name in line.named]
    marks = [part for part in parts if isinstance(part, Shorthand)]
    if marks:
        return marks[0]
    *_, whole = numbers = [_exact(part) for part in parts]
    if line.percent_of is None:
        return _number(sum(numbers, Fraction(0)), line)
    share = None if not whole else sum(numbers[:-1], Fraction(0)) / whole
    return Shorthand("z") if share is None else Figure(share, 1 if line.places is None else line.places)


def _exact(cell: Cell) -> Fraction:
    assert isinstance(cell, int | Figure)  # noqa: S101
    return cell.exact if isinstance(cell, Figure) else Fraction(cell)


def _float(cell: Cell) -> float | None:
    return float(_exact(cell)) if isinstance(cell, int | Figure) else None


def _is_share(line: ReturnLine, basis: Basis) -> bool:
    return line.percent_of is not None or (line.figure == VALUE and basis.scheme[str(line.target)].unit == "share")


def _printed(cell: Cell, *, share: bool) -> str:
    """Return a number as a form has it: rounded half up, without commas and signs, a share in per cent."""
    if isinstance(cell, Figure):
        return half_up(cell.exact * (100 if share else 1), cell.places).replace(",", "")
    return str(cell)


def _checked(declared: Return, form: Form) -> Iterator[LinesChecked]:
    """Yield how each check of a return turns out in one form."""
    cells = {line.line: cell for line, cell in zip(declared.lines, form.cells, strict=True)}
    for check in declared.checks:
        words = _in_words(check, " + ".join(check.parts), check.at_most or check.total or "", check.percent or "")
        marks = [cells[name] for name in check.named if not isinstance(cells[name], int | Figure)]
        if marks:
            says = f"a line is {', '.join(dict.fromkeys(map(str, marks)))}"
            yield LinesChecked(form.period, form.group, words, None, says)
            continue
        parts = sum((_exact(cells[name]) for name in check.parts), Fraction(0))
        holds, says = _compared(check, cells, parts)
        yield LinesChecked(form.period, form.group, words, holds, says)


def _in_words(check: LineCheck, parts: str, whole: str, percent: str) -> str:
    if check.percent is not None:
        return f"({parts}) / {whole} = {percent}"
    return f"{parts} {'≤' if check.total is None else '='} {whole}"


def _compared(check: LineCheck, cells: Mapping[str, Cell], parts: Fraction) -> tuple[bool | None, str]:
    """Return whether a check holds, and its numbers in words."""
    whole = _exact(cells[check.at_most or check.total or ""])
    left, right = half_up(parts, 0 if parts.denominator == 1 else 1), half_up(whole, 0 if whole.denominator == 1 else 1)
    if check.at_most is not None:
        return parts <= whole, f"{left} is {'at most' if parts <= whole else 'more than'} {right}"
    if check.percent is None:
        return parts == whole, f"{left} is {right}" if parts == whole else f"{left} isn't {right}"
    if not whole:
        return None, "there is nothing to be a share of"
    cell = cells[check.percent]
    places = cell.places if isinstance(cell, Figure) else 0
    is_, printed = half_up(100 * parts / whole, places), half_up(100 * _exact(cell), places)
    says = f"{left} of {right} is {is_}%"
    return is_ == printed, says if is_ == printed else f"{says}, not {printed}%"


def _notes(own: Rows, basis: Basis, forms: Sequence[Form]) -> Iterator[str]:
    """Yield what is to be known beside the lines: what isn't measured, periods that aren't over, invalid records."""
    shown_periods = {form.period for form in forms}
    if any(not form.complete for form in forms):
        names = dict.fromkeys(form.period for form in forms if not form.complete)
        yield f"not over at {basis.as_of}: {', '.join(names)}"
    for name, part in own.items():
        for row in part.values():
            if row.status == "not measured":
                yield f"[x] {name} isn't measured: {row.note}"
        invalid = sum(row.invalid or 0 for row in part.values() if row.period in shown_periods)
        if invalid:
            yield f"{name}: {many(invalid, 'record')} that contradict{'s' if invalid == 1 else ''} {'itself' if invalid == 1 else 'themselves'}"
