"""What the commands print: tables, CSV, and on a terminal how many rows have been read."""

import csv
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from ombudsman_kpi.publish.text_table import TextTable

_STYLES = {"met": "bold green", "missed": "bold red", "undetermined": "bold yellow"}


def _terminal(stream: TextIO) -> "Console | None":
    """Return the console of a terminal, or of what is to be taken for one; None elsewhere, without loading rich."""
    if not (stream.isatty() or {"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys()):
        return None
    from rich.console import Console

    console = Console(file=stream)
    return console if console.is_terminal else None


@contextmanager
def show_progress() -> Iterator[Callable[[str, int], None] | None]:
    """Yield a callback that shows on a terminal how many rows have been read; None elsewhere."""
    console = _terminal(sys.stderr)
    if console is None:
        yield None
        return
    with console.status("Reading…") as status:
        yield lambda kind, rows: status.update(f"Reading {kind.replace('_', ' ')}: {rows:,} rows")


def write_csv(rows: list[dict[str, Any]]) -> None:
    """Print rows as CSV; in place of what is withheld stands its sign, such as [c]."""
    rows = [{**row, **{name: f"[{sign}]" for name, sign in row.get("withheld", {}).items()}} for row in rows]
    names = [name for name in rows[0] if name != "withheld"]
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)


def write_frame(frame: "pd.DataFrame", *, as_json: bool = False) -> None:
    """Print a frame as CSV or JSON, and beside it, as errors are printed, the notes on it."""
    if as_json:
        sys.stdout.write(frame.to_json(orient="records", date_format="iso", indent=2) + "\n")
    else:
        frame.to_csv(sys.stdout, index=False, lineterminator="\n")
    for note in frame.attrs.get("notes", ()):
        sys.stderr.write(f"{note}\n")


def print_table(table: "TextTable") -> None:
    """Print a table, with colours on a terminal and as plain text elsewhere."""
    from ombudsman_kpi.publish.text_table import as_text

    console = _terminal(sys.stdout)
    if console is None:
        sys.stdout.write(as_text(table) + "\n")
        return
    from rich.table import Table as RichTable
    from rich.text import Text

    table = table.within(console.width)
    grid = RichTable(title=table.title, title_justify="left", caption_justify="left", box=None, pad_edge=False)
    for name, numeric in zip(table.columns, table.numeric, strict=True):
        grid.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        grid.add_row(*(Text(text, _STYLES.get(text, "") if name == "Status" else "") for name, text in cells))
    console.print(grid)
    console.print(Text(table.subtitle, "dim"))
    for note in table.footnotes:
        console.print(Text(note, "dim"))
