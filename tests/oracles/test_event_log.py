"""A public event log of permit applications: its cases, and their figures, from the events themselves."""

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ombudsman_kpi import Scheme, history, load_scheme, measure
from ombudsman_kpi.events.log import History

ROOT = Path(__file__).parents[2]
LOG = ROOT.parent / "shared" / "data" / "receipt" / "receipt.csv.gz"
XES = {"case_id": "case:concept:name", "event": "concept:name", "at": "time:timestamp"}
STATED = {"received_at": "case:startdate", "decided_at": "case:enddate", "due_at": "case:deadline"}
AS_OF = "2012-12-31"

EVENTS, CASES, ENDED, IN_TIME, KINDS = 8577, 1434, 1329, 952, 27

pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="the event log isn't beside the repository")


@pytest.fixture(scope="module")
def permits() -> Scheme:
    return load_scheme(ROOT / "examples" / "schemes" / "permits.toml")


@pytest.fixture(scope="module")
def events() -> list[dict[str, str]]:
    """Read the log in plain Python."""
    with gzip.open(LOG, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found(permits: Scheme) -> History:
    return history(permits, events=LOG, columns={"events": XES | STATED}, as_of=AS_OF)


def instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def test_the_cases_are_those_of_the_columns_that_state_them(found: History, events: list[dict[str, str]]) -> None:
    stated = {
        event["case:concept:name"]: tuple(instant(event[column]) for column in STATED.values()) for event in events
    }
    made = {row["case_id"]: tuple(row[name] for name in STATED) for row in found.rows.to_pylist()}
    assert len(events) == EVENTS
    assert len(found) == len(made) == CASES
    assert made == stated
    assert sum(decided is not None for _, decided, _ in made.values()) == ENDED


def test_the_other_columns_of_the_cases_are_kept(found: History, events: list[dict[str, str]]) -> None:
    names = ["channel", "department", "group", "responsible"]
    stated = {event["case:concept:name"]: [event[f"case:{name}"] or None for name in names] for event in events}
    assert {row["case_id"]: [row[name] for name in names] for row in found.rows.to_pylist()} == stated


def test_the_kinds_that_mean_nothing_here_are_named(found: History, events: list[dict[str, str]]) -> None:
    kinds = Counter(event["concept:name"] for event in events)
    assert len(kinds) == KINDS
    assert found.unknown == kinds
    assert sum(found.unknown.values()) == EVENTS
    assert found.nameless == 0
    (note,) = found.notes
    assert note.startswith("8,577 events of unknown kinds: Confirmation of receipt (1,434), ")
    assert note.endswith(" and 22 more kinds")


def test_cases_stand_in_the_order_of_their_earliest_time(found: History, events: list[dict[str, str]]) -> None:
    first = {
        event["case:concept:name"]: min(datetime.fromisoformat(event[name]) for name in STATED.values() if event[name])
        for event in events
    }
    assert [row["case_id"] for row in found.rows.to_pylist()] == sorted(first, key=lambda name: (first[name], name))


@pytest.mark.parametrize("as_of", ["2011-01-31", "2011-06-30T12:00:00+02:00"])
def test_only_what_had_happened_is_known(permits: Scheme, events: list[dict[str, str]], as_of: str) -> None:
    last = datetime.fromisoformat(as_of if "T" in as_of else f"{as_of}T23:59:59.999999+01:00")
    known = [event for event in events if datetime.fromisoformat(event["time:timestamp"]) <= last]
    part = history(permits, events=LOG, columns={"events": XES}, as_of=as_of)
    assert set(part.cases["case_id"]) == {event["case:concept:name"] for event in known}
    assert part.unknown == Counter(event["concept:name"] for event in known)
    assert 0 < len(part) < CASES


def test_the_log_is_measured_as_its_cases_are(permits: Scheme) -> None:
    results = measure(permits, events=LOG, columns={"events": XES | STATED}, as_of=AS_OF)
    row = results["by-its-deadline"].rows[0]
    assert (row.records, row.met, row.denominator) == (CASES, IN_TIME, ENDED)
    assert "8,577 events of unknown kinds" in row.note


def test_a_step_can_be_taken_for_a_time_of_the_case(permits: Scheme, events: list[dict[str, str]]) -> None:
    """Read under another name, a step of the log becomes a time of the case: the first of each case."""
    first: dict[str, datetime] = {}
    rows = []
    for event in events:
        name, at = event["case:concept:name"], event["time:timestamp"]
        is_step = event["concept:name"] == "T06 Determine necessity of stop advice"
        rows.append({"case_id": name, "event": "decided" if is_step else event["concept:name"], "at": at})
        if is_step:
            moment = datetime.fromisoformat(at)
            first[name] = min(first.get(name, moment), moment)
    made = history(permits, events=rows, as_of=AS_OF).rows.to_pylist()
    assert {row["case_id"]: row["decided_at"] for row in made if row["decided_at"] is not None} == first
    assert 1000 < len(first) <= CASES
