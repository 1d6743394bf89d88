"""Several limits of one target: by a condition, by the day the clock started, the sooner of two; worked by hand."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import Scheme, SchemeError, assess, deadlines, load_scheme, measure, worklist

TARGET = "decided-or-allocated-20wd"
Row = dict[str, Any]
# As a pension fund, an ombudsman and a council publish them: by how complex a case is, and by when the law changed.
LIMITS = [
    {"where": {"complexity": "high"}, "limit": "52 weeks"},
    {"until": "2020-04-06", "limit": "20 working days"},
    {"from": "2020-04-07", "where": {"complexity": ["low", "middling"]}, "limit": "60 working days"},
]
SOONER = {"earlier": ["20 working days", "32 calendar days"]}


def declared(limit: Any, **others: Any) -> Scheme:
    return load_scheme("lgsco").with_target(TARGET, stop="decided_at", limit=limit, **others)


def case(received: Any, decided: Any = None, complexity: str | None = "low", name: str = "A", **others: Any) -> Row:
    return {"case_id": name, "received_at": received, "decided_at": decided, "complexity": complexity, **others}


def found(scheme: Scheme, *cases: Row, as_of: Any = "2024-12-31") -> list[tuple[str, str | None, str]]:
    rows = assess(scheme, cases=list(cases), as_of=as_of, targets=TARGET)
    due = [None if pd.isna(day) else str(day).removesuffix(" 00:00:00") for day in rows["due"]]
    return list(zip(rows["status"], due, rows["reason"], strict=True))


@pytest.mark.parametrize(
    ("received", "complexity", "decided", "expected"),
    [
        # 6 April 2020 is a Monday before Easter: day 1 is the 7th; 10, 13 April and 8 May are holidays. 7-9 (3), 14-17
        # (7), 20-24 (12), 27 April to 1 May (17), 4-6 May (20)
        ("2020-04-06", "low", "2020-05-06", ("met", "2020-05-06", "")),
        ("2020-04-06", "low", "2020-05-07", ("late", "2020-05-06", "")),
        # From the 7th on it is 60 working days: 8, 9 April (2), 14-17 (6), then 18 full weeks less two holidays (8 and
        # 25 May): to 1 May 16, 7 May 20, 15 May 25, 22 May 30, 29 May 34, then 39, 44, 49, 54, 59 by 3 July; 6 July
        ("2020-04-07", "low", "2020-07-06", ("met", "2020-07-06", "")),
        ("2020-04-07", "middling", "2020-07-07", ("late", "2020-07-06", "")),
        # 364 days from 7 April 2020: 6 April 2021; from 6 April 2020 as well, for that condition stands first
        ("2020-04-07", "high", "2021-04-06", ("met", "2021-04-06", "")),
        ("2020-04-06", "high", "2021-04-06", ("late", "2021-04-05", "")),
        ("2020-04-07", None, "2020-04-08", ("excluded", None, "no limit for it")),
        ("2020-04-06", None, "2020-05-06", ("met", "2020-05-06", "")),
        ("2020-04-07", "other", None, ("excluded", None, "no limit for it")),
    ],
)
def test_the_first_limit_that_holds_is_the_one(
    received: str, complexity: str | None, decided: str | None, expected: tuple[str, str | None, str]
) -> None:
    assert found(declared(LIMITS), case(received, decided, complexity)) == [expected]


# From Thursday 28 March 2024, 20 working days end on Monday 29 April, and 32 calendar days on that day too. From Friday
# 10 May: 13-17 (5), 20-24 (10), 28-31 (14), 3-7 June (19), Monday 10 June; 32 days end on Tuesday 11 June. From Monday
# 3 June: 20 working days end on Monday 1 July, 32 days on Friday 5 July. From 20 December: see below.
@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2024-03-28", "2024-04-29"),
        ("2024-05-10", "2024-06-10"),
        ("2024-06-03", "2024-07-01"),
        # Friday 20 December 2024: 23, 24, 27, 30, 31 (5), 2, 3 January (7), 6-10 (12), 13-17 (17), 20-22 (20): 22
        # January; 32 days end on 21 January, sooner
        ("2024-12-20", "2025-01-21"),
    ],
)
def test_the_sooner_of_two_is_the_one_that_is_due_first(received: str, due: str) -> None:
    scheme = declared(SOONER)
    late = str(pd.Timestamp(due) + pd.Timedelta(days=1))[:10]
    found_ = found(scheme, case(received, due), case(received, late, name="B"), as_of="2025-06-30")
    assert found_ == [("met", due, ""), ("late", due, "")]


def test_elapsed_time_is_in_their_unit_or_in_calendar_days() -> None:
    rows = assess(declared(SOONER), cases=[case("2024-03-28", "2024-04-29")], as_of="2024-12-31", targets=TARGET)
    assert rows[["elapsed", "unit"]].values.tolist() == [[32, "days"]]
    one = [{"until": "2024-01-01", "limit": "10 working days"}, "20 working days"]
    rows = assess(declared(one), cases=[case("2024-03-28", "2024-04-29")], as_of="2024-12-31", targets=TARGET)
    assert rows[["elapsed", "unit"]].values.tolist() == [[20, "working days"]]


def test_the_figure_is_one_and_those_without_a_limit_are_counted_with_the_reason() -> None:
    cases = [
        case("2020-04-06", "2020-05-06", name="met"),
        case("2020-04-07", "2020-05-07", name="met-too"),
        case("2020-04-07", "2021-04-07", "high", name="late"),
        case("2020-04-07", "2020-05-07", None, name="other"),
    ]
    (row,) = measure(declared(LIMITS), cases=cases, as_of="2021-12-31", targets=TARGET).rows
    assert (row.met, row.missed, row.excluded) == (2, 1, 1)
    assert row.note == "excluded: 1 no limit for it"


def test_a_case_without_a_limit_owes_nothing() -> None:
    scheme = declared(LIMITS)
    assert deadlines(scheme, case("2020-04-07", complexity=None), as_of="2020-05-01", targets=TARGET).left_out == {
        TARGET: "no limit for it"
    }
    assert not len(worklist(scheme, cases=[case("2020-04-07", complexity=None)], as_of="2020-05-01", targets=TARGET))


def test_an_explanation_says_which_limit_holds() -> None:
    (item,) = deadlines(declared(LIMITS), case("2020-04-06"), as_of="2020-05-01", targets=TARGET)
    assert item.limit == "20 working days"
    assert "The limit here is 20 working days where started until 6 Apr 2020." in item.explain().splitlines()
    (item,) = deadlines(declared(SOONER), case("2024-12-20"), as_of="2024-12-24", targets=TARGET)
    lines = item.explain().splitlines()
    assert lines[1:3] == [
        "The limit here is the sooner of 20 working days or 32 calendar days.",
        "32 calendar days from then end Tue 21 Jan 2025: the last day in time.",
    ]
    assert (item.left, item.unit) == (28, "days")


def test_limits_in_hours_by_a_condition() -> None:
    scheme = declared([{"where": {"complexity": "high"}, "limit": "4 hours"}, "24 hours"])
    start = "2024-03-30T20:00"  # the night in which the clocks went forward
    cases = [case(start, "2024-03-31T00:30", "high", "A"), case(start, "2024-03-31T21:00", name="B"), case(start)]
    assert [row[:2] for row in found(scheme, *cases[:2])] == [
        ("late", "2024-03-31"),
        ("met", "2024-03-31 21:00:00"),
    ]
    (item,) = deadlines(scheme, cases[2], as_of="2024-03-31T20:30", targets=TARGET)
    assert (str(item.due), item.left, item.elapsed) == ("2024-03-31 21:00:00+01:00", 0.5, 23.5)


def test_a_due_day_beyond_the_calendar_is_invalid_unless_the_sooner_one_is_in_it() -> None:
    (row,) = found(declared(["20 weeks"]), case("2050-12-01"), as_of="2050-12-31")
    assert row == ("invalid", None, "due day is after the calendar's last day")
    (row,) = found(declared({"earlier": ["20 weeks", "10 calendar days"]}), case("2050-12-01"), as_of="2050-12-31")
    assert row == ("overdue", "2050-12-11", "")


def test_an_unknown_word_where_a_limit_asks_for_one_is_invalid() -> None:
    scheme = declared([{"where": {"decided_in": "assessment"}, "limit": "4 weeks"}, "8 weeks"])
    (row,) = found(scheme, case("2024-01-02", "2024-01-31", decided_in="asessment"))
    assert row == ("invalid", None, "decided_in has an unknown value")
    # what a decision was made in is known from the day of the decision
    open_ = case("2024-01-02", "2024-03-01", decided_in="assessment")
    assert found(scheme, open_, as_of="2024-02-15") == [("pending", "2024-02-27", "")]
    assert found(scheme, open_, as_of="2024-03-15") == [("late", "2024-01-30", "")]


def test_limits_are_written_back_and_read_the_same(tmp_path: Path) -> None:
    limits = [*LIMITS, {"where": {"team": {"not": ["x", "y"]}, "case_ref": {"present": True}}, "limit": SOONER}]
    last_of_all = [LIMITS[0], {"limit": SOONER}]
    assert declared([LIMITS[0], SOONER]).digest == declared(last_of_all).digest
    for limit in (limits, SOONER, last_of_all, ["8 weeks"]):
        scheme = declared(limit)
        again = Scheme.model_validate_json(scheme.model_dump_json(exclude_unset=True))
        assert again.digest == scheme.digest
        changed = scheme.with_target(TARGET, standard="50%")
        assert vars(again[TARGET])["limit"] == vars(changed[TARGET])["limit"] == vars(scheme[TARGET])["limit"]


HEAD = """
id = "own"
title = "Own"
source = "A notice on the wall"
division = "england-and-wales"
[[target]]
id = "own-target"
says = "As we say"
of = "cases"
start = "received_at"
stop = "decided_at"
cohort = "received"
"""


def test_a_scheme_file_reads_like_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    limit = (
        'limit = [ { where = { complexity = "high" }, limit = "365 calendar days" }, '
        '{ until = 2020-04-06, limit = "20 working days" }, { from = 2020-04-07, limit = "60 working days" }, '
        '"40 working days" ]\n'
        'extension = { to = "extended_to_at", agreed = "extended_at", at_most = "10 working days" }\n'
    )
    path.write_text(HEAD + limit, "utf-8")
    target = load_scheme(path)["own-target"]
    assert str(vars(target)["limit"]) == (
        "365 calendar days where complexity is high; 20 working days where started until 6 Apr 2020; "
        "60 working days where started from 7 Apr 2020; 40 working days"
    )


WORKING = "limit = '20 working days'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limit = []", "target own-target: limit: a list of limits has at least one: write"),
        ("limit = [{ where = { a = 'b' } }]", "limit: number 1: 'limit' is missing; write"),
        ("limit = ['8 weeks', '9 weeks']", "limit: number 1 holds for every record, so that those after it never do"),
        ("limit = [{ form = 2020-01-01, limit = '8 weeks' }]", "limit: number 1: 'form' is no key here. Did you mean"),
        (
            "limit = ['8 weeks'] \nmeasure = 'stock'\n",
            "target own-target: limit: a limit is text such as '20 working days', or { field = 'due_at' }",
        ),
        (
            "limit = [{ from = 2020-02-01, until = 2020-01-31, limit = '8 weeks' }]",
            "limit: number 1: from is after until, so that it never holds",
        ),
        ("limit = [{ from = 'soon', limit = '8 weeks' }]", "limit: number 1: from: a date is wanted, such as"),
        ("limit = [{ where = 'high', limit = '8 weeks' }]", "limit: number 1: where: conditions are a table"),
        ("limit = [{ where = { a = {} }, limit = '8 weeks' }]", "limit: number 1: a condition is a value, a list"),
        ("limit = [{ limit = 'soon' }]", "limit: number 1: 'soon' isn't a limit. Write a whole number and a unit"),
        ("limit = [7]", "limit: number 1: write { where"),
        ("limit = { earlier = ['8 weeks'] }", "limit: earlier: it takes a list of two limits or more"),
        ("limit = { earlier = ['8 weeks', '9 hours'] }", "limit: limits in days and limits in hours can't be mixed"),
        ("limit = { earlier = ['8 weeks', { field = 'due_at' }] }", "extension = { to = 'agreed_at' }"),
        ("limit = { sooner = ['8 weeks', '9 hours'] }", "limit: a limit is text such as '20 working days', a list"),
        ("limit = [{ where = { decided_in = 'asessment' }, limit = '8 weeks' }, '9 weeks']",
         "limit: where: decided_in is never 'asessment'. Did you mean 'assessment'?"),
        (WORKING + "extension = { at_most = '5 working days' }", "extension: it is either to a date"),
        (WORKING + "extension = { where = { a = 'b' } }", "extension: it is either to a date, { to ="),
        (WORKING + "extension = { limit = '5 weeks' }", "extension: it is either to a date, { to = 'extended_to_at' }"),
        (WORKING + "extension = { to = 'extended_to_at', where = { a = 'b' } }", "extension: it is either to a date"),
        (WORKING + "extension = { where = { a = 'b' }, limit = '5 weeks', at_most = '5 weeks' }",
         "extension: at_most: it is of an agreed date"),
        (WORKING + "extension = { to = 'extended_to' }", "'extended_to' isn't a time of cases; times end in _at"),
        (WORKING + "extension = { to = '' }", "'' isn't a time of cases; times end in _at"),
        (WORKING + "extension = { to = 'extended_to_at', agreed = '' }", "'' isn't a time of cases; times end in _at"),
        (WORKING + "extension = { too = 'extended_to_at' }", "extension: 'too' is no key here. Did you mean 'to'?"),
        (WORKING + "extension = { to = 'extended_to_at', at_most = '5 hours' }",
         "extension: its limit is in days, or in hours, as the limit is"),
        (WORKING + "extension = { to = 'extended_to_at', at_most = 'long' }", "at_most: 'long' isn't a limit"),
        (WORKING + "extension = 'long'", "extension: a table is wanted"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error_with_the_remedy(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(HEAD + text + "\n", "utf-8")
    with pytest.raises(SchemeError) as error:
        load_scheme(path)
    assert str(error.value).startswith(f"{path}: target own-target: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
