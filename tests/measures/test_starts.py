"""Clocks with several starts, and those that start on the day that another target was due; worked by hand."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, SchemeError, WrittenContact, assess, deadlines, load_scheme, measure

Row = dict[str, Any]
KIND = {"says": "As we say", "of": "written_contacts", "cohort": "received"}
ACKNOWLEDGED = {**KIND, "start": "received_at", "stop": ["acknowledged_at", "handled_at"], "limit": "5 working days"}
ANSWERED = {
    **KIND, "start": ["acknowledged_at", {"due_of": "acknowledged"}], "stop": "handled_at", "limit": "10 working days",
}  # fmt: skip


def declared(answered: Row = ANSWERED, **acknowledged: Any) -> Scheme:
    scheme = load_scheme("lgsco").with_target("acknowledged", **(ACKNOWLEDGED | acknowledged))
    return scheme.with_target("answered", **answered)


def letter(acknowledged: Any, handled: Any, received: Any = "2024-06-03", **others: Any) -> Row:
    return {
        "contact_id": "W1", "received_at": received, "acknowledged_at": acknowledged, "handled_at": handled, **others
    }  # fmt: skip


def found(scheme: Scheme, given_: Row, as_of: Any = "2024-07-31") -> tuple[str, str | None, str | None, str]:
    rows = assess(scheme, written_contacts=[given_], as_of=as_of, targets="answered")
    (row,) = rows.to_dict("records")
    start, due = (None if pd.isna(row[name]) else str(row[name]).removesuffix(" 00:00:00") for name in ("start", "due"))
    return row["status"], start, due, row["reason"]


# Received on Monday 3 June 2024: the acknowledgement is due on Monday 10 June. From Tuesday 4 June, 10 working days are
# 5-7 (3), 10-14 (8), 17 and 18 June; from Monday 10 June 11-14 (4), 17-21 (9) and 24 June.
@pytest.mark.parametrize(
    ("acknowledged", "handled", "expected"),
    [
        ("2024-06-04", "2024-06-18", ("met", "2024-06-04", "2024-06-18", "")),
        ("2024-06-04", "2024-06-19", ("late", "2024-06-04", "2024-06-18", "")),
        ("2024-06-10", "2024-06-24", ("met", "2024-06-10", "2024-06-24", "")),
        ("2024-06-20", "2024-06-24", ("met", "2024-06-10", "2024-06-24", "")),  # acknowledged late wins no time
        ("2024-06-20", "2024-06-25", ("late", "2024-06-10", "2024-06-24", "")),
        (None, "2024-06-25", ("late", "2024-06-10", "2024-06-24", "")),  # never acknowledged, and in the figure
        (None, None, ("overdue", "2024-06-10", "2024-06-24", "")),
        (None, "2024-06-05", ("met", "2024-06-05", "2024-06-19", "")),  # answered before the acknowledgement was due
        ("2024-06-06", "2024-06-05", ("invalid", "2024-06-06", "2024-06-20", "handled_at is before its start")),
        ("2024-02-30", "2024-06-05", ("invalid", "2024-06-05", None, "acknowledged_at is not a real date or time")),
    ],
)
def test_an_answer_counts_from_the_acknowledgement_or_from_the_day_it_was_due(
    acknowledged: str | None, handled: str | None, expected: tuple[str, ...]
) -> None:
    status, start, due, reason = found(declared(), letter(acknowledged, handled))
    assert (status, reason) == (expected[0], expected[3])
    if status != "invalid":
        assert (start, due) == expected[1:3]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-06-09", ("excluded", None, None, "not yet acknowledged")),
        ("2024-06-10", ("pending", "2024-06-10", "2024-06-24", "")),
        ("2024-06-12", ("pending", "2024-06-10", "2024-06-24", "")),
        ("2024-06-25", ("overdue", "2024-06-10", "2024-06-24", "")),
    ],
)
def test_before_it_was_due_it_has_not_started(as_of: str, expected: tuple[str, ...]) -> None:
    assert found(declared(), letter("2024-06-12", None), as_of) == expected


def test_the_due_day_is_the_extended_one() -> None:
    scheme = declared(extension={"to": "extended_to_at", "at_most": "2 working days"})
    extended = letter(None, None, extended_to_at="2024-06-28")
    assert found(scheme, extended)[:3] == ("overdue", "2024-06-12", "2024-06-26")


def test_one_that_has_no_due_day_by_the_other_target_starts_by_the_others() -> None:
    scheme = declared(where={"channel": "post"})
    assert found(scheme, letter(None, None, channel="email")) == ("excluded", None, None, "not yet acknowledged")
    assert found(scheme, letter(None, "2024-06-24", channel="email"))[::3] == (
        "invalid",
        "acknowledged_at is missing, and handled_at is there",
    )
    assert found(scheme, letter("2024-06-20", None, channel="email"))[1] == "2024-06-20"


def test_in_hours_it_starts_at_the_instant_that_the_other_was_due() -> None:
    scheme = declared({**ANSWERED, "limit": "24 hours"}, limit="4 hours")
    times = letter(None, "2024-06-04T13:00", "2024-06-03T09:00")
    assert found(scheme, times) == ("met", "2024-06-03 13:00:00", "2024-06-04 13:00:00", "")
    assert found(scheme, times | {"handled_at": "2024-06-04T13:00:00.000001"})[0] == "late"


def test_the_earliest_of_several_fields_counts() -> None:
    scheme = declared({**ANSWERED, "start": ["acknowledged_at", "looked_at"]})
    for first, second in (("2024-06-04", "2024-06-06"), ("2024-06-06", "2024-06-04"), ("2024-06-04", None)):
        assert found(scheme, letter(first, None, looked_at=second))[1] == "2024-06-04"
    assert found(scheme, letter(None, "2024-06-24", looked_at=None))[::3] == (
        "invalid",
        "acknowledged_at is missing, and handled_at is there",
    )


def test_explanations_say_by_what_it_started() -> None:
    for acknowledged, handled, said in (
        ("2024-06-04", None, "Acknowledged Tue 4 Jun 2024."),
        ("2024-06-20", None, "Started Mon 10 Jun 2024, the day that target acknowledged was due."),
        (None, "2024-06-05", "Started Wed 5 Jun 2024, the day it ended."),
    ):
        record = WrittenContact(**letter(acknowledged, handled))
        (item,) = deadlines(declared(), record, as_of="2024-06-30", targets="answered")
        assert item.explain().splitlines()[0] == said
    in_hours = declared({**ANSWERED, "limit": "24 hours"}, limit="4 hours")
    for handled, said in (
        (None, "Started Mon 3 Jun 2024 13:00, when target acknowledged was due."),
        ("2024-06-03T10:00", "Started Mon 3 Jun 2024 10:00, when it ended."),
    ):
        record = WrittenContact(**letter(None, handled, "2024-06-03T09:00"))
        (item,) = deadlines(in_hours, record, as_of="2024-06-30", targets="answered")
        assert item.explain().splitlines()[0] == said


DAYS = st.none() | st.integers(0, 30).map(lambda shift: date(2024, 6, 1) + timedelta(days=shift))


@given(st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=9), st.integers(1, 45))
def test_the_start_is_that_of_a_plain_loop(pairs: list[tuple[date | None, date | None]], shift: int) -> None:
    received, due = date(2024, 6, 3), date(2024, 6, 10)
    as_of = date(2024, 6, 3) + timedelta(days=shift)
    rows = [letter(*pair, received) | {"contact_id": f"W{place}"} for place, pair in enumerate(pairs)]
    frame = assess(declared(), written_contacts=rows, as_of=as_of, targets="answered")
    for (acknowledged, handled), row in zip(pairs, frame.to_dict("records"), strict=True):
        known = [day for day in (acknowledged, handled) if day is not None and day <= as_of]
        if any(day < received for day in known):  # the acknowledgement contradicts itself, and has no due day
            continue
        starts = [day for day in (acknowledged, due) if day is not None and day <= as_of]
        if handled in known and acknowledged not in known and handled < due:
            starts = [handled]
        if not starts:
            assert (row["status"], row["reason"]) == ("excluded", "not yet acknowledged")
        elif handled in known and handled < min(starts):
            assert row["status"] == "invalid"
        else:
            assert row["start"].date() == min(starts)


HEAD = 'id = "own"\ntitle = "Own"\nsource = "A notice"\ndivision = "england-and-wales"\n'
TARGET = """
[[target]]
id = "%s"
says = "As we say"
of = "cases"
start = %s
stop = "decided_at"
limit = "%s"
cohort = "received"
%s
"""


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({}, {"start": "{ due_of = 'c' }"}, "b: start: due_of: there is no target 'c' here; pick it too"),
        ({}, {"start": "{ due_of = 'b' }"}, "b: start: due_of: the targets start one another in a circle: b > b"),
        ({"start": "{ due_of = 'b' }"}, {}, "a: start: due_of: the targets start one another in a circle: a > b > a"),
        ({"limit": "5 hours"}, {}, "b: start: due_of: 'a' isn't a share within a limit of cases, of the same"),
        ({"more": "clock = { pauses = 'allowed' }"}, {}, "of the same unit and without pauses"),
        ({}, {"start": "[]"}, "b: start: a start is a field such as 'received_at', { due_of = 'another-target' }"),
        ({}, {"start": "{ due = 'a' }"}, "target b: start: a start is a field such as 'received_at'"),
        ({}, {"start": "['received_at', 'received_at']"}, "target b: start: 'received_at' is named twice"),
        ({}, {"start": "''"}, "target b: '' isn't a time of cases; times end in _at"),
        ({}, {"start": "['received_at', '']"}, "target b: '' isn't a time of cases; times end in _at"),
        ({}, {"start": "{ due_of = 'c' }"}, "from another scheme. It can be: a."),
        ({}, {"start": "['received_at', 'decision']"}, "target b: 'decision' isn't a time of cases; times end in _at"),
        ({}, {"more": "clock = { cut_off = 17:00:00 }"}, "target b: clock: cut_off means nothing for a limit of"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error_with_the_remedy(first: Row, second: Row, said: str, tmp_path: Any) -> None:
    path = tmp_path / "own.toml"
    parts = []
    for name, start, changes in (("a", "'received_at'", first), ("b", "['allocated_at', { due_of = 'a' }]", second)):
        keys = {"start": start, "limit": "5 working days", "more": "", **changes}
        parts.append(TARGET % (name, keys["start"], keys["limit"], keys["more"]))
    path.write_text(HEAD + "".join(parts), "utf-8")
    with pytest.raises(SchemeError) as error:
        load_scheme(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scheme_is_written_back_and_read_the_same() -> None:
    scheme = declared()
    again = Scheme.model_validate_json(scheme.model_dump_json(exclude_unset=True))
    assert again.digest == scheme.digest
    rows = [letter(None, None)]
    both = [
        measure(item, written_contacts=rows, as_of="2024-06-30", targets="answered").rows for item in (scheme, again)
    ]
    assert both[0] == both[1]


def test_the_fields_of_the_other_target_are_read_too() -> None:
    frame = pd.DataFrame([letter(None, None)]).drop(columns="received_at")
    with pytest.raises(Exception, match="has no column 'received_at', which target 'acknowledged' needs"):
        measure(declared(), written_contacts=frame, as_of="2024-06-30", targets="answered")


def test_a_start_that_a_holiday_may_still_move_makes_the_due_day_provisional() -> None:
    last = load_scheme("lgsco").calendar.announced_until
    record = WrittenContact(**letter(None, None, last - timedelta(days=3)))
    for limit in ("10 calendar days", ["10 calendar days"], {"earlier": ["10 calendar days", "2 weeks"]}):
        scheme = declared({**ANSWERED, "limit": limit})
        as_of = last + timedelta(days=30)
        (item,) = deadlines(scheme, record, as_of=as_of, targets="answered")
        assert item.provisional
        assert not deadlines(scheme, WrittenContact(**letter(last, None, last)), as_of=as_of, targets="answered")[
            0
        ].provisional
