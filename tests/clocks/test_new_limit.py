"""A new unit of limits is one class, and its place in the list of them; everything else follows from it."""

import json
import re
from pathlib import Path

import pytest

from ombudsman_kpi import Call, Case, Deadlines, Scheme, SchemeError, deadlines, load_scheme, measure, worklist
from ombudsman_kpi.cases.worklist import worklist_table
from ombudsman_kpi.clocks import limits
from ombudsman_kpi.clocks.limits import Amount, ElapsedTime, parse_limit
from ombudsman_kpi.schemes.json_schema import scheme_json_schema


class Fortnights(Amount):
    """Two weeks each."""

    unit = "fortnights"
    size = 14


class Minutes(ElapsedTime):
    """Elapsed minutes."""

    unit = elapsed_unit = "minutes"
    size = parts = 60_000_000


SCHEME = """
id = "own"
title = "Own"
source = "A notice"
division = "england-and-wales"
[[target]]
id = "decided"
says = "Decided in two fortnights"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "2 fortnights"
cohort = "received"
[[target]]
id = "rolled"
says = "Decided in two fortnights, or on the next working day"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "2 fortnights"
cohort = "received"
clock = { non_working_due = "next working day" }
[[target]]
id = "in-touch"
says = "Contact every fortnight"
measure = "keep in touch"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "1 fortnight"
cohort = "closed"
[[target]]
id = "old"
says = "None older than two fortnights"
measure = "stock"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "2 fortnights"
cohort = "dated"
[[target]]
id = "answered"
says = "Answered in less than two minutes"
of = "calls"
start = "offered_at"
stop = "answered_at"
limit = "< 2 minutes"
cohort = "received"
"""

# Friday 1 March 2024 and 28 days are Good Friday, 29 March; the next working day is Tuesday 2 April. E is due on
# Saturday 30 March, or on that Tuesday, too.
CASES = [
    {"case_id": "A", "received_at": "2024-03-01", "decided_at": "2024-03-29"},
    {"case_id": "B", "received_at": "2024-03-01", "decided_at": "2024-03-30"},
    {"case_id": "C", "received_at": "2024-03-01", "decided_at": "2024-04-02"},
    {"case_id": "D", "received_at": "2024-03-01", "decided_at": "2024-04-03"},
    {"case_id": "E", "received_at": "2024-03-02", "decided_at": None},
]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AMOUNTS", (*limits.AMOUNTS, Fortnights, Minutes))


@pytest.fixture
def scheme(tmp_path: Path) -> Scheme:
    path = tmp_path / "own.toml"
    path.write_text(SCHEME, "utf-8")
    return load_scheme(path)


def test_it_is_read_as_it_is_written() -> None:
    for text, limit in (("2 fortnights", Fortnights(2)), ("< 2 minutes", Minutes(2, less_than=True))):
        assert parse_limit(text) == limit
        assert parse_limit(str(limit)) == limit
    assert len({Fortnights(1), limits.Weeks(2)}) == 2
    with pytest.raises(SchemeError, match="longer than a century"):
        parse_limit("2610 fortnights")


def test_a_scheme_with_it_is_written_back_and_has_a_digest_of_its_own(scheme: Scheme) -> None:
    again = Scheme.model_validate_json(scheme.model_dump_json(exclude_unset=True))
    assert (again, again.digest) == (scheme, scheme.digest)
    assert scheme.with_target("decided", limit="4 weeks").digest != scheme.digest


def test_the_json_schema_of_schemes_follows() -> None:
    text = json.dumps(scheme_json_schema())
    patterns = {found for found in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', text) if "working day" in found}
    assert patterns
    for pattern in map(json.loads, patterns):
        for limit in ("2 fortnights", "1 fortnight", "< 3 minutes", "20 working days"):
            assert re.search(pattern, limit)
        assert not re.search(pattern, "2 moons")


def test_it_is_measured(scheme: Scheme) -> None:
    calls = [
        {"call_id": "1", "offered_at": "2024-03-01T09:00:00", "answered_at": "2024-03-01T09:01:59.999999"},
        {"call_id": "2", "offered_at": "2024-03-01T09:00:00", "answered_at": "2024-03-01T09:02:00"},
    ]
    rows = measure(scheme, cases=CASES, calls=calls, as_of="2024-04-10", targets=["decided", "rolled", "answered"])
    counts = [(row.target, row.met, row.missed) for row in rows]
    assert counts == [("decided", 1, 4), ("rolled", 3, 2), ("answered", 1, 1)]
    (stock,) = measure(scheme, cases=CASES, as_of="2024-04-10", targets="old")
    assert stock.value == 3  # C, D and E at the close of 31 March; B was older than the limit, but ended on that day


def test_deadlines_in_it_are_explained(scheme: Scheme) -> None:
    case = Case(case_id="E", received_at="2024-03-01")
    found = deadlines(scheme, case, as_of="2024-03-20")
    assert [(item.target, str(item.due), item.left, item.unit, item.limit) for item in found] == [
        ("decided", "2024-03-29", 9, "days", "2 fortnights"),
        ("rolled", "2024-04-02", 13, "days", "2 fortnights"),
        ("in-touch", "2024-03-15", -5, "days", "1 fortnight"),
    ]
    assert "2 fortnights from then end Fri 29 Mar 2024: the last day in time." in found[0].explain()
    assert (
        "2 fortnights from then, or the next working day (weekend, Good Friday and Easter Monday skipped), end "
        "Tue 2 Apr 2024: the last day in time." in found[1].explain()
    )
    assert list(Deadlines.from_json(found.to_json())) == list(found)


def test_the_time_of_day_is_shown_of_what_ends_at_an_instant(scheme: Scheme) -> None:
    call = Call(call_id="1", offered_at="2024-03-01T09:00:00")
    (found,) = deadlines(scheme, call, as_of="2024-03-01T09:01:30")
    assert (found.status, found.elapsed, found.unit) == ("pending", 1.5, "minutes")
    assert found.left == pytest.approx(0.5)
    assert "Less than 2 minutes from then: the last moment in time is Fri 1 Mar 2024 09:01:59.999999" in found.explain()


def test_worklists_have_it_and_can_be_cut_by_it(scheme: Scheme) -> None:
    for within, targets in ((None, ["decided", "rolled"]), ("1 fortnight", ["decided"]), ("2 minutes", [])):
        rows = worklist(scheme, cases=CASES[-1:], as_of="2024-03-17", within=within, targets=["decided", "rolled"])
        assert rows["target"].tolist() == targets
    calls = [{"call_id": "1", "offered_at": "2024-03-01T09:00:00"}]
    rows = worklist(scheme, calls=calls, as_of="2024-03-01T09:01:00", within="1 minute", targets="answered")
    assert "09:01:59.999999" in str(worklist_table(rows, scheme, "2024-03-01").rows)
