"""All that is published together, from rows of figures: the page and the workbook show the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.figures.table import RowsByColumn
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.ages import stocks_of, table_of_stock
from ombudsman_kpi.publish.cells import (
    ALL, cell_of, change_words, group_words, headroom_words, kind_of, pending_words, standard_words, title_of, value_words,
)  # fmt: skip
from ombudsman_kpi.publish.drawings.bars import bars
from ombudsman_kpi.publish.drawings.multiples import three_cohorts
from ombudsman_kpi.publish.drawings.over_time import over_time
from ombudsman_kpi.publish.grid import grid_table
from ombudsman_kpi.publish.heading import listed, period_words, subtitle_of, title_of_report
from ombudsman_kpi.publish.how import how_counted
from ombudsman_kpi.publish.published import (
    Cell, Drawing, Headline, Publication, PublishedTable, Section, Shorthand, TableColumn, plain,
)  # fmt: skip
from ombudsman_kpi.publish.summary import latest, summary_table, summary_words
from ombudsman_kpi.publish.totals import is_total, with_totals
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts

STOCK = "open"  # the name of the section on what is open
BESIDES = ("the longest waits", "the quality of the records")  # which results don't have


def publication_of(
    rows: RowsByColumn,
    basis: Basis,
    counts: Counts | None = None,
    *,
    beside: Sequence[Section] | None = None,
    since: tuple[RowsByColumn, Basis] | None = None,
) -> Publication:
    """Return what is published of some figures: headlines, a section for each commitment, how all was counted.

    With the counts that they were worked out from, there are totals of medians and stocks, and where these hold times,
    how old what is open is. ``beside`` are sections on what figures don't say; without them, the page says so.
    """
    whole = with_totals(rows, basis, counts)
    own = {name: tuple(whole.of_target(name)) for name in whole.targets}
    headline = [row for name, of in own.items() for row in of if row.cohort == basis.scheme[name].cohort]
    shown = latest(headline, basis)
    judged = {row.target: row for row, _ in shown}
    sections = [_section(basis.scheme[name], own[name], basis, judged[name].status) for name in judged]
    stock = _stock(counts, basis)
    more = (*stock, *(_lacking(basis, bool(stock)) if beside is None else beside))
    published = tuple(row for of in own.values() for row in of)
    return Publication(
        title_of_report(basis),
        subtitle_of([row for row, _ in shown], basis),
        summary_words(headline, basis) if shown else "Nothing was measured; why not, is said below.",
        tuple(_headlines(shown, basis)),
        replace(summary_table(headline, basis), title="All commitments"),
        (*sections, *more),
        tuple(how_counted(published, basis)),
    )


def _headlines(shown: Sequence[tuple[Row, Row | None]], basis: Basis) -> Iterator[Headline]:
    """Yield the commitments at a glance; one whose latest period is an earlier one than that of others says so."""
    ends: dict[str, date] = {}
    for row, _ in shown:
        ends[row.every] = max(ends.get(row.every, date.min), row.period_end or date.min)
    for row, before in shown:
        earlier = row.period_end is not None and row.period_end < ends[row.every]
        of = f"the latest figure there is, of {period_words(row)}" if earlier else ""
        yield _headline(row, before, basis.scheme[row.target], of)


def _headline(row: Row, before: Row | None, target: Target, of: str) -> Headline:
    """Return one commitment at a glance."""
    room = headroom_words(row, target) if row.headroom is not None else ""
    said = [of, room, "" if "pending" in room else pending_words(row), _may_become(row, target), *map(plain, row.words)]
    return Headline(
        target.id, title_of(target), value_words(row, target), standard_words(target) if target.standard else "",
        row.status, "; ".join(filter(None, said)), change_words(row, before, target), target.id,
    )  # fmt: skip


def _may_become(row: Row, target: Target) -> str:
    """Return between what a figure will end, while that is open."""
    if row.low is None or row.high is None or row.low == row.high or not row.pending:
        return ""
    return f"it will end between {value_words(row, target, 'low')} and {value_words(row, target, 'high')}"


def _section(target: Target, rows: Sequence[Row], basis: Basis, status: str) -> Section:
    """Return the section on one commitment: its figure over periods and groups, and its cohorts."""
    mine = [row for row in rows if row.cohort == target.cohort]
    tables = {table.name: table for table in _tables(target, rows, mine, basis)}
    drawings = tuple(_drawings(target, rows, mine, basis, tables))
    return Section(target.id, title_of(target), _promised(target), tuple(tables.values()), drawings, status)


def _promised(target: Target) -> str:
    """Return what was promised: in the words that are published, where the title isn't these."""
    said = "" if plain(target.says) == title_of(target) else f"“{plain(target.says).rstrip('.')}.” "
    return f"{said}{_standard(target)}"


def _standard(target: Target) -> str:
    return f"The standard is {standard_words(target)}." if target.standard else "There is no published standard."


def _everys(target: Target, basis: Basis, rows: Sequence[Row]) -> list[str]:
    """Return the kinds of period that a target has rows of, those that were asked for first before the others."""
    there = dict.fromkeys(row.every for row in rows)
    asked = [every or "all" for every in basis.every[target.id]]
    return [every for every in asked if every in there] or list(there)


def _tables(target: Target, rows: Sequence[Row], mine: Sequence[Row], basis: Basis) -> Iterator[PublishedTable]:
    """Yield the tables of one commitment: over its periods, by groups in the latest one, and by groups over periods."""
    for place, every in enumerate(_everys(target, basis, mine)):
        own = [row for row in mine if row.every == every]
        name = _own_name(target, every, place)
        dated = [row for row in own if row.period != NO_DATE] or own
        if of_all := [row._replace(group=()) for row in dated if not basis.by or is_total(row)]:
            table = grid_table(of_all, replace(basis, by=()), target.id)
            yield _named(table, name, f"{title_of(target)}: {_over(every)}")
        groups, (own, notes) = listed(map(plain, basis.by)), _with_figures(own)
        if _has_groups(own):
            now = [row._replace(period=EVERYTHING) for row in _latest(own, basis)]
            table = replace(grid_table(now, basis, target.id), notes=notes)
            yield _named(table, f"{name}-by", f"{title_of(target)}: by {groups}{_when(now)}")
            if len({row.period for row in dated}) > 1:
                table = replace(grid_table(own, basis, target.id), notes=notes)
                yield _named(table, f"{name}-grid", f"{title_of(target)}: by {groups} over time")
    cohorts = list(dict.fromkeys(row.cohort for row in rows))
    if len(cohorts) > 1:
        yield _cohorts(target, rows, cohorts, basis)


def _has_groups(rows: Sequence[Row]) -> bool:
    """Return whether the records have what rows are grouped by: some have no such column."""
    return any(any(row.group) and not is_total(row) for row in rows)


def _with_figures(rows: Sequence[Row]) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows of those groups that have a figure in any period, and which have none."""
    there = {row.group for row in rows if row.exact is not None or row.withheld or is_total(row)}
    lacking = sorted({row.group for row in rows} - there)
    names = listed(", ".join(map(group_words, group)) for group in lacking)
    note = f"{names} {'has' if len(lacking) == 1 else 'have'} no figure in any period, and aren't listed."
    return [row for row in rows if row.group in there], (note,) if lacking else ()


def _over(every: str) -> str:
    return "all records" if every == "all" else "over time"


def _named(table: PublishedTable, name: str, title: str) -> PublishedTable:
    return replace(table, name=name, title=title)


def _cohorts(target: Target, rows: Sequence[Row], cohorts: Sequence[str], basis: Basis) -> PublishedTable:
    """Return the figure of each cohort side by side, in each period, of all groups together."""
    every = _everys(target, basis, rows)[0]
    own = [row for row in rows if row.every == every and row.period != NO_DATE and (not basis.by or is_total(row))]
    places = {(row.period, row.cohort): row for row in own}
    starts = {row.period: (row.period_start is not None, row.period_start) for row in own}
    kind, unit = kind_of(target), target.unit if target.unit not in {"share", "number"} else ""
    columns = [TableColumn("Period")]
    for cohort in cohorts:
        columns += [TableColumn(f"{cohort.capitalize()}: counted", "whole")]
        columns += [TableColumn(f"{cohort.capitalize()}: {'share' if kind == 'share' else 'value'}", kind, unit)]
    lines: list[tuple[Cell, ...]] = []
    for period in sorted(starts, key=starts.__getitem__):
        found = [places.get((period, cohort)) for cohort in cohorts]
        first = next(row for row in found if row is not None)
        line: list[Cell] = [period + ("" if first.complete else ", so far")]
        for row in found:
            line += [Shorthand("x")] * 2 if row is None else [cell_of(row, name, target) for name in ("denominator", "value")]
        lines.append(tuple(line))
    return PublishedTable(
        f"{target.id}-cohorts", f"{title_of(target)}: {listed(cohorts)}",
        f"Each alone can mislead: see them together. The headline figure is of those {target.cohort}.",
        tuple(columns), tuple(lines),
    )  # fmt: skip


def _drawings(
    target: Target, rows: Sequence[Row], mine: Sequence[Row], basis: Basis, tables: Mapping[str, PublishedTable]
) -> Iterator[Drawing]:
    """Yield the drawings of one commitment: over its periods, by its cohorts, and by groups in the latest period.

    The data of a drawing are one of the tables, where one has them.
    """
    for place, every in enumerate(_everys(target, basis, mine)):
        own = [row for row in mine if row.every == every]
        whole = [row for row in own if not basis.by or is_total(row)]
        name, title = f"{target.id}-{every}", title_of(target)
        if len({row.period for row in whole if row.period_start}) > 1:
            yield over_time(whole, target, name=f"{name}-over-time", title=f"{title}: over time")
            cohorts = [row for row in rows if row.every == every and (not basis.by or is_total(row)) and _begun(row, basis)]
            if len({row.cohort for row in cohorts}) > 1:
                drawn = three_cohorts(cohorts, target, name=f"{name}-cohorts", title=f"{title}: by cohort")
                yield drawn if place else drawn._replace(data=tables[f"{target.id}-cohorts"])
        if (table := tables.get(f"{_own_name(target, every, place)}-by")) is not None:
            yield _bars(table, basis, target, f"{name}-groups")


def _own_name(target: Target, every: str, place: int) -> str:
    """Return the name of a target's table: the first kind of period needs none."""
    return f"{target.id}-{every}" if place else target.id


def _bars(table: PublishedTable, basis: Basis, target: Target, name: str) -> Drawing:
    """Return the figure of each group as bars, from the table of the latest period; the total isn't among them."""
    value = next(place for place, column in enumerate(table.columns) if column.heading in {"Share", "Value"})
    groups, size = table.columns[value]._replace(notes=()), len(basis.by)
    cells = tuple((", ".join(map(str, row[:size])), row[value]) for row in table.rows if row[0] != ALL)
    shown = replace(table, columns=(TableColumn("Group"), groups), rows=cells, notes=())
    return bars(shown, name=name, standard=target.standard)._replace(data=table)


def _begun(row: Row, basis: Basis) -> bool:
    """Return whether a period has begun: what is due in a later one says nothing yet."""
    return row.period_start is None or row.period_start.isoformat() <= basis.as_of[:10]


def _latest(rows: Sequence[Row], basis: Basis) -> list[Row]:
    """Return the rows of all groups in the latest period, the total last."""
    ((found, _), *_) = latest(rows, basis)
    last = found.period
    return sorted((row for row in rows if row.period == last), key=lambda row: (is_total(row), row.group))


def _when(rows: Sequence[Row]) -> str:
    return f", {period_words(rows[0])}" if rows[0].period_start else ""


def _stock(counts: Counts | None, basis: Basis) -> tuple[Section, ...]:
    """Return the section on how old what is open is, where the counts say so."""
    if counts is None:
        return ()
    tables = tuple(table_of_stock(stock, basis.by) for stock in stocks_of(counts, basis) if stock.open)
    if not tables:
        return ()
    says = "How long what isn't finished yet has been waiting, on the clock of each commitment."
    return (Section(STOCK, "What is open, by age", says, tables),)


def _lacking(basis: Basis, stock: bool) -> Iterator[Section]:  # noqa: FBT001
    """Yield what can't be said from figures alone, and how it can be had."""
    cohorts = any(len(basis.scheme[name].cohorts) > len(own) for name, own in basis.cohorts.items())
    lacks = [*([] if stock else ["what is open by age"]), *BESIDES, *(["the other cohorts"] if cohorts else [])]
    yield Section(
        "not-here", "What isn't here",
        f"Figures alone don't say {listed(lacks, 'or')}. Make this from the records to have them: kpi.report(…), or the "
        "command ombudsman-kpi report.",
    )  # fmt: skip
