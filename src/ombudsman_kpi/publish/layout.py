"""How a table fits a width: cells wrap between words, and columns that don't fit stand in a further block below."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

GAP = "  "
_LONGEST = 34  # places: a longer word, which no id has, may be cut
HANG = 2  # places by which what follows the first line of a label stands further in
_CUT = 20  # places that a column has at least which has longer words only
_LABEL = 28  # places that the first column keeps beside a block, where it wants so many
_LOOKED_AT = 200  # rows by whose heights widths are chosen


class CellText(NamedTuple):
    """A cell: its text, what stands below it more faintly, and the status that it is coloured by, or "bold"."""

    text: str
    under: str = ""
    style: str = ""


TextCell = str | CellText
Span = tuple[str, str]  # some text, and its style: "", "bold", "dim", or a status


class Laid(NamedTuple):
    """A column as it is laid out: its cells, the heading first; whether it is of numbers, or says what a row is of."""

    cells: tuple[CellText, ...]
    numeric: bool = False
    label: bool = False


@lru_cache(maxsize=1 << 14)
def wide(text: str) -> int:
    """Return how many places of a terminal a text takes: two for the characters of Chinese, none for an accent.

    >>> wide("Team"), wide("北部"), wide("e\u0301")
    (4, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_places, text))


@cache
def _places(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 1 + (unicodedata.east_asian_width(character) in {"W", "F"})


@lru_cache(maxsize=1 << 14)
def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Return the lines of a text: no word is broken but one that is wider than a line.

    >>> wrapped("93 more could miss", 10)
    ('93 more', 'could miss')
    """
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if wide(longer) <= width:
            line = longer
            continue
        lines += [line] if line else []
        *full, line = _cut(word, width)
        lines += full
    return (*lines, line)


def _cut(word: str, width: int) -> Iterator[str]:
    """Yield the pieces of a word that is too wide; the word itself where it isn't."""
    piece = ""
    for character in word:
        if piece and wide(piece) + _places(character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def _lines(cell: CellText, width: int, *, label: bool) -> list[Span]:
    """Return the lines of a cell; of a label all but the first stand further in."""
    hang = HANG if label else 0
    first, *more = wrapped(cell.text, width) if cell.text or not cell.under else ("",)
    if more and hang:
        more = [*wrapped(cell.text[len(first) :].lstrip(" "), width - hang)]
    under = wrapped(cell.under, width - hang) if cell.under else ()
    lines = [(first, cell.style)] if first or not under else []
    lines += [(" " * hang + line, cell.style) for line in more]
    return lines + [(" " * hang + line, "dim") for line in under]


def _natural(column: Laid) -> int:
    hang = HANG if column.label else 0
    return max((max(wide(cell.text), wide(cell.under) + hang * bool(cell.under)) for cell in column.cells), default=0)


def _least(column: Laid) -> int:
    """Return how wide a column must be at least so that no word is broken."""
    hang = HANG if column.label else 0
    words = {word for cell in column.cells for text in (cell.text, cell.under) for word in text.split(" ")}
    return max((size for size in map(wide, words) if size <= _LONGEST), default=_CUT) + hang


def blocks(columns: Sequence[Laid], keys: int, width: int | None) -> Iterator[tuple[list[int], list[int]]]:
    """Yield which columns stand beside one another, and how wide each is; the first ones, ``keys``, in every block."""
    natural = [_natural(column) for column in columns]
    if width is None:
        yield [*range(len(columns))], natural
        return
    least = [min(_least(column), max(width // 2, 4)) for column in columns]
    label = [min(natural[key], max(least[key], min(_LABEL, width // 3))) for key in range(keys)]
    room = width - sum(label) - len(GAP) * keys
    least = [min(one, max(room, 4)) for one in least]
    rest = [*range(keys, len(columns))]
    while rest or not keys:
        taken, used = list[int](), -len(GAP)
        while rest and (not taken or used + len(GAP) + least[rest[0]] <= room):
            used += len(GAP) + least[rest[0]]
            taken.append(rest.pop(0))
        own = [*range(keys), *taken]
        yield own, _shrunk([columns[place] for place in own], [natural[place] for place in own],
                           [*label, *(least[place] for place in taken)], width)  # fmt: skip
        if not rest:
            return
    yield [*range(keys)], label


def _shrunk(columns: Sequence[Laid], wishes: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Return widths that fit: what is narrowed is, step by step, the column that makes the table least higher by it."""
    room = width - len(GAP) * (len(columns) - 1)
    widths = [max(min(wish, room), low) for wish, low in zip(wishes, least, strict=True)]
    heights = [_heights(column, wish) for column, wish in zip(columns, widths, strict=True)]
    while sum(widths) > room and (narrower := [place for place, low in enumerate(least) if widths[place] > low]):
        place = min(narrower, key=lambda place: (_narrowed(columns, widths, heights, place), -widths[place]))
        narrow = widths[place] - 1
        for one in _alike(columns, wishes, place):
            widths[one] = max(narrow, least[one])
            heights[one] = _heights(columns[one], widths[one])
    return widths


def _alike(columns: Sequence[Laid], wishes: Sequence[int], place: int) -> list[int]:
    """Return the columns that are narrowed together: those of numbers as wide as one another, such as periods."""
    if not columns[place].numeric:
        return [place]
    return [one for one, column in enumerate(columns) if column.numeric and wishes[one] == wishes[place]]


def _heights(column: Laid, width: int) -> list[int]:
    """Return how many lines the cells of a column take."""
    return [len(_lines(cell, width, label=column.label)) for cell in column.cells[:_LOOKED_AT]]


def _narrowed(columns: Sequence[Laid], widths: Sequence[int], heights: Sequence[list[int]], place: int) -> int:
    """Return how high the table is once one of its columns is narrower."""
    tried = _heights(columns[place], widths[place] - 1)
    return sum(map(max, zip(*heights[:place], tried, *heights[place + 1 :], strict=True)))


def body(columns: Sequence[Laid], spans: Sequence[str | None], keys: int, width: int | None) -> Iterator[list[Span]]:
    """Yield the lines of a table, block by block: headings, a rule, rows. Each line is some text with styles.

    ``spans`` has for each row the words that stand in its place across all columns, or None.
    """
    for number, (own, widths) in enumerate(blocks(columns, keys, width)):
        if number:
            yield []
        shown = [columns[place] for place in own]
        yield from _row([column.cells[0] for column in shown], shown, widths, "bold")
        yield [(GAP.join("─" * wish for wish in widths), "dim")]
        for place, span in enumerate(spans, 1):
            if span is None:
                yield from _row([column.cells[place] for column in shown], shown, widths)
            else:
                yield from [[]] if place > 1 else []
                yield from ([(line, "bold")] for line in wrapped(span, width or wide(span)))


def _row(
    cells: Sequence[CellText], columns: Sequence[Laid], widths: Sequence[int], style: str = ""
) -> Iterator[list[Span]]:
    """Yield the lines of one row; headings, which have a style, stand at its foot."""
    lines = [_lines(cell, wish, label=column.label) for cell, wish, column in zip(cells, widths, columns, strict=True)]
    height = max(map(len, lines))
    for number in range(height):
        line: list[Span] = []
        for place, (own, column, wish) in enumerate(zip(lines, columns, widths, strict=True)):
            at = number - (height - len(own) if style else 0)
            text, how = own[at] if 0 <= at < len(own) else ("", "")
            blank = " " * (wish - wide(text))
            line.append((blank if column.numeric else "", ""))
            line.append((_isolated(text).replace("\xa0", " "), how or style))
            line.append(("" if column.numeric else blank, ""))
            line.append((GAP if place < len(columns) - 1 else "", ""))
        yield _trimmed(line)


def _trimmed(line: list[Span]) -> list[Span]:
    """Return a line without blanks at its end."""
    line = [part for part in line if part[0]]
    while line and not line[-1][0].strip(" "):
        line.pop()
    return line


def _isolated(text: str) -> str:
    """Return text in which what is written from right to left doesn't turn what stands beside it."""
    turns = not text.isascii() and any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in text)
    return f"\u200e{text}\u200e" if turns else text
