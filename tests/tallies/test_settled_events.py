"""A log of events alone, of which none, some or all cases are settled."""

from itertools import chain
from typing import Any

import pyarrow as pa
import pytest

from ombudsman_kpi import Scheme, Settled, Tally, load_scheme, settled, tally

FIRST, SECOND = "2024-03-28", "2024-04-30"
Event = tuple[str, str, str, str | None]

STARTED: list[Event] = [
    ("", "received", "2024-01-02", None), ("", "allocated", "2024-01-05", None),
    ("", "investigation_started", "2024-01-05", None), ("", "contact", "2024-01-20", "complainant"),
    ("", "paused", "2024-01-22", None), ("", "resumed", "2024-01-24", None),
    ("", "delay_explained", "2024-02-20", "organisation"), ("", "phoned", "2024-01-08", None),
]  # fmt: skip
DECIDED: list[Event] = [*STARTED, ("", "decided", "2024-03-01", None)]
LATER: list[Event] = [*STARTED, ("", "decided", "2024-04-10", None)]


def case(name: str, events: list[Event]) -> list[Event]:
    return [(name, *event[1:]) for event in events]


def table(rows: list[Event]) -> pa.Table:
    columns = [[row[place] for row in rows] for place in range(4)]
    names = "case_id", "event", "at", "party"
    cells = {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    count = len(rows)
    return pa.table({**cells, "direction": pa.array(["out"] * count), "reason": pa.array(["visit"] * count)})


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    paused: dict[str, Any] = {"of": "cases", "start": "received_at", "stop": "decided_at", "limit": "8 weeks"}
    return load_scheme("lgsco").with_target(
        "paused", says="With pauses", cohort="received", clock={"pauses": "allowed"}, **paused
    )


LOGS = {
    "none-settled": (case("A", LATER), case("B", STARTED)),
    "one-settled": (case("A", LATER), case("B", DECIDED), case("C", STARTED)),
    "all-settled": (case("A", DECIDED), case("B", DECIDED)),
    "no-time-of-a-case": (case("A", STARTED[3:4]), case("B", STARTED[6:])),
    "nothing-that-is-understood": (case("A", STARTED[7:]),),
    "only-what-is-still-to-come": (case("A", [("", "received", "2024-04-02", None)]),),
    "no-events": (),
}
OPEN = {"none-settled": "AB", "one-settled": "AC", "all-settled": ""}
TARGETS: list[Any] = [
    None, "keep-in-touch-20wd", "keep-in-touch-intervals-20wd", "delays-explained", "paused",
    "decided-or-allocated-20wd", ["investigation-13w", "delays-explained"],
]  # fmt: skip


@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("log", LOGS)
def test_what_is_settled_and_what_is_open_make_the_whole(scheme: Scheme, log: str, targets: Any) -> None:
    rows = [*chain(*LOGS[log])]
    options: dict[str, Any] = {"targets": targets, "cohort": "all", "every": ["month", None]}
    result = settled(scheme, events=table(rows), as_of=FIRST, **options)
    open_rows = [rows[int(place)] for place in result.open.get("events", range(len(rows)))]
    for as_of in (FIRST, SECOND):
        rest = tally(scheme, events=table(open_rows), as_of=as_of, **options)
        total = result.tally.at(as_of) + rest
        whole = tally(scheme, events=table(rows), as_of=as_of, **options)
        assert total == whole
        assert dict(total.misfits) == dict(whole.misfits)


@pytest.mark.parametrize("targets", TARGETS[1:5])
def test_where_no_case_is_settled_nothing_is_counted_and_all_is_open(scheme: Scheme, targets: Any) -> None:
    rows = [*chain(*LOGS["none-settled"])]
    result = settled(scheme, events=table(rows), as_of=FIRST, targets=targets)
    assert result.open == {"cases": ("A", "B"), "events": tuple(range(len(rows)))}
    assert result.tally.settled
    assert all(not len(block.records) for block in result.tally.blocks.values())
    assert not any(result.tally.misfits.values())
    assert Tally.from_json(result.tally.to_json()) == result.tally
    assert {row.records for row in result.tally.results()} == {0}


def test_events_without_a_case_are_named_among_the_events(scheme: Scheme) -> None:
    rows = [*case("A", LATER), *case("B", DECIDED)]
    events = table(rows).set_column(0, "case_id", pa.array([None, *(row[0] for row in rows[1:-1]), None]))
    result = settled(scheme, events=events, as_of=FIRST, targets="decided-or-allocated-20wd")
    assert result.open == {"cases": ("A",), "events": (*range(len(LATER)), len(rows) - 1)}  # B was allocated


@pytest.mark.parametrize(("log", "names"), [*OPEN.items()])
def test_the_cases_that_wait_are_named(scheme: Scheme, log: str, names: str) -> None:
    result: Settled = settled(scheme, events=table([*chain(*LOGS[log])]), as_of=FIRST, targets="delays-explained")
    assert result.open["cases"] == tuple(names)
