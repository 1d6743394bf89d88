"""The share of records whose clock stopped within the limit."""

from dataclasses import dataclass

from ombudsman_kpi.clocks.judging import Judged, judged
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.clocks.timeline import Timeline, fields_needed, timeline
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.targets import ShareWithin
from ombudsman_kpi.records.tables import Table


@dataclass(frozen=True)
class ShareWithinRule:
    """Each record's clock, judged by the limit."""

    target: ShareWithin

    def fields(self, table: Table) -> list[str]:
        """Name what the clock reads."""
        return fields_needed(self.target, table)

    def assess(self, known: Known) -> Assessed:
        """Run the clocks of a batch and judge them."""
        clock, found = clock_judged(self.target, known)
        return Assessed(
            found.code,
            found.book,
            lambda: clock.start_day,
            lambda: clock.end_day,
            found.elapsed,
            self.target.limit.elapsed_unit,
            lambda: (*clock.points(), clock.due(self.target.limit)),
            self.target.limit.parts,
            clock.in_days,
            found.provisional,
        )


def clock_judged(target: ShareWithin, known: Known) -> tuple[Timeline, Judged]:
    """Run the clocks of a batch, and judge them: once, for all who ask."""
    clock = timeline(target, known)
    name = ("judged", target.clock_key, target.limit)
    return clock, known.once(name, lambda: judged(target, clock, known.setting.calendar))
