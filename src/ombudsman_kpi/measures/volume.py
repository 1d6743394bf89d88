"""How many records there were, and the change from the period before."""

from fractions import Fraction
from typing import Any, ClassVar, Literal

from ombudsman_kpi.calendars.periods import preceding
from ombudsman_kpi.measures.base.figures import Figures, Said
from ombudsman_kpi.measures.base.places import Places
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

    def figures(self, places: Places) -> Figures:
        """Return the numbers, and beside each the change from the period before."""
        numbers = places.met
        earlier = places.before(numbers)

        def say(row: int) -> Said:
            period = places.period(row)
            if period is None or not places.has_before[row]:
                return Said()
            before, now = int(earlier[row]), int(numbers[row])
            details: dict[str, Any] = {"before": before, "change": now - before}
            words = f"{signed(Fraction(now - before), 0)} on {preceding(period).label} ({before:,})"
            if before:
                share = Fraction(100 * (now - before), before)
                details["change_share"] = share / 100
                words += f": {signed(share)}%"
            words += "" if places.complete[row] else ", so far"
            return Said(details, (words,))

        return super().figures(places).adding(say)
