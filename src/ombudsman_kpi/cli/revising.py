"""The command ``revisions``: which published figures have changed."""

from pathlib import Path
from typing import Annotated

import typer

from ombudsman_kpi.cli.commands import app, refuse_both
from ombudsman_kpi.cli.output import print_table, write_frame
from ombudsman_kpi.errors import OptionError


@app.command()
def revisions(
    old: Annotated[Path, typer.Argument(help="The results that were published, as JSON", show_default=False)],
    new: Annotated[Path, typer.Argument(help="The results of now, as JSON", show_default=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object for each figure")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row for each figure that changed")] = False,
) -> None:
    """Say which published figures have changed, by how much, and why.

    The files are what 'ombudsman-kpi measure … --json' printed, or Results.to_json.

    Example: ombudsman-kpi revisions march.json april.json
    """
    from ombudsman_kpi.results.revisions import revisions as compared

    refuse_both(as_json, as_csv)
    found = compared(*map(_content, (old, new)))
    if as_json or as_csv:
        write_frame(found.to_pandas(), as_json=as_json)
    else:
        print_table(found.table)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise OptionError(
            f"The file of results {str(path)!r} can't be read. Is it there, and may you read it?"
        ) from None
