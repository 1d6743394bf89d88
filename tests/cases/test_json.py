"""Records, deadlines and findings as JSON and back: nothing is lost, and their JSON Schemas say what it looks like."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema import ValidationError as SchemaMismatch
from pydantic import BaseModel, TypeAdapter, ValidationError

from ombudsman_kpi import (
    Call,
    Case,
    CaseEvent,
    Deadline,
    Finding,
    Order,
    Request,
    WrittenContact,
    deadlines,
    load_scheme,
)
from ombudsman_kpi.cases.facts import DayOff, DeadlineBasis, Pause
from ombudsman_kpi.clocks.outcomes import STATUSES
from ombudsman_kpi.records.vocabulary import RECORDS, Party, Record

LGSCO, LGO = load_scheme("lgsco"), load_scheme("lgo-2017-18")
LONDON = ZoneInfo("Europe/London")
MODES: tuple[Literal["validation", "serialization"], ...] = ("validation", "serialization")

PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
often = settings(max_examples=settings().max_examples * 4 // 5, phases=PHASES)

ZONES = [UTC, LONDON, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-3))]
DATES = st.dates(date(1990, 1, 1), date(2050, 12, 31))
HOURS = st.times() | st.sampled_from([time(0), time(1, 30), time(23, 59, 59, 999_999)])
NAIVE = st.builds(datetime.combine, DATES | st.sampled_from([date(2024, 3, 31), date(2024, 10, 27)]), HOURS)
ZONED = st.builds(lambda moment, zone: moment.replace(tzinfo=zone), NAIVE, st.sampled_from(ZONES))
TIMES = DATES | NAIVE | ZONED
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PARTIES = st.sampled_from(get_args(Party))
PLAIN = WORDS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
EXTRAS = st.fixed_dictionaries(
    {}, optional={"office": PLAIN, "region code": PLAIN, "Straße": PLAIN, "seen_at": TIMES | WORDS | st.none()}
)

OTHER_TIMES = [name for name in Case.model_fields if name.endswith("_at") and name != "received_at"]
OPTIONAL = {
    **dict.fromkeys(OTHER_TIMES, TIMES),
    "decided_in": st.sampled_from(["assessment", "investigation"]),
    "joint_working": st.booleans(),
    **dict.fromkeys(["decision", "authority", "category", "team"], WORDS),
}
CASES = st.builds(
    lambda given_to, extras: Case(**given_to, **extras),
    st.fixed_dictionaries(
        {"case_id": WORDS, "received_at": TIMES},
        optional={name: st.none() | strategy for name, strategy in OPTIONAL.items()},
    ),
    EXTRAS,
)
EVENTS = st.builds(
    lambda given_to, extras: CaseEvent(**given_to, **extras),
    st.fixed_dictionaries(
        {"case_id": WORDS, "event": WORDS, "at": TIMES},
        optional={
            "party": st.none() | PARTIES,
            "direction": st.sampled_from([None, "out", "in"]),
            "reason": st.none() | WORDS,
            "recorded_at": st.none() | TIMES,
        },
    ),
    EXTRAS,
)
FINDINGS = st.builds(
    Finding, record=st.sampled_from(list(RECORDS)), row=st.none() | st.integers(0), field=st.none() | WORDS, says=WORDS
)
AMOUNTS = st.none() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)
BASIS = DeadlineBasis(
    scheme="own", title="Our own", digest="d", division="scotland", edition="e", announced_until=date(2028, 12, 31),
    time_zone="Europe/London", as_of="2024-03-28",
)  # fmt: skip
DEADLINES = st.builds(
    lambda given_to: Deadline(**given_to),
    st.fixed_dictionaries(
        {
            "record": st.sampled_from(list(RECORDS)),
            "id": st.none() | WORDS,
            "target": WORDS,
            "says": WORDS,
            "status": st.sampled_from(STATUSES),
            "basis": WORDS.map(lambda title: DeadlineBasis(**{**BASIS.model_dump(), "title": title})),
        },
        optional={
            "party": st.none() | PARTIES,
            **dict.fromkeys(["due", "recorded", "start", "stop"], st.none() | TIMES),
            **dict.fromkeys(["elapsed", "left", "gross"], AMOUNTS),
            **dict.fromkeys(["started_by", "ended_by"], st.none() | WORDS),
            **dict.fromkeys(["reason", "unit", "limit"], WORDS),
            "day_1": st.none() | DATES,
            "waits_for": st.lists(WORDS, max_size=2).map(tuple),
            "days_off": st.lists(st.builds(DayOff, day=DATES, name=WORDS), max_size=2).map(tuple),
            "pauses": st.lists(st.builds(Pause, first=DATES, last=st.none() | DATES), max_size=2).map(tuple),
            "options": st.dictionaries(WORDS, WORDS, max_size=2),
            "provisional": st.booleans(),
        },
    ),
)


def exact(value: Any) -> Any:
    """Give a value with its type; of a time all that it shows, since one that is there twice equals no other zone's."""
    if isinstance(value, BaseModel):
        given_to = value.model_fields_set if isinstance(value, Record) else None  # of those it matters
        return (type(value), given_to, {name: exact(item) for name, item in value})
    if isinstance(value, (list, tuple)):
        return (type(value), [exact(item) for item in value])
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, datetime):
        return (datetime, value.replace(tzinfo=None, fold=0), value.utcoffset())
    return (type(value), value)


def check_round_trip(item: BaseModel) -> None:
    text = item.model_dump_json()
    read = type(item).model_validate_json(text)
    assert exact(read) == exact(item)
    assert read.model_dump_json() == text
    assert exact(type(item).model_validate(json.loads(text))) == exact(item)
    assert exact(type(item).model_validate(item.model_dump())) == exact(item)
    for mode in MODES:
        validator(type(item), mode).validate(json.loads(text))


VALIDATORS: dict[Any, Any] = {}


def validator(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> Any:
    if (model, mode) not in VALIDATORS:
        schema = model.model_json_schema(mode=mode)
        Draft202012Validator.check_schema(schema)
        VALIDATORS[model, mode] = Draft202012Validator(schema)
    return VALIDATORS[model, mode]


@often
@given(st.one_of(CASES, EVENTS))
def test_records_and_back(record: Case | CaseEvent) -> None:
    check_round_trip(record)


@often
@given(st.one_of(DEADLINES, FINDINGS))
def test_deadlines_and_findings_and_back(item: Deadline | Finding) -> None:
    check_round_trip(item)


@pytest.mark.parametrize(
    "record",
    [
        Call(offered_at="2024-03-28T09:00:00", answered_at="2024-03-28T09:00:41", line="general"),
        WrittenContact(contact_id="W", received_at="2024-03-28", handled_at=None),
        Request(request_id="R", kind="stage-1", received_at="2024-03-28T09:00Z"),
        Order(case_id="A", due_at="2024-03-28"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_other_records_and_back(record: BaseModel) -> None:
    check_round_trip(record)


INVESTIGATED = Case(case_id="A", received_at="2024-01-03T09:30", allocated_at="2024-03-28T10:00", office="York")
LOG = [
    CaseEvent(case_id="A", event="contact", at="2024-05-10", party="complainant", direction="out"),
    CaseEvent(case_id="A", event="paused", at="2024-01-10T09:00", reason="records"),
    CaseEvent(case_id="A", event="resumed", at="2024-01-20T09:00"),
    CaseEvent(case_id="B", event="contact", at="2024-05-10"),
    CaseEvent(case_id="A", event="phoned", at="2024-05-10"),
]
PAUSED = LGSCO.with_target("decided-or-allocated-20wd", clock={"pauses": "allowed", "cut_off": "17:00"})


def test_the_deadlines_of_a_case_and_back() -> None:
    found = deadlines(PAUSED, INVESTIGATED, events=LOG[1:], as_of="2024-05-31")
    assert {item.status for item in found} == {"late", "overdue", "pending"}
    assert len(found.findings) == 2
    for item in (*found, *found.findings):
        check_round_trip(item)
        assert type(item).model_validate_json(item.model_dump_json()) == item
    adapter = TypeAdapter(list[Deadline])
    assert adapter.validate_json(adapter.dump_json(found)) == found
    assert {type(pause) for item in found for pause in item.pauses} == {Pause}


@pytest.mark.parametrize(
    "received",
    ["2024-03-30T09:00", "2024-10-26T01:30:00+01:00", "2024-10-26T02:30:00+01:00", "2024-10-26T09:00:00-05:00"],
)
def test_due_times_are_equal_after_a_round_trip(received: str) -> None:
    """Also where the due time occurs twice: on 27 October, between one and two o'clock."""
    letter = WrittenContact(contact_id="W", received_at=received)
    (item,) = deadlines(LGO, letter, as_of="2024-12-31")
    read = Deadline.model_validate_json(item.model_dump_json())
    assert isinstance(item.due, datetime)
    assert isinstance(read.due, datetime)
    assert read.due.astimezone(UTC) == item.due.astimezone(UTC)
    assert read == item


def test_the_same_deadlines_follow_from_records_that_were_json() -> None:
    record = Case.model_validate_json(INVESTIGATED.model_dump_json())
    log = [CaseEvent.model_validate_json(item.model_dump_json()) for item in LOG[:3]]
    found = deadlines(PAUSED, record, events=log, as_of="2024-05-15T12:00")
    assert found == deadlines(PAUSED, INVESTIGATED, events=LOG[:3], as_of="2024-05-15T12:00")
    as_json, log_as_json = (json.loads(TypeAdapter(Any).dump_json(item)) for item in (INVESTIGATED, LOG[:3]))
    assert deadlines(PAUSED, as_json, events=log_as_json, as_of="2024-05-15T12:00") == found


def test_a_field_that_was_never_set_stays_unset() -> None:
    """Else ``valid_at``, which falls back only where nobody gave it, would change the answer."""
    unset, empty = INVESTIGATED, Case(**INVESTIGATED.model_dump(), valid_at=None)
    assert json.loads(unset.model_dump_json()) == {
        "case_id": "A",
        "received_at": "2024-01-03T09:30:00",
        "allocated_at": "2024-03-28T10:00:00",
        "office": "York",
    }
    assert json.loads(empty.model_dump_json()) == json.loads(unset.model_dump_json()) | {"valid_at": None}

    def answers(record: Case) -> list[str]:
        read = Case.model_validate_json(record.model_dump_json())
        assert "valid_at" in record.model_fields_set or "valid_at" not in read.model_fields_set
        return [item.target for item in deadlines(LGSCO, read, as_of="2024-01-31", events=None)]

    before = INVESTIGATED.model_copy(update={"allocated_at": date(2024, 1, 10)})
    assert answers(before) == ["decided-or-allocated-20wd", *(f"investigation-{weeks}w" for weeks in (13, 26, 52))]
    assert answers(before.model_copy(update={"valid_at": None})) == ["decided-or-allocated-20wd"]


class Answer(BaseModel):
    """What a service might give back."""

    case: Case
    events: list[CaseEvent]
    deadlines: list[Deadline]
    findings: tuple[Finding, ...]


def test_inside_of_a_model_of_ones_own() -> None:
    found = deadlines(LGSCO, INVESTIGATED, events=LOG, as_of="2024-05-31")
    answer = Answer(case=INVESTIGATED, events=LOG, deadlines=list(found), findings=found.findings)
    read = Answer.model_validate_json(answer.model_dump_json())
    assert exact(read) == exact(answer)
    assert read.case.model_fields_set == INVESTIGATED.model_fields_set
    for mode in MODES:
        validator(Answer, mode).validate(json.loads(answer.model_dump_json()))


# Wrong JSON

RIGHT_CASE = {"case_id": "A", "received_at": "2024-03-28"}
RIGHT_EVENT = {"case_id": "A", "event": "contact", "at": "2024-03-28"}
RIGHT_FINDING = {"record": "cases", "row": None, "field": None, "says": "It is wrong."}
RIGHT_DEADLINE = json.loads(deadlines(LGSCO, RIGHT_CASE, as_of="2024-03-28")[0].model_dump_json())
WRONG: list[tuple[type[BaseModel], dict[str, Any], dict[str, Any]]] = [
    (Case, RIGHT_CASE, {"case_id": None}),
    (Case, RIGHT_CASE, {"case_id": ...}),
    (Case, RIGHT_CASE, {"case_id": ["A"]}),
    (Case, RIGHT_CASE, {"received_at": ...}),
    (Case, RIGHT_CASE, {"received_at": None}),
    (Case, RIGHT_CASE, {"received_at": 20240328}),
    (Case, RIGHT_CASE, {"decided_at": 5.5}),
    (Case, RIGHT_CASE, {"decided_at": ["2024-03-28"]}),
    (Case, RIGHT_CASE, {"decided_in": "court"}),
    (Case, RIGHT_CASE, {"joint_working": "perhaps"}),
    (Case, RIGHT_CASE, {"team": {"name": "North"}}),
    (CaseEvent, RIGHT_EVENT, {"event": ...}),
    (CaseEvent, RIGHT_EVENT, {"at": True}),
    (CaseEvent, RIGHT_EVENT, {"party": "press"}),
    (CaseEvent, RIGHT_EVENT, {"direction": "up"}),
    (CaseEvent, RIGHT_EVENT, {"recorded_at": 5}),
    (Finding, RIGHT_FINDING, {"record": "people"}),
    (Finding, RIGHT_FINDING, {"row": "first"}),
    (Finding, RIGHT_FINDING, {"says": None}),
    (Finding, RIGHT_FINDING, {"colour": "red"}),
    (Deadline, RIGHT_DEADLINE, {"status": "fine"}),
    (Deadline, RIGHT_DEADLINE, {"basis": ...}),
    (Deadline, RIGHT_DEADLINE, {"basis": {"scheme": "lgsco"}}),
    (Deadline, RIGHT_DEADLINE, {"due": ["2024-03-28"]}),
    (Deadline, RIGHT_DEADLINE, {"left": "few"}),
    (Deadline, RIGHT_DEADLINE, {"party": "press"}),
    (Deadline, RIGHT_DEADLINE, {"pauses": [{"first": "2024-03-28"}]}),
    (Deadline, RIGHT_DEADLINE, {"days_off": [{"day": "2024-03-28", "name": "closure", "half": True}]}),
    (Deadline, RIGHT_DEADLINE, {"options": {"cut_off": None}}),
    (Deadline, RIGHT_DEADLINE, {"provisional": "unknown"}),
    (Deadline, RIGHT_DEADLINE, {"colour": "red"}),
]


@pytest.mark.parametrize(
    ("model", "right", "wrong"), WRONG, ids=[f"{model.__name__}-{wrong}" for model, _, wrong in WRONG]
)
def test_wrong_json_fits_neither_the_schema_nor_the_model(
    model: type[BaseModel], right: dict[str, Any], wrong: dict[str, Any]
) -> None:
    spoilt = {name: value for name, value in (right | wrong).items() if value is not ...}
    for mode in MODES:
        validator(model, mode).validate(right)
        with pytest.raises(SchemaMismatch):
            validator(model, mode).validate(spoilt)
    check_round_trip(model.model_validate(right))
    with pytest.raises(ValidationError):
        model.model_validate_json(json.dumps(spoilt))


def test_the_schema_asks_for_no_more_than_is_required() -> None:
    for mode in MODES:
        assert Case.model_json_schema(mode=mode)["required"] == ["case_id", "received_at"]
        described = CaseEvent.model_json_schema(mode=mode)
        assert described["required"] == ["event", "at"]
        assert described["anyOf"] == [{"required": [name]} for name in ("case_id", "request_id", "contact_id")]
        assert set(Case.model_json_schema(mode=mode)["properties"]) == set(Case.model_fields)
