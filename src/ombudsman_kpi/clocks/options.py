"""Options of a clock, where a body's own rules differ from the default."""

import re
from datetime import time
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

from pydantic import AfterValidator, Field, PlainSerializer

from ombudsman_kpi.calendars.time_zones import SECOND
from ombudsman_kpi.records.conditions import Declaration


def _read_time(value: Any) -> Any:
    if isinstance(value, time) and value.tzinfo is not None:
        raise ValueError("a cut-off is a time on the scheme's own clock, such as 17:00, without a zone")
    return value


def _write_time(value: time) -> str:
    return value.isoformat("minutes") if value == value.replace(second=0, microsecond=0) else value.isoformat()


_UNANSWERED = re.compile(r"late|left out( if abandoned within (the limit|(\d{1,6}) seconds))?", re.ASCII)


def _read_unanswered(value: str) -> str:
    if not _UNANSWERED.fullmatch(value):
        raise ValueError(
            "it can be 'late', 'left out', 'left out if abandoned within the limit' or 'left out if abandoned within "
            "30 seconds'"
        )
    return value


Unanswered = Annotated[str, AfterValidator(_read_unanswered)]
CutOff = Annotated[time, AfterValidator(_read_time), PlainSerializer(_write_time)]


class Clock(Declaration):
    """The options of a clock, where a body's own rules differ from the default."""

    of_input: ClassVar[frozenset[str]] = frozenset(
        {"naive_times"}
    )  # those that refuse records, and count none otherwise

    day_of_receipt: Literal["day 0", "day 1"] = Field(
        "day 0", description="Day 1 is the next working day, or the day of receipt itself"
    )
    non_working_receipt: Literal["as received", "next working day"] = Field(
        "as received", description="On a day off: nothing special, or deemed received on the next working day"
    )
    cut_off: CutOff | None = Field(
        None, examples=["17:00"], description="After this time of day a record is received the next day"
    )
    non_working_due: Literal["stays", "next working day"] = Field(
        "stays", description="Where days, weeks or months end on a day off: due that day, or on the next working day"
    )
    own_due: Literal["as given", "by the day"] = Field(
        "as given", description="A record's own due timestamp: compared as an instant, or by its day"
    )
    unanswered: Unanswered = Field(
        "late",
        examples=["left out", "left out if abandoned within the limit", "left out if abandoned within 30 seconds"],
        description="Calls abandoned by the caller: late; left out if that was soon; or only answered calls counted",
        json_schema_extra={"pattern": f"^({_UNANSWERED.pattern})$"},
    )
    pauses: Literal["none", "allowed"] = Field(
        "none", description="While a record is paused until it is resumed: its clock runs on, or stands still"
    )
    reopening: Literal["first stop", "last stop", "new clock"] = Field(
        "first stop",
        exclude_if=lambda value: value == "first stop",
        description="A reopened case: stopped when it first was, or last, or with a new clock since then",
    )
    naive_times: Literal["wall clock", "refuse"] = Field(
        "wall clock", description="Timestamps without a zone: read as the scheme's wall clock, or refused"
    )

    @property
    def starts_on_working_days(self) -> bool:
        """Whether it starts on a working day, whenever something was received."""
        return self.non_working_receipt == "next working day"

    @cached_property
    def short_wait(self) -> int | None:
        """Within how many microseconds a call that is abandoned is left out; None where that doesn't matter.

        >>> Clock(unanswered="left out if abandoned within 30 seconds").short_wait
        30000000
        """
        match = _UNANSWERED.fullmatch(self.unanswered)
        return int(match[3]) * SECOND if match is not None and match[3] else None

    @cached_property
    def in_force(self) -> dict[str, str]:
        """The options that differ from the default, to be printed with every result."""
        return {name: str(value) for name, value in self.model_dump(mode="json", exclude_defaults=True).items()}


def choices() -> dict[str, tuple[str | None, ...]]:
    """Return what each option of counting can be: its words, or its default and the examples in its declaration.

    >>> choices()["day_of_receipt"], choices()["cut_off"]
    (('day 0', 'day 1'), (None, '17:00'))
    """
    return {
        name: get_args(field.annotation)
        if get_origin(field.annotation) is Literal
        else (field.default, *(field.examples or ()))
        for name, field in Clock.model_fields.items()
        if name not in Clock.of_input
    }
