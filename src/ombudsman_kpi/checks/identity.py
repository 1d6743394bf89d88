"""Rules for ids and for whole rows: records given twice, ids that several share, exports that overlap."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import integers, present
from ombudsman_kpi.arrays.fingerprints import MIX, Prints, fingerprints
from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.checks.finding import CheckRule, Spot
from ombudsman_kpi.checks.look import KindSeen
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.records.cells.times import decoded


def print_of(column: Any) -> Prints:
    """Return a hash of each cell of a column: Arrow's, or a list of anything. An empty one has 0."""
    text = _text_of(column)
    return np.where(present(text), fingerprints(text)[0], np.uint64(0))


def _text_of(column: Any) -> Any:
    """Return the cells of a column of any kind as Arrow text, alike where the cells are."""
    import pyarrow as pa

    if not isinstance(column, list):
        column = decoded(column) if pa.types.is_dictionary(column.type) else column
        try:
            return column.cast(pa.string())
        except pa.ArrowException:  # lists, records, bytes
            column = column.to_pylist()
    return pa.array([None if is_missing(cell) else str(cell) for cell in column], pa.string())


def prints_of_rows(columns: Sequence[Any]) -> Prints:
    """Return a hash of each row: of all its cells, in their order."""
    rows: Prints = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        rows = (rows ^ print_of(column)) * MIX
        rows ^= rows >> np.uint64(31)
    return rows


class Sharing(NamedTuple):
    """Rows that share an id: which repeat another, are alike with all of their id, have it in another file too."""

    rows: Integers
    again: Truths
    alike: Truths
    apart: Truths


def _taken(column: Any, places: Integers) -> Any:
    import pyarrow as pa

    if isinstance(column, list):
        return [column[place] for place in places]
    if pa.types.is_string_view(column.type):  # as Polars writes text; Arrow can't take cells of it
        column = column.cast(pa.string())
    return column.take(pa.array(places))


def _prints_of(seen: KindSeen) -> Prints:
    """Return a hash of the whole row, with all columns that there are, of those that share an id."""
    prints = [np.empty(0, np.uint64)]
    for part, columns in zip(seen.parts, seen.table.source.read(list(seen.table.source.names)), strict=True):
        if len(part.sharing):
            prints.append(prints_of_rows([_taken(column, part.sharing) for column in columns.values()]))
    return np.concatenate(prints)


def _sharing_in(seen: KindSeen) -> Sharing:
    """Return the rows of one kind of records that share an id."""
    import pyarrow as pa

    parts = [part for part in seen.parts if len(part.sharing)]
    ids = pa.chunked_array([part.ids.take(pa.array(part.sharing)) for part in parts], pa.string())
    codes = integers(ids.combine_chunks().dictionary_encode().indices, -1).astype(np.int64)
    named = codes >= 0
    places = [np.full(len(part.sharing), seen.places.index(part.place) if part.place else 0) for part in parts]
    rows, place = (np.concatenate(items)[named] for items in ([part.sharing + part.offset for part in parts], places))
    codes, whole = codes[named], _prints_of(seen)[named]
    size, order = int(codes.max(initial=-1)) + 1, np.arange(len(rows))
    first = np.full(size, len(rows), np.int64)  # the first row of each id
    np.minimum.at(first, codes, order)
    differs, apart = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    differs[codes[whole != whole[first[codes]]]] = True
    apart[codes[place != place[first[codes]]]] = True
    return Sharing(rows, first[codes] != order, ~differs[codes], apart[codes])


def _sharing(survey: Survey) -> Iterator[tuple[str, str | None, Sharing]]:
    """Yield the rows that share an id, by kind, with the field that holds it."""
    for kind, seen in survey.kinds.items():
        if any(len(part.sharing) for part in seen.parts):
            name = f"sharing in {kind}"
            if name not in survey.worked_out:
                survey.worked_out[name] = _sharing_in(seen)
            yield kind, seen.table.id_field, survey.worked_out[name]


def _twice(survey: Survey) -> Iterator[Spot]:
    for kind, name, sharing in _sharing(survey):
        rows = sharing.rows[sharing.again & sharing.alike]
        yield Spot("the same record, all cells alike, is there again", kind, name, rows)


def _shared(survey: Survey) -> Iterator[Spot]:
    for kind, name, sharing in _sharing(survey):
        yield Spot(f"{name} is shared by records that differ", kind, name, sharing.rows[~sharing.alike])


def _overlapping(survey: Survey) -> Iterator[Spot]:
    for kind, name, sharing in _sharing(survey):
        yield Spot(f"{name} is also in another file", kind, name, sharing.rows[sharing.again & sharing.apart])


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
