"""All that a check has looked at: what is kept of each kind of records, and what was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ombudsman_kpi.checks.look import KindSeen
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options, tally_records
from ombudsman_kpi.tallies.plan import PlanStep


@dataclass(frozen=True, eq=False)
class Asked:
    """What a check was asked for, beside the records."""

    options: Options
    met: tuple[str, ...] = ()  # targets that mustn't be lost
    tolerances: Mapping[str, int] | None = None  # of invalid records; None: these aren't counted
    min_records: int = 0
    against: Any = None


@dataclass(eq=False)
class Survey:
    """What was seen of all records."""

    scheme: Scheme
    at: AsOf
    plan: Sequence[PlanStep]
    related: Related
    asked: Asked
    kinds: dict[str, KindSeen] = field(default_factory=dict)
    made: dict[str, KindSeen] = field(default_factory=dict)  # cases that were made of events
    unopened: dict[str, str] = field(default_factory=dict)  # kinds of records that can't be opened, and why
    unmeasured: dict[str, str] = field(default_factory=dict)  # targets that can't be measured, and why

    worked_out: dict[str, Any] = field(default_factory=dict)  # what several rules need

    @property
    def results(self) -> Results | None:
        """The figures that gates look at; None where none does, or the records can't be measured."""
        return None if isinstance(self._figures, RecordsError) else self._figures

    @property
    def why_unmeasured(self) -> list[str]:
        """Why targets can't be measured, for each of them; and why the figures that gates look at can't be."""
        whole = [str(self._figures)] if isinstance(self._figures, RecordsError) else []
        return [*self.unmeasured.values(), *whole]

    @cached_property
    def _figures(self) -> Results | RecordsError | None:
        sources = {kind: seen.table.source for kind, seen in self.kinds.items()}
        measured = [step.target.id for step in self.plan if step.target.id not in self.unmeasured]
        if not measured or not (self.asked.met or self.asked.tolerances is not None):
            return None
        try:
            return Results.of(tally_records(self.scheme, sources, self.asked.options._replace(targets=measured)))
        except RecordsError as error:
            return error
