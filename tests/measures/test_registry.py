"""The registry is the one list of measures: pages, schemes and wings follow it, and none knows one measure by name."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import ombudsman_kpi
from ombudsman_kpi import Scheme
from ombudsman_kpi.measures.base.target import Rule, Target
from ombudsman_kpi.measures.registry import MEASURES, name_of
from ombudsman_kpi.schemes.bands import split_bands

PACKAGE = Path(ombudsman_kpi.__file__).parent
ROOT = PACKAGE.parents[1]


def test_every_measure_is_known_by_its_name() -> None:
    assert list(MEASURES) == [name_of(kind) for kind in MEASURES.values()]


def test_every_measure_is_a_module_of_its_own() -> None:
    modules = [kind.__module__ for kind in MEASURES.values()]
    assert modules == [f"ombudsman_kpi.measures.{name.replace(' ', '_')}" for name in MEASURES]


def entries_of(name: str) -> list[dict[str, Any]]:
    """Return the example of a measure as a scheme file declares it: one target, or one for each of its bands."""
    shared = {"id": name.replace(" ", "-"), "says": "An example", "measure": name}
    return split_bands({**shared, **tomllib.loads(MEASURES[name].example)}, "the example")


@pytest.mark.parametrize("name", MEASURES)
def test_every_example_is_a_target(name: str) -> None:
    for entry in entries_of(name):
        target = MEASURES[name].model_validate(entry)
        assert set(target.needs) == set(target.reads)
        assert target.cohort in target.cohorts


def test_the_page_about_scheme_files_has_every_measure_in_this_order() -> None:
    page = (ROOT / "docs" / "scheme-files.md").read_text("utf-8")
    table = page.partition("\n## Measures\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z ]+)` \|", table, re.MULTILINE) == list(MEASURES)


@pytest.mark.parametrize("name", MEASURES)
def test_the_page_names_every_key_of_its_own(name: str) -> None:
    """Of keys that all targets have, or all with a clock, the table above tells."""
    page = (ROOT / "docs" / "scheme-files.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    told = set(re.findall(r"`(\w+)`", row)) | set(re.findall(r"`(\w+)`", page.partition("\n## Measures\n")[0]))
    same = {"rank": "share of kinds", "volume": "count"}.get(name)  # whose row says "the same"
    told |= (
        set(re.findall(r"`(\w+)`", next(line for line in page.splitlines() if line.startswith(f"| `{same}` |"))))
        if same
        else set()
    )
    assert set(MEASURES[name].model_fields) - told == set()


def kinds() -> set[str]:
    """Return the names of all classes of declarations and rules."""
    found: set[type[Any]] = {Target, Rule}
    while more := {below for kind in found for below in kind.__subclasses__()} - found:
        found |= more
    return {kind.__name__ for kind in found if kind.__module__.startswith("ombudsman_kpi.")}


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {
        part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)
    }


def asked_kinds(path: Path) -> list[str]:
    """Return where a module asks of which kind a target or a rule is."""
    asked = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        asks = isinstance(node, ast.Call) and names_in(node.func) & {"isinstance", "issubclass"}
        if asks and isinstance(node, ast.Call) and names_in(node.args[1]) & (kinds() - {"Target"}):
            asked.append(f"{path.name}:{node.lineno}")
        if isinstance(node, ast.MatchClass) and names_in(node.cls) & kinds():
            asked.append(f"{path.name}:{node.cls.lineno}")
        if isinstance(node, ast.Compare) and {name for name in names_in(node) if name == "measure"}:
            compared = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            asked += [f"{path.name}:{node.lineno}" for value in compared if value in MEASURES]
    return asked


OUTSIDE = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "measures"]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_outside_asks_which_measure_it_is(path: Path) -> None:
    assert asked_kinds(path) == []


def test_a_scheme_reads_targets_as_what_they_are() -> None:
    scheme = Scheme.model_validate({
        "id": "all", "title": "One of each", "source": "Made up", "division": "england-and-wales",
        "targets": [entry for name in MEASURES for entry in entries_of(name)],
    })  # fmt: skip
    assert [*dict.fromkeys(type(target) for target in scheme.targets)] == list(MEASURES.values())
    again = Scheme.model_validate_json(scheme.model_dump_json(exclude_unset=True))
    assert again.digest == scheme.digest
    assert again == scheme
