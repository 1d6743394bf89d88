"""An XES log: only a complete transition has happened, unless the caller says what others stand for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import ombudsman_kpi as kpi

LGSCO = kpi.load_scheme("lgsco")
NAMES = {"case_id": "case:concept:name", "event": "concept:name", "at": "time:timestamp"}
LOG = [
    ("A", "received", "2024-03-28T10:00Z", "complete"),
    ("A", "decided", "2024-04-02T10:00Z", "start"),
    ("A", "decided", "2024-06-03T10:00Z", "COMPLETE"),
    ("B", "received", "2024-03-28T10:00Z", ""),  # nothing is said of it
    ("B", "decided", "2024-04-03T10:00Z", "schedule"),
]
ROWS = [dict(zip([*NAMES.values(), "lifecycle:transition"], row, strict=True)) for row in LOG]
FORMS: dict[str, Callable[[], Any]] = {
    "rows": lambda: ROWS, "pandas": lambda: pd.DataFrame(ROWS), "Polars": lambda: pl.DataFrame(ROWS),
}  # fmt: skip


def days_of_decisions(history: kpi.History) -> dict[str, str]:
    cases = history.cases.set_index("case_id")
    decided: dict[str, str] = cases["decided_at"].dt.strftime("%Y-%m-%d").fillna("").to_dict()
    return decided


@pytest.mark.parametrize("form", list(FORMS))
def test_the_start_of_an_activity_is_not_its_completion(form: str) -> None:
    history = kpi.history(LGSCO, events=FORMS[form](), as_of="2024-07-01", columns={"events": NAMES})
    assert days_of_decisions(history) == {"A": "2024-06-03", "B": ""}
    assert history.notes == (
        "1 event whose transition isn't complete but schedule", "1 event whose transition isn't complete but start",
    )  # fmt: skip


def test_the_note_of_a_figure_counts_them_and_a_stored_tally_keeps_them() -> None:
    options: dict[str, Any] = {"columns": {"events": NAMES}, "targets": "decided-or-allocated-20wd"}
    tally = kpi.tally(LGSCO, events=ROWS, as_of="2024-07-01", **options)
    (row,) = tally.results().rows
    assert (row.met, row.missed) == (0, 2)
    assert "1 event whose transition isn't complete but start" in row.note
    assert kpi.Tally.from_json(tally.to_json()) == tally


def test_the_caller_may_say_that_a_start_counts(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    names = "\n".join(f'{name} = "{column}"' for name, column in NAMES.items())
    path.write_text(
        f"[columns.events]\n{names}\n[values.events]\n\"lifecycle:transition\" = {{ start = 'complete' }}\n", "utf-8"
    )
    history = kpi.history(LGSCO, events=ROWS, as_of="2024-07-01", columns=path)
    assert days_of_decisions(history) == {"A": "2024-04-02", "B": ""}
