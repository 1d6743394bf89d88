"""What a share within a limit will come to once all that is open is finished, from how long earlier records took.

Each open record has a chance of being finished in time that depends on how long it has been open: one of 15 days, of a
limit of 20, has the chance that earlier ones had that were open for 15 days. It may also be withdrawn first, and then
leaves the figure. The chances of both are those of Aalen and Johansen (1978).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.statistics.intervals import whole_number
from ombudsman_kpi.statistics.quantiles import check_level, normal_quantile
from ombudsman_kpi.statistics.survival_curves import Curve, ElapsedCounts, Floats, added_up, level_text

PART_OF_ONE = 0.25  # how far the limits are moved out, since records are whole: found by simulation
NEW = -1  # the age of what is still to come


@dataclass(frozen=True)
class Forecast:
    """The share that a period will come to: at worst, at best, and as expected, with an interval.

    ``note`` says why a number is missing, ``of`` of which period it is.
    """

    met: int
    missed: int
    open: int
    worst: float | None
    best: float | None
    expected: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    note: str = ""
    of: str = ""

    @property
    def says(self) -> str:
        """What it shows, in one sentence."""
        of = f"{self.of}: " if self.of else ""
        if self.worst is None or self.best is None:
            return f"{of}No data: {self.note}."
        if not self.open:
            return f"{of}the share is {_text(self.worst)}, and nothing that counts in it is open."
        sure = f"with {many(self.open, 'record')} open, at worst {_text(self.worst)} and at best {_text(self.best)}"
        if self.expected is None or self.low is None or self.high is None:
            return f"{of}what is expected isn't known ({self.note}); {sure}."
        interval = f"{level_text(self.level)} interval {_text(self.low)} to {_text(self.high)}"
        return f"{of}the share is expected to come to {_text(self.expected)} ({interval}); {sure}."


class Chances(NamedTuple):
    """The chances of records by the next of some times that they reach: of being finished in time, and of being late.

    The rest is withdrawn first. ``finish`` and ``leave`` are the chances at each time, of those who reach it.
    """

    times: Integers
    at_risk: Integers
    finish: Floats
    leave: Floats
    in_time: Floats
    late: Floats

    @classmethod
    def of(cls, earlier: ElapsedCounts, limit: int) -> "Chances":
        """Return the chances that earlier records had."""
        times, stopped, withdrawn, is_open = added_up(earlier.elapsed, earlier.stopped, earlier.withdrawn, earlier.open)
        at_risk = (stopped + withdrawn + is_open)[::-1].cumsum()[::-1]
        size = int(times.searchsorted(limit, "right"))
        times, stopped, withdrawn, at_risk = times[:size], stopped[:size], withdrawn[:size], np.append(at_risk, 0)
        finish = stopped / at_risk[:size]
        leave = withdrawn / np.maximum(at_risk[:size] - stopped, 1)
        in_time, late = np.zeros(len(times) + 1), np.ones(len(times) + 1)
        for place in reversed(range(len(times))):
            stays = (1 - finish[place]) * (1 - leave[place])
            in_time[place] = finish[place] + stays * in_time[place + 1]
            late[place] = stays * late[place + 1]
        return cls(times, at_risk[: size + 1], finish, leave, in_time, late)

    def next_after(self, ages: Sequence[int]) -> Integers:
        """Return the place of the next time that open records of some ages reach."""
        return self.times.searchsorted(np.array(ages, np.int64), "right")

    def expected(self, place: Integers, number: Integers) -> tuple[float, float, Floats, Floats]:
        """Return how many of some records will be in time and late, and the covariances of both numbers.

        ``place`` is the next time that each reaches. The first covariance is that of chance alone, the second that of
        the chances, which were estimated.
        """
        in_time, late = self.in_time[place], self.late[place]
        crossed = -float(number @ (in_time * late))
        by_chance = np.array([
            [number @ (in_time * (1 - in_time)), crossed], [crossed, number @ (late * (1 - late))]
        ])  # fmt: skip
        entering = np.bincount(place, number, len(self.times) + 1)
        by_estimate, reach = np.zeros((2, 2)), 0.0
        after = np.stack([self.in_time[1:], self.late[1:]])
        for step, (finish, leave, at_risk) in enumerate(zip(self.finish, self.leave, self.at_risk[:-1], strict=True)):
            reach += entering[step]
            more_finish = reach * (np.array([1.0, 0.0]) - (1 - leave) * after[:, step])
            more_leave = -reach * (1 - finish) * after[:, step]
            by_estimate += np.outer(more_finish, more_finish) * finish * (1 - finish) / at_risk
            by_estimate += np.outer(more_leave, more_leave) * leave * (1 - leave) / max(at_risk * (1 - finish), 1)
            reach *= (1 - finish) * (1 - leave)
        return float(number @ in_time), float(number @ late), by_chance, by_estimate


def forecast_share(
    met: int,
    missed: int,
    open_ages: Mapping[int, int],
    earlier: ElapsedCounts,
    limit: int,
    *,
    arrivals: int = 0,
    level: float = 0.95,
) -> Forecast:
    """Return what a share will come to: so many met and missed it, and others are open, so many of each age.

    >>> import numpy as np
    >>> none = np.zeros(4, np.int64)
    >>> earlier = ElapsedCounts(np.array([5, 10, 20, 30]), np.array([40, 30, 20, 10]), none, none)
    >>> found = forecast_share(20, 5, {6: 10, 12: 10}, earlier, limit=20)
    >>> f"{found.expected:.3f}: {found.low:.3f} to {found.high:.3f}; {found.worst:.3f} to {found.best:.3f} at most"
    '0.778: 0.664 to 0.876; 0.444 to 0.889 at most'

    ``earlier`` are the elapsed times of earlier records, ``limit`` the longest that is in time. ``arrivals`` are
    records of the period that are still to come; without it the forecast is of those that are there. The interval has
    the chance of each open record and the uncertainty of the chances in it; not that the service may become faster or
    slower. Where earlier records weren't seen for as long as the limit, or none was open for as long as one is now,
    there is no expected share, and ``note`` says so.

    Raises ``OptionError`` for a number that isn't whole, or is below 0, and for what isn't such counts.
    """
    level = check_level(level)
    met, missed, arrivals = whole_number(met, "met"), whole_number(missed, "missed"), whole_number(arrivals, "arrivals")
    limit = whole_number(limit, "limit")
    if not isinstance(earlier, ElapsedCounts) or not isinstance(open_ages, Mapping):
        raise OptionError(
            "earlier: ElapsedCounts(elapsed, stopped, withdrawn, open), or what tally.elapsed_counts(…) gives. "
            "open_ages: how many are open of each age, such as {6: 10, 12: 10}."
        )
    ages = {whole_number(age, "an age"): whole_number(number, "open records") for age, number in open_ages.items()}
    ages = {age: number for age, number in {**ages, NEW: arrivals}.items() if number}
    is_open = sum(ages.values())
    total = met + missed + is_open
    if not total:
        return Forecast(met, missed, 0, None, None, None, None, None, level, "nothing is counted in it yet")
    worst, best = met / total, (met + is_open) / total
    if not is_open:
        return Forecast(met, missed, 0, worst, best, worst, worst, worst, level)
    sure = Forecast(met, missed, is_open, worst, best, None, None, None, level)
    chances, younger = Chances.of(earlier, limit), [age for age in ages if age < limit]
    why = _why_unknown(earlier, limit, chances, younger)
    return replace(sure, note=why) if why else _with_expected(sure, ages, chances)


def _why_unknown(earlier: ElapsedCounts, limit: int, chances: Chances, younger: Sequence[int]) -> str:
    """Return why nothing can be expected of open records of some ages below the limit; nothing where it can."""
    curve = Curve.of(earlier)
    if not len(curve.elapsed):
        return "there are no earlier records"
    longest = f"{curve.elapsed[-1]:,}"
    if curve.within(limit).share is None:
        return f"no earlier record has been seen for longer than {longest}, and the limit is {limit:,}"
    if not chances.at_risk[chances.next_after(younger)].all():
        return f"no earlier record was open for longer than {longest}, as some are now"
    return ""


def _with_expected(sure: Forecast, ages: Mapping[int, int], chances: Chances) -> Forecast:
    """Return a forecast with the share that is expected, by the chances of open records of some ages."""
    place, number = chances.next_after([*ages]), np.array([*ages.values()])
    in_time, late, *covariances = chances.expected(place, number)
    counted = sure.met + in_time + sure.missed + late
    if not counted:
        return replace(sure, note="all earlier records that were open so long were withdrawn")
    share = (sure.met + in_time) / counted
    slope = np.array([1 - share, -share]) / counted
    variance = float(slope @ (covariances[0] + covariances[1]) @ slope)
    seen = sure.open / float(number @ (1 / np.maximum(chances.at_risk[place], 1)))
    low, high = _limits(sure, share, variance, seen)
    return replace(sure, expected=share, low=low, high=high)


def _limits(sure: Forecast, share: float, variance: float, seen: float) -> tuple[float, float]:
    """Return the limits of what a share may come to, between two bounds that it can't leave.

    The quantiles of a normal, corrected for skewness as of a binomial (Cornish and Fisher 1938), and a quarter of a
    record further out, since records are whole. Chances that were all 0 or all 1 say that there is no variance: then it
    is that of half a record of as many as were seen.
    """
    worst, z = sure.met / (sure.met + sure.missed + sure.open), normal_quantile(sure.level)
    width = sure.open / (sure.met + sure.missed + sure.open)
    part = min(max((share - worst) / width, 0.0), 1.0)
    least = 0.5 / (seen + 1)
    spread = max(part * (1 - part), least * (1 - least))
    error = math.sqrt(variance) / width
    if part * (1 - part) < least * (1 - least):
        error = max(error, math.sqrt(spread * (1 / sure.open + 1 / (seen + 1))))
    bend = (1 - 2 * part) * error / spread * (z * z - 1) / 6
    further = PART_OF_ONE / sure.open
    low, high = (part + error * (side * z + bend) + side * further for side in (-1, 1))
    return worst + width * max(low, 0.0), worst + width * min(high, 1.0)


def _text(share: float) -> str:
    return f"{half_up(Fraction(share) * 100)}%"
