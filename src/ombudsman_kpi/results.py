"""Results: everything with a decimal point lives here: values, bounds, headroom, status."""

from collections import Counter as Count
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ombudsman_kpi.assess.outcomes import STATUSES
from ombudsman_kpi.days import Integers
from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.periods import Every, Period, following, grain_of, grain_start, period_of
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.tally import NO_PERIOD, Basis, Block, Group, Key, Tally
from ombudsman_kpi.targets import AnyTarget, Cohort, NotMeasured, Standard

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["met", "missed", "undetermined", "no data", "no target", "not measured"]

EVERYTHING = "all"
NO_DATE = "(no period)"


class Row(NamedTuple):
    """One figure: a target, a cohort, a period and a group. None stands for what there isn't.

    ``records`` = met + missed + pending + excluded + invalid; ``missed`` is late and overdue together. ``value`` is
    met / (met + missed); ``low`` and ``high`` what it would be if every pending record missed, or met. ``standard``
    is in the unit of the value. ``headroom`` is how many more could miss before the standard is lost.
    """

    target: str
    measure: str
    unit: str
    cohort: str
    every: str
    period: str
    period_start: date | None
    period_end: date | None
    complete: bool
    group: Group
    records: int | None
    met: int | None
    missed: int | None
    overdue: int | None
    pending: int | None
    excluded: int | None
    invalid: int | None
    numerator: int | None
    denominator: int | None
    value: float | None
    low: float | None
    high: float | None
    operator: str
    standard: float | None
    status: Status
    headroom: int | None
    provisional: bool
    note: str
    reasons: Mapping[tuple[str, str], int] = MappingProxyType({})  # the note in numbers, by status
    remarks: tuple[str, ...] = ()  # the note's other half

    def as_dict(self, by: tuple[str, ...]) -> dict[str, Any]:
        """Give the columns of the contract by name, the groups where they stand in it."""
        out: dict[str, Any] = {}
        for name, value in zip(self._fields, self, strict=True):
            if name == "group":
                out |= dict(zip(by, self.group, strict=True))
            elif name not in _INSIDE:
                out[name] = value
        return out


_INSIDE = {"reasons", "remarks"}  # parts of the note, which are no columns of their own
_COUNTS = (
    "records", "met", "missed", "overdue", "pending", "excluded", "invalid", "numerator", "denominator", "headroom",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """A table of figures, with all that is needed to say where they come from.

    It shows itself as a table in a notebook and a terminal. ``results[target]`` narrows it to one target;
    ``to_pandas()`` gives the whole of it.
    """

    rows: tuple[Row, ...]
    basis: Basis

    @classmethod
    def of(cls, tally: Tally) -> "Results":
        """Work out the results of a tally."""
        if tally.basis is None:
            raise SchemeError("A tally of nothing has no scheme, and so no results. Add a tally of records to it.")
        return cls(tuple(_rows(tally, tally.basis)), tally.basis)

    @property
    def scheme(self) -> Scheme:
        """The scheme that was measured by."""
        return self.basis.scheme

    @property
    def as_of(self) -> str:
        """The date at whose close, or the instant at which, was measured."""
        return self.basis.as_of

    @property
    def options(self) -> dict[str, Any]:
        """Every option in force: how periods and groups were made, and each clock's own."""
        clocks = {
            target.id: target.clock.in_force
            for target in self.scheme.targets
            if not isinstance(target, NotMeasured) and target.clock.in_force and target.id in self.basis.every
        }
        return {
            "by": list(self.basis.by),
            "division": self.scheme.division,
            "time_zone": self.scheme.time_zone,
            "clocks": clocks,
        }

    def __getitem__(self, target: str) -> "Results":
        rows = tuple(row for row in self.rows if row.target == target)
        if not rows:
            names = dict.fromkeys(row.target for row in self.rows)
            raise SchemeError(f"These results have no target {target!r}. {one_of(target, names)}")
        return Results(rows, self.basis)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def to_pandas(self) -> "pd.DataFrame":
        """Give a frame with a row for each target, cohort, period and group.

        Its columns: ``target, measure, unit, cohort, every, period, period_start, period_end, complete``, those
        grouped by, ``records, met, missed, overdue, pending, excluded, invalid, numerator, denominator, value, low,
        high, operator, standard, status, headroom, provisional, note``. Counts are whole numbers, missing where
        nothing was measured.
        """
        import pandas as pd

        by = self.basis.by
        columns = list(_names(by))
        frame = pd.DataFrame([row.as_dict(by) for row in self.rows], columns=columns)
        types: dict[str, Any] = dict.fromkeys(_COUNTS, "Int64")
        types |= dict.fromkeys(("value", "low", "high", "standard"), "float64")
        types |= dict.fromkeys(("period_start", "period_end"), "datetime64[s]")
        return frame.astype(types)

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as plain values, ready for JSON: scheme, digest, calendar, as_of, options, rows."""
        rows = []
        for row in self.rows:
            plain = row.as_dict(self.basis.by)
            for name in ("period_start", "period_end"):
                plain[name] = None if plain[name] is None else plain[name].isoformat()
            rows.append(plain)
        return {
            "scheme": self.scheme.id,
            "digest": self.scheme.digest,
            "calendar": self.scheme.calendar.edition,
            "as_of": self.as_of,
            "options": self.options,
            "rows": rows,
        }

    def __repr__(self) -> str:
        from ombudsman_kpi.display import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from ombudsman_kpi.display import as_html

        return as_html(self)


def _names(by: tuple[str, ...]) -> Iterator[str]:
    for name in Row._fields:
        if name not in _INSIDE:
            yield from by if name == "group" else (name,)


class _Counts(NamedTuple):
    """The outcomes of one period and group."""

    statuses: Mapping[str, int]
    reasons: Mapping[tuple[str, str], int]
    provisional: bool


_NOTHING = _Counts({}, {}, provisional=False)


def _rows(tally: Tally, basis: Basis) -> Iterator[Row]:
    for name, everys in basis.every.items():
        target = basis.scheme[name]
        notes = tuple(sorted(tally.notes.get(name, ())))
        if name in tally.unmeasured:
            yield _unmeasured(target, basis, tally.unmeasured[name])
            continue
        for cohort in basis.cohorts[name]:
            for every in everys:
                block = tally.blocks.get(Key(name, cohort, grain_of(every)))
                if block is not None:
                    yield from _figures(target, cohort, every, block, basis, notes)


def _figures(
    target: AnyTarget, cohort: Cohort, every: Every | None, block: Block, basis: Basis, notes: tuple[str, ...]
) -> Iterator[Row]:
    """Give the rows of one target and cohort: every period from the first to the last, for every group."""
    counts = _gathered(block, every)
    groups = sorted({group for _, group in counts}) or [("",) * len(basis.by)]
    for period in _spanned({period for period, _ in counts}, every):
        for group in groups:
            found = counts.get((period, group))
            if found is not None or period is not None or every is None or not counts:
                yield _figure(target, cohort, every, period, group, found or _NOTHING, basis, notes)


def _spanned(found: Set[Period | None], every: Every | None) -> list[Period | None]:
    """Give every period from the first to the last, so that one without a record shows; then None, for no period."""
    periods = sorted({period for period in found if period is not None})
    spanned: list[Period | None] = []
    if periods:
        step = periods[0]
        while step <= periods[-1]:
            spanned.append(step)
            step = following(step)
    return [*spanned, None] if every is None or None in found or not spanned else spanned


def _gathered(block: Block, every: Every | None) -> dict[tuple[Period | None, Group], _Counts]:
    """Add cells up to periods and groups; what has no day in the cohort is gathered under None."""
    indexes, place = _distinct(block.period)
    grain = grain_of(every)
    periods: list[Period | None] = [
        None if every is None or index == NO_PERIOD else period_of(grain_start(int(index), grain), every)
        for index in indexes
    ]
    book = list(dict.fromkeys(periods))
    places = {item: at for at, item in enumerate(book)}
    period = np.array([places[item] for item in periods], np.int64).take(place)
    shape = len(book), max(len(block.groups), 1), max(len(block.outcomes), 1)
    records = np.zeros(shape, np.int64)
    np.add.at(records, (period, block.group, block.outcome), block.records)
    moving = np.zeros(shape[:2], np.int64)
    np.add.at(moving, (period, block.group), block.provisional)
    gathered = {}
    for i, j in zip(*np.nonzero(records.sum(axis=2)), strict=True):
        statuses: Count[str] = Count()
        reasons: Count[tuple[str, str]] = Count()
        for outcome, number in zip(block.outcomes, records[i, j].tolist(), strict=True):
            statuses[outcome.status] += number
            if outcome.reason and number:
                reasons[outcome.status, outcome.reason] += number
        gathered[book[i], block.groups[j]] = _Counts(statuses, reasons, bool(moving[i, j]))
    return gathered


def _distinct(values: Integers) -> tuple[Integers, Integers]:
    """Give the different values, and the place of each among them, without sorting."""
    low = int(values.min(initial=0))
    seen = np.bincount(values - low)
    found = np.flatnonzero(seen)
    return found + low, (np.cumsum(seen > 0) - 1).take(values - low)


def _figure(
    target: AnyTarget,
    cohort: Cohort,
    every: Every | None,
    period: Period | None,
    group: Group,
    counts: _Counts,
    basis: Basis,
    notes: tuple[str, ...],
) -> Row:
    met, late, overdue, pending, excluded, invalid = (counts.statuses.get(status, 0) for status in STATUSES)
    missed = late + overdue
    denominator, whole = met + missed, met + missed + pending
    standard = target.standard
    headroom = None if standard is None or not whole else headroom_of(standard, met, pending, whole)
    return Row(
        target=target.id,
        measure=target.measure,
        unit=target.unit,
        cohort=cohort,
        every=every or EVERYTHING,
        period=period.label if period else EVERYTHING if every is None else NO_DATE,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
        complete=every is None or (period is not None and _closed(period, basis.as_of)),
        group=group,
        records=whole + excluded + invalid,
        met=met,
        missed=missed,
        overdue=overdue,
        pending=pending,
        excluded=excluded,
        invalid=invalid,
        numerator=met,
        denominator=denominator,
        value=met / denominator if denominator else None,
        low=met / whole if whole else None,
        high=(met + pending) / whole if whole else None,
        operator=standard.operator if standard else "",
        standard=float(standard.value) if standard else None,
        status=status_of(standard, headroom, denominator, pending),
        headroom=headroom,
        provisional=counts.provisional,
        note=_note(counts, notes),
        reasons=counts.reasons,
        remarks=notes,
    )


def headroom_of(standard: Standard, met: int, pending: int, whole: int) -> int:
    """Give how many could still miss before the standard is lost; below 0 it is lost already.

    >>> from ombudsman_kpi.targets import parse_standard
    >>> headroom_of(parse_standard("98%"), met=98, pending=1, whole=100)
    1
    """
    if standard.operator == "at most":  # no more than so large a share may be met
        return int(Fraction(whole) * standard.value // 1) - met
    return met + pending - ceil(standard.value * whole)


def status_of(standard: Standard | None, headroom: int | None, denominator: int, pending: int) -> Status:
    """Compare with the standard, from exact counts.

    >>> status_of(None, None, 0, 0)
    'no data'
    """
    if not denominator:
        return "no data"
    if standard is None or headroom is None:
        return "no target"
    if headroom < 0:
        return "missed"
    return "met" if headroom >= pending else "undetermined"


def _closed(period: Period, as_of: str) -> bool:
    """Tell whether a period was over: a date means its close, an instant is before it."""
    day = date.fromisoformat(as_of[:10])
    return period.end <= day if len(as_of) == len("2024-03-31") else period.end < day


def _note(counts: _Counts, notes: tuple[str, ...]) -> str:
    """Say why records were left out, and what else to know."""
    texts = []
    for status in STATUSES:
        found = sorted((-number, reason) for (of, reason), number in counts.reasons.items() if of == status)
        if found:
            texts.append(f"{status}: " + ", ".join(f"{-number:,} {reason}" for number, reason in found))
    return "; ".join([*texts, *notes])


def _unmeasured(target: AnyTarget, basis: Basis, reason: str) -> Row:
    standard = target.standard
    values: dict[str, Any] = dict.fromkeys((*_COUNTS, "value", "low", "high", "period_start", "period_end"))
    values |= {
        "target": target.id, "measure": target.measure, "unit": target.unit, "cohort": target.cohort,
        "every": EVERYTHING, "period": EVERYTHING, "complete": True, "group": ("",) * len(basis.by),
        "operator": standard.operator if standard else "", "standard": float(standard.value) if standard else None,
        "status": "not measured", "provisional": False, "note": reason,
    }  # fmt: skip
    return Row(**values)
