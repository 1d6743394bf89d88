"""Rules for an event log: whether it fits the cases that were given beside it, and what in it isn't understood."""

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import truths
from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.checks.finding import CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import NEVER
from ombudsman_kpi.events.log import MEANINGS, known_events, of_kind, scan, times_of_cases
from ombudsman_kpi.events.understood import plain_ids
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, PARTIES, RECORDS

_TOLD = {"contact", "delay_explained"}  # to a party, in a direction


class _Strays(NamedTuple):
    """Which events are of a record of a kind that wasn't given, and which of these have its id but for the spelling."""

    field: str
    what: str  # one of those records
    strays: Truths
    like: Truths


def _strays(look: Look) -> list[_Strays]:
    """Return the strays of each kind of records that was given and has events."""
    if look.table.name != "events" or "event" not in look.fields:
        return []
    kinds = [kind for kind, name in IDS_OF_EVENTS.items() if kind in look.related.tables and name in look.fields]
    return [look.known.once(("strays", kind), partial(_find_strays, look, kind)) for kind in kinds]


def _find_strays(look: Look, kind: str) -> _Strays:
    import pyarrow as pa
    import pyarrow.compute as pc

    name = IDS_OF_EVENTS[kind]
    strays = of_kind(look.known, kind) & (look.related.rows_of(kind)(look.known) < 0)
    like = np.zeros(len(strays), np.bool_)
    if strays.any():
        texts = plain_ids(look.batch.text(name).filter(pa.array(strays)))
        like[strays] = truths(pc.is_in(texts, _plain_ids(look, kind)))
    return _Strays(name, RECORDS[kind].singular, strays, like)


def _plain_ids(look: Look, kind: str) -> Any:
    """Return the ids of all records of a kind without what is mistaken in them."""
    import pyarrow as pa

    name, what = IDS_OF_EVENTS[kind], f"plain ids of {kind}"
    if what not in look.worked_out:
        ids = [plain_ids(batch.text(name)) for batch in look.related.tables[kind].batches([name])]
        look.worked_out[what] = pa.chunked_array(ids, pa.string()).combine_chunks().drop_null()
    return look.worked_out[what]


def _stray_events(look: Look) -> Iterator[Mark]:
    for field, what, strays, like in _strays(look):
        yield Mark(f"the event is of a {what} that wasn't given", strays & ~like, field)


def _similar_ids(look: Look) -> Iterator[Mark]:
    for field, what, _, like in _strays(look):
        yield Mark(f"{field} differs from that of a {what} only in capitals, or zeros in front", like, field)


def _misspelt(look: Look) -> Iterator[Mark]:
    if look.table.name != "events" or "event" not in look.fields:
        return
    words = look.batch.words("event")
    known = [*times_of_cases(), *MEANINGS]
    meant: dict[str | None, list[str]] = {}
    for word in words.words:
        if word not in known:
            near = get_close_matches(word.lower().replace(" ", "_"), known, n=1, cutoff=0.8)
            meant.setdefault(near[0] if near else None, []).append(word)
    for name, others in meant.items():
        hint = f"; it may be meant as {name!r}" if name else ""
        yield Mark(f"events of this kind mean nothing here{hint}", words.are(set(others)), "event")


def _without(look: Look, name: str, choices: tuple[str, ...], says: str) -> Iterator[Mark]:
    """Yield contacts whose party or direction isn't one of some words."""
    if look.table.name != "events" or not {"event", name} <= look.fields.keys():
        return
    told = look.batch.words("event").are(_TOLD if name == "party" else {"contact"})
    if name == "party" and "direction" in look.fields:
        told = told & ~look.batch.words("direction").are({"in"})
    yield Mark(says, told & ~look.batch.words(name).are(set(choices)), name)


def _unknown_party(look: Look) -> Iterator[Mark]:
    yield from _without(look, "party", PARTIES, "party is neither complainant nor organisation, so that it counts for "
                        "neither")  # fmt: skip


def _unknown_direction(look: Look) -> Iterator[Mark]:
    yield from _without(look, "direction", ("out", "in"), "direction is neither out nor in, so that it doesn't count")


def _differing(survey: Survey) -> Iterator[Spot]:
    """Yield cases of which the earliest event of a kind is on another day than the case's own column says."""
    if not {"cases", "events"} <= survey.kinds.keys() or survey.kinds["events"].unreadable.keys() & {"at", "event"}:
        return
    cases, events = survey.kinds["cases"], survey.kinds["events"].table
    if not (events.has("event") and events.has("at") and cases.table.has("case_id") and events.has("case_id")):
        return
    named = {event: field for event, field in times_of_cases().items() if cases.has_days(field)}
    earliest = {event: np.full(cases.size, NEVER) for event in named}
    for known in scan(events, [], survey.at, survey.scheme):
        there = known_events(known)
        for event in named:
            mine = np.flatnonzero(there & known.batch.words("event").are({event}))
            if len(mine):
                rows = survey.related.rows_of()(known)[mine]
                np.minimum.at(earliest[event], rows[rows >= 0], known.moments("at").days[mine][rows >= 0])
    for event, field in named.items():
        days, first = cases.days(field), earliest[event]
        logged = first != NEVER
        both = logged & (days != MISSING)
        yield Spot(f"{field} isn't the day of the first event {event!r}", "cases", field,
                   np.flatnonzero(both & (days != first)))  # fmt: skip
        yield Spot(f"{field} is empty, though the log has an event {event!r}", "cases", field,
                   np.flatnonzero(logged & ~both))  # fmt: skip


def _unpaused(survey: Survey) -> Iterator[Spot]:
    """Yield resumptions without an open pause, of records that were given."""
    if "events" not in survey.kinds or survey.kinds["events"].unreadable.keys() & {"at", "event", "reason"}:
        return
    events = survey.kinds["events"].table
    for kind, name in IDS_OF_EVENTS.items():
        there = kind in survey.related.tables and survey.related.tables[kind].has(name)
        if there and all(map(events.has, (name, "event", "at"))):
            with suppress(RecordsError):  # where nothing of the log is understood, nothing is resumed either
                rows = survey.related.pauses(kind).unpaused
                yield Spot(f"the event resumes a {RECORDS[kind].singular} that isn't paused", "events", "event", rows)


LOG_DIFFERS = CheckRule(
    "log-differs", "warning", "The log and a case's own column give different days for the same thing.",
    "Correct one of them. The case's own column is what counts.", _differing,
)  # fmt: skip
UNPAUSED = CheckRule(
    "resumed-unpaused", "warning", "An event resumes a record that isn't paused.",
    "See whether the pause before it is missing, or is dated after it.", _unpaused,
)  # fmt: skip
STRAY_EVENT = CheckRule(
    "stray-event", "warning", "An event is of a case, or another record, that wasn't given.",
    "Give its record too, or leave its events out; they count for nothing.", _stray_events,
)  # fmt: skip
SIMILAR_ID = CheckRule(
    "similar-id", "warning", "The id of a case, or another record, differs in the log only in capitals, or in zeros "
    "in front.",
    "Write it in one way. As it is, the events count for nothing.", _similar_ids,
)  # fmt: skip
UNKNOWN_EVENT = CheckRule(
    "unknown-event", "note", "An event is of a kind that means nothing here.",
    "If it means something, say what: [events] in the file of columns=.", _misspelt,
)  # fmt: skip
UNKNOWN_PARTY = CheckRule(
    "unknown-party", "warning", "A contact, or the explanation of a delay, is with no known party.",
    "Write complainant or organisation.", _unknown_party,
)  # fmt: skip
UNKNOWN_DIRECTION = CheckRule(
    "unknown-direction", "warning", "A contact is in no known direction.", "Write out or in.", _unknown_direction,
)  # fmt: skip
