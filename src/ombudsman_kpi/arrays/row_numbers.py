"""A number for each of many different texts, in the order in which they are first seen."""

from typing import Any

import numpy as np

from ombudsman_kpi.arrays import types
from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, present
from ombudsman_kpi.arrays.fingerprints import MIX, Prints, two_prints
from ombudsman_kpi.arrays.mechanics import compiled
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.errors import RecordsError


class RowNumbers:
    """A number for each different text, batch after batch.

    >>> import pyarrow as pa
    >>> numbers = RowNumbers()
    >>> numbers.of(pa.array(["A7", "B1", "A7"])).tolist(), numbers.of(pa.array(["C3", "B1"])).tolist()
    ([0, 1, 0], [2, 1])

    A hash table that is probed for a whole batch at a time. Its slots hold a part of a text's first fingerprint
    together with its number, so that one look at the table says both; the second fingerprint makes sure.

    A slot has the low 36 bits of the fingerprint above 28 bits of the number, counted from 1; 0 is free. Fingerprint
    0x9E37_79B9_7F4A_7C15, number 6 -> 0x9_7F4A_7C15 << 28 | 7 = 0x97F4_A7C1_5000_0007. The slot is found by the
    highest bits: of 16 slots by four, here 9.

    One table in place of this and ``ids.Index`` was measured with three and five million ids: making it takes 1.3 and
    1.9 times as long as making the index, which is sorted and laid out once; looking up takes 1.2 times as long, and
    the memory is 1.4 times as much.
    """

    def __init__(self) -> None:
        self.size, self._mechanics = 0, compiled()
        self._texts: list[Any] = []
        self._table = np.zeros(2, np.uint64)  # of each slot: 36 bits of a fingerprint, and 28 of a number, from 1
        self._first, self._second = np.empty(1, np.uint64), np.empty(1, np.uint64)  # fingerprints, of each number

    def texts(self) -> Any:
        """Return the texts in the order of their numbers."""
        import pyarrow as pa

        return pa.concat_arrays(self._texts) if self._texts else pa.nulls(0, pa.string())

    def find(self, texts: Any) -> Integers:
        """Return the number of each text; -1 where it was never seen, or is missing."""
        numbers = self._numbers_of(*two_prints(texts))
        return np.where(present(texts), numbers, -1) if texts.null_count else numbers

    def of(self, texts: Any, prints: tuple[Prints, Prints] | None = None) -> Integers:
        """Return the number of each text of a batch, none of which is missing; new ones get the next.

        ``prints`` are the fingerprints of the texts, where somebody has taken them already. Raises ``RecordsError``
        beyond 268 million different texts.
        """
        if self.size + len(texts) > int(_NUMBER):  # the largest number that a slot holds
            raise RecordsError("There are more than 268 million different ids. Split the records, and add up tallies.")
        if 2 * (self.size + len(texts)) > len(self._table):
            self._grow(2 << (self.size + len(texts)).bit_length())
        return self._numbered(texts, *(two_prints(texts) if prints is None else prints))

    def _numbers_of(self, first: Prints, second: Prints) -> Integers:
        """Return the number of each pair of fingerprints, -1 where there is none.

        Nearly all are in the first slot, or the next to it.
        """
        if self._mechanics is not None:
            return self._mechanics.find(first, second, self._table, self._second)
        table, last = self._table, len(self._table) - 1
        slots = (first >> np.uint64(64 - last.bit_length())).view(np.int64)
        tags = first << _SHIFT
        entries = table.take(slots)
        waiting = np.flatnonzero((entries ^ tags) > _NUMBER)  # a free slot among them, or another's
        while len(waiting):
            taken = entries.take(waiting) != 0
            waiting = waiting[taken]
            looking = (slots.take(waiting) + 1) & last
            slots[waiting] = looking
            there = table.take(looking)
            entries[waiting] = there
            waiting = waiting[(there ^ tags.take(waiting)) > _NUMBER]
        numbers = (entries & _NUMBER).view(np.int64) - 1
        other = np.flatnonzero((self._second.take(numbers, mode="clip") != second) & (numbers >= 0))
        if len(other):
            numbers[other] = self._numbers_of(_both(first[other], second[other]), second[other])
        return numbers

    def _numbered(self, texts: Any, first: Prints, second: Prints) -> Integers:
        if self._mechanics is not None:
            numbers = self._mechanics.number(first, second, self._table, self._second, self.size)
            highest = np.maximum.accumulate(np.append(self.size - 1, numbers))
            self._keep(texts, np.flatnonzero(np.diff(highest)), first)
            return numbers
        slots, numbers = self._probe(first, self.size)
        new = np.flatnonzero(numbers >= self.size)
        if len(new):
            rows = new[numbers[new] == self.size + new]  # one row stands for each new text
            fresh = np.arange(self.size, self.size + len(rows))
            places = np.empty(len(first), np.int64)
            places[rows] = fresh
            numbers[new] = places.take(numbers[new] - self.size)
            self._table[slots[rows]] = first[rows] << _SHIFT | (fresh + 1).view(np.uint64)
            self._second[fresh] = second[rows]
            self._keep(texts, rows, first)
        other = np.flatnonzero(self._second.take(numbers) != second)
        if len(other):  # another text has the first fingerprint: such a text goes by one made of both
            both = _both(first[other], second[other])
            numbers[other] = self._numbered(texts.take(arrow_numbers(other)), both, second[other])
        return numbers

    def _keep(self, texts: Any, rows: types.RowNumbers, first: Prints) -> None:
        """Keep the texts of some rows, which got the next numbers, and their first fingerprints."""
        if len(rows):
            self._first[self.size : self.size + len(rows)] = first[rows]
            self._texts.append(texts if len(rows) == len(texts) else texts.take(arrow_numbers(rows)))
            self.size += len(rows)

    def _grow(self, size: int) -> None:
        """Make a table of so many slots for half so many texts; those that are known get new slots."""
        for prints in (self._first, self._second):
            prints.resize(size // 2, refcheck=False)  # in place, where there is room
        self._table = np.zeros(0, np.uint64)  # the old one goes before the new one comes
        self._table = np.zeros(size, np.uint64)
        first, second = self._first[: self.size], self._second[: self.size]
        if self._mechanics is not None:
            self._mechanics.number(first, second, self._table, self._second, 0)
        else:
            self._probe(first, 0)

    def _probe(self, prints: Prints, fresh: int) -> tuple[Integers, Integers]:
        """Return the slot and the number of each fingerprint; a new one gets ``fresh`` and its place in the batch.

        Of five numbers so far, a new text at place 3 of the batch gets 5 + 3 = 8 for now, as its slot holds it 9.
        All look into their slot at once; those that find another's there look into the next, all at once again.
        """
        table, last = self._table, len(self._table) - 1
        slots = (prints >> np.uint64(64 - last.bit_length())).view(np.int64)
        tags = prints << _SHIFT
        entries = there = table.take(slots)
        waiting, wanted, looking = None, tags, slots
        while True:
            free = np.flatnonzero(there == 0)[::-1]
            if len(free):
                number = (free if waiting is None else waiting[free]) + (fresh + 1)
                table[looking[free]] = wanted[free] | number.view(np.uint64)  # of several, the first stays
                there[free] = table.take(looking[free])
            missed = (there ^ wanted) > _NUMBER
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
    """Return a first fingerprint for texts whose own is another text's."""
    return (first ^ second) * MIX | np.uint64(1)
