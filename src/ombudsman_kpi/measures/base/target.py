"""What every measure is: a declaration, from which its rules, its figure and all that is shown of it follow."""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.calendars.periods import Every, Grain, grain_of
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.due_days import HasDueDays
from ombudsman_kpi.clocks.has_clock import TimedClock
from ombudsman_kpi.clocks.judging import LimitedClock
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import STATUSES, Assessed, Cohort, CountedBy, Outcome, OutcomeStatus
from ombudsman_kpi.clocks.states import State
from ombudsman_kpi.clocks.timeline import SharedClock
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.events.reopenings import Again
from ombudsman_kpi.measures.base.figures import NO_TARGET, Figures, MonthlyFigures, Said, in_every_month, once_matured
from ombudsman_kpi.measures.base.in_force import InForce
from ombudsman_kpi.measures.base.named import Named
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.standard import Direction, StandardField
from ombudsman_kpi.measures.base.wording import Wording
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition, LetterNames, is_none
from ombudsman_kpi.records.vocabulary import RecordKind

Records = RecordKind

CASE = "case_id"  # the field by which the records of a case belong together

DueChain = tuple[tuple[Limit, Clock], ...]  # limits, each of which counts on from where the one before it ends

_NO_WEEKS = "the standard is for every month: measure with every='month', or a longer period"
MEASURES: dict[str, type["Target"]] = {}  # each measure by its name, in the order of the registry, which fills it


@dataclass(frozen=True)
class Rule(ABC):
    """How the records of one kind are assessed for one target."""

    target: "Target"

    counted_as: ClassVar[CountedBy | None] = None  # what isn't judged, but counted beside the records: populations

    @abstractmethod
    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that it reads. Raises ``RecordsError`` where one isn't there."""

    @abstractmethod
    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of a batch."""

    @abstractmethod
    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which records of a batch have the same outcome at any later day, whatever may still come."""

    def shared_clock(self, known: AsKnownBatch) -> SharedClock | None:
        """Return the clocks of a batch where state and elapsed time say all; None where they don't.

        What differs in nothing but the limit is then counted once, and judged by each limit at the end.
        """
        return None

    def judge_shared(
        self, states: tuple[State, ...], state: NDArray[np.integer], elapsed: Integers
    ) -> tuple[NDArray[np.intp], tuple[Outcome, ...], Integers]:
        """Return the outcome of each of some clocks that were shared, as a position in a list of outcomes.

        And the elapsed times as they are shown.
        """
        raise TypeError(f"{type(self).__name__} shares no clock.")


class Target(Named):
    """What every target has: its words, its records, its headline cohort and its standard.

    A measure is a subclass. It must have ``measure`` (a ``Literal`` of its name), ``example``, ``rule_types``,
    ``reads``, ``own_rules`` and ``figures``; all else has a default that a measure of its own kind overrides.
    """

    source: str | None = Field(None, description="Where it is published, if not in the scheme's own source")
    reading: str | None = Field(None, description="What the scheme chose where the words leave it open")
    in_force: InForce | None = Field(None, description="The days on which it held, if not those of the scheme")
    names: LetterNames
    of: Records = Field(description="The records that it is measured on")
    cohort: Cohort = Field(description="The headline cohort: which records belong to a period")
    standard: StandardField | None = Field(None, description="The published figure; none where it is unstated")
    met_when: Literal["every month"] | None = Field(
        None,
        exclude_if=is_none,
        description="The standard is for every month of a period: lost with the first that is",
    )
    complete: Literal["matured"] | None = Field(
        None, exclude_if=is_none, description="Those received in a period are shown once none of them is pending"
    )

    example: ClassVar[str]  # the keys of a target of this measure, as a scheme file has them; without id and says
    rule_types: ClassVar[tuple[type[Rule], ...]]  # those that ``own_rules`` makes
    words: ClassVar[Wording] = Wording()  # for what it waits for

    counted_daily: ClassVar[bool] = False  # day by day, whatever the periods are: a stock is carried over
    daily: ClassVar[tuple[OutcomeStatus, OutcomeStatus]] = ("overdue", "late")  # what joins such a stock, and leaves it
    counts_besides: ClassVar[tuple[CountedBy, ...]] = ()  # what is counted beside its cohorts
    in_time: ClassVar[bool] = False  # whether what is met was in time
    shows_met: ClassVar[bool] = False  # whether the records counted are those met, not what its value is a share of
    is_change: ClassVar[bool] = False  # whether its value has a sign, and its standard says in which direction
    better: ClassVar[Direction | None] = None  # which way its value is better, where no standard says so
    tells: ClassVar[tuple[str, ...]] = ()  # the numbers that stand beside its value, by name
    part_of: ClassVar[str | None] = None  # the column that its met and those of other kinds or bands add up to
    carries_over: ClassVar[bool] = False  # whether what is left at the end of a period is there in the next
    obliges: ClassVar[bool] = False  # whether something is due on each record by it

    # What it counts.

    @property
    @abstractmethod
    def reads(self) -> Mapping[Records, str | None]:
        """The kinds of record that it reads, each with the field whose equal values must be read together.

        None where any split will do. Where several kinds have a field, they are read together too.
        """

    def rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rules by which it is assessed: its own, or on a table of shares the one for that."""
        if self.share_rule is not None and related.tables[self.of].has_shares:
            return iter([(self.of, self.share_rule)])
        return self.own_rules(related)

    @abstractmethod
    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rules by which records are assessed, with the kind of records that each is for."""

    def key_of(self, records: str) -> str | None:
        """Return the field whose equal values must be read together, of a kind of record that it may read."""
        return next((key for kind, key in self.reads.items() if kind == records), None)

    @property
    def needs(self) -> tuple[Records, ...]:
        """The kinds of record without which it can't be measured."""
        return tuple(self.reads)

    @property
    def follows_events(self) -> bool:
        """Whether it is measured on records together with what their events say."""
        return sum(key is not None for key in self.reads.values()) > 1

    @property
    def in_order(self) -> bool:
        """Whether it matters which of some records stands first."""
        return False

    @property
    def drawn_from(self) -> str | None:
        """The target whose number says what its sample was drawn from."""
        return None

    def population_of(self, places: Places) -> Integers:
        """Return the sizes of the populations that samples are drawn from, or rates are per; ``MISSING`` for none."""
        return places.met

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """The cohorts that the target can be measured by."""
        return (self.cohort,)

    @property
    def from_periods(self) -> bool:
        """Whether rows of a published table, with a count and the label of a period, will do."""
        return False

    @property
    def share_rule(self) -> Rule | None:
        """The rule for rows that say how many of their records met it; None where no row can have such a share."""
        return None

    @property
    def selects(self) -> Mapping[str, Condition]:
        """The conditions on the records that it applies to."""
        return {}

    @property
    def conditions(self) -> tuple[str, ...]:
        """The fields by which it chooses rows of a published table."""
        return ()

    @property
    def words_of_conditions(self) -> frozenset[str]:
        """What is said of the records that its conditions leave out."""
        return frozenset()

    def conditions_declared(self, records: str) -> Iterator[tuple[str, Condition]]:
        """Yield all conditions that it declares on fields of records that it reads."""
        for value in vars(self).values():
            if isinstance(value, Mapping):
                yield from ((name, item) for name, item in value.items() if isinstance(item, Condition))

    def grain_for(self, every: Every | None) -> Grain:
        """Return the periods in which it is counted for a reporting period."""
        return "day" if self.counted_daily else "month" if self.met_when and every is None else grain_of(every)

    @property
    def limits(self) -> tuple[DueChain, ...]:
        """Its limits, each with the options of its clock, and with those that count on from its end."""
        return ()

    @property
    def decided_on(self) -> date | None:
        """The one day that decides it, whatever the periods are."""
        return None

    @property
    def why_unmeasured(self) -> str | None:
        """Why it is never measured; None where it is."""
        return None

    def misfits(self, related: Related) -> Mapping[Misfit, int]:
        """Return what wasn't understood of the events that it is measured with, and how often."""
        return related.log if "cases" in self.needs else {}

    @staticmethod
    def in_bands(bands: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Return the keys of the target that each band becomes. Raises ``ValueError`` for what can't be one."""
        return bands

    def check_references(self, targets: Mapping[str, "Target"]) -> None:
        """Raise ``ValueError`` where it lacks another target, or that isn't of the kind that it needs."""

    def check_by_calendar(self, calendar: WorkingCalendar) -> None:
        """Raise ``ValueError`` where a limit can't be counted by a calendar, or none can keep it."""
        for limit, clock in (pair for chain in self.limits for pair in chain):
            limit.axis(calendar, clock)

    def from_layout_1(self, outcome: Outcome) -> Outcome:
        """Return an outcome of a tally that had no marks: what a mark says now was read off the reason."""
        return outcome

    # What is worked out of it.

    @property
    def reads_times(self) -> bool:
        """Whether its figure is of times, not of numbers of outcomes alone."""
        return False

    @abstractmethod
    def figures(self, places: Places) -> Figures:
        """Return its figures in some places: a row for each period and group."""

    def figures_in(self, places: Places, cohort: CountedBy, months: MonthlyFigures | None = None) -> Figures:
        """Return its figures in some places, as the keys that all measures have want it.

        ``months`` are those of longer periods in which something was counted, where its standard is for each.
        """
        figures, period = self.figures(places), places.periods[0]
        if self.met_when is not None and period is not None and period.every == "week":
            weekly = replace(figures, status=np.full(len(places), NO_TARGET), headroom=None)
            figures = weekly.adding(lambda row: Said(words=(_NO_WEEKS,)))
        elif months is not None:
            figures = in_every_month(figures, months, places.complete)
        matured = self.complete == "matured" and cohort == "received"
        return once_matured(figures, places) if matured else figures

    @property
    def unit(self) -> str:
        """The unit of its value: share, number, or a unit of time."""
        return "share"

    @property
    def standard_unit(self) -> str:
        """The unit that its standard is written in."""
        return {"share": "%", "number": ""}.get(self.unit, self.unit)

    @property
    def standard_wanted(self) -> str:
        """How its standard is written."""
        if self.unit == "share":
            return "a share is published in per cent, such as 'at least 98%'"
        example = "at least 4" if self.unit == "number" else f"at most 20 {self.unit}"
        return f"its unit is {self.unit}; write it like {example!r}"

    @property
    def zero_when_empty(self) -> bool:
        """Whether a period without a record has a figure all the same: the number 0."""
        return False

    # How it is shown.

    @property
    def options(self) -> dict[str, str]:
        """The options in force, to be printed with every result."""
        return {}

    @property
    def standard_limit(self) -> Limit | None:
        """The limit that its standard is a share of."""
        return None

    @property
    def met_words(self) -> str:
        """What is said of the records that are met, behind their number: upheld, in time."""
        return "in time" if self.in_time else ""

    @property
    def is_share(self) -> bool:
        """Whether its value is a share of records, so that those met and those missed are shown beside it."""
        return self.unit == "share" and not self.is_change

    @property
    def improves(self) -> Direction | None:
        """Which way its figure is better, by its standard or its measure; None for a change, which its figure shows."""
        return None if self.is_change else (self.standard and self.standard.better) or self.better

    @property
    def reasons_shown(self) -> Container[OutcomeStatus]:
        """The statuses whose reasons are shown beside its value."""
        return STATUSES

    # What it says of one record.

    @property
    def time_allowed(self) -> Limit | None:
        """How long what is due may take; of an explanation, how long after what it explains was due."""
        return None

    @property
    def limited_clock(self) -> LimitedClock | None:
        """The target itself, where it has a clock with a limit."""
        return None

    @property
    def timed_clock(self) -> TimedClock | None:
        """The target itself, where each record has one time by it, that it took or has taken so far."""
        return None

    def again(self, known: AsKnownBatch, related: Related) -> Again | None:
        """Return the clocks of the records that were reopened, beside those of a batch or instead; None: none."""
        return None

    @property
    def has_due_days(self) -> HasDueDays | None:
        """The target itself, where every record that it applies to has a due day by it, whatever its events say."""
        return None

    @property
    def judged_by_due_days(self) -> HasDueDays | None:
        """The target itself, where the due day of a record decides, and not its elapsed time."""
        return None

    @property
    def due_by_parts(self) -> bool:
        """Whether it says of whole records what is due in parts of them."""
        return False

    def account(
        self, known: AsKnownBatch, related: Related, start: date | None, stop: date | None
    ) -> Mapping[str, Any]:
        """Return what its clock doesn't say of one record: by what a part of it started and ended."""
        return {}

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The fields, or kinds of event, by which what is due is done."""
        return ()

    def telling(self, assessed: Assessed) -> Sequence[int]:
        """Return the places of those outcomes of one record that say something about it."""
        return range(len(assessed.code))

    def repeats(self, other: "Target") -> bool:
        """Return whether it says again of whole records what another target says of their parts."""
        return False

    @model_validator(mode="after")
    def _months_and_cohorts_fit(self) -> Self:
        if self.met_when is not None and self.standard is None:
            raise ValueError("met_when: there is no standard to be met; give one, or leave it out")
        if self.met_when is not None and (self.counted_daily or self.decided_on is not None):
            raise ValueError(f"met_when: it means nothing for the measure {self.measure!r}; leave it out")
        if self.complete is not None and "received" not in self.cohorts:
            raise ValueError("complete: only those received in a period can be pending; leave it out")
        return self

    @model_validator(mode="after")
    def _standard_in_its_unit(self) -> Self:
        if self.standard is not None and self.standard.unit != self.standard_unit:
            raise ValueError(f"standard: {self.standard_wanted}")
        return self
