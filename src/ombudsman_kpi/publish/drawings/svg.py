"""SVG as text: a tiny writer, the frame of a drawing, its marks, and the style that a page gives all drawings."""

from collections.abc import Iterable, Sequence
from html import escape

from ombudsman_kpi.publish.drawings.axes import width_of
from ombudsman_kpi.publish.published import plain

WIDTH, EM = 320.0, 13.0  # of a drawing, and of its text, in its own units: they are pixels on the narrowest screen
LINE = 15.5  # from one line of text to the next

STYLE = """
:has(>svg.drawing){container-type:inline-size}
svg.drawing{--d-line:#12436d;--d-worse:#b0410a;--d-better:#0a6b5f;--d-band:rgba(18,67,109,.13);--d-paper:#fff;
display:block;width:100%;max-width:44rem;height:auto;font-size:13px;font-family:inherit;overflow:visible}
@media screen and (prefers-color-scheme:dark){svg.drawing{--d-line:#7cc0f2;--d-worse:#ffa26b;--d-better:#5fd6c4;
--d-band:rgba(124,192,242,.2);--d-paper:#111}}
@media (forced-colors:active){svg.drawing{--d-line:CanvasText;--d-worse:CanvasText;--d-better:CanvasText;
--d-band:transparent;--d-paper:Canvas}}
svg.drawing text{fill:currentColor}
svg.drawing .b{font-weight:700}
svg.drawing .v,svg.drawing .m{stroke:var(--d-line)}
svg.drawing .m{fill:var(--d-line)}
svg.drawing .o{fill:var(--d-paper);stroke:var(--d-line)}
svg.drawing .worse{fill:var(--d-worse);stroke:var(--d-worse)}
svg.drawing .better{fill:var(--d-better);stroke:var(--d-better)}
svg.drawing .h{stroke:var(--d-paper)}
svg.drawing .c{font-size:.8em}
svg.drawing .i{fill:none}
svg.drawing .u{fill:var(--d-band);fill-opacity:1}
@container (min-width:25rem){svg.drawing{font-size:10.5px}}
@container (min-width:32rem){svg.drawing{font-size:8.5px}svg.drawing .x{visibility:visible}}
@container (min-width:40rem){svg.drawing{font-size:7px}}
""".strip()  # to stand once in the page


def tag(name: str, *inside: str, **attributes: object) -> str:
    """Return an element; ``inside`` is markup.

    >>> tag("text", words("A & B"), x=1.25, class_="b")
    '<text x="1.3" class="b">A &amp; B</text>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{''.join(inside)}</{name}>" if inside else f"<{name}{given}/>"


def _value(value: object) -> str:
    return short(value) if isinstance(value, float) else words(str(value))


def short(number: float) -> str:
    """Return a place in a drawing, to a tenth of a unit.

    >>> short(12.04), short(-0.01), short(1.25)
    ('12', '0', '1.3')
    """
    text = f"{int(number * 10 + (0.5 if number >= 0 else -0.5)) / 10:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def words(text: str) -> str:
    """Return text as markup shows it: nothing in it is markup, turns the direction of writing or can't be written."""
    return escape(plain(text))


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return a line through points, for the attribute ``d``.

    >>> path([(0, 1), (2.5, 3)])
    'M0 1L2.5 3'
    """
    return "L".join(f"{short(x)} {short(y)}" for x, y in points).join(("M", ""))


def mark(shape: str, x: float, y: float, size: float = 3.2, *inside: str) -> str:
    """Return a mark: a point, one that may still change, or that of a special cause; each has a shape of its own."""
    reach = size * 1.35
    high, out, back = f"M{short(x)} {short(y - reach)}", short(reach), short(-reach)
    match shape:
        case "worse":  # a diamond
            return tag("path", *inside, class_="worse", d=f"{high}l{out} {out} {back} {out} {back} {back}z")
        case "better":  # a triangle
            return tag("path", *inside, class_="better", d=f"{high}l{out} {short(2 * reach)}h{short(-2 * reach)}z")
        case "unusual":
            return tag("rect", *inside, class_="m", x=x - size, y=y - size, width=2 * size, height=2 * size)
        case "open":
            return tag(
                "circle", *inside, class_="o", cx=x, cy=y, r=size, fill="none", stroke="currentColor", stroke_width=1.5
            )
        case "gap":  # a cross
            wide, left = short(2 * size), short(-2 * size)
            cross = f"M{short(x - size)} {short(y - size)}l{wide} {wide}m0 {left}l{left} {wide}"
            return tag("path", *inside, d=cross, stroke="currentColor", stroke_width=1.5)
    return tag("circle", *inside, class_="m", cx=x, cy=y, r=size * 0.8)


def rows_of_items(items: Sequence[tuple[str, str]], room: float) -> list[list[tuple[str, str, float]]]:
    """Return what explains the marks, in rows that have room: each with its mark, its words and its place."""
    rows: list[list[tuple[str, str, float]]] = []
    right = room + 1
    for shape, said in items:
        width = 16 + width_of(said) * EM + 10
        if right + width > room + 10:
            rows.append([])
            right = 0.0
        rows[-1].append((shape, said, right))
        right += width
    return rows


def framed(name: str, title: str, describes: str, height: float, *inside: str) -> str:
    """Return a drawing: as wide as what it stands in, with a title and a description for whoever doesn't see it."""
    return tag(
        "svg",
        tag("title", words(title), id=f"{name}-title"),
        tag("desc", words(describes), id=f"{name}-desc"),
        *inside,
        xmlns="http://www.w3.org/2000/svg", class_="drawing", viewBox=f"0 0 {short(WIDTH)} {short(height)}", role="img",
        aria_labelledby=f"{name}-title", aria_describedby=f"{name}-desc", font_family="sans-serif", font_size=short(EM),
        fill="currentColor",
    )  # fmt: skip
