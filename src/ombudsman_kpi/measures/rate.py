"""Rates per population: how many records there were for so many homes, people or households."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.arrow_memory import present
from ombudsman_kpi.arrays.exact import Fractions, times
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.periods import EVERY, Period
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import NONE, fields_of_conditions
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figures, Said
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.selected import Dated, check_conditions
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.measures.count import CountRule, status_of
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import ConditionField
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

    def rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rules by which its records, and the populations, are counted."""
        yield self.of, CountRule(self)
        yield POPULATIONS, PopulationRule.of(self, related.tables[POPULATIONS])

    def population_of(self, places: Places) -> Integers:
        """Return the populations that were given for these periods, never another period's."""
        first = places.periods[0]
        given, none = (places.number(status, first.every if first else "-") for status in ("met", "excluded"))
        return np.select([given != 0, none != 0], [given, 0], MISSING)

    def figures(self, places: Places) -> Figures:
        """Return the numbers over the populations. Until its period is over one can only rise."""
        known, complete = places.population > 0, places.complete
        value = Fractions(times(places.met, self.per), np.where(known, places.population, 0))
        met, population = Fractions.whole(places.met), np.where(known, places.population, MISSING)
        return Figures(
            status_of(self.standard, value, complete), value, value, value.where(complete), met, population,
            say=lambda row: Said() if known[row] else Said(words=(self._lack(places, row),)),
        )  # fmt: skip

    def _lack(self, places: Places, row: int) -> str:
        """Return why there is no rate."""
        period = places.period(row)
        if period is None:
            return "a rate needs periods: measure with every=, such as every='financial-year'"
        if places.population[row] == 0:
            return f"the population given for {period.label} is 0"
        return f"no population is given for {period.label}" + (" and this group" if places.groups[0] else "")

    @model_validator(mode="after")
    def _of_records(self) -> Self:
        check_conditions("population", self.population, POPULATIONS)
        return self
