"""A scheme: a dated, sourced set of targets, with its calendar and its reports."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from functools import cached_property
from threading import Lock
from typing import Annotated, Any

from dateutil.rrule import rrulestr
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)

from ombudsman_kpi.calendars.bank_holidays import DIVISIONS, check_division
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.calendars.time_zones import TimeZone, time_zone
from ombudsman_kpi.calendars.working_calendar import FIRST, LAST, WorkingCalendar
from ombudsman_kpi.clocks.extensions import Extension
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.errors import KpiError, SchemeError, one_of
from ombudsman_kpi.measures.base.target import InForce, Target
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.records.conditions import Condition, Declaration

WRITTEN_AS = {"targets": "target", "reports": "report"}  # a file writes them as [[target]] and [[report]]


class Report(Declaration):
    """The targets that are reported to one audience, and how often."""

    audience: str = Field(min_length=1)
    every: Every | None = None
    by_exception: bool = Field(default=False, description="Reported only when something happens, not on a cycle")
    says: str | None = None
    reading: str | None = None
    targets: tuple[str, ...]


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

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="A short name of the scheme")
    title: str = Field(min_length=1)
    source: str = Field(min_length=1, description="The document that publishes it")
    division: Annotated[str, AfterValidator(check_division)] = Field(
        description="Whose bank holidays count", json_schema_extra=lambda schema: schema.update(enum=[*DIVISIONS])
    )
    closures: tuple[str, ...] = Field(
        (), description="The office's own days off: dates, or rules such as RRULE:FREQ=YEARLY;…"
    )
    time_zone: str = Field("Europe/London", description="The zone whose clock gives a timestamp its day")
    in_force: InForce | None = Field(None, description="The days on which it held, as far as its document says")
    targets: tuple[Annotated[SerializeAsAny[Target], BeforeValidator(_read_target)], ...]
    reports: tuple[Report, ...] = ()

    @field_validator("closures", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        several = isinstance(value, Iterable) and not isinstance(value, str)
        return tuple(map(str, value)) if several else value

    @field_validator("time_zone")
    @classmethod
    def _existing_zone(cls, name: str) -> str:
        return time_zone(name).name

    @model_validator(mode="after")
    def _check(self) -> "Scheme":
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
        try:
            _ = self.calendar
        except KpiError as error:
            raise ValueError(f"closures: {error}") from None
        return self

    @cached_property
    def calendar(self) -> WorkingCalendar:
        """The working days of the scheme's division, less its closures."""
        days = [day for closure in self.closures for day in (_days_of(closure) if "RRULE" in closure else [closure])]
        return WorkingCalendar.uk(self.division, closures=days)

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
            named = [condition for name, condition in _conditions(target) if name == "kind"]
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
        """A digest of the whole declaration: two schemes with the same digest measure the same."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
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


_ZONE = re.compile(";TZID=[^:;]*", re.IGNORECASE)
_NO_DAYS = re.compile("FREQ=(SECOND|MINUTE|HOUR)LY|INTERVAL=0", re.IGNORECASE)


def _days_of(rule: str) -> list[date]:
    """Return the days of a recurrence rule. A time zone in the rule is ignored, since a closure is a whole day."""
    no_rule = SchemeError(
        f"{rule!r} isn't a recurrence rule of days, such as RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"
    )
    if _NO_DAYS.search(rule):
        raise no_rule
    first, last = datetime.combine(FIRST, time.min), datetime.combine(LAST, time.max)
    try:
        moments = rrulestr(_ZONE.sub("", rule), dtstart=first, ignoretz=True).between(first, last, inc=True)
    except Exception:  # dateutil raises many kinds of error for a malformed rule
        raise no_rule from None
    return [moment.date() for moment in moments]


def split_bands(entry: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """Return the targets of one entry: the entry itself, or one target for each of its bands."""
    if "bands" not in entry:
        return [entry]
    shared, bands = {key: value for key, value in entry.items() if key != "bands"}, entry["bands"]
    if not isinstance(bands, list) or not bands or not all(isinstance(band, dict) for band in bands):
        raise SchemeError(
            f"{place}: bands are a list such as [{{ id = '…', limit = '13 weeks', standard = 'at least 75%' }}]."
        )
    return [target for band in bands for target in split_bands({**shared, **band}, place)]


def with_changes(scheme: Scheme, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scheme's declaration with some keys changed. Changed targets keep their place; new ones come last."""
    declared = scheme.model_dump(mode="json", exclude_unset=True)
    before = {entry["id"]: entry for entry in declared["targets"]}
    changed: dict[str, list[dict[str, Any]]] = {name: [] for name in before}
    for entry in changes["targets"]:
        name = str(entry.get("id"))
        changed.setdefault(name, []).append({**_unchanged(before.get(name, {}), entry), **entry})
    targets = [entry for name, entries in changed.items() for entry in entries or [before[name]]]
    return {**declared, **changes, "targets": targets}


def _unchanged(before: dict[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that a changed target keeps: all, or with a new measure those that every target has."""
    same = entry.get("measure", before.get("measure")) == before.get("measure")
    return {key: value for key, value in before.items() if same or key in Target.model_fields}


def validated(declared: Mapping[str, Any], place: str) -> Scheme:
    """Return the scheme that was declared. Raises ``SchemeError``, one sentence that names the target and the key."""
    try:
        with _ONE_AT_A_TIME:
            return Scheme.model_validate(declared)
    except ValidationError as error:
        raise SchemeError(f"{place}: {_describe(error, declared)}") from None


_ONE_AT_A_TIME = Lock()  # pydantic builds a model when it is first used, and no two threads may build the same one


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
    return [*(WRITTEN_AS.get(name, name) for name in Scheme.model_fields), "extends"]


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in plain values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from value
        value = value.values()
    for item in value if isinstance(value, Iterable) and not isinstance(value, str) else ():
        yield from _texts(item)


def _conditions(target: Target) -> Iterator[tuple[str, Condition]]:
    """Yield all conditions on fields that a target declares."""
    for value in vars(target).values():
        if isinstance(value, Mapping):
            yield from ((name, item) for name, item in value.items() if isinstance(item, Condition))
