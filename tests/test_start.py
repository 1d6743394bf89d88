"""What is loaded when: a process imports what it uses. No test here takes the time; imports are counted."""

import ast
import pickle
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import holidays
import pyarrow as pa
import pytest
from pyarrow import csv
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

import ombudsman_kpi
from ombudsman_kpi import list_schemes, load_scheme, measure
from ombudsman_kpi.calendars.bank_holidays import _united_kingdom
from ombudsman_kpi.records.cells.text_times import read_iso
from ombudsman_kpi.records.models import Model

SOURCE = Path(ombudsman_kpi.__file__).parent
PACKAGES = pytest.mark.parametrize("package", [ombudsman_kpi, ombudsman_kpi.statistics], ids=lambda one: one.__name__)
DATA = Path(__file__).parents[1] / "examples" / "data"
KINDS = ("calls", "written_contacts", "cases", "events", "requests")
FILES = [word for kind in KINDS for word in (f"--{kind.replace('_', '-')}", str(DATA / f"{kind}.csv"))]
HEAVY = {"pandas", "polars", "duckdb", "pyspark", "pyarrow.parquet", "pyarrow.dataset"}

MESSY = """case_id,received_at,decided_at,allocated_at,team,joint_working
7.0,2024-01-02,2024-01-10,N/A,North,yes
 7 ,2024-01-02T09:00:00,2024-01-10,,North,no
B1,31/12/2023,2024-02-30,-,,
B2,2024-01-03T10:00:00Z,tbc,2024-01-20,Süd,no
B3,2024-01-05 10:00:00.1234567,,,South,maybe
,2024-01-05,,,South,
"""


def loaded(program: str, *arguments: str) -> set[str]:
    """Return the names of the modules that a process has loaded when its program ends."""
    program = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def loaded_by_command(*words: str) -> set[str]:
    """Return the names of the modules that the command line has loaded when it ends."""
    return loaded("from ombudsman_kpi.__main__ import main; main()", *words)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--every", "month", "--by", "team", "--json"),
        ("--cohort", "all", "--every", "week", "--csv"),
        ("--report", "commission"),
    ],
    ids=" ".join,
)
def test_measuring_csv_files_loads_no_other_library_of_tables(options: tuple[str, ...]) -> None:
    assert not loaded_by_command("measure", "lgsco", *FILES, "--as-of", "2024-03-31", *options) & HEAVY


def test_cells_of_all_kinds_load_none_either(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(MESSY, "utf-8")
    (tmp_path / "own.toml").write_text('[dates.cases]\nreceived_at = "%Y-%m-%d"\n', "utf-8")
    words = ("measure", "lgsco", "--cases", str(tmp_path / "cases.csv"), "--as-of", "2024-03-31", "--by", "team")
    assert not loaded_by_command(*words, "--unreadable", "invalid") & HEAVY
    assert not loaded_by_command(*words, "--unreadable", "invalid", "--columns", str(tmp_path / "own.toml")) & HEAVY


def test_cases_made_of_an_event_log_load_none_either() -> None:
    words = ("measure", "lgsco", "--events", str(DATA / "events.csv"), "--as-of", "2024-03-31")
    assert not loaded_by_command(*words, "--every", "quarter") & HEAVY


def test_rows_and_tallies_load_no_pandas() -> None:
    program = """
import datetime, ombudsman_kpi as kpi
cases = [{"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-05", "team": "North"},
         {"case_id": 2, "received_at": datetime.date(2024, 3, 28), "decided_at": None, "joint_working": True}]
counted = kpi.tally(kpi.load_scheme("lgsco"), cases=cases, as_of="2024-05-31", by="team")
assert (kpi.Tally.from_arrow(counted.to_arrow()) + counted.zero()).results().to_dict() == counted.results().to_dict()
"""
    assert not loaded(program) & HEAVY


def test_the_command_line_looks_for_no_garbage_in_what_it_loads_and_lets_go_of_it_at_the_end() -> None:
    program = """
import gc
from ombudsman_kpi.__main__ import main
searches = []
gc.callbacks.append(lambda phase, info: searches.append(info))
try:
    main()
except SystemExit as done:
    assert not done.code
assert not searches, searches
assert gc.get_freeze_count() > 50_000
"""
    loaded(program, "measure", "lgsco", *FILES, "--as-of", "2024-03-31")


# Small files


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how often each file of CSV is parsed, by its name; it counts on."""
    times, opened = Counter[str](), csv.open_csv

    def count(path: Path, *options: Any) -> Any:
        times[path.name] += 1
        return opened(path, *options)

    monkeypatch.setattr(csv, "open_csv", count)
    return times


def test_a_small_csv_file_is_parsed_once_and_its_times_are_read_once(
    parsed: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = Counter[int]()

    def count(column: pa.Array, *options: Any) -> Any:
        times[column.buffers()[2].address] += len(column) > 0  # a dry run reads columns without rows
        return read_iso(column, *options)

    monkeypatch.setattr("ombudsman_kpi.records.cells.times.read_iso", count)
    files: dict[str, Any] = {kind: DATA / f"{kind}.csv" for kind in KINDS}
    measure(load_scheme("lgsco"), **files, as_of="2024-03-31")
    assert parsed == {f"{kind}.csv": 1 for kind in KINDS}
    assert {*times.values()} <= {0, 1}
    assert times.total() > 10


def test_of_several_files_none_is_kept(parsed: Counter[str], tmp_path: Path) -> None:
    """There may be thousands of small files: what takes little memory for one of them takes all of it for them all."""
    for name in ("a.csv", "b.csv"):
        row = f"{name},2024-03-28,,"
        (tmp_path / name).write_text(f"case_id,received_at,allocated_at,decided_at\n{row}\n", "utf-8")
    days = "decided-or-allocated-20wd"
    measure(load_scheme("lgsco"), cases=tmp_path / "*.csv", as_of="2024-03-31", targets=days)
    assert {*parsed} == {"a.csv", "b.csv"}
    assert min(parsed.values()) > 1


# Public names


def test_importing_the_library_loads_nothing_of_it_and_no_other_library() -> None:
    found = loaded("import ombudsman_kpi; dir(ombudsman_kpi)")
    assert {name for name in found if name.startswith("ombudsman_kpi")} == {
        "ombudsman_kpi",
        "ombudsman_kpi.public_names",
    }
    assert not found & {*HEAVY, "numpy", "pydantic", "pyarrow", "holidays", "dateutil"}


@pytest.mark.parametrize(
    ("package", "name"),
    [(package.__name__, name) for package in (ombudsman_kpi, ombudsman_kpi.statistics) for name in package.__all__],
)
def test_each_name_can_be_the_first(package: str, name: str) -> None:
    loaded(f"from {package} import {name}")


def test_what_says_how_far_chance_goes_is_an_attribute_of_the_library_and_loads_no_records() -> None:
    found = loaded("import ombudsman_kpi; assert ombudsman_kpi.statistics.wilson(45, 50).high < 1")
    wings = {name.split(".")[1] for name in found if name.startswith("ombudsman_kpi.")}
    assert wings == {"errors", "public_names", "statistics"}
    assert not found & HEAVY


def test_one_kind_of_error_loads_no_wing() -> None:
    found = loaded("from ombudsman_kpi import OptionError")
    assert {name for name in found if name.startswith("ombudsman_kpi.")} == {
        f"ombudsman_kpi.{one}" for one in ("errors", "public_names")
    }


def test_no_module_that_is_loaded_hides_a_public_name() -> None:
    """A module that is loaded becomes an attribute of its package: none may be called like a public name."""
    modules = [
        ".".join([SOURCE.name, *path.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__")
        for path in SOURCE.rglob("*.py")
        if path.stem != "__main__" and "spark" not in path.stem
    ]
    program = f"""
import importlib, types, ombudsman_kpi
for name in {modules!r}:
    importlib.import_module(name)
    for package in (ombudsman_kpi, ombudsman_kpi.statistics):
        hidden = {{name for name in package.__all__ if isinstance(getattr(package, name), types.ModuleType)}}
        assert not hidden - {{"statistics"}}, (name, hidden)
"""
    loaded(program)


@PACKAGES
def test_the_names_are_those_of_the_stub_and_what_they_are_can_be_pickled(package: ModuleType) -> None:
    stub = ast.parse(Path(str(package.__file__)).with_suffix(".pyi").read_text("utf-8"))
    names = [alias for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert [alias.name for alias in names] == [alias.asname for alias in names]
    assert {*package.__all__} - {"__version__"} == {alias.name for alias in names}
    assert package is not ombudsman_kpi or "__version__" in package.__all__
    for name in package.__all__:
        thing = getattr(package, name)
        assert isinstance(thing, ModuleType) or pickle.loads(pickle.dumps(thing)) == thing  # noqa: S301


def test_the_library_is_loaded_from_an_archive(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "library.zip", "w") as archive:
        for path in SOURCE.rglob("*"):
            if path.suffix in {".py", ".pyi", ".toml", ".csv"}:
                archive.write(path, path.relative_to(SOURCE.parent))
    loaded(f"""
sys.path.insert(0, {str(tmp_path / "library.zip")!r})
import ombudsman_kpi
assert "library.zip" in ombudsman_kpi.__file__ and ombudsman_kpi.load_scheme("lgsco")
""")


@PACKAGES
def test_all_names_are_listed_and_another_is_an_error_as_of_any_module(package: ModuleType) -> None:
    assert {*dir(package)} >= {*package.__all__, "__doc__", "__file__", "__getattr__"}
    assert not [name for name in dir(package) if name not in package.__all__ and name[:2] != "__"]
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'mesure'"):
        package.mesure  # noqa: B018


# Models, and schemes


def test_a_model_that_nobody_has_used_has_its_signature() -> None:
    loaded("""
import inspect, ombudsman_kpi as kpi
for model in (kpi.Case.__base__, kpi.Case, type("Own", (kpi.Case,), {"__module__": __name__}), kpi.Finding):
    assert {*inspect.signature(model).parameters} >= {*model.model_fields}, inspect.signature(model)
    assert "data" not in inspect.signature(model).parameters
assert "case_id" in inspect.signature(kpi.Case).parameters
""")


def test_measuring_files_builds_no_model_of_records() -> None:
    program = f"""
import ombudsman_kpi as kpi
kpi.measure(kpi.load_scheme("lgsco"), cases={str(DATA / "cases.csv")!r}, as_of="2024-03-31").to_dict()
from ombudsman_kpi.records.vocabulary import RECORDS
assert not [name for name, model in RECORDS.items() if model.__pydantic_complete__]
"""
    loaded(program)


def test_threads_may_use_a_model_first_at_the_same_time() -> None:
    """Before 2.14, pydantic let each of them build it, and one took away what another had begun to use."""
    under_way, most, built = [0], [0], [0]

    class Slow(Model):
        number: int

        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
            under_way[0] += 1
            built[0] += 1
            most[0] = max(most[0], under_way[0])
            sleep(0.02)  # so that another thread can come
            under_way[0] -= 1
            return handler(source)

    def first_use(number: int) -> int:
        together.wait()
        return Slow.model_validate({"number": str(number)}).number

    together = Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(first_use, range(8))] == [*range(8)]
    assert (most, built) == ([1], [1])


def test_a_published_scheme_is_read_once_and_needs_no_calendar_for_it() -> None:
    found = loaded("""
import ombudsman_kpi as kpi
assert all(kpi.load_scheme(name) is kpi.load_scheme(name) for name in kpi.list_schemes())
""")
    assert not found & {"holidays", "pyarrow", *HEAVY}


@pytest.mark.parametrize("name", list_schemes())
def test_a_published_scheme_is_what_its_file_is_with_all_that_is_checked(name: str) -> None:
    """By its path a file is checked as anybody's is: by the calendar, too."""
    checked, read = load_scheme(SOURCE / "schemes" / f"{name}.toml"), load_scheme(name)
    assert checked is not read
    assert checked == read
    assert checked.digest == read.digest
    assert checked.model_dump() == read.model_dump()
    assert checked.model_dump(exclude_unset=True) == read.model_dump(exclude_unset=True)


def test_the_bank_holidays_of_the_kingdom_load_no_other_country() -> None:
    found = loaded("import ombudsman_kpi as kpi; kpi.WorkingCalendar.uk('scotland')")
    assert "holidays" in found
    assert not [name for name in found if name.startswith("holidays.countries.")]


@pytest.mark.parametrize("subdivision", ["ENG", "SCT", "NIR"])
def test_they_are_those_that_the_package_gives_by_name(subdivision: str) -> None:
    years = range(1990, 2051)
    found = _united_kingdom()(subdiv=subdivision, years=years)
    assert dict(found) == dict(holidays.country_holidays("GB", subdiv=subdivision, years=years))
    assert len(found) > 8 * len(years)
