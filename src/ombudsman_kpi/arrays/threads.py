"""Work on batches in several threads: numpy and Arrow let go of the interpreter while they work."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Answer = TypeVar("Answer")

WORKERS = min(os.cpu_count() or 1, 4)  # beyond four, memory is the limit


def in_threads(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """Yield the answers of work done on each item, in the order of the items, a few items ahead of the caller.

    The caller's thread alone reads the items. Raises the first error in their order, of reading as of the work; work
    that hasn't begun by then is cancelled, and nothing more is read.

    >>> list(in_threads(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
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
