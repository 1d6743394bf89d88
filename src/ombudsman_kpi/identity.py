"""Ids among many millions: those that occur more than once, and a number for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.days import Integers

Prints = NDArray[np.uint64]

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
    """A number for each different text, batch after batch.

    >>> import pyarrow as pa
    >>> numbers = RowNumbers()
    >>> numbers.of(pa.array(["A7", "B1", "A7"])).tolist(), numbers.of(pa.array(["C3", "B1"])).tolist()
    ([0, 1, 0], [2, 1])

    A hash table that is probed for a whole batch at a time. Texts are told apart by two fingerprints of 64 bits.
    """

    def __init__(self) -> None:
        self.size = 0
        self._texts: list[Any] = []
        self._prints, self._numbers = np.zeros(2, np.uint64), np.full(2, -1, np.int32)  # of each slot
        self._second = np.empty(1, np.uint64)  # the other fingerprint, of each number

    def texts(self) -> Any:
        """Give the texts in the order of their numbers."""
        import pyarrow as pa

        return pa.concat_arrays(self._texts) if self._texts else pa.array([], pa.string())

    def find(self, texts: Any) -> Integers:
        """Give the number of each text; -1 where it was never seen, or is missing."""
        numbers = self._found(*two_prints(texts))
        return np.where(np.asarray(texts.is_valid()), numbers, -1) if texts.null_count else numbers

    def of(self, texts: Any, prints: tuple[Prints, Prints] | None = None) -> Integers:
        """Give the number of each text of a batch, none of which is missing; new ones get the next.

        ``prints`` are the fingerprints of the texts, where somebody has taken them already.
        """
        if 2 * (self.size + len(texts)) > len(self._numbers):
            self._grow(2 << (self.size + len(texts)).bit_length())
        return self._numbered(texts, *(two_prints(texts) if prints is None else prints))

    def _found(self, first: Prints, second: Prints) -> Integers:
        slots = self._slots(first, insert=False)
        numbers = np.where(slots < 0, -1, self._numbers.take(slots, mode="clip")).astype(np.int64)
        other = np.flatnonzero((self._second.take(numbers, mode="clip") != second) & (numbers >= 0))
        if len(other):
            numbers[other] = self._found(_both(first[other], second[other]), second[other])
        return numbers

    def _numbered(self, texts: Any, first: Prints, second: Prints) -> Integers:
        import pyarrow as pa

        slots = self._slots(first, insert=True)
        numbers = self._numbers.take(slots).astype(np.int64)
        new = np.flatnonzero(numbers < 0)
        if len(new):
            taken = slots[new]
            self._numbers[taken[::-1]] = np.arange(len(new), dtype=np.int32)[::-1]  # of those in a slot the first stays
            rows = new[self._numbers[taken] == np.arange(len(new))]
            found = np.arange(self.size, self.size + len(rows))
            self._numbers[slots[rows]] = found
            numbers[new] = self._numbers[taken]
            self._second[found] = second[rows]
            self._texts.append(texts if len(rows) == len(texts) else texts.take(pa.array(rows)))
            self.size += len(rows)
        other = np.flatnonzero(self._second.take(numbers) != second)
        if len(other):  # another text has the first fingerprint: such a text goes by one made of both
            both = _both(first[other], second[other])
            numbers[other] = self._numbered(texts.take(pa.array(other)), both, second[other])
        return numbers

    def _grow(self, size: int) -> None:
        """Make room for half so many texts; those that are known get new slots."""
        known = np.flatnonzero(self._numbers >= 0)
        prints, numbers = self._prints[known], self._numbers[known]
        self._prints, self._numbers = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
        self._second = np.concatenate([self._second, np.empty(size // 2 - len(self._second), np.uint64)])
        self._numbers[self._slots(prints, insert=True)] = numbers

    def _slots(self, prints: Prints, *, insert: bool) -> Integers:
        """Give the slot that holds each fingerprint, and where it is to be found only, -1 if none does.

        All look into their slot at once; those that find another's there look into the next, all at once again.
        """
        table, last = self._prints, len(self._prints) - 1
        slots = (prints >> np.uint64(64 - last.bit_length())).astype(np.int64)
        waiting, wanted, looking = None, prints, slots
        while True:
            there = table.take(looking)
            missed = there != wanted
            if insert and missed.any():
                free = np.flatnonzero(missed & (there == 0))
                table[looking[free]] = wanted[free]  # of several, one stays
                missed[free] = table[looking[free]] != wanted[free]
            elif not insert:
                nobody = missed & (there == 0)
                slots[np.flatnonzero(nobody) if waiting is None else waiting[nobody]] = -1
                missed &= ~nobody
            if not missed.any():
                return slots
            waiting = np.flatnonzero(missed) if waiting is None else waiting[missed]
            wanted, looking = prints[waiting], (slots[waiting] + 1) & last
            slots[waiting] = looking


def _both(first: Prints, second: Prints) -> Prints:
    return (first ^ second) * _MIX | np.uint64(1)


def two_prints(texts: Any) -> tuple[Prints, Prints]:
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
