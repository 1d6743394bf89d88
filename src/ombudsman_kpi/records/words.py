"""Columns of text: the different words of one, and which of them each cell holds; how true and false are spelt."""

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import integers
from ombudsman_kpi.arrays.types import Integers, Truths


class Words(NamedTuple):
    """A column of text in two parts: the different words in it, and which of them each cell holds; -1 for none."""

    codes: Integers
    words: Sequence[str]

    @classmethod
    def of_arrow(cls, texts: Any) -> "Words":
        """Take a column of Arrow text apart."""
        encoded = texts.dictionary_encode()
        return cls(integers(encoded.indices, -1), encoded.dictionary.to_pylist())

    @classmethod
    def of_cells(cls, cells: Sequence[str | None]) -> "Words":
        """Take a list of cells apart."""
        places: dict[str, int] = {}
        codes = [-1 if cell is None else places.setdefault(cell, len(places)) for cell in cells]
        return cls(np.array(codes, np.int64), list(places))

    def are(self, wanted: Container[str]) -> Truths:
        """Tell which cells hold one of some words."""
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
    """Write true and false in one way, however the program that exported them does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = pc.utf8_lower(text)
    for word in dict.fromkeys(TRUTHS.values()):
        spellings = [spelling for spelling, meant in TRUTHS.items() if meant == word]
        lower = pc.if_else(pc.is_in(lower, pa.array(spellings)), word, lower)
    return lower


def is_clean(text: Any) -> bool:
    """Tell whether no cell is empty and none can have space around it: a look at the bytes saves two copies."""
    offsets = np.frombuffer(text.buffers()[1] or b"\0" * 8, np.int32)[text.offset : text.offset + len(text) + 1]
    content = np.frombuffer(text.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    plain = not len(content) or bool(content.min() > 32 and content.max() < 128)
    return plain and text.null_count == 0 and bool((offsets[1:] > offsets[:-1]).all())
