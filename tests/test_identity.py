"""Ids that occur more than once."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import identity
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.identity import RowNumbers, repeated


def expected(ids: Iterable[str | None]) -> list[str]:
    """Count in plain Python."""
    return sorted(name for name, number in Counter(ids).items() if name is not None and number > 1)


def chunked(ids: Sequence[str | None], sizes: Sequence[int]) -> list[Any]:
    """Cut ids into Arrow arrays of some sizes, the rest into one."""
    chunks, place = [], 0
    for size in sizes:
        chunks.append(pa.array(ids[place : place + size], pa.string()))
        place += size
    return [*chunks, pa.array(ids[place:], pa.string())]


def found(chunks: Sequence[Any]) -> list[str]:
    ids, missing = repeated(lambda: iter(chunks))
    assert missing == sum(chunk.null_count for chunk in chunks)
    return sorted(ids.to_pylist())


IDS: dict[str, list[str | None]] = {
    "none at all": [],
    "one": ["A"],
    "one twice": ["A", "A"],
    "all different, rising": [f"C{number:05}" for number in range(100)],
    "all different, falling": [f"C{number:05}" for number in range(100, 0, -1)],
    "rising but for the last": [*[f"C{number:05}" for number in range(100)], "C00000"],
    "equal neighbours": ["A", "B", "B", "C"],
    "missing ones": [None, "A", None, "B", None],
    "missing ones and a pair": [None, "B", None, "A", "B", None],
    "nothing but missing ones": [None, None, None],
    "three times": ["A", "B", "A", "C", "A"],
    "two pairs": ["A", "B", "B", "A"],
    "of many lengths": [
        "7",
        "07",
        "007",
        "0007",
        "7",
        "12345678",
        "123456789",
        "12345678",
        "x" * 31,
        "x" * 32,
        "x" * 31,
    ],
    "padded with what looks like nothing": ["A", "A\0", "A\0\0", "B", "A\0"],
    "not in English": ["Ångström", "Angström", "日本", "日本語", "日本", "🙂", "🙂"],
    "upper and lower case": ["a1", "A1", "a1"],
    "a space inside": ["A 1", "A1", "A 1"],
}


@pytest.mark.parametrize("name", list(IDS))
@pytest.mark.parametrize("sizes", [(), (1,), (0, 2, 0), (1, 1, 1), (3,)], ids=str)
def test_the_same_ids_are_found_as_by_counting(name: str, sizes: Sequence[int]) -> None:
    assert found(chunked(IDS[name], sizes)) == expected(IDS[name])


@pytest.mark.parametrize("room", [1, 7, 100])
@pytest.mark.parametrize("seed", range(8))
def test_ids_that_wait_on_the_disk_are_found_all_the_same(
    seed: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ombudsman_kpi.identity._Fingerprints.room", room)
    draw = random.Random(seed)  # noqa: S311
    ids = [f"C{draw.randrange(400):04}" if draw.random() > 0.02 else None for _ in range(300)]
    assert found(chunked(ids, [draw.randint(0, 40) for _ in range(9)])) == expected(ids)


def test_a_full_disk_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ombudsman_kpi.identity._Fingerprints.room", 2)
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(RecordsError, match=r"no room for temporary files in .*: No space left on device.*TMPDIR"):
        found(chunked(["B", "A", "C", "B"], [2]))


@pytest.mark.parametrize("seed", range(30))
def test_random_ids_are_found_as_by_counting(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    length, alphabet = draw.choice([1, 2, 8, 9, 20]), draw.choice(["01", "abc", "0123456789", "aé日🙂"])
    ids = [
        None if draw.random() < 0.05 else "".join(draw.choices(alphabet, k=draw.randint(1, length)))
        for _ in range(draw.randrange(1, 400))
    ]
    if draw.random() < 0.3:
        ids.sort(key=str)
    sizes = [draw.randrange(0, 60) for _ in range(draw.randrange(0, 6))]
    assert found(chunked(ids, sizes)) == expected(ids)


def test_slices_of_a_longer_array_are_read_from_where_they_begin() -> None:
    whole = pa.array(["zz", "A", "B", "A", "zz", "BB", "B"], pa.string())
    assert found([whole.slice(1, 3)]) == ["A"]
    assert found([whole.slice(2, 2), whole.slice(5, 2)]) == ["B"]
    assert found([whole.slice(1, 1), whole.slice(4, 2)]) == []


def test_ids_that_rise_across_chunks_but_meet_at_the_seam_are_found() -> None:
    assert found([pa.array(["A", "B"]), pa.array([], pa.string()), pa.array(["B", "C"])]) == ["B"]


def test_fingerprints_that_collide_are_told_apart_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_fingerprints", lambda array: [np.zeros(len(array), np.uint64)])
    assert found([pa.array(["B", "A", "C", "B"])]) == ["B"]
    assert found([pa.array(["B", "A", "C"])]) == []


def test_fingerprints_of_different_ids_rarely_collide() -> None:
    ids = pa.array([f"{number:x}" for number in range(50_000)])
    assert len(np.unique(identity._fingerprints(ids)[0])) == 50_000


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


TEXTS = st.one_of(st.text("ab01é日", max_size=3), st.text("0123456789", min_size=7, max_size=18))
BATCHES = st.lists(st.lists(TEXTS, max_size=12), max_size=5)
OTHERS = st.lists(st.one_of(st.none(), TEXTS), max_size=6)
numbering = settings(max_examples=150, deadline=None, derandomize=True)


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


strong = identity.two_prints


def one_for_all(texts: Any) -> tuple[Any, Any]:
    first, second = strong(texts)
    return np.ones_like(first), second


def few(texts: Any) -> tuple[Any, Any]:
    """Give one of four first fingerprints, all of which want the same slots at the end of the table."""
    first, second = strong(texts)
    return first % np.uint64(8) | np.uint64((1 << 64) - 8) | np.uint64(1), second


def of_lengths(texts: Any) -> tuple[Any, Any]:
    second = strong(texts)[1]
    lengths = np.array([len(text or "") for text in texts.to_pylist()], np.uint64)
    return lengths * np.uint64(2) + np.uint64(1), second


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


WEAK = {"one for all": one_for_all, "a few at the end": few, "by length": of_lengths}


@pytest.mark.parametrize("name", list(WEAK))
def test_texts_whose_first_fingerprints_meet_have_numbers_of_their_own(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(identity, "two_prints", WEAK[name])
    texts = ["A1", "B2", "C3", "A1", "D4", "", "E55", "B2"]
    check_numbers([[text] for text in texts], ["F6", "A1", None, "F66"])  # one at a time
    check_apart([texts[:3], texts[3:]], ["F6", "A1", None, "F66"])  # several that meet in one batch


@pytest.mark.parametrize("name", list(WEAK))
def test_texts_whose_first_fingerprints_meet_keep_their_numbers_while_the_table_grows(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(identity, "two_prints", WEAK[name])
    texts = [f"{number}" for number in range(600)]
    table = RowNumbers()
    for number, text in enumerate(texts):
        assert table.of(pa.array([text])).tolist() == [number]
    monkeypatch.setattr(identity, "two_prints", strong)
    table.of(pa.array([f"case-{number}" for number in range(20_000)]))
    monkeypatch.setattr(identity, "two_prints", WEAK[name])
    assert table.find(pa.array(texts)).tolist() == list(range(600))
    assert table.of(pa.array(texts)).tolist() == list(range(600))


@numbering
@given(BATCHES, OTHERS, st.sampled_from(list(WEAK)))
def test_weak_fingerprints_number_texts_as_a_dictionary_does(
    batches: list[list[str]], others: list[str | None], name: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "two_prints", WEAK[name])
        check_apart(batches, others)
