"""Clocks of seconds and hours: elapsed time on the UTC line, and calls that nobody answered."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import RecordsError, Scheme, SchemeError, assess, load_scheme, measure

CALLS = "intake-calls-60s"
CASES = "decided-or-allocated-20wd"

Assessed = Callable[..., pd.DataFrame]

LATE = "late"
WITHIN = "left out if abandoned within the limit"
ANSWERED_ONLY = "left out"


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def assessed(lgsco: Scheme) -> Assessed:
    """Assess calls, each given by its times alone."""

    def run(*calls: dict[str, Any], as_of: object = "2026-12-31", **changes: object) -> pd.DataFrame:
        scheme = lgsco.with_target(CALLS, **changes) if changes else lgsco
        return assess(scheme, calls=list(calls), as_of=as_of, targets=CALLS)

    return run


@pytest.fixture(scope="module")
def timed(lgsco: Scheme) -> Assessed:
    """Assess cases against a limit in hours."""

    def run(*cases: dict[str, Any], limit: str, as_of: object = "2026-12-31") -> pd.DataFrame:
        scheme = lgsco.with_target(CASES, limit=limit)
        rows = [{"case_id": f"C{place}", **row} for place, row in enumerate(cases)]
        return assess(scheme, cases=rows, as_of=as_of, targets=CASES)

    return run


def call(offered: str, answered: str | None = None, abandoned: str | None = None) -> dict[str, Any]:
    return {"offered_at": offered, "answered_at": answered, "abandoned_at": abandoned}


@pytest.mark.parametrize(
    ("answered", "limit", "status", "elapsed"),
    [
        pytest.param("2024-03-28T09:00:00", "60 seconds", "met", 0, id="at-once"),
        pytest.param("2024-03-28T09:00:59.999999", "60 seconds", "met", 59.999999, id="a-microsecond-before"),
        pytest.param("2024-03-28T09:01:00", "60 seconds", "met", 60, id="exactly-60"),
        pytest.param("2024-03-28T09:01:00.000001", "60 seconds", "late", 60.000001, id="a-microsecond-after"),
        pytest.param("2024-03-28T09:00:59.999999", "< 60 seconds", "met", 59.999999, id="less-than-60"),
        pytest.param("2024-03-28T09:01:00", "< 60 seconds", "late", 60, id="60-is-not-less-than-60"),
        pytest.param("2024-03-29T09:00:00", "24 hours", "met", 24, id="exactly-24-hours"),
        pytest.param("2024-03-29T09:00:00.000001", "24 hours", "late", pytest.approx(24), id="just-over-24-hours"),
    ],
)
def test_seconds_and_hours_are_exact_to_the_microsecond(
    assessed: Assessed, answered: str, limit: str, status: str, elapsed: float
) -> None:
    row = assessed(call("2024-03-28T09:00:00", answered), limit=limit).iloc[0]
    assert (row["status"], row["elapsed"]) == (status, elapsed)


def test_a_call_is_due_at_the_second_its_limit_ends(assessed: Assessed) -> None:
    row = assessed(call("2024-03-28T23:59:30.250000", "2024-03-29T00:00:10")).iloc[0]
    assert row["due"] == pd.Timestamp("2024-03-29 00:00:30.250000")
    assert row["unit"] == "seconds"
    assert row["elapsed"] == 39.75


def test_an_answer_before_the_offer_is_invalid_even_on_the_same_day(assessed: Assessed) -> None:
    row = assessed(call("2024-03-28T09:00:00", "2024-03-28T08:59:59.999999")).iloc[0]
    assert (row["status"], row["reason"]) == ("invalid", "answered_at is before offered_at")


AROUND_OCTOBER = [  # on 27 October 2024 the hour from 01:00 to 02:00 occurred twice
    pytest.param("2024-10-27T00:59:30", "2024-10-27T01:00:20", 50, id="into-the-first-time"),
    pytest.param("2024-10-27T01:10:00", "2024-10-27T01:10:55", 55, id="within-the-hour"),
    pytest.param("2024-10-27T01:59:40", "2024-10-27T01:00:10", 30, id="the-clock-seems-to-run-backwards"),
    pytest.param("2024-10-27T01:30:00", "2024-10-27T01:29:59", 3599, id="second-time-for-the-stop"),
    pytest.param("2024-10-27T01:59:40", "2024-10-27T02:00:10", 3630, id="out-of-the-first-time"),
    pytest.param("2024-10-27T00:30:00", "2024-10-27T02:30:00", 10800, id="over-the-whole-hour"),
]


@pytest.mark.parametrize(("offered", "answered", "elapsed"), AROUND_OCTOBER)
def test_a_call_in_the_hour_that_occurs_twice_neither_gains_nor_loses_one(
    assessed: Assessed, offered: str, answered: str, elapsed: int
) -> None:
    row = assessed(call(offered, answered)).iloc[0]
    assert row["elapsed"] == elapsed
    assert row["status"] == ("met" if elapsed <= 60 else "late")


def test_a_call_in_march_does_not_gain_the_hour_that_the_clock_skips(assessed: Assessed) -> None:
    rows = assessed(
        call("2024-03-31T00:59:30", "2024-03-31T02:00:30"),
        call("2024-03-31T00:59:30", "2024-03-31T02:00:30.000001"),
    )
    assert rows["status"].tolist() == ["met", "late"]
    assert rows["due"].tolist() == [pd.Timestamp("2024-03-31 02:00:30")] * 2


@pytest.mark.parametrize(
    ("offered", "answered", "field"),
    [
        pytest.param("2024-03-31T01:30:00", "2024-03-31T02:30:00", "offered_at", id="offered"),
        pytest.param("2024-03-31T00:59:59", "2024-03-31T01:00:00", "answered_at", id="answered"),
    ],
)
def test_a_call_at_a_time_that_never_occurred_is_invalid(
    assessed: Assessed, offered: str, answered: str, field: str
) -> None:
    row = assessed(call(offered, answered)).iloc[0]
    assert row["status"] == "invalid"
    assert row["reason"].startswith(f"{field} never occurred")


SAME_MOMENTS = [
    pytest.param(
        call("2024-07-01T09:00:00", "2024-07-01T09:00:41"),
        call("2024-07-01T08:00:00Z", "2024-07-01T10:00:41+02:00"),
        id="in-summer",
    ),
    pytest.param(
        call("2024-01-15T09:00:00", "2024-01-15T09:01:41"),
        call("2024-01-15T09:00:00+00:00", "2024-01-15T14:31:41+05:30"),
        id="in-winter",
    ),
    pytest.param(
        call("2024-10-27T01:59:40", None, "2024-10-27T01:00:10"),
        call("2024-10-27T00:59:40Z", None, "2024-10-27T01:00:10Z"),
        id="as-the-clocks-went-back",
    ),
    pytest.param(
        call("2024-03-31T00:59:30", "2024-03-31T02:00:10"),
        call("2024-03-31T00:59:30Z", "2024-03-31T01:00:10Z"),
        id="as-the-clocks-went-forward",
    ),
]


@pytest.mark.parametrize(("naive", "aware"), SAME_MOMENTS)
def test_times_with_and_without_a_zone_are_measured_alike(
    assessed: Assessed, naive: dict[str, Any], aware: dict[str, Any]
) -> None:
    pd.testing.assert_frame_equal(assessed(naive), assessed(aware))


@pytest.mark.parametrize(
    "answered", ["2024-10-27T01:00:10+00:00", "2024-10-27T00:00:10+00:00"], ids=["after", "before"]
)
def test_a_time_with_a_zone_is_never_moved_to_the_second_occurrence(assessed: Assessed, answered: str) -> None:
    row = assessed(call("2024-10-27T00:59:40+00:00", answered)).iloc[0]
    assert row["status"] == ("met" if answered > "2024-10-27T00:59" else "invalid")


OFFERED = "2024-03-28T09:00:00"
ANSWERED = call(OFFERED, "2024-03-28T09:00:41")
TOO_LATE = call(OFFERED, "2024-03-28T09:01:01")
GAVE_UP = call(OFFERED, None, "2024-03-28T09:01:00")
GAVE_UP_LATER = call(OFFERED, None, "2024-03-28T09:01:00.000001")
NEITHER = call(OFFERED)
ALL = (ANSWERED, TOO_LATE, GAVE_UP, GAVE_UP_LATER, NEITHER)


@pytest.mark.parametrize(
    ("unanswered", "expected"),
    [
        pytest.param(
            LATE,
            [("met", ""), ("late", ""), ("late", "abandoned"), ("late", "abandoned"), ("overdue", "")],
            id="late-whenever-it-was-abandoned",
        ),
        pytest.param(
            WITHIN,
            [
                ("met", ""),
                ("late", ""),
                ("excluded", "abandoned within the limit"),
                ("late", "abandoned"),
                ("overdue", ""),
            ],
            id="left-out-if-abandoned-within-the-limit",
        ),
        pytest.param(
            ANSWERED_ONLY,
            [
                ("met", ""),
                ("late", ""),
                ("excluded", "abandoned"),
                ("excluded", "abandoned"),
                ("excluded", "not answered"),
            ],
            id="of-answered-calls-only",
        ),
    ],
)
def test_an_abandoned_call_is_late_unless_the_target_leaves_it_out(
    assessed: Assessed, unanswered: str, expected: list[tuple[str, str]]
) -> None:
    rows = assessed(*ALL, clock={"unanswered": unanswered})
    assert list(zip(rows["status"], rows["reason"], strict=True)) == expected


@pytest.mark.parametrize(
    ("unanswered", "met", "denominator"),
    [
        pytest.param(LATE, 1, 5, id="of-all-calls-offered"),
        pytest.param(WITHIN, 1, 4, id="without-those-abandoned-within-the-limit"),
        pytest.param(ANSWERED_ONLY, 1, 2, id="of-answered-calls"),
    ],
)
def test_the_share_of_calls_is_of_those_that_the_target_counts(
    lgsco: Scheme, unanswered: str, met: int, denominator: int
) -> None:
    scheme = lgsco.with_target(CALLS, clock={"unanswered": unanswered})
    (row,) = measure(scheme, calls=list(ALL), as_of="2024-03-28", targets=CALLS)
    assert (row.records, row.numerator, row.denominator, row.value) == (5, met, denominator, met / denominator)


def test_a_call_that_was_answered_and_then_hung_up_was_answered(assessed: Assessed) -> None:
    row = assessed(call(OFFERED, "2024-03-28T09:00:41", "2024-03-28T09:05:00")).iloc[0]
    assert (row["status"], row["elapsed"]) == ("met", 41)


def test_the_waiting_time_of_an_abandoned_call_ends_when_it_was_abandoned(assessed: Assessed) -> None:
    row = assessed(GAVE_UP).iloc[0]
    assert (row["stop"], row["elapsed"]) == (pd.Timestamp("2024-03-28 09:01:00"), 60)


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        pytest.param("2024-03-28T08:59:59", "excluded", id="before-the-offer"),
        pytest.param("2024-03-28T09:00:30", "pending", id="within-the-limit"),
        pytest.param("2024-03-28T09:01:00", "pending", id="at-the-due-moment"),
        pytest.param("2024-03-28T09:01:00.000001", "overdue", id="a-microsecond-after"),
        pytest.param("2024-03-28T09:01:30", "late", id="at-the-late-answer"),
        pytest.param("2024-03-28", "late", id="at-the-close-of-the-day"),
    ],
)
def test_a_call_is_known_to_the_moment(assessed: Assessed, as_of: str, status: str) -> None:
    assert assessed(call(OFFERED, "2024-03-28T09:01:30"), as_of=as_of)["status"].tolist() == [status]


@pytest.mark.parametrize(
    ("as_of", "status"),
    [("2024-10-27T01:00:05Z", "pending"), ("2024-10-27T01:00:10Z", "met")],
    ids=["before-the-answer", "at-the-answer"],
)
def test_an_answer_of_the_second_time_is_not_known_at_the_first(assessed: Assessed, as_of: str, status: str) -> None:
    answered_after_the_clocks_went_back = call("2024-10-27T01:59:40", "2024-10-27T01:00:10")
    assert assessed(answered_after_the_clocks_went_back, as_of=as_of)["status"].tolist() == [status]


def test_a_call_just_before_midnight_is_pending_at_the_close_of_its_day(assessed: Assessed) -> None:
    rows = assessed(call("2024-07-01T23:59:30"), call("2024-07-01T23:58:30"), as_of="2024-07-01")
    assert rows["status"].tolist() == ["pending", "overdue"]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        pytest.param("2024-03-30T12:00:00", "2024-03-31 13:00:00", id="over-the-march-change"),
        pytest.param("2024-10-26T12:00:00", "2024-10-27 11:00:00", id="over-the-october-change"),
        pytest.param("2024-03-28T12:00:00", "2024-03-29 12:00:00", id="on-other-days"),
    ],
)
def test_24_hours_are_24_hours_whatever_the_clock_on_the_wall_does(timed: Assessed, received: str, due: str) -> None:
    moment = pd.Timestamp(due)
    rows = timed(
        {"received_at": received, "decided_at": moment.isoformat()},
        {"received_at": received, "decided_at": (moment + pd.Timedelta(seconds=1)).isoformat()},
        limit="24 hours",
    )
    assert rows["due"].tolist() == [moment] * 2
    assert rows["status"].tolist() == ["met", "late"]


@pytest.mark.parametrize(
    ("withdrawn", "expected"),
    [
        pytest.param("2024-03-29T12:00:00", ("excluded", "withdrawn"), id="at-the-due-moment"),
        pytest.param("2024-03-29T12:00:01", ("late", "withdrawn after it was due"), id="a-second-after"),
    ],
)
def test_withdrawal_is_judged_to_the_moment_too(timed: Assessed, withdrawn: str, expected: tuple[str, str]) -> None:
    row = timed({"received_at": "2024-03-28T12:00:00", "withdrawn_at": withdrawn}, limit="24 hours").iloc[0]
    assert (row["status"], row["reason"]) == expected


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param([call("2024-03-28", "2024-03-29"), call("2024-03-28", "2024-03-29")], id="rows"),
        pytest.param(
            pd.DataFrame(
                {"offered_at": pd.to_datetime(["2024-03-28"] * 2), "answered_at": ["2024-03-28T09:00:00"] * 2}
            ),
            id="midnights-of-pandas",
        ),
        pytest.param(pd.DataFrame({"offered_at": ["2024-03-28"], "answered_at": ["2024-03-29"]}), id="text"),
    ],
)
def test_seconds_of_dates_are_an_error(lgsco: Scheme, frame: object) -> None:
    with pytest.raises(RecordsError, match="offered_at has only dates"):
        assess(lgsco, calls=frame, as_of="2024-03-31", targets=CALLS)


def test_a_single_date_among_timestamps_is_invalid(assessed: Assessed) -> None:
    rows = assessed(ANSWERED, call("2024-03-28", "2024-03-28T09:00:41"), call(OFFERED, "2024-03-28"))
    assert rows["status"].tolist() == ["met", "invalid", "invalid"]
    assert rows["reason"].tolist() == ["", "offered_at has no time of day", "answered_at has no time of day"]


def test_midnight_is_a_time_like_any_other(assessed: Assessed) -> None:
    rows = assessed(call("2024-03-28T23:59:10", "2024-03-29T00:00:00"), call("2024-03-29T00:00:00", None))
    assert rows["elapsed"].iloc[0] == 50
    assert rows["status"].tolist() == ["met", "overdue"]


def test_naive_calls_are_refused_where_the_clock_says_so(assessed: Assessed) -> None:
    refusing = {"naive_times": "refuse"}
    with pytest.raises(RecordsError, match="offered_at has timestamps without a zone"):
        assessed(ANSWERED, clock=refusing)
    zoned = call("2024-03-28T09:00:00Z", "2024-03-28T09:00:41Z")
    assert assessed(zoned, clock=refusing)["status"].tolist() == ["met"]


# Short waits: left out, or counted by themselves

SHORT = "left out if abandoned within 30 seconds"
AT_30 = call(OFFERED, None, "2024-03-28T09:00:30")
AFTER_30 = call(OFFERED, None, "2024-03-28T09:00:30.000001")


def test_calls_abandoned_within_so_many_seconds_are_left_out(assessed: Assessed) -> None:
    rows = assessed(ANSWERED, TOO_LATE, AT_30, AFTER_30, GAVE_UP_LATER, NEITHER, clock={"unanswered": SHORT})
    assert list(zip(rows["status"], rows["reason"], strict=True)) == [
        ("met", ""), ("late", ""), ("excluded", "abandoned within 30 seconds"), ("late", "abandoned"),
        ("late", "abandoned"), ("overdue", ""),
    ]  # fmt: skip


def test_the_option_is_shown_and_needs_calls_and_seconds(lgsco: Scheme) -> None:
    scheme = lgsco.with_target(CALLS, clock={"unanswered": SHORT})
    (row,) = results = measure(scheme, calls=[ANSWERED, AT_30, AFTER_30], as_of="2024-03-28", targets=CALLS)
    assert (row.met, row.missed, row.excluded) == (1, 1, 1)
    assert f"unanswered: {SHORT}" in repr(results)
    wrong: dict[str, dict[str, Any]] = {
        "needs a limit in seconds or hours": {"limit": "1 working day", "clock": {"unanswered": SHORT}},
        "unanswered: it can be 'late', 'left out', ": {"clock": {"unanswered": "left out if abandoned within 1 day"}},
        "unanswered means nothing": {"of": "requests", "start": "received_at", "clock": {"unanswered": SHORT}},
    }
    for words, changes in wrong.items():
        with pytest.raises(SchemeError, match=words):
            lgsco.with_target(CALLS, **changes)


ABANDONED: dict[str, Any] = {
    "measure": "abandoned", "says": "Few give up", "of": "calls", "start": "offered_at", "stop": "answered_at",
    "after": "30 seconds", "cohort": "received",
}  # fmt: skip


def test_calls_abandoned_after_so_many_seconds_are_a_share_of_all_offered(lgsco: Scheme) -> None:
    scheme = lgsco.with_target("gave-up", **ABANDONED, standard="at most 40%")
    given = [ANSWERED, TOO_LATE, AT_30, AFTER_30, GAVE_UP, call("2024-03-29T09:00:00")]
    (row,) = measure(scheme, calls=given, as_of="2024-03-28", targets="gave-up")
    assert (row.numerator, row.denominator, row.value, row.excluded) == (2, 5, 0.4, 1)
    assert (row.status, row.headroom) == ("met", 0)
    (row,) = measure(scheme, calls=[*given, NEITHER], as_of="2024-03-28", targets="gave-up")
    assert (row.pending, row.low, row.high, row.status) == (1, 2 / 6, 3 / 6, "undetermined")
    rows = assess(scheme, calls=given, as_of="2024-03-29", targets="gave-up")
    assert rows["status"].tolist() == ["late", "late", "late", "met", "met", "pending"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"after": "1 working day"}, "after: write it in seconds"),
        ({"stop": "abandoned_at"}, "stop: only a call can be abandoned"),
        ({"of": "requests", "start": "received_at"}, "stop: only a call can be abandoned"),
        ({"clock": {"unanswered": "left out"}}, "unanswered means nothing"),
    ],
)
def test_what_cannot_be_abandoned_is_refused(lgsco: Scheme, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemeError, match=words):
        lgsco.with_target("gave-up", **{**ABANDONED, **changes})


def test_where_nothing_says_which_calls_were_abandoned_that_is_no_figure_of_0(lgsco: Scheme) -> None:
    scheme = lgsco.with_target("gave-up", **ABANDONED, standard="at most 5%")
    table = pd.DataFrame([ANSWERED, TOO_LATE]).drop(columns="abandoned_at")
    with pytest.raises(RecordsError, match="calls has no column 'abandoned_at', which target 'gave-up' needs"):
        measure(scheme, calls=table, as_of="2024-03-28", targets="gave-up")
    (row,) = measure(scheme, calls=table.assign(abandoned_at=None), as_of="2024-03-28", targets="gave-up")
    assert (row.numerator, row.denominator) == (0, 2)
