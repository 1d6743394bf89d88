"""Whether a record holds what a validated one does: a copy with changes may not."""

from datetime import date, datetime
from functools import cache, lru_cache
from types import NoneType

from ombudsman_kpi.records.vocabulary import Kind, Record, fields_of, values_of

_HELD: dict[Kind, frozenset[type]] = {
    "time": frozenset({date, datetime}),
    "text": frozenset({str}),
    "choice": frozenset({str}),
    "truth": frozenset({bool}),
}


def is_validated(record: Record) -> bool:
    """Return whether a record holds what a validated one does; a copy with changes may not.

    The types of a list of records are few: Case(case_id="A1", received_at=date(…)) has (str, date, NoneType, …). They
    are looked at once, and remembered.
    """
    held = record.__dict__
    if not _are_held(type(record), tuple(map(type, held.values()))):
        return False
    for name, choices in _choices_of(record.plural):
        if held[name] is not None and held[name] not in choices:
            return False
    return True


@lru_cache(maxsize=1024)
def _are_held(model: type[Record], types: tuple[type, ...]) -> bool:
    """Return whether the fields of a validated record are of some types, in the order in which they are declared."""
    fields, names = fields_of(model.plural), [*model.model_fields]
    return len(names) == len(types) and all(
        item in _HELD[fields[name].kind] or (item is NoneType and not fields[name].required)
        for name, item in zip(names, types, strict=True)
        if name in fields
    )


@cache
def _choices_of(records: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the fields that take a choice of words, each with its words."""
    return tuple((name, frozenset(item.choices)) for name, item in fields_of(records).items() if item.kind == "choice")


def validated(record: Record) -> Record:
    """Return a record, validated again where it doesn't hold what a validated one does.

    >>> from ombudsman_kpi import Case
    >>> case = Case(case_id="A1", received_at="2024-03-28").model_copy(update={"decided_at": "2024-04-05"})
    >>> validated(case).decided_at
    datetime.date(2024, 4, 5)

    Raises pydantic's ``ValidationError`` where it can't be read.
    """
    return record if is_validated(record) else type(record).model_validate(values_of(record))
