"""The lines of a statutory return: the figure in each, and how the checks of them turn out."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import cell_of
from ombudsman_kpi.publish.published import Cell, Figure, Shorthand, plain
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.schemes.returns import COUNTED, VALUE, LineCheck, Return, ReturnLine
from ombudsman_kpi.tallies.basis import Basis

COLUMNS = frozenset({*COUNTED, VALUE})
NOT_THERE = Shorthand("x")
MARKS = {True: "holds", False: "fails", None: "can't be checked"}

Rows = Mapping[str, Mapping[tuple[str, Group], Row]]  # of each target, by period and group


class Form(NamedTuple):
    """One form: of a period and a group, with a cell for each line."""

    period: str
    group: Group
    complete: bool
    cells: tuple[Cell, ...]

    @property
    def place(self) -> str:
        """Which form it is, in words."""
        return _place(self.group, self.period)


class LinesChecked(NamedTuple):
    """A check of the lines of one form; ``holds`` is None where a line has no number, or the period isn't over."""

    period: str
    group: Group
    check: str  # in words: "2 + 3 = 1"
    holds: bool | None
    says: str  # with the numbers: "190 + 7 is 197, not 218"

    def __str__(self) -> str:
        place = _place(self.group, self.period)
        return f"{place + ': ' if place else ''}{self.check} {MARKS[self.holds]}: {self.says}"


def _place(group: Group, period: str) -> str:
    return ", ".join(part for part in (*map(plain, group), period) if part and part != EVERYTHING)


def own_rows(rows: Sequence[Row], basis: Basis, declared: Return) -> Rows:
    """Return the rows of a return's targets, each by its headline cohort and the return's period."""
    every, wanted = declared.every or (EVERYTHING,), declared.targets
    own: dict[str, dict[tuple[str, Group], Row]] = {}
    for row in rows:
        if row.target in wanted and row.cohort == basis.scheme[row.target].cohort:
            part = own.setdefault(row.target, {})
            if row.status == "not measured" or (row.every in every and row.period != NO_DATE):
                part[row.period, row.group] = row
    lacking = [name for name in wanted if name not in own or not {*declared.every} <= {*basis.every[name]}]
    if lacking:
        periods = f", every={[*declared.every]!r}" if declared.every else ""
        raise OptionError(
            f"The return {declared.id} needs the targets {', '.join(lacking)}, each by its own cohort; these results "
            f"haven't got them: measure(…, targets=scheme.statutory_return({declared.id!r}).targets{periods})."
        )
    return own


def filled(declared: Return, basis: Basis, own: Rows, period: str, group: Group) -> tuple[Cell, ...]:
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
        return NOT_THERE if figure == VALUE or figure in target.tells else 0
    if row.status == "not measured":
        return NOT_THERE
    if figure in COLUMNS:
        cell = cell_of(row, figure, target)
        as_printed = isinstance(cell, Figure) and line.places is not None
        return Figure(cell.exact, line.places or 0) if as_printed and isinstance(cell, Figure) else cell
    if row.withheld:  # what is said beside a figure would give it away
        return Shorthand(next(iter(row.withheld.values())))
    if figure is not None:
        return int(row.details[figure.replace(" ", "_")])
    return sum(number for (_, words), number in row.reasons.items() if {*words.split(", ")} & {*line.reason})


def _made_of(line: ReturnLine, cells: Mapping[str, Cell]) -> Cell:
    """Return a line that is made of others: their sum, or their sum as a share of one."""
    parts = [cells[name] for name in line.named]
    marks = [part for part in parts if isinstance(part, Shorthand)]
    if marks:
        return marks[0]
    *_, whole = numbers = [exact_of(part) for part in parts]
    if line.percent_of is not None:
        share = sum(numbers[:-1], Fraction(0)) / whole if whole else None
        return NOT_THERE if share is None else Figure(share, _places_of(share) if line.places is None else line.places)
    exact = sum(numbers, Fraction(0))
    return int(exact) if exact.denominator == 1 else Figure(exact, 1 if line.places is None else line.places)


def _places_of(share: Fraction) -> int:
    """Return with how many places only nothing is 0%, and only all is 100% (where the form doesn't say how many)."""
    sides = {Fraction(0), Fraction(100)}
    return next(
        places for places in count(1)
        if (Fraction(half_up(100 * share, places).replace(",", "")) in sides) == (100 * share in sides)
    )  # fmt: skip


def exact_of(cell: Cell) -> Fraction:
    """Return the exact number in a cell that has one."""
    assert isinstance(cell, int | Figure)  # noqa: S101
    return cell.exact if isinstance(cell, Figure) else Fraction(cell)


def checked(declared: Return, form: Form) -> Iterator[LinesChecked]:
    """Yield how each check of a return turns out in one form."""
    cells = {line.line: cell for line, cell in zip(declared.lines, form.cells, strict=True)}
    for check in declared.checks:
        words = _in_words(check)
        holds, says = _compared(check, cells)
        if holds is False and not form.complete:
            holds, says = None, f"{says}, and the period isn't over"
        yield LinesChecked(form.period, form.group, words, holds, says)


def _in_words(check: LineCheck) -> str:
    parts, whole = " + ".join(check.parts), " + ".join(check.whole)
    if check.percent is not None:
        return f"{check.percent}: ({parts}) / ({whole})"
    return f"{parts} {'≤' if check.at_most else '='} {whole}"


def _compared(check: LineCheck, cells: Mapping[str, Cell]) -> tuple[bool | None, str]:
    """Return whether a check holds, and its numbers in words; None where a line of it has no number."""
    named = [*check.parts, *check.whole, *([] if check.percent is None else [check.percent])]
    marks = dict.fromkeys(str(cells[name]) for name in named if not isinstance(cells[name], int | Figure))
    nothing = all(cells[name] == 0 for name in check.whole)
    if check.percent is not None and nothing and cells[check.percent] == NOT_THERE:
        return True, "there is nothing to be a percentage of"
    if marks:
        return None, f"a line is {', '.join(marks)}"
    parts, whole = (sum((exact_of(cells[name]) for name in names), Fraction(0)) for names in (check.parts, check.whole))
    left, right = (half_up(number, 0 if number.denominator == 1 else 1) for number in (parts, whole))
    if check.at_most:
        return parts <= whole, f"{left} is {'at most' if parts <= whole else 'more than'} {right}"
    if check.percent is None:
        return parts == whole, f"{left} is {right}" if parts == whole else f"{left} isn't {right}"
    cell = cells[check.percent]
    places = cell.places if isinstance(cell, Figure) else 0
    printed = half_up(100 * exact_of(cell), places)
    if nothing:
        return False, f"there is no percentage of nothing, and it says {printed}%"
    right_one = half_up(100 * parts / whole, places)
    says = f"{left} of {right} is {right_one}%"
    return right_one == printed, says if right_one == printed else f"{says}, not {printed}%"


def notes_of(own: Rows, basis: Basis, forms: Sequence[Form]) -> Iterator[str]:
    """Yield what is to be known beside the lines: what isn't measured, periods that aren't over, invalid records."""
    if basis.scheme.disclosure is not None and not any(row.withheld for part in own.values() for row in part.values()):
        yield "small numbers aren't withheld here: a return is for those who collect it, and not for publication"
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
            yield f"{name}: {many(invalid, 'record')} invalid: they contradict themselves"
