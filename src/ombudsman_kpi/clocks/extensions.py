"""Extensions: a due day moved to an agreed date, or by a second limit where a condition holds.

Source of the rule: the due day is never earlier than without the extension, and never more than ``at_most`` after it (a
longer one counts as that much, and is noted). One agreed after the due day had passed doesn't count, where the day of
agreement is known. A second limit, and ``at_most``, count from the first due day: 20 working days and a further 20.
"""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.clocks.limit_fields import LimitField
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch, KnownTimes
from ombudsman_kpi.records.conditions import ConditionField, Declaration

LONGER, TOO_LATE = "agreed for longer than allowed", "extension agreed after it was due"


class Extension(Declaration):
    """How a due day can be moved: to an agreed date, or by a second limit where a condition holds."""

    to: str | None = Field(None, description="The field with the date that was agreed")
    where: dict[str, ConditionField] = Field(default_factory=dict, description="In place of a date: who has one")
    limit: LimitField | None = Field(None, description="By how much it moves the due day, where the condition holds")
    agreed: str | None = Field(None, description="The field with the day on which it was agreed")
    at_most: LimitField | None = Field(None, description="How far after the first due day a date can move it")

    @property
    def further(self) -> Limit | None:
        """How far it can move a due day; None without an end."""
        return self.limit or self.at_most

    @property
    def times(self) -> tuple[str, ...]:
        """The fields that hold its times."""
        return tuple(name for name in (self.to, self.agreed) if name is not None)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.to is None) == (self.limit is None) or (self.limit is None) != (not self.where):
            raise ValueError(
                "it is either to a date, { to = 'extended_to_at' }, or by a limit where a condition holds, "
                "{ where = { extended = true }, limit = '20 working days' }"
            )
        if self.at_most is not None and self.to is None:
            raise ValueError("at_most: it is of an agreed date; with a limit leave it out")
        if self.further is not None and self.further.own_field:
            raise ValueError("how far it moves a due day is text such as '10 working days'")
        return self


def further_clock(clock: Clock) -> Clock:
    """Return the options by which a limit counts on from a due day: not those of the receipt."""
    return Clock(non_working_due=clock.non_working_due, pauses=clock.pauses)


class Moved(NamedTuple):
    """Due points after extensions, and what is to be noted of them."""

    due: Integers
    longer: Truths  # agreed for longer than allowed
    too_late: Truths  # agreed after it was due
    at_end: Truths  # moved as far as can be, so that what moves that end moves the due point


def moved(
    extension: Extension,
    known: AsKnownBatch,
    names: Mapping[str, str],
    first: Integers,
    end: Integers,
    *,
    in_days: bool,
) -> Moved:
    """Return due points, in days or as instants, each moved by its extension where it has one.

    ``first`` has ``MISSING`` where nothing is due. ``end`` is how far each can be moved, ``NEVER`` where it has no end
    in the calendar; what is moved beyond the calendar gets ``MISSING``. ``names`` are those that the fields of the
    extension have here.
    """
    there = first != MISSING
    granted, wanted = there, end
    if extension.to is not None:
        moments = known.moments(names[extension.to], instants=not in_days)
        granted = there & moments.times.present
        wanted = moments.days if in_days else _last_instants(moments, known)
    for name, condition in extension.where.items():
        granted = granted & known.fulfils(names[name], condition)
    too_late = granted & False
    if extension.agreed is not None:
        moments = known.moments(names[extension.agreed], instants=not in_days)
        too_late = granted & moments.happened & _after(moments, first, known, in_days=in_days)
        granted = granted & (moments.happened | ~moments.times.present) & ~too_late
    longer = granted & (wanted > end)
    due = np.where(granted, np.maximum(first, np.minimum(wanted, end)), first)
    at_end = granted & (due == end) & ((wanted > end) | (extension.to is None))
    return Moved(np.where(due == NEVER, MISSING, due), longer, too_late, at_end)


def _last_instants(moments: KnownTimes, known: AsKnownBatch) -> Integers:
    """Return the instant of each time; of a date alone, the last one of the day."""
    close = known.setting.zone.instants((moments.days + 1) * DAY)[0] - 1
    return np.where(moments.times.dates_alone(), close, moments.first)


def _after(moments: KnownTimes, due: Integers, known: AsKnownBatch, *, in_days: bool) -> Truths:
    """Return which times are later than due points; a date alone, where its day is."""
    if in_days:
        return np.greater(moments.days, due)
    later_day: Truths = moments.days > known.setting.zone.days(due)
    return np.where(moments.times.dates_alone(), later_day, moments.first > due)
