"""The commands about calendars: due days, deadlines that moved, and lists of bank holidays compared."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ombudsman_kpi.calendars.bank_holidays import DIVISIONS
from ombudsman_kpi.calendars.dates import WEEKDAYS, day_in_words, to_date
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.cli.commands import (
    Mapping,
    Names,
    SchemeName,
    app,
    readings_of,
    refuse_both,
    takes_files,
)
from ombudsman_kpi.cli.output import print_table, say, show_progress, write_frame
from ombudsman_kpi.errors import OptionError, naming
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.rounding import many

Division = StrEnum("Division", {name: name for name in DIVISIONS})  # type: ignore[misc]


@app.command()
def due(
    date: Annotated[str, typer.Argument(help="Date of receipt, such as 2024-03-28")],
    limit: Annotated[str, typer.Argument(help="Working days, such as 20; or a limit, such as '13 weeks' or '1 month'")],
    *,
    division: Annotated[Division | None, typer.Option(help="Whose bank holidays count", show_default=False)] = None,
    known_at: Annotated[
        str | None, typer.Option(help="By the bank holidays that had been announced by this date", show_default=False)
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Another country, such as IE (not checked against an official list)")
    ] = None,
    subdivision: Annotated[str | None, typer.Option(help="A part of that country, such as MA of US")] = None,
) -> None:
    """Print the day on which something received on a date is due.

    Example: ombudsman-kpi due 2024-03-28 20 --division england-and-wales
    """
    from ombudsman_kpi.clocks.due_date import due_date, is_provisional
    from ombudsman_kpi.clocks.limits import parse_limit

    if (division is None) == (country is None) or (division is None and known_at) or (country is None and subdivision):
        raise OptionError(
            "Say whose holidays count: --division (with --known-at, if you like) for a part of the United Kingdom; "
            "--country (with --subdivision) for another place."
        )
    if country is None:
        calendar = WorkingCalendar.uk(str(division), known_at=known_at)
    else:
        calendar = WorkingCalendar.of(country, subdivision)
    alone = limit.strip().isdecimal() and limit.isascii()
    parsed = parse_limit(f"{limit} working days" if alone else limit)
    with naming("date"):
        start = to_date(date)
    answer = due_date(start, parsed, calendar)
    notes = [calendar.note] if calendar.note else []
    if is_provisional(answer, parsed, calendar):
        notes.append("provisional: its bank holidays haven't been announced")
    note = f" ({'; '.join(notes)})" if notes else ""
    typer.echo(f"{WEEKDAYS[answer.weekday()]} {day_in_words(answer)}{note}")


@app.command()
@takes_files(name for name, kind in RECORDS.items() if kind.in_worklists)
def moved(
    scheme: SchemeName,
    *,
    known_from: Annotated[str, typer.Option(help="What was announced after this date", show_default=False)],
    known_to: Annotated[str, typer.Option(help="… up to this one, at whose close deadlines are open")],
    target: Names = None,
    columns: Mapping = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object for each deadline")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each deadline")] = False,
    **files: Any,
) -> None:
    """List the open deadlines that an announcement of bank holidays moved, with the day before and after.

    Example: ombudsman-kpi moved lgsco --cases cases.csv --known-from 2022-09-01 --known-to 2022-09-12
    """
    from ombudsman_kpi.cases.moved import moved as find_moved
    from ombudsman_kpi.cases.moved import moved_table
    from ombudsman_kpi.schemes.toml import load_scheme

    readings = readings_of(columns, files)
    refuse_both(as_json, as_csv)
    loaded = load_scheme(scheme)
    with show_progress() as progress:
        rows = find_moved(
            loaded, **files, known_from=known_from, known_to=known_to, targets=target or None, columns=readings,
            progress=progress,
        )  # fmt: skip
    if as_json or as_csv:
        write_frame(rows, as_json=as_json)
    else:
        print_table(moved_table(rows, loaded, known_from, known_to))


calendars = typer.Typer(help="Check the calendar that working days are counted by.")
app.add_typer(calendars, name="calendar")


@calendars.command()
def check(
    file: Annotated[Path, typer.Argument(help="A bank-holidays.json, as GOV.UK publishes it", show_default=False)],
) -> None:
    """Compare a list of bank holidays with the rules that calendars follow. Exits with 1 if any weekday differs.

    Example: ombudsman-kpi calendar check bank-holidays.json
    """
    from importlib.metadata import version

    from ombudsman_kpi.calendars.published import differences, read_published

    published = read_published(file)
    found = differences(published)
    for difference in found:
        say(str(difference))
    listed = ", ".join(f"{name} {min(days).year} to {max(days).year}" for name, days in published.items())
    number = many(len(found), "weekday") if found else "no weekday"
    differs = "differs" if len(found) <= 1 else "differ"
    typer.echo(f"{number} {differs} between the file ({listed}) and the rules (holidays {version('holidays')}).")
    raise typer.Exit(1 if found else 0)


@calendars.callback()
def _group() -> None:
    """Keep ``check`` a command of its own while the group has no other."""
