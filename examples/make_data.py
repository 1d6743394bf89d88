"""Make two years of invented casework for an ombudsman's office.

Five files are written: calls, written contacts, requests, cases and events. Together they look
like the extract an English ombudsman would take on 31 March 2024, the last day of the financial
year 2023/24. Every person, council, call and complaint in them is invented.

- Calls, written contacts and requests cover 1 April 2023 to 31 March 2024.
- Cases are all those received from 1 April 2022, 4,800 in two years, so that investigations of
  more than 52 weeks can be among those decided in 2023/24.
- Nothing dated after 31 March 2024 is known: what would have come later is an empty cell.

Each life is first made to its end, then cut at the day of the extract. That gives open cases of
every age, as a real extract has, with no special rule for them.

The same bytes come out at every run on every machine. Two choices see to that: the only source of
chance is ``random.Random.random``, the one sequence Python promises to keep; and durations come
from tables of quantiles joined by straight lines, which need no logarithm or exponential.

Run it with ``python examples/make_data.py``.
"""

from __future__ import annotations

import argparse
import csv
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TypeAlias, TypeVar

import holidays

SEED = 2024

CASES_FROM = date(2022, 4, 1)
YEAR_FROM = date(2023, 4, 1)
EXTRACT_DAY = date(2024, 3, 31)

CASES = 4_800
CALLS_A_DAY = 73
WRITTEN_CONTACTS = 7_500
SERVICE_COMPLAINTS = 250

T = TypeVar("T")
Weights: TypeAlias = Mapping[T, float]
"""Choices, and how likely each is against the others."""
Quantiles: TypeAlias = Sequence[tuple[float, float]]
"""A distribution: (share, value) from share 0 to share 1, read as straight lines between."""
Rows: TypeAlias = Sequence[Sequence[str]]


# --- Chance ------------------------------------------------------------------------------------


class Draws:
    """A stream of chance. Each file has its own, so a change to one leaves the others alone."""

    def __init__(self, seed: int) -> None:
        self._next = random.Random(seed).random  # noqa: S311 (nothing here is a secret)

    def happens(self, probability: float) -> bool:
        """Tell whether something of this probability happens."""
        return self._next() < probability

    def between(self, low: float, high: float) -> float:
        """Draw a number from ``low`` up to ``high``, all equally likely."""
        return low + (high - low) * self._next()

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from ``low`` to ``high``, both included."""
        return low + int(self._next() * (high - low + 1))

    def pick(self, weights: Weights[T]) -> T:
        """Draw one of the choices, as likely as its weight says."""
        return self.picks(weights, 1)[0]

    def picks(self, weights: Weights[T], number: int) -> list[T]:
        """Draw several choices, each as if it were the only one."""
        choices = list(weights)
        heights = list(accumulate(weights.values()))
        places = (bisect_right(heights, self._next() * heights[-1]) for _ in range(number))
        return [choices[min(place, len(choices) - 1)] for place in places]

    def value(self, quantiles: Quantiles) -> float:
        """Draw a value from a distribution."""
        share = self._next()
        for (low_share, low), (high_share, high) in pairwise(quantiles):
            if share < high_share:
                return low + (high - low) * (share - low_share) / (high_share - low_share)
        return quantiles[-1][1]

    def number(self, quantiles: Quantiles, pace: float = 1.0) -> int:
        """Draw a value, stretch it by ``pace`` and round it to a whole number."""
        return int(self.value(quantiles) * pace + 0.5)


# --- Days and times ----------------------------------------------------------------------------

SATURDAY = 5
DECEMBER = 12
CHRISTMAS_FROM = 23

ARRIVALS_ON_A_DAY_OFF = 0.3
ARRIVALS_AT_CHRISTMAS = 0.35
ARRIVALS_AFTER_A_DAY_OFF = 1.25


class Office:
    """The days on which the office works: no weekends, no bank holidays of England."""

    def __init__(self, first: date, last: date) -> None:
        # Lives run on after the extract, but those days are cut away: their holidays, some of
        # them not announced yet, must not change what is left.
        years = range(first.year, EXTRACT_DAY.year + 1)
        bank_holidays = set(holidays.country_holidays("GB", subdiv="ENG", years=years))
        weekdays = [day for day in days_between(first, last) if day.weekday() < SATURDAY]
        self.working_days = [day for day in weekdays if day not in bank_holidays]
        self._working = frozenset(self.working_days)

    def works_on(self, day: date) -> bool:
        """Tell whether the office works on this day."""
        return day in self._working

    def reopens_on(self, day: date) -> bool:
        """Tell whether this working day follows a weekend or a bank holiday."""
        return self.works_on(day) and not self.works_on(day - timedelta(days=1))

    def after(self, start: date, number: int) -> date:
        """Find the ``number``-th working day after ``start``; for 0, ``start`` or the next."""
        if number == 0:
            return self.working_days[bisect_left(self.working_days, start)]
        return self.working_days[bisect_right(self.working_days, start) + number - 1]

    def before(self, end: date, number: int) -> date:
        """Find the ``number``-th working day before ``end``; for 0, ``end`` or the last."""
        if number == 0:
            return self.working_days[bisect_right(self.working_days, end) - 1]
        return self.working_days[bisect_left(self.working_days, end) - number]

    def arrivals(self, first: date, last: date) -> Weights[date]:
        """Weigh each day by how much arrives on it, against an ordinary working day."""
        return {day: self._arrivals_on(day) for day in days_between(first, last)}

    def _arrivals_on(self, day: date) -> float:
        if day.month == DECEMBER and day.day >= CHRISTMAS_FROM:
            return ARRIVALS_AT_CHRISTMAS
        if not self.works_on(day):
            return ARRIVALS_ON_A_DAY_OFF
        return ARRIVALS_AFTER_A_DAY_OFF if self.reopens_on(day) else 1.0


def days_between(first: date, last: date) -> list[date]:
    """List the days from ``first`` to ``last``, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def known(day: date | None, last: date = EXTRACT_DAY) -> date | None:
    """Keep a day unless it comes after the last that is known."""
    return day if day is not None and day <= last else None


def oclock(hour: int, minute: int = 0) -> int:
    """Count the seconds from midnight."""
    return hour * 3600 + minute * 60


def clock(day: date, seconds: int) -> datetime:
    """Make the wall-clock time so many seconds into a day."""
    return datetime.combine(day, time()) + timedelta(seconds=seconds)


def cell(value: date | None) -> str:
    """Write a date or timestamp as ISO 8601, and nothing as an empty cell."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return value.isoformat() if value is not None else ""


# --- Calls -------------------------------------------------------------------------------------

LINES_OPEN = oclock(8, 30)
HALF_HOUR = oclock(0, 30)

# How many calls come in each half hour: a rush from nine to eleven, a dip at lunch.
CALLS_BEFORE_ONE = (0.70, 1.20, 1.50, 1.50, 1.35, 1.15, 1.10, 0.95, 0.85)
CALLS_AFTER_ONE = (0.85, 0.95, 1.05, 1.00, 0.95, 0.85, 0.70, 0.45)
HALF_HOURS_TO_ELEVEN = 5
RUSH_OF_THE_DAY = 1.22
RUSH_OF_THE_MORNING = 1.2

ADVISERS = 4
# How likely it is that one adviser is away for the day, from January to December.
ADVISER_AWAY = (0.50, 0.35, 0.30, 0.35, 0.35, 0.35, 0.50, 0.60, 0.35, 0.55, 0.50, 0.55)

LINES: Weights[str] = {"general": 78, "adult-care": 22}
SECONDS_TO_RING: Quantiles = ((0, 2), (0.5, 7), (0.9, 16), (1, 28))
SECONDS_TO_TALK: Quantiles = ((0, 45), (0.5, 405), (0.75, 630), (0.95, 1150), (1, 2400))
SECONDS_OF_PATIENCE: Quantiles = ((0, 30), (0.15, 110), (0.4, 290), (0.7, 600), (1, 1800))
SECONDS_TO_THINK_BETTER: Quantiles = ((0, 1), (0.5, 4), (1, 11))
CHANCE_OF_THINKING_BETTER = 0.014
CHANCE_OF_A_LOST_RECORD = 0.0005
CHANCE_OF_MILLISECONDS = 0.01


@dataclass(frozen=True)
class Call:
    """A call as the switch recorded it."""

    offered_at: datetime
    answered_at: datetime | None
    abandoned_at: datetime | None
    line: str


def make_calls(draws: Draws, office: Office) -> list[Call]:
    """Make every call of the year."""
    calls: list[Call] = []
    for day in office.working_days:
        if YEAR_FROM <= day <= EXTRACT_DAY:
            calls += calls_of_day(draws, day, rush=office.reopens_on(day))
    return calls


def calls_of_day(draws: Draws, day: date, *, rush: bool) -> list[Call]:
    """Make the calls of one day, waiting in one queue for the advisers on duty."""
    # Seconds from midnight at which each adviser is next free.
    free_at = [LINES_OPEN] * (ADVISERS - draws.happens(ADVISER_AWAY[day.month - 1]))
    calls = []
    for offered in seconds_offered(draws, rush=rush):
        patience = patience_of_caller(draws)
        free_at.sort()
        answered = max(offered, free_at[0]) + draws.number(SECONDS_TO_RING)
        gives_up = answered - offered > patience
        if not gives_up:
            free_at[0] = answered + draws.number(SECONDS_TO_TALK)
        lost = draws.happens(CHANCE_OF_A_LOST_RECORD)
        answered_at = None if gives_up or lost else clock(day, answered)
        abandoned_at = clock(day, offered + patience) if gives_up and not lost else None
        call = Call(clock(day, offered), answered_at, abandoned_at, draws.pick(LINES))
        calls.append(with_milliseconds(draws, call))
    return calls


def seconds_offered(draws: Draws, *, rush: bool) -> list[int]:
    """Draw when calls are offered on one day, in seconds from midnight, in order."""
    number = CALLS_A_DAY * draws.between(0.82, 1.18) * (RUSH_OF_THE_DAY if rush else 1)
    weights = {
        LINES_OPEN + place * HALF_HOUR: weight for place, weight in enumerate(CALLS_BEFORE_ONE + CALLS_AFTER_ONE)
    }
    if rush:
        for start in list(weights)[:HALF_HOURS_TO_ELEVEN]:
            weights[start] *= RUSH_OF_THE_MORNING
    starts = draws.picks(weights, int(number))
    return sorted(start + draws.whole(0, HALF_HOUR - 1) for start in starts)


def patience_of_caller(draws: Draws) -> int:
    """Draw how many seconds a caller would wait; a few hang up as soon as they have dialled."""
    if draws.happens(CHANCE_OF_THINKING_BETTER):
        return draws.number(SECONDS_TO_THINK_BETTER)
    return draws.number(SECONDS_OF_PATIENCE)


def with_milliseconds(draws: Draws, call: Call) -> Call:
    """Add milliseconds to the few calls that come through a newer part of the switch."""
    if not draws.happens(CHANCE_OF_MILLISECONDS):
        return call
    # Moving every time alike keeps the wait as it was.
    extra = timedelta(milliseconds=draws.whole(1, 999))
    return replace(
        call,
        offered_at=call.offered_at + extra,
        answered_at=call.answered_at + extra if call.answered_at else None,
        abandoned_at=call.abandoned_at + extra if call.abandoned_at else None,
    )


def rows_of_calls(calls: Iterable[Call]) -> Rows:
    """Lay out calls.csv."""
    rows = [("call_id", "offered_at", "answered_at", "abandoned_at", "line")]
    for number, call in enumerate(sorted(calls, key=lambda call: call.offered_at), start=1):
        times = (cell(call.offered_at), cell(call.answered_at), cell(call.abandoned_at))
        rows.append((f"C{number:05}", *times, call.line))
    return rows


# --- Written contacts --------------------------------------------------------------------------

CHANNELS: Weights[str] = {"email": 52, "online": 38, "post": 10}
CHANNELS_ON_A_DAY_OFF: Weights[str] = {"email": 50, "online": 50}
STAGES: Weights[str] = {"enquiry": 46, "assessment": 30, "investigation": 18, "review": 6}

# The hour of the day at which people write; few do at night.
HOUR_OF_WRITING: Quantiles = ((0, 0), (0.1, 8), (0.4, 11), (0.75, 16), (0.93, 21), (1, 24))
POST_FROM, POST_UNTIL = oclock(8, 45), oclock(11)
WORK_FROM, WORK_UNTIL = oclock(8, 45), oclock(17)
LAST_FOR_THE_SAME_DAY = oclock(16)

WORKING_DAYS_TO_HANDLE: Weights[int] = {0: 36, 1: 41, 2: 16, 3: 7}
WORKING_DAYS_WHEN_LATE: Quantiles = ((0, 3.6), (0.6, 5), (0.9, 9), (1, 15))
NEW_SYSTEM_MONTHS = (10, 11, 12)
CHANCE_LATE_WITH_NEW_SYSTEM = 0.040
CHANCE_LATE = 0.013
CHANCE_NEVER_HANDLED = 0.0008


@dataclass(frozen=True)
class WrittenContact:
    """An email, online form or letter, and when it was dealt with."""

    received_at: datetime
    handled_at: datetime | None
    channel: str
    stage: str


def make_written_contacts(draws: Draws, office: Office) -> list[WrittenContact]:
    """Make every written contact of the year."""
    days = draws.picks(office.arrivals(YEAR_FROM, EXTRACT_DAY), WRITTEN_CONTACTS)
    return [written_contact(draws, office, day) for day in days]


def written_contact(draws: Draws, office: Office, day: date) -> WrittenContact:
    """Make one contact received on ``day``."""
    channel = draws.pick(CHANNELS if office.works_on(day) else CHANNELS_ON_A_DAY_OFF)
    second = second_received(draws, day, channel)
    handled_at = time_handled(draws, office, day, second)
    open_still = handled_at.date() > EXTRACT_DAY or draws.happens(CHANCE_NEVER_HANDLED)
    return WrittenContact(
        received_at=clock(day, second),
        handled_at=None if open_still else handled_at,
        channel=channel,
        stage=draws.pick(STAGES),
    )


def second_received(draws: Draws, day: date, channel: str) -> int:
    """Draw when in the day a contact arrives: post in the morning, the rest at any hour."""
    if channel == "post":
        return draws.whole(POST_FROM, POST_UNTIL)
    second = int(oclock(1) * draws.value(HOUR_OF_WRITING))
    # On the last day of the extract the clocks go forward: this hour of the night never was.
    if day == EXTRACT_DAY and oclock(1) <= second < oclock(2):
        return second + oclock(1)
    return second


def time_handled(draws: Draws, office: Office, day: date, second: int) -> datetime:
    """Draw when a contact is dealt with: at a time the office works, mostly in three days."""
    new_system = day.month in NEW_SYSTEM_MONTHS
    late = draws.happens(CHANCE_LATE_WITH_NEW_SYSTEM if new_system else CHANCE_LATE)
    number = draws.number(WORKING_DAYS_WHEN_LATE) if late else draws.pick(WORKING_DAYS_TO_HANDLE)
    if number == 0 and office.works_on(day) and second < LAST_FOR_THE_SAME_DAY:
        return clock(day, draws.whole(max(WORK_FROM, second + oclock(0, 5)), WORK_UNTIL))
    return clock(office.after(day, max(number, 1)), draws.whole(WORK_FROM, WORK_UNTIL))


def rows_of_written_contacts(contacts: Iterable[WrittenContact]) -> Rows:
    """Lay out written_contacts.csv."""
    rows = [("contact_id", "received_at", "handled_at", "channel", "stage")]
    for number, each in enumerate(sorted(contacts, key=lambda each: each.received_at), start=1):
        times = (cell(each.received_at), cell(each.handled_at))
        rows.append((f"W{number:05}", *times, each.channel, each.stage))
    return rows


# --- Cases -------------------------------------------------------------------------------------

# Invented councils, and the share of each in the casework.
COUNTIES: Weights[str] = {
    "Northshire County Council": 9,
    "Eastmarch County Council": 7,
    "Wexmoor County Council": 5,
}
DISTRICTS: Weights[str] = {
    "Ashcombe Vale District Council": 3,
    "Brackenholt Borough Council": 3,
    "Hallowmere District Council": 2,
    "Larkmoor Borough Council": 2,
    "Orrinford District Council": 2,
    "Penstow District Council": 2,
    "Thornley Fen District Council": 2,
    "Withybrook Vale Borough Council": 2,
}
COUNCILS_FOR_EVERYTHING: Weights[str] = {
    "Highmarsh Council": 4,
    "Kelderby Metropolitan Borough Council": 5,
    "London Borough of Fleetside": 10,
    "London Borough of Marlhythe": 6,
    "London Borough of Ravensgate": 8,
    "Millbeck Metropolitan Borough Council": 5,
    "Port Ellery City Council": 7,
    "Saltmere Council": 5,
    "Stonemoor Metropolitan Borough Council": 7,
}
AUTHORITIES: Weights[str] = {**COUNTIES, **DISTRICTS, **COUNCILS_FOR_EVERYTHING}

COUNTY_SERVICES: Weights[str] = {
    "Adult Care": 34,
    "Corporate": 4,
    "Education": 42,
    "Environment": 4,
    "Highways": 16,
}
DISTRICT_SERVICES: Weights[str] = {
    "Benefits and Tax": 18,
    "Corporate": 5,
    "Environment": 13,
    "Housing": 30,
    "Planning": 34,
}
ALL_SERVICES: Weights[str] = {
    "Adult Care": 18,
    "Benefits and Tax": 9,
    "Corporate": 3,
    "Education": 20,
    "Environment": 5,
    "Highways": 9,
    "Housing": 23,
    "Planning": 13,
}
CHANCE_UPHELD: Mapping[str, float] = {
    "Adult Care": 0.68,
    "Benefits and Tax": 0.60,
    "Corporate": 0.55,
    "Education": 0.82,
    "Environment": 0.66,
    "Highways": 0.50,
    "Housing": 0.70,
    "Planning": 0.42,
}
CHANCE_JOINT_WORKING: Mapping[str, float] = {"Adult Care": 0.20, "Education": 0.05}
CHANCE_WITHDRAWN = 0.05
CHANCE_VALID_ON_RECEIPT = 0.72

ASSESSMENT = "assessment"
INVESTIGATION = "investigation"
# How cases end: a decision in assessment, or an investigation.
COURSES: Weights[str] = {
    "invalid-incomplete": 13,
    "advice-given": 9,
    "referred-back": 23,
    "closed-after-initial-enquiries": 30,
    INVESTIGATION: 25,
}
NEVER_VALID = frozenset({"invalid-incomplete", "advice-given"})

# Working days from receipt to that decision, or to the allocation of the investigation.
WORKING_DAYS_TO_ASSESS: Mapping[str, Quantiles] = {
    "invalid-incomplete": ((0, 1), (0.5, 8), (0.88, 20), (1, 44)),
    "advice-given": ((0, 0), (0.5, 5), (0.93, 20), (1, 34)),
    "referred-back": ((0, 2), (0.4, 14), (0.62, 20), (0.9, 36), (1, 70)),
    "closed-after-initial-enquiries": ((0, 5), (0.24, 20), (0.8, 46), (0.97, 80), (1, 150)),
    INVESTIGATION: ((0, 3), (0.33, 20), (0.5, 24), (0.8, 33), (0.95, 48), (1, 75)),
}
# Where the queue for assessment was longer or shorter than usual, by month of receipt.
ASSESSMENT_PACE: Mapping[tuple[int, int], float] = {
    (2022, 12): 1.10,
    (2023, 1): 1.10,
    (2023, 4): 0.95,
    (2023, 5): 0.95,
    (2023, 9): 1.15,
    (2023, 10): 1.35,
    (2023, 11): 1.40,
    (2023, 12): 1.20,
    (2024, 2): 0.90,
}
JOINT_WORKING_PACE = 1.25
ASSESSORS: Weights[str] = {"North": 50, "South": 50}

INVESTIGATORS: Weights[str] = {"Team A": 27, "Team B": 26, "Team C": 25, "Team D": 22}
INVESTIGATORS_PACE = {"Team A": 0.93, "Team B": 0.97, "Team C": 1.0, "Team D": 1.07}

WORKING_DAYS_TO_VALID: Quantiles = ((0, 1), (0.5, 4), (0.9, 11), (1, 20))
WORKING_DAYS_TO_START: Quantiles = ((0, 0), (0.5, 1), (0.9, 4), (1, 9))
WORKING_DAYS_TO_CLOSE: Quantiles = ((0, 0), (0.7, 0), (0.9, 4), (1, 12))
# Days from valid to decided: many are finished just before 91 days, the first published limit.
DAYS_TO_DECIDE_MOST: Quantiles = ((0, 38), (0.3, 64), (0.8, 84), (1, 89))
DAYS_TO_DECIDE_THE_REST: Quantiles = ((0, 92), (0.22, 180), (0.7, 280), (0.9, 364), (1, 480))
CHANCE_IN_MOST = 0.845


@dataclass(frozen=True)
class Case:
    """A complaint to the ombudsman, from its receipt to its first closure."""

    case_id: str
    received_at: date
    authority: str
    category: str
    joint_working: bool
    assessors: str
    investigators: str
    valid_at: date | None = None
    allocated_at: date | None = None
    investigation_started_at: date | None = None
    decided_at: date | None = None
    decided_in: str = ""
    decision: str = ""
    closed_at: date | None = None
    withdrawn_at: date | None = None

    @property
    def ended_at(self) -> date | None:
        """When the work ended: decided, or else withdrawn."""
        return self.decided_at or self.withdrawn_at


def make_cases(draws: Draws, office: Office) -> list[Case]:
    """Make every case received in the two years, as known on the day of the extract."""
    days = sorted(draws.picks(office.arrivals(CASES_FROM, EXTRACT_DAY), CASES))
    first_of_year = bisect_left(days, YEAR_FROM)
    cases = []
    for place, day in enumerate(days):
        if place < first_of_year:
            case = new_case(draws, f"22-{place + 1:05}", day)
        else:
            case = new_case(draws, f"23-{place - first_of_year + 1:05}", day)
        case = lived(draws, office, case)
        if draws.happens(CHANCE_WITHDRAWN):
            case = withdrawn(draws, office, case)
        cases.append(as_known(case, EXTRACT_DAY))
    return cases


def new_case(draws: Draws, case_id: str, received_at: date) -> Case:
    """Make a case as it is on the day of its receipt."""
    authority = draws.pick(AUTHORITIES)
    category = draws.pick(services_of(authority))
    return Case(
        case_id=case_id,
        received_at=received_at,
        authority=authority,
        category=category,
        joint_working=draws.happens(CHANCE_JOINT_WORKING.get(category, 0)),
        assessors=draws.pick(ASSESSORS),
        investigators=draws.pick(INVESTIGATORS),
    )


def services_of(authority: str) -> Weights[str]:
    """List what a council answers for, and how often each is complained about."""
    if authority in COUNTIES:
        return COUNTY_SERVICES
    return DISTRICT_SERVICES if authority in DISTRICTS else ALL_SERVICES


def lived(draws: Draws, office: Office, case: Case) -> Case:
    """Give a case its whole life: assessed, and investigated if that is its course."""
    course = draws.pick(COURSES)
    received = case.received_at
    pace = ASSESSMENT_PACE.get((received.year, received.month), 1.0)
    pace *= JOINT_WORKING_PACE if case.joint_working else 1.0
    assessed_at = office.after(received, draws.number(WORKING_DAYS_TO_ASSESS[course], pace))
    if course not in NEVER_VALID:
        valid_at = day_valid(draws, office, received, assessed_at)
        case = replace(case, valid_at=valid_at)
        if course == INVESTIGATION:
            return investigated(draws, office, case, valid_at, assessed_at)
    return decided(draws, office, case, assessed_at, course)


def day_valid(draws: Draws, office: Office, received_at: date, assessed_at: date) -> date:
    """Draw when a complaint was complete: mostly on receipt, else after a letter or two."""
    if draws.happens(CHANCE_VALID_ON_RECEIPT):
        return received_at
    return min(office.after(received_at, draws.number(WORKING_DAYS_TO_VALID)), assessed_at)


def investigated(draws: Draws, office: Office, case: Case, valid: date, allocated: date) -> Case:
    """Allocate a case, investigate and decide it."""
    started_at = office.after(allocated, draws.number(WORKING_DAYS_TO_START))
    pace = INVESTIGATORS_PACE[case.investigators]
    pace *= JOINT_WORKING_PACE if case.joint_working else 1.0
    soon = draws.happens(CHANCE_IN_MOST)
    days = draws.number(DAYS_TO_DECIDE_MOST if soon else DAYS_TO_DECIDE_THE_REST, pace)
    # A case that waited long for allocation still takes some weeks to investigate.
    soonest = started_at + timedelta(days=draws.whole(12, 40))
    decided_at = office.before(max(valid + timedelta(days=days), soonest), 0)
    upheld = draws.happens(CHANCE_UPHELD[case.category])
    case = replace(case, allocated_at=allocated, investigation_started_at=started_at)
    return decided(draws, office, case, decided_at, "upheld" if upheld else "not-upheld")


def decided(draws: Draws, office: Office, case: Case, decided_at: date, decision: str) -> Case:
    """Decide a case, and close it then or soon after."""
    return replace(
        case,
        decided_at=decided_at,
        decided_in=INVESTIGATION if case.allocated_at else ASSESSMENT,
        decision=decision,
        closed_at=office.after(decided_at, draws.number(WORKING_DAYS_TO_CLOSE)),
    )


def withdrawn(draws: Draws, office: Office, case: Case) -> Case:
    """Let the complainant withdraw a case some way through its life."""
    length = ((case.decided_at or case.received_at) - case.received_at).days
    way = timedelta(days=int(length * draws.between(0.1, 1)))
    withdrawn_at = office.before(case.received_at + way, 0)
    if withdrawn_at <= case.received_at:
        return case
    until_then = as_known(case, withdrawn_at)
    return replace(
        until_then,
        decided_at=None,
        decided_in="",
        decision="",
        closed_at=office.after(withdrawn_at, draws.whole(0, 2)),
        withdrawn_at=withdrawn_at,
    )


def as_known(case: Case, last: date) -> Case:
    """Take from a case what happened after ``last``."""
    decided_at = known(case.decided_at, last)
    return replace(
        case,
        valid_at=known(case.valid_at, last),
        allocated_at=known(case.allocated_at, last),
        investigation_started_at=known(case.investigation_started_at, last),
        decided_at=decided_at,
        decided_in=case.decided_in if decided_at else "",
        decision=case.decision if decided_at else "",
        closed_at=known(case.closed_at, last),
        withdrawn_at=known(case.withdrawn_at, last),
    )


def rows_of_cases(cases: Iterable[Case]) -> Rows:
    """Lay out cases.csv; the team is the one that holds the case."""
    columns: Mapping[str, Callable[[Case], str]] = {
        "case_id": lambda case: case.case_id,
        "received_at": lambda case: cell(case.received_at),
        "valid_at": lambda case: cell(case.valid_at),
        "allocated_at": lambda case: cell(case.allocated_at),
        "investigation_started_at": lambda case: cell(case.investigation_started_at),
        "decided_at": lambda case: cell(case.decided_at),
        "decided_in": lambda case: case.decided_in,
        "decision": lambda case: case.decision,
        "closed_at": lambda case: cell(case.closed_at),
        "withdrawn_at": lambda case: cell(case.withdrawn_at),
        "joint_working": lambda case: "true" if case.joint_working else "false",
        "authority": lambda case: case.authority,
        "category": lambda case: case.category,
        "team": lambda case: case.investigators if case.allocated_at else case.assessors,
    }
    in_order = sorted(cases, key=lambda case: case.case_id)
    return [list(columns), *([column(case) for column in columns.values()] for case in in_order)]


# --- Requests ----------------------------------------------------------------------------------

SERVICE_COMPLAINT = "service-complaint"
POST_DECISION_REVIEW = "post-decision-review"

CHANCE_OF_REVIEW = 0.17
DAYS_TO_ASK_FOR_REVIEW: Quantiles = ((0, 1), (0.5, 13), (0.9, 29), (1, 45))
WORKING_DAYS_TO_ANSWER: Mapping[str, Quantiles] = {
    SERVICE_COMPLAINT: ((0, 2), (0.5, 13), (0.86, 20), (0.97, 30), (1, 52)),
    POST_DECISION_REVIEW: ((0, 3), (0.4, 14), (0.80, 20), (0.95, 31), (1, 60)),
}
CHANCE_NEVER_ANSWERED = 0.008
CHANCE_ABOUT_A_CASE = 0.9
YOUNGEST_COMPLAINED_ABOUT = timedelta(days=14)
OLDEST_COMPLAINED_ABOUT = timedelta(days=240)


@dataclass(frozen=True)
class Request:
    """A complaint about the office's own service, or a request to review a decision."""

    kind: str
    received_at: date
    answered_at: date | None
    case_id: str


def make_requests(draws: Draws, office: Office, cases: Sequence[Case]) -> list[Request]:
    """Make every request of the year."""
    reviews = post_decision_reviews(draws, office, cases)
    return reviews + service_complaints(draws, office, cases)


def post_decision_reviews(draws: Draws, office: Office, cases: Iterable[Case]) -> list[Request]:
    """Make the requests to look again at a decision, some days after it."""
    requests = []
    for case in cases:
        if case.decided_at is None or not draws.happens(CHANCE_OF_REVIEW):
            continue
        day = case.decided_at + timedelta(days=draws.number(DAYS_TO_ASK_FOR_REVIEW))
        if YEAR_FROM <= day <= EXTRACT_DAY:
            requests.append(request(draws, office, POST_DECISION_REVIEW, day, case.case_id))
    return requests


def service_complaints(draws: Draws, office: Office, cases: Sequence[Case]) -> list[Request]:
    """Make the complaints about delay or manner, mostly in a case of the last months."""
    in_order = sorted(cases, key=lambda case: case.received_at)
    received = [case.received_at for case in in_order]
    requests = []
    for day in draws.picks(office.arrivals(YEAR_FROM, EXTRACT_DAY), SERVICE_COMPLAINTS):
        first = bisect_left(received, day - OLDEST_COMPLAINED_ABOUT)
        last = bisect_left(received, day - YOUNGEST_COMPLAINED_ABOUT) - 1
        case_id = in_order[draws.whole(first, last)].case_id
        if not draws.happens(CHANCE_ABOUT_A_CASE):
            case_id = ""
        requests.append(request(draws, office, SERVICE_COMPLAINT, day, case_id))
    return requests


def request(draws: Draws, office: Office, kind: str, received_at: date, case_id: str) -> Request:
    """Make one request, answered if that was by the day of the extract."""
    number = draws.number(WORKING_DAYS_TO_ANSWER[kind])
    never = draws.happens(CHANCE_NEVER_ANSWERED)
    answered_at = None if never else known(office.after(received_at, number))
    return Request(kind, received_at, answered_at, case_id)


def rows_of_requests(requests: Iterable[Request]) -> Rows:
    """Lay out requests.csv."""
    rows = [("request_id", "kind", "received_at", "answered_at", "case_id")]
    in_order = sorted(requests, key=lambda each: (each.received_at, each.kind, each.case_id))
    for number, each in enumerate(in_order, start=1):
        times = (cell(each.received_at), cell(each.answered_at))
        rows.append((f"R{number:04}", each.kind, *times, each.case_id))
    return rows


# --- Events ------------------------------------------------------------------------------------

PARTIES = ("complainant", "organisation")

WORKING_DAYS_TO_FIRST_CONTACT: Quantiles = ((0, 0), (0.5, 1), (0.9, 5), (0.99, 12), (1, 26))
WORKING_DAYS_TO_NEXT_CONTACT: Quantiles = ((0, 1), (0.6, 11), (0.9, 17), (0.966, 20.4), (1, 44))
WORKING_DAYS_TO_REPLY: Quantiles = ((0, 0), (0.5, 4), (1, 15))
CHANCE_OF_REPLY = 0.28
CHANCE_OF_DECISION_LETTER = 0.96
CHANCE_OF_TIME_OF_DAY = 0.12

ASSESSMENT_WORKING_DAYS = 20
INVESTIGATION_WEEKS = (13, 26, 52)
REASONS_IN_ASSESSMENT: Weights[str] = {
    "awaiting allocation": 45,
    "information awaited": 25,
    "high demand": 30,
}
REASONS_IN_INVESTIGATION: Weights[str] = {
    "comments on draft decision": 15,
    "council records awaited": 40,
    "further enquiries needed": 25,
    "investigator absent": 12,
    "linked court case": 8,
}
EXPLAINED = "explained"
EXPLAINED_LATE = "explained after the due day"
EXPLAINED_TO_ONE = "explained to one party"
EXPLAINED_BADLY = "explained without a reason"
NOT_EXPLAINED = "not explained"
EXPLANATIONS: Weights[str] = {
    EXPLAINED: 60,
    EXPLAINED_LATE: 10,
    EXPLAINED_TO_ONE: 9,
    EXPLAINED_BADLY: 3,
    NOT_EXPLAINED: 18,
}
CHANCE_REOPENED_AFTER_REVIEW = 0.09
CHANCE_REOPENED_OTHERWISE = 0.006


@dataclass(frozen=True)
class Event:
    """Something that happened in a case."""

    case_id: str
    event: str
    at: date
    party: str = ""
    direction: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Deadline:
    """A day by which something was due in a case, and the day it came."""

    start: date
    due: date
    stopped_at: date | None
    reasons: Weights[str]

    @property
    def last(self) -> date:
        """The last day on which it was waited for."""
        return self.stopped_at or EXTRACT_DAY


def make_events(draws: Draws, office: Office, cases: Iterable[Case], requests: Iterable[Request]) -> list[Event]:
    """Make the contacts, explanations of delay and reopenings of every case."""
    reviews = [each for each in requests if each.kind == POST_DECISION_REVIEW]
    reviewed_at = {each.case_id: each.answered_at for each in reviews}
    events: list[Event] = []
    for case in cases:
        events += contacts(draws, office, case)
        events += explanations(draws, office, case)
        events += reopening(draws, office, case, reviewed_at.get(case.case_id))
    return events


def contacts(draws: Draws, office: Office, case: Case) -> list[Event]:
    """Make the letters and calls with both parties while a case is investigated."""
    start = case.investigation_started_at
    if start is None:
        return []
    end = case.ended_at or EXTRACT_DAY
    events = []
    for party in PARTIES:
        days_out = contact_days(draws, office, start, end)
        if case.decided_at and draws.happens(CHANCE_OF_DECISION_LETTER):
            days_out = sorted({*days_out, end})
        days_in = reply_days(draws, office, days_out, end)
        events += [contact(draws, case, day, party, "out") for day in days_out]
        events += [contact(draws, case, day, party, "in") for day in days_in]
    return events


def contact_days(draws: Draws, office: Office, start: date, end: date) -> list[date]:
    """Draw the working days, from ``start`` to ``end``, on which a party is contacted."""
    days = []
    day = office.after(start, draws.number(WORKING_DAYS_TO_FIRST_CONTACT))
    while day <= end:
        days.append(day)
        day = office.after(day, draws.number(WORKING_DAYS_TO_NEXT_CONTACT))
    return days


def reply_days(draws: Draws, office: Office, days_out: Iterable[date], end: date) -> list[date]:
    """Draw the days on which a party writes or calls back, no later than ``end``."""
    replies = {
        office.after(day, draws.number(WORKING_DAYS_TO_REPLY)) for day in days_out if draws.happens(CHANCE_OF_REPLY)
    }
    return sorted(day for day in replies if day <= end)


def contact(draws: Draws, case: Case, day: date, party: str, direction: str) -> Event:
    """Make one contact: a call is logged with its time, anything else by the day."""
    at = day
    if draws.happens(CHANCE_OF_TIME_OF_DAY):
        at = clock(day, draws.whole(WORK_FROM, WORK_UNTIL))
    return Event(case.case_id, "contact", at, party, direction)


def deadlines(office: Office, case: Case) -> list[Deadline]:
    """List what is due in a case: first the assessment, then the bands of the investigation."""
    received = case.received_at
    due = office.after(received, ASSESSMENT_WORKING_DAYS)
    assessed_at = case.allocated_at or case.ended_at
    found = [Deadline(received, due, assessed_at, REASONS_IN_ASSESSMENT)]
    if case.valid_at and case.allocated_at:
        for weeks in INVESTIGATION_WEEKS:
            due = case.valid_at + timedelta(weeks=weeks)
            found.append(Deadline(case.valid_at, due, case.ended_at, REASONS_IN_INVESTIGATION))
    return found


def explanations(draws: Draws, office: Office, case: Case) -> list[Event]:
    """Make what the parties were told about the delays of a case."""
    events = []
    for deadline in deadlines(office, case):
        if deadline.last > deadline.due:
            events += explanations_of(draws, office, case, deadline)
    return events


def explanations_of(draws: Draws, office: Office, case: Case, deadline: Deadline) -> list[Event]:
    """Make what the parties were told about one delay: not always enough, or in time."""
    told = draws.pick(EXPLANATIONS)
    if told == EXPLAINED_LATE:
        day = office.after(deadline.due, draws.whole(1, 10))
    else:
        day = office.before(deadline.due, draws.whole(0, 8))
    if told == NOT_EXPLAINED or not deadline.start <= day <= deadline.last:
        return []
    reason = "" if told == EXPLAINED_BADLY else draws.pick(deadline.reasons)
    parties = PARTIES[:1] if told == EXPLAINED_TO_ONE else PARTIES
    return [Event(case.case_id, "delay_explained", day, party, "out", reason) for party in parties]


def reopening(draws: Draws, office: Office, case: Case, reviewed_at: date | None) -> list[Event]:
    """Reopen a few closed cases, after a review or for new evidence."""
    if case.decided_at is None or case.closed_at is None:
        return []
    if reviewed_at and draws.happens(CHANCE_REOPENED_AFTER_REVIEW):
        day = max(office.after(reviewed_at, draws.whole(0, 3)), case.closed_at)
        reason = "decision reviewed"
    elif draws.happens(CHANCE_REOPENED_OTHERWISE):
        day = office.after(case.closed_at, draws.whole(5, 60))
        reason = "new evidence"
    else:
        return []
    return [Event(case.case_id, "reopened", day, reason=reason)] if known(day) else []


def rows_of_events(events: Iterable[Event]) -> Rows:
    """Lay out events.csv, each case in order of time."""
    rows = [("case_id", "event", "at", "party", "direction", "reason")]
    for each in sorted(events, key=in_order_of_time):
        at = cell(each.at)
        rows.append((each.case_id, each.event, at, each.party, each.direction, each.reason))
    return rows


def in_order_of_time(event: Event) -> tuple[str, ...]:
    """Place an event in its case; nothing is left to the order in which events were made."""
    return (event.case_id, cell(event.at), event.event, event.party, event.direction)


# --- Files -------------------------------------------------------------------------------------


def make_files() -> dict[str, Rows]:
    """Make the rows of every file, the header first."""
    # A life is made to its end before it is cut, and the slowest end years after the extract.
    office = Office(date(2022, 1, 1), date(2027, 12, 31))
    cases = make_cases(Draws(SEED), office)
    requests = make_requests(Draws(SEED + 1), office, cases)
    events = make_events(Draws(SEED + 2), office, cases, requests)
    calls = make_calls(Draws(SEED + 3), office)
    written_contacts = make_written_contacts(Draws(SEED + 4), office)
    return {
        "calls.csv": rows_of_calls(calls),
        "written_contacts.csv": rows_of_written_contacts(written_contacts),
        "requests.csv": rows_of_requests(requests),
        "cases.csv": rows_of_cases(cases),
        "events.csv": rows_of_events(events),
    }


def write_rows(path: Path, rows: Rows) -> None:
    """Write a CSV file in UTF-8, with the same line ends on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    """Write the files and say how many rows each has."""
    parser = argparse.ArgumentParser(description="Make two years of invented ombudsman casework.")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).resolve().parent / "data",
        metavar="DIR",
        help="the folder to write to (default: the data folder beside this script)",
    )
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in make_files().items():
        write_rows(out / name, rows)
        print(f"{name} {len(rows) - 1}")


if __name__ == "__main__":
    main()
