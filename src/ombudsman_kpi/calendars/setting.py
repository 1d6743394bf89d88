"""Where days are counted: a calendar and a time zone, as a scheme has them."""

from typing import Protocol

from ombudsman_kpi.calendars.time_zones import TimeZone
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar


class Setting(Protocol):
    """The calendar that says which days are worked, and the zone whose clock gives a timestamp its day."""

    @property
    def calendar(self) -> WorkingCalendar:
        """The working days."""

    @property
    def zone(self) -> TimeZone:
        """The clock changes."""

    @property
    def time_zone(self) -> str:
        """The zone's name, such as ``Europe/London``."""
