"""How many records there were."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.row_numbers import RowNumbers
from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.dates import to_day
from ombudsman_kpi.calendars.periods import Every, period_of
from ombudsman_kpi.clocks.outcomes import Assessed, of_days
from ombudsman_kpi.clocks.states import StateBuilder, dated
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.figures import Figure, Place, Status, judged
from ombudsman_kpi.measures.related import Files
from ombudsman_kpi.measures.share_of_kinds import IN, NOT_IN, fields_of_kinds
from ombudsman_kpi.measures.standard import Standard
from ombudsman_kpi.measures.targets import Count, Some
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.tables import Table


@dataclass(frozen=True)
class CountRule:
    """Each dated record: met, which is to say counted."""

    target: Some
    dated: str
    where: Mapping[str, Condition]

    def fields(self, table: Table) -> list[str]:
        """Name its day, its kinds, and what tells records apart."""
        return fields_of_kinds(self.target.id, self.dated, self.where, table)

    def assess(self, known: Known) -> Assessed:
        """Give each record of a batch its day."""
        draft, day = self.drafted(known)
        return of_days(draft, day, (NOT_IN, IN), draft.state == 0)

    def drafted(self, known: Known) -> tuple[StateBuilder, Integers]:
        """Give the states of a batch's records, and their days."""
        draft = StateBuilder(known, self.target.id)
        return draft, dated(draft, self.dated, [self.where])


@dataclass(frozen=True)
class DistinctRule(CountRule):
    """Of the records that share an id, the first of each period that the number is for.

    The first is the earliest, and of one day the one that stands first.
    """

    distinct: str
    per: Every | None
    ids: RowNumbers
    first: Integers  # of each id, the key of its first record

    @classmethod
    def of(cls, target: Count, distinct: str, files: Files) -> "DistinctRule":
        """Find the first record of each id among all that were given."""
        rule = cls(target, target.dated, target.where, distinct, target.per, RowNumbers(), np.empty(0, np.int64))
        table, first = files.tables[target.of], rule.first
        for batch in table.batches(dict.fromkeys(rule.fields(table))):
            known = Known(batch, files.as_of, files.scheme)
            draft, day = rule.drafted(known)
            texts = rule.ids_of(known, day)
            rows = np.flatnonzero((draft.state == 0) & present(texts))
            number = rule.ids.of(texts.take(rows))
            first = np.concatenate([first, np.full(rule.ids.size - len(first), np.iinfo(np.int64).max)])
            np.minimum.at(first, number, _key(day, known)[rows])
        return replace(rule, first=first)

    def ids_of(self, known: Known, day: Integers) -> Any:
        """Give the ids with the periods that they are in: what is looked at twice in a period counts once."""
        import pyarrow as pa
        import pyarrow.compute as pc

        ids = known.text(self.distinct)
        if self.per is None:
            return ids
        found, place = np.unique(day, return_inverse=True)
        starts = [str(period_of(to_day(item), self.per).start) if item != MISSING else "" for item in found.tolist()]
        return pc.binary_join_element_wise(ids, pa.array(starts, pa.string()).take(pa.array(place)), "\n")

    def fields(self, table: Table) -> list[str]:
        """Name the id too."""
        return [*super().fields(table), table.resolve(self.distinct, f"target {self.target.id!r}")]

    def assess(self, known: Known) -> Assessed:
        """Leave out the records that were counted already."""
        draft, day = self.drafted(known)
        draft.mark(~present(known.text(self.distinct)), "invalid", f"{self.distinct} is missing")
        texts = self.ids_of(known, day)
        first = np.append(self.first, 0).take(self.ids.find(texts))
        draft.mark(_key(day, known) != first, "excluded", "counted already")
        return replace(of_days(draft, day, (NOT_IN, IN), draft.state == 0), once=True)


def rule_of(target: Count, files: Files) -> CountRule:
    """Give the rule by which records are counted."""
    if target.distinct is not None:
        return DistinctRule.of(target, target.distinct, files)
    return CountRule(target, target.dated, target.where)


def _key(day: Integers, known: Known) -> Integers:
    """Give a number by which records sort by day, and then by where they stand."""
    return day * (1 << 40) + known.batch.offset + np.arange(len(known.batch))


def figure(target: Count, place: Place) -> Figure:
    """Give the number. A standard holds for the periods that it is a number for."""
    value = Fraction(place.here.met) if place.everywhere.counts else None
    if target.standard is not None and target.per is not None and not _fits(place, target.per):
        return Figure(
            "no data" if value is None else "no target", value, value, value,
            remarks=(f"the standard is for each {target.per}: measure with every={target.per!r}",),
        )  # fmt: skip
    return Figure(status_of(target.standard, value, complete=place.complete), value, value, value)


def _fits(place: Place, per: Every) -> bool:
    return place.period is not None and place.period.every == per


def status_of(standard: Standard | None, value: Fraction | None, *, complete: bool) -> Status:
    """Compare a number with the standard. Until its period is over it can only rise.

    >>> from ombudsman_kpi.measures.standard import parse_standard
    >>> status_of(parse_standard("at least 4"), Fraction(3), complete=False)
    'undetermined'
    """
    status = judged(standard, value)
    if complete or standard is None:
        return status
    decided = "met" if standard.operator in {"at least", "more than"} else "missed"
    return status if status in {decided, "no data", "no target"} else "undetermined"
