"""A log of which nothing is understood is an error that says why, and not a figure of 0%."""

import re
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
PAUSED = LGSCO.with_target("decided-or-allocated-20wd", clock={"pauses": "allowed"})


def contact(case_id: str, **changes: str) -> dict[str, Any]:
    plain = {"event": "contact", "at": "2024-01-20", "party": "complainant", "direction": "out"}
    return {"case_id": case_id, **plain, **changes}


def in_touch(events: Any, **options: Any) -> kpi.Results:
    targets = "keep-in-touch-intervals-20wd"
    return kpi.measure(LGSCO, cases=CASES, events=events, as_of="2024-03-28", targets=targets, **options)


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "lost zeros": ([contact("1"), contact("2")], r"none of 2 events has the case_id of a case.*lost zeros"),
    "a prefix": ([contact("C-1")], "none of 1 events has the case_id of a case"),
    "none known yet": ([contact("C-1", at="2024-04-20")], "none of 1 events has the case_id of a case"),
    "Contact": ([contact("00001", event="Contact")] * 2, r"none of 2 events is of a known kind.*under .events."),
    "Out": ([contact("00001", direction="Out")], r"none of 1 contacts has a known direction.*small letters"),
    "Council": ([contact("00001", party="Council")], "none of 1 sent contacts is with a known party"),
}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Leave so little room that a dozen cases are dealt out to several parts on the disk."""
    monkeypatch.setattr("ombudsman_kpi.engines.parts._ALWAYS", (512 << 20) - 400)
    return {"memory": "512 MB"}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("name", list(REFUSED))
def test_a_log_of_which_nothing_is_understood_is_refused_with_the_remedy(name: str, form: str) -> None:
    events, says = REFUSED[name]
    with pytest.raises(kpi.RecordsError, match=f"^events: {says}"):
        in_touch(FORMS[form](events))


@pytest.mark.parametrize("name", list(REFUSED))
def test_it_is_refused_in_parts_too_as_a_whole(name: str, parts: dict[str, Any]) -> None:
    events, says = REFUSED[name]
    with pytest.raises(kpi.RecordsError, match=f"^events: {says}"):
        in_touch(pd.DataFrame(events), **parts)


@pytest.mark.parametrize("name", list(REFUSED))
def test_with_one_event_that_is_understood_the_others_stand_in_the_note(name: str, parts: dict[str, Any]) -> None:
    events, _ = REFUSED[name]
    for options in ({}, parts):
        (row,) = in_touch(pd.DataFrame([*events, contact("00012")]), **options).rows
        assert row.records
        assert "event" in row.note or name == "none known yet"


@pytest.mark.parametrize("name", ["lost zeros", "a prefix", "Contact"])
def test_so_is_a_log_that_is_read_for_its_pauses_alone(name: str) -> None:
    events, says = REFUSED[name]
    options: dict[str, Any] = {"as_of": "2024-03-28", "targets": "decided-or-allocated-20wd"}
    with pytest.raises(kpi.RecordsError, match=f"^events: {says}"):
        kpi.measure(PAUSED, cases=CASES, events=events, **options)
    (row,) = kpi.measure(PAUSED, cases=CASES, events=[*events, contact("00012", direction="Out")], **options)
    assert row.records == len(CASES)


def test_the_nearest_id_is_named_by_its_rows_and_not_by_what_it_is(tmp_path: Any) -> None:
    events, path = [contact("other"), contact("C-4"), contact("c-0003")], tmp_path / "log.csv"
    pd.DataFrame(events).to_csv(path, index=False)
    cases = [{**row, "case_id": f"C-{row['case_id']}"} for row in CASES]
    with pytest.raises(kpi.RecordsError, match="case_id of a case") as caught:
        kpi.measure(LGSCO, cases=cases, events=path, as_of="2024-03-28", targets="keep-in-touch-20wd")
    says = "That of events (log.csv) row 2 and that of cases row 2 differ only in capitals, or in zeros in front."
    assert says in str(caught.value)
    assert not re.search("c-0*[34]", str(caught.value), re.IGNORECASE)


REQUEST = {"request_id": "R1", "kind": "service-complaint", "received_at": "2024-01-03", "answered_at": None}
PAUSES = [{"event": "paused", "at": "2024-01-20"}, {"event": "resumed", "at": "2024-01-22"}]


@pytest.mark.parametrize("own_id", ["R2", "r01"])
def test_so_is_one_in_which_no_request_finds_its_pauses(own_id: str, parts: dict[str, Any]) -> None:
    scheme = LGSCO.with_target("service-complaints-20wd", clock={"pauses": "allowed"})
    options: dict[str, Any] = {"as_of": "2024-03-28", "targets": "service-complaints-20wd"}
    events = pd.DataFrame([row | {"request_id": own_id} for row in PAUSES])
    near = "That of events row" if own_id == "r01" else "Ids"
    for more in ({}, parts):
        with pytest.raises(kpi.RecordsError, match=f"none of 2 events has the request_id of a request .*given. {near}"):
            kpi.measure(scheme, requests=pd.DataFrame([REQUEST]), events=events, **options, **more)


def test_an_event_that_finds_another_record_than_a_case_is_understood(parts: dict[str, Any]) -> None:
    records: dict[str, Any] = {"cases": pd.DataFrame(CASES), "requests": pd.DataFrame([REQUEST])}
    events: list[dict[str, Any]] = [row | {"case_id": "C-1", "request_id": None} for row in PAUSES]
    options: dict[str, Any] = {"as_of": "2024-03-28", "targets": "decided-or-allocated-20wd"}
    for more in ({}, parts):
        with pytest.raises(kpi.RecordsError, match="the case_id of a case, or the request_id of a request, that was"):
            kpi.measure(PAUSED, **records, events=pd.DataFrame(events), **options, **more)
        others = [*events, {**PAUSES[0], "case_id": "C-1", "request_id": "R1"}]
        (row,) = kpi.measure(PAUSED, **records, events=pd.DataFrame(others), **options, **more)
        assert row.records == len(CASES)


@pytest.mark.parametrize("cases", [CASES[:0], [{**CASES[0], "case_id": " "}]], ids=["none", "without ids"])
def test_where_no_case_has_an_id_no_event_is_blamed(cases: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(cases, columns=[*CASES[0]])
    options: dict[str, Any] = {"as_of": "2024-03-28", "targets": "keep-in-touch-intervals-20wd"}
    (row,) = kpi.measure(LGSCO, cases=frame, events=[contact("X1")], **options)
    assert row.note.endswith("1 event of a case that wasn't given, or of contact with no known party")


def test_what_is_settled_of_a_log_is_no_log_by_itself() -> None:
    # Of the contacts only that of the open case has a direction; the settled case alone would seem to be misread.
    cases = [{**CASES[0], "decided_at": "2024-02-01"}, CASES[1]]
    events = [contact("00001", direction="Out"), contact("00002")]
    options: dict[str, Any] = {"as_of": "2024-03-28", "targets": "keep-in-touch-20wd"}
    done = kpi.settled(LGSCO, cases=cases, events=events, **options)
    assert done.open["cases"] == ("00002",)
    whole = done.tally.at("2024-03-28") + kpi.tally(LGSCO, cases=cases[1:], events=events[1:], **options)
    assert whole == kpi.tally(LGSCO, cases=cases, events=events, **options)


def test_words_of_ones_own_are_read_by_the_mapping_file(tmp_path: Any) -> None:
    path = tmp_path / "map.toml"
    path.write_text(
        "[events]\nPhoned = 'contact'\n"
        "[values.events]\ndirection = { Outgoing = 'out' }\nparty = { Client = 'complainant' }\n",
        "utf-8",
    )
    events = [contact("00001", event="Phoned", direction="Outgoing", party="Client")]
    assert in_touch(events, columns=path).rows == in_touch([contact("00001")]).rows
