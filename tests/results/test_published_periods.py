"""Rows that stand for several records, and the labels of periods that take the place of dates."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import OptionError, RecordsError, Scheme, load_scheme, measure, tally
from ombudsman_kpi.calendars.periods import EVERY, Every, Period, nests_in, parse_period, period_of
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.results.results import Results

LAW = settings(max_examples=settings().max_examples * 2)
COUNCIL, LGSCO = load_scheme("tower-hamlets"), load_scheme("lgsco")
CHARTER, PLAN = load_scheme("phso-service-charter"), load_scheme("lgo-2017-18")


def table(*rows: tuple[object, object], **columns: Any) -> pd.DataFrame:
    """Give a published table of upheld decisions: for each row a label and a count."""
    frame = pd.DataFrame(rows, columns=["period", "count"])
    return frame.assign(**({"decision": "upheld"} | columns))


def decisions(cases: Any, *, as_of: str = "2020-12-31", **options: Any) -> Results:
    return measure(COUNCIL, cases=cases, as_of=as_of, **({"targets": "decisions"} | options))


def numbers(results: Results) -> dict[str, float | None]:
    return {row.period: row.value for row in results}


# Labels


@pytest.mark.parametrize("every", EVERY)
@LAW
@given(day=st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_label_is_read_as_the_period_that_wrote_it(every: Every, day: date) -> None:
    period = period_of(day, every)
    assert parse_period(period.label) == period
    assert parse_period(f" {period.label.replace(' ', '  ')}") == period


@pytest.mark.parametrize(
    ("label", "every", "start", "end"),
    [
        ("2018/19", "financial-year", "2018-04-01", "2019-03-31"),
        ("2018-19", "financial-year", "2018-04-01", "2019-03-31"),
        ("2018/2019", "financial-year", "2018-04-01", "2019-03-31"),
        ("2018-2019", "financial-year", "2018-04-01", "2019-03-31"),
        ("1999/00", "financial-year", "1999-04-01", "2000-03-31"),
        ("1999/2000", "financial-year", "1999-04-01", "2000-03-31"),
        ("2018/19 Q1", "quarter", "2018-04-01", "2018-06-30"),
        ("2018-19 Q4", "quarter", "2019-01-01", "2019-03-31"),
        ("2018/2019 Q3", "quarter", "2018-10-01", "2018-12-31"),
        ("2018/19 H2", "half-year", "2018-10-01", "2019-03-31"),
        ("Feb 2020", "month", "2020-02-01", "2020-02-29"),
        ("Apr-May 2018", "two-month", "2018-04-01", "2018-05-31"),
        ("Dec 2018-Jan 2019", "two-month", "2018-12-01", "2019-01-31"),
        ("w/c 2 Apr 2018", "week", "2018-04-02", "2018-04-08"),
        ("w/c 31 Dec 2018", "week", "2018-12-31", "2019-01-06"),
        ("2018", "year", "2018-01-01", "2018-12-31"),
    ],
)
def test_labels_have_their_first_and_last_days(label: str, every: str, start: str, end: str) -> None:
    assert parse_period(label) == Period(every, date.fromisoformat(start), date.fromisoformat(end))


UNREADABLE = [
    "sometime", "2018/20", "2018/18", "2018/2020", "18/19", "2018/19 Q5", "2018/19 Q0", "2018/19 H3", "Q1", "Foo 2018",
    "May-Jun 2018", "0000", "9999", "20181", "April 2018 onwards", "2018/19 2019/20",
]  # fmt: skip


@pytest.mark.parametrize("label", UNREADABLE)
def test_any_other_label_is_one_error_that_shows_the_labels_that_there_can_be(label: str) -> None:
    with pytest.raises(OptionError, match=r"isn't a period. Write it like '2018/19', '2018/19 Q1'"):
        parse_period(label)
    with pytest.raises(RecordsError, match=r"cases: period has a label that can't be read: .*'2018/19'") as refused:
        decisions(table(("2018/19", 4), (label, 5)))
    assert "\n" not in str(refused.value)


def test_a_name_in_the_wrong_column_is_not_shown() -> None:
    with pytest.raises(
        RecordsError, match="period has a label that can't be read: A label of the form 'aaa aaaaaaa'"
    ) as refused:
        decisions(table(("2018/19", 4), ("Zoë Okonkwo", 5)))
    assert "Okonkwo" not in str(refused.value)


def test_the_ways_to_write_a_financial_year_are_one_year() -> None:
    cases = table(("2018/19", 1), ("2018-19", 2), ("2018/2019", 4), ("2018-2019", 8), (" 2018/19 ", 16))
    assert numbers(decisions(cases, every="financial-year")) == {"2018/19": 31}


# Periods to report in


@pytest.mark.parametrize(
    ("label", "every", "remedy"),
    [
        ("2018/19", "month", "financial-year"),
        ("2018/19", "quarter", "financial-year"),
        ("2018/19", "year", "financial-year"),
        ("2018", "financial-year", "year"),
        ("2018/19 Q1", "month", "quarter"),
        ("2018/19 Q1", "two-month", "quarter"),
        ("Apr 2018", "week", "month"),
        ("Apr-May 2018", "month", "two-month"),
        ("Jun-Jul 2018", "quarter", "two-month"),  # it begins in the first quarter, and ends in the second
        ("w/c 30 Apr 2018", "month", "week"),
    ],
)
def test_a_label_is_not_cut_into_shorter_periods(label: str, every: Every, remedy: str) -> None:
    with pytest.raises(OptionError, match=rf"{label}' is no part of a {every}.*Measure with every='{remedy}'"):
        decisions(table((label, 4)), every=every)
    assert numbers(decisions(table((label, 4)), every=remedy)) == {label: 4}  # the remedy is one
    assert numbers(decisions(table((label, 4)))) == {"all": 4}


def test_one_label_that_is_too_long_is_enough_and_so_is_one_cycle_of_several() -> None:
    with pytest.raises(OptionError, match=r"2018/19 Q1.* is no part of a month"):
        decisions(table(("Jul 2018", 1), ("2018/19 Q1", 2)), every="month")
    with pytest.raises(OptionError, match=r"2018/19 Q1.* is no part of a month"):
        decisions(table(("2018/19 Q1", 2)), every=["financial-year", "month"])


def test_quarters_roll_up_to_half_years_and_financial_years() -> None:
    cases = table(
        ("2018/19 Q1", 3), ("2018/19 Q2", 4), ("2018/19 Q3", 0), ("2018/19 Q4", 5), ("2019/20 Q1", 6)
    )  # fmt: skip
    assert numbers(decisions(cases, every="quarter")) == {
        "2018/19 Q1": 3, "2018/19 Q2": 4, "2018/19 Q3": 0, "2018/19 Q4": 5, "2019/20 Q1": 6,
    }  # fmt: skip
    assert numbers(decisions(cases, every="half-year")) == {"2018/19 H1": 7, "2018/19 H2": 5, "2019/20 H1": 6}
    assert numbers(decisions(cases, every="financial-year")) == {"2018/19": 12, "2019/20": 6}
    assert numbers(decisions(cases, every="year")) == {"2018": 7, "2019": 11}


def test_labels_of_several_kinds_may_stand_in_one_table() -> None:
    cases = table(("Apr 2018", 1), ("2018/19 Q2", 10), ("2018/19 H2", 100), ("2019/20", 1000))
    assert numbers(decisions(cases, every="financial-year")) == {"2018/19": 111, "2019/20": 1000}


@LAW
@given(day=st.dates(date(1990, 1, 1), date(2050, 12, 31)), every=st.sampled_from(EVERY), longer=st.sampled_from(EVERY))
def test_a_period_nests_where_its_first_and_last_day_have_one_period(day: date, every: Every, longer: Every) -> None:
    period = period_of(day, every)
    assert nests_in(period, longer) == (period_of(period.start, longer) == period_of(period.end, longer))
    assert nests_in(period, None)


def test_labels_later_than_as_of_are_left_out_and_a_year_not_over_is_not_complete() -> None:
    cases = table(("2018/19", 3), ("2019/20", 4), ("2020/21", 5))
    found = {row.period: row for row in decisions(cases, as_of="2019-12-31", every="financial-year")}
    assert (found["2018/19"].value, found["2018/19"].complete) == (3, True)
    assert (found["2019/20"].value, found["2019/20"].complete) == (4, False)
    assert "2020/21" not in found
    (row,) = decisions(cases, as_of="2019-12-31").rows
    assert (row.value, row.excluded, row.records) == (7, 5, 12)
    assert "excluded: 5 not yet decided" in row.note


@pytest.mark.parametrize(("as_of", "met"), [("2020-03-31", 0), ("2020-04-01", 5)])
def test_a_label_is_known_from_its_first_day(as_of: str, met: int) -> None:
    (row,) = decisions(table(("2020/21", 5), ("2018/19", 0)), as_of=as_of).rows
    assert row.met == met


# Counts


NOT_WHOLE = [1.5, "1.5", -1, "-3", None, "", "x", "1,200", "1e3", float("nan"), 10**20, True]


@pytest.mark.parametrize("count", NOT_WHOLE, ids=repr)
def test_a_count_that_is_no_whole_number_is_an_error_with_its_row(count: object) -> None:
    cases = pd.DataFrame({"period": "2018/19", "count": pd.Series([4, 0, count, -5], dtype=object), "decision": "x"})
    with pytest.raises(RecordsError, match=r"^cases row 2: count isn't a whole number.*0 for none") as refused:
        decisions(cases)
    assert "\n" not in str(refused.value)


def test_it_is_an_error_in_records_with_dates_too() -> None:
    cases = pd.DataFrame({"case_id": ["A1"], "received_at": ["2024-03-28"], "decided_at": [None], "count": [-1]})
    with pytest.raises(RecordsError, match=r"cases row 0.*: count isn't a whole number"):
        measure(COUNCIL, cases=cases, as_of="2024-05-31", targets="volumes", columns={"cases": {"count": "count"}})
    with pytest.raises(RecordsError, match="cases row 0: count isn't a whole number"):
        measure(COUNCIL, cases=cases.drop(columns="case_id"), as_of="2024-05-31", targets="volumes")


@pytest.mark.parametrize("form", [pd.DataFrame, pl.from_pandas, lambda frame: frame.to_dict("records")])
def test_beside_ids_a_column_called_count_weighs_only_where_it_is_named(form: Any) -> None:
    options: dict[str, Any] = {"as_of": "2024-05-31", "targets": "decided-or-allocated-20wd"}
    cases = form(pd.DataFrame(CASES).assign(allocated_at=None))
    assert measure(LGSCO, cases=cases, **options).rows[0].records == len(CASES)
    assert measure(LGSCO, cases=cases, columns={"cases": {"count": "count"}}, **options).rows[0].records == 27


@pytest.mark.parametrize("count", [7, "7", " 7 ", 7.0, "007"], ids=repr)
def test_a_whole_number_may_be_written_in_several_ways(count: object) -> None:
    cases = pd.DataFrame({"period": ["2018/19"], "count": [count], "decision": "upheld"})
    assert numbers(decisions(cases)) == {"all": 7}


def test_a_count_of_0_adds_nothing_but_its_year_and_group_are_there() -> None:
    cases = table(("2017/18", 4), ("2018/19", 0), ("2019/20", 5)).assign(team=["North", "South", "North"])
    assert numbers(decisions(cases, every="financial-year")) == {"2017/18": 4, "2018/19": 0, "2019/20": 5}
    found = {(row.period, row.group): row.records for row in decisions(cases, every="financial-year", by="team")}
    assert found["2018/19", ("North",)] == 0
    assert sum(number or 0 for number in found.values()) == 9


# Counts beside ordinary dates and ids: equal to the same rows written so often


CASES: list[dict[str, Any]] = [
    # the 20th working day after 28 March 2024 is 29 April
    {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29", "count": 3},  # met
    {"case_id": "A2", "received_at": "2024-03-28", "decided_at": "2024-04-30", "count": 2},  # late
    {"case_id": "A3", "received_at": "2024-03-28", "decided_at": None, "count": 4},  # overdue
    {"case_id": "A4", "received_at": "2024-05-20", "decided_at": None, "count": 5},  # pending
    {"case_id": "A5", "received_at": "2024-03-28", "decided_at": "2024-03-27", "count": 6},  # invalid
    {"case_id": "A6", "received_at": "2024-06-20", "decided_at": None, "count": 7},  # not yet received
    {"case_id": "A7", "received_at": "2024-03-28", "decided_at": "2024-04-02", "count": 0},
]


def written_out(rows: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """Write each row as often as its count says, under ids of their own."""
    again = [{**row, name: f"{row[name]}-{copy}"} for row in rows for copy in range(row["count"])]
    return pd.DataFrame(again).drop(columns="count")


def cases_with(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(CASES).drop(columns="case_id").assign(allocated_at=None, **columns)


def test_counts_weigh_the_share_within() -> None:
    (row,) = measure(LGSCO, cases=cases_with(), as_of="2024-05-31", targets="decided-or-allocated-20wd").rows
    found = (row.met, row.missed, row.overdue, row.pending, row.invalid, row.excluded, row.records)
    assert found == (3, 6, 4, 5, 6, 7, 27)
    assert row.exact == Fraction(1, 3)
    assert (row.low, row.high) == (3 / 14, 8 / 14)


@pytest.mark.parametrize("every", [None, "month", "week"])
@pytest.mark.parametrize("cohort", ["received", "closed", "due"])
@pytest.mark.parametrize("form", [pd.DataFrame, pl.from_pandas, lambda frame: frame.to_dict("records")])
def test_counts_equal_the_rows_written_out(form: Any, cohort: str, every: Every | None) -> None:
    options: dict[str, Any] = {
        "as_of": "2024-05-31", "targets": "decided-or-allocated-20wd", "cohort": cohort, "every": every,
    }  # fmt: skip
    whole = written_out(CASES, "case_id").assign(allocated_at=None)
    assert tally(LGSCO, cases=form(cases_with()), **options) == tally(LGSCO, cases=whole, **options)


def test_counts_weigh_averages_stocks_numbers_and_trends_too() -> None:
    rows: list[dict[str, Any]] = [
        {"case_id": "B1", "received_at": "2016-01-04", "decided_at": "2017-04-20", "count": 4},
        {"case_id": "B2", "received_at": "2016-02-01", "decided_at": None, "count": 3},
        {"case_id": "B3", "received_at": "2017-04-03", "decided_at": "2017-05-03", "count": 5},
        {"case_id": "B4", "received_at": "2017-01-03", "decided_at": "2017-03-03", "count": 2},
    ]
    names = ["over-52w-stock", "case-handling-time", "decision-numbers", "joint-working-time-to-allocate"]
    kept: dict[str, Any] = {"joint_working": "true", "decided_in": "investigation"}

    def measured(frame: pd.DataFrame) -> Sequence[Row]:
        cases = frame.assign(allocated_at=frame["received_at"], **kept)
        return measure(PLAN, cases=cases, as_of="2018-03-31", every="financial-year", targets=names).rows

    assert measured(pd.DataFrame(rows).drop(columns="case_id")) == measured(written_out(rows, "case_id"))
    weighed = measured(pd.DataFrame(rows).drop(columns="case_id"))
    stock = [row.value for row in weighed if row.target == "over-52w-stock"]
    assert stock == [7, 7]  # B1 and B2, of 2016; B1 until April 2017


REVIEWS: list[dict[str, Any]] = [
    {"review_id": "R1", "case_id": "C1", "answer": "met", "count": 4},
    {"review_id": "R2", "case_id": "C2", "answer": "not-met", "count": 3},
    {"review_id": "R3", "case_id": "C2", "answer": "partly", "count": 2},
]


def reviewed(frame: pd.DataFrame, target: str) -> Row:
    reviews = frame.assign(standard="5", source="CPA", reviewed_at="2024-05-01")
    weights = {"reviews": {"count": "count"}} if "count" in frame else None
    (row,) = measure(
        CHARTER, reviews=reviews, as_of="2024-06-30", every="quarter", targets=target, columns=weights
    ).rows
    return row


def test_counts_weigh_scores_too() -> None:
    weighed = reviewed(pd.DataFrame(REVIEWS), "commitment-5-cpa")
    assert weighed == reviewed(written_out(REVIEWS, "review_id"), "commitment-5-cpa")
    assert weighed.exact == Fraction(4, 9)


def test_a_count_of_reviews_does_not_make_more_cases_of_one() -> None:
    assert reviewed(written_out(REVIEWS, "review_id"), "cpa-sample").value == 2
    assert reviewed(pd.DataFrame(REVIEWS), "cpa-sample").value == 2


# Targets that need dates or ids


PUBLISHED = "cases are a published table, which has periods in place of dates"


def test_what_needs_dates_is_not_measured_on_a_published_table_and_says_why() -> None:
    rows = measure(LGSCO, cases=table(("2018/19", 7)), as_of="2020-12-31").rows
    of_cases = {row.target: row for row in rows if LGSCO[row.target].of == "cases"}
    assert set(of_cases) == {
        "decided-or-allocated-20wd", "investigation-13w", "investigation-26w", "investigation-52w",
        "keep-in-touch-20wd", "keep-in-touch-intervals-20wd", "delays-explained",
    }  # fmt: skip
    for row in of_cases.values():
        assert (row.status, row.note, row.value, row.records) == ("not measured", PUBLISHED, None, None)


def test_what_needs_a_case_to_follow_is_not_measured_on_a_published_table() -> None:
    requests = pd.DataFrame({"period": ["2018/19"] * 2, "count": [90, 7], "kind": ["stage-1", "stage-2"]})
    rows = measure(COUNCIL, requests=requests, as_of="2020-12-31").rows
    of_requests = {row.target: row.status for row in rows if COUNCIL[row.target].of == "requests"}
    assert of_requests == dict.fromkeys(
        ["stage-1-20wd", "stage-1-average-days", "stage-2-20wd", "stage-2-average-days", "escalation-rate"],
        "not measured",
    )


def test_a_table_with_dates_beside_its_labels_is_measured_by_its_dates() -> None:
    cases = cases_with(period="1999/00")
    (row,) = measure(LGSCO, cases=cases, as_of="2024-05-31", targets="decided-or-allocated-20wd").rows
    assert (row.met, row.missed) == (3, 6)


def test_a_label_alone_takes_no_date_s_place() -> None:
    cases = table(("2018/19", 7)).drop(columns="count")
    with pytest.raises(RecordsError, match="no column 'decided_at'"):
        decisions(cases)


# Under names of the caller's own


def test_count_and_period_may_have_other_names(tmp_path: Path) -> None:
    cases = table(("2018/19", 7), ("2019/20", 3)).rename(columns={"count": "how many", "period": "year"})
    names = {"cases": {"count": "how many", "period": "year"}}
    assert numbers(decisions(cases, columns=names, every="financial-year")) == {"2018/19": 7, "2019/20": 3}
    path = tmp_path / "cases.csv"
    cases.to_csv(path, index=False)
    assert numbers(decisions(path, columns=names, every="financial-year")) == {"2018/19": 7, "2019/20": 3}
    with pytest.raises(RecordsError, match="year has a label that can't be read"):
        decisions(cases.assign(year="soon"), columns=names)
    with pytest.raises(RecordsError, match="row 0: how many isn't a whole number"):
        decisions(cases.assign(**{"how many": -1}), columns=names)


def test_without_their_names_the_columns_are_not_understood() -> None:
    cases = table(("2018/19", 7)).rename(columns={"count": "how many"})
    with pytest.raises(RecordsError, match="no column 'decided_at'"):
        decisions(cases)


def test_a_scheme_of_one_s_own_measures_published_tables_too() -> None:
    own: Scheme = COUNCIL.with_target("uphold-rate", standard="at most 60%")
    cases = pd.DataFrame({"period": "2018/19", "count": [15, 5, 73], "decision": ["upheld", "not-upheld", "advice"]})
    (row,) = measure(own, cases=cases, as_of="2020-12-31", targets="uphold-rate").rows
    assert (row.exact, row.status, row.headroom, row.excluded) == (Fraction(3, 4), "missed", -3, 73)  # 12 of 20 may be


# Periods that contain one another


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, list])
@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["2018/19", "2018/19 Q4"], "2018/19 and 2018/19 Q4 overlap"),
        (["2018/19 Q4", "2018/19 Q1", "2018/19"], "2018/19 and 2018/19 Q1 overlap"),
        (["2018", "2018/19"], "2018 and 2018/19 overlap"),
        (["Mar 2019", "2018/19 Q4"], "2018/19 Q4 and Mar 2019 overlap"),
    ],
)
def test_a_year_beside_its_own_quarters_is_an_error_that_names_both(labels: list[str], says: str, form: Any) -> None:
    rows = [{"period": label, "count": 5, "decision": "upheld"} for label in labels]
    with pytest.raises(RecordsError, match=f"^cases: {says}, for one group and kind"):
        decisions(form(rows))


def test_periods_of_several_groups_or_kinds_may_overlap() -> None:
    rows = [
        {"period": "2018/19", "count": 5, "decision": "upheld", "authority": "A"},
        {"period": "2018/19 Q4", "count": 5, "decision": "upheld", "authority": "B"},
        {"period": "2018/19 Q4", "count": 5, "decision": "not-upheld", "authority": "A"},
    ]
    assert decisions(pd.DataFrame(rows)).rows
    with pytest.raises(RecordsError, match="2018/19 and 2018/19 Q4 overlap"):
        decisions(pd.DataFrame(rows).drop(columns=["decision", "authority"]).assign(decision="upheld"))


def test_the_same_period_twice_is_no_overlap() -> None:
    assert decisions(table(("2018/19", 5), ("2018/19", 7), ("2019/20", 1))).rows
