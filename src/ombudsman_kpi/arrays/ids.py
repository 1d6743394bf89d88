"""Ids among many millions: those that occur more than once, and in which row each stands."""

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import lt
from typing import IO, Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, arrow_truths, integers, present
from ombudsman_kpi.arrays.fingerprints import Prints, fingerprints, two_prints
from ombudsman_kpi.arrays.mechanics import Mechanics, compiled, sort
from ombudsman_kpi.arrays.threads import Parts, in_threads
from ombudsman_kpi.arrays.types import Integers, RowNumbers, Truths
from ombudsman_kpi.errors import RecordsError, no_room


def repeated(read: Callable[[], Iterator[Any]]) -> tuple[Any, int]:
    """Return the ids, as Arrow text, that occur more than once, and how many are missing; ``read`` yields chunks.

    Ids mostly are in order, or at least all different. So: first see whether they rise all the way; if not,
    sort a 64-bit fingerprint of each, and compare in full only those whose fingerprints meet.
    """
    import pyarrow as pa

    def hashed(texts: Any) -> tuple[int, _Run]:
        return texts.null_count, _Run.of(fingerprints(_named(texts))[0])

    none, missing, chunks = pa.nulls(0, pa.string()), 0, Parts.of(read())
    first = chunks.peek()
    may_rise = _begins_rising(first) and _rises(iter(first)) is not None  # else the one reading goes on
    if may_rise and (nulls := _rises(in_threads(lambda texts: texts, chunks))) is not None:
        return none, nulls
    chunks = Parts.of(read()) if may_rise else chunks
    with _Fingerprints() as prints:
        for nulls, run in in_threads(hashed, chunks):
            missing += nulls
            prints.add(run)
        meeting = prints.meeting()
    if not len(meeting):
        return none, missing
    return more_than_once(in_threads(lambda texts: _meeting(_named(texts), meeting), read())), missing


def shared(read: Callable[[], Iterator[Any]], rows: RowNumbers) -> Any:
    """Return, as Arrow text, the ids of some rows that other rows have, too: compared in full.

    >>> import pyarrow as pa
    >>> shared(lambda: iter([pa.array(["A7", "B1"]), pa.array(["A7"])]), np.array([1, 2])).to_pylist()
    ['A7']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, offset = [pa.nulls(0, pa.string())], 0
    for chunk in read() if len(rows) else ():
        here = rows[(rows >= offset) & (rows < offset + len(chunk))]
        texts.append(chunk.take(arrow_numbers(here - offset)))
        offset += len(chunk)
    wanted = pa.concat_arrays(texts).unique()
    return more_than_once(chunk.filter(pc.is_in(chunk, wanted)) for chunk in read()) if len(wanted) else wanted


def more_than_once(chunks: Iterable[Any]) -> Any:
    """Return the texts that occur more than once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = pc.value_counts(pa.chunked_array(chunks, pa.string()))
    return counts.field("values").filter(arrow_truths(integers(counts.field("counts"), 0) > 1))


def _named(texts: Any) -> Any:
    """Return the texts that aren't missing."""
    return texts.drop_null() if texts.null_count else texts


def _meeting(texts: Any, meeting: Prints) -> Any:
    """Return the texts whose fingerprint is one of some sorted ones."""
    prints = fingerprints(texts)[0]
    place = np.searchsorted(meeting, prints)
    return texts.filter(arrow_truths(meeting.take(place, mode="clip") == prints))


def _begins_rising(chunks: Iterable[Any]) -> bool:
    """Return whether the first few ids rise, as far as they are there: where they don't, nothing is compared by Arrow.

    Loading its functions takes longer than counting ten thousand records.
    """
    few = [text for chunk in chunks for text in chunk[:100].to_pylist() if text is not None]
    return all(map(lt, few, few[1:]))


def _rises(chunks: Iterator[Any]) -> int | None:
    """Return how many ids are missing where each other one is greater than the one before; None where one isn't."""
    import pyarrow.compute as pc

    last, missing = None, 0
    for chunk in chunks:
        missing += chunk.null_count
        texts = chunk.drop_null()
        if not len(texts):
            continue
        if last is not None and not pc.less(last, texts[0]).as_py():
            return None
        if pc.all(pc.less(texts[:-1], texts[1:])).as_py() is False:
            return None
        last = texts[-1]
    return missing


_PARTS = 1 << 6


class _Run(NamedTuple):
    """Some fingerprints, those of each part together: a part has all whose highest six bits are its number.

    Of 64 parts, part 3 begins at 3 << 58. ``edges`` has where each begins among them, and where the last ends.
    """

    prints: Prints
    edges: Integers

    @classmethod
    def of(cls, prints: Prints) -> "_Run":
        part = (prints >> np.uint64(65 - _PARTS.bit_length())).astype(np.uint8)
        order = part.argsort(kind="stable")  # in one pass, since there are so few of them
        return cls(prints.take(order), np.concatenate([[0], np.bincount(part, minlength=_PARTS).cumsum()]))


class _Fingerprints:
    """Many fingerprints, of which those that occur more than once are looked for; beyond some, they wait on the disk.

    They are kept in runs, so that those of one part can be sorted without the others.
    """

    room = 1 << 23  # as many are held in memory

    def __init__(self) -> None:
        self._held: list[_Run] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        self._edges: list[Integers] = []  # of each run on the disk, where in the file its parts begin

    def __enter__(self) -> "_Fingerprints":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, run: _Run) -> None:
        """Add some more."""
        self._held.append(run)
        self._size += len(run.prints)
        if self._size >= self.room:
            self._put_by()

    def meeting(self) -> Prints:
        """Return those that occur more than once, sorted."""
        if len(self._held) == 1 and self._file is None:
            return _again([self._held[0].prints])
        return np.concatenate([*in_threads(_again, map(self._part, range(_PARTS)))])

    def _put_by(self) -> None:
        """Write what is held to the disk, part by part, as one run."""
        edges = np.sum([run.edges for run in self._held], axis=0)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  (closed when this is left)
            self._edges.append(self._file.seek(0, 2) + 8 * edges)
            for number in range(_PARTS):
                self._file.writelines(part.data for part in self._held_of(number))
        except OSError as error:
            raise no_room(error) from None
        self._held, self._size = [], 0

    def _part(self, number: int) -> list[Prints]:
        """Return one part of all runs."""
        runs = self._held_of(number)
        for edges in self._edges:
            assert self._file is not None  # noqa: S101
            self._file.seek(int(edges[number]))
            runs.append(np.frombuffer(self._file.read(int(edges[number + 1] - edges[number])), np.uint64))
        return runs

    def _held_of(self, number: int) -> list[Prints]:
        """Return one part of the runs in memory."""
        return [prints[edges[number] : edges[number + 1]] for prints, edges in self._held]


def _again(prints: Sequence[Prints]) -> Prints:
    """Return what occurs more than once in some arrays, sorted, once."""
    ordered = np.concatenate([np.empty(0, np.uint64), *prints])
    sort(ordered)
    meeting: Prints = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(meeting):
        meeting = meeting[np.concatenate([[True], meeting[1:] != meeting[:-1]])]
    return meeting


_NUMBER = np.uint64((1 << 28) - 1)

_Prints = tuple[Prints, Prints, Truths]  # the first and the second fingerprints of some texts; which aren't missing


class Index:
    """In which row each of many ids stands: the first one, where several rows have it.

    >>> import pyarrow as pa
    >>> index = Index.of([pa.array(["A7", "B1"]), pa.array(["A7", None])])
    >>> index.find(pa.array(["B1", "A7", "C3", None])).tolist(), index.again.tolist(), index.missing
    ([1, 0, -1, -1], [2], 1)

    A text goes by its two fingerprints. numpy lays a table out at once, C puts in one text after the other.
    """

    def __init__(self, table: "_LaidOut | _Probed", rows: int, missing: int) -> None:
        self._table, self._size, self.missing = table, rows, missing

    @classmethod
    def of(cls, chunks: Iterable[Any]) -> "Index":
        """Return the index of ids, as Arrow text in chunks. Raises ``RecordsError`` beyond 268 million rows."""
        prints = in_threads(lambda chunk: (*two_prints(chunk), present(chunk)), chunks)
        mechanics, size = compiled(), sum(chunks.rows) if isinstance(chunks, Parts) and chunks.rows else None
        if mechanics is None or size is None:
            waiting, size = deque[_Prints](), 0
            for some in prints:
                waiting.append(some)
                size += len(some[0])
                _refuse_more(size)
            prints = (waiting.popleft() for _ in range(len(waiting)))  # there are never more of them than twice
        _refuse_more(size)
        if mechanics is None:
            laid_out = _LaidOut(prints, size)
            return cls(laid_out, size, laid_out.missing)
        table = _Probed(size, mechanics)
        for some in prints:  # while others are read, where the size was known
            table.add(*some)
        return cls(table, size, table.missing)

    @property
    def again(self) -> RowNumbers:
        """The rows whose id an earlier one has, in order."""
        return self._table.again

    @property
    def named(self) -> int:
        """How many rows have an id."""
        return self._size - self.missing

    def find(self, texts: Any) -> RowNumbers:
        """Return the row of each text; -1 where it isn't there, or is missing."""
        rows = self._table.find(*two_prints(texts))
        return np.where(present(texts), rows, -1) if texts.null_count else rows


def _refuse_more(rows: int) -> None:
    if rows >= _NUMBER:
        raise RecordsError("There are more than 268 million ids. Split the records, and add up tallies.")


class _Probed:
    """The table of an index as C has it: as that of ``row_numbers``, but that numbers are rows."""

    def __init__(self, size: int, mechanics: Mechanics) -> None:
        """Make room for as many texts as ``size``."""
        self._mechanics, self._row, self.missing = mechanics, 0, 0
        self._second, self._again = np.empty(size, np.uint64), [np.empty(0, np.int64)]
        self._table = np.zeros(2 << size.bit_length(), np.uint64)

    def add(self, first: Prints, second: Prints, there: Truths) -> None:
        """Put in the fingerprints of some texts; ``there``: which of them aren't missing."""
        rows = np.arange(self._row, self._row + len(first))
        numbers = self._mechanics.number(first, second, self._table, self._second, self._row, there)
        self._again.append(rows[(numbers != rows) & there])
        self._row += len(first)
        self.missing += len(there) - int(np.count_nonzero(there))

    @property
    def again(self) -> RowNumbers:
        """The rows whose id an earlier one has, in order."""
        return np.concatenate(self._again)

    def find(self, first: Prints, second: Prints) -> RowNumbers:
        """Return the row of each pair of fingerprints, -1 where there is none."""
        return self._mechanics.find(first, second, self._table, self._second)


class _LaidOut:
    """The table of an index as numpy has it.

    It is laid out at once: of sorted entries each lies where probing for it would have put it. An entry is 36 bits of
    a text's first fingerprint and 28 of its row; the second fingerprint makes sure.

    Fingerprint 0x9E37_79B9_7F4A_7C15, row 6 -> its highest 36 bits, then 7: 0x9E37_79B9_7000_0007.
    Rows count from 1, since 0 is a free slot. Of 16 slots it wants number 9, by its highest four bits.
    """

    def __init__(self, prints: Iterable["_Prints"], size: int) -> None:
        """Lay fingerprints out, which come in parts."""
        parts, row, second = [np.empty(0, np.uint64)], 1, np.empty(size, np.uint64)
        for first, other, here in prints:
            parts.append((first & ~_NUMBER | np.arange(row, row + len(first)).view(np.uint64))[here])
            second[row - 1 : row - 1 + len(first)] = other
            row += len(first)
        self.missing = size - sum(map(len, parts))
        entries = np.concatenate(parts)
        parts.clear()
        entries.sort()
        entries, self._others, self.again = _told_apart(entries, second)
        self._second = second
        bits = max(1, (len(entries) * 2).bit_length())
        self._shift = np.uint64(64 - bits)
        # Sorted entries that want slots 3, 3, 3, 5 get 3, 4, 5, 6. Less their own places, 0 to 3, they want 3, 2, 1, 2,
        # of which the largest so far are 3, 3, 3, 3; with their places again these are 3, 4, 5, 6.
        places = (entries >> self._shift).view(np.int64)
        places -= np.arange(len(places))
        np.maximum.accumulate(places, out=places)
        places += np.arange(len(places))
        self._table = np.zeros(max(1 << bits, int(places.max(initial=-1)) + 1) + 1, np.uint64)  # the last one is free
        self._table[places] = entries

    def find(self, first: Prints, second: Prints) -> RowNumbers:
        """Return the row of each pair of fingerprints, -1 where there is none.

        Nearly all are in the first slot or soon after it, none after a greater one.
        """
        table, tags = self._table, first & ~_NUMBER
        slots = (first >> self._shift).view(np.int64)
        entries = table.take(slots)
        waiting = np.flatnonzero((entries ^ tags) > _NUMBER)
        while len(waiting):
            there = entries.take(waiting)
            further = (there != 0) & (there < tags.take(waiting))
            entries[waiting[~further]] = 0  # it isn't there
            waiting = waiting[further]
            looking = slots.take(waiting) + 1
            slots[waiting] = looking
            there = table.take(looking)
            entries[waiting] = there
            waiting = waiting[(there ^ tags.take(waiting)) > _NUMBER]
        entries &= _NUMBER
        rows = entries.view(np.int64)
        rows -= 1
        if len(self._second):
            other = np.flatnonzero((self._second.take(rows, mode="clip") != second) & (rows >= 0))
            rows[other] = self._others.find(tags[other], second[other])
        return rows


class _Others(NamedTuple):
    """The ids that differ from one before them, though their entries begin alike: sorted by the second fingerprint.

    There are a few hundred of them among ten million ids; that two of these share the second one, too, isn't to be
    expected before the end of time.
    """

    second: Prints
    tags: Prints
    rows: RowNumbers

    def find(self, tags: Prints, second: Prints) -> RowNumbers:
        """Return their rows; -1 where one isn't there."""
        if not len(self.rows):
            return np.full(len(tags), -1)
        place = np.searchsorted(self.second, second).clip(max=len(self.rows) - 1)
        same = (self.second[place] == second) & (self.tags[place] == tags)
        return np.where(same, self.rows[place], -1)


def _told_apart(entries: Prints, second: Prints) -> tuple[Prints, _Others, RowNumbers]:
    """Return sorted entries, one of each beginning; the first ones of other texts; the rows whose id an earlier has.

    Entries begin alike where their 36 bits of the first fingerprint are the same; the second fingerprint tells whether
    the texts are: of rows 4, 7, 9 that begin alike with second fingerprints X, Y, X the entry of row 4 stays, row 7 has
    another text, row 9 has the id of row 4.
    """
    alike = np.flatnonzero((entries[1:] ^ entries[:-1]) <= _NUMBER)
    among = np.zeros(len(entries), np.bool_)
    among[alike] = among[alike + 1] = True
    places = np.flatnonzero(among)
    tags, rows = entries[places] & ~_NUMBER, (entries[places] & _NUMBER).view(np.int64) - 1
    leads = np.ones(len(places), np.bool_)
    leads[1:] = tags[1:] != tags[:-1]
    seconds = second[rows]
    order = np.lexsort((rows, seconds, tags))
    new = np.ones(len(places), np.bool_)
    new[1:] = (np.diff(tags[order]) != 0) | (np.diff(seconds[order]) != 0)
    others = order[new]
    others = others[~leads[others]]
    others = others[np.argsort(seconds[others])]
    if len(alike):
        among[:] = True
        among[places[~leads]] = False
        entries = entries[among]
    return entries, _Others(seconds[others], tags[others], rows[others]), np.sort(rows[order[~new]])
