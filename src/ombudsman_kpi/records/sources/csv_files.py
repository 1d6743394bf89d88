"""Records in CSV files as people have them: how a file is written is found out, and its rows are read in batches."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ombudsman_kpi.arrays.arrow_memory import arrow_word
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources.csv_scan import HEAD, Scan, broken, encoding_of, opened
from ombudsman_kpi.records.sources.layout import (
    Below,
    FileOptions,
    below_of,
    has_several,
    header_of,
    is_empty,
    left_out,
    remedy,
    total_of,
    uncertain_header,
)
from ombudsman_kpi.records.sources.source import Rows, Source

BLOCK = 1 << 22  # bytes of a file at a time: few enough that a look at its first rows is no reading of it all
_LONG = 1 << 28  # for a file with a row that is longer
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SHOWN = {"cp1252": "Windows-1252"}
_LINE = re.compile(r"\r\n|\n|\r")

Row = tuple[int, list[str]]  # the line that it begins in, from 0, and its cells


class _Form(NamedTuple):
    """How a file is written."""

    encoding: str
    delimiter: str = ","
    quote: str = '"'
    skip: int = 0  # lines above the names of the columns
    titles: int = 0  # of these the ones that aren't empty
    header: tuple[str, ...] = ("",)  # the names of the columns, as Python reads them
    below: Below = Below()  # the last record
    totals: tuple[list[str], ...] = ()  # the cells of those that are totals
    last: int = 0  # how many rows below it are as wide as the table
    ragged: tuple[str, ...] = ()  # those that aren't
    has_empty: bool = False  # rows without anything in them but delimiters

    @property
    def width(self) -> int:
        """How many columns the table has."""
        return len(self.header)

    @property
    def shown(self) -> str:
        """What is unlike a plain file, for messages."""
        parts = [] if self.encoding == "utf-8" else [_SHOWN.get(self.encoding, self.encoding.upper())]
        if self.delimiter != ",":
            parts.append(f"separated by {_DELIMITERS.get(self.delimiter, repr(self.delimiter))}")
        if self.quote != '"':
            parts.append(f"quoted by {self.quote}")
        return "".join(f", {part}" for part in parts)


def open_csv(kind: str, path: Path, options: FileOptions, *, keep: bool = False) -> Source:
    """Return a CSV file as a source. Raises ``RecordsError`` where it can't be told how it is written.

    A small file that is the only one may be kept: then it is read once, however often its columns are asked for.
    """
    form = _form_of(kind, path, options)
    kept = _kept(path, form) if keep else None
    there = _names_of(path, form) if kept is None else form.header
    shown = [" ".join(name.split()) for name in there]  # a name may be broken into lines
    names = tuple(name for name in shown if name) if shown.count("") > 1 else tuple(shown)

    times: dict[str, Any] = {}  # of the rows that are kept

    def read(wanted: list[str]) -> Iterator[dict[str, Any]]:
        places = [shown.index(name) for name in wanted]
        if kept is not None:
            columns = {name: kept[place] for name, place in zip(wanted, places, strict=True)}
            yield Rows(columns, "", 0, is_pandas=False, locate=named, times=times)
            return
        for batch in _read(path, form, there, places):
            yield dict(zip(wanted, batch, strict=True))

    def locate(position: int, _: str | None) -> str:
        return _line_of(path, form, position)

    notes = left_out(path.name, form.titles, form.below)
    total = total_of(shown, form.totals)
    named = locate if form.skip or form.has_empty else None
    return Source(names, read, place=path.name + form.shown, notes=notes, locate=named, total=total)


def _form_of(kind: str, path: Path, options: FileOptions) -> _Form:
    """Find out how a file is written: its head says most of it, and a look at all bytes the rest."""
    with opened(path) as file:
        head = file.read(HEAD)
    encoding = encoding_of(kind, path, head, options)
    text = head.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
    form = _Form(encoding)
    declared = re.match(r"sep=(.)(?:\r\n|\n|\r)", text)
    delimiter = options.delimiter or (declared[1] if declared else None)
    whole = len(head) < HEAD
    form = form._replace(delimiter=delimiter or _delimiter_of(kind, path, text, whole=whole))
    form = form._replace(quote=_quote_of(text, form.delimiter))
    rows = _rows_of(text, form, whole=whole)[1 if declared else 0 :]
    if options.skip_rows is not None:
        form = form._replace(skip=options.skip_rows, titles=options.skip_rows)
        cells = next((cells for line, cells in rows if line >= form.skip and cells), [])
    else:
        header = header_of([cells for _, cells in rows])
        if header is None:
            raise uncertain_header(kind, path.name)
        above, (line, cells) = rows[:header], rows[header] if rows else (0, [])
        form = form._replace(skip=line, titles=sum(not all(map(is_empty, row)) for _, row in above))
    return _with_ends(kind, path, form._replace(header=tuple(cells)), options)


def _delimiter_of(kind: str, path: Path, text: str, *, whole: bool) -> str:
    """Return what separates the cells: what makes the largest table of the rows with at least two filled cells."""
    there = [delimiter for delimiter in _DELIMITERS if delimiter in text]
    if there == [","]:  # as in most files, so that no size matters
        return ","
    sizes = {}
    for delimiter in there:
        rows = [row for _, row in _rows_of(text, _Form("", delimiter, _quote_of(text, delimiter)), whole=whole)]
        widths = Counter(len(row) for row in rows if has_several(row))
        sizes[delimiter] = max((width * number for width, number in widths.items()), default=0)
    largest = max(sizes.values(), default=0)
    found = [delimiter for delimiter, size in sizes.items() if size == largest]
    if largest and len(found) > 1:
        names = " or ".join(_DELIMITERS[delimiter] for delimiter in found)
        raise RecordsError(
            f"{kind} ({path.name}): it isn't certain whether its columns are separated by {names}. Say which, such as "
            f"{remedy(kind, 'delimiter', found[-1])}."
        )
    return found[0] if largest else ","


def _quote_of(text: str, delimiter: str) -> str:
    """Return the quotation mark: a single one where every name in the first row has it on both sides."""
    cells = _LINE.split(text, maxsplit=1)[0].split(delimiter)
    return "'" if all(len(cell) > 2 and cell[0] == cell[-1] == "'" for cell in cells) else '"'


def _rows_of(text: str, form: _Form, *, whole: bool) -> list[Row]:
    """Return the rows of the head of a file; the last is left out where its end may be missing."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, quotechar=form.quote)
    rows: list[Row] = []
    begin = 0
    for cells in reader:
        rows.append((begin, cells))
        begin = reader.line_num
    return rows if whole else rows[:-1]


def _with_ends(kind: str, path: Path, form: _Form, options: FileOptions) -> _Form:
    """Add what only a look at all bytes tells: late letters that aren't UTF-8, empty rows, rows below the table."""
    scan = Scan(kind, path, form.encoding, is_given=options.encoding is not None)
    scan.look(form.delimiter, form.quote, form.width)
    if scan.marks % 2:
        _refuse_open_quote(path, form)
    form = form._replace(encoding=scan.encoding)
    rows = _last_rows(scan, form)
    below = below_of(kind, path.name, [cells for cells, _ in rows], form.width, options)
    end = [] if below.first is None else rows[below.first :]
    wide = [cells for cells, _ in rows if len(cells) == form.width]
    return form._replace(
        below=below,
        totals=tuple(rows[place][0] for place in below.totals),
        last=sum(len(cells) == form.width and any(cells) for cells, _ in end),
        ragged=tuple(text for cells, text in end if len(cells) != form.width and any(cells)),
        has_empty=scan.has_empty or (form.width > 1 and not all(map(any, wide))),
    )


def _last_rows(scan: Scan, form: _Form) -> list[tuple[list[str], str]]:
    """Return the rows in the last bytes of a file, each with its text, but the one that names the columns."""
    text = scan.tail.decode("utf-8", errors="replace")
    lines = list(io.StringIO(text, newline=""))[form.skip if scan.is_whole else 1 :]
    if form.quote in text:
        rows = _ended_rows(lines, form)
    else:
        reader = csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote)
        rows = [(cells, line.rstrip("\r\n")) for cells, line in zip(reader, lines, strict=True)]
    filled = (place for place, (cells, _) in enumerate(rows) if cells)
    return rows[next(filled, 0) + 1 :] if scan.is_whole else rows


def _ended_rows(lines: list[str], form: _Form) -> list[tuple[list[str], str]]:
    """Return the rows that end with some lines, the first of which may be in the middle of one."""
    rows: list[tuple[list[str], str]] = []
    held: list[str] = []  # lines of a row, the last one first
    marks = 0
    for line in reversed(lines):
        held.append(line)
        marks += line.count(form.quote)
        if marks % 2:  # it began in an earlier line
            continue
        own, begin, held = held[::-1], 0, []
        reader = csv.reader(own, delimiter=form.delimiter, quotechar=form.quote)
        found = []
        for cells in reader:
            found.append((cells, "".join(own[begin : reader.line_num]).rstrip("\r\n")))
            begin = reader.line_num
        rows += reversed(found)
    return rows[::-1]


def _refuse_open_quote(path: Path, form: _Form) -> None:
    """Refuse a file whose last quotation mark isn't closed: all rows after it would be the content of one cell."""
    import pyarrow as pa

    with opened(path) as file, io.TextIOWrapper(file, form.encoding, errors="replace", newline="") as text:
        rows, begin = csv.reader(text, delimiter=form.delimiter, quotechar=form.quote, strict=True), 0
        try:
            for _ in rows:
                begin = rows.line_num
        except csv.Error:
            raise pa.ArrowInvalid(
                f"a quotation mark in the row that begins in line {begin + 1} is never closed"
            ) from None


def _read_options(form: _Form, block: int) -> Any:
    """Return how a file is read: in one thread, which counts the rows for errors; several are no faster here."""
    import pyarrow.csv as pv

    encoding = "utf8" if form.encoding == "utf-8" else form.encoding
    return pv.ReadOptions(block_size=block, use_threads=False, skip_rows=form.skip, encoding=encoding)


def _parse_options(form: _Form) -> Any:
    """Return how rows are parsed: notes may run over several lines, and totals need not be as wide as the table."""
    import pyarrow.csv as pv

    waiting = list(form.ragged)

    def handle(row: Any) -> str:
        if not row.text.strip(form.delimiter + form.quote + " "):
            return "skip"
        if row.text in waiting:
            waiting.remove(row.text)
            return "skip"
        return "error"

    return pv.ParseOptions(
        delimiter=form.delimiter, quote_char=form.quote, newlines_in_values=True, invalid_row_handler=handle
    )


def _names_of(path: Path, form: _Form) -> tuple[str, ...]:
    """Return the names of the columns, as Arrow reads them."""
    import pyarrow.csv as pv

    for batch in _batches(path, form, None):
        return tuple(batch.schema.names)
    with pv.open_csv(path, _read_options(form, _LONG), _parse_options(form)) as reader:  # there are no rows
        return tuple(reader.schema.names)


def _kept(path: Path, form: _Form) -> list[Any] | None:
    """Return all columns of a file; None where they are better read anew each time, or can't be read at all.

    They are found by the names that Python read, which saves a look at Arrow's: a name that isn't Arrow's is an error.
    """
    if path.suffix.lower() != ".csv" or path.stat().st_size > BLOCK:
        return None
    if form.has_empty or len({*form.header}) < max(form.width, 1):
        return None
    try:
        batches = list(_read(path, form, form.header, list(range(form.width))))
    except RecordsError:  # which is told in its turn
        return None
    return batches[0] if len(batches) == 1 else None


def _batches(path: Path, form: _Form, convert: Any) -> Iterator[Any]:
    """Yield the batches of a file; where a row is longer than a block, what is left in larger ones.

    The first one comes from the first block alone: of a file Arrow reads up to 32 blocks ahead, which is much for a
    look at its first rows.
    """
    import pyarrow as pa
    import pyarrow.csv as pv

    done = 0
    for place, block in *_head_of(path, form), (path, BLOCK), (path, _LONG):
        is_head, known = place is not path, done
        try:
            with pv.open_csv(place, _read_options(form, block), _parse_options(form), convert) as reader:
                for batch in _first_of(reader) if is_head else reader:
                    rest, known = batch.slice(known), max(known - len(batch), 0)
                    done += len(rest)
                    yield rest
            if not is_head:
                return
        except pa.ArrowException as error:
            is_long = "straddling" in str(error)  # a row, longer than a block
            if not is_head and (block == _LONG or not is_long):
                raise


def _head_of(path: Path, form: _Form) -> list[tuple[Any, int]]:
    """Return the first block of a file, and one byte more; nothing where that is all, or bytes don't measure blocks."""
    import pyarrow as pa

    if form.encoding != "utf-8" or (path.suffix.lower() == ".csv" and path.stat().st_size <= BLOCK):
        return []
    with opened(path) as file:
        head = file.read(BLOCK + 1)
    return [(pa.BufferReader(head), BLOCK)] if len(head) > BLOCK else []


def _first_of(reader: Any) -> Iterator[Any]:
    """Yield the first of two batches. It ends with a whole row; the last one need not, and may be the only one."""
    import pyarrow as pa

    batches = iter(reader)
    first = next(batches, None)
    try:
        is_whole = next(batches, None) is not None
    except pa.ArrowException:  # the last row is cut
        is_whole = True
    if is_whole:
        yield first


def _read(path: Path, form: _Form, there: tuple[str, ...], places: list[int]) -> Iterator[list[Any]]:
    """Yield the columns in some places as text, whatever it looks like: 00123 is an id, and only we know dates."""
    import pyarrow as pa
    import pyarrow.csv as pv

    wanted = [there[place] for place in places]
    convert = pv.ConvertOptions(
        column_types=dict.fromkeys(there if form.has_empty else wanted, pa.string()),
        include_columns=None if form.has_empty else wanted,
        strings_can_be_null=False,
    )
    batches = _batches(path, form, convert)
    if form.has_empty:
        batches = map(_without_empty, batches)
    empty = True
    try:
        for batch in _without_last(batches, form.last):
            yield [batch.column(place if form.has_empty else there[place]) for place in places]
            empty = False
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise broken(path, error) from None
    if empty:
        yield [pa.nulls(0, pa.string()) for _ in places]


def _without_empty(batch: Any) -> Any:
    """Return a batch without the rows in which every cell is empty."""
    import functools

    import pyarrow.compute as pc

    filled = [pc.not_equal(column, arrow_word("")) for column in batch.columns]
    return batch.filter(functools.reduce(pc.or_, filled))


def _without_last(batches: Iterable[Any], number: int) -> Iterator[Any]:
    """Yield batches without the last rows of the last ones."""
    if not number:
        yield from batches
        return
    import pyarrow as pa

    held: list[Any] = []
    for batch in batches:
        held.append(batch)
        while len(held) > 1 and sum(map(len, held[1:])) >= number:
            yield held.pop(0)
    if held:
        table = pa.Table.from_batches(held)
        yield from table.slice(0, max(len(table) - number, 0)).combine_chunks().to_batches()


def _line_of(path: Path, form: _Form, position: int) -> str:
    """Return how a row is named where others stand above it or between: by its line in the file."""
    with opened(path) as file, io.TextIOWrapper(file, form.encoding, errors="replace", newline="") as text:
        for _ in range(form.skip):
            next(text, None)
        rows, begin, place = csv.reader(text, delimiter=form.delimiter, quotechar=form.quote), 0, -1
        try:
            for cells in rows:
                if any(cells) and (place := place + 1) == position + 1:
                    return f"line {form.skip + begin + 1}"
                begin = rows.line_num
        except csv.Error:  # a cell that is longer than Python's reader takes
            pass
    return f"row {position}"
