"""JUnit, SARIF and annotations, read by others: junitparser, a JSON Schema, and the rules of escaping."""

import json
from xml.etree import ElementTree as ET

import junitparser
import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from ombudsman_kpi import CheckFinding, Findings, check, load_scheme
from ombudsman_kpi.checks.reports import annotations, junit, sarif
from ombudsman_kpi.checks.rules import RULES

NASTY = CheckFinding(
    "error", "unreal-date", "50%\r\nwrong", "Mend it.", "cases", "at", "a,b:c 1.csv", 2, (0, 7), ("<&\x00>", None)
)

# What SARIF 2.1.0 asks of the parts that are written, by its specification: properties that must be there, levels,
# lines from 1, and relative addresses that are valid.
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "additionalProperties": False,
    "$defs": {
        "message": {
            "type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}},
            "additionalProperties": False,
        },
        "level": {"enum": ["none", "note", "warning", "error"]},
        "rule": {
            "type": "object", "required": ["id"], "additionalProperties": False,
            "properties": {
                "id": {"type": "string"}, "shortDescription": {"$ref": "#/$defs/message"},
                "help": {"$ref": "#/$defs/message"},
                "defaultConfiguration": {
                    "type": "object", "properties": {"level": {"$ref": "#/$defs/level"}}, "additionalProperties": False,
                },
            },
        },
        "location": {
            "type": "object", "required": ["physicalLocation"], "additionalProperties": False,
            "properties": {
                "physicalLocation": {
                    "type": "object", "required": ["artifactLocation"], "additionalProperties": False,
                    "properties": {
                        "artifactLocation": {
                            "type": "object", "required": ["uri"], "additionalProperties": False,
                            "properties": {"uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~%/-]+$"}},
                        },
                        "region": {
                            "type": "object", "additionalProperties": False,
                            "properties": {"startLine": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
        "result": {
            "type": "object", "required": ["message"], "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": -1},
                "level": {"$ref": "#/$defs/level"}, "message": {"$ref": "#/$defs/message"},
                "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
                "occurrenceCount": {"type": "integer", "minimum": 1},
            },
        },
        "run": {
            "type": "object", "required": ["tool"], "additionalProperties": False,
            "properties": {
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                "tool": {
                    "type": "object", "required": ["driver"], "additionalProperties": False,
                    "properties": {
                        "driver": {
                            "type": "object", "required": ["name"], "additionalProperties": False,
                            "properties": {
                                "name": {"type": "string"}, "informationUri": {"type": "string", "format": "uri"},
                                "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}, "uniqueItems": True},
                            },
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip


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
        log = json.loads(text)
        Draft202012Validator(SARIF).validate(log)
        (run,) = log["runs"]
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
