"""What is to be measured: which targets, by which cohorts, in which periods, on which records."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.frames import Table, open_table
from ombudsman_kpi.periods import Every, grain_of, parse_every
from ombudsman_kpi.records import RECORDS
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.sources import Dates
from ombudsman_kpi.tally import Key
from ombudsman_kpi.targets import COHORTS, AnyTarget, Cohort, ShareWithin

Columns = Mapping[str, Mapping[str, str]] | str | Path | None
Formats = Mapping[str, Dates] | None


@dataclass(frozen=True, slots=True)
class Step:
    """One target of a plan: by which cohorts and in which periods it is measured."""

    target: AnyTarget
    cohorts: tuple[Cohort, ...]
    every: tuple[Every | None, ...]

    @property
    def keys(self) -> list[Key]:
        """What has to be counted for it."""
        grains = dict.fromkeys(grain_of(every) for every in self.every)
        return [Key(self.target.id, cohort, grain) for cohort in self.cohorts for grain in grains]


def make_plan(
    scheme: Scheme, targets: str | Sequence[str] | None, cohort: str | None, every: Any, report: str | None
) -> list[Step]:
    """Say what is measured: which targets, by which cohorts, in which periods."""
    if cohort is not None and cohort != "all" and cohort not in COHORTS:
        raise OptionError(f"There is no cohort {cohort!r}. {one_of(cohort, [*COHORTS, 'all'])}")
    periods = {target.id: parse_every(every) for target in scheme.targets}
    chosen = list(periods) if targets is None else [targets] if isinstance(targets, str) else list(targets)
    if report is not None:
        cycles = scheme.report(report)
        named = {name: cycle.every for cycle in cycles for name in cycle.targets}
        if every is None:
            periods |= {name: (cycle,) for name, cycle in named.items()}
        chosen = [name for name in (named if targets is None else chosen) if name in named]
    steps = []
    for target in (scheme[name] for name in dict.fromkeys(chosen)):
        if cohort is None:
            cohorts: tuple[Cohort, ...] = (target.cohort,)
        else:
            cohorts = tuple(name for name in target.cohorts if cohort in {"all", name})
        if cohorts:
            steps.append(Step(target, cohorts, periods[target.id]))
    if not steps:
        raise OptionError(f"None of these targets can be measured by the {cohort!r} cohort. Leave cohort= out.")
    return steps


def open_records(records: Mapping[str, Any], columns: Columns, dates: Formats) -> dict[str, Table]:
    """Open what was given, with the names and formats that the caller's columns have."""
    if isinstance(columns, (str, Path)):
        columns, from_file = _mapping_file(Path(columns))
        dates = {**from_file, **(dates or {})}
    for option, value in (("columns", columns), ("dates", dates)):
        for kind in value or ():
            if kind not in RECORDS:
                raise OptionError(f"{option}= is given for {kind!r}. {one_of(kind, RECORDS)}")
    return {
        kind: open_table(kind, given, (columns or {}).get(kind), (dates or {}).get(kind))
        for kind, given in records.items()
        if given is not None
    }


def _mapping_file(path: Path) -> tuple[Mapping[str, Mapping[str, str]], Mapping[str, Dates]]:
    """Read names of columns and formats of dates from a TOML file, under [columns.cases] and [dates]."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError:
        raise OptionError(f"columns= names the file {path}, which isn't there.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} isn't a TOML file: {error}.") from None
    for key in content:
        if key not in {"columns", "dates"}:
            raise OptionError(f"{path}: {key!r} is no key here. {one_of(key, ['columns', 'dates'])}")
    return content.get("columns", {}), content.get("dates", {})


def missing_groups(by: tuple[str, ...], plan: list[Step], tables: dict[str, Table]) -> dict[str, frozenset[str]]:
    """Note the targets whose records lack a column to group by. Raises ``RecordsError`` where all of them do."""
    measured = [step.target for step in plan if isinstance(step.target, ShareWithin) and step.target.of in tables]
    notes: dict[str, frozenset[str]] = {}
    for name in by:
        lacking = [target for target in measured if not tables[target.of].has(name)]
        if measured and len(lacking) == len(measured):
            there = dict.fromkeys(column for table in tables.values() for column in table.source.names)
            raise RecordsError(f"None of the records have a column {name!r} to group by. {one_of(name, there)}")
        for target in lacking:
            text = f"{target.of.replace('_', ' ')} have no column {name!r} to group by"
            notes[target.id] = notes.get(target.id, frozenset()) | {text}
    return notes
