"""What starts a clock: a field, or the earliest of several and of the due days of other targets.

Source of the rule: a target can name several starts, the earliest counts; one of them can be the due day of another
target of the same record: a response counts from the acknowledgement, or from the day on which that was due.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.time_zones import DAY, SECOND
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.clocks.states import Ending, StateBuilder, not_yet
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch, KnownTimes
from ombudsman_kpi.records.columns import Columns


@dataclass(frozen=True, slots=True)
class DueOf:
    """The due day of another target of the same records."""

    target: str


Start = str | DueOf
_HOW = "a start is a field such as 'received_at', { due_of = 'another-target' }, or a list of them"


def _read(value: Any) -> str | tuple[Start, ...]:
    """Return the starts that a value is written as; a field by itself as that. Raises ``ValueError`` for others."""
    found = tuple(_read_one(item) for item in (value if isinstance(value, (list, tuple)) else [value]))
    if not found:
        raise ValueError(_HOW)
    twice = next((item for item in found if found.count(item) > 1), None)
    if twice is not None:
        raise ValueError(f"{_write_one(twice)!r} is named twice; leave one of them out")
    return only_field(found) or found


def _read_one(value: Any) -> Start:
    if isinstance(value, Mapping) and set(value) == {"due_of"} and isinstance(value["due_of"], str):
        return DueOf(value["due_of"])
    if isinstance(value, (str, DueOf)):
        return value
    raise ValueError(_HOW)


def _write_one(start: Start) -> Any:
    return {"due_of": start.target} if isinstance(start, DueOf) else start


def _write(starts: str | tuple[Start, ...] | None) -> Any:
    several = [_write_one(start) for start in starts] if isinstance(starts, tuple) else [starts]
    return several[0] if len(several) == 1 else several


_ONE = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"due_of": {"type": "string"}},
            "required": ["due_of"],
            "additionalProperties": False,
        },
    ]
}
StartsField = Annotated[
    str | tuple[Start, ...],
    PlainValidator(_read),
    PlainSerializer(_write),
    WithJsonSchema({"anyOf": [*_ONE["anyOf"], {"type": "array", "items": _ONE, "minItems": 1}]}),
]


def recorded(starts: Sequence[Start]) -> tuple[str, ...]:
    """Return the starts that are fields of the record."""
    return tuple(start for start in starts if isinstance(start, str))


def others(starts: Sequence[Start]) -> tuple[str, ...]:
    """Return the targets on whose due days a clock may start."""
    return tuple(start.target for start in starts if isinstance(start, DueOf))


def only_field(starts: Sequence[Start]) -> str | None:
    """Return the field that starts a clock; None where it has no start, or several, or a due day.

    >>> only_field(("received_at",)), only_field(("received_at", "acknowledged_at"))
    ('received_at', None)
    """
    return starts[0] if len(starts) == 1 and isinstance(starts[0], str) else None


Ended = Sequence[tuple[int, str, Ending, KnownTimes]]  # the place of each field that ends clocks, its name, how, when


class HasStarts(Protocol):
    """What a target says of the starts of its clock."""

    @property
    def starts(self) -> tuple[Start, ...]:
        """What starts the clock: fields, and due days of other targets; the earliest counts."""

    def fields_due_of(self, table: Columns) -> list[str]:
        """Return the names of the fields that the due days read on which it may start."""

    def due_of(self, target: str, known: AsKnownBatch) -> tuple[Integers, Integers]:
        """Return when the records are due by another target, and 1 where that may still move."""


class Started(NamedTuple):
    """When clocks started: which of several starts was the first, and whether a holiday may still move it."""

    start: Integers
    by: NDArray[np.int8]  # its place; -1 where none has come, the number of starts where it ended before any
    moves: Integers | None  # 1 where it may; None where none may


def earliest(builder: StateBuilder, target: HasStarts, ended: Ended) -> Started:
    """Return the earliest of several starts: recorded times, and due points with whether they may move.

    What ended before another target was due, and has no recorded start, started when it ended: whoever is answered
    before the acknowledgement was due has been answered in time.
    """
    as_of = builder.known.as_of.day if builder.in_days else builder.known.as_of.instant
    start, by = np.full(builder.size, NEVER), np.full(builder.size, -1, np.int8)
    awaited, moves = np.zeros(builder.size, np.bool_), np.zeros(builder.size, np.int64)
    begun, later = awaited, awaited
    for place, item in enumerate(target.starts):
        own: Integers | int = 0
        if isinstance(item, str):
            part = builder.moments(builder.name(item))
            points = np.where(part.usable, part.days if builder.in_days else part.first, NEVER)
            begun, later = begun | part.usable, later | (part.times.present & ~part.happened)
        else:
            due, own = target.due_of(item.target, builder.known)
            points = np.where((due == MISSING) | (due > as_of), NEVER, due)
            awaited = awaited | (due != MISSING)
        sooner = points < start
        start, by, moves = np.where(sooner, points, start), np.where(sooner, place, by), np.where(sooner, own, moves)
    end = np.full(builder.size, NEVER)
    for *_, moments in ended:
        end = np.minimum(end, moments.ending if builder.in_days else np.where(moments.happened, moments.first, NEVER))
    early = awaited & ~begun & (end < start)
    start, by, moves = np.where(early, end, start), np.where(early, len(target.starts), by), np.where(early, 0, moves)
    name = next((builder.name(field) for field in recorded(target.starts)), "")
    builder.mark(later & (start == NEVER), "excluded", not_yet(name))
    mark_unstarted(builder, ended, start == NEVER, name or "its start")
    builder.mark(start == NEVER, "excluded", not_yet(name or "started_at"))
    return Started(np.where(start == NEVER, MISSING, start), by.astype(np.int8), moves if moves.any() else None)


def mark_unstarted(builder: StateBuilder, ended: Ended, absent: Truths, name: str) -> None:
    """Mark what stopped without ever having started; what was withdrawn without it is merely left out."""
    if not np.count_nonzero(absent & (builder.state == 0)):
        return
    first, by = np.full(builder.size, NEVER), np.full(builder.size, -1)
    for position, _, _, moments in ended:
        sooner = moments.ending < first
        first, by = np.where(sooner, moments.ending, first), np.where(sooner, position, by)
    for position, field_name, ending, _ in ended:
        if ending == "stopped":
            builder.mark(absent & (by == position), "invalid", f"{name} is missing, and {field_name} is there")


def deemed_received(builder: StateBuilder, clock: Clock, name: str, start: Integers) -> Integers:
    """Return starts, those after the cut-off or on a day off moved to the day on which they count as received."""
    if clock.cut_off is None and clock.non_working_receipt == "as received":
        return start
    there = start != MISSING
    if clock.cut_off is not None:
        cut_off = clock.cut_off
        latest = ((cut_off.hour * 60 + cut_off.minute) * 60 + cut_off.second) * SECOND + cut_off.microsecond
        walls = builder.known.batch.times(name).walls(builder.zone)
        start = start + (there & (walls % DAY > latest))
    if clock.non_working_receipt == "next working day":
        inside = there & builder.calendar.covers(start)
        rolled = builder.calendar.rolled(np.where(inside, start, builder.known.as_of.day), "forward")
        start = np.where(inside, rolled, MISSING)
    else:
        start = np.where(builder.calendar.covers(start), start, MISSING)
    builder.mark(there & (start == MISSING), "invalid", f"{name} is outside the calendar")
    late = start > builder.known.as_of.day
    if late.any():  # received after hours on the last day: that is the day after
        builder.mark(late, "excluded", not_yet(name))
        start = np.where(late, MISSING, start)
    return start
