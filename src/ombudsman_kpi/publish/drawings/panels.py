"""What figures of matplotlib are put together of: panels with round numbers, labels that stand clear, and keys.

Imported where a figure is drawn, never before.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator

from ombudsman_kpi.measures.base.standard import Standard
from ombudsman_kpi.publish.drawings.axes import apart, every_nth, period_lines, tick_texts, ticks
from ombudsman_kpi.publish.drawings.bars import Bar
from ombudsman_kpi.publish.drawings.described_figure import DescribedFigure
from ombudsman_kpi.publish.drawings.labels import End
from ombudsman_kpi.publish.published import plain

LINE, BETTER, WORSE, BAND = "#12436D", "#28A197", "#801650", "#E1E8F0"  # of the palette of afcharts, and a tint of it
TEXT = "#1A1A1A"
MARKERS = {"point": "o", "open": "o", "better": "^", "worse": "D", "unusual": "s", "gap": "x"}
COLOURS = {"better": BETTER, "worse": WORSE, "gap": TEXT}
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.75, 1.1, 0.75, 1.3  # inches around a panel
_NAMES, _VALUES = 1.7, 1.7  # inches beside bars
BAR = 0.32  # inches from one bar to the next
_WIDE, _HIGH = 4.2, 2.2  # inches: of the panel itself


def literal(text: str) -> str:
    r"""Return text that matplotlib shows as it is: without control characters, and a dollar is a dollar.

    >>> literal("$x$")
    '\\$x\\$'
    """
    return plain(text).replace("$", r"\$")


class Panels(NamedTuple):
    """A figure and its panels."""

    figure: DescribedFigure
    axes: Sequence[Axes]


def panels(number: int, bars: int = 0) -> Panels:
    """Return a figure with so many panels, side by side and below one another; one alone is larger.

    ``bars`` are the most that one panel has below one another, each with its name and its value in words beside it.
    """
    columns = 1 if number == 1 else 2 if number <= 6 else 3
    scale = 1.4 if number == 1 else 1.0
    rows = -(-number // columns)
    wide, high = _WIDE * scale, max(BAR * bars, 1.0) if bars else _HIGH * scale
    left, right = (_NAMES, _VALUES) if bars else (_LEFT, _RIGHT)
    cell = left + wide + right, _TOP + high + _BOTTOM
    figure = DescribedFigure.empty(cell[0] * columns, cell[1] * rows)
    width, height = figure.get_size_inches()
    axes = []
    for place in range(number):
        row, column = divmod(place, columns)
        x, y = column * cell[0] + left, height - row * cell[1] - _TOP - high
        axes.append(figure.add_axes((x / width, y / height, wide / width, high / height)))
        axes[-1].tick_params(length=0)
        axes[-1].xaxis.set_minor_locator(NullLocator())
    return Panels(figure, axes)


def text_width(axes: Axes, text: str, size: float | None = None, *, bold: bool = False) -> float:
    """Return how wide text is in a panel, in pixels."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    renderer: Any = axes.get_figure(root=True).canvas.get_renderer()  # type: ignore[union-attr]
    return float(renderer.get_text_width_height_descent(text, font, ismath=False)[0])


def width_in_pixels(axes: Axes) -> float:
    """Return how wide a panel is."""
    return float(axes.get_window_extent().width)


def cut_to(axes: Axes, text: str, pixels: float, size: float | None = None, *, bold: bool = False) -> str:
    """Return as much of some text as has room, with an ellipsis where it is cut."""
    text = plain(text)
    if text_width(axes, text, size, bold=bold) <= pixels:
        return text
    low, high = 0, len(text)  # the longest part that has room is between them
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(axes, text[:middle].rstrip() + "…", size, bold=bold) <= pixels:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def lines_of(
    axes: Axes, text: str, pixels: float, most: int, size: float | None = None, *, bold: bool = False
) -> list[str]:
    """Return text in at most so many lines that have room; what more would be needed for is cut."""
    lines = [""]
    for word in plain(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(lines) < most and text_width(axes, longer, size, bold=bold) > pixels:
            lines.append(word)
        else:
            lines[-1] = longer
    return [cut_to(axes, line, pixels, size, bold=bold) for line in lines]


def entitle(axes: Axes, title: str) -> None:
    """Write the title of a panel in at most two lines."""
    lines = lines_of(axes, title, width_in_pixels(axes) + _RIGHT * 80, 2, 12, bold=True)
    axes.set_title("\n".join(map(literal, lines)), loc="left", fontsize=12, pad=8, x=-_LEFT / 2 / _WIDE)


def number_axis(axes: Axes, span: tuple[Fraction, Fraction], *, share: bool, most: int = 5, along: str = "y") -> None:
    """Give a panel round numbers along one side, and lines across."""
    numbers = ticks(*span, most)
    axis = axes.yaxis if along == "y" else axes.xaxis
    (axes.set_ylim if along == "y" else axes.set_xlim)(float(numbers[0]), float(numbers[-1]))
    axis.set_major_locator(FixedLocator([float(number) for number in numbers]))
    axis.set_ticklabels([literal(text) for text in tick_texts(numbers, share=share)])
    axes.grid(visible=True, axis=along, color="0.85", linewidth=0.6)  # type: ignore[arg-type]


def period_axis(axes: Axes, labels: Sequence[str]) -> None:
    """Give a panel the names of its periods, as many as have room; the year stands below where it begins."""
    axes.set_xlim(-0.6, max(len(labels) - 0.4, 0.6))
    lines = [period_lines(plain(label)) for label in labels]
    apiece = width_in_pixels(axes) / (len(labels) + 0.2) if labels else 0
    widths = [max(text_width(axes, first), text_width(axes, year)) for first, year in lines]
    n = every_nth([apiece * place for place in range(len(labels))], widths, 8)
    shown = range(len(labels) - 1, -1, -n)[::-1] if labels else range(0)
    texts, year_shown = [], ""
    for place in shown:
        first, year = lines[place]
        texts.append("\n".join(map(literal, (first, year) if year != year_shown else (first,))))
        year_shown = year
    axes.xaxis.set_major_locator(FixedLocator(list(shown)))
    axes.xaxis.set_ticklabels(texts)


def end_labels(axes: Axes, ends: Sequence[End]) -> None:
    """Write labels beside the ends of lines, none of them on another."""
    high = axes.get_window_extent().height
    low, top = axes.get_ylim()
    line = 11 * 1.25 / 72 * 100  # pixels
    wanted = [high * (top - float(end.value)) / (top - low) for end in ends]
    middles = apart(wanted, [line * len(end.lines) for end in ends], -line / 2, high)
    for middle, end in zip(middles, ends, strict=True):
        text = "\n".join(map(literal, end.lines))
        axes.text(1.02, 1 - middle / high, text, transform=axes.transAxes, va="center", ha="left", linespacing=1.15,
                  fontweight="bold" if end.bold else "normal", clip_on=False)  # fmt: skip


def key_of(shape: str, said: str) -> Any:
    """Return the key of a mark: what it looks like, and what it means."""
    if shape == "band":
        return Patch(facecolor=BAND, edgecolor="none", label=said)
    if shape == "standard":
        return Line2D([], [], color=TEXT, linestyle="--", linewidth=1.2, label=said)
    if shape.startswith("["):
        return Line2D([], [], color="none", marker=f"${shape[1:-1]}$", markeredgecolor=TEXT, label=literal(said))
    return Line2D([], [], linestyle="none", label=literal(said), **marker(shape))


def marker(shape: str) -> dict[str, Any]:
    """Return how a mark looks: each kind has a shape of its own."""
    colour = COLOURS.get(shape, LINE)
    return {"marker": MARKERS[shape], "markersize": 6 if shape != "point" else 5, "markeredgecolor": colour,
            "markerfacecolor": "white" if shape == "open" else colour, "markeredgewidth": 1.5}  # fmt: skip


def gap(axes: Axes, place: float, said: str) -> None:
    """Mark a period that has no value: with a cross, or with the shorthand for what is withheld."""
    if said == "no data":
        axes.plot([place], [0.04], transform=axes.get_xaxis_transform(), clip_on=False, **marker("gap"))
    else:
        axes.text(place, 0.03, literal(said), transform=axes.get_xaxis_transform(), ha="center", fontsize=9)


def say(axes: Axes, text: str) -> None:
    """Write in an empty panel why there is nothing in it."""
    axes.set_axis_off()
    lines = lines_of(axes, text, width_in_pixels(axes), 6)
    axes.text(0, 1, "\n".join(map(literal, lines)), transform=axes.transAxes, va="top")


def below(axes: Axes, marks: Sequence[tuple[str, str]], lines: Sequence[str]) -> None:
    """Write below a panel what its marks mean, and what its control chart says."""
    high = axes.get_window_extent().height / 100  # inches
    at = -0.48
    if marks:
        keys = [key_of(shape, said) for shape, said in marks]
        axes.add_artist(
            Legend(axes, keys, [key.get_label() for key in keys], loc="upper left", bbox_to_anchor=(-0.02, at / high),
                   ncols=3, handletextpad=0.4, columnspacing=1.2, borderpad=0, borderaxespad=0, handlelength=1.2)
        )  # fmt: skip
        at -= 0.19 * -(-len(keys) // 3) + 0.04
    room = width_in_pixels(axes) + _RIGHT * 90
    for line in (part for said in lines for part in lines_of(axes, said, room, 2)):
        axes.text(0, at / high, literal(line), transform=axes.transAxes, va="top", ha="left", fontsize=10)
        at -= 0.18


def draw_bars(axes: Axes, bars: Sequence[Bar], standard: Standard | None, *, share: bool) -> None:
    """Draw bars below one another, each with its name and its value; those that break the standard are hollow."""
    high = axes.get_window_extent().height / 100
    values = [bar.value for bar in bars if bar.value is not None] + ([] if standard is None else [standard.value])
    number_axis(axes, (min([*values, Fraction(0)]), max([*values, Fraction(0)])), share=share, along="x")
    axes.set_ylim(max(high / BAR, len(bars)) - 0.5, -0.5)
    axes.spines["bottom"].set_visible(False)
    axes.yaxis.set_major_locator(FixedLocator(list(range(len(bars)))))
    axes.yaxis.set_ticklabels([literal(cut_to(axes, bar.name, _NAMES * 92)) for bar in bars])
    for place, bar in enumerate(bars):
        if bar.value is not None:
            inside = "white" if bar.missed else LINE
            axes.barh(place, float(bar.value), 0.6, zorder=2, facecolor=inside, edgecolor=LINE, linewidth=1.5)
        said = literal(bar.said + (" missed" if bar.missed else ""))
        axes.text(1.02, place, said, transform=axes.get_yaxis_transform(), va="center",
                  fontweight="normal" if bar.value is None else "bold")  # fmt: skip
    if standard is not None:
        axes.axvline(float(standard.value), color="white", linewidth=4, zorder=3)
        axes.axvline(float(standard.value), color=TEXT, linestyle="--", linewidth=1.4, zorder=3)
        below(axes, [("standard", f"standard: {standard}")], ())
