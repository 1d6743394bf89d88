"""The basis of a tally: by what it was counted. Tallies of two bases can't be added."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.clocks.outcomes import Cohort
from ombudsman_kpi.schemes.scheme import Scheme


@dataclass(frozen=True)
class Basis:
    """What a tally was counted by."""

    scheme: Scheme
    as_of: str
    by: tuple[str, ...]
    every: Mapping[str, tuple[Every | None, ...]]  # for each target that was asked for, in order
    cohorts: Mapping[str, tuple[Cohort, ...]]

    @property
    def options(self) -> dict[str, Any]:
        """Every option in force: how periods and groups were made, and each clock's own."""
        clocks = {
            target.id: target.options for target in self.scheme.targets if target.options and target.id in self.every
        }
        return {
            "by": list(self.by),
            "division": self.scheme.division,
            "time_zone": self.scheme.time_zone,
            "clocks": clocks,
        }

    def difference(self, other: "Basis") -> str | None:
        """Say in what two bases differ, all of it; None where they don't."""
        return "; ".join(self._differences(other)) or None

    def _differences(self, other: "Basis") -> Iterator[str]:
        mine, theirs = self.scheme, other.scheme
        if mine.id != theirs.id:
            yield f"the scheme is {mine.id} here and {theirs.id} there"
        elif mine.digest != theirs.digest:
            yield f"the digest of the scheme {mine.id} is {mine.digest} here and {theirs.digest} there"
        if mine.calendar.edition != theirs.calendar.edition:
            yield f"the calendar edition is {mine.calendar.edition} here and {theirs.calendar.edition} there"
        if self.as_of != other.as_of:
            yield f"as_of is {self.as_of} here and {other.as_of} there"
        if self.by != other.by:
            yield f"by is {_listed(self.by)} here and {_listed(other.by)} there"
        for only, these, those in (("here", self.every, other.every), ("there", other.every, self.every)):
            if lacking := [name for name in these if name not in those]:
                yield f"{'a target is' if len(lacking) == 1 else 'targets are'} only {only}: {_few(lacking)}"
        yield from _unlike("every", self.every, other.every)
        yield from _unlike("cohort", self.cohorts, other.cohorts)

    def remedy(self, other: "Basis") -> str:
        """Say how to count what differs so that it adds up."""
        again = "Tally both by the same scheme and options."
        if self.as_of == other.as_of:
            return again
        days = (
            "What is counted at one day isn't what it was at another: take the settled tally of the earlier day, move "
            "it by .at(…), and add the tally of what was open then or is new (see settled)."
        )
        return days if replace(self, as_of=other.as_of).difference(other) is None else f"{again} {days}"


def _listed(names: tuple[str | None, ...]) -> str:
    """Write what an option was given."""
    return ", ".join("all together" if name is None else name for name in names) or "nothing"


def _few(targets: list[str]) -> str:
    """Name some targets, and say how many more there are."""
    return ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")


def _unlike(
    option: str, mine: Mapping[str, tuple[str | None, ...]], theirs: Mapping[str, tuple[str | None, ...]]
) -> Iterator[str]:
    """Say in what an option differs that each target has for itself: once for all that differ in the same."""
    found: dict[tuple[str, str], list[str]] = {}
    for target in mine:
        if target in theirs and mine[target] != theirs[target]:
            found.setdefault((_listed(mine[target]), _listed(theirs[target])), []).append(target)
    for (here, there), targets in found.items():
        yield f"{option} is {here} here and {there} there (of {_few(targets)})"
