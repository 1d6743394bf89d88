"""The days on which a commitment, or a whole scheme, was in force."""

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from ombudsman_kpi.calendars.dates import day_in_words
from ombudsman_kpi.records.conditions import Declaration


class InForce(Declaration):
    """The days on which a commitment held, as far as its document says."""

    first: date | None = Field(None, description="The first day")
    last: date | None = Field(None, description="The last day")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError("the last day is before the first")
        return self

    def __str__(self) -> str:
        words = [f"{word} {day_in_words(day)}" for word, day in (("from", self.first), ("to", self.last)) if day]
        return " ".join(words)
