"""Ids among many millions: those that occur more than once, and a number for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.days import Integers
from ombudsman_kpi.errors import RecordsError

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
    prints = np.concatenate([_fingerprints(chunk)[0] for chunk in text.chunks])
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

    A hash table that is probed for a whole batch at a time. Its slots hold a part of a text's first fingerprint
    together with its number, so that one look at the table says both; the second fingerprint makes sure.
    """

    def __init__(self) -> None:
        self.size = 0
        self._texts: list[Any] = []
        self._table = np.zeros(2, np.uint64)  # of each slot: 36 bits of a fingerprint, and 28 of a number, from 1
        self._first, self._second = np.empty(1, np.uint64), np.empty(1, np.uint64)  # fingerprints, of each number

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

        ``prints`` are the fingerprints of the texts, where somebody has taken them already. Raises ``RecordsError``
        beyond 268 million different texts.
        """
        if 2 * (self.size + len(texts)) > len(self._table):
            self._grow(2 << (self.size + len(texts)).bit_length())
        return self._numbered(texts, *(two_prints(texts) if prints is None else prints))

    def _found(self, first: Prints, second: Prints) -> Integers:
        _, numbers = self._probe(first, None)
        other = np.flatnonzero((self._second.take(numbers, mode="clip") != second) & (numbers >= 0))
        if len(other):
            numbers[other] = self._found(_both(first[other], second[other]), second[other])
        return numbers

    def _numbered(self, texts: Any, first: Prints, second: Prints) -> Integers:
        import pyarrow as pa

        slots, numbers = self._probe(first, self.size)
        new = np.flatnonzero(numbers >= self.size)
        if len(new):
            rows = new[numbers[new] == self.size + new]  # one row stands for each new text
            found = np.arange(self.size, self.size + len(rows))
            places = np.empty(len(first), np.int64)
            places[rows] = found
            numbers[new] = places.take(numbers[new] - self.size)
            self._table[slots[rows]] = first[rows] << _SHIFT | (found + 1).view(np.uint64)
            self._first[found], self._second[found] = first[rows], second[rows]
            self._texts.append(texts if len(rows) == len(texts) else texts.take(pa.array(rows)))
            self.size += len(rows)
        other = np.flatnonzero(self._second.take(numbers) != second)
        if len(other):  # another text has the first fingerprint: such a text goes by one made of both
            both = _both(first[other], second[other])
            numbers[other] = self._numbered(texts.take(pa.array(other)), both, second[other])
        return numbers

    def _grow(self, size: int) -> None:
        """Make room for half so many texts; those that are known get new slots."""
        if size // 2 > 1 << 28:
            raise RecordsError("There are more than 268 million different ids. Split the records, and add up tallies.")
        for prints in (self._first, self._second):
            prints.resize(size // 2, refcheck=False)  # in place, where there is room
        self._table = np.zeros(0, np.uint64)  # the old one goes before the new one comes
        self._table = np.zeros(size, np.uint64)
        self._probe(self._first[: self.size], 0)

    def _probe(self, prints: Prints, fresh: int | None) -> tuple[Integers, Integers]:
        """Give the slot and the number of each fingerprint; a new one gets ``fresh`` and its place; or -1.

        All look into their slot at once; those that find another's there look into the next, all at once again.
        """
        table, last = self._table, len(self._table) - 1
        slots = (prints >> np.uint64(64 - last.bit_length())).view(np.int64)
        tags = prints << _SHIFT
        entries = there = table.take(slots)
        waiting, wanted, looking = None, tags, slots
        while True:
            free = np.flatnonzero(there == 0)[::-1]
            if fresh is not None and len(free):
                number = (free if waiting is None else waiting[free]) + (fresh + 1)
                table[looking[free]] = wanted[free] | number.view(np.uint64)  # of several, the first stays
                there[free] = table.take(looking[free])
            missed = (there ^ wanted) > _NUMBER
            if fresh is None:
                missed[free] = False
            if waiting is not None:
                entries[waiting] = there
            if not missed.any():
                return slots, (entries & _NUMBER).view(np.int64) - 1
            waiting = np.flatnonzero(missed) if waiting is None else waiting[missed]
            wanted, looking = tags[waiting], (slots[waiting] + 1) & last
            slots[waiting] = looking
            there = table.take(looking)


_SHIFT = np.uint64(28)
_NUMBER = np.uint64((1 << 28) - 1)


def _both(first: Prints, second: Prints) -> Prints:
    return (first ^ second) * _MIX | np.uint64(1)


def two_prints(texts: Any) -> tuple[Prints, Prints]:
    """Hash each text twice; the lowest bit of the first is always set, so that it never stands for an empty slot."""
    first, second = _fingerprints(texts, (_MIX, _OTHER_MIX))
    return first | np.uint64(1), second


def _fingerprints(array: Any, mixes: Sequence[np.uint64] = (_MIX,)) -> list[Prints]:
    """Hash each text to 64 bits, in as many ways as asked: its bytes, eight at a time, texts of one length together."""
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(array.buffers()[2] or b"", np.uint8)
    lengths = np.diff(offsets)
    if len(array) and (lengths == lengths[0]).all():  # all of one length: they lie side by side
        return _mixed(content[offsets[0] : offsets[-1]], len(array), int(lengths[0]), mixes)
    prints = [np.empty(len(array), np.uint64) for _ in mixes]
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        rows = np.flatnonzero(lengths == length)
        part = content[offsets[rows].astype(np.int64)[:, None] + np.arange(length)].ravel()
        for found, mixed in zip(prints, _mixed(part, len(rows), length, mixes), strict=True):
            found[rows] = mixed
    return prints


def _mixed(content: NDArray[np.uint8], size: int, length: int, mixes: Sequence[np.uint64]) -> list[Prints]:
    """Hash texts of one length that lie side by side."""
    if length < 8:
        padded = np.zeros((size, 8), np.uint8)
        padded[:, :length] = content.reshape(size, length)
        content, places, step = padded.ravel(), [0], 8
    else:  # the last word may overlap the one before
        places, step = [*range(0, length - 8, 8), length - 8], length
    found = [np.full(size, np.uint64(length)) for _ in mixes]
    for place in places:
        words = np.ndarray((size,), np.uint64, content, place, (step,))
        for number, mix in enumerate(mixes):
            found[number] ^= words
            found[number] *= mix
            found[number] ^= found[number] >> np.uint64(29)
    return found
