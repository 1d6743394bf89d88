"""When something is due, and how much of its limit was used; every expected day was counted by hand."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import Scheme, assess, load_scheme

TARGET = "decided-or-allocated-20wd"
ASSEMBLED = "2026-12-31"  # long after everything below

Outcomes = Callable[..., pd.DataFrame]

DEEMED = {"clock": {"non_working_receipt": "next working day"}}
RECEIPT_IS_DAY_1 = {"clock": {"day_of_receipt": "day 1"}}
CUT_OFF = {"clock": {"cut_off": "17:00"}}
ROLLED = {"clock": {"non_working_due": "next working day"}}


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def outcomes(lgsco: Scheme) -> Outcomes:
    """Assess cases received at one time and decided at several, by a target with some changes."""

    def run(changes: dict[str, Any], received: object, *decided: object) -> pd.DataFrame:
        scheme = lgsco.with_target(TARGET, **changes)
        rows = [
            {"case_id": f"C{place}", "received_at": received, "decided_at": stop, "allocated_at": None}
            for place, stop in enumerate(decided)
        ]
        return assess(scheme, cases=rows, as_of=ASSEMBLED, targets=TARGET)

    return run


THE_TABLE = [
    pytest.param("2024-03-28", {}, "2024-04-29", id="good-friday-and-easter-monday-do-not-count"),
    pytest.param("2024-03-30", {}, "2024-04-29", id="received-on-saturday"),
    pytest.param("2024-03-30", DEEMED, "2024-04-30", id="saturday-deemed-received-next-working-day"),
    pytest.param("2024-03-28", RECEIPT_IS_DAY_1, "2024-04-26", id="day-of-receipt-is-day-1"),
    pytest.param("2022-09-01", {}, "2022-09-30", id="the-state-funeral"),
    pytest.param("2023-04-06", {}, "2023-05-10", id="easter-early-may-and-coronation"),
    pytest.param("2020-04-09", {}, "2020-05-12", id="early-may-moved-to-friday"),
    pytest.param("2024-03-01", {"limit": "13 weeks"}, "2024-05-31", id="13-weeks-are-91-days"),
    pytest.param("2024-03-01", {"limit": "< 13 weeks"}, "2024-05-30", id="less-than-13-weeks"),
]

MORE = [
    pytest.param("2024-03-28", {"limit": "< 20 working days"}, "2024-04-26", id="less-than-20-working-days"),
    pytest.param("2024-03-28", {"limit": "10 calendar days"}, "2024-04-07", id="calendar-days-end-on-a-sunday"),
    pytest.param("2024-03-28", {"limit": "1 working day"}, "2024-04-02", id="the-next-working-day"),
    pytest.param("2024-03-28", {"limit": "0 working days"}, "2024-03-28", id="the-same-day"),
    pytest.param("2024-02-23", {"limit": "5 weeks"}, "2024-03-29", id="weeks-end-on-good-friday"),
    pytest.param("2024-02-23", {"limit": "5 weeks", **ROLLED}, "2024-04-02", id="weeks-roll-over-easter"),
    pytest.param("2024-02-23", {"limit": "< 5 weeks", **ROLLED}, "2024-03-28", id="nothing-to-roll-on-a-working-day"),
    pytest.param("2024-02-24", {"limit": "5 weeks", **DEEMED}, "2024-04-01", id="weeks-from-deemed-receipt"),
    pytest.param("2024-02-23", {"limit": "5 weeks", **RECEIPT_IS_DAY_1}, "2024-03-28", id="weeks-from-day-1"),
    pytest.param("2024-03-30", RECEIPT_IS_DAY_1, "2024-04-29", id="a-saturday-is-no-day-1"),
    pytest.param("2024-01-31", {"limit": "26 weeks"}, "2024-07-31", id="26-weeks-are-182-days"),
    pytest.param("2024-03-01", {"limit": "52 weeks"}, "2025-02-28", id="52-weeks-are-364-days"),
    pytest.param("2024-03-27T17:00:00", CUT_OFF, "2024-04-26", id="received-at-the-cut-off"),
    pytest.param("2024-03-27T17:00:00.000001", CUT_OFF, "2024-04-29", id="received-just-after-the-cut-off"),
    pytest.param("2024-03-27", CUT_OFF, "2024-04-26", id="a-date-alone-is-before-any-cut-off"),
    pytest.param("2024-04-10T16:30:00Z", CUT_OFF, "2024-05-10", id="half-past-five-on-the-scheme-s-clock"),
    pytest.param("2024-03-13T16:30:00Z", CUT_OFF, "2024-04-12", id="half-past-four-in-winter"),
    pytest.param(
        "2024-03-27T17:00:01",
        {"clock": {"cut_off": "17:00", "day_of_receipt": "day 1"}},
        "2024-04-26",
        id="day-1-is-the-day-after-the-cut-off",
    ),
    pytest.param(
        "2024-04-05T17:30:00",
        {"clock": {"cut_off": "17:00", "non_working_receipt": "next working day"}},
        "2024-05-07",
        id="friday-evening-is-deemed-received-on-monday",
    ),
    pytest.param(
        "2024-03-30",
        {"clock": {"day_of_receipt": "day 1", "non_working_receipt": "next working day"}},
        "2024-04-29",
        id="deemed-received-on-day-1",
    ),
]

MONTHS = [
    pytest.param("2024-01-31", {"limit": "1 month"}, "2024-02-29", id="no-31-february-in-a-leap-year"),
    pytest.param("2023-01-31", {"limit": "1 month"}, "2023-02-28", id="no-31-february-in-another-year"),
    pytest.param("2023-11-30", {"limit": "3 months"}, "2024-02-29", id="no-30-february"),
    pytest.param("2024-01-31", {"limit": "3 months"}, "2024-04-30", id="no-31-april"),
    pytest.param("2024-01-31", {"limit": "2 months"}, "2024-03-31", id="the-31st-again-after-a-short-month"),
    pytest.param("2024-02-29", {"limit": "12 months"}, "2025-02-28", id="a-leap-day-after-a-year"),
    pytest.param("2020-02-29", {"limit": "48 months"}, "2024-02-29", id="a-leap-day-after-four-years"),
    pytest.param("2023-02-28", {"limit": "12 months"}, "2024-02-28", id="the-28th-not-the-last-of-the-month"),
    pytest.param("2024-02-29", {"limit": "1 month"}, "2024-03-29", id="a-month-ends-on-good-friday"),
    pytest.param("2024-02-29", {"limit": "1 month", **ROLLED}, "2024-04-02", id="a-month-rolls-over-easter"),
    pytest.param("2024-09-25", {"limit": "3 months", **ROLLED}, "2024-12-27", id="months-roll-over-christmas"),
    pytest.param("2024-11-24", {"limit": "1 month", **ROLLED}, "2024-12-24", id="christmas-eve-is-a-working-day"),
    pytest.param("2024-01-31", {"limit": "< 1 month"}, "2024-02-28", id="less-than-a-month"),
    pytest.param("2024-03-01", {"limit": "< 6 months"}, "2024-08-31", id="less-than-six-months-end-on-a-saturday"),
    pytest.param("2024-03-01", {"limit": "< 6 months", **ROLLED}, "2024-09-02", id="which-rolls-on-to-monday"),
    pytest.param("2024-03-01", {"limit": "1 month", **RECEIPT_IS_DAY_1}, "2024-03-31", id="a-month-from-its-first-day"),
    pytest.param("2024-01-31", {"limit": "1 month", **RECEIPT_IS_DAY_1}, "2024-02-28", id="day-1-is-the-31st"),
    pytest.param("2024-03-30", {"limit": "1 month", **DEEMED}, "2024-05-02", id="a-month-from-deemed-receipt"),
    pytest.param("2024-01-31T17:00:01", {"limit": "1 month", **CUT_OFF}, "2024-03-01", id="a-month-after-the-cut-off"),
    pytest.param("2024-01-31", {"limit": "0 months"}, "2024-01-31", id="no-month-at-all"),
]


@pytest.mark.parametrize(("received", "changes", "due"), [*THE_TABLE, *MORE, *MONTHS])
def test_a_record_is_due_on_the_day_counted_by_hand_and_late_from_the_next(
    outcomes: Outcomes, received: str, changes: dict[str, Any], due: str
) -> None:
    day = date.fromisoformat(due)
    rows = outcomes(changes, received, day, day + timedelta(days=1))
    assert rows["due"].tolist() == [pd.Timestamp(due)] * 2
    assert rows["status"].tolist() == ["met", "late"]


USED = [
    pytest.param({}, "2024-03-27", "2024-03-27", 0, id="decided-on-the-day-of-receipt"),
    pytest.param({}, "2024-03-27", "2024-03-28", 1, id="decided-the-next-working-day"),
    pytest.param({}, "2024-03-27", "2024-03-29", 2, id="decided-on-good-friday"),
    pytest.param({}, "2024-03-27", "2024-04-02", 2, id="decided-after-easter"),
    pytest.param({}, "2024-03-27", "2024-04-25", 19, id="decided-the-day-before-it-was-due"),
    pytest.param({}, "2024-03-27", "2024-04-26", 20, id="decided-on-the-friday-it-was-due"),
    pytest.param({}, "2024-03-27", "2024-04-27", 21, id="decided-on-the-saturday-after"),
    pytest.param({}, "2024-03-27", "2024-04-28", 21, id="decided-on-the-sunday-after"),
    pytest.param({}, "2024-03-27", "2024-04-29", 21, id="decided-on-the-monday-after"),
    pytest.param({}, "2024-03-27", "2024-04-30", 22, id="decided-on-the-tuesday-after"),
    pytest.param({}, "2024-03-30", "2024-03-30", 0, id="received-and-decided-on-saturday"),
    pytest.param({}, "2024-03-30", "2024-03-31", 1, id="received-on-saturday-decided-on-sunday"),
    pytest.param({}, "2024-03-30", "2024-04-02", 1, id="received-on-saturday-decided-on-day-1"),
    pytest.param(RECEIPT_IS_DAY_1, "2024-03-28", "2024-03-28", 1, id="day-1-itself"),
    pytest.param(RECEIPT_IS_DAY_1, "2024-03-28", "2024-04-02", 2, id="day-2"),
    pytest.param(RECEIPT_IS_DAY_1, "2024-03-30", "2024-04-01", 1, id="day-1-is-still-to-come"),
    pytest.param(DEEMED, "2024-03-30", "2024-04-02", 0, id="decided-on-the-day-of-deemed-receipt"),
    pytest.param(DEEMED, "2024-03-30", "2024-04-03", 1, id="the-day-after-deemed-receipt"),
    pytest.param({"limit": "5 weeks"}, "2024-02-23", "2024-03-29", 35, id="calendar-days"),
    pytest.param({"limit": "5 weeks"}, "2024-02-23", "2024-03-30", 36, id="weekends-count-as-calendar-days"),
    pytest.param({"limit": "5 weeks", **RECEIPT_IS_DAY_1}, "2024-02-23", "2024-02-23", 1, id="day-1-in-calendar-days"),
    pytest.param({"limit": "5 weeks", **ROLLED}, "2024-02-23", "2024-03-28", 34, id="before-anything-rolls"),
    pytest.param({"limit": "5 weeks", **ROLLED}, "2024-02-23", "2024-03-31", 35, id="while-the-due-day-rolls"),
    pytest.param({"limit": "5 weeks", **ROLLED}, "2024-02-23", "2024-04-02", 35, id="on-the-rolled-due-day"),
    pytest.param({"limit": "5 weeks", **ROLLED}, "2024-02-23", "2024-04-03", 40, id="after-the-rolled-due-day"),
]

A_MONTH = {"limit": "1 month"}
USED_IN_MONTHS = [
    pytest.param(A_MONTH, "2024-01-31", "2024-01-31", 0, id="decided-at-once"),
    pytest.param(A_MONTH, "2024-01-31", "2024-02-01", 1, id="decided-the-day-after"),
    pytest.param(A_MONTH, "2024-01-31", "2024-02-29", 1, id="decided-on-the-last-of-february"),
    pytest.param(A_MONTH, "2024-01-31", "2024-03-01", 2, id="decided-on-the-first-of-march"),
    pytest.param(A_MONTH, "2024-01-31", "2024-03-31", 2, id="decided-on-the-last-of-march"),
    pytest.param(A_MONTH, "2024-01-31", "2024-04-30", 3, id="decided-on-the-last-of-april"),
    pytest.param(A_MONTH, "2024-01-31", "2024-05-01", 4, id="decided-on-the-first-of-may"),
    pytest.param(A_MONTH, "2023-03-15", "2024-03-15", 12, id="decided-a-year-later"),
    pytest.param(A_MONTH, "2023-03-15", "2024-03-16", 13, id="decided-a-year-and-a-day-later"),
    pytest.param({**A_MONTH, **RECEIPT_IS_DAY_1}, "2024-03-01", "2024-03-01", 1, id="day-1-of-a-month"),
    pytest.param({**A_MONTH, **RECEIPT_IS_DAY_1}, "2024-03-01", "2024-04-01", 2, id="the-month-is-over"),
    pytest.param({**A_MONTH, **ROLLED}, "2024-02-29", "2024-04-01", 1, id="while-a-month-rolls"),
    pytest.param({**A_MONTH, **ROLLED}, "2024-02-29", "2024-04-02", 1, id="on-the-rolled-last-day-of-a-month"),
    pytest.param({**A_MONTH, **ROLLED}, "2024-02-29", "2024-04-03", 2, id="after-the-rolled-last-day-of-a-month"),
]


@pytest.mark.parametrize(("changes", "received", "decided", "elapsed"), [*USED, *USED_IN_MONTHS])
def test_elapsed_is_the_smallest_limit_whose_due_day_is_not_before_the_stop(
    outcomes: Outcomes, changes: dict[str, Any], received: str, decided: str, elapsed: int
) -> None:
    row = outcomes(changes, received, decided).iloc[0]
    assert row["elapsed"] == elapsed
    assert row["status"] == (
        "met" if elapsed <= {"5 weeks": 35, "1 month": 1}.get(str(changes.get("limit")), 20) else "late"
    )


BEFORE_THE_CLOCK = [
    pytest.param(DEEMED, "2024-03-30", "2024-03-31", id="received-on-saturday-decided-on-sunday"),
    pytest.param(DEEMED, "2024-03-29", "2024-03-29", id="received-and-decided-on-good-friday"),
    pytest.param(CUT_OFF, "2024-03-27T17:30:00", "2024-03-27T18:30:00", id="decided-the-evening-it-came"),
]


@pytest.mark.parametrize(("changes", "received", "decided"), BEFORE_THE_CLOCK)
def test_what_is_decided_before_its_deemed_receipt_used_nothing_and_contradicts_nothing(
    outcomes: Outcomes, changes: dict[str, Any], received: str, decided: str
) -> None:
    row = outcomes(changes, received, decided).iloc[0]
    assert (row["status"], row["elapsed"], row["reason"]) == ("met", 0, "")


@pytest.mark.parametrize(
    ("changes", "received", "decided"),
    [
        pytest.param(DEEMED, "2024-03-30", "2024-03-29", id="the-day-before-a-saturday"),
        pytest.param(CUT_OFF, "2024-03-27T17:30:00", "2024-03-26T18:30:00", id="the-evening-before"),
    ],
)
def test_a_decision_before_the_day_of_receipt_is_a_contradiction_whatever_the_option(
    outcomes: Outcomes, changes: dict[str, Any], received: str, decided: str
) -> None:
    assert outcomes(changes, received, decided)["status"].tolist() == ["invalid"]


@pytest.mark.parametrize(
    ("limit", "days", "statuses"),
    [
        pytest.param("13 weeks", (90, 91, 92), ["met", "met", "late"], id="within-13-weeks"),
        pytest.param("< 13 weeks", (90, 91, 92), ["met", "late", "late"], id="less-than-13-weeks"),
        pytest.param("within 26 weeks", (181, 182, 183), ["met", "met", "late"], id="within-26-weeks"),
        pytest.param("less than 26 weeks", (181, 182, 183), ["met", "late", "late"], id="less-than-26-weeks"),
        pytest.param("91 days", (90, 91, 92), ["met", "met", "late"], id="within-91-days"),
    ],
)
def test_within_includes_the_due_day_and_less_than_does_not(
    outcomes: Outcomes, limit: str, days: tuple[int, ...], statuses: list[str]
) -> None:
    received = date(2024, 3, 1)
    rows = outcomes({"limit": limit}, received, *(received + timedelta(days=number) for number in days))
    assert rows["elapsed"].tolist() == list(days)
    assert rows["status"].tolist() == statuses


@pytest.mark.parametrize(
    ("limit", "unit"),
    [
        ("20 working days", "working days"),
        ("20 calendar days", "days"),
        ("4 weeks", "days"),
        ("1 month", "months"),
        ("480 hours", "hours"),
    ],
    ids=["working-days", "calendar-days", "weeks", "months", "hours"],
)
def test_each_unit_of_limit_has_its_own_unit_of_elapsed_time(outcomes: Outcomes, limit: str, unit: str) -> None:
    rows = outcomes({"limit": limit}, "2024-03-28T09:00:00", "2024-04-02T09:00:00")
    assert rows["unit"].tolist() == [unit]


def test_start_stop_and_due_are_wall_clock_days_of_the_scheme(outcomes: Outcomes) -> None:
    row = outcomes({}, "2024-07-01T23:30:00Z", "2024-07-03T08:15:00Z").iloc[0]
    assert row["start"] == pd.Timestamp("2024-07-02")  # half past midnight in London
    assert row["stop"] == pd.Timestamp("2024-07-03")
    assert row["due"] == pd.Timestamp("2024-07-30")
    assert row["elapsed"] == 1
