"""How much of a limit is left while a clock runs, or was left when it stopped."""

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.events.as_known import AsKnownBatch

_PLAIN = Clock()


def remaining(limit: Limit, assessed: Assessed, known: AsKnownBatch) -> Integers:
    """Return what was left of the limit at the end of each clock, or at ``as_of`` while it is open.

    In parts of the unit, as elapsed time is; below 0 where it was late or is overdue; ``MISSING`` where that isn't
    known. In days: those after the end, up to and including the due day, that the clock counts; and where the due day
    had passed, how many it takes from there to the end. So on a Saturday one working day is left until Monday, and
    something due on Friday is one working day late. A clock that stands still has left what it would have if it ran
    again at once.
    """
    if limit.needs_times:
        allowed = limit.allowed if assessed.allowed is None else assessed.allowed
        return np.where((assessed.elapsed == NONE) | np.equal(allowed, NONE), MISSING, allowed - assessed.elapsed)
    _, stop, due = assessed.points if assessed.in_days else (points // DAY for points in assessed.points)
    due = due if assessed.if_resumed is None else assessed.if_resumed
    axis = limit.axis(known.setting.calendar, _PLAIN)  # from one day to another no option matters
    nothing = MISSING if assessed.in_days else MISSING // DAY
    end = np.where(stop == nothing, known.as_of.day, stop)
    # After the due day the day of the end counts, too, and whole if it is one off: what stops then is late by it.
    over = end > due
    left = axis.counted_before(due + 1) - axis.counted_before(end + 1 - over) - over
    return np.where(due == nothing, MISSING, left)
