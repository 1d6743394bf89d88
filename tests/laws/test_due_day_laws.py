"""Several limits and extensions against a plain loop: one record at a time, one day after another."""

import sys
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, assess, deadlines, measure

sys.path.append(str(Path(__file__).parent))
from plain_loop import Rules, day_by_day, day_received, status_of

laws = settings(max_examples=settings().max_examples * 2)
Row = dict[str, Any]
ONE_DAY = timedelta(days=1)
EARLY = date(1850, 1, 1)  # a day that no calendar covers
UNREAL = "2024-02-30"


class Amount(NamedTuple):
    """So many of a unit."""

    number: int
    unit: str
    less_than: bool = False

    def __str__(self) -> str:
        return f"{'< ' if self.less_than else ''}{self.number} {self.unit}"

    def rules(self, clock: Row) -> Rules:
        return Rules(
            self.number, self.unit, self.less_than,
            receipt_is_day_1="day_of_receipt" in clock,
            deemed_next_working_day="non_working_receipt" in clock,
            due_day_rolls=self.unit != "working days" and "non_working_due" in clock,
        )  # fmt: skip

    def due(self, start: date, clock: Row) -> date:
        rules = self.rules(clock)
        days = self.number * (7 if self.unit == "weeks" else 1) - self.less_than
        return next(islice(day_by_day(day_received(start, rules), rules), days, None))


class Entry(NamedTuple):
    """One of several limits: the sooner of some amounts, for records of a kind that started between two days."""

    amounts: tuple[Amount, ...]
    level: str | None
    first: date | None
    last: date | None

    @property
    def written(self) -> Row:
        limit: Any = str(self.amounts[0])
        if len(self.amounts) > 1:
            limit = {"earlier": [str(amount) for amount in self.amounts]}
        tests = {"from": self.first, "until": self.last, "where": self.level and {"level": self.level}}
        return {"limit": limit, **{name: value for name, value in tests.items() if value is not None}}

    def holds(self, record: Row, start: date) -> bool:
        return (
            (self.level is None or record["level"] == self.level)
            and (self.first is None or start >= self.first)
            and (self.last is None or start <= self.last)
        )


AMOUNTS = st.builds(
    Amount, st.integers(1, 25), st.sampled_from(["working days", "calendar days", "weeks"]), st.booleans()
)
DAYS = st.integers(0, 90).map(lambda shift: date(2024, 3, 1) + timedelta(days=shift))
ENTRIES = st.builds(
    Entry,
    st.lists(AMOUNTS, min_size=1, max_size=3).map(tuple),
    st.sampled_from([None, "high", "low"]),
    st.none() | st.just(date(2024, 3, 20)),
    st.none() | st.just(date(2024, 4, 10)),
)
CLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "day_of_receipt": st.just("day 1"),
        "non_working_receipt": st.just("next working day"),
        "non_working_due": st.just("next working day"),
    },
)
EXTENSIONS = st.one_of(
    st.none(),
    st.fixed_dictionaries({"to": st.just("extended_to_at")}, optional={"agreed": st.just("extended_at"),
                                                                      "at_most": AMOUNTS}),
    st.fixed_dictionaries({"where": st.just({"extended": "yes"}), "limit": AMOUNTS},
                          optional={"agreed": st.just("extended_at")}),
)  # fmt: skip
RECORDS = st.fixed_dictionaries(
    {
        "received_at": DAYS,
        "decided_at": st.none() | DAYS,
        "withdrawn_at": st.sampled_from([None, None, None, date(2024, 4, 26), date(2024, 5, 15)]),
        "level": st.sampled_from(["high", "low", "other", None]),
        "extended_to_at": st.none() | DAYS | st.sampled_from([EARLY, UNREAL]),
        "extended_at": st.none() | DAYS | st.just(UNREAL),
        "extended": st.sampled_from(["yes", "no", None]),
    }
)


FIRST: Row = dict.fromkeys(("decided_at", "withdrawn_at", "level", "extended_to_at", "extended_at", "extended"))
FIRST |= {"received_at": date(2024, 3, 1)}  # so that something had begun


class Verdict(NamedTuple):
    """What one record says, and when it is due."""

    status: str
    due: date | None
    marks: tuple[bool, bool, bool]  # in time by extension alone, agreed for longer than allowed, agreed too late


def judge(record: Row, entries: list[Entry], extension: Row | None, clock: Row, as_of: date) -> Verdict:
    """Judge one record as the rules say it."""
    nothing = False, False, False
    start = day_received(record["received_at"], entries[0].amounts[0].rules(clock))
    if record["received_at"] > as_of or start > as_of:
        return Verdict("excluded", None, nothing)
    endings = [(record["decided_at"], "stopped"), (record["withdrawn_at"], "withdrawn")]
    ended, kind = min(
        ((day, kind) for day, kind in endings if day is not None and day <= as_of),
        key=lambda pair: pair[0],
        default=(as_of, "open"),
    )
    if ended < record["received_at"]:
        return Verdict("invalid", None, nothing)
    agreed = record["extended_at"] if extension and "agreed" in extension else None
    to = record["extended_to_at"] if extension and "to" in extension else None
    if UNREAL in (agreed, to) or to == EARLY:
        return Verdict("invalid", None, nothing)
    entry = next((entry for entry in entries if entry.holds(record, start)), None)
    if entry is None:
        return Verdict("excluded", None, nothing)
    first = min(amount.due(record["received_at"], clock) for amount in entry.amounts)
    due, longer, too_late = first, False, False
    further: Amount | None = (extension or {}).get("limit") or (extension or {}).get("at_most")
    rolls = {name: clock[name] for name in clock if name == "non_working_due"}
    end = None if further is None else further.due(first, rolls)
    has_one = extension is not None and (record["extended"] == "yes" if "limit" in extension else to is not None)
    if has_one and (agreed is None or agreed <= as_of):
        if agreed is not None and agreed > first:
            too_late = True
        else:
            days = [day for day in (to, end) if day is not None]
            longer = to is not None and to > min(days)
            due = max(first, min(days))
    before, after = (status_of(kind, ended <= day, "late") for day in (first, due))
    missed = {"late", "overdue"}
    return Verdict(after, due, (before in missed and after not in missed, longer, too_late and after in missed))


def scheme_with(entries: list[Entry], extension: Row | None, clock: Row) -> Scheme:
    written = extension and {name: str(it) if isinstance(it, Amount) else it for name, it in extension.items()}
    target = {
        "id": "own", "says": "As we say", "of": "cases", "start": "received_at", "stop": "decided_at",
        "cohort": "received", "limit": [entry.written for entry in entries], "clock": clock,
        **({"extension": written} if written else {}),
    }  # fmt: skip
    return Scheme.model_validate(
        {"id": "s", "title": "S", "source": "A notice", "division": "england-and-wales", "targets": [target]}
    )


@st.composite
def schemes(draw: st.DrawFn) -> tuple[list[Entry], Row | None, Row]:
    """Draw some limits of which only the last may hold for all, an extension, and the options of the clock."""
    entries = draw(st.lists(ENTRIES, min_size=1, max_size=4))
    plain = [place for place, entry in enumerate(entries) if entry[1:] == (None, None, None)]
    entries = entries[: plain[0] + 1] if plain else entries
    clock = draw(CLOCKS)
    if not any(amount.unit != "working days" for entry in entries for amount in entry.amounts):
        clock.pop("non_working_due", None)
    return entries, draw(EXTENSIONS), clock


def found_in(frame: pd.DataFrame) -> list[Verdict]:
    """Read outcomes as verdicts; what isn't judged has no due day worth comparing."""
    found = []
    for status, reason, due in zip(frame["status"], frame["reason"], frame["due"], strict=True):
        words = "by extension" in reason or "without its extension" in reason
        marks = words, "longer than allowed" in reason, "after it was due" in reason and "agreed" in reason
        judged = status not in {"invalid"} and not reason.startswith(("not yet", "no limit"))
        found.append(Verdict(status, due.date() if judged else None, marks))
    return found


@laws
@given(schemes(), st.lists(RECORDS, min_size=1, max_size=12), st.integers(0, 120))
def test_outcomes_are_those_of_the_plain_loop(
    declared: tuple[list[Entry], Row | None, Row], records: list[Row], shift: int
) -> None:
    as_of = date(2024, 3, 10) + timedelta(days=shift)
    scheme = scheme_with(*declared)
    records = [*records, FIRST]
    rows = [{"case_id": f"C{place}", **record} for place, record in enumerate(records)]
    expected = [judge(record, *declared, as_of) for record in records]
    assert found_in(assess(scheme, cases=rows, as_of=as_of)) == expected
    (row,) = measure(scheme, cases=rows, as_of=as_of, every=None).rows
    statuses = [verdict.status for verdict in expected]
    counts = {"met": row.met, "pending": row.pending, "excluded": row.excluded, "invalid": row.invalid}
    assert counts == {name: statuses.count(name) for name in counts}
    met = sum(verdict.status == "met" and not verdict.marks[0] for verdict in expected)
    missed = sum(verdict.status in {"late", "overdue"} or verdict.marks[0] for verdict in expected)
    if declared[1] is not None and met + missed:
        assert row.details["by_extension"] == (row.met or 0) - met
        assert row.details["without_extensions"] * (met + missed) == met


@laws
@given(schemes(), RECORDS, st.integers(0, 120))
def test_a_deadline_has_the_same_due_day_and_status_and_explains_both_dates(
    declared: tuple[list[Entry], Row | None, Row], record: Row, shift: int
) -> None:
    as_of = date(2024, 3, 10) + timedelta(days=shift)
    expected = judge(record, *declared, as_of)
    found = deadlines(scheme_with(*declared), {"case_id": "A", **record}, as_of=as_of)
    if expected.status == "excluded":
        assert not found
        return
    (item,) = found
    assert item.status == expected.status
    if item.status == "invalid":
        return
    text = item.explain()
    assert item.due is not None
    assert item.due == expected.due
    assert (item.first_due is not None) == ("Extended to" in text)
    assert (item.first_due or item.due) <= item.due
