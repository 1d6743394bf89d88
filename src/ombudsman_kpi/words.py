"""A column of text as its different words, and which of them each cell holds."""

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.buffers import integers
from ombudsman_kpi.days import Integers, Truths


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
