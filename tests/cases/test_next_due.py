"""What is due next: the first of the open deadlines, compared with a plain loop over all of them."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi import Deadline, RecordsError, Request, WrittenContact, deadlines, load_scheme, next_due

LGSCO = load_scheme("lgsco")
CASE = {"case_id": "A", "received_at": "2024-03-28", "allocated_at": "2024-04-12"}


def test_what_is_overdue_comes_first_and_a_party_before_the_whole_case() -> None:
    found = next_due(LGSCO, CASE, as_of="2024-05-10")
    assert found is not None
    assert (found.target, found.party, str(found.due)) == ("keep-in-touch-intervals-20wd", "complainant", "2024-05-13")
    overdue = next_due(LGSCO, CASE, as_of="2024-07-10")  # the contact of 13 May; 13 weeks were over on 27 June
    assert overdue is not None
    assert (overdue.target, overdue.status, str(overdue.due)) == (found.target, "overdue", "2024-05-13")


def test_contact_moves_it_on() -> None:
    events = [
        {"case_id": "A", "event": "contact", "at": "2024-05-10", "party": party, "direction": "out"}
        for party in ("complainant", "organisation")
    ]
    found = next_due(LGSCO, CASE, events=events, as_of="2024-05-10")
    assert found is not None
    assert str(found.due) == "2024-06-10"


def test_nothing_is_due_on_what_is_done() -> None:
    done = {**CASE, "decided_at": "2024-04-15", "closed_at": "2024-04-15"}
    assert next_due(LGSCO, done, as_of="2024-05-10", targets="decided-or-allocated-20wd") is None
    assert next_due(LGSCO, done, as_of="2024-05-10") is None


def test_a_clock_that_stands_still_is_last() -> None:
    scheme = LGSCO.with_target("decided-or-allocated-20wd", clock={"pauses": "allowed"})
    record = {"case_id": "A", "received_at": "2024-03-28"}
    paused = [{"case_id": "A", "event": "paused", "at": "2024-04-05"}]
    found = next_due(scheme, record, events=paused, as_of="2024-04-10")
    assert found is not None
    assert (found.target, found.due) == ("decided-or-allocated-20wd", None)
    also = scheme.with_target(
        "own", says="In a year", of="cases", start="received_at", stop="decided_at", limit="52 weeks", cohort="received"
    )
    found = next_due(also, record, events=paused, as_of="2024-04-10")
    assert found is not None
    assert found.target == "own"


def test_a_time_of_day_is_before_the_end_of_its_day() -> None:
    scheme = load_scheme("lgo-2017-18")
    own = {"of": "written_contacts", "start": "received_at", "stop": "handled_at", "cohort": "received"}
    scheme = scheme.with_target("same-day", says="The next day", limit="1 calendar day", **own)
    record = WrittenContact(contact_id="W", received_at="2024-04-02T09:30")
    found = next_due(scheme, record, as_of="2024-04-02T10:00")
    assert found is not None
    assert found.target == "written-contacts-24h"


def order(item: Deadline) -> tuple[Any, ...]:
    """Where a deadline stands, in plain words: its day, then its time of day, then the whole case last."""
    if item.due is None:
        return ("9999", "99", 1)
    day = item.due.date() if isinstance(item.due, datetime) else item.due
    clock = f"{item.due:%H:%M:%S.%f}" if isinstance(item.due, datetime) else "99"
    return (day.isoformat(), clock, item.target == "keep-in-touch-20wd")


days = st.integers(0, 200).map(lambda number: date(2024, 1, 2) + timedelta(number))


@given(received=days, allocated=st.none() | days, decided=st.none() | days, as_of=days, told=st.lists(days, max_size=3))
def test_it_is_the_first_of_all_that_are_open(
    received: date, allocated: date | None, decided: date | None, as_of: date, told: list[date]
) -> None:
    record = {"case_id": "A", "received_at": received, "allocated_at": allocated, "decided_at": decided}
    events = [
        {"case_id": "A", "event": "contact", "at": day, "party": "complainant", "direction": "out"} for day in told
    ]
    best = None
    for item in deadlines(LGSCO, record, events=events, as_of=as_of.isoformat()):
        if item.status in {"pending", "overdue"} and (best is None or order(item) < order(best)):
            best = item
    assert next_due(LGSCO, record, events=events, as_of=as_of.isoformat()) == best


def test_what_cant_be_read_is_an_error_as_of_deadlines() -> None:
    with pytest.raises(RecordsError):
        next_due(LGSCO, {"case_id": "A", "received_at": "03/04/2024"}, as_of="2024-05-10")


def test_of_a_request() -> None:
    request = Request(request_id="R", kind="service-complaint", received_at="2024-03-28")
    found = next_due(LGSCO, request, as_of="2024-04-26")
    assert found is not None
    assert (found.target, found.left) == ("service-complaints-20wd", 1)
    assert found.explain(form="letter").startswith("We received your complaint about our service on Thursday 28 March")
