"""Rates of kinds: the records of some kinds among those of a larger set, maybe of two kinds of records."""

from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, Scheme, SchemeError, assess, load_scheme, measure
from ombudsman_kpi.figures.row import Row

RATE = "rate"


def declared(**keys: Any) -> Scheme:
    base: dict[str, Any] = {"measure": "share of kinds", "says": "A rate", "cohort": "dated"}
    return load_scheme("lgsco").with_target(RATE, **{**base, **keys})


UPHOLD = declared(
    of="cases", dated="decided_at", where={"decision": ["upheld", "not-upheld"]}, numerator={"decision": "upheld"},
    standard="at most 50%",
)  # fmt: skip
ESCALATION = declared(
    of="requests", dated="answered_at", where={"kind": "stage-1"}, followed_by={"kind": "stage-2"},
    standard="at most 10%",
)  # fmt: skip
ONLINE = declared(
    of="written_contacts", dated="received_at", numerator={"channel": "online"}, among={"calls": "offered_at"},
    cohort="received",
)  # fmt: skip


def only(results: Results) -> Row:
    assert len(results) == 1
    return results.rows[0]


def decisions(*decisions: tuple[str | None, str | None]) -> pd.DataFrame:
    rows = [
        {"case_id": f"C{place}", "received_at": "2024-01-02", "decision": kind, "decided_at": day}
        for place, (kind, day) in enumerate(decisions)
    ]
    return pd.DataFrame(rows)


def test_a_rate_is_the_kinds_among_the_larger_set() -> None:
    day = "2024-05-01"
    frame = decisions(("upheld", day), ("not-upheld", day), ("not-upheld", day), ("advice", day), (None, day))
    row = only(measure(UPHOLD, cases=frame, as_of="2024-05-31", targets=RATE))
    assert (row.met, row.missed, row.excluded, row.records) == (1, 2, 2, 5)
    assert (row.numerator, row.denominator, row.exact) == (1, 3, Fraction(1, 3))
    assert (row.low, row.high, row.status) == (row.value, row.value, "met")
    assert row.reasons == {("excluded", "decision is not upheld or not-upheld"): 2}


@pytest.mark.parametrize(("upheld", "status"), [(4, "met"), (5, "met"), (6, "missed")])
def test_a_rate_is_compared_by_its_counts(upheld: int, status: str) -> None:
    kinds = ["upheld"] * upheld + ["not-upheld"] * (10 - upheld)
    frame = decisions(*((kind, "2024-05-01") for kind in kinds))
    assert only(measure(UPHOLD, cases=frame, as_of="2024-05-31", targets=RATE)).status == status


def test_a_decision_that_is_not_yet_known_is_in_no_rate() -> None:
    frame = decisions(("upheld", "2024-05-01"), ("upheld", "2024-05-02"), ("not-upheld", None))
    row = only(measure(UPHOLD, cases=frame, as_of="2024-05-01", targets=RATE))
    assert (row.met, row.denominator, row.excluded) == (1, 1, 2)


def test_without_any_of_the_larger_set_there_is_no_rate() -> None:
    row = only(measure(UPHOLD, cases=decisions(("advice", "2024-05-01")), as_of="2024-05-31", targets=RATE))
    assert (row.value, row.low, row.high, row.denominator, row.status) == (None, None, None, 0, "no data")


def test_each_period_has_the_rate_of_what_was_dated_in_it() -> None:
    frame = decisions(("upheld", "2024-04-30"), ("not-upheld", "2024-05-01"), ("upheld", "2024-05-31T23:59"))
    rows = measure(UPHOLD, cases=frame, as_of="2024-05-31", targets=RATE, every="month")
    assert {row.period: row.exact for row in rows} == {"Apr 2024": 1, "May 2024": Fraction(1, 2)}


def test_a_word_that_a_field_never_holds_contradicts_its_record() -> None:
    scheme = declared(of="cases", dated="decided_at", numerator={"decided_in": "investigation"})
    frame = decisions(*[("upheld", "2024-05-01")] * 4)
    frame["decided_in"] = pd.Series(["investigation", "assessment", "elsewhere", None], dtype="object")
    row = only(measure(scheme, cases=frame, as_of="2024-05-31", targets=RATE))
    assert (row.met, row.missed, row.invalid) == (1, 2, 1)
    assert row.reasons == {("invalid", "decided_in has an unknown value"): 1}


def test_several_conditions_must_all_hold() -> None:
    scheme = declared(
        of="activities", dated="at", where={"kind": "press"}, numerator={"tone": {"not": "negative"}, "paper": "local"}
    )
    rows = [
        {"kind": kind, "at": "2024-05-01", "tone": tone, "paper": paper}
        for kind, tone, paper in [
            ("press", "positive", "local"), ("press", "neutral", "local"), ("press", "negative", "local"),
            ("press", "positive", "national"), ("report", "positive", "local"),
        ]
    ]  # fmt: skip
    row = only(measure(scheme, activities=rows, as_of="2024-05-31", targets=RATE))
    assert (row.exact, row.excluded) == (Fraction(1, 2), 1)


def test_calls_answered_are_those_with_an_answer_by_then() -> None:
    scheme = declared(of="calls", dated="offered_at", numerator={"answered_at": {"present": True}}, cohort="received")
    calls = [
        {"offered_at": "2024-05-01T09:00:00", "answered_at": "2024-05-01T09:00:10", "abandoned_at": None},
        {"offered_at": "2024-05-01T09:00:00", "answered_at": None, "abandoned_at": "2024-05-01T09:00:10"},
        {"offered_at": "2024-05-01T23:59:59", "answered_at": "2024-05-02T00:00:10", "abandoned_at": None},
    ]
    assert only(measure(scheme, calls=calls, as_of="2024-05-02", targets=RATE)).exact == Fraction(2, 3)
    assert only(measure(scheme, calls=calls, as_of="2024-05-01", targets=RATE)).exact == Fraction(1, 3)


def request(kind: str, received: str, answered: str | None, case: str | None) -> dict[str, str | None]:
    return {"kind": kind, "received_at": received, "answered_at": answered, "case_id": case}


def escalated(*rows: dict[str, str | None], as_of: str = "2024-12-31", **options: Any) -> Results:
    frame = pd.DataFrame([{"request_id": f"R{place}", **row} for place, row in enumerate(rows)])
    return measure(ESCALATION, requests=frame, as_of=as_of, targets=RATE, **options)


FIRST = request("stage-1", "2024-04-02", "2024-04-15", "A")


@pytest.mark.parametrize(
    ("second", "met"),
    [
        pytest.param(request("stage-2", "2024-04-14", None, "A"), 0, id="the-day-before-the-answer"),
        pytest.param(request("stage-2", "2024-04-15", None, "A"), 1, id="on-the-day-of-the-answer"),
        pytest.param(request("stage-2", "2024-04-16", None, "A"), 1, id="the-day-after"),
        pytest.param(request("stage-2", "2024-11-16", "2024-12-01", "A"), 1, id="months-later"),
        pytest.param(request("stage-2", "2024-04-16", None, "B"), 0, id="of-another-case"),
        pytest.param(request("stage-2", "2024-04-16", None, None), 0, id="of-no-case"),
        pytest.param(request("enquiry-first", "2024-04-16", None, "A"), 0, id="of-another-kind"),
        pytest.param(request("stage-1", "2024-04-16", None, "A"), 0, id="of-its-own-kind"),
    ],
)
def test_a_request_is_escalated_when_its_case_later_has_another(second: dict[str, str | None], met: int) -> None:
    row = only(escalated(FIRST, second))
    assert (row.met, row.missed, row.denominator) == (met, 1 - met, 1)
    assert row.status == ("missed" if met else "met")


def test_the_last_of_several_decides_and_none_counts_twice() -> None:
    twice = [request("stage-2", "2024-04-10", None, "A"), request("stage-2", "2024-05-10", None, "A")]
    for rows in ([FIRST, *twice], [*reversed(twice), FIRST]):
        row = only(escalated(*rows))
        assert (row.met, row.denominator) == (1, 1)


def test_an_escalation_after_as_of_is_not_known() -> None:
    rows = FIRST, request("stage-2", "2024-04-20", None, "A")
    assert [only(escalated(*rows, as_of=day)).met for day in ("2024-04-19", "2024-04-20")] == [0, 1]


def test_an_escalation_counts_in_the_period_of_the_first_answer() -> None:
    rows = escalated(
        FIRST,
        request("stage-2", "2024-06-20", None, "A"),
        request("stage-1", "2024-06-03", "2024-06-10", "B"),
        request("stage-1", "2024-06-03", None, "C"),
        every="month",
    )
    found = {row.period: (row.met, row.denominator) for row in rows if row.denominator}
    assert found == {"Apr 2024": (1, 1), "Jun 2024": (0, 1)}
    assert sum(row.reasons.get(("excluded", "not yet answered"), 0) for row in rows) == 1


def test_a_request_without_a_case_cannot_be_followed() -> None:
    row = only(escalated(FIRST, request("stage-1", "2024-04-02", "2024-04-15", None)))
    assert (row.denominator, row.invalid, row.reasons[("invalid", "case_id is missing")]) == (1, 1, 1)


requests = st.tuples(
    st.sampled_from(["stage-1", "stage-2"]), st.integers(1, 20), st.none() | st.integers(0, 8), st.sampled_from("ABC")
)


@settings(max_examples=60)
@given(st.lists(requests, max_size=12), st.integers(10, 30))
def test_escalation_is_that_of_a_plain_loop(some: list[tuple[str, int, int | None, str]], as_of: int) -> None:
    some = [("stage-1", 1, 1, "A"), *some]
    rows = [
        request(kind, f"2024-05-{day:02}", None if took is None else f"2024-05-{day + took:02}", case)
        for kind, day, took, case in some
    ]
    answered = [
        (day + took, case) for kind, day, took, case in some
        if kind == "stage-1" and took is not None and day + took <= as_of
    ]  # fmt: skip
    met = 0
    for day, case in answered:
        met += any(
            kind == "stage-2" and case == other and day <= received <= as_of for kind, received, _, other in some
        )
    row = only(escalated(*rows, as_of=f"2024-05-{as_of:02}"))
    assert (row.met, row.denominator) == (met, len(answered))


CONTACTS = [
    {"contact_id": "W1", "received_at": "2024-04-02", "channel": "online"},
    {"contact_id": "W2", "received_at": "2024-04-03", "channel": "letter"},
    {"contact_id": "W3", "received_at": "2024-05-03", "channel": "online"},
]
CALLS = [
    {"offered_at": "2024-04-02T09:00:00", "answered_at": "2024-04-02T09:00:10"},
    {"offered_at": "2024-04-02T09:00:00", "answered_at": None},
    {"offered_at": "2024-06-03T09:00:00", "answered_at": None},
]


def test_other_records_may_belong_to_the_larger_set() -> None:
    rows = measure(ONLINE, written_contacts=CONTACTS, calls=CALLS, as_of="2024-12-31", targets=RATE, every="month")
    assert {row.period: (row.met, row.denominator, row.exact) for row in rows} == {
        "Apr 2024": (1, 4, Fraction(1, 4)),
        "May 2024": (1, 1, Fraction(1)),
        "Jun 2024": (0, 1, Fraction(0)),
    }


def test_what_comes_after_as_of_is_left_out_of_both() -> None:
    row = only(measure(ONLINE, written_contacts=CONTACTS, calls=CALLS, as_of="2024-04-30", targets=RATE))
    assert (row.met, row.denominator, row.excluded, row.records) == (1, 4, 2, 6)
    assert row.reasons == {("excluded", "not yet received"): 1, ("excluded", "not yet offered"): 1}


def test_without_the_others_the_rate_is_not_measured() -> None:
    row = only(measure(ONLINE, written_contacts=CONTACTS, as_of="2024-12-31", targets=RATE))
    assert (row.status, row.value, row.note) == ("not measured", None, "no calls were given")


def test_records_of_both_kinds_show_how_they_count() -> None:
    rows = assess(ONLINE, written_contacts=CONTACTS, calls=CALLS, as_of="2024-12-31", targets=RATE)
    found = sorted(zip(rows["record"].astype(str), rows["status"].astype(str), strict=True))
    assert found == [("calls", "late")] * 3 + [
        ("written_contacts", "late"), ("written_contacts", "met"), ("written_contacts", "met"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "by numerator or by followed_by"),
        ({"numerator": {"kind": "x"}, "followed_by": {"kind": "y"}}, "by numerator or by followed_by"),
        ({"numerator": {"kind": "x"}, "among": {"requests": "received_at"}}, "requests are counted already"),
        ({"numerator": {"kind": "x"}, "among": {"calls": "offered"}}, "'offered' isn't a time of calls"),
        ({"numerator": {"kind": "x"}, "dated": "kind"}, "'kind' isn't a time of requests"),
        ({"numerator": {"kind": "x"}, "cohort": "due"}, "nothing is due here"),
    ],
    ids=["no-kinds", "both", "among-itself", "no-time", "dated-by-no-time", "due"],
)
def test_what_is_no_rate_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemeError, match=words):
        declared(**{"of": "requests", "dated": "answered_at", **keys})


def test_the_columns_of_a_rate() -> None:
    frame = decisions(("upheld", "2024-05-01"), ("not-upheld", "2024-05-01"), ("not-upheld", "2024-05-01"))
    results = measure(UPHOLD, cases=frame, as_of="2024-05-31", targets=RATE)
    columns = ["measure", "unit", "numerator", "denominator", "low", "operator", "standard", "status", "headroom"]
    assert results.to_pandas()[columns].to_numpy().tolist() == [
        ["share of kinds", "share", 1, 3, 1 / 3, "at most", 0.5, "met", 0],
    ]  # fmt: skip
    line = next(line for line in repr(results).splitlines() if "✓ met" in line)
    assert "1 of 3  33.3%  at most 50%" in line
    assert "no more could be upheld" in line
