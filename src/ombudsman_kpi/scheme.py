"""Schemes: dated, sourced sets of targets, read from TOML files."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from dateutil.rrule import rrulestr
from pydantic import Field, ValidationError, field_validator, model_validator

from ombudsman_kpi.calendar import WorkingCalendar
from ombudsman_kpi.errors import KpiError, SchemeError, one_of
from ombudsman_kpi.periods import Every
from ombudsman_kpi.targets import MEASURES, AnyTarget, Declaration
from ombudsman_kpi.zones import TimeZone, time_zone

Division = Literal["england-and-wales", "scotland", "northern-ireland", "any-uk-nation"]


class Report(Declaration):
    """What one audience gets, and how often."""

    audience: str = Field(min_length=1)
    every: Every | None = None
    by_exception: bool = Field(default=False, description="Reported only when something happens, not on a cycle")
    says: str | None = None
    reading: str | None = None
    targets: tuple[str, ...]


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
    targets: tuple[AnyTarget, ...] = Field(min_length=1)
    reports: tuple[Report, ...] = ()

    @field_validator("closures", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return (
            tuple(str(item) for item in value) if isinstance(value, Iterable) and not isinstance(value, str) else value
        )

    @model_validator(mode="after")
    def _whole(self) -> "Scheme":
        ids = [target.id for target in self.targets]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two targets are called {twice!r}; each id can be used once")
        for report in self.reports:
            for name in report.targets:
                if name not in ids:
                    raise ValueError(
                        f"the report to {report.audience} names {name!r}, which is no target. {one_of(name, ids)}"
                    )
        time_zone(self.time_zone)
        _ = self.calendar
        return self

    @cached_property
    def calendar(self) -> WorkingCalendar:
        """The working days of the scheme's division, less its closures."""
        plain = [closure for closure in self.closures if "RRULE" not in closure]
        rules = [closure for closure in self.closures if "RRULE" in closure]
        division = WorkingCalendar.uk(self.division, closures=plain)
        if not rules:
            return division
        days_off = [*division.days_off, *(day for rule in rules for day in _days_of(rule, division))]
        return WorkingCalendar(
            days_off, division=self.division, first=division.first, last=division.last,
            announced_until=division.announced_until,
        )  # fmt: skip

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
        declared = _plain(self)
        entries = {entry["id"]: entry for entry in declared["targets"]}
        entries[id] = {**entries.get(id, {"id": id}), **changes}
        return _validated({**declared, "targets": list(entries.values())}, f"the scheme {self.id!r}")

    def report(self, audience: str) -> tuple[Report, ...]:
        """Give what an audience gets on a cycle. Raises ``SchemeError`` with the audiences that there are."""
        found = tuple(
            report for report in self.reports if _slug(report.audience) == _slug(audience) and not report.by_exception
        )
        if not found:
            audiences = dict.fromkeys(_slug(report.audience) for report in self.reports if not report.by_exception)
            raise SchemeError(f"The scheme {self.id!r} has no report to {audience!r}. {one_of(audience, audiences)}")
        return found

    def __repr__(self) -> str:
        return f"<Scheme {self.id}: {self.title}, {len(self.targets)} targets, digest {self.digest}>"

    __str__ = __repr__


def list_schemes() -> tuple[str, ...]:
    """Name the published schemes that come with the library.

    >>> list_schemes()
    ('lgsco',)
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
    return _validated(*_read(name_or_path, Path(), ()))


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
    band = {name: keys[name] for name in ("id", "says", "reading", "limit", "standard")}
    keys["bands"] = {
        "type": "array",
        "items": {"type": "object", "properties": band, "required": ["id"], "additionalProperties": False},
        "description": "One measure with several limits: each band becomes a target",
    }
    top = {name: value for name, value in whole["properties"].items() if name not in {"targets", "reports"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scheme of service-level targets",
        "type": "object",
        "properties": {
            **top,
            "extends": {
                "type": "string",
                "description": "The scheme that this one changes: a name, or a path from here",
            },
            "target": {
                "type": "array",
                "items": {"type": "object", "properties": keys, "additionalProperties": False},
            },
            "report": {"type": "array", "items": {"$ref": "#/$defs/Report"}},
        },
        "required": ["id"],
        "anyOf": [{"required": ["extends"]}, {"required": ["title", "source", "division", "target"]}],
        "additionalProperties": False,
        "$defs": whole["$defs"],
    }


def _shipped() -> Any:
    return files("ombudsman_kpi") / "schemes"


def _slug(text: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())


def _plain(scheme: Scheme) -> dict[str, Any]:
    """Give a scheme as the dictionary that it can be read from again."""
    return scheme.model_dump(mode="json", exclude_unset=True)


def _days_of(rule: str, calendar: WorkingCalendar) -> list[date]:
    """Give the days of a recurrence rule within a calendar."""
    first, last = (datetime.combine(day, time()) for day in (calendar.first, calendar.last))
    try:
        parsed = rrulestr(rule, dtstart=None if "DTSTART" in rule else first)
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"closures: {rule!r} isn't a recurrence rule, such as RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"
        ) from None
    return [moment.date() for moment in parsed.between(first, last, inc=True)]


def _read(name_or_path: str | Path, beside: Path, seen: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    """Read a file and what it extends into one dictionary; give the name of the file too."""
    shipped = isinstance(name_or_path, str) and name_or_path in list_schemes()
    path = _shipped() / f"{name_or_path}.toml" if shipped else beside / name_or_path
    place = str(name_or_path) if shipped else str(path)
    if place in seen:
        raise SchemeError(f"{place}: extends runs in a circle: {' > '.join([*seen, place])}.")
    try:
        declared = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise SchemeError(
            f"There is no scheme {str(name_or_path)!r}: neither a file of that path, nor one that comes with the "
            f"library. {one_of(name_or_path, list_schemes())}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SchemeError(f"{place} isn't a TOML file: {error}.") from None
    folder = Path() if shipped else path.parent
    return _resolve(declared, place, folder, (*seen, place)), place


def _resolve(declared: dict[str, Any], place: str, folder: Path, seen: tuple[str, ...]) -> dict[str, Any]:
    """Turn a file's own keys into those of a scheme: bands become targets, and what is extended is filled in."""
    entries = declared.pop("target", [])
    reports = declared.pop("report", None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SchemeError(f"{place}: targets are written as [[target]], each with its keys below it.")
    for key in ("targets", "reports"):
        if key in declared:
            raise SchemeError(f"{place}: {key!r} is no key of a scheme file; write [[{key[:-1]}]] for each.")
    targets = [target for entry in entries for target in _bands(entry, place)]
    extended = declared.pop("extends", None)
    if extended is not None:
        base, _ = _read(str(extended), folder, seen)
        merged = {target["id"]: target for target in base["targets"]}
        for target in targets:
            merged[target.get("id")] = {**merged.get(target.get("id"), {}), **target}
        base["targets"], targets = [], list(merged.values())
        declared = {**base, **declared}
    if reports is not None:
        declared["reports"] = reports
    return {**declared, "targets": targets}


def _bands(entry: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """Give the targets of one entry: itself, or one for each of its bands."""
    shared = {key: value for key, value in entry.items() if key != "bands"}
    bands = entry.get("bands")
    if bands is None:
        return [shared]
    if not isinstance(bands, list) or not bands or not all(isinstance(band, dict) for band in bands):
        raise SchemeError(
            f"{place}: bands are a list such as [{{ id = '…', limit = '13 weeks', standard = 'at least 75%' }}]."
        )
    return [{**shared, **band} for band in bands]


def _validated(declared: Mapping[str, Any], place: str) -> Scheme:
    """Make the scheme; turn the first thing that is wrong into one sentence with the target and the key."""
    targets = []
    for position, entry in enumerate(declared.get("targets", ())):
        name = entry.get("id", f"number {position + 1}")
        measure = entry.get("measure", "share within")
        if measure not in MEASURES:
            raise SchemeError(f"{place}: target {name}: there is no measure {measure!r}. {one_of(measure, MEASURES)}")
        try:
            targets.append(MEASURES[measure].model_validate(entry))
        except ValidationError as error:
            raise SchemeError(f"{place}: target {name}: {_first(error, MEASURES[measure])}") from None
    try:
        return Scheme.model_validate({**declared, "targets": targets})
    except ValidationError as error:
        raise SchemeError(f"{place}: {_first(error, Scheme)}") from None
    except KpiError as error:
        raise SchemeError(f"{place}: {error}") from None


def _first(error: ValidationError, model: type[Declaration]) -> str:
    """Say the first thing that is wrong."""
    found = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        allowed = [name for name in model.model_fields if name not in {"targets", "reports"}]
        return f"{key!r} is no key here. {one_of(found['loc'][-1], allowed) if len(found['loc']) == 1 else ''}".strip()
    if found["type"] == "missing":
        return f"{key!r} is missing."
    message = found["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{key}: {message}." if key else f"{message}."
