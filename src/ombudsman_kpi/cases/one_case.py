"""The deadlines of one case: the assessment of many records, applied to a table with one row."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import ValidationError

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.dates import day_number, is_missing, to_day
from ombudsman_kpi.calendars.time_zones import DAY, EPOCH, MICROSECOND
from ombudsman_kpi.cases.days_counted import basis_of, day_1, day_off, days_off
from ombudsman_kpi.cases.deadline import Deadline, Deadlines, Finding
from ombudsman_kpi.cases.facts import Pause
from ombudsman_kpi.cases.findings import (
    at_offset,
    contradictions_of,
    day_in,
    here_of,
    misfits_in,
    read_events,
    unmatched,
    unread_fields,
    unreadable,
    zones_mixed,
    zones_of_events_mixed,
)
from ombudsman_kpi.cases.letter_words import DUE_OF, names_in_letters, to_be_done
from ombudsman_kpi.cases.record_table import Cells, RecordTable, source_of, time_of
from ombudsman_kpi.clocks.due_days import DueDays, HasDueDays, due_days
from ombudsman_kpi.clocks.judging import LimitedClock
from ombudsman_kpi.clocks.limits import Limit
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.remaining import remaining
from ombudsman_kpi.clocks.several import Entry, SeveralLimits, entries_of
from ombudsman_kpi.clocks.starts import recorded
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline, timeline
from ombudsman_kpi.errors import OptionError, RecordsError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.log import REOPENED, UNSTOPPED
from ombudsman_kpi.events.pauses import OPEN
from ombudsman_kpi.events.reopenings import Again
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.tables import Table, open_table
from ombudsman_kpi.records.validity import validated
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, Case, CaseEvent, Record, cell_of
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.plan import check_scheme, names_of


def deadlines(
    scheme: Scheme,
    case: Record | Mapping[str, Any],
    *,
    events: Any = (),
    as_of: Any,
    targets: str | Sequence[str] | None = None,
) -> Deadlines:
    """Return the deadlines of one case for each target that applies: the due day, the status, the time left.

    >>> from ombudsman_kpi import Case, CaseEvent, deadlines, load_scheme
    >>> case = Case(case_id="24-00017", received_at="2024-03-28", allocated_at="2024-04-12")
    >>> contact = CaseEvent(case_id="24-00017", event="contact", at="2024-05-01", party="complainant", direction="out")
    >>> for item in deadlines(load_scheme("lgsco"), case, events=[contact], as_of="2024-05-10"):
    ...     if item.status == "pending" and item.party:
    ...         print(item.party, item.due, item.left, item.unit)
    complainant 2024-05-31 14 working days
    organisation 2024-05-13 1 working days

    ``case`` is a ``Case`` (or a mapping with its fields), or another record that something is due on: a ``Request``,
    a ``WrittenContact``, an ``Order`` or a ``Call``. ``events`` are those of the case, in any form that ``measure``
    takes. By default no event has happened; None means that the events are unknown, and targets that depend on them
    are left out. ``as_of``: a date means its close.

    The result also has ``findings``, the contradictions in the record, and ``left_out``, the targets that don't apply
    and why. For contact with the parties it has the open interval of each party, and the intervals that were too long.

    Raises ``RecordsError`` for an unreadable field, ``OptionError``, ``CoverageError`` or ``SchemeError`` for options.
    """
    check_scheme(scheme)
    at = parse_as_of(as_of, scheme)
    record = _read(case)
    kind = record.plural
    table = RecordTable.of(record, kind)
    tables: dict[str, Table] = {kind: table}
    whose = None
    its_events, findings = dict[int, CaseEvent](), list[Finding]()
    if kind in IDS_OF_EVENTS and events is not None:
        if isinstance(events, (Sequence, Mapping, Record)) and not isinstance(events, str):
            its_events, findings = read_events(events, record, at, scheme)
            events, whose = source_of([*its_events.values()], "events"), _of_the_case
        tables["events"] = open_table("events", events)
    related = Related(tables, at, scheme, whose=whose)
    known = AsKnownBatch(Batch(table, 0, Cells.of(record, table.source.names)), at, scheme)
    maker = _Maker(known, related, record, [*its_events.values()], scheme)
    owed = [item for target in _obliging(scheme, kind, targets, maker.left_out) for item in maker.made(target)]
    findings += unmatched(related, kind, its_events)
    if "events" in tables and whose is None:  # a whole log, in which only what counts is looked at
        findings = misfits_in(related, kind)
    return Deadlines(owed, [*maker.findings(), *findings, *unread_fields(record, scheme)], maker.left_out)


def _read(case: Any) -> Record:
    """Return the record: a model, or a case from a mapping."""
    if isinstance(case, CaseEvent):
        raise OptionError("Nothing is due on an event: give its case, and the event as events=.")
    if not isinstance(case, (Record, Mapping)):
        raise OptionError(
            f"One case is wanted, as a Case or a mapping; not a value of the kind {type(case).__name__}. "
            "A row of a frame becomes one by .to_dict(); for many cases at once there are worklist() and assess()."
        )
    try:
        if isinstance(case, Record):
            return validated(case)
        return Case.model_validate({name: None if is_missing(value) else value for name, value in case.items()})
    except ValidationError as error:
        raise unreadable(case.singular if isinstance(case, Record) else "case", error) from None


def _obliging(scheme: Scheme, kind: str, targets: Any, left_out: dict[str, str]) -> Iterator[Target]:
    """Return the targets under which something is due on a kind of record, and why requested ones are left out."""
    requested = None if targets is None else {scheme[name].id for name in names_of("targets", targets)}
    for target in scheme.targets:
        if requested is not None and target.id not in requested:
            continue
        if target.of == kind and target.obliges:
            yield target
        elif requested is not None:
            what = f"is due on {target.of}" if target.obliges else "a figure of many records"
            left_out[target.id] = what


def _of_the_case(known: AsKnownBatch) -> Integers:
    """Return row 0 for each event, since there is only one case."""
    return np.zeros(len(known.batch), np.int64)


class _Maker:
    """Builds the deadlines of one record from its outcomes."""

    def __init__(
        self, known: AsKnownBatch, related: Related, record: Record, events: Sequence[CaseEvent], scheme: Scheme
    ) -> None:
        self.known, self.related, self.record, self.events, self.scheme = known, related, record, events, scheme
        self.table, self.calendar = known.batch.table, known.setting.calendar
        self.first, self.last = day_number(self.calendar.first), day_number(self.calendar.last)
        self.zone = ZoneInfo(known.setting.time_zone)
        self.left_out: dict[str, str] = {}
        self.invalid: dict[str, None] = {}  # reasons, each once
        self.unreadable: dict[str, None] = {}
        self.of_events: dict[str, None] = {}
        self.shared: dict[str, Any] = {
            "record": self.table.name,
            "id": cell_of(record, self.table.id_field or "case_id"),
            "basis": basis_of(scheme, known.as_of),
        }

    def made(self, target: Target) -> list[Deadline]:
        """Return the deadlines for one target. If its clock can't be read, that becomes a finding."""
        unknown = [name for name in target.needs if name not in self.related.tables]
        if unknown:
            self.left_out[target.id] = f"needs {' and '.join(unknown)}, which aren't known"
            return []
        try:
            return list(self._of(target))
        except RecordsError as error:
            return list(self._unread(target, error))

    def _unread(self, target: Target, error: RecordsError) -> Iterator[Deadline]:
        """Note why a clock can't be read. If only some of its times have a zone, yield an invalid deadline."""
        reason, of_events = None, zones_of_events_mixed(self.events) if "events" in target.needs else None
        with suppress(RecordsError):
            fields = [name for _, rule in target.rules(self.related) for name in rule.fields(self.table)]
            reason = zones_mixed(self.record, fields)
        if reason is not None:
            self.invalid[reason] = None
        elif of_events is not None:
            self.of_events[of_events] = None
        else:
            self.unreadable[str(error).rstrip(".")] = None
            return
        yield Deadline(
            **self.shared, target=target.id, says=target.says, measure=target.measure, status="invalid",
            reason=reason or of_events,
            options=target.options,
        )  # fmt: skip

    def findings(self) -> list[Finding]:
        """Return the findings, each one once."""
        fields = type(self.record).model_fields
        by_text = {item.says: item for item in contradictions_of(self.record, self.known.as_of, self.zone)}
        for says in (*self.invalid, *self.unreadable):
            word = says.split()[0]
            item = Finding(record=self.shared["record"], field=word if word in fields else None, says=says)
            by_text.setdefault(says, item)
        for says in self.of_events:
            by_text[says] = Finding(record="events", field=says.split()[0], says=says)
        return list(by_text.values())

    def _of(self, target: Target) -> Iterator[Deadline]:
        if target.limited_clock is not None:
            if target.limited_clock.clock.reopening == "new clock" and UNSTOPPED in target.misfits(self.related):
                self.of_events["event reopened what hadn't stopped: it starts no clock"] = None
            clock = timeline(target.limited_clock, self._now(target))
            state = clock.states[clock.state[0]]
            if state.ending == "excluded":  # then there is nothing to judge
                self.left_out[target.id] = state.reason
                return
        for _, rule in target.rules(self.related):
            assessed = rule.assess(self.known)
            outcomes = [assessed.categories[code] for code in assessed.code.tolist()]
            shown = [place for place in target.telling(assessed) if outcomes[place].status != "excluded"]
            if not shown:
                if outcomes:
                    self.left_out[target.id] = outcomes[0].reason
                continue
            limit = target.time_allowed
            left = None if limit is None else remaining(limit, assessed, self.known)
            for place in shown:
                if outcomes[place].status == "invalid":
                    self.invalid[outcomes[place].reason] = None
                facts = self._facts(target, outcomes[place], assessed, place)
                if limit is not None and left is not None and outcomes[place].status != "invalid":
                    facts["left"] = _amount(int(left[place]), assessed, MISSING)
                    facts["left_unit"] = None if limit.left_unit == assessed.unit else limit.left_unit
                yield Deadline(**self.shared, **facts)

    def _now(self, target: Target) -> AsKnownBatch:
        """Return the record with the clock that runs now, of several since it was reopened."""
        again = target.again(self.known, self.related)
        return self.known if again is None else again.last()

    def _facts(self, target: Target, outcome: Outcome, assessed: Assessed, place: int) -> dict[str, Any]:
        """Return the data of one outcome."""
        start, stop, due = (self._day(int(part[place]), assessed) for part in assessed.points)
        facts: dict[str, Any] = {
            "target": target.id, "says": target.says, "measure": target.measure, "waits_for": target.waits_for,
            "status": outcome.status, "reason": outcome.reason,
            "party": None if assessed.party is None else assessed.party[place], "options": target.options,
            "start": start, "stop": stop, "due": due, "unit": assessed.unit,
            "names": names_in_letters(target, self.scheme, outcome.reason),
        }  # fmt: skip
        moves = assessed.provisional
        facts["provisional"] = bool(moves if isinstance(moves, int) else moves[place])
        clocked = target.limited_clock
        if clocked is None:
            return facts
        if outcome.status != "invalid":
            facts["elapsed"] = _amount(int(assessed.elapsed[place]), assessed, NONE)
            facts["gross"] = None if assessed.gross is None else _amount(int(assessed.gross[place]), assessed, NONE)
        seen = self._now(target)
        clock = timeline(clocked, seen)
        limit, instant = clocked.limit, None
        by_due_days = target.judged_by_due_days
        if by_due_days is not None:
            if outcome.status == "invalid" and isinstance(limit, SeveralLimits):  # by which nobody knows
                return facts | self._of_clock(clocked, clock, facts, limit)
            found = due_days(by_due_days, seen, self.related.stood_still(by_due_days, seen))
            entry = entries_of(limit)[int(found.which[0])]
            limit, instant = entry.amounts[int(found.amount[0])], int(found.known[0])
            facts |= self._of_due_days(by_due_days, clock, found, entry)
        facts |= self._of_clock(clocked, clock, facts, limit) | self._reopened(clocked, seen)
        facts |= target.account(self.known, self.related, start, stop)
        if clocked.clock.pauses == "allowed":
            facts["pauses"] = self._pauses(clocked, clock, seen)
        return facts if target.due_by_parts else facts | self._of_days(clocked, clock, facts, limit, instant)

    def _of_due_days(self, target: HasDueDays, clock: Timeline, found: DueDays, entry: Entry) -> dict[str, Any]:
        """Return which of several limits holds, and when it was due before it was extended."""
        more: dict[str, Any] = {"limits": str(entry)} if isinstance(target.limit, SeveralLimits) else {}
        if found.due[0] not in {MISSING, found.first[0]} and not found.first_stands[0]:
            point = int(found.first[0])
            more["first_due"] = to_day(point) if clock.in_days else self._moment(point)
            if found.at_end[0] and target.extension is not None:
                more["extended_by"] = str(target.extension.further)
        return more

    def _day(self, point: int, assessed: Assessed) -> date | None:
        """Return the day of a point; None if there is none, or it is outside any calendar."""
        day = point if assessed.in_days else point // DAY
        return to_day(day) if self.first <= day <= self.last else None

    def _of_clock(
        self, target: LimitedClock, clock: Timeline, facts: Mapping[str, Any], limit: Limit
    ) -> dict[str, Any]:
        """Return the fields that started and ended a clock, and its limit."""
        more: dict[str, Any] = {"limit": str(limit)}
        by = 0 if clock.started is None else int(clock.started.by[0])
        starts = (*target.starts, None)  # None: it ended before it would have started
        start = starts[by] if by >= 0 else starts[0]
        if isinstance(start, str):
            more["started_by"] = self.table.resolve(start, "")
            recorded = time_of(self.record, more["started_by"])
            more["recorded"] = here_of(recorded, self.zone) if getattr(recorded, "tzinfo", None) else recorded
        elif clock.started is not None:
            day, that = ("the day ", "that ") if clock.in_days else ("when ", "")
            more["started_on"] = f"{day}it ended" if start is None else f"{day}{that}target {start.target} was due"
            if start is not None:
                more["names"] = {**facts["names"], DUE_OF: to_be_done(self.scheme[start.target], self.scheme).ought}
        if facts["stop"] is not None:
            more["ended_by"] = clock.endings[int(clock.ended_by[0])]
        return more

    def _reopened(self, target: LimitedClock, seen: AsKnownBatch) -> dict[str, Any]:
        """Return when the record was reopened, where that started the clock."""
        if not isinstance(seen, Again) or seen.instead:
            return {}
        times, zone = seen.batch.times(self.table.resolve(recorded(target.starts)[0], "")), seen.setting.zone
        if times.dates_alone()[0]:
            return {"started_by": REOPENED, "recorded": to_day(int(times.days(zone)[0]))}
        return {"started_by": REOPENED, "recorded": self._at(int(times.instants(zone)[0][0]))}

    def _of_days(
        self, target: LimitedClock, clock: Timeline, facts: Mapping[str, Any], limit: Limit, instant: int | None
    ) -> dict[str, Any]:
        """Return day 1 and the days off of a clock; of one in instants, its times."""
        start = facts["start"]
        if not clock.in_days:
            return self._instants(target, clock, facts, instant)
        more: dict[str, Any] = {}
        if start is not None and limit.counts_working_days and limit.allowed:
            more["day_1"] = day_1(limit.axis(self.calendar, target.clock), start, facts.get("pauses", ()))
        counts = target.limit.depends_on_holidays(target.clock) or target.clock.in_force or "extended_by" in facts
        if start is not None and counts:
            ends = [day for day in (facts["due"], facts["stop"] or to_day(self.known.as_of.day)) if day is not None]
            more["days_off"] = days_off(self.calendar, day_in(facts.get("recorded", start), self.zone), max(ends))
        return more

    def _instants(
        self, target: LimitedClock, clock: Timeline, facts: Mapping[str, Any], instant: int | None
    ) -> dict[str, Any]:
        """Return the times of a clock that runs in instants, in the scheme's zone."""
        if target.limit.own_field:  # dates and times of the record, as they are
            own = time_of(self.record, self.table.resolve(target.limit.own_field, ""))
            by_day = target.clock.own_due == "by the day"
            stop = time_of(self.record, facts["ended_by"]) if "ended_by" in facts else None
            return {
                "start": here_of(facts.get("recorded"), self.zone),
                "stop": here_of(stop, self.zone),
                "due": day_in(own, self.zone) if by_day and own is not None else here_of(own, self.zone),
            }
        start, stop = (self._moment(int(points[0])) for points in (clock.start, clock.end))
        if instant is None and start is not None:
            instant = int(clock.axis.due(clock.start, target.limit.allowed)[0])
        due_at = None if instant is None else self._moment(instant)
        more = self._of_hours(clock, due_at) if target.limit.counts_working_hours and start is not None else {}
        return {"start": start, "stop": stop, "due": due_at, **more}

    def _of_hours(self, clock: Timeline, due: datetime | None) -> dict[str, Any]:
        """Return when the office opened after the start of a clock, where it was closed then; and its closed days."""
        open_time = self.calendar.open_time
        assert open_time is not None  # noqa: S101  (without it there is no such clock)
        opens = int(open_time.opens(clock.start)[0])
        stop = self.known.as_of.day if clock.end[0] == MISSING else int(clock.end_day[0])
        last = stop if due is None else max(stop, day_number(due.date()))
        closed = open_time.closed_days(int(clock.start_day[0]) + 1, min(last, self.last))
        return {
            "opens": None if opens == clock.start[0] else self._moment(opens),
            "days_off": tuple(day_off(self.calendar, to_day(day)) for day in closed),
        }

    def _moment(self, instant: int) -> datetime | None:
        """Return an instant in the scheme's zone; None if there is none, or it is outside any calendar."""
        return self._at(instant) if self.first <= instant // DAY <= self.last else None

    def _at(self, instant: int) -> datetime:
        """Return an instant in the scheme's zone."""
        return at_offset((EPOCH + instant * MICROSECOND).astimezone(self.zone))

    def _pauses(self, target: LimitedClock, clock: Timeline, seen: AsKnownBatch) -> tuple[Pause, ...]:
        """Return the pauses of the clock, cut to the time between its start and its end."""
        begin, stop = int(clock.start[0]), int(clock.end[0])
        if begin == MISSING:
            return ()
        as_of = self.known.as_of.day if clock.in_days else self.known.as_of.instant
        spans, pauses = self.related.stood_still(target, seen), []
        for first, until in zip(spans.first.tolist(), spans.end.tolist(), strict=True):
            end = min(until, as_of + 1 if stop == MISSING else stop)
            if max(first, begin) < end:
                still = until == OPEN and stop == MISSING
                pauses.append(self._pause(max(first, begin), None if still else end, clock))
        return tuple(pauses)

    def _pause(self, first: int, end: int | None, clock: Timeline) -> Pause:
        """Return a pause in days, or in instants; ``end`` is the first point at which the clock ran again."""
        if not clock.in_days:
            return Pause(first=self._at(first), last=None if end is None else self._at(end))
        return Pause(first=to_day(first), last=None if end is None else to_day(end - 1))


def _amount(parts: int, assessed: Assessed, none: int) -> float | int | None:
    """Return parts of a unit as a number of units."""
    return None if parts == none else parts if assessed.size == 1 else parts / assessed.size
