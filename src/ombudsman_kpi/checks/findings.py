"""All that a check found, as a sequence that shows itself, and as the reports that other programs read."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

from ombudsman_kpi.checks.finding import CheckFinding, Severity
from ombudsman_kpi.checks.reports import annotations, junit, sarif
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.rounding import many

if TYPE_CHECKING:
    import pandas as pd

FailOn = Literal["findings", "missed", "invalid"]
_SHOWN = 10
_GATES = {"target-lost", "too-many-invalid"}  # found only where somebody asked for that gate


@dataclass(frozen=True, repr=False)
class Findings(Sequence[CheckFinding]):
    """What a check found, the errors first. It is true where there is any finding, of whatever severity.

    ``errors``, ``warnings`` and ``notes`` are the findings of one severity, ``exit_code`` is 1 where the check is to
    fail: where a gate that was asked for is broken, or with "findings" in ``fail_on`` there is an error; else 0.
    """

    found: tuple[CheckFinding, ...]
    scheme: str
    as_of: str
    records: Mapping[str, int]  # how many of each kind were looked at
    fail_on: tuple[FailOn, ...] = ("findings",)
    targets: Mapping[str, str] = field(default_factory=dict)  # those whose gate was asked for, and how they stand

    @overload
    def __getitem__(self, place: int) -> CheckFinding: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[CheckFinding, ...]: ...
    def __getitem__(self, place: int | slice) -> CheckFinding | tuple[CheckFinding, ...]:
        return self.found[place]

    def __len__(self) -> int:
        return len(self.found)

    def _of(self, severity: Severity) -> tuple[CheckFinding, ...]:
        return tuple(item for item in self.found if item.severity == severity)

    @property
    def errors(self) -> tuple[CheckFinding, ...]:
        """The findings that are errors."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[CheckFinding, ...]:
        """The findings that are warnings."""
        return self._of("warning")

    @property
    def notes(self) -> tuple[CheckFinding, ...]:
        """The findings that are notes."""
        return self._of("note")

    @property
    def failing(self) -> tuple[CheckFinding, ...]:
        """The findings that make the check fail."""
        return tuple(item for item in self.errors if item.rule in _GATES or "findings" in self.fail_on)

    @property
    def exit_code(self) -> int:
        """1 where the check fails, else 0."""
        return int(bool(self.failing))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each finding; ``row`` and ``id`` are of the first record."""
        import pandas as pd

        names = ["severity", "rule", "records", "field", "file", "row", "id", "count", "says", "remedy"]
        rows = [{name: getattr(item, name) for name in names} for item in self.found]
        return pd.DataFrame(rows, columns=names).astype({"row": "Int64", "count": "int64"})

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON."""
        return {
            "scheme": self.scheme,
            "as_of": self.as_of,
            "records": dict(self.records),
            "exit_code": self.exit_code,
            "targets": dict(self.targets),
            "findings": [{**asdict(item), "row": item.row, "id": item.id} for item in self.found],
        }

    def to_json(self) -> str:
        """Return all of it as JSON: what ``to_dict`` gives."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_junit(self) -> str:
        """Return JUnit XML: a test case for each rule, and for each target whose gate was asked for."""
        return junit(self.found, self.targets, {item.rule for item in self.failing})

    def to_sarif(self) -> str:
        """Return SARIF 2.1.0, which code hosts show beside files."""
        return sarif(self.found)

    def to_annotations(self) -> str:
        """Return workflow commands of GitHub, a line for each finding."""
        return annotations(self.found)

    def _heading(self) -> str:
        numbers = Counter(item.severity for item in self.found)
        counted = ", ".join(many(numbers[severity], severity) for severity in ("error", "warning", "note"))
        looked = ", ".join(
            f"{number:,} {RECORDS[kind].singular if number == 1 else kind.replace('_', ' ')}"
            for kind, number in self.records.items()
        )
        return f"Check of {looked or 'no records'} by {self.scheme}, as at {self.as_of}: {counted}"

    def _table(self) -> TextTable:
        rules: dict[tuple[str, str, str], list[CheckFinding]] = {}
        for item in self.found:
            rules.setdefault((item.severity, item.rule, item.records or "–"), []).append(item)
        rows = [
            (*key, f"{len(items):,}", f"{sum(item.count for item in items):,}", items[0].remedy)
            for key, items in rules.items()
        ]
        first = [f"{item.severity} {item.rule}: {item}" for item in self.found[:_SHOWN]]
        more = [f"and {len(self) - _SHOWN:,} more findings"] if len(self) > _SHOWN else []
        return TextTable(
            self._heading(),
            "",
            ("Severity", "Rule", "Records", "Findings", "Times", "What to do"),
            (False, False, False, True, True, False),
            tuple(rows),
            (*first, *more),
        )

    def to_text(self) -> str:
        """Return what a terminal shows: the number of findings by rule, and every finding in a line of its own."""
        lines = [f"{item.severity} {item.rule}: {item}" for item in self.found]
        return "\n".join([self._heading(), *lines])

    def __repr__(self) -> str:
        return as_text(self._table()) if self.found else self._heading()

    def _repr_html_(self) -> str:
        return as_html(self._table())

    def __iter__(self) -> Iterator[CheckFinding]:
        return iter(self.found)
