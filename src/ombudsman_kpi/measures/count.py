"""How many records there were."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, arrow_text, arrow_word, present
from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.arrays.row_numbers import RowNumbers
from ombudsman_kpi.arrays.types import MISSING, Codes, Integers, Truths
from ombudsman_kpi.calendars.dates import to_day
from ombudsman_kpi.calendars.periods import Every, period_of
from ombudsman_kpi.clocks.outcomes import IN, NOT_IN, Assessed, of_days
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.changing import Changing
from ombudsman_kpi.measures.base.figures import MET, MISSED, UNDETERMINED, Figures, Said, judged
from ombudsman_kpi.measures.base.places import Moments, Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import DatedRule
from ombudsman_kpi.measures.base.selected import Dated, check_named
from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.measures.base.target import Records, Rule, Target
from ombudsman_kpi.measures.share_within import ShareWithin
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import is_none
from ombudsman_kpi.rounding import many
from ombudsman_kpi.statistics.intervals import Interval, difference_of_counts


class CountRule(DatedRule):
    """Each dated record: met, which is to say counted."""

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the day of each record of a batch."""
        builder, day = self.states_and_days(known)
        return of_days(builder, day, (NOT_IN, IN), builder.state == 0)


@dataclass(frozen=True)
class DistinctRule(CountRule):
    """Of the records that share an id, the first of each period that the number is for.

    The first is the earliest, and of one day the one that stands first.
    """

    target: "Numbers"
    distinct: str
    ids: RowNumbers
    first: Integers  # of each id, the key of its first record

    @classmethod
    def of(cls, target: "Numbers", distinct: str, related: Related) -> "DistinctRule":
        """Return the rule that knows the first record of each id among all that were provided."""
        rule = cls(target, distinct, RowNumbers(), np.empty(0, np.int64))
        table, first = related.tables[target.of], rule.first
        for batch in table.batches(dict.fromkeys(rule.fields(table))):
            known = AsKnownBatch(batch, related.as_of, related.scheme)
            builder, day = rule.states_and_days(known)
            texts = rule.ids_of(known, day)
            rows = np.flatnonzero((builder.state == 0) & present(texts))
            number = rule.ids.of(texts.take(rows))
            first = np.concatenate([first, np.full(rule.ids.size - len(first), np.iinfo(np.int64).max)])
            np.minimum.at(first, number, _key(day, known)[rows])
        return replace(rule, first=first)

    def ids_of(self, known: AsKnownBatch, day: Integers) -> Any:
        """Return the ids with the periods that they are in: what is looked at twice in a period counts once."""
        import pyarrow.compute as pc

        ids, per = known.text(self.distinct), self.target.per
        if per is None:
            return ids
        days, place = np.unique(day, return_inverse=True)
        starts = ["" if item == MISSING else str(period_of(to_day(item), per).start) for item in days.tolist()]
        return pc.binary_join_element_wise(ids, arrow_text(starts).take(arrow_numbers(place)), arrow_word("\n"))

    def fields(self, table: Columns) -> list[str]:
        """Return the name of the id too."""
        return [*super().fields(table), table.resolve(self.distinct, f"target {self.target.id!r}")]

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the day of each record of a batch, without those that were counted already."""
        builder, day = self.states_and_days(known)
        builder.mark(~present(known.text(self.distinct)), "invalid", f"{self.distinct} is missing")
        texts = self.ids_of(known, day)
        first = np.append(self.first, 0).take(self.ids.find(texts))
        builder.mark(_key(day, known) != first, "excluded", "counted already")
        ones = np.ones(builder.size, np.int64)  # however many records a row stands for
        return replace(of_days(builder, day, (NOT_IN, IN), builder.state == 0), weights=ones)

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return that none does: what shares an id is counted once among all that there ever are."""
        return np.zeros(len(known.batch), np.bool_)


def _key(day: Integers, known: AsKnownBatch) -> Integers:
    """Return a number by which records sort by day, and then by where they stand.

    Day 19,810, row 7 -> 19,810 << 40 | 7. Days of years 1 to 9999 are less than 2**22 from 1970, and no memory holds
    2**40 rows: 62 bits and a sign. Records of any other day aren't counted.
    """
    return day * (1 << 40) + known.batch.offset + np.arange(len(known.batch))


def status_of(standard: Standard | None, value: Fractions, complete: Truths) -> Codes:
    """Return the statuses of numbers by the standard. Until its period is over one can only rise.

    >>> from ombudsman_kpi.measures.base.figures import TARGET_STATUSES
    >>> from ombudsman_kpi.measures.base.standard import parse_standard
    >>> status = status_of(parse_standard("at least 4"), Fractions.whole(np.array([3])), np.array([False]))
    >>> TARGET_STATUSES[status[0]]
    'undetermined'
    """
    status = judged(standard, value)
    if standard is None:
        return status
    undecided = MISSED if standard.operator in {"at least", "more than"} else MET
    return np.where(~complete & (status == undecided), UNDETERMINED, status)


class Numbers(Dated):
    """Numbers of records."""

    per: Every | None = Field(None, description="The period that the standard is a number for")
    distinct: str | None = Field(None, description="Count what shares this field once in each period of per")

    rule_types: ClassVar[tuple[type[Rule], ...]] = (CountRule, DistinctRule)
    shows_met = True

    @property
    def from_periods(self) -> bool:
        """Periods will do, unless ids tell what is counted once."""
        return self.distinct is None

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Its own records, those that count once together."""
        return {self.of: self.distinct}

    @property
    def in_order(self) -> bool:
        """Of those that count once the first one counts."""
        return self.distinct is not None

    @property
    def unit(self) -> str:
        """A number of records."""
        return "number"

    @property
    def zero_when_empty(self) -> bool:
        """None is a number too."""
        return True

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule by which records are counted: all of them, or those that share an id once."""
        distinct = self.distinct
        yield self.of, CountRule(self) if distinct is None else DistinctRule.of(self, distinct, related)

    def figures(self, places: Places) -> Figures:
        """Return the numbers. A standard holds for the periods that it is a number for."""
        value = Fractions.whole(places.met)
        value = value if places.anything else value.where(np.zeros(len(places), np.bool_))
        first = places.periods[0]
        if self.standard is not None and self.per not in {None, first and first.every}:
            said = Said(words=(f"the standard is for each {self.per}: measure with every={self.per!r}",))
            return Figures(judged(None, value), value, value, value, say=lambda row: said)
        return Figures(status_of(self.standard, value, places.complete), value, value, value)


class Count(Numbers, Changing):
    """How many records there were."""

    measure: Literal["count"]

    example: ClassVar[str] = """
    of = "activities"
    dated = "at"
    where = { kind = "article" }
    per = "quarter"
    standard = "at least 4"
    cohort = "dated"
    """
    grows: ClassVar[bool] = True
    part_of: ClassVar[str | None] = "records"
    sampled_from_missed: str | None = Field(
        None,
        exclude_if=is_none,
        description="The target with a limit whose missed cases these are a sample of",
    )

    @property
    def drawn_from(self) -> str | None:
        """The target whose missed cases these are a sample of."""
        return self.sampled_from_missed

    def population_of(self, places: Places) -> Integers:
        """Return how many cases missed the target that these are a sample of."""
        return places.missed

    def check_references(self, targets: Mapping[str, Target]) -> None:
        """Raise ``ValueError`` where what the sample was drawn from is no share of cases within a limit."""
        fitting = [name for name, item in targets.items() if isinstance(item, ShareWithin) and item.of == "cases"]
        named = [self.sampled_from_missed] if self.sampled_from_missed else []
        check_named(self, "sampled_from_missed", named, fitting, "a share within a limit")

    def figures(self, places: Places) -> Figures:
        """Return the numbers; of a sample, with the size of what it was drawn from beside each."""
        figures, name = super().figures(places), self.sampled_from_missed

        def say(row: int) -> Said:
            size = None if places.population[row] == MISSING else int(places.population[row])
            details = {"sample": int(places.met[row]), "population": size}
            return Said(details, () if size is None else (f"sampled from {many(size, 'case')} that missed {name}",))

        return figures if name is None else figures.adding(say)

    def values_of(self, places: Places) -> Fractions:
        """Return the numbers."""
        return Fractions.whole(places.met)

    def chance(self, before: Moments, now: Moments) -> Interval | None:
        """Return the interval of the change between two numbers."""
        return difference_of_counts(before.met, now.met)

    @property
    def lacks_for_trend(self) -> str | None:
        """The period in which something counts once."""
        lacking = self.distinct is not None and self.per is None
        return "distinct needs per: the period in which something counts once" if lacking else None
