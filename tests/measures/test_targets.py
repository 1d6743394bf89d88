"""Targets as data: standards, conditions, limits, clocks."""

from datetime import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ombudsman_kpi import CalendarDays, DueField, Hours, Seconds, Weeks, WorkingDays, load_scheme, measure
from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.clocks.options import Clock
from ombudsman_kpi.errors import SchemeError
from ombudsman_kpi.measures.base.standard import Standard, parse_standard
from ombudsman_kpi.measures.not_measured import NotMeasured
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.measures.share_within import ShareWithin
from ombudsman_kpi.records.conditions import Condition

BASE: dict[str, Any] = {
    "id": "answered", "says": "Answered in time", "of": "cases", "start": "received_at", "stop": "decided_at",
    "limit": "20 working days", "cohort": "received",
}  # fmt: skip


def keeps(standard: Standard, value: Fraction) -> bool:
    """Say whether one value keeps a standard."""
    column = Fractions(np.array([value.numerator]), np.array([value.denominator]))
    return bool(standard.is_kept_by(column.signs(standard.value))[0])


def target(**changes: Any) -> ShareWithin:
    kept = {key: value for key, value in {**BASE, **changes}.items() if value is not ...}
    return ShareWithin.model_validate(kept)


@pytest.mark.parametrize(
    ("text", "operator", "value", "unit", "shown"),
    [
        ("at least 98%", "at least", Fraction(49, 50), "%", "at least 98%"),
        ("98%", "at least", Fraction(49, 50), "%", "at least 98%"),
        ("At Least 98 %", "at least", Fraction(49, 50), "%", "at least 98%"),
        ("98.5%", "at least", Fraction(197, 200), "%", "at least 98.5%"),
        ("33.3%", "at least", Fraction(333, 1000), "%", "at least 33.3%"),
        ("0%", "at least", Fraction(0), "%", "at least 0%"),
        ("100%", "at least", Fraction(1), "%", "at least 100%"),
        ("no fewer than 70", "at least", Fraction(70), "", "at least 70"),
        ("no more than 60", "at most", Fraction(60), "", "at most 60"),
        ("at most 20 seconds", "at most", Fraction(20), "seconds", "at most 20 seconds"),
        ("  at most 2%  ", "at most", Fraction(1, 50), "%", "at most 2%"),
        ("about 800", "about", Fraction(800), "", "about 800"),
        ("about 98%", "about", Fraction(49, 50), "%", "about 98%"),
        ("more than 0", "more than", Fraction(0), "", "more than 0"),
        ("more than 60%", "more than", Fraction(3, 5), "%", "more than 60%"),
        ("less than 20 seconds", "less than", Fraction(20), "seconds", "less than 20 seconds"),
        ("at most 20 working days", "at most", Fraction(20), "working days", "at most 20 working days"),
        ("increases", "more than", Fraction(0), "", "more than 0"),
        ("Decreases", "less than", Fraction(0), "", "less than 0"),
        ("does not decrease", "at least", Fraction(0), "", "at least 0"),
        ("does not increase", "at most", Fraction(0), "", "at most 0"),
        (" none ", "at most", Fraction(0), "", "at most 0"),
    ],
)
def test_a_standard_is_read_exactly_as_written(
    text: str, operator: str, value: Fraction, unit: str, shown: str
) -> None:
    standard = parse_standard(text)
    assert (standard.operator, standard.value, standard.unit) == (operator, value, unit)
    assert str(standard) == shown
    assert parse_standard(str(standard)) == standard


@pytest.mark.parametrize(
    ("text", "below", "exactly", "above"),
    [
        ("at least 60%", False, True, True),
        ("at most 60%", True, True, False),
        ("no more than 60%", True, True, False),
        ("no fewer than 60%", False, True, True),
        ("more than 60%", False, False, True),
        ("less than 60%", True, False, False),
        ("about 60%", True, True, True),  # what is expected can't be broken
    ],
)
def test_a_standard_is_kept_on_its_own_side(text: str, below: bool, exactly: bool, above: bool) -> None:
    standard, tiny = parse_standard(text), Fraction(1, 10**12)
    found = [keeps(standard, Fraction(3, 5) + change) for change in (-tiny, Fraction(0), tiny)]
    assert found == [below, exactly, above]


@pytest.mark.parametrize(
    ("text", "fall", "same", "rise"),
    [
        ("increases", False, False, True),
        ("decreases", True, False, False),
        ("does not decrease", False, True, True),
        ("does not increase", True, True, False),
        ("none", True, True, False),
    ],
)
def test_a_change_is_compared_with_0(text: str, fall: bool, same: bool, rise: bool) -> None:
    standard = parse_standard(text)
    assert [keeps(standard, Fraction(change)) for change in (-1, 0, 1)] == [fall, same, rise]


def test_every_share_is_written_as_it_was_read() -> None:
    for hundredths in range(10_001):
        text = f"at least {hundredths // 100}.{hundredths % 100:02}%"
        assert parse_standard(str(parse_standard(text))).value == Fraction(hundredths, 10_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "most",
        "%",
        "-5%",
        "at least",
        "98%%",
        "98 % of cases",
        "1e3%",
        "½%",
        "about",
        "nearly 98%",
        "rises",
        "increase",
        "None of them",
        "more than",
        "between 4 and 5",
        "more  than 4",
    ],
)
def test_what_is_no_standard_is_refused(text: str) -> None:
    with pytest.raises(SchemeError, match=r"isn't a standard.*at least 98%"):
        parse_standard(text)


@pytest.mark.parametrize("text", ["101%", "at least 100.01%", "at most 1000%"])
def test_a_share_above_all_is_impossible(text: str) -> None:
    with pytest.raises(SchemeError, match="impossible share"):
        parse_standard(text)


@pytest.mark.parametrize(
    ("condition", "name", "words"),
    [
        (Condition(("upheld",)), "decision", "decision is not upheld"),
        (Condition(("upheld", "not-upheld")), "decision", "decision is not upheld or not-upheld"),
        (Condition(("upheld",), negated=True), "decision", "decision is upheld"),
        (Condition(present=True), "allocated_at", "not allocated"),
        (Condition(present=False), "allocated_at", "allocated"),
        (Condition(present=True), "early_resolution_started_at", "not early resolution started"),
        (Condition(present=True), "joint_working", "no joint working"),
        (Condition(present=False), "joint_working", "has joint working"),
    ],
)
def test_a_condition_says_why_a_record_is_left_out(condition: Condition, name: str, words: str) -> None:
    assert condition.describe(name) == words


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("upheld", Condition(("upheld",))),
        (["upheld", "not-upheld"], Condition(("upheld", "not-upheld"))),
        ({"not": "upheld"}, Condition(("upheld",), negated=True)),
        ({"not": ["upheld", "advice"]}, Condition(("upheld", "advice"), negated=True)),
        ({"present": True}, Condition(present=True)),
        ({"present": False}, Condition(present=False)),
        (True, Condition(("true",))),
        (5, Condition(("5",))),
    ],
)
def test_a_condition_is_read_and_written_back(written: Any, read: Condition) -> None:
    declared = target(where={"decision": written})
    assert declared.where == {"decision": read}
    again = ShareWithin.model_validate(declared.model_dump(mode="json"))
    assert again == declared


@pytest.mark.parametrize(
    "written",
    [[], {}, {"present": "yes"}, {"not": {"not": "x"}}, {"not": {"present": True}}, {"gt": 5}, None, [["x"]],
     {"present": True, "not": "x"}],
    ids=str,
)  # fmt: skip
def test_a_condition_is_no_expression(written: Any) -> None:
    with pytest.raises(ValidationError, match="a condition is a value"):
        target(where={"decision": written})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20 working days", WorkingDays(20)),
        ("1 working day", WorkingDays(1)),
        ("10 calendar days", CalendarDays(10)),
        ("10 days", CalendarDays(10)),
        ("13 weeks", Weeks(13)),
        ("< 13 weeks", Weeks(13, less_than=True)),
        ("less than 13 weeks", Weeks(13, less_than=True)),
        ("within 24 hours", Hours(24)),
        (WorkingDays(20), WorkingDays(20)),
        ({"field": "due_at"}, DueField("due_at")),
    ],
)
def test_a_limit_is_read_and_written_back(written: Any, read: object) -> None:
    declared = target(limit=written)
    assert declared.limit == read
    assert type(declared.limit) is type(read)
    assert ShareWithin.model_validate(declared.model_dump(mode="json")) == declared


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": "-5 working days"}, "can't be negative: -5 working days"),
        ({"limit": "soon"}, "isn't a limit.*20 working days"),
        ({"limit": "1.5 weeks"}, "isn't a limit"),
        ({"limit": "99999999999999999999 weeks"}, "limit"),
        ({"limit": 20}, "a limit is text"),
        ({"limit": {"feild": "due_at"}}, "field = 'due_at'"),
        ({"standard": "at most 20 seconds"}, "published in per cent"),
        ({"standard": "98"}, "published in per cent"),
        ({"standard": "110%"}, "impossible share"),
        ({"start": ...}, "needs the field that starts it"),
        ({"stop": []}, "needs a field that stops it"),
        ({"start": "received"}, "isn't a time of cases.*Did you mean 'received_at'"),
        ({"stop": "team"}, "'team' isn't a time of cases"),
        ({"stop": ["decided_at", "authority"]}, "'authority' isn't a time"),
        ({"limit": {"field": "team"}}, "'team' isn't a time"),
        ({"cohort": "dated"}, "no 'dated' cohort.*received, closed, due"),
        ({"cohort": "received", "start": ..., "limit": {"field": "due_at"}}, "no 'received' cohort.*closed, due"),
        ({"id": "Not An Id"}, "pattern"),
        ({"says": ""}, "at least 1 character"),
        ({"of": "case"}, "cases"),
        ({"standerd": "98%"}, "standerd"),
    ],
    ids=str,
)
def test_a_target_that_contradicts_itself_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises((ValidationError, SchemeError), match=rf"(?s){words}"):
        target(**changes)


def test_a_column_of_the_users_own_may_be_a_time() -> None:
    assert target(start="appealed_at").start == "appealed_at"


def test_one_stop_or_several() -> None:
    assert target().stop == ("decided_at",)
    assert target(stop=["decided_at", "allocated_at"]).stop == ("decided_at", "allocated_at")


def test_cohorts_are_those_that_have_a_day() -> None:
    assert target().cohorts == ("received", "closed", "due")
    assert target(start=..., limit={"field": "due_at"}, cohort="due").cohorts == ("closed", "due")
    unmeasured = NotMeasured.model_validate(
        {"id": "a", "says": "w", "of": "reviews", "cohort": "dated", "measure": "not measured", "reason": "none"}
    )
    assert unmeasured.cohorts == ("dated",)


def test_the_default_measure_is_the_share_within() -> None:
    assert target().measure == "share within"
    assert set(MEASURES) == {
        "share within", "share of kinds", "rank", "average", "median", "centile", "distribution", "abandoned", "stock",
        "caseload", "count", "volume", "rate", "score", "trend", "done by", "keep in touch", "delays explained",
        "not measured",
    }  # fmt: skip


def a_share(met: int, missed: int, pending: int, standard: str | None) -> tuple[str, int | None]:
    """Give the status and the headroom of cases decided in a day: so many met, late, and not yet due."""
    cases = [
        {"case_id": f"{name} {number}", "received_at": start, "decided_at": stop}
        for name, start, stop, times in (
            ("met", "2024-05-01", "2024-05-02", met), ("late", "2024-05-01", "2024-07-01", missed),
            ("open", "2024-07-01", None, pending),
        )
        for number in range(times)
    ]  # fmt: skip
    scheme = load_scheme("lgsco").with_target(**BASE | {"id": "in-time", "standard": standard})
    (row,) = measure(scheme, cases=cases, as_of="2024-07-02", targets="in-time").rows
    return row.status, row.headroom


@pytest.mark.parametrize(
    ("standard", "met", "missed", "pending", "status", "headroom"),
    [
        ("at least 60%", 3, 2, 0, "met", 0),
        ("more than 60%", 3, 2, 0, "missed", -1),
        ("more than 60%", 4, 2, 0, "met", 0),  # 4 of 6 is the fewest above 3.6
        ("at most 40%", 2, 3, 0, "met", 0),
        ("less than 40%", 2, 3, 0, "missed", -1),
        ("less than 40%", 1, 3, 0, "met", 0),  # below 1.6
        ("at most 40%", 2, 2, 1, "undetermined", 0),  # 2 of 5, or 3 of 5
        ("at most 40%", 1, 3, 1, "met", 1),  # 1 of 5, or 2 of 5
        ("less than 40%", 2, 3, 1, "undetermined", 0),  # 2 of 6 or 3 of 6, below 2.4
        ("about 60%", 0, 5, 0, "no target", None),
        ("about 60%", 3, 2, 0, "no target", None),
        (None, 3, 2, 0, "no target", None),
    ],
)
def test_a_share_is_judged_by_each_kind_of_standard(
    standard: str | None, met: int, missed: int, pending: int, status: str, headroom: int | None
) -> None:
    assert a_share(met, missed, pending, standard) == (status, headroom)


def test_what_is_not_measured_has_to_say_why() -> None:
    entry = {"id": "a", "says": "w", "of": "cases", "cohort": "closed", "measure": "not measured"}
    with pytest.raises(ValidationError, match="reason"):
        NotMeasured.model_validate(entry)
    with pytest.raises(ValidationError, match="reason"):
        NotMeasured.model_validate({**entry, "reason": ""})


@pytest.mark.parametrize(
    ("clock", "limit"),
    [
        ({"day_of_receipt": "day 1"}, "20 working days"),
        ({"non_working_receipt": "next working day"}, "13 weeks"),
        ({"cut_off": "17:00"}, "10 days"),
        ({"non_working_due": "next working day"}, "13 weeks"),
        ({"own_due": "by the day"}, {"field": "due_at"}),
        ({"naive_times": "refuse"}, "24 hours"),
    ],
    ids=str,
)
def test_an_option_of_the_clock_is_in_force_where_it_means_something(clock: dict[str, str], limit: Any) -> None:
    declared = target(clock=clock, limit=limit)
    assert set(declared.clock.in_force) == set(clock)
    assert ShareWithin.model_validate(declared.model_dump(mode="json")) == declared


@pytest.mark.parametrize(
    ("clock", "limit"),
    [
        ({"day_of_receipt": "day 1"}, "24 hours"),
        ({"non_working_receipt": "next working day"}, "60 seconds"),
        ({"cut_off": "17:00"}, {"field": "due_at"}),
        ({"non_working_due": "next working day"}, "20 working days"),
        ({"own_due": "by the day"}, "20 working days"),
        ({"unanswered": "left out"}, "20 working days"),
    ],
    ids=str,
)
def test_an_option_that_the_limit_would_ignore_is_refused(clock: dict[str, str], limit: Any) -> None:
    with pytest.raises(ValidationError, match=rf"{next(iter(clock))} means nothing for a limit of"):
        target(clock=clock, limit=limit)


def test_calls_may_leave_out_those_abandoned() -> None:
    declared = target(
        of="calls", start="offered_at", stop="answered_at", limit="60 seconds", clock={"unanswered": "left out"}
    )
    assert declared.limit == Seconds(60)
    assert declared.clock.in_force == {"unanswered": "left out"}


def test_no_option_is_in_force_by_default() -> None:
    assert Clock().in_force == {}


@pytest.mark.parametrize("written", ["17:00", "17:00:00", time(17)], ids=str)
def test_a_cut_off_is_a_time_of_day(written: object) -> None:
    clock = Clock.model_validate({"cut_off": written})
    assert clock.cut_off == time(17)
    assert clock.in_force == {"cut_off": "17:00"}


@pytest.mark.parametrize("written", ["25:00", "five", 17, 17.5, 1700, True], ids=str)
def test_a_cut_off_that_is_no_time_of_day_is_refused(written: object) -> None:
    with pytest.raises(ValidationError, match="cut_off"):
        Clock.model_validate({"cut_off": written})


def test_a_target_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        target().standard = Standard("at least", Fraction(1), "%")  # type: ignore[misc]
