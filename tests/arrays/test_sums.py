"""Counting many rows into few cells, against a dictionary and a loop."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi.arrays.sums import CellSums, add_up, product
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.errors import RecordsError

Row = tuple[tuple[int, ...], tuple[int, ...]]  # keys, sums
Counted = dict[tuple[int, ...], tuple[int, ...]]

often = settings(max_examples=60)

NARROW = st.integers(-3, 3)
WIDE = st.one_of(NARROW, st.integers(-(1 << 45), 1 << 45))
SUM = st.integers(-5, 5)


def rows(key: st.SearchStrategy[int], keys: int, sums: int) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.tuples(st.tuples(*[key] * keys), st.tuples(*[SUM] * sums)), max_size=30)


def by_loop(found: Iterable[Row]) -> Counted:
    """Add up with a dictionary; what comes to nothing is left out."""
    totals: dict[tuple[int, ...], list[int]] = {}
    for key, sums in found:
        total = totals.setdefault(key, [0] * len(sums))
        for place, number in enumerate(sums):
            total[place] += number
    return {key: tuple(total) for key, total in sorted(totals.items()) if any(total)}


def columns(found: Sequence[Row], keys: int, sums: int) -> tuple[list[Integers], list[Integers]]:
    return (
        [np.array([key[place] for key, _ in found], np.int64) for place in range(keys)],
        [np.array([total[place] for _, total in found], np.int64) for place in range(sums)],
    )


def as_dict(answer: tuple[tuple[Integers, ...], tuple[Integers, ...]]) -> Counted:
    """Read an answer, whose keys have to rise and to differ."""
    keys, sums = (list(zip(*(column.tolist() for column in part), strict=True)) for part in answer)
    assert keys == sorted(set(keys))
    return dict(zip(keys, sums, strict=True))


@pytest.mark.parametrize("key", [NARROW, WIDE], ids=["narrow", "wide"])
def test_adding_up_gives_what_a_dictionary_gives(key: st.SearchStrategy[int]) -> None:
    @often
    @given(rows(key, keys=3, sums=2))
    def check(found: list[Row]) -> None:
        assert as_dict(add_up(*columns(found, 3, 2))) == by_loop(found)

    check()


def test_adding_up_leaves_out_what_comes_to_nothing_and_keeps_what_only_partly_does() -> None:
    keys, sums = columns([((1,), (2, 5)), ((1,), (-2, -5)), ((0,), (3, 1)), ((0,), (-3, 1))], 1, 2)
    assert as_dict(add_up(keys, sums)) == {(0,): (0, 2)}


def test_adding_up_nothing_gives_nothing() -> None:
    assert as_dict(add_up(*columns([], 2, 1))) == {}


def test_adding_up_keeps_the_order_of_keys_too_far_apart_for_one_number() -> None:
    far = 1 << 62
    found: list[Row] = [((far - 1, 1), (1,)), ((-far, 2), (2,)), ((-far, -far), (3,)), ((far - 1, 1), (4,))]
    assert as_dict(add_up(*columns(found, 2, 1))) == {(-far, -far): (3,), (-far, 2): (2,), (far - 1, 1): (5,)}


@pytest.mark.parametrize("key", [NARROW, WIDE], ids=["narrow", "wide"])
def test_cells_added_batch_after_batch_give_what_a_dictionary_gives(key: st.SearchStrategy[int]) -> None:
    @often
    @given(st.lists(rows(key, keys=2, sums=2), max_size=25))
    def check(batches: list[list[Row]]) -> None:
        cells = CellSums(2, 2)
        for batch in batches:
            cells.add(*columns(batch, 2, 2))
        expected = by_loop(row for batch in batches for row in batch)
        assert as_dict(cells.result()) == expected
        assert as_dict(cells.result()) == expected  # asking takes nothing away

    check()


@often
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(-2, 2)), min_size=1, max_size=20))
def test_one_number_stands_for_a_sum_that_every_row_adds(batches: list[tuple[int, int]]) -> None:
    cells = CellSums(1, 2)
    for size, each in batches:
        key = np.arange(size) % 3
        cells.add([key], [1, np.full(size, each)])
    expected = by_loop(((place % 3,), (1, each)) for size, each in batches for place in range(size))
    assert as_dict(cells.result()) == expected


def test_the_box_grows_with_its_keys_and_loses_nothing() -> None:
    cells = CellSums(2, 1)
    found: list[Row] = []
    for step in range(40):
        batch: list[Row] = [((step * 7, -step), (1,)), ((-step, step * 3), (10,)), ((0, 0), (100,))]
        cells.add(*columns(batch, 2, 1))
        found += batch
    assert as_dict(cells.result()) == by_loop(found)


def test_keys_that_span_too_much_for_a_table_are_sorted_and_later_ones_still_counted() -> None:
    far = 1 << 40
    batches: list[list[Row]] = [
        [((0, 0), (1,)), ((1, 1), (1,))],
        [((far, 0), (1,)), ((0, 0), (1,))],  # too far apart for the table
        [((1, 1), (1,)), ((2, 2), (1,))],  # back inside it
    ]
    for place in range(30):  # so many that they are merged between
        batches += [[((place, -far), (1,)), ((far, 0), (1,))]]
    cells = CellSums(2, 1)
    for batch in batches:
        cells.add(*columns(batch, 2, 1))
    assert as_dict(cells.result()) == by_loop(row for batch in batches for row in batch)


def test_counting_goes_on_after_a_result() -> None:
    cells = CellSums(1, 1)
    cells.add([np.array([1, 2])], [1])
    assert as_dict(cells.result()) == {(1,): (1,), (2,): (1,)}
    cells.add([np.array([2, 3, 1 << 50])], [1])
    cells.add([np.array([1])], [-1])
    assert as_dict(cells.result()) == {(2,): (2,), (3,): (1,), (1 << 50,): (1,)}


def test_cells_without_a_row_have_no_result() -> None:
    cells = CellSums(4, 3)
    cells.add([np.empty(0, np.int64)] * 4, [1, np.empty(0, np.int64), 0])
    keys, sums = cells.result()
    assert [len(column) for column in (*keys, *sums)] == [0] * 7


def test_sums_are_exact_where_floating_point_is_not() -> None:
    large = (1 << 53) + 1
    cells = CellSums(1, 1)
    cells.add([np.zeros(3, np.int64)], [np.array([large, 1, 1])])
    cells.add([np.zeros(1, np.int64)], [np.array([-large])])
    assert as_dict(cells.result()) == {(0,): (2,)}


def test_many_rows_are_counted_as_the_dictionary_counts_them() -> None:
    numbers = np.random.default_rng(7)
    keys = [numbers.integers(-50, 50, 20_000), numbers.integers(0, 7, 20_000)]
    sums = numbers.integers(-3, 4, 20_000)
    cells = CellSums(2, 2)
    for part in np.array_split(np.arange(20_000), 9):
        cells.add([key[part] for key in keys], [1, sums[part]])
    found = zip(keys[0].tolist(), keys[1].tolist(), sums.tolist(), strict=True)
    answer = as_dict(cells.result())
    assert answer == by_loop(((first, second), (1, total)) for first, second, total in found)
    assert sum(count for count, _ in answer.values()) == 20_000


LARGEST = (1 << 63) - 1
HUGE = st.one_of(SUM, st.integers(-LARGEST, LARGEST), st.sampled_from([LARGEST, -LARGEST, 1 << 62, 1 << 61]))


@often
@given(st.lists(st.lists(st.tuples(st.integers(0, 3), HUGE), max_size=6), max_size=6))
def test_sums_of_any_size_are_exact_or_an_error(batches: list[list[tuple[int, int]]]) -> None:
    """64 bits that wrap would give another number; the error is for what really comes to more than they hold."""
    found: list[list[Row]] = [[((key,), (number, 1)) for key, number in batch] for batch in batches]
    whole = [row for batch in found for row in batch]
    too_large = sum(abs(number) for _, (number, _) in whole) > LARGEST
    if too_large:
        with pytest.raises(RecordsError, match=r"more than 9\.2 million million million"):
            add_up(*columns(whole, 1, 2))
    else:
        assert as_dict(add_up(*columns(whole, 1, 2))) == by_loop(whole)
    cells = CellSums(1, 2)
    try:
        for batch in found:
            cells.add(*columns(batch, 1, 2))
        assert as_dict(cells.result()) == by_loop(whole)
    except RecordsError:
        assert too_large


@often
@given(st.lists(st.tuples(st.integers(-LARGEST, LARGEST - 1), st.integers(-LARGEST, LARGEST - 1)), max_size=3))
def test_keys_of_any_size_find_their_place_in_the_table(corners: list[tuple[int, int]]) -> None:
    """On the way to a place numbers wrap; it is the same place all the same."""
    for first, second in corners:
        found: list[Row] = [((first + a, second + b), (a + 2 * b + 1,)) for a in (0, 1) for b in (0, 1, 0)]
        cells = CellSums(2, 1)
        cells.add(*columns(found, 2, 1))
        assert as_dict(cells.result()) == by_loop(found)


@often
@given(HUGE, HUGE)
def test_a_product_is_exact_or_an_error(one: int, other: int) -> None:
    for pair in ((np.array([one, 1]), other), (np.array([one, 0]), np.array([other, 1]))):
        try:
            assert product(*pair)[0] == one * other  # type: ignore[index]
        except RecordsError:
            assert max(abs(one), 1) * max(abs(other), 1) > LARGEST
