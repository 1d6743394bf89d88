"""Findings: contradictions in one record and in the events of one case."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import Any, overload
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ombudsman_kpi.calendars.dates import day_number, is_missing
from ombudsman_kpi.calendars.time_zones import EPOCH, MICROSECOND
from ombudsman_kpi.cases.deadline import Finding
from ombudsman_kpi.cases.record_table import RecordTable, source_of
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.events.contacts import CONTACT, TOLD
from ombudsman_kpi.events.log import MEANINGS, PAUSING, RESUMED, notes_of, times_of_cases
from ombudsman_kpi.events.understood import Understood
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.records.near_names import near_field
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.validity import is_validated
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, Case, CaseEvent, Record, cell_of, values_of
from ombudsman_kpi.schemes.scheme import Scheme


def unreadable(place: str, error: ValidationError) -> RecordsError:
    """Return the error for a field that can't be read. It doesn't show the content of the field."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = f"{first['loc'][0]}: " if first["loc"] else ""
    return RecordsError(f"{place}: {field}{first['msg'].removeprefix('Value error, ')}.")


def at_offset(moment: datetime) -> datetime:
    """Return a time with a fixed offset, as in JSON. In the hour that occurs twice, others don't equal themselves."""
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=timezone(offset), fold=0)


@overload
def here_of(value: date, zone: ZoneInfo) -> date: ...
@overload
def here_of(value: date | None, zone: ZoneInfo) -> date | None: ...
def here_of(value: date | None, zone: ZoneInfo) -> date | None:
    """Return a time as the clock in a zone shows it. A time without a zone is in that zone already."""
    if not isinstance(value, datetime):
        return value
    try:
        return at_offset(value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone))
    except OverflowError:  # in the first or the last year that there is
        return value


def day_in(value: date, zone: ZoneInfo) -> date:
    """Return the day of a time in a zone."""
    here = here_of(value, zone)
    return here.date() if isinstance(here, datetime) else here


def read_events(events: Any, case: Record, as_of: AsOf, scheme: Scheme) -> tuple[dict[int, CaseEvent], list[Finding]]:
    """Return the events of one case, by their rows, and findings for those that contradict it or aren't understood.

    Raises ``RecordsError`` where all of them are of another case.
    """
    zone = ZoneInfo(scheme.time_zone)
    rows = [
        _read_event(row, item) for row, item in enumerate([events] if isinstance(events, (Mapping, Record)) else events)
    ]
    again = [day_in(event.at, zone) for event, _ in rows if event.event == "reopened"]
    began = day_in(case.received_at, zone)  # type: ignore[attr-defined]
    ends = {name: day_in(end, zone) for name in case.withdrawn_by if (end := getattr(case, name)) is not None}
    own, findings = dict[int, CaseEvent](), list[Finding]()
    name_of_id = IDS_OF_EVENTS[case.plural]
    for row, (event, misread) in enumerate(rows):
        wrong = {name_of_id: f"the event is of another {case.singular}, and left out"}
        if _is_of(event, case):
            own[row] = event
            if event.event in (MEANINGS if isinstance(case, Case) else PAUSING):
                wrong = _contradictions(event, day_in(event.at, zone), began, ends, again)
            else:
                wrong = _of_a_time(event, case, zone)
            wrong |= misread
        if wrong and all(_is_known(value, as_of, zone) for value in (event.at, event.recorded_at)):
            findings += [Finding(record="events", row=row, field=name, says=text) for name, text in wrong.items()]
    if rows and not own:
        _refuse_strangers([event for event, _ in rows], case)
    return own, findings


def _refuse_strangers(events: list[CaseEvent], case: Record) -> None:
    """Raise ``RecordsError`` for events that are all of another record, unless this one has no id.

    The log of a case may well be given with a letter or a request of it, of which it says nothing.
    """
    kind = case.plural
    if not isinstance(case, Case) and all(getattr(event, IDS_OF_EVENTS[kind]) is None for event in events):
        return
    tables = {kind: RecordTable.of(case, kind), "events": Table("events", source_of(events, "events"))}
    Understood(tables[kind].index.named, events=len(events), of_known_kinds=len(events)).refuse_none(tables)


def _is_of(event: CaseEvent, record: Record) -> bool:
    """Return whether an event is of a record; a pause that names another kind of record beside the case is of that."""
    ids = {kind: getattr(event, name) for kind, name in IDS_OF_EVENTS.items()}
    if ids[record.plural] is None or ids[record.plural] != getattr(record, IDS_OF_EVENTS[record.plural]):
        return False
    named = [kind for kind, value in ids.items() if value is not None]
    return not isinstance(record, Case) or event.event not in PAUSING or len(named) == 1


def _is_known(value: date | None, as_of: AsOf, zone: ZoneInfo) -> bool:
    """Return whether a time had happened at ``as_of``, or is empty."""
    if value is None:
        return True
    here = here_of(value, zone)
    if not isinstance(here, datetime):
        return day_number(here) <= as_of.day
    if as_of.whole_day or here.tzinfo is None:
        return day_number(here.date()) <= as_of.day
    return (here - EPOCH) // MICROSECOND <= as_of.instant


_LENIENT = {"party": "party is neither complainant nor organisation", "direction": "direction is neither out nor in"}


def _read_event(row: int, item: Any) -> tuple[CaseEvent, dict[str, str]]:
    """Return one event, and what is wrong with it by field. An unknown party or direction is dropped."""
    if isinstance(item, CaseEvent):
        if is_validated(item):
            return item, {}
        item = values_of(item)
    try:
        if isinstance(item, Mapping):
            item = {name: None if is_missing(value) else value for name, value in item.items()}
        return CaseEvent.model_validate(item), {}
    except ValidationError as error:
        fields = {
            str(problem["loc"][0]) for problem in error.errors(include_input=False, include_url=False) if problem["loc"]
        }
        if not fields or not fields <= set(_LENIENT):
            raise unreadable(f"events row {row}", error) from None
        event = CaseEvent.model_validate({name: value for name, value in item.items() if name not in fields})
        return event, {name: _LENIENT[name] for name in _LENIENT if name in fields}


def _contradictions(
    event: CaseEvent, day: date, began: date, ends: Mapping[str, date], again: list[date]
) -> dict[str, str]:
    """Return, by field, how an event contradicts its case, which may have been reopened, or why it doesn't count."""
    wrong: dict[str, str] = {}
    if event.event == "contact" and event.direction is None:
        wrong["direction"] = "the contact is neither out nor in, and doesn't count"
    if event.event in {"contact", "delay_explained"} and event.direction != "in":
        if event.party is None:
            wrong["party"] = "there is no party, so that it counts for neither"
        if event.event == "delay_explained" and not event.reason:
            wrong["reason"] = "a delay is explained without a reason, and doesn't count"
    if day < began:
        wrong["at"] = "the event is before received_at"
    for name, end in ends.items():
        if event.event == "reopened" or not end < day:
            continue
        if not any(end <= reopened <= day for reopened in again):
            wrong["at"] = f"the event is after {name}"
    return wrong


def _of_a_time(event: CaseEvent, case: Record, zone: ZoneInfo) -> dict[str, str]:
    """Return, by field, where an event sets a time that the case doesn't have. The case alone counts."""
    name = times_of_cases().get(event.event)
    if name is None or not isinstance(case, Case):
        return {"event": "events of this kind mean nothing here"}
    own = getattr(case, name)
    if own is None:
        return {"event": f"the case has no {name}, and an event doesn't change a case that is given"}
    if day_in(event.at, zone) < day_in(own, zone):
        return {"at": f"the event is before {name} of the case, which counts"}
    return {}


def zones_mixed(record: Record, fields: Iterable[str]) -> str | None:
    """Return which of some times of a record has no zone and which has one; None if all agree."""
    times = {name: cell_of(record, name) for name in fields}
    zones = {name: value.tzinfo for name, value in times.items() if isinstance(value, datetime)}
    without, having = ([name for name, zone in zones.items() if (zone is None) is naive] for naive in (True, False))
    return f"{without[0]} has a time without a zone, {having[0]} one with a zone" if without and having else None


def zones_of_events_mixed(events: Sequence[CaseEvent]) -> str | None:
    """Return which time has a zone in some events and none in others; None if all agree."""
    for field in ("at", "recorded_at"):
        times = [getattr(event, field) for event in events]
        if len({time.tzinfo is None for time in times if isinstance(time, datetime)}) == 2:
            return f"{field} has a zone in some of the events, and none in others"
    return None


def contradictions_of(record: Record, as_of: AsOf, zone: ZoneInfo) -> list[Finding]:
    """Return findings for times of a record, up to ``as_of``, that are in an impossible order."""
    if not isinstance(record, Case):
        return []
    held = record.__dict__
    times = {name: value for name in _TIMES if (value := held[name])}
    days = {name: day_in(value, zone) for name, value in times.items() if _is_known(value, as_of, zone)}
    findings = []
    for first, word, then in _NEVER:
        if first not in days or then not in days:
            continue
        if days[then] < days[first] if word == "before" else days[then] > days[first]:
            findings.append(Finding(record="cases", field=then, says=f"{then} is {word} {first}"))
    return findings


_TIMES = tuple(times_of_cases().values())
_NEVER = (  # the second time of a case is never before, or after, the first
    *(("received_at", "before", name) for name in _TIMES if name != "received_at"),
    ("early_resolution_started_at", "before", "early_resolution_ended_at"),
    *((end, "after", later) for end in Case.withdrawn_by for later in ("decided_at", "allocated_at")),
)


def unread_fields(record: Record, scheme: Scheme) -> list[Finding]:
    """Return findings for fields that nothing reads and that are nearly called like one that the record lacks."""
    findings = []
    for name in record.model_extra or ():
        near = None if name in scheme.words else near_field(name, type(record).model_fields)
        if near is not None and near not in record.model_fields_set:
            says = f"{name} isn't read; it may be meant as {near}"
            findings.append(Finding(record=record.plural, field=name, says=says))
    return findings


def misfits_in(related: Related, kind: str) -> list[Finding]:
    """Return findings for events of a whole log that aren't understood, or for a log that can't be read."""
    try:
        texts = notes_of(related.told(CONTACT).misfits(*TOLD) if kind == "cases" else related.pauses(kind).misfits)
    except RecordsError as error:
        texts = (str(error).rstrip("."),)
    return [Finding(record="events", says=text) for text in texts]


def unmatched(related: Related, kind: str, events: Mapping[int, CaseEvent]) -> list[Finding]:
    """Return findings for resumptions that have nothing to end, among events by their rows."""
    if not any(event.event == RESUMED for event in events.values()):
        return []
    with suppress(RecordsError):  # which is told elsewhere
        rows, says = [*events], "the event resumes what wasn't paused"
        places = related.pauses(kind).unpaused.tolist()
        return [Finding(record="events", row=rows[place], field="event", says=says) for place in places]
    return []
