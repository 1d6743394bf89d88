"""Schemes: dated, sourced sets of targets, read from TOML files."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from dateutil.rrule import rrulestr
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.calendars.time_zones import TimeZone, time_zone
from ombudsman_kpi.calendars.working_calendar import FIRST, LAST, WorkingCalendar
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.errors import KpiError, SchemeError, one_of
from ombudsman_kpi.measures.targets import (
    MEASURES,
    AnyTarget,
    Count,
    DelaysExplained,
    InForce,
    Score,
    ShareWithin,
    Target,
)
from ombudsman_kpi.records.conditions import Declaration

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"

Division = Literal["england-and-wales", "scotland", "northern-ireland", "any-uk-nation"]


class Report(Declaration):
    """What one audience gets, and how often."""

    audience: str = Field(min_length=1)
    every: Every | None = None
    by_exception: bool = Field(default=False, description="Reported only when something happens, not on a cycle")
    says: str | None = None
    reading: str | None = None
    targets: tuple[str, ...]


def _measured(entry: Mapping[str, Any]) -> type[AnyTarget]:
    """Give the kind of target that an entry is, by its measure."""
    measure = entry.get("measure", "share within")
    if not isinstance(measure, str) or measure not in MEASURES:
        raise ValueError(f"there is no measure {measure!r}. {one_of(measure, MEASURES)}")
    return MEASURES[measure]


def _read_target(entry: Any) -> Any:
    """Read a target as the kind that it is, so that what is wrong is said of no other."""
    return _measured(entry).model_validate(entry) if isinstance(entry, Mapping) else entry


class Scheme(Declaration):
    """A dated, sourced set of targets with its calendar and reporting cycles.

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
    division: Division = Field(description="Whose bank holidays count")
    closures: tuple[str, ...] = Field(
        (), description="The office's own days off: dates, or rules such as RRULE:FREQ=YEARLY;…"
    )
    time_zone: str = Field("Europe/London", description="The zone whose clock gives a timestamp its day")
    in_force: InForce | None = Field(None, description="The days on which it held, as far as its document says")
    targets: tuple[Annotated[AnyTarget, BeforeValidator(_read_target)], ...]
    reports: tuple[Report, ...] = ()

    @field_validator("closures", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return (
            tuple(str(item) for item in value) if isinstance(value, Iterable) and not isinstance(value, str) else value
        )

    @field_validator("time_zone")
    @classmethod
    def _there_is(cls, name: str) -> str:
        return time_zone(name).name

    @model_validator(mode="after")
    def _whole(self) -> "Scheme":
        ids = [target.id for target in self.targets]
        if not ids:
            raise ValueError("there is no target; write [[target]] for each, with its keys below it")
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two targets are called {twice!r}; each id can be used once")
        self._check_references({target.id: target for target in self.targets})
        for report in self.reports:
            for place, name in enumerate(report.targets):
                if name in report.targets[:place]:
                    raise ValueError(f"the report to {report.audience} names {name!r} twice")
                if name not in ids:
                    raise ValueError(
                        f"the report to {report.audience} names {name!r}, which is no target. {one_of(name, ids)}"
                    )
        try:
            _ = self.calendar
        except KpiError as error:
            raise ValueError(f"closures: {error}") from None
        return self

    def _check_references(self, targets: Mapping[str, AnyTarget]) -> None:
        """Refuse a target that names another which isn't there, or isn't of the kind that it needs."""
        for target in self.targets:
            if isinstance(target, DelaysExplained):
                key, names, what = "late_on", target.late_on, "a share within a limit"
            elif isinstance(target, Score) and target.sampled_from is not None:
                key, names, what = "sampled_from", (target.sampled_from,), "a number"
            else:
                continue
            kind = ShareWithin if key == "late_on" else Count
            fitting = [name for name, item in targets.items() if isinstance(item, kind) and item.of == "cases"]
            for name in names:
                if name not in fitting:
                    raise ValueError(
                        f"target {target.id}: {key}: {name!r} isn't {what} of cases. {one_of(name, fitting)}"
                    )

    @cached_property
    def calendar(self) -> WorkingCalendar:
        """The working days of the scheme's division, less its closures."""
        days = [day for closure in self.closures for day in (_days_of(closure) if "RRULE" in closure else [closure])]
        return WorkingCalendar.uk(self.division, closures=days)

    @property
    def zone(self) -> TimeZone:
        """The clock changes of the scheme's place."""
        return time_zone(self.time_zone)

    @cached_property
    def digest(self) -> str:
        """A digest of everything declared: two schemes of one digest measure the same."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def __getitem__(self, target: str) -> AnyTarget:
        """Give a target by its id. Raises ``SchemeError`` with the ids that there are."""
        for candidate in self.targets:
            if candidate.id == target:
                return candidate
        ids = [candidate.id for candidate in self.targets]
        raise SchemeError(f"The scheme {self.id!r} has no target {target!r}. {one_of(target, ids)}")

    def with_target(self, id: str, **changes: Any) -> "Scheme":  # noqa: A002
        """Give a scheme with one target changed, or, under a new id, added.

        >>> str(load_scheme("lgsco").with_target("intake-calls-60s", standard="95%")["intake-calls-60s"].standard)
        'at least 95%'

        Raises ``SchemeError`` for a key or value that a scheme file couldn't have either.
        """
        place = f"the scheme {self.id!r}"
        return _validated(_changed(self, {"targets": _bands({"id": id, **changes}, place)}), place)

    def report(self, audience: str) -> tuple[Report, ...]:
        """Give what an audience gets on a cycle. Raises ``SchemeError`` with the audiences that there are."""
        cycles = [report for report in self.reports if not report.by_exception]
        found = tuple(report for report in cycles if _slug(report.audience) == _slug(audience))
        if not found:
            audiences = dict.fromkeys(_slug(report.audience) for report in cycles)
            raise SchemeError(f"The scheme {self.id!r} has no report to {audience!r}. {one_of(audience, audiences)}")
        return found

    def __repr__(self) -> str:
        return f"<Scheme {self.id}: {self.title}, {len(self.targets)} targets, digest {self.digest}>"

    __str__ = __repr__


def list_schemes() -> tuple[str, ...]:
    """Name the published schemes that come with the library.

    >>> list_schemes()
    ('housing-ombudsman-2019', 'lgo-2017-18', 'lgsco', 'phso-service-charter', 'tower-hamlets')
    """
    return tuple(
        sorted(item.name.removesuffix(".toml") for item in _shipped().iterdir() if item.name.endswith(".toml"))
    )


def load_scheme(name_or_path: str | Path) -> Scheme:
    """Read a scheme: one that comes with the library, by name, or one's own TOML file, by path.

    >>> load_scheme("lgsco").title
    'LGSCO Quality and Service Standards'

    A file may say ``extends = "lgsco"`` (or the path of another file, seen from its own folder) and then change
    or add targets. Raises ``SchemeError``, which names the file, the target and the key. Reading runs no code.
    """
    return _load(name_or_path, Path(), ())


def scheme_json_schema() -> dict[str, Any]:
    """Give the JSON Schema of a scheme file, with which an editor completes and checks one.

    Nothing of a target is required in it, since one that changes another need not say everything again.
    """
    whole = Scheme.model_json_schema()
    kinds = [whole["$defs"].pop(kind.__name__) for kind in MEASURES.values()]
    keys = {name: value for kind in reversed(kinds) for name, value in kind["properties"].items()}
    keys["measure"] = {"enum": list(MEASURES), "default": "share within", "description": "What is measured"}
    keys["stop"] = {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        "description": keys["stop"]["description"],
    }
    keys["bands"] = {
        "type": "array",
        "items": {"$ref": "#/$defs/Target", "required": ["id"]},
        "description": "Targets that share all else: each band becomes one, with what it says for itself",
    }
    top = {name: value for name, value in whole["properties"].items() if name not in {"targets", "reports"}}
    return {
        "$schema": JSON_SCHEMA,
        "title": "A scheme of service-level targets",
        "type": "object",
        "properties": {
            **top,
            "extends": {
                "type": "string",
                "description": "The scheme that this one changes: a name, or a path from here",
            },
            "target": {"type": "array", "items": {"$ref": "#/$defs/Target"}},
            "report": {"type": "array", "items": {"$ref": "#/$defs/Report"}},
        },
        "required": ["id"],
        "anyOf": [{"required": ["extends"]}, {"required": ["title", "source", "division", "target"]}],
        "additionalProperties": False,
        "$defs": {
            **whole["$defs"],
            "Target": {"type": "object", "properties": keys, "additionalProperties": False},
        },
    }


def _shipped() -> Any:
    return files("ombudsman_kpi") / "schemes"


def _slug(text: object) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in str(text).lower()).split())


_LISTS = {"targets": "target", "reports": "report"}  # written in a file as [[target]] and [[report]]
_ZONE = re.compile(";TZID=[^:;]*", re.IGNORECASE)
_NO_DAYS = re.compile("FREQ=(SECOND|MINUTE|HOUR)LY|INTERVAL=0", re.IGNORECASE)


def _days_of(rule: str) -> list[date]:
    """Give the days of a recurrence rule as it writes them: a closure is a day, whatever the zone."""
    no_rule = SchemeError(
        f"{rule!r} isn't a recurrence rule of days, such as RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"
    )
    if _NO_DAYS.search(rule):
        raise no_rule
    first, last = datetime.combine(FIRST, time.min), datetime.combine(LAST, time.max)
    try:
        moments = rrulestr(_ZONE.sub("", rule), dtstart=first, ignoretz=True).between(first, last, inc=True)
    except Exception:  # of any kind: dateutil stumbles in many ways
        raise no_rule from None
    return [moment.date() for moment in moments]


def _load(name_or_path: Any, beside: Path, seen: tuple[str, ...]) -> Scheme:
    """Read a scheme; a path is seen from a folder, and none of the files that led here may come again."""
    shipped = isinstance(name_or_path, str) and name_or_path in list_schemes()
    try:
        path = _shipped() / f"{name_or_path}.toml" if shipped else beside / name_or_path
        content = path.read_bytes()
    except (OSError, TypeError, ValueError):  # no file, none that can be read, no path at all
        extending = f"{seen[-1]} extends what can't be read. " if seen else ""
        raise SchemeError(
            f"{extending}There is no scheme {str(name_or_path)!r}: neither a file of that path, nor one that comes "
            f"with the library. {one_of(name_or_path, list_schemes())}"
        ) from None
    place = str(name_or_path if shipped else path)
    seen = (*seen, place if shipped else str(path.resolve()))
    if seen[-1] in seen[:-1]:
        raise SchemeError(f"{place}: extends runs in a circle: {' > '.join(seen)}.")
    declared = _parsed(content, place)
    if not isinstance(declared.get("extends", ""), str):
        raise SchemeError(f"{place}: extends takes one name or path, as text.")
    if "extends" in declared:
        base = _load(declared.pop("extends"), Path() if shipped else path.parent, seen)
        declared = _changed(base, declared)
    return _validated(declared, place)


def _parsed(content: bytes, place: str) -> dict[str, Any]:
    """Read what a file says, under the names that a scheme has for it; bands become targets."""
    import tomllib

    try:
        declared = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SchemeError(f"{place} isn't a TOML file: {error}.") from None
    for key, written in _LISTS.items():
        if key in declared:
            raise SchemeError(f"{place}: {key!r} is no key of a scheme file; write [[{written}]] for each.")
    declared["targets"] = [target for entry in _entries(declared, "target", place) for target in _bands(entry, place)]
    if "report" in declared:
        declared["reports"] = _entries(declared, "report", place)
    return declared


def _entries(declared: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    """Take out what a file says under [[target]] or [[report]]."""
    entries = declared.pop(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SchemeError(f"{place}: {key}s are written as [[{key}]], each with its keys below it.")
    return entries


def _bands(entry: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """Give the targets of one entry: itself, or one for each of its bands."""
    if "bands" not in entry:
        return [entry]
    shared, bands = {key: value for key, value in entry.items() if key != "bands"}, entry["bands"]
    if not isinstance(bands, list) or not bands or not all(isinstance(band, dict) for band in bands):
        raise SchemeError(
            f"{place}: bands are a list such as [{{ id = '…', limit = '13 weeks', standard = 'at least 75%' }}]."
        )
    return [target for band in bands for target in _bands({**shared, **band}, place)]


def _changed(scheme: Scheme, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare a scheme again, with some keys changed; targets change in their places, and new ones follow."""
    declared = scheme.model_dump(mode="json", exclude_unset=True)
    before = {entry["id"]: entry for entry in declared["targets"]}
    changed: dict[str, list[dict[str, Any]]] = {name: [] for name in before}
    for entry in changes["targets"]:
        name = str(entry.get("id"))
        changed.setdefault(name, []).append({**_kept(before.get(name, {}), entry), **entry})
    targets = [entry for name, entries in changed.items() for entry in entries or [before[name]]]
    return {**declared, **changes, "targets": targets}


def _kept(before: dict[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a changed target keeps: of another measure, only what all targets have."""
    same = entry.get("measure", before.get("measure")) == before.get("measure")
    return {key: value for key, value in before.items() if same or key in Target.model_fields}


def _validated(declared: Mapping[str, Any], place: str) -> Scheme:
    """Make the scheme; turn what is wrong into one sentence with the target and the key."""
    try:
        return Scheme.model_validate(declared)
    except ValidationError as error:
        raise SchemeError(f"{place}: {_said(error, declared)}") from None


def _said(error: ValidationError, declared: Mapping[str, Any]) -> str:
    """Say the first thing that is wrong; an unknown key before all, since it may be the one that is missing."""
    found = min(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    owner, path = _located(found["loc"], declared)
    above, key = "".join(f"{name}: " for name in path[:-1]), path[-1] if path else ""
    if found["type"] == "extra_forbidden":
        return f"{owner}{above}{key!r} is no key here. {one_of(key, _keys_at(found['loc'], declared))}"
    if found["type"] == "missing":
        return f"{owner}{above}{key!r} is missing."
    message = _WANTED.get(found["type"], found["msg"].removeprefix("Value error, ").rstrip("."))
    if found["type"] == "literal_error":
        message = f"it can be {found['ctx']['expected']}"
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
    """Name the target or report that a place in a scheme belongs to, and the keys that lead there from it."""
    match loc:
        case [("targets" | "reports") as kind, int(number), *path]:
            entry = declared[kind][number]
            name = entry.get("id" if kind == "targets" else "audience")
            named = name if name and isinstance(name, str) else f"number {number + 1}"
            return f"{_LISTS[kind]} {named}: ", [key for key in path if isinstance(key, str) and key != "[key]"]
    return "", [key for key in loc if isinstance(key, str)]


def _keys_at(loc: tuple[int | str, ...], declared: Mapping[str, Any]) -> list[str]:
    """Name the keys that there can be at a place in a scheme."""
    match loc:
        case ["targets", int(number), _]:
            return [*_measured(declared["targets"][number]).model_fields, "bands"]
        case ["targets", _, "clock", _]:
            return [*Clock.model_fields]
        case ["in_force", _] | ["targets", _, "in_force", _]:
            return [*InForce.model_fields]
        case ["reports", _, _]:
            return [*Report.model_fields]
    return [*(_LISTS.get(name, name) for name in Scheme.model_fields), "extends"]
