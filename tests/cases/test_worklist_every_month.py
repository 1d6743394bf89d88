"""The worklist where a standard is for every month: lost with the first month that is (rule 17d)."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ombudsman_kpi as kpi

SHARE: dict[str, Any] = {
    "says": "Half within a week, in every month", "of": "cases", "start": "received_at", "stop": "decided_at",
    "limit": "7 calendar days", "standard": "at least 50%", "cohort": "received", "met_when": "every month",
}  # fmt: skip
AS_OF = date(2024, 6, 5)
LOST, COUNTED, LOSES, ROOM = "lost already", "counted as missed", "loses the target", "leaves room"


def declared(**changes: Any) -> kpi.Scheme:
    return kpi.load_scheme("lgsco").with_target("share", **{**SHARE, **changes})


def cases(*rows: tuple[str, int | None]) -> list[dict[str, Any]]:
    """Give cases by the day of receipt, and the days that they took; None is open."""
    return [
        {"case_id": f"{n}", "received_at": day, "decided_at": took if took is None else plus(day, took)}
        for n, (day, took) in enumerate(rows)
    ]


def plus(day: str, number: int) -> date:
    return date.fromisoformat(day) + timedelta(number)


def listed(rows: list[dict[str, Any]], scheme: kpi.Scheme | None = None, **options: Any) -> pd.DataFrame:
    return kpi.worklist(
        scheme or declared(),
        cases=rows,
        **{"as_of": AS_OF, "within": None, "every": "quarter", "targets": "share", **options},
    )


def told(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [*zip(frame["period"], frame["headroom"], frame["headroom_if_missed"], frame["effect"], strict=True)]


IN_TIME = [("2024-04-02", 1)] * 9
OPEN = ("2024-06-03", None)


@pytest.mark.parametrize("every", ["quarter", None])
def test_a_miss_that_the_quarter_could_bear_loses_it_by_its_month(every: str | None) -> None:
    label = "2024/25 Q1" if every else "all"
    assert told(listed(cases(*IN_TIME, OPEN), every=every)) == [(label, 0, -1, LOSES)]  # June alone: 0 of 1
    plain = declared(met_when=None)
    assert told(listed(cases(*IN_TIME, OPEN), plain, every=every)) == [(label, 5, 4, ROOM)]  # 9 of 10, and 5 are half


def test_what_another_month_lost_is_lost_already() -> None:
    rows = cases(("2024-05-02", 30), *IN_TIME, ("2024-06-03", 1), OPEN)
    assert told(listed(rows)) == [("2024/25 Q1", -1, -1, LOST)]
    assert told(listed(rows, every="month")) == [("Jun 2024", 1, 0, ROOM)]


def test_a_month_of_another_period_takes_nothing_away() -> None:
    rows = cases(("2024-03-02", 30), ("2024-06-03", 1), OPEN)
    assert told(listed(rows)) == [("2024/25 Q1", 1, 0, ROOM)]
    assert told(listed(rows, every="year")) == [("2024", -1, -1, LOST)]


def test_of_cases_closed_a_month_is_lost_when_it_is_over() -> None:
    scheme = declared(cohort="closed")
    # Closed late on 1 June, and met twice in April: June stands at 0 of 1, and may still become 1 of 2.
    found = told(listed(cases(("2024-04-02", 60), ("2024-04-02", 1), ("2024-04-02", 1), OPEN), scheme))
    assert found == [("2024/25 Q1", -1, -1, "behind so far")]
    # Closed late on 20 May: May is lost.
    found = told(listed(cases(("2024-04-02", 48), ("2024-06-02", 1), ("2024-06-02", 1), OPEN), scheme))
    assert found == [("2024/25 Q1", -1, -1, LOST)]


def test_a_standard_for_months_is_none_for_weeks() -> None:
    assert [row[1:] for row in told(listed(cases(OPEN), every="week"))] == [(pd.NA, pd.NA, "no standard")]


def test_what_is_not_listed_is_counted_once() -> None:
    twice = [*cases(("2024-06-03", None)), *cases(("2024-06-04", None))]
    notes = [note for note in listed(twice).attrs["notes"] if note.startswith("share")]
    assert notes == ["share: 2 not listed, case_id is not unique"]


ROWS = st.lists(
    st.tuples(st.dates(date(2024, 4, 1), AS_OF), st.sampled_from([1, 7, 8, 40, None])), min_size=1, max_size=14
)


@given(ROWS, st.sampled_from([None, "quarter", "two-month"]), st.sampled_from([50, 75, 100]))
@settings(max_examples=60)
def test_the_effect_is_what_a_loop_over_months_finds(
    given_rows: list[tuple[date, int | None]], every: str | None, percent: int
) -> None:
    """Miss one open case and meet all others: the standard is lost if it is in any month of the period."""
    rows = cases(*((day.isoformat(), took) for day, took in given_rows))

    def outcome(row: dict[str, Any], missed: str | None) -> bool:
        start, stop = date.fromisoformat(row["received_at"]), row["decided_at"]
        if stop is not None and stop <= AS_OF:
            return bool(stop <= start + timedelta(7))
        return start + timedelta(7) >= AS_OF and row["case_id"] != missed  # what is overdue has missed

    def lost(period: tuple[int, ...], missed: str | None) -> bool:
        by_month: dict[int, list[bool]] = defaultdict(list)
        for row in rows:
            by_month[int(row["received_at"][5:7])].append(outcome(row, missed))
        months = [by_month[month] for month in period if by_month[month]]
        return any(100 * sum(met) < percent * len(met) for met in months)

    spans = {"all": (4, 5, 6), "2024/25 Q1": (4, 5, 6), "Apr-May 2024": (4, 5), "Jun-Jul 2024": (6, 7)}
    found = listed(rows, declared(standard=f"at least {percent}%"), every=every)
    for row in found.to_dict("records"):
        span = spans[row["period"]]
        expected = LOST if lost(span, None) else LOSES if lost(span, row["id"]) else ROOM
        assert row["effect"] == (COUNTED if row["status"] == "overdue" and expected == ROOM else expected), row
