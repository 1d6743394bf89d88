"""The quality of records as it is published: which rules they break, how often, what to do; never what cells hold."""

from collections import Counter

from ombudsman_kpi.checks.finding import CheckFinding
from ombudsman_kpi.checks.findings import Findings
from ombudsman_kpi.checks.rules import RULES
from ombudsman_kpi.publish.published import PublishedTable, TableColumn
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.rounding import many


def quality_table(found: Findings) -> PublishedTable:
    """Return what a check found: a row for each rule and kind of records, in the order of the rules."""
    times: Counter[tuple[str, str, str]] = Counter()
    for item in found:
        times[item.severity, item.rule, item.records or ""] += item.count
    rows = tuple(
        (severity, RULES[rule].sentence, _named(kind), number, RULES[rule].remedy)
        for (severity, rule, kind), number in times.items()
    )
    columns = (
        TableColumn("Severity"), TableColumn("What was found"), TableColumn("Records"), TableColumn("Times", "whole"),
        TableColumn("What to do"),
    )  # fmt: skip
    return PublishedTable("data-quality", "What a check of the records found", quality_words(found), columns, rows)


def _named(kind: str) -> str:
    return kind.replace("_", " ") or "all"


def quality_words(found: Findings) -> str:
    """Return in a sentence how much was looked at, and how much was found of each severity."""
    looked = ", ".join(
        many(number, RECORDS[kind].singular) for kind, number in found.records.items()
    )  # fmt: skip
    numbers: Counter[str] = Counter(item.severity for item in found)
    parts = [many(numbers[name], name) for name in ("error", "warning", "note") if numbers[name]]
    return f"{looked} were checked: {', '.join(parts) or 'nothing was found'}."
