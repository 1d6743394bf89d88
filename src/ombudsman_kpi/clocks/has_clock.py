"""What a target declares of its clock."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.starts import HasStarts
from ombudsman_kpi.records.conditions import Condition


@runtime_checkable
class HasOptions(Protocol):
    """What declares options of a clock, as every measure with a clock does."""

    @property
    def clock(self) -> Clock:
        """The options."""

    @property
    def meaningful_options(self) -> frozenset[str]:
        """The names of those that mean something for its limit and records."""

    @property
    def runs_in(self) -> Limit:
        """What it counts in."""


class HasClock(HasStarts, Protocol):
    """What a target declares of its clock, as every measure with a clock does."""

    @property
    def id(self) -> str:
        """The target's id, for messages."""

    @property
    def of(self) -> str:
        """The kind of records."""

    @property
    def where(self) -> Mapping[str, Condition]:
        """Which records it applies to."""

    @property
    def stop(self) -> tuple[str, ...]:
        """The fields that stop it; the earliest counts."""

    @property
    def clock(self) -> Clock:
        """Its options."""

    @property
    def runs_in(self) -> Limit:
        """What it counts in."""

    @property
    def in_days(self) -> bool:
        """Whether it runs in days, or on the line of instants."""

    @property
    def clock_key(self) -> tuple[Any, ...]:
        """All that it depends on: targets of one key share their clocks."""


class TimedClock(HasClock, Protocol):
    """What a target declares of whose clock each record has one time, that it took or has taken so far."""

    @property
    def time_allowed(self) -> Limit | None:
        """How long it may take, where it has a limit."""

    @property
    def counts_parts(self) -> bool:
        """Whether elapsed times are counted in parts of their unit, not in whole units."""
