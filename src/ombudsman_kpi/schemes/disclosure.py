"""Small numbers: from which number on a scheme lets one be published."""

from typing import Annotated

from pydantic import Field

from ombudsman_kpi.records.conditions import Declaration

LEAST = 3  # below it a number that isn't shown could only be 1


class Disclosure(Declaration):
    """What of small numbers leaves the office: numbers from 1 to ``threshold`` - 1 aren't shown. 0 is.

    >>> Disclosure(threshold=10, minimum_denominator=30).small
    range(1, 10)
    """

    threshold: Annotated[int, Field(ge=LEAST, strict=True)] = Field(
        description="The least number that is shown, 0 apart: with 10, numbers from 1 to 9 are shown as [c]"
    )
    minimum_denominator: Annotated[int, Field(ge=1, strict=True)] = Field(
        1, description="A rate, a mean or a median is shown only from so many records: with 30, one of 29 isn't"
    )
    says: str | None = Field(None, description="The rule in its own words")
    source: str | None = Field(None, description="Where the rule is published")

    @property
    def small(self) -> range:
        """The numbers that aren't shown."""
        return range(1, self.threshold)
