"""The calendar that a scheme file declares: a division of the United Kingdom, or another place."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from ombudsman_kpi.calendars.closures import closed_days
from ombudsman_kpi.calendars.dates import WEEKDAYS, to_date
from ombudsman_kpi.calendars.opening import OpeningHours, read_opening
from ombudsman_kpi.calendars.published import read_published
from ombudsman_kpi.calendars.working_calendar import FIRST, LAST, WorkingCalendar
from ombudsman_kpi.records.conditions import Declaration
from ombudsman_kpi.records.models import ReadBy

_UK_ONLY = ("division", "closures", "known_at", "bank_holidays")
CALENDAR_KEYS = (*_UK_ONLY, "calendar")


def _as_texts(value: Any) -> Any:
    several = isinstance(value, Iterable) and not isinstance(value, (str, Mapping))
    return tuple(map(str, value)) if several else value


def _check_days(days: tuple[str, ...]) -> tuple[str, ...]:
    closed_days(days, FIRST, LAST)
    return days


def _check_dates(days: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(to_date(day)) for day in days)


OpenDays = Annotated[tuple[str, ...], BeforeValidator(_as_texts), AfterValidator(_check_dates)]
OwnDays = Annotated[tuple[str, ...], BeforeValidator(_as_texts), AfterValidator(_check_days)]

# Names by days, by nations: a file gives its path.
ListedHolidays = Annotated[
    dict[str, Annotated[dict[date, str], Field(min_length=1)]],
    BeforeValidator(read_published),
    WithJsonSchema({"type": "string"}),
]

_SPAN = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
OpeningField = Annotated[
    OpeningHours,
    ReadBy(read_opening, lambda hours: hours.written),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name.lower(): {"anyOf": [_SPAN, {"type": "array", "items": _SPAN}]} for name in WEEKDAYS},
            "additionalProperties": False,
            "minProperties": 1,
        }
    ),
]


class Elsewhere(Declaration):
    """A place outside the United Kingdom, whose holidays count as the holidays package has them."""

    country: str = Field(description="Its code of ISO 3166, such as IE")
    subdivision: str | None = Field(None, description="The code of a part of it, such as MA")
    closures: OwnDays = Field((), description="The office's own days off: dates, or rules such as RRULE:FREQ=YEARLY;…")
    open: OpenDays = Field((), description="Holidays there that are working days here: dates")

    @model_validator(mode="after")
    def _check(self) -> "Elsewhere":
        self.calendar()
        return self

    def calendar(self) -> WorkingCalendar:
        """Return the working days there."""
        return WorkingCalendar.of(self.country, self.subdivision, closures=self.closures, open=self.open)


def check_one_calendar(declared: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` where a scheme declares no calendar, or two."""
    if declared["place"] is None and not declared["division"]:
        raise ValueError(
            "'division' is missing: whose bank holidays count. For a place outside the United Kingdom, write "
            "calendar = { country = 'IE' }"
        )
    both = next((key for key in _UK_ONLY if declared["place"] is not None and declared[key]), None)
    if both is not None:
        instead = "write it inside of calendar = { … }" if both == "closures" else "leave out one of them"
        raise ValueError(f"{both} is of the United Kingdom, and calendar of another place: {instead}")


def keeping(declared: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a scheme declares without the keys of a calendar that changes replace by another."""
    replaced = {
        "calendar": _UK_ONLY, "division": ("calendar",), "known_at": ("bank_holidays",), "bank_holidays": ("known_at",)
    }  # fmt: skip
    gone = {key for name, keys in replaced.items() if name in changes for key in keys}
    return {key: value for key, value in declared.items() if key not in gone}
