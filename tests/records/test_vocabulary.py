"""The vocabulary: eight kinds of record."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from ombudsman_kpi import Activity, Call, Case, CaseEvent, Order, Population, Request, Review, WrittenContact
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.records.cells.field_types import parse_time
from ombudsman_kpi.records.keywords import Records
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, RECORDS, Record, fields_of

# The fields as the page of definitions lists them; those that are required first.
VOCABULARY: dict[str, tuple[type[Record], set[str], set[str]]] = {
    "calls": (Call, {"offered_at"}, {"answered_at", "abandoned_at", "returned_at", "call_id"}),
    "written_contacts": (
        WrittenContact,
        {"contact_id", "received_at"},
        {"acknowledged_at", "handled_at", "channel", "stage"},
    ),
    "cases": (
        Case,
        {"case_id", "received_at"},
        {
            "valid_at",
            "allocated_at",
            "investigation_started_at",
            "early_resolution_started_at",
            "early_resolution_ended_at",
            "decided_at",
            "decided_in",
            "decision",
            "closed_at",
            "withdrawn_at",
            "joint_working",
            "authority",
            "category",
            "team",
        },
    ),
    "events": (
        CaseEvent,
        {"case_id", "event", "at"},  # or, in place of the case's, another id
        {"request_id", "contact_id", "party", "direction", "reason", "recorded_at"},
    ),
    "requests": (Request, {"request_id", "kind", "received_at"}, {"answered_at", "case_id"}),
    "orders": (Order, {"case_id", "due_at"}, {"complied_at"}),
    "reviews": (Review, {"review_id", "standard", "answer", "reviewed_at"}, {"source", "case_id"}),
    "activities": (Activity, {"kind", "at"}, {"tone"}),
    "populations": (Population, {"period", "number"}, set()),
}

VALUES: dict[str, Any] = {
    "decided_in": "investigation",
    "party": "complainant",
    "direction": "out",
    "answer": "met",
    "source": "QA",
    "joint_working": True,
    "number": 800,
}


def value_of(field: str) -> Any:
    return VALUES.get(field, "2024-03-28" if field == "at" or field.endswith("_at") else "text")


def test_the_kinds_are_those_of_the_page_of_definitions() -> None:
    assert list(RECORDS) == list(VOCABULARY)
    assert list(Records.__annotations__) == list(VOCABULARY)
    assert {name: model for name, (model, _, __) in VOCABULARY.items()} == RECORDS


@pytest.mark.parametrize("kind", list(VOCABULARY))
def test_the_fields_are_those_of_the_page_of_definitions(kind: str) -> None:
    model, required, optional = VOCABULARY[kind]
    fields = fields_of(kind)
    assert set(fields) == required | optional
    assert {name for name, field in fields.items() if field.required} == required - {*model.belongs_by}


@pytest.mark.parametrize("kind", list(VOCABULARY))
def test_what_a_kind_declares_of_its_fields_is_there(kind: str) -> None:
    model = RECORDS[kind]
    ends = {*model.ended_by, *model.after_the_end, *model.withdrawn_by, *model.abandoned_by, *model.answered_by}
    assert ends <= {name for name, field in fields_of(kind).items() if field.kind == "time"}
    assert model.id_field is None or model.id_field in fields_of(kind)
    assert model.singular.replace(" ", "_")[:4] == model.plural[:4]


@pytest.mark.parametrize("kind", list(VOCABULARY))
def test_what_ends_in_at_is_a_time_and_nothing_else_is(kind: str) -> None:
    for name, field in fields_of(kind).items():
        assert (field.kind == "time") == (name == "at" or name.endswith("_at"))


@pytest.mark.parametrize("kind", list(VOCABULARY))
def test_a_record_needs_its_required_fields_and_no_other(kind: str) -> None:
    model, required, optional = VOCABULARY[kind]
    least = {name: value_of(name) for name in required}
    assert {getattr(model.model_validate(least), name) for name in optional} <= {None}
    whole = model.model_validate({name: value_of(name) for name in required | optional})
    assert whole.model_fields_set == required | optional
    for name in required:
        with pytest.raises(ValidationError, match=name):
            model.model_validate({other: value for other, value in least.items() if other != name})


@pytest.mark.parametrize("kind", list(VOCABULARY))
def test_a_record_never_changes_and_keeps_other_columns(kind: str) -> None:
    model, required, _ = VOCABULARY[kind]
    record = model.model_validate({**{name: value_of(name) for name in required}, "office": "Leeds"})
    assert record.model_extra == {"office": "Leeds"}
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, next(iter(required)), "other")


def test_ids_and_endings_are_declared() -> None:
    ids = {name: model.id_field for name, model in RECORDS.items()}
    assert ids == {
        "calls": "call_id",
        "written_contacts": "contact_id",
        "cases": "case_id",
        "requests": "request_id",
        "events": None,
        "orders": None,
        "reviews": None,
        "activities": None,
        "populations": None,
    }
    assert {name: (model.ended_by, model.after_the_end) for name, model in RECORDS.items()} == {
        "calls": (("answered_at", "abandoned_at"), ("returned_at",)),
        "written_contacts": (("handled_at",), ()),
        "cases": (("decided_at", "withdrawn_at", "closed_at"), ("closed_at",)),
        "events": ((), ()),
        "requests": (("answered_at",), ()),
        "orders": (("complied_at",), ()),
        "reviews": ((), ()),
        "activities": ((), ()),
        "populations": ((), ()),
    }
    assert {name for name, model in RECORDS.items() if not model.in_worklists} == {
        "reviews", "activities", "populations",
    }  # fmt: skip
    assert Case.withdrawn_by == ("withdrawn_at", "closed_at")
    assert Call.abandoned_by == ("abandoned_at",)
    assert {model for model in RECORDS.values() if model.withdrawn_by or model.abandoned_by} == {Case, Call}


def test_fallbacks_and_what_is_known_from_a_decision_are_declared() -> None:
    cases = fields_of("cases")
    assert {name: field.falls_back_to for name, field in cases.items() if field.falls_back_to} == {
        "valid_at": "received_at",
        "investigation_started_at": "allocated_at",
    }
    assert {name for name, field in cases.items() if field.known_from == "decided_at"} == {"decided_in", "decision"}


def test_choices_are_listed() -> None:
    assert fields_of("cases")["decided_in"].choices == ("assessment", "investigation")
    assert fields_of("reviews")["answer"].choices == ("met", "not-applicable", "not-met", "partly")
    assert fields_of("cases")["joint_working"].kind == "truth"
    assert fields_of("cases")["team"].kind == "text"


def test_an_unknown_kind_is_an_error_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'cases'"):
        fields_of("case")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("2024-03-28", date(2024, 3, 28), id="text"),
        pytest.param(" 2024-03-28\n", date(2024, 3, 28), id="text with space"),
        pytest.param("2024-03-28T09:30", datetime.fromisoformat("2024-03-28T09:30"), id="text with a time"),
        pytest.param("2024-03-28 09:30:00.5", datetime.fromisoformat("2024-03-28T09:30:00.5"), id="text, a space"),
        pytest.param("2024-03-28T09:30Z", datetime(2024, 3, 28, 9, 30, tzinfo=UTC), id="text in UTC"),
        pytest.param(
            "2024-03-28T09:30+0100", datetime(2024, 3, 28, 9, 30, tzinfo=timezone(timedelta(hours=1))), id="an offset"
        ),
        pytest.param(date(2024, 3, 28), date(2024, 3, 28), id="date"),
        pytest.param(np.datetime64("2024-03-28"), date(2024, 3, 28), id="datetime64[D]"),
        pytest.param(
            np.datetime64("2024-03-28T09:30", "us"), datetime.fromisoformat("2024-03-28T09:30"), id="datetime64[us]"
        ),
        pytest.param(
            np.datetime64("2024-03-28T09:30", "ns"), datetime.fromisoformat("2024-03-28T09:30"), id="datetime64[ns]"
        ),
        pytest.param(pd.Timestamp("2024-03-28T09:30"), pd.Timestamp("2024-03-28T09:30"), id="Timestamp"),
        *[
            pytest.param(nothing, None, id=f"nothing: {nothing!r}")
            for nothing in (None, "", " ", float("nan"), pd.NaT, pd.NA)
        ],
        pytest.param(np.datetime64("NaT"), None, id="nothing: NaT of numpy"),
    ],
)
def test_a_time_is_read(value: object, expected: object) -> None:
    read = parse_time(value)
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    "value",
    [
        "03/04/2024",
        "28 March 2024",
        "20240328",
        "2024-3-28",
        "2024-02-30",
        "2024-03-28T25:00",
        45379,
        1.5,
        True,
        b"2024",
    ],
    ids=repr,
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"ISO 8601|no such day") as refused:
        parse_time(value)
    assert str(value) not in str(refused.value)


def test_a_models_error_never_shows_what_a_cell_holds() -> None:
    with pytest.raises(ValidationError) as refused:
        Case.model_validate({"case_id": "A1", "received_at": "Jane Doe", "decided_in": "Jane Doe"})
    assert "Jane" not in str(refused.value)


def test_space_around_text_is_dropped() -> None:
    assert Case.model_validate({"case_id": " A1 ", "received_at": "2024-03-28"}).case_id == "A1"


def test_a_choice_is_one_of_its_words() -> None:
    with pytest.raises(ValidationError, match="assessment"):
        Case.model_validate({"case_id": "A1", "received_at": "2024-03-28", "decided_in": "court"})


def test_the_errors_of_the_library_are_values_errors_of_one_family() -> None:
    assert issubclass(OptionError, KpiError)
    assert issubclass(KpiError, ValueError)


def test_an_event_is_of_one_of_several_records() -> None:
    told = {"event": "paused", "at": "2024-03-28"}
    for name in IDS_OF_EVENTS.values():
        assert getattr(CaseEvent.model_validate({**told, name: "7"}), name) == "7"
    assert IDS_OF_EVENTS == {"written_contacts": "contact_id", "cases": "case_id", "requests": "request_id"}
