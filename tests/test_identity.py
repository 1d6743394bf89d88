"""Ids that occur more than once."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ombudsman_kpi import identity
from ombudsman_kpi.identity import repeated


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
    return sorted(repeated(chunks).to_pylist())


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
    monkeypatch.setattr(identity, "_fingerprints", lambda array: np.zeros(len(array), np.uint64))
    assert found([pa.array(["B", "A", "C", "B"])]) == ["B"]
    assert found([pa.array(["B", "A", "C"])]) == []


def test_fingerprints_of_different_ids_rarely_collide() -> None:
    ids = pa.array([f"{number:x}" for number in range(50_000)])
    assert len(np.unique(identity._fingerprints(ids))) == 50_000
