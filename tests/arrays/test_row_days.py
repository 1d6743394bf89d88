"""Rows and days in one number, against plain pairs."""

from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.calendars.dates import day_number

ROWS = st.one_of(st.integers(0, 3), st.integers(0, (1 << 40) - 1), st.sampled_from([(1 << 28) - 1, (1 << 40) - 1]))
DATES = st.dates().map(day_number)  # of the years 1 to 9999
DAYS = st.one_of(DATES, st.sampled_from([row_days.FIRST_DAY, -1, 0, row_days.LAST_DAY]))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(ROWS, DAYS), max_size=20))
def test_packed_numbers_sort_as_the_pairs_do_and_give_them_back(pairs: list[tuple[int, int]]) -> None:
    row, day = (np.array(column, np.int64) for column in (zip(*pairs, strict=True) if pairs else ((), ())))
    packed = np.sort(row_days.pack(row, day))
    assert [*zip(row_days.rows(packed).tolist(), row_days.days(packed).tolist(), strict=True)] == sorted(pairs)


def test_every_date_lies_between_the_first_and_the_last_day() -> None:
    assert row_days.FIRST_DAY < day_number(date.min) < day_number(date.max) < row_days.LAST_DAY
