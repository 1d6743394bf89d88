"""Samples of plain ids: the order in which they are drawn, how many of each stratum, how many for a wished margin."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics.intervals import score_interval, whole_number
from ombudsman_kpi.statistics.quantiles import normal_quantile

HASH = "blake2b of 8 bytes of the id, its key the seed, both in UTF-8; the lowest come first"


def seed_key(seed: object) -> bytes:
    """Return a seed as the key of the hash. Raises ``OptionError`` for what isn't text or a whole number."""
    key = b"" if isinstance(seed, bool) or not isinstance(seed, int | str | np.integer) else str(seed).encode()
    if not 0 < len(key) <= 64:
        raise OptionError(
            "seed: a whole number or text of at most 64 bytes, such as 'QA 2024 Q1'; another for each draw."
        )
    return key


def draw_order(ids: Iterable[str], seed: object) -> tuple[NDArray[np.intp], NDArray[np.uint64]]:
    """Return the places of ids in the order in which they are drawn, and the hash of each place in that order.

    An id's hash depends on it and the seed alone: not on where it stands, nor on which others there are. So with a few
    more ids nearly all that were drawn are drawn again.

    >>> places, hashes = draw_order(["A1", "A2", "A3", "A4"], seed="QA 2024 Q1")
    >>> places.tolist()
    [0, 2, 1, 3]
    """
    ids, key = list(ids), seed_key(seed)
    keyed = blake2b(digest_size=8, key=key)

    def digest(text: str) -> bytes:
        one = keyed.copy()
        one.update(text.encode())
        return one.digest()

    hashes = np.frombuffer(b"".join([digest(text) for text in ids]), ">u8").astype(np.uint64)
    order = np.argsort(hashes, kind="stable")
    if (hashes[order[1:]] == hashes[order[:-1]]).any():  # of one hash the text decides
        order = np.array(sorted(range(len(ids)), key=lambda place: (hashes[place], ids[place])), np.intp)
    return order, hashes[order]


def allocate(sizes: Mapping[str, int], n: int, *, minimum: int = 1) -> dict[str, int]:
    """Return how many of n are drawn from each stratum: in proportion to their sizes, of each at least a minimum.

    >>> allocate({"North": 400, "South": 95, "East": 5}, 50)
    {'North': 40, 'South': 9, 'East': 1}

    A stratum whose proportion is below the minimum has that, or all of it where it has no more; the others share the
    rest in proportion to their sizes. Of the parts below 1 the largest are rounded up (Hare's largest remainders); of
    equal ones that of the larger stratum, then of the name that comes first.

    Raises ``OptionError`` where there are fewer than n in all, a stratum has none, or n can't give each its minimum.
    """
    n, minimum = whole_number(n, "n"), whole_number(minimum, "minimum")
    for name, size in sizes.items():
        if whole_number(size, f"stratum {name!r}") == 0:
            raise OptionError(f"Stratum {name!r} has none to draw from: leave it out, or exclude fewer earlier draws.")
    if n > sum(sizes.values()):
        raise OptionError(f"n: {n:,} can't be drawn from {sum(sizes.values()):,}.")
    least = {name: min(minimum, size) for name, size in sizes.items()}
    if n < sum(least.values()):
        raise OptionError(
            f"n: {n:,} is too few for {len(sizes):,} strata with a minimum of {minimum:,}: they need "
            f"{sum(least.values()):,}. Draw more, or set a lower minimum."
        )
    fixed: dict[str, int] = {}
    while True:
        left, among = n - sum(fixed.values()), {name: size for name, size in sizes.items() if name not in fixed}
        whole = sum(among.values())
        below = {name: least[name] for name, size in among.items() if left * size < least[name] * whole}
        if not below:
            break
        fixed |= below
    shares = {name: divmod(left * size, whole) for name, size in among.items()}
    drawn = fixed | {name: share for name, (share, _) in shares.items()}
    order = sorted(among, key=lambda name: (-shares[name][1], -among[name], name))
    for name in order[: n - sum(drawn.values())]:
        drawn[name] += 1
    return {name: drawn[name] for name in sizes}


def sample_size(margin: float, population: int, *, share: float = 0.5, level: float = 0.95) -> int:
    """Return how many must be drawn from a population so that the interval of a share is no wider than ± the margin.

    >>> sample_size(0.05, 4_500), sample_size(0.05, 4_500, share=0.9)
    (351, 137)

    The interval is ``wilson``'s with its population, at a ``share`` that is expected; at 50%, the default, it is the
    widest, so that the margin holds whatever is found. The margin is half of the interval's width.

    Raises ``OptionError`` for a margin or share that isn't above 0 and below 1, and for an empty population.
    """
    z, population = normal_quantile(level), whole_number(population, "population")
    for name, value in {"margin": margin, "share": share}.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise OptionError(f"{name}: above 0 and below 1, such as 0.05 for 5 percentage points; not {value}.")
    if not population:
        raise OptionError("population: there is nothing to draw from.")

    low, high = 1, population  # a larger sample is surer: the least that fits lies between
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _margin(middle, population, share, z) <= margin else (middle + 1, high)
    return low


def margin_of(n: int, population: int, *, share: float = 0.5, level: float = 0.95) -> float:
    """Return half the width of the interval of a share, found in n of a population.

    >>> round(margin_of(351, 4_500), 4)
    0.05
    """
    return _margin(n, population, share, normal_quantile(level))


def _margin(n: int, population: int, share: float, z: float) -> float:
    unseen = (population - n) / (population - 1) if n < population else 0.0
    low, high = score_interval(share, 1 - share, z * z * unseen / n)
    return (high - low) / 2
