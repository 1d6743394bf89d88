"""Records that can be read only once, and which were opened before: a second reading would silently miss some."""

import weakref
from collections.abc import Iterator
from typing import Any, TypeVar

from ombudsman_kpi.errors import RecordsError

T = TypeVar("T")

_OPENED: dict[int, "weakref.ref[Any]"] = {}  # by id, as long as the object lives: it needn't be hashable


def open_once(name: str, records: Any, remedy: str) -> bool:
    """Note that records which can be read only once are opened now; return whether that could be noted.

    It can't be for some of Python's own iterators (``map``, ``iter`` of a list). Raises ``RecordsError`` where they
    were opened before, with a remedy.
    """
    if was_opened(records):
        raise exhausted(name, records, remedy)
    return note_opened(records)


def note_opened(records: Any) -> bool:
    """Note that records were opened; return whether that could be noted."""
    key = id(records)
    try:
        _OPENED[key] = weakref.ref(records, lambda reference: _forget(key, reference))
    except TypeError:
        return False
    return True


def _forget(key: int, reference: "weakref.ref[Any]") -> None:
    """Forget records that are gone, unless another object has their place in memory by now."""
    if _OPENED.get(key) is reference:
        del _OPENED[key]


def was_opened(records: Any) -> bool:
    """Return whether these very records were opened before."""
    noted = _OPENED.get(id(records))
    return noted is not None and noted() is records


def exhausted(name: str, records: Any, remedy: str) -> RecordsError:
    """Return the error of records that were read before."""
    return RecordsError(
        f"{name} are given as {type(records).__name__}, which has been read before and can be read only once. {remedy}"
    )


def first_of(name: str, records: Iterator[T], nothing: str = "an empty list", kind: str = "") -> T:
    """Return the first item of an iterator. Raises ``RecordsError`` where there is none.

    ``nothing`` is what to give instead where there are no records; ``kind`` is what was given, if not the iterator.
    """
    for item in records:
        return item
    raise RecordsError(
        f"{name} are given as {kind or type(records).__name__}, which gives nothing: perhaps it has been read before. "
        f"Give {nothing} where there are none."
    )
