"""A check as a whole: what it reads, what its findings never show, and how they are handed over."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi import OptionError, RecordsError, SchemeError, check, load_scheme

DATA = Path(__file__).parents[2] / "examples" / "data"
KINDS = ("calls", "written_contacts", "cases", "events", "requests")
LGSCO = load_scheme("lgsco")
HEADER = "case_id,received_at,valid_at,allocated_at,investigation_started_at,decided_at\n"


def test_the_example_data_have_no_finding_that_is_an_error() -> None:
    files: dict[str, Any] = {kind: DATA / f"{kind}.csv" for kind in KINDS}
    found = check(LGSCO, **files, as_of="2024-03-31", fail_on=["findings", "invalid"])
    assert (found.errors, found.exit_code, dict(found.records)["cases"]) == ((), 0, 4800)


def test_rows_are_counted_in_their_own_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "A1,2024-03-28,,,,\nA2,2024-03-28,,,,\n", "utf-8")
    (tmp_path / "b.csv").write_text(HEADER + "A2,2024-03-28,,,,\nB2,x,,,,\nB3,y,,,,\n", "utf-8")
    found = check(LGSCO, cases=str(tmp_path / "*.csv"), as_of="2024-05-31", targets="decided-or-allocated-20wd")
    places = {(item.rule, item.file, item.rows, item.ids) for item in found}
    b = str(tmp_path / "b.csv")
    assert places == {
        ("unreadable-time", b, (1, 2), ("B2", "B3")),
        ("record-twice", b, (0,), ("A2",)),
        ("files-overlap", b, (0,), ("A2",)),
    }
    assert "::error file=" in found.to_annotations()
    assert ",line=3,title=unreadable-time::" in found.to_annotations()


def frame() -> pd.DataFrame:
    names = ["case_id", "received_at", "allocated_at", "decided_at"]
    return pd.DataFrame([["A1", "2024-03-28", None, "5/4/2024"], ["A1", "2024-02-30", None, None]], columns=names)


@pytest.mark.parametrize(
    "made",
    [lambda f: f, pl.from_pandas, pa.Table.from_pandas, lambda f: f.to_dict("records"),
     lambda f: pl.from_pandas(f).lazy(), lambda f: pa.Table.from_pandas(f).to_reader()],
)  # fmt: skip
def test_any_container_gives_the_same_findings(made: Callable[[pd.DataFrame], Any]) -> None:
    found = check(LGSCO, cases=made(frame()), as_of="2024-05-31", targets="decided-or-allocated-20wd")
    assert [(item.rule, item.id) for item in found] == [
        ("unreadable-time", "A1"), ("unreal-date", "A1"), ("id-shared", "A1"),
    ]  # fmt: skip


def test_a_wide_mix_is_found_all_at_once() -> None:
    cases = [
        {"case_id": "A1", "received_at": "2024-03-28T09:00:00+00:00", "decided_at": "2024-04-05T09:00:00"},
        {"case_id": "A2", "received_at": "2024-03-28T09:00:00", "decided_at": 7},
        {"case_id": None, "received_at": "2024-03-28T09:00:00", "decided_at": None},
    ]
    found = check(LGSCO, cases=cases, as_of="2024-05-31", targets="decided-or-allocated-20wd")
    assert {(item.rule, item.field) for item in found.errors} == {
        ("unreadable-time", "received_at"), ("unreadable-time", "decided_at"), ("contradiction", "case_id"),
    }  # fmt: skip


def test_rows_are_compared_whatever_their_cells_are() -> None:
    odd: list[list[Any]] = [[[1, 2], [1, 2]], [b"\xff", b"\xff"], [{"a": 1}, {"a": 1}], [1.5, 1.5], [None, None]]
    for cells in odd:
        log = pa.table({"case_id": ["A1"] * 2, "event": ["filed"] * 2, "at": ["2024-03-28"] * 2, "odd": cells})
        for events in (log, log.to_pandas(), log.to_pylist()):
            found = check(LGSCO, events=events, as_of="2024-05-31", targets="intake-calls-60s")
            assert [item.rows for item in found if item.rule == "row-twice"] == [(1,)]


def test_cases_made_of_events_are_told_by_their_ids() -> None:
    events = [
        {"case_id": "A1", "event": name, "at": day}
        for name, day in [("received", "2024-03-28"), ("decided", "2024-03-02")]
    ]
    (finding,) = check(LGSCO, events=events, as_of="2024-05-31", targets="decided-or-allocated-20wd").errors
    assert (finding.rule, finding.records, finding.rows, finding.ids) == ("contradiction", "cases", (), ("A1",))
    assert str(finding).startswith("cases A1: decided_at is before received_at.")


def test_tables_in_turn_are_named_where_there_are_several() -> None:
    for tables, file in (([frame()[:1]], None), ([frame()[:1], frame()[1:].assign(case_id="A2")], "cases batch 1")):
        found = check(LGSCO, cases=tables, as_of="2024-05-31", targets="decided-or-allocated-20wd")
        assert found[-1].file == file


def test_a_file_that_breaks_off_is_a_finding(tmp_path: Path) -> None:
    rows = "".join(f"A{number},2024-03-28,,,,\n" for number in range(10))
    (tmp_path / "a.csv").write_text(HEADER + rows + "A11,2024-03-28\n", "utf-8")
    found = check(LGSCO, cases=tmp_path / "a.csv", as_of="2024-05-31")
    assert [item.rule for item in found.errors] == ["unreadable-column"]
    assert "Expected 6 columns" in found[0].says


def test_wrong_use_raises() -> None:
    with pytest.raises(OptionError, match="nothing to check"):
        check(LGSCO, as_of="2024-05-31")
    with pytest.raises(OptionError, match="Did you mean 'missed'"):
        check(LGSCO, cases=[], as_of="2024-05-31", fail_on="misst")  # type: ignore[arg-type]
    with pytest.raises(SchemeError, match="decided-or-allocated-20wd"):
        check(LGSCO, cases=[], as_of="2024-05-31", met="decided-or-allocated")
    with pytest.raises(RecordsError, match="isn't there"):
        check(LGSCO, cases="nowhere.csv", as_of="2024-05-31")


def test_findings_show_themselves_and_become_a_frame_and_json() -> None:
    found = check(LGSCO, cases=frame(), as_of="2024-05-31", targets="decided-or-allocated-20wd")
    assert "3 errors, 0 warnings, 0 notes" in repr(found)
    assert "<table" in found._repr_html_()
    assert found.to_pandas()[["rule", "row", "count"]].to_numpy().tolist() == [
        ["unreadable-time", 0, 1], ["unreal-date", 1, 1], ["id-shared", 0, 2],
    ]  # fmt: skip
    plain = json.loads(found.to_json())
    assert (plain["exit_code"], plain["records"], len(plain["findings"])) == (1, {"cases": 2}, 3)
    assert found[0].values == ()
    shown = check(LGSCO, cases=frame(), as_of="2024-05-31", targets="decided-or-allocated-20wd", show_values=True)
    assert shown[0].values == ("5/4/2024",)


def test_no_findings_are_false_and_exit_with_0() -> None:
    cases = pd.DataFrame([{"case_id": "A1", "received_at": "2024-03-28", "allocated_at": None, "decided_at": None}])
    found = check(LGSCO, cases=cases, as_of="2024-05-31", targets="decided-or-allocated-20wd")
    assert not found
    assert found.exit_code == 0
    assert list(found.to_pandas().columns)[:2] == ["severity", "rule"]


MARKER = "Zebedee"
CELLS = st.sampled_from(
    [MARKER, f"2024-04-0{MARKER}", f"{MARKER} 2024", "2024-04-02", "2024-02-30", "30/04/2024", "1999-01-01", "", None,
     7, f"com{MARKER}plainant", "contact", "decided", "out", "service-complaint"]
)  # fmt: skip


def rows(*names: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return rows of any cells, with ids of their own."""
    row = st.fixed_dictionaries(dict.fromkeys(names, CELLS))
    return st.lists(row, min_size=1, max_size=4)


@given(
    cases=rows(
        "received_at", "valid_at", "allocated_at", "decided_at", "decided_in", "joint_working", "team", "decided_on"
    ),
    events=rows("event", "at", "party", "direction", "reason", "recorded_at"),
    requests=rows("kind", "received_at", "answered_at", "case_id"),
)
def test_no_report_ever_holds_what_a_cell_holds(
    cases: list[dict[str, Any]], events: list[dict[str, Any]], requests: list[dict[str, Any]]
) -> None:
    for number, row in enumerate(cases):
        row["case_id"] = f"A{number // 2}"
    for number, row in enumerate(events):
        row["case_id"] = f"a{number}"
    for number, row in enumerate(requests):
        row["request_id"] = f"R{number}"
    found = check(
        LGSCO, cases=cases, events=events, requests=requests, as_of="2024-05-31", every="month",
        fail_on=["findings", "missed", "invalid"],
    )  # fmt: skip
    reports = [
        found.to_text(),
        found.to_json(),
        found.to_junit(),
        found.to_sarif(),
        found.to_annotations(),
        repr(found),
    ]
    assert not any(MARKER.lower() in report.lower() for report in [*reports, found._repr_html_()])
    assert MARKER not in found.to_pandas().to_csv()


def test_records_are_alike_by_the_rule_that_counts_them() -> None:
    case = {"case_id": "101", "received_at": "2024-03-28", "allocated_at": None, "decided_at": None, "team": "N/A"}
    cases = [case, {**case, "case_id": 101.0, "team": None}, {**case, "case_id": "7"}]
    found = check(LGSCO, cases=cases, as_of="2024-04-10", targets="decided-or-allocated-20wd")
    rules = [item.rule for item in found]
    assert "record-twice" in rules
    assert "id-shared" not in rules


@pytest.mark.parametrize("gate", ["missed", "invalid"])
def test_where_a_gate_needs_figures_that_there_are_not_it_is_said_why(gate: Any) -> None:
    cases = [{"period": period, "count": "12", "decision": "upheld"} for period in ("Apr 2023", "2023/24 Q1")]
    (found,) = check(LGSCO, cases=cases, as_of="2024-05-31", fail_on=gate)
    assert (found.rule, found.severity, found.count) == ("unmeasurable", "error", 1)
    assert found.says.startswith("cases: 2023/24 Q1 and Apr 2023 overlap")
