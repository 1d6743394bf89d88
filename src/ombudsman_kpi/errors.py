"""What can go wrong, in five kinds; each message says what to do next.

Messages name the row, the id column and the field, never what a cell holds: records are about people.
"""

import tempfile
from collections.abc import Collection, Iterable
from difflib import get_close_matches


class KpiError(ValueError):
    """The base of every error that this library raises on purpose."""


class CoverageError(KpiError):
    """A date outside the days that a calendar knows."""


class SchemeError(KpiError):
    """A scheme, target, limit or standard that can't be read, or isn't there."""


class RecordsError(KpiError):
    """Records that can't be measured: a missing column, unreadable dates, a broken file."""


class OptionError(KpiError):
    """An argument that doesn't fit: an unknown period, cohort, division, or date to measure at."""


class MissingLibraryError(KpiError, ImportError):
    """An optional library that this needs isn't installed."""


def one_of(given: object, allowed: Iterable[str], *, but: Collection[str] = ()) -> str:
    """Say what is allowed, and which of it (``but`` for some) was probably meant.

    >>> one_of("scotlnd", ["england-and-wales", "scotland"])
    "Did you mean 'scotland'? It can be: england-and-wales, scotland."
    """
    names = list(allowed)
    likely = [name.lower() for name in names if name not in but]
    near = get_close_matches(str(given).lower(), likely, n=1, cutoff=0.5)
    meant = next((name for name in names if near and name.lower() == near[0]), None)
    hint = f"Did you mean {meant!r}? " if meant is not None else ""
    return f"{hint}It can be: {', '.join(names) if names else 'nothing, there is none'}."


def no_room(error: OSError) -> RecordsError:
    """Say that what doesn't fit into memory doesn't fit on the disk either."""
    return RecordsError(
        f"There is no room for temporary files in {tempfile.gettempdir()}: {error.strerror or error}. Make some, or "
        "name another folder in the environment variable TMPDIR."
    )
