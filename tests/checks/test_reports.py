"""JUnit, SARIF and annotations, read by others: junitparser, models made of SARIF's schema, the rules of escaping."""

import json
from xml.etree import ElementTree as ET

import junitparser
import pandas as pd
import pytest
from fluidattacks_core.sarif import SarifLog

from ombudsman_kpi import CheckFinding, Findings, __version__, check, load_scheme
from ombudsman_kpi.checks.reports import annotations, junit, sarif
from ombudsman_kpi.checks.rules import RULES

NASTY = CheckFinding(
    "error", "unreal-date", "50%\r\nwrong", "Mend it.", "cases", "at", "a,b:c 1.csv", 2, (0, 7), ("<&\x00>", None)
)


@pytest.fixture(scope="module")
def found() -> Findings:
    names = ["case_id", "received_at", "allocated_at", "decided_at"]
    cases = pd.DataFrame([["A1", "2024-03-28", None, "2024-04-30"], ["A2", "2024-02-30", None, None]], columns=names)
    return check(
        load_scheme("lgsco"), cases=cases, as_of="2024-06-30", every="month", met="all",
        targets=["decided-or-allocated-20wd", "intake-calls-60s"],
    )  # fmt: skip


def test_junit_has_a_test_for_each_rule_and_target(found: Findings) -> None:
    (suite,) = junitparser.JUnitXml.fromstring(found.to_junit().encode())
    cases = {f"{case.classname}.{case.name}": case.result for case in suite}
    assert set(cases) == {f"checks.{rule}" for rule in RULES if rule != "target-lost"} | {
        "targets.decided-or-allocated-20wd", "targets.intake-calls-60s"
    }  # fmt: skip
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (len(cases), 2, 0, 1)
    failed = {name for name, results in cases.items() if any(isinstance(item, junitparser.Failure) for item in results)}
    assert failed == {"checks.unreal-date", "targets.decided-or-allocated-20wd"}
    assert isinstance(cases["targets.intake-calls-60s"][0], junitparser.Skipped)


def test_junit_can_hold_any_id() -> None:
    (suite,) = junitparser.JUnitXml.fromstring(junit([NASTY], {}, {"unreal-date"}).encode())
    (text,) = (item.text for case in suite for item in case.result)
    assert "<&?>" in text
    assert ET.fromstring(junit([NASTY], {}, set())).find(".//system-out") is not None  # noqa: S314


def test_sarif_is_what_its_specification_asks_for(found: Findings) -> None:
    for text in (found.to_sarif(), sarif([NASTY]), sarif([])):
        SarifLog.model_validate_json(text, strict=True)
        (run,) = json.loads(text)["runs"]
        assert run["tool"]["driver"]["version"] == __version__
        rules = run["tool"]["driver"]["rules"]
        assert [rules[item["ruleIndex"]]["id"] for item in run["results"]] == [
            item["ruleId"] for item in run["results"]
        ]
    place = json.loads(sarif([NASTY]))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a%2Cb%3Ac%201.csv"}, "region": {"startLine": 2}}


def test_annotations_are_escaped_as_github_asks() -> None:
    (line,) = annotations([NASTY]).splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac 1.csv,line=2,title=unreal-date::")
    assert "50%25%0D%0Awrong (2 times)" in line


def test_notes_are_notices() -> None:
    note = CheckFinding("note", "future-date", "it is", "See.")
    assert annotations([note]) == "::notice title=future-date::it is. See."
