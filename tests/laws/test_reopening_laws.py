"""Cases that were reopened, with their last stop: against a loop that finds it, and by hand."""

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, SchemeError, assess, deadlines, load_scheme, measure

TARGET = "decided-or-allocated-20wd"
DAY = timedelta(days=1)
SPRING = date(2024, 3, 20)
Row = dict[str, Any]
FIELDS = {"decided": "decided_at", "allocated": "allocated_at", "withdrawn": "withdrawn_at", "closed": "closed_at"}
laws = settings(max_examples=settings().max_examples * 2)


def last_stop(**others: str) -> Scheme:
    return load_scheme("lgsco").with_target(TARGET, clock={"reopening": "last stop", **others})


def moment_of(at: date | datetime) -> datetime:
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001


def since_reopened(case: Row, events: list[Row], as_of: date, *, hours: bool) -> Row:
    """Find the times of a case that count: those it has, or where it was reopened, the last of each since then."""
    known = [
        row for row in events
        if row["case_id"] == case["case_id"] and moment_of(row["at"]).date() <= as_of
        and (row["recorded_at"] is None or row["recorded_at"] <= as_of)
    ]  # fmt: skip
    again = [moment_of(row["at"]) for row in known if row["event"] == "reopened"]
    if not again:
        return case
    found = dict(case)
    for word, field in FIELDS.items():
        times = [row["at"] for row in known if row["event"] == word]
        own = case[field]
        times += [own] if own is not None and moment_of(own).date() <= as_of else []
        times = [at for at in times if moment_of(at) > max(again)]
        last = max(times, key=moment_of) if times else None
        found[field] = last if hours or last is None else last.isoformat()[:10]
    return found


days = st.integers(0, 40).map(lambda number: SPRING + number * DAY)
hours = st.integers(0, 47).map(lambda half: timedelta(minutes=30 * half))
events_of = st.tuples(
    st.sampled_from("ABC"), st.sampled_from(["reopened", "reopened", *FIELDS, "contact"]), days, hours,
    st.none() | st.none() | days,
)  # fmt: skip


@laws
@given(
    logged=st.lists(events_of, max_size=12),
    times=st.lists(st.tuples(*[st.none() | days for _ in range(5)]), min_size=3, max_size=3),
    as_of=days,
    timed=st.booleans(),
    day_1=st.booleans(),
    limit=st.sampled_from(["20 working days", "20 working days", "300 hours"]),
)
def test_against_a_loop(logged: list[Any], times: list[Any], as_of: date, timed: bool, day_1: bool, limit: str) -> None:
    in_hours = limit.endswith("hours")
    timed, day_1 = timed or in_hours, day_1 and not in_hours
    events: list[Row] = [{"case_id": "none", "event": "contact", "at": SPRING, "recorded_at": None}]
    for name, word, day, hour, recorded in logged:
        at = moment_of(day) + hour if timed else day
        events.append({"case_id": name, "event": word, "at": at, "recorded_at": recorded})
    if timed:
        events[0]["at"] = moment_of(SPRING)
    cases = [
        {"case_id": name} | dict(zip(["received_at", *FIELDS.values()], (own[0] or SPRING, *own[1:]), strict=True))
        for name, own in zip("ABC", times, strict=True)
    ]
    if in_hours:
        cases = [{name: moment_of(at) + 9 * DAY / 24 if isinstance(at, date) else at for name, at in case.items()}
                 for case in cases]  # fmt: skip
    options = {"day_of_receipt": "day 1"} if day_1 else {}
    plain = load_scheme("lgsco").with_target(TARGET, clock=options, limit=limit)
    changed = [since_reopened(case, events, as_of, hours=in_hours) for case in cases]
    expected = assess(plain, cases=changed, as_of=as_of, targets=TARGET)
    scheme = plain.with_target(TARGET, clock={"reopening": "last stop", **options})
    found = assess(scheme, cases=cases, events=events, as_of=as_of, targets=TARGET)
    pd.testing.assert_frame_equal(found, expected)


# Received on Thursday 28 March 2024: 20 working days end on Monday 29 April.
def log(*events: str) -> list[Row]:
    return [{"case_id": "A", "event": event.split()[0], "at": f"2024-{event.split()[1]}"} for event in events]


DECIDED = {"case_id": "A", "received_at": "2024-03-28", "decided_at": "2024-04-10", "allocated_at": None}


@pytest.mark.parametrize(
    ("events", "status", "stop"),
    [
        (log("received 03-28"), "met", "2024-04-10"),
        (log("decided 04-10", "decided 05-02"), "met", "2024-04-10"),  # never reopened: the first
        (log("reopened 04-15"), "overdue", None),  # open again
        (log("reopened 04-15", "decided 04-29"), "met", "2024-04-29"),
        (log("reopened 04-15", "decided 04-30"), "late", "2024-04-30"),
        (log("reopened 04-15", "decided 04-26", "decided 04-30"), "late", "2024-04-30"),  # the last
        (log("reopened 04-15", "decided 04-26", "reopened 05-01"), "overdue", None),
        (log("reopened 04-15", "decided 04-26", "reopened 05-01", "decided 05-03"), "late", "2024-05-03"),
        (log("reopened 04-10"), "overdue", None),  # on the day of the decision: after it
        (log("reopened 04-05"), "met", "2024-04-10"),  # the case's own decision is a later one
        (log("reopened 04-15", "withdrawn 04-20"), "excluded", "2024-04-20"),
        (log("reopened 04-15", "withdrawn 05-20"), "late", "2024-05-20"),  # a breach is never erased
    ],
)
def test_by_hand(events: list[Row], status: str, stop: str | None) -> None:
    cases = [{**DECIDED, "withdrawn_at": None}]
    found = assess(last_stop(), cases=cases, events=events, as_of="2024-05-31", targets=TARGET)
    made = assess(last_stop(), events=[*log("received 03-28", "decided 04-10"), *events], as_of="2024-05-31",
                  targets=TARGET)  # fmt: skip
    for row in (*found.to_dict("records"), *made.to_dict("records")):
        assert (row["status"], None if pd.isna(row["stop"]) else str(row["stop"])[:10]) == (status, stop)
    (default,) = assess(load_scheme("lgsco"), cases=cases, events=events, as_of="2024-05-31", targets=TARGET)["status"]
    assert default == "met"


def test_one_case_is_open_again_and_a_pause_still_counts() -> None:
    events = log("reopened 04-15", "paused 04-16", "resumed 04-18")
    scheme = last_stop(pauses="allowed")
    (item,) = deadlines(scheme, DECIDED, events=events, as_of="2024-04-20", targets=TARGET)
    assert (item.status, item.due, item.stop) == ("pending", date(2024, 5, 1), None)
    assert "reopening: last stop" in item.explain()
    (row,) = measure(scheme, cases=[DECIDED], events=events, as_of="2024-05-31", targets=TARGET)
    assert (row.met, row.missed) == (0, 1)


def test_a_miss_of_a_reopened_case_is_one_to_be_explained() -> None:
    nobody = {"party": None, "direction": None, "reason": None}
    events = [{**row, **nobody} for row in log("reopened 05-02", "decided 05-20")]
    scheme = last_stop().with_target("delays-explained", late_on=[TARGET])
    case = {**DECIDED, "decided_at": "2024-05-01"}  # late already
    (row,) = measure(scheme, cases=[case], events=events, as_of="2024-05-31", targets="delays-explained")
    assert (row.met, row.missed) == (0, 1)


def test_a_delay_of_a_reopened_case_is_to_be_explained() -> None:
    events = [
        {**row, "party": None, "direction": None, "reason": None} for row in log("reopened 04-15", "decided 05-03")
    ]
    told = {"case_id": "A", "event": "delay_explained", "at": "2024-04-20", "direction": "out", "reason": "expert"}
    events += [{**told, "party": party} for party in ("complainant", "organisation")]
    scheme = last_stop().with_target("delays-explained", late_on=[TARGET])
    (row,) = measure(scheme, cases=[DECIDED], events=events, as_of="2024-05-31", targets="delays-explained")
    assert (row.met, row.missed) == (1, 0)


@pytest.mark.parametrize("changes", [{"of": "requests", "stop": "answered_at"}, {"limit": {"field": "agreed_at"}}])
def test_what_isnt_reopened_has_no_last_stop(changes: Row) -> None:
    with pytest.raises(SchemeError, match="reopening means nothing"):
        load_scheme("lgsco").with_target(TARGET, **{"clock": {"reopening": "last stop"}, **changes})
