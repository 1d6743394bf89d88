"""Clocks that stand still, by several limits and with extensions; worked by hand over Easter and Christmas 2024."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd
import pytest

from ombudsman_kpi import Scheme, SchemeError, Tally, assess, deadlines, load_scheme, measure, tally, worklist

TARGET = "decided-or-allocated-20wd"
NOTHING = [{"case_id": "someone else", "event": "paused", "at": "2024-01-02"}]
Row = dict[str, Any]
SOONER = {"earlier": ["20 working days", "32 calendar days"]}
AGREED = {"to": "extended_to_at", "agreed": "extended_at", "at_most": "10 working days"}
FLAG = {"where": {"extended": "true"}, "limit": "20 working days"}
LATE, LONGER = "extension agreed after it was due", "agreed for longer than allowed"
SPARED = "late without pauses"


def declared(limit: Any = "20 working days", extension: Row | None = None, **clock: str) -> Scheme:
    clock = {"pauses": "allowed", **clock}
    return load_scheme("lgsco").with_target(TARGET, stop="decided_at", limit=limit, extension=extension, clock=clock)


def case(name: str = "A", received: Any = "2024-03-28", **fields: Any) -> Row:
    """Make a case received on the Thursday before Easter, unless another day is given."""
    nothing = dict.fromkeys(("decided_at", "withdrawn_at", "extended_to_at", "extended_at", "extended", "complexity"))
    return {"case_id": name, "received_at": received, **nothing, **fields}


def pause(first: Any, end: Any = None, reason: str | None = None, name: str = "A") -> list[Row]:
    """Pause a case on one day, and resume it on another."""
    days = (("paused", first), ("resumed", end))
    return [{"case_id": name, "event": word, "at": at, "reason": reason} for word, at in days if at]


class Found(NamedTuple):
    status: str
    due: str | None
    reason: str = ""


def found(scheme: Scheme, events: Sequence[Row], as_of: Any = "2025-12-31", **fields: Any) -> Found:
    cases = [case(**fields), case("someone else")]
    row, _ = assess(scheme, cases=cases, events=[*NOTHING, *events], as_of=as_of, targets=TARGET).to_dict("records")
    due = None if pd.isna(row["due"]) else str(row["due"]).removesuffix(" 00:00:00")
    return Found(row["status"], due, row["reason"])


# From Thursday 28 March 2024, 20 working days and 32 calendar days both end on Monday 29 April. From Friday 20 December
# 2024 20 working days end on Wednesday 22 January (23, 24, 27, 30, 31 December (5), 2, 3 (7), 6-10 (12), 13-17 (17),
# 20-22 January), 32 calendar days on Tuesday the 21st.
@pytest.mark.parametrize(
    ("received", "events", "due"),
    [
        ("2024-03-28", [], "2024-04-29"),
        # Easter, 29 March to 1 April: no working day, four calendar days, to 3 May
        ("2024-03-28", pause("2024-03-29", "2024-04-02"), "2024-04-29"),
        # 10-14 April: three working days, 30 April, 1 and 2 May; five calendar days, to 4 May
        ("2024-03-28", pause("2024-04-10", "2024-04-15"), "2024-05-02"),
        # Two that overlap, 8-14 April: five working days, to 7 May, as the 6th is a holiday; seven days, to 6 May
        (
            "2024-03-28",
            [*pause("2024-04-08", "2024-04-11", "records"), *pause("2024-04-10", "2024-04-15", "advice")],
            "2024-05-06",
        ),
        # Christmas, 23 December to 1 January: five working days, to the 29th; ten calendar days, to the 31st
        ("2024-12-20", pause("2024-12-23", "2025-01-02"), "2025-01-29"),
        # 25, 26 December: no working day; two days, to the 23rd
        ("2024-12-20", pause("2024-12-25", "2024-12-27"), "2025-01-22"),
    ],
)
def test_the_sooner_of_two_stays_the_sooner_each_moved_by_what_it_stood_still(
    received: str, events: list[Row], due: str
) -> None:
    scheme, late = declared(SOONER), str(pd.Timestamp(due) + pd.Timedelta(days=1))[:10]
    assert found(scheme, events, received=received, decided_at=due)[:2] == ("met", due)
    assert found(scheme, events, received=received, decided_at=late)[:2] == ("late", due)


@pytest.mark.parametrize(
    ("limit", "received", "events", "due"),
    [
        # one month of the 31st ends on 29 February; 5-11 February are seven days more
        (["1 month"], "2024-01-31", pause("2024-02-05", "2024-02-12"), "2024-03-07"),
        ({"earlier": ["1 month", "40 calendar days"]}, "2024-01-31", pause("2024-02-05", "2024-02-12"), "2024-03-07"),
        # by 31 January 31 calendar days end on 2 March, sooner than a month and 10 days of pauses in working days
        ({"earlier": ["1 month", "22 working days"]}, "2024-01-31", pause("2024-02-03", "2024-02-05"), "2024-03-01"),
        ([{"where": {"complexity": "high"}, "limit": "8 weeks"}, "4 weeks"], "2024-03-28",
         pause("2024-04-02", "2024-04-04"), "2024-04-27"),
    ],
)  # fmt: skip
def test_limits_in_months_and_weeks_move_by_days(limit: Any, received: str, events: list[Row], due: str) -> None:
    assert found(declared(limit), events, received=received, decided_at=due)[:2] == ("met", due)


# As above 20 working days end on 29 April, and on 2 May with 10-14 April paused. Ten further working days from there
# are 3 May (1), 7-10 (5), 13-17 May (10). Twenty are 20-24 (15), 28-31 May (19), as the 27th is a holiday, and 3 June.
EASTER = pause("2024-04-10", "2024-04-15")


@pytest.mark.parametrize(
    ("to", "agreed", "decided", "expected"),
    [
        ("2024-05-10", "2024-04-12", "2024-05-02", Found("met", "2024-05-10")),
        ("2024-05-10", "2024-04-12", "2024-05-03", Found("met", "2024-05-10", "by extension")),
        # agreed after 29 April, but not after 2 May
        ("2024-05-10", "2024-04-30", "2024-05-10", Found("met", "2024-05-10", f"by extension, {SPARED}")),
        ("2024-05-10", "2024-05-02", "2024-05-02", Found("met", "2024-05-10", SPARED)),
        ("2024-05-10", "2024-05-03", "2024-05-03", Found("late", "2024-05-02", LATE)),
        ("2024-05-01", "2024-04-12", "2024-05-02", Found("met", "2024-05-02", SPARED)),  # shorter than the limit
        # ten working days after 29 April are the 14th, after 2 May the 17th
        ("2024-06-28", "2024-04-12", "2024-05-14", Found("met", "2024-05-17", f"by extension, {LONGER}")),
        ("2024-06-28", "2024-04-12", "2024-05-17", Found("met", "2024-05-17", f"by extension, {LONGER}, {SPARED}")),
        ("2024-06-28", "2024-04-12", "2024-05-20", Found("late", "2024-05-17", LONGER)),
        ("2024-02-30", "2024-04-12", "2024-04-29", Found("invalid", None, "extended_to_at is not a real date or time")),
    ],
)
def test_an_agreed_date_follows_the_due_day_that_pauses_moved(
    to: str | None, agreed: str | None, decided: str, expected: Found
) -> None:
    fields = {"extended_to_at": to, "extended_at": agreed, "decided_at": decided}
    assert found(declared(extension=AGREED), EASTER, **fields) == expected


@pytest.mark.parametrize(
    ("events", "decided", "as_of", "expected"),
    [
        # paused after the first due day, 29 April, an agreed date stays
        (pause("2024-05-01", "2024-05-08"), "2024-05-10", None, Found("met", "2024-05-10", "by extension")),
        (pause("2024-05-01", "2024-05-08"), "2024-05-13", None, Found("late", "2024-05-10")),
        (pause("2024-05-01"), None, "2024-05-13", Found("overdue", "2024-05-10")),
        # paused before it and still, there is no due day, whatever was agreed
        (pause("2024-04-26"), None, "2024-04-29", Found("pending", None)),
        (pause("2024-04-26"), None, "2024-05-10",
         Found("pending", None)),  # without pauses it would be due then, by extension
        (pause("2024-04-26"), None, "2024-05-13", Found("pending", None, "overdue without pauses")),
        # 26 April to 12 May: two working days are left, 26 April having stood; 13 and 14 May, later than was agreed
        (pause("2024-04-26", "2024-05-13"), "2024-05-14", None, Found("met", "2024-05-14", SPARED)),
    ],
)  # fmt: skip
def test_an_agreed_date_stays_while_the_clock_stands_still(
    events: list[Row], decided: str | None, as_of: str | None, expected: Found
) -> None:
    fields = {"extended_to_at": "2024-05-10", "extended_at": "2024-04-12", "decided_at": decided}
    assert found(declared(extension=AGREED), events, as_of or "2024-12-31", **fields) == expected


@pytest.mark.parametrize(
    ("events", "decided", "as_of", "expected"),
    [
        ([], "2024-05-29", None, Found("met", "2024-05-29", "by extension")),
        # 2-7 May: two working days and the 7th; 30, 31 May and 3 June
        (pause("2024-05-02", "2024-05-08"), "2024-05-29", None, Found("met", "2024-06-03", "by extension")),
        (pause("2024-05-02", "2024-05-08"), "2024-06-03", None, Found("met", "2024-06-03", f"by extension, {SPARED}")),
        (pause("2024-05-02", "2024-05-08"), "2024-06-04", None, Found("late", "2024-06-03")),
        # before the first due day and after: 2 May and 3 June, then 4 and 5 June for 7 and 8 May
        ([*EASTER, *pause("2024-05-07", "2024-05-09")], "2024-06-05", None,
         Found("met", "2024-06-05", f"by extension, {SPARED}")),
        (pause("2024-05-02"), None, "2024-05-28", Found("pending", None, "overdue without its extension")),
        (pause("2024-05-02"), None, "2024-05-31",
         Found("pending", None, "overdue without its extension, overdue without pauses")),
        (pause("2024-05-30"), None, "2024-05-31", Found("overdue", "2024-05-29")),  # too late to cure
    ],
)  # fmt: skip
def test_a_further_limit_stands_still_as_the_first_one_does(
    events: list[Row], decided: str | None, as_of: str | None, expected: Found
) -> None:
    fields = {"extended": "true", "decided_at": decided}
    assert found(declared(extension=FLAG), events, as_of or "2024-12-31", **fields) == expected


def test_what_is_due_sooner_is_due_though_the_other_still_stands() -> None:
    # five working days end on 8 April, before the clock stood still; eight weeks don't yet
    scheme = declared({"earlier": ["5 working days", "8 weeks"]})
    assert found(scheme, pause("2024-04-10"), "2024-04-30") == Found("overdue", "2024-04-08")


@pytest.mark.parametrize(
    ("events", "decided", "as_of", "expected"),
    [
        # ten working days after 29 April are 14 May, whatever stood still in between
        (pause("2024-05-01", "2024-05-08"), "2024-05-15", "2024-12-31", Found("late", "2024-05-14", LONGER)),
        (pause("2024-05-01"), None, "2024-05-15", Found("overdue", "2024-05-14", LONGER)),
        (pause("2024-04-26"), None, "2024-04-29", Found("pending", None)),  # from when isn't known
    ],
)
def test_how_far_an_agreed_date_counts_stays_too(
    events: list[Row], decided: str | None, as_of: str, expected: Found
) -> None:
    fields = {"extended_to_at": "2024-06-28", "extended_at": "2024-04-12", "decided_at": decided}
    assert found(declared(extension=AGREED), events, as_of, **fields) == expected


def test_what_was_withdrawn_is_spared_by_both() -> None:
    fields = {"extended": "true", "withdrawn_at": "2024-05-30"}
    reason = f"withdrawn, late without its extension, {SPARED}"
    scheme = declared(extension=FLAG)
    assert found(scheme, pause("2024-05-02", "2024-05-08"), **fields) == Found("excluded", "2024-06-03", reason)


OPENING = {day: ["09:00", "17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}


@pytest.mark.parametrize(
    ("limit", "flag", "due"),
    [
        # From Friday 12 April 16:00, with 16:30 to Monday 10:00 paused: half an hour, then three and a half
        (["4 working hours"], None, "2024-04-15 13:30:00"),
        (["4 working hours"], "true", "2024-04-15 15:30:00"),
        # half an hour, then 23 and a half
        (["24 hours"], None, "2024-04-16 09:30:00"),
    ],
)
def test_in_hours_they_stand_still_by_the_instant(limit: Any, flag: str | None, due: str) -> None:
    unit = limit[0].split(" ", 1)[1]
    plain = {**declared().model_dump(mode="json", exclude_unset=True), "opening": OPENING}
    scheme = Scheme.model_validate(plain).with_target(
        TARGET, limit=limit, extension={"where": {"extended": "true"}, "limit": f"2 {unit}"}
    )
    events = pause("2024-04-12T16:30", "2024-04-15T10:00")
    given: Row = {"received": "2024-04-12T16:00", "extended": flag}
    assert found(scheme, events, **given, decided_at=due)[:2] == ("met", due)
    assert found(scheme, events, **given, decided_at=f"{due}.000001")[:2] == ("late", due)
    allowed = (24 if unit == "hours" else 4) + (2 if flag else 0)
    (item,) = deadlines(scheme, case(**given), events=events, as_of="2024-04-15T11:00", targets=TARGET)
    assert (str(item.due), item.elapsed, item.left) == (f"{due}+01:00", 1.5, allowed - 1.5)
    (item,) = deadlines(scheme, case(**given), events=events[:1], as_of="2024-04-15T11:00", targets=TARGET)
    assert (item.due, item.elapsed, item.left) == (None, 0.5, allowed - 0.5)


CASES = [
    case("met", decided_at="2024-04-12"),
    case("spared", decided_at="2024-05-02"),
    case("by-extension", decided_at="2024-05-08", extended_to_at="2024-05-10", extended_at="2024-04-12"),
    case("by-both", decided_at="2024-05-08", extended_to_at="2024-05-10", extended_at="2024-04-30"),
    case("late", decided_at="2024-05-03"),
    case("stands", extended_to_at="2024-05-10", extended_at="2024-04-12"),
]
LOG = [event for name in ("spared", "by-both") for event in pause("2024-04-10", "2024-04-15", name=name)]
LOG += pause("2024-04-26", name="stands")


def test_the_figure_without_any_extension_and_that_without_any_pause_are_given() -> None:
    (row,) = measure(declared(extension=AGREED), cases=CASES, events=LOG, as_of="2024-05-13", targets=TARGET).rows
    assert (row.met, row.missed, row.pending) == (4, 1, 1)
    # without extensions met and spared are in time, by-extension, by-both and late aren't; what stands still is neither
    assert row.details["by_extension"] == 2
    assert row.details["without_extensions"] == Fraction(2, 5)
    # without pauses met and by-extension are, spared, by-both, late and what was due on 10 May aren't
    assert row.details["gross"] == Fraction(2, 6)
    said = "2 met by extension; without extensions 40.0% (2 of 5); without pauses 33.3% (2 of 6)"
    assert row.note.startswith(said)
    counted = tally(declared(extension=AGREED), cases=CASES, events=LOG, as_of="2024-05-13", targets=TARGET)
    (again,) = Tally.from_json(counted.to_json()).results().rows
    assert again.details == row.details


def test_a_deadline_explains_both_dates_and_the_pauses() -> None:
    record = case(extended_to_at="2024-05-10", extended_at="2024-04-12")
    events = [*EASTER, *pause("2024-05-03", "2024-05-08")]
    (item,) = deadlines(declared(extension=AGREED), record, events=events, as_of="2024-05-09", targets=TARGET)
    assert (str(item.first_due), str(item.due), item.left) == ("2024-05-02", "2024-05-10", 1)
    assert item.explain().splitlines()[2:7] == [
        "The clock stood still from Wed 10 Apr 2024 to Sun 14 Apr 2024: those days don't count.",
        "The clock stood still from Fri 3 May 2024 to Tue 7 May 2024.",  # an agreed date stays
        "The 20th working day that counts was Thu 2 May 2024 (4 weekends skipped): the "
        "last day in time without its extension.",
        "Extended to Fri 10 May 2024, as agreed. That is the last day in time.",
        "Not yet decided by Thu 9 May 2024: 1 working day left (overdue without its extension).",
    ]


def test_a_further_limit_that_stands_still_is_explained() -> None:
    record = case(extended="true")
    scheme = declared(extension=FLAG)
    (item,) = deadlines(scheme, record, events=pause("2024-05-02"), as_of="2024-05-31", targets=TARGET)
    # 29 April is the 20th working day, 30 April and 1 May the first two further ones: 18 are left
    assert (str(item.first_due), item.due, item.left, item.status) == ("2024-04-29", None, 18, "pending")
    assert "Extended by 20 working days: there is no due day while the clock stands still." in item.explain()
    (item,) = deadlines(scheme, record, events=pause("2024-05-02", "2024-05-08"), as_of="2024-05-31", targets=TARGET)
    said = "Extended to Mon 3 Jun 2024 by 20 working days (5 weekends, Early May bank holiday and Spring bank holiday "
    assert said in item.explain()
    assert "The clock stood still from Thu 2 May 2024 to Tue 7 May 2024: those days don't count." in item.explain()


@pytest.mark.parametrize(
    # of four weeks eight days were used by 5 April, as of 32 days, and of the month that ends on 28 April
    ("limit", "left"), [("4 weeks", 20), (["32 calendar days"], 24), ("1 month", 23), (["1 month"], 23)]
)  # fmt: skip
@pytest.mark.parametrize("clock", [{}, {"non_working_due": "next working day"}])
def test_what_is_left_stays_what_it_was_while_a_clock_stands_still(
    limit: Any, left: int, clock: dict[str, str]
) -> None:
    scheme, events = declared(limit, None, **clock), pause("2024-04-06")
    for as_of in ("2024-04-06", "2024-04-07", "2024-04-30", "2024-07-01"):
        (item,) = deadlines(scheme, case(), events=events, as_of=as_of, targets=TARGET)
        assert (item.due, item.left, item.left_in) == (None, left, "days"), as_of
    rows = worklist(scheme, cases=[case()], events=events, within=None, as_of="2024-04-07", targets=TARGET)
    assert rows["left"].tolist() == [left]


@pytest.mark.parametrize(
    # By Friday 5 April four working days and eight days were used. If it ran again at once, 16 more working days would
    # end on 29 April; from 30 April on 23 May: 1-3 (3), 7-10 (7), 13-17 (12), 20-23 May; and from 1 July on the 23rd:
    # 2-5 (4), 8-12 (9), 15-19 (14), 22 and 23 July. 24 days would never end sooner.
    ("as_of", "left"), [("2024-04-06", 23), ("2024-04-07", 22), ("2024-04-30", 23), ("2024-07-01", 22)]
)  # fmt: skip
def test_of_the_sooner_of_two_as_much_is_left_as_if_it_ran_again_at_once(as_of: str, left: int) -> None:
    (item,) = deadlines(declared(SOONER), case(), events=pause("2024-04-06"), as_of=as_of, targets=TARGET)
    assert (item.due, item.left, item.left_in) == (None, left, "days")


def test_a_due_day_that_pauses_move_beyond_the_calendar_is_invalid() -> None:
    beyond = Found("invalid", None, "due day is after the calendar's last day")
    events = pause("2050-12-05", "2050-12-30")
    for limit in ("20 calendar days", ["20 calendar days"]):
        assert found(declared(limit), events, "2050-12-31", received="2050-12-01") == beyond
    sooner = {"earlier": ["3 calendar days", "20 calendar days"]}
    assert found(declared(sooner), events, "2050-12-31", received="2050-12-01") == Found("overdue", "2050-12-04")


def test_another_target_cant_start_on_a_due_day_that_may_stand_still() -> None:
    with pytest.raises(SchemeError, match="of the same unit and without pauses"):
        declared(SOONER).with_target(
            "next", says="…", of="cases", start=["decided_at", {"due_of": TARGET}], stop="closed_at", limit="4 weeks",
            cohort="received",
        )  # fmt: skip
