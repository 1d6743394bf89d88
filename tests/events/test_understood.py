"""A log of which nothing is understood is an error that says why, and not a figure of 0%."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

import ombudsman_kpi as kpi

LGSCO = kpi.load_scheme("lgsco")
CASES = [
    {"case_id": f"{place:05}", "received_at": "2024-01-03", "allocated_at": "2024-01-08", "decided_at": None}
    for place in range(1, 13)
]
FORMS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "rows": list, "pandas": pd.DataFrame, "Polars": pl.DataFrame,
}  # fmt: skip


def contact(case_id: str, **changes: str) -> dict[str, Any]:
    plain = {"event": "contact", "at": "2024-01-20", "party": "complainant", "direction": "out"}
    return {"case_id": case_id, **plain, **changes}


def in_touch(events: Any, **options: Any) -> kpi.Results:
    targets = "keep-in-touch-intervals-20wd"
    return kpi.measure(LGSCO, cases=CASES, events=events, as_of="2024-03-28", targets=targets, **options)


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "lost zeros": ([contact("1"), contact("2")], r"none of 2 events has the case_id of a case.*lost zeros"),
    "a prefix": ([contact(f"C-{place}") for place in range(10)], "none of 10 events has the case_id of a case"),
    "Contact": ([contact("00001", event="Contact")] * 2, r"none of 2 events is of a known kind.*under .events."),
    "Out": ([contact("00001", direction="Out")], r"none of 1 contacts has a known direction.*small letters"),
    "Council": ([contact("00001", party="Council")], "none of 1 sent contacts is with a known party"),
}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("name", list(REFUSED))
def test_a_log_of_which_nothing_is_understood_is_refused_with_the_remedy(name: str, form: str) -> None:
    events, says = REFUSED[name]
    with pytest.raises(kpi.RecordsError, match=f"^events: {says}"):
        in_touch(FORMS[form](events))


@pytest.mark.parametrize("name", list(REFUSED))
def test_with_one_event_that_is_understood_the_others_stand_in_the_note(name: str) -> None:
    events, _ = REFUSED[name]
    (row,) = in_touch([*events, contact("00012")]).rows
    assert row.records
    assert "event" in row.note


def test_ids_that_differ_in_capitals_are_told() -> None:
    cases = [{**CASES[0], "case_id": "ab-1"}, {**CASES[0], "case_id": "ab-2"}]
    with pytest.raises(kpi.RecordsError, match="capitals"):
        kpi.measure(
            LGSCO, cases=cases, events=[contact("AB-1")], as_of="2024-03-28", targets="keep-in-touch-intervals-20wd"
        )


def test_a_few_events_of_cases_that_were_not_given_are_nothing_unusual() -> None:
    (row,) = in_touch([contact(f"X{place}") for place in range(9)]).rows
    assert "9 events of a case that wasn't given" in row.note


def test_words_of_ones_own_are_read_by_the_mapping_file(tmp_path: Any) -> None:
    path = tmp_path / "map.toml"
    path.write_text(
        "[events]\nPhoned = 'contact'\n"
        "[values.events]\ndirection = { Outgoing = 'out' }\nparty = { Client = 'complainant' }\n",
        "utf-8",
    )
    events = [contact("00001", event="Phoned", direction="Outgoing", party="Client")]
    assert in_touch(events, columns=path).rows == in_touch([contact("00001")]).rows
