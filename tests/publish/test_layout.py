"""A table in a width: every word has room, and every cell can be read back."""

import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi.publish.layout import CellText, wide, wrapped
from ombudsman_kpi.publish.published import Figure, PublishedTable, Shorthand, TableColumn
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text, text_of

WORDS = st.text(alphabet="abc123", min_size=1, max_size=16)
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


@st.composite
def tables(draw: st.DrawFn) -> TextTable:
    size, rows = draw(st.integers(1, 9)), draw(st.integers(0, 4))
    columns = tuple(f"h{place}" for place in range(size))
    numeric = tuple(draw(st.booleans()) and place > 0 for place in range(size))
    cells = tuple((f"r{row} {draw(TEXTS)}".strip(), *(draw(TEXTS) for _ in range(size - 1))) for row in range(rows))
    return TextTable("t", "", columns, numeric, cells, (), draw(st.integers(1, min(size, 2))))


def read_back(text: str) -> dict[str, list[str]]:
    """Return each column's cells by its heading, read by the rules below the headings, block by block."""
    found: dict[str, list[str]] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("─"):
            continue
        spans, start = [], 0
        for rule in line.split("  "):
            spans.append((start, start + len(rule)))
            start += len(rule) + 2
        heads = [lines[number - 1][a:b].strip() for a, b in spans]
        end = next((place for place in range(number, len(lines)) if not lines[place]), len(lines))
        for head, (a, b) in zip(heads, spans, strict=True):
            found[head] = " ".join(one[a:b].strip() for one in lines[number + 1 : end]).split()
    return found


@settings(max_examples=200)
@given(tables(), st.integers(60, 130))
def test_a_table_in_any_width_has_all_its_words(table: TextTable, width: int) -> None:
    text = as_text(table, width)
    assert max(map(wide, text.splitlines())) <= width
    if table.rows:
        found = read_back(text)
        for place, name in enumerate(table.columns):
            assert found[name] == " ".join(str(row[place]) for row in table.rows).split()


@given(st.text(alphabet="ab 北e\u0301", max_size=60), st.integers(4, 20))
def test_lines_are_no_wider_than_asked_and_have_every_word(text: str, width: int) -> None:
    text = " ".join(text.split())
    lines = wrapped(text, width)
    assert all(wide(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if all(wide(word) <= width for word in text.split()):
        assert " ".join(lines).split() == text.split()  # no word is broken


@pytest.mark.parametrize(
    ("text", "places"), [("Team", 4), ("北部", 4), ("ﾃｽﾄ", 3), ("e\u0301", 1), ("שלום", 4), ("\u200eA", 1), ("", 0)]
)
def test_how_wide_text_is(text: str, places: int) -> None:
    assert wide(text) == places
    assert text.isascii() or unicodedata.name(text[0])


def test_columns_of_wide_characters_stand_below_one_another() -> None:
    table = TextTable("t", "", ("Team", "Share"), (False, True), (("北部", "9%"), ("e\u0301quipe", "10%")), ())
    assert as_text(table).splitlines()[2:] == ["Team    Share", "──────  ─────", "北部       9%", "e\u0301quipe    10%"]


def test_columns_without_room_stand_below_with_what_they_are_of() -> None:
    names = tuple(f"Month {place}" for place in range(8))
    table = TextTable("t", "", ("Team", *names), (False, *[True] * 8), (("North", *["100.0%"] * 8),), ())
    lines = as_text(table, 40).splitlines()
    assert [line for line in lines if line.startswith("North")] == [
        "North  100.0%  100.0%  100.0%  100.0%",
        "North  100.0%  100.0%  100.0%  100.0%",
    ]


def test_what_heads_some_rows_stands_across_all_columns() -> None:
    table = TextTable(
        "t", "", ("Team", "Share"), (False, True),
        ((CellText("Calls answered, at least 90%", style="bold"),), ("North", "9%"), ("Letters",), ("North", "8%")), (),
    )  # fmt: skip
    assert as_text(table).splitlines()[4:] == [
        "Calls answered, at least 90%", "North     9%", "", "Letters", "North     8%",
    ]  # fmt: skip
    assert as_html(table).count('colspan="2" scope="rowgroup"') == 2


def test_a_published_table_shows_itself_with_marks_and_its_shorthand() -> None:
    table = PublishedTable(
        "calls", "Calls", "Says.", (TableColumn("Team"), TableColumn("In time", "share")),
        (("North", Figure(Fraction(9, 10), 1, "met")), ("South", Shorthand("c")), ("=1+1", Figure(Fraction(1, 2)))),
    )  # fmt: skip
    lines = as_text(text_of(table), 80).splitlines()
    assert lines[:7] == ["Calls", "Says.", "", "Team   In time", "─────  ───────", "North  ✓ 90.0%", "South      [c]"]
    assert lines[7] == "=1+1     50.0%"
    assert lines[-1].startswith("[c] confidential")


def test_nothing_in_a_table_steers_a_terminal() -> None:
    r"""Whatever a table is of: an id of a record may be ``\x1b[2J``."""
    odd = "\x1b[2J\x07\n\u202e[red]"
    more = TextTable(odd, "", (odd,), (False,), ((odd,),), ())
    table = TextTable(
        odd, odd, (odd, "b"), (False, False), ((CellText(odd, odd), odd), (odd,)), (odd,), 1, (more,), odd
    )
    text = as_text(table, 60)
    assert not {"\x1b", "\x07", "\u202e"} & {*text}
    assert text.count("[red]") == 12
    assert "\x1b" not in as_html(table)


@pytest.mark.parametrize("width", [20, 40, 60])
def test_cells_that_do_not_break_are_cut_where_the_terminal_is_narrower(width: int) -> None:
    beside = "19\xa0places\xa0together"
    table = TextTable(
        "t", "", ("Commitment", "Counted"), (False, True), (("a-name-of-34-places-without-blanks", beside),), ()
    )
    assert max(map(wide, as_text(table, width).splitlines())) <= width
