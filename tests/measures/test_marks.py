"""What figures go by is data: words of a scheme or of a record mean nothing, whatever they happen to be."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, Scheme, Tally, load_scheme, measure, tally
from ombudsman_kpi.clocks.outcomes import STATUSES
from ombudsman_kpi.records.cells.text import text_of

SCHEME = """
id = "words"
title = "Words that mean something elsewhere"
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
cohort = "closed"

[[target]]
id = "score"
says = "Met in reviews"
measure = "score"
of = "reviews"
parts = "standard"
combined = "mean-of-scores"
cohort = "dated"
"""

# Words that the library itself writes into reasons.
OURS = [
    "without pauses", "late without pauses", "withdrawn, late without pauses", "overdue without pauses", "spared",
    "still open", "not ended", "too long without contact with the complainant, still open", "not yet received",
    "already, still open", *STATUSES,
]  # fmt: skip
words = st.sampled_from(OURS) | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
words = words.filter(lambda word: text_of(word) == word)  # as cells are read


@pytest.fixture(scope="module")
def scheme(tmp_path_factory: pytest.TempPathFactory) -> Scheme:
    path = tmp_path_factory.mktemp("schemes") / "words.toml"
    path.write_text(SCHEME, "utf-8")
    return load_scheme(path)


CASES = [
    {"case_id": "A", "received_at": "2024-01-02", "decided_at": "2024-02-05", "category": "x"},  # late but for a pause
    {"case_id": "B", "received_at": "2024-01-02", "decided_at": "2024-01-10", "category": "x"},
    {"case_id": "C", "received_at": "2024-01-02", "decided_at": "2024-05-01", "category": "x"},
]
EVENTS = [
    {"case_id": "A", "event": "paused", "at": "2024-01-05"},
    {"case_id": "A", "event": "resumed", "at": "2024-01-31"},
]


def figures(results: Results) -> list[tuple[Any, ...]]:
    """Return all that is counted and worked out in periods, but for the words about what was left out."""
    rows = [row for row in results if row.period_start is not None]
    return [(row.period, row.met, row.missed, row.exact, row.words, dict(row.details)) for row in rows]


@settings(deadline=None, derandomize=True, max_examples=settings().max_examples * 3 // 5)
@given(value=words.filter(lambda value: value != "x"), negated=st.booleans())
@example(value="without pauses", negated=False)
@example(value="without pauses", negated=True)
@example(value="still open", negated=True)
def test_a_condition_changes_no_figure_by_what_it_is_called(scheme: Scheme, value: str, negated: bool) -> None:
    """A case that a condition leaves out is left out of the gross share too, whatever the condition's value is."""
    other = {"case_id": "D", "received_at": "2024-01-02", "decided_at": None, "category": value if negated else "y"}
    where = {"category": {"not": value}} if negated else {"category": ["x", value]}
    for name in ("paused", "in-touch"):
        changed = scheme.with_target(name, where=where)
        options: dict[str, Any] = {"events": EVENTS, "as_of": "2024-05-31", "every": "month", "targets": name}
        with_it = measure(changed, cases=[*CASES, other], **options)
        assert figures(with_it) == figures(measure(changed, cases=CASES, **options))
        assert figures(with_it) == figures(measure(scheme, cases=CASES, **options))


@settings(deadline=None, derandomize=True, max_examples=settings().max_examples * 3 // 5)
@given(names=st.lists(words, min_size=2, max_size=3, unique=True))
@example(names=["met", "late"])
@example(names=["not applicable", "excluded"])
@example(names=["still open", "without pauses"])
def test_a_part_of_a_score_may_be_called_anything(scheme: Scheme, names: list[str]) -> None:
    answers = [("met", "met", "not-met", "not-applicable"), ("met", "not-met"), ("met",)]
    reviews = [
        {"review_id": f"{place}-{number}", "standard": name, "answer": answer, "reviewed_at": "2024-04-05"}
        for place, name in enumerate(names)
        for number, answer in enumerate(answers[place])
    ]
    counted = tally(scheme, reviews=reviews, as_of="2024-05-31", targets="score")
    for found in (counted, Tally.from_json(counted.to_json()), Tally.from_arrow(counted.to_arrow())):
        (row,) = found.results()
        assert row.details["parts"] == dict(zip(names, [(2, 3), (1, 2), (1, 1)], strict=False))
        assert dict(row.reasons) == {("excluded", "not applicable"): 1}
    assert row.value == pytest.approx(sum([2 / 3, 1 / 2, 1][: len(names)]) / len(names))


def test_the_trend_of_a_score_lists_no_parts_as_reasons(scheme: Scheme) -> None:
    change_in = {"measure": "score", "parts": "standard"}
    changed = scheme.with_target(
        "better", says="Better", measure="trend", of="reviews", cohort="dated", change_in=change_in
    )
    reviews = [
        {"review_id": str(place), "standard": "7", "answer": "met", "reviewed_at": f"2024-0{place}-05"}
        for place in (4, 5)
    ]
    rows = measure(changed, reviews=reviews, as_of="2024-05-31", every="month", targets="better").rows
    assert [dict(row.reasons) for row in rows] == [{}, {}]


def test_a_condition_that_reads_like_a_later_day_is_no_early_as_of(scheme: Scheme) -> None:
    """What lacks a column called yet_received_at is "not yet received", and yet no as_of is too early for it."""
    changed = scheme.with_target("paused", where={"yet_received_at": {"present": True}})
    cases = [{"case_id": "A", "received_at": "2024-01-02", "decided_at": "2024-02-05", "yet_received_at": None}]
    for row in measure(changed, cases=cases, events=EVENTS, as_of="2024-05-31", targets="paused"):
        assert dict(row.reasons) == {("excluded", "not yet received"): 1}
