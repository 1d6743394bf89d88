"""The short way through all of it: records in, outcomes, tallies or results out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.engines.counting import on_spark, tallied
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.case_rows import case_rows
from ombudsman_kpi.events.log import History
from ombudsman_kpi.figures.row import check_groups
from ombudsman_kpi.records.keywords import Records, WorklistRecords, provided, takes_records
from ombudsman_kpi.records.reading import Columns, Formats, Missing, RepeatedIds, Unreadable, parse_readings
from ombudsman_kpi.results.compare import Comparison, matched, paired, wanted
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.results.tally import Settled, Tally
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options, opened_once, refuse_too_early
from ombudsman_kpi.tallies.outcome_rows import outcomes_of
from ombudsman_kpi.tallies.plan import (
    Progress,
    check_scheme,
    names_of,
    open_records,
)
from ombudsman_kpi.tallies.settled import settle_records

if TYPE_CHECKING:
    import pandas as pd


@takes_records
def measure(
    scheme: Scheme,
    *,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    cohort: str | None = None,
    targets: str | Sequence[str] | None = None,
    report: str | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
    progress: Progress | None = None,
    memory: str | int | None = None,
    **records: Unpack[Records],
) -> Results:
    """Return the results of measuring records against the targets of a scheme.

    >>> from ombudsman_kpi import load_scheme, measure
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29"},
    ...     {"case_id": "A2", "received_at": "2024-03-28", "decided_at": "2024-04-30"},
    ... ]
    >>> results = measure(load_scheme("lgsco"), cases=cases, as_of="2024-05-31")
    >>> row = results["decided-or-allocated-20wd"].rows[0]
    >>> row.met, row.missed, row.value, row.status
    (1, 1, 0.5, 'met')

    Give records by their kind (``calls=``, ``cases=``, …): a pandas, Polars, PyArrow, DuckDB or Spark table, a lazy
    frame, an Arrow reader, the path of a CSV or Parquet file, a pattern for many files, rows, or tables in turn.

    - ``as_of``: measured at the close of this date, or at this instant; what happened later isn't known.
    - ``every``: week, month, two-month, quarter, half-year, financial-year (from April), year, or a list; None: all.
    - ``by``: columns to group by. ``cohort``: received, closed, due or "all"; None is each target's headline cohort.
    - ``targets``: ids of those to measure; without their records they say so. ``report``: the cycle of an audience.
    - ``columns``: the names that your columns have, ``{"cases": {"received_at": "Date received"}}``; ``dates``: the
      formats of dates in text, ``{"cases": "%d/%m/%Y"}``; or, as ``columns``, the path of a TOML file with both.
    - ``missing``: words that stand for an empty cell, such as ["TBC"], beside those that always do (N/A, -, NULL, …).
    - ``unreadable``: "invalid" counts a record with a time in an unknown form as invalid, in place of an error.
    - ``repeated_ids``: "check" leaves looking for ids that rows share to ``check``, and the note says so.
    - ``progress``: called with the kind of records and the number of rows read so far.
    - ``memory``: how much to use, such as "2 GB"; larger records are counted in parts on the disk, to the same answer.

    Raises ``RecordsError``, ``SchemeError``, ``OptionError`` or ``CoverageError``. Contradictory records are invalid.
    """
    readings = parse_readings(columns, dates, missing, unreadable, repeated_ids)
    options = Options(as_of, every, names_of("by", by), cohort, targets, report, readings)
    return _measured(scheme, provided(records), options, memory, progress)


@takes_records
def tally(
    scheme: Scheme,
    *,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    cohort: str | None = None,
    targets: str | Sequence[str] | None = None,
    report: str | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
    progress: Progress | None = None,
    memory: str | int | None = None,
    **records: Unpack[Records],
) -> Tally:
    """Return counted outcomes: whole numbers that add up. The arguments are those of ``measure``.

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
    readings = parse_readings(columns, dates, missing, unreadable, repeated_ids)
    options = Options(as_of, every, names_of("by", by), cohort, targets, report, readings)
    return tallied(scheme, provided(records), options, memory, progress)


def _measured(
    scheme: Scheme, tables: Mapping[str, Any], options: Options, memory: str | int | None, progress: Progress | None
) -> Results:
    """Return the results of measuring records, given by their kind."""
    counted = tallied(scheme, tables, options._replace(times=False), memory, progress)
    results = counted.results()
    refuse_too_early(counted, scheme, options.as_of)
    return results


@takes_records
def settled(
    scheme: Scheme,
    *,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    cohort: str | None = None,
    targets: str | Sequence[str] | None = None,
    report: str | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    progress: Progress | None = None,
    **records: Unpack[Records],
) -> Settled:
    """Return the tally of the records whose outcomes no longer change as time passes, and name the others.

    >>> from ombudsman_kpi import load_scheme, settled, tally
    >>> lgsco = load_scheme("lgsco")
    >>> a1 = {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-05"}
    >>> a2 = {"case_id": "A2", "received_at": "2024-03-28", "decided_at": None}
    >>> april = settled(lgsco, cases=[a1, a2], as_of="2024-04-30")
    >>> april.open
    {'cases': ('A2',)}
    >>> a2["decided_at"] = "2024-05-02"
    >>> may = april.tally.at("2024-05-31") + tally(lgsco, cases=[a2], as_of="2024-05-31")
    >>> may == tally(lgsco, cases=[a1, a2], as_of="2024-05-31")
    True

    The records and options are those of ``measure``, but that ``as_of`` is a date. What is settled when, and how a
    nightly job uses it, is in docs/tallies.md. Raises what ``tally`` raises.
    """
    by = names_of("by", by)
    check_groups(by)
    options = Options(as_of, every, by, cohort, targets, report, parse_readings(columns, dates, missing, unreadable))
    counts, unsettled = settle_records(scheme, provided(records), options, progress)
    return Settled(Tally.of(counts), unsettled)


@takes_records
def assess(
    scheme: Scheme,
    *,
    as_of: Any,
    targets: str | Sequence[str] | None = None,
    keep: str | Sequence[str] = (),
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
    progress: Progress | None = None,
    **records: Unpack[Records],
) -> "pd.DataFrame":
    """Return the outcome of every record for every target: which were missed, and when they were due.

    >>> from ombudsman_kpi import assess, load_scheme
    >>> rows = assess(load_scheme("lgsco"), requests=[
    ...     {"request_id": "R1", "kind": "service-complaint", "received_at": "2024-03-28"}
    ... ], as_of="2024-04-30")
    >>> rows[["target", "id", "due", "elapsed", "status"]].head(1).to_string(index=False, header=False)
    'service-complaints-20wd R1 2024-04-29  21.0 overdue'

    The records and options are those of ``measure``. The columns: ``target, record`` (the kind), ``id, row`` (its
    position in what was given), ``party, start, stop, due`` (wall-clock times of the scheme's zone; for clocks that
    run in days the midnight that begins the day), ``elapsed`` and its ``unit`` (to the stop, or to ``as_of`` while
    the clock is open), ``status`` (met, late, overdue, pending, excluded, invalid) and ``reason``; and beside them
    those of yours that ``keep`` names. Rows of a file that are no records are said in ``attrs["notes"]`` of the frame.
    """
    options = Options(
        as_of, targets=targets, readings=parse_readings(columns, dates, missing, unreadable, repeated_ids)
    )
    return outcomes_of(scheme, provided(records), options, progress, names_of("keep", keep))


@takes_records
def compare_schemes(
    first: Scheme,
    second: Scheme,
    *,
    same: Mapping[str, str] | None = None,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    cohort: str | None = None,
    targets: str | Sequence[str] | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    progress: Progress | None = None,
    **records: Unpack[Records],
) -> Comparison:
    """Return the same records measured under two schemes: how this year would have looked under the other plan.

    >>> from ombudsman_kpi import compare_schemes, load_scheme
    >>> case = {"case_id": "A1", "received_at": "2024-01-01", "allocated_at": "2024-01-09", "decided_at": "2024-04-01"}
    >>> now, then = load_scheme("lgsco"), load_scheme("lgo-2017-18")
    >>> comparison = compare_schemes(now, then, cases=[case], as_of="2024-04-30", targets="investigation-13w")
    >>> [(pair.first.status, pair.second.status) for pair in comparison.pairs]  # decided on day 91
    [('met', 'missed')]

    Targets of one id are set side by side; ``same`` names those with another id in the second scheme, such as
    ``{"written-contacts-3wd": "written-contacts-24h"}``. Those that only one scheme has stand alone. All else is as for
    ``measure``. Each scheme measures with its own calendar, clocks and headline cohorts, in force or not.

    Raises what ``measure`` raises, and ``OptionError`` where neither scheme has a target, or one has none of them.
    """
    check_scheme(first)
    check_scheme(second)
    pairs = wanted(matched(first, second, same or {}), targets)
    readings = parse_readings(columns, dates, missing, unreadable)
    options, sides = Options(as_of, every, by, cohort, readings=readings).read_once(), []
    for side, scheme in enumerate((first, second)):
        names = tuple(str(pair[side]) for pair in pairs if pair[side])
        if not names:
            raise OptionError(
                f"The scheme {scheme.id!r} has none of these targets, so there is nothing to compare. Say what they "
                "are called there: same={'written-contacts-3wd': 'written-contacts-24h'}."
            )
        sides.append((scheme, options._replace(targets=names)))
    tables = provided(records)
    if not on_spark(tables):
        tables = opened_once(tables, sides)
    left, right = (_measured(scheme, tables, side, None, progress) for scheme, side in sides)
    return Comparison(left, right, tuple(paired(left, right, pairs)))


@takes_records
def worklist(
    scheme: Scheme,
    *,
    as_of: Any,
    within: str | Limit | None = "10 working days",
    every: Every | None = None,
    targets: str | Sequence[str] | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
    progress: Progress | None = None,
    **records: Unpack[WorklistRecords],
) -> "pd.DataFrame":
    r"""Return every open obligation that is overdue, or due within a time from ``as_of``, the most urgent first.

    >>> from ombudsman_kpi import load_scheme, worklist
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-05"},
    ...     {"case_id": "A2", "received_at": "2024-03-28"},
    ...     {"case_id": "A3", "received_at": "2024-04-12"},
    ... ]
    >>> rows = worklist(load_scheme("lgsco"), cases=cases, as_of="2024-04-26")
    >>> rows[["id", "due", "left", "headroom", "effect"]].to_string(index=False, header=False)
    'A2 2024-04-29  1.0  1  leaves room\nA3 2024-05-13 10.0  1  leaves room'

    The records and options are those of ``measure``. ``within`` is a limit such as "10 working days" or "48 hours";
    None gives all that is open, also what has no due day while its clock stands still. The columns:

    - ``target, record, id, row, party, start, due, left, left_unit, unit, status, elapsed, reason``, as in ``assess``;
      ``left`` as in ``Deadline``: what is left of the limit, below 0 where it is overdue, in ``left_unit``;
    - ``period``: the period of the target's headline cohort that it will count in (``every``; one period, all, where
      that is left out). What is counted when it ends would, if it is missed, end on the day after it was due, or
      once that has passed, on the day after ``as_of``;
    - ``headroom``: how many may still miss there before the standard is lost; ``headroom_if_missed``: how many then;
    - ``effect``: "loses the target" where missing it leaves no way to keep the standard; "leaves room"; "lost
      already"; "counted as missed" (it is overdue, and the headroom knows); "no standard". A closed cohort knows only
      what has ended: there it may be "behind so far", or "nothing ended yet", and what is overdue is "late when it
      ends", which the headroom doesn't know yet.

    What isn't listed is said in ``attrs["notes"]`` of the frame: rows of a file that are no records, targets whose
    records weren't given, records that contradict themselves. Raises what ``measure`` does.
    """
    from ombudsman_kpi.cases.worklist import obligations

    return obligations(
        scheme, provided(records), as_of=as_of, within=within, every=every, targets=targets,
        readings=parse_readings(columns, dates, missing, unreadable, repeated_ids), progress=progress,
    )  # fmt: skip


def history(
    scheme: Scheme,
    *,
    events: Any,
    as_of: Any,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
) -> History:
    """Return case rows made from an event log, as it was known at a date; ``history.cases`` is a pandas frame.

    >>> from ombudsman_kpi import history, load_scheme
    >>> log = [
    ...     {"case_id": "A1", "event": "decided", "at": "2024-04-29"},
    ...     {"case_id": "A1", "event": "received", "at": "2024-03-28"},
    ...     {"case_id": "A1", "event": "filed", "at": "2024-03-29"},
    ... ]
    >>> history(load_scheme("lgsco"), events=log, as_of="2024-05-31")
    <History of 1 case: case_id, received_at, decided_at; 1 event of an unknown kind: filed (1)>

    An event named like a time of a case without ``_at`` becomes that time; the first one counts. The names of an XES
    log are said as for all records: ``columns={"events": {"case_id": "case:concept:name", "event": "concept:name",
    "at": "time:timestamp"}}``; its other ``case:`` columns, and any that you name after a field of cases, are kept.
    Raises ``RecordsError`` where a column is missing.
    """
    check_scheme(scheme)
    tables = open_records({"events": events}, parse_readings(columns, dates, missing))
    if "events" not in tables:
        raise OptionError("There is no event log: give one as events=.")
    return case_rows(tables["events"], parse_as_of(as_of, scheme), scheme)
