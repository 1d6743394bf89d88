"""The page as text: what stands in it, and what cannot."""

import base64
import hashlib
import re
import sys
import time
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))
from publications import a_summary, of_size, waits, with_everything

from ombudsman_kpi import MissingLibraryError
from ombudsman_kpi.measures.base.figures import TARGET_STATUSES
from ombudsman_kpi.publish import page
from ombudsman_kpi.publish.page import page_of
from ombudsman_kpi.publish.published import (
    Cell,
    Figure,
    Headline,
    Publication,
    PublishedTable,
    Section,
    Shorthand,
    TableColumn,
    plain,
    shown,
)  # fmt: skip

VOID = {"meta", "link"}
EVERYTHING = with_everything()


class Parsed(HTMLParser):
    """A page as elements with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.events: list[tuple[str, Any]] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag != "bdi":
            self.events.append((tag, sorted(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID | {"bdi"}:
            self.events.append((f"/{tag}", None))

    def handle_data(self, data: str) -> None:
        if self.events and self.events[-1][0] == "#text":
            data = self.events.pop()[1] + data
        self.events.append(("#text", data))

    def handle_comment(self, data: str) -> None:
        self.events.append(("comment", data))

    @property
    def texts(self) -> list[tuple[str, Any]]:
        """The elements and texts; where none is, nothing stands between two elements."""
        tidied = ((kind, " ".join(value.split()) if kind == "#text" else value) for kind, value in self.events)
        return [(kind, value) for kind, value in tidied if (kind, value) != ("#text", "")]


def worded(words: list[str]) -> Publication:
    """A publication that says each of these words somewhere."""
    say = iter(words)
    columns = (TableColumn(next(say), notes=(1,)), TableColumn("n", "whole"))
    table = PublishedTable("t", next(say), next(say), columns, ((next(say), 3), ("a", next(say))), (next(say),))
    headline = Headline("s", next(say), next(say), next(say), "met", next(say), next(say))
    sections = (Section("s", next(say), next(say), (table,), status="met"), Section("o", next(say), next(say)))
    return Publication(
        next(say), next(say), next(say), (headline,), a_summary([]), sections, ((next(say), next(say)),), (next(say),)
    )


PLACES = 21
TEXTS = st.text(
    st.one_of(st.sampled_from("<>&\"'/=-!`\\ \u202e\x00\x1bאب{}%#"), st.characters(codec="utf-8")),
    min_size=1,
    max_size=30,
)


@given(st.lists(TEXTS, min_size=PLACES, max_size=PLACES))
def test_whatever_is_said_is_text(words: list[str]) -> None:
    marked = [f"word{place}." for place in range(PLACES)]
    wanted: list[tuple[str, Any]] = []
    for kind, value in Parsed(page_of(worded(marked))).texts:
        said = value
        if kind == "#text":
            said = " ".join(re.sub(r"word(\d+)\.", lambda found: plain(words[int(found[1])]), value).split())
        wanted += [] if (kind, said) == ("#text", "") else [(kind, said)]
    assert Parsed(page_of(worded(words))).texts == wanted


def test_every_word_that_was_given_is_there() -> None:
    text = page_of(worded([f"word{place}." for place in range(PLACES)]))
    assert {int(number) for number in re.findall(r"word(\d+)\.", text)} == set(range(PLACES))


def test_text_of_another_direction_stands_apart() -> None:
    found = page_of(EVERYTHING)
    assert "<bdi>صندوق المظالم (3)</bdi>" in found
    assert "<bdi>Team 10" not in found


def test_a_title_says_again_what_its_heading_says_for_those_alone_who_do_not_see_it() -> None:
    section = EVERYTHING.sections[0]
    table = replace(section.tables[0], title=f"{section.title}: by team")
    found = page_of(replace(EVERYTHING, sections=(replace(section, tables=(table,)),)))
    assert f'-title"><span class="unseen">{section.title}: </span>By team</span>' in found


def test_the_same_content_makes_the_same_page() -> None:
    assert page_of(with_everything()) == page_of(with_everything())


@pytest.mark.parametrize("publication", [EVERYTHING, of_size(13, 2, 2)], ids=["small", "folded"])
def test_a_page_is_put_together_as_it_should_be(publication: Publication) -> None:
    elements = Parsed(page_of(publication)).elements
    ids = Counter(attributes["id"] for _, attributes in elements if "id" in attributes)
    assert max(ids.values()) == 1
    named = ("aria-labelledby", "aria-describedby", "for")
    targets = [attributes[name] for _, attributes in elements for name in named if name in attributes]
    links = [attributes["href"] for tag, attributes in elements if tag in {"a", "use"}]
    assert {link[0] for link in links} == {"#"}
    assert {*targets, *(link[1:] for link in links)} <= {*ids}
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tags = Counter(tag for tag, _ in elements)
    assert tags["caption"] == tags["table"] > len(publication.sections)
    assert {attributes.get("scope") for tag, attributes in elements if tag == "th"} == {"col", "row"}
    assert [tag for tag, _ in elements if tag in {"header", "nav", "main", "footer"}] == [
        "header",
        "nav",
        "main",
        "footer",
    ]


def test_a_page_asks_for_nothing_and_runs_only_what_is_its_own() -> None:
    text = page_of(EVERYTHING)
    elements = Parsed(text).elements
    assert not [attributes for _, attributes in elements if {"src", "style", "srcset", "action"} & {*attributes}]
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert [attributes["href"] for tag, attributes in elements if tag == "link"] == ["data:,"]
    policy = next(attributes["content"] for _, attributes in elements if "http-equiv" in attributes)
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
        assert "url(" not in content
        assert "@import" not in content
    assert policy.startswith("default-src 'none';")


def test_nothing_moves() -> None:
    assert not re.search("animation|transition|@keyframes|smooth", page_of(EVERYTHING))


def test_what_is_missed_comes_first() -> None:
    statuses = [attributes["class"] for _, attributes in Parsed(page_of(EVERYTHING)).elements
                if attributes.get("class", "").startswith("card ")]  # fmt: skip
    assert statuses == ["card missed", "card open", "card met", "card none", "card none", "card none"]
    assert set(page.MARKS) == set(TARGET_STATUSES)


def places(cells: list[Cell], column: TableColumn) -> list[int | None]:
    return [cell.place for cell in page._cells_of(cells, column)]


@pytest.mark.parametrize(
    ("cells", "kind", "wanted"),
    [
        ([1000, 999, Shorthand("c"), None, -1], "whole", [2, 1, None, None, 0]),
        ([Figure(Fraction(9, 10)), Figure(Fraction(8995, 10000), 2), Figure(Fraction(1))], "share", [1, 0, 2]),
        (["Feb 2024", "Apr 2023", "Mar 2024, so far", "Dec 2023"], "text", [2, 0, 3, 1]),
        (["2023/24 Q1", "2022/23 Q4"], "text", [1, 0]),
        (["Apr 2023", "April's team"], "text", [0, 1]),
        (["Team 10", "team 9", "", "All"], "text", [2, 1, None, 0]),
        (["7.25 days", "7.3 days", "1,200 days", "−3 days"], "text", [1, 2, 3, 0]),
        (["1" * 5000, "²", "٣"], "text", [1, 2, 0]),
    ],
)
def test_cells_are_sorted_by_what_they_say(cells: list[Cell], kind: Any, wanted: list[int | None]) -> None:
    assert places(cells, TableColumn("", kind)) == wanted


def test_places_tell_no_more_than_what_is_shown() -> None:
    column = TableColumn("", "share")
    cells: list[Cell] = [Figure(Fraction(number, 7919)) for number in range(0, 7919, 3)]
    known: dict[int | None, str] = {}
    for place, cell in zip(places(cells, column), cells, strict=True):
        assert known.setdefault(place, shown(cell, column)) == shown(cell, column)
    assert len(known) == len(set(known.values()))


def test_no_exact_figure_is_told() -> None:
    assert [cell for row in waits().rows for cell in row if cell == Figure(Fraction(31, 34))]
    assert not re.search(r"0?\.9117|31/34|91\.1[0-9]|91\.2[0-9]", page_of(EVERYTHING))


def test_the_data_of_a_table_are_written_once() -> None:
    text = page_of(EVERYTHING)
    assert text.count(">24-007<") == 1
    assert '<a href="#table-waits">The data as a table' in text


def test_the_units_of_numbers_are_said_by_headings() -> None:
    assert "<span>Waited (working days)</span>" in page_of(EVERYTHING)


def test_a_publication_without_anything_is_a_page_still() -> None:
    nothing = replace(
        EVERYTHING, subtitle="", says="", headlines=(), summary=a_summary([]), sections=(), how=(), notes=()
    )
    text = page_of(nothing)
    assert "There is nothing to show." in text
    assert [attributes["href"] for tag, attributes in Parsed(text).elements if tag == "a"] == ["#main", "#all", "#top"]


def test_sections_with_names_alike_have_anchors_of_their_own() -> None:
    sections = tuple(Section(name, name, "") for name in ("A b", "a-b", "A  B", "ß", "漢字", '"><script>'))
    text = page_of(replace(EVERYTHING, sections=sections, headlines=()))
    ids = [attributes["id"] for tag, attributes in Parsed(text).elements if tag == "section" and "id" in attributes]
    assert ids == ["section-a-b", "section-a-b.2", "section-a-b.3", "section-ss", "section-", "section-script"]


def test_a_page_of_forty_commitments_is_small_and_soon_made() -> None:
    publication = of_size(40, 24, 12)
    began = time.process_time()
    text = page_of(publication)
    assert time.process_time() - began < 5  # all that is before it may take as long
    assert 200_000 < len(text.encode()) < 3_000_000
    assert text.count("<details><summary>Charts and tables") == 40


@pytest.mark.parametrize(("teams", "folded"), [(13, 0), (14, 1)])  # and the total
def test_long_tables_with_others_beside_them_are_folded(teams: int, folded: int) -> None:
    publication = of_size(1, 2, teams)
    title = publication.sections[0].title
    assert page_of(publication).count(f"<summary>{title} (15 rows)</summary>") == folded
    alone = (replace(publication.sections[0], drawings=()),)
    assert "rows)</summary>" not in page_of(replace(publication, sections=alone))


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    page._template.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingLibraryError, match=r"pip install 'ombudsman-kpi\[publish\]'"):
        page_of(EVERYTHING)
