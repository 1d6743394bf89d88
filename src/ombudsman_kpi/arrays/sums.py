"""Counting many rows into few cells: the arithmetic of tallies."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.errors import RecordsError

_DENSE = 1 << 23  # cells of a table that is quicker to add to than to sort


def add_up(keys: Sequence[Integers], sums: Sequence[Integers]) -> tuple[tuple[Integers, ...], tuple[Integers, ...]]:
    """Return each key once, in order, with its exact sums over its rows; keys whose sums are all 0 are left out.

    Raises ``RecordsError`` where the sums could be too large for 64 bits.

    >>> keys, (total,) = add_up([np.array([2, 1, 2])], [np.array([10, 20, 30])])
    >>> keys[0].tolist(), total.tolist()
    ([1, 2], [20, 40])
    """
    if not len(keys[0]):
        return tuple(keys), tuple(sums)
    for part in sums:
        _check_room(part)
    order = _order(keys)
    ordered = [key[order] for key in keys]
    changes = np.logical_or.reduce([key[1:] != key[:-1] for key in ordered])
    firsts = np.flatnonzero(np.concatenate([[True], changes]))
    added = [np.add.reduceat(part[order], firsts) for part in sums]
    used = np.logical_or.reduce([part != 0 for part in added])
    return tuple(key[firsts][used] for key in ordered), tuple(part[used] for part in added)


def _order(keys: Sequence[Integers]) -> NDArray[np.intp] | slice:
    """Return the order in which keys rise: sorting one number in place of many, where they fit into one.

    Keys (2024, 3) and (2023, 11), spans 2 and 9 from (2023, 3) -> (1 * 9 + 0, 0 * 9 + 8) = (9, 8). Where the product of
    the spans has more than 62 bits, the keys are sorted one by one.
    """
    lows = [int(key.min()) for key in keys]
    spans = [int(key.max()) - low + 1 for key, low in zip(keys, lows, strict=True)]
    if math.prod(spans) >= 1 << 62:
        return np.lexsort(tuple(reversed(keys)))
    code = keys[0] - lows[0]
    for key, low, span in zip(keys[1:], lows[1:], spans[1:], strict=True):
        code = code * span + (key - low)
    return slice(None) if (code[1:] >= code[:-1]).all() else np.argsort(code, kind="stable")


_ROOM = 1 << 63  # what 64 bits with a sign hold
_TOO_LARGE = (
    "The records that rows stand for, or their times, add up to more than 9.2 million million million. Mend the column "
    "that says how many records a row stands for, or split the records and compare their results."
)


def _check_room(part: Integers) -> None:
    """Raise ``RecordsError`` where numbers, all taken as positive, add up to more than 64 bits hold."""
    if _most(part) * len(part) < _ROOM:
        return
    # In halves of 32 bits, whose sums fit: 5,000,000,000 is 1 << 32 | 705,032,704.
    size = np.abs(part).view(np.uint64)
    high, low = int((size >> np.uint64(32)).sum()), int((size & np.uint64(0xFFFF_FFFF)).sum())
    if (high << 32) + low >= _ROOM:
        raise RecordsError(_TOO_LARGE)


def _most(part: Integers | int) -> int:
    """Return the largest size of some numbers."""
    return abs(part) if isinstance(part, int) else max(int(part.max(initial=0)), -int(part.min(initial=0)))


def product(one: Integers | int, other: Integers | int) -> Integers | int:
    """Return one number times another for each row, or raise ``RecordsError`` where 64 bits don't hold it."""
    if _most(one) * _most(other) >= _ROOM:
        raise RecordsError(_TOO_LARGE)
    return one * other


class CellSums:
    """Rows counted by whole-number keys, batch after batch, with exact sums beside the counts.

    As long as the keys span a moderate box, each row is one addition to a table; beyond, batches are sorted. Raises
    ``RecordsError`` where the sums could be too large for 64 bits.
    """

    def __init__(self, keys: int, sums: int) -> None:
        self._lows: list[int] = [0] * keys
        self._spans: list[int] = [0] * keys
        self._tables: list[Integers | None] = [None] * sums
        self._most = 0  # no sum of a table is larger
        self._parts: list[tuple[tuple[Integers, ...], tuple[Integers, ...]]] = []

    def add(self, keys: Sequence[Integers], sums: Sequence[Integers | int]) -> None:
        """Add rows: for each key its values, for each sum what every row adds (one number where all add the same)."""
        if not len(keys[0]):
            return
        most = max(map(_most, sums)) * len(keys[0])
        if self._most + most >= _ROOM:
            self._empty_tables()  # they are added up with care when they are merged
        if most >= _ROOM or not self._reach(keys):
            full = [np.full(len(keys[0]), part) if isinstance(part, int) else part for part in sums]
            self._parts.append(add_up(keys, full))
            if len(self._parts) > 16:
                self._parts = [self._merged()]
            return
        code = self._encode(keys)
        self._most += most
        for position, part in enumerate(sums):
            if not isinstance(part, int) or part:
                table = self._tables[position]
                if table is None:
                    table = self._tables[position] = np.zeros(math.prod(self._spans), np.int64)
                np.add.at(table, code, part)

    def result(self) -> tuple[tuple[Integers, ...], tuple[Integers, ...]]:
        """Return each key once, in order, with its sums."""
        self._empty_tables()
        self._parts = [self._merged()]
        return self._parts[0]

    def _merged(self) -> tuple[tuple[Integers, ...], tuple[Integers, ...]]:
        if not self._parts:
            nothing = np.empty(0, np.int64)
            return (nothing,) * len(self._spans), (nothing,) * len(self._tables)
        if len(self._parts) == 1:
            return self._parts[0]
        keys, sums = zip(*self._parts, strict=True)
        return add_up(
            [np.concatenate(column) for column in zip(*keys, strict=True)],
            [np.concatenate(column) for column in zip(*sums, strict=True)],
        )

    def _encode(self, keys: Sequence[Integers]) -> Integers:
        """Return the place in the table of each row's keys.

        Keys (2024, 5) in a box from (2023, 3) with spans (2, 9) -> (1 * 9 + 5) - 3 = 11: the lows are taken away at
        once. What is too large for 64 bits on the way wraps, and wraps back at the end, since places are small.
        """
        code, offset = keys[0] - self._lows[0], 0
        for key, low, span in zip(keys[1:], self._lows[1:], self._spans[1:], strict=True):
            code *= span
            code += key
            offset = offset * span + low
        code -= (offset + _ROOM) % (2 * _ROOM) - _ROOM
        return code

    def _reach(self, keys: Sequence[Integers]) -> bool:
        """Make the box large enough for some keys; return whether it fits."""
        lows = [int(key.min()) for key in keys]
        highs = [int(key.max()) for key in keys]
        least = [high - low + 1 for low, high in zip(lows, highs, strict=True)]
        spans = [span + span // 8 for span in least]  # room to grow
        if self._spans[0]:
            box = list(zip(self._lows, self._spans, strict=True))
            keys_inside = [
                low <= new_low and new_high < low + span
                for (low, span), new_low, new_high in zip(box, lows, highs, strict=True)
            ]
            if all(keys_inside):
                return True
            ends = [max(high + 1, low + span) for (low, span), high in zip(box, highs, strict=True)]
            lows = [min(pair) for pair in zip(lows, self._lows, strict=True)]
            least = [end - low for low, end in zip(lows, ends, strict=True)]
            # What has grown will grow again, as periods do in records that are in order: it gets twice the room.
            spans = [span if inside else 2 * span for span, inside in zip(least, keys_inside, strict=True)]
        spans = spans if math.prod(spans) <= _DENSE else least
        if math.prod(spans) > _DENSE:
            return False
        self._empty_tables()
        self._lows, self._spans = lows, spans
        return True

    def _empty_tables(self) -> None:
        """Turn what the tables hold into sorted cells."""
        tables = [table for table in self._tables if table is not None]
        if not tables:
            return
        codes = np.flatnonzero(np.logical_or.reduce([table != 0 for table in tables]))
        sums = tuple(np.zeros(len(codes), np.int64) if table is None else table[codes] for table in self._tables)
        keys: list[Integers] = []
        rest: Integers = codes.astype(np.int64)
        for low, span in zip(reversed(self._lows), reversed(self._spans), strict=True):
            keys.append(rest % span + low)
            rest = rest // span
        self._parts.append((tuple(reversed(keys)), sums))
        self._tables, self._most = [None] * len(self._tables), 0
