"""From an event log to case rows: whatever the order, however often repeated, in whatever form."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import OptionError, RecordsError, Scheme, history, load_scheme, tally
from ombudsman_kpi.events.log import History
from ombudsman_kpi.records.sources import source

pytestmark = pytest.mark.usefixtures("each_way")

AS_OF = "2024-05-31"
XES = {"case_id": "case:concept:name", "event": "concept:name", "at": "time:timestamp"}

Event = dict[str, Any]
laws = settings(max_examples=60)


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


def happened(case: str | None, event: str | None, at: Any, **others: Any) -> Event:
    return {"case_id": case, "event": event, "at": at, **others}


def arrow(log: Sequence[Event]) -> Any:
    """Write a log as text, with every column that any event has."""
    names = list(dict.fromkeys(["case_id", "event", "at", *(name for event in log for name in event)]))
    text = {name: [_text(event.get(name)) for event in log] for name in names}
    return pa.table({name: pa.array(column, pa.string()) for name, column in text.items()})


def _text(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def of_cases(found: History) -> dict[str, dict[str, Any]]:
    """Give what is known of each case: a date where a date was given, or a timestamp in its own form as one."""
    rows = {row.pop("case_id"): row for row in found.rows.to_pylist()}
    return {
        case: {name: _moment(name, value) for name, value in row.items() if value is not None}
        for case, row in rows.items()
    }


def _moment(name: str, value: Any) -> Any:
    if isinstance(value, str) and name.endswith("_at"):
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    return value


LOG = [
    happened("A1", "decided", date(2024, 4, 29), decision="upheld"),
    happened("A1", "received", date(2024, 3, 28), team="north"),
    happened("B2", "received", date(2024, 3, 27)),
    happened("A1", "filed", date(2024, 3, 29)),
    happened("A1", "allocated", date(2024, 4, 3), team="south"),
    happened("B2", "phoned", date(2024, 4, 3)),
    happened("A1", "filed", date(2024, 4, 30)),
]


def test_events_become_the_times_of_their_cases(lgsco: Scheme) -> None:
    found = history(lgsco, events=LOG, as_of=AS_OF)
    assert of_cases(found) == {
        "B2": {"received_at": date(2024, 3, 27)},
        "A1": {
            "received_at": date(2024, 3, 28),
            "allocated_at": date(2024, 4, 3),
            "decided_at": date(2024, 4, 29),
            "decision": "upheld",
            "team": "north",
        },
    }
    assert list(of_cases(found)) == ["B2", "A1"]  # in the order in which they begin
    assert len(found) == 2


def test_the_frame_has_a_row_for_each_case(lgsco: Scheme) -> None:
    frame = history(lgsco, events=LOG, as_of=AS_OF).cases
    assert isinstance(frame, pd.DataFrame)
    assert frame["case_id"].tolist() == ["B2", "A1"]
    assert frame["received_at"].tolist() == [date(2024, 3, 27), date(2024, 3, 28)]


def test_every_time_of_a_case_has_its_event(lgsco: Scheme) -> None:
    names = ["received", "valid", "allocated", "investigation_started", "early_resolution_started"]
    names += ["early_resolution_ended", "decided", "closed", "withdrawn"]
    days = [date(2024, 3, 1) + timedelta(days=place) for place in range(len(names))]
    log = [happened("A1", name, day) for name, day in zip(names, days, strict=True)]
    found = history(lgsco, events=log, as_of=AS_OF)
    assert of_cases(found) == {"A1": {f"{name}_at": day for name, day in zip(names, days, strict=True)}}
    assert found.unknown == {}


def test_the_first_event_of_a_kind_wins_wherever_it_stands(lgsco: Scheme) -> None:
    days = [date(2024, 4, 5), date(2024, 4, 2), date(2024, 4, 9), date(2024, 4, 2)]
    found = history(lgsco, events=[happened("A1", "decided", day) for day in days], as_of=AS_OF)
    assert of_cases(found) == {"A1": {"decided_at": date(2024, 4, 2)}}


def test_a_reopening_counts_once_however_often_its_row_is_repeated(lgsco: Scheme) -> None:
    log = [happened("A1", "received", "2024-03-01"), happened("B2", "received", "2024-03-02")]
    log += [happened("A1", "reopened", day) for day in ("2024-04-02", "2024-04-09", "2024-04-02", "2024-04-02")]
    log += [happened("C3", "received", "2024-03-03"), happened("C3", "reopened", "2024-04-02")]
    found = history(lgsco, events=arrow(log), as_of=AS_OF)
    assert {case: row["reopenings"] for case, row in of_cases(found).items()} == {"A1": 2, "B2": 0, "C3": 1}


def test_without_a_reopening_none_are_counted(lgsco: Scheme) -> None:
    assert "reopenings" not in history(lgsco, events=LOG, as_of=AS_OF).cases


def test_unknown_kinds_are_counted_and_named(lgsco: Scheme) -> None:
    found = history(lgsco, events=LOG, as_of=AS_OF)
    assert found.unknown == {"filed": 2, "phoned": 1}
    assert found.notes == ("3 events of unknown kinds: filed (2), phoned (1)",)
    assert repr(found) == (
        "<History of 2 cases: case_id, received_at, allocated_at, decided_at, decision, team; "
        "3 events of unknown kinds: filed (2), phoned (1)>"
    )


def test_of_many_unknown_kinds_the_most_frequent_are_named(lgsco: Scheme) -> None:
    log = [happened("A1", f"step {kind}", "2024-04-02") for kind in range(1, 8) for _ in range(kind)]
    found = history(lgsco, events=log, as_of=AS_OF)
    named = "step 7 (7), step 6 (6), step 5 (5), step 4 (4), step 3 (3) and 2 more kinds"
    assert found.notes == (f"28 events of unknown kinds: {named}",)


@pytest.mark.parametrize("kind", ["contact", "delay_explained", "paused", "resumed", "reopened"])
def test_what_is_no_time_of_a_case_may_still_be_known(lgsco: Scheme, kind: str) -> None:
    log = [happened("A1", "received", "2024-04-01"), happened("A1", kind, "2024-04-02")]
    found = history(lgsco, events=log, as_of=AS_OF)
    assert (found.unknown, found.notes) == ({}, ())
    assert f"{kind}_at" not in found.cases


def test_events_without_a_case_a_kind_or_a_time_are_counted(lgsco: Scheme) -> None:
    log = [
        happened("A1", "received", "2024-03-28"),
        happened(None, "decided", "2024-04-02"),
        happened("  ", "decided", "2024-04-02"),
        happened("A1", None, "2024-04-02"),
        happened("A1", "decided", None),
        happened("A1", "decided", "2024-02-30"),
        happened(None, None, None),
    ]
    found = history(lgsco, events=arrow(log), as_of=AS_OF)
    assert found.nameless == 6
    assert found.notes == ("6 events without a case, a kind or a time",)
    assert of_cases(found) == {"A1": {"received_at": date(2024, 3, 28)}}


@pytest.mark.parametrize("case", ["A1", None])
@pytest.mark.parametrize("request_id", ["R1", None])
@pytest.mark.parametrize(
    ("event", "of_a_request"),
    [("paused", True), ("resumed", True), ("phoned", True), ("contact", False), (None, False)],
)
def test_pauses_and_unknown_events_need_no_case_where_they_name_what_they_are_of(
    event: str | None, case: str | None, request_id: str | None, lgsco: Scheme, *, of_a_request: bool
) -> None:
    given_ = happened("A1", "received", "2024-03-28"), happened(case, event, "2024-04-02", request_id=request_id)
    found = history(lgsco, events=arrow(given_), as_of=AS_OF)
    named = event is not None and bool(case or (request_id and of_a_request))
    assert found.nameless == (not named)
    assert found.unknown == ({"phoned": 1} if named and event == "phoned" else {})


@pytest.mark.parametrize(
    ("as_of", "known"),
    [
        pytest.param("2024-03-27", set(), id="before-all"),
        pytest.param("2024-03-28", {"received_at"}, id="the-day-of-receipt"),
        pytest.param("2024-04-11", {"received_at"}, id="decided-but-not-recorded"),
        pytest.param("2024-04-12", {"received_at", "decided_at"}, id="recorded"),
        pytest.param("2024-04-30", {"received_at", "decided_at"}, id="recorded-but-not-closed"),
        pytest.param("2024-05-01", {"received_at", "decided_at", "closed_at"}, id="closed"),
    ],
)
def test_an_event_is_known_once_it_happened_and_was_recorded(lgsco: Scheme, as_of: str, known: set[str]) -> None:
    log = [
        happened("A1", "received", "2024-03-28", recorded_at=None),
        happened("A1", "decided", "2024-04-02", recorded_at="2024-04-12"),
        happened("A1", "closed", "2024-05-01", recorded_at="2024-04-02"),
    ]
    found = history(lgsco, events=arrow(log), as_of=as_of)
    assert set(of_cases(found).get("A1", {})) == known
    assert found.nameless == 0


def test_as_of_can_be_an_instant(lgsco: Scheme) -> None:
    log = [happened("A1", "received", "2024-07-01T09:00"), happened("A1", "decided", "2024-07-01T15:00:01")]
    assert "decided_at" not in history(lgsco, events=log, as_of="2024-07-01T15:00:00").cases
    assert "decided_at" not in history(lgsco, events=log, as_of="2024-07-01T14:00:00Z").cases
    assert "decided_at" in history(lgsco, events=log, as_of="2024-07-01T14:00:01Z").cases


def test_what_was_learnt_later_of_a_case_is_not_known(lgsco: Scheme) -> None:
    log = [happened("A1", "received", "2024-03-28", team=None), happened("A1", "allocated", "2024-04-02", team="south")]
    assert of_cases(history(lgsco, events=arrow(log), as_of="2024-04-01"))["A1"] == {"received_at": date(2024, 3, 28)}
    assert of_cases(history(lgsco, events=arrow(log), as_of="2024-04-02"))["A1"]["team"] == "south"


def test_an_attribute_is_the_earliest_that_was_said_and_of_several_then_the_smallest(lgsco: Scheme) -> None:
    log = [
        happened("A1", "closed", "2024-04-30", team="west", decision="not-upheld"),
        happened("A1", "allocated", "2024-04-03", team="south", decision=None),
        happened("A1", "contact", "2024-04-03", team="east", decision=None),
        happened("A1", "decided", "2024-04-29", team="north", decision="upheld"),
        happened("A1", "received", "2024-03-28", team=None, decision=""),
    ]
    row = of_cases(history(lgsco, events=arrow(log), as_of=AS_OF))["A1"]
    assert (row["team"], row["decision"]) == ("east", "upheld")


def test_the_names_of_xes_are_understood_and_the_columns_of_a_case_kept(lgsco: Scheme) -> None:
    log = pd.DataFrame(
        {
            "case:concept:name": ["A1", "A1"],
            "concept:name": ["received", "decided"],
            "time:timestamp": ["2024-03-28T09:00:00+00:00", "2024-04-29T12:00:00+01:00"],
            "case:channel": ["Internet", "Internet"],
            "case:startdate": ["2024-03-27", "2024-03-27"],
            "org:group": ["Group 1", "Group 2"],
            "team": ["north", "north"],
        }
    )
    plain = history(lgsco, events=log, columns={"events": XES}, as_of=AS_OF).rows.to_pylist()[0]
    assert plain == {
        "case_id": "A1",
        "received_at": datetime(2024, 3, 28, 9, tzinfo=UTC),
        "decided_at": datetime(2024, 4, 29, 11, tzinfo=UTC),
        "channel": "Internet",
        "startdate": "2024-03-27",
        "team": "north",
    }
    named = history(lgsco, events=log, columns={"events": XES | {"received_at": "case:startdate"}}, as_of=AS_OF)
    assert of_cases(named)["A1"]["received_at"] == date(2024, 3, 27)  # the caller's own word wins
    assert "startdate" not in named.cases


def test_a_column_of_the_log_never_takes_the_place_of_the_case_it_belongs_to(lgsco: Scheme) -> None:
    log = pa.table({"no": ["A1"], "case:case_id": ["other"], "event": ["received"], "at": ["2024-03-28"]})
    found = history(lgsco, events=log, columns={"events": {"case_id": "no"}}, as_of=AS_OF)
    assert found.cases["case_id"].tolist() == ["A1"]


def test_dates_in_a_format_of_ones_own(lgsco: Scheme) -> None:
    log = pd.DataFrame({"case_id": ["A1"], "event": ["received"], "at": ["03/04/2024"]})
    found = history(lgsco, events=log, dates={"events": "%d/%m/%Y"}, as_of=AS_OF)
    assert found.cases["received_at"].tolist() == [date(2024, 4, 3)]


@pytest.mark.parametrize("name", ["case_id", "event", "at"])
def test_a_missing_column_is_one_error_that_names_it(lgsco: Scheme, name: str) -> None:
    log = arrow([happened("A1", "received", "2024-03-28")]).drop_columns([name])
    with pytest.raises(RecordsError, match=f"^events has no column '{name}', which an event log needs"):
        history(lgsco, events=log, as_of=AS_OF)


def test_an_empty_log_has_no_cases_and_none_at_all_is_an_error(lgsco: Scheme) -> None:
    assert repr(history(lgsco, events=[], as_of=AS_OF)) == "<History of 0 cases: case_id>"
    assert len(history(lgsco, events=arrow([]), as_of=AS_OF)) == 0
    with pytest.raises(OptionError, match="There is no event log"):
        history(lgsco, events=None, as_of=AS_OF)


STYLES: dict[str, Callable[[date, int], Any]] = {
    "dates": lambda day, _: day,
    "without a zone": lambda day, hour: datetime(day.year, day.month, day.day, hour, 30),  # noqa: DTZ001
    "with a zone": lambda day, hour: datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC),
    "dates among times": lambda day, hour: day if hour % 2 else datetime(day.year, day.month, day.day, hour),  # noqa: DTZ001
}
FIRST = date(2024, 1, 8)  # in winter, when midnight in London is midnight in UTC
KINDS = ["received", "decided", "allocated", "closed", "reopened", "contact", "phoned", None]


@st.composite
def logs(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Event]:
    style = STYLES[draw(st.sampled_from(list(STYLES)))]
    times = st.builds(
        lambda shift, hour: style(FIRST + timedelta(days=shift), hour), st.integers(0, 6), st.integers(0, 23)
    )
    event = st.fixed_dictionaries(
        {
            "case_id": st.sampled_from(["A", "B", "ab", "Ä", None]),
            "event": st.sampled_from(KINDS),
            "at": st.one_of(times, times, times, st.none()),
            "team": st.sampled_from([None, "north", "south", "east"]),
            "recorded_at": st.one_of(st.none(), st.none(), times),
        }
    )
    found: list[Event] = draw(st.lists(event, max_size=14))
    return found + draw(st.lists(st.sampled_from(found), max_size=3)) if found else found


def day_of(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def place_in_time(moment: date) -> tuple[datetime, bool]:
    """A date begins its day, before any time of it."""
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None), True
    return datetime(moment.year, moment.month, moment.day), False  # noqa: DTZ001


def by_plain_loop(  # noqa: C901
    log: Sequence[Event], as_of: date
) -> tuple[dict[str, dict[str, Any]], Counter[str], int]:
    """Build the cases one event at a time."""
    cases: dict[str, dict[str, Any]] = {}
    said: dict[str, tuple[tuple[datetime, bool], str]] = {}
    reopened: dict[str, set[Any]] = {}
    unknown: Counter[str] = Counter()
    nameless = 0
    for event in log:
        case, kind, at = event["case_id"], event["event"], event["at"]
        if case is None or kind is None or at is None:
            nameless += 1
            continue
        if day_of(at) > as_of or (event["recorded_at"] is not None and day_of(event["recorded_at"]) > as_of):
            continue
        row, place = cases.setdefault(case, {}), place_in_time(at)
        if kind in {"received", "decided", "allocated", "closed"}:
            row[f"{kind}_at"] = min(row.get(f"{kind}_at", at), at, key=place_in_time)
        elif kind == "reopened":
            reopened.setdefault(case, set()).add(place)
        elif kind == "phoned":
            unknown[kind] += 1
        if event["team"] is not None:
            said[case] = min(said.get(case, (place, event["team"])), (place, event["team"]))
    never = datetime.max, True  # noqa: DTZ901
    begins = {case: min(map(place_in_time, row.values()), default=never) for case, row in cases.items()}
    for case, (_, team) in said.items():
        cases[case]["team"] = team
    if reopened:
        for case, row in cases.items():
            row["reopenings"] = len(reopened.get(case, ()))
    order = sorted(cases, key=lambda case: (begins[case], case.encode()))
    return {case: cases[case] for case in order}, unknown, nameless


@laws
@given(logs(), st.integers(0, 7), st.integers(1, 6), st.randoms(use_true_random=False))
def test_a_plain_loop_finds_the_same_and_neither_order_nor_batches_matter(
    lgsco: Scheme, log: list[Event], days: int, batch: int, chance: Any
) -> None:
    as_of = FIRST + timedelta(days=days)
    found = history(lgsco, events=arrow(log), as_of=as_of)
    cases, unknown, nameless = by_plain_loop(log, as_of)
    assert list(of_cases(found).items()) == list(cases.items())
    assert (found.unknown, found.nameless) == (dict(unknown), nameless)
    mixed = list(log)
    chance.shuffle(mixed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BATCH", batch)
        again = history(lgsco, events=arrow(mixed), as_of=as_of)
    assert again.rows.select(found.rows.column_names).equals(found.rows)
    assert again.rows.num_columns == found.rows.num_columns
    assert (again.unknown, again.nameless) == (found.unknown, found.nameless)


def test_a_log_without_rows_makes_no_cases(lgsco: Scheme) -> None:
    empty = pd.DataFrame({name: pd.Series([], dtype="str") for name in ("case_id", "event", "at", "team")})
    assert len(history(lgsco, events=empty, as_of="2024-03-31")) == 0
    assert tally(lgsco, events=empty, as_of="2024-03-31").results().rows


@pytest.mark.parametrize("unit", ["s", "us"])
@pytest.mark.parametrize("year", [-290_000, -146_200, -10_000, 12_000, 146_200, 290_000])
def test_a_time_beyond_all_dates_stays_on_its_side_of_the_others(lgsco: Scheme, year: int, unit: str) -> None:
    """Times are doubled to be sorted: those of the year 146,200 would wrap to the other end of time."""
    far = np.array([(year - 1970) * 31_556_952], "M8[s]").astype(f"M8[{unit}]")
    near = np.array(["2024-01-05"], far.dtype)
    log = pa.table({"case_id": ["A", "A"], "event": ["received", "received"], "at": np.concatenate([far, near]),
                    "decided_at": np.concatenate([near, far])})  # fmt: skip
    rows = history(lgsco, events=log, as_of="2024-03-31").rows
    first = {name: rows[name].cast(pa.timestamp("us")).cast(pa.int64())[0].as_py() for name in rows.column_names[1:]}
    january = int(near.astype("M8[us]").astype(np.int64)[0])
    assert (first["received_at"] < january) == (year < 0)
    assert first["received_at"] == january or year < 0
    assert (first["decided_at"] < january) == (year < 0)


@pytest.mark.parametrize("day", [-(1 << 31), -54_000_000, 54_000_000, (1 << 31) - 1])
def test_a_date_of_arrow_beyond_all_dates_stays_on_its_side_of_the_others(lgsco: Scheme, day: int) -> None:
    log = pa.table({"case_id": ["A", "A"], "event": ["received", "received"],
                    "at": pa.array([day, 19_727], pa.int32()).cast(pa.date32())})  # fmt: skip
    first = history(lgsco, events=log, as_of="2024-03-31").rows["received_at"].cast(pa.int32())[0].as_py()
    assert first == 19_727 if day > 0 else first < 0
