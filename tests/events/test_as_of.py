"""What was known at the time that is measured at: nothing that happened later."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ombudsman_kpi import CoverageError, OptionError, Scheme, assess, load_scheme, measure, tally

TARGET = "decided-or-allocated-20wd"
INVESTIGATION = "investigation-13w"

Verdict = Callable[..., tuple[str, str]]

CASE = {"received_at": "2024-03-28T10:00:00", "decided_at": "2024-04-12T15:00:00"}  # due on 29 April


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def verdict(lgsco: Scheme) -> Verdict:
    """Give the status and reason of one case at some time."""

    def run(times: dict[str, Any], as_of: object, target: str = TARGET, **changes: object) -> tuple[str, str]:
        scheme = lgsco.with_target(target, **changes) if changes else lgsco
        row = assess(scheme, cases=[{"case_id": "C", **times}], as_of=as_of, targets=target).iloc[0]
        return row["status"], row["reason"]

    return run


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        pytest.param("2024-03-27", "excluded", id="the-day-before-receipt"),
        pytest.param("2024-03-28", "pending", id="the-close-of-the-day-of-receipt"),
        pytest.param(date(2024, 4, 11), "pending", id="a-date-before-the-decision"),
        pytest.param("2024-04-12", "met", id="the-close-of-the-day-of-decision"),
        pytest.param(np.datetime64("2024-04-12"), "met", id="a-date-of-numpy"),
        pytest.param(pd.Timestamp("2024-04-12"), "met", id="a-midnight-of-pandas-is-a-date"),
        pytest.param(datetime.combine(date(2024, 4, 12), time()), "pending", id="a-midnight-is-an-instant"),
        pytest.param("2024-04-12T00:00:00", "pending", id="a-midnight-in-text-is-an-instant"),
        pytest.param("2024-03-28T09:59:59.999999", "excluded", id="a-moment-before-receipt"),
        pytest.param("2024-03-28T10:00:00", "pending", id="the-moment-of-receipt"),
        pytest.param("2024-04-12T14:59:59.999999", "pending", id="a-moment-before-the-decision"),
        pytest.param("2024-04-12T15:00:00", "met", id="the-moment-of-the-decision"),
        pytest.param("2024-04-12T13:59:59Z", "pending", id="a-moment-before-in-another-zone"),
        pytest.param(datetime(2024, 4, 12, 14, tzinfo=UTC), "met", id="the-moment-in-another-zone"),
        pytest.param(pd.Timestamp("2024-04-12 14:59"), "pending", id="a-timestamp-of-pandas"),
    ],
)
def test_a_date_means_its_close_and_a_timestamp_that_moment(verdict: Verdict, as_of: object, status: str) -> None:
    assert verdict(CASE, as_of)[0] == status


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        pytest.param("2024-04-28", "pending", id="the-day-before"),
        pytest.param("2024-04-29", "pending", id="the-close-of-the-due-day"),
        pytest.param("2024-04-29T23:59:59.999999", "pending", id="the-last-moment-of-the-due-day"),
        pytest.param("2024-04-30T00:00:00", "overdue", id="the-first-moment-of-the-next-day"),
        pytest.param("2024-04-29T22:30:00Z", "pending", id="late-in-the-evening"),
        pytest.param("2024-04-29T23:30:00Z", "overdue", id="past-midnight-in-london"),
        pytest.param("2024-04-30", "overdue", id="the-close-of-the-next-day"),
    ],
)
def test_open_is_overdue_only_when_the_due_day_is_over(verdict: Verdict, as_of: str, status: str) -> None:
    assert verdict({"received_at": "2024-03-28"}, as_of) == (status, "")


def test_a_due_day_before_a_weekend_is_over_on_saturday(verdict: Verdict) -> None:
    received = {"received_at": "2024-03-27"}  # due on Friday 26 April
    assert [verdict(received, day)[0] for day in ("2024-04-26", "2024-04-27", "2024-04-29")] == [
        "pending",
        "overdue",
        "overdue",
    ]


def test_a_record_that_starts_later_is_left_out(verdict: Verdict) -> None:
    assert verdict({"received_at": "2024-04-01"}, "2024-03-31") == ("excluded", "not yet received")
    assert verdict(
        {"received_at": "2024-03-01", "valid_at": "2024-04-01", "allocated_at": "2024-03-05"},
        "2024-03-31",
        INVESTIGATION,
    ) == ("excluded", "not yet valid")


@pytest.mark.parametrize(
    ("received", "clock", "as_of", "expected"),
    [
        pytest.param(
            "2024-03-28T17:30:00",
            {"cut_off": "17:00"},
            "2024-03-28",
            ("excluded", "not yet received"),
            id="after-hours",
        ),
        pytest.param("2024-03-28T17:30:00", {"cut_off": "17:00"}, "2024-03-29", ("pending", ""), id="the-day-after"),
        pytest.param(
            "2024-03-30",
            {"non_working_receipt": "next working day"},
            "2024-04-01",
            ("excluded", "not yet received"),
            id="over-a-bank-holiday",
        ),
        pytest.param(
            "2024-03-30", {"non_working_receipt": "next working day"}, "2024-04-02", ("pending", ""), id="after-it"
        ),
    ],
)
def test_what_is_deemed_received_later_is_left_out_until_then(
    verdict: Verdict, received: str, clock: dict[str, str], as_of: str, expected: tuple[str, str]
) -> None:
    assert verdict({"received_at": received}, as_of, clock=clock) == expected


def test_a_case_allocated_later_is_not_yet_an_investigation(verdict: Verdict) -> None:
    times = {"received_at": "2024-01-04", "allocated_at": "2024-02-01"}
    assert verdict(times, "2024-01-31", INVESTIGATION) == ("excluded", "not allocated")
    assert verdict(times, "2024-02-01", INVESTIGATION) == ("pending", "")


def test_a_case_is_an_assessment_until_it_is_allocated(verdict: Verdict) -> None:
    times = {"received_at": "2024-01-04", "allocated_at": "2024-02-01"}
    only = {"stop": "decided_at", "where": {"allocated_at": {"present": False}}}
    assert verdict(times, "2024-01-31", **only)[0] == "pending"
    assert verdict(times, "2024-02-01", **only) == ("excluded", "allocated")


@pytest.mark.parametrize("field", ["decision", "decided_in"])
def test_the_kind_of_a_decision_is_known_from_the_day_of_the_decision(verdict: Verdict, field: str) -> None:
    times = {"received_at": "2024-03-28", "decided_at": "2024-04-12", "decision": "upheld", "decided_in": "assessment"}
    where = {field: times[field]}
    assert verdict(times, "2024-04-11", where=where) == ("excluded", f"{field} is not {times[field]}")
    assert verdict(times, "2024-04-12", where=where) == ("met", "")


@pytest.mark.parametrize("field", ["decision", "decided_in"])
def test_a_later_decision_is_in_no_group_yet(lgsco: Scheme, field: str) -> None:
    case = {
        "case_id": "C",
        "received_at": "2024-03-28",
        "decided_at": "2024-04-12",
        "decision": "upheld",
        "decided_in": "assessment",
    }
    groups = [
        measure(lgsco, cases=[case], as_of=as_of, targets=TARGET, by=field).rows[0].group
        for as_of in ("2024-04-11", "2024-04-12")
    ]
    assert groups == [("(not recorded)",), (case[field],)]


@pytest.mark.parametrize("field", ["withdrawn_at", "closed_at", "allocated_at"])
def test_a_later_ending_is_not_known(verdict: Verdict, field: str) -> None:
    assert verdict({"received_at": "2024-03-28", field: "2024-04-12"}, "2024-04-11") == ("pending", "")


def test_a_breach_before_a_later_decision_is_overdue_then_late(verdict: Verdict) -> None:
    times = {"received_at": "2024-03-28", "decided_at": "2024-05-14"}
    assert [verdict(times, day)[0] for day in ("2024-04-29", "2024-05-13", "2024-05-14", "2024-12-31")] == [
        "pending",
        "overdue",
        "late",
        "late",
    ]


def test_a_decision_that_comes_before_a_receipt_still_to_come_is_not_a_contradiction_yet(verdict: Verdict) -> None:
    times = {"received_at": "2024-05-01", "decided_at": "2024-03-01"}
    assert verdict(times, "2024-04-30") == ("excluded", "not yet received")
    assert verdict(times, "2024-05-01")[0] == "invalid"


def test_elapsed_runs_to_as_of_while_the_clock_is_open(lgsco: Scheme) -> None:
    cases = [{"case_id": "C", "received_at": "2024-03-28"}]
    elapsed = [
        assess(lgsco, cases=cases, as_of=day, targets=TARGET)["elapsed"].iloc[0]
        for day in ("2024-03-28", "2024-04-01", "2024-04-02", "2024-04-29", "2024-04-30")
    ]
    assert elapsed == [0, 1, 1, 20, 21]


def test_measuring_before_every_record_is_refused(lgsco: Scheme) -> None:
    cases = [{"case_id": "C", "received_at": "2024-03-28"}]
    with pytest.raises(OptionError, match="is before every record"):
        measure(lgsco, cases=cases, as_of="2024-03-27", targets=TARGET)
    (block,) = tally(lgsco, cases=cases, as_of="2024-03-27", targets=TARGET).blocks.values()
    assert block.records.tolist() == [1]


@pytest.mark.parametrize(
    "as_of",
    [None, "", "31/03/2024", "2024-02-30", 45382],
    ids=["none", "empty", "day-first", "no-such-day", "a-number"],
)
def test_the_time_to_measure_at_has_to_be_said(verdict: Verdict, as_of: object) -> None:
    with pytest.raises(OptionError, match="as_of"):
        verdict(CASE, as_of)


@pytest.mark.parametrize("as_of", ["1989-12-31", "2051-01-01"], ids=["before", "after"])
def test_the_time_to_measure_at_has_to_be_in_the_calendar(verdict: Verdict, as_of: str) -> None:
    with pytest.raises(
        CoverageError, match=rf"as_of {as_of} is outside the scheme's calendar, 1990-01-01 to 2050-12-31"
    ):
        verdict(CASE, as_of)
