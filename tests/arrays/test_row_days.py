"""Rows and days in one number, against plain pairs."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.calendars.dates import day_number

pytestmark = pytest.mark.usefixtures("each_way")

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


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 30)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(-40, 70)), max_size=20),
)
def test_rows_are_cut_into_intervals_as_by_a_plain_loop(
    spans: list[tuple[int, int]], points: list[tuple[int, int]]
) -> None:
    points = sorted((row, day) for row, day in points if row < len(spans))
    now, expected = [first for first, _ in spans], []
    for row, day in points:
        first, length = spans[row]
        end = min(max(day, now[row]), first + length)
        expected.append((row, now[row], end))
        now[row] = end
    rows = np.arange(len(spans))
    begun, ended = (row_days.pack(rows, np.array(days)) for days in zip(*((a, a + b) for a, b in spans), strict=True))
    packed = np.array([row_days.pack(*point) for point in points], np.int64)
    found = row_days.intervals(packed, begun, ended)
    assert [*zip(*(part.tolist() for part in found), strict=True)] == expected
    assert row_days.days(begun).tolist() == now
