"""Work on batches in several threads: numpy and Arrow let go of the interpreter while they work."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from threading import Condition
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Item = TypeVar("Item")
Other = TypeVar("Other")
Answer = TypeVar("Answer")

WORKERS = min(os.cpu_count() or 1, 4)  # beyond four, memory is the limit
AHEAD = 32  # of so many items of later parts the answers can wait

Read = Callable[[], Iterator[Any]]


class Parts(Iterator[Item]):
    """Items in one or more parts, each of which can be read by itself, by any thread; all in order, as an iterator.

    ``rows`` says how many rows each part has, where that is known. ``made`` makes an item of what is read, in the
    thread that works on it. ``heard`` is told how many rows were handed over, by the caller's thread: what is read has
    a length then.

    >>> parts = Parts([lambda: iter([-1, 2]), lambda: iter([-3])]).each(abs)
    >>> parts.peek(), list(parts)
    ([1], [1, 2, 3])
    """

    def __init__(
        self,
        parts: Sequence[Read],
        rows: Sequence[int] = (),
        *,
        made: Callable[[Any], Item] = lambda item: item,
        heard: Callable[[int], object] | None = None,
    ) -> None:
        self.parts, self.rows, self.made, self.heard = [*parts], rows, made, heard
        self._items: Iterator[Item] | None = None

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Parts[Item]":
        """Return items in parts: as they are, or else in one part."""
        return items if isinstance(items, Parts) else cls([lambda: iter(items)])

    def each(self, make: Callable[[Item], Other]) -> "Parts[Other]":
        """Return what is made of each item."""
        made = self.made
        return Parts(self.parts, self.rows, made=lambda item: make(made(item)), heard=self.heard)

    def filled(self) -> "Parts[Item]":
        """Return the same without items that have no rows."""
        parts = [partial(_filled, read) for read in self.parts]
        return Parts(parts, self.rows, made=self.made, heard=self.heard)

    @property
    def unmade(self) -> "Parts[Any]":
        """What is read, as it is."""
        return Parts(self.parts, self.rows, heard=self.heard)

    def telling(self, heard: Callable[[int], object] | None) -> "Parts[Item]":
        """Return the same, with somebody who is told of the number of rows."""
        return Parts(self.parts, self.rows, made=self.made, heard=heard)

    def peek(self) -> list[Item]:
        """Return the first item of the first part, which stays there; none where that part has none."""
        running = self.parts[0]()
        first = [*islice(running, 1)]
        self.parts[0] = lambda: chain(first, running)
        return [self.made(item) for item in first]

    def __next__(self) -> Item:
        """Return the next item."""
        if self._items is None:
            self._items = _in_turn(self.parts, self.made, self.heard)
        return next(self._items)


# It has no `Parts`, which have it: else a file would stay open until Python looks for garbage.
def _in_turn(
    parts: Iterable[Read], made: Callable[[Any], Item], heard: Callable[[int], object] | None
) -> Iterator[Item]:
    rows = 0
    for read in parts:
        for item in read():
            yield made(item)
            if heard is not None:
                rows += len(item)
                heard(rows)


def _filled(read: Read) -> Iterator[Any]:
    return filter(len, read())


def in_threads(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """Yield the answers of work done on each item, in the order of the items, a few items ahead of the caller.

    Of ``Parts`` each thread reads what it works on, from several of them side by side; all else is read by the caller's
    thread alone. Raises the first error in the order of the items, of reading as of the work; work that hasn't begun
    by then is cancelled, and nothing more is read.

    >>> list(in_threads(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    if not isinstance(items, Parts):
        return _read_by_the_caller(work, items)
    if len(items.parts) > 1:
        return _Shared(work, items).answers()
    return _read_by_the_caller(lambda item: work(items.made(item)), items.unmade)


def _read_by_the_caller(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    failure: list[Exception] = []
    source = _until_it_fails(items, failure)
    first = list(islice(source, 2))
    if len(first) < 2:  # a thread for it would cost more than it saves
        yield from map(work, first)
    else:
        from concurrent.futures import ThreadPoolExecutor

        waiting: deque[Future[Answer]] = deque()
        pool = ThreadPoolExecutor(WORKERS)
        try:
            for item in chain(first, source):
                waiting.append(pool.submit(work, item))
                if len(waiting) > WORKERS + 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
    if failure:
        raise failure[0]


def _until_it_fails(items: Iterable[Item], failure: list[Exception]) -> Iterator[Item]:
    """Yield items until reading them fails; keep that error, since work on an earlier item may fail first."""
    try:
        yield from items
    except Exception as error:
        failure.append(error)


class _Answer:
    """The answer to one item, or the error in its place, as soon as it is there; and how many rows the item has."""

    is_there = False
    value: Any = None
    error: BaseException | None = None
    rows = 0


class _Lane:
    """One part, while it is read, by one thread at a time; and its answers that nobody has taken."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.items: Iterator[Any] | None = None
        self.is_taken = False  # some thread reads it just now
        self.is_over = False
        self.answers: deque[_Answer] = deque()

    def next(self) -> Any:
        """Return what is read next; ``_END`` where there is no more."""
        if self.items is None:
            self.items = self.read()
        return next(self.items, _END)


_END = object()


class _Shared(Generic[Answer]):
    """Parts that several threads read and work on. A thread takes the first part that none of the others reads.

    So all of them are in one part where work takes longer than reading, and else in as many as there are threads. A
    thread waits for others alone, never for the caller: Python, which waits for all threads when it ends, would wait
    for ever where the caller has failed. Where only the caller can make room, it stops, and the caller starts another.
    """

    def __init__(self, work: Callable[[Any], Answer], parts: Parts[Any]) -> None:
        self._work, self._parts = work, parts
        self._lanes = [_Lane(read) for read in parts.parts]
        self._first = 0  # the lane whose answers are handed over
        self._last = len(self._lanes) - 1  # an earlier one after an error in that
        self._waiting = 0  # answers, there or on their way
        self._running = 0  # threads
        self._turn = Condition()

    def answers(self) -> Iterator[Answer]:
        """Yield the answers in order."""
        from concurrent.futures import ThreadPoolExecutor

        pool, rows = ThreadPoolExecutor(WORKERS), 0
        try:
            while (answer := self._handed_over(pool)) is not None:
                if answer.error is not None:
                    raise answer.error
                yield answer.value
                if self._parts.heard is not None:
                    rows += answer.rows
                    self._parts.heard(rows)
        finally:
            with self._turn:
                self._last = -1
                self._turn.notify_all()
            pool.shutdown()
            for lane in self._lanes:
                lane.items = None  # an error would keep what it reads open

    def _handed_over(self, pool: "ThreadPoolExecutor") -> _Answer | None:
        """Return the next answer, as soon as it is there; None at the end."""
        with self._turn:
            while self._first < len(self._lanes):
                self._start(pool)
                lane = self._lanes[self._first]
                if lane.answers and lane.answers[0].is_there:
                    self._waiting -= 1
                    answer = lane.answers.popleft()
                    self._start(pool)  # there is room again
                    return answer
                if lane.is_over and not lane.answers:
                    self._first += 1
                else:
                    self._turn.wait()
        return None

    def _start(self, pool: "ThreadPoolExecutor") -> None:
        """Start as many threads as may run, where one of them has something to read."""
        while self._running < WORKERS and any(map(self._has_room, self._open())):
            pool.submit(self._go_on)
            self._running += 1

    def _go_on(self) -> None:
        """Read and work, item by item, while there is room and something is left."""
        while (lane := self._taken()) is not None:
            answer = _Answer()
            item: Any = _END
            try:
                item = lane.next()
            except BaseException as error:
                answer.error = error
            with self._turn:
                lane.is_taken, lane.is_over = False, lane.is_over or item is _END
                if item is not _END or answer.error is not None:
                    lane.answers.append(answer)
                    self._waiting += 1
                self._turn.notify_all()
            if item is not _END:
                try:
                    answer.value = self._work(self._parts.made(item))
                    answer.rows = 0 if self._parts.heard is None else len(item)
                except BaseException as error:
                    answer.error = error
            with self._turn:
                answer.is_there = True
                if answer.error is not None:
                    lane.is_over, self._last = True, min(self._last, self._lanes.index(lane))
                self._turn.notify_all()

    def _taken(self) -> _Lane | None:
        """Return a lane for one thread to read, as soon as no other does; None where none has room, or all is read."""
        with self._turn:
            while lanes := [*filter(self._has_room, self._open())]:
                for lane in lanes:
                    if not lane.is_taken:
                        lane.is_taken = True
                        return lane
                self._turn.wait()
            self._running -= 1
        return None

    def _has_room(self, lane: _Lane) -> bool:
        """Return whether there is room for one more answer of a lane."""
        first = self._lanes[self._first]
        if lane is first:
            return len(lane.answers) < WORKERS + 2
        return self._waiting - len(first.answers) < AHEAD

    def _open(self) -> list[_Lane]:
        """Return the first lanes that aren't read to the end, as many as there are threads."""
        rest = islice(self._lanes, self._first, self._last + 1)
        return list(islice((lane for lane in rest if not lane.is_over), WORKERS))
