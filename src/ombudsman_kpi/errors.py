"""The errors of this library, in five kinds. Each message says what is wrong, where, and what to do.

Messages name the row, the id column and the field, and never show the content of a cell: records are about people.
"""

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import NamedTuple
from unicodedata import category


class KpiError(ValueError):
    """The base of every error that this library raises on purpose."""


class CoverageError(KpiError):
    """A date outside a calendar."""


class SchemeError(KpiError):
    """A scheme, target, limit or standard that can't be read or doesn't exist."""


class Lack(NamedTuple):
    """A column that isn't there: of which records, for which field, and what needs it."""

    records: str
    field: str
    needed_by: str


class RecordsError(KpiError):
    """Records that can't be measured: a missing column, unreadable dates, a broken file."""

    lacking: Sequence[Lack] = ()  # the columns that aren't there, where that is the fault


class OptionError(KpiError):
    """A wrong argument, such as an unknown period, cohort, division or ``as_of``."""


class MissingLibraryError(KpiError, ImportError):
    """An optional library that isn't installed."""


class MechanicsWarning(RuntimeWarning):
    """What was compiled when the library was installed can't be used: all figures are the same, but take longer."""


@contextmanager
def naming(argument: str) -> Iterator[None]:
    """Let an error name the argument whose value is at fault."""
    try:
        yield
    except KpiError as error:
        raise type(error)(f"{argument}: {error}") from None


def one_of(value: object, allowed: Iterable[str], *, but: Collection[str] = ()) -> str:
    """Return a hint that lists the allowed names, and the one that was probably meant (never one of ``but``).

    >>> one_of("scotlnd", ["england-and-wales", "scotland"])
    "Did you mean 'scotland'? It can be: england-and-wales, scotland."
    """
    names = list(allowed)
    likely = [name.lower() for name in names if name not in but]
    near = get_close_matches(str(value).lower(), likely, n=1, cutoff=0.5)
    meant = next((name for name in names if near and name.lower() == near[0]), None)
    hint = f"Did you mean {meant!r}? " if meant is not None else ""
    return f"{hint}It can be: {', '.join(names) if names else 'nothing, since there is none'}."


# Letters, accents, digits, spaces, and what can't be printed.
_SIGNS = {"L": "a", "M": "", "N": "9", "Z": " ", "C": "?"}


def together(errors: Sequence[RecordsError]) -> RecordsError:
    """Return several errors as one, each on a line of its own.

    >>> print(together([RecordsError("cases row 3: …"), RecordsError("cases row 5: …")]))
    2 things have to be settled:
    - cases row 3: …
    - cases row 5: …
    """
    if len(errors) == 1:
        return errors[0]
    lines = [f"- {error}" for error in errors]
    return RecordsError("\n".join([f"{len(errors)} things have to be settled:", *lines]))


def kind_of(value: object) -> str:
    """Return what was given without showing what it holds."""
    return f"a value of the kind {type(value).__name__}"


def shape_of(text: str) -> str:
    """Return what text looks like, without its content.

    >>> shape_of("03/04/2024"), shape_of("Zoë Ng")
    ('99/99/9999', 'aaa aa')
    """
    shape = "".join(_SIGNS.get(category(sign)[0], sign) for sign in text)
    return shape if len(shape) <= 30 else f"{shape[:30]}…"


def no_room(error: OSError) -> RecordsError:
    """Return the error for a disk that is too full for temporary files."""
    return RecordsError(
        f"There is no room for temporary files in {tempfile.gettempdir()}: {error.strerror or error}. Free some space, "
        "or set the environment variable TMPDIR to another folder."
    )
