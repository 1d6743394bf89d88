"""The same cells give the same tally and outcomes in every container: dates of any year, and ids that are UUIDs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources import source

LGSCO = kpi.load_scheme("lgsco")
OPTIONS: dict[str, Any] = {"as_of": "2024-06-30", "targets": "decided-or-allocated-20wd"}
Cells = list[dict[str, Any]]


def table_of(rows: Cells) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]})


def csv(rows: Cells, folder: Path) -> Path:
    pd.DataFrame(rows).to_csv(folder / "cases.csv", index=False)
    return folder / "cases.csv"


def parquet(rows: Cells, folder: Path) -> Path:
    pq.write_table(table_of(rows), folder / "cases.parquet", row_group_size=2)
    return folder / "cases.parquet"


FORMS: dict[str, Callable[[Cells, Path], Any]] = {
    "rows": lambda rows, _: rows,
    "pandas": lambda rows, _: pd.DataFrame(rows),
    "pandas objects": lambda rows, _: pd.DataFrame(rows, dtype=object),
    "pandas categories": lambda rows, _: pd.DataFrame(rows).astype("category"),
    "Polars": lambda rows, _: pl.DataFrame(rows),
    "Arrow": lambda rows, _: table_of(rows),
    "an Arrow reader of single rows": lambda rows, _: table_of(rows).to_reader(max_chunksize=1),
    "a generator of single rows": lambda rows, _: (pd.DataFrame([row], dtype=object) for row in rows),
    "DuckDB": lambda rows, _: duckdb.from_arrow(table_of(rows)),
    "CSV": csv,
    "Parquet": parquet,
}

NEVER = [
    "9999-12-31", "9999-12-31T23:59:59", "9999-12-31 23:59:59.9999999", "2262-04-12", "2999-01-01T00:00:00.000000001",
]  # fmt: skip


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("batch", [1, 2, 1 << 16])
def test_a_date_far_ahead_is_later_than_as_of_and_spoils_no_neighbour(
    form: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    rows = [
        {"case_id": f"N{place}", "received_at": "2024-03-28", "allocated_at": None, "decided_at": never}
        for place, never in enumerate(NEVER)
    ]
    rows += [{"case_id": "M", "received_at": "2024-03-28", "allocated_at": None, "decided_at": "2024-04-02"}]
    rows += [{"case_id": "F", "received_at": "9999-12-31", "allocated_at": None, "decided_at": None}]
    outcomes = kpi.assess(LGSCO, cases=FORMS[form](rows, tmp_path), **OPTIONS).set_index("id")["status"].to_dict()
    assert outcomes == {f"N{place}": "overdue" for place in range(len(NEVER))} | {"M": "met", "F": "excluded"}
    tallied = kpi.tally(LGSCO, cases=FORMS[form](rows, tmp_path), **OPTIONS)
    assert tallied == kpi.tally(LGSCO, cases=table_of(rows), **OPTIONS)


@pytest.mark.parametrize("form", [form for form in FORMS if "row" not in form or "reader" in form])
@pytest.mark.parametrize("batch", [1, 1 << 16])
def test_a_day_that_there_is_not_spoils_no_neighbour(
    form: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    ends = {"A": "2024-04-02", "B": "2024-02-30", "C": "9999-12-31", "D": "0000-00-00", "E": "2024-04-02T10:00"}
    rows = [
        {"case_id": name, "received_at": "2024-03-28", "allocated_at": None, "decided_at": end}
        for name, end in ends.items()
    ]
    outcomes = kpi.assess(LGSCO, cases=FORMS[form](rows, tmp_path), **OPTIONS).set_index("id")["status"].to_dict()
    assert outcomes == {"A": "met", "B": "invalid", "C": "overdue", "D": "invalid", "E": "met"}


# UUIDs

IDS = [UUID(int=7), UUID(int=2**128 - 1), UUID("0a1b2c3d-4e5f-6789-abcd-ef0123456789")]
PLAIN = {"received_at": "2024-03-28", "allocated_at": None, "decided_at": "2024-04-02"}


def uuid_array(ids: Sequence[UUID | None]) -> pa.Array:
    """Give UUIDs as Arrow has them: 16 bytes each, whatever release of Arrow it is."""
    stored = pa.array([None if item is None else item.bytes for item in ids], pa.binary(16))
    return pa.ExtensionArray.from_storage(pa.uuid(), stored)


def uuids(*, first: int = 0, more: int = 0) -> pa.Table:
    """Give cases whose ids are UUIDs in Arrow, from an array that begins before them and ends behind them."""
    ids = uuid_array([*IDS[:1] * first, *IDS, *IDS[:1] * more]).slice(first, len(IDS))
    return pa.table({"case_id": ids} | {name: pa.array([cell] * 3, pa.string()) for name, cell in PLAIN.items()})


def as_parquet(folder: Path) -> Path:
    pq.write_table(uuids(), folder / "cases.parquet")
    return folder / "cases.parquet"


UUIDS: dict[str, Callable[[Path], Any]] = {
    "Arrow": lambda _: uuids(),
    "a slice of Arrow": lambda _: uuids(first=2, more=1),
    "an Arrow reader": lambda _: uuids().to_reader(),
    "a generator of tables": lambda _: (uuids().slice(place, 1) for place in range(3)),
    "Parquet": as_parquet,
    "DuckDB": lambda _: duckdb.from_arrow(table_of([{"case_id": str(item), **PLAIN} for item in IDS])).project(
        "CAST(case_id AS UUID) AS case_id, received_at, allocated_at, decided_at"
    ),
    "pandas": lambda _: pd.DataFrame({"case_id": IDS, **PLAIN}),
    "a generator of pandas frames": lambda _: (pd.DataFrame({"case_id": [item], **PLAIN}) for item in IDS),
    "rows": lambda _: [{"case_id": item, **PLAIN} for item in IDS],
}


@pytest.mark.parametrize("form", list(UUIDS))
def test_uuids_are_ids_as_python_writes_them(form: str, tmp_path: Path) -> None:
    outcomes = kpi.assess(LGSCO, cases=UUIDS[form](tmp_path), **OPTIONS)
    assert outcomes["id"].tolist() == [str(item) for item in IDS]
    assert outcomes["status"].tolist() == ["met"] * 3


def test_a_missing_uuid_is_a_missing_id_and_a_shared_one_is_shared() -> None:
    ids = uuid_array([IDS[0], None, IDS[0], IDS[1]])
    plain = {name: pa.array([cell] * 4, pa.string()) for name, cell in PLAIN.items()}
    cases = pa.table({"case_id": ids, **plain, "team": ["North", "North", "South", "South"]})
    outcomes = kpi.assess(LGSCO, cases=cases, **OPTIONS)
    assert outcomes["reason"].astype(str).tolist() == [
        "case_id is not unique", "case_id is missing", "case_id is not unique", ""
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.large_binary(), pa.binary(2), pa.binary_view(), pa.list_(pa.string())], ids=str
)
def test_an_id_that_is_no_text_is_refused(kind: Any) -> None:
    ids = pa.array([["A1"] if pa.types.is_list(kind) else b"A1"], kind)
    cases = pa.table({"case_id": ids} | {name: pa.array([cell], pa.string()) for name, cell in PLAIN.items()})
    with pytest.raises(kpi.RecordsError, match=r"case_id holds .*, not text"):
        kpi.assess(LGSCO, cases=cases, **OPTIONS)
