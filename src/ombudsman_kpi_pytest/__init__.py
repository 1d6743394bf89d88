"""A plugin of pytest: each target of some results is a test of its own.

It stands beside the library, so that pytest loads neither that nor numpy when it starts. A test module says what is
measured, and takes the targets one by one::

    import ombudsman_kpi as kpi

    def kpi_results():
        return kpi.measure(kpi.load_scheme("lgsco"), cases="cases.csv", as_of="2024-03-31", every="quarter")

    def test_target(kpi_target):
        kpi.assert_met(kpi_target)
"""

from typing import Any

import pytest

_RESULTS, _TARGET = "kpi_results", "kpi_target"
_MEASURED = pytest.StashKey[dict[Any, Any]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that takes ``kpi_target`` the results of each target that the module's ``kpi_results()`` has."""
    if _TARGET not in metafunc.fixturenames:
        return
    module = metafunc.module
    measure = getattr(module, _RESULTS, None)
    if not callable(measure):
        raise pytest.UsageError(
            f"{module.__name__} has tests that take {_TARGET}, and no function {_RESULTS}() that returns the results "
            "of ombudsman_kpi.measure(…). Write one beside them."
        )
    measured = metafunc.config.stash.setdefault(_MEASURED, {})
    if module not in measured:  # once for all tests of a module
        measured[module] = measure()
    results = measured[module]
    targets = list(dict.fromkeys(row.target for row in results if row.status != "not measured"))
    metafunc.parametrize(_TARGET, [results[name] for name in targets], ids=targets)
