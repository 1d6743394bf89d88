"""Why a deadline is when it is: the text word by word, its steps as data, and every day that isn't counted."""

import pickle
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import ValidationError

from ombudsman_kpi import (
    Call,
    Case,
    Deadline,
    Order,
    Request,
    Scheme,
    WorkingCalendar,
    WrittenContact,
    deadlines,
    load_scheme,
)
from ombudsman_kpi.cases.explanation import Explanation, Step

LGSCO, LGO, HOUSING = (load_scheme(name) for name in ("lgsco", "lgo-2017-18", "housing-ombudsman-2019"))
DECIDED, CASES, INTERVALS = "decided-or-allocated-20wd", "keep-in-touch-20wd", "keep-in-touch-intervals-20wd"
EXPLAINED, HANDLED, COMPLIED = "delays-explained", "written-contacts-24h", "orders-complied"
DAY = timedelta(days=1)

Row = dict[str, Any]
often = settings(max_examples=settings().max_examples * 3 // 5)


def changed(limit: str = "20 working days", **clock: str) -> Scheme:
    return LGSCO.with_target(DECIDED, limit=limit, clock=clock)


def event(word: str, at: str, *, party: str | None = None, **others: Any) -> Row:
    return {"case_id": "A", "event": word, "at": at, "party": party, "direction": "out" if party else None, **others}


def case(received: Any = "2024-03-28", **others: Any) -> Case:
    return Case(case_id="A", received_at=received, **others)


INVESTIGATED = case("2024-01-03", allocated_at="2024-03-28")
STOOD = [event("paused", "2024-04-05"), event("resumed", "2024-04-10")]
TOLD = [
    event("delay_explained", "2024-04-20", party=party, reason="records") for party in ("complainant", "organisation")
]
CONTACTS = [
    event("contact", day, party="complainant") for day in ("2024-04-10", "2024-05-10")
] + [event("contact", "2024-04-19", party="organisation")]  # fmt: skip


class Telling(NamedTuple):
    """A record, and what its explanation says before it names the target and the calendar."""

    scheme: Scheme
    record: Any
    as_of: str
    as_at: str
    lines: Sequence[str]
    target: str = DECIDED
    events: Sequence[Row] = ()
    party: str | None = None
    options: str = ""
    after: Sequence[str] = ()  # what is said last

    @property
    def deadline(self) -> Deadline:
        found = deadlines(self.scheme, self.record, events=self.events, as_of=self.as_of, targets=self.target)
        return next(item for item in found if item.party == self.party)


TELLING = {
    "at-easter": Telling(
        LGSCO, case("2024-03-30", decided_at="2024-04-30"), "2024-05-31", "Fri 31 May 2024",
        ["Received Sat 30 Mar 2024.",
         "Day 1 was Tue 2 Apr 2024 (weekend and Easter Monday skipped).",
         "The 20th working day was Mon 29 Apr 2024 (4 weekends skipped): the last day in time.",
         "Decided Tue 30 Apr 2024: 1 working day late."],
    ),
    "in-time": Telling(
        LGSCO, case("2024-03-28T09:30", allocated_at="2024-04-26T16:00"), "2024-05-31", "Fri 31 May 2024",
        ["Received Thu 28 Mar 2024 09:30.",
         "Day 1 was Tue 2 Apr 2024 (weekend, Good Friday and Easter Monday skipped).",
         "The 20th working day was Mon 29 Apr 2024 (4 weekends skipped): the last day in time.",
         "Allocated Fri 26 Apr 2024: in time, with 1 working day to spare."],
    ),
    "on-the-last-day": Telling(
        LGSCO, case("2024-05-08", decided_at="2024-06-06"), "2024-06-30", "Sun 30 Jun 2024",
        ["Received Wed 8 May 2024.",
         "Day 1 was Thu 9 May 2024.",
         "The 20th working day was Thu 6 Jun 2024 (4 weekends and Spring bank holiday skipped): the last day in time.",
         "Decided Thu 6 Jun 2024: in time."],
    ),
    "due-today": Telling(
        LGSCO, case("2024-03-30"), "2024-04-29T09:00", "Mon 29 Apr 2024 09:00",
        ["Received Sat 30 Mar 2024.",
         "Day 1 was Tue 2 Apr 2024 (weekend and Easter Monday skipped).",
         "The 20th working day is Mon 29 Apr 2024 (4 weekends skipped): the last day in time.",
         "Not yet decided or allocated by Mon 29 Apr 2024 09:00: due that day."],
    ),
    "overdue": Telling(
        LGSCO, case("2024-03-30"), "2024-05-01", "Wed 1 May 2024",
        ["Received Sat 30 Mar 2024.",
         "Day 1 was Tue 2 Apr 2024 (weekend and Easter Monday skipped).",
         "The 20th working day was Mon 29 Apr 2024 (4 weekends skipped): the last day in time.",
         "Not yet decided or allocated by Wed 1 May 2024: 2 working days overdue."],
    ),
    "withdrawn-late": Telling(
        LGSCO, case(withdrawn_at="2024-05-01"), "2024-05-31", "Fri 31 May 2024",
        ["Received Thu 28 Mar 2024.",
         "Day 1 was Tue 2 Apr 2024 (weekend, Good Friday and Easter Monday skipped).",
         "The 20th working day was Mon 29 Apr 2024 (4 weekends skipped): the last day in time.",
         "Withdrawn Wed 1 May 2024: 2 working days late (withdrawn after it was due)."],
    ),
    "weeks": Telling(
        LGSCO, case("2024-03-01", allocated_at="2024-03-20"), "2024-05-10", "Fri 10 May 2024",
        ["Received Fri 1 Mar 2024.",
         "13 weeks from then end Fri 31 May 2024: the last day in time.",
         "Not yet decided by Fri 10 May 2024: 21 days left."],
        target="investigation-13w",
    ),
    "less-than-weeks": Telling(
        LGO, case("2024-03-01"), "2024-06-01", "Sat 1 Jun 2024",
        ["Received Fri 1 Mar 2024.",
         "Less than 13 weeks from then: the last day in time was Thu 30 May 2024.",
         "Not yet decided by Sat 1 Jun 2024: 2 days overdue."],
        target="assessment-13w",
    ),
    "less-than-working-days": Telling(
        changed("< 2 working days"), case("2024-03-28"), "2024-03-28", "Thu 28 Mar 2024",
        ["Received Thu 28 Mar 2024.",
         "Day 1 is Tue 2 Apr 2024 (weekend, Good Friday and Easter Monday skipped).",
         "The 1st working day is Tue 2 Apr 2024: the last day in time.",
         "Not yet decided or allocated by Thu 28 Mar 2024: 1 working day left."],
    ),
    "hours-in-march": Telling(
        LGO, WrittenContact(contact_id="W", received_at="2024-03-30T09:00"),
        "2024-03-31T12:30", "Sun 31 Mar 2024 12:30",
        ["Received Sat 30 Mar 2024 09:00.",
         "24 hours from then end Sun 31 Mar 2024 10:00: the last moment in time (the clocks went forward in between).",
         "Not yet handled by Sun 31 Mar 2024 12:30: 2 hours 30 minutes overdue."],
        target=HANDLED,
    ),
    "hours-in-october": Telling(
        LGO, WrittenContact(contact_id="W", received_at="2024-10-26T09:00", handled_at="2024-10-27T07:59:30"),
        "2024-10-31", "Thu 31 Oct 2024",
        ["Received Sat 26 Oct 2024 09:00.",
         "24 hours from then ended Sun 27 Oct 2024 08:00: the last moment in time (the clocks went back in between).",
         "Handled Sun 27 Oct 2024 07:59:30: in time, with 30 seconds to spare."],
        target=HANDLED,
    ),
    "a-call": Telling(
        LGSCO, Call(offered_at="2024-03-28T09:00:00", answered_at="2024-03-28T09:01:30"),
        "2024-03-31", "Sun 31 Mar 2024",
        ["Offered Thu 28 Mar 2024 09:00.",
         "60 seconds from then ended Thu 28 Mar 2024 09:01: the last moment in time.",
         "Answered Thu 28 Mar 2024 09:01:30: 30 seconds late."],
        target="intake-calls-60s",
    ),
    "own-due-date": Telling(
        HOUSING, Order(case_id="A", due_at="2024-04-19"), "2024-04-21", "Sun 21 Apr 2024",
        ["By its own due_at, it was due Fri 19 Apr 2024.",
         "Not yet complied by Sun 21 Apr 2024: 2 days overdue."],
        target=COMPLIED,
    ),
    "paused": Telling(
        changed(pauses="allowed"), case(decided_at="2024-05-01"), "2024-05-15", "Wed 15 May 2024",
        ["Received Thu 28 Mar 2024.",
         "Day 1 was Tue 2 Apr 2024 (weekend, Good Friday and Easter Monday skipped).",
         "The clock stood still from Fri 5 Apr 2024 to Tue 9 Apr 2024: those days don't count.",
         "The 20th working day that counts was Thu 2 May 2024 (4 weekends skipped): the last day in time.",
         "Decided Wed 1 May 2024: in time, with 1 working day to spare (late without pauses)."],
        events=STOOD, options="; pauses: allowed",
    ),
    "contact": Telling(
        LGSCO, INVESTIGATED, "2024-05-13", "Mon 13 May 2024",
        ["Last contact with the complainant: Wed 10 Apr 2024.",
         "Day 1 was Thu 11 Apr 2024.",
         "The 20th working day was Thu 9 May 2024 (4 weekends and Early May bank holiday skipped): the last day in "
         "time.",
         "Contacted Fri 10 May 2024: 1 working day late."],
        target=INTERVALS, events=CONTACTS, party="complainant",
    ),
    "contact-to-come": Telling(
        LGSCO, INVESTIGATED, "2024-05-13", "Mon 13 May 2024",
        ["Last contact with the organisation: Fri 19 Apr 2024.",
         "Day 1 was Mon 22 Apr 2024 (weekend skipped).",
         "The 20th working day is Mon 20 May 2024 (4 weekends and Early May bank holiday skipped): the last day in "
         "time.",
         "No contact with the organisation since then by Mon 13 May 2024: 5 working days left."],
        target=INTERVALS, events=CONTACTS, party="organisation",
    ),
    "delay-explained": Telling(
        LGSCO, case(), "2024-05-31", "Fri 31 May 2024",
        ["Target decided-or-allocated-20wd was missed; its clock started Thu 28 Mar 2024.",
         "To be explained by Mon 29 Apr 2024.",
         "Explained: in time."],
        target=EXPLAINED, events=TOLD,
    ),
    "delay-not-explained": Telling(
        LGSCO, case(), "2024-05-31", "Fri 31 May 2024",
        ["Target decided-or-allocated-20wd was missed; its clock started Thu 28 Mar 2024.",
         "To be explained by Mon 29 Apr 2024.",
         "Not explained in time: late."],
        target=EXPLAINED, events=TOLD[:1],
    ),
    "provisional": Telling(
        LGSCO, case("2028-12-20"), "2028-12-21", "Thu 21 Dec 2028",
        ["Received Wed 20 Dec 2028.",
         "Day 1 is Thu 21 Dec 2028.",
         "The 20th working day is Mon 22 Jan 2029 (5 weekends, Christmas Day, Boxing Day and New Year’s Day skipped): "
         "the last day in time.",
         "Not yet decided or allocated by Thu 21 Dec 2028: 19 working days left."],
        after=["Provisional: bank holidays have been announced only up to Sun 31 Dec 2028."],
    ),
    "invalid": Telling(
        LGSCO, case(decided_at="2024-03-27"), "2024-05-31", "Fri 31 May 2024",
        ["Received Thu 28 Mar 2024.",
         "Day 1 was Tue 2 Apr 2024 (weekend, Good Friday and Easter Monday skipped).",
         "The 20th working day was Mon 29 Apr 2024 (4 weekends skipped): the last day in time.",
         "Whether it was in time can't be said: decided_at is before received_at."],
    ),
    "no-day-at-all": Telling(
        LGSCO, case("1980-03-28"), "2024-05-31", "Fri 31 May 2024",
        ["Whether it was in time can't be said: received_at is outside the calendar."],
    ),
    "cut-off": Telling(
        changed(cut_off="17:00"), case("2024-04-02T17:01"), "2024-04-10", "Wed 10 Apr 2024",
        ["Received Tue 2 Apr 2024 17:01, which counts as Wed 3 Apr 2024 (what comes after 17:00 is received the next "
         "day).",
         "Day 1 was Thu 4 Apr 2024.",
         "The 20th working day is Wed 1 May 2024 (4 weekends skipped): the last day in time.",
         "Not yet decided or allocated by Wed 10 Apr 2024: 15 working days left."],
        options="; cut off: 17:00",
    ),
    "deemed-received": Telling(
        changed(non_working_receipt="next working day"), case("2024-03-30"), "2024-04-10", "Wed 10 Apr 2024",
        ["Received Sat 30 Mar 2024, which counts as Tue 2 Apr 2024 (what comes on a day off is received on the next "
         "working day).",
         "Day 1 was Wed 3 Apr 2024.",
         "The 20th working day is Tue 30 Apr 2024 (4 weekends skipped): the last day in time.",
         "Not yet decided or allocated by Wed 10 Apr 2024: 14 working days left."],
        options="; non working receipt: next working day",
    ),
    "day-1": Telling(
        changed(day_of_receipt="day 1"), case(), "2024-04-10", "Wed 10 Apr 2024",
        ["Received Thu 28 Mar 2024.",
         "Day 1 was Thu 28 Mar 2024 (the day of receipt is day 1).",
         "The 20th working day is Fri 26 Apr 2024 (4 weekends, Good Friday and Easter Monday skipped): the last day in "
         "time.",
         "Not yet decided or allocated by Wed 10 Apr 2024: 12 working days left."],
        options="; day of receipt: day 1",
    ),
}  # fmt: skip


def whole_text(item: Telling) -> str:
    scheme, target = item.scheme, item.target
    named = f"{scheme.title} (scheme {scheme.id}, digest {scheme.digest})"
    return "\n".join(
        [
            *item.lines,
            f"Target {target}: “{scheme[target].says}”, in {named}.",
            f"Calendar of England and Wales, edition {scheme.calendar.edition}{item.options}. As at {item.as_at}.",
            *item.after,
        ]
    )


each_telling = pytest.mark.parametrize("item", TELLING.values(), ids=TELLING)


@each_telling
def test_the_text_word_by_word(item: Telling) -> None:
    assert item.deadline.explain() == whole_text(item)


def test_a_clock_that_stands_still_has_no_due_day() -> None:
    scheme = changed(pauses="allowed")
    lines = Telling(scheme, case(), "2024-04-15", "", [], events=STOOD[:1]).deadline.explain().splitlines()
    assert lines[2:4] == [
        "The clock stood still from Fri 5 Apr 2024 and still does: those days don't count.",
        "There is no due day while the clock stands still.",
    ]
    assert lines[4].startswith("Not yet decided or allocated by Mon 15 Apr 2024: ")


def test_closures_and_the_calendar_of_a_scheme_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('id = "own"\nextends = "lgsco"\nclosures = ["2024-04-12", "2024-03-29"]\n')
    scheme = load_scheme(own)
    lines = Telling(scheme, case(), "2024-04-29", "", []).deadline.explain().splitlines()
    assert lines[1:3] == [
        "Day 1 was Tue 2 Apr 2024 (weekend, Good Friday and Easter Monday skipped).",  # which was off in any case
        "The 20th working day is Tue 30 Apr 2024 (4 weekends and closure on Fri 12 Apr 2024 skipped): the last day in "
        "time.",
    ]
    assert f"edition {scheme.calendar.edition}" in lines[-1]
    assert scheme.calendar.edition != LGSCO.calendar.edition


def test_a_due_day_that_rolls() -> None:
    scheme = changed("8 weeks", non_working_due="next working day")
    text = Telling(scheme, case("2024-03-11"), "2024-05-31", "", []).deadline.explain()
    assert "Tue 7 May 2024" in text.splitlines()[1]  # Monday 6 May was a bank holiday
    assert "non working due: next working day" in text


# What it says must be true


def test_times_are_told_as_the_clock_in_the_schemes_zone_showed_them() -> None:
    """What came at 23:30 UTC on 1 July came on 2 July, at half past midnight."""
    utc = Telling(LGSCO, case("2024-07-01T23:30Z"), "2024-07-31", "", []).deadline.explain()
    assert utc.splitlines()[0] == "Received Tue 2 Jul 2024 00:30."
    letter = WrittenContact(contact_id="W", received_at="2024-10-26T08:00Z")
    hours = Telling(LGO, letter, "2024-10-31", "", [], target=HANDLED).deadline.explain()
    assert hours.splitlines()[0] == "Received Sat 26 Oct 2024 09:00."
    cut_off = Telling(changed(cut_off="17:00"), case("2024-07-01T16:30Z"), "2024-07-31", "", []).deadline.explain()
    assert cut_off.startswith("Received Mon 1 Jul 2024 17:30, which counts as Tue 2 Jul 2024")


def test_what_has_only_a_date_is_told_without_a_time() -> None:
    order = Order(case_id="A", due_at="2024-04-18", complied_at="2024-04-20")
    text = Telling(HOUSING, order, "2024-04-28", "", [], target=COMPLIED).deadline.explain()
    assert text.splitlines()[1] == "Complied Sat 20 Apr 2024: 2 days late."


def test_how_a_clock_ended_is_told_of_the_field_that_ended_it() -> None:
    record = case("2024-01-03", allocated_at="2024-03-28", withdrawn_at="2024-04-18", decided_at="2024-04-22")
    found = Telling(LGSCO, record, "2024-05-31", "", [], target=INTERVALS, party="complainant").deadline
    assert "the case ended (decided Mon 22 Apr 2024): in time, with 5 working days to spare." in found.explain()


def test_the_party_is_named_whoever_it_is_that_waits() -> None:
    found = deadlines(LGSCO, INVESTIGATED, as_of="2024-05-31", targets=INTERVALS)
    texts = [str(item.explain()) for item in found]
    assert [item.party for item in found] == ["complainant", "organisation"]
    assert "complainant" in texts[0].partition("\nTarget")[0]
    assert "organisation" in texts[1].partition("\nTarget")[0]


def test_the_due_day_of_a_case_is_counted_from_the_day_that_is_named() -> None:
    item = Telling(LGSCO, INVESTIGATED, "2024-05-13", "", [], target=CASES, events=CONTACTS).deadline
    assert item.due == date(2024, 5, 20)  # the organisation's, who were last told on 19 April
    for step in item.explain().steps:
        assert step.kind != "start" or LGSCO.calendar.add(step.day, 20) == item.due


def test_a_delay_that_may_still_be_explained() -> None:
    scheme = LGSCO.with_target(EXPLAINED, up_to="5 working days")
    item = Telling(scheme, case(), "2024-05-01", "", [], target=EXPLAINED).deadline
    assert item.status == "pending"
    lines = item.explain().splitlines()
    assert "Tue 7 May 2024" in "\n".join(lines[:3])
    assert not any("  " in line for line in lines)


# Every day that isn't counted


@cache
def of_limit(number: int, *, less: bool) -> Scheme:
    return changed(f"{'< ' if less else ''}{number} working days")


CALENDAR = WorkingCalendar.uk("england-and-wales")


@often
@given(
    st.dates(date(2019, 12, 1), date(2027, 12, 31)),
    st.integers(2, 45),
    st.booleans(),
    st.sampled_from([None, 10, 400]),
)
def test_every_day_that_is_skipped_is_in_the_steps(start: date, number: int, less: bool, took: int | None) -> None:
    ended = None if took is None else start + took * DAY
    record = case(start, decided_at=ended)
    item = Telling(of_limit(number, less=less), record, str((ended or start) + DAY), "", []).deadline
    steps = {step.kind: step for step in item.explain().steps}
    day, counted = start, 0
    off: list[date] = []
    while counted < number - less:
        day += DAY
        if CALENDAR.is_working_day(day):
            counted += 1
            if counted == 1:
                assert steps["day 1"].day == item.day_1 == day
                assert [skipped.day for skipped in steps["day 1"].skipped] == off
                off = []
        else:
            off.append(day)
    assert steps["due"].day == item.due == day
    assert [skipped.day for skipped in steps["due"].skipped] == off
    for skipped in (*steps["day 1"].skipped, *steps["due"].skipped):
        assert skipped.name == CALENDAR.name_of(skipped.day)


@often
@given(st.dates(date(2022, 1, 1), date(2025, 12, 31)), st.integers(1, 45))
def test_what_is_skipped_is_summed_up_in_words(start: date, number: int) -> None:
    item = Telling(of_limit(number, less=False), case(start), str(start), "", []).deadline
    for step in item.explain().steps:
        named = [day.name for day in step.skipped if day.day.weekday() < 5]
        weekends = len({day.day - day.day.weekday() * DAY for day in step.skipped if day.day.weekday() >= 5})
        assert all(name in step.says for name in named)
        assert ("skipped" in step.says) is bool(step.skipped)
        assert ("weekend" in step.says) is (weekends > 0)
        assert (f"({weekends} weekends" in step.says) is (weekends > 1)


@pytest.mark.parametrize("division", ["scotland", "any-uk-nation"])
def test_the_days_off_of_other_divisions(tmp_path: Path, division: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'id = "own"\nextends = "lgsco"\ndivision = "{division}"\n')
    item = Telling(load_scheme(own), case("2023-12-29"), "2024-01-31", "", []).deadline
    text = item.explain()
    first = text.steps[1]
    assert first.day == date(2024, 1, 3)
    assert [day.day.isoformat() for day in first.skipped] == ["2023-12-30", "2023-12-31", "2024-01-01", "2024-01-02"]
    assert {"scotland": "Calendar of Scotland,", "any-uk-nation": "Calendar of all UK nations,"}[division] in text


# As data


@each_telling
def test_steps_are_the_same_as_data(item: Telling) -> None:
    deadline = item.deadline
    text = deadline.explain()
    assert isinstance(text, str)
    assert isinstance(text, Explanation)
    assert text.splitlines() == [step.says for step in text.steps]
    kinds = [step.kind for step in text.steps]
    assert kinds[-1 - len(item.after)] == "calendar"
    assert kinds[-2 - len(item.after)] == "target"
    days = {step.kind: step.day for step in text.steps}
    assert days["status"] == deadline.stop
    assert days.get("due", deadline.due) == deadline.due
    assert days.get("start", deadline.start) == deadline.start
    assert days.get("day 1") == deadline.day_1
    assert [step.day for step in text.steps if step.kind == "pause"] == [pause.first for pause in deadline.pauses]
    assert ("provisional" in kinds) is deadline.provisional
    assert all(Step.model_validate_json(step.model_dump_json()) == step for step in text.steps)


def test_the_kinds_of_the_steps() -> None:
    def kinds(name: str) -> str:
        return ", ".join(step.kind for step in TELLING[name].deadline.explain().steps)

    assert kinds("at-easter") == "start, day 1, due, status, target, calendar"
    assert kinds("weeks") == "start, due, status, target, calendar"
    assert kinds("own-due-date") == "due, status, target, calendar"
    assert kinds("paused") == "start, day 1, pause, due, status, target, calendar"
    assert kinds("provisional") == "start, day 1, due, status, target, calendar, provisional"
    assert kinds("no-day-at-all") == "status, target, calendar"


@each_telling
def test_the_text_is_the_same_after_a_round_trip(item: Telling) -> None:
    deadline = item.deadline
    text = deadline.explain()
    through_json = Deadline.model_validate_json(deadline.model_dump_json()).explain()
    assert through_json == text
    assert [step.model_dump_json() for step in through_json.steps] == [step.model_dump_json() for step in text.steps]
    again = pickle.loads(pickle.dumps(text))  # noqa: S301
    assert (type(again), again, again.steps) == (Explanation, text, text.steps)
    assert pickle.loads(pickle.dumps(deadline)) == deadline  # noqa: S301


def test_a_step_never_changes() -> None:
    step = TELLING["at-easter"].deadline.explain().steps[0]
    with pytest.raises(ValidationError, match="frozen"):
        step.says = "Received yesterday."  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        Step(kind="start", says="Received.", colour="red")  # type: ignore[call-arg]


# In Markdown


def in_words(markdown: str) -> list[tuple[str, bool]]:
    """Render Markdown; give the text of each item of its one list, and whether it is all in bold."""
    tokens = MarkdownIt().enable(["strikethrough", "table"]).parse(markdown)
    outer = [token.type for token in tokens if token.type != "inline"]
    found = []
    for token in tokens:
        if token.type == "inline":
            inner = [child.type for child in (token.children or [])]
            bold = inner[:1] == ["strong_open"] or inner[:2] == ["text", "strong_open"]
            marks = [kind for kind in inner if kind not in {"text", "text_special", "strong_open", "strong_close"}]
            assert marks == []
            assert inner.count("strong_open") == bold
            found.append(("".join(child.content for child in (token.children or [])), bold))
    item = ["list_item_open", "paragraph_open", "paragraph_close", "list_item_close"]
    assert outer == ["bullet_list_open", *item * len(found), "bullet_list_close"]
    return found


@each_telling
def test_markdown_is_a_list_with_the_deadline_in_bold(item: Telling) -> None:
    text = item.deadline.explain()
    assert in_words(text.to_markdown()) == [(step.says, step.kind in {"due", "status"}) for step in text.steps]
    assert text._repr_markdown_() == text.to_markdown()


MARKS = [
    "*all* cases **at once**", "snake_case and _lines_", "[here](https://example.org)", "![a](b)", "`code`",
    "<b>us</b>", "a | b", "# one", "1. first", "~~none~~", "back\\slash", "a_b*c_d*", "<https://example.org>",
    "R&amp;D &copy; &#35;",
]  # fmt: skip


@pytest.mark.parametrize("says", MARKS)
def test_words_of_a_target_are_no_marks(says: str) -> None:
    scheme = LGSCO.with_target(DECIDED, says=says)
    text = Telling(scheme, case(), "2024-04-05", "", []).deadline.explain()
    assert f"“{says}”" in text
    assert [words for words, _ in in_words(text.to_markdown())] == [step.says for step in text.steps]


@often
@given(st.text("ab *_`[]()<>#|\\~!.&;:-+=1\"'", min_size=1, max_size=30).filter(str.strip))
def test_no_words_of_a_target_are_marks(says: str) -> None:
    text = Telling(of_words(says), case(), "2024-04-05", "", []).deadline.explain()
    assert [words for words, _ in in_words(text.to_markdown())] == [step.says for step in text.steps]


def of_words(says: str) -> Scheme:
    return LGSCO.with_target(DECIDED, says=says)


def test_words_of_several_lines_stay_one_sentence() -> None:
    text = Telling(of_words("We decide\n\n- quickly\nand well"), case(), "2024-04-05", "", []).deadline.explain()
    assert len(text.splitlines()) == len(text.steps)
    assert len(in_words(text.to_markdown())) == len(text.steps)


def test_requests_and_times_of_day_are_told_to_the_minute() -> None:
    request = Request(request_id="R", kind="service-complaint", received_at=datetime(2024, 3, 28, 9, 5))  # noqa: DTZ001
    text = Telling(LGSCO, request, "2024-04-02", "", [], target="service-complaints-20wd").deadline.explain()
    assert text.splitlines()[0] == "Received Thu 28 Mar 2024 09:05."
    assert text.splitlines()[3] == "Not yet answered by Tue 2 Apr 2024: 19 working days left."


def test_long_times_are_told_in_plain_numbers() -> None:
    """A call of 28 March that nobody ever answered, at noon on 31 May: sixty-four days and two hours later."""
    call = Call(offered_at="2024-03-28T09:00:00+00:00")
    item = Telling(LGSCO, call, "2024-05-31T12:00:00+01:00", "", [], target="intake-calls-60s").deadline
    assert item.left == 60 - (64 * 24 + 2) * 3600
    assert "e+" not in item.explain().splitlines()[2]
