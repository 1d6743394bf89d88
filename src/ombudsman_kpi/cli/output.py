"""What the commands print: tables, CSV, and on a terminal how many rows have been read."""

import csv
import glob
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.publish.files import check_writable
from ombudsman_kpi.publish.published import harmless, no_formula, plain

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


def check_outputs(written: Sequence[Path], read: Iterable[Any]) -> None:
    """Raise ``OptionError`` where a file can't be written, is to be written twice, or is one of those that are read."""
    own = [str(path) for path in read if isinstance(path, Path)]
    found = [name for path in own for name in glob.glob(path, recursive=True)]  # noqa: PTH207  (from the root, too)
    taken = {os.path.realpath(name) for name in (*own, *found)}
    for place, path in enumerate(written):
        check_writable(path)
        real = os.path.realpath(path)
        if real in taken:
            raise OptionError(f"{path} is read, and writing would replace it. Name another file to write.")
        if real in map(os.path.realpath, written[:place]):
            raise OptionError(f"{path} is named twice, and only the last would be kept. Name two files.")


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


def say(text: str, *, error: bool = False) -> None:
    """Print some lines of text; on a terminal without what would steer it: records may hold anything."""
    stream = sys.stderr if error else sys.stdout
    stream.write(f"{harmless(text) if stream.isatty() else text}\n")


def write_csv(rows: list[dict[str, Any]]) -> None:
    """Print rows as CSV: in UTF-8, and no text that a spreadsheet would take for a formula.

    In place of what is withheld stands its sign, such as [c].
    """
    text = _text_for(_stream())
    names = [name for name in rows[0] if name != "withheld"]
    signs = ({name: f"[{sign}]" for name, sign in row.get("withheld", {}).items()} for row in rows)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(text, names))
    for row, withheld in zip(rows, signs, strict=True):
        writer.writerow(text(withheld.get(name, row.get(name))) for name in names)


def write_frame(frame: "pd.DataFrame", *, as_json: bool = False) -> None:
    """Print a frame as CSV or JSON, and beside it, as errors are printed, the notes on it."""
    if as_json:
        say(frame.to_json(orient="records", date_format="iso", indent=2))
    else:
        stream = _stream()
        frame_to_csv(frame, stream, _text_for(stream))
    for note in frame.attrs.get("notes", ()):
        say(note, error=True)


def frame_to_csv(frame: "pd.DataFrame", stream: Any, text: Callable[[Any], Any] = guarded) -> None:
    """Write a frame as CSV, without text that a spreadsheet would take for a formula. Numbers stay as they are."""
    import pandas as pd

    safe = frame.copy(deep=False)
    for name in frame.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz", "timedelta"]):
        safe[name] = pd.Series([text(cell) for cell in frame[name]], frame.index, dtype=object)
    safe.rename(columns=text).to_csv(stream, index=False, lineterminator="\n")


def _stream() -> TextIO:
    """Return where CSV is printed: in UTF-8 and with one sign at the end of a line, whatever the system's habit is."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")
    return sys.stdout


def _text_for(stream: TextIO) -> Callable[[Any], Any]:
    """Return what text becomes: on a terminal it steers nothing, either."""
    return (lambda cell: guarded(plain(cell) if isinstance(cell, str) else cell)) if stream.isatty() else guarded


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
