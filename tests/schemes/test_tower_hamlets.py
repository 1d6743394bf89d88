"""Every target of a council's corporate complaints, on a few records worked by hand."""

from fractions import Fraction
from typing import Any

import pytest

from ombudsman_kpi import Scheme, load_scheme, measure
from ombudsman_kpi.figures.row import Row

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def council() -> Scheme:
    return load_scheme("tower-hamlets")


def requests(kind: str, *spans: tuple[str, str | None]) -> Records:
    return [
        {
            "request_id": f"{kind} {number}",
            "kind": kind,
            "received_at": start,
            "answered_at": stop,
            "case_id": str(number),
        }
        for number, (start, stop) in enumerate(spans)
    ]


def figure(scheme: Scheme, target: str, *, as_of: str = "2020-03-31", **options: Any) -> Row:
    (row,) = measure(scheme, as_of=as_of, targets=target, **options).rows
    return row


# The 20th working day after Thursday 1 August 2019 is Friday 30 August: the 26th is a bank holiday
TWENTY, LATER = ("2019-08-01", "2019-08-30"), ("2019-08-01", "2019-09-02")


def within_20_days(council: Scheme, kind: str) -> None:
    other = "stage-2" if kind == "stage-1" else "stage-1"
    given = requests(kind, TWENTY, TWENTY, LATER, ("2019-08-01", None)) + requests(other, LATER)
    row = figure(council, f"{kind}-20wd", requests=given)
    # of those answered; the one that is open and overdue is in no period, and is told
    assert (row.met, row.missed, row.exact, row.status) == (2, 1, Fraction(2, 3), "no target")
    assert "1 still open and overdue" in row.note
    received = figure(council, f"{kind}-20wd", requests=given, cohort="received")
    assert (received.met, received.missed, received.overdue) == (2, 2, 1)
    for standard, status in (("at least 66.6%", "met"), ("at least 66.7%", "missed")):
        own = council.with_target(f"{kind}-20wd", standard=standard)
        assert figure(own, f"{kind}-20wd", requests=given).status == status


def test_stage_1_20wd(council: Scheme) -> None:
    within_20_days(council, "stage-1")


def test_stage_2_20wd(council: Scheme) -> None:
    within_20_days(council, "stage-2")


def average_days(council: Scheme, kind: str) -> None:
    other = "stage-2" if kind == "stage-1" else "stage-1"
    # 20 working days, 21, and 0 on the day itself
    given = requests(kind, TWENTY, LATER, ("2019-08-02", "2019-08-02"), ("2019-08-01", None)) + requests(other, LATER)
    row = figure(council, f"{kind}-average-days", requests=given)
    assert (row.exact, row.denominator, row.unit, row.status) == (Fraction(41, 3), 3, "working days", "no target")
    for standard, status in (("at most 13.7 working days", "met"), ("at most 13.6 working days", "missed")):
        own = council.with_target(f"{kind}-average-days", standard=standard)
        assert figure(own, f"{kind}-average-days", requests=given).status == status


def test_stage_1_average_days(council: Scheme) -> None:
    average_days(council, "stage-1")


def test_stage_2_average_days(council: Scheme) -> None:
    average_days(council, "stage-2")


def test_stage_2_average_days_of_nothing_answered_is_no_data(council: Scheme) -> None:
    row = figure(council, "stage-2-average-days", requests=requests("stage-2", ("2019-08-01", None)))
    assert (row.value, row.status) == (None, "no data")


def stages(*second: str | None) -> Records:
    """Give stage 1 requests answered on 30 August; some go on to stage 2 on a day."""
    first = requests("stage-1", *[TWENTY] * len(second))
    return first + [
        {
            "request_id": f"second {number}",
            "kind": "stage-2",
            "received_at": day,
            "answered_at": None,
            "case_id": str(number),
        }
        for number, day in enumerate(second)
        if day is not None
    ]


def test_escalation_rate(council: Scheme) -> None:
    # 2 of 25 is the 8% of the paper; the other stage 2 request is of a case without a stage 1
    given = stages("2019-09-02", "2019-08-30", *[None] * 23)
    given.append(
        {"request_id": "x", "kind": "stage-2", "received_at": "2019-09-02", "answered_at": None, "case_id": "x"}
    )
    row = figure(council, "escalation-rate", requests=given)
    assert (row.met, row.denominator, row.exact, row.status) == (2, 25, Fraction(8, 100), "no target")


@pytest.mark.parametrize(
    ("second", "as_of", "met"),
    [
        ("2019-08-30", "2020-03-31", 1),  # the day of the answer
        ("2019-08-29", "2020-03-31", 0),  # before it
        ("2020-03-31", "2020-03-31", 1),
        ("2020-03-31", "2020-03-30", 0),  # not known yet
    ],
)
def test_escalation_rate_has_those_that_went_on_later(second: str, as_of: str, met: int, council: Scheme) -> None:
    row = figure(council, "escalation-rate", requests=stages(second, None), as_of=as_of)
    assert (row.met, row.denominator) == (met, 2)


def test_escalation_rate_is_of_stage_1_answered_in_the_period(council: Scheme) -> None:
    given = stages("2019-11-01", None, None)
    given += [
        {"request_id": "open", "kind": "stage-1", "received_at": "2019-08-01", "answered_at": None, "case_id": "open"},
        {
            "request_id": "gone on",
            "kind": "stage-2",
            "received_at": "2019-09-01",
            "answered_at": None,
            "case_id": "open",
        },
    ]
    rows = measure(council, requests=given, as_of="2020-03-31", every="quarter", targets="escalation-rate").rows
    found = {row.period: (row.met, row.denominator) for row in rows}
    assert found["2019/20 Q2"] == (1, 3)  # the quarter of the answer, not that of stage 2
    assert "2019/20 Q3" not in found


def cases(*received: str, **columns: Any) -> Records:
    return [
        {"case_id": f"{number}", "received_at": day, "decided_at": None} | columns
        for number, day in enumerate(received)
    ]


def test_volumes(council: Scheme) -> None:
    given = cases(*["2017-06-01"] * 4, *["2018-04-01"] * 3, "2019-03-31", *["2019-04-01"] * 5)
    rows = measure(council, cases=given, as_of="2020-03-31", every="financial-year", targets="volumes").rows
    assert [(row.period, row.value, row.details.get("change")) for row in rows] == [
        ("2017/18", 4, None), ("2018/19", 4, 0), ("2019/20", 5, 1),
    ]  # fmt: skip
    assert "+1 on 2018/19 (4): +25.0%" in rows[2].note
    assert {row.status for row in rows} == {"no target"}


def test_volumes_have_a_standard_where_one_is_given(council: Scheme) -> None:
    own = council.with_target("volumes", standard="no more than 4", per="financial-year")
    rows = measure(own, cases=cases(*["2018-06-01"] * 4, *["2019-06-01"] * 5), as_of="2020-03-31",
                   every="financial-year", targets="volumes").rows  # fmt: skip
    assert [row.status for row in rows] == ["met", "missed"]


def decided(*decisions: str | None, authority: str = "Ours") -> Records:
    return [
        {
            "case_id": f"{authority} {number}", "received_at": "2019-05-01", "authority": authority,
            "decision": decision, "decided_at": None if decision is None else "2019-06-01",
        }
        for number, decision in enumerate(decisions)
    ]  # fmt: skip


def test_decisions(council: Scheme) -> None:
    given = decided("upheld", "upheld", "not-upheld", "advice-given", None)
    row = figure(council, "decisions", cases=given)
    assert (row.value, row.excluded, row.status) == (4, 1, "no target")
    rows = measure(council, cases=given, as_of="2020-03-31", by="decision", targets="decisions").rows
    assert {row.group[0]: row.value for row in rows if row.met} == {"upheld": 2, "not-upheld": 1, "advice-given": 1}
    for standard, status in (("at least 4", "met"), ("at least 5", "missed")):
        assert figure(council.with_target("decisions", standard=standard), "decisions", cases=given).status == status


def test_uphold_rate(council: Scheme) -> None:
    given = [
        *decided("upheld", "not-upheld", "advice-given", authority="Ours"),  # 1 of 2
        *decided("upheld", "upheld", "not-upheld", authority="Other"),  # 2 of 3
        *decided("upheld", "not-upheld", authority="Third"),  # 1 of 2
        *decided("not-upheld", "not-upheld", "not-upheld", authority="Last"),  # 0 of 3
        *decided("advice-given", authority="Nothing"),
    ]
    rows = measure(council, cases=given, as_of="2020-03-31", by="authority", targets="uphold-rate").rows
    found = {row.group[0]: (row.exact, row.details.get("rank"), row.status) for row in rows}
    assert found == {
        "Ours": (Fraction(1, 2), 2, "no target"), "Other": (Fraction(2, 3), 1, "no target"),
        "Third": (Fraction(1, 2), 2, "no target"), "Last": (Fraction(0), 4, "no target"),
        "Nothing": (None, None, "no data"),
    }  # fmt: skip
    assert {row.details["comparator"] for row in rows} == {Fraction(4, 10)}
    means = measure(
        council.with_target("uphold-rate", comparator="mean of rates"), cases=given, as_of="2020-03-31", by="authority",
        targets="uphold-rate",
    ).rows  # fmt: skip
    assert {row.details["comparator"] for row in means} == {Fraction(5, 12)}  # (1/2 + 2/3 + 1/2 + 0) / 4


def test_every_target_is_measured_here(council: Scheme) -> None:
    tests = " ".join(name for name in globals() if name.startswith("test_"))
    missing = [target.id for target in council.targets if f"test_{target.id.replace('-', '_')}" not in tests]
    assert missing == []
