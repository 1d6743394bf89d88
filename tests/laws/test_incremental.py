"""What is settled stays: its tally, moved to a later day, and what was open or is new give the tally of the whole."""

import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, Settled, Tally, assess, load_scheme, settled, tally
from ombudsman_kpi.records.sources import source

sys.path.append(str(Path(__file__).parent))
import test_merge_all_measures as all_measures
import test_merge_laws as clocks

laws = settings(max_examples=settings().max_examples // 8)

Row = dict[str, Any]
Rows = dict[str, list[Row]]  # by kind; each row has a number of its own, under ROW
View = Callable[[Rows, date], Rows]  # the rows that are there on a day, as they are then

ROW = "_row"
IDS = {"cases": "case_id", "requests": "request_id", "calls": "call_id", "written_contacts": "contact_id"}
FIRST = date(2023, 9, 1)
DAY = timedelta(days=1)
BEGINS = {
    "cases": "received_at", "requests": "received_at", "written_contacts": "received_at", "calls": "offered_at",
    "reviews": "reviewed_at", "activities": "at", "orders": "due_at", "events": "at",
    "populations": "period",
}  # fmt: skip


def numbered(rows: Rows) -> Rows:
    """Give every row a number of its own, by which it is known again."""
    return {kind: [{**row, ROW: number} for number, row in enumerate(own)] for kind, own in rows.items()}


def of_all_measures(seed: int) -> Rows:
    rows: Rows = {kind: [] for kind in all_measures.SCHEMAS}
    for bundle in all_measures.Maker(seed).casework():
        for kind, own in bundle.items():
            rows[kind] += own
    return numbered(rows)


def of_clocks(seed: int) -> Rows:
    rows: Rows = {kind: [] for kind in clocks.KINDS}
    for kind, row in clocks.Maker(seed).records(150):
        rows[kind].append(row)
    return numbered(rows)


def has_come(value: Any, day: date) -> bool:
    return not isinstance(value, datetime) or value.date() <= day


def with_all_they_say(rows: Rows, day: date) -> Rows:
    """Give what began by a day, with all that it will ever say: later times, and all events of the case."""
    there = {
        kind: [row for row in own if has_come(row[BEGINS[kind]], day)] for kind, own in rows.items() if kind != "events"
    }
    cases = {row["case_id"] for row in there.get("cases", ())}
    letters = {row["contact_id"] for row in there.get("written_contacts", ())}
    events = [
        row for row in rows.get("events", ()) if row.get("case_id") in cases or row.get("contact_id") in letters
    ]  # fmt: skip
    return there | ({"events": events} if "events" in rows else {})


def as_known(rows: Rows, day: date) -> Rows:
    """Give what began by a day as it was known then: no later time, no later decision, no event recorded later."""
    there: Rows = {}
    for kind, own in rows.items():
        there[kind] = []
        for row in own:
            if not has_come(row[BEGINS[kind]], day) or not has_come(row.get("recorded_at"), day):
                continue
            now = {name: value if has_come(value, day) else None for name, value in row.items()}
            if not has_come(row.get("decided_at"), day):
                now |= {name: None for name in ("decision", "decided_in") if name in now}
            there[kind].append(now)
    return there


def tables(rows: Rows) -> dict[str, Any]:
    """Give rows as tables with all columns, even where there are no rows."""
    if "reviews" in rows:
        return all_measures.tables([rows])
    schemas: dict[str, Any] = {
        kind: pa.schema([(name, pa.timestamp("us") if name.endswith("_at") else pa.string()) for name in names.split()])
        for kind, names in CLOCK_COLUMNS.items()
    }
    return {kind: pa.Table.from_pylist(own, schema=schemas[kind]) for kind, own in rows.items()}


CLOCK_COLUMNS = {
    "cases": "case_id received_at valid_at allocated_at decided_at withdrawn_at closed_at team",
    "calls": "call_id offered_at answered_at abandoned_at team",
    "written_contacts": "contact_id received_at handled_at team",
    "requests": "request_id received_at answered_at kind team",
    "orders": "case_id due_at complied_at team",
}


def settled_rows(then: Rows, found: Settled) -> dict[str, set[int]]:
    """Give the numbers of the rows that are settled."""
    numbers: dict[str, set[int]] = {}
    for kind, open_ in found.open.items():
        waiting = set(open_)
        numbers[kind] = {
            row[ROW] for place, row in enumerate(then[kind]) if (row.get(IDS.get(kind, "")) or place) not in waiting
        }
    return numbers


def chosen(rows: Rows, numbers: dict[str, set[int]], *, inside: bool) -> Rows:
    return {kind: [row for row in own if (row[ROW] in numbers.get(kind, ())) is inside] for kind, own in rows.items()}


def without_number(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != ROW}


def corrected(then: Rows, now: Rows, numbers: dict[str, set[int]]) -> dict[str, set[int]]:
    """Give the numbers of settled rows that say something else now, with all that belongs to their cases."""
    changed: dict[str, set[Any]] = {}
    for kind in ("requests", "events"):  # of these, whatever is new in a case is a change of the case
        before = {row[ROW]: row for row in then.get(kind, ())}
        changed[kind] = {
            row["case_id"] for row in now.get(kind, ()) if "case_id" in row and before.get(row[ROW]) != row
        }
    before = {row[ROW]: row for row in (*then.get("events", ()),)}
    letters = {row.get("contact_id") for row in now.get("events", ()) if before.get(row[ROW]) != row} - {None}
    swapped: dict[str, set[int]] = {}
    for kind, own in then.items():
        later = {row[ROW]: row for row in now[kind]}
        swapped[kind] = {row[ROW] for row in own if later[row[ROW]] != row}
    cases = {row["case_id"] for row in then.get("cases", ()) if row[ROW] in swapped["cases"]} | changed["events"]
    for kind, names in (("cases", cases), ("events", cases), ("requests", changed["requests"])):
        swapped[kind] = swapped.get(kind, set()) | {
            row[ROW] for row in then.get(kind, ()) if row.get("case_id") in names
        }
    letters |= {row["contact_id"] for row in then["written_contacts"] if row[ROW] in swapped["written_contacts"]}
    for kind in ("written_contacts", "events"):
        swapped[kind] = swapped.get(kind, set()) | {
            row[ROW] for row in then.get(kind, ()) if row.get("contact_id") in letters
        }
    return {kind: own & numbers.get(kind, set()) for kind, own in swapped.items()}


Work = tuple[Scheme, Callable[[int], Rows]]


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> list[Work]:
    path = tmp_path_factory.mktemp("schemes") / "all-measures.toml"
    path.write_text(all_measures.SCHEME.replace("{ id", '{ says = "Made up", id'), "utf-8")
    cases: dict[str, Any] = {"of": "cases", "says": "in time", "start": "received_at", "stop": "decided_at"}
    orders: dict[str, Any] = {"of": "orders", "says": "in time", "stop": "complied_at", "limit": {"field": "due_at"}}
    rolling = {"non_working_due": "next working day", "cut_off": "17:00", "non_working_receipt": "next working day"}
    lgsco = (
        load_scheme("lgsco")
        .with_target("orders-complied", cohort="due", **orders)
        .with_target("orders-by-the-day", cohort="due", **orders, clock={"own_due": "by the day"})
        .with_target("ten-days", cohort="due", limit="10 calendar days", clock=rolling, **cases)
        .with_target("hours", cohort="received", limit="48 hours", where={"team": {"not": ["North"]}}, **cases)
        .with_target("allocated", cohort="closed", limit="4 weeks", **(cases | {"stop": "allocated_at"}))
        .with_target(
            "unwithdrawn", cohort="closed", limit="2 weeks", where={"withdrawn_at": {"present": False}}, **cases
        )
    )
    return [(load_scheme(path), of_all_measures), (lgsco, of_clocks)]


days = st.integers(20, 320).map(lambda number: FIRST + number * DAY)
OPTIONS: list[dict[str, Any]] = [
    {"every": ["month", None]},
    {"by": "team", "every": "month"},
    {"cohort": "all", "every": ["week", None]},
    {"by": ["team"], "cohort": "all"},
]


@st.composite
def questions(draw: st.DrawFn, scheme: Scheme) -> dict[str, Any]:
    """Draw options; and of the targets all, or a few, so that what unsettles a record differs."""
    chosen_ = draw(st.none() | st.lists(st.sampled_from([t.id for t in scheme.targets]), min_size=1, max_size=3))
    options = dict(draw(st.sampled_from(OPTIONS)))
    if chosen_ is not None and options.get("cohort") is None:
        options["targets"] = chosen_
    return options


@pytest.mark.parametrize("which", [0, 1], ids=["all-measures", "clocks"])
@laws
@given(data=st.data())
def test_what_is_settled_and_what_is_open_or_new_make_the_whole(
    works: list[Work], which: int, data: st.DataObject
) -> None:
    scheme, make = works[which]
    rows = make(data.draw(st.integers(0, 200), "seed"))
    first, second = sorted((data.draw(days, "one day"), data.draw(days, "another")))
    options = data.draw(questions(scheme), "options")
    then, now = with_all_they_say(rows, first), with_all_they_say(rows, second)
    found = settled(scheme, **tables(then), as_of=first, **options)
    again = chosen(now, settled_rows(then, found), inside=False)
    rest = tally(scheme, **tables(again), as_of=second, **options)
    all_measures.assert_same(found.tally.at(second) + rest, tally(scheme, **tables(now), as_of=second, **options))
    kept = chosen(then, settled_rows(then, found), inside=True)
    assert found.tally == tally(scheme, **tables(kept), as_of=first, **options)


@pytest.mark.parametrize("which", [0, 1], ids=["all-measures", "clocks"])
@laws
@given(data=st.data())
def test_a_correction_takes_the_old_outcome_out_and_puts_the_new_one_in(
    works: list[Work], which: int, data: st.DataObject
) -> None:
    scheme, make = works[which]
    rows = make(data.draw(st.integers(0, 200), "seed"))
    first, second = sorted((data.draw(days, "one day"), data.draw(days, "another")))
    options = data.draw(questions(scheme), "options")
    then, now = as_known(rows, first), as_known(rows, second)
    found = settled(scheme, **tables(then), as_of=first, **options)
    at_rest = Tally.from_json(Tally.from_arrow(found.tally.to_arrow()).to_json())
    numbers = settled_rows(then, found)
    swapped = corrected(then, now, numbers)
    old = chosen(then, swapped, inside=True)
    stays = {kind: own - swapped.get(kind, set()) for kind, own in numbers.items()}
    again = chosen(now, stays, inside=False)
    total = (
        at_rest.at(second)
        - tally(scheme, **tables(old), as_of=second, **options)
        + tally(scheme, **tables(again), as_of=second, **options)
    )
    assert total == tally(scheme, **tables(now), as_of=second, **options)
    total.results()


@pytest.mark.parametrize(("which", "seed"), [(0, 0), (1, 1)], ids=["all-measures", "clocks"])
def test_ten_nights_with_files_between_give_what_one_count_gives(
    works: list[Work], which: int, seed: int, tmp_path: Path
) -> None:
    scheme, make = works[which]
    rows, path = make(seed), tmp_path / "settled.parquet"
    options: dict[str, Any] = {"by": "team", "every": "month", "cohort": "all"}
    Tally.zero().to_parquet(path)
    behind: dict[str, set[int]] = {}
    for night in range(10):
        day = FIRST + (30 + 23 * night) * DAY
        now = with_all_they_say(rows, day)
        again = chosen(now, behind, inside=False)
        kept = Tally.from_parquet(path).at(day)
        whole = tally(scheme, **tables(now), as_of=day, **options)
        both = kept + tally(scheme, **tables(again), as_of=day, **options)
        assert both == whole
        tonight = settled(scheme, **tables(again), as_of=day, **options)
        (kept + tonight.tally).to_parquet(path)
        for kind, numbers in settled_rows(again, tonight).items():
            behind[kind] = behind.get(kind, set()) | numbers
    all_measures.assert_same(both, whole)
    assert sum(len(numbers) for numbers in behind.values()) > 60


@pytest.mark.parametrize("which", [0, 1], ids=["all-measures", "clocks"])
@laws
@given(data=st.data())
def test_a_settled_record_has_the_same_outcomes_at_every_later_day(
    works: list[Work], which: int, data: st.DataObject
) -> None:
    scheme, make = works[which]
    rows = with_all_they_say(make(data.draw(st.integers(0, 200))), date(2030, 1, 1))
    first, second = sorted((data.draw(days), data.draw(days)))
    found = settled(scheme, **tables(rows), as_of=first)
    kept = tables(chosen(rows, settled_rows(rows, found), inside=True))
    before, after = (assess(scheme, **kept, as_of=day) for day in (first, second))
    assert not set(before.status[before.target != "caseload"]) & {"pending"}  # where it says that a case joined
    columns = ["target", "record", "id", "row", "party", "start", "stop", "due", "elapsed", "unit", "status", "reason"]
    assert before[columns].to_dict("list").__repr__() == after[columns].to_dict("list").__repr__()


@pytest.mark.parametrize("size", [1, 7])
def test_batches_make_no_difference(works: list[Work], size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme, make = works[0]
    given_: dict[str, Any] = {**tables(make(5)), "as_of": "2024-02-29", "by": "team"}
    whole = settled(scheme, **given_)
    monkeypatch.setattr(source, "BATCH", size)
    again = settled(scheme, **given_)
    assert again.open == whole.open
    all_measures.assert_same(again.tally, whole.tally)
