"""The short way through all of it: its options, and what it says where they don't fit."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from ombudsman_kpi import KpiError, OptionError, RecordsError, SchemeError, assess, load_scheme, measure, tally
from ombudsman_kpi.clocks.outcomes import OutcomeStatus

LGSCO = load_scheme("lgsco")
TWENTY_DAYS = "decided-or-allocated-20wd"
CASES = pd.DataFrame(
    [
        ("A1", "2024-01-02", "2024-01-10", "North"),
        ("A2", "2024-01-03", "2024-03-29", "North"),
        ("A3", "2024-02-01", None, "South"),
        ("A4", "2024-06-20", None, "South"),
    ],
    columns=["case_id", "received_at", "decided_at", "team"],
).assign(allocated_at=None, valid_at=None)
REQUESTS = pd.DataFrame(
    [
        ("R1", "service-complaint", "2024-03-28", "2024-04-29"),
        ("R2", "post-decision-review", "2024-03-28", "2024-04-30"),
        ("R3", "stage-1", "2024-03-28", None),
    ],
    columns=["request_id", "kind", "received_at", "answered_at"],
)
KPIS = [target.id for target in LGSCO.targets][:11]
QUALITY_MEASURES = ["quality-measures", *(f"quality-measure-{number}" for number in range(1, 9))]
REVIEWS = [
    {"review_id": "V1", "standard": "1", "answer": "met", "reviewed_at": "2024-02-01"},
    {"review_id": "V2", "standard": "8", "answer": "not-met", "reviewed_at": "2024-05-01"},
]
TODAY = "2024-06-30"


def targets_of(**options: Any) -> list[str]:
    return list(dict.fromkeys(row.target for row in measure(LGSCO, cases=CASES, as_of=TODAY, **options)))


# Targets and reports


def test_targets_can_be_chosen_in_any_order() -> None:
    assert targets_of(targets=["investigation-13w", TWENTY_DAYS]) == ["investigation-13w", TWENTY_DAYS]
    assert targets_of(targets=TWENTY_DAYS) == [TWENTY_DAYS]
    assert targets_of(targets=[TWENTY_DAYS, TWENTY_DAYS]) == [TWENTY_DAYS]


def test_the_executive_team_gets_the_indicators_monthly() -> None:
    results = measure(LGSCO, cases=CASES, as_of=TODAY, report="executive-team")
    assert list(dict.fromkeys(row.target for row in results)) == KPIS
    assert {row.every for row in results if row.status != "not measured"} == {"month"}
    assert [row.period for row in results[TWENTY_DAYS]][:2] == ["Jan 2024", "Feb 2024"]


def test_the_commission_gets_the_indicators_quarterly_and_the_quality_measures_half_yearly() -> None:
    results = measure(LGSCO, cases=CASES, reviews=REVIEWS, as_of=TODAY, report="commission")
    assert list(dict.fromkeys(row.target for row in results)) == [*KPIS, *QUALITY_MEASURES]
    measured = [row for row in results if row.status != "not measured"]
    assert {row.every for row in measured if row.target in KPIS} == {"quarter"}
    assert {row.every for row in measured if row.target in QUALITY_MEASURES} == {"half-year"}
    assert {row.target for row in measured} >= {TWENTY_DAYS, *QUALITY_MEASURES}
    assert [row.period for row in results[TWENTY_DAYS]] == ["2023/24 Q4", "2024/25 Q1"]
    assert [(row.period, row.value) for row in results["quality-measures"]] == [("2023/24 H2", 1), ("2024/25 H1", 0)]
    without = measure(LGSCO, cases=CASES, as_of=TODAY, report="commission")
    assert {row.status for name in QUALITY_MEASURES for row in without[name]} == {"not measured"}


def test_a_report_can_be_narrowed_and_put_on_another_cycle() -> None:
    results = measure(LGSCO, cases=CASES, as_of=TODAY, report="commission", targets=[TWENTY_DAYS], every="year")
    assert [(row.target, row.period) for row in results] == [(TWENTY_DAYS, "2024")]


def test_a_measured_target_that_is_in_no_report_can_still_be_measured() -> None:
    assert targets_of(targets="dip-sample-52w") == ["dip-sample-52w"]


# Assessing


def test_assess_gives_a_row_for_each_record_and_target() -> None:
    rows = assess(LGSCO, cases=CASES, requests=REQUESTS, as_of=TODAY)
    assert list(rows.columns) == [
        "target", "record", "id", "row", "party", "start", "stop", "due", "elapsed", "unit", "status", "reason",
    ]  # fmt: skip
    measured = {TWENTY_DAYS: 4, "investigation-13w": 4, "investigation-26w": 4, "investigation-52w": 4,
                "service-complaints-20wd": 3, "post-decision-reviews-20wd": 3}  # fmt: skip
    assert rows["target"].value_counts()[lambda counts: counts > 0].to_dict() == measured
    assert set(rows["status"]) <= set(get_args(OutcomeStatus))
    twenty = rows[rows["target"] == TWENTY_DAYS]
    assert twenty["id"].tolist() == ["A1", "A2", "A3", "A4"]
    assert twenty["row"].tolist() == [0, 1, 2, 3]
    assert twenty["status"].tolist() == ["met", "late", "overdue", "pending"]
    assert [str(day)[:10] for day in twenty["due"]] == ["2024-01-30", "2024-01-31", "2024-02-29", "2024-07-18"]
    assert twenty["elapsed"].tolist()[:2] == [6, 62]  # decided on Good Friday, which counts as the next working day
    assert set(twenty["unit"]) == {"working days"}


def test_assess_and_measure_agree() -> None:
    rows = assess(LGSCO, cases=CASES, requests=REQUESTS, as_of=TODAY)
    for row in measure(LGSCO, cases=CASES, requests=REQUESTS, as_of=TODAY, cohort="received"):
        if row.status == "not measured":
            continue
        counts = rows.loc[rows["target"] == row.target, "status"].value_counts()
        assert row.met == counts["met"]
        assert row.missed == counts["late"] + counts["overdue"]
        assert (row.overdue, row.pending) == (counts["overdue"], counts["pending"])
        assert (row.excluded, row.invalid) == (counts["excluded"], counts["invalid"])


def test_assess_of_nothing_has_the_same_columns_and_kinds() -> None:
    empty = assess(LGSCO, as_of=TODAY)
    emptied = assess(LGSCO, cases=CASES.iloc[:0], as_of=TODAY)
    filled = assess(LGSCO, cases=CASES, as_of=TODAY)
    assert len(empty) == len(emptied) == 0
    assert list(empty.columns) == list(emptied.columns) == list(filled.columns)
    for name in ("start", "stop", "due"):
        assert empty[name].dtype == emptied[name].dtype == filled[name].dtype == np.dtype("datetime64[us]")


def test_assess_gives_due_times_on_the_wall_for_seconds() -> None:
    call = {"offered_at": "2024-07-01T08:00:00Z", "answered_at": "2024-07-01T08:00:59.5Z"}
    (row,) = assess(LGSCO, calls=[call], as_of=TODAY.replace("06-30", "07-31"), targets="intake-calls-60s").to_dict(
        "records"
    )
    assert (str(row["start"]), str(row["due"])) == ("2024-07-01 09:00:00", "2024-07-01 09:01:00")
    assert (row["elapsed"], row["unit"], row["status"]) == (59.5, "seconds", "met")


# Progress, and reading no more than is needed


def test_progress_counts_the_rows_of_each_kind() -> None:
    seen: list[tuple[str, int]] = []
    measure(LGSCO, cases=CASES, requests=REQUESTS, as_of=TODAY, progress=lambda kind, rows: seen.append((kind, rows)))
    assert seen == [("cases", 4), ("requests", 3)]


def test_columns_of_no_interest_are_never_read() -> None:
    unreadable = CASES.assign(
        closed_in_error_at="no date", remarks=pd.Series([{"a": 1}, 2, "x", object()], dtype=object)
    )
    assert measure(LGSCO, cases=unreadable, as_of=TODAY, targets=TWENTY_DAYS).rows[0].records == 4


def test_records_of_a_kind_that_no_target_asks_for_change_nothing() -> None:
    events = [{"case_id": "A1", "event": "contact", "at": "2024-02-01"}]
    with_events = measure(LGSCO, cases=CASES, events=events, as_of=TODAY, targets=TWENTY_DAYS)
    assert with_events.rows == measure(LGSCO, cases=CASES, as_of=TODAY, targets=TWENTY_DAYS).rows


def test_nothing_given_measures_nothing_and_says_so() -> None:
    results = measure(LGSCO, as_of=TODAY)
    assert {row.status for row in results} == {"not measured"}
    assert results["intake-calls-60s"].rows[0].note == "no calls were given"


# Options that don't fit


OPTIONS: dict[str, tuple[dict[str, Any], type[KpiError], str]] = {
    "period": ({"every": "monthly"}, OptionError, r"no period 'monthly'\. Did you mean 'month'\?.*quarter"),
    "one of several periods": ({"every": ["month", "fortnight"]}, OptionError, r"no period 'fortnight'.*week"),
    "period that is a number": ({"every": 3}, OptionError, r"no period 3"),
    "cohort": ({"cohort": "recieved"}, OptionError, r"no cohort 'recieved'\. Did you mean 'received'\?.*all"),
    "cohort that none of the targets has": (
        {"cohort": "dated", "targets": TWENTY_DAYS}, OptionError, r"can be measured by the 'dated' cohort",
    ),
    "column to group by": ({"by": "taem"}, RecordsError, r"no|None.*'taem'.*Did you mean 'team'\?|'taem'.*team"),
    "target": ({"targets": "decided-20wd"}, SchemeError, rf"no target 'decided-20wd'\. Did you mean '{TWENTY_DAYS}'\?"),
    "one of several targets": ({"targets": [TWENTY_DAYS, "x"]}, SchemeError, r"no target 'x'.*intake-calls-60s"),
    "audience": ({"report": "comission"}, SchemeError, r"no report to 'comission'\. Did you mean 'commission'\?"),
    "kind of records to rename": ({"columns": {"case": {}}}, OptionError, r"columns=.*'case'\. Did you mean 'cases'\?"),
    "kind of records with dates": ({"dates": {"case": "%d"}}, OptionError, r"dates=.*'case'\. Did you mean 'cases'\?"),
    "field with dates": (
        {"dates": {"cases": {"recieved_at": "%d"}}}, OptionError, r"'recieved_at'.*Did you mean 'received_at'\?",
    ),
    "renamed column": (
        {"columns": {"cases": {"received_at": "Recieved"}}}, RecordsError,
        r"no column 'Recieved', which columns= names for 'received_at'.*case_id",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OPTIONS))
def test_an_option_that_does_not_fit_is_said_with_those_that_do(name: str) -> None:
    options, kind, words = OPTIONS[name]
    with pytest.raises(KpiError, match=words) as refused:
        measure(LGSCO, cases=CASES, as_of=TODAY, **options)
    assert type(refused.value) is kind


@pytest.mark.parametrize(
    ("options", "words"),
    [({"targets": []}, "target"), ({"targets": "quality-measures", "report": "executive-team"}, "report|Executive")],
    ids=["no target", "a target outside the report"],
)  # fmt: skip
def test_nothing_to_measure_is_said_with_its_true_cause(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words) as refused:
        measure(LGSCO, cases=CASES, as_of=TODAY, **options)
    assert "None cohort" not in str(refused.value)


@pytest.mark.parametrize("entry", [measure, tally, assess], ids=["measure", "tally", "assess"])
def test_all_ways_in_refuse_the_same(entry: Any) -> None:
    with pytest.raises(SchemeError, match="no target"):
        entry(LGSCO, cases=CASES, as_of=TODAY, targets="x")
    with pytest.raises(OptionError, match="as_of is missing"):
        entry(LGSCO, cases=CASES, as_of=None)
    with pytest.raises(RecordsError, match="no column 'received_at'"):
        entry(LGSCO, cases=CASES.drop(columns="received_at"), as_of=TODAY)


MAPS: dict[str, tuple[str, str]] = {
    "unknown key": ('[column.cases]\nx = "y"\n', r"'column' is no key here\. Did you mean 'columns'\?"),
    "unknown kind": ('[columns.case]\nx = "y"\n', r"'case'\. Did you mean 'cases'\?"),
    "no TOML": ("[columns\n", r"isn't a TOML file.*line 1"),
    "columns that are text": ('columns = "x"\n', r"columns"),
    "columns of a kind that are text": ('[columns]\ncases = "x"\n', r"cases"),
    "columns of a kind that are a number": ("[columns]\ncases = 5\n", r"cases"),
    "a column that is a number": ("[columns.cases]\nreceived_at = 5\n", r"received_at"),
    "dates that are text": ('dates = "%d/%m/%Y"\n', r"dates"),
    "dates of a kind that are a number": ("[dates]\ncases = 5\n", r"cases"),
    "a form that is a number": ("[dates.cases]\nreceived_at = 5\n", r"received_at"),
}


@pytest.mark.parametrize("name", list(MAPS))
def test_a_file_of_columns_that_is_wrong_is_said_so(name: str, tmp_path: Path) -> None:
    text, words = MAPS[name]
    (tmp_path / "map.toml").write_text(text, "utf-8")
    with pytest.raises(Exception, match=words) as refused:
        measure(LGSCO, cases=CASES, as_of=TODAY, columns=tmp_path / "map.toml")
    assert isinstance(refused.value, KpiError)


def test_a_file_of_columns_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"map\.toml, which isn't there"):
        measure(LGSCO, cases=CASES, as_of=TODAY, columns=tmp_path / "map.toml")


# The date to measure at


@pytest.mark.parametrize(
    "as_of",
    [
        "2024-06-30",
        " 2024-06-30 ",
        pd.Timestamp("2024-06-30").date(),
        pd.Timestamp("2024-06-30"),
        np.datetime64("2024-06-30"),
        np.datetime64("2024-06-30", "ns"),
    ],
    ids=repr,
)
def test_a_date_to_measure_at_may_be_written_in_several_ways(as_of: object) -> None:
    expected = measure(LGSCO, cases=CASES, as_of=TODAY).to_dict()
    assert measure(LGSCO, cases=CASES, as_of=as_of).to_dict() == expected


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (None, "as_of is missing.*as_of='2024-03-31'"),
        ("", "as_of is missing"),
        (pd.NaT, "as_of is missing"),
        (pd.NA, "as_of is missing"),
        (float("nan"), "as_of is missing"),
        ("30/06/2024", "as_of isn't a date.*ISO 8601"),
        ("2024-06-31", "as_of isn't a date.*no such day"),
        ("yesterday", "as_of isn't a date"),
        (20240630, "as_of isn't a date"),
        (True, "as_of isn't a date"),
        (["2024-06-30"], "as_of isn't a date"),
    ],
    ids=repr,
)
def test_a_date_to_measure_at_that_is_none_is_refused(as_of: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        measure(LGSCO, cases=CASES, as_of=as_of)


@pytest.mark.parametrize("as_of", ["1989-12-31", "2051-01-01", "9999-12-31", "0001-01-01"])
def test_a_date_to_measure_at_outside_the_calendar_is_refused_with_its_ends(as_of: str) -> None:
    with pytest.raises(KpiError, match=rf"as_of {as_of} is outside.*1990-01-01 to 2050-12-31") as refused:
        measure(LGSCO, cases=CASES, as_of=as_of)
    assert type(refused.value).__name__ == "CoverageError"


@pytest.mark.parametrize(
    "records",
    [{"cases": CASES}, {"requests": REQUESTS}, {"cases": CASES, "requests": REQUESTS}],
    ids=["cases", "requests", "both"],
)
def test_a_date_before_all_records_is_surely_a_mistake(records: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="as_of 2020-01-01 is before every record"):
        measure(LGSCO, as_of="2020-01-01", **records)


def test_a_date_before_some_records_is_none() -> None:
    (row,) = measure(LGSCO, cases=CASES, as_of="2024-01-02", targets=TWENTY_DAYS).rows
    assert (row.pending, row.excluded) == (1, 3)
    assert "3 not yet received" in row.note


def test_no_records_at_all_are_before_no_date() -> None:
    assert measure(LGSCO, cases=CASES.iloc[:0], as_of="2020-01-01", targets=TWENTY_DAYS).rows[0].records == 0


EARLY = "2023-01-31"
BEGUN = {
    "calls": {"offered_at": "2024-03-28T09:00:00"},
    "written_contacts": {"contact_id": "W1", "received_at": "2024-03-28"},
    "cases": {
        "case_id": "A1",
        "received_at": "2024-03-28",
        "valid_at": "2024-03-28",
        "allocated_at": None,
        "decided_at": None,
    },
    "requests": {"request_id": "R1", "kind": "service-complaint", "received_at": "2024-03-28"},
    "reviews": {"review_id": "V1", "standard": "1", "answer": "met", "reviewed_at": "2024-03-28"},
}


@pytest.mark.parametrize("kind", BEGUN)
def test_a_date_before_every_record_is_a_mistake_of_whatever_kind_they_are(kind: str) -> None:
    records: dict[str, Any] = {kind: [BEGUN[kind]]}
    with pytest.raises(OptionError, match="is before every record"):
        measure(load_scheme("lgsco"), **records, as_of=EARLY)
