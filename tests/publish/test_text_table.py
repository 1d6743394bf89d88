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
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text, table_of
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


def laid_out(shown: Results) -> TextTable:
    return table_of(shown.rows, shown.basis)


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
    for text in (repr(shown), Cells(shown._repr_html_()).text):
        for target in LGSCO.targets:
            assert target.id in text
            if isinstance(target, NotMeasured):
                assert target.reason in text
        assert "not measured: intake-calls-60s (no calls were given)" in text
        assert "no requests were given" in text


@pytest.mark.parametrize("every", [None, "month", "year", ["month", "quarter"]], ids=str)
@pytest.mark.parametrize("cohort", [None, "closed", "due", "all"])
def test_a_measured_target_without_a_single_record_is_shown_too(every: Any, cohort: str | None) -> None:
    shown = results(cases=CASES.iloc[:0], every=every, cohort=cohort)
    for text in (repr(shown), Cells(as_html(laid_out(shown))).text):
        for name in (TWENTY_DAYS, "investigation-13w"):
            assert name in text
        assert "no data" in text


def test_a_target_of_open_cases_alone_is_shown_in_the_closed_cohort_too() -> None:
    shown = results(cases=CASES.iloc[[2]], every="month", cohort="closed", targets=TWENTY_DAYS)
    assert TWENTY_DAYS in repr(shown)
    assert "1 still open" in repr(shown)


def test_the_heading_says_scheme_digest_calendar_and_date() -> None:
    for text in (repr(results()), Cells(as_html(laid_out(results()))).text):
        for words in (LGSCO.title, LGSCO.digest, LGSCO.calendar.edition, "england-and-wales", "as at 2024-06-30"):
            assert words in text


def test_a_line_shows_what_was_promised_reached_and_kept() -> None:
    line = next(line for line in repr(results()).splitlines() if line.startswith(TWENTY_DAYS))
    assert re.split(r"\s{2,}", line) == [
        TWENTY_DAYS, "20 working days", "3", "1", "2", "1", "33.3%", "≥ 40%", "undetermined", "0",
    ]  # fmt: skip


def test_columns_that_say_nothing_are_left_out() -> None:
    assert laid_out(results(cases=CASES.iloc[:2])).columns == (
        "Target", "Limit", "Counted", "In time", "Missed", "Share", "Standard", "Status", "Headroom",
    )  # fmt: skip
    wide = laid_out(results(cohort="all", every="month", by="team")).columns
    assert wide == (
        "Target", "Limit", "Cohort", "Period", "team", "Counted", "In time", "Missed", "Pending", "Share", "Standard",
        "Status", "Headroom",
    )  # fmt: skip


REVIEWS = [
    {"review_id": "R1", "standard": "1", "answer": "met", "reviewed_at": "2024-05-01"},
    {"review_id": "R2", "standard": "1", "answer": "not-met", "reviewed_at": "2024-05-01"},
]


def test_the_columns_of_another_measure_beside_a_share_within_a_limit() -> None:
    """A share of answers isn't in time; a number is no share, and met by none."""
    scheme = LGSCO.with_target(
        "received", measure="count", says="Cases received", of="cases", dated="received_at", cohort="received"
    )

    def shown(*targets: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        table = laid_out(measure(scheme, cases=CASES, reviews=REVIEWS, as_of="2024-06-30", targets=targets))
        return table.columns, list(table.rows)

    columns, rows = shown(TWENTY_DAYS, "quality-measure-1")
    assert columns == (
        "Target", "Measure", "Counted", "Met", "Missed", "Pending", "Share", "Standard", "Status", "Headroom", "Note",
    )  # fmt: skip
    assert [row[:2] for row in rows] == [(TWENTY_DAYS, "20 working days"), ("quality-measure-1", "score")]
    assert rows[0][-1] == ""
    assert rows[1][2:-1] == ("2", "1", "1", "0", "50.0%", "–", "no target", "–")
    assert rows[1][-1].startswith("sample of 2; 95% interval")
    columns, rows = shown(TWENTY_DAYS, "received")
    assert columns == (
        "Target", "Measure", "Counted", "Met", "Missed", "Pending", "Value", "Standard", "Status", "Headroom",
    )  # fmt: skip
    assert rows[1] == ("received", "count", "5", "–", "–", "0", "5", "–", "no target", "–")


def test_lines_of_text_are_aligned() -> None:
    lines = repr(results(every="month", by="team")).splitlines()
    rule = next(line for line in lines if line.startswith("─"))
    starts = [found.start() for found in re.finditer("─+", rule)]
    body = lines[lines.index(rule) - 1 : lines.index("", lines.index(rule))]
    assert len(body) > 20
    for line in body:
        assert all(line[start - 2 : start] == "  " for start in starts[1:])


def test_what_was_left_out_is_said_below_the_table() -> None:
    text = repr(results(targets=TWENTY_DAYS))
    _, note = [line for line in text.splitlines() if line.startswith(TWENTY_DAYS)]
    assert "1 of 5 records" in note
    assert "decided_at is before received_at" in note
    assert "pending" not in note  # it has a column of its own


def test_an_incomplete_period_and_a_due_day_that_may_move_are_marked() -> None:
    late = pd.DataFrame({"case_id": ["A"], "received_at": ["2029-03-01"], "decided_at": [None], "allocated_at": [None]})
    text = repr(results(cases=late, as_of="2029-03-10", every="month", targets=TWENTY_DAYS))
    assert "Mar 2029 * †" in text
    assert "* the period isn't over" in text
    assert "† some due days fall after the last announced bank holidays" in text


def test_options_in_force_are_printed() -> None:
    scheme = LGSCO.with_target(TWENTY_DAYS, clock={"day_of_receipt": "day 1", "cut_off": "17:00"})
    text = repr(measure(scheme, cases=CASES, as_of="2024-06-30"))
    assert f"measured with day_of_receipt: day 1, cut_off: 17:00: {TWENTY_DAYS}" in text.splitlines()
    assert "partly" not in text  # the scores have it, and aren't measured


def test_options_that_several_targets_share_are_printed_once() -> None:
    lines = repr(measure(LGSCO, reviews=REVIEWS, as_of="2024-06-30")).splitlines()
    assert [line for line in lines if line.startswith("measured with")] == [
        "measured with partly: not met, combined: pooled: quality-measures",
        "measured with partly: not met: "
        + ", ".join([*(f"quality-measure-{number}" for number in range(1, 9)), "qa-checklist", "decision-checklist"]),
    ]


def test_large_numbers_have_separators() -> None:
    frame = pd.DataFrame(
        {"case_id": [f"C{i}" for i in range(1234)], "received_at": "2024-01-02", "decided_at": "2024-01-03"}
    )
    assert " 1,234 " in repr(results(cases=frame.assign(allocated_at=None), targets=TWENTY_DAYS))


@pytest.mark.parametrize("standard", ["at least 98.5%", "at most 2%", None])
def test_a_standard_is_shown_as_published(standard: str | None) -> None:
    scheme = LGSCO.with_target(TWENTY_DAYS, standard=standard)
    line = next(
        line
        for line in repr(measure(scheme, cases=CASES, as_of="2024-06-30")).splitlines()
        if line.startswith(TWENTY_DAYS)
    )
    assert {"at least 98.5%": "≥ 98.5%", "at most 2%": "≤ 2%", None: "–"}[standard] in line


# HTML


NASTY = ["<script>alert(1)</script>", "<b>North</b>", "R&D", '"quoted"', "'single'", "</td></table>", "&lt;"]


@pytest.mark.parametrize("label", NASTY)
def test_group_labels_are_escaped(label: str) -> None:
    html = as_html(laid_out(results(cases=CASES.assign(team=label), by="team")))
    parsed = Cells(html)
    assert label in parsed.cells
    assert set(parsed.tags) <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td"}
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
    shown = results(every="quarter", by="team", cohort="all")
    table = laid_out(shown)
    cells = Cells(as_html(table)).cells
    expected = [*table.columns, *(cell for row in table.rows for cell in row)]
    assert len(cells) == len(expected)
    assert [*cells[:-1], cells[-1][: len(expected[-1])]] == expected  # the notes follow the last cell


def test_a_status_is_told_by_words_not_by_colour_alone() -> None:
    html = as_html(laid_out(results(targets=TWENTY_DAYS)))
    assert "undetermined</td>" in html
    assert re.search(r"color:#[0-9a-f]{6}", html)


def test_only_the_status_is_coloured() -> None:
    """A group may be called like a status."""
    html = as_html(laid_out(results(cases=CASES.assign(team="undetermined"), by="team", targets=TWENTY_DAYS)))
    cells = re.findall(r'<td style="([^"]*)">undetermined</td>', html)
    assert ["color:#" in style for style in cells] == [False, True]


def test_text_and_html_are_what_the_notebook_and_the_terminal_show() -> None:
    shown = results()
    assert repr(shown) == str(shown) == as_text(laid_out(shown))
    assert shown._repr_html_() == as_html(laid_out(shown))


def test_a_narrow_screen_gets_the_columns_that_matter_most() -> None:
    whole = laid_out(measure(LGSCO, cases=CASES, as_of="2024-06-30"))
    narrow = whole.within(80)
    assert whole.within(1000) == whole
    assert {"Target", "Counted", "Share", "Standard", "Status"} <= set(narrow.columns) < set(whole.columns)
    assert sum(narrow.widths) + 2 * len(narrow.columns) <= 80
    assert [len(row) for row in narrow.rows] == [len(narrow.columns)] * len(whole.rows)
