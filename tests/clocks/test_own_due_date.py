"""Limits that each record brings along: an order's own due date, or the time of day of it."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import RecordsError, Scheme, assess, load_scheme, measure

ORDERS = "orders-complied"
PROMISES = "promises-kept"

Judged = Callable[..., list[tuple[str, str]]]

BY_THE_DAY = {"own_due": "by the day"}


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    added: dict[str, Any] = {"says": "orders are complied with by their day", "cohort": "due"}
    orders = {"of": "orders", "stop": "complied_at", "limit": {"field": "due_at"}}
    promises = {"of": "cases", "start": "received_at", "stop": "decided_at", "limit": {"field": "promised_at"}}
    return load_scheme("lgsco").with_target(ORDERS, **added, **orders).with_target(PROMISES, **added, **promises)


@pytest.fixture(scope="module")
def judged(scheme: Scheme) -> Judged:
    """Give the status and reason of orders, each a due date and when it was complied with."""

    def run(*orders: tuple[object, object], as_of: object = "2026-12-31", **clock: str) -> list[tuple[str, str]]:
        changed = scheme.with_target(ORDERS, clock=clock) if clock else scheme
        rows = [{"case_id": "C", "due_at": due, "complied_at": complied} for due, complied in orders]
        found = assess(changed, orders=rows, as_of=as_of, targets=ORDERS)
        return list(zip(found["status"], found["reason"], strict=True))

    return run


@pytest.fixture(scope="module")
def promised(scheme: Scheme) -> Callable[..., pd.DataFrame]:
    """Assess cases against what each was promised."""

    def run(*cases: dict[str, Any], as_of: object = "2026-12-31") -> pd.DataFrame:
        rows = [{"case_id": f"C{place}", **row} for place, row in enumerate(cases)]
        return assess(scheme, cases=rows, as_of=as_of, targets=PROMISES)

    return run


FIVE = "2024-03-28T17:00:00"


@pytest.mark.parametrize(
    ("due", "complied", "clock", "status"),
    [
        pytest.param("2024-03-28", "2024-03-28", {}, "met", id="a-day-on-that-day"),
        pytest.param("2024-03-28", "2024-03-29", {}, "late", id="a-day-on-the-next"),
        pytest.param("2024-03-28", "2024-03-28T23:59:59.999999", {}, "met", id="the-last-moment-of-a-day"),
        pytest.param("2024-03-28", "2024-03-29T00:00:00", {}, "late", id="the-first-moment-of-the-next"),
        pytest.param("2024-07-01", "2024-07-01T23:30:00Z", {}, "late", id="past-midnight-in-london"),
        pytest.param("2024-03-29", "2024-03-29", {}, "met", id="a-bank-holiday-is-a-day"),
        pytest.param(FIVE, FIVE, {}, "met", id="an-instant-at-that-instant"),
        pytest.param(FIVE, "2024-03-28T17:00:00.000001", {}, "late", id="a-microsecond-after-an-instant"),
        pytest.param(FIVE, "2024-03-28T16:59:59.999999", {}, "met", id="a-microsecond-before-an-instant"),
        pytest.param("2024-07-01T17:00:00+01:00", "2024-07-01T16:00:00Z", {}, "met", id="an-instant-in-another-zone"),
        pytest.param("2024-07-01T17:00:00+01:00", "2024-07-01T16:00:01Z", {}, "late", id="after-it-in-another-zone"),
        pytest.param("2024-03-28T00:00:00", "2024-03-28T09:00:00", {}, "late", id="a-midnight-is-an-instant"),
        pytest.param(FIVE, "2024-03-28T20:00:00", BY_THE_DAY, "met", id="by-the-day-that-evening"),
        pytest.param(FIVE, "2024-03-29T00:00:00", BY_THE_DAY, "late", id="by-the-day-the-next-midnight"),
        pytest.param("2024-03-28T00:00:00", "2024-03-28T09:00:00", BY_THE_DAY, "met", id="by-the-day-of-a-midnight"),
        pytest.param(FIVE, "2024-03-28", {}, "met", id="a-date-is-compared-by-the-day"),
        pytest.param(FIVE, "2024-03-29", {}, "late", id="a-date-on-the-next-day"),
    ],
)
def test_an_instant_is_compared_as_an_instant_and_a_date_as_a_day(
    judged: Judged, due: str, complied: str, clock: dict[str, str], status: str
) -> None:
    assert judged((due, complied), **clock) == [(status, "")]


def test_dates_and_instants_can_stand_in_one_column(judged: Judged) -> None:
    evening = datetime.fromisoformat("2024-03-28T20:00:00")
    five = datetime.fromisoformat(FIVE)
    assert judged((date(2024, 3, 28), evening), (five, evening)) == [("met", ""), ("late", "")]


@pytest.mark.parametrize(
    ("due", "as_of", "clock", "status"),
    [
        pytest.param("2024-03-28", "2024-03-27", {}, "pending", id="the-day-before"),
        pytest.param("2024-03-28", "2024-03-28", {}, "pending", id="the-close-of-the-due-day"),
        pytest.param("2024-03-28", "2024-03-28T23:00:00", {}, "pending", id="that-evening"),
        pytest.param("2024-03-28", "2024-03-29T00:00:00", {}, "overdue", id="the-next-midnight"),
        pytest.param("2024-03-28", "2024-03-29", {}, "overdue", id="the-day-after"),
        pytest.param(FIVE, FIVE, {}, "pending", id="the-very-instant"),
        pytest.param(FIVE, "2024-03-28T17:00:00.000001", {}, "overdue", id="a-microsecond-after"),
        pytest.param(FIVE, "2024-03-28", {}, "overdue", id="the-close-of-its-day"),
        pytest.param(FIVE, "2024-03-28", BY_THE_DAY, "pending", id="by-the-day"),
        pytest.param(FIVE, "2024-03-29", BY_THE_DAY, "overdue", id="by-the-day-on-the-next"),
    ],
)
def test_an_open_order_is_overdue_once_its_day_or_instant_is_over(
    judged: Judged, due: str, as_of: str, clock: dict[str, str], status: str
) -> None:
    assert judged((due, None), (due, "2024-12-24"), as_of=as_of, **clock) == [(status, ""), (status, "")]


def test_the_midnights_of_pandas_are_dates(scheme: Scheme) -> None:
    frame = pd.DataFrame(
        {
            "case_id": ["A", "B", "C"],
            "due_at": pd.to_datetime(["2024-03-28 00:00", "2024-03-28 17:00", "2024-03-28 00:00"]),
            "complied_at": pd.to_datetime(["2024-03-28 17:30", "2024-03-28 17:30", "2024-03-29 00:00"]),
        }
    )
    rows = assess(scheme, orders=frame, as_of="2024-04-30", targets=ORDERS)
    assert rows["status"].tolist() == ["met", "late", "late"]
    assert rows["due"].tolist() == frame["due_at"].tolist()


def test_a_midnight_with_a_zone_is_an_instant_in_pandas_too(scheme: Scheme) -> None:
    frame = pd.DataFrame(
        {
            "case_id": ["A"],
            "due_at": pd.to_datetime(["2024-03-28 00:00"]).tz_localize("Europe/London"),
            "complied_at": pd.to_datetime(["2024-03-28 17:30"]).tz_localize("Europe/London"),
        }
    )
    assert assess(scheme, orders=frame, as_of="2024-04-30", targets=ORDERS)["status"].tolist() == ["late"]


@pytest.mark.parametrize(
    ("due", "complied", "reason"),
    [
        pytest.param("2051-01-01", None, "due_at is outside the calendar", id="due-after-the-calendar"),
        pytest.param("1989-12-31", "2024-03-28", "due_at is outside the calendar", id="due-before-the-calendar"),
        pytest.param("2024-03-28", "1989-12-31", "complied_at is outside the calendar", id="complied-before-it"),
        pytest.param(
            "2024-03-31T01:30:00",
            None,
            "due_at never occurred in Europe/London, where the clocks went forward; give it with its zone",
            id="due-in-a-skipped-hour",
        ),
    ],
)
def test_a_date_that_cannot_be_is_invalid(judged: Judged, due: str, complied: str | None, reason: str) -> None:
    assert judged((due, complied)) == [("invalid", reason)]


def test_an_order_without_a_due_date_is_invalid(scheme: Scheme) -> None:
    frame = pd.DataFrame({"case_id": ["A", "B"], "due_at": ["2024-03-28", None], "complied_at": ["2024-03-28"] * 2})
    rows = assess(scheme, orders=frame, as_of="2024-04-30", targets=ORDERS)
    assert list(zip(rows["status"], rows["reason"], strict=True)) == [("met", ""), ("invalid", "due_at is missing")]


def test_a_case_that_was_promised_nothing_is_left_out(promised: Callable[..., pd.DataFrame]) -> None:
    case = {"received_at": "2024-03-28", "decided_at": "2024-04-02"}
    rows = promised({**case, "promised_at": None}, {**case, "promised_at": "2024-04-02"})
    assert rows["status"].tolist() == ["excluded", "met"]
    assert rows["reason"].tolist() == ["no promised_at", ""]


def test_a_column_that_nobody_has_is_an_error(scheme: Scheme) -> None:
    with pytest.raises(RecordsError, match="has no column 'promised_at'"):
        assess(scheme, cases=[{"case_id": "C", "received_at": "2024-03-28"}], as_of="2024-04-30", targets=PROMISES)


@pytest.mark.parametrize(
    ("times", "status", "elapsed"),
    [
        pytest.param({"decided_at": "2024-04-10"}, "met", 13, id="kept"),
        pytest.param({"decided_at": "2024-04-11"}, "late", 14, id="broken"),
        pytest.param({"withdrawn_at": "2024-04-10"}, "excluded", 13, id="withdrawn-in-time"),
        pytest.param({"withdrawn_at": "2024-04-11"}, "late", 14, id="withdrawn-too-late"),
        pytest.param({"decided_at": "2024-03-28T07:00:00"}, "met", 0, id="earlier-on-the-day-it-came"),
        pytest.param({"decided_at": "2024-03-27"}, "invalid", None, id="before-it-came"),
        pytest.param({}, "overdue", 33, id="open"),
    ],
)
def test_a_promise_with_a_start_has_elapsed_days(
    promised: Callable[..., pd.DataFrame], times: dict[str, str], status: str, elapsed: int | None
) -> None:
    case = {"received_at": "2024-03-28T09:00:00", "promised_at": "2024-04-10", "decided_at": None, **times}
    row = promised(case, as_of="2024-04-30").iloc[0]
    assert row["status"] == status
    assert row["unit"] == "days"
    assert row["due"] == pd.Timestamp("2024-04-10")
    assert row["elapsed"] is pd.NA if elapsed is None else row["elapsed"] == elapsed


def test_orders_belong_to_the_month_they_are_due_in(scheme: Scheme) -> None:
    orders = [
        {"case_id": "A", "due_at": "2024-03-31", "complied_at": "2024-03-01"},
        {"case_id": "B", "due_at": "2024-04-01T00:30:00", "complied_at": "2024-05-01"},
        {"case_id": "C", "due_at": "2024-06-30", "complied_at": None},
    ]
    rows = measure(scheme, orders=orders, as_of="2024-05-31", every="month", targets=ORDERS)
    assert [(row.period, row.met, row.missed, row.pending) for row in rows] == [
        ("Mar 2024", 1, 0, 0),
        ("Apr 2024", 0, 1, 0),
        ("May 2024", 0, 0, 0),
        ("Jun 2024", 0, 0, 1),
    ]
