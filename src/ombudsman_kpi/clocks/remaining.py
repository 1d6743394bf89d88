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
    something due on Friday is one working day late.
    """
    allowed = 0 if limit.own_field else limit.allowed if assessed.allowed is None else assessed.allowed
    if limit.needs_times:
        return np.where(assessed.elapsed == NONE, MISSING, allowed - assessed.elapsed)
    _, stop, due = assessed.points if assessed.in_days else (points // DAY for points in assessed.points)
    axis = limit.axis(known.setting.calendar, _PLAIN)  # from one day to another no option matters
    nothing = MISSING if assessed.in_days else MISSING // DAY
    end = np.where(stop == nothing, known.as_of.day, stop)
    # After the due day the day of the end counts, too, and whole if it is one off: what stops then is late by it.
    over = end > due
    left = axis.counted_before(due + 1) - axis.counted_before(end + 1 - over) - over
    unknown = due == nothing
    if not np.count_nonzero(unknown):
        return left
    if limit.own_field:
        return np.where(unknown, MISSING, left)
    if limit.left_unit != limit.elapsed_unit:
        return np.where(unknown, MISSING, left)
    # A clock that stands still has no due day. The day on which it would stop isn't used yet.
    used = np.where(assessed.elapsed > allowed, assessed.elapsed, np.maximum(assessed.elapsed - 1, 0))
    standing = np.where(assessed.elapsed == NONE, MISSING, allowed - used)
    return np.where(unknown, standing, left)
