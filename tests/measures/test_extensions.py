"""Extensions of due days, worked by hand over Easter 2024."""

from datetime import timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd
import pytest

from ombudsman_kpi import RecordsError, Scheme, assess, deadlines, load_scheme, measure, settled, tally, worklist

TARGET = "decided-or-allocated-20wd"
Row = dict[str, Any]
AGREED = {"to": "extended_to_at", "agreed": "extended_at", "at_most": "10 working days"}
FLAG = {"where": {"extended": "true"}, "limit": "20 working days"}


def declared(extension: Row | None, limit: Any = "20 working days", **clock: str) -> Scheme:
    return load_scheme("lgsco").with_target(TARGET, stop="decided_at", limit=limit, extension=extension, clock=clock)


def case(name: str = "A", received: Any = "2024-03-28", **fields: Any) -> Row:
    """Make a case received on the Thursday before Easter, unless another day is given."""
    nothing = dict.fromkeys(("decided_at", "withdrawn_at", "extended_to_at", "extended_at", "extended"))
    return {"case_id": name, "received_at": received, **nothing, **fields}


class Found(NamedTuple):
    status: str
    due: str | None
    reason: str = ""


def found(scheme: Scheme, as_of: Any = "2024-12-31", **fields: Any) -> Found:
    (row,) = assess(scheme, cases=[case(**fields)], as_of=as_of, targets=TARGET).to_dict("records")
    due = None if pd.isna(row["due"]) else str(row["due"]).removesuffix(" 00:00:00")
    return Found(row["status"], due, row["reason"])


LATE = "extension agreed after it was due"
LONGER = "agreed for longer than allowed"


# Received on Thursday 28 March 2024, 20 working days: due on Monday 29 April. Ten further working days are 30 April,
# 1-3 May (4), 7-10 May (8), for the 6th is a holiday, 13 and 14 May: no extension goes further than Tuesday 14 May.
@pytest.mark.parametrize(
    ("to", "agreed", "decided", "expected"),
    [
        ("2024-05-10", "2024-04-12", "2024-04-29", Found("met", "2024-05-10")),
        ("2024-05-10", "2024-04-12", "2024-04-30", Found("met", "2024-05-10", "by extension")),
        ("2024-05-10", "2024-04-29", "2024-05-10", Found("met", "2024-05-10", "by extension")),  # on the due day
        ("2024-05-10", "2024-04-12", "2024-05-13", Found("late", "2024-05-10")),
        ("2024-05-10", "2024-04-30", "2024-04-30", Found("late", "2024-04-29", LATE)),
        ("2024-05-10", "2024-04-30", "2024-04-29", Found("met", "2024-04-29")),  # agreed in vain, and not needed
        ("2024-05-10", None, "2024-05-10", Found("met", "2024-05-10", "by extension")),  # when isn't known
        (None, "2024-04-12", "2024-04-30", Found("late", "2024-04-29")),
        ("2024-05-14", "2024-04-12", "2024-05-14", Found("met", "2024-05-14", "by extension")),
        ("2024-05-15", "2024-04-12", "2024-05-14", Found("met", "2024-05-14", f"by extension, {LONGER}")),
        ("2024-06-28", "2024-04-12", "2024-05-15", Found("late", "2024-05-14", LONGER)),
        ("2024-06-28", "2024-04-12", "2024-04-12", Found("met", "2024-05-14", LONGER)),
        ("2024-04-19", "2024-04-12", "2024-04-29", Found("met", "2024-04-29")),  # shorter than the limit
        ("2024-04-19", "2024-04-12", "2024-04-30", Found("late", "2024-04-29")),
        ("2024-05-11", "2024-04-12", "2024-05-11", Found("met", "2024-05-11", "by extension")),  # a Saturday, as agreed
        ("2024-05-11", "2024-04-12", "2024-05-13", Found("late", "2024-05-11")),
        ("2024-02-30", "2024-04-12", "2024-04-29", Found("invalid", None, "extended_to_at is not a real date or time")),
        ("1850-01-01", "2024-04-12", "2024-04-29", Found("invalid", None, "extended_to_at is outside the calendar")),
        ("2024-05-10", "2024-02-30", "2024-04-29", Found("invalid", None, "extended_at is not a real date or time")),
    ],
)
def test_an_extension_to_an_agreed_date_by_hand(
    to: str | None, agreed: str | None, decided: str, expected: Found
) -> None:
    assert found(declared(AGREED), extended_to_at=to, extended_at=agreed, decided_at=decided) == expected


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-04-11", Found("pending", "2024-04-29")),  # the day before it was agreed: it isn't known
        ("2024-04-12", Found("pending", "2024-05-10")),
        ("2024-04-30", Found("pending", "2024-05-10", "overdue without its extension")),
        ("2024-05-10", Found("pending", "2024-05-10", "overdue without its extension")),
        ("2024-05-11", Found("overdue", "2024-05-10")),
    ],
)
def test_an_open_case_is_known_to_be_extended_from_the_day_of_agreement(as_of: str, expected: Found) -> None:
    assert found(declared(AGREED), as_of, extended_to_at="2024-05-10", extended_at="2024-04-12") == expected


@pytest.mark.parametrize(
    ("withdrawn", "expected"),
    [
        ("2024-04-29", Found("excluded", "2024-05-10", "withdrawn")),
        ("2024-04-30", Found("excluded", "2024-05-10", "withdrawn, late without its extension")),
        ("2024-05-11", Found("late", "2024-05-10", "withdrawn after it was due")),
    ],
)
def test_what_is_withdrawn_within_an_extension_is_left_out(withdrawn: str, expected: Found) -> None:
    extended = {"extended_to_at": "2024-05-10", "extended_at": "2024-04-12"}
    assert found(declared(AGREED), withdrawn_at=withdrawn, **extended) == expected


# A further 20 working days from Monday 29 April: 14 May is the 10th, 15-17 May (13), 20-24 May (18), 28 May (19), for
# the 27th is a holiday: Wednesday 29 May.
@pytest.mark.parametrize(
    ("flag", "decided", "expected"),
    [
        ("true", "2024-05-29", Found("met", "2024-05-29", "by extension")),
        ("true", "2024-05-30", Found("late", "2024-05-29")),
        ("true", "2024-04-29", Found("met", "2024-05-29")),
        ("false", "2024-04-30", Found("late", "2024-04-29")),
        (None, "2024-04-30", Found("late", "2024-04-29")),
    ],
)
def test_an_extension_by_a_flag_moves_the_due_day_by_a_second_limit(
    flag: str | None, decided: str, expected: Found
) -> None:
    assert found(declared(FLAG), extended=flag, decided_at=decided) == expected


def test_a_flag_with_the_day_of_agreement_follows_the_same_rule() -> None:
    scheme = declared({**FLAG, "agreed": "extended_at"})
    late = {"extended": "true", "extended_at": "2024-04-30", "decided_at": "2024-05-02"}
    assert found(scheme, **late) == Found("late", "2024-04-29", LATE)
    assert found(scheme, **late | {"extended_at": "2024-04-29"}) == Found("met", "2024-05-29", "by extension")


@pytest.mark.parametrize(
    ("clock", "at_most", "due"),
    [
        ({}, "5 calendar days", "2024-04-12"),  # 28 March + 10 = Sunday 7 April; + 5 = Friday 12 April
        ({"non_working_due": "next working day"}, "5 calendar days", "2024-04-15"),  # Monday 8, Saturday 13, Monday 15
        ({"day_of_receipt": "day 1"}, "5 calendar days", "2024-04-11"),  # Saturday 6: day 1 is of the receipt alone
        ({}, "< 1 week", "2024-04-13"),
        ({}, "5 working days", "2024-04-12"),  # from Sunday 7 April: 8, 9, 10, 11, 12 April
    ],
)
def test_at_most_counts_from_the_first_due_day_in_its_own_unit(clock: Row, at_most: str, due: str) -> None:
    scheme = declared({"to": "extended_to_at", "at_most": at_most}, "10 calendar days", **clock)
    assert found(scheme, extended_to_at="2024-06-28", decided_at=due) == Found("met", due, f"by extension, {LONGER}")


def test_without_at_most_any_date_can_be_agreed() -> None:
    extended = {"extended_to_at": "2024-10-31", "decided_at": "2024-10-31"}
    assert found(declared({"to": "extended_to_at"}), **extended) == Found("met", "2024-10-31", "by extension")


@pytest.mark.parametrize(
    ("to", "decided", "expected"),
    [
        ("2024-03-30T12:00", "2024-03-30T12:00", Found("met", "2024-03-30 12:00:00", "by extension")),
        ("2024-03-30T12:00", "2024-03-30T12:00:00.000001", Found("late", "2024-03-30 12:00:00")),
        # 24 hours after 09:00 on Saturday 30 March, the clocks went forward: 10:00 on Sunday
        ("2024-04-05", "2024-03-31T10:00", Found("met", "2024-03-31 10:00:00", f"by extension, {LONGER}")),
        ("2024-03-30", "2024-03-30T23:59", Found("met", "2024-03-30 23:59:59.999999", "by extension")),
    ],
)
def test_in_hours_the_extension_ends_at_an_instant(to: str, decided: str, expected: Found) -> None:
    scheme = declared({"to": "extended_to_at", "at_most": "24 hours"}, "48 hours")
    given = {"received": "2024-03-28T09:00", "extended_to_at": to, "decided_at": decided}
    assert found(scheme, "2024-04-30", **given) == expected


def test_agreed_an_instant_after_it_was_due_is_too_late() -> None:
    scheme = declared({"to": "extended_to_at", "agreed": "extended_at"}, "48 hours")
    given = {"received": "2024-03-28T09:00", "extended_to_at": "2024-04-02T09:00", "decided_at": "2024-04-01T09:00"}
    for agreed, status in (("2024-03-30T09:00", "met"), ("2024-03-30T09:00:00.000001", "late"), ("2024-03-30", "met")):
        assert found(scheme, "2024-04-30", extended_at=agreed, **given).status == status


CASES = [
    case("met", decided_at="2024-04-12"),
    case("by-extension", decided_at="2024-05-01", extended_to_at="2024-05-10", extended_at="2024-04-12"),
    case("too-late", decided_at="2024-05-01", extended_to_at="2024-05-10", extended_at="2024-04-30"),
    case("late", decided_at="2024-05-01"),
    case("pending", extended_to_at="2024-06-28", extended_at="2024-04-12"),
    case("left", withdrawn_at="2024-05-01", extended_to_at="2024-05-10", extended_at="2024-04-12"),
]


def test_the_figure_the_number_by_extension_and_the_figure_without_any_are_given() -> None:
    (row,) = measure(declared(AGREED), cases=CASES, as_of="2024-05-13", targets=TARGET).rows
    assert (row.met, row.missed, row.pending, row.excluded) == (2, 2, 1, 1)
    assert row.exact == Fraction(1, 2)
    # without extensions one is in time; late are by-extension, too-late and late, left after it was due, and pending
    assert row.details == {"by_extension": 1, "without_extensions": Fraction(1, 6)}
    assert row.note.startswith("1 met by extension; without extensions 16.7% (1 of 6)")
    assert f"late: 1 {LATE}" in row.note
    plain = measure(declared(None), cases=CASES, as_of="2024-05-13", targets=TARGET).rows[0]
    assert (plain.exact, plain.missed) == (Fraction(1, 6), 5)


def test_the_extended_due_day_says_in_which_period_a_case_was_due() -> None:
    results = measure(declared(AGREED), cases=CASES, as_of="2024-05-31", targets=TARGET, cohort="due", every="month")
    assert [(row.period, row.records) for row in results] == [("Apr 2024", 3), ("May 2024", 3)]


def test_what_is_kept_has_the_same_figures() -> None:
    counted = tally(declared(AGREED), cases=CASES, as_of="2024-05-13", targets=TARGET)
    again = type(counted).from_json(counted.to_json())
    assert again.results().rows == counted.results().rows


def test_an_explanation_gives_both_dates() -> None:
    given = case(extended_to_at="2024-05-10", extended_at="2024-04-12", decided_at="2024-05-01")
    (item,) = deadlines(declared(AGREED), given, as_of="2024-05-31", targets=TARGET)
    assert (str(item.first_due), str(item.due), item.status, item.left) == ("2024-04-29", "2024-05-10", "met", 6)
    text = item.explain()
    assert [step.kind for step in text.steps] == ["start", "day 1", "due", "extension", "status", "target", "calendar"]
    assert text.splitlines()[2:5] == [
        "The 20th working day was Mon 29 Apr 2024 (4 weekends skipped): the last day in time without its extension.",
        "Extended to Fri 10 May 2024, as agreed. That was the last day in time.",
        "Decided Wed 1 May 2024: in time, with 6 working days to spare (by extension).",
    ]


def test_an_explanation_says_how_far_an_extension_goes() -> None:
    longer = case(extended_to_at="2024-06-28", extended_at="2024-04-12")
    (item,) = deadlines(declared(AGREED), longer, as_of="2024-05-13", targets=TARGET)
    assert item.explain().splitlines()[3] == (
        "Extended to Tue 14 May 2024, 10 working days after that: it was agreed for longer than allowed (2 weekends "
        "and Early May bank holiday skipped). That is the last day in time."
    )
    (item,) = deadlines(declared(FLAG), case(extended="true"), as_of="2024-05-13", targets=TARGET)
    assert item.explain().splitlines()[3].startswith("Extended to Wed 29 May 2024 by 20 working days (")


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        ("2024-05-09", "Not yet decided by Thu 9 May 2024: 1 working day left (overdue without its extension)."),
        ("2024-05-10", "Not yet decided by Fri 10 May 2024: 0 working days left (overdue without its extension)."),
        ("2024-05-11", "Not yet decided by Sat 11 May 2024: due that day (overdue without its extension)."),
        ("2024-05-12", "Not yet decided by Sun 12 May 2024: 1 working day overdue."),
    ],
)
def test_an_agreed_saturday_is_not_due_on_friday(as_of: str, said: str) -> None:
    given = case(extended_to_at="2024-05-11", extended_at="2024-04-12")
    (item,) = deadlines(declared(AGREED), given, as_of=as_of, targets=TARGET)
    assert said in item.explain().splitlines()


def test_an_explanation_in_hours_gives_both_instants() -> None:
    scheme = declared({"to": "extended_to_at"}, "48 hours")
    given = case(received="2024-03-28T09:00", extended_to_at="2024-04-02T12:00", decided_at="2024-04-02T11:30")
    (item,) = deadlines(scheme, given, as_of="2024-04-30", targets=TARGET)
    both = str(item.first_due), str(item.due)
    assert both == ("2024-03-30 09:00:00+00:00", "2024-04-02 12:00:00+01:00")
    assert (item.status, item.left, item.unit) == ("met", 0.5, "hours")


# Received on Thursday 28 March 2024 at 16:00, open 9 to 17: 4 working hours end on Tuesday 2 April at 12:00, and 8 more
# on Wednesday at 12:00. With two more hours than that, from 12:00 on Thursday 4 April, Friday and the weekend follow.
@pytest.mark.parametrize(
    ("unit", "extension", "said"),
    [
        ("hours", {"where": {"extended": "true"}, "limit": "24 hours"},
         "Extended to Fri 29 Mar 2024 20:00 by 24 hours. That was the last moment in time."),
        ("hours", {"to": "extended_to_at", "at_most": "24 hours"},
         "Extended to Fri 29 Mar 2024 20:00, 24 hours after that: it was agreed for longer than allowed. That was the "
         "last moment in time."),
        ("working hours", {"where": {"extended": "true"}, "limit": "8 working hours"},
         "Extended to Wed 3 Apr 2024 12:00 by 8 working hours. That was the last moment in time."),
        ("working hours", {"where": {"extended": "true"}, "limit": "32 working hours"},
         "Extended to Mon 8 Apr 2024 12:00 by 32 working hours (weekend skipped). That was the last moment in time."),
    ],
)  # fmt: skip
def test_an_explanation_in_hours_says_how_far_an_extension_goes(unit: str, extension: Row, said: str) -> None:
    opening = {day: ["09:00", "17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    target = {
        "id": "own", "says": "Soon", "of": "cases", "start": "received_at", "stop": "decided_at", "cohort": "received",
        "limit": f"4 {unit}", "extension": extension,
    }  # fmt: skip
    scheme = Scheme.model_validate({
        "id": "s", "title": "S", "source": "A notice", "division": "england-and-wales", "opening": opening,
        "targets": [target],
    })  # fmt: skip
    given = case(received="2024-03-28T16:00", extended="true", extended_to_at="2024-04-19T12:00")
    (item,) = deadlines(scheme, given, as_of="2024-04-30")
    assert said in item.explain().splitlines()


@pytest.mark.parametrize(("yes", "no"), [("True", "False"), ("TRUE", ""), ("Yes", "No"), ("y", "n"), (1, 0)], ids=str)
@pytest.mark.parametrize("way", ["rows", "frame", "file", "one"])
def test_a_flag_means_the_same_however_it_is_spelt_and_comes_in(yes: Any, no: Any, way: str, tmp_path: Any) -> None:
    """Twenty further working days from Monday 29 April end on Wednesday 29 May; without them 30 April is late."""
    scheme = declared(FLAG | {"where": {"extended": True}})
    rows = [case(name, decided_at="2024-05-29", extended=flag) for name, flag in (("A", yes), ("B", no))]
    if way == "one":
        one = [deadlines(scheme, row, as_of="2024-06-30", targets=TARGET)[0].status for row in rows]
        assert one == ["met", "late"]
        return
    frame, path = pd.DataFrame(rows), tmp_path / "cases.csv"
    frame.to_csv(path, index=False)
    given: Any = {"rows": rows, "frame": frame, "file": path}[way]
    assert assess(scheme, cases=given, as_of="2024-06-30", targets=TARGET)["status"].tolist() == ["met", "late"]


def test_a_worklist_goes_by_the_extended_day() -> None:
    rows = worklist(declared(AGREED), cases=CASES, as_of="2024-05-13", targets=TARGET)
    assert rows[["id", "left", "status", "reason"]].values.tolist() == [
        ["pending", 1, "pending", f"overdue without its extension, {LONGER}"]
    ]


def test_a_case_met_by_extension_needs_no_explanation_and_one_overdue_is_due_one_by_the_extended_day() -> None:
    scheme = load_scheme("lgsco").with_target("delays-explained", late_on=[TARGET])
    scheme = scheme.with_target(TARGET, stop="decided_at", extension=AGREED)
    rows = assess(scheme, cases=CASES, events=[], as_of="2024-05-31", targets="delays-explained")
    assert rows["id"].tolist() == ["too-late", "late", "pending"]
    assert [str(day.date()) for day in rows["due"]] == ["2024-04-29", "2024-04-29", "2024-05-14"]


def test_a_declared_field_that_is_missing_is_one_error() -> None:
    with pytest.raises(Exception, match="has no column 'extended_at', which target 'decided-or-allocated-20wd' needs"):
        measure(declared(AGREED), cases=pd.DataFrame([case()]).drop(columns="extended_at"), as_of="2024-05-13",
                targets=TARGET)  # fmt: skip


@pytest.mark.parametrize(("limit", "field"), [("20 working days", "extended_to_at"), ("48 hours", "extended_at")])
def test_times_of_an_extension_without_a_zone_are_refused_where_all_are(limit: str, field: str) -> None:
    scheme = declared({"to": "extended_to_at", "agreed": "extended_at"}, limit, naive_times="refuse")
    zoned = case(received="2024-03-28T09:00Z", extended_to_at="2024-05-10T12:00Z", extended_at="2024-03-29T12:00Z")
    assert found(scheme, **zoned | {"name": "A"}).status == "overdue"
    with pytest.raises(RecordsError, match=f"{field} has timestamps without a zone, which target '{TARGET}' refuses"):
        assess(scheme, cases=[zoned | {field: "2024-05-10T12:00"}], as_of="2024-04-30", targets=TARGET)


def test_what_may_still_move_or_change_is_not_settled() -> None:
    last = load_scheme("lgsco").calendar.announced_until
    near = case(received=last - timedelta(days=40), decided_at=last - timedelta(days=1), extended="true")
    assert settled(declared(FLAG), cases=[near], as_of=last, targets=TARGET).open == {"cases": ("A",)}
    early = case(received=last - timedelta(days=90), decided_at=last - timedelta(days=1), extended="true")
    assert settled(declared(FLAG), cases=[early], as_of=last, targets=TARGET).open == {"cases": ()}
    # what it was decided in is known from the decision, and may give it another limit
    limits = [{"where": {"decided_in": "assessment"}, "limit": "1 week"}, "8 weeks"]
    scheme = load_scheme("lgsco").with_target(TARGET, limit=limits)
    allocated = case(allocated_at="2024-04-12", decided_in=None)
    assert settled(scheme, cases=[allocated], as_of="2024-04-30", targets=TARGET).open == {"cases": ("A",)}
    decided = allocated | {"decided_at": "2024-04-12", "decided_in": "assessment"}
    assert settled(scheme, cases=[decided], as_of="2024-04-30", targets=TARGET).open == {"cases": ()}
