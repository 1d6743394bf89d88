"""From an event log to case rows, a column at a time.

An event named like a time of a case without ``_at`` (received, allocated, decided) becomes that time: the first one
counts, and reopenings are counted. Whatever order the events are in, and however often one is repeated, the answer is
the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.days import MISSING, Integers, Truths
from ombudsman_kpi.frames import Table, open_table
from ombudsman_kpi.identity import RowNumbers
from ombudsman_kpi.known import NEVER, AsOf, Known
from ombudsman_kpi.records import fields_of
from ombudsman_kpi.scheme import Scheme
from ombudsman_kpi.zones import DAY

if TYPE_CHECKING:
    import pandas as pd

MEANINGS = ("contact", "delay_explained", "paused", "resumed", "reopened")  # events that are no time of a case
REOPENINGS = "reopenings"
_XES_CASE = "case:"  # how the columns of a case are named in an event log of the IEEE standard 1849


def times_of_cases() -> dict[str, str]:
    """Give the events that become a time of their case.

    >>> times_of_cases()["decided"]
    'decided_at'
    """
    return {name.removesuffix("_at"): name for name, item in fields_of("cases").items() if item.kind == "time"}


def known_events(known: Known) -> Truths:
    """Tell which events of a batch were known: from when they were recorded, or else from when they happened."""
    happened = known.moments("at").usable
    if not known.batch.table.has("recorded_at"):
        return happened
    recorded = known.moments("recorded_at")
    truths: Truths = happened & ((recorded.days == MISSING) | recorded.happened)
    return truths


def scan(events: Table, names: Iterable[str], as_of: AsOf, scheme: Scheme) -> Iterable[tuple[Known, Truths]]:
    """Read some columns of a log, a batch at a time, with what was known of it."""
    needed = [events.resolve(name, "an event log") for name in ("case_id", "event", "at")]
    needed += ["recorded_at"] if events.has("recorded_at") else []
    for batch in events.batches(dict.fromkeys([*needed, *names])):
        known = Known(batch, as_of, scheme)
        yield known, known_events(known)


class Codes:
    """A small number for each of a few different words; what they stand for is looked up once for each word."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}

    def of(self, texts: Any) -> Integers:
        """Give the code of each word; -1 where it is missing."""
        import pyarrow as pa

        encoded = texts.dictionary_encode()
        codes = [self.words.setdefault(word, len(self.words)) for word in encoded.dictionary.to_pylist()]
        places = encoded.indices.cast(pa.int64()).fill_null(len(codes))
        found: Integers = np.array([*codes, -1], np.int64).take(places.to_numpy())
        return found


@dataclass(frozen=True)
class History:
    """The cases of an event log, and what in the log wasn't understood.

    ``rows`` is an Arrow table with a row for each case, in the order in which they begin. ``unknown`` counts the
    events of each kind that mean nothing here; ``nameless`` those without a case, a kind or a time.
    """

    rows: Any
    unknown: Mapping[str, int]
    nameless: int
    is_pandas: bool = field(default=False, repr=False)

    @property
    def cases(self) -> "pd.DataFrame":
        """The cases as a pandas frame: one row each, with the times that their events gave them."""
        frame: pd.DataFrame = self.rows.to_pandas()
        return frame

    @cached_property
    def table(self) -> Table:
        """The cases as records."""
        table = open_table("cases", self.rows, None, None)
        return Table(table.name, table.source._replace(is_pandas=self.is_pandas), table.columns, table.dates)

    @property
    def notes(self) -> tuple[str, ...]:
        """What in the log wasn't understood, in words."""
        return notes_of(self.unknown, self.nameless)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def __repr__(self) -> str:
        notes = "".join(f"; {note}" for note in self.notes)
        return f"<History of {len(self):,} cases: {', '.join(self.rows.column_names)}{notes}>"


def notes_of(unknown: Mapping[str, int], nameless: int, strays: int = 0) -> tuple[str, ...]:
    """Say what in a log wasn't understood: the most frequent kinds by name, the others by number.

    >>> notes_of({"phoned": 3}, 0)
    ('3 events of unknown kinds: phoned (3)',)
    """
    notes = []
    if unknown:
        most = Counter(unknown).most_common(5)
        named = ", ".join(f"{name[:40]} ({number:,})" for name, number in most)
        others = f" and {len(unknown) - len(most):,} more kinds" if len(unknown) > len(most) else ""
        notes.append(f"{sum(unknown.values()):,} events of unknown kinds: {named}{others}")
    if nameless:
        notes.append(f"{nameless:,} events without a case, a kind or a time")
    if strays:
        notes.append(f"{strays:,} contacts of no case that was given, or with no known party")
    return tuple(notes)


@dataclass
class _Earliest:
    """The earliest time of each kind for each case, with whether it is a date; grows with the cases."""

    kinds: int
    table: Integers = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, case: Integers, kind: Integers | int, moment: Integers, cases: int) -> None:
        if cases * self.kinds > len(self.table):
            grown = np.full(max(cases, 1024) * 2 * self.kinds, NEVER)
            grown[: len(self.table)] = self.table
            self.table = grown
        np.minimum.at(self.table, case * self.kinds + kind, moment)

    def columns(self, cases: int) -> Integers:
        """Give a row for each case, a column for each kind; ``NEVER`` where there is none."""
        empty = np.full(max(cases * self.kinds - len(self.table), 0), NEVER)
        return np.concatenate([self.table, empty])[: cases * self.kinds].reshape(cases, self.kinds)


@dataclass
class _Attribute:
    """What a column of the log says of each case: the value that came first; of several then, the smallest."""

    case: list[Integers] = field(default_factory=list)
    moment: list[Integers] = field(default_factory=list)
    code: list[Integers] = field(default_factory=list)
    codes: Codes = field(default_factory=Codes)

    def add(self, case: Integers, moment: Integers, texts: Any) -> None:
        code = self.codes.of(texts)
        there = code >= 0
        self.case.append(case[there])
        self.moment.append(moment[there])
        self.code.append(code[there])

    def column(self, cases: int) -> Any:
        import pyarrow as pa

        words = {word: place for place, word in enumerate(sorted(self.codes.words))}
        rank = np.array([words[word] for word in self.codes.words], np.int64)
        case, moment, code = (np.concatenate(part) for part in (self.case, self.moment, self.code))
        first = np.full(cases, NEVER)
        np.minimum.at(first, case, moment)
        earliest = moment == first[case]
        best = np.full(cases, len(rank))
        np.minimum.at(best, case[earliest], rank[code[earliest]])
        return pa.array([*words], pa.string()).take(pa.array(best, mask=best == len(rank)))


def case_rows(events: Table, as_of: AsOf, scheme: Scheme, wanted: Iterable[str] | None = None) -> History:
    """Make a row for each case of a log, as far as it was known.

    Other columns of the log that say something of its cases (those called like a field of cases, or ``case:…`` as in
    XES) are kept; of those, only ``wanted`` where that is given.
    """
    attributes = attributes_of(events)
    if wanted is not None:
        attributes = {name: column for name, column in attributes.items() if name in set(wanted)}
    making = _Making(attributes)
    for known, there in scan(events, attributes.values(), as_of, scheme):
        making.add(known, there)
    return making.history(is_pandas=events.source.is_pandas)


def attributes_of(events: Table) -> dict[str, str]:
    """Name the fields of cases that columns of a log hold, and the column of each.

    The caller's own names come first (``columns={"events": {"received_at": "case:startdate"}}``).
    """
    renamed = {events.column_of(name) for name in events.columns} | set(events.fields)
    found = {name: name for name in events.columns if name not in events.fields}
    for column in events.source.names:
        name = column.removeprefix(_XES_CASE)
        if column not in renamed and (column != name or name in fields_of("cases")) and ":" not in name:
            found.setdefault(name, column)
    return found


class _Making:
    """Case rows in the making, batch after batch."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.kinds = times_of_cases()
        self.attributes = attributes
        self.numbers, self.codes = RowNumbers(), Codes()
        self.unknown: Counter[str] = Counter()
        self.nameless = 0
        self.zoned: dict[str, bool] = {}
        self.times = _Earliest(len(self.kinds) + 1)  # the last column: the first event of any kind
        self.stated = {name: _Earliest(1) for name in attributes if name in self.kinds.values() or _is_time(name)}
        self.said = {name: _Attribute() for name in attributes if name not in self.stated}
        self.reopened: list[Integers] = []

    def add(self, known: Known, there: Truths) -> None:
        """Take in one batch."""
        ids, moments = known.batch.text("case_id"), known.moments("at")
        code = self.codes.of(known.batch.text("event"))
        named = np.asarray(ids.is_valid()) & (code >= 0)
        whole = there & named
        self.nameless += int((~named | (moments.days == MISSING) | (moments.happened & ~moments.usable)).sum())
        rows = slice(None) if whole.all() else np.flatnonzero(whole)
        case = self.numbers.of(ids if isinstance(rows, slice) else ids.take(rows))
        size, code = self.numbers.size, code[rows]
        moment = self._moments(known, "at")[rows]
        kind = self._kind_of_words().take(code)
        self.times.add(case, np.full(len(case), len(self.kinds)), moment, size)
        timed = (kind >= 0) & (kind < len(self.kinds))
        self.times.add(case[timed], kind[timed], moment[timed], size)
        for word, number in zip(self.codes.words, np.bincount(code[kind < 0]).tolist(), strict=False):
            self.unknown[word] += number
        again = kind == len(self.kinds) + MEANINGS.index("reopened")
        if again.any():
            self.reopened.append(np.stack([case[again], moment[again]]))
        self._add_attributes(known, rows, case, moment)

    def _kind_of_words(self) -> Integers:
        """Give for each word that occurred what it means: a time of a case, one of ``MEANINGS``, or -1."""
        meaning = {word: place for place, word in enumerate((*self.kinds, *MEANINGS))}
        return np.array([meaning.get(word, -1) for word in self.codes.words] or [-1], np.int64)

    def _add_attributes(self, known: Known, rows: Any, case: Integers, moment: Integers) -> None:
        for name, earliest in self.stated.items():
            there = known.batch.times(self.attributes[name]).present[rows]
            values = self._moments(known, self.attributes[name])[rows]
            earliest.add(case[there], 0, values[there], self.numbers.size)
        for name, attribute in self.said.items():
            text = known.batch.text(self.attributes[name])
            attribute.add(case, moment, text if isinstance(rows, slice) else text.take(rows))

    def _moments(self, known: Known, name: str) -> Integers:
        """Give times as numbers that sort, whatever their kind: microseconds doubled, 1 more for what is no date."""
        times = known.batch.times(name)
        if times.kind == "dates":
            return times.values * (2 * DAY)
        self.zoned[name] = times.kind == "instants"
        return times.values * 2 + (1 if times.only_dates is None else ~times.only_dates)

    def history(self, *, is_pandas: bool) -> History:
        """Give the rows, in the order in which cases begin; of those that begin at one time, by id."""
        import pyarrow as pa

        size, ids = self.numbers.size, self.numbers.texts()
        columns = self.times.columns(size)
        order = _in_order(columns[:, -1], ids)
        found = {"case_id": ids.take(order)}
        for place, name in enumerate(self.kinds.values()):
            column = columns[:, place]
            if name not in self.stated and (column != NEVER).any():
                found[name] = _as_times(column[order], zoned=self.zoned.get("at", False))
        for name, earliest in self.stated.items():
            zoned = self.zoned.get(self.attributes[name], False)
            found[name] = _as_times(earliest.columns(size)[order, 0], zoned=zoned)
        for name, attribute in self.said.items():
            found[name] = attribute.column(size).take(order)
        if self.reopened:
            case = np.unique(np.concatenate(self.reopened, axis=1), axis=1)[0]  # one that is repeated counts once
            found[REOPENINGS] = np.bincount(case, minlength=size)[order]
        return History(pa.table(found), dict(self.unknown), self.nameless, is_pandas)


def _is_time(name: str) -> bool:
    return name.endswith("_at")


def _in_order(begin: Integers, ids: Any) -> Any:
    """Give the order of cases: by when they begin, and where that is one time, by id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    order = np.argsort(begin, kind="stable")
    if (begin[order[1:]] != begin[order[:-1]]).all():
        return pa.array(order)
    table = pa.table({"begin": begin, "id": ids})
    return pc.sort_indices(table, [("begin", "ascending"), ("id", "ascending")])


def _as_times(moments: Integers, *, zoned: bool) -> Any:
    """Give times as Arrow has them: dates, timestamps, or text where some are dates and some are not."""
    import pyarrow as pa

    missing = moments == NEVER
    values, dates = np.where(missing, 0, moments // 2), (moments % 2 == 0) & ~missing
    if (dates | missing).all():
        return pa.array((values // DAY).astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())
    stamps = pa.array(values, pa.int64(), mask=missing).cast(pa.timestamp("us", "UTC" if zoned else None))
    if not dates.any():
        return stamps
    text = np.datetime_as_string(values.view("M8[us]")).astype(object)
    text = np.where(dates, np.datetime_as_string((values // DAY).view("M8[D]")).astype(object), text + "Z" * zoned)
    return pa.array(text, pa.string(), mask=missing)
