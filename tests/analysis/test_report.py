"""The report: what it says of open records agrees with each assessed by itself, and no cell's content is told."""

from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.publish.published import PublishedTable, Section, Shorthand

LGSCO = kpi.load_scheme("lgsco")
AS_OF = "2024-05-31"
BANDS = ["investigation-13w", "investigation-26w", "investigation-52w"]


def cases_of(number: int) -> list[dict[str, Any]]:
    """Cases of two teams, received over two years, many of them of late, of which every third is still open."""
    first = date(2022, 6, 1)
    return [
        {
            "case_id": f"A{place}",
            "received_at": str(day := first + timedelta((place * 37) % 720 if place < 220 else 690 + place % 40)),
            "valid_at": str(day),
            "allocated_at": str(day + timedelta(9)) if place % 4 else None,
            "decided_at": None if place % 3 == 0 else str(day + timedelta(1 + (place * 53) % 450)),
            "decided_in": None,
            "withdrawn_at": str(day + timedelta(60)) if place % 19 == 0 else None,
            "team": "North" if place % 5 else "South",
        }
        for place in range(number)
    ]


CASES = cases_of(300)


@pytest.fixture(scope="module")
def found() -> kpi.PublishedReport:
    return kpi.report(LGSCO, cases=CASES, as_of=AS_OF, every="month", by="team", waits=7)


@pytest.fixture(scope="module")
def assessed() -> pd.DataFrame:
    rows = kpi.assess(LGSCO, cases=CASES, as_of=AS_OF, keep="team")
    return rows[rows["status"].isin(["pending", "overdue"])]


def section(found: kpi.PublishedReport, name: str) -> Section:
    (own,) = (each for each in found.publication.sections if each.name == name)
    return own


def table(found: kpi.PublishedReport, name: str) -> PublishedTable:
    (own,) = (each for each in found.publication.tables if each.name == name)
    return own


def test_the_figures_are_those_of_measure(found: kpi.PublishedReport) -> None:
    assert found.results == kpi.measure(LGSCO, cases=CASES, as_of=AS_OF, every="month", by="team", cohort="all")


def test_each_open_record_is_in_one_band_of_its_team(found: kpi.PublishedReport, assessed: pd.DataFrame) -> None:
    own = {name: assessed[assessed["target"] == name] for name in BANDS}
    expected = []
    for team in ("North", "South", "All"):
        mine = {name: rows if team == "All" else rows[rows["team"] == team] for name, rows in own.items()}
        over = [int((mine[name]["status"] == "overdue").sum()) for name in BANDS]
        size = len(mine[BANDS[0]])
        expected.append((team, size - over[0], over[0] - over[1], over[1] - over[2], over[2], size))
    assert table(found, "open-investigation-13w").rows == tuple(expected)


def test_a_single_limit_is_divided_by_its_half_and_its_double(assessed: pd.DataFrame) -> None:
    name = "decided-or-allocated-20wd"
    found = kpi.report(LGSCO, cases=CASES, as_of=AS_OF, targets=name)
    own = assessed[assessed["target"] == name]
    elapsed, overdue = own["elapsed"].astype(int), own["status"] == "overdue"
    expected = [
        int((~overdue & (elapsed <= 10)).sum()), int((~overdue & (elapsed > 10)).sum()),
        int((overdue & (elapsed <= 40)).sum()), int((overdue & (elapsed > 40)).sum()), len(own),
    ]  # fmt: skip
    assert [row[1] for row in table(found, f"open-{name}").rows] == expected
    assert all(expected)


@pytest.mark.parametrize(
    (
        "as_of",
        "band",
    ),  # received on 4 March: the working days 10, 20 and 40 are 18 March, 3 April (after Easter) and 1 May
    [("2024-03-18", 0), ("2024-03-19", 1), ("2024-04-03", 1), ("2024-04-04", 2), ("2024-05-01", 2), ("2024-05-02", 3)],
)
def test_the_ends_of_bands_are_those_of_the_limit(as_of: str, band: int) -> None:
    case = {"case_id": "A1", "received_at": "2024-03-04", "allocated_at": None, "decided_at": None}
    found = kpi.report(LGSCO, cases=[case], as_of=as_of, targets="decided-or-allocated-20wd")
    numbers = [row[1] for row in table(found, "open-decided-or-allocated-20wd").rows]
    assert numbers == [int(place == band) for place in range(4)] + [1]


def test_results_of_a_tally_know_how_old_what_is_open_is(found: kpi.PublishedReport) -> None:
    tally = kpi.tally(LGSCO, cases=CASES, as_of=AS_OF, every="month", by="team")  # headline cohorts alone
    of_tally = {each.name: each for each in tally.results().published().tables}
    for name in ("open-investigation-13w", "open-decided-or-allocated-20wd"):
        assert of_tally[name] == table(found, name)


@pytest.mark.parametrize("name", ["decided-or-allocated-20wd", "investigation-52w"])
def test_the_longest_waits_are_listed(found: kpi.PublishedReport, assessed: pd.DataFrame, name: str) -> None:
    own = assessed[assessed["target"] == name].sort_values("elapsed", ascending=False, kind="stable")
    shown = table(found, f"waits-{name}")
    assert shown.says.startswith(f"The 7 longest of {len(own)} open")
    assert [row[0] for row in shown.rows] == own["id"].head(7).tolist()
    waiting = [column.heading for column in shown.columns].index("Waiting")
    assert [row[waiting] for row in shown.rows] == own["elapsed"].head(7).astype(int).tolist()


def test_waits_over_the_limit_say_by_how_much(found: kpi.PublishedReport) -> None:
    rows = table(found, "waits-investigation-52w").rows
    for name, _, due, _, over, status in rows:
        (deadline,) = kpi.deadlines(
            LGSCO, next(case for case in CASES if case["case_id"] == name), as_of=AS_OF, targets="investigation-52w"
        )
        assert (due, status == "overdue") == (deadline.due, deadline.status == "overdue")
        assert over == (-deadline.left if deadline.left is not None and deadline.left < 0 else Shorthand("z"))
    assert {status for *_, status in rows} >= {"overdue"}


def test_waits_are_the_same_however_the_records_come(found: kpi.PublishedReport) -> None:
    import pyarrow as pa

    whole = pa.Table.from_pylist(CASES)
    parts = (whole.slice(at, 31) for at in range(0, len(CASES), 31))
    again = kpi.report(LGSCO, cases=parts, as_of=AS_OF, every="month", by="team", waits=7)
    assert section(again, "waits") == section(found, "waits")


def test_no_waits_are_listed_where_none_are_wanted() -> None:
    found = kpi.report(LGSCO, cases=CASES, as_of=AS_OF, waits=0)
    assert "waits" not in {each.name for each in found.publication.sections}
    with pytest.raises(kpi.OptionError, match=r"^waits: how many"):
        kpi.report(LGSCO, cases=CASES, as_of=AS_OF, waits=-1)


def test_what_was_open_at_the_end_of_each_month(found: kpi.PublishedReport) -> None:
    rows = {row[0]: row[1:] for row in table(found, "open-at-ends-investigation-13w").rows}
    for year, month in product((2023, 2024), (1, 3, 5)):
        end = date(year, month + 1, 1) - timedelta(1)
        open_then = [
            date.fromisoformat(case["valid_at"])
            for case in CASES
            if case["allocated_at"] and case["allocated_at"] <= AS_OF and case["valid_at"] <= str(end)
            and not any(case[name] and case[name] <= str(end) for name in ("decided_at", "withdrawn_at"))
        ]  # fmt: skip
        over = [sum((end - day).days >= 7 * weeks for day in open_then) for weeks in (13, 26, 52)]
        label = f"{'Jan' if month == 1 else 'Mar' if month == 3 else 'May'} {year}"
        assert rows[label] == (len(open_then), *over)


def test_the_quality_of_the_records_is_counted_and_never_shown() -> None:
    name_of_one = "Mrs Example of Acacia Avenue"
    wrong = [
        {**CASES[1], "decided_at": "2022-01-01"},
        {**CASES[2], "decided_at": "2022-01-02"},
        {**CASES[4], "decided_at": name_of_one},
    ]
    found = kpi.report(LGSCO, cases=[*wrong, *CASES[5:]], as_of=AS_OF, unreadable="invalid")
    rows = {row[1]: row for row in table(found, "data-quality").rows}
    contradicts = rows["A record contradicts itself; targets count it as invalid."]
    assert contradicts[0] == "Error"
    assert contradicts[3] == kpi_errors([*wrong, *CASES[5:]], "contradiction")
    assert rows["A time is in a form that isn't known."][3] == 1
    assert name_of_one not in repr(found.publication)


def kpi_errors(cases: list[dict[str, Any]], rule: str) -> int:
    return sum(item.count for item in kpi.check(LGSCO, cases=cases, as_of=AS_OF) if item.rule == rule)


def test_what_is_reported_by_exception_is_looked_for() -> None:
    reviews = [
        {
            "review_id": f"R{place}",
            "standard": "1",
            "answer": "met" if place % 3 or place < 120 else "not-met",
            "reviewed_at": f"2024-0{1 if place < 120 else 3}-15",
        }
        for place in range(240)
    ]
    found = kpi.report(LGSCO, cases=CASES, reviews=reviews, as_of="2024-05-01", report="executive team")
    own = section(found, "by-exception")
    assert own.says.startswith("“Significant drop in quality can also be reported, by exception, to ET.” ")
    assert {(row[1], row[2]) for row in own.tables[0].rows} == {("Feb-Mar 2024", "drop")}
    without = kpi.report(LGSCO, cases=CASES, as_of=AS_OF, report="executive team")
    assert section(without, "by-exception").says.endswith("Not measured: no reviews were given.")
    assert "by-exception" not in {
        each.name for each in kpi.report(LGSCO, cases=CASES, as_of=AS_OF, report="commission").publication.sections
    }


def test_nothing_is_one_clear_error() -> None:
    with pytest.raises(kpi.OptionError, match="There is nothing to report on"):
        kpi.report(LGSCO, as_of=AS_OF)
    with pytest.raises(kpi.SchemeError, match="has no report to 'nobody'"):
        kpi.report(LGSCO, cases=CASES, as_of=AS_OF, report="nobody")


@pytest.mark.parametrize("name", ["report.html", "report.xlsx", "report.ods"])
def test_it_is_written(found: kpi.PublishedReport, tmp_path: Path, name: str) -> None:
    write = found.to_html if name.endswith("html") else found.to_workbook
    write(tmp_path / name)
    first = (tmp_path / name).read_bytes()
    write(str(tmp_path / name))
    assert (tmp_path / name).read_bytes() == first
    with pytest.raises(kpi.OptionError, match="there is no folder"):
        write(tmp_path / "nowhere" / name)


def test_it_shows_itself() -> None:
    shown = repr(kpi.report(LGSCO, cases=CASES, as_of=AS_OF, report="commission", targets="investigation-13w"))
    title, subtitle, says, line = shown.splitlines()
    assert title == "Quarterly report to the Commission"
    assert subtitle == f"{LGSCO.title}: 2023/24 Q4 (January to March 2024), as at 31 May 2024"
    assert says.endswith(".")
    assert line.startswith("- ")


def test_small_numbers_are_withheld_everywhere() -> None:
    few = [case for case in CASES if case["team"] == "South"][:8]
    cases = [*(case for case in CASES if case["team"] == "North"), *few]
    scheme = LGSCO.with_disclosure(threshold=10, minimum_denominator=10)
    options: dict[str, Any] = {"cases": cases, "as_of": AS_OF, "by": "team", "targets": "decided-or-allocated-20wd"}
    found = kpi.report(scheme, **options)
    names = {each.name for each in found.publication.sections}
    assert not {"open", "waits", "open-at-ends"} & names
    assert section(found, "not-here").title == "What isn't published"
    shown = table(found, "decided-or-allocated-20wd-by")
    (south,) = (row for row in shown.rows if row[0] == "South")
    assert {str(cell) for cell in south[1:]} <= {"[c]", "[x]", "0", "– withheld", "– no data"}
    text = repr(found.publication)
    assert not any(f"'{case['case_id']}'" in text for case in cases)
    assert "Numbers from 1 to 9 are shown as [c]" in text
    assert "Times" not in {column.heading for each in found.publication.tables for column in each.columns}
    exact = kpi.report(LGSCO, **options)
    headline = [row for row in exact.results if row.cohort == LGSCO[row.target].cohort]
    assert [*found.results] == headline  # the figures themselves are as they were


def test_with_small_numbers_withheld_each_commitment_has_one_cohort() -> None:
    scheme = LGSCO.with_disclosure(threshold=3)
    found = kpi.report(scheme, cases=CASES, as_of=AS_OF, every="quarter", targets="investigation-13w")
    assert "investigation-13w-cohorts" not in {each.name for each in found.publication.tables}
    assert {row.cohort for row in found.results} == {"closed"}


def test_what_is_withheld_of_a_target_is_the_same_where_it_stands_alone() -> None:
    scheme = LGSCO.with_disclosure(threshold=10)
    results = kpi.measure(scheme, cases=CASES, as_of=AS_OF, every="quarter", by="team")
    whole = {each.name: each for each in results.published().tables}
    for name in BANDS:
        alone = {each.name: each for each in results[name].published().tables}
        assert alone[f"{name}-grid"] == whole[f"{name}-grid"]
        assert alone[name] == whole[name]
