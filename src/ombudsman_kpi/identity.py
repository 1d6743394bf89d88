"""Ids among many millions: those that occur more than once, and a number for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits spread: multiplying by it shuffles a word
_OTHER_MIX = np.uint64(0xC2B2AE3D27D4EB4F)


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


class RowNumbers:
    """A number for each different text, in the order in which they are first seen, batch after batch.

    >>> import pyarrow as pa
    >>> numbers = RowNumbers()
    >>> numbers.of(pa.array(["A7", "B1", "A7"])).tolist(), numbers.of(pa.array(["C3", "B1"])).tolist()
    ([0, 1, 0], [2, 1])

    A hash table that is probed for a whole batch at a time. Texts are told apart by two fingerprints of 64 bits.
    """

    def __init__(self) -> None:
        self.size = 0
        self._texts: list[Any] = []
        self._first = np.empty(1 << 12, np.uint64)  # the fingerprints of each number
        self._second = np.empty(1 << 12, np.uint64)
        self._grow(1 << 13)

    def texts(self) -> Any:
        """Give the texts in the order of their numbers."""
        import pyarrow as pa

        return pa.concat_arrays(self._texts) if self._texts else pa.array([], pa.string())

    def find(self, texts: Any) -> NDArray[np.int64]:
        """Give the number of each text; -1 where it was never seen, or is missing."""
        numbers = self._probe(*_two_prints(texts), insert=False)[0]
        return np.where(np.asarray(texts.is_valid()), numbers, -1) if texts.null_count else numbers

    def of(self, texts: Any) -> NDArray[np.int64]:
        """Give the number of each text of a batch, none of which is missing; new ones get the next."""
        import pyarrow as pa

        while 2 * (self.size + len(texts)) > len(self._numbers):
            self._grow(2 * len(self._numbers))
        first, second = _two_prints(texts)
        numbers, slots = self._probe(first, second, insert=True)
        new = np.flatnonzero(numbers < 0)
        if len(new):
            found, rows = np.unique(slots[new], return_index=True)
            rows = np.sort(new[rows])  # numbered in the order in which they are seen
            self._numbers[slots[rows]] = np.arange(self.size, self.size + len(found))
            numbers[new] = self._numbers[slots[new]]
            self._first[self.size : self.size + len(found)] = first[rows]
            self._second[self.size : self.size + len(found)] = second[rows]
            self._texts.append(texts.take(pa.array(rows)))
            self.size += len(found)
        return numbers

    def _grow(self, size: int) -> None:
        """Make room for half so many texts; those that are known get new slots."""
        self._prints, self._numbers = np.zeros(size, np.uint64), np.full(size, -1)
        if size // 2 > len(self._first):
            self._first, self._second = (np.resize(prints, size // 2) for prints in (self._first, self._second))
        first, known = self._first[: self.size], np.arange(self.size)
        self._numbers[self._slots(first, insert=True)] = known

    def _probe(
        self, first: NDArray[np.uint64], second: NDArray[np.uint64], *, insert: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the number that each text has, -1 for a new one, and its slot."""
        slots = self._slots(first, insert=insert)
        numbers = np.where(slots < 0, -1, self._numbers[slots])
        other = (numbers >= 0) & (self._second[numbers] != second)
        if other.any():  # another text has the first fingerprint: such a text goes by one made of both
            first[other] = (first[other] ^ second[other]) * _MIX | np.uint64(1)
            numbers[other], slots[other] = self._probe(first[other], second[other], insert=insert)
        return numbers, slots

    def _slots(self, prints: NDArray[np.uint64], *, insert: bool) -> NDArray[np.int64]:
        """Give the slot that holds each fingerprint, and where it is to be found only, -1 if none does.

        All look into their slot at once; those that find another's there look into the next, all at once again.
        """
        slots = (prints >> np.uint64(65 - len(self._prints).bit_length())).astype(np.int64)
        there = self._prints[slots]
        if insert:
            free = np.flatnonzero(there == 0)
            self._prints[slots[free]] = prints[free]  # of several, the last one stays
            there[free] = self._prints[slots[free]]
        waiting = np.flatnonzero(there != prints)
        while len(waiting):
            if not insert:
                missing = self._prints[slots[waiting]] == 0
                slots[waiting[missing]] = -1
                waiting = waiting[~missing]
            slots[waiting] = (slots[waiting] + 1) & (len(self._prints) - 1)
            if insert:
                free = waiting[self._prints[slots[waiting]] == 0]
                self._prints[slots[free]] = prints[free]
            waiting = waiting[self._prints[slots[waiting]] != prints[waiting]]
        return slots


def _two_prints(texts: Any) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Hash each text twice; the first is never 0, which stands for an empty slot."""
    first, second = _fingerprints(texts), _fingerprints(texts, _OTHER_MIX)
    return first | np.uint64(1), second


def _fingerprints(array: Any, mix: np.uint64 = _MIX) -> NDArray[np.uint64]:
    """Hash each text to 64 bits: its bytes, eight at a time, for all texts of one length together."""
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    content = np.frombuffer(array.buffers()[2] or b"", np.uint8)
    lengths = np.diff(offsets)
    prints = np.empty(len(array), np.uint64)
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        rows = np.flatnonzero(lengths == length)
        if len(rows) == len(array):  # all of one length: they lie side by side
            prints = _mixed(content[offsets[0] : offsets[-1]], len(rows), length, mix)
        else:
            prints[rows] = _mixed(content[offsets[rows][:, None] + np.arange(length)].ravel(), len(rows), length, mix)
    return prints


def _mixed(content: NDArray[np.uint8], size: int, length: int, mix: np.uint64) -> NDArray[np.uint64]:
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
        mixed *= mix
        mixed ^= mixed >> np.uint64(29)
    return mixed
