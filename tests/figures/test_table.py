"""A table of figures makes rows for whoever looks at them, and its columns hold what its rows do."""

import copy
import pickle
from itertools import product
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import Results, load_scheme, measure
from ombudsman_kpi.figures import table
from ombudsman_kpi.figures.row import Row

LGSCO = load_scheme("lgsco")
TARGETS = ["decided-or-allocated-20wd", "investigation-13w", "investigation-26w"]
CASES = pd.DataFrame(
    {
        "case_id": [str(number) for number in range(120)],
        "received_at": pd.date_range("2023-04-03", periods=120, freq="2D"),
        "valid_at": pd.date_range("2023-04-03", periods=120, freq="2D"),
        "allocated_at": pd.date_range("2023-04-13", periods=120, freq="2D"),
        "decided_at": pd.date_range("2023-06-13", periods=120, freq="3D"),
        "withdrawn_at": [None] * 100 + ["2024-01-31"] * 20,
        "team": ["North", "South", "East"] * 40,
    }
)


@pytest.fixture
def results() -> Results:
    return measure(LGSCO, cases=CASES, as_of="2024-03-31", every="month", by="team", targets=TARGETS)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the target of each row that is made."""
    noted: list[str] = []

    class Noted(Row):
        def __new__(cls, *cells: Any) -> "Noted":
            noted.append(cells[0])
            return super().__new__(cls, *cells)

    monkeypatch.setattr(table, "Row", Noted)
    return noted


def test_rows_are_made_for_what_is_looked_at(results: Results, made: list[str]) -> None:
    assert len(results) > 80
    assert results.to_pandas()["target"].nunique() == 3
    own = results["investigation-13w"]
    assert (made, own.rows.targets) == ([], ("investigation-13w",))
    assert own.rows[0].target == own.rows[-1].target == "investigation-13w"
    assert len(made) == 2
    made.clear()
    assert len([*own]) == len(own) == len(made)
    assert set(made) == {"investigation-13w"}


def test_a_row_is_the_same_however_it_is_reached(results: Results) -> None:
    rows = [*results.rows]
    assert [results.rows[place] for place in range(len(rows))] == rows
    assert [results.rows[place - len(rows)] for place in range(len(rows))] == rows
    edges = (None, 0, 1, 5, 63, 64, 90, -1, -70, 10**6, -(10**6))
    for begin, end, step in product(edges, edges, (None, 1, 7, 1024, -1, -3, -2000)):
        assert results.rows[begin:end:step] == tuple(rows[begin:end:step])
    assert [*reversed(results.rows)] == rows[::-1]
    assert results.rows == tuple(rows)
    assert results.rows + results.rows == (*rows, *rows)
    assert sum((results[name].rows for name in TARGETS), ()) == tuple(rows)
    assert rows[3] in results.rows
    assert [row for name in TARGETS for row in results[name].rows] == rows
    for place in (len(rows), -len(rows) - 1):
        with pytest.raises(IndexError):
            results.rows[place]


def test_many_rows_are_made_together(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    rows_of = table.Part.rows

    def noted(part: table.Part, first: int, end: int) -> list[Row]:
        asked.append((first, end))
        return rows_of(part, first, end)

    monkeypatch.setattr(table.Part, "rows", noted)
    assert len(results.rows[::-1]) == len(results)
    assert len(asked) == len(results.rows.parts)
    asked.clear()
    assert len([*reversed(results.rows)]) == len(results)
    assert len(asked) == len(results.rows.parts)
    monkeypatch.setattr(table, "_TOGETHER", 8)
    asked.clear()
    assert results.rows[3:20] == (*results.rows,)[3:20]
    assert asked[:3] == [(3, 11), (11, 19), (19, 20)]


def test_results_can_be_pickled(results: Results) -> None:
    stock: dict[str, Any] = {
        "says": "Few wait for long", "measure": "stock", "of": "cases", "start": "received_at", "stop": "decided_at",
        "limit": "8 weeks", "standard": "no more than 6", "cohort": "dated",
    }  # fmt: skip
    said = measure(LGSCO.with_target("waiting", **stock), cases=CASES, as_of="2024-03-31", every="month")
    assert any(row.details for row in said)
    assert any(row.status == "not measured" for row in said)
    for shown in (results, said, said["waiting"], said.rows[0]):
        assert pickle.loads(pickle.dumps(shown)) == shown  # noqa: S301
        assert copy.deepcopy(shown) == shown


def test_columns_hold_what_the_rows_do(results: Results) -> None:
    for shown in (results, Results.from_json(results.to_json())):
        frame = pd.DataFrame([row.as_dict(("team",)) for row in results])
        found = shown.to_pandas()
        assert [*found] == [*frame]
        for name in frame:
            cells = [None if pd.isna(cell) else cell for cell in found[name]]
            expected = [None if pd.isna(cell) else cell for cell in frame[name]]
            if name in {"period_start", "period_end"}:
                cells = [cell and cell.date() for cell in cells]
            assert cells == expected, name


def test_many_alike_notes_are_those_of_their_rows() -> None:
    scheme = LGSCO.with_target(TARGETS[0], in_force={"first": "2023-06-01"})
    results = measure(scheme, cases=CASES, as_of="2024-03-31", every="month", by="team", targets=TARGETS)
    for row, note in zip(results, results.to_pandas()["note"], strict=True):
        assert note == row.note == table.note_of(row.words, dict(row.reasons), row.remarks)
    assert len({row.note for row in results}) > 3
    first = results[TARGETS[0]]
    assert {row.period for row in first if "was in force" in row.note} == {"Apr 2023", "May 2023"}
