"""Tables that were suppressed by hand: what can be worked out of them on paper is found."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi import KpiError, OptionError, audit


def table(*rows: tuple[Any, ...], names: str = "area met missed total") -> list[dict[str, Any]]:
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


@pytest.mark.parametrize("mark", ["[c]", "*", "<10", "#", "c"])
def test_what_is_told_by_sums_is_found(mark: str) -> None:
    found = audit(table(("A", 20, mark, 23), ("B", 30, 40, 70), ("Total", 50, 43, 93)), threshold=10)
    assert [tuple(leak) for leak in found.leaks] == [("A", "missed", 3, 3)]
    assert found.withheld == 1
    with pytest.raises(KpiError, match="A: missed is 3"):
        found.check()


def test_four_cells_that_hide_one_another_pass() -> None:
    rows = table(("A", "[c]", "[c]", 60), ("B", "[c]", "[c]", 70), ("C", 20, 30, 50), ("Total", 80, 100, 180))
    assert audit(rows, threshold=10).passed


def test_a_small_number_that_stands_there_is_a_leak() -> None:
    found = audit(table(("A", 20, 3, 23), ("B", 30, 40, 70)), threshold=10)
    assert [tuple(leak) for leak in found.leaks] == [("A", "missed", 3, 3)]


def test_a_percentage_tells_the_number_that_it_is_of() -> None:
    rows = table(("A", "[c]", 50, "6%"), ("B", 20, 80, "25%"), ("C", 30, 60, "50%"), names="area met decided rate")
    own: dict[str, Any] = {"percent": "rate", "numerator": "met", "denominator": "decided"}
    assert [tuple(leak) for leak in audit(rows, threshold=10, **own).leaks] == [("A", "met", 3, 3)]
    rows[0]["decided"] = 500  # 5.5% to 6.5% of 500 are 28 to 32: not small
    assert audit(rows, threshold=10, **own).passed


def test_totals_are_named_where_they_are_called_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("area,met,missed,everything\nA,20,*,23\nB,30,40,70\nCounty,50,43,93\n", "utf-8")
    assert audit(path, threshold=10).passed
    assert audit(path, threshold=10, total_row="County").leaks[0][2:] == (3, 3)
    assert audit(path, threshold=10, total_column="everything").leaks[0][2:] == (3, 3)
    with pytest.raises(OptionError, match="'Country'"):
        audit(path, threshold=10, total_row="Country")
    with pytest.raises(OptionError, match="'all'"):
        audit(path, threshold=10, total_column="all")
    with pytest.raises(OptionError, match="at least 3"):
        audit(path, threshold=2)


numbers = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=2)


@given(numbers, st.lists(st.booleans(), min_size=9, max_size=9))
def test_it_finds_what_trying_all_tables_finds(cells: list[tuple[int, int]], hide: list[bool]) -> None:
    def whole(pairs: Any) -> list[int]:
        rows = [(one, other, one + other) for one, other in pairs]
        return [number for row in (*rows, tuple(map(sum, zip(*rows, strict=True)))) for number in row]

    threshold, true = 4, whole(cells)
    shown = [
        "[c]" if number and (hidden or number < threshold) else number
        for number, hidden in zip(true, hide, strict=True)
    ]
    rows = table(*((name, *shown[3 * row : 3 * row + 3]) for row, name in enumerate(("A", "B", "Total"))))
    found = {(leak.row, leak.column): (leak.least, leak.most) for leak in audit(rows, threshold=threshold).leaks}
    tables = [
        one for one in (whole([four[:2], four[2:]]) for four in product(range(9), repeat=4))
        if all(number >= 1 if mark == "[c]" else number == mark for number, mark in zip(one, shown, strict=True))
    ]  # fmt: skip
    for place, mark in enumerate(shown):
        key = ("A", "B", "Total")[place // 3], ("met", "missed", "total")[place % 3]
        least, most = min(one[place] for one in tables), max(one[place] for one in tables)
        if mark == "[c]" and most < threshold - 1:
            assert found[key] == (least, most)
        if mark == "[c]" and most >= threshold:
            assert key not in found
