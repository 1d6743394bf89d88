"""A centile of the times that clocks took, of those that stopped: exact, and never between two times."""

from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from ombudsman_kpi.events.as_known import NEVER
from ombudsman_kpi.measures.average import TimeTaken
from ombudsman_kpi.measures.base.changing import Changing
from ombudsman_kpi.measures.base.figures import Figure, Place, PlaceCounts, judged
from ombudsman_kpi.statistics.intervals import Interval
from ombudsman_kpi.statistics.quantiles import quantile


class Centiles(TimeTaken, Changing):
    """Centiles of the times that clocks took: the smallest that at least so many in a hundred don't exceed."""

    counts_parts: ClassVar[bool] = True

    @property
    def share(self) -> Fraction:
        """The share of clocks that don't take longer."""
        raise NotImplementedError

    def value_of(self, counts: PlaceCounts) -> Fraction | None:
        """Return the centile in its unit; None where nothing has stopped."""
        return self._in_unit(quantile(*counts.times("met"), self.share))

    def chance(self, before: PlaceCounts, now: PlaceCounts) -> Interval | None:
        """Return None: of a change of centiles no interval is worked out."""
        return None

    def figure(self, place: Place) -> Figure:
        """Return the centile. Bounds: if what is open stopped at once, and if it never did."""
        here, value = place.here, self.value_of(place.here)
        low, high = self._bounds(here) if here.pending else (value, value)
        settled = not here.pending
        if self.standard is not None and low is not None and not settled:
            longest = (
                self.standard.operator in {"at least", "more than"} if high is None else self.standard.is_met_by(high)
            )
            settled = self.standard.is_met_by(low) == longest
        return Figure(
            judged(self.standard, value, settled=settled), value, low, high,
            denominator=here.met,
            remarks=(f"{here.pending:,} still open",) if here.pending else (),
        )  # fmt: skip

    def _bounds(self, here: PlaceCounts) -> tuple[Fraction | None, Fraction | None]:
        """Return the centile if all that is open stopped after what it has taken so far, and if none of it ever did."""
        times, numbers = here.times("met")
        more, open_ones = here.times("pending")
        if not len(numbers):
            return None, None
        both = np.concatenate([times, more])
        order = np.argsort(both, kind="stable")
        now = quantile(both[order], np.concatenate([numbers, open_ones])[order], self.share)
        never = quantile(np.append(times, NEVER), np.append(numbers, open_ones.sum()), self.share)
        return self._in_unit(now), self._in_unit(None if never == NEVER else never)

    @cached_property
    def _parts(self) -> int:
        return self.runs_in.parts

    def _in_unit(self, time: int | None) -> Fraction | None:
        """Return a time, counted in parts of its unit, in its unit."""
        return None if time is None else Fraction(time, self._parts)


def _check(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 100:
        raise ValueError("a number above 0 and up to 100 is wanted, such as 95 or 99.5")
    return value


class Centile(Centiles):
    """A centile of the times that clocks took, of those that stopped."""

    measure: Literal["centile"]
    centile: Annotated[int | float, BeforeValidator(_check)] = Field(
        gt=0, le=100, description="How many in a hundred take no longer, such as 95"
    )

    example: ClassVar[str] = """
    of = "calls"
    start = "offered_at"
    stop = "answered_at"
    counted_in = "seconds"
    centile = 95
    standard = "at most 120 seconds"
    cohort = "received"
    """

    @property
    def share(self) -> Fraction:
        """So many in a hundred."""
        return Fraction(str(self.centile)) / 100

    @property
    def described(self) -> str:
        """Which centile it is."""
        return f"centile {self.centile}"
