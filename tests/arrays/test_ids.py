"""Ids that occur more than once."""

import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi.arrays import ids
from ombudsman_kpi.arrays.fingerprints import fingerprints
from ombudsman_kpi.arrays.ids import Index, repeated
from ombudsman_kpi.errors import RecordsError

sys.path.append(str(Path(__file__).parent))
from weak_fingerprints import OTHERS, TEXTS, WEAK, numbering

pytestmark = pytest.mark.usefixtures("each_way")


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
    monkeypatch.setattr("ombudsman_kpi.arrays.ids._Fingerprints.room", room)
    draw = random.Random(seed)  # noqa: S311
    ids = [f"C{draw.randrange(400):04}" if draw.random() > 0.02 else None for _ in range(300)]
    assert found(chunked(ids, [draw.randint(0, 40) for _ in range(9)])) == expected(ids)


def test_a_full_disk_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ombudsman_kpi.arrays.ids._Fingerprints.room", 2)
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
    monkeypatch.setattr(ids, "fingerprints", lambda array: [np.zeros(len(array), np.uint64)])
    assert found([pa.array(["B", "A", "C", "B"])]) == ["B"]
    assert found([pa.array(["B", "A", "C"])]) == []


@pytest.mark.parametrize("base", ["NJ30VRUJTBGS4A4G", "QY3QAJX9Q5BYFIA4"])
def test_ids_that_differ_in_a_few_characters_keep_both_fingerprints_apart(base: str) -> None:
    """Where a word is mixed in as it is, tens of thousands of these pairs cancel out, in both fingerprints at once."""
    alphabet = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)
    texts = np.tile(np.frombuffer(base.encode(), np.uint8), (36**4, 1))
    texts[:, [7, 11, 12, 15]] = np.array(np.meshgrid(*[alphabet] * 4, indexing="ij")).reshape(4, -1).T
    offsets = pa.py_buffer(np.arange(0, texts.size + 1, 16, dtype=np.int32))
    ids = pa.StringArray.from_buffers(len(texts), offsets, pa.py_buffer(texts))
    for prints in fingerprints(ids, (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))):
        prints.sort()
        assert (prints[1:] != prints[:-1]).all()


def test_fingerprints_of_different_ids_rarely_collide() -> None:
    ids = pa.array([f"{number:x}" for number in range(50_000)])
    assert len(np.unique(fingerprints(ids)[0])) == 50_000


def check_index(chunks: Sequence[Sequence[str | None]], others: Sequence[str | None]) -> None:
    """Index ids, and compare with a plain dictionary of the row in which each stands first."""
    first: dict[str, int] = {}
    again, ids = [], [name for chunk in chunks for name in chunk]
    for row, name in enumerate(ids):
        if name is not None and first.setdefault(name, row) != row:
            again.append(row)
    index = Index.of(pa.array(chunk, pa.string()) for chunk in chunks)
    wanted = [*others, *ids]
    assert index.find(pa.array(wanted, pa.string())).tolist() == [first.get(str(name), -1) for name in wanted]
    assert index.again.tolist() == again
    assert index.missing == ids.count(None)


CHUNKS = st.lists(st.lists(st.one_of(st.none(), TEXTS), max_size=12), max_size=5)


@numbering
@given(CHUNKS, OTHERS)
def test_ids_are_found_in_the_row_where_each_stands_first(
    chunks: list[list[str | None]], others: list[str | None]
) -> None:
    check_index(chunks, others)


@numbering
@given(CHUNKS, OTHERS, st.sampled_from(list(WEAK)))
def test_ids_whose_first_fingerprints_meet_are_found_in_rows_of_their_own(
    chunks: list[list[str | None]], others: list[str | None], name: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "two_prints", WEAK[name])
        check_index(chunks, others)


def test_an_index_of_many_ids_finds_each_and_nothing_else() -> None:
    draw = random.Random(7)  # noqa: S311
    names: list[str | None] = [f"case-{number * 7919 % 50_021}" for number in range(60_000)]
    draw.shuffle(names)
    names[::1000] = [None] * 60
    check_index([names[place : place + 7919] for place in range(0, 60_000, 7919)], [f"none-{name}" for name in names])


def test_more_ids_than_an_index_has_numbers_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_NUMBER", np.uint64(7))
    with pytest.raises(RecordsError, match="There are more than 268 million ids"):
        Index.of([pa.array([f"A{number}" for number in range(8)])])
