"""Contacts and explanations are read apart: each figure looks at its own, and one reading of a log serves both."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources.source import Source

LGSCO = kpi.load_scheme("lgsco")
TOUCH, DELAYS = "keep-in-touch-20wd", "delays-explained"
AS_OF = "2024-12-31"
CASES = [
    {
        "case_id": f"A{number}", "received_at": "2024-03-28", "valid_at": "2024-03-28", "withdrawn_at": None,
        "allocated_at": f"2024-06-0{number}", "decided_at": "2024-09-02",
    }
    for number in range(1, 5)
]  # fmt: skip
COLUMNS = ["case_id", "event", "at", "party", "direction", "reason"]


def event(*cells: str | None) -> dict[str, str | None]:
    return dict(zip(COLUMNS, cells, strict=True))


def log(rows: list[dict[str, str | None]]) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in COLUMNS]))


def measured(events: Any, *targets: str) -> dict[str, list[dict[str, Any]]]:
    """Give the rows of each target."""
    found = kpi.measure(LGSCO, cases=CASES, events=events, as_of=AS_OF, targets=targets, every="month")
    return {target: [row for row in found.to_dict()["rows"] if row["target"] == target] for target in targets}


def watched(table: pa.Table, size: int) -> tuple[Source, list[list[str]]]:
    """Give a log in batches, and a list that says of each reading which columns were read."""
    read: list[list[str]] = []

    def batches(wanted: list[str]) -> Iterator[dict[str, Any]]:
        read.append(wanted)
        for begin in range(0, len(table), size):
            part = table.slice(begin, size)
            yield {name: part[name].combine_chunks() for name in wanted}

    return Source(tuple(table.column_names), batches, rows=len(table)), read


TOLD = [
    event("A1", "contact", "2024-06-10", "complainant", "out", None),
    event("A1", "contact", "2024-06-10", "organisation", None, None),
    event("A1", "delay_explained", "2024-04-12", "complainant", "out", "waiting"),
    event("A1", "delay_explained", "2024-04-12", "organisation", None, "waiting"),
    event("A2", "delay_explained", "2024-04-12", "organisation", "out", None),
    *[event("A3", "contact", f"2024-06-{day}", "complainant", "out", None) for day in range(10, 30)],
]


@pytest.mark.parametrize(("targets", "unread"), [([TOUCH], {"reason"}), ([DELAYS], set()), ([TOUCH, DELAYS], set())])
def test_a_log_is_read_once_and_reasons_only_for_explanations(targets: list[str], unread: set[str]) -> None:
    events, read = watched(log(TOLD), 1000)
    measured(events, *targets)
    assert [set(COLUMNS) - {*wanted} for wanted in read] == [unread]


def test_each_figure_notes_what_it_did_not_understand_of_its_own() -> None:
    found = measured(log(TOLD), TOUCH, DELAYS)
    touch, delays = ({row["note"] for row in found[target]} for target in (TOUCH, DELAYS))
    assert any("1 event of contact with no known direction" in note for note in touch)
    assert any("1 event of a delay explained without a reason" in note for note in delays)
    assert not any("explained without" in note for note in touch)
    assert not any("no known direction" in note for note in delays)


def test_explanations_count_by_the_case_the_party_and_the_day() -> None:
    """Of the four cases, due on 29 April, one was explained to both parties by then."""
    april = next(row for row in measured(log(TOLD), DELAYS)[DELAYS] if row["period_start"] == "2024-04-01")
    assert (april["met"], april["missed"]) == (1, 3)


WORDS = st.builds(
    event,
    st.sampled_from(["A1", "A2", "A3", "Z9", None]),
    st.sampled_from(["contact", "contact", "contact", "delay_explained", "phoned", "received", None]),
    st.sampled_from(["2024-04-10", "2024-06-12", "2024-07-20", "2026-01-01", "9999-12-31", None]),
    st.sampled_from(["complainant", "organisation", "other", None]),
    st.sampled_from(["out", "in", "sideways", None]),
    st.sampled_from(["waiting", None]),
)


@given(rows=st.lists(WORDS, max_size=30), size=st.sampled_from([1, 7, 1000]))
def test_figures_and_notes_are_the_same_alone_together_and_in_batches_of_any_size(
    rows: list[dict[str, str | None]], size: int
) -> None:
    table = log([*TOLD, *rows])
    together = measured(table, TOUCH, DELAYS)
    assert together == measured(watched(table, size)[0], DELAYS, TOUCH)
    for target in (TOUCH, DELAYS):
        assert measured(watched(table, size)[0], target) == {target: together[target]}


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_log_without_a_single_explanation_is_no_error_and_is_read_once(size: int) -> None:
    events, read = watched(log([row for row in TOLD if row["event"] == "contact"]), size)
    assert sum(row["met"] or 0 for row in measured(events, DELAYS)[DELAYS]) == 0
    assert len(read) == 1


@pytest.mark.parametrize("target", [TOUCH, DELAYS])
def test_a_log_of_other_cases_is_an_error_whatever_is_asked(target: str) -> None:
    others = log([{**row, "case_id": f"B-{row['case_id']}"} for row in TOLD])
    with pytest.raises(kpi.RecordsError, match="none of 25 events has the case_id of a case that was given"):
        measured(others, target)
