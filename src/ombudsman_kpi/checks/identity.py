"""Rules for ids and for whole rows: records given twice, ids that several share, exports that overlap."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.fingerprints import MIX, Prints, fingerprints
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.checks.finding import CheckRule, Spot
from ombudsman_kpi.checks.look import KindSeen
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.records.cells.times import decoded


def print_of(column: Any) -> Prints:
    """Return a hash of each cell of a column: Arrow's, or a list of anything."""
    import pyarrow as pa

    if isinstance(column, list):
        return np.array([hash(str(cell)) for cell in column], np.int64).view(np.uint64)
    if pa.types.is_dictionary(column.type):
        column = decoded(column)
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    text = column.cast(pa.string())
    return np.where(present(text), fingerprints(text)[0], np.uint64(0))


def prints_of_rows(columns: Sequence[Any]) -> Prints:
    """Return a hash of each row: of all its cells, in their order."""
    rows: Prints = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        rows = (rows ^ print_of(column)) * MIX
        rows ^= rows >> np.uint64(31)
    return rows


def _sharing(seen: KindSeen) -> tuple[Integers, NDArray[np.int64], Prints, NDArray[np.int64]]:
    """Return the rows that share an id, the number of each id, a hash of the whole row, and the number of its file."""
    rows = np.concatenate([part.sharing + part.offset for part in seen.parts])
    places = np.concatenate([np.full(len(part.sharing), seen.places.index(part.place) if part.place else 0)
                             for part in seen.parts])  # fmt: skip
    ids = np.array([seen.id_of(int(row)) or "" for row in rows], object)
    named = ids != ""
    _, codes = np.unique(ids[named].astype(str), return_inverse=True)
    prints = []
    for part, columns in zip(seen.parts, seen.table.source.read(list(seen.table.source.names)), strict=True):
        wanted = part.sharing
        if len(wanted):
            prints.append(prints_of_rows([_taken(column, wanted) for column in columns.values()]))
    whole = np.concatenate([np.empty(0, np.uint64), *prints])
    return rows[named], codes.astype(np.int64), whole[named], places[named]


def _taken(column: Any, places: Integers) -> Any:
    import pyarrow as pa

    if isinstance(column, list):
        return [column[place] for place in places]
    if pa.types.is_string_view(column.type):  # as Polars writes text; Arrow can't take cells of it
        column = column.cast(pa.string())
    return column.take(pa.array(places))


def _alike(survey: Survey) -> Iterator[tuple[str, Integers, NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield, by kind, the rows that share an id: which repeat a row, are alike with all others, are in another file."""
    for kind, seen in survey.kinds.items():
        if not any(len(part.sharing) for part in seen.parts):
            continue
        rows, codes, whole, places = _sharing(seen)
        size = int(codes.max(initial=-1)) + 1
        first = np.full(size, len(rows), np.int64)
        np.minimum.at(first, codes, np.arange(len(rows)))
        differs = np.zeros(size, np.bool_)
        differs[codes[whole != whole[first[codes]]]] = True
        apart = np.zeros(size, np.bool_)
        apart[codes[places != places[first[codes]]]] = True
        yield kind, rows, first[codes] != np.arange(len(rows)), ~differs[codes], apart[codes]


def _twice(survey: Survey) -> Iterator[Spot]:
    for kind, rows, again, alike, _ in _alike(survey):
        yield Spot("the same record, all cells alike, is there again", kind, survey.kinds[kind].table.id_field,
                   rows[again & alike])  # fmt: skip


def _shared(survey: Survey) -> Iterator[Spot]:
    for kind, rows, _, alike, _ in _alike(survey):
        name = survey.kinds[kind].table.id_field
        yield Spot(f"{name} is shared by records that differ", kind, name, rows[~alike])


def _overlapping(survey: Survey) -> Iterator[Spot]:
    for kind, rows, again, _, apart in _alike(survey):
        name = survey.kinds[kind].table.id_field
        yield Spot(f"{name} is also in another file", kind, name, rows[again & apart])


def _rows_twice(survey: Survey) -> Iterator[Spot]:
    for kind, seen in survey.kinds.items():
        parts = [part.prints for part in seen.parts if part.prints is not None]
        if not parts:
            continue
        prints = np.concatenate(parts)
        order = np.argsort(prints, kind="stable")
        again = order[1:][prints[order[1:]] == prints[order[:-1]]]
        yield Spot("the same row, all cells alike, is there again", kind, None, np.sort(again))


RECORD_TWICE = CheckRule(
    "record-twice", "warning", "The same record is given twice: all of its cells are alike.",
    "Give it once; until then one of them is counted.", _twice,
)  # fmt: skip
ID_SHARED = CheckRule(
    "id-shared", "error", "Records that differ have the same id.",
    "Give each its own id, or keep the one that is right; until then they are counted as invalid.", _shared,
)  # fmt: skip
FILES_OVERLAP = CheckRule(
    "files-overlap", "warning", "The same ids are in two files of a pattern: the exports overlap.",
    "Export each record once, or give the files one by one.", _overlapping,
)  # fmt: skip
ROW_TWICE = CheckRule(
    "row-twice", "warning", "Rows of a kind without ids are alike in all cells.",
    "See whether it happened twice, or was exported twice.", _rows_twice,
)  # fmt: skip
