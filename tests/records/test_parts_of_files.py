"""Parquet files whose row groups are read side by side: the same figures, rows and errors as of one piece."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ombudsman_kpi import RecordsError, load_scheme, measure
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.records.tables import open_table

ROWS = 400
IDS = [f"A{row}" for row in range(ROWS)]


def cases(**columns: list[str]) -> pa.Table:
    received = [f"2024-0{1 + row % 6}-{1 + row % 28:02}" for row in range(ROWS)]
    dates = {"received_at": received, "allocated_at": received, "decided_at": ["2024-06-28"] * ROWS}
    days = {name: pa.array(cells).cast(pa.date32()) for name, cells in dates.items()}
    whole = pa.table({"case_id": IDS, **days})
    for name, cells in columns.items():
        whole = whole.append_column(name, pa.array(cells, pa.string()))
    return whole


def written(folder: Path, table: pa.Table, groups: list[int], files: int = 1) -> Path:
    """Write rows in groups of some sizes, into one or several files."""
    folder.mkdir()
    first = 0
    for file in range(files):
        with pq.ParquetWriter(folder / f"{file}.parquet", table.schema) as writer:
            for size in groups[file::files]:
                writer.write_table(table.slice(first, size), row_group_size=max(size, 1))
                first += size
    return folder / "*.parquet"


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BATCH", 16)


@pytest.mark.parametrize("groups", [[400], [100] * 4, [7] * 57 + [1], [200, 0, 199, 0, 1], [16] * 25])
@pytest.mark.parametrize("files", [1, 3])
def test_row_groups_and_files_give_the_rows_and_figures_of_one_piece(
    groups: list[int], files: int, tmp_path: Path
) -> None:
    path = written(tmp_path / "cases", cases(), groups, files)
    table = open_table("cases", path)
    assert [cell for batch in table.batches(["case_id"]) for cell in batch.text("case_id").to_pylist()] == IDS
    offsets = [batch.offset for batch in table.batches(["case_id"])]
    sizes = [len(batch) for batch in table.batches(["case_id"])]
    assert offsets == [sum(sizes[:place]) for place in range(len(sizes))]
    assert table.index.find(pa.array(["A0", "A399", "B"])).tolist() == [0, 399, -1]
    lgsco = load_scheme("lgsco")
    options: dict[str, Any] = {"as_of": "2024-06-30", "targets": "investigation-26w", "every": "month"}
    heard: list[int] = []
    found = measure(lgsco, cases=path, progress=lambda _, rows: heard.append(rows), **options)
    assert found.to_pandas().to_csv() == measure(lgsco, cases=cases(), **options).to_pandas().to_csv()
    assert heard == sorted(heard)
    assert heard[-1] == ROWS


@pytest.mark.parametrize("files", [1, 4])
def test_the_first_wrong_number_of_many_row_groups_is_named_by_its_row_each_time(files: int, tmp_path: Path) -> None:
    numbers = ["1"] * ROWS
    for row in (399, 250, 123, 301):
        numbers[row] = "x"
    path = written(tmp_path / "cases", cases(number=numbers), [50] * 8, files)
    row = 123 if files == 1 else 123 - 100
    for _ in range(5):
        with pytest.raises(RecordsError, match=rf"row {row}: number isn.t a whole number"):
            measure(
                load_scheme("lgsco"), cases=path, as_of="2024-06-30", targets="investigation-26w",
                columns={"cases": {"count": "number"}},
            )  # fmt: skip


def test_of_files_with_and_without_zones_the_error_names_the_same_one_each_time(tmp_path: Path) -> None:
    for file, zone in enumerate((None, "UTC", None)):
        times = pa.array([0] * 100, pa.timestamp("us", zone))
        pq.write_table(pa.table({"case_id": IDS[:100], "received_at": times}), tmp_path / f"{file}.parquet", 20)
    for _ in range(5):
        table = open_table("cases", tmp_path / "*.parquet")
        with pytest.raises(RecordsError, match=r"1\.parquet.*times with a zone and times without"):
            list(table.batches(["received_at"]).each(lambda batch: batch.times("received_at")))
        assert len(table.batches(["received_at"]).parts) == 1
        assert len(table.batches(["case_id"]).parts) > 1


def test_instants_as_spark_writes_them_are_told_from_times_without_a_zone_by_the_first_file(tmp_path: Path) -> None:
    """Both are called timestamps without a zone; whichever thread was first would say which of them is right."""
    for file, of_spark in enumerate([True, False]):
        times = pa.table({"received_at": pa.array(["2024-03-28T09:30"] * 64).cast(pa.timestamp("ns"))})
        pq.write_table(times, tmp_path / f"{file}.parquet", row_group_size=16, use_deprecated_int96_timestamps=of_spark)
    table = open_table("cases", tmp_path / "*.parquet")
    assert len(table.batches(["received_at"]).parts) == 1
    for file in range(2):
        assert len(open_table("cases", tmp_path / f"{file}.parquet").batches(["received_at"]).parts) == 4
