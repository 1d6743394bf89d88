"""The calendar and time zone that records are measured with."""

from typing import Protocol

from ombudsman_kpi.calendars.time_zones import TimeZone
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar


class Setting(Protocol):
    """A calendar and a time zone. A scheme is one; a wing below schemes uses this interface."""

    @property
    def calendar(self) -> WorkingCalendar:
        """The working days."""

    @property
    def zone(self) -> TimeZone:
        """The time zone whose clock decides on which day a timestamp falls."""

    @property
    def time_zone(self) -> str:
        """The zone's name, such as ``Europe/London``."""
