"""Columns of text: the different words of one, and which of them each cell holds; how true and false are spelt."""

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import emptied, integers
from ombudsman_kpi.arrays.types import Integers, Truths


class Words(NamedTuple):
    """A column of text in two parts: the different words in it, and which of them each cell holds; -1 for none."""

    codes: Integers
    words: Sequence[str]

    @classmethod
    def of_arrow(cls, texts: Any) -> "Words":
        """Return a column of Arrow text in its two parts."""
        encoded = texts.dictionary_encode()
        return cls(integers(encoded.indices, -1), encoded.dictionary.to_pylist())

    @classmethod
    def of_cells(cls, cells: Sequence[str | None]) -> "Words":
        """Return a list of cells in its two parts."""
        places: dict[str, int] = {}
        codes = [-1 if cell is None else places.setdefault(cell, len(places)) for cell in cells]
        return cls(np.array(codes, np.int64), list(places))

    def are(self, wanted: Container[str]) -> Truths:
        """Return which cells hold one of some words."""
        places = [place for place, word in enumerate(self.words) if word in wanted]
        if len(places) == 1:
            return np.equal(self.codes, places[0])
        return np.array([*(word in wanted for word in self.words), False]).take(self.codes)

    @property
    def present(self) -> Truths:
        """Where there is a word."""
        return np.greater_equal(self.codes, 0)


TRUTHS = {**dict.fromkeys(("t", "yes", "y", "1"), "true"), **dict.fromkeys(("f", "no", "n", "0"), "false")}


def as_truth(text: Any) -> Any:
    """Return true and false written in one way, however the program that exported them does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = pc.utf8_lower(text)
    for word in dict.fromkeys(TRUTHS.values()):
        spellings = [spelling for spelling, meant in TRUTHS.items() if meant == word]
        lower = pc.if_else(pc.is_in(lower, pa.array(spellings)), word, lower)
    return lower


def is_clean(text: Any) -> bool:
    """Return whether no cell is empty and none can have space around it: a look at the bytes saves two copies."""
    offsets = np.frombuffer(text.buffers()[1] or b"\0" * 8, np.int32)[text.offset : text.offset + len(text) + 1]
    content = np.frombuffer(text.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    plain = not len(content) or bool(content.min() > 32 and content.max() < 128)
    return plain and text.null_count == 0 and bool((offsets[1:] > offsets[:-1]).all())


def is_uuid(kind: Any) -> bool:
    """Return whether an Arrow type is that of UUIDs."""
    return getattr(kind, "extension_name", None) == "arrow.uuid"


_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_HEX_PLACES = np.array([place for place in range(36) if place not in {8, 13, 18, 23}])


def uuid_text(column: Any) -> Any:
    """Return an Arrow array of UUIDs as text, as Python writes them."""
    import pyarrow as pa

    # A UUID is 16 bytes, of which each gives two of 32 hexadecimal digits: 0xA7 is 167 = 10 * 16 + 7, "a7". The text
    # has 36 places: the digits stand in 0 to 7, 9 to 12, 14 to 17, 19 to 22 and 24 to 35, and dashes between them.
    stored, size = column.storage, len(column)
    content = np.frombuffer(stored.buffers()[1] or b"", np.uint8)[16 * stored.offset : 16 * (stored.offset + size)]
    digits = np.stack([content >> 4, content & 15], axis=1).reshape(size, 32)
    text = np.full((size, 36), ord("-"), np.uint8)
    text[:, _HEX_PLACES] = _HEX.take(digits)
    ends = np.arange(0, 36 * size + 1, 36, dtype=np.int32)
    written = pa.StringArray.from_buffers(size, pa.py_buffer(ends), pa.py_buffer(text))
    return written if not column.null_count else _without(written, column)


def _without(text: Any, column: Any) -> Any:
    """Return text without the cells that are missing in a column."""
    import pyarrow.compute as pc

    return emptied(text, pc.is_null(column))
