"""The command that draws a sample of a file's records, records the draw, and verifies one."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from ombudsman_kpi.cli.commands import app
from ombudsman_kpi.cli.output import frame_to_csv, say, write_frame
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.publish.files import written_whole


def _columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the columns of the file that was named, for completion."""
    from ombudsman_kpi.analysis.rows import open_table

    files: list[Any] = [ctx.params.get("file"), *ctx.args]  # before an option is complete, the file is among args
    for file in files:
        with suppress(KpiError, TypeError):
            return [name for name in open_table(Path(file)).names if name.startswith(incomplete)]
    return []


def _option(says: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=says, show_default=False, **more)


@app.command()
def sample(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or Excel file of records", show_default=False)],
    *,
    id_column: Annotated[str | None, _option("Column of the ids", "--id", autocompletion=_columns)] = None,
    n: Annotated[list[str] | None, _option("How many, or STRATUM=NUMBER, which may be repeated")] = None,
    margin: Annotated[float | None, _option("In place of --n: the wished margin of a share, such as 0.05")] = None,
    seed: Annotated[str | None, _option("Any text, another for each draw, such as 'QA 2024 Q1'")] = None,
    strata: Annotated[list[str] | None, _option("Column of strata; may be repeated", autocompletion=_columns)] = None,
    minimum: Annotated[int, typer.Option(help="How many of each stratum at least")] = 1,
    exclude: Annotated[
        list[Path] | None, _option("An earlier draw: its record or its rows; may be repeated", metavar="FILE")
    ] = None,
    out: Annotated[Path | None, _option("CSV file for the rows that are drawn", metavar="FILE")] = None,
    record: Annotated[Path | None, _option("JSON file for the record of the draw", metavar="FILE")] = None,
    verify: Annotated[
        Path | None, _option("Draw nothing: say how this record differs from a draw now", metavar="RECORD")
    ] = None,
) -> None:
    """Draw a sample that anyone can draw again, or verify one. Exits with 1 if a verified one differs.

    Example: ombudsman-kpi sample cases.csv --id case_id --n 50 --seed "QA 2024 Q1" --strata team --record qa.json
    """
    from ombudsman_kpi.analysis.drawing import draw_sample, sample_record, verify_sample

    if verify is not None:
        found = verify_sample(file, verify)
        say("\n".join(found or ["The same sample is drawn now."]))
        raise typer.Exit(1 if found else 0)
    if id_column is None or seed is None:
        raise OptionError("Say by which column records are known, --id, and by which --seed they are drawn.")
    files = [path.absolute() for path in (file, out, record) if path is not None]
    if len({*files}) < len(files):
        raise OptionError("--out, --record and the file of records must be different files, or one would be lost.")
    drawn = draw_sample(
        file, _numbers(n or ()), margin=margin, id=id_column, seed=seed, strata=strata, minimum=minimum,
        exclude=exclude or (),
    )  # fmt: skip
    if record is not None:
        text = json.dumps(sample_record(drawn), ensure_ascii=False, indent=2) + "\n"
        written_whole(record, lambda file: file.write(text.encode()))
    if out is None:
        write_frame(drawn)
    else:
        written_whole(out, lambda file: frame_to_csv(drawn, file))
    say(drawn.attrs["says"], error=True)


def _numbers(n: Sequence[str]) -> Any:
    """Return how many are asked for: none, one number, or a number for each stratum."""
    parts = [text.rpartition("=") for text in n]
    try:
        if len(parts) == 1 and not parts[0][1]:
            return int(n[0])
        if all(mark for _, mark, _ in parts):
            numbers = {name: int(number) for name, _, number in parts}
            if len(numbers) == len(parts):
                return numbers or None
    except ValueError:
        pass
    raise OptionError("--n: a whole number, such as 50, or one for each stratum, once: --n North=5 --n South=5.")
