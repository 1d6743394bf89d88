"""Rates per population: how many records there were for so many homes, people or households."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.periods import EVERY, Period
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import NONE, fields_of_conditions
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figure, Place, PlaceCounts
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.selected import Dated, check_conditions
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.measures.count import CountRule, status_of
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition, ConditionField
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import PERIOD

POPULATIONS, NUMBER = "populations", "number"


@dataclass(frozen=True)
class PopulationRule(Rule):
    """Each number of a population, in the period that it is given for: a quarter has none of a year's.

    The mark says of which kind the period is; a number of 0 counts as one that is left out, since no rate is per 0.
    """

    target: "Rate"

    counted_as = "population"

    @classmethod
    def of(cls, target: "Rate", table: Table) -> "PopulationRule":
        """Return the rule. Raises ``RecordsError`` where two rows give a number of one period and group."""
        rule = cls(target)
        rule.fields(table)
        named = {column: name for name, column in table.columns.items()}
        others = [name for column in table.source.names if (name := named.get(column, column)) not in {PERIOD, NUMBER}]
        seen: set[tuple[Period | str | None, ...]] = set()
        for batch in table.batches([PERIOD, *others]):
            for label, *group in zip(*(batch.text(name).to_pylist() for name in (PERIOD, *others)), strict=True):
                period = None if label is None else table.period_of(label)
                if period is None or (period, *group) in seen:
                    what = "a row has no period" if period is None else f"two rows give the number of {period.label}"
                    raise RecordsError(f"{table.label}: {what}, for one group. Keep one row for each period and group.")
                seen.add((period, *group))
        return rule

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the period, the number, and of what conditions look at."""
        needed = [table.resolve(name, f"target {self.target.id!r}") for name in (PERIOD, NUMBER)]
        return [*needed, *fields_of_conditions(self.target.population, table, self.target.id)]

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the numbers of a batch; those that are empty are none."""
        labels, text = known.words(PERIOD), known.text(NUMBER)
        periods = [known.batch.table.period_of(label) for label in labels.words]
        given = present(text)
        for name, condition in self.target.population.items():
            given &= known.fulfils(name, condition)
        record = np.flatnonzero(given)
        numbers = known.batch.numbers(
            NUMBER, "It says how large the population is; leave it empty where nobody knows", record
        )
        place = labels.codes[record]
        day = np.array([*(day_number(period.start) for period in periods), MISSING], np.int64).take(place)
        every = np.array([*(EVERY.index(period.every) for period in periods), 0], np.int64).take(place)
        categories = [Outcome(status, "", name) for name in EVERY for status in ("met", "excluded")]
        none = np.full(len(record), MISSING)
        # Each kind of period twice: the number of a quarter, the fourth of them, is 2 * 3, one of 0 is 2 * 3 + 1.
        return Assessed(
            (2 * every + (numbers == 0)).astype(np.intp), tuple(categories), day, day, np.full(len(record), NONE), "",
            lambda: (none, none, none), record=record, weights=np.maximum(numbers, 1),
        )  # fmt: skip

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return all of them: what is given for a period stays."""
        return np.ones(len(known.batch), np.bool_)


class Rate(Dated):
    """How many records there were per so many of a population, which is given for the same period and group."""

    measure: Literal["rate"]
    per: int = Field(gt=0, description="Per how many of the population, such as 1000")
    population: dict[str, ConditionField] = Field(
        default_factory=dict,
        description="Which rows of the populations it is per, such as { kind = 'homes' }; else all",
    )

    example: ClassVar[str] = """
    of = "cases"
    dated = "received_at"
    per = 1000
    standard = "at most 5"
    cohort = "received"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (CountRule, PopulationRule)
    shows_met = True
    counts_besides = ("population",)

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Its own records, and the populations; both split in any way."""
        return {self.of: None, POPULATIONS: None}

    @property
    def unit(self) -> str:
        """Per how many."""
        return f"per {self.per:,}"

    @property
    def standard_unit(self) -> str:
        """A plain number."""
        return ""

    @property
    def standard_wanted(self) -> str:
        """How its standard is written."""
        return f"it is per {self.per:,} already; write it like 'at most 5'"

    @property
    def described(self) -> str:
        """Per how many."""
        return f"rate per {self.per:,}"

    @property
    def zero_when_empty(self) -> bool:
        """None is a number too."""
        return True

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rules by which its records, and the populations, are counted."""
        yield self.of, CountRule(self)
        yield POPULATIONS, PopulationRule.of(self, related.tables[POPULATIONS])

    def conditions_declared(self, records: str) -> Iterator[tuple[str, Condition]]:
        """Yield those on its own records, or those on the populations."""
        yield from (self.population if records == POPULATIONS else self.where).items()

    def population_of(self, counts: PlaceCounts, period: Period | None) -> int | None:
        """Return the population that was given for a period, never another period's; None where none was."""
        given = [counts.marks.get((status, period.every if period else "")) for status in ("met", "excluded")]
        return given[0] if given[0] is not None else None if given[1] is None else 0

    def figure(self, place: Place) -> Figure:
        """Return the number over the population. Until its period is over it can only rise."""
        met, population = Fraction(place.here.met), place.population
        if not population:
            return Figure("no data", numerator=met, remarks=tuple(self._lacks(place)))
        value = met * self.per / population
        status = status_of(self.standard, value, complete=place.complete)
        return Figure(status, value, value, value if place.complete else None, numerator=met, denominator=population)

    def _lacks(self, place: Place) -> Iterable[str]:
        """Yield why there is no rate."""
        if place.period is None:
            yield "a rate needs periods: measure with every=, such as every='financial-year'"
        elif place.population == 0:
            yield f"the population given for {place.period.label} is 0"
        else:
            yield f"no population is given for {place.period.label}" + (" and this group" if place.group else "")

    @model_validator(mode="after")
    def _of_records(self) -> Self:
        check_conditions("population", self.population, POPULATIONS)
        return self
