"""The command that says what will happen."""

from typing import Annotated, Any

import typer

from ombudsman_kpi.cli.commands import (
    FIND,
    AsOf,
    Every,
    Mapping,
    Names,
    Repeated,
    SchemeName,
    app,
    as_words,
    readings_of,
    refuse_both,
    takes_files,
)
from ombudsman_kpi.cli.output import print_table, show_progress, write_frame
from ombudsman_kpi.records.vocabulary import RECORDS


@app.command()
@takes_files(name for name, kind in RECORDS.items() if kind.in_worklists)
def outlook(
    scheme: SchemeName,
    *,
    as_of: AsOf,
    every: Annotated[Every, typer.Option(help="Period in which the targets are to be met")] = Every["quarter"],
    weeks: Annotated[int, typer.Option(help="Number of weeks over which the growth is worked out", min=1)] = 13,
    target: Names = None,
    columns: Mapping = None,
    repeated_ids: Repeated = FIND,
    rows: Annotated[int, typer.Option(help="Number of rows to show at most", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object for each week")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each week")] = False,
    **files: Any,
) -> None:
    """Say how the backlog grows, and how many must be decided by when to keep the targets.

    Example: ombudsman-kpi outlook lgsco --cases cases.csv --as-of 2024-03-31 --every quarter
    """
    from ombudsman_kpi.analysis.outlooks import outlook as look_out
    from ombudsman_kpi.schemes.toml import load_scheme

    readings = readings_of(columns, files)
    refuse_both(as_json, as_csv)
    period: Any = str(every)
    with show_progress() as progress:
        found = look_out(
            load_scheme(scheme), **files, as_of=as_of, every=period, weeks=weeks, targets=target or None,
            columns=readings, **as_words(repeated_ids=repeated_ids), progress=progress,
        )  # fmt: skip
    if as_json or as_csv:
        write_frame(found.to_pandas(), as_json=as_json)
    else:
        print_table(found.table(rows))
