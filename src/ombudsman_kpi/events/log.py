"""An event log: what its events mean, what was known of it, and the cases that it tells of.

An event named like a time of a case without ``_at`` (received, allocated, decided) becomes that time: the first one
counts, and reopenings are counted. Whatever order the events are in, and however often one is repeated, the answer is
the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays import types
from ombudsman_kpi.arrays.threads import Parts
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.records.cells.words import Words
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.tables import Table, open_table
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, fields_of
from ombudsman_kpi.rounding import many

if TYPE_CHECKING:
    import pandas as pd

PAUSING = (PAUSED, RESUMED) = ("paused", "resumed")
REOPENED = "reopened"
MEANINGS = ("contact", "delay_explained", *PAUSING, REOPENED)  # events that are no time of a case
REOPENINGS = "reopenings"
TRANSITION, COMPLETE = "lifecycle:transition", "complete"  # the column of an XES log, and the word of what has happened


class MisfitKind(Enum):
    """Why an event isn't understood, in the words of notes and of tallies at rest."""

    UNKNOWN = "of the kind "
    NAMELESS = "without a case, a kind or a time"
    STRAY = "of a case that wasn't given, or of contact with no known party"
    UNDIRECTED = "of contact with no known direction"
    UNEXPLAINED = "of a delay explained without a reason"
    UNREAL = "with no real date as "
    TRANSITION = "whose transition isn't complete but "
    UNGIVEN = "of a request or written contact that wasn't given"
    UNPAUSED = "that resumed what wasn't paused"
    UNSTOPPED = "that reopened what hadn't stopped"


class Misfit(NamedTuple):
    """What in a log isn't understood; counts of it add up over the parts of a log, and are at rest by its text."""

    kind: MisfitKind
    word: str = ""  # the kind of the event, or the field

    def __str__(self) -> str:
        return f"{self.kind.value}{self.word}"

    @classmethod
    def read(cls, text: str) -> "Misfit":
        """Return the misfit that ``str`` wrote. Raises ``ValueError`` for other text."""
        (kind,) = (kind for kind in MisfitKind if text.startswith(kind.value))
        return cls(kind, text.removeprefix(kind.value))


UNSTOPPED = Misfit(MisfitKind.UNSTOPPED)


def times_of_cases() -> dict[str, str]:
    """Return the events that become a time of their case.

    >>> times_of_cases()["decided"]
    'decided_at'
    """
    return {name.removesuffix("_at"): name for name, item in fields_of("cases").items() if item.kind == "time"}


_MEANT = {*times_of_cases(), *MEANINGS}


def is_meant(event: str) -> bool:
    """Return whether events of a kind mean something here."""
    return event in _MEANT


def known_events(known: AsKnownBatch) -> Truths:
    """Return which events of a batch were known: from when they were recorded, or else from when they happened.

    Of an XES log those count that are complete: the start of an activity isn't its completion.
    """
    return known.once(("known events",), lambda: _known_events(known))


def _known_events(known: AsKnownBatch) -> Truths:
    happened = known.moments("at").happened
    if known.batch.table.has(TRANSITION):
        happened = happened & ~_is_no_completion(known)
    if not known.batch.table.has("recorded_at"):
        return happened
    recorded = known.moments("recorded_at")
    if recorded.nothing:
        return happened
    truths: Truths = happened & ((recorded.days == MISSING) | recorded.happened)
    return truths


def _is_no_completion(known: AsKnownBatch) -> Truths:
    """Return which events of an XES log tell of another transition, such as the start of an activity."""
    transition = known.batch.words(TRANSITION)
    return transition.present & ~transition.are([word for word in transition.words if word.lower() == COMPLETE])


def scan(
    events: Table, names: Iterable[str], as_of: AsOf, setting: Setting, kind: str = "cases"
) -> Parts[AsKnownBatch]:
    """Return a log batch by batch: some columns beside those that say what happened, to records of a kind."""
    needed = [events.resolve(name, "an event log") for name in (IDS_OF_EVENTS[kind], "event", "at")]
    needed += ids_in(events) + [name for name in ("recorded_at", TRANSITION) if events.has(name)]
    batches = events.batches(dict.fromkeys([*needed, *names]))
    return batches.filled().each(lambda batch: AsKnownBatch(batch, as_of, setting))


def of_kind(known: AsKnownBatch, kind: str) -> Truths:
    """Return which events of a batch are of a record of a kind.

    All are of their case, but for pauses and resumptions that name a request or a written contact: they are of that.
    """
    batch, pauses = known.batch, known.batch.words("event").are(PAUSING)
    if not batch.table.has(IDS_OF_EVENTS[kind]):
        return pauses & False
    own = batch.is_filled(IDS_OF_EVENTS[kind])
    if kind != "cases":
        return own & pauses
    for name in IDS_OF_EVENTS.values():
        if name != IDS_OF_EVENTS[kind] and batch.table.has(name):
            own &= ~(pauses & batch.is_filled(name))
    return own


def walls_of(known: AsKnownBatch) -> Integers:
    """Return when events happened, in microseconds on the wall; of a date, its midnight."""
    times = known.batch.times("at")
    return times.walls(known.setting.zone) if times.kind != "dates" else times.values * DAY


def only_dates(events: Table, what: str) -> RecordsError:
    """Return the error of a log without times of day, where a clock needs those of some of its events."""
    return RecordsError(
        f"{events.label}: {events.column_of('at')} has only dates, but a clock that doesn't run in days needs the "
        f"time of day of its {what} too. Export timestamps, or leave the target out with targets=."
    )


def ids_in(events: Columns) -> list[str]:
    """Return the ids that a log has of what its events are of."""
    return [name for name in IDS_OF_EVENTS.values() if events.has(name)]


def misfits_of(known: AsKnownBatch) -> Counter[Misfit]:
    """Return how many events of a batch are of kinds that mean nothing here, or lack a case, a kind or a time."""
    batch, events = known.batch, known.batch.words("event")
    code, words = events
    unknown = [place for place, word in enumerate(words) if not is_meant(word)]
    apart = events.are([*PAUSING, *(words[place] for place in unknown)])  # need not be of a case
    named = np.zeros(len(batch), np.bool_)
    for name in ids_in(batch.table):
        filled = batch.is_filled(name)
        named |= filled if name == IDS_OF_EVENTS["cases"] else filled & apart
    named &= events.present
    lacking = ~(named & batch.times("at").present)
    misfits = Counter({Misfit(MisfitKind.NAMELESS): int(np.count_nonzero(lacking))})
    numbers = np.bincount(code[known_events(known) & named], minlength=len(words)) if unknown else ()
    for place in unknown:
        misfits[Misfit(MisfitKind.UNKNOWN, words[place])] += int(numbers[place])
    if batch.table.has(TRANSITION):
        others = batch.words(TRANSITION)
        codes = others.codes[_is_no_completion(known) & known.moments("at").happened & named]
        misfits.update(
            {Misfit(MisfitKind.TRANSITION, others.words[code]): n for code, n in Counter(codes.tolist()).items()}
        )
    return misfits


class Codes:
    """A small number for each of a few different words; what they stand for is looked up once for each word."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}

    def of(self, column: Words) -> types.Codes:
        """Return the code of each cell's word; -1 where it is missing."""
        codes = [self.words.setdefault(word, len(self.words)) for word in column.words]
        return np.array([*codes, -1], np.int64).take(column.codes)


@dataclass(frozen=True)
class History:
    """The cases of an event log, and what in the log wasn't understood.

    ``rows`` is an Arrow table with a row for each case, in the order of their earliest time. ``misfits`` counts what
    wasn't understood: ``unknown`` gives those of kinds that mean nothing here, ``nameless`` those without a case, a
    kind or a time. ``notes`` says all of it, and which rows of a file were no events.
    """

    rows: Any
    misfits: Mapping[Misfit, int]
    is_pandas: bool = field(default=False, repr=False)
    left_out: tuple[str, ...] = ()

    @property
    def unknown(self) -> dict[str, int]:
        """How many events of each kind mean nothing here."""
        return {key.word: count for key, count in self.misfits.items() if key.kind is MisfitKind.UNKNOWN}

    @property
    def nameless(self) -> int:
        """How many events lack a case, a kind or a time."""
        return self.misfits.get(Misfit(MisfitKind.NAMELESS), 0)

    @property
    def cases(self) -> "pd.DataFrame":
        """The cases as a pandas frame: one row each, with the times that their events gave them."""
        frame: pd.DataFrame = self.rows.to_pandas()
        return frame

    @cached_property
    def table(self) -> Table:
        """The cases as records. What no event told of any case is empty, where nothing else can stand in for it."""
        import pyarrow as pa

        rows = self.rows
        for name, item in fields_of("cases").items():
            if name not in rows.column_names and item.falls_back_to is None:
                kind = pa.date32() if item.kind == "time" else pa.string()
                rows = rows.append_column(name, pa.nulls(len(rows), kind))
        table = open_table("cases", rows)
        return Table(table.name, table.source._replace(is_pandas=self.is_pandas), table.reading)

    @property
    def notes(self) -> tuple[str, ...]:
        """What in the log was left out or wasn't understood, in words."""
        return (*self.left_out, *notes_of(self.misfits))

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def __repr__(self) -> str:
        notes = "".join(f"; {note}" for note in self.notes)
        return f"<History of {many(len(self), 'case')}: {', '.join(self.rows.column_names)}{notes}>"


def notes_of(misfits: Mapping[Misfit, int]) -> tuple[str, ...]:
    """Return what in a log wasn't understood, in words: the most frequent kinds by name, the others by number.

    >>> notes_of({Misfit(MisfitKind.UNKNOWN, "phoned"): 3, Misfit(MisfitKind.NAMELESS): 1})
    ('3 events of an unknown kind: phoned (3)', '1 event without a case, a kind or a time')
    """
    unknown = Counter({key.word: count for key, count in misfits.items() if key.kind is MisfitKind.UNKNOWN})
    notes = []
    if unknown:
        most = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))[:5]
        named = ", ".join(f"{name[:40]} ({number:,})" for name, number in most)
        others = f" and {many(len(unknown) - len(most), 'more kind')}" if len(unknown) > len(most) else ""
        kinds = "an unknown kind" if len(unknown) == 1 else "unknown kinds"
        notes.append(f"{many(unknown.total(), 'event')} of {kinds}: {named}{others}")
    rest = sorted((str(key), count) for key, count in misfits.items() if key.kind is not MisfitKind.UNKNOWN)
    return (*notes, *(f"{many(count, 'event')} {key}" for key, count in rest))
