"""How often intervals of shares, changes and scores hold the truth.

Where all samples can be counted, coverage is exact; else it is that of simulated ones, from one seed.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np

from coverage_words import percent
from ombudsman_kpi.statistics import difference, weighted_score, wilson

NEARLY = 1e-12  # what rounding may do to a limit


def chances(good: int, size: int, drawn: int) -> list[float]:
    """Return how likely each number of good ones is among those drawn from so many."""
    ways = math.comb(size, drawn)
    return [math.comb(good, met) * math.comb(size - good, drawn - met) / ways for met in range(drawn + 1)]


def binomial(share: float, n: int) -> list[float]:
    return [math.comb(n, met) * share**met * (1 - share) ** (n - met) for met in range(n + 1)]


def covered(ways: Sequence[float], population: int | None, truth: float) -> float:
    n = len(ways) - 1
    bounds = [wilson(met, n, population=population) for met in range(n + 1)]
    return sum(way for way, (low, high) in zip(ways, bounds, strict=True) if low - NEARLY <= truth <= high + NEARLY)


def share() -> Iterator[str]:
    yield "| drawn | from | true share | with the population | without it |"
    yield "|---:|---:|---:|---:|---:|"
    for n, size, truth in [(50, 200, 0.9), (50, 200, 0.5), (20, 40, 0.8), (100, 4_500, 0.9), (350, 4_500, 0.95)]:
        good = round(truth * size)
        ways = chances(good, size, n)
        with_it, without = (covered(ways, population, good / size) for population in (size, None))
        yield f"| {n:,} | {size:,} | {percent(good / size)} | {percent(with_it)} | {percent(without)} |"


def change() -> Iterator[str]:
    yield "| records before and after | true shares | coverage |"
    yield "|---|---|---:|"
    for n_1, n_2, first, second in [
        (20, 30, 0.5, 0.7), (80, 70, 0.6, 0.8), (100, 100, 0.9, 0.9), (100, 100, 0.97, 0.9), (60, 200, 0.85, 0.95),
    ]:  # fmt: skip
        truth, total = second - first, 0.0
        for (a, one), (b, other) in product(enumerate(binomial(first, n_1)), enumerate(binomial(second, n_2))):
            if one * other > 1e-9:
                low, high = difference(a, n_1, b, n_2)
                total += one * other * (low - NEARLY <= truth <= high + NEARLY)
        yield f"| {n_1} and {n_2} | {percent(first)} and {percent(second)} | {percent(total)} |"


def score() -> Iterator[str]:
    yield "| teams | drawn from each | scores of the teams | coverage |"
    yield "|---|---|---|---:|"
    for sizes, n, scores in [
        ([200, 100], [20, 10], [0.9, 0.5]),
        ([900, 100], [40, 10], [0.98, 0.3]),
        ([400, 300, 200, 100], [20, 15, 10, 5], [0.95, 0.9, 0.8, 0.6]),
        ([60] * 12, [5] * 12, [0.9] * 12),
        ([40] * 30, [3] * 30, [0.9] * 30),
    ]:
        good = [round(one * size) for one, size in zip(scores, sizes, strict=True)]
        draws = np.random.default_rng(20_240_331)
        met = [draws.hypergeometric(a, size - a, k, 4_000).tolist() for a, size, k in zip(good, sizes, n, strict=True)]
        truth = sum(good) / sum(sizes)
        found = [weighted_score(each, n, sizes=sizes) for each in zip(*met, strict=True)]
        held = sum(low - NEARLY <= truth <= high + NEARLY for _, low, high in found) / len(found)
        same = len(set(zip(sizes, n, scores, strict=True))) == 1
        cells = [f"{len(sizes)} of {sizes[0]}", f"{n[0]} each", percent(scores[0])] if same else [
            ", ".join(map(str, sizes)), ", ".join(map(str, n)), ", ".join(map(percent, scores)),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} | {percent(held)} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {"share": share, "change": change, "score": score}
