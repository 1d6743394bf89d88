"""Clocks that stand still, against loops that walk the days, or the half hours, and through the events, one by one."""

import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, assess, load_scheme

sys.path.append(str(Path(__file__).parent))
from plain_loop import is_working_day

DAY, HALF_HOUR = timedelta(days=1), timedelta(minutes=30)

Row = dict[str, Any]
laws = settings(max_examples=settings().max_examples * 3 // 2)


class Kind(NamedTuple):
    """A kind of record: a target of it, its id, the fields that end its clock, and what follows in time."""

    target: str
    id: str
    ends: tuple[tuple[str, str], ...]
    others: Row


KINDS = {
    "cases": Kind(
        "decided-or-allocated-20wd", "case_id", (("decided_at", "met"),) * 2 + (("withdrawn_at", "excluded"),), {}
    ),
    "requests": Kind("service-complaints-20wd", "request_id", (("answered_at", "met"),), {"kind": "service-complaint"}),
    "written_contacts": Kind("written-contacts-3wd", "contact_id", (("handled_at", "met"),), {}),
}


def stands(events: list[Row], until: datetime) -> bool:
    """Tell whether a clock stands still after all that happened before a time, one event after the other."""
    told = {(_moment(row["at"]), row["event"] == "resumed", row["reason"] or "~") for row in events}
    open_: set[str] = set()
    for moment, resumes, reason in sorted(told):
        if moment >= until:
            continue
        if not resumes:
            open_.add(reason)
        elif reason in open_ and reason != "~":
            open_.remove(reason)
        else:
            open_.clear()
    return bool(open_)


class Clock(NamedTuple):
    """One clock for the plain loop: its start, its end, the day to measure at, and the events that were known."""

    start: date
    end: date | None
    as_of: date
    events: list[Row]
    working_days: bool
    day_1: bool
    rolls: bool

    def stands(self, day: date) -> bool:
        """Tell whether the clock stands still at the close of a day."""
        return (self.end is None or day < self.end) and stands(self.events, datetime.combine(day + DAY, time()))

    def due_days(self) -> Iterator[date | None]:
        """Give the due days of 0, 1, 2 … days, None where there is none yet; as far as the clock is known to run."""
        day = self.start - DAY if self.day_1 else self.start
        yield self.rolled(day)
        while True:
            day += DAY
            if day > self.as_of and self.stands(day):
                return
            if (not self.working_days or is_working_day(day)) and not self.stands(day):
                yield self.rolled(day)

    def rolled(self, day: date) -> date | None:
        """Give the first working day from one on on which the clock runs, where due days roll."""
        while self.rolls and (not is_working_day(day) or self.stands(day)):
            if day > self.as_of and self.stands(day):
                return None
            day += DAY
        return day

    def judged(self, allowed: int) -> tuple[int, date | None, bool]:
        """Give how many days elapsed, when it was due, and whether it ended or stands in time."""
        last, elapsed, due = self.end or self.as_of, None, None
        number = -1
        for number, day in enumerate(self.due_days()):
            due = day if number == allowed else due
            elapsed = number if elapsed is None and (day is None or day >= last) else elapsed
            if number >= allowed and elapsed is not None:
                break
        return number + 1 if elapsed is None else elapsed, due, due is None or last <= due


def _moment(at: date | datetime) -> datetime:
    return at if isinstance(at, datetime) else datetime.combine(at, time())


SPRING = date(2024, 3, 20)
days = st.integers(0, 75).map(lambda number: SPRING + number * DAY)
hours = st.sampled_from([time(0), time(9), time(9, 30), time(23, 59, 59)])
reasons = st.sampled_from([None, None, "x", "y"])
words = st.sampled_from(["paused", "paused", "resumed", "contact"])
CLOCKS = [("20 working days", 20), ("3 working days", 3), ("4 weeks", 28), ("< 1 weeks", 6), ("10 calendar days", 10)]
ids = st.sampled_from(["case_id", "request_id", "contact_id"])


def near(*moments: Any, step: timedelta) -> st.SearchStrategy[Any]:
    """Choose a moment at, or a step or two beside, one of some, where a pause may make a difference."""
    return st.builds(
        lambda moment, steps: moment + steps * step, st.sampled_from([*filter(None, moments)]), st.integers(-2, 2)
    )


@st.composite
def logs(draw: st.DrawFn, name: str, when: st.SearchStrategy[date], *, timed: bool, of: str) -> list[Row]:
    """Make the log of a record; all of its times are dates, or all are timestamps. Some events name another one too."""
    found = []
    for _ in range(draw(st.integers(0, 7))):
        day, word, reason = draw(days | when), draw(words), draw(reasons)
        at = datetime.combine(day, draw(hours)) if timed else day
        recorded = draw(st.sampled_from([None, None, None, day, day + 3 * DAY, day + 30 * DAY]))
        row = {"case_id": None, "request_id": None, "contact_id": None, draw(st.just(of) | ids): "A", of: name}
        found.append({**row, "event": word, "at": at, "reason": reason, "recorded_at": recorded})
    return found


def is_of(row: Row, own: str, name: str) -> bool:
    """Tell whether a pause is of a record; of a case it is where it names no other record."""
    others = [row[other] for other in ("request_id", "contact_id")] if own == "case_id" else []
    return bool(row[own] == name and not any(others))


def scheme_of(kind: str, limit: str, **options: str) -> Scheme:
    return load_scheme("lgsco").with_target(KINDS[kind].target, limit=limit, clock={"pauses": "allowed", **options})


@laws
@given(data=st.data(), rule=st.sampled_from(CLOCKS), as_of=days.map(lambda day: day + 12 * DAY), timed=st.booleans(),
       day_1=st.booleans(), rolls=st.booleans(), of=st.sampled_from([*KINDS]))  # fmt: skip
def test_against_a_loop_that_walks_the_days(
    data: st.DataObject, rule: tuple[str, int], as_of: date, timed: bool, day_1: bool, rolls: bool, of: str
) -> None:
    (limit, allowed), names, kind = rule, "ABC", KINDS[of]
    working_days = "working" in limit
    rolls &= not working_days
    logged: list[Row] = []
    records, expected = [], {}
    for name in names:
        start = min(data.draw(days), as_of)
        took = data.draw(st.none() | st.integers(0, 60))
        end = None if took is None else start + took * DAY
        how, in_time = data.draw(st.sampled_from(kind.ends))
        ends = dict.fromkeys(field for field, _ in kind.ends)
        records.append({kind.id: name, "received_at": start, **kind.others, **ends, how: end})
        end = None if end is None or end > as_of else end
        due = Clock(start, end, as_of, [], working_days, day_1, rolls).judged(allowed)[1]
        log = data.draw(logs(name, near(start, end, due, as_of, step=DAY), timed=timed, of=kind.id))
        logged += log
        known = [
            row
            for row in log
            if is_of(row, kind.id, name)
            and row["event"] != "contact"
            and _moment(row["at"]).date() <= as_of
            and (row["recorded_at"] is None or row["recorded_at"] <= as_of)
        ]
        net, gross = (
            Clock(start, end, as_of, events, working_days, day_1, rolls).judged(allowed) for events in (known, [])
        )
        ways = (in_time, "late") if end else ("pending", "overdue")
        status, as_if = (ways[not kept] for _, _, kept in (net, gross))
        cured = status in {"met", "pending"} and status != as_if
        expected[name] = status, net[0], gross[0], net[1], f"{as_if} without pauses" if cured else ""
    options = {"day_of_receipt": "day 1"} if day_1 else {}
    options |= {"non_working_due": "next working day"} if rolls else {}
    nothing = [{kind.id: "", "event": "contact", "at": SPRING}]
    events = data.draw(st.permutations(logged)) or nothing
    scheme = scheme_of(of, limit, **options)
    given_: dict[str, Any] = {of: records, "events": events}
    rows = assess(scheme, **given_, as_of=as_of, targets=kind.target)
    assert {
        row["id"]: (row["status"], int(row["elapsed"]), int(row["elapsed_gross"]), _day(row["due"]), _told(row))
        for row in rows.to_dict("records")
    } == expected


class Steps(NamedTuple):
    """One clock for a loop over half hours, in numbers of them from a Monday on."""

    start: int
    end: int | None
    as_of: int
    stood: list[bool]  # in each half hour

    def judged(self, allowed: int) -> tuple[int, int | None, bool]:
        """Give for how long it ran, when it was due, and whether it ended or stands in time."""
        last = self.as_of if self.end is None else self.end
        ran = sum(not self.stood[step] for step in range(self.start, last))
        step, left = self.start, allowed
        while left or self.stood[step]:  # the last moment in time is that at which it runs again
            if step >= len(self.stood) - 1:
                return ran, None, ran <= allowed
            left -= not self.stood[step]
            step += 1
        return ran, step, ran <= allowed


MONDAY = datetime(2024, 1, 15)  # noqa: DTZ001
steps = st.integers(0, 60)


@laws
@given(data=st.data(), as_of=st.integers(20, 60), allowed=st.integers(1, 8), of=st.sampled_from(["cases", "requests"]))
def test_hours_stand_still_by_the_instant(data: st.DataObject, as_of: int, allowed: int, of: str) -> None:
    kind = KINDS[of]
    field = kind.ends[0][0]
    start = data.draw(st.integers(0, as_of))
    end = data.draw(st.none() | st.integers(start, 60))
    beside = st.sampled_from([start, as_of, start + 2 * allowed, *([] if end is None else [end])])
    events: list[Row] = [
        {kind.id: "A", "event": word, "at": MONDAY + at * HALF_HOUR, "reason": reason}
        for word, at, reason in data.draw(st.lists(st.tuples(words, steps | beside, reasons), max_size=7))
    ]
    known = [row for row in events if row["event"] != "contact" and row["at"] <= MONDAY + as_of * HALF_HOUR]
    record: Row = {kind.id: "A", "received_at": MONDAY + start * HALF_HOUR, **kind.others}
    record |= {**dict.fromkeys(name for name, _ in kind.ends), field: end and MONDAY + end * HALF_HOUR}
    end = None if end is None or end > as_of else end
    last = as_of if end is None else end
    stood = [stands(known, MONDAY + (step + 1) * HALF_HOUR) and (end is None or step < last) for step in range(200)]
    ran, due, in_time = Steps(start, end, as_of, stood).judged(2 * allowed)
    gross = (last - start) / 2
    given_: dict[str, Any] = {of: [record], "events": events or [{kind.id: "A", "event": "contact", "at": MONDAY}]}
    scheme = scheme_of(of, f"{allowed} hours")
    rows = assess(scheme, **given_, as_of=MONDAY + as_of * HALF_HOUR, targets=kind.target)
    (row,) = rows.to_dict("records")
    assert (row["elapsed"], row["elapsed_gross"]) == (ran / 2, gross)
    assert row["status"] == (("met", "late") if end is not None else ("pending", "overdue"))[not in_time]
    assert (None if pd.isna(row["due"]) else (row["due"] - MONDAY) / HALF_HOUR) == due


@laws
@given(data=st.data(), months=st.integers(1, 2), less_than=st.booleans(), as_of=days.map(lambda day: day + 20 * DAY),
       day_1=st.booleans(), rolls=st.booleans())  # fmt: skip
def test_months_stand_still_by_the_day(
    data: st.DataObject, months: int, less_than: bool, as_of: date, day_1: bool, rolls: bool
) -> None:
    start = min(data.draw(days | st.sampled_from([date(2024, 1, 31), date(2024, 2, 29)])), as_of)
    took = data.draw(st.none() | st.integers(0, 100))
    end = None if took is None or start + took * DAY > as_of else start + took * DAY
    log = data.draw(logs("A", near(start, end, as_of, start + 29 * DAY, step=DAY), timed=False, of="case_id"))
    known = [row for row in log if is_of(row, "case_id", "A") and row["event"] != "contact" and row["at"] <= as_of]
    known = [row for row in known if row["recorded_at"] is None or row["recorded_at"] <= as_of]
    clock = Clock(start, end, as_of, known, working_days=False, day_1=day_1, rolls=rolls)
    due = {number: (start + relativedelta(months=number) - start).days for number in range(8)}
    _, due_day, in_time = clock.judged(due[months] - less_than)
    ends = [(number, clock.judged(allowed)[1]) for number, allowed in due.items()]
    elapsed = next(number for number, day in ends if day is None or day >= (end or as_of))
    options = {"day_of_receipt": "day 1"} if day_1 else {}
    options |= {"non_working_due": "next working day"} if rolls else {}
    scheme = scheme_of("cases", f"{'< ' if less_than else ''}{months} months", **options)
    cases = [{"case_id": "A", "received_at": start, "decided_at": end, "withdrawn_at": None}]
    events = log or [{"case_id": "A", "event": "contact", "at": SPRING}]
    (row,) = assess(scheme, cases=cases, events=events, as_of=as_of, targets=KINDS["cases"].target).to_dict("records")
    assert row["status"] == (("met", "late") if end else ("pending", "overdue"))[not in_time]
    assert (int(row["elapsed"]), _day(row["due"])) == (elapsed, due_day)


OPENING = {day: ["09:00", "17:00"] for day in ("monday", "tuesday", "wednesday", "friday")}
WEEK = [step for step in range(7 * 48) if step // 48 in {0, 1, 2, 4} and 18 <= step % 48 < 34]  # open half hours
open_times = st.sampled_from(WEEK)


@laws
@given(data=st.data(), as_of=open_times | st.integers(40, 7 * 48), allowed=st.integers(1, 10))
def test_working_hours_stand_still_by_the_instant(data: st.DataObject, as_of: int, allowed: int) -> None:
    start = min(as_of, data.draw(st.integers(0, 100)))
    end = data.draw(st.none() | open_times | st.integers(start, 7 * 48))
    end = None if end is None or not start <= end <= as_of else end
    events: list[Row] = [  # while the office is open: what the clock stood still for while it was closed is all one
        {"contact_id": "A", "event": word, "at": MONDAY + at * HALF_HOUR, "reason": reason}
        for word, at, reason in data.draw(st.lists(st.tuples(words, open_times, reasons), max_size=7))
    ]
    known = [row for row in events if row["event"] != "contact" and row["at"] <= MONDAY + as_of * HALF_HOUR]
    last = as_of if end is None else end
    closed = [step % (7 * 48) not in WEEK for step in range(6 * 7 * 48)]
    stood = [
        stands(known, MONDAY + (step + 1) * HALF_HOUR) and (end is None or step < last) for step in range(len(closed))
    ]
    ran = sum(not closed[step] and not stood[step] for step in range(start, last))
    due, left = start, 2 * allowed
    while due < len(closed) and (left or stood[due]):
        left -= not closed[due] and not stood[due]
        due += 1
    found_due = due if due < len(closed) else None
    scheme = Scheme.model_validate(
        {**load_scheme("lgsco").model_dump(mode="json", exclude_unset=True), "opening": OPENING}
    )
    scheme = scheme.with_target("written-contacts-3wd", limit=f"{allowed} working hours", clock={"pauses": "allowed"})
    record = {"contact_id": "A", "received_at": MONDAY + start * HALF_HOUR}
    record["handled_at"] = None if end is None else MONDAY + end * HALF_HOUR
    rows = assess(
        scheme, written_contacts=[record], events=events or [{"contact_id": "A", "event": "contact", "at": MONDAY}],
        as_of=MONDAY + as_of * HALF_HOUR, targets="written-contacts-3wd",
    )  # fmt: skip
    (row,) = rows.to_dict("records")
    assert row["elapsed"] == ran / 2
    assert (None if pd.isna(row["due"]) else (row["due"] - MONDAY) / HALF_HOUR) == found_due
    in_time = found_due is None or last <= found_due
    assert row["status"] == (("met", "late") if end is not None else ("pending", "overdue"))[not in_time]


def _day(moment: Any) -> date | None:
    return None if pd.isna(moment) else moment.date()


def _told(row: dict[Any, Any]) -> str:
    return str(row["reason"]) if row["status"] in {"met", "pending"} else ""
