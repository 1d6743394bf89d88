"""How everything was counted: what is said beside all figures, so that anyone can count them again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ombudsman_kpi.calendars.bank_holidays import DIVISIONS
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.heading import HOW_OFTEN, as_at, listed, shown_cohort
from ombudsman_kpi.publish.published import plain
from ombudsman_kpi.publish.totals import is_total
from ombudsman_kpi.tallies.basis import Basis

COHORT_WORDS: Mapping[Cohort, str] = {
    "received": "Those received in the period, whose clock started in it. What is still open and overdue counts as "
    "missed; what isn't due yet is shown as still open.",
    "closed": "Those closed in the period, whose clock stopped in it. What is still open isn't in the figure.",
    "due": "Those that fell due in the period, whether they are done or not.",
    "dated": "Those of the period by their date.",
}
_PERIODS: Mapping[Every, str] = {
    "week": "weeks from Monday", "month": "months", "two-month": "two months", "quarter": "quarters",
    "half-year": "half-years", "financial-year": "financial years from April", "year": "calendar years",
}  # fmt: skip


def how_counted(rows: Sequence[Row], basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield how everything was counted: a name, and what is said of it in sentences.

    ``rows`` are those that are published, so that no number stands here that is withheld there.
    """
    scheme, measured = basis.scheme, _measured(rows)
    yield "Standards", f"{plain(scheme.title)}. Source: {plain(scheme.source)}."
    if basis.report is not None:
        yield from _of_report(basis, basis.report)
    yield "As at", (
        f"The close of {as_at(basis)}. What happened later isn't known here, and isn't counted."
        if len(basis.as_of) == len("2024-03-31") else f"{as_at(basis)}. What happened later isn't counted."
    )  # fmt: skip
    yield "Working days", _calendar(basis)
    periods = dict.fromkeys(_PERIODS[every] for own in basis.every.values() for every in own if every)
    if periods:
        yield (
            "Periods",
            (
                f"{listed(periods).capitalize()}. A figure that may still change is marked [p], "
                "and one that was revised since it was last published [r]."
            ),
        )
    if basis.by:
        yield "Groups", f"By {listed(map(plain, basis.by))}, as the records have it."
    yield from _cohorts(measured, basis)
    yield (
        "Rounding",
        (
            "Whether a standard is met is worked out from the exact numbers of records. Only what is shown is rounded, "
            "halves up, and never across its standard."
        ),
    )
    yield from _small_numbers(basis)
    yield from _options(measured, basis)
    yield from _readings(measured, basis)
    yield from _left_out(rows, basis)
    yield from _remarks(rows, basis)
    yield from _not_measured(rows, basis)
    yield (
        "To count it again",
        (
            f"Scheme {scheme.id}, digest {scheme.digest}; calendar {plain(scheme.calendar.named)}, edition "
            f"{scheme.calendar.edition}; time zone {scheme.time_zone}; as of {basis.as_of}. The same digest, edition "
            "and records give the same figures."
        ),
    )


def _measured(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each target that was measured, without totals."""
    own: dict[str, list[Row]] = {}
    for row in rows:
        if row.status != "not measured" and not is_total(row):
            own.setdefault(row.target, []).append(row)
    return own


def _of_report(basis: Basis, audience: str) -> Iterator[tuple[str, str]]:
    """Yield what the scheme says of a report: its cycles, and what is reported by exception alone."""
    entries = [entry for entry in basis.scheme.reports if entry.audience == audience]
    for entry in entries:
        said = [f"{plain(text).rstrip('.')}." for text in (entry.says, entry.reading) if text]
        titles = _titles(entry.targets, basis)
        often = "by exception, when something calls for it" if entry.by_exception else (
            HOW_OFTEN[entry.every] if entry.every else "whenever it is asked for"
        )  # fmt: skip
        yield f"Reported {often}", " ".join([f"{titles}.", *said])


def _title(name: str, basis: Basis) -> str:
    return title_of(basis.scheme[name])


def _calendar(basis: Basis) -> str:
    scheme = basis.scheme
    place = DIVISIONS[scheme.division].title if scheme.division in DIVISIONS else plain(scheme.calendar.named)
    said = [f"Monday to Friday, without the bank holidays of {place}" if scheme.place is None else f"Those of {place}"]
    if scheme.closures:
        said.append("and without the office's own days off")
    if scheme.opening is not None:
        said.append("; limits in working hours run in the opening hours")
    return f"{' '.join(said).replace(' ;', ';')}. Times are by the clock of {scheme.time_zone}."


def _cohorts(measured: Mapping[str, Sequence[Row]], basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield which records are counted in a period, for each way in which a headline figure is."""
    of: dict[Cohort, list[str]] = {}
    for name in measured:
        of.setdefault(shown_cohort(basis.scheme[name], basis), []).append(_title(name, basis))
    for cohort, titles in of.items():
        which = "So it is for all figures." if len(of) == 1 else f"So it is for: {'; '.join(titles)}."
        yield f"Which records count: {cohort}", f"{COHORT_WORDS[cohort]} {which}"


def _small_numbers(basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield what is withheld by the scheme's rule on small numbers."""
    rule = basis.scheme.disclosure
    if rule is not None:
        said = f"{plain(rule.says).rstrip('.')}. " if rule.says else ""
        source = f" Source: {plain(rule.source).rstrip('.')}." if rule.source else ""
        least = rule.minimum_denominator
        rates = f" A rate is shown only from {least:,} records; else it is [x]." if least > 1 else ""
        yield (
            "Small numbers",
            (
                f"{said}Numbers from 1 to {rule.threshold - 1:,} are shown as [c], and so is what would give one away. "
                f"A 0 is shown.{rates}{source}"
            ),
        )


def _options(measured: Mapping[str, Sequence[Row]], basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield the options of clocks that are in force, those of targets with the same ones together."""
    alike: dict[str, list[str]] = {}
    for name, options in basis.options["clocks"].items():
        if name in measured:
            said = "; ".join(f"{key.replace('_', ' ')}: {value}" for key, value in options.items())
            alike.setdefault(plain(said), []).append(_title(name, basis))
    for said, titles in alike.items():
        yield "Options", f"{said[0].upper()}{said[1:]}. So it is for: {'; '.join(titles)}."


def _readings(measured: Mapping[str, Sequence[Row]], basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield what the scheme chose where the words of a commitment leave it open."""
    alike: dict[str, list[str]] = {}
    for name in measured:
        if basis.scheme[name].reading:
            alike.setdefault(plain(basis.scheme[name].reading or ""), []).append(_title(name, basis))
    for said, titles in alike.items():
        yield "How the words are read", f"{said.rstrip('.')}. So it is for: {'; '.join(titles)}."


def _left_out(rows: Sequence[Row], basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield of each target how many records are in none of its figures, and why."""
    for name, own in _measured(rows).items():
        target = basis.scheme[name]
        if target.counted_daily:  # the same records are in stock day after day
            continue
        mine = [row for row in own if row.cohort == shown_cohort(target, basis) and row.every == own[0].every]
        if any(row.withheld for row in mine):
            continue
        for status, heading in (("excluded", "Left out"), ("invalid", "Contradict themselves")):
            reasons: Counter[str] = Counter()
            for row in mine:
                for (of, reason), number in row.reasons.items():
                    if of == status:
                        reasons[reason] += number
            if number := sum(reasons.values()):
                of_all = sum(row.records or 0 for row in mine)
                why = listed(f"{each:,} ({plain(reason)})" for reason, each in reasons.most_common())
                kind = target.of.replace("_", " ")
                yield heading, f"{title_of(target)}: {number:,} of {of_all:,} {kind}: {why}."


def _remarks(rows: Sequence[Row], basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield what else is to be known, once each, with what it is about."""
    about: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.status != "not measured":
            for remark in row.remarks:
                about.setdefault(remark, {})[row.target] = None
    for remark, names in about.items():
        yield "To be known", f"{plain(remark)[:1].upper()}{plain(remark)[1:]}. So it is for: {_titles(names, basis)}."


def _titles(names: Iterable[str], basis: Basis) -> str:
    return "; ".join(_title(name, basis) for name in names)


def _not_measured(rows: Sequence[Row], basis: Basis) -> Iterator[tuple[str, str]]:
    """Yield what wasn't measured, and why."""
    reasons: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.status == "not measured":
            reasons.setdefault(row.note, {})[row.target] = None
    for reason, names in reasons.items():
        yield "Not measured", f"{plain(reason)[:1].upper()}{plain(reason)[1:]}: {_titles(names, basis)}."
