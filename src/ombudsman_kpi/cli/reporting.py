"""The command that writes what is published: the page and the workbook."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ombudsman_kpi.cli.commands import (
    FIND,
    AsOf,
    Groups,
    Mapping,
    Names,
    Periods,
    Repeated,
    SchemeName,
    UnreadableName,
    UnreadableTimes,
    app,
    as_words,
    readings_of,
    takes_files,
)
from ombudsman_kpi.cli.output import check_outputs, show_progress
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.publish.published import plain
from ombudsman_kpi.records.vocabulary import RECORDS

_Written = Annotated[
    Path | None, typer.Option(help="Write the page into this file", metavar="FILE.html", show_default=False)
]
_Books = Annotated[
    list[Path] | None,
    typer.Option(
        help="Write the workbook into this file; may be repeated", metavar="FILE.xlsx|.ods", show_default=False
    ),
]


@app.command()
@takes_files(RECORDS)
def report(
    scheme: SchemeName,
    *,
    as_of: AsOf,
    html: _Written = None,
    workbook: _Books = None,
    every: Periods = None,
    by: Groups = None,
    target: Names = None,
    report: Annotated[str | None, typer.Option(help="What this audience receives, on its cycle")] = None,
    since: Annotated[
        Path | None,
        typer.Option(help="JSON of the results published last: marks what was revised", metavar="RESULTS.json"),
    ] = None,
    waits: Annotated[int, typer.Option(help="Number of the longest waits to list of each clock", min=0)] = 20,
    columns: Mapping = None,
    unreadable: UnreadableTimes = UnreadableName.error,
    repeated_ids: Repeated = FIND,
    **files: Any,
) -> None:
    """Write what is published of files of records: a page, a workbook, or both.

    Example: ombudsman-kpi report lgsco --cases cases.csv --as-of 2024-03-31 --every month --html report.html
    """
    from ombudsman_kpi.analysis.report import report as report_on
    from ombudsman_kpi.publish.workbook import writer_of
    from ombudsman_kpi.schemes.toml import load_scheme

    if html is None and not workbook:
        raise OptionError("Say where to write it: --html report.html, or --workbook report.xlsx, or both.")
    paths = [*([html] if html else []), *(workbook or ())]
    check_outputs(paths, (*files.values(), columns, since, Path(scheme)))  # before anything is read: it may take long
    for book in workbook or ():
        writer_of(book)
    readings = readings_of(columns, files)
    earlier = None if since is None else _results_in(since)
    periods: list[Any] = [str(name) for name in every or ()]
    with show_progress() as progress:
        found = report_on(
            load_scheme(scheme), **files, as_of=as_of, every=periods or None, by=by or (), targets=target or None,
            report=report, since=earlier, waits=waits, columns=readings,
            **as_words(unreadable=unreadable, repeated_ids=repeated_ids), progress=progress,
        )  # fmt: skip
    for path in paths:
        (found.to_html if path is html else found.to_workbook)(path)
        typer.echo(f"Wrote {plain(str(path))}.")
    typer.echo(f"{plain(found.publication.title)}: {plain(found.publication.says)}")


def _results_in(path: Path) -> Any:
    """Return the results that a file has. Raises ``OptionError`` where there is none."""
    from ombudsman_kpi.results.results import Results

    try:
        text = path.read_bytes()
    except OSError as error:
        raise OptionError(
            f"--since {path} can't be read: {error.strerror}. Name the JSON of earlier results."
        ) from None
    try:
        return Results.from_json(text)
    except KpiError as error:
        raise KpiError(f"{path}: {error}") from None
