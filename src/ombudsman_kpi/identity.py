"""Ids that occur more than once, among many millions of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits spread: multiplying by it shuffles a word


def repeated(chunks: Sequence[Any]) -> Any:
    """Give the values, as Arrow text, that occur more than once in chunks of Arrow text; missing ones don't.

    Ids mostly are in order, or at least all different. So: first see whether they rise all the way; if not,
    sort a 64-bit fingerprint of each, and compare in full only those whose fingerprints meet.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.chunked_array([chunk.drop_null() for chunk in chunks], pa.string())
    if len(text) < 2 or _rises(text):
        return pa.array([], pa.string())
    prints = np.concatenate([_fingerprints(chunk) for chunk in text.chunks])
    ordered = np.sort(prints)
    meeting = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(meeting):
        return pa.array([], pa.string())
    counts = pc.value_counts(text.filter(pa.array(np.isin(prints, meeting))))
    return counts.field("values").filter(pc.greater(counts.field("counts"), 1))


def _rises(text: Any) -> bool:
    """Tell whether each id is greater than the one before."""
    import pyarrow.compute as pc

    last = None
    for chunk in text.chunks:
        if not len(chunk):
            continue
        if last is not None and not pc.less(last, chunk[0]).as_py():
            return False
        if pc.all(pc.less(chunk[:-1], chunk[1:])).as_py() is False:
            return False
        last = chunk[-1]
    return True


def _fingerprints(array: Any) -> NDArray[np.uint64]:
    """Hash each text to 64 bits: its bytes, eight at a time, for all texts of one length together."""
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    content = np.frombuffer(array.buffers()[2] or b"", np.uint8)
    lengths = np.diff(offsets)
    prints = np.empty(len(array), np.uint64)
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        rows = np.flatnonzero(lengths == length)
        if len(rows) == len(array):  # all of one length: they lie side by side
            prints = _mixed(content[offsets[0] : offsets[-1]], len(rows), length)
        else:
            prints[rows] = _mixed(content[offsets[rows][:, None] + np.arange(length)].ravel(), len(rows), length)
    return prints


def _mixed(content: NDArray[np.uint8], size: int, length: int) -> NDArray[np.uint64]:
    """Hash texts of one length that lie side by side."""
    mixed = np.full(size, np.uint64(length))
    if length < 8:
        padded = np.zeros((size, 8), np.uint8)
        padded[:, :length] = content.reshape(size, length)
        content, places, step = padded.ravel(), [0], 8
    else:  # the last word may overlap the one before
        places, step = [*range(0, length - 8, 8), length - 8], length
    for place in places:
        mixed ^= np.ndarray((size,), np.uint64, content, place, (step,))
        mixed *= _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed
