"""Revisions: which figures changed, by how much and why; by a plain loop over the records, and on paper."""

import json
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import Typed
from ombudsman_kpi import KpiError, OptionError, Results, WorkingCalendar, assess, load_scheme, measure, revisions
from ombudsman_kpi.publish.revised import differs, marks_of
from ombudsman_kpi.results.changed_records import explains
from ombudsman_kpi.results.revisions import RECORDS_CHANGED
from ombudsman_kpi.schemes.disclosure import Disclosure

LGSCO = load_scheme("lgsco")
TARGET = "decided-or-allocated-20wd"
CALENDAR = WorkingCalendar.uk("england-and-wales")
Record = dict[str, Any]
OPTIONS: Record = {"as_of": "2024-05-31", "every": "month", "targets": TARGET}


def case(name: str, received: str, decided: str | None = None, **more: Any) -> Record:
    return {"case_id": name, "received_at": received, "decided_at": decided, "allocated_at": None, **more}


MARCH = [
    case("A1", "2024-03-28", "2024-04-29", team="North"),  # the 20th working day
    case("A2", "2024-03-28", "2024-04-30", team="North"),
    case("A3", "2024-04-02", "2024-04-09", team="South"),
    case("A4", "2024-05-20", None, team="South"),
]


def measured(records: list[Record], **options: Any) -> Results:
    return measure(options.pop("scheme", LGSCO), cases=records, **{**OPTIONS, **options})


def corrected(name: str, **changes: Any) -> list[Record]:
    return [{**row, **changes} if row["case_id"] == name else row for row in MARCH]


def test_the_same_results_have_no_revisions() -> None:
    found = revisions(measured(MARCH), measured(MARCH))
    assert (found.figures, found.causes, found.says) == ((), (), "0 of 3 published figures changed.")
    assert repr(found) == found.says
    assert len(found.to_pandas()) == 0


def test_a_corrected_record_changes_one_figure_and_is_named() -> None:
    old, new = MARCH, corrected("A1", decided_at="2024-04-30")
    rows = tuple(assess(LGSCO, cases=records, as_of="2024-05-31", targets=TARGET) for records in (old, new))
    found = revisions(measured(old), measured(new), rows=rows)  # type: ignore[arg-type]
    assert found.says == "1 of 3 published figures changed."
    (item,) = found.figures
    assert item.place[:4] == (TARGET, "received", "month", "Mar 2024")
    assert (item.kind, item.change, item.why) == ("changed", Fraction(-1, 2), (RECORDS_CHANGED,))
    assert [(one.id, one.change, one.old_status, one.new_status) for one in item.records] == [
        ("A1", "another status", "met", "late")
    ]
    assert "50.0% (1 of 2)" in repr(found)
    assert "0.0% (0 of 2)" in repr(found)
    assert "−50.0 points" in repr(found)
    (row,) = found.to_pandas().to_dict("records")
    assert (row["old_met"], row["new_met"], row["change"], row["records"]) == (1, 0, -0.5, 1)
    assert found.records_to_pandas()["id"].tolist() == ["A1"]


def test_records_that_came_went_and_moved() -> None:
    new = [*corrected("A3", received_at="2024-03-28")[:1], *corrected("A3", received_at="2024-03-28")[2:]]
    new.append(case("A9", "2024-05-21", "2024-05-22", team="South"))  # and A2 is gone
    rows = tuple(assess(LGSCO, cases=records, as_of="2024-05-31", targets=TARGET) for records in (MARCH, new))
    found = revisions(measured(MARCH), measured(new), rows=rows)  # type: ignore[arg-type]
    told = {
        item.place.period: {(one.id, one.change, one.old_status, one.new_status) for one in item.records}
        for item in found.figures
    }
    assert told == {
        "Mar 2024": {("A2", "removed", "late", None), ("A3", "another period or group", None, "met")},
        "Apr 2024": {("A3", "another period or group", "met", None)},
        "May 2024": {("A9", "added", None, "met")},
    }


def test_a_change_of_the_standard_is_told_by_its_key() -> None:
    found = revisions(measured(MARCH), measured(MARCH, scheme=LGSCO.with_target(TARGET, standard="at least 45%")))
    assert found.says == (
        "3 of 3 published figures changed. What differs: decided-or-allocated-20wd: standard was at least 40% and is "
        "at least 45%."
    )
    assert {item.why for item in found.figures} == {(f"{TARGET}: standard was at least 40% and is at least 45%",)}


def test_a_change_of_another_target_changes_none_of_this_one() -> None:
    other = LGSCO.with_target("investigation-13w", standard="at least 80%")
    found = revisions(measured(MARCH), measured(corrected("A1", decided_at="2024-04-30"), scheme=other))
    assert [item.why for item in found.figures] == [(RECORDS_CHANGED,)]
    assert [cause.target for cause in found.causes] == ["investigation-13w"]


def test_days_off_that_were_announced_are_named() -> None:
    # Received on 1 September 2022, due on the 29th before 19 September was announced, on the 30th since.
    records = [case("A1", "2022-09-01", "2022-09-30")]
    then, now = LGSCO.with_calendar(known_at="2022-09-01"), LGSCO.with_calendar(known_at="2022-09-10")
    sides = [measured(records, scheme=scheme, as_of="2022-10-31") for scheme in (then, now)]
    found = revisions(*sides)
    (item,) = [item for item in found.figures if item.kind == "changed" and item.place.period == "Sep 2022"]
    said = "19 September 2022 (Bank Holiday for the State Funeral of Queen Elizabeth II) is off now"
    assert item.why == (said,)
    assert item.change == 1


def test_a_later_day_is_why_what_was_pending_changed_and_not_why_what_was_final_did() -> None:
    old = measured(MARCH)
    new = measured([*corrected("A4", decided_at="2024-06-03")[1:], MARCH[0] | {"decided_at": "2024-04-30"}],
                   as_of="2024-06-30")  # fmt: skip
    found = {item.place.period: item for item in revisions(old, new).figures}
    assert found["May 2024"].why == ("counted as at 30 June 2024, not 31 May 2024",)
    assert found["Mar 2024"].why == (RECORDS_CHANGED,)
    assert found["Jun 2024"].kind == "new" if "Jun 2024" in found else True


def test_figures_that_appear_and_vanish_are_named() -> None:
    found = revisions(measured(MARCH, every=["month"]), measured(MARCH, every=["quarter"]))
    assert Counter(item.kind for item in found.figures) == {"new": 2, "gone": 3}
    assert found.says.startswith("0 of 3 published figures changed; 2 are new; 3 are gone.")


def test_groups_stand_in_the_table_and_must_be_the_same() -> None:
    old, new = (measured(records, by="team") for records in (MARCH, corrected("A2", team="South")))
    found = revisions(old, new)
    assert {item.place.group for item in found.figures} == {("North",), ("South",)}
    assert "Team" not in found.table.columns
    assert "team" in found.table.columns
    assert found.to_pandas()["team"].tolist() == [item.place.group[0] for item in found.figures]
    with pytest.raises(OptionError, match="grouped by team and the new ones by nothing"):
        revisions(old, measured(MARCH))


def test_rows_without_the_groups_are_an_error_that_tells_how_to_keep_them() -> None:
    sides = [measured(records, by="team") for records in (MARCH, corrected("A2", team="South"))]
    frames = [assess(LGSCO, cases=records, as_of="2024-05-31") for records in (MARCH, corrected("A2", team="South"))]
    with pytest.raises(OptionError, match=r"lacks team\. Give what assess\(…, keep=\['team'\]\)"):
        revisions(*sides, rows=(frames[0], frames[1]))
    with pytest.raises(OptionError, match="takes two frames"):
        revisions(*sides, rows=frames[:1])  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="lacks target, record"):
        revisions(*sides, rows=(pd.DataFrame(), frames[1]))


def test_what_is_left_out_counts_in_no_figure() -> None:
    old = [*MARCH, case("A5", "2024-03-28", withdrawn_at="2024-04-02")]
    new = [
        *corrected("A1", withdrawn_at="2024-04-02", decided_at=None),
        case("A6", "2024-03-28", withdrawn_at="2024-04-02"),
    ]
    rows = tuple(assess(LGSCO, cases=records, as_of="2024-05-31", targets=TARGET) for records in (old, new))
    (item,) = revisions(measured(old), measured(new), rows=rows).figures  # type: ignore[arg-type]
    assert [(one.id, one.change, one.old_status, one.new_status) for one in item.records] == [
        ("A1", "another status", "met", None)
    ]
    assert item.why == (RECORDS_CHANGED,)


def test_records_without_a_clock_count_by_their_own_day() -> None:
    scheme = load_scheme("tower-hamlets")
    old = [
        case("A1", "2024-03-01", "2024-03-28", decision="upheld"),
        case("A2", "2024-03-01", "2024-04-02", decision="upheld"),
    ]
    new = [old[0] | {"decided_at": "2024-04-03"}, old[1]]
    options: Record = {"scheme": scheme, "targets": "decisions"}
    rows = tuple(assess(scheme, cases=records, as_of="2024-05-31", targets="decisions") for records in (old, new))
    found = revisions(measured(old, **options), measured(new, **options), rows=rows)  # type: ignore[arg-type]
    told = {item.place.period: [(one.id, one.change) for one in item.records] for item in found.figures}
    assert told["Apr 2024"] == [("A1", "another period or group")]
    assert all(item.why == (RECORDS_CHANGED,) for item in found.figures)


MEDIAN = {"measure": "median", "says": "A median", "of": "cases", "start": "received_at", "stop": "decided_at",
          "counted_in": "calendar days", "cohort": "closed"}  # fmt: skip


def test_a_value_that_changed_while_no_count_did_is_revised() -> None:
    scheme = LGSCO.with_target("own", **MEDIAN)
    old, new = (
        measured([case("A1", "2024-03-28", day)], scheme=scheme, targets="own") for day in ("2024-04-02", "2024-04-03")
    )
    (item,) = revisions(old, new).figures
    assert (item.change, item.why) == (Fraction(1), (RECORDS_CHANGED,))
    (read,) = revisions(old.to_dict(), new.to_dict()).figures
    assert (read.old and read.old.value, read.new and read.new.value) == (5, 6)


def test_a_rate_per_1000_is_read_from_plain_json_as_it_is() -> None:
    scheme = load_scheme("psow")
    requests = [{"request_id": "R1", "kind": "complaint", "received_at": "2024-03-28", "answered_at": None}]
    options: Record = {"as_of": "2024-05-31", "every": "financial-year", "targets": "received-per-1000"}
    populations = [{"period": "2023/24", "number": 4000}]
    found = measure(scheme, requests=requests, populations=populations, **options)
    again = measure(
        scheme, requests=[*requests, requests[0] | {"request_id": "R2"}], populations=populations, **options
    )
    (item,) = [item for item in revisions(found.to_dict(), again.to_dict()).figures if item.place.period == "2023/24"]
    assert "0.3" in revisions(found, again).table.rows[0][3]
    assert "0.3" in revisions(found.to_dict(), again.to_dict()).table.rows[0][3]
    assert item.old is not None
    assert item.old.value == 0.25


def test_rows_of_other_records_are_found_out() -> None:
    frame = assess(LGSCO, cases=MARCH, as_of="2024-05-31", targets=TARGET)
    found = revisions(measured(MARCH), measured(corrected("A1", decided_at="2024-04-30")), rows=(frame, frame))
    assert [item.why for item in found.figures] == [(RECORDS_CHANGED, "the rows given don't explain all of it")]


# Against a plain loop.

days = st.integers(0, 90).map(lambda number: date(2024, 3, 1) + timedelta(number))
some_cases = st.dictionaries(
    st.sampled_from([f"A{number}" for number in range(8)]),
    st.tuples(days, st.none() | days, st.sampled_from(["North", "South"])),
    max_size=8,
)


def rows_of(drawn: dict[str, Any]) -> list[Record]:
    return [
        case(name, received.isoformat(), decided and max(decided, received).isoformat(), team=team)
        for name, (received, decided, team) in drawn.items()
    ]


def counted(records: list[Record], as_of: date) -> dict[tuple[str, str], Counter[str]]:
    """How many met, missed and wait, by month of receipt and team."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in records:
        received = date.fromisoformat(row["received_at"])
        if received > as_of:
            continue
        due, decided = CALENDAR.add(received, 20), row["decided_at"] and date.fromisoformat(row["decided_at"])
        stop = decided if decided and decided <= as_of else None
        status = ("met" if stop <= due else "missed") if stop else ("missed" if due < as_of else "pending")
        found.setdefault((f"{received:%b %Y}", row["team"]), Counter())[status] += 1
    return found


@given(old=some_cases, new=some_cases, later=st.integers(0, 40))
def test_by_a_plain_loop(old: dict[str, Any], new: dict[str, Any], later: int) -> None:
    if not old or not new:
        return
    days = [date(2024, 5, 31), date(2024, 5, 31) + timedelta(later)]
    sides = [
        (rows_of(drawn), measured(rows_of(drawn), as_of=day.isoformat(), by="team"))
        for drawn, day in zip((old, new), days, strict=True)
    ]
    frames = [
        assess(LGSCO, cases=records, as_of=day.isoformat(), targets=TARGET, keep="team")
        for (records, _), day in zip(sides, days, strict=True)
    ]
    found = revisions(sides[0][1], sides[1][1], rows=(frames[0], frames[1]))
    before, now = (counted(records, day) for (records, _), day in zip(sides, days, strict=True))
    differing = {place for place in {*before, *now} if before.get(place, Counter()) != now.get(place, Counter())}
    changed = [item for item in found.figures if item.kind == "changed"]
    assert {(item.place.period, *item.place.group) for item in changed} <= differing
    by_place = {(item.place.period, *item.place.group): item for item in found.figures}
    for place in differing:
        item, was, is_ = by_place[place], before.get(place, Counter()), now.get(place, Counter())
        difference = {name: is_[name] - was[name] for name in ("met", "missed", "pending")}
        assert explains(item.records) == difference
        assert "the rows given don't explain all of it" not in item.why
    written = [results.to_json() for _, results in sides]
    assert revisions(*written).figures == revisions(sides[0][1], sides[1][1]).figures
    for _, results in sides:
        assert revisions(results, results).figures == ()


@given(old=some_cases, new=some_cases)
def test_marks_are_of_figures_that_changed_or_may_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    if not old or not new:
        return
    before, now = measured(rows_of(old)), measured(rows_of(new))
    marks = marks_of(now.rows, before.rows)
    was = {row.period: row for row in before}
    for row in now:
        mark = marks.get((row.target, row.cohort, row.every, row.period, row.group))  # type: ignore[call-overload]
        if row.pending or not row.complete:
            assert mark == "p"
        elif row.period in was and (was[row.period].met, was[row.period].missed) != (row.met, row.missed):
            assert mark == "r"
        elif row.period not in was or was[row.period].pending == row.pending:
            assert mark is None


# JSON, and the command line.


def test_the_json_of_the_command_line_is_read_too() -> None:
    old, new = measured(MARCH), measured(corrected("A1", decided_at="2024-04-30"))
    plain = [json.dumps(side.to_dict()) for side in (old, new)]
    found = revisions(*plain)
    assert [(item.place, item.change) for item in found.figures] == [
        (item.place, item.change) for item in revisions(old, new).figures
    ]
    assert revisions(plain[0], old).figures == ()
    standard = measured(MARCH, scheme=LGSCO.with_target(TARGET, standard="45%"))
    assert revisions(plain[0], standard.to_dict()).causes[0].says.startswith("the scheme's digest was")


def test_results_whose_calendar_has_changed_since_can_still_be_compared() -> None:
    written = json.loads(measured(MARCH).to_json())
    written["calendar"] = "0" * 12
    with pytest.raises(KpiError):
        Results.from_json(json.dumps({**written, "basis": {**written["basis"], "days_off": "0" * 12}}))
    found = revisions(json.dumps(written), measured(MARCH))
    assert found.figures == ()
    assert found.causes[0].says.startswith("the edition of the calendar was 000000000000 and is ")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"rows": []}', b"\xff", 3, None, "[1]", '{"options": 3}'])
def test_what_isnt_results_is_refused_with_what_to_do(text: Any) -> None:
    with pytest.raises(KpiError, match=r"The old results can't be read: .* Measure again"):
        revisions(text, measured(MARCH))
    with pytest.raises(KpiError, match=r"The new results can't be read"):
        revisions(measured(MARCH), text)


def test_the_command(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed = Typed(monkeypatch, capsys)
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(measured(MARCH).to_dict()))
    new.write_text(measured(corrected("A1", decided_at="2024-04-30")).to_json(), "utf-8")
    answer = typed("revisions", str(old), str(new))
    assert answer.code == 0
    assert answer.out.startswith("1 of 3 published figures changed.")
    assert "50.0% (1 of 2)" in answer.out
    assert json.loads(typed("revisions", str(old), str(new), "--json").out)[0]["new_met"] == 0
    assert typed("revisions", str(old), str(new), "--csv").out.splitlines()[0].startswith("target,cohort,every,period,")
    missing = typed("revisions", str(old), str(tmp_path / "none.json"))
    assert missing.code == 2
    assert "can't be read" in missing.err


def test_a_value_alone_is_enough_to_differ() -> None:
    row = measured(MARCH).rows[0]
    assert not differs(row, row)
    assert differs(row, row._replace(exact=Fraction(1, 3)))
    assert differs(row, row._replace(exact=None, value=0.25))
    assert not differs(row, row._replace(exact=None))  # as plain JSON has it
    assert not differs(row, row._replace(note="another", records=99, excluded=9))  # what isn't published of it


def test_what_small_numbers_withhold_is_not_said_to_have_changed() -> None:
    """Published JSON against the same results, whole: nothing was revised; a change of what is shown still is."""
    ruled = LGSCO.model_copy(update={"disclosure": Disclosure(threshold=3, minimum_denominator=5)})
    days = [("2024-04-02", "2024-04-09")] * 6 + [("2024-03-28", "2024-04-03")]
    records = [case(f"A{place}", *own) for place, own in enumerate(days)]
    published = measured(records, scheme=ruled)
    for old in (published.to_json(), published.to_dict()):
        found = revisions(old, published)
        assert not found.figures
        assert found.withheld == 1
        assert found.says == "0 of 2 published figures changed; 1 is withheld, and can't be compared."
    more = measured([*records, case("A9", "2024-04-02", "2024-04-09")], scheme=ruled)
    (item,) = revisions(published.to_json(), more).figures
    assert (item.place.period, item.why) == ("Apr 2024", (RECORDS_CHANGED,))
    assert not revisions(measured(records), published).figures
    (item,) = revisions(measured(records), more).figures
    assert item.why == (RECORDS_CHANGED,)
