"""The rule of a measure: how the records of one kind are assessed for a target."""

from typing import Protocol

from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.targets.declared import Target
from ombudsman_kpi.records.tables import Table


class Rule(Protocol):
    """How the records of one kind are assessed for one target."""

    @property
    def target(self) -> Target:
        """The target."""

    def fields(self, table: Table) -> list[str]:
        """Name the fields that it reads. Raises ``RecordsError`` where one isn't there."""

    def assess(self, known: Known) -> Assessed:
        """Give the outcomes of a batch."""
