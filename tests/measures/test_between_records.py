"""Where two kinds of records meet: what is missing, misspelt or outside is said, and no figure is quietly wrong."""

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ombudsman_kpi import OptionError, RecordsError, Scheme, SchemeError, assess, compare_schemes, load_scheme, measure
from ombudsman_kpi.figures.row import Row

TOUCH, ALLOCATED = "keep-in-touch-20wd", {"received_at": "2024-01-02", "allocated_at": "2024-01-08"}


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


def contact(day: str, **others: Any) -> list[dict[str, Any]]:
    sent = {"case_id": "A", "event": "contact", "at": day, "direction": "out"}
    return [sent | {"party": party} | others for party in ("complainant", "organisation")]


def touch(scheme: Scheme, events: Any, cases: Any = None, **options: Any) -> Row:
    given = pd.DataFrame([{"case_id": "A", **ALLOCATED, "decided_at": "2024-01-30"}]) if cases is None else cases
    chosen: dict[str, Any] = {"as_of": "2024-12-31", "targets": TOUCH} | options
    return measure(scheme, cases=given, events=pd.DataFrame(events), **chosen).rows[0]


@pytest.mark.parametrize("form", ["pandas", "polars", "arrow", "csv"])
def test_a_table_without_case_ids_is_one_clear_error(form: str, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        [{"request_id": "1", "kind": "stage-1", "received_at": "2019-04-01", "answered_at": "2019-04-20"}]
    )
    path = tmp_path / "requests.csv"
    frame.to_csv(path, index=False)
    given: dict[str, Any] = {"pandas": frame, "polars": pl.from_pandas(frame), "arrow": pa.table(frame), "csv": path}
    with pytest.raises(RecordsError, match=r"no column 'case_id'.*leave the target out"):
        measure(load_scheme("tower-hamlets"), requests=given[form], as_of="2020-03-31")


def test_cases_without_ids_cannot_be_kept_in_touch_with(lgsco: Scheme) -> None:
    with pytest.raises(RecordsError, match="no column 'case_id'"):
        touch(lgsco, contact("2024-01-10"), cases=pd.DataFrame([ALLOCATED]))


def test_contacts_that_do_not_say_which_way_they_went_are_counted(lgsco: Scheme) -> None:
    row = touch(
        lgsco,
        [*contact("2024-01-10"), *contact("2024-01-11", direction="outgoing"), *contact("2024-01-12", direction=None)],
    )
    assert (row.met, row.missed) == (1, 0)
    assert "4 events of contact with no known direction" in row.note


def test_explanations_without_a_reason_are_counted(lgsco: Scheme) -> None:
    told = contact("2024-01-10", event="delay_explained", reason=None)
    case = {"case_id": "A", **ALLOCATED, "valid_at": "2024-01-02", "decided_at": "2024-12-30"}
    row = touch(lgsco, told, targets="delays-explained", cases=pd.DataFrame([case]))
    assert row.missed == row.denominator == 2  # late on 13 and on 26 weeks
    assert "2 events of a delay explained without a reason" in row.note


def test_an_open_case_with_a_late_interval_is_in_no_closed_period(lgsco: Scheme) -> None:
    cases = pd.DataFrame([{"case_id": "A", **ALLOCATED, "decided_at": None}])
    row = touch(lgsco, contact("2024-02-20"), cases=cases, as_of="2024-02-28")
    assert (row.missed, row.excluded, row.status) == (0, 1, "no data")
    assert "still open and late" in row.note
    row = touch(lgsco, contact("2024-02-20"), cases=cases, as_of="2024-02-28", cohort="received")
    assert row.missed == 1


def test_pauses_mean_nothing_for_a_stock_a_caseload_or_calls(lgsco: Scheme) -> None:
    case: dict[str, Any] = {"of": "cases", "start": "received_at", "stop": "decided_at", "cohort": "dated"}
    for measure_, more in (
        ("stock", {**case, "limit": "4 weeks"}),
        ("caseload", {**case, "ages": ["4 weeks"]}),
        ("average", {"of": "calls", "start": "offered_at", "stop": "answered_at", "counted_in": "seconds"}),
    ):
        declared = {"cohort": "received", **more}
        with pytest.raises(SchemeError, match="clock: pauses means nothing for the measure"):
            lgsco.with_target("new", measure=measure_, says="…", clock={"pauses": "allowed"}, **declared)
    bands: dict[str, Any] = {"bands": [{"id": "a", "limit": "4 weeks"}, {"id": "b"}], "cohort": "closed"}
    for measure_, more in (("distribution", bands), ("caseload", {})):
        declared = {**case, **more, "clock": {"reopening": "last stop"}}
        with pytest.raises(SchemeError, match="clock: reopening means nothing for the measure"):
            lgsco.with_target("new", measure=measure_, says="…", **declared)


def test_a_miss_that_a_pause_spared_needs_no_explanation(lgsco: Scheme) -> None:
    paused = lgsco.with_target("decided-or-allocated-20wd", clock={"pauses": "allowed"})
    cases = [{"case_id": "A", "received_at": "2024-01-02", "valid_at": "2024-01-02", "decided_at": "2024-02-01"}]
    nobody: dict[str, Any] = {"case_id": "A", "party": None, "direction": None}
    events = [nobody | {"event": "paused", "at": "2024-01-10"}, nobody | {"event": "resumed", "at": "2024-01-20"}]
    for scheme, missed in ((lgsco, 1), (paused, 0)):
        row = measure(scheme, cases=cases, events=events, as_of="2024-03-31", targets="delays-explained").rows[0]
        assert row.missed == missed


def test_misspelt_pauses_are_named(lgsco: Scheme) -> None:
    paused = lgsco.with_target("decided-or-allocated-20wd", clock={"pauses": "allowed"})
    cases = [{"case_id": "A", "received_at": "2024-01-02"}]
    events = [{"case_id": "A", "event": event, "at": "2024-01-10"} for event in ("puased", "resumed")]
    row = measure(paused, cases=cases, events=events, as_of="2024-03-31", targets="decided-or-allocated-20wd").rows[0]
    assert "1 event of an unknown kind: puased (1)" in row.note


def test_a_time_outside_the_calendar_is_the_fault_of_its_case_in_a_log_too(lgsco: Scheme) -> None:
    log = [
        {"case_id": "A", "event": "received", "at": "1890-01-01"},
        {"case_id": "A", "event": "decided", "at": "2024-01-05"},
    ]
    row = measure(lgsco, events=log, as_of="2024-03-31", targets="decided-or-allocated-20wd").rows[0]
    assert row.invalid == 1
    assert "received_at is outside the calendar" in row.note


def test_a_number_of_part_of_a_year_is_no_change_yet() -> None:
    plan = load_scheme("lgo-2017-18")
    cases = [{"case_id": f"{n}", "received_at": "2017-05-01", "decided_at": "2017-06-01"} for n in range(5)]
    chosen: dict[str, Any] = {"every": "financial-year", "targets": "decision-numbers"}
    row = measure(plan, cases=cases, as_of="2018-06-30", **chosen).rows[-1]
    assert (row.period, row.status, row.words) == ("2018/19", "undetermined", ("0 so far, after 5 in 2017/18",))


def test_an_error_of_dates_names_its_own_records(lgsco: Scheme) -> None:
    with pytest.raises(RecordsError, match=r"dates=\{'calls': '%d/%m/%Y'\}"):
        measure(
            lgsco, calls=pd.DataFrame([{"offered_at": "03/04/2024", "answered_at": "04/04/2024"}]), as_of="2024-12-31"
        )


@pytest.mark.parametrize(
    ("name", "statuses"), [("lgsco", ["met", "met", "late"]), ("lgo-2017-18", ["met", "late", "late"])]
)
def test_day_90_91_and_92_are_within_13_weeks_or_less_than_13_weeks(name: str, statuses: list[str]) -> None:
    decided = ["2024-03-31", "2024-04-01", "2024-04-02"]  # 90, 91 and 92 days after 1 January
    cases = [
        {
            "case_id": day,
            "received_at": "2024-01-01",
            "valid_at": "2024-01-01",
            "allocated_at": "2024-01-01",
            "decided_at": day,
        }
        for day in decided
    ]
    rows = assess(load_scheme(name), cases=cases, as_of="2024-12-31", targets="investigation-13w")
    assert rows["elapsed"].tolist() == [90, 91, 92]
    assert rows["status"].tolist() == statuses


def test_the_name_of_a_scheme_is_no_scheme() -> None:
    name: Any = "lgsco"
    with pytest.raises(OptionError, match=r"load_scheme\('lgsco'\)"):
        measure(name, cases=[], as_of="2024-12-31")
    with pytest.raises(OptionError, match=r"load_scheme\('lgsco'\)"):
        compare_schemes(name, name, cases=[], as_of="2024-12-31")


def test_what_same_names_is_paired_with_nothing_else(lgsco: Scheme) -> None:
    plan = load_scheme("lgo-2017-18")
    cases = [{"case_id": "A", "received_at": "2024-01-02", "allocated_at": "2024-01-08", "decided_at": "2024-02-01"}]
    found = compare_schemes(
        lgsco, plan, same={"investigation-13w": "investigation-26w"}, cases=cases, as_of="2024-12-31",
        targets=["investigation-13w", "investigation-26w"],
    )  # fmt: skip
    names = [tuple(row.target if row else None for row in pair) for pair in found.pairs]
    assert names == [
        ("investigation-13w", "investigation-26w"),
        ("investigation-26w", None),
        (None, "investigation-13w"),
    ]
    wrong: Any = ["investigation-13w"]
    with pytest.raises(OptionError, match="same= takes names of both schemes"):
        compare_schemes(lgsco, plan, same=wrong, cases=cases, as_of="2024-12-31")
