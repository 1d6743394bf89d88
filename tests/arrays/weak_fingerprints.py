"""Texts, and fingerprints of them that meet far more often than real ones."""

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from ombudsman_kpi.arrays.fingerprints import two_prints

TEXTS = st.one_of(st.text("ab01é日", max_size=3), st.text("0123456789", min_size=7, max_size=18))
OTHERS = st.lists(st.one_of(st.none(), TEXTS), max_size=6)
numbering = settings(max_examples=settings().max_examples * 3 // 2)

strong = two_prints


def one_for_all(texts: Any) -> tuple[Any, Any]:
    first, second = strong(texts)
    return np.ones_like(first), second


def few(texts: Any) -> tuple[Any, Any]:
    """Give one of four first fingerprints, all of which want the same slots at the end of the table."""
    first, second = strong(texts)
    return first % np.uint64(8) | np.uint64((1 << 64) - 8) | np.uint64(1), second


def of_lengths(texts: Any) -> tuple[Any, Any]:
    second = strong(texts)[1]
    lengths = np.array([len(text or "") for text in texts.to_pylist()], np.uint64)
    return lengths * np.uint64(2) + np.uint64(1), second


WEAK = {"one for all": one_for_all, "a few at the end": few, "by length": of_lengths}
