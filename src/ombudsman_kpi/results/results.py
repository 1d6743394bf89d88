"""Results: everything with a decimal point lives here: values, bounds, headroom, status."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.calendars.periods import Every, Period, grain_of, period_of
from ombudsman_kpi.clocks.outcomes import STATUSES
from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.events.log import notes_of
from ombudsman_kpi.measures.figures import NOTHING, Counts, Figure, Place, Status, share_figure
from ombudsman_kpi.measures.registry import figure_of
from ombudsman_kpi.measures.stock import figure as stock_figure
from ombudsman_kpi.measures.stock import level
from ombudsman_kpi.measures.targets import AnyTarget, Cohort, Count, DoneBy, InForce, Score, Stock, Trend
from ombudsman_kpi.results.summed import gathered, spanned
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.counts import Basis, Block, Group, Key, Tally

if TYPE_CHECKING:
    import pandas as pd

EVERYTHING = "all"
NO_DATE = "(no period)"
PUBLISHED = "measured on a published table"


class Row(NamedTuple):
    """One figure: a target, a cohort, a period and a group. None stands for what there isn't.

    ``records`` = met + missed + pending + excluded + invalid; ``missed`` is late and overdue together. ``value`` is
    met / (met + missed); ``low`` and ``high`` what it would be if every pending record missed, or met. ``standard``
    is in the unit of the value. ``headroom`` is how many more could miss before the standard is lost. Of a measure
    without a limit, ``met`` are those counted.
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
    numerator: int | float | None
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
    words: tuple[str, ...] = ()  # what the measure itself says beside its value
    details: Mapping[str, Any] = MappingProxyType({})  # the same as values: a rank, an interval, the highest day
    exact: Fraction | None = None  # the value before it was made a float

    def as_dict(self, by: tuple[str, ...]) -> dict[str, Any]:
        """Give the columns of the contract by name, the groups where they stand in it."""
        out: dict[str, Any] = {}
        for name, value in zip(self._fields, self, strict=True):
            if name == "group":
                out |= dict(zip(by, self.group, strict=True))
            elif name not in INSIDE:
                out[name] = value
        return out


INSIDE = {"reasons", "remarks", "words", "details", "exact"}  # parts of the note, which are no columns of their own
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
            target.id: target.options
            for target in self.scheme.targets
            if target.options and target.id in self.basis.every
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
        if any(isinstance(row.numerator, float) for row in self.rows):
            types["numerator"] = "Float64"
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

    def to_json(self) -> str:
        """Give all of it as JSON: what ``to_dict`` gives, and what is needed to read it back without loss."""
        from ombudsman_kpi.results.json import results_to_json

        return results_to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Results":
        """Read what ``to_json`` gave. Raises ``KpiError`` for any other text, or where days off have changed since."""
        from ombudsman_kpi.results.json import results_from_json

        return results_from_json(text)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Give the JSON Schema of what ``to_json`` gives."""
        from ombudsman_kpi.results.json import json_schema_of

        return json_schema_of("results")

    def __repr__(self) -> str:
        from ombudsman_kpi.results.text_table import as_text, table_of

        return as_text(table_of(self))

    def _repr_html_(self) -> str:
        from ombudsman_kpi.results.text_table import as_html, table_of

        return as_html(table_of(self))


def _names(by: tuple[str, ...]) -> Iterator[str]:
    for name in Row._fields:
        if name not in INSIDE:
            yield from by if name == "group" else (name,)


def _rows(tally: Tally, basis: Basis) -> Iterator[Row]:
    for name, everys in basis.every.items():
        target = basis.scheme[name]
        notes = (*sorted(tally.notes.get(name, ())), *notes_of(tally.misfits.get(name, {})))
        if name in tally.unmeasured:
            yield _unmeasured(target, basis, tally.unmeasured[name])
            continue
        for cohort in basis.cohorts[name]:
            for every in everys[:1] if isinstance(target, DoneBy) else everys:
                if isinstance(target, Stock):
                    yield from _stock(target, every, tally.blocks[Key(name, cohort, "day")], basis, notes)
                    continue
                block = tally.blocks.get(Key(name, cohort, grain_of(every)))
                if block is not None:
                    yield from _figures(target, cohort, every, block, tally, notes)


def _figures(
    target: AnyTarget, cohort: Cohort, every: Every | None, block: Block, tally: Tally, notes: tuple[str, ...]
) -> Iterator[Row]:
    """Give the rows of one target and cohort: every period from the first to the last, for every group."""
    basis = tally.basis
    assert basis is not None  # noqa: S101
    if isinstance(target, DoneBy):  # it is done once, whatever the periods are
        every = None
    counts = gathered(block, every, grain_of(every))
    sampled = _sampled_from(target, every, tally)
    groups = sorted({group for _, group in counts}) or [("",) * len(basis.by)]
    found = {period for period, _ in counts}
    if every is not None and _counts_nothing(target) and found - {None} and PUBLISHED not in notes:
        found.add(period_of(date.fromisoformat(basis.as_of[:10]), every))  # none is a number too
    for period in spanned(found, every):
        complete = every is None or (period is not None and _closed(period.end, basis.as_of))
        if isinstance(target, DoneBy):
            complete = _closed(target.by_date, basis.as_of)
        for group in groups:
            if (period, group) in counts or period is not None or every is None or not counts:
                population = sampled.get((period, group)) if sampled is not None else None
                place = Place(counts, period, group, complete, population and population.met)
                no_date = every is not None and period is None
                figure = share_figure(target.standard, place) if no_date else figure_of(target, place)
                yield _row(target, cohort, every, place, figure, place.here, basis, notes)


def _counts_nothing(target: AnyTarget) -> bool:
    """Tell whether a period without a record has a figure all the same: the number 0."""
    return isinstance(target.figure if isinstance(target, Trend) else target, Count)


def _sampled_from(
    target: AnyTarget, every: Every | None, tally: Tally
) -> dict[tuple[Period | None, Group], Counts] | None:
    """Give the numbers of what a score's sample was drawn from, where they were counted."""
    if not isinstance(target, Score) or target.sampled_from is None or tally.basis is None:
        return None
    key = Key(target.sampled_from, tally.basis.scheme[target.sampled_from].cohort, grain_of(every))
    return gathered(tally.blocks[key], every, key.grain) if key in tally.blocks else None


def _stock(target: Stock, every: Every | None, block: Block, basis: Basis, notes: tuple[str, ...]) -> Iterator[Row]:
    """Give the rows of a stock: for every period from the first change to ``as_of``, its highest day."""
    days = gathered(block, "day", "day")
    groups = sorted({group for _, group in days}) or [("",) * len(basis.by)]
    last = date.fromisoformat(basis.as_of[:10])
    first = min((day.start for day, _ in days if day is not None), default=last)
    periods = spanned({period_of(day, every) for day in (first, last)}, every) if every else [None]
    for period in periods:
        start, end = (first, last) if period is None else (period.start, min(period.end, last))
        complete = period is None or _closed(period.end, basis.as_of)
        for group in groups:
            changes = {
                day_number(day.start): (counts.statuses.get("overdue", 0), counts.statuses.get("late", 0))
                for (day, own), counts in days.items()
                if day is not None and own == group
            }
            found = level(changes, day_number(start), day_number(end))
            others = days.get((None, group), NOTHING).statuses if period is None else {}
            counts = Counts(
                {**others, "overdue": found.end, "late": found.joined - found.end},
                days.get((None, group), NOTHING).reasons if period is None else {},
                provisional=False,
            )
            place = Place({}, period, group, complete)
            yield _row(
                target,
                target.cohort,
                every,
                place,
                stock_figure(target, found, complete=complete),
                counts,
                basis,
                notes,
            )


def _row(
    target: AnyTarget,
    cohort: Cohort,
    every: Every | None,
    place: Place,
    figure: Figure,
    counts: Counts,
    basis: Basis,
    notes: tuple[str, ...],
) -> Row:
    met, late, overdue, pending, excluded, invalid = (counts.statuses.get(status, 0) for status in STATUSES)
    standard, period = target.standard, place.period
    remarks = (*_out_of_force(target.in_force or basis.scheme.in_force, period), *notes)
    shown = STATUSES[3:] if isinstance(target, (Score, Stock)) else STATUSES  # theirs name parts, and changes
    reasons = {pair: number for pair, number in counts.reasons.items() if pair[0] in shown}
    return Row(
        target=target.id,
        measure=target.measure,
        unit=target.unit,
        cohort=cohort,
        every=every or EVERYTHING,
        period=period.label if period else EVERYTHING if every is None else NO_DATE,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
        complete=every is None or (period is not None and place.complete),
        group=place.group,
        records=met + late + overdue + pending + excluded + invalid,
        met=met,
        missed=late + overdue,
        overdue=overdue,
        pending=pending,
        excluded=excluded,
        invalid=invalid,
        numerator=_plain(figure.numerator),
        denominator=figure.denominator,
        value=_float(figure.value),
        low=_float(figure.low),
        high=_float(figure.high),
        operator=standard.operator if standard else "",
        standard=float(standard.value) if standard else None,
        status=figure.status,
        headroom=figure.headroom,
        provisional=counts.provisional,
        note=_note(figure.remarks, reasons, remarks),
        reasons=reasons,
        remarks=remarks,
        words=figure.remarks,
        details=figure.details,
        exact=figure.value,
    )


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _plain(value: Fraction | None) -> int | float | None:
    """Give an exact number as it is counted: whole where it is whole."""
    return None if value is None else int(value) if value.denominator == 1 else float(value)


def _out_of_force(in_force: InForce | None, period: Period | None) -> tuple[str, ...]:
    """Say where a commitment didn't hold for all of a period, or where nobody asked for periods."""
    if in_force is None:
        return ()
    whole = (
        period is not None
        and (in_force.first is None or in_force.first <= period.start)
        and (in_force.last is None or period.end <= in_force.last)
    )
    return () if whole else (f"the commitment was in force {in_force}",)


def _closed(last: date, as_of: str) -> bool:
    """Tell whether a day was over: a date means its close, an instant is before it."""
    day = date.fromisoformat(as_of[:10])
    return last <= day if len(as_of) == len("2024-03-31") else last < day


def _note(words: tuple[str, ...], reasons: Mapping[tuple[str, str], int], remarks: tuple[str, ...]) -> str:
    """Say what belongs to the value, why records were left out, and what else to know."""
    texts = []
    for status in STATUSES:
        found = sorted((-number, reason) for (of, reason), number in reasons.items() if of == status)
        if found:
            texts.append(f"{status}: " + ", ".join(f"{-number:,} {reason}" for number, reason in found))
    return "; ".join([*words, *texts, *remarks])


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
