"""Rows as they may leave: small numbers are withheld, and all that would give them away."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.figures.table import Made, RowsByColumn, note_of
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.disclosure.choosing import withheld
from ombudsman_kpi.publish.disclosure.from_rows import CountedRows, Line, counted_in, key_of
from ombudsman_kpi.publish.heading import shown_cohort
from ombudsman_kpi.schemes.disclosure import Disclosure
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.basis import Basis

Signs = dict[str, str]  # columns, with the shorthand that stands in place of their values

_DAY = re.compile(r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b")
_SAYS_NOTHING = {"no data", "no target", "not measured"}  # statuses that tell of no number


def of_published_cohorts(rows: RowsByColumn, basis: Basis) -> RowsByColumn:
    """Return the rows of the one cohort by which each target leaves; all rows, where the scheme has no rule.

    Another cohort counts the same records once more: what the two have alike would tell of what is withheld.
    """
    if basis.scheme.disclosure is None:
        return rows
    kept = {name: shown_cohort(basis.scheme[name], basis) for name in basis.every}
    own = tuple(row for row in rows if row.cohort == kept[row.target] or row.status == "not measured")
    return rows if len(own) == len(rows) else _by_target(own)


def _by_target(rows: Iterable[Row]) -> RowsByColumn:
    return RowsByColumn(tuple(Made(tuple(own)) for _, own in groupby(rows, lambda row: row.target)))


def disclosed(rows: RowsByColumn, basis: Basis) -> RowsByColumn:
    """Return rows as they may leave by the scheme's rule on small numbers; where it has none, the rows themselves.

    Give all that is published together, with its totals: they have one pattern. A cell that is withheld has no value,
    and a sign in ``withheld``: ``c`` for a number that is small or would give one away, ``x`` for a rate of too few
    records. A status that would tell is ``withheld``. Reasons, and notes with numbers in them, don't leave.

    Raises ``MissingLibraryError`` without scipy, which proves that nothing gives a small number away.
    """
    rule = basis.scheme.disclosure
    whole = tuple(rows)
    if rule is None or any("c" in row.withheld.values() for row in whole):
        return rows
    counted = counted_in(whole, basis.scheme)
    hidden = withheld(counted.tied, counted.value, counted.cost, rule.threshold)
    signs = [_signs(row, basis.scheme[row.target], counted, hidden, rule) for row in whole]
    for own, earlier in _changes(whole, basis.scheme):
        signs[own] |= {
            name: sign for name, sign in signs[earlier].items() if name in {"value", "low", "high", "status"}
        }
    left_out = _left_out(whole)
    made = (
        _leaving(row, own, left_out.get((row.target, row.cohort), ())) for row, own in zip(whole, signs, strict=True)
    )
    return _by_target(made)


def _signs(row: Row, target: Target, counted: CountedRows, hidden: Truths, rule: Disclosure) -> Signs:
    """Return what isn't shown of a row."""
    signs, key = dict(row.withheld), key_of(row)
    for column in _COUNTED:
        place = counted.place_of(Line(row.target, row.cohort, column), key)
        if place is not None and hidden[place]:
            signs[column] = "c"
    small = {column for column, sign in signs.items() if sign == "c"}
    if target.unit != "number" or target.is_change:
        figures = ("value", "low", "high", *(("numerator",) if target.reads_times else ()))  # a sum of times
        if small & {"met", "missed", "numerator", "denominator"}:
            signs |= dict.fromkeys((*figures, "headroom", "status"), "c")
        elif small & {"pending"}:
            signs |= dict.fromkeys(("low", "high", "headroom", "status"), "c")
        counts = row.denominator if row.denominator is not None else (row.met or 0) + (row.missed or 0)
        if counts < rule.minimum_denominator:
            signs = dict.fromkeys(figures, "x") | signs
    elif small & {"value"}:
        signs |= dict.fromkeys(("low", "high", "headroom", "status"), "c")
    if row.status in _SAYS_NOTHING:
        signs.pop("status", None)
    return {
        column: sign for column, sign in signs.items() if column in row.withheld or getattr(row, column) is not None
    }


_COUNTED = (
    "records", "met", "missed", "overdue", "pending", "excluded", "invalid", "numerator", "denominator", "value", "low",
    "high",
)  # fmt: skip


def _changes(rows: Sequence[Row], scheme: Scheme) -> Iterator[tuple[int, int]]:
    """Yield the place of each change from one period to the next, with that of the row of the period before it."""
    places: dict[tuple[Any, ...], list[int]] = {}
    for place, row in enumerate(rows):
        if row.period_start is not None and scheme[row.target].is_change:
            places.setdefault((row.target, row.cohort, row.every, row.group), []).append(place)
    for own in places.values():
        own.sort(key=lambda place: str(rows[place].period_start))
        yield from zip(own[1:], own, strict=False)


def _left_out(rows: Iterable[Row]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return of each target, without numbers, why any of its records are left out."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        own = [reason for status, reason in row.reasons if status in {"excluded", "invalid"}]
        reasons.setdefault((row.target, row.cohort), {}).update(dict.fromkeys(own))
    return {
        of: (f"left out, where there are any: {', '.join(sorted(names))}",) for of, names in reasons.items() if names
    }


def _leaving(row: Row, signs: Signs, left_out: tuple[str, ...]) -> Row:
    """Return a row without what isn't shown of it, and without notes that have numbers in them."""
    if row.status == "not measured":
        return row
    words, remarks = (tuple(text for text in texts if _has_no_number(text)) for texts in (row.words, row.remarks))
    remarks += left_out
    empty: dict[str, Any] = dict.fromkeys(signs)
    if "status" in signs:
        empty["status"] = "withheld"
    if "value" in signs:
        empty["exact"] = None
    return row._replace(
        **empty, note=note_of(words, {}, remarks), reasons={}, remarks=remarks, words=words, details={}, withheld=signs
    )


def _has_no_number(text: str) -> bool:
    """Return whether a note has no number in it but those of days."""
    return not any(sign.isdigit() for sign in _DAY.sub("", text))
