"""A published commitment that isn't measured, and why."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ombudsman_kpi.measures.base.figures import TARGET_STATUSES, Figures
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import Records, Rule, Target


class NotMeasured(Target):
    """A published commitment that isn't measured, and why: it is shown in every result, never left out."""

    measure: Literal["not measured"]
    reason: str = Field(min_length=1, description="Why it isn't measured")

    example: ClassVar[str] = """
    of = "cases"
    reason = "it is to be read"
    cohort = "closed"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = ()

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """The records that it is about."""
        return {self.of: None}

    @property
    def why_unmeasured(self) -> str | None:
        """The reason."""
        return self.reason

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return no rule."""
        return iter(())

    def figures(self, places: Places) -> Figures:
        """Return figures without values."""
        return Figures(np.full(len(places), TARGET_STATUSES.index("not measured")))
