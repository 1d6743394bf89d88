"""One score of several samples: of teams, strata or questions of different sizes."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError, naming
from ombudsman_kpi.statistics.intervals import drawn_from, score_interval, share_counts
from ombudsman_kpi.statistics.quantiles import finite, normal_quantile


class WeightedScore(NamedTuple):
    """A score from 0 to 1, and its interval."""

    score: float
    low: float
    high: float


def weighted_score(
    met: Sequence[int],
    n: Sequence[int],
    *,
    sizes: Sequence[int] | None = None,
    weights: Sequence[float] | None = None,
    level: float = 0.95,
) -> WeightedScore:
    """Return the score of several samples together, ``met`` of ``n`` in each, with its interval.

    With ``sizes``, the samples were drawn from so many records each, and count in proportion to them: the score is an
    estimate of that of all these records, whichever teams had the larger samples.

    >>> score = weighted_score([18, 10], [20, 20], sizes=[900, 100])  # 90% and 50%
    >>> f"{score.score:.3f}, {score.low:.3f} to {score.high:.3f}"
    '0.860, 0.699 to 0.942'

    With ``weights`` they count so much each, and are chance results of the service; equal weights give the mean of the
    scores. Samples that count by their number of records alone need neither: ``wilson(sum(met), sum(n))``.

    >>> score = weighted_score([18, 10], [20, 20], weights=[1, 1])
    >>> f"{score.score:.3f}, {score.low:.3f} to {score.high:.3f}"
    '0.700, 0.557 to 0.813'

    Raises ``OptionError`` where a sample is none (``wilson`` says when), has no data or is larger than what it was
    drawn from, a weight isn't above 0, lengths differ, or both or neither of ``sizes`` and ``weights`` are given.

    This is Wilson's interval, in which n is replaced by the number of records that, drawn from all alike, would make
    the score as sure: score × (1 - score) / variance (Kish 1965; Dean and Pagano 2015). The variance is that of a
    stratified sample with finite population correction (Cochran 1977, 5.12), in which 4 records with the score of all
    are added to each sample: else a small one whose records were all met would seem to be certain. Of one sample it is
    ``wilson``.
    """
    z = normal_quantile(level)
    samples = _samples(met, n, sizes, weights)
    score = math.fsum(one.weight * one.met / one.n for one in samples)
    rest = math.fsum(one.weight * (one.n - one.met) / one.n for one in samples)
    alike = math.fsum(one.weight**2 * one.unseen / one.n for one in samples)  # times score * rest: if all scored alike
    if not alike:
        return WeightedScore(score, score, score)
    spread = score * rest
    steadied = [((one.met + _ADDED * score) / (one.n + _ADDED), one) for one in samples]
    variance = math.fsum(one.weight**2 * one.unseen * part * (1 - part) / one.n for part, one in steadied)
    return WeightedScore(score, *score_interval(score, rest, z * z * (variance / spread if spread else alike)))


_ADDED = 4  # records with the score of all, about z² at 95%


class _Sample(NamedTuple):
    met: int
    n: int
    weight: float  # all add up to 1
    unseen: float  # what drawing without replacement leaves of the variance


def _samples(
    met: Sequence[int], n: Sequence[int], sizes: Sequence[int] | None, weights: Sequence[float] | None
) -> list[_Sample]:
    """Return samples with what they count by. Raises ``OptionError`` where one can't be read."""
    counts_by = sizes if weights is None else weights
    if counts_by is None or (sizes is not None and weights is not None):
        raise OptionError("Say what the samples count by: sizes= (what each was drawn from) or weights=, one of both.")
    if not len(met) == len(n) == len(counts_by) > 0:
        raise OptionError(
            f"There are {len(met)} values of met, {len(n)} of n and {len(counts_by)} of what they count by. Give one "
            "of each for every sample."
        )
    samples = []
    for place, (one_met, one_n, share) in enumerate(zip(met, n, counts_by, strict=True)):
        with naming(f"sample {place}"):
            good, number = share_counts(one_met, one_n)
            if weights is not None:
                samples.append(_Sample(good, number, _weight(share), 1.0))
                continue
            size = drawn_from(number, share)
            samples.append(_Sample(good, number, size, (size - number) / max(size - 1, 1)))
    whole = math.fsum(one.weight for one in samples)
    return [one._replace(weight=one.weight / whole) for one in samples]


def _weight(weight: float) -> float:
    number = finite(weight)
    if number is None or not 0 < number < 1e300:
        raise OptionError("A weight must be a number above 0; leave out what counts nothing.")
    return number
