"""The same cells give the same tally and outcomes in every container: dates of any year, and ids that are UUIDs."""

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources import source

sys.path.append(str(Path(__file__).parent))
from containers import FORMS, TYPED, array_of, table_of

LGSCO = kpi.load_scheme("lgsco")
OPTIONS: dict[str, Any] = {"as_of": "2024-06-30", "targets": "decided-or-allocated-20wd"}
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


@pytest.mark.parametrize("form", list(FORMS))
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


UUIDS: list[dict[str, Any]] = [{"case_id": item, **PLAIN} for item in IDS]


@pytest.mark.parametrize("form", list(TYPED))
def test_uuids_are_ids_as_python_writes_them(form: str, tmp_path: Path) -> None:
    outcomes = kpi.assess(LGSCO, cases=TYPED[form](UUIDS, tmp_path), **OPTIONS)
    assert outcomes["id"].tolist() == [str(item) for item in IDS]
    assert outcomes["status"].tolist() == ["met"] * 3


def test_uuids_of_duckdb_are_such_ids() -> None:
    text = duckdb.from_arrow(table_of([{**row, "case_id": str(row["case_id"])} for row in UUIDS]))
    own = text.project("CAST(case_id AS UUID) AS case_id, received_at, allocated_at, decided_at")
    assert kpi.assess(LGSCO, cases=own, **OPTIONS)["id"].tolist() == [str(item) for item in IDS]


def test_a_missing_uuid_is_a_missing_id_and_a_shared_one_is_shared() -> None:
    ids = array_of([IDS[0], None, IDS[0], IDS[1]])
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
