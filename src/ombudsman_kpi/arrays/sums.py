"""Counting many rows into few cells: the arithmetic of tallies."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers

_DENSE = 1 << 23  # cells of a table that is quicker to add to than to sort


def add_up(keys: Sequence[Integers], sums: Sequence[Integers]) -> tuple[tuple[Integers, ...], tuple[Integers, ...]]:
    """Add up rows of one key: each key once, in order, with its exact sums; keys whose sums are all 0 are left out.

    >>> keys, (total,) = add_up([np.array([2, 1, 2])], [np.array([10, 20, 30])])
    >>> keys[0].tolist(), total.tolist()
    ([1, 2], [20, 40])
    """
    if not len(keys[0]):
        return tuple(keys), tuple(sums)
    order = _order(keys)
    ordered = [key[order] for key in keys]
    changes = np.logical_or.reduce([key[1:] != key[:-1] for key in ordered])
    firsts = np.flatnonzero(np.concatenate([[True], changes]))
    added = [np.add.reduceat(part[order], firsts) for part in sums]
    used = np.logical_or.reduce([part != 0 for part in added])
    return tuple(key[firsts][used] for key in ordered), tuple(part[used] for part in added)


def _order(keys: Sequence[Integers]) -> NDArray[np.intp] | slice:
    """Give the order in which keys rise: sorting one number in place of many, where they fit into one."""
    lows = [int(key.min()) for key in keys]
    spans = [int(key.max()) - low + 1 for key, low in zip(keys, lows, strict=True)]
    if math.prod(spans) >= 1 << 62:
        return np.lexsort(tuple(reversed(keys)))
    code = keys[0] - lows[0]
    for key, low, span in zip(keys[1:], lows[1:], spans[1:], strict=True):
        code = code * span + (key - low)
    return slice(None) if (code[1:] >= code[:-1]).all() else np.argsort(code, kind="stable")


class Cells:
    """Rows counted by whole-number keys, batch after batch, with exact sums beside the counts.

    As long as the keys span a moderate box, each row is one addition to a table; beyond, batches are sorted.
    """

    def __init__(self, keys: int, sums: int) -> None:
        self._lows: list[int] = [0] * keys
        self._spans: list[int] = [0] * keys
        self._tables: list[Integers | None] = [None] * sums
        self._parts: list[tuple[tuple[Integers, ...], tuple[Integers, ...]]] = []

    def add(self, keys: Sequence[Integers], sums: Sequence[Integers | int]) -> None:
        """Add rows: for each key its values, for each sum what every row adds (one number where all add the same)."""
        if not len(keys[0]):
            return
        if not self._reach(keys):
            full = [np.full(len(keys[0]), part) if isinstance(part, int) else part for part in sums]
            self._parts.append(add_up(keys, full))
            if len(self._parts) > 16:
                self._parts = [self._merged()]
            return
        code = self._encode(keys)
        for position, part in enumerate(sums):
            if not isinstance(part, int) or part:
                table = self._tables[position]
                if table is None:
                    table = self._tables[position] = np.zeros(math.prod(self._spans), np.int64)
                np.add.at(table, code, part)

    def result(self) -> tuple[tuple[Integers, ...], tuple[Integers, ...]]:
        """Give each key once, in order, with its sums."""
        self._empty_tables()
        return self._merged()

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
        code, offset = keys[0] - self._lows[0], 0
        for key, low, span in zip(keys[1:], self._lows[1:], self._spans[1:], strict=True):
            code *= span
            code += key
            offset = offset * span + low
        code -= offset
        return code

    def _reach(self, keys: Sequence[Integers]) -> bool:
        """Make the box large enough for some keys; tell whether that can be had."""
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
        self._tables = [None] * len(self._tables)
