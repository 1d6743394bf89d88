"""Findings in the forms that other programs read: JUnit XML, SARIF, and annotations of GitHub.

Sources: the XSD of JUnit's reports as Jenkins publishes it; SARIF 2.1.0 of OASIS;
"Workflow commands for GitHub Actions".
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from ombudsman_kpi.checks.finding import CheckFinding
from ombudsman_kpi.checks.rules import RULES

NAME = "ombudsman-kpi check"
_HOME = "https://github.com/ombudsman-kpi/ombudsman-kpi"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 can't hold


def line_of(item: CheckFinding) -> int | None:
    """Return the line of a CSV file that a finding is first in: a line of names, then each row in its own."""
    return item.row + 2 if item.row is not None and (item.file or "").lower().endswith(".csv") else None


def junit(found: Sequence[CheckFinding], targets: Mapping[str, str], failing: Collection[str]) -> str:
    """Return JUnit XML: a test case for each rule and each target; warnings and notes are their output."""
    suite = Element("testsuite", name=NAME)
    failures = 0
    for rule in RULES.values():
        if rule.id == "target-lost" and targets:
            continue
        case = SubElement(suite, "testcase", classname="checks", name=rule.id, time="0")
        own = [str(item) for item in found if item.rule == rule.id]
        failures += _filled(case, own, rule.sentence, fails=rule.id in failing)
    for target, status in targets.items():
        case = SubElement(suite, "testcase", classname="targets", name=target, time="0")
        own = [item.says for item in found if item.rule == "target-lost" and item.says.split(" ")[0] == target]
        if own or status == "met":
            failures += _filled(case, own, "The target was missed.", fails=bool(own))
        else:
            SubElement(case, "skipped", message=status)
    for name, number in (("tests", len(suite)), ("failures", failures), ("errors", 0)):
        suite.set(name, str(number))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suites = Element("testsuites")
    suites.append(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _filled(case: Element, lines: Sequence[str], sentence: str, *, fails: bool) -> int:
    """Write what was found into a test case; return 1 where it fails."""
    text = _NO_XML.sub("?", "\n".join(lines))
    if fails and lines:
        SubElement(case, "failure", message=sentence).text = text
        return 1
    if lines:
        SubElement(case, "system-out").text = text
    return 0


def sarif(found: Sequence[CheckFinding]) -> str:
    """Return SARIF 2.1.0 as JSON."""
    order = {rule: place for place, rule in enumerate(RULES)}
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.sentence},
            "help": {"text": rule.remedy},
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in RULES.values()
    ]
    results = [
        {
            "ruleId": item.rule,
            "ruleIndex": order[item.rule],
            "level": item.severity,
            "message": {"text": str(item)},
            "locations": _locations(item),
            "occurrenceCount": item.count,
        }
        for item in found
    ]
    driver = {"name": NAME, "version": version("ombudsman-kpi"), "informationUri": _HOME, "rules": rules}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _locations(item: CheckFinding) -> list[dict[str, object]]:
    if item.file is None:
        return []
    place: dict[str, object] = {"artifactLocation": {"uri": quote(item.file.replace("\\", "/"))}}
    if (line := line_of(item)) is not None:
        place["region"] = {"startLine": line}
    return [{"physicalLocation": place}]


_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def annotations(found: Sequence[CheckFinding]) -> str:
    """Return a workflow command for each finding, such as ``::error file=cases.csv,line=2,title=unreal-date::…``."""
    return "\n".join(map(_annotation, found))


def _annotation(item: CheckFinding) -> str:
    said = {"file": item.file, "line": line_of(item), "title": item.rule}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in said.items() if value is not None)
    return f"::{_COMMANDS[item.severity]} {properties}::{_data(str(item))}"


def _data(text: str) -> str:
    """Return the text of a command, in which a line can't end: a percent sign, and both signs that end one, escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return what a property of a command is, in which colons and commas are escaped too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
