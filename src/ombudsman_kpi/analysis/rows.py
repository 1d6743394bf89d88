"""The rows of a table that can be drawn: their ids, what strata they are in, and some of them with all columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_numbers
from ombudsman_kpi.arrays.types import RowNumbers
from ombudsman_kpi.errors import RecordsError, kind_of, one_of
from ombudsman_kpi.records.cells.text import is_text, text_column, text_of
from ombudsman_kpi.records.sources.frames import is_table
from ombudsman_kpi.records.sources.opening import open_source
from ombudsman_kpi.records.sources.source import Source
from ombudsman_kpi.records.sources.streams import materialise_once
from ombudsman_kpi.records.vocabulary import Record, values_of

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "all"  # the stratum of a table without strata


class Drawable(NamedTuple):
    """The ids of rows that can be drawn, the names of their strata in order, and of each row the place of its own."""

    ids: list[str]
    strata: list[str]
    code: RowNumbers


def as_table(frame: Any) -> Any:
    """Return a table as what it wraps, and rows, which may come one after the other, as a frame."""
    import pandas as pd

    while hasattr(frame, "to_native"):  # a frame of narwhals
        frame = frame.to_native()
    rows = [frame] if isinstance(frame, Mapping | Record) else frame
    rows = list(rows) if isinstance(rows, Iterator) else rows
    if not isinstance(rows, list | tuple) or (rows and is_table(rows[0])):
        return rows
    wrong = next((row for row, cells in enumerate(rows) if not isinstance(cells, Mapping | Record)), None)
    if wrong is not None:
        raise RecordsError(f"records row {wrong}: {kind_of(rows[wrong])} stands where a mapping should.")
    return pd.DataFrame([values_of(row) if isinstance(row, Record) else row for row in rows], dtype=object)


def open_table(frame: Any) -> Source:
    """Return a table as a source whose rows keep their places."""
    return materialise_once("records", open_source("records", frame, {}))


def read_population(frame: Any, own: str, strata: Sequence[str]) -> tuple[Drawable, Source]:
    """Return the ids of a table and their strata, and the table as a source.

    Raises ``RecordsError`` for a column that isn't there, an id that is missing or repeated, and a missing stratum.
    """
    source = open_table(frame)
    texts = read_texts(source, [own, *strata])
    ids = texts[own]
    _refuse_missing(ids, own, "Every record needs an id, by which it is drawn")
    rows = {one: row for row, one in reversed(list(enumerate(ids)))} if len(set(ids)) < len(ids) else None
    if rows is not None:
        again = [row for row, one in enumerate(ids) if rows[one] != row]
        raise RecordsError(
            f"records: {len(again):,} rows have the {own} of another one; the first are rows {rows[ids[again[0]]]} and "
            f"{again[0]}. Each record can be drawn once: give a table with one row for each."
        )
    for name in strata:
        _refuse_missing(texts[name], name, "Fill it in, with a word for those that belong to none")
    if not strata:
        return Drawable(ids, [WHOLE], np.zeros(len(ids), np.intp)), source
    labels = [" / ".join(cells) for cells in zip(*(texts[name] for name in strata), strict=True)]
    names = sorted(set(labels))
    if len(strata) > 1 and len(set(zip(*(texts[name] for name in strata), strict=True))) > len(names):
        raise RecordsError("strata: two of them are called alike, since words of theirs hold ' / '. Rename these.")
    place = {name: code for code, name in enumerate(names)}
    return Drawable(ids, names, np.array([place[label] for label in labels], np.intp)), source


def _refuse_missing(texts: Sequence[str | None], name: str, remedy: str) -> None:
    missing = [row for row, text in enumerate(texts) if text is None]
    if missing:
        raise RecordsError(f"records row {missing[0]}: {name} is missing, in {len(missing):,} rows. {remedy}.")


def read_texts(source: Source, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return columns as text, each cell as the library reads it; None for an empty one."""
    for name in names:
        if name not in source.names:
            raise RecordsError(f"records have no column {name!r}. {one_of(name, source.names)}")
    texts: dict[str, list[Any]] = {name: [] for name in names}
    for columns in source.read(list(texts)):
        for name, column in columns.items():
            try:
                is_list = isinstance(column, list)
                texts[name] += [text_of(one) for one in column] if is_list else text_column(column).to_pylist()
            except ValueError as error:
                raise RecordsError(f"records: {name} {error}. Make it text first.") from None
    return texts


def rows_of(frame: Any, source: Source, rows: RowNumbers) -> "pd.DataFrame":
    """Return some rows of a table, in their order, with all columns; of a frame of pandas with its own index."""
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return frame.iloc[rows].copy()
    order = np.argsort(rows)
    parts: dict[str, list[Any]] = {name: [] for name in source.names}
    ascending, offset = rows[order], 0
    for columns in source.read(list(source.names)):
        size = len(next(iter(columns.values())))
        first, last = np.searchsorted(ascending, [offset, offset + size])
        here, offset = ascending[first:last] - offset, offset + size
        for name, column in columns.items():
            parts[name].append(_taken(column, here))
    taken = pd.DataFrame({name: _column(cells) for name, cells in parts.items()})
    return taken.iloc[np.argsort(order)].reset_index(drop=True)


def _taken(column: Any, rows: RowNumbers) -> Any:
    """Return some cells of a column: a list, or Arrow, which takes none of Polars' views of text."""
    if isinstance(column, list):
        return [column[row] for row in rows.tolist()]
    if is_text(column.type):
        import pyarrow as pa

        column = column.cast(pa.string())
    return column.take(arrow_numbers(rows))


def _column(parts: Sequence[Any]) -> Any:
    """Return the parts of a column as one: of Arrow, where all are of one type."""
    import pyarrow as pa

    if len({str(getattr(part, "type", "list")) for part in parts}) == 1 and not isinstance(parts[0], list):
        return pa.chunked_array(parts).to_pandas()
    return [cell for part in parts for cell in (part if isinstance(part, list) else part.to_pylist())]
