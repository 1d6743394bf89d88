"""The command that fills in a statutory return."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ombudsman_kpi.cli.commands import (
    FIND,
    AsOf,
    Groups,
    Mapping,
    Repeated,
    SchemeName,
    UnreadableName,
    UnreadableTimes,
    app,
    as_words,
    readings_of,
    takes_files,
)
from ombudsman_kpi.cli.output import check_outputs, say, show_progress
from ombudsman_kpi.errors import KpiError, OptionError, one_of
from ombudsman_kpi.records.vocabulary import RECORDS

_ENDINGS = (".csv", ".xlsx", ".ods")


def _returns(context: typer.Context, incomplete: str) -> list[str]:
    from ombudsman_kpi.schemes.toml import load_scheme

    try:
        names = [item.id for item in load_scheme(context.params.get("scheme") or "").returns]
    except KpiError:
        return []
    return [name for name in names if name.startswith(incomplete)]


@app.command("return")
@takes_files(RECORDS)
def statutory_return(
    scheme: SchemeName,
    name: Annotated[
        str, typer.Argument(help="Id of the return in the scheme", metavar="RETURN", autocompletion=_returns)
    ],
    *,
    as_of: AsOf,
    by: Groups = None,
    period: Annotated[
        str | None, typer.Option(help="One period, such as '2023/24 Q4'; by default each", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a .csv, .xlsx or .ods file", show_default=False)
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each line")] = False,
    columns: Mapping = None,
    unreadable: UnreadableTimes = UnreadableName.error,
    repeated_ids: Repeated = FIND,
    **files: Any,
) -> None:
    """Fill in a statutory return from files of records. Exits with 1 if a check of its lines fails.

    Example: ombudsman-kpi return foi-statistics foi-statistics --requests requests.csv --as-of 2024-05-31 --csv
    """
    from ombudsman_kpi.api import measure
    from ombudsman_kpi.schemes.toml import load_scheme

    if output is not None and output.suffix.lower() not in _ENDINGS:
        raise OptionError(f"--output: {output.name} has an unknown ending. {one_of(output.suffix, _ENDINGS)}")
    check_outputs([output] if output else [], (*files.values(), columns, Path(scheme)))
    readings = readings_of(columns, files)
    loaded = load_scheme(scheme)
    declared = loaded.statutory_return(name)
    with show_progress() as progress:
        results = measure(
            loaded, **files, as_of=as_of, every=declared.every or None, by=by or (), targets=declared.targets,
            columns=readings, **as_words(unreadable=unreadable, repeated_ids=repeated_ids), progress=progress,
        )  # fmt: skip
    form = results.statutory_return(name, period=period)
    if output is not None:
        (form.to_csv if output.suffix.lower() == ".csv" else form.to_workbook)(output)
    if as_csv:
        say(form.to_csv().removesuffix("\n"))
    elif output is None:
        say(str(form))
    if output is not None or as_csv:
        for item in form.failing:
            say(str(item), error=True)
    raise typer.Exit(1 if form.failing else 0)
