"""Texts numbered in the order in which they are seen."""

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi.arrays import row_numbers
from ombudsman_kpi.arrays.row_numbers import RowNumbers
from ombudsman_kpi.errors import RecordsError

sys.path.append(str(Path(__file__).parent))
from weak_fingerprints import OTHERS, TEXTS, WEAK, numbering, strong

pytestmark = pytest.mark.usefixtures("each_way")

BATCHES = st.lists(st.lists(TEXTS, max_size=12), max_size=5)


def numbered(batches: Sequence[Sequence[str]]) -> tuple[list[list[int]], dict[str, int]]:
    """Number texts in plain Python, in the order in which they are first seen."""
    numbers: dict[str, int] = {}
    return [[numbers.setdefault(text, len(numbers)) for text in batch] for batch in batches], numbers


def check_numbers(batches: Sequence[Sequence[str]], others: Sequence[str | None]) -> None:
    """Number some batches, look for others after each, and compare with a plain dictionary."""
    table = RowNumbers()
    seen: dict[str, int] = {}
    for batch, expected_numbers in zip(batches, numbered(batches)[0], strict=True):
        assert table.of(pa.array(batch, pa.string())).tolist() == expected_numbers
        seen.update(zip(batch, expected_numbers, strict=True))
        wanted = [*others, *seen]
        looked_up = table.find(pa.array(wanted, pa.string())).tolist()
        assert looked_up == [-1 if text is None else seen.get(text, -1) for text in wanted]
        assert table.size == len(seen)
    assert table.texts().to_pylist() == list(numbered(batches)[1])


@numbering
@given(BATCHES, OTHERS)
def test_texts_are_numbered_as_by_a_dictionary(batches: list[list[str]], others: list[str | None]) -> None:
    check_numbers(batches, others)


@pytest.mark.parametrize("size", [1000, 7919, 60_000])
def test_numbers_stay_the_same_while_the_table_grows(size: int) -> None:
    draw = random.Random(size)  # noqa: S311
    names = [f"case-{number * 7919 % 50_021}" for number in range(60_000)]
    draw.shuffle(names)
    batches = [names[place : place + size] for place in range(0, len(names), size)]
    table = RowNumbers()
    expected_numbers, numbers = numbered(batches)
    assert [table.of(pa.array(batch)).tolist() for batch in batches] == expected_numbers
    assert table.size == len(numbers) == 50_021
    assert table.texts().to_pylist() == list(numbers)
    assert table.find(pa.array(names)).tolist() == [numbers[name] for name in names]
    assert (table.find(pa.array([f"none-{name}" for name in names])) == -1).all()


def test_missing_texts_have_no_number_even_where_an_empty_one_has() -> None:
    table = RowNumbers()
    assert table.of(pa.array(["", "A"])).tolist() == [0, 1]
    assert table.find(pa.array([None, "", "A", None, "B"])).tolist() == [-1, 0, 1, -1, -1]


def test_a_table_without_texts_finds_none() -> None:
    table = RowNumbers()
    assert table.find(pa.array(["A", None])).tolist() == [-1, -1]
    assert table.of(pa.array([], pa.string())).tolist() == []
    assert (table.size, table.texts().to_pylist()) == (0, [])


def test_slices_are_numbered_from_where_they_begin() -> None:
    table = RowNumbers()
    whole = pa.array(["zz", "A", "B", "A", "zz"])
    assert table.of(whole.slice(1, 3)).tolist() == [0, 1, 0]
    assert table.find(whole.slice(3, 2)).tolist() == [0, -1]


def check_apart(batches: Sequence[Sequence[str]], others: Sequence[str | None]) -> None:
    """See that each text keeps a number of its own, in whatever order the numbers are given."""
    table = RowNumbers()
    seen: dict[str, int] = {}
    for batch in batches:
        for text, number in zip(batch, table.of(pa.array(batch, pa.string())).tolist(), strict=True):
            assert seen.setdefault(text, number) == number
        assert sorted(seen.values()) == list(range(len(seen))) == list(range(table.size))
        wanted = [*others, *seen]
        looked_up = table.find(pa.array(wanted, pa.string())).tolist()
        assert looked_up == [-1 if text is None else seen.get(text, -1) for text in wanted]
    texts = table.texts().to_pylist()
    assert {text: texts[number] for text, number in seen.items()} == {text: text for text in seen}


@pytest.mark.parametrize("name", list(WEAK))
def test_texts_whose_first_fingerprints_meet_have_numbers_of_their_own(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(row_numbers, "two_prints", WEAK[name])
    texts = ["A1", "B2", "C3", "A1", "D4", "", "E55", "B2"]
    check_numbers([[text] for text in texts], ["F6", "A1", None, "F66"])  # one at a time
    check_apart([texts[:3], texts[3:]], ["F6", "A1", None, "F66"])  # several that meet in one batch


@pytest.mark.parametrize("name", list(WEAK))
def test_texts_whose_first_fingerprints_meet_keep_their_numbers_while_the_table_grows(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(row_numbers, "two_prints", WEAK[name])
    texts = [f"{number}" for number in range(600)]
    table = RowNumbers()
    for number, text in enumerate(texts):
        assert table.of(pa.array([text])).tolist() == [number]
    monkeypatch.setattr(row_numbers, "two_prints", strong)
    table.of(pa.array([f"case-{number}" for number in range(20_000)]))
    monkeypatch.setattr(row_numbers, "two_prints", WEAK[name])
    assert table.find(pa.array(texts)).tolist() == list(range(600))
    assert table.of(pa.array(texts)).tolist() == list(range(600))


@numbering
@given(BATCHES, OTHERS, st.sampled_from(list(WEAK)))
def test_weak_fingerprints_number_texts_as_a_dictionary_does(
    batches: list[list[str]], others: list[str | None], name: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_numbers, "two_prints", WEAK[name])
        check_apart(batches, others)


def test_more_texts_than_a_slot_has_numbers_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last number would spill into the fingerprint beside it."""
    monkeypatch.setattr(row_numbers, "_NUMBER", np.uint64(7))
    table = RowNumbers()
    assert table.of(pa.array([f"A{number}" for number in range(4)])).tolist() == [0, 1, 2, 3]
    assert table.of(pa.array(["A2", "B1", "B2"])).tolist() == [2, 4, 5]
    assert table.of(pa.array(["B3"])).tolist() == [6]
    with pytest.raises(RecordsError, match=r"more than 268 million different ids\. Split the records"):
        table.of(pa.array(["B4"]))
    assert table.find(pa.array(["B3", "A2", "B4"])).tolist() == [6, 2, -1]
