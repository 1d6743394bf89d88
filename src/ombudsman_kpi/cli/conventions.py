"""The command ``conventions``: which way of counting turns met into missed."""

from typing import Any

from ombudsman_kpi.cli.commands import (
    FIND,
    AsCsv,
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
from ombudsman_kpi.cli.output import print_table, show_progress, write_csv
from ombudsman_kpi.records.vocabulary import RECORDS


@app.command()
@takes_files(RECORDS)
def conventions(
    scheme: SchemeName,
    *,
    as_of: AsOf,
    every: Periods = None,
    by: Groups = None,
    target: Names = None,
    columns: Mapping = None,
    unreadable: UnreadableTimes = UnreadableName.error,
    repeated_ids: Repeated = FIND,
    as_csv: AsCsv = False,
    **files: Any,
) -> None:
    """Measure targets under each convention, and show which turns met into missed.

    Example: ombudsman-kpi conventions lgsco --cases cases.csv --as-of 2024-03-31 --target investigation-13w
    """
    from ombudsman_kpi.analysis.conventions import conventions as under_each
    from ombudsman_kpi.schemes.toml import load_scheme

    readings = readings_of(columns, files)
    periods: list[Any] = [str(name) for name in every or ()]
    with show_progress() as progress:
        found = under_each(
            load_scheme(scheme),
            **files,
            as_of=as_of,
            every=periods or None,
            by=by or (),
            targets=target or None,
            columns=readings,
            **as_words(unreadable=unreadable, repeated_ids=repeated_ids),
            progress=progress,
        )
    if as_csv:
        write_csv(found.to_dicts())
    else:
        print_table(found.table)
