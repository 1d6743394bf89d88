"""The commands that look at single records: ``check`` finds what is wrong with them, ``assess`` lists which missed."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ombudsman_kpi.calendars.periods import parse_every
from ombudsman_kpi.cli.commands import (
    FIND,
    AsOf,
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
from ombudsman_kpi.cli.output import print_table, say, show_progress, write_frame
from ombudsman_kpi.clocks.outcomes import MISSED, STATUSES
from ombudsman_kpi.records.vocabulary import RECORDS

if TYPE_CHECKING:
    import pandas as pd

    from ombudsman_kpi.publish.text_table import TextTable


class ReportFormat(StrEnum):
    """The form of a report."""

    text = "text"
    json = "json"
    junit = "junit"
    sarif = "sarif"
    github = "github"


_WRITERS = {
    ReportFormat.text: "to_text",
    ReportFormat.json: "to_json",
    ReportFormat.junit: "to_junit",
    ReportFormat.sarif: "to_sarif",
    ReportFormat.github: "to_annotations",
}
StatusName = StrEnum("StatusName", {name: name for name in ("missed", *STATUSES)})  # type: ignore[misc]
_SHOWN = ("target", "record", "id", "row", "party", "start", "due", "stop", "elapsed", "status", "reason")


def _columns_of(says: str) -> Any:
    return typer.Option(help=says, metavar="COLUMN", show_default=False)


@app.command()
@takes_files(RECORDS)
def check(
    scheme: SchemeName,
    *,
    as_of: AsOf,
    every: Periods = None,
    target: Names = None,
    columns: Mapping = None,
    require_met: Annotated[
        list[str] | None,
        typer.Option(help="A target that mustn't be missed, or all; may be repeated", metavar="TARGET"),
    ] = None,
    fail_on: Annotated[
        str, typer.Option(help="What fails: findings (errors), missed, invalid; several with commas")
    ] = "findings",
    min_records: Annotated[int, typer.Option(help="How many records of each kind there must be", min=0)] = 0,
    against: Annotated[
        Path | None, typer.Option(help="An earlier tally: what changed since in closed periods", metavar="TALLY")
    ] = None,
    as_format: Annotated[ReportFormat, typer.Option("--format", help="The form of the report")] = ReportFormat.text,
    show_values: Annotated[bool, typer.Option("--show-values", help="Show what cells hold; else none does")] = False,
    **files: Any,
) -> None:
    """Check files of records: every finding, not the first. Exits with 1 if the check fails.

    Example: ombudsman-kpi check lgsco --cases cases.csv --as-of 2024-03-31 --fail-on findings,missed
    """
    from ombudsman_kpi.checks.checking import check as check_records
    from ombudsman_kpi.schemes.toml import load_scheme

    readings = readings_of(columns, files)
    gates: list[Any] = [name.strip() for name in fail_on.split(",") if name.strip()]
    with show_progress() as progress:
        found = check_records(
            load_scheme(scheme),
            **files,
            as_of=as_of,
            every=parse_every([name.value for name in every]) if every else None,
            targets=target or None,
            columns=readings,
            met=require_met or (),
            fail_on=gates,
            min_records=min_records,
            against=against,
            show_values=show_values,
            progress=progress,
        )
    report = str(getattr(found, _WRITERS[as_format])())
    if report:
        say(report.rstrip())
    raise typer.Exit(found.exit_code)


@app.command()
@takes_files(RECORDS)
def assess(
    scheme: SchemeName,
    *,
    as_of: AsOf,
    target: Names = None,
    status: Annotated[
        list[StatusName] | None,
        typer.Option(help="Show these only; missed is late and overdue; may be repeated", show_default=False),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="A column of yours to show beside; may be repeated", show_default=False)
    ] = None,
    columns: Mapping = None,
    unreadable: UnreadableTimes = UnreadableName.error,
    repeated_ids: Repeated = FIND,
    rows: Annotated[int, typer.Option(help="Number of rows to show at most", min=1)] = 50,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each record and target")] = False,
    **files: Any,
) -> None:
    """List each record's outcome for each target: which were missed, and when they were due.

    Example: ombudsman-kpi assess lgsco --cases cases.csv --as-of 2024-03-31 --status missed --keep team
    """
    from ombudsman_kpi.api import assess as assess_records
    from ombudsman_kpi.schemes.toml import load_scheme

    readings = readings_of(columns, files)
    loaded = load_scheme(scheme)
    with show_progress() as progress:
        outcomes = assess_records(
            loaded, **files, as_of=as_of, targets=target or None, keep=keep or (), columns=readings,
            **as_words(unreadable=unreadable, repeated_ids=repeated_ids), progress=progress,
        )  # fmt: skip
    wanted = {name for item in status or () for name in (MISSED if item.value == "missed" else (item.value,))}
    if wanted:
        outcomes = outcomes[outcomes["status"].isin([*wanted])]
    if as_csv:
        write_frame(outcomes)
    else:
        print_table(_table(outcomes, f"{loaded.title}, as at {as_of}", keep or [], rows))


@app.command()
def check_table(
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx, .ods or .parquet file", show_default=False)],
    *,
    percent: Annotated[str | None, typer.Option(help="The column of percentages", metavar="COLUMN")] = None,
    numerator: Annotated[list[str] | None, _columns_of("What it is the percentage of; several are added up")] = None,
    denominator: Annotated[list[str] | None, _columns_of("All of which it is; several are added up")] = None,
    total: Annotated[str | None, typer.Option(help="The column of totals", metavar="COLUMN")] = None,
    parts: Annotated[list[str] | None, _columns_of("A part of the total; to be repeated")] = None,
    skip_rows: Annotated[int | None, typer.Option(help="Rows above the names of the columns")] = None,
    skip_last: Annotated[int | None, typer.Option(help="Rows below the last row of the table")] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding, such as windows-1252")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the columns, such as ';'")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook, by its name")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each finding")] = False,
) -> None:
    """Check a printed table against itself: which rows can't be right. Exits with 1 if there are any.

    Example: ombudsman-kpi check-table uphold-rates.csv
    """
    from ombudsman_kpi.checks.printed import check_table as check_printed

    found = check_printed(
        file, percent=percent, numerator=numerator or (), denominator=denominator or (), total=total,
        parts=parts or (), skip_rows=skip_rows, skip_last=skip_last, encoding=encoding,
        delimiter="\t" if delimiter == "tab" else delimiter, sheet=sheet,
    )  # fmt: skip
    if as_csv:
        write_frame(found.to_pandas())
    else:
        say(repr(found))
    raise typer.Exit(found.exit_code)


def _table(outcomes: "pd.DataFrame", title: str, keep: list[str], limit: int) -> "TextTable":
    """Return outcomes laid out for a reader: the first rows, and how many more there are."""
    from ombudsman_kpi.publish.text_table import TextTable

    shown = outcomes[[*_SHOWN, *dict.fromkeys(keep)]].head(limit).astype(object)
    shown = shown.loc[
        :,
        [name for name in shown if name not in {"party", "reason"} or (shown[name].notna() & shown[name].ne("")).any()],
    ]
    cells = shown.where(shown.notna(), "–").astype(str).replace(r" 00:00:00$", "", regex=True)
    more = len(outcomes) - len(shown)
    return TextTable(
        title,
        f"{len(outcomes):,} outcomes",
        tuple(cells.columns),
        tuple(name in {"row", "elapsed"} for name in cells.columns),
        tuple(tuple(row) for row in cells.itertuples(index=False)),
        (
            *([f"{more:,} more are not shown; see --rows, or --csv for all of them."] if more else []),
            *outcomes.attrs.get("notes", ()),
        ),
    )
