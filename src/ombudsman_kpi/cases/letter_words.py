"""What a letter calls things: a record, what was done on it and by whom, and days and times in full."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import NamedTuple

from ombudsman_kpi.calendars.dates import WEEKDAYS, day_in_words
from ombudsman_kpi.cases.facts import DayOff, Pause, amount_of
from ombudsman_kpi.events.contacts import CONTACT, EXPLANATION
from ombudsman_kpi.events.log import REOPENED
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.records.vocabulary import RECORDS, Party
from ombudsman_kpi.rounding import many
from ombudsman_kpi.schemes.names import named_in_letters
from ombudsman_kpi.schemes.scheme import Scheme

DUE_OF, LATE_ON = "due of", "late on"  # among the names of a deadline: what was to be done by another target


class Done(NamedTuple):
    """Something that is done: by whom, and what, so that "on Friday" and "have not yet" can stand beside it."""

    who: str  # we, you, the organisation
    did: str  # sent you our Stage 1 response

    @property
    def not_yet(self) -> str:
        """Say that it hasn't been done.

        >>> Done("we", "decided your complaint").not_yet
        'We have not yet decided your complaint'
        """
        return f"{capital(self.who)} {'have' if self.who in _PLURAL else 'has'} not yet {self.did}"

    @property
    def past(self) -> str:
        """Say that it was done."""
        return f"{capital(self.who)} {self.did}"

    @property
    def ought(self) -> str:
        """Say that it was to be done."""
        return f"{self.who} should have {self.did}"


_PLURAL = ("we", "you")
_BY_OTHERS = {
    "withdrawn_at": ("you", "withdrew {thing}"),
    "offered_at": ("you", "called us"),
    "abandoned_at": ("the call", "ended unanswered"),
}
_DID = {
    "valid_at": "accepted {thing} as valid",
    "allocated_at": "passed {thing} to an investigator",
    "investigation_started_at": "started to investigate {thing}",
    "early_resolution_started_at": "started the early resolution of {thing}",
    "early_resolution_ended_at": "ended the early resolution of {thing}",
    "handled_at": "dealt with {thing}",
    "complied_at": "complied with {thing}",
    CONTACT: "contacted you",
    EXPLANATION: "told you and the organisation why there was a delay",
    REOPENED: "reopened {thing}",
}
_ARTICLES = ("your", "our", "the", "a", "an")
_VERBS = ("sent", "made", "held", "given", "taken", "paid", "met", "found", "kept", "told")  # beside those in -ed


def thing_of(record: str, names: Mapping[str, str], party: Party | None = None) -> str:
    """Return what a letter calls a record: by the scheme's own name of its kind, or "your complaint".

    >>> thing_of("cases", {}), thing_of("requests", {"request": "your appeal"})
    ('your complaint', 'your appeal')
    >>> thing_of("cases", {}, "organisation")
    'the complaint against your organisation'
    """
    kind = RECORDS[record]
    own = names.get(kind.singular.replace(" ", "_"))
    if party != "organisation":
        return own or kind.in_letters
    return f"the {own.removeprefix('your ').removeprefix('the ')}" if own else "the complaint against your organisation"


def done_of(record: str, field: str, names: Mapping[str, str], party: Party | None = None, done: str = "") -> Done:
    """Return what is done when a field of a record has its time.

    By the scheme's own name: what was done ("sent you our final response"), or a thing ("your Stage 1 response"),
    which is received or sent. Without one, by what is known of the field, by ``done``, or by its own words.

    >>> done_of("requests", "stage_1_response_at", {"stage_1_response_at": "your Stage 1 response"}).not_yet
    'We have not yet sent you your Stage 1 response'
    >>> done_of("requests", "stage_1_response_at", {}).past, done_of("cases", "reviewed_at", {}).past
    ('We sent you the stage 1 response', 'We reviewed your complaint')
    """
    thing = thing_of(record, names, party)
    who, own = RECORDS[record].acted_on_by, names.get(field)
    if own is not None:
        verb = "received" if field == "received_at" else "sent you"
        return Done(who, f"{verb} {own}" if own.split()[0].lower() in _ARTICLES else own)
    if field in _BY_OTHERS:
        who, did = _BY_OTHERS[field]
        who = "the complainant" if who == "you" and party == "organisation" else who
        return Done(who, did.format(thing=thing))
    *what, last = field.removesuffix("_at").split("_")
    if field in _DID:
        did = _DID[field].format(thing=thing)
    elif done:
        did = f"{done} you"
    elif last.endswith("ed") or last in _VERBS:
        did = f"{last} {'the ' + ' '.join(what) if what else thing}"
    else:
        did = f"sent you the {' '.join([*what, last])}"
    return Done("we" if field == "received_at" else who, did)


def any_of(
    record: str, fields: Iterable[str], names: Mapping[str, str], party: Party | None = None, done: str = ""
) -> Done:
    """Return what is done when any of some fields has its time.

    >>> any_of("cases", ("decided_at", "allocated_at"), {}).did
    'decided your complaint or passed it to an investigator'
    """
    thing = thing_of(record, names, party)
    first, *others = (done_of(record, name, names, party, done) for name in fields)
    later = [other.did.replace(thing, "it") if thing in first.did else other.did for other in others]
    return Done(first.who, " or ".join(dict.fromkeys([first.did, *later])))


def to_be_done(target: Target, scheme: Scheme) -> Done:
    """Return what is due by a target."""
    return any_of(target.of, target.waits_for, scheme.names_of(target))


def names_in_letters(target: Target, scheme: Scheme, reason: str) -> dict[str, str]:
    """Return the names of a target's records and fields, and of what an explanation of a delay is about."""
    names, missed = scheme.names_of(target), scheme[reason] if EXPLANATION in target.waits_for else None
    spoken_of = named_in_letters(target) if names else ()
    known = {name: text for name, text in names.items() if name in spoken_of}
    return known if missed is None else {**known, LATE_ON: to_be_done(missed, scheme).did}


def capital(text: str) -> str:
    """Return a sentence with its first letter in capitals, and all others as they are."""
    return text[:1].upper() + text[1:]


def listed(items: Iterable[str]) -> str:
    """Return some things as a list in words.

    >>> listed(["Good Friday", "Easter Monday"])
    'Good Friday and Easter Monday'
    """
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def amount_in_words(number: float, unit: str) -> str:
    """Return an amount of a unit as a letter has it: time in days, hours and minutes, or where it is short in seconds.

    >>> amount_in_words(1, "working days"), amount_in_words(59.999999 / 60, "hours"), amount_in_words(77.5, "hours")
    ('1 working day', '1 hour', '3 days 5 hours 30 minutes')
    """
    if unit not in {"hours", "seconds"}:
        return amount_of(round(number * 60) / 60 if unit == "working hours" else number, unit)
    seconds = round(number * (3600 if unit == "hours" else 1))
    if seconds < 2 * _MINUTE:
        return many(seconds, "second") if seconds else "less than a second"
    hours, minutes = divmod(seconds // _MINUTE, 60)  # those that are over: no more is left than is said
    days, hours = divmod(hours, 24) if hours >= _LONG else (0, hours)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"))
    return " ".join(many(amount, what) for amount, what in parts if amount)


_MINUTE, _LONG = 60, 72  # seconds; hours after which days say more


def read(moment: date | str) -> date:
    """Return a date, or a time, that may be written as text."""
    if not isinstance(moment, str):
        return moment
    return date.fromisoformat(moment) if len(moment) == len("2024-03-31") else datetime.fromisoformat(moment)


def in_full(moment: date) -> str:
    """Return a day, or a time, in full.

    >>> in_full(date(2024, 4, 2)), in_full(datetime(2024, 4, 2, 9, 30)), in_full(datetime(2024, 4, 2, 12))
    ('Tuesday 2 April 2024', '9:30am on Tuesday 2 April 2024', 'midday on Tuesday 2 April 2024')
    """
    day = f"{WEEKDAYS[moment.weekday()]} {day_in_words(moment)}"
    return f"{clock(moment.time())} on {day}" if isinstance(moment, datetime) else day


def on(moment: date) -> str:
    """Return when something was: "on Tuesday 2 April 2024", "at 9:30am on Tuesday 2 April 2024"."""
    return f"{'at' if isinstance(moment, datetime) else 'on'} {in_full(moment)}"


def end_of(moment: date) -> str:
    """Return up to when something is in time: "the end of Tuesday 2 April 2024", "9:30am on Tuesday 2 April 2024"."""
    return in_full(moment) if isinstance(moment, datetime) else f"the end of {in_full(moment)}"


def clock(moment: str | time) -> str:
    """Return a time of day, in the manner of GOV.UK.

    >>> clock("17:00"), clock("09:30:05"), clock("12:00")
    ('5pm', '9:30:05am', 'midday')
    """
    moment = time.fromisoformat(moment) if isinstance(moment, str) else moment
    if not moment.minute and not moment.second and moment.hour % 12 == 0:
        return "midday" if moment.hour else "midnight"
    exact = f":{moment:%S}" if moment.second else ""
    minutes = f":{moment:%M}" if moment.minute or exact else ""
    return f"{moment.hour % 12 or 12}{minutes}{exact}{'am' if moment.hour < 12 else 'pm'}"


def stood_still(pause: Pause, *, in_vain: bool) -> str:
    """Return when a clock stood still; ``in_vain`` where that was after the last day."""
    after = ", after the last day" if in_vain else "" if pause.last is None else ", and that time does not count"
    if pause.last is None:
        return f"The time has stood still since {in_full(pause.first)}{after}"
    if pause.last == pause.first:
        return f"The time stood still on {in_full(pause.first)}{after}"
    return f"The time stood still from {in_full(pause.first)} to {in_full(pause.last)}{after}"


def called(item: DayOff) -> str:
    """Return what a day off is called in a sentence.

    >>> called(DayOff(day=date(2024, 5, 27), name="Spring bank holiday"))
    'the Spring bank holiday'
    """
    if item.name == "closure":
        return "the closure of our offices"
    return f"the {item.name}" if any(word in item.name.lower() for word in _WITH_ARTICLE) else item.name


_WITH_ARTICLE = ("bank holiday", "jubilee", "battle", "celebrations", "wedding")


def are(amount: str) -> str:
    """Return the verb that an amount takes.

    >>> are("1 working day"), are("1 hour 30 minutes")
    ('is', 'are')
    """
    return "is" if amount[:2] == "1 " and amount.count(" ") < 3 else "are"
