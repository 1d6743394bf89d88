"""Texts as numbers: two fingerprints of 64 bits each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.arrow_memory import text_in
from ombudsman_kpi.arrays.mechanics import compiled

Prints = NDArray[np.uint64]

MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits spread: multiplying by it shuffles a word
_OTHER_MIX = np.uint64(0xC2B2AE3D27D4EB4F)
_SPREAD, _SPREAD_AGAIN = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def two_prints(texts: Any) -> tuple[Prints, Prints]:
    """Return two hashes of each text; the lowest bit of the first is set, so that none looks like a free slot."""
    first, second = fingerprints(texts, (MIX, _OTHER_MIX))
    return first | np.uint64(1), second


def fingerprints(array: Any, mixes: Sequence[np.uint64] = (MIX,)) -> list[Prints]:
    r"""Return hashes of each text, 64 bits each, one for each mix; texts of one length are hashed together.

    The bytes of texts of one length are read in words of eight at places that all share: of 13 bytes those at 0 to 7
    and 5 to 12. Texts of up to seven bytes are filled up with zeros; the length is hashed too, so that "A" isn't
    "A\0".
    """
    offsets, content = text_in(array)
    mechanics = compiled()
    if mechanics is not None:
        return mechanics.prints(offsets, content, mixes)
    lengths = np.diff(offsets)
    if len(array) and (lengths == lengths[0]).all():  # all of one length: they lie side by side
        return _mixed(content[offsets[0] : offsets[-1]], len(array), int(lengths[0]), mixes)
    prints = [np.empty(len(array), np.uint64) for _ in mixes]
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        rows = np.flatnonzero(lengths == length)
        part = content[offsets[rows].astype(np.int64)[:, None] + np.arange(length)].ravel()
        for whole, mixed in zip(prints, _mixed(part, len(rows), length, mixes), strict=True):
            whole[rows] = mixed
    return prints


def _mixed(content: NDArray[np.uint8], size: int, length: int, mixes: Sequence[np.uint64]) -> list[Prints]:
    """Return hashes of texts of one length that lie side by side."""
    if length < 8:
        padded = np.zeros((size, 8), np.uint8)
        padded[:, :length] = content.reshape(size, length)
        content, places, step = padded.ravel(), [0], 8
    else:  # the last word may overlap the one before
        places, step = [*range(0, length - 8, 8), length - 8], length
    hashes = [np.full(size, np.uint64(length)) for _ in mixes]
    for place in places:
        words = np.ndarray((size,), np.uint64, content, place, (step,)) * _SPREAD
        # Spread before it meets what was there, a word can't take back what another one left, whatever texts share.
        words ^= words >> np.uint64(32)
        words *= _SPREAD_AGAIN
        words ^= words >> np.uint64(29)
        for number, mix in enumerate(mixes):
            hashes[number] ^= words
            hashes[number] *= mix
            hashes[number] ^= hashes[number] >> np.uint64(29)
    return hashes
