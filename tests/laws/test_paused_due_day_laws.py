"""Several limits, months and extensions of clocks that stand still, against loops that walk the days one by one."""

import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, assess, deadlines

sys.path.append(str(Path(__file__).parent))
from test_pause_laws import Clock, Row, _day, days, is_of, logs, near

laws = settings(max_examples=settings().max_examples * 3 // 2)
DAY = timedelta(days=1)


class Amount(NamedTuple):
    """So many of a unit."""

    number: int
    unit: str
    less_than: bool = False

    def __str__(self) -> str:
        return f"{'< ' if self.less_than else ''}{self.number} {self.unit}"

    def days_from(self, start: date) -> int:
        """The days that it has if nothing stands still, working days or others: a month has those of its start."""
        whole = {"weeks": 7 * self.number, "months": (start + relativedelta(months=self.number) - start).days}
        return whole.get(self.unit, self.number) - self.less_than


class Rules(NamedTuple):
    """What a target says: the amounts of which the sooner holds where a level is high, and elsewhere; an extension."""

    high: tuple[Amount, ...]
    others: tuple[Amount, ...]
    extension: Row | None
    day_1: bool
    rolls: bool


class Verdict(NamedTuple):
    """What is found of a record."""

    due: date | None
    in_time: bool
    without: bool  # in time without its extension
    longer: bool
    too_late: bool


def due_by(amount: Amount, start: date, of: Clock) -> date | None:
    """The day on which a clock is due by one amount; None while it stands still."""
    clock = of._replace(start=start, working_days=amount.unit == "working days")
    return clock._replace(rolls=of.rolls and not clock.working_days).judged(amount.days_from(start))[1]


def sooner(amounts: tuple[Amount, ...], of: Clock) -> date | None:
    """The sooner of some due days; one that isn't there yet comes later than any that is."""
    return min((due for amount in amounts if (due := due_by(amount, of.start, of)) is not None), default=None)


def plain(due: date | None, in_time: bool) -> Verdict:
    """The verdict without an extension."""
    return Verdict(due, in_time, in_time, False, False)


def judge(record: Row, rules: Rules, of: Clock) -> Verdict:
    """Judge one record as the rules say it."""
    extension, last = rules.extension, of.end or of.as_of
    first = sooner(rules.high if record["level"] == "high" else rules.others, of)
    if first is None or extension is None:
        return plain(first, first is None or last <= first)
    agreed = record["extended_at"] if "agreed" in extension else None
    to = record["extended_to_at"] if "to" in extension else None
    has_one = record["extended"] == "yes" if to is None and "limit" in extension else to is not None
    if not has_one or (agreed is not None and agreed > of.as_of):
        return plain(first, last <= first)
    if agreed is not None and agreed > first:
        return plain(first, last <= first)._replace(too_late=True)
    on = of._replace(day_1=False)
    if to is None:
        due = due_by(extension["limit"], first, on)
        return Verdict(due, due is None or last <= due, last <= first, False, False)
    furthest = due_by(extension["at_most"], first, on._replace(events=[])) if "at_most" in extension else to
    assert furthest is not None
    due = max(first, min(to, furthest))
    return Verdict(due, last <= due, last <= first, to > furthest, False)


UNITS = ["working days", "calendar days", "weeks", "months"]
amounts = st.sampled_from(UNITS).flatmap(
    lambda unit: st.builds(
        Amount, st.integers(1, {"weeks": 4, "months": 2}.get(unit, 20)), st.just(unit), st.booleans()
    )
)
several = st.lists(amounts, min_size=1, max_size=2).map(tuple)
extensions = st.one_of(
    st.none(),
    st.fixed_dictionaries({"where": st.just({"extended": "yes"}), "limit": amounts},
                          optional={"agreed": st.just("extended_at")}),
    st.fixed_dictionaries({"to": st.just("extended_to_at")},
                          optional={"agreed": st.just("extended_at"), "at_most": amounts}),
)  # fmt: skip
rules_of = st.builds(Rules, several, several, extensions, st.booleans(), st.booleans())


def scheme_of(rules: Rules) -> Scheme:
    entries = []
    for where, some in (({"level": "high"}, rules.high), ({}, rules.others)):
        limit = {"earlier": [str(item) for item in some]} if len(some) > 1 else str(some[0])
        entries.append({"where": where, "limit": limit} if where else {"limit": limit})
    clock = {"pauses": "allowed", **({"day_of_receipt": "day 1"} if rules.day_1 else {})}
    clock |= {"non_working_due": "next working day"} if rules.rolls else {}
    extension = {key: str(it) if isinstance(it, Amount) else it for key, it in (rules.extension or {}).items()}
    target = {
        "id": "own", "says": "As we say", "of": "cases", "start": "received_at", "stop": "decided_at", "clock": clock,
        "cohort": "received", "limit": entries, **({"extension": extension} if extension else {}),
    }  # fmt: skip
    return Scheme.model_validate(
        {"id": "s", "title": "S", "source": "A notice", "division": "england-and-wales", "targets": [target]}
    )


def told(found: Verdict, gross: Verdict, end: date | None) -> tuple[str, set[str]]:
    """The status of a verdict, and what its reason says."""
    ways = ("met", "late") if end else ("pending", "overdue")
    status, words = ways[not found.in_time], set()
    if found.in_time and not found.without:
        words.add("by extension" if end else "overdue without its extension")
    if found.in_time and not gross.in_time:
        words.add(f"{ways[1]} without pauses")
    words |= {"agreed for longer than allowed"} if found.longer else set()
    words |= {"extension agreed after it was due"} if found.too_late and not found.in_time else set()
    return status, words


@laws
@given(data=st.data(), rules=rules_of, as_of=days.map(lambda day: day + 20 * DAY))
def test_against_a_loop_that_walks_the_days(data: st.DataObject, rules: Rules, as_of: date) -> None:
    rules = rules._replace(
        rolls=rules.rolls and any(item.unit != "working days" for item in (*rules.high, *rules.others))
    )
    cases, logged, expected, events_of = [], [], {}, {}
    for name in "ABC":
        start = min(data.draw(days), as_of)
        took = data.draw(st.none() | st.integers(0, 80))
        end = None if took is None or start + took * DAY > as_of else start + took * DAY
        record: Row = {
            "case_id": name, "received_at": start, "decided_at": end,
            "level": data.draw(st.sampled_from(["high", "low"])),
            "extended": data.draw(st.sampled_from(["yes", "yes", "no", None])),
            "extended_to_at": data.draw(st.none() | days.map(lambda day: day + 20 * DAY)),
            "extended_at": data.draw(st.none() | days),
        }  # fmt: skip
        clock = Clock(start, end, as_of, [], working_days=False, day_1=rules.day_1, rolls=rules.rolls)
        gross = judge(record, rules, clock)
        log = data.draw(logs(name, near(start, end, gross.due, as_of, step=DAY), timed=False, of="case_id"))
        events_of[name] = [row for row in log if is_of(row, "case_id", name)]
        known = [
            row
            for row in events_of[name]
            if row["event"] != "contact" and max(row["at"], row["recorded_at"] or row["at"]) <= as_of
        ]
        found = judge(record, rules, clock._replace(events=known))
        expected[name] = (*told(found, gross, end), found.due)
        cases.append(record)
        logged += log
    scheme = scheme_of(rules)
    events = data.draw(st.permutations(logged)) or [{"case_id": "", "event": "contact", "at": as_of}]
    rows = assess(scheme, cases=cases, events=events, as_of=as_of).to_dict("records")
    found_in = {
        row["id"]: (row["status"], set(filter(None, row["reason"].split(", "))), _day(row["due"])) for row in rows
    }
    assert found_in == expected
    one = cases[0]
    (item,) = deadlines(scheme, one, events=events_of["A"], as_of=as_of)
    assert (item.status, item.due) == (expected["A"][0], expected["A"][2])
    if item.due is not None:
        assert (item.left is not None and item.left < 0) == (item.status in {"late", "overdue"})
    else:
        assert item.left is not None
        assert item.left >= 0
    assert item.explain()


@laws
@given(data=st.data(), limit=amounts, day_1=st.booleans())
def test_as_much_is_left_on_each_day_on_which_a_clock_stands_still(
    data: st.DataObject, limit: Amount, day_1: bool
) -> None:
    start = data.draw(days)
    rules = Rules((limit,), (limit,), None, day_1, rolls=False)
    first = start + data.draw(st.integers(1, 20)) * DAY
    due = judge({"level": "low"}, rules, Clock(start, None, start, [], False, day_1, False)).due
    if due is None or due < first:
        return
    scheme, record = scheme_of(rules), {"case_id": "A", "received_at": start, "level": "low"}
    events = [{"case_id": "A", "event": "paused", "at": datetime.combine(first, time(9))}]
    left = {
        deadlines(scheme, record, events=events, as_of=first + shift * DAY)[0].left for shift in (-1, 0, 1, 5, 30, 200)
    }
    assert len(left) == 1
