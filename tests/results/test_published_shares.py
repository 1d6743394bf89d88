"""Published tables that print a numerator and a total in columns: each row counts as its records would."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import OptionError, RecordsError, Scheme, Tally, assess, check, load_scheme, measure, settled, tally
from ombudsman_kpi import worklist as due_list
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.results.results import Results

sys.path.append(str(Path(__file__).parents[1] / "records"))
from containers import FORMS, Cells
from workbooks import write_ods, write_xlsx

COUNCIL, LGSCO = load_scheme("tower-hamlets"), load_scheme("lgsco")
RECEIVED = COUNCIL.with_target("stage-1-20wd", cohort="received")
AS_OF = "2024-12-31"
STAGE_1 = "stage-1-20wd"
NAMES = {"requests": {"kind": "Stage", "period": "Period", "met": "In time", "of": "Total"}}
TABLE = """\
Period,Stage,In time,Total
2023/24 Q1,stage-1,112,140
2023/24 Q1,stage-2,9,20
2023/24 Q2,stage-1,0,5
2023/24 Q2,stage-2,4,4
2023/24 Q3,stage-1,60,80
2023/24 Q4,stage-1,0,0
"""
MAPPING = """\
[columns.requests]
kind = "Stage"
period = "Period"

[values]
met = "In time"
of = "Total"
"""


def rows_of(text: str = TABLE) -> Cells:
    names, *lines = (line.split(",") for line in text.splitlines())
    return [dict(zip(names, line, strict=True)) for line in lines]


def measured(requests: Any, **options: Any) -> Results:
    base: dict[str, Any] = {"as_of": AS_OF, "targets": STAGE_1, "columns": NAMES}
    return measure(COUNCIL, requests=requests, **base | options)


def counted(requests: Any, **options: Any) -> Tally:
    base: dict[str, Any] = {"as_of": AS_OF, "every": "quarter", "by": "Stage", "targets": STAGE_1, "columns": NAMES}
    return tally(COUNCIL, requests=requests, **base | options)


def shares(results: Iterable[Row]) -> dict[str, tuple[Any, Any]]:
    return {row.period: (row.numerator, row.denominator) for row in results}


# The table as it is printed


@pytest.mark.parametrize("said", [MAPPING, MAPPING.replace("[values]", "[values.requests]")])
def test_a_mapping_file_says_which_columns_hold_the_numbers(said: str, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(said, encoding="utf-8")
    (tmp_path / "stages.csv").write_text(TABLE, encoding="utf-8")
    found = measured(tmp_path / "stages.csv", columns=tmp_path / "map.toml", every="quarter")
    assert shares(found) == {
        "2023/24 Q1": (112, 140), "2023/24 Q2": (0, 5), "2023/24 Q3": (60, 80), "2023/24 Q4": (0, 0),
    }  # fmt: skip
    assert [row.exact for row in found] == [Fraction(4, 5), 0, Fraction(3, 4), None]
    assert [row.status for row in found] == ["no target"] * 3 + ["no data"]
    assert all("measured on a published table" in row.note for row in found)
    (year,) = measured(tmp_path / "stages.csv", columns=tmp_path / "map.toml", every="financial-year")
    assert (year.met, year.missed, year.denominator, year.excluded, year.records) == (172, 53, 225, 24, 249)


def test_values_and_columns_may_each_name_one_of_them_in_any_order(tmp_path: Path) -> None:
    parts = (
        '[columns.requests]\nkind = "Stage"\nperiod = "Period"\nof = "Total"\n',
        '[values.requests]\nmet = "In time"\n',
    )
    for text in ("".join(parts), "".join(reversed(parts))):
        (tmp_path / "map.toml").write_text(text, encoding="utf-8")
        assert measured(rows_of(), columns=tmp_path / "map.toml")[STAGE_1].rows[0].exact == Fraction(172, 225)


def test_words_may_have_meanings_beside_them(tmp_path: Path) -> None:
    said = MAPPING + '\n[values.kind]\n"Stage One" = "stage-1"\n'
    (tmp_path / "map.toml").write_text(said, encoding="utf-8")
    table = rows_of(TABLE.replace("stage-1", "Stage One"))
    assert measured(table, columns=tmp_path / "map.toml").rows[0].exact == Fraction(172, 225)


def test_a_standard_is_judged_by_the_exact_numbers() -> None:
    table = [{"Period": "2023/24", "Stage": "stage-1", "In time": 1799, "Total": 2000}]  # 89.95%
    promised: Scheme = COUNCIL.with_target(STAGE_1, standard="at least 90%")
    (row,) = measure(promised, requests=table, as_of=AS_OF, targets=STAGE_1, columns=NAMES).rows
    assert (row.status, row.headroom, row.low, row.high) == ("missed", -1, 0.8995, 0.8995)


@pytest.mark.parametrize("cohort", ["received", "closed", "due"])
def test_the_period_is_that_of_whatever_cohort_is_asked_for(cohort: str) -> None:
    assert shares(measured(rows_of(), every="quarter", cohort=cohort))["2023/24 Q1"] == (112, 140)


# Every way in


def test_every_container_gives_the_same_tally(tmp_path: Path) -> None:
    whole = counted(rows_of())
    assert len(whole.to_arrow()) == 8  # two of three rows each, one of the others; stage 2 is left out as two
    for name, form in FORMS.items():
        assert counted(form(rows_of(), tmp_path)) == whole, name
    numbers = pd.DataFrame(rows_of()).astype({"In time": int, "Total": int})
    cells = [list(numbers.columns), *numbers.astype(object).to_numpy().tolist()]
    sheets = write_xlsx(tmp_path / "a.xlsx", {"requests": cells}), write_ods(tmp_path / "a.ods", {"requests": cells})
    frames = numbers, numbers.astype({"Total": float}), pl.from_pandas(numbers)
    for table in (*frames, numbers.to_dict("records"), *sheets):
        assert counted(table) == whole


@pytest.fixture
def tiny_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parts have so little memory that a few rows don't fit."""
    monkeypatch.setattr("ombudsman_kpi.engines.parts._ALWAYS", (512 << 20) - 320)


@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("target", [STAGE_1, "escalation-rate", "stage-2-20wd"])
def test_parts_on_the_disk_give_the_same_tally(target: str) -> None:
    assert counted(rows_of(), targets=target, memory="512 MB") == counted(rows_of(), targets=target)


@pytest.mark.parametrize("target", [STAGE_1, "escalation-rate"])
def test_rows_are_settled_when_their_period_is_over(target: str) -> None:
    found = settled(COUNCIL, requests=rows_of(), as_of="2023-12-30", every="quarter", targets=target, columns=NAMES)
    assert found.open == {"requests": (4, 5)}  # the third quarter ends on the next day
    rest = counted(rows_of()[4:], by=(), targets=target)
    assert found.tally.at(AS_OF) + rest == counted(rows_of(), by=(), targets=target)


def test_what_is_stored_and_read_back_is_the_same(tmp_path: Path) -> None:
    whole = counted(rows_of())
    whole.to_parquet(tmp_path / "t.parquet")
    for again in (Tally.from_json(whole.to_json()), Tally.from_parquet(tmp_path / "t.parquet")):
        assert again == whole
        assert again.results().rows == whole.results().rows


# A plain loop


class Printed(NamedTuple):
    """A row of a table: a quarter of 2023/24, a stage, a ward, and its two numbers."""

    quarter: int
    stage: int
    ward: str
    met: int
    whole: int

    @property
    def cells(self) -> dict[str, Any]:
        return {
            "Period": f"2023/24 Q{self.quarter}", "Stage": f"stage-{self.stage}", "Ward": self.ward,
            "In time": self.met, "Total": self.whole,
        }  # fmt: skip


SMALL = st.integers(0, 3) | st.integers(0, 400)
PRINTED = st.builds(Printed, st.integers(1, 4), st.integers(1, 2), st.sampled_from("AB"), SMALL, SMALL)
Numbers = tuple[int, int, int, int]  # met, missed, excluded, invalid


def by_hand(table: list[Printed], stage: int) -> dict[tuple[str, str], Numbers]:
    """Count row after row, record after record."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in table:
        place = found[f"2023/24 Q{row.quarter}", row.ward]
        for number in range(1, row.whole + 1):
            if row.stage != stage:
                place[2] += 1
            elif row.met > row.whole:
                place[3] += 1
            else:
                place[0 if number <= row.met else 1] += 1
    return {where: (numbers[0], numbers[1], numbers[2], numbers[3]) for where, numbers in found.items()}


@settings(max_examples=settings().max_examples * 2)
@given(table=st.lists(PRINTED, min_size=1, max_size=8), stage=st.integers(1, 2))
def test_every_row_is_counted_as_so_many_records(table: list[Printed], stage: int) -> None:
    found = measured([row.cells for row in table], every="quarter", by="Ward", targets=f"stage-{stage}-20wd")
    expected = by_hand(table, stage)
    told = {(row.period, row.group[0]): (row.met, row.missed, row.excluded, row.invalid) for row in found}
    assert told.keys() >= expected.keys()  # a row of 0 has its place too; and quarters between others have one
    assert {where: told[where] for where in expected} == expected
    assert all(told[where] == (0, 0, 0, 0) for where in told.keys() - expected.keys())
    for row in found:
        met, missed, excluded, invalid = expected.get((row.period, row.group[0]), (0, 0, 0, 0))
        assert (row.numerator, row.denominator, row.records) == (met, met + missed, met + missed + excluded + invalid)
        assert (row.status == "no data") == (met + missed == 0)
        assert row.exact == (Fraction(met, met + missed) if met + missed else None)


@given(table=st.lists(PRINTED, min_size=1, max_size=8), data=st.data())
def test_parts_of_a_table_add_up_to_the_whole_and_can_be_taken_away(table: list[Printed], data: Any) -> None:
    cells = [row.cells for row in table]
    cut = data.draw(st.integers(0, len(cells)))
    one, other, whole = (counted(pd.DataFrame(part, columns=[*cells[0]])) for part in (cells[:cut], cells[cut:], cells))
    assert one + other == other + one == whole
    assert whole - other == one


@given(table=st.lists(st.tuples(st.integers(1, 4), SMALL, SMALL), min_size=1, max_size=5, unique_by=lambda row: row[0]))
def test_figures_are_those_of_the_records_that_the_rows_stand_for(table: list[tuple[int, int, int]]) -> None:
    months = {1: "2023-06", 2: "2023-09", 3: "2023-12", 4: "2024-03"}
    records = [
        {"kind": "stage-1", "received_at": f"{months[quarter]}-01" if number < met else "2023-01-03",
         "answered_at": f"{months[quarter]}-05", "count": 1}
        for quarter, met, more in table for number in range(met + more)
    ]  # fmt: skip
    records.append({"kind": "stage-2", "received_at": "2023-05-02", "answered_at": "2023-05-03", "count": 1})
    rows = [Printed(quarter, 1, "A", met, met + more).cells for quarter, met, more in table]
    rows.append(Printed(1, 2, "A", 1, 1).cells)
    promised = COUNCIL.with_target(STAGE_1, standard="at least 75%")
    options: dict[str, Any] = {"as_of": AS_OF, "targets": STAGE_1}
    (expected,) = measure(promised, requests=pd.DataFrame(records), **options).rows
    (found,) = measure(promised, requests=rows, columns=NAMES, **options).rows
    told = (
        "records",
        "met",
        "missed",
        "excluded",
        "numerator",
        "denominator",
        "exact",
        "low",
        "high",
        "status",
        "headroom",
    )
    assert [getattr(found, name) for name in told] == [getattr(expected, name) for name in told]


# A 0 has its place


def test_0_of_5_is_no_success_and_0_of_0_is_no_data() -> None:
    table = [Printed(1, 1, "A", 0, 5).cells, Printed(4, 1, "B", 0, 0).cells]
    found = {(row.period, row.group): row for row in measured(table, every="quarter", by="Ward")}
    none, nothing = found["2023/24 Q1", ("A",)], found["2023/24 Q4", ("B",)]
    assert (none.value, none.status, none.missed) == (0.0, "no target", 5)
    assert (nothing.exact, nothing.status, nothing.records, nothing.excluded) == (None, "no data", 0, 0)
    assert "nothing to count" not in nothing.note
    alone = measured([Printed(2, 1, "A", 0, 0).cells], every="quarter").rows
    assert [(row.period, row.status) for row in alone] == [("2023/24 Q2", "no data")]


def test_a_0_of_a_period_that_has_not_begun_has_no_period() -> None:
    table = [Printed(1, 1, "A", 1, 5).cells, Printed(4, 1, "A", 0, 0).cells]
    assert [row.period for row in measured(table, every="quarter", as_of="2023-08-01")] == ["2023/24 Q1"]


def test_more_in_time_than_in_all_is_invalid_and_said_even_of_none() -> None:
    table = [Printed(1, 1, "A", 9, 5).cells, Printed(2, 1, "A", 3, 0).cells, Printed(3, 1, "A", 5, 5).cells]
    first, second, third = measured(table, every="quarter").rows
    assert (first.invalid, first.met, first.missed, first.records, first.status) == (5, 0, 0, 5, "no data")
    assert "invalid: 5 the part exceeds its total" in first.note
    assert (second.invalid, second.records) == (0, 0)
    assert "invalid: 0 the part exceeds its total" in second.note
    assert (third.value, third.invalid) == (1.0, 0)
    found = check(COUNCIL, requests=table, as_of=AS_OF, targets=STAGE_1, columns=NAMES).errors
    assert [(item.rule, item.rows, item.says) for item in found] == [
        ("part-exceeds-total", (0, 1), "In time is more than Total")
    ]


# Which target the number is of


def test_the_number_of_several_targets_is_one_error_that_names_them() -> None:
    says = (
        r"^requests: 'In time' can be the number that met stage-1-20wd or escalation-rate\. Say which target it is of, "
        r"such as targets='stage-1-20wd'\.$"
    )
    options: dict[str, Any] = {"requests": rows_of(), "as_of": AS_OF, "columns": NAMES}
    for function in (measure, tally, assess, check, settled):
        with pytest.raises(OptionError, match=says):
            function(COUNCIL, **options)
    for name in (STAGE_1, "escalation-rate"):
        assert measured(rows_of(), targets=name).rows[0].exact == Fraction(172, 225)


def test_targets_of_different_kinds_have_each_their_own_rows() -> None:
    found = measured(rows_of(), targets=[STAGE_1, "stage-2-20wd", "stage-1-average-days"])
    assert {row.target: row.exact for row in found} == {
        STAGE_1: Fraction(172, 225), "stage-2-20wd": Fraction(13, 24), "stage-1-average-days": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (Condition(("a",)), Condition(("b", "c")), True),
        (Condition(("a", "b")), Condition(("b",)), False),
        (Condition(("a",), negated=True), Condition(("a",)), True),
        (Condition(("a", "b"), negated=True), Condition(("a",)), True),
        (Condition(("a",), negated=True), Condition(("a", "b")), False),
        (Condition(("a",), negated=True), Condition(("b",), negated=True), False),
        (Condition(present=True), Condition(("a",)), False),
    ],
)
def test_conditions_exclude_each_other_where_no_word_is_in_both(one: Condition, other: Condition, apart: bool) -> None:
    assert one.excludes(other) == other.excludes(one) == apart


NAMES_OF_CASES = {"cases": {"met": "In time", "of": "Total"}}
NO_SHARE = "cases are a published table, which has shares in place of records"


def test_what_no_share_can_tell_is_not_measured_and_says_so() -> None:
    table = [{"period": "2023/24", "In time": 4, "Total": 9, "allocated_at": "x", "joint_working": "true"}]
    names = ["decided-or-allocated-20wd", "keep-in-touch-20wd", "delays-explained"]
    rows = measure(LGSCO, cases=table, as_of=AS_OF, columns=NAMES_OF_CASES, targets=names).rows
    assert [(row.numerator, row.denominator) for row in rows] == [(4, 9), (None, None), (None, None)]
    plan = load_scheme("lgo-2017-18")
    others = measure(plan, cases=table, as_of=AS_OF, columns=NAMES_OF_CASES, targets="over-52w-stock").rows
    assert {(row.status, row.note) for row in (*rows[1:], *others)} == {("not measured", NO_SHARE)}
    average = measured(rows_of(), targets="stage-1-average-days").rows[0]
    assert (average.status, average.note) == ("not measured", NO_SHARE.replace("cases", "requests"))


def test_a_target_whose_clock_may_stand_still_takes_no_share() -> None:
    paused = LGSCO.with_target("decided-or-allocated-20wd", clock={"pauses": "allowed"})
    table = [{"period": "2023/24", "In time": 4, "Total": 9}]
    log = [{"case_id": "A", "event": "paused", "at": "2023-05-01"}]
    (row,) = measure(
        paused, cases=table, events=log, as_of=AS_OF, columns=NAMES_OF_CASES, targets="decided-or-allocated-20wd"
    ).rows
    assert row.note == NO_SHARE


def test_a_column_that_a_target_chooses_by_must_be_there() -> None:
    table = pd.DataFrame(rows_of()).drop(columns="Stage")
    names = {"requests": {"period": "Period", "met": "In time", "of": "Total"}}
    assert measured(table, columns=names).rows[0].note == "the published table has no column 'kind'"


# Rates of kinds, numbers, trends


PUBLISHED = Path(__file__).parents[2] / "examples" / "data" / "published"


def boroughs() -> pd.DataFrame:
    """Lay out the paper's 33 authorities with the upheld and the investigated in columns."""
    table = pd.read_csv(PUBLISHED / "boroughs.csv").pivot_table(
        index=["authority", "period"], columns="decision", values="count", aggfunc="sum"
    )
    wide = pd.DataFrame(
        {"Upheld": table["upheld"], "Decided": table["upheld"] + table["not-upheld"], "decision": "any"}
    )
    return wide.reset_index()


def test_upheld_of_decided_gives_the_33_printed_rates_and_their_ranks() -> None:
    names = {"cases": {"met": "Upheld", "of": "Decided"}}
    anything = COUNCIL.with_target("uphold-rate", where={})
    options: dict[str, Any] = {"as_of": "2019-12-31", "every": "financial-year", "by": "authority"}
    found = measure(anything, cases=boroughs(), columns=names, targets="uphold-rate", **options)
    printed = pd.read_csv(PUBLISHED / "boroughs_printed.csv").set_index("authority")["uphold_rate"].to_dict()
    rates = {row.group[0]: row.exact for row in found}
    assert rates.pop("01 City of London") is None  # 0 of 0: no data
    assert {name: (200 * rate + 1) // 2 for name, rate in rates.items() if rate is not None} == {
        name: rate for name, rate in printed.items() if name in rates
    }
    assert len(rates) == 32
    assert {row.details["comparator"] for row in found} == {Fraction(606, 957)}
    counted_kinds = measure(COUNCIL, cases=PUBLISHED / "boroughs.csv", targets="uphold-rate", **options)
    assert [row.exact for row in found] == [row.exact for row in counted_kinds]
    assert [row.details.get("rank") for row in found] == [row.details.get("rank") for row in counted_kinds]


def test_numbers_are_the_totals() -> None:
    table = [{"period": "2023/24 Q1", "In time": 4, "Total": 9}, {"period": "2023/24 Q2", "In time": 1, "Total": 2}]
    rows = measure(COUNCIL, cases=table, as_of=AS_OF, every="quarter", columns=NAMES_OF_CASES, targets="volumes").rows
    assert [row.value for row in rows] == [9, 2]


OWN_TREND = """\
id = "own"
title = "Own"
source = "Made up for a test"
division = "scotland"

[[target]]
id = "better"
says = "It gets better"
measure = "trend"
of = "requests"
cohort = "closed"

[target.change_in]
start = "received_at"
stop = "answered_at"
limit = "10 working days"
where = { ward = "A" }
"""


def test_a_trend_takes_the_share_of_its_figure(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN_TREND, encoding="utf-8")
    table = [Printed(quarter, 1, "A", met, 8).cells for quarter, met in ((1, 2), (2, 5))]
    table.append(Printed(2, 1, "B", 8, 8).cells)
    names = {"requests": {**NAMES["requests"], "ward": "Ward"}}
    rows = measure(load_scheme(tmp_path / "own.toml"), requests=table, as_of=AS_OF, every="quarter", columns=names).rows
    assert [row.exact for row in rows] == [None, Fraction(3, 8)]


def test_calls_within_seconds_need_no_times_of_day() -> None:
    table = [{"period": "Apr 2023", "Answered in 60s": 95, "Offered": 100}]
    names = {"calls": {"met": "Answered in 60s", "of": "Offered"}}
    (row,) = measure(LGSCO, calls=table, as_of=AS_OF, every="month", columns=names, targets="intake-calls-60s").rows
    assert (row.exact, row.status, row.period) == (Fraction(95, 100), "met", "Apr 2023")


# With dates in place of labels


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, list])
def test_rows_may_have_the_date_of_their_cohort(form: Callable[[Any], Any]) -> None:
    table = [
        {"kind": "stage-1", "answered_at": "2023-04-28", "In time": 3, "Total": 4},
        {"kind": "stage-1", "answered_at": "2023-05-31", "In time": 0, "Total": 2},
        {"kind": "stage-1", "answered_at": "2025-05-31", "In time": 1, "Total": 2},
    ]
    names = {"requests": {"met": "In time", "of": "Total"}}
    rows = measured(form(table), columns=names, every="month").rows
    assert shares(rows) == {"Apr 2023": (3, 4), "May 2023": (0, 2), "(no period)": (0, 0)}
    assert "excluded: 2 not yet answered" in rows[-1].note
    assert all("measured on a published table" in row.note for row in rows)
    assert not [item for item in check(
        COUNCIL, requests=form(table), as_of="2025-12-31", columns=names, targets=STAGE_1
    ) if item.severity == "error"]  # fmt: skip
    with pytest.raises(RecordsError, match="no column 'received_at', which target 'stage-1-20wd' needs"):
        measure(
            RECEIVED,
            requests=form(table),
            as_of=AS_OF,
            columns=names,
            targets=STAGE_1,
        )


def test_of_several_stops_the_one_that_is_there_dates_the_rows() -> None:
    closed = LGSCO.with_target("decided-or-allocated-20wd", cohort="closed")
    table = pd.DataFrame([{"allocated_at": "2023-04-28", "In time": 3, "Total": 4}])
    options: dict[str, Any] = {"columns": NAMES_OF_CASES, "targets": "decided-or-allocated-20wd", "every": "month"}
    assert shares(measure(closed, cases=table, as_of=AS_OF, **options)) == {"Apr 2023": (3, 4)}


def test_orders_are_dated_by_their_due_date() -> None:
    housing = load_scheme("housing-ombudsman-2019")
    table = [{"due_at": "2023-04-28", "Complied": 3, "Orders": 4}]
    names = {"orders": {"met": "Complied", "of": "Orders"}}
    (row,) = measure(housing, orders=table, as_of=AS_OF, every="month", columns=names, targets="orders-complied").rows
    assert (row.period, row.numerator, row.denominator) == ("Apr 2023", 3, 4)


# Rows of assess


def assessed(requests: Any, **options: Any) -> pd.DataFrame:
    return assess(COUNCIL, requests=requests, as_of=AS_OF, targets=STAGE_1, columns=NAMES, **options)


def test_assess_shows_what_met_and_what_missed_as_rows_of_one_number() -> None:
    table = [*rows_of()[:3], *rows_of()[5:], {"Period": "2023/24 Q3", "Stage": "stage-1", "In time": "7", "Total": "7"}]
    rows = assessed(table, keep=["In time", "Total"])
    assert rows[["row", "status", "reason", "In time", "Total"]].astype(str).to_numpy().tolist() == [
        ["0", "met", "", "112", "140"],
        ["0", "late", "", "112", "140"],
        ["1", "excluded", "kind is not stage-1", "9", "20"],
        ["2", "late", "", "0", "5"],
        ["3", "excluded", "nothing to count", "0", "0"],
        ["4", "met", "", "7", "7"],
    ]
    assert rows["due"].isna().all()
    assert rows["elapsed"].isna().all()


def test_nothing_is_due_on_a_published_table() -> None:
    assert due_list(COUNCIL, requests=rows_of(), as_of=AS_OF, targets=STAGE_1, columns=NAMES, within=None).empty


# Bad input


NOT_WHOLE = [1.5, "1.5", -1, "-3", None, "", "x", "1,200", "1e3", float("nan"), 10**20, True]


@pytest.mark.parametrize("column", ["In time", "Total"])
@pytest.mark.parametrize("cell", NOT_WHOLE, ids=repr)
def test_a_number_that_is_not_whole_is_an_error_with_its_row_and_a_finding(cell: object, column: str) -> None:
    rows: list[dict[str, Any]] = [dict(row) for row in rows_of()]
    rows[2][column] = cell
    table = pd.DataFrame(rows, dtype=object)
    what = "of a row's records met the target" if column == "In time" else "records a row stands for"
    says = rf"^requests row 2: {column} isn't a whole number. It says how many {what}; write 0 for none"
    for function in (measured, counted, assessed):
        with pytest.raises(RecordsError, match=says):
            function(table)
    with pytest.raises(RecordsError, match="isn't a whole number"):  # the number alone needs both of them whole
        measure(COUNCIL, cases=table, as_of=AS_OF, targets="volumes", columns={"cases": {**NAMES["requests"]}})
    found = check(COUNCIL, requests=table, as_of=AS_OF, targets=STAGE_1, columns=NAMES)
    told = [(item.rule, item.field, item.rows) for item in found.errors if item.rule != "unmeasurable"]
    assert told == [("unreadable-number", "met" if column == "In time" else "of", (2,))]


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, list])
def test_a_column_that_is_not_there_is_the_usual_error(form: Callable[[Any], Any]) -> None:
    names = {"requests": {**NAMES["requests"], "met": "In tmie"}}
    with pytest.raises(
        RecordsError, match=r"^requests has no column 'In tmie'.*Did you mean 'In time'\?.*\[values\.requests\]"
    ):
        measured(form(rows_of()), columns=names)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"met": "In time"}, "only met is named"),
        ({"of": "Total"}, "only of is named"),
        ({"met": "Total", "of": "Total"}, "both name one"),
        ({"met": "In time", "of": "Total", "count": "Total"}, "count is named beside them"),
    ],
)
def test_both_columns_are_named_and_nothing_that_contradicts_them(
    said: dict[str, str], wrong: str, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=f"^met and of name two columns.*Here {wrong}"):
        measured(rows_of(), columns={"requests": said})
    numbers = {name: column for name, column in said.items() if name != "count"}
    lines = [f'{name} = "{column}"' for name, column in numbers.items()]
    beside = ["[columns.requests]", f'count = "{said["count"]}"'] if "count" in said else []
    for table in ("[values]", "[values.requests]"):
        (tmp_path / "map.toml").write_text("\n".join([table, *lines, *beside]), encoding="utf-8")
        with pytest.raises(OptionError, match=f"Here {wrong}"):
            measured(rows_of(), columns=tmp_path / "map.toml")


def test_a_number_in_place_of_a_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('[values]\nmet = 3\nof = "Total"\n', encoding="utf-8")
    with pytest.raises(OptionError, match="takes names of fields, and text for each"):
        measured(rows_of(), columns=tmp_path / "map.toml")
    (tmp_path / "map.toml").write_text('[values]\nrequests = "Total"\n', encoding="utf-8")
    with pytest.raises(OptionError, match="values of requests takes names of fields, and for each"):
        measured(rows_of(), columns=tmp_path / "map.toml")


def test_a_column_called_count_that_nobody_names_weighs_nothing_here() -> None:
    table = [{**row, "count": "many"} for row in rows_of()]
    assert counted(table) == counted(rows_of())


def test_ids_beside_the_numbers_tell_rows_apart() -> None:
    table = [{**row, "request_id": f"R{place}"} for place, row in enumerate(rows_of())]
    assert counted(table) == counted(rows_of())
    table[2]["request_id"] = "R0"
    (row,) = measured(table).rows
    assert (row.invalid, row.met) == (145, 60)


def test_a_year_beside_its_quarter_is_an_error_for_one_group_alone() -> None:
    own = COUNCIL.with_target(STAGE_1, where={"Ward": "A"})
    year, quarter = {**Printed(1, 1, "A", 5, 9).cells, "Period": "2023/24"}, Printed(1, 1, "A", 1, 2).cells
    options: dict[str, Any] = {"as_of": AS_OF, "targets": STAGE_1, "columns": NAMES}
    with pytest.raises(RecordsError, match=r"2023/24 and 2023/24 Q1 overlap"):
        measure(own, requests=[year, quarter], **options)
    assert measure(own, requests=[year, {**quarter, "Ward": "B"}], **options).rows[0].denominator == 9
    with pytest.raises(OptionError, match=r"no part of a month"):
        measured([quarter], every="month")


# Findings


@pytest.mark.parametrize(
    ("below", "fields"),
    [
        ("Total,,185,249", []),
        ("Total,,185,248", ["of"]),
        ("Grand total:,,-,248", ["of"]),
        ('Total,,185,"1,249"', []),
        ('Total,,184,"1,249"', ["met"]),
        ("Total,,1,1\nTotals,,2,2", []),  # of what, isn't certain
        ("", []),
    ],
)
def test_a_total_below_the_rows_that_they_exceed_is_a_finding(below: str, fields: list[str], tmp_path: Path) -> None:
    (tmp_path / "stages.csv").write_text(f"{TABLE}{below}\n", encoding="utf-8")
    found = check(COUNCIL, requests=tmp_path / "stages.csv", as_of=AS_OF, targets=STAGE_1, columns=NAMES)
    assert [(item.rule, item.field) for item in found.errors] == [("sum-exceeds-total", name) for name in fields]


def test_a_total_in_a_spreadsheet_is_looked_at_too(tmp_path: Path) -> None:
    table = [line.split(",") for line in TABLE.splitlines()]
    cells: list[list[Any]] = [
        [*table[0]],
        *([*row[:2], *map(int, row[2:])] for row in table[1:]),
        ["Total", None, 184, 249],
    ]
    for path in (write_xlsx(tmp_path / "a.xlsx", {"s": cells}), write_ods(tmp_path / "a.ods", {"s": cells})):
        (found_one,) = check(COUNCIL, requests=path, as_of=AS_OF, targets=STAGE_1, columns=NAMES).errors
        assert (found_one.rule, found_one.field) == ("sum-exceeds-total", "met")
        assert "In time adds up to more than the total below it" in str(found_one)


def test_a_count_that_exceeds_its_total_is_one_too(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(
        'period,decision,count\n2018/19,upheld,4\n2018/19,not-upheld,1200\nTotal,,"1,203"\n', encoding="utf-8"
    )
    (found,) = check(COUNCIL, cases=path, as_of="2020-12-31", targets="decisions").errors
    assert (found.rule, found.field, found.count) == ("sum-exceeds-total", "count", 1)
