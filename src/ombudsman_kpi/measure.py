"""The short way through all of it: records in, outcomes, tallies or results out."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.assess.known import Known, parse_as_of
from ombudsman_kpi.assess.outcomes import STATUSES, due_walls
from ombudsman_kpi.assess.timeline import NONE, Timeline, fields_needed, timeline, timeline_key
from ombudsman_kpi.count import Counter, judged_clocks
from ombudsman_kpi.days import MISSING, Integers
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.frames import Batch, Dates, Table, open_table
from ombudsman_kpi.periods import Every, grain_of, parse_every
from ombudsman_kpi.records import RECORDS
from ombudsman_kpi.results import Results
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.tally import Basis, Block, Key, Tally
from ombudsman_kpi.targets import COHORTS, AnyTarget, Cohort, NotMeasured, ShareWithin
from ombudsman_kpi.zones import DAY, TimeZone

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, Mapping[str, str]] | str | Path | None
Formats = Mapping[str, Dates] | None
Progress = Callable[[str, int], None]  # (kind of records, rows read so far)


def measure(
    scheme: Scheme,
    *,
    calls: Any = None,
    written_contacts: Any = None,
    cases: Any = None,
    events: Any = None,
    requests: Any = None,
    orders: Any = None,
    reviews: Any = None,
    activities: Any = None,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    cohort: str | None = None,
    targets: str | Sequence[str] | None = None,
    report: str | None = None,
    columns: Columns = None,
    dates: Formats = None,
    progress: Progress | None = None,
) -> Results:
    """Measure records against the targets of a scheme.

    >>> from ombudsman_kpi import load_scheme, measure
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29"},
    ...     {"case_id": "A2", "received_at": "2024-03-28", "decided_at": "2024-04-30"},
    ... ]
    >>> results = measure(load_scheme("lgsco"), cases=cases, as_of="2024-05-31")
    >>> row = results["decided-or-allocated-20wd"].rows[0]
    >>> row.met, row.missed, row.value, row.status
    (1, 1, 0.5, 'met')

    Records are given by their kind (``calls``, ``written_contacts``, ``cases``, ``events``, ``requests``, ``orders``,
    ``reviews``, ``activities``) as a pandas, Polars, PyArrow or DuckDB table, the path of a CSV or Parquet file, or
    a list of rows. Only targets whose records are given are measured; the others say so.

    - ``as_of``: the date at whose close (or the instant at which) is measured; what happened later isn't known.
    - ``every``: week, month, two-month, quarter, half-year, financial-year (from 1 April), year, or a list of
      them; None is one period, everything.
    - ``by``: columns to group by. ``cohort``: received, closed, due or "all"; None is each target's headline cohort.
    - ``targets``: ids of the targets to measure. ``report``: what an audience of the scheme gets, on its cycle.
    - ``columns``: the names that your columns have, ``{"cases": {"received_at": "Date received"}}``; ``dates``: the
      formats of dates in text, ``{"cases": "%d/%m/%Y"}``; or, as ``columns``, the path of a TOML file with both.
    - ``progress``: called with the kind of records and the number of rows read so far.

    Raises ``RecordsError``, ``SchemeError``, ``OptionError`` or ``CoverageError``, each with the remedy. Records
    that contradict themselves are no error: they are counted as invalid, with the reason.
    """
    counted = tally(
        scheme, calls=calls, written_contacts=written_contacts, cases=cases, events=events, requests=requests, orders=orders, reviews=reviews, activities=activities,
        as_of=as_of, every=every, by=by, cohort=cohort, targets=targets, report=report, columns=columns,
        dates=dates, progress=progress,
    )  # fmt: skip
    results = counted.results()
    _refuse_too_early(counted, as_of)
    return results


def tally(
    scheme: Scheme,
    *,
    calls: Any = None,
    written_contacts: Any = None,
    cases: Any = None,
    events: Any = None,
    requests: Any = None,
    orders: Any = None,
    reviews: Any = None,
    activities: Any = None,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    cohort: str | None = None,
    targets: str | Sequence[str] | None = None,
    report: str | None = None,
    columns: Columns = None,
    dates: Formats = None,
    progress: Progress | None = None,
) -> Tally:
    """Count outcomes: whole numbers that add up. The arguments are those of ``measure``.

    >>> from ombudsman_kpi import load_scheme, tally
    >>> lgsco = load_scheme("lgsco")
    >>> april, may = (
    ...     tally(lgsco, cases=[{"case_id": name, "received_at": day}], as_of="2024-07-31", every="month")
    ...     for name, day in (("A1", "2024-04-02"), ("A2", "2024-05-01"))
    ... )
    >>> (april + may).results()["decided-or-allocated-20wd"].to_pandas()["period"].tolist()
    ['Apr 2024', 'May 2024']

    Ids that occur twice are seen within one call, not across the tallies of several.
    """
    at = parse_as_of(as_of, scheme)
    plan = _plan(scheme, targets, cohort, every, report)
    records = {
        "calls": calls,
        "written_contacts": written_contacts,
        "cases": cases,
        "events": events,
        "requests": requests,
        "orders": orders,
        "reviews": reviews,
        "activities": activities,
    }
    tables = _open(records, columns, dates)
    by = (by,) if isinstance(by, str) else tuple(by)
    notes = _check_groups(by, plan, tables)
    unmeasured: dict[str, str] = {}
    blocks: dict[Key, Block] = {}
    for kind in RECORDS:
        wanted = []
        for step in plan:
            if step.target.of != kind:
                continue
            if isinstance(step.target, NotMeasured):
                unmeasured[step.target.id] = step.target.reason
            elif kind not in tables:
                unmeasured[step.target.id] = f"no {kind.replace('_', ' ')} were given"
            else:
                wanted += [(step.target, key) for key in step.keys]
        if wanted:
            counter = Counter(wanted, by)
            for batch in _batches(tables[kind], [target for target, _ in wanted], by, progress):
                counter.add(Known(batch, at, scheme))
            blocks |= counter.blocks()
    every_ = {step.target.id: step.every for step in plan}
    cohorts = {step.target.id: step.cohorts for step in plan}
    return Tally(Basis(scheme, str(at), by, every_, cohorts), blocks, unmeasured, notes)


def assess(
    scheme: Scheme,
    *,
    calls: Any = None,
    written_contacts: Any = None,
    cases: Any = None,
    events: Any = None,
    requests: Any = None,
    orders: Any = None,
    reviews: Any = None,
    activities: Any = None,
    as_of: Any,
    targets: str | Sequence[str] | None = None,
    columns: Columns = None,
    dates: Formats = None,
    progress: Progress | None = None,
) -> "pd.DataFrame":
    """Give the outcome of every record for every target: which were missed, and when they were due.

    >>> from ombudsman_kpi import assess, load_scheme
    >>> rows = assess(load_scheme("lgsco"), requests=[
    ...     {"request_id": "R1", "kind": "service-complaint", "received_at": "2024-03-28"}
    ... ], as_of="2024-04-30")
    >>> rows[["target", "id", "due", "elapsed", "status"]].head(1).to_string(index=False, header=False)
    'service-complaints-20wd R1 2024-04-29 21 overdue'

    The records and options are those of ``measure``. The columns: ``target, record`` (the kind), ``id, row`` (its
    position in what was given), ``party, start, stop, due`` (wall-clock times of the scheme's zone; for clocks that
    run in days the midnight that begins the day), ``elapsed`` and its ``unit`` (to the stop, or to ``as_of`` while
    the clock is open), ``status`` (met, late, overdue, pending, excluded, invalid) and ``reason``.
    """
    import pandas as pd

    at = parse_as_of(as_of, scheme)
    plan = _plan(scheme, targets, None, None, None)
    records = {
        "calls": calls,
        "written_contacts": written_contacts,
        "cases": cases,
        "events": events,
        "requests": requests,
        "orders": orders,
        "reviews": reviews,
        "activities": activities,
    }
    tables = _open(records, columns, dates)
    parts = []
    for kind, table in tables.items():
        wanted = [step.target for step in plan if step.target.of == kind and isinstance(step.target, ShareWithin)]
        for batch in _batches(table, wanted, (), progress) if wanted else ():
            known = Known(batch, at, scheme)
            clocks: dict[object, Timeline] = {}
            for target in wanted:
                name = timeline_key(target)
                if name not in clocks:
                    clocks[name] = timeline(target, known)
                parts.append(_rows(target, clocks[name], known))
    frame = pd.concat(parts, ignore_index=True) if parts else _no_rows()
    order = [step.target.id for step in plan]
    frame["target"] = pd.Categorical(frame["target"].astype(str), order)
    frame["status"] = pd.Categorical(frame["status"].astype(str), list(STATUSES))
    frame["reason"] = frame["reason"].astype("category")
    return frame.sort_values("target", kind="stable", ignore_index=True)


@dataclass(frozen=True, slots=True)
class Step:
    """One target of a plan: by which cohorts and in which periods it is measured."""

    target: AnyTarget
    cohorts: tuple[Cohort, ...]
    every: tuple[Every | None, ...]

    @property
    def keys(self) -> list[Key]:
        """What has to be counted for it."""
        grains = dict.fromkeys(grain_of(every) for every in self.every)
        return [Key(self.target.id, cohort, grain) for cohort in self.cohorts for grain in grains]


def _plan(
    scheme: Scheme, targets: str | Sequence[str] | None, cohort: str | None, every: Any, report: str | None
) -> list[Step]:
    """Say what is measured: which targets, by which cohorts, in which periods."""
    if cohort is not None and cohort != "all" and cohort not in COHORTS:
        raise OptionError(f"There is no cohort {cohort!r}. {one_of(cohort, [*COHORTS, 'all'])}")
    periods = {target.id: parse_every(every) for target in scheme.targets}
    chosen = list(periods) if targets is None else [targets] if isinstance(targets, str) else list(targets)
    if report is not None:
        cycles = scheme.report(report)
        named = {name: cycle.every for cycle in cycles for name in cycle.targets}
        if every is None:
            periods |= {name: (cycle,) for name, cycle in named.items()}
        chosen = [name for name in (named if targets is None else chosen) if name in named]
    steps = []
    for target in (scheme[name] for name in dict.fromkeys(chosen)):
        if cohort is None:
            cohorts: tuple[Cohort, ...] = (target.cohort,)
        else:
            cohorts = tuple(name for name in target.cohorts if cohort in {"all", name})
        if cohorts:
            steps.append(Step(target, cohorts, periods[target.id]))
    if not steps:
        raise OptionError(f"None of these targets can be measured by the {cohort!r} cohort. Leave cohort= out.")
    return steps


def _open(records: Mapping[str, Any], columns: Columns, dates: Formats) -> dict[str, Table]:
    """Open what was given, with the names and formats that the caller's columns have."""
    if isinstance(columns, (str, Path)):
        columns, from_file = _mapping_file(Path(columns))
        dates = {**from_file, **(dates or {})}
    for option, value in (("columns", columns), ("dates", dates)):
        for kind in value or ():
            if kind not in RECORDS:
                raise OptionError(f"{option}= is given for {kind!r}. {one_of(kind, RECORDS)}")
    return {
        kind: open_table(kind, given, (columns or {}).get(kind), (dates or {}).get(kind))
        for kind, given in records.items()
        if given is not None
    }


def _mapping_file(path: Path) -> tuple[Mapping[str, Mapping[str, str]], Mapping[str, Dates]]:
    """Read names of columns and formats of dates from a TOML file, under [columns.cases] and [dates]."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError:
        raise OptionError(f"columns= names the file {path}, which isn't there.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} isn't a TOML file: {error}.") from None
    for key in content:
        if key not in {"columns", "dates"}:
            raise OptionError(f"{path}: {key!r} is no key here. {one_of(key, ['columns', 'dates'])}")
    return content.get("columns", {}), content.get("dates", {})


def _check_groups(by: tuple[str, ...], plan: list[Step], tables: dict[str, Table]) -> dict[str, frozenset[str]]:
    """Note the targets whose records lack a column to group by. Raises ``RecordsError`` where all of them do."""
    measured = [step.target for step in plan if isinstance(step.target, ShareWithin) and step.target.of in tables]
    notes: dict[str, frozenset[str]] = {}
    for name in by:
        lacking = [target for target in measured if not tables[target.of].has(name)]
        if measured and len(lacking) == len(measured):
            there = dict.fromkeys(column for table in tables.values() for column in table.source.names)
            raise RecordsError(f"None of the records have a column {name!r} to group by. {one_of(name, there)}")
        for target in lacking:
            text = f"{target.of.replace('_', ' ')} have no column {name!r} to group by"
            notes[target.id] = notes.get(target.id, frozenset()) | {text}
    return notes


def _batches(
    table: Table, targets: Iterable[ShareWithin], by: tuple[str, ...], progress: Progress | None
) -> Iterable[Batch]:
    """Read only the columns that some targets and groups need."""
    names = dict.fromkeys(name for target in targets for name in fields_needed(target, table))
    for name in by:
        if table.has(name):
            names |= dict.fromkeys([name, *([source] if (source := table.known_from(name)) else [])])
    for batch in table.batches(names):
        yield batch
        if progress is not None:
            progress(table.name, batch.offset + len(batch))


def _refuse_too_early(counted: Tally, as_of: Any) -> None:
    """Raise where nothing at all had been received yet: the date is surely a mistake."""
    found = [outcome for block in counted.blocks.values() for outcome in block.outcomes]
    if found and all(outcome.status == "excluded" and outcome.reason in _NOT_YET for outcome in found):
        raise OptionError(
            f"as_of {as_of} is before every record that was given, so that nothing would be known. "
            "Give the date on which the data were taken."
        )


_NOT_YET = {"not yet received", "not yet offered"}


def _no_rows() -> "pd.DataFrame":
    import pandas as pd

    names = ["target", "record", "id", "row", "party", "start", "stop", "due", "elapsed", "unit", "status", "reason"]
    return pd.DataFrame(
        {name: pd.Series(dtype="M8[us]" if name in {"start", "stop", "due"} else "str") for name in names}
    )


def _rows(target: ShareWithin, clocks: Timeline, known: Known) -> "pd.DataFrame":
    """Give one target's outcomes of a batch as rows."""
    import pandas as pd

    code, judged, beyond = judged_clocks(target, clocks, known)
    batch, zone = known.batch, known.scheme.zone
    id_field = batch.table.id_field
    has_id = id_field is not None and id_field in batch.columns
    ran = clocks.elapsed != NONE if beyond is None else (clocks.elapsed != NONE) & ~beyond
    unit = target.limit.elapsed_unit
    if unit in {"seconds", "hours"}:
        elapsed = pd.Series(clocks.elapsed / target.limit.size).where(ran)  # type: ignore[union-attr]
    else:
        elapsed = pd.Series(clocks.elapsed, dtype="Float64").where(ran)
    return pd.DataFrame(
        {
            "target": target.id,
            "record": target.of,
            "id": batch.text(str(id_field)).to_pandas() if has_id else None,
            "row": np.arange(batch.offset, batch.offset + len(batch)),
            "party": None,
            "start": _moments(clocks.start, clocks, zone),
            "stop": _moments(clocks.end, clocks, zone),
            "due": due_walls(target, clocks, zone).view("M8[us]"),
            "elapsed": elapsed.astype("Float64"),
            "unit": unit,
            "status": np.array([outcome.status for outcome in judged], object).take(code),
            "reason": np.array([outcome.reason for outcome in judged], object).take(code),
        }
    )


def _moments(points: Integers, clocks: Timeline, zone: TimeZone) -> np.typing.NDArray[np.datetime64]:
    """Give days or instants as wall-clock times."""
    walls = np.where(points == MISSING, MISSING, points * DAY) if clocks.in_days else zone.wall(points)
    return walls.view("M8[us]")
