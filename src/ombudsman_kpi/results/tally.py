"""The tally that people add, keep in files and turn into results."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.rounding import many
from ombudsman_kpi.statistics.survival_curves import ElapsedCounts
from ombudsman_kpi.tallies import storage
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.elapsed import elapsed_counts


class Tally(Counts):
    """Counts of outcomes. ``a + b``, ``a - b``, ``a == b``; ``Tally.zero()`` changes nothing; ``.results()``.

    >>> Tally.zero() + Tally.zero() == Tally.zero()
    True

    ``unmeasured`` says of each target that was requested and has no records, why; ``notes`` what else to know;
    ``misfits`` how many events weren't understood. ``settled`` tells whether all that was counted holds at any later
    day, so that ``at`` may move it there; two equal tallies may differ in it.
    """

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """Return the tally of some counts."""
        return cls(**{part.name: getattr(counts, part.name) for part in fields(counts)})

    def at(self, as_of: Any) -> Self:
        """Return the same counts as at a later day: of settled records nothing is counted otherwise then.

        >>> from ombudsman_kpi import load_scheme, settled
        >>> cases = [{"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-05"}]
        >>> settled(load_scheme("lgsco"), cases=cases, as_of="2024-04-30").tally.at("2024-05-31")
        <Tally of lgsco, 4 targets in 4 cells, settled as at 2024-05-31>

        Raises ``OptionError`` where the tally isn't settled, or the day is before its own; ``CoverageError`` for a
        day outside the scheme's calendar.
        """
        if self.basis is None:
            return self
        before, later = (parse_as_of(day, self.basis.scheme) for day in (self.basis.as_of, as_of))
        if not self.settled:
            raise OptionError(
                f"This tally holds at {before} only: what was open then is counted in it too. Only the tally that "
                "settled(…) gives can be moved; for this one, count again."
            )
        if later.instant < before.instant:
            raise OptionError(
                f"as_of {later} is before {before}, when this tally was settled: it holds from then on. Give a later "
                "day, or count again as at the earlier one."
            )
        return replace(self, basis=replace(self.basis, as_of=str(later)))

    def results(self) -> Results:
        """Return the results: values, bounds, headroom, status.

        Raises ``KpiError`` where a count is below zero: more was taken away than had been counted.
        """
        for key, block in self.blocks.items():
            if (block.records < 0).any():
                raise KpiError(f"The tally of {key.target} has counts below zero: more was subtracted than was in it.")
        return Results.of(self)

    def elapsed_counts(
        self, target: str, *, period: str | None = None, group: Mapping[str, str] | None = None
    ) -> ElapsedCounts:
        """Return how many records of a target took how long, or have so far: of all, of a period, or of a group.

        ``period`` names those received in it (``"Mar 2024"``), ``group`` those of a label (``{"team": "A"}``).
        ``statistics.survival`` reads them. Raises ``SchemeError`` for a target that wasn't counted, ``OptionError``
        where it has no elapsed times, or the tally isn't in such periods and groups.
        """
        return elapsed_counts(self, target, period=period, group=group)

    def __repr__(self) -> str:
        if self.basis is None:
            return "<Tally of nothing>"
        cells = sum(len(block.records) for block in self.blocks.values())
        targets = len({key.target for key in self.blocks})
        what = f"{many(targets, 'target')} in {many(cells, 'cell')}"
        return f"<Tally of {self.basis.scheme.id}, {what}, {'settled ' * self.settled}as at {self.basis.as_of}>"

    def to_arrow(self) -> Any:
        """Return the counts as an Arrow table, one row a cell, with the basis in its metadata."""
        return storage.to_arrow(self)

    @classmethod
    def from_arrow(cls, table: Any) -> Self:
        """Return the tally in what ``to_arrow`` gave.

        Raises ``KpiError`` for any other table, or where days off have changed.
        """
        return cls.of(storage.from_arrow(table))

    def to_json(self) -> str:
        """Return the counts and their basis as JSON."""
        return storage.to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the tally in what ``to_json`` gave.

        Raises ``KpiError`` for any other text, or where days off have changed.
        """
        return cls.of(storage.from_json(text))

    def to_parquet(self, path: str | Path) -> None:
        """Write the counts and their basis into a Parquet file: whole, or where that can't be done, not at all.

        What stood there before stays until all of the new file is on the disk. Raises ``KpiError`` where it can't be
        written.
        """
        storage.to_parquet(self, path)

    @classmethod
    def from_parquet(cls, path: str | Path) -> Self:
        """Return the tally in what ``to_parquet`` wrote.

        Raises ``KpiError`` for any other file, one that can't be read, or where days off have changed since.
        """
        return cls.of(storage.from_parquet(path))


@dataclass(frozen=True)
class Settled:
    """The tally of the settled records, and which ones aren't.

    ``open`` has for each kind of records that was measured those that aren't settled: each by its id, which is text, or
    where it has none by its row, a number from 0. Where cases are made of events, it has the cases that the events tell
    of.
    """

    tally: Tally
    open: Mapping[str, tuple[str | int, ...]]

    def __repr__(self) -> str:
        left = ", ".join(f"{len(records):,} in {kind}" for kind, records in self.open.items())
        return f"<Settled: {self.tally!r}; open: {left or 'nothing'}>"
