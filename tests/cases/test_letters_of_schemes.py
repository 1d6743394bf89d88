"""Letters about every target of every published scheme, in every status that it can have: they read well."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import Any

import pytest

from ombudsman_kpi import Deadline, Scheme, deadlines, list_schemes, load_scheme
from ombudsman_kpi.clocks.several import SeveralLimits, entries_of
from ombudsman_kpi.clocks.starts import recorded
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.vocabulary import RECORDS, fields_of

Record = dict[str, Any]

EVERY_TIME = (
    "answered_at", "acknowledged_at", "handled_at", "decided_at", "closed_at", "withdrawn_at", "investigated_at",
    "summary_sent_at", "made_safe_at", "rehoused_at", "works_begun_at", "abandoned_at", "returned_at", "complied_at",
    "extended_to_at", "extended_at", "allocated_at", "early_resolution_ended_at",
)  # fmt: skip
START, SECOND_START = map(datetime.fromisoformat, ("2024-03-28T16:30", "2024-12-20T09:00"))  # Easter, Christmas


def fulfilling(condition: Condition, field: str, kind: str, start: datetime) -> Any:
    """A value for which a condition holds."""
    if condition.present is not None:
        return (start if field.endswith("_at") else "some") if condition.present else None
    value = "something-else" if condition.negated else condition.values[0]
    known = fields_of(kind).get(field)
    return value == "true" if known is not None and known.kind == "truth" else value


def record_for(target: Target, start: datetime, conditions: dict[str, Condition], **more: Any) -> Any:
    """A record to which a target applies, and that has only started."""
    model = RECORDS[target.of]
    row: Record = dict.fromkeys(EVERY_TIME)
    row |= {name: "7F3A" for name in (model.id_field, "case_id") if name in model.model_fields}
    first = next(name for name, field in fields_of(target.of).items() if field.kind == "time" and field.required)
    row[first] = start
    wanted = {**dict(getattr(target, "where", {})), **conditions}
    row |= {name: fulfilling(condition, name, target.of, start) for name, condition in wanted.items()}
    clock = target.limited_clock
    if clock is not None:
        row |= dict.fromkeys(recorded(clock.starts), start)
        if clock.limit.own_field:
            row[clock.limit.own_field] = start + timedelta(30)
    row |= more
    return model.model_validate({name: value for name, value in row.items() if name in model.model_fields or value})


def days_from(start: datetime, days: float) -> datetime:
    return start + timedelta(days)


def tellings(scheme: Scheme, target: Target) -> Iterator[tuple[str, Any, list[Record], str]]:
    """Records of a target in every status that it can have, with events and the day they are looked at."""
    clock = target.limited_clock
    limit = None if clock is None else clock.limit
    cases = [dict(entry.where) for entry in entries_of(limit)] if isinstance(limit, SeveralLimits) else [{}]
    for start, conditions in product((START, SECOND_START), cases):
        soon, week, later = days_from(start, 0.0002), days_from(start, 6), days_from(start, 800)

        def of(conditions: Any = conditions, start: datetime = start, **more: Any) -> Any:
            return record_for(target, start, conditions, **more)

        close, today = (days_from(start, days).date().isoformat() for days in (900, 0))
        contact = {"case_id": "7F3A", "event": "contact", "at": days_from(start, 10), "direction": "out"}
        told = [{**contact, "party": party} for party in ("complainant", "organisation")]
        for events in ([], told) if target.follows_events else ([],):
            yield "overdue", of(), events, close
            yield "pending", of(), events, days_from(start, 12).date().isoformat() if events else today
            if limit is not None and not limit.in_days:
                yield "soon", of(), events, soon.isoformat()
            for stop in clock.stop if clock is not None else ("decided_at",):
                yield f"{stop} soon", of(**{stop: soon}), events, close
                yield f"{stop} in a week", of(**{stop: week}), events, close
                yield f"{stop} late", of(**{stop: later}), events, close
            for end in (*RECORDS[target.of].withdrawn_by, *RECORDS[target.of].abandoned_by):
                yield f"{end} late", of(**{end: later}), events, close
        yield from more_tellings(target, start, conditions, told)


def more_tellings(
    target: Target, start: datetime, conditions: dict[str, Condition], told: list[Record]
) -> Iterator[tuple[str, Any, list[Record], str]]:
    """Explanations, extensions and pauses."""
    clock, later = target.limited_clock, days_from(start, 800)
    close, today = (days_from(start, days).date().isoformat() for days in (900, 0))

    def of(**more: Any) -> Any:
        return record_for(target, start, conditions, **more)

    explained = [{**row, "event": "delay_explained", "reason": "records"} for row in told]
    yield "explained", of(), explained, close
    yield "own acknowledgement", of(acknowledged_at=None, answered_at=None), [], close
    for to, agreed in ((70, 1), (500, 1), (900, 800)) if getattr(target, "extension", None) else ():
        moved = {"extended_to_at": days_from(start, to).date(), "extended_at": days_from(start, agreed).date()}
        for as_of in (today, days_from(start, 5).date().isoformat(), close):
            yield f"extended to {to}", of(**moved), [], as_of
        yield f"extended to {to}, answered", of(**moved, **dict.fromkeys(target.waits_for, later)), [], close
    if clock is not None and clock.clock.pauses == "allowed":
        paused: Record = {str(RECORDS[target.of].id_field): "7F3A", "event": "paused", "at": days_from(start, 4)}
        resumed = {**paused, "event": "resumed", "at": days_from(start, 9)}
        for stood in ([paused], [paused, resumed]):
            yield "paused", of(), stood, days_from(start, 12).date().isoformat()


@cache
def found_in(name: str) -> tuple[tuple[str, Deadline], ...]:
    scheme, found = load_scheme(name), []
    for target in scheme.targets:
        if target.obliges:
            for what, record, events, as_of in tellings(scheme, target):
                given = events if target.follows_events or target.of in {"cases", "requests"} else ()
                its_own = deadlines(scheme, record, events=given, as_of=as_of, targets=target.id)
                found += [(what, item) for item in its_own if item.status != "invalid"]
    return tuple(found)


OBLIGING = [name for name in list_schemes() if any(target.obliges for target in load_scheme(name).targets)]
each_scheme = pytest.mark.parametrize("name", OBLIGING)

CODE = re.compile(r"[0-9a-f]{12}|7F3A|_|\bdigest\b|\bscheme\b|\btarget\b|\bclock\b|\bcalendar of\b|\bNone\b")
HYPHENATED = re.compile(r"[a-z0-9]+-[a-z0-9-]*\d|\d+wd")  # ids of targets
BROKEN = re.compile(r"not yet (?:response|answer\b|acknowledg\w*ment)|we has|it have|  |\.\.| ,|\bby by\b|: \.|\{|\}")
ISO = re.compile(r"\d{4}-\d{2}|\d{2}:\d{2}:\d{2}\b(?!am|pm)|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d")


@each_scheme
def test_every_target_of_every_published_scheme_gives_letters_that_read_well(name: str) -> None:
    found = found_in(name)
    assert {item.target for _, item in found} == {t.id for t in load_scheme(name).targets if t.obliges}
    for what, item in found:
        text = item.explain(form="letter")
        for pattern in (CODE, HYPHENATED, BROKEN, ISO):
            assert not pattern.search(text), f"{item.target}, {what}: {pattern.search(text)} in:\n{text}"
        for paragraph in text.split("\n\n"):
            assert paragraph.endswith("."), (item.target, what, paragraph)
            assert "\n" not in paragraph
            for sentence in re.split(r"(?<=\.) ", paragraph):
                assert sentence[0].isupper() or sentence[0].isdigit(), (item.target, what, sentence)
        assert "sorry" not in text
        assert "apolog" not in text


@each_scheme
def test_every_status_was_told(name: str) -> None:
    by_target: dict[str, set[str]] = {}
    for _, item in found_in(name):
        by_target.setdefault(item.target, set()).add(item.status)
    for target, statuses in by_target.items():
        declared = load_scheme(name)[target]
        decided_at_once = declared.measure == "delays explained" or declared.options.get("unanswered") == "left out"
        assert statuses == ({"met", "late"} if decided_at_once else {"met", "late", "overdue", "pending"}), target
