"""What the commands print: tables, CSV, and on a terminal how many rows have been read."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from ombudsman_kpi.publish.published import no_formula

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from ombudsman_kpi.publish.text_table import TextTable

_STYLES = {
    "bold": "bold", "dim": "dim", "met": "bold green", "undetermined": "bold yellow",
    **dict.fromkeys(("missed", "late", "overdue", "invalid"), "bold red"),
}  # fmt: skip


def _terminal(stream: TextIO) -> "Console | None":
    """Return the console of a terminal, or of what is to be taken for one; None elsewhere, without loading rich."""
    if not (stream.isatty() or {"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys()):
        return None
    from rich.console import Console

    console = Console(file=stream)
    return console if console.is_terminal else None


def guarded(cell: Any) -> Any:
    """Return a cell of a CSV file: text that begins like a formula has an apostrophe before it."""
    return no_formula(cell) if isinstance(cell, str) else cell


@contextmanager
def show_progress() -> Iterator[Callable[[str, int], None] | None]:
    """Yield a callback that shows on a terminal how many rows have been read; None elsewhere."""
    console = _terminal(sys.stderr)
    if console is None:
        yield None
        return
    with console.status("Reading…") as status:
        yield lambda kind, rows: status.update(f"Reading {kind.replace('_', ' ')}: {rows:,} rows")


class _Screen:
    """A terminal that is written to without what would steer it: records may hold anything."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        from ombudsman_kpi.publish.published import harmless

        return self._stream.write(harmless(text))


def _safe(stream: TextIO) -> Any:
    """Return a stream as records are written to it: as they are, but for what would steer a terminal."""
    return _Screen(stream) if stream.isatty() else stream


def say(text: str, *, error: bool = False) -> None:
    """Print some lines of text."""
    _safe(sys.stderr if error else sys.stdout).write(f"{text}\n")


def write_csv(rows: list[dict[str, Any]]) -> None:
    """Print rows as CSV: in UTF-8, and no text that a spreadsheet would take for a formula.

    In place of what is withheld stands its sign, such as [c].
    """
    rows = [{**row, **{name: f"[{sign}]" for name, sign in row.get("withheld", {}).items()}} for row in rows]
    names = [name for name in rows[0] if name != "withheld"]
    writer = csv.writer(_safe(_stream()), lineterminator="\n")
    writer.writerow(map(guarded, names))
    writer.writerows([guarded(row[name]) for name in names] for row in rows)


def write_frame(frame: "pd.DataFrame", *, as_json: bool = False) -> None:
    """Print a frame as CSV or JSON, and beside it, as errors are printed, the notes on it."""
    if as_json:
        say(frame.to_json(orient="records", date_format="iso", indent=2))
    else:
        frame_to_csv(frame, _safe(_stream()))
    for note in frame.attrs.get("notes", ()):
        say(note, error=True)


def frame_to_csv(frame: "pd.DataFrame", stream: Any) -> None:
    """Write a frame as CSV, without text that a spreadsheet would take for a formula. Numbers stay as they are."""
    import pandas as pd

    safe = frame.copy(deep=False)
    for name in frame.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz", "timedelta"]):
        safe[name] = pd.Series([guarded(cell) for cell in frame[name]], frame.index, dtype=object)
    safe.rename(columns=guarded).to_csv(stream, index=False, lineterminator="\n")


def _stream() -> TextIO:
    """Return where CSV is printed: in UTF-8 and with one sign at the end of a line, whatever the system's habit is."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")
    return sys.stdout


def print_table(table: "TextTable | Callable[[int], TextTable]") -> None:
    """Print a table, with colours on a terminal and as plain text elsewhere.

    One that is made for a width is as wide as the terminal at most, or where there is none, as text is by default.
    """
    from ombudsman_kpi.publish.text_table import as_text, lines_of, screen_width

    console = _terminal(sys.stdout)
    if console is None:
        width = screen_width() if callable(table) else None
        sys.stdout.write(as_text(table(screen_width()) if callable(table) else table, width) + "\n")
        return
    from rich.text import Text

    made = table(console.width) if callable(table) else table
    for line in lines_of(made, console.width):
        console.print(Text.assemble(*((text, _STYLES.get(style, "")) for text, style in line)), soft_wrap=True)
