"""How long things take while some of them are still open: the share finished by each day (Kaplan and Meier 1958).

A share of what was finished alone leaves out what is still open, which is the slow part of a caseload. Here each record
counts for as long as it was seen: one that is open, or was withdrawn, after 30 days says that it took longer than 30,
and no more. It is taken to have been as likely to be finished later as the others that were open so long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.statistics.intervals import whole_number
from ombudsman_kpi.statistics.quantiles import normal_quantile

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

COLUMNS = ("elapsed", "at_risk", "stopped", "share", "low", "high")

_MOST = 2**53  # of a column: what a float holds exactly
_ROUNDING = 1e-12  # of a product of shares


class ElapsedCounts(NamedTuple):
    """How many clocks of each elapsed time stopped, were withdrawn, or are still open.

    ``limit`` is the longest elapsed time that is in time, where there is one. ``left_out`` are those that never ran, or
    contradict themselves. ``why`` says why there is nothing.
    """

    elapsed: Integers
    stopped: Integers
    withdrawn: Integers
    open: Integers
    unit: str = ""
    limit: int | None = None
    left_out: int = 0
    why: str = ""

    @property
    def censored(self) -> Integers:
        """Those of which no more is known than that they took longer."""
        return self.withdrawn + self.open


class HasElapsed(Protocol):
    """What has counts of elapsed times: a tally, and the results of one."""

    def elapsed_counts(
        self, target: str, *, period: str | None = None, group: Mapping[str, str] | None = None
    ) -> ElapsedCounts:
        """Return the elapsed times of the records of a target: of all, of a period, or of a group."""


class Estimate(NamedTuple):
    """An estimated share with its interval; ``note`` says why there is none."""

    share: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""


class TimeReached(NamedTuple):
    """The time within which so many in a hundred are finished, with its interval; None where it isn't known yet."""

    elapsed: int | None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, eq=False)
class Curve:
    """The share finished by each elapsed time: an entry for each at which something stopped or was last seen.

    ``at_risk`` were still open just before, ``share`` is finished by then, ``error`` its standard error.
    """

    elapsed: Integers
    at_risk: Integers
    stopped: Integers
    share: Floats
    error: Floats
    low: Floats
    high: Floats
    level: float

    @classmethod
    def of(cls, counts: ElapsedCounts, level: float = 0.95) -> Self:
        """Return the curve of some counts; raises what ``kaplan_meier`` raises."""
        z = normal_quantile(level)
        elapsed, stopped, censored = added_up(counts.elapsed, counts.stopped, counts.censored)
        leaving = stopped + censored
        at_risk = leaving[::-1].cumsum()[::-1]
        left = np.cumprod(1 - stopped / at_risk)
        stay = at_risk - stopped
        with np.errstate(divide="ignore"):
            terms = np.where(stay > 0, stopped / (at_risk * np.maximum(stay, 1).astype(np.float64)), 0)
        spread = np.sqrt(np.cumsum(terms))
        low, high = _log_log(left, spread, at_risk, z, (1 - level) / 2)
        return cls(elapsed, at_risk, stopped, 1 - left, left * spread, low, high, level)

    def within(self, limit: int) -> Estimate:
        """Return the share finished within a limit, with its interval.

        None where nothing has been seen for so long, and not all was finished before. Raises ``OptionError`` for what
        isn't a whole number of 0 or more.
        """
        limit = whole_number(limit, "limit")
        if not len(self.elapsed):
            return Estimate(None, note="no data: there are no records")
        place = int(self.elapsed.searchsorted(limit, "right")) - 1
        if place < 0:
            high = 1 - float((1 - self.level) / 2) ** (1 / int(self.at_risk[0]))
            return Estimate(0.0, 0.0, high)
        if limit > self.elapsed[-1] and self.share[-1] < 1:
            return Estimate(None, note=f"no data: no record has been seen for longer than {self.elapsed[-1]:,}")
        return Estimate(float(self.share[place]), float(self.low[place]), float(self.high[place]))

    def centile(self, percent: float = 50) -> TimeReached:
        """Return the time within which so many in a hundred are finished; 50 is the median.

        The smallest at which the share is so large; its limits are where the interval of the share first is
        (Brookmeyer and Crowley 1982). Raises ``OptionError`` for what isn't above 0 and below 100.
        """
        try:
            inside = 0 < percent < 100
        except TypeError:  # of text
            inside = False
        if not inside:
            raise OptionError(f"A centile is above 0 and below 100, such as 50 for the median; not {percent!r}.")

        def first(column: Floats) -> int | None:
            reached = np.flatnonzero(column >= percent / 100 - _ROUNDING)
            return int(self.elapsed[reached[0]]) if len(reached) else None

        return TimeReached(first(self.share), first(self.high), first(self.low))

    def frame(self) -> "pd.DataFrame":
        """Return the curve as a frame: ``elapsed, at_risk, stopped, share, low, high``."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in COLUMNS})


def kaplan_meier(elapsed: ArrayLike, stopped: ArrayLike, censored: ArrayLike, *, level: float = 0.95) -> Curve:
    """Return the share finished by each elapsed time, from how many stopped then and how many were last seen open.

    >>> curve = kaplan_meier([6, 7, 10, 15], [3, 1, 1, 1], [1, 0, 1, 2])
    >>> [f"{share:.3f}" for share in curve.share]
    ['0.300', '0.417', '0.533', '0.689']
    >>> curve.centile(50).elapsed
    10

    A record that was last seen on the day on which others stopped was still open with them. The interval is
    Greenwood's (1926) on the scale of log(-log), which keeps it inside 0 and 1. Where the share is 0 its upper limit is
    that of none of so many at risk (exact binomial); where it is 1 its lower limit is that of the time before, or where
    there is none, that of all of so many.

    Raises ``OptionError`` for columns of different lengths, or what isn't a whole number of 0 or more.
    """
    times, ended, last_seen = _whole("elapsed", elapsed), _whole("stopped", stopped), _whole("censored", censored)
    if not len(times) == len(ended) == len(last_seen):
        raise OptionError(
            f"elapsed, stopped and censored are columns of one table, but have {len(times)}, {len(ended)} and "
            f"{len(last_seen)} entries. Give each elapsed time with both of its numbers."
        )
    return Curve.of(ElapsedCounts(times, ended, last_seen, np.zeros_like(times)), level)


def survival(
    source: HasElapsed,
    target: str,
    *,
    period: str | None = None,
    group: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> "pd.DataFrame":
    """Return the share decided by each elapsed time: of a tally, or of the results of one.

    >>> import ombudsman_kpi as kpi
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-05"},
    ...     {"case_id": "A2", "received_at": "2024-03-28"},
    ... ]
    >>> tally = kpi.tally(kpi.load_scheme("lgsco"), cases=cases, as_of="2024-04-30")
    >>> frame = survival(tally, "decided-or-allocated-20wd")
    >>> frame[["elapsed", "at_risk", "stopped", "share"]].values.tolist()
    [[4.0, 2.0, 1.0, 0.5], [21.0, 1.0, 0.0, 0.5]]

    ``elapsed`` is in the unit of the target's clock. Open records were last seen at ``as_of``, withdrawn ones when
    they were withdrawn; those not yet started and invalid ones aren't in it, and ``attrs["says"]`` tells how many.
    Narrowed by ``period="Mar 2024"`` it is of those received in it, by ``group={"team": "A"}`` of that group.

    Raises ``SchemeError`` for a target that the tally hasn't, ``OptionError`` for one without elapsed times and for
    figures that kept none, with what to do.
    """
    if not hasattr(source, "elapsed_counts"):
        raise OptionError("A tally is wanted, which tally(…) gives, or its results. Plain numbers take kaplan_meier.")
    counts = source.elapsed_counts(target, period=period, group=group)
    curve = Curve.of(counts, level)
    frame = curve.frame()
    frame.attrs = {"says": says(counts, curve), "unit": counts.unit}
    return frame


def says(counts: ElapsedCounts, curve: Curve) -> str:
    """Return in one sentence what a curve shows."""
    stopped, withdrawn, is_open = (int(column.sum()) for column in (counts.stopped, counts.withdrawn, counts.open))
    total, left_out = stopped + withdrawn + is_open, ""
    if counts.left_out:
        left_out = f"; {counts.left_out:,} are left out (not started, of another kind, or invalid)"
    if not total:
        return f"No data: {counts.why or 'no clock has run'}{left_out}."
    median = curve.centile(50)
    half = "Fewer than half are finished so far"
    if median.elapsed is not None:
        up_to = "not yet known" if median.high is None else f"{median.high:,}"
        interval = f"{level_text(curve.level)} interval {median.low:,} to {up_to}"
        time = many(median.elapsed, counts.unit.removesuffix("s")) if counts.unit else f"{median.elapsed:,}"
        half = f"Half are finished within {time} ({interval})"
    of = f"of {many(total, 'record')} {stopped:,} were finished, {is_open:,} are open and {withdrawn:,} were withdrawn"
    return f"{half}; {of}{left_out}."


def level_text(level: float) -> str:
    """Return a level in per cent, with as many decimals as it has."""
    exact = Fraction(str(level)) * 100
    return f"{half_up(exact, 0 if exact.denominator == 1 else 1)}%"


def _whole(name: str, column: ArrayLike) -> Integers:
    try:
        numbers = np.asarray(column)
    except ValueError:  # of a list in a list
        numbers = np.empty((0, 2))
    if numbers.ndim == 1 and not numbers.size:
        return np.empty(0, np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iuf":
        raise OptionError(f"{name} must be a list of whole numbers.")
    wrong = np.flatnonzero(~((numbers >= 0) & (numbers <= _MOST)) | (numbers != np.floor(numbers)))
    if len(wrong):
        raise OptionError(f"{name} must be whole numbers of 0 or more; entry {wrong[0]} (from 0) isn't.")
    return numbers.astype(np.int64)


def added_up(elapsed: Integers, *columns: Integers) -> Sequence[Integers]:
    """Return the different elapsed times in order, and the sums of each column; those of nothing are left out."""
    times, place = np.unique(elapsed, return_inverse=True)
    sums = [np.zeros(len(times), np.int64) for _ in columns]
    for total, column in zip(sums, columns, strict=True):
        np.add.at(total, place, column)
    there = np.add.reduce(sums) > 0
    return [times[there], *(total[there] for total in sums)]


def _log_log(left: Floats, spread: Floats, at_risk: Integers, z: float, tail: float) -> tuple[Floats, Floats]:
    """Return the limits of the shares finished: Greenwood's on the scale of log(-log), and at 0 and 1 as said."""
    inside = (left > 0) & (left < 1)
    safe = np.where(inside, left, 0.5)
    reach = np.exp(z * spread / -np.log(safe))
    low, high = 1 - safe ** (1 / reach), 1 - safe**reach
    exact = tail ** (1 / at_risk)
    before = np.concatenate([[np.nan], low[:-1]])  # only the last entry can have nothing left
    low = np.where(inside, low, np.where(left == 1, 0, np.where(np.concatenate([[False], inside[:-1]]), before, exact)))
    return low, np.where(inside, high, np.where(left == 1, 1 - exact, 1))
