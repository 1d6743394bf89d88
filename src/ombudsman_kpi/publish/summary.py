"""The summary: a row for each commitment, in its latest period, of all groups together."""

from collections.abc import Callable, Sequence

from ombudsman_kpi.figures.row import NO_DATE, Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import (
    cell_of,
    change_words,
    counted_words,
    group_words,
    headroom_words,
    kind_of,
    standard_words,
    status_words,
    title_of,
    value_words,
)
from ombudsman_kpi.publish.published import Cell, PublishedTable, TableColumn
from ombudsman_kpi.publish.totals import is_total, is_unsummed
from ombudsman_kpi.rounding import many
from ombudsman_kpi.tallies.basis import Basis


def latest(rows: Sequence[Row], basis: Basis) -> list[tuple[Row, Row | None]]:
    """Return of each measured target and cohort the row of its latest period, and of the one before; of all groups.

    The latest is the last that is over, or where none is, the last. Where rows have groups, and no totals, all the
    groups of that period are given. Of periods of several kinds those that were asked for first count.
    """
    own: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.status != "not measured":
            own.setdefault((row.target, row.cohort), []).append(row)
    found: list[tuple[Row, Row | None]] = []
    for every in own.values():
        found += _latest([row for row in every if row.every == every[0].every], basis)
    return found


def _latest(rows: Sequence[Row], basis: Basis) -> list[tuple[Row, Row | None]]:
    rows = [row for row in rows if is_total(row)] if any(is_total(row) for row in rows) else rows
    dated = [row for row in rows if row.period != NO_DATE] or list(rows)
    periods = sorted({(row.period_start is not None, row.period_start, row.period, row.complete) for row in dated})
    over = [period for *_, period, complete in periods if complete]
    labels = [period for *_, period, _ in periods]
    last = (over or labels)[-1]
    place = labels.index(last)
    before = {row.group: row for row in dated if place and row.period == labels[place - 1]}
    return [(row, before.get(row.group)) for row in dated if row.period == last]


def summary_table(rows: Sequence[Row], basis: Basis) -> PublishedTable:
    """Return a row for each measured commitment: what was counted, what was reached, what was promised, whether kept.

    Give it rows with totals, so that it shows all groups together.
    """
    shown = latest(rows, basis)
    targets = [basis.scheme[row.target] for row, _ in shown]
    kinds = {(kind_of(target), target.unit, target.is_change) for target in targets}
    alike = len(kinds) == 1 and not any(target.is_change for target in targets)
    value = TableColumn("Value", "text")
    if alike:
        kind, unit, _ = next(iter(kinds))
        share = kind == "share"
        value = TableColumn("Share" if share else "Value", kind, "" if unit in {"share", "number"} else unit)
    columns: list[tuple[TableColumn, Callable[[Row, Row | None, Target], Cell]]] = [
        (TableColumn("Commitment"), lambda row, before, target: title_of(target)),
        (TableColumn("Cohort"), lambda row, before, target: row.cohort),
        (TableColumn("Period"), lambda row, before, target: row.period + ("" if row.complete else ", so far")),
        *((TableColumn(name), _group(place)) for place, name in enumerate(basis.by)),
        (TableColumn("Counted"), lambda row, before, target: counted_words(row, target)),
        (value, lambda row, before, target: cell_of(row, "value", target) if alike else value_words(row, target)),
        (TableColumn("Standard"), lambda row, before, target: standard_words(target)),
        (TableColumn("Status"), lambda row, before, target: status_words(row.status)),
        (TableColumn("Headroom"), lambda row, before, target: headroom_words(row, target)),
        (TableColumn("Change"), lambda row, before, target: change_words(row, before, target) or "–"),
    ]
    periods = any(row.period_start is not None for row, _ in shown)
    wide = {
        "Cohort": len({(row.target, row.cohort) for row, _ in shown}) > len({row.target for row, _ in shown}),
        "Period": periods,
        **dict.fromkeys(("Standard", "Headroom"), any(target.standard for target in targets)),
        "Change": periods,
        **dict.fromkeys(basis.by, not all(is_total(row) for row, _ in shown)),
    }
    columns = [(column, make) for column, make in columns if wide.get(column.heading, True)]
    return PublishedTable(
        "summary", basis.scheme.title, summary_words(rows, basis), tuple(column for column, _ in columns),
        tuple(
            tuple(make(row, before, target) for _, make in columns)
            for (row, before), target in zip(shown, targets, strict=True)
        ),
    )  # fmt: skip


def _group(place: int) -> Callable[[Row, Row | None, Target], Cell]:
    return lambda row, before, target: group_words(row.group[place])


def summary_words(rows: Sequence[Row], basis: Basis) -> str:
    """Return in a sentence how many commitments are met, and which miss their standard, by how many."""
    of_each = [row for row, _ in latest(rows, basis)]
    shown = [row for row in of_each if row.status in {"met", "missed", "undetermined"}]
    if not shown:
        promised = [row for row in of_each if basis.scheme[row.target].standard is not None]
        if any(is_unsummed(row) for row in promised):
            return "Of all groups together, nothing is known that could be met or missed."
        lacking = any(row.status == "no data" for row in promised) or {row.status for row in of_each} == {"no data"}
        what = "has data by which it could be met or missed" if lacking else "has a standard that it could meet or miss"
        return f"None of the commitments measured {what}."
    met, missed, open_ = ([row for row in shown if row.status == one] for one in ("met", "missed", "undetermined"))
    says = f"{len(met)} of {many(len(shown), 'commitment')} {'is' if len(met) == 1 else 'are'} met"
    if open_:
        says += f", {len(open_)} {'is' if len(open_) == 1 else 'are'} undetermined"
    if missed:
        says += f"; missed: {'; '.join(_missed(row, basis) for row in missed[:_NAMED])}"
        says += f"; and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
    return f"{says}."


def _missed(row: Row, basis: Basis) -> str:
    """Return a commitment that misses its standard, with by how many."""
    room = headroom_words(row, basis.scheme[row.target])
    return title_of(basis.scheme[row.target]) + (f" ({room})" if room != "–" else "")


_NAMED = 3
