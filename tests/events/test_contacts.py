"""The numbers of contacts, cut into runs, against a plain list."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.events import contacts
from ombudsman_kpi.events.contacts import PartyDays
from ombudsman_kpi.records.sources import source

pytestmark = pytest.mark.usefixtures("each_way")

ROWS = 40
PARTY_DAYS = st.lists(st.tuples(st.integers(0, 2 * ROWS - 1), st.integers(-40_000, 60_000)), max_size=60)  # lane, day


@pytest.mark.parametrize("cell", [0, 2, 16], ids=lambda bits: f"cells of {1 << bits} rows")
@pytest.mark.parametrize("batch", [2, 8, 1 << 16])
def test_those_of_some_rows_are_given_sorted_whatever_the_runs(cell: int, batch: int) -> None:
    @settings(max_examples=settings().max_examples * 3 // 5)
    @given(st.lists(PARTY_DAYS, max_size=6), st.integers(0, ROWS), st.integers(0, ROWS + 70_000))
    def check(parts: list[list[tuple[int, int]]], first: int, size: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(contacts, "_CELL", cell)
            patch.setattr(source, "BATCH", batch)
            party_days = PartyDays(np.array(sorted(row_days.pack(*pair) for pair in part), np.int64) for part in parts)
            for begin, end in ((first, first + size), (0, 1), (0, ROWS)):  # some may lie beyond all that there are
                found = party_days.within(begin, end)
                pairs = zip((row_days.rows(found) + 2 * begin).tolist(), row_days.days(found).tolist(), strict=True)
                whole = sorted(pair for part in parts for pair in part)
                assert list(pairs) == [pair for pair in whole if begin <= pair[0] // 2 < end]

    check()


def test_where_nobody_was_reached_nothing_is_found() -> None:
    for parts in ([], [np.empty(0, np.int64)] * 3):
        assert PartyDays(parts).within(0, 100).tolist() == []
