"""Tallies: adding, taking away, what may not be added, and the way to Arrow and JSON and back."""

import json
import tracemalloc
from typing import Any

import pyarrow as pa
import pytest

from ombudsman_kpi import KpiError, OptionError, RecordsError, Scheme, SchemeError, Tally, load_scheme, tally

DAY = "2024-04-30"

CASES: list[dict[str, Any]] = [
    {"case_id": "A", "received_at": "2024-01-04", "decided_at": "2024-01-10", "team": "North"},
    {"case_id": "B", "received_at": "2024-01-04", "decided_at": "2024-04-10", "team": "North"},
    {"case_id": "C", "received_at": "2024-02-05", "allocated_at": "2024-02-07", "team": "South"},
    {"case_id": "D", "received_at": "2024-04-15", "team": "South"},
    {"case_id": "E", "received_at": "2024-02-05", "withdrawn_at": "2024-02-06", "team": None},
    {"case_id": "F", "received_at": "2024-02-05", "decided_at": "2024-01-05", "team": "North"},
]
CALLS = [
    {"offered_at": "2024-01-04T09:00:00", "answered_at": "2024-01-04T09:00:00.000007", "abandoned_at": None},
    {"offered_at": "2024-01-04T09:00:00", "answered_at": "2024-01-04T09:01:00.250000", "abandoned_at": None},
    {"offered_at": "2024-02-04T09:00:00", "answered_at": None, "abandoned_at": "2024-02-04T09:00:30"},
]


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def whole(lgsco: Scheme) -> Tally:
    return tally(lgsco, cases=CASES, calls=CALLS, as_of=DAY, every=["month", "week"], by="team", cohort="all")


def of_cases(scheme: Scheme, cases: list[dict[str, Any]], **options: Any) -> Tally:
    return tally(scheme, cases=cases, **{"as_of": DAY, "every": "month", **options})


def test_the_tally_of_nothing_changes_nothing(whole: Tally) -> None:
    zero = Tally.zero()
    assert zero + whole == whole
    assert whole + zero == whole
    assert whole - zero == whole
    assert zero + zero == zero
    assert zero != whole


def test_parts_add_up_to_the_whole_in_any_order(lgsco: Scheme) -> None:
    whole = of_cases(lgsco, CASES)
    parts = [of_cases(lgsco, [case]) for case in CASES]
    assert sum(parts, Tally.zero()) == whole
    assert sum(reversed(parts), Tally.zero()) == whole
    assert sum(parts[1:], Tally.zero()) != whole


def test_taking_a_part_away_leaves_the_rest(lgsco: Scheme) -> None:
    whole = of_cases(lgsco, CASES)
    assert whole - of_cases(lgsco, CASES[:2]) == of_cases(lgsco, CASES[2:])
    assert whole - whole == of_cases(lgsco, [])


def test_a_corrected_record_takes_the_place_of_the_old_one(lgsco: Scheme) -> None:
    corrected = {**CASES[1], "decided_at": "2024-01-11"}
    mended = of_cases(lgsco, CASES) - of_cases(lgsco, [CASES[1]]) + of_cases(lgsco, [corrected])
    assert mended == of_cases(lgsco, [CASES[0], corrected, *CASES[2:]])


def test_a_tally_counts_each_record_once_for_each_target_and_cohort(whole: Tally) -> None:
    for key, block in whole.blocks.items():
        assert block.records.sum() == (len(CALLS) if key.target.startswith("intake") else len(CASES))


def test_elapsed_times_are_kept_exactly(lgsco: Scheme) -> None:
    counted = tally(lgsco, calls=CALLS, as_of=DAY, targets="intake-calls-60s")
    (block,) = counted.blocks.values()
    elapsed = int((block.elapsed * block.records).sum()) * 1_000_000 - int(block.below.sum())
    assert elapsed == 7 + 60_250_000 + 30_000_000


def test_different_kinds_of_records_add_up_to_one_tally(lgsco: Scheme, whole: Tally) -> None:
    options: dict[str, Any] = {"as_of": DAY, "every": ["month", "week"], "by": "team", "cohort": "all"}
    calls = [{**call, "team": ""} for call in CALLS]
    of_calls = tally(lgsco, calls=calls, **options)
    of_cases_ = tally(lgsco, cases=CASES, **options)
    assert of_calls.unmeasured["written-contacts-3wd"] == "no written contacts were given"
    assert of_calls.unmeasured["decided-or-allocated-20wd"] == "no cases were given"
    assert "decided-or-allocated-20wd" not in (of_calls + of_cases_).unmeasured
    both = tally(lgsco, calls=calls, cases=CASES, **options)
    assert of_cases_ + of_calls == both
    assert of_calls + of_cases_ == both


def test_taking_away_more_than_there_was_is_seen_when_results_are_asked_for(lgsco: Scheme) -> None:
    too_little = of_cases(lgsco, CASES[:1]) - of_cases(lgsco, CASES[:2])
    with pytest.raises(KpiError, match="counts below zero"):
        too_little.results()
    assert too_little + of_cases(lgsco, CASES[1:2]) == of_cases(lgsco, [])


def test_a_tally_of_nothing_has_no_results() -> None:
    with pytest.raises(SchemeError, match="A tally of nothing has no scheme"):
        Tally.zero().results()


ONE = {"targets": "decided-or-allocated-20wd"}


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        pytest.param({"as_of": "2024-04-29"}, "as_of is 2024-04-30 here and 2024-04-29 there", id="as-of"),
        pytest.param({"by": "team"}, "by is nothing here and team there", id="groups"),
        pytest.param({"every": "week"}, "every is month here and week there", id="periods"),
        pytest.param({"cohort": "closed"}, "cohort is received here and closed there", id="cohort"),
        pytest.param(
            {"targets": "investigation-13w"}, "a target is only here: decided-or-allocated-20wd", id="targets"
        ),
    ],
)
def test_tallies_of_different_options_cannot_be_added(lgsco: Scheme, options: dict[str, Any], difference: str) -> None:
    here, there = of_cases(lgsco, CASES[:3], **ONE), of_cases(lgsco, CASES[3:], **{**ONE, **options})
    for combine in (Tally.__add__, Tally.__sub__):
        with pytest.raises(OptionError, match=rf"These tallies can't be added: {difference}"):
            combine(here, there)
    assert here != there


def test_tallies_of_different_schemes_cannot_be_added(lgsco: Scheme) -> None:
    changed = lgsco.with_target("investigation-13w", standard="at least 76%")
    with pytest.raises(OptionError, match=rf"scheme lgsco is {lgsco.digest} here and {changed.digest} there"):
        of_cases(lgsco, CASES[:3]) + of_cases(changed, CASES[3:])


def test_only_tallies_can_be_added_and_none_can_be_hashed(whole: Tally) -> None:
    with pytest.raises(TypeError):
        _ = whole + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        hash(whole)
    assert whole != 1


def test_a_tally_goes_to_arrow_and_back(whole: Tally) -> None:
    table = whole.to_arrow()
    assert isinstance(table, pa.Table)
    again = Tally.from_arrow(table)
    assert again == whole
    assert again.results().to_dict() == whole.results().to_dict()


def test_a_tally_goes_to_json_and_back(whole: Tally) -> None:
    text = whole.to_json()
    again = Tally.from_json(text)
    assert again == whole
    assert again.to_json() == text
    assert again.results().to_dict() == whole.results().to_dict()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="the-published-scheme"),
        pytest.param({"clock": {"cut_off": "17:00", "day_of_receipt": "day 1"}}, id="options-of-a-clock"),
        pytest.param({"clock": {"cut_off": "17:00:30"}}, id="a-cut-off-to-the-second"),
        pytest.param({"where": {"team": {"not": ["North"]}, "allocated_at": {"present": False}}}, id="conditions"),
        pytest.param({"limit": {"field": "promised_at"}, "cohort": "due"}, id="a-record-s-own-due-date"),
        pytest.param({"limit": "< 36 hours", "standard": "at most 12.5%"}, id="a-limit-in-hours"),
    ],
)
def test_every_kind_of_target_survives_the_journey(lgsco: Scheme, changes: dict[str, Any]) -> None:
    scheme = lgsco.with_target("decided-or-allocated-20wd", **changes)
    cases = [
        {
            "case_id": name,
            "received_at": "2024-04-02T17:00:15",
            "promised_at": "2024-04-30",
            "decided_at": f"2024-04-{day}T12:00:00",
            "team": "North",
        }
        for name, day in (("A", "03"), ("B", "29"), ("C", "30"))
    ]
    counted = tally(scheme, cases=cases, as_of=DAY, cohort="all")
    for again in (Tally.from_json(counted.to_json()), Tally.from_arrow(counted.to_arrow())):
        assert again == counted
        assert again + counted - counted == counted
        assert again.basis is not None
        assert again.basis.scheme == scheme
        assert tally(again.basis.scheme, cases=cases, as_of=DAY, cohort="all") == counted


def test_empty_tallies_go_there_and_back_too(lgsco: Scheme) -> None:
    for empty in (Tally.zero(), of_cases(lgsco, []), tally(lgsco, as_of=DAY)):
        assert Tally.from_json(empty.to_json()) == empty
        assert Tally.from_arrow(empty.to_arrow()) == empty


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"cells": {}}', "not json"],
    ids=["empty", "bare", "list", "null", "cells", "words"],
)
def test_other_text_is_no_tally(text: str) -> None:
    with pytest.raises(KpiError, match="no tally"):
        Tally.from_json(text)


def test_another_arrow_table_is_no_tally() -> None:
    with pytest.raises(KpiError, match="no tally"):
        Tally.from_arrow(pa.table({"target": ["A"]}))


OTHER_DAYS_OFF = {"calendar": "0123456789ab", "days_off": "0123456789ab"}


def test_arrow_counted_with_other_days_off_is_not_read(whole: Tally) -> None:
    table = whole.to_arrow()
    about = json.loads(table.schema.metadata[b"ombudsman_kpi"]) | OTHER_DAYS_OFF
    table = table.replace_schema_metadata({"ombudsman_kpi": json.dumps(about)})
    with pytest.raises(KpiError, match="Days off have changed: count again"):
        Tally.from_arrow(table)


def test_json_counted_with_other_days_off_is_not_read(whole: Tally) -> None:
    text = json.dumps(json.loads(whole.to_json()) | OTHER_DAYS_OFF)
    with pytest.raises(KpiError, match="Days off have changed: count again"):
        Tally.from_json(text)


def test_what_a_tally_shows_of_itself(whole: Tally) -> None:
    assert repr(Tally.zero()) == "<Tally of nothing>"
    assert repr(whole).startswith("<Tally of lgsco, 5 targets in ")
    assert repr(whole).endswith(", as at 2024-04-30>")


def test_a_tally_of_no_records_is_zero() -> None:
    nothing = tally(load_scheme("lgsco"), as_of="2024-03-31")
    assert nothing == Tally.zero()
    assert Tally.zero() == nothing


def test_groups_of_many_values_take_room_for_those_that_occur_alone(lgsco: Scheme) -> None:
    """Two columns of 1,500 different values each have 2.25 million combinations, of which 1,500 occur."""
    size = 1500
    rows: dict[str, list[Any]] = {
        "case_id": [*map(str, range(size))],
        "received_at": ["2024-01-04"] * size,
        "decided_at": ["2024-01-10"] * size,
        "allocated_at": [None] * size,
        "team": [f"T{row}" for row in range(size)],
        "officer": [f"O{row * 7 % size}" for row in range(size)],
    }
    options: dict[str, Any] = {"as_of": DAY, "targets": "decided-or-allocated-20wd", "by": ["team", "officer"]}
    tally(lgsco, cases=pa.table(rows).slice(0, 2), **options)  # what is imported at first use
    tracemalloc.start()
    try:
        found = tally(lgsco, cases=pa.table(rows), **options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20
    assert {row.group for row in found.results().rows} == {*zip(rows["team"], rows["officer"], strict=True)}


HUGE = {"offered_at": "2024-01-04T09:00:00", "answered_at": "2024-01-04T09:00:01", "count": 10**15 - 1}
HALF_A_SECOND = HUGE | {"answered_at": "2024-01-04T09:00:00.5"}


@pytest.mark.parametrize(
    ("target", "row", "rows"),
    [("calls-answered", HUGE, 9_300), ("average-answer-time", HUGE, 9_300), ("average-answer-time", HALF_A_SECOND, 1)],
)
def test_more_records_than_numbers_hold_are_an_error_and_never_wrap(
    target: str, row: dict[str, Any], rows: int
) -> None:
    """So many records, or the half seconds by which so many fall short of a whole one, in millionths."""
    with pytest.raises(RecordsError, match=r"add up to more than 9\.2 million million million"):
        tally(load_scheme("lgo-2017-18"), calls=[row] * rows, as_of=DAY, targets=target)


def test_as_many_records_as_numbers_hold_are_counted_exactly(lgsco: Scheme) -> None:
    (row,) = tally(lgsco, calls=[HUGE] * 9_000, as_of=DAY, targets="intake-calls-60s").results().rows
    assert row.records == 9_000 * (10**15 - 1)


def test_tallies_that_are_too_large_together_are_an_error(lgsco: Scheme) -> None:
    half = tally(lgsco, calls=[HUGE] * 5_000, as_of=DAY, targets="intake-calls-60s")
    with pytest.raises(RecordsError, match="add up to more than"):
        half + half
