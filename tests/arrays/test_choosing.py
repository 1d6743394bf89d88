"""Numbers that are kept or replaced by a mask, as numpy's own way has them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi.arrays.choosing import kept

ANY = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.lists(st.tuples(ANY, st.booleans())), ANY)
def test_any_numbers_are_kept_or_replaced_as_by_where(cells: list[tuple[int, bool]], otherwise: int) -> None:
    numbers = np.array([number for number, _ in cells], np.int64)
    where = np.array([there for _, there in cells], np.bool_)
    before = numbers.copy()
    assert kept(numbers, where, otherwise).tolist() == [number if there else otherwise for number, there in cells]
    assert (numbers == before).all()
