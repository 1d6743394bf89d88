"""Changes and stocks of groups are those of plain loops over the records."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, load_scheme, measure

COUNT: dict[str, Any] = {"measure": "count", "dated": "received_at"}
SCHEME = (
    load_scheme("lgsco")
    .with_target("volume", says="Made up", of="cases", cohort="dated", **(COUNT | {"measure": "volume"}))
    .with_target("number-trend", measure="trend", says="Made up", of="cases", cohort="received", change_in=COUNT)
    .with_target(
        "stock", measure="stock", says="Made up", of="cases", cohort="dated", start="received_at", stop="decided_at",
        limit="10 calendar days",
    )
)  # fmt: skip
FIRST = date(2018, 4, 1)
GROUPS, AS_OF = ("A", "B", "C"), date(2018, 8, 31)
case_of = st.tuples(st.integers(0, 150), st.none() | st.integers(0, 60), st.sampled_from(GROUPS), st.booleans())


def records(cases: list[tuple[int, int | None, str, bool]]) -> list[dict[str, Any]]:
    return [
        {
            "case_id": str(place), "received_at": FIRST + timedelta(days=received),
            "decided_at": None if takes is None else FIRST + timedelta(days=received + takes), "group": group,
            "decision": None if takes is None else "upheld" if upheld else "not-upheld",
        }
        for place, (received, takes, group, upheld) in enumerate(cases)
    ]  # fmt: skip


def results_of(target: str, rows: list[dict[str, Any]]) -> Results:
    return measure(SCHEME, cases=pd.DataFrame(rows), targets=target, as_of=AS_OF, every="month", by="group")


def inside(row: dict[str, Any], month: date) -> bool:
    return (row["received_at"].year, row["received_at"].month) == (month.year, month.month)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(case_of, min_size=1, max_size=25), st.sampled_from(["volume", "number-trend"]))
def test_changes_are_those_of_a_loop_over_the_months(
    cases: list[tuple[int, int | None, str, bool]], target: str
) -> None:
    rows = [row for row in records(cases) if row["received_at"] <= AS_OF]
    begins = min((row["received_at"] for row in rows), default=AS_OF).replace(day=1)
    for row in results_of(target, rows) if rows else ():
        assert row.period_start is not None
        own = [item for item in rows if item["group"] == row.group[0]]
        now = sum(inside(item, row.period_start) for item in own)
        earlier = row.period_start - timedelta(days=1)
        before = None if earlier < begins else sum(inside(item, earlier) for item in own)
        assert row.details.get("before") == before
        if before is not None:
            assert (row.exact if target == "number-trend" else row.details["change"]) == now - before


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(case_of, min_size=1, max_size=25))
def test_stocks_of_groups_are_those_of_a_loop_over_the_days(cases: list[tuple[int, int | None, str, bool]]) -> None:
    rows = records(cases)

    def open_and_older(day: date, group: str) -> int:
        return sum(
            row["group"] == group and row["received_at"] + timedelta(days=10) < day and not decided_by(row, day)
            for row in rows
        )

    def decided_by(row: dict[str, Any], day: date) -> bool:
        return row["decided_at"] is not None and row["decided_at"] <= day

    for row in results_of("stock", rows):
        assert row.period_start is not None
        assert row.period_end is not None
        days = [
            row.period_start + timedelta(days=place) for place in range((row.period_end - row.period_start).days + 1)
        ]
        numbers = [open_and_older(day, row.group[0]) for day in days]
        assert (row.value, row.details["end"]) == (max(numbers), numbers[-1])
        assert row.details["on"] == days[numbers.index(max(numbers))]
