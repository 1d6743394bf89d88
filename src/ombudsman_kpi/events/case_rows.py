"""From an event log to a row for each case, a column at a time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ombudsman_kpi.arrays import types
from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, arrow_text, integers, present
from ombudsman_kpi.arrays.fingerprints import Prints, two_prints
from ombudsman_kpi.arrays.row_days import FIRST_DAY, LAST_DAY
from ombudsman_kpi.arrays.row_numbers import RowNumbers
from ombudsman_kpi.arrays.threads import in_threads
from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.calendars.setting import Setting
from ombudsman_kpi.calendars.time_zones import DAY
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.log import (
    MEANINGS,
    REOPENINGS,
    Codes,
    History,
    Misfit,
    MisfitKind,
    known_events,
    misfits_of,
    scan,
    times_of_cases,
)
from ombudsman_kpi.records.cells.words import Words
from ombudsman_kpi.records.tables import Table, left_out_of
from ombudsman_kpi.records.vocabulary import fields_of

_XES_CASE = "case:"  # how the columns of a case are named in an event log of the IEEE standard 1849
CaseNumbers: TypeAlias = Integers  # of each event its case, in the order in which cases are first seen
_KINDS = times_of_cases()
_MEANING = {word: place for place, word in enumerate((*_KINDS, *MEANINGS))}
_REOPENED = _MEANING["reopened"]


def case_rows(events: Table, as_of: AsOf, setting: Setting) -> History:
    """Return a row for each case of a log, as far as it was known.

    Other columns of the log that say something of its cases (those called like a field of cases, or ``case:…`` as in
    XES) stay.
    """
    making = _Making(attributes_of(events))
    batches = scan(events, making.attributes.values(), as_of, setting)
    for part in in_threads(making.read, batches):
        making.add(part)
    return replace(making.history(is_pandas=events.source.is_pandas), left_out=left_out_of([events]))


def attributes_of(events: Table) -> dict[str, str]:
    """Return the fields of cases that columns of a log hold, and the column of each.

    The caller's own names come first (``columns={"events": {"received_at": "case:startdate"}}``).
    """
    renamed = {events.column_of(name) for name in events.columns} | set(events.fields)
    columns = {name: name for name in events.columns if name not in events.fields}
    for column in events.source.names:
        name = column.removeprefix(_XES_CASE)
        if column not in renamed and (column != name or name in fields_of("cases")) and ":" not in name:
            columns.setdefault(name, column)
    return {name: column for name, column in columns.items() if name not in {"", "case_id", REOPENINGS}}


class _Part(NamedTuple):
    """What one batch says, of the events that have a case, a kind and a time and were known."""

    ids: Any  # as Arrow text
    prints: tuple[Prints, Prints]
    moment: Integers
    timed: types.RowNumbers  # the places of those that are a time of their case
    kind: types.Codes  # of which kind those are
    reopened: Truths | None
    stated: dict[str, tuple[Truths, Integers]]  # for each time of a case in a column: where there is one, and which
    said: dict[str, Words]  # for each other column, its text
    misfits: Counter[Misfit]


@dataclass
class _Earliest:
    """The earliest time of each kind for each case; grows with the cases, and with the kinds that occur."""

    column: Integers = field(default_factory=lambda: np.full(len(_KINDS), -1))  # of each kind
    table: Integers = field(default_factory=lambda: np.empty((0, 0), np.int64))

    def add(self, case: CaseNumbers, kind: types.Codes, moment: Integers, cases: int) -> None:
        """Add the times of some events."""
        new = np.flatnonzero((np.bincount(kind, minlength=len(_KINDS)) > 0) & (self.column < 0))
        rows, columns = self.table.shape
        if cases > rows and not len(new):
            self.table.resize((cases * 5 // 4, columns), refcheck=False)  # in place, where there is room
            self.table[rows:] = NEVER
        elif len(new):
            grown = np.full((rows if cases <= rows else cases * 5 // 4, columns + len(new)), NEVER)
            grown[:rows, :columns] = self.table
            self.table, self.column[new] = grown, columns + np.arange(len(new))
        # A cell of the table by its place in memory: of 4 columns, case 3, column 2 -> 3 * 4 + 2 = 14.
        place = case * self.table.shape[1] + self.column.take(kind)
        np.minimum.at(self.table.reshape(-1), place, moment)

    def of(self, kind: int, cases: int) -> Integers | None:
        """Return the times of one kind; ``NEVER`` where a case has none, None where none has."""
        if self.column[kind] < 0:
            return None
        known: Integers = self.table[:cases, self.column[kind]]
        return known if len(known) == cases else np.concatenate([known, np.full(cases - len(known), NEVER)])


@dataclass
class _Attribute:
    """What a column of the log says of each case: the value that came first; of several then, the smallest."""

    case: list[CaseNumbers] = field(default_factory=list)
    moment: list[Integers] = field(default_factory=list)
    code: list[types.Codes] = field(default_factory=list)
    codes: Codes = field(default_factory=Codes)

    def add(self, case: CaseNumbers, moment: Integers, words: Words) -> None:
        """Add what some events say."""
        code = self.codes.of(words)
        there = code >= 0
        self.case.append(case[there])
        self.moment.append(moment[there])
        self.code.append(code[there])

    def column(self, cases: int) -> Any:
        """Return the value of each case, as Arrow text."""
        words = {word: place for place, word in enumerate(sorted(self.codes.words))}
        rank = np.array([words[word] for word in self.codes.words], np.int64)
        none = np.empty(0, np.int64)
        case, moment, code = (np.concatenate([none, *part]) for part in (self.case, self.moment, self.code))
        first = np.full(cases, NEVER)
        np.minimum.at(first, case, moment)
        earliest = moment == first[case]
        best = np.full(cases, len(rank))
        np.minimum.at(best, case[earliest], rank[code[earliest]])
        return arrow_text([*words]).take(arrow_numbers(best, best == len(rank)))


class _Making:
    """Case rows in the making: batches are read in any thread, and added one after the other."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.attributes = attributes
        self.numbers, self.events = RowNumbers(), _Earliest()
        self.stated = {name: _Earliest() for name in attributes if name.endswith("_at")}
        self.said = {name: _Attribute() for name in attributes if not name.endswith("_at")}
        self.zoned: dict[str, bool] = {}
        self.misfits: Counter[Misfit] = Counter()
        self.reopened: list[Integers] = []

    def read(self, known: AsKnownBatch) -> _Part:
        """Return what one batch says."""
        ids, there = known.batch.text("case_id"), known_events(known)
        code, words = known.batch.words("event")
        misfits = misfits_of(known)
        whole = there & (code >= 0)
        if ids.null_count:
            whole &= present(ids)
        rows = slice(None) if whole.all() else np.flatnonzero(whole)
        code, ids = code[rows], ids if isinstance(rows, slice) else ids.take(arrow_numbers(rows))
        meant = np.array([*(_MEANING.get(word, -1) for word in words), -1])
        stated, said = {}, {}
        for name in self.stated:
            times = known.batch.times(self.attributes[name])
            stated[name] = times.present[rows], self._moments(known, self.attributes[name])[rows]
            misfits[Misfit(MisfitKind.UNREAL, name)] += 0 if times.unreal is None else int(times.unreal[rows].sum())
        for name in self.said:
            column = known.batch.words(self.attributes[name])
            said[name] = column._replace(codes=column.codes[rows])
        kind, moment = meant.take(code), self._moments(known, "at")[rows]
        timed = np.flatnonzero((kind >= 0) & (kind < len(_KINDS)))
        again = kind == _REOPENED
        return _Part(
            ids, two_prints(ids), moment, timed, kind[timed], again if again.any() else None, stated, said, misfits
        )

    def _moments(self, known: AsKnownBatch, name: str) -> Integers:
        """Return times as numbers that sort, whatever their kind: microseconds doubled, 1 more for what is no date.

        Of 1 January 1970 the date is 0, midnight 1, the next microsecond 3. What lies beyond all dates, and so beyond
        all calendars, is brought to their edge, where its double fits into 64 bits; so is what is missing.
        """
        times = known.batch.times(name)
        if times.kind == "dates":
            return times.values.clip(FIRST_DAY, LAST_DAY) * (2 * DAY)
        self.zoned[name] = times.kind == "instants"
        doubled: Integers = times.values.clip(FIRST_DAY * DAY, LAST_DAY * DAY) * 2
        return doubled + (1 if times.only_dates is None else ~times.only_dates)

    def add(self, part: _Part) -> None:
        """Add what one batch says to the cases."""
        case, size = self.numbers.of(part.ids, part.prints), self.numbers.size
        self.events.add(case[part.timed], part.kind, part.moment[part.timed], size)
        if part.reopened is not None:
            self.reopened.append(np.stack([case[part.reopened], part.moment[part.reopened]]))
        for name, (there, moment) in part.stated.items():
            mine = case[there]
            self.stated[name].add(mine, np.zeros(len(mine), np.int64), moment[there], size)
        for name, words in part.said.items():
            self.said[name].add(case, part.moment, words)
        self.misfits += part.misfits

    def history(self, *, is_pandas: bool) -> History:
        """Return the rows in the order of their earliest time; where that is one time, or there is none, by id."""
        import pyarrow as pa

        size, ids = self.numbers.size, self.numbers.texts()
        self.numbers = RowNumbers()  # its memory isn't needed any more
        times = {name: (self.events.of(place, size), "at") for place, name in enumerate(_KINDS.values())}
        times |= {name: (earliest.of(0, size), self.attributes[name]) for name, earliest in self.stated.items()}
        there = {name: (column, source) for name, (column, source) in times.items() if column is not None}
        begin = np.full(size, NEVER)
        for column, _ in there.values():
            np.minimum(begin, column, out=begin)
        order = _in_order(begin, ids)
        rows = arrow_numbers(order)
        columns = {"case_id": ids.take(rows)}
        ordered = in_threads(
            lambda item: _as_times(item[0][order], zoned=self.zoned.get(item[1], False)), there.values()
        )
        columns |= dict(zip(there, ordered, strict=True))
        for name, attribute in self.said.items():
            columns[name] = attribute.column(size).take(rows)
        if self.reopened:
            case = np.unique(np.concatenate(self.reopened, axis=1), axis=1)[0]  # one that is repeated counts once
            columns[REOPENINGS] = arrow_numbers(np.bincount(case, minlength=size)[order])
        return History(pa.table(columns), dict(self.misfits), is_pandas)


def _in_order(begin: Integers, ids: Any) -> Integers:
    """Return the order of cases: by when they begin, and where that is one time, by id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    order = np.argsort(begin, kind="stable")
    if (begin[order[1:]] != begin[order[:-1]]).all():
        return order
    table = pa.table({"begin": arrow_numbers(begin), "id": ids})
    return integers(pc.sort_indices(table, [("begin", "ascending"), ("id", "ascending")]), -1)


def _as_times(moments: Integers, *, zoned: bool) -> Any:
    """Return times as Arrow has them: dates, timestamps, or text where some are dates and some are not."""
    import pyarrow as pa

    missing = moments == NEVER
    values, dates = np.where(missing, 0, moments // 2), (moments % 2 == 0) & ~missing
    if (dates | missing).all():
        return arrow_numbers((values // DAY).astype(np.int32), missing).cast(pa.date32())
    stamps = arrow_numbers(values, missing).cast(pa.timestamp("us", "UTC" if zoned else None))
    if not dates.any():
        return stamps
    text = np.datetime_as_string(values.view("M8[us]")).astype(object)
    text = np.where(dates, np.datetime_as_string((values // DAY).view("M8[D]")).astype(object), text + "Z" * zoned)
    text[missing] = None
    return arrow_text(text.tolist())
