"""The standards in force today: every target, on a few records worked on paper."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from ombudsman_kpi import Results, assess, load_scheme, measure
from ombudsman_kpi.figures.row import Row

Record = dict[str, Any]
NAMES = {"requests": "request_id", "cases": "case_id", "written_contacts": "contact_id", "calls": "call_id"}
EVERY_TIME = (
    "answered_at", "acknowledged_at", "handled_at", "decided_at", "closed_at", "investigated_at", "summary_sent_at",
    "made_safe_at", "rehoused_at", "works_begun_at", "abandoned_at", "extended_to_at", "extended_at",
)  # fmt: skip
EXTENDED, AGREED = "extended_to_at", "extended_at"
MET_OF = {"met": "met", "of": "of"}


def named(records: Sequence[Record], of: str) -> dict[str, Any]:
    """Give each record an id, and every time that a scheme may look for: what isn't named didn't happen."""
    return {of: [{NAMES[of]: str(number), **dict.fromkeys(EVERY_TIME), **row} for number, row in enumerate(records)]}


def found(scheme: str, target: str, records: Sequence[Record], of: str, as_of: str) -> list[tuple[str | None, str]]:
    """Return how each record stands, and when it was due where the target is of it."""
    rows = assess(load_scheme(scheme), **named(records, of), as_of=as_of, targets=target).sort_values("row")
    due = [str(day)[:16].removesuffix(" 00:00") for day in rows["due"]]
    return [(None if status == "excluded" else day, status) for day, status in zip(due, rows["status"], strict=True)]


def figures(scheme: str, target: str, records: Sequence[Record], of: str = "requests", **options: Any) -> Results:
    return measure(load_scheme(scheme), **named(records, of), targets=target, **options)


def figure(scheme: str, target: str, records: Sequence[Record], of: str = "requests", **options: Any) -> Row:
    """Return the one figure, of what has a period."""
    (row,) = (row for row in figures(scheme, target, records, of, **options) if row.period != "(no period)")
    return row


def one(received: str, answered: str | None = None, **more: Any) -> Record:
    return {"received_at": received, "answered_at": answered, **more}


def of_kind(kind: str, records: Sequence[Record]) -> list[Record]:
    return [{"kind": kind, **record} for record in records]


# Complaint Handling Code. Christmas 2024: Wednesday 25 and Thursday 26 December are off, and Wednesday 1 January 2025.


def acknowledged(*days: str | None) -> list[Record]:
    return [{"received_at": "2024-12-19", "acknowledged_at": day} for day in days]


# 20, 23, 24, 27, 30 December
FIVE = [("2024-12-30", "met"), ("2024-12-30", "late"), ("2024-12-30", "overdue")]

ANSWERED = {
    # acknowledged on 20 December, 10 working days: 23, 24, 27, 30, 31 December, 2, 3, 6, 7, 8 January
    # and from 30 December, when the acknowledgement was due: 31 December, 2, 3, 6-10, 13, 14 January
    # a further 10 from the 8th: 9, 10, 13-17, 20-22 January
    "stage-1": ("2025-01-08", "2025-01-09", "2025-01-14", "2025-01-15", "2025-01-22", "2025-01-23"),
    # 20 working days: to the 8th as above, then 9, 10, 13-17, 20-22 January; from the 30th to the 14th as above, then
    # 15-17, 20-24, 27, 28 January; a further 20 from the 22nd: 23, 24, 27-31 January, 3-7, 10-14, 17-19 February
    "stage-2": ("2025-01-22", "2025-01-23", "2025-01-28", "2025-01-29", "2025-02-19", "2025-02-20"),
}


def answered_by_the_code(stage: str) -> tuple[list[Record], list[tuple[str, str]]]:
    due, after, due_late, after_late, longest, too_long = ANSWERED[stage]
    given = {"received_at": "2024-12-19", "acknowledged_at": "2024-12-20"}
    extended = given | {EXTENDED: "2025-03-14", AGREED: due}
    return [
        given | {"answered_at": due}, given | {"answered_at": after}, given,
        given | {"acknowledged_at": "2025-01-06", "answered_at": due_late},     # acknowledged late
        given | {"acknowledged_at": None, "answered_at": after_late},           # and never
        extended | {"answered_at": longest}, extended | {"answered_at": too_long},
        extended | {AGREED: after, "answered_at": longest},                     # agreed when it was too late
    ], [
        (due, "met"), (due, "late"), (due, "overdue"), (due_late, "met"), (due_late, "late"),
        (longest, "met"), (longest, "late"), (due, "late"),
    ]  # fmt: skip


@pytest.mark.parametrize("stage", ["stage-1", "stage-2"])
@pytest.mark.parametrize("scheme", ["complaint-handling-code", "tenant-satisfaction-measures"])
def test_a_complaint_is_acknowledged_by_the_code(scheme: str, stage: str) -> None:
    given = acknowledged("2024-12-30", "2024-12-31", None)
    records = [*of_kind(stage, given), one("2024-12-19", kind="enquiry")]
    rows = found(scheme, f"{stage}-acknowledged", records, "requests", "2025-03-31")
    assert rows == [*FIVE, (None, "excluded")]


@pytest.mark.parametrize("stage", ["stage-1", "stage-2"])
@pytest.mark.parametrize(
    ("scheme", "target"),
    [("complaint-handling-code", "{}-answered"), ("tenant-satisfaction-measures", "ch02-{}-in-time")],
)
def test_a_complaint_is_answered_by_the_code(scheme: str, target: str, stage: str) -> None:
    given, expected = answered_by_the_code(stage)
    records = of_kind(stage, given)
    assert found(scheme, target.format(stage), records, "requests", "2025-03-31") == expected
    row = figure(scheme, target.format(stage), records, as_of="2025-03-31")
    assert (row.met, row.missed, row.cohort, row.status) == (3, 5, "received", "no target")
    assert "1 met by extension" in row.note


def test_ch01_is_per_1000_homes_by_stage_and_by_tenure() -> None:
    # 2023/24 isn't divided by the homes of 2024/25
    records = [
        one("2024-04-01", kind="stage-1", tenure="rented"), one("2025-03-31", kind="stage-1", tenure="rented"),
        one("2024-06-01", kind="stage-1", tenure="shared"), one("2024-07-01", kind="stage-2", tenure="shared"),
        one("2024-03-31", kind="stage-1", tenure="rented"),
    ]  # fmt: skip
    homes = [
        {"period": "2024/25", "number": 1600, "tenure": "rented"},
        {"period": "2024/25", "number": 400, "tenure": "shared"},
    ]
    options: dict[str, Any] = {"populations": homes, "as_of": "2025-03-31", "every": "financial-year"}
    for stage, rented, shared in (
        ("stage-1", Fraction(2000, 1600), Fraction(1000, 400)),
        ("stage-2", Fraction(0), Fraction(1000, 400)),
    ):
        target = f"ch01-{stage}-per-1000-homes"
        rows = figures("tenant-satisfaction-measures", target, records, **options, by="tenure").rows
        year = {row.group[0]: row.exact for row in rows if row.period == "2024/25"}
        assert year == {"rented": rented, "shared": shared}
        assert {row.status for row in rows if row.period == "2023/24"} <= {"no data"}


# Requests for information


FOI = [
    # 15, 19-22, 25-28 March, 2-5, 8-12, 15, 16 April: St Patrick's Day is kept on the 18th in Northern Ireland
    (one("2024-03-14", "2024-04-16"), "2024-04-16", "met"),
    (one("2024-03-14", "2024-04-17"), "2024-04-16", "late"),
    # 29 November, 3-6, 9-13, 16-20, 23, 24, 27, 30, 31 December: St Andrew's Day is kept on 2 December in Scotland
    (one("2024-11-28"), "2024-12-31", "overdue"),
    (one("2024-03-14", "2024-05-14", extended_to_at="2024-05-14", extended_at="2024-04-16"), "2024-05-14", "met"),
    (one("2024-03-14", "2024-05-15", extended_to_at="2024-05-14", extended_at="2024-04-16"), "2024-05-14", "late"),
    (one("2024-03-14", "2024-05-14", extended_to_at="2024-05-14", extended_at="2024-04-17"), "2024-04-16", "late"),
]

FOISA = [
    # 15, 18-22, 25-28 March, 1-5, 8-12 April: Easter Monday is worked in Scotland
    (one("2024-03-14", "2024-04-12"), "2024-04-12", "met"),
    (one("2024-03-14", "2024-04-15"), "2024-04-12", "late"),
    # 19, 20, 23, 24, 27, 30, 31 December, 3, 6-10, 13-17, 20, 21 January: 2 January is off
    (one("2024-12-18"), "2025-01-21", "overdue"),
    # 15-17, 20-24, 27-30 April, 1, 4-7, 11-13 May 2020: no 60 days, and the bank holiday on Friday the 8th
    (one("2020-04-14", "2020-05-13"), "2020-05-13", "met"),
]

EIR = [
    (one("2024-03-14", "2024-04-12", complex=False), "2024-04-12", "met"),
    (one("2024-03-14", "2024-04-15", complex=None), "2024-04-12", "late"),
    # the 20th is 12 April; 15-19, 22-26, 29, 30 April, 1-3, 7-10, 13 May
    (one("2024-03-14", "2024-05-13", complex=True), "2024-05-13", "met"),
    (one("2024-03-14", "2024-05-14", complex=True), "2024-05-13", "late"),
]

SUBJECT_ACCESS = [
    # the Commissioner's own example
    (one("2024-09-03", "2024-10-03"), "2024-10-03", "met"),
    (one("2024-09-03", "2024-10-04"), "2024-10-03", "late"),
    (one("2024-01-31"), "2024-02-29", "overdue"),
    # Saturday 30 December; 1 January is off, and the 2nd in Scotland
    (one("2023-11-30", "2024-01-03"), "2024-01-03", "met"),
    # three months from the day of receipt, not two from 29 February; and Saturday 3 February
    (one("2024-01-31", "2024-04-30", extended=True), "2024-04-30", "met"),
    (one("2023-11-03", "2024-02-06", extended=True), "2024-02-05", "late"),
]

DATA_PROTECTION = [
    # day 30 is Sunday 19 July
    (one("2026-06-19", acknowledged_at="2026-07-20"), "2026-07-20", "met"),
    (one("2026-06-19", "2026-07-20"), "2026-07-20", "met"),
    (one("2026-06-19", "2026-07-20", acknowledged_at="2026-07-21"), "2026-07-20", "met"),
    (one("2026-06-19", acknowledged_at="2026-07-21"), "2026-07-20", "late"),
    (one("2026-06-22", acknowledged_at="2026-07-23"), "2026-07-22", "late"),
    # day 30 is Saturday 2 January, for which Monday the 4th is off in Scotland
    (one("2026-12-03", acknowledged_at="2027-01-05"), "2027-01-05", "met"),
    # day 30 is Christmas Day, a Friday; Monday the 28th is off for Boxing Day
    (one("2026-11-25"), "2026-12-29", "overdue"),
]


@pytest.mark.parametrize(
    ("scheme", "target", "kind", "paper"),
    [
        ("foi", "foi-20wd", "foi", FOI),
        ("foi-statistics", "in-time", "foi", FOI),
        ("foisa", "foisa-20wd", "foi", FOISA),
        ("foisa", "eir-20wd", "eir", EIR),
        ("subject-access", "subject-access-1-month", "subject-access", SUBJECT_ACCESS),
        ("data-protection-complaints", "acknowledged-30-days", "data-protection-complaint", DATA_PROTECTION),
    ],
)
def test_a_request_for_information_is_answered_in_time(scheme: str, target: str, kind: str, paper: Any) -> None:
    own = {"complex": None, "extended": None, "outcome": None}
    given = [{**own, **record} for record, _, _ in paper]
    other = one("2024-03-14", "2024-03-14", kind="other", **own)
    expected = [(due, status) for _, due, status in paper]
    records = [*of_kind(kind, given), other]
    assert found(scheme, target, records, "requests", "2027-01-31") == [*expected, (None, "excluded")]


@pytest.mark.parametrize(
    ("scheme", "target", "days", "more", "due"),
    [
        # as above due on 16 April; 25-28 March are disregarded: 17-19 and 22 April
        ("foi", "foi-20wd-paused", ("2024-03-14", "2024-03-25", "2024-03-29"), {}, "2024-04-22"),
        # two working days more than that were agreed
        ("foi", "foi-20wd-paused", ("2024-03-14", "2024-03-25", "2024-03-29"),
         {EXTENDED: "2024-04-24", AGREED: "2024-04-18"}, "2024-04-24"),
        # 3 October, and the five days of 9-13 September
        ("subject-access", "subject-access-1-month-paused", ("2024-09-03", "2024-09-09", "2024-09-14"),
         {}, "2024-10-08"),
        # 3 December, and five days: Sunday the 8th
        ("subject-access", "subject-access-1-month-paused", ("2024-09-03", "2024-09-09", "2024-09-14"),
         {"extended": True}, "2024-12-09"),
    ],
)  # fmt: skip
def test_the_time_for_a_request_stands_still(
    scheme: str, target: str, days: tuple[str, str, str], more: Record, due: str
) -> None:
    received, asked, after = days
    late = str(date.fromisoformat(due) + timedelta(1))
    request = one(received, due, kind=scheme, extended=None) | more
    events = [
        {"request_id": str(number), "event": word, "at": day}
        for number in (0, 1)
        for word, day in (("paused", asked), ("resumed", after))
    ]
    given = named([request, request | {"answered_at": late}, request | {"answered_at": None}], "requests")
    rows = assess(load_scheme(scheme), **given, events=events, as_of="2025-01-31", targets=target).sort_values("row")
    plain = target.removesuffix("-paused")
    (first,) = {str(day)[:10] for day in assess(load_scheme(scheme), **given, as_of="2025-01-31", targets=plain)["due"]}
    assert [str(day)[:10] for day in rows["due"]] == [due, due, first]  # the last was never paused
    assert rows["status"].tolist() == ["met", "late", "overdue"]


def test_how_many_requests_were_extended_is_told() -> None:
    row = figure("foi", "foi-20wd", of_kind("foi", [record for record, _, _ in FOI]), as_of="2025-01-31")
    assert (row.met, row.missed, row.status) == (2, 4, "no target")
    assert "1 met by extension" in row.note


# Hazards. Christmas 2025: Thursday 25 and Friday 26 December are off, and Thursday 1 January 2026.


def hazard(kind: str, received: str = "2025-12-18", **more: Any) -> Record:
    return {"received_at": received, "hazard": kind, "confirmed": True, "works": None, **more}


NOON, SAFE = "2025-12-24T12:00:00", "2025-12-25 12:00"
INVESTIGATED = {"investigated_at": "2025-12-23"}
LATER = {"works": "required-later"}

HAZARDS = {
    "emergency-made-safe-24h": [
        (hazard("emergency", NOON, made_safe_at="2025-12-25T12:00:00"), SAFE, "met"),
        (hazard("emergency", NOON, made_safe_at="2025-12-25T12:00:01"), SAFE, "late"),
        (hazard("emergency", NOON, made_safe_at="2025-12-29T12:00:00", rehoused_at="2025-12-24T20:00:00"), SAFE, "met"),
        (hazard("emergency", NOON), SAFE, "overdue"),
        (hazard("significant", NOON), None, "excluded"),
    ],
    # 19, 22-24, 29-31 December, 2, 5, 6 January
    "significant-investigated-10wd": [
        (hazard("significant", investigated_at="2026-01-06"), "2026-01-06", "met"),
        (hazard("significant", investigated_at="2026-01-07"), "2026-01-06", "late"),
        (hazard("significant"), "2026-01-06", "overdue"),
        (hazard("emergency"), None, "excluded"),
    ],
    # 24, 29, 30 December
    "summary-3wd": [
        (hazard("significant", **INVESTIGATED, summary_sent_at="2025-12-30"), "2025-12-30", "met"),
        (hazard("emergency", **INVESTIGATED, summary_sent_at="2025-12-31"), "2025-12-30", "late"),
        (hazard("significant", **INVESTIGATED), "2025-12-30", "overdue"),
        (hazard("significant"), None, "excluded"),
    ],
    # 24, 29-31 December, 2 January
    "significant-made-safe-5wd": [
        (hazard("significant", **INVESTIGATED, made_safe_at="2026-01-02"), "2026-01-02", "met"),
        (hazard("significant", **INVESTIGATED, made_safe_at="2026-01-05"), "2026-01-02", "late"),
        (hazard("significant", **INVESTIGATED, rehoused_at="2025-12-24"), "2026-01-02", "met"),
        (hazard("significant", **INVESTIGATED, confirmed=False), None, "excluded"),
        (hazard("emergency", **INVESTIGATED), None, "excluded"),
    ],
    # 84 days: 8 to 31 December, 31, 28, and 17 of March
    "works-begun": [
        (hazard("significant", **INVESTIGATED, works="required", works_begun_at="2026-01-02"), "2026-01-02", "met"),
        (hazard("significant", **INVESTIGATED, works="required", works_begun_at="2026-01-05"), "2026-01-02", "late"),
        (hazard("significant", **INVESTIGATED, **LATER, works_begun_at="2026-03-17"), "2026-03-17", "met"),
        (hazard("significant", **INVESTIGATED, **LATER, works_begun_at="2026-03-18"), "2026-03-17", "late"),
        (hazard("significant", **INVESTIGATED), None, "excluded"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("target", HAZARDS)
def test_a_hazard_is_dealt_with_in_time(target: str) -> None:
    paper = HAZARDS[target]
    rows = found("awaabs-law", target, [record for record, _, _ in paper], "cases", "2026-03-31")
    assert rows == [(due, status) for _, due, status in paper]


# Scotland's model procedure. 25, 26 December 2024, 1 and 2 January 2025 are off.

# 5 working days after Wednesday 18 December: 19, 20, 23, 24, 27 December; 20: the 5th, then 30, 31 December, 3, 6-10,
# 13-17, 20, 21 January
MODEL = [
    *of_kind("stage-1", [
        one("2024-12-18", "2024-12-27", outcome="upheld"), one("2024-12-18", "2024-12-30", outcome="not-upheld"),
        one("2024-12-18", "2024-12-31", outcome="partially-upheld", extended_to_at="2025-01-03"), one("2024-12-18"),
    ]),
    *of_kind("stage-2", [
        one("2024-12-18", "2025-01-21", outcome="upheld", extended_to_at="2025-02-28"),
        one("2024-12-18", "2025-01-22", outcome="resolved"),
    ]),
    *of_kind("escalated", [one("2024-12-18", day, outcome="not-upheld") for day in ("2025-01-21", "2025-01-22")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "part", "whole"),
    [
        ("stage-1-5wd", 1, 3), ("stage-2-20wd", 1, 2), ("escalated-20wd", 1, 2),
        ("stage-1-extended", 1, 3), ("stage-2-extended", 1, 2), ("escalated-extended", 0, 2),
        ("stage-1-average", 5 + 6 + 7, 3), ("stage-2-average", 20 + 21, 2), ("escalated-average", 20 + 21, 2),
        ("stage-1-upheld", 1, 3), ("stage-2-upheld", 1, 2), ("escalated-upheld", 0, 2),
        ("received-per-1000", 6 * 1000, 12_000),
    ],
)  # fmt: skip
def test_the_indicators_of_the_model_procedure(target: str, part: int, whole: int) -> None:
    given = [{"outcome": None, **record} for record in MODEL]
    row = figure(
        "model-complaints-handling", target, given, as_of="2025-03-31", every="financial-year",
        populations=[{"period": "2024/25", "number": 12_000}],
    )  # fmt: skip
    assert (row.exact, row.status) == (Fraction(part, whole), "no target")


# Wales


# 20 working days after Thursday 14 March 2024: 15, 18-22, 25-28 March, 2-5, 8-12, 15 April; then 14 June, 14 September
CLOSED_ON = ["2024-04-15", "2024-04-16", "2024-06-14", "2024-06-15", "2024-09-14", "2024-09-15", None]


@pytest.mark.parametrize(
    ("target", "part", "whole"),
    [
        ("closed-within-20wd", 1, 6), ("closed-within-3-months", 2, 6), ("closed-within-6-months", 2, 6),
        ("closed-over-6-months", 1, 6), ("upheld", 2, 6), ("received-per-1000", 7 * 1000, 3500),
    ],
)  # fmt: skip
def test_the_complaints_data_of_wales(target: str, part: int, whole: int) -> None:
    outcomes = ["upheld", "not-upheld", "upheld", "not-upheld", "not-upheld", "not-upheld", None]
    closed = [one("2024-03-14", day, outcome=outcome) for day, outcome in zip(CLOSED_ON, outcomes, strict=True)]
    row = figure(
        "psow", target, [*of_kind("complaint", closed), one("2024-03-14", "2024-03-15", kind="enquiry", outcome=None)],
        as_of="2024-12-31", every="year", populations=[{"period": "2024", "number": 3500}],
    )  # fmt: skip
    assert row.exact == Fraction(part, whole)


# NHS, finance: complaints with a caseload

NHS = {
    "acknowledged-3wd": [
        # Easter: 2, 3, 4 April
        (one("2024-03-28", acknowledged_at="2024-04-04"), "2024-04-04", "met"),
        (one("2024-03-28", acknowledged_at="2024-04-05"), "2024-04-04", "late"),
        (one("2024-03-28"), "2024-04-04", "overdue"),
    ],
    "answered-6-months": [
        # the day of receipt is the first day of the 6 months
        (one("2024-03-28", "2024-09-27"), "2024-09-27", "met"),
        (one("2024-03-28", "2024-09-28"), "2024-09-27", "late"),
        (one("2024-09-01"), "2025-02-28", "overdue"),
        (one("2024-03-28", "2024-10-31", extended_to_at="2024-10-31", extended_at="2024-09-27"), "2024-10-31", "met"),
        (one("2024-03-28", "2024-10-31", extended_to_at="2024-10-31", extended_at="2024-09-28"), "2024-09-27", "late"),
    ],
}
DISP = {
    "resolved-3wd": [
        (one("2024-03-28", "2024-04-04"), "2024-04-04", "met"),
        (one("2024-03-28", "2024-04-05"), "2024-04-04", "late"),
    ],
    # 56 days: 3 to 31 March, 30, and 23 of May
    "answered-8w": [
        (one("2024-03-28", "2024-05-23"), "2024-05-23", "met"),
        (one("2024-03-28", "2024-05-24"), "2024-05-23", "late"),
        (one("2024-03-28"), "2024-05-23", "overdue"),
    ],
}


@pytest.mark.parametrize(
    ("scheme", "target", "paper"),
    [(scheme, *row) for scheme, paper in (("nhs-complaints", NHS), ("disp", DISP)) for row in paper.items()],
)  # fmt: skip
def test_a_complaint_is_answered_in_time(scheme: str, target: str, paper: Any) -> None:
    records = of_kind("complaint", [record for record, _, _ in paper])
    assert found(scheme, target, records, "requests", "2025-03-31") == [(due, status) for _, due, status in paper]


@pytest.mark.parametrize(
    ("scheme", "within", "ages"), [("nhs-complaints", "6 months", (1, 2)), ("disp", "8 weeks", (0, 3))]
)  # fmt: skip
def test_a_caseload_adds_up(scheme: str, within: str, ages: tuple[int, int]) -> None:
    # one of 2023/24 is still open, one closed in the year; two of the year are open, for 7 months and for 2
    spans = [("2023-08-30", None), ("2024-02-01", "2024-05-01"), ("2024-08-30", None), ("2025-01-30", None),
             ("2024-06-03", "2024-06-04")]  # fmt: skip
    records = of_kind("complaint", [one(*span) for span in spans])
    rows = figures(scheme, "caseload", records, as_of="2025-03-31", every="financial-year").rows
    (year,) = (row for row in rows if row.period == "2024/25")
    assert [year.details[part] for part in ("brought_forward", "received", "closed", "carried_forward")] == [2, 3, 2, 3]
    # on 31 March 2025 that of 30 January is 60 days old, beyond 56; those of August are older than 6 months
    assert year.details["ages"] == {f"within {within}": ages[0], f"beyond {within}": ages[1]}


@pytest.mark.parametrize(
    ("target", "part"), [("closed-within-3wd", 1), ("closed-within-8w", 2), ("closed-later", 1), ("upheld", 3)]
)
def test_the_complaints_return(target: str, part: int) -> None:
    days = [("2024-04-04", "upheld"), ("2024-04-05", "upheld"), ("2024-05-23", "rejected"), ("2024-05-24", "upheld")]
    closed = [one("2024-03-28", day, outcome=outcome) for day, outcome in days]
    records = [*of_kind("complaint", [*closed, one("2024-03-28", outcome=None)])]
    assert figure("disp", target, records, as_of="2024-12-31").exact == Fraction(part, 4)


# Letters and calls


def test_letters_of_members_are_answered_within_20_working_days_and_by_the_department_s_own_target() -> None:
    # 15, 18-22, 25-28 March, 2-5, 8-12, 15 April; a department's own 10 working days end on 28 March
    letters = [
        {"received_at": "2024-03-14", "handled_at": day, "due_at": "2024-03-28T12:00:00"}
        for day in ("2024-03-28T17:00:00", "2024-04-15T17:00:00", "2024-04-16T09:00:00", None)
    ]
    scheme = "parliamentary-correspondence"
    statuses = {
        "answered-20wd": ["met", "met", "late", "overdue"],
        "answered-own-target": ["met", "late", "late", "overdue"],
    }
    for target, day in (("answered-20wd", "2024-04-15"), ("answered-own-target", "2024-03-28")):
        rows = found(scheme, target, letters, "written_contacts", "2024-12-31")
        assert rows == [(day, status) for status in statuses[target]]


def test_the_printed_figure_of_letters_in_2023() -> None:
    # the Cabinet Office printed 163,522 of 206,515, and 79%
    (row,) = measure(
        load_scheme("parliamentary-correspondence"), targets="answered-20wd", as_of="2024-04-30", every="year",
        written_contacts=[{"period": "2023", "met": 163_522, "of": 206_515}], columns={"written_contacts": MET_OF},
    )  # fmt: skip
    assert (row.exact, f"{row.value:.0%}") == (Fraction(163_522, 206_515), "79%")


def calls(*waits: float, abandoned: Sequence[float] = ()) -> list[Record]:
    def after(seconds: float) -> str:
        return f"2014-07-01T09:{int(seconds) // 60:02}:{seconds % 60:09.6f}"

    return [
        *({"offered_at": after(0), "answered_at": after(wait)} for wait in waits),
        *({"offered_at": after(0), "abandoned_at": after(wait)} for wait in abandoned),
    ]


def test_calls_to_111_are_answered_within_60_seconds() -> None:
    # of calls answered: 19 of 20 are 95%, 18 of 19 aren't
    answered = [60.0] * 19
    for in_time, status in ((answered, "met"), (answered[1:], "missed")):
        row = figure(
            "nhs-111", "answered-60s", calls(*in_time, 60.000001, abandoned=[5, 90]), "calls", as_of="2014-07-31"
        )
        assert (row.numerator, row.denominator, row.status) == (len(in_time), len(in_time) + 1, status)


def test_calls_to_111_are_abandoned_after_30_seconds() -> None:
    # of calls offered: 1 of 21 is less than 5%, 1 of 20 isn't
    for answered, status in ((19, "met"), (18, "missed")):
        offered = calls(*[10.0] * answered, abandoned=[30.5, 12])
        row = figure("nhs-111", "abandoned-30s", offered, "calls", as_of="2014-07-31")
        assert (row.numerator, row.denominator, row.status) == (1, answered + 2, status)


# Legal Ombudsman: the least per cent to be concluded, and what was, of the cases accepted in each month from April 2019
# to March 2020, as the page prints them

PRINTED = {
    "all-90-days": (45, "48 51 50 59 67 67 63 60 61 49 53 51", "met"),
    "all-180-days": (78, "63 72 70 74 84 89 89 91 89 89 89 85", "missed"),
    "all-365-days": (95, "69 78 77 83 94 96 96 97 97 98 97 98", "missed"),
    "low-90-days": (65, "89 83 83 86 86 85 77 71 73 58 63 61", "missed"),
    "medium-90-days": (40, "54 50 45 52 45 49 41 42 39 30 36 32", "missed"),
    "low-180-days": (90, "98 99 99 98 98 99 98 98 96 96 95 93", "met"),
    "medium-180-days": (85, "92 91 85 85 84 90 85 89 86 79 85 75", "missed"),
    "high-180-days": (33, "75 56 33 20 27 30 9 24 17 38 18 28", "missed"),
    "low-365-days": (99, "100 100 100 100 100 100 100 100 100 100 100 100", "met"),
    "medium-365-days": (95, "100 100 98 100 100 99 99 99 96 98 98 99", "met"),
    "high-365-days": (85, "100 100 83 93 88 91 57 76 75 69 36 72", "missed"),
}


def year_of_months(target: str, shares: Sequence[int]) -> Results:
    months = [*(f"2019-{month:02}" for month in range(4, 13)), "2020-01", "2020-02", "2020-03"]
    table = [
        {"period": month, "met": share, "of": 100, "complexity": target.partition("-")[0]}
        for month, share in zip(months, shares, strict=True)
    ]
    return measure(
        load_scheme("legal-ombudsman"), targets=target, cases=table, columns={"cases": MET_OF}, as_of="2021-04-01",
        every=["financial-year", "month"],
    )  # fmt: skip


@pytest.mark.parametrize("target", PRINTED)
def test_a_printed_year_of_the_legal_ombudsman_is_met_only_in_every_month(target: str) -> None:
    least, printed, status = PRINTED[target]
    shares = [int(share) for share in printed.split()]
    year, *months = year_of_months(target, shares).rows
    assert (year.every, year.status, [row.numerator for row in months]) == ("financial-year", status, shares)
    assert year_of_months(target, [least] * 12).rows[0].status == "met"
    assert year_of_months(target, [*[least] * 11, least - 1]).rows[0].status == "missed"


@pytest.mark.parametrize(
    ("target", "last", "after"),
    [
        # 90 days after 15 April: 15, 31, 30, and 14 of July; 90 more: 17, 31, 30, and 12 of October
        # 365: over 29 February 2020, so the day before the anniversary
        ("90-days", "2019-07-14", "2019-07-15"),
        ("180-days", "2019-10-12", "2019-10-13"),
        ("365-days", "2020-04-14", "2020-04-15"),
    ],
)
@pytest.mark.parametrize("complexity", ["all", "low", "medium", "high"])
def test_a_legal_case_is_concluded_in_time_and_its_month_has_matured(
    target: str, last: str, after: str, complexity: str
) -> None:
    if (complexity, target) == ("high", "90-days"):
        return  # the page prints 0%, which is no target
    given = {"received_at": "2019-04-01", "valid_at": "2019-04-15", "complexity": complexity}
    records = [
        given | {"decided_at": last},
        given | {"closed_at": after},
        given | {"complexity": "other", "closed_at": last},
    ]
    name = f"{complexity}-{target}"
    row = figure("legal-ombudsman", name, records, "cases", as_of="2020-05-31", every="month")
    assert (row.met, row.missed) == ((2, 1) if complexity == "all" else (1, 1))
    early = figure("legal-ombudsman", name, [*records, given], "cases", as_of=last, every="month")
    assert early.value is None


# Planning

PLANNING = [
    # 91 days after Friday 1 March, 112 with an assessment, and 56
    ("major", None, {}, "2024-05-31", "2024-06-01", "2024-05-31"),
    ("major", True, {}, "2024-06-21", "2024-06-22", "2024-06-21"),
    ("minor", None, {}, "2024-04-26", "2024-04-29", "2024-04-26"),
    ("other", True, {}, "2024-06-21", "2024-06-22", "2024-06-21"),
    ("major", None, {EXTENDED: "2024-07-31", AGREED: "2024-05-31"}, "2024-07-31", "2024-08-01", "2024-07-31"),
    ("minor", None, {EXTENDED: "2024-07-31", AGREED: "2024-04-29"}, "2024-04-26", "2024-07-31", "2024-04-26"),
]  # fmt: skip


@pytest.mark.parametrize(("category", "assessed", "more", "last", "after", "due"), PLANNING)
def test_an_application_is_decided_in_time(
    category: str, assessed: bool | None, more: Record, last: str, after: str, due: str
) -> None:
    given: Record = {"received_at": "2024-02-20", "valid_at": "2024-03-01", "category": category, **more}
    given["environmental_assessment"] = assessed
    records = [given | {"decided_at": last}, given | {"decided_at": after}, given | {"category": "none"}]
    target = "major-in-time" if category == "major" else "non-major-in-time"
    rows = found("planning", target, records, "cases", "2024-12-31")
    assert rows == [(due, "met"), (due, "late"), (None, "excluded")]


@pytest.mark.parametrize(
    ("target", "category", "in_time", "late"), [("major-in-time", "major", 3, 2), ("non-major-in-time", "other", 7, 3)]
)
def test_60_per_cent_of_major_and_70_of_other_applications(target: str, category: str, in_time: int, late: int) -> None:
    given = {
        "received_at": "2024-03-01",
        "valid_at": "2024-03-01",
        "category": category,
        "environmental_assessment": None,
    }
    decided = [given | {"decided_at": day} for day in ["2024-04-01"] * in_time + ["2024-09-02"] * late]
    for records, status in ((decided, "met"), (decided[1:], "missed")):
        row = figure("planning", target, [*records, given], "cases", as_of="2024-12-31")
        assert (row.cohort, row.denominator, row.status) == ("closed", len(records), status)
