"""A table as text and as HTML: for the terminal, the notebook and the command line."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from ombudsman_kpi.publish.cells import MARKS
from ombudsman_kpi.publish.layout import CellText, Laid, Span, TextCell, blocks, body, wide, wrapped
from ombudsman_kpi.publish.published import Cell, Figure, PublishedTable, TableColumn, legend, plain, shown

WIDTH = 120  # of text that no terminal shows


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table ready to be shown: its heading, columns, rows of text, and what to know below it.

    A row with a single cell stands across all columns: it heads those that follow. The first ``keys`` columns say what
    a row is about; they stand in every block where a table is too wide. ``more`` are tables below it, with its notes.
    """

    title: str
    subtitle: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[TextCell, ...], ...]
    footnotes: tuple[str, ...]
    keys: int = 1
    more: tuple["TextTable", ...] = ()
    caption: str = ""  # of this table, where there are more

    def spans(self) -> list[str | None]:
        """Return of each row what stands across all columns; None where it has cells."""
        return [plain(_said(row[0]).text) if len(row) == 1 < len(self.columns) else None for row in self.rows]

    def laid_out(self) -> list[Laid]:
        """Return the columns with the heading of each and its cells, all of them as they may be shown."""
        rows = [
            row if span is None else ("",) * len(self.columns)
            for row, span in zip(self.rows, self.spans(), strict=True)
        ]
        cells = zip(*([*self.columns], *rows), strict=True) if self.columns else ()
        return [
            Laid(tuple(_marked(name, cell) for cell in column), numeric, label=place < self.keys)
            for place, (name, numeric, column) in enumerate(zip(self.columns, self.numeric, cells, strict=True))
        ]

    def fits(self, width: int | None) -> bool:
        """Return whether all columns have room beside one another."""
        return width is None or len([*blocks(self.laid_out(), self.keys, width)]) == 1


def _said(cell: TextCell) -> CellText:
    return cell if isinstance(cell, CellText) else CellText(cell)


def _marked(column: str, cell: TextCell) -> CellText:
    """Return a cell as it may be shown; a status with its mark, which stays on one line with it."""
    said = _said(cell)
    text, under = _kept(said.text), _kept(said.under)
    if column == "Status" and not said.style and text in STYLED:
        return CellText(f"{MARKS.get(text, '–')}\xa0{text}", under, text)
    return CellText(text, under, said.style)


def _kept(text: str) -> str:
    """Return text in one line without what steers a terminal; blanks that don't break stay."""
    return "\xa0".join(map(plain, text.split("\xa0"))) if "\xa0" in text else plain(text)


def screen_width() -> int:
    """Return how wide the terminal is; for what isn't shown on one, ``WIDTH``."""
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, 20)


def lines_of(table: TextTable, width: int | None) -> Iterator[list[Span]]:
    """Yield the lines of a table in a width, each as some text with styles; None: as wide as it is."""
    yield from _text(table.title, "bold", width)
    if table.subtitle:
        yield from _text(table.subtitle, "", width)
    yield []
    for number, one in enumerate((table, *table.more)):
        yield from [[]] if number else []
        if caption := one.caption or (one.title if number else ""):
            yield from _text(caption, "bold", width)
        if one.columns:
            yield from body(one.laid_out(), one.spans(), one.keys, width)
    if table.footnotes:
        yield []
    for note in table.footnotes:
        yield from _text(note, "dim", width)


_NUMBERED = re.compile(r"(\d+|\*|†)  ")


def _text(text: str, style: str, width: int | None) -> Iterator[list[Span]]:
    """Yield the lines of a sentence; those of a note stand below its first word, not below its number."""
    number = _NUMBERED.match(text)
    first = number[0] if number else ""
    text = _kept(text[len(first) :])
    lines = wrapped(text, width - wide(first)) if width is not None else (text,)
    for place, line in enumerate(lines):
        yield [((first if not place else " " * wide(first)) + line.replace("\xa0", " "), style)]


def as_text(table: TextTable, width: int | None = None) -> str:
    """Return a table as plain text, no wider than a width where one is given."""
    return "\n".join("".join(text for text, _ in line) for line in lines_of(table, width))


STYLED = {  # statuses by the colour behind them, with white on it: readable where all else is light, or dark
    "met": "#00703c",
    **dict.fromkeys(("missed", "late", "overdue", "invalid"), "#b10e1e"),
    "undetermined": "#7a5200",
    **dict.fromkeys(("no target", "no data", "not measured", "pending"), ""),
}


def text_of(table: PublishedTable, keys: int = 1) -> TextTable:
    """Return a published table as text: its shorthand is explained below it."""
    marked = all(column.heading != "Status" for column in table.columns)
    rows = tuple(
        tuple(_text_cell(cell, column, marked=marked) for cell, column in zip(row, table.columns, strict=True))
        for row in table.rows
    )
    return TextTable(
        table.title, table.says, tuple(_heading(column) for column in table.columns),
        tuple(column.kind not in {"text", "date"} for column in table.columns), rows,
        (*(f"{number}  {note}" for number, note in enumerate(table.notes, 1)),
         *(f"{mark} {meaning}" for mark, meaning in legend([table]))), keys,
    )  # fmt: skip


def _heading(column: TableColumn) -> str:
    return f"{column.heading} ({column.unit})" if column.unit else column.heading


def _text_cell(cell: Cell, column: TableColumn, *, marked: bool) -> CellText:
    text = shown(cell, column)
    if marked and isinstance(cell, Figure) and cell.status in {*MARKS, "undetermined"}:
        return CellText(f"{MARKS.get(cell.status, '?')}\xa0{text}", "", cell.status)
    if column.heading == "Status" and text[2:] in STYLED:
        return CellText(text[2:])
    return CellText(text)


def as_html(table: TextTable) -> str:
    """Return a table as HTML for a notebook, whether that is light or dark."""
    tables = "".join(
        _html_of(one, one.caption if one is table else one.title) for one in (table, *table.more) if one.columns
    )
    notes = "".join(
        f'<div style="padding-left:2em;text-indent:-2em">{_escaped(note)}</div>' for note in table.footnotes
    )
    subtitle = f"<div>{_escaped(table.subtitle)}</div>" if table.subtitle else ""
    return (
        f'<div style="overflow-x:auto"><strong>{_escaped(table.title)}</strong>{subtitle}{tables}'
        f'<div style="font-size:smaller;max-width:70em">{notes}</div></div>'
    )


def _escaped(text: str) -> str:
    return escape(_kept(text)).replace("\xa0", "&nbsp;")


_LINE = "border-bottom:1px solid rgba(128,128,128,.5)"


def _html_of(table: TextTable, named: str) -> str:
    columns = table.laid_out()
    caption = f'<caption style="text-align:left;caption-side:top"><strong>{_escaped(named)}</strong></caption>'
    head = "".join(_html_cell('th scope="col"', column.cells[0], numeric=column.numeric) for column in columns)
    rows = []
    least = [min(max(wide(cell.text) for cell in column.cells) // 2, 16) if column.label else 0 for column in columns]
    for number, span in enumerate(table.spans(), 1):
        if span is not None:
            across = f'<th colspan="{len(columns)}" scope="rowgroup" style="text-align:left;padding:10px 10px 2px">'
            rows.append(f"<tr>{across}{escape(span)}</th></tr>")
            continue
        cells = [
            _html_cell(
                'th scope="row"' if column.label else "td", column.cells[number], numeric=column.numeric,
                least=least[place],
            )
            for place, column in enumerate(columns)
        ]  # fmt: skip
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<table style="border-collapse:collapse;margin:8px 0">{caption if named else ""}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _html_cell(tag: str, cell: CellText, *, numeric: bool, least: int = 0) -> str:
    side = "right" if numeric else "left"
    shape = "" if "col" in tag else ";font-weight:normal"
    shape += ";white-space:nowrap" if numeric and "col" not in tag else f";min-width:{least}em" if least else ""
    text = escape(cell.text).replace("\xa0", "&nbsp;")
    colour = STYLED.get(cell.style)
    if colour:
        text = f'<span style="background:{colour};color:#fff;padding:1px 6px;border-radius:3px">{text}</span>'
    elif cell.style == "bold":
        text = f"<strong>{text}</strong>"
    if cell.under:
        text += f'<div style="font-size:smaller;opacity:.75;white-space:nowrap">{escape(cell.under)}</div>'
    style = f"text-align:{side};vertical-align:top;padding:3px 10px;max-width:30em{shape};{_LINE}"
    return f'<{tag} dir="auto" style="{style}">{text}</{tag[:2]}>'
