"""How many records there were, and the change from the period before."""

from fractions import Fraction
from typing import Any, ClassVar, Literal

from ombudsman_kpi.calendars.periods import preceding
from ombudsman_kpi.measures.base.figures import Figure, Place
from ombudsman_kpi.measures.count import Numbers
from ombudsman_kpi.rounding import signed


class Volume(Numbers):
    """How many records there were, with the change from the period before."""

    measure: Literal["volume"]

    example: ClassVar[str] = """
    of = "cases"
    dated = "received_at"
    cohort = "received"
    """

    def figure(self, place: Place) -> Figure:
        """Return the number, and beside it the change from the period before."""
        figure = super().figure(place)
        if place.before is None or place.period is None or figure.value is None:
            return figure
        before, now = place.before.met, place.here.met
        details: dict[str, Any] = {"before": before, "change": now - before}
        words = f"{signed(Fraction(now - before), 0)} on {preceding(place.period).label} ({before:,})"
        if before:
            share = Fraction(100 * (now - before), before)
            details["change_share"] = share / 100
            words += f": {signed(share)}%"
        words += "" if place.complete else ", so far"
        return figure._replace(details={**figure.details, **details}, remarks=(*figure.remarks, words))
