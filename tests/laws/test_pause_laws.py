"""Clocks that stand still, against a loop that walks the days one by one, and through the events one by one."""

import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import assess, load_scheme

sys.path.append(str(Path(__file__).parent))
from plain_loop import is_working_day

TARGET = "decided-or-allocated-20wd"
DAY = timedelta(days=1)

Row = dict[str, Any]
laws = settings(max_examples=settings().max_examples * 3 // 2)


class Clock(NamedTuple):
    """One clock for the plain loop: its start, its end, the day to measure at, and the events that were known."""

    start: date
    end: date | None
    as_of: date
    events: list[Row]
    working_days: bool
    day_1: bool

    def stands(self, day: date) -> bool:
        """Tell whether the clock stands still at the close of a day, one event after the other."""
        if self.end is not None and day >= self.end:
            return False
        open_: list[str | None] = []
        for row in sorted(self.events, key=lambda row: (_moment(row["at"]), row["event"] == "resumed")):
            if _moment(row["at"]).date() > day:
                continue
            if row["event"] == "paused":
                open_.append(row["reason"])
            else:
                open_ = [item for item in open_ if None not in {item, row["reason"]} and item != row["reason"]]
        return bool(open_)

    def due_days(self) -> Iterator[date]:
        """Give the due days of 0, 1, 2 … days, as far as they are known."""
        day = self.start - DAY if self.day_1 else self.start
        yield day
        while True:
            day += DAY
            if day > self.as_of and self.stands(day):
                return
            if (not self.working_days or is_working_day(day)) and not self.stands(day):
                yield day

    def judged(self, allowed: int) -> tuple[int, date | None, bool]:
        """Give how many days elapsed, when it was due, and whether it ended or stands in time."""
        last, elapsed, due = self.end or self.as_of, None, None
        number = -1
        for number, day in enumerate(self.due_days()):
            due = day if number == allowed else due
            elapsed = number if elapsed is None and day >= last else elapsed
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


@st.composite
def logs(draw: st.DrawFn, name: str, *, timed: bool) -> list[Row]:
    """Make the log of a case; all of its times are dates, or all are timestamps."""
    found = []
    for _ in range(draw(st.integers(0, 7))):
        day, word, reason = draw(days), draw(words), draw(reasons)
        at = datetime.combine(day, draw(hours)) if timed else day
        recorded = draw(st.sampled_from([None, None, None, day, day + 3 * DAY, day + 30 * DAY]))
        found.append({"case_id": name, "event": word, "at": at, "reason": reason, "recorded_at": recorded})
    return found


@laws
@given(data=st.data(), rule=st.sampled_from(CLOCKS), as_of=days.map(lambda day: day + 12 * DAY), timed=st.booleans(),
       day_1=st.booleans())  # fmt: skip
def test_against_a_loop_that_walks_the_days(
    data: st.DataObject, rule: tuple[str, int], as_of: date, timed: bool, day_1: bool
) -> None:
    (limit, allowed), names = rule, "ABC"
    logged = [row for name in names for row in data.draw(logs(name, timed=timed))]
    cases, expected = [], {}
    for name in names:
        start = min(data.draw(days), as_of)
        took = data.draw(st.none() | st.integers(0, 60))
        end = None if took is None else start + took * DAY
        how = data.draw(st.sampled_from(["decided_at", "decided_at", "withdrawn_at"]))
        cases.append({"case_id": name, "received_at": start, "decided_at": None, "withdrawn_at": None, how: end})
        end = None if end is None or end > as_of else end
        known = [
            row
            for row in logged
            if row["case_id"] == name
            and row["event"] != "contact"
            and _moment(row["at"]).date() <= as_of
            and (row["recorded_at"] is None or row["recorded_at"] <= as_of)
        ]
        net, gross = (
            Clock(start, end, as_of, events, "working" in limit, day_1).judged(allowed) for events in (known, [])
        )
        ways = {"": ("pending", "overdue"), "decided_at": ("met", "late"), "withdrawn_at": ("excluded", "late")}
        status, as_if = (ways[how if end else ""][not in_time] for _, _, in_time in (net, gross))
        cured = status in {"met", "pending"} and status != as_if
        expected[name] = status, net[0], gross[0], net[1], f"{as_if} without pauses" if cured else ""
    options = {"day_of_receipt": "day 1"} if day_1 else {}
    log = data.draw(st.permutations(logged)) or [{"case_id": "", "event": "contact", "at": SPRING}]
    scheme = load_scheme("lgsco").with_target(TARGET, limit=limit, clock={"pauses": "allowed", **options})
    rows = assess(scheme, cases=cases, events=log, as_of=as_of, targets=TARGET)
    assert {
        row["id"]: (row["status"], int(row["elapsed"]), int(row["elapsed_gross"]), _day(row["due"]), _told(row))
        for row in rows.to_dict("records")
    } == expected


def _day(moment: Any) -> date | None:
    return None if pd.isna(moment) else moment.date()


def _told(row: dict[Any, Any]) -> str:
    return str(row["reason"]) if row["status"] in {"met", "pending"} else ""
