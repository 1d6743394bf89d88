"""Records as rows: mappings, or the models of the vocabulary, validated one by one as they come."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from pydantic import ValidationError

from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources.frames import open_arrow_table
from ombudsman_kpi.records.sources.source import Dates, Source
from ombudsman_kpi.records.vocabulary import RECORDS, Record, cell_of, fields_of, validated

CHUNK = 1 << 12  # rows that are taken before they are validated, so that their dates are read together


def open_rows(name: str, rows: Iterable[Any], columns: Mapping[str, str], dates: Dates) -> Source:
    """Return rows as a source. Mappings may have the caller's own names and formats of dates.

    Raises ``RecordsError`` for the first row that its model refuses; no row far behind it is taken before.
    """
    own = {column: field for field, column in columns.items()}
    if not isinstance(rows, Sequence):
        rows = iter(rows)
        first = list(islice(rows, 1))
        rows = [*first, *rows] if first and _is_published(first[0], own) else chain(first, rows)
    if isinstance(rows, Sequence) and rows and all(_is_published(row, own) for row in rows):
        return _open_published(name, rows)
    model, declared = RECORDS[name], fields_of(name)
    records = list(_validated(name, rows, own, dates))
    set_fields = frozenset[str]().union(*(record.model_fields_set for record in records))
    extra = dict.fromkeys(key for record in records for key in record.model_extra or {})
    names = [*_declared_fields(name, set_fields), *extra]

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        for_field = {column: own.get(column, column) for column in wanted}
        yield {
            column: [getattr(record, field) if field in declared else cell_of(record, field) for record in records]
            for column, field in for_field.items()
        }

    own_id = getattr(records[0], model.id_field or "", None) if len(records) == 1 else None
    doubtful = _nobody_else if own_id and not own_id.isspace() else None
    return Source(tuple(columns.get(item, item) for item in names), read, rows=len(records), doubtful=doubtful)


def _nobody_else() -> None:
    """Return None: no id is shared."""


@lru_cache(maxsize=256)
def _declared_fields(name: str, set_fields: frozenset[str]) -> list[str]:
    """Return the fields of rows.

    An unset field is an empty cell; another field can stand in for it only where no row sets it.
    """
    return [item.name for item in fields_of(name).values() if item.falls_back_to is None or item.name in set_fields]


def _validated(name: str, rows: Iterable[Any], own: Mapping[str, str], dates: Dates) -> Iterator[Record]:
    model, rows, first = RECORDS[name], iter(rows), 0
    while chunk := list(islice(rows, CHUNK)):
        if any(not isinstance(row, model) for row in chunk):
            chunk = [_renamed(row, own, f"{name} row {place}") for place, row in enumerate(chunk, first)]
            if dates is not None:
                _read_dates(name, chunk, first, own, dates)
        for place, row in enumerate(chunk, first):
            try:
                yield validated(row) if isinstance(row, model) else model.model_validate(row)
            except ValidationError as error:
                first_error = error.errors(include_input=False, include_url=False)[0]
                where = ".".join(str(part) for part in first_error["loc"])
                what = first_error["msg"].removeprefix("Value error, ")
                raise RecordsError(f"{name} row {place}: {where}: {what}.") from None
        first += len(chunk)


def _renamed(row: Any, own: Mapping[str, str], label: str) -> Any:
    """Return a row under the names of the vocabulary."""
    if not isinstance(row, Mapping):
        return row
    for key in row:
        if not isinstance(key, str):
            raise RecordsError(f"{label}: a column is named by a {type(key).__name__}, not by text.")
    return {own.get(key, key): None if is_missing(value) else value for key, value in row.items()}


def _read_dates(name: str, rows: Sequence[Any], first: int, own: Mapping[str, str], dates: Dates) -> None:
    """Put dates in the place of text that is in the caller's format; ``first`` is the number of the first row."""
    column_of = {field: column for column, field in own.items()}
    texts: dict[str, dict[int, str]] = defaultdict(dict)
    for place, row in enumerate(rows):
        for field, value in row.items() if isinstance(row, dict) else ():
            if isinstance(value, str) and _form_of(name, field, dates) is not None:
                texts[field][place] = value
    for field, cells in texts.items():
        form = str(_form_of(name, field, dates))
        label = f"{name} row {{}}: {column_of.get(field, field)}"
        for place, value in zip(cells, _read_texts([*cells.values()], form, [*cells], first, label), strict=True):
            rows[place][field] = value


def _read_texts(
    cells: list[str], form: str, places: Sequence[int], first: int, label: str
) -> list[datetime | date | None]:
    """Return the dates that text stands for. Raises ``RecordsError`` for the first cell that is none."""
    import pyarrow as pa

    from ombudsman_kpi.records.cells.text_times import read_formatted
    from ombudsman_kpi.records.cells.times import bad_format, unknown_form

    try:
        read = read_formatted(pa.array(cells, pa.string()), form)
    except ValueError as error:
        raise RecordsError(f"{label.format(first + places[0])} {bad_format(form, error)}.") from None
    moments: list[Any] = read.values.astype("M8[us]").tolist()  # a whole number where datetime has no such year
    result: list[datetime | date | None] = []
    for place, text, moment, is_date, zoned, unknown in zip(
        places, read.text.to_pylist(), moments, read.is_date, read.is_zoned, read.unknown_form, strict=True
    ):
        if unknown:
            raise RecordsError(f"{label.format(first + place)} {unknown_form(text, form)}.")
        if text is not None and not isinstance(moment, datetime):
            raise RecordsError(f"{label.format(first + place)}: there is no such day or time.")
        if text is None:
            result.append(None)
        else:
            result.append(moment.date() if is_date else moment.replace(tzinfo=UTC) if zoned else moment)
    return result


@lru_cache(maxsize=1024)
def _is_time(name: str, field: str) -> bool:
    fields = fields_of(name)
    return fields[field].kind == "time" if field in fields else field.endswith("_at")


def _form_of(name: str, field: str, dates: Dates) -> str | None:
    """Return the caller's format for a field; None where it isn't a time, or has none."""
    if not _is_time(name, field):
        return None
    return dates if isinstance(dates, str) or dates is None else dates.get(field)


def _is_published(row: Any, own: Mapping[str, str]) -> bool:
    return isinstance(row, Mapping) and {"count", "period"} <= {own.get(key, key) for key in row}


def _open_published(name: str, rows: Sequence[Mapping[str, Any]]) -> Source:
    """Return the rows of a published table as a source; they have no ids and times that a model could ask for."""
    import pyarrow as pa

    columns = dict.fromkeys(str(key) for row in rows for key in row)
    try:
        text = {key: [None if is_missing(row.get(key)) else str(row[key]) for row in rows] for key in columns}
        table = pa.table(text)
    except (pa.ArrowInvalid, TypeError):
        raise RecordsError(
            f"{name} are rows of a published table that can't be read. Make a table of them first."
        ) from None
    return open_arrow_table(table)
