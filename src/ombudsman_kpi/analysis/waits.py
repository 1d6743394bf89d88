"""The longest waits: of each clock the records that have been open for longest, by their ids alone."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.clocks.outcomes import OPEN, Assessed, of_status
from ombudsman_kpi.clocks.remaining import remaining
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.target import Rule, Target
from ombudsman_kpi.publish.ages import sharing_clocks
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.published import Cell, Figure, PublishedTable, Section, Shorthand, TableColumn, plain
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.rounding import many
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.outcome_rows import amounts, outcome_rows

if TYPE_CHECKING:
    import pandas as pd


class Waits:
    """The longest waits of some targets, found while their records are counted; of several threads, too.

    Of each batch the longest are kept, and of these in the end the longest of all: so many as ``most`` of each clock.
    """

    def __init__(self, targets: Sequence[Target], most: int) -> None:
        self._most = most
        self._wanted = {
            target.id for target in targets
            if target.obliges and not any(target.repeats(other) for other in targets)
        }  # fmt: skip
        self._found: dict[str, list[tuple[int, int, pd.DataFrame]]] = {}

    def see(self, rule: Rule, known: AsKnownBatch, assessed: Assessed) -> None:
        """Keep the longest waits of a batch."""
        if rule.target.id not in self._wanted or known.batch.table.name != rule.target.of:
            return
        waits = np.flatnonzero(of_status(assessed.categories, OPEN).take(assessed.code) & (assessed.elapsed != NONE))
        if not len(waits):
            return
        longest = np.lexsort((waits, -assessed.elapsed[waits]))[: self._most]
        chosen = np.sort(waits[longest])
        frame = outcome_rows(rule, known, assessed, chosen)
        limit = rule.target.time_allowed
        left = np.full(len(chosen), MISSING) if limit is None else remaining(limit, assessed, known)[chosen]
        over = (left < 0) & (left != MISSING)
        frame["over"] = amounts(-left * over, assessed.size, over)
        self._found.setdefault(rule.target.id, []).append((known.batch.offset, len(waits), frame))

    def sections(self, basis: Basis) -> Iterator[Section]:
        """Yield the section on the longest waits, where there are any."""
        if tables := tuple(self.tables(basis)):
            says = "What has been open for longest, by its reference alone."
            yield Section("waits", "The longest waits", says, tables)

    def tables(self, basis: Basis) -> Iterator[PublishedTable]:
        """Yield a table for each clock with something open: of targets that share one, by the longest limit."""
        shared = {target.id: targets for targets in sharing_clocks(basis) for target in targets}
        for name in basis.every:
            own = shared.get(name, (basis.scheme[name],))
            if name in self._found and own[-1].id == name:
                yield self._table(own)

    def _table(self, targets: Sequence[Target]) -> PublishedTable:
        import pandas as pd

        target, kind = targets[-1], RECORDS[targets[-1].of]
        parts = sorted(self._found[target.id], key=lambda part: part[0])
        number = sum(size for _, size, _ in parts)
        frame = pd.concat([part for _, _, part in parts], ignore_index=True)
        frame = frame.sort_values("elapsed", ascending=False, kind="stable").head(self._most)
        rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
        of_parties = any(row["party"] for row in rows)
        unit, left_unit = rows[0]["unit"], target.time_allowed.left_unit if target.time_allowed else ""
        in_seconds = unit == "seconds"  # what waits for longest has waited for many of them
        if in_seconds:
            unit = left_unit = "hours"
        columns = (
            TableColumn(kind.singular.capitalize()), *((TableColumn("Party"),) if of_parties else ()),
            TableColumn("Started", "date"), TableColumn("Due", "date"), TableColumn("Waiting", "number", unit),
            TableColumn("Over the limit by", "number", left_unit), TableColumn("Status"),
        )  # fmt: skip
        says = f"The {len(rows):,} longest of {number:,} open" if number > len(rows) else f"{many(number, 'wait')} open"
        if len(targets) > 1:
            says += f". Due is by the longest of {len(targets)} limits; the others are: " + "; ".join(
                title_of(other) for other in targets[:-1]
            )
        cells = tuple(_cells(row, 3600 if in_seconds else 1, of_parties=of_parties) for row in rows)
        return PublishedTable(f"waits-{target.id}", f"Longest waits: {title_of(target)}", f"{says}.", columns, cells)


def _cells(row: dict[str, Any], size: int, *, of_parties: bool) -> tuple[Cell, ...]:
    """Return the cells of one wait. A record without an id is named by its row."""
    name = f"row {row['row']:,}" if is_missing(row["id"]) else plain(str(row["id"]))
    party = (plain(row["party"] or ""),) if of_parties else ()
    return (
        name, *party, _day(row["start"]), _day(row["due"]), _amount(row["elapsed"], size), _amount(row["over"], size),
        "overdue" if row["status"] == "overdue" else "not yet due",
    )  # fmt: skip


def _day(moment: Any) -> Cell:
    return Shorthand("z") if is_missing(moment) else moment.date()


def _amount(number: Any, size: int) -> Cell:
    """Return an amount of time, in units of so many: whole where it is whole."""
    if is_missing(number):
        return Shorthand("z")
    exact = Fraction(number).limit_denominator(1_000_000) / size
    return int(exact) if exact.denominator == 1 else Figure(exact)
