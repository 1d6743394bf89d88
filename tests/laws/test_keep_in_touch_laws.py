"""The intervals between contacts against a plain loop, contact after contact."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, assess, load_scheme
from ombudsman_kpi.records.sources import source

pytestmark = pytest.mark.usefixtures("each_way")

CASES, INTERVALS = "keep-in-touch-20wd", "keep-in-touch-intervals-20wd"
C, O = "complainant", "organisation"  # noqa: E741
CONTACT = {"event": "contact", "direction": "out"}
NOTHING = [{"case_id": "none", "at": date(2024, 1, 2), "party": C} | CONTACT]

Row = dict[str, Any]
laws = settings(max_examples=settings().max_examples * 3 // 5)


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


HOLIDAYS = {date(2024, 3, 29), date(2024, 4, 1), date(2024, 5, 6), date(2024, 5, 27)}
FIRST = date(2024, 3, 20)


def working_days(start: date, stop: date) -> int:
    """The smallest n whose due day is not before the stop, one day at a time."""
    due, count = start, 0
    while due < stop:
        due += timedelta(days=1)
        count += due.weekday() < 5 and due not in HOLIDAYS
    while due.weekday() >= 5 or due in HOLIDAYS:  # the stop came on a day off: it is due on the next working day
        due += timedelta(days=1)
        if due.weekday() < 5 and due not in HOLIDAYS:
            count += 1
    return count if stop > start else 0


def by_plain_loop(
    start: date, ends: Sequence[date | None], contacts: Sequence[tuple[str, date]], as_of: date, limit: int
) -> tuple[list[tuple[str, date, date | None, str]], str]:
    """Give the intervals of a case, and how it stands, contact after contact."""
    decided, withdrawn = (day if day is not None and day <= as_of else None for day in ends)
    end = decided or withdrawn
    found: list[tuple[str, date, date | None, str]] = []
    for party in (C, O):
        last = start
        for day in sorted({day for name, day in contacts if name == party and day <= as_of}):
            if last < day and (end is None or day < end):
                found.append((party, last, day, "met" if working_days(last, day) <= limit else "late"))
                last = day
        if end is None:
            found.append((party, last, None, "pending" if working_days(last, as_of) <= limit else "overdue"))
        elif end != last:
            found.append((party, last, end, "met" if working_days(last, end) <= limit else "late"))
    statuses = {status for *_, status in found}
    worst = next((status for status in ("late", "overdue", "pending") if status in statuses), "met")
    return found, worst


DAYS = st.integers(0, 60).map(lambda shift: FIRST + timedelta(days=shift))
RUNS = st.tuples(
    st.integers(0, 12).map(lambda shift: FIRST + timedelta(days=shift)),
    st.lists(
        st.one_of(st.none(), st.integers(12, 60).map(lambda shift: FIRST + timedelta(days=shift))),
        min_size=2,
        max_size=2,
    ),
    st.lists(st.tuples(st.sampled_from([C, O]), DAYS), max_size=12),
)


@laws
@given(
    st.lists(RUNS, min_size=1, max_size=5),
    st.integers(12, 62),
    st.integers(2, 20),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_a_plain_loop_gives_the_same_intervals_and_cases(
    lgsco: Scheme, runs: list[Any], as_of_shift: int, limit: int, batch: int, chance: Any
) -> None:
    as_of = FIRST + timedelta(days=as_of_shift)
    scheme = lgsco.with_target(INTERVALS, limit=f"{limit} working days").with_target(
        CASES, limit=f"{limit} working days"
    )
    cases: list[Row] = []
    events: list[Row] = [*NOTHING]
    expected, worst = [], []
    for place, (start, ends, contacts) in enumerate(runs):
        name = f"C{place}"
        times: dict[str, Any] = {"decided_at": ends[0], "withdrawn_at": ends[1]}
        cases.append({"case_id": name, "received_at": date(2024, 1, 3), "allocated_at": start, **times})
        events += [{"case_id": name, "at": day, "party": party} | CONTACT for party, day in contacts]
        parts, status = by_plain_loop(start, ends, contacts, as_of, limit)
        expected += [(name, *part) for part in parts]
        worst.append(status)
    chance.shuffle(events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BATCH", batch)
        tables = pd.DataFrame(cases), pd.DataFrame(events)
        rows = assess(scheme, cases=tables[0], events=tables[1], as_of=as_of, targets=[INTERVALS, CASES])
    of_parts, whole = rows[rows["target"] == INTERVALS], rows[rows["target"] == CASES]
    columns = [of_parts[name].tolist() for name in ("id", "party", "start", "stop", "status")]
    found = [
        (name, party, begin.date(), None if pd.isna(stop) else stop.date(), status)
        for name, party, begin, stop, status in zip(*columns, strict=True)
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert whole["status"].tolist() == worst
