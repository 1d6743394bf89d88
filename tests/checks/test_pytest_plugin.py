"""The plugin of pytest, run by pytest itself; and ``assert_met``."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ombudsman_kpi import SchemeError, assert_met, load_scheme, measure

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
LGSCO = load_scheme("lgsco")
PLUGIN = "ombudsman_kpi_pytest"
MODULE = """
import ombudsman_kpi as kpi

def kpi_results():
    print("measured")
    cases = [
        {"case_id": "A1", "received_at": "2024-03-28", "valid_at": "2024-03-28", "allocated_at": "2024-03-29",
         "decided_at": "2025-04-05"},
    ]
    return kpi.measure(kpi.load_scheme("lgsco"), cases=cases, as_of="2025-05-31")

def test_target(kpi_target):
    kpi.assert_met(kpi_target)

def test_in_time(kpi_target):
    assert all(row.missed is not None for row in kpi_target)
"""


def test_each_target_is_a_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MODULE)
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-v", "-p", "no:cacheprovider")
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"]) == (5, 3)
    result.stdout.fnmatch_lines(
        [
            "*::test_target[[]decided-or-allocated-20wd[]] PASSED*",
            "*::test_target[[]investigation-13w[]] FAILED*",
            "*investigation-13w is 0.0%; its standard: at least 75%",
        ]
    )


def test_a_module_without_results_is_told_what_to_write(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_target(kpi_target): pass")
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider")
    assert result.ret != 0
    assert "no function kpi_results()" in result.stdout.str() + result.stderr.str()


def test_pytest_starts_without_numpy_and_pandas(tmp_path: Path) -> None:
    (tmp_path / "test_start.py").write_text(
        "import sys\n\ndef test_start():\n    assert not {'numpy', 'pandas', 'ombudsman_kpi'} & set(sys.modules)\n"
        f"    assert '{PLUGIN}' in sys.modules\n", "utf-8",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", "-q", str(tmp_path)],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True, check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_registered_under_the_name_of_its_module() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert settings["project"]["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}
    assert f"src/{PLUGIN}" in settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def cases(*decided: str | None) -> list[dict[str, str | None]]:
    return [{"case_id": f"A{n}", "received_at": "2024-04-02", "decided_at": day} for n, day in enumerate(decided)]


def test_assert_met_names_each_lost_target_its_figure_and_its_standard() -> None:
    results = measure(
        LGSCO, cases=cases("2024-05-30", "2024-05-30", "2024-04-04"), as_of="2024-05-31", every="month",
        targets="decided-or-allocated-20wd",
    )  # fmt: skip
    with pytest.raises(AssertionError) as lost:
        assert_met(results)
    assert (
        str(lost.value)
        == "1 figure missed:\n  decided-or-allocated-20wd in Apr 2024 is 33.3%; its standard: at least 40%"
    )


def test_assert_met_lets_pass_what_is_pending_unfinished_or_without_records() -> None:
    assert_met(measure(LGSCO, cases=cases(None), as_of="2024-04-10"))
    assert_met(measure(LGSCO, cases=cases("2024-04-09"), as_of="2024-05-31"), "decided-or-allocated-20wd")
    late = measure(LGSCO, cases=cases("2024-05-30"), as_of="2024-05-31", every="quarter")  # the quarter goes on
    assert_met(late)
    with pytest.raises(SchemeError, match="Did you mean 'investigation-13w'"):
        assert_met(late, "investigation-13")
