"""How results show themselves."""

import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import Results, load_scheme, measure
from ombudsman_kpi.measures.not_measured import NotMeasured
from ombudsman_kpi.publish.layout import wide
from ombudsman_kpi.publish.results_table import table_of
from ombudsman_kpi.publish.text_table import STYLED, TextTable, as_html, as_text
from ombudsman_kpi.rounding import percent

LGSCO = load_scheme("lgsco")
TWENTY_DAYS = "decided-or-allocated-20wd"
CASES = pd.DataFrame(
    [
        ("A1", "2024-01-02", "2024-01-10", "North"),
        ("A2", "2024-01-03", "2024-03-29", "North"),
        ("A3", "2024-02-01", None, "South"),
        ("A4", "2024-06-20", None, "South"),
        ("A5", "2024-06-21", "2024-06-20", "South"),
    ],
    columns=["case_id", "received_at", "decided_at", "team"],
).assign(allocated_at=None)


def results(**options: Any) -> Results:
    return measure(LGSCO, **{"cases": CASES, "as_of": "2024-06-30", **options})


def laid_out(shown: Results, width: int | None = None) -> TextTable:
    return table_of(shown.rows, shown.basis, shown.counts, width)


def text(shown: Results, width: int | None = 120) -> str:
    return as_text(laid_out(shown, width), width)


class Cells(HTMLParser):
    """Read the cells of a table, and every tag that there is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.cells:
            self.cells[-1] += data


# Per cent, half up


def half_up(share: Fraction, places: int) -> str:
    """Round with whole numbers of another kind."""
    scaled = Decimal(0)
    scaled = (share * 100 * 10**places).__floor__() + Decimal(
        1 if share * 100 * 10**places - (share * 100 * 10**places).__floor__() >= Fraction(1, 2) else 0
    )
    return f"{(scaled / 10**places).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}%"


@pytest.mark.parametrize("places", [0, 1, 2])
def test_shares_are_rounded_half_up_for_every_denominator_to_200(places: int) -> None:
    for denominator in range(1, 201):
        for numerator in range(denominator + 1):
            expected = half_up(Fraction(numerator, denominator), places)
            assert percent(numerator, denominator, places) == expected, (numerator, denominator)


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "shown"),
    [
        (5, 8, 0, "63%"),  # 62.5%, which Python's own round makes 62
        (1, 8, 0, "13%"),
        (1, 200, 0, "1%"),
        (1, 16, 1, "6.3%"),  # 6.25%
        (3, 16, 1, "18.8%"),
        (1, 1000, 1, "0.1%"),
        (1, 2001, 1, "0.0%"),
        (1999, 2000, 1, "100.0%"),
        (0, 7, 1, "0.0%"),
        (7, 7, 1, "100.0%"),
        (1, 7, 3, "14.286%"),
        (0, 0, 1, "–"),
    ],
)
def test_a_share_is_shown_as_worked_out_by_hand(numerator: int, denominator: int, places: int, shown: str) -> None:
    assert percent(numerator, denominator, places) == shown


def test_one_decimal_place_is_shown_by_default() -> None:
    assert percent(1, 3) == "33.3%"


# The table


@pytest.mark.parametrize("options", [{}, {"every": "month"}, {"by": "team"}, {"cohort": "all"}], ids=str)
def test_every_measured_target_is_shown_and_every_other_with_its_reason(options: dict[str, Any]) -> None:
    shown = results(**options)
    for said in (as_text(laid_out(shown)), Cells(shown._repr_html_()).text):
        for target in LGSCO.targets:
            assert target.id in said
            if isinstance(target, NotMeasured):
                assert target.reason in said
        assert "Not measured: intake-calls-60s (no calls were given)" in said
        assert "no requests were given" in said


@pytest.mark.parametrize("every", [None, "month", "year", ["month", "quarter"]], ids=str)
@pytest.mark.parametrize("cohort", [None, "closed", "due", "all"])
def test_a_measured_target_without_a_single_record_is_shown_too(every: Any, cohort: str | None) -> None:
    shown = results(cases=CASES.iloc[:0], every=every, cohort=cohort)
    for said in (repr(shown), Cells(as_html(laid_out(shown))).text):
        for name in (TWENTY_DAYS, "investigation-13w"):
            assert name in said
        assert "no data" in said.replace("\xa0", " ")


def test_a_target_of_open_cases_alone_is_shown_in_the_closed_cohort_too() -> None:
    shown = results(cases=CASES.iloc[[2]], every="month", cohort="closed", targets=TWENTY_DAYS)
    assert TWENTY_DAYS in repr(shown)
    assert "1 still open" in repr(shown)


def test_it_says_by_which_scheme_calendar_and_date_it_was_counted() -> None:
    for said in (as_text(laid_out(results())), Cells(as_html(laid_out(results()))).text):
        for words in (LGSCO.title, LGSCO.digest, LGSCO.calendar.edition, "england-and-wales", "As at 30 June 2024"):
            assert words in said


def test_a_line_says_in_words_what_was_promised_reached_and_kept() -> None:
    lines = text(results(), None).splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("Cases decided or allocated"))
    assert re.split(r"\s{2,}", lines[place]) == [
        "Cases decided or allocated within 20 working days", "1 of 3", "33.3%", "at least 40%", "– undetermined",
        "none of 1 pending may miss", "1",
    ]  # fmt: skip
    assert re.split(r"\s{2,}", lines[place + 1].strip()) == [TWENTY_DAYS, "1 pending"]


@pytest.mark.parametrize(
    ("met", "missed", "standard", "words"),
    [
        (97, 3, "at least 95%", "2 more could miss"),  # 95 of 100 must be in time
        (96, 4, "at least 95%", "1 more could miss"),
        (95, 5, "at least 95%", "no more could miss"),
        (94, 6, "at least 95%", "1 too many missed"),
        (1, 1199, "at least 100%", "1,199 too many missed"),
    ],
)
def test_headroom_in_words(met: int, missed: int, standard: str, words: str) -> None:
    frame = pd.DataFrame(
        [("2024-01-02", "2024-01-03")] * met + [("2024-01-02", "2024-05-03")] * missed,
        columns=["received_at", "decided_at"],
    )
    frame = frame.assign(case_id=[f"C{place}" for place in range(len(frame))], allocated_at=None)
    scheme = LGSCO.with_target(TWENTY_DAYS, standard=standard)
    assert words in text(measure(scheme, cases=frame, as_of="2024-06-30", targets=TWENTY_DAYS), None)


def test_what_has_no_limit_is_counted_in_its_own_words() -> None:
    scheme = LGSCO.with_target(
        "upheld", measure="share of kinds", says="Complaints upheld", of="cases", dated="decided_at",
        numerator={"decision": "upheld"}, cohort="dated",
    )  # fmt: skip
    frame = CASES.iloc[:2].assign(decision=["upheld", "not-upheld"])
    shown = measure(scheme, cases=frame, as_of="2024-06-30", targets=["upheld", TWENTY_DAYS])
    said = text(shown)
    assert re.search(r"1 of 2 +50\.0% ", said)
    assert "upheld" in {cell.strip() for line in said.splitlines() for cell in re.split(r"\s{2,}", line)}
    assert not {"Met", "Missed"} & {*laid_out(shown).columns}
    assert "1 of 2 upheld" in shown.grid("upheld")._repr_html_()


def test_columns_that_say_nothing_are_left_out() -> None:
    assert laid_out(results(cases=CASES.iloc[:2], targets=TWENTY_DAYS)).columns == (
        "Commitment", "In time", "Share", "Standard", "Status", "Headroom",
    )  # fmt: skip
    assert laid_out(results(targets=TWENTY_DAYS, every="quarter")).columns == (
        "Period", "In time", "Share", "Standard", "Status", "Headroom",
    )  # fmt: skip


def test_periods_stand_across_and_groups_down_with_their_total() -> None:
    table = laid_out(results(targets=TWENTY_DAYS, by="team", every="quarter", as_of="2024-06-29"))
    assert table.columns == ("team", "2023/24 Q4", "2024/25 Q1 so\xa0far", "Note")
    assert [[cell_text(cell) for cell in row[:3]] for row in table.rows] == [
        ["North", "✓ 50.0%", "–"], ["South", "✗ 0.0%", "–"], ["All", "✗ 33.3%", "–"],
    ]  # fmt: skip


def cell_text(cell: Any) -> str:
    return str(getattr(cell, "text", cell)).replace("\xa0", " ")


def test_what_changed_since_the_last_period_is_said_in_points() -> None:
    frame = pd.DataFrame(
        [("2024-01-02", "2024-01-03")] * 4 + [("2024-02-01", "2024-02-02")] * 3 + [("2024-02-01", "2024-05-02")],
        columns=["received_at", "decided_at"],
    )
    frame = frame.assign(case_id=[f"C{place}" for place in range(8)], allocated_at=None)
    assert "down 25.0 points since Jan 2024" in text(
        results(cases=frame, every="month", targets=TWENTY_DAYS, as_of="2024-06-30"), None
    )
    cut = text(results(cases=frame, every="month", targets=TWENTY_DAYS, as_of="2024-02-15"), None)
    assert "too early to compare with Jan 2024" in cut
    assert "So far: the period isn't over at this date." in cut


def test_periods_without_room_are_said_to_be_elsewhere() -> None:
    frame = pd.DataFrame({"received_at": pd.date_range("2021-01-04", periods=36, freq="30D"), "decided_at": None})
    shown = results(cases=frame.assign(case_id=[f"C{n}" for n in range(36)], allocated_at=None), every="month",
                    targets=[TWENTY_DAYS, "investigation-13w"], as_of="2024-01-31")  # fmt: skip
    months = sorted({row.period_start for row in shown if row.period_start})
    said = " ".join(text(shown, 80).split())
    number = re.search(r"The (\d+) earlier periods are in to_pandas\(\)", said)
    assert number
    columns = laid_out(shown, 80).columns
    own = [name for name in columns if re.fullmatch(r"[A-Z][a-z]{2} \d{4}(\sso\sfar)?", name)]
    assert len(own) + int(number[1]) == len(months)
    assert own[-1] == "Nov 2023"
    assert "earlier period" not in text(shown, None)


def test_teams_without_any_record_that_counts_are_named_below() -> None:
    shown = results(by="team", targets="investigation-13w", cases=CASES.assign(
        allocated_at=["2024-01-03", "2024-01-04", "", "", ""], valid_at="2024-01-02"))  # fmt: skip
    assert "nothing was counted of South." in text(shown)
    assert [cell_text(row[0]) for row in laid_out(shown).rows] == ["North", "All"]


def test_one_column_of_numbers_leads_to_the_notes() -> None:
    table = laid_out(results(targets=TWENTY_DAYS))
    assert (table.columns[-1], table.rows[0][-1]) == ("Note", "1")
    assert table.footnotes[0] == "1  1 of 5 records is left out: 1 invalid (decided_at is before received_at)."


def test_a_due_day_that_may_move_and_a_period_that_is_not_over_are_said() -> None:
    late = pd.DataFrame({"case_id": ["A"], "received_at": ["2029-03-01"], "decided_at": [None], "allocated_at": [None]})
    said = text(results(cases=late, as_of="2029-03-10", every="month", targets=TWENTY_DAYS))
    assert "so far" in said
    assert "1  Some due days fall after the last announced bank holidays, and may still move." in said


def test_options_in_force_are_printed() -> None:
    scheme = LGSCO.with_target(TWENTY_DAYS, clock={"day_of_receipt": "day 1", "cut_off": "17:00"})
    said = text(measure(scheme, cases=CASES, as_of="2024-06-30"))
    assert f"Measured with day_of_receipt: day 1, cut_off: 17:00: {TWENTY_DAYS}." in said.splitlines()
    assert "partly" not in said  # the scores have it, and aren't measured


REVIEWS = [
    {"review_id": "R1", "standard": "1", "answer": "met", "reviewed_at": "2024-05-01"},
    {"review_id": "R2", "standard": "1", "answer": "not-met", "reviewed_at": "2024-05-01"},
]


def test_options_that_several_targets_share_are_printed_once() -> None:
    notes = laid_out(measure(LGSCO, reviews=REVIEWS, as_of="2024-06-30")).footnotes
    assert [line for line in notes if line.startswith("Measured with")] == [
        "Measured with partly: not met, combined: pooled: quality-measures.",
        "Measured with partly: not met: "
        + ", ".join([*(f"quality-measure-{number}" for number in range(1, 9)), "qa-checklist", "decision-checklist."]),
    ]


def test_large_numbers_have_separators() -> None:
    frame = pd.DataFrame(
        {"case_id": [f"C{i}" for i in range(1234)], "received_at": "2024-01-02", "decided_at": "2024-01-03"}
    )
    assert " 1,234 of 1,234 " in repr(results(cases=frame.assign(allocated_at=None), targets=TWENTY_DAYS))


@pytest.mark.parametrize("standard", ["at least 98.5%", "at most 2%"])
def test_a_standard_is_shown_in_words(standard: str) -> None:
    scheme = LGSCO.with_target(TWENTY_DAYS, standard=standard)
    assert f"  {standard}  " in text(measure(scheme, cases=CASES, as_of="2024-06-30", targets=TWENTY_DAYS))


# Widths


ODD = [
    "Team A", "北部北部北部北部", "הצוות הצפוני", "e\u0301quipe", "x" * 200, "a team with a very long name " * 7,
    "[bold red]North[/]", "\x1b[31mred\x1b[0m", "line\nline", "\u202egnp",
]  # fmt: skip


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("options", [{}, {"every": "quarter"}, {"by": "team"}, {"by": "team", "every": "month"},
                                     {"cohort": "all", "every": ["quarter", "year"]}], ids=str)  # fmt: skip
def test_every_word_has_room_and_nothing_disappears(width: int, options: dict[str, Any]) -> None:
    """No line is too long, and each cell's words stand in the table, whole and in their order."""
    shown = results(cases=CASES.assign(team=["North", "North", "South and West", "South and West", "East"]), **options)
    table = laid_out(shown, width)
    lines = as_text(table, width).splitlines()
    assert max(map(wide, lines)) <= width
    words = set(" ".join(lines).split())
    for part in (table, *table.more):
        for row in (part.columns, *part.rows):
            for cell in row:
                said = f"{cell_text(cell)} {getattr(cell, 'under', '')}".replace("\xa0", " ")
                assert {*said.split()} <= words, said
    for note in table.footnotes:
        assert {*note.split()} <= words


@pytest.mark.parametrize("width", [80, 100, 120])
def test_odd_names_keep_the_table_in_shape(width: int) -> None:
    cases = pd.DataFrame(
        [(f"C{n}", "2024-01-02", "2024-01-10", team) for n, team in enumerate(ODD)],
        columns=["case_id", "received_at", "decided_at", "team"],
    ).assign(allocated_at=None)
    shown = results(cases=cases, by="team", targets=TWENTY_DAYS)
    said = text(shown, width)
    lines = said.splitlines()
    rule = next(line for line in lines if line.startswith("─"))
    start = rule.index("  ") + 2  # of the second column
    body = lines[lines.index(rule) + 1 : lines.index("", lines.index(rule))]
    for line in body:
        assert wide(line) <= width
    first = [line for line in body if "100.0%" in line]
    assert len(first) == len(ODD) + 1
    end = {wide(line.partition("100.0%")[0]) for line in first}
    assert len(end) == 1  # the shares stand below one another
    assert end.pop() > start
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)
    assert "[bold red]North[/]" in said
    assert "\u200eהצוות הצפוני\u200e" in said


# HTML


NASTY = ["<script>alert(1)</script>", "<b>North</b>", "R&D", '"quoted"', "'single'", "</td></table>", "&lt;"]


@pytest.mark.parametrize("label", NASTY)
def test_group_labels_are_escaped(label: str) -> None:
    html = as_html(laid_out(results(cases=CASES.assign(team=label), by="team")))
    parsed = Cells(html)
    assert label in parsed.cells
    assert set(parsed.tags) <= {"div", "strong", "span", "table", "thead", "tbody", "tr", "th", "td"}
    assert parsed.tags.count("table") == 1


def test_names_of_columns_to_group_by_are_escaped() -> None:
    name = "<i>team</i>"
    parsed = Cells(as_html(laid_out(results(cases=CASES.rename(columns={"team": name}), by=[name]))))
    assert name in parsed.cells
    assert "i" not in parsed.tags


def test_titles_and_reasons_are_escaped() -> None:
    scheme = LGSCO.with_target(
        "read", measure="not measured", says="Cases are read", of="cases", cohort="closed", reason="<b>because</b>"
    )
    parsed = Cells(as_html(laid_out(measure(scheme, cases=CASES, as_of="2024-06-30"))))
    assert "<b>because</b>" in parsed.text
    assert "b" not in parsed.tags


def test_html_has_the_cells_of_the_text() -> None:
    table = laid_out(results(every="quarter", by="team", cohort="all"))
    cells = [cell.replace("\xa0", " ") for cell in Cells(as_html(table)).cells]
    own = [cell for row in (table.columns, *table.rows) for cell in row]
    expected = [f"{cell_text(cell)}{getattr(cell, 'under', '')}".replace("\xa0", " ") for cell in own]
    assert len(cells) == len(expected)
    assert cells[:-1] == expected[:-1]  # the notes follow the last cell


def test_a_status_is_told_by_a_mark_and_a_word_not_by_colour_alone() -> None:
    html = as_html(laid_out(results(targets=TWENTY_DAYS)))
    assert re.search(r"background:#[0-9a-f]{6};[^>]*>–&nbsp;undetermined<", html)


def test_only_the_status_is_coloured() -> None:
    """A group may be called like a status."""
    html = as_html(laid_out(results(cases=CASES.assign(team="undetermined"), by="team", targets=TWENTY_DAYS)))
    assert re.findall(r"(background[^>]*)?>(?:–&nbsp;)?undetermined<", html)[0] == ""
    assert html.count("background:") == 2  # the status of the group, and that of all


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2.2 has it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_status_can_be_read_on_its_colour() -> None:
    assert all(contrast(colour, "#ffffff") >= 4.5 for colour in STYLED.values() if colour)


def test_text_and_html_are_what_the_notebook_and_the_terminal_show() -> None:
    shown = results()
    assert repr(shown) == str(shown) == text(shown)
    assert shown._repr_html_() == as_html(laid_out(shown))
