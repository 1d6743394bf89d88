"""The page on checks has the rules of the registry, and its test for pytest runs."""

import re
from pathlib import Path

import pytest

from ombudsman_kpi.checks.rules import RULES

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "checks.md").read_text("utf-8")


def test_the_table_of_rules_is_that_of_the_registry() -> None:
    table = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert table == [(rule.id, rule.severity, rule.sentence, rule.remedy) for rule in RULES.values()]


def test_the_test_of_the_page_runs(pytester: pytest.Pytester) -> None:
    (code,) = (text for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "kpi_results" in text)
    pytester.makepyfile(code.replace("examples/", f"{ROOT.as_posix()}/examples/"))
    result = pytester.runpytest_subprocess("-p", "ombudsman_kpi_pytest", "-p", "no:cacheprovider")
    assert result.parseoutcomes()["failed"] == 1  # of 2023 one target was missed
    result.stdout.fnmatch_lines(["*investigation-13w in 2023 is 74.4%; its standard: at least 75%"])
