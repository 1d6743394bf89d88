"""The states of a batch's records in the making: each record gets the first state that fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.choosing import kept
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import AsKnownBatch, KnownTimes
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.conditions import Condition

NONE = -1  # no elapsed time: the clock never ran, there is none, or the record contradicts itself

READ_TWICE = "the same record again"  # all cells alike: one of them is counted

Ending = Literal["open", "stopped", "withdrawn", "abandoned", "excluded", "invalid"]


class State(NamedTuple):
    """How a record stands: how its clock ended, and for what isn't counted, why."""

    ending: Ending
    reason: str = ""


def not_yet(name: str) -> str:
    """Return words for a time that hasn't come.

    >>> not_yet("received_at"), not_yet("investigation_started_at")
    ('not yet received', 'investigation not yet started')
    """
    if name == "at":
        return "not yet happened"
    *what, done = name.removesuffix("_at").split("_")
    return " ".join([*what, "not yet", done])


def fields_of_conditions(conditions: Mapping[str, Condition], table: Columns, target: str) -> list[str]:
    """Return the names of the fields that conditions look at. Raises ``RecordsError`` where one isn't there."""
    fields = [table.resolve(name, f"target {target!r}") for name in conditions]
    return fields + [source for name in conditions if (source := table.known_from(name)) is not None]


def fields_of_identity(table: Columns) -> list[str]:
    """Return the name of the field that tells records apart, where some of them share theirs."""
    if table.id_field is not None and table.fields[table.id_field].required and not table.is_weighted:
        table.resolve(table.id_field, f"every one of {table.name}")
    return [] if table.doubtful_ids is None else [str(table.id_field)]


def refuse_walls(moments: KnownTimes, known: AsKnownBatch, name: str, target: str) -> None:
    """Raise ``RecordsError`` where a field has timestamps without a zone."""
    if moments.times.kind == "walls" and not moments.times.dates_alone().all():
        table = known.batch.table
        raise RecordsError(
            f"{table.label}: {table.column_of(name)} has timestamps without a zone, which target {target!r} refuses. "
            f"Say whose clock they show, for example with .dt.tz_localize({known.setting.zone.name!r})."
        )


@dataclass
class StateBuilder:
    """Builds the states of a batch's records for one target: each record keeps the first state that it gets."""

    known: AsKnownBatch
    target_id: str
    in_days: bool = True
    states: list[State] = field(default_factory=lambda: [State("open")])
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.size = len(self.known.batch)
        self.state = np.zeros(self.size, np.uint8)
        self.zone = self.known.setting.zone
        self.calendar = self.known.setting.calendar
        self.mark(self.known.batch.repeats, "excluded", READ_TWICE)

    def mark(self, where: Truths | None, ending: Ending, reason: str = "") -> None:
        """Set the state of those records that have none yet."""
        if where is None or not np.count_nonzero(where):
            return
        self.state += (where & (self.state == 0)).view(np.uint8) * np.uint8(self.code_of(State(ending, reason)))

    def code_of(self, state: State) -> int:
        """Return the number of a state."""
        if state not in self.states:
            self.states.append(state)
        return self.states.index(state)

    def name(self, field_name: str) -> str:
        """Return the field that stands for one."""
        if field_name not in self._names:
            self._names[field_name] = self.known.batch.table.resolve(field_name, f"target {self.target_id!r}")
        return self._names[field_name]

    def moments(self, name: str) -> KnownTimes:
        """Return a field's times, and their instants where the clock doesn't run in days."""
        return self.known.moments(name, instants=not self.in_days)

    def mark_later(self, name: str) -> None:
        """Leave out the records that begin later: nothing of them is known."""
        moments = self.moments(name)
        if moments.complete:
            return
        self.mark(moments.times.present & ~moments.happened, "excluded", not_yet(name))

    def mark_not_concerned(self, conditions: Mapping[str, Condition]) -> None:
        """Leave out the records that conditions leave out; count unknown words as contradictions."""
        for name, condition in conditions.items():
            own = self.name(name)
            self.mark(self.known.unknown_choices(own), "invalid", f"{own} has an unknown value")
            declared = self.known.batch.table.fields.get(own)
            if declared is not None and declared.required and declared.kind != "time":
                self.mark(~self.known.words(own).present, "invalid", f"{own} is missing")
            self.mark(~self.known.fulfils(own, condition), "excluded", condition.describe(own))

    def mark_identity(self) -> None:
        """Mark records without an id where their kind has one, and those that share theirs."""
        batch = self.known.batch
        if batch.shares_id is None:
            return
        name = str(batch.table.id_field)
        if batch.table.doubtful_ids.null_count:
            self.mark(~batch.is_filled(name), "invalid", f"{name} is missing")
        self.mark(batch.shares_id, "invalid", f"{name} is not unique")

    def mark_unusable(self, name: str, *, refuse_naive: bool = False) -> None:
        """Mark what can't be a time of this record: no real date, a skipped hour, a day nobody covers."""
        moments = self.moments(name)
        if refuse_naive:
            refuse_walls(moments, self.known, name, self.target_id)
        for mask, reason in moments.faults:
            self.mark(mask, "invalid", reason)

    def mark_missing(self, name: str) -> None:
        """Mark the records that lack the day on which they begin, and must have one: they contradict themselves."""
        table, moments = self.known.batch.table, self.moments(name)
        declared = table.fields.get(name)
        if moments.complete:
            return
        if table.dated_by_period(name):
            self.mark(~moments.times.present, "invalid", "period is missing")
        elif declared is not None and declared.required:
            self.mark(~moments.times.present, "invalid", f"{name} is missing")

    def mark_not_begun(self, name: str) -> None:
        """Leave out the records that haven't begun."""
        moments = self.moments(name)
        if not moments.complete:
            self.mark(~moments.happened, "excluded", not_yet(name))


def dated(builder: StateBuilder, name: str, conditions: Mapping[str, Condition]) -> Integers:
    """Return the day of each record by one field; ``MISSING`` where it has none, and its state says why."""
    own = builder.name(name)
    builder.mark_later(own)
    builder.mark_not_concerned(conditions)
    builder.mark_identity()
    builder.mark_unusable(own)
    builder.mark_missing(own)
    builder.mark_not_begun(own)
    moments = builder.moments(own)
    return kept(moments.days, moments.usable, MISSING)
