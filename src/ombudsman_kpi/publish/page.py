"""The page: what is published as one HTML text, which needs nothing else and asks nothing of any network."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi.calendars.periods import parse_period
from ombudsman_kpi.errors import MissingLibraryError, OptionError
from ombudsman_kpi.publish.cells import ALL, status_words
from ombudsman_kpi.publish.drawings.svg import STYLE
from ombudsman_kpi.publish.files import AnyPath, written_whole
from ombudsman_kpi.publish.published import (
    Cell,
    Figure,
    Headline,
    Publication,
    PublishedTable,
    Section,
    Shorthand,
    TableColumn,
    legend,
    plain,
    plain_number,
    shown,
)

if TYPE_CHECKING:
    from jinja2 import Template

FOLDED = 12  # so many commitments stand open; the charts and tables of more are folded, each below its heading
LONG = 15  # tables of so many rows are folded, where others stand beside them
FILTERED = 8  # tables of so many rows can be filtered
WIDE = 11  # tables of so many columns are printed on sheets that lie on their side


class StatusMark(NamedTuple):
    """How a status is shown: never by colour alone."""

    css: str  # the name of its shape and of its colours
    word: str
    of_several: str  # how many of them there are is said so: "1 missed"


MARKS = {  # in the order in which a reader needs them
    "missed": StatusMark("missed", "Missed", "missed"),
    "undetermined": StatusMark("open", "Undetermined", "undetermined"),
    "met": StatusMark("met", "Met", "met"),
    "no target": StatusMark("none", "No target", "without a target"),
    "withheld": StatusMark("none", "Withheld", "withheld"),
    "no data": StatusMark("none", "No data", "without data"),
    "not measured": StatusMark("none", "Not measured", "not measured"),
}
_MARKED = {status_words(status): mark for status, mark in MARKS.items()}  # by what a cell of a table says


class ShownCell(NamedTuple):
    """A cell as the page has it: its text, its place among those of its column, and its mark, if it is a status."""

    text: str
    place: int | None  # None where there is nothing to sort by; such cells come last
    mark: StatusMark | None = None


def page_of(publication: Publication) -> str:
    """Return what is published as a page: the same text for the same content.

    It has its style, script and drawings within it, and its policy lets it load nothing. Whatever stands in the
    content is text, without characters that steer; only the drawings are markup.

    Raises ``MissingLibraryError`` where Jinja2 isn't installed.
    """
    style, script = _part("page.css") + STYLE, _part("page.js")
    named = {headline.target for headline in publication.headlines}
    commitments = [section for section in publication.sections if section.status or section.name in named]
    tables = [publication.summary, *(table for section in publication.sections for table in _tables_in(section))]
    return _template().render(
        publication=publication,
        style=style,
        script=script,
        policy=_policy(style, script),
        groups=_groups(publication.headlines),
        commitments=commitments,
        others=[section for section in publication.sections if section not in commitments],
        there={section.name for section in publication.sections},
        folded=len(commitments) > FOLDED,
        legend=legend(tables),
        marks=MARKS,
        anchor=_anchors(),
        rows_of=_rows_of,
        is_total=lambda row: any(cell.text == ALL for cell in row),
        heading_of=_heading_of,
        filtered=FILTERED,
        long=LONG,
        wide=WIDE,
    )


@cache
def _part(name: str) -> str:
    """Return a file that the page is made of; it may lie in a zip file."""
    return files("ombudsman_kpi.publish").joinpath("templates", name).read_text("utf-8")


@cache
def _template() -> "Template":
    """Return the page without its content, compiled. All text that is put into it is made plain, and escaped."""
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup, escape
    except ImportError:
        raise MissingLibraryError("The page is made with Jinja2: pip install 'ombudsman-kpi[publish]'.") from None

    def made_plain(value: Any) -> Any:
        return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    def apart(text: str) -> str | Markup:
        """Return text from records, such that its direction doesn't turn what stands around it."""
        text = plain(text)
        return text if text.isascii() else Markup("<bdi>{}</bdi>").format(text)

    def beneath(title: str, heading: str) -> Markup:
        """Return a title as it stands beneath a heading: what it repeats is there for whoever doesn't see it."""
        rest = title.removeprefix(f"{heading}: ")
        if rest == title:
            return escape(apart(title))
        return Markup('<span class="unseen">{}: </span>{}').format(apart(heading), apart(rest[:1].upper() + rest[1:]))

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=made_plain, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"apart": apart, "beneath": beneath}
    return environment.from_string(_part("page.html.j2"))


def _policy(style: str, script: str) -> str:
    """Return what the page may do: its style and its script run, by their digests, and nothing is loaded or sent."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _groups(headlines: Sequence[Headline]) -> list[tuple[StatusMark, list[Headline]]]:
    """Return the commitments by their status: first what was missed."""
    order = list(MARKS)
    ordered = sorted(headlines, key=lambda headline: order.index(headline.status))
    return [(MARKS[status], list(group)) for status, group in groupby(ordered, key=lambda headline: headline.status)]


def _anchors() -> Callable[[str, str], str]:
    """Return what gives the ids of the page: the same one for the same thing, and no id twice."""
    known: dict[tuple[str, str], str] = {}

    def anchor(kind: str, name: str) -> str:
        if (kind, name) not in known:
            text = f"{kind}-{re.sub('[^a-z0-9]+', '-', name.casefold()).strip('-')[:60]}"
            taken = set(known.values())
            numbered = (f"{text}.{number}" for number in range(2, len(taken) + 3))
            known[kind, name] = next(one for one in (text, *numbered) if one not in taken)
        return known[kind, name]

    return anchor


def _tables_in(section: Section) -> Iterator[PublishedTable]:
    yield from section.tables
    yield from (drawing.data for drawing in section.drawings)


def _heading_of(column: TableColumn) -> str:
    """Return a column's heading, with the unit if it doesn't say it."""
    unit = column.unit if column.unit not in column.heading else ""
    return f"{column.heading} ({unit})" if unit else column.heading


def _rows_of(table: PublishedTable) -> list[tuple[ShownCell, ...]]:
    """Return the rows of a table as the page has them."""
    columns = [
        _cells_of([row[place] for row in table.rows], column) for place, column in enumerate(table.columns)
    ]  # fmt: skip
    return list(zip(*columns, strict=True))


def _cells_of(cells: Sequence[Cell], column: TableColumn) -> list[ShownCell]:
    """Return the cells of a column with their places in its order.

    Places tell no more than what is shown, as exact figures would: those that look the same have the same one.
    """
    texts = [_period_of(cell) for cell in cells if isinstance(cell, str) and cell]
    key_of_text = _by_name if None in texts else _period_of
    keys = [_key(cell, column, key_of_text) for cell in cells]
    order = {key: place for place, key in enumerate(sorted({key for key in keys if key is not None}))}
    return [
        ShownCell(
            shown(cell, column), None if key is None else order[key], _MARKED.get(cell if isinstance(cell, str) else "")
        )
        for cell, key in zip(cells, keys, strict=True)
    ]


def _key(cell: Cell, column: TableColumn, key_of_text: Callable[[str], Any]) -> tuple[int, Any] | None:
    """Return what a cell is sorted by: numbers before days before text. None is last, whichever way is sorted."""
    match cell:
        case None | Shorthand() | "":
            return None
        case Figure() | int():
            return 0, plain_number(cell, column)
        case date():
            return 1, cell
    return 2, key_of_text(cell)


_NUMBER = re.compile(r"((?:(?<!\S)[−-])?\d[\d,]{0,30}(?:\.\d{1,30})?)")


_STILL_OPEN = re.compile(r"(, so far)?( \[[pr]\])*$")  # what stands behind the label of a period


@cache
def _period_of(text: str) -> tuple[date, date] | None:
    """Return the days of the period that a label names, if it names one."""
    try:
        period = parse_period(_STILL_OPEN.sub("", text))
    except OptionError:
        return None
    return period.start, period.end


def _by_name(text: str) -> tuple[str | Decimal, ...]:
    """Return what text is sorted by: a number within it by its value.

    >>> sorted(["Team 10", "team 9", "1,200 of 2,000", "−3 days", "7.25 days", "7.3 days"], key=_by_name)
    ['−3 days', '7.25 days', '7.3 days', '1,200 of 2,000', 'team 9', 'Team 10']
    """
    pieces = _NUMBER.split(text.casefold())  # every second one is a number
    return tuple(
        Decimal(piece.replace(",", "").replace("−", "-")) if place % 2 else piece for place, piece in enumerate(pieces)
    )


def write_page(publication: Publication, path: AnyPath) -> None:
    """Write the page into a file: whole, or not at all. Raises ``OptionError`` for a path that can't be written."""
    written_whole(path, lambda file: file.write(page_of(publication).encode()))
