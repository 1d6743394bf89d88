"""What the caller says of records beside handing them over: names of columns, formats of dates, words of their own."""

import codecs
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from ombudsman_kpi.calendars.periods import Quarters
from ombudsman_kpi.errors import OptionError, kind_of, one_of
from ombudsman_kpi.records.cells.text import MISSING_WORDS
from ombudsman_kpi.records.sources.layout import FOUND_OUT, FileOptions
from ombudsman_kpi.records.sources.source import Dates
from ombudsman_kpi.records.vocabulary import COUNT, MET, OF, RECORDS

Formats = Mapping[str, Dates] | None
Missing = Collection[str] | Mapping[str, Collection[str]]
Unreadable = Literal["error", "invalid"]
RepeatedIds = Literal["find", "check"]


@dataclass(frozen=True)
class Reading:
    """How the columns of one kind of records are read."""

    columns: Mapping[str, str] = field(default_factory=dict)  # of a field, the name of its column
    dates: Dates = None
    missing: frozenset[str] = MISSING_WORDS  # how an empty cell is written, in small letters
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of a field, what words in it stand for
    quarters: Quarters | None = None  # what the quarter of a plain year is, in labels of periods
    file: FileOptions = FOUND_OUT  # how the file is written that they are in
    unreadable: Unreadable = "error"  # what a time in an unknown form is: an error, or its record is invalid
    repeated_ids: RepeatedIds = "find"  # who looks for ids that rows share: whoever measures, or ``check`` alone
    tolerances: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # of a target, what a check lets pass


Readings = Mapping[str, Reading]

Columns = Mapping[str, Mapping[str, str]] | Readings | str | Path | None

PLAIN = Reading()  # of the names and forms of the vocabulary


def parse_readings(
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
) -> dict[str, Reading]:
    """Return how each kind of records is read.

    >>> parse_readings({"cases": {"received_at": "Date received"}}, missing=["TBC"])["cases"].columns
    {'received_at': 'Date received'}

    ``columns`` may be the path of a TOML file, or what this function returned. Raises ``OptionError`` for what
    can't be read.
    """
    said: dict[str, Any] = {"columns": columns, "dates": dates, "missing": missing}
    place = {key: f"{key}=" for key in said}
    if isinstance(columns, (str, Path)):
        written = _mapping_file(Path(columns))
        place |= {key: f"{columns}: {key}" for key in written}
        extra = {key: value for key, value in said.items() if key != "columns" and value}
        said = written | extra
        place |= {key: f"{key}=" for key in extra}
    chosen = {"unreadable": (unreadable, Unreadable), "repeated_ids": (repeated_ids, RepeatedIds)}
    for name, (choice, choices) in chosen.items():
        if choice not in get_args(choices):
            raise OptionError(f"{name}= takes {' or '.join(map(repr, get_args(choices)))}.")
    readings = dict.fromkeys(RECORDS, PLAIN)
    if isinstance(columns, Mapping) and any(isinstance(item, Reading) for item in columns.values()):
        readings |= said.pop("columns")
        said = {key: value for key, value in said.items() if value}
    for key, value in said.items():
        readings = _PARTS[key](readings, value, place[key])
    for reading in readings.values():
        _check_numbers(reading.columns)
    said = {name: choice for name, (choice, choices) in chosen.items() if choice != get_args(choices)[0]}
    return {kind: replace(reading, **said) for kind, reading in readings.items()} if said else readings


def _check_numbers(columns: Mapping[str, str]) -> None:
    """Raise ``OptionError`` where it isn't clear which columns hold numbers of records."""
    said = {name: columns[name] for name in (MET, OF) if name in columns}
    wrong = f"only {next(iter(said))} is named" if len(said) == 1 else ""
    if said and COUNT in columns:
        wrong = f"{COUNT} is named beside them, which says what {OF} does"
    if len({*said.values()}) < len(said):
        wrong = "both name one"
    if wrong:
        raise OptionError(
            f"{MET} and {OF} name two columns: how many of a row's records met the target, and how many there are. "
            f"Here {wrong}. Write them like values = {{ met = 'In time', of = 'Total' }} in the file of columns=."
        )


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
        kind: replace(reading, columns={**reading.columns, **_texts(by_kind[kind], f"{place} of {kind}", form)})
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
    """Say what words stand for, in a field of one kind of records or of every kind that has it.

    Or, as text, which columns hold the numbers that met the target, and the totals.
    """
    own = {kind: value[kind] for kind in readings if kind in value} if isinstance(value, Mapping) else {}
    columns, words = _read_values(value, place, " of ", own)
    result = {}
    for kind, reading in readings.items():
        own_columns, own_words = _read_values(own.get(kind, {}), f"{place} of {kind}", ".")
        result[kind] = replace(
            reading,
            columns={**columns, **reading.columns, **own_columns},
            values={**reading.values, **words, **own_words},
        )
    return result


def _read_values(
    said: Any, place: str, sign: str, apart: Collection[str] = ()
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return which columns hold numbers of records, and of fields what their words stand for."""
    form = "Write it like kind = { 'Stage 1' = 'stage-1' }, or under the name of the records."
    if not isinstance(said, Mapping):
        raise OptionError(f"{place} takes names of fields, and for each what its words stand for. {form}")
    columns = {name: said[name] for name in (MET, OF) if isinstance(said.get(name), str)}
    others = {name: item for name, item in said.items() if name not in columns and name not in apart}
    return columns, {name: _texts(item, f"{place}{sign}{name}", form) for name, item in others.items()}


def _with_events(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    return _with_values(readings, {"events": {"event": value}}, place)


def _with_periods(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    quarters = value.get("quarters") if isinstance(value, Mapping) and len(value) == 1 else None
    if quarters not in get_args(Quarters):
        raise OptionError(f"{place} takes one key, quarters: {' or '.join(map(repr, get_args(Quarters)))}.")
    return {kind: replace(reading, quarters=quarters) for kind, reading in readings.items()}


def _with_files(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    form = "Write it like {'cases': {'skip_rows': 3, 'encoding': 'windows-1252', 'delimiter': ';'}}."
    by_kind = _by_kind(readings, value, place, form)
    for kind, said in by_kind.items():
        if not isinstance(said, Mapping) or not said.keys() <= _FILE_KEYS.keys():
            raise OptionError(f"{place} of {kind} takes the keys {', '.join(_FILE_KEYS)}. {form}")
    return {
        kind: with_file(reading, by_kind[kind], f"{place} of {kind}: ") if kind in by_kind else reading
        for kind, reading in readings.items()
    }


def _with_sheets(readings: Readings, value: Any, place: str) -> dict[str, Reading]:
    form = "Write it like {'cases': 'Cases 2024'}, or {'cases': 2} for the second sheet."
    by_kind = _by_kind(readings, value, place, form)
    for sheet in by_kind.values():
        if not isinstance(sheet, (str, int)) or isinstance(sheet, bool):
            raise OptionError(f"{place} takes the name or number of a sheet; not {kind_of(sheet)}. {form}")
    return {
        kind: replace(reading, file=reading.file._replace(sheet=by_kind.get(kind, reading.file.sheet)))
        for kind, reading in readings.items()
    }


def with_file(reading: Reading, said: Mapping[str, Any], place: str = "") -> Reading:
    """Return how records are read from a file that the caller says something of.

    >>> with_file(PLAIN, {"skip_rows": 3, "encoding": "Windows-1252"}).file
    FileOptions(skip_rows=3, skip_last=None, encoding='cp1252', delimiter=None, sheet=None)

    Raises ``OptionError`` for what no file can have.
    """
    return replace(
        reading, file=reading.file._replace(**{key: _FILE_KEYS[key](value, place) for key, value in said.items()})
    )


def _number_of_rows(name: str, says: str) -> Callable[[Any, str], int]:
    """Return how an option is read that says how many rows stand somewhere."""

    def read(value: Any, place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 20:
            raise OptionError(f"{place}{name} is a whole number: how many rows stand {says}.")
        return value

    return read


def _encoding(value: Any, place: str) -> str:
    try:
        codec = codecs.lookup(value)
        "case_id".encode(codec.name).decode(codec.name)  # which those that aren't for text refuse
    except (LookupError, TypeError, ValueError):
        raise OptionError(
            f"{place}encoding is the name of an encoding of text, such as 'windows-1252' or 'utf-8'."
        ) from None
    return codec.name.removesuffix("-sig") if codec.name.startswith("utf-8") else codec.name


def _delimiter(value: Any, place: str) -> str:
    sign = "\t" if value in {"tab", "\\t"} else value
    if not isinstance(sign, str) or len(sign) != 1 or not sign.isascii() or sign.isalnum() or sign in "\r\n\"'\0":
        raise OptionError(f"{place}delimiter is the sign between two cells, such as ';' or 'tab'.")
    return str(sign)


_FILE_KEYS: dict[str, Callable[[Any, str], Any]] = {
    "skip_rows": _number_of_rows("skip_rows", "above the names of the columns"),
    "skip_last": _number_of_rows("skip_last", "below the last record"),
    "encoding": _encoding, "delimiter": _delimiter,
}  # fmt: skip


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
    "sheets": _with_sheets,
    "files": _with_files,
    "tolerances": _with_tolerances,
}
