"""Containers that hold rows: the same cells, in every way of handing them over.

Only for tests. Each takes rows, which all have the same columns, and a folder for files. ``FORMS`` are of cells of
text, ``TYPED`` of any cells.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Cells = list[dict[str, Any]]


def table_of(rows: Cells, kind: Any = None) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], kind or pa.string()) for name in rows[0]})


def with_codes(rows: Cells) -> pa.Table:
    table = table_of(rows)
    return pa.table({name: table.column(name).combine_chunks().dictionary_encode() for name in table.column_names})


def csv(rows: Cells, folder: Path) -> Path:
    pd.DataFrame(rows, dtype=object).to_csv(folder / "records.csv", index=False)
    return folder / "records.csv"


def parquet(rows: Cells, folder: Path) -> Path:
    pq.write_table(table_of(rows), folder / "records.parquet", row_group_size=2)
    return folder / "records.parquet"


FORMS: dict[str, Callable[[Cells, Path], Any]] = {
    "rows": lambda rows, _: rows,
    "a generator of rows": lambda rows, _: (dict(row) for row in rows),
    "pandas": lambda rows, _: pd.DataFrame(rows),
    "pandas objects": lambda rows, _: pd.DataFrame(rows, dtype=object),
    "pandas strings": lambda rows, _: pd.DataFrame(rows).astype("string"),
    "pandas categories": lambda rows, _: pd.DataFrame(rows).astype("category"),
    "pandas with Arrow inside": lambda rows, _: pd.DataFrame(rows).astype(pd.ArrowDtype(pa.string())),
    "Polars": lambda rows, _: pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)),
    "a lazy frame": lambda rows, _: pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).lazy(),
    "Arrow": lambda rows, _: table_of(rows),
    "Arrow, large": lambda rows, _: table_of(rows, pa.large_string()),
    "Arrow, views": lambda rows, _: table_of(rows, pa.string_view()),
    "Arrow, codes": lambda rows, _: with_codes(rows),
    "an Arrow reader of single rows": lambda rows, _: table_of(rows).to_reader(max_chunksize=1),
    "a generator of single rows": lambda rows, _: (pd.DataFrame([row], dtype=object) for row in rows),
    "DuckDB": lambda rows, _: duckdb.from_arrow(table_of(rows)),
    "CSV": csv,
    "Parquet": parquet,
}


# Cells of any type


def array_of(cells: Sequence[Any]) -> pa.Array:
    """Give cells as Arrow makes an array of them; UUIDs, which older releases don't know, as they are stored."""
    if not any(isinstance(cell, UUID) for cell in cells):
        return pa.array(cells)
    stored = pa.array([None if cell is None else cell.bytes for cell in cells], pa.binary(16))
    return pa.ExtensionArray.from_storage(pa.uuid(), stored)


def typed_table_of(rows: Cells) -> pa.Table:
    return pa.table({name: array_of([row[name] for row in rows]) for name in rows[0]})


def typed_frame_of(rows: Cells) -> pl.DataFrame:
    """Give rows as Polars makes a frame of them, which has no UUIDs."""
    plain = {name: [str(row[name]) if isinstance(row[name], UUID) else row[name] for row in rows] for name in rows[0]}
    return pl.DataFrame(plain, strict=True)


def typed_parquet(rows: Cells, folder: Path) -> Path:
    pq.write_table(typed_table_of(rows), folder / "records.parquet")
    return folder / "records.parquet"


TYPED: dict[str, Callable[[Cells, Path], Any]] = {
    "a generator of rows": lambda rows, _: iter(rows),
    "pandas": lambda rows, _: pd.DataFrame(rows),
    "pandas, converted": lambda rows, _: pd.DataFrame(rows).convert_dtypes(),
    "pandas objects": lambda rows, _: pd.DataFrame(rows, dtype=object),
    "pandas objects, row by row": lambda rows, _: (pd.DataFrame([row], dtype=object) for row in rows),
    "Polars": lambda rows, _: typed_frame_of(rows),
    "Arrow": lambda rows, _: typed_table_of(rows),
    "Arrow, row by row": lambda rows, _: typed_table_of(rows).to_reader(max_chunksize=1),
    "slices of Arrow": lambda rows, _: (typed_table_of(rows).slice(place, 1) for place in range(len(rows))),
    "DuckDB": lambda rows, _: duckdb.from_arrow(typed_table_of(rows)),
    "Parquet": typed_parquet,
}
