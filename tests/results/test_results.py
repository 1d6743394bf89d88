"""Results: the table of the contract, exact comparisons, and plain values."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ombudsman_kpi import Results, SchemeError, Tally, load_scheme, measure
from ombudsman_kpi.measures.base.figures import TARGET_STATUSES, headroom_of, status_of
from ombudsman_kpi.measures.base.standard import Standard, parse_standard

LGSCO = load_scheme("lgsco")

BEFORE_GROUPS = [
    "target", "measure", "unit", "cohort", "every", "period", "period_start", "period_end", "complete",
]  # fmt: skip
AFTER_GROUPS = [
    "records", "met", "missed", "overdue", "pending", "excluded", "invalid", "numerator", "denominator", "value", "low",
    "high", "operator", "standard", "status", "headroom", "provisional", "note",
]  # fmt: skip

CASES = pd.DataFrame(
    [
        ("A1", "2024-01-02", "2024-01-10", "North", "Leeds"),
        ("A2", "2024-01-03", "2024-03-29", "North", "York"),
        ("A3", "2024-02-01", None, "South", "York"),
        ("A4", "2024-04-02", "2024-04-03", None, "Leeds"),
        ("A5", "2024-06-20", None, "South", "Leeds"),
        ("A6", "2024-06-21", "2024-06-20", "South", "Leeds"),
    ],
    columns=["case_id", "received_at", "decided_at", "team", "authority"],
).assign(allocated_at=None)
CALLS = pd.DataFrame({"offered_at": ["2024-01-02T09:00:00"], "answered_at": ["2024-01-02T09:00:30"]})
TWENTY_DAYS = "decided-or-allocated-20wd"
SCORES = {
    "quality-measures": {"partly": "not met", "combined": "pooled"},
    **{f"quality-measure-{number}": {"partly": "not met"} for number in range(1, 9)},
    "qa-checklist": {"partly": "not met"},
    "decision-checklist": {"partly": "not met"},
}


def results(**options: Any) -> Results:
    return measure(LGSCO, **{"cases": CASES, "as_of": "2024-06-30", **options})


# The table


@pytest.mark.parametrize("by", [(), ("team",), ("team", "authority")], ids=str)
@pytest.mark.parametrize("every", [None, "quarter", ["month", "year"]], ids=str)
@pytest.mark.parametrize(
    "records", [{}, {"calls": CALLS}, {"cases": CASES.iloc[:0]}], ids=["cases", "calls too", "none"]
)
def test_the_columns_are_those_of_the_contract_in_its_order(by: tuple[str, ...], every: Any, records: Any) -> None:
    frame = results(by=by, every=every, cohort="all", **records).to_pandas()
    assert list(frame.columns) == [*BEFORE_GROUPS, *by, *AFTER_GROUPS]


@pytest.mark.parametrize("options", [{}, {"every": "month"}, {"by": "team"}, {"targets": "intake-calls-60s"}], ids=str)
def test_the_types_of_columns_do_not_depend_on_what_is_in_them(options: dict[str, Any]) -> None:
    frame = results(**options).to_pandas()
    for name in (
        "records",
        "met",
        "missed",
        "overdue",
        "pending",
        "excluded",
        "invalid",
        "numerator",
        "denominator",
        "headroom",
    ):
        assert frame[name].dtype == pd.Int64Dtype(), name
    for name in ("value", "low", "high", "standard"):
        assert frame[name].dtype == np.float64, name
    for name in ("complete", "provisional"):
        assert frame[name].dtype == np.bool_, name
    for name in ("period_start", "period_end"):
        assert frame[name].dtype == np.dtype("datetime64[s]"), name
    for name in ("target", "measure", "unit", "cohort", "every", "period", "operator", "status", "note"):
        assert pd.api.types.is_string_dtype(frame[name]), name


def test_a_row_holds_what_was_counted_and_what_follows_from_it() -> None:
    (row,) = results(targets=TWENTY_DAYS).to_pandas().to_dict("records")
    row = {str(name): value for name, value in row.items()}
    assert pd.isna(row.pop("period_start"))
    assert pd.isna(row.pop("period_end"))
    assert row == {
        "target": TWENTY_DAYS, "measure": "share within", "unit": "share", "cohort": "received", "every": "all",
        "period": "all", "complete": True, "records": 6, "met": 2, "missed": 2, "overdue": 1, "pending": 1,
        "excluded": 0, "invalid": 1, "numerator": 2, "denominator": 4, "value": 0.5, "low": 2 / 5, "high": 3 / 5,
        "operator": "at least", "standard": 0.4, "status": "met", "headroom": 1, "provisional": False,
        "note": "invalid: 1 decided_at is before received_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    "options", [{"every": "month"}, {"by": ["team"]}, {"cohort": "all", "every": ["week", "year"]}], ids=str
)
def test_the_parts_of_every_row_add_up(options: dict[str, Any]) -> None:
    for row in results(calls=CALLS, **options):
        if row.status == "not measured":
            assert row.records is None
            continue
        parts = (row.met, row.missed, row.pending, row.excluded, row.invalid)
        assert row.records == sum(part or 0 for part in parts)
        assert (row.numerator, row.denominator) == (row.met, (row.met or 0) + (row.missed or 0))
        assert (row.overdue or 0) <= (row.missed or 0)


@pytest.mark.parametrize(
    "every", [None, "week", "month", "two-month", "quarter", "half-year", "financial-year", "year"]
)
@pytest.mark.parametrize("cohort", ["received", "closed", "due"])
@pytest.mark.parametrize("by", [(), ("team",), ("team", "authority")], ids=str)
def test_no_record_is_lost_whatever_the_periods_and_groups(every: Any, cohort: str, by: tuple[str, ...]) -> None:
    rows = results(every=every, cohort=cohort, by=by, targets=TWENTY_DAYS).rows
    assert sum(row.records or 0 for row in rows) == len(CASES)


def test_periods_run_from_the_first_to_the_last_without_a_gap() -> None:
    rows = results(every="month", targets=TWENTY_DAYS).rows
    assert [row.period for row in rows] == ["Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "May 2024", "Jun 2024"]
    assert [row.records for row in rows] == [2, 1, 0, 1, 0, 2]
    assert [(row.value, row.status) for row in rows if not row.records] == [(None, "no data")] * 2
    assert (rows[0].period_start, rows[0].period_end) == (date(2024, 1, 1), date(2024, 1, 31))


def test_quarters_are_those_of_the_financial_year() -> None:
    rows = results(every="quarter", targets=TWENTY_DAYS).rows
    assert [(row.period, row.period_start, row.period_end) for row in rows] == [
        ("2023/24 Q4", date(2024, 1, 1), date(2024, 3, 31)),
        ("2024/25 Q1", date(2024, 4, 1), date(2024, 6, 30)),
    ]


@pytest.mark.parametrize(
    ("as_of", "complete"),
    [("2024-06-29", False), ("2024-06-30", True), ("2024-06-30T23:59:59", False), ("2024-07-01T00:00:00", True)],
)
def test_a_period_that_as_of_cuts_is_incomplete(as_of: str, complete: bool) -> None:
    rows = results(every="quarter", targets=TWENTY_DAYS, as_of=as_of).rows
    assert [row.complete for row in rows] == [True, complete]


def test_several_periods_can_be_asked_for_at_once() -> None:
    together = results(every=["quarter", "year"], targets=TWENTY_DAYS).rows
    apart = results(every="quarter", targets=TWENTY_DAYS).rows + results(every="year", targets=TWENTY_DAYS).rows
    assert together == apart


def test_all_cohorts_can_be_asked_for_at_once() -> None:
    rows = results(cohort="all", targets=TWENTY_DAYS).rows
    assert [row.cohort for row in rows] == ["received", "closed", "due"]
    closed = rows[1]
    assert (closed.met, closed.missed, closed.pending, closed.excluded) == (2, 1, 0, 2)
    assert (closed.low, closed.value, closed.high) == (2 / 3, 2 / 3, 2 / 3)
    assert closed.note.count("1 still open") == 2  # one of them overdue


def test_cohort_none_is_each_targets_headline() -> None:
    cohorts = {row.target: row.cohort for row in results()}
    assert cohorts == {target.id: target.cohort for target in LGSCO.targets}


# Groups


def test_groups_are_shown_beside_the_period() -> None:
    rows = results(by=["team"], targets=TWENTY_DAYS).rows
    assert [(row.group, row.records) for row in rows] == [(("(not recorded)",), 1), (("North",), 2), (("South",), 3)]
    frame = results(by=["team"], targets=TWENTY_DAYS).to_pandas()
    assert frame["team"].tolist() == ["(not recorded)", "North", "South"]


def test_one_column_to_group_by_may_be_given_as_text() -> None:
    assert results(by="team").to_dict() == results(by=["team"]).to_dict()


def test_groups_of_two_columns_are_those_that_occur() -> None:
    rows = results(by=["team", "authority"], targets=TWENTY_DAYS).rows
    assert {row.group: row.records for row in rows} == {
        ("(not recorded)", "Leeds"): 1, ("North", "Leeds"): 1, ("North", "York"): 1,
        ("South", "Leeds"): 2, ("South", "York"): 1,
    }  # fmt: skip


def test_a_target_whose_records_lack_the_column_shows_it_empty_with_a_note() -> None:
    grouped = results(calls=CALLS, by=["team"])
    (calls,) = grouped["intake-calls-60s"].rows
    assert (calls.group, calls.met) == (("",), 1)
    assert "calls have no column 'team' to group by" in calls.note
    assert all("no column" not in row.note for row in grouped[TWENTY_DAYS])


@pytest.mark.parametrize("name", ["status", "period", "note", "records", "target"])
def test_grouping_by_a_column_named_like_one_of_the_table_is_refused(name: str) -> None:
    """Two columns of one name couldn't be told apart; the remedy is another name."""
    with pytest.raises(ValueError, match=name):
        results(cases=CASES.rename(columns={"team": name}), by=[name])


def test_a_column_given_twice_to_group_by_is_shown_once() -> None:
    assert list(results(by=["team", "team"]).to_pandas().columns).count("team") == 1


# Narrowing


def test_results_can_be_narrowed_to_one_target() -> None:
    whole = results(every="month", calls=CALLS)
    narrow = whole[TWENTY_DAYS]
    assert {row.target for row in narrow} == {TWENTY_DAYS}
    assert len(narrow) == len(narrow.rows) == 6
    assert narrow.rows == tuple(row for row in whole if row.target == TWENTY_DAYS)
    assert (narrow.as_of, narrow.scheme, narrow.options) == (whole.as_of, whole.scheme, whole.options)


def test_narrowing_to_a_target_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(SchemeError, match=rf"no target 'decided-20wd'\. Did you mean '{TWENTY_DAYS}'\?"):
        _ = results()["decided-20wd"]
    with pytest.raises(SchemeError, match="no target 'intake-calls-60s'"):
        _ = results(targets=TWENTY_DAYS)["intake-calls-60s"]


def test_a_target_that_is_not_measured_has_one_row_with_the_reason() -> None:
    whole = results(every=["month", "quarter"], cohort="all", by="team")
    (row,) = whole["written-contacts-3wd"].rows
    assert (row.status, row.note) == ("not measured", "no written contacts were given")
    assert (row.records, row.met, row.numerator, row.value, row.headroom) == (None,) * 5
    assert (row.group, row.standard, row.operator) == (("",), 0.98, "at least")
    (row,) = whole["quality-measures"].rows
    assert (row.measure, row.status, row.note) == ("score", "not measured", "no reviews were given")
    read = {
        "measure": "not measured",
        "says": "Cases are read",
        "of": "cases",
        "cohort": "closed",
        "reason": "it's read",
    }
    (row,) = measure(LGSCO.with_target("read", **read), cases=CASES, as_of="2024-06-30", every="month")["read"].rows
    assert (row.measure, row.status, row.note) == ("not measured", "not measured", "it's read")


def test_every_target_of_the_scheme_has_a_row() -> None:
    assert list(dict.fromkeys(row.target for row in results())) == [target.id for target in LGSCO.targets]


# Plain values


@pytest.mark.parametrize("options", [{}, {"every": "month", "by": ["team"]}, {"cohort": "all"}], ids=str)
def test_plain_values_are_json_and_come_back_the_same(options: dict[str, Any]) -> None:
    plain = results(calls=CALLS, **options).to_dict()
    text = json.dumps(plain, allow_nan=False)
    assert json.loads(text) == plain


def test_plain_values_say_where_they_come_from() -> None:
    plain = results(by=["team"]).to_dict()
    assert list(plain) == ["scheme", "digest", "calendar", "as_of", "options", "rows"]
    assert (plain["scheme"], plain["digest"]) == ("lgsco", LGSCO.digest)
    assert (plain["calendar"], plain["as_of"]) == (LGSCO.calendar.edition, "2024-06-30")
    assert plain["options"]["by"] == ["team"]
    assert plain["options"]["division"] == "england-and-wales"
    assert list(plain["rows"][0]) == [*BEFORE_GROUPS, "team", *AFTER_GROUPS]


def test_plain_rows_are_those_of_the_frame() -> None:
    whole = results(every="quarter", by=["team"], calls=CALLS)
    frame = whole.to_pandas().astype(object)
    found = frame.where(frame.notna(), None).to_dict("records")
    for row in found:
        for name in ("period_start", "period_end"):
            row[name] = row[name] if row[name] is None else row[name].date().isoformat()
    assert found == whole.to_dict()["rows"]


def test_the_options_of_a_clock_are_part_of_the_results() -> None:
    scheme = LGSCO.with_target(TWENTY_DAYS, clock={"day_of_receipt": "day 1"})
    options = measure(scheme, cases=CASES, as_of="2024-06-30").options
    assert options["clocks"] == {TWENTY_DAYS: {"day_of_receipt": "day 1"}, **SCORES}
    assert results().options["clocks"] == SCORES
    two = measure(scheme, cases=CASES, as_of="2024-06-30", targets=[TWENTY_DAYS, "qa-checklist"])
    assert two.options["clocks"] == {
        TWENTY_DAYS: {"day_of_receipt": "day 1"},
        "qa-checklist": {"partly": "not met"},
    }
    assert results(targets=TWENTY_DAYS).options["clocks"] == {}


def test_an_instant_to_measure_at_is_written_out_in_full() -> None:
    written = datetime.fromisoformat(results(as_of="2024-06-30T12:00:00").as_of)
    assert written == datetime(2024, 6, 30, 11, tzinfo=UTC)


def test_a_tally_of_nothing_has_no_results() -> None:
    with pytest.raises(SchemeError, match="Add a tally of records"):
        Tally.zero().results()


# Comparing with the standard


def room_of(standard: Standard, *counts: int) -> int:
    """Give the headroom of one row: its met, pending and whole."""
    return int(headroom_of(standard, *(np.array([count]) for count in counts))[0])


def status_by(room: int | None, *counts: int) -> str:
    """Give the status of one row: its denominator and pending."""
    headroom = None if room is None else np.array([room])
    status = status_of(headroom, *(np.array([count]) for count in counts))
    return str(TARGET_STATUSES[status[0]])


def still_meets(standard: Fraction, met: int, whole: int, at_least: bool) -> bool:
    return Fraction(met, whole) >= standard if at_least else Fraction(met, whole) <= standard


@pytest.mark.parametrize("text", ["at least 98%", "at least 75%", "at least 33.3%", "100%", "0%", "at least 66.7%"])
def test_headroom_is_how_many_could_still_miss(text: str) -> None:
    standard = parse_standard(text)
    for met, pending, missed in product(range(8), range(4), range(8)):
        whole = met + pending + missed
        if not whole:
            continue
        room = room_of(standard, met, pending, whole)
        could_meet = met + pending
        if room >= 0:
            assert still_meets(standard.value, could_meet - room, whole, at_least=True)
            assert room == could_meet or not still_meets(standard.value, could_meet - room - 1, whole, at_least=True)
        else:
            assert not still_meets(standard.value, could_meet, whole, at_least=True)
            assert still_meets(standard.value, min(could_meet - room, whole), whole, at_least=True)


def test_the_status_says_what_is_certain() -> None:
    standard = parse_standard("at least 75%")
    for met, pending, missed in product(range(8), range(5), range(8)):
        whole, counted = met + pending + missed, met + missed
        status = status_by(room_of(standard, met, pending, whole), counted, pending)
        if not counted:
            assert status == "no data"
            continue
        worst = still_meets(standard.value, met, whole, at_least=True)
        best = still_meets(standard.value, met + pending, whole, at_least=True)
        assert status == ("met" if worst else "undetermined" if best else "missed")


@pytest.mark.parametrize(
    ("text", "met", "whole", "status"),
    [
        ("at least 98%", 49, 50, "met"),
        ("at least 98%", 48, 49, "missed"),  # 97.96%, which rounds to 98%
        ("at least 90%", 9, 10, "met"),
        ("at least 33.3%", 333, 1000, "met"),
        ("at least 33.3%", 3329, 10_000, "missed"),
        ("at least 29%", 29, 100, "met"),  # 0.29 * 100 is 28.999999999999996
        ("at least 55%", 55, 100, "met"),  # 0.55 * 100 is 55.00000000000001
        ("at least 7%", 7, 100, "met"),
        ("at least 7%", 6, 100, "missed"),
        ("at least 58%", 29, 50, "met"),
    ],
)
def test_the_comparison_is_exact(text: str, met: int, whole: int, status: str) -> None:
    standard = parse_standard(text)
    assert status_by(room_of(standard, met, 0, whole), whole, 0) == status


def test_without_a_standard_there_is_no_target_and_without_records_no_data() -> None:
    assert status_by(None, 5, 0) == "no target"
    assert status_by(None, 0, 0) == "no data"
    assert status_by(0, 0, 5) == "no data"


def build(met: int, late: int, overdue: int, pending: int) -> pd.DataFrame:
    """Make so many cases of each outcome, at the close of 30 June 2024."""
    rows: list[tuple[str, str | None]] = [("2024-01-02", "2024-01-03")] * met
    rows += [("2024-01-02", "2024-06-03")] * late
    rows += [("2024-01-02", None)] * overdue + [("2024-06-20", None)] * pending
    frame = pd.DataFrame(rows, columns=["received_at", "decided_at"])
    return frame.assign(case_id=[f"C{number}" for number in range(len(frame))], allocated_at=None)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((4, 0, 0, 0), ("met", 2, 1.0, 1.0, 1.0)),
        ((2, 2, 1, 0), ("met", 0, 2 / 5, 2 / 5, 2 / 5)),
        ((1, 1, 1, 0), ("missed", -1, 1 / 3, 1 / 3, 1 / 3)),
        ((1, 1, 1, 2), ("undetermined", 1, 1 / 3, 1 / 5, 3 / 5)),
        ((0, 0, 0, 3), ("no data", 1, None, 0.0, 1.0)),
    ],
    ids=str,
)  # fmt: skip
def test_values_bounds_headroom_and_status_belong_together(
    counts: tuple[int, int, int, int], expected: tuple[Any, ...]
) -> None:
    (row,) = results(cases=build(*counts), targets=TWENTY_DAYS).rows
    assert (row.status, row.headroom, row.value, row.low, row.high) == expected


@pytest.mark.parametrize(
    "change", [lambda frame: frame, lambda frame: frame.sample(frac=1, random_state=3)], ids=["", "shuffled"]
)
def test_results_of_one_basis_are_equal(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    assert results(cases=change(CASES), by="team").rows == results(by="team").rows
