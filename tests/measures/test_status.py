"""Exactly one status for each record and target, and the reason for what isn't plain."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import RecordsError, Scheme, assess, load_scheme, tally

TARGET = "decided-or-allocated-20wd"
INVESTIGATION = "investigation-13w"

Assessed = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def assessed(lgsco: Scheme) -> Assessed:
    """Assess cases, each given by its times alone."""

    def run(
        *times: dict[str, Any], as_of: object = "2026-12-31", target: str = TARGET, **changes: object
    ) -> pd.DataFrame:
        scheme = lgsco.with_target(target, **changes) if changes else lgsco
        rows = [{"case_id": f"C{place}", **row} for place, row in enumerate(times)]
        return assess(scheme, cases=rows, as_of=as_of, targets=target)

    return run


def test_several_records_due_after_the_last_announced_year_are_counted(lgsco: Scheme) -> None:
    last = lgsco.calendar.announced_until
    cases = [{"case_id": f"C{place}", "received_at": f"{last.year}-12-{28 + place}"} for place in range(3)]
    row = tally(lgsco, cases=cases, as_of=f"{last.year + 1}-03-01", targets=TARGET).results().rows[0]
    assert (row.overdue, row.provisional) == (3, True)


def outcome(rows: pd.DataFrame) -> tuple[str, str]:
    """Give the status and reason of the only row."""
    assert len(rows) == 1
    return rows["status"].iloc[0], rows["reason"].iloc[0]


DUE_DATES = [
    pytest.param("2024-03-28", "2024-04-29", id="over-easter"),
    pytest.param("2023-11-29", "2023-12-29", id="over-christmas"),
    pytest.param("2023-11-30", "2024-01-02", id="over-christmas-and-new-year"),
    pytest.param("2022-05-06", "2022-06-07", id="over-the-platinum-jubilee"),
    pytest.param("2022-09-01", "2022-09-30", id="over-the-state-funeral"),
    pytest.param("2023-04-06", "2023-05-10", id="over-easter-and-the-coronation"),
]


@pytest.mark.parametrize(("received", "due"), DUE_DATES)
def test_a_decision_is_met_up_to_the_due_day_and_late_from_the_day_after(
    assessed: Assessed, received: str, due: str
) -> None:
    days = [date.fromisoformat(due) + timedelta(days=shift) for shift in (-1, 0, 1)]
    rows = assessed(*({"received_at": received, "decided_at": day} for day in days))
    assert rows["status"].tolist() == ["met", "met", "late"]


@pytest.mark.parametrize(("received", "due"), DUE_DATES)
def test_an_open_case_is_pending_up_to_the_due_day_and_overdue_from_the_day_after(
    assessed: Assessed, received: str, due: str
) -> None:
    days = [date.fromisoformat(due) + timedelta(days=shift) for shift in (-1, 0, 1)]
    assert [outcome(assessed({"received_at": received}, as_of=day)) for day in days] == [
        ("pending", ""),
        ("pending", ""),
        ("overdue", ""),
    ]


def test_every_record_has_exactly_one_status_for_every_target(lgsco: Scheme) -> None:
    cases = [
        {"case_id": "open", "received_at": "2024-03-28"},
        {"case_id": "decided", "received_at": "2024-03-28", "decided_at": "2024-04-02"},
        {
            "case_id": "investigated",
            "received_at": "2024-01-04",
            "valid_at": "2024-01-05",
            "allocated_at": "2024-02-01",
        },
        {"case_id": "withdrawn", "received_at": "2024-01-04", "withdrawn_at": "2024-01-05"},
        {"case_id": "later", "received_at": "2025-01-04"},
        {"case_id": "backwards", "received_at": "2024-02-04", "decided_at": "2024-01-04"},
        {"case_id": "twin", "received_at": "2024-02-04"},
        {"case_id": "twin", "received_at": "2024-02-05"},
    ]
    rows = assess(lgsco, cases=cases, as_of="2024-04-30")
    targets = [target.id for target in lgsco.targets if target.of == "cases" and target.measure == "share within"]
    assert len(targets) == 4
    assert sorted(zip(rows["target"], rows["row"], strict=True)) == sorted(
        (target, row) for target in targets for row in range(len(cases))
    )
    assert rows["status"].isin(["met", "late", "overdue", "pending", "excluded", "invalid"]).all()


ENDINGS = [
    pytest.param({"withdrawn_at": "2024-04-26"}, ("excluded", "withdrawn"), 19, id="withdrawn-before-it-was-due"),
    pytest.param({"withdrawn_at": "2024-04-29"}, ("excluded", "withdrawn"), 20, id="withdrawn-on-the-due-day"),
    pytest.param(
        {"withdrawn_at": "2024-04-30"}, ("late", "withdrawn after it was due"), 21, id="withdrawn-the-day-after"
    ),
    pytest.param({"closed_at": "2024-04-29"}, ("excluded", "closed"), 20, id="closed-without-a-decision"),
    pytest.param({"closed_at": "2024-04-30"}, ("late", "closed after it was due"), 21, id="closed-too-late"),
    pytest.param(
        {"closed_at": "2024-04-10", "withdrawn_at": "2024-04-10"},
        ("excluded", "withdrawn"),
        7,
        id="withdrawn-and-closed",
    ),
    pytest.param({"decided_at": "2024-04-10", "closed_at": "2024-04-10"}, ("met", ""), 7, id="decided-and-closed"),
    pytest.param({"decided_at": "2024-04-10", "closed_at": "2024-06-10"}, ("met", ""), 7, id="closed-long-after"),
    pytest.param(
        {"decided_at": "2024-05-10", "closed_at": "2024-06-10"}, ("late", ""), 28, id="decided-late-and-closed"
    ),
    pytest.param(
        {"decided_at": "2024-04-10", "withdrawn_at": "2024-04-10"}, ("met", ""), 7, id="decided-and-withdrawn-on-a-day"
    ),
    pytest.param(
        {"decided_at": "2024-05-10", "withdrawn_at": "2024-04-10"}, ("excluded", "withdrawn"), 7, id="withdrawn-first"
    ),
]


@pytest.mark.parametrize(("times", "expected", "elapsed"), ENDINGS)
def test_a_breach_is_never_erased_and_what_ended_in_time_without_a_decision_is_left_out(
    assessed: Assessed, times: dict[str, str], expected: tuple[str, str], elapsed: int
) -> None:
    rows = assessed({"received_at": "2024-03-28", **times})
    assert outcome(rows) == expected
    assert rows["elapsed"].tolist() == [elapsed]


@pytest.mark.parametrize(
    ("times", "stop", "status"),
    [
        pytest.param({"decided_at": "2024-04-05"}, "2024-04-05", "met", id="decided-only"),
        pytest.param({"allocated_at": "2024-04-08"}, "2024-04-08", "met", id="allocated-only"),
        pytest.param(
            {"decided_at": "2024-08-05", "allocated_at": "2024-04-08"}, "2024-04-08", "met", id="allocated-first"
        ),
        pytest.param(
            {"decided_at": "2024-04-29", "allocated_at": "2024-04-30"}, "2024-04-29", "met", id="decided-first"
        ),
        pytest.param({"decided_at": "2024-05-02", "allocated_at": "2024-04-30"}, "2024-04-30", "late", id="both-late"),
    ],
)
def test_the_first_of_several_stops_wins(assessed: Assessed, times: dict[str, str], stop: str, status: str) -> None:
    row = assessed({"received_at": "2024-03-28", **times}).iloc[0]
    assert row["stop"] == pd.Timestamp(stop)
    assert row["status"] == status


def test_a_record_without_the_required_start_is_invalid(lgsco: Scheme) -> None:
    frame = pd.DataFrame(
        {
            "case_id": ["C0", "C1"],
            "received_at": ["2024-03-28", None],
            "decided_at": ["2024-04-02", "2024-04-02"],
            "allocated_at": [None, None],
        }
    )
    rows = assess(lgsco, cases=frame, as_of="2024-04-30", targets=TARGET)
    assert rows["status"].tolist() == ["met", "invalid"]
    assert rows["reason"].tolist() == ["", "received_at is missing"]


def test_a_case_that_is_not_yet_valid_is_left_out_while_others_have_the_cell(assessed: Assessed) -> None:
    allocated = {"received_at": "2024-01-04", "allocated_at": "2024-01-10"}
    rows = assessed({**allocated, "valid_at": "2024-01-10"}, {**allocated, "valid_at": None}, target=INVESTIGATION)
    assert rows["status"].tolist() == ["overdue", "excluded"]
    assert rows["reason"].tolist() == ["", "not yet valid"]


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ({"decided_at": "2024-04-10"}, ("invalid", "valid_at is missing, and decided_at is there")),
        ({"withdrawn_at": "2024-04-10"}, ("excluded", "not yet valid")),
        ({"closed_at": "2024-04-10"}, ("excluded", "not yet valid")),
        # which of them ended it first is what counts, and of one day the decision
        ({"decided_at": "2024-04-10", "closed_at": "2024-04-10"},
         ("invalid", "valid_at is missing, and decided_at is there")),
        ({"decided_at": "2024-04-10", "withdrawn_at": "2024-04-09"}, ("excluded", "not yet valid")),
        ({"decided_at": "2031-04-10"}, ("excluded", "not yet valid")),  # that isn't known yet
    ],
)  # fmt: skip
def test_what_stopped_without_having_started_leaves_no_figure_unseen(
    assessed: Assessed, ended: dict[str, str], expected: tuple[str, str]
) -> None:
    case = {"received_at": "2024-01-04", "allocated_at": "2024-01-10", "valid_at": None}
    rows = assessed({"valid_at": "2024-01-10", **dict.fromkeys(ended), "allocated_at": None,
                     "received_at": "2024-01-04"}, case | ended, target=INVESTIGATION)  # fmt: skip
    assert (rows["status"][1], rows["reason"][1]) == expected


def test_without_the_whole_column_validity_is_receipt(assessed: Assessed) -> None:
    received = {"received_at": "2024-01-04", "allocated_at": "2024-01-10"}
    rows = assessed(
        {**received, "decided_at": "2024-04-04"},  # 91 days
        {**received, "decided_at": "2024-04-05"},
        target=INVESTIGATION,
    )
    assert rows["start"].tolist() == [pd.Timestamp("2024-01-04")] * 2
    assert rows["elapsed"].tolist() == [91, 92]
    assert rows["status"].tolist() == ["met", "late"]


def test_a_case_that_nobody_investigates_is_left_out_of_the_investigations(assessed: Assessed) -> None:
    rows = assessed({"received_at": "2024-01-04", "decided_at": "2024-02-01"}, target=INVESTIGATION)
    assert outcome(rows) == ("excluded", "not allocated")


@pytest.mark.parametrize("field", ["decided_at", "allocated_at", "withdrawn_at", "closed_at"])
def test_what_ended_before_it_started_is_invalid(assessed: Assessed, field: str) -> None:
    rows = assessed({"received_at": "2024-03-28", field: "2024-03-27"})
    assert outcome(rows) == ("invalid", f"{field} is before received_at")
    assert rows["elapsed"].isna().all()


def test_the_order_of_times_within_a_day_does_not_matter_to_a_limit_in_days(assessed: Assessed) -> None:
    rows = assessed(
        {"received_at": "2024-03-28T15:00:00", "decided_at": "2024-03-28T09:00:00"},
        {"received_at": "2024-03-28T15:00:00", "decided_at": "2024-03-27T16:00:00"},
    )
    assert rows["status"].tolist() == ["met", "invalid"]
    assert rows["elapsed"].tolist() == [0, pd.NA]


def test_two_records_of_one_id_are_both_invalid(lgsco: Scheme) -> None:
    rows = assess(
        lgsco,
        cases=[
            {"case_id": name, "received_at": "2024-03-28", "team": place} for place, name in enumerate(("A", "B", "A"))
        ],
        as_of="2024-03-29",
        targets=TARGET,
    )
    assert rows["status"].tolist() == ["invalid", "pending", "invalid"]


CALENDAR_ENDS = [
    pytest.param({"received_at": "1989-12-29"}, ("invalid", "received_at is outside the calendar"), id="too-early"),
    pytest.param({"received_at": "1990-01-02", "decided_at": "1990-01-30"}, ("met", ""), id="in-the-first-year"),
    pytest.param(
        {"received_at": "2024-03-28", "decided_at": "1889-12-29"},
        ("invalid", "decided_at is outside the calendar"),
        id="decided-a-century-ago",
    ),
    pytest.param({"received_at": "2050-11-01", "decided_at": "2050-11-02"}, ("met", ""), id="due-in-the-last-year"),
    pytest.param(
        {"received_at": "2050-12-20"}, ("invalid", "due day is after the calendar's last day"), id="due-after-the-end"
    ),
    pytest.param(
        {"received_at": "2050-11-01", "decided_at": "2051-01-05"}, ("overdue", ""), id="decided-after-the-end"
    ),
    pytest.param({"received_at": "2051-01-05"}, ("excluded", "not yet received"), id="received-after-the-end"),
]


@pytest.mark.parametrize(("times", "expected"), CALENDAR_ENDS)
def test_what_the_calendar_does_not_know_is_invalid_and_what_comes_later_is_not_known(
    assessed: Assessed, times: dict[str, str], expected: tuple[str, str]
) -> None:
    assert outcome(assessed(times, as_of="2050-12-31")) == expected


def test_a_due_day_beyond_the_calendar_is_not_given(assessed: Assessed) -> None:
    rows = assessed({"received_at": "2050-12-20"}, as_of="2050-12-31")
    assert rows["due"].isna().all()
    assert rows["elapsed"].isna().all()


def test_calendar_days_beyond_the_calendar_are_invalid_too(assessed: Assessed) -> None:
    rows = assessed({"received_at": "2050-10-01"}, {"received_at": "2050-10-02"}, as_of="2050-12-30", limit="13 weeks")
    assert rows["due"].tolist() == [pd.Timestamp("2050-12-31"), pd.NaT]
    assert rows["status"].tolist() == ["pending", "invalid"]


SPRING = "2024-03-31T01:30:00"  # the clocks went from 01:00 to 02:00


@pytest.mark.parametrize(
    ("times", "status", "day"),
    [
        pytest.param({"received_at": SPRING, "decided_at": "2024-04-30"}, "late", "2024-03-31", id="received"),
        pytest.param({"received_at": "2024-03-28", "decided_at": SPRING}, "met", "2024-03-28", id="decided"),
        pytest.param({"received_at": "2024-03-28", "withdrawn_at": SPRING}, "excluded", "2024-03-28", id="withdrawn"),
    ],
)
def test_where_the_day_is_all_that_matters_a_time_that_never_occurred_counts_on_its_date(
    assessed: Assessed, times: dict[str, str], status: str, day: str
) -> None:
    row = assessed({"decided_at": None, **times}).iloc[0]
    assert (row["status"], row["start"]) == (status, pd.Timestamp(day))


@pytest.mark.parametrize(
    "moment",
    ["2024-03-31T00:59:59", "2024-03-31T02:00:00", "2024-03-31T01:30:00+01:00", "2024-10-27T01:30:00"],
    ids=["just-before", "just-after", "of-another-zone", "that-occurred-twice"],
)
def test_a_time_that_occurred_is_not_invalid(assessed: Assessed, moment: str) -> None:
    assert outcome(assessed({"received_at": moment, "decided_at": None})) == ("overdue", "")


def test_a_time_that_never_occurred_is_not_known_before_its_day(assessed: Assessed) -> None:
    times = {"received_at": "2024-03-28", "decided_at": SPRING}
    assert outcome(assessed(times, as_of="2024-03-30")) == ("pending", "")
    assert outcome(assessed(times, as_of="2024-03-31")) == ("met", "")


def test_a_day_that_is_in_no_calendar_is_invalid(lgsco: Scheme) -> None:
    frame = pd.DataFrame({"case_id": ["A", "B"], "received_at": ["2024-02-29", "2024-02-30"]})
    rows = assess(
        lgsco, cases=frame.assign(decided_at="2024-03-01", allocated_at=""), as_of="2024-03-31", targets=TARGET
    )
    assert rows["status"].tolist() == ["met", "invalid"]
    assert rows["reason"].tolist() == ["", "received_at is not a real date or time"]


def test_times_with_and_without_a_zone_give_the_same_outcome(assessed: Assessed) -> None:
    naive = assessed(
        {"received_at": "2024-03-28T23:30:00", "decided_at": "2024-04-29T23:59:59"},
        {"received_at": "2024-07-01T00:30:00", "decided_at": "2024-07-30T00:00:00"},
    )
    aware = assessed(
        {"received_at": "2024-03-28T23:30:00Z", "decided_at": "2024-04-29T22:59:59Z"},
        {"received_at": "2024-06-30T23:30:00Z", "decided_at": "2024-07-29T19:00:00-04:00"},
    )
    pd.testing.assert_frame_equal(naive, aware)
    assert naive["status"].tolist() == ["met", "late"]


REFUSING = {"naive_times": "refuse"}


def test_naive_times_are_refused_where_the_clock_says_so(assessed: Assessed) -> None:
    with pytest.raises(RecordsError, match="received_at has timestamps without a zone"):
        assessed({"received_at": "2024-03-28T09:00:00"}, clock=REFUSING)


@pytest.mark.parametrize("received", ["2024-03-28", "2024-03-28T09:00:00+00:00"], ids=["a-date", "a-time-with-a-zone"])
def test_refusing_naive_times_takes_dates_and_times_with_a_zone(assessed: Assessed, received: str) -> None:
    assert outcome(assessed({"received_at": received}, as_of="2024-04-29", clock=REFUSING)) == ("pending", "")
