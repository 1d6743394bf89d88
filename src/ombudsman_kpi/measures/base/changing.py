"""Figures whose change from one period to the next can be a target of its own: a trend."""

from abc import ABC, abstractmethod
from typing import ClassVar

from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.measures.base.figures import chance_of_shares
from ombudsman_kpi.measures.base.places import Moments, Places
from ombudsman_kpi.statistics.intervals import Interval


class Changing(ABC):
    """A measure whose figure's change from the period before can be a target of its own: a trend."""

    is_quality: ClassVar[bool] = False  # whether it says how good work is, so that any real drop is told of
    grows: ClassVar[bool] = False  # whether the figure of a part of a period says nothing of the whole

    @abstractmethod
    def values_of(self, places: Places) -> Fractions:
        """Return its figures; none where there is nothing that it is a figure of."""

    @abstractmethod
    def chance(self, before: Moments, now: Moments) -> Interval | None:
        """Return the interval of one change that chance alone leaves open; None where that isn't known."""

    @property
    def lacks_for_trend(self) -> str | None:
        """What its declaration lacks for a trend, if anything."""
        return None


class ChangingShare(Changing):
    """A share of records whose change can be a target of its own."""

    def values_of(self, places: Places) -> Fractions:
        """Return the shares; none where nothing is decided."""
        return Fractions(places.met, places.met + places.missed)

    def chance(self, before: Moments, now: Moments) -> Interval | None:
        """Return the interval of the change between two shares."""
        return chance_of_shares(before, now)
