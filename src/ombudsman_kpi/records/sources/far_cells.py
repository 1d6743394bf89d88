"""How far the cells of a sheet reach, found out before python-calamine makes room for all cells up to the last.

A cell of Excel can stand in row 1,048,576, column XFD. What is left there below a table of ten rows asks for 400 GB,
which ends the process, and nobody can catch that. So the XML that the cells of an .xlsx file are written in is looked
at first, piece by piece. Cells that are only coloured have no value: the library leaves them out, and they don't count.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np

from ombudsman_kpi.arrays.types import Integers

BROKEN = (
    ValueError, KeyError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile, expat.ExpatError,
)  # fmt: skip
ROOM = 1 << 22  # cells, empty ones among them, that any sheet may have; they are read in a second
_PIECE = 1 << 17  # bytes
_LONGEST = 1 << 25  # bytes of a row, or of what stands around all rows
_LARGE, _TIMES = 1 << 26, 300  # bytes of a large part, and how many times less it takes packed; sheets take 5 to 30
_CELL = re.compile(r"([A-Z]+)(\d+)", re.ASCII | re.IGNORECASE)


class Reach(NamedTuple):
    """The last row and column of a sheet in which a cell has a value, from 1, and how many bytes it is written in."""

    rows: int
    columns: int
    size: int

    @property
    def is_far(self) -> bool:
        """Whether the sheet has more cells than bytes: then nearly all of them are empty."""
        return self.rows * self.columns > max(ROOM, self.size)


def reach_of(archive: zipfile.ZipFile, sheet: int) -> Reach:
    """Return how far the cells of a sheet, counted from 0, reach in an .xlsx file; in any other only its size.

    Raises one of ``BROKEN`` for a broken file.
    """
    reaches = [_reach_of(archive, part) for part in _parts_of(archive, sheet)]
    size = sum(item.file_size for item in archive.infolist())
    return max(reaches, key=lambda reach: reach.rows * reach.columns, default=Reach(0, 0, size))


def far_table_of(archive: zipfile.ZipFile) -> tuple[str, Reach] | None:
    """Return the sheet of an .ods file that reaches far, with its name; None where none does.

    The library refuses these files itself, without a reason. Rows and cells can be said to be repeated there.
    """
    reaches: dict[str, Reach] = {}
    part, row, rows, column, name = archive.getinfo("content.xml"), 0, 0, 0, ""
    for tag, said in _tags(_pieces(archive, part.filename)):
        if tag == "table":
            name, row, rows = said.get("table:name", ""), 0, 0
            reaches[name] = Reach(0, 0, part.file_size)
        elif tag == "table-row":
            row, rows, column = row + rows, int(said.get("table:number-rows-repeated", 1)), 0
        elif tag in {"table-cell", "covered-table-cell"}:
            column += int(said.get("table:number-columns-repeated", 1))
            if "office:value-type" in said:
                reach = reaches[name]
                reaches[name] = Reach(row + rows, max(reach.columns, column), reach.size)
    return next(((name, reach) for name, reach in reaches.items() if reach.is_far), None)


def opened_archive(content: bytes) -> zipfile.ZipFile:
    """Return the archive that a workbook is.

    Raises ``ValueError`` for a small file of which a part would fill the memory when it is unpacked.
    """
    archive = zipfile.ZipFile(io.BytesIO(content))
    for item in archive.infolist():
        if item.file_size > max(_LARGE, _TIMES * item.compress_size):
            raise ValueError(f"{item.file_size} bytes are packed into {item.compress_size}")
    return archive


def _parts_of(archive: zipfile.ZipFile, sheet: int) -> list[str]:
    """Return the part of an .xlsx file that holds a sheet; where it isn't found, all that may; of .ods none."""
    parts = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
    if "content.xml" in parts:
        return []
    if "xl/workbook.bin" in parts:
        raise ValueError("the cells of an .xlsb file aren't written in XML")
    book, links = (
        list(_tags(_pieces(archive, parts[name]))) if name in parts else []
        for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    ids = [value for tag, said in book if tag == "sheet" for key, value in said.items() if key.endswith(":id")]
    targets = {said.get("Id"): said.get("Target", "") for tag, said in links if tag == "Relationship"}
    target = targets.get(ids[sheet], "") if sheet < len(ids) else ""
    own = parts.get((target[1:] if target.startswith("/") else f"xl/{target}").lower())
    return [name for key, name in parts.items() if key.endswith(".xml")] if own is None else [own]


def _reach_of(archive: zipfile.ZipFile, part: str) -> Reach:
    """Return how far all cells reach; where that is far, those with a value."""
    for with_value in (False, True):
        rows = columns = size = 0
        for piece in _pieces(archive, part):
            last = _last_of(piece, with_value=with_value)
            if last is None:
                return Reach(*_last_value(_pieces(archive, part)), archive.getinfo(part).file_size)
            rows, columns, size = max(rows, last[0]), max(columns, last[1]), size + len(piece)
        reach = Reach(rows, columns, size)
        if not reach.is_far:
            break
    return reach


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield a part of an archive, in pieces that end with a row."""
    rest = b""
    with archive.open(part) as file:
        while content := file.read(_PIECE):
            piece, end, rest = (rest + content).rpartition(b"row>")
            if len(rest) > _LONGEST:
                raise ValueError("no row ends")
            yield piece + end
    yield rest


def _last_of(piece: bytes, *, with_value: bool = False) -> tuple[int, int] | None:
    """Return the last row and column of the cells in a piece; None where one isn't written like <c r="B12" …>.

    >>> piece = b'<row r="12"><c r="B12" s="1"><v>7</v></c><c r="AA12" s="2"/></row>'
    >>> _last_of(piece), _last_of(piece, with_value=True)
    ((12, 27), (12, 2))
    """
    # There are cells in places 12 and 42, where <c stands. Behind it there must be ` r="`, letters, digits and another
    # quotation mark. B is column 2, AA is 26 * 1 + 1. The second has no value: its tag ends with />, or before </c>.
    sign = np.frombuffer(piece + b" " * 16, np.uint8)
    is_open = (sign[:-2] == ord("<")) | (sign[:-2] == ord(":"))  # <c, or with a prefix <x:c
    place = np.flatnonzero(is_open & (sign[1:-1] == ord("c")) & (sign[2:] <= ord(">"))) + 2
    for letter in b' r="':
        if not (sign[place] == letter).all():
            return None
        place += 1
    column, place = _numbers(sign, place, ord("A"), 26, 3)
    row, place = _numbers(sign, place, ord("0"), 10, 7)
    if not (sign[place] == ord('"')).all():
        return None
    if with_value:
        ends = np.flatnonzero(sign == ord(">"))
        end = ends.take(np.searchsorted(ends, place), mode="clip")
        is_filled = (sign[end - 1] != ord("/")) & ((sign[end + 1] != ord("<")) | (sign[end + 2] != ord("/")))
        row, column = row[is_filled], column[is_filled]
    return int(row.max(initial=0)), int(column.max(initial=0))


def _numbers(sign: Any, place: Integers, first: int, base: int, most: int) -> tuple[Integers, Integers]:
    """Return the numbers that stand in some places, in letters from A = 1 or in digits, and the places behind them."""
    number = np.zeros(len(place), np.int64)
    for _ in range(most):
        digit = sign[place] - np.uint8(first)  # what comes before the first one is a large number
        is_digit = digit < base
        if not is_digit.any():
            break
        number = np.where(is_digit, number * base + digit + (base == 26), number)
        place = place + is_digit
    return number, place


def _last_value(pieces: Iterable[bytes]) -> tuple[int, int]:
    """Return the last row and column in which a cell has a value; a cell without a place stands behind the last one."""
    rows = columns = line = row = column = 0
    for tag, said in _tags(pieces):
        if tag == "row":
            line, column = int(said.get("r", line + 1)), 0
        elif tag == "c":
            row, column = line, column + 1
            if "r" in said:
                if (cell := _CELL.fullmatch(said["r"])) is None:
                    raise ValueError("no name of a cell")
                letters = cell[1].upper().encode()
                row, column = int(cell[2]), reduce(lambda number, letter: 26 * number + letter - 64, letters, 0)
        elif tag in {"v", "is"}:
            rows, columns = max(rows, row), max(columns, column)
    return rows, columns


def _tags(pieces: Iterable[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what elements begin in XML, without their prefixes, each with its attributes."""
    begun: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, said: begun.append((name.rpartition(":")[2], said))
    for piece in pieces:
        parser.Parse(piece)
        yield from begun
        begun.clear()
