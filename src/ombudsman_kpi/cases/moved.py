"""Deadlines that moved: due days before and after bank holidays were announced."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from ombudsman_kpi.calendars.announced import changed_between, check_known_at
from ombudsman_kpi.calendars.dates import is_missing, to_date
from ombudsman_kpi.cases.explanation import day_text, moment_text
from ombudsman_kpi.clocks.outcomes import OPEN
from ombudsman_kpi.errors import OptionError, naming
from ombudsman_kpi.publish.text_table import TextTable
from ombudsman_kpi.records.keywords import WorklistRecords, provided, takes_records
from ombudsman_kpi.records.reading import Columns, Formats, Missing, Unreadable, parse_readings
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options, opened_once
from ombudsman_kpi.tallies.outcome_rows import outcomes_of
from ombudsman_kpi.tallies.plan import Progress, check_scheme

if TYPE_CHECKING:
    import pandas as pd


@takes_records
def moved(
    scheme: Scheme,
    *,
    known_from: Any,
    known_to: Any,
    targets: str | Sequence[str] | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    progress: Progress | None = None,
    **records: Unpack[WorklistRecords],
) -> "pd.DataFrame":
    """Return the deadlines that are open at the close of ``known_to``, and that an announcement has moved.

    >>> from ombudsman_kpi import load_scheme, moved
    >>> cases = [{"case_id": "A1", "received_at": "2022-09-01"}, {"case_id": "A2", "received_at": "2022-09-20"}]
    >>> rows = moved(load_scheme("lgsco"), cases=cases, known_from="2022-09-01", known_to="2022-09-20")
    >>> rows[["id", "target", "due_before", "due_after"]].to_string(index=False, header=False)
    'A1 decided-or-allocated-20wd 2022-09-29 2022-09-30'

    An announcement is one of a bank holiday in GOV.UK's list, after ``known_from`` and no later than ``known_to``, as
    far as this release knows them: ``ombudsman-kpi calendar check`` tells whether there are others.
    ``due_before`` is by what was known when the clock started, or on ``known_from`` if it started earlier;
    ``due_after`` by what was known on ``known_to``. The other columns are those of ``assess``, and so are the records
    and options. Raises what ``assess`` raises, and ``OptionError`` where it isn't known what had been announced.
    """
    known = _as_it_became_known(scheme, known_from, known_to)
    given = provided(records)
    if not given:
        raise OptionError("There is nothing to list: give cases=, or other records that something is due on.")
    readings, at = parse_readings(columns, dates, missing, unreadable), to_date(known_to).isoformat()
    options = Options(at, targets=targets, readings=readings).read_once()
    tables = opened_once(given, [(item.scheme, options) for item in known])
    return _moved_rows(known, [outcomes_of(item.scheme, tables, options, progress) for item in known])


class _KnownScheme(NamedTuple):
    """A scheme with the calendar that was known from one day on."""

    since: date
    scheme: Scheme


def _as_it_became_known(scheme: Scheme, known_from: Any, known_to: Any) -> list[_KnownScheme]:
    """Return a scheme as its calendar was known on one day, and then on each day up to another on which it changed.

    Raises ``OptionError`` where that isn't known, or the days are in the wrong order.
    """
    check_scheme(scheme)
    with naming("known_from"):
        first = check_known_at(known_from)
    with naming("known_to"):
        last = check_known_at(known_to)
    if last < first:
        raise OptionError(f"known_from is {first}, after known_to, {last}: give the earlier day first.")
    if not scheme.division:
        raise OptionError(
            "What had been announced is known of the United Kingdom only; the calendar of the scheme "
            f"{scheme.id!r} is that of {scheme.calendar.division}."
        )
    known = [_KnownScheme(first, scheme.with_calendar(known_at=first))]
    for day in changed_between(scheme.division, first, last):
        later = scheme.with_calendar(known_at=day)
        if later.calendar.days_off != known[-1].scheme.calendar.days_off:
            known.append(_KnownScheme(day, later))
    return known


def moved_table(rows: "pd.DataFrame", scheme: Scheme, known_from: str, known_to: str) -> TextTable:
    """Return deadlines that moved laid out for a reader: from which day to which, whose, and of what."""
    cells = [
        (_written(row["due_before"]), _written(row["due_after"]), row["target"], *("" if is_missing(row[name]) else
         str(row[name]) for name in ("id", "party")))
        for row in rows.to_dict("records")
    ]  # fmt: skip
    return TextTable(
        f"Deadlines that moved: {scheme.title}",
        f"by what was announced after {known_from}, up to {known_to} · {len(rows):,} open",
        ("Due before", "Due now", "Target", "Record", "Party"),
        (False,) * 5,
        tuple(cells),
        (),
    )


def _written(due: Any) -> str:
    return day_text(due.date()) if due == due.normalize() else moment_text(due)


_KEY = ["target", "record", "row", "party"]
_COLUMNS = ["target", "record", "id", "row", "party", "start", "due_before", "due_after", "status"]


def _moved_rows(known: Sequence[_KnownScheme], outcomes: Sequence["pd.DataFrame"]) -> "pd.DataFrame":
    """Return the open deadlines that are due on another day than when they were set.

    ``outcomes`` are those of the same records by each scheme. A deadline was set by the calendar that was known when
    its clock started, but not before the first one.
    """
    import pandas as pd

    *_, now = numbered = [_numbered(frame) for frame in outcomes]
    now = now[now["status"].isin(OPEN)].rename(columns={"due": "due_after"})
    parts, left = [], now
    for (since, _), frame in zip(known[:0:-1], numbered[::-1], strict=False):
        then = left["start"] >= pd.Timestamp(since)
        parts.append(_with_due(left[then], frame))
        left = left[~then]
    parts.append(_with_due(left, numbered[0]))
    rows = pd.concat(parts)
    both = rows["due_before"].notna() & rows["due_after"].notna()
    moved = rows[both & (rows["due_before"] != rows["due_after"])]
    return moved.sort_values(["due_after", "target", "row"], kind="stable", ignore_index=True)[_COLUMNS]


def _numbered(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return outcomes with a number for each of one target, record and party, such as intervals between contacts."""
    return frame.assign(nth=frame.groupby(_KEY, dropna=False, observed=True).cumcount())


def _with_due(rows: "pd.DataFrame", before: "pd.DataFrame") -> "pd.DataFrame":
    due = before[[*_KEY, "nth", "due"]].rename(columns={"due": "due_before"})
    return rows.merge(due, on=[*_KEY, "nth"], how="left")
