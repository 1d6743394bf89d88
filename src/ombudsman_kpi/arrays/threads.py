"""Work on batches in several threads: numpy and Arrow let go of the interpreter while they work."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

WORKERS = min(os.cpu_count() or 1, 4)  # beyond four, memory is the limit


def in_threads(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """Do work on each item, a few items ahead of what is asked for; give the answers in order.

    >>> list(in_threads(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2:  # a thread for it would cost more than it saves
        yield from map(work, first)
        return
    waiting: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for item in chain(first, items):
            waiting.append(pool.submit(work, item))
            if len(waiting) > WORKERS + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
