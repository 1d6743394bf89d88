"""What is settled when, one kind of measure after the other; and what is named as open."""

from typing import Any

import pyarrow as pa
import pytest

from ombudsman_kpi import OptionError, Scheme, Settled, Tally, load_scheme, settled, tally
from ombudsman_kpi.events.log import Misfit, MisfitKind
from ombudsman_kpi.records.sources import source

AS_OF = "2024-03-28"  # a Thursday
CLOCK: dict[str, Any] = {"of": "cases", "start": "received_at", "stop": "decided_at", "cohort": "received"}
WITHIN: dict[str, Any] = {**CLOCK, "limit": "20 working days"}
SOON: dict[str, Any] = {"received_at": "2024-03-01"}


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


def settle(scheme: Scheme, target: dict[str, Any], **given: Any) -> Settled:
    """Settle records for one target; columns that some rows have are there for all."""
    options = {"as_of": AS_OF} | {name: given.pop(name) for name in ("by", "cohort", "every", "as_of") if name in given}
    changed = scheme.with_target("it", **{"says": "it", **target})
    return settled(changed, **{kind: even(rows) for kind, rows in given.items()}, targets="it", **options)


def even(rows: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def case(name: str, received_at: str = "2024-03-01", **more: Any) -> dict[str, Any]:
    ends = dict.fromkeys(("allocated_at", "decided_at", "withdrawn_at", "closed_at"))
    return {"case_id": name, "received_at": received_at, **ends, **more}


DECIDED, WITHDRAWN = case("decided", decided_at="2024-03-11"), case("withdrawn", withdrawn_at="2024-03-11")
CLOSED, OPEN = case("closed", closed_at="2024-03-11"), case("open")
LATER, PLANNED = case("later", "2024-03-29"), case("planned", decided_at="2024-03-29")
EARLY = case("early", decided_at="2024-02-01")  # before it was received
CASES = [DECIDED, WITHDRAWN, CLOSED, OPEN, LATER, PLANNED, EARLY]
RUNNING = ("open", "later", "planned")


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(WITHIN, id="share-within"),
        pytest.param({**WITHIN, "limit": "< 4 weeks", "cohort": "closed"}, id="weeks"),
        pytest.param({**WITHIN, "limit": "< 1 working day"}, id="overdue-at-once"),
        pytest.param({**CLOCK, "measure": "average", "counted_in": "working days"}, id="average"),
        pytest.param({**WITHIN, "measure": "stock", "limit": "1 calendar day", "cohort": "dated"}, id="stock"),
        pytest.param(
            {"of": "cases", "measure": "trend", "cohort": "closed",
             "change_in": {"start": "received_at", "stop": "decided_at", "limit": "8 weeks"}}, id="trend"),
    ],
)  # fmt: skip
def test_a_clock_is_settled_once_it_has_ended(lgsco: Scheme, target: dict[str, Any]) -> None:
    assert settle(lgsco, target, cases=CASES).open == {"cases": RUNNING}


def test_the_clock_of_each_target_has_to_have_ended(lgsco: Scheme) -> None:
    allocated = case("allocated", allocated_at="2024-03-05")
    ids = "decided-or-allocated-20wd", "investigation-13w"
    for targets, open_ in ((ids[0], ()), (ids[1], ("allocated",)), (ids, ("allocated",))):
        assert settled(lgsco, cases=[allocated], as_of=AS_OF, targets=targets).open == {"cases": open_}


@pytest.mark.parametrize(
    ("where", "open_"),
    [
        pytest.param({"team": "South"}, ("running",), id="a-word"),
        pytest.param({"allocated_at": {"present": True}}, ("running",), id="a-time"),
        pytest.param({"withdrawn_at": {"present": False}}, ("running",), id="no-time"),
        pytest.param({"decision": "upheld"}, ("running",), id="known-from-a-time"),
        pytest.param({"closed_at": {"present": True}}, ("running", "decided"), id="a-time-after-the-end"),
        pytest.param({"audited_at": {"present": True}}, ("running", "decided"), id="a-time-of-ones-own"),
    ],
)
def test_what_is_left_out_is_settled_where_nothing_is_running(lgsco: Scheme, where: Any, open_: Any) -> None:
    given = [case(name, team="North", audited_at=None, decision=None) for name in ("running", "decided")]
    given[1]["decided_at"] = "2024-03-11"
    assert settle(lgsco, {**WITHIN, "where": where}, cases=given).open == {"cases": open_}


def test_a_clock_that_will_never_run_is_settled_with_its_case(lgsco: Scheme) -> None:
    target = {**WITHIN, "start": "early_resolution_started_at", "stop": "early_resolution_ended_at"}
    given = [{**row, "early_resolution_started_at": None, "early_resolution_ended_at": None} for row in CASES]
    assert settle(lgsco, target, cases=given).open == {"cases": RUNNING}
    running = [{**row, "early_resolution_started_at": "2024-03-04"} for row in given]  # it was never ended
    assert settle(lgsco, target, cases=running).open == {"cases": ("decided", *RUNNING, "early")}
    of_others = {**WITHIN, "stop": "inspected_at", "where": {"team": "South"}}
    given = [{**row, "inspected_at": None, "team": "North"} for row in CASES]
    assert settle(lgsco, of_others, cases=given).open == {"cases": RUNNING}


def test_received_after_hours_on_the_last_day_is_not_settled(lgsco: Scheme) -> None:
    given = [
        case(name, f"2024-03-28T{hour}:00:00", decided_at="2024-03-28T20:00:00")
        for name, hour in (("a", 16), ("b", 18))
    ]
    clock = {**WITHIN, "clock": {"cut_off": "17:00"}}
    assert settle(lgsco, clock, cases=given).open == {"cases": ("b",)}
    assert settle(lgsco, clock, cases=given, as_of="2024-03-31").open == {"cases": ()}


def test_a_due_day_that_may_still_be_announced_otherwise_is_not_settled(lgsco: Scheme) -> None:
    year = lgsco.calendar.announced_until.year
    given = [case(name, f"{year}-{day}", decided_at=f"{year}-12-31") for name, day in (("a", "06-01"), ("b", "12-28"))]
    found = settle(lgsco, {**WITHIN, "cohort": "due"}, cases=given, as_of=f"{year + 1}-03-01")
    assert found.open == {"cases": ("b",)}


def test_an_own_due_day_has_to_have_come(lgsco: Scheme) -> None:
    target = {"of": "orders", "stop": "complied_at", "limit": {"field": "due_at"}, "cohort": "due"}
    done = "2024-03-04"
    given = [
        {"case_id": "A", "due_at": due, "complied_at": complied}
        for due, complied in (("2024-03-05", done), ("2024-04-05", done), ("2024-03-05", None), (None, None))
    ]
    assert settle(lgsco, target, orders=given).open == {"orders": (1, 2, 3)}  # rows: orders have no ids


def test_calls_and_instants(lgsco: Scheme) -> None:
    times = {"A": ("09:00:20", None), "B": (None, "09:00:20"), "C": (None, None)}
    calls = [
        {"call_id": name, "offered_at": "2024-03-28T09:00:00", "answered_at": answered and f"2024-03-28T{answered}",
         "abandoned_at": left and f"2024-03-28T{left}"}
        for name, (answered, left) in times.items()
    ]  # fmt: skip
    assert settled(lgsco, calls=calls, as_of=AS_OF).open == {"calls": ("C",)}
    nameless = [{name: value for name, value in call.items() if name != "call_id"} for call in calls]
    assert settled(lgsco, calls=nameless, as_of=AS_OF).open == {"calls": (2,)}


@pytest.mark.parametrize(
    ("target", "open_"),
    [
        pytest.param({"measure": "count", "dated": "decided_at"}, RUNNING, id="count"),
        pytest.param({"measure": "volume", "dated": "received_at"}, ("later",), id="volume"),
        pytest.param(
            {"measure": "share of kinds", "dated": "decided_at", "numerator": {"decision": "upheld"}},
            RUNNING, id="share-of-kinds"),
        pytest.param(
            {"measure": "share of kinds", "dated": "received_at", "numerator": {"decision": "upheld"}},
            (*RUNNING,), id="known-from-a-time"),
        pytest.param(
            {"measure": "rank", "dated": "decided_at", "numerator": {"decision": "upheld"}}, RUNNING, id="rank"),
        pytest.param(
            {"measure": "count", "dated": "closed_at"},
            ("decided", "withdrawn", *RUNNING, "early"), id="closed-after-the-end"),
    ],
)  # fmt: skip
def test_what_is_dated_is_settled_on_its_day(lgsco: Scheme, target: dict[str, Any], open_: tuple[str, ...]) -> None:
    given = [{**row, "decision": "upheld" if row["decided_at"] else None} for row in CASES]
    if target["dated"] == "closed_at":
        target = {**target, "where": {"decided_at": {"present": True}}}
    assert settle(lgsco, {"of": "cases", "cohort": "dated", **target}, cases=given).open == {"cases": open_}


def test_records_that_only_happen(lgsco: Scheme) -> None:
    dated = {"reviewed_at": ["2024-03-28", "2024-03-29", None]}["reviewed_at"]
    reviews = [
        {"review_id": "R", "case_id": "A", "standard": "1", "answer": "met", "source": "QA", "reviewed_at": day}
        for day in dated
    ]
    activities = [{"kind": "report", "at": day} for day in dated]
    score = {"of": "reviews", "measure": "score", "cohort": "dated"}
    distinct = {"of": "reviews", "measure": "count", "dated": "reviewed_at", "cohort": "dated", "distinct": "case_id"}
    done = {"of": "activities", "measure": "done by", "dated": "at", "by_date": "2024-04-30", "cohort": "dated"}
    assert settle(lgsco, score, reviews=reviews).open == {"reviews": (1, 2)}
    assert settle(lgsco, done, activities=activities).open == {"activities": (1, 2)}
    assert settle(lgsco, distinct, reviews=reviews).open == {"reviews": (0, 1, 2)}


def test_among_other_records(lgsco: Scheme) -> None:
    target = {
        "of": "written_contacts", "measure": "share of kinds", "dated": "received_at", "cohort": "received",
        "numerator": {"channel": "online"}, "among": {"calls": "offered_at"},
    }  # fmt: skip
    contacts = [{"contact_id": "W", "received_at": "2024-03-28", "channel": "online"}]
    calls = [{"call_id": "K", "offered_at": "2024-03-29T09:00:00"}]
    assert settle(lgsco, target, written_contacts=contacts, calls=calls).open == {
        "calls": ("K",), "written_contacts": (),
    }  # fmt: skip


FOLLOWED: dict[str, Any] = {
    "of": "requests", "measure": "share of kinds", "dated": "answered_at", "where": {"kind": "stage-1"},
    "followed_by": {"kind": "stage-2"}, "cohort": "dated",
}  # fmt: skip


def request(name: str, case_id: str | None, kind: str, received: int, answered: int | None) -> dict[str, Any]:
    days = [None if day is None else f"2024-03-{day:02}" for day in (received, answered)]
    return {"request_id": name, "case_id": case_id, "kind": kind, "received_at": days[0], "answered_at": days[1]}


def test_what_another_record_may_follow_is_open_until_it_has_and_all_of_a_case_with_it(lgsco: Scheme) -> None:
    given = [
        request("followed", "A", "stage-1", 1, 5), request("follower", "A", "stage-2", 6, 9),
        request("alone", "B", "stage-1", 1, 5),
        request("waits-for-the-follower", "C", "stage-1", 1, 5), request("unanswered", "C", "stage-2", 6, None),
        request("only-stage-2", "D", "stage-2", 6, 9), request("without-a-case", None, "stage-1", 1, 5),
    ]  # fmt: skip
    open_ = ("alone", "waits-for-the-follower", "unanswered")
    assert settle(lgsco, FOLLOWED, requests=given).open == {"requests": open_}


INVESTIGATED = [
    case(name, "2024-01-31", valid_at="2024-01-31", allocated_at="2024-02-01", investigation_started_at="2024-02-01",
         decided_at=decided)
    for name, decided in (("A", "2024-02-20"), ("B", "2024-02-20"), ("C", None), ("D", "2024-02-20"))
]  # fmt: skip


def event(name: str, at: str, event_: str = "contact", **more: Any) -> dict[str, Any]:
    out = {"case_id": name, "event": event_, "at": at, "party": "complainant", "direction": "out", "reason": "late"}
    return {**out, "recorded_at": None, **more}


EVENTS = [
    event("A", "2024-02-05"), event("B", "2024-02-05", recorded_at="2024-03-29"), event("C", "2024-02-05"),
    event("D", "2024-02-05"), event("D", "2024-03-29"), event("nobody", "2024-02-05"), event("A", "2024-02-06", "fax"),
]  # fmt: skip
TOUCH = {"measure": "keep in touch", "start": "investigation_started_at", "limit": "20 working days"}


@pytest.mark.parametrize(
    "target",
    [
        pytest.param({**CLOCK, **TOUCH, "counted": "cases"}, id="keep-in-touch"),
        pytest.param({**CLOCK, **TOUCH, "counted": "intervals"}, id="intervals"),
        pytest.param({**WITHIN, "clock": {"pauses": "allowed"}}, id="pauses"),
        pytest.param(
            {"of": "cases", "measure": "delays explained", "late_on": ["investigation-13w"], "cohort": "due"},
            id="delays-explained"),
    ],
)  # fmt: skip
def test_a_case_waits_for_its_events_and_they_for_it(lgsco: Scheme, target: dict[str, Any]) -> None:
    found = settle(lgsco, target, cases=INVESTIGATED, events=EVENTS)
    assert found.open == {"cases": ("B", "C", "D"), "events": (1, 2, 3, 4, 5)}
    assert found.tally.misfits["it"] == {Misfit(MisfitKind.UNKNOWN, "fax"): 1}


def test_an_explanation_that_may_still_come_is_waited_for(lgsco: Scheme) -> None:
    scheme = lgsco.with_target("short", says="short", **{**WITHIN, "limit": "1 working day"})
    target = {"of": "cases", "measure": "delays explained", "late_on": ["short"], "up_to": "5 working days"}
    given = [case(name, "2024-03-20", decided_at="2024-03-25") for name in ("told", "untold")]
    told = [event("told", "2024-03-22", "delay_explained", party=party) for party in ("complainant", "organisation")]
    for as_of, open_ in (("2024-03-26", ("untold",)), ("2024-03-28", ("untold",)), ("2024-03-29", ())):
        found = settle(scheme, {**target, "cohort": "due"}, cases=given, events=told, as_of=as_of)
        assert found.open["cases"] == open_, as_of


def test_cases_made_of_events(lgsco: Scheme) -> None:
    log = [
        {"case_id": name, "event": word, "at": at}
        for name, word, at in (
            ("A", "received", "2024-03-01"), ("A", "decided", "2024-03-05"), ("B", "received", "2024-03-01"),
            ("C", "received", "2024-03-01"), ("C", "decided", "2024-03-05"), ("C", "closed", "2024-03-29"),
            ("D", "received", "2024-03-29"), ("A", "phoned", "2024-03-02"), ("B", "phoned", "2024-03-02"),
        )
    ]  # fmt: skip
    found = settle(lgsco, WITHIN, events=log)
    assert found.open == {"cases": ("B", "C", "D"), "events": (2, 3, 4, 5, 6, 8)}
    assert found.tally.misfits["it"] == {Misfit(MisfitKind.UNKNOWN, "phoned"): 1}
    (row,) = found.tally.results()
    assert (row.records, row.met) == (1, 1)


def test_a_published_row_is_settled_when_its_period_is_over(lgsco: Scheme) -> None:
    target = {"of": "cases", "measure": "volume", "dated": "received_at", "cohort": "received"}
    rows = [{"period": label, "count": 5} for label in ("Feb 2024", "Mar 2024", "Apr 2024", "")]
    assert settle(lgsco, target, cases=rows).open == {"cases": (1, 2, 3)}
    found = settle(lgsco, target, cases=rows, as_of="2024-03-31")
    assert found.open == {"cases": (2, 3)}
    assert found.tally.results().rows[0].records == 10


def test_a_shared_id_is_never_settled(lgsco: Scheme) -> None:
    given = [case("twice", decided_at="2024-03-11"), case("twice", decided_at="2024-03-12"), case("open")]
    assert settle(lgsco, WITHIN, cases=given).open == {"cases": ("twice", "open")}


@pytest.mark.parametrize("batch", [1, 3, 1 << 16])
def test_each_record_without_an_id_is_named_by_its_row(
    lgsco: Scheme, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    nameless, ended = {**OPEN, "case_id": None}, {**DECIDED, "case_id": None}
    found = settle(lgsco, WITHIN, cases=[nameless, OPEN, ended, DECIDED, case("3"), nameless])
    assert found.open == {"cases": (0, "open", "3", 5)}
    assert repr(found).endswith("open: 4 in cases>")
    calls = [
        {"call_id": name, "offered_at": "2024-03-28T09:00:00", "answered_at": end, "abandoned_at": None}
        for name, end in (("A", None), (None, None), (None, "2024-03-28T09:00:20"), ("B", "2024-03-28T09:00:20"))
    ]
    assert settled(lgsco, calls=calls, as_of=AS_OF).open == {"calls": ("A", 1)}


def test_a_group_that_is_not_known_yet_is_not_settled(lgsco: Scheme) -> None:
    target = {"of": "cases", "measure": "volume", "dated": "received_at", "cohort": "received"}
    given = [{**row, "decision": None, "team": None} for row in (DECIDED, OPEN)]
    assert settle(lgsco, target, cases=given, by="decision").open == {"cases": ("open",)}
    assert settle(lgsco, target, cases=given, by="team").open == {"cases": ()}


def test_only_whole_days_settle(lgsco: Scheme) -> None:
    with pytest.raises(OptionError, match=r"is a time of day; .* Give a date, such as as_of='2024-03-28'"):
        settled(lgsco, cases=[OPEN], as_of="2024-03-28T12:00:00")


def test_nothing_given_and_nothing_settled(lgsco: Scheme) -> None:
    found = settled(lgsco, as_of=AS_OF)
    assert found.open == {}
    assert found.tally == Tally.zero()
    none = settled(lgsco, cases=[OPEN], as_of=AS_OF, targets="investigation-13w")
    assert none.tally == tally(lgsco, cases=[], as_of=AS_OF, targets="investigation-13w")
    assert repr(none) == "<Settled: <Tally of lgsco, 1 target in 0 cells, settled as at 2024-03-28>; open: 1 in cases>"
    assert repr(found).endswith("open: nothing>")
