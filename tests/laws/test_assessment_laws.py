"""Outcomes against a plain loop over days, and the laws that hold for all of them."""

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, assess, load_scheme

sys.path.append(str(Path(__file__).parent))
from plain_loop import (
    Moment,
    Record,
    Rules,
    Verdict,
    day_of,
    judge_by_own_due,
    judge_in_days,
    judge_in_time,
    never_occurred,
)

CASES = "decided-or-allocated-20wd"
CALLS = "intake-calls-60s"
ORDERS = "orders-complied"

laws = settings(max_examples=settings().max_examples // 2)

Draw = Callable[[st.SearchStrategy[Any]], Any]


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco").with_target(
        ORDERS, says="in time", of="orders", stop="complied_at", limit={"field": "due_at"}, cohort="due"
    )


# Days around which something is special: bank holidays, one-offs, clock changes, ends of years.
SPECIAL = [
    date.fromisoformat(day)
    for day in (
        "2022-05-27", "2022-09-12", "2022-12-19", "2023-03-20", "2023-04-24", "2023-10-26", "2023-12-18", "2024-02-27",
        "2024-01-26", "2024-03-22", "2024-10-24",
    )
]  # fmt: skip
TIMES_OF_DAY = [
    time.fromisoformat(text)
    for text in ("00:00", "09:00", "16:59:59.999999", "17:00", "17:00:00.000001", "18:30", "23:59:59.999999")
]
ZONES = [UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=30))]


def moment(day: date, at: time, style: str) -> Moment:
    """Write a wall-clock time of London as a date, without a zone, or in one of several zones."""
    if style == "date":
        return day
    naive = datetime.combine(day, at)
    if style == "naive":
        return naive
    zone = ZONES[(day.toordinal() + at.second) % len(ZONES)]
    return pd.Timestamp(naive).tz_localize("Europe/London", ambiguous=True).to_pydatetime().astimezone(zone)


@st.composite
def rules_in_days(draw: Draw) -> Rules:
    unit = draw(st.sampled_from(["working days", "calendar days", "weeks", "months"]))
    less_than = draw(st.booleans())
    most = {"working days": 22, "calendar days": 35, "weeks": 5, "months": 12}[unit]
    return Rules(
        draw(st.integers(int(less_than), most)),
        unit,
        less_than,
        receipt_is_day_1=draw(st.booleans()),
        deemed_next_working_day=draw(st.booleans()),
        cut_off=draw(st.sampled_from([None, time(17)])),
        due_day_rolls=unit != "working days" and draw(st.booleans()),
    )


STYLES = st.sampled_from(["date", "naive", "aware"])
STARTS = st.tuples(st.sampled_from(SPECIAL), st.integers(0, 18), st.sampled_from(TIMES_OF_DAY))
ENDS = st.one_of(st.none(), st.tuples(st.integers(-1, 45), st.sampled_from(TIMES_OF_DAY)))


@st.composite
def cases(draw: Draw, *, size: int = 12) -> list[Record]:
    """Make cases around special days: decided, allocated, withdrawn, closed, in any order, or none of it."""
    system = draw(st.sampled_from(["naive", "aware"]))  # of one office: with zones throughout, or without
    styles = [draw(st.sampled_from(["date", system])) for _ in range(5)]
    found = []
    for _ in range(size):
        base, shift, at = draw(STARTS)
        day = base + timedelta(days=shift)
        ends = [draw(ENDS) for _ in range(2)] + [draw(ENDS) if draw(st.integers(0, 3)) == 0 else None for _ in range(2)]
        decided, allocated, withdrawn, closed = (
            None if end is None else moment(day + timedelta(days=end[0]), end[1], style)
            for end, style in zip(ends, styles[1:], strict=True)
        )
        found.append(Record(moment(day, at, styles[0]), (decided, allocated), (withdrawn, closed)))
    return found


@st.composite
def moments_to_measure_at(draw: Draw) -> Moment:
    base = draw(st.sampled_from([*SPECIAL, date(2025, 6, 30)]))
    day = base + timedelta(days=draw(st.integers(0, 60)))
    return moment(day, draw(st.sampled_from(TIMES_OF_DAY)), draw(STYLES))


def case_rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    return [
        {
            "case_id": f"C{place}",
            "received_at": record.start,
            "decided_at": record.stops[0],
            "allocated_at": record.stops[1],
            "withdrawn_at": record.withdrawals[0],
            "closed_at": record.withdrawals[1],
        }
        for place, record in enumerate(records)
    ]


def assess_cases(scheme: Scheme, records: Sequence[Record], rules: Rules, as_of: Moment) -> pd.DataFrame:
    changed = scheme.with_target(CASES, limit=rules.limit, clock=rules.clock)
    return assess(changed, cases=case_rows(records), as_of=as_of, targets=CASES)


def verdicts_of(rows: pd.DataFrame, per_unit: int = 1) -> list[Verdict]:
    """Read outcomes as verdicts: what isn't concerned or contradicts itself has no due day worth comparing."""
    found = []
    for status, reason, due, elapsed in zip(rows["status"], rows["reason"], rows["due"], rows["elapsed"], strict=True):
        if status == "invalid" or reason.startswith("not yet"):
            found.append(Verdict(status))
        else:
            whole = None if elapsed is pd.NA else round(elapsed * per_unit)
            found.append(Verdict(status, due.to_pydatetime(), whole))
    return found


@laws
@given(rules=rules_in_days(), records=cases(), as_of=moments_to_measure_at())
def test_limits_in_days_give_what_a_loop_over_days_gives(
    lgsco: Scheme, rules: Rules, records: list[Record], as_of: Moment
) -> None:
    found = verdicts_of(assess_cases(lgsco, records, rules, as_of))
    assert found == [judge_in_days(record, rules, as_of) for record in records]


@st.composite
def rules_in_time(draw: Draw) -> Rules:
    unit, amounts = draw(st.sampled_from([("seconds", (1, 60, 3600)), ("hours", (1, 2, 24))]))
    unanswered = draw(st.sampled_from(["late", "left out if abandoned within the limit", "left out"]))
    return Rules(draw(st.sampled_from(amounts)), unit, draw(st.booleans()), unanswered=unanswered)


# Nights on which the clocks change, and one on which they don't.
NIGHTS = [datetime.combine(date.fromisoformat(day), time()) for day in ("2024-03-31", "2024-10-27", "2024-07-01")]
WAITS = [0, 1, 59_999_999, 60_000_000, 60_000_001, 3_599_999_999, 3_600_000_000, 3_600_000_001, 7_200_000_000, -1]


@st.composite
def calls(draw: Draw, *, size: int = 12) -> list[Record]:
    """Make calls in the small hours: answered, abandoned, both or neither."""
    style = draw(st.sampled_from(["naive", "aware"]))
    found = []
    for _ in range(size):
        offered = draw(st.sampled_from(NIGHTS)) + timedelta(minutes=draw(st.integers(0, 240)))
        ends = []
        for often in (0.8, 0.3):
            waited = timedelta(microseconds=draw(st.one_of(st.sampled_from(WAITS), st.integers(-(10**8), 10**10))))
            ends.append(offered + waited if draw(st.floats(0, 1)) < often else None)
        if style == "aware":
            offered, *ends = (None if end is None else end.replace(tzinfo=UTC) for end in (offered, *ends))
        found.append(Record(offered, (ends[0],), abandoned=ends[1]))
    return found


@laws
@given(
    rules=rules_in_time(),
    records=calls(),
    as_of=st.one_of(
        st.just(date(2024, 10, 27)),
        st.just(date(2025, 1, 1)),
        st.integers(0, 300).map(lambda minute: datetime(2024, 10, 27, tzinfo=UTC) + timedelta(minutes=minute)),
    ),
)
def test_limits_in_seconds_and_hours_give_what_the_arithmetic_of_instants_gives(
    lgsco: Scheme, rules: Rules, records: list[Record], as_of: Moment
) -> None:
    scheme = lgsco.with_target(CALLS, limit=rules.limit, clock=rules.clock)
    rows = [
        {"offered_at": record.start, "answered_at": record.stops[0], "abandoned_at": record.abandoned}
        for record in records
    ]
    per_unit = 3_600_000_000 if rules.unit == "hours" else 1_000_000
    found = verdicts_of(assess(scheme, calls=rows, as_of=as_of, targets=CALLS), per_unit)
    assert found == [judge_in_time(record, rules, as_of) for record in records]


@st.composite
def orders(draw: Draw, *, size: int = 12) -> list[Record]:
    """Make orders, the dates and times of each column in one style or a mixture of two."""
    system = draw(st.sampled_from(["naive", "aware"]))
    due_styles, end_styles = (draw(st.sampled_from([["date"], [system], ["date", system]])) for _ in range(2))
    found = []
    for _ in range(size):
        base, shift, at = draw(STARTS)
        day = base + timedelta(days=shift)
        due = moment(day, at, draw(st.sampled_from(due_styles)))
        end = draw(st.one_of(st.none(), st.tuples(st.integers(-2, 2), st.sampled_from(TIMES_OF_DAY))))
        style = draw(st.sampled_from(end_styles))
        complied = None if end is None else moment(day + timedelta(days=end[0]), end[1], style)
        found.append(Record(due, (complied,), due=due))
    return found


@laws
@given(records=orders(), as_of=moments_to_measure_at(), by_the_day=st.booleans())
def test_own_due_dates_give_what_comparing_one_by_one_gives(
    lgsco: Scheme, records: list[Record], as_of: Moment, by_the_day: bool
) -> None:
    scheme = lgsco.with_target(ORDERS, clock={"own_due": "by the day"} if by_the_day else {})
    rows = [{"case_id": "C", "due_at": record.due, "complied_at": record.stops[0]} for record in records]
    found = verdicts_of(assess(scheme, orders=rows, as_of=as_of, targets=ORDERS))
    expected = [judge_by_own_due(record, as_of, by_the_day=by_the_day) for record in records]
    assert [verdict.status for verdict in found] == [verdict.status for verdict in expected]
    instants = [not by_the_day and isinstance(record.due, datetime) for record in records]
    assert [verdict.due for verdict, exact in zip(found, instants, strict=True) if not exact] == [
        verdict.due for verdict, exact in zip(expected, instants, strict=True) if not exact
    ]


@laws
@given(rules=rules_in_days(), longer=st.integers(0, 15), records=cases(), as_of=moments_to_measure_at())
def test_a_longer_limit_is_never_due_earlier_and_never_makes_anything_late(
    lgsco: Scheme, rules: Rules, longer: int, records: list[Record], as_of: Moment
) -> None:
    options = {**vars(rules), "amount": rules.amount + longer}
    short, long = (assess_cases(lgsco, records, limit, as_of) for limit in (rules, Rules(**options)))
    assert (short["due"].isna() == long["due"].isna()).all()
    assert (short["due"] <= long["due"]).where(short["due"].notna(), other=True).all()
    assert short["elapsed"].equals(long["elapsed"])
    eased = {("late", "met"), ("late", "excluded"), ("overdue", "pending")}
    pairs = set(zip(short["status"], long["status"], strict=True))
    assert all(before == after or (before, after) in eased for before, after in pairs)


def check_passage(old: Mapping[Hashable, Any], new: Mapping[Hashable, Any], before: date, after: date) -> None:
    """Compare one record's outcomes at two times."""
    settled = old["status"] in {"met", "late", "invalid"} or old["reason"] in {"withdrawn", "closed"}
    if settled:
        assert [old[name] for name in ("status", "reason")] == [new[name] for name in ("status", "reason")]
        assert old["due"] == new["due"] or old["status"] == "invalid"
    elif old["status"] in {"pending", "overdue"}:
        assert old["due"] == new["due"]
        assert new["status"] != "pending" or old["status"] == "pending"
        if new["status"] in {"pending", "overdue"}:
            passed = before <= old["due"].date() < after
            assert (old["status"] != new["status"]) is passed


@laws
@given(
    rules=rules_in_days(),
    records=cases(),
    days=st.lists(st.integers(0, 90), min_size=4, max_size=6, unique=True).map(sorted),
    base=st.sampled_from(SPECIAL),
)
def test_as_time_passes_only_the_open_change_and_only_after_their_due_day(
    lgsco: Scheme, rules: Rules, records: list[Record], days: list[int], base: date
) -> None:
    moved = [base + timedelta(days=days[0]) - timedelta(days=20) + timedelta(days=day) for day in days]
    seen = [(day, assess_cases(lgsco, records, rules, day)) for day in moved]
    for (before, earlier), (after, later) in pairwise(seen):
        assert len(earlier) == len(later) == len(records)
        for old, new in zip(earlier.to_dict("records"), later.to_dict("records"), strict=True):
            check_passage(old, new, before, after)


@laws
@given(rules=rules_in_days(), records=cases(), as_of=moments_to_measure_at())
def test_every_record_has_one_status_and_only_open_ones_depend_on_the_due_day(
    lgsco: Scheme, rules: Rules, records: list[Record], as_of: Moment
) -> None:
    rows = assess_cases(lgsco, records, rules, as_of)
    assert rows["row"].tolist() == list(range(len(records)))
    assert set(rows["status"]) <= {"met", "late", "overdue", "pending", "excluded", "invalid"}
    today = pd.Timestamp(day_of(as_of))
    open_ = rows["stop"].isna()
    assert (rows["due"] < today)[open_ & (rows["status"] == "overdue")].all()
    assert (rows["due"] >= today)[open_ & (rows["status"] == "pending")].all()
    ended = rows["status"].isin(["met", "late"])
    assert ((rows["stop"] <= rows["due"]) == (rows["status"] == "met"))[ended].all()


def test_the_loop_itself_knows_the_published_examples() -> None:
    rules = Rules(20, "working days")
    late_in_march = Record(date(2024, 3, 28), (date(2024, 4, 29),))
    assert judge_in_days(late_in_march, rules, date(2024, 12, 31)) == Verdict(
        "met", datetime.combine(date(2024, 4, 29), time()), 20
    )
    assert never_occurred(datetime.combine(date(2024, 3, 31), time(1, 30)))
    assert not never_occurred(datetime.combine(date(2024, 10, 27), time(1, 30)))
