"""What is published of figures: every commitment has its headline and its section, and how all was counted is said."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.publish.page import page_of
from ombudsman_kpi.publish.published import Publication, PublishedTable, Shorthand, TableColumn, shown
from ombudsman_kpi.schemes.scheme import Scheme

LGSCO = kpi.load_scheme("lgsco")
TEAMS = ("North", "South")


def cases_of(months: list[str], teams: tuple[str, ...] = TEAMS) -> list[dict[str, Any]]:
    """In each month and team ten cases that are decided within 20 working days, and after the first month four late."""
    return [
        {
            "case_id": f"{month}-{team}-{place}",
            "received_at": f"{month}-02",
            "allocated_at": None,
            "decided_at": f"{month}-{20 if place < 10 else 28}" if place < 10 else None,
            "team": team,
        }
        for month in months
        for team in teams
        for place in range(10 if month == months[0] else 14)
    ]


TARGET = "decided-or-allocated-20wd"
CASES = cases_of(["2024-01", "2024-02", "2024-03"])
OPTIONS: dict[str, Any] = {"as_of": "2024-04-30", "targets": TARGET}


def published(scheme: Scheme = LGSCO, cases: Any = CASES, **options: Any) -> Publication:
    return kpi.measure(scheme, cases=cases, **{**OPTIONS, **options}).published()


def texts(publication: Publication) -> str:
    return repr(publication)


def column(table: PublishedTable, heading: str) -> list[str]:
    (place,) = (at for at, each in enumerate(table.columns) if each.heading == heading)
    return [shown(row[place], table.columns[place]) for row in table.rows]


def test_a_headline_says_what_was_reached_promised_and_changed() -> None:
    publication = published(every="month")
    (headline,) = publication.headlines
    assert headline.target == TARGET
    assert TARGET in {section.name for section in publication.sections}  # which the page links to
    assert (headline.value, headline.standard, headline.status) == ("71.4%", "at least 40%", "met")
    assert headline.says == "8 more could miss"  # 20 of 28, of which 12 are needed
    assert headline.changed == "unchanged since Feb 2024"


def test_a_change_is_stated_once_nothing_open_can_turn_it() -> None:
    cases = [*CASES, *({"case_id": f"N{place}", "received_at": "2024-04-02", "allocated_at": None, "decided_at": day}
                       for place, day in enumerate(["2024-04-20", *[None] * 9]))]  # fmt: skip
    waiting, later = (
        kpi.measure(LGSCO, cases=cases, every="month", as_of=day, targets=TARGET).published().headlines[0]
        for day in ("2024-04-30", "2024-05-31")
    )
    assert waiting.changed == "too early to compare with Mar 2024"
    assert waiting.says == "6 of 9 pending could miss; it will end between 10.0% and 100.0%"
    assert later.changed == "down 61.4 points since Mar 2024"


def test_a_commitment_has_a_table_over_time_by_group_and_of_both() -> None:
    publication = published(every="month", by="team")
    tables = {table.name: table for table in publication.tables}
    assert column(tables[TARGET], "Period") == ["Jan 2024", "Feb 2024", "Mar 2024"]
    assert column(tables[TARGET], "Counted") == ["20", "28", "28"]
    assert column(tables[TARGET], "In time") == ["20", "20", "20"]
    assert column(tables[f"{TARGET}-by"], "Share") == ["71.4%", "71.4%", "71.4%"]
    assert column(tables[f"{TARGET}-by"], "Counted") == ["14", "14", "28"]
    grid = tables[f"{TARGET}-grid"]
    assert [each.heading for each in grid.columns[1:]] == ["Jan 2024", "Feb 2024", "Mar 2024"]
    assert column(grid, "Jan 2024") == ["100.0%", "100.0%", "100.0%"]
    (section,) = (each for each in publication.sections if each.name == TARGET)
    assert [drawing.name for drawing in section.drawings] == [f"{TARGET}-month-over-time", f"{TARGET}-month-groups"]


def test_the_three_cohorts_stand_side_by_side() -> None:
    publication = published(every="month", cohort="all")
    (table,) = (each for each in publication.tables if each.name == f"{TARGET}-cohorts")
    assert [each.heading for each in table.columns] == [
        "Period", "Received: counted", "Received: share", "Closed: counted", "Closed: share", "Due: counted",
        "Due: share",
    ]  # fmt: skip
    assert column(table, "Received: share")[1:3] == ["71.4%", "71.4%"]
    assert column(table, "Closed: share")[:3] == ["100.0%"] * 3  # those decided are young
    assert published(every="month").headlines == publication.headlines  # the headline cohort stays the headline


def test_groups_that_no_record_has_make_no_table() -> None:
    contacts = [
        {"contact_id": f"W{place}", "received_at": "2024-03-04", "handled_at": "2024-03-05"} for place in range(9)
    ]
    options: dict[str, Any] = {"as_of": "2024-04-30", "every": "month", "by": "team"}
    results = kpi.measure(LGSCO, cases=CASES, written_contacts=contacts, **options)
    names = {table.name for table in results.published().tables}
    assert "written-contacts-3wd" in names
    assert not {"written-contacts-3wd-by", "written-contacts-3wd-grid"} & names


def test_groups_without_any_figure_are_named_below() -> None:
    more = [{**case, "team": "Nobody", "case_id": f"X{place}", "received_at": "2024-04-29", "decided_at": None}
            for place, case in enumerate(CASES[:3])]  # fmt: skip
    publication = published(cases=[*CASES, *more], every="month", by="team")
    (table,) = (each for each in publication.tables if each.name == f"{TARGET}-grid")
    assert column(table, "Team") == ["North", "South", "All"]
    assert table.notes == ("Nobody has no figure in any period, and aren't listed.",)


def test_what_figures_alone_do_not_say_is_said() -> None:
    (section,) = (each for each in published().sections if each.name == "not-here")
    assert section.says == (
        "Figures alone don't say the longest waits, the quality of the records or the other cohorts. Make this from "
        "the records to have them: kpi.report(…), or the command ombudsman-kpi report."
    )
    assert "not-here" not in {each.name for each in kpi.report(LGSCO, cases=CASES, **OPTIONS).publication.sections}


@pytest.mark.parametrize(
    ("report", "title", "subtitle"),
    [
        ("executive-team", "Monthly report to the Executive Team", "March 2024"),
        ("commission", "Quarterly report to the Commission", "2023/24 Q4 (January to March 2024)"),
        (None, LGSCO.title, "All records"),
    ],
)
def test_the_heading_follows_the_report(report: str | None, title: str, subtitle: str) -> None:
    publication = published(report=report, targets=[TARGET, "investigation-13w"])
    assert publication.title == title
    assert publication.subtitle.removeprefix(f"{LGSCO.title}: ") == f"{subtitle}, as at 30 April 2024"


def test_a_report_has_the_cycles_that_its_entries_name(tmp_path: Path) -> None:
    scheme = tmp_path / "own.toml"
    scheme.write_text(
        'id = "own"\nextends = "lgsco"\n'
        '[[report]]\naudience = "the Board"\nevery = "quarter"\ntargets = ["decided-or-allocated-20wd"]\n'
        '[[report]]\naudience = "the Board"\nevery = "year"\ntargets = ["decided-or-allocated-20wd"]\n'
        '[[report]]\naudience = "Public"\nevery = "financial-year"\ntargets = ["decided-or-allocated-20wd"]\n'
    )
    own = kpi.load_scheme(scheme)
    both = kpi.measure(own, cases=CASES, as_of="2024-12-31", report="the board").published()
    assert both.title == "Quarterly and yearly report to the Board"
    assert {table.name for table in both.tables} >= {TARGET, f"{TARGET}-year"}
    public = kpi.measure(own, cases=CASES, as_of="2024-12-31", report="public").published()
    assert public.title == "Yearly report to the public"


def test_how_everything_was_counted_is_said() -> None:
    cases = [*CASES, {**CASES[0], "case_id": "B", "decided_at": None, "withdrawn_at": "2024-01-03"},
             {**CASES[0], "case_id": "C", "decided_at": "2023-12-01"}]  # fmt: skip
    scheme = LGSCO.with_target(TARGET, clock={"day_of_receipt": "day 1"})
    results = kpi.measure(scheme, cases=cases, every="month", by="team", as_of="2024-04-30")
    said = "\n".join(f"{name}: {text}" for name, text in results.published().how)
    for fact in (
        LGSCO.source, scheme.digest, scheme.calendar.edition, "England and Wales", "Europe/London", "2024-04-30",
        "The close of 30 April 2024", "Groups: By team", "Periods: Months", "day of receipt: day 1",
        "1 of 78 cases: 1 (withdrawn)", "1 of 78 cases: 1 (decided_at is before received_at)",
        "Not measured: No calls were given", "those received",
    ):  # fmt: skip
        assert fact.lower() in said.lower(), fact


def test_every_measured_commitment_is_there_and_no_other() -> None:
    results = kpi.measure(LGSCO, cases=CASES, as_of="2024-04-30")
    publication = results.published()
    measured = [row.target for row in results if row.status != "not measured"]
    assert [each.target for each in publication.headlines] == measured
    assert [each.name for each in publication.sections if each.status] == measured
    assert len(publication.summary.rows) == len(measured)


def test_names_of_tables_and_drawings_differ() -> None:
    publication = kpi.report(LGSCO, cases=CASES, as_of="2024-04-30", every=["month", "quarter"], by="team").publication
    drawn = [drawing.name for section in publication.sections for drawing in section.drawings]
    names = [table.name for table in publication.tables] + [name for name in drawn if name.endswith("over-time")]
    assert len(drawn) == len({*drawn})
    assert len(names) == len({*names})


def test_rows_are_as_wide_as_their_tables() -> None:
    publication = kpi.report(LGSCO, cases=CASES, as_of="2024-04-30", every="month", by="team").publication
    drawn = (drawing.data for section in publication.sections for drawing in section.drawings)
    for table in chain(publication.tables, drawn):
        assert {len(row) for row in table.rows} <= {len(table.columns)}
        assert not any(cell is None for row in table.rows for cell in row)


@pytest.mark.parametrize(
    ("options", "cases"),
    [
        (options, cases)
        for options in ({}, {"every": "month"}, {"every": "month", "by": "team"})
        for cases in ([], CASES[:1], CASES)
        if cases or "by" not in options  # nothing says that there are teams
    ],
)
def test_any_results_can_be_published(options: dict[str, Any], cases: list[dict[str, Any]], tmp_path: Path) -> None:
    results = kpi.measure(LGSCO, cases=cases, as_of="2024-04-30", **options)
    for each in (results, kpi.Results.from_json(results.to_json())):
        for name in ("page.html", "book.xlsx", "book.ods"):
            (each.to_html if name.endswith("html") else each.to_workbook)(tmp_path / name)
            assert (tmp_path / name).stat().st_size > 1000


HOSTILE = [
    "x" * 200, "فريق الشمال", "\u202eTeam", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "[red]Team[/red]",
    "\x1b[31mTeam", "&lt;b&gt;", "", "  ", "+1", "@SUM(A1)",
]  # fmt: skip


def test_names_are_text(tmp_path: Path) -> None:
    cases = [
        {**case, "team": HOSTILE[place % len(HOSTILE)], "case_id": f"{HOSTILE[place % len(HOSTILE)]}{place}"}
        for place, case in enumerate([*CASES, *({**case, "decided_at": None} for case in CASES)])
    ]
    found = kpi.report(LGSCO, cases=cases, as_of="2024-04-30", every="month", by="team")
    page = page_of(found.publication)
    assert "<script>alert" not in page
    assert not re.search("[\x1b\u202e]", page)
    assert "\x1b" not in repr(found)
    found.to_workbook(tmp_path / "book.xlsx")
    found.to_workbook(tmp_path / "book.ods")


def test_cells_of_names_are_whole() -> None:
    cases = [{**case, "team": "x" * 200} for case in CASES]
    publication = published(cases=cases, every="month", by="team")
    (table,) = (each for each in publication.tables if each.name == f"{TARGET}-by")
    assert column(table, "Team") == ["x" * 200, "All"]


def test_nothing_heavy_is_loaded_for_results() -> None:
    import subprocess
    import sys

    code = (
        "import sys, ombudsman_kpi as kpi; "
        "cases = [{'case_id': 'A', 'received_at': '2024-01-02'}]; "
        "kpi.measure(kpi.load_scheme('lgsco'), cases=cases, as_of='2024-03-31'); "
        "print(sorted({'jinja2', 'scipy', 'matplotlib', 'gptables', 'afcharts'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_shorthand_stands_where_there_is_no_figure() -> None:
    assert shown(Shorthand("x"), TableColumn("Share", "share")) == "[x]"


def test_what_may_still_change_and_what_was_revised_is_marked() -> None:
    corrected = [{**case, "decided_at": None} if case["case_id"] == "2024-02-North-0" else case for case in CASES]
    options: dict[str, Any] = {"as_of": "2024-04-30", "targets": TARGET, "every": "month", "by": "team"}
    old, new = (kpi.measure(LGSCO, cases=cases, **options) for cases in (CASES, corrected))
    publication = new.published(since=old)
    tables = {table.name: table for table in publication.tables}
    assert column(tables[TARGET], "Period") == ["Jan 2024", "Feb 2024 [r]", "Mar 2024"]
    assert [each.heading for each in tables[f"{TARGET}-grid"].columns] == [
        "Team",
        "Jan 2024",
        "Feb 2024 [r]",
        "Mar 2024",
    ]
    assert tables[TARGET].marks() == ["r"]
    assert not any(table.marks() for table in new.published().tables)
    assert not any(table.marks() for table in new.published(since=new).tables)
    early = kpi.measure(LGSCO, cases=CASES, **{**options, "as_of": "2024-03-20"}).published()
    (table,) = (each for each in early.tables if each.name == TARGET)
    assert column(table, "Period") == ["Jan 2024", "Feb 2024", "Mar 2024, so far [p]"]
    page = page_of(early)
    assert "[p]" in page
    assert "provisional" in page


def test_tables_and_charts_of_several_kinds_of_period_say_which_they_are() -> None:
    (section,) = published(every=["month", "quarter"], by="team").sections[:1]
    for titles in ([table.title for table in section.tables], [drawing.title for drawing in section.drawings]):
        assert len({*titles}) == len(titles)
    assert f"{section.title}: over time, by quarter" in [table.title for table in section.tables]
    (alone,) = published(every=["month", None]).sections[:1]
    assert f"{alone.title}: over time" in [table.title for table in alone.tables]


def test_what_has_no_standard_has_no_headroom_even_where_there_is_no_data() -> None:
    homes: dict[str, Any] = {"by": "team", "every": "financial-year", "targets": "ch01-stage-1-per-1000-homes"}
    made = {"kind": "stage-1", "received_at": "2023-05-02", "answered_at": None, "team": "North"}
    shown_ = kpi.measure(
        kpi.load_scheme("tenant-satisfaction-measures"), requests=[{**made, "request_id": str(at)} for at in range(3)],
        populations=[{"period": "2023/24", "number": 1000}], as_of="2024-03-31", **homes,
    ).published()  # fmt: skip
    headings = {each.heading for table in shown_.tables for each in table.columns}
    assert {"Headroom", "Standard"} & headings == set()


def test_without_standards_nothing_is_said_of_data_that_lack() -> None:
    landlord = kpi.load_scheme("complaint-handling-code")
    times = dict.fromkeys(("acknowledged_at", "answered_at", "extended_at", "extended_to_at"))
    request = {**times, "request_id": "1", "kind": "stage-1", "received_at": "2024-03-28"}
    found = kpi.measure(landlord, requests=[request], as_of="2024-05-31").published()
    assert {headline.status for headline in found.headlines} == {"no target", "no data"}
    assert found.says == "None of the commitments measured has a standard that it could meet or miss."
    nothing = kpi.measure(landlord, requests=[{**request, "kind": "other"}], as_of="2024-05-31").published()
    assert nothing.says == "None of the commitments measured has data by which it could be met or missed."


def test_a_change_that_the_measure_tells_is_told_once() -> None:
    borough = kpi.load_scheme("tower-hamlets")
    cases = [{"case_id": f"{month}{at}", "received_at": f"2024-0{month}-02"} for month in (2, 3) for at in range(month)]
    (headline,) = (
        kpi.measure(borough, cases=cases, as_of="2024-03-31", every="month", targets="volumes").published().headlines
    )
    assert (headline.says, headline.changed) == ("+1 on Feb 2024 (2): +50.0%", "")


def test_every_cell_of_the_summary_says_something() -> None:
    assert [cell for row in published(every="month").summary.rows for cell in row if cell in {None, ""}] == []
    assert column(published(cases=CASES[:20], every="month").summary, "Change") == ["–"]


def test_the_line_below_the_heading_begins_with_a_capital() -> None:
    assert published(every="week").subtitle == "Week from 26 February 2024, as at 30 April 2024"
    assert published().subtitle == "All records, as at 30 April 2024"
