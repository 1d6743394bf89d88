"""What the caller says of records beside handing them over: names of columns, formats of dates, words of their own."""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from ombudsman_kpi.calendars.periods import Quarters
from ombudsman_kpi.errors import OptionError, kind_of, one_of
from ombudsman_kpi.records.cells.text import MISSING_WORDS
from ombudsman_kpi.records.sources.source import Dates
from ombudsman_kpi.records.vocabulary import RECORDS

Columns = Mapping[str, Mapping[str, str]] | str | Path | None
Formats = Mapping[str, Dates] | None
Missing = Collection[str] | Mapping[str, Collection[str]]
Unreadable = Literal["error", "invalid"]


@dataclass(frozen=True)
class Reading:
    """How the columns of one kind of records are read."""

    columns: Mapping[str, str] = field(default_factory=dict)  # of a field, the name of its column
    dates: Dates = None
    missing: frozenset[str] = MISSING_WORDS  # how an empty cell is written, in small letters
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of a field, what words in it stand for
    quarters: Quarters | None = None  # what the quarter of a plain year is, in labels of periods
    unreadable: Unreadable = "error"  # what a time in an unknown form is: an error, or its record is invalid
    tolerances: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # of a target, what a check lets pass


Readings = Mapping[str, Reading]

PLAIN = Reading()  # of the names and forms of the vocabulary


def parse_readings(
    columns: Columns = None, dates: Formats = None, missing: Missing = (), unreadable: Unreadable = "error"
) -> dict[str, Reading]:
    """Return how each kind of records is read.

    >>> parse_readings({"cases": {"received_at": "Date received"}}, missing=["TBC"])["cases"].columns
    {'received_at': 'Date received'}

    ``columns`` may be the path of a TOML file. Raises ``OptionError`` for what can't be read.
    """
    said: dict[str, Any] = {"columns": columns, "dates": dates, "missing": missing}
    place = {key: f"{key}=" for key in said}
    if isinstance(columns, (str, Path)):
        written = _mapping_file(Path(columns))
        place |= {key: f"{columns}: {key}" for key in written}
        extra = {key: value for key, value in said.items() if key != "columns" and value}
        said = written | extra
        place |= {key: f"{key}=" for key in extra}
    if unreadable not in get_args(Unreadable):
        raise OptionError(f"unreadable= takes {' or '.join(map(repr, get_args(Unreadable)))}.")
    readings = dict.fromkeys(RECORDS, replace(PLAIN, unreadable=unreadable))
    for key, value in said.items():
        readings = _PARTS[key](readings, value, place[key])
    return readings


def _mapping_file(path: Path) -> dict[str, Any]:
    """Return what a TOML file says: its tables by name."""
    try:
        content = path.read_bytes()
    except (OSError, ValueError):  # no file, none that can be read, no path at all
        raise OptionError(f"columns= names the file {path}, which isn't there.") from None
    try:
        written = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{path} isn't a TOML file: {error}.") from None
    for key in written:
        if key not in _PARTS:
            raise OptionError(f"{path}: {key!r} is no key here. {one_of(key, _PARTS)}")
    return written


def _by_kind(readings: Readings, value: Any, place: str, form: str) -> dict[str, Any]:
    """Return what is said of each kind of records."""
    if value is not None and not isinstance(value, Mapping):
        raise OptionError(f"{place} takes names of records, and what holds for each; not {kind_of(value)}. {form}")
    for kind in value or {}:
        if kind not in readings:
            raise OptionError(f"{place} is given for {kind!r}. {one_of(kind, readings)}")
    return {kind: said for kind, said in (value or {}).items() if said is not None}


def _texts(said: Any, place: str, form: str) -> dict[str, str]:
    """Return names and a text for each."""
    if not isinstance(said, Mapping):
        raise OptionError(f"{place} takes names of fields, and text for each; not {kind_of(said)}. {form}")
    for name, text in said.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise OptionError(f"{place} takes text for {name!r}; not {kind_of(text)}. {form}")
    return dict(said)


def _with_columns(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    form = "Write it like {'cases': {'received_at': 'Date received'}}."
    by_kind = _by_kind(readings, value, place, form)
    return {
        kind: replace(reading, columns=_texts(by_kind[kind], f"{place} of {kind}", form))
        if kind in by_kind
        else reading
        for kind, reading in readings.items()
    }


def _with_dates(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    form = "Write it like {'cases': {'received_at': '%d/%m/%Y'}}."
    formats = {
        kind: said if isinstance(said, str) else _texts(said, f"{place} of {kind}", form)
        for kind, said in _by_kind(readings, value, place, form).items()
    }
    return {kind: replace(reading, dates=formats.get(kind)) for kind, reading in readings.items()}


def _with_missing(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    form = "Write it like ['TBC', 'Not completed']."
    by_kind = _by_kind(readings, value, place, form) if isinstance(value, Mapping) else dict.fromkeys(readings, value)
    for said in by_kind.values():
        if isinstance(said, str) or not isinstance(said, Collection) or not all(isinstance(word, str) for word in said):
            raise OptionError(f"{place} takes a list of words that stand for an empty cell. {form}")
    return {
        kind: replace(reading, missing=reading.missing | {word.strip().lower() for word in by_kind.get(kind, ())})
        for kind, reading in readings.items()
    }


def _with_values(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    """Say what words stand for, in a field of one kind of records or of every kind that has it."""
    form = "Write it like kind = { 'Stage 1' = 'stage-1' }, or under the name of the records."
    if not isinstance(value, Mapping):
        raise OptionError(f"{place} takes names of fields, and for each what its words stand for. {form}")
    general = {name: _texts(said, f"{place} of {name}", form) for name, said in value.items() if name not in readings}
    result = {}
    for kind, reading in readings.items():
        own = {name: _texts(said, f"{place} of {kind}.{name}", form) for name, said in value.get(kind, {}).items()}
        result[kind] = replace(reading, values={**reading.values, **general, **own})
    return result


def _with_events(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    return _with_values(readings, {"events": {"event": value}}, place)


def _with_periods(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    quarters = value.get("quarters") if isinstance(value, Mapping) and len(value) == 1 else None
    if quarters not in get_args(Quarters):
        raise OptionError(f"{place} takes one key, quarters: {' or '.join(map(repr, get_args(Quarters)))}.")
    return {kind: replace(reading, quarters=quarters) for kind, reading in readings.items()}


def _with_tolerances(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    form = "Write it like decided-or-allocated-20wd = { invalid = 3 }."
    if not isinstance(value, Mapping):
        raise OptionError(f"{place} takes names of targets, and for each what is let pass. {form}")
    for name, said in value.items():
        if not isinstance(said, Mapping) or [*said] != ["invalid"] or type(said["invalid"]) is not int:
            raise OptionError(f"{place} takes a whole number of invalid records for {name!r}. {form}")
    return {kind: replace(reading, tolerances=value) for kind, reading in readings.items()}


_PARTS: dict[str, Callable[[Readings, Any, str], dict[str, Reading]]] = {
    "columns": _with_columns,
    "dates": _with_dates,
    "missing": _with_missing,
    "values": _with_values,
    "events": _with_events,
    "periods": _with_periods,
    "tolerances": _with_tolerances,
}
