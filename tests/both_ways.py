"""The mechanics for tests: numpy's, and C's, compiled for the occasion from the source as it is now."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from ombudsman_kpi.arrays import mechanics
from ombudsman_kpi.arrays.compiling import compile_into, compiler
from ombudsman_kpi.arrays.mechanics import Mechanics

WAYS = ("numpy", "compiled")
_KEPT: list[tempfile.TemporaryDirectory[str]] = []  # as long as the library is loaded


@cache
def freshly_compiled() -> Mechanics:
    """Return the mechanics, compiled from the source as it is now; skip the test where there is no compiler."""
    command = compiler()
    if command is None:
        if os.environ.get("OMBUDSMAN_KPI_REQUIRE_COMPILER"):
            pytest.fail("There is no C compiler.")
        pytest.skip("there is no C compiler")
    _KEPT.append(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    return Mechanics(compile_into(Path(_KEPT[-1].name), command)[0])


@contextmanager
def the(way: str) -> Iterator[None]:
    """Let one of the ways do the work."""
    chosen = (freshly_compiled(), way) if way == "compiled" else (None, way)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mechanics, "_choose", lambda: chosen)
        yield
