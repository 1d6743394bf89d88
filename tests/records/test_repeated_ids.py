"""``repeated_ids="check"`` leaves repeated ids to a check: each row is then a record, and no id is read for it."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from command_line import Typed
from ombudsman_kpi.records.sources.source import Source

sys.path.append(str(Path(__file__).parent))
from containers import FORMS, Cells, table_of

LGSCO = kpi.load_scheme("lgsco")
DECIDED, TOUCH = "decided-or-allocated-20wd", "keep-in-touch-20wd"
AS_OF = "2024-06-30"
NOTE = "repeated ids weren't looked for"


def case(name: str | None, decided: str | None = None, allocated: str | None = None) -> dict[str, Any]:
    return {"case_id": name, "received_at": "2024-03-28", "allocated_at": allocated, "decided_at": decided}


def contact(name: str, day: str) -> dict[str, Any]:
    return {"case_id": name, "event": "contact", "at": day, "party": "complainant", "direction": "out"}


def told_apart(rows: Cells) -> Cells:
    """Give rows that have an id which an earlier one has, or none, an id of their own that no event has."""
    seen: Counter[str | None] = Counter()
    apart = []
    for place, row in enumerate(rows):
        name = row["case_id"]
        apart.append(row if name is not None and not seen[name] else {**row, "case_id": f"own {place}"})
        seen[name] += 1
    return apart


def figures(tally: kpi.Tally) -> list[dict[str, Any]]:
    """Give all that was counted, without notes on what wasn't looked for."""
    return [
        {**row, "note": "; ".join(part for part in row["note"].split("; ") if part != NOTE)}
        for row in tally.results().to_dict()["rows"]
    ]


ROWS = st.lists(
    st.builds(
        case,
        st.sampled_from(["A", "B", "C", None]),
        st.sampled_from([None, "2024-04-02", "2024-04-30", "2024-06-03", "2024-02-01"]),
        st.sampled_from([None, "2024-03-29"]),
    ),
    min_size=1,
    max_size=9,
)
CONTACTS = st.lists(
    st.builds(contact, st.sampled_from(["A", "B", "C", "Z"]), st.sampled_from(["2024-04-02", "2024-05-20"])),
    max_size=6,
)


@given(rows=ROWS, told=CONTACTS)
@pytest.mark.parametrize("memory", [None, "1 GB"])
def test_each_row_is_a_record_and_the_first_of_an_id_has_the_events(rows: Cells, told: Cells, memory: Any) -> None:
    options: dict[str, Any] = {"as_of": AS_OF, "targets": [DECIDED, TOUCH], "every": "month", "memory": memory}
    events = table_of([*told, contact("A", "2024-04-02"), contact("B", "2024-04-02"), contact("C", "2024-04-02")])
    rows = [*rows, case("A")]
    left = kpi.tally(LGSCO, cases=table_of(rows), events=events, repeated_ids="check", **options)
    assert figures(left) == figures(kpi.tally(LGSCO, cases=table_of(told_apart(rows)), events=events, **options))


@given(size=st.integers(1, 30), decided=st.sampled_from([None, "2024-04-02", "2024-04-30"]))
def test_where_every_id_is_its_own_it_changes_the_note_alone(size: int, decided: str | None) -> None:
    rows = table_of([case(f"A{number}", decided) for number in range(size)])
    found, left = (
        kpi.measure(LGSCO, cases=rows, as_of=AS_OF, targets=DECIDED, repeated_ids=choice)
        for choice in ("find", "check")
    )
    ((one,), (other,)) = found.rows, left.rows
    assert NOTE not in one.note
    assert NOTE in other.note
    assert (one.met, one.missed, one.records, one.value) == (other.met, other.missed, other.records, other.value)


@pytest.mark.parametrize("form", list(FORMS))
def test_every_container_takes_it(form: str, tmp_path: Path) -> None:
    rows = [case("A", "2024-04-02"), case("A", "2024-04-02"), case("B", "2024-04-30"), case("B"), case(None)]
    options: dict[str, Any] = {"as_of": AS_OF, "targets": DECIDED, "repeated_ids": "check"}
    found = kpi.assess(LGSCO, cases=FORMS[form](rows, tmp_path), **options)
    assert found["status"].tolist() == ["met", "met", "late", "overdue", "overdue"]
    assert found.attrs["notes"] == (NOTE,)
    listed = kpi.worklist(LGSCO, cases=FORMS[form](rows, tmp_path), **options, within=None)
    assert listed["row"].tolist() == [3, 4]
    assert NOTE in listed.attrs["notes"]


def test_a_check_looks_for_them_all_the_same() -> None:
    found = kpi.check(LGSCO, cases=[case("A"), case("A", "2024-04-02")], as_of=AS_OF)
    assert [item.rule for item in found] == ["id-shared"]


def test_records_without_ids_have_no_note_since_nothing_is_left_out() -> None:
    call = {"offered_at": "2024-03-28T09:00:00", "answered_at": "2024-03-28T09:00:30"}
    results = kpi.measure(LGSCO, calls=table_of([call]), as_of=AS_OF, targets="intake-calls-60s", repeated_ids="check")
    assert NOTE not in results.rows[0].note


def test_any_other_word_is_an_error() -> None:
    with pytest.raises(kpi.OptionError, match="repeated_ids= takes 'find' or 'check'"):
        kpi.measure(LGSCO, cases=[case("A")], as_of=AS_OF, repeated_ids="never")  # type: ignore[arg-type]


def test_the_command_line_takes_it(typed: Typed, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("case_id,received_at,allocated_at,decided_at\nA,2024-03-28,,\nA,2024-03-28,,2024-06-03\n")
    words = ("lgsco", "--cases", str(path), "--as-of", AS_OF, "--target", DECIDED)
    assert "not unique" in typed("measure", *words, "--json").out
    left = [typed(command, *words, "--repeated-ids", "check").out for command in ("measure", "assess", "worklist")]
    assert f"1  {NOTE.capitalize()}." in left[0]  # a note by number
    assert not any("not unique" in out for out in left)


# How often ids are read


def watched(rows: Cells) -> tuple[Source, list[list[str]]]:
    """Give a source of several batches, and a list that says of each reading which columns were read."""
    table, read = table_of(rows), list[list[str]]()

    def batches(wanted: list[str]) -> Iterator[dict[str, Any]]:
        read.append(wanted)
        for begin in range(0, len(rows), 2):
            part = table.slice(begin, 2)
            yield {name: part[name].combine_chunks() for name in wanted}

    return Source(tuple(table.column_names), batches, rows=len(rows)), read


@pytest.mark.parametrize("order", [range(6), (1, 0, 3, 2, 5, 4)])
@pytest.mark.parametrize(("choice", "times"), [("find", 1), ("check", 0)])
def test_ids_are_read_once_or_not_at_all(choice: Literal["find", "check"], times: int, order: Sequence[int]) -> None:
    source, read = watched([case(f"A{number}", "2024-04-02") for number in order])
    kpi.tally(LGSCO, cases=source, as_of=AS_OF, targets=DECIDED, repeated_ids=choice)
    assert sum("case_id" in wanted for wanted in read) == times


@pytest.mark.parametrize("choice", ["find", "check"])
def test_where_events_are_looked_up_ids_are_read_once(choice: Literal["find", "check"]) -> None:
    source, read = watched([case(f"A{number}", "2024-06-02", "2024-04-02") for number in range(6)])
    events = pa.Table.from_pylist([contact("A1", "2024-04-10")])
    kpi.tally(
        LGSCO, cases=source, events=events, as_of=AS_OF, targets=[DECIDED, TOUCH], repeated_ids=choice
    )  # fmt: skip
    assert sum("case_id" in wanted for wanted in read) == 1


def test_a_worklist_and_a_comparison_of_schemes_look_at_ids_once() -> None:
    """They measure the records twice, and read ids beside other columns where a row is named by them."""
    rows = [case(f"A{number}", "2024-04-02") for number in (3, 1, 2, 6, 5, 4)]
    first, second = watched(rows), watched(rows)
    kpi.worklist(LGSCO, cases=first[0], as_of=AS_OF, targets=DECIDED)
    kpi.compare_schemes(LGSCO, kpi.load_scheme("lgo-2017-18"), cases=second[0], as_of=AS_OF, targets=DECIDED)
    assert [sum(wanted == ["case_id"] for wanted in read) for _, read in (first, second)] == [1, 1]


@given(rows=ROWS)
def test_both_passes_of_a_worklist_and_a_comparison_know_the_same_of_ids(rows: Cells) -> None:
    table = table_of(rows)
    options: dict[str, Any] = {"as_of": AS_OF, "targets": DECIDED}
    listed = kpi.worklist(LGSCO, cases=table, **options, within=None)
    single = kpi.assess(LGSCO, cases=table, **options)
    due = single[single["status"].isin(["overdue", "pending"])]
    assert sorted(listed["row"]) == sorted(due["row"])
    both = kpi.compare_schemes(LGSCO, LGSCO, cases=table, **options).pairs
    (row,) = kpi.measure(LGSCO, cases=table, **options).rows
    assert [(pair.first, pair.second) for pair in both] == [(row, row)]
