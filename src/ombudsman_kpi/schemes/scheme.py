"""A scheme: a dated, sourced set of targets, with its calendar and its reports."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from ombudsman_kpi.calendars.announced import check_known_at
from ombudsman_kpi.calendars.bank_holidays import DIVISIONS, check_division
from ombudsman_kpi.calendars.dates import WEEKDAYS
from ombudsman_kpi.calendars.opening import OpeningHours, read_opening
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.calendars.time_zones import TimeZone, time_zone
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.clocks.extensions import Extension
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.measures.base.in_force import InForce
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.records.conditions import Declaration, is_none
from ombudsman_kpi.records.models import ReadBy
from ombudsman_kpi.schemes.disclosure import Disclosure
from ombudsman_kpi.schemes.place import CALENDAR_KEYS, Elsewhere, ListedHolidays, OwnDays, check_one_calendar, keeping

PUBLISHED = "published"  # of such a scheme the tests have checked what a calendar is needed for

WRITTEN_AS = {"targets": "target", "reports": "report"}  # a file writes them as [[target]] and [[report]]


_SPAN = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
OpeningField = Annotated[
    OpeningHours,
    ReadBy(read_opening, lambda hours: hours.written),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name.lower(): {"anyOf": [_SPAN, {"type": "array", "items": _SPAN}]} for name in WEEKDAYS},
            "additionalProperties": False,
            "minProperties": 1,
        }
    ),
]


class Report(Declaration):
    """The targets that are reported to one audience, and how often."""

    audience: str = Field(min_length=1, description="To whom it is reported")
    every: Every | None = Field(None, description="How often")
    by_exception: bool = Field(default=False, description="Reported only when something happens, not on a cycle")
    says: str | None = Field(None, description="The words about it, as published")
    reading: str | None = Field(None, description="What the scheme chose where the words leave it open")
    targets: tuple[str, ...] = Field(description="The ids of the targets that are reported")


def _with_divisions(schema: dict[str, Any]) -> None:
    """Let the JSON Schema list the divisions that there are."""
    schema.update(enum=[*DIVISIONS])
    del schema["default"]


def _class_of(entry: Mapping[str, Any]) -> type[Target]:
    """Return the class of target that an entry's measure names."""
    measure = entry.get("measure", "share within")
    if not isinstance(measure, str) or measure not in MEASURES:
        raise ValueError(f"there is no measure {measure!r}. {one_of(measure, MEASURES)}")
    return MEASURES[measure]


def _read_target(entry: Any) -> Any:
    """Return a target of the class of its measure, so that an error names the keys of that measure alone."""
    return _class_of(entry).model_validate(entry) if isinstance(entry, Mapping) else entry


class Scheme(Declaration):
    """A dated, sourced set of targets with its calendar and reporting cycles.

    >>> from ombudsman_kpi import load_scheme
    >>> scheme = load_scheme("lgsco")
    >>> scheme["intake-calls-60s"].says
    '90% of Intake calls answered within 60 seconds'
    >>> changed = scheme.with_target("intake-calls-60s", standard="at least 95%")
    >>> changed.digest == scheme.digest
    False
    """

    model_config = ConfigDict(serialize_by_alias=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="A short name of the scheme")
    title: str = Field(min_length=1, description="What stands above its results")
    source: str = Field(min_length=1, description="The document that publishes it")
    division: Annotated[str, AfterValidator(check_division)] = Field(
        "", description="Whose bank holidays count", json_schema_extra=_with_divisions
    )
    closures: OwnDays = Field((), description="The office's own days off: dates, or rules such as RRULE:FREQ=YEARLY;…")
    known_at: Annotated[date, AfterValidator(check_known_at)] | None = Field(
        None,
        exclude_if=is_none,
        description="The bank holidays are those that GOV.UK's list had at the close of this day",
    )
    bank_holidays: ListedHolidays | None = Field(
        None,
        exclude_if=is_none,
        description="A bank-holidays.json of GOV.UK, beside this file, in place of the rules",
    )
    place: Elsewhere | None = Field(
        None, alias="calendar", exclude_if=is_none, description="Whose holidays count outside the United Kingdom"
    )
    opening: OpeningField | None = Field(
        None,
        exclude_if=is_none,
        description="The opening hours, for limits in working hours: from when to when, or several of these",
    )
    time_zone: str = Field("Europe/London", description="The zone whose clock gives a timestamp its day")
    in_force: InForce | None = Field(None, description="The days on which it held, as far as its document says")
    disclosure: Disclosure | None = Field(None, exclude_if=is_none, description="What isn't published of small numbers")
    targets: tuple[Annotated[SerializeAsAny[Target], BeforeValidator(_read_target)], ...]
    reports: tuple[Report, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _existing_zone(cls, name: str) -> str:
        return time_zone(name).name

    @model_validator(mode="after")
    def _check(self) -> "Scheme":
        check_one_calendar(vars(self))
        ids = [target.id for target in self.targets]
        if not ids:
            raise ValueError("there is no target; write [[target]] for each, with its keys below")
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two targets are called {twice!r}; each id can be used once")
        named = {target.id: target for target in self.targets}
        for target in self.targets:
            target.check_references(named)
        for report in self.reports:
            for place, name in enumerate(report.targets):
                if name in report.targets[:place]:
                    raise ValueError(f"the report to {report.audience} names {name!r} twice")
                if name not in ids:
                    raise ValueError(
                        f"the report to {report.audience} names {name!r}, which isn't a target. {one_of(name, ids)}"
                    )
        return self

    @model_validator(mode="after")
    def _check_by_calendar(self, info: ValidationInfo) -> "Scheme":
        for target in self.targets if info.context != PUBLISHED else ():
            try:
                target.check_by_calendar(self.calendar)
            except SchemeError as error:
                raise ValueError(f"target {target.id}: {error}") from None
        return self

    @cached_property
    def calendar(self) -> WorkingCalendar:
        """The working days of the scheme's division or place, less its closures; with its opening hours."""
        if self.place is not None:
            calendar = self.place.calendar()
        else:
            calendar = WorkingCalendar.uk(
                self.division, closures=self.closures, known_at=self.known_at, bank_holidays=self.bank_holidays
            )
        return calendar if self.opening is None else calendar.opened(self.opening, self.time_zone)

    @property
    def zone(self) -> TimeZone:
        """The clock changes of the scheme's place."""
        return time_zone(self.time_zone)

    def kinds_of(self, records: str) -> frozenset[str] | None:
        """Return the kinds of some records that targets name; None where a target takes all, or none is of them.

        >>> from ombudsman_kpi import load_scheme
        >>> sorted(load_scheme("lgsco").kinds_of("requests"))
        ['post-decision-review', 'service-complaint']
        """
        used: set[str] = set()
        for target in self.targets:
            if records != target.of and records not in target.reads:
                continue
            named = [condition for name, condition in target.conditions_declared(records) if name == "kind"]
            if not named or any(condition.negated or condition.present is not None for condition in named):
                return None
            used |= {value for condition in named for value in condition.values}
        return frozenset(used) or None

    @cached_property
    def words(self) -> frozenset[str]:
        """All names and values in its declaration, the fields of its own among them."""
        return frozenset(_texts(self.model_dump(mode="json")))

    @cached_property
    def digest(self) -> str:
        """A digest of all that is declared but titles: two schemes with the same digest measure the same."""
        declared = self.model_dump(mode="json", exclude={"targets": {"__all__": {"title"}}})
        text = json.dumps(declared, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def __getitem__(self, target: str) -> Target:
        """Return a target by its id. Raises ``SchemeError``, which lists the ids."""
        for candidate in self.targets:
            if candidate.id == target:
                return candidate
        ids = [candidate.id for candidate in self.targets]
        raise SchemeError(f"The scheme {self.id!r} has no target {target!r}. {one_of(target, ids)}")

    def with_target(self, id: str, **changes: Any) -> "Scheme":  # noqa: A002
        """Return a scheme in which one target has changed; a new id adds a target.

        >>> from ombudsman_kpi import load_scheme
        >>> str(load_scheme("lgsco").with_target("intake-calls-60s", standard="95%")["intake-calls-60s"].standard)
        'at least 95%'

        Raises ``SchemeError`` for a key or value that would be an error in a scheme file.
        """
        place = f"the scheme {self.id!r}"
        return validated(with_changes(self, {"targets": split_bands({"id": id, **changes}, place)}), place)

    def with_calendar(self, **changes: Any) -> "Scheme":
        """Return a scheme that counts by another calendar; the keys are those of a scheme file.

        ``division``, ``closures``, ``known_at``, ``bank_holidays``; or for a place outside the United Kingdom,
        ``calendar``.

        >>> from ombudsman_kpi import deadlines, load_scheme
        >>> then = load_scheme("lgsco").with_calendar(known_at="2022-09-01")
        >>> case = {"case_id": "A1", "received_at": "2022-09-01"}
        >>> for scheme in (then, load_scheme("lgsco")):
        ...     print(deadlines(scheme, case, as_of="2022-09-01", targets="decided-or-allocated-20wd")[0].due)
        2022-09-29
        2022-09-30

        Raises ``SchemeError`` for a key or value that would be an error in a scheme file.
        """
        place = f"the scheme {self.id!r}"
        if unknown := next((key for key in changes if key not in CALENDAR_KEYS), None):
            raise SchemeError(f"{place}: {unknown!r} is no key of a calendar. {one_of(unknown, CALENDAR_KEYS)}")
        return validated(with_changes(self, {"targets": [], **changes}), place)

    def with_disclosure(self, **rule: Any) -> "Scheme":
        """Return a scheme whose small numbers are withheld from what is published; the keys are those of a scheme file.

        >>> from ombudsman_kpi import load_scheme
        >>> load_scheme("lgsco").with_disclosure(threshold=10, minimum_denominator=30).disclosure.threshold
        10

        Raises ``SchemeError`` for a key or value that would be an error in a scheme file.
        """
        return validated(with_changes(self, {"targets": [], "disclosure": rule}), f"the scheme {self.id!r}")

    def report(self, audience: str) -> tuple[Report, ...]:
        """Return the regular reports to an audience. Raises ``SchemeError``, which lists the audiences."""
        cycles = [report for report in self.reports if not report.by_exception]
        reports = tuple(report for report in cycles if _slug(report.audience) == _slug(audience))
        if not reports:
            audiences = dict.fromkeys(_slug(report.audience) for report in cycles)
            raise SchemeError(f"The scheme {self.id!r} has no report to {audience!r}. {one_of(audience, audiences)}")
        return reports

    def __repr__(self) -> str:
        return f"<Scheme {self.id}: {self.title}, {len(self.targets)} targets, digest {self.digest}>"

    __str__ = __repr__


def _slug(text: object) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in str(text).lower()).split())


def split_bands(entry: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """Return the targets of one entry: the entry itself, or one target for each of its bands."""
    if "bands" not in entry:
        return [entry]
    shared, bands = {key: value for key, value in entry.items() if key != "bands"}, entry["bands"]
    if not isinstance(bands, list) or not bands or not all(isinstance(band, dict) for band in bands):
        raise SchemeError(
            f"{place}: bands are a list such as [{{ id = '…', limit = '13 weeks', standard = 'at least 75%' }}]."
        )
    kind = MEASURES.get(str(shared.get("measure")), Target)
    try:
        of_measure = kind.in_bands(bands)
    except ValueError as error:
        raise SchemeError(f"{place}: {error}.") from None
    return [target for band in of_measure for target in split_bands({**shared, **band}, place)]


def with_changes(scheme: Scheme, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scheme's declaration with some keys changed. Changed targets keep their place; new ones come last."""
    declared = keeping(scheme.model_dump(mode="json", exclude_unset=True), changes)
    before = {entry["id"]: entry for entry in declared["targets"]}
    changed: dict[str, list[dict[str, Any]]] = {name: [] for name in before}
    for entry in changes["targets"]:
        name = str(entry.get("id"))
        changed.setdefault(name, []).append({**unchanged(before.get(name, {}), entry), **entry})
    targets = [entry for name, entries in changed.items() for entry in entries or [before[name]]]
    return {**declared, **changes, "targets": targets}


def unchanged(before: dict[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that a changed target keeps: all, or with a new measure those that every target has."""
    same = entry.get("measure", before.get("measure")) == before.get("measure")
    return {key: value for key, value in before.items() if same or key in Target.model_fields}


def validated(declared: Mapping[str, Any], place: str, context: Any = None) -> Scheme:
    """Return the scheme that was declared. Raises ``SchemeError``, one sentence that names the target and the key."""
    try:
        return Scheme.model_validate(declared, context=context)
    except ValidationError as error:
        raise SchemeError(f"{place}: {_describe(error, declared)}") from None


def _describe(error: ValidationError, declared: Mapping[str, Any]) -> str:
    """Return the first error in words; an unknown key comes first: it may be a misspelling of the missing one."""
    problem = min(error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden")
    owner, path = _located(problem["loc"], declared)
    above, key = "".join(f"{name}: " for name in path[:-1]), path[-1] if path else ""
    if problem["type"] == "extra_forbidden":
        return f"{owner}{above}{key!r} is no key here. {one_of(key, _keys_at(problem['loc'], declared))}"
    if problem["type"] == "missing":
        return f"{owner}{above}{key!r} is missing."
    message = _WANTED.get(problem["type"], problem["msg"].removeprefix("Value error, ").rstrip("."))
    if problem["type"] == "literal_error":
        message = f"it can be {problem['ctx']['expected']}"
    return f"{owner}{'.'.join(path)}{': ' if path else ''}{message}."


_WANTED = {
    "too_short": "at least one is wanted",
    "date_type": "a date is wanted, such as 2018-05-25",
    "date_parsing": "a date is wanted, such as 2018-05-25",
    "date_from_datetime_parsing": "a date is wanted, such as 2018-05-25",
    "tuple_type": "a list is wanted, in square brackets",
    "string_type": "text is wanted, in quotation marks",
    "string_pattern_mismatch": "a short name is wanted, of small letters, digits and hyphens, such as our-service",
    "date_from_datetime_inexact": "a date is wanted, such as 2018-05-25",
    "dict_type": "a table is wanted, such as { key = 'value' }",
    "model_type": "a table is wanted, such as { key = 'value' }",
}


def _located(loc: tuple[int | str, ...], declared: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the target or report that a location belongs to, and the path of keys within it."""
    match loc:
        case [("targets" | "reports") as kind, int(number), *path]:
            entry = declared[kind][number]
            name = entry.get("id" if kind == "targets" else "audience")
            named = name if name and isinstance(name, str) else f"number {number + 1}"
            return f"{WRITTEN_AS[kind]} {named}: ", [key for key in path if isinstance(key, str) and key != "[key]"]
    return "", [key for key in loc if isinstance(key, str)]


def _keys_at(loc: tuple[int | str, ...], declared: Mapping[str, Any]) -> list[str]:
    """Return the keys that are allowed at a location."""
    match loc:
        case ["targets", int(number), _]:
            return [*_class_of(declared["targets"][number]).model_fields, "bands"]
        case ["targets", _, "clock", _]:
            return [*Clock.model_fields]
        case ["targets", _, "extension", _]:
            return [*Extension.model_fields]
        case ["in_force", _] | ["targets", _, "in_force", _]:
            return [*InForce.model_fields]
        case ["reports", _, _]:
            return [*Report.model_fields]
        case ["calendar", _]:
            return [*Elsewhere.model_fields]
        case ["disclosure", _]:
            return [*Disclosure.model_fields]
    return [*(WRITTEN_AS.get(name, item.alias or name) for name, item in Scheme.model_fields.items()), "extends"]


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in plain values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from value
        value = value.values()
    for item in value if isinstance(value, Iterable) and not isinstance(value, str) else ():
        yield from _texts(item)
