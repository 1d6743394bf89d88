"""Where a limit was missed, both parties are to be told in time, with a reason."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, assess, load_scheme, measure
from ombudsman_kpi.records.sources import source

TARGET = "delays-explained"
ASSESSMENT, WEEKS_13, WEEKS_26, WEEKS_52 = (
    "decided-or-allocated-20wd",
    "investigation-13w",
    "investigation-26w",
    "investigation-52w",
)
C, O = "complainant", "organisation"  # noqa: E741

Row = dict[str, Any]
laws = settings(max_examples=settings().max_examples * 3 // 5)


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def five_days_more(lgsco: Scheme) -> Scheme:
    return lgsco.with_target(TARGET, up_to="5 working days")


def told(day: Any, party: str | None, name: str = "A", **others: Any) -> Row:
    explained = {"case_id": name, "event": "delay_explained", "at": day, "party": party, "direction": "out"}
    return explained | {"reason": "more evidence is awaited"} | others


def both(day: str, **others: Any) -> list[Row]:
    return [told(day, party, **others) for party in (C, O)]


# Received on 28 March 2024, the Thursday before Easter: due on 29 April, and five working days after that is 7 May, for
# the 6th is a bank holiday.
LATE = {"case_id": "A", "received_at": "2024-03-28", "allocated_at": None, "decided_at": "2024-04-30"}
ALLOCATED = {"case_id": "A", "received_at": "2024-03-28", "allocated_at": "2024-04-03", "decided_at": None}


def explained(
    scheme: Scheme, cases: Sequence[Row], events: Sequence[Row], as_of: Any = "2024-06-30"
) -> list[tuple[Any, ...]]:
    """Give each miss: of which case and target, and whether it was explained."""
    nothing = told("2024-01-02", C, name="none")
    rows = assess(scheme, cases=list(cases), events=[nothing, *events], as_of=as_of, targets=TARGET)
    return list(zip(rows["id"], rows["reason"], rows["status"], strict=True))


def status(scheme: Scheme, events: Sequence[Row], as_of: Any = "2024-06-30") -> str:
    ((name, target, found),) = explained(scheme, [LATE], events, as_of)
    assert (name, target) == ("A", ASSESSMENT)
    return str(found)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2024-03-27", "late", id="before-the-start"),
        pytest.param("2024-03-28", "met", id="on-the-day-of-the-start"),
        pytest.param("2024-04-15T09:30:00", "met", id="between"),
        pytest.param("2024-04-29", "met", id="on-the-due-day"),
        pytest.param("2024-04-29T23:59:59", "met", id="late-on-the-due-day"),
        pytest.param("2024-04-30", "late", id="a-day-late"),
    ],
)
def test_both_are_told_between_the_start_and_the_due_day(lgsco: Scheme, day: str, expected: str) -> None:
    assert status(lgsco, both(day)) == expected


def test_the_parties_may_be_told_on_different_days_and_more_than_once(lgsco: Scheme) -> None:
    assert status(lgsco, [told("2024-04-02", C), told("2024-04-29", O)]) == "met"
    assert status(lgsco, [*both("2024-03-01"), *both("2024-04-12"), *both("2024-05-01")]) == "met"


ONE_TOLD = [told("2024-04-15", C)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([], id="nobody-else"),
        pytest.param([told("2024-04-16", C)], id="the-same-party-again"),
        pytest.param([told("2024-04-30", O)], id="a-day-late"),
        pytest.param([told("2024-04-15", O, reason=None)], id="no-reason"),
        pytest.param([told("2024-04-15", O, reason=" ")], id="an-empty-reason"),
        pytest.param([told("2024-04-15", O, direction="in")], id="incoming"),
        pytest.param([told("2024-04-15", O, event="contact")], id="a-contact"),
        pytest.param([told("2024-04-15", None)], id="nobody-knows-whom"),
        pytest.param([told("2024-04-15", O, name="B")], id="of-another-case"),
        pytest.param([told("2024-04-15", O, recorded_at="2024-07-01")], id="recorded-later"),
    ],
)
def test_a_delay_of_which_one_party_was_not_told_is_not_explained(lgsco: Scheme, other: list[Row]) -> None:
    assert status(lgsco, [*ONE_TOLD, *other]) == "late"
    assert status(lgsco, [*ONE_TOLD, *other, told("2024-04-15", O)]) == "met"


def test_a_log_without_reasons_explains_nothing(lgsco: Scheme) -> None:
    events = pd.DataFrame(both("2024-04-15"))
    for log, expected in ((events, ["met"]), (events.drop(columns="reason"), ["late"])):
        rows = assess(lgsco, cases=[LATE], events=log, as_of="2024-06-30", targets=TARGET)
        assert rows["status"].tolist() == expected


@pytest.mark.parametrize(
    ("case", "as_of"),
    [
        pytest.param(LATE | {"decided_at": "2024-04-29"}, "2024-06-30", id="met"),
        pytest.param(LATE | {"decided_at": None}, "2024-04-29", id="pending"),
        pytest.param(LATE | {"decided_at": None, "withdrawn_at": "2024-04-29"}, "2024-06-30", id="withdrawn-in-time"),
        pytest.param(LATE | {"decided_at": "2024-03-27"}, "2024-06-30", id="invalid"),
        pytest.param(ALLOCATED, "2024-06-27", id="investigated-for-13-weeks"),
        pytest.param(ALLOCATED | {"decided_at": "2024-06-27"}, "2025-06-27", id="investigated-in-13-weeks"),
    ],
)
def test_what_was_not_missed_needs_no_explanation(lgsco: Scheme, case: Row, as_of: str) -> None:
    assert explained(lgsco, [case], both("2024-04-15"), as_of) == []


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(LATE, id="late"),
        pytest.param(LATE | {"decided_at": None}, id="overdue"),
        pytest.param(LATE | {"decided_at": None, "withdrawn_at": "2024-04-30"}, id="withdrawn-after-it-was-due"),
        pytest.param(LATE | {"decided_at": None, "closed_at": "2024-04-30"}, id="closed-after-it-was-due"),
    ],
)
def test_what_was_missed_needs_one(lgsco: Scheme, case: Row) -> None:
    assert explained(lgsco, [case], [], "2024-04-30") == [("A", ASSESSMENT, "late")]
    assert explained(lgsco, [case], both("2024-04-29"), "2024-04-30") == [("A", ASSESSMENT, "met")]


@pytest.mark.parametrize(
    ("as_of", "days", "expected"),
    [  # 13, 26 and 52 weeks from 28 March 2024 end on 27 June, 26 September and 27 March
        ("2024-06-28", ["2024-06-27"], {WEEKS_13: "met"}),
        ("2024-06-28", ["2024-06-28"], {WEEKS_13: "late"}),
        ("2024-09-27", ["2024-06-28"], {WEEKS_13: "late", WEEKS_26: "met"}),
        ("2025-03-28", ["2024-09-27"], {WEEKS_13: "late", WEEKS_26: "late", WEEKS_52: "met"}),
        ("2025-03-28", ["2024-03-28"], {WEEKS_13: "met", WEEKS_26: "met", WEEKS_52: "met"}),
    ],
)
def test_each_target_that_a_case_missed_is_looked_at_for_itself(
    lgsco: Scheme, as_of: str, days: list[str], expected: dict[str, str]
) -> None:
    found = explained(lgsco, [ALLOCATED], [event for day in days for event in both(day)], as_of)
    assert {target: said for _, target, said in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("day", "as_of", "expected"),
    [
        pytest.param("2024-04-29", "2024-05-01", "met", id="told-in-time"),
        pytest.param("2024-05-07", "2024-05-07", "met", id="told-on-the-last-day"),
        pytest.param("2024-05-08", "2024-05-08", "late", id="told-too-late"),
        pytest.param(None, "2024-04-30", "pending", id="the-day-after-it-was-due"),
        pytest.param(None, "2024-05-06", "pending", id="a-day-before-the-last"),
        pytest.param(None, "2024-05-07T12:00:00", "pending", id="at-noon-of-the-last-day"),
        pytest.param(None, "2024-05-08", "late", id="the-day-after-the-last"),
    ],
)
def test_by_option_there_are_some_days_more(
    five_days_more: Scheme, lgsco: Scheme, day: str | None, as_of: str, expected: str
) -> None:
    events = [] if day is None else both(day)
    assert status(five_days_more, events, as_of) == expected
    assert status(lgsco, events, as_of) == ("met" if day == "2024-04-29" else "late")


def test_misses_belong_to_the_period_of_their_due_day(lgsco: Scheme) -> None:
    cases = [LATE, LATE | {"case_id": "B", "received_at": "2024-04-02", "decided_at": "2024-06-03"}]  # due on 30 April
    cases += [LATE | {"case_id": "D", "received_at": "2024-04-03", "decided_at": "2024-06-03"}]  # due on 1 May
    events = [*both("2024-04-29"), *both("2024-05-01", name="B"), *both("2024-05-01", name="D")]
    rows = measure(lgsco, cases=cases, events=events, as_of="2024-06-30", targets=TARGET, every="month")[TARGET].rows
    assert {row.period: (row.met, row.missed) for row in rows if row.met or row.missed} == {
        "Apr 2024": (1, 1),
        "May 2024": (1, 0),
    }
    assert {row.cohort for row in rows} == {"due"}


def test_the_outcomes_say_when_the_clock_started_and_was_due(lgsco: Scheme) -> None:
    rows = assess(lgsco, cases=[LATE], events=both("2024-04-15"), as_of="2024-06-30", targets=TARGET)
    assert rows[["target", "record", "id", "row", "status"]].to_numpy().tolist() == [[TARGET, "cases", "A", 0, "met"]]
    assert (rows["start"][0], rows["due"][0]) == (pd.Timestamp("2024-03-28"), pd.Timestamp("2024-04-29"))
    assert rows[["stop", "elapsed"]].isna().all(axis=None)


FIRST = date(2024, 6, 3)  # a Monday; no bank holiday until August
SHIFTS = st.integers(0, 20)
CASES = st.tuples(
    SHIFTS,
    st.one_of(st.none(), SHIFTS),
    st.lists(st.tuples(st.sampled_from([C, O]), SHIFTS, st.booleans()), max_size=8),
)


def after(day: date, working_days: int) -> date:
    while working_days:
        day += timedelta(days=1)
        working_days -= day.weekday() < 5
    return day


@laws
@given(
    st.lists(CASES, min_size=1, max_size=6), st.integers(0, 30), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3)
)
def test_a_plain_loop_finds_the_same(
    lgsco: Scheme, drawn: list[Any], as_of_shift: int, limit: int, more: int, batch: int
) -> None:
    scheme = lgsco.with_target(ASSESSMENT, limit=f"{limit} working days").with_target(
        TARGET, up_to=f"{more} working days"
    )
    as_of = FIRST + timedelta(days=as_of_shift)
    cases: list[Row] = []
    events = [told(date(2024, 1, 2), C, "none")]
    expected = []
    for place, (start, decided, explanations) in enumerate(drawn):
        name, received = f"C{place}", FIRST + timedelta(days=start)
        stop = None if decided is None else received + timedelta(days=decided)
        cases.append({"case_id": name, "received_at": received, "decided_at": stop, "allocated_at": None})
        said = [(party, received + timedelta(days=shift - 5), reason) for party, shift, reason in explanations]
        events += [told(day, party, name, reason="why" if reason else None) for party, day, reason in said]
        due = after(received, limit)
        last = after(due, more)
        missed = received <= as_of and min(stop or as_of, as_of) > due
        if not missed or as_of == last:
            continue
        parties = {party for party, day, reason in said if reason and received <= day <= min(last, as_of)}
        expected.append((name, "met" if parties == {C, O} else "pending" if as_of < last else "late"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BATCH", batch)
        rows = assess(scheme, cases=pd.DataFrame(cases), events=pd.DataFrame(events), as_of=as_of, targets=TARGET)
    found = zip(rows["id"], rows["status"], rows["due"], strict=True)
    assert [(name, said) for name, said, due in found if due.date() != as_of] == expected
