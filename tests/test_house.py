"""The house keeps its order: wings in the order of the data, small rooms, one name for one thing."""

import ast
import sys
from collections import Counter, defaultdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import ombudsman_kpi

PACKAGE = "ombudsman_kpi"
SOURCE = Path(ombudsman_kpi.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
WINGS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def room_of(path: Path) -> str:
    """Return the wing of a module, or the module itself where it lies at the root."""
    part = path.relative_to(SOURCE).parts[0]
    return part.removesuffix(".py")


def rooms_imported(path: Path) -> set[str]:
    """Return the rooms that a module imports from, wherever in it the import stands."""
    rooms = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            below = node.module.split(".")[1:]
            named = [alias.name for alias in node.names]
            rooms |= {below[0]} if below else {name if name in {*WINGS, *ROOT} else "__init__" for name in named}
    return rooms - {room_of(path)}


ROOT = {path.stem for path in SOURCE.glob("*.py")}


def floors() -> dict[str, int]:
    """Return the floor of each room: one above the highest of those that it imports from."""
    below: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        below[room_of(path)] |= rooms_imported(path)
    found: dict[str, int] = {}

    def floor(room: str, above: tuple[str, ...] = ()) -> int:
        assert room not in above, f"a circle: {' > '.join((*above, room))}"
        if room not in found:
            found[room] = 1 + max((floor(other, (*above, room)) for other in below[room]), default=0)
        return found[room]

    for room in list(below):
        floor(room)
    return found


def test_there_is_no_circle_and_no_more_than_sixteen_floors() -> None:
    assert max(floors().values()) <= 16


def test_the_data_go_up_through_the_wings_in_order() -> None:
    order = [
        "errors", "arrays", "calendars", "records", "events", "clocks", "measures", "schemes", "tallies", "figures",
        "publish", "results",
        "cases", "api", "cli",
    ]  # fmt: skip
    found = floors()
    heights = [found[room] for room in order]
    assert heights == sorted(set(heights))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_and_functions_are_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400
    functions = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name: lines for node in functions if (lines := lines_of_code(node)) > 50}
    assert long == {}


def lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function from its name to its end, docstring and all."""
    return (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("wing", [wing for wing in WINGS if wing != "statistics"])
def test_wings_say_that_they_are_internal(wing: str) -> None:
    assert "Internal" in (import_module(f"{PACKAGE}.{wing}").__doc__ or "")


@pytest.mark.parametrize("package", [ombudsman_kpi, ombudsman_kpi.statistics], ids=lambda package: package.__name__)
def test_no_public_name_hides_a_module(package: ModuleType) -> None:
    hidden = [name for name in package.__all__ if name[:2] != "__" and find_spec(f"{package.__name__}.{name}")]
    assert hidden == [name for name in package.__all__ if isinstance(getattr(package, name), ModuleType)]


def test_every_module_can_be_imported_by_its_name() -> None:
    for path in MODULES:
        if path.stem == "__main__":
            continue
        parts = [PACKAGE, *path.relative_to(SOURCE).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        assert import_module(name) is sys.modules[name]


def test_no_two_classes_have_one_name() -> None:
    names = Counter(
        node.name
        for path in MODULES
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, number in names.items() if number > 1] == []


def test_no_module_is_named_for_nothing() -> None:
    assert {path.stem for path in MODULES} & {"utils", "helpers", "common", "core", "misc"} == set()


def modules_imported(path: Path) -> set[Path]:
    """Return the modules that a module imports from, for types too."""
    named = [
        node.module for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom) and node.module
    ]  # fmt: skip
    files = {
        SOURCE.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in named if name.startswith(PACKAGE + ".")
    }
    return {file for file in files if file.exists()}


@pytest.mark.parametrize("wing", WINGS)
def test_modules_of_a_wing_import_in_one_direction(wing: str) -> None:
    below = {path: modules_imported(path) for path in (SOURCE / wing).rglob("*.py")}
    for path, imported in below.items():
        assert not any(path in below.get(other, ()) for other in imported), path
