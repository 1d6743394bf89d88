"""What a record owes to one target, as data: when it is due, how it stands, and all that is needed to say why."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from ombudsman_kpi.clocks.outcomes import Status
from ombudsman_kpi.errors import KpiError
from ombudsman_kpi.measures.targets import Party, Records
from ombudsman_kpi.records.vocabulary import OPTIONAL_TIME_SCHEMA, parse_time, summarised

if TYPE_CHECKING:
    from ombudsman_kpi.cases.explanation import Explanation
    from ombudsman_kpi.results.text_table import Table


def _read_moment(value: object) -> object:
    return parse_time(value) if isinstance(value, str) else value


# A day, or an instant with the offset of the scheme's zone.
Moment = Annotated[date | datetime | None, BeforeValidator(_read_moment), WithJsonSchema(OPTIONAL_TIME_SCHEMA)]


class Fact(BaseModel):
    """What deadlines are made of: it never changes, and goes to JSON and back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return summarised(handler(schema), handler)


class DayOff(Fact):
    """A day that isn't counted, and what it is called."""

    day: date
    name: str = Field(description="Saturday, Sunday, the name of a bank holiday, or closure")


class Pause(Fact):
    """Days on which the clock stood still."""

    first: date
    last: date | None = Field(description="The last paused day; null while it still stands")


class Basis(Fact):
    """What deadlines were worked out by: the scheme, the calendar, and the time that they were known at."""

    scheme: str = Field(description="The scheme's id")
    title: str
    digest: str = Field(description="Of everything the scheme declares")
    division: str = Field(description="Whose bank holidays count")
    edition: str = Field(description="Of the calendar: another one means that some day may count otherwise")
    announced_until: date = Field(description="The last day up to which bank holidays have been announced")
    time_zone: str
    as_of: str = Field(description="The date at whose close, or the instant at which, this was known")


class Deadline(Fact):
    """What one record owes to one target (and party): when it is due, and how it stands at ``as_of``.

    >>> from ombudsman_kpi import Case, deadlines, load_scheme
    >>> case = Case(case_id="24-00017", received_at="2024-03-30")
    >>> first = deadlines(load_scheme("lgsco"), case, as_of="2024-04-19")[0]
    >>> first.target, first.due.isoformat(), first.status, first.left
    ('decided-or-allocated-20wd', '2024-04-29', 'pending', 6)

    ``due`` is a date for what runs in days, else a time in the scheme's zone; None where there is none, as while a
    clock stands still. ``elapsed`` and ``left`` are in ``unit``: working days, days, hours or seconds. ``left`` is
    what is left of the limit, or was when the clock stopped; below 0 where that was late, or is overdue.
    """

    record: Records = Field(description="The kind of record")
    id: str | None = Field(description="The record's id, or of an order its case's")
    target: str = Field(description="The target's id")
    measure: str = Field("share within", description="share within, keep in touch or delays explained")
    says: str = Field(description="The words of the commitment, as published")
    party: Party | None = Field(None, description="With whom contact is due")
    status: Status = Field(description="How it stands at as_of")
    reason: str = Field("", description="Why, where that isn't plain; of an invalid record, how it contradicts itself")
    due: Moment = Field(None, description="The last day (or time) that is in time")
    elapsed: float | int | None = Field(None, description="How much was used, without pauses")
    left: float | int | None = Field(None, description="How much is left, or was at the end; below 0: late")
    unit: str = Field("", description="Of elapsed and left")
    limit: str = Field("", description="How long it may take")
    started_by: str | None = Field(None, description="The field that started the clock")
    recorded: Moment = Field(None, description="What the record has there")
    start: Moment = Field(None, description="The day (or time) from which the clock counts")
    day_1: date | None = Field(None, description="The first counted day")
    ended_by: str | None = Field(None, description="The field that ended the clock")
    stop: Moment = Field(None, description="When it ended")
    waits_for: tuple[str, ...] = Field((), description="The fields that can stop it")
    days_off: tuple[DayOff, ...] = Field((), description="The bank holidays and closures among the days looked at")
    pauses: tuple[Pause, ...] = Field((), description="When the clock stood still")
    gross: float | int | None = Field(None, description="How much was used as if it had never stood still")
    options: dict[str, str] = Field(default_factory=dict, description="The clock's options in force")
    provisional: bool = Field(default=False, description="Whether a bank holiday may still be announced")
    basis: Basis = Field(description="What it was worked out by")

    def __repr__(self) -> str:
        party = f" ({self.party})" if self.party else ""
        due = "no due day" if self.due is None else f"due {self.due}"
        left = f", {left_text(self.left, self.unit)}" if self.left is not None else ""
        return f"<Deadline {self.target}{party}: {due}, {self.status}{left}>"

    __str__ = __repr__

    def explain(self) -> "Explanation":
        """Say why that day, in plain English.

        >>> from ombudsman_kpi import Case, deadlines, load_scheme
        >>> case = Case(case_id="24-00017", received_at="2024-03-30", decided_at="2024-04-30")
        >>> why = deadlines(load_scheme("lgsco"), case, as_of="2024-05-31")[0].explain()
        >>> print(why.splitlines()[1])
        Day 1 was Tue 2 Apr 2024 (weekend and Easter Monday skipped).
        >>> [step.kind for step in why.steps]
        ['start', 'day 1', 'due', 'status', 'target', 'calendar']

        It is text, with ``steps`` (the same as data, with every day that was skipped) and ``to_markdown()``.
        """
        from ombudsman_kpi.cases.explanation import explanation_of

        return explanation_of(self)


class Finding(Fact):
    """Something in the records that contradicts itself, or isn't understood: of which record, and in which field."""

    record: Records = Field(description="The kind of record")
    row: int | None = Field(None, description="Its position in what was given; null for the record asked about")
    field: str | None = Field(None, description="The field that it is about")
    says: str = Field(description="What is wrong")

    def __str__(self) -> str:
        place = self.record if self.row is None else f"{self.record} row {self.row}"
        return f"{place}: {self.says}"


class DeadlinesJson(Fact):
    """The deadlines of one record, what is wrong with it, and which targets don't apply."""

    model_config = ConfigDict(title="Deadlines")

    deadlines: tuple[Deadline, ...]
    findings: tuple[Finding, ...]
    left_out: dict[str, str] = Field(description="The reason why each other target doesn't apply")


class Deadlines(list[Deadline]):
    """The deadlines of one record, in the order of the scheme.

    ``findings`` say what is wrong with the record; ``left_out`` which targets don't apply to it, and why.
    """

    def __init__(
        self,
        deadlines: Iterable[Deadline] = (),
        findings: Iterable[Finding] = (),
        left_out: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(deadlines)
        self.findings = tuple(findings)
        self.left_out = dict(left_out)

    def to_json(self) -> str:
        """Give deadlines, findings and what is left out as JSON."""
        return DeadlinesJson(deadlines=tuple(self), findings=self.findings, left_out=self.left_out).model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Deadlines":
        """Read what ``to_json`` gave. Raises ``KpiError`` for any other text."""
        try:
            read = DeadlinesJson.model_validate_json(text)
        except ValidationError:
            raise KpiError("This text is no deadlines: it isn't what Deadlines.to_json writes.") from None
        return cls(read.deadlines, read.findings, read.left_out)

    @property
    def table(self) -> "Table":
        """Lay them out for a reader."""
        from ombudsman_kpi.results.text_table import Table

        first = self[0] if self else None
        title = f"{first.record.removesuffix('s').replace('_', ' ').capitalize()} {first.id or ''}" if first else ""
        rows = [
            (
                item.target,
                item.party or "",
                item.status,
                str(item.due or "–"),
                amount_of(item.left, item.unit),
                item.reason,
            )
            for item in self
        ]
        return Table(
            title.strip() or "Nothing is due by this scheme",
            f"as at {first.basis.as_of} · {first.basis.title}, digest {first.basis.digest}" if first else "",
            ("Target", "Party", "Status", "Due", "Left", "Why"),
            (False, False, False, False, True, False),
            tuple(rows),
            (*(f"Finding: {item}" for item in self.findings), *self._why_not()),
        )

    def _why_not(self) -> Iterator[str]:
        """Say which targets don't apply, those of one reason together."""
        reasons: dict[str, list[str]] = {}
        for target, reason in self.left_out.items():
            reasons.setdefault(reason, []).append(target)
        for reason, targets in reasons.items():
            yield f"Doesn't apply ({reason}): {', '.join(targets)}"

    def __repr__(self) -> str:
        from ombudsman_kpi.results.text_table import as_text

        return as_text(self.table) if self else "\n".join([self.table.title, *self.table.footnotes])

    def _repr_html_(self) -> str:
        from ombudsman_kpi.results.text_table import as_html

        return as_html(self.table)


def left_text(left: float, unit: str) -> str:
    """Say what is left, or by how much it is over.

    >>> left_text(3, "days"), left_text(-1, "working days")
    ('3 days left', '1 working day over')
    """
    return f"{amount_of(abs(left), unit)} {'over' if left < 0 else 'left'}"


def amount_of(number: float | None, unit: str) -> str:
    """Write an amount of a unit; parts of hours in minutes and seconds.

    >>> amount_of(1, "working days"), amount_of(-20.5, "hours"), amount_of(None, "days")
    ('1 working day', '-20 hours 30 minutes', '–')
    """
    if number is None:
        return "–"
    if unit not in {"hours", "seconds"} or (unit == "seconds" and abs(number) < 120):
        return _many(number, unit)
    seconds = round(abs(number) * (3600 if unit == "hours" else 1), 3)
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    parts = [(hours, "hours"), (minutes, "minutes"), (round(seconds - hours * 3600 - minutes * 60, 3), "seconds")]
    return "-" * (number < 0) + (" ".join(_many(*part) for part in parts if part[0]) or _many(0, unit))


def _many(number: float, unit: str) -> str:
    amount = f"{number:,.3f}".rstrip("0").rstrip(".")
    return f"{amount} {unit[:-1] if abs(number) == 1 else unit}"
