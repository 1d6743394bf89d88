"""Days off that are announced or taken back later: a tally is refused where one could have changed a figure."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import KpiError, OptionError, Results, Scheme, Tally, load_scheme, tally
from ombudsman_kpi.calendars import announced
from ombudsman_kpi.calendars.bank_holidays import bank_holidays
from ombudsman_kpi.schemes import toml

sys.path.append(str(Path(__file__).parent))
import test_merge_all_measures as all_measures

laws = settings(max_examples=settings().max_examples // 10, deadline=None, derandomize=True)
DAY = timedelta(days=1)
SINCE = date(2023, 9, 1)
CLOCK = 'clock = { non_working_due = "next working day", non_working_receipt = "next working day", cut_off = "12:00" }'
ROLLING = "".join(
    f'{{ id = "rolled-{place}", of = "cases", start = "received_at", stop = "decided_at", limit = "{limit}", '
    f'cohort = "due", {CLOCK} }},\n'
    for place, limit in enumerate(("10 calendar days", "5 weeks", "2 months"))
)


@contextmanager
def holidays(changes: Mapping[date, bool]) -> Iterator[None]:
    """Announce some holidays (True), or take them back (False), for all calendars that are made meanwhile."""

    def changed(division: str, first_year: int, last_year: int) -> dict[date, str]:
        days = {**bank_holidays(division, first_year, last_year), **dict.fromkeys(changes, "New")}
        return {day: name for day, name in days.items() if changes.get(day, True)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(announced, "bank_holidays", changed)
        yield


def lgsco() -> Scheme:
    """Return the scheme read by its path: by its name it is read once in a process, with the days off of that time."""
    return load_scheme(Path(toml.__file__).with_name("lgsco.toml"))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    declared = all_measures.SCHEME.replace("target = [", f"target = [\n{ROLLING}").replace("{ id", '{ says = "It", id')
    place = tmp_path_factory.mktemp("schemes") / "all-measures.toml"
    place.write_text(declared, "utf-8")
    return place


@pytest.fixture(scope="module")
def casework() -> dict[str, Any]:
    return all_measures.tables(all_measures.Maker(3).casework())


@pytest.fixture(scope="module")
def counted(path: Path, casework: dict[str, Any]) -> list[Tally]:
    """Tally the same records by each of several options, before any day changed."""
    return [tally(load_scheme(path), **casework, **options) for options in OPTIONS]


OPTIONS = [{**options, "cohort": "all"} for options in all_measures.OPTIONS]
days = st.integers(0, 400).map(lambda number: SINCE + number * DAY)
changes_of_days = st.dictionaries(days, st.booleans(), min_size=1, max_size=3)
questions = st.integers(0, len(OPTIONS) - 1)


def changes_something(changes: Mapping[date, bool], scheme: Scheme) -> list[date]:
    """Return the days that are off in one calendar and not in the other: a Sunday is off in both, a Saturday isn't."""
    opens_on = range(6)  # Monday to Friday, and by the scheme's opening hours on a Saturday
    calendar = scheme.calendar
    return [day for day, off in changes.items() if day.weekday() in opens_on and (day in calendar.days_off) != off]


@laws
@given(changes=changes_of_days, which=questions)
def test_what_is_read_is_what_would_be_counted_now(
    path: Path, casework: dict[str, Any], counted: list[Tally], changes: dict[date, bool], which: int
) -> None:
    before = counted[which]
    text, written = before.to_json(), before.results().to_json()
    different = changes_something(changes, load_scheme(path))
    with holidays(changes):
        now = tally(load_scheme(path), **casework, **OPTIONS[which])
        assert before.basis is not None
        if any(day <= before.basis.last_day for day in different):
            for read in (lambda: Tally.from_json(text), lambda: Results.from_json(written)):
                with pytest.raises(KpiError, match="Days off have changed"):
                    read()
            with pytest.raises(OptionError, match="the calendar edition is"):
                _ = before + now
            return
        assert dict(before.blocks) == dict(now.blocks)
        assert Tally.from_json(text) == now == before
        assert Tally.from_arrow(before.to_arrow()) == now
        assert (before + now).results().rows == (now + now).results().rows
        assert Results.from_json(written).rows == now.results().rows


@laws
@given(changes=changes_of_days, which=questions)
def test_nothing_is_counted_otherwise_for_a_day_after_the_last_one(
    path: Path, casework: dict[str, Any], counted: list[Tally], changes: dict[date, bool], which: int
) -> None:
    before = counted[which]
    assert before.basis is not None
    last = before.basis.last_day
    with holidays({last + (day - SINCE) // 6 + DAY: off for day, off in changes.items()}):
        now = tally(load_scheme(path), **casework, **OPTIONS[which])
        assert now.basis is not None
        assert now.basis.last_day == last
        assert dict(before.blocks) == dict(now.blocks)
        assert before == now


CASES: list[dict[str, Any]] = [
    {"case_id": "A", "received_at": "2024-03-28", "decided_at": None, "allocated_at": None},
    {"case_id": "B", "received_at": "2024-03-01", "decided_at": "2024-03-08", "allocated_at": None},
]
STOOD = [("paused", "2024-01-02"), ("resumed", "2024-01-31")]
IN_TIME = "decided-or-allocated-20wd"


@pytest.mark.parametrize(
    ("day", "refused"),
    [
        (date(2024, 3, 12), True),
        (date(2024, 4, 3), True),  # before A is due, on 29 April
        (date(2024, 4, 29), True),
        (date(2024, 4, 30), False),
        (date(2031, 7, 1), False),
    ],
)
def test_20_working_days_from_the_day_are_looked_at(day: date, refused: bool) -> None:
    counts = tally(lgsco(), cases=CASES, as_of="2024-03-28", targets=IN_TIME)
    results = counts.results()
    with holidays({day: True}):
        now = tally(lgsco(), cases=CASES, as_of="2024-03-28", targets=IN_TIME)
        if refused:
            for combine in (Tally.__add__, Tally.__sub__):
                with pytest.raises(OptionError, match="the calendar edition is"):
                    combine(counts, now)
            assert counts != now
            with pytest.raises(KpiError, match="Days off have changed: count again"):
                Tally.from_json(counts.to_json())
            with pytest.raises(KpiError, match="Days off have changed: measure again"):
                Results.from_json(results.to_json())
        else:
            assert Tally.from_json(counts.to_json()) + now == now + now
            read = Results.from_json(results.to_json())
            assert read.rows == now.results().rows
            assert read.to_dict()["calendar"] == now.results().to_dict()["calendar"] != results.to_dict()["calendar"]


def test_a_due_day_that_is_not_announced_yet_is_looked_at_too() -> None:
    cases = [{"case_id": "A", "received_at": "2030-12-20", "decided_at": None, "allocated_at": None}]
    counts = tally(lgsco(), cases=cases, as_of="2030-12-24", targets=IN_TIME)
    (row,) = counts.results()
    assert row.provisional
    with holidays({date(2031, 1, 3): True}), pytest.raises(KpiError, match="Days off have changed"):
        Tally.from_json(counts.to_json())
    with holidays({date(2031, 7, 1): True}):
        assert Tally.from_json(counts.to_json()).results().rows == (row,)


def test_a_limit_beyond_the_calendar_looks_at_all_of_it() -> None:
    scheme = load_scheme("lgsco").with_target(IN_TIME, limit="9000 working days")
    counts = tally(scheme, cases=CASES, as_of="2024-03-28", targets=IN_TIME)
    assert counts.basis is not None
    assert counts.basis.last_day == scheme.calendar.last
    with holidays({date(2050, 12, 30): True}), pytest.raises(KpiError, match="Days off have changed"):
        Tally.from_json(counts.to_json())


def test_months_that_stood_still_may_be_longer_than_those_from_the_day_on() -> None:
    # A month from 31 January ends on 29 February. One from 1 January has 31 days: of those that 2-30 January are more,
    # the last is Friday 1 March.
    clock = {"pauses": "allowed", "non_working_due": "next working day"}
    cases = [{"case_id": "A", "received_at": "2024-01-01", "decided_at": "2024-01-31", "allocated_at": None}]
    events = [{"case_id": "A", "event": word, "at": day} for word, day in STOOD]
    given: dict[str, Any] = {
        "cases": cases,
        "events": events,
        "as_of": "2024-01-31",
        "targets": IN_TIME,
        "cohort": "due",
    }
    counts = tally(load_scheme("lgsco").with_target(IN_TIME, limit="1 month", clock=clock), **given)
    assert counts.results().rows[0].met == 1
    for day, refused in ((date(2024, 3, 1), True), (date(2024, 3, 6), False)):
        with holidays({day: True}):
            now = tally(load_scheme("lgsco").with_target(IN_TIME, limit="1 month", clock=clock), **given)
            if refused:
                with pytest.raises(OptionError, match="the calendar edition is"):
                    _ = counts + now
            else:
                assert (counts + now).results().rows == (now + now).results().rows


def test_what_was_written_before_is_read_where_no_day_has_changed() -> None:
    """Layout 1, and results of its time, have the edition of the whole calendar alone."""
    counts = tally(lgsco(), cases=CASES, as_of="2024-03-28", targets=IN_TIME)
    content, written = json.loads(counts.to_json()), json.loads(counts.results().to_json())
    del content["days_off"], content["cells"]["mark"], written["basis"]["days_off"]
    text, results = json.dumps(content | {"layout": 1}), json.dumps(written)
    assert Tally.from_json(text) == counts
    assert Results.from_json(results).rows == counts.results().rows
    with holidays({date(2031, 7, 1): True}):
        for read in (lambda: Tally.from_json(text), lambda: Results.from_json(results)):
            with pytest.raises(KpiError, match="Days off have changed"):
                read()
