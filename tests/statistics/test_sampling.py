"""Samples of plain ids: the hash as its definition says, how many of each stratum, how many for a margin."""

import math
from fractions import Fraction
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics import allocate, sample_size, sampling, wilson
from ombudsman_kpi.statistics.sampling import draw_order, margin_of

sizes_of_strata = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 300), min_size=1, max_size=8)


@pytest.mark.parametrize("seed", [7, "7", "QA – Bézier 2024", "x" * 64])
def test_ids_are_drawn_in_the_order_of_the_hash_of_seed_and_id(seed: int | str) -> None:
    ids = [f"24-{number:05d}" for number in range(2_000)] + ["é", "", "101"]
    places, hashes = draw_order(ids, seed)
    each = {one: blake2b(one.encode(), key=str(seed).encode(), digest_size=8).hexdigest() for one in ids}
    assert [ids[place] for place in places] == sorted(ids, key=lambda one: each[one])
    assert [f"{one:016x}" for one in hashes.tolist()] == sorted(each.values())


def test_where_hashes_are_equal_the_id_decides_and_not_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class Same:
        def copy(self) -> "Same":
            return self

        def update(self, _: bytes) -> None:
            pass

        def digest(self) -> bytes:
            return bytes(8)

    monkeypatch.setattr(sampling, "blake2b", lambda **_: Same())
    for ids in (["b", "a", "c"], ["c", "b", "a"]):
        assert [ids[place] for place in draw_order(ids, 1)[0]] == ["a", "b", "c"]


@pytest.mark.parametrize("seed", [None, True, 1.5, "", "x" * 65, b"7", "é" * 33])
def test_a_seed_is_a_number_or_text(seed: Any) -> None:
    with pytest.raises(OptionError, match="seed: a whole number or text"):
        draw_order(["A1"], seed)


@given(sizes_of_strata, st.data())
def test_strata_have_their_share_their_minimum_and_no_more_than_there_are(sizes: dict[str, int], data: Any) -> None:
    minimum = data.draw(st.integers(0, 4))
    least = {name: min(minimum, size) for name, size in sizes.items()}
    n = data.draw(st.integers(sum(least.values()), sum(sizes.values())))
    drawn = allocate(sizes, n, minimum=minimum)
    assert sum(drawn.values()) == n
    assert all(least[name] <= drawn[name] <= sizes[name] for name in sizes)
    above = [name for name in sizes if drawn[name] > least[name]]
    for one in above:  # of two strata above the minimum each is within one of its proportion of what both have
        for other in above:
            both = Fraction(drawn[one] + drawn[other], sizes[one] + sizes[other])
            assert abs(drawn[one] - both * sizes[one]) <= 1
    turned = dict(reversed(sizes.items()))
    assert allocate(turned, n, minimum=minimum) == drawn


def test_strata_worked_out_on_paper() -> None:
    assert allocate({"A": 50, "B": 30, "C": 20}, 10) == {"A": 5, "B": 3, "C": 2}
    assert allocate({"A": 53, "B": 24, "C": 23}, 10) == {"A": 5, "B": 3, "C": 2}  # 5.3, 2.4, 2.3
    assert allocate({"B": 10, "A": 10, "C": 20}, 3) == {"B": 0 + 1, "A": 1, "C": 1}  # minimum; 0.75, 0.75, 1.5
    assert allocate({"B": 10, "A": 10, "C": 20}, 5) == {"B": 1, "A": 1, "C": 3}  # 1.25, 1.25, 2.5
    assert allocate({"B": 10, "A": 10}, 3) == {"B": 1, "A": 2}  # 1.5 each: the name that comes first
    assert allocate({"A": 10, "B": 30}, 2, minimum=0) == {"A": 0, "B": 2}  # 0.5, 1.5: the larger
    assert allocate({"A": 1, "B": 99}, 10, minimum=5) == {"A": 1, "B": 9}
    assert allocate({"A": 3, "B": 4}, 7) == {"A": 3, "B": 4}


@pytest.mark.parametrize(
    ("sizes", "n", "minimum", "says"),
    [
        ({"A": 3, "B": 0}, 2, 1, "Stratum 'B' has none to draw from"),
        ({"A": 3, "B": 4}, 8, 1, "n: 8 can't be drawn from 7"),
        ({"A": 3, "B": 4}, 1, 1, "n: 1 is too few for 2 strata with a minimum of 1: they need 2"),
        ({"A": 3, "B": 40}, 7, 5, "they need 8"),
        ({"A": 3}, 1.5, 1, "n: a whole number"),
        ({"A": 3}, 1, -1, "minimum: a whole number"),
        ({"A": -3}, 1, 1, "stratum 'A': a whole number"),
    ],
)
def test_strata_that_cant_be_drawn_from_are_refused(sizes: dict[str, int], n: Any, minimum: int, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        allocate(sizes, n, minimum=minimum)


@pytest.mark.parametrize(("margin", "population"), [(0.05, 4_500), (0.1, 40), (0.03, 10**6), (0.01, 2), (0.4, 1)])
def test_the_sample_is_the_least_whose_interval_is_so_narrow(margin: float, population: int) -> None:
    n = sample_size(margin, population)
    assert margin_of(n, population) <= margin
    assert n == 1 or margin_of(n - 1, population) > margin
    for size in (n, n + 1):
        if size % 2 == 0 and size <= population:  # half of it can be met
            low, high = wilson(size // 2, size, population=population)
            assert (high - low) / 2 == pytest.approx(margin_of(size, population), abs=1e-12)


def test_the_size_is_near_that_of_the_textbook() -> None:
    """Cochran's n0 / (1 + (n0 - 1) / N) with n0 = z² / 4 margin²: 384 of endlessly many for 5 points."""
    assert sample_size(0.05, 10**9) == pytest.approx(384.1, abs=4)
    for population in (300, 1_000, 4_500, 100_000):
        n0 = 1.959964**2 / 4 / 0.03**2
        assert sample_size(0.03, population) == pytest.approx(n0 / (1 + (n0 - 1) / population), rel=0.01)


@pytest.mark.parametrize(
    ("margin", "options", "says"),
    [
        (0, {}, "margin: above 0"),
        (1, {}, "margin: above 0"),
        (-0.05, {}, "margin: above 0"),
        (math.nan, {}, "margin: above 0"),
        ("5%", {}, "margin: above 0"),
        (True, {}, "margin: above 0"),
        (0.05, {"share": 1.0}, "share: above 0"),
        (0.05, {"level": 95}, "level: above 0"),
        (0.05, {"population": 0}, "population: there is nothing"),
        (0.05, {"population": 2.5}, "population: a whole number"),
    ],
)
def test_sizes_that_cant_be_worked_out_are_refused(margin: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        sample_size(margin, **{"population": 100, **options})
