"""New clocks of cases that were reopened, and last stops in hours: against a loop that finds them, and on paper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import RecordsError, Scheme, SchemeError, assess, deadlines, load_scheme, measure, settled, worklist

TARGET = "decided-or-allocated-20wd"
DAY = timedelta(days=1)
SPRING = date(2024, 3, 20)
LONDON = ZoneInfo("Europe/London")
Row = dict[str, Any]
FIELDS = {"decided": "decided_at", "allocated": "allocated_at", "withdrawn": "withdrawn_at", "closed": "closed_at"}
SHOWN = ["start", "stop", "due", "elapsed", "status", "reason"]
OPENING = {day: ["09:00", "17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
laws = settings(deadline=None)


def scheme_of(limit: Any, start: str = "received_at", **clock: Any) -> Scheme:
    target = {
        "id": TARGET, "says": "Soon", "of": "cases", "start": start, "stop": ["decided_at", "allocated_at"],
        "limit": limit, "cohort": "received", "clock": clock,
    }  # fmt: skip
    declared = {"id": "own", "title": "Own", "source": "A notice", "division": "england-and-wales"}
    return Scheme.model_validate({**declared, "opening": OPENING, "targets": [target]})


def moment_of(at: date | datetime) -> datetime:
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001


@dataclass
class Found:
    """A clock as the loop finds it: when it began, and the first of each time since then."""

    start: Any
    times: dict[str, Any] = field(default_factory=dict)


def known_of(name: str, events: Sequence[Row], as_of: date) -> list[Row]:
    return [
        row for row in events
        if row["case_id"] == name and moment_of(row["at"]).date() <= as_of
        and (row["recorded_at"] is None or moment_of(row["recorded_at"]).date() <= as_of)
    ]  # fmt: skip


def further_by_loop(case: Row, known: Sequence[Row], as_of: date, stopped: datetime | None) -> tuple[list[Found], int]:
    """Walk through what happened to a case whose first clock ran; and count what reopened no stopped clock."""
    happened = [(moment_of(row["at"]), row["event"] == "reopened", row["event"], row["at"]) for row in known]
    for word, name in FIELDS.items():
        own = case[name]
        if own is not None and moment_of(own).date() <= as_of:
            happened.append((moment_of(own), False, word, own))
    clocks: list[Found] = []
    unstopped, seen = 0, set()
    running, first_over = True, False
    for at, _, word, given_at in sorted(happened, key=lambda item: item[:2]):
        first_over = first_over or (stopped is not None and at >= stopped)
        if word == "reopened":
            if at in seen:
                continue
            seen.add(at)
            if first_over and not (running and clocks):
                clocks.append(Found(given_at))
                running = True
            else:
                unstopped += 1
        elif word in FIELDS and clocks:
            clocks[-1].times.setdefault(FIELDS[word], given_at)
            running = False
    return clocks, unstopped


def paused_by_loop(known: Sequence[Row], starts: Sequence[datetime], name: str) -> Iterator[Row]:
    """Give each pause to the clock that began last before it, with its end and a reason of its own."""
    order = {(moment_of(r["at"]), r["event"] == "resumed", r["reason"] or "~") for r in known
             if r["event"] in {"paused", "resumed"}}  # fmt: skip
    open_: list[tuple[str, datetime]] = []
    ended: list[tuple[datetime, datetime | None]] = []
    for at, resumes, reason in sorted(order):
        if not resumes:
            open_.append((reason, at))
            continue
        mine = [item for item in open_ if item[0] == reason and reason != "~"] or [*open_]
        ended += [(begun, at) for _, begun in mine]
        open_ = [item for item in open_ if item not in mine]
    ended += [(begun, None) for _, begun in open_]
    for number, (begun, end) in enumerate(ended):
        clock = sum(start <= begun for start in starts)
        own = {"case_id": f"{name}-{clock}", "reason": f"p{number}", "recorded_at": None}
        yield {**own, "event": "paused", "at": begun}
        if end is not None:
            yield {**own, "event": "resumed", "at": end}


days = st.integers(0, 30).map(lambda number: SPRING + number * DAY)
hours = st.integers(0, 47).map(lambda half: timedelta(minutes=30 * half))
events_of = st.tuples(
    st.sampled_from("AAB"),
    st.sampled_from(["reopened", "reopened", "reopened", "decided", "allocated", "withdrawn", "paused", "resumed"]),
    days, hours, st.none() | st.none() | days, st.sampled_from([None, None, "x"]),
)  # fmt: skip
VARIANTS = [
    ("10 working days", False, {"cut_off": "12:00"}),
    ("8 working days", True, {"non_working_receipt": "next working day", "pauses": "allowed"}),
    ("12 calendar days", False, {"day_of_receipt": "day 1"}),
    ("9 calendar days", True, {"pauses": "allowed", "non_working_due": "next working day"}),
    ("100 hours", True, {"pauses": "allowed"}),
    ("200 hours", True, {}),
    ("30 working hours", True, {"pauses": "allowed"}),
    ([{"until": "2024-03-29", "limit": "12 calendar days"}, "7 working days"], False, {}),
]


@laws
@given(
    logged=st.lists(events_of, max_size=14),
    times=st.lists(st.tuples(*[st.none() | st.tuples(days, hours) for _ in range(5)]), min_size=2, max_size=2),
    as_of=days,
    variant=st.sampled_from(VARIANTS),
)
def test_against_a_loop(logged: list[Any], times: list[Any], as_of: date, variant: tuple[Any, bool, Row]) -> None:
    limit, timed, options = variant

    def moment(day: date, hour: timedelta) -> date | datetime:
        return moment_of(day) + hour if timed else day

    known_event: Row = {"case_id": "none", "event": "contact", "at": moment(SPRING, 0 * DAY), "recorded_at": None}
    events: list[Row] = [known_event | {"reason": None}]
    for name, word, day, hour, recorded, reason in logged:
        events.append(
            {"case_id": name, "event": word, "at": moment(day, hour), "recorded_at": recorded, "reason": reason}
        )
    cases: list[Row] = [
        {"case_id": name, "received_at": moment(*(own[0] or (SPRING, 9 * DAY / 24)))}
        | {name: at and moment(*at) for name, at in zip(FIELDS.values(), own[1:], strict=True)}
        for name, own in zip("AB", times, strict=True)
    ]
    early = moment(SPRING - 20 * DAY, 0 * DAY)  # of one case something is always known
    cases.append(dict.fromkeys(FIELDS.values()) | {"case_id": "Z", "received_at": early, "decided_at": early})
    plain = scheme_of(limit, **options)
    given_: Row = {"as_of": as_of, "targets": TARGET}
    logs: Row = {"events": events} if "pauses" in options else {}
    first = assess(plain, cases=cases, **logs, **given_).to_dict("records")
    expected: list[Row] = []
    unstopped = 0
    more_events = [known_event | {"reason": None}]
    for case, own in zip(cases, first, strict=True):
        name, ran = case["case_id"], not pd.isna(own["elapsed"])
        known = known_of(name, events, as_of)
        stopped = None
        if ran and not pd.isna(own["stop"]):
            ends = [case[item] for item in FIELDS.values() if case[item] is not None]
            on_day = [at for at in ends if moment_of(at).date() == own["stop"].date()]
            stopped = moment_of(on_day[0]) if "hours" not in str(limit) else min(map(moment_of, on_day))
        clocks, number = further_by_loop(case, known, as_of, stopped) if ran else ([], 0)
        unstopped += number
        rows = [case | {"case_id": f"{name}-0"}]
        for place, clock in enumerate(clocks, 1):
            later = dict.fromkeys(FIELDS.values()) | clock.times
            rows.append({"case_id": f"{name}-{place}", "received_at": clock.start, **later})
        expected += rows
        more_events += paused_by_loop(known, [moment_of(clock.start) for clock in clocks], name)
    logs = {"events": more_events} if "pauses" in options else {}
    wanted = assess(plain, cases=expected, **logs, **given_)
    new = scheme_of(limit, reopening="new clock", **options)
    found = assess(new, cases=cases, events=events, **given_)
    pd.testing.assert_frame_equal(found[SHOWN].astype({"reason": "str"}), wanted[SHOWN].astype({"reason": "str"}))
    assert found["id"].tolist() == [row["case_id"][0] for row in expected]
    (row,) = measure(new, cases=cases, events=events, **given_)
    assert (row.met, row.missed, row.pending) == tuple(
        int(wanted["status"].isin(names).sum()) for names in (["met"], ["late", "overdue"], ["pending"])
    )
    assert (f"{unstopped} event" in row.note) == (unstopped > 0)
    assert ("that reopened what hadn't stopped" in row.note) == (unstopped > 0)


# Received on Thursday 28 March 2024: 20 working days end on Monday 29 April; from 10 April on Thursday 9 May, from
# 15 April on Tuesday 14 May (6 May is a bank holiday), from 2 May on Monday 3 June (27 May is one).
FIRST = ("met", "03-28", "04-10", "04-29", 7)
DECIDED = {"case_id": "A", "received_at": "2024-03-28", "decided_at": "2024-04-10", "allocated_at": None}
BY_HAND = [
    ("received 03-28", [FIRST], 0),
    ("decided 04-10, decided 05-02", [FIRST], 0),  # never reopened
    ("reopened 04-15", [FIRST, ("overdue", "04-15", None, "05-14", 32)], 0),
    ("reopened 04-15, decided 05-14", [FIRST, ("met", "04-15", "05-14", "05-14", 20)], 0),
    ("reopened 04-15, decided 05-15, decided 05-20", [FIRST, ("late", "04-15", "05-15", "05-14", 21)], 0),
    ("reopened 04-15, reopened 04-15, decided 05-14", [FIRST, ("met", "04-15", "05-14", "05-14", 20)], 0),
    ("reopened 04-10, decided 05-10", [FIRST, ("late", "04-10", "05-10", "05-09", 21)], 0),  # after the decision
    ("reopened 04-15, decided 04-15", [FIRST, ("overdue", "04-15", None, "05-14", 32)], 0),  # before it
    ("reopened 04-15, reopened 04-17, decided 05-14", [FIRST, ("met", "04-15", "05-14", "05-14", 20)], 1),
    ("reopened 03-20", [FIRST], 1),  # before it was received
    ("reopened 04-05, decided 04-09", [FIRST], 1),  # before it stopped: the case's own decision counts
    (
        "reopened 04-15, decided 04-26, reopened 05-02",
        [FIRST, ("met", "04-15", "04-26", "05-14", 9), ("pending", "05-02", None, "06-03", 19)], 0,
    ),
    ("reopened 04-15, withdrawn 04-20", [FIRST, ("excluded", "04-15", "04-20", "05-14", 5)], 0),
    ("reopened 04-15, withdrawn 05-20", [FIRST, ("late", "04-15", "05-20", "05-14", 24)], 0),
    ("reopened 06-15", [FIRST], 0),  # not known yet
]  # fmt: skip


def log(text: str) -> list[Row]:
    return [{"case_id": "A", "event": part.split()[0], "at": f"2024-{part.split()[1]}"} for part in text.split(", ")]


def seen_in(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    def day(at: Any) -> str | None:
        return None if pd.isna(at) else f"{at:%m-%d}"

    return [
        (row["status"], day(row["start"]), day(row["stop"]), day(row["due"]), row["elapsed"])
        for row in rows.to_dict("records")
    ]


@pytest.mark.parametrize(("events", "clocks", "unstopped"), BY_HAND)
def test_by_hand(events: str, clocks: list[Any], unstopped: int) -> None:
    scheme = load_scheme("lgsco").with_target(TARGET, clock={"reopening": "new clock"})
    case, logged = {**DECIDED, "withdrawn_at": None}, log(events)
    options: Row = {"as_of": "2024-05-31", "targets": TARGET}
    assert seen_in(assess(scheme, cases=[case], events=logged, **options)) == clocks
    (row,) = measure(scheme, cases=[case], events=logged, **options)
    numbers = [sum(clock[0] in names for clock in clocks) for names in (["met"], ["late", "overdue"], ["pending"])]
    assert [row.met, row.missed, row.pending] == numbers
    assert ("1 event that reopened what hadn't stopped" in row.note) == bool(unstopped)
    told = deadlines(scheme, case, events=logged, **options)
    assert sum("reopened what hadn't stopped" in item.says for item in told.findings) == unstopped
    (item,) = told or [None]
    status, start, stop, due, elapsed = clocks[-1]  # the clock that runs now
    if item is None:
        assert status == "excluded"
        return
    assert (item.status, f"{item.start:%m-%d}", f"{item.due:%m-%d}", item.elapsed) == (status, start, due, elapsed)
    assert (item.stop and f"{item.stop:%m-%d}") == stop
    listed = worklist(scheme, cases=[case], events=logged, as_of="2024-05-31", targets=TARGET)
    assert [f"{at:%m-%d}" for at in listed["start"]] == [start for status, start, *_ in clocks if status in
                                                         {"pending", "overdue"}]  # fmt: skip
    default = assess(load_scheme("lgsco"), cases=[case], events=logged, **options)
    assert seen_in(default) == clocks[:1]


def test_what_never_stopped_and_what_contradicts_itself_have_one_clock() -> None:
    scheme = load_scheme("lgsco").with_target(TARGET, clock={"reopening": "new clock"})
    options: Row = {"events": log("reopened 04-15"), "as_of": "2024-05-31", "targets": TARGET}
    for decided, status, number in ((None, "overdue", 1), ("2024-03-01", "invalid", 0)):
        cases = [{**DECIDED, "decided_at": decided}]
        assert assess(scheme, cases=cases, **options)["status"].tolist() == [status]
        (row,) = measure(scheme, cases=cases, **options)
        assert ("1 event that reopened" in row.note) == (number == 1)


def test_cases_made_of_a_log_have_them_too() -> None:
    scheme = load_scheme("lgsco").with_target(TARGET, clock={"reopening": "new clock"})
    events = log("received 03-28, decided 04-10, reopened 04-15, decided 05-15")
    found = assess(scheme, events=events, as_of="2024-05-31", targets=TARGET)
    assert seen_in(found) == [FIRST, ("late", "04-15", "05-15", "05-14", 21)]


# A pause of the first clock ends with it; one between the clocks is of neither; that of the second moves its due day.
@pytest.mark.parametrize(
    ("events", "clocks", "pauses"),
    [
        ("paused 04-12, reopened 04-15, resumed 04-18", [FIRST, ("overdue", "04-15", None, "05-14", 32)], 0),
        (
            "paused 04-09, reopened 04-15, paused 04-16, resumed 04-18",
            [("met", "03-28", "04-10", "04-30", 6), ("overdue", "04-15", None, "05-16", 30)],
            1,
        ),
        (
            "paused 04-09, reopened 04-15",
            [("met", "03-28", "04-10", "04-30", 6), ("overdue", "04-15", None, "05-14", 32)],
            0,
        ),
        ("reopened 04-15, paused 04-15, resumed 04-16", [FIRST, ("overdue", "04-15", None, "05-14", 32)], 1),
    ],
)
def test_a_pause_is_of_the_clock_that_runs_when_it_begins(events: str, clocks: list[Any], pauses: int) -> None:
    scheme = load_scheme("lgsco").with_target(TARGET, clock={"reopening": "new clock", "pauses": "allowed"})
    options: Row = {"events": log(events), "as_of": "2024-05-31", "targets": TARGET}
    assert seen_in(assess(scheme, cases=[DECIDED], **options)) == clocks
    (item,) = deadlines(scheme, DECIDED, **options)
    assert (item.status, f"{item.due:%m-%d}", item.elapsed) == (clocks[1][0], clocks[1][3], clocks[1][4])
    assert len(item.pauses) == pauses


# Four working hours from Friday 1 March 2024, 16:00, end on Monday at 12:00; from Monday 16:30 on Tuesday at 12:30.
# 24 hours from Saturday 30 March, 20:00, end on Sunday at 21:00, since the clocks went forward.
HOURS = [
    ("4 working hours", "new clock", "03-01T16:00", "03-04T11:00", "03-04T16:30", "03-05T12:30", ["met", "met"]),
    ("4 working hours", "new clock", "03-01T16:00", "03-04T11:00", "03-04T16:30", "03-05T12:31", ["met", "late"]),
    ("4 working hours", "new clock", "03-01T16:00", "03-04T12:01", "03-08T18:00", "03-11T13:00", ["late", "met"]),
    ("4 working hours", "last stop", "03-01T16:00", "03-04T10:00", "03-04T10:30", "03-04T12:00", ["met"]),
    ("4 working hours", "last stop", "03-01T16:00", "03-04T10:00", "03-04T10:30", "03-04T12:01", ["late"]),
    ("24 hours", "new clock", "03-30T10:00", "03-30T12:00", "03-30T20:00", "03-31T21:00", ["met", "met"]),
    ("24 hours", "new clock", "03-30T10:00", "03-30T12:00", "03-30T20:00", "03-31T21:01", ["met", "late"]),
    ("24 hours", "last stop", "03-30T10:00", "03-30T12:00", "03-30T20:00", "03-31T11:00", ["met"]),
    ("24 hours", "last stop", "03-30T10:00", "03-30T12:00", "03-30T20:00", "03-31T11:01", ["late"]),
    ("86400 seconds", "last stop", "03-30T10:00", "03-30T12:00", "03-30T12:00", None, ["overdue"]),
]


@pytest.mark.parametrize(("limit", "option", "received", "decided", "reopened", "again", "statuses"), HOURS)
@pytest.mark.parametrize("zoned", [(), ("cases", "events"), ("events",)])
def test_hours_by_hand(
    limit: str, option: str, received: str, decided: str, reopened: str, again: str | None, statuses: list[str],
    zoned: tuple[str, ...],
) -> None:  # fmt: skip
    def at(text: str, kind: str) -> datetime:
        moment = datetime.fromisoformat(f"2024-{text}")
        return moment.replace(tzinfo=LONDON) if kind in zoned else moment

    scheme = scheme_of(limit, reopening=option)
    case = {"case_id": "A", "received_at": at(received, "cases"), "decided_at": at(decided, "cases")}
    case |= {"allocated_at": None, "withdrawn_at": None, "closed_at": None}
    events = [{"case_id": "A", "event": "reopened", "at": at(reopened, "events")}]
    events += [{"case_id": "A", "event": "decided", "at": at(again, "events")}] if again else []
    found = assess(scheme, cases=[case], events=events, as_of="2024-05-31")
    assert found["status"].tolist() == statuses
    (item,) = deadlines(scheme, case, events=events, as_of="2024-05-31")
    assert item.status == statuses[-1]
    start = reopened if option == "new clock" else received
    assert str(item.start)[5:16] == start.replace("T", " ")
    if option == "new clock":
        assert item.explain().splitlines()[0].startswith("Reopened ")


@pytest.mark.parametrize(
    # From 3 April A uses 3, 4, 5, 8 and 9; B, reopened on Friday 5, uses 8 and 9. Both stand still from 10 April on. By
    # its last stop B was due on 2 April (Easter Monday is the 1st): on the 12th it is 8 working days late, and a pause
    # after the due day moves nothing.
    ("option", "left"),
    [("new clock", {"2024-04-02": 15, "2024-04-05": 18}), ("last stop", {"2024-04-02": 15, "2024-03-01": -8})],
)
def test_what_is_left_while_clocks_stand_still(option: str, left: dict[str, int]) -> None:
    scheme = scheme_of("20 working days", pauses="allowed", reopening=option)
    a: Row = {"case_id": "A", "received_at": "2024-04-02", "decided_at": None, "allocated_at": None}
    b: Row = {**a, "case_id": "B", "received_at": "2024-03-01", "decided_at": "2024-03-08"}
    events = [
        {"case_id": "A", "event": "paused", "at": "2024-04-10"},
        {"case_id": "B", "event": "reopened", "at": "2024-04-05"},
        {"case_id": "B", "event": "paused", "at": "2024-04-10"},
    ]
    listed = worklist(scheme, cases=pd.DataFrame([a, b]), events=events, as_of="2024-04-12", within=None)
    assert dict(zip(listed["start"].dt.strftime("%Y-%m-%d"), listed["left"], strict=True)) == left
    for case, name in ((a, "A"), (b, "B")):
        mine = [row for row in events if row["case_id"] == name]
        (told,) = deadlines(scheme, case, events=mine, as_of="2024-04-12")
        assert told.left == left[str(told.start)]


def test_the_explanation_tells_of_the_reopening() -> None:
    clock = {"reopening": "new clock", "cut_off": "16:00"}
    scheme = load_scheme("lgsco").with_target(TARGET, clock=clock)
    events = [{"case_id": "A", "event": "reopened", "at": "2024-04-15T17:30"}]
    (item,) = deadlines(scheme, DECIDED, events=events, as_of="2024-05-10", targets=TARGET)
    assert (item.start, item.started_by, item.due) == (date(2024, 4, 16), "reopened", date(2024, 5, 15))
    first, *_ = item.explain().splitlines()
    assert first.startswith("Reopened Mon 15 Apr 2024")
    assert "counts as Tue 16 Apr 2024" in first


def test_each_clock_that_missed_is_to_be_explained() -> None:
    blank = {"party": None, "direction": None, "reason": None}
    events = [{**row, **blank} for row in log("reopened 04-15, decided 05-20")]
    told = {"case_id": "A", "event": "delay_explained", "at": "2024-05-10", "direction": "out", "reason": "expert"}
    events += [{**told, "party": party} for party in ("complainant", "organisation")]
    scheme = load_scheme("lgsco").with_target(TARGET, clock={"reopening": "new clock"})
    scheme = scheme.with_target("delays-explained", late_on=[TARGET])
    case = {**DECIDED, "decided_at": "2024-05-01"}
    assert len(assess(scheme, cases=[case], events=events, as_of="2024-05-31", targets="delays-explained")) == 1
    events[0]["at"], events[1]["at"] = "2024-05-02", "2024-06-10"
    found = assess(scheme, cases=[case], events=events, as_of="2024-06-30", targets="delays-explained")
    assert [(row["status"], f"{row['start']:%m-%d}") for row in found.to_dict("records")] == [
        ("late", "03-28"), ("met", "05-02")
    ]  # fmt: skip


def test_a_case_settles_when_its_last_clock_has_stopped() -> None:
    for option in ("new clock", "last stop"):
        scheme = load_scheme("lgsco").with_target(TARGET, clock={"reopening": option})
        for events, left in (("reopened 04-15", ["A"]), ("reopened 04-15, decided 05-01", [])):
            found = settled(scheme, cases=[DECIDED], events=log(events), as_of="2024-05-31", targets=TARGET)
            assert [*found.open["cases"]] == left


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"of": "requests", "stop": "answered_at"}, "reopening means nothing"),
        ({"limit": {"field": "agreed_at"}}, "reopening means nothing"),
        ({"extension": {"to": "extended_to_at"}}, "doesn't go with an extension"),
        ({"start": ["received_at", {"due_of": "investigation-13w"}]}, "needs starts that are fields"),
    ],
)
def test_what_has_no_new_clock_is_refused(changes: Row, match: str) -> None:
    with pytest.raises(SchemeError, match=match):
        load_scheme("lgsco").with_target(TARGET, **{"clock": {"reopening": "new clock"}, **changes})


def test_the_log_is_read_as_the_wall_clock_where_cases_have_dates() -> None:
    events = [{"case_id": "A", "event": "reopened", "at": "2024-04-15T10:00"}]
    for naive in ("refuse", "wall clock"):
        scheme = scheme_of("20 working days", reopening="new clock", naive_times=naive)
        assert assess(scheme, cases=[DECIDED], events=events, as_of="2024-05-31")["status"].tolist() == [
            "met", "overdue"
        ]  # fmt: skip


@pytest.mark.parametrize("option", ["last stop", "new clock"])
def test_hours_need_the_time_of_a_reopening(option: str) -> None:
    case = {**DECIDED, "received_at": "2024-03-28T09:00", "decided_at": "2024-04-10T09:00"}
    scheme = scheme_of("24 hours", reopening=option)
    with pytest.raises(RecordsError, match="time of day of its reopenings"):
        assess(scheme, cases=[case], events=log("reopened 04-15"), as_of="2024-05-31")
