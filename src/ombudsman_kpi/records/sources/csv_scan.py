"""The bytes of a CSV file: their encoding, and what only a look at all of them tells."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.sources.layout import FileOptions, remedy

HEAD = 1 << 16  # bytes that tell how a file is written
_CHUNK = 1 << 20
_WINDOWS = "cp1252"


def opened(path: Path) -> Any:
    """Return a file as a stream of bytes; what is packed is unpacked."""
    import pyarrow as pa

    return pa.input_stream(str(path))


def encoding_of(kind: str, path: Path, head: bytes, options: FileOptions) -> str:
    """Return the encoding of a file as far as its first bytes tell.

    It is what the caller says; UTF-16 where its mark stands at the beginning; UTF-8 where all bytes are, and else
    Windows-1252, which is what Excel writes in Britain. Raises ``RecordsError`` for NUL bytes, as no text has them.
    """
    if options.encoding is not None:
        return options.encoding
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        raise RecordsError(
            f"{path} can't be read: it holds NUL bytes, so that it is no CSV file, or one in UTF-16 without a mark. "
            f"Save it as UTF-8, or name the encoding: {remedy(kind, 'encoding', 'utf-16-le')}."
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError as error:
        if not head.startswith(codecs.BOM_UTF8) and head[: error.start].isascii():
            return _WINDOWS
        raise uncertain_encoding(kind, path) from None
    return "utf-8"


def uncertain_encoding(kind: str, path: Path, said: str | None = None) -> RecordsError:
    """Return the error of bytes that are no text in an encoding: the one that was said, or any that is found out."""
    what = f"isn't written in {said}" if said else "is neither in UTF-8 nor in Windows-1252 throughout"
    return RecordsError(
        f"{path} can't be read: it {what}. Save it as UTF-8, or name the encoding: "
        f"{remedy(kind, 'encoding', 'windows-1252')}."
    )


class Scan:
    """What a look at all bytes of a file tells.

    ``encoding`` is Windows-1252 where letters that aren't UTF-8 come late. ``marks`` is the number of quotation marks,
    ``tail`` the last bytes, in UTF-8, which are all where ``is_whole``. ``has_empty`` tells whether there are rows of
    nothing but delimiters.
    """

    def __init__(self, kind: str, path: Path, encoding: str, *, is_given: bool) -> None:
        self._kind, self._path, self._is_given = kind, path, is_given
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._only_ascii = True
        self.marks = 0
        self.tail, self.is_whole = b"", True
        self.has_empty = False

    def look(self, delimiter: str, quote: str, width: int) -> None:
        """Look at all bytes. Raises ``RecordsError`` where they are in no one encoding."""
        mark, between = quote.encode(), delimiter.encode()
        bare, quoted = between * (width - 1), mark * 2 + (between + mark * 2) * (width - 1)
        reach = len(quoted) + 2
        room = np.empty((4, _CHUNK), np.bool_)  # used again and again: new memory would cost more than the look
        for content in self._chunks():
            signs = np.frombuffer(content, np.uint8)
            if len(signs) > room.shape[1]:
                room = np.empty((4, len(signs)), np.bool_)
            ends, marks, gaps, starts = room[:, : len(signs)]
            for found, sign in ((ends, ord("\n")), (marks, mark[0]), (gaps, between[0])):
                np.equal(signs, sign, out=found)
            self.marks += int(np.count_nonzero(marks))
            if width > 1 and not self.has_empty:
                # A row that begins with a delimiter, or with two marks, is worth a search: most files have none. In
                # the bytes "A\n,\n" an end stands in place 1 and a gap in place 2.
                begins = starts[1:-1]
                np.logical_and(marks[1:-1], marks[2:], out=begins)
                np.logical_or(begins, gaps[1:-1], out=begins)
                np.logical_and(begins, ends[:-2], out=begins)
                parts = [self.tail[-reach:] + content[:reach]] + [content] * bool(begins.any())
                self.has_empty = any(_has_line(part, line) for part in parts for line in (bare, quoted))
            self.is_whole &= len(self.tail) + len(content) <= HEAD
            self.tail = (self.tail + content[-HEAD:])[-HEAD:]
        self.has_empty |= width > 1 and self.tail.endswith((b"\n" + bare, b"\n" + quoted))

    def _chunks(self) -> Iterator[bytes]:
        """Yield the bytes of the file in UTF-8."""
        with opened(self._path) as file:
            while content := file.read(_CHUNK):
                yield self._checked(content, is_last=False)
            yield self._checked(b"", is_last=True)

    def _checked(self, content: bytes, *, is_last: bool) -> bytes:
        """Return bytes in UTF-8, which most files are in."""
        if self.encoding == "utf-8" and self._only_ascii and content.isascii():
            return content
        try:
            text = self._decoder.decode(content, is_last)
        except UnicodeDecodeError as error:
            if (
                self._is_given
                or self.encoding != "utf-8"
                or not (self._only_ascii and content[: error.start].isascii())
            ):
                raise uncertain_encoding(self._kind, self._path, self.encoding if self._is_given else None) from None
            self.encoding, self._decoder = _WINDOWS, codecs.getincrementaldecoder(_WINDOWS)()
            return self._checked(content, is_last=is_last)
        self._only_ascii = False
        return content if self.encoding == "utf-8" else text.encode("utf-8", "replace")


def _has_line(content: bytes, line: bytes) -> bool:
    """Return whether a line stands among others."""
    place = content.find(b"\n" + line)
    while place >= 0:
        if content[place + 1 + len(line) :][:1] in {b"\r", b"\n"}:
            return True
        place = content.find(b"\n" + line, place + 1)
    return False


def broken(path: Path, error: Exception, part: str = "") -> RecordsError:
    """Return the error of a file that a library can't read, without the content that its message may hold."""
    lengths = re.search(r"(Row #\d+: )?Expected (\d+) columns, got (\d+)", str(error))
    if lengths is not None:
        reason = f"Expected {lengths[2]} columns, but a row has {lengths[3]}" + (
            f" ({lengths[1][:-2]})" if lengths[1] else ""
        )
    elif isinstance(error, UnicodeError):
        reason = "it isn't written in one encoding throughout"
    else:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    hint = " Save it as UTF-8." if "UTF" in reason or "utf" in reason else ""
    return RecordsError(f"{path} can't be read{part}: {reason}.{hint}")
