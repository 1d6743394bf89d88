"""Publications to write and read back, and what their workbooks must hold: said here apart from the code."""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from ombudsman_kpi.publish.published import (
    SHORTHAND,
    Cell,
    Figure,
    Kind,
    Publication,
    PublishedTable,
    Section,
    Shorthand,
    TableColumn,
)

HOSTILE = [
    "=1+1", '=HYPERLINK("http://x.example","x")', "{=1+1}", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1",
    "http://x.example", "mailto:a@x.example", "internal:Cover!A1", "[a](b)", "[a](b) [c](d)", "$$note$$", "$$", "1",
    "007", "1.50", "1e5", "2024-03-31", "TRUE", "#N/A", "_x0041_", "cell0", "cells", " ", "", "–", "***", "[c]", "nan",
    "<b>&amp;</b>", "]]>", "a\x00b\x1b[31mc", "\ud800", "\ufffe", "\u202eabc", "line\nbreak", "  spaces   between  ",
    "\N{ARABIC LETTER FEH}\N{ARABIC LETTER REH}", "\N{HEBREW LETTER ALEF}", "\N{WOMAN}" * 30, "x" * 200, "None",
]  # fmt: skip

texts = st.sampled_from(HOSTILE) | st.text(max_size=40)
figures = st.builds(
    Figure,
    st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=1000),
    st.integers(min_value=0, max_value=4),
)
marks = st.builds(Shorthand, st.sampled_from(sorted(SHORTHAND)))
days = st.dates(min_value=date(1850, 1, 1), max_value=date(2150, 12, 31))
CELLS: dict[Kind, st.SearchStrategy[Cell]] = {
    "text": texts,
    "whole": st.integers(min_value=-(10**12), max_value=10**12),
    "share": figures,
    "number": figures,
    "date": days,
}


@st.composite
def tables(draw: st.DrawFn) -> PublishedTable:
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    notes = draw(st.lists(texts, max_size=3))
    references = st.lists(st.integers(min_value=1, max_value=len(notes)), max_size=2) if notes else st.just([])
    columns = tuple(
        TableColumn(draw(texts), kind, draw(texts), tuple(draw(references))) for kind in kinds
    )  # fmt: skip
    row = st.tuples(*(st.none() | marks | CELLS[kind] for kind in kinds))
    rows = draw(st.lists(row, max_size=6))
    return PublishedTable(draw(texts), draw(texts), draw(texts), columns, tuple(rows), tuple(notes))


@st.composite
def publications(draw: st.DrawFn) -> Publication:
    some = draw(st.lists(tables(), min_size=1, max_size=3))
    how = draw(st.lists(st.tuples(texts, texts), max_size=3))
    return publication(*some, title=draw(texts), says=draw(texts), how=tuple(how))


def publication(
    *some: PublishedTable, title: str = "Standards", says: str = "", how: tuple[tuple[str, str], ...] = ()
) -> Publication:
    section = Section("all", "All", "", some[1:])
    return Publication(title, "As at 31 March 2024", says, (), some[0], (section,), how)


def clean(text: str) -> str:
    """Return text as it is published: one line, and a mark in place of each character that steers or isn't one."""
    steering = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0x200E, 0x200F, *range(0x202A, 0x202F)}
    steering |= {*range(0x2066, 0x206A), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF}
    marked = "".join("\ufffd" if ord(sign) in steering - {0x09, 0x0A} else sign for sign in text)
    return re.sub(r"\s+", " ", marked).strip()


def kept(cell: Cell, column: TableColumn, *, excel: bool) -> Any:
    """Return what a cell must be when it is read back: text, a number, a day, or nothing."""
    match cell:
        case None:
            return ""
        case str():
            return clean(cell)
        case Shorthand(symbol):
            return f"[{symbol}]"
        case date():
            in_words = f"{cell.day} {cell.strftime('%b')} {cell.year}"
            return in_words if cell < date(1900, 3, 1) else cell
        case int():
            return float(cell)
    hundred = 100 if column.kind == "share" else 1
    exact = Decimal(cell.exact.numerator * hundred) / Decimal(cell.exact.denominator)
    rounded = exact.quantize(Decimal(1).scaleb(-cell.places), ROUND_HALF_UP)
    return float(rounded / hundred)


EXAMPLE = publication(
    PublishedTable(
        "summary",
        "Commitments, March 2024",
        "One of two was kept.",
        (
            TableColumn("Commitment"),
            TableColumn("Counted", "whole"),
            TableColumn("In time", "share", notes=(1,)),
            TableColumn("Mean time", "number", "working days"),
            TableColumn("Last day", "date"),
            TableColumn("Remark", notes=(2,)),
        ),
        (
            ("Answer calls", 1234, Figure(Fraction(8995, 10000), 2), Figure(Fraction(-7, 2)), date(2024, 3, 31), "now"),
            ("=1+1", -5, Shorthand("c"), Shorthand("z"), None, "-"),
        ),
        ("Counted by receipt.", "The period isn't over.", "Of no column."),
    ),
    PublishedTable("by-team", "By team", "", (TableColumn("Team"), TableColumn("Closed", "whole")),
                   (("North", 3),), ("The period isn't over.",)),
    title="Service standards",
    says="One of two commitments is kept.",
    how=(("Scheme", "lgsco"), ("Calendar", "England and Wales")),
)  # fmt: skip
