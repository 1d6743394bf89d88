"""Grids and the summary: what results give of them."""

from fractions import Fraction
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import OptionError, Results, SchemeError, load_scheme, measure
from ombudsman_kpi.publish.published import Figure, Shorthand

LGSCO = load_scheme("lgsco")
NAME = "decided-or-allocated-20wd"
CASES = pd.DataFrame(
    [  # from 1 February, 20 working days end on 29 February: of January 2 of 3 are in time, of February 1 of 2
        ("A1", "2024-01-02", "2024-01-10", "North"),
        ("A2", "2024-01-03", "2024-03-01", "North"),
        ("A3", "2024-01-04", "2024-01-10", "South"),
        ("A4", "2024-02-01", "2024-02-02", "South"),
        ("A5", "2024-02-01", "2024-03-01", "South"),
        ("A6", "2024-02-20", None, "North"),
    ],
    columns=["case_id", "received_at", "decided_at", "team"],
).assign(allocated_at=None)


def results(**options: Any) -> Results:
    return measure(LGSCO, **{"cases": CASES, "as_of": "2024-03-01", "targets": NAME, **options})


def test_a_grid_has_periods_across_groups_down_and_the_total_last() -> None:
    grid = results(every="month", by="team").grid(NAME)
    assert [column.heading for column in grid.table.columns] == ["team", "Jan 2024", "Feb 2024"]
    assert [column.kind for column in grid.table.columns] == ["text", "share", "share"]
    assert grid.table.rows == (
        ("North", Figure(Fraction(1, 2), 1, "met"), Shorthand("x")),
        ("South", Figure(Fraction(1), 1, "met"), Figure(Fraction(1, 2), 1, "met")),
        ("All", Figure(Fraction(2, 3), 1, "met"), Figure(Fraction(1, 2), 1, "undetermined")),
    )
    frame = grid.to_pandas()
    assert frame["Jan 2024"].tolist() == [0.5, 1.0, 2 / 3]
    assert frame["Feb 2024"].isna().tolist() == [True, False, False]
    assert "South  ✓ 100.0%   ✓ 50.0%" in repr(grid)
    assert "<td" in grid._repr_html_()


@pytest.mark.parametrize(
    ("show", "cells"),
    [("met", [(1, 0), (1, 1), (2, 1)]), ("missed", [(1, 0), (0, 1), (1, 1)]), ("pending", [(0, 1), (0, 0), (0, 1)]),
     ("denominator", [(2, 0), (1, 2), (3, 2)])],
)  # fmt: skip
def test_a_grid_shows_any_number(show: str, cells: list[tuple[int, int]]) -> None:
    grid = results(every="month", by="team").grid(NAME, show=show)
    assert [row[1:] for row in grid.table.rows] == cells


def test_without_periods_or_groups_a_line_has_all_that_is_known() -> None:
    by_month = results(every="month").grid(NAME).table
    assert [column.heading for column in by_month.columns] == [
        "Period", "Counted", "Share", "Status", "Headroom", "Change",
    ]  # fmt: skip
    assert [row[:2] for row in by_month.rows] == [("Jan 2024", "2 of 3 in time"), ("Feb 2024", "1 of 2 in time")]
    assert by_month.rows[1][-1] == "too early to compare with Jan 2024"
    by_team = results(by="team").grid(NAME).table
    assert [row[:2] for row in by_team.rows] == [
        ("North", "1 of 2 in time"), ("South", "2 of 3 in time"), ("All", "3 of 5 in time"),
    ]  # fmt: skip
    (row,) = results().grid(NAME).table.rows
    assert row[:2] == (LGSCO[NAME].named, "3 of 5 in time")


def test_a_grid_of_what_is_not_there_is_an_error() -> None:
    shown = results(every=["month", "quarter"], by="team", cohort="all")
    with pytest.raises(SchemeError, match="no target 'investigation'"):
        shown.grid("investigation")
    with pytest.raises(OptionError, match="show= names 'median'"):
        shown.grid(NAME, show="median")
    with pytest.raises(OptionError, match="every= names 'week'"):
        shown.grid(NAME, every="week")
    assert len(shown.grid(NAME, every="quarter").table.columns) < 7
    assert shown.grid(NAME, cohort="closed") != shown.grid(NAME)


def test_the_summary_is_of_the_last_period_that_is_over_and_of_all_groups() -> None:
    contacts = [
        {"contact_id": f"W{n}", "received_at": "2024-02-01", "handled_at": f"2024-02-0{2 + n}"} for n in range(8)
    ]
    shown = measure(
        LGSCO, cases=CASES, written_contacts=contacts, as_of="2024-03-01", every="month", by="team",
        targets=[NAME, "written-contacts-3wd"],
    )  # fmt: skip
    summary = shown.summary()
    assert summary.says == (
        "0 of 2 commitments are met, 1 is undetermined; missed: Written contacts handled within 3 working days "
        "(3 too many missed)."
    )
    assert [column.heading for column in summary.table.columns] == [
        "Commitment", "Period", "Counted", "Share", "Standard", "Status", "Headroom", "Change",
    ]  # fmt: skip
    by_title = {row[0]: row[1:] for row in summary.table.rows}
    assert by_title["Written contacts handled within 3 working days"][:5] == (
        "Feb 2024", "5 of 8 in time", Figure(Fraction(5, 8), 1, "missed"), "at least 98%", "✗ missed",
    )  # fmt: skip
    assert by_title[LGSCO[NAME].named][:2] == ("Feb 2024", "1 of 2 in time")


def test_results_that_were_read_from_json_have_the_same_grid_and_summary() -> None:
    shown = results(every="month", by="team")
    again = Results.from_json(shown.to_json())
    assert again.grid(NAME) == shown.grid(NAME)
    assert again.summary() == shown.summary()


def test_no_data_at_all() -> None:
    shown = results(cases=CASES.iloc[:0], every="month", by="team")
    assert shown.summary().says == "None of the commitments measured has data by which it could be met or missed."
    for said in (repr(shown.summary()), repr(shown.grid(NAME)), repr(shown)):
        assert LGSCO[NAME].named in said
        assert "no data" in said
    nothing = measure(LGSCO, calls=[], as_of="2024-03-01", targets=NAME)
    for said in (repr(nothing), nothing._repr_html_(), repr(nothing.summary()), nothing.summary()._repr_html_()):
        assert LGSCO.title in said
    assert f"Not measured: {NAME} (no cases were given)." in repr(nothing)
    assert nothing.summary().says == "None of the commitments measured has a standard that it could meet or miss."
    unmeasured = measure(LGSCO, calls=[], as_of="2024-03-01", targets=[NAME, "intake-calls-60s"])
    assert "Not measured: " in repr(unmeasured)
    assert NAME in repr(unmeasured)


def test_a_rate_without_data_and_without_a_standard_is_none_that_lacks_data() -> None:
    psow = load_scheme("psow")
    request = {"request_id": "R1", "kind": "complaint", "received_at": "2024-03-28", "answered_at": None}
    shown = measure(psow, requests=[request], as_of="2024-05-31", targets="received-per-1000")
    assert shown.summary().says == "None of the commitments measured has a standard that it could meet or miss."


def test_changes_of_a_share_are_points_and_the_standard_is_said_to_be_of_a_change() -> None:
    """Of January's cases half were decided by letter, of February's three quarters: 25 points more."""
    days = [("2024-01-10", "a")] + [("2024-01-10", "b")] + [("2024-02-10", "a")] * 3 + [("2024-02-10", "b")]
    cases = [
        {"case_id": f"A{place}", "received_at": "2024-01-02", "decided_at": day, "category": kind, "team": "North"}
        for place, (day, kind) in enumerate(days)
    ]
    change = {"measure": "share of kinds", "numerator": {"category": "a"}, "dated": "decided_at"}
    scheme = LGSCO.with_target(
        "own", says="Share of a", measure="trend", of="cases", change_in=change, standard="more than 0", cohort="dated"
    )
    options: dict[str, Any] = {"cases": cases, "as_of": "2024-02-29", "targets": "own", "every": "month"}
    for by in ("team", None):
        grid = measure(scheme, **options, by=by).grid("own")
        assert "against the period before: increases." in grid.says
        assert "25.0" in repr(grid)
        assert "(points)" in repr(grid)
        assert "25.0%" not in repr(grid)


def test_what_is_undetermined_has_a_mark_that_is_no_minus() -> None:
    pending = [{"case_id": f"A{n}", "received_at": "2024-02-20", "decided_at": None, "team": "North"} for n in range(9)]
    done = {"case_id": "B", "received_at": "2024-02-01", "decided_at": "2024-02-02", "team": "North"}
    earlier = {"case_id": "C", "received_at": "2024-01-02", "decided_at": "2024-01-03", "team": "North"}
    cases = [row | {"allocated_at": None} for row in (*pending, done, earlier)]
    shown = measure(LGSCO, cases=cases, as_of="2024-02-22", targets=NAME, by="team", every="month")
    for said in (repr(shown), repr(shown.grid(NAME))):
        assert "? 100.0%" in said
        assert "✓ 100.0%" in said
