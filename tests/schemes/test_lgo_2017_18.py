"""Every target of the LGO's Business Plan 2017-18, on a few records worked by hand."""

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from ombudsman_kpi import Scheme, load_scheme, measure
from ombudsman_kpi.figures.row import Row

NAME = "lgo-2017-18"
YEAR, BEFORE = "2017/18", "2016/17"
Records = list[dict[str, Any]]
Span = tuple[str, str | None]


@pytest.fixture(scope="module")
def plan() -> Scheme:
    return load_scheme(NAME)


def figure(scheme: Scheme, target: str, *, period: str = YEAR, as_of: str = "2018-03-31", **records: Any) -> Row:
    """Measure one target in financial years, and give the row of one of them."""
    every = records.pop("every", "financial-year")
    rows = measure(scheme, **records, as_of=as_of, every=every, targets=target)[target].rows
    (row,) = [row for row in rows if row.period == period]
    return row


def calls(*seconds: int | None) -> Records:
    """Give calls answered after so many seconds; None was abandoned after five."""
    at = "2017-04-03T09:{:02}:{:02}"
    return [
        {"offered_at": at.format(0, 0), "answered_at": None, "abandoned_at": at.format(0, 5)}
        if wait is None
        else {"offered_at": at.format(0, 0), "answered_at": at.format(*divmod(wait, 60)), "abandoned_at": None}
        for wait in seconds
    ]


def cases(spans: Iterable[Span], *, allocated: str | None = None, **columns: Any) -> Records:
    """Give cases received and decided on some days."""
    return [
        {"case_id": str(number), "received_at": start, "decided_at": stop, "allocated_at": allocated} | columns
        for number, (start, stop) in enumerate(spans)
    ]


def lasting(*days: int, start: str = "2017-04-03") -> list[Span]:
    """Give cases decided after so many days."""
    return [(start, (date.fromisoformat(start) + timedelta(wait)).isoformat()) for wait in days]


def numbered(kind: str, before: int, now: int) -> Records:
    """Give so many activities of a kind in the year before, and in the year of the plan."""
    return [{"kind": kind, "at": day, "tone": None} for day in ["2016-06-01"] * before + ["2017-06-01"] * now]


# Intake


def test_intake_calls_60s(plan: Scheme) -> None:
    # 60 seconds are within 60 seconds; an abandoned call wasn't answered: 19 of 20 are 95%
    row = figure(plan, "intake-calls-60s", calls=calls(*[60] * 19, None))
    assert (row.met, row.missed, row.exact, row.status, row.headroom) == (19, 1, Fraction(19, 20), "met", 0)
    row = figure(plan, "intake-calls-60s", calls=calls(*[60] * 18, 61, None))
    assert (row.met, row.missed, row.status, row.headroom) == (18, 2, "missed", -1)


def test_calls_answered(plan: Scheme) -> None:
    # however long it took: 49 of 50 are 98%
    row = figure(plan, "calls-answered", calls=calls(*[3000] * 49, None))
    assert (row.met, row.denominator, row.exact, row.status) == (49, 50, Fraction(49, 50), "met")
    row = figure(plan, "calls-answered", calls=calls(*[1] * 48, None))
    assert (row.exact, row.status) == (Fraction(48, 49), "missed")


def test_average_answer_time(plan: Scheme) -> None:
    # (10 + 30) / 2 is 20; the five seconds that one waited in vain aren't in it
    row = figure(plan, "average-answer-time", calls=calls(10, 30, None))
    assert (row.exact, row.unit, row.denominator, row.status) == (Fraction(20), "seconds", 2, "met")
    row = figure(plan, "average-answer-time", calls=calls(10, 30, 21))
    assert (row.exact, row.status) == (Fraction(61, 3), "missed")


def test_average_answer_time_to_the_millisecond(plan: Scheme) -> None:
    at = ["2017-04-03T09:00:00.000", "2017-04-03T09:00:20.001"]
    row = figure(plan, "average-answer-time", calls=[{"offered_at": at[0], "answered_at": at[1]}])
    assert (row.exact, row.status) == (Fraction(20_001, 1000), "missed")


@pytest.mark.parametrize(("handled", "met"), [("2017-04-04T09:00:00", 1), ("2017-04-04T09:00:01", 0), (None, 0)])
def test_written_contacts_24h(handled: str | None, met: int, plan: Scheme) -> None:
    contacts = [{"contact_id": "W", "received_at": "2017-04-03T09:00:00", "handled_at": handled}]
    row = figure(plan, "written-contacts-24h", written_contacts=contacts)
    assert (row.met, row.missed, row.status) == (met, 1 - met, "met" if met else "missed")


def test_written_contacts_24h_of_a_weekend_run_on_the_clock(plan: Scheme) -> None:
    friday, monday = "2017-04-07T16:00:00", "2017-04-10T09:00:00"
    contacts = [{"contact_id": "W", "received_at": friday, "handled_at": monday}]
    assert figure(plan, "written-contacts-24h", written_contacts=contacts).met == 0


# Assessment and investigation: in less than 91, 182, 364 days

LONG = "2018-12-31"  # when all of them are decided


def shares(plan: Scheme, team: str, weeks: int, *days: int) -> tuple[Fraction | None, str]:
    allocated = "2017-04-10" if team == "investigation" else None
    target = f"{team}-{weeks}w"
    given = cases(lasting(*days, start="2017-04-03"), allocated=allocated)
    (row,) = measure(plan, cases=given, as_of=LONG, targets=target).rows
    return row.exact, row.status


def test_assessment_13w(plan: Scheme) -> None:
    assert shares(plan, "assessment", 13, *[90] * 13, *[91] * 7) == (Fraction(65, 100), "met")
    assert shares(plan, "assessment", 13, *[90] * 12, *[91] * 8) == (Fraction(60, 100), "missed")


def test_assessment_26w(plan: Scheme) -> None:
    assert shares(plan, "assessment", 26, *[181] * 17, *[182] * 3) == (Fraction(85, 100), "met")
    assert shares(plan, "assessment", 26, *[181] * 16, *[182] * 4) == (Fraction(80, 100), "missed")


def test_assessment_52w(plan: Scheme) -> None:
    assert shares(plan, "assessment", 52, *[363] * 99, 364) == (Fraction(99, 100), "met")
    assert shares(plan, "assessment", 52, *[363] * 98, 364, 365) == (Fraction(98, 100), "missed")


def test_investigation_13w(plan: Scheme) -> None:
    assert shares(plan, "investigation", 13, *[90] * 13, *[91] * 7) == (Fraction(65, 100), "met")
    assert shares(plan, "investigation", 13, *[90] * 12, *[91] * 8) == (Fraction(60, 100), "missed")


def test_investigation_26w(plan: Scheme) -> None:
    assert shares(plan, "investigation", 26, *[181] * 17, *[182] * 3) == (Fraction(85, 100), "met")
    assert shares(plan, "investigation", 26, *[181] * 16, *[182] * 4) == (Fraction(80, 100), "missed")


def test_investigation_52w(plan: Scheme) -> None:
    assert shares(plan, "investigation", 52, *[363] * 99, 364) == (Fraction(99, 100), "met")
    assert shares(plan, "investigation", 52, *[363] * 98, 364, 365) == (Fraction(98, 100), "missed")


def test_a_case_is_of_assessment_or_of_investigation(plan: Scheme) -> None:
    given = cases(lasting(10, 20)) + cases(lasting(30), allocated="2017-04-10", case_id="I")
    row = figure(plan, "assessment-13w", cases=given)
    assert (row.met, row.excluded) == (2, 1)
    row = figure(plan, "investigation-13w", cases=given)
    assert (row.met, row.excluded) == (1, 2)


def stock(number: int) -> Records:
    """Give so many cases received on 1 April 2016, of which one is decided on 1 June 2017."""
    spans: list[Span] = [("2016-04-01", None)] * (number - 1)
    return cases([*spans, ("2016-04-01", "2017-06-01")], allocated="2016-05-03")


def test_over_52w_stock(plan: Scheme) -> None:
    # day 364 is 31 March 2017, so each is over 52 weeks from 1 April 2017
    row = figure(plan, "over-52w-stock", cases=stock(60))
    assert (row.value, row.status, row.details["on"], row.details["end"]) == (60, "met", date(2017, 4, 1), 59)
    assert "highest on 1 Apr 2017; 59 at the end" in row.note
    row = figure(plan, "over-52w-stock", cases=stock(61))
    assert (row.value, row.status, row.details["end"]) == (61, "missed", 60)


def test_over_52w_stock_is_of_investigation_cases_and_of_days_past(plan: Scheme) -> None:
    given = [*stock(3), {"case_id": "assessment", "received_at": "2016-04-01", "decided_at": None}]
    assert figure(plan, "over-52w-stock", cases=given).value == 3
    row = figure(plan, "over-52w-stock", cases=stock(3), as_of="2017-06-30")
    assert (row.value, row.status, row.complete) == (3, "undetermined", False)
    assert figure(plan, "over-52w-stock", cases=stock(61), as_of="2017-06-30").status == "missed"


def test_decided_or_allocated_20wd(plan: Scheme) -> None:
    # the 20th working day after Monday 3 April 2017 is Thursday 4 May: Easter's two days and 1 May don't count
    spans = [("2017-04-03", "2017-05-04")] * 3 + [("2017-04-03", "2017-05-05")]
    allocated = {"case_id": "A", "received_at": "2017-04-03", "decided_at": None, "allocated_at": "2017-05-04"}
    row = figure(plan, "decided-or-allocated-20wd", cases=[*cases(spans), allocated])
    assert (row.met, row.missed, row.exact, row.status) == (4, 1, Fraction(4, 5), "met")
    row = figure(plan, "decided-or-allocated-20wd", cases=cases(spans))
    assert (row.met, row.missed, row.exact, row.status) == (3, 1, Fraction(3, 4), "missed")


# Joint working; and the change from the year before


def change(plan: Scheme, target: str, **records: Any) -> tuple[Fraction | None, str]:
    row = figure(plan, target, **records)
    return row.exact, row.status


def joint(before: int, now: int, *, field: str, decided_in: str = "assessment") -> Records:
    """Give two cases that took so many days to one field, in the year before and in the year of the plan."""
    given = []
    for name, start, days in (("before", "2016-06-01", before), ("now", "2017-06-01", now)):
        stop = (date.fromisoformat(start) + timedelta(days)).isoformat()
        case = {"case_id": name, "received_at": start, "allocated_at": None, "decided_at": None, "joint_working": True}
        given.append({**case, "decided_in": decided_in, field: stop})
    alone = {"case_id": "alone", "received_at": "2017-06-01", "allocated_at": "2017-12-01", "decided_at": "2017-12-01"}
    return [*given, {**alone, "joint_working": False, "decided_in": decided_in}]


@pytest.mark.parametrize(("now", "status"), [(9, "met"), (10, "missed"), (11, "missed")])
def test_joint_working_time_to_allocate(now: int, status: str, plan: Scheme) -> None:
    given = joint(10, now, field="allocated_at")
    assert change(plan, "joint-working-time-to-allocate", cases=given) == (Fraction(now - 10), status)


@pytest.mark.parametrize(("now", "status"), [(39, "met"), (40, "missed"), (41, "missed")])
def test_joint_working_time_to_assess(now: int, status: str, plan: Scheme) -> None:
    given = joint(40, now, field="decided_at")
    assert change(plan, "joint-working-time-to-assess", cases=given) == (Fraction(now - 40), status)
    elsewhere = joint(40, now, field="decided_at", decided_in="investigation")
    assert figure(plan, "joint-working-time-to-assess", cases=elsewhere).status == "no data"


@pytest.mark.parametrize(("now", "status"), [(39, "met"), (40, "missed"), (41, "missed")])
def test_joint_working_time_to_investigate(now: int, status: str, plan: Scheme) -> None:
    given = joint(40, now, field="decided_at", decided_in="investigation")
    for case in given:  # the clock starts ten days after receipt
        case["allocated_at"] = (date.fromisoformat(case["received_at"]) + timedelta(10)).isoformat()
    row = figure(plan, "joint-working-time-to-investigate", cases=given)
    assert (row.exact, row.status, row.unit) == (Fraction(now - 40), status, "days")
    assert (row.details["before"], row.details["now"]) == (30, now - 10)


@pytest.mark.parametrize(("now", "status"), [(3, "met"), (2, "missed"), (1, "missed")])
def test_joint_working_decisions(now: int, status: str, plan: Scheme) -> None:
    spans: list[Span] = [*[("2016-05-01", "2016-06-01")] * 2, *[("2017-05-01", "2017-06-01")] * now]
    given = cases(spans, joint_working="yes") + cases(lasting(1), joint_working="no", case_id="other")
    assert change(plan, "joint-working-decisions", cases=given) == (Fraction(now - 2), status)


@pytest.mark.parametrize(("now", "status"), [(3, "met"), (2, "missed")])
def test_decision_numbers(now: int, status: str, plan: Scheme) -> None:
    spans: list[Span] = [*[("2016-05-01", "2016-06-01")] * 2, *[("2016-05-01", "2017-06-01")] * now]
    assert change(plan, "decision-numbers", cases=cases([*spans, ("2017-05-01", None)])) == (Fraction(now - 2), status)


@pytest.mark.parametrize(("days", "status"), [(29, "met"), (30, "missed"), (31, "missed")])
def test_case_handling_time(days: int, status: str, plan: Scheme) -> None:
    given = cases(lasting(20, 40, start="2016-05-01")) + [
        {**case, "case_id": "now"} for case in cases(lasting(days, start="2017-05-01"))
    ]
    row = figure(plan, "case-handling-time", cases=given)
    assert (row.exact, row.status, row.details["before"], row.unit) == (Fraction(days - 30), status, 30, "days")


def test_a_change_needs_two_years(plan: Scheme) -> None:
    row = figure(plan, "case-handling-time", cases=cases(lasting(20)))
    assert (row.value, row.status) == (None, "no data")
    (whole,) = measure(plan, cases=cases(lasting(20)), as_of="2018-03-31", targets="case-handling-time").rows
    assert whole.status == "no data"
    assert "measure with every=" in whole.note


@pytest.mark.parametrize(("now", "status"), [(3, "met"), (2, "missed")])
def test_social_care_3a_complaints(now: int, status: str, plan: Scheme) -> None:
    spans: list[Span] = [*[("2016-05-01", None)] * 2, *[("2017-05-01", None)] * now]
    given = cases(spans, category="Part 3a") + cases(lasting(1), category="Part 3", case_id="other")
    assert change(plan, "social-care-3a-complaints", cases=given) == (Fraction(now - 2), status)


@pytest.mark.parametrize(("online", "status"), [(3, "met"), (2, "missed")])
def test_online_enquiries_share(online: int, status: str, plan: Scheme) -> None:
    # 2 of 8 in the year before: two letters and four calls beside them; then so many of 8
    def contacts(year: str, online: int, letters: int) -> Records:
        channels = ["online"] * online + ["letter"] * letters
        return [
            {"contact_id": f"{year} {number}", "received_at": f"{year}-06-01", "channel": channel}
            for number, channel in enumerate(channels)
        ]

    row = figure(
        plan, "online-enquiries-share",
        written_contacts=contacts("2016", 2, 2) + contacts("2017", online, 4 - online),
        calls=[{"offered_at": f"{year}-06-01"} for year in ("2016", "2017") for _ in range(4)],
    )  # fmt: skip
    assert (row.exact, row.status) == (Fraction(online - 2, 8), status)
    assert row.details["before"] == Fraction(1, 4)


# Press, publications, training


def test_press_positive_or_neutral(plan: Scheme) -> None:
    def press(good: int, bad: int) -> Records:
        tones = ["positive", "neutral"] * (good // 2) + ["positive"] * (good % 2) + ["negative"] * bad
        return [{"kind": "press", "at": "2017-06-01", "tone": tone} for tone in tones]

    row = figure(plan, "press-positive-or-neutral", activities=[*press(49, 1), *numbered("training-course", 0, 5)])
    assert (row.met, row.denominator, row.exact, row.status) == (49, 50, Fraction(49, 50), "met")
    row = figure(plan, "press-positive-or-neutral", activities=press(48, 1))
    assert (row.exact, row.status) == (Fraction(48, 49), "missed")


def counted(plan: Scheme, target: str, kind: str, enough: int) -> None:
    """Find the number just reached, and one below it, which is missed only when the year is over."""
    others = numbered("something-else", 0, 100)
    for number, over, early in ((enough, "met", "met"), (enough - 1, "missed", "undetermined")):
        given = numbered(kind, 50, number) + others
        row = figure(plan, target, activities=given)
        assert (row.value, row.status, row.standard) == (number, over, enough)
        assert figure(plan, target, activities=given, as_of="2018-03-30").status == early
    (whole,) = measure(plan, activities=given, as_of="2018-03-31", targets=target).rows
    assert (whole.status, whole.value) == ("no target", 50 + enough - 1)
    assert "every='financial-year'" in whole.note


def test_opinion_pieces_local_government(plan: Scheme) -> None:
    counted(plan, "opinion-pieces-local-government", "opinion-piece-local-government", 4)


def test_opinion_pieces_social_care(plan: Scheme) -> None:
    counted(plan, "opinion-pieces-social-care", "opinion-piece-social-care", 4)


def test_opinion_pieces_national(plan: Scheme) -> None:
    counted(plan, "opinion-pieces-national", "opinion-piece-national", 3)


def test_journal_items(plan: Scheme) -> None:
    counted(plan, "journal-items", "journal-item", 6)


def test_focus_reports(plan: Scheme) -> None:
    counted(plan, "focus-reports", "focus-report", 4)


def test_training_courses(plan: Scheme) -> None:
    counted(plan, "training-courses", "training-course", 70)


def test_newsletter_editions(plan: Scheme) -> None:
    given = [{"kind": "newsletter", "at": day} for day in ("2017-04-30", "2017-05-31", "2017-08-01")]
    rows = measure(plan, activities=given, as_of="2017-09-30", every="two-month", targets="newsletter-editions").rows
    assert [(row.period, row.value, row.status) for row in rows] == [
        ("Apr-May 2017", 2, "met"), ("Jun-Jul 2017", 0, "missed"), ("Aug-Sep 2017", 1, "met"),
    ]  # fmt: skip


def test_newsletter_editions_that_are_still_to_come_are_in_no_period(plan: Scheme) -> None:
    given = [{"kind": "newsletter", "at": day} for day in ("2017-04-30", "2017-06-01")]
    row = figure(
        plan, "newsletter-editions", activities=given, as_of="2017-05-31", every="two-month", period="(no period)"
    )
    assert (row.met, row.excluded) == (0, 1)
    assert "measure with every=" not in row.note  # that is how it was measured


def trend_of_numbers(plan: Scheme, target: str, kind: str, *, equal_is: str) -> None:
    """Find more, as many and fewer than five in the year before."""
    for now, status in ((6, "met"), (5, equal_is), (4, "missed")):
        row = figure(plan, target, activities=numbered(kind, 5, now) + numbered("something-else", 9, 1))
        assert (row.exact, row.status, row.unit) == (Fraction(now - 5), status, "number")
        assert f"{now}, after 5 in 2016/17" in row.note


def test_public_reports(plan: Scheme) -> None:
    trend_of_numbers(plan, "public-reports", "public-report", equal_is="missed")


def test_care_provider_bookings(plan: Scheme) -> None:
    trend_of_numbers(plan, "care-provider-bookings", "care-provider-booking", equal_is="missed")


def test_training_requests(plan: Scheme) -> None:
    trend_of_numbers(plan, "training-requests", "training-request", equal_is="missed")


def test_tailored_letters(plan: Scheme) -> None:
    trend_of_numbers(plan, "tailored-letters", "tailored-letter", equal_is="met")


@pytest.mark.parametrize(("satisfied", "status"), [(4, "met"), (3, "met"), (2, "missed")])
def test_delegate_satisfaction(satisfied: int, status: str, plan: Scheme) -> None:
    # 6 of 8 in the year before; partly satisfied isn't satisfied
    answers = [("2016-06-01", "met")] * 6 + [("2016-06-01", "partly")] * 2
    answers += [("2017-06-01", "met")] * satisfied + [("2017-06-01", "not-met")] * (4 - satisfied)
    given = [
        {"review_id": str(number), "standard": "delegate-satisfaction", "answer": answer, "reviewed_at": day}
        for number, (day, answer) in enumerate(answers)
    ]
    given.append({"review_id": "other", "standard": "1", "answer": "not-met", "reviewed_at": "2017-06-01"})
    row = figure(plan, "delegate-satisfaction", reviews=given)
    assert (row.exact, row.status, row.unit) == (Fraction(satisfied - 3, 4), status, "share")


def test_training_requests_declined(plan: Scheme) -> None:
    none, one = (
        numbered("training-request", 0, 3) + numbered("training-request-declined", 1, count) for count in (0, 1)
    )
    assert figure(plan, "training-requests-declined", activities=none).status == "met"
    assert figure(plan, "training-requests-declined", activities=none, as_of="2018-03-30").status == "undetermined"
    row = figure(plan, "training-requests-declined", activities=one, as_of="2018-03-30")
    assert (row.value, row.status) == (1, "missed")


@pytest.mark.parametrize(
    ("appointed", "as_of", "value", "status"),
    [
        ("2018-05-25", "2018-05-25", 1, "met"),
        ("2018-05-26", "2018-06-30", 0, "missed"),
        ("2018-05-25", "2018-05-24", 0, "undetermined"),
        (None, "2018-05-24", 0, "undetermined"),
        (None, "2018-05-25", 0, "missed"),
    ],
)
def test_data_protection_officer(appointed: str | None, as_of: str, value: int, status: str, plan: Scheme) -> None:
    given = [
        *numbered("press", 1, 1),
        *([{"kind": "data-protection-officer-appointed", "at": appointed}] if appointed else []),
    ]
    (row,) = measure(plan, activities=given, as_of=as_of, targets="data-protection-officer").rows
    assert (row.value, row.status) == (value, status)
    assert "by 25 May 2018" in row.note


def test_every_target_is_measured_here(plan: Scheme) -> None:
    tests = " ".join(name for name in globals() if name.startswith("test_"))
    missing = [target.id for target in plan.targets if f"test_{target.id.replace('-', '_')}" not in tests]
    assert missing == []
