"""The median of the times that clocks took, of those that stopped."""

from fractions import Fraction
from typing import ClassVar, Literal

from ombudsman_kpi.measures.centile import Centiles


class Median(Centiles):
    """The median of the times that clocks took: the smallest that at least half of them don't exceed."""

    measure: Literal["median"]

    example: ClassVar[str] = """
    of = "cases"
    start = "received_at"
    stop = "decided_at"
    counted_in = "calendar days"
    standard = "at most 30 days"
    cohort = "closed"
    """

    @property
    def share(self) -> Fraction:
        """A half."""
        return Fraction(1, 2)
