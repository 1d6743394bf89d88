"""What drawings over time are put together of: round numbers, the standard, lines, points, labels, periods."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.publish.drawings.axes import apart, every_nth, period_lines, tick_texts, ticks, width_of
from ombudsman_kpi.publish.drawings.course import Point
from ombudsman_kpi.publish.drawings.labels import End
from ombudsman_kpi.publish.drawings.svg import EM, LINE, WIDTH, mark, path, rows_of_items, short, tag, words

TALL, TOP = 130.0, 10.0  # of the part with the lines, and the room above it
BELOW = TOP + TALL + 6  # where the periods stand
_SMALL = 8.5 / EM  # how much narrower text is where the drawing is wide
Placed = Sequence[tuple[int, Point]]  # points, each with the place of its period


class Plot(NamedTuple):
    """Where things stand: the part with the lines, the round numbers beside it, and the labels at its end."""

    left: float
    right: float
    ticks: Sequence[Fraction]
    texts: Sequence[str]
    number: int
    ends: Sequence[End]
    top: float = TOP
    tall: float = TALL

    @classmethod
    def of(
        cls, span: tuple[Fraction, Fraction], number: int, ends: Iterable[End], *, share: bool, most: int = 5
    ) -> "Plot":
        """Return the plot of so many periods, in which all values from the least to the greatest have room.

        ``most`` is how many spaces there may be between the round numbers.
        """
        numbers, labels = ticks(*span, most), tuple(ends)
        texts = tick_texts(numbers, share=share)
        room = max((width_of(line) for label in labels for line in label.lines), default=0) * EM + 6
        return cls(max(map(width_of, texts)) * EM + 6, WIDTH - room, numbers, texts, number, labels)

    def x(self, place: int) -> float:
        """Return where a period stands."""
        inside = self.right - self.left - 12
        return self.left + 6 + (inside * place / (self.number - 1) if self.number > 1 else inside / 2)

    def y(self, value: Fraction) -> float:
        """Return where a value stands: the greatest round number above all."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.top + self.tall * float((high - value) / (high - low))

    def y_within(self, value: Fraction) -> float:
        """Return where a value stands, or the end beyond which it lies."""
        return self.y(min(max(value, self.ticks[0]), self.ticks[-1]))

    def grid(self) -> str:
        """Return a line for each round number, and the number beside it."""
        lines = "".join(f"M{short(self.left)} {short(self.y(at))}H{short(self.right)}" for at in self.ticks)
        labels = [
            tag("text", words(text), x=self.left - 4, y=self.y(at) + 4)
            for at, text in zip(self.ticks, self.texts, strict=True)
        ]
        drawn = tag("path", d=lines, stroke="currentColor", stroke_opacity=".2")
        return drawn + tag("g", *labels, text_anchor="end")

    def standard(self, standard: Standard | None) -> str:
        """Return the line of a standard."""
        if standard is None:
            return ""
        line = f"M{short(self.left)} {short(self.y(standard.value))}H{short(self.right)}"
        return tag("path", class_="s", d=line, stroke="currentColor", stroke_width=1.2, stroke_dasharray="5 3")

    def line(self, points: Placed, dashes: str | None = None) -> str:
        """Return a line through points, broken where there is no value; to what may still change it is dotted."""
        runs: dict[str | None, list[list[tuple[float, float]]]] = {dashes: [], "2 3": []}
        for (place, one), (after, other) in pairwise(points):
            if one.value is None or other.value is None or after != place + 1:
                continue
            part = (self.x(place), self.y(one.value)), (self.x(after), self.y(other.value))
            own = runs["2 3" if "open" in {one.shape, other.shape} else dashes]
            if own and own[-1][-1] == part[0]:
                own[-1].append(part[1])
            else:
                own.append([*part])
        return "".join(
            tag("path", class_="v", d="".join(map(path, parts)), fill="none", stroke="currentColor", stroke_width=2.0,
                stroke_linejoin="round", stroke_dasharray=style)
            for style, parts in runs.items() if parts
        )  # fmt: skip

    def points(self, points: Placed, of: str = "") -> Iterator[str]:
        """Yield the marks of points; ``of`` says beside each period which line it is of."""
        size = 3.2 if self.number <= 40 else 1.8
        for place, point in points:
            x, tip = self.x(place), tag("title", words(f"{point.named}{of}: {point.said}"))
            if point.value is None:
                yield self._gap(x, point.said, tip)
                continue
            if point.low is not None and point.high is not None:
                line = f"M{short(x)} {short(self.y(point.low))}V{short(self.y(point.high))}"
                yield tag("path", class_="v", d=line, stroke="currentColor", stroke_width=1.2)
            yield mark(point.shape, x, self.y(point.value), size, tip)

    def _gap(self, x: float, said: str, tip: str) -> str:
        bottom = self.top + self.tall
        if said == "no data":
            return mark("gap", x, bottom - 6, 2.5, tip)
        small = {"class_": "c", "font_size": short(EM * 0.8), "text_anchor": "middle"}
        return tag("text", words(said), tip, x=x, y=bottom - 4, **small)

    def labels(self) -> Iterator[str]:
        """Yield the labels at the ends of the lines, none of them on another."""
        sizes = [LINE * len(end.lines) for end in self.ends]
        places = apart([self.y(end.value) for end in self.ends], sizes, self.top - 8, self.top + self.tall + 4)
        for middle, end in zip(places, self.ends, strict=True):
            for place, line in enumerate(end.lines):
                y = middle + LINE * (place - (len(end.lines) - 1) / 2) + 4
                yield tag("text", words(line), x=self.right + 4, y=y, class_="b" if end.bold else None,
                          font_weight="700" if end.bold else None)  # fmt: skip

    def periods(self, labels: Sequence[str]) -> str:
        """Return the names of the periods: as many as have room, and more where the drawing is wide."""
        lines = [period_lines(label) for label in labels]
        places = [self.x(place) for place in range(self.number)]
        widths = [max(width_of(first), width_of(year)) * EM for first, year in lines]
        narrow = every_nth(places, widths, 5)
        wide = every_nth(places, [width * _SMALL for width in widths], 5, within=narrow)
        found, year_shown, last = [], "", self.number - 1
        for place, (first, year) in enumerate(lines):
            if (last - place) % wide:
                continue
            hidden = (last - place) % narrow != 0
            own = [tag("tspan", words(first), x=places[place])]
            if not hidden and year != year_shown:
                own.append(tag("tspan", words(year), x=places[place], dy=LINE - 2))
                year_shown = year
            seen = {"class_": "x", "visibility": "hidden"} if hidden else {}
            found.append(tag("text", *own, y=self.top + self.tall + BELOW - TOP - TALL + 10, **seen))
        return tag("g", *found, text_anchor="middle")


def explained(items: Sequence[tuple[str, str]], top: float) -> list[str]:
    """Return, line by line, what marks mean: each mark beside its words."""
    return [
        tag("g", *(_item(shape, said, x, top + LINE * line + 10) for shape, said, x in row))
        for line, row in enumerate(rows_of_items(items, WIDTH))
    ]


def _item(shape: str, said: str, x: float, y: float) -> str:
    if shape == "band":
        sign = tag("rect", class_="u", x=x, y=y - 9, width=12, height=10, fill_opacity=".12")
    elif shape == "standard":
        sign = tag(
            "path", d=f"M{short(x)} {short(y - 4)}h13", stroke="currentColor", stroke_width=1.2, stroke_dasharray="5 3"
        )
    elif shape.startswith("["):
        sign = tag("text", words(shape), x=x - 2, y=y)
    else:
        sign = mark(shape, x + 6, y - 4)
    return sign + tag("text", words(said), x=x + 16, y=y)
