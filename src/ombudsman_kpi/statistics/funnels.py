"""Funnels: which of many rates differ by more than chance, and how sure their ranks are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.errors import OptionError, RecordsError
from ombudsman_kpi.rounding import half_up, many, percent
from ombudsman_kpi.statistics.binomial import binomial_rates
from ombudsman_kpi.statistics.intervals import wilson
from ombudsman_kpi.statistics.quantiles import check_level
from ombudsman_kpi.statistics.series import Numbers, check_counts, numbers_of

if TYPE_CHECKING:
    import pandas as pd

_WINSORISED = 0.1  # of the z at either end
_ROUNDING = 1e-12  # a rate that is less than this beyond a limit is on it


@dataclass(frozen=True, repr=False, eq=False)
class Funnel:
    """Rates beside the limits of chance around their pooled rate, from ``funnel``.

    ``points`` is a frame with a row for each rate: ``name, met, n, rate``, the limits at each level (``low_95``,
    ``high_95``, …), ``outside`` ("high", "low" or "within" the widest limits, or "no data") and a ``note``. ``ranks``
    is a frame with the rank of each and the ranks between which it lies. ``dispersion`` is how many times as much as by
    chance the rates vary, and ``adjusted`` says whether the limits are widened for it. ``says`` is one sentence.
    """

    names: Sequence[Any]
    met: Numbers
    n: Numbers
    levels: tuple[float, ...]  # from the lowest to the highest
    limits: Numbers  # of each rate: low and high at each level, side by side; NaN where there is no rate
    pooled: float
    dispersion: float
    adjusted: bool

    @property
    def there(self) -> Truths:
        """Which have data."""
        return ~np.isnan(self.limits[:, 0])

    @property
    def rates(self) -> Numbers:
        """The rates; NaN where nothing was counted."""
        rates: Numbers = np.divide(self.met, self.n, out=np.full(len(self.n), np.nan), where=self.there)
        return rates

    def beyond(self, level: int) -> tuple[Truths, Truths]:
        """Return which rates are above and which below the limits of a level, by its place among the levels."""
        low, high = self.limits[:, 2 * level], self.limits[:, 2 * level + 1]
        return self.rates > high + _ROUNDING, self.rates < low - _ROUNDING

    @property
    def points(self) -> "pd.DataFrame":
        """A frame with a row for each rate, in the order given."""
        import pandas as pd

        there = self.there
        above, below = self.beyond(-1)
        columns: dict[str, Any] = {"name": self.names, "met": self.met, "n": self.n, "rate": self.rates}
        for place, level in enumerate(self.levels):
            columns |= {f"low_{_called(level)}": self.limits[:, 2 * place]}
            columns |= {f"high_{_called(level)}": self.limits[:, 2 * place + 1]}
        outside = np.select([~there, above, below], ["no data", "high", "low"], "within").astype(object)
        frame = pd.DataFrame({**columns, "outside": outside, "note": self._notes(there, above | below)})
        if not np.isnan(self.met + self.n).any():
            frame = frame.astype({"met": np.int64, "n": np.int64})
        frame.attrs["says"] = self.says
        return frame

    def _notes(self, there: Truths, outside: Truths) -> list[str]:
        notes = np.full(len(there), "", object)
        for place in range(len(self.levels) - 1):
            above, below = self.beyond(place)
            level = f"{_percent(self.levels[place])} limits"
            notes[(above | below) & ~outside] = f"outside the {level} alone, as some are by chance"
        notes[~there] = "no data: nothing was counted"
        return notes.tolist()

    @property
    def ranks(self) -> "pd.DataFrame":
        """A frame with a row for each rate, the highest first: ``name, rate, rank, low, high``.

        ``low`` and ``high`` are the ranks between which its true rank lies with the lowest level (95%), or more: it is
        below those whose rate is higher by more than chance, and above those whose rate is lower by more than chance.
        Each pair is compared by Newcombe's interval of the difference, at a level of 1 - 0.05 / (number - 1), so that
        all comparisons of one rate hold together (Bonferroni; at most 0.9999). Equal rates have the same rank.
        """
        import pandas as pd

        there = np.flatnonzero(self.there)
        rates = self.rates[there]
        level = min(1 - (1 - self.levels[0]) / (len(there) - 1), 0.9999)
        each = [wilson(int(met), int(n), level=level) for met, n in zip(self.met[there], self.n[there], strict=True)]
        down, up = (np.abs(np.array(limits) - rates) for limits in zip(*each, strict=True))
        higher = np.array([np.sum((rates > rate) & (rates - rate > np.hypot(down, above))) for rate, above in
                           zip(rates, up, strict=True)])  # fmt: skip
        lower = np.array([np.sum((rates < rate) & (rate - rates > np.hypot(below, up))) for rate, below in
                          zip(rates, down, strict=True)])  # fmt: skip
        rank = 1 + (rates[None, :] > rates[:, None]).sum(axis=1)
        columns = {"rate": rates, "rank": rank, "low": 1 + higher, "high": len(rates) - lower}
        frame = pd.DataFrame({"name": [self.names[int(place)] for place in there], **columns})
        frame = frame.sort_values("rank", kind="stable", ignore_index=True)
        widest = frame.iloc[int((frame["high"] - frame["low"]).to_numpy().argmax())]
        frame.attrs["says"] = (
            f"A rank is as uncertain as the rates behind it: {widest['name']} is number {widest['rank']} of "
            f"{len(rates)}, and may be anything from {widest['low']} to {widest['high']}."
        )
        return frame

    @property
    def says(self) -> str:
        """One sentence: how many differ by more than chance, and from what."""
        above, below = (int(found.sum()) for found in self.beyond(-1))
        number = int(self.there.sum())
        met, n = (int(part[self.there].sum()) for part in (self.met, self.n))
        chance = half_up(number * (1 - Fraction(str(self.levels[-1]))), 2)
        times = half_up(Fraction(self.dispersion**0.5), 2)
        widened = f", widened {times} times since rates vary by more than chance" if self.adjusted else ""
        return (
            f"Of {many(number, 'rate')}, {above} lie above and {below} below the {_percent(self.levels[-1])} limits "
            f"around the pooled rate of {percent(met, n)} ({met:,} of {n:,}), where chance alone would put {chance} "
            f"outside{widened}."
        )

    def __repr__(self) -> str:
        return f"{self.says}\n{self.points}"


def funnel(
    met: Any, n: Any, names: Any = None, *, level: float | Sequence[float] = (0.95, 0.998),
    over_dispersion: bool | None = None,
) -> Funnel:  # fmt: skip
    """Return the funnel of rates, ``met`` of ``n`` each, such as the shares upheld of several authorities.

    >>> found = funnel([50, 62, 12, 90], [100, 120, 40, 100], ["A", "B", "C", "D"], over_dispersion=False)
    >>> dict(zip("ABCD", found.points["outside"]))
    {'A': 'within', 'B': 'within', 'C': 'low', 'D': 'high'}
    >>> print(found.says)
    Of 4 rates, 1 lie above and 1 below the 99.8% limits around the pooled rate of 59.4% (214 of 360), where chance
    alone would put 0.01 outside.

    The limits are exact binomial ones around the pooled rate, interpolated between counts (``binomial_rates``). Where
    all rates vary by more than chance, since cases differ, nearly all would lie outside: ``dispersion`` is the mean of
    z², with the tenth of z at each end set to the next value (Spiegelhalter 2005), and the limits are √dispersion times
    as far from the pooled rate. With ``over_dispersion=None`` that is done where it is more than 1 + 2√(2 / number),
    with True wherever it is above 1, with False never.

    Raises ``RecordsError`` where a count isn't a whole number, more were met than counted, or fewer than two have data;
    ``OptionError`` for a wrong level, and names that are repeated or fewer than the counts.
    """
    counts, of = numbers_of(met, "count"), numbers_of(n, "count")
    if len(counts) != len(of):
        raise OptionError(f"There are {len(counts)} counts met and {len(of)} counts n. Each rate needs both.")
    if not (over_dispersion is None or isinstance(over_dispersion, bool | np.bool_)):
        raise OptionError("over_dispersion must be True, False, or None: where it is seen.")
    called = list(range(1, len(of) + 1)) if names is None else list(names) if isinstance(names, Iterable) else []
    if len(called) != len(of) or len(set(called)) < len(called):
        raise OptionError(f"There are {len(of)} rates. Give as many names, each once.")
    asked: Any = level
    several = isinstance(asked, Iterable) and not isinstance(asked, str)
    levels = tuple(sorted({check_level(part) for part in (asked if several else [asked])}))
    if not levels:
        raise OptionError("A funnel needs a level, such as 0.95.")
    there = check_counts(counts, of)
    if there.sum() < 2:
        raise RecordsError(f"No data: a funnel compares two rates or more, and there are {there.sum()}.")
    some, each = counts[there], of[there]
    pooled = some.sum() / each.sum()
    dispersion = _dispersion(some / each, each, pooled)
    most = 1.0 if over_dispersion else 1 + 2 * (2 / len(each)) ** 0.5
    adjusted = bool(over_dispersion is not False and dispersion > most)
    tails = [tail for part in levels for tail in ((1 - part) / 2, (1 + part) / 2)]
    exact = binomial_rates(each.astype(np.int64), pooled, tails)
    limits = np.full((len(of), len(tails)), np.nan)
    limits[there] = np.clip(pooled + (dispersion**0.5 if adjusted else 1) * (exact - pooled), 0, 1)
    return Funnel(called, counts, of, levels, limits, float(pooled), dispersion, adjusted)


def _dispersion(rates: Numbers, n: Numbers, pooled: float) -> float:
    """Return how many times as much as by chance rates vary, with a tenth of them at each end pulled in."""
    if pooled in {0.0, 1.0}:
        return 0.0
    z = (rates - pooled) / np.sqrt(pooled * (1 - pooled) / n)
    ordered, pulled = np.sort(z), int(_WINSORISED * len(z))
    return float(np.mean(np.clip(z, ordered[pulled], ordered[len(z) - 1 - pulled]) ** 2))


def _called(level: float) -> str:
    """Return a level as part of the name of a column."""
    return _percent(level).removesuffix("%").replace(".", "_")


def _percent(level: float) -> str:
    return f"{100 * level:.10g}%"
