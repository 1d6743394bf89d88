"""The same target under each convention: on paper at the boundaries, and equal to what the changed scheme measures."""

from pathlib import Path
from typing import Any, Literal, get_origin

import pytest

from command_line import Typed
from ombudsman_kpi import (
    Conventions,
    OptionError,
    Scheme,
    SchemeError,
    Tally,
    conventions,
    load_scheme,
    measure,
)
from ombudsman_kpi.clocks.options import Clock, choices
from ombudsman_kpi.engines.counting import tallied

DATA = Path(__file__).parents[2] / "examples" / "data"
LGSCO = load_scheme("lgsco")
NAME = "decided-or-allocated-20wd"
WHOLE = LGSCO.with_target(NAME, standard="100%")  # one late case is enough to miss it
AS_OF = "2024-05-31"

Rows = dict[tuple[str, str], tuple[int, int, str, str]]


def case(received: str, decided: str | None, **others: str) -> dict[str, Any]:
    return {"case_id": f"{received} {decided}", "received_at": received, "decided_at": decided, **others}


def rows(found: Conventions) -> Rows:
    """Return met, missed, the status and what changes by convention and option."""
    return {
        (row["convention"], row["option"]): (row["met"], row["missed"], row["status"], row["changes"])
        for row in found.to_dicts()
    }


def under(*cases: dict[str, Any], scheme: Scheme = WHOLE, **options: Any) -> Rows:
    return rows(conventions(scheme, cases=[*cases], **{"as_of": AS_OF, "targets": NAME, **options}))


def test_at_easter_day_20_turns_into_day_21_where_the_day_of_receipt_is_day_1() -> None:
    # Thursday 28 March 2024 and 20 working days: Monday 29 April, or Friday 26 April.
    found = under(case("2024-03-28", "2024-04-29"))
    assert found["as declared", ""] == (1, 0, "met", "")
    assert found["day_of_receipt", "day 1"] == (0, 1, "missed", "met into missed")
    assert found["limit", "< 20 working days"] == (0, 1, "missed", "met into missed")
    assert found["non_working_receipt", "next working day"] == (1, 0, "met", "")


def test_received_on_easter_saturday_is_deemed_received_on_tuesday() -> None:
    # Day 1 is Tuesday 2 April and 29 April day 20; deemed received on the 2nd, day 20 is 30 April.
    found = under(case("2024-03-30", "2024-04-30"))
    assert found["as declared", ""] == (0, 1, "missed", "")
    assert found["non_working_receipt", "next working day"] == (1, 0, "met", "missed into met")
    assert found["day_of_receipt", "day 1"] == (0, 1, "missed", "")


def test_after_17_00_is_received_the_next_day() -> None:
    # Of Wednesday 27 March 2024 day 20 is Friday 26 April; of Thursday the 28th it is Monday 29 April.
    late, early = case("2024-03-27T17:01", "2024-04-29"), case("2024-03-27T16:59", "2024-04-29")
    assert under(late)["cut_off", "17:00"] == (1, 0, "met", "missed into met")
    assert under(early)["cut_off", "17:00"] == (0, 1, "missed", "")


def test_easter_monday_is_no_bank_holiday_in_scotland() -> None:
    # In Scotland 1 April is a working day: 20 working days from 28 March end on Friday 26 April.
    found = under(case("2024-03-28", "2024-04-29"))
    assert found["division", "scotland"] == (0, 1, "missed", "met into missed")
    assert found["division", "northern-ireland"] == (1, 0, "met", "")


def test_cohorts_count_what_is_closed_received_and_due() -> None:
    # Of April: received A (met in April) and B (open, overdue); closed A and C; due B, and C, which was late.
    cases = [case("2024-04-02", "2024-04-05"), case("2024-04-03", None), case("2024-03-01", "2024-04-15")]
    found = conventions(LGSCO, cases=cases, as_of=AS_OF, targets=NAME, every="month").to_pandas()
    april = found[found.period == "Apr 2024"].set_index(["convention", "option"])
    numbers = {key: (int(row.met), int(row.missed)) for key, row in april.iterrows()}
    assert numbers["as declared", ""] == (1, 1)  # received: A, B
    assert numbers["cohort", "closed"] == (1, 1)  # A, C
    # A was due on 30 April, B on 1 May, C on 3 April: 1 March and 20 working days, with Easter.
    assert numbers["cohort", "due"] == (1, 1)


def test_pending_and_withdrawn_are_left_out_unless_the_denominator_has_them() -> None:
    cases = [
        case("2024-04-02", "2024-04-05"),
        case("2024-05-29", None),  # pending
        case("2024-04-03", None, withdrawn_at="2024-04-04"),  # in time: excluded
        case("2024-03-01", None, withdrawn_at="2024-05-01"),  # late: a breach is never erased
    ]
    found = under(*cases)
    assert found["as declared", ""][:2] == (1, 1)
    assert found["denominator", "pending missed"][:2] == (1, 2)
    assert found["denominator", "pending met"][:2] == (2, 1)
    assert found["denominator", "withdrawn in time missed"][:2] == (1, 2)
    assert found["denominator", "withdrawn late left out"][:2] == (1, 0)
    kept = LGSCO.with_target(NAME, standard="50%")
    assert under(*cases, scheme=kept)["denominator", "pending missed"] == (1, 2, "missed", "undetermined into missed")


def test_calls_abandoned_are_late_or_left_out() -> None:
    calls = [
        {"offered_at": "2024-04-02T10:00:00", "answered_at": "2024-04-02T10:01:00"},
        {"offered_at": "2024-04-02T10:00:00", "abandoned_at": "2024-04-02T10:00:20"},
        {"offered_at": "2024-04-02T10:00:00", "abandoned_at": "2024-04-02T10:00:45"},
        {"offered_at": "2024-04-02T10:00:00", "abandoned_at": "2024-04-02T10:05:00"},
    ]
    found = conventions(LGSCO, calls=calls, as_of=AS_OF, targets="intake-calls-60s")
    own = {key: row[:2] for key, row in rows(found).items()}
    assert own["as declared", ""] == (1, 3)
    assert own["limit", "< 60 seconds"] == (0, 4)
    assert own["unanswered", "left out"] == (1, 0)
    assert own["unanswered", "left out if abandoned within the limit"] == (1, 1)
    assert own["unanswered", "left out if abandoned within 30 seconds"] == (1, 2)
    assert not {"day_of_receipt", "cut_off", "division"} & {name for name, _ in own}
    untried = {item.convention: item.reason for item in found.untried}
    assert untried["cut_off"] == "means nothing for its limit and records"
    assert untried["division"] == "no holiday moves its days"


def test_the_first_stop_or_the_last() -> None:
    events = [{"case_id": "A1", "event": "reopened", "at": "2024-04-10"},
              {"case_id": "A1", "event": "decided", "at": "2024-05-20"}]  # fmt: skip
    cases = [{"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-05"}]
    found = rows(conventions(WHOLE, cases=cases, events=events, as_of=AS_OF, targets=NAME))
    assert found["as declared", ""] == (1, 0, "met", "")
    assert found["reopening", "last stop"] == (0, 1, "missed", "met into missed")
    none = conventions(WHOLE, cases=cases, as_of=AS_OF, targets=NAME)
    assert ("reopening", "last stop") not in rows(none)
    assert ("reopening", "last stop", "no events were given") in {item[1:] for item in none.untried}


@pytest.fixture(scope="module")
def everything() -> Conventions:
    return conventions(LGSCO, as_of="2024-03-31", every="financial-year", by="team", **files())


def files() -> dict[str, Any]:
    names = "cases", "calls", "written_contacts", "requests", "events"
    columns = {"calls": {"team": "line"}, "written_contacts": {"team": "channel"}, "requests": {"team": "kind"}}
    return {**{name: DATA / f"{name}.csv" for name in names}, "columns": columns}


@pytest.mark.parametrize("target", [
    "intake-calls-60s", NAME, "investigation-13w", "keep-in-touch-20wd", "delays-explained", "written-contacts-3wd",
    "post-decision-reviews-20wd",
])  # fmt: skip
def test_each_choice_is_what_the_changed_scheme_measures(everything: Conventions, target: str) -> None:
    own = [item for item in everything.choices if item.target == target and item.convention != "denominator"]
    options = {"as_of": "2024-03-31", "every": "financial-year", "by": "team", "targets": target, **files()}
    assert own
    for convention, option in dict.fromkeys((item.convention, item.option) for item in own):
        chosen = [item for item in own if (item.convention, item.option) == (convention, option)]
        scheme = LGSCO
        if chosen[0].keys:
            scheme = scheme.with_target(target, **chosen[0].keys)
        if chosen[0].calendar:
            scheme = scheme.with_calendar(**chosen[0].calendar)
        assert (scheme.digest == LGSCO.digest) == (convention == "as declared")
        measured = [row for row in measure(scheme, **options) if row.period != "(no period)"]
        assert [item.row for item in chosen] == measured


def test_every_target_that_is_measured_stands_first_as_declared(everything: Conventions) -> None:
    own = [item for item in everything.choices if item.convention == "as declared"]
    options: dict[str, Any] = {"as_of": "2024-03-31", "every": "financial-year", "by": "team", **files()}
    measured = [
        row for row in measure(LGSCO, **options) if row.status != "not measured" and row.period != "(no period)"
    ]
    assert [item.row for item in own] == measured
    unmeasured = {item.target for item in everything.untried if not item.convention}
    assert unmeasured == {target.id for target in LGSCO.targets} - {row.target for row in measured}


def test_options_of_a_clock_are_kept_in_one_place() -> None:
    words = {name: field for name, field in Clock.model_fields.items() if get_origin(field.annotation) is Literal}
    assert set(choices()) == set(Clock.model_fields) - Clock.of_input
    assert all(len(values) > 1 for values in choices().values())
    assert all(field.default in choices()[name] for name, field in words.items() if name in choices())
    found = conventions(LGSCO, cases=[case("2024-03-28", None)], as_of=AS_OF)
    tried = {item.convention for item in found.choices} | {item.convention for item in found.untried}
    assert tried >= set(Clock.model_fields)


def test_a_new_option_of_a_clock_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock.model_fields["cut_off"], "examples", ["12:00", "17:00"])
    found = under(case("2024-03-27T13:00", "2024-04-29"))
    assert found["cut_off", "12:00"] == (1, 0, "met", "missed into met")
    assert found["cut_off", "17:00"] == (0, 1, "missed", "")


def test_an_option_that_is_in_force_can_be_undone() -> None:
    scheme = WHOLE.with_target(NAME, clock={"cut_off": "17:00", "day_of_receipt": "day 1"}, limit="< 21 working days")
    found = under(case("2024-03-28T13:00", "2024-04-29"), scheme=scheme)
    # Day 1 is Thursday 28 March, and Monday 29 April day 21: too late for less than 21.
    assert found["as declared", ""] == (0, 1, "missed", "")
    assert found["day_of_receipt", "day 0"] == (1, 0, "met", "missed into met")
    assert found["limit", "21 working days"] == (1, 0, "met", "missed into met")
    assert ("cut_off", "none") in found
    assert ("cut_off", "17:00") not in found


def test_a_target_that_another_starts_on_the_due_day_of_has_no_pauses() -> None:
    both = LGSCO.with_target(
        "answered", says="Answered", of="cases", start={"due_of": NAME}, stop="closed_at", limit="5 working days",
        cohort="received",
    )  # fmt: skip
    events = [{"case_id": "A1", "event": "paused", "at": "2024-04-02"}]
    own = {**case("2024-03-28", "2024-04-29", closed_at="2024-05-03"), "case_id": "A1"}
    found = conventions(both, cases=[own], events=events, as_of=AS_OF, targets=[NAME, "answered"])
    refused = {(item.target, item.convention) for item in found.untried if "without pauses" in item.reason}
    assert refused == {(NAME, "pauses")}


def test_a_band_is_not_counted_otherwise_than_those_beside_it() -> None:
    name = "closed-within-3-months"
    requests = [{"request_id": "R1", "kind": "stage-1", "received_at": "2024-03-28", "answered_at": "2024-04-29"}]
    psow = load_scheme("psow")
    kind = next(iter(psow.kinds_of("requests") or ()), "stage-1")
    found = conventions(psow, requests=[{**requests[0], "kind": kind}], as_of=AS_OF, targets=name)
    assert {item.convention for item in found.choices} <= {"as declared", "denominator", "division"}
    refused = [item for item in found.untried if item.convention in {"cohort", "limit"}]
    assert {item.convention for item in refused} == {"cohort", "limit"}
    assert all(item.reason.startswith("targets wouldn't fit together: target closed-") for item in refused)


def test_several_limits_are_read_strictly_together() -> None:
    limit = [{"where": {"category": "Tax"}, "limit": "5 working days"}, "20 working days"]
    scheme = WHOLE.with_target(NAME, limit=limit)
    tax = case("2024-04-01", "2024-04-08", category="Tax")  # a bank holiday; day 5 is the 8th
    found = under(tax, case("2024-03-28", "2024-04-29", category="Care"), scheme=scheme)
    assert found["as declared", ""] == (2, 0, "met", "")
    strict = "< 5 working days where category is Tax; < 20 working days"
    assert found["limit", strict] == (0, 2, "missed", "met into missed")


def test_its_sentence_says_how_far_choices_lie_apart_and_what_they_turn() -> None:
    found = conventions(WHOLE, cases=[case("2024-03-28", "2024-04-29")], as_of=AS_OF, targets=NAME)
    assert found.says == (
        "decided-or-allocated-20wd: 100.0% as declared (met); with 9 other choices, one at a time, from 0.0% (limit: < "
        "20 working days) to 100.0% (as declared); 3 choices turn met into missed (limit: < 20 working days, day of "
        "receipt: day 1, division: scotland)."
    )
    (spread,) = found.spreads
    assert (spread.lowest.row.value, spread.highest.row.value) == (0.0, 1.0)  # type: ignore[union-attr]
    assert found.to_pandas().attrs["says"] == found.says
    text = repr(found)
    assert "day of receipt       day 1" in text
    assert found.says in text
    assert "not tried of decided-or-allocated-20wd: denominator: pending missed, denominator: pending met" in text
    assert found._repr_html_().count("met into missed") == 4


def test_the_frame_has_the_columns_of_the_contract() -> None:
    frame = conventions(WHOLE, cases=[case("2024-03-28", None)], as_of=AS_OF, targets=NAME).to_pandas()
    assert [*frame.columns] == ["target", "convention", "option", "value", "met", "missed", "status", "changes"]
    assert [str(frame[name].dtype) for name in ("value", "met", "missed")] == ["float64", "Int64", "Int64"]


def test_without_a_value_there_is_a_status_that_says_why() -> None:
    found = conventions(WHOLE, cases=[case("2024-05-30", None)], as_of=AS_OF, targets=NAME)
    assert rows(found)["as declared", ""] == (0, 0, "no data", "")
    assert rows(found)["denominator", "pending missed"] == (0, 1, "missed", "no data into missed")


def test_where_nothing_applies_the_sentence_says_so() -> None:
    activities = [{"kind": "focus-report", "at": "2017-06-01"}]
    scheme = load_scheme("lgo-2017-18")
    name = next(item.id for item in scheme.targets if item.of == "activities" and item.measure == "count")
    found = conventions(scheme, activities=activities, as_of="2018-03-31", targets=name)
    assert "no other convention can apply to it." in found.says
    assert {item.convention for item in found.untried} == {"clock", "cohort", "division", "denominator"}


def test_records_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def rows_in_turn() -> Any:
        read.append(1)
        yield from [case("2024-03-28", "2024-04-29"), case("2024-03-30", "2024-04-30")]

    found = conventions(WHOLE, cases=rows_in_turn(), as_of=AS_OF, targets=NAME)
    assert rows(found)["as declared", ""][:2] == (1, 1)
    assert rows(found)["division", "scotland"][:2] == (0, 2)
    assert read == [1]
    sides: list[Scheme] = []

    def noted(scheme: Scheme, *more: Any) -> Tally:
        sides.append(scheme)
        return tallied(scheme, *more)

    monkeypatch.setattr("ombudsman_kpi.analysis.conventions.tallied", noted)
    conventions(WHOLE, cases=[case("2024-03-28", None)], as_of=AS_OF)
    assert len(sides) == 4  # the scheme with all choices, and three other divisions


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, OptionError, "There are no records to count"),
        ({"cases": [case("2024-03-28", None)], "targets": "decided"}, SchemeError, "has no target 'decided'"),
        (
            {"cases": [case("2024-03-28", None)], "targets": "intake-calls-60s"},
            OptionError,
            "intake-calls-60s: no calls",
        ),
        ({"cases": [case("2024-06-28", None)]}, OptionError, "is before every record"),
        ({"cases": [case("2024-03-28", None)], "by": "status"}, OptionError, "have a column of this name"),
        ({"cases": [case("2024-03-28", None)], "cohort": "due"}, OptionError, "has no argument 'cohort'"),
        ({"cases": [{"case_id": "A1"}]}, Exception, "received_at"),
    ],
)
def test_bad_input_is_one_named_error(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        conventions(LGSCO, **{"as_of": AS_OF, **options})


def test_published_shares_are_refused() -> None:
    table = [{"kind": "stage-1", "Period": "2023/24 Q1", "In time": 112, "Total": 140}]
    names = {"requests": {"period": "Period", "met": "In time", "of": "Total"}}
    options: dict[str, Any] = {"requests": table, "columns": names, "as_of": AS_OF, "targets": "stage-1-20wd"}
    council = load_scheme("tower-hamlets").with_target("stage-1-20wd", cohort="received")
    assert measure(council, **options)["stage-1-20wd"].rows[0].met == 112
    with pytest.raises(OptionError, match=r"^requests: each row says how many of its records were met"):
        conventions(council, **options)


def test_the_command_prints_the_table_or_csv(typed: Typed) -> None:
    words = ("conventions", "lgsco", "--cases", str(DATA / "cases.csv"), "--as-of", "2024-03-31", "--target",
             "investigation-13w")  # fmt: skip
    answer = typed(*words)
    found = conventions(LGSCO, cases=DATA / "cases.csv", as_of="2024-03-31", targets="investigation-13w")
    assert (answer.code, answer.out) == (0, f"{found!r}\n")
    lines = typed(*words, "--csv", "--every", "year").out.splitlines()
    assert lines[0] == "target,period,convention,option,value,met,missed,status,changes"
    assert typed("conventions", "lgsco", "--as-of", "2024-03-31").code == 2
