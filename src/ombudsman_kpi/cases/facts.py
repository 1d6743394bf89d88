"""The data of a deadline: days off, pauses, the basis, and amounts in words."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from ombudsman_kpi.clocks.outcomes import OutcomeStatus
from ombudsman_kpi.measures.base.target import Records
from ombudsman_kpi.records.cells.field_types import OPTIONAL_TIME_SCHEMA, parse_time
from ombudsman_kpi.records.models import Model
from ombudsman_kpi.records.vocabulary import Party, summarised


def _read_moment(value: object) -> object:
    return parse_time(value) if isinstance(value, str) else value


# A day, or an instant with the offset of the scheme's zone.
Moment = Annotated[date | datetime | None, BeforeValidator(_read_moment), WithJsonSchema(OPTIONAL_TIME_SCHEMA)]


class Fact(Model):
    """The base of a deadline's data: immutable, and written to JSON without loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return summarised(handler(schema), handler)


class DayOff(Fact):
    """A day that isn't counted, and its name."""

    day: date
    name: str = Field(description="Saturday, Sunday, the name of a bank holiday, or closure")


class Pause(Fact):
    """Days on which the clock was paused; of a clock that runs in hours or seconds, from when to when."""

    first: Annotated[date | datetime, BeforeValidator(_read_moment)]
    last: Moment = Field(description="The last paused day, or when it ran again; null while it still stands")


class DeadlineBasis(Fact):
    """The basis of deadlines: the scheme, the calendar and ``as_of``."""

    model_config = ConfigDict(title="Basis")

    scheme: str = Field(description="The scheme's id")
    title: str
    digest: str = Field(description="Of everything the scheme declares")
    division: str = Field(description="Whose bank holidays count: a division of the United Kingdom, or another place")
    calendar: str = Field("", description="Where its days off come from, if not from the rules")
    usual_weekends: bool = Field(default=True, description="Whether Saturdays and Sundays are off, and no other day")
    edition: str = Field(description="Of the calendar: another one means that some day may count otherwise")
    announced_until: date = Field(description="The last day up to which bank holidays have been announced")
    time_zone: str
    as_of: str = Field(description="The date at whose close, or the instant at which, this was known")


class DeadlineFacts(Fact):
    """The deadline of one record under one target, with everything that its explanation needs."""

    record: Records = Field(description="The kind of record")
    id: str | None = Field(description="The record's id, or of an order its case's")
    target: str = Field(description="The target's id")
    measure: str = Field("share within", description="share within, keep in touch or delays explained")
    says: str = Field(description="The words of the commitment, as published")
    party: Party | None = Field(None, description="With whom contact is due")
    status: OutcomeStatus = Field(description="How it stands at as_of")
    reason: str = Field("", description="Why, where that isn't plain; of an invalid record, how it contradicts itself")
    due: Moment = Field(None, description="The last day (or time) that is in time")
    elapsed: float | int | None = Field(None, description="How much was used, without pauses")
    left: float | int | None = Field(None, description="How much is left, or was at the end; below 0: late")
    unit: str = Field("", description="Of elapsed and left")
    left_unit: str | None = Field(None, description="Of left, where that is another one: days, of a limit in months")
    limit: str = Field("", description="How long it may take")
    limits: str = Field("", description="Of several limits the one that holds, and where")
    first_due: Moment = Field(None, description="When it was due before it was extended")
    extended_by: str = Field("", description="How far it was extended, where that is as far as can be")
    started_by: str | None = Field(None, description="The field that started the clock")
    started_on: str = Field("", description="What day started the clock, where no field did")
    recorded: Moment = Field(None, description="What the record has there")
    start: Moment = Field(None, description="The day (or time) from which the clock counts")
    day_1: date | None = Field(None, description="The first counted day")
    opens: Moment = Field(None, description="When the office opened next, where it was closed at the start")
    ended_by: str | None = Field(None, description="The field that ended the clock")
    stop: Moment = Field(None, description="When it ended")
    waits_for: tuple[str, ...] = Field((), description="The fields that can stop it")
    days_off: tuple[DayOff, ...] = Field((), description="The bank holidays and closures among the days looked at")
    pauses: tuple[Pause, ...] = Field((), description="When the clock stood still")
    gross: float | int | None = Field(None, description="How much was used as if it had never stood still")
    options: dict[str, str] = Field(default_factory=dict, description="The clock's options in force")
    names: dict[str, str] = Field(default_factory=dict, description="What a letter calls the record and its fields")
    provisional: bool = Field(default=False, description="Whether a bank holiday may still be announced")
    basis: DeadlineBasis = Field(description="What it was worked out by")

    @property
    def left_in(self) -> str:
        """The unit of what is left."""
        return self.left_unit or self.unit


def left_text(left: float, unit: str) -> str:
    """Return the time left as text, or the time by which it is late.

    >>> left_text(3, "days"), left_text(-1, "working days")
    ('3 days left', '1 working day over')
    """
    return f"{amount_of(abs(left), unit)} {'over' if left < 0 else 'left'}"


def amount_of(number: float | None, unit: str) -> str:
    """Return an amount of a unit as text; parts of hours are in minutes and seconds.

    >>> amount_of(1, "working days"), amount_of(-20.5, "hours"), amount_of(None, "days")
    ('1 working day', '-20 hours 30 minutes', '–')
    >>> amount_of(1.5, "working hours"), amount_of(0.25, "working hours")
    ('1 working hour 30 minutes', '15 working minutes')
    """
    if number is None:
        return "–"
    if unit == "working hours":
        return amount_of(number, "hours").replace(" ", " working ", 1)
    if unit not in {"hours", "seconds"} or (unit == "seconds" and abs(number) < 120):
        return _many(number, unit)
    seconds = round(abs(number) * (3600 if unit == "hours" else 1), 6)
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    parts = [(hours, "hours"), (minutes, "minutes"), (round(seconds - hours * 3600 - minutes * 60, 6), "seconds")]
    return "-" * (number < 0) + (" ".join(_many(*part) for part in parts if part[0]) or _many(0, unit))


def _many(number: float, unit: str) -> str:
    amount = f"{number:,.6f}".rstrip("0").rstrip(".")
    return f"{amount} {unit[:-1] if abs(number) == 1 else unit}"
