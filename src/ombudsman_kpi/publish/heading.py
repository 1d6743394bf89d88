"""What stands above all that is published: to whom it is reported and how often, of what, as at which day."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from ombudsman_kpi.calendars.dates import MONTHS, day_in_words
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.figures.row import NO_DATE, Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.published import plain
from ombudsman_kpi.tallies.basis import Basis

HOW_OFTEN: dict[Every, str] = {
    "week": "weekly", "month": "monthly", "two-month": "two-monthly", "quarter": "quarterly",
    "half-year": "half-yearly", "financial-year": "yearly", "year": "yearly",
}  # fmt: skip


def title_of_report(basis: Basis, measured: Iterable[str] | None = None) -> str:
    """Return the title: of a report to whom it is, and how often those targets are reported that were measured.

    Without an audience it is that of the scheme.

    >>> from ombudsman_kpi import load_scheme, measure
    >>> cases = [{"case_id": "A1", "received_at": "2024-03-28"}]
    >>> results = measure(load_scheme("lgsco"), cases=cases, as_of="2024-03-31", report="executive team")
    >>> title_of_report(results.basis)
    'Monthly report to the Executive Team'
    """
    if basis.report is None:
        return plain(basis.scheme.title)
    cycles = (every for name in measured or basis.every for every in basis.every[name])
    often = listed(dict.fromkeys(HOW_OFTEN[every] for every in cycles if every))
    text = f"{often} report to {_the(basis.report)}".strip()
    return text[0].upper() + text[1:]


def _the(audience: str) -> str:
    """Return an audience as it stands in a sentence."""
    name = plain(audience)
    if name.casefold() == "public":
        return "the public"
    return name if name.casefold().startswith(("the ", "our ", "all ")) else f"the {name}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a list in a sentence.

    >>> listed(["weekly", "monthly", "yearly"]), listed([])
    ('weekly, monthly and yearly', '')
    """
    *first, end = [*words] or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def shown_cohort(target: Target, basis: Basis) -> Cohort:
    """Return the cohort by which a target stands in headlines: its own, where that was measured."""
    measured = basis.cohorts[target.id]
    return target.cohort if target.cohort in measured else measured[0]


def as_at(basis: Basis) -> str:
    """Return when was measured, in words: a day, at whose close it was, or a time."""
    if len(basis.as_of) == len("2024-03-31"):
        return day_in_words(date.fromisoformat(basis.as_of))
    moment = datetime.fromisoformat(basis.as_of)
    return f"{moment:%H:%M} on {day_in_words(moment.date())}"


def period_words(row: Row) -> str:
    """Return a period as people call it, with the days that it is from and to.

    >>> from ombudsman_kpi import load_scheme, measure
    >>> cases = [{"case_id": "A1", "received_at": "2024-01-02", "decided_at": "2024-01-05"}]
    >>> results = measure(load_scheme("lgsco"), cases=cases, as_of="2024-03-31", every="quarter")
    >>> period_words(results["decided-or-allocated-20wd"].rows[-1])
    '2023/24 Q4 (January to March 2024)'
    """
    start, end = row.period_start, row.period_end
    if start is None or end is None:
        return "all records" if row.period == "all" else row.period
    first, last = MONTHS[start.month - 1], f"{MONTHS[end.month - 1]} {end.year}"
    if row.every == "month":
        return last
    if row.every in {"week", "year"}:
        return f"week from {day_in_words(start)}" if row.every == "week" else f"{start.year}"
    return f"{row.period} ({first}{'' if start.year == end.year else f' {start.year}'} to {last})"


def heading_of(name: str) -> str:
    """Return the name of a column to group by as a heading.

    >>> heading_of("local_office")
    'Local office'
    """
    words = plain(name).replace("_", " ")
    return words[:1].upper() + words[1:]


def subtitle_of(rows: Sequence[Row], basis: Basis) -> str:
    """Return which periods the headline figures are of, as at which day; of a report, by which scheme, too."""
    dated = (row for row in rows if row.period != NO_DATE)
    periods = dict.fromkeys(period_words(row) for row in sorted(dated, key=_end, reverse=True))
    shown = [*periods][:3]
    of = listed([*shown, *(["earlier periods"] if len(periods) > len(shown) else [])]) or "no data"
    own = "" if basis.report is None else f"{plain(basis.scheme.title)}: "
    text = f"{own}{of}, as at {as_at(basis)}"
    return text[0].upper() + text[1:]


def _end(row: Row) -> date:
    return row.period_end or date.min
