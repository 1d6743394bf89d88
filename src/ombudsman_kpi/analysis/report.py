"""The report: what is published of records, with what figures alone don't say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from ombudsman_kpi.analysis.by_exception import exceptions_section
from ombudsman_kpi.analysis.open_at_ends import open_section
from ombudsman_kpi.analysis.quality import quality_section
from ombudsman_kpi.analysis.waits import Waits
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.checks.checking import check
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.figures.row import check_groups
from ombudsman_kpi.publish.files import AnyPath
from ombudsman_kpi.publish.page import write_page
from ombudsman_kpi.publish.publication import withheld_section
from ombudsman_kpi.publish.published import Publication, Section
from ombudsman_kpi.publish.workbook import write_workbook
from ombudsman_kpi.records.keywords import Records, provided, takes_records
from ombudsman_kpi.records.reading import Columns, Formats, Missing, RepeatedIds, Unreadable, parse_readings
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options, refuse_too_early, tally_records
from ombudsman_kpi.tallies.plan import Progress, check_scheme, make_plan, names_of, open_records


@dataclass(frozen=True, eq=False, repr=False)
class PublishedReport:
    """What ``report`` made of records: the figures, and all that is published of them.

    ``results`` are those of ``measure`` with every cohort. ``publication`` is what the page and the workbook show.
    """

    results: Results
    publication: Publication

    def to_html(self, path: AnyPath) -> None:
        """Write the page: one file of HTML that asks nothing of any network. See ``Results.to_html``."""
        write_page(self.publication, path)

    def to_workbook(self, path: AnyPath) -> None:
        """Write the workbook: by the end of its name .xlsx or .ods. See ``Results.to_workbook``."""
        write_workbook(self.publication, path)

    def __repr__(self) -> str:
        shown = self.publication
        lines = [
            f"- {item.title}: {item.value} ({', '.join(filter(None, [item.standard, item.status]))})"
            for item in shown.headlines
        ]
        return "\n".join([shown.title, shown.subtitle, shown.says, *lines])


@takes_records
def report(
    scheme: Scheme,
    *,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    targets: str | Sequence[str] | None = None,
    report: str | None = None,
    since: Results | None = None,
    waits: int = 20,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
    progress: Progress | None = None,
    **records: Unpack[Records],
) -> PublishedReport:
    """Return what is published of records: the figures by every cohort, what is open, the longest waits, data quality.

    >>> import ombudsman_kpi as kpi
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-03-01", "allocated_at": None, "decided_at": "2024-03-20"},
    ...     {"case_id": "A2", "received_at": "2024-03-04", "allocated_at": None, "decided_at": None},
    ... ]
    >>> found = kpi.report(kpi.load_scheme("lgsco"), cases=cases, as_of="2024-04-30", every="month", by=(),
    ...                    targets="decided-or-allocated-20wd")
    >>> found.publication.subtitle
    'March 2024, as at 30 April 2024'
    >>> found.publication.headlines[0].value, found.publication.headlines[0].status
    ('50.0%', 'met')

    The records and options are those of ``measure``. ``report`` is an audience: then heading, targets and cycle are
    those of the scheme's reports to it. ``waits`` is how many of the longest waits are listed of each clock, by their
    ids alone. ``since`` are the results that were published last: what differs from them is marked as revised.

    ``.to_html(path)`` writes the page, ``.to_workbook(path)`` the workbook. Each kind of records is read twice, once to
    be measured and once to be checked; what can be read once only is kept in a temporary file. Raises what ``measure``
    raises, and ``OptionError`` for a number of waits that isn't one.
    """
    check_scheme(scheme)
    by = names_of("by", by)
    check_groups(by)
    if isinstance(waits, bool) or not isinstance(waits, int) or waits < 0:
        raise OptionError("waits: how many of the longest waits are listed of each clock, a whole number such as 20.")
    readings = parse_readings(columns, dates, missing, unreadable, repeated_ids)
    cohort = "all" if scheme.disclosure is None else None  # another counts the same records, and more is withheld
    options = Options(as_of, every, by, cohort, targets, report, readings).read_once()
    return _reported(scheme, provided(records), options, waits, since, progress)


def _reported(
    scheme: Scheme,
    given: Mapping[str, Any],
    options: Options,
    waits: int,
    since: Results | None,
    progress: Progress | None,
) -> PublishedReport:
    """Return what is published of records, given by their kind."""
    if not given:
        raise OptionError("There is nothing to report on. Give records by their kind, such as cases=.")
    plan = make_plan(scheme, options.targets, options.cohort, options.every, options.report)
    small = scheme.disclosure is not None
    sources: dict[str, Any] = {kind: table.source for kind, table in open_records(given, options.readings).items()}
    longest = Waits([step.target for step in plan], waits)
    counts = tally_records(scheme, sources, options, progress, longest.see if waits and not small else None)
    results = Results.of(counts)
    refuse_too_early(counts, scheme, options.as_of)
    found = check(
        scheme, as_of=options.as_of, targets=[step.target.id for step in plan], columns=options.readings,
        progress=progress, **sources,
    )  # fmt: skip
    numbers = (withheld_section(),) if small else (*open_section(results), *longest.sections(results.basis))
    beside = (*numbers, *_by_exception(scheme, sources, options), quality_section(found, numbers=not small))
    return PublishedReport(results, results.published(beside=beside, since=since))


def _by_exception(scheme: Scheme, sources: Mapping[str, Any], options: Options) -> Iterator[Section]:
    """Yield what the audience receives by exception alone, in the periods in which others receive it."""
    if options.report is None:
        return
    audience = scheme.report(options.report)[0].audience
    for entry in scheme.reports:
        if entry.audience == audience and entry.by_exception:
            cycles = (other.every for other in scheme.reports if {*entry.targets} <= {*other.targets})
            every = entry.every or next((cycle for cycle in cycles if cycle), "quarter")
            asked = options._replace(targets=entry.targets, every=every, by=(), cohort=None, report=None)
            yield exceptions_section(
                Results.of(tally_records(scheme, sources, asked)), entry, numbers=scheme.disclosure is None
            )
