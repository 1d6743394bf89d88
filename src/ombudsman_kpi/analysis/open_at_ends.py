"""How much was open at the end of each period, and how much of it was due by then: whether a backlog grows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ombudsman_kpi.analysis.views import three_views
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.ages import limit_words, limits_words, sharing_clocks
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.published import Cell, PublishedTable, Section, TableColumn
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.results.results import Results

if TYPE_CHECKING:
    import pandas as pd


def open_section(results: Results) -> Iterator[Section]:
    """Yield the section on what was open at the ends of periods, where all cohorts were measured in periods."""
    if tables := tuple(_tables(results)):
        says = "What had come in by the end of each period and wasn't finished, and how much of that was already due."
        yield Section("open-at-ends", "What was open at the end of each period", says, tables)


def _tables(results: Results) -> Iterator[PublishedTable]:
    for targets in sharing_clocks(results.basis):
        periods = {}
        for target in targets:
            try:
                periods[target.id] = three_views(results, target.id).periods
            except OptionError:  # it has no limit, not all cohorts, or no periods
                continue
        if periods:
            yield _table([target for target in targets if target.id in periods], periods)


def _table(targets: list[Target], periods: "dict[str, pd.DataFrame]") -> PublishedTable:
    """Return a row for each period that any of some targets with one clock has."""
    first, kind = targets[0], RECORDS[targets[0].of]
    columns = [TableColumn("Period"), TableColumn("Open", "whole")]
    columns += [TableColumn(f"Due by then: {limit_words(target.time_allowed)}", "whole") for target in targets]
    of_each = [dict(zip(own["period"], own["over_limit"].tolist(), strict=True)) for own in periods.values()]
    own = periods[first.id]
    rows = []
    for period, complete, number in zip(own["period"], own["complete"], own["open"].tolist(), strict=True):
        line: list[Cell] = [period if complete else f"{period}, so far", number]
        rows.append((*line, *(over.get(period, 0) for over in of_each)))
    title = f"{kind.plural.replace('_', ' ').capitalize()} open at the end of each period"
    what = title_of(first) if len(targets) == 1 else f"against {limits_words(targets)}"
    return PublishedTable(
        f"open-at-ends-{first.id}", f"{title}: {what}", _says(rows, kind.singular), tuple(columns), tuple(rows)
    )


def _says(rows: list[tuple[Cell, ...]], singular: str) -> str:
    """Return in a sentence whether more or fewer are open than at the end of the first period."""
    if not rows:
        return "Nothing was open."
    (first, then, *_), (last, now, *_) = rows[0], rows[-1]
    return f"{now:,} {singular}{'' if now == 1 else 's'} open at the end of {last}, {then:,} at the end of {first}."
