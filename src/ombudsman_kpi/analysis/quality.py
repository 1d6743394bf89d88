"""The quality of records as it is published: which rules they break, how often, what to do; never what cells hold."""

from collections import Counter

from ombudsman_kpi.checks.findings import Findings
from ombudsman_kpi.checks.rules import RULES
from ombudsman_kpi.publish.heading import listed
from ombudsman_kpi.publish.published import PublishedTable, Section, TableColumn
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.rounding import many


def quality_section(found: Findings, *, numbers: bool = True) -> Section:
    """Return what a check found: a row for each rule and kind of records, in the order of the rules.

    Without ``numbers`` it isn't said how often, nor how many records there are.
    """
    times: Counter[tuple[str, str, str]] = Counter()
    for item in found:
        times[item.severity, item.rule, item.records or ""] += item.count
    rows = tuple(
        (severity.capitalize(), RULES[rule].sentence, kind.replace("_", " ") or "all", number)[: 4 if numbers else 3]
        for (severity, rule, kind), number in times.items()
    )
    columns = (
        TableColumn("Severity"), TableColumn("What was found"), TableColumn("Records"),
        *((TableColumn("Times", "whole"),) if numbers else ()),
    )  # fmt: skip
    of_rules = "Each rule that was broken." if rows else "Nothing was found."
    table_says = _found(found) if numbers else of_rules
    table = PublishedTable("data-quality", "What a check of the records found", table_says, columns, rows)
    says = f"{_looked(found)} {_found(found)}" if numbers else f"The records were checked. {of_rules}"
    return Section("quality", "Quality of the records", f"{says} {_REMEDY}" if rows else says, (table,) if rows else ())


_REMEDY = "The command ombudsman-kpi check names each record, and what to do."


def _looked(found: Findings) -> str:
    """Return in a sentence how many records were checked."""
    kinds = [(kind, number) for kind, number in found.records.items()]
    looked = listed(many(number, RECORDS[kind].singular) for kind, number in kinds)
    return f"{looked} {'was' if [number for _, number in kinds] == [1] else 'were'} checked."


def _found(found: Findings) -> str:
    """Return in a sentence how many findings there are of each severity."""
    numbers: Counter[str] = Counter(item.severity for item in found)
    parts = [many(numbers[name], name) for name in ("error", "warning", "note") if numbers[name]]
    return f"Found: {listed(parts)}." if parts else "Nothing was found."
