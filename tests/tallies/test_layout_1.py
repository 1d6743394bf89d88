"""Tallies that an earlier release wrote (layout 1) are read back equal to the same records counted now."""

import json
from pathlib import Path
from typing import Any

import pytest

from ombudsman_kpi import Scheme, Tally, load_scheme, tally

WRITTEN = Path(__file__).parent / "written" / "layout-1.json"  # by release 0.1.0, of the records below

SCHEME = """
id = "earlier"
title = "What layout 1 had in words"
source = "Made up for a test"
division = "england-and-wales"

[[target]]
id = "paused"
says = "Decided within 20 working days, less pauses"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "20 working days"
clock = { pauses = "allowed" }
cohort = "received"

[[target]]
id = "in-touch"
says = "In touch every 20 working days"
measure = "keep in touch"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "20 working days"
cohort = "received"

[[target]]
id = "score"
says = "Met in reviews"
measure = "score"
of = "reviews"
parts = "standard"
cohort = "dated"

[[target]]
id = "score-changes"
says = "Better than before"
measure = "trend"
of = "reviews"
cohort = "dated"
change_in = { measure = "score", parts = "standard" }

[[target]]
id = "paused-changes"
says = "More in time than before"
measure = "trend"
of = "cases"
cohort = "received"
change_in = { start = "received_at", stop = "decided_at", limit = "20 working days", clock = { pauses = "allowed" } }
"""


def _case(case_id: str, received_at: str, decided_at: str | None, withdrawn_at: str | None = None) -> dict[str, Any]:
    return {
        "case_id": case_id, "received_at": received_at, "decided_at": decided_at, "withdrawn_at": withdrawn_at,
        "team": "North" if case_id < "C" else "South",
    }  # fmt: skip


def _event(case_id: str, event: str, at: str, party: str | None = None) -> dict[str, Any]:
    return {"case_id": case_id, "event": event, "at": at, "party": party, "direction": party and "out"}


RECORDS: dict[str, Any] = {
    "cases": [
        _case("A", "2024-01-02", "2024-02-05"),  # in time less the pause, late without it
        _case("B", "2024-01-02", None),  # still open, and not yet due less the pause
        _case("C", "2024-01-02", None, "2024-02-06"),  # withdrawn in time less the pause
        _case("D", "2024-01-02", "2024-01-10"),
        _case("E", "2024-01-02", None),  # overdue, and one interval was too long
        _case("F", "2024-01-02", "2024-05-01"),
    ],
    "events": [
        *(_event(case, "paused", "2024-01-05") for case in "ABC"),
        *(_event(case, "resumed", "2024-01-31") for case in "AC"),
        _event("E", "contact", "2024-03-20", "complainant"),
        _event("E", "contact", "2024-04-20", "organisation"),
    ],
    "reviews": [
        {"review_id": f"{standard}{answer}{place}", "standard": standard, "answer": answer, "reviewed_at": day}
        for place, day in enumerate(("2024-02-05", "2024-04-05"))
        for standard, answer in (("1", "met"), ("1", "not-met"), ("2", "met"), ("3", "not-applicable"))
    ],
}
OPTIONS: dict[str, Any] = {"as_of": "2024-05-31", "every": "quarter", "cohort": "all"}


@pytest.fixture(scope="module")
def scheme(tmp_path_factory: pytest.TempPathFactory) -> Scheme:
    path = tmp_path_factory.mktemp("schemes") / "earlier.toml"
    path.write_text(SCHEME, "utf-8")
    return load_scheme(path)


def test_what_layout_1_had_in_words_is_read_as_data(scheme: Scheme) -> None:
    text = WRITTEN.read_text("utf-8")
    assert json.loads(text)["layout"] == 1
    found, counted = Tally.from_json(text), tally(scheme, **RECORDS, **OPTIONS)
    assert found == counted
    assert [row._asdict() for row in found.results()] == [row._asdict() for row in counted.results()]
