"""Rates per population: how many records there were for so many homes, people or households."""

from collections.abc import Iterable, Iterator, Mapping
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
from ombudsman_kpi.records.conditions import Condition, ConditionField
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import PERIOD

POPULATIONS, NUMBER = "populations", "number"


_PeriodAndGroup = tuple[Period | str | None, ...]


def _within_one_another(groups: Iterable[_PeriodAndGroup]) -> Iterator[tuple[_PeriodAndGroup, _PeriodAndGroup]]:
    """Yield each group of a period of which another is a part, with that part: an empty cell stands for all.

    >>> [*_within_one_another([(None, "a", None), (None, "a", "b"), (None, "c", "b")])]
    [((None, 'a', None), (None, 'a', 'b'))]
    """
    by_filled: dict[frozenset[int], dict[_PeriodAndGroup, None]] = {}
    for group in groups:
        filled = frozenset(place for place, item in enumerate(group) if item is not None)
        by_filled.setdefault(filled, {})[group] = None
    for few, wholes in by_filled.items():
        for part in (part for filled, parts in by_filled.items() if few < filled for part in parts):
            whole = tuple(item if place in few else None for place, item in enumerate(part))
            if whole in wholes:
                yield whole, part


class PopulationRule(Rule):
    """Each number of a population, in the period that it is given for: a quarter has none of a year's.

    The mark says of which kind the period is; a number of 0 counts as one that is left out, since no rate is per 0.
    """

    target: "Rate"

    counted_as = "population"

    @classmethod
    def of(cls, target: "Rate", table: Table) -> "PopulationRule":
        """Return the rule.

        Raises ``RecordsError``, which names the rows, where two give a number of one period and group, or one gives
        that of a group and another that of a part of it: both would be added up.
        """
        rule = cls(target)
        rule.fields(table)
        named = {column: name for name, column in table.columns.items()}
        others = [name for column in table.source.names if (name := named.get(column, column)) not in {PERIOD, NUMBER}]
        chosen = [name in target.population for name in others]  # a kind that isn't chosen is no part of another
        rows: dict[_PeriodAndGroup, str] = {}
        for batch in table.batches([PERIOD, *others]):
            texts = zip(*(batch.text(name).to_pylist() for name in (PERIOD, *others)), strict=True)
            for position, (label, *group) in enumerate(texts):
                row = batch.row_name(position)
                if label is None:
                    raise RecordsError(f"{batch.label} {row} has no period. Say for which one it gives the number.")
                period = table.period_of(label)
                key = (period, *("" if it is None and mine else it for it, mine in zip(group, chosen, strict=True)))
                if key in rows:
                    raise RecordsError(
                        f"{table.label}: {rows[key]} and {row} give the number of {period.label}, for one group. Keep "
                        "one row for each period and group."
                    )
                rows[key] = row
        for whole, part in _within_one_another(rows):
            names = [name for name, it, own in zip(others, part[1:], whole[1:], strict=True) if it != own]
            raise RecordsError(
                f"{table.label}: {rows[part]} gives the number of a part of what {rows[whole]} gives it of, where "
                f"{' and '.join(names)} is empty, and both would be added up. Keep the parts, or the total."
            )
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
    per: int = Field(gt=0, strict=True, description="Per how many of the population, such as 1000")
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
