"""One record that lacks the user's own fields, has a zone in some of its times only, or was never validated."""

from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ombudsman_kpi import (
    Call,
    Case,
    CaseEvent,
    Deadlines,
    KpiError,
    Order,
    RecordsError,
    Request,
    Scheme,
    WrittenContact,
    assess,
    deadlines,
    load_scheme,
    measure,
)
from ombudsman_kpi.records.vocabulary import RECORDS, Record, fields_of

Row = dict[str, Any]
AS_OF = "2024-05-31"
LGSCO = load_scheme("lgsco")

OWN: dict[str, Row] = {  # in each of these a field stands that the vocabulary doesn't know
    "start": {"start": "signed_at", "stop": "decided_at", "limit": "20 working days"},
    "stop": {"start": "received_at", "stop": "signed_at", "limit": "20 working days"},
    "one of two stops": {"start": "received_at", "stop": ["decided_at", "signed_at"], "limit": "20 working days"},
    "a value in where": {"where": {"priority": "high"}},
    "no value in where": {"where": {"priority": {"not": "high"}}},
    "presence in where": {"where": {"signed_at": {"present": True}}},
    "absence in where": {"where": {"signed_at": {"present": False}}},
    "a due date": {"start": "received_at", "stop": "decided_at", "limit": {"field": "promised_at"}},
    "hours": {"start": "received_at", "stop": "signed_at", "limit": "48 hours"},
    "weeks": {"start": "received_at", "stop": "signed_at", "limit": "3 weeks"},
    "keep in touch": {"measure": "keep in touch", "stop": ["decided_at", "signed_at"], "limit": "4 weeks"},
}
PLAIN: Row = {"of": "cases", "start": "received_at", "stop": "decided_at", "cohort": "received", "limit": "5 days"}
RECEIVED: Row = {"case_id": "A1", "received_at": "2024-03-28T10:00"}
EMPTY: Row = {**RECEIVED, "signed_at": None, "priority": None, "promised_at": None}


def scheme_with(target: Row) -> Scheme:
    """Make a scheme of one target beside those of the LGSCO."""
    return LGSCO.with_target("own", **{"says": "own", **PLAIN, **target})


def told(found: Deadlines) -> tuple[Any, ...]:
    return list(found), found.findings, found.left_out


UNREAL = ("2024-02-30", "2024-13-01T10:00")


@pytest.mark.parametrize("given", UNREAL)
@pytest.mark.parametrize("place", [name for name in OWN if name != "keep in touch"])
def test_a_time_of_ones_own_that_never_was_is_told_as_it_is_of_many(place: str, given: str) -> None:
    scheme, case = scheme_with(OWN[place]), EMPTY | {"signed_at": given, "promised_at": given}
    rows = assess(scheme, cases=[case], as_of=AS_OF, targets="own")
    found = deadlines(scheme, case, as_of=AS_OF, targets="own")
    assert [(item.status, item.reason) for item in found] == [
        pair for pair in zip(rows["status"], rows["reason"], strict=True) if pair[0] != "excluded"
    ]
    assert all(item.explain() for item in found)


@pytest.mark.parametrize("place", OWN)
def test_an_own_field_that_a_case_lacks_is_an_empty_cell(place: str) -> None:
    scheme = scheme_with(OWN[place])
    found = deadlines(scheme, RECEIVED, as_of=AS_OF)
    assert told(found) == told(deadlines(scheme, EMPTY, as_of=AS_OF))
    assert told(found) == told(deadlines(scheme, Case(**RECEIVED), as_of=AS_OF))
    assert found.findings == ()
    others = [item.model_copy(update={"basis": None}) for item in found if item.target != "own"]
    usual = [item.model_copy(update={"basis": None}) for item in deadlines(LGSCO, RECEIVED, as_of=AS_OF)]
    assert others == usual, "no other deadline is lost"


@pytest.mark.parametrize("place", OWN)
def test_it_stands_as_the_row_of_a_table_with_an_empty_cell_does(place: str) -> None:
    scheme = scheme_with(OWN[place])
    rows = assess(scheme, cases=pd.DataFrame([EMPTY | {"decided_at": None}]), events=[], as_of=AS_OF, targets="own")
    found = deadlines(scheme, RECEIVED, as_of=AS_OF, targets="own")
    applying = [status for status in rows["status"].tolist() if status != "excluded"]
    assert {item.status for item in found} == set(applying)
    assert bool(found) or "own" in found.left_out


def test_a_field_of_the_vocabulary_still_falls_back_to_another_and_a_published_table_is_no_case() -> None:
    scheme = scheme_with({"start": "valid_at"})
    (item,) = deadlines(scheme, RECEIVED, as_of=AS_OF, targets="own")
    assert item.started_by == "received_at"
    assert deadlines(scheme, {**RECEIVED, "valid_at": None}, as_of=AS_OF, targets="own").left_out == {
        "own": "not yet valid"
    }


@pytest.mark.parametrize("name", ["copy", "json", "plural", "id_field", "model_fields", "dict", "items", "keys"])
def test_an_own_field_may_be_called_like_something_that_python_has(name: str) -> None:
    scheme = scheme_with({"where": {name: "yes"}})
    assert [item.target for item in deadlines(scheme, {**RECEIVED, name: "yes"}, as_of=AS_OF, targets="own")] == ["own"]
    assert not deadlines(scheme, RECEIVED, as_of=AS_OF, targets="own")
    row = measure(scheme, cases=[{**RECEIVED, name: "yes"}], as_of=AS_OF, targets="own").rows[0]
    assert row.missed == 1


TIMES = [name for name, field in fields_of("cases").items() if field.kind == "time"]


@pytest.mark.parametrize("odd", TIMES)
@pytest.mark.parametrize("zoned", [True, False])
def test_a_case_in_which_one_time_has_another_form_loses_no_deadline(odd: str, zoned: bool) -> None:
    one, other = ("Z", "") if zoned else ("", "Z")
    case = {"case_id": "A1"} | {
        name: f"2024-03-{25 + place:02}T10:00{one if name == odd else other}"
        for place, name in enumerate(["received_at", "valid_at", "allocated_at", "decided_at"])
    }
    case[odd] = case.get(odd, f"2024-03-29T10:00{one}")
    alike = {name: value if name == "case_id" else value.removesuffix("Z") + "Z" for name, value in case.items()}
    found, usual = (deadlines(LGSCO, row, as_of=AS_OF) for row in (case, alike))
    expected = {(item.target, item.party): item for item in usual}
    wrong = [item for item in found if item.status == "invalid"]
    assert {item.target for item in usual} <= {item.target for item in found}
    for item in found:
        if item.status != "invalid":
            assert (item.status, item.due) == (expected[item.target, item.party].status, item.due)
    for item in wrong:
        naive, having = item.reason.split(" has a time without a zone, ")
        assert odd in {naive, having.removesuffix(" one with a zone")}
        assert item.due is None
        assert item.explain()
        assert item.reason in {finding.says for finding in found.findings}
    uses = odd in {"received_at", "valid_at", "allocated_at", "decided_at"}
    assert not uses or wrong
    assert Deadlines.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("scheme", "record"),
    [
        (LGSCO, WrittenContact(contact_id=1, received_at="2024-03-28T10:00Z", handled_at="2024-03-29T10:00")),
        (LGSCO, Call(offered_at="2024-03-28T10:00", answered_at="2024-03-28T10:01Z")),
        (
            load_scheme("housing-ombudsman-2019"),
            Order(case_id=1, due_at="2024-03-28T10:00", complied_at="2024-03-28T10:01Z"),
        ),
        (
            LGSCO,
            Request(
                request_id=1, kind="service-complaint", received_at="2024-03-28T10:00", answered_at="2024-03-29T10:00Z"
            ),
        ),
    ],
    ids=lambda item: type(item).__name__,
)
def test_a_record_of_any_kind_in_which_one_time_has_no_zone_is_invalid(scheme: Scheme, record: Record) -> None:
    found = deadlines(scheme, record, as_of=AS_OF)
    assert found
    assert {item.status for item in found} == {"invalid"}
    (finding,) = found.findings
    assert finding.record == record.plural
    assert finding.says == found[0].reason


TOLD: Row = {"case_id": "A1", "event": "contact", "party": "complainant", "direction": "out"}


@pytest.mark.parametrize("field", ["at", "recorded_at"])
def test_events_of_which_some_have_zones_lose_no_deadline_of_the_case(field: str) -> None:
    times: list[Row] = [{"at": f"2024-04-{day:02}T10:00", "recorded_at": f"2024-04-{day:02}T11:00"} for day in (2, 9)]
    times[1][field] += "Z"
    rows = [{**TOLD, **row} for row in times]
    found = deadlines(LGSCO, RECEIVED, events=rows, as_of=AS_OF)
    without = deadlines(LGSCO, RECEIVED, events=None, as_of=AS_OF)
    assert [item for item in found if item.status != "invalid"] == list(without)
    wrong = {item.target: item for item in found if item.status == "invalid"}
    assert wrong
    says = f"{field} has a zone in some of the events, and none in others"
    assert {item.reason for item in wrong.values()} == {says}
    (finding,) = found.findings
    assert (finding.record, finding.field, finding.says) == ("events", field, says)
    whole_log = deadlines(LGSCO, RECEIVED, events=pd.DataFrame(rows), as_of=AS_OF)
    assert [item for item in whole_log if item.status != "invalid"] == list(without)
    assert any(finding.record in {"cases", "events"} for finding in whole_log.findings)


GOOD: dict[str, Row] = {
    "calls": {"offered_at": "2024-03-28T10:00", "call_id": "1"},
    "written_contacts": {"contact_id": "1", "received_at": "2024-03-28"},
    "cases": {"case_id": "1", "received_at": "2024-03-28"},
    "events": {"case_id": "1", "event": "contact", "at": "2024-03-28"},
    "requests": {"request_id": "1", "kind": "service-complaint", "received_at": "2024-03-28"},
    "orders": {"case_id": "1", "due_at": "2024-03-28"},
    "reviews": {"review_id": "1", "standard": "tone", "answer": "met", "reviewed_at": "2024-03-28"},
    "activities": {"kind": "article", "at": "2024-03-28"},
    "populations": {"period": "2023/24", "number": "800"},
}
UNCHECKED_CASE: Any = Case.model_construct  # whatever a type checker says of it
UNCHECKED_EVENT: Any = CaseEvent.model_construct
ANYTHING: list[Any] = [
    5, 1.5, True, b"x", "x", None, ["a"], {"a": 1}, object(), pd.NaT, np.array([1, 2]), "2024-03-28T10:00Z",
]  # fmt: skip
ITS_TARGET = {  # one that reads the kind
    "calls": "intake-calls-60s", "written_contacts": "written-contacts-3wd", "cases": "decided-or-allocated-20wd",
    "requests": "service-complaints-20wd", "events": "delays-explained",
}  # fmt: skip


@pytest.mark.parametrize("kind", RECORDS)
def test_a_changed_copy_is_read_as_its_fields_are_or_refused(kind: str) -> None:
    model = RECORDS[kind]
    record = model.model_validate(GOOD[kind])
    functions: list[Any] = [
        lambda item: measure(LGSCO, as_of=AS_OF, targets=ITS_TARGET.get(kind), **dict[str, Any]({kind: [item]})),
        lambda item: (
            deadlines(LGSCO, item, as_of=AS_OF, targets=ITS_TARGET.get(kind))
            if kind != "events"
            else deadlines(LGSCO, GOOD["cases"], events=[item], as_of=AS_OF)
        ),
    ]
    for name in [*fields_of(kind), "own_at", "own"]:
        for value in ANYTHING:
            changed = record.model_copy(update={name: value})
            built = model.model_construct(**{**GOOD[kind], name: value})
            for function, item in product(functions, (changed, built)):
                with suppress(KpiError):
                    function(item)


@pytest.mark.parametrize("kind", RECORDS)
def test_what_was_built_without_validation_is_as_if_it_had_been_validated(kind: str) -> None:
    model = RECORDS[kind]
    built, record = model.model_construct(**GOOD[kind]), model.model_validate(GOOD[kind])
    given: list[Row] = [{kind: [item]} for item in (built, record)]
    first, second = (measure(LGSCO, **records, as_of=AS_OF) for records in given)
    assert first.to_dict() == second.to_dict()


def test_a_copy_with_a_later_decision_is_decided() -> None:
    case = Case(case_id="A1", received_at="2024-03-28")
    decided = case.model_copy(update={"decided_at": "2024-04-05"})
    (item,) = deadlines(LGSCO, decided, as_of=AS_OF, targets="decided-or-allocated-20wd")
    assert (item.status, str(item.stop)) == ("met", "2024-04-05")
    assert measure(LGSCO, cases=[decided], as_of=AS_OF)["decided-or-allocated-20wd"].rows[0].met == 1


def test_a_record_that_was_built_without_a_required_field_is_named() -> None:
    with pytest.raises(RecordsError, match=r"^case: received_at: Field required"):
        deadlines(LGSCO, UNCHECKED_CASE(case_id="A1"), as_of=AS_OF)
    (row,) = measure(LGSCO, cases=[GOOD["cases"], UNCHECKED_CASE(case_id="A1")], as_of=AS_OF)[
        "decided-or-allocated-20wd"
    ]
    assert row.invalid == 1
    with pytest.raises(RecordsError, match=r"^events row 0: at: Field required"):
        deadlines(LGSCO, RECEIVED, events=[UNCHECKED_EVENT(case_id="A1", event="contact")], as_of=AS_OF)


def test_every_kind_of_record_is_tried() -> None:
    assert set(GOOD) == set(RECORDS)


@pytest.mark.parametrize(
    ("name", "near"), [("decided_on", "decided_at"), ("Date allocated", "allocated_at"), ("remarks", None)]
)
def test_a_field_that_is_nearly_a_known_one_is_a_finding(name: str, near: str | None) -> None:
    found = deadlines(LGSCO, {**RECEIVED, name: "2024-04-02"}, as_of=AS_OF).findings
    says = [f"{name} isn't read; it may be meant as {near}"] if near else []
    assert [(item.record, item.field, item.says) for item in found] == [("cases", name, text) for text in says]


def test_a_field_of_the_schemes_own_and_one_that_is_there_are_no_findings() -> None:
    own = LGSCO.with_target("decided-or-allocated-20wd", where={"decided_on": {"present": True}})
    assert deadlines(own, {**RECEIVED, "decided_on": "2024-04-02"}, as_of=AS_OF).findings == ()
    both = {**RECEIVED, "decided_at": "2024-04-02", "decided_on": "2024-04-02"}
    assert deadlines(LGSCO, both, as_of=AS_OF).findings == ()
