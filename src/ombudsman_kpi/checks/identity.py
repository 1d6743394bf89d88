"""Rules for ids and for whole rows: records given twice, ids that several share, exports that overlap."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, integers, truths
from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.checks.finding import CheckRule, Spot
from ombudsman_kpi.checks.look import KindSeen
from ombudsman_kpi.checks.survey import Survey


class Sharing(NamedTuple):
    """Rows that share an id: which repeat another, share their id with ones that differ, have it in another file."""

    rows: Integers
    again: Truths
    differing: Truths
    apart: Truths


def _sharing_in(seen: KindSeen) -> Sharing:
    """Return the rows of one kind of records that share an id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts, repeats = [part for part in seen.parts if len(part.sharing)], seen.table.repeats
    texts = pa.chunked_array(
        [part.ids.take(arrow_numbers(part.sharing)) for part in parts], pa.string()
    ).combine_chunks()
    codes = integers(texts.dictionary_encode().indices, -1).astype(np.int64)
    named = codes >= 0
    places = [np.full(len(part.sharing), seen.places.index(part.place) if part.place else 0) for part in parts]
    rows, place = (np.concatenate(items)[named] for items in ([part.sharing + part.offset for part in parts], places))
    codes, ids = codes[named], texts.drop_null()
    first = np.full(int(codes.max(initial=-1)) + 1, len(rows), np.int64)  # the first row of each id
    np.minimum.at(first, codes, np.arange(len(rows)))
    elsewhere = np.zeros(len(first), np.bool_)
    elsewhere[codes[place != place[first[codes]]]] = True
    again = np.isin(rows, [] if repeats is None else repeats.rows)
    differing = np.zeros(len(rows), np.bool_) if repeats is None else truths(pc.is_in(ids, repeats.differing))
    return Sharing(rows, again, differing & ~again, elsewhere[codes] & (first[codes] != np.arange(len(rows))))


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
        yield Spot("the same record, all cells alike, is there again", kind, name, sharing.rows[sharing.again])


def _shared(survey: Survey) -> Iterator[Spot]:
    for kind, name, sharing in _sharing(survey):
        yield Spot(f"{name} is shared by records that differ", kind, name, sharing.rows[sharing.differing])


def _overlapping(survey: Survey) -> Iterator[Spot]:
    for kind, name, sharing in _sharing(survey):
        yield Spot(f"{name} is also in another file", kind, name, sharing.rows[sharing.apart])


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
