"""A centile of the times that clocks took, of those that stopped: exact, and never between two times."""

from abc import abstractmethod
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from ombudsman_kpi.arrays.exact import Fractions, share_of
from ombudsman_kpi.measures.average import TimeTaken, still_open
from ombudsman_kpi.measures.base.changing import Changing
from ombudsman_kpi.measures.base.figures import Figures, judged
from ombudsman_kpi.measures.base.places import Moments, Places, RowTimes
from ombudsman_kpi.statistics.intervals import Interval


class Centiles(TimeTaken, Changing):
    """Centiles of the times that clocks took: the smallest that at least so many in a hundred don't exceed."""

    counts_parts = True

    @property
    @abstractmethod
    def share(self) -> Fraction:
        """The share of clocks that don't take longer."""

    def values_of(self, places: Places) -> Fractions:
        """Return the centiles in its unit; none where nothing has stopped."""
        return self._of(places.times())

    def _of(self, times: RowTimes, among: RowTimes | None = None) -> Fractions:
        """Return the centiles of times, or of as many of which all but these never end; none where it is one of those.

        Of 3 that stopped among 7 the median is the 4th of all, and there is none.
        """
        numbers, of = np.diff(times.before), np.diff((among or times).before)
        wanted = share_of(self.share, of, up=True).astype(np.int64)
        known = (wanted <= numbers) & (numbers > 0)
        return Fractions(times.shortest_of(np.where(known, wanted, 0)), known * self.runs_in.parts)

    def chance(self, before: Moments, now: Moments) -> Interval | None:
        """Return None: of a change of centiles no interval is worked out."""
        return None

    def figures(self, places: Places) -> Figures:
        """Return the centiles. Bounds: if what is open stopped at once, and if it never did."""
        is_open, stopped, both = places.pending != 0, places.times(), places.times(pending=True)
        value = self._of(stopped)
        low = self._of(both).where(value.there).or_else(value, is_open)
        high = self._of(stopped, both).or_else(value, is_open)
        settled = ~is_open
        if self.standard is not None:
            longest = self.standard.operator in {"at least", "more than"}
            low_kept, high_kept = (self.standard.is_kept_by(part.signs(self.standard.value)) for part in (low, high))
            settled |= low.there & (low_kept == np.where(high.there, high_kept, longest))
        return Figures(
            judged(self.standard, value, settled), value, low, high,
            denominator=places.met, say=still_open(places.pending),
        )  # fmt: skip


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
