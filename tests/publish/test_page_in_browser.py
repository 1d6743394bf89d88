"""The page as people use it, in Chromium: with a mouse or without, at any width, by day and by night, and on paper."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))
from browser import barriers, do_without, running_browser, shown
from playwright.sync_api import Browser, Page, expect
from publications import ARABIC, LONG, MARKUP, MONTHS, of_size, with_everything

from ombudsman_kpi import load_scheme, measure
from ombudsman_kpi.publish.page import page_of

pytestmark = pytest.mark.xdist_group("browser")  # one browser, in one process

SMALL = page_of(with_everything())
FOLDED = page_of(of_size(14, 3, 2))
GRID, WAITS = "#table-target-1", "#table-waits"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


def column(page: Page, table: str, number: int) -> list[str]:
    """Return what a column shows, from its first row that is shown to its last."""
    rows = page.locator(f"{table} tbody tr:visible > :nth-child({number})")
    return [text.strip() for text in rows.all_inner_texts()]


# Which element has the focus; and it, unless it is in the window, outlined and with nothing before it.
FOCUSED = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect();
    const within = (at, length, whole) => Math.min(Math.max(at + Math.min(length, 20) / 2, 1), whole - 1);
    const x = within(box.left, box.width, innerWidth), y = within(box.top, box.height, innerHeight);
    const there = document.elementFromPoint(x, y);
    const seen = one.contains(there) || !!there?.closest("table")?.contains(one);
    return [one.dataset.order, seen && getComputedStyle(one).outlineStyle === "solid" ? "" : one.outerHTML];
}"""
# Everything that takes the focus, numbered in its order.
NUMBERED = """() => {
    const all = [...document.querySelectorAll("main :is(a, button, input, summary, [tabindex='0'])")];
    const shown = all.filter((one) => one.checkVisibility());
    shown.forEach((one, place) => { one.dataset.order = place; });
    return shown.length;
}"""


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_there_is_no_barrier(browser: Browser, width: int, dark: bool) -> None:
    with shown(browser, SMALL, width=width, dark=dark) as page:
        for one in page.locator("details").all():
            one.evaluate("(one) => { one.open = true; }")
        page.locator(f"{WAITS} input").fill("expert")
        page.locator(f"{WAITS} thead button").nth(2).click()
        page.locator(f"{GRID} thead button").last.click()
        page.locator("#table-target-2 input").fill("nobody is called this")
        assert barriers(page) == []


def test_folded_sections_are_no_barrier(browser: Browser) -> None:
    with shown(browser, FOLDED) as page:
        assert barriers(page) == []
        page.get_by_role("button", name="Open all charts and tables").click()
        assert barriers(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_of_measured_results_is_no_barrier(browser: Browser, dark: bool, tmp_path: Path) -> None:
    cases = Path(__file__).parents[2] / "examples" / "data" / "cases.csv"
    options: dict[str, Any] = {"as_of": "2024-03-31", "every": "quarter", "by": "team"}
    results = measure(load_scheme("lgsco"), cases=cases, targets="investigation-13w", cohort="all", **options)
    results.to_html(tmp_path / "page.html")
    with shown(browser, (tmp_path / "page.html").read_text("utf-8"), width=640, dark=dark) as page:
        page.get_by_role("button", name="Open all charts and tables").click()
        assert page.locator("figure svg:visible").count() >= 2
        assert barriers(page) == []


def test_a_barrier_would_be_found(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        page.evaluate("document.querySelector('tbody td').innerHTML = '<font color=#aaa>pale</font>'")
        page.locator(f"{GRID} label").evaluate("(one) => one.remove()")
        assert {found.partition(":")[0] for found in barriers(page)} == {"color-contrast", "label"}


def test_numbers_are_sorted_by_their_value_and_totals_stay_last(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        heading = page.locator(f"{GRID} thead th").nth(2)
        button = heading.locator("button")
        before = column(page, GRID, 3)
        assert heading.get_attribute("aria-sort") is None
        button.click()
        rising = column(page, GRID, 3)
        assert heading.get_attribute("aria-sort") == "ascending"
        assert page.locator("#said").inner_text() == f"Sorted by {button.inner_text()}, lowest first."
        button.click()
        falling = column(page, GRID, 3)
        assert heading.get_attribute("aria-sort") == "descending"
        assert page.locator("#said").inner_text() == f"Sorted by {button.inner_text()}, highest first."
        numbers = [text for text in before[:-1] if text != "[c]"]
        assert rising == [*sorted(numbers, key=lambda text: float(text[:-1])), "[c]", before[-1]]
        assert falling == [*sorted(numbers, key=lambda text: -float(text[:-1])), "[c]", before[-1]]
        page.locator(f"{GRID} thead button").first.click()
        assert heading.get_attribute("aria-sort") is None
        assert column(page, GRID, 1)[-4:] == ["Team 10", "Équipe A", ARABIC, "All"]
        page.locator(f"{WAITS} thead button").nth(1).click()
        days = [text for text in column(page, WAITS, 2) if text != "[x]"]
        assert [text.split()[1] for text in days] == [month for month in MONTHS if month != "Jun"]


def test_rows_are_filtered_from_the_keyboard(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        field = page.get_by_label("Filter rows of The longest waits")
        said = page.locator(f"{WAITS} .filter span").last
        assert said.inner_text() == "12 rows"
        field.focus()
        page.keyboard.type("AUßERUNG 24-0")  # the table has Äußerung
        assert said.inner_text() == "4 of 12 rows shown, with “AUßERUNG 24-0”"
        assert column(page, WAITS, 1) == ["24-001", "24-007", "24-009", "24-011"]
        expect(page.locator("#said")).to_have_text(said.inner_text())
        page.keyboard.press("Escape")
        assert field.input_value() == ""
        assert said.inner_text() == "12 rows"
        assert len(column(page, WAITS, 1)) == 12
        page.get_by_label("Filter rows of Cases decided within 13 weeks", exact=True).fill("équipe")
        assert column(page, GRID, 1) == ["Équipe A", "All"]


def test_everything_is_reached_from_the_keyboard_in_order(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.locator(".skip").bounding_box()["height"] > 24  # type: ignore[index]
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        number = page.evaluate(NUMBERED)
        assert number > 100
        for place in range(number):
            page.keyboard.press("Tab")
            assert page.evaluate(FOCUSED) == [str(place), ""]


def test_keys_do_what_the_mouse_does(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        button = page.locator(f"{WAITS} thead button").nth(2)
        heading = page.locator(f"{WAITS} thead th").nth(2)
        button.focus()
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        page.keyboard.press("Space")
        assert heading.get_attribute("aria-sort") == "descending"
        assert page.evaluate("document.activeElement.textContent") == "Waited (working days)"
        summary = page.locator("summary").first
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator("details").first.evaluate("(one) => one.open")
        region = page.locator(f"{WAITS} .scroll")
        assert region.get_attribute("role") is None
        page.set_viewport_size({"width": 400, "height": 800})
        expect(region).to_have_attribute("tabindex", "0")
        region.focus()
        page.keyboard.press("ArrowRight")
        expect(region).not_to_have_js_property("scrollLeft", 0)


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_no_width_makes_the_page_scroll_two_ways(browser: Browser, width: int) -> None:
    with shown(browser, SMALL, width=width) as page:
        for one in page.locator("details").all():
            one.evaluate("(one) => { one.open = true; }")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        beyond = page.evaluate("""() => [...document.querySelectorAll("body *")].filter((one) =>
            !one.closest(".scroll, .unseen, svg") && one.getBoundingClientRect().right > innerWidth + 1
        ).map((one) => one.outerHTML.slice(0, 200))""")
        assert beyond == []
        regions: list[dict[str, Any]] = page.evaluate("""() => [...document.querySelectorAll(".scroll")].map((one) => (
            {wider: one.scrollWidth > one.clientWidth + 1, tab: one.tabIndex, role: one.getAttribute("role"),
             named: document.getElementById(one.getAttribute("aria-labelledby"))?.textContent}))""")
        assert {region["wider"] for region in regions} == {True, False}
        for region in regions:
            assert (region["tab"] == 0, region["role"] == "group", bool(region["named"])) == (region["wider"],) * 3


def test_names_of_any_kind_are_shown_as_they_are(browser: Browser) -> None:
    with shown(browser, SMALL, width=320) as page:
        assert [text.strip() for text in page.locator(f"{GRID} tbody th").all_text_contents()][:3] == [
            ARABIC,
            MARKUP,
            LONG,
        ]
        assert page.locator("img, b").count() == 0
        names = page.locator(f"{GRID} tbody th").nth(2)
        assert names.evaluate("(one) => one.scrollWidth <= one.clientWidth && one.clientWidth < innerWidth / 2")
        assert (
            page.locator(f"{GRID} tbody bdi").first.evaluate("(one) => getComputedStyle(one).unicodeBidi") == "isolate"
        )


def brightness(colour: str) -> float:
    red, green, blue = (int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_is_as_bright_as_the_reader_likes(browser: Browser, dark: bool) -> None:
    with shown(browser, SMALL, dark=dark) as page:
        paper, ink = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        assert (brightness(paper) < 0.2, brightness(ink) > 0.8) == (dark, dark)


def test_without_scripts_everything_is_there_to_read(browser: Browser) -> None:
    with shown(browser, SMALL, scripted=False) as page:
        assert page.locator("button, input").count() == 0
        assert page.locator("table").count() == page.locator("table:visible").count() + page.locator("details").count()
        assert page.locator(f"{GRID} tbody tr:visible").count() == 9
        page.locator("summary").first.click()
        assert page.locator("details table").first.is_visible()


def test_links_into_what_is_folded_open_it(browser: Browser) -> None:
    with shown(browser, FOLDED) as page:
        folds = page.locator(".commitment > details")
        assert folds.count() == 14
        assert not page.locator(".commitment figure").first.is_visible()
        page.get_by_role("link", name="Cases decided within 15 weeks").click()
        assert page.locator("#section-target-3 figure").is_visible()
        assert page.locator("#section-target-3").evaluate("(one) => one.getBoundingClientRect().top") < 100
        page.get_by_role("button", name="Open all charts and tables").click()
        assert page.locator(".commitment figure:visible").count() == 14
        assert page.locator("details:not([open])").count() == 0
        page.get_by_role("button", name="Close them").click()
        assert page.locator(".commitment figure:visible").count() == 0
    with shown(browser, FOLDED, asked="#table-target-9") as page:
        assert page.locator("#table-target-9").is_visible()
    with shown(browser, page_of(of_size(1, 2, 14))) as page:
        assert not page.locator(GRID).is_visible()
        page.evaluate(f"location.hash = '{GRID}'")
        expect(page.locator(GRID)).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False], ids=["scripted", "without"])
@pytest.mark.parametrize("text", [SMALL, FOLDED], ids=["small", "folded"])
def test_it_prints_everything_that_is_to_be_read(browser: Browser, text: str, scripted: bool, tmp_path: Path) -> None:
    with shown(browser, text, dark=True, scripted=scripted) as page:
        headings = page.locator("h1, h2, h3").all_inner_texts()
        path = tmp_path / "page.pdf"
        page.pdf(path=path, prefer_css_page_size=True)
        assert page.locator("details[open]").count() == 0
        page.emulate_media(media="print")
        assert brightness(page.evaluate("getComputedStyle(document.body).backgroundColor")) > 0.99
    assert path.read_bytes().count(b"/Type /Page\n") > 5
    reader = shutil.which("pdftotext")
    if reader is None:
        do_without("There is no pdftotext (of poppler-utils), which reads what was printed")
    printed = subprocess.run([reader, "-layout", str(path), "-"], check=True, capture_output=True, text=True).stdout
    words = "".join(printed.split())
    assert [heading for heading in headings if "".join(heading.split()) not in words and ARABIC not in heading] == []
    assert "1,007" not in printed  # the data of a drawing, which are folded: the drawing is what is printed
    for control in (
        "Filter rows",
        "Open all",
        "Skip to",
        "The data as a table",
        "Back to the top",
        "Charts and tables",
    ):
        assert control not in printed


def test_what_is_folded_is_open_while_it_prints(browser: Browser) -> None:
    with shown(browser, FOLDED) as page:
        data = page.locator("figure > details")
        assert data.count() == 14
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == data.count()
        assert page.locator("figure > details[open]").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 0


def test_the_data_of_a_chart_are_printed_if_they_were_opened(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        page.emulate_media(media="print")
        assert page.locator("figure > details table:visible").count() == 0
        page.locator("figure > details").first.evaluate("(one) => { one.open = true; }")
        assert page.locator("figure > details table:visible").count() == 1


def test_only_a_wide_table_lies_on_its_side(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        page.emulate_media(media="print")
        turned = page.locator("body *").evaluate_all(
            "(all) => all.filter((one) => getComputedStyle(one).page === 'wide' && one.matches('section, figure'))"
            ".map((one) => one.outerHTML.slice(0, 80))"
        )
        assert turned == []
        assert page.locator(GRID).evaluate("(one) => getComputedStyle(one).page") == "wide"


def test_what_is_printed_says_that_it_is_filtered(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        page.locator(f"{WAITS} input").fill("expert")
        page.emulate_media(media="print")
        shown_counts = [text for text in page.locator(".filter > span:visible").all_inner_texts() if text]
        assert shown_counts == ["6 of 12 rows shown, with “expert”"]


def test_headings_are_printed_on_each_sheet_with_their_tables(browser: Browser) -> None:
    with shown(browser, SMALL) as page:
        page.emulate_media(media="print")

        def styles(selector: str, name: str) -> set[str]:
            found = "(all, name) => all.map((one) => getComputedStyle(one)[name])"
            return {*page.locator(selector).evaluate_all(found, name)}

        assert styles("thead", "display") == {"table-header-group"}
        assert styles("h2, h3, figcaption, caption", "breakAfter") == {"avoid"}
        assert styles("figcaption, .chart, tbody tr", "breakInside") == {"avoid"}
