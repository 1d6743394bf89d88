"""The same cells are withheld in all that leaves: page, workbook, charts, JSON and what the command prints."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import python_calamine

from command_line import Typed
from ombudsman_kpi import Results, load_scheme, tally
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.publish.disclosure import choosing, disclosed
from ombudsman_kpi.publish.published import Shorthand

TARGET = "decided-or-allocated-20wd"
SCHEME = load_scheme("lgsco").with_disclosure(threshold=5)
COUNTED = ("records", "met", "missed", "pending", "denominator")


def cases() -> list[dict[str, Any]]:
    """Return cases of three teams; of every team, few are late in January and some are open in February."""
    random = np.random.default_rng(7)
    rows: list[dict[str, Any]] = []
    for team, number in (("A", 30), ("B", 45), ("C", 60)):
        for month in ("01", "02"):
            for place in range(number):
                late, is_open = random.random() < 0.08, month == "02" and random.random() < 0.1
                decided = None if is_open else "2024-03-28" if late else f"2024-{month}-20"
                rows.append({
                    "case_id": f"{team}{month}{place}", "received_at": f"2024-{month}-05", "decided_at": decided,
                    "allocated_at": None, "team": team,
                })  # fmt: skip
    return rows


def results(**options: Any) -> Results:
    asked = {"every": "month", "by": "team", "targets": TARGET, "cohort": "all", **options}
    return tally(SCHEME, cases=cases(), as_of="2024-03-31", **asked).results()


def test_page_workbook_and_json_withhold_the_same(tmp_path: Path) -> None:
    own = results()
    of_json = {(row["team"], row["period"]): row["value"] is None for row in own.to_dict()["rows"]}
    section = own.published().sections[0]
    grid = next(table for table in section.tables if table.title.endswith("by team over time"))
    periods = [column.heading for column in grid.columns[1:]]
    of_page = {
        (row[0], period): cell == Shorthand("c")
        for row in grid.rows for period, cell in zip(periods, row[1:], strict=True) if row[0] != "All"
    }  # fmt: skip
    assert of_page == of_json
    assert {*of_json.values()} == {True, False}
    own.to_workbook(tmp_path / "book.ods")
    book = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "book.ods"))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    (sheet,) = (rows for rows in sheets if ["Team", *periods] in [row[:3] for row in rows])
    of_book = {
        (row[0], period): cell == "[c]"
        for row in sheet if row[0] in {"A", "B", "C"} for period, cell in zip(periods, row[1:3], strict=True)
    }  # fmt: skip
    assert of_book == of_json


def test_one_cohort_leaves_and_all_stay_inside() -> None:
    own = results()
    assert {row["cohort"] for row in own.to_dict()["rows"]} == {SCHEME[TARGET].cohort}
    assert {row["cohort"] for row in own.to_dict(internal=True)["rows"]} == {"received", "due", "closed"}
    asked = results(cohort="due")
    assert {row["cohort"] for row in asked.to_dict()["rows"]} == {"due"}


def test_no_small_number_leaves_json_or_its_copy() -> None:
    own = results()
    for text in (own.to_json(), Results.from_json(own.to_json()).to_json()):
        for row in json.loads(text)["rows"]:
            assert not any(0 < (row[name] or 0) < 5 for name in COUNTED)
            assert not row.get("withheld") or not any(sign.isdigit() for sign in row["note"] or "")
    assert own.audit().passed
    assert own.audit().withheld > 0


def test_a_reader_is_told_that_the_view_is_theirs_alone() -> None:
    own = results()
    assert all(row.exact is None for row in own._leaving() if "value" in row.withheld)
    assert "This is your own view: small numbers are withheld" in " ".join(repr(own).split())
    assert "your own view" not in repr(Results.from_json(own.to_json()))


def test_the_proof_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    own = results()
    first = own.to_dict()
    monkeypatch.setattr(disclosed, "withheld", lambda *_: pytest.fail("it was made again"))
    assert own.to_dict() == first
    assert own[TARGET].to_dict()["rows"] == first["rows"]
    assert own.published().sections


def test_without_time_for_the_proof_all_that_is_tied_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_WORK", -100_000)
    own = results()
    left = [row for row in own._leaving() if row.records != 0]

    def numbers(row: Row) -> Iterator[int]:
        return (getattr(row, name) for name in COUNTED if getattr(row, name))

    whole = {(row.period, row.group): row for row in own if row.cohort == SCHEME[TARGET].cohort}
    with_small = {period for (period, _), row in whole.items() if any(0 < number < 5 for number in numbers(row))}
    assert with_small
    for row in left:
        assert row.period not in with_small or not [*numbers(row)]
    assert own.audit().passed


def test_the_command_withholds_unless_it_is_for_the_office(tmp_path: Path, typed: Typed) -> None:
    run = typed
    scheme = tmp_path / "ours.toml"
    scheme.write_text('id = "ours"\nextends = "lgsco"\n[disclosure]\nthreshold = 5\n', "utf-8")
    file = tmp_path / "cases.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, [*cases()[0]])
        writer.writeheader()
        writer.writerows(cases())
    asked = ("measure", str(scheme), "--cases", str(file), "--as-of", "2024-03-31", "--every", "month", "--by", "team")

    def small(row: dict[str, Any]) -> bool:
        number = row["missed"] or 0
        return number != "[c]" and 0 < int(number) < 5

    as_json = json.loads(run(*asked, "--target", TARGET, "--json").out)["rows"]
    as_csv = [*csv.DictReader(StringIO(run(*asked, "--target", TARGET, "--csv").out))]
    assert not any(map(small, as_json))
    assert not any(map(small, as_csv))
    assert len(as_json) == len(as_csv)
    assert any(map(small, json.loads(run(*asked, "--target", TARGET, "--json", "--internal").out)["rows"]))
    assert any(map(small, csv.DictReader(StringIO(run(*asked, "--target", TARGET, "--csv", "--internal").out))))
    two = ("compare", str(scheme), "lgsco", "--cases", str(file), "--as-of", "2024-03-31", "--csv")
    assert "--internal" in run(*two).err
    assert run(*two, "--internal").out
