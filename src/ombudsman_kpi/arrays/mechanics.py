"""The mechanics in C, where they were compiled (``mechanics.c``): the one place that decides whether they are used.

Whoever has numpy's way asks ``compiled()`` first. Everything that C is handed is checked here.
"""

import ctypes
import os
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.compiling import SOURCE, digest_of, library_name, sums_of
from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.errors import MechanicsWarning, OptionError, one_of

SWITCH = "OMBUDSMAN_KPI_MECHANICS"  # the environment variable by which they are switched off
LIBRARY = Path(__file__).with_name(library_name())
REMEDY = "Install ombudsman-kpi again to mend it; until then numpy does the same work more slowly"
_INTERFACE = 1
_MOST = (1 << 28) - 1  # numbers that a slot of a table can hold, as ids.py and row_numbers.py have them
_SMALL = 1 << 10  # so many numbers numpy sorts as quickly

Prints = NDArray[np.uint64]


class Mechanics:
    """The functions of a compiled file."""

    def __init__(self, library: Path) -> None:
        """Load it. Raises ``OSError`` or ``ValueError``, with the reason, where it isn't what was built here."""
        if digest_of(library).encode() != sums_of(library).read_bytes().partition(b" ")[0]:
            raise ValueError("it was changed or damaged since it was built")
        functions = ctypes.CDLL(str(library))
        functions.kpi_source.restype = ctypes.c_char_p
        if functions.kpi_interface() != _INTERFACE or functions.kpi_source().decode() != digest_of(SOURCE):
            raise ValueError("it was built from another version of the library")
        size, number, small, at = ctypes.c_int64, ctypes.c_uint64, ctypes.c_int32, ctypes.c_void_p
        functions.kpi_prints.argtypes = [size, at, at, number, number, at, at]
        functions.kpi_find.argtypes = [size, at, at, at, small, at, at]
        functions.kpi_number.argtypes = [size, at, at, at, small, size, at, small, at, at]
        functions.kpi_sort.argtypes = [size, at, at]
        functions.kpi_intervals.argtypes = [size, at, at, at, small, size, at, at, at]
        self._functions = functions

    def prints(
        self, offsets: NDArray[np.int32], content: NDArray[np.uint8], mixes: Sequence[np.uint64]
    ) -> list[Prints]:
        """Return hashes of each text, one for each of one or two mixes; offsets as ``text_in`` has checked them."""
        size = len(offsets) - 1
        found = [np.empty(size, np.uint64) for _ in mixes]
        one, other = (_at(part, np.uint64, size) for part in (found * 2)[:2])
        self._functions.kpi_prints(
            size, _at(offsets, np.int32, size + 1), _at(content, np.uint8, int(offsets[-1])), int(mixes[0]),
            int(mixes[-1]), one, other,
        )  # fmt: skip
        return found

    def find(self, firsts: Prints, others: Prints, table: Prints, seconds: Prints) -> Integers:
        """Return the number of each text by its fingerprints; -1 where a table made by ``number`` has none."""
        size, numbers = len(firsts), np.empty(len(firsts), np.int64)
        self._functions.kpi_find(
            size, _at(firsts, np.uint64, size), _at(others, np.uint64, size),
            _at(table, np.uint64, 1), _bits(table), _at(seconds, np.uint64, 0), _at(numbers, np.int64, size),
        )  # fmt: skip
        return numbers

    def number(
        self, firsts: Prints, others: Prints, table: Prints, seconds: Prints, following: int, rows: Truths | None = None
    ) -> Integers:
        """Return the number of each text, of which new ones get the following, in the order in which they are seen.

        They are put into the table, and their second fingerprints into ``seconds``. With ``rows`` every text takes a
        number, that of its row, and those where it isn't true get -1.
        """
        size, numbers = len(firsts), np.empty(len(firsts), np.int64)
        there = np.ones(size, np.bool_) if rows is None else rows
        if following + size > min(len(seconds), len(table) - 1, _MOST):
            raise ValueError("the table is too small")
        self._functions.kpi_number(
            size, _at(firsts, np.uint64, size), _at(others, np.uint64, size), _at(there, np.bool_, size),
            rows is not None, following, _at(table, np.uint64, 1), _bits(table),
            _at(seconds, np.uint64, following + size), _at(numbers, np.int64, size),
        )  # fmt: skip
        return numbers

    def sort(self, numbers: NDArray[Any]) -> None:
        """Sort whole numbers of 64 bits in place, none of which is below 0."""
        size, room = len(numbers), np.empty(len(numbers), np.uint64)
        self._functions.kpi_sort(size, _at(numbers.view(np.uint64), np.uint64, size), _at(room, np.uint64, size))

    def intervals(
        self, points: Integers, begun: Integers, ended: Integers, day_bits: int, first_day: int
    ) -> tuple[Integers, Integers, Integers]:
        """Return the lane, begin and end of the interval before each point, as ``row_days.intervals`` has them."""
        size, lanes = len(points), len(begun)
        if size and not 0 <= points.min() >> day_bits <= points.max() >> day_bits < lanes:
            raise ValueError("a point is in no lane")
        lane, begin, end = (np.empty(size, np.int64) for _ in range(3))
        self._functions.kpi_intervals(
            size, _at(points, np.int64, size), _at(begun, np.int64, lanes), _at(ended, np.int64, lanes), day_bits,
            first_day, *(_at(part, np.int64, size) for part in (lane, begin, end)),
        )  # fmt: skip
        return lane, begin, end


def _at(array: NDArray[Any], kind: Any, size: int) -> int:
    """Return where an array begins. Raises ``ValueError`` where it isn't one run of so many numbers of a kind."""
    if array.dtype != kind or len(array) < size or not (array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(f"C takes {size} numbers of the kind {np.dtype(kind)}, one after the other")
    return array.ctypes.data


def _bits(table: Prints) -> int:
    """Return of how many bits the places in a table are. Raises ``ValueError`` where it isn't a power of two."""
    bits = len(table).bit_length() - 1
    if len(table) != 1 << bits or not 0 < bits <= 32:
        raise ValueError("a table has a power of two of slots")
    return bits


def compiled() -> Mechanics | None:
    """Return the mechanics in C; None where they weren't compiled, can't be used, or are switched off."""
    return _chosen()[0]


def in_use() -> str:
    """Return which mechanics are in use, in words: C's, or numpy's and why."""
    return _chosen()[1]


def sort(numbers: NDArray[Any]) -> None:
    """Sort whole numbers in place."""
    mechanics = compiled() if len(numbers) >= _SMALL else None
    if mechanics is None or numbers.min() < 0:
        numbers.sort()
    else:
        mechanics.sort(numbers)


_TURN = RLock()


def _chosen() -> tuple[Mechanics | None, str]:
    with _TURN:  # two threads would load, and warn, twice
        return _choose()


@cache
def _choose() -> tuple[Mechanics | None, str]:
    """Return the mechanics, and which are in use; warn once where those that were built can't be used."""
    switched = os.environ.get(SWITCH, "")
    if switched not in {"", "numpy"}:
        raise OptionError(
            f"The environment variable {SWITCH} switches off the compiled mechanics. {one_of(switched, ['numpy'])}"
        )
    if switched:
        return None, f"numpy, since {SWITCH} says so"
    if not LIBRARY.exists() and not sums_of(LIBRARY).exists():
        return None, "numpy, since nothing was compiled when the library was installed"
    try:
        return Mechanics(LIBRARY), "compiled mechanics"
    except (OSError, ValueError, AttributeError) as error:
        why = str(error) if isinstance(error, ValueError) else "it is missing or can't be loaded"
    warnings.warn(f"{LIBRARY.name} isn't used: {why}. {REMEDY}.", MechanicsWarning, stacklevel=2)
    return None, f"numpy, since {LIBRARY.name} isn't used: {why}"
