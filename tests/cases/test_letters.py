"""Letters word by word: what they say of each status, by which names, and what can't be one."""

import pickle
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from ombudsman_kpi import (
    Call,
    Deadline,
    OptionError,
    RecordsError,
    Request,
    Scheme,
    SchemeError,
    deadlines,
    load_scheme,
)
from ombudsman_kpi.cases.letter_words import clock, in_full

Record = dict[str, Any]

# The days are those of docs/counting-days.md and of GOV.UK's list.

LGSCO = load_scheme("lgsco")
DECIDED = "decided-or-allocated-20wd"
WORKING_DAYS = "Working days are Mondays to Fridays, other than bank holidays in England and Wales."


def letter(scheme: Scheme, record: Any, as_of: str, target: str = DECIDED, **options: Any) -> list[str]:
    (item,) = deadlines(scheme, record, as_of=as_of, targets=target, **options)
    return item.explain(form="letter").split("\n\n")


def case(received: str = "2024-03-30", **more: Any) -> Record:
    return {"case_id": "A1", "received_at": received, **more}


def test_a_letter_about_a_case_that_was_late() -> None:
    assert letter(LGSCO, case(decided_at="2024-04-30"), "2024-05-31") == [
        "We received your complaint on Saturday 30 March 2024. From then we had 20 working days, until the end of "
        "Monday 29 April 2024.",
        f"The first of these days was Tuesday 2 April 2024. {WORKING_DAYS} Easter Monday on Monday 1 April 2024 does "
        "not count.",
        "We decided your complaint on Tuesday 30 April 2024. That was 1 working day late.",
    ]


def test_a_letter_about_a_case_that_is_overdue_states_the_fact_and_no_apology() -> None:
    assert letter(LGSCO, case(), "2024-05-01")[-1] == (
        "We should have decided your complaint or passed it to an investigator by the end of Monday 29 April 2024. "
        "We had not done so at the end of Wednesday 1 May 2024, when it was 2 working days overdue."
    )


def test_a_letter_about_a_case_that_is_pending() -> None:
    assert letter(LGSCO, case(), "2024-04-19")[-1] == (
        "We have not yet decided your complaint or passed it to an investigator. At the end of Friday 19 April 2024, "
        "there were 6 working days left."
    )
    assert letter(LGSCO, case(), "2024-04-29")[-1].endswith("The last day is Monday 29 April 2024.")


def test_a_provisional_day_may_move() -> None:
    assert letter(LGSCO, case("2028-12-20"), "2028-12-21")[2] == (
        "The last day may move if a bank holiday is announced: they are known up to 31 December 2028."
    )


def test_holidays_by_their_names_in_scotland_and_northern_ireland() -> None:
    scotland, northern = (LGSCO.with_calendar(division=name) for name in ("scotland", "northern-ireland"))
    assert letter(scotland, case("2022-12-23"), "2023-01-20")[1].endswith(
        "Boxing Day on Monday 26 December 2022, Christmas Day (substitute day) on Tuesday 27 December 2022, New Year’s "
        "Day (substitute day) on Monday 2 January 2023 and 2nd January (substitute day) on Tuesday 3 January 2023 do "
        "not count."
    )
    assert letter(northern, case("2024-07-08"), "2024-08-01")[1].endswith(
        "The Battle of the Boyne (Orangemen’s Day) on Friday 12 July 2024 does not count."
    )
    assert letter(scotland, case("2026-06-10"), "2026-06-20")[1].endswith(
        "The bank holiday on Monday 15 June 2026 does not count."
    )


def test_another_country_has_public_holidays() -> None:
    said = letter(LGSCO.with_calendar(calendar={"country": "IE"}), case("2024-03-14"), "2024-04-01")[1]
    assert said == (
        "The first of these days was Friday 15 March 2024. Working days are Mondays to Fridays, other than public "
        "holidays in Ireland. Easter Monday on Monday 1 April 2024 does not count."
    )
    uk = letter(
        load_scheme("foi"), Request(request_id="R", kind="foi", received_at="2024-07-08"), "2024-07-09", "foi-20wd"
    )
    assert "other than bank holidays in any part of the United Kingdom. The Battle of the Boyne" in uk[1]


def test_an_explanation_that_is_still_in_time_has_its_last_day() -> None:
    scheme = LGSCO.with_target("delays-explained", up_to="5 working days")
    assert letter(scheme, case("2024-03-14"), "2024-04-16", "delays-explained") == [
        "We had not decided your complaint or passed it to an investigator in time.",
        "We have not yet told you and the organisation why there was a delay. There is time until the end of Monday "
        "22 April 2024.",
    ]


@pytest.mark.parametrize(
    ("limit", "received", "as_of", "says"),
    [
        ("0 working days", "2024-03-14", "2024-03-14", "We have until the end of that day."),
        ("1 month", "2024-01-31", "2024-02-10", "February has no 31st, so the time ends with the month."),
        ("< 13 weeks", "2024-03-01", "2024-06-01",
         "The time for this is less than 13 weeks from then: we had until the end of Thursday 30 May 2024."),
    ],
)  # fmt: skip
def test_other_limits(limit: str, received: str, as_of: str, says: str) -> None:
    assert says in "\n".join(letter(LGSCO.with_target(DECIDED, limit=limit), case(received), as_of))


def test_control_characters_in_a_stored_deadline_stay_out_of_its_letter() -> None:
    (item,) = deadlines(LGSCO, case(), as_of="2024-05-31", targets=DECIDED)
    stored = item.model_copy(update={"names": {"case": "your \x1b[31mcomplaint\x07"}})
    assert stored.explain(form="letter").replace("\n", "").isprintable()


def test_the_day_of_a_receipt_that_counts_later() -> None:
    scheme = LGSCO.with_target(DECIDED, clock={"cut_off": "17:00"})
    assert letter(scheme, case("2024-04-02T17:01"), "2024-04-10")[0].startswith(
        "We received your complaint at 5:01pm on Tuesday 2 April 2024. It counts from Wednesday 3 April 2024, because "
        "what comes after 5pm counts from the next day. From then we have 20 working days, until"
    )


def test_working_hours_and_a_closure() -> None:
    week = {day: ["09:00", "17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    declared = {**LGSCO.model_dump(mode="json", exclude_unset=True), "opening": week, "closures": ["2024-04-02"]}
    scheme = Scheme.model_validate(declared).with_target(DECIDED, limit="4 working hours")
    assert letter(scheme, case("2024-03-28T16:00"), "2024-04-04T12:00") == [
        "We received your complaint at 4pm on Thursday 28 March 2024. From then we had 4 working hours, until midday "
        "on Wednesday 3 April 2024.",
        "Working hours are those in which our offices are open. Good Friday on Friday 29 March 2024, Easter Monday on "
        "Monday 1 April 2024 and the closure of our offices on Tuesday 2 April 2024 do not count.",
        "We should have decided your complaint or passed it to an investigator by midday on Wednesday 3 April 2024. "
        "We had not done so at midday on Thursday 4 April 2024, when it was 8 working hours overdue.",
    ]


def test_the_party_that_contact_is_due_with_has_the_letter() -> None:
    record = case("2024-01-03", allocated_at="2024-03-28")
    events = [{"case_id": "A1", "event": "contact", "at": "2024-04-19", "party": "organisation", "direction": "out"}]
    target = "keep-in-touch-intervals-20wd"
    found = deadlines(LGSCO, record, events=events, as_of="2024-05-13", targets=target)
    told = {item.party: item.explain(form="letter").split("\n\n") for item in found}
    assert told["complainant"][0].startswith("We passed your complaint to an investigator on Thursday 28 March 2024. ")
    assert told["complainant"][-1].startswith("We should have contacted you by the end of Monday 29 April 2024. ")
    assert told["organisation"][0].startswith(
        "We contacted you about the complaint against your organisation on Friday 19 April 2024. "
    )
    assert told["organisation"][-1] == (
        "We have not yet contacted you again. At the end of Monday 13 May 2024, there were 5 working days left."
    )


def test_a_response_that_counts_from_the_day_on_which_its_acknowledgement_was_due() -> None:
    record = {"request_id": "R1", "kind": "stage-1", "received_at": "2024-12-19", "acknowledged_at": None}
    found = letter(
        load_scheme("complaint-handling-code"), Request.model_validate(record), "2025-01-31",
        target="stage-1-answered",
    )  # fmt: skip
    assert found[0] == (
        "The time counts from Monday 30 December 2024, the day by which we should have acknowledged your complaint. "
        "From then we had 10 working days, until the end of Tuesday 14 January 2025."
    )
    assert found[-1].startswith("We should have sent you your Stage 1 response by the end of Tuesday 14 January 2025.")


OWN = """
id = "own"
title = "Our standards"
source = "A notice"
division = "scotland"

[names]
case = "your complaint"
stage_1_response_at = "your Stage 1 response"

[[target]]
id = "stage-1"
says = "We answer in ten working days"
of = "cases"
start = "received_at"
stop = "stage_1_response_at"
limit = "10 working days"
cohort = "received"
"""


@pytest.fixture
def own(tmp_path: Any) -> Any:
    def load(text: str) -> Scheme:
        path = tmp_path / "own.toml"
        path.write_text(text, "utf-8")
        return load_scheme(path)

    return load


def test_a_field_of_ones_own_by_the_scheme_s_name_and_without_one(own: Any) -> None:
    record = case("2024-04-02", stage_1_response_at=None)
    named, unnamed = own(OWN), own(OWN.replace('stage_1_response_at = "your', 'received_at = "your'))
    assert letter(named, record, "2024-04-03", "stage-1")[-1].startswith(
        "We have not yet sent you your Stage 1 response."
    )
    assert letter(unnamed, record, "2024-04-03", "stage-1")[-1].startswith(
        "We have not yet sent you the stage 1 response."
    )
    assert letter(unnamed, record, "2024-04-03", "stage-1")[0].startswith("We received your Stage 1 response on")


def test_what_letters_call_things_measures_nothing_so_the_digest_stays(own: Any) -> None:
    assert own(OWN).digest == own(OWN.replace("your Stage 1 response", "our answer")).digest
    assert own(OWN).digest != own(OWN.replace("10 working days", "11 working days")).digest
    bare = own(re.sub(r"\[names\]\n.*\n.*\n", "", OWN))
    assert not bare.names
    assert bare.digest == own(OWN).digest
    assert "names" not in bare.model_dump(mode="json", exclude_unset=True)


def test_names_go_along_with_a_target_that_is_picked_and_a_scheme_that_is_extended(own: Any, tmp_path: Any) -> None:
    own(OWN)
    above = 'id = "{}"\ntitle = "T"\nsource = "S"\ndivision = "scotland"\n'
    (tmp_path / "picked.toml").write_text(above.format("picked") + '[[target]]\nfrom = "own.toml/stage-1"\n')
    assert load_scheme(tmp_path / "picked.toml")["stage-1"].names["stage_1_response_at"] == "your Stage 1 response"
    (tmp_path / "more.toml").write_text('id = "more"\nextends = "own.toml"\n[names]\ncase = "your appeal"\n')
    names = load_scheme(tmp_path / "more.toml").names
    assert names == {"case": "your appeal", "stage_1_response_at": "your Stage 1 response"}


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('stage_1_respons_at = "x"', "no letter speaks of 'stage_1_respons_at'. Did you mean 'stage_1_response_at'"),
        ('case = ""', "in a letter it is called by at most 200 letters in one line"),
        ('case = "a\\u0007b"', "in a letter it is called by at most 200 letters in one line"),
        ('case = 3', "names.case: text is wanted, in quotation marks"),
    ],
)  # fmt: skip
def test_names_that_mean_nothing_are_errors(own: Any, written: str, says: str) -> None:
    with pytest.raises(SchemeError) as error:
        own(OWN.replace('case = "your complaint"', written))
    assert says in str(error.value)


def test_a_letter_of_a_stored_deadline_is_the_same() -> None:
    (item,) = deadlines(LGSCO, case(), as_of="2024-05-31", targets=DECIDED)
    stored = Deadline.model_validate_json(item.model_dump_json())
    whole = item.explain(form="letter")
    assert stored.explain(form="letter") == whole
    again = pickle.loads(pickle.dumps(whole))  # noqa: S301
    assert (again, type(again), again.steps) == (whole, type(whole), whole.steps)
    assert whole.to_markdown().count("\n\n") == len(whole.steps) - 1


def test_a_deadline_that_was_stored_before_there_were_names_has_a_letter() -> None:
    (item,) = deadlines(LGSCO, case(), as_of="2024-04-19", targets=DECIDED)
    stored = item.model_dump(mode="json")
    del stored["names"]
    assert Deadline.model_validate(stored).explain(form="letter") == item.explain(form="letter")


def test_a_record_that_contradicts_itself_has_no_letter() -> None:
    (item,) = deadlines(LGSCO, case(decided_at="2024-03-27"), as_of="2024-05-31", targets=DECIDED)
    with pytest.raises(RecordsError, match=r"the record contradicts itself .* Correct the record first"):
        item.explain(form="letter")


def test_another_form_is_an_error_that_lists_the_forms() -> None:
    (item,) = deadlines(LGSCO, case(), as_of="2024-05-31", targets=DECIDED)
    with pytest.raises(OptionError, match=r"There is no form 'leter' of an explanation. Did you mean 'letter'"):
        item.explain(form="leter")  # type: ignore[arg-type]
    assert item.explain() == item.explain(form="steps")


@pytest.mark.parametrize("hour", range(24))
def test_times_of_day_as_gov_uk_writes_them(hour: int) -> None:
    # https://www.gov.uk/guidance/style-guide: 5:30pm, midnight, midday, 11am
    plain = {0: "midnight", 12: "midday"}.get(hour, f"{hour % 12 or 12}{'am' if hour < 12 else 'pm'}")
    assert in_full(datetime.fromisoformat(f"2024-04-02T{hour:02}:00")) == f"{plain} on Tuesday 2 April 2024"
    assert clock(f"{hour:02}:05").removesuffix("am").removesuffix("pm") == f"{hour % 12 or 12}:05"


def test_a_long_date_has_its_weekday() -> None:
    for number in range(0, 4000, 37):
        day = date(2020, 1, 1) + timedelta(number)
        assert in_full(day) == f"{day:%A} {day.day} {day:%B} {day.year}"


CALLED, LAST_SECOND = "2024-03-28T10:00:00", "2024-03-28T10:01:00"


def test_a_call_that_nobody_has_answered_yet_has_seconds_left_and_not_a_day() -> None:
    call: Record = {"offered_at": CALLED, "answered_at": None}
    says = letter(LGSCO, Call(**call), "2024-03-28T10:00:17", "intake-calls-60s")[-1]
    assert (
        says
        == "We have not yet answered your call. At 10:00:17am on Thursday 28 March 2024, there were 43 seconds left."
    )


def test_a_call_that_the_caller_ended_was_not_answered_at_that_time() -> None:
    call: Record = {"offered_at": CALLED, "abandoned_at": "2024-03-28T10:01:01"}
    says = letter(LGSCO, Call(**call), "2024-04-01", "intake-calls-60s")[-1]
    assert says.startswith("The call ended unanswered at 10:01:01am on Thursday 28 March 2024. Before that, ")


def test_no_more_time_is_left_than_there_is() -> None:
    awaab, target = load_scheme("awaabs-law"), "emergency-made-safe-24h"
    hazard = case(CALLED, hazard="emergency", made_safe_at="2024-03-28T10:00:17", rehoused_at=None)
    assert letter(awaab, hazard, "2024-05-01", target)[-1].endswith("in time, with 23 hours 59 minutes to spare.")


def test_the_day_that_counts_too_is_the_first_and_not_the_last() -> None:
    request = Request(request_id="R1", kind="complaint", received_at="2024-03-28", acknowledged_at=None)
    says = letter(load_scheme("nhs-complaints"), request, "2024-04-01", "answered-6-months")[1]
    assert says.startswith("The day on which the time began counts, too.")
