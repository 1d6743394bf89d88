"""Times in an unknown form: an error, or their records are invalid."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ombudsman_kpi import OptionError, RecordsError, assess, load_scheme, measure, tally

LGSCO = load_scheme("lgsco")
TARGET = "decided-or-allocated-20wd"
OPTIONS: dict[str, Any] = {"as_of": "2024-05-31", "targets": TARGET}

CELLS: list[tuple[list[Any], list[str]]] = [  # the times of receipt, and which of them can't be read
    (["2024-03-28", "28/03/2024", "2024-02-30", None], ["", "unread", "unreal", "missing"]),
    (["2024-03-28T09:00", "2024-03-28", "tomorrow", ""], ["", "", "unread", "missing"]),
    (["2024-03-28T09:00Z", "2024-03-28T09:00", "2024-03-28T09:00+01:00", "2024-03-28"], ["", "unread", "", ""]),
    (["2024-03-28T09:00Z", "2024-03-28T09:00", "2024-03-28T10:00", "2024-03-28"], ["unread", "", "", ""]),
    (["soon", "later", "never", "x"], ["unread"] * 4),
]
REASONS = {
    "unread": "received_at can't be read",
    "unreal": "received_at is not a real date or time",
    "missing": "received_at is missing",
    "": "",
}


def frame(cells: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({
        "case_id": [f"A{place}" for place in range(len(cells))], "received_at": cells, "decided_at": None,
        "allocated_at": None,
    })  # fmt: skip


@pytest.mark.parametrize("made", [lambda f: f, pl.from_pandas, pa.Table.from_pandas, lambda f: f.to_dict("records")])
@pytest.mark.parametrize(("cells", "wrong"), CELLS)
def test_a_cell_that_cannot_be_read_makes_its_record_invalid(
    cells: list[Any], wrong: list[str], made: Callable[[pd.DataFrame], Any]
) -> None:
    rows = assess(LGSCO, cases=made(frame(cells)), unreadable="invalid", **OPTIONS)
    assert rows["reason"].tolist() == [REASONS[why] for why in wrong]


@pytest.mark.parametrize("cells", [cells for cells, wrong in CELLS if "unread" in wrong])
def test_without_the_option_it_is_an_error(cells: list[Any]) -> None:
    with pytest.raises(RecordsError, match="received_at"):
        assess(LGSCO, cases=frame(cells), **OPTIONS)


@pytest.mark.parametrize("cells", [cells for cells, _ in CELLS])
def test_every_record_is_counted_once_in_memory_and_in_parts(cells: list[Any]) -> None:
    results = measure(LGSCO, cases=frame(cells), unreadable="invalid", **OPTIONS)
    (row,) = results.rows
    assert row.records == len(cells)
    whole = tally(LGSCO, cases=frame(cells), unreadable="invalid", **OPTIONS)
    assert tally(LGSCO, cases=frame(cells), unreadable="invalid", memory="512 MB", **OPTIONS) == whole


def test_objects_that_are_no_times_are_invalid_too() -> None:
    cases = [
        {"case_id": "A1", "received_at": 45379},
        {"case_id": "A2", "received_at": pd.Timestamp("2024-03-28 09:00")},
    ]
    rows = assess(LGSCO, cases=cases, unreadable="invalid", **OPTIONS)
    assert rows["reason"].tolist() == [REASONS["unread"], ""]


def test_a_whole_column_of_numbers_stays_an_error() -> None:
    with pytest.raises(RecordsError, match="holds int64"):
        measure(LGSCO, cases=frame([1, 2]), unreadable="invalid", **OPTIONS)


def test_any_other_word_is_refused() -> None:
    with pytest.raises(OptionError, match="'error' or 'invalid'"):
        measure(LGSCO, cases=frame([]), unreadable="skip", **OPTIONS)  # type: ignore[arg-type]
