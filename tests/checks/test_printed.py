"""Printed tables checked against themselves: a published one with its misreadings, and tables made right or wrong."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import Typed
from ombudsman_kpi import OptionError, RecordsError, TableFindings, check_table

PUBLISHED = Path(__file__).parents[2] / "examples" / "data" / "published"


def read(name: str) -> list[dict[str, str]]:
    with (PUBLISHED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def listing() -> dict[str, dict[str, str]]:
    """Return the boroughs as they are listed: a row for each with its decisions, their total and the uphold rate."""
    rows: dict[str, dict[str, str]] = {}
    for row in read("boroughs"):
        rows.setdefault(row["authority"][:2], {"authority": row["authority"]})[row["decision"]] = row["count"]
    for row in read("boroughs_printed"):
        rows[row["authority"][:2]] |= {"total": row["total"], "uphold-rate": row["uphold_rate"]}
    return rows


def places(found: TableFindings) -> list[tuple[str, str, str]]:
    return [(item.label[:2], item.column, item.rule) for item in found]


def test_the_restored_listing_has_one_row_that_cannot_be_right() -> None:
    found = check_table([*listing().values()])
    assert places(found) == [("01", "uphold-rate", "percentage-of-nothing")]
    assert found.compared == (
        "uphold-rate with upheld / (upheld + not-upheld)",
        "total with upheld + not-upheld + advice-given + closed-after-initial-enquiries + incomplete-or-invalid + "
        "referred-back",
    )


def test_every_misreading_of_the_first_listing_is_found_in_its_row() -> None:
    rows, misread = listing(), dict[str, str]()
    for cell in read("doubtful_cells"):
        if cell["table"] == "boroughs-first" and cell["row"] in rows:
            rows[cell["row"]][cell["column"]] = cell["printed"]
            misread[cell["row"]] = misread.get(cell["row"], "") + cell["printed"]
    found = check_table([*rows.values()])
    # in row 08 a cell is empty, and what stands in the others can be right
    assert {label for label, _, _ in places(found)} == {row for row, printed in misread.items() if printed}
    unread = [place for place in places(found) if place[2] == "unreadable-number"]
    assert unread == [("11", "referred-back", "unreadable-number"), ("13", "uphold-rate", "unreadable-number"),
                      ("28", "closed-after-initial-enquiries", "unreadable-number")]  # fmt: skip


def table(*rows: Sequence[Any], names: str = "area upheld decided percent") -> list[dict[str, Any]]:
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


NAMED: Any = {"percent": "percent", "numerator": "upheld", "denominator": "decided"}


@pytest.mark.parametrize(
    ("part", "whole", "printed", "said"),
    [
        (1, 8, "12.5", None), (1, 8, "13", None), (1, 8, "12", "1 of 8 is 13%, not 12%: halves were rounded to even"),
        (1, 3, "33.3", None), (2, 3, "66.6", "2 of 3 is 66.7%, not 66.6%: digits were cut off"),
        (2, 3, "66.7%", None), (2, 3, "66.70", "2 of 3 is 66.67%, not 66.70%"), (3, 3, "100", None),
        (0, 3, "0.0", None),
        (35, 80, "44", None), (35, 80, "43.8", None), (35, 80, "45", "35 of 80 is 44%, not 45%"),
        ("1,204", "2,408", "50.0", None), (190, 218, "87.1559633", None), (190, 218, "87.1559634", "not 87.1559634%"),
        (5, 4, "125", "5 is more than 4"), (0, 0, "0", "there is no percentage of nothing, and it says 0"),
        (0, 0, "", None), (0, 0, "-", None), ("[c]", 4, "25", None), (1, "[x]", "25", None), (1, 4, "..", None),
        (1, 8, 12.5, None), (1, 3, 33.33333333333333, None), (1, 3, 33.3, None),
    ],
)  # fmt: skip
def test_a_percentage_is_that_of_its_counts_rounded_half_up(part: Any, whole: Any, printed: Any, said: str) -> None:
    found = check_table(table(("Camden", part, whole, printed)), **NAMED)
    own = [item.says for item in found if item.rule != "no-percentage"]
    assert len(own) == (said is not None)
    assert said is None or said in own[0]


def test_percentages_out_of_range_are_found() -> None:
    found = check_table(table(("A", 1, 4, "25"), ("B", 1, 4, "-25"), ("C", 1, 4, "250"), ("D", 2, 4, "50")))
    wrong = [item for item in found if item.rule == "no-percentage"]
    assert [(item.label, item.says) for item in wrong] == [
        ("B", "-25 isn't between 0 and 100"), ("C", "250 isn't between 0 and 100"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("whole", "printed", "possible"),
    [(3, "33.3", True), (3, "33", True), (3, "40", False), (7, "14.3", True), (7, "14.2", False), (51, "42.3", False),
     (1000, "42.3", True), (999, "42.34", True), (30, "42.34", False)],
)  # fmt: skip
def test_with_the_denominator_alone_no_number_may_give_the_percentage(whole: int, printed: str, possible: bool) -> None:
    found = check_table(table(("A", 0, whole, printed)), percent="percent", denominator="decided")
    assert bool(found) is not possible
    if found:
        assert found[0].says == f"no number of {whole:,} is {printed}%"


def test_a_total_row_is_compared_with_the_rows_and_with_its_own_percentage() -> None:
    rows = table(("A", 1, 4, "25"), ("B", 3, 4, "75"), ("C", 5, 10, "50"), ("Total", 9, 19, "51"))
    found = check_table(rows)
    assert [str(item) for item in found] == [
        "the total row (Total), percent: 9 of 19 is 47%, not 51%",
        "the total row (Total), decided: the rows add up to 18, not 19",
    ]
    rows[1]["decided"] = "[c]"  # then nobody knows what the rows add up to
    assert [item.column for item in check_table(rows)] == ["percent"]


def test_the_total_row_of_a_file_is_compared_too(tmp_path: Path) -> None:
    path = tmp_path / "printed.csv"
    path.write_text("area,upheld,decided,percent\nA,1,4,25\nB,3,4,75\nC,5,10,50\nTotal,10,18,50\n", "utf-8")
    assert [item.column for item in check_table(path)] == ["percent", "upheld"]


def test_parts_are_compared_with_a_total() -> None:
    names = "area north south total"
    rows = [("A", 1, 2, 3), ("B", 2, 2, 4), ("C", 5, 1, 6), ("D", 1, 1, 3)]
    (found,) = check_table(table(*rows, names=names))
    assert str(found) == "row 3 (D), total: its parts add up to 2, not 3"
    named = check_table(table(*rows, names="area north south whole"), total="whole", parts=["north", "south"])
    assert [item.column for item in named] == ["whole"]
    assert not check_table(table(*rows, names="area north south whole"))  # nothing says that it is a total


def test_shorthand_is_left_out_and_counted() -> None:
    rows = [("A", "[c]", 4, "[c]"), ("B", 3, 4, "75"), ("C", 5, 10, "50"), ("D", 1, 10, ".."), ("E", "-", "[x]", "z"),
            ("F", 2, 10, "20 [p]"), ("G", "3 [r]", 10, "30")]  # fmt: skip
    found = check_table(table(*rows))
    assert not found
    assert found.left_out == Counter({"[c]": 2, "..": 1, "-": 1, "[x]": 1, "z": 1})
    assert "left out: 6 cells of shorthand ([c] 2, " in repr(found)


def test_what_has_no_counts_is_said() -> None:
    found = check_table(table(("A", "12.5"), ("B", "33.3"), names="area percent"))
    assert not found
    assert found.notes[0].startswith("not compared: percent, for which no counts were found. Name them")


@pytest.mark.parametrize("how", ["csv", "xlsx", "frame", "parts of 1"])
def test_files_and_frames_are_read_alike(how: str, tmp_path: Path) -> None:
    rows = table(("Camden", 42, 100, 42.0), ("Barnet", 35, 80, 43.8), ("Enfield", 20, 50, 41.0), ("Brent", 1, 3, 33.3))
    given_table: Any = pd.DataFrame(rows)
    if how == "csv":
        given_table = tmp_path / "printed.csv"
        pd.DataFrame(rows).to_csv(given_table, index=False)
    if how in {"xlsx", "parts of 1"}:
        given_table, book = tmp_path / "printed.xlsx", openpyxl.Workbook()
        book.active.append(["Complaints decided, 2024"])
        book.active.append([*rows[0]])
        for row in rows:
            cells = [*row.values()]
            book.active.append([*cells[:3], round(cells[3] / 100, 3) if how == "parts of 1" else cells[3]])
        book.save(given_table)
    (found,) = check_table(given_table)
    assert (found.label, found.column) == ("Enfield", "percent")
    shown = "0.400, not 0.410" if how == "parts of 1" else "40.0%, not 41.0%"
    assert found.says == f"20 of 50 is {shown}"
    assert found.row == ("row 5" if how in {"xlsx", "parts of 1"} else "row 2")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"percent": "procent"}, "no column 'procent'. Did you mean 'percent'"),
        ({"numerator": "upheld"}, "name all three"),
        ({"parts": ["upheld"]}, "parts belong to a total"),
        ({"total": "decided", "parts": ["uphold"]}, "no column 'uphold'. Did you mean 'upheld'"),
        ({"total": "decided"}, "No columns add up to 'decided'"),
    ],
)
def test_a_column_that_is_not_there_is_one_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        check_table(table(("A", 1, 4, "25"), ("B", 3, 4, "75")), **options)


@pytest.mark.parametrize("nothing", [[], [{}], pd.DataFrame(), pd.DataFrame({"percent": []})])
def test_a_table_of_nothing_has_no_findings(nothing: Any) -> None:
    found = check_table(nothing)
    assert not found
    assert found.exit_code == 0
    assert "0 findings" in repr(found)


def test_what_is_no_table_is_an_error(tmp_path: Path) -> None:
    for given_table in (tmp_path / "nowhere.csv", 7, {"a": [1], "b": [1, 2]}):
        with pytest.raises(RecordsError):
            check_table(given_table)


def test_names_of_the_table_steer_nothing() -> None:
    rows = table(("\x1b[31m<b>[bold]", 3, 4, "70"), ("B", 3, 4, "75"), ("C", 5, 10, "50"))
    found = check_table(rows)
    assert "\x1b" not in repr(found)
    assert "\x1b" not in str(found[0])
    assert "<b>" not in found._repr_html_()
    assert found.to_pandas()["label"].tolist() == ["\x1b[31m<b>[bold]"]


ROUNDED = {"half up": ROUND_HALF_UP, "half even": ROUND_HALF_EVEN, "cut off": ROUND_DOWN}
COUNTS = st.lists(
    st.integers(1, 400).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))), min_size=1
)


def printed(part: int, whole: int, digits: int, how: str = "half up") -> str:
    """Round by another library than the code: decimal, of 60 digits."""
    return str((Decimal(100 * part) / Decimal(whole)).quantize(Decimal(1).scaleb(-digits), ROUNDED[how]))


@given(COUNTS, st.integers(0, 4))
def test_rightly_rounded_percentages_are_right(counts: list[tuple[int, int]], digits: int) -> None:
    rows = table(*((f"a{n}", part, whole, printed(part, whole, digits)) for n, (part, whole) in enumerate(counts)))
    assert not check_table(rows, **NAMED)
    assert not check_table(rows)  # nor is anything found with columns that were found out


@given(COUNTS, st.integers(0, 4), st.sampled_from(["half even", "cut off"]))
def test_of_another_rounding_exactly_what_differs_is_found(
    counts: list[tuple[int, int]], digits: int, how: str
) -> None:
    rows = table(*((f"a{n}", part, whole, printed(part, whole, digits, how)) for n, (part, whole) in enumerate(counts)))
    expected = [
        f"a{n}" for n, (part, whole) in enumerate(counts)
        if printed(part, whole, digits, how) != printed(part, whole, digits)
    ]  # fmt: skip
    found = check_table(rows, **NAMED)
    assert [item.label for item in found] == expected
    assert all("cut off" in item.says for item in found)


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 3), min_size=5, max_size=20), st.data())
def test_one_wrong_cell_is_found_in_its_row(parts: list[tuple[int, int, int]], data: st.DataObject) -> None:
    rows: list[dict[str, Any]] = [
        {"area": f"a{n}", "upheld": one, "not upheld": two, "referred back": three, "total": one + two + three}
        for n, (one, two, three) in enumerate(parts)
    ]
    wrong = data.draw(st.integers(0, len(rows) - 1))
    rows[wrong]["total"] += data.draw(st.integers(1, 9))
    found = check_table(rows, total="total", parts=["upheld", "not upheld", "referred back"])
    assert [item.label for item in found] == [f"a{wrong}"]


# The command


def test_the_command_lists_what_is_wrong_and_exits_with_1(typed: Typed, tmp_path: Path) -> None:
    path = tmp_path / "printed.csv"
    path.write_text("area,upheld,decided,percent\nA,1,4,25\nB,3,4,75\nC,5,10,49\n", "utf-8")
    code, out, err = typed("check-table", str(path))
    assert (code, err) == (1, "")
    assert "5 of 10 is 50%, not 49%" in out
    code, out, _ = typed("check-table", str(path), "--csv")
    assert code == 1
    assert [row["row"] for row in csv.DictReader(io.StringIO(out))] == ["row 2"]
    named = ("--percent", "percent", "--numerator", "upheld", "--denominator", "decided")
    assert typed("check-table", str(path), *named).code == 1
    assert typed("check-table", str(PUBLISHED / "foi_statistics.csv")).code == 0


def test_a_mistake_in_the_command_is_one_sentence(typed: Typed) -> None:
    code, out, err = typed("check-table", str(PUBLISHED / "foi_statistics.csv"), "--percent", "Rate")
    assert (code, out) == (2, "")
    assert "The table has no column 'Rate'." in " ".join(err.split())


def test_a_total_row_below_other_totals_is_of_the_rows_below_them_or_of_all_but_them() -> None:
    rows = [("Camden", 4), ("Barnet", 5), ("Inner London total", 9), ("Leeds", 4), ("York", 3)]
    for total, right in ((7, True), (16, True), (25, True), (9, False)):
        found = check_table(table(*rows, ("Total", total), names="area upheld"))
        assert [item.rule for item in found] == ([] if right else ["rows-not-total"]), total


@pytest.mark.parametrize("blank", ["\u00a0", "\u2009", "\u202f", " "])
def test_thousands_may_be_set_apart_by_blanks_and_per_cent_be_in_words(blank: str) -> None:
    part, whole = f"1{blank}042", f"2{blank}000"
    rows = [("x", part, whole, "52.1 per cent"), ("y", part, whole, "52.9 percent"), ("z", part, whole, "52.1 %")]
    assert [item.says for item in check_table(table(*rows))] == ["1,042 of 2,000 is 52.1%, not 52.9%"]


def test_less_than_a_number_is_shorthand() -> None:
    found = check_table(table(("x", 42, 100, "42%"), ("y", "<5", 100, "<5%"), ("z", "fewer than 10", 100, "[c]")))
    assert not found.found
    assert found.left_out.total() == 4


def test_the_findings_have_their_headings_in_plain_words() -> None:
    found = check_table(table(("x", 42, 100, "41%"), ("y", 42, 100, "42%"), ("z", 42, 100, "42%")))
    assert re.search(r"Row +Name +Column +What can't be right", repr(found))
