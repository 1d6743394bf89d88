"""Results as people look at them: what was promised, what was reached, whether it was kept, and what changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import NamedTuple

from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.figures.table import RowsByColumn
from ombudsman_kpi.measures.base.places import Group
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import (
    change_words,
    group_words,
    headroom_words,
    of_words,
    pending_words,
    promised_words,
    standard_words,
    title_of,
    value_words,
)
from ombudsman_kpi.publish.layout import CellText, TextCell, wide
from ombudsman_kpi.publish.notes import Notes, as_at, footnotes_of, sentence
from ombudsman_kpi.publish.published import Shorthand
from ombudsman_kpi.publish.summary import summary_words
from ombudsman_kpi.publish.text_table import TextTable
from ombudsman_kpi.publish.totals import TOTAL, is_total, with_totals
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts

_MARKED = {"met": "✓ ", "missed": "✗ ", "undetermined": "? "}  # beside a number a dash is a minus
Part = tuple[str, str]  # a target and a cohort
_VALUE, _LABEL, _STANDARD, _CHANGE = 8, 26, 10, 22  # places that a line has for each; the change with the notes


def table_of(rows: RowsByColumn, basis: Basis, counts: Counts | None = None, width: int | None = None) -> TextTable:
    """Return results laid out for a reader: in a line for each commitment, or a grid of its periods and groups.

    With the counts, all groups together have their figure too, whatever is measured. ``width`` says how many of the
    latest periods have room; without one all have it.
    """
    every = tuple(with_totals(rows, basis, counts))
    shown = _shown(every)
    notes = Notes()
    kinds = list(dict.fromkeys(row.every for row in shown))
    tables = [_Results([row for row in shown if row.every == kind], basis, notes, width).table() for kind in kinds]
    names = list(dict.fromkeys(row.target for row in shown))
    scheme = basis.scheme
    summed_up = summary_words(every, basis)
    title, says = scheme.title, f"{sentence(as_at(basis))[:-1]}: {summed_up[:1].lower()}{summed_up[1:]}"
    if len(names) == 1:
        target = scheme[names[0]]
        title, says = title_of(target), f"{scheme.title}, {names[0]}, {as_at(basis)}. {promised_words(target)}"
    first, *more = tables or [TextTable("", "", (), (), (), ())]
    caption = first.title if more else ""
    return TextTable(
        title, says, first.columns, first.numeric, first.rows,
        (*footnotes_of(tuple(rows), shown, basis, notes), *_own_view(every, basis)), first.keys, tuple(more), caption,
    )  # fmt: skip


def _own_view(rows: Sequence[Row], basis: Basis) -> tuple[str, ...]:
    """Return what is said of a table that has small numbers which don't leave."""
    if basis.scheme.disclosure is None or any(row.withheld for row in rows):
        return ()
    return ("This is your own view: small numbers are withheld from what leaves.",)


def _shown(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that a table has: of what is measured, and in periods where it has any."""
    dated = {(row.target, row.cohort) for row in rows if row.period != NO_DATE}
    return [
        row
        for row in rows
        if row.status != "not measured" and (row.period != NO_DATE or (row.target, row.cohort) not in dated)
    ]


class _Line(NamedTuple):
    """What a line is about: a target, a cohort and a group."""

    target: str
    cohort: str
    group: Group

    @property
    def part(self) -> Part:
        return self.target, self.cohort


@dataclass(frozen=True)
class _Results:
    """Rows in periods of one kind, to be laid out."""

    rows: Sequence[Row]
    basis: Basis
    notes: Notes
    width: int | None

    @cached_property
    def lines(self) -> dict[_Line, dict[str, Row]]:
        """The rows of each line by their period."""
        lines: dict[_Line, dict[str, Row]] = {}
        for row in self.rows:
            lines.setdefault(_Line(row.target, row.cohort, row.group), {})[row.period] = row
        return lines

    @cached_property
    def parts(self) -> dict[Part, list[_Line]]:
        """The targets and cohorts, each with its lines, the total last; those in which nothing was counted are noted.

        Where records have nothing that they could be grouped by, all of them together are one line.
        """
        parts: dict[Part, list[_Line]] = {}
        for line in self.lines:
            parts.setdefault(line.part, []).append(line)
        for part, own in parts.items():
            groups = sorted((line for line in own if not _is_total(line)), key=lambda line: line.group)
            empty = [line for line in groups if all(_is_empty(row) for row in self.lines[line].values())]
            shown = [line for line in groups if line not in empty] or groups
            if self.basis.by and [any(line.group) for line in shown] == [False]:
                shown = [line for line in shown if len(own) == 1]
            elif len(shown) < len(groups):
                names = ", ".join(" ".join(map(group_words, line.group)) for line in empty)
                self.notes.say(f"{title_of(self.basis.scheme[part[0]])}: nothing was counted of {names}.")
            parts[part] = [*shown, *(line for line in own if _is_total(line))]
        return parts

    @cached_property
    def periods(self) -> list[str]:
        """The periods in order; what is in none comes last."""
        starts = {row.period: (row.period == NO_DATE, row.period_start or date.min) for row in self.rows}
        return sorted(starts, key=lambda period: starts[period])

    @cached_property
    def incomplete(self) -> set[str]:
        """The periods that aren't over."""
        return {row.period for row in self.rows if not row.complete}

    def table(self) -> TextTable:
        """Return the table."""
        kind = self.rows[0].every
        title = "" if kind == EVERYTHING else f"By {kind.replace('-', ' ')}"
        if len(self.periods) > 1 and (len(self.parts) > 1 or self.basis.by):
            return self._across(title)
        table = self._down(title, stacked=False)
        return table if table.fits(self.width) else self._down(title, stacked=True)

    # One line for each commitment, period or group.

    def _down(self, title: str, *, stacked: bool) -> TextTable:
        """Return a line for each commitment, group and period, with all that is said of it.

        ``stacked`` has the standard below the share, where there is no room beside it.
        """
        targets = [self.basis.scheme[name] for name, _ in self.parts]
        timed, share = all(target.in_time for target in targets), all(target.is_share for target in targets)
        by, dated = self.basis.by, self.periods != [EVERYTHING]
        alone = len(self.parts) == 1 and dated
        lines = list[tuple[TextCell, ...]]()
        for part, own in self.parts.items():
            target = self.basis.scheme[part[0]]
            lines += self._heads(part)
            for line in own:
                labels = self._labels(line, target)
                before: Row | None = None
                for period in self.periods:
                    row = self.lines[line].get(period)
                    if row is not None:
                        details = self._details(row, before, target, timed=timed, stacked=stacked)
                        lines.append((*([] if alone and not by else labels), *details))
                    before = row
        first = list(by) if by else [] if alone else ["Commitment"]
        counted, value = "In time" if timed else "Counted", "Share" if share else "Value"
        names = [*first, "Period", counted, value, "Standard", "Status", "Headroom", "Change", "Note"]
        numeric = tuple(0 < place - len(first) <= 2 for place in range(len(names)))
        table = TextTable(title, "", tuple(names), numeric, tuple(lines), (), max(len(first), 1))
        promised = any(target.standard for target in targets) and (not by or len(targets) == 1)
        return _without_empty(table, {"Period": dated, "Standard": promised})

    def _heads(self, part: Part) -> Iterator[tuple[CellText]]:
        """Yield what heads the groups of a commitment, where there are several."""
        if self.basis.by and len(self.parts) > 1:
            target = self.basis.scheme[part[0]]
            standard = f", {standard_words(target)}" if target.standard else ""
            yield (CellText(f"{title_of(target)}{standard} ({self._id(part)})", style="bold"),)

    def _labels(self, line: _Line, target: Target) -> list[TextCell]:
        """Return what a line is called: by its groups, or as a commitment."""
        if not self.basis.by:
            return [CellText(title_of(target), self._id(line.part))]
        return [CellText(group_words(label), style="bold" if _is_total(line) else "") for label in line.group]

    def _details(self, row: Row, before: Row | None, target: Target, *, timed: bool, stacked: bool) -> list[TextCell]:
        what = "" if timed or not target.is_share else target.met_words
        number, said = of_words(row, target).replace(" of ", "\xa0of "), [pending_words(row)]
        if self.basis.by or len(self.periods) > 1:
            number = f"{number} {what}".rstrip()
        else:
            said.insert(0, what)
        counted = CellText(number, "; ".join(words.replace(" ", "\xa0") for words in said if words))
        room, standard = (headroom_words(row, target), standard_words(target)) if target.standard else ("", "")
        period = CellText(row.period, "" if row.complete else "so far")
        note = self.notes.of_row(row, whole=len(self.periods) == 1 and (not self.basis.by or is_total(row)))
        value, beside = CellText(value_words(row, target), standard if stacked else ""), "" if stacked else standard
        return [
            period, counted, value, beside, row.status, room, change_words(row, before, target), note,
        ]  # fmt: skip

    def _id(self, part: Part) -> str:
        """Return by what name results have a target; with what is measured, where its title doesn't say it.

        And with its cohort, where it has several.
        """
        name, cohort = part
        target = self.basis.scheme[name]
        several = sum(own == name for own, _ in self.parts) > 1
        told = target.described == target.measure or target.described_in_words in target.named
        return ", ".join([name, *([] if told else [target.described]), *([cohort] if several else [])])

    # Periods across.

    def _across(self, title: str) -> TextTable:
        """Return a grid: the periods across, and for each commitment its groups down, the total last."""
        periods = self._latest()
        earlier = len(self.periods) - len(periods)
        if earlier:
            which = "earlier period is" if earlier == 1 else f"{earlier:,} earlier periods are"
            self.notes.say(f"The {which} in to_pandas(), and in what --csv prints.")
        if any(row.words for row in self.rows):
            self.notes.say("What else is known of single figures, such as how sure they are, is in to_pandas().")
        now = self._now()
        lines = list[tuple[TextCell, ...]]()
        for part, own in self.parts.items():
            lines += self._heads(part)
            lines += [self._across_line(line, self.basis.scheme[part[0]], periods, now) for line in own]
        first = list(self.basis.by) or ["Commitment"]
        names = [*first, "Standard", *map(self._heading, periods), f"Change in {now}", "Note"]
        numeric = tuple(0 < place - len(first) <= len(periods) for place in range(len(names)))
        table = TextTable(title, "", tuple(names), numeric, tuple(lines), (), len(first))
        return _without_empty(table, {"Standard": not self.basis.by})

    def _across_line(self, line: _Line, target: Target, periods: Sequence[str], now: str) -> tuple[TextCell, ...]:
        """Return a line of a grid."""
        rows, place = self.lines[line], self.periods.index(now)
        last, before = rows.get(now), rows.get(self.periods[place - 1]) if place else None
        words = change_words(last, before, target) if last is not None else ""
        change = words.partition(" since ")[0] + (", so far" if words.endswith(", so far") else "")
        note = self.notes.of_rows([*rows.values()]) if not self.basis.by or _is_total(line) else ""
        cells = [_valued(rows[period], target) if period in rows else CellText("") for period in periods]
        return (*self._labels(line, target), standard_words(target) if target.standard else "", *cells, change, note)

    def _heading(self, period: str) -> str:
        return f"{period} so\xa0far" if period in self.incomplete else period

    def _now(self) -> str:
        """Return the last period that is over, or where none is, the last."""
        over = [period for period in self.periods if period != NO_DATE and period not in self.incomplete]
        return (over or self.periods)[-1]

    def _latest(self) -> list[str]:
        """Return the latest periods that have room beside what else a line says."""
        if self.width is None or (len(self.parts) == 1 and self.basis.by):
            return self.periods
        each = max(_VALUE, *(wide(word) for period in self.periods for word in period.split())) + 2
        groups = [sum(wide(group_words(label)) + 2 for label in line.group) for line in self.lines]
        beside = min(max(groups), _LABEL) if self.basis.by else _LABEL + _STANDARD
        return self.periods[-max((self.width - beside - _CHANGE) // each, 2) :]


def _is_total(line: _Line) -> bool:
    return TOTAL in line.group


def _is_empty(row: Row) -> bool:
    """Return whether nothing was counted of a group; what is withheld isn't nothing."""
    return row.exact is None and not row.withheld and not (row.met or row.missed or row.pending)


def _valued(row: Row, target: Target) -> CellText:
    """Return a value with the mark of its status."""
    if "value" in row.withheld:
        return CellText(str(Shorthand(row.withheld["value"])))
    return CellText(f"{_MARKED.get(row.status, '')}{value_words(row, target)}".replace(" ", "\xa0"), "", row.status)


def _without_empty(table: TextTable, wanted: dict[str, bool]) -> TextTable:
    """Return a table without the columns that say nothing."""
    names = table.columns
    full = [row for row in table.rows if len(row) == len(names)]
    kept = [
        place
        for place, name in enumerate(names)
        if wanted.get(name, True)
        and (
            place < table.keys
            or not full
            or any(cell not in {"", "–", CellText(""), CellText("–")} for cell in (row[place] for row in full))
        )
    ]

    def kept_of(row: tuple[TextCell, ...]) -> tuple[TextCell, ...]:
        return tuple(row[place] for place in kept) if len(row) == len(names) else row

    columns = tuple(names[place] for place in kept)
    numeric = tuple(table.numeric[place] for place in kept)
    return replace(table, columns=columns, numeric=numeric, rows=tuple(map(kept_of, table.rows)))
