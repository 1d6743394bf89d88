"""How hypothesis looks for cases, how often Python looks for garbage, and what tests of several wings share.

A plain run tries the same cases every time, so that it fails only where the code has changed. ``.ci/run`` repeats the
tests with ``--hypothesis-profile=other-cases`` and a seed, which gives other cases than the plain run, and twice as
many. Properties of which one case takes long try a fraction of the profile's number.
"""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.append(str(Path(__file__).parent))
from both_ways import WAYS, the
from command_line import Typed

settings.register_profile("same-cases", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("other-cases", max_examples=100, deadline=None, derandomize=False, print_blob=True)
settings.load_profile("same-cases")


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for garbage, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(autouse=True)
def _screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show tables as wide as where there is no terminal, whatever the tests are run on."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(monkeypatch, capsys)


@pytest.fixture(params=WAYS, scope="module")
def each_way(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test with the mechanics of numpy, and with those of C."""
    with the(request.param):
        yield request.param
