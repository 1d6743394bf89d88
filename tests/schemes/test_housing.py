"""Every target of the Housing Ombudsman's Quality Assurance Policy, on a few records worked by hand."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from ombudsman_kpi import Scheme, load_scheme, measure
from ombudsman_kpi.figures.row import Row

Records = list[dict[str, Any]]
AS_OF = "2020-03-31"


@pytest.fixture(scope="module")
def policy() -> Scheme:
    return load_scheme("housing-ombudsman-2019")


def figure(scheme: Scheme, target: str, **options: Any) -> Row:
    (row,) = measure(scheme, targets=target, **{"as_of": AS_OF} | options).rows
    return row


def judged(scheme: Scheme, target: str, *, met: int, missed: int, **records: Any) -> Row:
    """Find so many in time, no target in the policy, and the shares on either side of a standard of one's own."""
    row = figure(scheme, target, **records)
    assert (row.met, row.missed, row.exact, row.status) == (met, missed, Fraction(met, met + missed), "no target")
    shares = {"at least": Fraction(100 * met, met + missed)}
    for change, status in ((0, "met"), (1, "missed")):
        own = scheme.with_target(target, standard=f"at least {shares['at least'].__floor__() + change}%")
        assert figure(own, target, **records).status == status
    return row


def contacts(*handled: str | None, received: str = "2019-08-22", **columns: Any) -> Records:
    """Give contacts of Thursday 22 August 2019; Monday 26 August is a bank holiday."""
    return [
        {"contact_id": str(number), "received_at": received, "handled_at": day, "acknowledged_at": None} | columns
        for number, day in enumerate(handled)
    ]


def test_calls_returned_2wd(policy: Scheme) -> None:
    # from Friday 23 August two working days end on Wednesday 28 August, whatever the hour
    days = ["2019-08-28T17:59:00", "2019-08-24T10:00:00", "2019-08-29T00:01:00", None]
    given = [{"offered_at": "2019-08-23T09:00:00", "answered_at": None, "returned_at": day} for day in days]
    given.append({"offered_at": "2019-08-23T09:00:00", "answered_at": "2019-08-23T09:00:20", "returned_at": None})
    row = judged(policy, "calls-returned-2wd", calls=given, met=2, missed=2)
    assert (row.overdue, row.excluded) == (1, 1)


def test_acknowledged_3wd(policy: Scheme) -> None:
    # the third working day after Thursday 22 August is Wednesday 28 August
    given = contacts(None, None, None, None)
    for contact, day in zip(given, ["2019-08-22", "2019-08-28", "2019-08-29", None], strict=True):
        contact["acknowledged_at"] = day
    assert judged(policy, "acknowledged-3wd", written_contacts=given, met=2, missed=2).overdue == 1


def test_responded_15wd(policy: Scheme) -> None:
    # 23, 27-30 August, 2-6 September and 9-13 September: the fifteenth is the 13th
    given = contacts("2019-09-13", "2019-09-14", "2019-09-16", None)
    judged(policy, "responded-15wd", written_contacts=given, met=1, missed=3)


def requests(kind: str, *answered: str | None) -> Records:
    return [
        {"request_id": f"{kind} {number}", "kind": kind, "received_at": "2019-09-02", "answered_at": day}
        for number, day in enumerate(answered)
    ]


def test_enquiry_first_response_3w(policy: Scheme) -> None:
    # 21 days after 2 September is the 23rd
    given = requests("enquiry-first", "2019-09-23", "2019-09-24", None) + requests("enquiry-next", "2019-12-01")
    judged(policy, "enquiry-first-response-3w", requests=given, met=1, missed=2)


def test_enquiry_next_response_2w(policy: Scheme) -> None:
    # 14 days after 2 September is the 16th
    given = requests("enquiry-next", "2019-09-16", "2019-09-17", None) + requests("enquiry-first", "2019-09-03")
    judged(policy, "enquiry-next-response-2w", requests=given, met=1, missed=2)


def test_local_resolution_response_2w(policy: Scheme) -> None:
    given = contacts("2019-09-05", "2019-09-06", stage="local-resolution")
    given += [{**contact, "contact_id": "other"} for contact in contacts("2019-12-01", stage="enquiry")]
    row = judged(policy, "local-resolution-response-2w", written_contacts=given, met=1, missed=1)
    assert row.excluded == 1


def exploring(*days: int | None) -> Records:
    """Give cases whose early resolution began on 2 September 2019, and ended after so many days."""
    start = date(2019, 9, 2)
    return [
        {
            "case_id": str(number), "received_at": "2019-08-01", "early_resolution_started_at": start,
            "early_resolution_ended_at": None if wait is None else start + timedelta(wait),
        }
        for number, wait in enumerate(days)
    ]  # fmt: skip


def test_early_resolution_8w(policy: Scheme) -> None:
    # 8 weeks are 56 days; of those that ended
    other = {"case_id": "x", "received_at": "2019-08-01", "early_resolution_started_at": None,
             "early_resolution_ended_at": None}  # fmt: skip
    given = [*exploring(55, 56, 57, None), other]
    row = judged(policy, "early-resolution-8w", cases=given, met=2, missed=1)
    assert "1 still open and overdue" in row.note
    assert "1 not early resolution started" in row.note


def reviews(*answers: tuple[int, str, int], **columns: Any) -> Records:
    given = [(standard, answer) for standard, answer, times in answers for _ in range(times)]
    return [
        {"review_id": str(number), "standard": str(standard), "answer": answer, "reviewed_at": "2019-09-02"} | columns
        for number, (standard, answer) in enumerate(given)
    ]


def test_quality_standards_are_pooled_with_each_beside_them(policy: Scheme) -> None:
    given = reviews((1, "met", 3), (1, "not-met", 1), (2, "partly", 1), (6, "met", 1), (6, "not-applicable", 5),
                    (7, "not-met", 4))  # fmt: skip
    row = judged(policy, "quality-standards", reviews=given, met=4, missed=2)
    assert row.details["parts"] == {"1": (3, 4), "2": (0, 1), "6": (1, 1)}
    assert "pooled: 1 at 75.0% (3 of 4), 2 at 0.0% (0 of 1), 6 at 100.0% (1 of 1)" in row.note
    assert row.excluded == 9


def test_quality_standards_by_factor(policy: Scheme) -> None:
    given = reviews((2, "met", 3), factor="Jargon free") + [
        {**review, "review_id": f"neutral {number}"}
        for number, review in enumerate(reviews((2, "met", 1), (2, "not-met", 1), factor="Neutral tone and language"))
    ]
    rows = measure(policy, reviews=given, as_of=AS_OF, by="factor", targets="quality-standards").rows
    assert {row.group[0]: row.exact for row in rows} == {"Jargon free": 1, "Neutral tone and language": Fraction(1, 2)}


def one_standard(policy: Scheme, number: int) -> None:
    other = number % 6 + 1
    given = reviews((number, "met", 2), (number, "not-met", 1), (number, "not-applicable", 3), (other, "not-met", 4))
    row = judged(policy, f"quality-standard-{number}", reviews=given, met=2, missed=1)
    assert row.excluded == 7
    assert figure(policy, f"quality-standard-{other}", reviews=given).value == 0


def test_quality_standard_1(policy: Scheme) -> None:
    one_standard(policy, 1)


def test_quality_standard_2(policy: Scheme) -> None:
    one_standard(policy, 2)


def test_quality_standard_3(policy: Scheme) -> None:
    one_standard(policy, 3)


def test_quality_standard_4(policy: Scheme) -> None:
    one_standard(policy, 4)


def test_quality_standard_5(policy: Scheme) -> None:
    one_standard(policy, 5)


def test_quality_standard_6(policy: Scheme) -> None:
    one_standard(policy, 6)


def test_orders_complied(policy: Scheme) -> None:
    spans = [
        ("2019-10-31", "2019-10-31"), ("2019-10-31", "2019-10-01"), ("2019-10-31", "2019-11-01"), ("2019-10-31", None),
        ("2020-04-30", None),
    ]  # fmt: skip
    given = [{"case_id": str(number), "due_at": due, "complied_at": done} for number, (due, done) in enumerate(spans)]
    row = figure(policy, "orders-complied", orders=given)
    assert (row.met, row.missed, row.overdue, row.pending, row.exact) == (2, 2, 1, 1, Fraction(1, 2))
    assert (row.cohort, row.status) == ("due", "no target")
    for standard, status in (("at least 40%", "met"), ("at least 50%", "undetermined"), ("at least 61%", "missed")):
        assert (
            figure(policy.with_target("orders-complied", standard=standard), "orders-complied", orders=given).status
            == status
        )


def test_every_target_is_measured_here(policy: Scheme) -> None:
    tests = " ".join(name for name in globals() if name.startswith("test_"))
    missing = [target.id for target in policy.targets if f"test_{target.id.replace('-', '_')}" not in tests]
    assert missing == []
