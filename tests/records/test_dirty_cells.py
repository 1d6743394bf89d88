"""The same cells, however untidy, give the same tally, outcomes and reasons in every container."""

import re
import sys
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.cells.text import text_column, text_of
from ombudsman_kpi.records.cells.words import Words
from ombudsman_kpi.records.tables import open_table

sys.path.append(str(Path(__file__).parent))
from containers import FORMS, TYPED, Cells

CLOCK: dict[str, Any] = {"of": "cases", "start": "received_at", "stop": "decided_at", "limit": "20 working days"}
SCHEME = kpi.load_scheme("lgsco").with_target(
    "alone-20wd", **CLOCK, says="Decided alone", cohort="received",
    where={"joint_working": False, "decided_in": "assessment", "decision": {"not": "withdrawn"}},
)  # fmt: skip
TARGETS = {
    "cases": ["decided-or-allocated-20wd", "investigation-13w", "alone-20wd"],
    "events": ["keep-in-touch-20wd", "keep-in-touch-intervals-20wd", "delays-explained"],
    "requests": ["service-complaints-20wd", "post-decision-reviews-20wd"],
    "calls": ["intake-calls-60s"],
    "reviews": ["quality-measures", "quality-measure-1", "qa-checklist"],
}
AS_OF = "2024-11-30"
SHOWN = ["target", "id", "row", "party", "start", "stop", "due", "elapsed", "status", "reason"]
Given = dict[str, Any]


def found(records: Given, targets: list[str]) -> tuple[Any, Any]:
    """Give the tally and the outcomes of records, or the error and what it says without the names of the places."""
    try:
        rows = kpi.assess(SCHEME, **records, as_of=AS_OF, targets=targets)
    except kpi.KpiError as error:
        return type(error), re.sub(r"\b(cases|events) \([^)]*\)", r"\1", str(error).split(": ", 1)[-1])
    return None, sorted(map(str, rows[SHOWN].astype(str).to_dict("split")["data"]))


def tallied(records: Given, targets: list[str]) -> Any:
    try:
        return kpi.tally(SCHEME, **records, as_of=AS_OF, targets=targets, by="team", every="month")
    except kpi.KpiError as error:
        return type(error)


# Cells of text

MISSING = st.sampled_from([None, "", " ", "N/A", "na", "NULL", "None", "NaN", "nat", "-", "–", "#N/A", "<NA>", " nil "])
SPACE = st.sampled_from(["", "", "", " ", "  ", "\u00a0", "\t"])
DAYS = [
    "2024-03-28", "2024-03-29", "2024-03-31", "2024-04-02", "2024-04-29", "2024-04-30", "2024-10-27", "2024-02-29",
    "2024-11-30", "2024-12-01",
]  # fmt: skip
ODD_DAYS = ["9999-12-31", "0000-00-00", "2024-02-30", "2023-02-29", "1989-12-29", "2050-12-31", "0001-01-01"]
CLOCKS = [
    "00:00", "09:30", "01:30:00", "09:30:15", "09:30:15.5", "09:30:15.1234567", "23:59:59.9999999", "00:00:00.0000000",
    "09:30:00.000",
]  # fmt: skip
ODD_CLOCKS = ["24:00", "09:60", "09:30:61"]
ZONES = ["Z", "+00", "+0000", "+01:00", " +00", " UTC"]
Style = tuple[str, str]


def joined(*parts: Any) -> st.SearchStrategy[str]:
    return st.tuples(*(part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts)).map("".join)


def often(*strategies: Any) -> st.SearchStrategy[Any]:
    """Give the first strategy five times as often as the others."""
    return st.integers(0, len(strategies) + 3).flatmap(lambda place: strategies[max(0, place - 4)])


STYLES = often(
    st.just(("dates", "")), st.just(("T", "")), st.just((" ", "")), *[st.just(("T", zone)) for zone in ZONES]
)


def time_cells(style: Style) -> st.SearchStrategy[Any]:
    """Give times of one style, some of them no times at all."""
    mark, zone = style
    if mark == "dates":
        real, unreal = st.sampled_from(DAYS), st.sampled_from(ODD_DAYS)
    else:
        real = joined(st.sampled_from(DAYS), mark, st.sampled_from(CLOCKS), zone)
        unreal = often(
            joined(st.sampled_from(ODD_DAYS), mark, st.sampled_from(CLOCKS), zone),
            joined(st.sampled_from(DAYS), mark, st.sampled_from(ODD_CLOCKS), zone),
        )
    return often(joined(SPACE, real, SPACE), MISSING, unreal, st.sampled_from(DAYS))


WORDS = often(
    joined(SPACE, st.sampled_from(["North", "Zoë’s team", "north", "a  b", 'say "no"', "a, b", "Ŝ"]), SPACE),
    MISSING,
    joined(
        SPACE,
        st.sampled_from(["101.0", "101", "007", "1e5", "True", "-3.00", "0.0", "-0.0", "0", "1.50", "100.0.0", ".0"]),
        SPACE,
    ),
)
IDS = often(
    joined(SPACE, st.sampled_from(["101", "101.0", "00101", "A-1", "102", "103", "B 2"]), SPACE),
    st.integers(1, 99).map(str),
    MISSING,
)
TRUTHS = often(
    joined(SPACE, st.sampled_from(["yes", "No", "TRUE", "0", "1.0", "t", "false", "N", "0.0"]), SPACE),
    MISSING,
    st.just("maybe"),
)


def choice(*right: str) -> st.SearchStrategy[Any]:
    return often(
        joined(SPACE, st.sampled_from(right), SPACE), MISSING, st.sampled_from([right[0].upper(), "something else"])
    )


COLUMNS: dict[str, dict[str, Any]] = {
    "cases": {
        "case_id": IDS, "received_at": time_cells, "valid_at": time_cells, "allocated_at": time_cells,
        "decided_at": time_cells, "decided_in": choice("assessment", "investigation"), "decision": WORDS,
        "joint_working": TRUTHS, "team": WORDS,
    },
    "events": {
        "case_id": IDS, "event": often(st.just("contact"), choice("delay_explained", "phoned", "reopened")),
        "at": time_cells, "party": choice("complainant", "organisation"), "direction": choice("out", "in"),
        "reason": WORDS, "recorded_at": time_cells,
    },
    "requests": {
        "request_id": IDS, "kind": often(choice("service-complaint", "post-decision-review"), WORDS),
        "received_at": time_cells, "answered_at": time_cells, "team": WORDS,
    },
    "calls": {
        "call_id": IDS, "offered_at": time_cells, "answered_at": time_cells, "abandoned_at": time_cells, "team": WORDS,
    },
    "reviews": {
        "review_id": IDS, "standard": often(st.sampled_from(["1", "1.0", " 2", "3.00", "line-manager-check"]), WORDS),
        "answer": choice("met", "partly", "not-met", "not-applicable"), "reviewed_at": time_cells,
        "source": choice("QA", "CPA", "CF"), "team": WORDS,
    },
}  # fmt: skip


def tables(kind: str) -> st.SearchStrategy[Cells]:
    """Give small tables of one kind; all times are of one style, but sometimes those of one column."""

    def of_styles(styles: tuple[Style, Style, int]) -> st.SearchStrategy[Cells]:
        style, other, place = styles
        row = {
            name: cells(other if here == place else style) if callable(cells) else cells
            for here, (name, cells) in enumerate(COLUMNS[kind].items())
        }
        return st.lists(st.fixed_dictionaries(row), min_size=1, max_size=6)

    styles = STYLES if kind != "calls" else STYLES.filter(lambda style: style[0] != "dates")
    return st.tuples(styles, styles, st.integers(0, 20)).flatmap(of_styles)


def spoilt(rows: Cells, place: int, cell: str) -> Cells:
    """Give rows with a cell that can't be read in the first column of times."""
    name = next(name for name in rows[0] if name.endswith("_at") or name == "at")
    place %= len(rows)
    return [{**row, name: cell} if here == place else row for here, row in enumerate(rows)]


WRONG = ["28/03/2024", "March", "2024-03", "20240328", "2024-03-28T09", "2024-03-28T09:30+1", "12.5"]
SINGLE = {"an Arrow reader of single rows", "a generator of single rows"}
SOME_FORMS = st.lists(st.sampled_from([form for form in FORMS if form != "rows"]), min_size=3, max_size=3, unique=True)


def assert_alike(records: dict[str, Cells], targets: list[str], forms: list[str]) -> None:
    """Compare what some containers give with what rows give."""
    error, outcomes = found(records, targets)
    tally = tallied(records, targets)
    for form in forms:
        with tempfile.TemporaryDirectory() as folder:
            for kind in records:
                (Path(folder) / kind).mkdir()

            def fill(form: str = form, folder: str = folder) -> Given:
                return {kind: FORMS[form](rows, Path(folder) / kind) for kind, rows in records.items()}

            its_error, its_outcomes = found(fill(), targets)
            assert its_error == error, (form, outcomes, its_outcomes)
            if error is None or form not in SINGLE:
                assert its_outcomes == outcomes, form
            assert tallied(fill(), targets) == tally, form


@pytest.mark.parametrize("kind", list(TARGETS))
@settings(max_examples=settings.default.max_examples // 3)  # type: ignore[union-attr]
@given(data=st.data())
def test_untidy_text_says_the_same_in_every_container(kind: str, data: st.DataObject) -> None:
    records = {kind: data.draw(tables(kind))}
    if kind == "events":
        records["cases"] = data.draw(tables("cases"))
    assert_alike(records, TARGETS[kind], data.draw(SOME_FORMS))


@settings(max_examples=settings.default.max_examples // 10)  # type: ignore[union-attr]  # it tries all formats
@given(rows=tables("cases"), place=st.integers(0, 5), cell=st.sampled_from(WRONG), forms=SOME_FORMS)
def test_a_cell_that_cannot_be_read_is_the_same_error_in_every_container(
    rows: Cells, place: int, cell: str, forms: list[str]
) -> None:
    spoilt_rows = spoilt(rows, place, cell)
    error, message = found({"cases": spoilt_rows}, TARGETS["cases"])
    assert error is kpi.RecordsError
    for form in forms[:2]:
        with tempfile.TemporaryDirectory() as folder:
            its_error, its_message = found({"cases": FORMS[form](spoilt_rows, Path(folder))}, TARGETS["cases"])
        assert its_error == error, form
        if form not in SINGLE:  # which batch by batch meet another cell first, or fewer that a format has to fit
            assert its_message == message, form


# Cells of other types

STAMPS = [
    datetime.fromisoformat(text)
    for text in ("2024-03-28T09:30", "2024-04-29T23:59:59.999999", "2024-03-31T01:30", "2024-10-27T01:30:00.500000")
]
DATES = [date(2024, 3, 28), date(2024, 3, 29), date(2024, 4, 29), date(2024, 4, 30), date(2024, 11, 30)]
INSTANTS = [stamp.replace(tzinfo=UTC) for stamp in STAMPS]
TIMES: list[list[Any]] = [DATES, STAMPS, INSTANTS, [pd.Timestamp(stamp) for stamp in STAMPS]]
NUMBERS: list[list[Any]] = [
    [101, 102, 7], [101.0, 7.5, float("nan"), 1e16, -0.0, 0.1], [0.0, -0.0, 3.0], [True, False],
    [Decimal("101.00"), Decimal("7.50"), Decimal("-0.25")], [Decimal("1E+2"), Decimal("-0")],
    [UUID(int=7), UUID(int=8)], DATES, STAMPS, INSTANTS,
]  # fmt: skip
TYPED_IDS: list[list[Any]] = [
    [101, 102, 103, 7], [101.0, 102.0, 7.0], [Decimal("101.00"), Decimal("7.00")], [UUID(int=7), UUID(int=8)]
]  # fmt: skip


def column_of(kinds: list[list[Any]]) -> st.SearchStrategy[list[Any]]:
    """Give the cells of a column of one type, some of them empty."""
    return st.sampled_from(kinds).flatmap(
        lambda cells: st.lists(st.sampled_from([*cells, None]), min_size=4, max_size=4)
    )


def typed_tables() -> st.SearchStrategy[Cells]:
    def of_times(times: list[Any]) -> st.SearchStrategy[Cells]:
        columns = {
            "case_id": column_of(TYPED_IDS), "received_at": column_of([times]), "allocated_at": st.just([None] * 4),
            "decided_at": column_of([times, times, DATES]),
            "joint_working": column_of([[True, False], [0, 1], [0.0, 1.0]]),
            "decided_in": st.just(["assessment"] * 4), "decision": column_of(NUMBERS), "team": column_of(NUMBERS),
        }  # fmt: skip
        return st.fixed_dictionaries(columns).map(
            lambda cells: [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
        )

    return st.sampled_from(TIMES).flatmap(of_times)


@given(rows=typed_tables(), form=st.sampled_from(list(TYPED)))
def test_cells_of_other_types_say_the_same_in_every_container(rows: Cells, form: str) -> None:
    error, outcomes = found({"cases": rows}, TARGETS["cases"])
    tally = tallied({"cases": rows}, TARGETS["cases"])
    with tempfile.TemporaryDirectory() as folder:
        its_error, its_outcomes = found({"cases": TYPED[form](rows, Path(folder))}, TARGETS["cases"])
        assert (its_error, its_outcomes) == (error, outcomes)
        assert tallied({"cases": TYPED[form](rows, Path(folder))}, TARGETS["cases"]) == tally


SAID: list[tuple[Any, str | None]] = [
    (101, "101"), (101.0, "101"), (-3.0, "-3"), (0.0, "0"), (-0.0, "0"), (0.1, "0.1"), (1e16, "1e+16"),
    (float("nan"), None), (float("inf"), "inf"), (True, "true"), (Decimal("101.00"), "101"), (Decimal("7.50"), "7.50"),
    (Decimal("1E+2"), "100"), (Decimal("-0.00"), "0"), (date(2024, 3, 28), "2024-03-28"),
    (STAMPS[0], "2024-03-28T09:30:00"), (INSTANTS[0], "2024-03-28T09:30:00Z"), ("-3.00", "-3"), ("1.50", "1.50"),
    ("-0.0", "0"), (" -0.000", "0"), ("0.0", "0"), ("-0", "-0"), ("-0.5", "-0.5"), ("-10.0", "-10"),
    ("007.0", "007.0"), (" N/A", None), ("Null", None), (" \t null\n ", None), ("\u00a0x\u2003", "x"), ("１.0", "１.0"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "said"), SAID, ids=repr)
def test_a_cell_says_what_a_column_of_it_says(cell: Any, said: str | None) -> None:
    assert text_of(cell) == said
    for column in (
        pa.array([cell]),
        pa.array([cell, None]),
        pa.array([cell]).dictionary_encode(),
        pa.array([cell] * 3)[1:],
    ):
        assert text_column(column)[0].as_py() == said


PARTS = st.sampled_from(
    ["", " ", "\t", "\u00a0", ".", "0", ".0", "-", "101", "7.50", "A1", "n/a", "NIL", "é", "１", "x\n"]
)
CELLS = st.none() | st.lists(PARTS, max_size=4).map("".join)


@given(
    cells=st.lists(CELLS, max_size=8), begin=st.integers(0, 8), missing=st.sampled_from([{"n/a", ""}, {"long word"}])
)
def test_a_column_of_text_says_what_each_of_its_cells_does(
    cells: list[str | None], begin: int, missing: set[str]
) -> None:
    expected = [None if cell is None else text_of(cell, {"", *missing}) for cell in cells[begin:]]
    assert text_column(pa.array(cells, pa.string())[begin:], {"", *missing}).to_pylist() == expected


@given(cells=st.lists(CELLS, max_size=8), data=st.data(), first=st.booleans())
@pytest.mark.parametrize("form", ["plain", "dictionary", "rows"])
def test_words_of_some_rows_are_those_of_the_whole(
    form: str, cells: list[str | None], data: st.DataObject, *, first: bool
) -> None:
    column: Any = pa.array(cells, pa.string())
    column = {"plain": column, "dictionary": column.dictionary_encode(), "rows": cells}[form]
    batch = Batch(open_table("events", pa.table({"direction": pa.nulls(0, pa.string())})), 0, {"direction": column})
    rows = data.draw(st.lists(st.integers(0, len(cells) - 1), max_size=8) if cells else st.just([]))
    if first:
        batch.words("direction")  # then they are there
    codes, words = batch.take(np.array(rows, np.int64)).words("direction")
    said = [None if cell is None else text_of(cell) for cell in cells]
    assert [words[code] if code >= 0 else None for code in codes.tolist()] == [said[row] for row in rows]


@given(cells=st.lists(CELLS, max_size=8), wanted=st.lists(PARTS, max_size=4))
def test_words_tell_which_cells_hold_some_of_them(cells: list[str | None], wanted: list[str]) -> None:
    assert Words.of_cells(cells).are(wanted).tolist() == [cell is not None and cell in wanted for cell in cells]


def test_a_cell_that_is_no_text_is_found_in_rows_that_nobody_looks_at() -> None:
    batch = Batch(open_table("events", [{"direction": "out"}]), 0, {"direction": ["out", ["in"], "out"]})
    with pytest.raises(kpi.RecordsError, match="row 1: direction holds list, not text"):
        batch.take(np.array([2])).words("direction")


# One record


@pytest.mark.parametrize("kind", ["cases", "requests", "calls"])
@given(data=st.data())
def test_one_record_stands_as_it_does_in_a_table(kind: str, data: st.DataObject) -> None:
    """A record alone may be refused where a table says invalid; else it has the status of its row for each target."""
    row, targets = data.draw(tables(kind))[0], TARGETS[kind]
    given_: Given = {kind: [row]}
    record = {"cases": kpi.Case, "requests": kpi.Request, "calls": kpi.Call}[kind]
    try:
        table = kpi.assess(SCHEME, **given_, as_of=AS_OF, targets=targets)
        alone = kpi.deadlines(SCHEME, record(**row), as_of=AS_OF, targets=targets, events=None)
    except ValueError:  # of pydantic, or of this library; one date among times is an error where seconds count
        return
    rows = zip(table["target"].astype(str), table["status"].astype(str), strict=True)
    assert {item.target: item.status for item in alone} == {
        target: status for target, status in rows if status != "excluded"
    }
