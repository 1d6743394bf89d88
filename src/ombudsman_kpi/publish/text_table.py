"""How results show themselves: one table, for the terminal, the notebook and the command line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.rounding import half_up, percent
from ombudsman_kpi.tallies.basis import Basis


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table ready to be shown: its heading, columns, rows of text, and what to know below it."""

    title: str
    subtitle: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    footnotes: tuple[str, ...]

    @property
    def widths(self) -> list[int]:
        """How wide each column is."""
        return [max(len(text) for text in column) for column in zip(self.columns, *self.rows, strict=True)]

    def within(self, width: int) -> "TextTable":
        """Return the table without the columns that matter least, so that it is no wider than a screen."""
        table = self
        for name in ("Limit", "Measure", "Missed", "Headroom", "In time", "Met", "Pending", "Note"):
            if sum(table.widths) + 2 * len(table.columns) > width and name in table.columns:
                shown = [place for place, column in enumerate(table.columns) if column != name]
                table = replace(
                    table,
                    columns=tuple(table.columns[place] for place in shown),
                    numeric=tuple(table.numeric[place] for place in shown),
                    rows=tuple(tuple(row[place] for place in shown) for row in table.rows),
                )
        return table


def table_of(rows: Sequence[Row], basis: Basis) -> TextTable:
    """Return results laid out for a reader: what was promised, what was reached, whether it was kept."""
    scheme, rows = basis.scheme, tuple(rows)  # each is looked at several times, and made once
    dated = {(row.target, row.cohort) for row in rows if row.period != NO_DATE}
    shown = [
        row
        for row in rows
        if row.status != "not measured" and (row.period != NO_DATE or (row.target, row.cohort) not in dated)
    ]
    targets = [basis.scheme[row.target] for row in shown]
    timed = all(target.in_time for target in targets)
    met = "In time" if timed else "Met"
    value = "Share" if all(row.unit == "share" for row in shown) else "Value"
    wide = {
        "Cohort": len({(row.target, row.cohort) for row in shown}) > len({row.target for row in shown}),
        "Period": any(row.every != EVERYTHING for row in shown),
        "Pending": any(row.pending for row in shown),
        "Note": any(row.words for row in shown),
    }
    by, limit = basis.by, "Limit" if timed else "Measure"
    numbers = ["Counted", met, "Missed", "Pending", value, "Standard"]
    columns = ["Target", limit, "Cohort", "Period", *by, *numbers, "Status", "Headroom", "Note"]
    names = [name for name in columns if wide.get(name, True)]
    cells = [dict(zip(columns, _cells(row, target), strict=True)) for row, target in zip(shown, targets, strict=True)]
    return TextTable(
        title=scheme.title,
        subtitle=(
            f"as at {basis.as_of} · scheme {scheme.id}, digest {scheme.digest} · "
            f"calendar {scheme.calendar.named}, edition {scheme.calendar.edition}"
        ),
        columns=tuple(names),
        numeric=tuple(name in {*numbers, "Headroom"} for name in names),
        rows=tuple(tuple(row[name] for name in names) for row in cells),
        footnotes=tuple(_footnotes(rows, basis, shown)),
    )  # fmt: skip


def _cells(row: Row, target: Target) -> list[str]:
    period = row.period + ("" if row.complete else " *") + (" †" if row.provisional else "")
    counted = _number(row.met if target.shows_met else row.denominator)
    parts = [_number(number) if target.is_share else "–" for number in (row.met, row.missed)]
    return [
        row.target, target.described, row.cohort, period, *row.group,
        counted, *parts, _number(row.pending),
        value_of(row, target), standard_of(target), row.status, _number(row.headroom), "; ".join(row.words),
    ]  # fmt: skip


def value_of(row: Row, target: Target) -> str:
    """Return a value in its unit, rounded half up from the exact one; a change with its sign."""
    if row.exact is None:
        return "–"
    sign = "+" if target.is_change and row.exact > 0 else ""
    if row.unit == "share":
        text = percent(row.exact.numerator, row.exact.denominator)
    elif row.unit == "number":
        text = half_up(row.exact, 0)
    else:
        text = f"{half_up(row.exact)} {row.unit}"
    return (sign + text).replace("-", "−")


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


_SIGNS = {"at least": "≥", "at most": "≤", "more than": ">", "less than": "<", "about": "≈"}
_CHANGES = {
    "at least": "not below", "at most": "not above", "more than": "increases", "less than": "decreases",
    "about": "as before",
}  # fmt: skip


def standard_of(target: Target) -> str:
    """Return a published figure: its sign, its value, its unit; for a change, in a word."""
    standard = target.standard
    if standard is None:
        return "–"
    if target.is_change:
        return _CHANGES[standard.operator]
    return f"{_SIGNS[standard.operator]} {str(standard).removeprefix(standard.operator).strip()}"


def _footnotes(rows: Sequence[Row], basis: Basis, shown: Sequence[Row]) -> list[str]:
    """Return, once each, what the table leaves out: open, excluded and invalid records, and what isn't measured."""
    notes = []
    if any(not row.complete for row in shown):
        notes.append("* the period isn't over at this date")
    if any(row.provisional for row in shown):
        notes.append("† some due days fall after the last announced bank holidays, and may still move")
    for target in dict.fromkeys(row.target for row in rows if row.status != "not measured"):
        notes += _left_out(target, [row for row in rows if row.target == target])
    notes += _remarks(shown)
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.status == "not measured":
            reasons.setdefault(row.note, []).append(row.target)
    notes += [f"not measured: {', '.join(targets)} ({reason})" for reason, targets in reasons.items()]
    measured = {row.target for row in shown}
    alike: dict[str, list[str]] = {}
    for target, options in basis.options["clocks"].items():
        if target in measured:
            alike.setdefault(", ".join(f"{name}: {value}" for name, value in options.items()), []).append(target)
    notes += [f"measured with {options}: {', '.join(targets)}" for options, targets in alike.items()]
    return notes


def _left_out(target: str, rows: Sequence[Row]) -> list[str]:
    """Return how many records a target leaves out, and why; for each cohort that is shown."""
    notes = []
    for cohort in dict.fromkeys(row.cohort for row in rows):
        first = [row for row in rows if row.cohort == cohort and row.every == rows[0].every]
        number = sum((row.excluded or 0) + (row.invalid or 0) for row in first)
        reasons: Counter[str] = Counter()
        for row in first:
            for (status, reason), number_of in row.reasons.items():
                if status in {"excluded", "invalid"}:
                    reasons[reason if status == "excluded" else f"invalid ({reason})"] += number_of
        if number:
            why = ", ".join(f"{number_of:,} {reason}" for reason, number_of in reasons.most_common())
            of = sum(row.records or 0 for row in first)
            name = target if len({row.cohort for row in rows}) == 1 else f"{target} ({cohort})"
            notes.append(f"{name} leaves out {number:,} of {of:,} records: {why}")
    return notes


def _remarks(shown: Sequence[Row]) -> list[str]:
    """Return each remark once, with the targets that it is about, if it isn't about all."""
    about: dict[str, dict[str, None]] = {}
    for row in shown:
        for remark in row.remarks:
            about.setdefault(remark, {})[row.target] = None
    everything = {row.target for row in shown}
    return [
        remark if len(everything) > 1 and set(targets) == everything else f"{', '.join(targets)}: {remark}"
        for remark, targets in about.items()
    ]


def as_text(table: TextTable) -> str:
    """Return a table as plain text."""
    widths = table.widths

    def line(cells: Sequence[str]) -> str:
        aligned = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(cells, widths, table.numeric, strict=True)
        )
        return "  ".join(aligned).rstrip()

    body = [line(table.columns), line(["─" * width for width in widths]), *(line(row) for row in table.rows)]
    return "\n".join([table.title, table.subtitle, "", *body, *(["", *table.footnotes] if table.footnotes else [])])


_COLOURS = {
    "met": "#00703c",
    **dict.fromkeys(("missed", "late", "overdue", "invalid"), "#b10e1e"),
    "undetermined": "#8a5a00",
}  # readable on white


def as_html(table: TextTable) -> str:
    """Return a table as HTML for a notebook."""

    def cell(tag: str, text: str, *, numeric: bool, style: str = "white-space:nowrap") -> str:
        side = "right" if numeric else "left"
        return f'<{tag} style="text-align:{side};padding:2px 10px;{style}">{escape(text)}</{tag}>'

    headings = zip(table.columns, table.numeric, strict=True)
    head = "".join(cell("th", text, numeric=numeric) for text, numeric in headings)
    body = []
    for row in table.rows:
        cells = [
            cell("td", text, numeric=numeric, style=_style(name, text))
            for name, text, numeric in zip(table.columns, row, table.numeric, strict=True)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    notes = "".join(f"<div>{escape(note)}</div>" for note in table.footnotes)
    return (
        f'<div><strong>{escape(table.title)}</strong><div style="font-size:smaller">{escape(table.subtitle)}</div>'
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
        f'<div style="font-size:smaller">{notes}</div></div>'
    )


def _style(column: str, text: str) -> str:
    """Return the style of a cell: the colour of a status; only notes run over several lines."""
    colour = _COLOURS.get(text) if column == "Status" else None
    bold = f";color:{colour};font-weight:bold" if colour else ""
    return "" if column == "Note" else f"white-space:nowrap{bold}"
