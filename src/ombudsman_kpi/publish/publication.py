"""All that is published together, from rows of figures: the page and the workbook show the same."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.figures.table import RowsByColumn
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.ages import stocks_of, table_of_stock
from ombudsman_kpi.publish.cells import (
    change_words,
    headroom_words,
    pending_words,
    standard_words,
    title_of,
    value_words,
)  # fmt: skip
from ombudsman_kpi.publish.commitment import Commitment
from ombudsman_kpi.publish.disclosure.disclosed import disclosed, of_published_cohorts
from ombudsman_kpi.publish.heading import listed, period_words, shown_cohort, subtitle_of, title_of_report
from ombudsman_kpi.publish.how import how_counted
from ombudsman_kpi.publish.published import Headline, Publication, Section, plain
from ombudsman_kpi.publish.revised import marks_of
from ombudsman_kpi.publish.summary import latest, summary_table, summary_words
from ombudsman_kpi.publish.totals import with_totals
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
    whole = _leaving(rows, basis, counts)
    own = {name: tuple(whole.of_target(name)) for name in whole.targets}
    headline = [row for name, of in own.items() for row in of if row.cohort == shown_cohort(basis.scheme[name], basis)]
    shown = latest(headline, basis)
    judged = {row.target: row for row, _ in shown}
    published = tuple(row for of in own.values() for row in of)
    marks = marks_of(published, () if since is None else _leaving(*since))
    sections = [
        Commitment(basis.scheme[name], own[name], basis, marks).section(row.status) for name, row in judged.items()
    ]
    stock = () if basis.scheme.disclosure else _stock(counts, basis)
    more = (*stock, *(_lacking(basis, bool(stock)) if beside is None else beside))
    return Publication(
        title_of_report(basis, judged),
        subtitle_of([row for row, _ in shown], basis),
        summary_words(headline, basis) if shown else "Nothing was measured; why not, is said below.",
        tuple(_headlines(shown, basis)),
        replace(summary_table(headline, basis), title="All commitments"),
        (*sections, *more),
        tuple(how_counted(published, basis)),
    )


def _leaving(rows: RowsByColumn, basis: Basis, counts: Counts | None = None) -> RowsByColumn:
    """Return rows with their totals, without what a rule on small numbers withholds.

    Where there is one, each commitment is published by one cohort.
    """
    return disclosed(with_totals(of_published_cohorts(rows, basis), basis, counts), basis)


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
    told = before is not None and any(before.period in words for words in row.words)  # by the measure itself
    said = [of, room, "" if "pending" in room else pending_words(row), _may_become(row, target), *map(plain, row.words)]
    return Headline(
        target.id, title_of(target), value_words(row, target), standard_words(target) if target.standard else "",
        row.status, "; ".join(filter(None, said)), "" if told else change_words(row, before, target),
    )  # fmt: skip


def _may_become(row: Row, target: Target) -> str:
    """Return between what a figure will end, while that is open."""
    if row.low is None or row.high is None or row.low == row.high or not row.pending:
        return ""
    return f"it will end between {value_words(row, target, 'low')} and {value_words(row, target, 'high')}"


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
    """Yield what can't be said from figures alone, and how it can be had; or that it isn't published."""
    if basis.scheme.disclosure is not None:
        yield withheld_section()
        return
    cohorts = any(len(basis.scheme[name].cohorts) > len(own) for name, own in basis.cohorts.items())
    lacks = [*([] if stock else ["what is open by age"]), *BESIDES, *(["the other cohorts"] if cohorts else [])]
    yield Section(
        "not-here", "What isn't here",
        f"Figures alone don't say {listed(lacks, 'or')}. Make this from the records to have them: kpi.report(…), or "
        "the command ombudsman-kpi report.",
    )  # fmt: skip


def withheld_section() -> Section:
    """Return what is said where small numbers are withheld: what would tell of single records isn't published."""
    return Section(
        "not-here", "What isn't published",
        "Small numbers are withheld here. So each commitment is shown by one cohort alone; the longest waits, which "
        "are of single records, aren't listed; and neither how old what is open is nor how often the records break a "
        "rule is given in numbers. These could give away what is withheld elsewhere.",
    )  # fmt: skip
