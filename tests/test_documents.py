"""What the README, the docs and the examples say is what the code does."""

import doctest
import json
import pkgutil
import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from command_line import Typed
from ombudsman_kpi import list_schemes, load_scheme
from ombudsman_kpi.cases.worklist import BEHIND, CERTAIN, COUNTED, FIRST, LOSES, LOST, NO_STANDARD, ROOM
from ombudsman_kpi.cli import Described
from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.records import reading
from ombudsman_kpi.records.reading import parse_readings
from ombudsman_kpi.records.sources.layout import FileOptions
from ombudsman_kpi.schemes.json_schema import scheme_json_schema

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "ombudsman_kpi"
README = (ROOT / "README.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_readme_prints_the_table_that_its_first_command_prints(typed: Typed) -> None:
    command = shlex.split(blocks(README, "sh")[0])
    answer = typed(*command[command.index(".venv/bin/ombudsman-kpi") + 1 :])
    # The edition depends on the bank holidays that the installed holidays package foretells up to 2050.
    printed, shown = (
        [line.rstrip() for line in re.sub(r"edition \w+", "edition", text).splitlines()]
        for text in (answer.out, blocks(README, "text")[0])
    )
    assert printed[: len(shown)] == shown


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    notebook, other_plan, single, caseload = blocks(README, "python")
    names: dict[str, Any] = {}
    exec(notebook, names)  # noqa: S102
    assert names["rows"].status.eq("overdue").any()
    exec(other_plan, {})  # noqa: S102
    exec(single, {})  # noqa: S102
    assert f"# {capsys.readouterr().out}" in single
    names = {}
    exec(caseload, names)  # noqa: S102
    assert (names["rows"].effect == LOSES).any()


def test_the_check_of_the_readme_finds_the_targets_that_were_missed(typed: Typed) -> None:
    (command,) = (text for text in blocks(README, "sh") if text.startswith("ombudsman-kpi check"))
    code, out, _ = typed(*shlex.split(command)[1:])
    assert code == 1
    assert "error target-lost: investigation-13w in 2023/24 is" in out


def test_the_python_of_the_docs_runs() -> None:
    published, log = (
        text
        for text in blocks((ROOT / "docs" / "records.md").read_text("utf-8"), "python")
        if text.startswith("import")
    )
    names: dict[str, Any] = {}
    exec(published, names)  # noqa: S102
    assert [row.group for row in names["boroughs"] if row.status == "no data"] == [("01 City of London",)]
    exec(log, names)  # noqa: S102
    assert names["result"].cases.columns.tolist() == ["case_id", "received_at", "decided_at"]
    assert names["result"].unknown == {}


@pytest.mark.parametrize("name", list_schemes())
def test_every_target_has_its_row_with_a_test_that_measures_it(name: str) -> None:
    page = (ROOT / "docs" / "schemes.md").read_text("utf-8")
    (section,) = (part for part in page.split("\n## ") if part.startswith(f"`{name}`"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "::" in line]
    scheme = load_scheme(name)
    assert [row[0].strip("`") for row in rows] == [target.id for target in scheme.targets]
    for row, target in zip(rows, scheme.targets, strict=True):
        assert row[1] == target.of.replace("_", " ")
        assert row[3:5] == [target.cohort, str(target.standard or "–")]
        path, _, function = row[5].strip("`").partition("::")
        assert f"def {function}(" in (ROOT / path).read_text("utf-8"), row[5]
        for other in re.findall(r"`(tests/[^`:]+)`", row[6]):
            assert (ROOT / other).is_file()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_the_examples_in_the_docs_give_what_they_show(page: Path) -> None:
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.stem
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def missing_names(text: str) -> list[str]:
    """Name what a page writes in backticks as a path or as ``wing.module.name``, and what doesn't exist."""
    code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    words = set(re.findall(r"`([\w./-]+)`", code))
    paths = {word for word in words if "/" in word or re.search(r"\.(py|md|toml)$", word)}
    rooms = {path.stem for path in PACKAGE.iterdir()}
    dotted = {word for word in words - paths if "." in word and word.partition(".")[0] in rooms}
    there = {word for word in paths if any((folder / word).exists() for folder in (ROOT, PACKAGE, ROOT / "docs"))}
    return sorted((paths - there) | {word for word in dotted if not can_be_imported(word)})


def can_be_imported(name: str) -> bool:
    try:
        pkgutil.resolve_name(f"ombudsman_kpi.{name}")
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("name", ["measured.md", "architecture.md"])
def test_every_path_and_every_function_that_a_page_names_exists(name: str) -> None:
    assert missing_names((ROOT / "docs" / name).read_text("utf-8")) == []


def layers() -> list[list[str]]:
    """Return the layers of the import rules, from the top, with the packages and modules of each."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = (part for part in settings["tool"]["importlinter"]["contracts"] if part["type"] == "layers")
    return [line.replace("ombudsman_kpi.", "").split(" | ") for line in contract["layers"]]


def test_the_drawing_of_the_wings_is_the_order_that_is_enforced() -> None:
    (drawing,) = blocks((ROOT / "docs" / "architecture.md").read_text("utf-8"), "text")
    assert [re.split(r" {2,}", line.strip())[0].split(" | ") for line in drawing.splitlines()] == layers()


def test_the_map_of_the_wings_names_every_module() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page.split("| wing |")[1].split("\n\n")[0]
    rows = [[re.findall(r"`([\w/]+)`", cell) for cell in line.split("|")[1:4:2]] for line in table.splitlines()[2:]]
    wings = {path.parent for path in PACKAGE.glob("*/**/__init__.py")}
    assert {name: modules for (name,), modules in rows} == {
        str(wing.relative_to(PACKAGE)): sorted(
            path.stem for path in wing.iterdir() if path.suffix in {".py", ""} and path.stem[0] != "_"
        )
        for wing in wings
    }


def test_a_path_or_function_that_is_gone_is_seen() -> None:
    gone = "`calendars/gone.py`, `tests/gone/`, `clocks.limits.gone`, `gone.md`, `clocks.gone`, `api.gone`"
    here = "`calendars/dates.py`, `tests/laws/`, `clocks.limits.Weeks.allowed`, `README.md`, `as_of`, `api.tally`"
    assert missing_names(f"{gone} {here}") == sorted(re.findall(r"`([^`]+)`", gone))


def test_the_schemes_in_the_docs_can_be_loaded(tmp_path: Path) -> None:
    for number, text in enumerate(blocks((ROOT / "docs" / "scheme-files.md").read_text("utf-8"), "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "utf-8")
        assert load_scheme(path).targets


def test_the_mapping_file_in_the_docs_has_all_keys_and_can_be_read(tmp_path: Path) -> None:
    (text,) = blocks((ROOT / "docs" / "records.md").read_text("utf-8"), "toml")
    (tmp_path / "map.toml").write_text(text, "utf-8")
    cases = parse_readings(tmp_path / "map.toml")["cases"]
    assert cases.file == FileOptions(3, 2, "cp1252", ";", "Cases 2024")
    assert cases.columns == {"case_id": "Ref", "received_at": "Date received"}
    assert set(tomllib.loads(text)) == {*reading._PARTS}


def test_the_json_schemas_in_the_docs_are_the_ones_that_the_command_line_prints(typed: Typed) -> None:
    pages = sorted((ROOT / "docs" / "schemas").glob("*.schema.json"))
    assert {page.name.split(".")[0] for page in pages} == {name.value for name in Described}
    for page in pages:
        assert json.loads(page.read_text("utf-8")) == json.loads(typed("json-schema", page.name.split(".")[0]).out)
    assert json.loads((ROOT / "docs" / "schemas" / "scheme.schema.json").read_text("utf-8")) == scheme_json_schema()


def test_the_page_on_one_case_prints_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "one-case.md").read_text("utf-8")
    shown = blocks(page, "text")
    given, explained, letter, next_one, contradicting, listed = blocks(page, "python")
    *lines, last = given.strip().splitlines()
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)  # noqa: S102
    assert repr(eval(last, names)) == shown[0].strip()  # noqa: S307
    exec(explained, {})  # noqa: S102
    printed = capsys.readouterr().out  # the edition depends on the bank holidays foretold up to 2050
    assert re.sub(r"edition \w+", "edition", printed) == re.sub(r"edition \w+", "edition", shown[1])
    for example, text in zip((letter, next_one, contradicting), shown[2:], strict=True):
        exec(example, {})  # noqa: S102
        assert capsys.readouterr().out == text
    names = {}
    exec(listed, names)  # noqa: S102
    effects = re.findall(r"^\| ([a-z ]+) \|", page.split("| effect |")[1], re.MULTILINE)[:8]
    assert (
        set(names["rows"].effect) <= set(effects) == {LOST, BEHIND, CERTAIN, COUNTED, LOSES, ROOM, FIRST, NO_STANDARD}
    )


def test_the_page_on_publishing_shows_its_revisions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    part = (ROOT / "docs" / "publishing.md").read_text("utf-8").split("## Revisions")[1]
    (example,), (shown,) = blocks(part, "python"), blocks(part, "text")
    *lines, last = example.strip().splitlines()
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)  # noqa: S102
    assert repr(eval(last, names)) == shown.strip()  # noqa: S307


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "schemes").glob("*.toml")), ids=lambda path: path.stem)
def test_the_example_schemes_can_be_loaded(path: Path) -> None:
    assert load_scheme(path).id == path.stem


@pytest.mark.parametrize(
    ("name", "printed"),
    [("first_table", "LGSCO Quality and Service Standards"), ("funnel", "0 lie above and 1 below the 99.8% limits")],
)
def test_the_examples_run(name: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(f"examples/{name}.py", run_name="__main__")
    assert printed in capsys.readouterr().out


def test_the_example_of_sampling_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sampling.py", str(tmp_path)])
    runpy.run_path("examples/sampling.py", run_name="__main__")
    out = capsys.readouterr().out
    assert "40 of 577 records were drawn by the seed 'QA checklist 2024 Q1', from 6 strata by team" in out
    assert "dip-sample-52w: 5 read, sampled from 8 cases that missed investigation-52w" in out
    assert "\nverified\nThere were 577 records to draw from, now there are 477.\n" in out
    assert {path.name for path in tmp_path.iterdir()} == {"qa-checklist.csv", "qa-checklist.json"}


def test_the_page_on_statistics_shows_how_often_estimators_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    page = (ROOT / "docs" / "statistics.md").read_text("utf-8")
    tables = runpy.run_path("benchmarks/coverage.py")["TABLES"]
    for name in tables:
        shown = page.split(f"<!-- {name} -->\n")[1].split("\n<!-- end -->")[0]
        assert len(shown.splitlines()) > 3
        assert name != "share" or shown.splitlines() == [*tables["share"]()]


def test_the_example_data_are_made_by_their_script_byte_for_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["make_data.py", "--out", str(tmp_path)])
    runpy.run_path("examples/make_data.py", run_name="__main__")
    assert capsys.readouterr().out
    for path in sorted((ROOT / "examples" / "data").glob("*.csv")):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_public_name_is_sorted_documented_and_there() -> None:
    import ombudsman_kpi

    names = ombudsman_kpi.__all__
    assert names == sorted(names)
    for name in names:
        thing = getattr(ombudsman_kpi, name)
        assert name == "__version__" or thing.__doc__, name


def test_every_scheme_that_is_listed_loads_and_has_its_sources() -> None:
    for name in list_schemes():
        scheme = load_scheme(name)
        assert scheme.id == name
        assert scheme.source
        assert all(target.says for target in scheme.targets)


def test_errors_are_value_errors_so_that_callers_need_not_know_them() -> None:
    assert issubclass(KpiError, ValueError)
