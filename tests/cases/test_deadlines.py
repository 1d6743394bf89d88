"""One case at a time: the same as many at once, and by hand, by loops over days and instants."""

import csv
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from govuk_bank_holidays.bank_holidays import BankHolidays
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import (
    Activity,
    Call,
    Case,
    CaseEvent,
    CoverageError,
    Deadline,
    Deadlines,
    Finding,
    KpiError,
    OptionError,
    Order,
    RecordsError,
    Request,
    Review,
    Scheme,
    SchemeError,
    WrittenContact,
    assess,
    deadlines,
    load_scheme,
)

DATA = Path(__file__).parents[2] / "examples" / "data"
LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
# those that need no column beside the ones of the example records
EXAMPLES = ("lgsco", "lgo-2017-18", "phso-service-charter", "tower-hamlets", "housing-ombudsman-2019")
SCHEMES = {name: load_scheme(name) for name in EXAMPLES}
LGSCO, LGO, HOUSING = (SCHEMES[name] for name in ("lgsco", "lgo-2017-18", "housing-ombudsman-2019"))

DECIDED, CASES, INTERVALS = "decided-or-allocated-20wd", "keep-in-touch-20wd", "keep-in-touch-intervals-20wd"
EXPLAINED, HANDLED, COMPLIED, CALLS = "delays-explained", "written-contacts-24h", "orders-complied", "intake-calls-60s"
C, O = "complainant", "organisation"  # noqa: E741
NOTHING = {"case_id": None, "event": "contact", "at": "2020-01-02", "party": C, "direction": "out"}

Row = dict[str, Any]


def event(word: str, at: Any, party: str | None = None, **others: Any) -> Row:
    return {"case_id": "A", "event": word, "at": at, "party": party, "direction": "out" if party else None, **others}


def one(scheme: Scheme, record: Any, **options: Any) -> Deadline:
    (found,) = deadlines(scheme, record, **options)
    return found


def of_case(received: Any = "2024-03-28", **others: Any) -> Deadline:
    """Give the deadline of a decision or allocation; options and other fields together."""
    given_to = {name: others.pop(name) for name in ("as_of", "events") if name in others}
    scheme = others.pop("scheme", LGSCO)
    record = Case(case_id="A", received_at=received, **others)
    return one(scheme, record, targets=DECIDED, **{"as_of": "2024-05-31", **given_to})


def on_clock(limit: str = "20 working days", **clock: str) -> Scheme:
    return LGSCO.with_target(DECIDED, limit=limit, clock=clock)


# What many at once say of each

OBLIGING = {"share within", "keep in touch", "delays explained"}


class Told(NamedTuple):
    """What is said of one record and target, in one form."""

    target: str
    party: str | None
    status: str
    reason: str
    start: datetime | None
    stop: datetime | None
    due: datetime | None
    elapsed: float | None
    gross: float | None


def on_the_wall(moment: date | None) -> datetime | None:
    """Give a day's midnight, or what the clock in London showed: that is how a table has them."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    assert moment.utcoffset() == moment.astimezone(LONDON).utcoffset(), "times are those of the scheme's zone"
    return moment.replace(tzinfo=None, fold=0)


def told_by(found: Deadlines) -> list[Told]:
    return sorted(map(told_of, found), key=repr)


def told_of(item: Deadline) -> Told:
    start, stop, due = map(on_the_wall, (item.start, item.stop, item.due))
    start = None if item.target == CASES else start  # many at once have that of the case, one that of the contact
    return Told(item.target, item.party, item.status, item.reason, start, stop, due, item.elapsed, item.gross)


def from_table(value: Any) -> Any:
    return None if pd.isna(value) else value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def of_many(scheme: Scheme, as_of: Any, **tables: Any) -> dict[int, list[Told]]:
    """Give what ``assess`` says of each row, as far as something is due by it; of intervals those that tell."""
    rows = assess(scheme, as_of=as_of, **tables)
    if "elapsed_gross" not in rows:
        rows["elapsed_gross"] = None
    columns = ["row", "target", "party", "status", "reason", "start", "stop", "due", "elapsed", "elapsed_gross"]
    rows = rows[rows["record"].isin(tables) & (rows["status"] != "excluded")]
    found: dict[int, list[Told]] = defaultdict(list)
    for row, *values in rows[columns].itertuples(index=False):
        told = Told(*map(from_table, values))
        if getattr(scheme[told.target], "measure", "") in OBLIGING:
            found[row].append(told._replace(start=None) if told.target == CASES else told)
    return {row: sorted(telling(scheme, items), key=repr) for row, items in found.items()}


def telling(scheme: Scheme, items: Sequence[Told]) -> list[Told]:
    """Leave out the intervals in time of each party that has one that isn't; of one that has none keep the last."""
    kept, parties = [], defaultdict(list)
    for item in items:
        if getattr(scheme[item.target], "counted", "") == "intervals":
            parties[item.target, item.party].append(item)
        else:
            kept.append(item)
    for intervals in parties.values():
        wrong = [item for item in intervals if item.status != "met"]
        kept += wrong or [max(intervals, key=lambda item: str(item.start))]
    return kept


def check_order(scheme: Scheme, found: Deadlines) -> None:
    order = [target.id for target in scheme.targets]
    places = [order.index(item.target) for item in found]
    assert places == sorted(places)


# How much is left, counted one day after another

BANK_HOLIDAYS = {
    entry["date"] for entry in BankHolidays(use_cached_holidays=True).get_holidays(division="england-and-wales")
}


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


def working_days(after: date, until: date) -> int:
    """Count the working days after one day, up to and including another."""
    return sum(works(after + number * DAY) for number in range(1, (until - after).days + 1))


def rolled(day: date) -> date:
    while not works(day):
        day += DAY
    return day


def close_of(as_of: Any) -> date:
    """Give the day to measure at; or if it's a time, that, in London."""
    if isinstance(as_of, str):
        as_of = date.fromisoformat(as_of) if len(as_of) == 10 else datetime.fromisoformat(as_of)
    if not isinstance(as_of, datetime):
        return as_of  # type: ignore[no-any-return]
    return as_of.replace(tzinfo=LONDON) if as_of.tzinfo is None else as_of.astimezone(LONDON)


def plain_day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def left_by_loop(item: Deadline, as_of: Any) -> float | None:
    """Count what is left after the stop (or ``as_of``), or how late that was; of what has a due day or time."""
    end = item.stop or close_of(as_of)
    assert item.due is not None
    if item.unit in {"hours", "seconds"}:
        assert isinstance(item.due, datetime)
        if not isinstance(end, datetime):  # the last microsecond of that day
            end = datetime.combine(end + DAY, time(), LONDON).astimezone(UTC) - MICROSECOND
        microseconds = (item.due.astimezone(UTC) - end.astimezone(UTC)) // MICROSECOND
        return microseconds / (3_600_000_000 if item.unit == "hours" else 1_000_000)
    due, last = plain_day(item.due), plain_day(end)
    if item.unit == "days":
        return (due - last).days
    return working_days(last, due) if last <= due else -working_days(due, rolled(last))


def check_left(found: Deadlines, as_of: Any) -> None:
    for item in found:
        if item.status == "invalid" or item.target == EXPLAINED:
            assert item.left is None
        elif item.due is not None:
            assert item.left == left_by_loop(item, as_of), item
            assert isinstance(item.left, float) is (item.unit in {"hours", "seconds"})


# The examples


def read_examples(name: str) -> list[Row]:
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def some_cases() -> list[Row]:
    """Give three hundred cases of the examples; early resolution, which they don't have, goes before the decision."""
    rows = read_examples("cases")[::16]
    for row in rows:
        row["early_resolution_started_at"], row["early_resolution_ended_at"] = row["valid_at"], row["decided_at"]
    return rows


@pytest.fixture(scope="module")
def logs(some_cases: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {row["case_id"]: [] for row in some_cases}
    for row in read_examples("events"):
        if row["case_id"] in found:
            found[row["case_id"]].append(row)
    return found


TWICE = [("lgsco", "2024-03-31"), ("lgsco", "2023-02-18T11:00")]


@pytest.mark.parametrize(("name", "as_of"), [*TWICE, *((name, "2024-03-30") for name in SCHEMES if name != "lgsco")])
def test_the_cases_of_the_examples_as_many_and_each_alone(
    some_cases: list[Row], logs: dict[str, list[Row]], name: str, as_of: str
) -> None:
    scheme = SCHEMES[name]
    log = [row for rows in logs.values() for row in rows]
    expected = of_many(scheme, as_of, cases=pd.DataFrame(some_cases), events=pd.DataFrame(log))
    assert len(some_cases) == 300
    assert (len(expected) > 100) is (name not in {"phso-service-charter", "tower-hamlets"})
    for place, row in enumerate(some_cases):
        found = deadlines(scheme, row, events=logs[row["case_id"]], as_of=as_of)
        assert told_by(found) == expected.get(place, [])
        check_order(scheme, found)
        check_left(found, as_of)
        assert {item.id for item in found} <= {row["case_id"]}
        assert {(item.record, item.basis.scheme, item.basis.digest) for item in found} <= {
            ("cases", name, scheme.digest)
        }


KINDS: dict[str, type[Any]] = {"requests": Request, "written_contacts": WrittenContact, "calls": Call}


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_other_records_of_the_examples_as_many_and_each_alone(kind: str, name: str) -> None:
    scheme, as_of = SCHEMES[name], "2023-10-28"
    rows = [row | {"returned_at": None, "acknowledged_at": None} for row in read_examples(kind)[::127]]
    expected = of_many(scheme, as_of, **{kind: pd.DataFrame(rows)}) if concerned(scheme, kind) else {}
    assert bool(expected) is ((name, kind) in HAVE_SOME)
    for place, row in enumerate(rows):
        found = deadlines(scheme, KINDS[kind](**row), as_of=as_of)
        assert told_by(found) == expected.get(place, [])
        check_left(found, as_of)
        assert {(item.record, item.id) for item in found} <= {(kind, row.get(str(KINDS[kind].id_field)))}


HAVE_SOME = {
    ("lgsco", "requests"), ("lgsco", "written_contacts"), ("lgsco", "calls"), ("lgo-2017-18", "written_contacts"),
    ("lgo-2017-18", "calls"), ("housing-ombudsman-2019", "written_contacts"), ("housing-ombudsman-2019", "calls"),
}  # fmt: skip


def concerned(scheme: Scheme, kind: str) -> bool:
    return any(getattr(target, "of", "") == kind for target in scheme.targets)


# Made up

laws = settings(max_examples=settings().max_examples * 3 // 10)

# Days around which something is special: bank holidays, clock changes, ends of years.
SPECIAL = [
    date.fromisoformat(day)
    for day in ("2022-09-12", "2022-12-19", "2023-03-20", "2023-04-24", "2023-10-20", "2024-03-20", "2024-10-20")
]
TIMES = [time.fromisoformat(text) for text in ("00:00", "09:30", "17:00", "17:00:00.000001", "23:30")]
ZONES = [UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=30)), LONDON]
VARIANTS = [
    *SCHEMES.values(),
    on_clock(pauses="allowed").with_target("investigation-13w", clock={"pauses": "allowed"}),
    on_clock(day_of_receipt="day 1", cut_off="17:00").with_target(EXPLAINED, up_to="5 working days"),
    on_clock(limit="< 5 working days", non_working_receipt="next working day"),
    on_clock(limit="3 weeks", non_working_due="next working day").with_target(INTERVALS, limit="2 weeks", parties=[O]),
]


def moment(day: date, at: time, style: str) -> date:
    """Write a wall-clock time of London as a date, without a zone, or in one of several."""
    if style == "date":
        return day
    naive = datetime.combine(day, at)
    if style == "naive":
        return naive
    return naive.replace(tzinfo=LONDON).astimezone(ZONES[(day.toordinal() + at.second) % len(ZONES)])


@st.composite
def moments(draw: st.DrawFn, around: date, styles: Sequence[str], first: int = 0, last: int = 45) -> date:
    day = around + DAY * draw(st.integers(first, last))
    return moment(day, draw(st.sampled_from(TIMES)), draw(st.sampled_from(styles)))


STYLES = st.sampled_from([["date"], ["naive"], ["zoned"], ["date", "naive"], ["date", "zoned"]])
WORDS = ["contact"] * 4 + ["delay_explained", "delay_explained", "paused", "resumed", "reopened", "decided", "filed"]


@st.composite
def logged_cases(draw: st.DrawFn) -> tuple[list[Row], dict[str, list[Row]]]:
    """Make cases and their logs; the times of one office have zones throughout, or none."""
    styles, log_styles, around = draw(STYLES), draw(STYLES), draw(st.sampled_from(SPECIAL))
    rows, logs = [], {}
    fields = ["valid_at", "allocated_at", "investigation_started_at", "early_resolution_started_at"]
    ends = ["early_resolution_ended_at", "decided_at", "closed_at", "withdrawn_at"]
    some = [name for name in ["valid_at", "investigation_started_at"] if draw(st.booleans())]
    fields = [name for name in fields if name not in some]  # not a column at all
    for name in "ABCD":
        row: Row = {"case_id": name, "received_at": draw(moments(around, styles, -3, 6))}
        row |= {field: draw(st.none() | moments(around, styles, -3, 25)) for field in fields}
        row |= {field: draw(st.none() | st.none() | moments(around, styles, -3, 60)) for field in ends}
        row["decided_in"] = draw(st.sampled_from([None, "assessment", "investigation"]))
        rows.append(row)
        logs[name] = [
            {
                "case_id": name,
                "event": draw(st.sampled_from(WORDS)),
                "at": draw(moments(around, log_styles, -5, 60)),
                "party": draw(st.sampled_from([C, O, O, None])),
                "direction": draw(st.sampled_from(["out", "out", "out", "in", None])),
                "reason": draw(st.sampled_from([None, "awaiting records"])),
                "recorded_at": draw(st.none() | st.none() | moments(around, log_styles, 0, 60)),
            }
            for _ in range(draw(st.integers(0, 7)))
        ]
    return rows, logs


AS_OF = st.sampled_from(SPECIAL).flatmap(lambda day: moments(day, ["date", "date", "naive", "zoned"], 0, 120))


@laws
@given(
    cases=logged_cases(),
    shift=st.integers(0, 70),
    at=st.sampled_from(TIMES),
    style=st.sampled_from(["date", "zoned"]),
    schemes=st.lists(st.sampled_from(VARIANTS), min_size=2, max_size=2, unique_by=id),
)
def test_any_cases_as_many_and_each_alone(
    cases: tuple[list[Row], dict[str, list[Row]]], shift: int, at: time, style: str, schemes: list[Scheme]
) -> None:
    rows, logs = cases
    first = min(plain_day(row["received_at"]) for row in rows)
    as_of = moment(first + DAY * shift, at, style)
    log = [NOTHING, *(row for items in logs.values() for row in items)]
    for scheme in schemes:
        expected = of_many(scheme, as_of, cases=rows, events=log)
        for place, row in enumerate(rows):
            found = deadlines(scheme, row, events=logs[row["case_id"]], as_of=as_of)
            assert told_by(found) == expected.get(place, [])
            check_order(scheme, found)
            check_left(found, as_of)


@st.composite
def others(draw: st.DrawFn) -> tuple[str, list[Row]]:
    """Make records of another kind: requests, letters, calls or orders."""
    kind = draw(st.sampled_from(["requests", "written_contacts", "calls", "orders"]))
    system, around = draw(st.sampled_from(["naive", "zoned"])), draw(st.sampled_from(SPECIAL))
    timed = kind in {"written_contacts", "calls"}  # some of their limits are in hours and seconds
    styles = [system] if timed else ["date", system]
    begins, ends = moments(around, styles, 0, 10), st.none() | moments(around, styles, 3, 40)
    rows = []
    for number in range(5):
        begin, end, other, last = draw(begins), draw(ends), draw(ends), draw(ends)
        what = draw(st.sampled_from(["service-complaint", "stage-1", "stage-2", "enquiry-first"]))
        stage = draw(st.sampled_from([None, "local-resolution"]))
        forms: dict[str, Row] = {
            "requests": {"request_id": f"R{number}", "kind": what, "received_at": begin, "answered_at": end},
            "written_contacts": {"contact_id": f"W{number}", "stage": stage, "received_at": begin, "handled_at": end}
            | {"acknowledged_at": other},
            "calls": {"call_id": f"C{number}", "offered_at": begin, "answered_at": end, "abandoned_at": other}
            | {"returned_at": last},
            "orders": {"case_id": f"O{number}", "due_at": begin, "complied_at": end},
        }
        rows.append(forms[kind])
    return kind, rows


@laws
@given(given_=others(), as_of=AS_OF)
def test_any_other_records_as_many_and_each_alone(given_: tuple[str, list[Row]], as_of: date) -> None:
    kind, rows = given_
    model: type[Any] = Order if kind == "orders" else KINDS[kind]
    for scheme in SCHEMES.values():
        expected = of_many(scheme, as_of, **{kind: rows}) if concerned(scheme, kind) else {}
        for place, row in enumerate(rows):
            found = deadlines(scheme, model(**row), as_of=as_of)
            if kind == "orders":  # by the day of a time: many at once have the day, one has the time
                assert [item._replace(due=None) for item in told_by(found)] == [
                    item._replace(due=None) for item in expected.get(place, [])
                ]
                assert [item.due and item.due.date() for item in told_by(found)] == [
                    item.due and item.due.date() for item in expected.get(place, [])
                ]
            else:
                assert told_by(found) == expected.get(place, [])
            check_left(found, as_of)


def test_what_is_made_up_finds_every_status() -> None:
    """Guard the two tests above: what they compare isn't always the same."""
    seen: dict[str, set[str]] = defaultdict(set)

    @settings(laws, max_examples=80, database=None, derandomize=True)
    @given(logged_cases(), st.sampled_from([10, 45]))
    def look(cases: tuple[list[Row], dict[str, list[Row]]], days: int) -> None:
        rows, logs = cases
        for row in rows:
            as_of = plain_day(row["received_at"]) + days * DAY
            for scheme in (HOUSING, LGSCO):
                for item in deadlines(scheme, row, events=logs[row["case_id"]], as_of=as_of):
                    seen[item.target].add(item.status)

    look()
    every = {"met", "late", "overdue", "pending", "invalid"}
    assert seen[DECIDED] == seen[INTERVALS] == every
    assert seen[CASES] >= {"late", "overdue", "pending"}
    assert seen[EXPLAINED] == {"late"}
    assert seen["early-resolution-8w"] >= {"met", "pending"}


# Days, by hand

SHORT = "20 working days"


@pytest.mark.parametrize(
    ("received", "limit", "clock", "due"),
    [
        pytest.param("2024-03-28", SHORT, {}, "2024-04-29", id="good-friday-and-easter-monday"),
        pytest.param("2024-03-30", SHORT, {}, "2024-04-29", id="a-saturday"),
        pytest.param("2024-03-30", SHORT, {"non_working_receipt": "next working day"}, "2024-04-30", id="deemed"),
        pytest.param("2024-03-28", SHORT, {"day_of_receipt": "day 1"}, "2024-04-26", id="day-1"),
        pytest.param("2024-03-30", SHORT, {"day_of_receipt": "day 1"}, "2024-04-29", id="day-1-on-a-saturday"),
        pytest.param("2022-09-01", SHORT, {}, "2022-09-30", id="the-funeral"),
        pytest.param("2023-04-06", SHORT, {}, "2023-05-10", id="the-coronation"),
        pytest.param("2020-04-09", SHORT, {}, "2020-05-12", id="early-may-moved"),
        pytest.param("2024-03-01", "13 weeks", {}, "2024-05-31", id="13-weeks"),
        pytest.param("2024-03-01", "< 13 weeks", {}, "2024-05-30", id="less-than-13-weeks"),
        pytest.param("2024-03-01", "26 weeks", {}, "2024-08-30", id="26-weeks"),
        pytest.param("2024-03-01", "52 weeks", {}, "2025-02-28", id="52-weeks"),
        pytest.param("2024-03-02", "13 weeks", {}, "2024-06-01", id="weeks-end-on-a-saturday"),
        pytest.param("2024-03-02", "13 weeks", {"non_working_due": "next working day"}, "2024-06-03", id="rolled"),
        pytest.param("2024-03-12", "8 weeks", {"day_of_receipt": "day 1"}, "2024-05-06", id="weeks-from-day-1"),
        pytest.param("2024-03-28T17:00", SHORT, {"cut_off": "17:00"}, "2024-04-29", id="at-the-cut-off"),
        pytest.param("2024-04-02T17:00", SHORT, {"cut_off": "17:00"}, "2024-04-30", id="at-the-cut-off-on-tuesday"),
        pytest.param("2024-04-02T17:00:01", SHORT, {"cut_off": "17:00"}, "2024-05-01", id="after-the-cut-off"),
        pytest.param("2024-03-28T22:59Z", SHORT, {}, "2024-04-29", id="before-midnight-everywhere"),
        pytest.param("2024-07-01T23:30Z", "1 working day", {}, "2024-07-03", id="after-midnight-in-london"),
        pytest.param("2024-03-28", "< 20 working days", {}, "2024-04-26", id="less-than-20"),
        pytest.param("2024-03-28", "10 calendar days", {}, "2024-04-07", id="calendar-days"),
        pytest.param("2024-03-28", "0 working days", {}, "2024-03-28", id="the-same-day"),
    ],
)  # fmt: skip
def test_due_days(received: str, limit: str, clock: dict[str, str], due: str) -> None:
    scheme = LGSCO.with_target(DECIDED, limit=limit, clock=clock)
    found = of_case(received, scheme=scheme, as_of="2025-06-30")
    assert found.due == date.fromisoformat(due)
    assert type(found.due) is date
    assert found.options == clock


def test_the_limits_of_an_investigation() -> None:
    case = Case(case_id="A", received_at="2024-03-01", allocated_at="2024-03-20")
    found = deadlines(LGSCO, case, as_of="2024-05-31", events=None)
    assert [(item.target, item.due, item.status, item.left, item.unit) for item in found] == [
        (DECIDED, date(2024, 4, 2), "met", 7, "working days"),  # 21 to 28 March are six, and 2 April
        ("investigation-13w", date(2024, 5, 31), "pending", 0, "days"),
        ("investigation-26w", date(2024, 8, 30), "pending", 91, "days"),
        ("investigation-52w", date(2025, 2, 28), "pending", 273, "days"),
    ]


# Received on Thursday 28 March 2024: 20 working days end on Monday 29 April. 6 May is a bank holiday.
@pytest.mark.parametrize(
    ("end", "left"),
    [
        ("2024-03-28", 20), ("2024-03-29", 20), ("2024-03-30", 20), ("2024-04-01", 20), ("2024-04-02", 19),
        ("2024-04-26", 1), ("2024-04-27", 1), ("2024-04-28", 1), ("2024-04-29", 0), ("2024-04-30", -1),
        ("2024-05-03", -4), ("2024-05-04", -5), ("2024-05-05", -5), ("2024-05-06", -5), ("2024-05-07", -5),
        ("2024-05-08", -6),
    ],
)  # fmt: skip
def test_how_much_is_left_around_weekends_and_bank_holidays(end: str, left: int) -> None:
    open_, ended = of_case(as_of=end), of_case(decided_at=end, as_of="2024-12-31")
    withdrawn = of_case(withdrawn_at=end, as_of="2024-12-31") if left < 0 else None
    assert open_.left == ended.left == left
    assert (open_.status, ended.status) == (("pending", "met") if left >= 0 else ("overdue", "late"))
    assert withdrawn is None or (withdrawn.left, withdrawn.reason) == (left, "withdrawn after it was due")
    assert ended.elapsed == 20 - left + (not works(date.fromisoformat(end)) and left > 0)


@pytest.mark.parametrize(
    ("end", "left"), [("2024-05-30", 1), ("2024-05-31", 0), ("2024-06-01", -1), ("2024-06-03", -3)]
)
def test_weeks_are_counted_in_days(end: str, left: int) -> None:
    scheme = LGSCO.with_target(DECIDED, limit="13 weeks")
    open_ = of_case("2024-03-01", scheme=scheme, as_of=end)
    ended = of_case("2024-03-01", scheme=scheme, as_of="2024-12-31", decided_at=end)
    assert open_.left == ended.left == left
    assert open_.unit == "days"
    assert open_.limit == "13 weeks"


def test_what_an_order_has_left_is_in_days() -> None:
    def left(**times: Any) -> tuple[Any, ...]:
        as_of = times.pop("as_of", "2024-12-31")
        item = one(HOUSING, Order(case_id="A", **times), as_of=as_of)
        return item.due, item.left, item.status, item.unit

    saturday = date(2024, 4, 20)
    assert left(due_at=saturday, as_of="2024-04-18") == (saturday, 2, "pending", "days")
    assert left(due_at=saturday, as_of="2024-04-20") == (saturday, 0, "pending", "days")
    assert left(due_at=saturday, as_of="2024-04-22") == (saturday, -2, "overdue", "days")
    assert left(due_at=saturday, complied_at="2024-04-15") == (saturday, 5, "met", "days")
    assert left(due_at=saturday, complied_at="2024-04-21T09:00") == (saturday, -1, "late", "days")
    at_five = datetime(2024, 4, 20, 17, tzinfo=LONDON)
    assert left(due_at="2024-04-20T17:00", complied_at="2024-04-20T17:00") == (at_five, 0, "met", "days")
    assert left(due_at="2024-04-20T16:00Z", complied_at="2024-04-21T17:00Z") == (at_five, -1, "late", "days")
    assert left(due_at="2024-04-20T16:00Z", as_of="2024-04-19") == (at_five, 1, "pending", "days")
    by_day = HOUSING.with_target(COMPLIED, clock={"own_due": "by the day"})
    item = one(
        by_day, Order(case_id="A", due_at="2024-04-20T17:00", complied_at="2024-04-20T18:00"), as_of="2024-05-01"
    )
    assert (item.due, item.status, item.left) == (saturday, "met", 0)


def test_an_order_complied_with_on_a_day_did_not_end_at_midnight() -> None:
    item = one(HOUSING, Order(case_id="A", due_at="2024-04-18", complied_at="2024-04-20"), as_of="2024-04-28")
    assert item.stop == date(2024, 4, 20)
    assert type(item.stop) is date


# Instants


def letter(received: str, handled: str | None = None, as_of: Any = "2024-12-31", scheme: Scheme = LGO) -> Deadline:
    return one(scheme, WrittenContact(contact_id="W", received_at=received, handled_at=handled), as_of=as_of)


# Clocks went forward on 31 March 2024 at 01:00 UTC, and back on 27 October at 01:00 UTC.
@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2024-03-30T09:00", "2024-03-31T10:00+01:00"),
        ("2024-03-30T00:30", "2024-03-31T00:30+00:00"),
        ("2024-03-30T01:00", "2024-03-31T02:00+01:00"),
        ("2024-03-30T01:30+00:00", "2024-03-31T02:30+01:00"),
        ("2024-10-26T09:00", "2024-10-27T08:00+00:00"),
        ("2024-10-26T01:30", "2024-10-27T01:30+01:00"),  # the first time that it was half past one
        ("2024-10-26T02:30", "2024-10-27T01:30+00:00"),  # the second
        ("2024-10-26T01:30Z", "2024-10-27T01:30+00:00"),
        ("2024-10-27T01:30", "2024-10-28T00:30+00:00"),
        ("2024-10-27T01:30Z", "2024-10-28T01:30+00:00"),
        ("2024-07-01T09:00-04:00", "2024-07-02T14:00+01:00"),
    ],
)
def test_24_hours_are_24_hours_though_the_clocks_change(received: str, due: str) -> None:
    item, expected = letter(received), datetime.fromisoformat(due)
    assert isinstance(item.due, datetime)
    assert (item.due.astimezone(UTC), item.due.utcoffset()) == (expected.astimezone(UTC), expected.utcoffset())
    assert isinstance(item.start, datetime)
    assert item.due.astimezone(UTC) - item.start.astimezone(UTC) == DAY


@pytest.mark.parametrize(
    ("as_of", "left", "status"),
    [
        ("2024-10-27T00:30:00Z", 1.0, "pending"),  # due at 01:30 UTC, the second half past one
        ("2024-10-27T01:30:00+01:00", 1.0, "pending"),
        ("2024-10-27T01:30:00", 1.0, "pending"),  # the first is meant, where nothing is said
        ("2024-10-27T01:30:00+00:00", 0.0, "pending"),
        ("2024-10-27T01:30:00.000001+00:00", -1 / 3_600_000_000, "overdue"),
        ("2024-10-27T02:30:00", -1.0, "overdue"),
        ("2024-10-26T23:00:00", 3.5, "pending"),
        ("2024-10-26", 2.5 + 1 / 3_600_000_000, "pending"),  # the close of a day is its last microsecond
    ],
)
def test_hours_left_in_the_hour_that_occurs_twice(as_of: str, left: float, status: str) -> None:
    item = letter("2024-10-26T02:30", as_of=as_of)
    assert (item.left, item.status, item.unit) == (left, status, "hours")
    assert isinstance(item.left, float)


def test_a_stop_in_the_hour_that_occurs_twice_is_the_second_where_the_first_is_before_the_start() -> None:
    second = letter("2024-10-27T01:50", "2024-10-27T01:10")
    assert second.elapsed == pytest.approx(1 / 3)
    assert isinstance(second.stop, datetime)
    assert (second.status, second.stop.astimezone(UTC)) == ("met", datetime(2024, 10, 27, 1, 10, tzinfo=UTC))
    assert letter("2024-10-27T00:50", "2024-10-27T01:10").elapsed == pytest.approx(1 / 3)


def test_less_than_24_hours_ends_a_microsecond_earlier() -> None:
    less = LGO.with_target(HANDLED, limit="< 24 hours")
    item = letter("2024-07-01T09:00", "2024-07-02T09:00", scheme=less)
    assert (item.due, item.status) == (datetime(2024, 7, 2, 8, 59, 59, 999_999, LONDON), "late")
    assert letter("2024-07-01T09:00", "2024-07-02T09:00").status == "met"
    assert item.left == -1 / 3_600_000_000


@pytest.mark.parametrize(("answered", "left"), [("09:00:41", 19.0), ("09:01:00", 0.0), ("09:01:00.5", -0.5)])
def test_seconds_left_of_a_call(answered: str, left: float) -> None:
    call = Call(offered_at="2024-03-28T09:00:00", answered_at=f"2024-03-28T{answered}")
    item = one(LGSCO, call, as_of="2024-03-28")
    assert (item.left, item.elapsed, item.unit) == (left, 60 - left, "seconds")
    assert item.due == datetime(2024, 3, 28, 9, 1, tzinfo=LONDON)


def test_an_instant_to_measure_at() -> None:
    noon = datetime(2024, 4, 29, 12, tzinfo=UTC)
    known = [
        of_case(decided_at=at, as_of=noon).status for at in ("2024-04-29T11:59Z", "2024-04-29T12:00Z", "2024-04-29")
    ]
    assert known == ["met"] * 3
    later = of_case(decided_at="2024-04-29T12:01Z", as_of=noon)
    assert (later.status, later.left, later.stop) == ("pending", 0, None)
    assert later.basis.as_of == "2024-04-29T13:00:00+01:00"
    assert of_case(received="2024-04-28", as_of="2024-04-29").basis.as_of == "2024-04-29"
    assert not deadlines(LGSCO, Case(case_id="A", received_at="2024-04-29T12:01Z"), as_of=noon)


@pytest.mark.parametrize(
    "as_of", [date(2024, 4, 30), "2024-04-30", np.datetime64("2024-04-30"), pd.Timestamp("2024-04-30")]
)
def test_a_day_to_measure_at_in_any_form(as_of: Any) -> None:
    assert (of_case(as_of=as_of).left, of_case(as_of=as_of).basis.as_of) == (-1, "2024-04-30")


# Clocks that stand still

PAUSED = on_clock(pauses="allowed")
STOOD = [event("paused", "2024-04-05"), event("resumed", "2024-04-10")]


def test_a_pause_moves_the_due_day() -> None:
    item = of_case(scheme=PAUSED, events=STOOD, as_of="2024-04-30")
    # Friday, Monday and Tuesday, 5 to 9 April, don't count.
    assert (item.due, item.status, item.left) == (date(2024, 5, 2), "pending", 2)
    assert [(pause.first, pause.last) for pause in item.pauses] == [(date(2024, 4, 5), date(2024, 4, 9))]
    assert (item.elapsed, item.gross) == (18, 21)
    assert item.options == {"pauses": "allowed"}
    unpaused = of_case(events=STOOD, as_of="2024-04-30")
    assert (unpaused.due, unpaused.pauses, unpaused.gross) == (date(2024, 4, 29), (), None)


def test_a_pause_that_spares_a_case_is_said() -> None:
    item = of_case(scheme=PAUSED, events=STOOD, decided_at="2024-05-01")
    assert (item.status, item.reason, item.left) == ("met", "late without pauses", 1)


def test_there_is_no_due_day_while_the_clock_stands_still() -> None:
    item = of_case(scheme=PAUSED, events=STOOD[:1], as_of="2024-04-15")
    assert (item.due, item.status) == (None, "pending")
    assert [(pause.first, pause.last) for pause in item.pauses] == [(date(2024, 4, 5), None)]


@pytest.mark.parametrize("as_of", ["2024-04-05", "2024-04-06", "2024-04-08", "2024-04-15", "2024-05-20"])
def test_nothing_of_the_limit_is_used_while_the_clock_stands_still(as_of: str) -> None:
    before = of_case(scheme=PAUSED, events=STOOD[:1], as_of="2024-04-04")
    assert before.left == 17  # of 20; 2, 3 and 4 April were counted
    assert of_case(scheme=PAUSED, events=STOOD[:1], as_of=as_of).left == before.left


def test_pauses_are_merged_and_cut_to_the_clock() -> None:
    log = [
        event("paused", "2024-03-20"),  # before it started
        event("resumed", "2024-03-30"),
        event("paused", "2024-04-03", reason="records"),
        event("paused", "2024-04-05", reason="advice"),
        event("resumed", "2024-04-08", reason="records"),
        event("resumed", "2024-04-10", reason="advice"),
        event("paused", "2024-04-15"),
        event("resumed", "2024-04-15"),  # not still at the close of the day
        event("paused", "2024-04-18"),
    ]
    item = of_case(scheme=PAUSED, events=log, decided_at="2024-04-22")
    assert [(pause.first, pause.last) for pause in item.pauses] == [
        (date(2024, 3, 28), date(2024, 3, 29)),
        (date(2024, 4, 3), date(2024, 4, 9)),
        (date(2024, 4, 18), date(2024, 4, 21)),
    ]
    # Counted: 2, 10, 11, 12, 15, 16, 17 and 22 April.
    assert (item.elapsed, item.gross, item.status) == (8, 15, "met")


def test_a_pause_after_it_was_due_cures_nothing() -> None:
    item = of_case(scheme=PAUSED, events=[event("paused", "2024-05-01")], as_of="2024-05-20")
    assert (item.due, item.status) == (date(2024, 4, 29), "overdue")


def test_day_1_is_not_a_day_on_which_the_clock_stood_still() -> None:
    log = [event("paused", "2024-03-28"), event("resumed", "2024-04-10")]
    assert of_case(scheme=PAUSED, events=log, as_of="2024-04-20").day_1 == date(2024, 4, 10)


def test_a_scheme_of_ones_own_with_pauses_and_closures(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'id = "own"\nextends = "lgsco"\nclosures = ["2024-04-12"]\n'
        f'[[target]]\nid = "{DECIDED}"\nclock = {{ pauses = "allowed" }}\n'
    )
    item = of_case(scheme=load_scheme(own), events=STOOD)
    assert (item.due, item.basis.scheme) == (date(2024, 5, 3), "own")
    assert [day.day.isoformat() for day in item.days_off if day.name == "closure"] == ["2024-04-12"]


# Contact with the parties

STARTED = {"case_id": "A", "received_at": "2024-01-03", "allocated_at": "2024-03-28"}
CONTACTS = [event("contact", "2024-04-10", C), event("contact", "2024-04-19", O)]


def contact_due(
    *events: Row, as_of: str = "2024-05-01", targets: Any = INTERVALS, **others: Any
) -> list[tuple[Any, ...]]:
    found = deadlines(LGSCO, STARTED | others, events=list(events), as_of=as_of, targets=targets)
    return [(item.party, item.due and item.due.isoformat(), item.left, item.status) for item in found]


def test_the_next_contact_is_due_with_each_party() -> None:
    assert contact_due(*CONTACTS) == [(C, "2024-05-09", 5, "pending"), (O, "2024-05-20", 12, "pending")]
    assert contact_due() == [(C, "2024-04-29", -2, "overdue"), (O, "2024-04-29", -2, "overdue")]
    assert contact_due(CONTACTS[1], as_of="2024-04-29") == [
        (C, "2024-04-29", 0, "pending"),
        (O, "2024-05-20", 14, "pending"),
    ]


def test_a_late_interval_stays_visible_beside_the_one_that_is_open() -> None:
    late = [event("contact", "2024-05-10", C), event("contact", "2024-05-13", C)]
    found = contact_due(*CONTACTS, *late, as_of="2024-05-15")
    assert found == [
        (C, "2024-05-09", -1, "late"),  # from 10 April to 10 May
        (C, "2024-06-11", 18, "pending"),  # from 13 May; that from 10 May was in time, and isn't told
        (O, "2024-05-20", 3, "pending"),
    ]
    assert contact_due(*CONTACTS, *late, as_of="2024-05-31", decided_at="2024-05-15") == [
        (C, "2024-05-09", -1, "late"),
        (O, "2024-05-20", 3, "met"),
    ]


def test_the_case_is_due_with_the_party_that_comes_first() -> None:
    assert contact_due(*CONTACTS, targets=CASES) == [(None, "2024-05-09", 5, "pending")]
    assert contact_due(*CONTACTS, event("contact", "2024-04-30", C), targets=CASES) == [
        (None, "2024-05-20", 12, "pending")
    ]
    assert contact_due(*CONTACTS, as_of="2024-05-10", targets=CASES) == [(None, "2024-05-09", -1, "overdue")]
    assert contact_due(as_of="2024-05-31", decided_at="2024-04-05", targets=CASES) == [(None, None, None, "met")]


def test_the_parties_of_a_target_can_be_one() -> None:
    scheme = LGSCO.with_target(INTERVALS, parties=[O], limit="4 weeks")
    item = one(scheme, STARTED, events=CONTACTS, as_of="2024-05-01", targets=INTERVALS)
    assert (item.party, item.due, item.left, item.unit) == (O, date(2024, 5, 17), 16, "days")


def test_a_case_decided_though_withdrawn_ended_with_the_decision() -> None:
    found = deadlines(LGSCO, STARTED | {"withdrawn_at": "2024-04-18", "decided_at": "2024-04-22"}, as_of="2024-05-31",
                      targets=[CASES, INTERVALS])  # fmt: skip
    assert {(item.stop, item.ended_by) for item in found} == {(date(2024, 4, 22), "decided_at")}


# Delays explained


def explained(at: str, *parties: str, reason: str | None = "awaiting records") -> list[Row]:
    return [event("delay_explained", at, party, reason=reason) for party in parties]


@pytest.mark.parametrize(
    ("log", "status"),
    [
        (explained("2024-04-29", C, O), "met"),
        (explained("2024-04-29", C), "late"),
        (explained("2024-04-30", C, O), "late"),
        (explained("2024-04-20", C, O, reason=None), "late"),
        ([], "late"),
    ],
)
def test_a_delay_is_to_be_explained_to_both_by_the_due_day(log: list[Row], status: str) -> None:
    found = deadlines(LGSCO, Case(case_id="A", received_at="2024-03-28"), events=log, as_of="2024-05-01")
    assert [(item.target, item.status, item.reason, item.due) for item in found] == [
        (DECIDED, "overdue", "", date(2024, 4, 29)),
        (EXPLAINED, status, DECIDED, date(2024, 4, 29)),
    ]


def test_nothing_is_to_be_explained_of_what_is_in_time() -> None:
    found = deadlines(LGSCO, Case(case_id="A", received_at="2024-03-28"), as_of="2024-04-29")
    assert [item.target for item in found] == [DECIDED]


# What is given, and what isn't


def test_no_events_mean_that_nothing_has_happened_and_none_that_it_is_not_known() -> None:
    nothing, unknown = (deadlines(LGSCO, STARTED, events=events, as_of="2024-05-31") for events in ((), None))
    assert deadlines(LGSCO, STARTED, as_of="2024-05-31") == nothing
    assert {item.target for item in nothing} - {item.target for item in unknown} == {CASES, INTERVALS, EXPLAINED}
    assert [item for item in nothing if item.target not in {CASES, INTERVALS, EXPLAINED}] == unknown
    assert deadlines(LGSCO, STARTED, events=[], as_of="2024-05-31") == nothing


def test_a_clock_that_may_stand_still_needs_the_events() -> None:
    case = Case(case_id="A", received_at="2024-03-28")
    assert deadlines(PAUSED, case, events=None, as_of="2024-04-05") == []
    assert [item.gross for item in deadlines(PAUSED, case, as_of="2024-04-05")] == [4]


def test_targets_can_be_chosen() -> None:
    def chosen(targets: Any) -> list[str]:
        found = deadlines(LGSCO, STARTED, as_of="2024-04-05", targets=targets)
        return list(dict.fromkeys(item.target for item in found))

    assert chosen("investigation-26w") == ["investigation-26w"]
    assert chosen([INTERVALS, "investigation-26w"]) == ["investigation-26w", INTERVALS]  # in the scheme's order
    assert chosen([]) == chosen(CALLS) == chosen("quality-measures") == []
    weeks = [f"investigation-{number}w" for number in (13, 26, 52)]
    assert chosen(None) == [DECIDED, *weeks, CASES, INTERVALS, EXPLAINED]


FORMS = [
    [CaseEvent(**row) for row in CONTACTS], tuple(CONTACTS), pd.DataFrame(CONTACTS), pl.DataFrame(CONTACTS),
    pa.Table.from_pylist(CONTACTS),
]  # fmt: skip


@pytest.mark.parametrize("events", FORMS, ids=lambda form: type(form).__name__)
def test_events_in_any_form(events: Any) -> None:
    expected = deadlines(LGSCO, Case(**STARTED), events=CONTACTS, as_of="2024-05-01")
    assert deadlines(LGSCO, STARTED, events=events, as_of="2024-05-01") == expected
    single = deadlines(LGSCO, STARTED, events=CONTACTS[0], as_of="2024-05-01")
    assert single == deadlines(LGSCO, STARTED, events=[CONTACTS[0], CONTACTS[1] | {"case_id": "B"}], as_of="2024-05-01")
    assert single != expected


def test_events_in_files(tmp_path: Path) -> None:
    pd.DataFrame(CONTACTS).to_csv(tmp_path / "events.csv", index=False)
    expected = deadlines(LGSCO, STARTED, events=CONTACTS, as_of="2024-05-01")
    assert deadlines(LGSCO, STARTED, events=str(tmp_path / "events.csv"), as_of="2024-05-01") == expected
    assert deadlines(LGSCO, STARTED, events=tmp_path / "events.csv", as_of="2024-05-01") == expected


def test_a_mapping_is_as_good_as_a_case() -> None:
    class Lazy(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return STARTED[key]

        def __iter__(self) -> Any:
            return iter(STARTED)

        def __len__(self) -> int:
            return len(STARTED)

    expected = deadlines(LGSCO, Case(**STARTED), as_of="2024-05-01")
    assert expected
    for mapping in (STARTED, Lazy(), STARTED | {"office": "York", "reviewed_at": "soon"}):
        assert deadlines(LGSCO, mapping, as_of="2024-05-01") == expected


def test_rows_as_pandas_gives_them() -> None:
    """An empty cell of a frame is NaN; ``assess`` reads it as empty, here and in a frame."""
    row = STARTED | dict.fromkeys(["decided_in", "joint_working", "authority"], float("nan")) | {"decided_at": pd.NaT}
    contact = CONTACTS[0] | {"reason": float("nan")}
    blank = event("reopened", "2024-04-02") | {"party": float("nan"), "direction": float("nan")}
    expected = of_many(LGSCO, "2024-05-01", cases=pd.DataFrame([row]), events=pd.DataFrame([contact, blank]))[0]
    assert told_by(deadlines(LGSCO, row, events=[contact], as_of="2024-05-01")) == expected
    assert deadlines(LGSCO, row, events=[contact, blank], as_of="2024-05-01").findings == ()


def test_an_empty_cell_of_a_csv_file_is_no_unknown_party() -> None:
    """``csv`` gives empty text, which is an empty cell in a file of cases or events."""
    blank = event("reopened", "2024-04-02") | {"party": "", "direction": "", "reason": ""}
    assert deadlines(LGSCO, STARTED, events=[blank], as_of="2024-05-01").findings == ()


def test_an_unset_valid_at_falls_back_and_an_empty_one_does_not() -> None:
    weeks = ["investigation-13w"]
    unset, empty = STARTED, STARTED | {"valid_at": None}
    assert [item.due for item in deadlines(LGSCO, unset, as_of="2024-03-31", targets=weeks)] == [date(2024, 4, 3)]
    assert deadlines(LGSCO, empty, as_of="2024-03-31", targets=weeks) == []


def test_kinds_of_record_on_which_nothing_is_due() -> None:
    assert (
        deadlines(
            LGSCO, Review(review_id="V", standard="1", answer="met", reviewed_at="2024-01-02"), as_of="2024-05-01"
        )
        == []
    )
    assert deadlines(LGSCO, Activity(kind="article", at="2024-01-02"), as_of="2024-05-01") == []
    assert deadlines(LGSCO, Order(case_id="A", due_at="2024-05-02"), as_of="2024-05-01") == []


def test_what_is_received_later_or_left_out_has_no_deadline() -> None:
    for case in ({"received_at": "2024-05-02"}, {"received_at": "2024-03-28", "withdrawn_at": "2024-04-29"}):
        assert deadlines(LGSCO, Case(case_id="A", **case), as_of="2024-05-01") == []
    late = deadlines(LGSCO, Case(case_id="A", received_at="2024-03-28", closed_at="2024-04-30"), as_of="2024-05-01")
    assert (late[0].status, late[0].reason, late[0].ended_by) == ("late", "closed after it was due", "closed_at")


def test_targets_asked_for_that_say_nothing_of_this_record_say_why() -> None:
    case = Case(case_id="A", received_at="2024-03-28", allocated_at="2024-04-02")
    asked = ["keep-in-touch-20wd", "intake-calls-60s", "decided-or-allocated-20wd", "quality-measures"]
    found = deadlines(LGSCO, case, events=None, as_of="2024-05-01", targets=asked)
    assert [item.target for item in found] == ["decided-or-allocated-20wd"]
    assert found.left_out == {
        "keep-in-touch-20wd": "needs events, which aren't known",
        "intake-calls-60s": "is due on calls",
        "quality-measures": "a figure of many records",
    }
    assert "keep-in-touch-20wd" in deadlines(LGSCO, case, events=None, as_of="2024-05-01").left_out


def test_a_due_day_after_the_last_announced_year_is_provisional() -> None:
    until = LGSCO.calendar.announced_until
    assert [of_case(f"{until.year}-{day}", as_of=f"{until.year}-12-31").provisional for day in ("11-29", "12-20")] == [
        False,
        True,
    ]
    weeks, rolled_ = (on_clock(limit="8 weeks", **clock) for clock in ({}, {"non_working_due": "next working day"}))
    found = [of_case(f"{until.year}-12-20", scheme=scheme, as_of=f"{until.year}-12-31") for scheme in (weeks, rolled_)]
    assert [item.provisional for item in found] == [False, True]
    assert found[0].basis.announced_until == until


# What contradicts itself


def findings(record: Any, *events: Any, as_of: str = "2024-05-31", scheme: Scheme = LGSCO) -> list[tuple[Any, ...]]:
    found = deadlines(scheme, record, events=list(events), as_of=as_of)
    assert all(isinstance(item, Finding) for item in found.findings)
    return [(item.record, item.row, item.field, item.says) for item in found.findings]


def test_a_case_decided_before_it_was_received_has_a_due_day_and_a_finding() -> None:
    found = deadlines(LGSCO, Case(case_id="A", received_at="2024-03-28", decided_at="2024-03-27"), as_of="2024-05-31")
    (item,) = found
    assert (item.status, item.due, item.left, item.elapsed) == ("invalid", date(2024, 4, 29), None, None)
    assert item.reason == "decided_at is before received_at"
    assert [(said.record, said.row, said.field, str(said)) for said in found.findings] == [
        ("cases", None, "decided_at", "cases: decided_at is before received_at")
    ]


def test_what_one_field_contradicts_leaves_the_other_targets_alone() -> None:
    found = deadlines(LGSCO, STARTED | {"decided_at": "2024-03-05"}, as_of="2024-05-31", events=None)
    assert [(item.target, item.status) for item in found] == [
        (DECIDED, "late"), ("investigation-13w", "met"), ("investigation-26w", "met"), ("investigation-52w", "met"),
    ]  # fmt: skip
    assert findings(STARTED | {"decided_at": "2024-03-05"}) == [
        ("cases", None, "decided_at", "decided_at is before allocated_at")
    ]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"received_at": "1980-03-28"}, ("received_at", "received_at is outside the calendar")),
        ({"case_id": "", "received_at": "2024-03-28"}, ("case_id", "case_id is missing")),
    ],
)
def test_findings_of_the_case(record: Row, said: tuple[str, str]) -> None:
    assert findings({"case_id": "A"} | record) == [("cases", None, *said)]


def test_a_finding_about_the_calendar_names_no_field_that_there_is_not() -> None:
    last = LGSCO.calendar.last
    found = deadlines(LGSCO, Case(case_id="A", received_at=last), as_of=last)
    assert [(item.status, item.due, item.reason) for item in found] == [
        ("invalid", None, "due day is after the calendar's last day")
    ]
    assert [item.says for item in found.findings] == ["due day is after the calendar's last day"]
    assert all(item.field is None or item.field in Case.model_fields for item in found.findings)


CLOSED = STARTED | {"closed_at": "2024-04-05"}
NO_DIRECTION = "the contact is neither out nor in, and doesn't count"
NO_PARTY = "there is no party, so that it counts for neither"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (event("contact", "2024-04-10", C), [("at", "the event is after closed_at")]),
        (event("contact", "2024-04-05", C), []),
        (event("reopened", "2024-04-10"), []),
        (event("contact", "2024-01-02", C), [("at", "the event is before received_at")]),
        (event("contact", "2024-04-02", C, case_id="B"), [("case_id", "the event is of another case, and left out")]),
        (event("contact", "2024-04-02", C, direction=None), [("direction", NO_DIRECTION)]),
        (event("contact", "2024-04-02", C, direction="in"), []),
        (event("contact", "2024-04-02", None, direction="out"), [("party", NO_PARTY)]),
        (event("contact", "2024-04-02", None, direction="in"), []),
        (event("contact", "2024-04-02", "press"), [("party", "party is neither complainant nor organisation")]),
        (event("contact", "2024-04-02", C, direction="up"), [("direction", "direction is neither out nor in")]),
        (event("delay_explained", "2024-04-02", O),
         [("reason", "a delay is explained without a reason, and doesn't count")]),
        (event("delay_explained", "2024-04-02", O, reason="records"), []),
        (event("telephoned", "2024-04-02", O), [("event", "events of this kind mean nothing here")]),
        (event("decided", "2024-04-02"),
         [("event", "the case has no decided_at, and an event doesn't change a case that is given")]),
        (event("received", "2024-01-02"), [("at", "the event is before received_at of the case, which counts")]),
        (event("closed", "2024-04-05"), []),
        (event("contact", "2024-06-01", "press", case_id="B"), []),  # later than as_of
    ],
)  # fmt: skip
def test_findings_of_events(row: Row, said: list[tuple[str, str]]) -> None:
    fine = event("contact", "2024-04-03", O)
    assert findings(CLOSED, fine, row) == [("events", 1, *parts) for parts in said]


def test_events_that_are_all_of_another_case_are_refused() -> None:
    events = [event("contact", "2024-04-02", C, case_id="a"), event("telephoned", "2024-06-03", case_id="B")]
    with pytest.raises(RecordsError, match=r"none of 2 events has the case_id of a case.*That of events row 0 and"):
        deadlines(LGSCO, STARTED, events=events, as_of="2024-05-31")
    whole_log = pd.DataFrame([event("contact", "2024-04-02", C, case_id="B")])  # in which this case has no event yet
    (finding,) = deadlines(LGSCO, STARTED, events=whole_log, as_of="2024-05-31").findings
    assert "1 event of a case that wasn't given" in finding.says
    (finding, *_) = deadlines(LGSCO, {**STARTED, "case_id": ""}, events=events, as_of="2024-05-31").findings
    assert finding.says == "case_id is missing"


def test_contact_after_reopening_is_no_contradiction() -> None:
    again, told = event("reopened", "2024-04-10"), event("contact", "2024-04-15", C)
    assert findings(CLOSED, again, told) == []
    assert findings(CLOSED, told) == [("events", 0, "at", "the event is after closed_at")]


@pytest.mark.parametrize(
    ("times", "field", "says"),
    [
        ({"allocated_at": "2024-03-01"}, "allocated_at", "allocated_at is before received_at"),
        ({"closed_at": "2024-04-02", "decided_at": "2024-04-03"}, "decided_at", "decided_at is after closed_at"),
        ({"early_resolution_started_at": "2024-04-05", "early_resolution_ended_at": "2024-04-02"},
         "early_resolution_ended_at", "early_resolution_ended_at is before early_resolution_started_at"),
    ],
)  # fmt: skip
def test_times_of_a_case_in_an_impossible_order_are_found(times: Row, field: str, says: str) -> None:
    found = deadlines(LGSCO, {"case_id": "A", "received_at": "2024-03-28", **times}, as_of="2024-05-31")
    assert [(item.field, item.says) for item in found.findings] == [(field, says)]


def test_what_contradicts_itself_later_is_not_known_yet() -> None:
    times = {"closed_at": "2024-06-10", "decided_at": "2024-06-12", "allocated_at": "2024-03-30"}
    case = {"case_id": "A", "received_at": "2024-03-28", **times}
    assert deadlines(LGSCO, case, as_of="2024-06-11").findings == ()
    assert [item.says for item in deadlines(LGSCO, case, as_of="2024-06-12").findings] == [
        "decided_at is after closed_at"
    ]


def test_targets_that_do_not_apply_are_named_with_the_reason() -> None:
    found = deadlines(LGSCO, {"case_id": "A", "received_at": "2024-03-28"}, as_of="2024-04-05")
    assert found.left_out["investigation-13w"] == "not allocated"
    assert not set(found.left_out) & {item.target for item in found}
    read = Deadlines.from_json(found.to_json())
    assert (list(read), read.findings, read.left_out) == (list(found), found.findings, found.left_out)
    with pytest.raises(KpiError, match="no deadlines"):
        Deadlines.from_json("{}")


def test_what_is_due_after_the_last_announced_year_is_provisional_in_every_measure() -> None:
    case = {"case_id": "A", "received_at": "2028-12-20", "allocated_at": "2028-12-22"}
    found = deadlines(LGSCO, case, as_of="2028-12-30")
    assert {item.target: item.provisional for item in found if item.unit == "working days"} == dict.fromkeys(
        (DECIDED, CASES, INTERVALS), True
    ) | {DECIDED: True}
    explained = deadlines(LGSCO, {"case_id": "A", "received_at": "2029-01-02"}, as_of="2029-03-10")
    assert {item.target: item.provisional for item in explained} == {DECIDED: True, "delays-explained": True}


def test_an_event_that_was_not_known_yet_is_no_finding() -> None:
    """An event is known from the day on which it was recorded."""
    assert findings(STARTED, event("contact", "2024-04-02", C, direction=None, recorded_at="2024-06-01")) == []
    later = event("contact", "2024-04-30T15:00", C, direction=None)
    assert findings(STARTED, later, as_of="2024-04-30T16:00") == [("events", 0, "direction", NO_DIRECTION)]
    assert findings(STARTED, later, as_of="2024-04-30T14:00") == []


def test_events_that_do_not_count_change_nothing() -> None:
    odd = [
        event("contact", "2024-04-10", C, case_id="B"),
        event("contact", "2024-04-10", "press"),
        event("contact", "2024-04-10", C, direction="up"),
        event("contact", "2024-04-10", C, direction=None),
    ]
    assert contact_due(*odd) == contact_due()


def test_deadlines_and_findings_show_themselves() -> None:
    log = [event("contact", "2024-04-10", C)]
    shown = repr(deadlines(LGSCO, CLOSED, events=log, as_of="2024-05-31", targets=DECIDED))
    for words in (DECIDED, "late", "events row 0", "the event is after closed_at"):
        assert words in shown


# What can't be read

PERSON = "Mrs Jane Ombersley"


RECEIVED = {"received_at": "2024-03-28"}


@pytest.mark.parametrize(
    ("record", "events", "words"),
    [
        ({"received_at": PERSON}, [], r"^case: received_at: dates in text are ISO 8601"),
        ({}, [], r"^case: received_at: Field required\.$"),
        ({"received_at": "2024-02-30"}, [], r"^case: received_at: there is no such day or time\.$"),
        ({"received_at": "28/03/2024"}, [], r"^case: received_at: dates in text are ISO 8601"),
        (RECEIVED | {"decided_in": PERSON}, [], r"^case: decided_in: "),
        (RECEIVED | {"joint_working": PERSON}, [], r"^case: joint_working: "),
        (RECEIVED, [event("contact", "2024-04-02", C), event("contact", PERSON)], r"^events row 1: at: dates"),
        (RECEIVED, [event("contact", "2024-04-02", C, recorded_at=PERSON)], r"^events row 0: recorded_at: "),
        (RECEIVED, [{"case_id": "A", "event": PERSON}], r"^events row 0: at: Field required"),
        (RECEIVED, [{"event": PERSON}], r"^events row 0: case_id is missing"),
    ],
)
def test_what_cannot_be_read_is_named_and_never_quoted(record: Row, events: Any, words: str) -> None:
    with pytest.raises(RecordsError, match=words) as caught:
        deadlines(LGSCO, {"case_id": "A"} | record, events=events, as_of="2024-05-31")
    assert not any(part in str(caught.value) for part in PERSON.split())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("field", ["received_at", "at"])
def test_a_missing_time_is_named_by_its_field_alone(field: str) -> None:
    record = {"case_id": "A", "received_at": None if field == "received_at" else "2024-03-28"}
    events = [event("contact", None)] if field == "at" else []
    with pytest.raises(RecordsError, match=rf"{field}: "):
        deadlines(LGSCO, record, events=events, as_of="2024-05-31")


@pytest.mark.parametrize(
    "events", [5, True, object(), {1, 2}, iter([]), "nowhere.csv"], ids=lambda value: type(value).__name__
)
def test_events_that_are_none(events: Any) -> None:
    with pytest.raises(RecordsError, match=r"^events"):
        deadlines(LGSCO, STARTED, events=events, as_of="2024-05-31")


@pytest.mark.parametrize("item", [5, "contact", None, Case(**STARTED), ["A"]], ids=lambda item: type(item).__name__)
def test_an_item_that_is_no_event(item: Any) -> None:
    with pytest.raises(RecordsError, match=r"^events row 1: \w"):
        deadlines(LGSCO, STARTED, events=[CONTACTS[0], item], as_of="2024-05-31")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"as_of": None}, OptionError, "^as_of is missing"),
        ({"as_of": ""}, OptionError, "^as_of is missing"),
        ({"as_of": "soon"}, OptionError, "^as_of isn't a date"),
        ({"as_of": "1980-01-01"}, CoverageError, "^as_of 1980-01-01 is outside"),
        ({"as_of": "2051-01-01T09:00"}, CoverageError, "^as_of 2051-01-01 is outside"),
        ({"targets": "investigation-13"}, SchemeError, "Did you mean 'investigation-13w'"),
        ({"targets": [DECIDED, 5]}, OptionError, "^targets="),
        ({"scheme": "lgsco"}, OptionError, r"^A scheme is wanted.*load_scheme"),
        ({"scheme": None}, OptionError, "^A scheme is wanted"),
        ({"case": CaseEvent(**CONTACTS[0])}, OptionError, "^Nothing is due on an event"),
        ({"case": [STARTED]}, OptionError, r"kind list.*worklist"),
        ({"case": None}, OptionError, "kind NoneType"),
        ({"case": "A"}, OptionError, "kind str"),
        ({"case": pd.DataFrame([STARTED])}, OptionError, "kind DataFrame"),
    ],
)
def test_arguments_that_do_not_fit(options: Row, error: type[KpiError], words: str) -> None:
    given_to: Row = {"scheme": LGSCO, "case": Case(**STARTED), "as_of": "2024-01-01"} | options
    with pytest.raises(error, match=words):
        deadlines(given_to.pop("scheme"), given_to.pop("case"), **given_to)


def test_as_of_must_be_given() -> None:
    with pytest.raises(TypeError, match="as_of"):
        deadlines(LGSCO, STARTED)  # type: ignore[call-arg]


def test_times_of_two_kinds_in_one_case_are_found_and_no_other_target_is_lost() -> None:
    case = {"case_id": "A", "received_at": "2024-03-28T10:00", "decided_at": "2024-04-01T10:00Z"}
    found = deadlines(LGSCO, case, as_of="2024-05-31")
    (decided,) = [item for item in found if item.target == DECIDED]
    assert (decided.status, decided.due, decided.left) == ("invalid", None, None)
    assert decided.reason == "received_at has a time without a zone, decided_at one with a zone"
    (finding,) = [item for item in found.findings if item.says == decided.reason]
    assert (finding.record, finding.field) == ("cases", "received_at")


@pytest.mark.parametrize(
    "times", [{"received_at": "2024-03-28"}, {"received_at": "2024-03-28T09:00", "handled_at": "2024-03-29"}]
)
def test_hours_need_times(times: Row) -> None:
    found = deadlines(LGO, WrittenContact(contact_id="W", **times), as_of="2024-05-31")
    (finding,) = found.findings
    assert (list(found), finding.record) == ([], "written_contacts")
    assert re.search(r"has only dates.*24 hours", finding.says)


# What is imported

ALONE = """
import sys
from datetime import date
from ombudsman_kpi import Case, CaseEvent, deadlines, load_scheme
row = {"case_id": "A", "received_at": "2024-01-03", "allocated_at": "2024-03-28", "decided_at": None}
log = [
    {"case_id": "A", "event": "contact", "at": "2024-04-10", "party": "complainant", "direction": "out"},
    {"case_id": "A", "event": "delay_explained", "at": "2024-01-20", "party": "organisation", "reason": "x"},
    {"case_id": "A", "event": "paused", "at": date(2024, 1, 20), "reason": "x"},
]
lgsco = load_scheme("lgsco")
paused = lgsco.with_target("decided-or-allocated-20wd", clock={"pauses": "allowed", "cut_off": "17:00"})
for scheme in (lgsco, paused):
    for case, events in ((Case(**row), [CaseEvent(**item) for item in log]), (row, log)):
        found = deadlines(scheme, case, events=events, as_of="2024-04-20")
        assert len(found) >= 8, found
        assert all(item.explain().to_markdown() and item.model_dump_json() for item in found)
print(sorted({"pandas", "pyarrow", "polars", "duckdb"} & set(sys.modules)))
"""


def test_no_dataframe_library_is_imported_for_one_case() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", ALONE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
