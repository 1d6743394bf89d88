"""Records that were read twice, all cells alike; and ids that records share which differ."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, arrow_word, integers, truths
from ombudsman_kpi.arrays.ids import more_than_once
from ombudsman_kpi.arrays.types import RowNumbers
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.batch import Batch

NO_ROWS: RowNumbers = np.empty(0, np.int64)


class Repeats(NamedTuple):
    """The rows that say again what another said before, that row for each of them, and the ids that rows share else."""

    rows: RowNumbers
    first: RowNumbers
    differing: Any  # ids, as Arrow text


def repeats_among(batches: Iterable[Batch], own: str, shared: Any) -> Repeats:
    """Return which rows are repeated, of those whose id, in the field ``own``, is one of those that are shared.

    A row of cells becomes one text: of team "North" and a missing reason "North", a separator, nothing. Rows are alike
    where these texts are, whichever container the cells are in.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    ids, contents, rows = [pa.nulls(0, pa.string())], [pa.nulls(0, pa.string())], [NO_ROWS]
    for batch in batches:
        places = np.flatnonzero(truths(pc.is_in(batch.text(own), shared)))
        if len(places):
            ids.append(batch.text(own).take(arrow_numbers(places)))
            contents.append(contents_of(batch, places))
            rows.append(places + batch.offset)
    row = np.concatenate(rows)
    code = integers(pa.concat_arrays(contents).dictionary_encode().indices, -1)
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[place] != np.arange(len(row)))
    differing = more_than_once([pa.concat_arrays(ids).take(arrow_numbers(first))])  # of each content the id, once
    return Repeats(row[again], row[first[place[again]]], differing)


def contents_of(batch: Batch, places: RowNumbers) -> Any:
    """Return all cells of some rows as one text each."""
    import pyarrow.compute as pc

    texts = []
    for name in batch.columns:
        try:
            texts.append(batch.text(name).take(arrow_numbers(places)))
        except RecordsError:  # lists and bytes, which nothing here reads
            continue
    return pc.binary_join_element_wise(*texts, arrow_word("\x1f"), null_handling="replace", null_replacement="\x1e")
