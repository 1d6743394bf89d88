"""A record that was read twice, all cells alike, counts once; rows that share an id and differ don't count at all."""

import sys
from datetime import date
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources import source

sys.path.append(str(Path(__file__).parent))
from containers import FORMS, Cells, table_of

LGSCO = kpi.load_scheme("lgsco")
DECIDED = "decided-or-allocated-20wd"
AS_OF = "2024-06-30"
AGAIN, SHARED = ("excluded", "the same record again"), ("invalid", "case_id is not unique")


def case(name: str | None, decided: str | None = None, team: str | None = "North", **more: Any) -> dict[str, Any]:
    """Make a case, received on the Thursday before Easter: it is due by Monday 29 April."""
    return {
        "case_id": name, "received_at": "2024-03-28", "allocated_at": None, "decided_at": decided, "team": team, **more
    }  # fmt: skip


def outcomes(cases: Any, **options: Any) -> list[tuple[str, str]]:
    """Give the status and reason of each row, in the order of the rows."""
    found = kpi.assess(LGSCO, cases=cases, **{"as_of": AS_OF, "targets": DECIDED, **options})
    assert found["row"].tolist() == list(range(len(found)))
    return list(zip(found["status"].astype(str), found["reason"].astype(str), strict=True))


TWICE = [
    case("A", "2024-04-02"), case("B", "2024-04-30"), case("A", "2024-04-02"), case("C", team=None),
    case("B", "2024-04-30"), case("A", "2024-04-02"), case("C", team=None), case("D", "2024-04-02", "South"),
]  # fmt: skip
ONCE = [TWICE[0], TWICE[1], TWICE[3], TWICE[7]]


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("batch", [1, 2, 1 << 16])
def test_a_record_that_was_read_twice_counts_once_in_every_container(
    form: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = kpi.tally(LGSCO, cases=table_of(TWICE), as_of=AS_OF, by="team", targets=DECIDED)
    monkeypatch.setattr(source, "BATCH", batch)
    met, late, overdue = ("met", ""), ("late", ""), ("overdue", "")
    assert outcomes(FORMS[form](TWICE, tmp_path)) == [met, late, AGAIN, overdue, AGAIN, AGAIN, AGAIN, met]
    for memory in (None, "1 GB") if batch > 2 else (None,):
        given_ = FORMS[form](TWICE, tmp_path)
        assert kpi.tally(LGSCO, cases=given_, as_of=AS_OF, by="team", targets=DECIDED, memory=memory) == expected


def test_what_was_read_twice_changes_no_figure() -> None:
    twice, once = (kpi.measure(LGSCO, cases=rows, as_of=AS_OF, targets=DECIDED).rows[0] for rows in (TWICE, ONCE))
    assert (once.met, once.missed, once.overdue, once.value) == (2, 2, 1, 0.5)
    assert (twice.met, twice.missed, twice.overdue, twice.value) == (2, 2, 1, 0.5)
    assert (once.records, once.excluded, twice.records, twice.excluded) == (4, 0, 8, 4)
    assert "the same record again" not in once.note
    assert "4 the same record again" in twice.note


def test_every_kind_with_ids_counts_what_was_read_twice_once() -> None:
    times = {"received_at": "2024-03-28", "answered_at": None, "handled_at": None}
    given_ = {
        "calls": [{"call_id": 7, "offered_at": "2024-03-28T09:00:00", "answered_at": "2024-03-28T09:00:30"}] * 2,
        "written_contacts": [{"contact_id": UUID(int=7), **times}] * 2,
        "requests": [{"request_id": 7.0, "kind": "service-complaint", **times}] * 2,
    }
    found = kpi.assess(LGSCO, **cast("Any", given_), as_of=AS_OF)
    again = found[found["row"] == 1]
    assert set(again["record"]) == set(given_)
    assert set(again["reason"]) == {AGAIN[1]}
    assert not set(found[found["row"] == 0]["status"]) & {"excluded", "invalid"} - {"excluded"}
    assert set(found[(found["row"] == 0) & (found["status"] != "excluded")]["record"]) == set(given_)


def test_records_without_an_id_are_never_the_same() -> None:
    """Two calls of one moment are two calls, and a case without an id is invalid however often it comes."""
    call = {"call_id": None, "offered_at": "2024-03-28T09:00:00", "answered_at": "2024-03-28T09:00:30"}
    found = kpi.assess(LGSCO, calls=[call, call], as_of=AS_OF, targets="intake-calls-60s")
    assert found["status"].tolist() == ["met", "met"]
    assert outcomes([case(None), case(None)]) == [("invalid", "case_id is missing")] * 2


# What is alike


NAN = float("nan")
OTHERWISE: dict[str, tuple[Any, Any]] = {
    "a whole number": (101.0, "101"),
    "a whole number in text": ("101.0", 101),
    "a whole number of numpy": (np.int64(101), np.float64(101.0)),
    "nothing": (None, NAN),
    "nothing in words": (NAN, "N/A"),
    "other words for nothing": ("null", "-"),
    "nothing of pandas": (pd.NA, pd.NaT),
    "space around it": (" A", "A"),
    "a truth value": (True, "true"),
    "a day": (date(2024, 3, 28), "2024-03-28"),
    "a midnight of pandas": (pd.Timestamp("2024-03-28"), date(2024, 3, 28)),
    "an id of letters": (UUID(int=7), str(UUID(int=7))),
}
MIXED = [form for form in FORMS if form in {"rows", "a generator of rows", "pandas objects"}]


@pytest.mark.parametrize("form", MIXED)
@pytest.mark.parametrize("what", list(OTHERWISE))
@pytest.mark.parametrize("batch", [1, 1 << 16])
def test_cells_that_say_the_same_are_alike_however_they_are_written(
    form: str, what: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    rows = [case("A", "2024-04-02", remark=cell) for cell in OTHERWISE[what]]
    assert outcomes(FORMS[form](rows, tmp_path)) == [("met", ""), AGAIN]


@pytest.mark.parametrize("form", list(FORMS))
def test_text_that_says_the_same_is_alike_in_every_container(form: str, tmp_path: Path) -> None:
    rows = [
        case("101", " 2024-04-02", "North", remark="N/A"), case(" 101.0", "2024-04-02 ", " North", remark=None),
        case("7", "2024-04-02", "101", remark="nan"), case("7", "2024-04-02", "101.00", remark=" "),
        case("8", "2024-04-02", "101"), case("8", "2024-04-02", "0101"),
        case("9", "2024-04-02", "north"), case("9", "2024-04-02", "North"),
    ]  # fmt: skip
    rows = [{"remark": None, **row} for row in rows]
    assert outcomes(FORMS[form](rows, tmp_path)) == [("met", ""), AGAIN, ("met", ""), AGAIN, *[SHARED] * 4]


def test_what_cells_hold_is_not_mixed_up_between_columns() -> None:
    one, other = case("A", team="x", remark="y z"), case("A", team="x y", remark="z")
    assert outcomes([one, other]) == [SHARED] * 2
    assert outcomes([case("A", team="x", remark=None), case("A", team=None, remark="x")]) == [SHARED] * 2


def test_a_column_that_nothing_here_reads_makes_rows_differ_too() -> None:
    """Whether two rows are one record is seen on all columns, also of a query and in parts."""
    rows = [case("A", "2024-04-02", remark="first"), case("A", "2024-04-02", remark="second")]
    relation = duckdb.from_arrow(table_of(rows))
    options: dict[str, Any] = {"as_of": AS_OF, "targets": DECIDED}
    assert outcomes(rows) == outcomes(relation) == [SHARED] * 2
    for memory in (None, "1 GB"):
        assert kpi.tally(LGSCO, cases=relation, **options, memory=memory) == kpi.tally(LGSCO, cases=rows, **options)


def test_a_column_whose_name_another_one_is_read_by_makes_rows_differ_too() -> None:
    rows = [{"Ref": "A", **case("old 1")}, {"Ref": "A", **case("old 2")}]
    assert outcomes(rows, columns={"cases": {"case_id": "Ref"}}) == [SHARED] * 2


def test_columns_of_things_that_are_no_text_make_no_difference() -> None:
    rows = [case("A", "2024-04-02", papers=[name]) for name in "xy"]
    for given_ in (rows, pd.DataFrame(rows), pa.Table.from_pylist(rows)):
        assert outcomes(given_) == [("met", ""), AGAIN]


def test_words_of_ones_own_are_missing_here_too() -> None:
    rows = [case("A", "2024-04-02", "TBC"), case("A", "2024-04-02", None)]
    assert outcomes(rows) == [SHARED] * 2
    assert outcomes(rows, missing=["TBC"]) == [("met", ""), AGAIN]


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("batch", [1, 1 << 16])
def test_of_three_rows_of_an_id_of_which_two_are_alike_none_counts(
    form: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    rows = [case("A", "2024-04-02"), case("B"), case("A", "2024-04-02"), case("A", "2024-04-03")]
    assert outcomes(FORMS[form](rows, tmp_path)) == [SHARED, ("overdue", ""), AGAIN, SHARED]


# All that uses records finds the one that counts


def test_contact_is_found_for_the_case_that_is_kept() -> None:
    kept = case("A", allocated_at="2024-04-02")
    told = [
        {"case_id": "A", "event": "contact", "at": "2024-04-10", "party": party, "direction": "out"}
        for party in ("complainant", "organisation")
    ]
    whole, intervals = "keep-in-touch-20wd", "keep-in-touch-intervals-20wd"
    options: dict[str, Any] = {"events": told, "as_of": "2024-05-01", "targets": [whole, intervals]}
    once, twice = (kpi.assess(LGSCO, cases=rows, **options) for rows in ([case("Z"), kept], [case("Z"), kept, kept]))
    columns = ["target", "id", "row", "party", "start", "stop", "due", "elapsed", "status"]
    of_kept = twice[twice["row"] != 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_kept[columns], once[columns])
    again = twice[twice["row"] == 2]
    assert [*zip(again["target"], again["reason"], strict=True)] == [
        (whole, AGAIN[1])
    ]  # it has no intervals of its own
    notes = [row.note for row in kpi.measure(LGSCO, cases=[kept, kept], **options).rows]
    assert not any("wasn't given" in note for note in notes)


def test_a_worklist_names_it_once() -> None:
    rows = [case("A"), case("B"), case("A"), case("C"), case("C", team="South")]
    found = kpi.worklist(LGSCO, cases=rows, as_of="2024-04-26", targets=DECIDED)
    assert (found["id"].tolist(), found["row"].tolist()) == (["A", "B"], [0, 1])
    assert set(found["headroom"]) == {1}  # 40% of two cases: one may miss it


@pytest.mark.parametrize("form", ["rows", "DuckDB"])
def test_parts_on_the_disk_count_it_once(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ombudsman_kpi.engines.parts._ALWAYS", (512 << 20) - (100 << 10))
    rows = [
        case(f"{number % 900}", "2024-04-02", "North" if number < 1000 else "South", authority=f"{number % 9}")
        for number in range(1100)
    ]
    events = [
        {"case_id": f"{number}", "event": "contact", "at": "2024-04-10", "party": "complainant", "direction": "out"}
        for number in range(900)
    ]
    events_ = pd.DataFrame(events)
    options: dict[str, Any] = {"as_of": AS_OF, "by": "team", "targets": [DECIDED, "keep-in-touch-20wd"]}
    expected = kpi.tally(LGSCO, cases=rows, events=events_, **options)
    given_ = FORMS[form](rows, tmp_path)
    assert kpi.tally(LGSCO, cases=given_, events=events_, **options, memory="512 MB") == expected
    found = expected.results()[DECIDED].rows
    assert [(row.met, row.excluded, row.invalid) for row in found] == [(800, 100, 100), (0, 0, 100)]


def test_a_query_that_can_be_run_only_once_is_an_error_where_rows_share_an_id() -> None:
    relation = duckdb.connect().from_arrow(table_of(TWICE).append_column("remark", table_of(TWICE)["team"]).to_reader())
    with pytest.raises(kpi.RecordsError, match=r"^cases: rows share an id.*can't be read again.*Give a table"):
        kpi.tally(LGSCO, cases=relation, as_of=AS_OF, targets=DECIDED)


ROWS = st.lists(
    st.builds(
        case,
        st.sampled_from(["A", "B", "C", "D"]),
        st.sampled_from([None, "2024-04-02", "2024-04-30", "2024-06-03"]),
        st.sampled_from(["North", None]),
    ),
    min_size=1,
    max_size=9,
)


@given(rows=ROWS, days=st.sampled_from([("2024-04-12", "2024-04-26"), ("2024-04-29", "2024-05-31")]))
def test_what_is_settled_and_the_rest_later_are_the_whole(rows: Cells, days: tuple[str, str]) -> None:
    first, then = days
    options: dict[str, Any] = {"targets": DECIDED, "by": "team"}
    kept = kpi.settled(LGSCO, cases=rows, as_of=first, **options)
    rest = [row for row in rows if row["case_id"] in kept.open["cases"]]
    whole = kpi.tally(LGSCO, cases=rows, as_of=then, **options)
    assert kept.tally.at(then) + kpi.tally(LGSCO, cases=table_of(rest) if rest else [], as_of=then, **options) == whole
    assert sum(row.records or 0 for row in whole.results()) == len(rows)
