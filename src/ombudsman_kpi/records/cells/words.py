"""Columns of text in two parts: the different words of one, and which of them each cell holds."""

from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths


class Words(NamedTuple):
    """A column of text in two parts: the different words in it, and which of them each cell holds; -1 for none."""

    codes: Integers
    words: Sequence[str]

    @classmethod
    def of_cells(cls, cells: Sequence[str | None]) -> "Words":
        """Return a list of cells in its two parts."""
        places: dict[str, int] = {}
        codes = [-1 if cell is None else places.setdefault(cell, len(places)) for cell in cells]
        return cls(np.array(codes, np.int64), list(places))

    @classmethod
    def of_codes(cls, codes: Integers, cells: Sequence[str | None]) -> "Words":
        """Return a column whose cells are given by their places in a list, some of which may be alike or empty."""
        words = cls.of_cells(cells)
        if len(words.words) == len(words.codes):
            return cls(codes, words.words)
        return cls(np.append(words.codes, -1).take(codes), words.words)

    def are(self, wanted: Container[str]) -> Truths:
        """Return which cells hold one of some words."""
        places = [place for place, word in enumerate(self.words) if word in wanted]
        if len(places) == len(self.words):
            return self.present
        if len(places) < 2:
            return np.equal(self.codes, places[0]) if places else np.zeros(len(self.codes), np.bool_)
        return np.array([*(word in wanted for word in self.words), False]).take(self.codes)

    @property
    def present(self) -> Truths:
        """Where there is a word."""
        return np.greater_equal(self.codes, 0)
