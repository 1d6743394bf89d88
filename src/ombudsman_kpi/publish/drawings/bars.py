"""A column of a table as bars: a breakdown by group, beside its standard, or a stock by age."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.publish.drawings.axes import cut, width_of
from ombudsman_kpi.publish.drawings.svg import EM, LINE, WIDTH, framed, short, tag, words
from ombudsman_kpi.publish.published import SHORTHAND, Drawing, Figure, PublishedTable, Shorthand, TableColumn, shown
from ombudsman_kpi.rounding import many

_SIDE = 9.0  # ems: longer names stand above their bars


class Bar(NamedTuple):
    """One row of a table: its name, its value, and how that is shown. A value that isn't there is None."""

    name: str
    value: Fraction | None
    said: str
    missed: bool = False  # it breaks the standard


def bars(
    table: PublishedTable, *, name: str, label: int = 0, value: int = -1, standard: Standard | None = None,
    ordered: bool = True,
) -> Drawing:  # fmt: skip
    """Return a column of a table as bars, each with its name and its value as the table shows it.

    ``label`` and ``value`` are the places of the columns. The longest bar stands first, unless the rows are in an order
    of their own. Bars that break the standard are hollow, and say so. What is withheld has no bar.
    """
    column, found = table.columns[value], bars_of(table, label, value, standard, ordered=ordered)
    says = described_bars(found, column, standard)
    inside, height = _drawn(found, standard)
    return Drawing(name, table.title, says, framed(name, table.title, says, height, *inside), table)


def bars_of(table: PublishedTable, label: int, value: int, standard: Standard | None, *, ordered: bool) -> list[Bar]:
    """Return the bars of a column; with ``ordered`` the longest first, and those without a value last."""
    found = [
        _bar(row[label], row[value], table.columns[label], table.columns[value], standard) for row in table.rows
    ]  # fmt: skip
    if ordered:
        found = [*sorted((bar for bar in found if bar.value is not None), key=lambda bar: -(bar.value or 0)),
                 *(bar for bar in found if bar.value is None)]  # fmt: skip
    return found


def _bar(label: object, cell: object, named: TableColumn, column: TableColumn, standard: Standard | None) -> Bar:
    title = label if isinstance(label, str) else shown(label, named)  # type: ignore[arg-type]
    match cell:
        case Shorthand(symbol):
            return Bar(title, None, "not available" if symbol == "x" else f"{cell} {SHORTHAND[symbol].split(':')[0]}")
        case int() | Figure():
            exact = Fraction(cell) if isinstance(cell, int) else cell.exact
            text = shown(cell, column) + (f" {column.unit}" if column.unit and not isinstance(cell, int) else "")
            return Bar(title, exact, text, standard is not None and not _keeps(exact, standard))
    return Bar(title, None, "no data")


def _keeps(value: Fraction, standard: Standard) -> bool:
    return bool(standard.is_kept_by(np.array([(value > standard.value) - (value < standard.value)]))[0])


def described_bars(found: Sequence[Bar], column: TableColumn, standard: Standard | None) -> str:
    """Return what bars show, in a few sentences."""
    return " ".join(_sentences(found, column, standard))


def _sentences(found: Sequence[Bar], column: TableColumn, standard: Standard | None) -> Iterator[str]:
    there = [bar for bar in found if bar.value is not None]
    if not there:
        yield "There is no figure to show."
    elif standard is not None and standard.better is not None:
        kept = sum(not bar.missed for bar in there)
        yield f"{kept} of {len(there)} {'keeps' if kept == 1 else 'keep'} the standard of {standard}."
    if len(there) > 1:
        ordered = sorted(there, key=lambda bar: bar.value or 0)
        most, least = ordered[-1], ordered[0]
        if most.value != least.value:
            yield f"Highest: {cut(most.name, 30)} ({most.said}); lowest: {cut(least.name, 30)} ({least.said})."
        else:
            yield f"All are {most.said}."
    elif there:
        yield f"{cut(there[0].name, 30)}: {there[0].said}."
    gone = len(found) - len(there)
    if gone:
        yield f"{many(gone, 'figure')} {'is' if gone == 1 else 'are'} not shown: {_reasons(found)}."


def _reasons(found: Sequence[Bar]) -> str:
    return ", ".join(dict.fromkeys(bar.said for bar in found if bar.value is None))


def _drawn(found: Sequence[Bar], standard: Standard | None) -> tuple[list[str], float]:
    """Return the bars as markup, and how high they are together."""
    if not found:
        return [tag("text", "No data", x=0, y=24)], 40
    longest = max(width_of(bar.name) for bar in found)
    above = longest > _SIDE
    left = 0.0 if above else longest * EM + 8
    said = [bar.said + (" missed" if bar.missed else "") for bar in found]
    right = WIDTH - max(map(width_of, said)) * EM - 10
    limit = standard.value if standard is not None else Fraction(0)
    most = max([bar.value or Fraction(0) for bar in found] + [limit])
    least = min([bar.value or Fraction(0) for bar in found] + [Fraction(0)])

    def x(value: Fraction) -> float:
        return left + (right - left) * float((value - least) / (most - least or 1))

    step, thick = (2 * LINE + 4, 9.0) if above else (LINE + 5, 11.0)
    top = 2 * LINE if standard is not None else 4.0
    inside, lines = [], ""
    for place, (bar, text) in enumerate(zip(found, said, strict=True)):
        y = top + step * place
        middle = y + (LINE + 8 if above else step / 2)
        title = tag("title", words(f"{bar.name}: {text}"))
        name = tag("text", words(cut(bar.name, WIDTH / EM)), x=0, y=y + 12 if above else middle + 4)
        said_at = tag("text", words(text), x=right + 6, y=middle + 4, class_="b" if bar.value is not None else None)
        inside.append(tag("g", title, name, *_of(bar, x, middle, thick), said_at))
        lines += f"M{short(x(limit))} {short(middle - thick / 2 - 3)}v{short(thick + 6)}"
    height = top + step * len(found) + 6
    if standard is not None:
        at, text = x(limit), f"standard: {standard}"
        half = width_of(text) * EM / 2
        inside.append(tag("path", class_="h", d=lines, stroke="none", stroke_width=4))
        inside.append(tag("path", class_="s", d=f"M{short(at)} 17v8{lines}", stroke="currentColor", stroke_width=1.6))
        inside.append(tag("text", words(text), x=min(max(at, half), WIDTH - half), y=12, text_anchor="middle"))
    return inside, height


def _of(bar: Bar, x: Callable[[Fraction], float], middle: float, thick: float) -> Iterator[str]:
    """Yield a bar, from nothing to its value: hollow where it breaks the standard."""
    if bar.value is not None:
        start, end = sorted((x(Fraction(0)), x(bar.value)))
        look = (
            {"class_": "o", "fill": "none", "stroke": "currentColor", "stroke_width": 1.5}
            if bar.missed
            else {"class_": "m"}
        )
        yield tag("rect", x=start, y=middle - thick / 2, width=max(end - start, 0.5), height=thick, **look)
