"""What a commitment is called: its id, its words, and its title in tables."""

from typing import Self

from pydantic import Field, model_validator

from ombudsman_kpi.records.conditions import Declaration, is_none


class Named(Declaration):
    """The names of a target."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="A short name, such as written-contacts-3wd")
    says: str = Field(min_length=1, description="The words of the commitment, as published")
    title: str | None = Field(
        None, min_length=1, max_length=80, exclude_if=is_none,
        description="The commitment shortened, as tables name it; {limit} in it stands for its limit",
    )  # fmt: skip
    measure: str = Field(description="What is measured")

    @property
    def described(self) -> str:
        """What stands beside its id in a table: its limit, or the name of the measure."""
        return self.measure

    @model_validator(mode="after")
    def _title_has_what_it_names(self) -> Self:
        rest = (self.title or "").replace("{limit}", "")
        if "{" in rest or "}" in rest:
            raise ValueError("title: only {limit} may stand in braces")
        if rest != (self.title or "") and getattr(self, "limit", None) is None:
            raise ValueError("title: it names {limit}, and there is no limit; write the title without it")
        return self

    @property
    def named(self) -> str:
        """The commitment as tables name it: its title, or else its own words."""
        if self.title is None:
            return self.says
        return self.title.replace("{limit}", self.described_in_words)

    @property
    def described_in_words(self) -> str:
        """What stands beside its id, as a sentence has it.

        >>> from ombudsman_kpi import load_scheme
        >>> load_scheme("lgo-2017-18")["assessment-13w"].described_in_words
        'less than 13 weeks'
        """
        return self.described.replace("< ", "less than ")
