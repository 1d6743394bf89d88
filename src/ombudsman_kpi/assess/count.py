"""How many records there were."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from ombudsman_kpi.assess.draft import Draft, dated
from ombudsman_kpi.assess.figures import Figure, Place, Status, judged
from ombudsman_kpi.assess.kinds import IN, NOT_IN, fields_of_kinds
from ombudsman_kpi.assess.outcomes import Assessed, of_days
from ombudsman_kpi.assess.related import Files
from ombudsman_kpi.days import Integers
from ombudsman_kpi.frames import Table
from ombudsman_kpi.identity import RowNumbers
from ombudsman_kpi.known import Known
from ombudsman_kpi.periods import Every
from ombudsman_kpi.standards import Condition, Standard
from ombudsman_kpi.targets import Count, Some


@dataclass(frozen=True)
class CountRule:
    """Each dated record: met, which is to say counted; of those that share an id where that is asked, the first."""

    target: Some
    dated: str
    where: Mapping[str, Condition]
    distinct: str | None = None
    files: Files | None = None

    def fields(self, table: Table) -> list[str]:
        """Name its day, its kinds, and what tells records apart."""
        named = fields_of_kinds(self.target.id, self.dated, self.where, table)
        return named if self.distinct is None else [*named, table.resolve(self.distinct, f"target {self.target.id!r}")]

    def assess(self, known: Known) -> Assessed:
        """Give each record of a batch its day."""
        draft, day = self._drafted(known)
        if self.distinct is not None:
            draft.mark(np.asarray(known.text(self.distinct).is_null()), "invalid", f"{self.distinct} is missing")
            ids, first = self._firsts
            key = _key(day, known)
            draft.mark(
                key != np.append(first, 0).take(ids.find(known.text(self.distinct))), "excluded", "counted already"
            )
        found = of_days(draft, day, (NOT_IN, IN), draft.state == 0)
        return found if self.distinct is None else replace(found, once=True)

    def _drafted(self, known: Known) -> tuple[Draft, Integers]:
        draft = Draft(known, self.target.id)
        return draft, dated(draft, self.dated, [self.where])

    @cached_property
    def _firsts(self) -> tuple[RowNumbers, Integers]:
        """Find the first record of each id: the earliest, and of one day the one that stands first."""
        assert self.files is not None and self.distinct is not None  # noqa: PT018, S101
        table, ids, first = self.files.tables[self.target.of], RowNumbers(), np.empty(0, np.int64)
        for batch in table.batches(dict.fromkeys(self.fields(table))):
            known = Known(batch, self.files.as_of, self.files.scheme)
            draft, day = self._drafted(known)
            texts = known.text(self.distinct)
            rows = np.flatnonzero((draft.state == 0) & np.asarray(texts.is_valid()))
            number = ids.of(texts.take(rows))
            first = np.concatenate([first, np.full(ids.size - len(first), np.iinfo(np.int64).max)])
            np.minimum.at(first, number, _key(day, known)[rows])
        return ids, first


def _key(day: Integers, known: Known) -> Integers:
    """Give a number by which records sort by day, and then by where they stand."""
    return day * (1 << 40) + known.batch.offset + np.arange(len(known.batch))


def figure(target: Count, place: Place) -> Figure:
    """Give the number. A standard holds for the periods that it is a number for."""
    value = Fraction(place.here.met) if place.counts else None
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

    >>> from ombudsman_kpi.standards import parse_standard
    >>> status_of(parse_standard("at least 4"), Fraction(3), complete=False)
    'undetermined'
    """
    status = judged(standard, value)
    if complete or standard is None:
        return status
    decided = "met" if standard.operator in {"at least", "more than"} else "missed"
    return status if status in {decided, "no data", "no target"} else "undetermined"
